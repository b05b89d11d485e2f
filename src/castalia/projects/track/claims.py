"""The figures that the card promises of castalia.track, measured: seeded, in seconds, on data that is made up here.

A project never imports the tracker: what learns is handed its run. So it is measured as somebody uses it who has only
installed the package, from a Python of its own, which forks the writers and kills them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from castalia.core.errors import Unavailable

SECONDS = 120.0
MEASURE = """
import json, math, os, random, signal, sys, time
from pathlib import Path

from castalia.track import Store
from castalia.track.exchange.archive import export_archive, import_archive

place, draw = Path(sys.argv[1]), random.Random(11)


def forked(work):
    # A child that does this work and ends; its store is its own.
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    return child


def write(number):
    with Store.open(place / "writers") as store:
        run = store.create_run("writers", str(number))
        for at in range(0, 1000, 50):
            store.log_metrics(run, [("x", step, step, float(step)) for step in range(at, at + 50)])


def writers():
    for child in [forked(lambda number=number: write(number)) for number in range(8)]:
        os.waitpid(child, 0)
    with Store.open(place / "writers") as store:
        rows = store.runs(limit=100).items
        there = sum(len(store.history(row["run_id"], "x", None, 2000)) for row in rows)
    return 8000 - there


def log_on(home, telling):
    with Store.open(home) as store:
        run = store.create_run("killed", "killed", run_id="killed")
        for step in range(10**6):
            store.log_metrics(run, [("x", step, step, float(step)), ("y", step, step, -float(step))])
            os.write(telling, b".")


def killed():
    lost = 0
    for number in range(6):
        home = place / f"killed{number}"
        reading, telling = os.pipe()
        child = forked(lambda: log_on(home, telling))
        os.close(telling)
        said = b""
        while len(said) < 5 + 7 * number:
            said += os.read(reading, 1 << 16)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        said += os.read(reading, 1 << 16)
        os.close(reading)
        with Store.open(home) as store:
            for metric in ("x", "y"):
                lost += max(0, len(said) - len(store.history("killed", metric, None, 10000)))
    return lost


def best_first():
    right = 0
    with Store.open(place / "best") as store:
        for number in range(12):
            losses = [draw.choice([math.nan, math.inf, -math.inf, 0.5, 0.5, draw.random()]) for _ in range(6)]
            for loss in losses:
                run = store.create_run(f"set {number}")
                store.log_metrics(run, [("loss", 9, 1, loss), ("loss", 3, 2, -9.0)])
            real = [loss for loss in losses if loss == loss]
            found = [store.runs(experiment=f"set {number}", order=order, limit=1).items[0]["metrics"]["loss"]
                     for order in ("metrics.loss", "-metrics.loss")]
            right += not real or found == [min(real), max(real)]
    return right / 12


def exchanged():
    differ = 0
    with Store.open(place / "here") as here, Store.open(place / "there") as there:
        for number in range(5):
            run = here.create_run("ü", f"run {number}", {"rate": draw.random(), "text": "a,b"}, {"tag": "it's"})
            values = [draw.choice([math.nan, math.inf, draw.gauss(0, 1)]) for _ in range(30)]
            here.log_metrics(run, [("loss", step, step, value) for step, value in enumerate(values)])
            here.add_artifact(run, "a/model.bin", draw.randbytes(100))
            here.finish(run)
            first, second = place / f"{number}.zip", place / f"{number}.again.zip"
            export_archive(here, [run], first)
            import_archive(there, first)
            export_archive(there, [run], second)
            differ += first.read_bytes() != second.read_bytes()
    return differ


print(json.dumps({"points_lost": writers(), "acknowledged_lost": killed(), "best_first": best_first(),
                  "exchanged_differ": exchanged()}))
"""


def measure() -> Mapping[str, float]:
    """Every figure that a claim of card.toml names. Unavailable where processes cannot fork."""
    with tempfile.TemporaryDirectory(prefix="castalia-measure-") as place:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, place], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise Unavailable("the tracker cannot be measured", last[:200], "Linux or macOS", "castalia doctor")
    return {name: float(value) for name, value in json.loads(done.stdout).items()}
