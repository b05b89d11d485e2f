"""``castalia data``: data sets that are known, where they lie, and adding your own."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from castalia.cli import layout, terminal
from castalia.cli.finding import or_verb

if TYPE_CHECKING:
    from castalia.data import DataSet, Entry, Progress

app = App(name="data", help="Data sets: list, show, add, fetch.")


@app.default
def data(name: str = "", /, *, json: bool = False) -> int:
    """List the data sets, or show one.

    Parameters
    ----------
    name
        The name of a data set.
    json
        Print JSON instead.
    """
    if not name:
        return list_(json=json)
    with or_verb(app, name):
        return show(name, json=json)


@app.command(name="list")
def list_(*, json: bool = False) -> int:
    """List every data set that has a name: registered ones, then yours.

    Parameters
    ----------
    json
        Print a list of objects instead.
    """
    from castalia.data import known

    found = known()
    if json:
        terminal.out_json([each.plain() for each in found])
        return 0
    rows = [(each.name, each.title, each.kind, f"{each.rows:,}", _where(each), _licence(each)) for each in found]
    terminal.out_table(("name", "title", "kind", "rows", "where", "licence"), rows, right=("rows",))
    return 0


@app.command
def show(name: str, /, *, json: bool = False) -> int:
    """Show one data set: where it lies, its licence, its columns or classes.

    Parameters
    ----------
    name
        The name of a data set: telco, mine, mine@2.
    json
        Print one object instead.
    """
    from castalia.data.library import Library

    library = Library()
    entry = library.entry(name)
    opened = None if entry.where == "remote" else library.open(name)
    if json:
        terminal.out_json({**entry.plain(), **_content(opened)})
        return 0
    facts = {**entry.plain(), "where": _where(entry), "versions": [f"{entry.name}@{n}" for n in entry.versions]}
    if opened is not None:
        facts |= {"digest": f"sha256:{opened.digest}", "target": opened.target}
    terminal.out_facts({key: value for key, value in facts.items() if value is not False})
    if opened is None:
        terminal.say(f"\nNot on this machine. Get it:  castalia data fetch {entry.name}")
    elif opened.kind == "table":
        terminal.out()
        terminal.out_table(("column", "kind", "complete", "values"), [_column(each) for each in opened.columns])
    else:
        terminal.out(
            "\n" + layout.section("Arrays", [(key, f"{a.dtype} {a.shape}") for key, a in opened.arrays().items()])
        )
    return 0


@app.command
def add(file: Path, /, *, name: str | None = None, json: bool = False) -> int:
    """Keep a table of yours (CSV, TSV, JSON lines, Parquet) as the next version of a data set.

    Parameters
    ----------
    file
        The file; the same content again gives the same version.
    name
        What to call the set; the file's own name where none is given.
    json
        Print the version as an object.
    """
    version = add_file(file, name)
    if json:
        terminal.out_json(version.plain())
        return 0
    size = f"{terminal.many(version.rows, 'row')}, {terminal.many(version.columns, 'column')}"
    terminal.out(f"{version.name}@{version.version}: {size}.")
    for note in version.notes:
        terminal.say(f"note: {note}")
    return 0


@app.command
def fetch(name: str, /, *, accept: bool = False, json: bool = False) -> int:
    """Make sure that a data set is on this machine, downloading it where it is not.

    Parameters
    ----------
    name
        The name of a registered data set.
    accept
        Accept the terms of a set that is for research only; this is remembered.
    json
        Print its line of the list as an object.
    """
    from castalia import data

    entry = data.fetch(name, accept=accept, progress=Bar())
    if json:
        terminal.out_json(entry.plain())
    else:
        terminal.out(f"{entry.name} is here ({_where(entry)}).")
    return 0


class Bar:
    """Progress of downloads on standard error: share, rate and time left."""

    def __init__(self) -> None:
        self._file, self._begun, self._first, self._drawn = "", 0.0, 0, 0.0

    def __call__(self, progress: Progress) -> None:
        """Hear how far a download is."""
        now = time.monotonic()
        if progress.file != self._file:
            self._file, self._begun, self._first, self._drawn = progress.file, now, progress.done, 0.0
            terminal.say(f"{progress.name}: {progress.file} from {progress.host} (licence: {progress.licence})")
        whole = progress.total is not None and progress.done >= progress.total
        live = terminal.is_terminal(sys.stderr) and not terminal.PLAIN
        if now - self._drawn < (0.1 if live else 5.0) and not whole:
            return
        self._drawn = now
        line = self._line(progress, now)
        if live:
            sys.stderr.write(f"\r\x1b[2K{line}" + ("\n" if whole else ""))
            sys.stderr.flush()
        else:
            terminal.say(line)

    def _line(self, progress: Progress, now: float) -> str:
        rate = (progress.done - self._first) / max(now - self._begun, 1e-3)
        words = [terminal.size(progress.done), f"{terminal.size(rate)}/s"]
        if progress.total:
            words.insert(0, f"{100 * progress.done / progress.total:3.0f} %")
            if rate > 0:
                words.append(f"{terminal.span((progress.total - progress.done) / rate)} left")
        return "  " + "  ".join(words)


def add_file(file: Path, name: str | None = None) -> Any:
    """Add a file to the data store, saying where it is looked for when it is not there."""
    from castalia import data
    from castalia.core.errors import NotFound

    if not file.is_file():
        got = "a folder" if file.is_dir() else "nothing there"
        raise NotFound(
            f"there is no file {file}", got, "a CSV, TSV, JSON lines or Parquet file", "Check the path.", field="data"
        )
    return data.add(file, name)


def _content(opened: DataSet | None) -> dict[str, Any]:
    """What is known once a set is open; nulls while it is not on this machine."""
    if opened is None:
        return {"digest": None, "columns": None, "arrays": None}
    table = opened.kind == "table"
    arrays = (
        None if table else {key: {"dtype": str(a.dtype), "shape": list(a.shape)} for key, a in opened.arrays().items()}
    )
    return {
        "digest": opened.digest,
        "columns": [each.plain() for each in opened.columns] if table else None,
        "arrays": arrays,
    }


def _where(entry: Entry) -> str:
    words = {
        "folder": "in CASTALIA_DATA",
        "cache": "in the cache",
        "shipped": "shipped",
        "remote": "to fetch",
        "added": "yours",
    }
    return words.get(entry.where, entry.where)


def _licence(entry: Entry) -> str:
    return f"{entry.licence} (research only)" if entry.research_only else entry.licence


def _column(column: Any) -> tuple[object, ...]:
    if column.choices:
        values = ", ".join(column.choices[:6]) + (" ..." if len(column.choices) > 6 else "")
    elif column.minimum is not None:
        values = f"{column.minimum:g} to {column.maximum:g}"
    else:
        values = column.example
    return column.name, column.kind, column.required, values
