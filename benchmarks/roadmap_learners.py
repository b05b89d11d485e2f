"""How often simulated learners are through by the planner's dates: `python benchmarks/roadmap_learners.py`.

200 learners, each with a goal, hours a week and a beginning drawn at random, get a plan, and their weeks are then
played to the end, twice: once as the planner assumes (its own prior), once by a process that it does not assume. In
that one the pace of a week depends on the week before, whole weeks are lost in runs, skills are harder for one learner
than for another and mathematics for most, and topics take hours with a heavy tail.

After 8 and 16 weeks the plan is made again as the app makes it, by ``State``: from a journal and from events. A topic
that a contract checks leaves a pass halfway, one at its end, and reviews later; any other is said to be known when it
is finished. What was done in between leaves nothing, and no learner writes hours down. Nothing here is imported by the
planner. Writes benchmarks/results/roadmap_learners.json.

No learner is real. The parameters of the other process were written down before the first run and not changed since.
What may be tuned in the planner was judged on the even learners, and the odd ones are reported as held out: tuned was
how fast the doubt about the lasting pace fades with the weeks (``forecast._doubt``), out of four ways; the first plan
has no part that was tuned.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported: it reads it once

import numpy as np

from castalia.core.evidence import Event
from castalia.kit.stats import wilson
from castalia.roadmap.content import content
from castalia.roadmap.contracted import Asked, Contracted
from castalia.roadmap.graph import Graph
from castalia.roadmap.history import derive
from castalia.roadmap.learner import Profile, Settled
from castalia.roadmap.planner import Plan, Request, plan
from castalia.roadmap.state import State

HERE = Path(__file__).parent
LEARNERS = 200
START = date(2026, 11, 23)
DAY = 86_400_000
REVIEWS = (2, 13, 59)
"""Days after a topic on which it is reviewed."""
LONGEST = 2000
"""Weeks after which a learner is taken to have stopped."""

Z90 = 1.2815515655446004
OWN = {"lasting": np.log(1.5) / Z90, "weekly": np.log(1.5) / Z90, "topic": np.log(1.5) / Z90}
"""Standard deviations of logarithms: what docs/planner.md says, written again."""
OTHER = {
    "lasting": 0.25,  # between learners
    "memory": 0.8,  # of a week's pace for the week before
    "weekly": 0.35,
    "lost_begins": 0.06,  # probability that a run of lost weeks begins
    "lost_goes_on": 0.4,
    "maths": 1.3,  # how many times its hours mathematics takes
    "deep": 1.15,
    "skill": 0.25,  # between learners, for each skill
    "topic_shape": 4.0,  # gamma, mean 1
}


@dataclass
class Learner:
    """Somebody with a goal, and dice of their own."""

    number: int
    graph: Graph
    aim: str
    goal: tuple[str, ...]
    hours: float
    known: dict[str, float]
    other: bool
    factors: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng((20261123, self.number, int(self.other)))
        self.lasting = float(self.random.normal(0, (OTHER if self.other else OWN)["lasting"]))
        self.skills: dict[str, float] = {}

    def takes(self, id: str) -> float:
        """How many times its hours a topic takes this learner."""
        if id not in self.factors:
            self.factors[id] = self._bias(id) if self.other else float(np.exp(self.random.normal(0, OWN["topic"])))
        return self.factors[id]

    def _bias(self, id: str) -> float:
        skill = self.graph.topics[id].skill
        if skill not in self.skills:
            usual = OTHER["maths"] if skill == "ma" else OTHER["deep"] if skill == "dl" else 1.0
            self.skills[skill] = usual * float(np.exp(self.random.normal(0, OTHER["skill"])))
        return self.skills[skill] * float(self.random.gamma(OTHER["topic_shape"], 1 / OTHER["topic_shape"]))

    def weeks(self) -> Iterator[float]:
        """How many times the planned hours each week yields, for ever."""
        if not self.other:
            while True:
                yield float(np.exp(self.lasting + self.random.normal(0, OWN["weekly"])))
        state, lost = float(self.random.normal(0, OTHER["weekly"])), False
        rest = float(np.sqrt(1 - OTHER["memory"] ** 2)) * OTHER["weekly"]
        while True:
            lost = bool(self.random.random() < (OTHER["lost_goes_on"] if lost else OTHER["lost_begins"]))
            yield 0.0 if lost else float(np.exp(self.lasting + state))
            state = OTHER["memory"] * state + float(self.random.normal(0, rest))

    def request(self, **more: Any) -> Request:
        return Request(self.graph, self.goal, self.hours, **{"start": START, "mastery": self.known, **more})


def drawn(number: int, other: bool) -> Learner:
    """The learner of a number: the same goal, hours and beginning in both processes."""
    random, shipped = np.random.default_rng((7, number)), content()
    every = [shipped.goal(id) for id in shipped.goals]
    goals = [goal for goal in every if len(shipped.graph.closure(goal.topics)) >= 10]
    aim = goals[int(random.integers(len(goals)))]
    goal = tuple(aim.topics)
    order = shipped.graph.order(shipped.graph.closure(goal))
    known = dict.fromkeys(order[: int(random.uniform(0, 0.5) * len(order))], 0.85)
    return Learner(number, shipped.graph, aim.id, goal, float(random.integers(4, 26)), known, other)


@dataclass
class Play:
    """What a learner did, week by week."""

    reached: dict[tuple[str, float], float]
    """(topic, 0.5 or 1) -> when so much of it was done, in weeks."""
    end: float
    """Weeks."""


def play(learner: Learner, first: Plan) -> Play:
    """The learner works through the first plan's order until it is done."""
    queue = [[item.id, item.hours * learner.takes(item.id) + item.review] for item in first.items]
    whole = dict(queue)
    reached: dict[tuple[str, float], float] = {}
    offered = learner.hours * 0.8
    for week, ratio in enumerate(learner.weeks()):
        hours = offered * ratio
        while queue and hours > 0:
            id, left = queue[0]
            now = min(left, hours)
            for share in (0.5, 1.0):
                until = whole[id] * (1 - share)
                if left - now <= until + 1e-9 and (id, share) not in reached:
                    reached[id, share] = week + 1 - (hours - (left - until)) / (offered * ratio)
            hours, queue[0][1] = hours - now, left - now
            if queue[0][1] <= 1e-9:
                queue.pop(0)
        if not queue:
            return Play(reached, week + 1 - hours / (offered * ratio) if ratio else week)
        if week >= LONGEST:
            return Play(reached, float("inf"))
    raise AssertionError


