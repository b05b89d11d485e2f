"""From a goal, what is known and the hours a week to a plan: topics in order, weeks, and two dates with their basis.

Nothing here reads a clock or a file: the same request gives the same plan. A plan is made anew whenever something
changed; nothing in it is ever overdue, and ``changes`` says what moved. Formulas and our priors: docs/planner.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from castalia.core.errors import WrongInput
from castalia.roadmap import exits
from castalia.roadmap.exits import Exit, Finishes
from castalia.roadmap.forecast import ENOUGH_WEEKS, PATHS, SPREAD, Past, pace, simulate
from castalia.roadmap.graph import Graph
from castalia.roadmap.schedule import Board, Offer, Own, Week, day_of, pour
from castalia.roadmap.sequence import Item, Wishes, hours_left, remaining, sequence

HOURS = (0.5, 100.0)
"""Hours a week that are believed."""
BASES = {"seed": "the roadmaps", "estimate": "our own estimate", "measured": "measured learners"}


@dataclass(frozen=True)
class Request:
    """All that a plan depends on."""

    graph: Graph
    goal: tuple[str, ...]
    hours: float
    """A week."""
    start: date
    target: date | None = None
    mastery: Mapping[str, float] = field(default_factory=dict)
    past: tuple[Past, ...] = ()
    buffer: float = 0.2
    """The share of the hours that is not planned."""
    reviews: tuple[float, ...] = ()
    """Hours of review that are due in each week (``review.load``)."""
    own: tuple[Own, ...] = ()
    used: float = 0.0
    """Hours of the first week that work took already, whatever ``hours`` is."""
    wishes: Wishes = field(default_factory=Wishes)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parts of the goal that may be given up, with their topics; left out, each topic of the goal is one."""
    gap: tuple[str, date] | None = None
    """The gap that is being closed, and since when."""
    loop: int = 1
    """How often the learner went round: study, learn, build, gap."""
    seed: int = 0
    paths: int = PATHS

    def __post_init__(self) -> None:
        if not HOURS[0] <= self.hours <= HOURS[1]:
            cure = "Say how many hours you really have in a usual week."
            raise WrongInput("hours a week", f"{self.hours:g}", f"{HOURS[0]:g} to {HOURS[1]:g}", cure, field="hours")
        if not 0 <= self.buffer <= 0.5:
            raise WrongInput("buffer", f"{self.buffer:g}", "0 to 0.5", "0.2 keeps a fifth free.", field="buffer")
        if self.target is not None and self.target <= self.start:
            cure = "Choose a later target, or none."
            raise WrongInput("target date", str(self.target), f"after {self.start}", cure, field="target")
        if not self.goal:
            raise WrongInput("goal", "nothing", "at least one topic", "Choose a goal.", field="goal")
        if self.paths < 10:
            raise WrongInput("paths", str(self.paths), "at least 10", "Leave it out.", field="paths")
        if got := self.wishes.passion.fault() if self.wishes.passion else "":
            cure = "Make it smaller: it is to be done in a month."
            raise WrongInput("passion project", got, "some hours, at most 4 weeks, a topic", cure, field="passion")
        if not 0 <= self.used < float("inf"):
            raise WrongInput("hours used", f"{self.used:g}", "0 or more", "Leave it out.", field="used")
        for each in self.own:
            if each.week < 1 or not 0 < each.hours <= 1000:
                got = f"{each.title!r}: week {each.week}, {each.hours:g} hours"
                raise WrongInput("own resource", got, "a week from 1 on and some hours", "Correct it.", field="own")


@dataclass(frozen=True)
class Needed:
    """The hours that the topics need, without reviews, and what that means a week."""

    total: float
    weeks: float | None = None
    """Until the target; None without one."""
    before: float | None = None
    """Hours a week before the buffer."""
    with_buffer: float | None = None


@dataclass(frozen=True)
class Box:
    """Some days with a task of their own, which live in the buffer and move nothing."""

    kind: str
    """``study``, ``passion`` or ``gap``."""
    title: str
    start: date
    end: date


