"""The same searches in MLflow's own store and in ours: whatever MLflow accepts finds the same, in the same order."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from search_rows import KEYS, NUMBERS, SETS, TEXTS, keep, random_runs

from castalia.track import Store, schema
from castalia.track.protocol import searching, searching_models
from castalia.track.protocol.wire import Fields, ProtocolError

pytest.importorskip("mlflow")
pytestmark = pytest.mark.xdist_group("mlflow")

RUNS = random_runs(61, 30)
STATUS = {"running": "RUNNING", "queued": "SCHEDULED", "done": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """MLflow's store with ``RUNS``, experiments, and a registry."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    folder = tmp_path_factory.mktemp("theirs")
    store = SqlAlchemyStore(f"sqlite:///{folder}/mlflow.db", folder.as_uri())
    fill_runs(store)
    return store


@pytest.fixture(scope="module")
def registry(theirs):
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    return SqlAlchemyStore(theirs.db_uri)


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("ours")) as opened:
        keep(opened, RUNS)
        yield opened


def fill_runs(store: Any) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunStatus, RunTag
    from mlflow.store.tracking.dbmodels.models import SqlRun

    experiment = store.create_experiment("experiment 1")
    assert experiment == "1"
    for run in RUNS:
        made = store.create_run(experiment, run.user_id, run.start_time, [], run.name).info.run_id
        with store.ManagedSessionMaker(read_only=False) as session:  # ids must be alike: they break ties
            for name in ("tags",):
                session.connection().exec_driver_sql(f"DELETE FROM {name} WHERE run_uuid = ?", (made,))
            session.query(SqlRun).filter_by(run_uuid=made).update({"run_uuid": run.run_id})
        store.log_batch(run.run_id, [Metric(key, value, 7, 0) for key, value in run.metric.items()],
                        [Param(key, value) for key, value in run.parameter.items()],
                        [RunTag("mlflow.runName", run.name), *(RunTag(key, value) for key, value in run.tag.items())])  # fmt: skip
        store.log_inputs(run.run_id, [
            DatasetInput(Dataset(name, digest, "local", "x"),
                         [] if context is None else [InputTag("mlflow.data.context", context)])
            for name, digest, context in run.datasets])  # fmt: skip
        store.update_run_info(run.run_id, RunStatus.from_string(STATUS[run.status]), run.end_time, None)


def test_the_two_stores_hold_the_same(theirs, ours):
    said = {run.info.run_id: run for run in theirs.search_runs(["1"], None, 1, 1000, None)}
    rows = json.loads(searching.runs(ours, Fields({"experiment_ids": ["1"]})))["runs"]
    assert [row["info"]["run_id"] for row in rows] == list(said)
    for row in rows:
        run = said[row["info"]["run_id"]]
        assert {tag["key"]: tag["value"] for tag in row["data"]["tags"]} == run.data.tags
        assert {param["key"]: param["value"] for param in row["data"]["params"]} == run.data.params
        assert {metric["key"] for metric in row["data"]["metrics"]} == set(run.data.metrics)
        assert row["info"]["status"] == run.info.status
        inputs = [
            (each["dataset"]["name"], each["dataset"]["digest"]) for each in row["inputs"].get("dataset_inputs", [])
        ]
        assert sorted(inputs) == sorted((each.dataset.name, each.dataset.digest) for each in run.inputs.dataset_inputs)


# --- runs --------------------------------------------------------------------------------------------

quotes = st.sampled_from(["`{}`", '"{}"', "{}"])
strings = st.sampled_from([text for text in TEXTS if not text.endswith("\\") and text.isascii()])
likes = st.text("aAbcxX%_*[]?1.", max_size=5)
numerals = st.sampled_from(
    [str(number) for number in NUMBERS if number < 1e16] + ["1", "-1", "2000", "1e300", ".5", "1.", "1e-3", "5000"]
)
space = st.sampled_from(["", " ", "  ", "\n", "\t"])
STRING_OPS = ["=", "!=", "LIKE", "ILIKE", "like", "iLike"]
NUMBER_OPS = ["=", "!=", "<", "<=", ">", ">="]


