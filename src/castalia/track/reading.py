"""A lane of its own for what reads much, so that slow readers keep no logged point waiting."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from castalia.core.errors import Unavailable

T = TypeVar("T")
READERS = 4
"""Searches and histories that are worked on at once; further ones wait. They share one interpreter: more would be done
no sooner, and each is a turn that a logged point waits for and an answer that is held in memory."""
WAITING = 256
"""How many may be worked on or wait; further ones are told to come back. It is half of what the server answers at the
same time: the rest is for who writes."""
_lane = ThreadPoolExecutor(READERS, "castalia-reading")
_inside: set[object] = set()


async def aside(receive: Receive, work: Callable[[], T]) -> T:
    """What ``work`` returns or raises, done in the lane; ``receive`` tells whether the client is still there.

    ClientDisconnect where the client left before the work began: it is then not done. Unavailable where too many wait.
    """
    if len(_inside) >= WAITING:
        crowded = Unavailable("too many searches at once", "", f"at most {WAITING}", "Try again in a second.")
        crowded.retry_after = 1
        raise crowded
    job = _lane.submit(work)
    done, gone = asyncio.wrap_future(job), asyncio.create_task(_left(receive))
    either: set[asyncio.Future[Any]] = {done, gone}
    _inside.add(job)
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not done.done() and job.cancel():
            raise ClientDisconnect
        return await done
    finally:
        _inside.discard(job)
        gone.cancel()
        done.cancel()  # what has begun goes on


def in_lane(route: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """A route that is written as a plain function and worked on in the lane; see ``aside``."""
    told = inspect.signature(route)
    asking = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)

    @functools.wraps(route)
    async def within(*, request: Request, **values: Any) -> T:
        return await aside(request.receive, lambda: route(**values))

    within.__signature__ = told.replace(parameters=[*told.parameters.values(), asking])  # type: ignore[attr-defined]
    return within


async def _left(receive: Receive) -> None:
    """Ends when the client has gone, of whose request everything was read."""
    while (await receive())["type"] != "http.disconnect":
        pass
