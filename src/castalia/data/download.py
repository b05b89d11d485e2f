"""Download one file: resumed where it broke off, bounded, checked before it gets its name.

It connects only to the address of the registry, and where that redirects (see :mod:`castalia.data.reach`).
"""

from __future__ import annotations

import email.message
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from castalia.core.errors import CastaliaError, Refused, TooLarge, Unavailable, WrongInput
from castalia.core.lock import FileLock
from castalia.data.digests import digest
from castalia.data.reach import opener_for
from castalia.data.sources import Source, SourceFile
from castalia.data.writing import cannot_write, write_json
from castalia.kit.tabular.content import chunks

TIMEOUT = 30.0
"""Seconds without a byte before a connection counts as lost."""
TRIES = 5
"""Attempts in a row that bring nothing before giving up; one that brings bytes starts the count again."""
MOST_TRIES = 100
"""Attempts in all: a server that always sends a little is given up, too."""
PAUSE = 0.5
"""Seconds before the second attempt; doubled for each after it."""
PIECE = 1 << 16
SLACK = 1 << 16
"""How much larger than the content its gzip form may be."""


@dataclass(frozen=True)
class Progress:
    """Where a download stands, in bytes as they travel."""

    name: str
    file: str
    host: str
    licence: str
    done: int
    total: int | None
    """Bytes in all; None while the server has not said."""
    begins: bool = False
    """True in the first report of a file, made before any connection."""


Tell = Callable[[Progress], None]


class _Broke(Exception):
    """The connection ended early; what arrived is kept and the next attempt goes on from there."""


def fetch(url: str, target: Path, source: Source, file: SourceFile, *, offline: bool, tell: Tell) -> Path:
    """Download ``url`` to ``target`` and return it, once its uncompressed content has the registered digest.

    Raises :class:`Unavailable` (offline, no connection, no such file), :class:`Refused` (an address that is
    not public), :class:`TooLarge` and :class:`WrongInput` (other content than registered).
    """
    host = urlsplit(url).hostname or ""
    label = f"{source.name}: {file.name}"
    if urlsplit(url).scheme not in ("http", "https") or not host:
        raise Refused(f"{label} has an address that is not fetched", url, "an http or https address")
    if offline:
        raise Unavailable(
            f"{label} is not here and downloads are switched off",
            "CASTALIA_OFFLINE is set",
            f"a copy of {file.name} in a folder named in CASTALIA_DATA",
            f"Copy it there, or unset CASTALIA_OFFLINE and run: castalia data fetch {source.name}",
            field="data",
        )
    part = target.with_name(target.name + ".part")
    try:
        with FileLock(target.with_name(target.name + ".lock")):
            if target.exists():  # another process was faster
                return target
            _Download(url, part, file.bytes + SLACK, label, source, file, tell).run()
            _check(part, source, file, host)
            part.replace(target)
            _note(part).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(f"{label} cannot be saved", error) from None
    return target


def _check(part: Path, source: Source, file: SourceFile, host: str) -> None:
    try:
        got, size = digest(chunks(part, name=f"{source.name}: {file.name}", max_bytes=file.bytes))
        problem = "" if got == file.sha256 else f"sha256 {got} ({size:,} bytes)"
    except (TooLarge, WrongInput) as error:
        problem = error.got
    if problem:
        part.unlink()
        _note(part).unlink(missing_ok=True)
        raise WrongInput(
            f"{source.name}: {file.name} from {host} is not the registered file",
            problem,
            f"sha256 {file.sha256} ({file.bytes:,} bytes)",
            "The file was changed where it is published or on its way; it was thrown away. Try again later, "
            "or put a copy of the original into a folder named in CASTALIA_DATA.",
            field="data",
        )


def _note(part: Path) -> Path:
    """Beside a partial file: which address it is from and which state of it."""
    return part.with_name(part.name + ".json")


