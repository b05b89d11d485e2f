"""NaN, the infinities, 2^63, nothing and ten megabytes in every field, through every door, on both databases."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from test_client_remote import frame, operation, packed

from castalia.core.errors import CastaliaError, WrongInput
from castalia.core.settings import Settings
from castalia.track import Store
from castalia.track.naming import new_run_id
from castalia.web.app import create_app

API = "/api/2.0/mlflow"
LARGE = "x" * 10_000_000
VALUES: dict[str, Any] = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "2^63": 2**63, "empty": "",
                          "ten MB": LARGE}  # fmt: skip
REFUSED = object()
TEXTS = {"nan": REFUSED, "inf": REFUSED, "-inf": REFUSED, "2^63": REFUSED}  # a text is no number


@pytest.fixture
def bench(tmp_path: Path, place: str) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path / "home", store=place)
    with TestClient(create_app(settings), base_url="http://localhost:8000") as made:
        yield made


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
def one_bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One for all doors: each value has a run of its own."""
    server = request.getfixturevalue("server") if request.param == "postgres" else None
    store = server.url(server.database("castalia_tables")) if server else ""
    app = create_app(Settings(home=tmp_path_factory.mktemp("doors"), store=store))
    with TestClient(app, base_url="http://localhost:8000") as made:
        yield made


def send(bench: TestClient, path: str, fields: dict[str, Any]) -> Any:
    """JSON with NaN as a bare word, as Python's own writes it."""
    answer = bench.post(f"{API}/{path}", content=json.dumps(fields), headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400), answer.text[:500]
    assert len(answer.content) < 12_000, "an answer that repeats what was sent"
    assert answer.status_code == 200 or answer.json()["error_code"] == "INVALID_PARAMETER_VALUE", answer.text
    return answer


def data(bench: TestClient, run: str) -> dict[str, Any]:
    found: dict[str, Any] = bench.get(f"{API}/runs/get", params={"run_id": run}).json()["run"]
    return found


def pairs(name: str) -> Callable[[TestClient, str], Any]:
    def read(bench: TestClient, run: str) -> Any:
        return next(each["value"] for each in data(bench, run)["data"][name] if each["key"] == "k")

    return read


def point(name: str) -> Callable[[TestClient, str], Any]:
    def read(bench: TestClient, run: str) -> Any:
        (found,) = bench.get(f"{API}/metrics/get-history", params={"run_id": run, "metric_key": "k"}).json()["metrics"]
        return found[name]

    return read


