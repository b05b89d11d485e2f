"""``castalia fit NAME``: train a system in a child, watching it; every parameter is a flag."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from castalia.cli import layout, terminal
from castalia.cli.flags import address_of, in_flags, read_flags, rows, take_apart
from castalia.cli.schema import fields
from castalia.core.errors import NotFound, WrongInput

_OWN = [
    ("--quick", "Start from the system's quick parameters: seconds, and no version is kept."),
    ("--as MODEL", "Keep the version under this model's name; the system's own name where none is given."),
    ("--json", "Print one object: run_id, model, version (null for quick), metrics."),
]
_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".npz", ".parquet", ".gz")


def fit(words: Sequence[str]) -> int:
    """Run ``castalia fit`` with the words behind it."""
    typed = take_apart(words, ("--quick", "--json", "--help", "-h"), ("--as",), "fit")
    asks_help = "--help" in typed.own or "-h" in typed.own
    if asks_help and not typed.names:
        terminal.out(_general_help())
        return 0
    address = address_of(typed, "fit")
    from castalia.runtime import Hosts

    found = Hosts(limit=1).describe(address)
    if "params" not in found:
        raise NotFound(
            f"{found['address']} is a project, not a system", cure="castalia systems lists those that learn."
        )
    schema = found["params"]
    if asks_help:
        terminal.out(_help(found, address))
        return 0
    if not found["fits"]:
        raise WrongInput(f"{found['address']} does not learn", cure=f"castalia call {found['address']}")
    values = read_flags(typed.rest, schema, f"fit {address}")
    own_data(values, schema)
    try:
        return _run(address, values, typed.own)
    except WrongInput as error:
        raise in_flags(error, schema, f"fit {address}") from None


def _run(address: str, values: Mapping[str, Any], own: Mapping[str, str]) -> int:
    from castalia.cli.watching import train

    result = train(address, values, quick="--quick" in own, as_=own.get("--as"))
    if "--json" in own:
        terminal.out_json({key: result[key] for key in ("run_id", "model", "version", "metrics")})
        return 0
    label = (
        f"{result['model']}@{result['version']}" if result["version"] else f"{result['model']} (quick, no version kept)"
    )
    terminal.out(terminal.styled(label, "bold"))
    terminal.out_facts({**result["metrics"], "run": result["run_id"]})
    terminal.say(f"Ask it:  castalia call {result['model'].replace('.', '/', 1)} --help")
    return 0


def own_data(values: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Replace a local file given for a data set by the version it is kept as; said on standard error."""
    for field in fields(schema):
        word = values.get(field.name)
        if field.kind != "dataset" or not isinstance(word, str) or not is_file_name(word):
            continue
        from castalia.cli.data import add_file

        version = add_file(Path(word).expanduser())
        values[field.name] = f"{version.name}@{version.version}"
        size = f"{terminal.many(version.rows, 'row')}, {terminal.many(version.columns, 'column')}"
        terminal.say(f"{word} is kept as {values[field.name]}: {size}.")


def is_file_name(word: str) -> bool:
    """Whether a word names a file rather than a data set: it has a separator, or a table's ending.

    A bare word is always a name: a file called ``telco`` in the current folder is ``./telco``.
    """
    return os.sep in word or word.startswith(("~", ".")) or word.lower().endswith(_TABLES)


def _general_help() -> str:
    about = "Train a system in a process of its own: a tracked run, held-out metrics and an immutable version."
    closing = "castalia fit NAME --help lists the parameters of one system."
    return layout.page(
        "castalia fit NAME [--quick] [--as MODEL] [flags of its parameters]", about, [("Flags", _OWN)], closing
    )


def _help(found: Mapping[str, Any], address: str) -> str:
    from castalia.cli.show import first_line

    sections = [("Parameters", rows(found["params"])), ("Flags", _OWN)]
    quick = " ".join(f"{key}={value}" for key, value in found["quick"].items())
    closing = f"--quick starts from: {quick}" if quick else ""
    return layout.page(f"castalia fit {address} [flags]", first_line(found["doc"]), sections, closing)
