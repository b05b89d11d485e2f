"""Experiments in Chromium: found, judged by a metric, noted, renamed, put away, thrown away and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser_fixtures import address_of, ask_json, axe, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.track import Store

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ENV = {"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}
DARK, PHONE = {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe 'a' / \"b\""


def fill(store: Store) -> None:
    """alpha has losses that fall and a failed run, beta accuracies; one is called .., one is hostile."""
    for i in range(6):
        run = store.create_run("alpha", f"a{i}")
        store.log_metrics(run, [("val/loss", 0, 1, 1.0 - i / 10), ("accuracy", 0, 1, i / 100)])
        store.finish(run, "failed" if i == 5 else "done")
    for i in range(3):
        run = store.create_run("beta", f"b{i}")
        store.log_metrics(run, [("accuracy", 0, 1, 0.5 + i / 10)])
        store.finish(run)
    store.finish(store.create_run("..", "dots"))
    store.finish(store.create_run(HOSTILE, "hostile"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bench(home: Path) -> Iterator[Workbench]:
    with Store.open(home) as store:
        fill(store)
    with Workbench(home, env=ENV) as made:
        yield made


def open_list(page: Any, query: str = "") -> None:  # noqa: F811
    page.goto("/app/experiments" + query)
    page.get_by_role("row", name=re.compile("alpha|No experiment|gamma")).first.wait_for()
    settle(page)


def row(page: Any, name: str) -> Any:  # noqa: F811
    return page.locator("tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def named(bench: Workbench, name: str) -> dict[str, Any]:
    found = [one for one in ask_json(bench, "/experiments") if one["name"] == name]
    return found[0] if found else {}


def noted(page: Any, bench: Workbench, path: str, note: str) -> None:  # noqa: F811
    """Somebody else writes a note."""
    assert page.request.patch(bench.root + path, data={"note": note}).ok


def test_an_experiment_is_found_judged_noted_and_thrown_away(page: Any, bench: Workbench) -> None:  # noqa: F811
    page.goto("/app/runs")
    page.get_by_role("navigation", name="Runs, experiments and jobs").get_by_role("link", name="Experiments").click()
    row(page, "alpha").wait_for()
    settle(page)
    assert axe(page) == []
    assert page.get_by_role("link", name="Runs").first.get_attribute("aria-current") == "page"
    alpha = row(page, "alpha").inner_text()
    assert "6 runs" in alpha and "1 failed" in alpha and "0.5" in alpha and "val/loss" in alpha and "a5" in alpha
    assert "b2" in row(page, "beta").inner_text() and "all done" in row(page, "beta").inner_text()
    page.get_by_label("Best by").select_option("accuracy")
    row(page, "alpha").get_by_text(re.compile(r"^0\.05\b")).wait_for()
    page.get_by_role("button", name="Best run").click()
    page.wait_for_url("**/experiments?*order=-best*")
    assert page.locator("tbody th a").all_inner_texts()[:2] == ["beta", "alpha"]
    row(page, "alpha").get_by_role("link", name="6 runs").click()
    page.wait_for_url("**/app/runs?*")
    page.get_by_text("6 runs", exact=True).wait_for()
    page.go_back()
    row(page, "alpha").get_by_role("link", name="alpha", exact=True).click()
    page.wait_for_url("**/app/experiments/alpha")
    best = page.get_by_role("region", name="Best runs", exact=True)
    best.get_by_role("row", name=re.compile("a5")).wait_for()
    assert [text.split()[0] for text in best.locator("tbody tr").all_inner_texts()] == ["a5", "a4", "a3", "a2", "a1"]
    page.get_by_role("button", name="Write one").click()
    page.get_by_label("Note, Markdown").fill("# Why\n\nA **smaller** rate. <script>alert(1)</script>")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="Why").wait_for()
    assert page.get_by_role("strong").inner_text() == "smaller" and page.locator("main script").count() == 0
    page.get_by_label("New tag").fill("team: red")
    page.keyboard.press("Enter")
    page.get_by_text("team: red").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="Trash").click()
    page.get_by_text("This experiment is in the trash with its runs.").wait_for()
    assert ask_json(bench, "/runs?experiment=alpha")["total"] == 0
    page.get_by_role("button", name=re.compile("^Undo: .* in the trash")).click()
    page.get_by_role("button", name="Trash").wait_for()
    assert ask_json(bench, "/runs?experiment=alpha")["total"] == 6
    assert named(bench, "alpha")["tags"] == {"team": "red"}


@pytest.mark.slow
def test_what_somebody_else_wrote_since_is_not_written_over(
    page: Any,  # noqa: F811
    bench: Workbench,
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("409",)
    path = f"/experiments/{named(bench, 'beta')['id']}"

    def write(note: str) -> None:
        page.get_by_role("button", name=re.compile("^(Edit|Write one)$")).click()
        page.get_by_label("Note, Markdown").fill(note)

    page.goto("/app/experiments/beta")
    write("one")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Undo: The note is saved").wait_for()
    noted(page, bench, path, "hers")
    page.get_by_role("button", name="Undo: The note is saved").click()
    page.get_by_text("It could not be undone: the note was changed since").wait_for()
    page.get_by_text("hers", exact=True).wait_for()
    write("mine")
    noted(page, bench, path, "hers again")
    page.keyboard.press("Control+Enter")
    page.get_by_role("alert").filter(has_text="the note was changed since").wait_for()
    assert ask_json(bench, path)["note"] == "hers again"
    page.get_by_role("button", name="Save over it").click()
    page.get_by_text("mine", exact=True).wait_for()
    page.get_by_role("button", name="Undo: The note is saved").last.click()
    page.get_by_text("hers again", exact=True).wait_for()
    assert ask_json(bench, path)["note"] == "hers again"
    noted(page, bench, path, "")


@pytest.mark.slow
def test_an_undo_shows_on_a_page_that_did_not_do_it(page: Any, bench: Workbench) -> None:  # noqa: F811
    """The list asks again at once: what it would ask by the clock never comes."""
    page.add_init_script("""const before = window.setTimeout;
      window.setTimeout = (work, ms, ...rest) => before(work, ms >= 4000 ? 1e8 : ms, ...rest);""")
    page.goto("/app/experiments/beta")
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("button", name=re.compile("^Undo: beta is archived")).wait_for()
    page.get_by_role("main").get_by_role("link", name="Experiments").first.click()
    row(page, "alpha").wait_for()
    row(page, "beta").wait_for(state="detached")
    page.get_by_role("button", name=re.compile("^Undo: beta is archived")).click()
    row(page, "beta").wait_for()


@pytest.mark.slow
def test_a_note_that_cannot_be_drawn_is_text(page: Any, bench: Workbench, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("cannot be drawn",)
    path = f"/experiments/{named(bench, 'beta')['id']}"
    noted(page, bench, path, "# BOOM\n\n**bold**")
    page.add_init_script("""const before = String.prototype.trimEnd;
      String.prototype.trimEnd = function () {
        if (this == "BOOM") throw new Error("cannot be drawn");
        return before.call(this);
      };""")
    page.goto("/app/experiments/beta")
    page.get_by_text("# BOOM\n\n**bold**", exact=True).wait_for()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Note, Markdown").fill("# Well")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="Well").wait_for()
    noted(page, bench, path, "")


@pytest.mark.slow
def test_one_is_renamed_archived_and_restored_with_the_keyboard_alone(
    page: Any,  # noqa: F811
    bench: Workbench,
    home: Path,
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("409",)
    with Store.open(home) as store:
        store.finish(store.create_run("gamma", "g"))
    open_list(page, "?q=gam")
    assert page.get_by_text("1 experiment", exact=True).is_visible()
    page.get_by_role("button", name="What can be done with gamma").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menu").wait_for()
    page.keyboard.press("a")  # the entry that begins with it
    page.keyboard.press("Enter")
    page.get_by_text("gamma is archived").wait_for()
    page.get_by_text("No experiment fits").wait_for()
    assert named(bench, "gamma")["archived"] is True
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    row(page, "gamma").wait_for()
    row(page, "gamma").get_by_role("link", name="gamma", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/experiments/gamma")
    page.get_by_role("button", name="Rename").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("delta / 2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/experiments/delta%20%2F%202")
    page.get_by_role("heading", level=1, name="delta / 2").wait_for()
    page.get_by_text("gamma is now called delta / 2").wait_for()
    assert named(bench, "gamma") == {} and named(bench, "delta / 2")["runs"] == 1
    page.reload()
    page.get_by_role("heading", level=1, name="delta / 2").wait_for()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("up/../down")
    page.keyboard.press("Enter")
    page.wait_for_url("**/experiments?id=*")
    page.get_by_role("heading", level=1, name="up/../down").wait_for()
    page.reload()
    page.get_by_role("heading", level=1, name="up/../down").wait_for()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("alpha")
    page.keyboard.press("Enter")
    page.get_by_text("the name is taken").wait_for()


@pytest.mark.slow
def test_the_address_that_the_mlflow_client_prints_and_filters_of_its_runs(page: Any, bench: Workbench) -> None:  # noqa: F811
    number = named(bench, "alpha")["id"]
    page.goto(f"/#/experiments/{number}")
    page.wait_for_url(f"**/app/experiments?id={number}")
    page.get_by_role("heading", level=1, name="alpha").wait_for()
    page.get_by_role("link", name=re.compile("1 failed")).click()
    page.wait_for_url("**/app/runs?*")
    page.get_by_text("1 run", exact=True).wait_for()
    page.go_back()
    page.get_by_role("link", name="All in this order").click()
    page.wait_for_url("**/app/runs?*")
    assert parse_qs(urlsplit(address_of(page)).query)["order"] == ["metrics.val/loss"]
    page.locator(".grid-body a").first.get_by_text("a5").wait_for()
    page.go_back()
    page.get_by_role("link", name="Compare them").click()
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_url("**/app/compare?experiment=alpha*")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["..", HOSTILE])
def test_hostile_names_are_text_and_lead_to_their_own_page(page: Any, bench: Workbench, name: str) -> None:  # noqa: F811
    dialogs: list[Any] = []
    page.on("dialog", lambda one: dialogs.append(one))
    open_list(page)
    link = page.locator("tbody th a").filter(has=page.get_by_text(name, exact=True))
    link.click()
    page.get_by_role("heading", level=1).wait_for()
    settle(page)
    assert page.locator("h1").evaluate("node => node.textContent") == name
    assert page.locator("main img").count() == 0 and not dialogs
    page.get_by_role("link", name="Open its runs").click()
    page.get_by_text("1 run", exact=True).wait_for()
    assert axe(page) == []


@pytest.mark.slow
def test_it_waits_for_the_first_run_and_shows_it(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with Workbench(tmp_path, env=ENV) as made:
        context = chromium.new_context(base_url=made.root, reduced_motion="reduce")
        opened = context.new_page()
        opened.goto("/app/experiments")
        opened.get_by_role("heading", name="No experiment yet").wait_for()
        settle(opened)
        assert axe(opened) == []
        opened.get_by_text('with castalia.run("digits")').wait_for()
        with Store.open(tmp_path) as store:
            store.create_run("digits", "first")
        opened.get_by_role("link", name="digits", exact=True).wait_for(timeout=30_000)
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("page", [{"viewport": {"width": 1700, "height": 900}}], ids=["large"], indirect=True)
def test_the_bar_is_as_wide_as_the_page_below_it(page: Any) -> None:  # noqa: F811
    for path in ("runs", "experiments", "jobs", "systems"):
        page.goto(f"/app/{path}")
        settle(page)
        text = page.locator("main h1").bounding_box()["x"]
        assert page.locator(".brand").bounding_box()["x"] == text, path
        ends = page.locator(".head-tools").bounding_box(), page.locator("main").bounding_box()
        tools, main = (box["x"] + box["width"] for box in ends)
        assert abs(main - 24 - tools) < 2, path


LOOKS = [pytest.param(look, id=name) for name, look in
         (("light", {}), ("dark", DARK), ("phone", PHONE), ("dark-phone", DARK | PHONE),
          ("400 %", {"viewport": {"width": 320, "height": 256}}))]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("page", LOOKS, indirect=True)
def test_it_is_clean_in_both_themes_and_on_a_phone(page: Any, bench: Workbench) -> None:  # noqa: F811
    for path in ("experiments", "experiments?metric=accuracy&order=-best", "experiments?show=trash", "experiments/beta",
                 "experiments/beta?metric=val/loss"):  # fmt: skip
        page.goto(f"/app/{path}")
        settle(page)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    page.goto("/app/experiments")
    page.get_by_role("button", name="What can be done with beta").click()
    page.get_by_role("menu").wait_for()
    assert axe(page) == []
