"""The registry as MLflow's published tests of it expect it, over the wire: models, versions, aliases, sources."""

# ruff: noqa: F811  fixtures

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
from mlflow_bench import send, wire  # noqa: F401

mlflow = pytest.importorskip("mlflow")
from mlflow.entities.model_registry import ModelVersion, RegisteredModel  # noqa: E402

pytestmark = [
    pytest.mark.xdist_group("mlflow"),
    pytest.mark.filterwarnings("ignore:.*is deprecated since 2.9.0:FutureWarning"),  # stages; their clients remain
]
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
def files(wire, name) -> str:
    """The id of a run, whose files may be the source of a version."""
    return wire.create_run(wire.create_experiment(name)).info.run_id


@pytest.fixture
def add(wire, name, files) -> Callable[..., ModelVersion]:
    """add() -> the next version of the model ``name``, of the run's files."""
    wire.create_registered_model(name)
    return lambda inner="model", **fields: wire.create_model_version(name, f"runs:/{files}/{inner}", files, **fields)


def refused(words: str, code: str = "INVALID_PARAMETER_VALUE"):
    return pytest.raises(mlflow.MlflowException, match=words, check=lambda error: error.error_code == code)


class Between:
    """The moments of a block, to hold a time stamp against."""

    def __enter__(self) -> Between:
        time.sleep(0.002)
        self.start = int(time.time() * 1000)
        return self

    def __exit__(self, *_: object) -> None:
        self.end = int(time.time() * 1000)

    def __contains__(self, stamp: int) -> bool:
        return self.start <= stamp <= self.end


# --- registered models ---------------------------------------------------------------------------


def test_a_model_is_made_read_and_found(wire, name):
    tags = {"key": "value", "another key": "some other value", "numeric value": 12345}
    with Between() as made:
        answered = wire.create_registered_model(name, tags)
    found = wire.get_registered_model(name)
    for model in (answered, found):
        assert isinstance(model, RegisteredModel) and model.name == name
        assert model.tags == {key: str(value) for key, value in tags.items()}
    assert str(found.description) == "" and found.latest_versions == [] and found.aliases == {}
    assert found.creation_timestamp in made and found.last_updated_timestamp in made
    assert [each.name for each in wire.search_registered_models(f"name = '{name}'")] == [name]
    assert wire.search_registered_models(filter_string="") == wire.search_registered_models()
    with refused(r"Registered Model .+ already exists", "RESOURCE_ALREADY_EXISTS"):
        wire.create_registered_model(name)


def test_a_model_is_renamed_described_and_deleted(wire, name):
    with Between() as first:
        wire.create_registered_model(name)
    with Between() as second:
        wire.rename_registered_model(name=name, new_name=f"{name} 2")
    with Between() as third:
        wire.update_registered_model(name=f"{name} 2", description="This is a test")
    found = wire.get_registered_model(f"{name} 2")
    assert found.description == "This is a test" and found.creation_timestamp in first
    assert found.last_updated_timestamp in third and found.last_updated_timestamp not in second
    wire.rename_registered_model(f"{name} 2", f"{name} 3")
    assert wire.get_registered_model(f"{name} 3").description == "This is a test"
    wire.delete_registered_model(f"{name} 3")
    gone = (name, f"{name} 2", f"{name} 3")
    for old in gone:
        for ask in (wire.get_registered_model, wire.delete_registered_model,
                    lambda old: wire.rename_registered_model(old, "else"),
                    lambda old: wire.update_registered_model(old, "else"),
                    lambda old: wire.set_registered_model_tag(old, "k", "v")):  # fmt: skip
            with refused(r"Registered Model with name=.+ not found", "RESOURCE_DOES_NOT_EXIST"):
                ask(old)
    assert not {each.name for each in wire.search_registered_models()} & set(gone)
    with Between() as again:
        wire.create_registered_model(f"{name} 3")
    assert wire.get_registered_model(f"{name} 3").creation_timestamp in again


def test_tags_of_a_model(wire, name):
    wire.create_registered_model(name)
    for key, value in {"key": "value", "numeric value": 12345, "empty": ""}.items():
        wire.set_registered_model_tag(name, key, value)
    assert wire.get_registered_model(name).tags == {"key": "value", "numeric value": "12345", "empty": ""}
    wire.delete_registered_model_tag(name, "key")
    wire.delete_registered_model_tag(name, "key")  # there is none, and that is fine
    assert wire.get_registered_model(name).tags == {"numeric value": "12345", "empty": ""}


@pytest.fixture(scope="module")
def shelf(bench) -> list[str]:
    """29 models whose names begin alike."""
    wire = mlflow.MlflowClient(bench.url, bench.url)
    key = f"Shelf{next(_numbers)}RM"
    return [wire.create_registered_model(f"{key}{i:03}").name for i in range(29)]


