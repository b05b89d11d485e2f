"""Logged models as MLflow's published tests of its tracking store expect them, over the wire."""

# ruff: noqa: F811  fixtures

from __future__ import annotations

import itertools
import time

import pytest
from mlflow_bench import asked, send, wire  # noqa: F401

mlflow = pytest.importorskip("mlflow")
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus, Metric  # noqa: E402

pytestmark = pytest.mark.xdist_group("mlflow")
_numbers = itertools.count(time.time_ns() // 1_000_000)


@pytest.fixture(scope="module")
def bench(shared_bench):
    """The server that all files of this kind ask."""
    return shared_bench


@pytest.fixture
def experiment(wire, request) -> str:
    return wire.create_experiment(f"{request.node.originalname} {next(_numbers)}")


def refused(words: str, code: str = "INVALID_PARAMETER_VALUE"):
    return pytest.raises(mlflow.MlflowException, match=words, check=lambda error: error.error_code == code)


def test_a_model_is_made_finished_and_deleted(wire, experiment):
    run = wire.create_run(experiment).info.run_id
    made = wire.create_logged_model(experiment, "name", run, {"tag1": "val1"}, {"param1": "val1"}, "model_type")
    read = wire.get_logged_model(made.model_id)
    for model in (made, read):
        assert (model.name, model.source_run_id, model.model_type) == ("name", run, "model_type")
        assert (model.tags, model.params, model.status) == ({"tag1": "val1"}, {"param1": "val1"},
                                                            LoggedModelStatus.PENDING)  # fmt: skip
        assert model.model_id.startswith("m-") and model.artifact_location.endswith(f"{model.model_id}/artifacts")
    for status in (LoggedModelStatus.READY, LoggedModelStatus.FAILED):
        wire.finalize_logged_model(made.model_id, status)
        after = wire.get_logged_model(made.model_id)
        assert after.status == status and after.last_updated_timestamp >= read.last_updated_timestamp
    unnamed = wire.create_logged_model(experiment)
    assert unnamed.name and unnamed.params == {} and unnamed.tags == {}
    wire.delete_logged_model(made.model_id)
    with refused("not found", "RESOURCE_DOES_NOT_EXIST"):
        wire.get_logged_model(made.model_id)
    assert [each.model_id for each in wire.search_logged_models([experiment])] == [unnamed.model_id]


@pytest.mark.parametrize("name", ["", "my/model", "my.model", "my:model", "my%model", 'my"model', "my'model"])
def test_a_model_is_not_called_so(wire, experiment, name):
    if name:
        with refused("Invalid model name|Invalid value|must be a non-empty string|name"):
            wire.create_logged_model(experiment, name)
    else:
        assert wire.create_logged_model(experiment, None).name


def test_tags_of_a_logged_model(wire, experiment):
    model = wire.create_logged_model(experiment, "m").model_id
    for tags, all_of_it in (({"tag1": "apple"}, {"tag1": "apple"}), ({"tag1": "orange"}, {"tag1": "orange"}),
                            ({"tag2": "x", "tag3": ""}, {"tag1": "orange", "tag2": "x", "tag3": ""})):  # fmt: skip
        wire.set_logged_model_tags(model, tags)
        assert wire.get_logged_model(model).tags == all_of_it
    wire.delete_logged_model_tag(model, "tag1")
    assert wire.get_logged_model(model).tags == {"tag2": "x", "tag3": ""}
    with refused("No tag with key 'tag1'|tag1", "RESOURCE_DOES_NOT_EXIST"):
        wire.delete_logged_model_tag(model, "tag1")


def test_params_of_a_logged_model_are_said_once(wire, experiment):
    model = wire.create_logged_model(experiment, "m", params={"a": "1", "empty": ""}).model_id
    wire.log_model_params(model, {"b": "2"})
    assert wire.get_logged_model(model).params == {"a": "1", "empty": "", "b": "2"}


def test_a_model_is_what_a_run_read_or_wrote(wire, experiment):
    read, wrote = (wire.create_logged_model(experiment, name).model_id for name in ("read", "wrote"))
    first, second = (wire.create_run(experiment, start_time=i).info.run_id for i in (1, 2))
    wire.log_outputs(first, [LoggedModelOutput(wrote, step=1)])
    wire.log_inputs(first, models=[LoggedModelInput(read)])
    assert wire.get_run(first).outputs.model_outputs == [LoggedModelOutput(wrote, 1)]
    assert wire.get_run(first).inputs.model_inputs == [LoggedModelInput(read)]
    plain, linked = wire.search_runs([experiment])
    assert [each.model_id for each in linked.outputs.model_outputs] == [wrote]
    assert plain.info.run_id == second and not plain.outputs.model_outputs


@pytest.fixture(scope="module")
def models(bench):
    """(experiment, {model_id: letter}) of four models, a to d, in the order in which they were made."""
    wire = mlflow.MlflowClient(bench.url, bench.url)
    experiment = wire.create_experiment(f"models {next(_numbers)}")
    run, found = wire.create_run(experiment).info.run_id, {}
    kinds = (("a", 0.1, {"kind": "x"}), ("b", 0.4, {"kind": "x"}), ("c", 0.3, {"kind": "y"}), ("d", None, {}))
    for i, (letter, value, tags) in enumerate(kinds):
        time.sleep(0.003)
        source, kind = (run if letter != "d" else None), ("t" if i % 2 else None)
        model = wire.create_logged_model(experiment, f"model_{letter}", source, tags, {"i": str(i)}, kind)
        if value is not None:
            wire.log_batch(run, [Metric("m", value, 1, 0, model.model_id, "data", "d1"),
                                 Metric("m", -value, 2, 0, model.model_id, "data", "d2")])  # fmt: skip
        if letter != "c":
            wire.finalize_logged_model(model.model_id, "READY")
        found[model.model_id] = letter
    return experiment, found


def letters(wire, models, **fields) -> str:
    return "".join(models[1][each.model_id] for each in wire.search_logged_models([models[0]], **fields))


@pytest.mark.parametrize(
    ("filter_string", "wanted"),
    [
        ("", "dcba"),
        ("name = 'model_a'", "a"),
        ("name != 'model_a'", "dcb"),
        ("name LIKE 'model%'", "dcba"),
        ("attributes.name IN ('model_a', 'model_c')", "ca"),
        ("tags.kind = 'x'", "ba"),
        ("tags.`kind` != 'x'", "c"),
        ("params.i = '2'", "c"),
        ("params.i = '2' AND tags.kind = 'x'", ""),
        ("creation_timestamp > 0", "dcba"),
        ("creation_timestamp < 0", ""),
        ("model_type = 't'", "db"),
        ("metrics.m > 0.2", "cb"),
        ("metrics.m > 0.2 AND name = 'model_b'", "b"),
        ("metrics.m < -0.2", "cb"),
    ],
)
def test_logged_models_are_found_newest_first(wire, models, filter_string, wanted):
    assert letters(wire, models, filter_string=filter_string) == wanted


def test_logged_models_are_found_by_what_was_measured_on_a_data_set(wire, models):
    first, second = (
        [{"dataset_name": "data", "dataset_digest": "d1"}],
        [{"dataset_name": "data", "dataset_digest": "d2"}],
    )
    assert letters(wire, models, filter_string="metrics.m > 0.2", datasets=first) == "cb"
    assert letters(wire, models, filter_string="metrics.m > 0.2", datasets=second) == ""
    assert letters(wire, models, filter_string="metrics.m < -0.2", datasets=second) == "cb"
    assert letters(wire, models, filter_string="metrics.m > 0.2", datasets=[{"dataset_name": "other"}]) == ""


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ([{"field_name": "creation_timestamp", "ascending": True}], "abcd"),
        ([{"field_name": "creation_timestamp", "ascending": False}], "dcba"),
        ([{"field_name": "name", "ascending": False}], "dcba"),
        ([{"field_name": "last_updated_timestamp"}, {"field_name": "name"}], None),
        ([{"field_name": "metrics.m", "ascending": True, "dataset_name": "data", "dataset_digest": "d1"}], "acbd"),
        ([{"field_name": "metrics.m", "ascending": False, "dataset_name": "data", "dataset_digest": "d1"}], "bcad"),
        ([{"field_name": "metrics.m", "ascending": True, "dataset_name": "data", "dataset_digest": "d2"}], "bcad"),
        ([{"field_name": "metrics.m", "ascending": True, "dataset_name": "data", "dataset_digest": "no"}], "dcba"),
    ],
)
def test_logged_models_are_ordered(wire, models, order, wanted):
    said = letters(wire, models, order_by=order)
    assert said == wanted if wanted else sorted(said) == list("abcd")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_pages_of_logged_models(wire, models, size):
    page = wire.search_logged_models([models[0]], max_results=size)
    pages = [page]
    while page.token:
        page = wire.search_logged_models([models[0]], max_results=size, page_token=page.token)
        pages.append(page)
    assert "".join(models[1][each.model_id] for each in itertools.chain(*pages)) == "dcba"
    assert len(pages) == -(-4 // size)
    if len(pages) > 1:
        with refused("Experiment IDs in the page token do not match the requested experiment IDs"):
            wire.search_logged_models([models[0], "0"], max_results=size, page_token=pages[0].token)


@pytest.mark.parametrize(
    "fields",
    [
        {"filter_string": "attributes.unknown = 'x'"},
        {"filter_string": "metrics.m = 'x'"},
        {"filter_string": "name = 5"},
        {"order_by": [{"field_name": "unknown"}]},
        {"max_results": 0},
    ],
)
def test_a_search_of_logged_models_that_means_nothing(wire, models, fields):
    with refused("."):
        wire.search_logged_models([models[0]], **fields)
