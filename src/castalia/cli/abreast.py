"""``castalia runs compare``: what differs between runs, a column a run."""

from __future__ import annotations

from typing import Any

from castalia.cli import terminal
from castalia.cli.finding import open_store, run_of
from castalia.core.errors import WrongInput

_MOST = 20


def compare(run: str, other: str, /, *more: str, all: bool = False, json: bool = False) -> int:
    """Show runs side by side: params that differ, and the last value of every metric.

    Parameters
    ----------
    run
        The id of a run, or its first letters.
    other
        The run beside it.
    more
        More runs, 20 in all.
    all
        Show params and tags that are equal too.
    json
        Print {"runs", "params", "metrics", "tags"} instead, each with one value a run.
    """
    typed = (run, other, *more)
    if len(typed) > _MOST:
        raise WrongInput("too many runs side by side", str(len(typed)), f"at most {_MOST}", "Leave some out.")
    with open_store() as store:
        ids = list(dict.fromkeys(run_of(store, each, trash=True) for each in typed))
        if len(ids) < 2:
            raise WrongInput("one run has nothing to be compared with", ids[0], "two different runs",
                             "castalia runs list")  # fmt: skip
        found = [store.run(each) for each in ids]
    # Tags say where a run came from; they are asked for, or they hide what matters.
    document = {
        "runs": [{name: each[name] for name in ("run_id", "name", "experiment", "status")} for each in found],
        **{part: _lines(found, part, all or part == "metrics") for part in ("params", "metrics", "tags")},
    }
    if json:
        terminal.out_json(document)
        return 0
    shown = [each["run_id"][:20] for each in found]
    delta = ("second - first",) if len(found) == 2 else ()
    terminal.out_table(
        ("", *shown), [(word, *(each[word] for each in found)) for word in ("name", "experiment", "status")]
    )
    for part in ("params", "metrics", "tags") if all else ("params", "metrics"):
        lines = document[part]
        assert isinstance(lines, dict)
        if lines:
            terminal.out()
            last = delta if part == "metrics" else ()
            rows = [(key, *values, *_delta(values, last)) for key, values in lines.items()]
            terminal.out_table((part, *shown, *last), rows, right=(*shown, *last) if part == "metrics" else ())
        elif part == "params":
            terminal.say("No params differ.")
    return 0


def _lines(found: list[dict[str, Any]], part: str, all: bool) -> dict[str, list[Any]]:
    """{key: one value a run, None where it has none}, in the order of keys."""
    keys = sorted({key for each in found for key in each[part]})
    lines = {key: [each[part].get(key) for each in found] for key in keys}
    return {key: values for key, values in lines.items() if all or len(set(values)) > 1}


def _delta(values: list[Any], wanted: tuple[str, ...]) -> tuple[object, ...]:
    if not wanted:
        return ()
    return ("" if None in values else values[1] - values[0],)
