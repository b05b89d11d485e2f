"""The same searches in MLflow's own store and in ours: whatever MLflow accepts finds the same, in the same order."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from search_rows import KEYS, NUMBERS, TEXTS, keep, random_runs
from tiers import quick_first

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
            session.connection().exec_driver_sql("DELETE FROM tags WHERE run_uuid = ?", (made,))
            session.query(SqlRun).filter_by(run_uuid=made).update({"run_uuid": run.run_id})
        tags = {"mlflow.runName": run.name, **run.tag}
        store.log_batch(run.run_id, [Metric(key, value, 7, 0) for key, value in run.metric.items()],
                        [Param(*pair) for pair in run.parameter.items()],
                        [RunTag(*pair) for pair in tags.items()])  # fmt: skip
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


@pytest.mark.parametrize("examples", quick_first([50, 150], 1))
def test_runs(theirs, ours, examples):
    @settings(max_examples=examples, phases=[Phase.generate], report_multiple_bugs=False)
    @given(joined(pair_clause(), metric_clause(), attribute_clause(), dataset_clause()), order())
    def agree(text, order_by):
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

    agree()


def find(store: Store, text: str, order_by: list[str]) -> list[str]:
    fields = Fields({"experiment_ids": ["1"], "filter": text, "order_by": order_by})
    return [run["info"]["run_id"] for run in json.loads(searching.runs(store, fields))["runs"]]


# --- experiments, the registry, logged models ------------------------------------------------------------

CHANCE = random.Random(62)
NAMES = ["alpha", "Beta", "beta 2", "50%", "a_b", "zeta"]
MARKS = {name: {key: CHANCE.choice(["x", "X", "xy", ""]) for key in ("team", "my tag") if CHANCE.random() < 0.6}
         for name in NAMES}  # fmt: skip
VERSIONS = [(name, number + 1, CHANCE.choice(["s3://a", "s3://b/c"]), CHANCE.choice([run.run_id for run in RUNS[:3]]))
            for name in NAMES[:4] for number in range(3)]  # fmt: skip


@pytest.fixture(scope="module")
def named_theirs(theirs, registry):
    from mlflow.entities import ExperimentTag
    from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag

    for name in NAMES:
        marks = MARKS[name].items()
        theirs.create_experiment(name, None, [ExperimentTag(*mark) for mark in marks])
        registry.create_registered_model(name, [RegisteredModelTag(*mark) for mark in marks])
    registry.create_registered_model("a prompt", [RegisteredModelTag("mlflow.prompt.is_prompt", "true")])
    for name, _, source, run_id in VERSIONS:
        registry.create_model_version(name, source, run_id, [ModelVersionTag(*mark) for mark in MARKS[name].items()])
    return theirs


@pytest.fixture(scope="module")
def named_ours(named_theirs, registry, ours):
    """The same rows, with the times that MLflow gave them: they are orders too."""
    with ours.database.write() as connection:
        put = lambda table, rows: connection.execute(table.insert(), rows) if rows else None  # noqa: E731
        for each in named_theirs.search_experiments(filter_string="name != 'experiment 1' AND name != 'Default'"):
            row = {"id": int(each.experiment_id), "name": each.name, "created": each.creation_time}
            put(schema.experiments, [row | {"updated": each.last_update_time}])
            put(schema.experiment_tags, [{"experiment": row["id"], "key": k, "value": v} for k, v in each.tags.items()])
        prompts = registry.search_registered_models("tags.`mlflow.prompt.is_prompt` = 'true'")
        for number, each in enumerate([*registry.search_registered_models(), *prompts], 1):
            times = {"created": each.creation_timestamp, "updated": each.last_updated_timestamp}
            put(schema.models, [{"id": number, "name": each.name, **times}])
            put(schema.model_tags, [{"model": number, "key": k, "value": v} for k, v in each._tags.items()])
            for version in registry.search_model_versions(f"name = '{each.name}'"):
                at = connection.execute(schema.versions.insert().returning(schema.versions.c.id), {
                    "model": number, "version": int(version.version), "status": "ready", "source": version.source,
                    "run_id": version.run_id, "created": version.creation_timestamp,
                    "updated": version.last_updated_timestamp}).scalar_one()  # fmt: skip
                put(schema.version_tags, [{"version": at, "key": k, "value": v} for k, v in version.tags.items()])
        put(schema.experiments, [])
    return ours


@st.composite
def named_clause(draw, attributes: dict[str, list[str]], numbers: tuple[str, ...] = (), lists: tuple[str, ...] = (),
                 nulls: bool = False) -> str:  # fmt: skip
    kind = draw(st.sampled_from(["text", "tag"] + ["number"] * bool(numbers)))
    prefix = draw(one_of("", "attribute."))
    if kind == "number":
        op, value = draw(st.sampled_from(NUMBER_OPS)), draw(one_of("0", "1", "2"))
        return f"{prefix}{draw(st.sampled_from(numbers))} {op} {value}"
    if kind == "tag":
        key = draw(one_of("tags.team", "tag.team", "tags.`my tag`", 'tag."my tag"', "tags.none"))
        op = draw(st.sampled_from(["=", "!=", "LIKE", "ILIKE", *(["IS NULL", "IS NOT NULL"] * nulls)]))
        return f"{key} {op}" if op.startswith("IS") else f"{key} {op} '{draw(one_of('x', 'X', 'xy', '', 'x%', '_'))}'"
    key = draw(st.sampled_from(sorted(attributes)))
    if key in lists and draw(st.booleans()):
        some = draw(st.lists(st.sampled_from(attributes[key]), min_size=1, max_size=3))
        return f"{prefix}{key} {draw(one_of('IN', 'NOT IN'))} ({', '.join(map(repr, some))})"
    ops = ["=", "!="] if key == "experiment_id" else ["=", "!=", "LIKE", "ILIKE"]
    return f"{prefix}{key} {draw(st.sampled_from(ops))} '{draw(st.sampled_from(attributes[key]))}'"


def ordering(*keys: str) -> st.SearchStrategy[list[str]]:
    field = st.tuples(st.sampled_from(keys), one_of("", " ASC", " DESC")).map("".join)
    return st.lists(field, max_size=2, unique_by=lambda text: text.split()[0])


names = {"name": [*NAMES, "A%", "b%", "_lpha"]}


@pytest.mark.parametrize("examples", quick_first([25, 60], 1))
def test_experiments(named_theirs, named_ours, examples):
    @settings(max_examples=examples, phases=[Phase.generate])
    @given(joined(named_clause(names | {"experiment_id": ["0", "1", "3"]}, ("creation_time", "last_update_time"),
                               ("experiment_id",), nulls=True)),
           ordering("name", "experiment_id", "creation_time", "attribute.last_update_time"))  # fmt: skip
    def agree(text, order_by):
        said = [each.name for each in named_theirs.search_experiments(filter_string=text, order_by=order_by)]
        rows = searching.experiments(named_ours, Fields({"filter": text, "order_by": order_by}))["experiments"]
        # The first two were made before, each store at its own time; the rest have MLflow's times in both.
        first = ("Default", "experiment 1")
        assert [row["name"] for row in rows if row["name"] not in first] == [name for name in said if name not in first]
        assert {row["name"] for row in rows} == set(said) or "time" in text

    agree()


@pytest.mark.parametrize("examples", quick_first([25, 60], 1))
def test_registered_models(named_theirs, registry, named_ours, examples):
    @settings(max_examples=examples, phases=[Phase.generate])
    @given(joined(named_clause(names, (), ("name",))), ordering("name", "timestamp"))
    def agree(text, order_by):
        said = [each.name for each in registry.search_registered_models(text, order_by=order_by)]
        rows = searching_models.registered(named_ours, Fields({"filter": text, "order_by": order_by}))
        assert [row["name"] for row in rows["registered_models"]] == said

    agree()


@pytest.mark.parametrize("examples", quick_first([25, 60], 1))
def test_model_versions(named_theirs, registry, named_ours, examples):
    @settings(max_examples=examples, phases=[Phase.generate])
    @given(joined(named_clause({**names, "run_id": [run.run_id for run in RUNS[:4]], "source_path": ["s3://a", "s3://%"]},
                               ("version_number",), ("name", "run_id"))),
           ordering("name", "version_number", "creation_timestamp", "last_updated_timestamp"))  # fmt: skip
    def agree(text, order_by):
        said = [(each.name, str(each.version)) for each in registry.search_model_versions(text, order_by=order_by)]
        rows = searching_models.versions(named_ours, Fields({"filter": text, "order_by": order_by}))
        assert [(row["name"], row["version"]) for row in rows["model_versions"]] == said

    agree()


PROMPT = "tags.`mlflow.prompt.is_prompt`"


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        (f"{PROMPT} = 'true'", True),
        (f"{PROMPT} != 'false'", True),
        (f"name LIKE 'a%' AND {PROMPT} = 'true'", True),
        (f"{PROMPT} = 'false'", False),
        (f"{PROMPT} != 'true'", False),
        ("name LIKE 'a%'", False),
    ],
)
def test_prompts_are_shown_to_those_who_ask_for_them(named_theirs, registry, named_ours, text, shows):
    said = [each.name for each in registry.search_registered_models(text)]
    rows = searching_models.registered(named_ours, Fields({"filter": text}))["registered_models"]
    assert [row["name"] for row in rows] == said
    assert ("a prompt" in said) is shows
