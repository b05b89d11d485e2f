"""castalia.web: slow and greedy clients, on a real server where a socket is what matters."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from castalia.core.settings import Settings
from castalia.web import bodies, guard, protocol
from castalia.web.app import create_app

API = "/api/2.0/mlflow"
JSON = {"content-type": "application/json"}
PIECE, PIECES = bytes(65536), 400


class Sender:
    """An application that sends more than a socket holds, and remembers how that ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.sent = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            headers = [(b"content-length", str(len(PIECE) * PIECES).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for i in range(PIECES):
                await send({"type": "http.response.body", "body": PIECE, "more_body": i < PIECES - 1})
                self.sent += 1
        finally:
            self.ended.set()


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sender, socket.socket]]:
    monkeypatch.setattr(protocol, "STUCK_SECONDS", 0.3)
    app = Sender()
    config = uvicorn.Config(app, http=protocol.BoundedProtocol, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    bound = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([bound])), daemon=True)
    thread.start()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.settimeout(20)
    connection.connect(bound.getsockname())
    connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    yield app, connection
    connection.close()
    server.should_exit = True
    thread.join(10)


def test_a_client_that_takes_nothing_of_its_answer_is_let_go(sender: tuple[Sender, socket.socket]) -> None:
    app, connection = sender
    assert app.ended.wait(20), "the answer still waits for its client"
    got = 0
    with pytest.raises(ConnectionError):
        while piece := connection.recv(2**20):
            got += len(piece)
        raise ConnectionError("closed in the middle")
    assert 0 < got < len(PIECE) * PIECES


