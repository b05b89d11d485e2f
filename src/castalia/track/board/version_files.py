"""Files of a version: what they are called, how long they are, their hashes where these are known; and small texts."""

from __future__ import annotations

import itertools
import json
from typing import Any

import sqlalchemy as sa

from castalia.core.errors import CastaliaError, NotFound, Refused
from castalia.track import schema
from castalia.track.board.model_page import rows
from castalia.track.files.names import checked_path
from castalia.track.files.places import Place
from castalia.track.protocol.run_files import version_place
from castalia.track.protocol.wire import ProtocolError
from castalia.track.store import Store

MOST = 2000
"""Files that are listed."""
SMALL = 2**18
"""Bytes of a text that is read; the rest of a longer one is left out."""
MANIFEST = "manifest.json"


def place_of(store: Store, name: str, version: int) -> Place | None:
    """Where its files lie; None where that is no place of ours."""
    try:
        return version_place(store, name, version)
    except (ProtocolError, CastaliaError):
        return None


def place_at(store: Store, name: str, version: int, path: str) -> Place:
    """Where one of its files lies. NotFound where no such version is, or none of its files is here, or no such name."""
    place = place_of(store, name, version)
    try:
        if place is not None:
            return place.inner(checked_path(path))
    except Refused:
        pass
    raise nothing(name, version)


def nothing(name: str, version: int) -> NotFound:
    """The answer to a name that the version has not; whether there is anything outside is not for a client to learn."""
    return NotFound(
        f"{name[:80]}@{version} has no file of this name here", cure="GET /models/{name}/versions/{n}/files"
    )


def files(store: Store, name: str, version: int) -> dict[str, Any]:
    """{"here": whether they lie here, "files": [{"name", "size", "sha256"}], "more": whether there are further ones}.

    A hash is "" where nobody has computed it: a model may be too long to read for a list. NotFound for no such version.
    """
    with store.database.read() as connection:
        if not rows(connection, name, [version]):
            raise NotFound(f"{name[:80]} has no version {version}", cure=f"castalia models {name[:80]}")
    place = place_of(store, name, version)
    if place is None:
        return {"here": False, "files": [], "more": False}
    known = {} if place.key is None else _kept(store, place.key)
    said = manifest(store, name, version).get("files")
    told = said if isinstance(said, dict) else {}
    items: list[dict[str, Any]] = []
    try:
        for path, found in itertools.islice(place.tree.walk(place.path), MOST + 1):
            file = path.removeprefix(place.path).lstrip("/")
            row, one = known.get(f"{place.key}/{file}"), told.get(file)
            hashed = row.sha256 if row is not None and row.size == found.size else ""
            hashed = hashed or (str(one.get("sha256", "")) if isinstance(one, dict) else "")
            items.append({"name": file, "size": found.size, "sha256": hashed})
    except CastaliaError:  # an object store that does not answer: the page shows the rest of the version
        return {"here": False, "files": [], "more": False}
    items.sort(key=lambda one: str(one["name"]))
    return {"here": True, "files": items[:MOST], "more": len(items) > MOST}


def text(store: Store, place: Place, name: str) -> str | None:
    """The beginning of a file as text; None where there is none."""
    try:
        with store.opened(place.inner(name)) as file:
            content = b"".join(file.pieces(0, min(SMALL, file.found.size)))
    except CastaliaError:
        return None
    return content.decode("utf-8", "replace").replace("\0", "")


def manifest(store: Store, name: str, version: int) -> dict[str, Any]:
    """The manifest of a version that Castalia trained; {} of any other, and of one that cannot be read."""
    place = place_of(store, name, version)
    if place is None or place.writable:
        return {}
    try:
        with store.opened(place.inner(MANIFEST)) as file:
            found = json.loads(b"".join(file.pieces()))
    except (CastaliaError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _kept(store: Store, key: str) -> dict[str, Any]:
    path = schema.files.c.path
    inside = (path > f"{key}/", path < f"{key}0")  # "0" is the letter behind "/"
    below = sa.select(schema.files).where(*inside).order_by(path).limit(MOST)
    with store.database.read() as connection:
        return {row.path: row for row in connection.execute(below)}
