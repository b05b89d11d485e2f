"""Whether our own predictions hold: before each first submit a pass is predicted, then counted, month by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import Tracker
from castalia.roadmap.observation import Observation

PREDICTED = ("first", "rebuild", "bug", "number", "choice")
"""Kinds that nothing of the same milestone went before."""


@dataclass(frozen=True)
class Month:
    """The predictions of one month beside what happened."""

    month: str
    """YYYY-MM."""
    submits: int
    predicted: float
    """The mean probability of a pass."""
    observed: float
    """The share that passed."""
    brier: float
    """The mean squared difference (Brier 1950): 0 is perfect, 0.25 is what always saying one half earns."""
    constant: float
    """The Brier score of somebody who knows this month's share beforehand and always says that."""

    @property
    def sentence(self) -> str:
        """The month in words."""
        submits = f"{self.submits} first submit{'s' * (self.submits != 1)}"
        return (
            f"{self.month}: of {submits} {self.observed:.0%} passed, {self.predicted:.0%} were "
            f"predicted; Brier score {self.brier:.2f}, a constant guess {self.constant:.2f}."
        )


def calibration(
    seen: Iterable[Observation], graph: Graph, start: Mapping[str, float] | None = None
) -> tuple[Month, ...]:
    """Every month with first submits, oldest first. A prediction knows only what came before it."""
    tracker, months = Tracker(graph, start), dict[str, list[tuple[float, bool]]]()
    for each in seen:
        if each.kind in PREDICTED and tracker.counts(each):
            pair = (tracker.expected(each), each.passed)
            months.setdefault(f"{each.day:%Y-%m}", []).append(pair)
        tracker.see(each)
    return tuple(_month(name, pairs) for name, pairs in sorted(months.items()))


def _month(name: str, pairs: list[tuple[float, bool]]) -> Month:
    count = len(pairs)
    share = sum(passed for _, passed in pairs) / count
    return Month(
        name,
        count,
        sum(p for p, _ in pairs) / count,
        share,
        sum((p - passed) ** 2 for p, passed in pairs) / count,
        share * (1 - share),
    )
