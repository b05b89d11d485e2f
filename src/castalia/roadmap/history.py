"""What the evidence of a home amounts to: beliefs, memories, failures, passed milestones, weeks of work.

A log of years takes a second to replay, so what came out is kept in ``cache/roadmap/learner.json`` under the hash of
all that it depends on: the log, what the learner said is known, the graph and the contracts. It can be deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.evidence import PAUSE, Event, Evidence
from castalia.roadmap.content import Content
from castalia.roadmap.contracted import Contracted
from castalia.roadmap.gap import HALF, Failure
from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import START, TESTED, Belief, Tracker
from castalia.roadmap.observation import DAY, EPOCH, PRIORS, Contracts, Observation, current, observe
from castalia.roadmap.review import Memory, memories

KEPT = 1
"""Raise it when what is kept changes its meaning."""
WORK = ("started", "check", "hint", "review")
"""Kinds of event that are a learner's work."""
FORGOTTEN = 10 * HALF
"""Days before the last event after which a failure hurts less than a thousandth of a new one and is left out."""


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
    """Topic -> by how much contracts showed it to be known more than at the week's beginning."""
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


def history(home: Path, content: Content, every: Mapping[str, Contracted], known: Iterable[str] = ()) -> History:
    """The history of a home, from what is kept where nothing changed."""
    log, place, known = Evidence(home), home / "cache" / "roadmap" / "learner.json", tuple(known)
    key = _key(log.path, content, every, known)
    if kept := _kept(place, key):
        return kept
    made = derive(log.events(), content, every, known)
    if count := log.set_aside:
        lines = "1 line" if count == 1 else f"{count} lines"
        words = f"{lines} of the evidence could not be read and went to {log.corrupt}"
        return replace(made, warnings=(words,))  # not kept: the log is another one now
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as waiting:
            waiting.write_text(json.dumps({"key": key, **_plain(made)}, ensure_ascii=False), "utf-8")
    except OSError:
        pass  # a home that cannot be written: it is computed again next time
    return made


def seen(home: Path, content: Content, every: Mapping[str, Contracted]) -> tuple[Observation, ...]:
    """The observations of a home's evidence."""
    return observe(followed(Evidence(home).events(), content), tables(every), content.graph)


def followed(events: Iterable[Event], content: Content) -> list[Event]:
    """The events, with projects by today's names."""
    former = content.former_goals
    return [replace(each, project=former[each.project]) if each.project in former else each for each in events]


def derive(
    events: Sequence[Event], content: Content, every: Mapping[str, Contracted], known: Iterable[str] = ()
) -> History:
    """The same without files."""
    events, contracts, graph = followed(events, content), tables(every), content.graph
    observations = observe(events, contracts, graph)
    tracker = Tracker(graph, dict.fromkeys(known, TESTED))
    gains = _gains(tracker, observations, graph)
    passed = _passed(events, contracts)
    last = next((each for each in reversed(events) if each.kind == "check"), None)
    newest = max((each.day for each in observations), default=date.min)
    recent = [
        each for each in observations
        if not each.passed and each.kind != "said" and (newest - each.day).days < FORGOTTEN
    ]  # fmt: skip
    said = {id: each.outcome for each in events if each.kind == "self_report"
            for id in current({str(each.more.get("topic")): 1.0}, graph)}  # fmt: skip
    return History(
        {id: tracker.belief(id) for id in graph.topics}, memories(observations, graph),
        tuple(Failure(each.day, each.topics, each.check.split("/")[-1]) for each in recent), passed,
        Last(last.project, last.milestone, last.claim, last.time) if last else None,
        _weeks(events, gains, passed), min((each.time for each in events), default=0),
        max((each.time for each in events if each.kind in WORK), default=0),
        tuple(id for id, outcome in said.items() if outcome == "pass"),
    )  # fmt: skip


