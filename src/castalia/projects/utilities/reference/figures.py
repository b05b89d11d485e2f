"""Figures as data, and as pictures that need no display."""

# mypy: disable-error-code="no-any-return"
# (what NumPy computes with arrays is Any to mypy; the annotations say what it is)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from .scores import pairs

Array = npt.NDArray[Any]


def confusion_table(actual: Array, predicted: Array, classes: int) -> Array:
    """Rows by what is, columns by what was called: how many of each, shape (classes, classes)."""
    actual, predicted = pairs(actual, predicted)
    if np.min([actual, predicted]) < 0 or np.max([actual, predicted]) >= classes:
        raise ValueError(f"classes are 0 to {classes - 1}")
    return np.bincount(actual * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def learning_curve(history: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """A figure of what a trainer answered: a line for each name but the epoch."""
    if not history:
        raise ValueError("a history of no epochs has no curve")
    names = [name for name in history[0] if name != "epoch"]
    x = [row["epoch"] for row in history]
    series = [{"name": name, "x": x, "y": [row[name] for row in history]} for name in names]
    return {"title": "Learning curve", "x_label": "epoch", "y_label": "loss", "series": series}


def svg(figure: Mapping[str, Any]) -> str:
    """The figure as a picture of 400 by 300: a polyline for each series, its name in a <title>; NaN is left out."""
    points = [np.array([each["x"], each["y"]], dtype=float) for each in figure["series"]]
    points = [each[:, np.isfinite(each).all(axis=0)] for each in points]
    every = np.hstack([np.zeros((2, 0)), *points])
    if every.size == 0:
        raise ValueError("a figure has a point")
    low, high = every.min(axis=1, keepdims=True), every.max(axis=1, keepdims=True)
    size = np.where(high > low, high - low, 1.0)
    lines = []
    for series, each in zip(figure["series"], points, strict=True):
        x, y = (each - low) / size
        places = " ".join(f"{left:.6f},{top:.6f}" for left, top in zip(50 + 330 * x, 260 - 220 * y, strict=True))
        style = 'fill="none" stroke="currentColor"'
        lines.append(f'<polyline {style} points="{places}"><title>{escape(series["name"])}</title></polyline>')
    words = [("200", "20", "title"), ("200", "290", "x_label"), ("10", "30", "y_label")]
    lines += [f'<text x="{x}" y="{y}">{escape(figure[name])}</text>' for x, y, name in words]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">{"".join(lines)}</svg>'
