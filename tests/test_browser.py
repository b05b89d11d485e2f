"""The pages in a real Chromium, on the real server: what a person does, with mouse and with keyboard alone."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import pytest
from browser_fixtures import QUICK_LOOKS, address_of, ask_json, axe, bench, chromium, fit, page, settle, watch_of  # noqa: F401
from tiers import quick_first
from web_process import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
PAGES = (
    "",
    "systems",
    "systems/churn",
    "systems/churn?tab=batch",
    "systems/churn?tab=train",
    "systems/churn?tab=views",
    "systems/churn?tab=versions",
    "systems/churn?tab=lesson",
    "systems/churn?tab=build",
    "systems/churn?tab=source",
    "systems/neural_net",
    "systems/neural_net?tab=train",
    "systems/neural_net?tab=views",
    "runs",
    "models",
    "models/neural_net",
    "nowhere",
    "RUN",
)


@pytest.fixture(scope="module")
def trained(bench: Workbench) -> str:  # noqa: F811
    """One version of neural_net, made over HTTP; the id of its run."""
    job = fit(bench, "neural_net", params={"epochs": 8})
    assert job["result"]["version"] == 1
    return str(job["result"]["run_id"])


def open_page(page: Any, path: str, run: str = "") -> None:  # noqa: F811
    page.goto("/app/" + path.replace("RUN", f"runs/{run}"))
    settle(page)


def test_first_run_says_where_to_begin(page: Any, bench: Workbench) -> None:  # noqa: F811
    if ask_json(bench, "/runs")["total"]:
        pytest.skip("another test has made a run already: this one is about an empty home")
    open_page(page, "")
    page.get_by_role("heading", name="Learn: this softmax is wrong, fix it").wait_for()
    page.get_by_role("heading", name="Use: waiting for your first run").wait_for()
    page.get_by_role("link", name="Draw one").wait_for()
    assert axe(page) == []


EVERY_LOOK = [
    pytest.param(look, half, marks=() if (name, half) in QUICK_LOOKS else pytest.mark.slow, id=f"{name}-{half}")
    for name, look in (("light", {}), ("dark", DARK), ("phone", PHONE), ("dark-phone", DARK | PHONE))
    for half in (0, 1)
]


@pytest.mark.parametrize(("page", "half"), EVERY_LOOK, indirect=["page"])
def test_every_page_opens_clean(page: Any, half: int, trained: str) -> None:  # noqa: F811
    wrong = []
    for path in PAGES[half::2]:
        open_page(page, path, trained)
        page.wait_for_timeout(400)
        settle(page)
        wrong += [f"{path}: {finding}" for finding in axe(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{path}: {wide} px wider than the window")
        if page.title() == "Castalia" or not page.inner_text("h1"):
            wrong.append(f"{path}: no title of its own")
    assert wrong == []


def test_400_percent_reflows(chromium: Any, bench: Workbench, trained: str) -> None:  # noqa: F811
    """1280 pixels at 400 % are 320: nothing may need to be scrolled sideways."""
    context = chromium.new_context(base_url=bench.root, viewport={"width": 320, "height": 256})
    made = context.new_page()
    for path in ("systems/churn", "systems/neural_net", "RUN", "runs", "models"):
        open_page(made, path, trained)
        assert made.evaluate("document.documentElement.scrollWidth") <= 320, path
    context.close()


def test_draw_a_digit_and_get_an_answer(page: Any, trained: str) -> None:  # noqa: F811
    open_page(page, "systems/neural_net")
    page.get_by_role("button", name="Draw instead").click()
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    assert box

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.move(*at(0.5 + 0.2, 0.5))
    page.mouse.down()
    for step in range(33):  # a round zero
        turn = 2 * math.pi * step / 32
        page.mouse.move(*at(0.5 + 0.2 * math.cos(turn), 0.5 - 0.3 * math.sin(turn)))
    page.mouse.up()
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.get_by_role("region", name="Answer")
    answer.get_by_text("neural_net@1").wait_for()
    assert re.search(r"^0$", answer.locator(".headline .value").inner_text().strip(), re.MULTILINE), answer.inner_text()


def test_ask_churn_with_the_keyboard_alone(page: Any) -> None:  # noqa: F811
    open_page(page, "systems/churn")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("Skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    names = []
    for _ in range(120):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name || ''"))
        ring = page.evaluate(
            "(() => {const s = getComputedStyle(document.activeElement);"
            "return s.outlineStyle !== 'none' || s.boxShadow !== 'none' || document.activeElement.matches('input')})()"
        )
        assert ring, f"no focus to be seen on {names[-1]!r}"
        if names[-1] == "Ask" and page.evaluate("document.activeElement.tagName") == "BUTTON":
            break
    else:
        raise AssertionError(f"Ask cannot be reached with Tab: {names}")
    page.keyboard.press("Enter")
    answer = page.get_by_role("region", name="Answer")
    answer.get_by_text(re.compile(r"churn@(quick|\d+)")).wait_for(timeout=45_000)
    assert "%" in answer.inner_text()


def test_what_if_follows_a_slider(page: Any) -> None:  # noqa: F811
    open_page(page, "systems/churn")
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.get_by_role("region", name="Answer")
    answer.get_by_text(re.compile(r"churn@")).wait_for(timeout=45_000)
    before = answer.locator(".headline").inner_text()
    slider = page.get_by_role("slider", name=re.compile("tenure", re.IGNORECASE))
    slider.focus()
    slider.press("End")
    answer.get_by_text("against").first.wait_for()
    assert answer.locator(".headline").inner_text() != before


def test_wrong_input_is_said_beside_its_field(page: Any, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    watch_of[page].expected = ("422",)
    open_page(page, "systems/neural_net?tab=train")
    field = page.locator('[data-field="epochs"] input[type=number]')
    field.fill("-5")
    page.get_by_role("form", name=re.compile("^Train")).get_by_role("button", name=re.compile("^Train")).click()
    wrong = page.locator('[data-field="epochs"] .wrong')
    wrong.wait_for()
    assert "-5" in wrong.inner_text()
    assert field.get_attribute("aria-invalid") == "true"


def test_train_watch_reload_and_see_the_version(page: Any, bench: Workbench, trained: str) -> None:  # noqa: F811
    before = len(ask_json(bench, "/systems/neural_net")["versions"])
    open_page(page, "systems/neural_net?tab=train")
    quick = page.get_by_role("switch", name=re.compile("Quick"))
    if quick.is_checked():
        quick.uncheck(force=True)
    page.locator('[data-field="epochs"] input[type=number]').fill("40")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("progressbar").wait_for()
    page.locator(".uplot, canvas").first.wait_for()
    page.reload()
    settle(page)
    # After the reload the running fit is found again, or it has become a version meanwhile.
    page.get_by_text(re.compile(r"\d+ of \d+|a second|Running|Starting|Nothing is training")).first.wait_for()
    for _ in range(400):
        versions = ask_json(bench, "/systems/neural_net")["versions"]
        if len(versions) > before:
            break
        time.sleep(0.1)
    assert len(versions) == before + 1
    open_page(page, "systems/neural_net?tab=versions")
    page.get_by_text(f"neural_net@{before + 1}").first.wait_for()


@pytest.mark.slow
def test_cancel_ends_a_fit(page: Any, bench: Workbench) -> None:  # noqa: F811
    open_page(page, "systems/neural_net?tab=train")
    quick = page.get_by_role("switch", name=re.compile("Quick"))
    if quick.is_checked():
        quick.uncheck(force=True)
    page.locator('[data-field="epochs"] input[type=number]').fill("1000")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text(re.compile(r"^\d+ of 1,000")).wait_for(timeout=30_000)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Go on with it").wait_for(timeout=30_000)
    assert ask_json(bench, "/jobs")[0]["state"] == "cancelled"


def test_the_theme_turns_and_is_kept(page: Any) -> None:  # noqa: F811
    open_page(page, "systems")
    colour = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Dark theme").click()
    page.get_by_role("button", name="Light theme").wait_for()
    assert page.evaluate(colour) != light
    page.reload()
    settle(page)
    assert page.get_by_role("button", name="Light theme").is_visible()


def test_the_addresses_that_the_client_of_mlflow_prints_open_our_pages(
    page: Any,  # noqa: F811
    watch_of: dict[Any, Any],  # noqa: F811
) -> None:
    watch_of[page].expected = ("404",)  # there is no such run and no such model
    for printed, ours in (("experiments/1/runs/no-such-run", "runs/no-such-run"), ("experiments/0", "experiments?id=0"),
                          ("models/mine/versions/1", "models/mine?version=1")):  # fmt: skip
        page.goto("about:blank")
        page.goto(f"/#/{printed}")
        page.wait_for_url(re.compile(re.escape(f"/app/{ours}") + "$"))


def test_search_finds_a_system(page: Any) -> None:  # noqa: F811
    open_page(page, "runs")
    page.keyboard.press("Control+k")
    page.keyboard.type("churn")  # at once: what is typed before the box is there is not lost
    page.get_by_role("dialog").get_by_text("Customer churn").first.wait_for()
    assert page.get_by_role("dialog").get_by_role("combobox").input_value() == "churn"
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/systems/churn*")


def test_the_reference_page_is_clean(page: Any) -> None:  # noqa: F811
    page.goto("/docs")
    assert "HTTP interface" in page.inner_text("h1")
    assert axe(page) == []


def test_a_text_that_is_code_stays_text(page: Any, bench: Workbench, watch_of: dict[Any, Any]) -> None:  # noqa: F811
    """A name, a parameter or a file that holds markup is shown, never run."""
    watch_of[page].expected = ("404",)
    content = b"name,<img src=x onerror=alert(1)>\na,<script>alert(1)</script>\n"
    status, _, _ = bench.ask("/data?name=markup.csv", content, content_type="text/csv")
    assert status == 201
    page.on("dialog", lambda dialog: pytest.fail(f"it ran: {dialog.message}"))
    open_page(page, "systems/churn?tab=train")
    open_page(page, "systems/%3Cimg%20src=x%20onerror=alert(1)%3E")
    assert page.locator("main img").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", quick_first([DARK | PHONE, {}, DARK, PHONE], 1), ids=["dark-phone", "light", "dark", "phone"], indirect=True
)
def test_a_lesson_of_chapters_opens_clean(page: Any) -> None:  # noqa: F811
    """With our code unfolded; wide formulas, tables and figures scroll in boxes of their own."""
    for path in ("systems/neural_net?tab=lesson", "systems/neural_net?tab=lesson&page=2-activations"):
        open_page(page, path)
        page.locator("summary").last.click()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_lesson_of_chapters_is_read_with_the_keyboard(page: Any) -> None:  # noqa: F811
    """Contents, our code behind a fold, a figure that is drawn, and the next page."""
    open_page(page, "systems/neural_net?tab=lesson")
    contents = page.get_by_role("navigation", name="Contents of the lesson")
    contents.get_by_role("link", name="How we know that a derivative is right").press("Enter")
    assert page.evaluate("document.activeElement.id") == "how-we-know-that-a-derivative-is-right"
    page.get_by_role("link", name="Layers", exact=True).last.press("Enter")
    page.get_by_role("heading", name="1. Layers").wait_for()
    assert "page=1-layers" in address_of(page)
    assert not page.get_by_text("np.matmul(gradient").is_visible(), "one may want to write it first"
    page.locator("summary", has_text="Dense.backward").press("Enter")
    page.get_by_text("np.matmul(gradient").wait_for()
    page.get_by_role("link", name="Next Activations").press("Enter")
    page.get_by_role("heading", name="2. Activations").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "ARTICLE"
    image = page.locator(".drawing img")
    assert "ReLU" in image.get_attribute("alt") and image.evaluate("image => image.naturalWidth") == 670
    light = image.get_attribute("src")
    page.get_by_role("button", name=re.compile("dark", re.IGNORECASE)).click()
    page.locator(":root[data-theme=dark]").wait_for()
    assert image.get_attribute("src") != light, "a figure turns with the page"
    page.go_back()
    page.get_by_role("heading", name="1. Layers").wait_for()
