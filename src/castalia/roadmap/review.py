"""When something learned is due again: FSRS-6 over topics, with ratings taken from what happened.

A topic has a memory from its first passed contract. What was submitted on one day is one review. A pass of a topic
also gives the topics it encompasses a share of the credit, and of what is due a few prompts are chosen that clear most
of it. Intervals are spread by a seeded draw: the same log gives the same days. It never shows how much is waiting.

Weights and ranges of the spread are those of py-fsrs, and tests hold the arithmetic against it to 1e-9. It is done here
because a log of years is replayed at each start, and by the day: py-fsrs takes 20 µs and a moment for each review.
"""

from __future__ import annotations

import math
import random
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from statistics import median

from fsrs.scheduler import DEFAULT_PARAMETERS, FUZZ_RANGES

from castalia.roadmap.graph import Graph
from castalia.roadmap.mastery import FAINT, MOSTLY, Tracker, main
from castalia.roadmap.observation import PRIORS, QUESTION, Observation

LEAST = 0.001
"""Days of stability."""
RETENTION, LONGEST = 0.85, 180
"""R at which a review is due, and days after which it is at the latest."""
AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
FEW = 5
"""Passes of a learner from which their median time says something."""
FORGIVEN = 14
"""Days late after which the days in between are no measure, and something is rebuilt instead."""
AT_MOST = 3
"""Reviews a day."""


@dataclass(frozen=True)
class Memory:
    """How well one topic is remembered."""

    stability: float
    """Days until R is 0.9."""
    difficulty: float
    """1 to 10."""
    last: date
    due: date
    reviews: int = 1
    marked: date | None = None
    """A topic that it requires failed on this day, and it was not passed since."""


@dataclass(frozen=True)
class Scheduler:
    """FSRS-6 without learning steps; the weights are py-fsrs's defaults. Formulas: docs/planner.md."""

    retention: float = RETENTION
    longest: int = LONGEST
    weights: tuple[float, ...] = DEFAULT_PARAMETERS

    @cached_property
    def factor(self) -> float:
        """F: R is 0.9 after as many days as the stability."""
        return float(0.9 ** (-1 / self.weights[20])) - 1

    def recall(self, stability: float, days: int) -> float:
        """R after so many days."""
        return float((1 + self.factor * max(0, days) / stability) ** -self.weights[20])

    def interval(self, stability: float) -> int:
        """Days until R has fallen to ``retention``, at least one."""
        days = float(stability / self.factor * (self.retention ** (-1 / self.weights[20]) - 1))
        return min(self.longest, max(1, round(days)))

    def first(self, grade: int) -> tuple[float, float]:
        """Stability and difficulty after the first pass."""
        return max(LEAST, self.weights[grade - 1]), min(10.0, max(1.0, self._start(grade)))

    def _start(self, grade: int) -> float:
        return float(self.weights[4] - math.e ** (self.weights[5] * (grade - 1)) + 1)

    def stability(self, stability: float, difficulty: float, days: int, grade: int) -> float:
        """The stability after a review so many days after the last one."""
        w = self.weights
        if days < 1:
            growth = float(math.e ** (w[17] * (grade - 3 + w[18])) * stability ** -w[19])
            return max(LEAST, stability * (growth if grade == AGAIN else max(1.0, growth)))
        r = self.recall(stability, days)
        if grade == AGAIN:
            new = w[11] * difficulty ** -w[12] * ((stability + 1) ** w[13] - 1) * math.e ** (w[14] * (1 - r))
            return float(max(LEAST, min(new, stability / math.e ** (w[17] * w[18]))))
        bonus = w[15] if grade == HARD else w[16] if grade == EASY else 1.0
        growth = math.e ** w[8] * (11 - difficulty) * stability ** -w[9] * (math.e ** (w[10] * (1 - r)) - 1) * bonus
        return float(max(LEAST, stability * (1 + growth)))

    def difficulty(self, difficulty: float, grade: int) -> float:
        """The difficulty after a review."""
        w = self.weights
        moved = difficulty - w[6] * (grade - 3) * (10 - difficulty) / 9
        return min(10.0, max(1.0, w[7] * self._start(EASY) + (1 - w[7]) * moved))


OURS = Scheduler()


