"""RemoteTree: files below an fsspec URL: ``s3://bucket/prefix``, ``gs://…``, ``abfs://…``, ``sftp://…``, ``memory://…``.

A file is taken in on this disk first and handed over whole, so a client that breaks off never leaves an upload
open over there, and the hash is known before. Object stores show an object once it is complete; elsewhere
it is written under another name and moved. What a driver says may hold a key or a password: it is not repeated.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.track.files.incoming import Incoming
from castalia.track.files.local import INCOMING
from castalia.track.files.tree import Entry, Found, Opened, Tree, absent, in_the_way, not_plain

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss"})
"""Where a file is seen once it is complete, and folders are only in names."""
DRIVERS = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "oss": "ossfs", "smb": "smbprotocol", "hdfs": "pyarrow", "webhdfs": "requests", "hf": "huggingface_hub",
    "ftp": "fsspec", "memory": "fsspec",
}  # fmt: skip
"""Protocols that keep files elsewhere, and what pip installs for each. Others read this disk, or cannot write."""
STEP = 4 * 2**20
"""Bytes that are asked for at once."""
_MARKS = ("ETag", "etag", "md5Hash", "mtime", "modified", "LastModified", "last_modified", "updated", "created")

log = logging.getLogger("castalia.track")


class RemoteTree(Tree):
    """Files below ``url``. WrongInput for a URL that keeps none, Unavailable without its driver or offline."""

    def __init__(self, url: str, staging: Path) -> None:
        self.url, self.staging = url, staging
        self.shown = without_credentials(url)
        protocol = checked_protocol(url)
        if Settings.read().offline and protocol != "memory":
            raise Unavailable(f"{self.shown} is elsewhere", "CASTALIA_OFFLINE is set", "a connection", "Unset it.")
        self.fs, root = _connected(url, protocol, self.shown)
        self.root = root.rstrip("/")
        self.atomic = protocol in OBJECT_STORES
        self._folders: set[str] = set()

    def keep(self, incoming: Incoming, path: str) -> Found:
        """Send it whole, then let it be seen."""
        source = incoming.finish()
        *folders, _ = path.split("/")
        self._check_way(path, folders)
        target, beside = self._full(path), self._full(f"{INCOMING}/{secrets.token_hex(12)}")
        with self._faults(path, writing=True):
            if self.atomic:
                self.fs.put_file(str(source), target)
            else:
                try:
                    self.fs.makedirs(self._full(INCOMING), exist_ok=True)
                    self.fs.put_file(str(source), beside)
                    self.fs.makedirs(self._full("/".join(folders)), exist_ok=True)
                    self.fs.mv(beside, target)
                except BaseException:
                    with contextlib.suppress(Exception):
                        self.fs.rm_file(beside)
                    raise
        return self._found(path)

    def open(self, path: str) -> Opened:
        """Replaced meanwhile, reading fails rather than mixing two files."""
        return _RemoteFile(self, path, self._found(path))

    def listing(self, folder: str = "") -> list[Entry]:
        """One request a thousand files or so."""
        full = self._full(folder)
        try:
            with self._faults(folder):
                self.fs.invalidate_cache()
                found = [each for each in self.fs.ls(full, detail=True) if _name(each) != full.strip("/")]
        except CastaliaError as error:
            if error.status == 404:
                return []
            raise
        lines = [Entry(_name(each).rpartition("/")[2], each["type"] == "directory",
                       0 if each["type"] == "directory" else int(each["size"] or 0))
                 for each in found if each["type"] in ("file", "directory")]  # fmt: skip
        return sorted((line for line in lines if folder or line.name != INCOMING), key=lambda line: line.name)

    def walk(self, folder: str = "") -> Iterator[tuple[str, Found]]:
        """In the order of names."""
        full, cut = self._full(folder), len(self.root.strip("/"))
        try:
            with self._faults(folder):
                self.fs.invalidate_cache()
                found: dict[str, Any] = self.fs.find(full, detail=True)
        except CastaliaError as error:
            if error.status == 404:
                return
            raise
        for each in found.values():
            name = _name(each)[cut:].strip("/")
            if not name.startswith(f"{INCOMING}/") and name != folder:
                yield name, Found(int(each["size"] or 0), _mark(each))

    def delete(self, path: str) -> bool:
        """A folder file by file, so it is not one step."""
        full = self._full(path)
        try:
            with self._faults(path):
                self.fs.invalidate_cache()
                self.fs.rm(full, recursive=self.fs.info(full)["type"] == "directory")
        except CastaliaError as error:
            if error.status == 404:
                return False
            raise
        self._folders.clear()
        if not self.atomic:
            with contextlib.suppress(Exception):  # the first that is not empty ends it
                while path := path.rpartition("/")[0]:
                    if self.fs.ls(self._full(path)):
                        break
                    self.fs.rmdir(self._full(path))
        return True

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _found(self, path: str) -> Found:
        with self._faults(path):
            self.fs.invalidate_cache()
            info = self.fs.info(self._full(path))
        if info["type"] != "file":
            raise not_plain(path, folder=info["type"] == "directory")
        return Found(int(info["size"] or 0), _mark(info))

    def _check_way(self, path: str, folders: list[str]) -> None:
        """An object store would keep a file ``a`` beside a file ``a/b``; a folder of this disk could not."""
        with self._faults(path):
            self.fs.invalidate_cache()
            if self.fs.isdir(self._full(path)):
                raise in_the_way(path)
            above = ["/".join(folders[: i + 1]) for i in range(len(folders))]
            for folder in above:
                if folder not in self._folders and self.fs.isfile(self._full(folder)):
                    raise in_the_way(path)
        self._folders.update(above[-8:] if len(self._folders) < 10_000 else ())

    @contextlib.contextmanager
    def _faults(self, path: str, *, writing: bool = False) -> Iterator[None]:
        """A driver's errors as ours, without its words."""
        try:
            yield
        except CastaliaError:
            raise
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise (in_the_way if writing else absent)(path) from None
        except Exception as error:
            if isinstance(error, FileNotFoundError) and not writing:
                raise absent(path) from None
            log.warning("%s: %s", self.shown, type(error).__name__)
            kind, cure = type(error).__name__, "Check that it is there, the network, and its credentials."
            raise Unavailable("the store of files did not answer", kind, self.shown, cure) from None


