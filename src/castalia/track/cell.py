"""A run in the cell of a notebook that began it: its curves, drawn anew at most twice a second."""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

EVERY = 0.5
"""Seconds between two pictures."""
SHARE = 20
"""A picture waits so many times as long as the one before took."""
KEPT = 1000
"""Points of a curve; beyond, every second one goes."""


def shell() -> Any:
    """The notebook's shell, where one runs that can change what a cell shows; None in a console and elsewhere."""
    found = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return None if found is None or type(found).__name__ == "TerminalInteractiveShell" else found


class Cell:
    """The curves of one run, and the place in the notebook where they are shown."""

    def __init__(self, name: str, params: Mapping[str, object], clock: Callable[[], float] = time.monotonic) -> None:
        self.name, self.params, self.status = name, dict(params), "running"
        self._curves: dict[str, tuple[list[float], list[float]]] = {}
        self._every: dict[str, tuple[int, int]] = {}
        self._clock, self._next = clock, 0.0
        self._handle: Any = None

    def add(self, step: int, values: Mapping[str, Any]) -> None:
        """Take the numbers of a step, and show them where half a second has passed."""
        for key, value in values.items():
            self._take(key, step, float(value))
        if self._clock() >= self._next:
            self.show()

    def _take(self, key: str, step: int, value: float) -> None:
        steps, numbers = self._curves.setdefault(key, ([], []))
        every, passed = self._every.get(key, (1, 0))
        if (passed - 1) % every and steps:  # it was only there as the newest
            steps.pop()
            numbers.pop()
        steps.append(step)
        numbers.append(value)
        if len(steps) > KEPT:
            del steps[1::2], numbers[1::2]
            every *= 2
        self._every[key] = every, passed + 1

    def end(self, status: str) -> None:
        """The last picture."""
        self.status = status
        if self._handle is not None:
            self.show()

    def show(self) -> None:
        """Draw the picture, or change it. What the front end cannot do harms no training, and a slow one is asked
        seldom: at most a twentieth of the time goes into pictures."""
        began = self._clock()
        try:
            display: Any = importlib.import_module("IPython.display").display
            if self._handle is None:
                self._handle = display(self.card(), display_id=True)
            else:
                self._handle.update(self.card())
        except Exception:
            self._next = math.inf
        else:
            self._next = began + max(EVERY, SHARE * (self._clock() - began))

    def card(self) -> Any:
        """The run as it stands."""
        from castalia.track.cards import run_card

        return run_card(self.name, self.status, self.params, self._curves)
