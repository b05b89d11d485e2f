"""A scratch folder with files: what a claim hands to a function, or what a program finds where it is started.

``subject.new("castalia.Folder", {"a.csv": "x\\n1\\n"})`` in a claim that needs files. The handle may be an argument:
the learner's code is given something that ``open`` and ``pathlib.Path`` take.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Callable  # noqa: UP035 (3.8)

if TYPE_CHECKING:
    from castalia.check.learner import Learner

LARGEST = 16 << 20
"""Bytes of a file that is read back."""


def adapt(learner: Learner) -> Callable[..., Folder]:
    """What makes a folder, for a claim that needs files."""
    if "files" not in learner.needs:
        raise learner.told("tool_error", "the claim uses a folder and does not say that it needs files")
    return functools.partial(Folder, learner)


class Folder:
    """Files by name below one folder of its own."""

    def __init__(self, learner: Learner, files: dict[str, Any] | None = None) -> None:
        self.learner, self.where = learner, learner.scratch()
        for name, content in (files or {}).items():
            self.write(name, content)

    def __fspath__(self) -> str:
        return self.where

    def __str__(self) -> str:
        return self.where

    def place(self, name: str) -> str:
        """The path of a file of that name, which must lie inside."""
        path = os.path.normpath(os.path.join(self.where, name))
        if not path.startswith(self.where + os.sep):
            raise self.learner.told("tool_error", f"{name!r} leads out of the folder")
        return path

    def write(self, name: str, content: Any) -> None:
        """Put a file there: text or bytes."""
        os.makedirs(os.path.dirname(self.place(name)), exist_ok=True)
        with open(self.place(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else str(content).encode())

    def read(self, name: str) -> Any:
        """What the file says: text, or bytes where it is none; None where there is no such file."""
        path = self.place(name)
        if not os.path.isfile(path) or os.path.islink(path):
            return None
        if os.path.getsize(path) > LARGEST:
            raise self.learner.told("wrong", f"a file of {os.path.getsize(path)} bytes, {name}")
        with open(path, "rb") as file:
            return text_or_bytes(file.read())

    def names(self) -> list[str]:
        """Every file below, with / between folders."""
        found = []
        for folder, _, names in os.walk(self.where):
            found += [os.path.relpath(os.path.join(folder, name), self.where) for name in names]
        return sorted(name.replace(os.sep, "/") for name in found)

    def states(self) -> dict[str, tuple[int, int]]:
        """Something about each file that changes when it is written."""
        told = {}
        for name in self.names():
            stat = os.lstat(os.path.join(self.where, name))
            told[name] = (stat.st_mtime_ns, stat.st_size)
        return told

    def changed(self, before: dict[str, tuple[int, int]]) -> dict[str, Any]:
        """The files that are new or written since ``before``, by name; at most 200."""
        names = [name for name, state in self.states().items() if before.get(name) != state]
        return {name: self.read(name) for name in names[:200]}


def text_or_bytes(data: bytes) -> Any:
    """Text where it is UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data