METRIC = {"key": "k", "value": 1.5, "timestamp": 1, "step": 1}
NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "2^63": 2.0**63, "empty": REFUSED, "ten MB": REFUSED}
WHOLE = dict.fromkeys(VALUES, REFUSED)
NAMES = dict.fromkeys(VALUES, REFUSED)
Read = Callable[[TestClient, str], Any]
DOORS: dict[str, tuple[str, Callable[[Any], dict[str, Any]], dict[str, Any], Read]] = {
    "log-metric value": ("runs/log-metric", lambda v: METRIC | {"value": v}, NUMBERS, point("value")),
    "log-metric step": ("runs/log-metric", lambda v: METRIC | {"step": v}, WHOLE | {"empty": 0}, point("step")),
    "log-metric timestamp": ("runs/log-metric", lambda v: METRIC | {"timestamp": v}, WHOLE, point("timestamp")),
    "log-metric key": ("runs/log-metric", lambda v: METRIC | {"key": v}, NAMES, point("key")),
    "log-batch value": ("runs/log-batch", lambda v: {"metrics": [METRIC | {"value": v}]}, NUMBERS, point("value")),
    "log-batch step": ("runs/log-batch", lambda v: {"metrics": [METRIC | {"step": v}]}, WHOLE | {"empty": 0},
                       point("step")),
    "log-batch timestamp": ("runs/log-batch", lambda v: {"metrics": [METRIC | {"timestamp": v}]}, WHOLE,
                            point("timestamp")),
    "log-batch param": ("runs/log-batch", lambda v: {"params": [{"key": "k", "value": v}]},
                        TEXTS | {"empty": "", "ten MB": LARGE[:6000]}, pairs("params")),
    "log-batch tag": ("runs/log-batch", lambda v: {"tags": [{"key": "k", "value": v}]},
                      TEXTS | {"empty": "", "ten MB": LARGE[:8000]}, pairs("tags")),
    "log-parameter value": ("runs/log-parameter", lambda v: {"key": "k", "value": v},
                            TEXTS | {"empty": "", "ten MB": LARGE[:6000]}, pairs("params")),
    "log-parameter key": ("runs/log-parameter", lambda v: {"key": v, "value": "1"}, NAMES, pairs("params")),
    "set-tag value": ("runs/set-tag", lambda v: {"key": "k", "value": v},
                      TEXTS | {"empty": "", "ten MB": LARGE[:8000]}, pairs("tags")),
    "update end_time": ("runs/update", lambda v: {"end_time": v}, WHOLE,
                        lambda bench, run: data(bench, run)["info"].get("end_time")),
    "log-inputs name": ("runs/log-inputs", lambda v: {"datasets": [{"dataset": {
        "name": v, "digest": "d", "source_type": "s", "source": "s"}}]}, NAMES, pairs("tags")),
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_through_the_protocol(one_bench: TestClient, door: str) -> None:
    bench, (path, fields, expected, read) = one_bench, DOORS[door]
    wrong = []
    for name, value in VALUES.items():
        run = send(bench, "runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
        answer = send(bench, path, {"run_id": run} | fields(value))
        if expected[name] is REFUSED:
            kept = data(bench, run)["data"]
            if answer.status_code != 400 or kept["metrics"] or kept["params"]:
                wrong.append(f"{name} was taken")
        elif answer.status_code != 200 or read(bench, run) != expected[name]:
            wrong.append(f"{name}: {answer.text[:200]}")
    assert not wrong, wrong


def test_as_texts_numbers_are_taken_too(bench: TestClient) -> None:
    for text, shown in (("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"), (str(2**63), 2.0**63)):
        run = send(bench, "runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
        assert send(bench, "runs/log-metric", {"run_id": run} | METRIC | {"value": text}).status_code == 200
        assert point("value")(bench, run) == shown
        assert send(bench, "runs/log-parameter", {"run_id": run, "key": "k", "value": text}).status_code == 200
        assert pairs("params")(bench, run) == text
    for step, status in ((2**63 - 1, 200), (-(2**63), 200), (-(2**63) - 1, 400)):
        for sent in (step, str(step)):
            run = send(bench, "runs/create", {"experiment_id": "0"}).json()["run"]["info"]["run_id"]
            answer = send(bench, "runs/log-metric", {"run_id": run} | METRIC | {"step": sent})
            assert answer.status_code == status, answer.text
            assert status != 200 or point("step")(bench, run) == step


def ingest(bench: TestClient, *frames: bytes) -> tuple[int, dict[str, Any]]:
    answer = bench.post("/runs/ingest", content=b"".join(frames), headers={"content-type": "application/octet-stream"})
    assert answer.status_code < 500 and len(answer.content) < 12_000, answer.text[:500]
    return answer.status_code, answer.json()


def test_through_the_native_door(bench: TestClient) -> None:
    run = new_run_id()
    begin = {"do": "begin", "run": run, "experiment": "e", "time": 1}
    numbers = [math.nan, math.inf, -math.inf, 2.0**63]
    steps = [-(2**63), -1, 0, 2**63 - 1]
    points = [packed([(run, "loss", step, step, value)]) for step, value in zip(steps, numbers, strict=True)]
    assert ingest(bench, operation(begin), *points)[1]["points"] == 4
    found = bench.get(f"/runs/{run}/metrics").json()["loss"]
    assert (found["step"], found["value"]) == (steps, ["NaN", "Infinity", "-Infinity", 2.0**63])
    for name, value in VALUES.items():
        for field in ("experiment", "name", "time", "params", "system", "parent"):
            other = new_run_id()
            given = {"p": value} if field == "params" else value
            status, said = ingest(bench, frame(json.dumps(begin | {"run": other, field: given}).encode()))
            taken = status == 200 and not said["refused"]
            if taken:
                seen = bench.get(f"/runs/{other}").json()
                if field == "params":
                    assert name == "empty" and seen["params"] == {"p": ""}
                else:  # no name is one of ours, no system and no parent are none
                    assert name == "empty" and field in ("name", "system", "parent"), (field, name)
                    assert seen["name"] and not seen["system"] and not seen["parent"], seen
            else:
                assert bench.get(f"/runs/{other}").status_code == 404, (field, name, said)
    for path in (f"/runs/{run}/metrics?points=", "/runs?limit=", "/runs?offset=", "/jobs?limit="):
        for text in ("NaN", "inf", "-inf", str(2**63), "", "9" * 5000):
            assert bench.get(path + text).status_code == 422, (path, text[:20])
    for value in VALUES.values():
        body = json.dumps({"version": value})
        answer = bench.put("/models/m/aliases/a", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422 and len(answer.content) < 5000, answer.text[:300]


def test_through_python(tmp_path: Path, place: str) -> None:
    with Store.open(tmp_path / "home", place) as store:
        run = store.create_run("e")
        for value in (math.nan, math.inf, -math.inf, 2**63):
            store.log_metrics(run, [("m", 1, 1, value)])
        with pytest.raises(WrongInput):
            store.log_metrics(run, [("m", 2**63, 1, 1.0)])
        for value in (math.nan, math.inf, "", LARGE):
            for wrong in ([("m", value, 1, 1.0)], [("m", 1, value, 1.0)], [(value, 1, 1, 1.0)]):
                with pytest.raises(WrongInput) as said:
                    store.log_metrics(run, wrong)
                assert len(str(said.value)) < 1000
        for value in ("", LARGE):
            with pytest.raises(WrongInput):
                store.log_metrics(run, [("m", 1, 1, value)])
            for call in (
                lambda value=value: store.create_run(value),
                lambda value=value: store.set_tags(run, {value: "x"}),
                lambda value=value: store.set_params(run, {value: "x"}),
            ):
                with pytest.raises(CastaliaError) as refused:
                    call()
                assert len(str(refused.value)) < 1000
        values = store.metrics(run)["m"]["value"]
        assert len(values) == 4 and sum(map(math.isnan, values)) == 1
        assert sorted(value for value in values if value == value) == [-math.inf, 2.0**63, math.inf]
