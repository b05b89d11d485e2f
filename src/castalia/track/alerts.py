"""Alerts: what a run wants a person to see, ``loss is NaN`` say. Kept as rows, one a text, and never many."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from typing import Any

import sqlalchemy as sa

from castalia.core.errors import WrongInput
from castalia.track import schema
from castalia.track.database import Part, inserting
from castalia.track.naming import checked_text, now, whole
from castalia.track.runs import run_number

LEVELS = ("info", "warning", "error")
MAX_ALERT = 2000
A_RUN, A_MINUTE = 100, 10


def checked_alert(text: object, level: object) -> tuple[str, str, str]:
    """(id, level, text). The same text at the same level has the same id. WrongInput for an unknown level."""
    said = checked_text("alert", text, MAX_ALERT)
    if level not in LEVELS:
        raise WrongInput("no such level of an alert", repr(level)[:40], ", ".join(LEVELS), field="level")
    return hashlib.sha256(f"{level}:{said}".encode()).hexdigest()[:32], str(level), said


class Muting:
    """What a run may say: a text once, so many in a minute and so many in all."""

    def __init__(self, a_run: int = A_RUN, a_minute: int = A_MINUTE) -> None:
        self.a_run, self.muted = a_run, 0
        """``muted`` counts the alerts that were left out because there were too many, not those said before."""
        self._said: set[str] = set()
        self._times: deque[float] = deque(maxlen=a_minute)

    def admits(self, key: str) -> bool:
        """Whether the alert of this id goes through."""
        if key in self._said:
            return False
        moment = time.monotonic()
        full = len(self._times) == self._times.maxlen and moment - self._times[0] < 60.0
        if full or len(self._said) >= self.a_run:
            self.muted += 1
            return False
        self._said.add(key)
        self._times.append(moment)
        return True


class Alerts(Part):
    """The part of the store that knows alerts."""

    def add_alert(self, run_id: str, text: str, level: str = "warning", when: int | None = None) -> str:
        """Keep an alert and return its id. The same text at the same level is kept once, with its first time."""
        key, level, text = checked_alert(text, level)
        moment = now() if when is None else whole("time", when)
        with self.database.write() as connection:
            row = {"run": run_number(connection, run_id), "id": key, "time": moment, "level": level, "text": text}
            connection.execute(inserting(connection, schema.alerts).values(row).on_conflict_do_nothing())
        return key

    def alerts(self, run_id: str) -> list[dict[str, Any]]:
        """[{"id", "time", "level", "text"}], oldest first."""
        table = schema.alerts
        with self.database.read() as connection:
            mine = table.c.run == run_number(connection, run_id)
            wanted = sa.select(table.c.id, table.c.time, table.c.level, table.c.text).where(mine)
            rows = connection.execute(wanted.order_by(table.c.time, table.c.id))
            # SQLAlchemy's own names of columns are no plain text, which orjson asks for.
            return [dict(zip(("id", "time", "level", "text"), row, strict=True)) for row in rows]
