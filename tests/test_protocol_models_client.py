"""The registry, logged models and data sets by the real mlflow client against a real server of ours."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from as_admin import application
from mlflow_bench import DATABASES, database_of

from castalia.core.errors import WrongInput
from castalia.core.settings import Settings
from castalia.track import Store
from castalia.track.protocol.routes import routes

mlflow = pytest.importorskip("mlflow")
pytestmark = [
    pytest.mark.xdist_group("mlflow"),
    pytest.mark.filterwarnings("ignore:.*is deprecated since 2.9.0:FutureWarning"),  # stages; their clients remain
]


@pytest.fixture(scope="module", params=DATABASES)
def settings_of_store(request, tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"), store=database_of(request))


@pytest.fixture(scope="module")
def store(settings_of_store):
    with Store.of(settings_of_store) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(store):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(application(routes(store)), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def client(address, monkeypatch):
    """A client of ours, and the fluent functions with it."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # a 500 shows at once
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    yield mlflow.MlflowClient(address, address)
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def refused(code: str):
    return pytest.raises(mlflow.MlflowException, match=r".", check=lambda error: error.error_code == code)


def test_a_tour_of_the_registry(client):
    made = client.create_registered_model("tour", tags={"team": "a"}, description="first")
    assert (made.name, made.tags, made.description) == ("tour", {"team": "a"}, "first")
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model("tour")
    for source in ("s3://bucket/one", "s3://bucket/two"):
        version = client.create_model_version("tour", source, tags={"from": source}, description="d")
    assert (version.version, version.source, version.tags) == ("2", "s3://bucket/two", {"from": "s3://bucket/two"})
    assert (version.status, version.current_stage, version.description) == ("READY", "None", "d")
    client.update_model_version("tour", "2", "better")
    client.set_model_version_tag("tour", "2", "checked", "yes")
    client.delete_model_version_tag("tour", "2", "from")
    got = client.get_model_version("tour", "2")
    assert (got.description, got.tags) == ("better", {"checked": "yes"})
    client.transition_model_version_stage("tour", "1", "Production")
    client.transition_model_version_stage("tour", "2", "Production", archive_existing_versions=True)
    assert {v.version: v.current_stage for v in client.get_latest_versions("tour")} == {
        "1": "Archived",
        "2": "Production",
    }
    client.set_registered_model_alias("tour", "champion", "2")
    assert client.get_model_version_by_alias("tour", "champion").aliases == ["champion"]
    assert client.get_model_version_by_alias("tour", "latest").version == "2"
    client.set_registered_model_tag("tour", "more", "x")
    client.delete_registered_model_tag("tour", "team")
    client.update_registered_model("tour", "second")
    client.rename_registered_model("tour", "tour two")
    moved = client.get_registered_model("tour two")
    assert (moved.tags, moved.aliases, moved.description) == ({"more": "x"}, {"champion": "2"}, "second")
    assert client.get_model_version_download_uri("tour two", "1") == "s3://bucket/one"
    copied = client.copy_model_version("models:/tour two/1", "copy")
    assert (copied.source, copied.version) == ("models:/tour two/1", "1")
    assert client.get_model_version_download_uri("copy", "1") == "s3://bucket/one"
    client.delete_registered_model_alias("tour two", "champion")
    client.delete_model_version("tour two", "2")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version("tour two", "2")
    client.delete_registered_model("tour two")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model("tour two")


def test_logged_models_data_sets_and_outputs(client):
    from mlflow.entities import (
        Dataset,
        DatasetInput,
        InputTag,
        LoggedModelInput,
        LoggedModelOutput,
        LoggedModelStatus,
    )

    experiment = client.create_experiment("logged")
    run_id = client.create_run(experiment).info.run_id
    params = {f"p{i}": str(i) for i in range(250)}  # the client sends them in portions of 100
    model = client.create_logged_model(experiment, "m", source_run_id=run_id, tags={"t": "u"}, params=params)
    assert model.status == LoggedModelStatus.PENDING
    client.log_model_params(model.model_id, {"late": "1"})
    client.set_logged_model_tags(model.model_id, {"t": "w", "x": "y"})
    client.delete_logged_model_tag(model.model_id, "x")
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    got = client.get_logged_model(model.model_id)
    assert (got.params, got.tags, got.status) == (params | {"late": "1"}, {"t": "w"}, LoggedModelStatus.READY)
    assert (got.source_run_id, got.experiment_id) == (run_id, experiment)

    data = Dataset("train", "abc", "code", "{}", schema="{}", profile=None)
    client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])],
                      models=[LoggedModelInput("m-other")])  # fmt: skip
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=3)])
    run = client.get_run(run_id)
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest, used.tags[0].value) == ("train", "abc", "training")
    assert [each.model_id for each in run.inputs.model_inputs] == ["m-other"]
    assert [(each.model_id, each.step) for each in run.outputs.model_outputs] == [(model.model_id, 3)]

    version = client.create_model_version(client.create_registered_model("from logged").name,
                                          f"models:/{model.model_id}", model_id=model.model_id)  # fmt: skip
    assert version.run_id == run_id
    listed = json.loads(client.get_logged_model(model.model_id).tags["mlflow.modelVersions"])
    assert {str(each["version"]) for each in listed} == {"1"}
    client.delete_logged_model(model.model_id)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_logged_model(model.model_id)


def test_a_model_is_logged_registered_aliased_and_loaded(client, store, monkeypatch):
    from sklearn.linear_model import LinearRegression

    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    x, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    with mlflow.start_run():
        mlflow.sklearn.log_model(LinearRegression().fit(x, y), name="line", registered_model_name="line",
                                 pip_requirements=["scikit-learn"])  # fmt: skip
    client.set_registered_model_alias("line", "champion", 1)
    for uri in ("models:/line@champion", "models:/line/1"):
        assert mlflow.pyfunc.load_model(uri).predict([[3.0]])[0] == pytest.approx(7.0)
    (line,) = store.versions("line")
    assert line.source.startswith("models:/m-") and line.run_id and line.aliases == ("champion",)
    files = store.listing(store.model_place(line.source.removeprefix("models:/")))
    assert "MLmodel" in {each.name for each in files}


def test_the_client_reads_the_files_of_a_version_that_castalia_trained(client, store, tmp_path):
    def put(number: int) -> Path:
        folder = store.home / "models" / "churn" / str(number)
        folder.mkdir(parents=True)
        (folder / "model.json").write_text('{"weights": [1, 2]}', "utf-8")
        return folder

    store.add_version("churn", "churn", None, put, {"auc": 0.8}, "abc")
    assert client.get_model_version("churn", "1").source == "castalia:/churn/1"
    where = mlflow.artifacts.download_artifacts("models:/churn/1", dst_path=str(tmp_path / "got"))
    assert (Path(where) / "model.json").read_text("utf-8") == '{"weights": [1, 2]}'
    for call in (
        lambda: client.delete_model_version("churn", "1"),
        lambda: client.delete_registered_model("churn"),
        lambda: client.rename_registered_model("churn", "other"),
    ):
        with refused("PERMISSION_DENIED"):
            call()


def test_castalia_says_whose_version_it_is_and_how_to_open_it(client, settings_of_store):
    from castalia import runtime

    client.create_registered_model("theirs")
    client.create_model_version("theirs", "s3://bucket/x")
    with pytest.raises(WrongInput) as told:
        runtime.load("theirs", settings_of_store)
    assert "logged by another library" in told.value.subject and "s3://bucket/x" in told.value.got
    assert told.value.cure == "mlflow.pyfunc.load_model('models:/theirs/1')"
