"""Files as MLflow's published tests of its artifact proxy expect them: kept, listed, read whole, with their kinds."""

# ruff: noqa: F811  fixtures

from __future__ import annotations

import email.message
import io
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow_bench import asked, client, names, send  # noqa: F401

mlflow = pytest.importorskip("mlflow")
from mlflow.artifacts import download_artifacts  # noqa: E402

pytestmark = [
    pytest.mark.xdist_group("mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),  # mlflow's, about its own future
]
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"


class Answer:
    """Status, body and headers of a request."""

    def __init__(self, bench: Any, at: str, method: str = "GET", body: bytes | None = None, /, **query: Any) -> None:
        url = f"{bench.url}{at}" + (f"?{urllib.parse.urlencode(query, doseq=True)}" if query else "")
        request = urllib.request.Request(url, body, method=method)
        if body is not None:  # as `requests` sends bytes: without a type
            request.add_unredirected_header("Content-Type", "")
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.body, self.headers = answer.status, answer.read(), answer.headers

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def file_name(self) -> str | None:
        """What a client that reads the header by the book is told the file is called."""
        message = email.message.Message()
        message["Content-Disposition"] = self.headers["Content-Disposition"]
        return message.get_filename()


@pytest.fixture(scope="module")
def bench(shared_bench):
    """The server that all files of this kind ask."""
    return shared_bench


@pytest.fixture
def run(client) -> str:
    experiment = mlflow.get_experiment_by_name(Path.cwd().name)
    return client.create_run(experiment.experiment_id).info.run_id


def uri_path(client: Any, run: str) -> str:
    """The address of a run's files behind the proxy."""
    return f"{PROXY}/{client.get_run(run).info.artifact_uri.removeprefix('mlflow-artifacts:/').strip('/')}"


@pytest.fixture
def tree(tmp_path) -> Path:
    """a.txt and dir/b.txt."""
    (tmp_path / "tree" / "dir").mkdir(parents=True)
    (tmp_path / "tree" / "a.txt").write_text("0")
    (tmp_path / "tree" / "dir" / "b.txt").write_text("12")
    return tmp_path / "tree"


def test_the_proxy_keeps_lists_reads_and_deletes(bench, client, run):
    root = uri_path(client, run)
    for name, content in (("a.txt", b"0"), ("dir/b.txt", b"12")):
        assert Answer(bench, f"{root}/{name}", "PUT", content).status == 200
        kept = Answer(bench, f"{root}/{name}")
        assert kept.body == content and kept.headers["X-Content-Type-Options"] == "nosniff"
        assert kept.file_name == name.rpartition("/")[2]
    folder = root.removeprefix(f"{PROXY}/")
    assert Answer(bench, PROXY, path=folder).json == {"files": [
        {"path": "a.txt", "is_dir": False, "file_size": 1}, {"path": "dir", "is_dir": True}]}  # fmt: skip
    assert Answer(bench, PROXY, path=f"{folder}/dir").json == {
        "files": [{"path": "b.txt", "is_dir": False, "file_size": 2}]}  # fmt: skip
    for prefix in ("/api", "/ajax-api"):
        status, told = asked(bench, "artifacts/list", prefix=prefix, run_id=run)
        assert status == 200 and told["root_uri"] == client.get_run(run).info.artifact_uri
        assert told["files"] == [
            {"path": "a.txt", "is_dir": False, "file_size": 1},
            {"path": "dir", "is_dir": True},
        ]
        inner = asked(bench, "artifacts/list", prefix=prefix, run_id=run, path="dir")[1]
        assert inner["files"] == [{"path": "dir/b.txt", "is_dir": False, "file_size": 2}]
    assert Answer(bench, f"{root}/a.txt", "DELETE").status == 200
    assert names(client, run) == {"dir"}
    gone = Answer(bench, f"{root}/a.txt")
    assert (gone.status, gone.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_list_at_the_top_of_the_proxy(bench):
    for path in ("loose.txt", "loose/inner.txt"):
        assert Answer(bench, f"{PROXY}/{path}", "PUT", b"x").status == 200
        assert Answer(bench, f"{PROXY}/{path}").body == b"x"
    top = {each["path"]: each for each in Answer(bench, PROXY).json["files"]}
    assert top["loose.txt"] == {"path": "loose.txt", "is_dir": False, "file_size": 1}
    assert top["loose"] == {"path": "loose", "is_dir": True}


def test_files_and_folders_go_in_and_come_out_through_the_client(client, run, tree, tmp_path):
    assert client.list_artifacts(run) == []
    client.log_artifact(run, str(tree / "a.txt"))
    client.log_artifact(run, str(tree / "a.txt"), "in/deeper")
    client.log_artifacts(run, str(tree), "all")
    assert names(client, run) == {"a.txt", "in", "all"} and names(client, run, "in") == {"in/deeper"}
    assert names(client, run, "all") == {"all/a.txt", "all/dir"} and names(client, run, "all/dir") == {"all/dir/b.txt"}
    uri = mlflow.get_tracking_uri()
    for inner, files in (("", {"a.txt", "in", "all"}), ("all", {"a.txt", "dir"}), ("all/dir", {"b.txt"})):
        place = download_artifacts(run_id=run, artifact_path=inner, tracking_uri=uri)
        assert {each.name for each in Path(place).iterdir()} == files
    one = download_artifacts(run_id=run, artifact_path="all/dir/b.txt", dst_path=str(tmp_path / "out"))
    assert Path(one).read_text() == "12"
    with pytest.raises(mlflow.MlflowException, match=r"."):
        download_artifacts(run_id=run, artifact_path="nowhere.txt")


KINDS = [("a.txt", "text/plain"), ("b.pkl", "application/octet-stream"), ("c.png", "image/png"),
         ("d.pdf", "application/pdf"), ("MLmodel", "text/plain"), ("mlproject", "text/plain"),
         ("e.yaml", "text/plain"), ("f.json", "text/plain"), ("dog+step+20.png", "image/png")]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_file_is_told_with_its_kind_and_its_name(bench, client, run, name, kind):
    root = uri_path(client, run)
    assert Answer(bench, f"{root}/dir/{name}", "PUT", b"x").status == 200
    for told in (Answer(bench, f"{root}/dir/{name}"), Answer(bench, "/get-artifact", run_id=run, path=f"dir/{name}")):
        assert told.body == b"x" and told.headers["Content-Type"] == kind and told.file_name == name
        assert told.headers["Content-Disposition"].startswith(f"attachment; filename={name}")
        assert told.headers["X-Content-Type-Options"] == "nosniff"


def test_one_file_of_a_run_by_its_name(bench, client, run, tree):
    client.log_artifacts(run, str(tree))
    for word in ("run_id", "run_uuid"):
        assert Answer(bench, "/get-artifact", **{word: run}, path="dir/b.txt").body == b"12"
    for query, status, code in (({"run_id": run, "path": "none"}, 404, "RESOURCE_DOES_NOT_EXIST"),
                                ({"run_id": "0" * 32, "path": "a.txt"}, 404, "RESOURCE_DOES_NOT_EXIST"),
                                ({"run_id": run, "path": "dir"}, 400, "INVALID_PARAMETER_VALUE"),
                                ({"run_id": run}, 400, "INVALID_PARAMETER_VALUE"),
                                ({"path": "a.txt"}, 400, "INVALID_PARAMETER_VALUE")):  # fmt: skip
        told = Answer(bench, "/get-artifact", **query)
        assert (told.status, told.json["error_code"]) == (status, code)


def test_one_file_of_a_version_by_its_name(bench, client, run, tree, tmp_path):
    name = f"files {time.time_ns()}"
    client.create_registered_model(name)
    client.log_artifacts(run, str(tree), "model")
    root = client.get_run(run).info.artifact_uri
    for source in (f"runs:/{run}/model", f"{root}/model", f"models:/{name}/1"):
        made = client.create_model_version(name, source, None if source.startswith("models:") else run)
        said = {"name": name, "version": made.version}
        assert Answer(bench, "/model-versions/get-artifact", **said, path="dir/b.txt").body == b"12"
    client.create_model_version(name, "s3://bucket/model")
    for query, status in (({"version": "1", "path": "none"}, 404), ({"version": "99", "path": "a.txt"}, 404),
                          ({"version": "x", "path": "a.txt"}, 400), ({"version": "1"}, 400),
                          ({"version": "4", "path": "a.txt"}, 400)):  # fmt: skip
        told = Answer(bench, "/model-versions/get-artifact", name=name, **query)
        assert told.status == status and "error_code" in told.json, query


def test_a_logged_models_file_through_its_version(bench, client, tree, tmp_path):
    experiment = mlflow.get_experiment_by_name(tmp_path.name).experiment_id
    model = client.create_logged_model(experiment, "m")
    client.log_model_artifacts(model.model_id, str(tree))
    assert {each.path for each in client.list_logged_model_artifacts(model.model_id)} == {"a.txt", "dir"}
    name = f"logged {time.time_ns()}"
    client.create_registered_model(name)
    client.create_model_version(name, f"models:/{model.model_id}", model_id=model.model_id)
    told = Answer(bench, "/model-versions/get-artifact", name=name, version="1", path="dir/b.txt")
    assert told.body == b"12"
    assert client.get_model_version_download_uri(name, "1").endswith(f"models/{model.model_id}/artifacts")


@pytest.mark.parametrize("path", ["../path", "/etc/passwd", "a/../../b", "..%2fpath", "%2e%2e/path", "a\\..\\b", "a#b"])
def test_a_path_that_leads_out_is_refused_in_one_sentence(bench, client, run, path):
    """Word for word: clients compare the whole answer."""
    code = "INVALID_PARAMETER_VALUE"
    invalid = {"error_code": code, "message": "Invalid path", "sqlstate": "KAM00", "error_class": code}
    assert asked(bench, "artifacts/list", run_id=run, path=path) == (400, invalid)
    for at, query in (("/get-artifact", {"run_id": run}), (PROXY, {}),
                      ("/model-versions/get-artifact", {"name": "model", "version": 1}),
                      ("//model-versions/get-artifact", {"name": "model", "version": 1})):  # fmt: skip
        told = Answer(bench, at, **query, path=path)
        assert (told.status, told.json) == (400, invalid), at
    told = Answer(bench, UPLOAD, "POST", b"x", run_uuid=run, path=path)
    assert (told.status, told.json) == (400, invalid)


def test_a_file_is_sent_with_its_run_in_the_query(bench, client, run):
    for query, body, message in (
        ({}, b"x", "Request must specify run_uuid."),
        ({"run_uuid": run}, b"x", "Request must specify path."),
        ({"run_uuid": run, "path": ""}, b"x", "Request must specify path."),
        ({"run_uuid": run, "path": "a.txt"}, b"", "Request must specify data."),
        ({"run_uuid": run, "path": "a.txt"}, b"x" * (10 * 2**20 + 1), "Max size is 10MB."),
    ):
        told = Answer(bench, UPLOAD, "POST", body, **query)
        assert (told.status, told.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert message in told.json["message"]
    assert names(client, run) == set()
    for content in (b"hello world", b"hello again"):
        assert Answer(bench, UPLOAD, "POST", content, run_uuid=run, path="deep/test.txt").status == 200
        assert Answer(bench, "/get-artifact", run_uuid=run, path="deep/test.txt").body == content
    assert names(client, run, "deep") == {"deep/test.txt"}
    told = Answer(bench, UPLOAD, "POST", b"x", run_uuid="0" * 32, path="a.txt")
    assert (told.status, told.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_an_image_of_a_step_is_told_by_its_name(bench, client, run):
    from PIL import Image

    image = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    with mlflow.start_run(run_id=run):
        mlflow.log_image(image, key="dog", step=20, timestamp=100, synchronous=True)
    files = asked(bench, "artifacts/list", prefix="/ajax-api", run_id=run, path="images")[1]["files"]
    assert {Path(each["path"]).suffix for each in files} == {".png", ".webp"}
    for each in files:
        told = Answer(bench, "/get-artifact", run_id=run, path=each["path"])
        assert told.status == 200 and told.file_name == Path(each["path"]).name
        assert "attachment; filename=dog+step+20+timestamp+100" in told.headers["Content-Disposition"]
        if each["path"].endswith("png"):
            np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(told.body))), image)


def test_an_upload_in_parts_is_one_file(bench, client, run):
    root = uri_path(client, run).removeprefix(f"{PROXY}/")
    mpu = "/api/2.0/mlflow-artifacts/mpu"

    def message(verb: str, **fields: Any) -> Any:
        request = urllib.request.Request(f"{bench.url}{mpu}/{verb}/{root}", json.dumps(fields).encode(),
                                         {"Content-Type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    made = message("create", path="big.bin", num_parts=2)
    parts = []
    for each, content in zip(made["credentials"], (b"a" * 1000, b"b" * 10), strict=True):
        request = urllib.request.Request(each["url"], content, each.get("headers", {}), method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            part = {"part_number": each["part_number"], "etag": answer.headers["ETag"], "url": each["url"]}
            parts.append(part)
    assert names(client, run) == set()
    message("complete", path="big.bin", upload_id=made["upload_id"], parts=parts)
    assert Answer(bench, "/get-artifact", run_id=run, path="big.bin").body == b"a" * 1000 + b"b" * 10
    again = message("create", path="lost.bin", num_parts=1)
    message("abort", path="lost.bin", upload_id=again["upload_id"])
    assert names(client, run) == {"big.bin"}
