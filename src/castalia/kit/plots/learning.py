"""Learning curves: metrics over epochs or steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.plots.inputs import by_name, corners, gappy, listed
from castalia.kit.plots.marks import Axis, Floats, Line, Mark, Panel, Points
from castalia.kit.plots.plot import Plot

MOST = 3000
"""Points of a curve that are drawn."""


def learning_curves(
    history: Mapping[str, ArrayLike] | Sequence[Mapping[str, float]], *, x: ArrayLike | None = None,
    x_title: str = "epoch", y_title: str = "loss", log: bool = False, title: str = "Learning curves",
    best: str = "", caption: str = "",
) -> Plot:  # fmt: skip
    """One curve for each column of ``history``: a mapping of columns, a data frame of pandas or Polars, or a list of
    rows (``Loop.history``).

    Epochs count from 1 unless ``x`` is given. A NaN or an infinity is a gap, and a value alone between gaps is a
    point; a curve that ends in gaps is named in the caption. Of a curve of more than 3,000 points the lowest and the
    highest of each stretch are drawn. ``log`` makes y logarithmic, for losses above 0. ``best`` names the curve whose
    lowest point is marked.
    Columns of data: curve, ``x_title``, ``y_title``.
    """
    columns = by_name(_columns(history), "history", "")
    handed = {name: gappy(values, f"history[{name!r}]", diverged=True) for name, values in columns.items()}
    curves = {name: np.where(np.isinf(y), np.nan, y) for name, y in handed.items()}
    longest = max(map(len, curves.values()))
    epochs = np.arange(1.0, longest + 1) if x is None else gappy(x, "x")
    if len(epochs) < longest:
        raise WrongInput("lengths differ", f"{len(epochs)} in x", f"{longest}, the longest curve", field="x")
    if log:
        for name, values in curves.items():
            if np.nanmin(values) <= 0:
                cure = "Leave log out: a logarithm needs numbers above 0."
                raise WrongInput(f"{name} is not above 0", f"{np.nanmin(values):g}", "above 0", cure, field="log")
    drawn = {name: (epochs[: len(y)][kept], y[kept]) for name, y in curves.items() for kept in [corners(y, MOST)]}
    marks: list[Mark] = [Line(name, *line, style) for style, (name, line) in enumerate(drawn.items())]
    lowest = _lowest(best, curves, epochs, list(curves)) if best else None
    if lowest is not None:
        marks.append(lowest)
    # A page begins a logarithm where it likes; x has to be a number there.
    series = [{"name": name, "x": at.tolist(), "y": _plain(y)} for name, (at, y) in drawn.items()]
    data: dict[str, list[Any]] = {"curve": [], x_title: [], y_title: []}
    for name, y in handed.items():
        data["curve"] += [name] * len(y)
        data[x_title] += epochs[: len(y)].tolist()
        data[y_title] += y.tolist()
    last, lost = [], []
    for name, y in handed.items():
        finite = np.flatnonzero(np.isfinite(y))
        last.append(f"{name} {y[finite[0]]:.4g} to {y[finite[-1]]:.4g}")
        if finite[-1] + 1 < len(y):
            verb, what = ("is", "infinite") if np.isinf(y[finite[-1] + 1 :]).any() else ("has", "no number")
            since = f"{what} from {x_title} {epochs[finite[-1] + 1]:g}"
            lost.append(f"{name} {verb} {since}")
            last[-1] += f", then {since}"
    whole = bool(np.all(epochs == np.round(epochs)))
    counted = f"{longest} {x_title}s." if longest != 1 else f"One {x_title}."
    caption = caption or " ".join([counted, *([f"{listed(lost)}."] if lost else [])])
    return Plot(
        title, caption,
        f"{title}: {y_title} by {x_title}, first to last: {listed(last)}.", data,
        (Panel(Axis(x_title, whole=whole), Axis(y_title, log=log), tuple(marks)),),
        None if best else lambda: ("lines", {"x": x_title, "y": y_title, "log": log, "series": series}),
    )  # fmt: skip


def _columns(history: Any) -> Any:
    """Rows as columns; what a row lacks is a gap."""
    if isinstance(history, Mapping):
        return history
    if hasattr(history, "columns") and hasattr(history, "__getitem__"):  # a data frame
        return {str(name): history[name] for name in history.columns}
    rows = list(history)
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        raise WrongInput(
            "history does not fit",
            repr(rows[:2])[:80],
            "columns by name, or rows",
            "Give {'loss': [...]}.",
            field="history",
        )
    names = dict.fromkeys(str(name) for row in rows for name in row)
    return {name: [row.get(name, np.nan) for row in rows] for name in names}


def _lowest(best: str, curves: dict[str, Floats], epochs: Floats, names: list[str]) -> Points:
    if best not in curves:
        raise WrongInput(f"no curve {best!r}", repr(best), f"one of {listed(names)}", field="best")
    at = int(np.nanargmin(curves[best]))
    value = curves[best][at]
    return Points(f"lowest, {value:.4g}", epochs[at : at + 1], np.array([value]), style=5)


def _plain(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
