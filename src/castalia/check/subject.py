"""A learner's file as a contract sees it: functions to call, objects to speak to. ``Runner`` is the Subject of check.

What the code raises arrives as ``Raised``, a stub as ``NotAttempted``, an answer that is not plain numbers as
``Failed`` (castalia.core.contract); when its process had to be ended, or ended by itself, ``Died`` says why.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from castalia.check.calls import Calls
from castalia.check.channel import Channel, Damaged
from castalia.check.ending import Died as Died
from castalia.check.ending import ended_by, exit_code, files_in, innermost, raised, versions_in
from castalia.check.held import Held as Held
from castalia.check.limits import Enforced, Limits, enforced_by
from castalia.check.place import placed
from castalia.check.sandbox import Sandbox
from castalia.core.contract import Failed, Raised
from castalia.core.errors import Unavailable
from castalia.jobs.frames import Ended, Late

_T = TypeVar("_T")
_LATENESS = 0.4
"""Seconds the runner has to write down where it stands, after its time is up and before it is killed."""


class Runner:
    """Loads ``path`` in another Python, enclosed, and calls into it. A context manager; not thread-safe.

    >>> with Runner("softmax.py") as subject:                         # doctest: +SKIP
    ...     subject.call("softmax", np.zeros(3))
    array([0.33333333, 0.33333333, 0.33333333])

    Entering starts the process and imports the file: ``Raised``, ``NotAttempted`` or ``Died`` where that fails.
    ``path`` is a .py file or the folder of a package; with another ``adapter`` than "module" what that one speaks
    for (check/adapters): a program, a server, a repository, a file with a System. ``needs`` is what the claims need
    besides (Claim.needs), ``arrays`` what must answer with an array (Contract.arrays). ``allow(seconds)`` sets what
    following calls may take together.
    """

    def __init__(
        self, path: str | os.PathLike[str], python: str = sys.executable, limits: Limits | None = None, *,
        threads: int = 1, adapter: str = "module", needs: Collection[str] = (), arrays: Collection[str] = (),
    ) -> None:  # fmt: skip
        self.path, self.root = placed(Path(path).resolve(), adapter)
        """The file (of a repository the folder), and the folder whose files are the learner's own."""
        self.python, self.limits, self.threads = python, limits or Limits(), threads
        self.adapter, self.needs, self.arrays = adapter, frozenset(needs), frozenset(arrays)
        self.learner_seconds = 0.0
        """Spent in the subject's code since it was started."""
        self.calls = 0
        self.changed = ""
        """The function or method that changed an input in place since this was last emptied."""
        self.reused = ""
        """The function that changed in a call what it had answered to the one before, since this was last emptied."""
        self.last: Any = None
        """What the last call returned."""
        self.asked = Calls()
        self.layout = ""
        """How arrays lie in memory when they are handed over by ``call``: "" as usual, "F", or "strided"."""
        self.peak = 0
        """The most bytes that all its processes held together, of those that have been closed."""
        self.versions: dict[str, str] = {}
        self.files: list[str] = [str(self.path)]
        self.refused: dict[str, str] | None = None
        self._sandbox: Sandbox | None = None
        self._channel: Channel | None = None
        self._until = float("inf")
        self._greeted = False
        self._anew = True
        self._left = ""
        self._last_words = ""

    # --- what a claim may do (castalia.core.contract.Subject) ------------------------------------

    def call(self, function: str, /, *args: Any, **kwargs: Any) -> Any:
        """``function(*args, **kwargs)`` of the subject; a copy of everything crosses, so nothing is changed here."""
        return self.answered(function, self.ask("call", function, args, kwargs))

    def new(self, name: str, /, *args: Any, **kwargs: Any) -> Held:
        """An object of the subject's class ``name``; it stays there and is spoken to by the handle."""
        at = self.ask("new", name, args, kwargs)
        if type(at) is not int:
            raise self._not_asked()
        self.asked.made(at)
        return Held(self, name, at)

    def answered(self, name: str, answer: Any) -> Any:
        """The answer of ``name``; ``Failed`` for a list where its interface has an array."""
        self.last = answer
        if name in self.arrays and isinstance(answer, list):
            raise Failed("a list or a tuple", "a NumPy array", f"what {name} returned")
        return answer

    # --- its life --------------------------------------------------------------------------------

    def __enter__(self) -> Runner:
        self.start()
        try:
            self.load()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """It can be called."""
        return self._sandbox is not None

    @property
    def copied(self) -> bool:
        """A copy of the warm process serves (``copy``)."""
        return self.alive and bool(self._left)

    def start(self) -> None:
        """A fresh process, nothing loaded."""
        self.close()
        self._greeted = False
        self._sandbox = sandbox = Sandbox(self.python, self.limits, threads=self.threads)
        self._channel = Channel(sandbox.reading, sandbox.writing, self.limits.result, sandbox.kill)
        self._left = ""

    def load(self, sources: Mapping[str, str] | None = None) -> None:
        """Import the file anew; ``sources`` {path: text} stands in for files' own text, which stay as they are.

        ``Unavailable`` where the interpreter ends before it has come as far as that.
        """
        self.greet()
        self.allow(self.limits.start)
        given = {str(path): text for path, text in (sources or {}).items()}
        try:
            more = {"root": str(self.root), "adapter": self.adapter, "needs": sorted(self.needs)}
            told = self.ask("load", "", path=str(self.path), sources=given, **more)
        finally:
            self._note_refused()
        self.versions, self.files = self._read(versions_in, told)

    @contextlib.contextmanager
    def fork(self, sources: Mapping[str, str]) -> Iterator[Runner]:
        """Serve from a copy of the warm process with ``sources`` loaded (a mutant); afterwards from this one again.

        What the copy does is forgotten with it. Where it had to be killed a fresh process is started (0.2 s).
        Loading errors are raised on entering.
        """
        if not self.alive:
            self.start()
        try:
            self.copy(sources, alarm=True)
            yield self
        finally:
            self.come_back()

    def copy(self, sources: Mapping[str, str] | None = None, *, alarm: bool = False) -> None:
        """From here a copy of the warm process serves, in a folder of its own, the file loaded, until ``come_back``.

        With ``alarm`` the copy ends itself when it is late, and the warm process stays; else all of it is ended.
        """
        self.greet()
        self.allow(self.limits.start)
        self._left = secrets.token_hex(8)
        assert self._sandbox is not None
        self.ask("fork", "", left=self._left, alarm=alarm, cwd=str(self._sandbox.home / self._left))
        self.load(sources)

    def greet(self) -> None:
        """Wait for the first answer, before any of the subject's code runs. ``Unavailable`` where it ends before it."""
        if self._greeted:
            return
        self.allow(self.limits.start)
        try:
            self._read(files_in, self.ask("files", ""))
        except Died as error:
            if self.alive:
                raise
            last = self._last_words.strip().splitlines()[-1:] or [error.why]
            cure = "Name another with --python; castalia doctor looks at this machine."
            words = f"{self.python} cannot run the checker's part"
            raise Unavailable(words, last[0][:300], "a Python 3.8 or newer with NumPy", cure) from None
        finally:
            self._note_refused()
        self._greeted = True

    def allow(self, seconds: float) -> None:
        """The subject's code may take this long from now, over all its calls together."""
        self._until, self._anew = self.learner_seconds + seconds, True

    def loaded_files(self) -> list[str]:
        """The subject's own files that it has imported by now; the last known ones when it is dead."""
        if self.alive:
            self.allow(5.0)
            with contextlib.suppress(Died, Raised):
                self.files = self._read(files_in, self.ask("files", ""))
        return self.files

    def output(self, since: int = 0) -> str:
        """What it printed, from byte ``since`` on (``printed()``), at most the limit."""
        text = self._sandbox.output(since) if self._sandbox else self._last_words
        return text if self._sandbox else text.encode()[since:].decode("utf-8", "replace")

    def printed(self) -> int:
        return self._sandbox.printed() if self._sandbox else 0

    def enforced(self) -> list[Enforced]:
        """Which limits held for this very process."""
        return enforced_by(self.refused)

    def close(self) -> None:
        """End it; nothing of it lives or lies around on return."""
        sandbox, channel, self._sandbox, self._channel = self._sandbox, self._channel, None, None
        if sandbox is not None:
            sandbox.kill()
            told = sandbox.report()
            self.peak, self.refused = max(self.peak, int(told["peak"])), told["refused"] or self.refused
            self._last_words = sandbox.output()
            if channel is not None:
                channel.close()
            sandbox.close()

    # --- one request and its answer --------------------------------------------------------------

    def ask(self, op: str, name: str, args: Any = (), kwargs: Any = None, **more: Any) -> Any:
        """Send one request to the runner (runner.py has them all) and return the value of its answer."""
        if self._sandbox is None or self._channel is None:
            raise Died("tool_error", "the runner was not started, or has been ended")
        seconds = min(self._until - self.learner_seconds, 1e6)
        if seconds <= 0:
            raise Died("timeout", "its time was used up by the calls before")
        nonce = secrets.token_hex(8)
        sent = {"op": op, "nonce": nonce, "name": name, "seconds": seconds, **more}
        if op in ("call", "new", "method"):
            self.asked.note(op, name, args, kwargs or {}, more.get("at", -1))
            sent |= {"layout": self.layout} if op == "call" and self.layout else {}
            sent |= {"anew": True} if op == "call" and self._anew else {}
            self._anew = self._anew and op != "call"
            sent |= {"args": [_handles(a) for a in args], "kwargs": {k: _handles(v) for k, v in (kwargs or {}).items()}}
        answer = self._exchange(sent, time.monotonic() + seconds + _LATENESS)
        if self._left and _nonce(answer) == self._left:
            raise self._copy_ended(answer.get("status"))
        took = answer.get("took")
        if _nonce(answer) != nonce or not isinstance(took, int | float) or not 0 <= took < 1e9:
            raise self._not_asked()
        self.calls += 1
        self.learner_seconds += took
        if answer.get("changed") is True:
            self.changed = name
        if answer.get("reused") is True:
            self.reused = name
        if "error" in answer:
            raise raised(answer["error"], name, self.path.name, self.python)
        return answer.get("value")

    def _exchange(self, sent: dict[str, Any], deadline: float) -> dict[str, Any]:
        assert self._channel is not None
        try:
            self._channel.send(sent, deadline)
            return self._channel.receive(deadline)
        except Late:
            raise self._end("timeout") from None
        except Ended:
            raise self._end("") from None
        except Damaged as error:
            raise self._end("", f"it sent {error}") from None
        except BaseException:  # ^C, or an input that no frame can hold
            self.close()
            raise

    def _copy_ended(self, status: Any) -> Died:
        """The forked copy is gone while it was asked something; the warm process waits for the next one."""
        self._left = ""
        code = exit_code(status)
        alarm = code == -int(getattr(signal, "SIGALRM", 14))
        return Died("timeout", "it did not end in time", self._where()) if alarm else self._ended_by(code)

    def _end(self, outcome: str, why: str = "") -> Died:
        """End the process and say why it is over: too late, over a limit, or ended by itself."""
        assert self._sandbox is not None
        report = self._sandbox.report(wait=0.0 if outcome or why else 8.0)
        where = self._where()
        self.close()
        if report["reason"] == "memory":
            limit = self.limits.memory >> 20
            return Died("memory", f"its processes held {report['peak'] >> 20} MiB; {limit} MiB are allowed", where)
        if report["reason"] == "processes":
            return Died("learner_error", f"it started more than {self.limits.processes} processes", where)
        if report["reason"] == "disk":
            return Died("learner_error", f"it wrote more than {self.limits.room}", where)
        if outcome == "timeout":
            return Died("timeout", "it did not end in time", where)
        if why:
            return Died("learner_error", why, where)
        if report["code"] is None or (report["code"] == 127 and "castalia: the runner" in self._last_words):
            last = self._last_words.strip().splitlines()[-1:] or ["it ended without a word"]
            return Died("tool_error", f"the runner could not work: {last[0][:300]}")
        return self._ended_by(report["code"], where)

    def _not_asked(self) -> Died:
        return self._end("", "it answered something that was not asked")

    def _read(self, read: Callable[[Any], _T], answer: Any) -> _T:
        """An answer of the runner's own, which the code under check may have made."""
        try:
            return read(answer)
        except ValueError:
            raise self._not_asked() from None

    def _note_refused(self) -> None:
        if self._sandbox is not None:
            self.refused = self._sandbox.report()["refused"] or self.refused

    def _ended_by(self, code: int, where: str = "") -> Died:
        outcome, why = ended_by(code, self.limits.cpu)
        return Died(outcome, why, where or ("" if code >= 0 else self._where()))

    def _where(self) -> str:
        return innermost(self._sandbox.last_trace() if self._sandbox else "", self.root)

    def come_back(self) -> None:
        """After a fork: dismiss the copy, or start anew where the whole sandbox had to go."""
        if self._left and self._channel is not None:
            deadline = time.monotonic() + 5.0
            with contextlib.suppress(Ended, Late, Damaged):
                self._channel.send({"op": "leave", "nonce": "", "seconds": 0.0}, deadline)
                while _nonce(self._channel.receive(deadline)) != self._left:
                    pass
                self._left = ""
        if self._left or self._channel is None:
            self.start()


def _nonce(answer: Mapping[str, Any]) -> str:
    return answer["nonce"] if isinstance(answer["nonce"], str) else ""


def _handles(value: Any) -> Any:
    return value.as_argument() if isinstance(value, Held) else value
