"""Logged models, the registry and data sets over the wire: as mlflow's own server answers, and as ours must."""

from __future__ import annotations

import itertools
import json
import math
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from mlflow_registry_requests import BAD, GOLDEN, STEPS, replay
from starlette.applications import Starlette
from starlette.testclient import TestClient

from castalia.track import Store, schema
from castalia.track.protocol.logged_models import POINTS, ModelPoint, model_rows, note_model_metrics
from castalia.track.protocol.registry_rows import registered_rows, version_rows
from castalia.track.protocol.routes import ADMIN, routes
from castalia.track.protocol.rows import input_rows
from castalia.track.protocol.wire import ProtocolError


@pytest.fixture
def store(tmp_path, place):
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def person():
    """Who asks; an admin unless a test says otherwise."""
    return {ADMIN: True}


@pytest.fixture
def ask(store, person):
    """ask("POST", "runs/create", {...}) -> (status, body)."""
    inner = Starlette(routes=routes(store))

    async def app(scope, receive, send):
        await inner({**scope, **person}, receive, send)

    with TestClient(app, raise_server_exceptions=True) as client:

        def asked(method: str, path: str, data: dict | None = None) -> tuple[int, dict]:
            where = f"/api/2.0/mlflow/{path}"
            sent = {"params": data} if method == "GET" else {"json": data or {}}
            answer = client.request(method, where, **sent)
            return answer.status_code, answer.json()

        yield asked


@pytest.fixture
def ok(ask):
    """The body of an answer that must be good."""

    def asked(method: str, path: str, **data: object) -> dict:
        status, body = ask(method, path, data)
        assert status == 200, body
        return body

    return asked


def code(answer: tuple[int, dict]) -> str:
    return f"{answer[0]} {answer[1].get('error_code', '')}".strip()


def test_every_answer_is_the_reference_servers_or_otherwise_on_purpose(ask):
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert len(golden) == len(STEPS), "record the golden file again"
    wrong = []
    for step, expected, got in zip(STEPS, golden, replay(ask, "n1"), strict=True):
        if step.answer:
            assert step.why, step
            told = code((got["status"], got["body"]))
            fine = told == step.answer and (expected["status"] != got["status"] or expected["body"] != got["body"])
        else:
            fine = got == expected
        if not fine:
            wrong.append(f"{step.method} {step.path} {str(step.data)[:200]}\n  mlflow {expected}\n  ours   {got}")
    assert not wrong, f"{len(wrong)} answers differ:\n" + "\n".join(wrong)


def ours(store: Store, name: str = "churn") -> Path:
    """A version that Castalia trained."""
    number = store.add_version(name, "churn", None, lambda number: f"models/{name}/{number}", {"auc": 0.8}, "abc")
    folder = store.home / "models" / name / str(number)
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("{}", "utf-8")
    return folder


def test_a_version_that_castalia_trained_is_a_version_to_the_client_too(store, ok):
    ours(store)
    found = ok("GET", "model-versions/get", name="churn", version="1")["model_version"]
    assert (found["source"], found["status"], found["current_stage"]) == ("castalia:/churn/1", "READY", "None")
    uri = ok("GET", "model-versions/get-download-uri", name="churn", version="1")["artifact_uri"]
    assert uri == "mlflow-artifacts:/.versions/churn/1"
    assert [each.name for each in store.listing(store.uri_place(uri))] == ["model.json"]
    ok("POST", "model-versions/set-tag", name="churn", version="1", key="checked", value="yes")
    ok("POST", "model-versions/transition-stage", name="churn", version="1", stage="Production")
    ok("PATCH", "model-versions/update", name="churn", version="1", description="good")
    ok("POST", "registered-models/alias", name="churn", alias="shadow", version="1")
    assert store.resolve("churn", "shadow").version == 1
    store.set_alias("churn", "champion", 1)
    assert ok("GET", "registered-models/alias", name="churn", alias="champion")["model_version"]["version"] == "1"
    assert len(ok("GET", "registered-models/get", name="churn")["registered_model"]["aliases"]) == 2


def test_a_version_of_the_client_is_a_version_to_castalia_too(store, ok):
    ok("POST", "registered-models/create", name="sales")
    ok("POST", "model-versions/create", name="sales", source="s3://bucket/a")
    (line,) = store.versions("sales")
    assert (line.folder, line.source, line.system, line.label) == (None, "s3://bucket/a", None, "sales@1")
    assert store.models()[0]["source"] == "s3://bucket/a"
    assert store.resolve("sales").version == 1


