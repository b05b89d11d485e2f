"""Registry sheets: registered models with their versions, and logged models, as JSON that another tracker can take.

A sheet names no place of the tracker that wrote it: a version that Castalia trained has its files beside the sheet,
and a source among a run's or a logged model's files is said as ``runs:/<run>/…`` or ``models:/<id>``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import WrongInput
from castalia.track import Store, schema
from castalia.track.naming import checked_run_id, checked_text, whole
from castalia.track.promotions import MAX_REASON, every_move
from castalia.track.protocol.registry_fields import NAME, TAG_KEY, TAG_VALUE, TEXT
from castalia.track.protocol.sources import SOURCE, run_root

_MODELS, _VERSIONS, _LOGGED, _RUNS = schema.models, schema.versions, schema.logged_models, schema.runs
_NAMED = re.compile(r"(?:models|castalia):/([^/@]+)/([1-9][0-9]{0,8})")
_OF_RUN = re.compile(r"runs:/([^/]+)")
_STATUSES, _STAGES = ("pending", "ready", "failed"), ("active", "deleted")
MOST_VERSIONS = 10**6
"""Of a model: the column holds 2**31 - 1, and the versions that come after need numbers too."""


@dataclass(frozen=True)
class LoggedSheet:
    """A model as a run logged it. Times are milliseconds since 1970."""

    model_id: str
    experiment: str
    name: str
    status: str
    created: int
    updated: int
    model_type: str | None = None
    source_run_id: str | None = None
    status_message: str = ""
    lifecycle: str = "active"
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Mapping[str, Any], ...] = ()
    """{"metric", "step", "time", "value", "run_id", "dataset_name", "dataset_digest"} each."""

    @classmethod
    def of_plain(cls, plain: Any) -> LoggedSheet:
        """A sheet of what JSON said, every field checked. WrongInput names the one that does not fit."""
        told = _object("logged model", plain)
        return cls(
            checked_run_id(_text(told, "model_id", 64)), _text(told, "experiment", 500), _text(told, "name", 500),
            _one_of(told, "status", _STATUSES), whole("created", told.get("created")),
            whole("updated", told.get("updated")), _said(told, "model_type", 500), _said(told, "source_run_id", 64),
            _text(told, "status_message", TEXT, ""), _one_of(told, "lifecycle", _STAGES),
            _pairs(told, "params"), _pairs(told, "tags"),
            tuple(_measured(each) for each in _items(told, "metrics")),
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As JSON, which knows no NaN: such a value is a text."""
        worded = [{**each, "value": plain_number(each["value"])} for each in self.metrics]
        return {**asdict(self), "metrics": worded}


@dataclass(frozen=True)
class VersionSheet:
    """A version of a registered model."""

    version: int
    created: int
    updated: int
    trained: bool
    """Castalia trained it, and its files come with it; else ``source`` says where they are."""
    source: str = ""
    run_id: str | None = None
    logged_model: str | None = None
    system: str | None = None
    digest: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    description: str = ""
    user_id: str = ""
    stage: str = "None"
    status_message: str = ""
    run_link: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_plain(cls, plain: Any) -> VersionSheet:
        """A sheet of what JSON said, every field checked."""
        told = _object("version", plain)
        version = whole("version", told.get("version"))
        if not 0 < version <= MOST_VERSIONS or not isinstance(told.get("trained"), bool):
            raise _unfit("version", repr(told.get("version"))[:40], f"1 to {MOST_VERSIONS}, and whether it was trained")
        measured = _object("metrics", told.get("metrics") or {})
        return cls(
            version, whole("created", told.get("created")), whole("updated", told.get("updated")), told["trained"],
            _text(told, "source", SOURCE, ""), _said(told, "run_id", 64), _said(told, "logged_model", 250),
            _said(told, "system", 500), _text(told, "digest", 500, ""),
            {checked_text("metrics", key, TAG_KEY): number_of(value) for key, value in measured.items()},
            _text(told, "description", TEXT, ""), _text(told, "user_id", 500, ""), _text(told, "stage", 100, "None"),
            _text(told, "status_message", TEXT, ""), _text(told, "run_link", TEXT, ""), _pairs(told, "tags"),
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "metrics": {key: plain_number(value) for key, value in self.metrics.items()}}


@dataclass(frozen=True)
class ModelSheet:
    """A registered model, with those of its versions that were asked for and the aliases that point at them."""

    name: str
    created: int
    updated: int
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    versions: tuple[VersionSheet, ...] = ()
    promotions: tuple[Mapping[str, Any], ...] = ()
    """How these aliases, and those that are gone, came to mean what they do, the oldest first: {"alias", "version",
    "before", "time", "who", "reason"} each."""

    @classmethod
    def of_plain(cls, plain: Any) -> ModelSheet:
        """A sheet of what JSON said, every field checked."""
        told = _object("model", plain)
        versions = tuple(VersionSheet.of_plain(each) for each in _items(told, "versions"))
        aliases = _object("aliases", told.get("aliases") or {})
        return cls(
            _text(told, "name", NAME), whole("created", told.get("created")), whole("updated", told.get("updated")),
            _text(told, "description", TEXT, ""), _pairs(told, "tags"),
            {checked_text("alias", key, 255): whole("alias", value) for key, value in aliases.items()}, versions,
            tuple(_promotion(each) for each in _items(told, "promotions")),
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "versions": [each.plain() for each in self.versions]}