@dataclass(frozen=True)
class Plan:
    """A plan, as made on ``start``."""

    goal: tuple[str, ...]
    hours: float
    start: date
    target: date | None
    topics: tuple[str, ...]
    """In the order of learning: the goal's topics that are not mastered, no topic more."""
    items: tuple[Item, ...]
    weeks: tuple[Week, ...]
    dates: Mapping[str, tuple[date, date]]
    """When each piece of work begins and ends, if every week goes as planned."""
    finish_p50: date | None
    """Half of the simulated learners are through; None: not within twenty years."""
    finish_p90: date | None
    basis: tuple[str, ...]
    feasible: bool
    """Nine of ten simulated learners are through by the target; without a target, at all."""
    hours_needed: Needed
    exits: tuple[Exit, ...]
    boxes: tuple[Box, ...]
    pace: float
    loop: int

    @property
    def verdict(self) -> str:
        """In one sentence, whether it fits."""
        if not self.topics:
            return "Nothing is left to learn for this goal."
        if self.finish_p50 is None or self.finish_p90 is None:
            dates = f"{self.hours:g} hours a week are too few: it would take more than twenty years"
        else:
            dates = f"half of 100 such learners are through by {self.finish_p50}, 90 by {self.finish_p90}"
        if self.target is None:
            return f"{dates[0].upper()}{dates[1:]}."
        if self.feasible:
            return f"It fits: {dates}."
        need, days = self.hours_needed, (self.target - self.start).days
        if days < 7:
            many = f"{days} day{'s' * (days != 1)}"
            return f"It does not fit until {self.target}: {need.total:.0f} hours are left and {many}; {dates}."
        weeks = f"{need.weeks:.0f} week{'s' * (round(need.weeks or 0) != 1)}"
        return (
            f"It does not fit until {self.target}: {need.total:.0f} hours in {weeks} are "
            f"{need.before:.0f} a week, {need.with_buffer:.0f} with the buffer; {dates}."
        )


def plan(request: Request) -> Plan:
    """The plan of a request."""
    graph, mastery, speed = request.graph, request.mastery, pace(request.past)
    goal = tuple(graph.current(id) for id in request.goal)
    parts = request.parts or {id: (id,) for id in goal}
    ids = remaining(graph, (*goal, *(id for each in parts.values() for id in each)), mastery)
    items = sequence(graph, ids, mastery, speed, request.wishes)
    offer = _offer(request)
    board = pour(items, offer, request.start)
    finishes = _finishes(request, items, offer)
    needed = hours_left(graph, ids, mastery, speed)
    ways: tuple[Exit, ...] = ()
    feasible = finishes[1] is not None
    if request.target is not None:
        feasible = exits.fits(finishes, request.target)
        if not feasible:
            ways = _exits(request, request.target, items, needed, parts, finishes)
    topics = tuple(item.id for item in items if item.kind == "topic")
    return Plan(
        goal, request.hours, request.start, request.target, topics, items, board.weeks, _dates(request.start, board),
        *finishes, _basis(request, topics, speed), feasible, _needed(request, needed), ways,
        _boxes(request, items, board), speed, request.loop,
    )  # fmt: skip


def _offer(request: Request) -> Offer:
    return Offer(request.hours, request.buffer, request.reviews, request.own, request.used)


def _finishes(request: Request, items: Sequence[Item], offer: Offer) -> Finishes:
    found = simulate(items, offer, request.past, seed=request.seed, paths=request.paths)
    return day_of(request.start, found.quantile(0.5)), day_of(request.start, found.quantile(0.9))


def _exits(
    request: Request,
    target: date,
    items: Sequence[Item],
    needed: Mapping[str, float],
    parts: Mapping[str, tuple[str, ...]],
    finishes: Finishes,
) -> tuple[Exit, ...]:
    offer = _offer(request)

    def with_hours(hours: float) -> Finishes:
        return _finishes(request, items, replace(offer, hours=hours))

    def with_topics(kept: Set[str]) -> Finishes:
        fewer = sequence(request.graph, kept, request.mastery, pace(request.past), request.wishes)
        return _finishes(request, fewer, offer)

    return (
        exits.more_hours(request.hours, target, with_hours),
        exits.later(request.hours, target, finishes),
        exits.less(request.graph, parts, needed, request.hours, target, with_topics),
    )


