"""castalia.track.protocol.wire and routes: whatever is sent, the answer is one that a client can read."""

from __future__ import annotations

import json
import math
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

import castalia
from castalia.core.errors import Conflict, NotFound, Refused, TooLarge, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.track.protocol import experiments, routes
from castalia.track.protocol.wire import STATUS, Fields, ProtocolError, Route, error_body
from castalia.web.app import create_app

API = "/api/2.0/mlflow"
JSON = {"content-type": "application/json"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(Settings(home=tmp_path_factory.mktemp("wire")))
    with TestClient(app, base_url="http://localhost:8000", follow_redirects=False) as made:
        yield made


@pytest.fixture(scope="module")
def run(bench: TestClient) -> str:
    return str(bench.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"])


def readable(answer: Any) -> dict[str, Any]:
    """The answer, which is a JSON object; one that refuses has a code and a message, and is no fault of ours."""
    assert answer.status_code < 500, answer.text[:500]
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    body: dict[str, Any] = answer.json()
    assert isinstance(body, dict)
    if answer.status_code != 200:
        assert body == error_body(body["error_code"], body["message"]) and body["message"], body
        assert STATUS[body["error_code"]] == answer.status_code or body["error_code"] == "BAD_REQUEST"
        assert len(answer.content) < 5000, "an error repeats what was sent"
        assert "Traceback" not in body["message"] and "/castalia/" not in body["message"]
    return body


def addresses(prefix: str = "/api") -> list[tuple[str, Route]]:
    return [(f"{prefix}/{version}/mlflow/{re.sub(r'{[^}]*}', 'x', route.path)}", route)
            for route in routes.ROUTES for version in route.versions]  # fmt: skip


def test_there_is_one_route_to_each_address() -> None:
    found = [(route.method, path) for path, route in addresses()]
    assert len(found) == len(set(found)) and len(found) >= 22


@pytest.mark.parametrize("prefix", routes.PREFIXES)
def test_every_route_answers_under_both_prefixes(bench: TestClient, prefix: str) -> None:
    for path, route in addresses(prefix):
        body = readable(bench.request(route.method, path, headers=JSON))
        assert body.get("error_code") != "ENDPOINT_NOT_FOUND" or "{" in route.path, path


@pytest.mark.parametrize("path", ["/api/2.0/mlflow/nothing", "/api/9.0/mlflow/runs/get", "/api/", "/ajax-api/x/y",
                                  "/api/2.0/mlflow/runs/get/", "/api/3.0/mlflow/traces", "/api/2.0/mlflow/runs",
                                  "/ajax-api/2.0/mlflow/runs/Get", "/api/2.0/mlflow/runs/%00",
                                  "/api/2.0/mlflow//runs/get"])  # fmt: skip
def test_an_unknown_address_is_said_so_in_the_clients_words(bench: TestClient, path: str) -> None:
    for method in METHODS:
        answer = bench.request(method, path, headers=JSON)
        assert answer.status_code == 404 and readable(answer)["error_code"] == "ENDPOINT_NOT_FOUND"
    assert bench.head(path).status_code == 404


def test_a_wrong_method_is_told_which_is_right(bench: TestClient) -> None:
    known = {path: {route.method for other, route in addresses() if other == path} for path, _ in addresses()}
    for path, methods in known.items():
        for method in set(METHODS) - methods:
            answer = bench.request(method, path, headers=JSON)
            assert answer.status_code == 405 and readable(answer)["error_code"] == "BAD_REQUEST"
            assert methods <= set(answer.headers["allow"].split(", "))
        answer = bench.options(path)
        assert answer.status_code == 204 and methods <= set(answer.headers["allow"].split(", "))
        head = bench.head(path)
        assert head.status_code == (bench.get(path).status_code if "GET" in methods else 405)


def test_what_a_client_asks_any_server(bench: TestClient) -> None:
    assert bench.get("/version").text == castalia.__version__
    assert bench.get("/health").status_code == 200
    for prefix in routes.PREFIXES:
        info = readable(bench.get(f"{prefix}/3.0/mlflow/server-info"))
        assert info["store_type"] == "SqlStore" and info["workspaces_enabled"] is False
        assert all(type(value) in (bool, str, dict) for value in info.values()) and "/" not in json.dumps(info)


BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "Missing value for required parameter 'run_id'"),
    "spaces": (b"  \n", "Missing value for required parameter 'run_id'"),
    "half a JSON": (b'{"run_id": ', "no JSON"),
    "a list": (b"[]", "no JSON object"),
    "a number": (b"1", "no JSON object"),
    "null": (b"null", "no JSON object"),
    "bytes that are no text": (b'{"run_id": "\xff"}', "no JSON"),
    "UTF-16": ('{"run_id": "x"}'.encode("utf-16"), "no JSON"),
    "deep lists": (b'{"run_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no JSON"),
    "deep objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "no JSON"),
    "a number of many digits": (b'{"run_id": ' + b"9" * 10_000 + b"}", "no JSON"),
    "half a character": (b'{"run_id": "\\ud800"}', "half a character"),
    "NUL": (b'{"run_id": "a\\u0000b"}', "half a character"),
    "a text in a text in a text": (json.dumps(json.dumps(json.dumps({}))).encode(), "no JSON object"),
    "a name in ten million letters": (b'{"run_id": "' + b"x" * 10_000_000 + b'"}', "required parameter 'key'"),
    "ten million spaces": (b" " * 10_000_000, "Missing value"),
}


@pytest.mark.parametrize("kind", BODIES, ids=str)
def test_any_body_is_answered(bench: TestClient, kind: str) -> None:
    body, message = BODIES[kind]
    for path in ("runs/log-metric", "runs/log-parameter"):
        answer = bench.post(f"{API}/{path}", content=body, headers=JSON)
        assert answer.status_code == 400 and message in readable(answer)["message"], answer.text[:300]
    for path, route in addresses():
        if route.method != "GET":
            readable(bench.request(route.method, path, content=body, headers=JSON))


def test_a_point_that_has_to_wait_keeps_nobody_else_waiting(bench: TestClient, run: str) -> None:
    database = bench.app.state.parts.store.database  # type: ignore[attr-defined]
    said = {"run_id": run, "key": "waiting", "value": 1.5, "timestamp": 1}
    steps = 0
    while steps == 0 or not (database.swift() or steps > 200):
        steps += 1
        assert bench.post(f"{API}/runs/log-metric", json={**said, "step": steps}).status_code == 200
    file = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
    answers: list[Any] = []

    def post() -> None:
        answers.append(bench.post(f"{API}/runs/log-metric", json={**said, "step": 1000}))

    file.execute("BEGIN IMMEDIATE")
    end = threading.Timer(10, file.execute, ["ROLLBACK"])  # who waited for it meets the end of the transaction
    end.start()
    waiting = threading.Thread(target=post)
    waiting.start()
    for _ in range(20):
        assert bench.get("/health").status_code == 200
        time.sleep(0.01)
    assert file.in_transaction and not answers
    end.cancel()
    file.execute("ROLLBACK")
    file.close()
    waiting.join(20)
    assert answers[0].status_code == 200
    path = f"{API}/metrics/get-history?run_id={run}&metric_key=waiting"
    assert [point["step"] for point in bench.get(path).json()["metrics"]] == [*range(1, steps + 1), 1000]


def test_a_body_of_another_kind_is_refused(bench: TestClient) -> None:
    kinds = ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16")
    for headers in (*({"content-type": kind} for kind in kinds), {**JSON, "content-encoding": "gzip"}):
        answer = bench.post(f"{API}/runs/create", content=b"{}", headers=headers)
        assert answer.status_code == 415 and readable(answer)["error_code"] == "BAD_REQUEST"
    answer = bench.post(f"{API}/runs/create", content=b"x", headers={**JSON, "content-length": str(2**40)})
    assert answer.status_code == 413 and readable(answer)["error_code"] == "BAD_REQUEST"


def test_the_guard_speaks_the_protocol_where_it_refuses(settings: Settings) -> None:
    token = "a-long-enough-token"
    with TestClient(create_app(settings, token=token), base_url="http://localhost:8000") as bench:
        for path, route in addresses():
            answer = bench.request(route.method, path, headers=JSON)
            assert answer.status_code == 401 and readable(answer)["error_code"] == "UNAUTHENTICATED"
            assert "CASTALIA_TOKEN" in answer.json()["message"]
        known = {"authorization": f"Bearer {token}"}
        assert bench.get("/api/3.0/mlflow/server-info", headers=known).status_code == 200
        for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
            answer = bench.post(f"{API}/runs/create", json={}, headers=known | headers)
            assert answer.status_code == 403 and readable(answer)["error_code"] == "PERMISSION_DENIED"
        assert bench.get("/runs", headers={"host": "evil.example"}).json()["status"] == 403, "elsewhere as ever"


def test_a_fault_of_ours_is_said_in_the_protocols_shape(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(store: object, fields: Fields) -> dict[str, Any]:
        raise RuntimeError("secret /root/place")

    table = (Route("GET", "experiments/get", broken), *(r for r in experiments.ROUTES if r.path != "experiments/get"))
    monkeypatch.setattr(routes, "ROUTES", table)
    with TestClient(create_app(settings), base_url="http://localhost:8000") as bench:
        answer = bench.get(f"{API}/experiments/get")
        assert answer.status_code == 500 and answer.json()["error_code"] == "INTERNAL_ERROR"
        assert "secret" not in answer.text and "fault" in answer.text
        assert bench.get(f"{API}/experiments/get-by-name", params={"experiment_name": "Default"}).status_code == 200


NAMES = sorted({"experiment_id", "name", "artifact_location", "tags", "new_name", "experiment_name", "key", "value",
                "run_id", "run_uuid", "user_id", "run_name", "start_time", "status", "end_time", "timestamp", "step",
                "metrics", "params", "model_json", "metric_key", "max_results", "page_token", "run_ids", "start_step",
                "end_step", "filter", "order_by", "version", "alias", "source", "model_id", "datasets",
                "models", "stages", "description", "view_type", "experiment_ids"})  # fmt: skip
words = st.sampled_from(["", "0", "1", "-1", "RUN", "NaN", "Infinity", "m", "a/b", "..", "FINISHED", "mlflow.runName",
                         "\0", "\ud800", "é", "x" * 300, str(2**63), str(2**64), "1e400", "0x1", " 1", "1_0",
                         "mlflow.parentRunId"])  # fmt: skip
wild = st.recursive(
    st.none() | st.booleans() | st.floats() | words | st.text(max_size=8)
    | st.integers() | st.sampled_from([2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def any_fields_are_answered(bench: TestClient, run: str, data: st.DataObject) -> None:
    """Any route of the table, with values of every kind in every field; a run that exists is among them."""
    path, route = data.draw(st.sampled_from(addresses()))
    fields = data.draw(st.dictionaries(st.sampled_from(NAMES), wild, max_size=6))
    if data.draw(st.booleans()):  # as far as the handler's own work
        fields = {"run_id": run, "experiment_id": "0", "key": "k", "value": "1", "timestamp": 1} | fields
    text = json.dumps(fields).replace('"RUN"', f'"{run}"')
    if route.method == "GET":
        pairs = [(name, str(each).encode("utf-8", "replace").decode()) for name, value in fields.items()
                 for each in (value if isinstance(value, list) else [value])]  # fmt: skip
        answer = bench.get(path, params=[(name, each.replace("RUN", run)) for name, each in pairs])
    else:
        answer = bench.request(route.method, path, content=text.encode(), headers=JSON)
    readable(answer)
    if data.draw(st.integers(0, 20)) == 0:  # and the server is as well as before
        point = {"run_id": run, "key": "well", "value": 1, "timestamp": 1, "step": 1}
        assert bench.post(f"{API}/runs/restore", json={"run_id": run}).status_code == 200
        assert bench.post(f"{API}/runs/log-metric", json=point).status_code == 200


@property_settings(max_examples=120)
@given(data=st.data())
def test_any_fields_are_answered(bench: TestClient, run: str, data: st.DataObject) -> None:
    any_fields_are_answered(bench, run, data)


@pytest.mark.slow
@property_settings(max_examples=1000)
@given(data=st.data())
def test_many_fields_are_answered(bench: TestClient, run: str, data: st.DataObject) -> None:
    any_fields_are_answered(bench, run, data)


def test_fields_read_numbers_as_clients_send_them() -> None:
    for sent, read in ((1, 1), ("2", 2), (3.0, 3), (-(2**63), -(2**63)), (str(2**63 - 1), 2**63 - 1)):
        assert Fields({"n": sent}).whole("n") == read
    for sent in (True, 1.5, "x", "", None, [], {}, 2**63, math.inf, math.nan, "1.5"):
        with pytest.raises(ProtocolError) as caught:
            Fields({"n": sent}).whole("n")
        assert "'n'" in caught.value.message
    assert Fields({}).whole("n", default=5) == 5
    for sent, number in ((1, 1.0), ("2.5", 2.5), ("Infinity", math.inf), ("-Infinity", -math.inf), (1e308, 1e308)):
        assert Fields({"n": sent}).number("n") == number
    assert math.isnan(Fields({"n": "NaN"}).number("n"))
    for wrong in (True, None, "", "high", " 1", [], {}, 10**400):
        with pytest.raises(ProtocolError, match="'n'"):
            Fields({"n": wrong}).number("n")


def test_nested_fields_name_their_place() -> None:
    nested = Fields({"metrics": [{"key": "a"}, {"key": 5}]}).items("metrics")
    with pytest.raises(ProtocolError, match=r"metrics\[1\]\.key"):
        nested[1].text("key")
    for wrong in ({"a": 1}, "x", [1], [[]], 5):
        with pytest.raises(ProtocolError, match="metrics"):
            Fields({"metrics": wrong}).items("metrics")
    assert Fields({"ids": "one"}).texts("ids") == ["one"] and Fields({}).texts("ids") == []
    with pytest.raises(ProtocolError, match="ids"):
        Fields({"ids": ["a", 1]}).texts("ids")
    assert Fields({"yes": "true", "no": "false"}).flag("yes") and not Fields({}).flag("no")
    with pytest.raises(ProtocolError, match="yes"):
        Fields({"yes": "perhaps"}).flag("yes")


def test_every_error_of_ours_has_a_code() -> None:
    for error, code in ((NotFound, "RESOURCE_DOES_NOT_EXIST"), (Refused, "PERMISSION_DENIED"),
                        (WrongInput, "INVALID_PARAMETER_VALUE"), (Conflict, "INVALID_PARAMETER_VALUE"),
                        (TooLarge, "INVALID_PARAMETER_VALUE"), (Unavailable, "TEMPORARILY_UNAVAILABLE")):  # fmt: skip
        made = ProtocolError.of(error("this", "got", "expected", "cure"))
        assert (made.code, made.status) == (code, STATUS[code])
        assert ("this: got" in made.message and "cure" in made.message) is (error is not Unavailable)
