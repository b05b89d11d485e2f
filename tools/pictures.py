#!/usr/bin/env python3
"""Take the pictures of docs/pictures again: pages of the workbench in Chromium, over runs that are made up from a seed.

    python tools/pictures.py            # all of them
    python tools/pictures.py runs       # those whose name begins so

Look at each before it is committed. The clock of the page stands still, so that "2 hours ago" does too.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"

NOW = 1_795_000_000_000
HOUR, STEPS, MOST = 3_600_000, 200, 120_000
VIEW = {"width": 1280, "height": 800}
COLUMNS = ("name", "status", "experiment", "metrics.val/accuracy", "spark.val/loss", "metrics.val/loss", "params.rate",
           "started", "took")  # fmt: skip
RUNS = f"runs?{urlencode([('col', one) for one in COLUMNS])}"
DIGITS = f"compare?{urlencode({'experiment': 'digits', 'filter': 'params.width = 128', 'group': 'params.rate'})}"
TAKEN = {
    "runs-light": RUNS,
    "runs-dark": RUNS,
    "run-light": "runs/{best}?tab=curves",
    "compare-light": DIGITS,
    "compare-dark": f"{DIGITS}&tab=parallel",
    "models-light": "models/churn",
}


def curve(chance: random.Random, rate: float, width: int) -> Iterator[tuple[str, int, float]]:
    """Losses and an accuracy of one fit; a rate that is too high or too low ends higher."""
    floor = 0.08 + 2 / width + 0.12 * abs(math.log10(rate / 0.03))
    for step in range(STEPS):
        loss = floor + 2.2 * math.exp(-step * math.sqrt(rate) / 9)
        held = loss * 1.06 + 0.04
        yield "train/loss", step, loss * (1 + chance.gauss(0, 0.03))
        yield "val/loss", step, held * (1 + chance.gauss(0, 0.02))
        yield "val/accuracy", step, 1 - min(0.9, held * 0.28) + chance.gauss(0, 0.003)


class Demo:
    """The store of the pictures, and when each of its runs began and ended."""

    def __init__(self, store: Any) -> None:
        self.store, self.chance, self.times = store, random.Random(7), dict[str, tuple[int, int | None]]()

    def run(
        self, ago: float, seconds: int | None, experiment: str, name: str, params: dict[str, Any], **more: Any
    ) -> str:
        """A run that began so many hours before now; without ``seconds`` it goes on."""
        run: str = self.store.create_run(experiment, name, params, **more)
        began = NOW - int(ago * HOUR)
        self.times[run] = (began, None if seconds is None else began + seconds * 1000)
        return run

    def model(self) -> None:
        """Six versions of churn, each better in something."""
        for i in range(6):
            params = {"leaves": 2 ** (i + 3), "rate": round(0.1 / (i + 1), 3)}
            said = {
                "test_auc": 0.812 + 0.009 * i - 0.0015 * i * i,
                "test_f1": 0.54 + 0.012 * i,
                "brier": 0.152 - 0.003 * i,
            }
            run = self.run(30 - i, 40 + 9 * i, "churn", f"lightgbm {params['leaves']}", params, system="churn")
            self.store.log_metrics(run, [(name, 0, NOW - 24 * HOUR, value) for name, value in said.items()])
            self.store.finish(run)
            folder = self.store.home / "models" / "churn" / str(i + 1)
            folder.mkdir(parents=True)
            (folder / "manifest.json").write_text(json.dumps({"params": params, "data": [], "files": {}}))
            self.store.add_version("churn", "churn", run, folder, said, f"{i + 1:x}" * 64)
        self.store.set_alias("churn", "champion", 4, "Best area under the curve on held-out customers.", "ana")
        self.store.set_alias("churn", "staging", 6, "", "ci")

    def net(self, ago: float, rate: float, width: int, seed: int, steps: int = STEPS, status: str = "done") -> str:
        """A network that learns digits, with its curves."""
        params = {"rate": rate, "width": width, "seed": seed, "optimizer": "adam" if rate < 0.1 else "sgd"}
        seconds = None if status == "running" else steps + 7 * seed
        name = f"mlp {width}, rate {rate}, seed {seed}"
        run = self.run(ago, seconds, "digits", name, params, tags={"team": "vision"}, system="neural_net")
        began, points = self.times[run][0], curve(self.chance, rate, width)
        self.store.log_metrics(run, [(key, at, began + at * 1000, value) for key, at, value in points if at < steps])
        if status == "failed":
            self.store.log_metrics(run, [("train/loss", steps, began + steps * 1000, math.nan)])
            self.store.add_alert(run, "train/loss is NaN", "error")
        if status != "running":
            self.store.finish(run, status)
        return run


def fill(home: Path) -> str:
    """Make the store; the id of the run that is shown alone."""
    from castalia.track import Store

    with Store.open(home) as store:
        demo = Demo(store)
        demo.model()
        ago, best = 20.0, ""
        for rate, width, seed in itertools.product((0.01, 0.03, 0.1, 0.3), (64, 128), range(3)):
            broken = (rate, width, seed) == (0.3, 64, 2)
            run = demo.net(ago, rate, width, seed, 60 if broken else STEPS, "failed" if broken else "done")
            best, ago = (run if (rate, width, seed) == (0.03, 128, 1) else best), ago - 0.5
        demo.net(0.05, 0.03, 256, 0, 120, "running")
    with closing(sqlite3.connect(home / "castalia.db")) as raw, raw:
        for run, when in demo.times.items():
            raw.execute("UPDATE runs SET started = ?, ended = ? WHERE run_id = ?", (*when, run))
        when = "?1 + version * ?2"
        raw.execute(f"UPDATE model_versions SET created = {when}, updated = {when}", (NOW - 31 * HOUR, HOUR))
    return best


def small(shot: bytes) -> bytes:
    """The picture with the 256 colours that are seen most, as they are; of averages the page would be tinted."""
    from PIL import Image

    pixels = np.asarray(Image.open(BytesIO(shot)).convert("RGB")).astype(np.int64)
    colours, place, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    most = colours[np.argsort(-counts, kind="stable")[:256]]
    nearest = np.concatenate([((part[:, None] - most) ** 2).sum(2).argmin(1) for part in np.array_split(colours, 50)])
    drawn = Image.fromarray(nearest[place.reshape(-1)].reshape(pixels.shape[:2]).astype(np.uint8), "P")
    drawn.putpalette(most.astype(np.uint8).tobytes())
    made = BytesIO()
    drawn.save(made, "PNG", optimize=True)
    return made.getvalue()


def take(wanted: str = "", pictures: Path = PICTURES) -> None:
    """Write those whose names begin so; each is at most 120 kB."""
    sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "benchmarks", "src")]
    import boarding
    from playwright.sync_api import sync_playwright
    from web_process import Workbench

    pictures.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        best = fill(Path(folder))
        with Workbench(Path(folder), env=boarding.ENV) as bench:
            browser = boarding.browser(playwright)
            for name in (each for each in TAKEN if each.startswith(wanted)):
                page = browser.new_page(base_url=bench.root, viewport=VIEW, color_scheme=name.split("-")[1])
                page.clock.set_fixed_time(NOW / 1000)
                page.goto(f"/app/{TAKEN[name].format(best=best)}")
                page.get_by_role("heading", level=1).wait_for()
                page.locator("[aria-busy=true], .skeleton").first.wait_for(state="hidden")
                page.wait_for_timeout(2000)  # curves are drawn a moment later, and a live page is never idle
                path = pictures / f"{name}.png"
                path.write_bytes(small(page.screenshot()))
                page.close()
                size = path.stat().st_size
                print(f"{name:16} {size / 1000:.0f} kB")
                if size > MOST:
                    sys.exit(f"{name} is larger than {MOST / 1000:.0f} kB: show less of it")
            browser.close()


if __name__ == "__main__":
    take(*sys.argv[1:2])
