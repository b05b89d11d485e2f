"""Notices in Chromium: a rule is made, a run fails, the bell counts, the list says what; overnight; undo."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import ask_json, axe, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.track import Store

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
HOUR = 3_600_000
SHOTS = os.environ.get("CASTALIA_SHOTS", "")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bench(home: Path) -> Iterator[Workbench]:
    with Workbench(home, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as made:
        yield made


@pytest.fixture(scope="module")
def store(home: Path, bench: Workbench) -> Iterator[Store]:
    with Store.open(home) as opened:
        yield opened


def shoot(page: Any, name: str) -> None:  # noqa: F811
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_a_rule_is_made_and_a_run_that_fails_rings_the_bell(page: Any, store: Store) -> None:  # noqa: F811
    page.goto("/app/notices")
    settle(page)
    assert page.locator("main").get_by_text("Nothing was told yet.").is_visible()
    shoot(page, "empty")
    page.get_by_role("button", name="Tell me when any run fails").click()
    form = page.get_by_role("form", name="New rule")
    assert form.get_by_label("Name").input_value() == "Tell me when any run fails"
    assert form.get_by_label("It fails").is_checked() and not form.get_by_label("It finishes").is_checked()
    shoot(page, "form")
    assert axe(page) == []
    form.get_by_role("button", name="Make the rule").click()
    page.get_by_text("When a run fails: the page.").wait_for()
    page.goto("/app/runs")
    settle(page)
    assert page.get_by_role("button", name="Notices", exact=True).is_visible()
    hostile = "<img src=x onerror=alert(1)>\u202egnp"
    run = store.create_run("e", hostile)
    store.finish(run, "failed")
    bell = page.get_by_role("button", name="Notices, 1 new")
    bell.wait_for(timeout=20_000)
    bell.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("group", name="Newest notices")
    assert "<img src=x onerror=alert(1)>gnp failed" in box.inner_text() and box.locator("img").count() == 0
    shoot(page, "bell")
    assert axe(page) == []
    page.keyboard.press("Escape")
    box.wait_for(state="detached")
    bell = page.get_by_role("button", name="Notices", exact=True)
    assert bell.evaluate("node => document.activeElement === node")
    page.reload()
    settle(page)
    page.get_by_role("button", name="Notices", exact=True).click()
    page.get_by_role("group", name="Newest notices").get_by_text("gnp failed").click()
    page.wait_for_url(f"**/runs/{run}")


@pytest.mark.slow
def test_a_rule_is_tested_edited_and_deleted(page: Any, bench: Workbench, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("422",)
    made = ask_json(bench, "/notices/rules", {"name": "mine", "when": ["stalled", "metric"], "metric": "accuracy",
                                              "value": 0.9, "webhook": "https://hooks.example/x"})  # fmt: skip
    ask_json(bench, "/notices/rules", {"name": "plain", "when": ["finished"]})
    page.goto("/app/notices")
    settle(page)
    words = "When a run has logged nothing for 10 min or has accuracy above 0.9: the page and https://hooks.example/x."
    page.get_by_text(words).wait_for()
    page.get_by_role("button", name="Test mine").click()
    page.get_by_text("the page was told; the webhook was not told: offline: no webhook is sent").wait_for()
    page.get_by_role("button", name="Turn off mine").click()
    page.get_by_role("button", name="Turn on mine").wait_for()
    page.get_by_role("button", name="Edit mine").click()
    form = page.get_by_role("form", name="Edit the rule")
    form.get_by_label("Only of runs that fit").fill("metrics.loss <")
    form.get_by_role("button", name="Keep the changes").click()
    page.locator(".problem, [role=alert]").first.wait_for()
    form.get_by_label("Only of runs that fit").fill("metrics.loss < 1")
    form.get_by_role("button", name="Keep the changes").click()
    page.get_by_text("When a run with metrics.loss < 1 has logged").wait_for()
    page.get_by_role("button", name="Delete plain").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Delete plain").wait_for()
    assert {rule["name"] for rule in ask_json(bench, "/notices/rules")} >= {"mine", "plain"}
    assert next(rule for rule in ask_json(bench, "/notices/rules") if rule["id"] == made["id"])["webhook"]
    shoot(page, "rules")
    assert axe(page) == []


def away(page: Any, hours: int) -> None:  # noqa: F811
    page.add_init_script(
        f"if (!sessionStorage.once) {{ sessionStorage.once = 1;"
        f"localStorage['castalia.seen'] = String(Date.now() - {hours * HOUR}); }}"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [{"color_scheme": "dark"}, pytest.param({"viewport": {"width": 390, "height": 800}}, marks=pytest.mark.slow)],
    indirect=True,
)
def test_what_happened_overnight_is_said_above_the_runs_until_put_away(page: Any, store: Store) -> None:  # noqa: F811
    for i in range(3):
        run = store.create_run("e", f"night {i}")
        store.log_metrics(run, [("accuracy", 0, 1, 0.9 + i / 100)])
        store.finish(run)
    store.add_alert(run, "loss is NaN")
    for i in range(2):
        store.finish(store.create_run("e", f"sad {i}"), "failed")
    away(page, 14)
    page.goto("/app/runs?order=-metrics.accuracy")
    settle(page)
    said = page.get_by_role("region", name="Since you were last here")
    said.wait_for()
    said.get_by_text("Best accuracy").wait_for()
    text = said.inner_text()
    counts = re.search(r"(\d+) finished,\s+(\d+) failed.*,\s+(\d+) alerts?", text)
    assert counts and int(counts[1]) >= 3 and int(counts[2]) >= 2, text
    assert "night 2 with 0.92" in text
    shoot(page, f"overnight-{page.viewport_size['width']}")
    assert axe(page) == []
    said.get_by_role("link", name=f"{counts[2]} failed").click()
    page.locator(".board-count").get_by_text(f"{counts[2]} runs").wait_for()
    assert set(page.locator(".grid-body [data-col=status]").all_inner_texts()) == {"Failed"}
    page.reload()
    settle(page)
    said.wait_for()
    page.goto("/app/notices")
    settle(page)
    shoot(page, f"notices-{page.viewport_size['width']}")
    assert axe(page) == []
    page.goto("/app/runs")
    settle(page)
    said.get_by_role("button", name="Put this away").click()
    said.wait_for(state="detached")
    asked = since_asked(page)
    page.reload()
    page.locator(".grid-body a").first.wait_for()
    assert said.count() == 0 and asked == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [{"viewport": {"width": 320, "height": 256}, "reduced_motion": "no-preference"}], indirect=True
)
def test_at_400_percent_notices_and_rules_reflow(page: Any) -> None:  # noqa: F811
    page.goto("/app/notices")
    settle(page)
    page.get_by_role("button", name="New rule").click()
    form = page.get_by_role("form", name="New rule")
    form.get_by_label("A metric crosses a value").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name=re.compile("^Notices")).click()
    box = page.get_by_role("group", name="Newest notices").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 320


def since_asked(page: Any) -> list[str]:  # noqa: F811
    """Questions of what happened since, from now on: they are asked before the rows are drawn, or not at all."""
    asked: list[str] = []
    page.on("request", lambda sent: "/runs/since" in sent.url and asked.append(sent.url))
    return asked


@pytest.mark.slow
def test_who_was_here_a_minute_ago_is_told_nothing(page: Any, store: Store) -> None:  # noqa: F811
    store.finish(store.create_run("e", "seen"))
    asked = since_asked(page)
    page.goto("/app/runs")
    settle(page)
    page.reload()
    page.locator(".grid-body a").first.wait_for()
    assert asked == []


@pytest.mark.slow
def test_the_palette_finds_experiments_and_commands_and_what_was_opened_last_first(page: Any, store: Store) -> None:  # noqa: F811
    store.create_run("night's work", "palette")
    page.goto("/app/runs")
    settle(page)
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search systems")
    box.fill("night's")
    page.get_by_role("option", name="night's work").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/experiments/*")
    page.get_by_role("heading", name="night's work", level=1).wait_for()
    page.keyboard.press("Control+k")
    box.fill("doctor")
    page.get_by_role("option", name="castalia doctor").click()
    page.get_by_text("opied").first.wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("option", name="night's work").first.wait_for()
    assert page.get_by_role("option").first.inner_text().startswith("castalia doctor")
    assert "night's work" in page.get_by_role("option").nth(1).inner_text()
    assert axe(page) == []


def search(page: Any, text: str) -> Any:  # noqa: F811
    """The options for a text, once the runs have been looked through too."""
    if not page.get_by_role("dialog", name="Search").is_visible():
        page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search systems").fill(text)
    dialog = page.get_by_role("dialog", name="Search")
    dialog.get_by_role("status").get_by_text(re.compile(r"^\d+ entr|^Nothing is called")).wait_for(state="attached")
    return dialog.get_by_role("option")


def test_the_palette_opens_the_manual_and_what_was_saved(page: Any, store: Store) -> None:  # noqa: F811
    run = store.create_run("palette", "walrus <b>one</b>", run_id="walrus")
    store.finish(run)
    page.goto("/app/runs")
    settle(page)
    saved = {"page": "compare", "query": "experiment=palette&filter=name%20LIKE%20'walrus%25'"}
    assert page.request.put("/views/Seals%20compared", data=saved).ok
    search(page, "every page searching").filter(has_text="All runs with").wait_for()
    assert page.get_by_text("Nothing is called that.").is_visible()
    assert axe(page) == []
    found = search(page, "walrus")
    found.filter(has_text="walrus <b>one</b>").first.wait_for()
    assert found.first.inner_text().startswith("walrus <b>one</b>")
    found = search(page, "the page of runs")
    found.filter(has_text="Manual").first.wait_for()
    assert found.first.inner_text().splitlines() == ["The page of runs", "Manual"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/manual/runs")
    page.get_by_role("heading", name="The page of runs", level=1).wait_for()
    page.get_by_role("article").get_by_role("link", name="search.md").first.click()
    page.wait_for_url("**/app/manual/search")
    settle(page)
    found = search(page, "choosing, and what")
    found.filter(has_text="In “The page of runs”").first.wait_for()
    assert "In “The page of runs”" in found.first.inner_text()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="Choosing, and what can be done")
    heading.wait_for()
    assert heading.evaluate("one => one === document.activeElement")
    assert axe(page) == []
    found = search(page, "seals")
    found.filter(has_text="Seals compared").first.wait_for()
    assert found.first.inner_text().splitlines() == ["Seals compared", "Saved comparison"]
    # Within one frame, as a hand on the keys may: the search is off, and on again.
    page.evaluate(
        """async () => {
          const key = (name, more) => new KeyboardEvent("keydown", {key: name, bubbles: true, ...more});
          document.activeElement.dispatchEvent(key("Escape"));
          for (let i = 0; i < 9; i++) await null;
          window.dispatchEvent(key("k", {ctrlKey: true}));
        }"""
    )
    box = page.get_by_role("dialog", name="Search").get_by_role("combobox")
    box.wait_for()
    assert box.input_value() == ""
    page.keyboard.press("Escape")
    found = search(page, "open the trash")
    found.filter(has_text="Open the trash").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/runs?show=trash")
    page.get_by_text("The trash is empty").wait_for()


@pytest.mark.slow
def test_the_palette_goes_round_by_key_and_finds_lessons_and_actions(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("500",)
    page.goto("/app/manual")
    settle(page)
    found = search(page, "backwards")
    assert (
        "The chain rule, backwards" in found.first.inner_text() and "network from scratch" in found.first.inner_text()
    )
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/systems/neural_net?tab=lesson&at=*")
    heading = page.get_by_role("heading", name="The chain rule, backwards")
    heading.wait_for()
    assert heading.evaluate("one => one === document.activeElement")
    search(page, "what COMMIT promises")
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/projects/track?tab=lesson&at=*")
    heading = page.get_by_role("heading", name="What COMMIT promises")
    heading.wait_for()
    assert heading.evaluate("one => one === document.activeElement")
    found = search(page, "train neural")
    assert found.first.inner_text().startswith("Train ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/systems/neural_net?tab=train")
    found = search(page, "")
    count = found.count()

    def chosen() -> int:
        marked = found.evaluate_all("all => all.map(one => one.getAttribute('aria-selected'))")
        box = page.get_by_role("combobox", name="Search systems")
        assert box.get_attribute("aria-activedescendant") == f"found-{marked.index('true')}"
        return int(marked.index("true"))

    for key, place in (("ArrowUp", count - 1), ("ArrowDown", 0), ("PageDown", 5), ("PageUp", 0), ("ArrowDown", 1)):
        page.keyboard.press(key)
        assert chosen() == place, key
    held: list[Any] = []
    page.route("**/runs?q=slow*", lambda route: held.append(route))
    box = page.get_by_role("combobox", name="Search systems")
    box.fill("slow one")
    page.get_by_text("Looking through the runs…").wait_for()
    page.get_by_role("option", name="All runs with “slow one”").wait_for()
    while len(held) < 1:
        page.wait_for_timeout(20)
    held[0].fulfill(json={"items": [], "total": 0})
    page.get_by_text("Nothing is called that.").wait_for()
    box.fill("slow two")
    page.get_by_text("Looking through the runs…").wait_for()
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[1].fulfill(status=500, json={"subject": "no"})
    page.get_by_text("The runs could not be searched").wait_for()
    theme = page.evaluate("document.documentElement.dataset.theme")
    search(page, "turn the theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") != theme
