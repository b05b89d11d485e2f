"""Experiments and runs as MLflow's published tests of its tracking server expect them, over the wire."""

# ruff: noqa: F811  fixtures

from __future__ import annotations

import itertools
import json
import math
import time
from typing import Any

import pytest
from mlflow_bench import asked, send, wire  # noqa: F401

from castalia.track.protocol.wire import STATUS, error_body

mlflow = pytest.importorskip("mlflow")
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType  # noqa: E402

pytestmark = pytest.mark.xdist_group("mlflow")
EVERY, GONE, THERE = ViewType.ALL, ViewType.DELETED_ONLY, ViewType.ACTIVE_ONLY
_numbers = itertools.count(time.time_ns() // 1_000_000)


@pytest.fixture(scope="module")
def bench(shared_bench):
    """The server that all files of this kind ask."""
    return shared_bench


@pytest.fixture
def name(request) -> str:
    """A word that no other test says."""
    return f"{request.node.originalname} {next(_numbers)}"


@pytest.fixture
def experiment(wire, name) -> str:
    return wire.create_experiment(name)


@pytest.fixture
def run(wire, experiment) -> str:
    return wire.create_run(experiment).info.run_id


def refused(words: str, code: str = "INVALID_PARAMETER_VALUE"):
    return pytest.raises(mlflow.MlflowException, match=words, check=lambda error: error.error_code == code)


@pytest.mark.parametrize("code", STATUS)
def test_an_error_has_the_class_and_the_state_that_the_package_gives_it(code):
    theirs = mlflow.MlflowException("why", error_code=mlflow.protos.databricks_pb2.ErrorCode.Value(code))
    assert json.loads(theirs.serialize_as_json()) == error_body(code, "why")
    assert theirs.get_http_status_code() == STATUS[code]


# --- experiments ------------------------------------------------------------------------------------


def test_an_experiment_is_seen_by_the_view_that_it_belongs_to(wire, name):
    made = wire.create_experiment(name, tags={"key1": "val1", "key2": "val2"})
    found = wire.get_experiment(made)
    assert (found.name, found.tags) == (name, {"key1": "val1", "key2": "val2"})
    assert found.creation_time == found.last_update_time and found.lifecycle_stage == "active"
    assert wire.get_experiment_by_name(name).experiment_id == made
    assert wire.get_experiment_by_name(f"{name}?") is None
    said = {"filter_string": f"name = '{name}'"}
    views = {THERE: [[made], []], GONE: [[], [made]], EVERY: [[made], [made]]}
    for deleted in (False, True, False):
        for view, ids in views.items():
            assert [each.experiment_id for each in wire.search_experiments(view, **said)] == ids[deleted]
        before = wire.get_experiment(made).last_update_time
        time.sleep(0.002)
        (wire.restore_experiment if deleted else wire.delete_experiment)(made)
        found = wire.get_experiment(made)
        assert found.lifecycle_stage == ("active" if deleted else "deleted") and found.last_update_time > before
        assert wire.get_experiment_by_name(name).experiment_id == made
    with refused(r"Experiment\(name=.+\) already exists", "RESOURCE_ALREADY_EXISTS"):
        wire.create_experiment(name)  # it lies in the trash


def test_a_name_is_changed_and_the_time_of_it_kept(wire, experiment, name):
    before = wire.get_experiment(experiment)
    time.sleep(0.002)
    wire.rename_experiment(experiment, f"{name} new")
    after = wire.get_experiment(experiment)
    assert after.name == f"{name} new" and after.last_update_time > before.last_update_time
    assert after.creation_time == before.creation_time
    with refused("'name' exceeds the maximum length"):
        wire.rename_experiment(experiment, "x" * 501)
    with refused("No Experiment with id=.+ exists", "RESOURCE_DOES_NOT_EXIST"):
        wire.rename_experiment("987654321", "x")


def test_tags_of_an_experiment_are_its_own(wire, experiment, name):
    other = wire.create_experiment(f"{name} other")
    for value in ("imagenet1K", "birdbike", "", "many\nlines\nof it"):
        wire.set_experiment_tag(experiment, "multi word", value)
        assert wire.get_experiment(experiment).tags == {"multi word": value}
    assert wire.get_experiment(other).tags == {}
    wire.delete_experiment_tag(experiment, "multi word")
    assert wire.get_experiment(experiment).tags == {}
    wire.delete_experiment(experiment)
    with refused("must be in the 'active' state"):
        wire.set_experiment_tag(experiment, "a", "b")


@pytest.fixture(scope="module")
def few(bench, wire_of):
    """Four experiments of one tag, in the order in which they were made."""
    key = f"few{next(_numbers)}"
    ids = {}
    for name, tags in (
        ("a", {"key": "value", "both": "x"}),
        ("ab", {"key": "vaLue"}),
        ("Abc", {}),
        ("z", {"both": ""}),
    ):
        time.sleep(0.002)
        ids[name] = wire_of.create_experiment(f"{key}/{name}", tags={**tags, key: "1"})
    return key, ids


@pytest.fixture(scope="module")
def wire_of(bench):
    return mlflow.MlflowClient(bench.url, bench.url)


def found(wire, few, filter_string="", **fields) -> list[str]:
    key, _ = few
    text = f"tags.{key} = '1'" + (f" AND {filter_string}" if filter_string else "")
    return [each.name.removeprefix(f"{key}/") for each in wire.search_experiments(filter_string=text, **fields)]


@pytest.mark.parametrize(
    ("filter_string", "names"),
    [
        ("", ["z", "Abc", "ab", "a"]),
        ("attribute.name = '@a'", ["a"]),
        ("attribute.`name` != '@a'", ["z", "Abc", "ab"]),
        ("attribute.name != '@a'", ["z", "Abc", "ab"]),
        ("name LIKE '@a%'", ["ab", "a"]),
        ("name ILIKE '@a%'", ["Abc", "ab", "a"]),
        ("name ILIKE '@a%' AND name ILIKE '%b'", ["ab"]),
        ("tag.key = 'value'", ["a"]),
        ("tags.`key` = 'value'", ["a"]),
        ("tag.\"key\" = 'value'", ["a"]),
        ("tag.key != 'value'", ["ab"]),
        ("tag.key != 'VALUE'", ["ab", "a"]),
        ("tag.key LIKE 'val%'", ["a"]),
        ("tag.key LIKE '%Lue'", ["ab"]),
        ("tag.key ILIKE '%alu%'", ["ab", "a"]),
        ("tag.key LIKE 'va%' AND tag.both = 'x'", ["a"]),
        ("tag.KEY = 'value'", []),
        ("tag.both IS NOT NULL", ["z", "a"]),
        ("tag.both IS NULL", ["Abc", "ab"]),
        ("tag.key IS NOT NULL AND tag.both IS NULL", ["ab"]),
        ("creation_time > 0 AND last_update_time > 0", ["z", "Abc", "ab", "a"]),
        ("creation_time < 0", []),
    ],
)
def test_experiments_are_found(wire, few, filter_string, names):
    text = filter_string.replace("@", f"{few[0]}/")
    assert found(wire, few, text) == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (["name"], ["Abc", "a", "ab", "z"]),
        (["name ASC"], ["Abc", "a", "ab", "z"]),
        (["name DESC"], ["z", "ab", "a", "Abc"]),
        (["experiment_id DESC"], ["z", "Abc", "ab", "a"]),
        (["creation_time"], ["a", "ab", "Abc", "z"]),
        (["attribute.creation_time DESC"], ["z", "Abc", "ab", "a"]),
        (["last_update_time ASC", "name"], ["a", "ab", "Abc", "z"]),
    ],
)
def test_experiments_are_ordered(wire, few, order, names):
    assert found(wire, few, order_by=order) == names


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_pages_of_experiments_end_where_the_last_is_full(wire, few, size):
    key, _ = few
    said: dict[str, Any] = {"filter_string": f"tags.{key} = '1'", "max_results": size}
    page = wire.search_experiments(**said)
    pages = [page]
    while page.token:
        page = wire.search_experiments(**said, page_token=page.token)
        pages.append(page)
    assert [len(each) for each in pages] == [size] * (4 // size) + ([4 % size] if 4 % size else [])
    names = [each.name for each in itertools.chain(*pages)]
    assert names == [f"{key}/{name}" for name in ("z", "Abc", "ab", "a")] and page.token is None


def test_the_commands_of_mlflow_work_against_us(bench, wire, name, monkeypatch):
    from click.testing import CliRunner
    from mlflow.experiments import commands

    monkeypatch.setenv("MLFLOW_TRACKING_URI", bench.url)

    def command(*arguments: str) -> None:
        result = CliRunner(env={"MLFLOW_TRACKING_URI": bench.url}).invoke(commands, arguments)
        assert result.exit_code == 0, result.output

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(bench.url)
    try:
        command("create", "--experiment-name", name)
        made = wire.get_experiment_by_name(name).experiment_id
        command("rename", "--experiment-id", made, "--new-name", f"{name} new")
        assert wire.get_experiment(made).name == f"{name} new"
        command("delete", "-x", made)
        assert wire.get_experiment(made).lifecycle_stage == "deleted"
        command("restore", "-x", made)
        assert wire.get_experiment(made).lifecycle_stage == "active"
    finally:
        mlflow.set_tracking_uri(before)


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_is_what_it_was_made_with(wire, experiment):
    tags = {"mlflow.user": "username", "mlflow.source.type": "LOCAL", "mlflow.source.name": "Hello",
            "mlflow.project.entryPoint": "entry", "mlflow.source.git.commit": "abc", "mlflow.parentRunId": "7",
            "my": "tag", "other": "tag"}  # fmt: skip
    made = wire.create_run(experiment, start_time=456, run_name="my name", tags=tags)
    for run in (made, wire.get_run(made.info.run_id)):
        info = run.info
        assert (info.user_id, info.start_time, info.run_name) == ("username", 456, "my name")
        assert (info.experiment_id, info.status, info.end_time) == (experiment, "RUNNING", None)
        assert info.artifact_uri.startswith(wire.get_experiment(experiment).artifact_location)
        assert run.data.tags == tags | {"mlflow.runName": "my name"} and run.inputs.dataset_inputs == []
        assert [each.info for each in wire.search_runs([experiment])] == [info]
    plain = wire.create_run(experiment).info
    assert wire.get_run(plain.run_id).info.user_id == "unknown" and plain.run_name.count("-") == 2


def test_every_status_ends_a_run_and_a_name_changes_nothing_else(wire, experiment):
    for status in ("SCHEDULED", "FINISHED", "FAILED", "KILLED", "RUNNING"):
        run = wire.create_run(experiment).info.run_id
        wire.update_run(run, status, f"is {status}")
        assert (wire.get_run(run).info.status, wire.get_run(run).info.run_name) == (status, f"is {status}")
    for asked_for, status in ((None, "FINISHED"), ("FAILED", "FAILED"), ("KILLED", "KILLED")):
        run = wire.create_run(experiment).info.run_id
        wire.set_terminated(run, asked_for)
        ended = wire.get_run(run).info
        assert ended.status == status and ended.start_time <= ended.end_time <= time.time() * 1000 + 1
        wire.update_run(run, name="another")
        after = wire.get_run(run).info
        assert (after.run_name, after.status, after.end_time) == ("another", status, ended.end_time)


def test_the_name_of_a_run_is_a_tag_as_well(wire, run):
    def both() -> tuple[str, str | None]:
        found = wire.get_run(run)
        return found.info.run_name, found.data.tags.get("mlflow.runName")

    wire.update_run(run, name="first")
    assert both() == ("first", "first")
    wire.update_run(run, name="")
    assert both() == ("first", "first")
    wire.set_tag(run, "mlflow.runName", "second")
    assert both() == ("second", "second")
    wire.log_batch(run, tags=[RunTag("mlflow.runName", "third")])
    assert both() == ("third", "third")
    wire.delete_tag(run, "mlflow.runName")
    assert both()[0] == "third"
    wire.update_run(run, name="fourth")
    assert both() == ("fourth", "fourth")


def test_what_is_logged_is_read(wire, run):
    wire.log_metric(run, key="metric", value=123.456, timestamp=789, step=2)
    for key, value in (("nan", math.nan), ("inf", math.inf), ("-inf", -math.inf)):
        wire.log_metric(run, key=key, value=value)
    wire.log_metric(run, key="stepless", value=987.654, timestamp=321)
    wire.log_param(run, "param", "value")
    wire.log_param(run, "empty", "")
    wire.set_tag(run, "taggity", "do-dah")
    wire.set_tag(run, "empty", "")
    data = wire.get_run(run).data
    assert data.metrics["metric"] == 123.456 and math.isnan(data.metrics["nan"])
    assert data.metrics["inf"] >= 1.7976931348623157e308 and data.metrics["-inf"] <= -1.7976931348623157e308
    assert data.params == {"param": "value", "empty": ""}
    assert {key: data.tags[key] for key in ("taggity", "empty")} == {"taggity": "do-dah", "empty": ""}
    points = [(each.key, each.value, each.timestamp, each.step) for each in wire.get_metric_history(run, "metric")]
    assert points == [("metric", 123.456, 789, 2)]
    assert [(each.timestamp, each.step) for each in wire.get_metric_history(run, "stepless")] == [(321, 0)]
    assert wire.get_metric_history(run, "a_test_accuracy") == []


def test_the_last_value_is_that_of_the_greatest_step_then_time_then_value(wire, run):
    points = [(0, 100, 1000), (3, 40, 100), (3, 50, 10), (3, 50, 20), (3, 50, 20), (-3, 900, 900), (-1, 800, 800)]
    for step, timestamp, value in reversed(points):
        wire.log_metric(run, "m", value, timestamp, step)
    assert {(each.step, each.timestamp, each.value) for each in wire.get_metric_history(run, "m")} == set(points)
    (last,) = wire.get_run(run).data._metric_objs
    assert (last.step, last.timestamp, last.value) == (3, 50, 20)


def test_a_batch_is_taken_again_and_its_tags_replaced(wire, run):
    metrics = [Metric(f"m{i}", i, 12345, 2 * i) for i in range(150)]
    said = {"params": [Param("a", "0"), Param("b", "")], "tags": [RunTag("t", "old"), RunTag("t", "new")]}
    for more in ([], [Metric(f"m{i}", i + 150, 2, 1000) for i in range(150)]):
        wire.log_batch(run, metrics=metrics + more, **said)
    wire.log_batch(run, params=[Param("a", "0"), Param("c", "2")])
    wire.log_batch(run)
    data = wire.get_run(run).data
    assert data.params == {"a": "0", "b": "", "c": "2"} and data.tags["t"] == "new"
    assert data.metrics == {f"m{i}": i + 150 for i in range(150)}
    history = wire.get_metric_history(run, "m7")
    assert sorted((each.step, each.timestamp, each.value) for each in history) == [(14, 12345, 7), (1000, 2, 157)]
    with refused("Changing param values is not allowed"):
        wire.log_batch(run, [Metric("lost", 1, 1, 0)], [Param("a", "9")], [RunTag("lost", "1")])
    with refused("Duplicate parameter keys have been submitted"):
        wire.log_batch(run, [Metric("lost", 1, 1, 0)], [Param("d", "1"), Param("d", "2")])
    after = wire.get_run(run).data
    assert "lost" not in after.metrics and "lost" not in after.tags and "d" not in after.params


def test_pages_of_a_history(wire, bench, run):
    for i in range(10):
        wire.log_metric(run, "m", i, 1000 + i, i)
    steps, token, sizes = [], "", []
    while token is not None:
        fields = {"run_id": run, "metric_key": "m", "max_results": 4} | ({"page_token": token} if token else {})
        page = asked(bench, "metrics/get-history", **fields)[1]
        steps += [each["step"] for each in page["metrics"]]
        sizes.append(len(page["metrics"]))
        token = page.get("next_page_token") or None
    assert (sizes, steps) == ([4, 4, 2], list(range(10)))
    status, said = asked(bench, "metrics/get-history", run_id=run, metric_key="m", page_token="invalid_token")
    assert (status, said["error_code"]) == (400, "INVALID_PARAMETER_VALUE") and "Invalid page token" in said["message"]


def test_a_deleted_run_is_read_and_takes_nothing(wire, run):
    wire.restore_run(run)  # that it is there already is fine
    wire.delete_run(run)
    wire.delete_run(run)
    assert wire.get_run(run).info.lifecycle_stage == "deleted"
    writes = (lambda: wire.log_param(run, "p", "v"), lambda: wire.log_metric(run, "m", 1.0),
              lambda: wire.set_tag(run, "t", "v"), lambda: wire.delete_tag(run, "t"),
              lambda: wire.log_batch(run, params=[Param("p", "v")]))  # fmt: skip
    for write in writes:
        with refused(f"The run {run} must be in the 'active' state"):
            write()
    wire.restore_run(run)
    wire.restore_run(run)
    wire.log_param(run, "p", "later")
    assert wire.get_run(run).data.params == {"p": "later"}


def test_tags_that_are_not_there(wire, run):
    wire.set_tag(run, "taggity", "do-dah")
    wire.delete_tag(run, "taggity")
    assert "taggity" not in wire.get_run(run).data.tags
    with refused(r"Run .+ not found", "RESOURCE_DOES_NOT_EXIST"):
        wire.delete_tag("fake_run_id", "taggity")
    with refused("No tag with name: fakeTag", "RESOURCE_DOES_NOT_EXIST"):
        wire.delete_tag(run, "fakeTag")


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("experiments/create", {"name": 123}, "Invalid value 123 for parameter 'name'"),
        ("experiments/create", {}, "Missing value for required parameter 'name'"),
        (
            "experiments/create",
            {"name": "n", "artifact_location": 9.0},
            "Invalid value 9.0 for parameter 'artifact_loc",
        ),
        ("experiments/create", {"name": "n", "tags": "5"}, "Invalid value \"5\" for parameter 'tags'"),
        ("runs/log-metric", {"run_id": 31}, "Invalid value 31 for parameter 'run_id' supplied"),
        ("runs/log-metric", {"key": 31}, "Invalid value 31 for parameter 'key' supplied"),
        ("runs/log-metric", {"step": "foo"}, "Invalid value \"foo\" for parameter 'step' supplied"),
        ("runs/log-metric", {"timestamp": "foo"}, "Invalid value \"foo\" for parameter 'timestamp' supplied"),
        ("runs/log-metric", {"run_id": None}, "Missing value for required parameter 'run_id'"),
        ("runs/log-metric", {"key": None}, "Missing value for required parameter 'key'"),
        ("runs/log-metric", {"value": None}, "Missing value for required parameter 'value'"),
        ("runs/log-metric", {"timestamp": None}, "Missing value for required parameter 'timestamp'"),
        ("runs/log-parameter", {"run_id": 31}, "Invalid value 31 for parameter 'run_id' supplied"),
        ("runs/log-parameter", {"key": 31}, "Invalid value 31 for parameter 'key' supplied"),
        ("runs/set-tag", {"run_id": 31}, "Invalid value 31 for parameter 'run_id' supplied"),
        ("runs/set-tag", {"value": 41}, "Invalid value 41 for parameter 'value' supplied"),
        ("runs/set-tag", {"key": None, "value": "v"}, "Missing value for required parameter 'key'"),
        ("runs/log-batch", {"metrics": "foo"}, "Invalid value \"foo\" for parameter 'metrics' supplied"),
        ("runs/log-batch", {"params": "foo"}, "Invalid value \"foo\" for parameter 'params' supplied"),
        ("runs/log-batch", {"tags": "foo"}, "Invalid value \"foo\" for parameter 'tags' supplied"),
        ("runs/log-inputs", {"run_id": None, "datasets": []}, "Missing value for required parameter 'run_id'"),
        ("runs/search", {"experiment_ids": ["0"], "max_results": 0}, "Invalid value 0 for parameter 'max_results'"),
        ("experiments/search", {"max_results": 1_000_000}, "It must be at most 50000"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(bench, run, path, fields, message):
    whole = {}
    if path.startswith("runs/") and path != "runs/search":
        whole["run_id"] = run
    if path in ("runs/log-metric", "runs/log-parameter", "runs/set-tag"):
        whole |= {"key": "k", "value": 41 if path == "runs/log-metric" else "v"}
    if path == "runs/log-metric":
        whole |= {"timestamp": 59, "step": 26}
    status, said = send(bench, path, **(whole | fields))
    assert (status, said["error_code"]) == (400, "INVALID_PARAMETER_VALUE") and message in said["message"]


def test_a_point_without_a_step_and_an_older_name_of_the_run(bench, run):
    said = {"metrics": [{"key": "mae", "value": 2.5, "timestamp": 123456789}]}
    assert send(bench, "runs/log-batch", run_id=run, **said) == (200, {})
    assert send(bench, "runs/set-tag", run_uuid=run, key="key", value="value") == (200, {})
    assert send(bench, "runs/set-tag", run_id=run, key="key", value="new", nobody_knows={"x": [1]}) == (200, {})


# --- searching runs ------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(10, 4), (8, 4), (5, 9)])
def test_pages_of_runs_that_began_at_once_are_in_the_order_of_their_ids(wire, experiment, count, size):
    runs = sorted(wire.create_run(experiment, start_time=10).info.run_id for _ in range(count))
    page = wire.search_runs([experiment], max_results=size)
    listed = [page]
    while page.token:
        page = wire.search_runs([experiment], max_results=size, page_token=page.token)
        listed.append(page)
    assert [each.info.run_id for each in itertools.chain(*listed)] == runs
    assert len(listed) == math.ceil(count / size)
    with refused("Invalid value 123456789 for parameter 'max_results' supplied"):
        wire.search_runs([experiment], max_results=123456789)


def test_views_of_runs(wire, experiment):
    runs = [wire.create_run(experiment, start_time=i).info.run_id for i in (1, 2, 3)]
    wire.delete_run(runs[0])
    for view, ids in ((EVERY, runs[::-1]), (THERE, runs[:0:-1]), (GONE, runs[:1])):
        assert [each.info.run_id for each in wire.search_runs([experiment], run_view_type=view)] == ids
    wire.delete_experiment(experiment)
    assert len(wire.search_runs([experiment], run_view_type=GONE)) == 3
    wire.restore_experiment(experiment)
    assert {each.info.run_id for each in wire.search_runs([experiment])} >= set(runs[1:])


def test_runs_are_ordered_by_what_they_measured(wire, experiment):
    values = [None, math.nan, math.inf, -math.inf, -1000.0, 0.0, 0.0, 1000.0]
    for i, value in enumerate(values, 1):
        run = wire.create_run(experiment, start_time=123, run_name=str(i), tags={"metric": str(i)}).info.run_id
        if value is not None:
            wire.log_metric(run, "x", value, 1, 0)
            wire.log_metric(run, "y", float(i), 1, 0)
        wire.log_param(run, "metric", str(i))

    def order(*by: str) -> str:
        return "".join(each.info.run_name for each in wire.search_runs([experiment], order_by=list(by)))

    assert order("metrics.x asc", "metrics.y asc") == order("metrics.x asc", "tag.metric asc") == "45678321"
    assert order("metrics.x asc", "metrics.y desc") == order("metrics.x asc", "tag.metric desc") == "45768321"
    assert order("metrics.x desc", "metrics.y asc") == "38675421"
    assert order("metrics.x desc", "param.metric desc") == "38765421"
    assert len(order("tag.nowhere")) == len(values)


def test_runs_are_ordered_by_their_times(wire, bench, experiment):
    for start, end in enumerate([234, None, 456, -123, 789, 123], 123):
        run = wire.create_run(experiment, start_time=start, run_name=str(end)).info.run_id
        fields = {"run_id": run, "status": "FINISHED"} | ({} if end is None else {"end_time": end})
        assert send(bench, "runs/update", **fields)[0] == 200

    def order(*by: str) -> list[str]:
        return [each.info.run_name for each in wire.search_runs([experiment], order_by=list(by))]

    assert order("attribute.end_time asc") == ["-123", "123", "234", "456", "789", "None"]
    assert order("attribute.end_time desc") == ["789", "456", "234", "123", "-123", "None"]
    assert order("attributes.Created ASC", "end_time desc") == ["234", "None", "456", "-123", "789", "123"]


@pytest.fixture(scope="module")
def two(wire_of):
    """Two runs of an experiment of their own, the second one failed."""
    experiment = wire_of.create_experiment(f"two {next(_numbers)}")
    first, second = (wire_of.create_run(experiment, start_time=i, run_name=f"run_name{i}").info.run_id for i in (1, 2))
    for run, kind, own in ((first, "some value", "abc"), (second, "another value", "ABC")):
        wire_of.log_batch(run, params=[Param("common", "v"), Param("kind", kind), Param(f"p_{own.lower()}_{own}", own)],
                          tags=[RunTag("common", "v"), RunTag("kind", kind)])  # fmt: skip
        wire_of.log_metric(run, "common", 1.0, 1, 0)
    wire_of.log_metric(first, "a", 1.0, 1, 0)
    for value, timestamp in ((200.0, 2), (400.0, 8), (800.0, 3)):
        wire_of.log_metric(second, "a", value, timestamp, 0)
    train, test = ([InputTag("mlflow.data.context", word)] for word in ("train", "test"))
    sets = [Dataset(f"name{i}", f"digest{i}", "t", "s") for i in range(2)]
    wire_of.log_inputs(first, [DatasetInput(sets[0], train), DatasetInput(sets[1], [InputTag("other", "x")])])
    wire_of.log_inputs(second, [DatasetInput(sets[0], train), DatasetInput(sets[1], test)])
    wire_of.set_terminated(second, "FAILED", 300)
    return experiment, {first: "1", second: "2"}


@pytest.mark.parametrize(
    ("filter_string", "runs"),
    [
        ("", "21"),
        ("params.common = 'v' and metrics.common = 1.0", "21"),
        ("params.kind = 'some value'", "1"),
        ("params.kind != 'some value'", "2"),
        ("params.common != 'v'", ""),
        ("param.p_abc_abc = 'abc'", "1"),
        ("parameters.p_abc_abc = 'ABC'", ""),
        ("params.kind LIKE '%other%'", "2"),
        ("params.kind LIKE 'other%'", ""),
        ("params.kind LIKE '%other'", ""),
        ("params.kind LIKE '%Other%'", ""),
        ("params.kind ILIKE '%Other%'", "2"),
        ("tags.kind ILIKE '%Other%' and tags.common = 'v'", "2"),
        ("tag.kind LIKE '%Other%'", ""),
        ("tags.kind != 'wrong'", "21"),
        ("tags.nowhere IS NULL", "21"),
        ("params.nowhere IS NOT NULL", ""),
        ("metrics.common >= 1 AND metric.common <= 1", "21"),
        ("metrics.common != 1.0", ""),
        ("metrics.a > 0.0", "21"),
        ("metrics.a < 50.0", "1"),
        ("metrics.a > 500", ""),
        ("metrics.a = 400.0", "2"),
        ("metrics.`a` != -12", "21"),
        ("attribute.status = 'FAILED'", "2"),
        ("attributes.status != 'SCHEDULED'", "21"),
        ("status = 'KILLED'", ""),
        ("attributes.run_name = 'run_name1'", "1"),
        ("attributes.`Run name` = 'run_name1'", "1"),
        ("attributes.`run name` = 'run_name2'", "2"),
        ("attributes.`Run Name` = 'run_name2'", "2"),
        ("tags.`mlflow.runName` = 'run_name2'", "2"),
        ("run_id = '@1'", "1"),
        ("attributes.run_id != '@1'", "2"),
        ("attributes.run_id IN ('@1',  '@2')", "21"),
        ("attributes.run_id NOT IN ('@1')", "2"),
        ("run_name = 'run_name1' AND run_id IN ('@1')", "1"),
        ("attributes.start_time > 0", "21"),
        ("attributes.created > 1", "2"),
        ("attributes.Created > 2", ""),
        ("end_time = 300", "2"),
        ("attr.artifact_uri LIKE '%@1%'", "1"),
        ("attr.artifact_uri = 'random_artifact_path'", ""),
        ("user_id = 'unknown'", "21"),
        ("dataset.name = 'name1'", "21"),
        ("datasets.digest IN ('digest0')", "21"),
        ("dataset.context = 'test' and dataset.name = 'name1'", "2"),
        ("params.kind = 'some value' AND dataset.name = 'name0' AND dataset.context = 'train'", "1"),
        ("datasets.context IN ('test', 'train')", "21"),
        ("datasets.name LIKE 'Name%'", ""),
        ("datasets.name ILIKE 'Name%'", "21"),
    ],
)
def test_runs_are_found(wire, two, filter_string, runs):
    experiment, names = two
    for run, number in names.items():
        filter_string = filter_string.replace(f"@{number}", run)
    assert "".join(names[each.info.run_id] for each in wire.search_runs([experiment], filter_string)) == runs


@pytest.mark.parametrize(
    ("filter_string", "message"),
    [
        ("attribute.lifecycle_stage = 'ACTIVE'", r"Invalid attribute key '.+' specified"),
        ("metrics.a = 'x'", "metric"),
        ("params.a > 1 OR", "."),
        ("nothing.a = 'x'", "."),
        ("metrics.a LIKE 'x'", "."),
        ("attributes.start_time = 'soon'", "."),
        ("a = b = c", "."),
        ("params.`a = 'x'", "."),
    ],
)
def test_a_filter_that_means_nothing_is_refused(wire, two, filter_string, message):
    with refused(message):
        wire.search_runs([two[0]], filter_string)


def test_the_data_sets_of_an_experiment(wire, bench, two):
    found = send(bench, "experiments/search-datasets", prefix="/ajax-api", experiment_ids=[two[0]])[1]
    said = {(each["name"], each["digest"], each.get("context")) for each in found["dataset_summaries"]}
    expected = {("name0", "digest0", "train"), ("name1", "digest1", "test"), ("name1", "digest1", None)}
    assert said == expected and {each["experiment_id"] for each in found["dataset_summaries"]} == {two[0]}
    for ids, message in (([], "must specify at least one experiment_id"), (None, "must specify at least one"),
                         ([f"id_{i}" for i in range(1000)], "cannot specify more than 20")):  # fmt: skip
        fields = {} if ids is None else {"experiment_ids": ids}
        status, body = send(bench, "experiments/search-datasets", prefix="/ajax-api", **fields)
        assert (status, body["error_code"]) == (400, "INVALID_PARAMETER_VALUE") and message in body["message"]


# --- inputs --------------------------------------------------------------------------------------


def test_a_data_set_is_said_once_and_its_tags_stay(wire, experiment, run):
    first = DatasetInput(Dataset("name", "d", "st", "source", "schema", "profile"),
                         [InputTag("key1", "v1"), InputTag("key2", "v2")])  # fmt: skip
    wire.log_inputs(run, [first, first])
    for i in range(2):
        again = Dataset("name", "d", f"st{i}", f"source{i}", f"schema{i}", f"profile{i}")
        wire.log_inputs(run, [DatasetInput(again, [InputTag(f"key{i}", f"value{i}")])])
    others = [DatasetInput(Dataset(name, digest, "st", "s"), [InputTag("k", name)])
              for name, digest in (("other", "d"), ("name", "e"))]  # fmt: skip
    for other in others:
        wire.log_inputs(run, [other])
    used = wire.get_run(run).inputs.dataset_inputs
    assert sorted((each.dataset.name, each.dataset.digest) for each in used) == [
        ("name", "d"), ("name", "e"), ("other", "d")]  # fmt: skip
    (kept,) = [each for each in used if (each.dataset.name, each.dataset.digest) == ("name", "d")]
    assert (kept.dataset.source, kept.dataset.schema, kept.dataset.profile) == ("source", "schema", "profile")
    assert [(tag.key, tag.value) for tag in kept.tags] == [("key1", "v1"), ("key2", "v2")]
    elsewhere = wire.create_run(experiment).info.run_id
    wire.log_inputs(elsewhere, [DatasetInput(first.dataset, [InputTag("own", "1")])])
    (other,) = wire.get_run(elsewhere).inputs.dataset_inputs
    assert [(tag.key, tag.value) for tag in other.tags] == [("own", "1")] and other.dataset == first.dataset


@pytest.mark.parametrize(
    ("field", "limit"),
    [("key", 255), ("value", 500), ("name", 500), ("digest", 36), ("source", 65535), ("schema", 1048575)],
)
def test_a_data_set_has_limits(wire, run, field, limit):
    said = {"name": "n", "digest": f"{field} d", "source_type": "t", "source": "s", "key": "k", "value": "v"}
    for size in (limit, limit + 1):
        fields = said | {field: "a" * size}
        tag = InputTag(fields.pop("key"), fields.pop("value"))
        each = [DatasetInput(Dataset(**fields), [tag])]
        if size > limit:
            with refused(f"'{field}' exceeds the maximum length of {limit}"):
                wire.log_inputs(run, each)
        else:
            wire.log_inputs(run, each)
    assert len(wire.get_run(run).inputs.dataset_inputs) == 1


@pytest.mark.slow
def test_a_profile_of_sixteen_megabytes(wire, run):
    wire.log_inputs(run, [DatasetInput(Dataset("n", "d", "t", "s", profile="a" * 16777215), [])])
    assert len(wire.get_run(run).inputs.dataset_inputs[0].dataset.profile) == 16777215
    with refused("'profile' exceeds the maximum length of 16777215"):
        wire.log_inputs(run, [DatasetInput(Dataset("n", "e", "t", "s", profile="a" * 16777216), [])])


# --- many histories at once ----------------------------------------------------------------------

FOUR = [(1, 2, 10.0), (1, 3, 11.0), (1, 3, 12.0), (2, 3, 12.0)]
BACK = [(7, -2, -100.0), (8, 0, 0.0), (8, 0, 1.0), (9, 1, 12.0)]


def test_histories_of_many_runs_are_in_the_order_of_run_time_and_step(wire, bench, experiment):
    runs = [wire.create_run(experiment).info.run_id for _ in range(3)]
    for key, points in (("A", FOUR), ("B", BACK)):
        for more, run in enumerate(runs[:2]):
            for timestamp, step, value in reversed(points):
                wire.log_metric(run, key, value + more, timestamp, step)

    def bulk(some: list[str], key: str, **more: Any) -> list[dict[str, Any]]:
        status, found = asked(
            bench, "metrics/get-history-bulk", prefix="/ajax-api", run_id=some, metric_key=key, **more
        )
        assert status == 200, found
        return found["metrics"]

    def said(some: list[str], key: str) -> list[dict[str, Any]]:
        points = FOUR if key == "A" else BACK
        return [{"key": key, "timestamp": timestamp, "step": step, "value": value + runs.index(run), "run_id": run}
                for run in sorted(some) for timestamp, step, value in points]  # fmt: skip

    assert bulk(runs[:1], "A") == said(runs[:1], "A")
    assert bulk(runs[1::-1], "A") == said(runs[:2], "A")
    assert bulk(runs, "B") == said(runs[:2], "B")
    assert bulk(runs, "A", max_results=6) == said(runs[:2], "A")[:6]
    assert bulk(runs[2:], "A") == bulk(runs, "C") == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metric_key": "key"}, "GetMetricHistoryBulk request must specify at least one run_id"),
        ({"run_id": [], "metric_key": "key"}, "GetMetricHistoryBulk request must specify at least one run_id"),
        (
            {"run_id": [f"id_{i}" for i in range(101)], "metric_key": "k"},
            "request cannot specify more than 100 run_ids",
        ),
        ({"run_id": ["123"]}, "GetMetricHistoryBulk request must specify a metric_key"),
    ],
)
def test_histories_of_many_runs_that_cannot_be(bench, fields, message):
    status, said = asked(bench, "metrics/get-history-bulk", prefix="/ajax-api", **fields)
    assert (status, said["error_code"]) == (400, "INVALID_PARAMETER_VALUE") and message in said["message"]


def test_a_sample_of_a_history_has_its_ends_and_its_bounds(wire, bench, run):
    wire.log_batch(run, [Metric("m", float(i), 1000 + i, i) for i in range(100)])
    wire.log_batch(run, [Metric("one step", float(i), 1000 + i, 0) for i in range(500)])

    def sample(key: str, **fields: Any) -> list[float]:
        path = "metrics/get-history-bulk-interval"
        status, found = asked(bench, path, prefix="/ajax-api", run_ids=[run], metric_key=key, **fields)
        assert status == 200 and all(each["run_id"] == run for each in found.get("metrics", []))
        return [each["value"] for each in found.get("metrics", [])]

    some = sample("m", max_results=10)
    assert 10 <= len(some) <= 12 and some[0] == 0 and some[-1] == 99 and some == sorted(some)
    assert sample("m", start_step=20, end_step=30, max_results=320) == list(map(float, range(20, 31)))
    assert sample("m") == list(map(float, range(100))) and sample("nowhere") == []
    bounded = sample("one step", max_results=50)
    assert len(bounded) == 50 and (bounded[0], bounded[-1]) == (0.0, 499.0)
