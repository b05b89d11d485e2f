"""The servers that `tracker.py` asks, each a process of its own, and the one raw client that asks them all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

CASTALIA = [sys.executable, "-c", "import sys; from castalia.cli import main; sys.exit(main())"]
_HEADERS = (
    "Host: 127.0.0.1\r\nUser-Agent: mlflow-python-client/3.17.2\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n"
    "Connection: keep-alive\r\nX-MLflow-Client-Version: 3.17.2\r\n"
)
"""As MLflow's own client was seen sending them."""
_EMPTY = r"""
import asyncio, re, sys
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
class Empty(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.seen = transport, b""
    def data_received(self, data):
        self.seen += data
        while b"\r\n\r\n" in self.seen:
            head, _, rest = self.seen.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            length = int(length[1]) if length else 0
            if len(rest) < length:
                return
            self.seen = rest[length:]
            self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Empty, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""


_IDLE = """
import sqlite3, sys, uvicorn
raw = sqlite3.connect(sys.argv[2], isolation_level=None) if len(sys.argv) > 2 else None
if raw:
    for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE points (id INTEGER PRIMARY KEY)"):
        raw.execute(line)
async def idle(scope, receive, send):
    while (await receive()).get("more_body", False):
        pass
    if raw:
        raw.execute("INSERT INTO points VALUES (NULL)")
    head = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"{}"})
uvicorn.run(idle, host="127.0.0.1", port=int(sys.argv[1]), http="httptools", loop="asyncio", lifespan="off",
            access_log=False, log_level="warning", timeout_keep_alive=15)
"""


class Server:
    """A server on a port of its own, ended by its process group. ``started_s``: from start to a healthy answer."""

    def __init__(self, command: Sequence[str], port: int, environment: Mapping[str, str], log: Path) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        begun = time.perf_counter()
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=out, stderr=out, cwd=log.parent,
                start_new_session=True,
            )  # fmt: skip
        try:
            while not self._healthy():
                if self.process.poll() is not None or time.perf_counter() - begun > 120:
                    raise SystemExit(f"a server did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.01)
        except BaseException:
            self.close()
            raise
        self.started_s = time.perf_counter() - begun

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it and all it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(15)

    def held(self) -> float:
        """MiB of its whole tree, what several share counted once (PSS)."""
        parents: dict[int, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        tree, grown = {self.process.pid}, True
        while grown:
            more = {child for child, parent in parents.items() if parent in tree} - tree
            tree, grown = tree | more, bool(more)
        total = 0
        for number in tree:
            try:
                text = Path(f"/proc/{number}/smaps_rollup").read_text()
            except OSError:
                continue
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        return total / 1024

    def _healthy(self) -> bool:
        try:
            with Wire(self.port, timeout=30) as wire:
                return bool(wire.send(wire.request("GET", "/health")))
        except (OSError, AssertionError):
            return False


class Wire:
    """One keep-alive connection. A request is made once and sent as it is; the answer is read whole, not parsed."""

    def __init__(self, port: int, timeout: float = 120.0) -> None:
        self.port, self.timeout = port, timeout
        self.open()

    def open(self) -> None:
        """Connect; servers end a connection that was idle for seconds, as it is while the other one works."""
        if hasattr(self, "socket"):
            self.socket.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    @staticmethod
    def request(method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        """The bytes of a request."""
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{_HEADERS}"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
        return head.encode() + b"\r\n" + sent

    def send(self, request: bytes) -> bytes:
        """The body of the answer, as it comes (perhaps packed). AssertionError unless its status is 200."""
        self.socket.sendall(request)
        while b"\r\n\r\n" not in self.left:
            self._more()
        head, _, self.left = self.left.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        body = self._chunks() if fields.get(b"transfer-encoding") == b"chunked" else self._bytes(
            int(fields.get(b"content-length", 0))
        )  # fmt: skip
        assert head.startswith(b"HTTP/1.1 200"), (head[:200], body[:400])
        if fields.get(b"content-encoding") == b"gzip":
            import gzip

            return gzip.decompress(body)
        return body

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The parsed answer."""
        return json.loads(self.send(self.request(method, path, body)))

    def _more(self) -> None:
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        self.left += data

    def _bytes(self, count: int) -> bytes:
        if len(self.left) < count:
            parts, have = [self.left], len(self.left)
            while have < count:
                data = self.socket.recv(1 << 20)
                if not data:
                    raise ConnectionResetError("the server closed the connection")
                parts.append(data)
                have += len(data)
            self.left = b"".join(parts)
        body, self.left = self.left[:count], self.left[count:]
        return body

    def _chunks(self) -> bytes:
        parts = []
        while True:
            while b"\r\n" not in self.left:
                self._more()
            size, _, self.left = self.left.partition(b"\r\n")
            count = int(size.split(b";")[0], 16)
            parts.append(self._bytes(count))
            self._bytes(2)
            if not count:
                return b"".join(parts)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def castalia(folder: Path, store: str = "") -> Server:
    """``castalia up`` with its home in ``folder``; ``store`` is what CASTALIA_STORE says."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {"CASTALIA_HOME": str(folder), "CASTALIA_TOKEN": "", "CASTALIA_STORE": store, "CI": "true"}
    return Server([*CASTALIA, "up", "--port", str(port), "--no-browser"], port, environment, folder / "log")


def mlflow(folder: Path, store: str = "") -> Server:
    """``mlflow server`` with one worker, its database in ``folder`` unless ``store`` is the URL of another."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port),
               "--workers", "1", "--backend-store-uri", store or f"sqlite:///{folder / 'mlflow.db'}",
               "--artifacts-destination", str(folder / "artifacts")]  # fmt: skip
    return Server(command, port, {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}, folder / "log")


def empty(folder: Path, bare: bool = False, flushes: bool = False) -> Server:
    """A server that answers ``{}`` at once, whatever is asked: the ceiling of a client.

    It is uvicorn with the HTTP parser that ours has; ``bare`` is a loop that looks for the end of a request and
    no more, which no HTTP server is. With ``flushes`` one row is on disk in SQLite before each answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    more = [str(folder / "points.db")] if flushes else []
    return Server([sys.executable, "-c", _EMPTY if bare else _IDLE, str(port), *more], port, {}, folder / "log")
