"""Runs: made, described, finished, listed.

A run belongs to an experiment (a name), may have a parent (a trial of a search) and a system. Its
params are said once; its tags may change. What it does not know: whether its process still lives;
``mark_dead`` is told by whoever does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import Conflict, NotFound
from castalia.track import schema
from castalia.track.database import Part, inserting
from castalia.track.naming import (
    MAX_NAME,
    MAX_PARAM,
    MAX_TAG,
    as_text,
    checked_key,
    checked_run_id,
    checked_status,
    checked_text,
    new_run_id,
    now,
)


def run_number(connection: Connection, run_id: str) -> int:
    """The small number of a run. NotFound where there is none."""
    found = connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.run_id == str(run_id)))
    if found is None:
        raise NotFound(f"no run {str(run_id)[:64]!r}", cure="castalia runs")
    return int(found)


class Runs(Part):
    """The part of the store that knows runs."""

    def create_run(
        self,
        experiment: str,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
        system: str | None = None,
        parent: str | None = None,
        run_id: str | None = None,
        status: str = "running",
        owner: str = "",
    ) -> str:
        """Begin a run and return its id. WrongInput, or Conflict where ``run_id`` is taken."""
        checked_text("experiment", experiment, MAX_NAME)
        run_id = new_run_id() if run_id is None else checked_run_id(run_id)
        name = checked_text("name", name or f"{experiment[:40]}-{run_id[-6:]}", MAX_NAME)
        checked_status(status)
        texts, marks = _checked_pairs("param", params, MAX_PARAM), _checked_pairs("tag", tags, MAX_TAG)
        with self.database.write() as connection:
            row = {"run_id": run_id, "experiment": experiment_number(connection, experiment), "name": name,
                   "status": status, "system": system, "owner": owner, "started": now(),
                   "parent": None if parent is None else run_number(connection, parent)}  # fmt: skip
            insert = inserting(connection, schema.runs).values(row).on_conflict_do_nothing()
            number = connection.scalar(insert.returning(schema.runs.c.id))
            if number is None:
                raise Conflict(f"there is a run {run_id} already", cure="Leave run_id out, or resume that run.")
            say_params(connection, number, texts)
            put_tags(connection, number, marks)
        return run_id

    def child_run(self, parent: str, name: str) -> str:
        """The run ``name`` inside ``parent``, begun or, after a restart, taken up again."""
        runs = schema.runs
        with self.database.read() as connection:
            number = run_number(connection, parent)
            found = connection.scalar(
                sa.select(runs.c.run_id).where(runs.c.parent == number, runs.c.name == name).order_by(runs.c.id)
            )
            about = connection.execute(
                sa.select(schema.experiments.c.name, runs.c.system)
                .join(schema.experiments, runs.c.experiment == schema.experiments.c.id)
                .where(runs.c.id == number)
            ).one()
        if found is None:
            return self.create_run(about[0], name=name, system=about[1], parent=parent)
        self.finish(found, "running")
        return str(found)

    def set_params(self, run_id: str, params: Mapping[str, object]) -> None:
        """Add params. Conflict where one was already said otherwise; the same again is fine."""
        texts = _checked_pairs("param", params, MAX_PARAM)
        with self.database.write() as connection:
            say_params(connection, run_number(connection, run_id), texts)

    def set_tags(self, run_id: str, tags: Mapping[str, object]) -> None:
        """Add tags or change them."""
        marks = _checked_pairs("tag", tags, MAX_TAG)
        with self.database.write() as connection:
            put_tags(connection, run_number(connection, run_id), marks)

    def finish(self, run_id: str, status: str = "done") -> None:
        """Set the status: running, done, failed, cancelled or queued; the three that end a run stamp its end."""
        checked_status(status)
        ended = None if status in ("running", "queued") else _not_before_start(now())
        with self.database.write() as connection:
            number = run_number(connection, run_id)
            change = schema.runs.update().where(schema.runs.c.id == number)
            connection.execute(change.values(status=status, ended=ended))

    def delete_runs(self, run_ids: Iterable[str], children: bool = False) -> list[str]:
        """Put runs into the trash, where they are kept and can be restored; return those that were not there yet.

        With ``children`` all runs below them go along; else these stay where they are.
        """

        def work(connection: Connection) -> list[str]:
            families = _families(connection, wanted, children)
            # A moment of its own tells what went along from what below or above it was deleted before.
            near = [*families, *(runs.c.id.in_(_above(run_number(connection, each))) for each in wanted)]
            before = [connection.scalar(sa.select(sa.func.max(runs.c.deleted)).where(each)) or 0 for each in near]
            moment = max(now(), *(each + 1 for each in before), 0)
            which = [sa.and_(each, runs.c.lifecycle != "deleted") for each in families]
            gone = _changed(connection, which, {"lifecycle": "deleted", "deleted": moment})
            if children and gone:  # one that was there already comes back together with what follows it now
                _changed(connection, _gone_along(connection, wanted, True), {"deleted": moment})
            return gone

        runs, wanted = schema.runs, sorted(set(run_ids))
        return self.database.commit(work)

    def restore_runs(self, run_ids: Iterable[str], children: bool = False) -> list[str]:
        """Take runs out of the trash; return those that were in it. NotFound where there is no such run.

        With ``children`` those below them that went there along with them come back too.
        """

        def work(connection: Connection) -> list[str]:
            return _changed(connection, _gone_along(connection, run_ids, children),
                            {"lifecycle": "active", "deleted": None})  # fmt: skip

        return self.database.commit(work)

    def gone_along(self, run_ids: Iterable[str]) -> list[str]:
        """Those of the runs that lie in the trash, and what below them went there along with them."""
        with self.database.read() as connection:
            query = sa.select(schema.runs.c.run_id).order_by(schema.runs.c.id)
            found = [connection.scalars(query.where(each)) for each in _gone_along(connection, run_ids, True)]
            return list(dict.fromkeys(str(run_id) for each in found for run_id in each))

    def state(self, run_id: str) -> dict[str, Any]:
        """{"status", "ended"} of a run, and nothing else: what a follower asks often."""
        with self.database.read() as connection:
            run = schema.runs.c
            row = connection.execute(sa.select(run.status, run.ended).where(run.run_id == str(run_id))).first()
        if row is None:
            raise NotFound(f"no run {str(run_id)[:64]!r}", cure="castalia runs")
        return {"status": row.status, "ended": row.ended}

    def mark_dead(self, run_ids: Iterable[str], reason: str = "its process ended without a word") -> list[str]:
        """Mark those of ``run_ids`` that still claim to be running or queued as failed; return their ids.

        Their unfinished children and reserved versions end with them. Unknown ids are passed over.
        """
        runs, dead = schema.runs, []
        with self.database.write() as connection:
            wanted = [_run for run_id in run_ids for _run in _open_family(connection, run_id)]
            for number, run_id in dict(wanted).items():
                times = sa.select(sa.func.max(schema.latest.c.time)).where(schema.latest.c.run == number)
                last = connection.scalar(times)
                end = runs.update().where(runs.c.id == number)
                ended = _not_before_start(now() if last is None else min(now(), last))
                connection.execute(end.values(status="failed", ended=ended))
                put_tags(connection, number, {"castalia.error": reason})
                held = sa.and_(schema.versions.c.run == number, schema.versions.c.status == "reserved")
                connection.execute(schema.versions.update().where(held).values(status="failed"))
                dead.append(run_id)
        return dead


def _not_before_start(moment: int) -> sa.ColumnElement[int]:
    """A clock may go back; a run does not end before it began."""
    started = schema.runs.c.started
    return sa.case((started > moment, started), else_=moment)


def _checked_pairs(what: str, pairs: Mapping[str, object] | None, limit: int) -> dict[str, str]:
    return {
        checked_key(what, key): checked_text(f"{what} {str(key)[:60]}", as_text(value), limit, empty=True)
        for key, value in (pairs or {}).items()
    }


def experiment_number(connection: Connection, name: str) -> int:
    """The number of an experiment, made where there is none of this name."""
    table = schema.experiments
    find = sa.select(table.c.id).where(table.c.name == name)
    found = connection.scalar(find)
    if found is None:
        row = {"name": name, "created": now(), "updated": now()}
        connection.execute(inserting(connection, table).values(row).on_conflict_do_nothing())
        found = connection.scalar(find)
    assert found is not None
    return int(found)


def say_params(connection: Connection, run: int, texts: Mapping[str, str]) -> None:
    if not texts:
        return
    table = schema.params
    rows = [{"run": run, "key": key, "value": value} for key, value in texts.items()]
    connection.execute(inserting(connection, table).on_conflict_do_nothing(), rows)
    before = connection.execute(sa.select(table.c.key, table.c.value).where(table.c.run == run))
    said = {row[0]: row[1] for row in before}
    for key, value in texts.items():
        if said[key] != value:
            subject = f"param {key!r} was said before, otherwise"
            raise Conflict(subject, value[:80], said[key][:80], "Begin another run.", field=key)


NAME_TAG, PARENT_TAG = "mlflow.runName", "mlflow.parentRunId"
"""Tags that say what a column of the run says too."""


def put_tags(connection: Connection, run: int, marks: Mapping[str, str]) -> None:
    """Add tags or change them; those by which MLflow's clients name a run and its parent change these too."""
    if not marks:
        return
    if not marks.get(NAME_TAG, "x"):  # a name is never taken away
        marks = {key: value for key, value in marks.items() if key != NAME_TAG}
    if marks.get(NAME_TAG):
        runs = schema.runs
        connection.execute(runs.update().where(runs.c.id == run).values(name=marks[NAME_TAG][:MAX_NAME]))
    if marks.get(PARENT_TAG):
        adopt(connection, run, marks[PARENT_TAG])
    if not marks:
        return
    statement = inserting(connection, schema.tags)
    statement = statement.on_conflict_do_update(set_={"value": statement.excluded.value})
    connection.execute(statement, [{"run": run, "key": key, "value": value} for key, value in marks.items()])


