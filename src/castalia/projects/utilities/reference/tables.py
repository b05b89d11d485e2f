"""Tables and files: CSV, JSON lines, NPZ."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Path = str | os.PathLike[str]

_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(_INT.pattern + r"(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_KINDS = ("str", "int", "float", "str")
_READ = {"int": int, "float": float, "str": str}


def write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """One line of names, then the rows; None becomes an empty field. Nothing is written where anything is wrong."""
    if not columns:
        raise ValueError("a table has columns")
    rows = list(zip(*columns.values(), strict=True))
    if any(isinstance(value, float) and not np.isfinite(value) for row in rows for value in row):
        raise ValueError("a number is missing or infinite: write None for a missing one")
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def infer_types(path: Path) -> dict[str, str]:
    """Column -> "int", "float" or "str", in one pass over all rows that holds one row at a time."""
    lines = _lines(path)
    names = next(lines)
    kinds = [0] * len(names)
    for row in lines:
        kinds = [max(kinds[at], _kind(field)) for at, field in enumerate(row)]
    return {name: _KINDS[kinds[at]] for at, name in enumerate(names)}


def stream_csv(path: Path, types: Mapping[str, str], rows: int) -> Iterator[dict[str, list[Any]]]:
    """The table in pieces of so many rows, the last perhaps shorter; each piece is read when it is asked for."""
    lines = _lines(path)
    names = next(lines)
    if rows < 1 or set(types) != set(names):
        raise ValueError("a piece has at least one row, and every column has a type")
    piece: list[list[str]] = []
    for row in lines:
        piece.append(row)
        if len(piece) == rows:
            yield _columns(names, types, piece)
            piece = []
    if piece:
        yield _columns(names, types, piece)


def read_csv(path: Path, types: Mapping[str, str] | None = None) -> dict[str, list[Any]]:
    """The whole table, by column; of the types given, else of those that all rows agree on."""
    types = infer_types(path) if types is None else types
    return next(stream_csv(path, types, sys.maxsize), {name: [] for name in types})


def _lines(path: Path) -> Iterator[list[str]]:
    """The names, then every row, each of them as long as the names."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        if not names or len(set(names)) < len(names):
            raise ValueError("line 1: every column has a name of its own")
        yield names
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                raise ValueError(f"line {reader.line_num}: {len(row)} fields, and there are {len(names)} columns")
            yield row


def _kind(field: str) -> int:
    """0 for nothing, 1 int, 2 float, 3 text: the largest of a column holds for all of it."""
    return 0 if not field else 1 if _INT.fullmatch(field) else 2 if _FLOAT.fullmatch(field) else 3


def _columns(names: Sequence[str], types: Mapping[str, str], rows: list[list[str]]) -> dict[str, list[Any]]:
    return {name: [_READ[types[name]](row[at]) if row[at] else None for row in rows] for at, name in enumerate(names)}


def write_jsonl(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """One JSON object a line. ValueError for NaN and infinities, which are no JSON; then nothing is written."""
    lines = [json.dumps(record, allow_nan=False) + "\n" for record in records]
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.writelines(lines)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Every line that is not blank. ValueError names the first line that is no JSON object."""
    records = []
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                records.append(json.loads(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
            if not isinstance(records[-1], dict):
                raise ValueError(f"line {number}: no JSON object")
    return records


def save_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """As NPZ, under exactly this path. ValueError for objects, which only a pickle could hold."""
    with zipfile.ZipFile(path, "w") as archive:  # np.savez adds .npz to the path, and takes no array called "file"
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def load_arrays(path: Path) -> dict[str, Array]:
    """Name -> array. ValueError for a file that holds a pickle, which is never opened."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
