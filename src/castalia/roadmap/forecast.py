"""When a plan will be through: not one date but many simulated ones, of which the 50th and the 90th in a hundred count.

Each simulated learner draws how much more or less than planned gets done: for good (the pace nobody knows beforehand),
week by week, and topic by topic. Until four weeks of the learner's own exist, all three are lognormal with median 1 and
P90 = 1.5 times the median; afterwards the weeks are drawn from the learner's own, in blocks of two. The draws depend on
the seed alone, never on the hours a week, so that more hours end no simulated learner later.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from castalia.roadmap.schedule import FARTHEST, Offer
from castalia.roadmap.sequence import Item

Array = NDArray[np.float64]
Z90 = 1.2815515655446004
"""The 0.9 quantile of a standard normal."""
SPREAD = 1.5
"""P90 over P50 where nothing is known."""
PATHS = 400
ENOUGH_WEEKS = 4
"""Weeks of the learner's own from which they are used."""
BLOCK = 2
"""A good or a bad week is seldom alone."""
ALPHA, PACES = 0.3, (0.5, 2.0)
"""How fast the pace follows the last weeks, and between what it stays."""


@dataclass(frozen=True)
class Past:
    """A week that is over."""

    committed: float
    """Hours that the plan had to give in it, without buffer and reviews."""
    done: float
    """Hours of work finished in it, as the topics' own hours count them: those of a plan (``Share.hours``) over its
    pace, which would count twice otherwise."""
    spent: float = 0.0
    """Hours that it took; 0: not known, then the committed ones."""


def pace(past: Sequence[Past]) -> float:
    """Hours that an hour of a topic takes this learner: a moving average with α = 0.3 from 1, within 0.5 and 2.

    A week in which nothing was finished says nothing about the pace; the forecast counts it.
    """
    found = 1.0
    for week in past:
        spent = week.spent or week.committed
        if week.done > 0 and spent > 0:
            found += ALPHA * (spent / week.done - found)
    return min(PACES[1], max(PACES[0], found))


def ratios(past: Sequence[Past]) -> list[float]:
    """Of each week, what was finished over what was planned, at today's pace."""
    now = pace(past)
    return [week.done * now / week.committed for week in past if week.committed > 0]


@lru_cache(maxsize=512)
def _normals(seed: int, stream: int, rows: int, columns: int) -> Array:
    """The same first rows whatever the number of rows."""
    return np.random.default_rng((seed, stream)).standard_normal((rows, columns))


@dataclass(frozen=True)
class Finish:
    """When the simulated learners are through, in weeks from the start, each one's, the earliest first."""

    weeks: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """The week by which ``share`` of them are through; infinite where they are not within twenty years."""
        return self.weeks[min(len(self.weeks), max(1, math.ceil(share * len(self.weeks) - 1e-9))) - 1]


def simulate(
    items: Sequence[Item], offer: Offer, past: Sequence[Past] = (), *, seed: int = 0, paths: int = PATHS
) -> Finish:
    """Finish times of ``paths`` simulated learners who work on ``items`` in their order."""
    segments = _segments(items, _topic_factors(items, seed, paths, centred=len(ratios(past)) >= ENOUGH_WEEKS), paths)
    rows = 64
    while True:
        left = _left(offer, _weekly(past, seed, paths, rows))
        ends = _finish(segments, left)
        if rows >= FARTHEST or np.isfinite(ends).all():
            return Finish(tuple(float(each) for each in np.sort(ends)))
        rows = min(FARTHEST, rows * 4)


def _sigma(ratio: float) -> float:
    return math.log(max(1.0, ratio)) / Z90


def _topic_factors(items: Sequence[Item], seed: int, paths: int, *, centred: bool) -> list[Array]:
    """Of each item, how many times its hours it takes each path; its draw is its own, whatever else is planned.

    The learner's own weeks hold already that topics take longer on average than their median: then the mean is 1.
    """
    found = []
    for item in items:
        sigma = _sigma(item.spread)
        draws = _normals(seed, zlib.crc32(item.id.encode()), 1, paths)[0]
        found.append(np.exp(sigma * draws - (sigma**2 / 2 if centred else 0.0)))
    return found


