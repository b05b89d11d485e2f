"""Asks a child of ours (castalia.check.served) and ends it, with all it started, when nobody waits any more."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

from castalia.check.folders import remove
from castalia.core.errors import CastaliaError, Unavailable
from castalia.jobs.processes import KILL, marked, signal_group
from castalia.jobs.spawn import spawn

MARK = "CASTALIA_SERVED"
LOOK = 0.1
"""Seconds between two looks whether the client is still there."""
GRACE = 4.0
"""Seconds a child has to end in good order before it is killed."""


class Left(Exception):
    """The client left before the answer; nobody is there to be answered."""


async def ask(order: dict[str, Any], seconds: float, gone: Callable[[], Awaitable[bool]]) -> Any:
    """The child's answer to ``order``. Nothing of it lives when this returns or raises.

    Raises the CastaliaError that the child met, Unavailable when it took longer than ``seconds`` or ended without an
    answer, and Left when ``gone()`` said so.
    """
    mark = f"{MARK}={secrets.token_hex(8)}"
    scratch = await asyncio.to_thread(tempfile.mkdtemp, prefix="castalia-desk-")
    try:
        process = await asyncio.to_thread(_start, mark)
    except BaseException:
        remove(scratch)
        raise
    assert process.stdin is not None
    until = time.monotonic() + seconds
    clean = False
    reading = asyncio.create_task(asyncio.to_thread(_exchange, process, {**order, "scratch": scratch}))
    try:
        while not (await asyncio.wait({reading}, timeout=LOOK))[0]:
            if await gone():
                raise Left
            if time.monotonic() > until:
                cure = "Look for code that does not end, or check one milestone at a time."
                raise Unavailable(f"it took longer than {seconds:g} s", "no answer", "an answer", cure)
        answer = _understood(reading.result(), process)
        clean = True
        return answer
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()  # a child that is still at work ends itself on this
        await asyncio.shield(asyncio.to_thread(_end, process, mark, scratch, clean))


def _start(mark: str) -> subprocess.Popen[bytes]:
    try:
        return spawn("castalia.check.served", mark=mark, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                     stderr=subprocess.DEVNULL)  # fmt: skip
    except OSError as error:
        raise Unavailable("no process could be started for it", error.strerror or "", "", "castalia doctor") from None


def _exchange(process: subprocess.Popen[bytes], order: dict[str, Any]) -> bytes:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
        return process.stdout.read()
    except (OSError, ValueError):  # it ended before it read, or was given up meanwhile
        return b""


def _understood(content: bytes, process: subprocess.Popen[bytes]) -> Any:
    try:
        told = json.loads(content)
    except ValueError:
        code = process.wait(GRACE)
        ended = f"it ended with {'signal' if code < 0 else 'code'} {abs(code)}"
        raise Unavailable("the process that checks ended without an answer", ended, "an answer", "Try again.") from None
    if "answer" in told:
        return told["answer"]
    if "kind" in told:
        raise CastaliaError.of_dict(told["kind"], told["parts"])
    error = CastaliaError("Castalia made a mistake in a check", cure="The workbench's own output says more.")
    error.log = list(told.get("crash", ()))
    raise error


def _end(process: subprocess.Popen[bytes], mark: str, scratch: str, clean: bool) -> None:
    """Wait for the child, kill it where it does not end, wait for what it started, remove its folder."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        signal_group(process.pid, KILL)
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
    # The cage of a child that was killed ends the runner, then itself: it must be gone before its folder is.
    until = time.monotonic() + 2 * GRACE
    while not clean and marked(mark) and time.monotonic() < until:
        time.sleep(0.02)
    remove(scratch)
