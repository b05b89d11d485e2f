"""Runs, comparisons and models as a notebook shows them: HTML with drawn curves, no script.

Text and axes take the colour of the page around them, and the curves' colours stand out from white and from black:
a notebook's theme need not be that of the machine.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from castalia.track.model_cards import UNKNOWN, ModelCard, model_card
from castalia.track.naming import TURNING
from castalia.track.store import Store

COLOURS = ("#1d8f88", "#c8692f", "#6178d6", "#b8528f", "#7d8a2b", "#97704f")
MOST_CURVES, MOST_ROWS, POINTS = 12, 20, 200
WIDTH, HEIGHT, EDGE = 240, 84, 4
Series = tuple[Sequence[float], Sequence[float]]
"""Steps and values."""


@dataclass(frozen=True)
class Card:
    """What a notebook shows in the place of an object; a console shows ``text``."""

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def run_card(
    name: str,
    status: str,
    params: Mapping[str, Any],
    curves: Mapping[str, Series],
    about: str = "",
    metrics: int = 0,
) -> Card:
    """A run: its params, and a curve of each metric, at most 12; ``metrics`` are how many it has, if more."""
    names = list(curves)[:MOST_CURVES]
    said = " ".join(f"<code>{escape(str(key))}={escape(_short(value))}</code>" for key, value in params.items())
    parts = [f"<b>{escape(name)}</b> {escape(status)} <small>{escape(about)}</small>"]
    if said:
        parts.append(f"<small>{said}</small>")
    pictures = "".join(_figure(key, [(name, curves[key])]) for key in names)
    if pictures:
        parts.append(f'<div style="display:flex;flex-wrap:wrap;gap:12px">{pictures}</div>')
    if max(len(curves), metrics) > len(names):
        parts.append(f"<small>{len(names)} of {max(len(curves), metrics)} metrics are drawn.</small>")
    last = ", ".join(f"{key} {_number(curves[key][1][-1])}" for key in names if curves[key][1])
    return Card(_framed(parts), f"{name} {status}" + (f": {last}" if last else ""))


def card(store: Store, *run_ids: str) -> Card:
    """One run of a store, or several beside each other: what differs in their params, last values, curves overlaid.

    NotFound for a run that is not there.
    """
    rows = store.runs_by_id(list(run_ids))
    if len(rows) == 1:
        row = rows[0]
        names = sorted(row["metrics"], key=_order)
        curves = _curves(store.metrics(row["run_id"], names[:MOST_CURVES], POINTS))
        about = f"{row['experiment']} {row['run_id']}"
        return run_card(row["name"], row["status"], row["params"], curves, about, len(names))
    params = [key for key in _keys(row["params"] for row in rows) if len({row["params"].get(key) for row in rows}) > 1]
    metrics = list(_keys(row["metrics"] for row in rows))
    found = {row["run_id"]: _curves(store.metrics(row["run_id"], metrics[:MOST_CURVES], POINTS))
             for row in rows[:MOST_ROWS]}  # fmt: skip
    cells = [
        [_swatch(i) + escape(row["name"]), escape(row["status"]),
         *(escape(_short(row["params"].get(key, "–"))) for key in params),
         *(_number(row["metrics"].get(key)) for key in metrics[:MOST_CURVES])]
        for i, row in enumerate(rows[:MOST_ROWS])
    ]  # fmt: skip
    table = _table(["run", "status", *params, *metrics[:MOST_CURVES]], cells)
    pictures = ""
    for key in metrics[:MOST_CURVES]:
        having = [(i, row) for i, row in enumerate(rows[:MOST_ROWS]) if key in found[row["run_id"]]]
        lines = [(row["name"], found[row["run_id"]][key]) for _, row in having]
        pictures += _figure(key, lines, [i for i, _ in having])
    more = [f"<small>{MOST_ROWS} of {len(rows)} runs are shown.</small>"] if len(rows) > MOST_ROWS else []
    frame = _framed([table, f'<div style="display:flex;flex-wrap:wrap;gap:12px">{pictures}</div>', *more])
    text = [f"{row['name']} {row['status']} {_said(row['metrics'], metrics)}" for row in rows]
    return Card(frame, "\n".join(text))


def models_card(store: Store, name: str = "", version: int | None = None) -> Card:
    """Every model of a store; with ``name`` its versions, the newest first; with ``version`` that one's model card."""
    if version is not None:
        return _version_card(model_card(store, name, version))
    if name:
        lines = store.versions(name)
        rows = [[str(each.version), ", ".join(each.aliases), each.run_id or "–", _said(each.metrics, each.metrics)]
                for each in lines]  # fmt: skip
        head = ["version", "aliases", "run", "metrics"]
    else:
        head = ["model", "versions", "newest", "champion"]
        rows = [[str(each.get(key) or "–") for key in ("name", "versions", "newest", "champion")]
                for each in store.models()]  # fmt: skip
    table = _table(head, [[escape(cell) for cell in row] for row in rows])
    text = "\n".join("  ".join(row) for row in [head, *rows])
    return Card(_framed([f"<b>{escape(name)}</b>" if name else "", table]), text)


