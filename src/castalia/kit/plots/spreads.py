"""Residuals of a regression, and how numbers are distributed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import numbers, same_length
from castalia.kit.plots.inputs import by_name, thinned
from castalia.kit.plots.marks import Axis, Columns, Line, Mark, Panel, Points
from castalia.kit.plots.plot import Plot

MOST = 5000
"""Points that are drawn; more are one grey cloud."""


def residuals(y: ArrayLike, predicted: ArrayLike, *, unit: str = "", title: str = "Residuals") -> Plot:
    """What happened less what was predicted, by what was predicted: a good model leaves a level band round 0.

    Of more than 5000 rows evenly spaced ones in the order of the prediction are drawn. Columns of data: predicted,
    residual, of all rows.
    """
    truth, said = numbers(y, "y"), numbers(predicted, "predicted")
    same_length(truth, said, "predicted")
    left = truth - said
    order = np.argsort(said, kind="stable")
    shown = order[thinned(len(order), MOST)]
    root = float(np.sqrt(np.mean(left**2)))
    tail = f" ({unit})" if unit else ""
    ends = said[order[[0, -1]]]
    marks: list[Mark] = [Points("", said[shown], left[shown]), Line("", ends, np.zeros(2), None, markers=False)]
    few = f"{len(shown):,} of them drawn; " if len(shown) < len(left) else ""
    caption = f"n = {len(left):,} rows; {few}mean {left.mean():.3g}, root mean square {root:.3g}{tail}."
    data = {"predicted": said.tolist(), "residual": left.tolist()}
    panel = Panel(Axis(f"predicted{tail}"), Axis(f"actual less predicted{tail}"), tuple(marks), legend=False)
    return Plot(title, caption, f"{title} by prediction. {caption}", data, (panel,))


def distribution(values: Any, *, bins: int = 0, x_title: str = "value", title: str = "Distribution") -> Plot:
    """A histogram of a column, or outlines of several as ``{name: column}``, each as a share of its own rows.

    ``bins`` 0 chooses the width (Freedman and Diaconis 1981, at most 100 bins). Columns of data: name, from, to, rows.
    """
    if bins < 0 or bins > 1000:
        raise WrongInput("bins do not fit", str(bins), "0 to 1000", field="bins")
    columns = {name: numbers(column, "values") for name, column in by_name(values, "values", "").items()}
    every = np.concatenate(list(columns.values()))
    edges = np.histogram_bin_edges(every, bins or _bins(every))
    marks: list[Mark] = []
    data: dict[str, list[Any]] = {"name": [], "from": [], "to": [], "rows": []}
    for style, (name, column) in enumerate(columns.items()):
        rows = np.histogram(column, edges)[0]
        marks.append(Columns(name, edges, rows / len(column), style, filled=len(columns) == 1))
        data["name"] += [name or "values"] * len(rows)
        for key, part in (("from", edges[:-1]), ("to", edges[1:]), ("rows", rows)):
            data[key] += part.tolist()
    said = "; ".join(
        f"{name + ': ' if name else ''}n = {len(c):,}, median {np.median(c):.3g}" for name, c in columns.items()
    )
    panel = Panel(Axis(x_title), Axis("share of rows", 0.0), tuple(marks), legend=len(columns) > 1)
    return Plot(title, f"{said}.", f"{title} of {x_title}. {said}.", data, (panel,))


def _bins(values: Any) -> int:
    low, high = np.quantile(values, [0.25, 0.75])
    width = 2 * (high - low) / len(values) ** (1 / 3)
    span = float(values.max() - values.min())
    return 10 if not width > 0 or not span > 0 else max(1, min(100, int(np.ceil(span / width))))
