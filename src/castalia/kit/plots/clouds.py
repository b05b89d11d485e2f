"""Embeddings: points of many dimensions on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics.inputs import column, same_length
from castalia.kit.plots.inputs import thinned
from castalia.kit.plots.marks import Axis, Floats, Mark, Panel, Points
from castalia.kit.plots.plot import Plot

CLASSES = 20
"""Classes with a colour of their own; the others are drawn together."""
TAGGED = 12
"""Classes up to which each has its name written in its middle."""
MOST = 20_000
"""Points that are drawn."""


def embeddings(points: ArrayLike, labels: ArrayLike | None = None, *, title: str = "Embeddings") -> Plot:
    """Points (n, d), coloured and marked by ``labels`` (n,). More than two dimensions are drawn by their two main ones.

    These are the principal components (Pearson 1901), each turned so that its largest weight is positive; the axes
    say how much of the variance they hold. Of more than 20,000 points about as many are drawn, the same share of each
    class. Columns of data, of all points: x, y, and label where there are labels.
    """
    table = _table(points)
    placed, titles, kept = _placed(table)
    names = np.full(len(table), "") if labels is None else column(labels, "labels").astype(str)
    same_length(table, names, "labels")
    found, counts = np.unique(names, return_counts=True)
    ranked = found[np.argsort(-counts, kind="stable")] if len(found) > CLASSES else found
    marks: list[Mark] = []
    data: dict[str, list[Any]] = {"x": placed[:, 0].tolist(), "y": placed[:, 1].tolist()}
    if labels is not None:
        data["label"] = names.tolist()
    for style, name in enumerate(ranked[:CLASSES]):
        rows = _some(placed[names == name], len(table))
        tag = str(name) if len(found) <= TAGGED else ""
        marks.append(Points(str(name), rows[:, 0], rows[:, 1], style, tag=tag))
    if len(ranked) > CLASSES:
        rows = _some(placed[np.isin(names, ranked[CLASSES:])], len(table))
        marks.append(Points(f"{len(ranked) - CLASSES} others", rows[:, 0], rows[:, 1], CLASSES))
    drawn = sum(len(mark.x) for mark in marks if isinstance(mark, Points))
    fewer = f" {drawn:,} of them are drawn." if drawn < len(table) else ""
    caption = f"n = {len(table):,} points of {table.shape[1]} dimensions.{fewer}{kept}"
    classes = f" {len(found)} classes, the largest {found[int(np.argmax(counts))]}." if labels is not None else ""
    series = [{"name": mark.name or "points", "x": mark.x.tolist(), "y": mark.y.tolist()} for mark in marks]  # type: ignore[union-attr]
    native: dict[str, Any] = {"x": titles[0], "y": titles[1], "series": series}
    few: Callable[[], tuple[str, dict[str, Any]]] | None = (lambda: ("scatter", native)) if len(marks) <= 6 else None
    panel = Panel(Axis(titles[0]), Axis(titles[1]), tuple(marks), legend=labels is not None)
    return Plot(title, caption, f"{title}. {caption}{classes}", data, (panel,), few)


def _some(rows: Floats, total: int) -> Floats:
    """As many rows as are drawn of a class of these, of ``total`` points in all."""
    return np.asarray(rows[thinned(len(rows), max(1, -(-MOST * len(rows) // max(MOST, total))))])


def _table(points: ArrayLike) -> Floats:
    try:
        table = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        raise WrongInput("points are not made of numbers", repr(points)[:80], "numbers", field="points") from None
    if table.ndim != 2 or not len(table) or table.shape[1] < 2:
        cure = "One row a point, one column a dimension."
        raise WrongInput("points do not fit", f"shape {table.shape}", "(n, 2) or more columns", cure, field="points")
    if not np.isfinite(table).all():
        at = int(np.argmax(~np.isfinite(table).all(axis=1)))
        cure = "Leave such rows out."
        raise WrongInput("a point is not finite", f"row {at}", "finite numbers", cure, field="points")
    return table


def _placed(table: Floats) -> tuple[Floats, tuple[str, str], str]:
    """Places (n, 2), the titles of the axes, and a sentence on what is kept."""
    if table.shape[1] == 2:
        return table, ("first dimension", "second dimension"), ""
    centred = table - table.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    if len(sizes) < 2:  # a single point
        sizes, directions = np.append(sizes, 0.0), np.vstack([directions, np.zeros_like(directions)])
    directions = directions[:2]
    largest = directions[np.arange(2), np.abs(directions).argmax(axis=1)]
    directions = directions * np.where(largest < 0, -1.0, 1.0)[:, None]
    total = float((sizes**2).sum())
    shares = sizes[:2] ** 2 / total if total else np.zeros(2)
    titles = tuple(f"component {n + 1} ({share:.0%} of variance)" for n, share in enumerate(shares))
    return centred @ directions.T, (titles[0], titles[1]), f" Two components hold {shares.sum():.0%} of the variance."
