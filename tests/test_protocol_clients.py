"""What people write with mlflow, word for word, against a workbench: every call of the real client, none patched."""

# ruff: noqa: F811  fixtures

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from client_fixtures import Bench
from mlflow_bench import bench, client, names, points  # noqa: F401
from web_process import Workbench

mlflow = pytest.importorskip("mlflow")
pytestmark = [
    pytest.mark.xdist_group("mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),  # mlflow's, about its own future
]


def refused(code: str, words: str):
    return pytest.raises(mlflow.MlflowException, match=words, check=lambda error: error.error_code == code)


def test_the_fluent_functions_keep_what_they_are_given(client, tmp_path):
    with mlflow.start_run(run_name="outer", tags={"a": "b"}, description="why") as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3, "none": None})
        mlflow.log_metric("loss", 1.0, step=0)
        mlflow.log_metrics({"loss": 0.5, "acc": 0.9, "odd": math.nan, "top": math.inf}, step=1)
        mlflow.set_tags({"gone": "x", "stays": "y"})
        mlflow.delete_tag("gone")
        with mlflow.start_run(nested=True) as child:
            mlflow.log_metric("loss", 7)
    got = mlflow.get_run(run.info.run_id)
    assert got.info.status == "FINISHED" and got.info.run_name == "outer"
    assert 0 <= got.info.end_time - got.info.start_time < 60_000
    assert got.data.params == {"lr": "0.1", "depth": "3", "none": "None"}
    assert got.data.metrics == pytest.approx({"loss": 0.5, "acc": 0.9, "odd": math.nan, "top": math.inf}, nan_ok=True)
    tags = got.data.tags
    assert (tags["a"], tags["stays"], tags["mlflow.note.content"]) == ("b", "y", "why") and "gone" not in tags
    assert points(client, run.info.run_id, "loss") == [(0, 1.0), (1, 0.5)]
    found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert list(found["run_id"]) == [child.info.run_id] and list(found["metrics.loss"]) == [7.0]
    assert list(mlflow.search_runs(filter_string="metrics.loss < 1 AND params.lr = '0.1'")["run_id"]) == [
        run.info.run_id
    ]
    with mlflow.start_run(run_id=run.info.run_id):  # goes on
        mlflow.log_metric("loss", 0.25, step=2)
    assert mlflow.get_run(run.info.run_id).data.metrics["loss"] == 0.25

    with pytest.raises(KeyError), mlflow.start_run() as broken:
        raise KeyError("training fell over")
    assert mlflow.get_run(broken.info.run_id).info.status == "FAILED"
    assert mlflow.last_active_run().info.run_id == broken.info.run_id


def test_what_the_client_is_refused_it_says_in_words(client):
    with mlflow.start_run() as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_param("lr", 0.1)
        with refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed"):
            mlflow.log_param("lr", 0.2)
        with refused("INVALID_PARAMETER_VALUE", "This name would resolve to 'b'"):
            mlflow.log_metric("a/../b", 1)
        with refused("INVALID_PARAMETER_VALUE", "exceeds the maximum length"):
            mlflow.log_param("p" * 251, 1)
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        mlflow.get_run("0" * 32)
    client.delete_run(run.info.run_id)
    with refused("INVALID_PARAMETER_VALUE", "deleted"):
        client.log_metric(run.info.run_id, "m", 1)
    assert mlflow.search_runs().empty
    client.restore_run(run.info.run_id)
    assert list(mlflow.search_runs()["run_id"]) == [run.info.run_id]


def test_an_experiment_is_found_tagged_renamed_deleted_and_restored(client):
    assert mlflow.get_experiment_by_name("there is none") is None
    made = mlflow.set_experiment("tour")
    mlflow.set_experiment_tag("team", "a")
    mlflow.set_experiment_tags({"more": "b"})
    assert mlflow.get_experiment(made.experiment_id).tags == {"team": "a", "more": "b"}
    client.rename_experiment(made.experiment_id, "tour two")
    assert [each.name for each in mlflow.search_experiments(filter_string="name LIKE 'tour%'")] == ["tour two"]
    mlflow.delete_experiment(made.experiment_id)
    with pytest.raises(mlflow.MlflowException, match="Cannot set a deleted experiment"):
        mlflow.set_experiment("tour two")
    client.restore_experiment(made.experiment_id)
    assert mlflow.set_experiment("tour two").experiment_id == made.experiment_id


