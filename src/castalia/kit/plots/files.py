"""Plots as PNG, SVG and PDF, by matplotlib: without pyplot, a display, or the settings of whoever calls."""

from __future__ import annotations

import io
import math
import textwrap
import threading
from typing import TYPE_CHECKING, Any

from castalia.core.errors import Unavailable
from castalia.kit.plots.inputs import cut
from castalia.kit.plots.marks import Axis, Bars, Heat, Panel, Pictures
from castalia.kit.plots.matplotlib_marks import put, row_height
from castalia.kit.plots.themes import Theme

if TYPE_CHECKING:
    from castalia.kit.plots.plot import Plot

_LOCK = threading.Lock()
"""matplotlib's settings are global; they are ours for as long as a picture is drawn."""
_TEXT = 11.0


def drawn(plot: Plot, kind: str, theme: Theme, width: float, dpi: int) -> bytes:
    """The file's content. Unavailable where matplotlib is not installed."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        cure = "pip install 'castalia[plots]'"
        raise Unavailable(
            "a plot needs matplotlib to become a file", "it is not installed", "matplotlib", cure
        ) from None
    out = io.BytesIO()
    with _LOCK, matplotlib.rc_context():
        matplotlib.rcdefaults()
        settings: Any = matplotlib.rcParams  # its type lists every key
        settings.update(_settings(theme))
        figure = Figure(figsize=(width, _height(plot, width)), layout="constrained", facecolor=theme.paper)
        FigureCanvasAgg(figure)
        _fill(figure, plot, theme, width)
        figure.savefig(out, format=kind, dpi=dpi, metadata=_metadata(plot, kind), facecolor=theme.paper)
    return out.getvalue()


def _settings(theme: Theme) -> dict[str, Any]:
    return {
        "font.size": _TEXT, "axes.titlesize": _TEXT, "axes.labelsize": _TEXT, "legend.fontsize": _TEXT - 0.5,
        "xtick.labelsize": _TEXT - 1, "ytick.labelsize": _TEXT - 1, "text.color": theme.ink,
        "axes.labelcolor": theme.ink, "axes.edgecolor": theme.quiet, "axes.facecolor": theme.paper,
        "xtick.color": theme.quiet, "ytick.color": theme.quiet, "xtick.labelcolor": theme.ink,
        "ytick.labelcolor": theme.ink, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "axes.axisbelow": True, "grid.color": theme.line, "grid.linewidth": 0.8, "axes.linewidth": 0.8,
        "lines.linewidth": 2.0, "lines.markersize": 5.0, "legend.frameon": False, "svg.hashsalt": "castalia",
        "axes.formatter.use_mathtext": False, "axes.unicode_minus": True, "pdf.fonttype": 42, "path.simplify": True,
        "text.parse_math": False,
    }  # fmt: skip


def _metadata(plot: Plot, kind: str) -> dict[str, Any]:
    """What is seen, for who cannot see it; and no date, so that the same data are the same bytes."""
    if kind == "png":
        return {"Title": plot.title, "Description": plot.alt, "Software": None}
    if kind == "svg":
        return {"Title": plot.title, "Description": plot.alt, "Date": None, "Creator": None}
    return {"Title": plot.title, "Subject": plot.alt, "CreationDate": None, "Producer": None, "Creator": None}


def _height(plot: Plot, width: float) -> float:
    """Inches: by what has to find room."""
    first = plot.panels[0].marks[0]
    if isinstance(first, Bars):
        content = 0.9 + 0.3 * len(first.labels)
    elif isinstance(first, Heat):
        content = min(2.2, 0.5 + 0.09 * _longest(first.columns)) + max(1.6, min(width, 0.62 * len(first.rows)))
    elif isinstance(first, Pictures):
        rows = math.ceil(len(first.items) / first.columns)
        content = rows * row_height(first, width) * width / first.columns
    elif plot.panels[0].square:
        content = width * 0.86
    else:
        content = width * 0.55 * sum(panel.height for panel in plot.panels)
    legend = 0.235 * _legend_rows(plot, width)
    return content + legend + 0.24 * len(_title(plot, width)) + 0.19 * len(_caption(plot, width)) + 0.35


def _longest(names: tuple[str, ...]) -> int:
    return max(map(len, names), default=0)


def _title(plot: Plot, width: float) -> list[str]:
    return textwrap.wrap(plot.title, int(width * 9.5)) or [""]


def _caption(plot: Plot, width: float) -> list[str]:
    return textwrap.wrap(plot.caption, int(width * 12.6))


def _names(plot: Plot) -> list[str]:
    first = plot.panels[0]
    return [name for mark in first.marks if (name := getattr(mark, "name", ""))] if first.legend else []


def _legend_columns(names: list[str], width: float) -> int:
    """How many names fit beside each other."""
    return max(1, min(len(names), int(width * 12.5 / (max(map(len, names), default=0) + 8))))


def _legend_rows(plot: Plot, width: float) -> int:
    names = _names(plot)
    return math.ceil(len(names) / _legend_columns(names, width)) if names else 0


def _fill(figure: Any, plot: Plot, theme: Theme, width: float) -> None:
    height = float(figure.get_figheight())
    title, caption = _title(plot, width), _caption(plot, width)
    above = 0.24 * len(title) + 0.12
    top, bottom = above + 0.235 * _legend_rows(plot, width), 0.19 * len(caption) + 0.12
    figure.get_layout_engine().set(rect=(0.012, bottom / height, 0.976, 1 - (top + bottom) / height), hspace=0.04)
    figure.text(0.02, 1 - 0.08 / height, "\n".join(title), weight="bold", size=_TEXT + 1.5, va="top")
    figure.text(0.02, 0.08 / height, "\n".join(caption), color=theme.quiet, size=_TEXT - 1.5, va="bottom")
    shares = [panel.height for panel in plot.panels]
    grid = figure.subplots(len(plot.panels), 1, sharex=len(plot.panels) > 1, squeeze=False, height_ratios=shares)
    for place, (panel, axes) in enumerate(zip(plot.panels, grid[:, 0], strict=True)):
        _panel(axes, panel, theme, last=place == len(plot.panels) - 1, width=width)
    if names := _names(plot):
        columns = _legend_columns(names, width)
        entries = list(zip(*grid[0, 0].get_legend_handles_labels(), strict=True))
        # matplotlib fills columns downwards; names are read along the rows
        read = [entry for column in range(columns) for entry in entries[column::columns]]
        handles, labels = zip(*read, strict=True)
        legend = figure.legend(
            handles, [cut(label, int(width * 10.5) - 6) for label in labels],
            loc="upper left", ncols=columns, handlelength=2.6, borderaxespad=0, borderpad=0,
            labelspacing=0.35, columnspacing=1.4, bbox_to_anchor=(0.02, 1 - above / height),
        )  # fmt: skip
        legend.set_in_layout(False)


def _panel(axes: Any, panel: Panel, theme: Theme, last: bool, width: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    axes.set_ylabel(panel.y.title)
    axes.set_xlabel(panel.x.title if last else "")
    if panel.square:
        axes.set_aspect("equal", adjustable="box")
    for mark in panel.marks:
        put(mark, axes, theme, width)
    for axis, name, which in ((panel.x, "x", axes.xaxis), (panel.y, "y", axes.yaxis)):
        if axis.log:
            getattr(axes, f"set_{name}scale")("log")
            low, high = which.get_view_interval()
            which.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
            which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            which.set_minor_formatter(NullFormatter())
        if axis.whole:
            which.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _limits(axes, axis, name)


def _limits(axes: Any, axis: Axis, name: str) -> None:
    if axis.low is None and axis.high is None:
        return
    if name == "x":
        axes.set_xlim(axis.low, axis.high)
    else:
        axes.set_ylim(axis.low, axis.high)
