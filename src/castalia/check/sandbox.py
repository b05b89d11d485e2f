"""One learner's process, enclosed: own folder, own environment, limits, and an end that leaves nothing behind.

On Linux and macOS a process of ours stands between (castalia.check.cage); on Windows the runner is started directly,
and the system's own way of ending a tree of processes is used. Which limits hold is in ``report``.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from castalia.check.folders import last_bytes, remove
from castalia.check.limits import Limits
from castalia.core.errors import Unavailable
from castalia.jobs.processes import Process, end_all, marked
from castalia.jobs.spawn import spawn

RUNNER = Path(__file__).with_name("runner.py")
MARK = "CASTALIA_CHECK"
RELEASED = b"."
"""Sent to the cage before its pipe LIFE is closed."""
CAGED = os.name == "posix"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
            "NUMEXPR_NUM_THREADS")  # fmt: skip


class Sandbox:
    """Starts ``python runner.py`` and holds its pipes. ``close`` ends it with everything it started."""

    def __init__(self, python: str, limits: Limits, *, threads: int = 1) -> None:
        self.limits = limits
        self.base = Path(tempfile.mkdtemp(prefix="castalia-check-"))
        self.box = self.base / "box"
        self.home = self.box / "home"
        self.trace = self.box / "trace"
        for folder in (self.box, self.home, self.box / "tmp"):
            folder.mkdir()
        self._closed = False
        self._lock = threading.Lock()
        self._life = -1
        me = Process.me()
        self._mark = f"{MARK}={me.pid}/{me.birth}/{secrets.token_hex(6)}"
        self._printed = bytearray()
        self._dropped = 0
        command = [python, str(RUNNER), str(self.trace)]
        try:
            self._process = self._start(command, self._environment(threads))
        except OSError as error:
            remove(self.base)
            words = f"The runner could not be started with {python}"
            raise Unavailable(words, error.strerror or "", "a Python with NumPy", "see castalia doctor") from None
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self.writing, self.reading = os.dup(self._process.stdin.fileno()), os.dup(self._process.stdout.fileno())
        self._process.stdin.close()
        self._process.stdout.close()
        self._taking = threading.Lock()
        self._pump = threading.Thread(target=self._take_output, name="output of a runner", daemon=True)
        self._pump.start()

    def output(self, since: int = 0) -> str:
        """What was printed after the first ``since`` bytes, up to the cap; says how much was left out."""
        self._settle_output()
        text = bytes(self._printed[since:]).decode("utf-8", "replace")
        return text + (f"\n[{self._dropped} more bytes were printed]" if self._dropped else "")

    def printed(self) -> int:
        """How many bytes were kept so far."""
        self._settle_output()
        return len(self._printed)

    def last_trace(self) -> str:
        """What faulthandler wrote down: where each thread was when time was up, or at a crash."""
        return last_bytes(self.trace).decode("utf-8", "replace")

    def report(self, wait: float = 0.0) -> dict[str, Any]:
        """What the cage says: reason, code, peak, refused. ``wait`` seconds for it to have ended."""
        if wait:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(wait)
        if CAGED:
            with contextlib.suppress(ValueError):
                told: dict[str, Any] = json.loads(last_bytes(self.base / "report.json"))
                return told
        return {"reason": "", "code": None if CAGED else self._process.poll(), "peak": 0, "refused": {}}

    def kill(self) -> None:
        """End it with everything it started. Nothing of it lives on return. Safe from any thread, and twice."""
        with self._lock:
            if self._life >= 0:
                with contextlib.suppress(OSError):  # a word, so that the end of the pipe alone means: we are gone
                    os.write(self._life, RELEASED)
                os.close(self._life)
                self._life = -1
        if CAGED:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(8.0)
        else:
            _end_tree(self._process.pid)
        self._process.kill()
        self._process.wait()
        end_all(lambda: marked(self._mark))  # nothing, unless the cage itself was killed

    def close(self) -> None:
        """``kill``, and remove its folder. What cannot be removed is left, and decides nothing."""
        if self._closed:
            return
        self._closed = True
        self.kill()
        self._pump.join(timeout=5.0)
        remove(self.base)

    def _start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        if not CAGED:
            group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment,
                                    cwd=self.home, creationflags=group)  # fmt: skip
        resolved = shutil.which(command[0])
        if resolved is None:
            raise FileNotFoundError(2, f"there is no program {command[0]!r}")
        life, self._life = os.pipe()
        order = {
            "command": [os.path.abspath(resolved), *command[1:]], "environment": environment, "cwd": str(self.home),
            "folder": str(self.box), "report": str(self.base / "report.json"), "life": life, "mark": self._mark,
            "limits": self.limits.as_dict(), "namespaces": self.limits.namespaces,
        }  # fmt: skip
        try:
            return spawn("castalia.check.cage", json.dumps(order), stdin=pipe, stdout=pipe, stderr=pipe,
                         pass_fds=(life,))  # fmt: skip
        except OSError:
            os.close(self._life)
            raise
        finally:
            os.close(life)

    def _environment(self, threads: int) -> dict[str, str]:
        """The learner's own, without ours: one seed for hashing, one BLAS thread, caches in the sandbox's folder."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CASTALIA_") and k != "PYTHONINSPECT"}
        name, _, value = self._mark.partition("=")
        temporary = str(self.box / "tmp")
        return {
            **kept, name: value, **dict.fromkeys(_THREADS, str(threads)),
            "LOGNAME": kept.get("LOGNAME") or kept.get("USER") or "learner",  # a user of its own has no name
            "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1",
            "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "MPLCONFIGDIR"), temporary),
        }  # fmt: skip

    def _take_output(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            more = True
            while more:
                if CAGED:
                    select.select([stream], [], [])
                with self._taking if CAGED else contextlib.nullcontext():
                    data = os.read(stream.fileno(), 1 << 16)
                    room = max(0, self.limits.output - len(self._printed))
                    self._printed += data[:room]
                    self._dropped += max(0, len(data) - room)
                more = bool(data)

    def _settle_output(self) -> None:
        """What was printed before the last answer has arrived when this returns (at most a second; not on Windows)."""
        stream = self._process.stderr
        until = time.monotonic() + 1.0
        while CAGED and stream and time.monotonic() < until:
            try:
                with self._taking:  # so that nothing is between the pipe and what is kept
                    if stream.closed or not select.select([stream], [], [], 0)[0] or not self._pump.is_alive():
                        break
            except (OSError, ValueError):
                break
            time.sleep(0.001)


def probe(limits: Limits | None = None) -> dict[str, str]:
    """An empty sandbox with this Python: each means -> "" or why this machine refuses it."""
    sandbox = Sandbox(sys.executable, limits or Limits())
    try:
        os.close(sandbox.writing)  # the runner reads its end and leaves
        refused: dict[str, str] = sandbox.report(wait=10.0)["refused"]
        return refused
    finally:
        sandbox.kill()
        os.close(sandbox.reading)
        sandbox.close()


def _end_tree(pid: int) -> None:
    """Windows: the process and its descendants."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, timeout=10, check=False)
