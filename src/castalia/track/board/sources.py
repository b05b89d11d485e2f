"""Sources: the code and the environment of runs side by side: commits, what was not committed, packages.

What lies between two commits is asked of the repository that the workbench was started in, with fixed words: a commit
is a hex number, nothing else reaches git, and what looks like a secret is masked as in a kept diff.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError
from castalia.track.masking import masked
from castalia.track.repository import MAX_DIFF, Repository, git
from castalia.track.store import Store

ENVIRONMENT, DIFF = "castalia/environment.json", "castalia/diff.patch"
MAX_ENVIRONMENT = 2**20
_HEX = re.compile(r"[0-9a-f]{7,64}")


def commit_of(row: dict[str, Any]) -> str:
    """The commit that a run says it was made with; "" where it says none, or none that is a hex number."""
    tags = row["tags"]
    said = str(tags.get("castalia.git.commit") or tags.get("mlflow.source.git.commit") or "").lower()
    return said if _HEX.fullmatch(said) else ""


def sources(store: Store, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """[{"run_id", "commit", "branch", "dirty", "diff": size or None, "command"}], in the order of the ids."""
    told = []
    for row in store.runs_by_id(run_ids):
        tags = row["tags"]
        told.append({
            "run_id": row["run_id"], "commit": commit_of(row),
            "branch": tags.get("castalia.git.branch") or tags.get("mlflow.source.git.branch") or "",
            "dirty": {"true": True, "false": False}.get(tags.get("castalia.git.dirty", "")),
            "command": tags.get("castalia.command", ""), "diff": _size(store, row["run_id"], DIFF),
        })  # fmt: skip
    return told


def between(first: str, second: str, folder: Path | None = None) -> dict[str, Any]:
    """{"first", "second", "diff": text or None, "why": ""}: what git says lies between two commits; at most 1 MB.

    ``why`` is the reason where there is no diff. ``folder`` is in the repository; the working folder if not given.
    """
    told: dict[str, Any] = {"first": first, "second": second, "diff": None, "why": ""}
    if not (_HEX.fullmatch(first) and _HEX.fullmatch(second)):
        return told | {"why": "One of these runs does not say its commit."}
    if first == second:
        return told | {"diff": "", "why": "Both runs were made with the same commit."}
    found = Repository.around(folder or Path.cwd())
    if found is None:
        return told | {"why": "The workbench was not started in a git repository, so it cannot show the change."}
    for commit in (first, second):
        if not git(found.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"):
            return told | {"why": f"The repository here does not have commit {commit[:12]}."}
    words = ("diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", first, second, "--")
    raw = git(found.root, *words, cap=MAX_DIFF)
    text = masked(raw[:MAX_DIFF].decode("utf-8", "replace"))
    if len(raw) > MAX_DIFF:
        text = text[: text.rfind("\n")] + "\n... cut: the diff is larger than 1 MB\n"
    return told | {"diff": text, "why": "" if text else "No file differs between these commits."}


def environments(store: Store, run_ids: Sequence[str]) -> dict[str, Any]:
    """{"known": [bool], "python", "packages", "variables": {name: [one value a run, None where it has none]}}.

    From the environment that each run kept; only what differs. A run that kept none (``known`` false) has None
    throughout and makes nothing differ. NotFound for a run that is not there.
    """
    store.runs_by_id(run_ids)
    kept = [_environment(store, run_id) for run_id in run_ids]
    known = [one is not None for one in kept]
    python = [None if one is None else _line(one.get("python")) for one in kept]
    packages = [None if one is None else _named(one.get("packages")) for one in kept]
    variables = [None if one is None else {str(name): "set" for name in _listed(one.get("variables"))} for one in kept]
    python_line = _differing([None if one is None else {"python": one} for one in python])
    return {"known": known, "python": python_line, "packages": _differing(packages), "variables": _differing(variables)}


def _differing(columns: Sequence[dict[str, str | None] | None] | Sequence[dict[str, str] | None]) -> dict[str, Any]:
    told = [column for column in columns if column is not None]
    keys = sorted({key for column in told for key in column})
    return {
        key: [None if column is None else column.get(key) for column in columns]
        for key in keys
        if len({column.get(key) for column in told}) > 1
    }


def _environment(store: Store, run_id: str) -> dict[str, Any] | None:
    try:
        with store.read_artifact(run_id, ENVIRONMENT) as file:
            if file.found.size > MAX_ENVIRONMENT:
                return None
            found = json.loads(b"".join(file.pieces()))
    except (CastaliaError, OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _size(store: Store, run_id: str, name: str) -> int | None:
    try:
        with store.read_artifact(run_id, name) as file:
            return int(file.found.size)
    except (CastaliaError, OSError):
        return None


def _line(value: Any) -> str | None:
    return None if value is None else str(value)[:300]


def _named(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(name)[:200]: str(version)[:200] for name, version in pairs}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
