"""Data sets of your own: added once, kept by content, numbered as they change.

``objects/ab/abcd...`` holds the uncompressed bytes under their own sha256, so the same content is kept once
and a changed byte is noticed; ``index.json`` says which content is ``mine@1`` and ``mine@2``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from castalia.core.errors import CastaliaError, NotFound, WrongInput, did_you_mean
from castalia.core.fields import GENERATED
from castalia.core.lock import FileLock
from castalia.core.record import Record, shown
from castalia.data.digests import digest
from castalia.data.writing import cannot_write, write_json
from castalia.kit.tabular.content import MAX_BYTES, Content, chunks
from castalia.kit.tabular.formats import format_of, rows_of

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class Version(Record):
    """One immutable state of an added data set."""

    name: str = Field(description="The set's name.")
    version: int = Field(description="1, 2, ... in the order of adding.")
    digest: str = Field(pattern="^[0-9a-f]{64}$", description="sha256 of the uncompressed content.")
    rows: int = Field(description="Rows, without the header.")
    columns: int = Field(description="Columns.")
    format: str = Field(description="csv, tsv, jsonl, npz or parquet.")
    bytes: int = Field(description="Size, uncompressed.")
    added: str = Field(description="When, UTC.")
    notes: tuple[str, ...] = Field((), description="What reading decided: another encoding, renamed columns.")


class Versions:
    """The added sets below one home."""

    def __init__(self, home: Path) -> None:
        self.root = home / "data"

    def all(self) -> dict[str, list[Version]]:
        """Every added set's versions, oldest first, by name."""
        path = self.root / "index.json"
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise cannot_write("The list of added data sets cannot be read", error) from None
        try:
            sets = json.loads(text)["sets"]
            return {name: [Version(name=name, **item) for item in items] for name, items in sets.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WrongInput(
                "The list of added data sets is damaged", shown(str(error)), "data/index.json as Castalia wrote it"
            ) from None

    def get(self, name: str, version: int | None) -> Version:
        """``name@version``, or the newest. :class:`NotFound` says which there are."""
        versions = self.all().get(name, [])
        for found in versions if version else versions[-1:]:
            if version in (None, found.version):
                return found
        there = ", ".join(f"{name}@{v.version}" for v in versions) or "none"
        raise NotFound(f"There is no data set {name}@{version}", f"{name}@{version}", f"one of: {there}", field="data")

    def add(self, path: Path, name: str, file_name: str = "", max_bytes: int = MAX_BYTES) -> Version:
        """Keep the table at ``path`` as a version of ``name``; the same content again is the same version.

        ``file_name`` tells the format where ``path`` does not. The file is copied as it is unpacked, parsed
        once to be sure that it is a table, and only then becomes visible.
        """
        file_name = file_name or path.name
        fmt = format_of(file_name)
        if not path.is_file():
            raise NotFound(f"There is no file {file_name}", "nothing there", "a file with a table", field="data")
        with self._saving(f"{file_name} cannot be added"), self._copied(path, file_name, max_bytes) as made_copy:
            copy, sha, size = made_copy
            rows = rows_of(Content.at(copy, file_name), fmt)
            shape = rows.shape()
            if not shape.rows:
                raise WrongInput(f"{file_name} has no rows", "only a header", "at least one row", field="data")
            with FileLock(self.root / "index.lock"):
                versions = self.all()
                for known in versions.get(name, []):
                    if (known.digest, known.format) == (sha, fmt):
                        self._mend(copy, known)
                        return known
                made = Version(
                    name=name,
                    version=len(versions.get(name, [])) + 1,
                    digest=sha,
                    rows=shape.rows,
                    columns=len(rows.names),
                    format=fmt,
                    bytes=size,
                    added=datetime.now(UTC).isoformat(timespec="seconds"),
                    notes=shape.notes,
                )
                self._publish(copy, sha)
                self._write({**versions, name: [*versions.get(name, []), made]})
                return made

    def content(self, version: Version) -> Content:
        """The bytes of a version, after checking that they still are what was added."""
        label = f"{version.name}@{version.version}"
        path = self._object(version.digest)
        if not path.is_file():
            raise self._spoiled(label, "the content is gone", version)
        got, size = digest(chunks(path, name=label, max_bytes=max(MAX_BYTES, version.bytes)))
        if got != version.digest:
            raise self._spoiled(label, f"sha256 {got} ({size:,} bytes)", version)
        return Content.at(path, label)

    def _object(self, sha: str) -> Path:
        return self.root / "objects" / sha[:2] / sha

    def _spoiled(self, label: str, got: str, version: Version) -> CastaliaError:
        expected = f"sha256 {version.digest} ({version.bytes:,} bytes)"
        return WrongInput(f"{label} is not what was added", got, expected, "Add the original file again.", field="data")

    def _publish(self, copy: Path, sha: str) -> None:
        target = self._object(sha)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy.replace(target)
        if os.name == "posix":
            handle = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def _mend(self, copy: Path, known: Version) -> None:
        """The same content came again: put it back where ours was lost or changed."""
        target = self._object(known.digest)
        if not target.is_file() or digest(chunks(target))[0] != known.digest:
            self._publish(copy, known.digest)

    def _write(self, versions: dict[str, list[Version]]) -> None:
        sets: dict[str, Any] = {
            name: [{k: v for k, v in item.plain().items() if k != "name"} for item in items]
            for name, items in versions.items()
        }
        write_json(self.root / "index.json", {"format": 1, "sets": sets})

    @contextmanager
    def _copied(self, path: Path, label: str, max_bytes: int) -> Iterator[tuple[Path, str, int]]:
        """A flushed, uncompressed copy inside our home with its digest and size; removed afterwards if still there."""
        folder = self.root / "objects"
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / f".adding-{secrets.token_hex(8)}"
        state, size = hashlib.sha256(), 0
        sweep(folder, ".adding-*", time.time() - 86_400)
        try:
            with copy.open("xb") as stream:
                for piece in chunks(path, name=label, max_bytes=max_bytes):
                    state.update(piece)
                    size += len(piece)
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            yield copy, state.hexdigest(), size
        finally:
            copy.unlink(missing_ok=True)

    @contextmanager
    def _saving(self, subject: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise cannot_write(subject, error) from None


def sweep(folder: Path, pattern: str, before: float) -> None:
    """Remove the files that a killed process left in ``folder`` before that moment (seconds since 1970)."""
    for path in folder.glob(pattern):
        with suppress(OSError):
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()


def check_name(name: str) -> str:
    """``name`` if a data set may be called so; :class:`WrongInput` with the nearest name that may."""
    if not NAME.fullmatch(name):
        expected = "small letters, digits, dot, dash and underscore, at most 64, beginning with a letter or digit"
        cure = f"Call it {slug(name)!r}." if slug(name) else "Choose another name."
        raise WrongInput("A data set cannot be called so", shown(name, 80), expected, cure, field="name")
    if name == GENERATED:
        expected = "another name: this one stands for data that a system makes itself"
        raise WrongInput("A data set cannot be called so", name, expected, "Choose another name.", field="name")
    return name


def slug(text: str) -> str:
    """The nearest allowed name, empty where nothing is left.

    >>> slug("My Data (1)")
    'my-data-1'
    """
    return re.sub(r"[^a-z0-9_.]+", "-", text.lower()).strip("-_.")[:64]


def unknown(name: str, known: list[str]) -> NotFound:
    """The error for a name that no data set has."""
    return NotFound(
        f"There is no data set {shown(name, 80)}",
        shown(name, 80),
        f"one of: {', '.join(known)}",
        f"Add a file of yours with: castalia data add FILE.{did_you_mean(name, known)}",
        field="data",
    )
