"""Faults that people met on the pages, one test each: what was typed, clicked or logged at the wrong moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browser_fixtures import ask_json, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.track import Store

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ENV = {"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    with Store.open(made) as store:
        for i in range(6):
            run = store.create_run("alpha" if i % 2 else 'bob\'s "own"', f"run {i}", {"rate": 0.1})
            store.log_metrics(run, [("loss", 0, 1, i / 10)])
            store.finish(run, "failed" if i == 0 else "done")
        for i in range(130):
            store.finish(store.create_run("many", f"one of many {i:03}"))
    return made


@pytest.fixture(scope="module")
def bench(home: Path) -> Iterator[Workbench]:
    with Workbench(home, env=ENV) as made:
        yield made


@pytest.fixture(scope="module")
def store(home: Path, bench: Workbench) -> Iterator[Store]:
    with Store.open(home) as opened:
        yield opened


def open_runs(page: Any, **state: Any) -> None:  # noqa: F811
    page.goto("/app/runs" + (f"?{urlencode(state, doseq=True)}" if state else ""))
    page.locator(".grid-body a").first.wait_for()
    settle(page)


def names(page: Any) -> set[str]:  # noqa: F811
    return set(page.locator(".grid-body a").all_inner_texts())


def filter_box(page: Any) -> Any:  # noqa: F811
    return page.get_by_role("combobox", name=re.compile("Filter runs"))


def stopped(page: Any) -> None:  # noqa: F811
    """From now on no timer and no frame comes before ``page.clock.run_for``."""
    page.clock.pause_at(page.evaluate("Date.now()") + 10)


def test_no_letter_is_lost_however_fast_they_are_typed(page: Any) -> None:  # noqa: F811
    page.clock.install()
    open_runs(page)
    box = filter_box(page)
    box.focus()
    stopped(page)
    text = ""
    for gap in range(56, 80):
        letter = chr(97 + gap % 26)
        page.keyboard.type(letter)
        text += letter
        page.clock.run_for(gap)
        assert box.input_value() == text, f"after {gap} ms"
    page.clock.run_for(500)
    assert box.input_value() == text
    assert parse_qs(urlsplit(page.url).query)["q"] == [text]


@pytest.mark.slow
def test_what_follows_an_offer_at_once_stands_behind_it(page: Any) -> None:  # noqa: F811
    page.clock.install()
    open_runs(page)
    box = filter_box(page)
    box.press_sequentially("stat")
    page.get_by_role("option", name="status").wait_for()
    stopped(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("= ")
    page.clock.run_for(50)
    page.keyboard.type("'fa")
    assert box.input_value() == "status = 'fa"


@pytest.mark.slow
def test_a_slash_goes_to_the_filter_while_the_list_is_being_read(page: Any) -> None:  # noqa: F811
    held: list[Any] = []
    page.route("**/runs?*", lambda route: held.append(route))
    page.goto("/app/runs")
    filter_box(page).wait_for()
    page.keyboard.press("/")
    assert filter_box(page).evaluate("box => document.activeElement === box")
    assert page.get_by_role("dialog").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"experiment": 'bob\'s "own"'}, {"run 0", "run 2", "run 4"}),
        ({"experiment": "alpha", "status": "done"}, {"run 1", "run 3", "run 5"}),
        ({"filter": "ended > 5 AND status = 'failed'"}, {"run 0"}),
    ],
)
def test_an_address_that_other_pages_lead_to_shows_the_runs_it_means(
    page: Any,  # noqa: F811
    store: Store,
    query: dict[str, str],
    found: set[str],
) -> None:
    open_runs(page, **query)
    assert names(page) == found
    filter_box(page).fill("loss")  # it stays when something is added to it
    page.wait_for_url("**q=loss*")
    assert parse_qs(urlsplit(page.url).query).keys() == {"q", "where"}


@pytest.mark.slow
def test_a_menu_keeps_its_place_while_the_list_is_read_again(page: Any) -> None:  # noqa: F811
    open_runs(page)
    page.get_by_role("button", name="More", exact=True).click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    now = "document.activeElement.textContent"
    chosen = page.evaluate(now)
    assert chosen.startswith("All of these as CSV")
    for _ in range(2):  # the second question is asked after the first answer was drawn
        with page.expect_response(re.compile(r"/runs\?")):
            pass
    assert page.evaluate(now) == chosen


@pytest.mark.slow
def test_a_dialog_that_follows_another_at_once_stays(page: Any) -> None:  # noqa: F811
    open_runs(page)
    page.locator(".grid").focus()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_role("button", name="Close").wait_for()
    page.evaluate(
        """async () => {
            document.querySelector('dialog .button').click();
            for (let i = 0; i < 9 && document.querySelector('dialog'); i++) await undefined;
            dispatchEvent(new KeyboardEvent('keydown', {key: '?'}));
            for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
        }"""
    )
    assert page.get_by_role("dialog", name="Keys of this page").count() == 1


@pytest.mark.slow
def test_tags_that_nobody_touched_stay_as_they_are(page: Any, bench: Workbench, store: Store) -> None:  # noqa: F811
    odd = {"data:v1": "x", "cfg": "a\nb", "wide": " x ", " lead": "y", "plain": "one: two", "empty": "", "gone": "1"}
    run = store.create_run("tags", "as it was", {}, odd)
    store.finish(run)
    open_runs(page, experiment="tags")
    page.locator(".grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    said = dialog.get_by_text("cannot be a line and stay as they are").inner_text()
    assert set(re.findall(r'"(.*?)"', said)) == {"data:v1", "cfg", "wide", " lead"}
    dialog.get_by_label("Name", exact=True).fill("as it is called")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")

    def tags() -> dict[str, str]:
        return {key: value for key, value in ask_json(bench, f"/runs/{run}")["tags"].items() if "mlflow" not in key}

    assert ask_json(bench, f"/runs/{run}")["name"] == "as it is called"
    assert tags() == odd
    page.locator(".grid").focus()
    page.keyboard.press("e")
    box = dialog.get_by_label("Tags")
    box.wait_for()
    lines = box.input_value().split("\n")
    assert sorted(line.strip() for line in lines) == ["empty:", "gone: 1", "plain: one: two"]
    box.fill("plain: three\nempty:\nnew: a: b\nflag")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    rest = {key: odd[key] for key in ("data:v1", "cfg", "wide", " lead", "empty")}
    assert tags() == rest | {"plain": "three", "new": "a: b", "flag": "true"}


@pytest.mark.slow
def test_a_point_that_lands_while_the_stream_opens_is_on_the_curve(page: Any, store: Store) -> None:  # noqa: F811
    run = store.create_run("live", "late stream")
    store.log_metrics(run, [("loss", i, 1000 + i, 1.0 - i / 10) for i in range(3)])
    held: list[Any] = []
    page.route("**/events?*", lambda route: held.append(route))
    page.goto(f"/app/runs/{run}?tab=curves&chart=loss")
    settle(page)
    page.get_by_role("button", name="Data", exact=True).click()
    rows = page.locator("[role=region][aria-label$=table] tbody tr")
    rows.nth(2).wait_for()
    assert rows.count() == 3 and len(held) == 1
    store.log_metrics(run, [("loss", 3, 1003, 0.7)])
    held[0].continue_()
    rows.nth(3).wait_for()


@pytest.mark.slow
def test_the_metrics_of_the_first_runs_get_columns_on_the_page_that_waited(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with Workbench(tmp_path, env=ENV) as empty, Store.open(tmp_path) as store:
        made = chromium.new_context(base_url=empty.root, reduced_motion="reduce").new_page()
        made.goto("/app/runs?order=name")
        made.get_by_role("heading", name="Waiting for your first run").wait_for()
        run = store.create_run("e", "the first")
        made.get_by_role("row", name=re.compile("the first")).wait_for()
        store.log_metrics(run, [("loss", 0, 1, 0.25)])
        made.locator("[data-head='metrics.loss']").wait_for()
        made.get_by_role("row", name=re.compile("the first.*0.25")).wait_for()
        # The page stays open, and what runs the next day measures something else.
        for i in range(3):
            other = store.create_run("e", f"next {i}")
            store.log_metrics(other, [("accuracy", 0, 1, 0.5)])
            store.finish(other)
        show = made.get_by_role("button", name="3 new runs: show")
        show.or_(made.locator("[data-head='metrics.accuracy']")).first.wait_for()
        if show.count():
            show.click()
        made.locator("[data-head='metrics.accuracy']").wait_for()
        made.context.close()


@pytest.mark.slow
def test_who_comes_back_to_an_open_page_is_told_what_happened_until_it_is_put_away(page: Any, store: Store) -> None:  # noqa: F811
    page.clock.install()
    open_runs(page)
    said = page.get_by_role("region", name="Since you were last here")
    for i in range(2):
        store.finish(store.create_run("night", f"sad {i}"), "failed")
    page.clock.fast_forward(9 * 3_600_000)
    assert said.count() == 0
    page.mouse.move(300, 300)
    said.get_by_text("2 failed").wait_for()
    said.get_by_role("button", name="Put this away").click()
    said.wait_for(state="detached")
    asked: list[str] = []
    page.on("request", lambda sent: "/runs/since" in sent.url and asked.append(sent.url))
    page.locator(".grid-body a").first.click()
    page.get_by_role("navigation", name="Parts of the run").wait_for()
    page.go_back()
    page.locator(".grid-body a").first.wait_for()
    assert asked == [] and said.count() == 0


@pytest.mark.slow
def test_rows_that_could_not_be_read_while_scrolling_come_by_themselves(
    page: Any,  # noqa: F811
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("503",)
    open_runs(page, experiment="many", order="name")
    failed: list[str] = []

    def once(route: Any) -> None:
        if "offset=100" in route.request.url and not failed:
            failed.append(route.request.url)
            route.fulfill(status=503, json={"subject": "Not now"})
        else:
            route.continue_()

    page.route("**/runs?*", once)
    page.locator(".grid").evaluate("grid => (grid.scrollTop = grid.scrollHeight)")
    page.locator(".grid-body a", has_text="one of many 129").wait_for()
    page.get_by_text("Not now").wait_for(state="detached")
    assert len(failed) == 1


@pytest.mark.slow
def test_an_answer_that_comes_late_does_not_take_the_place_of_a_newer_one(page: Any) -> None:  # noqa: F811
    open_runs(page)
    held: list[Any] = []

    def hold(route: Any) -> None:
        if "alpha" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/runs?*", hold)
    box = filter_box(page)
    with page.expect_request(re.compile("alpha")):
        box.fill("experiment = 'alpha'")
    box.fill("name = 'run 2'")
    page.locator(".board-count").get_by_text("1 run", exact=True).wait_for()
    for route in held:
        route.continue_()
    with page.expect_response(re.compile(r"/runs\?")):  # the next refresh
        pass
    assert names(page) == {"run 2"}


@pytest.mark.slow
def test_what_was_chosen_among_active_runs_is_not_chosen_in_the_trash(page: Any) -> None:  # noqa: F811
    open_runs(page, experiment="alpha")
    page.get_by_role("checkbox", name="Select run 1").click()
    page.get_by_role("checkbox", name="Select run 3").click()
    chosen = page.get_by_role("region", name="Chosen runs")
    chosen.get_by_text("2 runs chosen").wait_for()
    page.get_by_role("combobox", name="Which runs").select_option("trash")
    page.get_by_role("heading", name="No run fits").wait_for()
    assert chosen.count() == 0


@pytest.mark.slow
def test_a_small_curve_whose_question_failed_comes_and_has_its_end(
    page: Any,  # noqa: F811
    store: Store,
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("503",)
    run = store.create_run("sparks", "still going")
    store.log_metrics(run, [("loss", i, 1000 + i, 1.0 - i / 10) for i in range(3)])
    done = store.create_run("sparks", "has ended")
    store.log_metrics(done, [("loss", i, 1000 + i, 3.0 + i) for i in range(3)])
    store.finish(done)
    failed: list[Any] = []
    page.route("**/runs/sparks?*", lambda route: (failed.append(route), route.fulfill(status=503, json={}))[1], times=1)
    open_runs(page, experiment="sparks", col=["name", "status", "spark.loss"])
    page.get_by_role("img", name=re.compile("loss: from 3 to 5")).wait_for()
    page.get_by_role("img", name=re.compile("loss: from 1 to 0.8")).wait_for()
    assert len(failed) == 1
    store.log_metrics(run, [("loss", 3, 2000, 0.125)])
    store.finish(run)
    page.get_by_role("img", name=re.compile("loss: from 1 to 0.125")).wait_for()


@pytest.mark.slow
def test_curves_that_could_not_be_read_say_so_and_are_read_again(
    page: Any,  # noqa: F811
    store: Store,
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("503",)
    run = store.create_run("curves", "with curves")
    store.log_metrics(run, [("loss", i, 1000 + i, 1.0 - i / 10) for i in range(3)])
    store.finish(run)
    page.route("**/runs/series?*", lambda route: route.fulfill(status=503, json={}), times=1)
    page.goto(f"/app/runs/{run}?tab=curves")
    told = page.get_by_role("alert").filter(has_text="Some curves could not be read")
    told.get_by_role("button", name="Try again").click()
    page.locator(".tile canvas").wait_for()
    told.wait_for(state="detached")


@pytest.mark.slow
def test_escape_in_a_box_of_the_range_leaves_the_chart_open(page: Any, store: Store) -> None:  # noqa: F811
    run = store.create_run("curves", "with a range")
    store.log_metrics(run, [("loss", i, 1000 + i, 1.0 - i / 10) for i in range(9)])
    store.finish(run)
    page.goto(f"/app/runs/{run}?tab=curves&chart=loss&range=2~5")
    box = page.get_by_label("From step")
    box.wait_for()
    assert box.input_value() == "2"
    box.press("Escape")
    assert "chart=loss" in page.url
    page.get_by_role("button", name="Notices", exact=True).press("Enter")
    page.get_by_role("group", name="Newest notices").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("group", name="Newest notices").wait_for(state="detached")
    assert "chart=loss" in page.url
    page.keyboard.press("Escape")
    page.wait_for_url("**tab=curves&range=*")


@pytest.mark.slow
def test_a_threshold_may_be_negative_and_must_be_a_number(page: Any, bench: Workbench) -> None:  # noqa: F811
    page.goto("/app/notices")
    settle(page)
    page.get_by_role("button", name="New rule").click()
    form = page.get_by_role("form", name="New rule")
    form.get_by_label("Name").fill("deep")
    form.get_by_label("A metric crosses a value").check()
    form.get_by_label("Metric", exact=True).fill("loss")
    value = form.get_by_role("spinbutton", name="Value")
    value.press("Control+a")
    value.press("Delete")
    assert value.input_value() == ""
    form.get_by_role("button", name="Make the rule").click()
    assert value.evaluate("box => box.matches(':invalid')") and form.is_visible()
    value.press_sequentially("-2.5")
    assert value.input_value() == "-2.5"
    form.get_by_role("button", name="Make the rule").click()
    form.wait_for(state="detached")
    assert [rule["value"] for rule in ask_json(bench, "/notices/rules") if rule["name"] == "deep"] == [-2.5]


@pytest.mark.slow
def test_a_window_beside_another_one_is_told_on_the_desktop_and_the_bell_rings_all_the_same(
    page: Any,  # noqa: F811
    bench: Workbench,
    store: Store,
) -> None:
    ask_json(bench, "/notices/rules", {"name": "failures", "when": ["failed"]})
    # As on a phone: allowed, and refused where it is made.
    page.add_init_script(
        """window.told = [];
        window.Notification = class {
            static permission = 'granted';
            constructor(title, {body}) { told.push(body); throw new TypeError('Illegal constructor'); }
        };
        document.hasFocus = () => false;
        localStorage['castalia.desktop'] = 'on';"""
    )
    with page.expect_response(re.compile(r"/notices\?")):
        page.goto("/app/runs")
    store.finish(store.create_run("e", "gone wrong"), "failed")
    page.get_by_role("button", name=re.compile("^Notices, .* new")).wait_for()
    assert [text for text in page.evaluate("told") if "gone wrong failed" in text]


@pytest.mark.slow
def test_a_comparison_of_very_many_names_draws_a_part_until_asked_for_all(page: Any, store: Store) -> None:  # noqa: F811
    params = {f"p{i:04}": i for i in range(700)}
    runs = [store.create_run("wide", f"wide {k}", {key: i + k for key, i in params.items()}) for k in range(30)]
    page.goto(f"/app/compare?{urlencode([('run', one) for one in runs])}&tab=differences")
    more = page.get_by_role("button", name=re.compile("Show .* more names"))
    more.wait_for()
    lines = page.locator(".differences tbody tr:not(.part)")
    before = lines.count()
    assert before * len(runs) <= 20_000
    more.click()
    more.wait_for(state="detached")
    assert lines.count() >= 700 > before