def test_numbers_are_given_once_whoever_asks(store, ok):
    ours(store)
    made = ok("POST", "model-versions/create", name="churn", source="s3://bucket/a")["model_version"]
    assert made["version"] == "2"
    ours(store)
    ok("DELETE", "model-versions/delete", name="churn", version="2")
    assert [line.version for line in store.versions("churn")] == [3, 1]
    assert ok("POST", "model-versions/create", name="churn", source="s3://b/a")["model_version"]["version"] == "4"


def test_the_bare_name_means_what_castalia_trained_until_somebody_says_otherwise(store, ok):
    ours(store)
    ok("POST", "model-versions/create", name="churn", source="s3://bucket/a")
    assert store.resolve("churn").version == 1
    assert store.resolve("churn", "latest").version == 2
    assert store.models()[0]["champion"] == 1
    ok("POST", "registered-models/alias", name="churn", alias="champion", version="2")
    assert store.resolve("churn").version == 2


def test_an_alias_that_looks_like_a_number_does_not_hide_the_number(store, ok):
    for _ in range(2):
        ours(store)
    ok("POST", "registered-models/alias", name="churn", alias="1", version="2")
    assert store.resolve("churn", 1).version == 1
    assert store.resolve("churn", "1").version == 1


@pytest.mark.parametrize("state", ["ready", "reserved"])
def test_the_client_cannot_take_a_version_from_castalia(store, ask, state):
    if state == "ready":
        folder = ours(store)
    else:
        store.reserve_version("churn", "churn")
        folder = store.home
    ask("POST", "model-versions/create", {"name": "churn", "source": "s3://b/x"})
    for method, path, more in (
        ("DELETE", "registered-models/delete", {}),
        ("POST", "registered-models/rename", {"new_name": "other"}),
    ):
        answer = ask(method, path, {"name": "churn"} | more)
        assert code(answer) == "403 PERMISSION_DENIED"
        assert "castalia.fit made version 1" in answer[1]["message"]
    if state == "ready":
        assert (
            code(ask("DELETE", "model-versions/delete", {"name": "churn", "version": "1"})) == "403 PERMISSION_DENIED"
        )
        assert store.resolve("churn", 1).folder == folder
    else:
        store.publish_version("churn", 1, "models/churn/1", {}, "")
    assert code(ask("DELETE", "model-versions/delete", {"name": "churn", "version": "2"})) == "200"
    assert [line.version for line in store.versions("churn")] == [1]


def test_a_fit_that_failed_does_not_hold_a_name(store, ask):
    store.reserve_version("churn", "churn")
    store.abandon_version("churn", 1)
    assert (
        code(ask("DELETE", "model-versions/delete", {"name": "churn", "version": "1"})) == "404 RESOURCE_DOES_NOT_EXIST"
    )
    assert code(ask("POST", "registered-models/rename", {"name": "churn", "new_name": "other"})) == "200"
    assert code(ask("DELETE", "registered-models/delete", {"name": "other"})) == "200"


def test_a_version_of_ours_may_be_the_source_of_another(store, ok, ask):
    ours(store)
    ok("POST", "registered-models/create", name="sales")
    for source in ("castalia:/churn/1", "models:/churn/1", "models:/churn@champion"):
        store.set_alias("churn", "champion", 1)
        made = ok("POST", "model-versions/create", name="sales", source=source)["model_version"]
        got = ok("GET", "model-versions/get-download-uri", name="sales", version=made["version"])
        assert got["artifact_uri"] == "mlflow-artifacts:/.versions/churn/1"
    ok("POST", "model-versions/create", name="churn", source="s3://b/x")
    for source in (
        "castalia:/churn/2",
        "castalia:/churn/9",
        "castalia:/churn",
        "castalia://h/churn/1",
        "castalia:churn",
    ):
        status, body = ask("POST", "model-versions/create", {"name": "sales", "source": source})
        assert status in (400, 404), body


SCHEMES = [
    *("", "file:", "file://", "local:", "mlflow-artifacts:", "mlflow-artifacts://h", "models:", "runs:", "s3://b"),
    *("castalia:", "simplecache::file:", "zip://x::file:", "http://h", "C:", "\\\\h\\", "FILE:", "fiLe://localhost"),
]
PATHS = [
    *("/..", "/../x", "/a/../../x", "/..%2fx", "/%2e%2e/x", "/%252e%252e%252fx", "/..\\x", "\\..\\x", "/a%00/x"),
    *("/a/./x", "//etc//passwd", "/x;../../etc", "/x#/../../", "/x?../../", "/a%5c..%5cx", "/a\tb/../c"),
]


