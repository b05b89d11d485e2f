"""LocalTree: files below one folder of this disk, reached step by step so that no link is ever followed.

Each folder on the way is opened inside the one before (``dir_fd`` and ``O_NOFOLLOW``): a link that somebody puts
there meanwhile is refused, not raced. Where the system has no such calls (Windows) the way is looked at first.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from castalia.core.errors import CastaliaError, Refused
from castalia.track.database import readable
from castalia.track.files.incoming import CHUNK, Incoming
from castalia.track.files.tree import Entry, Found, Opened, Tree, absent, in_the_way, not_plain
from castalia.track.spool import sync_folder

INCOMING = ".incoming"
_STEPWISE = os.name == "posix" and os.open in os.supports_dir_fd
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_TRIES = 20


class LocalTree(Tree):
    """Files below ``root``, which is made when the first one arrives."""

    def __init__(self, root: Path) -> None:
        self.root, self.staging = root, root / INCOMING

    def keep(self, incoming: Incoming, path: str) -> Found:
        """Rename it into its place, with every folder on the way made and on disk."""
        source = incoming.finish()
        found = _found(source.stat())
        for attempt in range(_TRIES):
            try:
                self._move(source, path)
                return found
            except FileNotFoundError as error:  # the folder was deleted between making it and moving there
                if attempt == _TRIES - 1:
                    raise readable(error, source) from error
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise in_the_way(path) from None
            except OSError as error:
                raise readable(error, source) from error
        raise AssertionError("unreachable")

    def _move(self, source: Path, path: str) -> None:
        *folders, name = path.split("/")
        with self._folder(folders, make=True) as (fd, place):
            at = place / name if fd is None else name
            with contextlib.suppress(FileNotFoundError):
                mode = os.stat(at, dir_fd=fd, follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    raise IsADirectoryError
                if not stat.S_ISREG(mode):
                    raise _link(path, name)
            os.replace(source, at, dst_dir_fd=fd)
            _sync(fd, place)

    def open(self, path: str) -> Opened:
        """The file as it is now: replaced meanwhile, the old one is read on."""
        *folders, name = path.split("/")
        try:
            with self._folder(folders) as (fd, place):
                at = place / name if fd is None else name
                if stat.S_ISLNK(os.stat(at, dir_fd=fd, follow_symlinks=False).st_mode):
                    raise _link(path, name)
                opened = os.open(at, _FILE, dir_fd=fd)
        except (FileNotFoundError, NotADirectoryError):
            raise absent(path) from None
        except OSError as error:
            raise readable(error, self.root / path) from error
        state = os.fstat(opened)
        if not stat.S_ISREG(state.st_mode):
            os.close(opened)
            raise not_plain(path, folder=stat.S_ISDIR(state.st_mode))
        return _LocalFile(opened, _found(state))

    def listing(self, folder: str = "") -> list[Entry]:
        """One level, in the order of names."""
        try:
            with self._folder(folder.split("/") if folder else []) as (fd, place), os.scandir(_at(fd, place)) as found:
                entries = [_entry(each) for each in found if folder or each.name != INCOMING]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise readable(error, self.root / folder) from error
        return sorted((each for each in entries if each is not None), key=lambda each: each.name)

    def walk(self, folder: str = "") -> Iterator[tuple[str, Found]]:
        """Depth first, in the order of names."""
        left = [folder]
        while left:
            here = left.pop()
            inner = []
            for each in self.listing(here):
                name = f"{here}/{each.name}" if here else each.name
                if each.is_folder:
                    inner.append(name)
                    continue
                with contextlib.suppress(CastaliaError), self.open(name) as opened:  # gone, or a link by now
                    yield name, opened.found
            left += reversed(inner)

    def delete(self, path: str) -> bool:
        """And the folders above it that are empty then."""
        *folders, name = path.split("/")
        try:
            with self._folder(folders) as (fd, place):
                at = place / name if fd is None else name
                mode = os.stat(at, dir_fd=fd, follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    shutil.rmtree(at, dir_fd=fd)
                elif stat.S_ISREG(mode):
                    os.unlink(at, dir_fd=fd)
                else:
                    raise _link(path, name)
                _sync(fd, place)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise readable(error, self.root / path) from error
        self._prune(folders)
        return True

    def _prune(self, folders: list[str]) -> None:
        with contextlib.suppress(OSError, CastaliaError):
            while folders:
                *folders, name = folders
                with self._folder(folders) as (fd, place):
                    os.rmdir(place / name if fd is None else name, dir_fd=fd)

    @contextlib.contextmanager
    def _folder(self, parts: list[str], *, make: bool = False) -> Iterator[tuple[int | None, Path]]:
        """An open folder of the tree and its path; the number is None where the system cannot open one."""
        if make:
            self.root.mkdir(parents=True, exist_ok=True)
        place = self.root
        if not _STEPWISE:
            for part in parts:
                place = place / part
                if place.is_symlink():
                    raise _link("/".join(parts), part)
            if make:
                place.mkdir(parents=True, exist_ok=True)
            yield None, place
            return
        fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                place = place / part
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=fd)
                        os.fsync(fd)
                try:
                    deeper = os.open(part, os.O_RDONLY | _FOLDER, dir_fd=fd)
                except OSError:
                    if stat.S_ISLNK(os.stat(part, dir_fd=fd, follow_symlinks=False).st_mode):
                        raise _link("/".join(parts), part) from None
                    raise
                os.close(fd)
                fd = deeper
            yield fd, place
        finally:
            os.close(fd)


class _LocalFile(Opened):
    def __init__(self, fd: int, found: Found) -> None:
        self.found, self._file = found, os.fdopen(fd, "rb", buffering=0)

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        left = (self.found.size if end is None else end) - start
        self._file.seek(start)
        while left > 0 and (piece := self._file.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self._file.close()


def _found(state: os.stat_result) -> Found:
    return Found(state.st_size, state.st_mtime_ns)


def _at(fd: int | None, place: Path) -> int | Path:
    return place if fd is None else fd


def _sync(fd: int | None, place: Path) -> None:
    if fd is None:
        sync_folder(place)
    else:
        os.fsync(fd)


def _entry(each: os.DirEntry[str]) -> Entry | None:
    try:
        each.name.encode()
        if each.is_dir(follow_symlinks=False):
            return Entry(each.name, True)
        if each.is_file(follow_symlinks=False):
            return Entry(each.name, False, each.stat(follow_symlinks=False).st_size)
    except (OSError, UnicodeEncodeError):  # gone meanwhile, or a name that no answer can hold
        pass
    return None


def _link(path: str, part: str) -> Refused:
    return Refused(f"artifact {path[:200]!r} leads through a link", part, "plain files in plain folders",
                   "Remove the link.")  # fmt: skip
