"""What the evidence log says about topics: events as observations, each of a kind whose worth is known.

An observation is one submit that counts: which topics, passed or not, and under which circumstances (at once, after
failures, with hints, after a look at the solution, again from an empty file). A run that stops at the third milestone
has passed the two before it. Not counted are: code that could not run, a milestone that only passed once more
because the file with it was checked again, and whatever names no topic of the graph. Nothing here reads a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from castalia.core.errors import NotFound
from castalia.core.evidence import Event
from castalia.roadmap.days import DAY as DAY
from castalia.roadmap.days import day_of
from castalia.roadmap.graph import Graph

QUESTION = "question/"
"""What the check of a question begins with; the topic follows."""
LATER = 14
"""Days after the first pass from which a pass shows that something was kept."""


@dataclass(frozen=True)
class Prior:
    """How much an observation of a kind is worth. Our own estimates (docs/planner.md), not measured."""

    guess: float
    """Probability that somebody who does not know it passes."""
    slip: float
    """Probability that somebody who knows it fails."""
    contract: bool = False
    """A contract decided."""


PRIORS: Mapping[str, Prior] = {
    "first": Prior(0.05, 0.10, True),
    "later": Prior(0.10, 0.10, True),
    "hint": Prior(0.20, 0.10, True),
    "hints": Prior(0.35, 0.10, True),
    "opened": Prior(0.70, 0.05, True),
    "rebuild": Prior(0.03, 0.15, True),
    "bug": Prior(0.10, 0.10, True),
    "number": Prior(0.10, 0.10),
    "choice": Prior(0.25, 0.10),
    "said": Prior(0.50, 0.30),
}
"""By kind: a contract at the first submit; after failures; after one hint; after more; after a look at the solution or
with an assistant; again from an empty file at least 14 days later; a planted bug found and mended; a question with a
number as its answer; one with four answers; the learner's own word."""


@dataclass(frozen=True)
class Observation:
    """One submit that counts."""

    kind: str
    passed: bool
    topics: Mapping[str, float]
    """Topic -> weight in (0, 1]."""
    check: str
    """What was checked: the same check again within a week says nothing new."""
    time: int
    """Milliseconds since 1970."""
    score: float = 1.0
    """The mutation score of the contract, 0 to 1."""
    submits: int = 1
    """Failures before it since the last pass, and this one."""
    hints: int = 0
    minutes: float = 0.0
    """0 where it is not known."""
    again: bool = False
    """What was checked had been passed before."""
    tests_out: bool = False
    """A question of the diagnostic: a pass shows what the topic requires as well."""

    @property
    def day(self) -> date:
        """The day of it, where the learner is."""
        return day_of(self.time)


@dataclass(frozen=True)
class Contracts:
    """Which topics a contract is about, as plain data."""

    milestones: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    """Project -> milestone, in the order of the contract -> topic -> weight."""
    claims: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    """(project, claim) -> topic -> weight; a claim that is not here stands for its milestone."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Project -> the mutation score of its contract; 0 where it was not proven."""

    def passed(self, event: Event) -> list[str]:
        """The milestones that held in a run, in order."""
        names = list(self.milestones.get(event.project, ()))
        if event.milestone not in names:
            return []
        return names[: names.index(event.milestone) + (event.outcome == "pass")]

    def of(self, event: Event, milestone: str = "") -> Mapping[str, float]:
        """The topics of a milestone, or of the claim that an event names."""
        if not milestone and (event.project, event.claim) in self.claims:
            return self.claims[event.project, event.claim]
        return self.milestones.get(event.project, {}).get(milestone or event.milestone, {})

    def score(self, event: Event) -> float:
        """The mutation score of an event's contract."""
        return min(1.0, max(0.0, self.scores.get(event.project, 0.0)))


@dataclass
class Place:
    """What happened to one milestone so far."""

    fails: int = 0
    """Since the last pass."""
    hints: int = 0
    helped: bool = False
    """An assistant took part, or the solution was opened."""
    first: int = 0
    """When it was passed for the first time; 0: never."""
    code: str = ""
    """The code that passed last."""
    opened: int = 0
    """When its solution was opened last, or an assistant asked."""


def observe(events: Iterable[Event], contracts: Contracts, graph: Graph) -> tuple[Observation, ...]:
    """The observations of a log, oldest first. Events of other kinds, and topics that are none, are passed over.

    Read are ``check``, ``hint`` and ``spoiler`` as ``check/`` writes them; ``review`` with ``form`` (``rebuild``,
    ``bug`` or ``number``); ``question`` with ``topic``, ``form`` (``number`` or ``choice``) and ``diagnostic`` (true:
    of the intake); ``self_report`` with ``topic``. These last keys stand in ``Event.more``.
    """
    return tuple(Reader(contracts, graph).run(events))


