"""What the learner said and did: torn, corrupt, merged, renamed and forgotten, and nothing readable is lost."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from castalia.core.errors import WrongInput
from castalia.core.evidence import Event, Evidence
from castalia.core.settings import Settings
from castalia.roadmap import contracted, forgetting
from castalia.roadmap.content import Content, content
from castalia.roadmap.history import Replay, derive
from castalia.roadmap.learner import Link, Notes, OwnItem, Profile, Settled
from castalia.roadmap.progress import Ticks, progress
from castalia.roadmap.remembered import history
from castalia.roadmap.state import State

DAY = 86_400_000
NOW = 1_795_219_200_000
TODAY = date(2026, 11, 21)


@pytest.fixture
def home(settings: Settings) -> Path:
    return settings.home


def said(home: Path, roadmap: Content | None = None) -> Profile:
    return Notes(home).profile(roadmap or content())


def checks(count: int, seed: int = 0, begun: int = NOW - 200 * DAY) -> Iterator[Event]:
    """Checks of our contracts at random, the same for a seed."""
    draw, now, every = random.Random(seed), begun, contracted.every()
    for number in range(count):
        now += draw.randint(60_000, DAY)
        project = draw.choice(list(every))
        milestone = draw.choice(every[project].milestones)
        passed = draw.random() < 0.6
        yield Event(
            "check" if draw.random() < 0.8 else "hint", project, milestone.number,
            "" if passed else draw.choice(list(milestone.claims)), code_hash=f"{number}",
            outcome="pass" if passed else "fail", minutes=20 * draw.random(), time=now, id=f"{seed}-{number:05d}",
        )  # fmt: skip


# --- what was said --------------------------------------------------------------------------------


def test_the_later_word_wins_and_what_it_does_not_name_stays(home: Path) -> None:
    notes = Notes(home)
    notes.add("plan", {"goal": "gpt", "hours": 8.0, "start": date(2026, 11, 23), "target": None}, NOW)
    notes.add("plan", {"hours": 12.0, "target": date(2027, 12, 31)}, NOW + 1)
    notes.add("known", {"topics": ["cs01", "cs02"], "known": True}, NOW + 2)
    notes.add("known", {"topics": ["cs02"], "known": False}, NOW + 3)
    notes.add("about", {"worries": "maths"}, NOW + 4)
    notes.add("item", {"title": "talk at the club", "done": False}, NOW + 5)
    notes.add("item", {"title": "talk at the club", "done": True}, NOW + 6)
    notes.add("resource", {"title": "a book", "hours": 6.0, "day": date(2026, 12, 1)}, NOW + 7)
    notes.add("resource", {"title": "a book", "removed": True}, NOW + 8)
    found = said(home)
    assert found.settled == Settled("gpt", 12.0, date(2026, 11, 23), date(2027, 12, 31))
    assert found.known == ("cs01",) and found.about == {"worries": "maths"}
    assert found.items == (OwnItem("talk at the club", True),) and found.resources == () and found.warnings == ()


def test_an_older_line_that_arrives_late_does_not_win(home: Path) -> None:
    Notes(home).add("plan", {"hours": 12.0}, NOW)
    Notes(home).add("plan", {"hours": 3.0}, NOW - DAY)
    assert said(home).settled.hours == 12.0


def test_a_torn_journal_opens_with_everything_readable_and_says_so(home: Path) -> None:
    notes = Notes(home)
    notes.add("plan", {"goal": "gpt", "hours": 8.0}, NOW)
    with notes.log.path.open("ab") as file:
        file.write(b'\xff\xfe not a line\n{"said": {"hours": 9')
    notes.add("about", {"strengths": "patience"}, NOW + 1)
    found = said(home)
    assert found.settled.goal == "gpt" and found.settled.hours == 8.0 and found.about == {"strengths": "patience"}
    (words,) = found.warnings
    assert words.startswith("2 lines of the journal could not be read") and "journal.corrupt.jsonl" in words
    assert notes.log.corrupt.read_bytes() == b'\xff\xfe not a line\n{"said": {"hours": 9\n'
    assert said(home).warnings == ()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("plan", {"hours": "many"}), ("plan", {"hours": 1e6}), ("plan", {"start": "soon"}), ("plan", 7),
        ("known", {"topics": 3, "known": True}), ("item", {}), ("link", {"sort": "gossip", "url": "https://a"}),
        ("held", {"id": "dl03"}), ("week", {"monday": "never"}), ("resource", {"title": "x", "hours": -1}),
    ],
)  # fmt: skip
def test_a_line_that_means_nothing_is_kept_passed_over_and_said(kind: str, value: object, home: Path) -> None:
    Notes(home).add("plan", {"goal": "gpt", "hours": 8.0}, NOW)
    log = Evidence(home, "journal")
    log.add([Event(kind, time=NOW + 1, more={"said": value}), Event("tomorrow", time=NOW + 2, more={"said": {}})])
    found = said(home)
    assert found.settled == Settled("gpt", 8.0)
    assert len(found.warnings) == 1 and found.warnings[0].startswith("1 line of the journal")
    assert len(log.events()) == 3


def test_what_the_roadmap_does_not_have_is_said_and_kept(home: Path) -> None:
    notes = Notes(home)
    notes.add("plan", {"goal": "tightrope", "hours": 8.0}, NOW)
    notes.add("known", {"topics": ["cs01", "zz99"], "known": True}, NOW + 1)
    found = said(home)
    assert found.settled == Settled("", 8.0) and found.known == ("cs01",)
    assert "'zz99'" in found.warnings[0] and "'tightrope'" in found.warnings[0]


def test_words_too_long_and_numbers_that_are_none_are_refused(home: Path) -> None:
    for value in ({"worries": "x" * 10_001}, {"hours": float("nan")}):
        with pytest.raises(WrongInput):
            Notes(home).add("about", value)
    assert not home.exists()


# --- two machines ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_two_machines_merge_by_union_in_either_order(seed: int, tmp_path: Path, settings: Settings) -> None:
    draw, roadmap, every = random.Random(seed), content(), contracted.every()
    events, homes = list(checks(60, seed)), (tmp_path / "a", tmp_path / "b", tmp_path / "both")
    lines = [
        Event("plan", more={"said": {"hours": float(draw.randint(1, 20))}}, time=NOW + number, id=f"p{number}")
        for number in range(12)
    ]
    for each in (*events, *lines):
        places = draw.choice([(0,), (1,), (0, 1)])
        for place in (*places, 2):
            Evidence(homes[place], "evidence" if each in events else "journal").add([each])
    for mine, other in (homes[:2], homes[1::-1]):
        for name in ("evidence", "journal"):
            log = Evidence(mine, name)
            if (other / f"{name}.jsonl").is_file():
                log.merge(other / f"{name}.jsonl")
            assert {each.id for each in log.events()} == {each.id for each in Evidence(homes[2], name).events()}
        assert said(mine) == said(homes[2])
        assert derive(Evidence(mine).events(), roadmap, every) == derive(events, roadmap, every)


# --- renamed ids ----------------------------------------------------------------------------------


def renamed() -> Content:
    """Our content on a day on which a topic and a project have former names."""
    roadmap = content()
    topics = tuple(replace(each, renamed_from=("zz03",)) if each.id == "ma10" else each for each in roadmap.topics)
    one = roadmap.projects["neural_net"]
    projects = {**roadmap.projects, "neural_net": replace(one, row=replace(one.row, renamed_from=("old_net",)))}
    return replace(roadmap, topics=topics, projects=projects)


def test_no_progress_is_lost_when_ids_change(home: Path) -> None:
    roadmap, every = renamed(), contracted.every()
    events = [replace(each, project="neural_net") for each in checks(80, 3)]
    before = [replace(each, project="old_net") for each in events]
    then, now = derive(before, roadmap, every), derive(events, roadmap, every)
    assert then == now and now.passed and now.memories
    assert derive(before, content(), every).passed == {}  # without the former name all of it would be lost
    notes = Notes(home)
    notes.add("plan", {"goal": "old_net", "hours": 8.0}, NOW)
    notes.add("known", {"topics": ["zz03"], "known": True}, NOW + 1)
    notes.add("link", {"sort": "milestone", "about": "old_net/M1", "url": "https://example.org"}, NOW + 2)
    notes.add("gap", {"title": "numbers", "topic": "zz03"}, NOW + 3)
    notes.add("held", {"id": "zz03", "since": TODAY}, NOW + 4)
    found = said(home, roadmap)
    assert found.settled.goal == "neural_net" and found.known == ("ma10",) and found.warnings == ()
    assert found.links[0].about == "neural_net/M1" and found.gaps[0].topic == "ma10"
    assert found.held is not None and found.held.id == "ma10"


def test_a_self_report_under_a_former_id_counts(settings: Settings) -> None:
    roadmap, every = renamed(), contracted.every()
    event = Event("self_report", outcome="pass", more={"topic": "zz03"}, time=NOW)
    found = derive([event], roadmap, every)
    assert found.beliefs["ma10"].p > derive([], roadmap, every).beliefs["ma10"].p
    assert found.reported == ("ma10",)
    assert found.failures == derive([replace(event, outcome="fail")], roadmap, every).failures == ()


# --- what is derived ------------------------------------------------------------------------------


def test_what_is_kept_equals_what_is_derived_and_follows_the_log(home: Path) -> None:
    roadmap, every, log = content(), contracted.every(), Evidence(home)
    events = list(checks(200))
    log.add(events[:-1])
    place = home / "cache" / "roadmap" / "learner.json"
    first = history(home, roadmap, every)
    written = place.read_bytes()
    assert first == history(home, roadmap, every) == derive(events[:-1], roadmap, every)
    assert place.read_bytes() == written  # answered from what is kept
    log.add(events[-1:])
    assert history(home, roadmap, every) == derive(events, roadmap, every)
    assert history(home, roadmap, every, ["dl01"]) == derive(events, roadmap, every, ["dl01"])
    assert history(home, roadmap, every) == derive(events, roadmap, every)
    written = place.read_bytes()
    assert history(home, roadmap, every, ["dl01"], trial=True) == derive(events, roadmap, every, ["dl01"])
    assert place.read_bytes() == written  # a trial leaves it as it is
    edited = log.path.read_bytes().replace(b'"outcome":"pass"', b'"outcome":"fail"', 3)  # as long as before
    log.path.write_bytes(edited)
    assert history(home, roadmap, every) == derive(log.events(), roadmap, every) != derive(events, roadmap, every)
    events = log.events()
    for broken in (b"", b"{", b'{"key": 3}', place.read_bytes().replace(b'"beliefs"', b'"belief"')):
        place.write_bytes(broken)
        assert history(home, roadmap, every) == derive(events, roadmap, every)


@pytest.mark.parametrize("seed", range(6))
def test_a_log_that_grows_is_taken_up_where_it_stood(seed: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it grows, by one event or a month of them, and when another machine's older events come in between."""
    draw, roadmap, every, log = random.Random(seed), content(), contracted.every(), Evidence(home)
    said = [Event("self_report", outcome="pass", more={"topic": "ma01"}, time=NOW - days * DAY) for days in range(3)]
    events = sorted([*checks(150, seed), *said], key=lambda each: each.time)
    late = events.pop(draw.randrange(40)) if seed % 2 else None
    fed: list[int] = []
    feed = Replay.feed

    def counting(self: Replay, some: Iterable[Event]) -> None:
        some = list(some)
        fed.append(len(some))
        feed(self, some)

    monkeypatch.setattr(Replay, "feed", counting)
    at = 0
    while at < len(events):
        step = draw.choice((1, 1, 2, 5, 30))
        log.add(events[at : at + step])
        at += step
        fed.clear()
        found = history(home, roadmap, every)
        replayed = sum(fed)
        assert found == derive(events[:at], roadmap, every)
        assert at < 40 or replayed < step + 30, "the whole log was replayed"
    if late:
        log.add([late])
        assert history(home, roadmap, every) == derive([*events, late], roadmap, every)
        log.add([Event("check", "softmax", "M1", outcome="pass", time=NOW + DAY)])
        assert history(home, roadmap, every) == derive(log.events(), roadmap, every)


