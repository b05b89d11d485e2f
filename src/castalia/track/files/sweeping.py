"""What may be thrown away: uploads that died, and files whose run or model is gone for good.

A file that a registered version names is never among it, whatever became of the run that made it.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from castalia.track import schema
from castalia.track.artifacts import Artifacts
from castalia.track.files.parts import FOLDER, newest
from castalia.track.files.places import MODELS, SHARED, Place

DEAD_AFTER = 24 * 3600.0
"""Seconds without a byte after which an upload is dead; a live one is ended after half a minute."""


@dataclass(frozen=True)
class Unused:
    """Something to throw away: an ``upload`` that died, or the ``files`` of a run or model that is gone."""

    kind: str
    name: str
    """The upload's id; the run's id, or ``.models/<model id>``."""
    size: int


class Sweeping(Artifacts):
    """The part of the store that cleans up after files."""

    def unused(self, dead_after: float = DEAD_AFTER) -> list[Unused]:
        """What ``remove_unused`` would throw away; reads only."""
        found = [Unused("upload", each.name, _size(each)) for each in self._dead(dead_after)]
        sizes: dict[str, int] = {}
        kept = self._named()
        for key, size in self._orphans().items():
            if not _is_kept(key, kept):
                root = "/".join(key.split("/")[: 2 if key.startswith(".") else 1])
                sizes[root] = sizes.get(root, 0) + size
        return found + [Unused("files", name, size) for name, size in sorted(sizes.items())]

    def remove_unused(self, dead_after: float = DEAD_AFTER) -> list[Unused]:
        """Throw it away; what went."""
        found = self.unused(dead_after)
        self.remove_dead_uploads(dead_after)
        kept = self._named()
        for each in found:
            if each.kind == "files":
                self._remove(Place(self.tree, each.name, each.name), kept)
        return found

    def remove_dead_uploads(self, dead_after: float = DEAD_AFTER) -> None:
        """Throw away uploads alone to which nothing was added for so long."""
        for path in self._dead(dead_after):
            _remove(path)

    def remove_run_files(self, run_id: str) -> int:
        """Delete the files of a run that is deleted for good, but for those that a registered version names.

        Call it before the run's row goes: an experiment may keep its files elsewhere. Returns how many went.
        """
        return self._remove(self.run_place(run_id), self._named())

    def _remove(self, place: Place, kept: set[str]) -> int:
        names = [path.removeprefix(place.path).lstrip("/") for path, _ in place.tree.walk(place.path)]
        going = [name for name in names if not _is_kept(place.inner(name).key or "", kept)]
        if len(going) == len(names):
            self.delete(place)
        else:
            for name in going:
                self.delete(place.inner(name))
        return len(going)

    def _named(self) -> set[str]:
        """Keys of the table of files, of files and folders that a registered version names."""
        versions, named = schema.versions.c, set()
        with self.database.read() as connection:
            rows = connection.execute(sa.select(versions.source, versions.logged_model, versions.folder)).all()
        base = self.tree.staging.parent
        for row in rows:
            if row.logged_model:
                named.add(f"{MODELS}/{row.logged_model}")
            if row.folder and (place := self.home / row.folder).is_relative_to(base):
                named.add(place.relative_to(base).as_posix())
            named.update(keys_of(row.source))
        return named

    def _orphans(self) -> dict[str, int]:
        """{key: size} of files that we put into our tree, whose run or logged model there is no more.

        What has no row is not ours to judge: somebody may have named a folder of their own.
        """
        files, found = schema.files.c, {}
        with self.database.read() as connection:
            runs = set(connection.scalars(sa.select(schema.runs.c.run_id)))
            models = set(connection.scalars(sa.select(schema.logged_models.c.model_id)))
            for path, size in connection.execute(sa.select(files.path, files.size)):
                top, _, rest = path.partition("/")
                gone = rest.partition("/")[0] not in models if top == MODELS else top not in runs
                if gone and top != SHARED:
                    found[path] = int(size)
        return found

    def _dead(self, dead_after: float) -> list[Path]:
        """Files on their way in, and folders of parts, that nothing was added to for long."""
        before, dead = time.time() - dead_after, []
        for folder in (self.staging, self.staging / FOLDER):
            with contextlib.suppress(OSError):
                for each in folder.iterdir():
                    with contextlib.suppress(OSError, ValueError):  # it ended meanwhile
                        at = newest(each) if each.is_dir() else each.stat().st_mtime
                        if each.name != FOLDER and at < before:
                            dead.append(each)
        return dead


def keys_of(source: str) -> list[str]:
    """What the source of a version may mean among our files, as keys of their table.

    ``runs:/<run>/model``, ``models:/<model id>``, or any URI with ``<run>/artifacts/…`` or ``models/<id>/artifacts/…``
    in it. It is read by its form alone: the run itself may be gone.

    >>> keys_of("mlflow-artifacts:/0/abc/artifacts/model")
    ['abc/model']
    """
    scheme, _, rest = source.partition(":")
    parts = rest.strip("/").split("/")
    if scheme == "runs":
        return ["/".join(parts)]
    if scheme == "models":
        return [f"{MODELS}/{parts[0]}"]
    keys = []
    for i in [i for i, part in enumerate(parts) if part == "artifacts" and i]:
        owner = f"{MODELS}/{parts[i - 1]}" if i > 1 and parts[i - 2] == "models" else parts[i - 1]
        keys.append("/".join([owner, *parts[i + 1 :]]))
    return keys


def _is_kept(key: str, kept: set[str]) -> bool:
    """Whether the file, or a folder that it is in, is named."""
    parts = key.split("/")
    return any("/".join(parts[: i + 1]) in kept for i in range(len(parts)))


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
    return 0


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
