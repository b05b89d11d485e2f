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
from castalia.track.protocol.conditions import as_number
from castalia.track.protocol.grammar import FilterError, Not, Tree, name_of
from castalia.track.protocol.patience import patience
from castalia.track.protocol.vocabulary import Comparison
from castalia.track.run_rows import EVERY, filled, selected, summaries
from castalia.track.runs import run_number

ORDERS = {"started", "ended", "took", "name", "status", "experiment", "system"}
_FIELDS = {"metric": "metrics", "parameter": "params", "tag": "tags"}
ARCHIVED = "castalia.archived"
"""The tag of a run that was put out of sight: "true"."""
MOST_RUNS = 1_000
BRIEF = 200
"""Characters of a param or tag in a brief row."""
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
        archived: str = "all",
        top: bool = False,
        brief: bool = False,
    ) -> Page:
        """A page of runs with params, tags and latest metrics.

        ``text`` is looked for in id, name, experiment, system; ``order`` is one of started, ended, took,
        name, status, experiment, system, ``metrics.<key>``, ``params.<key>`` or ``tags.<key>``, with ``-`` for
        descending; params that are numbers come before the others, what is missing or NaN comes last. ``limit`` is
        1 to 10,000. ``filter`` is in the language of docs/search.md: ``metrics.loss < 0.3 AND params.rate > 0.01``.
        Of ``columns`` (``metrics.<key>``, ``params.<key>``, ``tags.<key>``) rows hold only these; ``tags.*`` is every
        tag that a person set. ``brief`` cuts params and tags to 200 characters. ``trash`` lists the deleted runs
        instead of the others; ``archived`` is "all", "no" or "only"; ``top`` leaves out the runs inside others. Each
        row says how many ``children`` and ``alerts`` the run has. WrongInput says where in a filter it is wrong.
        """
        if not 1 <= limit <= 10_000 or not 0 <= offset < 2**62:
            got = f"limit {limit}, offset {offset}"
            raise WrongInput("this page cannot be read", got, "limit 1 to 10,000, offset from 0",
                             "Ask for the next page instead.", field="limit")  # fmt: skip
        wanted, shown = _wanted(experiment, status, text, trash, archived), None
        tree = vocabulary.read(filter, places.NATIVE.vocabulary)
        if columns is not None:
            shown = [_column(name) for name in columns]
        with self.database.read() as connection:
            sqlite = connection.dialect.name == "sqlite"
            wanted.append(places.NATIVE.where(tree, sqlite=sqlite))
            if top:
                # Not "IS NULL": SQLite would take the index of parents, which nearly all rows fit, and then sort.
                wanted.append(sa.func.coalesce(schema.runs.c.parent, 0) == 0)
            if parent is not None:
                wanted.append(schema.runs.c.parent == run_number(connection, parent))
            joined = schema.runs.join(schema.experiments)
            query = _ordered(selected().where(*wanted), order, sqlite).limit(limit).offset(offset)
            with patience(connection):
                total = connection.scalar(sa.select(sa.func.count()).select_from(joined).where(*wanted)) or 0
                rows = connection.execute(query).all()
                if not total and filter:
                    _known(connection, tree, filter)
            return Page(filled(connection, rows, shown, BRIEF if brief else None), int(total))

    def run(self, run_id: str) -> dict[str, Any]:
        """One run: what the list shows, and ``summary``: {metric: {last, last_step, min, min_step, max, max_step}}."""
        with self.database.read() as connection:
            number = run_number(connection, run_id)
            row = filled(connection, connection.execute(selected().where(schema.runs.c.id == number)).all())[0]
            row["summary"] = summaries(connection, [number])[number]
        return row

    def runs_by_id(self, run_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Up to 1,000 runs, in the order of their ids, each as ``run`` shows it. NotFound for one that is not there."""
        wanted = list(dict.fromkeys(run_ids))
        if len(wanted) > MOST_RUNS:
            raise WrongInput("too many runs at once", f"{len(wanted):,}", f"at most {MOST_RUNS:,}", field="run")
        with self.database.read() as connection:
            rows = connection.execute(selected().where(schema.runs.c.run_id.in_(wanted))).all()
            found = {row["run_id"]: row for row in filled(connection, rows)}
            for run_id in wanted:
                if run_id not in found:
                    run_number(connection, run_id)  # says that there is none
            parts = summaries(connection, [row.id for row in rows])
        for row in rows:
            found[row.run_id]["summary"] = parts[row.id]
        return [found[run_id] for run_id in wanted]


def _column(name: str) -> tuple[str, str]:
    if name == "tags.*":
        return "tags", EVERY
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


def _wanted(
    experiment: str | None, status: str | None, text: str | None, trash: bool, archived: str
) -> list[sa.ColumnElement[bool]]:
    runs, wanted = schema.runs, [schema.runs.c.lifecycle == ("deleted" if trash else "active")]
    if experiment:
        wanted.append(schema.experiments.c.name == experiment)
    if status:
        checked_status(status)
        wanted.append(runs.c.status == status)
    if text:
        places = (runs.c.run_id, runs.c.name, runs.c.system, schema.experiments.c.name)
        wanted.append(sa.or_(*(place.icontains(text[:200], autoescape=True) for place in places)))
    if archived != "all":
        if archived not in ("no", "only"):
            raise WrongInput(f"no archived {archived[:40]!r}", archived[:40], "all, no or only", field="archived")
        tags = schema.tags.alias("archive")
        put_away = sa.exists().where(tags.c.run == runs.c.id, tags.c.key == ARCHIVED, tags.c.value == "true")
        wanted.append(put_away if archived == "only" else ~put_away)
    return wanted


def _ordered(query: sa.Select[Any], order: str, sqlite: bool) -> sa.Select[Any]:
    runs, down, word = schema.runs, order.startswith("-"), order.lstrip("-")
    kind, _, key = word.partition(".")
    column: sa.ColumnElement[Any]
    if word in ORDERS:
        if word == "took":
            column = runs.c.ended - runs.c.started
        else:
            column = schema.experiments.c.name if word == "experiment" else runs.c[word]
    elif kind == "metrics" and key:
        number = sa.select(schema.metric_keys.c.id).where(schema.metric_keys.c.name == key).scalar_subquery()
        # An alias: a filter speaks of the same table in subqueries, which must not become this one.
        latest = schema.latest.alias("ordering")
        here = sa.and_(latest.c.run == runs.c.id, latest.c.key == number)
        query, value = query.outerjoin(latest, here), latest.c.value
        column = sa.case((value <= math.inf, value), else_=sa.null())  # NaN sorts as missing: last either way
    elif kind in ("params", "tags") and key:
        table = (schema.params if kind == "params" else schema.tags).alias("ordering")
        here = sa.and_(table.c.run == runs.c.id, table.c.key == key)
        query, column = query.outerjoin(table, here), table.c.value
        if kind == "params":  # numbers as such, before texts
            numeral = as_number(column, sqlite)
            query = query.order_by(numeral.desc().nulls_last() if down else numeral.asc().nulls_last())
    else:
        raise WrongInput(f"cannot order by {order[:80]!r}", order[:80],
                         f"{', '.join(sorted(ORDERS))}, or metrics., params. or tags.<key>",
                         did_you_mean(word, ORDERS).strip() or f"For a metric:  metrics.{word[:80]}",
                         field="order")  # fmt: skip
    ways = (column.desc().nulls_last(), runs.c.id.desc()) if down else (column.asc().nulls_last(), runs.c.id)
    return query.order_by(*ways)
