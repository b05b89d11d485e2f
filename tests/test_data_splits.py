"""Splits, folds and batches: by properties, and against scikit-learn where the definitions agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import WrongInput
from castalia.data import batches, folds, split_groups, split_rows, split_time

seeds = st.integers(0, 2**32)
labels = st.lists(st.integers(0, 4), min_size=2, max_size=120)


def whole(train, test, n):
    """Disjoint, covering, sorted, neither empty."""
    assert len(train) and len(test)
    assert train.dtype == test.dtype == np.int64
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(n))


@given(st.integers(2, 300), st.floats(0.01, 0.99), seeds)
def test_rows_are_parted_at_the_asked_share(n, share, seed):
    train, test = split_rows(n, share, seed)
    whole(train, test, n)
    assert abs(len(test) - n * share) <= 0.5 + 1e-9 or len(test) in (1, n - 1)
    assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()
    again = split_rows(n, share, seed)
    assert np.array_equal(train, again[0]) and np.array_equal(test, again[1])


def test_another_seed_is_another_split_and_every_row_gets_its_turn():
    tests = [set(split_rows(100, 0.2, seed)[1].tolist()) for seed in range(40)]
    assert len({frozenset(t) for t in tests}) == 40
    assert set().union(*tests) == set(range(100))


@given(labels, st.floats(0.05, 0.95), seeds)
def test_each_class_gives_its_share(classes, share, seed):
    classes = np.array(classes)
    train, test = split_rows(len(classes), share, seed, stratify=classes)
    whole(train, test, len(classes))
    for c in np.unique(classes):
        fair = (classes == c).sum() * len(test) / len(classes)
        assert abs((classes[test] == c).sum() - fair) < 1


def test_the_stratified_split_is_as_large_as_scikit_learns():
    selection = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(0)
    for n in (50, 97, 400):
        y = rng.integers(0, 3, n)
        theirs = selection.train_test_split(np.arange(n), test_size=n // 4, stratify=y, random_state=0)[1]
        ours = split_rows(n, n // 4, 0, stratify=y)[1]
        assert len(ours) == len(theirs)
        assert np.abs(np.bincount(y[ours], minlength=3) - np.bincount(y[theirs], minlength=3)).max() <= 1


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=80), st.floats(0.05, 0.95), seeds)
def test_no_group_is_parted(groups, share, seed):
    if len(set(groups)) < 2:
        with pytest.raises(WrongInput, match="groups"):
            split_groups(groups, share, seed)
        return
    train, test = split_groups(groups, share, seed)
    whole(train, test, len(groups))
    assert not {groups[i] for i in train} & {groups[i] for i in test}


def test_many_small_groups_meet_the_share():
    groups = np.repeat(np.arange(500), 4)
    _, test = split_groups(groups, 0.2, 3)
    assert abs(len(test) - 400) <= 2


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=80), st.floats(0.05, 0.95))
def test_time_never_runs_backwards(times, share):
    if len(set(times)) < 2:
        with pytest.raises(WrongInput, match="time"):
            split_time(times, share)
        return
    times = np.array(times)
    train, test = split_time(times, share)
    whole(train, test, len(times))
    assert times[train].max() < times[test].min()
    assert (np.diff(times[train]) >= 0).all()


def test_iso_times_of_several_zones_are_ordered_as_moments():
    times = ["2026-01-01T12:00:00+05:00", "2026-01-01T09:00:00Z", "2026-01-01T08:00:00", "2026-01-02"]
    train, test = split_time(times, 0.5)
    assert train.tolist() == [0, 2] and test.tolist() == [1, 3]
    with pytest.raises(WrongInput, match="31/12/2026"):
        split_time([*times, "31/12/2026"])
    with pytest.raises(WrongInput, match="no time"):
        split_time(np.array(["2026-01-01", "NaT"], "datetime64[D]"))


@given(labels, st.integers(2, 6), seeds)
def test_stratified_folds_differ_by_one_row_at_most(classes, k, seed):
    classes = np.array(classes)
    if k > len(classes):
        with pytest.raises(WrongInput):
            folds(len(classes), k, seed)
        return
    parts = list(folds(len(classes), k, seed, stratify=classes))
    assert len(parts) == k
    for train, test in parts:
        whole(train, test, len(classes))
    tested = np.concatenate([test for _, test in parts])
    assert np.array_equal(np.sort(tested), np.arange(len(classes)))
    counts = np.array([np.bincount(classes[test], minlength=5) for _, test in parts])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_folds_hold_the_same_counts_as_scikit_learns():
    selection = pytest.importorskip("sklearn.model_selection")
    y = np.random.default_rng(1).choice(3, 331, p=[0.7, 0.25, 0.05])
    theirs = [np.bincount(y[t], minlength=3) for _, t in selection.StratifiedKFold(5, shuffle=True).split(y, y)]
    ours = [np.bincount(y[t], minlength=3) for _, t in folds(331, 5, 0, stratify=y)]
    assert np.array_equal(np.sort(ours, axis=0), np.sort(theirs, axis=0))
    plain = [len(t) for _, t in selection.KFold(5).split(y)]
    assert sorted(len(t) for _, t in folds(331, 5, 0)) == sorted(plain)


@settings(deadline=None)
@given(st.lists(st.integers(0, 11), min_size=6, max_size=150), st.integers(2, 4), seeds, st.booleans())
def test_grouped_folds_keep_groups_whole_and_none_empty(groups, k, seed, stratified):
    groups = np.array(groups)
    n, number = len(groups), len(set(groups.tolist()))
    classes = groups % 2 if stratified else None
    if number < k:
        with pytest.raises(WrongInput, match="groups"):
            folds(n, k, seed, stratify=classes, groups=groups)
        return
    parts = list(folds(n, k, seed, stratify=classes, groups=groups))
    for train, test in parts:
        whole(train, test, n)
        assert not set(groups[train]) & set(groups[test])
    assert np.array_equal(np.sort(np.concatenate([t for _, t in parts])), np.arange(n))


def test_grouped_folds_are_about_as_even_as_scikit_learns():
    selection = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 60, 900)
    y = (rng.random(60) < 0.3).astype(int)[groups]

    def spread(parts):
        parts = list(parts)
        return np.std([y[test].mean() for _, test in parts]), np.ptp([len(test) for _, test in parts])

    theirs = spread(selection.StratifiedGroupKFold(5, shuffle=True, random_state=0).split(y, y, groups))
    ours = spread(folds(900, 5, 0, stratify=y, groups=groups))
    assert ours[0] <= theirs[0] + 0.02
    assert ours[1] <= max(theirs[1], 40)


def test_missing_labels_are_a_class_of_their_own():
    y = np.array(["a", None, "b", None, "a", "b", None, "a"] * 4, object)
    _, test = split_rows(32, 8, 0, stratify=y)
    assert [sum(y[i] == c for i in test) for c in ("a", "b")] == [3, 2]
    assert sum(y[i] is None for i in test) == 3
    x = np.array([1.0, np.nan] * 10)
    counts = [np.isnan(x[test]).sum() for _, test in folds(20, 5, 0, stratify=x)]
    assert counts == [2] * 5


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: split_rows(1), "n"),
        (lambda: split_rows(10, 0.0), "test"),
        (lambda: split_rows(10, 1.0), "test"),
        (lambda: split_rows(10, 10), "test"),
        (lambda: split_rows(10, float("nan")), "test"),
        (lambda: split_rows(10, 0.2, -1), "seed"),
        (lambda: split_rows(10, 0.2, 0, stratify=[1, 2]), "stratify"),
        (lambda: folds(10, 1), "k"),
        (lambda: folds(3, 4), "k"),
        (lambda: folds(4, 2, groups=[1]), "groups"),
        (lambda: batches(10, 0), "size"),
        (lambda: batches(10, 3, seed=-1), "seed"),
    ],
)
def test_wrong_wishes_name_their_field(call, field):
    with pytest.raises(WrongInput) as caught:
        call()
    assert caught.value.field == field and caught.value.expected


@given(st.integers(0, 200), st.integers(1, 50), seeds, st.integers(0, 5), st.booleans())
def test_batches_show_every_row_once(n, size, seed, epoch, shuffle):
    parts = list(batches(n, size, seed, epoch, shuffle=shuffle))
    assert all(len(part) == size for part in parts[:-1])
    joined = np.concatenate([*parts, np.empty(0, np.int64)]).astype(int)
    assert np.array_equal(np.sort(joined), np.arange(n))
    assert shuffle or np.array_equal(joined, np.arange(n))
    full = list(batches(n, size, seed, epoch, drop_last=True, shuffle=shuffle))
    assert len(full) == n // size and all(len(part) == size for part in full)
    for a, b in zip(full, parts, strict=False):
        assert np.array_equal(a, b)


def test_epochs_and_seeds_differ_and_repeat():
    first = next(batches(1000, 100, 0, 0)).tolist()
    assert first == next(batches(1000, 100, 0, 0)).tolist()
    assert first != next(batches(1000, 100, 0, 1)).tolist()
    assert first != next(batches(1000, 100, 1, 0)).tolist()
