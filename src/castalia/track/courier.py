"""Courier: takes what a run logs without making it wait, and brings it to a workbench from a thread.

Everything goes into the outbox first, within a moment, and to the workbench from there, in order. A workbench that
is down, slow or restarted is tried again and again; the run does not notice.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from castalia.core.errors import Conflict, Unavailable
from castalia.track.delivery import Left, barred, deliver, open_outbox
from castalia.track.frames import of_points, operation
from castalia.track.naming import checked_key, number, whole
from castalia.track.posting import Address, NotNow, Post
from castalia.track.spool import RunPoint

log = logging.getLogger("castalia.track")

EVERY = 0.2
"""Seconds between looks at what has gathered."""
GROUP = 20_000
"""Points of one frame."""
IN_MEMORY = 50_000
"""Points that wait for the thread; beyond it the caller puts them into the outbox itself."""
PAUSES = (0.1, 5.0)
"""Seconds before a workbench that did not answer is tried again: at first, and at most."""
_KEYS = 10_000


class Courier:
    """The way from one run, with its children, to a workbench. Safe to share between threads."""

    def __init__(self, home: Path, address: Address, token: str, name: str, *, every: float = EVERY) -> None:
        self.address, self.every = address, every
        self.outbox = open_outbox(home, address, name)
        self.refused: list[str] = []
        self.reason = barred(address)
        """Why the workbench did not take the last of it; empty while it does."""
        self._post = Post(address, token)
        self._barred = bool(self.reason)
        self._queue: deque[RunPoint] = deque()
        self._good: set[str] = set()
        self._wake, self._hurry, self._state = threading.Event(), threading.Event(), threading.Condition()
        self._putting = threading.Lock()
        self._closed = False
        self._until, self._failed = 0.0, 0
        self._next_try, self._pause = 0.0, PAUSES[0]
        self._final: Left | None = None
        self._thread = threading.Thread(target=self._work, name="castalia-courier", daemon=True)
        self._thread.start()
        _couriers.add(self)

    def put(self, run_id: str, step: int, values: Mapping[str, Any]) -> None:
        """Take the values of one step. All are checked before one is taken: WrongInput."""
        self._check_open()
        if type(step) is not int or not -(2**63) <= step < 2**63:
            step = whole("step", step)
        when = time.time_ns() // 1_000_000
        points = []
        for key, value in values.items():
            if key not in self._good:
                self._admit(key)
            points.append((run_id, key, step, when, value if type(value) is float else number(key, value)))
        self._queue.extend(points)
        if not self._wake.is_set():
            self._wake.set()
        # The thread may be at it; wait for it only where memory would grow without bound.
        if (waiting := len(self._queue)) > IN_MEMORY and self._putting.acquire(blocking=waiting > 4 * IN_MEMORY):
            try:
                self._gather()
            finally:
                self._putting.release()

    def tell(self, do: str, run_id: str, **what: Any) -> None:
        """Take an operation, behind everything taken before. WrongInput for one that is too large."""
        self._check_open()
        frame = operation({"do": do, "run": run_id, **what})
        with self._putting:
            self._gather()
            self.outbox.append(frame)
        self._wake.set()

    def flush(self, timeout: float = 60.0) -> None:
        """Return once everything taken before is on disk, and at the workbench if that answers within ``timeout``.

        Unavailable only where neither this disk nor the workbench has room for it.
        """
        with self._putting:
            self._gather()
            kept = self.outbox.sync()
            ticket = self.outbox.total
        self._settle(ticket, timeout)
        if not kept and self.outbox.taken < ticket and not self.outbox.sync():
            raise Unavailable(
                "what was logged is not on disk", self.outbox.fault, "room on the disk", "Free some space."
            )

    def close(self, timeout: float = 10.0) -> Left:
        """Flush, wait for the workbench so long, end; say what is not there."""
        if self._closed:
            return self.left()
        with self._putting:
            self._gather()
            self.outbox.sync()
        self._settle(self.outbox.total, timeout, once_more=True)
        with self._state:
            self._until, self._closed = time.monotonic() + 1.0, True
        self._hurry.set()
        self._wake.set()
        self._thread.join(3.0)
        _couriers.discard(self)
        return self.left()

    def left(self) -> Left:
        """What the workbench has not, as of now."""
        if self._final is not None:
            return self._final
        points, operations = self.outbox.waiting()
        refused = tuple(self.refused)
        return Left(points + len(self._queue), operations, self.outbox.lost, refused, str(self.address), self.reason)

    def _check_open(self) -> None:
        if self._closed:
            raise Conflict("this run is finished", "log() after its end", cure="Log inside the with block.")

    def _admit(self, key: str) -> None:
        checked_key("metric", key)
        if len(self._good) > _KEYS:  # keys made from data; do not remember them all
            self._good.clear()
        self._good.add(key)

    def _settle(self, ticket: int, timeout: float, *, once_more: bool = False) -> None:
        """Wait until the workbench has what came before ``ticket``, or is known not to take it."""
        with self._state:
            failed = self._failed
            if once_more and not self._barred:
                failed += bool(self.reason)
                self._next_try = 0.0
            self._hurry.set()
            self._wake.set()
            self._state.wait_for(
                lambda: self.outbox.taken >= ticket or (bool(self.reason) and self._failed >= failed), timeout
            )

    def _gather(self) -> None:
        """From memory into the outbox. Called with ``_putting`` held."""
        left = len(self._queue)
        while left > 0:
            batch = [self._queue.popleft() for _ in range(min(left, GROUP))]
            left -= len(batch)
            for frame, count in of_points(batch):
                self.outbox.append(frame, count)

    # What follows runs in the thread.

    def _work(self) -> None:
        while not (self._closed and self._is_over()):
            self._wake.wait(max(0.05, self._next_try - time.monotonic()) if self.reason and not self._barred else None)
            if not self._closed:
                self._hurry.wait(self.every)
            self._wake.clear()
            self._hurry.clear()
            try:
                self._round()
            except Exception:  # training goes on, whatever is wrong with its log
                log.exception("what was logged stays on this disk")
                self._fail("an error of ours")
        with self._putting:
            self._gather()
        self._final = self.left()
        self.outbox.close()
        self._post.close()

    def _is_over(self) -> bool:
        return bool(self.reason) or self.outbox.taken == self.outbox.total or time.monotonic() > self._until

    def _round(self) -> None:
        with self._putting:
            self._gather()
        while not self._barred and time.monotonic() >= self._next_try:
            words: list[str] = []
            try:
                more = deliver(self.outbox, self._post, words)
            except NotNow as error:
                self._fail(str(error))
                return
            finally:
                self._note(words)
            if self.reason and more:
                log.warning("%s answers again", self.address)
                self.reason, self._pause = "", PAUSES[0]
            with self._state:
                self._state.notify_all()
            if not more or (self._closed and time.monotonic() > self._until):
                return
            with self._putting:
                self._gather()

    def _fail(self, reason: str) -> None:
        if not self.reason:
            log.warning("%s does not take what is logged (%s); it waits on this disk", self.address, reason)
        self._next_try = time.monotonic() + self._pause
        self._pause = min(PAUSES[1], self._pause * 2)
        with self._state:
            self.reason, self._failed = reason, self._failed + 1
            self._state.notify_all()

    def _note(self, words: list[str]) -> None:
        for each in words:
            if each not in self.refused and len(self.refused) < 100:
                self.refused.append(each)
                log.warning("refused by %s: %s", self.address, each)


_couriers: weakref.WeakSet[Courier] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for courier in list(_couriers):
        if left := courier.close(5.0):
            log.warning("%s", left)


def _after_fork() -> None:
    """A forked child has no thread to send with, and the lock is its parent's."""
    for courier in list(_couriers):
        courier._closed = True
        courier._queue = deque()
        courier._post._line = None
        courier.outbox.abandon()
        _couriers.discard(courier)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
