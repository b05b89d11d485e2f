"""Each mark on matplotlib's axes."""

from __future__ import annotations

import math
import textwrap
from functools import singledispatch
from typing import Any

import numpy as np

from castalia.kit.plots.inputs import cut
from castalia.kit.plots.marks import Band, Bars, Columns, Floats, Heat, Line, Pictures, Points
from castalia.kit.plots.themes import DASHES, MARKERS, Theme

MANY = 25
"""Names along an axis from which on not every one is written."""


@singledispatch
def put(mark: Any, axes: Any, theme: Theme, width: float) -> None:
    """Draw a mark."""
    raise AssertionError(f"no drawing for {type(mark).__name__}")


def _style(theme: Theme, number: int | None) -> tuple[str, Any, str]:
    if number is None:
        return theme.quiet, (0, (3, 3)), ""
    colour = theme.colours[number % len(theme.colours)]
    return colour, DASHES[number % len(DASHES)][0], MARKERS[number % len(MARKERS)][0]


def marked(x: Floats, y: Floats) -> list[int]:
    """Where a curve has a marker: about eight of them, and every point that stands alone between gaps."""
    there = np.flatnonzero(~np.isnan(y))
    if len(there) <= 12:
        return [int(at) for at in there]
    gap = np.isnan(np.concatenate([[np.nan], y, [np.nan]]))
    alone = np.flatnonzero(~gap[1:-1] & gap[:-2] & gap[2:])
    evenly = there[np.round(np.linspace(0, len(there) - 1, 8)).astype(int)]
    return sorted({int(at) for at in (*alone, *evenly)})


@put.register
def _(mark: Line, axes: Any, theme: Theme, width: float) -> None:
    colour, dashes, marker = _style(theme, mark.style)
    quiet = mark.style is None
    axes.plot(
        mark.x, mark.y, color=colour, linestyle=dashes, label=mark.name, linewidth=1.2 if quiet else 2.0,
        drawstyle="steps-pre" if mark.steps else "default", marker=marker if mark.markers else "",
        markevery=None if quiet or not mark.markers else marked(mark.x, mark.y), zorder=1.5 if quiet else 3,
        solid_capstyle="round",
    )  # fmt: skip


@put.register
def _(mark: Band, axes: Any, theme: Theme, width: float) -> None:
    colour, *_ = _style(theme, mark.style)
    axes.fill_between(mark.x, mark.low, mark.high, color=colour, alpha=0.16, linewidth=0, zorder=2)
    for edge in (mark.low, mark.high):  # a tint alone is hard to see
        axes.plot(mark.x, edge, color=colour, alpha=0.55, linewidth=0.7, zorder=2)


@put.register
def _(mark: Points, axes: Any, theme: Theme, width: float) -> None:
    colour, _, marker = _style(theme, mark.style)
    if mark.low is not None and mark.high is not None:
        arms = np.maximum([mark.y - mark.low, mark.high - mark.y], 0)
        axes.errorbar(
            mark.x, mark.y, yerr=arms, color=colour, linestyle="none", marker=marker, capsize=2.5, label=mark.name,
            elinewidth=1.3, zorder=3,
        )  # fmt: skip
        return
    many = len(mark.x) > 400
    size = 12 if many else 90 if len(mark.x) == 1 else 26
    axes.scatter(
        mark.x, mark.y, s=size, color=colour, marker=marker, alpha=0.45 if many else 0.8, linewidths=0,
        label=mark.name, zorder=3,
    )  # fmt: skip
    if mark.tag:
        axes.annotate(
            mark.tag, (float(np.median(mark.x)), float(np.median(mark.y))), ha="center", va="center", weight="bold",
            color=theme.ink, zorder=4,
            bbox={"boxstyle": "round,pad=0.15", "fc": theme.paper, "ec": colour, "alpha": 0.85},
        )  # fmt: skip


