"""TrackedRun: the ``Run`` that a system is handed, and ``with run("experiment") as r:`` for everybody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError, Conflict, Stopped
from castalia.core.settings import Settings
from castalia.track.artifacts import checked_name
from castalia.track.content import encoded
from castalia.track.store import Store
from castalia.track.writer import Writer

PROGRESS_EVERY = 0.1
"""Seconds between two words on progress; the last one is always said."""


class TrackedRun:
    """A run of the store, in this process. Satisfies ``castalia.core.system.Run``."""

    def __init__(
        self,
        store: Store,
        run_id: str,
        *,
        folder: Path | None = None,
        device: str = "cpu",
        should_stop: Callable[[], bool] | None = None,
        emit: Callable[..., None] | None = None,
        writer: Writer | None = None,
    ) -> None:
        """Take up an existing run.

        ``should_stop`` is asked at every ``log`` and ``progress``; ``emit("progress", done=, total=)`` hears of
        progress; ``writer`` is shared by children. ``folder`` defaults to ``work/<run_id>`` of the home.
        """
        self.store, self.run_id, self.device = store, run_id, device
        self.folder = folder if folder is not None else store.home / "work" / run_id
        self.folder.mkdir(parents=True, exist_ok=True)
        self._stop, self._emit = should_stop, emit
        self._writer = Writer(store, run_id) if writer is None else writer
        self._shared = writer is not None
        self._children: dict[str, TrackedRun] = {}
        self._said = 0.0
        self._over = False

    def log(self, step: int, **values: float) -> None:
        """Record numbers at a step; returns at once. Stopped once cancel was asked, Conflict after the end.

        WrongInput names a value that is not one number. NaN and infinities are numbers.
        """
        self._check()
        self._writer.put(step, values, self.run_id)

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
        self.store.add_artifact(self.run_id, full, kept)

    def child(self, name: str) -> TrackedRun:
        """The run ``name`` inside this one: a trial, a fold, a seed. After a restart, the one of before, continued."""
        self._check()
        if name not in self._children:
            checked_name(name)
            run_id = self.store.child_run(self.run_id, name)
            self._children[name] = TrackedRun(
                self.store, run_id, folder=self.folder / "children" / name, device=self.device,
                should_stop=self._stop, emit=None, writer=self._writer,
            )  # fmt: skip
        return self._children[name]

    def params(self, **params: object) -> None:
        """Say params that were not known at the start. Conflict where one was said otherwise."""
        self.store.set_params(self.run_id, params)

    def tags(self, **tags: object) -> None:
        """Add tags or change them."""
        self.store.set_tags(self.run_id, tags)

    def flush(self, timeout: float = 60.0) -> None:
        """Return once everything logged is on disk."""
        self._writer.flush(timeout)

    def finish(self, status: str = "done", error: str = "") -> None:
        """End the run and its open children: done, failed or cancelled. Everything logged is on disk after it."""
        if self._over:
            return
        self._over = True
        try:
            self._writer.flush() if self._shared else self._writer.close()
        finally:
            for child in self._children.values():
                child.finish(status)
            if error:
                self.store.set_tags(self.run_id, {"castalia.error": error[:2000]})
            self.store.finish(self.run_id, status)

    def __enter__(self) -> TrackedRun:
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


@contextmanager
def run(
    experiment: str,
    params: Mapping[str, object] | None = None,
    *,
    name: str | None = None,
    tags: Mapping[str, object] | None = None,
    system: str | None = None,
    device: str = "cpu",
    home: str | Path | None = None,
    store: Store | None = None,
    should_stop: Callable[[], bool] | None = None,
    emit: Callable[..., None] | None = None,
    **more: Any,
) -> Iterator[TrackedRun]:
    """``with run("mnist", {"rate": 0.1}) as r: r.log(step, loss=0.3)``: a run that ends with the block.

    done at the end of the block, cancelled by Stopped or Ctrl-C, failed by any other exception, which
    goes on. The store is that of ``CASTALIA_HOME`` and ``CASTALIA_STORE`` unless ``home`` or ``store`` says otherwise.
    """
    own = None if store is not None else Store.of(Settings.read()) if home is None else Store.open(home)
    used = store if store is not None else own
    assert used is not None
    try:
        run_id = used.create_run(experiment, name=name, params=params, tags=tags, system=system, **more)
        with TrackedRun(used, run_id, device=device, should_stop=should_stop, emit=emit) as tracked:
            yield tracked
    finally:
        if own is not None:
            own.close()
