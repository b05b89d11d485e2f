"""``castalia runs compare``: what differs between runs, a column a run; as a file with curves where asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.cli.finding import open_store, run_of
from castalia.core.atomic import replacing
from castalia.core.errors import Conflict, WrongInput

if TYPE_CHECKING:
    from castalia.track import Store

_MOST, _MOST_IN_FILE = 20, 200
_FIELDS = ("params", "metrics", "tags")


def compare(
    run: str, other: str, /, *more: str, all: bool = False, html: Path | None = None, title: str = "", note: str = "",
    by: str = "", replace: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """Show runs side by side: params that differ, and the last value of every metric.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    other
        The run beside it.
    more
        More runs, 20 in all; 200 with --html.
    all
        Show params and tags that are equal too.
    html
        Write a report with curves into this file instead: one page that needs nothing else.
    title
        The title of the report.
    note
        A note below it.
    by
        Draw groups of runs as bands: alike (but for their seeds), params.NAME, tags.NAME, experiment.
    replace
        Replace the file.
    json
        Print {"runs", "params", "metrics", "tags"} instead, each with one value a run.
    """
    typed, most = (run, other, *more), _MOST if html is None else _MOST_IN_FILE
    if len(typed) > most:
        raise WrongInput("too many runs side by side", str(len(typed)), f"at most {most}", "Leave some out.")
    with open_store() as store:
        ids = list(dict.fromkeys(run_of(store, each, trash=True) for each in typed))
        if len(ids) < 2:
            raise WrongInput("one run has nothing to be compared with", ids[0], "two different runs",
                             "castalia runs list")  # fmt: skip
        if html is not None:
            if all:
                raise WrongInput("a report shows what differs alone", "--all with --html", "one of them",
                                 "Leave out --all.", field="all")  # fmt: skip
            return _write(store, ids, html, title, note, by, replace, json)
        found = store.runs_by_id(ids)
    document = _document(found, all)
    if json:
        terminal.out_json(document)
    else:
        _show(found, document, all)
    return 0


def _write(
    store: Store, ids: list[str], html: Path, title: str, note: str, by: str, replace: bool, json: bool
) -> int:  # fmt: skip
    from castalia.track.board.report import report

    text = report(store, ids, title=title, note=note, by=by)
    try:
        if replace:
            with replacing(html) as path:  # whole, or as it was
                path.write_text(text, encoding="utf-8")
        else:
            with html.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError:
        raise Conflict(f"{html} is there already", cure="Choose another name, or add --replace.") from None
    except OSError as error:
        got = error.strerror or type(error).__name__
        raise WrongInput(f"{html} cannot be written", got, "a file in a folder that is there", field="html") from None
    if json:
        terminal.out_json({"runs": ids, "file": str(html)})
    else:
        terminal.out(f"{len(ids)} runs compared in {html}")
    return 0


def _document(found: list[dict[str, Any]], all: bool) -> dict[str, Any]:
    """Tags say where a run came from; the table shows them only where asked, or they hide what matters."""
    from castalia.track.board.comparing import differing, keys_of

    told: dict[str, Any] = {
        "runs": [{name: each[name] for name in ("run_id", "name", "experiment", "status")} for each in found]
    }
    for field in _FIELDS:
        keys = keys_of(found, field) if all or field == "metrics" else differing(found, field)
        told[field] = {key: [each[field].get(key) for each in found] for key in keys}
    return told


def _show(found: list[dict[str, Any]], document: dict[str, Any], all: bool) -> None:
    shown = [each["run_id"][:20] for each in found]
    delta = ("second - first",) if len(found) == 2 else ()
    terminal.out_table(
        ("", *shown), [(word, *(each[word] for each in found)) for word in ("name", "experiment", "status")]
    )
    for part in _FIELDS if all else ("params", "metrics"):
        lines = document[part]
        if lines:
            terminal.out()
            last = delta if part == "metrics" else ()
            rows = [(key, *values, *_delta(values, last)) for key, values in lines.items()]
            terminal.out_table((part, *shown, *last), rows, right=(*shown, *last) if part == "metrics" else ())
        elif part == "params":
            terminal.say("No params differ.")


def _delta(values: list[Any], wanted: tuple[str, ...]) -> tuple[object, ...]:
    if not wanted:
        return ()
    return ("" if None in values else values[1] - values[0],)
