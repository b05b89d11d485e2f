"""A rate that falls when a metric stops getting better. It remembers, so it is no function of the step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from castalia.core.errors import WrongInput

_KEPT = ("current", "best", "waited", "resting")


class Plateau:
    """Times ``factor`` once ``patience`` values in a row were no better than the best: torch's ReduceLROnPlateau.

    Better is better by ``threshold``, a share of the best unless ``relative`` is off. After a cut ``cooldown`` values
    are not counted. ``low`` is the least rate, and a cut smaller than ``eps`` is not made. A NaN is no better.
    """

    def __init__(
        self, base: float, *, factor: float = 0.1, patience: int = 10, mode: Literal["min", "max"] = "min",
        threshold: float = 1e-4, relative: bool = True, cooldown: int = 0, low: float = 0.0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        numbers = {"base": base, "patience": patience, "threshold": threshold, "cooldown": cooldown, "low": low}
        for name, value in numbers.items():
            if not 0 <= value < math.inf:
                raise WrongInput(f"{name} does not fit", repr(value), "0 or more", field=name)
        if not 0 < factor < 1:
            raise WrongInput("factor does not fit", repr(factor), "between 0 and 1", field="factor")
        if mode not in ("min", "max"):
            raise WrongInput("no such mode", repr(mode), "min or max", field="mode")
        self.factor, self.patience, self.mode, self.threshold = factor, patience, mode, threshold
        self.relative, self.cooldown, self.low, self.eps = relative, cooldown, low, eps
        self.current, self.waited, self.resting = float(base), 0, 0
        self.best = math.inf if mode == "min" else -math.inf

    def rate(self, step: float = 0) -> float:
        """The rate as it stands; ``step`` is not looked at."""
        return self.current

    def update(self, value: float) -> float:
        """Take the metric's next value; the rate from now on."""
        value = float(value)
        if self._better(value):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        if self.resting:
            self.resting, self.waited = self.resting - 1, 0
        if self.waited > self.patience:
            new = max(self.current * self.factor, self.low)
            if self.current - new > self.eps:
                self.current = new
            self.resting, self.waited = self.cooldown, 0
        return self.current

    def state(self) -> dict[str, Any]:
        """What has to be saved to go on exactly here."""
        return {name: getattr(self, name) for name in _KEPT}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state()`` gave."""
        if set(state) != set(_KEPT):
            raise WrongInput("this is no state of a plateau", str(sorted(state))[:80], str(sorted(_KEPT)))
        self.current, self.best = float(state["current"]), float(state["best"])
        self.waited, self.resting = int(state["waited"]), int(state["resting"])

    def _better(self, value: float) -> bool:
        if self.mode == "min":
            bar = self.best * (1 - self.threshold) if self.relative else self.best - self.threshold
            return value < bar
        bar = self.best * (1 + self.threshold) if self.relative else self.best + self.threshold
        return value > bar