def _weekly(past: Sequence[Past], seed: int, paths: int, rows: int) -> Array:
    """(weeks, paths): how many times the planned hours each week yields."""
    known = np.array(ratios(past))
    sigma = _sigma(SPREAD)
    lasting = _normals(seed, 2, 1, paths)
    if len(known) < ENOUGH_WEEKS:
        prior: Array = np.exp(sigma * (lasting + _normals(seed, 3, rows, paths)))
        return prior
    # Few weeks are a rough picture of all weeks: each path draws its own picture from them, then its weeks from that.
    count = len(known)
    picture = known[np.random.default_rng((seed, 4)).integers(count, size=(count, paths))]
    blocks = np.random.default_rng((seed, 5)).integers(count, size=(-(-rows // BLOCK), paths))
    index = (np.repeat(blocks, BLOCK, axis=0) + np.tile(np.arange(BLOCK), len(blocks))[:, None]) % count
    drawn: Array = np.take_along_axis(picture, index[:rows], axis=0) * np.exp(sigma * lasting * _doubt(count))
    return drawn


def _doubt(weeks: int) -> float:
    """What is left of the doubt about the lasting pace after so many weeks: that of a mean of them."""
    return 1 / math.sqrt(weeks)


def _left(offer: Offer, weekly: Array) -> Array:
    """(weeks + 1, paths): hours for the plan up to the end of each week, after own resources."""
    rows = len(weekly)
    offered = np.array([offer.offered(week) for week in range(rows)])
    taken = np.cumsum([offer.taken(week) for week in range(rows)])
    total = np.cumsum(weekly * offered[:, None], axis=0) - taken[:, None]
    left: Array = np.maximum.accumulate(np.vstack([np.zeros((1, weekly.shape[1])), total]), axis=0)
    return left


def _segments(items: Sequence[Item], factors: Sequence[Array], paths: int) -> list[tuple[Array, float]]:
    """Work between two projects with an end of their own: (hours per path, weeks at most), 0 where none."""
    found: list[tuple[Array, float]] = []
    run = np.zeros(paths)
    for item, factor in zip(items, factors, strict=True):
        hours = item.hours * factor + item.review
        if item.weeks:
            found += [(run, 0.0), (hours, item.weeks)]
            run = np.zeros(paths)
        else:
            run = run + hours
    return [*found, (run, 0.0)]


def _finish(segments: Sequence[tuple[Array, float]], left: Array) -> Array:
    at = np.zeros(left.shape[1])
    for hours, weeks in segments:
        done = _reached(left, _upto(left, at) + hours, at)
        at = np.minimum(done, at + weeks) if weeks else done
    return at


def _upto(left: Array, at: Array) -> Array:
    """Hours for the plan up to the time ``at`` of each path."""
    rows = len(left) - 1
    time = np.minimum(at, rows)
    week = np.minimum(time.astype(int), rows - 1)
    columns = np.arange(left.shape[1])
    below, above = left[week, columns], left[week + 1, columns]
    upto: Array = below + (above - below) * (time - week)
    return upto


def _reached(left: Array, goal: Array, at: Array) -> Array:
    """The first time from ``at`` on when so many hours were there; infinite where there are never so many."""
    goal = goal - 1e-9
    week = (left < goal).sum(axis=0)  # the first border at which it is reached
    late = week >= len(left)
    high = np.clip(week, 1, len(left) - 1)
    columns = np.arange(left.shape[1])
    below, above = left[high - 1, columns], left[high, columns]
    step = np.where(above > below, (goal - below) / np.where(above > below, above - below, 1.0), 0.0)
    time: Array = np.where(late, np.inf, np.maximum(at, high - 1 + np.clip(step, 0.0, 1.0)))
    return np.where(week == 0, at, time)
