"""What the evidence of a home amounts to: beliefs, memories, failures, passed milestones, weeks of work.

``Replay`` takes events week by week and can be put down between two weeks and taken up again (``resumed``), since a log
of years takes half a second to replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from castalia.core.evidence import PAUSE, Event
from castalia.roadmap.content import Content
from castalia.roadmap.contracted import Contracted
from castalia.roadmap.days import day_of as day_of
from castalia.roadmap.days import monday_of as monday_of
from castalia.roadmap.gap import HALF, Failure
from castalia.roadmap.mastery import START, TESTED, Belief, Tracker
from castalia.roadmap.observation import PRIORS, QUESTION, Contracts, Observation, Place, Reader, current
from castalia.roadmap.review import Days, Memory

WORK = ("started", "check", "hint", "review")
"""Kinds of event that are a learner's work."""
FORGOTTEN = 10 * HALF
"""Days before the last failure after which a failure hurts less than a thousandth of a new one and is left out."""


@dataclass(frozen=True)
class Last:
    """Where the learner stopped."""

    project: str
    milestone: str
    claim: str
    """The claim that did not hold; empty where everything did."""
    time: int


@dataclass(frozen=True)
class Worked:
    """A week with work in it."""

    monday: date
    gains: Mapping[str, float] = field(default_factory=dict)
    """Topic -> by how much contracts about it showed it to be known more than at the week's beginning."""
    minutes: float = 0.0
    """Between checks, without breaks."""
    days: int = 0
    """On which something was checked."""
    checks: int = 0
    passed: tuple[str, ...] = ()
    """Milestones that were passed for the first time."""


@dataclass(frozen=True)
class History:
    """All that is derived from the evidence."""

    beliefs: Mapping[str, Belief] = field(default_factory=dict)
    memories: Mapping[str, Memory] = field(default_factory=dict)
    asked: Mapping[str, Memory] = field(default_factory=dict)
    """When to ask again about topics that only questions have shown."""
    failures: tuple[Failure, ...] = ()
    passed: Mapping[str, int] = field(default_factory=dict)
    """Milestone (``softmax/M1``) -> when it was passed first."""
    last: Last | None = None
    weeks: tuple[Worked, ...] = ()
    begun: int = 0
    """When the first event was; 0: never."""
    ended: int = 0
    """When the last piece of work was."""
    reported: tuple[str, ...] = ()
    """Topics that the learner says are known."""
    warnings: tuple[str, ...] = ()


def tables(every: Mapping[str, Contracted]) -> Contracts:
    """What all contracts are about, as ``observe`` takes it."""
    return Contracts(
        {name: {each.number: each.topics for each in one.milestones} for name, one in every.items()},
        {(name, claim): topics for name, one in every.items() for each in one.milestones
         for claim, topics in each.claims.items()},
        {name: one.score for name, one in every.items()},
    )  # fmt: skip


def followed(events: Iterable[Event], content: Content) -> list[Event]:
    """The events, with projects by today's names."""
    former = content.former_goals
    return [replace(each, project=former[each.project]) if each.project in former else each for each in events]


Known = Iterable[str] | Mapping[str, int]
"""Topics that the learner says are known, or when that was said: a word weighs more than the failures before it."""


def derive(events: Sequence[Event], content: Content, every: Mapping[str, Contracted], known: Known = ()) -> History:
    """What events amount to."""
    replay = Replay(content, every, known)
    replay.feed(events)
    return replay.history()


