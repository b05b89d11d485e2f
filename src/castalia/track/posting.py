"""Posting: one connection to a workbench that takes frames and files, and what its answers mean to a client.

It asks no proxy: the address is the workbench's own. It follows no redirect and unpacks nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from castalia.core.errors import WrongInput

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
REFUSED = (413, 422)
"""What the workbench will never take, however often it is sent."""


class NotNow(Exception):
    """The workbench did not take it: it is down, busy, or does not know this token. Try again later."""


class Never(Exception):
    """The workbench will not take it, now or later; the message says why."""


class Address:
    """Where a workbench answers, ``http://host:8000`` or behind a proxy ``https://host/castalia``. WrongInput else."""

    def __init__(self, url: str) -> None:
        expected, cure = "http://host:port", "Say where castalia up answers: http://127.0.0.1:8000"
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            raise WrongInput("server is no address", repr(url)[:100], expected, cure, field="server") from None
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
            raise WrongInput("server is no address", repr(_bare(url))[:100], expected, cure, field="server")
        self.secure, self.host = parts.scheme == "https", host
        self.port = port or (443 if self.secure else 80)
        self.path = parts.path.rstrip("/").removesuffix("/app")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.path}"

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _bare(url: str) -> str:
    return url.rpartition("@")[2]  # a password has no place in an error


class Post:
    """A kept connection. Not safe to share between threads."""

    def __init__(self, address: Address, token: str = "", *, patience: float = ANSWER_SECONDS) -> None:
        self.address, self._token, self._patience = address, token, patience
        self._line: http.client.HTTPConnection | None = None

    def ingest(self, frames: Iterable[bytes]) -> list[str]:
        """Send frames; return the words of what was refused among them. NotNow, Never."""
        answer = self._ask("POST", "/runs/ingest", b"".join(frames))
        return [_words(error) for error in answer.get("errors", [])]

    def put_file(self, run_id: str, name: str, path: Path, sha256: str) -> None:
        """Send a file. FileNotFoundError where it is gone; NotNow, Never."""
        where = f"/runs/{quote(run_id, safe='')}/artifacts/{quote(name)}?sha256={sha256}"
        with path.open("rb") as file:
            self._ask("PUT", where, file, path.stat().st_size)

    def close(self) -> None:
        """End the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _ask(self, method: str, path: str, body: bytes | BinaryIO, size: int = -1) -> dict[str, Any]:
        kept = self._line is not None
        try:
            return self._once(method, path, body, size)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not kept:
                raise NotNow(_reason(error)) from None
        if not isinstance(body, bytes):
            body.seek(0)
        try:  # a kept connection may have been closed while nothing was said
            return self._once(method, path, body, size)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NotNow(_reason(error)) from None

    def _once(self, method: str, path: str, body: bytes | BinaryIO, size: int) -> dict[str, Any]:
        if self._line is None:
            kind = http.client.HTTPSConnection if self.address.secure else http.client.HTTPConnection
            self._line = kind(self.address.host, self.address.port, timeout=CONNECT_SECONDS)
            self._line.connect()
            assert self._line.sock is not None
            self._line.sock.settimeout(self._patience)
        headers = {"Content-Type": "application/octet-stream", "Accept": "application/json"}
        headers["Content-Length"] = str(len(body) if isinstance(body, bytes) else size)
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        self._line.request(method, self.address.path + path, body=body, headers=headers)
        answer = self._line.getresponse()
        content = answer.read(2**20)
        if answer.will_close or answer.read(1):
            self.close()
        try:
            said = json.loads(content) if content else {}
        except ValueError:
            said = {}
        said = said if isinstance(said, dict) else {}
        if answer.status in REFUSED or (method == "PUT" and answer.status == 404 and "subject" in said):
            raise Never(_words(said))
        if answer.status != 200 or (method == "POST" and "errors" not in said):
            raise NotNow(f"{answer.status} {_words(said) or answer.reason}")
        return said


def _words(said: dict[str, Any]) -> str:
    parts = (said.get("subject"), said.get("got"), said.get("expected"))
    return "; ".join(str(part)[:200] for part in parts if part)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", "") or str(error) or type(error).__name__)[:200]
