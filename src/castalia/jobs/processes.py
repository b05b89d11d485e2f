"""Which process is meant, does it live, and how to end it with everything it started.

A pid alone names nothing: it is given to another process later. A ``Process`` is a pid with the
moment of its birth from /proc, and is signalled through a pidfd, so that a signal never reaches a
stranger. Where /proc is missing (macOS, Windows) only the pid is compared.

Descendants are found by a mark in their environment, which children inherit even when they leave
the process group; see ``marked``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LINUX = sys.platform == "linux"
KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows only TERM, which is final there


@dataclass(frozen=True)
class Process:
    """One process, never mistaken for a later one with the same pid."""

    pid: int
    birth: str
    """Boot id and start time in clock ticks; empty where the system does not tell."""

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The living (or not yet reaped) process with this pid."""
        if not LINUX:
            return cls(pid, "") if _exists(pid) else None
        fields = _stat(pid)
        return cls(pid, f"{_boot()}:{fields[19]}") if fields else None

    @classmethod
    def me(cls) -> Process:
        """This very process."""
        found = cls.of(os.getpid())
        assert found is not None, "a process sees itself in /proc"
        return found

    @classmethod
    def read(cls, value: object) -> Process | None:
        """From the JSON that ``as_dict`` gave, None for anything else."""
        if isinstance(value, dict) and isinstance(value.get("pid"), int) and isinstance(value.get("birth"), str):
            return cls(value["pid"], value["birth"])
        return None

    def as_dict(self) -> dict[str, object]:
        return {"pid": self.pid, "birth": self.birth}

    def alive(self) -> bool:
        """It runs; a zombie does not."""
        if not LINUX:
            return _exists(self.pid)
        fields = _stat(self.pid)
        return bool(fields) and fields[0] not in "ZX" and self == Process.of(self.pid)

    def signal(self, number: int) -> bool:
        """Send ``number`` to exactly this process; False when it is gone."""
        try:
            if not LINUX or not hasattr(os, "pidfd_open"):
                if self.alive():
                    os.kill(self.pid, number)
                    return True
                return False
            handle = os.pidfd_open(self.pid)
        except OSError:
            return False
        try:
            # The handle is bound to one process: when the birth still matches now, it is the right one.
            if Process.of(self.pid) != self:
                return False
            signal.pidfd_send_signal(handle, number)
            return True
        except OSError:
            return False
        finally:
            os.close(handle)


def signal_group(leader: int, number: int) -> None:
    """Signal the whole group of ``leader``. Only for a leader that this process has not reaped:
    until then the kernel gives neither its pid nor its group id to anyone else."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def marked(mark: str) -> list[Process]:
    """The living processes, but for this one, whose environment holds ``mark`` ("NAME=value").

    Children inherit it, so this finds a child's children also in groups and sessions of their own.
    A prefix such as ``"NAME="`` finds every value. Empty where /proc is missing.
    """
    wanted = mark.encode()
    whole = not mark.endswith("=")

    def holds(pid: int) -> bool:
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return wanted in variables if whole else any(v.startswith(wanted) for v in variables)

    return _where(holds)


def environment_of(process: Process, name: str) -> str:
    """One variable as ``process`` was given it; empty when it cannot be read."""
    try:
        variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    prefix = name.encode() + b"="
    return next((v[len(prefix) :].decode(errors="replace") for v in variables if v.startswith(prefix)), "")


def children() -> list[Process]:
    """The living direct children of this process, those it was handed as a subreaper among them."""
    me = str(os.getpid())
    return _where(lambda pid: _stat(pid)[1:2] == [me])


def end_all(find: Callable[[], list[Process]], seconds: float = 5.0) -> list[Process]:
    """Kill what ``find`` finds until it finds nothing; returns what still lives after ``seconds``."""
    give_up = time.monotonic() + seconds
    pause = 0.002
    while found := find():
        for process in found:
            process.signal(KILL)
        if time.monotonic() > give_up:
            return found
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
    return []


def ended(pid: int) -> bool:
    """Whether the child ``pid`` has exited, leaving it unreaped. Orphans handed to us are reaped on the way."""
    while True:
        try:
            seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        if seen is None:
            return False
        if seen.si_pid == pid:
            return True
        os.waitpid(seen.si_pid, os.WNOHANG)


def reap_orphans() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def become_subreaper() -> None:
    """Orphans among the descendants of this process become its children instead of init's (Linux)."""
    if LINUX:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _where(wanted: Callable[[int], bool]) -> list[Process]:
    me = os.getpid()
    found = (Process.of(pid) for pid in _pids() if pid != me and wanted(pid))
    return [process for process in found if process is not None and process.alive()]


def _pids() -> Iterator[int]:
    if LINUX:
        yield from (int(name) for name in os.listdir("/proc") if name.isdigit())


def _stat(pid: int) -> list[str]:
    """Fields 3 and on of /proc/<pid>/stat: state, parent, group, session … start time at 19. Empty when gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    # The second field is the command in parentheses and may itself hold spaces and parentheses.
    return text.rpartition(")")[2].split()


def _boot() -> str:
    global _boot_id
    if not _boot_id:
        try:
            _boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        except OSError:
            _boot_id = "-"
    return _boot_id


_boot_id = ""


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        return pid == os.getpid()  # os.kill(pid, 0) would end the process there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
