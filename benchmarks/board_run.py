"""The page of one run in a real Chromium: how soon it can be used, and what a live curve costs.

    python benchmarks/board_run.py [--minutes 10]

``run`` opens the page of a run with 20 metrics of 100,000 points and of one with 500 metrics in a fresh context (a cold
cache): seconds until the head is there and until a first curve is drawn, five times each. ``live`` logs 20 metrics five
times a second while its curves are open: the part of the main thread that was busy and the size of the heap after a
collection, minute by minute. All of it is in benchmarks/results/board_run.json.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
import filling  # noqa: E402
from web_process import Workbench  # noqa: E402

from castalia.track import Store  # noqa: E402

RESULT = HERE / "results" / "board_run.json"
TIMES = 5
METRICS, A_SECOND = 20, 5
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]


def filled(home: Path) -> dict[str, str]:
    """{name: id} of the runs that are opened."""
    with Store.open(home) as store:
        long = store.create_run("wide", "20 metrics of 100,000 points")
        wide = store.create_run("wide", "500 metrics")
        for key in range(500):
            store.log_metrics(wide, [(f"block{key // 50}/m{key}", i, i, math.sin(i / 9 + key)) for i in range(60)])
        store.finish(wide)
        live = store.create_run("live", "going on")
    for key in range(METRICS):
        filling.series_into_castalia(home, long, f"metric_{key}", 100_000)
    with Store.open(home) as store:
        store.finish(long)
    return {"long": long, "wide": wide, "live": live}


def opening(browser: Any, root: str, path: str) -> dict[str, float]:
    """Seconds of one cold opening."""
    context = browser.new_context(base_url=root, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(path, wait_until="commit")
    page.locator("main h1").wait_for()
    usable = time.perf_counter() - began
    found = {"usable": usable}
    if "curves" in path:
        page.locator(".uplot canvas").first.wait_for()
        found["first curve"] = time.perf_counter() - began
    context.close()
    return found


def live(browser: Any, bench: Workbench, store: Store, run: str, minutes: float) -> dict[str, Any]:
    """What a live page costs."""
    stop = threading.Event()

    def log() -> None:
        step = 0
        began = time.monotonic()
        while not stop.is_set():
            now = int(time.time() * 1000)
            store.log_metrics(run, [(f"metric_{k}", step, now, math.sin(step / 50 + k)) for k in range(METRICS)])
            step += 1
            stop.wait(max(0.0, began + step / A_SECOND - time.monotonic()))

    writer = threading.Thread(target=log)
    writer.start()
    time.sleep(1.5)
    context = browser.new_context(base_url=bench.root, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"/app/runs/{run}?tab=curves")
    page.locator(".uplot canvas").first.wait_for()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")

    def measured() -> dict[str, float]:
        session.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return {name: found[name] for name in ("Timestamp", "TaskDuration", "JSHeapUsedSize", "Nodes")}

    time.sleep(5)
    rows = [measured()]
    slices = max(2, round(minutes * 2))
    for _ in range(slices):
        time.sleep(minutes * 60 / slices)
        rows.append(measured())
    shown = page.locator(".uplot canvas").count()
    context.close()
    stop.set()
    writer.join()
    spent = rows[-1]["TaskDuration"] - rows[0]["TaskDuration"]
    passed = rows[-1]["Timestamp"] - rows[0]["Timestamp"]
    heap = [round(row["JSHeapUsedSize"] / 1e6, 2) for row in rows]
    return {
        "minutes": minutes, "metrics": METRICS, "updates_a_second": A_SECOND, "charts_drawn": shown,
        "busy_percent": round(100 * spent / passed, 2), "heap_mb": heap, "nodes": [row["Nodes"] for row in rows],
    }  # fmt: skip


def main() -> None:
    """Measure and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=2.0)
    minutes = parser.parse_args().minutes
    path = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ids = filled(home)
        env = {"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}
        with Workbench(home, env=env) as bench, sync_playwright() as playwright, Store.open(home) as store:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            pages = {
                "overview": f"/app/runs/{ids['long']}",
                "curves, 20 × 100,000 points": f"/app/runs/{ids['long']}?tab=curves",
                "curves, 500 metrics": f"/app/runs/{ids['wide']}?tab=curves",
            }
            opened = {name: [opening(browser, bench.root, path) for _ in range(TIMES)] for name, path in pages.items()}
            found = {"run": opened, "live": live(browser, bench, store, ids["live"], minutes)}
            browser.close()
    for name, rows in opened.items():
        least = {key: round(min(row[key] for row in rows), 3) for key in rows[0]}
        print(f"{name}: {least}")
    print(found["live"])
    RESULT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
