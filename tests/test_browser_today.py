"""The Today page in a real Chromium: from nothing to a plan by keyboard, the day, changes and their way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from browser_fixtures import Watch, ask_json, axe, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

from castalia.core.evidence import Event, Evidence
from castalia.roadmap import asked
from castalia.roadmap.forgetting import forget

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DAY = 86_400_000
FAR = date.today() + timedelta(weeks=31)
FAR_SAID = f"{FAR.day} {FAR:%B %Y}"
HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>‮"
LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "dark-phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "400 %": {"viewport": {"width": 320, "height": 256}},
}
in_every_look = pytest.mark.parametrize("page", LOOKS.values(), ids=LOOKS.keys(), indirect=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def bench(home: Path) -> Iterator[Workbench]:
    with Workbench(home, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as made:
        yield made


@pytest.fixture(autouse=True)
def as_new(home: Path) -> None:
    """Nobody has learned anything yet."""
    forget(home)


def put(bench: Workbench, page: Any, **body: Any) -> Any:  # noqa: F811
    """Keep a plan as the page does."""
    answer = page.request.put(f"{bench.root}/plan", data=body)
    assert answer.ok, answer.text()
    return answer.json()


def settled(bench: Workbench) -> dict[str, Any]:
    found: dict[str, Any] = ask_json(bench, "/today")["settled"]
    return found


def open_day(page: Any, where: str = "") -> None:  # noqa: F811
    page.goto(f"/app/today{where}")
    settle(page)


def unfold(page: Any, title: str) -> None:  # noqa: F811
    page.locator("summary").filter(has_text=title).click()


def focused(page: Any) -> str:  # noqa: F811
    """What the focus is on, in words."""
    return str(page.evaluate(
        "(e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.getAttribute('role') || e.textContent)"
        "(document.activeElement)"
    )).strip()  # fmt: skip


def tab_to(page: Any, name: str, key: str = "Tab") -> None:  # noqa: F811
    """Go on with the Tab key alone."""
    for _ in range(40):
        if focused(page).startswith(name):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the Tab key does not lead to {name!r}: {focused(page)!r}")


def has_focus(control: Any) -> None:
    """Wait until it has the focus, which comes a frame after it is drawn: no key may be pressed before."""
    from playwright.sync_api import expect

    expect(control).to_be_focused(timeout=20_000)


def fits_in_width(page: Any) -> bool:  # noqa: F811
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_from_nothing_to_a_first_plan_and_its_day_by_keyboard_alone(bench: Workbench, page: Any) -> None:  # noqa: F811
    open_day(page)
    tab_to(page, "combobox")
    page.keyboard.type("gpt")
    page.keyboard.press("Enter")
    has_focus(page.get_by_label("Hours a week"))
    page.keyboard.press("Enter")
    page.get_by_text("Say how many you really have").first.wait_for()
    has_focus(page.get_by_label("Hours a week"))
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    page.get_by_label("Computer science and first Python").first.wait_for()
    has_focus(page.get_by_role("button", name="Continue"))
    tab_to(page, "Computer science and first Python", "Shift+Tab")
    page.keyboard.press("Space")
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    has_focus(page.get_by_label("Where do you start from?"))
    page.keyboard.type("I know spreadsheets.")
    page.keyboard.press("Enter")
    has_focus(page.get_by_role("button", name="Ask me"))
    tab_to(page, "Skip the questions")
    page.keyboard.press("Enter")
    page.get_by_text("Nine of ten by").wait_for()
    has_focus(page.get_by_role("heading", name="Your plan"))
    assert "200 simulated learners" in page.inner_text("main")
    tab_to(page, "Keep this plan")
    page.keyboard.press("Enter")
    page.get_by_text("One gap to close").wait_for()
    assert page.locator("nav[aria-label=Main] a").first.inner_text() == "Today"
    assert settled(bench)["goal"] == "gpt" and settled(bench)["hours"] == 8
    told = ask_json(bench, "/today")
    assert told["about"] == {"beginning": "I know spreadsheets."} and {"cs01", "cs02"} <= set(told["known"])
    text = page.inner_text("main")
    assert told["gap"]["why"][1:] in text and told["stop"] in text and "overdue" not in text.lower()
    assert told["milestone"]["title"] in text and told["bug"]["question"] in text
    assert page.locator(".tip a").count() == bool(told["tip_url"])
    page.goto("/app/")
    page.get_by_text("One gap to close").wait_for()


@pytest.mark.slow
@in_every_look
def test_the_intake_is_clean_in_every_look(bench: Workbench, page: Any, watch_of: dict[Any, Watch]) -> None:  # noqa: F811
    watch_of[page].expected = ("422",)
    open_day(page)
    assert axe(page) == [] and fits_in_width(page)
    page.get_by_role("combobox").fill("research")
    page.keyboard.press("Enter")
    page.get_by_label("Hours a week").fill("200")
    page.get_by_label("Done by").fill("2001-01-01")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("less than or equal to 100").first.wait_for()
    assert axe(page) == [] and fits_in_width(page)
    page.get_by_label("Hours a week").fill("10")
    page.get_by_label("Done by").fill("")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Whole skills").wait_for()
    unfold(page, "Single topics")
    assert axe(page) == [] and fits_in_width(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("What worries you?").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Ask me").click()
    page.get_by_text("Question 1 of").wait_for()
    assert axe(page) == [] and fits_in_width(page)
    page.get_by_role("button", name="I do not know").click()
    page.get_by_text("Not this time").wait_for()
    assert axe(page) == [] and fits_in_width(page)
    page.get_by_role("button", name="Back").click()
    page.get_by_label("Where do you start from?").wait_for()
    page.go_back()
    page.get_by_role("button", name="Go on with the questions").wait_for()


@pytest.mark.slow
@in_every_look
def test_the_day_is_clean_in_every_look(bench: Workbench, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="research_scientist", hours=8, target=FAR.isoformat())
    page.request.post(f"{bench.root}/plan/resource", data={"title": "W" * 150, "hours": 3})
    open_day(page)
    unfold(page, "Your plan")
    for fold in ("A book or course", "A gap of your own", "What you know already"):
        unfold(page, fold)
    page.get_by_text("Whole skills").wait_for()
    page.get_by_role("button", name="Show what it breaks").click()
    page.get_by_text("It breaks:").wait_for()
    assert axe(page) == [] and fits_in_width(page)
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.slow
def test_a_plan_that_does_not_fit_has_three_ways_out(bench: Workbench, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8, target=FAR.isoformat())
    open_day(page)
    unfold(page, "Your plan")
    page.get_by_text(f"It does not fit until {FAR_SAID}").wait_for()
    for button, name in (("Take more hours", "hours"), ("Take the later date", "target"), ("Leave this out", "goal")):
        before = settled(bench)
        page.get_by_role("button", name=button).click()
        page.get_by_text("It fits until").wait_for()
        assert settled(bench)[name] != before[name]
        toast = page.locator(".toast").filter(has_text="The plan is changed").last
        toast.get_by_role("button", name="Undo").click()
        page.get_by_text(f"It does not fit until {FAR_SAID}").wait_for()
        assert settled(bench) == before


@pytest.mark.slow
def test_a_change_says_what_moved(bench: Workbench, page: Any, watch_of: dict[Any, Watch]) -> None:  # noqa: F811
    watch_of[page].expected = ("422",)
    put(bench, page, goal="gpt", hours=8)
    open_day(page)
    unfold(page, "Your plan")
    page.get_by_label("Hours a week").fill("20")
    page.get_by_role("button", name="Plan again").click()
    page.get_by_text("The plan is changed: moved").wait_for()
    assert settled(bench)["hours"] == 20
    page.get_by_label("Hours a week").fill("1000")
    page.get_by_role("button", name="Plan again").click()
    page.get_by_text("less than or equal to 100").wait_for()
    assert settled(bench)["hours"] == 20
    page.get_by_role("link", name="Choose another goal").click()
    page.get_by_role("combobox").fill("churn")
    page.keyboard.press("Enter")
    assert page.get_by_label("Hours a week").input_value() == "20"
    page.get_by_role("link", name="Keep the plan as it is").click()
    page.get_by_text("One gap to close").wait_for()
    assert settled(bench)["goal"] == "gpt"


@pytest.mark.slow
def test_questions_say_right_or_wrong_and_why(bench: Workbench, home: Path, page: Any) -> None:  # noqa: F811
    open_day(page)
    page.get_by_role("combobox").fill("everything")
    page.keyboard.press("Enter")
    page.get_by_label("Hours a week").fill("10")
    page.keyboard.press("Enter")
    page.get_by_text("Whole skills").wait_for()
    with page.expect_response("**/plan/question") as first:
        page.goto("/app/today?step=questions")
        page.get_by_role("button", name="Ask me").click()
    told, outcomes = first.value.json(), list[bool]()
    for turn in range(4):
        if told["question"] is None:
            break
        made = asked.made(asked.Answered(told["question"]["id"], told["question"]["seed"]))
        right = turn % 2 == 0
        if made.options:
            page.get_by_role("radio").nth(made.right if right else (made.right + 1) % 4).check()
        else:
            page.locator("#answer").fill(repr(made.answer if right else made.answer + 17))
        with page.expect_response("**/plan/question") as answer:
            page.keyboard.press("Enter")
        told = answer.value.json()
        page.get_by_text("Right" if right else "Not this time", exact=True).wait_for()
        assert told["marked"]["says"] in page.inner_text("main")
        outcomes.append(right)
        if told["question"]:
            page.get_by_role("button", name="Next question").click()
            page.get_by_text(f"Question {turn + 2} of at most 15").wait_for()
    page.get_by_role("button", name="Stop here" if told["question"] else "On to the plan").click()
    page.get_by_role("button", name="Keep this plan").click()
    page.get_by_text("One gap to close").wait_for()
    has_focus(page.locator("h1"))
    kept = [each for each in Evidence(home).events() if each.kind == "question"]
    assert outcomes and [each.outcome == "pass" for each in kept] == outcomes


@pytest.mark.slow
def test_an_answer_that_cannot_be_read_is_asked_again(bench: Workbench, page: Any, watch_of: dict[Any, Watch]) -> None:  # noqa: F811
    watch_of[page].expected = ("422",)
    page.route("**/plan/question", lambda route: route.fulfill(json={
        "marked": None, "number": 1, "most": 15, "found": [],
        "question": {"id": "ma02/x", "seed": 1, "topic": "x", "form": "number", "text": "1 + 1?", "code": "",
                     "options": []},
    }))  # fmt: skip
    open_day(page)
    page.get_by_role("combobox").fill("gpt")
    page.keyboard.press("Enter")
    page.get_by_label("Hours a week").fill("10")
    page.goto("/app/today?step=questions")
    page.get_by_role("button", name="Ask me").click()
    page.locator("#answer").fill("two or so")
    page.unroute("**/plan/question")
    page.get_by_role("button", name="Answer", exact=True).click()
    page.locator(".problem").wait_for()
    assert page.locator("#answer").input_value() == "two or so"


@pytest.mark.slow
def test_after_an_absence_there_is_one_short_thing(bench: Workbench, home: Path, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8)
    now = Event("check").time
    Evidence(home).add([Event("check", "softmax", milestone="M1", outcome="pass", time=now - 20 * DAY)])
    open_day(page)
    page.get_by_role("heading", name="15 minutes to return").wait_for()
    assert "Stop after 15 minutes, done or not." in page.inner_text("main")
    assert not page.get_by_text("One gap to close").is_visible() and not page.get_by_text("Your plan").is_visible()
    assert axe(page) == []
    unfold(page, "The rest of the day")
    assert page.get_by_text("One gap to close").is_visible()


@pytest.mark.slow
def test_the_check_to_return_with_is_one_step_away(bench: Workbench, home: Path, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8)
    now = Event("check").time
    Evidence(home).add([Event("check", "softmax", milestone="M1", outcome="fail", time=now - 20 * DAY)])
    assert ask_json(bench, "/today")["back"]["project"] == "softmax"
    open_day(page)
    page.get_by_role("link", name="Open it").click()
    page.get_by_role("button", name="Check", exact=False).first.wait_for()


@pytest.mark.slow
def test_a_torn_log_is_said_aloud(bench: Workbench, home: Path, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8)
    with (home / "journal.jsonl").open("ab") as log:
        log.write(b'{"half a li')
    open_day(page)
    said = page.get_by_role("alert").filter(has_text="1 line of the journal could not be read")
    said.wait_for()
    assert str(home) not in page.inner_text("main") and axe(page) == []
    page.get_by_role("button", name="I have read it").click()
    said.wait_for(state="detached")
    assert page.get_by_text("One gap to close").is_visible()
    open_day(page)
    page.get_by_text("One gap to close").wait_for()
    assert said.count() == 0, "it was read"


@pytest.mark.slow
def test_hostile_texts_stay_texts(bench: Workbench, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8)
    open_day(page)
    unfold(page, "Your plan")
    unfold(page, "A gap of your own")
    page.get_by_label("What you do not understand yet").fill(HOSTILE)
    page.get_by_role("button", name="Make it the gap").click()
    page.get_by_role("heading", name=HOSTILE[:20]).wait_for()
    unfold(page, "A book or course")
    page.get_by_label("What it is called").fill(HOSTILE)
    page.get_by_role("button", name="Add it to this week").click()
    page.get_by_label("Your own resources").get_by_text(HOSTILE).wait_for()
    assert page.locator("main img").count() == 0 and page.locator("main b", has_text="bold").count() == 0
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("Control+z")
    page.get_by_label("Your own resources").wait_for(state="detached")


@pytest.mark.slow
def test_not_today_a_word_for_what_has_no_check_and_the_way_back(
    bench: Workbench,
    page: Any,  # noqa: F811
    watch_of: dict[Any, Watch],  # noqa: F811
) -> None:
    watch_of[page].expected = ("422",)
    put(bench, page, goal="gpt", hours=8)
    open_day(page)
    told = ask_json(bench, "/today")
    first = page.locator("#gap").inner_text()
    page.get_by_role("button", name="Not today").click()
    page.locator("#gap").get_by_text(first, exact=True).wait_for(state="detached")
    page.get_by_text("waits until tomorrow").wait_for()
    second = page.locator("#gap").inner_text()
    page.get_by_role("button", name="Not today").click()
    page.locator("#gap").get_by_text(second, exact=True).wait_for(state="detached")
    assert page.locator("#gap").inner_text() != first, "both wait"
    for title in (second, first):
        page.locator(".toast").filter(has_text=f"“{title}” waits").get_by_role("button", name="Undo").click()
        page.locator("#gap").get_by_text(title, exact=True).wait_for()
    if not told["milestone"]["check"]:
        page.get_by_text("No check yet").wait_for()
        page.get_by_label("Where it can be looked at").fill("javascript:alert(1)")
        page.get_by_role("button", name="Link it").click()
        page.locator(".problem").wait_for()
        page.get_by_label("Where it can be looked at").fill("")
        page.get_by_role("button", name="Say that it is done").click()
        page.get_by_text(f"{told['milestone']['id']} is done: self-reported").wait_for()
        assert ask_json(bench, "/today")["milestone"]["id"] != told["milestone"]["id"]


@pytest.mark.slow
def test_what_no_check_closes_is_closed_by_a_word(bench: Workbench, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8)
    open_day(page)
    gap = ask_json(bench, "/today")["gap"]
    assert gap["done_command"] and axe(page) == []
    title = page.locator("#gap").inner_text()
    page.get_by_role("button", name="I know it now").click()
    page.locator("#gap").get_by_text(title, exact=True).wait_for(state="detached")
    assert gap["topic"] in ask_json(bench, "/today")["known"]
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.locator("#gap").get_by_text(title, exact=True).wait_for()
    assert ask_json(bench, "/today")["gap"] == gap


@pytest.mark.slow
def test_ticks_are_collected_and_can_be_ticked_again(bench: Workbench, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8, known=["cs"])
    open_day(page)
    unfold(page, "Your plan")
    unfold(page, "What you know already")
    skill = page.get_by_label("Computer science and first Python").first
    skill.uncheck()
    skill.check()
    skill.uncheck()
    page.get_by_label("Python", exact=True).first.check()
    assert "cs01" in ask_json(bench, "/today")["known"], "nothing is kept before it is asked for"
    page.get_by_role("button", name="Plan with these").click()
    page.get_by_text("The plan is changed").first.wait_for()
    assert page.get_by_role("button", name="Plan with these").is_visible(), "the fold stays open"
    known = ask_json(bench, "/today")["known"]
    assert "py01" in known and "cs01" not in known
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.get_by_text("Undone").first.wait_for()
    assert {id[:2] for id in ask_json(bench, "/today")["known"]} == {"cs"}
    open_day(page, "?step=known")
    skill = page.get_by_label("Computer science and first Python").first
    skill.uncheck()
    skill.check()
    assert skill.is_checked()


@pytest.mark.slow
def test_a_goal_that_was_typed_is_taken_and_none_is_taken_unseen(bench: Workbench, page: Any) -> None:  # noqa: F811
    open_day(page)
    page.get_by_role("combobox").press("Enter")
    page.get_by_text("Choose one first").wait_for()
    page.get_by_role("combobox").fill("gpt")
    page.get_by_role("button", name="Continue").click()
    has_focus(page.get_by_label("Hours a week"))


@pytest.mark.slow
def test_without_a_plan_the_first_page_has_its_doors_again(bench: Workbench, home: Path, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8)
    open_day(page)
    page.evaluate("localStorage.setItem('castalia.home', 'today')")
    page.goto("/app/")
    page.get_by_text("One gap to close").wait_for()
    forget(home)
    page.goto("/app/")
    page.get_by_role("combobox").wait_for()
    page.wait_for_function("localStorage.getItem('castalia.home') === null")
    page.goto("/app/")
    page.get_by_role("heading", name="Learn it, or use it").wait_for()


@pytest.mark.slow
def test_what_has_a_check_is_one_step_away(bench: Workbench, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="neural_net", hours=8, known=["cs", "py", "da"])
    step = ask_json(bench, "/today")["milestone"]
    assert step["check"], step
    open_day(page)
    page.get_by_role("link", name="Build it").click()
    page.get_by_role("button", name="Check", exact=False).first.wait_for()


@pytest.mark.slow
def test_another_tab_hears_of_it(bench: Workbench, page: Any) -> None:  # noqa: F811
    put(bench, page, goal="gpt", hours=8)
    open_day(page)
    other = page.context.new_page()
    open_day(other)
    unfold(other, "Your plan")
    unfold(other, "A gap of your own")
    other.get_by_label("What you do not understand yet").fill("I mix up axes")
    other.get_by_role("button", name="Make it the gap").click()
    page.get_by_role("heading", name="I mix up axes").wait_for(timeout=45_000)
    other.close()


@pytest.mark.slow
@pytest.mark.parametrize("page", [{"extra_http_headers": {"x-forwarded-for": "192.0.2.7"}}], indirect=True)
def test_nobody_elsewhere_is_shown_the_day(bench: Workbench, page: Any, watch_of: dict[Any, Watch]) -> None:  # noqa: F811
    watch_of[page].expected = ("403",)
    page.goto("/app/systems")
    settle(page)
    assert "Today" not in page.inner_text("nav[aria-label=Main]")
    page.goto("/app/today")
    page.get_by_text("Only on the machine itself").wait_for()


@pytest.mark.slow
def test_a_workbench_that_went_away_is_said(
    chromium: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    with Workbench(tmp_path, env={"CASTALIA_DATA": "", "CASTALIA_OFFLINE": "1"}) as own:
        context = chromium.new_context(base_url=own.root, reduced_motion="reduce")
        page = context.new_page()
        put(own, page, goal="gpt", hours=8)
        open_day(page)
        own.end()
        page.get_by_role("button", name="Not today").click()
        page.get_by_text("The workbench does not answer").first.wait_for()
        assert page.get_by_text("One gap to close").is_visible()
        context.close()
