"""A host as its caller sees it: something open in another process, asked one thing at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from castalia.core.errors import CastaliaError, Stopped, Unavailable
from castalia.jobs.folder import explain
from castalia.jobs.frames import Ended, Late, Pipe
from castalia.jobs.outcome import name_of
from castalia.jobs.processes import KILL, LINUX, Process, end_all, marked, signal_group
from castalia.jobs.spawn import spawn

_FOREVER = float("inf")


class Host:
    """Starts ``entry(**args)`` ("package.module:open") in a process of its own and passes calls to what it returns.

    Making it returns at once; the first call waits until it is open. Thread-safe: calls wait for each other.
    Errors of the handler are raised here as the same class. After a timeout, a broken pipe or the host's
    death it is not ``alive`` any more: make a new one.
    """

    def __init__(self, entry: str, args: dict[str, Any] | None = None, *, title: str = "") -> None:
        self.title = title or entry
        self._lock = threading.Lock()
        self._id = 0
        self._open = False
        self._closed = False
        self.died = False
        """It ended by itself or was killed; false where it was late or its opening failed."""
        self._tail: deque[bytes] = deque(maxlen=200)
        mine_in, theirs_out = os.pipe()
        theirs_in, mine_out = os.pipe()
        me = Process.me()
        self._mark = f"CASTALIA_HOST={me.pid}/{me.birth}/{secrets.token_hex(6)}"
        try:
            self._process = spawn(
                "castalia.jobs.host", str(theirs_in), str(theirs_out),
                mark=self._mark, stdout=subprocess.PIPE, pass_fds=(theirs_in, theirs_out),
            )  # fmt: skip
        except OSError as error:
            os.close(mine_in)
            os.close(mine_out)
            raise explain(error, f"{self.title} could not be started") from None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._pipe = Pipe(mine_in, mine_out, self._watch)
        self._log = threading.Thread(target=self._take_log, name=f"log of {self.title}", daemon=True)
        self._log.start()
        try:
            with contextlib.suppress(Ended):  # it died at once; the first call says so with its log
                self._pipe.send({"entry": entry, "args": args or {}})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """It can be called."""
        return not self._closed and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self, timeout: float = 120.0) -> None:
        """Wait until it is open. Raises what ``entry`` raised; ``Unavailable`` when it died or is late (seconds)."""
        self._take_turn(timeout)
        try:
            self._opened(time.monotonic() + timeout)
        finally:
            self._lock.release()

    def call(self, op: str, payload: Any = None, timeout: float | None = None) -> Any:
        """One question, one answer. Payloads hold JSON values, bytes and NumPy arrays (castalia.jobs.frames).

        ``timeout`` in seconds, waiting for other calls and for the opening included; on a late answer the host is
        ended. ``Unavailable`` when it is dead, dies or is late; else whatever the handler raised.
        """
        deadline = _FOREVER if timeout is None else time.monotonic() + timeout
        self._take_turn(timeout)
        try:
            self._opened(deadline)
            answer = self._ask(op, payload, deadline)
            if answer["kind"] != "value":
                if answer["kind"] == "item":
                    self._finish(answer["id"], deadline)
                raise CastaliaError(f"{op!r} of {self.title} answers in parts", expected="Host.stream instead of call")
            return answer["payload"]
        finally:
            self._lock.release()

    def stream(self, op: str, payload: Any = None, timeout: float | None = None) -> Iterator[Any]:
        """One question, many answers, each passed on as it comes. Closing the iterator stops the handler at its
        next item. ``timeout`` in seconds for each item. An answer in one piece is a stream of one."""
        self._take_turn(timeout)
        try:
            self._opened(self._until(timeout))
            answer = self._ask(op, payload, self._until(timeout))
            while answer["kind"] == "item":
                try:
                    yield answer["payload"]
                except BaseException:  # closed, or an error thrown in: the rest is not wanted
                    self._finish(answer["id"], time.monotonic() + 10.0)
                    raise
                answer = self._next(answer["id"], self._until(timeout))
            if answer["kind"] == "value":
                yield answer["payload"]
        finally:
            self._lock.release()

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines it printed."""
        text = b"".join(self._tail).decode("utf-8", "replace")
        return [line[:500] for line in text.splitlines()][-lines:]

    def close(self) -> None:
        """End it, with everything it started. Nothing of it lives on return; a running call raises ``Unavailable``."""
        self._closed = True
        self._kill()
        if self._lock.acquire(timeout=2.0):  # a call in another thread sees its death and lets go
            try:
                self._pipe.close()
            finally:
                self._lock.release()
        self._log.join(timeout=2.0)

    def _until(self, timeout: float | None) -> float:
        return _FOREVER if timeout is None else time.monotonic() + timeout

    def _take_turn(self, timeout: float | None) -> None:
        if not self._lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            raise Unavailable(f"{self.title} is busy", f"waited {timeout:g} s", "its turn", "try again")

    def _opened(self, deadline: float) -> None:
        if not self._open:
            try:
                self._next(0, deadline)
            except CastaliaError:
                self._end()
                raise
            self._open = True

    def _ask(self, op: str, payload: Any, deadline: float) -> dict[str, Any]:
        if not self.alive:
            raise self._dead()
        self._id += 1
        with self._whole_frames():
            self._pipe.send({"id": self._id, "op": op, "payload": payload}, deadline)
        return self._next(self._id, deadline)

    def _next(self, id: int, deadline: float) -> dict[str, Any]:
        """The next answer to request ``id``; raises what the handler raised."""
        if self._closed:
            raise self._dead()
        with self._whole_frames():
            try:
                answer: dict[str, Any] = self._pipe.receive(deadline)
            except CastaliaError:  # a damaged frame: where the next one begins is not known
                self._end()
                raise
            assert answer["id"] == id, "one question at a time, each answered in full"
        if answer["kind"] == "error":
            raise self._with_log(raised(answer["payload"], self.title))
        return answer

    def _finish(self, id: int, deadline: float) -> None:
        """Tell a stream to stop and read what was under way."""
        with self._whole_frames():
            self._pipe.send({"stop": id}, deadline)
        with contextlib.suppress(CastaliaError, Stopped):
            while self._next(id, deadline)["kind"] == "item":
                pass

    @contextlib.contextmanager
    def _whole_frames(self) -> Iterator[None]:
        """Whatever interrupts a frame leaves the pipe useless: then the host is ended."""
        try:
            yield
        except CastaliaError:
            raise  # sending refuses a payload before its first byte is written; for receiving see _next
        except Late:
            self._end()
            cure = "ask for less, or wait longer"
            raise Unavailable(f"{self.title} took too long", "no answer in time", "", cure) from None
        except (Ended, OSError, ValueError):
            raise self._dead() from None
        except BaseException:
            self._end()
            raise

    def _dead(self) -> Unavailable:
        self._end()
        self.died = True
        code = self._process.returncode
        how = f"killed by {name_of(-code)}" if code is not None and code < 0 else f"exit code {code}"
        error = Unavailable(f"{self.title} has ended", how, "a living host", "ask again; it is started anew")
        error.log = self.log_tail()
        return error

    def _with_log(self, error: Exception) -> Exception:
        """What it printed comes by its own pipe, a little later than the error it belongs to."""
        if isinstance(error, CastaliaError) and error.status >= 500:
            time.sleep(0.05)
            error.log = self.log_tail()
        return error

    def _end(self) -> None:
        """As ``close``, inside a call: the lock is held and the pipe is closed later."""
        self._closed = True
        if self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.05)  # one that is dying anyway tells how
        self._kill()
        self._log.join(timeout=1.0)

    def _kill(self) -> None:
        """End the host and what it started. Popen sees to it that no stranger is signalled; on Linux the mark finds
        the rest, elsewhere the group must do."""
        if not LINUX and self._process.poll() is None:
            signal_group(self._process.pid, KILL)
        self._process.kill()
        self._process.wait()
        end_all(lambda: marked(self._mark))

    def _watch(self) -> None:
        if self._process.poll() is not None:
            raise Ended  # something it forked may still hold the pipe open

    def _take_log(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while data := os.read(stream.fileno(), 1 << 14):
                self._tail.append(data)


def raised(told: dict[str, Any], title: str) -> Exception:
    """The error that crossed the pipe, as its own class (CastaliaError for one we do not know)."""
    kind = told.pop("kind")
    if kind == "Stopped":
        return Stopped()
    if not kind:
        told["subject"] = f"A call of {title} failed"
    return CastaliaError.of_dict(kind, told)
