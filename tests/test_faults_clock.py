"""The clock of server and client goes back in mid-run, by hours and to 1970: nothing is lost, refused or out of order.

A ``sitecustomize.py`` puts a clock before the interpreter's own that is moved by a file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from client_fixtures import Bench

from castalia.core.settings import Settings
from castalia.track import Store

API = "/api/2.0/mlflow"
HOUR = 3600
CLOCK = """
import os, time
_time, _time_ns, _place = time.time, time.time_ns, os.environ["TEST_CLOCK"]
def _moved():
    with open(_place) as file:
        return float(file.read() or 0)
time.time = lambda: max(1.0, _time() + _moved())
time.time_ns = lambda: max(10**9, _time_ns() + int(_moved() * 10**9))
"""


@pytest.fixture
def move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """move(-3600): the clock of every process that is started from here stands an hour back."""
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(CLOCK)
    place = tmp_path / "clock" / "moved"
    place.write_text("0")
    monkeypatch.setenv("TEST_CLOCK", str(place))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "clock"), os.environ.get("PYTHONPATH", "")]))

    def to(seconds: float) -> None:
        draft = place.with_suffix(".part")
        draft.write_text(str(seconds))
        draft.replace(place)

    yield to


def post(bench: Bench, path: str, **fields: Any) -> Any:
    status, said = bench.send(f"{API}/{path}", json.dumps(fields).encode(), media="application/json")
    assert status == 200, said
    return said


def test_the_clock_of_the_server(settings: Settings, tmp_path: Path, move: Callable[[float], None]) -> None:
    bench = Bench(tmp_path / "bench").start()
    try:
        before = post(bench, "runs/create", experiment_id="0")["run"]["info"]
        post(bench, "runs/log-metric", run_id=before["run_id"], key="m", value=1, timestamp=1000, step=0)
        made = list[str]()
        for back in (-2 * HOUR, -(10**12)):
            move(back)
            made += [post(bench, "runs/create", experiment_id="0")["run"]["info"]["run_id"] for _ in range(10)]
        assert len({before["run_id"], *made}) == 21
        assert [before["run_id"], *made] == sorted([before["run_id"], *made]), "ids of one server go on upwards"
        post(bench, "runs/log-metric", run_id=before["run_id"], key="m", value=2, timestamp=500, step=1)
        post(bench, "runs/log-batch", run_id=before["run_id"], tags=[{"key": "a", "value": "b"}])
        post(bench, "runs/update", run_id=before["run_id"], status="FINISHED", end_time=5)
        found = bench.ask(f"{API}/metrics/get-history?run_id={before['run_id']}&metric_key=m")["metrics"]
        assert [(each["step"], each["timestamp"], each["value"]) for each in found] == [(0, 1000, 1), (1, 500, 2)]
        post(bench, "experiments/delete", experiment_id=post(bench, "experiments/create", name="gone")["experiment_id"])
        listed = [each["run_id"] for each in bench.ask("/runs?order=-started&limit=100")["items"]]
        assert sorted(listed) == sorted([before["run_id"], *made])
        assert bench.ask(f"/runs/{before['run_id']}/alerts") == []
        bench.kill()
        bench.start()  # with the clock as it now stands
        again = post(bench, "runs/create", experiment_id="0")["run"]["info"]["run_id"]
        assert again not in {before["run_id"], *made}
        assert bench.ask("/runs?limit=1")["total"] == 22
    finally:
        bench.kill()


def test_the_clock_of_a_client(settings: Settings, tmp_path: Path, move: Callable[[float], None]) -> None:
    bench = Bench(tmp_path / "bench").start()
    code = f"""
        import os, castalia
        def move(seconds):
            with open(os.environ["TEST_CLOCK"], "w") as file:
                file.write(str(seconds))
        with castalia.run("clock", server={bench.url!r}, capture="none") as run:
            print(run.run_id)
            for step in range(300):
                if step % 60 == 30:
                    move(-{HOUR} * step)
                run.log(step, loss=float(step))
                if step % 100 == 0:
                    run.flush()
            run.artifact("a", "text")
        assert not run.left(), str(run.left())
    """
    try:
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stderr
        run = done.stdout.strip()
        assert bench.series(run) == [(step, float(step)) for step in range(300)]
        seen = bench.ask(f"/runs/{run}")
        assert seen["status"] == "done" and seen["ended"] >= seen["started"], "an end is not before its start"
        assert seen["summary"]["loss"]["last"] == 299, "the last is that of the greatest step"
        stamps = bench.ask(f"/runs/{run}/metrics?points=1000")["loss"]["time"]
        assert any(later < earlier for earlier, later in pairwise(stamps)), "it did go back"
    finally:
        bench.kill()


def test_the_clock_of_a_program_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from castalia.track import naming, runs

    real = naming.now
    with Store.open(tmp_path / "home") as store:
        run = store.create_run("e")
        for module in (naming, runs):
            if hasattr(module, "now"):
                monkeypatch.setattr(module, "now", lambda: real() - 10**9)
        store.log_metrics(run, [("m", 1, 5, 1.0)])
        store.finish(run, "done")
        seen = store.run(run)
        assert seen["ended"] >= seen["started"]
