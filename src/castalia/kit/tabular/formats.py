"""Which format a file has, by its name, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence

from castalia.core.errors import WrongInput, did_you_mean
from castalia.core.record import shown
from castalia.kit.tabular import arrays, delimited, parquet, records
from castalia.kit.tabular.content import MAX_BYTES, Content
from castalia.kit.tabular.rows import OnBad, Source

SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".data": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".npz": "npz",
    ".parquet": "parquet",
}
FORMATS = ("csv", "tsv", "jsonl", "npz", "parquet")
FROM_THE_END = ("npz", "parquet")
"""Formats whose table of contents stands at the end: a packed one is unpacked whole before it is read."""


def format_of(file_name: str) -> str:
    """``csv`` (any delimiter), ``tsv``, ``jsonl``, ``npz`` or ``parquet``; :class:`WrongInput` for another suffix."""
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


def known_format(name: str) -> str:
    """``name`` if it is a format; :class:`WrongInput` with a near miss."""
    if name not in FORMATS:
        cure = f"Name one of them.{did_you_mean(name, FORMATS)}"
        raise WrongInput("There is no such format", shown(name, 40), ", ".join(FORMATS), cure, field="format")
    return name


def stem(file_name: str) -> str:
    """The file's name without the endings that :func:`format_of` knows."""
    name = file_name[:-3] if file_name.lower().endswith(".gz") else file_name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def rows_of(
    content: Content,
    fmt: str,
    *,
    delimiter: str = "",
    strip: bool = True,
    names: Sequence[str] = (),
    on_bad: OnBad | None = None,
    limit: int | None = None,
    max_bytes: int = MAX_BYTES,
) -> Source:
    """The rows of uncompressed content in a format that :func:`format_of` returned."""
    if names and fmt not in ("csv", "tsv"):
        raise WrongInput(
            f"names are for CSV and TSV, not {fmt}", shown(list(names), 60), "a file that names its own columns",
            "Leave names= out.", field="names",
        )  # fmt: skip
    if fmt == "jsonl":
        return records.read_json_lines(content, on_bad, limit)
    if fmt == "parquet":
        return parquet.read_parquet(content, max_bytes)
    if fmt == "npz":
        return arrays.read_arrays(content, max_bytes)
    delimiter = delimiter or ("\t" if fmt == "tsv" else "")
    return delimited.read(content, delimiter=delimiter, strip=strip, names=names, on_bad=on_bad)