def test_files_tables_figures_and_images(client, tmp_path):
    import numpy as np
    from matplotlib.figure import Figure

    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "ü b.bin").write_bytes(bytes(range(256)) * 4096)
    with mlflow.start_run() as run:
        mlflow.log_text("hello", "texts/a.txt")
        mlflow.log_dict({"a": [1]}, "d.json")
        mlflow.log_table({"q": [1, 2], "r": ["a", "b"]}, "table.json")
        mlflow.log_table({"q": [3], "r": ["c"]}, "table.json")  # reads it, adds to it, puts it back
        figure = Figure()
        figure.subplots().plot([1, 2])
        mlflow.log_figure(figure, "figure.png")
        mlflow.log_image(np.full((4, 6, 3), 200, "uint8"), "plain.png")
        mlflow.log_image(np.zeros((4, 4, 3), "uint8"), key="seen", step=1)
        mlflow.log_artifacts(str(tmp_path / "folder"), "kept")
    uri = run.info.artifact_uri
    assert names(client, run.info.run_id) == {
        "texts", "d.json", "table.json", "figure.png", "plain.png", "images", "kept",
    }  # fmt: skip
    assert mlflow.artifacts.load_text(f"{uri}/texts/a.txt") == "hello"
    assert mlflow.artifacts.load_dict(f"{uri}/d.json") == {"a": [1]}
    assert mlflow.artifacts.load_image(f"{uri}/plain.png").getpixel((5, 3)) == (200, 200, 200)
    assert mlflow.load_table("table.json", [run.info.run_id])["q"].to_list() == [1, 2, 3]
    assert len(names(client, run.info.run_id, "images")) == 2
    back = Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/kept", dst_path=str(tmp_path / "back")))
    assert (back / "deep" / "ü b.bin").read_bytes() == bytes(range(256)) * 4096


def test_logging_that_does_not_wait(client):
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("m", step / 2, step=step, synchronous=False)
        mlflow.log_params({f"p{i}": i for i in range(250)}, synchronous=False)
        mlflow.set_tags({"late": "yes"}, synchronous=False)
        mlflow.flush_async_logging()
    got = mlflow.get_run(run.info.run_id)
    assert points(client, run.info.run_id, "m") == [(step, step / 2) for step in range(300)]
    assert len(got.data.params) == 250 and got.data.tags["late"] == "yes"
    mlflow.config.enable_async_logging(True)
    try:
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1)
            mlflow.log_text("x", "x.txt")
    finally:
        mlflow.config.enable_async_logging(False)
    assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1.0}
    assert names(client, run.info.run_id) == {"x.txt"}


def test_data_sets_of_a_run(client):
    import numpy as np
    import pandas as pd

    rows = pd.DataFrame({"a": [1.0, 2.0], "y": [0.0, 1.0]})
    data = mlflow.data.from_pandas(rows, source="https://data.example/a.csv", name="rows", targets="y")
    with mlflow.start_run() as run:
        mlflow.log_input(data, context="training", tags={"k": "v"})
        mlflow.log_input(mlflow.data.from_numpy(np.zeros((3, 2)), name="array"), context="test")
        mlflow.log_metric("auc", 0.9, dataset=data)
    used = {each.dataset.name: each for each in mlflow.get_run(run.info.run_id).inputs.dataset_inputs}
    assert set(used) == {"rows", "array"}
    assert {tag.key: tag.value for tag in used["rows"].tags} == {"k": "v", "mlflow.data.context": "training"}
    assert used["rows"].dataset.digest == data.digest
    assert json.loads(used["rows"].dataset.profile) == {"num_rows": 2, "num_elements": 4}
    assert mlflow.data.get_source(used["rows"]).url == "https://data.example/a.csv"
    assert list(mlflow.search_runs(filter_string="dataset.name = 'rows'")["run_id"]) == [run.info.run_id]
    assert mlflow.search_runs(filter_string="dataset.context = 'validation'").empty


