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

_LINE = 'fill="none" stroke="currentColor" vector-effect="non-scaling-stroke"'
_TEXTS = {"title": 'x="0" y="-0.1"', "x_label": 'x="0.5" y="1.1"', "y_label": 'x="-0.05" y="-0.03"'}


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
    names = [name for name in history[-1] if name != "epoch"]
    x = [row["epoch"] for row in history]
    series = [{"name": name, "x": x, "y": [row[name] for row in history]} for name in names]
    return {"title": "Learning curve", "x_label": "epoch", "y_label": "loss", "series": series}


def svg(figure: Mapping[str, Any]) -> str:
    """The figure as a picture: a polyline for each series, its name in a <title>; NaN is left out.

    All points lie in a square of width 1 whose y goes down, as in every SVG; the viewBox leaves room around it.
    """
    points = [np.array([each["x"], each["y"]], dtype=float) for each in figure["series"]]
    points = [each[:, np.isfinite(each).all(axis=0)] for each in points]
    every = np.hstack(points)
    if not every.size:
        raise ValueError("a figure has a point")
    low, high = every.T.min(axis=0), every.T.max(axis=0)
    size = np.maximum(high - low, np.finfo(float).tiny)
    parts = []
    for number, each in enumerate(points):
        places = " ".join(f"{x:.6f},{1 - y:.6f}" for x, y in (each.T - low) / size)
        name = escape(figure["series"][number]["name"])
        parts.append(f'<polyline {_LINE} points="{places}"><title>{name}</title></polyline>')
    for name, place in _TEXTS.items():
        parts.append(f'<text font-size="0.05" {place}>{escape(figure[name])}</text>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.1 -0.2 1.3 1.4">{"".join(parts)}</svg>'
