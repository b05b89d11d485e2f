"""Jobs in Chromium: the queue, one job with its log as it grows, stopped and gone on with; a server that is killed."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import ask_json, axe, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.jobs import Jobs

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
TESTS = str(Path(__file__).parent)
ENV = {"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1",
       "PYTHONPATH": os.pathsep.join([TESTS, *filter(None, [os.environ.get("PYTHONPATH")])])}  # fmt: skip
DARK, PHONE = {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe"


def queued(home: Path, *wanted: tuple[str, dict[str, Any], str]) -> list[str]:
    """Jobs that wait for a workbench to come: (entry in jobs_toys, args, title)."""
    with Jobs(home, running=0) as jobs:
        return [
            jobs.start(f"jobs_toys:{entry}", args, title=title, owner="workbench").id for entry, args, title in wanted
        ]


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("home")
    names = ("short", "broken", "long", "next")
    made = queued(home, ("count", {"n": 3}, "fit short"), ("crash", {}, HOSTILE),
                  ("count", {"n": 20_000, "pause": 0.1}, "fit long"), ("count", {"n": 3}, "fit next"))  # fmt: skip
    return {"home": home, **dict(zip(names, made, strict=True))}


@pytest.fixture(scope="module")
def bench(ids: dict[str, Any]) -> Iterator[Workbench]:
    with Workbench(ids["home"], env=ENV) as made:
        yield made


def section(page: Any, name: str) -> Any:  # noqa: F811
    return page.get_by_role("region", name=name, exact=True)


def printed(page: Any) -> Any:  # noqa: F811
    return page.get_by_role("region", name="What it printed")


def test_a_job_is_watched_stopped_and_gone_on_with(page: Any, bench: Workbench, ids: dict[str, Any]) -> None:  # noqa: F811
    page.goto("/app/jobs")
    now, ended = section(page, "Now"), section(page, "Ended")
    ended.get_by_role("row", name=re.compile("fit short")).wait_for(timeout=40_000)
    now.get_by_text(re.compile(r"of 20,000 .* a second .* left")).wait_for()
    assert now.locator("li").count() == 2 and "Next in line" in now.locator("li").nth(1).inner_text()
    ended.get_by_role("row", name=re.compile("onerror.*Failed.*division", re.S)).wait_for()
    assert page.locator("main img").count() == 0
    assert axe(page) == []
    now.get_by_role("link", name="fit long").click()
    page.wait_for_url(f"**/app/jobs/{ids['long']}")
    log = printed(page)
    log.get_by_text(re.compile("step [0-9]+")).wait_for()
    first = log.inner_text().count("\n")
    log.get_by_text(re.compile(f"step {first + 12}\n")).wait_for()
    page.get_by_label("Search the log").fill("STEP 7")
    log.locator("mark").first.wait_for()
    assert log.inner_text().startswith("step 7")
    page.get_by_label("Search the log").fill("")
    page.locator("[role=progressbar][aria-label=Progress][aria-valuetext]").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("It was stopped by hand.").wait_for(timeout=30_000)
    assert ask_json(bench, f"/jobs/{ids['long']}")["state"] == "cancelled"
    page.get_by_role("button", name="Go on with it").click()
    page.get_by_text("attempt 2").wait_for(timeout=30_000)
    page.get_by_role("button", name="Cancel").wait_for()
    assert ask_json(bench, f"/jobs/{ids['long']}")["attempt"] == 2


@pytest.mark.slow
def test_a_server_that_is_killed_in_the_middle_is_told_and_the_job_goes_on(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    (id,) = queued(tmp_path, ("count", {"n": 5000, "pause": 0.05}, "fit long"))
    first = Workbench(tmp_path, env=ENV)
    port = first.port
    context = chromium.new_context(base_url=first.root, reduced_motion="reduce")
    context.set_default_timeout(40_000)
    made = context.new_page()
    made.goto(f"/app/jobs/{id}")
    log = printed(made)
    log.get_by_text(re.compile("step 5\n")).wait_for()
    first.end(signal.SIGKILL)
    made.get_by_text("Connection lost").wait_for()
    assert "step 5\n" in log.inner_text(), "what was read stays"
    seen = log.inner_text().count("step ")
    with Workbench(tmp_path, env=ENV, port=port) as second:
        made.get_by_text("Connection lost").wait_for(state="detached")
        log.get_by_text(re.compile(f"step {seen + 40}\n")).wait_for()
        said = [int(step) for step in re.findall(r"step (\d+)", log.inner_text())]
        # Adopted, or gone on with where it was: a step may be repeated by the next attempt, none is lost.
        assert sorted(set(said)) == list(range(max(said) + 1)) and len(said) <= len(set(said)) + 1
        made.get_by_role("button", name="Cancel").click()
        made.get_by_role("button", name="Go on with it").wait_for()
        assert ask_json(second, f"/jobs/{id}")["state"] == "cancelled"
    context.close()


@pytest.mark.slow
def test_a_flood_is_bounded_in_the_page_and_searched_whole(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    (id,) = queued(tmp_path, ("flood", {"megabytes": 6}, "fit loud"))
    with Workbench(tmp_path, env=ENV) as made:
        context = chromium.new_context(base_url=made.root, reduced_motion="reduce")
        context.set_default_timeout(40_000)
        opened = context.new_page()
        opened.goto(f"/app/jobs/{id}")
        log = printed(opened)
        opened.get_by_text("Done", exact=True).wait_for()
        log.get_by_text("the last line").wait_for()
        assert log.inner_text().count("\n") <= 1001
        opened.get_by_role("button", name=re.compile("Show .* lines more")).click()
        assert log.inner_text().count("\n") <= 2001
        opened.get_by_label("Search the log").fill("first line")
        opened.get_by_text("1 line with it").wait_for()
        assert log.inner_text().strip() == "the first line"
        opened.get_by_label("Search the log").fill("x")
        opened.get_by_text(re.compile("[0-9,]+ lines with it")).wait_for()
        log.locator("mark").first.wait_for()
        assert log.locator("mark").count() <= 2000 * 10
        opened.get_by_label("Search the log").fill("")
        opened.get_by_role("checkbox", name="Stay at the end").uncheck()
        assert axe(opened) == []
        context.close()


@pytest.mark.slow
def test_the_queue_with_the_keyboard_and_its_filters(page: Any, bench: Workbench, ids: dict[str, Any]) -> None:  # noqa: F811
    page.goto("/app/jobs?state=failed")
    ended = section(page, "Ended")
    ended.get_by_role("link", name=re.compile("onerror")).wait_for()
    settle(page)
    assert ended.locator("tbody tr").count() == 1
    page.get_by_label("How it ended").select_option("done")
    ended.get_by_role("link", name="fit short").wait_for()
    page.get_by_label("Find").fill("nothing is called that")
    ended.get_by_text("No job fits.").wait_for()
    page.get_by_label("Find").fill("short")
    ended.get_by_role("link", name="fit short").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/app/jobs/{ids['short']}")
    printed(page).get_by_text("step 2").wait_for()
    page.get_by_text("What came out").click()
    page.get_by_text('"attempt": 1').wait_for()
    page.goto(f"/app/jobs/{ids['broken']}")
    page.get_by_text(re.compile("ZeroDivisionError")).first.wait_for()
    printed(page).get_by_text("about to divide").wait_for()
    page.get_by_role("button", name="Go on with it").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel").wait_for()


@pytest.mark.slow
def test_it_waits_for_the_first_job_and_what_is_not_there(
    chromium: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    with Workbench(tmp_path, env=ENV) as made:
        context = chromium.new_context(base_url=made.root, reduced_motion="reduce")
        opened = context.new_page()
        opened.goto("/app/jobs")
        opened.get_by_role("heading", name="Nothing was trained here yet").wait_for()
        settle(opened)
        assert axe(opened) == []
        ask_json(made, "/systems/neural_net/fit", {"quick": True})
        opened.get_by_role("region", name="Ended").get_by_role("link").first.wait_for(timeout=120_000)
        opened.get_by_role("region", name="Ended").get_by_role("link", name=re.compile("The run of")).click()
        opened.wait_for_url("**/app/runs/*")
        opened.goto("/app/jobs/20260101-000000000-abcdef")
        opened.get_by_text(re.compile("There is no job")).first.wait_for()
        context.close()


LOOKS = [pytest.param(look, id=name) for name, look in
         (("light", {}), ("dark", DARK), ("phone", PHONE), ("dark-phone", DARK | PHONE),
          ("400 %", {"viewport": {"width": 320, "height": 256}}))]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("page", LOOKS, indirect=True)
def test_it_is_clean_in_both_themes_and_on_a_phone(page: Any, bench: Workbench, ids: dict[str, Any]) -> None:  # noqa: F811
    for path in ("jobs", f"jobs/{ids['long']}", f"jobs/{ids['broken']}", f"jobs/{ids['short']}"):
        page.goto(f"/app/{path}")
        settle(page)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
