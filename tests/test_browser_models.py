"""Models in a real Chromium: promote with a reason and take it back, compare, lineage, card, hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from browser_fixtures import ask_json, axe, chromium, page, settle, watch_of  # noqa: F401
from model_filling import SETS, logged, trained
from web_process import Workbench

from castalia.track import Store, schema
from castalia.track.protocol import registered
from castalia.track.protocol.wire import Fields

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE = {"viewport": {"width": 390, "height": 844}}
DARK = {"color_scheme": "dark"}
ZOOMED = {"viewport": {"width": 320, "height": 256}}
"""What 400 % leaves of 1280 × 1024."""
SCRIPT = "window.hacked=1"
EVIL = f"<img src=x onerror={SCRIPT}> \u202egnp.exe"
CARD = f"# Card\n\n<script>{SCRIPT}</script><img src=x onerror={SCRIPT}>\n\n[away](javascript:{SCRIPT})\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bench(home: Path) -> Iterator[Workbench]:
    with Workbench(home, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as made:
        yield made


@pytest.fixture(scope="module")
def models(bench: Workbench, home: Path) -> Path:
    """Five versions of ours, two of MLflow's client, and a model of somebody hostile."""
    with Store.open(home) as store:
        for i in range(5):
            trained(store, {"trees": 10 * i, "rate": 0.1}, {"test_auc": 0.8 + i / 100, "brier": 0.2 - i / 100}, "x" * i)
        store.set_alias("churn", "champion", 2, "The first that beats the rules.", "ana")
        store.set_alias("churn", "staging", 4, "", "ci")
        for run in (logged(store, "sales forecast"), logged(store, "sales forecast")):
            store.add_artifact(run, "model/README.md", b"---\nlicense: mit\n---\n# Sales\n\nWeekly **demand**.\n")
        run = logged(store, EVIL, description=EVIL, tags=[{"key": "k", "value": EVIL}])
        store.add_artifact(run, "model/README.md", CARD.encode())
        store.set_params(run, {EVIL: EVIL})
        registered.update(store, Fields({"name": EVIL, "description": EVIL}))
        store.set_alias(EVIL, "champion", 1, EVIL, EVIL)
    return home


