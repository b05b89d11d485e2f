"""ROC AUC of several classes: each against the rest, or each pair against each other.

A score for each class is a ranking for each class. One against the rest asks whether the rows of a class score highest
in its column (Fawcett 2006); one against one asks it among the rows of two classes at a time, so that a large third
class does not hide a confusion of two small ones (Hand and Till 2001).

>>> multiclass_roc_auc([0, 1, 2], [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
1.0
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput, did_you_mean
from castalia.kit.metrics.inputs import Bools, Floats, column, same_length, weights
from castalia.kit.metrics.ranking import area

AVERAGES = {"ovr": ("macro", "weighted", "micro"), "ovo": ("macro", "weighted")}


def multiclass_roc_auc(
    y: ArrayLike,
    score: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    multi_class: Literal["ovr", "ovo"] = "ovr",
    average: Literal["macro", "weighted", "micro"] = "macro",
    classes: Sequence[Any] | None = None,
) -> float:
    """The mean of ROC AUCs, for ``score`` of shape (n, classes): probabilities, or any scores that rank.

    ``y`` holds column numbers 0, 1, ..., or values that ``classes`` names in the order of the columns. ``macro`` is the
    plain mean, of classes or of pairs; ``weighted`` counts each by its rows; ``micro``, for ``ovr``, ranks all cells
    of the table together. Every class must occur: the AUC of a class without rows is not defined (WrongInput).
    """
    if average not in AVERAGES.get(multi_class, ()):
        known = [f"{each} {mean}" for each, means in AVERAGES.items() for mean in means]
        got = f"{multi_class} {average}"
        raise WrongInput("no such average", got, ", ".join(known), did_you_mean(got, known).strip(), field="average")
    table = _table(score)
    places = _places(y, table, classes)
    w = weights(weight, places)
    if w is not None and not w.all():  # a row of weight 0 is not there
        table, places, w = table[w > 0], places[w > 0], w[w > 0]
    rows = np.bincount(places, weights=w, minlength=table.shape[1])
    if not rows.all():
        name = int(np.argmin(rows)) if classes is None else classes[int(np.argmin(rows))]
        cure = "Leave its column out: no row can tell how well that class ranks."
        raise WrongInput("a class has no rows", f"none of class {name!r}", "every class at least once", cure, field="y")
    if average == "micro":
        return _micro(table, places, w)
    found, shares = (
        _against_the_rest(table, places, w, rows) if multi_class == "ovr" else _pairs(table, places, w, rows)
    )
    return float(np.mean(found) if average == "macro" else np.average(found, weights=shares))


def _against_the_rest(
    table: Floats, places: NDArray[np.intp], w: Floats | None, rows: NDArray[Any]
) -> tuple[list[float], list[float]]:
    columns = np.ascontiguousarray(table.T)
    return [area(places == at, each, w) for at, each in enumerate(columns)], rows.tolist()


def _pairs(
    table: Floats, places: NDArray[np.intp], w: Floats | None, rows: NDArray[Any]
) -> tuple[list[float], list[float]]:
    """Of each pair of classes the mean of both rankings, and how much the pair weighs."""
    members = [np.flatnonzero(places == at) for at in range(table.shape[1])]
    columns = [np.ascontiguousarray(table[own].T) for own in members]
    found, shares = [], []
    for one, other in combinations(range(table.shape[1]), 2):
        first: Bools = np.arange(len(members[one]) + len(members[other])) < len(members[one])
        weight = None if w is None else np.concatenate([w[members[one]], w[members[other]]])
        by_one, by_other = (np.concatenate([columns[one][at], columns[other][at]]) for at in (one, other))
        found.append((area(first, by_one, weight) + area(~first, by_other, weight)) / 2)
        shares.append(float(rows[one] + rows[other]))
    return found, shares


def _micro(table: Floats, places: NDArray[np.intp], w: Floats | None) -> float:
    own = np.zeros(table.shape, dtype=np.bool_)
    own[np.arange(len(places)), places] = True
    return area(own.ravel(), table.ravel(), None if w is None else np.repeat(w, table.shape[1]))


def _table(score: ArrayLike) -> Floats:
    """(n, classes), two columns or more, without NaN."""
    table = np.asarray(score)
    if table.ndim != 2 or table.shape[1] < 2 or table.dtype.kind not in "biuf":
        got, cure = f"{table.dtype}, shape {table.shape}", "For two classes and one column, use roc_auc."
        raise WrongInput("score does not fit", got, "numbers, (n, classes)", cure, field="score")
    table = np.ascontiguousarray(table, dtype=np.float64)
    if np.isnan(table).any():
        at = int(np.argmax(np.isnan(table).any(axis=1)))
        raise WrongInput("score has nan", f"row {at}", "numbers without NaN", "Leave such rows out.", field="score")
    return table


def _places(y: ArrayLike, table: Floats, classes: Sequence[Any] | None) -> NDArray[np.intp]:
    """The column of each row's class."""
    labels = column(y, "y")
    same_length(labels, table, "score")
    count = table.shape[1]
    if classes is None:
        if labels.dtype.kind not in "biu" or labels.min() < 0 or labels.max() >= count:
            cure = "Number the classes in the order of the columns, or name them with classes=."
            raise WrongInput("y does not fit", f"{labels[:3]}", f"0 to {count - 1}", cure, field="y")
        return labels.astype(np.intp)
    names = list(classes)
    if len(names) != count or len(set(names)) != count:
        expected = f"{count} different names, one a column"
        raise WrongInput("classes do not fit", f"{len(set(names))} different", expected, field="classes")
    places = np.full(len(labels), -1, dtype=np.intp)
    for at, name in enumerate(names):
        places[labels == name] = at
    wrong = places < 0
    if wrong.any():
        unknown = labels[int(np.argmax(wrong))]
        cure = did_you_mean(str(unknown), [str(name) for name in names]).strip()
        raise WrongInput("y has a class without a column", repr(unknown), f"one of {names}", cure, field="y")
    return places
