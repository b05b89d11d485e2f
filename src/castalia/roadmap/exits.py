"""Three ways out of a plan that does not fit: more hours, a later date, or less. Each is planned before it is told.

All three search along something that can only help (more hours, fewer topics), so a bisection finds the least that is
enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from castalia.roadmap.graph import Graph

STEP, MOST_HOURS = 0.5, 60.0
"""Hours a week: steps of an offer, and the most that is offered."""

Finishes = tuple[date | None, date | None]
"""The days by which half, and nine of ten, of the simulated learners are through; None: not within twenty years."""


@dataclass(frozen=True)
class Exit:
    """One way out, with its price."""

    kind: str
    """``hours``, ``later`` or ``cut``."""
    possible: bool
    words: str
    hours: float
    """Hours a week with it."""
    target: date | None
    finish_p50: date | None
    finish_p90: date | None
    cut: tuple[str, ...] = ()
    """Topics that would be left out."""
    lost: tuple[str, ...] = ()
    """What of the goal is given up with them."""
    saved: float = 0.0
    """Hours less."""


def least(low: int, high: int, enough: Callable[[int], bool]) -> int | None:
    """The least number from ``low`` to ``high`` that is enough, where more is never less enough; None where none is."""
    if low > high or not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def fits(finishes: Finishes, target: date) -> bool:
    """Whether nine of ten simulated learners are through by ``target``."""
    return finishes[1] is not None and finishes[1] <= target


def more_hours(hours: float, target: date, plan: Callable[[float], Finishes]) -> Exit:
    """The least hours a week, in half hours, with which it fits."""
    steps = least(int(hours / STEP) + 1, int(MOST_HOURS / STEP), lambda number: fits(plan(number * STEP), target))
    if steps is None:
        most = max(hours, MOST_HOURS)
        return Exit("hours", False, f"More hours: not even {most:g} a week are enough.", most, target, *plan(most))
    p50, p90 = plan(steps * STEP)
    even = least(1, steps, lambda number: (plan(number * STEP)[0] or date.max) <= target)
    assert even is not None
    words = (
        f"More hours: {steps * STEP:g} a week instead of {hours:g}, and nine of ten are through by {p90}; for an even "
        f"chance {even * STEP:g}."
    )
    return Exit("hours", True, words, steps * STEP, target, p50, p90)


def later(hours: float, target: date, finishes: Finishes) -> Exit:
    """The same hours, until nine of ten are through."""
    p50, p90 = finishes
    if p90 is None:
        words = f"A later date: with {hours:g} hours a week it takes more than twenty years."
        return Exit("later", False, words, hours, None, p50, None)
    weeks = -(-(p90 - target).days // 7)
    words = f"A later date: {p90} instead of {target}, {weeks} week{'s' * (weeks != 1)} more, with the same hours."
    return Exit("later", True, words, hours, p90, p50, p90)


def less(
    graph: Graph,
    parts: Mapping[str, Sequence[str]],
    needed: Mapping[str, float],
    hours: float,
    target: date,
    plan: Callable[[Set[str]], Finishes],
) -> Exit:
    """The goal without some of its parts: those first that save most hours. ``needed``: topic -> hours left.

    Where one part alone is too much, its end is cut back, the longest last topic first.
    """
    stages = list(_stages(graph, parts, needed))
    number = least(1, len(stages) - 1, lambda each: fits(plan(stages[each]), target))
    if number is None or not stages[number]:
        words = "Less: no part of it fits."
        return Exit("cut", False, words, hours, target, None, None)
    kept = stages[number]
    cut = tuple(id for id in graph.order(needed) if id not in kept)
    lost = tuple(name for name, ids in parts.items() if set(cut) & graph.closure(ids))
    saved = sum(needed[id] for id in cut)
    p50, p90 = plan(kept)
    ends = [id for id in graph.order(kept) if not graph.descendants(id) & kept]
    some = [graph.topics[name].title if name in graph.topics else name for name in lost]
    far = _few([graph.topics[id].title for id in ends])
    little = f" ({len(kept)} of {len(kept) + len(cut)} topics)" if cut else ""
    what = f"give up {', '.join(some)}" if len(lost) < len(parts) else f"go no farther than {far}{little}"
    topics = f"{len(cut)} topic{'s' * (len(cut) != 1)}"
    words = f"Less: {what}; that leaves out {topics}, saves {saved:.0f} hours, and nine of ten are through by {p90}."
    return Exit("cut", True, words, hours, target, p50, p90, cut, lost, saved)


def _few(titles: Sequence[str], most: int = 4) -> str:
    """The last of them by name, the others as a number."""
    if len(titles) <= most:
        return ", ".join(titles)
    return f"{', '.join(titles[-most + 1 :])} and {len(titles) - most + 1} more"


def _stages(graph: Graph, parts: Mapping[str, Sequence[str]], needed: Mapping[str, float]) -> Sequence[frozenset[str]]:
    """The topics that are kept, from everything to nothing: each step gives up what saves most hours."""
    kept = list(parts)

    def topics(names: Sequence[str]) -> frozenset[str]:
        return frozenset(needed) & graph.closure(id for name in names for id in parts[name])

    found = [topics(kept)]
    while len(kept) > 1:
        rests = {name: topics([other for other in kept if other != name]) for name in kept}
        name = min(kept, key=lambda each: sum(needed[id] for id in graph.order(rests[each])))
        kept.remove(name)
        found.append(rests[name])
    left = set(found[-1])
    while left:
        last = [id for id in graph.order(left) if not graph.descendants(id) & left]
        left.remove(max(last, key=lambda each: needed[each]))
        found.append(frozenset(left))
    return found
