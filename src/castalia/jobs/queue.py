"""All jobs of one home: started, queued, followed, cancelled, resumed, adopted after a restart.

Anyone may look; only one process at a time, the workbench, may act: it holds the lock on the jobs
folder and says in workbench.json who it is. Keepers look there (castalia.jobs.keeper).
"""

from __future__ import annotations

import builtins
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError, Conflict, NotFound, Unavailable, WrongInput
from castalia.jobs.attend import Attendant
from castalia.jobs.folder import EventReader, Folder, Lock, explain, read_json, sync_folder, write_json
from castalia.jobs.job import Event, Job, Limits
from castalia.jobs.outcome import job_of, outcome, spec_of
from castalia.jobs.output import MOST, output
from castalia.jobs.processes import Process

_ENTRY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_ID = re.compile(r"\d{8}-\d{9}-[0-9a-f]{6}")


class Jobs:
    """The jobs in ``home/jobs``. Thread-safe. Making one reads nothing and locks nothing.

    ``running``: so many at once, others queue. ``grace``: seconds a job goes on without a workbench.
    ``patience``: seconds between TERM and KILL when it is cancelled.
    """

    def __init__(self, home: Path, *, running: int = 1, grace: float = 10.0, patience: float = 10.0) -> None:
        self.folder = Path(home).absolute() / "jobs"
        self._running, self._grace, self._patience = running, grace, patience
        self._lock = threading.RLock()
        self._home_lock = Lock(self.folder / "lock")
        self._attendant: Attendant | None = None
        self._ended: dict[str, tuple[object, Job]] = {}
        """Jobs that are over, and which state.json said so: they change by ``resume`` alone."""
        self._last_id = 0
        self.closing = False
        """Set by ``close``: whoever follows a job stops following."""

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def adopt(self) -> builtins.list[Job]:
        """Become the workbench of this home: attach to what still runs, settle what died, go on with the queue.

        Returns the jobs that are not over. ``Conflict`` when another process has this home. Doing it
        again changes nothing; ``start``, ``cancel`` and ``resume`` do it first.
        """
        self._own()
        return [job for job in self.list() if not job.over]

    def start(
        self,
        entry: str,
        args: dict[str, Any] | None = None,
        *,
        owner: str = "python",
        title: str = "",
        limits: Limits | None = None,
    ) -> Job:
        """Queue ``entry`` ("package.module:function"), called in a child as ``function(ctx, **args)``.

        On return the job is on disk. A job whose owner is "workbench" is resumed by itself when it is
        interrupted by the workbench's end. ``WrongInput`` for a malformed entry or args that are no JSON,
        ``Unavailable`` on a full disk, ``Conflict`` when another process has this home.
        """
        if not _ENTRY.fullmatch(entry):
            raise WrongInput("The entry of a job", repr(entry), "package.module:function", field="entry")
        try:
            args = json.loads(json.dumps(args or {}, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise WrongInput("The args of a job", str(error), "values that JSON can hold", field="args") from None
        with self._lock:
            attendant = self._own()
            now = time.time()
            spec = {
                "entry": entry,
                "args": args,
                "owner": owner,
                "title": title or entry,
                "created": now,
                "limits": asdict(limits or Limits()),
            }
            state = {"attempt": 0, **_waiting(now)}
            folder = self._make(spec, state)
            attendant.queue(folder, spec, state)
            return job_of(folder, spec, state)

    def get(self, id: str) -> Job:
        """The job now; ``NotFound``."""
        attendant, kept = self._attendant, self._ended.get(id)
        # Where this process is the workbench nobody else writes; elsewhere one may have resumed it.
        if kept is not None and (attendant is not None or kept[0] == _stamp(self.folder / id)):
            return kept[1]
        folder = self._folder(id)
        before = _stamp(folder.path)
        spec = spec_of(folder)
        state = (attendant.state(id) if attendant else None) or folder.read("state.json")
        if state is None:
            raise NotFound(f"No job {id!r}", expected="the id of a job", cure="see GET /jobs")
        settled = True
        if attendant is None and state["state"] == "running" and not self._attended() and folder.idle():
            state, settled = outcome(folder, spec, state, attended=False), False  # from outside, after a kill of all
        job = job_of(folder, spec, state)
        if job.over and settled and (attendant is None or attendant.state(id) is None):
            self._ended[id] = before, job
            if _stamp(folder.path) != before:
                self._ended.pop(id, None)  # it was resumed meanwhile
        return job

    def list(self, owner: str | None = None) -> builtins.list[Job]:
        """All jobs, the newest first; of one owner only, when named."""
        found = []
        for id in sorted(self._ids(), reverse=True):
            try:
                found.append(self.get(id))
            except NotFound:
                continue  # deleted meanwhile
        return [job for job in found if owner is None or job.owner == owner]

    def events(self, id: str, after: int = 0) -> EventReader:
        """A reader of the job's events with n > after that never waits."""
        return EventReader(self._folder(id).events, after)

    def follow(self, id: str, after: int = 0) -> Iterator[Event]:
        """The events with n > after as they come; ends when the job is over (or ``close`` was called)."""
        reader = EventReader(self._folder(id).events, after)
        while True:
            over = self.get(id).over or self.closing  # asked before reading, so that the last events are not missed
            found = reader.read()
            yield from found
            if over and not found:
                return
            if not found:
                time.sleep(0.05)

    async def afollow(self, id: str, after: int = 0) -> AsyncIterator[Event]:
        """As ``follow``, without blocking the event loop while it waits."""
        import asyncio  # not for those who only ask for the list

        reader = EventReader(self._folder(id).events, after)
        while True:
            over = self.get(id).over or self.closing
            found = reader.read()
            for event in found:
                yield event
            if over and not found:
                return
            if not found:
                await asyncio.sleep(0.1)

    def wait(self, id: str, timeout: float | None = None) -> Job:
        """Block until the job is over; ``Unavailable`` after ``timeout`` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while not (job := self.get(id)).over:
            if until is not None and time.monotonic() > until:
                cure = "wait longer or cancel it"
                raise Unavailable(f"Job {id} is {job.state}", f"waited {timeout:g} s", "its end", cure)
            time.sleep(0.03)
        return job

    def log(self, id: str, lines: int | None = None) -> str:
        """What the child printed (the middle may be left out); the last ``lines`` of it when given."""
        folder = self._folder(id)
        if lines is not None:
            return "\n".join(folder.log_tail(lines))
        try:
            return folder.log.read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def output(self, id: str, after: int | None = None, most: int = MOST) -> dict[str, Any]:
        """What the child printed from the place ``after`` on, see ``castalia.jobs.output``."""
        job = self.get(id)  # asked before reading, so that the last line is whole
        return output(self._folder(id).log, after, most, job.over, job.limits.output)

    def cancel(self, id: str) -> Job:
        """Ask it to stop: TERM to its group, KILL after ``patience``; a second time, KILL at once. Does not wait.

        A queued job is cancelled on return; one that is over stays as it is. The wish is on disk on return.
        """
        with self._lock:
            attendant = self._own()
            if not self.get(id).over:
                attendant.cancel(id)
            return self.get(id)

    def resume(self, id: str) -> Job:
        """Queue a failed or cancelled job once more, in its folder, as its next attempt. ``Conflict`` otherwise."""
        with self._lock:
            attendant = self._own()
            job = self.get(id)
            if job.state not in ("failed", "cancelled"):
                raise Conflict(f"Job {id} cannot be resumed", f"it is {job.state}", "a failed or cancelled job")
            folder = self._folder(id)
            state = folder.read("state.json")
            assert state is not None, "get() has just read it"
            state = {**state, **_waiting(time.time()), "ended": None}
            attendant.resume(folder, spec_of(folder), state)
            self._ended.pop(id, None)
            return self.get(id)

    def forget(self, id: str) -> None:
        """Delete a job that is over, with its files. ``Conflict`` while it is not."""
        with self._lock:
            self._own()
            if not self.get(id).over:
                raise Conflict(f"Job {id} cannot be deleted", "it is not over", "a job that is over", "cancel it first")
            self._ended.pop(id, None)
            # The name goes first, in one step: a kill in the middle leaves no half a job.
            scrap = self.folder / f".old-{id}"
            os.rename(self._folder(id).path, scrap)
            shutil.rmtree(scrap, ignore_errors=True)

    def sweep(self, keep: int | None = None) -> None:
        """Remove what kills left half-made; with ``keep``, also all but so many of the newest jobs that are over."""
        with self._lock:
            self._own()
            for path in self.folder.glob(".[no][el][wd]-*"):
                shutil.rmtree(path, ignore_errors=True)
            if keep is not None:
                for job in [job for job in self.list() if job.over][keep:]:
                    self.forget(job.id)

    def close(self, end_jobs: bool = False) -> None:
        """Give the home back. Running jobs go on for ``grace`` seconds, for another workbench to adopt.

        ``end_jobs``: they are stopped instead, as interrupted, and none lives on return.
        """
        self.closing = True
        with self._lock:
            attendant, self._attendant = self._attendant, None
            if attendant is not None:
                attendant.close(end_jobs)
                (self.folder / "workbench.json").unlink(missing_ok=True)
                self._home_lock.free()

    def _own(self) -> Attendant:
        with self._lock:
            if self._attendant is not None:
                return self._attendant
            if self.closing:
                raise Unavailable("These jobs are closed", cure="make a new Jobs(home)")
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise explain(error, "The folder of jobs could not be made") from None
            if not self._home_lock.take(seconds=0.2):
                other = read_json(self.folder / "workbench.json") or {}
                got = f"process {other.get('pid', 'unknown')} has it"
                cure = "stop that process, ask it over HTTP, or set CASTALIA_HOME to another folder"
                raise Conflict("Another workbench uses this home", got, "one at a time", cure)
            try:
                write_json(self.folder / "workbench.json", Process.me().as_dict())
            except CastaliaError:
                self._home_lock.free()
                raise
            self._attendant = Attendant(self._running, self._grace, self._patience)
            self._ended.clear()
            self._attendant.adopt([self._folder(id) for id in sorted(self._ids())])
            self.sweep()
            return self._attendant

    def _attended(self) -> bool:
        workbench = Process.read(read_json(self.folder / "workbench.json"))
        return workbench is not None and workbench.alive()

    def _make(self, spec: dict[str, Any], state: dict[str, Any]) -> Folder:
        """A new folder that appears under its name only with everything in it."""
        stamp = max(int(time.time() * 1000), self._last_id + 1)  # two in one millisecond keep their order
        self._last_id = stamp
        day = time.strftime("%Y%m%d-%H%M%S", time.gmtime(stamp / 1000))
        id = f"{day}{stamp % 1000:03d}-{secrets.token_hex(3)}"
        scrap, path = Folder(self.folder / f".new-{id}"), self.folder / id
        try:
            scrap.path.mkdir()
            scrap.write("spec.json", spec)
            scrap.write("state.json", state)
            os.rename(scrap.path, path)
            sync_folder(self.folder)
        except OSError as error:
            raise explain(error, "A new job could not be written") from None
        finally:
            shutil.rmtree(scrap.path, ignore_errors=True)
        return Folder(path)

    def _folder(self, id: str) -> Folder:
        if not _ID.fullmatch(id) or not (self.folder / id).is_dir():
            raise NotFound(f"No job {id[:80]!r}", expected="the id of a job", cure="see GET /jobs")
        return Folder(self.folder / id)

    def _ids(self) -> builtins.list[str]:
        try:
            return [name for name in os.listdir(self.folder) if _ID.fullmatch(name)]
        except FileNotFoundError:
            return []


def _stamp(folder: Path) -> object:
    """Which state.json is in the folder of a job: it is replaced whole."""
    try:
        found = os.stat(folder / "state.json")
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _waiting(now: float) -> dict[str, Any]:
    """What state.json says of a job that waits for its next attempt."""
    return {"state": "queued", "queued": now, "cancel": None, "error": None, "fruitless": 0}
