"""Stands between the checker and the runner: ``python -m castalia.check.cage ORDER``, ORDER a JSON object.

It encloses itself, starts the runner, watches the tree of processes that grows from it, and ends all of it when the
runner ends, when a limit is passed, or when the checker says so or is gone (its end of the pipe LIFE closes; gone
without a word, it left its folder to this process to remove). What happened is in report.json beside the runner's
folder. Frames do not pass through here: the runner inherits the pipes.

With a PID namespace the kernel ends the whole tree with its first process. Without one this process is a subreaper,
so that an orphan becomes its child, and it kills what carries its mark until nothing is found (castalia.jobs).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from castalia.check.folders import Usage, remove
from castalia.jobs.processes import (
    KILL,
    LINUX,
    Process,
    become_subreaper,
    children,
    end_all,
    ended,
    marked,
    reap_orphans,
    signal_group,
)
from castalia.jobs.spawn import settle

POLL = 0.02
CANNOT_START = 127
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Cage:
    """One runner, from its start to the end of everything it started."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order, self.limits = order, order["limits"]
        self.folder = Path(order["folder"])
        self.usage = Usage(self.folder, self.limits["disk"], self.limits["entries"])
        self.sockets: list[str] = []
        self.refused: dict[str, str] = {}
        self.reason = ""
        self.peak = 0
        self.user = 0  # whom root becomes for the runner
        self.status, self.told = os.pipe()  # the runner's wait status, from the first process of a PID namespace
        self.nothing = os.open(os.devnull, os.O_RDWR)

    def run(self) -> None:
        become_subreaper()
        come_first()
        first = self.start()
        self.write_report(None)
        for handle in (0, 1, 2):  # the runner's pipes must close with the runner
            os.dup2(self.nothing, handle)
        os.close(self.told)
        status = self.watch(first)
        if status is None:
            self.write_report(None)  # the reason first: a storm takes a while to end
            signal_group(first, KILL)  # without a PID namespace it leads a group of its own
            os.kill(first, KILL)
        end_all(self.left)
        self.write_report(status)
        if self.reason == "abandoned":
            remove(Path(self.order["report"]).parent)

    def start(self) -> int:
        """The pid of the runner, or of the first process of its PID namespace."""
        if LINUX and self.order["namespaces"]:
            from castalia.check import namespaces

            self.sockets = namespaces.open_sockets()  # the new network namespace does not tell of them
            self.refused = namespaces.unshare()
        elif LINUX:
            self.refused = dict.fromkeys(("pid namespace", "network namespace"), "not asked for")
        own_pids = self.refused.get("pid namespace") == ""
        ready, tell = os.pipe()
        first = os.fork()
        if first == 0:
            os.close(ready)
            self.enclose(tell, own_pids)
        os.close(tell)
        with os.fdopen(ready) as stream:
            self.refused |= json.loads(stream.read() or "{}")
        return first

    def enclose(self, tell: int, own_pids: bool) -> NoReturn:
        """In the first process: the rest of the enclosure, then the runner, as its child in a PID namespace."""
        try:
            found = {"read-only files": "not asked for"}
            if LINUX and self.order["namespaces"]:
                from castalia.check import namespaces

                if own_pids:
                    namespaces.die_with_parent()
                no_network = self.refused.get("network namespace") == ""
                loopback, sockets = self.limits["loopback"] and no_network, self.sockets if no_network else []
                found = namespaces.enclose(self.folder, loopback, sockets)
            if LINUX:
                found |= self.choose_user()
            os.write(tell, json.dumps(found).encode())
            os.close(tell)
            if own_pids and (runner := os.fork()):
                self.be_first(runner)
            self.become_runner()
        except BaseException as error:
            os.write(2, f"castalia: the runner could not be started: {error}\n".encode())
        os._exit(CANNOT_START)

    def choose_user(self) -> dict[str, str]:
        """Whom the runner will be, and whether the kernel limits the number of that user's processes."""
        from castalia.check import namespaces

        told = {"own user": "", "process limit": ""}
        if user := namespaces.a_user():
            told["process limit"] = namespaces.holds_processes(user, self.order["command"][0])
            if not told["process limit"]:
                for place in (self.folder, *self.folder.iterdir()):
                    os.chown(place, user, user)
                self.user = user
                return told
        told["own user"] = told["process limit"] or "it is the user who runs the check"
        told["process limit"] = namespaces.holds_processes(0)
        return told

    def be_first(self, runner: int) -> NoReturn:
        """Process 1: adopts and reaps orphans; when the runner ends, passes on how and ends, and with it all others."""
        for handle in (0, 1, 2):
            os.dup2(self.nothing, handle)
        while True:
            pid, status = os.wait()
            if pid == runner:
                os.write(self.told, str(status).encode())
                os._exit(0)

    def become_runner(self) -> NoReturn:
        os.setsid()
        for number in IGNORED:
            signal.signal(number, signal.SIG_DFL)
        os.chdir(self.order["cwd"])
        for handle in (self.status, self.told, self.nothing, self.order["life"]):
            os.close(handle)
        set_limits(self.limits, self.user)
        if LINUX:
            from castalia.check import namespaces

            namespaces.become(self.user) if self.user else namespaces.drop_privileges()
        os.execve(self.order["command"][0], self.order["command"], self.order["environment"])  # noqa: S606

    # --- while it runs -------------------------------------------------------------------------

    def watch(self, first: int) -> int | None:
        """Until the runner ends or must end: its wait status, None when it is to be killed from here."""
        life = self.order["life"]
        while True:
            if select.select([life], [], [], POLL)[0]:
                self.reason = "released" if os.read(life, 1) else "abandoned"
                return None
            if ended(first):
                signal_group(first, KILL)  # it is not reaped yet, so the id still means its own group
                _, status = os.waitpid(first, 0)
                sent = os.read(self.status, 32) if select.select([self.status], [], [], 0)[0] else b""
                return int(sent) if sent else status
            self.reason = self.excess()
            if self.reason:
                return None

    def excess(self) -> str:
        """The limit that the whole tree has passed, or nothing."""
        tree = descendants(os.getpid())
        resident = sum(resident_bytes(pid) for pid in tree)
        if resident > self.limits["memory"] and len(tree) > 2:
            resident = sum(own_bytes(pid) for pid in tree)  # forks share pages: count each once
        self.peak = max(self.peak, resident)
        if resident > self.limits["memory"]:
            return "memory"
        if len(tree) > self.limits["processes"] + 1:
            return "processes"
        return "disk" if self.usage.passed() else ""

    def left(self) -> list[Process]:
        """What still lives of it, in whatever session or group it went."""
        reap_orphans()
        return list(dict.fromkeys(marked(self.order["mark"]) + children()))

    def write_report(self, status: int | None) -> None:
        code = None if status is None else os.waitstatus_to_exitcode(status)
        told = {"reason": self.reason, "code": code, "peak": self.peak, "refused": self.refused}
        path = Path(self.order["report"])
        scrap = path.with_suffix(".new")
        scrap.write_text(json.dumps(told))
        os.replace(scrap, path)


