"""Comparing: runs side by side, and what differs among them: params, metrics, git, environment, tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from castalia.core.errors import WrongInput
from castalia.track.store import Store

MOST = 200
FIELDS = ("params", "metrics", "tags")
_ABOUT = ("experiment", "system", "status", "owner")
_GIT = ("castalia.git.", "mlflow.source.git.")
_HERE = frozenset({
    "castalia.command", "castalia.python", "castalia.platform", "castalia.host", "castalia.version", "castalia.device",
    "mlflow.source.name", "mlflow.source.type", "mlflow.user",
})  # fmt: skip
_SAID_ELSEWHERE = frozenset({"mlflow.runName", "mlflow.parentRunId", "castalia.archived"})
"""Tags that repeat what a run says of itself."""


def compared(store: Store, run_ids: Sequence[str]) -> dict[str, Any]:
    """{"runs": rows as ``Store.run`` shows them, "differing": {"params", "metrics", "tags": [keys]}, "sections"}.

    A key differs where two runs say different things or one of them says nothing. ``sections`` are as of the function
    of this name. WrongInput for fewer than 2 runs or more than 200.
    """
    wanted = list(dict.fromkeys(run_ids))
    if not 2 <= len(wanted) <= MOST:
        cure = "Add a run." if len(wanted) < 2 else "Leave some out, or narrow the filter."
        raise WrongInput("these runs cannot be compared", f"{len(wanted)} of them", f"2 to {MOST}", cure, field="run")
    found = store.runs_by_id(wanted)
    fields = {field: differing(found, field) for field in FIELDS}
    return {"runs": found, "differing": fields, "sections": sections(found)}


def fitting(store: Store, experiment: str | None = None, filter: str = "") -> tuple[list[str], int]:
    """(ids of the newest runs that fit, at most 200; how many fit in all)."""
    page = store.runs(experiment, filter=filter, limit=MOST, columns=())
    return [row["run_id"] for row in page.items], page.total


def sections(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{"name", "field", "keys": [{"key", "differs"}]}] for run, params, metrics, git, environment and tags.

    ``field`` is where in a row the values are: "" for the row itself. Sections without a key are left out.
    """
    parts: list[tuple[str, str, list[tuple[str, bool]]]] = [
        ("run", "", [(key, len({row[key] for row in rows}) > 1) for key in _ABOUT if any(row[key] for row in rows)])
    ]
    found = {field: (keys_of(rows, field), set(differing(rows, field))) for field in FIELDS}
    for field in ("params", "metrics"):
        keys, different = found[field]
        parts.append((field, field, [(key, key in different) for key in keys]))
    tags: dict[str, list[tuple[str, bool]]] = {"git": [], "environment": [], "tags": []}
    keys, different = found["tags"]
    for key in keys:
        if key not in _SAID_ELSEWHERE:
            tags[_kind(key)].append((key, key in different))
    parts += [(name, "tags", lines) for name, lines in tags.items()]
    return [
        {"name": name, "field": field, "keys": [{"key": key, "differs": differs} for key, differs in lines]}
        for name, field, lines in parts
        if lines
    ]


def keys_of(rows: Sequence[dict[str, Any]], field: str) -> list[str]:
    """The keys of ``field`` that any row has, sorted."""
    return sorted({key for row in rows for key in row[field]})


def differing(rows: Sequence[dict[str, Any]], field: str) -> list[str]:
    """The keys of ``field`` whose values are not the same in all rows, sorted."""
    return [key for key in keys_of(rows, field) if len({_same(row[field].get(key)) for row in rows}) > 1]


def _kind(tag: str) -> str:
    return "git" if tag.startswith(_GIT) else "environment" if tag in _HERE else "tags"


def _same(value: Any) -> Any:
    return "NaN" if value != value else value  # NaN is like NaN
