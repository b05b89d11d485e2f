"""What has happened to runs since the watcher looked last, as the tables tell.

Runs and alerts carry what of them was seen (``seen``), so nothing depends on anybody's clock, and a look costs what
has changed. A value crossed and a silence are found of the runs that are not over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.naming import calm
from castalia.track.notices.rules import Rule

MAX_TEXT = 1000
"""Letters of an alert that a notice repeats."""
AT_ONCE = 500
"""Changes that one look takes; the next takes more."""
MOST_VALUES = 10_000
"""Values of one statement; SQLite takes 32,766."""
LISTEN = 60.0
"""Minutes that are listened to a run at most before what was there is believed to be its newest point."""
MACHINE = "system/"
"""What metrics of the machine begin with, ours and MLflow's."""
_UNHEARD = schema.alerts.c.seen == sa.text("0")
_RUNNING = sa.text("runs.status = 'running' AND runs.lifecycle = 'active'")
"""As the index ``runs_running`` has it: bound values would not find it."""
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


def unseen(connection: Connection) -> set[int]:
    """The runs (their numbers) of which a status or an alert is new; some, where there are many."""
    runs, alerts = schema.runs.c, schema.alerts.c
    ended = sa.select(runs.id).where(runs.seen != runs.status).order_by(runs.id).limit(AT_ONCE)
    said = sa.select(alerts.run).where(_UNHEARD).order_by(alerts.time, alerts.run, alerts.id).limit(AT_ONCE)
    return {*connection.scalars(ended), *connection.scalars(said)}


def changed(connection: Connection, among: Iterable[int]) -> tuple[list[int], list[Event]]:
    """Those ``among`` runs whose status changed (their numbers) and what is to be said of it; marks them as seen."""
    runs = schema.runs
    wanted = sa.select(runs.c.id, runs.c.run_id, runs.c.name, runs.c.status, runs.c.seen, runs.c.started, runs.c.ended)
    wanted = wanted.add_columns(runs.c.lifecycle).where(runs.c.seen != runs.c.status, runs.c.id.in_(list(among)))
    wanted = wanted.order_by(runs.c.id)
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


def raised(connection: Connection, among: Iterable[int]) -> list[Event]:
    """Alerts of runs ``among`` that are new; marks them as seen."""
    runs, alerts = schema.runs, schema.alerts
    wanted = sa.select(alerts, runs.c.run_id, runs.c.name, runs.c.lifecycle, runs.c.seen.label("known")).join(
        runs, runs.c.id == alerts.c.run
    )
    wanted = wanted.where(_UNHEARD, alerts.c.run.in_(list(among)))
    wanted = wanted.order_by(alerts.c.time, alerts.c.run, alerts.c.id)
    rows = connection.execute(wanted.limit(AT_ONCE)).all()
    for row in rows:
        this = sa.and_(alerts.c.run == row.run, alerts.c.id == row.id)
        connection.execute(alerts.update().where(this).values(seen=1))
    return [
        Event(row.run, row.run_id, row.name, "alert", row.level,
              f"{_calm(row.name)}: {calm(row.text)[:MAX_TEXT]}", row.time, bool(row.known))
        for row in rows
        if row.lifecycle == "active"
    ]  # fmt: skip


@dataclass(frozen=True)
class Open:
    """A run that a value or a silence is looked for in."""

    id: int
    run_id: str
    name: str
    started: int


def running(connection: Connection) -> dict[int, Open]:
    """The runs that are not over, by number."""
    runs = schema.runs.c
    wanted = sa.select(runs.id, runs.run_id, runs.name, runs.started).where(_RUNNING).order_by(runs.id)
    return {row.id: Open(*row) for row in connection.execute(wanted)}


def crossed(connection: Connection, rule: Rule, runs: Mapping[int, Open]) -> list[Event]:
    """Those of the runs whose metric has been beyond the value, ever."""
    latest, keys = schema.latest, schema.metric_keys
    number = connection.scalar(sa.select(keys.c.id).where(keys.c.name == rule.metric)) if runs else None
    if number is None:
        return []
    best = latest.c.high if rule.above else latest.c.low
    beyond = best > rule.value if rule.above else best < rule.value
    wanted = sa.select(latest.c.run, best.label("best"), latest.c.time).where(latest.c.key == number, beyond)
    way = "above" if rule.above else "below"
    found = []
    for some in parts(runs):  # by numbers, which the primary key finds: else every run there ever was is read
        for row in connection.execute(wanted.where(latest.c.run.in_(some))):
            run = runs[row.run]
            text = f"{_calm(run.name)}: {rule.metric} is {way} {rule.value:g}: {row.best:.6g}"
            found.append(Event(run.id, run.run_id, run.name, "metric", LEVELS["metric"], text, row.time,
                               mark=f"{rule.metric} {way} {rule.value!r}"))  # fmt: skip
    return found


class Silence:
    """Which runs say nothing of their own: what is measured of the machine comes though the training hangs."""

    def __init__(self) -> None:
        self._heard: dict[int, Heard] = {}
        self._runs: Mapping[int, Open] = {}

    def listen(self, connection: Connection, runs: Mapping[int, Open], moment: int) -> None:
        """Take down when each of the runs that are not over had its newest point."""
        latest, keys = schema.latest.c, schema.metric_keys.c
        machine = sa.select(keys.id).where(keys.name >= MACHINE, keys.name < MACHINE[:-1] + "0")
        wanted = sa.select(latest.run, sa.func.max(latest.time)).where(latest.key.not_in(machine))
        newest = {run.id: run.started for run in runs.values()}
        for some in parts(runs):
            for number, last in connection.execute(wanted.where(latest.run.in_(some)).group_by(latest.run)):
                newest[number] = last
        before, self._runs = self._heard, runs
        self._heard = {number: _heard(before.get(number), last, runs[number].started, moment)
                       for number, last in newest.items()}  # fmt: skip

    def stalled(self, rule: Rule, moment: int, at_once: bool = False) -> list[Event]:
        """Runs that have had no point for the rule's minutes; ``at_once`` as their points say, however short we have
        listened."""
        found = []
        for number, heard in self._heard.items():
            run, quiet = self._runs[number], moment - heard.at
            enough = 0.0 if at_once else min(rule.minutes, LISTEN) * 60_000
            if quiet >= rule.minutes * 60_000 and moment - heard.since >= enough:
                text = f"{_calm(run.name)} has logged nothing for {_span(quiet / 1000)}"
                about = (run.id, run.run_id, run.name, "stalled", LEVELS["stalled"], text, moment)
                found.append(Event(*about, mark=str(heard.newest)))
        return found


@dataclass(frozen=True)
class Heard:
    """The newest point of a run: its own time; when it came by our clock; since when we listen. All in ms.

    Points carry the time of whoever wrote them, whose clock may be wrong. One that was seen to come came then. Of
    what was there before we listened its own time is all there is: it is believed unless it lies ahead, and only
    once we have listened for a while, since a clock that is behind makes a run that goes on look silent.
    """

    newest: int
    at: int
    since: int


def _heard(before: Heard | None, newest: int, started: int, moment: int) -> Heard:
    if before is None:
        return Heard(newest, min(max(newest, started), moment), moment)
    return before if before.newest == newest else Heard(newest, moment, before.since)


def parts(numbers: Iterable[int]) -> Iterator[list[int]]:
    """The numbers in lists that a statement can hold as values."""
    every = list(numbers)
    for at in range(0, len(every), MOST_VALUES):
        yield every[at : at + MOST_VALUES]


def _calm(name: str) -> str:
    return calm(name)[:200]


def _span(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
