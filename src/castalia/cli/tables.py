"""Tables in and out of the shell: CSV as HTTP reads and writes it; other files as `castalia data add` reads them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from castalia.core.errors import NotFound

Columns = dict[str, list[Any]]
_OTHER = (".jsonl", ".ndjson", ".npz", ".parquet", ".gz")


def read_table(name: str) -> Columns:
    """The columns of a file, or of CSV on standard input for ``-``. None where nothing was given."""
    from castalia.runtime.columns import read_csv

    if name == "-":
        return read_csv(sys.stdin.buffer.read(), "standard input")
    path = Path(name).expanduser()
    if not path.is_file():
        got = "a folder" if path.is_dir() else "nothing there"
        raise NotFound(
            f"there is no file {name}", got, "a file with a table, or - for standard input", "Check the path."
        )
    if path.name.lower().endswith(_OTHER):
        return _columns(path)
    return read_csv(path.read_bytes(), path.name)


def _columns(path: Path) -> Columns:
    from castalia import data

    return {name: [_plain(value) for value in column] for name, column in data.open(path).table().items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value
