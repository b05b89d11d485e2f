"""castalia.web.server and protocol: the real process, its port, its end, and what a hostile socket sends it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from web_process import Workbench

from castalia import catalog
from castalia.core.errors import CastaliaError, Refused, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.web import protocol, server

TOYS = Path(__file__).parent / "toy_shelf"
TOKEN = "a-long-enough-token"

pytestmark = pytest.mark.xdist_group("web_server")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    home = tmp_path_factory.mktemp("home")
    catalog.trust(TOYS, Settings(home=home), "toys")
    with Workbench(home) as made:
        yield made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_it_says_where_it_is_and_answers(bench: Workbench) -> None:
    assert bench.address.startswith("http://127.0.0.1:") and bench.address.endswith("/app/")
    status, body, headers = bench.ask("/health")
    assert status == 200 and json.loads(body)["status"] == "ok" and "server" not in headers


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_at_rest_it_is_small(bench: Workbench) -> None:
    for path in ("/health", "/systems", "/runs", "/jobs", "/models", "/data", "/app/"):
        bench.ask(path)
    assert bench.memory() < 150
    loaded = Path(f"/proc/{bench.process.pid}/maps").read_text()
    assert not [name for name in ("sklearn", "lightgbm", "pandas", "torch") if f"/{name}/" in loaded]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_good_order_though_streams_are_open(tmp_path: Path, how: int) -> None:
    catalog.trust(TOYS, Settings(home=tmp_path), "toys")
    with Workbench(tmp_path) as bench:
        slow = json.dumps({"params": {"steps": 1000, "pause": 0.2}}).encode()
        _, body, _ = bench.ask("/systems/toys~slope/fit", slow, content_type="application/json")
        started = json.loads(body)
        streams = []
        for path in (f"/jobs/{started['job']}/events", f"/runs/{started['run_id']}/events"):
            stream = socket.create_connection(("127.0.0.1", bench.port), timeout=40)
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            begun = b""
            while b"data: " not in begun:
                begun += stream.recv(65536)
            streams.append(stream)
        said = bench.end(how)  # waits for 15 s and kills
        assert bench.process.returncode == 0
        assert "Traceback" not in said, said
        for stream in streams:
            with stream:
                end = b""
                while piece := stream.recv(65536):
                    end += piece
            # A stream that ends in good order closes its chunks; a broken one does not.
            assert end[-5:] == b"0\r\n\r\n"


def test_an_explicit_port_that_is_taken_is_an_error(bench: Workbench, tmp_path: Path) -> None:
    other = Workbench(tmp_path, port=bench.port)
    said = other.end()
    assert other.process.returncode == 1 and "Unavailable: port" in said and "--port 0" in said
    assert not (tmp_path / "castalia.db").exists()


def test_the_default_port_moves_on_aloud(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(server, "DEFAULT_PORT", port)
        with server.bind("127.0.0.1", None) as found:
            assert found.getsockname()[1] > port
        assert f"Port {port} is taken" in capsys.readouterr().err
        monkeypatch.setattr(server, "PORTS_TRIED", 1)
        with pytest.raises(Unavailable, match="no free port"):
            server.bind("127.0.0.1", None)


@pytest.mark.parametrize(
    ("options", "kind", "word"),
    [
        ({"host": "0.0.0.0"}, Refused, "CASTALIA_TOKEN"),
        ({"host": "192.0.2.7"}, Refused, "CASTALIA_TOKEN"),
        ({"host": "::"}, Refused, "CASTALIA_TOKEN"),
        ({"host": ""}, Refused, "CASTALIA_TOKEN"),
        ({"host": "0.0.0.0", "token": "password"}, WrongInput, "at least"),
        ({"token": "x"}, WrongInput, "at least"),
        ({"token": "with a space in it"}, WrongInput, "spaces"),
        ({"host": "192.0.2.7", "token": TOKEN, "port": 0}, WrongInput, "not an address of this machine"),
        ({"host": "no such host", "token": TOKEN, "port": 0}, WrongInput, "not an address of this machine"),
        ({"base_path": "tools"}, WrongInput, "base-path"),
        ({"base_path": "/a//b"}, WrongInput, "base-path"),
        ({"base_path": '/"><script>'}, WrongInput, "base-path"),
        ({"port": 99999}, WrongInput, "port"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused_before_anything_opens(
    settings: Settings, options: dict[str, object], kind: type[CastaliaError], word: str
) -> None:
    with pytest.raises(kind, match=word):
        server.serve(settings, **options)  # type: ignore[arg-type]
    assert not settings.home.exists()


@pytest.mark.parametrize(
    ("host", "inside"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("[::1]", True), ("127.9.9.9", True), ("0.0.0.0", False),
     ("::", False), ("192.168.1.2", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_what_is_loopback(host: str, inside: bool) -> None:
    assert server.is_loopback(host) is inside


def test_beyond_loopback_the_token_of_the_environment_is_asked_for(tmp_path: Path) -> None:
    with Workbench(tmp_path, env={"CASTALIA_TOKEN": TOKEN}, host="0.0.0.0") as bench:
        assert bench.ask("/systems")[0] == 401
        assert bench.ask("/systems", authorization=f"Bearer {TOKEN}")[0] == 200
        assert bench.ask("/systems", authorization=f"Bearer {TOKEN}", host="box.example")[0] == 403


def test_a_second_workbench_of_one_home_is_told_of_the_first(tmp_path: Path) -> None:
    with Workbench(tmp_path):
        other = Workbench(tmp_path)
        said = other.end()
        assert other.process.returncode == 1 and "Conflict: " in said and "CASTALIA_HOME" in said


# --- sockets with bad manners ---

HEAD = b"Host: localhost\r\nConnection: close\r\n"


def test_a_body_of_a_hundred_megabytes_is_413(bench: Workbench) -> None:
    status, body, _ = bench.ask("/systems/toys~slope", bytes(100 * 2**20), content_type="application/json")
    assert status == 413 and json.loads(body)["expected"] == "at most 32 MiB"
    assert bench.memory() < 200


def test_a_client_that_waits_for_100_continue_sends_none_of_it(bench: Workbench) -> None:
    request = (
        b"POST /systems/toys~slope HTTP/1.1\r\n" + HEAD + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    )
    got = bench.raw(request)
    assert got.startswith(b"HTTP/1.1 413") and b"100 Continue" not in got


def test_many_tiny_chunks_are_counted_and_refused(bench: Workbench) -> None:
    chunks = b"1\r\nx\r\n" * 500_000 + b"0\r\n\r\n"
    head = b"POST /systems/toys~slope HTTP/1.1\r\n" + HEAD
    request = head + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    began = time.monotonic()
    assert bench.raw(request).startswith(b"HTTP/1.1 422")
    assert time.monotonic() - began < 20
    assert bench.ask("/health")[0] == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\nConnection: close\r\n\r\n",
        b"GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"DELETE /models/m/aliases/a HTTP/1.1\r\nOrigin: http://evil.example\r\n" + HEAD + b"\r\n",
    ],
)
def test_raw_requests_that_pretend_are_403(bench: Workbench, request_: bytes) -> None:
    got = bench.raw(request_.replace(b"HTTP/1.1\r\n\r\n", b"HTTP/1.1\r\nConnection: close\r\n\r\n"))
    assert got.startswith(b"HTTP/1.1 403"), got[:200]


@pytest.mark.parametrize(
    "path",
    ["/app/assets/../../../../../../../../etc/passwd", "/app/assets/..%2f..%2f..%2fetc/passwd", "/app/../../etc/passwd",
     "/app/assets/..;/..;/etc/passwd", "/runs/x/artifacts/../../../castalia.db",
     "/runs/x/artifacts/..%2f..%2fcastalia.db", "//etc/passwd", "/app/assets/%00", "/data//etc/passwd",
     "/data/..%2f..%2fetc%2fpasswd"],
)  # fmt: skip
def test_dot_segments_as_they_are_lead_nowhere(bench: Workbench, path: str) -> None:
    got = bench.raw(f"GET {path} HTTP/1.1\r\n".encode() + HEAD + b"\r\n")
    assert got.split(b" ")[1] in (b"404", b"422"), got[:300]
    assert b"root:" not in got and b"SQLite" not in got


@pytest.mark.parametrize(
    "request_",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 400_000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"x%d: y\r\n" % i for i in range(40_000)),
        b"GET /" + b"a" * 400_000,
        b"POST /systems/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /systems/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_head_that_is_wrong_or_never_ends_is_cut_off(bench: Workbench, request_: bytes) -> None:
    got = bench.raw(request_, timeout=10)
    # The answer may be lost where we are still sending when the server closes; that it closed is what counts.
    assert got == b"" or got.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431", b"HTTP/1.1 403")), got[:200]
    assert b"Traceback" not in got
    assert bench.ask("/health")[0] == 200


def test_a_head_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.4)

    async def drip() -> float:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(FastAPI(), lifespan="off", log_config=None)
        config.load()
        listening = await loop.create_server(
            lambda: protocol.BoundedProtocol(config, uvicorn.server.ServerState(), {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        began = loop.time()
        for byte in b"GET /":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
        listening.close()
        return loop.time() - began

    assert 0.3 < asyncio.run(drip()) < 5
