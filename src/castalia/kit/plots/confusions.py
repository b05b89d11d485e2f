"""A confusion matrix: who is taken for whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit import metrics
from castalia.kit.plots.marks import Axis, Heat, Panel
from castalia.kit.plots.plot import Plot

NUMBERED = 20
"""Classes up to which every cell has its number."""


def confusion(
    y: ArrayLike | metrics.Confusion, predicted: ArrayLike | None = None, *, classes: Any = None,
    title: str = "Confusion matrix", caption: str = "",
) -> Plot:  # fmt: skip
    """Rows are what it was, columns what it was called; shaded by the share of the row, numbered by count.

    From two columns of labels, or from a ``metrics.Confusion``. ``classes`` are names to write in place of the
    labels, in their order. From 21 classes on the numbers are left to ``data``: actual, called, rows, share of actual.
    """
    if isinstance(y, metrics.Confusion):
        found = y
    elif predicted is None:
        cure = "Give both, or a metrics.Confusion."
        raise WrongInput("there is nothing to compare with", "no predicted", "labels", cure, field="predicted")
    else:
        found = metrics.confusion(y, predicted)
    names = tuple(str(name) for name in (found.classes if classes is None else classes))
    if len(names) != len(found.classes):
        raise WrongInput("classes do not fit", f"{len(names)} names", f"{len(found.classes)}", field="classes")
    table, actual = found.table, found.actual
    share = np.divide(table, actual[:, None], out=np.zeros_like(table), where=actual[:, None] > 0)
    numbered = len(names) <= NUMBERED
    texts = tuple(tuple(_count(value) if numbered and value else "" for value in row) for row in table)
    data: dict[str, list[Any]] = {
        "actual": [name for name in names for _ in names], "called": list(names) * len(names),
        "rows": table.ravel().tolist(), "share of actual": share.ravel().tolist(),
    }  # fmt: skip
    caption = (
        caption or f"n = {_count(table.sum())} rows; {found.accuracy():.1%} on the diagonal. Shade: share of the row."
    )
    whole = np.all(table == np.round(table))
    native = {"rows": list(names), "columns": list(names), "values": (table.astype(int) if whole else table).tolist()}
    panel = Panel(Axis("called"), Axis("actual"), (Heat(names, names, share, texts),), legend=False)
    alt = f"{title} of {len(names)} classes. {caption} {_worst(names, table)}"
    return Plot(title, caption, alt, data, (panel,), lambda: ("matrix", native))


def _worst(names: tuple[str, ...], table: Any) -> str:
    off = table * (1 - np.eye(len(names)))
    if not off.any():
        return "Nothing is mistaken."
    r, c = np.unravel_index(int(np.argmax(off)), off.shape)
    return f"Most often mistaken: {names[r]}, called {names[c]}, {_count(off[r, c])} times."


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"
