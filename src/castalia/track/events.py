"""A run as it happens, for server-sent events.

A follower is a coroutine: it holds no thread and no queue, and reads what is new only after the last
event was sent, so a slow client costs nothing. Points that land at a lower step than the newest of
their series are not sent; the picture sent on (re)connecting has them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool

from castalia.core.errors import NotFound, Unavailable
from castalia.track.content import plainly
from castalia.track.store import Store

LOOK_EVERY = 0.2
"""Seconds between two looks at the file."""
ALIVE_EVERY = 15.0
"""Seconds of silence after which a comment is sent, so that a lost client is noticed."""
POINTS = 500
ENDED = "end"
"""The id of the last event of a finished run: who comes back with it is told to stay away (204)."""


class Changes:
    """How often the file has changed: one cheap question to SQLite for all followers together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen, self._looked, self._looking = -1, 0.0, False

    async def count(self) -> int:
        """A number that differs once anything was committed; at most LOOK_EVERY old."""
        if not self._looking and time.monotonic() - self._looked >= LOOK_EVERY:
            self._looking = True
            try:
                self._seen = await run_in_threadpool(self._store.database.changes)
            except Unavailable:
                self._seen += 1  # it cannot be asked now: let the followers read, and meet the fault themselves
            finally:
                self._looked, self._looking = time.monotonic(), False
        return self._seen


def event(kind: str, data: Any, ident: str = "") -> bytes:
    """One server-sent event."""
    head = f"id: {ident}\n" if ident else ""
    return f"{head}event: {kind}\ndata: ".encode() + orjson.dumps(plainly(data)) + b"\n\n"


def finished(store: Store, run_id: str) -> bool:
    """Whether the run has ended. NotFound where there is none."""
    return bool(store.state(run_id)["status"] not in ("running", "queued"))


async def follow(
    store: Store, run_id: str, changes: Changes, stopping: Callable[[], bool], history: bool = True
) -> AsyncIterator[bytes]:
    """``status`` and ``history`` (everything so far, thinned; a client starts over from it), then ``metrics`` and
    ``status`` as they come. Ends with the run, with the store, or once ``stopping()``.

    Without ``history`` the first event is ``begin``: what a client reads after it and what is sent from then on
    overlap, so that nothing is between them."""
    yield b"retry: 2000\n\n"
    seen = await changes.count()
    state = await run_in_threadpool(store.state, run_id)
    if history:
        picture = await run_in_threadpool(store.metrics, run_id, None, POINTS)
        after = {key: (series["step"][-1], series["time"][-1]) for key, series in picture.items()}
        yield event("history", picture)
        del picture
    else:
        after = await run_in_threadpool(store.newest, run_id)
        yield event("begin", {"metrics": len(after)})
    yield event("status", state)
    said = time.monotonic()
    while not stopping() and not store.closed and state["status"] in ("running", "queued"):
        await asyncio.sleep(LOOK_EVERY)
        if time.monotonic() - said > ALIVE_EVERY:
            said = time.monotonic()
            yield b": still here\n\n"
        if (count := await changes.count()) == seen or store.closed:
            continue
        seen = count
        try:
            fresh = await run_in_threadpool(store.state, run_id)  # before the points: a run ends after its last one
            news = await run_in_threadpool(store.metrics_after, run_id, after, POINTS)
        except NotFound:  # deleted meanwhile
            return
        if news:
            after.update((key, (series["step"][-1], series["time"][-1])) for key, series in news.items())
            yield event("metrics", news)
            said = time.monotonic()
        if fresh != state:
            state = fresh
            yield event("status", state)
    if state["status"] not in ("running", "queued"):
        yield event("end", {}, ENDED)
