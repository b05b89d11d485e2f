"""Published attacks on trackers. docs/security.md says which test replays which; here are those of no other file."""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import castalia
from castalia.core.errors import CastaliaError
from castalia.core.settings import Settings
from castalia.web.app import create_app

API, FILES = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
ROOT = Path(__file__).parents[1]
ATTACKS = 19
seen: list[tuple[str, tuple[Any, ...]]] = []
_watching = False


def _watch(event: str, values: tuple[Any, ...]) -> None:
    if _watching and event in ("pickle.find_class", "socket.connect", "socket.getaddrinfo"):
        seen.append((event, values))


sys.addaudithook(_watch)


@pytest.fixture
def bench(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://localhost:8000") as made:
        yield made


@pytest.fixture
def watched(bench: TestClient) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """What the interpreter was asked for meanwhile."""
    global _watching
    bench.get("/health")
    seen.clear()
    _watching = True
    yield seen
    _watching = False


def run_of(bench: TestClient) -> str:
    return str(bench.post(f"{API}/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]["run_id"])


def test_every_attack_of_the_list_has_tests_that_are_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8").partition("## Attacks that are replayed")[2]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, ATTACKS + 1))
    for number, about, where in rows:
        named = re.findall(r"`(test_\w+)::(test_\w+)`", where)
        assert named, (number, about)
        for file, name in named:
            tree = ast.parse((ROOT / "tests" / f"{file}.py").read_text("utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (number, file, name)


WEBHOOKS = (
    "http://169.254.169.254/",
    "http://127.0.0.1:9/",
    "http://[::1]/",
    "http://2852039166/",
    "http://localhost:9/",
)


def test_no_webhook_makes_the_server_ask_anybody(bench: TestClient, watched: list[Any]) -> None:
    """Attack 8: MLflow's own webhooks are not there, so nobody is asked; ours are in test_notices_webhooks."""
    for url in WEBHOOKS:
        body = {"name": "w", "url": url, "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}
        for path in ("webhooks", "webhooks/create", "webhooks/x/test"):
            answer = bench.post(f"{API}/{path}", json=body)
            assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert not [what for what in watched if what[0].startswith("socket")]


HTML = '<img src=x onerror="alert(1)">'


def test_words_of_a_client_are_never_a_page(bench: TestClient) -> None:
    """Attack 12, what is no file: names, tags, params and errors come back as JSON that no browser takes for HTML."""
    run = run_of(bench)
    bench.post(f"{API}/runs/update", json={"run_id": run, "run_name": HTML})
    bench.post(f"{API}/runs/set-tag", json={"run_id": run, "key": "mlflow.note.content", "value": "[a](javascript:x)"})
    bench.post(f"{API}/runs/log-parameter", json={"run_id": run, "key": "k", "value": HTML})
    bench.post(f"{API}/registered-models/create", json={"name": "<b>m", "description": HTML})
    for path in (f"/runs/{run}", "/runs", f"/runs?q={HTML}", f"/runs/{HTML}", f"/runs?filter={HTML}", "/models",
                 f"{API}/runs/get?run_id={run}", f"{API}/runs/get?run_id={HTML}", f"{API}/{HTML}",
                 f"{API}/registered-models/get?name={HTML}", f"/models/{HTML}"):  # fmt: skip
        answer = bench.get(path, headers={"accept": "text/html,*/*"})
        assert answer.headers["content-type"].partition(";")[0] in ("application/json", "application/problem+json"), (
            path
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src" in answer.headers["content-security-policy"], path
    assert bench.get(f"/runs/{run}").json()["name"] == HTML, "kept as it is: who shows it makes it text"


class Canary:
    """Executed as soon as it is loaded."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.place),)


def test_no_pickle_is_ever_loaded(bench: TestClient, watched: list[Any], tmp_path: Path, settings: Settings) -> None:
    """Attacks 13 and 16: uploaded, listed, registered, read, searched and asked for, a pickle stays bytes."""
    place = tmp_path / "executed"
    bytes_ = pickle.dumps(Canary(place))
    run = run_of(bench)
    model = (
        "artifact_path: m\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n"
    )
    for name, content in (("m/model.pkl", bytes_), ("m/MLmodel", model.encode()), ("m/python_model.pkl", bytes_),
                          ("data.joblib", bytes_), ("x.pt", bytes_), ("table.parquet", bytes_)):  # fmt: skip
        answer = bench.put(f"{FILES}/0/{run}/artifacts/{name}", content=content)
        assert answer.status_code == 200, answer.text
        assert bench.put(f"/runs/{run}/artifacts/n/{name}", content=content).status_code == 200
        got = bench.get(f"/runs/{run}/artifacts/n/{name}")
        assert got.content == content and got.headers["content-disposition"].startswith("attachment")
    bench.post(f"{API}/registered-models/create", json={"name": "evil"})
    made = bench.post(f"{API}/model-versions/create", json={"name": "evil", "source": f"runs:/{run}/m", "run_id": run})
    assert made.status_code == 200, made.text
    for path in (f"/runs/{run}", f"/runs/{run}/artifacts", "/models", "/models/evil", "/systems", "/systems/evil",
                 f"{API}/model-versions/get?name=evil&version=1", f"{API}/artifacts/list?run_id={run}"):  # fmt: skip
        assert bench.get(path).status_code < 500
    assert bench.post("/systems/evil", json={}).status_code < 500
    with pytest.raises(CastaliaError):
        castalia.load("evil")
    for body, media in ((bytes_, "application/octet-stream"), (bytes_, "application/x-pickle")):
        assert bench.post("/runs/ingest", content=body, headers={"content-type": media}).status_code in (415, 422)
    assert (
        bench.post(f"{API}/runs/create", content=bytes_, headers={"content-type": "application/json"}).status_code
        == 400
    )
    assert not place.exists()
    assert not [what for what in watched if what[0] == "pickle.find_class"]
    pickle.loads(bytes_)
    assert place.exists() and watched[-1][0] == "pickle.find_class", "had one been loaded, it would have been seen"


def test_too_much_of_anything_is_refused_soon(bench: TestClient) -> None:
    """Attack 15: the answers are the client's fault, and the next request is answered as before."""
    run = run_of(bench)
    point = {"key": "k", "value": 1, "timestamp": 1, "step": 1}
    million = b'{"run_id": "%b", "metrics": [%b]}' % (run.encode(), b",".join([b'{"key":"k"}'] * 10**6))
    bodies = {
        "10 MB in a batch": ("runs/log-batch", {"run_id": run, "metrics": [point | {"key": "x" * 10_000}] * 1000}),
        "a million metrics": ("runs/log-batch", million),
        "a thousand and one": ("runs/log-batch", {"run_id": run, "metrics": [point] * 1001}),
        "a NUL in a key": ("runs/log-metric", {"run_id": run, **point, "key": "a\0b"}),
        "2^63 as a time": ("runs/log-metric", {"run_id": run, **point, "timestamp": 2**63}),
        "a long filter": ("runs/search", {"experiment_ids": ["0"], "filter": "metrics.a > 1 AND " * 10**5}),
        "a deep filter": ("runs/search", {"experiment_ids": ["0"], "filter": "(" * 10**5}),
        "many experiments": ("runs/search", {"experiment_ids": ["x"] * 190_000}),
        "an order of much": ("runs/search", {"experiment_ids": ["0"], "order_by": ["metrics.a"] * 10**5}),
    }  # fmt: skip
    for name, (path, fields) in bodies.items():
        body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        answer = bench.post(f"{API}/{path}", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 413) and len(answer.content) < 5000, (
            name,
            answer.status_code,
            answer.text[:200],
        )
    bench.post(f"{API}/runs/log-parameter", json={"run_id": run, "key": "a", "value": "a" * 6000})
    pattern = "%a" * 200 + "b%"
    answer = bench.post(f"{API}/runs/search", json={"experiment_ids": ["0"], "filter": f"params.a LIKE '{pattern}'"})
    assert answer.status_code in (200, 400) and not answer.json().get("runs"), answer.text[:300]
    assert bench.post(f"{API}/runs/log-metric", json={"run_id": run, **point}).status_code == 200
    assert len(bench.get(f"{API}/metrics/get-history?run_id={run}&metric_key=k").json()["metrics"]) == 1
