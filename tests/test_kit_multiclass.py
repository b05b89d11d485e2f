"""kit.metrics.multiclass_roc_auc: equal to scikit-learn, to rows counted twice, and to two classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import WrongInput
from castalia.kit import metrics

WAYS = [("ovr", "macro"), ("ovr", "weighted"), ("ovr", "micro"), ("ovo", "macro"), ("ovo", "weighted")]


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels in which every class occurs, and probabilities with ties."""
    count, rows = draw(st.integers(3, 6)), draw(st.integers(0, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y = np.concatenate([np.arange(count), rng.integers(0, count, rows)])
    raw = rng.integers(1, draw(st.sampled_from([3, 10, 1000])), (len(y), count)).astype(float)
    raw[np.arange(len(y)), y] += rng.random() * 3
    return y, raw / raw.sum(axis=1, keepdims=True)


@given(tables())
@settings(max_examples=30, deadline=None)
def test_it_equals_scikit_learn(rows: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = rows
    w = np.random.default_rng(len(y)).choice([0.5, 1.0, 3.0], len(y))
    names = [f"class {'xbcade'[at]}" for at in range(p.shape[1])]
    for way, average in WAYS:
        options: dict[str, Any] = {"multi_class": way, "average": average}
        expected = sk.roc_auc_score(y, p, **options)
        assert metrics.multiclass_roc_auc(y, p, **options) == pytest.approx(expected, abs=1e-12)
        named = metrics.multiclass_roc_auc([names[at] for at in y], p, classes=names, **options)
        assert named == pytest.approx(expected, abs=1e-12)
        if way == "ovr":
            expected = sk.roc_auc_score(y, p, sample_weight=w, **options)
            assert metrics.multiclass_roc_auc(y, p, w, **options) == pytest.approx(expected, abs=1e-12)


@given(tables(), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_weight_is_a_row_counted_so_often(rows: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    y, p = rows
    w = np.random.default_rng(seed).integers(0, 4, len(y))
    w[: p.shape[1]] = 1
    for way, average in WAYS:
        options: dict[str, Any] = {"multi_class": way, "average": average}
        often = metrics.multiclass_roc_auc(np.repeat(y, w), np.repeat(p, w, axis=0), **options)
        assert metrics.multiclass_roc_auc(y, p, w, **options) == pytest.approx(often, abs=1e-12)


def test_two_columns_are_two_classes_and_any_increasing_scale_will_do() -> None:
    rng = np.random.default_rng(0)
    y, s = rng.integers(0, 2, 500), rng.normal(size=500)
    expected = metrics.roc_auc(y, s)
    for way in ("ovr", "ovo"):
        assert metrics.multiclass_roc_auc(y, np.stack([-s, s], axis=1), multi_class=way) == pytest.approx(expected)
    labels, table = np.arange(300) % 3, rng.normal(size=(300, 3))
    for way in ("ovr", "ovo"):
        plain = metrics.multiclass_roc_auc(labels, table, multi_class=way)
        assert metrics.multiclass_roc_auc(labels, np.exp(table), multi_class=way) == pytest.approx(plain, abs=1e-12)
    assert metrics.multiclass_roc_auc([0, 1, 2], np.ones((3, 3))) == 0.5
    assert metrics.multiclass_roc_auc([0, 1, 2], np.diag([np.inf] * 3)) == 1.0


def test_many_rows_take_another_way_to_the_same_figure() -> None:
    rng = np.random.default_rng(3)
    y, p = rng.integers(0, 4, 50_000), rng.random((50_000, 4))
    p /= p.sum(axis=1, keepdims=True)
    for way, average in WAYS:
        options: dict[str, Any] = {"multi_class": way, "average": average}
        expected = sk.roc_auc_score(y, p, **options)
        assert metrics.multiclass_roc_auc(y, p, **options) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "act, said",
    [
        (lambda: metrics.multiclass_roc_auc([], np.zeros((0, 3))), "y is empty"),
        (lambda: metrics.multiclass_roc_auc([0, 1], [0.2, 0.8]), "score does not fit"),
        (lambda: metrics.multiclass_roc_auc([0, 1], [["a", "b"], ["c", "d"]]), "score does not fit"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((3, 2))), "lengths differ"),
        (lambda: metrics.multiclass_roc_auc([0, 1], [[0.1, np.nan], [0.5, 0.5]]), "score has nan"),
        (lambda: metrics.multiclass_roc_auc([0, 2], np.ones((2, 2))), "y does not fit"),
        (lambda: metrics.multiclass_roc_auc([0, -1], np.ones((2, 2))), "y does not fit"),
        (lambda: metrics.multiclass_roc_auc(["a", "b"], np.ones((2, 2))), "y does not fit"),
        (lambda: metrics.multiclass_roc_auc([0, 1, 1], np.ones((3, 3))), "a class has no rows"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((2, 2)), [1, 0]), "a class has no rows"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((2, 2)), [1, -1]), "weight does not fit"),
        (lambda: metrics.multiclass_roc_auc(["cat", "dgo"], np.ones((2, 2)), classes=["cat", "dog"]), "Did you mean"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((2, 2)), classes=["cat", "dog"]), "without a column"),
        (lambda: metrics.multiclass_roc_auc(["a", None], np.ones((2, 2)), classes=["a", "b"]), "without a column"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((2, 2)), classes=[0]), "classes do not fit"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((2, 2)), classes=[0, 0]), "classes do not fit"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((2, 2)), multi_class="ovo", average="micro"), "no such"),
        (lambda: metrics.multiclass_roc_auc([0, 1], np.ones((2, 2)), multi_class="over"), "no such average"),
    ],
)  # fmt: skip
def test_wrong_input_says_what_is_wrong(act: Callable[[], object], said: str) -> None:
    with pytest.raises(WrongInput, match=said):
        act()
