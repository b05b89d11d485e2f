"""Entries for the tests of castalia.jobs, and a workbench to be killed: ``python -m jobs_toys HOME``."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from castalia.core.errors import Stopped, WrongInput
from castalia.jobs import JobContext, Jobs

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]


def count(ctx: JobContext, n: int, pause: float = 0.01) -> dict[str, Any]:
    """Count to n; go on where an earlier attempt was killed. A step is saved, then said."""
    kept = ctx.folder / "at"
    first = int(kept.read_text()) if kept.exists() else 0
    for i in range(first, n):
        ctx.check()
        (ctx.folder / "at.new").write_text(str(i))
        os.replace(ctx.folder / "at.new", kept)
        ctx.emit("step", i=i)
        ctx.progress(i + 1, n)
        print(f"step {i}")
        time.sleep(pause)
    return {"n": n, "attempt": ctx.attempt}


def refuse(ctx: JobContext) -> dict[str, Any]:
    raise WrongInput("tenure", "-1", "0 or more", "give a positive number", field="tenure")


def crash(ctx: JobContext) -> dict[str, Any]:
    print("about to divide")
    return {"x": 1 // 0}


def full(ctx: JobContext) -> dict[str, Any]:
    raise OSError(errno.ENOSPC, "No space left on device", "/secret/place")


def leave(ctx: JobContext, code: int) -> dict[str, Any]:
    print("leaving")
    os._exit(code)


def fed_up(ctx: JobContext) -> object:
    return [1, 2]


def odd(ctx: JobContext) -> dict[str, Any]:
    """What JSON has no word for."""
    import numpy as np

    ctx.emit("odd", nan=float("nan"), f=np.float32(0.5), a=np.arange(3), text="\ud800 é\u2028\n")
    return {"loss": float("inf"), "n": np.int64(3)}


def stubborn(ctx: JobContext) -> dict[str, Any]:
    """Does not listen."""
    ctx.emit("up")
    while True:
        time.sleep(0.05)


def family(ctx: JobContext) -> dict[str, Any]:
    """Starts a child in its group, one in a session of its own, and one whose environment is empty besides."""
    a = subprocess.Popen(SLEEP)
    b = subprocess.Popen(SLEEP, start_new_session=True)
    c = subprocess.Popen(SLEEP, start_new_session=True, env={})
    ctx.emit("family", pids=[os.getpid(), a.pid, b.pid, c.pid])
    while True:
        time.sleep(0.05)


def flood(ctx: JobContext, megabytes: int) -> dict[str, Any]:
    line = "x" * 99 + "\n"
    print("the first line")
    for _ in range(megabytes):
        sys.stdout.write(line * 10_000)
    print("the last line")
    return {}


def fill(ctx: JobContext, kilobytes: int) -> dict[str, Any]:
    """Fill the disk with a file, then say something."""
    ctx.emit("up")
    try:
        with open(ctx.folder / "much", "wb", buffering=0) as file:
            for _ in range(kilobytes):
                file.write(bytes(1024))
    except OSError:
        print("the disk is full")
    for i in range(10_000):
        ctx.emit("more", text="x" * 100, i=i)
        time.sleep(0.001)
    return {}


def eat(ctx: JobContext, megabytes: int) -> dict[str, Any]:
    return {"n": len(bytearray(megabytes << 20))}


def say_much(ctx: JobContext) -> dict[str, Any]:
    ctx.emit("much", text="x" * (2 << 20))
    return {}


def finish_then_die(ctx: JobContext) -> dict[str, Any]:
    """Killed between result.json and its exit."""
    import atexit

    atexit.register(lambda: os.kill(os.getpid(), signal.SIGKILL))
    return {"ok": True}


def never_exit(ctx: JobContext) -> dict[str, Any]:
    import threading

    threading.Thread(target=time.sleep, args=(300,)).start()
    return {"ok": True}


def stop_late(ctx: JobContext) -> dict[str, Any]:
    """Saves something when it is asked to stop."""
    ctx.emit("up")
    while not ctx.stop_asked():
        time.sleep(0.01)
    (ctx.folder / "saved").write_text("yes")
    raise Stopped


def environment(ctx: JobContext) -> dict[str, Any]:
    return {"omp": os.environ.get("OMP_NUM_THREADS"), "path": os.environ.get("PYTHONPATH"), "cwd": os.getcwd()}


def open_toy(scale: float = 1.0, refuse: bool = False) -> Callable[[str, Any], Any]:
    """A host's entry."""
    if refuse:
        raise WrongInput("scale", "refused", "another")

    def handle(op: str, payload: Any) -> Any:
        return OPS[op](payload)

    OPS["scale"] = lambda x: x * scale
    return handle


def _raise(error: BaseException) -> None:
    print("a line before the error")
    raise error


OPS: dict[str, Callable[[Any], Any]] = {
    "echo": lambda x: x,
    "count": lambda n: iter(range(n)),
    "break": lambda n: (1 // (n - i) for i in range(n + 1)),
    "refuse": lambda _: _raise(WrongInput("tenure", "-1", "0 or more", "more", field="tenure")),
    "stop": lambda _: _raise(Stopped()),
    "crash": lambda _: _raise(ValueError("inside")),
    "die": lambda code: (print("dying words", flush=True), os._exit(code)),
    "sleep": lambda s: time.sleep(s),
    "object": lambda _: object(),
    "pid": lambda _: os.getpid(),
    "child": lambda _: subprocess.Popen(SLEEP, start_new_session=True).pid,
    "fork": lambda _: os.fork() or time.sleep(300),
}


def workbench(home: Path, grace: float) -> None:
    """Adopt what is there, resume what failed, stay until everything is done."""
    with Jobs(home, grace=grace, patience=2.0) as jobs:
        jobs.adopt()
        print("adopted", flush=True)
        while True:
            for job in jobs.list():
                if job.state == "failed":
                    jobs.resume(job.id)
            if all(job.state in ("done", "cancelled") for job in jobs.list()):
                return
            time.sleep(0.05)


if __name__ == "__main__":
    workbench(Path(sys.argv[1]), float(sys.argv[2]))
