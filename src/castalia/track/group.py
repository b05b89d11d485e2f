"""Group commit: works that arrive while one transaction goes to disk share the next.

Whoever finds nobody at work leads: it waits for the database, takes what has gathered and carries it out, its
own work first. The others sleep until their outcome is there, or until they are told to lead. A lone caller
meets no thread but its own.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.engine import Connection

from castalia.core.errors import Unavailable

T = TypeVar("T")
Work = Callable[[Connection], T]
MOST = 256
"""Works in one transaction."""
AGAIN = 8
"""Times that a work is tried again after a fault that passes by itself."""


class Busy(Unavailable):
    """Somebody else has held the database for longer than the caller would wait."""


class Doubt(Unavailable):
    """The connection broke while the database was saying whether it had committed."""


class Ask:
    """One caller's work, and what became of it."""

    __slots__ = ("bell", "done", "error", "result", "told", "work")

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.done = self.told = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.bell = threading.Lock()
        self.bell.acquire()

    def succeed(self, result: Any) -> None:
        """The work is on disk."""
        self.result, self.done = result, True

    def ring(self) -> None:
        """Wake its caller: it is done, or is to lead."""
        self.told = True
        self.bell.release()

    def fail(self, error: BaseException) -> None:
        """Nothing of the work is."""
        self.error, self.done = error, True


Gather = Callable[[], list[Ask]]
Carry = Callable[[Gather, float], None]
"""``carry(gather, patience)`` waits for the database, calls ``gather()`` once and brings every ask it got to an end."""


class Group:
    """The queue in front of one database."""

    def __init__(self, carry: Carry) -> None:
        self._carry = carry
        self._gate = threading.Lock()
        self._waiting: deque[Ask] = deque()
        self._led = False

    def commit(self, work: Work[T], patience: float) -> T:
        """What ``work`` returned, once it is on disk; its own error; Busy after ``patience`` seconds of waiting."""
        deadline = time.monotonic() + patience
        ask = Ask(work)
        with self._gate:
            leads, self._led = not self._led, True
            if not leads:
                self._waiting.append(ask)
        if leads or self._told_to_lead(ask, patience):
            self._lead(ask, max(0.0, deadline - time.monotonic()))
        if ask.error is not None:
            try:
                raise ask.error
            finally:
                del ask  # the error's traceback holds this frame: no cycle
        return ask.result  # type: ignore[no-any-return]

    def _told_to_lead(self, ask: Ask, patience: float) -> bool:
        try:
            if not ask.bell.acquire(timeout=patience):
                with self._gate:
                    if ask in self._waiting:
                        self._waiting.remove(ask)
                        raise Busy("the database is busy", f"no turn in {patience:g} s", cure="Try again in a moment.")
                ask.bell.acquire()  # it is in a transaction already, or its turn to lead has just come
        except KeyboardInterrupt:
            self._withdraw(ask)
            raise
        return not ask.done

    def _withdraw(self, ask: Ask) -> None:
        with self._gate:
            if ask in self._waiting:
                self._waiting.remove(ask)
                return
        if not ask.told:
            ask.bell.acquire()
        if not ask.done:
            self._hand_on()

    def _lead(self, ask: Ask, patience: float) -> None:
        taken = [ask]

        def gather() -> list[Ask]:
            with self._gate:
                while self._waiting and len(taken) < MOST:
                    taken.append(self._waiting.popleft())
            return taken

        try:
            self._carry(gather, patience)
        except Exception as error:
            if not ask.done:
                ask.fail(error)
        finally:
            others = taken[1:]
            with self._gate:  # an interrupt of the leader is not theirs: they keep their place
                self._waiting.extendleft(other for other in reversed(others) if not other.done)
            self._hand_on()
            for other in others:
                if other.done:
                    other.ring()

    def _hand_on(self) -> None:
        with self._gate:
            if self._waiting:
                self._waiting.popleft().ring()
            else:
                self._led = False
