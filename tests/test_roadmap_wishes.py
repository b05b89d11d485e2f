"""In the shell: a target and a view that go again, a passion project and the loop, own books, corrections, verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from castalia.cli import main
from castalia.core.settings import Settings
from castalia.roadmap.content import content
from castalia.roadmap.learner import Notes

Asked = Callable[..., Any]
GPT = ("roadmap", "plan", "--goal", "gpt", "--hours", "8")


@pytest.fixture
def told(settings: Settings, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command: (exit code, standard output, standard error)."""

    def run(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(words)
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def asked(told: Callable[..., tuple[int, str, str]]) -> Asked:
    """The document that a command prints for --json."""

    def run(*words: str) -> Any:
        code, out, err = told(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


def test_a_target_and_a_view_can_be_taken_away_and_another_goal_says_so(asked: Asked, told: Any) -> None:
    target = str(date.today() + timedelta(weeks=200))
    asked(*GPT, "--target", target, "--view", "weeks24", "--keep")
    viewed = asked("roadmap", "plan")
    assert viewed["target"] == target
    assert asked("roadmap", "plan", "--target", "none")["target"] is None
    assert asked("roadmap", "plan")["target"] == target, "tried out only"
    assert asked("roadmap", "plan", "--view", "none", "--keep")["topics"] != viewed["topics"]
    assert asked("roadmap", "plan")["topics"] != viewed["topics"]

    assert asked(*GPT)["target"] == asked(*GPT, "--keep")["target"] == target, "the same goal again"
    assert asked("roadmap", "plan")["target"] == target
    code, _, err = told("roadmap", "plan", "--goal", "rl_agent")
    assert code == 0 and f"--target {target} keeps it" in err
    assert asked("roadmap", "plan", "--goal", "rl_agent", "--target", target)["target"] == target
    assert "keeps it" in told("roadmap", "plan", "--goal", "rl_agent", "--keep")[2]
    assert asked("roadmap", "plan")["target"] is None
    asked("roadmap", "plan", "--target", target, "--keep")
    asked("roadmap", "plan", "--target", "none", "--keep")
    assert asked("roadmap", "plan")["target"] is None


def test_a_passion_project_is_planned_and_when_it_is_done_the_next_round_begins(
    asked: Asked, told: Any, settings: Settings
) -> None:
    asked(*GPT, "--keep")
    made = asked("roadmap", "add", "A songbook", "--passion", "--hours", "20", "--topic", "py01,cs02")
    assert made["passion"] and made["topic"] == "py01,cs02" and made["loop"] == 1
    first = asked("roadmap", "plan")
    shares = [each for week in first["weeks"] for each in week["shares"] if each["kind"] == "passion"]
    assert {each["title"] for each in shares} == {"A songbook"} and sum(each["hours"] for each in shares) <= 20 + 1e-6
    assert "passion" in [each["kind"] for each in first["boxes"]] and first["loop"] == 1
    radio = ("roadmap", "add", "A radio", "--passion", "--hours", "9", "--topic", "py01")
    assert "instead of A songbook" in told(*radio)[1]
    assert "round 2 of the loop begins" in told("roadmap", "add", "A radio", "--done")[1]
    after = asked("roadmap", "plan")
    assert after["loop"] == 2 and not [each for each in after["boxes"] if each["kind"] == "passion"]
    assert "Round 2 of the loop" in told("roadmap", "plan")[1]
    asked(*radio)
    assert asked("roadmap", "add", "A radio", "--remove")["loop"] == 2, "what was given up is no round"
    kept = Notes(settings.home).profile(content()).settled
    assert kept.passion is None and kept.loop == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("A", "--passion", "--hours", "5"), "--topic dl03,nl01"),
        (("A", "--passion", "--hours", "0", "--topic", "py01"), "--hours"),
        (("A", "--hours", "5", "--topic", "py01,cs01"), "one topic"),
        (("A", "--passion", "--hours", "5", "--topic", "py99"), "py"),
        (("A", "--done"), "castalia roadmap add NAME"),
        (("A", "--remove"), "nothing of yours"),
    ],
)
def test_what_cannot_be_put_in_is_refused_and_keeps_nothing(
    words: tuple[str, ...], said: str, told: Any, settings: Settings
) -> None:
    code, _, err = told("roadmap", "add", *words)
    assert code == 2 and said in err
    assert not (settings.home / "journal.jsonl").exists()


def test_an_own_book_is_over_when_it_is_done(asked: Asked, told: Any) -> None:
    asked(*GPT, "--keep")
    asked("roadmap", "add", "A book", "--hours", "30", "--topic", "ma01")
    assert "A book" in str(asked("roadmap", "plan")["weeks"][0])
    assert "Did you mean 'A book'" in told("roadmap", "add", "A bok", "--done")[2]
    assert asked("roadmap", "add", "A book", "--done") | {"day": ""} == {
        "title": "A book", "hours": 30.0, "day": "", "topic": "ma01", "url": "", "removed": True, "passion": False,
        "loop": 1,
    }  # fmt: skip
    assert "A book" not in str(asked("roadmap", "plan")["weeks"])


def test_what_was_put_right_is_shown_beside_its_source(asked: Asked, told: Any) -> None:
    found = asked("roadmap", "sources")
    shown = [one["id"] for each in found for one in each["corrections"]]
    assert sorted(shown) == sorted(content().corrections) and len(shown) >= 5
    out = told("roadmap", "sources")[1]
    assert all(one.now in out and one.was in out and one.why in out for one in content().corrections.values())


def test_a_target_within_days_and_a_goal_that_is_reached_are_said_plainly(asked: Asked, told: Any) -> None:
    near = asked(*GPT, "--start", "2026-11-23", "--target", "2026-11-24")
    assert "hours are left and 1 day;" in near["verdict"] and "a week" not in near["verdict"].split(";")[0]
    assert "in 1 week are" in asked(*GPT, "--start", "2026-11-23", "--target", "2026-11-30")["verdict"]
    reached = asked(*GPT, "--known", *content().skills)
    assert reached["topics"] == [] and reached["basis"] == [] and reached["verdict"].startswith("Nothing is left")


def test_a_goal_that_is_cut_back_says_how_little_is_left(asked: Asked) -> None:
    found = asked(*GPT, "--start", "2026-11-23", "--target", "2027-02-22")
    cut = found["exits"][2]
    assert f"({30 - len(cut['cut'])} of 30 topics)" in cut["words"] and cut["words"].count(",") <= 6
