"""The page of one run in a real Chromium: how soon it can be used, and what a live curve costs.

    python benchmarks/board_run.py [--minutes 10] [--times 7] [--home FOLDER]

``run`` opens the page of a run with 20 metrics of 100,000 points and of one with 500 metrics, in a fresh context with
an empty cache each time: milliseconds from the start of the navigation until the frame with the head, and the one with
a first curve, both taken inside the page; how much was asked for, and when each answer came. ``live`` logs 20 metrics
five times a second while their curves are open. For each half minute it keeps what the main thread did (``busy``: the
part of the time it was in a task; ``cpu``: the part of it that it had a core, which other work on the machine changes
little), the JavaScript heap after a forced collection, nodes and listeners of the page, and the memory of the server.
What the collections themselves take is left out. At its end what was logged last must be on the page. ``--minutes 0``
leaves this part out. All that was taken is in benchmarks/results/board_run.json.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
import boarding  # noqa: E402
import filling  # noqa: E402
from web_process import Workbench  # noqa: E402

from castalia.track import Store  # noqa: E402

RESULT = HERE / "results" / "board_run.json"
TIMES = 7
METRICS, A_SECOND, SLICE = 20, 5, 30.0
EARLIER = 3000
"""Steps that were logged before the page is opened, so that it begins with as many points as it keeps."""
# The frame after the one in which each was first there: by then it has been painted.
MARKED = """
  window.marks = {};
  const wanted = {head: 'main h1', curve: '.uplot canvas'};
  const look = () => {
    for (const [name, what] of Object.entries(wanted))
      if (!(name in marks) && document.querySelector(what)) {
        marks[name] = 0;
        requestAnimationFrame(() => (marks[name] = performance.now()));
      }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);"""
ASKED = """performance.getEntriesByType('resource').map(one => ({
  what: one.name.replace(location.origin, ''), asked: one.requestStart, answered: one.responseStart,
  ended: one.responseEnd, bytes: one.encodedBodySize}))"""


def filled(home: Path) -> dict[str, str]:
    """{name: id} of the runs that are opened; what is there already stays."""
    with Store.open(home) as store:
        there = {row["name"]: row["run_id"] for row in store.runs(limit=100).items}
        ids = {"long": there.get("20 metrics of 100,000 points"), "wide": there.get("500 metrics")}
        if not (ids["long"] and ids["wide"]):
            ids = {"long": store.create_run("wide", "20 metrics of 100,000 points"),
                   "wide": store.create_run("wide", "500 metrics")}  # fmt: skip
            for key in range(500):
                line = [(f"block{key // 50}/m{key}", i, i, math.sin(i / 9 + key)) for i in range(60)]
                store.log_metrics(ids["wide"], line)
            store.finish(ids["wide"])
            for key in range(METRICS):
                filling.series_into_castalia(home, ids["long"], f"metric_{key}", 100_000)
            store.finish(ids["long"])
        ids["live"] = store.create_run("live", "going on")
    return ids


def opening(browser: Any, root: str, path: str) -> dict[str, Any]:
    """One cold opening: milliseconds until ``head`` and ``curve`` were painted, requests, bytes, each answer."""
    context = browser.new_context(base_url=root, viewport=boarding.VIEW)
    page = context.new_page()
    page.add_init_script(MARKED)
    page.goto(path)
    wanted = {"head", "curve"} if "curves" in path else {"head"}
    marks: dict[str, float] = {}
    while not all(marks.get(name) for name in wanted):
        page.wait_for_timeout(25)
        marks = page.evaluate("window.marks")
    asked = page.evaluate(ASKED)
    context.close()
    until = max(marks.values())
    asked = [one for one in asked if one["asked"] < until]
    found = {f"{name}_ms": round(marks[name], 1) for name in sorted(wanted)}
    return {**found, "requests": len(asked) + 1, "bytes": sum(one["bytes"] for one in asked), "answers": asked}


class Logging(threading.Thread):
    """A training that logs METRICS metrics A_SECOND times a second until it is told to end."""

    def __init__(self, home: Path, run: str) -> None:
        super().__init__()
        self.home, self.run_id, self.over, self.step = home, run, threading.Event(), EARLIER
        now = int(time.time() * 1000)
        with Store.open(home) as store:
            for k in range(METRICS):
                line = [(f"metric_{k}", i, now - (EARLIER - i) * 200, math.sin(i / 50 + k)) for i in range(EARLIER)]
                store.log_metrics(run, line)

    def run(self) -> None:
        """Keep the pace by the clock, so that a late step does not shift those behind it."""
        began = time.monotonic()
        with Store.open(self.home) as store:
            while not self.over.is_set():
                now = int(time.time() * 1000)
                line = [(f"metric_{k}", self.step, now, math.sin(self.step / 50 + k)) for k in range(METRICS)]
                store.log_metrics(self.run_id, line)
                self.step += 1
                self.over.wait(max(0.0, began + (self.step - EARLIER) / A_SECOND - time.monotonic()))


def resident(process: int) -> float:
    """Megabytes that a process holds in memory."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000


