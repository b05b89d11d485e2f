"""A small training loop: the same seed gives the same history, and one that was stopped goes on bit by bit.

The model is anything with four methods; the loop brings order, chance, callbacks and checkpoints, and nothing else.
For many devices see ``castalia.train`` (a later package that stands on this one).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

from castalia.core.errors import WrongInput
from castalia.kit.training import seeds
from castalia.kit.training.checkpoints import Checkpoints

Metrics = Mapping[str, float]
_KEPT = ("epoch", "step", "history", "reason", "model", "random", "callbacks")


class Model(Protocol):
    """What a loop trains."""

    def step(self, batch: Any) -> Metrics:
        """Learn from one batch. A metric ``rows`` weighs the others in the mean over the epoch and is not one."""

    def evaluate(self) -> Metrics:
        """Metrics on held-out data, which the history calls ``validation_...``; may be empty."""

    def state(self) -> Any:
        """Weights, optimizer, generators: all that is needed to go on, for a checkpoint."""

    def load(self, state: Any) -> None:
        """Go on from what ``state()`` gave."""


class Callback:
    """What is done beside learning. Every hook may be left out; an exception ends the training and is seen.

    Hooks are called in the order in which callbacks were given, ``on_end`` in reverse and whatever happened, for
    those whose ``on_start`` had returned. ``state`` and ``load`` belong to the checkpoint.
    """

    def on_start(self, loop: Loop) -> None:
        """Before the first batch; a resumed loop has its history already."""

    def before_batch(self, loop: Loop) -> None:
        """``loop.step`` is the number of the batch to come, from 0."""

    def on_batch(self, loop: Loop, metrics: Metrics) -> None:
        """After a batch; ``loop.step`` counts it."""

    def on_epoch(self, loop: Loop, metrics: Metrics) -> None:
        """After an epoch; ``loop.epoch`` counts it, ``metrics`` are the last row of ``loop.history``."""

    def on_end(self, loop: Loop, failed: bool) -> None:
        """At the end; ``failed`` where an exception brought it about."""

    def state(self) -> Any:
        """What the callback remembers."""
        return None

    def load(self, state: Any) -> None:
        """Go on from what ``state()`` gave."""


class Loop:
    """``Loop(model, batches, epochs=10).fit()``.

    ``batches(epoch)`` gives the batches of an epoch; as a function of the epoch's number alone, a resumed loop sees
    the same order. With ``checkpoints`` a state is saved after every ``every`` epochs and the last, and ``fit`` goes
    on from the newest; an epoch that was cut short is done again from its start. ``seed`` seeds all global generators
    (None leaves them). A loop that early stopping ended stays ended.
    """

    def __init__(
        self, model: Model, batches: Callable[[int], Iterable[Any]], *, epochs: int,
        callbacks: Sequence[Callback] = (), checkpoints: Checkpoints | None = None, every: int = 1,
        seed: int | None = 0,
    ) -> None:  # fmt: skip
        for name, value in (("epochs", epochs), ("every", every)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise WrongInput(f"{name} does not fit", repr(value)[:40], "1 or more", field=name)
        self.model, self.batches, self.epochs = model, batches, epochs
        self.callbacks, self.checkpoints, self.every, self.seed = tuple(callbacks), checkpoints, every, seed
        self.epoch = 0
        """Epochs that are done."""
        self.step = 0
        """Batches that are done, over all epochs."""
        self.history: list[dict[str, float]] = []
        """One row an epoch: the means of ``step``'s metrics, and ``validation_...`` of ``evaluate``'s."""
        self.reason = ""
        """Why it was stopped before ``epochs``; empty where it was not."""
        self._random: Any = None

    def fit(self) -> list[dict[str, float]]:
        """Train to the end, from the newest checkpoint where there is one; the history."""
        if self.seed is not None:
            seeds.seed(self.seed)
        self._resume()
        with ExitStack() as cleanup:
            for callback in self.callbacks:
                callback.on_start(self)
                cleanup.push(_ending(callback, self))
            if self._random is not None:  # last: what callbacks draw when they start is not part of the training
                seeds.restore(self._random)
                self._random = None
            while self.epoch < self.epochs and not self.reason:
                self._one_epoch()
        return self.history

    def stop(self, reason: str) -> None:
        """End the training after this epoch."""
        self.reason = reason or "stopped"

    def state(self) -> dict[str, Any]:
        """Everything: model, callbacks, generators, history, place."""
        return {
            "epoch": self.epoch, "step": self.step, "history": [dict(row) for row in self.history],
            "reason": self.reason, "model": self.model.state(), "random": seeds.random_state(),
            "callbacks": [callback.state() for callback in self.callbacks],
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state()`` gave, with the same callbacks in the same order."""
        if set(state) != set(_KEPT) or len(state["callbacks"]) != len(self.callbacks):
            got = f"{sorted(state)}, {len(state.get('callbacks', []))} callbacks"
            cure = "Resume with the callbacks it was saved with, or in an empty folder."
            raise WrongInput("this is the state of another loop", got[:160], f"{len(self.callbacks)} callbacks", cure)
        self.epoch, self.step, self.reason = state["epoch"], state["step"], state["reason"]
        self.history = [dict(row) for row in state["history"]]
        self.model.load(state["model"])
        for callback, kept in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load(kept)
        self._random = state["random"]

    def _resume(self) -> None:
        if self.checkpoints is not None and self.checkpoints.steps():
            self.load(self.checkpoints.load().state)

    def _one_epoch(self) -> None:
        total, rows = dict[str, float](), 0.0
        for batch in self.batches(self.epoch):
            for callback in self.callbacks:
                callback.before_batch(self)
            metrics = {name: float(value) for name, value in self.model.step(batch).items()}
            self.step += 1
            weight = metrics.pop("rows", 1.0)
            rows += weight
            for name, value in metrics.items():
                total[name] = total.get(name, 0.0) + weight * value
            for callback in self.callbacks:
                callback.on_batch(self, metrics)
        if not rows > 0 or math.isinf(rows):
            cure = "Give a function that makes the batches anew for every epoch, not a generator that is used up."
            raise WrongInput(
                f"epoch {self.epoch} has no batches", f"{rows:g} rows", "at least one", cure, field="batches"
            )
        row = {name: value / rows for name, value in total.items()}
        row |= {f"validation_{name}": float(value) for name, value in self.model.evaluate().items()}
        self.epoch += 1
        self.history.append(row)
        for callback in self.callbacks:
            callback.on_epoch(self, row)
        self._save(row)

    def _save(self, row: Metrics) -> None:
        """After all callbacks, so that the state holds what they made of this epoch."""
        due = self.epoch % self.every == 0 or self.epoch == self.epochs or self.reason
        if self.checkpoints is not None and due:
            self.checkpoints.save(self.epoch, self.state(), row)


def _ending(callback: Callback, loop: Loop) -> Callable[..., None]:
    return lambda kind, error, trace: callback.on_end(loop, error is not None)