def test_a_torn_evidence_keeps_what_is_readable_and_says_so(home: Path) -> None:
    log, events = Evidence(home), list(checks(30))
    log.add(events)
    with log.path.open("ab") as file:
        file.write(b'{"kind": "check", "pro')
    state = State.read(home, TODAY)
    assert state.history.passed == derive(events, content(), contracted.every()).passed
    assert any("1 line of the evidence could not be read" in words for words in state.warnings)
    assert State.read(home, TODAY).warnings == ()


def test_weeks_say_what_was_done_in_them(home: Path) -> None:
    events = [
        Event("check", "softmax", "M1", outcome="pass", time=NOW - 8 * DAY, minutes=12.0),
        Event("check", "basics", "M1", "standardized", outcome="fail", time=NOW - DAY, minutes=5.0),
        Event("check", "basics", "M1", outcome="pass", time=NOW, minutes=7.5, code_hash="b"),
    ]
    first, second = derive(events, content(), contracted.every()).weeks
    assert (first.monday, first.days, first.checks, first.passed) == (date(2026, 11, 9), 1, 1, ("softmax/M1",))
    assert (second.monday, second.days, second.checks, second.minutes) == (date(2026, 11, 16), 2, 2, 12.5)
    assert second.passed == ("basics/M1",) and second.gains["da03"] > 0 and "ma05" in first.gains