def reviewed(memory: Memory | None, rating: int, day: date, by: Scheduler = OURS) -> Memory:
    """The memory after a review; without one before, after the first pass. Its day is not spread yet."""
    if memory is None:
        count, (stability, difficulty) = 1, by.first(rating)
    else:
        count, days = memory.reviews + 1, (day - memory.last).days
        stability = by.stability(memory.stability, memory.difficulty, days, rating)
        difficulty = by.difficulty(memory.difficulty, rating)
    return Memory(stability, difficulty, day, day + timedelta(days=by.interval(stability)), count)


def spread(days: int, seed: str) -> int:
    """An interval moved a little, so that what was learned together does not come back together.

    The range is py-fsrs's own; the draw depends on ``seed`` alone.
    """
    if days < 2.5:
        return days
    delta = 1.0 + sum(each["factor"] * max(min(float(days), each["end"]) - each["start"], 0.0) for each in FUZZ_RANGES)
    low, high = max(2, round(days - delta)), min(round(days + delta), LONGEST)
    return random.Random(seed).randint(min(low, high), high)


def recall(memory: Memory, today: date) -> float:
    """R: the probability that it is still known."""
    return OURS.recall(memory.stability, (today - memory.last).days)


def rating(*, passed: bool, submits: int = 1, hints: int = 0, minutes: float = 0.0, usual: float = 0.0) -> int:
    """FSRS's rating from what happened: failed, passed with help or late, passed, or in under half the usual time."""
    if not passed:
        return AGAIN
    if hints or submits > 2:
        return HARD
    return EASY if submits == 1 and 0 < minutes < usual / 2 else GOOD


def memories(seen: Sequence[Observation], graph: Graph, seed: int = 0) -> dict[str, Memory]:
    """The memory of every topic that was ever passed by a contract."""
    days = Days(graph, seed)
    days.run(seen)
    return days.memories


class Days:
    """Memories that follow observations, whole days at a time: a day looks at what was before it, never behind it."""

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        self.graph, self.seed = graph, seed
        self.tracker, self.kept = Tracker(graph), dict[str, Memory]()
        self.asked = dict[str, Memory]()
        """When to ask again about topics that no contract has shown. It is no measure of forgetting: who knew a
        thing before Castalia did not learn it on the day of the question."""
        self.minutes: list[float] = []
        """Of every pass, in order of size."""
        self.after: dict[str, list[str]] = {}
        for topic in graph.topics.values():
            for other in topic.requires:
                self.after.setdefault(other, []).append(topic.id)

    @property
    def usual(self) -> float:
        """The learner's median minutes for a pass; 0 while there are too few to say."""
        return median(self.minutes) if len(self.minutes) >= FEW else 0.0

    @property
    def memories(self) -> dict[str, Memory]:
        """With their days spread."""
        return {id: self._spread(id, memory) for id, memory in self.kept.items()}

    @property
    def again(self) -> dict[str, Memory]:
        """Of topics that only questions have shown, with their days spread."""
        return {id: self._spread(id, memory) for id, memory in self.asked.items() if id not in self.kept}

    def run(self, seen: Iterable[Observation]) -> None:
        """Take whole days in, later than all before."""
        days: dict[date, list[Observation]] = {}
        for each in seen:
            if PRIORS[each.kind].contract or each.check.endswith("/number") or each.check.startswith(QUESTION):
                days.setdefault(each.day, []).append(each)
        for day in sorted(days):
            self._day(day, days[day])
            for each in days[day]:
                if each.passed and each.minutes and PRIORS[each.kind].contract:
                    insort(self.minutes, each.minutes)

    def _spread(self, id: str, memory: Memory) -> Memory:
        days = spread((memory.due - memory.last).days, f"{self.seed}/{id}/{memory.reviews}")
        return replace(memory, due=memory.last + timedelta(days=days))

    def _day(self, day: date, seen: Sequence[Observation]) -> None:
        last = {each.check: each for each in seen}.values()
        usual, passed_places = self.usual, {_place(each) for each in last if each.passed}
        ratings: dict[str, int] = {}
        credit: dict[str, float] = {}
        for each in last:
            if each.check.startswith(QUESTION) and not self.kept.keys() & each.topics:
                self._ask(next(iter(each.topics)), day, passed=each.passed)
                continue
            if not each.passed and (not each.again or _place(each) in passed_places):
                continue  # what was never passed is not forgotten; on the way to a pass its submits say so
            grade = rating(
                passed=each.passed, submits=each.submits, hints=each.hints or each.kind == "opened",
                minutes=each.minutes, usual=usual,
            )  # fmt: skip
            central = main(each.topics)
            for id, weight in each.topics.items():
                if id in central or (each.passed and id not in self.kept):
                    ratings[id] = min(grade, ratings.get(id, EASY))
                elif each.passed:
                    credit[id] = max(credit.get(id, 0.0), weight)
        for id, grade in ratings.items():
            if grade == AGAIN and id not in self.kept:
                continue
            self.kept[id] = reviewed(self.kept.get(id), grade, day)
            if grade == AGAIN:
                self._mark(id, day)
            else:
                for other, share in self.tracker.within(id).items():
                    credit[other] = max(credit.get(other, 0.0), share)
        for id, weight in credit.items():
            if id in self.kept and id not in ratings and weight >= FAINT:
                self.kept[id] = credited(self.kept[id], weight, day)

    def _ask(self, id: str, day: date, *, passed: bool) -> None:
        """What a question showed is asked for again, later each time; what it did not is the plan's again."""
        if passed:
            self.asked[id] = reviewed(self.asked.get(id), GOOD if id in self.asked else EASY, day)
        else:
            self.asked.pop(id, None)

    def _mark(self, id: str, day: date) -> None:
        """What stands on a failed topic is looked at soon; nothing of it is taken away."""
        for other in self.after.get(id, ()):
            if other in self.kept:
                self.kept[other] = replace(self.kept[other], marked=day)


