"""Files of runs: hashed, kept whole or not at all, never outside; on this disk or in any fsspec store.

A file is taken in beside its place, put on disk and moved there; then its row is written. Killed in between, the
new file has the old row or none: size or time differ, and the hash is computed anew when it is asked for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from castalia.core.errors import CastaliaError, Refused, WrongInput
from castalia.core.settings import Settings
from castalia.track import schema
from castalia.track.database import inserting
from castalia.track.files.incoming import Incoming, pieces_of
from castalia.track.files.local import LocalTree
from castalia.track.files.names import checked_name
from castalia.track.files.places import SHARED, Place, Places
from castalia.track.files.tree import Entry, Found, Opened, Tree, absent, not_plain
from castalia.track.files.turns import turn
from castalia.track.naming import now

__all__ = ["Artifacts", "checked_name"]


class Artifacts(Places):
    """The part of the store that knows files."""

    def add_artifact(self, run_id: str, name: str, content: str | Path | bytes | BinaryIO) -> str:
        """Keep bytes, an open binary file, or the file or folder at a path, under ``name``; return its sha256.

        The same name again replaces the file. For a folder every regular file in it is kept under
        ``name/...``, links are passed over, and the result is "".
        """
        place = self.run_place(run_id).inner(checked_name(name))
        if isinstance(content, str | os.PathLike):
            source = Path(content)
            if source.is_dir():
                for inner in sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink()):
                    self.add_artifact(run_id, f"{name}/{inner.relative_to(source).as_posix()}", inner)
                return ""
            try:
                with source.open("rb") as file:
                    return self.keep_all(place, pieces_of(file))
            except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
                got = f"{content}: {error.strerror}"
                raise WrongInput(f"artifact {name!r} cannot be read", got, "a readable file") from None
        return self.keep_all(place, [content] if isinstance(content, bytes) else pieces_of(content))

    def artifacts(self, run_id: str) -> list[dict[str, Any]]:
        """[{"name", "size", "sha256", "created"}] by name; "" for the hash of a file elsewhere that we did not put."""
        place = self.run_place(run_id)
        rows, items = self._rows(run_id), []
        for path, found in place.tree.walk(place.path):
            name = path.removeprefix(place.path).lstrip("/")
            row = rows.get(f"{run_id}/{name}")
            items.append({"name": name, "size": found.size, "sha256": self._hash(place.inner(name), found, row),
                          "created": found_time(place.tree, found) if row is None else row.created})  # fmt: skip
        return sorted(items, key=lambda item: str(item["name"]))

    def artifact_path(self, run_id: str, name: str) -> Path:
        """Where the file lies. NotFound where it does not; Refused for a name that leads out, a link, or no file."""
        place = self.run_place(run_id).inner(checked_name(name))
        with self.opened(place):
            pass
        if not isinstance(place.tree, LocalTree):
            raise Refused(f"artifact {name!r} is not on this disk", cure="Read it with store.read_artifact.")
        return place.tree.root / place.path

    def read_artifact(self, run_id: str, name: str) -> Opened:
        """The file, open: ``with store.read_artifact(run, "x") as file: b"".join(file.pieces())``."""
        return self.opened(self.run_place(run_id, name))

    def incoming(self) -> Incoming:
        """A file to write into, bounded by the settings; ``keep`` gives it a place."""
        return Incoming(self.staging, Settings.read().artifact_bytes)

    def keep(self, place: Place, incoming: Incoming) -> str:
        """Put what came in into its place, and its row beside; its sha256. Refused where nothing may be written."""
        if not place.writable or place.is_root:
            raise Refused("nothing can be written here", cure="A version does not change.")
        incoming.finish()
        with turn(place.key or ""):  # the row that is written last is that of the file that was moved last
            found = place.tree.keep(incoming, place.path)
            if place.key is not None:
                row = {"size": found.size, "sha256": incoming.sha256, "modified": found.mark, "created": now()}
                with self.database.write() as connection:
                    statement = inserting(connection, schema.files).values(path=place.key, **row)
                    connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=row))
        return incoming.sha256

    def keep_all(self, place: Place, pieces: Iterable[bytes]) -> str:
        """The same for bytes that are at hand."""
        with self.incoming() as incoming:
            incoming.write_all(pieces)
            return self.keep(place, incoming)

    def opened(self, place: Place) -> Opened:
        """The file at a place, open to read."""
        if place.is_root:
            raise not_plain(place.path, folder=True)
        return place.tree.open(place.path)

    def listing(self, place: Place) -> list[Entry]:
        """One level of a folder."""
        return place.tree.listing(place.path)

    def delete(self, place: Place) -> bool:
        """Take a file away, or a folder with all in it; whether there was one."""
        if not place.writable or place.path == SHARED:
            raise Refused("nothing can be deleted here", cure="A version does not change.")
        if place.key is not None:
            table = schema.files
            with self.database.write() as connection:
                connection.execute(table.delete().where(sa.or_(table.c.path == place.key, _below(place.key))))
        return place.tree.delete(place.path)

    def hash_of(self, place: Place, found: Found) -> str:
        """sha256 of an opened file, from its row or its bytes; "" for one elsewhere that we did not put there."""
        row = None
        if place.key is not None:
            with self.database.read() as connection:
                row = connection.execute(sa.select(schema.files).where(schema.files.c.path == place.key)).first()
        return self._hash(place, found, row)

    def _hash(self, place: Place, found: Found, row: Any) -> str:
        if row is not None and (row.size, row.modified) == (found.size, found.mark):
            return str(row.sha256)
        try:
            return _hash_of(place.tree.root, place.path, found) if isinstance(place.tree, LocalTree) else ""
        except CastaliaError:  # gone between the list and the look
            return ""

    def _rows(self, key: str) -> dict[str, Any]:
        with self.database.read() as connection:
            return {row.path: row for row in connection.execute(sa.select(schema.files).where(_below(key)))}


def found_time(tree: Tree, found: Found) -> int:
    """Milliseconds since 1970 where the disk says when; 0 elsewhere."""
    return found.mark // 1_000_000 if isinstance(tree, LocalTree) else 0


def _below(key: str) -> sa.ColumnElement[bool]:
    path = schema.files.c.path
    return sa.and_(path > f"{key}/", path < f"{key}0")  # "0" is the letter behind "/"


@lru_cache(maxsize=4096)
def _hash_of(root: Path, path: str, found: Found) -> str:
    digest = hashlib.sha256()
    with LocalTree(root).open(path) as file:
        if file.found != found:  # replaced meanwhile: the answer would be kept for the wrong file
            raise absent(path)
        for piece in file.pieces():
            digest.update(piece)
    return digest.hexdigest()
