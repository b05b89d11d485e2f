"""castalia.track.protocol: experiments, runs and metrics, held against what mlflow's own server answers."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow_requests
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from castalia.core.settings import Settings
from castalia.track import Store
from castalia.track.protocol import history
from castalia.web.app import create_app

API = "/api/2.0/mlflow"
OTHERWISE = {
    "a bad page": "our pages go on behind a point, not at an offset, and the words say so",
    "a list as value": "there the answer is 500",
    "location with a query upwards": "it is refused as a fragment is",
    "rename the deleted experiment": "there the answer is 500, which a client asks again for minutes",
}
"""Steps that we answer in other words, or better, and why."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One workbench for all tests of this file; each makes experiments and runs of its own."""
    app = create_app(Settings(home=tmp_path_factory.mktemp("protocol")))
    with TestClient(app, base_url="http://localhost:8000") as made:
        yield made


@pytest.fixture(scope="module")
def store(bench: TestClient) -> Store:
    found: Store = bench.app.state.parts.store  # type: ignore[attr-defined]
    return found


def send(bench: TestClient, path: str, **fields: Any) -> dict[str, Any]:
    answer = bench.post(f"{API}/{path}", json=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(bench: TestClient, path: str, **fields: Any) -> str:
    answer = bench.post(f"{API}/{path}", json=fields)
    assert answer.status_code in (400, 404), answer.text
    return str(answer.json()["message"])


def read(bench: TestClient, path: str, **fields: Any) -> dict[str, Any]:
    answer = bench.get(f"{API}/{path}", params=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def begin(bench: TestClient, **fields: Any) -> str:
    return str(send(bench, "runs/create", **({"experiment_id": "0"} | fields))["run"]["info"]["run_id"])


def experiment(bench: TestClient) -> str:
    return str(send(bench, "experiments/create", name=f"e {time.monotonic_ns()}")["experiment_id"])


def within(theirs: Any, ours: Any) -> bool:
    """Whether everything that they say we say too."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return all(key in ours and within(value, ours[key]) for key, value in theirs.items())
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(within, theirs, ours))
    return bool(theirs == ours)


def test_answers_are_those_of_the_real_server(tmp_path: Path, place: str) -> None:
    with TestClient(create_app(Settings(home=tmp_path, store=place)), base_url="http://localhost:8000") as bench:
        check_recorded(bench)


def test_the_histories_of_many_runs_are_alike_in_every_database(tmp_path: Path, place: str) -> None:
    with TestClient(create_app(Settings(home=tmp_path, store=place)), base_url="http://localhost:8000") as bench:
        runs = sorted(begin(bench) for _ in range(2))
        for run in runs:
            for step, time_, value in ((3, 1, 2.0), (1, 2, "NaN"), (2, 1, "Infinity"), (3, 1, 1.0)):
                send(bench, "runs/log-metric", run_id=run, key="m", value=value, timestamp=time_, step=step)
        found = read(bench, "metrics/get-history-bulk", run_id=runs[::-1], metric_key="m", max_results=7)["metrics"]
        order = [(1, 2, "Infinity"), (1, 3, 1.0), (1, 3, 2.0), (2, 1, "NaN")]
        said = [(each["run_id"], each["timestamp"], each["step"], each["value"]) for each in found]
        assert said == [(run, *point) for run in runs for point in order][:7]


def check_recorded(bench: TestClient) -> None:
    def ask(method: str, path: str, data: dict[str, Any] | str) -> tuple[int, Any]:
        if method == "GET":
            assert isinstance(data, dict)
            answer = bench.get(f"{API}/{path}", params=data)
        else:
            body = data if isinstance(data, str) else json.dumps(data)
            answer = bench.post(f"{API}/{path}", content=body, headers={"content-type": "application/json"})
        return answer.status_code, answer.json()

    theirs = json.loads(mlflow_requests.GOLDEN.read_text("utf-8"))
    ours = mlflow_requests.replay(ask, f"n{time.monotonic_ns()}")
    assert set(theirs) == set(ours)
    other = {
        name: (said, ours[name])
        for name, said in theirs.items()
        if said["status"] != ours[name]["status"] or not within(said["body"], ours[name]["body"])
    }
    wrong = {name: pair for name, pair in other.items() if name not in OTHERWISE}
    assert not wrong, json.dumps(wrong, indent=1)[:4000]
    assert all(ours[name]["status"] == 400 for name in OTHERWISE)
    assert set(OTHERWISE) <= set(other), "listed as different, and the same"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_recording_is_what_the_real_server_answers(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = f"sqlite:///{tmp_path}/mlflow.db"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", where, "--artifacts-destination",
               str(tmp_path / "files"), "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True)
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                    break
            except OSError:
                assert server.poll() is None, (tmp_path / "log").read_text()[-2000:]
                time.sleep(0.5)
        found = mlflow_requests.replay(mlflow_requests.asking(f"http://127.0.0.1:{port}"), "nlive-recording")
    finally:
        os.killpg(server.pid, 15)
        server.wait(20)
    recorded = json.loads(mlflow_requests.GOLDEN.read_text("utf-8"))
    assert {name: found[name] for name in recorded if found[name] != recorded[name]} == {}


def traffic() -> list[Path]:
    """Requests of real clients, recorded; they lie beside the data sets, not in the repository."""
    beside = Path(os.environ.get("CASTALIA_DATA", "")).parent / "reference" / "mlflow-traffic"
    return sorted(beside.glob("*.json"))


@pytest.mark.skipif(not traffic(), reason="needs the recorded traffic beside the folder of CASTALIA_DATA")
@pytest.mark.parametrize("path", traffic(), ids=lambda path: path.stem)
def test_recorded_clients_are_answered(bench: TestClient, path: Path) -> None:
    """What the real clients sent about runs and their models, in order; ours stand for those of the recording."""
    where, sent = experiment(bench), 0
    made: dict[str, list[str]] = {"runs": [], "models": []}
    names: dict[str, dict[str, str]] = {"runs": {}, "models": {}}
    forms = {"runs": r"(?<![0-9a-f-])[0-9a-f]{32}(?![0-9a-f])", "models": r"m-[0-9a-f]{32}"}

    def ours(text: str) -> str:
        for kind, form in forms.items():
            for old in dict.fromkeys(re.findall(form, text)):
                known = names[kind]
                if old not in known:
                    if len(known) == len(made[kind]):
                        made[kind].append(begin(bench) if kind == "runs" else model())
                    known[old] = made[kind][len(known)]
                text = text.replace(old, known[old])
        return text

    def model() -> str:
        answer = bench.post(f"{API}/logged-models", json={"experiment_id": where, "name": "m"})
        return str(answer.json()["model"]["info"]["model_id"])

    for method, address, _, _, status, body, _ in json.loads(path.read_text("utf-8")):
        noun, _, verb = address.removeprefix(f"{API}/").partition("/")
        if noun not in ("runs", "logged-models") or verb == "search" or body is None or "<" in address:
            continue
        fields = body | ({"experiment_id": where} if "experiment_id" in body else {})
        answer = bench.request(method, ours(address), content=ours(json.dumps(fields)),
                               headers={"content-type": "application/json"})  # fmt: skip
        assert answer.status_code == status, (address, json.dumps(fields)[:300], answer.text)
        sent += 1
        if (noun, verb) == ("runs", "create"):
            made["runs"].append(answer.json()["run"]["info"]["run_id"])
        elif (noun, verb) == ("logged-models", ""):
            made["models"].append(answer.json()["model"]["info"]["model_id"])
    assert sent or path.stem in ("alias_load", "load_by_model_id", "read", "set_experiment", "trace")


values = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-3, 3).map(float)
points = st.tuples(
    st.integers(-2, 2) | st.integers(-(2**63), 2**63 - 1), st.integers(0, 3) | st.integers(0, 2**63 - 1), values
)


def spoken(value: float) -> Any:
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"


def rank(point: tuple[int, int, float]) -> tuple[int, int, bool, float]:
    step, moment, value = point
    return step, moment, math.isnan(value), 0.0 if math.isnan(value) else value


@property_settings(max_examples=60)
@given(series=st.lists(st.lists(points, min_size=1, max_size=6), min_size=1, max_size=5), page=st.integers(1, 7))
def test_history_is_the_set_of_points_in_order_and_latest_its_last(
    bench: TestClient, series: list[list[tuple[int, int, float]]], page: int
) -> None:
    """The oracle is a dict of points; every other batch goes one by one, and the first is sent twice."""
    run = begin(bench)
    for i, some in enumerate([*series, series[0]]):
        rows = [{"key": "m", "value": spoken(v), "timestamp": t, "step": s} for s, t, v in some]
        if i % 2:
            for row in rows:
                send(bench, "runs/log-metric", run_id=run, **row)
        else:
            send(bench, "runs/log-batch", run_id=run, metrics=rows)
    unique = {rank(point): point for some in series for point in some}
    expected = [{"key": "m", "value": spoken(v), "timestamp": t, "step": s}
                for _, (s, t, v) in sorted(unique.items(), key=lambda pair: pair[0])]  # fmt: skip
    assert read(bench, "metrics/get-history", run_id=run, metric_key="m")["metrics"] == expected
    assert read(bench, "runs/get", run_id=run)["run"]["data"]["metrics"] == expected[-1:]
    paged: list[Any] = []
    token = None
    while token is None or token:
        more = {"page_token": token} if token else {}
        answer = read(bench, "metrics/get-history", run_id=run, metric_key="m", max_results=page, **more)
        paged, token = paged + answer["metrics"], answer.get("next_page_token", "")
        assert len(answer["metrics"]) <= page
    assert paged == expected
    bulk = read(bench, "metrics/get-history-bulk-interval", run_ids=run, metric_key="m", max_results=page)["metrics"]
    assert all(point.pop("run_id") == run for point in bulk)
    places = [expected.index(point) for point in bulk]
    assert places == sorted(set(places)) and len(places) == min(page, len(expected)) and places[-1] == len(expected) - 1
    assert page == 1 or places[0] == 0


def test_pages_stand_still_while_points_come_in(bench: TestClient) -> None:
    run = begin(bench)
    send(bench, "runs/log-batch", run_id=run,
         metrics=[{"key": "m", "value": 1, "timestamp": 1, "step": s} for s in range(0, 20, 2)])  # fmt: skip
    first = read(bench, "metrics/get-history", run_id=run, metric_key="m", max_results=5)
    send(bench, "runs/log-metric", run_id=run, key="m", value=1, timestamp=1, step=1)
    rest = read(bench, "metrics/get-history", run_id=run, metric_key="m", max_results=9,
                page_token=first["next_page_token"])  # fmt: skip
    assert [point["step"] for point in first["metrics"] + rest["metrics"]] == list(range(0, 20, 2))
    assert "next_page_token" not in rest


def test_a_page_is_bounded_whatever_is_asked(bench: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin(bench)
    for start in range(0, 26_000, 1000):
        rows = [{"key": "m", "value": s, "timestamp": s, "step": s} for s in range(start, start + 1000)]
        send(bench, "runs/log-batch", run_id=run, metrics=rows)
    first = read(bench, "metrics/get-history", run_id=run, metric_key="m", max_results=10**9)
    assert len(first["metrics"]) == 25_000 and first["next_page_token"]
    monkeypatch.setattr(history, "MOST_POINTS", 7_000)  # so that the whole is read in several parts
    whole = read(bench, "metrics/get-history", run_id=run, metric_key="m")["metrics"]
    monkeypatch.setattr(history, "WHOLE", 14_000 - 2)  # the end of a part, and of what is answered at once
    most = read(bench, "metrics/get-history", run_id=run, metric_key="m")
    rest = read(bench, "metrics/get-history", run_id=run, metric_key="m", page_token=most["next_page_token"])
    assert [len(part["metrics"]) for part in (most, rest)] == [13_998, 12_002] and "next_page_token" not in rest
    assert most["metrics"] + rest["metrics"] == whole
    assert [point["step"] for point in whole] == list(range(26_000))
    bulk = read(bench, "metrics/get-history-bulk-interval", run_ids=run, metric_key="m", start_step=10, end_step=9_999)
    steps = [point["step"] for point in bulk["metrics"]]
    assert len(steps) == 2500 and (steps[0], steps[-1]) == (10, 9_999)
    assert {b - a for a, b in itertools.pairwise(steps)} <= {3, 4, 5}


BAD = {
    "a metric's key": {"metrics": [{"key": "a|b", "value": 1, "timestamp": 1}]},
    "a metric's value": {"metrics": [{"key": "a", "value": "high", "timestamp": 1}]},
    "a metric's step": {"metrics": [{"key": "a", "value": 1, "timestamp": 1, "step": 2**63}]},
    "a metric's time": {"metrics": [{"key": "a", "value": 1, "timestamp": 1.5}]},
    "a metric that is none": {"metrics": [1]},
    "a param's key": {"params": [{"key": "", "value": "1"}]},
    "a param twice": {"params": [{"key": "t", "value": "1"}] * 2},
    "a param otherwise": {"params": [{"key": "said", "value": "2"}]},
    "a param with NUL": {"params": [{"key": "t", "value": "a\0b"}]},
    "a tag's key": {"tags": [{"key": "../t", "value": "1"}]},
    "too many tags": {"tags": [{"key": f"t{i}", "value": ""} for i in range(101)]},
}


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_batch_is_whole_or_nothing(bench: TestClient, bad: str) -> None:
    run = begin(bench)
    send(bench, "runs/log-batch", run_id=run, params=[{"key": "said", "value": "1"}])
    before = read(bench, "runs/get", run_id=run)
    good: dict[str, list[Any]] = {
        "metrics": [{"key": "lost", "value": 1, "timestamp": 1, "step": 0}],
        "params": [{"key": "lost", "value": "1"}],
        "tags": [{"key": "lost", "value": "1"}, {"key": "mlflow.runName", "value": "lost"}],
    }
    assert refused(bench, "runs/log-batch", run_id=run, **{key: good[key] + BAD[bad].get(key, []) for key in good})
    assert read(bench, "runs/get", run_id=run) == before
    assert read(bench, "metrics/get-history", run_id=run, metric_key="lost") == {"metrics": []}


def test_a_run_has_one_name_however_it_is_said(bench: TestClient, store: Store) -> None:
    def names() -> tuple[str, str, str]:
        found = read(bench, "runs/get", run_id=run)["run"]
        tag = {pair["key"]: pair["value"] for pair in found["data"]["tags"]}["mlflow.runName"]
        return found["info"]["run_name"], tag, store.run(run)["name"]

    run = begin(bench)
    first = names()
    assert len(set(first)) == 1 and len(first[0].split("-")) == 3
    for name, how in (("a", {"path": "runs/update", "run_name": "a"}),
                      ("b", {"path": "runs/set-tag", "key": "mlflow.runName", "value": "b"}),
                      ("c", {"path": "runs/log-batch", "tags": [{"key": "mlflow.runName", "value": "c"}]}),
                      ("c", {"path": "runs/set-tag", "key": "mlflow.runName", "value": ""}),
                      ("c", {"path": "runs/update", "run_name": ""})):  # fmt: skip
        send(bench, run_id=run, **how)  # type: ignore[arg-type]
        assert set(names()) == {name}
    store.set_tags(run, {"mlflow.runName": "d"})
    assert set(names()) == {"d"}


def test_parents_are_known_and_never_their_own(bench: TestClient, store: Store) -> None:
    parent = begin(bench)
    child = begin(bench, tags=[{"key": "mlflow.parentRunId", "value": parent}])
    assert [item["run_id"] for item in store.runs(parent=parent).items] == [child]
    for above in (child, parent):
        send(bench, "runs/set-tag", run_id=parent, key="mlflow.parentRunId", value=above)
        assert parent not in [item["run_id"] for item in store.runs(parent=above).items]
    send(bench, "runs/set-tag", run_id=parent, key="mlflow.parentRunId", value="0" * 32)
    late = begin(bench)
    send(bench, "runs/log-batch", run_id=late, tags=[{"key": "mlflow.parentRunId", "value": child}])
    assert [item["run_id"] for item in store.runs(parent=child).items] == [late]


def test_an_experiment_takes_its_active_runs_along_and_brings_these_back(bench: TestClient) -> None:
    where = experiment(bench)
    runs = [begin(bench, experiment_id=where) for _ in range(3)]
    send(bench, "runs/delete", run_id=runs[0])

    def stages() -> list[str]:
        return [read(bench, "runs/get", run_id=run)["run"]["info"]["lifecycle_stage"] for run in runs]

    for _ in range(2):
        send(bench, "experiments/delete", experiment_id=where)
        assert stages() == ["deleted"] * 3
        send(bench, "experiments/restore", experiment_id=where)
        assert stages() == ["deleted", "active", "active"]


def test_a_run_is_ended_by_its_client_and_seen_so_natively(bench: TestClient, store: Store) -> None:
    run = begin(bench)
    for status, own in (("SCHEDULED", "queued"), ("FAILED", "failed"), ("KILLED", "cancelled"), ("FINISHED", "done")):
        info = send(bench, "runs/update", run_id=run, status=status, end_time=2**63 - 1)["run_info"]
        assert (info["status"], info["end_time"]) == (status, 2**63 - 1)
        assert store.run(run)["status"] == own
    assert "status" in refused(bench, "runs/update", run_id=run, status="DONE")


def test_what_a_run_used_and_made_is_told(bench: TestClient, store: Store) -> None:
    """The rows are put straight into the tables: who writes them is another module."""
    from castalia.track import schema
    from castalia.track.runs import run_number

    run = begin(bench)
    with store.database.write() as connection:
        number = run_number(connection, run)
        dataset = {"experiment": 0, "name": "iris", "digest": "d", "source_type": "t", "source": "s", "profile": "{}"}
        made = connection.execute(schema.datasets.insert().values(dataset).returning(schema.datasets.c.id)).scalar_one()
        tags = json.dumps({"mlflow.data.context": "training"})
        connection.execute(schema.run_datasets.insert().values(run=number, dataset=made, tags=tags))
        for direction, step in (("input", 0), ("output", 5)):
            link = {"run": number, "direction": direction, "model_id": f"m-{direction}", "step": step}
            connection.execute(schema.run_models.insert().values(link))
    found = read(bench, "runs/get", run_id=run)["run"]
    entry = found["inputs"]["dataset_inputs"][0]
    assert entry["tags"] == [{"key": "mlflow.data.context", "value": "training"}]
    assert entry["dataset"] == {key: dataset[key] for key in dataset if key != "experiment"}
    assert found["inputs"]["model_inputs"] == [{"model_id": "m-input"}]
    assert found["outputs"]["model_outputs"] == [{"model_id": "m-output", "step": 5}]


def test_models_of_old_clients_are_kept_in_a_tag(bench: TestClient) -> None:
    run = begin(bench)
    models = [{"artifact_path": f"m{i}", "flavors": {}, "utc_time_created": "now", "run_id": run} for i in range(2)]
    for model in models:
        send(bench, "runs/log-model", run_id=run, model_json=json.dumps(model))
    tags = {tag["key"]: tag["value"] for tag in read(bench, "runs/get", run_id=run)["run"]["data"]["tags"]}
    assert json.loads(tags["mlflow.log-model.history"]) == models
    lacking = refused(bench, "runs/log-model", run_id=run, model_json='{"flavors": {}}')
    assert "artifact_path" in lacking and "flavors" not in lacking
    assert "Malformed" in refused(bench, "runs/log-model", run_id=run, model_json="[" * 100_000)


LOCATIONS = ["file:///etc", "/etc", "../x", "x", "C:/x", "c:\\x", "\\\\host\\x", "s3://b/../x", "s3://b/%2e%2e/x",
             "s3://b/x#/../../y", "s3://b/x?../../y", "runs:/x/y", "s3://b/x;../y", "s3://" + "b" * 3000]  # fmt: skip


@pytest.mark.parametrize("location", LOCATIONS, ids=lambda text: text[:24])
def test_files_are_never_placed_on_the_server_by_a_client(bench: TestClient, location: str) -> None:
    refused(bench, "experiments/create", name=f"at {location[:30]}", artifact_location=location)
    answer = bench.get(f"{API}/experiments/get-by-name", params={"experiment_name": f"at {location[:30]}"})
    assert answer.status_code == 404


def test_many_clients_at_once_lose_and_double_nothing(bench: TestClient) -> None:
    run, threads, each = begin(bench), 6, 40
    faults: list[object] = []

    def work(number: int) -> None:
        try:
            for step in range(each):
                for _ in range(2):  # as a client does that heard no answer
                    send(bench, "runs/log-metric", run_id=run, key="m", value=number, timestamp=number, step=step)
                send(bench, "runs/log-batch", run_id=run, tags=[{"key": f"t{number}", "value": str(step)}],
                     params=[{"key": f"p{number}.{step}", "value": "1"}])  # fmt: skip
        except BaseException as error:
            faults.append(error)

    crowd = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert not faults
    found = read(bench, "metrics/get-history", run_id=run, metric_key="m")["metrics"]
    assert [(point["step"], point["value"]) for point in found] == [(s, n) for s in range(each) for n in range(threads)]
    data = read(bench, "runs/get", run_id=run)["run"]["data"]
    assert len(data["params"]) == threads * each
    assert {tag["key"]: tag["value"] for tag in data["tags"] if tag["key"][0] == "t"} == {
        f"t{number}": str(each - 1) for number in range(threads)
    }


def test_what_is_measured_of_a_model_is_kept_with_it_or_not_at_all(bench: TestClient) -> None:
    run = begin(bench)
    made = bench.post(f"{API}/logged-models", json={"experiment_id": "0", "name": "m", "source_run_id": run})
    model = made.json()["model"]["info"]["model_id"]
    row = {"key": "acc", "value": 0.5, "timestamp": 1, "step": 3}
    of = {"model_id": model, "dataset_name": "iris", "dataset_digest": "d"}
    send(bench, "runs/log-metric", run_id=run, **row, **of)
    send(bench, "runs/log-batch", run_id=run, metrics=[row | of, row | of | {"key": "loss"}, row | {"key": "plain"}])
    told = bench.get(f"{API}/logged-models/{model}").json()["model"]["data"]["metrics"]
    assert sorted((point["key"], point["value"], point["dataset_name"], point["run_id"]) for point in told) == [
        ("acc", 0.5, "iris", run), ("loss", 0.5, "iris", run),
    ]  # fmt: skip
    assert {point["key"] for point in read(bench, "runs/get", run_id=run)["run"]["data"]["metrics"]} == {
        "acc", "loss", "plain",
    }  # fmt: skip
    unknown = row | {"key": "lost", "model_id": "m-" + "0" * 32}
    assert "m-000" in refused(bench, "runs/log-batch", run_id=run, metrics=[row | {"key": "lost too"}, unknown])
    for key in ("lost", "lost too"):
        assert read(bench, "metrics/get-history", run_id=run, metric_key=key) == {"metrics": []}
