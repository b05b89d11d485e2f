"""The evidence log: nothing that was acknowledged is lost, whatever else lies in the file."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from castalia.core import evidence
from castalia.core.errors import NotFound, Unavailable
from castalia.core.evidence import Event, Evidence, hints_read, read_line


@pytest.fixture
def log(tmp_path: Path) -> Evidence:
    return Evidence(tmp_path / "home")


def test_what_was_added_is_read_again_in_order_of_time(log: Evidence) -> None:
    made = [
        Event("check", "softmax", "M1", "rows", "c" * 64, "d" * 64, 7, "fail", time=2000),
        Event("check", "basics", outcome="pass", ai_declared=True, minutes=1.5, time=1000),
    ]
    log.add(made)
    assert log.events() == [made[1], made[0]]
    assert log.events("softmax") == [made[0]]
    line = json.loads(log.path.read_text("utf-8").splitlines()[0])
    assert line["version"] == 1 and line["seed"] == 7 and "more" not in line
    assert oct(log.path.stat().st_mode & 0o777) == "0o600"


def test_an_empty_home_is_no_evidence_and_nothing_is_written(log: Evidence) -> None:
    assert log.events() == [] and log.add([]) == []
    assert not log.path.parent.exists()


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"\xff\xfe", b"[1]", b'"text"', b"{}", b'{"id": "a", "kind": "check", "time": 1}',
        b'{"id": "a", "kind": "check", "time": "soon", "version": 1}',
        b'{"id": "a", "kind": "check", "time": 1, "version": 1, "hints": true}',
        b'{"id": "a", "kind": "check", "time": 1, "version": 1, "minutes": NaN}',
        b'{"id": "a", "kind": "check", "time": 1, "version": 1, "seed": 0.5}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_corrupt_line_is_set_aside_byte_for_byte_and_counted(line: bytes, log: Evidence) -> None:
    first, last = Event("check", "a"), Event("check", "b")
    log.add([first])
    with log.path.open("ab") as file:
        file.write(line + b"\n")
    log.add([last])
    assert [each.id for each in log.events()] == [first.id, last.id]
    assert log.set_aside == 1
    assert log.corrupt.read_bytes() == line + b"\n"
    again = Evidence(log.path.parent)
    assert len(again.events()) == 2 and again.set_aside == 0, "it is set aside once"


def test_a_line_torn_by_a_crash_costs_only_itself(log: Evidence) -> None:
    log.add([Event("check", "a")])
    with log.path.open("ab") as file:
        file.write(Event("check", "torn").line()[:40])
    kept = log.add([Event("check", "b")])
    assert [each.project for each in log.events()] == ["a", "b"]
    assert log.events()[-1].id == kept[0].id and log.set_aside == 1


def test_what_a_later_version_wrote_is_kept(log: Evidence) -> None:
    line = b'{"version":9,"id":"ff","kind":"duel","time":5,"against":{"name":"x"}}\n'
    log.path.parent.mkdir()
    log.path.write_bytes(line)
    (event,) = log.events()
    assert event.more == {"against": {"name": "x"}} and event.version == 9
    assert json.loads(event.line()) == {**event.plain()} and log.set_aside == 0
    assert read_line(event.line()) == event


def test_two_machines_merge_by_union_whatever_the_order(tmp_path: Path) -> None:
    here, there = Evidence(tmp_path / "here"), Evidence(tmp_path / "there")
    shared = Event("check", "shared", time=10)
    here.add([shared, Event("check", "mine", time=20)])
    there.add([Event("check", "theirs", time=5), shared])
    assert here.merge(there.path) == 1 and here.merge(there.path) == 0
    assert there.merge(here.path) == 1
    assert here.events() == there.events()
    assert [each.project for each in here.events()] == ["theirs", "shared", "mine"]
    with pytest.raises(NotFound):
        here.merge(tmp_path / "nowhere")


def test_a_file_joined_by_hand_holds_each_event_once(log: Evidence) -> None:
    log.add([Event("check", "a"), Event("check", "b")])
    log.path.write_bytes(log.path.read_bytes() * 2)
    assert len(log.events()) == 2


def test_many_threads_and_processes_lose_nothing(log: Evidence) -> None:
    code = (
        "import sys, pathlib\nfrom castalia.core.evidence import Event, Evidence\n"
        "log = Evidence(pathlib.Path(sys.argv[1]))\n"
        "for i in range(20): log.add([Event('check', f'{sys.argv[2]}-{i}')])\n"
    )
    home = str(log.path.parent)
    children = [subprocess.Popen([sys.executable, "-c", code, home, str(n)]) for n in range(3)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: log.add([Event("check", f"t-{i}")]), range(20)))
        # Somebody breaks a line and somebody reads, meanwhile: setting aside never eats what others add.
        with log.path.open("ab") as file:
            file.write(b"broken\n")
        log.events()
    assert [child.wait(30) for child in children] == [0, 0, 0]
    assert len({each.project for each in log.events()}) == 80


def test_killed_while_it_adds(log: Evidence) -> None:
    """What was said to be kept is kept, after kill -9 at any moment."""
    code = (
        "import sys, pathlib\nfrom castalia.core.evidence import Event, Evidence\n"
        "log = Evidence(pathlib.Path(sys.argv[1]))\n"
        "while True:\n    made = log.add([Event('check', 'x')])[0].id\n    print(made, flush=True)\n"
    )
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", code, str(log.path.parent)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        said = [child.stdout.readline().strip() for _ in range(5)]
        child.kill()
        said += child.stdout.read().split()
        child.wait()
        assert {each for each in said if len(each) == 32} <= {each.id for each in log.events()}


def test_hints_spoilers_and_minutes_are_filled_in_from_the_log(log: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_000
    monkeypatch.setattr(evidence, "_now", lambda: now)
    log.add([log.event("hint", "softmax", "rows", contract_hash="c", hints=2)])
    log.add([log.event("spoiler", "softmax")])
    now += 5 * 60_000
    event = log.event("check", "softmax", "rows", contract_hash="c", outcome="pass")
    assert (event.hints, event.spoilers, event.minutes) == (2, 1, 5.0)
    assert log.event("check", "softmax", "other").hints == 0
    assert log.event("check", "softmax", "rows", contract_hash="changed").hints == 0
    now += 3 * 3600_000
    assert log.event("check", "softmax", "rows").minutes == 0, "a night is no work"
    now -= 3 * 3600_000
    both = list(log.filled([replace(event, id="1"), replace(event, id="2")]))
    assert [each.minutes for each in both] == [5.0, 0.0], "the minutes of one check are counted once"
    assert hints_read(log.events(), "rows") == 2


def test_a_long_log_is_not_parsed_for_each_new_event(log: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    log.add([Event("hint", "softmax", claim="rows", contract_hash="c", hints=2, time=1000)])
    log.add([Event("spoiler", "softmax", time=2000)])
    log.add(Event("check", "softmax" if number % 2 else "basics", time=3000 + number) for number in range(3000))
    known = {each.id for each in log.events("softmax")}
    parsed: list[bytes] = []

    def counting(line: bytes) -> Event | None:
        parsed.append(line)
        return read_line(line)

    monkeypatch.setattr(evidence, "read_line", counting)
    made = log.event("check", "softmax", "rows", contract_hash="c", time=63_000)
    assert (made.hints, made.spoilers, made.minutes) == (2, 1, round((63_000 - 5_999) / 60_000, 2))
    assert len(parsed) <= evidence.RECENT + 2
    assert {each.id for each in log.counted("softmax")} < known
    with log.path.open("ab") as file:
        file.write(b'{"kind":"check","project":"bas')
    parsed.clear()
    assert log.event("check", "softmax", "rows", contract_hash="c", time=63_000).spoilers == 1
    assert len(parsed) > 3000 and log.set_aside == 1 and log.corrupt.exists()


def test_what_is_to_be_noted_once_is_noted_once(log: Evidence) -> None:
    log.add([Event("spoiler", "basics"), Event("hint", "softmax")])
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: len(log.add([Event("spoiler", "softmax")], once=True)), range(8)))
    assert sorted(added) == [0] * 7 + [1]
    assert [each.kind for each in log.events("softmax")].count("spoiler") == 1


def test_a_home_that_cannot_be_written_is_said_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="CASTALIA_HOME"):
        Evidence(tmp_path / "file" / "home").add([Event("check")])
