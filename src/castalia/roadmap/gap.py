"""The one gap to close next: ranked, and only the first is shown, with its arithmetic in a sentence.

``score = (1 - m) · B · ρ / √h`` with m the mastery, B the share of the remaining hours that wait for the topic, ρ the
pain (failed checks blamed on it, mentions in the journal) and h its hours. A topic is a candidate when all it requires
is mastered, so the answer can always be begun today. The others are parked with a reason. To know a topic better never
moves it up: docs/planner.md has the proof.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from castalia.core.errors import WrongInput
from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import ENOUGH
from castalia.roadmap.observation import Observation
from castalia.roadmap.sequence import hours_left, remaining

HALF = 14
"""Days after which a failure hurts half as much."""
MENTION = 0.5
"""The pain of one mention in the journal."""
BOX = 7
"""Days for a gap."""
RIVAL = 1.25
"""So many times the score of the held gap another must have to take its place."""
OWN_HOURS = 7.0
"""Hours of a gap of one's own that names no topic: an hour a day."""


@dataclass(frozen=True)
class Failure:
    """A failed check, and the topics that its claim is about."""

    day: date
    topics: Mapping[str, float]
    claim: str = ""


@dataclass(frozen=True)
class Blamed:
    """A failure as one topic bears it."""

    failure: Failure
    above: str = ""
    """The title of the topic that the claim is about, where it only stands on the one that is blamed."""


@dataclass(frozen=True)
class Mention:
    """A topic that the journal complains about."""

    day: date
    topic: str


@dataclass(frozen=True)
class OwnGap:
    """A gap that the learner named. One that is chosen is the gap, whatever its score."""

    title: str
    day: date
    topic: str = ""
    hours: float = OWN_HOURS
    chosen: bool = False

    @property
    def id(self) -> str:
        """The topic, or ``own:`` and the title."""
        return self.topic or f"own:{self.title}"


@dataclass(frozen=True)
class Held:
    """The gap of the last time."""

    id: str
    since: date


@dataclass(frozen=True)
class Ranked:
    """A candidate with the parts of its score."""

    id: str
    title: str
    score: float
    mastery: float
    blocked: float
    """B."""
    blocked_hours: float
    left_hours: float
    """Of the whole goal."""
    pain: float
    """ρ."""
    hours: float
    """h."""
    failures: tuple[Blamed, ...] = ()
    mentions: int = 0


@dataclass(frozen=True)
class Parked:
    """A gap that is not now, and why not."""

    id: str
    title: str
    score: float
    reason: str


@dataclass(frozen=True)
class Gap:
    """The gap to close."""

    topic: str
    """A topic's id, or ``own:`` and a title."""
    title: str
    score: float
    why: str
    """One sentence with its arithmetic."""
    since: date
    until: date
    """The day its box ends."""
    kept: bool
    """It was the gap before."""
    parts: Ranked
    parked: tuple[Parked, ...]
    """Out of sight."""


def failures(seen: Iterable[Observation]) -> tuple[Failure, ...]:
    """The failed checks among observations."""
    return tuple(Failure(each.day, each.topics, each.check.split("/")[-1]) for each in seen if not each.passed)


@dataclass(frozen=True)
class Learner:
    """What the rank depends on."""

    graph: Graph
    goal: tuple[str, ...]
    mastery: Mapping[str, float]
    today: date
    failures: Sequence[Failure] = ()
    mentions: Sequence[Mention] = ()
    own: Sequence[OwnGap] = ()
    pace: float = 1.0

    def m(self, id: str) -> float:
        """The mastery of a topic, 0 to 1."""
        return min(1.0, max(0.0, self.mastery.get(id, 0.0)))


