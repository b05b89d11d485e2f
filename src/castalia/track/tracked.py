"""TrackedRun: a run of the store of this machine, in this process; what a system is handed while it learns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from castalia.track.live import LiveRun
from castalia.track.store import Store
from castalia.track.writer import Writer


class TrackedRun(LiveRun):
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
        folder = folder if folder is not None else store.home / "work" / run_id
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(run_id, folder, device, should_stop, emit)
        self.store = store
        self._writer = Writer(store, run_id) if writer is None else writer
        self._shared = writer is not None

    def params(self, **params: object) -> None:
        """Say params that were not known at the start. Conflict where one was said otherwise."""
        self.store.set_params(self.run_id, params)

    def tags(self, **tags: object) -> None:
        """Add tags or change them."""
        self.store.set_tags(self.run_id, tags)

    def flush(self, timeout: float = 60.0) -> None:
        """Return once everything logged is on disk."""
        self._writer.flush(timeout)

    def _put(self, step: int, values: dict[str, float]) -> None:
        self._writer.put(step, values, self.run_id)

    def _keep(self, name: str, content: bytes | Path) -> None:
        self.store.add_artifact(self.run_id, name, content)

    def _warn(self, text: str, level: str) -> None:
        self.store.add_alert(self.run_id, text, level)

    def _begin_child(self, name: str) -> TrackedRun:
        run_id = self.store.child_run(self.run_id, name)
        return TrackedRun(
            self.store, run_id, folder=self.folder / "children" / name, device=self.device,
            should_stop=self._stop, emit=None, writer=self._writer,
        )  # fmt: skip

    def _end(self, status: str, error: str) -> None:
        try:
            self._writer.flush() if self._shared else self._writer.close()
        finally:
            for child in self._children.values():
                child.finish(status)
            if error:
                self.store.set_tags(self.run_id, {"castalia.error": error})
            self.store.finish(self.run_id, status)
