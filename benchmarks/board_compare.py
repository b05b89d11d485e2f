"""What a person waits for who compares 100 runs of 100,000 points each, in a real Chromium.

    python benchmarks/board_compare.py [home]

A time begins with the navigation in a fresh browser context with an empty cache, and ends at the second frame after
all 100 lines of the first chart are there. "range" begins with the change of the address and ends with the finer
lines; "bands" begins with the choice in the list and ends with the groups drawn. Each is taken five times; all of them
are kept in benchmarks/results/board_compare.json, with how long the server took for what the page asked. ``home`` is a
folder that is filled once and kept; without it the store is made anew.
"""

from __future__ import annotations

import json
import math
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import boarding

ROOT = Path(__file__).resolve().parent.parent
RESULT = Path(__file__).parent / "results" / "board_compare.json"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]
TIMES, RUNS, POINTS = 5, 100, 100_000
LINES = "document.querySelectorAll('.tile svg path[data-run]').length"


def fill(home: Path) -> None:
    """100 runs: 5 settings of 20 seeds, a loss of 100,000 points each, straight into the tables."""
    from castalia.track import Store

    began = 1_795_000_000_000
    with Store.open(home) as store:
        if store.runs().total == RUNS:
            return
        for i in range(RUNS):
            params = {"rate": (0.3, 0.1, 0.03, 0.01, 0.003)[i % 5], "seed": i // 5}
            run = store.create_run("big", f"run {i}", params, {"team": "bench"})
            store.log_metrics(run, [("loss", POINTS - 1, began + 37 * (POINTS - 1), 0.5)])
            store.finish(run)
    shapes = [[math.exp(-step / (8000 * (1 + speed))) for step in range(POINTS)] for speed in range(5)]
    wobble = [(step * 7919 % 10_007) / 1e5 for step in range(POINTS)]
    with closing(sqlite3.connect(home / "castalia.db")) as raw, raw:
        key = raw.execute("SELECT id FROM metric_keys WHERE name = 'loss'").fetchone()[0]
        raw.execute("DELETE FROM metrics")
        for number, name in raw.execute("SELECT id, name FROM runs").fetchall():
            at = int(name.split()[1])
            rows = (
                (
                    number,
                    key,
                    step,
                    began + 37 * step,
                    shapes[at % 5][step] + wobble[(step + 31 * at) % POINTS] + at / 1e3,
                )
                for step in range(POINTS)
            )
            raw.executemany("INSERT INTO metrics (run, key, step, time, value) VALUES (?,?,?,?,?)", rows)
            last = shapes[at % 5][-1] + wobble[(POINTS - 1 + 31 * at) % POINTS] + at / 1e3
            raw.execute("UPDATE latest_metrics SET value = ?, high = 1, high_step = 0 WHERE run = ?", (last, number))


def first_paint(browser: Any, root: str, address: str) -> float:
    """Milliseconds from the start of the navigation to all lines of the first chart on the screen."""
    context = browser.new_context(base_url=root, viewport=boarding.VIEW, bypass_csp=True)
    page = context.new_page()
    page.add_init_script(f"""
      const look = () => {LINES} >= {RUNS}
        ? requestAnimationFrame(() => (window.painted = performance.now())) : requestAnimationFrame(look);
      requestAnimationFrame(look);""")
    page.goto(address)
    page.locator(".tile svg path[data-run]").first.wait_for()
    while not (took := page.evaluate("window.painted")):
        page.wait_for_timeout(50)
    context.close()
    return float(took)


def asked(bench: Any, path: str) -> float:
    """Milliseconds of one request, its body read."""
    began = time.perf_counter()
    status, _, _ = bench.ask(path)
    assert status == 200, path
    return (time.perf_counter() - began) * 1000


def measure(home: Path) -> dict[str, Any]:
    """Every figure: milliseconds in the order they were taken."""
    from playwright.sync_api import sync_playwright
    from web_process import Workbench

    before = boarding.load()
    fill(home)
    raw: dict[str, list[float]] = {}
    with Workbench(home, env=boarding.ENV) as bench, sync_playwright() as playwright:
        rows = json.loads(bench.ask(f"/runs?limit={RUNS}")[1])["items"]
        runs = "&".join(f"run={row['run_id']}" for row in rows)
        for name, request in {
            "server: compare": f"/runs/compare?{runs}", "server: curves": f"/runs/curves?{runs}&key=loss&points=250",
            "server: bands": f"/runs/bands?{runs}&key=loss&by=alike", "server: report": f"/runs/compare/report?{runs}",
        }.items():  # fmt: skip
            raw[name] = [asked(bench, request) for _ in range(TIMES)]
        browser = boarding.browser(playwright)
        raw["first curves"] = [first_paint(browser, bench.root, f"/app/compare?{runs}") for _ in range(TIMES)]
        page = browser.new_context(base_url=bench.root, viewport=boarding.VIEW, bypass_csp=True).new_page()
        raw["range"], raw["bands"] = [], []
        for turn in range(TIMES):
            page.goto(f"/app/compare?{runs}")
            page.locator(".tile svg path[data-run]").nth(RUNS - 1).wait_for()
            page.wait_for_timeout(500)
            line = "document.querySelector('.tile svg path[data-run]').getAttribute('d')"
            wide = (
                f"history.pushState(null, '', location.href + '&range={1000 * (turn + 1)}~{1000 * (turn + 1) + 900}');"
            )
            change = f"window.before = {line}; {wide} dispatchEvent(new PopStateEvent('popstate'))"
            finer = f"{line} !== window.before && {line}.split('L').length > 100"
            raw["range"].append(boarding.timed(page, change, finer))
            choose = (
                "const list = document.querySelector('#compare-group'); list.value = 'alike';"
                "list.dispatchEvent(new Event('change', {bubbles: true}))"
            )
            groups = "document.querySelectorAll('.tile svg path[fill-opacity]').length === 5"
            raw["bands"].append(boarding.timed(page, choose, groups))
        browser.close()
    return {"runs": RUNS, "points": POINTS, "load": [before, boarding.load()], **boarding.figures(raw)}


def main() -> None:
    """Measure, print and keep."""
    if len(sys.argv) > 1:
        found = measure(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(Path(folder))
    RESULT.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    for name, figure in found.items():
        if isinstance(figure, dict):
            print(f"{name:18s} {figure['least_ms']:8.0f} ms (median {figure['median_ms']:.0f})")


if __name__ == "__main__":
    main()
