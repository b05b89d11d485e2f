"""TERM and HUP (a closed terminal) end a command as Ctrl-C does, so that it puts away what it made."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from castalia.cli.keys import Terminated


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it TERM and HUP raise ``Terminated``, once; one that is ignored (nohup) stays ignored."""
    before: dict[int, Any] = {}

    def stop(number: int, frame: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Terminated

    try:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, stop)
    except ValueError:  # not the main thread: signals are someone else's
        pass
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