class _RemoteFile(Opened):
    def __init__(self, tree: RemoteTree, path: str, found: Found) -> None:
        self.found, self._tree, self._path = found, tree, path

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        stop = self.found.size if end is None else end
        while start < stop:
            upto = min(start + STEP, stop)
            with self._tree._faults(self._path):
                piece: bytes = self._tree.fs.cat_file(self._tree._full(self._path), start=start, end=upto)
            if len(piece) != upto - start or (upto == stop and self._tree._found(self._path) != self.found):
                raise Unavailable("the file was replaced while it was read", cure="Read it again.")
            start = upto
            yield piece


def checked_protocol(url: str) -> str:
    """The protocol of a URL under which files can be kept elsewhere. WrongInput otherwise."""
    protocol, found, rest = url.partition("://")
    if not found or protocol not in DRIVERS or "::" in url or (not rest and protocol != "memory"):
        known = ", ".join(sorted(DRIVERS))
        raise WrongInput("no place for files", without_credentials(url)[:100], f"a URL of {known}",
                         "Such as s3://bucket/prefix.", field="artifacts")  # fmt: skip
    return protocol


def without_credentials(url: str) -> str:
    """The URL without user, password and query."""
    protocol, found, rest = url.partition("://")
    rest = rest.partition("?")[0].partition("#")[0]
    authority, slash, path = rest.partition("/")
    return f"{protocol}{found}{authority.rpartition('@')[2]}{slash}{path}" if found else protocol


def driver_of(protocol: str) -> Any:
    """The class of fsspec for a protocol. Unavailable with the pip line where its driver is not installed."""
    try:
        import fsspec

        return fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError):  # a protocol that fsspec learns of from the driver itself
        driver = DRIVERS[protocol]
        raise Unavailable(f"{protocol}:// needs a driver", f"{driver} is not installed", driver,
                          f"pip install {driver}") from None  # fmt: skip


def _connected(url: str, protocol: str, shown: str) -> tuple[Any, str]:
    driver_of(protocol)
    try:
        from fsspec.core import url_to_fs

        fs, root = url_to_fs(url)
        return fs, str(root)
    except Exception as error:
        raise Unavailable("the store of files cannot be opened", type(error).__name__, shown,
                          "Check the URL and its credentials.") from None  # fmt: skip


def _name(info: Mapping[str, Any]) -> str:
    return str(info["name"]).strip("/")


def _mark(info: Mapping[str, Any]) -> int:
    value = next((info[key] for key in _MARKS if info.get(key) is not None), None)
    text = repr(value.timestamp() if isinstance(value, datetime) else value)
    return int.from_bytes(hashlib.sha256(f"{info['size']}/{text}".encode()).digest()[:8], "big") >> 1