def adopt(connection: Connection, run: int, parent: str) -> None:
    """Put ``run`` below a parent that we know; a run is never above itself."""
    runs = schema.runs
    number = connection.scalar(sa.select(runs.c.id).where(runs.c.run_id == parent))
    if number is None:
        return
    if run not in connection.scalars(_above(number)).all():
        connection.execute(runs.update().where(runs.c.id == run).values(parent=number))


def _above(number: int) -> sa.Select[Any]:
    """The numbers of a run and of all above it."""
    runs = schema.runs
    above = sa.select(runs.c.id, runs.c.parent).where(runs.c.id == number).cte("above", recursive=True)
    above = above.union(sa.select(runs.c.id, runs.c.parent).where(runs.c.id == above.c.parent))
    return sa.select(above.c.id)


def _family(number: int) -> sa.Select[Any]:
    """The numbers of a run and of all below it."""
    runs = schema.runs
    family = sa.select(runs.c.id).where(runs.c.id == number).cte("family", recursive=True)
    family = family.union(sa.select(runs.c.id).where(runs.c.parent == family.c.id))
    return sa.select(family.c.id)


def _families(connection: Connection, run_ids: Iterable[str], children: bool) -> list[sa.ColumnElement[bool]]:
    """What says of a run that it is one of these, or below it."""
    column = schema.runs.c.id
    numbers = [run_number(connection, run_id) for run_id in sorted(set(run_ids))]
    return [column.in_(_family(number)) if children else column == number for number in numbers]


