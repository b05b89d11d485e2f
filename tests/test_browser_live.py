"""A run that goes on, seen in several tabs, one that nobody sees, a slow network. Nothing is lost, nothing grows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browser_fixtures import Watch, ask_json, bench, chromium, page, settle, watch_of  # noqa: F401
from test_browser_run import ask_home, eventually, open_run, table_of
from web_process import Workbench

from castalia.track import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event('visibilitychange'));
}"""
"""As a browser does when a tab goes behind another one, which a page without a window cannot be made to do."""


@pytest.fixture
def store(bench: Workbench) -> Iterator[Store]:  # noqa: F811
    """The workbench's own store, from another process, as a training script has it."""
    with Store.open(ask_home(bench)) as opened:
        yield opened


def begun(store: Store, keys: tuple[str, ...] = ("loss",)) -> str:
    run = store.create_run("live", "going on")
    log(store, run, 0, 3, keys)
    return run


def log(store: Store, run: str, first: int, end: int, keys: tuple[str, ...] = ("loss",)) -> None:
    for step in range(first, end):
        store.log_metrics(run, [(key, step, 1_000_000 + step, step / 8) for key in keys])


def says(page: Any, text: str) -> None:  # noqa: F811
    page.get_by_role("article", name="loss", exact=True).get_by_text(text, exact=True).wait_for()


def steps_of(page: Any) -> list[int]:  # noqa: F811
    return [int(row[0]) for row in table_of(page, "loss")]


def test_two_tabs_move_together_and_one_goes_on_alone(page: Any, store: Store) -> None:  # noqa: F811
    run = begun(store)
    other = page.context.new_page()
    for one in (page, other):
        open_run(one, run, "?tab=curves")
        says(one, "0.25")
    log(store, run, 3, 9)
    for one in (page, other):
        says(one, "1")
    other.get_by_role("button", name="Rename").click()
    other.get_by_label("Name", exact=True).fill("by the other tab")
    other.get_by_role("button", name="Save").click()
    other.get_by_role("heading", name="by the other tab").wait_for()
    page.get_by_role("heading", name="by the other tab").wait_for()  # it asks every 15 seconds
    other.close()
    log(store, run, 9, 13)
    says(page, "1.5")
    page.get_by_role("button", name="Data of loss").click()
    eventually(lambda: steps_of(page) == list(range(13)))


def test_seven_tabs_leave_the_browser_a_connection(page: Any, store: Store) -> None:  # noqa: F811
    """A browser has six for one server: streams of tabs that nobody sees must not hold them all."""
    run = begun(store)
    for _ in range(6):
        behind = page.context.new_page()
        behind.add_init_script(f"({HIDE})(true)")
        behind.goto(f"/app/runs/{run}", wait_until="commit")
    open_run(page, run, "?tab=curves")  # once the first of them rest
    says(page, "0.25")
    log(store, run, 3, 9)
    says(page, "1")


def test_a_tab_that_nobody_sees_rests_and_then_has_it_all(page: Any, store: Store) -> None:  # noqa: F811
    run = begun(store)
    open_run(page, run, "?tab=curves")
    says(page, "0.25")
    page.get_by_role("button", name="Data of loss").click()
    eventually(lambda: steps_of(page) == [0, 1, 2])
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def listeners() -> int:
        session.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return int(found["JSEventListeners"])

    page.evaluate(HIDE, True)
    before = listeners()
    log(store, run, 3, 30)  # heard, and painted by nobody
    eventually(
        lambda: page.evaluate("performance.getEntriesByType('resource').some(e => e.name.includes('/events'))"), 40
    )
    assert listeners() <= before + 2
    log(store, run, 30, 41)  # not even heard
    assert steps_of(page) == [0, 1, 2]
    page.evaluate(HIDE, False)
    eventually(lambda: steps_of(page) == list(range(41)))
    log(store, run, 41, 43)
    eventually(lambda: steps_of(page) == list(range(43)))


def test_no_point_is_lost_between_the_picture_and_the_stream(page: Any, store: Store) -> None:  # noqa: F811
    """Points land all the time while the page of a run opens; each time it has every one of them."""
    for _ in range(6):
        run, at = begun(store), 3
        page.goto(f"/app/runs/{run}?tab=curves", wait_until="commit")
        drawn = page.get_by_role("article", name="loss", exact=True).locator("canvas")
        while not drawn.count() and at < 400:  # a table shows 500 rows
            log(store, run, at, at + 1)
            at += 1
            page.wait_for_timeout(20)
        page.get_by_role("button", name="Data of loss").click()
        eventually(lambda end=at: steps_of(page) == list(range(end)))


def test_on_a_slow_network_the_page_comes_bit_by_bit_and_moves(
    page: Any,  # noqa: F811
    store: Store,
    watch_of: dict[Any, Watch],  # noqa: F811
) -> None:
    watch_of[page].expected = ("net::ERR_INTERNET_DISCONNECTED",)
    run = begun(store, ("loss", "other"))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 400, "downloadThroughput": 40_000, "uploadThroughput": 20_000}
    session.send("Network.emulateNetworkConditions", slow)
    page.goto(f"/app/runs/{run}?tab=curves", wait_until="commit")
    page.get_by_role("heading", name="going on").wait_for()
    says(page, "0.25")
    log(store, run, 3, 9)
    says(page, "1")
    session.send("Network.emulateNetworkConditions", {**slow, "offline": True})
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Archive").click()
    page.get_by_text("Connection lost").wait_for()
    log(store, run, 9, 17)
    session.send("Network.emulateNetworkConditions", slow)
    page.get_by_text("Connection lost").wait_for(state="hidden")
    page.get_by_role("link", name="Curves").click()
    says(page, "2")
    page.get_by_role("button", name="Data of loss").click()
    eventually(lambda: steps_of(page) == list(range(17)))
