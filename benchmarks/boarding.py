"""What the benchmarks of pages share: a browser, the time until a page has painted, a home with many runs."""

from __future__ import annotations

import math
import os
import random
import shutil
import sqlite3
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from castalia.track import Store

VIEW = {"width": 1280, "height": 900}
ENV = {"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Resolves with the milliseconds from `act` until `done` has been true and two frames were painted.
TIMED = """async ([act, done]) => {
  const ready = new Function('return ' + done), start = performance.now();
  new Function(act)();
  while (!ready()) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def browser(playwright: Any) -> Any:
    """A Chromium without a window."""
    path = next(found for name in NAMES if (found := shutil.which(name)))
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def timed(page: Any, act: str, done: str) -> float:
    """Milliseconds from ``act`` to the frame in which ``done`` shows; both are scripts."""
    return float(page.evaluate(TIMED, [act, done]))


def figures(raw: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Any]]:
    """Each list of milliseconds with its least and its median."""
    return {
        name: {"median_ms": statistics.median(times), "least_ms": min(times), "times_ms": list(times)}
        for name, times in raw.items()
    }


def load() -> list[float]:
    """Processes that wanted a core over the last 1, 5 and 15 minutes: how much else went on while it was measured."""
    return [round(each, 2) for each in os.getloadavg()]


PARTS = ("train", "validation", "test", "system", "grad")
MEASURES = ("loss", "accuracy", "f1", "auc", "recall", "precision", "brier", "ece", "mae", "r2")
METRICS = [f"{part}/{measure}" for part in PARTS for measure in MEASURES]
POINTS = 12
PARAMS: dict[str, tuple[object, ...]] = {
    "rate": (0.1, 0.03, 0.01, 0.001),
    "batch": (32, 64, 128),
    "depth": (2, 4, 8),
    "width": (64, 256),
    "seed": tuple(range(10)),
    "optimizer": ("adam", "sgd"),
    "dropout": (0, 0.1, 0.5),
    "schedule": ("cosine", "step"),
    "warmup": (0, 100),
    "decay": (0, 0.01),
}
KINDS = ("resnet", "mlp", "vit")
STATUSES = ("done",) * 8 + ("failed", "cancelled")


def fill(home: Path, runs: int = 10_000, seed: int = 7) -> None:
    """Make a store in ``home`` with so many runs of 50 metrics, 10 params and 3 tags each.

    2 in 100 hold five others; one metric of each has a curve.
    """
    chance = random.Random(seed)
    with Store.open(home) as store:
        for name in ("resnet sweep", "baseline", "ablation"):
            store.create_run(name, "first")
    now = time.time_ns() // 1_000_000
    with closing(sqlite3.connect(home / "castalia.db")) as raw, raw:
        raw.execute("UPDATE runs SET status = 'done', started = ?, ended = ?", (now - 10**10, now - 10**10 + 5000))
        first = raw.execute("SELECT max(id) + 1 FROM runs").fetchone()[0]
        raw.executemany("INSERT OR IGNORE INTO metric_keys (name) VALUES (?)", [(name,) for name in METRICS])
        keys = [raw.execute("SELECT id FROM metric_keys WHERE name = ?", (name,)).fetchone()[0] for name in METRICS]
        parent: int | None = None
        rows, latest, points, params, tags = [], [], [], [], []
        for i in range(runs):
            run, began = first + i, now - (runs - i) * 60_000
            if i % 50 == 0:
                parent = run
            inside = parent if 0 < i % 50 <= 5 else None
            name, ended = f"run {i} of {chance.choice(KINDS)}", began + chance.randrange(1000, 9_000_000)
            run_id, status = f"{chance.getrandbits(128):032x}", chance.choice(STATUSES)
            rows.append((run, run_id, 1 + i % 3, name, status, inside, began, ended, "me"))
            for key in keys:
                value = chance.random()
                latest.append((run, key, POINTS - 1, began, value, value, 0, value, POINTS - 1))
            points += [
                (run, keys[0], step, began + step, math.exp(-step / 4) + chance.random() / 9) for step in range(POINTS)
            ]
            params += [(run, name, str(chance.choice(choices))) for name, choices in PARAMS.items()]
            tags += [(run, name, chance.choice(("red", "green", "blue"))) for name in ("team", "stage", "host")]
        raw.executemany("INSERT INTO runs (id, run_id, experiment, name, status, parent, started, ended, user_id)"
                        " VALUES (?,?,?,?,?,?,?,?,?)", rows)  # fmt: skip
        raw.executemany("INSERT INTO latest_metrics (run, key, step, time, value, low, low_step, high, high_step)"
                        " VALUES (?,?,?,?,?,?,?,?,?)", latest)  # fmt: skip
        raw.executemany("INSERT INTO metrics (run, key, step, time, value) VALUES (?,?,?,?,?)", points)
        raw.executemany("INSERT INTO params (run, key, value) VALUES (?,?,?)", params)
        raw.executemany("INSERT INTO tags (run, key, value) VALUES (?,?,?)", tags)
