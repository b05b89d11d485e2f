"""Slow readers wait for each other: nobody who writes, and nobody who reads one thing, waits for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from castalia.core.settings import Settings
from castalia.track.protocol import routes
from castalia.track.protocol.wire import Route
from castalia.track.reading import READERS
from castalia.web.app import create_app

API = "/api/2.0/mlflow"
CROWD = 80
"""More than any pool of threads of the workbench."""
SLOW = {"runs/search", "experiments/search", "experiments/search-datasets", "registered-models/search",
        "model-versions/search", "logged-models/search", "metrics/get-history",
        "metrics/get-history-bulk-interval"}  # fmt: skip


class Crowd:
    """Readers that stay at it until they are let go."""

    def __init__(self) -> None:
        self.over, self.gate, self.now, self.most = threading.Event(), threading.Lock(), 0, 0

    def read(self, *_: Any, **__: Any) -> dict[str, Any]:
        with self.gate:
            self.now += 1
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
    yield made
    made.over.set()


def test_what_may_be_much_is_read_in_the_lane() -> None:
    assert {route.path for route in routes.ROUTES if route.slow} == SLOW


@pytest.mark.parametrize("path", [f"{API}/runs/search", "/runs", "/runs/RUN/metrics"])
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
            assert threading.Event().wait(0.3) is False  # as many as can have begun
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
