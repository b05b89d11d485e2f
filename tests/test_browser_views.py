"""neural_net's views in a real Chromium: a training that is watched, a digit that is drawn, with keyboard and mouse."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browser_fixtures import ask_json, axe, bench, chromium, page, settle, watch_of  # noqa: F401
from web_process import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
EVERY_LOOK = {"light": {}, "dark": DARK, "phone": PHONE, "dark-phone": DARK | PHONE}
LOOKS = pytest.mark.parametrize(
    "page",
    [pytest.param(look, id=name) for name, look in EVERY_LOOK.items()],
    indirect=True,
)


def opened(page: Any, show: str) -> None:  # noqa: F811
    page.goto("/app/systems/neural_net?tab=views")
    settle(page)
    page.get_by_role("radio", name=show).check()
    title = {"learnt": "Accuracy", "drawing": "What it says", "playground": "What is decided where"}[show]
    page.locator("figure").filter(has_text=title).first.wait_for()
    settle(page)


def epoch(page: Any) -> int:  # noqa: F811
    found = re.match(r"Epoch (\d+)", page.locator(".caption").first.inner_text())
    assert found
    return int(found[1])


def until(page: Any, true: Any) -> None:  # noqa: F811
    for _ in range(200):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.locator(".caption").first.inner_text())


@pytest.mark.slow
@LOOKS
def test_every_view_is_clean(page: Any) -> None:  # noqa: F811
    for show in ("learnt", "drawing", "playground"):
        opened(page, show)
        assert axe(page) == [], show
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, show


@pytest.mark.slow
@LOOKS
def test_the_figure_is_seen_beside_the_controls(page: Any) -> None:  # noqa: F811
    height = page.viewport_size["height"]
    form, figure = page.get_by_role("form", name="Controls"), page.locator("figure").first
    for show in ("learnt", "drawing", "playground"):
        opened(page, show)
        page.evaluate("scrollTo(0, 0)")
        if page.viewport_size["width"] > 1000:  # at once
            assert figure.bounding_box()["y"] < height / 2, show
            continue
        figure.evaluate("(one) => scrollBy(0, one.getBoundingClientRect().top - innerHeight / 2 - 60)")
        controls, seen = form.bounding_box(), figure.bounding_box()
        assert 0 <= controls["y"] < height / 5 and controls["y"] + controls["height"] < seen["y"] + 5, show
        assert seen["y"] < height - 200, show


@pytest.mark.slow
def test_controls_belong_to_what_is_shown(page: Any) -> None:  # noqa: F811
    labels = {"learnt": "How many", "drawing": "Image", "playground": "Noise"}
    for show in labels:
        opened(page, show)
        for other, label in labels.items():
            field = page.locator("[data-field]").filter(has_text=label)
            assert field.count() == (other == show), f"{label} beside {show}"


@pytest.mark.slow
def test_a_training_is_watched_with_the_keyboard(page: Any) -> None:  # noqa: F811
    opened(page, "playground")
    until(page, lambda: epoch(page) == 60)  # from the start, in as many answers as it takes
    slider = page.get_by_role("slider", name="Epoch")
    slider.focus()
    page.keyboard.press("Home")
    until(page, lambda: epoch(page) == 0)
    ground = page.locator("figure svg image").first
    before = ground.get_attribute("href")
    page.keyboard.press("ArrowRight")
    until(page, lambda: epoch(page) == 1)
    assert ground.get_attribute("href") != before, "the boundary moves"
    page.keyboard.press("End")
    until(page, lambda: epoch(page) == 200)
    play = page.get_by_role("button", name=re.compile("^Play"))
    play.focus()
    page.keyboard.press("Enter")  # at the end it begins again
    until(page, lambda: 3 <= epoch(page) < 100)
    pause = page.get_by_role("button", name=re.compile("^Pause"))
    assert pause.evaluate("(one) => one === document.activeElement"), "the focus stays"
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    still = epoch(page)
    page.wait_for_timeout(400)
    assert epoch(page) == still


@pytest.mark.slow
def test_other_choices_are_another_training(page: Any) -> None:  # noqa: F811
    opened(page, "playground")
    page.get_by_label("Pattern").select_option("three spirals")
    page.get_by_text("class 3").first.wait_for()
    page.get_by_role("textbox", name="Hidden").fill("")
    page.get_by_role("textbox", name="Hidden").press("Enter")
    page.locator("figcaption", has_text="Activations").wait_for(state="detached")
    page.get_by_role("button", name="Show data").first.click()
    assert page.get_by_role("table").first.locator("tbody tr").count() == 200


def test_the_ground_follows_the_theme(page: Any) -> None:  # noqa: F811
    opened(page, "playground")
    until(page, lambda: epoch(page) == 60)
    ground = page.locator("figure svg image").first
    light = ground.get_attribute("href")
    page.get_by_role("button", name=re.compile("dark", re.I)).first.click()
    until(page, lambda: ground.get_attribute("href") != light)


def test_a_drawn_digit_goes_through_the_network(page: Any, bench: Workbench, watch_of: Any) -> None:  # noqa: F811
    opened(page, "drawing")
    caption = page.locator(".caption").first
    assert "the example" in caption.inner_text()
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.8, steps=12)
    page.mouse.up()
    until(page, lambda: "your drawing as 1" in caption.inner_text())
    pictures = page.locator("figure", has_text="Layer by layer").locator("img")
    assert pictures.count() == 1 + 2 + 1, "the drawing, a hidden layer and its ReLU, the scores"
    page.get_by_role("button", name="Clear").click()
    until(page, lambda: "the example" in caption.inner_text())
    canvas.focus()  # the same with the keyboard alone: the pen starts in the middle
    page.keyboard.press("Space")
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    until(page, lambda: "your drawing" in caption.inner_text())


@pytest.mark.slow
def test_a_program_asks_until_nothing_is_left(bench: Workbench) -> None:  # noqa: F811
    body = {"show": "playground", "epoch": 200, "pattern": "circles", "activation": "gelu", "hidden": [32, 32]}
    for _ in range(200):
        first = ask_json(bench, "/systems/neural_net/view", body)["figures"][0]
        if not first["data"]["more"]:
            break
    assert first["caption"].startswith("Epoch 200:")
