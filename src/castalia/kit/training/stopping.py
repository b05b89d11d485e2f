"""Early stopping that gives the best weights back, for any framework.

>>> stop = EarlyStopping(patience=2)
>>> [stop.update(loss) for loss in (3.0, 1.0, 2.0, 1.0)]
[False, False, False, True]
>>> stop.best, stop.best_epoch
(1.0, 1)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from castalia.core.errors import WrongInput

_KEPT = ("epoch", "best", "best_epoch", "waited", "stopped", "weights")


class EarlyStopping:
    """Stop after ``patience`` values in a row that are no better than the best, and keep the weights of the best.

    Better is better by more than ``min_delta``: a tie is no better. Values before epoch ``start`` may be the best but
    are not counted as waiting. A NaN is ``"worse"`` than any number, makes the training ``"stop"``, or is an
    ``"error"``. ``keep()`` gives the weights (a mapping of arrays, a state_dict), of which a copy is kept, and
    ``put_back(weights)`` takes them; or weights are handed to :meth:`update`.
    """

    def __init__(
        self, patience: int = 10, mode: Literal["min", "max"] = "min", min_delta: float = 0.0, *, start: int = 0,
        nan: Literal["worse", "stop", "error"] = "worse", keep: Callable[[], Any] | None = None,
        put_back: Callable[[Any], object] | None = None,
    ) -> None:  # fmt: skip
        for name, value in (("patience", patience), ("start", start), ("min_delta", min_delta)):
            if not 0 <= value < math.inf:
                raise WrongInput(f"{name} does not fit", repr(value), "0 or more", field=name)
        if mode not in ("min", "max"):
            raise WrongInput("no such mode", repr(mode), "min or max", field="mode")
        if nan not in ("worse", "stop", "error"):
            raise WrongInput("no such policy", repr(nan), "worse, stop or error", field="nan")
        if (keep is None) != (put_back is None):
            raise WrongInput("half of a pair", "keep or put_back alone", "both or none", "Give the other one too.")
        self.patience, self.mode, self.min_delta, self.start, self.nan = patience, mode, min_delta, start, nan
        self.keep, self.put_back = keep, put_back
        self.epoch, self.waited, self.stopped = 0, 0, False
        self.best: float | None = None
        """The best value so far; None before the first that is a number."""
        self.best_epoch: int | None = None
        """Its epoch, counted from 0."""
        self.weights: Any = None
        """A copy of the weights of that epoch."""

    def update(self, value: float, weights: Any = None) -> bool:
        """Take the next epoch's metric (and weights); True where the training should stop now."""
        value = float(value)
        if math.isnan(value) and self.nan == "error":
            cure = "Lower the learning rate, clip gradients, or look for the row that did it."
            raise WrongInput("the metric is NaN", f"epoch {self.epoch}", "a number", cure, field="value")
        if self._better(value):
            self.best, self.best_epoch, self.waited = value, self.epoch, 0
            if weights is None and self.keep:
                weights = self.keep()
            self.weights = copied(weights)
        elif self.epoch >= self.start:
            self.waited += 1
        self.epoch += 1
        broken = math.isnan(value) and self.nan == "stop"
        self.stopped = self.stopped or broken or self.waited >= max(1, self.patience)
        return self.stopped

    def restore(self) -> Any:
        """Put the best weights back, and return a copy of them; None and nothing done where none were kept."""
        if self.weights is None:
            return None
        if self.put_back:
            self.put_back(copied(self.weights))
        return copied(self.weights)

    def state(self) -> dict[str, Any]:
        """What has to be saved to stop at the same epoch with the same weights."""
        return {name: copied(getattr(self, name)) for name in _KEPT}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state()`` gave."""
        if set(state) != set(_KEPT):
            raise WrongInput("this is no state of early stopping", str(sorted(state))[:80], str(sorted(_KEPT)))
        for name in _KEPT:
            setattr(self, name, copied(state[name]))

    def _better(self, value: float) -> bool:
        if math.isnan(value):
            return False
        if self.best is None:
            return True
        return self.best - value > self.min_delta if self.mode == "min" else value - self.best > self.min_delta


def copied(tree: Any) -> Any:
    """A deep copy of nested mappings, lists and tuples of arrays, torch tensors and plain values."""
    if isinstance(tree, Mapping):
        return {name: copied(value) for name, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(copied(value) for value in tree)
    if isinstance(tree, np.ndarray):
        return tree.copy()
    if hasattr(tree, "detach") and hasattr(tree, "clone"):
        return tree.detach().clone()
    if tree is None or isinstance(tree, bool | int | float | str | bytes | np.generic):
        return tree
    cure = "Give a state_dict, or arrays in dicts and lists."
    raise WrongInput(
        "weights do not fit", type(tree).__name__, "arrays, tensors and plain values", cure, field="weights"
    )
