"""Files of runs: kept under ``artifacts/<run_id>/``, hashed, written whole or not at all, never outside.

A file is written beside its place, put on disk and renamed; then its row is. Killed in between, the
new file has the old row: size or time differ, and the hash is computed anew when the list is read.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from castalia.core.errors import NotFound, Refused, WrongInput
from castalia.track import schema
from castalia.track.database import Part, inserting, readable
from castalia.track.naming import now
from castalia.track.runs import run_number
from castalia.track.spool import sync_folder

MAX_NAME = 1024
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')


def checked_name(name: str) -> str:
    """``plots/curve.png``: a relative name that means the same on every system. Refused otherwise."""
    reason = ""
    if not isinstance(name, str) or not name or len(name.encode(errors="replace")) > MAX_NAME:
        reason = f"1 to {MAX_NAME} bytes of text"
    elif _FORBIDDEN.search(name):
        reason = 'no backslash, control character or any of <>:"|?*'
    elif any(part in ("", ".", "..") or part[-1] in ". " or len(part.encode()) > 255 for part in name.split("/")):
        reason = "a relative name without empty parts, '.', '..', or parts that end in a dot or space"
    elif any(_DEVICE.fullmatch(part) for part in name.split("/")):
        reason = "no name that Windows keeps for a device"
    if reason:
        raise Refused("this artifact cannot be named so", ascii(name)[:100], reason, "plots/curve.png", field="name")
    return name


class Artifacts(Part):
    """The part of the store that knows files of runs."""

    def add_artifact(self, run_id: str, name: str, content: str | Path | bytes | BinaryIO) -> str:
        """Keep bytes, an open binary file, or the file or folder at a path, under ``name``; return its sha256.

        The same name again replaces the file. For a folder every regular file in it is kept under
        ``name/...``, links are passed over, and the result is "".
        """
        checked_name(name)
        with self.database.read() as connection:
            run_number(connection, run_id)
        if isinstance(content, str | os.PathLike):
            source = Path(content)
            if source.is_dir():
                for inner in sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink()):
                    self.add_artifact(run_id, f"{name}/{inner.relative_to(source).as_posix()}", inner)
                return ""
            try:
                with source.open("rb") as file:
                    return self._keep(run_id, name, _pieces(file))
            except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
                got = f"{content}: {error.strerror}"
                raise WrongInput(f"artifact {name!r} cannot be read", got, "a readable file") from None
        return self._keep(run_id, name, iter([content]) if isinstance(content, bytes) else _pieces(content))

    def artifacts(self, run_id: str) -> list[dict[str, Any]]:
        """[{"name", "size", "sha256", "created"}] by name; files that were taken away are left out."""
        table, root = schema.files, f"{run_id}/"
        here = sa.and_(table.c.path > root, table.c.path < f"{run_id}0")  # "0" is the letter behind "/"
        with self.database.read() as connection:
            run_number(connection, run_id)
            rows = connection.execute(sa.select(table).where(here).order_by(table.c.path)).all()
        items = []
        for row in rows:
            with suppress(OSError, Refused, NotFound):
                name = row.path.removeprefix(root)
                path = self.artifact_path(run_id, name)
                state, sha256 = path.stat(), row.sha256
                if (state.st_size, state.st_mtime_ns) != (row.size, row.modified):
                    sha256 = _hash_of(path)
                items.append({"name": name, "size": state.st_size, "sha256": sha256, "created": row.created})
        return items

    def artifact_path(self, run_id: str, name: str) -> Path:
        """Where the file lies. NotFound where it does not; Refused for a name that leads out, a link, or no file."""
        checked_name(name)
        with self.database.read() as connection:
            run_number(connection, run_id)
        path = self._inside(run_id, name)
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"run {run_id} has no artifact {name!r}", cure=f"castalia runs {run_id}") from None
        if not stat.S_ISREG(mode):
            raise Refused(f"artifact {name!r} is not a plain file", cure="Only files can be read.")
        return path

    def _inside(self, run_id: str, name: str) -> Path:
        """The path of an artifact; Refused where a folder on the way, or the file, is a link."""
        path = self.home / "artifacts" / run_id  # run_number found it, so it was checked when it was made
        for part in ("", *name.split("/")):
            path = path / part
            if path.is_symlink():
                raise Refused(f"artifact {name!r} leads through a link", part, cure="Remove the link.")
        return path

    def _keep(self, run_id: str, name: str, pieces: Iterator[bytes]) -> str:
        target = self._inside(run_id, name)
        fresh = self.home / "artifacts" / ".incoming" / secrets.token_hex(12)
        digest, size = hashlib.sha256(), 0
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._inside(run_id, name)  # again: mkdir follows links that appeared meanwhile
            fresh.parent.mkdir(exist_ok=True)
            with fresh.open("xb") as out:
                for piece in pieces:
                    digest.update(piece)
                    size += out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            modified = fresh.stat().st_mtime_ns
            os.replace(fresh, target)
            sync_folder(target.parent)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
                raise WrongInput(f"artifact {name!r} is in the way of another", "a file and a folder of one name",
                                 "another name", field="name") from None  # fmt: skip
            raise readable(error, target) from error
        row = {"size": size, "sha256": digest.hexdigest(), "modified": modified, "created": now()}
        with self.database.write() as connection:
            statement = inserting(connection, schema.files).values(path=f"{run_id}/{name}", **row)
            connection.execute(statement.on_conflict_do_update(set_=row))
        return digest.hexdigest()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(2**20):
        yield piece


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