def _place(seen: Observation) -> str:
    return "/".join(seen.check.split("/")[:2])


def credited(memory: Memory, weight: float, day: date) -> Memory:
    """A share of what a good review today would give: FIRe in small (Math Academy's idea).

    The stability grows by it, the day of the last review stays; shortly after a review there is little to gain.
    """
    full = OURS.stability(memory.stability, memory.difficulty, (day - memory.last).days, GOOD)
    stability = memory.stability + weight * max(0.0, full - memory.stability)
    due = max(memory.due, memory.last + timedelta(days=OURS.interval(stability)))
    return Memory(stability, memory.difficulty, memory.last, due, memory.reviews, memory.marked)


@dataclass(frozen=True)
class Prompt:
    """Something to do that shows that topics are still known: a question, a planted bug, a milestone written again."""

    id: str
    form: str
    """``number``, ``choice``, ``bug`` or ``rebuild``."""
    topics: Mapping[str, float]
    minutes: float = 10.0


@dataclass(frozen=True)
class Choice:
    """What to review today: up to three prompts, or after a long absence one rebuild."""

    prompts: tuple[Prompt, ...] = ()
    rebuild: Prompt | None = None


def choose(held: Mapping[str, Memory], prompts: Sequence[Prompt], today: date, graph: Graph) -> Choice:
    """The prompts that clear most of what is due, at most three; more than 14 days late, the shortest rebuild."""
    due = {id for id, memory in held.items() if memory.due <= today or memory.marked}
    late = {id for id in due if (today - held[id].due).days > FORGIVEN}
    tracker = Tracker(graph)
    cleared = {each.id: clears(each, tracker) for each in prompts}
    rebuilds = [each for each in prompts if each.form == "rebuild" and cleared[each.id] & late]
    if rebuilds:
        return Choice(rebuild=min(rebuilds, key=lambda each: (each.minutes, -len(cleared[each.id] & late), each.id)))
    chosen: list[Prompt] = []
    while due and len(chosen) < AT_MOST:
        useful = [each for each in prompts if each not in chosen and cleared[each.id] & due]
        if not useful:
            break
        best = min(useful, key=lambda each: (*_need(cleared[each.id] & due, held, today), each.minutes, each.id))
        chosen.append(best)
        due -= cleared[best.id]
    return Choice(tuple(chosen))


def _need(ids: set[str], held: Mapping[str, Memory], today: date) -> tuple[int, int]:
    """Most topics first, then those that wait longest."""
    return -len(ids), -sum((today - held[id].due).days for id in ids)


def clears(prompt: Prompt, tracker: Tracker) -> set[str]:
    """The topics that a prompt shows: what it is mainly about, and what that mostly uses."""
    found = main(prompt.topics)
    for id in list(found):
        found |= {other for other, weight in tracker.within(id).items() if weight >= MOSTLY}
    return found


def load(held: Mapping[str, Memory], today: date, weeks: int, minutes: float = 10.0) -> tuple[float, ...]:
    """Hours of review in each of the next weeks, if every one is done on its day and is good."""
    hours = [0.0] * weeks
    for memory in held.values():
        while (week := max(0, (memory.due - today).days) // 7) < weeks:
            hours[week] += minutes / 60
            memory = reviewed(memory, GOOD, max(memory.due, today))
    return tuple(hours)
