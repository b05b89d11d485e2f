"""A learner's command: run with arguments, input and files, in a scratch folder; or kept running and spoken to.

``subject.call("run", ["--top", "3"], stdin="a b\\n", files={"a.txt": "..."})`` answers {"code", "out", "err", "files"};
``files`` has what is new or changed in its folder. An uncaught exception of a Python program is told as that
exception. ``subject.new("Process", [...])`` starts one that is written to, read from and killed.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.check.learner import Learner


def adapt(learner: Learner) -> Command:
    return Command(learner)


class Command:
    """What a claim may ask of a command."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.programs, self.folders = learner.tool("programs"), learner.tool("folder")
        self.program = self.programs.Program(learner)

    def run(
        self, args: list[str], stdin: Any = "", files: dict[str, Any] | None = None, env: dict[str, str] | None = None,
        seconds: float | None = None, folder: Any = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Run it to its end, in a fresh folder with ``files`` or in a ``castalia.Folder``."""
        given_one = folder is not None
        folder = folder or self.folders.Folder(self.learner)
        for name, content in (files or {}).items():
            folder.write(name, content)
        before = folder.states()
        with tempfile.TemporaryFile() as given:
            given.write(stdin if isinstance(stdin, bytes) else str(stdin).encode())
            given.seek(0)
            child = self.program.start(args, folder.where, env, stdin=given)
        code = child.finish(seconds)
        child.crash()
        texts = [self.folders.text_or_bytes(self.programs.read(path)) for path in (child.out, child.err)]
        answer = {"code": code, "out": texts[0], "err": texts[1], "files": folder.changed(before)}
        child.drop(*(() if given_one else (folder.where,)))
        return answer

    def Process(
        self, args: list[str], files: dict[str, Any] | None = None, env: dict[str, str] | None = None,
        folder: Any = None,
    ) -> Process:  # fmt: skip
        """Start it and let it run."""
        folder = folder or self.folders.Folder(self.learner)
        for name, content in (files or {}).items():
            folder.write(name, content)
        pipe = subprocess.PIPE
        return Process(self, self.program.start(args, folder.where, env, stdin=pipe, stdout=pipe), folder)


class Process:
    """A command that runs."""

    def __init__(self, command: Command, child: Any, folder: Any) -> None:
        self.command, self.child, self.folder = command, child, folder
        self.waiting = b""

    def write(self, text: Any) -> None:
        """To its standard input. Told as a learner's error where it does not read any more."""
        try:
            self.child.process.stdin.write(text if isinstance(text, bytes) else str(text).encode())
            self.child.process.stdin.flush()
        except (OSError, ValueError):
            raise self.child.ended("it does not read its input any more") from None

    def end_input(self) -> None:
        """Close its standard input."""
        with contextlib.suppress(OSError):
            self.child.process.stdin.close()

    def read_line(self, seconds: float | None = None) -> str:
        """The next line that it prints, with its end; what is left, or "", once it has closed its output.

        A program that is not flushed prints nothing into a pipe until it ends: that is told as a timeout.
        """
        until = self.command.learner.left(seconds)
        while b"\n" not in self.waiting:
            if not self._take(until):
                break
        line, end, self.waiting = self.waiting.partition(b"\n")
        return (line + end).decode("utf-8", "replace")

    def running(self) -> bool:
        """It has not ended."""
        return self.child.process.poll() is None

    def kill(self) -> None:
        """KILL, as ``kill -9`` does; its folder stays as it is."""
        self.child.kill()

    def signal(self, number: int) -> None:
        """Send a signal: 2 is what ^C sends, 15 asks it to end."""
        self.child.signal(number)

    def wait(self, seconds: float | None = None) -> dict[str, Any]:
        """Until it ends: {"code", "out" (what was not read), "err", "files"}."""
        until = self.command.learner.left(seconds)
        self.end_input()
        while not self.child.process.stdout.closed and self._take(until):
            if len(self.waiting) > self.command.programs.MOST_OUTPUT:
                self.kill()
                raise self.command.learner.told("wrong", "more output than a claim can look at")
        code = self.child.finish(max(0.0, until - time.monotonic()))
        self.child.crash()
        err = self.command.folders.text_or_bytes(self.command.programs.read(self.child.err))
        out, self.waiting = self.command.folders.text_or_bytes(self.waiting), b""
        return {"code": code, "out": out, "err": err, "files": self.folder.changed({})}

    def _take(self, until: float) -> bool:
        """Some more of its output; False at its end."""
        stream = self.child.process.stdout
        if not select.select([stream], [], [], max(0.0, until - time.monotonic()))[0]:
            raise self.child.late("it printed no further line in time")
        data = os.read(stream.fileno(), 1 << 16)
        self.waiting += data
        return bool(data)