class Reader:
    """Events as observations, in several goes if need be: what happened to each milestone is remembered."""

    def __init__(self, contracts: Contracts, graph: Graph) -> None:
        self.contracts, self.graph = contracts, graph
        self.found: list[Observation] = []
        self.places: dict[tuple[str, str], Place] = {}
        self.known: dict[tuple[tuple[str, float], ...], dict[str, float]] = {}

    def run(self, events: Iterable[Event]) -> list[Observation]:
        """The observations of events that are later than all before."""
        self.found = []
        for event in sorted(events, key=lambda each: (each.time, each.id)):
            self._read(event)
        return self.found

    def _read(self, event: Event) -> None:
        if event.kind == "check":
            self._check(event)
        elif event.kind == "hint":
            place = self._place(event)
            place.hints = max(place.hints, event.hints)
            if event.ai_declared:
                place.helped, place.opened = True, event.time
        elif event.kind == "spoiler":
            for name in self.contracts.milestones.get(event.project, ()):
                place = self._place(event, name)
                place.helped, place.opened = True, event.time
        elif event.kind == "review":
            self._review(event)
        elif event.kind in ("question", "self_report"):
            form = event.more.get("form")
            kind = "said" if event.kind == "self_report" else form if form in ("number", "choice") else "choice"
            topic = event.more.get("topic")
            if isinstance(topic, str) and event.outcome in ("pass", "fail"):
                self._add(
                    event, kind, event.outcome == "pass", {topic: 1.0}, f"{event.kind}/{topic}", score=1.0,
                    again=event.kind == "question",
                    tests_out=event.kind == "question" and event.more.get("diagnostic") is True,
                )  # fmt: skip

    def _place(self, event: Event, milestone: str = "") -> Place:
        return self.places.setdefault((event.project, milestone or event.milestone), Place())

    def _check(self, event: Event) -> None:
        for name in self.contracts.passed(event):
            place, own = self._place(event, name), event.outcome == "pass" and name == event.milestone
            # An early milestone passes again with every run of the file: that is no new work.
            if not place.first or place.fails or (own and event.code_hash != place.code):
                self._pass(event, name, place)
        if event.outcome == "fail":
            place = self._place(event)
            kind = "first" if not (place.fails or place.hints or place.helped) else "later"
            check = f"{event.project}/{event.milestone}/{event.claim}"
            again = bool(place.first)
            self._add(event, kind, False, self.contracts.of(event), check, submits=place.fails + 1, again=again)
            place.fails += 1

    def _pass(self, event: Event, name: str, place: Place) -> None:
        if place.helped or event.ai_declared:
            kind = "opened"
        elif place.hints:
            kind = "hint" if place.hints == 1 else "hints"
        else:
            kind = "later" if place.fails else "first"
        self._add(
            event, kind, True, self.contracts.of(event, name), f"{event.project}/{name}",
            submits=place.fails + 1, hints=place.hints, again=bool(place.first),
        )  # fmt: skip
        place.first = place.first or event.time
        place.fails, place.hints, place.helped, place.code = 0, 0, False, event.code_hash

    def _review(self, event: Event) -> None:
        form, place = event.more.get("form"), self._place(event)
        if form not in ("rebuild", "bug", "number") or event.outcome not in ("pass", "fail"):
            return
        alone = not event.ai_declared and (not place.opened or event.time - place.opened >= LATER * DAY)
        late = bool(place.first) and event.time - place.first >= LATER * DAY
        kind = form if alone else "opened"
        if kind == "rebuild" and not late:
            kind = "later"
        check = f"{event.project}/{event.milestone}/{form}"
        passed = event.outcome == "pass"
        self._add(
            event, kind, passed, self.contracts.of(event), check, submits=place.fails + 1, hints=event.hints,
            score=1.0 if form == "number" else None, again=True,
        )  # fmt: skip
        place.fails = 0 if passed else place.fails + 1

    def _add(
        self, event: Event, kind: str, passed: bool, topics: Mapping[str, float], check: str,
        *, submits: int = 1, hints: int = 0, score: float | None = None, again: bool = False, tests_out: bool = False,
    ) -> None:  # fmt: skip
        key = tuple(topics.items())
        if key not in self.known:
            self.known[key] = current(topics, self.graph)
        if known := self.known[key]:
            score = self.contracts.score(event) if score is None else score
            minutes = float(event.minutes) if math.isfinite(event.minutes) else 0.0
            self.found.append(
                Observation(
                    kind, passed, known, check, event.time, score, submits, hints, max(0.0, minutes), again, tests_out
                )
            )


def current(topics: Mapping[str, Any], graph: Graph) -> dict[str, float]:
    """Weights by today's ids, within (0, 1]; what is no topic, and what weighs nothing, is left out."""
    found: dict[str, float] = {}
    for id, weight in topics.items():
        try:
            name = graph.current(id)
        except NotFound:
            continue
        if weight > 0:
            found[name] = max(found.get(name, 0.0), min(1.0, float(weight)))
    return found
