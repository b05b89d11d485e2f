"""A file that the real mlflow wrote is taken in, and runs go out to a real MLflow server."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from client_fixtures import Bench

from castalia.cli import main
from castalia.core.errors import Refused, Unavailable, WrongInput
from castalia.core.settings import mlflow_login
from castalia.track import Store
from castalia.track.exchange.mlflow_file import import_mlflow
from castalia.track.exchange.mlflow_server import export_to_mlflow
from castalia.track.exchange.sheet import points_of, sheet_of

mlflow = pytest.importorskip("mlflow")
pytestmark = [pytest.mark.xdist_group("mlflow")]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with mlflow.db and artifacts, written by mlflow's own client."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput

    folder = tmp_path_factory.mktemp("theirs")
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db", f"sqlite:///{folder}/mlflow.db")
    number = client.create_experiment("exp", artifact_location=f"{folder}/art", tags={"team": "a"})
    run = client.create_run(number, start_time=1000, tags={"k": "v"}, run_name="first").info
    for step, value in enumerate((0.5, math.nan, math.inf, -math.inf, 0.25)):
        client.log_metric(run.run_id, "loss", value, 1000 + step, step)
    client.log_metric(run.run_id, "acc/x y", 1.0, 5, -3)
    client.log_param(run.run_id, "long", "x" * 6000)
    client.log_text(run.run_id, "hello", "a/b.txt")
    dataset = Dataset("iris", "d1", "local", "{}", schema="s", profile=None)
    client.log_inputs(run.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    client.set_terminated(run.run_id, "FINISHED", 2000)
    child = client.create_run(number, start_time=1001, tags={"mlflow.parentRunId": run.run_id}).info
    client.set_terminated(child.run_id, "KILLED", 3000)
    gone = client.create_run("0", start_time=1002).info
    client.delete_run(gone.run_id)
    model = client.create_logged_model(number, "net", run.run_id, tags={"t": "1"}, params={"p": "2"})
    client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, 2)])
    client.log_metric(run.run_id, "auc", 0.9, 7, 1, model_id=model.model_id)
    place = Path(model.artifact_location)
    place.mkdir(parents=True)
    (place / "MLmodel").write_text("flavors: {}")
    client.finalize_logged_model(model.model_id, "READY")
    client.create_registered_model("M", tags={"a": "b"}, description="about")
    client.create_model_version("M", f"runs:/{run.run_id}/a", run.run_id, tags={"x": "y"}, description="one")
    client.create_model_version("M", model.artifact_location, run.run_id, model_id=model.model_id)
    client.set_registered_model_alias("M", "champion", "2")
    return folder


@pytest.fixture
def store(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


def test_an_mlflow_file_is_taken_in_whole(store: Store, theirs: Path) -> None:
    before = (theirs / "mlflow.db").read_bytes()
    for _ in range(2):
        taken = import_mlflow(store, theirs / "mlflow.db", theirs / "art")
        assert [each.problem for each in taken] == [""] * len(taken)
        assert not [each.note for each in taken if each.note]
        found = {each["name"]: each for each in store.runs().items}
        first = found["first"]
        assert (first["experiment"], first["status"], first["started"], first["ended"]) == ("exp", "done", 1000, 2000)
        assert first["params"] == {"long": "x" * 6000} and first["tags"]["k"] == "v" and len(found) == 2
        child = next(each for name, each in found.items() if name != "first")
        assert (child["status"], child["parent"]) == ("cancelled", first["run_id"])
        assert len(store.trashed()) == 1 and store.trashed()[0]["experiment"] == "Default"
        assert [repr(point) for point in points_of(store, first["run_id"])] == [
            "('acc/x y', -3, 5, 1.0)", "('auc', 1, 7, 0.9)", "('loss', 0, 1000, 0.5)", "('loss', 1, 1001, nan)",
            "('loss', 2, 1002, inf)", "('loss', 3, 1003, -inf)", "('loss', 4, 1004, 0.25)",
        ]  # fmt: skip
        assert [each["name"] for each in store.artifacts(first["run_id"])] == ["a/b.txt"]
        sheet = sheet_of(store, first["run_id"])
        assert sheet.datasets[0]["name"] == "iris" and sheet.datasets[0]["tags"] == {"mlflow.data.context": "train"}
        assert sheet.experiment_tags["team"] == "a" and sheet.models[0]["step"] == 2
        model = sheet.models[0]["model_id"]
        with store.opened(store.model_place(model, "MLmodel")) as file:
            assert b"".join(file.pieces()) == b"flavors: {}"
        versions = store.versions("M")
        assert [(each.version, each.source, each.aliases) for each in versions] == [
            (2, f"models:/{model}", ("champion",)), (1, f"runs:/{first['run_id']}/a", ()),
        ]  # fmt: skip
        assert store.resolve("M").version == 2 and versions[0].run_id == first["run_id"]
    assert (theirs / "mlflow.db").read_bytes() == before
    store.add_artifact(first["run_id"], "a/b.txt", b"changed here")
    notes = [each.note for each in import_mlflow(store, theirs / "mlflow.db", theirs / "art") if each.note]
    assert len(notes) == 1 and "a/b.txt" in notes[0]
    with store.read_artifact(first["run_id"], "a/b.txt") as file:
        assert b"".join(file.pieces()) == b"changed here"


def test_files_are_read_only_below_the_named_folder(tmp_path: Path, theirs: Path) -> None:
    secret = tmp_path / "secret" / "1" / "artifacts"
    secret.mkdir(parents=True)
    (secret / "key").write_text("secret")
    copy, art = tmp_path / "mlflow.db", tmp_path / "art"
    shutil.copy(theirs / "mlflow.db", copy)
    shutil.copytree(theirs / "art", art)
    (art / "link").symlink_to(tmp_path / "secret")
    up = "../secret/1/artifacts"
    for uri in (str(secret), f"file://{secret}", f"{art}/{up}", f"mlflow-artifacts:/{up}", f"{art}/link/1/artifacts",
                "mlflow-artifacts:/%2e%2e/secret/1/artifacts"):  # fmt: skip
        with sqlite3.connect(copy) as raw:
            raw.execute("UPDATE runs SET artifact_uri = ?", (uri,))
        with Store.open(tmp_path / f"home{abs(hash(uri))}") as store:
            taken = import_mlflow(store, copy, art)
            runs = [each for each in taken if not each.run_id.startswith(("m-", "models:"))]
            assert [each.files for each in runs] == [0] * len(runs), uri
            assert not [path for path in store.home.rglob("*") if path.is_file() and path.read_bytes() == b"secret"], (
                uri
            )
    with Store.open(tmp_path / "none") as store:
        notes = {each.note for each in import_mlflow(store, theirs / "mlflow.db")}
        assert any("--artifacts" in note for note in notes)


def test_what_is_no_mlflow_file_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home") as store:
        other = tmp_path / "other.db"
        with sqlite3.connect(other) as raw:
            raw.execute("CREATE TABLE runs (x)")
        torn = tmp_path / "torn.db"
        torn.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
        for path in (other, torn, store.home / "castalia.db"):
            with pytest.raises(WrongInput) as caught:
                import_mlflow(store, path)
            assert caught.value.got and caught.value.expected and caught.value.cure
        with pytest.raises(WrongInput, match="no folder"):
            import_mlflow(store, other, tmp_path / "nowhere")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow server."""
    with mlflow_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@contextlib.contextmanager
