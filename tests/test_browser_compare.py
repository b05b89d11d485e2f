"""The page of comparisons in a real Chromium: chosen, hidden, grouped, read by keyboard, taken along, opened again."""

from __future__ import annotations

import csv
import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import ask_json, axe, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.track import Store

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE = {"viewport": {"width": 390, "height": 844}}
DARK = {"color_scheme": "dark"}
TABS = ("", "differences", "scatter", "parallel", "importance", "boxes", "images", "tables", "code")
HOSTILE = '<img src=x onerror="window.hacked=1">\u202e\'"&'
RUNS: list[str] = []
"""Ids of the runs of ``bench``: three rates of three seeds, then two that are hostile."""


def png(shade: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (24, 16), (shade, 40, 40)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench with eleven runs."""
    home = tmp_path_factory.mktemp("home")
    RUNS.clear()
    with Store.open(home) as store:
        for rate in (0.1, 0.01, 0.001):
            for seed in range(3):
                text = f"warm up over 500 steps, then a cosine down to {rate}, and no restarts at all"
                tags = {"castalia.git.commit": "abc1234" if seed else "def5678", "castalia.command": f"train {rate}"}
                params = {"rate": rate, "seed": seed, "plan": text, "depth": 3}
                run = store.create_run("compare", f"r{rate}-s{seed}", params, tags)
                RUNS.append(run)
                points = [("loss", step, 1000 * step, math.exp(-rate * step) + 0.01 * seed) for step in range(60)]
                points += [("test/accuracy", 59, 59_000, 0.9 - rate - 0.01 * seed)]
                points += [("test/f1", step, 1000 * step, step / 60) for step in range(0, 60, 6)]
                store.log_metrics(run, points + [("loss", 60, 60_000, math.nan)] * (seed == 2))
                store.add_artifact(run, "images/sample.png", png(60 * seed))
                rows = [f"{i},{'yes' if i % (seed + 2) else 'no'},=1+{i}" for i in range(8 + seed)]
                store.add_artifact(run, "out.csv", ("id,said,note\n" + "\n".join(rows)).encode())
                store.add_artifact(run, "castalia/diff.patch", b"diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b\n")
                store.finish(run)
        for i in range(2):
            run = store.create_run("hostile", HOSTILE + str(i), {"<script>hacked=1</script>": HOSTILE + str(i)},
                                   {"castalia.git.commit": "--output=/x"})  # fmt: skip
            store.log_metrics(run, [("</svg><b>loss", step, step, step + i) for step in range(9)])
            store.add_artifact(run, "images/' onerror=hacked=1 '&.png", b"no picture")
            store.finish(run)
            RUNS.append(run)
    with Workbench(home, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as made:
        yield made


def address(runs: list[str], query: str = "") -> str:
    return "/app/compare?" + "&".join(f"run={run}" for run in runs) + (f"&{query}" if query else "")


def open_compare(page: Any, query: str = "", runs: list[str] | None = None) -> None:  # noqa: F811
    page.goto(address(RUNS[:9] if runs is None else runs, query))
    settle(page)
    page.locator(".legend li[data-run]").first.wait_for(state="attached")


def lines(page: Any, chart: str = "loss") -> Any:  # noqa: F811
    return page.get_by_role("article", name=chart, exact=True).locator("svg g[clip-path] > path[data-run]")


LOOKS = [
    pytest.param({}, TABS[::2], id="light", marks=pytest.mark.slow),
    pytest.param(DARK | PHONE, TABS[1::2], id="dark-phone"),
    *(
        pytest.param(look, TABS, id=f"all-{i}", marks=pytest.mark.slow)
        for i, look in enumerate([{}, DARK, PHONE, DARK | PHONE])
    ),
]


@pytest.mark.parametrize(("page", "tabs"), LOOKS, indirect=["page"])
def test_every_part_opens_clean(page: Any, tabs: tuple[str, ...]) -> None:  # noqa: F811
    wrong = []
    for tab in tabs:
        open_compare(page, f"tab={tab}&group=params.rate")
        page.wait_for_timeout(150)
        settle(page)
        wrong += [f"{tab}: {finding}" for finding in axe(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{tab}: {wide} px wider than the window")
    assert wrong == []


@pytest.mark.slow
def test_400_percent_reflows(chromium: Any, bench: Workbench) -> None:  # noqa: F811
    context = chromium.new_context(base_url=bench.root, viewport={"width": 320, "height": 256})
    made = context.new_page()
    for tab in TABS:
        open_compare(made, f"tab={tab}")
        assert made.evaluate("document.documentElement.scrollWidth") <= 320, tab
    context.close()


def test_runs_are_hidden_moved_inked_and_left_out_and_the_address_says_so(page: Any) -> None:  # noqa: F811
    open_compare(page)
    lines(page).nth(8).wait_for(state="attached")
    page.get_by_label("Show r0.1-s0", exact=True).uncheck()
    page.wait_for_timeout(100)
    assert lines(page).count() == 8 and f"hide={RUNS[0]}" in page.url
    page.get_by_role("button", name="Line 2 of 36 for r0.1-s1: take the next").click()
    assert f"ink={RUNS[1]}%3A2" in page.url
    page.locator(f'.legend li[data-run="{RUNS[1]}"]').hover()
    page.get_by_role("button", name="Move r0.1-s1 up").click()
    page.get_by_label("Show r0.001-s2", exact=True).focus()
    page.get_by_role("button", name="Leave r0.001-s2 out").focus()
    page.keyboard.press("Enter")
    page.reload()
    settle(page)
    names = page.locator(".legend li[data-run] .name").all_inner_texts()
    assert names[:3] == ["r0.1-s1", "r0.1-s0", "r0.1-s2"] and len(names) == 8 and "r0.001-s2" not in names
    assert not page.get_by_label("Show r0.1-s0", exact=True).is_checked()
    page.get_by_role("button", name="Line 3 of 36 for r0.1-s1: take the next").wait_for()
    page.get_by_role("button", name="Show all").click()
    lines(page).nth(7).wait_for(state="attached")
    page.get_by_role("button", name="Add a run").click()
    page.keyboard.type("r0.001-s2")
    page.get_by_role("group", name="Add a run").get_by_role("button", name="r0.001-s2").click()
    page.get_by_role("heading", name="9 runs compared").wait_for()


def test_groups_are_bands_and_again_runs(page: Any) -> None:  # noqa: F811
    open_compare(page)
    page.get_by_label("Group by").select_option("alike")
    bands = page.get_by_role("article", name="loss", exact=True).locator("svg path[fill-opacity]")
    bands.nth(2).wait_for(state="attached")
    assert bands.count() == 3 and "group=alike" in page.url
    assert page.locator(".legend-group").count() == 3
    page.get_by_text("Student's t").wait_for()
    page.get_by_role("button", name="Data of loss").click()
    cells = (
        page.get_by_role("region", name="loss: the data, table")
        .locator("tbody tr")
        .first.locator("td")
        .all_inner_texts()
    )
    assert cells[1:3] == ["0", "1.01"] and cells[5] == "3"
    low, high = float(cells[3]), float(cells[4])
    assert (high - low) / 2 == pytest.approx(4.3027 * 0.01 / math.sqrt(3), abs=2e-4)
    page.get_by_role("button", name="Data of loss").click()
    page.get_by_role("radio", name="Every run").check()
    lines(page).nth(8).wait_for(state="attached")
    page.get_by_label("Show the group r", exact=False).first.wait_for(state="attached")


@pytest.mark.slow
def test_a_chart_is_read_by_keyboard_opened_and_narrowed(page: Any) -> None:  # noqa: F811
    open_compare(page)
    lines(page).nth(8).wait_for(state="attached")
    page.get_by_text("✕ NaN at 3 points").wait_for()
    chart = page.get_by_role("slider", name=re.compile("^loss: 9 runs"))
    chart.focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert chart.get_attribute("aria-valuetext") == f"r0.1-s1: {math.exp(-1) + 0.01:.4f} at step 10"
    page.keyboard.press("End")
    assert chart.get_attribute("aria-valuetext").endswith("at step 59")
    page.get_by_role("button", name=re.compile("^loss ?: open the chart")).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="All charts").wait_for()
    assert "chart=loss" in page.url
    before = lines(page).first.get_attribute("d")
    box = page.get_by_role("slider", name=re.compile("^loss")).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 120, steps=4)
    page.mouse.up()
    page.wait_for_url("**range=**")
    low, high = map(int, re.search(r"range=(\d+)(?:%7E|~)(\d+)", page.url).groups())
    assert 10 <= low < high <= 45 and lines(page).first.get_attribute("d") != before
    page.get_by_label("From step").fill("")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("checkbox", name="Log y").check()
    assert "log=y" in page.url
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^loss ?: open the chart")).wait_for()
    page.locator("[data-chart=loss]:focus").wait_for()


@pytest.mark.slow
def test_what_differs_and_a_long_text_word_by_word(page: Any) -> None:  # noqa: F811
    open_compare(page, "tab=differences", RUNS[0:9:3])
    table = page.get_by_role("region", name="What differs, table")
    table.get_by_role("rowheader", name="rate", exact=True).wait_for()
    assert table.get_by_text("depth", exact=True).count() == 0 and table.get_by_text("seed", exact=True).count() == 0
    page.get_by_role("checkbox", name="Show what is equal too").check()
    table.get_by_text("depth", exact=True).wait_for()
    page.get_by_role("button", name="Compare the text of plan").click()
    assert [one for one in table.locator("ins").all_inner_texts() if one] == ["01", "001"]
    with page.expect_download() as caught:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = list(csv.reader(Path(caught.value.path()).read_text("utf-8").splitlines()))
    assert rows[0] == ["part", "name", "r0.1-s0", "r0.01-s0", "r0.001-s0"]
    assert ["params", "rate", "0.1", "0.01", "0.001"] in rows and ["run", "id", *RUNS[0:9:3]] in rows


@pytest.mark.slow
def test_charts_are_taken_along_and_open_again(page: Any, tmp_path: Path) -> None:  # noqa: F811
    from PIL import Image

    for tab, chart, count in (
        ("", "loss", 9),
        ("scatter", "test/accuracy by rate", 9),
        ("parallel", "Parallel coordinates", 9),
    ):
        open_compare(page, f"tab={tab}")
        figure = page.get_by_role("figure", name=chart, exact=True)
        figure.locator("svg path[data-run]").nth(count - 1).wait_for(state="attached")
        kept: dict[str, Path] = {}
        for kind in ("SVG", "PNG", "CSV"):
            figure.locator("summary").click()
            with page.expect_download() as caught:
                figure.get_by_role("button", name=kind, exact=True).click()
            kept[kind] = tmp_path / caught.value.suggested_filename
            caught.value.save_as(kept[kind])
            page.keyboard.press("Escape")
        text = kept["SVG"].read_text("utf-8")
        root = ET.fromstring(text)
        assert "var(" not in text and chart in "".join(root.itertext())
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) >= count
        with Image.open(kept["PNG"]) as picture:
            picture.load()
            assert picture.width == 2 * int(root.get("width", 0)) and len(picture.convert("RGB").getcolors(10**6)) > 10
        rows = list(csv.reader(io.StringIO(kept["CSV"].read_text("utf-8"))))
        assert len(rows) > count and rows[1][0] == "r0.1-s0"


def test_the_report_opens_from_disk_and_runs_nothing(page: Any, chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    open_compare(page, "", RUNS)
    page.locator("summary", has_text="Report").click()
    page.get_by_label("Title").fill(HOSTILE)
    page.get_by_label("Note").fill("for the <b>talk</b>")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download HTML").click()
    file = tmp_path / "report.html"
    caught.value.save_as(file)
    context = chromium.new_context()
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda sent: asked.append(sent.url))
    opened.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert opened.inner_text("h1") == HOSTILE and "<b>talk</b>" in opened.inner_text(".note")
    assert opened.locator("figure svg polyline").count() >= 9 and opened.locator("img, script, a").count() == 0
    context.close()


@pytest.mark.slow
def test_scatter_parallel_importance_and_boxes_answer(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    open_compare(page, "tab=scatter")
    figure = page.get_by_role("figure", name="test/accuracy by rate")
    figure.locator("svg path[data-run]").nth(8).wait_for(state="attached")
    page.get_by_label("Y axis").select_option("min.loss")
    page.get_by_label("Colour").select_option("params.rate")
    page.get_by_role("slider", name="loss (lowest) by rate").focus()
    page.keyboard.press("Home")
    assert "rate 0.001" in page.get_by_role("slider").get_attribute("aria-valuetext")
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/runs/*")
    open_compare(page, "tab=parallel")
    page.get_by_label("rate from").fill("0.01")
    page.keyboard.press("Enter")
    page.get_by_text("6 runs within").wait_for()
    assert page.locator("svg path.outside").count() == 3 and "brush=" in page.url
    open_compare(page, "tab=importance")
    page.get_by_text("A forest over 9 runs").or_(page.get_by_text("so the bars mean little")).first.wait_for()
    open_compare(page, "tab=boxes")
    page.get_by_role("slider", name="test/accuracy by rate").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("slider").get_attribute("aria-valuetext").startswith("0.001: median 0.889")
    watch_of[page].expected = ("422",)
    open_compare(page, "tab=importance", RUNS[:3])
    page.get_by_text("at least 8").wait_for()


@pytest.mark.slow
def test_files_and_code_side_by_side(page: Any) -> None:  # noqa: F811
    open_compare(page, "tab=images", RUNS[:3])
    assert page.locator(".pictures img").count() == 3
    page.get_by_role("radio", name="Difference").check()
    page.get_by_text("100 % of the pixels differ, at most by 60 of 255").or_(
        page.get_by_text(re.compile(r"100\.00 % of the pixels differ, at most by 60 of 255"))
    ).first.wait_for()
    page.get_by_role("radio", name="Slider").check()
    page.get_by_label("Divider").press("End")
    assert "inset(0px 0px 0px 100%)" in page.locator(".over").evaluate("one => getComputedStyle(one).clipPath")
    open_compare(page, "tab=tables", RUNS[:2])
    page.get_by_text("3 rows changed, 1 only on the right, 0 only on the left, 5 equal.").wait_for()
    assert page.locator("tr.changed del").first.inner_text() == "no"
    open_compare(page, "tab=code", RUNS[:2])
    page.get_by_text("does not have commit").or_(page.get_by_text("was not started in a git")).first.wait_for()
    page.locator(".diff").nth(1).wait_for()
    assert page.get_by_text("def5678").count() and page.locator(".diff").count() == 2


def test_hostile_names_are_text(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    for tab in TABS:
        watch_of[page].expected = ("422",)  # two runs are too few for importance
        open_compare(page, f"tab={tab}", RUNS[9:])
        page.wait_for_timeout(100)
        settle(page)
        assert page.evaluate("window.hacked") is None
        assert page.locator("main script, main img[onerror], main svg b").count() == 0
        assert page.locator(".legend .name").first.inner_text() == HOSTILE + "0"


@pytest.mark.slow
def test_a_filter_chooses_and_nothing_is_said_plainly(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("422", "404")
    page.goto("/app/compare?experiment=compare&filter=params.rate%20%3D%20'0.1'")
    page.get_by_role("heading", name="3 runs compared").wait_for()
    page.goto("/app/compare")
    page.get_by_role("heading", name="No runs are chosen yet").wait_for()
    open_path = address(RUNS[:1])
    page.goto(open_path)
    page.get_by_text("these runs cannot be compared").wait_for()
    page.goto(address([RUNS[0], "absent"]))
    page.get_by_text("no run 'absent'").wait_for()


@pytest.mark.slow
def test_runs_are_moved_left_out_and_added_with_the_keyboard_alone(page: Any) -> None:  # noqa: F811
    open_compare(page)

    def names() -> list[str]:
        return page.locator(".legend li[data-run] .name").all_inner_texts()  # type: ignore[no-any-return]

    first = names()
    page.get_by_label(f"Show {first[2]}", exact=True).focus()
    for _ in range(3):  # the line, the run, then its first button
        page.keyboard.press("Tab")
    page.locator(f"button[aria-label='Move {first[2]} up']:focus").wait_for()
    page.keyboard.press("Enter")
    page.locator(f".legend li[data-run]:nth-child(2) .name bdi:text-is('{first[2]}')").wait_for()
    page.locator(f"button[aria-label='Move {first[2]} up']:focus").wait_for()
    page.keyboard.press("Enter")
    page.locator(f".legend li[data-run]:nth-child(1) .name bdi:text-is('{first[2]}')").wait_for()
    page.locator(f"button[aria-label='Move {first[2]} down']:focus").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="8 runs compared").wait_for()
    page.locator(f"button[aria-label='Leave {first[0]} out']:focus").wait_for()
    page.keyboard.press("Control+z")
    page.get_by_role("heading", name="9 runs compared").wait_for()
    assert names()[0] == first[2]
    page.get_by_role("button", name="Add a run").focus()
    page.keyboard.press("Enter")
    page.locator("input[aria-label='Name or id of a run to add']:focus").wait_for()
    page.keyboard.press("Escape")
    page.locator("button:focus", has_text="Add a run").wait_for()


def series(start: int, stop: int) -> list[tuple[str, int, int, float]]:
    return [("loss", step, 1000 * step, 1 / (step + 1)) for step in range(start, stop)]


@pytest.mark.slow
def test_what_still_goes_on_moves_until_it_has_ended(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    from playwright.sync_api import expect

    with (
        Store.open(tmp_path) as store,
        Workbench(tmp_path, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as bench,
    ):
        ended, live = store.create_run("e", "ended"), store.create_run("e", "live")
        store.log_metrics(ended, series(0, 50))
        store.finish(ended)
        store.log_metrics(live, series(0, 10))
        made = chromium.new_context(base_url=bench.root, reduced_motion="reduce").new_page()
        made.add_init_script("Object.defineProperty(document, 'hidden', {get: () => window.away === true})")
        made.clock.install()
        asked: list[str] = []
        made.on("request", lambda sent: "/runs/c" in sent.url and asked.append(sent.url))
        open_compare(made, runs=[ended, live])
        made.get_by_text("1 run still goes on: what is drawn moves with it.").wait_for()
        assert axe(made) == []
        line = made.get_by_role("article", name="loss", exact=True).locator(f'path[data-run="{live}"]')
        line.wait_for(state="attached")
        before = line.get_attribute("d")
        store.log_metrics(live, series(10, 20))
        expect(line).not_to_have_attribute("d", str(before), timeout=20_000)
        curves = [url for url in asked if "/runs/curves" in url]
        assert ended in curves[0] and all(ended not in url and live in url for url in curves[2:]), (
            "what has ended is not sent again"
        )
        made.evaluate("window.away = true")
        made.clock.run_for(5_000)
        made.wait_for_load_state("networkidle")
        asked.clear()
        made.clock.run_for(60_000)
        assert asked == [], "a page that nobody sees asks for nothing"
        made.evaluate("window.away = false")
        before = line.get_attribute("d")
        store.log_metrics(live, series(20, 60))
        store.finish(live)
        made.clock.run_for(5_000)
        made.get_by_text("still goes on").wait_for(state="detached")
        expect(line).not_to_have_attribute("d", str(before), timeout=20_000)
        made.get_by_role("button", name="Data of loss").click()
        rows = made.get_by_role("region", name="loss: the data, table").locator("tbody tr", has_text="live")
        expect(rows).to_have_count(60)
        made.wait_for_load_state("networkidle")
        asked.clear()
        made.clock.run_for(60_000)
        assert asked == [], "all have ended"
        for i in range(99):
            store.finish(store.create_run("e", f"more {i}"))
        made.goto("/app/compare?experiment=e")
        made.get_by_text("All 101 runs are compared: a small chart draws at most 148 points of each").wait_for()
        made.context.close()


NAMED = HOSTILE.replace("\u202e", "")
"""A name may not turn around what follows it."""


@pytest.mark.slow
def test_a_comparison_is_saved_found_again_and_deleted_with_a_way_back(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_compare(page, "group=params.rate")
    page.get_by_role("button", name="Saved", exact=True).click()
    page.get_by_role("menuitem", name="Save as…").click()
    page.get_by_role("dialog", name="Save this comparison").get_by_label("Name").fill(NAMED)
    page.keyboard.press("Enter")
    page.locator(".toast").get_by_text("Saved as").wait_for()
    page.get_by_role("button", name=NAMED, exact=True).wait_for()
    page.goto("/app/compare")
    saved = page.get_by_role("region", name="Saved comparisons")
    saved.get_by_text("9 runs").wait_for()
    assert axe(page) == [] and page.evaluate("window.hacked") is None
    saved.get_by_role("link", name=NAMED).click()
    page.locator(".legend-group").nth(2).wait_for()
    assert "group=params.rate" in page.url
    page.go_back()
    saved.get_by_role("button", name=f"Delete {NAMED}").click()
    saved.wait_for(state="detached")
    page.keyboard.press("Control+z")
    saved.get_by_role("link", name=NAMED).wait_for()
    (kept,) = ask_json(bench, "/views")
    assert kept["page"] == "compare" and kept["name"] == NAMED and "group=params.rate" in kept["query"]