def _gone_along(connection: Connection, run_ids: Iterable[str], children: bool) -> list[sa.ColumnElement[bool]]:
    """What says of a run of the trash that it is one of these, or went there along with it."""
    runs, found = schema.runs.c, []
    for run_id in sorted(set(run_ids)):
        number = run_number(connection, run_id)
        stage, moment = connection.execute(sa.select(runs.lifecycle, runs.deleted).where(runs.id == number)).one()
        mine = runs.id == number
        if children and stage == "deleted" and moment is not None:
            mine = sa.or_(mine, sa.and_(runs.id.in_(_family(number)), runs.deleted == moment))
        found.append(sa.and_(mine, runs.lifecycle == "deleted"))
    return found


def _changed(
    connection: Connection, which: Iterable[sa.ColumnElement[bool]], values: Mapping[str, object]
) -> list[str]:
    """The ids of the runs that were changed."""
    runs = schema.runs
    changes = (runs.update().where(each).values(values).returning(runs.c.id, runs.c.run_id) for each in which)
    return [row.run_id for each in changes for row in sorted(connection.execute(each).all())]


def _open_family(connection: Connection, run_id: str) -> list[tuple[int, str]]:
    """The run and all below it, as far as they are not finished."""
    runs = schema.runs
    number = connection.scalar(sa.select(runs.c.id).where(runs.c.run_id == str(run_id)))
    if number is None:
        return []
    opened = sa.and_(runs.c.id.in_(_family(number)), runs.c.status.in_(("running", "queued")))
    rows = connection.execute(sa.select(runs.c.id, runs.c.run_id).where(opened))
    return [(int(row[0]), str(row[1])) for row in rows]