def day_of(time: int) -> date:
    """The day of a moment in milliseconds since 1970, in UTC as everywhere in the log."""
    return date.fromordinal(EPOCH + time // DAY)


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def _gains(tracker: Tracker, observations: Iterable[Observation], graph: Graph) -> dict[date, dict[str, float]]:
    """Feeds ``tracker`` and says by the week what rose. The learner's own word is no work."""
    found: dict[date, dict[str, float]] = {}
    level = {id: _level(tracker.belief(id)) for id in graph.topics}

    def close(monday: date | None) -> None:
        for id in graph.topics:
            now = _level(tracker.belief(id))
            if monday and now > level[id] + 1e-9:
                found.setdefault(monday, {})[id] = round(now - level[id], 6)
            level[id] = now

    week: date | None = None
    for each in observations:
        monday = monday_of(each.day)
        if monday != week:
            close(week)
            week = monday
        if PRIORS[each.kind].contract:
            tracker.see(each)
        else:
            before = {id: _level(tracker.belief(id)) for id in graph.topics}
            tracker.see(each)
            for id, was in before.items():
                level[id] += _level(tracker.belief(id)) - was
    close(week)
    return found


def _level(belief: Belief) -> float:
    return belief.p if belief.p > START else 0.0


def _passed(events: Iterable[Event], contracts: Contracts) -> dict[str, int]:
    """Milestones with a check -> when they held first."""
    found: dict[str, int] = {}
    for each in events:
        if each.kind == "check":
            for name in contracts.passed(each):
                found.setdefault(f"{each.project}/{name}", each.time)
    return found


def _weeks(
    events: Iterable[Event], gains: Mapping[date, Mapping[str, float]], passed: Mapping[str, int]
) -> tuple[Worked, ...]:
    minutes: dict[date, float] = {}
    days: dict[date, set[date]] = {}
    checks: dict[date, int] = {}
    for each in events:
        if each.kind in WORK:
            day = day_of(each.time)
            monday = monday_of(day)
            minutes[monday] = minutes.get(monday, 0.0) + max(0.0, min(PAUSE, each.minutes))
            days.setdefault(monday, set()).add(day)
            checks[monday] = checks.get(monday, 0) + (each.kind in ("check", "review"))
    first: dict[date, list[str]] = {}
    for id, time in passed.items():
        first.setdefault(monday_of(day_of(time)), []).append(id)
    return tuple(
        Worked(monday, gains.get(monday, {}), round(minutes[monday], 1), len(days[monday]), checks[monday],
               tuple(first.get(monday, ())))
        for monday in sorted(days)
    )  # fmt: skip


# --- what is kept --------------------------------------------------------------------------------


def _key(path: Path, content: Content, every: Mapping[str, Contracted], known: Iterable[str]) -> str:
    digest = hashlib.sha256(f"{KEPT}\0".encode())
    with contextlib.suppress(OSError):  # none yet
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    parts: list[object] = [sorted(known), sorted((name, one.contract_hash, one.score) for name, one in every.items())]
    parts += [sorted(content.former_goals.items())]
    for topic in content.topics:
        parts.append((topic.id, topic.requires, sorted(topic.encompasses.items()), topic.renamed_from))
    digest.update(repr(parts).encode())
    return digest.hexdigest()


def _plain(made: History) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(made), default=date.isoformat))  # type: ignore[no-any-return]


def _kept(place: Path, key: str) -> History | None:
    try:
        value = json.loads(place.read_bytes())
        if value["key"] != key:
            return None
        return History(
            {id: Belief(**{**each, "first": _date(each["first"])}) for id, each in value["beliefs"].items()},
            {id: Memory(**{**each, **{name: _date(each[name]) for name in ("last", "due", "marked")}})
             for id, each in value["memories"].items()},
            tuple(Failure(date.fromisoformat(each["day"]), each["topics"], each["claim"])
                  for each in value["failures"]),
            value["passed"], Last(**value["last"]) if value["last"] else None,
            tuple(Worked(**{**each, "monday": date.fromisoformat(each["monday"]), "passed": tuple(each["passed"])})
                  for each in value["weeks"]),
            value["begun"], value["ended"], tuple(value["reported"]),
        )  # fmt: skip
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # none yet, or of another version


def _date(text: str | None) -> Any:
    return date.fromisoformat(text) if text else None
