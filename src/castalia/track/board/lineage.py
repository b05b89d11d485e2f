"""Lineage: what a version came of, from data sets over the run and its code to the aliases that mean it."""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import NotFound
from castalia.track import schema
from castalia.track.board.model_page import rows
from castalia.track.board.sources import commit_of
from castalia.track.board.version_files import manifest
from castalia.track.run_rows import filled, selected
from castalia.track.store import Store

CONTEXT = "mlflow.data.context"
_TAG = "castalia.data."
_PINNED = re.compile(r"(.*)@([0-9]{1,9}) sha256:([0-9a-f]+)")


def lineage(store: Store, name: str, version: int) -> dict[str, Any]:
    """{"version", "run", "code", "logged", "inputs", "data"}; what nobody said is None or empty. NotFound.

    ``version`` is its row, ``run`` that of the run as lists show it, ``code`` {"commit", "branch", "dirty", "origin",
    "command", "hash"}, ``logged`` the logged model it was registered from, ``inputs`` models that the run read,
    ``data`` [{"name", "version", "digest", "use", "source", "licence", "research_only"}].
    """
    known = manifest(store, name, version)
    with store.database.read() as connection:
        found = rows(connection, name, [version])
        if not found:
            raise NotFound(f"{name[:80]} has no version {version}", cure=f"castalia models {name[:80]}")
        line = found[0]
        runs = connection.execute(selected().where(schema.runs.c.run_id == (line["run_id"] or ""))).all()
        run = filled(connection, runs)[0] if runs else None
        logged = _logged(connection, line["model_id"])
        sets = _of_manifest(known) or (_of_tags(run["tags"]) if run else [])
        seen = {(one["name"], one["digest"]) for one in sets}
        more = [*(_of_run(connection, runs[0].id) if runs else []), *_of_logged(connection, line["model_id"])]
        for one in more:
            if (one["name"], one["digest"]) not in seen:
                seen.add((one["name"], one["digest"]))
                sets.append(one)
        inputs = _inputs(connection, runs[0].id) if runs else []
    return {"version": line, "run": run, "code": _code(run, known), "logged": logged, "inputs": inputs, "data": sets}


def _code(run: dict[str, Any] | None, known: dict[str, Any]) -> dict[str, Any]:
    tags = run["tags"] if run else {}
    return {
        "commit": commit_of(run) if run else "",
        "branch": tags.get("castalia.git.branch") or tags.get("mlflow.source.git.branch") or "",
        "dirty": {"true": True, "false": False}.get(tags.get("castalia.git.dirty", "")),
        "origin": tags.get("mlflow.source.git.repoURL", ""),
        "command": tags.get("castalia.command") or tags.get("mlflow.source.name") or "",
        "hash": str(known.get("code", "")),
    }  # fmt: skip


def _set(name: str, digest: str, **more: Any) -> dict[str, Any]:
    empty = {"version": None, "use": "", "source": "", "licence": "", "research_only": None}
    return {"name": name, "digest": digest, **empty, **more}


def _of_manifest(known: dict[str, Any]) -> list[dict[str, Any]]:
    said = known.get("data")
    return [
        _set(str(one.get("name", "")), str(one.get("digest", "")), version=one.get("version"),
             use=str(one.get("field", "")), licence=str(one.get("licence", "")),
             research_only=bool(one.get("research_only")) if "research_only" in one else None)
        for one in (said if isinstance(said, list) else [])
        if isinstance(one, dict)
    ]  # fmt: skip


def _of_tags(tags: dict[str, str]) -> list[dict[str, Any]]:
    """What Castalia notes of a run before it fits: ``telco@1 sha256:…``."""
    pinned = [(key.removeprefix(_TAG), _PINNED.fullmatch(value)) for key, value in sorted(tags.items())
              if key.startswith(_TAG)]  # fmt: skip
    return [_set(match[1], match[3], version=int(match[2]), use=use) for use, match in pinned if match]


def _of_run(connection: Connection, run: int) -> list[dict[str, Any]]:
    used, sets = schema.run_datasets, schema.datasets
    query = sa.select(sets.c.name, sets.c.digest, sets.c.source, sets.c.source_type, used.c.tags)
    query = query.join(used, used.c.dataset == sets.c.id).where(used.c.run == run).order_by(sets.c.name, sets.c.id)
    return [
        _set(row.name, row.digest, use=str(json.loads(row.tags).get(CONTEXT, "")), source=_place(row))
        for row in connection.execute(query)
    ]


def _place(row: Any) -> str:
    """Where a data set came from, in a word: sources are JSON that differs by type."""
    try:
        said = json.loads(row.source)
    except (ValueError, RecursionError):
        said = None
    words = said if isinstance(said, dict) else {}
    found = next((words[key] for key in ("uri", "url", "path", "table_name") if isinstance(words.get(key), str)), "")
    return str(found or row.source_type)[:500]


def _logged(connection: Connection, model_id: str | None) -> dict[str, Any] | None:
    logged, tags = schema.logged_models, schema.logged_model_tags
    if not model_id:
        return None
    row = connection.execute(sa.select(logged).where(logged.c.model_id == model_id)).first()
    if row is None:
        return {"model_id": model_id, "name": "", "type": "", "known": False, "params": {}, "tags": {}}
    pairs = schema.logged_model_params
    params = connection.execute(sa.select(pairs).where(pairs.c.model == row.id).order_by(pairs.c.key))
    noted = connection.execute(sa.select(tags).where(tags.c.model == row.id))
    return {"model_id": row.model_id, "name": row.name, "type": row.model_type or "", "known": True,
            "params": {pair.key: pair.value for pair in params},
            "tags": {tag.key: tag.value for tag in noted}}  # fmt: skip


def _of_logged(connection: Connection, model_id: str | None) -> list[dict[str, Any]]:
    """Data sets that a logged model was measured on."""
    table, logged = schema.logged_model_metrics, schema.logged_models
    query = (
        sa.select(table.c.dataset_name, table.c.dataset_digest).distinct().join(logged, logged.c.id == table.c.model)
    )
    query = query.where(logged.c.model_id == (model_id or ""), table.c.dataset_name != "")
    query = query.order_by(table.c.dataset_name, table.c.dataset_digest)
    return [_set(row[0], row[1], use="measured on") for row in connection.execute(query)]


def _inputs(connection: Connection, run: int) -> list[dict[str, Any]]:
    """Models that a run read: {"model_id", "name"}."""
    used, logged = schema.run_models, schema.logged_models
    query = sa.select(used.c.model_id, logged.c.name).outerjoin(logged, logged.c.model_id == used.c.model_id)
    query = query.where(used.c.run == run, used.c.direction == "input").order_by(used.c.model_id)
    return [{"model_id": row.model_id, "name": row.name or ""} for row in connection.execute(query)]