def come_first() -> None:
    """Run before any storm of processes that is to be ended (root; what is forked from here is as before)."""
    if hasattr(os, "SCHED_RESET_ON_FORK"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def set_limits(limits: dict[str, Any], user: int = 0) -> None:
    """The kernel's limits on each process, of a ``user`` of its own perhaps. One that the system lacks or refuses is
    left: the polling holds the tree."""
    try:
        import resource
    except ImportError:
        return
    own = user_threads() if os.geteuid() and not user else 0
    wanted = [
        ("RLIMIT_AS", limits["address_space"]), ("RLIMIT_CPU", int(limits["cpu"]) + 1),
        ("RLIMIT_FSIZE", limits["file_size"]), ("RLIMIT_NOFILE", limits["files"]), ("RLIMIT_CORE", 0),
    ]  # fmt: skip
    if LINUX:  # elsewhere nobody tells how many the user has already, and they count
        wanted.append(("RLIMIT_NPROC", own + 4 * limits["processes"]))
    for name, value in wanted:
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        last = value + 1 if name == "RLIMIT_CPU" and hard == resource.RLIM_INFINITY else value  # XCPU, then KILL
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, last))


def descendants(root: int) -> list[int]:
    """The pids below ``root``, zombies too: they count against the limit. Empty where /proc is missing."""
    listed = os.path.exists(f"/proc/{root}/task/{root}/children")
    parents = {} if listed else _by_parent()
    found: list[int] = []
    edge = [root]
    while edge:
        edge = [child for pid in edge for child in (_children(pid) if listed else parents.get(pid, ()))]
        found += edge
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def _by_parent() -> dict[int, list[int]]:
    """The same from every process's stat, for kernels that keep no list of children."""
    below: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError, IndexError, ValueError):
                    text = Path(f"/proc/{name}/stat").read_text(errors="replace")
                    below.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(name))
    return below


def resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError):
        return 0


def own_bytes(pid: int) -> int:
    """Resident bytes, shared pages divided among those who share them."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(row.split()[1]) << 10 for row in rows if row.startswith("Pss:"))
    except (OSError, StopIteration):
        return resident_bytes(pid)


def user_threads() -> int:
    """How many threads this user has already, as far as this namespace sees: RLIMIT_NPROC counts them all."""
    me, count = os.geteuid(), 0
    with contextlib.suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if entry.stat().st_uid == me:
                        count += len(os.listdir(f"/proc/{entry.name}/task"))
    return count


def main(args: list[str]) -> int:
    for number in IGNORED:  # ^C is for the checker, which then lets go of LIFE
        signal.signal(number, signal.SIG_IGN)
    settle()
    Cage(json.loads(args[0])).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
