"""A learner's program: copied, started, waited for, ended. What command, port and repository stand on.

Nothing runs in the learner's own folder. A Python file runs with the learner's interpreter, anything else by itself.
Each process gets a session of its own, so that it is ended with what it started.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.check.learner import Learner

SKIPPED = {".git", ".hg", ".venv", "venv", "__pycache__", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
MOST_FILES, MOST_BYTES = 20_000, 500 << 20
MOST_OUTPUT = 16 << 20
"""Bytes that a program may print to one stream."""
LAST = 400
"""Characters of its last output that are told when it did not do as asked."""
_TRACE = "Traceback (most recent call last):\n"
_PLACE = re.compile(r'File "([^"]+)", line (\d+)')


def below(learner: Learner, folder: str, whole: bool) -> list[str]:
    """The files of ``folder`` to copy, as paths; without ``whole`` Python files alone, and packages' folders."""
    found: list[str] = []
    size = 0
    for place, folders, names in os.walk(folder):
        inside = whole or place != folder
        folders[:] = sorted(
            name for name in folders
            if name not in SKIPPED and (inside or os.path.isfile(os.path.join(place, name, "__init__.py")))
        )  # fmt: skip
        for name in sorted(names):
            path = os.path.join(place, name)
            if (whole or name.endswith(".py")) and os.path.isfile(path):
                found.append(path)
                size += os.path.getsize(path)
        if len(found) > MOST_FILES or size > MOST_BYTES:
            words = f"{os.path.basename(folder)} holds more than {MOST_FILES} files or {MOST_BYTES >> 20} MB"
            raise learner.told("learner_error", words + ": put the program in a folder of its own")
    return found


def copy(learner: Learner, files: list[str]) -> str:
    """A fresh copy of these files, texts that stand in for some of them in their place."""
    target = learner.scratch()
    for path in files:
        place = os.path.join(target, os.path.relpath(path, learner.root))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        text = learner.sources.get(os.path.realpath(path))
        shutil.copy(path, place)  # with its mode
        if text is not None:
            with open(place, "w", encoding="utf-8", newline="") as file:
                file.write(text)
    return target


