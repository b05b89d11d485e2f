"""Single keys from the terminal, without Return; the terminal is put back however the command ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

LISTENING = 0.1
"""Seconds until a listener sees that nobody needs it any more."""


class Terminated(KeyboardInterrupt):
    """TERM or HUP arrived: the command ends as after Ctrl-C, and what it changed is put back."""


class Keys:
    """``with Keys() as keys: keys.wait(0.3)`` gives the key that was pressed, or "" after so many seconds.

    Where standard input or output is no terminal there are no keys, and waiting only waits. Ctrl-C still interrupts.
    """

    def __init__(self) -> None:
        self.there = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
        self._before: Any = None
        self._handlers: dict[int, Any] = {}
        self._typed = ""

    def __enter__(self) -> Keys:
        for name in ("SIGTERM", "SIGHUP"):
            if number := getattr(signal, name, None):
                self._handlers[number] = signal.signal(number, _terminate)
        if self.there and os.name == "posix":
            import termios

            self._before = termios.tcgetattr(sys.stdin.fileno())
            self._handlers[signal.SIGCONT] = signal.signal(signal.SIGCONT, lambda *_: self._set())
            self._set()
        return self

    def __exit__(self, *_: object) -> None:
        self._put_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def wait(self, seconds: float) -> str:
        """The next key, in small letters, or "" when none was pressed in time."""
        if self._typed:
            waiting, self._typed = self._typed, ""
            return waiting
        if not self.there:
            time.sleep(seconds)
            return ""
        if os.name != "posix":
            return _windows(seconds)
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            return ""
        typed = os.read(sys.stdin.fileno(), 32)
        if not typed:  # the terminal is gone
            raise Terminated
        return typed[:1].decode("ascii", "ignore").lower()

    @contextlib.contextmanager
    def heard(self, end: str) -> Iterator[None]:
        """While the block works: ``end`` interrupts it as Ctrl-C would; the last other key waits for ``wait``."""
        if self._before is None:
            yield
            return
        over, worker = threading.Event(), threading.get_ident()

        def listen() -> None:
            while not over.is_set():
                ready, _, _ = select.select([sys.stdin], [], [], LISTENING)
                typed = os.read(sys.stdin.fileno(), 32)[-1:].decode("ascii", "ignore").lower() if ready else ""
                if ready and not typed:  # the terminal is gone, or it was no letter
                    return
                self._typed = typed or self._typed
                if typed == end and not over.is_set():
                    signal.pthread_kill(worker, signal.SIGINT)
                    return

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        try:
            yield
        finally:
            over.set()
            listener.join()

    def lend(self) -> _Lent:
        """``with keys.lend():`` gives the terminal as it was to another program, an editor say."""
        return _Lent(self)

    def _set(self) -> None:
        import termios
        import tty

        tty.setcbreak(sys.stdin.fileno(), termios.TCSADRAIN)

    def _put_back(self) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)


class _Lent:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def __enter__(self) -> None:
        self._keys._put_back()

    def __exit__(self, *_: object) -> None:
        if self._keys._before is not None:
            self._keys._set()


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _windows(seconds: float) -> str:
    import msvcrt

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
            key = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
            if key in ("\x00", "\xe0"):  # the first half of an arrow or function key
                msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
                continue
            if key == "\x03":
                raise KeyboardInterrupt
            return str(key).lower()
        time.sleep(0.05)
    return ""
