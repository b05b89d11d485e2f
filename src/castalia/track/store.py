"""Store: the one door to the tracker's file, in any process."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from castalia.track.alerts import Alerts
from castalia.track.artifacts import Artifacts
from castalia.track.database import Database
from castalia.track.listing import Listing, Page
from castalia.track.numbers import KeyNumbers, Numbers
from castalia.track.registry import Registry, Version
from castalia.track.runs import Runs
from castalia.track.spool import recover

__all__ = ["Page", "Store", "Version"]


class Store(Runs, Listing, Numbers, Artifacts, Registry, Alerts):
    """Runs, metrics, artifacts and models of one home folder. Safe to share between threads; open one a process."""

    def __init__(self, home: Path) -> None:
        """Open ``home``, making it where it is missing. Unavailable with the cure where that cannot be."""
        self.home = Path(home).expanduser().absolute()
        self.keys = KeyNumbers()
        self.database = Database(self.home / "castalia.db")
        self.closed = False
        self.recover()

    @classmethod
    def open(cls, home: str | Path) -> Store:
        """The store in ``home``; its file is made, or upgraded from an earlier release."""
        return cls(Path(home))

    def recover(self) -> int:
        """Bring in what writers that died had put aside in ``spool/``; return the number of points. Never fails."""
        return recover(self.home / "spool", self)

    def close(self) -> None:
        """Close every connection."""
        self.closed = True
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
