"""Which rows learn for which: folds at random, by group, and by time."""

from __future__ import annotations

import numpy as np

from castalia.core.errors import WrongInput
from castalia.kit.tabular.frames import Array, Ints
from castalia.kit.tabular.levels import factorize


def random_folds(rows: int, folds: int, classes: Ints | None, seed: int) -> Ints:
    """(n,) the fold of each row; each class is dealt evenly, so that every fold has nearly the same rate."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(rows, np.int64)
    fold[order] = np.arange(rows) % folds
    return fold


def group_folds(groups: Array, folds: int, seed: int) -> Ints:
    """(n,) folds that no group is in two of: the largest group first, into the fold that has least."""
    _, group = factorize(groups, "groups")
    sizes = np.bincount(group)
    if len(sizes) < 2:
        raise WrongInput(
            "one group cannot be held out", "1 group", "at least two", "Leave groups= out.", field="groups"
        )
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fill, fold_of = np.zeros(min(folds, len(sizes)), np.int64), np.empty(len(sizes), np.int64)
    for each in order.tolist():
        least = int(np.argmin(fill))
        fold_of[each] = least
        fill[least] += sizes[each]
    return np.asarray(fold_of[group])


def time_blocks(time: Array, folds: int) -> Ints:
    """(n,) blocks in order of time, ``folds`` + 1 of about equal size; rows of the same moment are never parted."""
    _, moment = factorize(time, "time")
    before = np.concatenate([[0], np.cumsum(np.bincount(moment))])[:-1]  # rows earlier than each moment
    return np.asarray((before[moment] * (folds + 1)) // len(time))