@put.register
def _(mark: Bars, axes: Any, theme: Theme, width: float) -> None:
    places = np.arange(len(mark.labels))
    colour, *_ = _style(theme, 0)
    axes.barh(places, mark.values, height=0.66, color=colour, alpha=0.85, zorder=2)
    if mark.low is not None and mark.high is not None:
        arms = np.maximum([mark.values - mark.low, mark.high - mark.values], 0)
        axes.errorbar(
            mark.values, places, xerr=arms, linestyle="none", color=theme.ink, capsize=3, elinewidth=1.2, zorder=3
        )
    room = int(width * 4.6)
    axes.set_yticks(places, ["\n".join(textwrap.wrap(name, room)[:2]) for name in mark.labels])
    axes.set_ylim(len(mark.labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=theme.quiet, linewidth=0.9, zorder=2.5)


@put.register
def _(mark: Columns, axes: Any, theme: Theme, width: float) -> None:
    colour, dashes, _ = _style(theme, mark.style)
    if mark.filled:
        axes.stairs(mark.heights, mark.edges, fill=True, color=colour, alpha=0.3, zorder=2)
    axes.stairs(
        mark.heights, mark.edges, color=colour, linestyle=dashes, linewidth=1.6, label=mark.name, zorder=3, baseline=0
    )


@put.register
def _(mark: Heat, axes: Any, theme: Theme, width: float) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("shades", [theme.paper, theme.deep])
    axes.imshow(mark.shades, cmap=colours, vmin=0, vmax=1, aspect="auto")
    rows, columns = len(mark.rows), len(mark.columns)
    axes.grid(visible=False)
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    if max(rows, columns) <= 30:
        axes.grid(which="minor", color=theme.line, linewidth=0.8)
    axes.tick_params(which="both", length=0)
    _names_along(axes, mark.rows, mark.columns, width)
    size = min(10.5, 0.62 * 72 * width / columns / max(2, max(len(t) for row in mark.texts for t in row)) * 1.25)
    if size < 4.5:
        return
    for r, row in enumerate(mark.texts):
        for c, text in enumerate(row):
            dark = mark.shades[r, c] > 0.5
            axes.text(c, r, text, ha="center", va="center", size=size, color=theme.paper if dark else theme.ink)


def _names_along(axes: Any, rows: tuple[str, ...], columns: tuple[str, ...], width: float) -> None:
    across = range(0, len(columns), 1 + len(columns) // MANY)
    down = range(0, len(rows), 1 + len(rows) // MANY)
    longest = max(len(columns[at]) for at in across)
    turned = longest * len(across) > width * 9
    names = [cut(columns[at]) for at in across]
    axes.set_xticks(list(across), names, rotation=45 if turned else 0, ha="right" if turned else "center")
    if turned:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.set_yticks(list(down), [cut(rows[at]) for at in down])


@put.register
def _(mark: Pictures, axes: Any, theme: Theme, width: float) -> None:
    from matplotlib.patches import Rectangle

    axes.set_axis_off()
    axes.set_aspect("equal")
    lines = [below(item.label, item.note, mark.columns, width) for item in mark.items]
    tall, room = row_height(mark, width), _tallest(mark)
    for place, item in enumerate(mark.items):
        row, column = divmod(place, mark.columns)
        left, top = column + 0.05, -row * tall
        high, wide = item.pixels.shape[:2]
        w, h = 0.9 * wide / max(high, wide), 0.9 * high / max(high, wide)
        x, y = left + (0.9 - w) / 2, top - (room - h) / 2
        axes.imshow(
            item.pixels, cmap="gray", vmin=0, vmax=255, extent=(x, x + w, y - h, y), interpolation="nearest", zorder=2
        )
        wrong = item.right is False
        colour = theme.quiet if item.right is None else theme.colours[1 if wrong else 0]
        axes.add_patch(
            Rectangle(
                (x, y - h), w, h, fill=False, edgecolor=colour, linewidth=2.4 if wrong else 1.0,
                linestyle=(0, (3, 1.5)) if wrong else "solid", zorder=3,
            )
        )  # fmt: skip
        if lines[place]:
            axes.text(
                left + 0.45, top - room - 0.04, "\n".join(lines[place]), ha="center", va="top", size=9.5,
                linespacing=1.1, weight="bold" if wrong else "normal",
            )  # fmt: skip
    axes.set_xlim(0, mark.columns)
    axes.set_ylim(-math.ceil(len(mark.items) / mark.columns) * tall + 0.02, 0.02)


def row_height(mark: Pictures, width: float) -> float:
    """A row of the grid with its texts, in widths of a cell."""
    lines = max((len(below(item.label, item.note, mark.columns, width)) for item in mark.items), default=0)
    return _tallest(mark) + 0.1 + 0.17 * lines * mark.columns / width


def _tallest(mark: Pictures) -> float:
    return 0.9 * max(float(item.pixels.shape[0] / max(item.pixels.shape[:2])) for item in mark.items)


def below(label: str, note: str, columns: int, width: float) -> list[str]:
    """What stands below a picture, in lines that fit."""
    room = max(4, int(width / columns * 12))
    return [line for text in (label, note) for line in textwrap.wrap(text, room)[:2]]
