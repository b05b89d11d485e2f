"""Calibration: whether a probability means what it says."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.kit import metrics, stats
from castalia.kit.metrics.inputs import numbers
from castalia.kit.plots.inputs import by_name, cut
from castalia.kit.plots.marks import Axis, Columns, Line, Mark, Panel, Points
from castalia.kit.plots.plot import Plot


def calibration(
    y: ArrayLike, probability: Any, *, bins: int = 10, strategy: Literal["mass", "width"] = "mass", level: float = 0.95,
    positive: Any = None, title: str = "Calibration",
) -> Plot:  # fmt: skip
    """The share that came true by the probability that was said, with Wilson's interval for each bin.

    ``probability`` is a column, or several models as ``{name: column}``. Below stands where the probabilities lie.
    Columns of data: model, predicted (the mean in the bin), observed, low, high, rows.
    """
    models = by_name(probability, "probability", "")
    upper: list[Mark] = [Line("as said", np.array([0.0, 1.0]), np.array([0.0, 1.0]), None, markers=False)]
    lower: list[Mark] = []
    said: list[str] = []
    data: dict[str, list[Any]] = {name: [] for name in ("model", "predicted", "observed", "low", "high", "rows")}
    edges = np.linspace(0, 1, 21)
    for style, (name, column) in enumerate(models.items()):
        found = metrics.reliability(y, column, bins, strategy=strategy, positive=positive)
        ends = [stats.wilson(share * rows, rows, level) for share, rows in zip(found.observed, found.rows, strict=True)]
        low, high = np.array([end.low for end in ends]), np.array([end.high for end in ends])
        label = f"{cut(name)} calibration error {found.error():.3f}".strip()
        if len(found.rows) > 1:
            upper.append(Line("", found.predicted, found.observed, style, markers=False))
        upper.append(Points(label, found.predicted, found.observed, style, low, high))
        values = numbers(column, "probability")
        lower.append(Columns("", edges, np.histogram(values, edges)[0] / len(values), style, filled=len(models) == 1))
        said.append(label)
        data["model"] += [name or "model"] * len(low)
        columns: tuple[NDArray[Any], ...] = (found.predicted, found.observed, low, high, found.rows)
        for key, part in zip(list(data)[1:], columns, strict=True):
            data[key] += part.tolist()
    rows = int(sum(data["rows"]) / len(models))
    mass = "of equal mass" if strategy == "mass" else "of equal width"
    caption = f"n = {rows:,} rows in up to {bins} bins {mass}, with {level:.0%} intervals."
    caption += " On the diagonal it means what it says."
    alt = f"{title}: share that came true by probability said. {'; '.join(said)}. {caption}"
    axis = Axis("probability said", -0.01, 1.01)
    panels = (
        Panel(axis, Axis("share that came true", -0.01, 1.01), tuple(upper)),
        Panel(axis, Axis("share of rows", 0.0), tuple(lower), height=0.35, legend=False),
    )
    return Plot(title, caption, alt, data, panels)
