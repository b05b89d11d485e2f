"""Client and workbench are killed at random, under load: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from client_fixtures import Bench

from castalia import track
from castalia.core.settings import Settings

TRAINING = """
import sys, time, castalia
with castalia.run("kill", {"seed": sys.argv[2]}, server=sys.argv[1], capture="none") as run:
    print("run", run.run_id, flush=True)
    for step in range(1_000_000):
        run.log(step, loss=step * 0.5, acc=-float(step))
        if step % 50 == 0:
            time.sleep(0.005)
        if step % 997 == 0:
            run.artifact(f"part-{step}", f"content of {step}" * 1000)
            run.tags(step=step)
            run.alert(f"alert {step}")
        if step % 331 == 0:
            run.flush()
            print("acknowledged", step, flush=True)
"""


def train_and_kill(bench: Bench, chance: random.Random, seed: int, kills: int = 2) -> tuple[str, int]:
    """(run id, last acknowledged step) of a training that was killed, while the workbench was too or not."""
    command = [sys.executable, "-c", TRAINING, bench.url, str(seed)]
    training = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    lines: list[str] = []
    assert training.stdout is not None
    out = training.stdout
    reader = threading.Thread(target=lambda: lines.extend(out), daemon=True)
    reader.start()
    until = time.monotonic() + 30
    while not lines and time.monotonic() < until:
        time.sleep(0.005)
    try:
        for _ in range(chance.randint(0, kills)):
            time.sleep(chance.uniform(0, 0.5))
            bench.kill()
            time.sleep(chance.uniform(0, 0.3))
            if chance.random() < 0.7:
                bench.start()
        time.sleep(chance.uniform(0, 0.6))
    finally:
        training.kill()
        training.wait(20)
    reader.join(20)
    said = [line.split() for line in lines if line.endswith("\n")]
    assert said and said[0][0] == "run", lines
    return said[0][1], max((int(words[1]) for words in said if words[0] == "acknowledged"), default=-1)


def check(bench: Bench, run_id: str, acknowledged: int) -> int:
    """Every step up to a last one, once, with its value; what came with it too. The number of steps."""
    for key, factor in (("loss", 0.5), ("acc", -1.0)):
        points = bench.series(run_id, key)
        steps = [step for step, _ in points]
        assert steps == list(range(len(steps))), "a step is missing or doubled"
        assert len(steps) > acknowledged, f"{acknowledged} was acknowledged, {len(steps)} are there"
        assert all(value == step * factor for step, value in points)
    files = {each["name"]: each["sha256"] for each in bench.ask(f"/runs/{run_id}/artifacts")}
    alerts = [each["text"] for each in bench.ask(f"/runs/{run_id}/alerts")]
    for step in range(0, acknowledged + 1, 997):
        assert files[f"part-{step}.txt"] == hashlib.sha256((f"content of {step}" * 1000).encode()).hexdigest()
        assert alerts.count(f"alert {step}") == 1 or len(alerts) == 10, "ten in a minute are heard"
    if acknowledged >= 0:
        last = int(bench.ask(f"/runs/{run_id}")["tags"]["step"])
        assert last >= acknowledged - acknowledged % 997, "an old tag came after a new one"
    return len(steps)


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1500)])])
def test_nothing_acknowledged_is_lost_or_doubled(rounds: int, settings: Settings, tmp_path: Path) -> None:
    seed = int(os.environ.get("CASTALIA_SEED", time.time_ns() % 10**6))
    print(f"seed {seed}")
    bench = Bench(tmp_path / "bench").start()
    done: list[tuple[str, int]] = []
    try:
        for number in range(rounds):
            chance = random.Random(f"{seed}-{number}")
            done.append(train_and_kill(bench, chance, seed, kills=1 if rounds < 10 else 2))
            if bench.process is None or bench.process.poll() is not None:
                bench.start()
            if chance.random() < 0.5:  # the other half is brought by a later round's run, or at the end
                left = track.sync(settings.home, bench.url)
                assert not any(left), left
                print(number, check(bench, *done[-1]), done[-1][1])
        left = track.sync(settings.home, bench.url)
        assert not any(left), left
        for run_id, acknowledged in done:
            check(bench, run_id, acknowledged)
        print(json.dumps(done))
        assert not list(settings.home.rglob("*.outbox"))
    finally:
        bench.kill()
