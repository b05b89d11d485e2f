"""What a fit logged that is kept nowhere: the curves of a comparison, thinned to a readable number of points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from castalia.runtime.work import Untracked

MOST_POINTS = 100
"""Points of one curve that are handed on; the first and the last are among them."""
MOST_LOGGED = 100_000
"""Points of one curve that are remembered while it learns."""


@dataclass(frozen=True)
class Curve:
    """One metric that both logged, as [step, value] pairs."""

    name: str
    a: tuple[tuple[float, float], ...]
    b: tuple[tuple[float, float], ...]


class Logged(Untracked):
    """A run that remembers what was logged, and nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._points: dict[str, list[tuple[float, float]]] = {}

    def log(self, step: int, **values: float) -> None:
        for name, value in values.items():
            kept = self._points.setdefault(name, [])
            if len(kept) < MOST_LOGGED and math.isfinite(value):
                kept.append((float(step), float(value)))

    def curves(self) -> dict[str, list[tuple[float, float]]]:
        """Every metric of two points at least, thinned."""
        return {name: thinned(points) for name, points in self._points.items() if len(points) > 1}


def thinned(points: list[tuple[float, float]], most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most so many points, evenly chosen, with the first and the last.

    >>> thinned([(i, i) for i in range(10)], 4)
    [(0, 0), (3, 3), (6, 6), (9, 9)]
    """
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def common(a: dict[str, Any], b: dict[str, Any]) -> tuple[Curve, ...]:
    """The curves that both have, in the order of the first."""
    return tuple(Curve(name, _pairs(a[name]), _pairs(b[name])) for name in a if name in b)


def _pairs(points: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(step), float(value)) for step, value in points)
