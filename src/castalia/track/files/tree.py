"""Tree: a place that keeps files by their relative names, and the little that the tracker asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from castalia.core.errors import NotFound, Refused, WrongInput
from castalia.track.files.incoming import Incoming


@dataclass(frozen=True)
class Found:
    """A file that is there. ``mark`` is a number that changes when its content does."""

    size: int
    mark: int


@dataclass(frozen=True)
class Entry:
    """One line of a folder's list; a folder has the size 0."""

    name: str
    is_folder: bool
    size: int = 0


class Opened(ABC):
    """A file that is being read: what it was when it was opened stays what is read, or reading fails."""

    found: Found

    @abstractmethod
    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` to before ``end``, a chunk at a time. Unavailable where they stop arriving."""

    def close(self) -> None:  # noqa: B027  what holds nothing open has nothing to do
        """Let it go."""

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Tree(ABC):
    """Files by relative names that were checked. A name is a file or a folder, and never leads out.

    Every method raises Refused for a way through a link or to what is no plain file, and Unavailable where the
    place cannot be reached or has no room.
    """

    staging: Path
    """A folder of this disk for files on their way in."""

    @abstractmethod
    def keep(self, incoming: Incoming, path: str) -> Found:
        """Put a finished file in its place, in one step: the old one or the new one is there, never a half.

        WrongInput where a folder has that name, or a file has the name of a folder on the way.
        """

    @abstractmethod
    def open(self, path: str) -> Opened:
        """Open to read. NotFound where there is no such file."""

    @abstractmethod
    def listing(self, folder: str = "") -> list[Entry]:
        """What lies in a folder, by name; empty where there is none. Links and devices are left out."""

    @abstractmethod
    def walk(self, folder: str = "") -> Iterator[tuple[str, Found]]:
        """Every file below, with its name from the tree's root."""

    @abstractmethod
    def delete(self, path: str) -> bool:
        """Take a file away, or a folder with all in it; whether there was one."""


def absent(path: str) -> NotFound:
    """There is no such file."""
    return NotFound(f"no artifact {path[:200]!r}", cure="castalia runs RUN lists what there is.")


class IsFolder(Refused):
    """What was asked for as a file is a folder."""


def not_plain(path: str, *, folder: bool = False) -> Refused:
    """A folder, a device, a socket."""
    kind = IsFolder if folder else Refused
    return kind(f"artifact {path[:200]!r} is not a plain file", cure="Only files can be read.")


def in_the_way(path: str) -> WrongInput:
    """A file where a folder must be, or a folder where a file."""
    return WrongInput(f"artifact {path[:200]!r} is in the way of another", "a file and a folder of one name",
                      "another name", field="name")  # fmt: skip
