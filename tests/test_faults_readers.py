"""Slow readers wait for each other: nobody who writes, and nobody who reads one thing, waits for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from castalia.core.settings import Settings
from castalia.track import reading
from castalia.track.board import columns
from castalia.track.board.http import router as board_routes
from castalia.track.files.incoming import Incoming
from castalia.track.listing import Page
from castalia.track.protocol import routes
from castalia.track.protocol.wire import Route
from castalia.track.reading import READERS
from castalia.track.store import Store
from castalia.web.app import create_app

API = "/api/2.0/mlflow"
PATHS = [f"{API}/runs/search", "/runs", "/runs/RUN/metrics", "/runs/columns"]
CROWD = 80
"""More than any pool of threads of the workbench."""
SLOW = {"runs/search", "experiments/search", "experiments/search-datasets", "registered-models/search",
        "model-versions/search", "logged-models/search", "metrics/get-history", "metrics/get-history-bulk",
        "metrics/get-history-bulk-interval"}  # fmt: skip


class Crowd:
    """Readers that stay at it until they are let go."""

    def __init__(self) -> None:
        self.over, self.gate = threading.Event(), threading.Lock()
        self.now = self.most = self.begun = 0

    def read(self, *_: Any, **__: Any) -> Any:
        if not threading.current_thread().name.startswith("castalia-reading"):
            return Page([], 0)  # the workbench itself, which looks every two seconds for runs whose job has died
        with self.gate:
            self.now += 1
            self.begun += 1
            self.most = max(self.most, self.now)
        self.over.wait(50)
        with self.gate:
            self.now -= 1
        return {}


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    made = Crowd()
    others = [route for route in routes.ROUTES if route.path != "runs/search"]
    slow = Route("POST", "runs/search", made.read, writes=False, slow=True)
    monkeypatch.setattr(routes, "ROUTES", (*others, slow))
    monkeypatch.setattr(columns, "columns", made.read)
    yield made
    made.over.set()


def test_what_may_be_much_is_read_in_the_lane() -> None:
    assert {route.path for route in routes.ROUTES if route.slow} == SLOW


def test_what_pages_read_of_many_runs_is_read_in_the_lane(tmp_path: Path) -> None:
    many = {"columns", "sparks", "series", "since", "curves", "bands", "importance", "compare", "compare/code",
            "compare/commits", "compare/environment", "compare/report"}  # fmt: skip
    with Store.open(tmp_path) as store:
        found = {route.path: route.endpoint for route in board_routes(store).routes}  # type: ignore[attr-defined]
    assert {path for path in many if not hasattr(found[f"/runs/{path}"], "__wrapped__")} == set()


@pytest.mark.parametrize("path", PATHS)
def test_a_crowd_of_slow_readers_keeps_nobody_waiting(
    settings: Settings, crowd: Crowd, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(create_app(settings), base_url="http://localhost:8000") as bench:
        run = bench.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]
        store = bench.app.state.parts.store  # type: ignore[attr-defined]
        monkeypatch.setattr(store, "runs", crowd.read)
        monkeypatch.setattr(store, "metrics", crowd.read)
        crowd_of = [
            threading.Thread(target=bench.get if path.startswith("/runs") else bench.post,
                             args=(path.replace("RUN", run),), daemon=True)
            for _ in range(CROWD)
        ]  # fmt: skip
        [each.start() for each in crowd_of]
        try:
            deadline = time.monotonic() + 30
            while crowd.now < READERS and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.1)  # for one more than may
            point = {"run_id": run, "key": "k", "value": 1, "timestamp": 1}
            for step in range(5):
                assert bench.post(f"{API}/runs/log-metric", json=point | {"step": step}).status_code == 200
            many = [point | {"step": step} for step in range(500)]
            assert bench.post(f"{API}/runs/log-batch", json={"run_id": run, "metrics": many}).status_code == 200
            ingested = bench.post("/runs/ingest", content=b"", headers={"content-type": "application/octet-stream"})
            assert ingested.status_code == 200
            assert bench.get(f"/runs/{run}").status_code == 200
            assert crowd.now == READERS, "nobody was in the way"
        finally:
            crowd.over.set()
            [each.join(30) for each in crowd_of]
        assert crowd.most == READERS and crowd.now == 0


class Client:
    """One request by the application's own interface, whose sender may go."""

    def __init__(self, app: Any, path: str, pieces: Sequence[bytes] = (b"",), query: str = "") -> None:
        self.here, self.sent = asyncio.Event(), list[dict[str, Any]]()
        self.said = [{"type": "http.request", "body": each, "more_body": True} for each in reversed(pieces)]
        self.said[0]["more_body"] = False
        method = "GET" if path.startswith("/runs") else "POST"
        headers = [(b"host", b"localhost:8000"), (b"content-length", b"%d" % sum(map(len, pieces)))]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
                 "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "scheme": "http",
                 "headers": headers, "client": ("127.0.0.1", 1), "server": None}  # fmt: skip
        self.task = asyncio.create_task(app(scope, self.receive, self.send))

    async def receive(self) -> dict[str, Any]:
        if self.said:
            return self.said.pop()
        await self.here.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