def test_no_source_leads_out_of_where_it_says(ask):
    """Attacks 5 and 6 of the list: whatever is kept lies inside an object store that the request names openly."""
    ask("POST", "registered-models/create", {"name": "m"})
    _, made = ask("POST", "runs/create", {"experiment_id": "0"})
    run_id, kept = made["run"]["info"]["run_id"], []
    for scheme, path in itertools.product(SCHEMES, PATHS):
        for before in ("", f"/0/{run_id}/artifacts", f"/{run_id}"):
            source = f"{scheme}{before}{path}"
            status, body = ask("POST", "model-versions/create", {"name": "m", "source": source, "run_id": run_id})
            if status == 200:
                inside = source.startswith((f"runs:/{run_id}/", f"mlflow-artifacts:/0/{run_id}/artifacts/"))
                assert inside or scheme == "s3://b", source
                assert ".." not in source.split("/"), source
                kept.append(source)
            else:
                assert status in (400, 404), (source, body)
    assert kept
    assert all(source.endswith("//etc//passwd") or source.startswith("s3://b/") for source in kept)


def test_object_stores_are_for_admins_or_hold_the_runs_own_files(store, ask, person):
    ask("POST", "registered-models/create", {"name": "m"})
    place = {"name": "there", "artifact_location": "memory://bucket/kept"}
    experiment = ask("POST", "experiments/create", place)[1]["experiment_id"]
    with store.database.write() as connection:  # as an admin's location in a store whose driver is installed
        table = schema.experiments
        connection.execute(table.update().where(table.c.name == "there").values(artifact_location="s3://b/kept"))
    run_id = ask("POST", "runs/create", {"experiment_id": experiment})[1]["run"]["info"]["run_id"]

    def made(source: str, **more: str) -> str:
        return code(ask("POST", "model-versions/create", {"name": "m", "source": source, **more}))

    own, others = f"s3://b/kept/{run_id}/artifacts/model", "s3://b/kept/other/artifacts/model"
    assert made(others, run_id=run_id) == "200"
    person.clear()
    assert made("s3://b/x") == made(others, run_id=run_id) == made(own) == "403 PERMISSION_DENIED"
    assert made(f"{own}/%2e%2e/%2e%2e/x", run_id=run_id).startswith("4")
    assert made(own, run_id=run_id) == "200"
    denied = ask("POST", "experiments/create", place | {"name": "mine"})
    assert code(denied) == "403 PERMISSION_DENIED"


def test_what_was_measured_of_a_model_is_kept_by_data_set(store, ok):
    model = ok("POST", "logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    run_id = store.create_run("e")
    with store.database.write() as connection:
        keys = store.keys.find(connection, ["acc", "loss"])
        run = connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.run_id == run_id))
        points = [
            ModelPoint(model, keys["acc"], 1, 10, 0.5, "d", "dd"),
            ModelPoint(model, keys["acc"], 2, 11, 0.6),
            ModelPoint(model, keys["loss"], 0, 12, math.nan),
            ModelPoint(model, keys["loss"], 1, 12, math.inf),
        ]
        for _ in range(2):
            note_model_metrics(connection, run, points)
        with pytest.raises(ProtocolError, match="Logged model with ID 'm-nope' not found"):
            note_model_metrics(connection, run, [ModelPoint("m-nope", keys["acc"], 1, 10, 0.5)])
    said = ok("GET", f"logged-models/{model}")["model"]["data"]["metrics"]
    base = {"run_id": run_id, "model_id": model}
    assert said == [
        {"key": "acc", "value": 0.5, "timestamp": 10, "step": 1, "dataset_name": "d", "dataset_digest": "dd"} | base,
        {"key": "acc", "value": 0.6, "timestamp": 11, "step": 2} | base,
        {"key": "loss", "value": "NaN", "timestamp": 12, "step": 0} | base,
        {"key": "loss", "value": "Infinity", "timestamp": 12, "step": 1} | base,
    ]


