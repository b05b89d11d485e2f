"""A learner at work, for tests: a folder of her own, parts of the reference pasted over stubs, a terminal."""

from __future__ import annotations

import ast
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from castalia.check import contracts

PREAMBLE = """from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
"""


def solve(path: Path, *names: str, exercise: str = "basics") -> None:
    """Paste these functions and classes of the reference over the stubs in ``path``."""
    reference = contracts.reference(exercise).read_text("utf-8")
    text = path.read_text("utf-8")
    if "npt" not in text:
        text = text.replace("import numpy as np\n", PREAMBLE, 1)
    for name in names:
        begin, end, _ = _place(text, name)
        lines = text.splitlines()
        lines[begin:end] = _place(reference, name)[2]
        text = "\n".join(lines) + "\n"
    path.write_text(text, "utf-8")


def _place(text: str, name: str) -> tuple[int, int, list[str]]:
    node = next(node for node in ast.parse(text).body if getattr(node, "name", "") == name)
    begin, end = node.lineno - 1, node.end_lineno or node.lineno
    return begin, end, text.splitlines()[begin:end]


class Terminal:
    """``castalia WORDS`` in a pseudo-terminal, as a person would see and type it. Ends with the ``with`` block."""

    def __init__(self, folder: Path, *words: str, **environment: str) -> None:
        import fcntl
        import pty
        import termios

        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        code = "import sys; from castalia.cli import main; sys.exit(main(sys.argv[1:]))"
        self.child = subprocess.Popen(
            [sys.executable, "-c", code, *words], cwd=folder, stdin=self.slave, stdout=self.slave, stderr=self.slave,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.text = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.master)
        os.close(self.slave)

    @property
    def screen(self) -> str:
        """What stands there since the screen was last cleared."""
        return self.text.rpartition("\x1b[H")[2]

    def read(self, seconds: float = 0.1) -> None:
        if select.select([self.master], [], [], seconds)[0]:
            self.text += os.read(self.master, 65536).decode("utf-8", "replace").replace("\r\n", "\n")

    def until(self, *words: str) -> str:
        """Wait for all of these on one screen, and for the line of keys below them; returns the screen."""
        end = time.monotonic() + 40
        while not all(word in self.screen for word in (*words, "q quit")):
            assert time.monotonic() < end and (self.child.poll() is None), f"{words}\n{self.screen}"
            self.read()
        return self.screen

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def ends(self) -> int:
        """Its exit code; the terminal must be as it was before."""
        import termios

        end = time.monotonic() + 20
        while self.child.poll() is None:
            assert time.monotonic() < end, self.screen
            self.read()
        assert termios.tcgetattr(self.slave) == self.before
        assert self.child.returncode is not None
        return self.child.returncode

    def send(self, number: signal.Signals) -> None:
        self.child.send_signal(number)
