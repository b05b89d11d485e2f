"""Tables in and out of the shell: any file that `castalia data add` takes, or standard input; CSV out."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from castalia.core.errors import NotFound

Columns = dict[str, list[Any]]


def read_csv(name: str) -> Columns:
    """The columns of a file, or of standard input for ``-``; missing values are None, numbers are numbers."""
    if name == "-":
        with tempfile.TemporaryDirectory(prefix="castalia-") as folder:
            path = Path(folder) / "stdin.csv"
            path.write_bytes(sys.stdin.buffer.read())
            return _columns(path)
    path = Path(name).expanduser()
    if not path.is_file():
        got = "a folder" if path.is_dir() else "nothing there"
        raise NotFound(f"there is no file {name}", got, "a file with a table, or - for standard input", "Check the path.")
    return _columns(path)


def _columns(path: Path) -> Columns:
    from castalia import data

    return {name: [_plain(value) for value in column] for name, column in data.open(path).table().items()}


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and value != value else value


def write_csv(columns: Mapping[str, Sequence[Any]], stream: TextIO) -> None:
    """Write columns of equal length as CSV; None becomes an empty cell."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict):
        import json

        return json.dumps(value, ensure_ascii=False)
    return value
