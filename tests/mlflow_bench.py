"""A workbench that the real mlflow client of this process logs to, and the client's settings put back afterwards."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client_fixtures import Bench

SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # an answer of 5xx shows at once
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",  # it would import every model once more, in a process of its own
}


DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)]
"""Every test of a client on both; half a minute more, so the second is for `make check`."""


def database_of(request: pytest.FixtureRequest) -> str:
    """What CASTALIA_STORE is to say for the fixture's param."""
    if request.param == "sqlite":
        return ""
    server = request.getfixturevalue("server")
    return str(server.url(server.database("castalia_tables")))


@pytest.fixture(scope="module", params=DATABASES)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """``castalia up`` in a process of its own, for all tests of a file; on either database."""
    made = Bench(tmp_path_factory.mktemp("home"), store=database_of(request)).start()
    yield made
    made.kill()


@pytest.fixture
def client(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """mlflow's client; the fluent functions log to the same bench, into an experiment named after the test."""
    import mlflow

    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    # set_experiment below is for this test only; the client has no way to take it back.
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(bench.url)
    mlflow.set_registry_uri(bench.url)
    mlflow.set_experiment(tmp_path.name)
    yield mlflow.MlflowClient()
    while mlflow.active_run():
        mlflow.end_run()
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


@pytest.fixture
def wire(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Any:
    """mlflow's client alone; nothing of the process is set to the bench."""
    import mlflow

    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return mlflow.MlflowClient(bench.url, bench.url)


def asked(bench: Bench, at: str, /, prefix: str = "/api", **fields: Any) -> tuple[int, Any]:
    """(status, JSON) of a GET of the protocol; a list is a field that is said again and again."""
    query = urllib.parse.urlencode(fields, doseq=True)
    return _told(urllib.request.Request(f"{bench.url}{prefix}/2.0/mlflow/{at}?{query}"))


def send(bench: Bench, at: str, /, prefix: str = "/api", method: str = "POST", **fields: Any) -> tuple[int, Any]:
    """(status, JSON) of a message of the protocol."""
    body, headers = json.dumps(fields).encode(), {"Content-Type": "application/json"}
    return _told(urllib.request.Request(f"{bench.url}{prefix}/2.0/mlflow/{at}", body, headers, method=method))


def _told(request: urllib.request.Request) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def points(client: Any, run_id: str, key: str) -> list[tuple[int, float]]:
    """(step, value) of every point of a metric."""
    return [(point.step, point.value) for point in client.get_metric_history(run_id, key)]


def names(client: Any, run_id: str, folder: str | None = None) -> set[str]:
    """The files and folders of a run, one level."""
    return {each.path for each in client.list_artifacts(run_id, folder)}
