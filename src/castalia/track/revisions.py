"""Which layouts of the database this release knows."""

from __future__ import annotations

from castalia.core.errors import Conflict

HEAD = "0003"
"""The newest migration; a test holds it against the folder."""
KNOWN = frozenset({"0001", "0002", HEAD})
"""Every migration this release can start from."""


def understood(name: str, found: object, otherwise: str) -> str | None:
    """The revision ``found`` in a database, None where there is none. Conflict where this release cannot read it."""
    if found is None or str(found) in KNOWN:
        return None if found is None else str(found)
    revision = str(found)[:40]
    if not revision.isdigit():
        cure = f"{otherwise[0].upper()}{otherwise[1:]}."
        raise Conflict(f"{name} holds another program's tables", f"layout {revision}", "an empty one or ours", cure)
    cure = f"Upgrade (pip install --upgrade castalia), or {otherwise}."
    raise Conflict(f"{name} was made by a newer Castalia", f"its layout is {revision}", f"at most {HEAD}", cure)
