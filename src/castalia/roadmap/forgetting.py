"""What a learner leaves in a home, and removing it."""

from __future__ import annotations

from pathlib import Path

from castalia.core.lock import FileLock
from castalia.roadmap.remembered import KEPT_IN


def traces(home: Path) -> list[Path]:
    """All that a learner leaves in a home, runs, models, data and own code aside; what is there of it."""
    names = [f"{log}{ending}" for log in ("evidence", "journal") for ending in (".jsonl", ".corrupt.jsonl", ".part")]
    single = [home / name for name in (*names, "places.json")]
    single += [home / "cache" / "roadmap" / name for name in KEPT_IN]
    reports = sorted((home / "checks").glob("*.json"))
    return [path for path in (*single, *reports) if path.is_file()]


def forget(home: Path) -> list[Path]:
    """Remove ``traces``, while nobody writes: the files that are gone. Nothing else in the home is touched.

    The two empty lock files stay: without them two processes could write at once.
    """
    if not traces(home):
        return []
    with FileLock(home / "evidence.lock"), FileLock(home / "journal.lock"):
        gone = traces(home)
        for path in gone:
            path.unlink(missing_ok=True)
    return gone
