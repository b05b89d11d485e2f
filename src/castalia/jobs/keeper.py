"""Stands between the workbench and the work: ``python -m castalia.jobs.keeper FOLDER ATTEMPT``.

The keeper starts the worker, takes down what it prints, holds it to its limits, and ends it with
everything it started. It is a process of its own so that all of this goes on while the workbench is
restarted, and so that the way the worker ended is known although nobody else was there.

It holds the job's lock while it lives: who can take the lock knows that the job does not run. It looks
twice a second whether a workbench attends to this home (workbench.json names a living process);
when none has for ``grace`` seconds it ends the work as interrupted, for the next workbench to resume.
TERM asks it to end the work gently, a second TERM at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError
from castalia.jobs.folder import Folder, read_json
from castalia.jobs.log import CappedLog
from castalia.jobs.processes import (
    KILL,
    Process,
    become_subreaper,
    children,
    end_all,
    ended,
    marked,
    reap_orphans,
    signal_group,
)
from castalia.jobs.spawn import settle, spawn


def main(args: list[str]) -> int:
    folder, attempt = Folder(Path(args[0])), int(args[1])
    asked: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(time.monotonic()))
    settle()
    lock = folder.lock()
    if not lock.take(seconds=10.0):
        return 0  # another keeper has this job
    state = folder.read("state.json")
    if state is None or state["state"] != "running" or state["attempt"] != attempt:
        return 0  # a workbench took this job for dead while we were starting, and went on without us
    end_all(lambda: marked(folder.mark))  # what a killed keeper of an earlier attempt left
    Keeper(folder, state, asked).run()
    return 0


class Keeper:
    """One attempt of one job, from the start of its worker to exit.json."""

    def __init__(self, folder: Folder, state: dict[str, Any], asked: list[float]) -> None:
        self.folder, self.state, self.asked = folder, state, asked
        limits = (folder.read("spec.json") or {}).get("limits", {})
        self.log = CappedLog(folder.log, limits.get("output") or 4 << 20)
        self.wall: float | None = limits.get("wall")
        self.began = self.attended = time.monotonic()
        self.looked = 0.0
        self.result_seen: float | None = None
        self.reason: str | None = None
        self.kill_at = float("inf")

    def run(self) -> None:
        become_subreaper()
        attempt = self.state["attempt"]
        self.folder.keep_spare()
        reading, writing = os.pipe()
        try:
            worker = spawn(
                "castalia.jobs.worker", str(self.folder.path), str(attempt), mark=self.folder.mark, stdout=writing
            )
        except OSError as error:
            self.record({"attempt": attempt, "code": None, "signal": None, "reason": f"not started: {error.strerror}"})
            return
        finally:
            os.close(writing)
        self.record_start(attempt, worker.pid)
        self.watch(worker, reading)
        # The worker is a zombie now and not yet reaped, so its group id still means its group.
        signal_group(worker.pid, KILL)
        status, peak = self.reap(worker)
        end_all(self.left)
        self.drain(reading)
        self.log.close()
        code = os.waitstatus_to_exitcode(status)
        exit_ = {"code": code if code >= 0 else None, "signal": -code if code < 0 else None, "peak_memory": peak}
        self.record({"attempt": attempt, "reason": self.reason, "ended": time.time(), **exit_})

    def watch(self, worker: subprocess.Popen[bytes], reading: int) -> None:
        """Take down the output and keep the rules until the worker has ended."""
        silent = False
        while not ended(worker.pid):
            if silent:
                time.sleep(0.05)  # it closed its output and goes on working
            elif select.select([reading], [], [], 0.1)[0]:
                silent = not self.take(reading)
            now = time.monotonic()
            if now - self.looked >= 0.5:
                self.looked = now
                self.look(now)
            self.stop_when_due(worker.pid, now)

    def look(self, now: float) -> None:
        """Is there a workbench, and is the work perhaps done?"""
        workbench = Process.read(read_json(self.folder.path.parent / "workbench.json"))
        if workbench is not None and workbench.alive():
            self.attended = now
        if self.result_seen is None and self.folder.read_of("result.json", self.state["attempt"]):
            self.result_seen = now

    def stop_when_due(self, worker: int, now: float) -> None:
        """TERM when there is a reason, KILL when it was not heeded in time."""
        patience = self.state["patience"]
        if self.reason is None:
            if self.asked:
                self.stop(worker, "stopped", patience)
            elif self.wall is not None and now - self.began > self.wall:
                self.stop(worker, "wall", patience)
            elif now - self.attended > self.state["grace"]:
                self.stop(worker, "interrupted", min(patience, 3.0))
        second_term = len(self.asked) > 1
        lingers = self.result_seen is not None and now - self.result_seen > patience  # its work is on disk
        if second_term or lingers or now >= self.kill_at:
            signal_group(worker, KILL)

    def stop(self, worker: int, reason: str, patience: float) -> None:
        self.reason = reason
        self.kill_at = time.monotonic() + patience
        signal_group(worker, signal.SIGTERM)

    def left(self) -> list[Process]:
        """What the worker started and what still lives, also in sessions of its own."""
        reap_orphans()
        return list(dict.fromkeys(marked(self.folder.mark) + children()))

    def take(self, reading: int) -> bool:
        data = os.read(reading, 1 << 16)
        self.log.write(data)
        return bool(data)

    def drain(self, reading: int) -> None:
        """What was printed and not yet taken down. Its writers are dead, so this ends."""
        while select.select([reading], [], [], 0)[0] and self.take(reading):
            pass

    def reap(self, worker: subprocess.Popen[bytes]) -> tuple[int, int | None]:
        """(wait status, peak memory in bytes)."""
        _, status, usage = os.wait4(worker.pid, 0)
        worker.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it again
        return status, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    def record_start(self, attempt: int, worker: int) -> None:
        found = Process.of(worker)
        value = {"attempt": attempt, "keeper": Process.me().as_dict(), "worker": found.as_dict() if found else None}
        with contextlib.suppress(CastaliaError):  # on a full disk the lock and the mark are what counts
            self.folder.write("keeper.json", value)

    def record(self, value: dict[str, Any]) -> None:
        try:
            self.folder.write_at_last("exit.json", value)
        except CastaliaError:
            # The log is worth less than knowing how it ended: give its space back too.
            os.truncate(self.folder.log, 0)
            self.folder.write("exit.json", value)
        (self.folder.path / "spare").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
