"""The report: a comparison as one HTML file that needs nothing else, for a mail or a paper's appendix.

It has no script and no address; what runs say of themselves is text in it, whatever it contains.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import castalia
from castalia.core.errors import WrongInput
from castalia.track.board import bands, comparing, drawing, sampling, sources
from castalia.track.board.drawing import Line, escaped, short
from castalia.track.store import Store

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
MOST_CHARTS, MOST_POINTS, ROWS = 24, 40_000, 20
"""Charts, points of all of them together, and rows of a chart's table."""
LONG = 400
"""Letters of a value that a table shows."""
MAX_NOTE = 8000

_STYLE = """
:root{color-scheme:light dark;
--paper:#fbfbf9;--raised:#fff;--line:#e3e3dc;--ink:#17191a;--ink-2:#4b5051;--ink-3:#666b6b;
--mark:#faf0d9;--c-1:#0b6b66;--c-2:#b4561a;--c-3:#3f58b8;--c-4:#9b2c72;--c-5:#5d6b16;--c-6:#6b4a2f}
@media(prefers-color-scheme:dark){:root{--paper:#101314;--raised:#171b1c;--line:#2a3031;--ink:#eceeed;--ink-2:#b5bcba;
--ink-3:#929a98;--mark:#2d2412;--c-1:#63c9bf;--c-2:#f0a36b;--c-3:#93a8f5;--c-4:#e48ac2;--c-5:#b8c860;--c-6:#cfae90}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:2rem 1.5rem 4rem;background:var(--paper);color:var(--ink);
font:15px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif;
overflow-wrap:break-word}
h1{font-size:1.75rem;line-height:1.25;letter-spacing:-.02em;margin:0 0 .5rem}
h2{font-size:1.125rem;margin:2.5rem 0 .75rem}
h3{font-size:.9375rem;margin:0 0 .5rem;font-weight:600;overflow-wrap:anywhere}
p{margin:0 0 .75rem;max-width:42rem}
.muted{color:var(--ink-2)}
.note{white-space:pre-wrap}
.scroll+p{margin-top:.75rem}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px;background:var(--raised)}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:.375rem .75rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);
max-width:22rem;overflow-wrap:anywhere;min-width:5rem}
tbody tr:last-child>*{border-bottom:0}
thead th{color:var(--ink-2)}
tbody th{font-weight:500;position:sticky;left:0;background:var(--raised)}
tr.part th{color:var(--ink-2);font-weight:600;background:var(--paper)}
.n{text-align:right}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,28rem),1fr));gap:2rem 1.5rem}
figure{margin:0;min-width:0}
svg{display:block;width:100%;height:auto}
svg text{font-size:11px;fill:var(--ink-3)}
svg .grid{stroke:var(--line)}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:0;padding:0;font-size:13px}
.key li{display:inline-flex;align-items:center;gap:.5rem;overflow-wrap:anywhere}
.key svg{width:24px;flex:none}
details{margin-top:.5rem;font-size:13px}
summary{cursor:pointer;color:var(--ink-2)}
pre{margin:0;padding:.75rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12.5px;
border:1px solid var(--line);border-radius:8px;background:var(--raised)}
@media print{details>*{display:block}.charts{display:block}figure{break-inside:avoid;margin-bottom:1.5rem}}
"""


def report(
    store: Store, run_ids: Sequence[str], *, title: str = "", note: str = "", by: str = "", when: float | None = None
) -> str:
    """HTML of 2 to 200 runs: what differs, the curves with their numbers, how each was made.

    With ``by`` the curves are bands over groups (see ``bands.groups``). ``when`` is the time to print, in seconds since
    1970; now if not given. WrongInput where the runs cannot be compared or grouped.
    """
    if len(note) > MAX_NOTE:
        raise WrongInput("the note is too long", f"{len(note):,} letters", f"at most {MAX_NOTE:,}", field="note")
    found = comparing.compared(store, run_ids)
    rows: list[dict[str, Any]] = found["runs"]
    ids = [row["run_id"] for row in rows]
    made = bands.groups(rows, by) if by else []
    heading = title.strip() or f"{len(rows)} runs compared"
    day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(when))
    body = [
        f"<h1>{_told(heading)}</h1>",
        f'<p class="muted">{len(rows)} runs, written by Castalia {castalia.__version__} on {day}.</p>',
        f'<p class="note">{_told(note)}</p>' if note.strip() else "",
        f"<h2>{'Groups' if made else 'Runs'}</h2>", _key([one["name"] for one in made or rows]),
        "<h2>What differs</h2>", _differences(rows, found["sections"]),
        "<h2>Curves</h2>", _curves(store, rows, made),
        "<h2>How to reproduce</h2>", _reproduction(rows, sources.sources(store, ids)),
    ]  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(CSP)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escaped(heading)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _told(text: object) -> str:
    return f"<bdi>{escaped(text)}</bdi>"


def _swatch(number: int) -> str:
    line = f'<line x1="0" y1="4" x2="24" y2="4" stroke-width="2" {drawing.stroke(number)}/>'
    return f'<svg viewBox="0 0 24 8" aria-hidden="true">{line}</svg>'


def _key(names: Sequence[str]) -> str:
    return f'<ul class="key">{"".join(f"<li>{_swatch(i)}{_told(name)}</li>" for i, name in enumerate(names))}</ul>'


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"<td>{short(value)}</td>"
    text = "–" if value is None or value == "" else str(value)
    return f"<td>{_told(text if len(text) <= LONG else text[:LONG] + '…')}</td>"


