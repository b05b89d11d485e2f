"""A lane of its own for what reads much, so that slow readers keep no logged point waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
READERS = 4
"""Searches and histories that are worked on at once; further ones wait. They share one interpreter: more would be done
no sooner, and each is a turn that a logged point waits for and an answer that is held in memory."""
_lane = ThreadPoolExecutor(READERS, "castalia-reading")


async def aside(work: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> T:
    """What ``work`` returns or raises, done in the lane."""
    return await asyncio.get_running_loop().run_in_executor(_lane, lambda: work(*args, **named))