@dataclass(frozen=True)
class Carried:
    """What an archive takes along: ids of runs, ids of logged models, and {model: its versions}."""

    runs: tuple[str, ...]
    logged: tuple[str, ...]
    models: Mapping[str, Sequence[int]]


def carried_with(store: Store, run_ids: Sequence[str], names: Sequence[str] = ()) -> Carried:
    """The runs, what was logged and registered from them, the models ``names``, and all that these come from.

    NotFound where there is no such model.
    """
    for name in names:
        store.versions(name)
    with store.database.read() as connection:
        wide = sa.select(_VERSIONS, _MODELS.c.name, _RUNS.c.run_id.label("of_run")).join(_MODELS)
        rows = connection.execute(wide.outerjoin(_RUNS, _VERSIONS.c.run == _RUNS.c.id)
                                  .where(_VERSIONS.c.status == "ready")).all()  # fmt: skip
        every = {(row.name, row.version): row for row in rows}
        of_run = sa.select(_LOGGED.c.model_id, _LOGGED.c.lifecycle, _LOGGED.c.source_run_id)
        logged = {row.model_id: row for row in connection.execute(of_run)}
        known = set(connection.scalars(sa.select(_RUNS.c.run_id)))
    chosen = set(run_ids)
    models = {key for key, row in logged.items() if row.source_run_id in chosen and row.lifecycle == "active"}
    versions = {key for key, row in every.items()
                if key[0] in names or (row.of_run or row.run_id) in chosen or row.logged_model in models}  # fmt: skip
    left, runs = list(versions), set(chosen)
    while left:
        row = every[left.pop()]
        if (needed := _NAMED.fullmatch(row.source)) and (key := (needed[1], int(needed[2]))) in every:
            left += [] if key in versions else [key]
            versions.add(key)
        if row.logged_model in logged:
            models.add(row.logged_model)
        runs |= known & {row.of_run or row.run_id, *_OF_RUN.findall(row.source)}
    runs |= {logged[key].source_run_id for key in models if logged[key].source_run_id in known}
    named: dict[str, list[int]] = {name: [] for name in names}
    for name, number in sorted(versions):
        named.setdefault(name, []).append(number)
    return Carried((*run_ids, *sorted(runs - chosen)), tuple(sorted(models)), dict(sorted(named.items())))


def logged_sheet(store: Store, model_id: str, runs: Sequence[str]) -> LoggedSheet:
    """The sheet of a logged model; of numbers it says which of ``runs`` measured them."""
    measured, keys = schema.logged_model_metrics.c, schema.metric_keys.c
    with store.database.read() as connection:
        wide = sa.select(_LOGGED, schema.experiments.c.name.label("in_experiment")).join(schema.experiments)
        row = connection.execute(wide.where(_LOGGED.c.model_id == model_id)).one()
        query = sa.select(schema.logged_model_metrics, keys.name.label("metric"), _RUNS.c.run_id.label("of_run"))
        query = query.join(schema.metric_keys, measured.key == keys.id).outerjoin(_RUNS, measured.run == _RUNS.c.id)
        points = [
            {"metric": each.metric, "step": each.step, "time": each.time, "value": each.value,
             "run_id": each.of_run if each.of_run in runs else None,
             "dataset_name": each.dataset_name, "dataset_digest": each.dataset_digest}
            for each in connection.execute(query.where(measured.model == row.id))
        ]  # fmt: skip
        order = ("metric", "step", "time", "dataset_name", "dataset_digest")
        points.sort(key=lambda each: (*(each[name] for name in order), str(each["value"]), each["run_id"] or ""))
        return LoggedSheet(
            row.model_id, row.in_experiment, row.name, row.status, row.created, row.updated, row.model_type,
            row.source_run_id, row.status_message, row.lifecycle,
            _all(connection, schema.logged_model_params, "model", row.id),
            _all(connection, schema.logged_model_tags, "model", row.id), tuple(points),
        )  # fmt: skip


