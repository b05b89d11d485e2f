"""How likely a topic is known, from what was passed and failed: Bayesian knowledge tracing with fixed worths.

Each observation multiplies the odds of "knows it" by what it is worth, and whoever worked on a topic may have learned
it meanwhile. One learner is too few to fit anything, so the worths of ``PRIORS`` are ours and are said to be. Source of
the model: Corbett and Anderson, Knowledge Tracing, 1995. Forgetting is not here but in ``review``.

>>> round(updated(0.15, "first", True), 2), round(updated(0.95, "first", False), 2)
(0.78, 0.7)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from castalia.roadmap.graph import Graph
from castalia.roadmap.observation import DAY, LATER, PRIORS, Observation

START = 0.15
"""P of a topic that nothing is known about."""
LEARNING = 0.10
"""Probability of having learned a topic by one more piece of work on it."""
KNOWN, BEGUN, FADED = 0.95, 0.35, 0.70
"""P from which a topic is checked, P from which it is being learned, R under which it is rusty."""
ENOUGH = 0.80
"""Mastery from which a topic is not planned any more and others may build on it."""
AGAIN = 7
"""Days in which the same check says nothing new."""
LIMITS = (0.001, 0.999)
"""P stays within: a thousand passes must not make one deaf for a failure."""
FAINT = 0.05
"""Credit through ``encompasses`` that is smaller is none."""
MOSTLY, TESTED = 0.5, 0.85
"""Who passes a contract mainly on a topic without help knows what it encompasses by at least this weight, with this P;
and who passes a question of the diagnostic, the topic and all that it requires. A check is mainly about the topics of
at least this share of its greatest weight."""
STATES = ("unknown", "learning", "checked", "retained", "rusty")


def worth(kind: str, passed: bool, score: float = 1.0) -> float:
    """The likelihood ratio of an observation, from a contract with mutation score ``score``.

    A contract that lets wrong programs through is passed more easily by who does not know.
    """
    prior = PRIORS[kind]
    guess = prior.guess + (1 - score) * (1 - prior.guess) / 2 if prior.contract else prior.guess
    if passed:
        return max(1.0, (1 - prior.slip) / guess)
    return min(1.0, prior.slip / (1 - guess))


def updated(p: float, kind: str, passed: bool, score: float = 1.0, weight: float = 1.0) -> float:
    """P after an observation of which the topic has the share ``weight``: the ratio to that power, then learning."""
    ratio = float(worth(kind, passed, score) ** weight)
    known = p * ratio / (p * ratio + (1 - p))
    learned = known + (1 - known) * float(1 - (1 - LEARNING) ** weight)
    return min(LIMITS[1], max(LIMITS[0], learned))


def main(topics: Mapping[str, float]) -> set[str]:
    """What a check is mainly about: topics of at least half the greatest weight."""
    top = max(topics.values(), default=0.0)
    return {id for id, weight in topics.items() if weight >= MOSTLY * top}


def powers(topics: Mapping[str, float]) -> dict[str, float]:
    """Topic -> the power of the likelihood ratio of a check: 1 for its greatest weight, the others in proportion.

    Weights are shared out over up to eleven topics of a milestone. Who lacks its main one does not pass it, so for that
    one a pass says what it would say alone. Our own estimate (docs/planner.md).
    """
    top = max(topics.values(), default=0.0)
    return {id: weight / top for id, weight in topics.items()}


@dataclass(frozen=True)
class Belief:
    """What is thought about one topic, before forgetting."""

    p: float
    contracts: int = 0
    """Passes of contracts that name it."""
    first: date | None = None
    """The day of the first of them."""
    kept: bool = False
    """A planted bug found or a rebuild from an empty file, 14 days after that or later."""
    seen: int = 0
    """Observations that counted."""


class Tracker:
    """Beliefs that follow observations, oldest first."""

    def __init__(self, graph: Graph, start: Mapping[str, float] | None = None) -> None:
        """``start``: P of topics before any observation, from the diagnostic; others begin with ``START``."""
        self.graph = graph
        self._start = {graph.current(id): min(LIMITS[1], max(LIMITS[0], p)) for id, p in (start or {}).items()}
        self.beliefs: dict[str, Belief] = {}
        self.counted: dict[tuple[str, bool], int] = {}
        """(check, passed) -> when it counted last."""
        self._within: dict[str, dict[str, float]] = {}

    def belief(self, id: str) -> Belief:
        """What is thought about a topic now."""
        return self.beliefs.get(id) or Belief(self._start.get(id, START))

    def grant(self, id: str) -> None:
        """Believe that a topic is known, as of one that was tested out."""
        if self.belief(id).p < TESTED:
            self.beliefs[id] = replace(self.belief(id), p=TESTED)

    def counts(self, seen: Observation) -> bool:
        """Whether an observation says anything new: the same check with the same end within a week does not."""
        last = self.counted.get((seen.check, seen.passed))
        return last is None or seen.time - last >= AGAIN * DAY

    def expected(self, seen: Observation) -> float:
        """The probability that this submit passes, as thought before it: the weakest of its main topics decides."""
        p = min(self.belief(id).p for id in main(seen.topics))
        prior = PRIORS[seen.kind]
        return p * (1 - prior.slip) + (1 - p) * prior.guess

    def see(self, seen: Observation) -> None:
        """Take an observation in."""
        if self.counts(seen):
            self._count(seen)
        if seen.passed and seen.tests_out:
            for id in self.graph.closure(seen.topics):
                self.grant(id)

    def _count(self, seen: Observation) -> None:
        self.counted[seen.check, seen.passed] = seen.time
        shares = powers(seen.topics)
        for id, weight in (shares if seen.passed else self._suspects(shares)).items():
            self._learn(id, seen, weight, own=True)
        if seen.passed:
            self._share(seen, shares)

    def _suspects(self, shares: Mapping[str, float]) -> Mapping[str, float]:
        """Powers of a failure: what is well known is hardly blamed where something beside it is not known."""
        doubts = {id: 1 - self.belief(id).p for id in shares}
        top = max(doubts.values())
        return {id: weight * doubts[id] / top for id, weight in shares.items()}

    def _learn(self, id: str, seen: Observation, weight: float, *, own: bool) -> None:
        old = self.belief(id)
        contracts, first, kept = old.contracts, old.first, old.kept
        if own and seen.passed and PRIORS[seen.kind].contract:
            contracts, first = contracts + 1, first or seen.day
            kept = kept or (seen.kind in ("rebuild", "bug") and (seen.day - first).days >= LATER)
        p = updated(old.p, seen.kind, seen.passed, seen.score, weight)
        self.beliefs[id] = Belief(p, contracts, first, kept, old.seen + 1)

    def _share(self, seen: Observation, shares: Mapping[str, float]) -> None:
        """Credit for what the passed topics use: by weight, and a test-out of what the main ones mostly use."""
        central, alone = main(seen.topics), seen.kind in ("first", "rebuild")
        credit: dict[str, float] = {}
        tested = set[str]()
        for id, weight in shares.items():
            for other, share in self.within(id).items():
                credit[other] = max(credit.get(other, 0.0), weight * share)
                if alone and id in central and share >= MOSTLY:
                    tested.add(other)
        for id, weight in credit.items():
            if id not in shares and weight >= FAINT:
                self._learn(id, seen, weight, own=False)
            if id in tested:
                self.grant(id)

    def within(self, id: str) -> Mapping[str, float]:
        """What a topic encompasses, directly or not, with the greatest product of weights on a way there."""
        if id not in self._within:
            found: dict[str, float] = {}
            for other, weight in self.graph.topics[id].encompasses.items():
                for further, share in ((other, 1.0), *self.within(other).items()):
                    if weight * share >= FAINT:
                        found[further] = max(found.get(further, 0.0), weight * share)
            self._within[id] = found
        return self._within[id]


def beliefs(seen: Iterable[Observation], graph: Graph, start: Mapping[str, float] | None = None) -> dict[str, Belief]:
    """A belief for every topic of the graph."""
    tracker = Tracker(graph, start)
    for each in seen:
        tracker.see(each)
    return {id: tracker.belief(id) for id in graph.topics}


def state(belief: Belief, recall: float = 1.0) -> str:
    """One of ``STATES``; ``recall`` is the R of ``review``."""
    if belief.p < BEGUN:
        return "unknown"
    if belief.p < KNOWN or not belief.contracts:
        return "learning"
    if recall < FADED:
        return "rusty"
    return "retained" if belief.kept else "checked"


@dataclass(frozen=True)
class Standing:
    """How a learner stands with one topic today."""

    topic: str
    state: str
    mastery: float
    """P · R: what the plan and the gap count with, 0 while P is not above ``START``. Never shown as a percentage."""
    p: float
    recall: float
    contracts: int


def standings(held: Mapping[str, Belief], recall: Mapping[str, float]) -> dict[str, Standing]:
    """Beliefs and recall together; a topic without a recall has nothing to forget yet."""
    found = {}
    for id, belief in held.items():
        r = recall.get(id, 1.0)
        mastery = belief.p * r if belief.p > START else 0.0
        found[id] = Standing(id, state(belief, r), mastery, belief.p, r, belief.contracts)
    return found
