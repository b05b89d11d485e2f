"""Which format a file has, by its name, and how it is read."""

from __future__ import annotations

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.data import delimited, records
from castalia.data.content import Content
from castalia.data.table import Rows

SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".data": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


def format_of(file_name: str) -> str:
    """``csv`` (any delimiter), ``tsv``, ``jsonl`` or ``parquet``; :class:`WrongInput` for another suffix."""
    lower = file_name.lower().removesuffix(".gz")
    for suffix, fmt in SUFFIXES.items():
        if lower.endswith(suffix):
            return fmt
    raise WrongInput(
        f"{shown(file_name, 80)} is in no format that is read here",
        f"the ending of {shown(file_name, 80)}",
        f"{', '.join(SUFFIXES)}, each also with .gz",
        "Export the table as CSV, or give the file the ending of its format.",
        field="data",
    )


def stem(file_name: str) -> str:
    """The file's name without the endings that :func:`format_of` knows."""
    name = file_name[:-3] if file_name.lower().endswith(".gz") else file_name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def rows_of(content: Content, fmt: str) -> Rows:
    """The rows of uncompressed content in a format that :func:`format_of` returned."""
    if fmt == "jsonl":
        return records.read_json_lines(content)
    if fmt == "parquet":
        return records.read_parquet(content)
    return delimited.read(content, delimiter="\t" if fmt == "tsv" else "")
