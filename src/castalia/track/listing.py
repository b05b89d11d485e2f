"""Lists of runs: filtered, ordered and cut on the server, each row with its params, tags and latest metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import WrongInput, did_you_mean
from castalia.track import schema
from castalia.track.database import Part
from castalia.track.naming import checked_status
from castalia.track.protocol import places, vocabulary
from castalia.track.protocol.grammar import FilterError, Not, Tree, name_of
from castalia.track.protocol.patience import patience
from castalia.track.protocol.vocabulary import Comparison
from castalia.track.runs import run_number

ORDERS = {"started", "ended", "name", "status", "experiment", "system"}
_FIELDS = {"metric": "metrics", "parameter": "params", "tag": "tags"}
_KEYS = 10_000
"""Keys that a misspelt one is compared with."""


@dataclass(frozen=True)
class Page:
    """``items`` of a list and how many there are in ``total``."""

    items: list[dict[str, Any]]
    total: int


class Listing(Part):
    """The part of the store that shows runs."""

    def runs(
        self,
        experiment: str | None = None,
        status: str | None = None,
        text: str | None = None,
        order: str = "-started",
        limit: int = 100,
        offset: int = 0,
        parent: str | None = None,
        filter: str = "",
        columns: Iterable[str] | None = None,
        trash: bool = False,
    ) -> Page:
        """A page of runs with params, tags and latest metrics.

        ``text`` is looked for in id, name, experiment, system; ``order`` is one of started, ended, name,
        status, experiment, system, ``metrics.<key>`` or ``params.<key>``, with ``-`` for descending; what
        is missing or NaN comes last. ``limit`` is 1 to 10,000. ``filter`` is in the language of docs/search.md:
        ``metrics.loss < 0.3 AND params.rate > 0.01``. Of ``columns`` (``metrics.<key>``, ``params.<key>``,
        ``tags.<key>``) rows hold only these. ``trash`` lists the deleted runs instead of the others.
        WrongInput says where in a filter it is wrong.
        """
        if not 1 <= limit <= 10_000 or not 0 <= offset < 2**62:
            got = f"limit {limit}, offset {offset}"
            raise WrongInput("this page cannot be read", got, "limit 1 to 10,000, offset from 0", field="limit")
        wanted, shown = _wanted(experiment, status, text, trash), None
        tree = vocabulary.read(filter, places.NATIVE.vocabulary)
        if columns is not None:
            shown = [_column(name) for name in columns]
        with self.database.read() as connection:
            wanted.append(places.NATIVE.where(tree, sqlite=connection.dialect.name == "sqlite"))
            if parent is not None:
                wanted.append(schema.runs.c.parent == run_number(connection, parent))
            joined = schema.runs.join(schema.experiments)
            query = _ordered(_select().where(*wanted), order).limit(limit).offset(offset)
            with patience(connection):
                total = connection.scalar(sa.select(sa.func.count()).select_from(joined).where(*wanted)) or 0
                rows = connection.execute(query).all()
                if not total and filter:
                    _known(connection, tree, filter)
            return Page(_filled(connection, rows, shown), int(total))

    def run(self, run_id: str) -> dict[str, Any]:
        """One run: what the list shows, and ``summary``: {metric: {last, last_step, min, min_step, max, max_step}}."""
        with self.database.read() as connection:
            number = run_number(connection, run_id)
            row = _filled(connection, connection.execute(_select().where(schema.runs.c.id == number)).all())[0]
            latest = schema.latest
            series = connection.execute(
                sa.select(schema.metric_keys.c.name, latest)
                .join(schema.metric_keys, latest.c.key == schema.metric_keys.c.id)
                .where(latest.c.run == number)
                .order_by(schema.metric_keys.c.name)
            )
            row["summary"] = {
                line.name: {"last": line.value, "last_step": line.step, "last_time": line.time, "min": line.low,
                            "min_step": line.low_step, "max": line.high, "max_step": line.high_step}
                for line in series
            }  # fmt: skip
            kids = sa.select(sa.func.count()).where(schema.runs.c.parent == number)
            row["children"] = connection.scalar(kids)
        return row


def _column(name: str) -> tuple[str, str]:
    found = name_of(name)
    entity = places.NATIVE.vocabulary.entities.get(found[0]) if found else None
    if found is None or entity not in _FIELDS:
        raise WrongInput(f"no column {name[:80]!r}", name[:80], "metrics.<key>, params.<key> or tags.<key>",
                         "Quote keys with backticks where they hold spaces.", field="columns")  # fmt: skip
    return _FIELDS[entity], found[1]


def _known(connection: Connection, tree: Tree[Comparison], text: str) -> None:
    """WrongInput where a filter that finds nothing speaks of a key that no run has while one has one like it."""
    if isinstance(tree, Not):
        return _known(connection, tree.part, text)
    if not isinstance(tree, Comparison):
        for part in tree.parts:
            _known(connection, part, text)
        return None
    if tree.entity not in _FIELDS:
        return None
    table = places.NATIVE.pairs[tree.entity].table
    column = schema.metric_keys.c.name if tree.entity == "metric" else table.c.key
    known = list(connection.scalars(sa.select(column).distinct().limit(_KEYS)))
    if tree.key not in known and (cure := did_you_mean(tree.key, known).strip()):
        raise FilterError(f"no run has a {tree.entity} {tree.key[:60]!r}", text, tree.at, cure=cure)
    return None


def _wanted(experiment: str | None, status: str | None, text: str | None, trash: bool) -> list[sa.ColumnElement[bool]]:
    runs, wanted = schema.runs, [schema.runs.c.lifecycle == ("deleted" if trash else "active")]
    if experiment:
        wanted.append(schema.experiments.c.name == experiment)
    if status:
        checked_status(status)
        wanted.append(runs.c.status == status)
    if text:
        places = (runs.c.run_id, runs.c.name, runs.c.system, schema.experiments.c.name)
        wanted.append(sa.or_(*(place.icontains(text[:200], autoescape=True) for place in places)))
    return wanted


def _select() -> sa.Select[Any]:
    return sa.select(schema.runs, schema.experiments.c.name.label("experiment_name")).join(schema.experiments)


def _ordered(query: sa.Select[Any], order: str) -> sa.Select[Any]:
    runs, down, word = schema.runs, order.startswith("-"), order.lstrip("-")
    kind, _, key = word.partition(".")
    column: sa.ColumnElement[Any]
    if word in ORDERS:
        column = schema.experiments.c.name if word == "experiment" else runs.c[word]
    elif kind == "metrics" and key:
        number = sa.select(schema.metric_keys.c.id).where(schema.metric_keys.c.name == key).scalar_subquery()
        latest = schema.latest.alias("ordered")  # not the table that a filter looks into
        query = query.outerjoin(latest, sa.and_(latest.c.run == runs.c.id, latest.c.key == number))
        column = sa.case((latest.c.value <= math.inf, latest.c.value), else_=sa.null())  # NaN sorts as missing: last
    elif kind == "params" and key:
        params = schema.params.alias("ordered")
        query = query.outerjoin(params, sa.and_(params.c.run == runs.c.id, params.c.key == key))
        column = params.c.value
    else:
        raise WrongInput(f"cannot order by {order[:80]!r}", order[:80],
                         f"{', '.join(sorted(ORDERS))}, metrics.<key> or params.<key>", field="order")  # fmt: skip
    ways = (column.desc().nulls_last(), runs.c.id.desc()) if down else (column.asc().nulls_last(), runs.c.id)
    return query.order_by(*ways)


def _filled(
    connection: Connection, rows: Iterable[Any], shown: Sequence[tuple[str, str]] | None = None
) -> list[dict[str, Any]]:
    """Rows of runs as dicts, with params, tags, latest metrics (all, or those shown) and the parent's run id."""
    items: dict[int, dict[str, Any]] = {}
    for row in rows:
        items[row.id] = {
            "run_id": row.run_id, "name": row.name, "experiment": row.experiment_name, "system": row.system,
            "status": row.status, "started": row.started, "ended": row.ended, "owner": row.owner, "parent": row.parent,
            "params": {}, "tags": {}, "metrics": {},
        }  # fmt: skip
    numbers = list(items)
    for start in range(0, len(numbers), 5000):  # under SQLite's limit of 32,766 parameters
        some = numbers[start : start + 5000]
        for table, field in ((schema.params, "params"), (schema.tags, "tags")):
            pairs = sa.select(table.c.run, table.c.key, table.c.value).where(table.c.run.in_(some))
            if shown is not None:
                pairs = pairs.where(table.c.key.in_([key for kind, key in shown if kind == field]))
            for run, key, value in connection.execute(pairs):
                items[run][field][key] = value
        latest, keys = schema.latest, schema.metric_keys
        named = sa.select(latest.c.run, keys.c.name, latest.c.value).join(keys, latest.c.key == keys.c.id)
        if shown is not None:
            named = named.where(keys.c.name.in_([key for kind, key in shown if kind == "metrics"]))
        for run, key, value in connection.execute(named.where(latest.c.run.in_(some))):
            items[run]["metrics"][key] = value
        parents = {item["parent"] for item in items.values() if isinstance(item["parent"], int)}
        if parents:
            runs = schema.runs.c
            ids = sa.select(runs.id, runs.run_id).where(runs.id.in_(parents))
            known = {row[0]: row[1] for row in connection.execute(ids)}
            for number in some:
                items[number]["parent"] = known.get(items[number]["parent"])
    return list(items.values())
