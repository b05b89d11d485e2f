"""The registry: which data sets have a name, where their files come from and what they must contain.

It is data (``registry.toml``); this module only reads it into frozen records.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SourceFile:
    """One file of a data set, known by the digest of its uncompressed content."""

    name: str
    """The file's name without ``.gz``."""
    bytes: int
    """Uncompressed size: also the bound on what is unpacked or downloaded."""
    sha256: str
    urls: tuple[str, ...] = ()
    """Public addresses, best first; one that ends in ``.gz`` serves the file compressed."""


@dataclass(frozen=True)
class Source:
    """One registered data set."""

    name: str
    title: str
    kind: str
    """``table`` or ``images``."""
    rows: int
    loader: str
    """Which function of :mod:`castalia.data.loaders` reads the original format."""
    licence: str
    files: tuple[SourceFile, ...]
    about: str = ""
    credit: str = ""
    page: str = ""
    target: str | None = None
    folder: str = ""
    """The set's folder inside a folder of ``CASTALIA_DATA``."""
    package: str = ""
    """``package/folder`` of an installed package that holds the files."""
    extra: str = ""
    """The extra of Castalia that installs ``package``."""
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    peak: int = 255
    """The largest value a pixel can have."""
    research_only: bool = False


Registry = Mapping[str, Source]

_LISTS = ("columns", "classes")


def read_registry(path: Path) -> Registry:
    """The sources of a registry file, by name. A wrong file is our own mistake: it raises ``AssertionError``."""
    with path.open("rb") as stream:
        tables = tomllib.load(stream)
    return {name: _source(name, table) for name, table in tables.items()}


@functools.cache
def registry() -> Registry:
    """The sources that Castalia knows by name."""
    return read_registry(Path(__file__).with_name("registry.toml"))


def _source(name: str, table: dict[str, Any]) -> Source:
    unknown = set(table) - {field.name for field in fields(Source)}
    assert not unknown, f"registry: {name} has unknown keys {sorted(unknown)}"
    files = tuple(SourceFile(**{**item, "urls": tuple(item.get("urls", ()))}) for item in table["files"])
    for file in files:
        assert len(file.sha256) == 64 and file.bytes > 0, f"registry: {name}/{file.name} lacks its digest or size"
    lists = {key: tuple(table[key]) for key in _LISTS if key in table}
    return Source(**{**table, **lists, "name": name, "files": files})