class Replay:
    """A log followed from its beginning, whole weeks at a time."""

    def __init__(self, content: Content, every: Mapping[str, Contracted], known: Known = ()) -> None:
        self.content, self.graph, self.contracts = content, content.graph, tables(every)
        self.reader = Reader(self.contracts, self.graph)
        self.tracker = Tracker(self.graph, dict.fromkeys(known, TESTED))
        given = known if isinstance(known, Mapping) else dict.fromkeys(known, 0)
        self.words = sorted((time, id) for id, time in given.items() if time)
        """When a topic was said to be known."""
        self.heard = 0
        """So many of them were taken in."""
        self.days = Days(self.graph)
        self.failures: list[Failure] = []
        self.passed: dict[str, int] = {}
        self.last: Last | None = None
        self.weeks: list[Worked] = []
        self.begun = self.ended = 0
        self.said: dict[str, str] = {}
        self.until = date.min
        """Later than all that was taken in: the first day of a week."""

    def feed(self, events: Iterable[Event]) -> None:
        """Take whole weeks in, later than all before."""
        weeks: dict[date, list[Event]] = {}
        for each in sorted(followed(events, self.content), key=lambda one: (one.time, one.id)):
            weeks.setdefault(monday_of(day_of(each.time)), []).append(each)
        for monday, some in weeks.items():
            self._week(monday, some)

    def _week(self, monday: date, events: Sequence[Event]) -> None:
        self.until = monday + timedelta(days=7)
        observations = self.reader.run(events)
        gains = self._gains(observations)
        self.days.run(observations)
        self.failures += [
            Failure(each.day, each.topics, each.check.split("/")[-1])
            for each in observations
            if not each.passed and each.kind != "said" and not each.check.startswith(QUESTION)
        ]  # fmt: skip
        if self.failures:
            newest = self.failures[-1].day
            self.failures = [each for each in self.failures if (newest - each.day).days < FORGOTTEN]
        passed = self._passes(events)
        for each in events:
            self.begun = self.begun or each.time
            if each.kind == "question":
                self.ended = max(self.ended, each.time)
            elif each.kind == "check":
                self.last = Last(each.project, each.milestone, each.claim, each.time)
            elif each.kind == "self_report":
                self.said |= dict.fromkeys(current({str(each.more.get("topic")): 1.0}, self.graph), each.outcome)
        if work := [each for each in events if each.kind in WORK]:
            self.ended = max(self.ended, work[-1].time)
            minutes = sum(max(0.0, min(PAUSE, each.minutes)) for each in work)
            checks = sum(each.kind in ("check", "review") for each in work)
            days = len({day_of(each.time) for each in work})
            self.weeks.append(Worked(monday, gains, round(minutes, 1), days, checks, passed))

    def _gains(self, observations: Iterable[Observation]) -> dict[str, float]:
        """Feeds the tracker and says what rose. No work is the learner's own word, and what a check encompasses."""
        rose: dict[str, float] = {}
        for each in observations:
            self._hear(each.time)
            before = {}
            if PRIORS[each.kind].contract:
                before = {id: _level(self.tracker.belief(id)) for id in each.topics}
            self.tracker.see(each)
            for id, was in before.items():
                rose[id] = rose.get(id, 0.0) + _level(self.tracker.belief(id)) - was
        return {id: round(rose[id], 6) for id in self.graph.topics if rose.get(id, 0.0) > 1e-6}

    def _hear(self, time: int) -> None:
        """Believe what was said to be known until then, whatever failed before. It is no work, so no gain."""
        while self.heard < len(self.words) and self.words[self.heard][0] <= time:
            self.tracker.grant(self.words[self.heard][1])
            self.heard += 1

    def _passes(self, events: Iterable[Event]) -> tuple[str, ...]:
        """Milestones with a check that held for the first time."""
        fresh = []
        for each in events:
            for name in self.contracts.passed(each) if each.kind == "check" else ():
                id = f"{each.project}/{name}"
                if id not in self.passed:
                    self.passed[id] = each.time
                    fresh.append(id)
        return tuple(fresh)

    def history(self) -> History:
        """What it amounts to so far, and all that was said."""
        self._hear(self.words[-1][0] if self.words else 0)
        return History(
            {id: self.tracker.belief(id) for id in self.graph.topics}, self.days.memories, self.days.again,
            tuple(self.failures),
            dict(self.passed), self.last, tuple(self.weeks), self.begun, self.ended,
            tuple(id for id, outcome in self.said.items() if outcome == "pass"),
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Where it stands, to be written as JSON and taken up by ``resume``."""
        return {
            "places": [[*key, vars(place)] for key, place in self.reader.places.items()],
            "counted": [[*key, time] for key, time in self.tracker.counted.items()],
            "beliefs": {id: vars(each) for id, each in self.tracker.beliefs.items()},
            "memories": {id: vars(each) for id, each in self.days.kept.items()},
            "asked": {id: vars(each) for id, each in self.days.asked.items()},
            "minutes": self.days.minutes,
            "heard": self.heard,
            "failures": [vars(each) for each in self.failures],
            "passed": self.passed,
            "last": vars(self.last) if self.last else None,
            "weeks": [vars(each) for each in self.weeks],
            "begun": self.begun, "ended": self.ended, "said": self.said, "until": self.until.isoformat(),
        }  # fmt: skip

    def resume(self, value: Mapping[str, Any]) -> None:
        """Take up what ``plain`` put down. ValueError, LookupError or TypeError for what is none."""
        self.reader.places = {(project, name): Place(**place) for project, name, place in value["places"]}
        self.tracker.counted = {(check, passed): time for check, passed, time in value["counted"]}
        self.tracker.beliefs = read_beliefs(value["beliefs"])
        self.days.kept, self.days.minutes = read_memories(value["memories"]), value["minutes"]
        self.days.asked = read_memories(value["asked"])
        self.heard = value["heard"]
        self.failures, self.passed = list(read_failures(value["failures"])), value["passed"]
        self.last = Last(**value["last"]) if value["last"] else None
        self.weeks = list(read_weeks(value["weeks"]))
        self.begun, self.ended, self.said = value["begun"], value["ended"], value["said"]
        self.until = date.fromisoformat(value["until"])


def _level(belief: Belief) -> float:
    return belief.p if belief.p > START else 0.0


def read_beliefs(value: Mapping[str, Any]) -> dict[str, Belief]:
    """Beliefs as JSON has them."""
    return {id: Belief(**{**each, "first": _date(each["first"])}) for id, each in value.items()}


def read_memories(value: Mapping[str, Any]) -> dict[str, Memory]:
    """Memories as JSON has them."""
    return {
        id: Memory(**{**each, **{name: _date(each[name]) for name in ("last", "due", "marked")}})
        for id, each in value.items()
    }


def read_failures(value: Iterable[Mapping[str, Any]]) -> tuple[Failure, ...]:
    """Failures as JSON has them."""
    return tuple(Failure(date.fromisoformat(each["day"]), each["topics"], each["claim"]) for each in value)


def read_weeks(value: Iterable[Mapping[str, Any]]) -> tuple[Worked, ...]:
    """Weeks as JSON has them."""
    return tuple(
        Worked(**{**each, "monday": date.fromisoformat(each["monday"]), "passed": tuple(each["passed"])})
        for each in value
    )


def _date(text: str | None) -> Any:
    return date.fromisoformat(text) if text else None
