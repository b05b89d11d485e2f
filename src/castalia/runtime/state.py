"""State: what a deployed system remembers while it serves, in a file of its own.

A mapping of text to JSON values: identities, dialogues, thresholds, feedback. One SQLite file a
model, shared by all its versions; each entry knows which version wrote it. A write is on disk when
it returns; ``transaction()`` groups several; ``erase()`` removes and vacuums, so that what was
deleted is not left in free pages.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sqlite3
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from castalia.core.errors import TooLarge, Unavailable

MAX_VALUE_BYTES = 8 * 2**20


class State(MutableMapping[str, Any]):
    """A transactional mapping in ``path``; ``version`` is the version that writes."""

    def __init__(self, path: Path, version: str) -> None:
        self.path, self.version = path, version

    @functools.cached_property
    def _db(self) -> sqlite3.Connection:
        """Opened on first use: most systems keep nothing and need no file."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA secure_delete=ON")
            db.execute(
                "CREATE TABLE IF NOT EXISTS state"
                " (key TEXT PRIMARY KEY, value TEXT NOT NULL, version TEXT NOT NULL) WITHOUT ROWID"
            )
            return db
        except (OSError, sqlite3.Error) as error:
            raise Unavailable("the state of the deployment cannot be opened", str(error), "a writable home") from None

    def __getitem__(self, key: str) -> Any:
        row = self._db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return json.loads(row[0])

    def __setitem__(self, key: str, value: Any) -> None:
        text = json.dumps(value, separators=(",", ":"))
        if len(text) > MAX_VALUE_BYTES:
            raise TooLarge(f"state[{key!r}] is too large", f"{len(text):,} bytes", f"at most {MAX_VALUE_BYTES:,}")
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (key, text, self.version))

    def __delitem__(self, key: str) -> None:
        if not self._db.execute("DELETE FROM state WHERE key = ?", (key,)).rowcount:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter([row[0] for row in self._db.execute("SELECT key FROM state ORDER BY key")])

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM state").fetchone()[0])

    def written_by(self, key: str) -> str:
        """The version that wrote an entry; KeyError where there is none."""
        row = self._db.execute("SELECT version FROM state WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return str(row[0])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Several writes that happen together or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def erase(self) -> None:
        """Remove everything, and the space it took."""
        self._db.execute("DELETE FROM state")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute("VACUUM")

    def close(self) -> None:
        """Let go of the file."""
        if "_db" in self.__dict__:
            self._db.close()
            del self.__dict__["_db"]
