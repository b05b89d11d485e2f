"""Writer: takes points from training without making it wait, and puts them on disk in groups.

``log`` only appends to a queue. A thread commits what has gathered, at most every 200 ms. While the
database is locked or full it puts points aside in a spool file and tries again; beyond a bound the
caller itself moves a part of the queue there, which never waits for the database. ``flush`` returns
once everything logged before it is on disk, in the database or in the spool.
"""

from __future__ import annotations

import atexit
import os
import secrets
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from castalia.core.errors import CastaliaError, Conflict, NotFound, Unavailable
from castalia.track.naming import checked_key, number, whole
from castalia.track.points import Point
from castalia.track.spool import RunPoint, Spool

if TYPE_CHECKING:
    from castalia.track.store import Store

EVERY = 0.2
"""Seconds between commits."""
IN_MEMORY = 50_000
"""Points that wait in memory; the rest wait on disk."""
_GROUP = 20_000
_LOST_AT = 10 * IN_MEMORY


class Writer:
    """The buffered way into the store, for one run and its children. Safe to share between threads."""

    def __init__(self, store: Store, run_id: str, *, every: float = EVERY, in_memory: int = IN_MEMORY) -> None:
        self.store, self.run_id, self.every, self.in_memory = store, run_id, every, in_memory
        self.lost = 0
        """Points given up because neither the database nor the spool had room."""
        self._queue: deque[RunPoint] = deque()
        self._spool = Spool(store.home / "spool", f"{run_id[:16]}-{os.getpid()}-{secrets.token_hex(4)}")
        self._good: set[str] = set()
        self._wake, self._hurry, self._state = threading.Event(), threading.Event(), threading.Condition()
        self._spilling = threading.Lock()
        self._asked = self._served = 0
        self._closed = False
        self._until = 0.0
        self._fault: CastaliaError | None = None
        self._next_try, self._pause, self._spill_after = 0.0, 0.1, 0.0
        self._thread = threading.Thread(target=self._work, name="castalia-writer", daemon=True)
        self._thread.start()
        _writers.add(self)

    def log(self, points: Iterable[tuple[str, int, int, float]], run_id: str | None = None) -> None:
        """Take points (key, step, time in ms, value). WrongInput for what is no point, Conflict after ``close``."""
        for key, step, ms, value in points:
            self.put(int(whole("step", step)), {key: value}, run_id, int(whole("time", ms)))

    def put(self, step: int, values: Mapping[str, Any], run_id: str | None = None, ms: int | None = None) -> None:
        """Take the values of one step, by key; ``ms`` is now unless said. All are checked before one is taken."""
        if self._closed:
            raise Conflict("this run is finished", "log() after its end", cure="Log inside the with block.")
        if type(step) is not int or not -(2**63) <= step < 2**63:
            step = whole("step", step)
        owner = self.run_id if run_id is None else run_id
        when = time.time_ns() // 1_000_000 if ms is None else ms
        points = []
        for key, value in values.items():
            if key not in self._good:
                self._check(key)
            points.append((owner, key, step, when, value if type(value) is float else number(key, value)))
        self._queue.extend(points)
        if not self._wake.is_set():
            self._wake.set()
        if len(self._queue) > self.in_memory:
            self._spill()

    def flush(self, timeout: float = 60.0) -> None:
        """Return once everything logged before is on disk. Unavailable after ``timeout`` seconds, or on a loss."""
        with self._state:
            if self._closed and not self._thread.is_alive():
                return
            self._asked += 1
            ticket = self._asked
            self._hurry.set()
            self._wake.set()
            self._state.wait_for(lambda: self._served >= ticket or not self._thread.is_alive(), timeout)
            served = self._served >= ticket
        if not served:
            raise self._fault or Unavailable("the metrics are not on disk yet", f"no answer in {timeout:g} s")
        self._confess()

    def close(self, timeout: float = 30.0) -> None:
        """Flush and end. What the database would not take within ``timeout`` stays in the spool, safe, for the next."""
        with self._state:
            if not self._closed:
                self._until = time.monotonic() + timeout
                self._closed = True
            self._hurry.set()
            self._wake.set()
        self._thread.join(timeout + 30.0)
        _writers.discard(self)
        self._confess()
        if self._queue:
            raise self._fault or Unavailable("some metrics are not on disk", f"{len(self._queue):,} points")

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _check(self, key: str) -> None:
        checked_key("metric", key)
        if len(self._good) > 10_000:  # keys made from data; do not remember them all
            self._good.clear()
        self._good.add(key)

    def _confess(self) -> None:
        if self.lost:
            lost, self.lost = self.lost, 0
            got = self._fault.got if self._fault else ""
            raise Unavailable(f"{lost:,} metric points are lost", got, "room on the disk", "Free some space.")
        if isinstance(self._fault, NotFound):
            raise self._fault

    # What follows runs in the thread, but for _spill.

    def _work(self) -> None:
        while True:
            self._wake.wait(None if not self._spool.waiting else max(0.05, self._next_try - time.monotonic()))
            if not self._closed:
                self._hurry.wait(self.every)
            self._wake.clear()
            self._hurry.clear()
            with self._state:
                asked, ending = self._asked, self._closed
            safe = self._settle(urgent=asked > self._served or ending)
            with self._state:
                if safe:
                    self._served = asked
                    self._state.notify_all()
                elif asked > self._served:
                    self._wake.set()
            if ending and (self._idle() or time.monotonic() > self._until):
                break
            if ending or not safe:
                self._wake.set()
                time.sleep(0.05)  # the disk is full or the database locked: do not spin
        try:
            self._spool.close()
        except OSError as error:
            self._fault = Unavailable("the spool could not be closed", str(error))
        with self._state:
            self._state.notify_all()

    def _idle(self) -> bool:
        return not self._queue and not self._spool.waiting

    def _settle(self, urgent: bool) -> bool:
        """Bring what waits to the database or the spool; True when all that waited at the start is on disk."""
        left = len(self._queue)
        while left > 0 and (batch := self._take(_GROUP)):
            left -= len(batch)
            if not self._commit(_by_run(batch)) and not self._aside(batch):
                return False
        with self._spilling:  # what a caller has in hand is in the spool before it counts as there
            pass
        until = time.monotonic() + (5.0 if urgent else 0.5)
        while time.monotonic() < until and (found := self._spool.frame()) is not None and self._commit(found[0]):
            try:
                self._spool.done(found[1])
            except OSError:  # brought in, though the file keeps it: twice does no harm
                break
        if self._spool.waiting:
            try:
                self._spool.sync()
            except OSError as error:
                self._fault = _no_room(error)
                return False
        return True

    def _take(self, most: int) -> list[RunPoint]:
        batch: list[RunPoint] = []
        try:
            while len(batch) < most:
                batch.append(self._queue.popleft())
        except IndexError:
            pass
        return batch

    def _commit(self, batch: Mapping[str, list[Point]]) -> bool:
        """Try the database; while it refuses, only now and then."""
        if time.monotonic() < self._next_try:
            return False
        try:
            self.store.log_points(batch, patience=1.0 if self._pause == 0.1 else 0.1)
        except NotFound as error:
            self._fault = error  # the run was deleted under us: nowhere to put its points
        except CastaliaError as error:
            self._fault = error
            self._next_try, self._pause = time.monotonic() + self._pause, min(2.0, self._pause * 2)
            return False
        else:
            self._fault = None
        self._next_try, self._pause = 0.0, 0.1
        return True

    def _aside(self, batch: list[RunPoint]) -> bool:
        """Put points aside on disk; where that fails too, keep them in memory up to a bound."""
        try:
            self._spool.append(batch)
        except OSError as error:
            self._fault = _no_room(error)
            if len(self._queue) < _LOST_AT:
                self._queue.extendleft(reversed(batch))
            else:
                self.lost += len(batch)
            return False
        return True

    def _spill(self) -> None:
        """Called by who logs faster than the database takes: move the oldest points to disk, without waiting for it."""
        if time.monotonic() >= self._spill_after and self._spilling.acquire(blocking=False):
            try:
                while len(self._queue) > self.in_memory // 2:
                    if not self._aside(self._take(_GROUP // 2)):
                        self._spill_after = time.monotonic() + 1.0
                        break
            finally:
                self._spilling.release()


def _no_room(error: OSError) -> Unavailable:
    return Unavailable("the metrics find no place", str(error), "room on the disk", "Free some space.")


def _by_run(batch: Iterable[RunPoint]) -> dict[str, list[Point]]:
    grouped: dict[str, list[Point]] = {}
    for run, *point in batch:
        grouped.setdefault(run, []).append(tuple(point))  # type: ignore[arg-type]
    return grouped


_writers: weakref.WeakSet[Writer] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for writer in list(_writers):
        try:
            writer.close(10.0)
        except CastaliaError as error:
            import sys

            print(error, file=sys.stderr)


def _after_fork() -> None:
    """A forked child has no thread to write with; its parent keeps the run."""
    for writer in list(_writers):
        writer._closed = True
        writer._queue = deque()
        _writers.discard(writer)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
