"""Requests that a client should not send, over every store: refused in the protocol's words, and nothing is kept."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from as_admin import application
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from castalia.core.errors import Conflict, NotFound, Unavailable
from castalia.track import Store
from castalia.track.protocol import limits, routes
from castalia.track.protocol.wire import ProtocolError, Route

API = "/api/2.0/mlflow"
Ask = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path, place: str) -> Iterator[Store]:
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    """What the handlers raise and nobody catches fails the test."""
    with TestClient(application(routes.routes(store)), raise_server_exceptions=True) as made:
        yield made


@pytest.fixture
def refused(client: TestClient) -> Ask:
    """refused("runs/create", name=...) -> the message of an answer that is the client's fault."""

    def ask(path: str, **fields: object) -> str:
        answer = client.post(f"{API}/{path}", json=fields)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE", answer.text
        return str(answer.json()["message"])

    return ask


@pytest.fixture
def run(client: TestClient) -> str:
    return str(client.post(f"{API}/runs/create", json={}).json()["run"]["info"]["run_id"])


def test_a_taken_name_is_refused_and_the_experiment_stays_as_it_is(client: TestClient) -> None:
    made = client.post(f"{API}/experiments/create", json={"name": "a"}).json()["experiment_id"]
    again = client.post(f"{API}/experiments/create", json={"name": "a", "tags": [{"key": "k", "value": "v"}]})
    assert (again.status_code, again.json()["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert client.get(f"{API}/experiments/get", params={"experiment_id": made}).json()["experiment"]["tags"] == []


@pytest.mark.parametrize("location", ["mlflow-artifacts://[x/y", "mlflow-artifacts://\u2100/y", "s3://[x/y",
                                      "mlflow-artifacts://x]/y"])  # fmt: skip
def test_locations_that_are_no_address(refused: Ask, location: str) -> None:
    assert "artifact_location" in refused("experiments/create", name="a", artifact_location=location)


@pytest.mark.parametrize("source", ["s3://a%5Bb/c", "s3://a%E2%84%80b/c", "s3://[a/c", "s3://a%255Bb/c", "runs:x",
                                    "runs:", "runs:RUN", "models:", "mlflow-artifacts:", "castalia:"])  # fmt: skip
def test_sources_that_are_no_address(client: TestClient, refused: Ask, run: str, source: str) -> None:
    client.post(f"{API}/registered-models/create", json={"name": "m"})
    for more in ({}, {"run_id": run}, {"model_id": "m-1"}):
        if source.startswith(("mlflow-artifacts:", "s3://a")) or not more:
            refused("model-versions/create", name="m", source=source.replace("RUN", run), **more)
        else:
            answer = client.post(f"{API}/model-versions/create",
                                 json={"name": "m", "source": source.replace("RUN", run), **more})  # fmt: skip
            assert answer.status_code in (400, 404), answer.text


@pytest.mark.parametrize("depth", [10, 63, 64, 65, 66, 500, 990, 1000, 1010, 1023, 1024, 5000])
def test_a_body_is_not_nested_deeply(client: TestClient, run: str, depth: int) -> None:
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        nested = opened * (depth - 1) + "1" + closed * (depth - 1)
        body = f'{{"run_id": "{run}", "key": "k", "timestamp": 1, "value": {nested}}}'
        answer = client.post(f"{API}/runs/log-metric", content=body)
        assert answer.status_code == 400 and len(answer.content) < 1000, answer.text[:300]
        expected = "INVALID_PARAMETER_VALUE" if depth <= 64 else "BAD_REQUEST"
        assert answer.json()["error_code"] == expected, answer.text[:300]


def test_a_model_of_old_clients_is_not_nested_deeply(client: TestClient, refused: Ask, run: str) -> None:
    for depth in (65, 300, 980, 985, 990, 995, 1000, 1200, 5000, 100_000):
        flavors = "[" * depth + "]" * depth
        text = f'{{"artifact_path": "a", "flavors": {flavors}, "run_id": "{run}", "utc_time_created": ""}}'
        refused("runs/log-model", run_id=run, model_json=text)


def test_the_models_of_a_run_do_not_grow_without_end(client: TestClient, refused: Ask, run: str) -> None:
    model = {"artifact_path": "a", "flavors": {"x": "y" * 1_000_000}, "run_id": run, "utc_time_created": ""}
    said = {"run_id": run, "model_json": json.dumps(model)}
    for _ in range(4):
        assert client.post(f"{API}/runs/log-model", json=said).status_code == 200
    assert f"maximum length of {limits.MODELS}" in refused("runs/log-model", **said)


@pytest.mark.parametrize("word", ["deleted", "active", "x"])
def test_a_param_may_be_called_run_id(client: TestClient, refused: Ask, run: str, word: str) -> None:
    said = {"run_id": run, "key": "run_id"}
    assert client.post(f"{API}/runs/log-parameter", json=said | {"value": "a"}).status_code == 200
    assert "Changing param values is not allowed" in refused("runs/log-parameter", **said, value=word)
    other = refused("runs/log-batch", run_id=run, params=[{"key": "run_id", "value": word}])
    assert "Changing param values is not allowed" in other


def test_ids_and_names_of_data_sets_are_short(client: TestClient, refused: Ask, run: str) -> None:
    point = {"key": "k", "value": 1, "timestamp": 1}
    model = client.post(f"{API}/logged-models", json={"experiment_id": "0"}).json()["model"]["info"]["model_id"]
    for length in (1, limits.KEY):
        for path in ("runs/outputs", "runs/log-inputs"):
            some = {"run_id": run, "models": [{"model_id": "x" * length}]}
            assert client.post(f"{API}/{path}", json=some).status_code == 200
    # Letters that do not compress: a long text in an index is refused by PostgreSQL only where it stays long.
    long = "".join(chr(0x4E00 + (i * 7919) % 20_000) for i in range(9_000))
    for path in ("runs/outputs", "runs/log-inputs"):
        assert "model_id" in refused(path, run_id=run, models=[{"model_id": long}])
    for field, limit in (("dataset_name", 500), ("dataset_digest", 36)):
        both = {"dataset_name": "n", "dataset_digest": "d", "model_id": model}
        for value in (long, "x" * (limit + 1)):
            assert field in refused("runs/log-metric", run_id=run, **point, **both | {field: value})
            assert field in refused("runs/log-batch", run_id=run, metrics=[point | both | {field: value}])
        fits = {"run_id": run, **point, **both, field: "x" * limit}
        assert client.post(f"{API}/runs/log-metric", json=fits).status_code == 200
    assert "model_id" in refused("runs/log-metric", run_id=run, **point, model_id=long)


def test_a_list_of_files_needs_a_run(client: TestClient) -> None:
    answer = client.get(f"{API}/artifacts/list")
    assert answer.status_code == 400 and "parameter 'run_id'" in answer.json()["message"]


def test_a_name_may_be_repeated_any_number_of_times() -> None:
    """Work that grows with its square would outlast the time a test has."""
    for count in (1, 2, 3, 600_000):
        request = Request({"type": "http", "query_string": b"b=1&" + b"a=&" * count, "headers": []})
        found = routes._query(request)
        assert found == {"b": "1", "a": [""] * count if count > 1 else ""}


BIG = {
    "a long text": (b'{"a": "' + b"x,[{" * 5_000_000 + b'"}', ""),
    "lists": (b'{"a": [' + b"[]," * 5_000_000 + b"0]}", "more than"),
    "numbers": (b'{"a": [' + b"0," * 5_000_000 + b"0]}", "more than"),
    "objects behind a long text": (b'{"t": "' + b'\\",' * 2_000_000 + b'", "a": [' + b"{}," * 1_000_000, "more than"),
    "a text that does not end": (b'{"a": "' + b'\\",' * 5_000_000, "no JSON"),
    "as many as may be": (b'{"a": [' + b"0," * (routes.VALUES - 2) + b"0]}", ""),
    "one more": (b'{"a": [' + b"0," * (routes.VALUES - 1) + b"0]}", "more than"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BIG, ids=str)
def test_a_large_body_does_not_hold_up_the_others(kind: str) -> None:
    body, message = BIG[kind]

    async def main() -> int:
        ticks, work = 0, asyncio.ensure_future(routes.parsed(body))
        while not work.done():
            await asyncio.sleep(0)
            ticks += 1
        if message:
            with pytest.raises(ProtocolError, match=message) as caught:
                await work
            assert caught.value.code == "BAD_REQUEST"
        else:
            assert await work == json.loads(body)
        return ticks

    assert asyncio.run(main()) > 2, "read in the loop itself"


def test_an_error_is_one_sentence() -> None:
    for error, message in (
        (NotFound("m@1 has no files here", cure="castalia models m"), "m@1 has no files here. Try: castalia models m"),
        (Conflict("run x is in the trash", "deleted", "active", "Restore it first."),
         "run x is in the trash: deleted (expected active). Restore it first."),
        (NotFound("no run 'x'"), "no run 'x'."),
        (NotFound("two\nlines", "a\n  b"), "two lines: a b."),
    ):  # fmt: skip
        assert ProtocolError.of(error).message == message


def test_no_place_of_the_server_is_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def damaged(store: Any, fields: Any) -> dict[str, Any]:
        raise Unavailable("castalia.db is damaged", "/srv/x", "a file", f"mv {tmp_path}/castalia.db aside")

    table = routes.Table(None, (Route("GET", "runs/get", damaged),))  # type: ignore[arg-type]
    with TestClient(Starlette(routes=[table])) as client, caplog.at_level(logging.WARNING, "castalia.track"):
        answer = client.get(f"{API}/runs/get")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert "/" not in answer.text.replace("application/json", "") and "damaged" not in answer.text
    assert str(tmp_path) in caplog.text and "runs/get" in caplog.text, "the log says what it is"
