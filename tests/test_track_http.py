"""The tracker over HTTP: what pages read, what attackers try, streams that end."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
import urllib.request
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from castalia.core.errors import CastaliaError
from castalia.track import Store
from castalia.track.http import router


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "home") as opened:
        yield opened


def app_of(store, stopping=None) -> FastAPI:
    app = FastAPI()
    app.include_router(router(store, stopping=stopping))

    @app.exception_handler(CastaliaError)
    def told(request: Request, error: CastaliaError) -> JSONResponse:
        return JSONResponse(error.as_dict(), error.status)

    return app


@pytest.fixture
def client(store):
    with TestClient(app_of(store)) as opened:
        yield opened


def test_runs_and_their_numbers_are_read(store, client):
    run_id = store.create_run("mnist", "first", {"rate": 0.1})
    store.log_metrics(run_id, [("loss", 0, 5, 0.5), ("loss", 1, 6, math.nan), ("acc", 0, 5, math.inf)])
    page = client.get("/runs", params={"experiment": "mnist", "q": "fir", "order": "-metrics.loss", "limit": 5}).json()
    assert page["total"] == 1
    assert page["items"][0]["metrics"] == {"loss": "NaN", "acc": "Infinity"}
    assert client.get("/runs", params={"q": "other"}).json() == {"items": [], "total": 0}
    assert client.get(f"/runs/{run_id}").json()["summary"]["loss"]["min"] == 0.5
    series = client.get(f"/runs/{run_id}/metrics", params={"key": ["loss"], "points": 10}).json()
    assert series == {"loss": {"step": [0, 1], "time": [5, 6], "value": [0.5, "NaN"]}}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/runs?limit=0", 422),
        ("/runs?limit=99999", 422),
        ("/runs?offset=-1", 422),
        (f"/runs?offset={10**30}", 422),
        ("/runs?order=x'--", 422),
        ("/runs?status=great", 422),
        ("/runs/nope", 404),
        ("/runs/%00", 404),
        ("/runs/%ff%fe", 404),
        ("/runs/nope/metrics", 404),
        ("/runs/nope/events", 404),
        ("/runs/nope/artifacts", 404),
        ("/runs/nope/artifacts/x", 404),
        ("/models/nope", 404),
        ("/models/..%2f..", 404),
    ],
)
def test_wrong_questions_get_the_right_status(client, path, status):
    assert client.get(path).status_code == status


def test_files_are_sent_so_that_a_browser_runs_nothing(store, client):
    run_id = store.create_run("e")
    store.add_artifact(run_id, "page.html", b"<script>alert(1)</script>")
    store.add_artifact(run_id, "a/drawing.svg", b"<svg onload='alert(1)'/>")
    store.add_artifact(run_id, "plot ü;\r".strip() + ".png", b"\x89PNG")
    assert {item["name"] for item in client.get(f"/runs/{run_id}/artifacts").json()} >= {"page.html", "a/drawing.svg"}
    for name in ("page.html", "a/drawing.svg"):
        got = client.get(f"/runs/{run_id}/artifacts/{name}")
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment")
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in got.headers["content-security-policy"]
    got = client.get(f"/runs/{run_id}/artifacts/plot ü;.png")
    assert (got.status_code, got.headers["content-type"], got.content) == (200, "image/png", b"\x89PNG")


@pytest.mark.parametrize(
    "name",
    ["../x", "..%2f..%2fcastalia.db", "%252e%252e%252fx", "..%5cx", "/etc/passwd", "%2fetc%2fpasswd", "C:/x", "a/%00/b",
     "file:///etc/passwd", "x;../../etc/passwd", "link.txt", "link.txt%00.png", "...."],
)  # fmt: skip
def test_no_name_leads_out_of_the_run(store, client, tmp_path, name):
    run_id = store.create_run("e")
    store.add_artifact(run_id, "a.txt", b"a")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (store.home / "artifacts" / run_id / "link.txt").symlink_to(secret)
    got = client.get(f"/runs/{run_id}/artifacts/{name}")
    assert got.status_code == 404
    assert "secret" not in got.text
    assert str(tmp_path) not in got.text


def test_aliases_are_put_and_taken_away(store, client):
    for number in (1, 2):
        store.add_version("m", "sys", None, f"models/m/{number}", {"auc": math.nan})
    assert client.get("/models").json()[0]["name"] == "m"
    shown = client.put("/models/m/aliases/champion", json={"version": 1}).json()
    assert (shown["champion"], shown["newest"], shown["versions"][0]["metrics"]) == (1, 2, {"auc": "NaN"})
    assert str(store.home) not in json.dumps(shown)
    assert client.delete("/models/m/aliases/champion").json()["champion"] == 2
    assert client.delete("/models/m/aliases/champion").status_code == 404
    for body in (
        {"version": "1"},
        {"version": 1.5},
        {"version": 0},
        {},
        {"version": 1, "x": 1},
        [1],
        {"version": 2**70},
    ):
        assert client.put("/models/m/aliases/a", json=body).status_code == 422
    assert client.put("/models/m/aliases/a", json={"version": 3}).status_code == 404
    assert client.put("/models/m/aliases/latest", json={"version": 1}).status_code == 422
    assert client.put("/models/none/aliases/a", json={"version": 1}).status_code == 404


# --- events --------------------------------------------------------------------------------------


@contextmanager
def served(store):
    """The routes in a real server; yields its address and a function that ends it as TERM does."""
    server: list[uvicorn.Server] = []
    app = app_of(store, lambda: server[0].should_exit)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(200)
        server.append(uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off")))
        thread = threading.Thread(target=server[0].run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", server[0], thread
        finally:
            server[0].should_exit = True
            thread.join(20)


def events(response):
    """(kind, data) as they come."""
    kind = ""
    for line in response:
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            kind = text[7:]
        elif text.startswith("data: "):
            yield kind, json.loads(text[6:])


def test_points_arrive_as_they_land_and_the_stream_ends_with_the_run(store):
    run_id = store.create_run("live")
    store.log_metrics(run_id, [("loss", step, step, 1.0) for step in range(3000)])
    with served(store) as (address, _, _):
        response = urllib.request.urlopen(f"{address}/runs/{run_id}/events", timeout=20)
        told = events(response)
        kind, data = next(told)
        assert (kind, data["loss"]["step"][-1]) == ("history", 2999)
        assert len(data["loss"]["step"]) <= 500
        assert next(told) == ("status", {"status": "running", "ended": None})
        store.log_metrics(run_id, [("loss", 3000, 1, math.nan), ("acc", 0, 1, 0.5)])
        assert next(told) == ("metrics", {"loss": {"step": [3000], "time": [1], "value": ["NaN"]},
                                          "acc": {"step": [0], "time": [1], "value": [0.5]}})  # fmt: skip
        other = store.create_run("another")
        store.log_metrics(other, [("loss", 1, 1, 1.0)])
        store.log_metrics(run_id, [("loss", 3001, 1, 0.25)])
        store.finish(run_id, "done")
        rest = list(told)
        assert [kind for kind, _ in rest][-2:] == ["status", "end"]
        assert [data["loss"]["step"] for kind, data in rest if kind == "metrics"] == [[3001]]
        assert rest[-2][1]["status"] == "done"
        again = urllib.request.Request(f"{address}/runs/{run_id}/events", headers={"Last-Event-ID": "end"})
        assert urllib.request.urlopen(again, timeout=20).status == 204


def test_a_hundred_followers_hold_no_thread_and_all_end_when_the_server_does(store):
    run_id = store.create_run("live")
    with served(store) as (address, server, thread):
        urllib.request.urlopen(f"{address}/runs", timeout=20).read()
        port = int(address.rpartition(":")[2])
        followers = []
        for _ in range(100):
            follower = socket.create_connection(("127.0.0.1", port), timeout=20)
            follower.sendall(f"GET /runs/{run_id}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            followers.append(follower)
        for follower in followers:
            seen = b""
            while b"event: status" not in seen:
                seen += follower.recv(65536)
        time.sleep(0.5)
        pool = [one for one in threading.enumerate() if "AnyIO" in one.name or "worker" in one.name.lower()]
        assert len(pool) <= 42, "more threads than the server's own pool of 40"
        store.log_metrics(run_id, [("loss", 1, 1, 0.5)])
        for follower in followers:
            seen = b""
            while b"event: metrics" not in seen:
                piece = follower.recv(65536)
                assert piece, "the stream broke off"
                seen += piece
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
        for follower in followers:
            follower.close()


def test_a_closed_store_ends_its_streams(store):
    run_id = store.create_run("live")
    with served(store) as (address, _, _):
        told = events(urllib.request.urlopen(f"{address}/runs/{run_id}/events", timeout=20))
        assert next(told)[0] == "history"
        store.close()
        assert [kind for kind, _ in told] == ["status"]
