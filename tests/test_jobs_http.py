"""Jobs over HTTP, on a real server-less app: routes, events, errors."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.testclient import TestClient

from castalia.core.errors import CastaliaError
from castalia.jobs import Jobs
from castalia.jobs.http import router


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(tmp_path, patience=2.0)
    yield made
    made.close(end_jobs=True)


@pytest.fixture
def client(jobs: Jobs) -> Iterator[TestClient]:
    app = FastAPI()

    @app.exception_handler(CastaliaError)
    async def problem(request: Request, error: CastaliaError) -> JSONResponse:
        return JSONResponse(error.as_dict(), status_code=error.status)

    app.include_router(router(jobs))
    with TestClient(app) as made:
        yield made


def told(text: str) -> list[tuple[str, str, dict[str, object]]]:
    """(id, event, data) of each server-sent event."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return found


def test_a_job_is_seen_and_followed(jobs: Jobs, client: TestClient) -> None:
    job = jobs.start("jobs_toys:count", {"n": 5, "pause": 0.05}, title="five")
    answer = client.get(f"/jobs/{job.id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = told(answer.text)
    assert [data["i"] for _, kind, data in events if kind == "step"] == [0, 1, 2, 3, 4]
    assert [int(id) for id, kind, _ in events if kind != "state"] == list(range(1, 11))
    assert events[-1][1] == "state" and events[-1][2]["state"] == "done", "the last thing said is how it ended"
    after = told(client.get(f"/jobs/{job.id}/events", headers={"Last-Event-ID": "8"}).text)
    assert [id for id, kind, _ in after if kind != "state"] == ["9", "10"]
    assert [row["title"] for row in client.get("/jobs").json()] == ["five"]
    assert client.get(f"/jobs/{job.id}").json()["result"] == {"n": 5, "attempt": 1}
    log = client.get(f"/jobs/{job.id}/log", params={"lines": 2})
    assert log.text == "step 3\nstep 4" and log.headers["x-content-type-options"] == "nosniff"


def test_cancel_and_resume(jobs: Jobs, client: TestClient) -> None:
    job = jobs.start("jobs_toys:count", {"n": 60})
    next(iter(jobs.follow(job.id)))
    assert client.post(f"/jobs/{job.id}/cancel").status_code == 200
    assert jobs.wait(job.id, 10).state == "cancelled"
    assert client.post(f"/jobs/{job.id}/resume").json()["state"] == "queued"
    assert client.post(f"/jobs/{job.id}/resume").status_code == 409
    assert jobs.wait(job.id, 20).state == "done"


def test_unknown_jobs_are_not_found(client: TestClient) -> None:
    for path in ("/jobs/x", "/jobs/20260101-000000000-abcdef", "/jobs/..%2f..%2fetc", "/jobs/%2e%2e"):
        for tail in ("", "/events", "/log"):
            assert client.get(path + tail).status_code == 404
        assert client.post(path + "/cancel").status_code == 404


def test_closing_ends_the_streams(jobs: Jobs, client: TestClient) -> None:
    job = jobs.start("jobs_toys:stubborn")

    def close_once_it_is_up() -> None:
        next(event for event in jobs.follow(job.id) if event.kind == "up")
        time.sleep(2)  # the stream has told it too
        jobs.closing = True

    threading.Thread(target=close_once_it_is_up, daemon=True).start()
    kinds = [kind for _, kind, _ in told(client.get(f"/jobs/{job.id}/events").text)]
    assert "up" in kinds