def test_a_message_holds_the_newest_points_of_a_long_series(store, ok):
    model = ok("POST", "logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    run_id = store.create_run("e")
    with store.database.write() as connection:
        key = store.keys.find(connection, ["acc"])["acc"]
        run = connection.scalar(sa.select(schema.runs.c.id).where(schema.runs.c.run_id == run_id))
        note_model_metrics(connection, run, (ModelPoint(model, key, i, i, float(i)) for i in range(POINTS + 50)))
    steps = [point["step"] for point in ok("GET", f"logged-models/{model}")["model"]["data"]["metrics"]]
    assert steps == list(range(50, POINTS + 50))


def count(connection: sa.Connection, work) -> int:
    """The statements that ``work(connection)`` sends."""
    sent = []
    heard = lambda *said: sent.append(said[2])  # noqa: E731
    sa.event.listen(connection, "before_cursor_execute", heard)
    work(connection)
    sa.event.remove(connection, "before_cursor_execute", heard)
    return len(sent)


def test_rows_take_as_many_queries_for_a_hundred_as_for_one(store, ok):
    run_ids, models = [], []
    for i in range(30):
        run_ids.append(store.create_run("e"))
        models.append(ok("POST", "logged-models", experiment_id="0", tags=[{"key": "k", "value": str(i)}]))
        ok("POST", "registered-models/create", name=f"m{i}", tags=[{"key": "k", "value": str(i)}])
        ok("POST", "model-versions/create", name=f"m{i}", source=f"s3://b/{i}", tags=[{"key": "k", "value": str(i)}])
        ok("POST", "registered-models/alias", name=f"m{i}", alias="a", version="1")
        ok("POST", "runs/log-inputs", run_id=run_ids[i], models=[{"model_id": f"m-{i}"}],
           datasets=[{"dataset": {"name": "d", "digest": str(i % 3)}}])  # fmt: skip
        ok("POST", "runs/outputs", run_id=run_ids[i], models=[{"model_id": f"m-{i}", "step": i}])
    with store.database.read() as connection:
        for maker, table in ((registered_rows, schema.models), (version_rows, schema.versions),
                             (model_rows, schema.logged_models), (input_rows, schema.runs)):  # fmt: skip
            numbers = list(connection.scalars(sa.select(table.c.id).order_by(table.c.id.desc())))
            assert len(numbers) == 30
            assert count(connection, lambda c, m=maker, n=numbers: m(c, n)) == count(
                connection, lambda c, m=maker, n=numbers: m(c, n[:1])
            )
            assert len(maker(connection, numbers)) == 30
            assert len(maker(connection, [])) == 0
        assert [each["name"] for each in registered_rows(connection, numbers)] == [f"m{i}" for i in reversed(range(30))]
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.datasets)) == 3
        linked = input_rows(connection, numbers)
    assert linked[numbers[0]] == {
        "inputs": {"dataset_inputs": [{"tags": [], "dataset": {"name": "d", "digest": "2", "source_type": "",
                                                               "source": ""}}],
                   "model_inputs": [{"model_id": "m-29"}]},
        "outputs": {"model_outputs": [{"model_id": "m-29", "step": 29}]},
    }  # fmt: skip


def test_eight_threads_are_given_different_numbers(store, ok):
    ok("POST", "registered-models/create", name="m")
    made, lock = [], threading.Lock()

    def work(i: int) -> None:
        for _ in range(5):
            if i % 2:
                number = ok("POST", "model-versions/create", name="m", source="s3://b/x")["model_version"]["version"]
            else:
                number = store.add_version("m", None, None, lambda number: f"models/m/{number}")
            with lock:
                made.append(int(number))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == list(range(1, 41))


def test_an_error_leaves_nothing_behind(store, ask):
    """A logged model whose second param is refused, and a version whose source is, do not half exist."""
    twice = [{"key": "k", "value": "1"}, {"key": "k", "value": "2"}]
    assert code(ask("POST", "logged-models", {"experiment_id": "0", "params": twice})) == BAD
    ask("POST", "registered-models/create", {"name": "m"})
    assert code(ask("POST", "model-versions/create", {"name": "m", "source": "/etc"})) == BAD
    with store.database.read() as connection:
        for table in (schema.logged_models, schema.logged_model_params, schema.versions):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        assert connection.scalar(sa.select(schema.models.c.numbered)) == 0


def test_files_of_a_logged_model_are_listed_by_level(store, ok):
    model = ok("POST", "logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    for name in ("MLmodel", "data/model.skops", "data/deep/x"):
        store.keep_all(store.model_place(model, name), [b"abc"])
    where = f"logged-models/{model}/artifacts/directories"
    found = ok("GET", where)
    assert found["root_uri"] == f"mlflow-artifacts:/0/models/{model}/artifacts"
    assert sorted((each["path"], each["is_dir"], each.get("file_size")) for each in found["files"]) == [
        ("MLmodel", False, 3), ("data", True, None)]  # fmt: skip
    below = ok("GET", where, artifact_directory_path="data")["files"]
    assert sorted(each["path"] for each in below) == ["data/deep", "data/model.skops"]