def ranked(learner: Learner) -> tuple[Ranked, ...]:
    """Every candidate, the first one first; ties in the order of the graph."""
    graph, today = learner.graph, learner.today
    needed = remaining(graph, learner.goal, learner.mastery)
    hours = hours_left(graph, graph.order(needed), learner.mastery, learner.pace)
    total = sum(hours.values())
    frontier = [id for id in hours if all(learner.m(other) >= ENOUGH for other in graph.topics[id].requires)]
    pains, blamed = _pains(learner, frozenset(needed))
    recent = [each for each in learner.mentions if 0 <= (today - each.day).days < HALF]
    found = []
    for id in frontier:
        topic, m = graph.topics[id], learner.m(id)
        waiting = [other for other in graph.descendants(id) if other in hours]
        blocked = hours[id] + sum(hours[other] for other in graph.order(waiting))
        share, pain = blocked / total, 1 + pains.get(id, 0.0)
        score = (1 - m) * share * pain / math.sqrt(topic.hours.p50)
        mentions = sum(each.topic == id for each in recent)
        found.append(
            Ranked(
                id,
                topic.title,
                score,
                m,
                share,
                blocked,
                total,
                pain,
                topic.hours.p50,
                tuple(blamed.get(id, ())),
                mentions,
            )
        )
    free = [each for each in learner.own if each.topic not in needed and learner.m(each.topic) < ENOUGH]
    found += [_own(each, total) for each in free if each.hours > 0]
    return tuple(sorted(found, key=lambda each: -each.score))


def _own(own: OwnGap, total: float) -> Ranked:
    """A gap that names no topic of the goal: it blocks only itself, and hurts like one mention."""
    share, pain = own.hours / (total + own.hours), 1 + MENTION
    score = share * pain / math.sqrt(own.hours)
    return Ranked(own.id, own.title, score, 0.0, share, own.hours, total + own.hours, pain, own.hours, mentions=1)


def blockers(learner: Learner, topic: str) -> tuple[str, ...]:
    """What keeps a topic of the goal from being the gap: what it requires and is not known; nothing else ever does."""
    graph = learner.graph
    if topic not in remaining(graph, learner.goal, learner.mastery):
        return ()
    return tuple(other for other in graph.topics[topic].requires if learner.m(other) < ENOUGH)


def begins(learner: Learner, topic: str) -> None:
    """WrongInput where a topic cannot be the gap now, with what comes before it."""
    if topic and learner.m(topic) >= ENOUGH:
        title = learner.graph.topics[topic].title
        cure = f"Leave the topic out; or, if you do not know it:  castalia roadmap plan --unknown {topic} --keep"
        got, expected = "it counts as known", "a topic that can be begun"
        raise WrongInput(f"{title} ({topic}) cannot be the gap now", got, expected, cure, field="topic")
    if topic and (needs := blockers(learner, topic)):
        titles = " and ".join(f"{learner.graph.topics[id].title} ({id})" for id in needs)
        title = learner.graph.topics[topic].title
        raise WrongInput(
            f"{title} ({topic}) cannot be the gap now", f"{titles} not known yet", "a topic that can be begun",
            f"Take {needs[0]} first; or, if you know it:  castalia roadmap plan --known {','.join(needs)} --keep",
            field="topic",
        )  # fmt: skip


def _pains(learner: Learner, needed: frozenset[str]) -> tuple[dict[str, float], dict[str, list[Blamed]]]:
    """ρ - 1 of each topic, and the recent failures that are blamed on it."""
    graph, today, roots = learner.graph, learner.today, _roots(learner.graph, needed)
    pains: dict[str, float] = {}
    blamed: dict[str, list[Blamed]] = {}
    for failure in learner.failures:
        weak = {id: weight * (1 - learner.m(id)) for id, weight in failure.topics.items() if id in graph.topics}
        total, age = sum(weak.values()), max(0, (today - failure.day).days)
        shares: dict[str, float] = {}
        from_: dict[str, tuple[float, str]] = {}
        for id, part in weak.items():
            if part > 0:
                root = roots[id]
                shares[root] = shares.get(root, 0.0) + part / total
                from_[root] = max(from_.get(root, (0.0, "")), (part, "" if id == root else graph.topics[id].title))
        for root, share in shares.items():
            pains[root] = pains.get(root, 0.0) + share * 2 ** (-age / HALF)
            if age < HALF:
                blamed.setdefault(root, []).append(Blamed(failure, from_[root][1]))
    own = [Mention(each.day, each.topic) for each in learner.own if each.topic]
    for mention in (*learner.mentions, *own):
        if mention.topic in graph.topics and 0 <= (today - mention.day).days < HALF:
            root = roots[mention.topic]
            pains[root] = pains.get(root, 0.0) + MENTION
    return pains, blamed