def state(learner: Learner, played: Play, weeks: int) -> State:
    """The learner after so many weeks, as the app reads them from the log and the journal."""
    shipped, topics = content(), learner.graph.topics
    every = {
        id: Contracted(id, tuple(Asked(f"M{n}", topics[id].title, {id: 1.0}, {}) for n in (1, 2)), {}, 0.97, "")
        for id in topics if id in shipped.checked
    }  # fmt: skip
    learned: dict[str, date] = {}
    events: list[Event] = []
    for (id, share), when in played.reached.items():
        if when >= weeks:
            continue
        if id in every:
            events += _events(id, share, when * 7, weeks * 7)
        elif share == 1:
            learned[id] = START + timedelta(days=int(when * 7))
    known = (*learner.known, *learned)
    settled = Settled(learner.aim, learner.hours, START)
    profile = Profile(settled, known=known, offers=((START, learner.hours),), learned=learned)
    today = START + timedelta(weeks=weeks)
    return State(Path("."), today, shipped, every, profile, derive(events, shipped, every, known))


def _events(id: str, share: float, day: float, end: float) -> Iterator[Event]:
    """A pass of the half, or of the whole with its reviews, as far as they are before the day ``end``."""
    begun, number = (START - date(1970, 1, 1)).days * DAY, "M1" if share < 1 else "M2"
    yield Event("check", id, number, code_hash=f"{share}", outcome="pass", time=begun + int(day * DAY))
    for after in REVIEWS if share == 1 else ():
        if day + after < end:
            time = begun + int((day + after) * DAY)
            yield Event("review", id, number, outcome="pass", time=time, more={"form": "rebuild"})


def covered(made: Plan, end: float) -> tuple[bool, bool]:
    """Whether a learner who ends ``end`` weeks after ``START`` is through by P50 and by P90."""
    day = START + timedelta(days=float(np.ceil(end * 7 - 1e-6))) if np.isfinite(end) else date.max
    return day <= (made.finish_p50 or date.max), day <= (made.finish_p90 or date.max)


def told(found: list[tuple[bool, bool]]) -> dict[str, Any]:
    """Shares with Wilson's intervals."""
    count, half, most = len(found), sum(a for a, _ in found), sum(b for _, b in found)
    interval = wilson(most, count)
    return {
        "learners": count, "p50_covers": half / count, "p90_covers": most / count,
        "p90_low": interval.low, "p90_high": interval.high,
    }  # fmt: skip


def run(other: bool, learners: int) -> dict[int, list[tuple[bool, bool, int]]]:
    """Of the plans made after 0, 8 and 16 weeks: (through by P50, by P90, number of the learner)."""
    found: dict[int, list[tuple[bool, bool, int]]] = {0: [], 8: [], 16: []}
    for number in range(learners):
        learner = drawn(number, other)
        first = plan(learner.request())
        played = play(learner, first)
        found[0].append((*covered(first, played.end), number))
        for weeks in (8, 16):
            if played.end > weeks + 1:
                again = plan(state(learner, played, weeks).request())
                found[weeks].append((*covered(again, played.end), number))
    return found


def main(learners: int) -> None:
    began = time.process_time()
    own, other = run(False, learners), run(True, learners)

    def part(rows: list[tuple[bool, bool, int]], rest: int | None = None) -> dict[str, Any]:
        return told([(a, b) for a, b, number in rows if rest is None or number % 2 == rest])

    result = {
        "simulated": True,
        "learners": learners,
        "own_prior": part(own[0]),
        "other_process": {**part(other[0]), "tuned_on": part(other[0], 0), "held_out": part(other[0], 1)},
        "made_again": {
            f"after_{weeks}_weeks": {
                "own_prior": part(own[weeks]),
                "other_process": {**part(other[weeks]), "held_out": part(other[weeks], 1)},
            }
            for weeks in (8, 16)
        },
        "parameters": {"own": {name: float(value) for name, value in OWN.items()}, "other": OTHER},
        "seconds": round(time.process_time() - began, 1),
    }
    print(json.dumps(result, indent=1))
    if learners == LEARNERS:
        (HERE / "results" / "roadmap_learners.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LEARNERS)