def model_sheet(store: Store, name: str, numbers: Sequence[int]) -> ModelSheet:
    """The sheet of a registered model with these versions, and the aliases that point at them."""
    with store.database.read() as connection:
        row = connection.execute(sa.select(_MODELS).where(_MODELS.c.name == name)).one()
        query = sa.select(_VERSIONS, _RUNS.c.run_id.label("of_run"))
        query = query.outerjoin(_RUNS, _VERSIONS.c.run == _RUNS.c.id).where(_VERSIONS.c.model == row.id)
        versions = [_version(connection, each) for each in connection.execute(query.order_by(_VERSIONS.c.version))
                    if each.version in numbers and each.status == "ready"]  # fmt: skip
        pointed = connection.execute(sa.select(schema.aliases).where(schema.aliases.c.model == row.id))
        meant = {each.alias: each.version for each in pointed}
        aliases = {alias: version for alias, version in meant.items() if version in numbers}
        left = meant.keys() - aliases.keys()  # whose history would end at a version that is not carried
        told = [each for each in every_move(connection, row.id) if each["alias"] not in left]
        return ModelSheet(row.name, row.created, row.updated, row.description,
                          _all(connection, schema.model_tags, "model", row.id), dict(sorted(aliases.items())),
                          tuple(versions), tuple(told))  # fmt: skip


def _version(connection: Connection, row: Any) -> VersionSheet:
    run_id = row.of_run or row.run_id
    source = "" if row.folder else _portable(connection, row.source, run_id, row.logged_model)
    metrics = {key: float(value) for key, value in json.loads(row.metrics).items()}
    return VersionSheet(
        row.version, row.created, row.updated, bool(row.folder), source, run_id, row.logged_model, row.system,
        row.digest, metrics, row.description, row.user_id, row.stage, row.status_message, row.run_link,
        _all(connection, schema.version_tags, "version", row.id),
    )  # fmt: skip


def _portable(connection: Connection, source: str, run_id: str | None, model_id: str | None) -> str:
    """The source without the address of this tracker."""
    kept = _LOGGED.c.artifact_uri
    if model_id and source == connection.scalar(sa.select(kept).where(_LOGGED.c.model_id == model_id)):
        return f"models:/{model_id}"
    root = run_root(connection, run_id) if run_id else None
    if root and (source == root or source.startswith(f"{root}/")):
        return f"runs:/{run_id}{source[len(root) :]}"
    return source


def names_a_version(source: str) -> bool:
    """Whether it is ``models:/name/3`` or ``castalia:/name/3``."""
    return _NAMED.fullmatch(source) is not None


def plain_number(value: float) -> float | str:
    """A number as JSON can say it."""
    return value if math.isfinite(value) else str(value)


def number_of(value: object) -> float:
    """The same number again. WrongInput."""
    try:
        if isinstance(value, str | float | int):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise _unfit("value", repr(value)[:40], "a number")


def _all(connection: Connection, table: sa.Table, owner: str, number: int) -> dict[str, str]:
    query = sa.select(table.c.key, table.c.value).where(table.c[owner] == number).order_by(table.c.key)
    return {row[0]: row[1] for row in connection.execute(query)}


def _measured(plain: Any) -> dict[str, Any]:
    told = _object("metrics", plain)
    return {"metric": _text(told, "metric", TAG_KEY), "step": whole("step", told.get("step")),
            "time": whole("time", told.get("time")), "value": number_of(told.get("value")),
            "run_id": _said(told, "run_id", 64), "dataset_name": _text(told, "dataset_name", 500, ""),
            "dataset_digest": _text(told, "dataset_digest", 500, "")}  # fmt: skip


def _promotion(plain: Any) -> dict[str, Any]:
    told = _object("promotions", plain)
    numbers = {key: None if told.get(key) is None else whole(key, told[key]) for key in ("version", "before")}
    if not all(number is None or 0 < number <= MOST_VERSIONS for number in numbers.values()):
        raise _unfit("promotions", repr(numbers)[:60], f"versions from 1 to {MOST_VERSIONS}")
    return {"alias": _text(told, "alias", 255), **numbers, "time": whole("time", told.get("time")),
            "who": _text(told, "who", 500, ""), "reason": _text(told, "reason", MAX_REASON, "")}  # fmt: skip


def _object(what: str, told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise _unfit(what, type(told).__name__, "one JSON object")
    return told


def _items(told: Mapping[str, Any], what: str) -> list[Any]:
    found = [] if told.get(what) is None else told[what]
    if not isinstance(found, list):
        raise _unfit(what, type(found).__name__, "a list of objects")
    return found


def _text(told: Mapping[str, Any], what: str, limit: int, blank: str | None = None) -> str:
    return checked_text(what, told.get(what, blank), limit, empty=blank is not None)


def _said(told: Mapping[str, Any], what: str, limit: int) -> str | None:
    return None if told.get(what) is None else _text(told, what, limit, "")


def _one_of(told: Mapping[str, Any], what: str, known: tuple[str, ...]) -> str:
    if told.get(what) not in known:
        raise _unfit(what, repr(told.get(what))[:40], " or ".join(known))
    return str(told[what])


def _pairs(told: Mapping[str, Any], what: str) -> dict[str, str]:
    return {checked_text(what, key, TAG_KEY): checked_text(what, value, TAG_VALUE, empty=True)
            for key, value in _object(what, told.get(what) or {}).items()}  # fmt: skip


def _unfit(what: str, got: str, expected: str) -> WrongInput:
    return WrongInput(f"{what} of a model does not fit", got, expected, "Export it again.", field=what)