@pytest.fixture
def refused(page: Any, models: Path, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    """Refusals are part of the test: the browser writes them into its console."""
    watch_of[page].expected = ("422", "409")


def open_page(page: Any, path: str) -> None:  # noqa: F811
    page.goto(f"/app/models{path}")
    settle(page)


def row_of(page: Any, version: int) -> Any:  # noqa: F811
    link = page.get_by_role("link", name=f"churn, version {version}", exact=True)
    return page.get_by_role("region", name="Versions", exact=True).get_by_role("row").filter(has=link)


def history(bench: Workbench, alias: str) -> list[tuple[Any, ...]]:
    found = ask_json(bench, f"/models/churn/promotions?alias={alias}")
    return [(row["before"], row["version"], row["reason"], row["who"]) for row in found]


def test_where_there_is_none_it_says_what_makes_one(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_page(page, "")
    page.get_by_role("heading", name="No model yet").wait_for()
    page.get_by_text("castalia fit churn").wait_for()
    assert f'mlflow.set_tracking_uri("{bench.root}")' in page.locator("pre").last.inner_text()


def test_promote_by_keyboard_with_a_reason_and_take_it_back(page: Any, bench: Workbench, models: Path) -> None:  # noqa: F811
    open_page(page, "/churn")
    before = history(bench, "champion")
    row_of(page, 2).get_by_text("champion").wait_for()
    row_of(page, 5).get_by_role("button", name="Promote version 5").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Promote version 5 of churn")
    dialog.get_by_text("champion: version 2 → version 5").wait_for()
    dialog.get_by_text("0.81 → 0.84").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type("Better on last week's data.")
    assert axe(page) == []
    page.keyboard.press("Control+Enter")
    dialog.wait_for(state="detached")
    row_of(page, 5).get_by_text("champion").wait_for()
    assert history(bench, "champion")[0] == (2, 5, "Better on last week's data.", "loopback")
    page.get_by_role("button", name="Undo").click()
    row_of(page, 2).get_by_text("champion").wait_for()
    assert history(bench, "champion")[0] == (5, 2, "Undone.", "loopback")
    page.get_by_role("link", name="History").click()
    rows = page.get_by_role("region", name="History").locator("tbody tr")
    rows.first.wait_for()
    page.get_by_text("Better on last week's data.").wait_for()
    assert len(history(bench, "champion")) == len(before) + 2
    page.get_by_role("button", name="Back to version 5 as champion").click()
    page.get_by_role("button", name="Back to version 2 as champion").wait_for()
    assert history(bench, "champion")[0][:2] == (2, 5)
    page.get_by_role("button", name="Back to version 2 as champion").click()
    page.get_by_role("button", name="Back to version 5 as champion").wait_for()


HOSTILE = {
    "links": "[a](b" * 4000,
    "pictures": "![a](b" * 3500,
    "quotes": "> " * 10_000,
    "stars": "**" * 10_000 + "x",
    "brackets": "[" * 20_000,
    "heading": "# " + " #" * 9000 + "x",
    "comments": "<!--" * 5000,
    "blank": "    a" + "\n" * 19_000 + "b",
    "soft": " _a" * 6000,
    "addresses": "<http://" * 2400,
    "lists": "".join(" " * i + "- a\n" for i in range(190)),
}
"""Notes that a pattern without bounds, or a call for each level, does not survive."""
QUICK = ("links", "quotes")


@pytest.mark.parametrize(
    "note", [pytest.param(HOSTILE[one], id=one, marks=[] if one in QUICK else pytest.mark.slow) for one in HOSTILE]
)
def test_a_hostile_note_does_not_stop_the_page(page: Any, bench: Workbench, models: Path, note: str) -> None:  # noqa: F811
    sent = page.request.patch("/models/churn/versions/4", data={"note": f"{note}\n\nThe **last** line."})
    assert sent.ok, sent.text()
    open_page(page, "/churn?version=4")
    box = page.get_by_role("region", name="Note")
    box.get_by_text("line.").last.wait_for()
    box.get_by_role("button", name="Edit").click()
    assert page.request.patch("/models/churn/versions/4", data={"note": ""}).ok


@pytest.mark.slow
def test_an_alias_of_ones_own_is_set_and_taken_away(page: Any, bench: Workbench, refused: None) -> None:  # noqa: F811
    open_page(page, "/churn")
    row_of(page, 3).get_by_role("button", name="Promote version 3").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("It goes by").select_option(label="another alias…")
    dialog.get_by_label("Alias", exact=True).fill("v1")
    dialog.get_by_role("button", name="Promote").click()
    dialog.get_by_role("alert").get_by_text("cannot be an alias").wait_for()
    dialog.get_by_label("Alias", exact=True).fill("shadow")
    dialog.get_by_role("button", name="Promote").click()
    dialog.wait_for(state="detached")
    row_of(page, 3).get_by_text("shadow").wait_for()
    page.get_by_role("button", name="Undo").click()
    row_of(page, 3).get_by_text("shadow").wait_for(state="detached")
    assert [row[:2] for row in history(bench, "shadow")] == [(3, None), (None, 3)]


@pytest.mark.slow
def test_an_undo_does_not_undo_what_somebody_else_did(page: Any, bench: Workbench, refused: None) -> None:  # noqa: F811
    open_page(page, "/churn")
    row_of(page, 3).get_by_role("button", name="Promote version 3").click()
    page.get_by_role("dialog").get_by_label("It goes by").select_option("staging")
    page.get_by_role("dialog").get_by_role("button", name="Promote").click()
    row_of(page, 3).get_by_text("staging").wait_for()
    ask_json(bench, "/models/churn/promotions", {"alias": "staging", "version": 1, "reason": "Mine."})
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("It could not be undone").wait_for()
    row_of(page, 1).get_by_text("staging").wait_for()
    assert history(bench, "staging")[0] == (3, 1, "Mine.", "loopback")
    assert not page.get_by_text(re.compile("^Undone")).count()


@pytest.mark.slow
def test_older_versions_come_when_they_are_asked_for(
    page: Any,  # noqa: F811
    models: Path,
    home: Path,
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("404",)
    with Store.open(home) as store:
        run = logged(store, "many")
        with store.database.write() as connection:
            first = (
                connection.execute(sa.select(schema.versions).where(schema.versions.c.run_id == run)).mappings().one()
            )
            told = {key: value for key, value in first.items() if key != "id"}
            connection.execute(sa.insert(schema.versions), [{**told, "version": i} for i in range(2, 2301)])
        store.set_alias("many", "old", 5, "", "ci")
    open_page(page, "/many")
    table = page.get_by_role("region", name="Versions", exact=True)
    versions = table.locator("tbody tr")
    page.get_by_text("the newest 1,001 versions").wait_for()
    assert versions.count() == 1001 and table.get_by_role("link", name="many, version 5", exact=True).count() == 1
    page.get_by_role("button", name="Show older versions").click()
    page.get_by_text("the newest 2,001 versions").wait_for()
    page.get_by_role("button", name="Show older versions").click()
    page.get_by_text("2,300 versions", exact=True).wait_for()
    assert versions.count() == 2300 and not page.get_by_role("button", name="Show older versions").count()
    numbers = [int(text.split()[-1]) for text in table.locator("tbody th").all_inner_texts()]
    assert numbers == list(range(2300, 0, -1))
    open_page(page, "/many?version=7")
    page.get_by_role("heading", name="many@7").wait_for()
    open_page(page, "/many?version=2301")
    page.get_by_text("many has no version 2301").wait_for()
    with Store.open(home) as store:
        registered.delete(store, Fields({"name": "many"}))


@pytest.mark.slow
def test_a_promotion_is_refused_where_somebody_else_moved_the_alias(
    page: Any,  # noqa: F811
    bench: Workbench,
    refused: None,
) -> None:
    open_page(page, "/churn")
    row_of(page, 3).get_by_role("button", name="Promote version 3").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("It goes by").select_option("staging")
    now, theirs = history(bench, "staging")[0][1], 5
    dialog.get_by_text(f"staging: version {now} → version 3").wait_for()
    ask_json(bench, "/models/churn/promotions", {"alias": "staging", "version": theirs, "reason": "Theirs."})
    dialog.get_by_role("button", name="Promote").click()
    dialog.get_by_text("was moved meanwhile").wait_for()
    assert history(bench, "staging")[0][2] == "Theirs."
    dialog.get_by_text(f"staging: version {theirs} → version 3").wait_for()
    dialog.get_by_role("button", name="Promote").click()
    dialog.wait_for(state="detached")
    assert history(bench, "staging")[0][:2] == (theirs, 3)
    page.goto("/app/models/churn?tab=history")
    back = page.get_by_role("button", name=f"Back to version {theirs} as staging")
    back.wait_for()
    ask_json(bench, "/models/churn/promotions", {"alias": "staging", "version": 1, "reason": "Theirs."})
    back.click()
    page.get_by_text("was moved meanwhile").wait_for()
    assert history(bench, "staging")[0][:2] == (3, 1)


@pytest.mark.slow
def test_mlflows_client_moves_an_alias_while_the_page_is_open(page: Any, bench: Workbench, models: Path) -> None:  # noqa: F811
    from mlflow import MlflowClient

    open_page(page, "/churn")
    row_of(page, 1).wait_for()
    MlflowClient(tracking_uri=bench.root).set_registered_model_alias("churn", "from-ci", "1")
    row_of(page, 1).get_by_text("from-ci").wait_for(timeout=40_000)
    MlflowClient(tracking_uri=bench.root).delete_registered_model_alias("churn", "from-ci")
    assert [row[:2] for row in history(bench, "from-ci")] == [(1, None), (None, 1)]


@pytest.mark.slow
def test_versions_stand_beside_each_other(page: Any, models: Path) -> None:  # noqa: F811
    open_page(page, "/churn")
    page.get_by_role("checkbox", name="Version 5 beside others").check()
    page.get_by_text("Choose another version").wait_for()
    page.get_by_role("checkbox", name="Version 1 beside others").check()
    page.wait_for_url("**compare=5%2C1*")
    table = page.get_by_role("region", name="Versions beside each other")
    table.get_by_role("row", name=re.compile("^test_auc")).wait_for()
    cells = table.get_by_role("row", name=re.compile("^test_auc")).get_by_role("cell").all_inner_texts()
    assert [text.split() for text in cells] == [["0.84"], ["0.8", "−0.04"]]
    assert table.get_by_role("row", name=re.compile("^rate")).count() == 0
    page.get_by_role("checkbox", name="Also what is the same").check()
    table.get_by_role("row", name=re.compile("^rate")).wait_for()
    page.reload()
    settle(page)
    table.get_by_role("row", name=re.compile("^rate")).wait_for()
    page.get_by_role("link", name="Curves of their runs").click()
    page.wait_for_url("**/app/compare?run=*")


@pytest.mark.slow
def test_filter_and_order_are_the_address(page: Any, models: Path) -> None:  # noqa: F811
    open_page(page, "/churn")
    page.get_by_role("searchbox", name="Filter versions").fill("staging")
    page.get_by_text("1 of 5 versions").wait_for()
    page.wait_for_url("**q=staging*")
    page.get_by_role("searchbox", name="Filter versions").fill("")
    page.get_by_role("button", name="brier").click()
    page.wait_for_url("**sort=-metrics.brier*")
    numbers = page.get_by_role("region", name="Versions", exact=True).locator("tbody th")
    assert numbers.all_inner_texts() == [f"Version {i}" for i in range(1, 6)]
    page.get_by_role("button", name="brier").click()
    page.wait_for_url("**sort=metrics.brier*")
    page.reload()
    settle(page)
    assert numbers.all_inner_texts() == [f"Version {i}" for i in range(5, 0, -1)]
    open_page(page, "")
    page.get_by_role("searchbox", name="Filter models").fill("forecast")
    page.get_by_text("1 of 3 models").wait_for()


@pytest.mark.slow
def test_lineage_as_a_picture_and_as_a_list(page: Any, models: Path) -> None:  # noqa: F811
    open_page(page, "/churn?version=4")
    picture = page.get_by_role("figure", name="From data to aliases")
    picture.get_by_text("telco@1").wait_for()
    kinds = [text.split("\n")[0] for text in picture.locator(".lineage-node").all_inner_texts()]
    assert kinds[:4] == ["data", "data, scans", "run", "version"] and set(kinds[4:]) <= {"alias"}
    page.get_by_text("The same as a list").click()
    text = page.locator(".lineage-list").inner_text()
    for said in (SETS[0]["digest"][:16], "with changes that were not committed", "0123456789abcdef", "efefefef"):
        assert said in text
    page.get_by_text("medmnist: for research only, NC").wait_for()
    picture.get_by_role("link", name="fit").click()
    page.wait_for_url("**/app/runs/*")


@pytest.mark.slow
def test_notes_tags_and_stage_are_written_in_place(page: Any, bench: Workbench, models: Path) -> None:  # noqa: F811
    open_page(page, "/churn?version=1")
    page.get_by_role("button", name="Write one").click()
    page.get_by_role("textbox", name="Note, Markdown").fill("It **was** the first.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("It was the first.").wait_for()
    page.get_by_role("textbox", name="New tag").fill("intended_use: Calling customers.")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Take the tag intended_use away").wait_for()
    page.get_by_label("Stage").select_option("Archived")
    undo = page.get_by_role("button", name="Undo: Version 1: stage Archived")
    undo.wait_for()
    line = ask_json(bench, "/models/churn")["versions"][-1]
    assert (line["note"], line["stage"]) == ("It **was** the first.", "Archived")
    assert line["tags"] == {"intended_use": "Calling customers."}
    undo.click()
    page.get_by_text("Undone: Version 1: stage Archived").wait_for()
    assert ask_json(bench, "/models/churn")["versions"][-1]["stage"] == "None"
    page.get_by_role("link", name="Card", exact=True).click()
    page.locator("article").get_by_text("Calling customers.").wait_for()
    open_page(page, "/sales%20forecast?version=2&tab=card")
    page.locator("article strong").get_by_text("demand").wait_for()
    page.get_by_text("the model: mit").wait_for()


@pytest.mark.slow
def test_a_model_without_a_version_says_what_makes_one(page: Any, models: Path) -> None:  # noqa: F811
    with Store.open(models) as store:
        registered.create(store, Fields({"name": "bare", "description": "For later."}))
    open_page(page, "")
    row = page.get_by_role("region", name="Models", exact=True).get_by_role("row", name="bare")
    row.get_by_text("no version", exact=True).wait_for()
    row.get_by_role("link", name="bare").click()
    page.get_by_role("heading", name="No version yet").wait_for()
    page.get_by_text("For later.").wait_for()
    assert 'mlflow.register_model("runs:/RUN/model", "bare")' in page.locator("pre").inner_text()
    assert axe(page) == []
    page.set_viewport_size(PHONE["viewport"])
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


@pytest.mark.slow
def test_the_files_of_a_version_are_shown_in_place(page: Any, models: Path) -> None:  # noqa: F811
    folder = models / "models" / "churn" / "5"
    (folder / "plots").mkdir()
    (folder / "plots" / "evil.html").write_text(f"<script>parent.{SCRIPT}</script><p>a plot</p>")
    open_page(page, "/churn")
    row_of(page, 5).locator(".best").first.wait_for()
    assert row_of(page, 5).locator("td", has_text="best").all_inner_texts() == ["best 0.8400", "best 0.1600"]
    row_of(page, 5).get_by_role("link", name="churn, version 5", exact=True).click()
    page.get_by_role("navigation", name="Parts of the version").get_by_role("link", name="Files").click()
    shown = page.get_by_role("region", name="The chosen file")
    tree = page.get_by_role("navigation", name="Files", exact=True)
    tree.get_by_role("link", name="model.txt").click()
    shown.locator("pre", has_text="xxxx").wait_for()
    with page.expect_download() as down:
        shown.get_by_role("link", name="Download").click()
    assert down.value.suggested_filename == "model.txt" and Path(down.value.path()).read_text() == "xxxx"
    tree.get_by_role("link", name="evil.html").click()
    page.frame_locator("iframe").get_by_text("a plot").wait_for()
    assert page.evaluate("window.hacked") is None and "version=5&tab=files&file=" in page.url
    assert axe(page) == []
    page.reload()
    page.frame_locator("iframe").get_by_text("a plot").wait_for()
    open_page(page, "/sales%20forecast?version=1&tab=files")
    shown.get_by_role("heading", name="Sales").wait_for()
    tree.get_by_role("link", name="MLmodel").click()
    shown.get_by_text("It names no input and no output.").wait_for()


@pytest.mark.slow
def test_what_is_hostile_stays_text(page: Any, models: Path) -> None:  # noqa: F811
    from urllib.parse import quote

    at = f"/{quote(EVIL, safe='')}"
    for path in (
        "",
        at,
        f"{at}?tab=history",
        f"{at}?version=1",
        f"{at}?version=1&tab=card",
        f"{at}?version=1&tab=files",
    ):
        open_page(page, path)
        assert page.locator("main img, main script, main [onerror], main a[href^='javascript:']").count() == 0
        assert page.evaluate("window.hacked") is None
    open_page(page, f"{at}?version=1")
    assert page.locator("h1").inner_text() == f"\u2068{EVIL}\u2069@1"
    assert "\u202e" not in page.get_by_role("region", name="Use it").locator("pre").inner_text()


EVERY_LOOK = [
    pytest.param(look, marks=() if name == "light" else pytest.mark.slow, id=name)
    for name, look in (("light", {}), ("dark", DARK), ("phone", PHONE), ("dark-phone", DARK | PHONE), ("400%", ZOOMED))
]
PAGES = ("", "/churn?version=4", "/churn?compare=5,1", "/churn?tab=history", "/churn?version=4&tab=card",
         "/churn?version=4&tab=files", "/sales%20forecast?version=2", "/nothing", "/churn?version=99")  # fmt: skip


@pytest.mark.parametrize("page", EVERY_LOOK, indirect=True)
def test_every_page_is_clean(page: Any, models: Path, watch_of: dict[Any, Any], request: Any) -> None:  # noqa: F811
    watch_of[page].expected = ("404",)
    wrong = []
    for path in PAGES[:2] if "light" in request.node.name else PAGES:
        open_page(page, path)
        wrong += [f"{path}: {finding}" for finding in axe(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{path}: {wide} px too wide")
        assert page.locator("h1").count() == 1
    assert wrong == []