# --- ticks ----------------------------------------------------------------------------------------


def test_a_tick_is_as_weak_as_the_weakest_that_it_needed(home: Path) -> None:
    notes, roadmap = Notes(home), content()
    for number, url in enumerate(("https://example.org/a", "https://example.org/b", "")):
        notes.add("link", {"sort": "publication", "url": url, "title": f"{number}"}, NOW + number)

    def item(id: str) -> tuple[bool, str]:
        found = next(each for each in progress(State.read(home, TODAY)).items if each.id == id)
        return found.complete, found.tick

    assert item("published") == (True, "linked")
    assert said(home).links[0] == Link("https://example.org/a", "publication", "0", "", date.fromtimestamp(NOW / 1000))
    assert item("python") == (False, "")
    notes.add("known", {"topics": [*roadmap.of_skill("py")], "known": True}, NOW + 9)
    pipeline = [each.id for each in roadmap.projects["pipeline"].milestones]
    for each in pipeline[:-1]:
        notes.add("link", {"sort": "milestone", "about": each, "url": "https://example.org"}, NOW + 10)
    assert item("python") == (False, "")  # the last milestone of the project is missing
    notes.add("link", {"sort": "milestone", "about": pipeline[-1], "url": "https://example.org"}, NOW + 11)
    assert item("python") == (True, "self-reported")
    assert Ticks(State.read(home, TODAY)).project("pipeline") == "linked"
    notes.add("link", {"sort": "milestone", "about": pipeline[0], "url": ""}, NOW + 12)
    assert Ticks(State.read(home, TODAY)).project("pipeline") == "self-reported"