@dataclass
class _Download:
    """One download into a ``.part`` file."""

    url: str
    part: Path
    cap: int
    label: str
    source: Source
    file: SourceFile
    tell: Tell

    def run(self) -> None:
        """Fill the partial file, attempt by attempt."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        opener, failures, reason = opener_for(self.url), 0, ""
        self._say(self._here(), None, begins=True)
        for _ in range(MOST_TRIES):
            if failures == TRIES:
                break
            before = self._here()
            if failures:
                time.sleep(PAUSE * 2 ** (failures - 1))
            try:
                self._attempt(opener)
                return
            except _Broke as error:
                reason = str(error)
            failures = 0 if self._here() > before else failures + 1
        raise Unavailable(
            f"{self.label} could not be downloaded",
            f"{reason or 'the connection breaks'} ({self._here():,} bytes are kept)",
            f"an answer from {urlsplit(self.url).hostname}",
            f"Check the connection; castalia data fetch {self.source.name} goes on where it stopped.",
            field="data",
        )

    def _attempt(self, opener: urllib.request.OpenerDirector) -> None:
        start, validator = self._here(), self._validator()
        headers = {"User-Agent": "castalia", "Accept-Encoding": "identity"}
        if start and validator:
            headers |= {"Range": f"bytes={start}-", "If-Range": validator}
        else:
            start = 0
        try:
            with opener.open(urllib.request.Request(self.url, headers=headers), timeout=TIMEOUT) as answer:  # noqa: S310
                self._take(answer, start)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 416 and start:
                    if error.headers.get("Content-Range", "").strip() == f"bytes */{start}":
                        return  # it was all here: the process died before the file got its name
                    self._drop()
                    raise _Broke("the file there is now another one") from None
                if error.code in (408, 425, 429) or error.code >= 500:
                    raise _Broke(f"HTTP {error.code}") from None
                raise self._not_there(f"HTTP {error.code} {error.reason}") from None
        except CastaliaError:
            raise
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            if isinstance(error, urllib.error.URLError) and isinstance(error.reason, CastaliaError):
                raise error.reason from None
            raise _Broke(_reason(error)) from None

    def _take(self, answer: Any, start: int) -> None:
        """Append the body of one answer; raises :class:`_Broke` where it is shorter than announced."""
        length = _number(answer.headers.get("Content-Length"))
        if answer.status == 206:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
            if not found or int(found[1]) != start:
                self._drop()
                raise _Broke("the server answered with another part of the file")
        else:
            start = 0
        total = None if length is None else start + length
        if total is not None and total > self.cap:
            raise self._too_large(f"{total:,} bytes announced")
        write_json(_note(self.part), {"url": self.url, "validator": _strong(answer.headers)})
        with self.part.open("r+b" if start else "wb") as stream:
            stream.seek(start)
            stream.truncate()
            done = self._copy(answer, stream, start, total)
        if total is not None and done < total:
            raise _Broke(f"cut off after {done:,} of {total:,} bytes")

    def _copy(self, answer: Any, stream: IO[bytes], done: int, total: int | None) -> int:
        self._say(done, total)
        said = time.monotonic()
        while piece := _piece(answer):
            done += len(piece)
            if done > self.cap:
                raise self._too_large(f"more than {self.cap:,} bytes")
            stream.write(piece)
            if time.monotonic() - said > 0.1:
                said = time.monotonic()
                self._say(done, total)
        self._say(done, total)
        return done

    def _here(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _validator(self) -> str:
        """What proves that the rest still belongs to the beginning we hold; empty where nothing does."""
        try:
            note = json.loads(_note(self.part).read_text("utf-8"))
            return str(note["validator"]) if note["url"] == self.url else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _drop(self) -> None:
        self.part.unlink(missing_ok=True)
        _note(self.part).unlink(missing_ok=True)

    def _say(self, done: int, total: int | None, begins: bool = False) -> None:
        host = urlsplit(self.url).hostname or ""
        self.tell(Progress(self.source.name, self.file.name, host, self.source.licence, done, total, begins))

    def _too_large(self, got: str) -> TooLarge:
        self._drop()
        cure = "The file there is not the one registered; put a copy of the original into a folder of CASTALIA_DATA."
        return TooLarge(f"{self.label} is larger than it should be", got, f"at most {self.cap:,} bytes", cure)

    def _not_there(self, got: str) -> Unavailable:
        host = urlsplit(self.url).hostname
        cure = f"Put a copy into a folder named in CASTALIA_DATA (about the set: {self.source.page or host})."
        return Unavailable(f"{self.label} is not to be had from {host}", got, "the file", cure, field="data")


def _piece(answer: Any) -> bytes:
    """The next bytes of an answer. Kept apart so that a broken connection is never taken for a full disk."""
    try:
        return bytes(answer.read1(PIECE))
    except (OSError, http.client.HTTPException) as error:
        raise _Broke(_reason(error)) from None


def _strong(headers: email.message.Message) -> str:
    """A validator that allows to continue: a strong ETag, else the date of the last change."""
    etag = headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return str(inner) or type(inner).__name__
