"""LiveRun: what every run offers while it goes on, whether it is kept here or sent to a workbench."""

from __future__ import annotations

import math
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from castalia.core.errors import CastaliaError, Conflict, Stopped
from castalia.track.alerts import Muting, checked_alert
from castalia.track.artifacts import checked_name
from castalia.track.cell import Cell
from castalia.track.content import encoded

PROGRESS_EVERY = 0.1
"""Seconds between two words on progress; the last one is always said."""


class LiveRun(ABC):
    """A run that goes on. Satisfies ``castalia.core.system.Run``; ends with its ``with`` block or ``finish``."""

    def __init__(
        self,
        run_id: str,
        folder: Path,
        device: str = "cpu",
        should_stop: Callable[[], bool] | None = None,
        emit: Callable[..., None] | None = None,
    ) -> None:
        """``should_stop`` is asked at every ``log`` and ``progress``; ``emit("progress", done=, total=)`` hears it."""
        self.run_id, self.folder, self.device = run_id, folder, device
        self.ending: list[Callable[[], None]] = []
        """Called before the run ends, each once: what samples or captures beside it says its last words."""
        self._stop, self._emit = should_stop, emit
        self._children: dict[str, Self] = {}
        self._muting = Muting()
        self._watching = False
        self._said, self._process = 0.0, os.getpid()
        self._over = False
        self.cell: Cell | None = None
        """Where a notebook shows it."""

    def log(self, step: int, **values: float) -> None:
        """Record numbers at a step; returns at once. Stopped once cancel was asked, Conflict after the end.

        WrongInput names a value that is not one number. NaN and infinities are numbers.
        """
        self._check()
        self._put(step, values)
        if self._watching:
            self._watch(step, values)
        if self.cell is not None:
            self.cell.add(step, values)

    def _repr_html_(self) -> str | None:
        """Its curves, for a notebook; None where it was begun elsewhere, and its text is shown."""
        return None if self.cell is None else str(self.cell.card().html)

    def note(self, step: int, values: dict[str, float]) -> None:
        """Record numbers that nobody waits for, the machine's say; never stops anything, nothing after the end."""
        if not self._over:
            self._put(step, values)

    def progress(self, done: float, total: float) -> None:
        """Say how far the work is, in any unit. Raises Stopped once cancel was asked."""
        self._check()
        moment = time.monotonic()
        if self._emit is not None and (moment - self._said >= PROGRESS_EVERY or done >= total):
            self._said = moment
            self._emit("progress", done=float(done), total=float(total))

    def artifact(self, name: str, content: object) -> None:
        """Keep a file: a Path, bytes, text, dict or list (JSON), image array (PNG), Image, Table (CSV) or Figure."""
        self._check()
        full, kept = encoded(checked_name(name), content)
        self._keep(full, kept)

    def alert(self, text: str, level: str = "warning") -> None:
        """Say something that a person should see: info, warning or error.

        The same text at the same level is kept once; more than 10 in a minute or 100 in a run are left out.
        """
        self._check()
        key, level, text = checked_alert(text, level)
        if self._muting.admits(key):
            self._warn(text, level)

    def watch(self, nan: bool = True) -> None:
        """Raise an alert for a metric's first NaN or infinity."""
        self._watching = nan

    def child(self, name: str) -> Self:
        """The run ``name`` inside this one: a trial, a fold, a seed. After a restart, the one of before, continued."""
        self._check()
        if name not in self._children:
            checked_name(name)
            self._children[name] = self._begin_child(name)
        return self._children[name]

    def finish(self, status: str = "done", error: str = "") -> None:
        """End the run and its open children: done, failed or cancelled. Everything logged is on disk after it.

        In a forked child it does nothing: the run is its parent's.
        """
        if self._over or self._process != os.getpid():
            return
        for each in self.ending:
            each()
        self._over = True
        leave(self)
        self._end(status, error[:2000])
        if self.cell is not None:
            self.cell.end(status)

    @abstractmethod
    def params(self, **params: object) -> None:
        """Say params that were not known at the start. Conflict where one was said otherwise."""

    @abstractmethod
    def tags(self, **tags: object) -> None:
        """Add tags or change them."""

    @abstractmethod
    def flush(self, timeout: float = 60.0) -> None:
        """Return once everything logged is on disk."""

    @abstractmethod
    def _put(self, step: int, values: dict[str, float]) -> None: ...

    @abstractmethod
    def _keep(self, name: str, content: bytes | Path) -> None: ...

    @abstractmethod
    def _warn(self, text: str, level: str) -> None: ...

    @abstractmethod
    def _begin_child(self, name: str) -> Self: ...

    @abstractmethod
    def _end(self, status: str, error: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if error is None:
            self.finish("done")
            return
        stopped = isinstance(error, Stopped | KeyboardInterrupt)
        try:
            self.finish("cancelled" if stopped else "failed", "" if stopped else f"{type(error).__name__}: {error}")
        except CastaliaError as second:
            error.add_note(str(second))  # the first error is the one to see

    def _check(self) -> None:
        if self._over:
            raise Conflict(f"run {self.run_id} is finished", "a call after its end", cure="Call inside the block.")
        if self._stop is not None and self._stop():
            raise Stopped(f"run {self.run_id} was asked to stop")

    def _watch(self, step: int, values: dict[str, Any]) -> None:
        for key, value in values.items():
            if not math.isfinite(float(value)):
                self.alert(f"{key[:200]} is not finite")


_open: list[tuple[int, LiveRun]] = []
_opening = threading.Lock()


def enter(run: LiveRun) -> None:
    """``run`` is the one that this thread works in, until it ends."""
    with _opening:
        _open.append((threading.get_ident(), run))


def leave(run: LiveRun) -> None:
    """``run`` has ended."""
    with _opening:
        _open[:] = [pair for pair in _open if pair[1] is not run]


def current() -> LiveRun | None:
    """The run begun last in this thread and still open; where there is none, the one begun last anywhere."""
    with _opening:
        mine = [run for thread, run in _open if thread == threading.get_ident()]
        return mine[-1] if mine else _open[-1][1] if _open else None
