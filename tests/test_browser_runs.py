"""The page of runs in a real Chromium: finding, choosing, changing and throwing away, with the keyboard alone too."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browser_fixtures import address_of, ask_json, axe, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.track import Store

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ENV = {"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}
RUNS = 260
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe"


def make_runs(home: Path) -> None:
    """260 runs in two experiments; the first of each hundred holds three others; losses tell them apart."""
    with Store.open(home) as store:
        for i in range(RUNS):
            tags = {"team": ("red", "blue")[i % 2]}
            params = {"rate": 0.1 if i % 4 else 0.01, "model": "resnet" if i % 2 else "mlp"}
            run = store.create_run("alpha" if i % 3 else "beta", f"run {i:03}", params, tags)
            points = [("train/loss", step, 1, 1.0 / (step + 1)) for step in range(5)]
            store.log_metrics(run, [("test/loss", 0, 1, i / 1000), *points])
            for k in range(3 if i % 100 == 0 else 0):
                store.finish(store.create_run("alpha", f"trial {i} {k}", parent=run))
            store.finish(run, "failed" if i % 10 == 0 else "done")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    home = tmp_path_factory.mktemp("home")
    make_runs(home)
    with Workbench(home, env=ENV) as made:
        yield made


def open_runs(page: Any, **state: Any) -> None:  # noqa: F811
    page.goto("/app/runs" + (f"?{urlencode(state, doseq=True)}" if state else ""))
    page.locator(".grid-body a").first.wait_for()
    settle(page)


def shown(page: Any) -> list[str]:  # noqa: F811
    """Names of the rows in the document, from above."""
    told = "all => all.map(row => [Number(row.dataset.at), row.querySelector('a')?.textContent])"
    rows = page.locator(".grid-body [role=row]").evaluate_all(told)
    return [name for _, name in sorted(rows, key=lambda row: row[0])]


def found(page: Any, text: str) -> None:  # noqa: F811
    page.locator(".board-count [role=status]").get_by_text(text, exact=False).wait_for()


def listed(bench: Workbench, **asked: Any) -> list[dict[str, Any]]:
    return ask_json(bench, "/runs?" + urlencode({"limit": 1000, **asked}, doseq=True))["items"]  # type: ignore[no-any-return]


def state(page: Any) -> dict[str, list[str]]:  # noqa: F811
    return parse_qs(urlsplit(address_of(page)).query)


def row_at(page: Any, at: int) -> Any:  # noqa: F811
    """A row once it is read: that none is blank is true as well before the scrolling has come."""
    return page.locator(f".grid-body [data-at='{at}'] a")


def until(true: Any, what: str) -> None:
    """Wait for something that is asked of the server."""
    for _ in range(150):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(f"it never came: {what}")


def toast(page: Any, text: str) -> None:  # noqa: F811
    page.locator(".toast").get_by_text(text).wait_for()


def test_only_what_is_seen_is_drawn_and_every_row_is_there(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_runs(page, nested="no")
    expected = [row["name"] for row in listed(bench)]
    assert len(expected) == RUNS + 9
    grid = page.get_by_role("treegrid", name="Runs")
    assert grid.get_attribute("aria-rowcount") == str(len(expected) + 1)
    assert shown(page) == expected[: len(shown(page))] and len(shown(page)) < 60
    for share in (0.5, 1.0, 0.3):
        grid.evaluate("(grid, share) => (grid.scrollTop = share * (grid.scrollHeight - grid.clientHeight))", share)
        row_at(page, round(share * (len(expected) - 1))).wait_for()
        index = page.locator(".grid-body [role=row]").evaluate_all("all => all.map(one => Number(one.dataset.at))")
        assert shown(page) == [expected[at] for at in sorted(index)] and len(index) < 60
        assert any(abs(at - share * len(expected)) < 40 for at in index)


def test_runs_are_found_chosen_and_compared_with_the_keyboard_alone(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_runs(page)
    found(page, "260 runs")
    page.keyboard.press("/")
    page.keyboard.type("metrics.test/loss < 0.004")
    found(page, "4 runs")
    page.keyboard.press("Escape")  # the offers, if any
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    chosen = page.get_by_role("region", name="Chosen runs")
    chosen.get_by_text("3 runs chosen").wait_for()
    page.keyboard.press(" ")
    chosen.get_by_text("2 runs chosen").wait_for()
    active = page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent"
    )
    assert "run 001" in active
    page.keyboard.press("c")
    page.wait_for_url("**/app/compare?*")
    ids = {row["name"]: row["run_id"] for row in listed(bench)}
    assert set(state(page)["run"]) == {ids["run 003"], ids["run 002"]}
    page.go_back()
    page.locator(".grid-body a").first.wait_for()
    page.locator(".grid").focus()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys of this page").wait_for()
    page.keyboard.press("Escape")
    page.locator(".grid").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/app/runs/{ids['run 000']}")


def test_a_filter_is_completed_and_its_errors_are_shown_in_their_place(
    page: Any,  # noqa: F811
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("422",)
    open_runs(page)
    box = page.get_by_role("combobox", name=re.compile("Filter runs"))
    box.press_sequentially("test/l")
    page.get_by_role("option").filter(has_text="metrics.test/loss").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert box.input_value() == "metrics.test/loss "
    page.get_by_role("option", name="<=").wait_for()
    box.press_sequentially("< 0.01 AND stat")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    box.press_sequentially("= 'fa")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert box.input_value().strip() == "metrics.test/loss < 0.01 AND status = 'failed'"
    found(page, "1 run")
    box.fill("metrics.test/loss < 0.1 AND params.rate >> 2")
    wrong = page.locator("#filter-wrong")
    wrong.locator("pre").wait_for()
    text, caret = wrong.locator("pre").inner_text().split("\n")
    assert text[caret.index("^") :].startswith(">>"), wrong.inner_text()
    assert box.get_attribute("aria-invalid") == "true"
    assert page.locator(".grid-body a").count() == 1, "what was found before stays"
    # Beside a condition that was clicked, the place is still that in the box.
    page.locator(".grid-body [data-col=status] button").first.click()
    page.get_by_text("status = 'failed'").first.wait_for()
    wrong.locator("pre").get_by_text(re.compile(r"^metrics")).wait_for()
    box.fill("metrics.tset/loss < 5")
    page.get_by_text("Did you mean 'test/loss'?").wait_for()
    box.fill("")
    found(page, "26 runs")
    box.fill("trial 100")
    page.get_by_text("No run fits").wait_for()
    page.get_by_role("button", name="Without status = 'failed'").click()
    found(page, "3 runs")


@pytest.mark.slow
def test_no_letter_is_lost_while_the_page_is_busy(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("422",)
    open_runs(page)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 12})
    box = page.get_by_role("combobox", name=re.compile("Filter runs"))
    box.focus()
    text = "metrics.test/loss < 0.004 AND experiment = 'alpha'"
    for letter in text:
        page.keyboard.press("Space" if letter == " " else letter)
        page.wait_for_timeout(45 + 10 * (ord(letter) % 7))
    assert box.input_value() == text
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    found(page, "2 runs")
    box.fill("")
    found(page, "260 runs")


@pytest.mark.slow
def test_clicks_make_conditions_that_can_be_taken_away(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_runs(page, col=["name", "status", "params.model", "params.rate", "tags"])
    page.locator(".grid-body .chip", has_text="team: blue").first.click()
    found(page, "130 runs")
    page.locator(".grid-body [data-col='params.rate']").first.click(modifiers=["Alt"])
    page.get_by_role("list", name="Conditions").get_by_text("params.rate = '").wait_for()
    where = state(page)["where"]
    assert where[0] == "tags.team = 'blue'" and re.fullmatch(r"params.rate = '0\.0?1'", where[1])
    expected = [row["name"] for row in listed(bench, filter=" AND ".join(where))]
    found(page, f"{len(expected)} runs")
    assert shown(page) == expected[: len(shown(page))]
    page.locator(".grid-body [data-col=name]").first.click(button="right")
    page.get_by_role("menuitem", name=re.compile("params.model =")).click()
    assert len(state(page)["where"]) == 3
    page.get_by_role("button", name="Take away tags.team = 'blue'").click()
    page.go_back()
    page.go_back()
    page.get_by_role("button", name="Take away tags.team = 'blue'").wait_for()
    assert state(page)["where"] == where
    page.get_by_role("button", name="Take all away").click()
    found(page, "260 runs")
    open_runs(page, status="failed")  # the address that other pages link to
    found(page, "26 runs")


def test_columns_are_chosen_moved_pinned_and_sorted(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_runs(page)

    def heads() -> list[str]:
        return page.locator("[data-head]").evaluate_all("all => all.map(one => one.dataset.head)")  # type: ignore[no-any-return]

    assert heads() == [
        "name",
        "status",
        "experiment",
        "metrics.test/loss",
        "metrics.train/loss",
        "started",
        "took",
        "tags",
    ]
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_role("searchbox").fill("rate")
    dialog.get_by_role("checkbox", name=re.compile("^rate")).check()
    dialog.get_by_role("searchbox").fill("train")
    dialog.get_by_role("checkbox", name=re.compile("^curve")).check()
    dialog.get_by_role("button", name="Done").click()
    assert heads()[-2:] == ["params.rate", "spark.train/loss"]
    spark = page.locator("[data-col='spark.train/loss'] svg").first
    spark.wait_for()
    assert spark.get_attribute("aria-label") == "train/loss: from 1 to 0.2, least 0.2, most 1"
    head = page.locator("[data-head='params.rate']")
    head.focus()
    for _ in range(3):
        page.keyboard.press("Alt+ArrowLeft")
    assert heads().index("params.rate") == 5 and page.evaluate("document.activeElement.dataset.head") == "params.rate"
    page.keyboard.press("ArrowDown")
    page.get_by_role("menu").get_by_text("Pin to the left").click()
    assert heads()[:2] == ["name", "params.rate"]
    page.locator("[data-head='metrics.test/loss']").drag_to(page.locator("[data-head=status]"))
    assert heads()[2:4] == ["metrics.test/loss", "status"]
    page.locator("[data-head=took]").click(button="right")
    page.get_by_role("menuitem", name="Hide").click()
    assert "took" not in heads()
    before = heads()
    loss = page.locator("[data-head='metrics.test/loss']")
    loss.click()
    page.locator(".grid-body a").first.get_by_text("run 259").wait_for()
    assert loss.get_attribute("aria-sort") == "descending"
    loss.press("Enter")
    page.locator(".grid-body a").first.get_by_text("run 000").wait_for()
    assert loss.get_attribute("aria-sort") == "ascending"
    page.reload()
    page.locator(".grid-body a").first.get_by_text("run 000").wait_for()
    assert heads() == before, "the address holds it all"
    page.locator(".grid").evaluate("grid => (grid.scrollLeft = 500)")
    left = page.locator("[data-head='params.rate']").bounding_box()
    name = page.locator("[data-head=name]").bounding_box()
    assert left and name and left["x"] == pytest.approx(name["x"] + name["width"], abs=2), "pinned columns stay"
    page.get_by_role("button", name="Columns").click()
    dialog.get_by_role("button", name="Defaults").click()
    assert "col" not in state(page)


def width_of(page: Any, column: str) -> float:  # noqa: F811
    box = page.locator(f"[data-head='{column}']").bounding_box()
    assert box
    return float(box["width"])


@pytest.mark.slow
def test_columns_are_made_wider_by_dragging_and_by_key_and_the_address_keeps_it(page: Any) -> None:  # noqa: F811
    open_runs(page, col=["name", "status", "metrics.test/loss", "params.model"])
    loss, before = "metrics.test/loss", width_of(page, "metrics.test/loss")
    edge = page.locator(f"[data-head='{loss}'] .grid-edge").bounding_box()
    assert edge
    x, y = edge["x"] + 4, edge["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=4)
    assert width_of(page, loss) == pytest.approx(before + 40, abs=2), "it follows the pointer"
    page.mouse.move(x + 80, y, steps=4)
    page.mouse.up()
    page.wait_for_url("**wide=*")
    wide = width_of(page, loss)
    assert wide == pytest.approx(before + 80, abs=3)
    assert state(page).get("order") is None, "the edge sorts nothing"
    cell = page.locator(f".grid-body [data-col='{loss}']").first.bounding_box()
    assert cell and cell["width"] == pytest.approx(wide, abs=1)
    head = page.locator(f"[data-head='{loss}']")
    head.focus()
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowLeft")
    assert width_of(page, loss) == pytest.approx(wide + 16, abs=3)
    assert page.evaluate("document.activeElement.dataset.head") == loss
    page.keyboard.press("Alt+ArrowLeft")
    heads = page.locator("[data-head]").evaluate_all("all => all.map(one => one.dataset.head)")
    assert heads == ["name", loss, "status", "params.model"], "it is moved as before"
    kept = width_of(page, loss)
    page.reload()
    page.locator(".grid-body a").first.wait_for()
    assert width_of(page, loss) == pytest.approx(kept, abs=1)
    edge = page.locator("[data-head=name] .grid-edge").bounding_box()
    assert edge
    page.mouse.move(edge["x"] + 4, edge["y"] + 10)
    page.mouse.down()
    page.mouse.move(edge["x"] - 200, edge["y"] + 10, steps=4)
    page.mouse.up()
    page.wait_for_url("**wide=name*")
    assert width_of(page, "name") < edge["x"], "the name no longer takes what is left"
    page.locator("[data-head=name] .grid-edge").dblclick()
    page.locator(f"[data-head='{loss}']").click(button="right")
    page.get_by_role("menuitem", name="As wide as it was").click()
    assert width_of(page, loss) == pytest.approx(before, abs=1)
    page.goto("/app/runs?wide=name~1e9&wide=status~-3&wide=__proto__~5&wide=took~x")
    page.locator(".grid-body a").first.wait_for()
    assert width_of(page, "status") == pytest.approx(7 * 16, abs=1), "what is no width is none"


@pytest.mark.slow
def test_what_was_done_is_taken_back_from_its_toast_with_keys_and_it_waits_for_them(
    page: Any,  # noqa: F811
    bench: Workbench,
) -> None:
    page.clock.install()
    open_runs(page, q="name LIKE 'run 07%'", order="name")
    page.locator(".grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("a")
    toast(page, "run 070 is archived")
    assert page.locator(".toasts [role=status] .toast").count() == 1, "it is announced"
    undo = page.get_by_role("button", name="Undo: run 070 is archived")
    undo.focus()
    page.clock.run_for(60_000)
    assert undo.is_visible(), "it waits for who is on it"
    page.keyboard.press("Enter")
    toast(page, "Undone: run 070 is archived")
    assert page.evaluate("document.activeElement.className") == "grid", "the focus is where it was"
    assert not listed(bench, archived="only")
    page.locator(".toast").first.hover()
    page.clock.run_for(60_000)
    assert page.locator(".toast").count() == 1
    page.mouse.move(5, 5)
    page.clock.run_for(11_000)
    page.locator(".toast").wait_for(state="detached")
    # Newer ones push the one away that has the focus: then nobody is on them, and they go in their time.
    grid = page.locator(".grid")
    grid.focus()
    page.keyboard.press("Home")
    for i in range(4):
        grid.dispatch_event("keydown", {"key": "a", "bubbles": True})
        toast(page, f"run 07{i} is archived")
        page.get_by_role("link", name=f"run 07{i}", exact=True).wait_for(state="detached")
        if not i:
            undo.focus()
    undo.wait_for(state="detached")
    assert page.evaluate("document.activeElement.className") == "grid"
    page.clock.run_for(40_000)
    page.locator(".toast").first.wait_for(state="detached")
    archived = [run["run_id"] for run in listed(bench, archived="only")]
    assert len(archived) == 4 and page.request.post("/runs/archive", data={"run_ids": archived, "archived": False}).ok
    open_runs(page, q="name LIKE 'run 07%'", order="name")
    # A hidden column, then a view that was deleted: one after the other, the last one first.
    page.locator("[data-head=took]").click(button="right")
    page.get_by_role("menuitem", name="Hide").click()
    toast(page, "The column Took is hidden")
    page.locator("[data-head=tags]:focus").wait_for()
    page.get_by_role("link", name="run 071").click()
    page.get_by_role("heading", name="run 071").wait_for()
    page.keyboard.press("Control+z")
    page.wait_for_url("**/app/runs?q=*")
    page.locator("[data-head=took]").wait_for()
    ask = {"page": "runs", "query": "order=name"}
    assert page.request.put("/views/Old%2Fand%20new", data=ask).ok
    page.goto("/app/runs?order=name")
    page.get_by_role("button", name="Old/and new").click()
    page.get_by_role("menuitem", name="Delete Old/and new").click()
    toast(page, "Old/and new is deleted")
    assert ask_json(bench, "/views") == []
    page.locator(".grid").focus()
    page.keyboard.press("Control+z")
    page.get_by_role("button", name="Old/and new").wait_for()
    (kept,) = ask_json(bench, "/views")
    assert (kept["name"], kept["query"]) == ("Old/and new", "order=name")
    assert page.request.delete("/views/Old%2Fand%20new").ok


@pytest.mark.slow
def test_a_spreadsheet_runs_nothing_that_was_logged(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    begun = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"]
    with Store.open(tmp_path) as store:
        for i, text in enumerate(begun):
            run = store.create_run("e", text, {"text": text, "rate": "-0.5", "plus": "+1e-3", "inf": "-Infinity"})
            store.log_metrics(run, [("loss", 0, 1, -1.5 - i)])
            store.finish(run)
    with Workbench(tmp_path, env=ENV) as other:
        made = chromium.new_context(base_url=other.root, reduced_motion="reduce").new_page()
        names = ["name", "params.text", "params.rate", "params.plus", "params.inf", "metrics.loss"]
        open_runs(made, col=names, order="-metrics.loss")
        made.get_by_role("button", name="More", exact=True).click()
        with made.expect_download() as saving:
            made.get_by_role("menuitem", name="All of these as CSV").click()
        with saving.value.path().open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        made.context.close()
    kept = [listed_name.strip() for listed_name in begun]
    assert [row["params.text"] for row in rows] == [f"'{text}" for text in begun]
    assert [row["name"].lstrip("'").strip() for row in rows] == kept
    assert all(row["name"][0] not in "=+-@\t\r" for row in rows)
    assert [row["metrics.loss"] for row in rows] == [str(-1.5 - i) for i in range(len(begun))], "numbers stay numbers"
    assert {(row["params.rate"], row["params.plus"], row["params.inf"]) for row in rows} == {
        ("-0.5", "+1e-3", "-Infinity")
    }


@pytest.mark.slow
def test_runs_inside_others_open_in_their_place(page: Any) -> None:  # noqa: F811
    open_runs(page, order="started")
    page.locator(".grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.get_by_role("row", name=re.compile("trial 0 2")).wait_for()
    assert shown(page)[:5] == ["run 000", "trial 0 0", "trial 0 1", "trial 0 2", "run 001"]
    row = page.get_by_role("row", name=re.compile("trial 0 0"))
    assert row.get_attribute("aria-level") == "2"
    assert page.locator("#row-0").get_attribute("aria-expanded") == "true"
    page.reload()
    page.get_by_role("row", name=re.compile("trial 0 0")).wait_for()
    page.locator(".grid").evaluate("grid => (grid.scrollTop = grid.scrollHeight)")
    page.get_by_role("row", name=re.compile("run 259")).wait_for()
    assert page.locator(".grid").get_attribute("aria-rowcount") == "264"
    page.locator(".grid").evaluate("grid => (grid.scrollTop = 0)")
    page.get_by_role("button", name=re.compile("^Close run 000")).click()
    page.get_by_role("row", name=re.compile("trial 0 0")).wait_for(state="detached")


def test_archive_trash_undo_restore_and_the_end_for_good(page: Any, bench: Workbench) -> None:  # noqa: F811
    def where(name: str) -> str:
        for place, asked in (("trash", {"trash": True}), ("archived", {"archived": "only"}), ("active", {})):
            if any(row["name"] == name for row in listed(bench, **asked)):
                return place
        return "gone"

    open_runs(page, q="name LIKE 'run 20%'")
    found(page, "10 runs")
    page.locator(".grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("a")
    toast(page, "run 209 is archived")
    found(page, "9 runs")
    assert where("run 209") == "archived"
    page.keyboard.press("Control+z")
    toast(page, "Undone")
    found(page, "10 runs")
    assert where("run 209") == "active"
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("Delete")
    toast(page, "2 runs are in the trash")
    found(page, "8 runs")
    page.get_by_role("button", name="Undo").click()
    found(page, "10 runs")
    assert where("run 208") == "active"
    page.locator(".grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("Delete")
    found(page, "8 runs")
    page.get_by_role("combobox", name="Which runs").select_option("trash")
    found(page, "2 runs")
    page.get_by_role("checkbox", name="Select run 208").click()
    page.get_by_role("button", name="Restore").click()
    found(page, "1 run")
    assert where("run 208") == "active" and where("run 209") == "trash"
    page.locator(".grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name="Delete 1 run for good?")
    dialog.get_by_text("no files").wait_for()
    dialog.get_by_role("button", name="Keep them").click()
    assert where("run 209") == "trash"
    page.keyboard.press("Delete")
    dialog.get_by_role("button", name="Delete for good").click()
    toast(page, "1 run deleted for good")
    page.get_by_text("The trash is empty").or_(page.get_by_text("No run fits")).wait_for()
    assert where("run 209") == "gone"


@pytest.mark.slow
def test_all_that_match_are_chosen_and_many_need_their_number_in_writing(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_runs(page, q="name LIKE 'run 1%' AND experiment = 'beta'")
    names = [row["name"] for row in listed(bench, filter="name LIKE 'run 1%' AND experiment = 'beta'")]
    page.locator(".grid").focus()
    page.keyboard.press("Control+a")
    page.get_by_text(f"All {len(names)} runs chosen").wait_for()
    page.get_by_role("checkbox", name=f"Select {names[0]}").click()
    page.get_by_text(f"{len(names) - 1} runs chosen").wait_for()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save as").click()
        page.get_by_role("menuitem", name="CSV of the columns shown").click()
    rows = list(csv.DictReader(saving.value.path().read_text("utf-8").splitlines()))
    assert sorted(row["name"] for row in rows) == sorted(names[1:])
    assert {row["metrics.test/loss"] for row in rows} == {str(int(name[4:]) / 1000) for name in names[1:]}
    page.get_by_role("button", name="Trash", exact=True).click()
    toast(page, f"{len(names) - 1} runs are in the trash")
    found(page, "1 run")
    page.get_by_role("combobox", name="Which runs").select_option("trash")
    found(page, f"{len(names) - 1} runs")
    page.get_by_role("checkbox", name="Select all runs").click()
    page.get_by_role("button", name="Delete for good…").click()
    dialog = page.get_by_role("dialog", name=re.compile("for good"))
    button = dialog.get_by_role("button", name="Delete for good")
    assert button.is_disabled()
    dialog.get_by_role("textbox").fill(str(len(names) - 2))
    assert button.is_disabled()
    dialog.get_by_role("textbox").fill(str(len(names) - 1))
    assert button.is_enabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Restore").click()
    toast(page, f"{len(names) - 1} runs are restored")
    assert len(listed(bench, filter="name LIKE 'run 1%' AND experiment = 'beta'")) == len(names)


@pytest.mark.slow
def test_name_note_and_tags_are_changed_in_place(page: Any, bench: Workbench, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("422",)
    open_runs(
        page, q="metrics.test/loss BETWEEN 0.03 AND 0.0315", order="metrics.test/loss", col=["name", "note", "tags"]
    )
    page.locator(".grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("F2")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("the best yet")
    dialog.get_by_label("Note").fill("why: *warm-up*")
    dialog.get_by_label("Tags").fill("team: green\nkeep")
    dialog.get_by_role("button", name="Save").click()
    toast(page, "the best yet is saved")
    row = page.get_by_role("row", name=re.compile("the best yet"))
    row.get_by_text("why: *warm-up*").wait_for()
    assert row.locator(".chip").all_inner_texts() == ["keep", "team: green"]
    (run,) = listed(bench, filter="name = 'the best yet'")
    assert run["tags"] == {
        "team": "green",
        "keep": "true",
        "mlflow.note.content": "why: *warm-up*",
        "mlflow.runName": "the best yet",
    }
    page.get_by_role("button", name="Undo").click()
    until(lambda: listed(bench, filter="name = 'run 030'"), "the old name")
    (run,) = listed(bench, filter="name = 'run 030'")
    assert run["tags"] == {"team": "red", "mlflow.runName": "run 030"}
    page.locator("[data-col=name]", has_text="run 031").dblclick(position={"x": 150, "y": 10})
    dialog.get_by_label("Note").fill("x" * 9000)
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("9,000 characters").wait_for()
    page.keyboard.press("Escape")
    (run,) = listed(bench, filter="name = 'run 031'")
    assert "mlflow.note.content" not in run["tags"]


@pytest.mark.slow
def test_views_are_kept_and_one_of_them_is_home(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_runs(page, q="metrics.test/loss < 0.02", order="metrics.test/loss", col=["name", "metrics.test/loss"])
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save as…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Best")
    page.keyboard.press("Enter")
    toast(page, "Saved as Best")
    query = urlsplit(address_of(page)).query
    open_runs(page)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitemcheckbox", name="Best").click()
    found(page, "20 runs")
    assert urlsplit(address_of(page)).query == query
    page.get_by_role("button", name="Best").click()
    page.get_by_role("menuitemcheckbox", name="Open the workbench here").click()
    toast(page, "The workbench opens here from now on")
    page.goto("/app/")
    page.wait_for_url("**/app/runs?*")
    found(page, "20 runs")
    page.get_by_role("button", name="Best").click()
    page.get_by_role("menuitem", name="Rename Best…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Lowest loss")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Lowest loss", exact=True).wait_for()
    assert [(view["name"], view["home"]) for view in ask_json(bench, "/views")] == [("Lowest loss", True)]
    page.get_by_role("button", name="Lowest loss", exact=True).click()
    page.get_by_role("menuitem", name="Delete Lowest loss").click()
    page.get_by_role("button", name="Views").wait_for()
    assert ask_json(bench, "/views") == []


@pytest.mark.slow
def test_two_tabs_tell_each_other_through_the_server(page: Any, bench: Workbench) -> None:  # noqa: F811
    asked = {"q": "name LIKE 'run 05%'", "order": "name"}
    open_runs(page, **asked)
    other = page.context.new_page()
    open_runs(other, **asked)
    other.locator(".grid").focus()
    other.keyboard.press("Home")
    other.keyboard.press("Delete")
    toast(other, "run 050 is in the trash")
    page.get_by_role("button", name="The order has changed: show").or_(
        page.get_by_text("9 runs", exact=True)
    ).first.wait_for()
    other.keyboard.press("Control+z")
    toast(other, "Undone")
    until(lambda: len(listed(bench, filter="name LIKE 'run 05%'")) == 10, "the run is back")
    other.close()


SCRIPT = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("from mlflow")
with mlflow.start_run(run_name=sys.argv[2]):
    mlflow.log_param("rate", 0.5)
    mlflow.log_metric("test/loss", 0.125)
"""