@pytest.mark.parametrize("size", [1, 8, 100])
@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("", lambda name: True),
        ("name LIKE '%7'", lambda name: name.endswith("7")),
        ("name ILIKE '%rm00%'", lambda name: "RM00" in name),
        ("name LIKE '%rm00%'", lambda name: False),
        ("name = 'badname'", lambda name: False),
        ("name = '@023'", lambda name: name.endswith("023")),
    ],
)
def test_pages_of_models(wire, shelf, size, condition, wanted):
    if size == 1 and not condition:
        size = 5
    text = f"name LIKE '{shelf[0][:-3]}%'" + (f" AND {condition}" if condition else "")
    said = {"filter_string": text.replace("@", shelf[0][:-3]), "max_results": size}
    page = wire.search_registered_models(**said)
    pages = [page]
    while page.token:
        page = wire.search_registered_models(**said, page_token=page.token)
        pages.append(page)
    assert [each.name for each in itertools.chain(*pages)] == [name for name in shelf if wanted(name)]
    assert all(len(each) == size for each in pages[:-1])
    backwards = wire.search_registered_models(**said, order_by=["name DESC"])
    assert [each.name for each in backwards] == [name for name in reversed(shelf) if wanted(name)][:size]


# --- versions ------------------------------------------------------------------------------------


def test_a_version_is_made_read_and_found(wire, name, files, add):
    tags = {"key": "value", "numeric value": 12345}
    first = add(tags=tags, description="about")
    assert isinstance(first, ModelVersion)
    assert (first.name, first.version, first.run_id, first.status) == (name, "1", files, "READY")
    read = wire.get_model_version(name, "1")
    assert read.tags == {"key": "value", "numeric value": "12345"} and read.description == "about"
    assert (read.current_stage, read.aliases, read.source) == ("None", [], f"runs:/{files}/model")
    assert [each.version for each in wire.get_registered_model(name).latest_versions] == ["1"]
    second = add("another_model")
    (model,) = wire.search_registered_models(f"name = '{name}'")
    assert [each.version for each in model.latest_versions] == [second.version] == ["2"]
    add("third")
    search = wire.search_model_versions
    assert {each.version for each in search(f"name = '{name}'")} == {"1", "2", "3"}
    assert [each.version for each in search(f"source_path = 'runs:/{files}/model'")] == ["1"]
    assert [each.version for each in search(f"run_id = '{files}'")] == ["3", "2", "1"]
    assert wire.get_model_version_download_uri(name, "1") == f"runs:/{files}/model"


@pytest.mark.parametrize("version", ["something not correct", "1.0", ""])
def test_a_version_is_a_whole_number(wire, name, add, version):
    add()
    words = (
        "Parameter 'version' must be an integer, got" if version else "Missing value for required parameter 'version'"
    )
    with refused(words):
        wire.get_model_version(name=name, version=version)


def test_what_changes_a_version_changes_the_time_of_its_model_or_not(wire, name, add):
    with Between() as made:
        add()
    model = wire.get_registered_model(name)
    assert wire.get_model_version(name, 1).creation_timestamp in made and model.last_updated_timestamp in made
    with Between() as moved:
        wire.transition_model_version_stage(name, 1, "Staging")
    assert wire.get_model_version(name, 1).last_updated_timestamp in moved
    assert wire.get_registered_model(name).last_updated_timestamp in moved
    with Between() as described:
        wire.update_model_version(name, 1, "This is a test model")
    version = wire.get_model_version(name, 1)
    assert version.description == "This is a test model" and version.creation_timestamp in made
    assert version.last_updated_timestamp in described
    model = wire.get_registered_model(name)
    assert model.last_updated_timestamp in moved, "a description is the version's own"
    assert model.creation_timestamp < made.end + 1
    with Between() as deleted:
        wire.delete_model_version(name, 1)
    assert wire.get_registered_model(name).last_updated_timestamp in deleted


def test_the_latest_version_of_each_stage(wire, name, add):
    stages = ["Archived", "Production", "Archived", "Production", "Staging", "Staging", "None"]
    for version, stage in enumerate(stages, 1):
        add()
        if stage != "None":
            assert wire.transition_model_version_stage(name, version, stage=stage).current_stage == stage
    every = {"Production": "4", "Staging": "6", "Archived": "3", "None": "7"}
    for asked, stages in (([], every), (None, every), (["None"], ["None"]), (["staging"], ["Staging"]),
                          (["None", "Staging"], ["None", "Staging"])):  # fmt: skip
        found = {each.current_stage: each.version for each in wire.get_latest_versions(name, asked)}
        assert found == {stage: every[stage] for stage in stages}
    with refused("Invalid Model Version stage"):
        wire.get_latest_versions(name, ["nowhere"])


