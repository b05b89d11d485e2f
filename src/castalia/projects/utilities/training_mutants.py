"""Wrong versions of training that people write; and how one is written down."""

from __future__ import annotations

from castalia.core.contract import Mutant


def wrong(file: str, id: str, misconception: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, misconception, file=f"{file}.py", old=old, new=new, topics=topics, lazy=lazy)


_STEP = "self.weights -= rate * 2 * np.append(error @ x, error.sum()) / len(y)"
_ORDER = "order = np.random.default_rng((self.seed, len(self.history))).permutation(len(y))"
_BEST = "self.waited, self.best_loss, self.best_weights = 0, loss, np.array(weights)"
_RESTORED = (
    "        if self.stopping.best_weights is not None:\n"
    "            self.model.weights = self.stopping.best_weights.copy()\n"
    '        self._tell("fit_end")'
)
TRAINING = (
    wrong("training", "half_the_gradient", "That the derivative of a square is the error.", _STEP,
           _STEP.replace("* 2 ", ""), "dl10"),
    wrong("training", "gradient_summed", "That a step grows with the batch.", _STEP, _STEP.replace(" / len(y)", ""),
           "dl10"),
    wrong("training", "constant_not_learnt", "That the constant has no gradient.", _STEP,
           _STEP.replace("error.sum()", "0.0"), "dl10", "py02"),
    wrong("training", "uphill", "That one goes along the gradient.", _STEP, _STEP.replace("-=", "+=")),
    wrong("training", "best_forgotten", "That the last weights are the best.", _RESTORED,
           '        self._tell("fit_end")',
           "dl10", "py02"),
    wrong("training", "best_is_an_alias", "That a name for an array is a copy of it.", _BEST,
           _BEST.replace("np.array(weights)", "weights"), "py02", "dl10"),
    wrong("training", "best_only_after_patience", "That best weights matter only where patience is over.", _RESTORED,
           _RESTORED.replace("is not None:", "is not None and self.stopping.waited >= self.stopping.patience:"),
           "dl10"),
    wrong("training", "goes_on_from_the_best", "That training goes on from what fit left in the model.",
           "        self.model.weights = self.last.copy()\n", "", "dl10"),
    wrong("training", "equal_is_better", "That an equal loss is an improvement.", "if loss < self.best_loss:",
           "if loss <= self.best_loss:", "dl10"),
    wrong("training", "nan_is_better", "That what is not worse is better.", "if loss < self.best_loss:",
           "if not loss >= self.best_loss:", "dl10"),
    wrong("training", "worse_than_the_last", "That patience counts losses above the one before.", _BEST,
           _BEST + "\n        elif loss < getattr(self, \"before\", np.inf):\n            self.waited = 0\n"
           "        self.before = loss", "dl10"),
    wrong("training", "counted_in_a_name", "That a name in a method is the object's own.",
           "        self.waited += 1\n", "        waited = self.waited\n        waited += 1\n", "py02"),
    wrong("training", "patience_one_longer", "That one waits one more epoch.", "return self.waited >= self.patience",
           "return self.waited > self.patience", "dl10"),
    wrong("training", "watches_the_training_loss", "That the training loss shows when to stop.",
           "self.stopping.update(val_loss, self.model.weights)", "self.stopping.update(loss, self.model.weights)",
           "dl10"),
    wrong("training", "loss_of_the_last_batch", "That the loss of an epoch is that of its last batch.",
           "loss, val_loss = self.model.loss(x, y),", "loss, val_loss = self.model.loss(x[rows], y[rows]),", "dl10"),
    wrong("training", "epochs_from_zero", "That the first epoch is number 0.", '{"epoch": len(self.history) + 1,',
           '{"epoch": len(self.history),', "dl10"),
    wrong("training", "last_batch_dropped", "That the rows come out even.", "range(0, len(y), self.batch)",
           "range(0, len(y) - self.batch + 1, self.batch)", "dl10"),
    wrong("training", "drawn_with_replacement", "That drawing at random is shuffling.", ".permutation(len(y))",
           ".integers(len(y), size=len(y))", "dl10"),
    wrong("training", "never_shuffled", "That the order of rows is of no account.", _ORDER,
           "order = np.arange(len(y))",
           "dl10"),
    wrong("training", "one_order_for_all", "That shuffling once is shuffling.", _ORDER,
           "order = np.random.default_rng(self.seed).permutation(len(y))", "dl10"),
    wrong("training", "begins_at_zero", "That a model that is trained has never been trained.",
           "        self.model.weights = self.last.copy()\n",
           "        self.model.weights = self.last.copy() if self.history else np.zeros(len(self.last))\n", "dl10"),
    wrong("training", "callbacks_dropped", "That who is restored has nobody to tell.",
           "        self.stopping = EarlyStopping(self.stopping.patience)\n",
           "        self.stopping, self.callbacks = EarlyStopping(self.stopping.patience), []\n", "py02"),
    wrong("training", "global_generator", "That np.random.seed belongs to one trainer.", _ORDER,
           "if not self.history:\n                np.random.seed(self.seed)\n"
           "            order = np.random.permutation(len(y))", "dl10", "py02"),
    wrong("training", "generator_begun_anew", "That a restored trainer may begin its shuffling anew.", _ORDER,
           "self.drawn = getattr(self, \"drawn\", np.random.default_rng(self.seed))\n"
           "            order = self.drawn.permutation(len(y))", "dl10", "py02"),
    wrong("training", "callbacks_of_the_class", "That a list in the class belongs to each object.",
           "        self.callbacks: list[Any] = []\n",
           "        self.callbacks = self.shared\n\n    shared: list[Any] = []\n",
           "py02"),
    wrong("training", "callbacks_backwards", "That the order of callbacks is of no account.",
           "for callback in self.callbacks:", "for callback in self.callbacks[::-1]:", "py02"),
    wrong("training", "callbacks_one_after_another", "That one callback replaces another.",
           "self.callbacks.append(callback)", "self.callbacks = [callback]", "py02"),
    wrong("training", "end_not_told", "That who ends early need not say so.", '        self._tell("fit_end")',
           '        if len(self.history) >= epochs:\n            self._tell("fit_end")', "py02"),
    wrong("training", "patience_not_saved", "That weights and history are all there is to a trainer.",
           '            self.stopping.update(val_loss, state["best"])\n', "", "dl10", "py02"),
    wrong("training", "last_not_saved", "That the best weights are where training goes on.",
           'self.last, self.model.weights = state["last"]', 'self.last, self.model.weights = state["best"]', "dl10",
           "py02"),
    wrong("training", "history_not_saved", "That the history begins with the program.",
           '            self.history.append({"epoch": epoch, "loss": loss, "val_loss": val_loss})\n', "", "py02"),
    wrong("training", "pickled", "That a pickle is a file like others.", "        save_arrays(path, state)",
           "        import pickle\n\n        with open(path, \"wb\") as file:\n            pickle.dump(state, file)",
           "py02"),
    wrong("training", "lazy_history", "No work.", "        return self.history\n",
           '        return [{"epoch": number + 1, "loss": 0.0, "val_loss": 0.0} for number in range(epochs)]\n',
           lazy=True),
)  # fmt: skip
