"""Server, clients and PostgreSQL are killed under load: what was acknowledged is there, once, and nothing else is."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import fault_clients
import pytest
from client_fixtures import Bench, wait_for
from postgres import Cluster

from castalia import track
from castalia.core.settings import Settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")


class Client:
    """One of fault_clients.py; ``said`` are its lines so far."""

    def __init__(self, kind: str, url: str, seed: str) -> None:
        self.kind, self.said = kind, list[Any]()
        command = [sys.executable, fault_clients.__file__, kind, url, seed]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.said.append(json.loads(line))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)
        self.reader.join(20)


class Run:
    """What a run was sent and what of it was acknowledged, by the number of the request."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.sent: dict[int, list[int]] = {}
        self.kept: set[int] = set()


def told(clients: list[Client]) -> dict[str, Run]:
    """Every run that was spoken of."""
    runs: dict[str, Run] = {}
    for client in clients:
        for what, *words in list(client.said):
            assert what != "wrong", words
            run = runs.setdefault(words[0], Run(client.kind))
            if what == "sent":
                run.sent[words[1]] = words[2]
            elif what == "kept":
                run.kept.update(words[2])
    return runs


def history(bench: Bench, run_id: str) -> list[dict[str, Any]]:
    """All points of a run, page by page."""
    found, token = list[dict[str, Any]](), ""
    while True:
        asked = {"run_id": run_id, "metric_key": fault_clients.KEY, "max_results": 5000, "page_token": token}
        said = bench.ask(f"/api/2.0/mlflow/metrics/get-history?{urllib.parse.urlencode(asked)}")
        found += said["metrics"]
        token = said.get("next_page_token", "")
        if not token:
            return found


def check(bench: Bench, run_id: str, run: Run, over: bool = False) -> int:
    """Nothing acknowledged is missing, nothing is doubled or wrong; when it is ``over`` nothing else is there."""
    points = history(bench, run_id)
    assert all(each["value"] == fault_clients.value(each["step"]) for each in points)
    assert all(each["timestamp"] == each["step"] + 1 for each in points if run.kind != "native")
    times = Counter(each["step"] for each in points)
    assert set(times.values()) <= {1}, f"doubled: {[step for step, n in times.items() if n > 1]}"
    missing = sorted(step for step in run.kept if step >= 0 and step not in times)
    assert not missing, f"{run.kind} run {run_id} was acknowledged and is not there: {missing}"
    if run.kind == "native":
        assert not over or sorted(times) == list(range(len(times))), "a step in the middle is missing"
        return len(times)
    data = bench.ask(f"/api/2.0/mlflow/runs/get?run_id={run_id}")["run"]["data"]
    params = {each["key"]: each["value"] for each in data.get("params", [])}
    for number, steps in run.sent.items():
        there = sum(step in times for step in steps)
        if len(steps) > 1:
            assert there in (0, len(steps)), "half a batch"
            if run.kind == "raw":
                assert (f"p{number}" in params) == (there > 0) or not over, "half a batch"
        if steps == [-number] and -number in run.kept:
            assert params[f"q{number}"] == str(number)
    if over:
        sent = {step for steps in run.sent.values() for step in steps}
        assert set(times) <= sent, "what nobody sent is there"
        assert all(int(key[1:]) in run.sent and value == key[1:] for key, value in params.items())
    return len(times)


def sound(home: Path) -> None:
    """The file as the kill left it."""
    with closing(sqlite3.connect(home / "castalia.db", timeout=30)) as raw:
        assert raw.execute("PRAGMA quick_check").fetchall() == [("ok",)]


def kill_and_look(bench: Bench, kinds: list[str], seed: int, kills: int, cluster: Cluster | None = None) -> None:
    """``kills`` victims in turn: the server, PostgreSQL where there is one, a client."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    numbers = iter(range(10**6))
    bench.start()
    live = [Client(kind, bench.url, f"{seed}-{next(numbers)}") for kind in kinds]
    every = list(live)
    try:
        wait_for(lambda: all(any(line[0] == "kept" for line in client.said) for client in live), 50)
        seen: set[str] = set()
        for kill in range(kills):
            time.sleep(chance.uniform(0, 0.4))
            victims = ["server", "client"] if cluster is None else ["server", "backend", "client", "cluster"]
            victim = victims[kill % len(victims)]
            if victim == "server":
                bench.kill()
                if cluster is None:
                    sound(bench.home)
                bench.start()
            elif victim == "client":
                at = chance.randrange(len(live))
                live[at].kill()
                live[at] = Client(live[at].kind, bench.url, f"{seed}-{next(numbers)}")
                every.append(live[at])
            elif cluster is not None:
                kill_backend(cluster) if victim == "backend" else cluster.stop(signal.SIGQUIT)
                if victim == "cluster":
                    cluster.start()
                wait_for(lambda: answers(bench), 40)
            runs = told(every)
            for run_id in [*runs][-len(live) - 2 :]:  # those that were written at the moment
                if runs[run_id].kept:
                    check(bench, run_id, runs[run_id])
            seen |= {*runs}
    finally:
        for client in live:
            client.kill()
    left = track.sync(Settings.read().home, bench.url)
    assert not any(left), left
    runs = told(every)
    assert seen <= {*runs}
    counted = Counter[str]()
    for run_id, run in runs.items():
        if run.kept or run.kind == "native":
            counted[run.kind] += check(bench, run_id, run, over=True)
    print(f"{kills} kills, {len(runs)} runs, points: {dict(counted)}")
    assert all(counted[kind] > kills for kind in kinds)
    bench.kill()
    if cluster is None:
        sound(bench.home)


def answers(bench: Bench) -> bool:
    with suppress(OSError):
        return bool(bench.ask("/runs?limit=1"))
    return False


def kill_backend(cluster: Cluster) -> None:
    """SIGKILL of a process that serves a connection: PostgreSQL ends all others too and recovers from its log."""
    import psycopg

    with suppress(psycopg.OperationalError), psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'castalia' ORDER BY state_change DESC LIMIT 1"
        ).fetchone()
        if found:
            os.kill(found[0], signal.SIGKILL)


def seed() -> int:
    return int(os.environ.get("CASTALIA_SEED", time.time_ns() % 10**6))


def test_kills_lose_and_double_nothing(settings: Settings, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench")
    try:
        kill_and_look(bench, ["raw", "native"], seed(), 3)
    finally:
        bench.kill()


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_hundred_kills_lose_and_double_nothing(settings: Settings, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench")
    try:
        kill_and_look(bench, ["raw", "native", "mlflow", "raw"], seed(), 100)
    finally:
        bench.kill()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("postgres")
def test_kills_of_server_client_and_database(
    settings: Settings, tmp_path: Path, server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASTALIA_STORE", server.url(server.database("castalia_tables")))
    bench = Bench(tmp_path / "bench")
    try:
        kill_and_look(bench, ["raw", "native", "mlflow"], seed(), 32, server)
    finally:
        bench.kill()
