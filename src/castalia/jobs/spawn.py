"""Starting a Python of ours: the same interpreter, the same import path, a session of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import IO

_BEFORE = "CASTALIA_PYTHONPATH"


def spawn(
    module: str,
    *args: str,
    mark: str = "",
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.STDOUT,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """``python -m module args`` that can import what we can; leader of a new session and group.

    Its working directory is ours, so that relative folders in the environment keep their meaning.
    Raises OSError when the system cannot start it.
    """
    environment = dict(os.environ)
    environment[_BEFORE] = environment.get("PYTHONPATH", "")
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(os.path.abspath(part) for part in sys.path))
    if mark:
        name, _, value = mark.partition("=")
        environment[name] = value
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *args],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        pass_fds=pass_fds,
        close_fds=True,
        start_new_session=True,
    )


def settle() -> None:
    """First line of a child's main: what it starts in turn (perhaps another Python) gets the user's own PYTHONPATH."""
    before = os.environ.pop(_BEFORE, None)
    if before:
        os.environ["PYTHONPATH"] = before
    elif before is not None:
        os.environ.pop("PYTHONPATH", None)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
