"""Learning in the shell, as a learner meets it: a first plan from nothing, a day, reviews, the journal, forgetting."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from castalia.check import contracts
from castalia.cli import main
from castalia.core.evidence import Event, Evidence
from castalia.core.settings import Settings
from castalia.roadmap.asked import event as asked_event
from castalia.roadmap.bank import shelf
from castalia.roadmap.content import content
from castalia.roadmap.history import monday_of

DAY = 86_400_000
Said = tuple[int, str, str]
Shell = Callable[..., Said]


@pytest.fixture
def shell(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    """Runs a command line in this process, in an empty folder: (exit code, standard output, standard error)."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run(*words: str) -> Said:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def asked(shell: Shell) -> Callable[..., Any]:
    """The document that a command prints for --json."""

    def run(*words: str) -> Any:
        code, out, err = shell(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


def now() -> int:
    return time.time_ns() // 1_000_000


def said_last(settings: Settings, name: str) -> Any:
    """What the plan's lines of the journal said last about something."""
    lines = [json.loads(line) for line in (settings.home / "journal.jsonl").read_text("utf-8").splitlines()]
    return [each["said"][name] for each in lines if each["kind"] == "plan" and name in each["said"]][-1]


def passed(home: Path, project: str, milestone: str, days: int) -> None:
    Evidence(home).add([Event("check", project, milestone=milestone, outcome="pass", time=now() - days * DAY)])


# --- content --------------------------------------------------------------------------------------


def test_all_27_projects_are_listed_with_what_has_no_check(shell: Shell, asked: Callable[..., Any]) -> None:
    found = asked("roadmap")
    assert len(found) == 27 and [each["number"] for each in found] == sorted(each["number"] for each in found)
    every = [milestone for each in found for milestone in each["milestones"]]
    assert {each["says"] for each in every if not each["check"]} == {"no check yet"}
    assert {each["says"] for each in every if each["check"]} == {""}
    out = shell("roadmap")[1]
    assert out.count("no check yet") == sum(not each["check"] for each in every) > 50
    assert all(f"{each['number']} {each['id']} " in out for each in found)
    assert [each["id"] for each in asked("roadmap", "--skill", "ma")] == ["neural_net", "optimizers", "distributions"]


def test_lint_finds_nothing_wrong(shell: Shell, asked: Callable[..., Any]) -> None:
    code, out, _ = shell("roadmap", "lint")
    assert code == 0 and out.startswith("Nothing wrong: 115 topics")
    found = asked("roadmap", "lint")
    assert found["ok"] and found["findings"] == [] and "ge02" in found["links_only"]


def test_the_five_views_and_their_sources_are_shown(shell: Shell, asked: Callable[..., Any]) -> None:
    views, sources = asked("roadmap", "views"), asked("roadmap", "sources")
    assert len(views) == len(sources) == 5 and all(each["changed"] for each in sources)
    for each in views:
        blocks = asked("roadmap", "views", each["id"])
        out = shell("roadmap", "views", each["id"])[1]
        assert len(blocks) == each["blocks"] and all(block["title"] in out for block in blocks)
        assert all(words in out for block in blocks for words in block["steps"])


def test_a_topic_says_what_checks_it(shell: Shell, asked: Callable[..., Any]) -> None:
    found = asked("roadmap", "topic", "dl03")
    assert found["state"] == "unknown" and found["says"] == "" and "neural_net" in found["checked_by"]
    assert found["requires"] == ["ma02", "dl02"] and all(each["kind"] for each in found["links"])
    assert asked("roadmap", "topic", "ge02")["says"] == "links only"
    assert "links only" in shell("roadmap", "topic", "ge02")[1]


# --- the plan -------------------------------------------------------------------------------------


def test_a_plan_for_outside_checks(asked: Callable[..., Any]) -> None:
    words = ("roadmap", "plan", "--goal", "research_scientist", "--hours", "20", "--start", "2026-11-23")
    free = asked(*words)
    assert len(free["topics"]) == 40 and 813 < free["hours_needed"]["total"] < 814 and free["exits"] == []
    until = (*words, "--target", "2027-05-24", "--known")
    found = asked(*until, "cs,sq,to,py")
    assert round(found["hours_needed"]["before"]) == 29 and round(found["hours_needed"]["with_buffer"]) == 36
    assert not found["feasible"] and [each["kind"] for each in found["exits"]] == ["hours", "later", "cut"]
    assert date.fromisoformat(found["finish_p50"]) < date.fromisoformat(found["finish_p90"])
    assert not [id for id in found["topics"] if id[:2] in ("cs", "sq", "to", "py")]
    assert asked(*until, "cs", "sq", "to", "py") == found
    assert asked(*until, "cs", "--known", "sq", "--known", "to,py") == found
    planned = [each["id"] for week in found["weeks"] for each in week["shares"] if each["kind"] == "topic"]
    assert list(dict.fromkeys(planned)) == found["topics"]
    graph = content().graph
    for place, id in enumerate(found["topics"]):
        assert not set(graph.topics[id].requires) & set(found["topics"][place:])


def test_a_plan_may_follow_the_order_of_a_roadmap(asked: Callable[..., Any]) -> None:
    weeks = content().roadmaps["weeks24"].by_week
    words = ("roadmap", "plan", "--goal", "everything", "--hours", "20")
    plain, viewed = asked(*words)["topics"], asked(*words, "--view", "weeks24")["topics"]
    assert set(plain) == set(viewed)

    def late(order: list[str]) -> int:
        """Pairs of the roadmap's topics that stand the other way round."""
        mine = [weeks[id] for id in order if id in weeks]
        return sum(a > b for place, b in enumerate(mine) for a in mine[:place])

    assert late(viewed) < late(plain) / 2
    graph = content().graph
    assert all(not set(graph.topics[id].requires) & set(viewed[place:]) for place, id in enumerate(viewed))


def test_what_is_tried_out_is_not_kept_and_what_is_kept_says_what_moved(
    shell: Shell, asked: Callable[..., Any], settings: Settings
) -> None:
    asked("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--target", "2031-01-01")
    assert not (settings.home / "journal.jsonl").exists()
    first = asked("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--keep")
    assert asked("roadmap", "plan")["topics"] == first["topics"]
    slower = asked("roadmap", "plan", "--hours", "4", "--keep")
    assert "finish +" in slower["moved"] and re.search(r"moved \d+ topics", slower["moved"])
    assert asked("roadmap", "plan")["hours"] == 4.0
    assert asked("roadmap", "plan")["moved"] == "finish unchanged"
    fewer = asked("roadmap", "plan", "--known", "cs,ma", "--keep")
    assert "finished or dropped" in fewer["moved"] and len(fewer["topics"]) < len(first["topics"])
    assert "cs01" in asked("roadmap", "plan", "--unknown", "cs01", "--keep")["topics"]
    start = said_last(settings, "start")
    asked("roadmap", "plan", "--hours", "5", "--keep")
    assert start == said_last(settings, "start") == date.today().isoformat()  # past weeks go on counting
    asked("roadmap", "add", "A book", "--hours", "3", "--topic", "ma01")
    shares = asked("roadmap", "plan")["weeks"][0]["shares"]
    assert ("own", "A book", 3.0) in [(each["kind"], each["id"], each["hours"]) for each in shares]


def test_a_target_that_is_over_plans_nothing_any_more(asked: Callable[..., Any], settings: Settings) -> None:
    said = {"goal": "gpt", "hours": 8.0, "start": "2020-01-06", "target": "2020-06-01"}
    Evidence(settings.home, "journal").add([Event("plan", more={"said": said})])
    found = asked("roadmap", "plan")
    assert found["target"] is None and found["start"] == monday_of(date.today()).isoformat() and found["feasible"]


def test_a_first_plan_from_flags_then_the_day(shell: Shell, asked: Callable[..., Any], settings: Settings) -> None:
    worry = "That I forget it all"
    code, out, err = shell("roadmap", "start", "--goal", "gpt", "--hours", "8", "--known", "cs", "--worries", worry)
    assert code == 0, err
    assert "This is your plan." in out and "Half of 100 such learners" in out and "castalia today" in out
    found = asked("today")
    assert found["goal"] == {"id": "gpt", "title": "A GPT from scratch", "chosen": True}
    assert found["gap"]["topic"] in asked("roadmap", "plan")["topics"] and found["milestone"]["minutes"] > 0
    assert found["minutes"] == 95 and "Stop after 95 minutes" in found["stop"]
    assert found["next_time"].startswith("Next time start at ")
    assert asked("roadmap", "gap")["topic"] == found["gap"]["topic"]
    kept = (settings.home / "journal.jsonl").read_text("utf-8")
    assert worry in kept
    assert (
        not (settings.home / "evidence.jsonl").exists() or worry not in (settings.home / "evidence.jsonl").read_text()
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_intake_asks_on_a_terminal_and_asks_again(shell: Shell, settings: Settings, tmp_path: Path) -> None:
    import pty
    import select

    answers = ["gtp", "gpt", "many", "8", "", "cs", "I can code", "", "the maths", "what?", "s", "?"]
    command = [sys.executable, "-m", "castalia", "roadmap", "start", "--plain"]
    terminal, theirs = pty.openpty()
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    told, seen = b"", 0
    while select.select([terminal], [], [], 50)[0]:
        try:
            some = os.read(terminal, 65_536)
        except OSError:
            break
        if not some:
            break
        told += some
        if told.endswith(b": ") and len(told) > seen:
            os.write(terminal, (answers.pop(0) if answers else "q").encode() + b"\n")
            seen = len(told)
    os.close(terminal)
    assert child.wait(50) == 0, told
    assert b"Did you mean 'gpt'?" in told and b"This is your plan." in told and not answers
    assert b"Answer with the letter" in told or b"Type it like 0.25" in told  # to "what?"
    lines = [json.loads(line) for line in (settings.home / "journal.jsonl").read_text("utf-8").splitlines()]
    said = {each["kind"]: each["said"] for each in lines}
    assert said["plan"]["goal"] == "gpt" and said["plan"]["hours"] == 8 and said["plan"]["target"] is None
    assert said["about"] == {"beginning": "I can code", "worries": "the maths"} and "cs03" in said["known"]["topics"]
    (kept,) = Evidence(settings.home).events()
    assert (kept.kind, kept.outcome, kept.more["diagnostic"]) == ("question", "fail", True)
    question = shelf.make(kept.more["question"], kept.seed)
    assert question.text.encode() in told and question.solution.encode() in told
    assert question.topic == kept.more["topic"] not in said["known"]["topics"]


def test_what_cannot_be_kept_is_not_said_to_be_kept(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home that cannot be made: whoever asks to keep something hears it, whoever only looks is answered."""
    shell("roadmap", "start", "--goal", "gpt", "--hours", "8")
    if not Path("/proc/self").exists():
        pytest.skip("needs a folder in which nothing can be made")
    monkeypatch.setenv("CASTALIA_HOME", "/proc/none")
    for words in (
        ("roadmap", "start", "--goal", "gpt", "--hours", "8"),
        ("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--keep"),
        ("roadmap", "add", "A book", "--hours", "3"), ("roadmap", "progress", "--item", "A talk"),
        ("roadmap", "journal", "--goal", "Softmax"), ("roadmap", "gap", "--own", "x"), ("roadmap", "gap", "--done"),
    ):  # fmt: skip
        code, out, err = shell(*words)
        assert (code, out) == (1, ""), words
        assert "journal.jsonl" in err and "CASTALIA_HOME" in err and "Traceback" not in err
    assert shell("today")[0] == shell("roadmap", "gap")[0] == 0


# --- the day --------------------------------------------------------------------------------------


def test_the_bug_of_the_day_is_the_days_and_keeps_its_answer(asked: Callable[..., Any]) -> None:
    days = [f"2026-12-{day:02d}" for day in range(1, 15)]
    found = [asked("today", "--on", day)["bug"] for day in days]
    assert found == [asked("today", "--on", day)["bug"] for day in days]
    assert len({each["id"] for each in found}) > 7
    assert all(each["claim"] is None and each["words"] is None for each in found)
    told = asked("today", "--on", days[0], "--answer")["bug"]
    assert told["claim"] in [one.id for m in contracts.find(told["contract"]).milestones for one in m.claims]


def test_after_a_week_away_it_asks_for_fifteen_minutes_and_counts_nothing_up(
    shell: Shell, asked: Callable[..., Any], settings: Settings
) -> None:
    passed(settings.home, "softmax", "M1", 60)
    passed(settings.home, "basics", "M1", 40)
    back = asked("today")
    assert back["back"]["minutes"] == back["minutes"] == 15 and back["reviews"] == []
    assert back["stop"] == "Stop after 15 minutes, done or not."
    out = shell("today")[1]
    assert "Take 15 minutes" in out and "overdue" not in out and "Gap" not in out
    passed(settings.home, "basics", "M2", 1)
    assert asked("today")["back"] is None


def test_whoever_was_away_is_offered_no_reviews_even_where_some_are_due(
    asked: Callable[..., Any], settings: Settings
) -> None:
    passed(settings.home, "softmax", "M1", 12)
    assert asked("roadmap", "review") and asked("today")["back"] and asked("today")["reviews"] == []


def test_at_most_three_reviews_and_one_rebuild_when_it_was_long_ago(
    asked: Callable[..., Any], settings: Settings
) -> None:
    for number in range(1, 5):
        passed(settings.home, "basics", f"M{number}", 14)
    passed(settings.home, "softmax", "M1", 14)
    passed(settings.home, "neural_net", "M1", 0)
    found = asked("today")["reviews"]
    assert 1 <= len(found) <= 3 and asked("roadmap", "review") == found
    assert {each["form"] for each in found} <= {"rebuild", "bug", "number", "choice"}
    runs = [each["form"] in ("rebuild", "bug") for each in found]
    assert any(runs) and runs == sorted(runs, reverse=True)
    passed(settings.home, "utilities", "M7", 120)
    late = asked("today")["reviews"]
    assert len(late) == 1 and late[0]["form"] == "rebuild"


def test_a_review_is_begun_checked_and_kept(shell: Shell, asked: Callable[..., Any], settings: Settings) -> None:
    code, _, err = shell("roadmap", "review", "softmax/M1")
    assert code == 2 and "castalia check softmax --milestone M1" in err
    passed(settings.home, "softmax", "M1", 20)
    begun = asked("roadmap", "review", "softmax/M1")
    file = Path(begun["file"])
    assert begun["written"] and "NotImplementedError" in file.read_text("utf-8")
    code, out, _ = shell("roadmap", "review", "softmax/M1", "--json")
    assert code == 1 and json.loads(out)["outcome"] == "not_attempted"
    assert len(Evidence(settings.home).events()) == 1  # nothing was tried, so nothing is said
    shutil.copy(contracts.reference("softmax"), file)
    assert asked("roadmap", "review", "softmax/M1")["kept"]
    kept = Evidence(settings.home).events()[-1]
    assert (kept.kind, kept.milestone, kept.outcome, kept.more["form"]) == ("review", "M1", "pass", "rebuild")
    skills = asked("roadmap", "progress")["skills"]
    assert sum(each["states"]["retained"] for each in skills) == 1  # passed at once, and again after 20 days


def test_a_planted_bug_is_found_by_its_claim(shell: Shell, asked: Callable[..., Any], settings: Settings) -> None:
    passed(settings.home, "softmax", "M1", 20)
    asked("roadmap", "review", "softmax/no_maximum")
    code, out, _ = shell("roadmap", "review", "softmax/no_maximum")
    assert code == 1 and out.startswith("Not yet:")
    kept = Evidence(settings.home).events()[-1]
    assert (kept.kind, kept.claim, kept.outcome, kept.more["form"]) == ("review", "large_numbers", "fail", "bug")


def test_a_topic_that_only_a_question_showed_is_asked_about_again(
    shell: Shell, asked: Callable[..., Any], settings: Settings
) -> None:
    question = shelf.make("ma05/at_least_one_six", 3)
    event = replace(asked_event(question, passed=True, diagnostic=True), time=now() - 30 * DAY)
    Evidence(settings.home).add([event])
    assert asked("roadmap", "topic", "ma05")["state"] == "learning"
    (found,) = asked("roadmap", "review")
    assert (found["id"], found["minutes"]) == ("ma05", 2) and found["title"] == "answer one question about probability"
    assert found["command"] == "castalia roadmap review ma05"
    shown = asked("roadmap", "review", "ma05")
    again = shelf.ask("ma05", date.today().toordinal())
    assert again and shown["text"] == again.text and shown["form"] == again.form == found["form"]
    assert str(again.answer) not in json.dumps(shown)
    for words in (("--answer", "zz"), ("--at", "x.py"), ("--answer", "1/0")):
        assert shell("roadmap", "review", "ma05", *words)[0] == 2
    told = asked("roadmap", "review", "ma05", "--answer", repr(again.answer))
    assert told == {"id": "ma05", "outcome": "pass", "says": again.why, "kept": True}
    kept = Evidence(settings.home).events()[-1]
    assert (kept.kind, kept.outcome, kept.more["question"], kept.seed) == ("question", "pass", again.id, again.seed)
    code, _, err = shell("roadmap", "review", "ma05", "--answer", "1")
    assert code == 1 and "another one tomorrow" in err
    assert asked("roadmap", "review") == []
    passed(settings.home, "softmax", "M1", 0)
    assert shell("roadmap", "review", "softmax/M1", "--answer", "1")[0] == 2
    code, out, _ = shell("roadmap", "review", "ma06", "--answer", "?")
    assert code == 1 and out.startswith("Not right. ")


# --- journal and progress -------------------------------------------------------------------------


def test_the_journal_is_prefilled_and_a_page_is_written_for_a_partner(
    shell: Shell, asked: Callable[..., Any], settings: Settings
) -> None:
    shell("roadmap", "start", "--goal", "gpt", "--hours", "8", "--worries", "private words")
    passed(settings.home, "softmax", "M1", 0)
    page = asked("roadmap", "journal", "--surprised", "exp has an end", "--hours", "5.5", "--hurt", "ma10")
    assert page["goal"].startswith("Build M1 of ") and page["plan"]
    assert (
        "passed softmax/M1 for the first time" in page["results"] and "5.5 hours, as I counted them" in page["results"]
    )
    assert page["said"]["surprised"] == "exp has an end" and page["said"]["topics"] == ["ma10"]
    assert asked("roadmap", "journal", "--goal", "Softmax by Sunday")["said"]["surprised"] == "exp has an end"
    file = Path(asked("roadmap", "journal", "send")["file"])
    text = file.read_text("utf-8")
    assert file.name == f"journal-{page['week']}.md" and "Softmax by Sunday" in text and "exp has an end" in text
    assert "private words" not in text
    assert shell("roadmap", "journal", "send")[0] == 0  # its own page is written anew
    file.write_text("mine", "utf-8")
    code, _, err = shell("roadmap", "journal", "send")
    assert code == 1 and "--to FILE" in err and file.read_text("utf-8") == "mine"


def test_ticks_without_a_check_are_linked_or_self_reported(shell: Shell, asked: Callable[..., Any]) -> None:
    def tick(id: str) -> str:
        every = [one for each in asked("roadmap") for one in each["milestones"]]
        return str(next(each["tick"] for each in every if each["id"] == id))

    assert shell("roadmap", "progress", "--done", "churn/m1")[0] == 0 and tick("churn/M1") == "self-reported"
    shell("roadmap", "progress", "--done", "churn/M1", "--link", "https://example.org/churn")
    assert tick("churn/M1") == "linked"
    shell("roadmap", "progress", "--undo", "churn/M1")
    assert tick("churn/M1") == ""
    shell("roadmap", "progress", "--item", "A talk")
    assert asked("roadmap", "progress", "--done", "A talk")["own"] == [
        {"title": "A talk", "done": True, "tick": "self-reported", "url": ""}
    ]
    out = shell("roadmap", "progress", "--undo", "A talk")[1]
    assert "A talk" not in out and out.count("[ ]") == 16


def test_a_gap_of_ones_own_can_be_chosen(asked: Callable[..., Any]) -> None:
    asked("roadmap", "start", "--goal", "gpt", "--hours", "8")
    first = asked("roadmap", "gap")
    mine = asked("roadmap", "gap", "--own", "I mix up axes", "--choose")
    assert mine["topic"] == "own:I mix up axes" and asked("today")["gap"]["title"] == "I mix up axes"
    assert asked("roadmap", "gap", "--drop", "I mix up axes")["topic"] == first["topic"]


def test_a_gap_without_a_check_is_closed_by_ones_word(shell: Shell, asked: Callable[..., Any]) -> None:
    asked("roadmap", "start", "--goal", "gpt", "--hours", "8", "--no-questions")
    first = asked("today")["gap"]
    assert first["topic"] == "cs01" and first["done_command"] == "castalia roadmap gap --done"
    assert "castalia roadmap gap --done" in shell("today")[1]
    code, out, err = shell("roadmap", "gap", "--done")
    assert code == 0 and out.startswith("numbers in binary is closed, by your word."), err
    second = asked("roadmap", "gap")
    assert second["topic"] != "cs01" and "cs01" not in asked("roadmap", "plan")["topics"]
    assert asked("roadmap", "topic", "cs01")["state"] == "learning", "a word is no check"
    seen = [second["topic"]]
    while asked("roadmap", "gap")["done_command"]:
        found = asked("roadmap", "gap", "--done")["topic"]
        assert found not in seen, "what was closed comes back"
        seen.append(found)
    assert seen[-1] in content().checked and shell("today")[1].count("gap --done") == 0
    code, _, err = shell("roadmap", "gap", "--done")
    assert code == 2 and "castalia check " in err and f"--known {seen[-1]} --keep" in err
    assert asked("roadmap", "gap")["topic"] == seen[-1]


def test_a_gap_of_ones_own_ends_when_one_says_so(shell: Shell, asked: Callable[..., Any], settings: Settings) -> None:
    asked("roadmap", "start", "--goal", "gpt", "--hours", "8", "--known", "cs")
    before = asked("roadmap", "gap")["topic"]
    asked("roadmap", "gap", "--own", "typing", "--choose")
    assert "Done with it?  castalia roadmap gap --done" in shell("roadmap", "gap")[1]
    assert asked("roadmap", "gap", "--done")["topic"] == before
    code, _, err = shell("roadmap", "gap", "--own", "I mix up heads", "--topic", "nl05", "--choose")
    assert code == 2 and "attention (nl04)" in err and "Take nl04 first" in err
    assert asked("roadmap", "gap")["topic"] == before
    code, _, err = shell("roadmap", "gap", "--own", "binary once more", "--topic", "cs01", "--choose")
    assert code == 2 and "plan --unknown cs01 --keep" in err
    beside = asked("roadmap", "gap", "--own", "rewards", "--topic", "ad05", "--choose")
    assert (beside["topic"], beside["title"]) == ("ad05", "rewards"), "it need not be part of the goal"
    assert asked("roadmap", "gap", "--done")["topic"] == before


def test_a_milestone_without_a_check_says_what_it_is_before_how_to_tick_it(
    shell: Shell, asked: Callable[..., Any], settings: Settings
) -> None:
    asked("roadmap", "start", "--goal", "gpt", "--hours", "8", "--known", "cs,ma,sq,da,py")
    passed(settings.home, "softmax", "M1", 0)
    asked("roadmap", "gap", "--own", "notes", "--choose")
    assert asked("today")["milestone"]["check"], "what is checked comes first where both would do"
    for name in ("basics", "neural_net", "track", "utilities"):
        for number in range(1, 9):
            passed(settings.home, name, f"M{number}", 0)
    asked("roadmap", "plan", "--goal", "churn", "--hours", "8", "--keep")
    step = asked("today")["milestone"]
    assert step["says"] == "no check yet" and step["words"]
    out = shell("today")[1]
    assert out.index(step["words"]) < out.index(f"When it is done:  castalia roadmap progress --done {step['id']}")


def test_a_tip_says_where_to_see_it(asked: Callable[..., Any]) -> None:
    found = [asked("today", "--on", f"2026-12-{day:02d}") for day in range(1, 11)]
    urls = {each["tip"]: each["tip_url"] for each in found}
    shipped = {each.words: content().url_of(each) for each in content().tips.values()}
    assert urls == {words: shipped[words] for words in urls}
    assert [each for each in content().tips.values() if content().url_of(each).startswith("http")]


def test_links_that_cost_nothing_come_first() -> None:
    roadmap = content()
    for topic in roadmap.topics:
        links = roadmap.links(topic.id)
        for some in ([each for each in links if topic.id in each.topics], [each for each in links if not each.topics]):
            free = [each.cost == "free" for each in some]
            assert free == sorted(free, reverse=True), topic.id


def test_predictions_are_those_of_what_was_said_to_be_known(asked: Callable[..., Any], settings: Settings) -> None:
    """Somebody who says that it is known is expected to pass: the months say so."""
    passed(settings.home, "softmax", "M1", 0)
    without = asked("roadmap", "progress")["calibration"]
    asked("roadmap", "start", "--goal", "gpt", "--hours", "8", "--known", "ma,dl")
    said = asked("roadmap", "progress")["calibration"]
    assert "18% were predicted" in without[0] and "77% were predicted" in said[0]


# --- merging and forgetting -----------------------------------------------------------------------


def test_another_machine_is_merged_once(shell: Shell, asked: Callable[..., Any], tmp_path: Path) -> None:
    other = tmp_path / "other"
    passed(other, "softmax", "M1", 3)
    Evidence(other, "journal").add([Event("plan", more={"said": {"goal": "gpt", "hours": 5.0}})])
    assert asked("roadmap", "merge", str(other)) == {"evidence": 1, "journal": 1}
    assert asked("roadmap", "merge", str(other)) == {"evidence": 0, "journal": 0}
    assert asked("today")["goal"]["id"] == "gpt"


def test_forget_asks_says_what_and_removes_it(shell: Shell, asked: Callable[..., Any], settings: Settings) -> None:
    shell("roadmap", "start", "--goal", "gpt", "--hours", "8")
    code, out, err = shell("forget")
    assert code == 2 and out == "" and "castalia forget --yes" in err
    assert (settings.home / "journal.jsonl").is_file()
    code, out, _ = shell("forget", "--yes")
    assert code == 0 and f"removed  {settings.home / 'journal.jsonl'}" in out
    assert not (settings.home / "journal.jsonl").exists()
    assert asked("forget", "--yes") == {"forgotten": []}


def test_what_was_handed_out_wrong_is_nobodys_failure(
    shell: Shell, asked: Callable[..., Any], settings: Settings
) -> None:
    assert shell("learn")[0] == 0
    assert "failed" not in asked("roadmap", "gap")["why"]
    shutil.copy(contracts.reference("softmax"), "softmax.py")
    assert shell("check", "softmax")[0] == 0
    found = asked("roadmap", "progress")
    assert sum(each["states"]["learning"] for each in found["skills"]) >= 1
    assert found["calibration"][0].startswith(f"{date.today():%Y-%m}: of 1 first submit 100% passed")


def test_the_greeting_goes_along_with_the_learner(shell: Shell, settings: Settings) -> None:
    assert shell()[1].startswith("castalia learn")
    Evidence(settings.home).add([Event("check", "softmax", "M1", outcome="fail")])
    assert shell()[1].startswith("castalia learn")
    passed(settings.home, "softmax", "M1", 0)
    assert shell()[1].startswith("castalia roadmap start")
    shell("roadmap", "start", "--goal", "gpt", "--hours", "8")
    out = shell()[1]
    assert out.startswith("castalia today") and len(out.splitlines()) <= 5


# --- wrong usage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("roadmap", "plann"), "Did you mean 'plan'?"),
        (("roadmap", "plan"), "castalia roadmap start"),
        (("roadmap", "plan", "--goal", "gpt"), "castalia roadmap plan --goal gpt --hours 8"),
        (("roadmap", "plan", "--goal", "gtp", "--hours", "8"), "Did you mean 'gpt'?"),
        (("roadmap", "plan", "--goal", "gpt", "--hours", "200"), "0.5 to 100"),
        (("roadmap", "plan", "--goal", "gpt", "--hours", "nan"), "0.5 to 100"),
        (("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--known", "cs99"), "One of: ad, cs, cv"),
        (("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--start", "soon"), "year-month-day"),
        (("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--target", "2001-01-01"), "target date"),
        (("roadmap", "start"), "--goal and --hours"),
        (("roadmap", "start", "--goal", "gpt", "--hours", "-1"), "0.5 to 100"),
        (("roadmap", "--skill", "xy"), "no skill 'xy'"),
        (("roadmap", "review", "softmax"), "no review 'softmax'"),
        (("roadmap", "add", "A book"), "--hours does not fit"),
        (("roadmap", "gap", "--topic", "da01"), "--own with it"),
        (("roadmap", "gap", "--drop", "this"), "no gap of yours"),
        (("roadmap", "gap", "--own", "this", "--hours", "0"), "more than 0"),
        (("roadmap", "gap", "--done", "--own", "this"), "castalia roadmap gap --done"),
        (("roadmap", "plan", "--goal", "gpt", "--hours", "0"), "0.5 to 100"),
        (("roadmap", "start", "--goal", "gpt", "--hours", "0"), "0.5 to 100"),
        (("roadmap", "topic", "nope"), "got:      'nope'"),
        (("roadmap", "journal", "--hurt", "dl33"), "Did you mean 'dl0"),
        (("roadmap", "journal", "--hours", "200"), "0 to 168"),
        (("roadmap", "progress", "--done", "churn/M99"), "Did you mean"),
        (("roadmap", "progress", "--done", "neural_net/M1"), "castalia check neural_net"),
        (("roadmap", "progress", "--link", "example.org"), "http:// or https://"),
        (("roadmap", "progress", "--link", "https://a.org", "--kind", "publicaton"), "Did you mean 'publication'?"),
        (("roadmap", "merge", "nowhere"), "nothing to merge in nowhere"),
        (("roadmap", "views", "nin"), "Did you mean 'nine'?"),
        (("roadmap", "topic", "dl33"), "Did you mean 'dl0"),
        (("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--view", "loop"), "no roadmap 'loop' has weeks"),
        (("today", "--on", "12/01/2026"), "year-month-day"),
        (("forget", "--json"), "castalia forget --yes --json"),
    ],
)  # fmt: skip
def test_wrong_usage_has_a_cure_and_keeps_nothing(
    words: tuple[str, ...], told: str, shell: Shell, settings: Settings
) -> None:
    code, out, err = shell(*words)
    assert told in err, err
    assert (code, out) == (2, "") and "Traceback" not in err
    assert not (settings.home / "journal.jsonl").exists()
