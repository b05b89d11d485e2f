"""Which layouts of the database this release knows."""

from __future__ import annotations

from castalia.core.errors import Conflict

HEAD = "0002"
"""The newest migration; a test holds it against the folder."""
KNOWN = frozenset({"0001", HEAD})
"""Every migration this release can start from."""


def newer(name: str, revision: str, otherwise: str) -> Conflict:
    """The error for a database whose layout this release does not know."""
    cure = f"Upgrade (pip install --upgrade castalia), or {otherwise}."
    return Conflict(f"{name} was made by a newer Castalia", f"its layout is {revision}", f"at most {HEAD}", cure)
