"""Importance: how much each column matters, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit import stats
from castalia.kit.metrics.inputs import numbers
from castalia.kit.plots.inputs import listed
from castalia.kit.plots.marks import Axis, Bars, Floats, Panel
from castalia.kit.plots.plot import Plot


def importance(
    values: Mapping[str, Any] | Any, *, low: Mapping[str, float] | None = None, high: Mapping[str, float] | None = None,
    top: int = 20, level: float = 0.95, x_title: str = "importance", title: str = "What matters", caption: str = "",
) -> Plot:  # fmt: skip
    """Bars by name, the largest amount on top, negative ones to the left. ``values`` is a mapping or a pandas Series.

    A value is a number, a ``stats.Interval``, or a list of repeats (folds, permutations), of which the mean is drawn
    with Student's interval; or ``low`` and ``high`` are given. ``top`` are shown, all are in ``data``: name, value,
    low, high (without intervals, name and value).
    """
    if type(values).__module__.split(".")[0] == "pandas" and hasattr(values, "items"):
        values = dict(values.items())  # a Series by its index, repeats by their columns
    if not isinstance(values, Mapping) or not values:
        cure = "Give {'tenure': 0.8, ...}."
        raise WrongInput("values do not fit", repr(values)[:80], "numbers by name", cure, field="values")
    if top < 1:
        raise WrongInput("top does not fit", str(top), "1 or more", field="top")
    if (low is None) != (high is None) or (
        low is not None and high is not None and not set(values) == set(low) == set(high)
    ):
        raise WrongInput(
            "the intervals do not fit", "ends without values or values without ends", "both for every name", field="low"
        )
    found = [_ends(name, value, level) for name, value in values.items()]
    if low is not None and high is not None:
        found = [(value, float(low[name]), float(high[name])) for (value, *_), name in zip(found, values, strict=True)]
    order = sorted(range(len(found)), key=lambda at: -abs(found[at][0]))
    names = [str(name) for name in values]
    middle, lows, highs = (np.array([found[at][part] for at in order]) for part in range(3))
    ranked = [names[at] for at in order]
    intervals = not np.isnan(lows).all()
    data: dict[str, list[Any]] = {"name": ranked, "value": middle.tolist()}
    if intervals:
        data |= {"low": lows.tolist(), "high": highs.tolist()}
    shown = min(top, len(ranked))
    bars = Bars(tuple(ranked[:shown]), middle[:shown], *(_some(end[:shown], intervals) for end in (lows, highs)))
    more = (
        f"{shown} of {len(ranked)} columns"
        if shown < len(ranked)
        else f"{shown} columns"
        if shown > 1
        else "One column"
    )
    caption = caption or f"{more}{f', with {level:.0%} intervals' if intervals else ''}."
    said = [f"{name} {value:.3g}" for name, value in zip(ranked[:5], middle, strict=False)]
    native = {"labels": ranked[:shown], "series": [{"name": x_title, "values": middle[:shown].tolist()}]}
    panel = Panel(Axis(x_title), Axis(), (bars,), legend=False)
    alt = f"{title}: {x_title} by name. The largest: {listed(said)}. {caption}"
    return Plot(title, caption, alt, data, (panel,), None if intervals else lambda: ("bars", native))


def _ends(name: str, value: Any, level: float) -> tuple[float, float, float]:
    if isinstance(value, stats.Interval):
        return value.estimate, value.low, value.high
    if np.ndim(value) == 0:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise WrongInput(f"{name} has no importance", repr(value)[:40], "a finite number", field="values")
        return number, math.nan, math.nan
    repeats = numbers(value, f"values[{name!r}]")
    if len(repeats) < 2:
        return float(repeats[0]), math.nan, math.nan
    return _student(repeats, level)


def _student(repeats: ArrayLike, level: float) -> tuple[float, float, float]:
    found = stats.mean_difference(repeats, np.zeros(len(np.asarray(repeats))), level)
    return found.estimate, found.low, found.high


def _some(ends: Floats, there: bool) -> Floats | None:
    return ends if there else None
