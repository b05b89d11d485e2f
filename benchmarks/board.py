"""What a person waits for on the pages of runs, in a real Chromium: 10,000 runs with 50 metrics each.

    python benchmarks/board.py

A time begins with the click, or with the last letter typed, and ends when the new rows have been painted: it is taken
inside the page, at the second frame after they came. Each is taken seven times; the least and the median are kept,
with all of them and the load of the machine, in benchmarks/results/board.json. Opening cold is a fresh browser context
with an empty cache.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boarding

ROOT = Path(__file__).resolve().parent.parent
RESULT = Path(__file__).parent / "results" / "board.json"
sys.path.insert(0, str(ROOT / "tests"))
TIMES = 7
RUNS = 10_000

COUNT = "document.querySelector('.board-count [role=status]').textContent"
BEFORE, COUNTED = f"window.before = {COUNT};", f"{COUNT} !== window.before"


def settled(page: Any) -> None:
    page.locator(".grid-body a").first.wait_for()
    page.wait_for_timeout(400)


def opening(browser: Any, root: str) -> tuple[float, int]:
    """(milliseconds from the start of the navigation to the first rows on the screen, bytes that came for them)."""
    context = browser.new_context(base_url=root, viewport=boarding.VIEW, bypass_csp=True)
    page = context.new_page()
    sent: list[Any] = []
    page.on("response", lambda answer: sent.append(answer))
    page.add_init_script("""
      const look = () => document.querySelector('.grid-body [data-col="metrics.test/loss"] span')
        ? requestAnimationFrame(() => (window.painted = performance.now())) : requestAnimationFrame(look);
      requestAnimationFrame(look);""")
    page.goto("/app/runs")
    settled(page)
    took, weight = page.evaluate("window.painted"), sum(each.request.sizes()["responseBodySize"] for each in sent)
    context.close()
    return took, weight


def sort(page: Any, turn: int) -> float:
    name = ("test/loss", "test/accuracy", "test/f1")[turn % 3]
    first = "document.querySelector('.grid-body a').href"
    click = f"window.before = {first}; document.querySelector('[data-head=\"metrics.{name}\"]').click()"
    return boarding.timed(page, click, f"{first} !== window.before")


def typing(page: Any, turn: int) -> float:
    """The whole filter lands with one event, as the last letter does."""
    write = (
        "const box = document.querySelector('#runs-filter');"
        "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')"
        f".set.call(box, 'metrics.test/loss < 0.{turn + 1}5');{BEFORE}"
        "box.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    return boarding.timed(page, write, COUNTED)


def clicking(page: Any, turn: int) -> float:
    """A click on a status adds a condition."""
    act = BEFORE + "document.querySelector('.grid-body [data-col=status] button').click()"
    took = boarding.timed(page, act, COUNTED)
    page.get_by_role("button", name="Take away").click()
    page.wait_for_timeout(600)
    return took


def scrolling(page: Any, turn: int) -> float:
    at = 0.5 + turn / 50
    act = f"const g = document.querySelector('.grid'); g.scrollTop = g.scrollHeight * {at};"
    rows = "document.querySelector('[aria-rowcount]').getAttribute('aria-rowcount')"
    place = f"Number(document.querySelector('.grid-body [data-at]').dataset.at) / {rows}"
    drawn = "!document.querySelector('.grid-row.blank') && document.querySelectorAll('.grid-body a').length > 10"
    return boarding.timed(page, act, f"{drawn} && Math.abs({place} - {at}) < 0.02")


def measure() -> dict[str, Any]:
    """Every figure: milliseconds in the order they were taken, and bytes."""
    from playwright.sync_api import sync_playwright
    from web_process import Workbench

    raw: dict[str, list[float]] = {}
    before = boarding.load()
    with tempfile.TemporaryDirectory() as folder:
        boarding.fill(Path(folder), RUNS)
        with Workbench(Path(folder), env=boarding.ENV) as bench, sync_playwright() as playwright:
            browser = boarding.browser(playwright)
            opened = [opening(browser, bench.root) for _ in range(TIMES)]
            raw["first rows"] = [took for took, _ in opened]
            acts: dict[str, Callable[[Any, int], float]] = {
                "sort by a metric": sort,
                "filter typed": typing,
                "filter clicked": clicking,
                "scroll to the middle": scrolling,
            }
            context = browser.new_context(base_url=bench.root, viewport=boarding.VIEW, bypass_csp=True)
            for name, act in acts.items():
                page = context.new_page()
                page.goto("/app/runs")
                settled(page)
                raw[name] = []
                for turn in range(TIMES):
                    raw[name].append(act(page, turn))
                    page.wait_for_timeout(400)
                page.close()
            browser.close()
    weight = max(weight for _, weight in opened)
    found = {"rows": RUNS, "metrics": len(boarding.METRICS), "bytes": weight, "load": [before, boarding.load()]}
    return {"runs": {**found, **boarding.figures(raw)}}


def main() -> None:
    """Measure, print, and keep what other parts of the file hold."""
    kept = json.loads(RESULT.read_text("utf-8")) if RESULT.is_file() else {}
    found = measure()
    RESULT.write_text(json.dumps({**kept, **found}, indent=2) + "\n", "utf-8")
    for name, figure in found["runs"].items():
        told = f"{figure['least_ms']:.0f} ms (median {figure['median_ms']:.0f})" if isinstance(figure, dict) else figure
        print(f"{name:24} {told}")


if __name__ == "__main__":
    main()
