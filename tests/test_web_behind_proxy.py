"""A real workbench, the real mlflow client: with tokens, under a base path, through a proxy."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from web_process import Workbench

from castalia.web import tokens

BASE = "/lab/castalia"
HOST = "lab.example"


class Proxy(ThreadingHTTPServer):
    """Hands on what comes, under the public name, and takes off ``prefix`` as nginx does with a slash at the end."""

    daemon_threads = True

    def __init__(self, port: int, prefix: str) -> None:
        self.port, self.prefix = port, prefix
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        headers |= {"Host": HOST, "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request(self.command, self.path.removeprefix(self.server.prefix), body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _hand_on

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, dict[str, str]]]:
    home = tmp_path_factory.mktemp("proxied")
    made = {role: tokens.add(home, f"the-{role}", role) for role in ("reader", "writer", "admin")}
    with Workbench(home, host="0.0.0.0", base_path=BASE, allow_hosts=[HOST]) as found:
        yield found, made


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = pytest.importorskip("mlflow", reason="the real client is not installed")
    for name in ("TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    return found


def a_days_work(mlflow: Any, uri: str, folder: Path) -> None:
    """What a training script does, and what it finds again."""
    client = mlflow.MlflowClient(uri)
    name = f"work {uri} {folder.name}"
    run = client.create_run(client.create_experiment(name))
    client.log_param(run.info.run_id, "rate", 0.1)
    client.log_metric(run.info.run_id, "loss", 0.5, step=3)
    (folder / "note.txt").write_text("kept")
    client.log_artifact(run.info.run_id, str(folder / "note.txt"), "notes")
    client.set_terminated(run.info.run_id)
    found = client.search_runs([run.info.experiment_id], "metrics.loss < 1")
    assert [each.info.run_id for each in found] == [run.info.run_id] and found[0].data.params == {"rate": "0.1"}
    assert [each.path for each in client.list_artifacts(run.info.run_id, "notes")] == ["notes/note.txt"]
    (folder / "back").mkdir()
    back = client.download_artifacts(run.info.run_id, "notes/note.txt", str(folder / "back"))
    assert Path(back).read_text() == "kept"


@pytest.mark.parametrize("prefix", ["", BASE])
def test_the_client_works_through_a_proxy(
    bench: tuple[Workbench, dict[str, str]], mlflow: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prefix: str
) -> None:
    """Whether the proxy takes the prefix off or not."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", bench[1]["writer"])
    with Proxy(bench[0].port, prefix) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        a_days_work(mlflow, proxy.address + BASE, tmp_path)
        proxy.shutdown()


def test_the_client_sends_the_token_as_a_password_too(
    bench: tuple[Workbench, dict[str, str]], mlflow: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "somebody")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", bench[1]["writer"])
    a_days_work(mlflow, bench[0].root, tmp_path)


def test_the_client_reads_the_guards_errors(
    bench: tuple[Workbench, dict[str, str]], mlflow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = mlflow.MlflowClient(bench[0].root)
    for token, code, word in (("", "UNAUTHENTICATED", "token"), ("wrong", "UNAUTHENTICATED", "token"),
                              (bench[1]["reader"], "PERMISSION_DENIED", "role writer")):  # fmt: skip
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
        with pytest.raises(mlflow.exceptions.MlflowException) as caught:
            client.create_experiment("not mine")
        assert caught.value.error_code == code and word in str(caught.value)
    assert [each.name for each in client.search_experiments()].count("not mine") == 0


def test_what_a_stranger_learns_is_that_it_is_up(bench: tuple[Workbench, dict[str, str]]) -> None:
    """server-info too, which MLflow answers to everybody; with a token it tells nothing of the machine."""
    for prefix in ("/api", "/ajax-api"):
        path = f"{prefix}/3.0/mlflow/server-info"
        status, body, _ = bench[0].ask(path)
        assert status == 401 and b"UNAUTHENTICATED" in body
        status, body, _ = bench[0].ask(path, authorization=f"Bearer {bench[1]['reader']}")
        assert status == 200 and b"/" not in body and not any(token.encode() in body for token in bench[1].values())
    assert bench[0].ask("/health")[0] == 200
    assert bench[0].ask("/version")[0] == 401
    assert bench[0].ask("/", host="evil.example")[0] == 403


def test_the_learners_own_does_not_pass_a_proxy(bench: tuple[Workbench, dict[str, str]]) -> None:
    own = {"authorization": f"Bearer {bench[1]['admin']}"}
    assert bench[0].ask("/checks/x", **own)[0] == 404
    with Proxy(bench[0].port, "") as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", proxy.server_address[1], timeout=30)
        connection.request("GET", f"{BASE}/checks/x", headers={"Authorization": own["authorization"]})
        assert connection.getresponse().status == 403
        connection.close()
        proxy.shutdown()
