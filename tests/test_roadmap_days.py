"""Days and weeks where the learner is, clocks that were wrong, what a word is worth after a failure, and absences."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from castalia.core.errors import Unavailable
from castalia.core.evidence import Event, Evidence
from castalia.core.settings import Settings
from castalia.roadmap import contracted, mastery, remembered
from castalia.roadmap.content import content
from castalia.roadmap.days import DAY, EARLIEST, dated, day_of, end_of
from castalia.roadmap.history import History, derive
from castalia.roadmap.journal import journal
from castalia.roadmap.learner import Notes
from castalia.roadmap.mastery import ENOUGH, TESTED
from castalia.roadmap.state import State
from castalia.roadmap.today import Today, shown, today

HERE = date(2026, 11, 18)
"""A Wednesday."""


@pytest.fixture
def home(settings: Settings) -> Path:
    return settings.home


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Moves this process to a time zone."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its time zone")

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def noon(day: date, hour: int = 12) -> int:
    """Milliseconds since 1970 of an hour of a day, here."""
    return int(datetime(day.year, day.month, day.day, hour).timestamp() * 1000)


def passed(project: str, milestone: str, day: date, hour: int = 12) -> Event:
    return Event("check", project, milestone, outcome="pass", code_hash=f"{day}{hour}", time=noon(day, hour))


# --- days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "day", "hour"),
    [
        ("America/Los_Angeles", date(2026, 11, 15), 18),  # a Sunday; Monday in Greenwich
        ("Asia/Tokyo", date(2026, 11, 16), 6),  # a Monday; Sunday in Greenwich
        ("Pacific/Kiritimati", date(2026, 11, 16), 1), ("UTC", date(2026, 11, 16), 0),
    ],
)  # fmt: skip
def test_what_was_done_stands_in_the_week_in_which_the_learner_did_it(
    name: str, day: date, hour: int, home: Path, zone: Callable[[str], None]
) -> None:
    zone(name)
    Evidence(home).add([passed("softmax", "M1", day, hour)])
    page = journal(State.read(home, day), day)
    assert "passed softmax/M1 for the first time" in page.results
    (week,) = State.read(home, day).history.weeks
    assert week.monday <= day < week.monday + timedelta(days=7)
    assert State.read(home, day).history.memories["ma05"].last == day


def test_another_time_zone_moves_the_days_of_what_was_kept(home: Path, zone: Callable[[str], None]) -> None:
    zone("Asia/Tokyo")
    event = passed("softmax", "M1", date(2026, 11, 16), 6)
    Evidence(home).add([event])
    assert State.read(home, HERE).history.weeks[0].monday == date(2026, 11, 16)
    zone("America/Los_Angeles")
    assert State.read(home, HERE).history.weeks[0].monday == date(2026, 11, 9)


# --- clocks ---------------------------------------------------------------------------------------


def test_a_time_that_cannot_be_is_that_of_the_line_before() -> None:
    now = noon(HERE)
    times = [noon(date(1975, 1, 1)), now - 9 * DAY, now + 400 * DAY, now - 3 * DAY, 10**30, 1, now + DAY // 2]
    found = dated([Event("check", time=each) for each in times], now)
    first, second, *rest = [each.time for each in found.events]
    assert second - 5 < first < second == times[1]
    assert rest == [second + 1, times[3], times[3] + 1, times[3] + 2, times[6]]
    assert [each.time for each in found.wrong] == [times[0], now + 400 * DAY, 10**30, 1]
    assert "4 lines of the evidence are dated 1975-01-01" in found.warnings("evidence")[0]
    lost = dated([Event("check", time=1), Event("check", time=2)], now)
    assert all(EARLIEST < each.time <= now for each in lost.events)
    assert dated(found.events, now).wrong == () and dated([Event("check", time=1)], None).wrong == ()


def test_a_journal_line_from_a_clock_ahead_does_not_win_for_ever(home: Path) -> None:
    notes = Notes(home)
    notes.add("plan", {"goal": "gpt", "hours": 6.0, "start": HERE}, noon(HERE))
    notes.add("plan", {"hours": 8.0}, noon(date(2039, 1, 1)))
    notes.add("plan", {"hours": 4.0})
    today_, state = date.today(), State.read(home, date.today())
    assert state.hours == 4.0 and Notes(home).profile(content(), end_of(today_)).settled.hours == 4.0
    (words,) = state.warnings
    assert words.startswith("1 line of the journal is dated 2039-01-01, by a clock that was wrong")
    state.hold()
    size = notes.log.path.stat().st_size
    for _ in range(3):
        State.read(home, today_).hold()
    assert notes.log.path.stat().st_size == size


def test_a_word_is_later_than_one_of_a_clock_that_was_days_ahead(home: Path) -> None:
    notes, ahead = Notes(home), noon(date.today()) + 5 * DAY
    notes.add("plan", {"hours": 8.0}, ahead)
    notes.add("plan", {"hours": 4.0})
    for day in (date.today(), date.today() + timedelta(days=30)):
        assert Notes(home).profile(content(), end_of(day)).settled.hours == 4.0


@pytest.mark.parametrize("wrong", [noon(date(2039, 1, 1)), noon(date(1975, 1, 1)), 10**30])
def test_an_event_from_a_wrong_clock_counts_where_it_stands(wrong: int, home: Path) -> None:
    real = [passed("softmax", "M1", date(2026, 9, 7)), passed("basics", "M1", date(2026, 9, 8))]
    odd = Event("check", "basics", "M2", outcome="pass", code_hash="x", time=wrong)
    Evidence(home).add([*real, odd])
    for _ in range(2):
        state = State.read(home, HERE)
        assert any("1 line of the evidence is dated" in words for words in state.warnings)
        assert state.history.passed["basics/M2"] == real[1].time + 1
        assert {each.last for each in state.history.memories.values()} <= {date(2026, 9, 7), date(2026, 9, 8)}
        found = today(state)
        assert found.back is not None and found.back.days == (HERE - date(2026, 9, 8)).days
    Evidence(home).add([passed("basics", "M3", date(2026, 11, 17))])
    assert (last := State.read(home, HERE).history.last) is not None and last.milestone == "M3"


def test_what_was_kept_is_not_believed_by_an_earlier_day(home: Path) -> None:
    """A clock ahead worked it out; set right, it is worked out again."""
    Evidence(home).add([passed("softmax", "M1", HERE), passed("basics", "M1", date(2030, 1, 1))])
    roadmap, every = content(), contracted.every()

    def read(day: date) -> History:
        return remembered.history(home, roadmap, every, (), noon(day))

    assert read(date(2030, 1, 1)).warnings == () and read(date(2030, 1, 2)).ended == noon(date(2030, 1, 1))
    early = read(HERE)
    assert early.warnings and early.ended == noon(HERE) + 1
    assert read(date(2030, 1, 2)).warnings == ()


def test_what_was_kept_is_worked_out_again_when_a_constant_changes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Evidence(home).add([passed("softmax", "M1", HERE)])
    roadmap, every = content(), contracted.every()
    before = remembered.history(home, roadmap, every)
    monkeypatch.setattr(mastery, "LEARNING", 0.5)
    after = remembered.history(home, roadmap, every)
    assert after == derive(Evidence(home).events(), roadmap, every) != before


# --- a word ---------------------------------------------------------------------------------------


def test_a_word_counts_whatever_failed_before_it_and_not_after(home: Path) -> None:
    """Whoever failed a question and then learned it says so; the next failure is believed again."""

    def asked(day: date) -> Event:
        return Event("question", outcome="fail", more={"topic": "ma01", "form": "number"}, time=noon(day))

    def p(day: date) -> float:
        return State.read(home, day).mastery["ma01"]

    Evidence(home).add([asked(date(2026, 11, 2)), passed("softmax", "M1", date(2026, 11, 3))])
    Notes(home).add("known", {"topics": ["ma01"], "known": True}, noon(date(2026, 11, 1)))
    assert p(date(2026, 11, 4)) < ENOUGH
    Notes(home).add("known", {"topics": ["ma01"], "known": True}, noon(date(2026, 11, 4)))
    assert p(date(2026, 11, 4)) == TESTED
    Evidence(home).add([passed("track", "M1", date(2026, 11, 12))])
    assert p(date(2026, 11, 12)) == TESTED, "taken up from the middle of the log it is the same"
    granted = {"ma01": noon(date(2026, 11, 4))}
    found = derive(Evidence(home).events(), content(), contracted.every(), granted)
    assert found == State.read(home, HERE).history
    assert all("ma01" not in week.gains for week in found.weeks), "a word is no work"
    Evidence(home).add([asked(date(2026, 11, 16))])
    assert p(HERE) < ENOUGH


# --- absences -------------------------------------------------------------------------------------


def visit(home: Path, day: date) -> Today:
    """What a day shows, kept as the command keeps it."""
    found = today(State.read(home, day))
    shown(found)
    return found


def test_whoever_writes_the_journal_is_not_away(home: Path) -> None:
    """Most topics have no check: a course is learned for weeks without one."""
    monday = date(2026, 11, 2)
    Notes(home).add("plan", {"goal": "gpt", "hours": 8.0, "start": monday}, noon(monday))
    Evidence(home).add([passed("softmax", "M1", monday)])
    for number in range(21):
        day = monday + timedelta(days=number)
        if day.weekday() == 6:
            said = {"monday": day - timedelta(days=6), "hours": 8.0, "results": "half of the course"}
            Notes(home).add("week", said, noon(day))
        assert visit(home, day).back is None, day


def test_one_is_welcomed_back_once(home: Path) -> None:
    monday = date(2026, 6, 1)
    Notes(home).add("plan", {"goal": "gpt", "hours": 8.0, "start": monday}, noon(monday))
    Evidence(home).add([passed("softmax", "M1", monday)])
    welcomed = [number for number in range(1, 45) if visit(home, monday + timedelta(days=number)).back]
    assert welcomed == [7, 35], "a week, and four weeks after the last welcome"
    lines = [json.loads(each)["kind"] for each in Notes(home).log.path.read_text("utf-8").splitlines()]
    assert lines.count("back") == 2
    later = monday + timedelta(days=36)
    assert visit(home, later).gap is not None and State.read(home, later).profile.held is not None
    Evidence(home).add([passed("basics", "M1", monday + timedelta(days=45))])
    assert visit(home, monday + timedelta(days=51)).back is None
    assert visit(home, monday + timedelta(days=52)).back is not None
    assert visit(home, monday + timedelta(days=52)).back is not None, "the same all day"


# --- what must be kept ----------------------------------------------------------------------------


def test_what_cannot_be_kept_is_an_error_where_it_was_asked_for(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    state = replace(State.read(home, HERE), home=tmp_path / "file" / "home")
    with pytest.raises(Unavailable) as told:
        state.note("item", {"title": "x"})
    assert "journal.jsonl" in told.value.expected and "CASTALIA_HOME" in told.value.cure
    (words,) = state.remark("held", {"id": "cs01", "since": HERE})
    assert "journal.jsonl" in words and "CASTALIA_HOME" in words


def test_a_day_is_where_the_machine_is(zone: Callable[[str], None]) -> None:
    zone("Asia/Tokyo")
    moment = int(datetime(2026, 11, 16, 0, 30).timestamp() * 1000)
    assert day_of(moment) == date(2026, 11, 16) and day_of(moment - 3_600_000) == date(2026, 11, 15)
