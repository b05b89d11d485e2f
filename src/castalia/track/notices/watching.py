"""The watcher: finds what happened, asks the rules, and writes the notices. All of it in one transaction, so that a
workbench that is killed at any moment, or a second one on the same database, says nothing twice and leaves nothing out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence, Set
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.core.errors import TooLarge, WrongInput
from castalia.track import schema
from castalia.track.alerts import LEVELS
from castalia.track.database import inserting
from castalia.track.naming import now
from castalia.track.notices import rules
from castalia.track.notices.happening import (
    AT_ONCE,
    Event,
    Open,
    Silence,
    changed,
    crossed,
    parts,
    raised,
    running,
    unseen,
)
from castalia.track.notices.rules import Kept, Rule
from castalia.track.store import Store

KEPT = 10_000
"""Notices that are kept; older ones go."""
HOUR = 3_600_000
SILENCE_EVERY = 10.0
"""Seconds between two looks for silence, which no change of the database announces."""


class Watcher:
    """What the workbench asks every few seconds."""

    def __init__(self, store: Store) -> None:
        self.store, self._silence = store, Silence()
        self._changes: int | None = None
        self._listened = 0.0
        self._lock = threading.Lock()
        self.faults: dict[int, str] = {}
        """{number of a rule: why it says nothing}."""

    def look(self, moment: int | None = None) -> int:
        """How many notices were written. ``moment`` is now, in ms since 1970. Cheap where nothing has changed."""
        with self._lock:
            return self._look(moment)

    def _look(self, moment: int | None) -> int:
        changes = self.store.database.changes()
        listens = time.monotonic() - self._listened >= SILENCE_EVERY or moment is not None
        if changes == self._changes and not listens:
            return 0
        moment = now() if moment is None else moment
        with self.store.database.read() as connection:
            active = [each for each in rules.kept(connection) if each.rule.on]
            among = unseen(connection)
            met = self._met(connection, active, moment, ())
        fits = {each.id: self._fitting(each, among | {event.run for kept, event in met if kept is each})
                for each in active}  # fmt: skip
        self.faults = {number: said for number, said in self.faults.items() if number in fits}
        written = 0
        if among or any(event.run in fits[each.id] for each, event in met):
            written, more = self.store.database.commit(lambda connection: self._write(connection, moment, among, fits))
            changes = changes if not more else -1
        self._changes, self._listened = changes, time.monotonic() if listens else self._listened
        return written

    def _fitting(self, each: Kept, runs: Set[int]) -> Set[int]:
        """Those of the runs that a rule is about. A filter that cannot be asked stops its own rule alone."""
        if not runs or not (each.rule.experiment or each.rule.filter):
            return runs
        try:
            with self.store.database.read() as connection:  # never within a write: a filter may take long
                found = set[int]().union(*(rules.fitting(connection, each.rule, some) for some in parts(runs)))
        except (WrongInput, TooLarge) as error:
            if each.id not in self.faults:
                logging.getLogger("castalia.track").warning("rule %d says nothing: %s", each.id, error)
            self.faults[each.id] = error.subject
            return set()
        self.faults.pop(each.id, None)
        return found

    def _met(
        self, connection: Connection, active: Sequence[Kept], moment: int, over: Sequence[Event] | None
    ) -> list[tuple[Kept, Event]]:
        """Values crossed, by the runs that are ``over`` too, and silences, each with the rule that has not said it.
        None is for a new rule, of which everything is taken down that is so already."""
        asked = {kind for each in active for kind in each.rule.when}
        if not asked & {"metric", "stalled"}:
            return []
        runs = running(connection)
        if "stalled" in asked:
            self._silence.listen(connection, runs, moment)
        met: list[tuple[Kept, Event]] = []
        for each in active:
            if "metric" in each.rule.when:
                ended = {event.run: Open(event.run, event.run_id, event.name, event.time)
                         for event in over or () if _is_news(event, each)}  # fmt: skip
                met += [(each, event) for event in crossed(connection, each.rule, {**runs, **ended})]
            if "stalled" in each.rule.when:
                met += [(each, event) for event in self._silence.stalled(each.rule, moment, over is None)]
        said = _said(connection, met)
        return [(each, event) for each, event in met if said.get((each.id, event.run, event.kind)) != event.mark]

    def _write(
        self, connection: Connection, moment: int, among: Set[int], fits: Mapping[int, Set[int]]
    ) -> tuple[int, bool]:
        """What has happened to the runs ``among``; further ones are left to the next look."""
        active = [each for each in rules.kept(connection) if each.rule.on and each.id in fits]
        alerts = raised(connection, among)  # first: of a run that comes with its alerts, both are as new
        numbers, events = changed(connection, among)
        told = [(each, event) for event in (*alerts, *events) for each in active
                if event.kind in each.rule.when and _is_news(event, each) and event.run in fits[each.id]]  # fmt: skip
        states = [(each, event) for each, event in self._met(connection, active, moment, events)
                  if event.run in fits[each.id]]  # fmt: skip
        _mark(connection, states)
        shown: set[tuple[int, str, str]] = set()
        written = sum(_say(connection, each, event, moment, shown) for each, event in (*told, *states))
        if written:
            kept = sa.select(schema.notices.c.id).order_by(schema.notices.c.id.desc()).offset(KEPT).limit(1)
            connection.execute(sa.delete(schema.notices).where(schema.notices.c.id <= kept.scalar_subquery()))
        return written, len(numbers) == AT_ONCE or len(alerts) == AT_ONCE

    def keep(self, rule: Rule, number: int | None = None, signed: bool = False) -> Kept:
        """Keep a rule, new or in the place of ``number``; what is so already it does not say. ``signed``: its
        messages are, so they are not sent without its secret."""

        trial, fits = Kept(0, rules.checked(rule), now()), set[int]()

        def work(connection: Connection) -> Kept:
            kept = rules.put(connection, rule, number, signed)
            met = self._met(connection, [kept], kept.updated, None)
            _mark(connection, [(each, event) for each, event in met if event.run in fits])
            return kept

        with self._lock:
            with self.store.database.read() as connection:
                met = self._met(connection, [trial], trial.updated, None)
                for some in parts({event.run for _, event in met}):
                    fits |= rules.fitting(connection, rule, some)
            return self.store.database.commit(work)


def _said(connection: Connection, met: Sequence[tuple[Kept, Event]]) -> dict[tuple[int, int, str], str]:
    """{(rule, run, kind): mark}: what rules have said already of what they have met."""
    marks = schema.rule_marks.c
    wanted = sa.select(marks.rule, marks.run, marks.kind, marks.mark)
    wanted = wanted.where(marks.rule.in_({each.id for each, _ in met}))
    rows = (connection.execute(wanted.where(marks.run.in_(some))) for some in parts({event.run for _, event in met}))
    return {(row.rule, row.run, row.kind): row.mark for some in rows for row in some}


def _mark(connection: Connection, told: Sequence[tuple[Kept, Event]]) -> None:
    """Rules have said this from now on."""
    if told:
        rows = [{"rule": each.id, "run": event.run, "kind": event.kind, "mark": event.mark} for each, event in told]
        insert = inserting(connection, schema.rule_marks)
        connection.execute(insert.on_conflict_do_update(set_={"mark": insert.excluded.mark}), rows)


def _is_news(event: Event, each: Kept) -> bool:
    """A run that is first seen when it is over, and ended long before the rule was made, came from an archive."""
    return event.came or event.time >= each.updated - HOUR


def _say(connection: Connection, each: Kept, event: Event, moment: int, shown: set[tuple[int, str, str]]) -> int:
    """Write a notice unless the rule has to be quiet; 1 or 0. What several rules tell the page shows once."""
    table, rule = schema.notices, each.rule
    said = (event.run, event.kind, event.text)
    page = rule.page and said not in shown
    if not page and not rule.webhook:
        return 0
    mine = sa.and_(table.c.rule == each.id, table.c.kind.not_in(("quiet", "test")))
    as_grave = LEVELS[LEVELS.index(event.level) if event.level in LEVELS else 0 :]
    alike = sa.and_(mine, table.c.run_id == event.run_id, table.c.kind == event.kind, table.c.level.in_(as_grave))
    again = sa.exists().where(alike, table.c.time > moment - int(rule.pause * 1000))
    if rule.pause and connection.scalar(sa.select(again)):
        return 0
    row: dict[str, Any] = {"time": moment, "kind": event.kind, "level": event.level, "run_id": event.run_id,
                           "rule": each.id, "text": event.text, "shown": int(page),
                           "hook": "waiting" if rule.webhook else "", "hook_due": moment}  # fmt: skip
    hour = table.c.time > moment - HOUR
    if (connection.scalar(sa.select(sa.func.count()).where(mine, hour)) or 0) >= rule.hourly:
        quiet = sa.exists().where(table.c.rule == each.id, table.c.kind == "quiet", hour)
        if connection.scalar(sa.select(quiet)):
            return 0
        text = f"The rule {rule.name!r} had more than {rule.hourly} to say within an hour and is quiet for a while"
        row |= {"kind": "quiet", "level": "info", "run_id": "", "text": text, "shown": 1, "hook": ""}
    else:
        shown.add(said)
    connection.execute(sa.insert(table).values(row))
    return 1


def try_out(store: Store, each: Kept) -> dict[str, Any]:
    """Write the notice by which a person sees that a rule reaches the page, in the place of an earlier one; its row."""
    table = schema.notices
    text = f"This is how the rule {each.rule.name!r} tells you"
    row: dict[str, Any] = {"time": now(), "kind": "test", "level": "info", "run_id": "", "rule": each.id, "text": text}
    with store.database.write() as connection:
        insert = sa.insert(table).values({**row, "shown": int(each.rule.page)}).returning(table.c.id)
        row["id"] = int(connection.execute(insert).scalar_one())  # first, so that its number is a new one
        earlier = sa.and_(table.c.rule == each.id, table.c.kind == "test", table.c.id < row["id"])
        connection.execute(sa.delete(table).where(earlier))
    return row


def listed(store: Store, since: int | None = None, limit: int = 100, oldest: bool = False) -> list[dict[str, Any]]:
    """At most ``limit`` notices, of those after the id ``since``: the newest, newest first, or the ``oldest`` first."""
    table, names = schema.notices, schema.rules
    wanted = sa.select(table.c.id, table.c.time, table.c.kind, table.c.level, table.c.run_id, table.c.rule,
                       table.c.text, table.c.hook, table.c.hook_said, names.c.name.label("rule_name"))  # fmt: skip
    wanted = wanted.outerjoin(names, names.c.id == table.c.rule).where(table.c.shown == 1)
    if since is not None:
        wanted = wanted.where(table.c.id > since)
    with store.database.read() as connection:
        rows = connection.execute(wanted.order_by(table.c.id if oldest else table.c.id.desc()).limit(limit))
        return [dict(row._mapping) for row in rows]