def mlflow_server(folder: Path, *flags: str, **environment: str) -> Iterator[str]:
    """A real MLflow server in a process of its own, ended by its group."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/art"]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", *where, *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                               env={**os.environ, **environment}, cwd=folder)  # fmt: skip
    try:
        for _ in range(1500):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                break
            assert process.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


@pytest.mark.slow
def test_the_way_out_to_a_real_server_and_back(elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    with Store.open(tmp_path / "home") as store:
        parent = store.create_run("way out", "first", {f"p{i}": i for i in range(150)}, {"who": "ada"}, run_id="aa")
        store.create_run("way out", "fold", parent=parent, run_id="bb")
        points = [("loss", step, 1000 + step, step / 7) for step in range(2500)]
        points += [("odd", 0, 1000, math.nan), ("odd", 1, 1001, math.inf), ("odd", 2, 1002, -math.inf)]
        store.log_metrics(parent, points)
        store.add_artifact(parent, "plots/a b.txt", b"hello")
        store.finish(parent, "failed")
        for _ in range(2):  # sent twice is there once
            taken = export_to_mlflow(store, ["bb", "aa"], elsewhere)
            assert [(each.run_id, each.problem, each.note) for each in taken] == [("bb", "", ""), ("aa", "", "")]
        client = mlflow.MlflowClient(elsewhere)
        there = {
            run.info.run_name: run
            for run in client.search_runs([client.get_experiment_by_name("way out").experiment_id])
        }
        assert set(there) == {"first", "fold"}
        first = there["first"]
        assert first.data.params == {f"p{i}": str(i) for i in range(150)} and first.info.status == "FAILED"
        mine = store.run("aa")
        assert (first.info.start_time, first.info.end_time) == (mine["started"], mine["ended"])
        assert first.data.tags["who"] == "ada" and first.data.tags["castalia.run_id"] == "aa"
        assert there["fold"].data.tags["mlflow.parentRunId"] == first.info.run_id
        history = client.get_metric_history(first.info.run_id, "loss")
        assert sorted((m.step, m.timestamp, m.value) for m in history) == [point[1:] for point in points[:2500]]
        odd = {m.step: m.value for m in client.get_metric_history(first.info.run_id, "odd")}
        assert math.isnan(odd[0]) and odd[1] > 1e308 and odd[2] < -1e308
        read = client.download_artifacts(first.info.run_id, "plots/a b.txt", str(tmp_path))
        assert Path(read).read_bytes() == b"hello"


def test_the_way_out_says_why_it_is_shut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "home") as store:
        store.create_run("x", run_id="aa")
        with pytest.raises(Unavailable) as caught:
            export_to_mlflow(store, ["aa"], "http://127.0.0.1:1")
        assert caught.value.cure
        with pytest.raises(WrongInput):
            export_to_mlflow(store, ["aa"], "ftp://x")
        monkeypatch.setenv("CASTALIA_OFFLINE", "1")
        with pytest.raises(Refused):
            export_to_mlflow(store, ["aa"], "http://192.0.2.1:5000")


class Toy(BaseHTTPRequestHandler):
    """As much of MLflow's protocol as a run needs. It has no place for files, and says a header again where it can."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.said(404, {})

    def do_PUT(self) -> None:
        self.said(404, {})

    def do_POST(self) -> None:
        path = self.path.removeprefix("/api/2.0/mlflow/")
        who = self.headers.get("Authorization", "")
        if who and path == "runs/create":
            read = base64.b64decode(who[6:]) if who.startswith("Basic") else b""
            self.said(400, {"message": f"who is {who} ({read!r})?"})
            return
        info = {"run_id": "there", "artifact_uri": "mlflow-artifacts:/1/there/artifacts"}
        made = {"runs/create": {"run": {"info": info}}, "experiments/create": {"experiment_id": "1"}}
        self.said(200, made.get(path, {}))

    def said(self, status: int, body: dict[str, Any]) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def toy() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Toy)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


