"""Patching: functions replaced so that they can be put back, and calls whose failure nobody sees."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger("castalia.autolog")
_MISSING = object()


def quietly(work: Callable[[], T]) -> T | None:
    """What ``work`` answers; None where it fails, which the log hears of and training does not."""
    try:
        return work()
    except Exception:
        log.debug("autolog could not note something", exc_info=True)
        return None


class Patches:
    """Attributes that were replaced, and hooks that were put in."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of a module or class; what it was before, or that it was not there, is remembered."""
        before = vars(owner).get(name, _MISSING)
        setattr(owner, name, value)
        mine = vars(owner)[name]

        def back() -> None:
            if vars(owner).get(name) is not mine:  # somebody replaced it after us: what is ours there does nothing now
                return
            delattr(owner, name) if before is _MISSING else setattr(owner, name, before)

        self._undo.append(back)

    def on_undo(self, work: Callable[[], None]) -> None:
        """Call this when everything is undone."""
        self._undo.append(work)

    def undo(self) -> None:
        """Put everything back, the last first."""
        while self._undo:
            quietly(self._undo.pop())
