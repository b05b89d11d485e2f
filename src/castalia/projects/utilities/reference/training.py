"""A model that learns step by step, and what watches it."""

# mypy: disable-error-code="no-any-return"
# (what NumPy computes with arrays is Any to mypy; the annotations say what it is)

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .tables import Path, load_arrays, save_arrays

Array = npt.NDArray[Any]


class LinearModel:
    """Numbers from rows by a weighted sum: a weight for each column, and the constant last."""

    def __init__(self, columns: int) -> None:
        self.weights = np.zeros(columns + 1)

    def predict(self, x: Array) -> Array:
        return x @ self.weights[:-1] + self.weights[-1]

    def loss(self, x: Array, y: Array) -> float:
        """The mean squared error."""
        return float(np.mean((self.predict(x) - y) ** 2))

    def step(self, x: Array, y: Array, rate: float) -> None:
        """Weights minus rate times the gradient of the loss."""
        error = self.predict(x) - y
        self.weights -= rate * 2 * np.append(error @ x, error.sum()) / len(y)


class EarlyStopping:
    """Remembers the best loss and its weights, and says when the last ``patience`` losses were no better."""

    def __init__(self, patience: int) -> None:
        self.patience, self.waited, self.best_loss = patience, 0, np.inf
        self.best_weights: Array | None = None

    def update(self, loss: float, weights: Array) -> bool:
        """True where it is time to stop."""
        self.waited += 1
        if loss < self.best_loss:
            self.waited, self.best_loss, self.best_weights = 0, loss, np.array(weights)
        return self.waited >= self.patience


class Journal:
    """What happened, in order."""

    def __init__(self) -> None:
        self.entries: list[str] = []


class Recorder:
    """A callback that writes "name event" into a journal."""

    def __init__(self, name: str, journal: Journal) -> None:
        self.name, self.journal = name, journal

    def on(self, event: str) -> None:
        self.journal.entries.append(f"{self.name} {event}")


class Trainer:
    """Descends in batches of shuffled rows; ends with the best weights, and goes on from the last."""

    def __init__(self, model: LinearModel, rate: float, batch: int, seed: int, patience: int) -> None:
        self.model, self.rate, self.batch, self.seed = model, rate, batch, seed
        self.stopping, self.last = EarlyStopping(patience), model.weights.copy()
        self.history: list[dict[str, float]] = []
        self.callbacks: list[Any] = []

    def add(self, callback: Any) -> None:
        """Call ``callback.on(event)`` from now on, after those that were added before."""
        self.callbacks.append(callback)

    def fit(self, x: Array, y: Array, x_val: Array, y_val: Array, epochs: int) -> list[dict[str, float]]:
        """Train up to ``epochs`` epochs, those before this call included, or until patience is over."""
        self._tell("fit_start")
        self.model.weights = self.last.copy()
        while len(self.history) < epochs and self.stopping.waited < self.stopping.patience:
            self._tell("epoch_start")
            order = np.random.default_rng((self.seed, len(self.history))).permutation(len(y))
            for start in range(0, len(y), self.batch):
                rows = order[start : start + self.batch]
                self.model.step(x[rows], y[rows], self.rate)
                self._tell("batch_end")
            loss, val_loss = self.model.loss(x, y), self.model.loss(x_val, y_val)
            self.history.append({"epoch": len(self.history) + 1, "loss": loss, "val_loss": val_loss})
            self.stopping.update(val_loss, self.model.weights)
            self._tell("epoch_end")
        self.last = self.model.weights.copy()
        if self.stopping.best_weights is not None:
            self.model.weights = self.stopping.best_weights.copy()
        self._tell("fit_end")
        return self.history

    def save(self, path: Path) -> None:
        """Everything that going on needs, as NPZ."""
        best = self.last if self.stopping.best_weights is None else self.stopping.best_weights
        losses = [[row["loss"], row["val_loss"]] for row in self.history]
        state = {"last": self.last, "best": best, "losses": np.array(losses)}
        save_arrays(path, state)

    def restore(self, path: Path) -> None:
        """Go on where the trainer that saved this had come to."""
        state = load_arrays(path)
        self.history = []
        self.stopping = EarlyStopping(self.stopping.patience)
        for epoch, (loss, val_loss) in enumerate(state["losses"].tolist(), 1):
            self.history.append({"epoch": epoch, "loss": loss, "val_loss": val_loss})
            self.stopping.update(val_loss, state["best"])
        self.last, self.model.weights = state["last"], state["best"].copy()

    def _tell(self, event: str) -> None:
        for callback in self.callbacks:
            callback.on(event)