def with_mlflow(bench: Workbench, name: str) -> None:
    if importlib.util.find_spec("mlflow") is None:
        pytest.skip("needs mlflow")
    subprocess.run([sys.executable, "-c", SCRIPT, bench.root, name], check=True, capture_output=True, timeout=55)


def test_a_run_of_a_real_mlflow_client_appears_and_moves_nothing(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_runs(page)
    grid = page.locator(".grid")
    other = page.context.new_page()
    open_runs(other)
    other.locator(".grid").evaluate("grid => (grid.scrollTop = 34 * 120)")
    row_at(other, 125).wait_for()
    before = other.locator(".grid").evaluate("grid => grid.scrollTop"), shown(other)
    with_mlflow(bench, "from outside")
    page.get_by_role("row", name=re.compile("from outside.*0.1250")).wait_for()
    assert shown(page)[0] == "from outside" and grid.evaluate("grid => grid.scrollTop") == 0
    line = other.get_by_role("button", name="1 new run: show")
    line.wait_for()
    assert (other.locator(".grid").evaluate("grid => grid.scrollTop"), shown(other)) == before
    line.click()
    other.get_by_role("row", name=re.compile("from outside")).wait_for()
    other.close()


@pytest.mark.slow
def test_a_restart_of_the_server_is_told_and_overcome(
    chromium: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    make_few(tmp_path)
    first = Workbench(tmp_path, env=ENV)
    port = first.port
    made = chromium.new_context(base_url=first.root, reduced_motion="reduce").new_page()
    open_runs(made)
    first.end()
    made.get_by_text("Connection lost.").wait_for(timeout=20_000)
    assert shown(made) == ["two", "one"], "what was read stays"
    with Workbench(tmp_path, env=ENV, port=port) as second:
        made.get_by_text("Connection lost.").wait_for(state="detached", timeout=20_000)
        with Store.open(tmp_path) as store:
            store.create_run("e", "three")
        made.get_by_role("row", name=re.compile("three")).wait_for(timeout=20_000)
        made.locator(".grid").focus()
        made.keyboard.press("Home")
        made.keyboard.press("a")
        toast(made, "three is archived")
        assert [row["name"] for row in listed(second, archived="only")] == ["three"]
    made.context.close()


def make_few(home: Path) -> None:
    with Store.open(home) as store:
        for name in ("one", "two"):
            store.finish(store.create_run("e", name))


@pytest.mark.slow
def test_the_empty_page_says_how_and_turns_by_itself(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with Workbench(tmp_path, env=ENV) as empty:
        made = chromium.new_context(base_url=empty.root, reduced_motion="reduce").new_page()
        made.goto("/app/runs")
        made.get_by_role("heading", name="Waiting for your first run").wait_for()
        text = made.locator(".empty").inner_text()
        assert "castalia.run(" in text and f"MLFLOW_TRACKING_URI={empty.root}" in text and "castalia fit" in text
        assert axe(made) == []
        make_few(tmp_path)
        made.get_by_role("row", name=re.compile("two")).wait_for()
        made.context.close()


def test_hostile_texts_are_texts(page: Any, chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with Store.open(tmp_path) as store:
        tags = {"<script>alert(2)</script>": "\"'><b>x", "mlflow.note.content": "<iframe src=javascript:alert(3)>"}
        run = store.create_run(HOSTILE, HOSTILE, {"`a` 'c'": 'it\'s "both"'}, tags)
        store.log_metrics(run, [("<svg onload=alert(4)>", 0, 1, float("nan"))])
        store.finish(run)
        store.create_run("e", "x" * 500, {"long": "y" * 6000})
    with Workbench(tmp_path, env=ENV) as other:
        made = chromium.new_context(base_url=other.root, reduced_motion="reduce").new_page()
        made.on("dialog", lambda dialog: pytest.fail(f"it ran: {dialog.message}"))
        param = "params.`a` 'c'"
        open_runs(made, col=["name", "experiment", "note", "tags", param, "metrics.<svg onload=alert(4)>"])
        assert made.locator("main img, main iframe, main b > script, main .grid-cell b").count() == 0
        made.locator("bdi", has_text="<img src=x").first.wait_for()
        made.locator(".grid-body [data-col='note']", has_text="<iframe").wait_for()
        width = made.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width == 0
        made.locator(f"[data-col={json.dumps(param)}]", has_text="both").click(modifiers=["Alt"])
        found(made, "1 run")
        made.locator(".grid-body .chip").first.click()
        found(made, "1 run")
        made.locator("[data-col=experiment]", has_text="<img").click(modifiers=["Alt"])
        found(made, "1 run")
        assert len(state(made)["where"]) == 3
        assert axe(made) == []
        said = made.request.patch(f"/runs/{run}", data={"note": "n" * 10_000_000})
        assert said.status in (413, 422), "a note of 10 MB stays out"
        made.context.close()


DARK, PHONE = {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}


LOOKS = [{}, *(pytest.param(look, marks=pytest.mark.slow) for look in (DARK, PHONE, DARK | PHONE))]


@pytest.mark.parametrize("page", LOOKS, ids=["light", "dark", "phone", "dark-phone"], indirect=True)
def test_it_is_clean_in_both_themes_and_on_a_phone(page: Any) -> None:  # noqa: F811
    columns = ["name", "status", "started", "tags", "metrics.test/loss", "spark.train/loss"]
    open_runs(page, q="metrics.test/loss < 0.2", where="status = 'done'", col=columns)
    page.get_by_role("checkbox", name="Select run 199").click()
    page.wait_for_timeout(300)
    assert axe(page) == []
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("dialog").get_by_text("train/loss").first.wait_for()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.locator(".grid-body [data-col=name]").nth(2).click(button="right")
    page.get_by_role("menu").wait_for()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.slow
@pytest.mark.parametrize("page", [{"viewport": {"width": 320, "height": 256}}], ids=["400 %"], indirect=True)
def test_at_400_percent_it_is_a_list(page: Any) -> None:  # noqa: F811
    open_runs(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.get_by_role("columnheader").count() == 0
    own = page.get_by_role("row", name=re.compile("run 259")).locator("[data-own]")
    assert own.evaluate_all("all => all.map(one => one.dataset.label)") == ["test/loss", "train/loss"]
    page.get_by_role("combobox", name="Order").select_option("metrics.test/loss")
    page.locator(".grid-body a").first.get_by_text("run 000").wait_for()
    page.locator(".grid").focus()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    active = page.locator(".grid-row.active")
    assert "run 029" in active.inner_text() and "0.0290" in active.inner_text()
    box = active.bounding_box()
    assert box and box["y"] >= 0 and box["y"] + box["height"] <= 257
    assert len(shown(page)) < 60
    page.get_by_role("combobox", name=re.compile("Filter runs")).fill("trial 100")
    found(page, "3 runs")
    cards = page.locator(".grid-body")
    assert cards.locator("[data-own]").count() == 0 and "–" not in cards.inner_text(), "these runs have no metric"


BUDGET = 60_000


def test_it_stays_within_its_budget(page: Any) -> None:  # noqa: F811
    """What comes over the wire until the rows are there: the page, its scripts and styles, and of each question its
    first answer. What is asked again every few seconds is not part of it."""
    sent: dict[str, Any] = {}
    page.on("response", lambda answer: sent.setdefault(urlsplit(answer.url).path, answer))
    open_runs(page)
    sizes = {path: each.request.sizes()["responseBodySize"] for path, each in list(sent.items())}
    assert {"/app/runs", "/runs", "/runs/columns"} <= sizes.keys()
    assert sum(path.endswith((".js", ".css")) and size > 0 for path, size in sizes.items()) > 2
    assert sum(sizes.values()) <= BUDGET, sizes
