"""Which rows to learn from and which to test on: by row, by group, by time; and folds.

Everything here works on row numbers alone and is decided by its arguments: the same arguments give the
same split. Row numbers are int64, sorted, and each function's two parts are disjoint and cover all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput
from castalia.core.record import shown

Rows = NDArray[np.int64]


def split_rows(n: int, test: float = 0.2, seed: int = 0, stratify: ArrayLike | None = None) -> tuple[Rows, Rows]:
    """``(train, test)`` of ``n`` rows drawn at random.

    ``test`` is a share between 0 and 1 or a whole number of rows. With ``stratify`` (a label a row) each
    class gives its share to the test rows, to within one row. Both parts hold at least one row.
    """
    size = _test_size(n, test)
    rng = _generator(seed)
    if stratify is None:
        return _parts(n, rng.permutation(n)[:size])
    codes = _codes(stratify, n, "stratify")
    counts = np.bincount(codes)
    taken = _largest_remainder(counts.astype(np.float64) * size / n, size)
    return _parts(n, np.concatenate([rng.permutation(np.flatnonzero(codes == c))[:t] for c, t in enumerate(taken)]))


def split_groups(groups: ArrayLike, test: float = 0.2, seed: int = 0) -> tuple[Rows, Rows]:
    """``(train, test)`` that never part a group (a customer, a patient, a writer).

    ``test`` is the wished share of the *rows*. Groups are taken in random order while they bring the test
    part nearer to it, so the share is met to within half of the largest group.
    """
    codes = _codes(groups, None, "groups")
    counts = np.bincount(codes)
    if len(counts) < 2:
        raise WrongInput("A split by group needs groups", f"{len(counts)} group", "at least 2 groups", field="groups")
    wished = _test_size(len(codes), test)
    chosen = np.zeros(len(counts), bool)
    size = 0
    for group in _generator(seed).permutation(len(counts)):
        if abs(size + counts[group] - wished) < abs(size - wished):
            chosen[group] = True
            size += int(counts[group])
    if not chosen.any():
        chosen[np.argmin(counts)] = True
    if chosen.all():
        chosen[np.argmin(counts)] = False
    return _parts(len(codes), np.flatnonzero(chosen[codes]))


def split_time(times: ArrayLike, test: float = 0.2) -> tuple[Rows, Rows]:
    """``(train, test)`` where every training row is earlier than every test row.

    ``times`` are numbers, ``datetime64`` or ISO dates as text. Rows of one moment stay together, so the
    share of test rows is the nearest possible. Both parts are in order of time, not of row number.
    """
    moments = _moments(times)
    size = _test_size(len(moments), test)
    order = np.argsort(moments, kind="stable")
    ordered = moments[order]
    cuts = np.flatnonzero(ordered[1:] > ordered[:-1]) + 1
    if not len(cuts):
        raise WrongInput("A split by time needs time to pass", "one moment", "at least 2 moments", field="times")
    cut = cuts[np.argmin(np.abs(cuts - (len(moments) - size)))]
    return order[:cut].astype(np.int64), order[cut:].astype(np.int64)


def folds(
    n: int, k: int = 5, seed: int = 0, stratify: ArrayLike | None = None, groups: ArrayLike | None = None
) -> Iterator[tuple[Rows, Rows]]:
    """``k`` pairs ``(train, test)``; every row is tested exactly once.

    Without ``groups`` the sizes of the folds differ by at most one row, and with ``stratify`` so do the
    counts of each class. With ``groups`` no group is in two folds; sizes and class shares are then as even
    as dealing the groups from the largest to the smallest makes them.
    """
    if not 2 <= k <= n:
        raise WrongInput(f"{n} rows cannot make {k} folds", f"k = {k}", f"k from 2 to {n}", field="k")
    rng = _generator(seed)
    codes = None if stratify is None else _codes(stratify, n, "stratify")
    if groups is not None:
        fold = _deal_groups(_codes(groups, n, "groups"), codes, k, rng)
    else:
        classes = np.zeros(n, np.int64) if codes is None else codes
        shuffled = rng.permutation(n)
        # Class after class, each in random order, dealt round like cards: counts of a class in two folds
        # differ by at most one, and so do the sizes, because the dealing goes on where it stopped.
        order = shuffled[np.argsort(classes[shuffled], kind="stable")]
        fold = np.empty(n, np.int64)
        fold[order] = np.arange(n) % k
    return (_parts(n, np.flatnonzero(fold == i)) for i in range(k))


def _deal_groups(groups: Rows, codes: Rows | None, k: int, rng: np.random.Generator) -> Rows:
    """The fold of each row: groups from the largest to the smallest, each to the fold it evens out best."""
    number = int(groups.max()) + 1
    if number < k:
        raise WrongInput(f"{number} groups cannot make {k} folds", f"k = {k}", f"k from 2 to {number}", field="k")
    classes = np.zeros(len(groups), np.int64) if codes is None else codes
    table = np.zeros((number, int(classes.max()) + 1))
    np.add.at(table, (groups, classes), 1.0)
    totals = table.sum(axis=0)
    held = np.zeros((k, table.shape[1]))
    chosen = np.empty(number, np.int64)
    order = rng.permutation(number)
    order = order[np.argsort(-table[order].sum(axis=1), kind="stable")]
    for place, group in enumerate(order):
        # Adding a group changes the sum of squared shares by 2*held*row + row^2: only the first differs by fold.
        cost = (held / totals) @ (table[group] / totals) + 1e-9 * held.sum(axis=1)
        if number - place <= int((held.sum(axis=1) == 0).sum()):
            cost[held.sum(axis=1) > 0] = np.inf  # the last groups go to the folds that are still empty
        best = int(np.argmin(cost))
        held[best] += table[group]
        chosen[group] = best
    return chosen[groups]


def _parts(n: int, test: NDArray[Any]) -> tuple[Rows, Rows]:
    mask = np.zeros(n, bool)
    mask[test] = True
    return np.flatnonzero(~mask).astype(np.int64), np.flatnonzero(mask).astype(np.int64)


def _largest_remainder(shares: NDArray[Any], total: int) -> NDArray[np.int64]:
    """Whole numbers that sum to ``total``, each within one of its share."""
    floor = np.floor(shares + 1e-9).astype(np.int64)
    rest = np.argsort(-(shares - floor), kind="stable")[: total - int(floor.sum())]
    floor[rest] += 1
    return floor


def _test_size(n: int, test: float) -> int:
    if n < 2:
        raise WrongInput("A split needs rows", f"{n} rows", "at least 2 rows", field="n")
    whole = isinstance(test, int | np.integer) and not isinstance(test, bool)
    if not (1 <= test <= n - 1 if whole else 0 < test < 1):
        expected = f"a share between 0 and 1, or 1 to {n - 1} rows"
        raise WrongInput("The test part does not fit", f"test = {test}", expected, field="test")
    return int(test) if whole else min(max(round(n * test), 1), n - 1)


def _generator(seed: int) -> np.random.Generator:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise WrongInput("The seed does not fit", shown(seed), "a whole number from 0", field="seed")
    return np.random.default_rng(int(seed))


def _codes(labels: ArrayLike, n: int | None, field: str) -> Rows:
    """Labels as numbers 0, 1, 2 ... in the order of their first appearance; missing ones are one label."""
    values = np.asarray(labels, dtype=object) if isinstance(labels, list | tuple) else np.asarray(labels)
    if values.ndim != 1 or (n is not None and len(values) != n):
        expected = f"one label for each of {n} rows" if n is not None else "one label a row"
        raise WrongInput(f"{field} does not fit the rows", f"shape {values.shape}", expected, field=field)
    numbers: dict[Any, int] = {}
    missing = object()
    items = (missing if v is None or v != v else v for v in values.tolist())
    return np.fromiter((numbers.setdefault(item, len(numbers)) for item in items), np.int64, len(values))


def _moments(times: ArrayLike) -> NDArray[Any]:
    values = np.asarray(times)
    if values.ndim != 1 or len(values) < 2:
        raise WrongInput("times does not fit", f"shape {values.shape}", "one time a row, at least 2", field="times")
    if values.dtype.kind in "OUS":
        try:
            values = np.array([_moment(v) for v in values.tolist()], dtype="datetime64[us]")
        except (TypeError, ValueError):
            bad = next(v for v in values.tolist() if not _is_moment(v))
            got, expected = shown(bad), "an ISO date such as 2026-01-31"
            raise WrongInput("A time cannot be read", got, expected, field="times") from None
    if values.dtype.kind in "Mf" and (values != values).any():
        raise WrongInput("A row has no time", "a missing time", "a time in every row", field="times")
    return values


def _moment(value: Any) -> datetime:
    """A date or time as UTC without its zone; a time that names no zone is taken as UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _is_moment(value: Any) -> bool:
    try:
        _moment(value)
    except (TypeError, ValueError):
        return False
    return True
