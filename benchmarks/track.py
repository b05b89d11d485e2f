"""What the tracker costs: a call to log, a million points through the writer, reading them back thinned.

    python benchmarks/track.py [--points 1000000]

Each figure is the best of five; the raw times go to benchmarks/results/track.json. There is no peer in
this file: benchmarks/tracker.py sets the full tracker beside MLflow.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from castalia.track import Store, Writer, run

TIMES = 5
KEYS = ("loss", "accuracy", "rate", "norm", "speed")


def best(what: Callable[[], float]) -> list[float]:
    """Seconds of each of five times, the best first."""
    return sorted(what() for _ in range(TIMES))


def log_call(store: Store) -> float:
    """Seconds a call of log with one value, at 20,000 calls, with the writer's thread at work beside it."""
    with run("bench", store=store) as tracked:
        begun = time.perf_counter()
        for step in range(20_000):
            tracked.log(step, loss=0.5)
        return (time.perf_counter() - begun) / 20_000


def sustained(store: Store, points: int) -> float:
    """Seconds until ``points`` points of five metrics are in the database."""
    with Writer(store, store.create_run("bench")) as writer:
        begun = time.perf_counter()
        for step in range(points // len(KEYS)):
            writer.put(step, dict.fromkeys(KEYS, step / 7))
    return time.perf_counter() - begun


def opened(home: Path) -> float:
    """Seconds of a fresh process that opens an up-to-date store and lists its runs, Python's own start included."""
    begun = time.perf_counter()
    code = "import sys; from castalia.track import Store; Store.open(sys.argv[1]).runs(limit=20)"
    subprocess.run([sys.executable, "-c", code, str(home)], check=True)
    return time.perf_counter() - begun


def read(store: Store, run_id: str, most: int) -> float:
    """Seconds to read one series of a million points as ``most``."""
    begun = time.perf_counter()
    assert 2 < len(store.metrics(run_id, ["loss"], most)["loss"]["value"]) <= most
    return time.perf_counter() - begun


def single(store: Store) -> float:
    """Seconds of one point that is on disk when the call returns, at 500 calls."""
    run_id = store.create_run("single")
    begun = time.perf_counter()
    for step in range(500):
        store.log_point(run_id, "loss", step, step, 0.5)
    return (time.perf_counter() - begun) / 500


def page(store: Store, run_id: str, points: int) -> float:
    """Seconds to read 20,000 points as rows, from the middle of a long series."""
    begun = time.perf_counter()
    assert len(store.history(run_id, "loss", (points // 2, 0, 0.0), 20_000)) == min(20_000, points // 2)
    return time.perf_counter() - begun


def measure(home: Path, points: int) -> dict[str, object]:
    """Every figure, with the raw seconds."""
    store = Store.open(home)
    calls = best(lambda: log_call(store))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    empty = _size(store)
    writes = best(lambda: sustained(store, points))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    share = (_size(store) - empty) / (TIMES * points)
    long = store.create_run("long")
    for start in range(0, points, 20_000):
        store.log_metrics(
            long, [("loss", step, step, (step * 7919 % 10_007) / 7) for step in range(start, start + 20_000)]
        )
    reads = best(lambda: read(store, long, 500))
    pages = best(lambda: page(store, long, points))
    singles = best(lambda: single(store))
    opens = best(lambda: opened(home))
    store.close()
    return {
        "log_call_us": calls[0] * 1e6,
        "writer_points_per_s": points / writes[0],
        "writer_memory_growth_mib": grown,
        "bytes_a_point": share,
        "read_1e6_as_500_ms": reads[0] * 1e3,
        "history_20000_ms": pages[0] * 1e3,
        "point_on_disk_us": singles[0] * 1e6,
        "open_and_list_ms": opens[0] * 1e3,
        "points": points,
        "raw_seconds": {
            "log_call": calls,
            "writer": writes,
            "read": reads,
            "history": pages,
            "point": singles,
            "open_and_list": opens,
        },
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version},
    }


def _size(store: Store) -> int:
    with sqlite3.connect(store.database.path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store.database.path.stat().st_size


def main() -> None:
    """Measure, print, and keep the raw figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    with tempfile.TemporaryDirectory() as home:
        figures = measure(Path(home), parser.parse_args().points)
    for name, value in figures.items():
        if isinstance(value, float):
            print(f"{name:<26} {value:>14,.1f}")
    results = Path(__file__).parent / "results" / "track.json"
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
