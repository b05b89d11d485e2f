"""Searching logged models, and the data sets of experiments; every search over HTTP."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from search_rows import keep, random_runs

from castalia.track import Store, schema
from castalia.track.protocol import searching, searching_models
from castalia.track.protocol.routes import routes
from castalia.track.protocol.wire import Fields, ProtocolError

# name, type, status, created, params, tags, metrics of (key, value, time, data set, digest)
MODELS = [
    ("ranker", "agent", "ready", 1, {"depth": "3"}, {"team": "a"},
     [("acc", 0.9, 1, "iris", "d1"), ("acc", 0.2, 2, "mnist", "d3")]),
    ("ranker", None, "pending", 2, {"depth": "10"}, {}, [("acc", 0.5, 1, "", ""), ("acc", 0.7, 2, "", "")]),
    ("tagger", None, "ready", 3, {}, {"team": "b"}, [("acc", float("nan"), 1, "iris", "d2")]),
    ("splitter", None, "failed", 3, {}, {}, []),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("models")) as opened:
        keep(opened, random_runs(3, 20))
        with opened.database.write() as connection:
            put = lambda table, rows: connection.execute(table.insert(), rows) if rows else None  # noqa: E731
            connection.execute(schema.metric_keys.insert(), {"id": 77, "name": "acc"})
            for number, (name, kind, status, created, params, tags, metrics) in enumerate(MODELS, 1):
                put(schema.logged_models, [{"id": number, "model_id": f"m-{number}", "experiment": 1, "name": name,
                                            "model_type": kind, "status": status, "artifact_uri": "x", "source_run": 1,
                                            "created": created, "updated": created}])  # fmt: skip
                put(schema.logged_model_params, [{"model": number, "key": k, "value": v} for k, v in params.items()])
                put(schema.logged_model_tags, [{"model": number, "key": k, "value": v} for k, v in tags.items()])
                put(schema.logged_model_metrics, [
                    {"model": number, "key": 77, "step": 0, "time": time, "value": value, "run": 1,
                     "dataset_name": data, "dataset_digest": digest}
                    for _, value, time, data, digest in metrics])  # fmt: skip
        yield opened


def found(store, **fields) -> list[str]:
    answer = searching_models.logged(store, Fields({"experiment_ids": ["1"], **fields}))
    return [model["info"]["model_id"] for model in answer["models"]]


IRIS, MNIST = {"dataset_name": "iris"}, {"dataset_name": "mnist"}


@pytest.mark.parametrize(
    ("fields", "models"),
    [
        ({}, ["m-3", "m-4", "m-2", "m-1"]),
        ({"filter": "name = 'ranker'"}, ["m-2", "m-1"]),
        ({"filter": "attributes.status = 'READY' AND tags.team IN ('a', 'b')"}, ["m-3", "m-1"]),
        ({"filter": "metrics.acc > 0.6"}, ["m-2", "m-1"]),
        ({"filter": "metrics.acc > 0.6", "datasets": [IRIS]}, ["m-1"]),
        ({"filter": "metrics.acc > 0.6", "datasets": [MNIST]}, []),
        ({"datasets": [IRIS]}, ["m-3", "m-1"]),
        ({"datasets": [IRIS | {"dataset_digest": "d1"}, MNIST]}, ["m-1"]),
        ({"filter": "params.depth > 5"}, ["m-2"]),
        ({"filter": "creation_time <= 2 AND model_type IS NULL"}, ["m-2"]),
        ({"filter": "creation_timestamp < 2 OR last_updated_timestamp > 2 AND name != 'tagger'"}, ["m-4", "m-1"]),
        ({"order_by": [{"field_name": "metrics.acc"}]}, ["m-1", "m-2", "m-3", "m-4"]),
        ({"order_by": [{"field_name": "metrics.acc", "ascending": False}]}, ["m-2", "m-1", "m-3", "m-4"]),
        ({"order_by": [{"field_name": "metrics.acc", "ascending": False, **IRIS}]}, ["m-1", "m-3", "m-4", "m-2"]),
        ({"order_by": [{"field_name": "name"}, {"field_name": "creation_time"}]}, ["m-1", "m-2", "m-4", "m-3"]),
        ({"order_by": [{"field_name": "model_id", "ascending": False}]}, ["m-4", "m-3", "m-2", "m-1"]),
    ],
)
def test_logged_models_are_found(store, fields, models):
    assert found(store, **fields) == models


def test_the_pages_of_logged_models_belong_to_one_search(store):
    asked = {"experiment_ids": ["1"], "max_results": 3, "order_by": [{"field_name": "name"}]}
    first = searching_models.logged(store, Fields(asked))
    token = first["next_page_token"]
    rest = searching_models.logged(store, Fields({**asked, "page_token": token}))
    assert [model["info"]["model_id"] for model in (*first["models"], *rest["models"])] == ["m-2", "m-1", "m-4", "m-3"]
    for change, word in (({"filter": "name != 'x'"}, "Filter string"), ({"order_by": []}, "Order by"),
                         ({"experiment_ids": ["1", "2"]}, "Experiment IDs")):  # fmt: skip
        with pytest.raises(ProtocolError, match=f"{word} in the page token"):
            searching_models.logged(store, Fields({**asked, **change, "page_token": token}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"experiment_ids": []}, "Missing value for required parameter 'experiment_ids'"),
        ({"datasets": [{}]}, "`dataset_name` in the `datasets` clause must be specified."),
        ({"order_by": [{}]}, "`field_name` in the `order_by` clause must be specified."),
        ({"order_by": [{"field_name": "foo"}]}, "Invalid order by field name: foo"),
        ({"order_by": [{"field_name": "params.x"}]}, "Only metrics are supported."),
        (
            {"order_by": [{"field_name": "metrics.x", "dataset_digest": "d"}]},
            "`dataset_digest` can only be specified if",
        ),
        ({"filter": "dataset.name = 'x'"}, "Invalid entity type 'dataset'"),
        ({"max_results": 0}, "Invalid value 0 for parameter 'max_results' supplied"),
    ],
)
def test_a_wrong_search_of_logged_models_is_refused(store, fields, message):
    with pytest.raises(ProtocolError) as caught:
        found(store, **fields)
    assert caught.value.status == 400 and message in caught.value.message


def test_the_data_sets_of_experiments(store):
    summaries = searching.datasets(store, Fields({"experiment_ids": ["1"]}))["dataset_summaries"]
    used = {(*each[:2], each[2]) for run in random_runs(3, 20) for each in run.datasets}
    assert {(each["name"], each["digest"], each.get("context")) for each in summaries} == used
    assert len(summaries) == len(used) and {each["experiment_id"] for each in summaries} == {"1"}
    for wrong, message in (([], "at least one experiment_id"), (["1"] * 21, "more than 20 experiment_ids")):
        with pytest.raises(ProtocolError, match=message):
            searching.datasets(store, Fields({"experiment_ids": wrong}))


@pytest.mark.parametrize(
    ("method", "path", "body", "key"),
    [
        ("POST", "runs/search", {"experiment_ids": ["1"], "filter": "metrics.loss > 0"}, "runs"),
        ("POST", "experiments/search", {"max_results": 5}, "experiments"),
        (
            "GET",
            "experiments/search?max_results=5&view_type=ALL&order_by=name&order_by=creation_time",
            None,
            "experiments",
        ),
        ("GET", "registered-models/search?max_results=5&filter=name+LIKE+'%25'", None, "registered_models"),
        ("GET", "model-versions/search?order_by=name+DESC", None, "model_versions"),
        ("POST", "logged-models/search", {"experiment_ids": ["1"]}, "models"),
        ("POST", "experiments/search-datasets", {"experiment_ids": ["1"]}, "dataset_summaries"),
    ],
)
@pytest.mark.parametrize("prefix", ["/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/"])
def test_every_search_answers_over_http(store, method, path, body, key, prefix):
    app = FastAPI(routes=routes(store))
    with TestClient(app) as client:
        answer = client.request(method, prefix + path, json=body)
        assert answer.status_code == 200, answer.text
        assert isinstance(answer.json()[key], list)
        if "runs" in answer.json():
            assert {"info", "data", "inputs", "outputs"} == set(answer.json()["runs"][0])
