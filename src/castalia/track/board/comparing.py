"""Comparing: runs side by side, and which of their params, tags and metrics differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from castalia.core.errors import WrongInput
from castalia.track.store import Store

MOST = 500
FIELDS = ("params", "metrics", "tags")


def compared(store: Store, run_ids: Sequence[str]) -> dict[str, Any]:
    """{"runs": rows as ``Store.run`` shows them, "differing": {"params", "metrics", "tags": [keys]}}.

    A key differs where two runs say different things or one of them says nothing. Two to 500 runs.
    """
    wanted = list(dict.fromkeys(run_ids))
    if not 2 <= len(wanted) <= MOST:
        raise WrongInput("these runs cannot be compared", f"{len(wanted)} of them", f"2 to {MOST}", field="run")
    found = store.runs_by_id(wanted)
    return {"runs": found, "differing": {field: differing(found, field) for field in FIELDS}}


def differing(rows: Sequence[dict[str, Any]], field: str) -> list[str]:
    """The keys of ``field`` whose values are not the same in all rows, sorted."""
    keys = sorted({key for row in rows for key in row[field]})
    return [key for key in keys if len({_same(row[field].get(key)) for row in rows}) > 1]


def _same(value: Any) -> Any:
    return "NaN" if value != value else value  # NaN is like NaN
