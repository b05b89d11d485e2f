"""The workbench's side of running jobs: one thread that starts keepers and settles what ended."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from castalia.core.errors import CastaliaError, Unavailable
from castalia.jobs.folder import Folder
from castalia.jobs.outcome import events_size, failed, outcome
from castalia.jobs.processes import KILL, Process, end_all, environment_of, marked
from castalia.jobs.spawn import spawn


@dataclass
class _Held:
    """A job that is not over, with what this process knows of it."""

    folder: Folder
    spec: dict[str, Any]
    state: dict[str, Any]
    keeper: subprocess.Popen[bytes] | None = None
    """Ours; None for one that an earlier workbench started."""
    attended: bool = True
    """This process has watched it from its start."""
    signalled: list[float] = field(default_factory=list)
    unsaved: bool = False

    def running(self) -> bool:
        return bool(self.state["state"] == "running")

    def process(self) -> Process | None:
        """The keeper, once it is known."""
        if self.keeper is not None:
            return Process.of(self.keeper.pid) if self.keeper.poll() is None else None
        told = self.folder.read_of("keeper.json", self.state["attempt"]) or {}
        return Process.read(told.get("keeper"))

    def gone(self) -> bool:
        """No keeper lives."""
        return self.keeper.poll() is not None if self.keeper is not None else self.folder.idle()


class Attendant:
    """Holds the jobs that are not over: at most ``running`` run, the others wait in order."""

    def __init__(self, running: int, grace: float, patience: float) -> None:
        self._limit, self._grace, self._patience = running, grace, patience
        self._held: dict[str, _Held] = {}
        self._change = threading.Condition(threading.RLock())
        self._closing = False
        self._thread = threading.Thread(target=self._attend, name="castalia-jobs", daemon=True)
        self._thread.start()

    def state(self, id: str) -> dict[str, Any] | None:
        """What is in state.json, or should be if the disk were not full; None when it is not held here."""
        held = self._held.get(id)
        return held.state if held else None

    def adopt(self, folders: list[Folder]) -> None:
        """Take over what an earlier workbench of this home left."""
        end_hosts_left()
        with self._change:
            for folder in folders:
                spec, state = folder.read("spec.json"), folder.read("state.json")
                if spec is None or state is None:
                    continue
                if state["state"] == "queued":
                    self._held[folder.id] = _Held(folder, spec, state)
                elif state["state"] == "running":
                    held = self._held[folder.id] = _Held(folder, spec, state, attended=False)
                    if held.gone():
                        self._settle(held)
                    else:
                        held.attended = True
            self._change.notify_all()

    def queue(self, folder: Folder, spec: dict[str, Any], state: dict[str, Any]) -> None:
        """Take in a job whose state on disk is "queued"."""
        with self._change:
            self._held[folder.id] = _Held(folder, spec, state)
            self._change.notify_all()

    def resume(self, folder: Folder, spec: dict[str, Any], state: dict[str, Any]) -> None:
        """Take in a job that was over, for one more attempt."""
        with self._change:  # one writer at a time: the end of the last attempt may still be on its way to the disk
            folder.write("state.json", state)
            self.queue(folder, spec, state)

    def cancel(self, id: str) -> None:
        with self._change:
            held = self._held.get(id)
            if held is None:
                return
            if not held.running():
                self._save(held, {**held.state, "state": "cancelled", "cancel": time.time(), "ended": time.time()})
                return
            if not held.state.get("cancel"):
                state = {**held.state, "cancel": time.time()}
                held.folder.write("state.json", state)  # the wish is on disk before anything is done about it
                held.state = state
            self._signal(held)

    def close(self, end_jobs: bool) -> None:
        """Stop attending. With ``end_jobs`` no job lives on return."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join()
        if not end_jobs:
            return
        running = [held for held in self._held.values() if held.running()]
        until = time.monotonic() + self._patience + 2
        for held in running:
            self._signal(held)
        while any(not held.gone() for held in running) and time.monotonic() < until:
            time.sleep(0.02)
        for held in running:
            if process := held.process():
                process.signal(KILL)
            end_all(lambda mark=held.folder.mark: marked(mark))  # type: ignore[misc]

    def _attend(self) -> None:
        while True:
            with self._change:
                if self._closing:
                    return
                waiting = self._tick()
                self._change.wait(0.05 if waiting else None)

    def _tick(self) -> bool:
        """Settle what ended, start what may; False when there is nothing to come back for."""
        for held in list(self._held.values()):
            if held.unsaved:
                self._save(held, held.state)
            elif held.running() and held.gone():
                self._settle(held)
            elif held.running() and held.state.get("cancel"):
                self._insist(held)
        busy = sum(held.running() for held in self._held.values())
        queued = [held for held in self._held.values() if held.state["state"] == "queued"]
        queued.sort(key=lambda held: (held.state["queued"], held.folder.id))
        for held in queued[: max(0, self._limit - busy)]:
            self._launch(held)
        return bool(self._held)

    def _launch(self, held: _Held) -> None:
        """Write down the next attempt, then start its keeper. A kill between the two leaves a dead attempt."""
        lock = held.folder.lock()
        if not lock.take(seconds=0.5):
            return  # a keeper of an earlier attempt is still on its way out; next time
        now = time.time()
        state = {
            **held.state,
            "state": "running",
            "attempt": held.state["attempt"] + 1,
            "started": now,
            "ended": None,
            "grace": self._grace,
            "patience": self._patience,
            "events_at_start": events_size(held.folder),
        }
        try:
            held.folder.write("state.json", state)
        except CastaliaError as error:
            self._save(held, failed(held.folder, held.state, error))
            return
        finally:
            lock.free()
        held.state, held.attended, held.signalled = state, True, []
        try:
            held.keeper = spawn("castalia.jobs.keeper", str(held.folder.path), str(state["attempt"]))
        except OSError as error:
            cause = Unavailable(f"{held.spec['title']} could not be started", error.strerror or "", "", "resume it")
            self._save(held, failed(held.folder, state, cause))

    def _settle(self, held: _Held) -> None:
        """Write down how an attempt ended whose keeper is gone."""
        if held.folder.read_of("exit.json", held.state["attempt"]) is None:
            end_all(lambda: marked(held.folder.mark))  # the keeper was killed and could not do it
            (held.folder.path / "spare").unlink(missing_ok=True)
        held.keeper = None
        state = outcome(held.folder, held.spec, held.state, held.attended)
        if state["state"] != "queued":
            state["ended"] = state.get("ended") or time.time()
        self._save(held, state)

    def _insist(self, held: _Held) -> None:
        """Cancel was asked: see to it that the keeper hears it, and that a stuck keeper does not matter."""
        if not held.signalled:
            self._signal(held)
        elif time.monotonic() - held.signalled[0] > self._patience + 5 and (process := held.process()):
            process.signal(KILL)  # its worker ends itself, and _settle ends what is left

    def _signal(self, held: _Held) -> None:
        process = held.process()
        if process is not None and process.signal(15):
            held.signalled.append(time.monotonic())

    def _save(self, held: _Held, state: dict[str, Any]) -> None:
        """Put the state on disk, then let it be seen; on a full disk let it be seen and try again."""
        with self._change:
            try:
                held.folder.write("state.json", state)
                held.unsaved = False
            except CastaliaError:
                held.unsaved = held.folder.path.is_dir()
            held.state = state
            if not held.unsaved and state["state"] not in ("queued", "running"):
                self._held.pop(held.folder.id, None)
            self._change.notify_all()


def end_hosts_left() -> None:
    """Kill what is left of hosts whose owner was killed together with them (a host ends itself otherwise)."""

    def left() -> list[Process]:
        found = []
        for process in marked("CASTALIA_HOST="):
            pid, _, rest = environment_of(process, "CASTALIA_HOST").partition("/")
            owner = Process(int(pid), rest.partition("/")[0]) if pid.isdigit() else None
            if owner is not None and not owner.alive():
                found.append(process)
        return found

    end_all(left)
