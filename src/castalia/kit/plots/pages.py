"""Plots as Plotly's JSON, for pages and notebooks. Plotly is not needed to make it."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np

from castalia.kit.plots.marks import Axis, Band, Bars, Columns, Heat, Line, Panel, Pictures, Points
from castalia.kit.plots.themes import DASHES, MARKERS, Theme

if TYPE_CHECKING:
    from castalia.kit.plots.plot import Plot

Traces = list[dict[str, Any]]


def traced(plot: Plot, theme: Theme) -> dict[str, Any]:
    """``{"data": traces, "layout": ...}``."""
    traces: Traces = []
    layout: dict[str, Any] = {
        "margin": {"t": 24, "r": 16, "b": 56, "l": 64}, "paper_bgcolor": theme.paper, "plot_bgcolor": theme.paper,
        "showlegend": False, "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        "barmode": "overlay", "hovermode": "closest", "meta": {"alt": plot.alt, "caption": plot.caption},
    }  # fmt: skip
    if theme.ink:
        layout |= {"font": {"color": theme.ink, "size": 13}, "title": {"text": plot.title}}
        layout["margin"]["t"] = 96  # title and legend
    ends = _stacked([panel.height for panel in plot.panels])
    for place, (panel, domain) in enumerate(zip(plot.panels, ends, strict=True)):
        which = "" if not place else str(place + 1)
        made = [trace for mark in panel.marks for trace in of(mark, theme)]
        for trace in made:
            trace |= {"xaxis": "x", "yaxis": f"y{which}"}
            if place:
                trace["showlegend"] = False
        layout["showlegend"] |= panel.legend and sum(bool(trace.get("showlegend")) for trace in made) > 0
        layout[f"yaxis{which}"] = {**_axis(panel.y, theme), "domain": domain}
        for mark in panel.marks:
            _arranged(mark, layout, theme)
        traces += made
    last = plot.panels[-1]
    layout["xaxis"] = {**_axis(last.x, theme), **layout.get("xaxis", {})}
    if len(plot.panels) > 1:
        layout["xaxis"]["anchor"] = f"y{len(plot.panels)}"
    if _square(plot.panels[0]):
        layout["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
        layout["xaxis"]["constrain"] = layout["yaxis"]["constrain"] = "domain"
    return {"data": traces, "layout": layout}


def _square(panel: Panel) -> bool:
    return panel.square and not panel.x.log and not panel.y.log


def _stacked(heights: list[float]) -> list[list[float]]:
    """Where each panel lies, from the top, as shares of the height."""
    gap = 0.06
    room, top, found = 1 - gap * (len(heights) - 1), 1.0, []
    for height in heights:
        bottom = top - room * height / sum(heights)
        found.append([max(0.0, bottom), top])
        top = bottom - gap
    return found


def _axis(axis: Axis, theme: Theme) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": {"text": axis.title}, "gridcolor": theme.line, "zerolinecolor": theme.line, "automargin": True,
        "type": "log" if axis.log else "linear",
    }  # fmt: skip
    if axis.low is not None and axis.high is not None:
        ends = [axis.low, axis.high]
        made["range"] = [math.log10(end) for end in ends] if axis.log else ends
    if axis.whole:
        made["tickformat"] = "d"
    return made


@singledispatch
def of(mark: Any, theme: Theme) -> Traces:
    """The traces of a mark."""
    raise AssertionError(f"no traces for {type(mark).__name__}")


def numbers(values: Any) -> list[float | None]:
    """JSON has no NaN: a gap is null."""
    return [None if value != value else float(value) for value in np.asarray(values, np.float64).tolist()]


def _colour(theme: Theme, style: int) -> str:
    return theme.colours[style % len(theme.colours)]


def _clear(colour: str, share: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


@of.register
def _(mark: Line, theme: Theme) -> Traces:
    trace: dict[str, Any] = {
        "type": "scatter", "mode": "lines", "name": mark.name, "x": numbers(mark.x), "y": numbers(mark.y),
        "showlegend": bool(mark.name), "connectgaps": False,
    }  # fmt: skip
    shape = "vh" if mark.steps else "linear"
    if mark.style is None:
        return [
            trace | {"line": {"color": theme.quiet, "dash": "dot", "width": 1.2, "shape": shape}, "hoverinfo": "skip"}
        ]
    colour = _colour(theme, mark.style)
    trace["line"] = {"color": colour, "dash": DASHES[mark.style % len(DASHES)][1], "width": 2, "shape": shape}
    if mark.markers and len(mark.x) <= 60:
        trace["mode"] = "lines+markers"
        trace["marker"] = {"symbol": MARKERS[mark.style % len(MARKERS)][1], "size": 6, "color": colour}
    return [trace]


@of.register
def _(mark: Band, theme: Theme) -> Traces:
    colour = _colour(theme, mark.style)
    shared = {
        "type": "scatter", "mode": "lines", "x": numbers(mark.x), "showlegend": False, "hoverinfo": "skip",
        "line": {"width": 0.7, "color": _clear(colour, 0.5)},
    }  # fmt: skip
    low = shared | {"y": numbers(mark.low)}
    return [low, shared | {"y": numbers(mark.high), "fill": "tonexty", "fillcolor": _clear(colour, 0.16)}]


def _arms(values: Any, low: Any, high: Any) -> dict[str, Any]:
    return {
        "type": "data", "symmetric": False, "array": numbers(np.maximum(high - values, 0)),
        "arrayminus": numbers(np.maximum(values - low, 0)),
    }  # fmt: skip


@of.register
def _(mark: Points, theme: Theme) -> Traces:
    marker = {
        "symbol": MARKERS[mark.style % len(MARKERS)][1], "color": _colour(theme, mark.style),
        "size": 5 if len(mark.x) > 400 else 8, "opacity": 0.5 if len(mark.x) > 400 else 0.85,
    }  # fmt: skip
    trace: dict[str, Any] = {
        "type": "scatter", "mode": "markers", "name": mark.name, "x": numbers(mark.x), "y": numbers(mark.y),
        "marker": marker, "showlegend": bool(mark.name),
    }  # fmt: skip
    if mark.low is not None and mark.high is not None:
        trace["error_y"] = _arms(mark.y, mark.low, mark.high)
    return [trace]


@of.register
def _(mark: Bars, theme: Theme) -> Traces:
    trace: dict[str, Any] = {
        "type": "bar", "orientation": "h", "x": numbers(mark.values), "y": list(range(len(mark.labels))),
        "marker": {"color": _colour(theme, 0)}, "showlegend": False, "hovertext": list(mark.labels),
    }  # fmt: skip
    if mark.low is not None and mark.high is not None:
        trace["error_x"] = _arms(mark.values, mark.low, mark.high)
    return [trace]


@of.register
def _(mark: Columns, theme: Theme) -> Traces:
    colour = _colour(theme, mark.style)
    heights = np.concatenate([[0.0], mark.heights, [0.0]])
    edges = np.concatenate([mark.edges, mark.edges[-1:]])
    return [
        {
            "type": "scatter", "mode": "lines", "name": mark.name, "x": numbers(edges), "y": numbers(heights),
            "line": {"shape": "vh", "color": colour, "dash": DASHES[mark.style % len(DASHES)][1], "width": 1.6},
            "fill": "tozeroy" if mark.filled else "none", "fillcolor": _clear(colour, 0.3),
            "showlegend": bool(mark.name),
        }
    ]  # fmt: skip


@of.register
def _(mark: Heat, theme: Theme) -> Traces:
    # names are places and not categories: two classes may be called the same
    return [
        {
            "type": "heatmap", "z": [numbers(row) for row in mark.shades], "text": [list(row) for row in mark.texts],
            "texttemplate": "%{text}", "zmin": 0, "zmax": 1, "showscale": False, "xgap": 1, "ygap": 1,
            "colorscale": [[0, _clear(theme.deep, 0.04)], [1, theme.deep]], "showlegend": False,
        }
    ]  # fmt: skip


@of.register
def _(mark: Pictures, theme: Theme) -> Traces:
    count = max(mark.columns, len(mark.items))
    return [
        {
            "type": "scatter", "mode": "text", "showlegend": False, "hoverinfo": "skip",
            "x": [place % mark.columns + 0.5 for place in range(len(mark.items))],
            "y": [-(place // mark.columns) * 1.3 - 1.1 for place in range(len(mark.items))],
            "text": [" ".join(filter(None, (item.label, item.note))) for item in mark.items],
            "textfont": {"size": 12 if count < 40 else 10},
        }
    ]  # fmt: skip


def _arranged(mark: Any, layout: dict[str, Any], theme: Theme) -> None:
    """What a mark asks of the axes."""
    if isinstance(mark, Bars):
        names = {"tickvals": list(range(len(mark.labels))), "ticktext": list(mark.labels), "autorange": "reversed"}
        layout["yaxis"] |= names
    elif isinstance(mark, Heat):
        layout["yaxis"] |= {
            "tickvals": list(range(len(mark.rows))),
            "ticktext": list(mark.rows),
            "autorange": "reversed",
        }
        layout["xaxis"] = {"tickvals": list(range(len(mark.columns))), "ticktext": list(mark.columns)}
    elif isinstance(mark, Pictures):
        from castalia.core.fields import Image

        rows = -(-len(mark.items) // mark.columns)
        hidden = {"visible": False, "showgrid": False, "zeroline": False}
        layout["xaxis"] = hidden | {"range": [0, mark.columns]}
        layout["yaxis"] |= hidden | {"range": [-rows * 1.3, 0], "scaleanchor": "x"}
        layout["images"] = [
            {
                "source": Image.of_array(item.pixels).uri, "xref": "x", "yref": "y", "x": place % mark.columns + 0.05,
                "y": -(place // mark.columns) * 1.3, "sizex": 0.9, "sizey": 0.9, "sizing": "contain", "layer": "below",
            }
            for place, item in enumerate(mark.items)
        ]  # fmt: skip
