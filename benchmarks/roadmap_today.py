"""What a day costs a learner with ten thousand events in the log: `python benchmarks/roadmap_today.py`.

Four times, the least of five each, all kept: with nothing new in the log, which is answered from what was computed
before; with one event more, which replays the log's last week; the whole log replayed, as after older events from
another machine; and in a process of its own, as the shell does it, start-up included. Then the same log behind the
workbench: ``GET /today``, with nothing new and after one more event, and the page in a Chromium until its gap was
painted, with an empty cache and opened again. Seeds are fixed. Writes benchmarks/results/roadmap_today.json.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from boarding import ENV, VIEW, browser, load
from playwright.sync_api import sync_playwright

from castalia.core.evidence import Event, Evidence
from castalia.roadmap import contracted
from castalia.roadmap.history import day_of
from castalia.roadmap.learner import Notes
from castalia.roadmap.state import State
from castalia.roadmap.today import today

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
from web_process import Workbench  # noqa: E402

PAINTED = """async () => {
  while (!document.querySelector('#gap')) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now();
}"""
"""Milliseconds from the navigation to the frame that shows the gap."""
EVENTS, REPEATS, SEED = 10_000, 5, 0
BEGUN = 1_700_000_000_000
"""Milliseconds since 1970."""


def events(count: int) -> Iterator[Event]:
    """Checks and hints of every contract, a few hours apart at most."""
    draw, now, every = random.Random(SEED), BEGUN, contracted.every()
    for number in range(count):
        now += draw.randint(60_000, 4 * 3_600_000)
        project = draw.choice(list(every))
        milestone = draw.choice(every[project].milestones)
        passed = draw.random() < 0.5
        yield Event(
            "check" if draw.random() < 0.85 else "hint", project, milestone.number,
            "" if passed else draw.choice(list(milestone.claims)), "c" * 64, f"{number:064x}", number,
            "pass" if passed else "fail", hints=draw.randint(0, 2), minutes=round(20 * draw.random(), 2), time=now,
        )  # fmt: skip


def least(act: Callable[[], object]) -> dict[str, Any]:
    """Milliseconds: the least, and all of them."""
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        act()
        found.append(round(1000 * (time.perf_counter() - began), 2))
    return {"least": min(found), "all": found}


def lately(made: list[Event]) -> list[Event]:
    """The same events, the last of them a minute ago."""
    shift = time.time_ns() // 1_000_000 - 60_000 - made[-1].time
    return [replace(each, time=each.time + shift) for each in made]


def served(made: list[Event]) -> dict[str, Any]:
    """What the workbench and the page take with that log."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        log = Evidence(home)
        log.add(made[:EVENTS])
        Notes(home).add("plan", {"goal": "everything", "hours": 10.0, "start": date(2026, 1, 5)})
        more = iter(made[EVENTS:])
        with Workbench(home, env=ENV) as bench, sync_playwright() as playwright:
            connection = http.client.HTTPConnection("127.0.0.1", bench.port, timeout=60)

            def ask() -> None:
                connection.request("GET", "/today")
                answer = connection.getresponse()
                assert answer.status == 200 and json.loads(answer.read())["gap"]

            def ask_after_one_more() -> None:
                log.add([next(more)])
                ask()

            ask()
            found = {"served": least(ask), "served_one_event_more": least(ask_after_one_more)}
            chromium = browser(playwright)
            cold, warm = list[float](), list[float]()
            for _ in range(REPEATS):
                context = chromium.new_context(base_url=bench.root, viewport=VIEW)
                page = context.new_page()
                for times in (cold, warm):
                    page.goto("/app/today", wait_until="commit")
                    times.append(round(float(page.evaluate(PAINTED)), 2))
                context.close()
            chromium.close()
            connection.close()
    pages = {name: {"least": min(times), "all": times} for name, times in (("page", cold), ("page_again", warm))}
    return {**found, **pages}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        log, made = Evidence(home), list(events(EVENTS + REPEATS))
        log.add(made[:EVENTS])
        day = day_of(made[-1].time)
        Notes(home).add("plan", {"goal": "everything", "hours": 10.0, "start": date(2026, 1, 5)})
        more = iter(made[EVENTS:])

        def ask() -> object:
            return today(State.read(home, day)).plain()

        def ask_after_one_more() -> object:
            log.add([next(more)])
            return ask()

        place = home / "cache" / "roadmap" / "learner.json"

        def ask_anew() -> object:
            place.unlink(missing_ok=True)
            return ask()

        whole = least(ask_anew)
        kept, again = least(ask), least(ask_after_one_more)
        command = [sys.executable, "-m", "castalia", "today", "--json", "--on", day.isoformat()]
        there = {**os.environ, "CASTALIA_HOME": folder}
        alone = least(lambda: subprocess.run(command, check=True, capture_output=True, env=there))
        size = log.path.stat().st_size
    result = {
        "events": EVENTS, "bytes": size, "seed": SEED, "repeats": REPEATS, "unit": "ms",
        "nothing_new": kept, "one_event_more": again, "whole_log": whole, "own_process": alone,
        **served(lately(made)), "load": load(),
        "promised": {"nothing_new": 100, "one_event_more": 100, "served": 100, "page": 600, "page_again": 400},
    }  # fmt: skip
    print(json.dumps(result, indent=1))
    (HERE / "results" / "roadmap_today.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
