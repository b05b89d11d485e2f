"""Notices inside the workbench: that it looks, tells and goes on by itself."""

from __future__ import annotations

import asyncio
import time

import pytest
from fastapi.testclient import TestClient

from castalia.core.settings import Settings
from castalia.web import app as web


def test_the_workbench_looks_and_sends_by_itself(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(web, "POST_SECONDS", 0.02)
    made = web.create_app(settings)
    with TestClient(made, base_url="http://localhost:8000") as bench:
        rule = {"name": "all", "when": ["finished"], "webhook": "http://127.0.0.1:9999/"}
        assert bench.post("/notices/rules", json=rule).status_code == 201
        store = made.state.parts.store
        store.finish(store.create_run("e", "r"))
        deadline = time.monotonic() + 40
        said: list[dict[str, object]] = []
        while time.monotonic() < deadline and not (said and said[0]["hook_said"]):
            said = bench.get("/notices").json()["notices"]
            time.sleep(0.02)
    assert [(row["kind"], row["hook_said"]) for row in said] == [
        ("finished", "a webhook may only lead to a public address")
    ]


def test_what_is_done_now_and_then_goes_on_after_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def fail() -> None:
        done.append(1)
        raise KeyError("a fault of ours")

    async def twice() -> None:
        task = asyncio.create_task(web._every(0.001, fail))
        while len(done) < 2 and not task.done():
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(asyncio.wait_for(twice(), 30))
    assert len(done) >= 2 and "a fault of ours" in caplog.text