def test_one_version_comes_to_a_stage_and_the_others_are_put_away(wire, name, add):
    for version in (1, 2, 3):
        add()
        wire.transition_model_version_stage(name, version, "Production")
    wire.transition_model_version_stage(name, 2, "Production", archive_existing_versions=True)
    found = {each.version: each.current_stage for each in wire.search_model_versions(f"name = '{name}'")}
    assert found == {"1": "Archived", "2": "Production", "3": "Archived"}
    for stage in ("None", "Archived"):
        with refused("is not an Active stage"):
            wire.transition_model_version_stage(name, 2, stage, archive_existing_versions=True)
    with refused("Invalid Model Version stage"):
        wire.transition_model_version_stage(name, 2, "nowhere")


def test_a_number_is_never_given_again(wire, name, add):
    for _ in range(3):
        add()
    wire.set_registered_model_alias(name, "gone", 1)
    wire.delete_model_version(name, "1")
    for ask in (wire.delete_model_version, wire.get_model_version, wire.get_model_version_download_uri,
                lambda name, version: wire.update_model_version(name, version, "x"),
                lambda name, version: wire.set_model_version_tag(name, version, "k", "v"),
                lambda name, version: wire.transition_model_version_stage(name, version, "Staging"),
                lambda name, version: wire.set_registered_model_alias(name, "new", version)):  # fmt: skip
        with refused(r"Model Version .+ not found", "RESOURCE_DOES_NOT_EXIST"):
            ask(name, 1)
    assert wire.get_registered_model(name).aliases == {}
    wire.delete_model_version(name, 3)
    assert add().version == "4"
    assert {each.version for each in wire.search_model_versions(f"name = '{name}'")} == {"2", "4"}
    with refused(r"Registered Model .+ not found", "RESOURCE_DOES_NOT_EXIST"):
        wire.create_model_version(f"{name}?", "s3://bucket/x")


def test_tags_of_a_version(wire, name, add):
    add()
    add()
    for key, value in {"key": "value", "numeric value": 12345, "empty": ""}.items():
        wire.set_model_version_tag(name, "1", key, value)
    assert wire.get_model_version(name, "1").tags == {"key": "value", "numeric value": "12345", "empty": ""}
    wire.delete_model_version_tag(name, "1", "key")
    assert wire.get_model_version(name, "1").tags == {"numeric value": "12345", "empty": ""}
    assert wire.get_model_version(name, "2").tags == {}
    assert [each.version for each in wire.search_model_versions(f"name = '{name}' AND tags.`empty` = ''")] == ["1"]


def test_an_alias_points_at_one_version(wire, name, add):
    add()
    add()
    assert wire.get_registered_model(name).aliases == {} and wire.get_model_version(name, "1").aliases == []
    for version in ("1", "2", "1"):
        wire.set_registered_model_alias(name, "test_alias", version)
        assert wire.get_registered_model(name).aliases == {"test_alias": version}
        for each in ("1", "2"):
            assert wire.get_model_version(name, each).aliases == (["test_alias"] if each == version else [])
        assert wire.get_model_version_by_alias(name, "test_alias") == wire.get_model_version(name, version)
    assert wire.get_model_version_by_alias(name, "latest").version == "2"
    wire.delete_registered_model_alias(name, "test_alias")
    wire.delete_registered_model_alias(name, "test_alias")
    assert wire.get_registered_model(name).aliases == {}
    with refused("alias test_alias not found"):
        wire.get_model_version_by_alias(name, "test_alias")
    for alias in ("latest", "v1", "a b"):
        with refused("."):
            wire.set_registered_model_alias(name, alias, "1")


def test_a_version_is_copied_with_what_is_said_of_it(wire, name, files, add):
    source = add(description="dummy", tags={"hello": "world"})
    wire.set_registered_model_alias(name, "test_alias", "1")
    for copied, number in ((name, "2"), (f"{name} copy", "1")):
        made = wire.copy_model_version(f"models:/{name}@test_alias", copied)
        read = wire.get_model_version(copied, number)
        assert (made.name, made.version) == (copied, number) and read.source == f"models:/{name}/1"
        assert (read.description, read.run_id, read.tags) == ("dummy", files, {"hello": "world"})
        assert wire.get_model_version_download_uri(copied, number) == source.source
    with pytest.raises(mlflow.MlflowException, match=r"not found"):
        wire.copy_model_version(f"models:/{name}/99", f"{name} none")


