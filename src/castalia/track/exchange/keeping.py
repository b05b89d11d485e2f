"""Keeping: files of an import go where none is; what is here stays, and what is another one is said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from castalia.core.errors import NotFound
from castalia.track import Store
from castalia.track.files.places import Place


def keep_new(store: Store, place: Place, pieces: Iterable[bytes]) -> bool:
    """Keep a file where none is yet; whether this file is there now, and not another one."""
    try:
        opened = store.opened(place)
    except NotFound:
        store.keep_all(place, pieces)
        return True
    with opened:
        return _digest(opened.pieces()) == _digest(pieces)


def note_of_others(owner: str, names: Iterable[str]) -> str:
    """What to say of files that are others here; "" where there are none."""
    others = list(names)
    if not others:
        return ""
    more = f" and {len(others) - 3:,} more" if len(others) > 3 else ""
    return f"Files of {owner} that are others here were left as they are: {', '.join(others[:3])}{more}."


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