def _roots(graph: Graph, needed: frozenset[str]) -> dict[str, str]:
    """The topic that each topic's pain belongs to: the weak one below it that has no weak one below itself.

    Of several the one that comes first in the graph; a topic with none below keeps its own.
    """
    place = {id: number for number, id in enumerate(graph.topics)}
    found: dict[str, str] = {}
    for id, topic in graph.topics.items():
        below = [found[other] for other in topic.requires if found[other] in needed]
        found[id] = min(below, key=place.__getitem__) if below else id
    return found


def choose(learner: Learner, held: Held | None = None, waiting: Collection[str] = ()) -> Gap | None:
    """The gap; None when nothing of the goal is left.

    The held one stays unless it is mastered, its week is over, or another scores more than 1.25 times as much. After
    its week it waits once, if there is another. An own gap that was chosen comes before all. ``waiting``: ids that the
    learner put off for today; they are passed over, if there is another.
    """
    rank: dict[str, Ranked] = {}
    for each in ranked(learner):
        rank.setdefault(each.id, each)
    aside = [one for id, one in rank.items() if id in waiting]
    if len(aside) < len(rank):
        rank = {id: one for id, one in rank.items() if id not in waiting}
    else:
        aside = []
    chosen = [each for each in learner.own if each.chosen and each.id in rank]
    old = rank.get(held.id) if held else None
    over = held is not None and (learner.today - held.since).days >= BOX
    if chosen:
        first = rank[chosen[-1].id]
    elif not rank:
        return None
    else:
        best = next(iter(rank.values()))
        if old is None:
            first = best
        elif over:
            first = next((each for each in rank.values() if each is not old), old)
        else:
            first = best if best.score > RIVAL * old.score else old
    kept = first is old and not over
    since = held.since if held and kept else learner.today
    parked = tuple(
        Parked(each.id, each.title, each.score, _reason(each, first, old if over else None))
        for each in rank.values()
        if each is not first
    )
    parked += tuple(
        Parked(each.topic, each.title, 0.0, f"{' and '.join(needs)} first")
        for each in learner.own if each.chosen and (needs := blockers(learner, each.topic))
    )  # fmt: skip
    parked += tuple(Parked(each.id, each.title, each.score, "not today") for each in aside)
    why = sentence(first)
    return Gap(first.id, first.title, first.score, why, since, since + timedelta(BOX), kept, first, parked)


def _reason(each: Ranked, first: Ranked, waiting: Ranked | None) -> str:
    if each is waiting:
        return "its week is over; it comes back"
    if each.score > first.score:
        return f"scores {each.score:.3f}, but not {RIVAL} times the {first.score:.3f} of the gap that was begun"
    return f"scores {each.score:.3f}, the gap {first.score:.3f}"


def sentence(each: Ranked) -> str:
    """Why it is the gap, in one sentence with its arithmetic."""
    hours = f"{each.blocked_hours:.0f} of {each.left_hours:.0f}"
    reasons = [f"blocks {each.blocked:.0%} of the hours you have left ({hours})"]
    claims: dict[tuple[str, str], int] = {}
    for one in each.failures:
        key = (one.above, one.failure.claim or "a check")
        claims[key] = claims.get(key, 0) + 1
    for (above, claim), count in sorted(claims.items(), key=lambda pair: -pair[1])[:2]:
        times = {1: "once", 2: "twice"}.get(count, f"{count} times")
        under = f"stands under {above}, of which you " if above else ""
        reasons.append(f"{under}failed {claim} {times} in {HALF} days")
    if each.mentions:
        reasons.append(f"stands {each.mentions} time{'s' * (each.mentions != 1)} in your journal")
    arithmetic = (
        f"(1 - {each.mastery:.2f}) · {each.blocked:.3f} · {each.pain:.2f} / √{each.hours:.1f} = {each.score:.3f}"
    )
    return f"{each.title} {', '.join(reasons)}: {arithmetic}."