def _differences(rows: Sequence[dict[str, Any]], parts: Sequence[dict[str, Any]]) -> str:
    lines, equal = [], 0
    for part in parts:
        different = [line["key"] for line in part["keys"] if line["differs"]]
        equal += len(part["keys"]) - len(different)
        if different:
            lines.append(f'<tr class="part"><th scope="rowgroup" colspan="{len(rows) + 1}">{part["name"]}</th></tr>')
        for key in different:
            values = [row[part["field"]].get(key) if part["field"] else row[key] for row in rows]
            lines.append(f'<tr><th scope="row">{_told(key)}</th>{"".join(map(_cell, values))}</tr>')
    head = "".join(f'<th scope="col">{_told(row["name"])}</th>' for row in rows)
    if not lines:
        return "<p>Nothing that these runs say of themselves differs.</p>"
    table = f'<table><thead><tr><th scope="col">Name</th>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    return f'<div class="scroll" tabindex="0">{table}</div><p class="muted">{equal} more are the same in all runs.</p>'


def _curves(store: Store, rows: Sequence[dict[str, Any]], made: Sequence[dict[str, Any]]) -> str:
    ids = [row["run_id"] for row in rows]
    most: dict[str, int] = {}
    for row in rows:
        for key in row["metrics"]:
            most[key] = most.get(key, 0) + 1
    keys = sorted(most, key=lambda key: (-most[key], key))
    shown: list[str] = []
    figures: list[str] = []
    points = max(20, min(200, MOST_POINTS // (len(ids) * max(1, min(len(keys), MOST_CHARTS)))))
    for key in keys:
        if len(shown) == MOST_CHARTS:
            break
        sampled = sampling.sampled(store, ids, [key], points)
        series = {run: lines[key] for run, lines in sampled.items() if key in lines}
        if max((len(line["step"]) for line in series.values()), default=0) > 1:
            shown.append(key)
            figures.append(_figure(key, rows, series, made))
    if not shown:
        return "<p>No metric was logged more than once, so there is no curve.</p>"
    words = "Lines are drawn through at most " + str(points) + " points of a run at even distances."
    if made:
        words += " Each line is the mean of a group and the band its 95 % interval (Student's t), on a common grid of"
        words += " steps; between its points a run goes straight, beyond them it says nothing."
    left = len(keys) - len(shown)
    if len(shown) == MOST_CHARTS and left:
        words += f" {left} more metrics are not drawn."
    return f'<p class="muted">{words}</p><div class="charts">{"".join(figures)}</div>'


def _figure(
    key: str, rows: Sequence[dict[str, Any]], series: dict[str, dict[str, Any]], made: Sequence[dict[str, Any]]
) -> str:
    lines = []
    if made:
        for number, group in enumerate(made):
            told = bands.band([series[run] for run in group["run_ids"] if run in series])
            if told["step"]:
                lines.append(Line(group["name"], told["step"], told["middle"], number, told["low"], told["high"]))
    else:
        for number, row in enumerate(rows):
            line = series.get(row["run_id"])
            if line is not None:
                lines.append(Line(row["name"], line["step"], line["value"], number))
    return (
        f"<figure><h3>{_told(key)}</h3>{drawing.curves(key, lines)}"
        f"<details><summary>The numbers</summary>{_numbers(key, lines)}</details></figure>"
    )


def _numbers(key: str, lines: Sequence[Line]) -> str:
    """A table: some of the steps, and of each line the last value up to there."""
    steps = sorted({float(x) for line in lines for x in line.x})
    if len(steps) > ROWS:
        steps = [steps[i * (len(steps) - 1) // (ROWS - 1)] for i in range(ROWS)]
    places = [0] * len(lines)
    body = []
    for at in steps:
        cells = []
        for i, line in enumerate(lines):
            while places[i] < len(line.x) and line.x[places[i]] <= at:
                places[i] += 1
            value = line.y[places[i] - 1] if places[i] and at <= line.x[-1] else None
            cells.append(f'<td class="n">{short(value)}</td>')
        body.append(f'<tr><th scope="row" class="n">{short(at)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col">{_told(line.name)}</th>' for line in lines)
    table = f'<table><thead><tr><th scope="col">step</th>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(key)}, the numbers">{table}</div>'


def _reproduction(rows: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]) -> str:
    lines = []
    for row, source in zip(rows, told, strict=True):
        tags = row["tags"]
        state = {True: ", with changes that were not committed", False: ""}.get(source["dirty"], "")
        commit = f"{source['commit']}{state}" if source["commit"] else None
        where = " · ".join(str(tags[name]) for name in ("castalia.python", "castalia.platform") if name in tags)
        cells = (row["run_id"], source["command"] or None, commit, source["branch"] or None, where or None)
        lines.append(f'<tr><th scope="row">{_told(row["name"])}</th>{"".join(map(_cell, cells))}</tr>')
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Run", "Id", "Command", "Commit", "Branch", "Python and system")
    )
    again = " ".join(["castalia runs compare", *(row["run_id"] for row in rows), "--html report.html"])
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
        f"<h3>This report again, from the same store</h3><pre>{escaped(again)}</pre>"
    )