NAMES = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nobody said who we are."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_server_that_takes_no_file_is_said(toy: str, tmp_path: Path, stranger: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "home") as store:
        for run_id in ("aa", "bb"):
            store.create_run("x", run_id=run_id)
        store.add_artifact("aa", "a.txt", b"hello")
        taken = export_to_mlflow(store, ["aa", "bb"], toy)
    assert "404" in taken[0].problem and taken[0].files == 0
    assert (taken[1].problem, taken[1].files) == ("", 0)


@pytest.mark.parametrize("said", [("sekret 123", "", ""), ("", "ada", "sekret 123 "), ("", "ada", "s")])
def test_a_servers_words_show_no_secret(
    toy: str, tmp_path: Path, stranger: pytest.MonkeyPatch, said: tuple[str, str, str]
) -> None:
    for name, value in zip(NAMES, said, strict=True):
        stranger.setenv(name, value)
    with Store.open(tmp_path / "home") as store:
        store.create_run("x", run_id="aa")
        problem = export_to_mlflow(store, ["aa"], toy)[0].problem
    assert "400" in problem and "***" in problem
    assert "sekret" not in problem and base64.b64encode(":".join(said[1:]).encode()).decode() not in problem


def test_a_space_may_be_part_of_a_password_and_not_of_a_token() -> None:
    assert mlflow_login(dict(zip(NAMES, (" token\n", "ada", " a b "), strict=True))) == ("token", "ada", " a b ")
    assert mlflow_login({}) == ("", "", "")


