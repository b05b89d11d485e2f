"""The page of a project that is a library: what is in it, what it promises, its lesson; found by list and by search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import axe, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia import catalog
from castalia.core.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TOYS = Path(__file__).parent / "toy_shelf"
PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
PAGES = ("systems", "projects/utilities", "projects/utilities?tab=names", "projects/utilities?tab=lesson",
         "projects/utilities?tab=build", "projects/track", "projects/track?tab=names", "projects/track?tab=lesson",
         "projects/track?tab=build", "projects/toys~bits", "projects/toys~bits?tab=names",
         "projects/toys~bits?tab=build", "projects/nothing", "projects/churn")  # fmt: skip
BUDGET = 60_000
"""Bytes over the wire for a page without Plotly."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench that also has the toys, for a library with figures of its own."""
    home = tmp_path_factory.mktemp("home")
    catalog.trust(TOYS, Settings(home=home), "toys")
    with Workbench(home, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as made:
        yield made


def open_page(page: Any, path: str) -> None:  # noqa: F811
    page.goto("/app/" + path)
    settle(page)


EVERY_LOOK = [
    pytest.param(look, half, id=f"{name}-{half}")
    for name, look in (("light", {}), ("dark", DARK), ("phone", PHONE), ("dark-phone", DARK | PHONE))
    for half in (0, 1)
]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "half"), EVERY_LOOK, indirect=["page"])
def test_every_page_opens_clean(page: Any, half: int, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("404",)
    wrong = []
    for path in PAGES[half::2]:
        open_page(page, path)
        page.wait_for_timeout(200)
        settle(page)
        wrong += [f"{path}: {finding}" for finding in axe(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{path}: {wide} px wider than the window")
        if page.title() == "Castalia" or not page.inner_text("h1"):
            wrong.append(f"{path}: no title of its own")
    assert wrong == []


def test_from_the_list_to_the_names_with_the_keyboard(page: Any) -> None:  # noqa: F811
    open_page(page, "systems")
    libraries = page.get_by_role("region", name="Libraries")
    libraries.get_by_role("link", name="Bits of a number").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/projects/toys~bits")
    page.get_by_text("Measured, and it holds").wait_for()
    assert page.get_by_role("link", name="Systems").first.get_attribute("aria-current") == "page"
    page.get_by_role("link", name="What is in it").focus()
    page.keyboard.press("Enter")
    page.get_by_text("number(bits, *, base=2)").wait_for()
    assert page.get_by_text("_private").count() == 0
    tabs = page.locator(".tabs a").all_inner_texts()
    assert tabs == ["About", "What is in it", "Lesson", "Build it yourself"], "no form, nothing to train"


def test_search_finds_a_library(page: Any) -> None:  # noqa: F811
    open_page(page, "runs")
    page.keyboard.press("Control+k")
    page.keyboard.type("castalia.kit")
    page.get_by_role("dialog").get_by_text("Library 1.1").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/projects/utilities*")


def test_the_address_of_a_system_leads_on(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("404",)
    open_page(page, "systems/utilities")
    page.get_by_text("utilities is a library, not a system").wait_for()
    page.get_by_role("link", name="Open utilities").click()
    page.wait_for_url("**/app/projects/utilities*")


def test_it_stays_within_its_budget(page: Any) -> None:  # noqa: F811
    sent: list[Any] = []
    page.on("response", lambda answer: sent.append(answer))
    open_page(page, "projects/utilities")
    page.wait_for_timeout(300)
    weight = sum(each.request.sizes()["responseBodySize"] for each in sent)
    assert 0 < weight <= BUDGET, {each.url: each.request.sizes()["responseBodySize"] for each in sent}