def one_of(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


@st.composite
def text_value(draw, op: str) -> str:
    value = draw(likes if "LIKE" in op.upper() else strings)
    return f'"{value}"' if "'" in value or ('"' not in value and draw(st.booleans())) else f"'{value}'"


@st.composite
def pair_clause(draw) -> str:
    entity, key = draw(
        st.sampled_from([("parameter", key) for key in KEYS["parameter"]] + [("tag", key) for key in KEYS["tag"]])
    )
    word = draw(
        one_of("params", "param", "parameter", "parameters") if entity == "parameter" else one_of("tag", "tags")
    )
    name = f"{word}.{quoted(draw, key)}"
    op = draw(st.sampled_from([*STRING_OPS, "IS NULL", "is not null"]))
    return f"{name} {op}" if op.upper().startswith("IS ") else f"{name} {op} {draw(text_value(op))}"


def quoted(draw: Any, key: str) -> str:
    return draw(quotes if key.replace(".", "").isalnum() else one_of("`{}`", '"{}"')).format(key)


@st.composite
def metric_clause(draw) -> str:
    key = quoted(draw, draw(st.sampled_from([*KEYS["metric"], "none"])))
    before, after = draw(space), draw(space)
    return (
        f"{draw(one_of('metric', 'metrics'))}.{key}{before}{draw(st.sampled_from(NUMBER_OPS))}{after}{draw(numerals)}"
    )


@st.composite
def attribute_clause(draw) -> str:
    key = draw(one_of("run_id", "run_name", "`run name`", "`Run Name`", "status", "user_id", "start_time", "end_time",
                      "created", "Created"))  # fmt: skip
    entity = draw(one_of("", "attribute.", "attributes.", "attr.", "run."))
    if key in ("start_time", "end_time", "created", "Created"):
        return f"{entity}{key} {draw(st.sampled_from(NUMBER_OPS))} {draw(numerals)}"
    values = {"run_id": [run.run_id for run in RUNS[:5]], "status": [*STATUS.values(), "finished", "FIN%", "%ING"],
              "user_id": ["me", "you", "m_"]}.get(key, ["alpha", "beta", "run 3", "ALPHA", "run%"])  # fmt: skip
    if key == "run_id" and draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        return f"{entity}run_id {draw(one_of('IN', 'NOT IN', 'in'))} ({', '.join(map(repr, some))})"
    return f"{entity}{key} {draw(st.sampled_from(STRING_OPS))} '{draw(st.sampled_from(values))}'"


@st.composite
def dataset_clause(draw) -> str:
    key = draw(one_of("name", "digest", "context"))
    word = draw(one_of("dataset", "datasets"))
    values = ["iris", "mnist", "IRIS", "d1", "d2", "train", "test", "t%"]
    if draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        return f"{word}.{key} {draw(one_of('IN', 'NOT IN'))} ({', '.join(map(repr, some))})"
    return f"{word}.{key} {draw(st.sampled_from(STRING_OPS))} '{draw(st.sampled_from(values))}'"


def joined(*kinds: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One to four clauses; now and then an AND too many, which MLflow reads over."""
    joints = st.sampled_from([" AND ", " and ", "\nAND\t", " AND AND "])
    parts = st.lists(st.tuples(st.one_of(*kinds), joints), min_size=1, max_size=4)
    return parts.map(lambda some: "".join(joint + clause for clause, joint in some)).map(str.strip)


@st.composite
def order(draw) -> list[str]:
    fields = [f"metrics.`{key}`" for key in KEYS["metric"]] + [f"params.`{key}`" for key in KEYS["parameter"]]
    fields += ["tags.stage", "start_time", "attributes.end_time", "status", "run_id", "attributes.run_name", "Created"]
    some = draw(st.lists(st.sampled_from(fields), max_size=3))
    return [f"{field}{draw(one_of('', ' ASC', ' DESC', ' desc'))}" for field in some]


@settings(max_examples=80, phases=[Phase.generate], report_multiple_bugs=False)
@given(joined(pair_clause(), metric_clause(), attribute_clause(), dataset_clause()), order())
def test_runs(theirs, ours, text, order_by):
    from mlflow.exceptions import MlflowException

    try:
        said = [run.info.run_id for run in theirs.search_runs(["1"], text, 1, 1000, order_by)]
    except MlflowException as error:
        if "contains duplicate fields" in error.message:
            with pytest.raises(ProtocolError, match="contains duplicate fields"):
                find(ours, text, order_by)
            return
        raise
    assert find(ours, text, order_by) == said, (text, order_by)


def find(store: Store, text: str, order_by: list[str]) -> list[str]:
    fields = Fields({"experiment_ids": ["1"], "filter": text, "order_by": order_by})
    return [run["info"]["run_id"] for run in json.loads(searching.runs(store, fields))["runs"]]
