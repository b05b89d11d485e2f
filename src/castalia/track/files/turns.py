"""Turns: what threads of this process do to one name, they do one after another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_turns: dict[str, tuple[threading.Lock, int]] = {}
_turning = threading.Lock()


@contextmanager
def turn(key: str) -> Iterator[None]:
    """One at a time for one name, until the block ends; other names do not wait."""
    with _turning:
        lock, waiting = _turns.get(key, (threading.Lock(), 0))
        _turns[key] = lock, waiting + 1
    try:
        with lock:
            yield
    finally:
        with _turning:
            waiting = _turns[key][1] - 1
            if waiting:
                _turns[key] = lock, waiting
            else:
                del _turns[key]
