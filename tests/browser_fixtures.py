"""A real Chromium on a real workbench: what every browser test stands on.

The page watches itself: an error in the console, a script that failed or a request that leaves this
machine fails the test that caused it.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from web_process import Workbench

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

QUICK_LOOKS = (("light", 0),)
"""Half of the pages in one look; the slow tier sees all in all four."""


def _no_browser(reason: str) -> None:
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{reason}; with CI=true that is a failure", pytrace=False)
    pytest.skip(f"{reason}: apt-get install chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser; a test without one is skipped, or fails where CI=true."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        _no_browser("no Chromium on PATH")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _no_browser("playwright is not installed")
    from castalia.web import pages

    if not (pages.DIST / "index.html").is_file():
        pytest.fail("the face is not built: make setup", pytrace=False)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench with our own systems, no data at hand and nothing in its home."""
    with Workbench(tmp_path_factory.mktemp("home"), env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as made:
        yield made


class Watch:
    """What went wrong in a page while nobody looked."""

    def __init__(self, page: Any, root: str) -> None:
        self.wrong: list[str] = []
        self.expected: tuple[str, ...] = ()
        own = urlsplit(root).netloc
        page.on("console", lambda said: said.type == "error" and self.note(f"console: {said.text}"))
        page.on("pageerror", lambda error: self.note(f"script: {error}"))
        page.on("request", lambda sent: self._left(sent.url, own))

    def note(self, text: str) -> None:
        if not any(word in text for word in self.expected):
            self.wrong.append(text)

    def _left(self, address: str, own: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("data", "blob") and parts.netloc != own:
            self.wrong.append(f"left the machine: {address}")


@pytest.fixture
def watch_of() -> dict[Any, Watch]:
    return {}


@pytest.fixture
def page(chromium: Any, bench: Workbench, watch_of: dict[Any, Watch], request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh page; ``indirect`` parameters are options of the context (viewport, color_scheme)."""
    options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **getattr(request, "param", {})}
    context = chromium.new_context(base_url=bench.root, **options)
    context.set_default_timeout(20_000)
    made = context.new_page()
    watch_of[made] = Watch(made, bench.root)
    yield made
    made.close()
    context.close()
    assert watch_of[made].wrong == []


def settle(page: Any) -> None:
    """Wait until the page has drawn what it asked for."""
    page.wait_for_load_state("load")
    page.wait_for_selector("main h1")
    # A script of ours in the page, wait_for_function say, would need what the Content-Security-Policy forbids.
    page.locator("main [aria-busy=true]").first.wait_for(state="hidden", timeout=45_000)


def address_of(page: Any) -> str:
    """The page's address. ``page.url`` is what Playwright was last told, which may be older."""
    return str(page.evaluate("location.href"))


def axe(page: Any) -> list[str]:
    """What axe-core finds serious or critical, one line a finding."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
    page.evaluate(source)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']} ({each['impact']}): {node['target']} {node['failureSummary'][:200]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def ask_json(bench: Workbench, path: str, body: Any = None) -> Any:
    """The JSON of an answer; AssertionError with its text where it is a refusal."""
    sent = None if body is None else json.dumps(body).encode()
    status, content, _ = bench.ask(path, sent, content_type="application/json")
    assert status < 300, content.decode()
    return json.loads(content)


def fit(bench: Workbench, name: str, **options: Any) -> dict[str, Any]:
    """Train to the end over HTTP; the job."""
    started = ask_json(bench, f"/systems/{name}/fit", options)
    for _ in range(450):
        job: dict[str, Any] = ask_json(bench, f"/jobs/{started['job']}")
        if job["state"] not in ("queued", "running"):
            assert job["state"] == "done", job["error"]
            return job
        time.sleep(0.1)
    raise AssertionError(job)