def test_a_slow_client_that_takes_its_answer_gets_it_all(
    sender: tuple[Sender, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pause is far shorter than the patience, all together are longer."""
    monkeypatch.setattr(protocol, "STUCK_SECONDS", 3.0)
    app, connection = sender
    got, wanted = 0, len(PIECE) * PIECES
    for _ in range(17):
        got += len(connection.recv(2**18))
        time.sleep(0.2)
    while got < wanted and (piece := connection.recv(2**20)):
        got += len(piece)
    assert wanted <= got < wanted + 1000
    assert app.ended.wait(20), "the client has it all before the application hears that it went"
    assert app.sent == PIECES


def trickle(pieces: int, size: int, pause: float) -> Any:
    """A body that comes bit by bit and never pauses for long."""
    left = pieces

    async def receive() -> dict[str, Any]:
        nonlocal left
        await asyncio.sleep(pause)
        left -= 1
        return {"type": "http.request", "body": b" " * size, "more_body": left > 0}

    return receive


def test_a_body_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    headers = {"transfer-encoding": "chunked", "content-type": "application/json"}
    with pytest.raises(bodies.TooSlow, match=r"too slowly|stopped"):
        asyncio.run(bodies.admit(headers, f"{API}/runs/create", trickle(10_000, 1, 0.01)))
    monkeypatch.setattr(bodies, "BODY_SECONDS", 30)
    asyncio.run(bodies.admit(headers, f"{API}/runs/create", trickle(3, 1, 0.01)))


@pytest.mark.parametrize(("size", "ends"), [(1, False), (4096, True)])
def test_an_upload_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch, size: int, ends: bool) -> None:
    monkeypatch.setattr(bodies, "SLOW_SECONDS", 0.1)

    async def upload() -> None:
        path = "/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/y"
        receive = await bodies.admit({"transfer-encoding": "chunked"}, path, trickle(40, size, 0.01))
        while (await receive())["more_body"]:
            pass

    if ends:
        asyncio.run(upload())
    else:
        with pytest.raises(bodies.TooSlow, match="too slowly"):
            asyncio.run(upload())


def test_each_address_has_a_cap() -> None:
    for path, cap in (("runs/log-batch", 32), ("runs/log-inputs", 32), ("logged-models", 32), ("runs/create", 16)):
        for prefix in ("/api", "/ajax-api"):
            assert bodies.rule_of(f"{prefix}/2.0/mlflow/{path}").cap == cap * 2**20, path


@pytest.mark.parametrize(
    ("headers", "path", "large"),
    [({"content-length": "10"}, "/x", False), ({"content-length": str(2**20 + 1)}, "/x", True), ({}, "/x", False),
     ({"transfer-encoding": "chunked"}, "/x", True), ({"content-length": "9" * 30}, "/x", True),
     ({"content-length": "-1"}, "/x", True), ({"content-length": str(2**30)}, "/data", False)],
)  # fmt: skip
def test_what_may_be_large(headers: dict[str, str], path: str, large: bool) -> None:
    assert bodies.is_large(headers, path) is large


class Asked:
    """A request to the application itself, whose body ends when it is told to."""

    def __init__(self, app: Any, method: str, path: str, *, pieces: tuple[bytes, ...] = (), ends: bool = True) -> None:
        self.read, self.go_on = asyncio.Event(), asyncio.Event()
        self.status, self.body, self.headers = 0, b"", {}
        self._pieces = list(pieces)
        if ends:
            self.go_on.set()
        headers = [(b"host", b"localhost:8000"), (b"content-type", b"application/json")]
        headers += [(b"transfer-encoding", b"chunked")] if not ends else []
        headers += [(b"content-length", str(sum(map(len, pieces))).encode())] if ends and pieces else []
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
                 "headers": headers, "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1),
                 "server": ("127.0.0.1", 8000)}  # fmt: skip
        self.done = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        self.read.set()
        if len(self._pieces) > 1:
            return {"type": "http.request", "body": self._pieces.pop(0), "more_body": True}
        await self.go_on.wait()
        return {"type": "http.request", "body": self._pieces.pop(0) if self._pieces else b"", "more_body": False}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        self.body += message.get("body", b"")


def test_more_at_once_than_we_answer_are_told_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of each: problem documents, and TEMPORARILY_UNAVAILABLE, which the mlflow client tries again."""
    monkeypatch.setattr(guard, "MAX_REQUESTS", 2)
    app = create_app(Settings(home=tmp_path))

    async def ask() -> None:
        waiting = [Asked(app, "POST", f"{API}/runs/create", pieces=(b"{", b"}"), ends=False) for _ in range(2)]
        for each in waiting:
            await each.read.wait()
        refused = [Asked(app, "GET", path) for path in ("/health", f"{API}/experiments/search")]
        for each in refused:
            await each.done
            assert each.status == 503 and each.headers["retry-after"] == "1"
        assert json.loads(refused[1].body)["error_code"] == "TEMPORARILY_UNAVAILABLE"
        for each in waiting:
            each.go_on.set()
            await each.done
            assert each.status == 200
        again = Asked(app, "GET", "/health")
        await again.done
        assert again.status == 200

    asyncio.run(ask())


def test_large_bodies_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred of them do not fill the memory; small ones go on meanwhile."""
    monkeypatch.setattr(guard, "MAX_LARGE", 1)
    app = create_app(Settings(home=tmp_path))

    async def ask() -> None:
        first, second = (Asked(app, "POST", f"{API}/runs/create", pieces=(b"{", b"}"), ends=False) for _ in range(2))
        small = Asked(app, "POST", f"{API}/runs/create", pieces=(b"{}",))
        await small.done
        assert small.status == 200 and first.read.is_set() and not second.read.is_set()
        for each in (first, second):
            each.go_on.set()
            await each.done
            assert each.status == 200

    asyncio.run(ask())


@pytest.fixture(scope="module")
def greedily(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One workbench for all that is refused before anything is kept."""
    home = tmp_path_factory.mktemp("greedy")
    with TestClient(create_app(Settings(home=home)), "http://localhost:8000") as asked:
        yield asked


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000 + b"]" * 100_000, b'{"run_id":' * 5_000 + b"1" + b"}" * 5_000, b'{"a": ' + b"9" * 10_000 + b"}",
     b'{"run_id": "\\u0000", "metrics": [{"key": "\\u0000"}]}', b'{"run_id": "x", "timestamp": 9223372036854775808}'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["runs/log-batch", "runs/log-metric", "runs/search", "experiments/create"])
def test_a_greedy_body_is_the_clients_fault(greedily: TestClient, path: str, content: bytes) -> None:
    answer = greedily.post(f"{API}/{path}", content=content, headers=JSON)
    known = answer.status_code == 200 and path == "runs/search"  # which passes over fields that it does not know
    assert known or (400 <= answer.status_code < 500 and {"error_code", "message"} <= set(answer.json()))
    assert len(answer.content) < 2000


def test_a_crash_says_an_id_and_nothing_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from castalia.track import Store

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"secret of {tmp_path}")

    app = create_app(Settings(home=tmp_path))
    monkeypatch.setattr(Store, "run_place", broken)
    with TestClient(app, "http://localhost:8000") as asked:
        answer = asked.get(f"{API}/artifacts/list?run_id=x")
    body = answer.json()
    assert answer.status_code == 500 and body["error_code"] == "INTERNAL_ERROR"
    assert "fault " in body["message"] and "secret" not in answer.text and str(tmp_path) not in answer.text
    assert body["message"].partition("fault ")[2][:8] in caplog.text and "secret" in caplog.text
