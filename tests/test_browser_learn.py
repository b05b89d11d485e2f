"""Building something on the page, in a real Chromium: from red to green, hints, the cover, drafts, two systems."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import ask_json, axe, chromium, fit, page, settle, watch_of  # noqa: F401
from learner_fixtures import solve
from web_process import Workbench

from castalia import catalog
from castalia.check import contracts, starting
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TOYS = Path(__file__).parent / "toy_shelf"
PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
START = contracts.starting_text("softmax")
RIGHT = contracts.reference("softmax").read_text("utf-8")
LINE_OF = "\n\ndef line(x, slope):\n    return slope * x + 1\n"
CONTRACT = '''"""A line."""
from castalia.core.contract import Claim, Contract, Milestone

CLAIM = Claim(
    id="on_the_line", words="line(x, slope) lies on the line.", topics={"py01": 1.0}, function="line",
    make=lambda random, size: (random.normal(size=size), 2.0), oracle=lambda x, slope: slope * x + 1, rtol=1e-12,
    hints=("Where is it at 0?", "What does the slope do?", "Multiply, then add one."),
)
CONTRACT = Contract(
    project="slope", interface="def line(x, slope):\\n    raise NotImplementedError\\n",
    milestones=(Milestone("M1", "A line", (CLAIM,)),), source=open(__file__).read(),
)
'''
ENDLESS = "def softmax(x):\n    while True:\n        pass\n"
LINE = "    powers = np.exp(x - x.max(axis=-1, keepdims=True))"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bench(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench with two shelves that hold a system of the same name."""
    mine = tmp_path_factory.mktemp("shelf") / "mine"
    shutil.copytree(TOYS / "slope", mine / "slope")
    source = (mine / "slope" / "slope.py").read_text()
    (mine / "slope" / "slope.py").write_text(source.replace("self.slope * x.x)", "self.slope * x.x + 1)") + LINE_OF)
    (mine / "slope" / "contract.py").write_text(CONTRACT)
    catalog.trust(TOYS, Settings(home=home), "toys")
    catalog.trust(mine, Settings(home=home), "mine")
    with Workbench(home, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as made:
        yield made


@pytest.fixture(autouse=True)
def as_new(home: Path) -> None:
    """Nobody has learned anything yet."""
    for name in ("drafts", "checks"):
        if (home / name).is_dir():
            shutil.rmtree(home / name)
    (home / "evidence.jsonl").unlink(missing_ok=True)
    (home / "places.json").unlink(missing_ok=True)


def open_exercise(page: Any, name: str = "softmax") -> Any:  # noqa: F811
    page.goto(f"/app/learn/{name}")
    settle(page)
    area = page.get_by_role("textbox", name=f"{name}.py, your text")
    area.wait_for()
    return area


def check(page: Any) -> None:  # noqa: F811
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Check", exact=True).wait_for()


def saved(page: Any) -> None:  # noqa: F811
    page.get_by_role("region", name="Editor").get_by_text("Saved", exact=True).wait_for()


def active(page: Any) -> str:  # noqa: F811
    return str(page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.textContent.trim()"))


def tab_to(page: Any, wanted: str, most: int = 40) -> None:  # noqa: F811
    for _ in range(most):
        page.keyboard.press("Tab")
        if active(page).startswith(wanted):
            return
    raise AssertionError(f"{wanted} cannot be reached with Tab; last was {active(page)}")


def test_from_red_to_green_with_the_keyboard_alone(page: Any, home: Path) -> None:  # noqa: F811
    page.goto("/app/")
    settle(page)
    page.locator("textarea").wait_for()
    tab_to(page, "TEXTAREA")
    page.keyboard.press("Control+Enter")
    result = page.get_by_role("region", name="Result")
    result.get_by_role("heading", name="Wrong answer").wait_for()
    for words in (
        "Numbers of a thousand give probabilities, not nan.",
        "softmax(np.array([[1000.0, 1000.0]]))",
        "nan",
        "0.5",
    ):
        assert words in result.inner_text()
    assert "Next:" in result.inner_text() and "3 of 4 core claims hold" in result.inner_text()
    page.keyboard.press("Control+Home")
    for _ in range(START[: START.index("    powers")].count("\n")):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+End")
    page.keyboard.type(LINE)
    result.get_by_role("heading", name="Wrong answer of an earlier text").wait_for()
    page.keyboard.press("Control+Enter")
    result.get_by_role("heading", name="Well done").wait_for()
    page.keyboard.press("Escape")
    tab_to(page, "A Next: basics")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Basics").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert [event.outcome for event in Evidence(home).events("softmax")] == ["fail", "pass"]
    # Whoever learns finds what can be built on the first page from then on.
    page.goto("/app/")
    settle(page)
    page.get_by_role("heading", name="Exercises").wait_for()
    page.get_by_text("Passed").wait_for()


@pytest.mark.slow
def test_the_failing_line_is_marked_and_led_to(page: Any) -> None:  # noqa: F811
    area = open_exercise(page)
    area.fill("import numpy as np\n\n" + "# far\n" * 60 + "\n\ndef softmax(x):\n    return x / nothing\n")
    area.press("Control+Home")
    check(page)
    result = page.get_by_role("region", name="Result")
    result.get_by_role("heading", name="The code stopped").wait_for()

    def marked_in_sight() -> bool:
        mark, box = page.locator(".editor-mark").bounding_box(), page.locator(".editor").bounding_box()
        return bool(mark and box and box["y"] <= mark["y"] <= box["y"] + box["height"] - mark["height"])

    assert marked_in_sight(), "a line that was out of sight is scrolled to"
    assert area.evaluate("one => [one.selectionStart, one.selectionEnd]") == [0, 0], "the cursor stays where it was"
    page.locator(".editor").evaluate("box => box.scrollTop = 0")
    result.get_by_role("button", name="softmax.py:66").click()
    found = area.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
    assert found == "    return x / nothing"
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert marked_in_sight()
    described = str(area.get_attribute("aria-describedby")).split()
    assert any("Line 66 is marked" in page.locator(f"[id='{id}']").inner_text() for id in described)
    area.press("End")
    area.type(" ")
    assert page.locator(".editor-mark").count() == 0, "a changed text has no marked line"
    # A file that stops before any claim is asked: no claim, no hint, the line.
    for text, line, words in (("x = 1\ndef softmax(x)\n", 2, "read"), ("import nowhere\n", 1, "loaded")):
        area.fill(text)
        check(page)
        result.get_by_role("heading", name=f"softmax.py cannot be {words}", exact=True).wait_for()
        assert result.get_by_role("button", name=f"softmax.py:{line}").is_visible()
        assert "sums to one" not in result.inner_text()
        assert page.get_by_role("region", name="Hints").count() == 0


def test_the_editor_knows_indentation_and_undo(page: Any) -> None:  # noqa: F811
    area = open_exercise(page)
    area.fill("")
    area.focus()
    page.keyboard.type("def f(x):")
    page.keyboard.press("Enter")
    page.keyboard.type("for i in x:  # each")
    page.keyboard.press("Enter")
    page.keyboard.type("return i")
    page.keyboard.press("Enter")
    page.keyboard.type("y")
    text = "def f(x):\n    for i in x:  # each\n        return i\n    y"
    assert area.input_value() == text
    page.keyboard.press("Control+a")
    page.keyboard.press("Tab")
    assert area.input_value() == "\n".join("    " + line for line in text.split("\n"))
    page.keyboard.press("Shift+Tab")
    assert area.input_value() == text
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    assert area.input_value() == text + "\n", "one step back is one indentation"
    page.keyboard.press("Tab")
    page.keyboard.type("z")
    assert area.input_value() == text + "\n    z"
    for _ in range(40):
        page.keyboard.press("Control+z")
    assert area.input_value() == START, "everything typed, indented or not, can be taken back"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert active(page).startswith("BUTTON Check")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    assert not active(page).startswith("TEXTAREA")


@pytest.mark.slow
def test_hints_and_the_solution_stay_once_they_were_read(page: Any, home: Path) -> None:  # noqa: F811
    open_exercise(page)
    check(page)
    hints = contracts.find("softmax").claim("large_numbers").hints
    region = page.get_by_role("region", name="Hints")
    assert not [hint for hint in hints if hint in page.content()], "a hint that was not read is not on the page"
    for rung in (1, 2):
        region.get_by_role("button", name=f"Hint {rung} of 3").click()
        region.get_by_text(hints[rung - 1]).wait_for()
    region.get_by_role("button", name="For an assistant").click()
    region.get_by_text("Please do not give me the solution").wait_for()
    check(page)
    region.get_by_text(hints[1]).wait_for()
    assert "Please do not give me" not in page.content(), "the next failure may be another one"
    page.reload()
    settle(page)
    region.get_by_text(hints[1]).wait_for()
    assert region.get_by_text(hints[0]).is_visible() and hints[2] not in page.content()
    region.get_by_role("button", name="Hint 3 of 3").click()
    region.get_by_role("button", name="That was the last hint").wait_for()
    assert "shifted.max" not in page.content()
    page.get_by_role("button", name="Open the solution").click()
    page.get_by_role("region", name="reference.py").get_by_text("shifted.max").wait_for()
    page.reload()
    page.get_by_role("region", name="reference.py").get_by_text("shifted.max").wait_for()
    events = [(event.kind, event.hints, event.ai_declared) for event in Evidence(home).events("softmax")]
    assert events == [
        ("check", 0, False),
        ("hint", 1, False),
        ("hint", 2, False),
        ("hint", 2, True),
        ("check", 2, False),
        ("hint", 3, False),
        ("spoiler", 0, False),
    ]


@pytest.mark.slow
def test_a_draft_survives_a_reload_and_a_second_tab(page: Any, home: Path) -> None:  # noqa: F811
    area = open_exercise(page)
    area.fill("# first\n")
    saved(page)
    assert (home / "drafts" / "softmax.py").read_text() == "# first\n"
    area.fill("# not saved yet\n")
    page.reload()
    settle(page)
    assert area.input_value() == "# not saved yet\n", "what was typed a moment before a reload is not lost"
    saved(page)
    other = page.context.new_page()
    theirs = open_exercise(other)
    theirs.fill("# from the other tab\n")
    saved(other)
    area.fill("# from this tab\n")
    notice = page.get_by_role("alert")
    notice.get_by_text("Another tab or editor had saved another text").wait_for()
    told, box = notice.bounding_box(), page.locator(".editor").bounding_box()
    assert told and box and told["y"] + told["height"] <= box["y"], "it stands above the editor, in sight"
    assert page.get_by_text("Saved", exact=True).count() == 0, "in place of the status"
    assert (home / "drafts" / "softmax.py").read_text() == "# from this tab\n"
    page.get_by_role("button", name="Take the other text").click()
    assert area.input_value() == "# from the other tab\n"
    saved(page)
    for turned in ("dispatchEvent(new Event('focus'))", "document.dispatchEvent(new Event('visibilitychange'))"):
        area.fill(f"# mine before {turned}\n")
        saved(page)
        (home / "drafts" / "softmax.py").write_text(f"# by my own editor, {turned}\n")
        page.evaluate(turned)
        page.get_by_text("Taken over from another tab or editor").wait_for()
        assert area.input_value() == f"# by my own editor, {turned}\n"
    other.close()


@pytest.mark.slow
def test_an_endless_loop_is_cancelled(page: Any, home: Path) -> None:  # noqa: F811
    area = open_exercise(page)
    area.fill(ENDLESS)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Cancel").wait_for()
    area.press("Control+End")
    area.type("# typed while it runs\n")
    page.wait_for_timeout(1200)
    draft = home / "drafts" / "softmax.py"
    assert "typed" not in draft.read_text(), "what is being checked stays as it is"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Check", exact=True).wait_for()
    saved(page)
    assert draft.read_text().endswith("# typed while it runs\n")
    assert page.get_by_role("alert").count() == 0, "what this very tab had sent is no conflict"
    area.fill(RIGHT)
    check(page)
    page.get_by_role("heading", name="Well done", exact=True).wait_for()
    area.fill(ENDLESS)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Well done of the check before").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("heading", name="Well done of an earlier text").wait_for()
    assert [event.outcome for event in Evidence(home).events("softmax")] == ["pass"], "a cancelled check is no evidence"


@pytest.mark.slow
def test_the_workbench_restarts_in_the_middle(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=f"http://127.0.0.1:{port}")
    context.set_default_timeout(20_000)
    made = context.new_page()
    with Workbench(tmp_path, port=port):
        area = open_exercise(made)
        check(made)
        made.get_by_role("heading", name="Wrong answer", exact=True).wait_for()
        area.fill(ENDLESS)
        made.get_by_role("button", name="Check", exact=True).click()
        made.get_by_role("button", name="Cancel").wait_for()
    made.get_by_text("The check went with the workbench").wait_for()
    made.get_by_role("heading", name="Wrong answer of the check before").wait_for()
    area.fill(RIGHT)
    made.get_by_text("Connection lost.").wait_for()
    assert made.get_by_text("Not saved yet").is_visible()
    with Workbench(tmp_path, port=port):
        made.evaluate("document.querySelector('.banner button')?.click()")  # it may be back by itself already
        saved(made)
        assert (tmp_path / "drafts" / "softmax.py").read_text() == RIGHT
        check(made)
        made.get_by_role("heading", name="Well done").wait_for()
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [pytest.param({}, id="light"), pytest.param(DARK | PHONE, id="dark-phone", marks=pytest.mark.slow)],
    indirect=True,
)
def test_every_page_of_it_is_clean(page: Any) -> None:  # noqa: F811
    wrong = []
    size = page.viewport_size

    def look(where: str) -> None:
        settle(page)
        wrong.extend(f"{where}: {finding}" for finding in axe(page))
        for each in (size, {"width": 320, "height": 256}):  # 1280 × 1024 at 400 percent
            page.set_viewport_size(each)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong.extend([f"{where}: {wide} px wider than a window of {each['width']} px"] if wide > 0 else [])
        page.set_viewport_size(size)

    page.goto("/app/")
    page.locator("textarea").wait_for()
    look("first page")
    open_exercise(page)
    check(page)
    page.get_by_role("button", name="Hint 1 of 3").click()
    page.get_by_role("button", name="Hint 2 of 3").wait_for()
    page.get_by_text("What the code printed").first.click()
    look("red")
    page.get_by_role("button", name="Open the solution").click()
    page.get_by_role("region", name="reference.py").wait_for()
    page.get_by_role("textbox", name="softmax.py, your text").fill(RIGHT)
    check(page)
    look("green, solution open")
    open_exercise(page, "basics")
    look("basics")
    editor, result, steps = (
        page.get_by_role("region", name=name, exact=True).bounding_box() for name in ("Editor", "Result", "Milestones")
    )
    if size["width"] > 960:
        assert result["x"] > editor["x"] + editor["width"], "the report stands beside the editor"
        assert steps["x"] == editor["x"] and steps["width"] == editor["width"] and steps["y"] > editor["y"]
    else:
        assert editor["y"] < result["y"] < steps["y"]
    page.goto("/app/learn")
    page.get_by_role("heading", name="Exercises").wait_for()
    page.get_by_text("Fix one line of a softmax that gives nan; two minutes.").wait_for()
    look("learn")
    page.goto("/app/systems/toys~slope?tab=build")
    page.get_by_role("button", name="Ask both").wait_for()
    look("beside")
    assert wrong == []


@pytest.mark.slow
def test_your_system_beside_the_other(page: Any, bench: Workbench) -> None:  # noqa: F811
    for name in ("toys~slope", "mine~slope"):
        fit(bench, name, quick=True)
    page.goto("/app/systems/toys~slope?tab=build")
    settle(page)
    beside = page.get_by_role("region", name="Side by side")
    beside.get_by_role("spinbutton").fill("3")
    beside.get_by_role("button", name="Ask both").click()
    ours, theirs = (beside.get_by_role("region", name=f"Answer of {name}/slope") for name in ("toys", "mine"))
    theirs.get_by_text("mine.slope@quick").wait_for(timeout=30_000)
    first = float(ours.locator(".headline .value").inner_text())
    second = float(theirs.locator(".headline .value").inner_text())
    assert second == pytest.approx(first + 1, abs=0.01)
    chart = beside.get_by_role("img", name="Lines over")
    chart.wait_for()
    said = str(chart.get_attribute("aria-label"))
    assert "toys/slope ends at" in said and "mine/slope ends at" in said
    page.goto("/app/systems/churn?tab=build")
    settle(page)
    page.get_by_text("No check yet").wait_for()
    page.get_by_text("castalia shelf trust shelf").wait_for()


@pytest.mark.slow
def test_a_project_is_built_on_its_page_and_its_source_is_covered(page: Any, bench: Workbench, home: Path) -> None:  # noqa: F811
    page.goto("/app/systems/mine~slope?tab=build")
    settle(page)
    area = page.get_by_role("textbox", name="slope.py, your text")
    check(page)
    page.get_by_role("region", name="Result").get_by_role("heading", name="Not written yet").wait_for()
    area.fill("def line(x, slope):\n    return slope * x + 1\n")
    check(page)
    page.get_by_role("heading", name="Well done").wait_for()
    assert (home / "drafts" / "mine" / "slope.py").is_file()
    fit(bench, "mine~slope", params={"steps": 5}, **{"as": "lines"})
    for address in ("lines", "mine~slope"):  # a model of it is no way round the cover
        page.goto(f"/app/systems/{address}?tab=source")
        page.get_by_role("button", name="Open the solution").wait_for()
        assert "def predict" not in page.content()
    page.get_by_role("button", name="Open the solution").click()
    page.get_by_role("region", name="slope.py").get_by_text("def predict").wait_for()
    page.reload()
    page.get_by_role("region", name="slope.py").get_by_text("def predict").wait_for()
    assert [event.kind for event in Evidence(home).events("slope")] == ["check", "check", "spoiler"]
    page.goto("/app/systems")
    page.get_by_text("check passed").wait_for()


def test_search_knows_exercises_and_systems_say_what_is_checked(page: Any) -> None:  # noqa: F811
    page.goto("/app/systems")
    settle(page)
    page.get_by_text("no check yet").first.wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("softmax")
    page.get_by_role("dialog").get_by_text("Exercise").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/learn/softmax")


def test_a_page_with_the_editor_stays_small(page: Any) -> None:  # noqa: F811
    """At most 60 kB travel for it, packed; no chart is drawn, so uPlot does not come along."""
    sizes: list[int] = []
    page.on("response", lambda answer: "/app/" in answer.url and sizes.append(int(answer.headers["content-length"])))
    open_exercise(page)
    assert sum(sizes) <= 60_000, sizes


@pytest.mark.slow
def test_another_machine_is_told_where_to_learn(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    """Behind a proxy the page has no draft to show; it says so and the rest works."""
    watch_of[page].expected = ("403",)
    page.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
    for path in ("learn", "learn/softmax", "systems/churn?tab=build"):
        page.goto(f"/app/{path}")
        page.get_by_role("heading", name="Only on the machine itself").wait_for()
        assert axe(page) == []
    page.goto("/app/systems/churn?tab=source")
    page.get_by_role("button", name="Show the source").wait_for()
    page.goto("/app/systems")
    page.get_by_role("link", name="Customer churn").wait_for()


@pytest.mark.slow
def test_the_page_works_on_a_file_of_the_shell_and_adds_the_next_stubs(
    page: Any,  # noqa: F811
    home: Path,
    tmp_path: Path,
) -> None:
    path = starting.begin("basics", tmp_path, settings=Settings(home=home)).file
    solve(path, "standardize", "one_hot")
    page.goto("/app/learn/basics")
    settle(page)
    choice = page.get_by_label("Works on")
    assert str(tmp_path) not in page.content(), "the end of a path is enough to know a file"
    choice.select_option(label=next(each for each in choice.locator("option").all_inner_texts() if "yours" in each))
    page.get_by_role("button", name="Start over").wait_for(state="detached")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("button", name="Add the stubs of M2").click()
    page.get_by_text("M2 is at the end of the file now.").wait_for()
    assert "def accuracy" in path.read_text("utf-8") and "def accuracy" in page.locator("textarea").first.input_value()
    assert not (home / "drafts").exists(), "nothing of it went into the page's own text"
    assert axe(page) == []
