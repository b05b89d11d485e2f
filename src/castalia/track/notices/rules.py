"""Rules: of which runs what is to be told, where, and how often at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.engine import Connection

from castalia.core.errors import NotFound, TooLarge, WrongInput
from castalia.core.record import Record
from castalia.track import schema
from castalia.track.naming import MAX_KEY, MAX_NAME, checked_text, now
from castalia.track.protocol import places, vocabulary
from castalia.track.protocol.grammar import MAX_LENGTH
from castalia.track.protocol.patience import patience
from castalia.track.store import Store

MOST = 100
SECONDS = 2.0
"""How long a rule's filter may take."""
GONE = "its rule is gone"
"""Why a notice was not sent."""
Kind = Literal["finished", "failed", "cancelled", "stalled", "alert", "metric"]


class Rule(Record):
    """When to say something of a run, and where."""

    name: str = Field(min_length=1, max_length=100, description="What the rule is called.")
    when: list[Kind] = Field(min_length=1, max_length=6, description="What is told.")
    experiment: str = Field("", max_length=MAX_NAME, description="Only of runs of this experiment.")
    filter: str = Field("", max_length=MAX_LENGTH, description="Only of runs that fit: params.rate > 0.01")
    minutes: float = Field(10, ge=0.05, le=10_080, description="Stalled: no point for so long while it runs.")
    metric: str = Field("", max_length=MAX_KEY, description="The metric that is watched.")
    above: bool = Field(True, description="Told once it is above the value; else once it is below.")
    value: float = Field(0.0, description="The value.")
    page: bool = Field(True, description="Shown on the page.")
    webhook: str = Field("", max_length=2000, description="An address that is told too.")
    pause: float = Field(60, ge=0, le=86_400, description="Seconds in which the same run is told of once.")
    hourly: int = Field(20, ge=1, le=1000, description="Notices an hour at most.")
    on: bool = Field(True, description="Off: it waits.")


@dataclass(frozen=True)
class Kept:
    """A rule with its number; ``updated`` in ms since 1970."""

    id: int
    rule: Rule
    updated: int
    signed: bool = False
    """Whether a secret was given, wherever it lies."""

    def as_row(self, secret: bool | None, whole: bool) -> dict[str, Any]:
        """As it is shown; ``whole`` with the whole address of the webhook, which may hold a key."""
        row = self.rule.plain()
        if not whole:
            row["webhook"] = masked(self.rule.webhook)
        return {"id": self.id, **row, "secret": secret, "updated": self.updated}


def masked(webhook: str) -> str:
    """Scheme and host of an address: ``https://hooks.example/…``."""
    from castalia.track.notices.address import Address

    if not webhook:
        return ""
    try:
        found = Address.read(webhook)
    except WrongInput:  # kept by a release that took it
        return "…"
    return f"{found.scheme}://{found.authority}/…"


def checked(rule: Rule) -> Rule:
    """The rule, if it can be followed. WrongInput says what cannot."""
    from castalia.track.notices.address import Address

    checked_text("name", rule.name, 100)
    checked_text("experiment", rule.experiment, MAX_NAME, empty=True)
    vocabulary.read(rule.filter, places.NATIVE.vocabulary)
    if "metric" in rule.when:
        checked_text("metric", rule.metric, MAX_KEY)
    if rule.webhook:
        Address.read(rule.webhook)
    if not rule.page and not rule.webhook:
        raise WrongInput("the rule tells nobody", "neither the page nor a webhook", "one of them", field="page")
    return rule


def kept(connection: Connection) -> list[Kept]:
    """All rules, the oldest first. One that this release does not understand is passed over."""
    table = schema.rules
    rows = connection.execute(sa.select(table).order_by(table.c.id))
    found = []
    for row in rows:
        try:
            found.append(Kept(row.id, Rule.model_validate_json(row.rule), row.updated, bool(row.signed)))
        except ValueError:
            continue
    return found


def listed(store: Store) -> list[Kept]:
    """All rules of a store."""
    with store.database.read() as connection:
        return kept(connection)


def one(store: Store, number: int) -> Kept:
    """The rule of this number. NotFound where there is none."""
    for each in listed(store):
        if each.id == number:
            return each
    raise _absent(number)


def put(connection: Connection, rule: Rule, number: int | None = None, signed: bool = False) -> Kept:
    """Keep a new rule, or another in the place of ``number``. NotFound, or TooLarge beyond 100."""
    table, moment = schema.rules, now()
    row = {"name": rule.name, "rule": checked(rule).model_dump_json(), "updated": moment, "signed": int(signed)}
    if number is None:
        if (connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0) >= MOST:
            raise TooLarge("too many rules", f"{MOST}", f"at most {MOST}", "Delete some.")
        number = int(connection.execute(sa.insert(table).values(row).returning(table.c.id)).scalar_one())
    elif not connection.execute(sa.update(table).where(table.c.id == number).values(row)).rowcount:
        raise _absent(number)
    connection.execute(sa.delete(schema.rule_marks).where(schema.rule_marks.c.rule == number))
    return Kept(number, rule, moment, signed)


def drop(store: Store, number: int) -> None:
    """Delete a rule; what it said stays, what its webhook was not told yet is told to nobody. NotFound without one."""
    waiting = sa.and_(schema.notices.c.rule == number, schema.notices.c.hook.in_(("waiting", "sending")))
    with store.database.write() as connection:
        connection.execute(sa.update(schema.notices).where(waiting).values(hook="failed", hook_said=GONE))
        connection.execute(sa.delete(schema.rule_marks).where(schema.rule_marks.c.rule == number))
        if not connection.execute(sa.delete(schema.rules).where(schema.rules.c.id == number)).rowcount:
            raise _absent(number)


def fitting(connection: Connection, rule: Rule, runs: Iterable[int]) -> set[int]:
    """Those of ``runs`` (their numbers) that the rule is about. TooLarge where its filter takes over two seconds."""
    numbers = list(runs)
    if not numbers or not (rule.experiment or rule.filter):
        return set(numbers)
    tree = vocabulary.read(rule.filter, places.NATIVE.vocabulary)
    wanted = [schema.runs.c.id.in_(numbers), places.NATIVE.where(tree, sqlite=connection.dialect.name == "sqlite")]
    if rule.experiment:
        wanted.append(schema.experiments.c.name == rule.experiment)
    joined = schema.runs.join(schema.experiments)
    with patience(connection, SECONDS):
        return set(connection.scalars(sa.select(schema.runs.c.id).select_from(joined).where(*wanted)))


def _absent(number: int) -> NotFound:
    return NotFound(f"no rule {number}", cure="GET /notices/rules")
