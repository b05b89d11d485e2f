"""Store: the one door to the tracker's file, in any process."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from castalia.core.errors import Refused
from castalia.core.settings import Settings
from castalia.track.alerts import Alerts
from castalia.track.database import Database
from castalia.track.listing import Listing, Page
from castalia.track.numbers import Numbers
from castalia.track.points import KeyNumbers
from castalia.track.registry import Registry, Version
from castalia.track.runs import Runs
from castalia.track.series import Series
from castalia.track.spool import recover
from castalia.track.trash import Trash

__all__ = ["Page", "Store", "Version"]


class Store(Runs, Listing, Numbers, Series, Trash, Registry, Alerts):
    """Runs, metrics, artifacts and models of one home folder. Safe to share between threads; open one a process."""

    def __init__(self, home: Path, place: str = "") -> None:
        """Open ``home``, making it where it is missing. Unavailable with the cure where that cannot be."""
        self.home = Path(home).expanduser().absolute()
        self.keys = KeyNumbers()
        self.database = Database(place or self.home / "castalia.db")
        self.closed = False
        self.recover()

    @classmethod
    def open(cls, home: str | Path, place: str = "") -> Store:
        """The store of ``home``; its tables are made, or upgraded from an earlier release.

        ``place`` is where they lie: the file ``castalia.db`` in the home, or ``postgresql://…``.
        """
        return cls(Path(home), place)

    @classmethod
    def of(cls, settings: Settings) -> Store:
        """The store that the settings name. Refused for a server on another machine while offline."""
        if settings.offline and settings.store and not _near(settings.store):
            raise Refused("offline", "CASTALIA_STORE names another machine", "a server on this one",
                          "Unset CASTALIA_OFFLINE or CASTALIA_STORE.")  # fmt: skip
        return cls(settings.home, settings.store)

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


def _near(url: str) -> bool:
    """Whether the server of ``url`` is on this machine: no host, a socket's folder, or loopback."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        return True  # no address at all: opening it says so
    named = found.query.get("host", ()) or found.host or ""
    hosts = [named] if isinstance(named, str) else named
    inside = [host for some in (*hosts, str(found.query.get("hostaddr", ""))) for host in some.split(",") if host]
    return all(host.startswith("/") or host in ("localhost", "127.0.0.1", "::1") for host in inside)