@pytest.fixture(scope="module")
def row(bench) -> tuple[str, list[tuple[str, str]]]:
    """(how their names begin, (name, version) of 39 versions of 29 models in the order in which they were made)."""
    wire = mlflow.MlflowClient(bench.url, bench.url)
    key, made = f"Row{next(_numbers)}RM", []
    names = [wire.create_registered_model(f"{key}{i:03}").name for i in range(29)]
    for name in names + names[:10]:
        time.sleep(0.002)
        made.append((name, wire.create_model_version(name, "s3://bucket/x").version))
    return key, made


def versions_of(wire: Any, row: Any, condition: str = "", **fields: Any) -> list[tuple[str, str]]:
    text = f"name LIKE '{row[0]}%'" + (f" AND {condition.replace('@', row[0])}" if condition else "")
    page = wire.search_model_versions(text, **fields)
    pages = [page]
    while page.token:
        page = wire.search_model_versions(text, page_token=page.token, **fields)
        pages.append(page)
    return [(each.name, each.version) for each in itertools.chain(*pages)]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("", lambda name: True),
        ("name LIKE '%2'", lambda name: name.endswith("2")),
        ("name ILIKE '%rm00%'", lambda name: "RM00" in name),
        ("name LIKE '%rm00%'", lambda name: False),
        ("name = 'badname'", lambda name: False),
        ("name = '@003'", lambda name: name.endswith("003")),
        ("version_number >= 1", lambda name: True),
    ],
)
def test_versions_are_found_newest_first(wire, row, condition, wanted):
    assert versions_of(wire, row, condition) == [each for each in reversed(row[1]) if wanted(each[0])]


@pytest.mark.parametrize("size", [7, 39, 100])
def test_pages_of_versions(wire, row, size):
    assert versions_of(wire, row, max_results=size) == row[1][::-1]


@pytest.mark.parametrize(
    ("order", "key"),
    [
        (["name DESC"], lambda each: ([-ord(letter) for letter in each[0]], -int(each[1]))),
        (["name ASC"], lambda each: (each[0], -int(each[1]))),
        (["version_number DESC"], lambda each: (-int(each[1]), each[0])),
        (["version_number ASC", "name DESC"], lambda each: (int(each[1]), [-ord(letter) for letter in each[0]])),
    ],
)
def test_versions_are_ordered(wire, row, order, key):
    assert versions_of(wire, row, order_by=order) == sorted(row[1], key=key)


# --- sources -------------------------------------------------------------------------------------

RELATIVE = "If supplying a source as an http, https,"
LOCAL = "To use a local path as a model version"
FOREIGN = "request parameter must identify the resource that contains the source"
ELSEWHERE = "'source' cannot use the '"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("@root", ""),
        ("@root/", ""),
        ("@root/model", ""),
        ("@root/models///", ""),
        ("@root/models/foo///bar", ""),
        ("@root/models/artifact/..../", ""),
        ("runs:/@run/model", ""),
        ("s3://my_bucket/models", ""),
        ("/tmp", LOCAL),
        ("file:///tmp", LOCAL),
        ("mlflow-artifacts:/models", FOREIGN),
        ("runs:/other/model", FOREIGN),
        ("@root/../../../", RELATIVE),
        ("@root/..%2f..%2fartifacts", RELATIVE),
        ("@root/artifact%00", RELATIVE),
        ("s3a://my_bucket/api/2.0/mlflow-artifacts/artifacts/../../../", RELATIVE),
        ("mlflow-artifacts://host:9000/models", ELSEWHERE),
        ("http://host:9000/models/../../../", ELSEWHERE),
        ("https://host/api/2.0/mlflow-artifacts/artifacts/../../../", ELSEWHERE),
        ("ftp://host:8888/api/2.0/mlflow-artifacts/artifacts/../../../", ELSEWHERE),
    ],
)
def test_sources_of_a_version(wire, bench, name, files, source, message):
    wire.create_registered_model(name)
    root = wire.get_run(files).info.artifact_uri
    said = source.replace("@root", root).replace("@run", files)
    status, body = send(bench, "model-versions/create", name=name, source=said, run_id=files)
    if not message:
        assert status == 200 and body["model_version"]["source"] == said
        return
    assert (status, body["error_code"]) == (400, "INVALID_PARAMETER_VALUE") and message in body["message"]
    assert wire.search_model_versions(f"name = '{name}'") == []


def test_the_files_of_a_run_need_its_name(wire, bench, name, files):
    wire.create_registered_model(name)
    for source in (f"runs:/{files}/model", wire.get_run(files).info.artifact_uri):
        for fields in ({}, {"run_id": "another"}):
            status, body = send(bench, "model-versions/create", name=name, source=source, **fields)
            assert status in (400, 404) and body["error_code"] != "INTERNAL_ERROR"