class Program:
    """What ``path`` of the learner is when it is run: a Python file, a folder with __main__.py, any executable."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        if not os.path.isfile(learner.path):
            raise learner.told("missing", os.path.basename(learner.path))
        self.folder = os.path.basename(learner.path) == "__main__.py"
        files = below(learner, os.path.dirname(learner.path), self.folder)
        self.files = sorted({learner.path, *files})
        learner.listed = self.files
        self.python = learner.path.endswith(".py")
        if not self.python and not os.stat(learner.path).st_mode & 0o111:  # a copy of it runs, of this user
            words = f"{os.path.basename(learner.path)} cannot be executed: chmod +x, or name it .py"
            raise learner.told("not_attempted", words)

    def words(self, copied: str) -> tuple[list[str], dict[str, str]]:
        """How the copy is started, and what that needs in the environment."""
        path = os.path.join(copied, os.path.relpath(self.learner.path, self.learner.root))
        package = self.folder and os.path.isfile(os.path.join(os.path.dirname(path), "__init__.py"))
        if package:
            paths = [copied, os.environ.get("PYTHONPATH", "")]
            name = os.path.basename(os.path.dirname(path))
            return [sys.executable, "-m", name], {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        return ([sys.executable, path] if self.python else [path]), {}

    def start(self, args: list[str], cwd: str, env: dict[str, str] | None = None, **streams: Any) -> Child:
        """A process of a fresh copy of the program, in the folder ``cwd``."""
        copied = copy(self.learner, self.files)
        words, more = self.words(copied)
        return Child(self.learner, [*words, *map(str, args)], cwd, copied, {**more, **(env or {})}, **streams)


class Child:
    """One process with what it starts; its standard error, and its output unless a stream is given, go to files."""

    def __init__(
        self, learner: Learner, words: list[str], cwd: str, copied: str, env: dict[str, str], *,
        stdin: Any = subprocess.DEVNULL, stdout: Any = None, program: str = "",
    ) -> None:  # fmt: skip
        if "children" not in learner.needs:
            raise learner.told("tool_error", "the claim starts a program and does not say that it needs children")
        self.learner, self.copied, self.name = learner, copied, program or os.path.basename(learner.path)
        self.echoed, self.most = 0, MOST_OUTPUT
        self.notes = learner.scratch()
        self.out, self.err = os.path.join(self.notes, "out"), os.path.join(self.notes, "err")
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            try:
                own = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
                self.process = subprocess.Popen(
                    words, cwd=cwd, env={**own, "PYTHONFAULTHANDLER": "1", **env}, stdin=stdin,
                    stdout=out if stdout is None else stdout, stderr=err, start_new_session=True,
                )  # fmt: skip
            except FileNotFoundError:
                outcome = "tool_error" if program else "learner_error"
                raise learner.told(outcome, f"there is no program {words[0]} here: install it") from None
            except BlockingIOError:
                raise learner.told("learner_error", "there are too many processes to start another") from None
            except OSError as error:
                raise learner.told("learner_error", f"{self.name} cannot be started: {error.strerror}") from None
        learner.ending.append(self.kill)

    def signal(self, number: int) -> None:
        """To it and to all of its session's first group. Nothing happens when it is gone."""
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                if hasattr(os, "killpg"):
                    os.killpg(self.process.pid, number)
                else:
                    self.process.kill()

    def kill(self) -> None:
        """KILL, without a warning, as ``kill -9`` does; on return it is gone."""
        self.signal(getattr(signal, "SIGKILL", 9))
        self.process.wait()
        self.echo()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def gone(self) -> bool:
        """It has ended; not waited for yet, so that its number and its group's still mean it."""
        if self.process.returncode is not None or not hasattr(os, "waitid"):
            return self.process.poll() is not None
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def finish(self, seconds: float | None = None) -> int:
        """Its exit code, negative for a signal. Told as timeout when it does not end, as wrong when it floods."""
        until, pause = self.learner.left(seconds), 0.0005
        while not self.gone():
            if max(os.path.getsize(self.out), os.path.getsize(self.err)) > self.most:
                self.kill()
                raise self.learner.told("wrong", f"more than {self.most >> 20} MB of output", "less")
            if time.monotonic() >= until:
                raise self.late("it did not end in time")
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        if self.process.returncode is None and hasattr(os, "killpg"):
            with contextlib.suppress(OSError):  # what it left running in its group
                os.killpg(self.process.pid, signal.SIGKILL)
        self.echo()
        return self.process.wait()

    def drop(self, *folders: str) -> None:
        """Remove the copy it ran from, what it printed, and these folders; it must have ended."""
        for folder in (self.copied, self.notes, *folders):
            self.learner.drop(folder)
        if self.kill in self.learner.ending:
            self.learner.ending.remove(self.kill)

    def late(self, words: str) -> Exception:
        """End it where it stands; says its last output, and of a Python program the line."""
        said = self.said()
        where = ""
        if hasattr(signal, "SIGABRT"):
            self.signal(signal.SIGABRT)  # faulthandler then writes down where it was
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.25)
            dump = read(self.err).decode("utf-8", "replace")
            where = self.place(dump[dump.rfind("Fatal Python error") :], last=False)
        self.kill()
        told: Exception = self.learner.told("timeout", words + said, "", where)
        return told

    def ended(self, words: str) -> Exception:
        """It is gone though it should not be: its own exception where that was why, else its code and last output."""
        self.crash()
        code = self.process.wait()
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        told: Exception = self.learner.told("learner_error", f"{words} ({how}){self.said()}")
        return told

    def said(self) -> str:
        """Its last output, in words to append."""
        text = self.shown(b"\n".join(filter(None, (read(self.out, 4096), read(self.err, 4096))))).strip()
        return "; its last output: " + text[-LAST:] if text else "; it printed nothing"

    def shown(self, data: bytes) -> str:
        """What it printed, with its files named as the learner names them and not as the copy's."""
        return data.decode("utf-8", "replace").replace(self.copied + os.sep, "")

    def crash(self) -> None:
        """Tell the exception that ended a Python program: of the program, and no answer that a claim should look at."""
        if self.process.poll() == 1:
            self.tell_exception()

    def tell_exception(self) -> None:
        """Tell the last exception that a Python program wrote down; nothing happens where it wrote none."""
        text = read(self.err, 1 << 16).decode("utf-8", "replace").replace("\r\n", "\n")
        if _TRACE not in text:
            return
        lines = text[text.rindex(_TRACE) + len(_TRACE) :].splitlines()
        at = next((number for number, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
        kind, _, message = lines[at].partition(": ") if at < len(lines) else ("", "", "")
        if not re.match(r"[A-Za-z_][\w.]*$", kind):
            return
        where = self.place("\n".join(lines[:at]), last=True)
        kind = kind.rpartition(".")[2]
        if kind == "NotImplementedError":
            raise self.learner.told("not_attempted", f"{self.name} is still the stub ({where or 'it raises'})")
        raise self.learner.told("raised", message, kind, where)

    def echo(self) -> None:
        """Print the end of its standard error, new since the last time: what a failing claim shows as printed."""
        text = read(self.err, LAST)[-max(0, os.path.getsize(self.err) - self.echoed) :]
        if self.echoed < os.path.getsize(self.err):
            self.echoed = os.path.getsize(self.err)
            sys.stderr.write(self.shown(text))

    def place(self, text: str, last: bool) -> str:
        """The innermost line of the learner's own files in a traceback, as file:line."""
        base = os.path.realpath(self.copied) + os.sep
        own = [found for found in _PLACE.findall(text) if os.path.realpath(found[0]).startswith(base)]
        own = [found for found in own if "site-packages" not in found[0]]
        if not own:
            return ""
        path, line = own[-1 if last else 0]
        return f"{os.path.relpath(os.path.realpath(path), base)}:{line}"


def read(path: str, last: int = 0) -> bytes:
    """A file's bytes, or only its last ones."""
    with open(path, "rb") as file:
        _to_last(file, last)
        return file.read()


def _to_last(file: IO[bytes], last: int) -> None:
    if last:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - last))