@pytest.mark.parametrize("path", PATHS)
def test_what_waits_for_a_client_that_has_gone_is_not_done(
    settings: Settings, crowd: Crowd, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    store = app.state.parts.store
    path = path.replace("RUN", store.create_run("readers"))
    monkeypatch.setattr(store, "runs", crowd.read)
    monkeypatch.setattr(store, "metrics", crowd.read)

    async def asked() -> None:
        first = [Client(app, path) for _ in range(READERS)]
        while crowd.now < READERS:
            await asyncio.sleep(0.005)
        leaving, staying = [Client(app, path) for _ in range(20)], Client(app, path)
        while len(reading._inside) < READERS + 21:
            await asyncio.sleep(0.005)
        [each.here.set() for each in leaving]
        await asyncio.gather(*(each.task for each in leaving))
        assert not any(each.sent for each in leaving) and crowd.begun == READERS
        crowd.over.set()
        await asyncio.gather(*(each.task for each in [*first, staying]))
        assert all(each.sent for each in [*first, staying]) and crowd.begun == READERS + 1

    asyncio.run(asyncio.wait_for(asked(), 30))
    assert not reading._inside
    app.state.parts.close()


@pytest.mark.parametrize("path", PATHS)
def test_no_more_wait_than_may(settings: Settings, crowd: Crowd, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(settings)
    store = app.state.parts.store
    path = path.replace("RUN", store.create_run("readers"))
    nothing = store.runs()
    monkeypatch.setattr(store, "runs", lambda *_: (crowd.read(), nothing)[1])
    monkeypatch.setattr(store, "metrics", crowd.read)
    monkeypatch.setattr(reading, "WAITING", READERS + 2)

    async def asked() -> None:
        some = [Client(app, path) for _ in range(READERS + 2)]
        while len(reading._inside) < READERS + 2:
            await asyncio.sleep(0.005)
        late = Client(app, path)
        await late.task
        assert late.sent[0]["status"] == 503 and crowd.begun <= READERS
        assert (b"retry-after", b"1") in late.sent[0]["headers"]
        crowd.over.set()
        await asyncio.gather(*(each.task for each in some))
        assert {each.sent[0]["status"] for each in some} == {200}

    asyncio.run(asyncio.wait_for(asked(), 30))
    app.state.parts.close()


def test_an_upload_in_many_small_pieces_takes_few_turns(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(settings)
    run, turns, plain = app.state.parts.store.create_run("readers"), list[int](), Incoming.write
    monkeypatch.setattr(Incoming, "write", lambda file, piece: (turns.append(len(piece)), plain(file, piece))[1])
    pieces = [bytes([number % 256]) * 1000 for number in range(3000)]

    async def asked() -> int:
        sender = Client(app, f"{API}/upload-artifact", pieces, f"run_uuid={run}&path=a.bin")
        await sender.task
        return int(sender.sent[0]["status"])

    assert asyncio.run(asyncio.wait_for(asked(), 30)) == 200
    assert sum(turns) == 3_000_000 and len(turns) <= 4, turns
    with TestClient(app, base_url="http://localhost:8000") as bench:
        assert bench.get("/get-artifact", params={"run_id": run, "path": "a.bin"}).content == b"".join(pieces)


def test_an_upload_without_a_type_from_another_sites_page_is_refused(settings: Settings) -> None:
    with TestClient(create_app(settings), base_url="http://localhost:8000") as bench:
        run = bench.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"]
        for number, headers in enumerate(({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {})):
            said = {"run_uuid": run, "path": f"{number}.bin"}
            told = bench.post(f"{API}/upload-artifact", params=said, content=b"x", headers=headers)
            assert told.status_code == (403 if headers else 200) and "content-type" not in told.request.headers
        listed = bench.get(f"{API}/artifacts/list", params={"run_id": run}).json()["files"]
        assert [each["path"] for each in listed] == ["2.bin"]
