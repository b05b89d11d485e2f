"""A table and its split as they stand: twins, groups and times on both sides, and columns that are the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.ranking import roc_auc
from castalia.kit.stats import average_ranks, wilson
from castalia.kit.tabular.leaks.findings import Finding, Report, Severity
from castalia.kit.tabular.leaks.rows import Array, Bools, Ints, Rows, beside, is_regression, places, target


def lint_table(
    x: Any,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    train: ArrayLike | None = None,
    test: ArrayLike | None = None,
) -> Report:
    """Look at columns and, where ``train`` and ``test`` are given, at the split. Runs nothing of yours.

    WrongInput where columns, labels or row numbers do not fit.
    """
    rows = Rows(x)
    labels = target(y, len(rows))
    group_of, when = beside(groups, len(rows), "groups"), beside(time, len(rows), "time")
    if (train is None) != (test is None):
        raise WrongInput("half a split", "train or test alone", "both, or neither", field="train")
    findings, checks = column_findings(rows, labels), ["disguise", "gaps", "identifier", "constant", "order"]
    findings += _order(labels)
    if train is not None and test is not None:
        a, b = places(train, len(rows), "train"), places(test, len(rows), "test")
        findings += split_findings(rows, labels, group_of, when, a, b)
        checks += ["overlap", "twins", *["groups"] * (groups is not None), *["time"] * (time is not None)]
    return Report("lint_table", tuple(findings), tuple(checks), 0)


def split_findings(
    rows: Rows, y: Array, groups: Array | None, time: Array | None, train: Ints, test: Ints
) -> list[Finding]:
    """What is on both sides that may not be."""
    found: list[Finding] = []
    both = np.intersect1d(train, test)
    if len(both):
        found.append(Finding("overlap", "leak", "rows on both sides of the split", {"rows": len(both)},
                             "A row number is in train and in test.", "Split once, by row number."))  # fmt: skip
    found += _twins(rows, y, np.setdiff1d(train, both), np.setdiff1d(test, both))
    if groups is not None:
        shared = np.intersect1d(groups[train], groups[test])
        if len(shared):
            asked = int(np.isin(groups[test], shared).sum())
            found.append(Finding("groups", "leak", "groups on both sides of the split",
                                 {"groups": len(shared), "share of test rows": wilson(asked, len(test))},
                                 "A model can recognise the group (a patient, a user) and recall its label.",
                                 "Split by group: all rows of one on the same side."))  # fmt: skip
    if time is not None:
        late = int((time[train] > time[test].min()).sum())
        if late:
            found.append(Finding("time", "leak", "training rows lie after test rows",
                                 {"share of training rows": wilson(late, len(train))},
                                 "The model learns from the future of what it is asked; with lags or slow changes "
                                 "it has seen the answer's neighbours.",
                                 "Train on what lies before, test on what lies after."))  # fmt: skip
    return found


def _twins(rows: Rows, y: Array, train: Ints, test: Ints) -> list[Finding]:
    """Test rows whose features and label all stand in train as well."""
    if rows.library == "scipy" or not len(train) or not len(test):
        return []
    columns = [np.unique(_filled(column), return_inverse=True)[1].ravel() for column in rows.columns().values()]
    codes = np.stack([*columns, np.unique(y, return_inverse=True)[1]], axis=1)
    row = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    twins = int(np.isin(row[test], row[train]).sum())
    if not twins:
        return []
    # How often two rows would be equal if columns were independent: what copies have to be told from.
    alike = float(np.prod([np.sum((np.bincount(each) / len(each)) ** 2) for each in codes.T]))
    share, expected = wilson(twins, len(test)), 1 - (1 - alike) ** len(train)
    strange = expected < 0.01 * share.estimate
    severity: Severity = "note" if share.estimate < 0.02 else "leak" if strange else "suspect"
    return [Finding("twins", severity, "the same row with the same label on both sides",
                    {"test rows": twins, "share": share, "expected of independent columns": expected},
                    "Rows were repeated (oversampling, a join, an export twice) before the split."
                    if strange else "Few different rows are possible, or rows were repeated before the split.",
                    "Drop or group duplicates before splitting; resample the training rows only.")]  # fmt: skip


def column_findings(rows: Rows, y: Array) -> list[Finding]:
    """Columns that are constant, are the target, or number the rows along it."""
    found: list[Finding] = []
    for name, column in rows.columns().items() if rows.library != "scipy" else ():
        values, gaps = _filled(column), _gaps(column)
        distinct, codes = np.unique(values, return_inverse=True)
        if len(distinct) == 1:
            found.append(Finding("constant", "note", f"column {name} is constant", {}, "It says nothing.", "Drop it."))
            continue
        holes = gaps.astype(int)
        if 0 < gaps.sum() < len(gaps) and (followed := _told(holes, holes, holes, y)):
            found.append(Finding("gaps", followed[0], f"the gaps of column {name} are the target", followed[1],
                                 "The column is filled in only once the outcome is known.", "Drop it."))  # fmt: skip
        elif told := _told(column, values, codes.ravel(), y):
            found.append(_disguise(name, *told))
        elif len(distinct) == len(values) and (along := _along(column, codes.ravel(), y)):
            found.append(Finding("identifier", "suspect", f"column {name} numbers the rows along the target", along,
                                 "An identifier or a time of writing that was given out by outcome.",
                                 "Drop it, or say why it is known before the outcome."))  # fmt: skip
    return found


def _told(column: Array, values: Array, codes: Array, y: Array) -> tuple[Any, Mapping[str, Any]] | None:
    """Severity and figures where one column alone gives the target away."""
    n, distinct = len(y), int(codes.max()) + 1
    if n < 10:
        return None
    if is_regression(y):
        if column.dtype.kind not in "biuf" or distinct < 10:
            return None
        rho = _spearman(values, y)
        return (("leak" if abs(rho) > 1 - 1e-12 else "suspect"), {"Spearman's rho": rho}) if abs(rho) >= 0.999 else None
    labels = np.unique(y, return_inverse=True)[1].ravel()
    k = int(labels.max()) + 1
    if distinct <= max(20, 2 * k) and distinct * 5 <= n:
        counts = np.bincount(codes * k + labels, minlength=distinct * k).reshape(distinct, k)
        if ((counts > 0).sum(axis=1) == 1).all():
            return "leak", {"values": distinct, "rows whose class the value tells": n}
    if k == 2 and column.dtype.kind in "biuf":
        auc = roc_auc(labels, values)
        if max(auc, 1 - auc) >= 0.999:
            return ("leak" if auc in (0.0, 1.0) else "suspect"), {"AUC of the column alone": auc}
    return None


def _disguise(name: str, severity: Any, evidence: Mapping[str, Any]) -> Finding:
    return Finding("disguise", severity, f"column {name} is the target in disguise", evidence,
                   "It is computed from the outcome, recorded after it, or a copy of it.",
                   "Drop it, unless it is known at the time of asking.")  # fmt: skip


def _along(column: Array, codes: Array, y: Array) -> Mapping[str, Any] | None:
    """Rank correlation beyond five standard errors, of what looks like an identifier and is different in each row:
    text, or whole numbers that lie close together. Other numbers may well follow the target."""
    if column.dtype.kind == "f" or (column.dtype.kind in "iu" and int(column.max()) - int(column.min()) >= 2 * len(y)):
        return None
    rho = _spearman(codes, y if is_regression(y) else np.unique(y, return_inverse=True)[1].ravel())
    z = float(rho * np.sqrt(len(y) - 1))
    return {"Spearman's rho": rho, "z": z} if abs(z) > 5 else None


def _order(y: Array) -> list[Finding]:
    """Rows that lie sorted by the target: then a split without shuffling has other classes on either side."""
    codes = y if is_regression(y) else np.unique(y, return_inverse=True)[1].ravel()
    rho = _spearman(np.arange(len(y)), codes)
    if abs(rho * np.sqrt(len(y) - 1)) <= 5 or abs(rho) < 0.3:
        return []
    return [Finding("order", "note", "the rows lie in the order of the target", {"Spearman's rho": rho},
                    "The file was sorted or put together by class; the row number is then a feature.",
                    "Shuffle before folds are cut, and let nothing see the row number.")]  # fmt: skip


def _spearman(a: Array, b: Array) -> float:
    ranked = average_ranks(a) - (len(a) + 1) / 2, average_ranks(b) - (len(b) + 1) / 2
    scale = float(np.sqrt((ranked[0] ** 2).sum() * (ranked[1] ** 2).sum()))
    return float(ranked[0] @ ranked[1]) / scale if scale else 0.0


def _gaps(column: Array) -> Bools:
    if column.dtype.kind == "f":
        return np.isnan(column)
    return np.array([each is None for each in column]) if column.dtype.kind == "O" else np.zeros(len(column), bool)


def _filled(column: Array) -> Array:
    """Numbers with gaps below all others; everything else as text."""
    if column.dtype.kind in "biu":
        return column
    if column.dtype.kind == "f":
        seen = column[np.isfinite(column)]
        return np.nan_to_num(column, nan=(float(seen.min()) if seen.size else 0.0) - 1.0)
    return column.astype(str)
