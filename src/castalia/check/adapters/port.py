"""A learner's server: started on a free port of the sandbox's own loopback, asked over HTTP, stopped, killed.

``subject.new("Server", ["--port", "{port}"])`` starts the program with the number in place of ``{port}`` (it is in the
environment as PORT too) and waits until it answers. ``call("request", "GET", "/items")`` answers {"status", "headers",
"body", "json"}. Where the kernel lends no network namespace the loopback is the machine's own.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.check.learner import Learner

HOST = "127.0.0.1"
LARGEST = 64 << 20
"""Bytes of a body that is read."""


def adapt(learner: Learner) -> Port:
    return Port(learner)


class Port:
    """What a claim may ask of a server."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.folders = learner.tool("folder")
        self.program = learner.tool("programs").Program(learner)

    def Server(
        self, args: list[str], files: dict[str, Any] | None = None, env: dict[str, str] | None = None,
        folder: Any = None, ready: str = "", seconds: float | None = None,
    ) -> Server:  # fmt: skip
        """Start it in a fresh folder with ``files``, or in a ``castalia.Folder``; it answers on return.

        With ``ready``, a path, it answers once that is no error of the server's; else once it takes a connection.
        """
        folder = folder or self.folders.Folder(self.learner)
        for name, content in (files or {}).items():
            folder.write(name, content)
        made = Server(self, args, env or {}, folder, ready)
        made.start(seconds)
        return made


class Server:
    """A server that runs, or has been stopped."""

    def __init__(self, adapter: Port, args: list[str], env: dict[str, str], folder: Any, ready: str) -> None:
        self.adapter, self.args, self.env, self.folder, self.ready = adapter, args, env, folder, ready
        self.learner = adapter.learner
        self.port = 0
        self.child: Any = None

    def start(self, seconds: float | None = None) -> None:
        """Start it on a free port, in its folder as that is now."""
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        number = str(self.port)
        words = [str(word).replace("{port}", number) for word in self.args]
        env = {name: str(value).replace("{port}", number) for name, value in self.env.items()}
        self.child = self.adapter.program.start(words, self.folder.where, {"PORT": number, **env})
        until = self.learner.left(seconds)
        while not self._answers():
            if self.child.gone():
                raise self.child.ended("it ended before it answered")
            if time.monotonic() >= until:
                raise self.child.late(f"nothing answered on port {self.port} in time")
            time.sleep(0.01)

    def restart(self, seconds: float | None = None) -> None:
        """Kill it where it still runs, and start it again in the same folder, on another port."""
        self.kill()
        self.start(seconds)

    def stop(self, seconds: float | None = None) -> int:
        """Ask it to end, as an operator would (signal 15); its exit code."""
        self.child.signal(signal.SIGTERM)
        code: int = self.child.finish(seconds)
        return code

    def kill(self) -> None:
        """KILL, as ``kill -9`` does; its folder stays as it is."""
        self.child.kill()

    def running(self) -> bool:
        """It has not ended."""
        return not self.child.gone()

    def output(self) -> str:
        """The end of what it printed since it was started."""
        read = self.learner.tool("programs").read
        return "".join(read(path, 1 << 16).decode("utf-8", "replace") for path in (self.child.out, self.child.err))

    def files(self) -> dict[str, Any]:
        """The files of its folder."""
        files: dict[str, Any] = self.folder.changed({})
        return files

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None,
        seconds: float | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """One request on a connection of its own. A body that is neither text nor bytes is sent as JSON."""
        until = self.learner.left(seconds)
        sent = dict(headers or {})
        if not isinstance(body, (str, bytes, type(None))):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        try:
            answer = _exchange(self.port, method, path, body, sent, until)
            if answer["status"] >= 500:
                self.child.echo()
            return answer
        except socket.timeout:  # noqa: UP041 (TimeoutError from 3.10 on)
            raise self.child.late(f"{method} {path} was not answered in time") from None
        except (OSError, http.client.HTTPException) as error:
            time.sleep(0.05)
            if self.child.gone():
                raise self.child.ended(f"it ended when it was asked {method} {path}") from None
            self.child.tell_exception()
            words = f"no HTTP answer to {method} {path} ({type(error).__name__}){self.child.said()}"
            raise self.learner.told("learner_error", words) from None

    def load(self, requests: list[Any], at_once: int = 8, seconds: float | None = None) -> list[dict[str, Any]]:
        """Many requests [method, path, body], so many at a time: each one's status (0: no answer), seconds and json."""
        until = self.learner.left(seconds)

        def ask(each: list[Any]) -> dict[str, Any]:
            method, path, body = [*each, None][:3]
            began = time.monotonic()
            text, kind = (None, {}) if body is None else (json.dumps(body), {"Content-Type": "application/json"})
            try:
                answer = _exchange(self.port, method, path, text, kind, until)
                told = {"status": answer["status"], "json": answer["json"]}
            except (OSError, http.client.HTTPException):
                told = {"status": 0, "json": None}
            return {**told, "seconds": time.monotonic() - began}

        with concurrent.futures.ThreadPoolExecutor(max(1, min(64, at_once))) as pool:
            return list(pool.map(ask, requests))

    def _answers(self) -> bool:
        try:
            if not self.ready:
                socket.create_connection((HOST, self.port), timeout=0.5).close()
                return True
            answer = _exchange(self.port, "GET", self.ready, None, {}, time.monotonic() + 0.5)
            return bool(answer["status"] < 500)
        except (OSError, http.client.HTTPException):
            return False


def _exchange(port: int, method: str, path: str, body: Any, headers: dict[str, str], until: float) -> dict[str, Any]:
    """One request and its whole answer. Raises OSError (of it socket.timeout) or HTTPException."""
    connection = http.client.HTTPConnection(HOST, port, timeout=max(0.01, until - time.monotonic()))
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, headers)
        answer = connection.getresponse()
        parts, size = [], 0
        while True:
            data = answer.read1(1 << 16) if method != "HEAD" else b""
            if not data:
                break
            parts.append(data)
            size += len(data)
            if size > LARGEST:
                raise http.client.HTTPException("a body of more than 64 MB")
            if time.monotonic() >= until:
                raise socket.timeout("the body does not end")  # noqa: UP041
        raw = b"".join(parts)
    finally:
        connection.close()
    try:
        text: Any = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw
    named = {name.lower(): value for name, value in answer.getheaders()}
    return {"status": answer.status, "headers": named, "body": text, "json": _json(named, text)}


def _json(headers: dict[str, str], text: Any) -> Any:
    """What the body says where it calls itself JSON and is; else None."""
    if "json" not in headers.get("content-type", ""):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
