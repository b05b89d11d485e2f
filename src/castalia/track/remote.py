"""RemoteRun: a run that a workbench elsewhere keeps. Its calls return at once; what they say is sent from a thread."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from castalia.core.errors import CastaliaError, Conflict, WrongInput
from castalia.core.settings import Settings
from castalia.track.courier import Courier
from castalia.track.delivery import FILE, Left, bring, folder_of
from castalia.track.frames import in_parts
from castalia.track.live import LiveRun
from castalia.track.naming import (
    MAX_KEY,
    MAX_NAME,
    MAX_PARAM,
    MAX_TAG,
    as_text,
    checked_key,
    checked_run_id,
    checked_text,
    new_run_id,
    now,
)
from castalia.track.outbox import ENDING
from castalia.track.posting import Address
from castalia.track.spool import sync_folder

log = logging.getLogger("castalia.track")


class RemoteRun(LiveRun):
    """A run of a workbench. Made by ``castalia.run(..., server=...)``; satisfies ``castalia.core.system.Run``.

    Only a wrong value raises here. What the workbench cannot take now waits on this disk; ``left()`` and the
    log at the end say what that is.
    """

    def __init__(
        self,
        courier: Courier,
        home: Path,
        experiment: str,
        *,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
        system: str | None = None,
        run_id: str | None = None,
        parent: RemoteRun | None = None,
        folder: Path | None = None,
        device: str = "cpu",
        should_stop: Callable[[], bool] | None = None,
        emit: Callable[..., None] | None = None,
    ) -> None:
        """Begin a run, or go on with the one of ``run_id``. WrongInput for what the store could not keep."""
        checked_text("experiment", experiment, MAX_NAME)
        made = new_run_id() if run_id is None else checked_run_id(run_id)
        where = folder if folder is not None else home / "work" / made
        super().__init__(made, where, device, should_stop, emit)
        self._courier, self._home, self._parent = courier, home, parent
        self.experiment = experiment
        name = checked_text("name", name or f"{experiment[:40]}-{made[-6:]}", MAX_NAME)
        self._params = _texts("param", params, MAX_PARAM)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.folder = Path(tempfile.mkdtemp(prefix="castalia-"))
            log.warning("%s cannot be made (%s): this run works in %s", where, error.strerror, self.folder)
        first, *more = in_parts(self._params)
        marks, *others = in_parts(_texts("tag", tags, MAX_TAG))
        courier.tell("begin", made, experiment=experiment, name=name, params=first, system=system, time=now(),
                     tags=marks, parent=parent.run_id if parent else None)  # fmt: skip
        self._say("params", more)
        self._say("tags", others)

    def params(self, **params: object) -> None:
        """Say params that were not known at the start. Conflict where one was said otherwise by this run."""
        texts = _texts("param", params, MAX_PARAM)
        for key, value in texts.items():
            if self._params.get(key, value) != value:
                raise Conflict(f"param {key!r} was said before, otherwise", value[:80], self._params[key][:80],
                               "Begin another run.", field=key)  # fmt: skip
        self._params.update(texts)
        self._say("params", in_parts(texts))

    def tags(self, **tags: object) -> None:
        """Add tags or change them."""
        self._say("tags", in_parts(_texts("tag", tags, MAX_TAG)))

    def _say(self, what: str, parts: Iterable[dict[str, str]]) -> None:
        for part in parts:
            self._courier.tell("say", self.run_id, **{what: part})

    def flush(self, timeout: float = 60.0) -> None:
        """Return once everything logged is on this disk and, if it answers within ``timeout``, at the workbench."""
        self._courier.flush(timeout)

    def left(self) -> Left:
        """What the workbench has not got by now; false where it has everything."""
        return self._courier.left()

    def _put(self, step: int, values: dict[str, float]) -> None:
        self._courier.put(self.run_id, step, values)

    def _keep(self, name: str, content: bytes | Path) -> None:
        if isinstance(content, Path) and content.is_dir():
            for inner in sorted(path for path in content.rglob("*") if path.is_file() and not path.is_symlink()):
                self._keep(f"{name}/{inner.relative_to(content).as_posix()}", inner)
            return
        folder = self._courier.outbox.path.parent
        copy = folder / f"{secrets.token_hex(12)}{FILE}"
        try:  # a copy: what the caller does with the file afterwards changes nothing
            digest = _copied(content, copy)
            sync_folder(folder)
        except OSError as error:
            copy.unlink(missing_ok=True)
            if isinstance(content, Path) and not os.access(content, os.R_OK):
                got = f"{content}: {error.strerror}"
                raise WrongInput(f"artifact {name!r} cannot be read", got, "a readable file") from None
            log.warning("artifact %r is not kept: %s", name, error.strerror)
            return
        self._courier.tell("file", self.run_id, name=name, file=copy.name, sha256=digest)

    def _warn(self, text: str, level: str) -> None:
        self._courier.tell("alert", self.run_id, text=text, level=level, time=now())

    def _begin_child(self, name: str) -> RemoteRun:
        # Made of the parent's and the name, so that after a restart it is the same one.
        run_id = hashlib.sha256(f"{self.run_id}/{name}".encode()).hexdigest()[:32]
        return RemoteRun(
            self._courier, self._home, self.experiment, name=name, run_id=run_id, parent=self, device=self.device,
            folder=self.folder / "children" / name, should_stop=self._stop,
        )  # fmt: skip

    def _end(self, status: str, error: str) -> None:
        for child in self._children.values():
            child.finish(status)
        if error:
            self._courier.tell("say", self.run_id, tags={"castalia.error": error})
        self._courier.tell("end", self.run_id, status=status, time=now())
        if self._parent is None and (left := self._courier.close()):
            log.warning("run %s: %s", self.run_id, left)


def begin(experiment: str, server: str, token: str | None, home: Path, **more: object) -> RemoteRun:
    """A run of the workbench at ``server``. What earlier processes left for it is sent as well, beside it."""
    address = Address(server)
    secret = Settings.read().token if token is None else token
    folder = folder_of(home, address)
    courier = Courier(home, address, secret, experiment)
    try:
        run = RemoteRun(courier, home, experiment, **more)  # type: ignore[arg-type]
    except CastaliaError:
        courier.close(0.0)
        raise
    if len(list(folder.glob(f"*{ENDING}"))) > 1:
        threading.Thread(target=_bring, args=(folder, address, secret), name="castalia-sync", daemon=True).start()
    return run


def _bring(folder: Path, address: Address, token: str) -> None:
    try:
        bring(folder, address, token)
    except Exception:  # beside somebody's training: it waits for the next time
        log.warning("what an earlier run left in %s is not sent yet", folder, exc_info=True)


def _copied(content: bytes | Path, path: Path) -> str:
    """Write a copy that is on disk when this returns; its sha256."""
    digest = hashlib.sha256()
    with path.open("xb") as out, io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source:
        while piece := source.read(2**20):
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _texts(what: str, pairs: Mapping[str, object] | None, limit: int) -> dict[str, str]:
    return {
        checked_key(what, key): checked_text(f"{what} {str(key)[:MAX_KEY]}", as_text(value), limit, empty=True)
        for key, value in (pairs or {}).items()
    }