def _needed(request: Request, needed: Mapping[str, float]) -> Needed:
    total = sum(needed.values())
    if request.target is None:
        return Needed(total)
    weeks = (request.target - request.start).days / 7
    return Needed(total, weeks, total / weeks, total / weeks / (1 - request.buffer))


def _basis(request: Request, topics: Sequence[str], speed: float) -> tuple[str, ...]:
    counts = Counter(request.graph.topics[id].hours.basis for id in topics)
    dates = sorted({request.graph.topics[id].hours.date for id in topics})
    since = f" ({dates[0]} to {dates[-1]})" if len(dates) > 1 else f" ({dates[0]})" if dates else ""
    whose = ", ".join(f"{count} from {BASES[name]}" for name, count in sorted(counts.items()))
    if not topics:
        return ()
    weeks = len([week for week in request.past if week.committed > 0])
    if weeks < ENOUGH_WEEKS:
        yours = (
            f"{weeks} of your weeks so far: until there are {ENOUGH_WEEKS}, P90 = {SPREAD:g} x P50 is our assumption"
        )
    else:
        yours = f"your last {weeks} weeks; an hour of a topic takes you {speed:.2f} hours"
    return (
        f"Hours of {len(topics)} topics: {whose or 'none'}{since}.",
        f"Pace: {yours}.",
        f"Dates: {request.paths} simulated learners, seed {request.seed}; {request.buffer:.0%} of each week stay free.",
    )


def _dates(start: date, board: Board) -> dict[str, tuple[date, date]]:
    found = {}
    for id, (begin, end) in board.spans.items():
        last = day_of(start, end)
        assert last is not None
        found[id] = (start + timedelta(days=int(begin * 7 + 1e-6)), last)
    return found


def _boxes(request: Request, items: Sequence[Item], board: Board) -> tuple[Box, ...]:
    found = []
    if not request.past:
        until = request.start + timedelta(days=6)
        found.append(Box("study", "Study one project that looks like your goal.", request.start, until))
    if request.gap is not None:
        topic, since = request.gap
        found.append(Box("gap", request.graph.topics[request.graph.current(topic)].title, since, since + timedelta(7)))
    dates = _dates(request.start, board)
    found += [Box("passion", item.id, *dates[item.id]) for item in items if item.weeks and item.id in dates]
    return tuple(found)


@dataclass(frozen=True)
class Earlier:
    """What is remembered of a plan that was made before."""

    start: date
    topics: tuple[str, ...]
    dates: Mapping[str, tuple[date, date]]
    finish_p50: date | None


@dataclass(frozen=True)
class Changes:
    """What a new plan changed."""

    moved: tuple[str, ...]
    """Topics that now end in another week."""
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    """Topics that are mastered by now, or no longer wanted."""
    days: int | None
    """Days by which the P50 finish moved; None where one of them has none."""

    @property
    def words(self) -> str:
        """The changes in one line."""
        said = [
            f"{verb} {len(ids)} topic{'s' * (len(ids) != 1)}"
            for verb, ids in (("moved", self.moved), ("added", self.added), ("finished or dropped", self.dropped))
            if ids
        ]
        if self.days is not None:
            said.append(f"finish {self.days:+d} day{'s' * (abs(self.days) != 1)}" if self.days else "finish unchanged")
        return ", ".join(said)


def changes(old: Plan | Earlier, new: Plan) -> Changes:
    """What moved from one plan to the next, by the weeks of the old one."""

    def week(plan: Plan | Earlier, id: str) -> int | None:
        return (plan.dates[id][1] - old.start).days // 7 if id in plan.dates else None

    both = set(old.topics) & set(new.topics)
    days = (new.finish_p50 - old.finish_p50).days if new.finish_p50 and old.finish_p50 else None
    return Changes(
        tuple(id for id in new.topics if id in both and week(old, id) != week(new, id)),
        tuple(id for id in new.topics if id not in both),
        tuple(id for id in old.topics if id not in both),
        days,
    )