def test_a_server_that_asks_who_we_are(tmp_path: Path, stranger: pytest.MonkeyPatch, capfd: Any) -> None:
    bench = Bench(tmp_path / "there", token="a-long-token-of-this-test").start()
    stranger.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    try:
        with Store.open(tmp_path / "home") as store:
            for run_id in ("aa", "bb"):
                store.create_run("x", run_id=run_id)
                store.log_metrics(run_id, [("loss", 0, 1, 0.5)])
                store.add_artifact(run_id, "a.txt", b"hello")
            for token in ("", "another-long-token"):
                stranger.setenv(NAMES[0], token)
                with pytest.raises(Refused, match="does not let us in") as caught:
                    export_to_mlflow(store, ["aa", "bb"], bench.url)
                assert all(name in caught.value.cure for name in NAMES)
                assert "another-long-token" not in str(caught.value)
            assert main(["runs", "export", "--all", "--to-mlflow", bench.url]) == 1
            assert "401" in capfd.readouterr().err
            stranger.setenv(NAMES[0], "a-token\r\nX-Evil: 1")
            with pytest.raises(WrongInput, match="is no token"):
                export_to_mlflow(store, ["aa"], bench.url)
            stranger.setenv(NAMES[0], bench.token)
            assert [each.problem for each in export_to_mlflow(store, ["aa", "bb"], bench.url)] == ["", ""]
        found = bench.ask("/runs?experiment=x")["items"]
        assert {each["tags"]["castalia.run_id"] for each in found} == {"aa", "bb"}
        assert [each["name"] for each in bench.ask(f"/runs/{found[0]['run_id']}/artifacts")] == ["a.txt"]
    finally:
        bench.kill()


@pytest.mark.slow
def test_mlflows_server_with_users(tmp_path: Path, stranger: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flask_wtf", reason="needs MLflow's app of users: pip install mlflow[auth]")
    stranger.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    secret = {"MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test", "MLFLOW_AUTH_ADMIN_PASSWORD": "a long password"}
    with (
        mlflow_server(tmp_path, "--app-name", "basic-auth", **secret) as url,
        Store.open(tmp_path / "home") as store,
    ):
        store.create_run("x", run_id="aa")
        for user, password in (("", ""), ("admin", "wrong")):
            stranger.setenv(NAMES[1], user)
            stranger.setenv(NAMES[2], password)
            with pytest.raises(Refused, match="does not let us in"):
                export_to_mlflow(store, ["aa"], url)
        stranger.setenv(NAMES[2], secret["MLFLOW_AUTH_ADMIN_PASSWORD"])
        stranger.setenv(NAMES[0], "a token that is passed over, as MLflow's client does")
        assert [each.problem for each in export_to_mlflow(store, ["aa"], url)] == [""]


def test_a_version_of_a_path_is_left_out_and_said(tmp_path: Path, theirs: Path) -> None:
    copy = tmp_path / "mlflow.db"
    shutil.copy(theirs / "mlflow.db", copy)
    with sqlite3.connect(copy) as raw:
        raw.execute("UPDATE model_versions SET source = '/etc', storage_location = '/etc' WHERE version = 1")
    with Store.open(tmp_path / "home") as store:
        notes = [each.note for each in import_mlflow(store, copy, theirs / "art") if each.run_id == "models:/M"]
        assert "versions 1" in notes[0]
        assert [each.version for each in store.versions("M")] == [2] and store.resolve("M").version == 2


def test_a_version_of_a_far_number_is_refused(tmp_path: Path, theirs: Path) -> None:
    copy = tmp_path / "mlflow.db"
    shutil.copy(theirs / "mlflow.db", copy)
    with sqlite3.connect(copy) as raw:
        raw.execute("UPDATE model_versions SET version = 2147483647 WHERE version = 1")
    with Store.open(tmp_path / "home") as store:
        problems = [each.problem for each in import_mlflow(store, copy, theirs / "art") if each.problem]
        assert "2147483647" in problems[0] and store.models() == []
