"""What has happened to runs since the watcher looked last, as the tables tell.

Runs and alerts carry what of them was seen (``seen``), so nothing depends on anybody's clock, and a look costs what
has changed. A value crossed and a silence are found of the runs that are not over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.notices.rules import Rule

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x1f]")
AT_ONCE = 500
"""Changes that one look takes; the next takes more."""
KINDS = {"done": "finished", "failed": "failed", "cancelled": "cancelled"}
LEVELS = {"finished": "info", "failed": "error", "cancelled": "info", "stalled": "warning", "metric": "info"}


@dataclass(frozen=True)
class Event:
    """One thing that happened to a run. ``time`` is its own, in ms; ``came``: the run was seen before it."""

    run: int
    run_id: str
    name: str
    kind: str
    level: str
    text: str
    time: int
    came: bool = True
    mark: str = ""
    """What of it a rule keeps, so that it is said once."""


def unseen(connection: Connection) -> bool:
    """Whether a status or an alert is new."""
    runs, alerts = schema.runs.c, schema.alerts.c
    some = sa.select(sa.exists().where(runs.seen != runs.status) | sa.exists().where(alerts.seen == sa.text("0")))
    return bool(connection.scalar(some))


def changed(connection: Connection) -> tuple[list[int], list[Event]]:
    """Runs whose status changed (their numbers) and what is to be said of it; marks them as seen."""
    runs = schema.runs
    wanted = sa.select(runs.c.id, runs.c.run_id, runs.c.name, runs.c.status, runs.c.seen, runs.c.started, runs.c.ended)
    wanted = wanted.add_columns(runs.c.lifecycle).where(runs.c.seen != runs.c.status).order_by(runs.c.id)
    rows = connection.execute(wanted.limit(AT_ONCE)).all()
    found = []
    for row in rows:
        kind = KINDS.get(row.status)
        if kind and row.lifecycle == "active":
            ended = row.ended or 0
            took = f" after {_span((ended - row.started) / 1000)}" if ended - row.started >= 1000 else ""
            text = f"{_calm(row.name)} {'was cancelled' if kind == 'cancelled' else kind}{took}"
            found.append(Event(row.id, row.run_id, row.name, kind, LEVELS[kind], text, ended, bool(row.seen)))
    numbers = [int(row.id) for row in rows]
    connection.execute(runs.update().where(runs.c.id.in_(numbers)).values(seen=runs.c.status))
    return numbers, found


def raised(connection: Connection) -> list[Event]:
    """Alerts that are new; marks them as seen."""
    runs, alerts = schema.runs, schema.alerts
    wanted = sa.select(alerts, runs.c.run_id, runs.c.name, runs.c.lifecycle, runs.c.seen.label("known")).join(
        runs, runs.c.id == alerts.c.run
    )
    wanted = wanted.where(alerts.c.seen == sa.text("0")).order_by(alerts.c.time, alerts.c.run, alerts.c.id)
    rows = connection.execute(wanted.limit(AT_ONCE)).all()
    for row in rows:
        this = sa.and_(alerts.c.run == row.run, alerts.c.id == row.id)
        connection.execute(alerts.update().where(this).values(seen=1))
    return [
        Event(row.run, row.run_id, row.name, "alert", row.level, f"{_calm(row.name)}: {row.text}", row.time,
              bool(row.known))
        for row in rows
        if row.lifecycle == "active"
    ]  # fmt: skip


def crossed(connection: Connection, rule: Rule, also: Iterable[int] = ()) -> list[Event]:
    """Of the runs that are not over, and those ``also``: whose metric has been beyond the value, ever."""
    runs, latest, keys = schema.runs, schema.latest, schema.metric_keys
    number = connection.scalar(sa.select(keys.c.id).where(keys.c.name == rule.metric))
    if number is None:
        return []
    best = latest.c.high if rule.above else latest.c.low
    beyond = best > rule.value if rule.above else best < rule.value
    open_runs = sa.or_(runs.c.status == "running", runs.c.id.in_(list(also)))
    wanted = sa.select(runs.c.id, runs.c.run_id, runs.c.name, best.label("best"), latest.c.time)
    wanted = wanted.join(latest, sa.and_(latest.c.run == runs.c.id, latest.c.key == number))
    way = "above" if rule.above else "below"
    return [
        Event(row.id, row.run_id, row.name, "metric", LEVELS["metric"],
              f"{_calm(row.name)}: {rule.metric} is {way} {rule.value:g}: {row.best:.6g}", row.time,
              mark=f"{rule.metric} {way} {rule.value!r}")
        for row in connection.execute(wanted.where(runs.c.lifecycle == "active", open_runs, beyond))
    ]  # fmt: skip


class Silence:
    """Which runs say nothing. Points carry the time of whoever wrote them, whose clock may be slow: a point that was
    seen to come counts from when it came."""

    def __init__(self) -> None:
        self._newest: dict[int, tuple[int, float]] = {}

    def stalled(self, connection: Connection, rule: Rule, moment: int) -> list[Event]:
        """Runs that are running and have had no point for the rule's minutes."""
        runs, latest = schema.runs, schema.latest
        last = sa.func.max(latest.c.time)
        wanted = sa.select(runs.c.id, runs.c.run_id, runs.c.name, runs.c.started, last.label("last"))
        wanted = wanted.outerjoin(latest, latest.c.run == runs.c.id)
        wanted = wanted.where(runs.c.status == "running", runs.c.lifecycle == "active")
        rows = connection.execute(wanted.group_by(runs.c.id, runs.c.run_id, runs.c.name, runs.c.started)).all()
        here = {row.id: row.last or row.started for row in rows}
        self._newest = {run: self._newest.get(run, (newest, 0.0)) for run, newest in here.items()}
        found = []
        for row in rows:
            newest = here[row.id]
            known, came = self._newest[row.id]
            if newest != known:
                came = float(moment)
                self._newest[row.id] = newest, came
            quiet = moment - max(newest, row.started, came)
            if quiet >= rule.minutes * 60_000:
                text = f"{_calm(row.name)} has logged nothing for {_span(quiet / 1000)}"
                about = (row.id, row.run_id, row.name, "stalled", LEVELS["stalled"], text, moment)
                found.append(Event(*about, mark=str(newest)))
        return found


def _calm(name: str) -> str:
    """A name within a sentence: without the marks that would turn what follows around, on one line."""
    return _TURNING.sub("", " ".join(name.split()))[:200]


def _span(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