def test_sixteen_items_nine_skills_and_none_is_ticked_for_nothing(home: Path) -> None:
    found = progress(State.read(home, TODAY))
    assert len(found.items) == 16 and len(found.skills) == 9
    assert not any(each.complete or each.tick for each in found.items)
    assert all(sum(each.states.values()) == each.topics == 10 for each in found.skills)


# --- forgetting -----------------------------------------------------------------------------------


def test_forgetting_removes_what_is_the_learners_and_nothing_else(home: Path) -> None:
    Notes(home).add("about", {"worries": "exams"})
    Evidence(home).add(checks(5))
    State.read(home, TODAY)
    State.read(home, TODAY, ["cs01"])
    others = ["castalia.db", "models/a/manifest.json", "checks/notes.txt", "drafts/toys/slope.py",
              "cache/roadmap/softmax.json"]  # fmt: skip
    for name in ("checks/softmax.json", "places.json", "evidence.corrupt.jsonl", *others):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("{}")
    gone = forgetting.forget(home)
    assert {path.relative_to(home).as_posix() for path in gone} == {
        "evidence.jsonl", "evidence.corrupt.jsonl", "journal.jsonl", "places.json", "checks/softmax.json",
        "cache/roadmap/learner.json", "cache/roadmap/trial.json",
    }  # fmt: skip
    assert all((home / name).is_file() for name in others)
    assert forgetting.traces(home) == [] and said(home) == Profile()
    assert not any(b"exams" in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_words_never_reach_the_evidence(home: Path) -> None:
    Notes(home).add("about", {"worries": "a secret of mine"})
    Evidence(home).add(checks(3))
    assert b"secret" not in Evidence(home).path.read_bytes()
    line = json.loads(Notes(home).log.path.read_text("utf-8"))
    assert line["said"] == {"worries": "a secret of mine"} and line["kind"] == "about"