def test_what_the_machine_does_is_sampled_while_it_runs(client):
    mlflow.set_system_metrics_sampling_interval(0.1)
    mlflow.set_system_metrics_samples_before_logging(1)
    try:
        with mlflow.start_run(log_system_metrics=True) as run:
            until = time.monotonic() + 20
            while time.monotonic() < until and len(mlflow.get_run(run.info.run_id).data.metrics) < 5:
                time.sleep(0.1)
    finally:
        mlflow.set_system_metrics_sampling_interval(None)
        mlflow.set_system_metrics_samples_before_logging(None)
    seen = mlflow.get_run(run.info.run_id).data.metrics
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= set(seen)
    assert seen["system/system_memory_usage_megabytes"] > 0


def test_traces_go_nowhere_and_break_nothing(client):
    @mlflow.trace
    def more(x: int) -> int:
        return x + 1

    assert more(1) == 2
    with mlflow.start_run() as run:
        assert more(2) == 3
        mlflow.log_metric("m", 1)
    mlflow.flush_trace_async_logging()
    with refused("ENDPOINT_NOT_FOUND", "No route"):
        mlflow.search_traces(locations=[run.info.experiment_id])
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"


def test_scikit_learn_by_itself_registered_and_loaded(client):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    x, y = load_iris(return_X_y=True, as_frame=True)
    mlflow.sklearn.autolog(max_tuning_runs=2)
    try:
        with mlflow.start_run() as run:
            search = GridSearchCV(LogisticRegression(max_iter=200), {"C": [0.1, 1, 10]}, cv=2).fit(x, y)
            told = search.score(x, y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    got = mlflow.get_run(run.info.run_id)
    assert got.data.params["best_C"] == str(search.best_params_["C"])
    assert got.data.metrics["best_cv_score"] == pytest.approx(search.best_score_)
    assert got.data.metrics["training_score"] == pytest.approx(told)
    assert got.inputs.dataset_inputs[0].dataset.name == "dataset"
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    scores = sorted(search.cv_results_["mean_test_score"])[-2:]  # mlflow keeps the best two, as it was told
    assert sorted(children["metrics.mean_test_score"]) == pytest.approx(scores)
    assert {"cv_results.csv", "estimator.html"} <= names(client, run.info.run_id)

    models = mlflow.search_logged_models(output_format="list")
    assert {each.status.name for each in models} == {"READY"} and "best_estimator" in {each.name for each in models}
    assert {each.model_id for each in got.outputs.model_outputs} == {each.model_id for each in models}
    version = mlflow.register_model(f"runs:/{run.info.run_id}/best_estimator", "iris")
    client.set_registered_model_alias("iris", "champion", version.version)
    assert (version.version, version.status, version.run_id) == ("1", "READY", run.info.run_id)
    for uri in ("models:/iris@champion", "models:/iris/1", f"runs:/{run.info.run_id}/best_estimator"):
        assert (mlflow.pyfunc.load_model(uri).predict(x) == search.predict(x)).all()
    (listed,) = client.search_model_versions("name = 'iris'")
    assert listed.aliases == ["champion"] and listed.source == version.source


def test_lightgbm_by_itself(client):
    import lightgbm
    import numpy as np

    x = np.random.default_rng(6).normal(size=(200, 4))
    mlflow.lightgbm.autolog(log_models=False)
    try:
        with mlflow.start_run() as run:
            data = lightgbm.Dataset(x, x[:, 0])
            kept: dict[str, dict[str, list[float]]] = {}
            lightgbm.train({"verbose": -1, "objective": "l2"}, data, 5, valid_sets=[data],
                           callbacks=[lightgbm.record_evaluation(kept)])  # fmt: skip
    finally:
        mlflow.lightgbm.autolog(disable=True)
    assert [value for _, value in points(client, run.info.run_id, "training-l2")] == pytest.approx(
        kept["training"]["l2"]
    )
    assert "feature_importance_gain.json" in names(client, run.info.run_id)


def test_eight_threads_with_a_run_each(client):
    ended: dict[int, str] = {}

    def train(number: int) -> None:
        with mlflow.start_run(run_name=f"thread {number}") as run:
            for step in range(25):
                mlflow.log_metric("m", number * 100 + step, step=step)
            mlflow.log_text(str(number), "which.txt")
        ended[number] = run.info.run_id

    threads = [threading.Thread(target=train, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert len(set(ended.values())) == 8
    for number, run_id in ended.items():
        assert points(client, run_id, "m") == [(step, number * 100 + step) for step in range(25)]
        assert mlflow.artifacts.load_text(f"runs:/{run_id}/which.txt") == str(number)


def test_a_model_written_as_code_is_copied_to_another_name(client, tmp_path):
    (tmp_path / "twice.py").write_text(
        "import mlflow\n\n\n"
        "class Twice(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        return [2 * x for x in model_input]\n\n\n"
        "mlflow.models.set_model(Twice())\n"
    )
    with mlflow.start_run() as run:
        info = mlflow.pyfunc.log_model(
            name="twice",
            python_model=str(tmp_path / "twice.py"),
            pip_requirements=["mlflow"],
            registered_model_name="twice.dev",
        )
    copied = client.copy_model_version("models:/twice.dev/1", "twice.prod")
    assert (copied.version, copied.source) == ("1", "models:/twice.dev/1")
    for uri in (info.model_uri, "models:/twice.dev/latest", "models:/twice.prod/1"):
        assert mlflow.pyfunc.load_model(uri).predict([1, 4]) == [2, 8]
    assert mlflow.models.get_model_info("models:/twice.prod/1").run_id == run.info.run_id


def test_a_model_that_lies_elsewhere_is_described_here(client):
    made = mlflow.create_external_model(name="agent", model_type="agent", params={"a": "1"}, tags={"t": "u"})
    mlflow.log_model_params({"b": "2"}, model_id=made.model_id)
    mlflow.set_logged_model_tags(made.model_id, {"gone": "x"})
    mlflow.delete_logged_model_tag(made.model_id, "gone")
    got = mlflow.get_logged_model(made.model_id)
    assert (got.status.name, got.model_type, got.params) == ("READY", "agent", {"a": "1", "b": "2"})
    assert got.tags["t"] == "u" and "gone" not in got.tags
    for text, count in (("params.a = '1' AND tags.t = 'u'", 1), ("params.a = '2'", 0)):
        assert len(mlflow.search_logged_models(filter_string=text, output_format="list")) == count
    client.delete_logged_model(made.model_id)
    assert mlflow.search_logged_models(output_format="list") == []


def test_prompts_live_in_the_registry_and_are_no_models(client):
    for template in ("Hello {{name}}", "Hi {{name}}"):
        mlflow.genai.register_prompt(name="greet", template=template, tags={"a": "b"})
    mlflow.genai.set_prompt_alias("greet", "production", 2)
    assert mlflow.genai.load_prompt("prompts:/greet@production").format(name="Ann") == "Hi Ann"
    assert mlflow.genai.load_prompt("prompts:/greet/1").template == "Hello {{name}}"
    assert [each.name for each in mlflow.genai.search_prompts()] == ["greet"]
    client.create_registered_model("no prompt")
    listed = {each.name for each in client.search_registered_models()}
    assert "no prompt" in listed and "greet" not in listed


@pytest.mark.slow
def test_a_server_below_a_path(tmp_path, client, bench):
    with Workbench(tmp_path / "home", env={"CASTALIA_STORE": bench.store}, base_path="/team/x") as below:
        mlflow.set_tracking_uri(below.root)
        assert below.root.endswith("/team/x")
        mlflow.set_experiment("below")
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1)
            mlflow.log_text("hello", "deep/a.txt")
        assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1.0}
        assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/deep/a.txt") == "hello"


def test_the_server_falls_over_in_the_middle_and_no_point_is_lost_or_doubled(tmp_path, client, bench, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    bench = Bench(tmp_path / "home", store=bench.store).start()
    mine = mlflow.MlflowClient(bench.url)
    run_id = mine.create_run("0").info.run_id
    raised: list[BaseException] = []
    killed = threading.Event()

    def train() -> None:
        try:
            for step in range(400):
                mine.log_metric(run_id, "loss", 1 / (step + 1), step=step)
                if step == 50:
                    killed.set()
        except BaseException as error:
            raised.append(error)

    training = threading.Thread(target=train)
    training.start()
    try:
        assert killed.wait(30)
        bench.kill()
        assert training.is_alive(), "it had ended before the server was killed"
        bench.start()
        training.join(50)
        assert not training.is_alive() and not raised, raised
        assert points(mine, run_id, "loss") == [(step, 1 / (step + 1)) for step in range(400)]
    finally:
        bench.kill()


def test_a_client_without_the_token_is_told_and_with_it_served(tmp_path, client, bench, monkeypatch):
    bench = Bench(tmp_path / "home", token="a-long-token-of-this-test", store=bench.store).start()
    try:
        mine = mlflow.MlflowClient(bench.url)
        with pytest.raises(mlflow.MlflowException, match=r"(?i)token"):
            mine.create_experiment("mine")
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", bench.token)
        run = mine.create_run(mine.create_experiment("mine"))
        mine.log_text(run.info.run_id, "hello", "a.txt")
        assert names(mine, run.info.run_id) == {"a.txt"}
    finally:
        bench.kill()


OLD = Path(sys.prefix) / "peers" / "mlflow2"
WITH_OLD = """
import os, sys
import mlflow
assert mlflow.__version__.startswith("2.22"), mlflow.__version__
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("old")
client = mlflow.MlflowClient()
with mlflow.start_run(run_name="two") as run:
    mlflow.log_param("a", 1)
    mlflow.log_params({f"p{i}": i for i in range(150)})
    mlflow.log_metrics({"n": 2, "o": float("nan")}, step=1)
    mlflow.log_metric("later", 1, synchronous=False)
    mlflow.log_text("hello", "model/a.txt")
    with mlflow.start_run(nested=True):
        mlflow.log_metric("n", 3)
got = mlflow.get_run(run.info.run_id)
assert got.info.status == "FINISHED" and len(got.data.params) == 151, got
assert set(got.data.metrics) == {"n", "o", "later"}, got.data.metrics
assert len(client.search_runs([run.info.experiment_id])) == 2
assert mlflow.artifacts.load_text(run.info.artifact_uri + "/model/a.txt") == "hello"
client.create_registered_model("old")
version = client.create_model_version("old", run.info.artifact_uri + "/model", run.info.run_id)
assert version.status == "READY"
client.transition_model_version_stage("old", version.version, "Staging")
assert client.get_latest_versions("old", ["Staging"])[0].version == version.version
client.set_registered_model_alias("old", "champion", version.version)
assert client.get_model_version_by_alias("old", "champion").run_id == run.info.run_id
assert os.listdir(mlflow.artifacts.download_artifacts("models:/old@champion")) == ["a.txt"]
for call, code in ((lambda: client.get_run("0" * 32), "RESOURCE_DOES_NOT_EXIST"),
                   (lambda: client.log_param(run.info.run_id, "a", 2), "INVALID_PARAMETER_VALUE")):
    try:
        call()
    except mlflow.MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError(code)
print("all of it")
"""


@pytest.mark.slow
def test_a_client_of_before_logged_models(bench, tmp_path):
    if not OLD.is_dir():
        missing = pytest.fail if os.environ.get("CI", "").lower() in ("1", "true") else pytest.skip
        missing("needs the client of mlflow 2.22 beside ours: make test-setup")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(OLD),
           "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}  # fmt: skip
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", WITH_OLD, bench.url], env=env, text=True,
                          capture_output=True, timeout=55, check=False)  # fmt: skip
    assert done.stdout.endswith("all of it\n"), done.stderr[-3000:]