def watching(context: Any, page: Any) -> Callable[[], dict[str, float]]:
    """What asks the browser for its counters; task times by the clock and by the core."""
    clock, core = (context.new_cdp_session(page) for _ in range(2))
    clock.send("Performance.enable")
    core.send("Performance.enable", {"timeDomain": "threadTicks"})

    def counters() -> dict[str, float]:
        by = [
            {one["name"]: one["value"] for one in each.send("Performance.getMetrics")["metrics"]}
            for each in (clock, core)
        ]
        return {"busy": by[0]["TaskDuration"], "cpu": by[1]["TaskDuration"], "heap": by[0]["JSHeapUsedSize"] / 1e6,
                "nodes": by[0]["Nodes"], "listeners": by[0]["JSEventListeners"], "at": time.monotonic()}  # fmt: skip

    return counters


def live(browser: Any, bench: Workbench, home: Path, run: str, minutes: float) -> dict[str, Any]:
    """What a live page costs, slice by slice."""
    training = Logging(home, run)
    training.start()
    try:
        context = browser.new_context(base_url=bench.root, viewport=boarding.VIEW)
        page = context.new_page()
        page.goto(f"/app/runs/{run}?tab=curves")
        page.locator(".uplot canvas").first.wait_for()
        counters, collect = watching(context, page), context.new_cdp_session(page)
        time.sleep(5)

        def at_rest() -> tuple[dict[str, float], dict[str, float]]:
            collect.send("HeapProfiler.collectGarbage")
            now = counters()
            held = {"heap_mb": now["heap"], "server_mb": resident(bench.process.pid)}
            return now, {**held, "nodes": now["nodes"], "listeners": now["listeners"]}

        before, held = at_rest()
        slices, rest = [], [held]
        for _ in range(max(2, round(minutes * 60 / SLICE))):
            time.sleep(min(SLICE, minutes * 30))
            after = counters()
            passed = after["at"] - before["at"]
            slices.append({what: 100 * (after[what] - before[what]) / passed for what in ("busy", "cpu")})
            before, held = at_rest()
            rest.append(held)
    finally:
        training.over.set()
        training.join()
    last = page.locator("article", has_text="metric_0").first.locator("output").first
    wanted = f"{math.sin((training.step - 1) / 50):.4f}".rstrip("0").rstrip(".").replace("-", "−")
    ends = time.monotonic() + 10
    while last.inner_text() != wanted and time.monotonic() < ends:
        time.sleep(0.1)
    assert last.inner_text() == wanted, f"the page says {last.inner_text()}, {wanted} was logged last"
    shown = page.locator(".uplot canvas").count()
    context.close()
    return {
        "minutes": minutes, "metrics": METRICS, "updates_a_second": A_SECOND, "steps_logged": training.step - EARLIER,
        "charts_drawn": shown, "busy_percent": statistics.mean(one["busy"] for one in slices),
        "cpu_percent": statistics.mean(one["cpu"] for one in slices),
        "heap_mb": [rest[0]["heap_mb"], rest[-1]["heap_mb"]],
        "slices": slices, "at_rest": rest,
    }  # fmt: skip


def main() -> None:
    """Measure, print, and keep what other parts of the file hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=2.0, help="of the live curve; 0 leaves it out")
    parser.add_argument("--times", type=int, default=TIMES, help="cold openings of each page; 0 leaves them out")
    parser.add_argument("--home", type=Path, help="a folder that is filled once and kept")
    asked = parser.parse_args()
    kept = json.loads(RESULT.read_text("utf-8")) if RESULT.is_file() else {}
    with nullcontext(asked.home) if asked.home else tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        ids = filled(home)
        with Workbench(home, env=boarding.ENV) as bench, sync_playwright() as playwright:
            browser = boarding.browser(playwright)
            pages = {
                "overview": f"/app/runs/{ids['long']}",
                "curves, 20 of 100,000 points": f"/app/runs/{ids['long']}?tab=curves",
                "curves, 500 metrics": f"/app/runs/{ids['wide']}?tab=curves",
            }
            opening(browser, bench.root, pages["overview"])  # the server packs its files once
            before = boarding.load()
            if asked.times:
                kept["run"] = {
                    name: [opening(browser, bench.root, path) for _ in range(asked.times)]
                    for name, path in pages.items()
                }
            if asked.minutes:
                kept["live"] = live(browser, bench, home, ids["live"], asked.minutes)
            browser.close()
        kept["load"] = [before, boarding.load()]
    for name, rows in kept.get("run", {}).items():
        times = {key: sorted(row[key] for row in rows) for key in rows[0] if key.endswith("_ms")}
        told = ", ".join(f"{key} {statistics.median(all_):.0f} (least {all_[0]:.0f})" for key, all_ in times.items())
        print(f"{name:30} {told}, {rows[0]['requests']} requests, {rows[0]['bytes'] / 1000:.1f} kB")
    print(json.dumps({key: value for key, value in kept.get("live", {}).items() if key not in ("slices", "at_rest")}))
    RESULT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