def _version_card(found: ModelCard) -> Card:
    """The same that the page of the version shows; a card that somebody wrote stays the Markdown that it is."""
    parts = [f"<b>{escape(found.label)}</b> <small>{escape(found.written or 'of what is known')}</small>"]
    rules = [flag.text for flag in found.flags]
    told = [("Intended use", found.intended or UNKNOWN), ("Limits", found.limits or UNKNOWN)]
    rows = [("Licence", rule) for rule in rules] + told
    parts.append(_table(["", ""], [[escape(cell) for cell in row] for row in rows]))
    if found.written:
        parts.append(f'<pre style="white-space:pre-wrap">{escape(found.text)}</pre>')
    for head, lines in found.sections:
        cells = [[escape(name), escape(_short(value))] for name, value in lines[:MOST_ROWS]]
        parts.append(f"<b>{escape(head)}</b>{_table(['', ''], cells)}")
    return Card(_framed(parts), "\n".join(f"{name}: {value}" for name, value in [("Card", found.label), *rows]))


def _curves(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Series]:
    return {key: (found[key]["step"], found[key]["value"]) for key in sorted(found, key=_order)}


def _order(key: str) -> tuple[bool, str]:
    return key.startswith("system/"), key


def escape(text: str, quote: bool = True) -> str:
    """A text as HTML, without the marks that would turn what follows around."""
    return html.escape(TURNING.sub("", text), quote)


def _keys(rows: Iterable[Mapping[str, Any]]) -> dict[str, None]:
    return {key: None for row in rows for key in row}


def _figure(key: str, lines: Sequence[tuple[str, Series]], tones: Sequence[int] = (0,)) -> str:
    """One metric: the lines of one or more runs on the same axes, with the range in words."""
    points = [value for _, series in lines for value in series[1] if math.isfinite(value)]
    steps = [step for _, series in lines for step in series[0]]
    if not steps:
        return ""
    low, high = (min(points), max(points)) if points else (0.0, 0.0)
    first, last = min(steps), max(steps)
    drawn = "".join(
        f'<path d="{path}" fill="none" stroke="{COLOURS[tone % len(COLOURS)]}" stroke-width="1.6">'
        f"<title>{escape(name)}</title></path>"
        for (name, series), tone in zip(lines, tones, strict=True)
        if (path := _path(series, first, last, low, high))
    )
    only = f" <b>{_number(lines[0][1][1][-1])}</b>" if len(lines) == 1 else ""
    label = f"{key}: {_number(low)} to {_number(high)}, steps {first:g} to {last:g}"
    return (
        f'<div style="width:{WIDTH}px"><small>{escape(key)}{only}</small>'
        f'<svg role="img" aria-label="{escape(label, quote=True)}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" style="display:block"><path d="M0 {HEIGHT - 1}H{WIDTH}" stroke="currentColor" '
        f'stroke-opacity=".35"/>{drawn}</svg>'
        f'<small style="opacity:.8">{_number(low)} to {_number(high)}, steps {first:g} to {last:g}</small></div>'
    )


def _path(series: Series, first: float, last: float, low: float, high: float) -> str:
    """A line as SVG draws it; a number that is none leaves a gap, a point by itself is a dot."""
    steps, values = series
    every = max(1, math.ceil(len(steps) / (2 * POINTS)))
    wide, tall = (last - first) or 1, (high - low) or 1
    out, pen = [], "M"
    for i in [*range(0, len(steps) - 1, every), len(steps) - 1]:
        if not math.isfinite(values[i]):
            pen = "M"
            continue
        x = EDGE + (steps[i] - first) / wide * (WIDTH - 2 * EDGE)
        y = HEIGHT - EDGE - (values[i] - low) / tall * (HEIGHT - 2 * EDGE)
        out.append(f"{pen}{x:.1f} {y:.1f}" + ("h.1" if pen == "M" else ""))
        pen = "L"
    return "".join(out)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """``rows`` are HTML already."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _swatch(number: int) -> str:
    return f'<span style="color:{COLOURS[number % len(COLOURS)]}">&#9632;</span> '


def _framed(parts: Iterable[str]) -> str:
    inner = "".join(f'<div style="margin:.3em 0">{part}</div>' for part in parts if part)
    return f'<div style="font-variant-numeric:tabular-nums">{inner}</div>'


def _said(metrics: Mapping[str, Any], keys: Iterable[str]) -> str:
    return " ".join(f"{key}={_number(metrics.get(key))}" for key in keys)


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.4g}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
