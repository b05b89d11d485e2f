"""Short writes that are done as soon as their body is there: every answer is the one that the long way gives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from castalia.core.settings import Settings
from castalia.track.database import Database
from castalia.track.protocol.routes import PREFIXES, ROUTES
from castalia.web import audit, protocol, tokens
from castalia.web.app import create_app
from castalia.web.guard import Guard

API = "/api/2.0/mlflow"
PLAIN = {"Host": "127.0.0.1:8000", "Content-Type": "application/json"}


class Line(asyncio.Transport):
    """A connection whose far end is a list of bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 50000)}.get(name, default)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class Bench:
    """The application behind the protocol, and what went which way."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.app = home, create_app(Settings(home=home))
        self.config = uvicorn.Config(
            self.app, http=protocol.BoundedProtocol, lifespan="off", log_config=None, access_log=False,
            server_header=False, date_header=False, proxy_headers=False,
        )  # fmt: skip
        self.config.load()
        self.app.middleware_stack = self.app.build_middleware_stack()  # as the server's start does
        self.short = 0
        plain = Guard.done_at_once

        def counted(guard: Guard, scope: Any, body: bytes) -> bool:
            done = plain(guard, scope, body)
            self.short += done
            return done

        monkeypatch.setattr(Guard, "done_at_once", counted)
        monkeypatch.setattr(protocol, "SHORT_SECONDS", 0.0)
        monkeypatch.setattr(Database, "swift", lambda database: True)  # a busy disk is not what is tested

    def ask(self, request: bytes, at: int = 0) -> bytes:
        """The answer to the bytes of a request. ``at``: where it is cut, with a pause after the first piece."""

        async def asked() -> bytes:
            made = protocol.BoundedProtocol(self.config, ServerState(), {})
            line = Line()
            made.connection_made(line)
            for piece in [request[:at], request[at:]] if at else [request]:
                made.data_received(piece)
                await asyncio.sleep(0.002)
            for _ in range(2000):
                if line.sent and (made.cycle is None or made.cycle.response_complete):
                    break
                await asyncio.sleep(0.005)
            made.connection_lost(None)
            return b"".join(line.sent)

        return asyncio.run(asked())

    def both(self, path: str, body: bytes, **headers: str) -> tuple[bytes, bytes, bool]:
        """The answers of the two ways, and whether the short one was taken."""
        request = bytes_of(path, body, **headers)
        before = self.short
        quick = self.ask(request)
        taken = self.short > before
        slow = self.ask(request, request.index(b"\r\n\r\n") + 4)
        assert self.short == before + taken, "a body that came late went the short way"
        return quick, slow, taken


def bytes_of(path: str, body: bytes, **headers: str) -> bytes:
    said = PLAIN | {"Content-Length": str(len(body))} | {name.replace("_", "-"): each for name, each in headers.items()}
    lines = "".join(f"{name}: {each}\r\n" for name, each in said.items() if each)
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(tmp_path, monkeypatch)
    yield made
    made.app.state.parts.close()


def test_each_short_write_is_answered_as_on_the_long_way(bench: Bench) -> None:
    store = bench.app.state.parts.store
    run = store.create_run("short")
    bodies = {
        "runs/log-metric": {"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 3},
        "runs/log-parameter": {"run_id": run, "key": "rate", "value": "0.1"},
        "runs/log-batch": {"run_id": run, "metrics": [{"key": "b", "value": 1.0, "timestamp": 1, "step": 1}]},
        "runs/set-tag": {"run_id": run, "key": "color", "value": "red"},
    }
    assert set(bodies) == {route.path for route in ROUTES if route.small}
    for path, body in bodies.items():
        for prefix in PREFIXES:
            quick, slow, taken = bench.both(f"{prefix}/2.0/mlflow/{path}", json.dumps(body).encode())
            assert taken and quick == slow and quick.endswith(b"{}"), (path, quick, slow)
    found = store.run(run)
    assert (found["params"], found["tags"]["color"]) == ({"rate": "0.1"}, "red")
    assert store.history(run, "loss", None, 9)[0][0] == 3


WRONG: tuple[tuple[Callable[[str], bytes], dict[str, str]], ...] = (
    (lambda run: b"", {}),
    (lambda run: b"{", {}),
    (lambda run: b"[]", {}),
    (lambda run: b"{}", {}),
    (lambda run: point(run, value="much"), {}),
    (lambda run: point(run, key="../up"), {}),
    (lambda run: point("nobody"), {}),
    (lambda run: point(run), {"Host": "evil.example"}),
    (lambda run: point(run), {"Host": ""}),
    (lambda run: point(run), {"Origin": "http://evil.example"}),
    (lambda run: point(run), {"Sec_Fetch_Site": "cross-site"}),
    (lambda run: point(run), {"Content_Type": "text/plain"}),
    (lambda run: point(run), {"Content-Type": ""}),
    (lambda run: point(run), {"Content_Encoding": "gzip"}),
    (lambda run: point(run), {f"X_{number}": "x" for number in range(101)}),
    (lambda run: point(run), {"X_Long": "x" * 40_000}),
)


def point(run: str, **other: Any) -> bytes:
    return json.dumps({"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 3} | other).encode()


@pytest.mark.parametrize(("make", "headers"), WRONG)
def test_what_is_refused_is_refused_the_same_way(
    bench: Bench, make: Callable[[str], bytes], headers: dict[str, str]
) -> None:
    store = bench.app.state.parts.store
    run = store.create_run("short")
    quick, slow, taken = bench.both(f"{API}/runs/log-metric", make(run), **headers)
    assert not taken and quick == slow and b" 200 " not in quick.split(b"\r\n")[0], quick
    assert not store.history(run, "loss", None, 9), "a refused point was kept"


def test_a_run_in_the_trash_and_a_param_said_otherwise(bench: Bench) -> None:
    store = bench.app.state.parts.store
    run = store.create_run("short", params={"rate": "0.1"})
    said = json.dumps({"run_id": run, "key": "rate", "value": "0.2"}).encode()
    quick, slow, taken = bench.both(f"{API}/runs/log-parameter", said)
    assert not taken and quick == slow and b"400" in quick.split(b"\r\n")[0]
    store.delete_runs([run])
    quick, slow, taken = bench.both(f"{API}/runs/log-metric", point(run))
    assert not taken and quick == slow and b"400" in quick.split(b"\r\n")[0]


def test_tokens_and_roles_count_and_the_audit_log_names_who_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {role: tokens.add(tmp_path, f"my-{role}", role) for role in ("reader", "writer", "admin")}
    bench = Bench(tmp_path, monkeypatch)
    store = bench.app.state.parts.store
    run = store.create_run("short")
    for who, token in {"": "", "wrong": "x" * 43, **given}.items():
        headers = {"Authorization": f"Bearer {token}"} if who else {}
        quick, slow, taken = bench.both(f"{API}/runs/log-metric", point(run), **headers)
        status = {"": b"401", "wrong": b"401", "reader": b"403"}.get(who, b"200")
        assert quick == slow and quick.split()[1] == status and taken == (status == b"200"), who
    guard = bench.app.state.guard
    guard.audit.close()
    wrote = [line for line in audit.read(tmp_path) if line["status"] == 200]
    assert {(line["who"], line["route"], line.get("count", 1)) for line in wrote} == {
        ("my-writer", "runs/log-metric", 2), ("my-admin", "runs/log-metric", 2),
    }  # fmt: skip
    bench.app.state.parts.close()


def test_a_table_without_its_gate_does_nothing_at_once(bench: Bench) -> None:
    store = bench.app.state.parts.store
    run = store.create_run("short")
    assert bench.both(f"{API}/runs/log-metric", point(run))[2]
    table = bench.app.state.guard.table
    del table.handle  # the class has it still, without the gate
    assert not bench.both(f"{API}/runs/log-metric", point(run))[2]


def test_pieces_pipelines_and_closing(bench: Bench) -> None:
    """However a request is cut and whatever follows it, each gets its own answer, in order."""
    store = bench.app.state.parts.store
    run = store.create_run("short")
    one, bad = (bytes_of(f"{API}/runs/log-metric", body) for body in (point(run), point("nobody")))
    whole = bench.ask(one)
    for at in range(1, len(one), 37):
        assert bench.ask(one, at) == whole, at
    taken = bench.short
    answers = bench.ask(one + bad + one)
    assert answers.count(b"HTTP/1.1 ") == 3 and answers.startswith(whole) and answers.endswith(whole)
    assert bench.short > taken
    last = bench.ask(bytes_of(f"{API}/runs/log-metric", point(run), Connection="close"))
    assert b"connection: close" in last and last.endswith(b"{}")
    assert len(store.history(run, "loss", None, 9)) == 1


def test_what_follows_a_short_write_in_the_same_bytes_is_not_cut_off(bench: Bench) -> None:
    """The clock of an idle connection does not run while the next request is answered."""
    run = bench.app.state.parts.store.create_run("short")
    bench.config.timeout_keep_alive = 0
    stream = f"GET /runs/{run}/events HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n".encode()

    async def asked() -> tuple[bytes, bool]:
        made, line = protocol.BoundedProtocol(bench.config, ServerState(), {}), Line()
        made.connection_made(line)
        made.data_received(bytes_of(f"{API}/runs/log-metric", point(run)) + stream)
        for _ in range(2000):
            if line.closed or b"event:" in b"".join(line.sent):
                break
            await asyncio.sleep(0.005)
        closed = line.closed
        made.connection_lost(None)
        return b"".join(line.sent), closed

    sent, closed = asyncio.run(asked())
    assert bench.short == 1 and b"event:" in sent and not closed, sent


@pytest.mark.parametrize(("patience", "statuses"), [(30.0, []), (0.0, [0])])
def test_a_client_that_goes_before_its_point_is_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, patience: float, statuses: list[int]
) -> None:
    """Who goes at once has asked nothing and leaves no line; who was waited for leaves one, with status 0."""
    run = bench.app.state.parts.store.create_run("short")
    monkeypatch.setattr(protocol, "SHORT_SECONDS", patience)

    async def asked() -> None:
        made, line = protocol.BoundedProtocol(bench.config, ServerState(), {}), Line()
        made.connection_made(line)
        made.data_received(bytes_of(f"{API}/runs/log-metric", point(run))[:-5])
        while not patience and not made.tasks:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        made.connection_lost(None)
        await asyncio.gather(*made.tasks)

    asyncio.run(asked())
    bench.app.state.guard.audit.close()
    assert [each["status"] for each in audit.read(bench.home)] == statuses
    assert not bench.app.state.parts.store.history(run, "loss", None, 9)
