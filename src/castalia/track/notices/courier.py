"""Takes notices to their webhooks: each up to three times, after a crash of the workbench too.

A notice waits in its own row, so what was found is sent once the workbench is back. One that was being sent when it
was killed is sent again, under the same number (``X-Castalia-Delivery``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from castalia.core.errors import CastaliaError, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.track import schema
from castalia.track.naming import now
from castalia.track.notices import rules, secrets
from castalia.track.notices.address import Address, Resolve, reachable, resolved
from castalia.track.notices.post import SECONDS, message, send
from castalia.track.notices.rules import Kept
from castalia.track.store import Store

TRIES = (5_000, 30_000)
"""ms before the second and the third try."""
ABANDONED = 60_000
"""ms after which a sender that said nothing more is taken for dead."""
A_ROUND = 20
_TO_SEND = sa.text("notices.hook IN ('waiting', 'sending')")
"""As the index ``notices_to_send`` has it: bound values would not find it."""


class Courier:
    """What the workbench asks every second."""

    def __init__(self, store: Store, settings: Settings, resolve: Resolve = resolved) -> None:
        self.store, self.settings, self._resolve = store, settings, resolve
        self._rests: dict[str, int] = {}

    def round(self, moment: Callable[[], int] = now) -> int:
        """Send what is due; how many were sent."""
        sent = 0
        for _ in range(A_ROUND):
            if self._is_over():
                break
            row = self._take(moment())
            if row is None:
                break
            done, said = self._deliver(row, moment())
            sent += done
            if self._is_over():  # the workbench ended meanwhile; the next one sends it again
                break
            self._note(row, done, said, moment())
        return sent

    def _is_over(self) -> bool:
        return self.store.closed

    def _take(self, moment: int) -> dict[str, Any] | None:
        """The notice that is due longest, ours from now on."""
        table = schema.notices
        wanted = sa.select(table).where(_TO_SEND, table.c.hook_due <= moment)
        wanted = wanted.order_by(table.c.hook_due, table.c.id).limit(1)
        with self.store.database.read() as connection:
            if connection.execute(wanted).first() is None:
                return None
            every, known = rules.kept(connection), self._secrets()
            self._rests = {host: until for host, until in self._rests.items() if until > moment}
            resting = [each.id for each in every if _host(each) in self._rests]
            # Another workbench on the same database may have the secret; nobody waits for it for ever.
            unknown = [each.id for each in every if each.signed and each.id not in known]
            later = sa.and_(table.c.rule.in_(unknown), table.c.hook_due > moment - ABANDONED)
            wanted = wanted.where(table.c.rule.not_in(resting), sa.not_(later))
            if connection.execute(wanted).first() is None:
                return None
        with self.store.database.write() as connection:
            row = connection.execute(wanted).first()
            if row is None:
                return None
            taken = {"hook": "sending", "hook_due": moment + ABANDONED, "hook_tries": row.hook_tries + 1}
            connection.execute(sa.update(table).where(table.c.id == row.id).values(taken))
        return {**row._mapping, "hook_tries": row.hook_tries + 1}

    def _deliver(self, row: dict[str, Any], moment: int) -> tuple[bool, str]:
        rule = next((each for each in rules.listed(self.store) if each.id == row["rule"]), None)
        if rule is None or not rule.rule.webhook:
            return False, rules.GONE
        done, said = self.send(rule, row)
        if not done:  # what else waits for this host would take as long and fail alike
            self._rests[_host(rule)] = moment + TRIES[0]
        return done, said

    def send(self, each: Kept, row: dict[str, Any]) -> tuple[bool, str]:
        """(whether the webhook of a rule took a notice, the status or the reason). Never raises for what it meets."""
        try:
            address = Address.read(each.rule.webhook)
            secret = self._secrets().get(each.id, "")
            if each.signed and not secret:
                return False, "its secret is not in the home of this workbench"
            ips = reachable(address, self.settings.webhooks, self.settings.offline, self._resolve)
        except CastaliaError as error:
            return False, error.subject
        return send(address, ips, message(row), int(row["id"]), secret, SECONDS)

    def _secrets(self) -> dict[int, str]:
        try:
            return secrets.known(self.store.home)
        except Unavailable:  # what is signed is then not sent, and says why
            return {}

    def _note(self, row: dict[str, Any], done: bool, said: str, moment: int) -> None:
        tried = row["hook_tries"]
        over = done or tried > len(TRIES) or said == rules.GONE
        changed: dict[str, Any] = {"hook": "sent" if done else "failed", "hook_said": said}
        if not over:
            changed = {"hook": "waiting", "hook_said": said, "hook_due": moment + TRIES[tried - 1]}
        table = schema.notices
        with self.store.database.write() as connection:
            connection.execute(sa.update(table).where(table.c.id == row["id"]).values(changed))


def _host(each: Kept) -> str:
    try:
        return Address.read(each.rule.webhook).authority
    except WrongInput:
        return ""
