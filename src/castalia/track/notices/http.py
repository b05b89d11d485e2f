"""Notices and their rules over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from castalia.core.errors import Refused, Unavailable
from castalia.track.board.answering import answer
from castalia.track.events import ALIVE_EVERY, Changes, event
from castalia.track.notices import rules, secrets
from castalia.track.notices.courier import Courier
from castalia.track.notices.rules import Kept, Rule
from castalia.track.notices.watching import Watcher, listed, try_out
from castalia.track.store import Store

Number = Annotated[int, Path(ge=1, lt=2**62)]
LOOK_EVERY = 1.0
MISSED = 500
"""Notices that are read at once for one who follows."""


class Written(Rule):
    """A rule as it is sent; the secret is kept apart and never answered."""

    secret: str | None = Field(None, max_length=secrets.LONGEST, description="Signs the webhook; null: as it is.")
    webhook: str | None = Field("", max_length=2000, description="An address; null: as it is.")  # type: ignore[assignment]


def router(store: Store, watcher: Watcher, courier: Courier, stopping: Callable[[], bool]) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["notices"])
    changes = Changes(store)

    @routes.get("/notices")
    def notices(
        since: Annotated[int | None, Query(ge=0, lt=2**62, description="Only those after this id.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """{"notices": [{"id", "time", "kind", "level", "run_id", "rule", "text", ...}]}, the newest first."""
        return answer({"notices": listed(store, since, limit)})

    @routes.get("/notices/events", response_class=StreamingResponse)
    async def events(last_event_id: Annotated[str | None, Header()] = None) -> Response:
        """Server-sent events: ``notice`` for each that comes, and those after ``Last-Event-ID``."""
        last = int(last_event_id) if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 19 else None
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_follow(store, changes, last, stopping), media_type="text/event-stream",
                                 headers=headers)  # fmt: skip

    _of_rules(routes, store, watcher, courier)
    return routes


def _of_rules(routes: APIRouter, store: Store, watcher: Watcher, courier: Courier) -> None:
    def shown(several: Sequence[Kept], request: Request) -> list[dict[str, Any]]:
        try:
            known = set(secrets.known(store.home))
        except Unavailable:  # whether there is one is then not known
            known = None
        rows = (each.as_row(None if known is None else each.signed or each.id in known, _is_admin(request))
                for each in several)  # fmt: skip
        return [row | {"fault": watcher.faults.get(row["id"], "")} for row in rows]

    @routes.get("/notices/rules")
    def all_rules(request: Request) -> Response:
        """Every rule. Only an admin sees the whole address of a webhook, nobody a secret."""
        return answer(shown(rules.listed(store), request))

    @routes.post("/notices/rules", status_code=201)
    def add(body: Written, request: Request) -> Response:
        """Keep a new rule. One with a webhook takes an admin."""
        made = _keep(store, watcher, body, request, None)
        return Response(answer(shown([made], request)[0]).body, 201, media_type="application/json")

    @routes.put("/notices/rules/{id}")
    def change(id: Number, body: Written, request: Request) -> Response:
        """Put another rule in the place of one."""
        return answer(shown([_keep(store, watcher, body, request, rules.one(store, id))], request)[0])

    @routes.delete("/notices/rules/{id}")
    def drop(id: Number, request: Request) -> Response:
        """Delete a rule; answers the others."""
        if rules.one(store, id).rule.webhook:
            _only_admin(request)
        with suppress(Unavailable):  # a file that cannot be read, of a number that is never given again
            secrets.keep(store.home, id, "")  # first: a kill in between leaves no secret behind
        rules.drop(store, id)
        return answer(shown(rules.listed(store), request))

    @routes.post("/notices/rules/{id}/test")
    def test(id: Number, request: Request) -> Response:
        """Tell what the rule would tell: {"page": bool, "webhook": null or {"taken": bool, "said": status}}."""
        each = rules.one(store, id)
        if each.rule.webhook:
            _only_admin(request)
        row = try_out(store, each)
        said = courier.send(each, row) if each.rule.webhook else None
        return answer({"page": each.rule.page, "webhook": said and {"taken": said[0], "said": said[1]}})


def _keep(store: Store, watcher: Watcher, body: Written, request: Request, before: Kept | None) -> Kept:
    old = before.rule.webhook if before else ""
    webhook = old if body.webhook is None else body.webhook
    rule = Rule(**{**body.model_dump(exclude={"secret"}), "webhook": webhook})
    rules.checked(rule)
    if webhook or old or body.secret:
        _only_admin(request)
    if body.secret:
        secrets.checked(body.secret)
    signed = bool(webhook) and (bool(body.secret) if body.secret is not None else bool(before and before.signed))
    made = watcher.keep(rule, before.id if before else None, signed)
    if body.secret is not None or not webhook:
        secrets.keep(store.home, made.id, (body.secret or "") if webhook else "")
    return made


def _is_admin(request: Request) -> bool:
    return bool(request.scope.get("castalia_admin"))


def _only_admin(request: Request) -> None:
    if not _is_admin(request):
        cure = "Ask whoever runs this workbench, or make a rule for the page alone."
        raise Refused("a webhook takes the role admin", "a token of another role", "", cure)


async def _follow(
    store: Store, changes: Changes, last: int | None, stopping: Callable[[], bool]
) -> AsyncIterator[bytes]:
    if last is None:
        newest = await run_in_threadpool(listed, store, None, 1)
        last = newest[0]["id"] if newest else 0
    yield b"retry: 3000\n\n"
    seen, silent = -1, 0.0
    while not stopping() and not store.closed:
        if (count := await changes.count()) != seen:
            seen = count
            while rows := await run_in_threadpool(listed, store, last, MISSED, True):
                for row in rows:
                    last, silent = row["id"], 0.0
                    yield event("notice", row, str(last))
                if stopping() or store.closed:
                    return
        await asyncio.sleep(LOOK_EVERY)
        silent += LOOK_EVERY
        if silent >= ALIVE_EVERY:
            silent = 0.0
            yield b": still here\n\n"
