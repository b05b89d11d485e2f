"""Notices: rules, and a watcher that says each thing once, over kills too; on both databases."""

from __future__ import annotations

import asyncio
import importlib
import json
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from castalia.core.errors import CastaliaError, NotFound, TooLarge, WrongInput
from castalia.core.settings import Settings
from castalia.track import Store, schema
from castalia.track.events import Changes
from castalia.track.naming import now
from castalia.track.notices import http, rules, watching
from castalia.track.notices.courier import Courier
from castalia.track.notices.http import router
from castalia.track.notices.rules import Rule
from castalia.track.notices.watching import Watcher, listed

MINUTE = 60_000


@pytest.fixture
def store(tmp_path, place):
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def watcher(store):
    return Watcher(store)


def texts(store: Store) -> list[str]:
    return [row["text"] for row in reversed(listed(store))]


def kinds(store: Store) -> list[tuple[str, str]]:
    return [(row["kind"], row["level"]) for row in reversed(listed(store))]


def test_a_run_that_ends_is_told_once_by_the_rules_that_ask(store, watcher):
    old = store.create_run("e", "old")
    store.finish(old, "failed")
    watcher.keep(Rule(name="failures", when=["failed"]))
    watcher.keep(Rule(name="all that is over", when=["finished", "failed", "cancelled"]))
    watcher.keep(Rule(name="asleep", when=["failed"], on=False))
    watcher.look()
    before = len(listed(store))  # of a run that had just failed, as this workbench has not seen it before
    runs = [store.create_run("e", f"r{i}") for i in range(4)]
    assert watcher.look() == 0
    for run, status in zip(runs, ("done", "failed", "cancelled", "running"), strict=True):
        store.finish(run, status)
    assert watcher.look() == 3
    assert watcher.look() == 0 and Watcher(store).look() == 0
    new = listed(store)[: len(listed(store)) - before]
    assert [(row["kind"], row["run_id"], row["rule_name"]) for row in reversed(new)] == [
        ("finished", runs[0], "all that is over"),
        ("failed", runs[1], "failures"),
        ("cancelled", runs[2], "all that is over"),
    ]
    assert new[1]["text"].startswith("r1 failed") and new[1]["level"] == "error"


def test_what_was_there_before_the_tables_of_notices_is_no_news(tmp_path):
    """A database of the layout before: its runs and alerts are marked as seen by the migration itself."""
    with Store.open(tmp_path) as store:
        run = store.create_run("e", "old")
        store.add_alert(run, "old")
        store.finish(run, "failed")
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    raw = sqlite3.connect(tmp_path / "castalia.db")
    raw.execute("DROP INDEX runs_running")
    for statement in ("DROP INDEX runs_unseen", "DROP INDEX alerts_unseen", "DROP TABLE notices",
                      "DROP TABLE rule_marks", "DROP TABLE rules", "DROP TABLE views", "DROP TABLE promotions",
                      "ALTER TABLE runs DROP COLUMN seen", "ALTER TABLE alerts DROP COLUMN seen"):  # fmt: skip
        raw.execute(statement)
    raw.commit()
    raw.close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'castalia.db'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        importlib.import_module("castalia.track.migrations.versions.m0003_board").upgrade()
    engine.dispose()
    with Store.open(tmp_path) as store:
        watcher = Watcher(store)
        watcher.keep(Rule(name="all", when=["failed", "alert"]))
        assert watcher.look() == 0
        store.add_alert(store.runs().items[0]["run_id"], "new")
        assert watcher.look() == 1


def test_a_name_turns_nothing_around(store, watcher):
    watcher.keep(Rule(name="all", when=["failed", "alert"]))
    run = store.create_run("e", "evil\u202e\u2066\n\u200e\x9bgnp")
    store.add_alert(run, "on\u202e\r\n\u2029one line " + "x" * 1900)
    store.finish(run, "failed")
    watcher.look()
    assert texts(store) == ["evil gnp: on one line " + "x" * 988, "evil gnp failed"]


def test_alerts_keep_their_level_and_are_told_once(store, watcher):
    watcher.keep(Rule(name="alerts", when=["alert"], pause=0))
    run = store.create_run("e", "r")
    watcher.look()
    for text, level in (("loss is NaN", "error"), ("slow", "warning"), ("loss is NaN", "error")):
        store.add_alert(run, text, level)
    assert watcher.look() == 2
    store.add_alert(run, "slow", "warning")  # the same again is the same
    assert watcher.look() == 0
    assert sorted(kinds(store)) == [("alert", "error"), ("alert", "warning")]
    store.add_alert(run, "later, from a clock that is a year behind", "info", when=now() - 365 * 24 * 60 * MINUTE)
    assert watcher.look() == 1


def test_a_rule_is_about_the_runs_of_its_experiment_and_filter(store, watcher):
    watcher.keep(Rule(name="fast ones", when=["finished"], experiment="mnist", filter="params.rate > 0.1"))
    wanted = store.create_run("mnist", "wanted", {"rate": 0.5})
    for run in (
        wanted,
        store.create_run("mnist", "slow", {"rate": 0.05}),
        store.create_run("other", "x", {"rate": 0.5}),
        store.create_run("mnist", "none"),
    ):
        store.finish(run)
    assert watcher.look() == 1
    assert [row["run_id"] for row in listed(store)] == [wanted]


def test_a_run_is_stalled_once_until_it_goes_on(store, watcher):
    watcher.keep(Rule(name="asleep", when=["stalled"], minutes=10, pause=0))
    run, other, over = (store.create_run("e", f"r{i}") for i in range(3))
    store.finish(over)
    start = now()
    store.log_metrics(run, [("loss", 0, start, 1.0)])
    assert watcher.look(start) == 0
    store.log_metrics(other, [("loss", 0, start + 5 * MINUTE, 1.0)])
    assert watcher.look(start + 5 * MINUTE) == watcher.look(start + 9 * MINUTE) == 0
    assert watcher.look(start + 11 * MINUTE) == 1
    assert watcher.look(start + 12 * MINUTE) == Watcher(store).look(start + 12 * MINUTE) == 0
    assert watcher.look(start + 16 * MINUTE) == 1
    assert [row["run_id"] for row in listed(store)] == [other, run]
    assert texts(store)[0] == "r0 has logged nothing for 11 min"
    store.log_metrics(run, [("loss", 1, start + 17 * MINUTE, 1.0)])
    assert watcher.look(start + 18 * MINUTE) == 0
    assert watcher.look(start + 30 * MINUTE) == 1  # asleep a second time
    assert listed(store)[0]["run_id"] == run


def test_a_run_whose_clock_is_behind_is_not_taken_for_stalled(store, watcher):
    run = store.create_run("e", "r")
    with store.database.write() as connection:
        connection.execute(sa.update(schema.runs).values(started=now() - 600 * MINUTE))
    store.log_metrics(run, [("loss", 0, now() - 600 * MINUTE, 1.0)])
    watcher.keep(Rule(name="asleep", when=["stalled"], minutes=10))
    assert watcher.look(now() + MINUTE) == 0  # so it was when the rule was made
    store.log_metrics(run, [("loss", 1, now() - 599 * MINUTE, 1.0)])
    assert watcher.look(now() + 2 * MINUTE) == 0
    assert watcher.look(now() + 11 * MINUTE) == 0
    assert watcher.look(now() + 13 * MINUTE) == 1


def test_after_a_restart_a_run_whose_clock_is_behind_is_listened_to_first(store, watcher):
    watcher.keep(Rule(name="asleep", when=["stalled"], minutes=10))
    run, start = store.create_run("e", "r"), now()
    with store.database.write() as connection:
        connection.execute(sa.update(schema.runs).values(started=start - 120 * MINUTE))
    for minute in range(12):
        if minute == 5:
            watcher = Watcher(store)  # another workbench, which has seen no point come
        store.log_metrics(run, [("loss", minute, start + (minute - 60) * MINUTE, 1.0)])
        assert watcher.look(start + minute * MINUTE) == 0
    assert [watcher.look(start + minute * MINUTE) for minute in (20, 21, 22)] == [0, 1, 0]
    assert Watcher(store).look(start + 30 * MINUTE) == 0


def test_what_hung_before_the_workbench_came_up_is_told_once_it_has_listened(store):
    Watcher(store).keep(Rule(name="asleep", when=["stalled"], minutes=300))
    run, start = store.create_run("e", "r"), now()
    store.log_metrics(run, [("loss", 0, start, 1.0)])
    late = Watcher(store)
    looks = [late.look(start + minute * MINUTE) for minute in (500, 559, 560)]
    assert looks == [0, 0, 1] and texts(store) == ["r has logged nothing for 9 h"]


def test_what_hung_when_the_rule_was_made_it_does_not_say(store, watcher):
    run, start = store.create_run("e", "r"), now()
    store.log_metrics(run, [("loss", 0, start - 600 * MINUTE, 1.0)])
    with store.database.write() as connection:
        connection.execute(sa.update(schema.runs).values(started=start - 700 * MINUTE))
    watcher.keep(Rule(name="asleep", when=["stalled"], minutes=10))
    assert [watcher.look(start + minute * MINUTE) for minute in (1, 11, 70)] == [0, 0, 0]
    store.log_metrics(run, [("loss", 1, start - 599 * MINUTE, 1.0)])
    assert [watcher.look(start + minute * MINUTE) for minute in (71, 82)] == [0, 1]


def test_a_run_whose_clock_is_ahead_stalls_by_ours(store, watcher):
    watcher.keep(Rule(name="asleep", when=["stalled"], minutes=10))
    run, start = store.create_run("e", "r"), now()
    watcher.look(start)
    store.log_metrics(run, [("loss", 0, start + 24 * 60 * MINUTE, 1.0)])
    assert [watcher.look(start + minute * MINUTE) for minute in (1, 10, 11, 12)] == [0, 0, 1, 0]


def test_a_run_that_hangs_is_stalled_though_its_machine_is_measured(store, watcher):
    watcher.keep(Rule(name="asleep", when=["stalled"], minutes=10))
    run, bare = store.create_run("e", "hangs"), store.create_run("e", "hangs from the start")
    start = now()
    store.log_metrics(run, [("loss", 0, start, 1.0)])
    for minute in range(12):
        moment = start + minute * MINUTE
        store.log_metrics(run, [("system/cpu", minute, moment, 1.0), ("system/gpu/0/memory", minute, moment, 1.0)])
        store.log_metrics(bare, [("system/cpu", minute, moment, 1.0)])
        watcher.look(moment)
    assert sorted(row["run_id"] for row in listed(store)) == sorted([run, bare])
    assert [text.split(" has ")[1] for text in texts(store)] == ["logged nothing for 10 min"] * 2
    for minute in range(12, 24):  # a name that only begins alike is the run's own
        store.log_metrics(run, [("systematic error", minute, start + minute * MINUTE, 1.0)])
        assert watcher.look(start + minute * MINUTE) == 0


@pytest.mark.parametrize(("above", "values", "told"), [
    (True, [0.1, 0.95, 0.2], True), (True, [0.1, 0.9], False), (False, [0.95, 0.1], True), (False, [0.95, 0.9], False),
    (True, [math.nan], False), (False, [math.nan], False), (True, [math.inf], True), (False, [-math.inf], True),
])  # fmt: skip
def test_a_value_that_was_crossed_is_told_once_although_it_came_back(store, watcher, above, values, told):
    watcher.keep(Rule(name="good", when=["metric"], metric="accuracy", above=above, value=0.9, pause=0))
    run = store.create_run("e", "r")
    store.log_metrics(run, [("accuracy", step, step, value) for step, value in enumerate(values)])
    store.log_metrics(run, [("other", 0, 1, 0.99), ("other", 1, 1, 0.01)])
    store.finish(run)  # it ended between two looks
    assert watcher.look() == int(told)
    store.finish(run, "running")
    store.log_metrics(run, [("accuracy", 9, 9, 0.99 if above and told else values[0])])
    assert watcher.look() == 0
    assert [kind for kind, _ in kinds(store)] == ["metric"] * told


def test_what_is_so_when_a_rule_is_made_it_does_not_say(store, watcher):
    run = store.create_run("e", "r")
    store.log_metrics(run, [("accuracy", 0, 0, 0.95)])
    made = watcher.keep(Rule(name="good", when=["metric"], metric="accuracy", value=0.9))
    assert watcher.look() == 0
    watcher.keep(Rule(name="very good", when=["metric"], metric="accuracy", value=0.96), made.id)
    store.log_metrics(run, [("accuracy", 1, 0, 0.97)])
    assert watcher.look() == 1


def test_a_rule_pauses_for_a_run_and_for_an_hour(store, watcher):
    watcher.keep(Rule(name="alerts", when=["alert", "failed"], pause=60, hourly=5))
    moment = now()
    first, second = store.create_run("e", "a"), store.create_run("e", "b")
    for i in range(3):
        store.add_alert(first, f"again {i}")
    store.add_alert(second, "once")
    store.finish(first, "failed")  # another kind: it is told
    assert watcher.look(moment) == 3
    store.add_alert(first, "within the pause")
    assert watcher.look(moment + 59_000) == 0
    store.add_alert(first, "after it")
    assert watcher.look(moment + 61_000) == 1
    for i in range(4):
        store.add_alert(store.create_run("e", f"more {i}"), "x")
    assert watcher.look(moment + 62_000) == 2  # the fifth, and that it is quiet from now on
    assert kinds(store)[-1] == ("quiet", "info") and "had more than 5 to say" in texts(store)[-1]
    store.add_alert(store.create_run("e", "later"), "x")
    assert watcher.look(moment + 61 * MINUTE) == 1


def test_a_filter_that_is_no_longer_understood_stops_its_own_rule_alone(store, watcher):
    only = "params.a = 'b'"
    gone = watcher.keep(Rule(name="of another release", when=["finished", "metric"], metric="m", filter=only))
    watcher.keep(Rule(name="good", when=["finished"], filter=only))
    with store.database.write() as connection:
        unknown = sa.func.replace(schema.rules.c.rule, "params.a", "colours.a")
        connection.execute(sa.update(schema.rules).where(schema.rules.c.id == gone.id).values(rule=unknown))
    run = store.create_run("e", "r", {"a": "b"})
    store.log_metrics(run, [("m", 0, 0, 1.0)])
    store.finish(run)
    assert watcher.look() == 1 and [row["rule_name"] for row in listed(store)] == ["good"]
    assert list(watcher.faults) == [gone.id] and "colours" in watcher.faults[gone.id]
    watcher.keep(Rule(name="mended", when=["finished"], filter=only), gone.id)
    store.finish(store.create_run("e", "r", {"a": "b"}))
    assert watcher.look() == 1 and watcher.faults == {}  # a page shows once what two rules say


def test_a_filter_that_takes_too_long_stops_its_own_rule_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, "SECONDS", -1.0)
    monkeypatch.setattr("castalia.track.protocol.patience._STEPS", 1)
    with Store.open(tmp_path) as store:
        watcher = Watcher(store)
        slow = watcher.keep(Rule(name="slow", when=["finished", "metric"], metric="m", filter="params.a = 'b'"))
        watcher.keep(Rule(name="good", when=["finished"]))
        run = store.create_run("e", "r", {"a": "b"})
        store.log_metrics(run, [("m", 0, 0, 1.0)])
        with pytest.raises(TooLarge):  # who makes such a rule is told at once
            watcher.keep(Rule(name="slow", when=["metric"], metric="m", filter="params.a = 'b'"))
        store.finish(run)
        assert watcher.look() == 1 and [row["rule_name"] for row in listed(store)] == ["good"]
        assert watcher.faults == {slow.id: "the search takes too long"}


def test_nobody_who_writes_waits_for_the_filters_of_rules(store, watcher, place, monkeypatch):
    run = store.create_run("e", "r", {"a": "b"})
    store.log_metrics(run, [("m", 0, 0, 1.0)])
    plain, asked = rules.fitting, []

    def fitting(connection, rule, runs):
        with Store.open(store.home, place) as other:  # Busy if we held the database
            other.database.commit(lambda connection: None, patience=0.2)
        asked.append(rule.name)
        return plain(connection, rule, runs)

    monkeypatch.setattr(rules, "fitting", fitting)
    watcher.keep(Rule(name="metric", when=["metric"], metric="m", value=0.5, filter="params.a = 'b'"))
    watcher.keep(Rule(name="end", when=["finished"], filter="params.a = 'b'"))
    store.finish(run)
    assert watcher.look() == 1 and asked == ["metric", "metric", "end"]


def test_a_graver_alert_is_told_within_the_pause(store, watcher):
    watcher.keep(Rule(name="alerts", when=["alert"], pause=60))
    run, moment = store.create_run("e", "r"), now()
    for level, told in (("info", 1), ("info", 0), ("error", 1), ("warning", 0), ("error", 0)):
        store.add_alert(run, f"{level} {told}", level)
        assert watcher.look(moment) == told
    assert texts(store) == ["r: info 1", "r: error 1"]


def test_trying_a_rule_out_pushes_no_notice_out(store, watcher, monkeypatch):
    monkeypatch.setattr(watching, "KEPT", 3)
    made = watcher.keep(Rule(name="all", when=["finished"]))
    store.finish(store.create_run("e", "old"))
    watcher.look()
    seen = [watching.try_out(store, made)["id"] for _ in range(9)]
    assert seen == sorted(set(seen)) and [row["id"] for row in listed(store, seen[-2])] == [seen[-1]]
    store.finish(store.create_run("e", "new"))
    watcher.look()
    assert [row["kind"] for row in listed(store)] == ["finished", "test", "finished"]


def test_runs_of_the_trash_are_not_told_of(store, watcher):
    watcher.keep(Rule(name="all", when=["finished", "alert"]))
    run = store.create_run("e", "r")
    store.add_alert(run, "x")
    store.finish(run)
    store.delete_runs([run])
    assert watcher.look() == 0
    store.restore_runs([run])
    assert watcher.look() == 0


def test_runs_that_came_from_an_archive_are_not_told_of(store, watcher):
    watcher.keep(Rule(name="all", when=["finished", "alert"]))
    run = store.create_run("e", "r")
    store.add_alert(run, "x", when=now() - 300 * MINUTE)
    store.finish(run)
    with store.database.write() as connection:
        connection.execute(sa.update(schema.runs).values(ended=now() - 300 * MINUTE))
    assert watcher.look() == 0


def test_values_of_runs_that_came_from_an_archive_are_not_told_of(store, watcher):
    watcher.keep(Rule(name="good", when=["metric"], metric="accuracy", value=0.9))
    watcher.look()
    for name, ended in (("of last year", 365 * 24 * 60), ("of just now", 1)):
        run = store.create_run("e", name)
        store.log_metrics(run, [("accuracy", 0, 1, 0.95)])
        store.finish(run)
        with store.database.write() as connection:
            at = sa.update(schema.runs).where(schema.runs.c.run_id == run)
            connection.execute(at.values(started=now() - (ended + 9) * MINUTE, ended=now() - ended * MINUTE))
    assert watcher.look() == 1 and texts(store)[0].startswith("of just now: accuracy is above 0.9")


def test_a_look_reads_no_table_and_asks_the_same_of_one_run_and_of_many(tmp_path):
    """Runs that are over, and what rules have said, cost nothing: 10,000 runs were 26 ms a rule, every two seconds."""
    with Store.open(tmp_path) as store:
        watcher = Watcher(store)
        for i in range(3):
            watcher.keep(Rule(name=f"good {i}", when=["metric", "stalled"], metric=f"m{i}", value=0.5))
        asked: list[tuple[str, tuple]] = []
        sa.event.listen(store.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        counts = []
        for runs in (3, 20):
            for i in range(runs):
                run = store.create_run("e", f"r{i}")
                store.log_metrics(run, [(f"m{i % 3}", 0, now(), 1.0)])
            watcher.look()
            store.log_metrics(run, [("other", 1, now(), 1.0)])
            asked.clear()
            assert watcher.look() == 0
            counts.append(len(asked))
        assert counts[0] == counts[1] < 20
        with store.database.read() as connection:
            for statement, values in [each for each in asked if each[0].startswith("SELECT")]:
                plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
                whole = [line for line in plan if line.startswith("SCAN ") and " INDEX " not in line]
                assert whole in ([], ["SCAN CONSTANT ROW"], ["SCAN rules"]), (statement, plan)


def test_a_page_shows_what_two_rules_say_once(store, watcher):
    for name in ("one", "two"):
        watcher.keep(Rule(name=name, when=["finished"]))
    watcher.keep(Rule(name="hook", when=["finished"], webhook="https://hooks.example/x"))
    store.finish(store.create_run("e", "r"))
    watcher.look()
    with store.database.read() as connection:
        rows = connection.execute(sa.select(schema.notices.c.shown, schema.notices.c.hook).order_by("id")).all()
    assert [tuple(row) for row in rows] == [(1, ""), (0, "waiting")]


def test_so_many_notices_are_kept(store, watcher, monkeypatch):
    monkeypatch.setattr(watching, "KEPT", 10)
    watcher.keep(Rule(name="all", when=["finished"], hourly=1000))
    for i in range(25):
        store.finish(store.create_run("e", f"r{i}"))
    assert watcher.look() == 25
    assert [row["text"].split()[0] for row in listed(store)] == [f"r{i}" for i in reversed(range(15, 25))]


def test_many_changes_are_taken_in_turns(store, watcher, monkeypatch):
    monkeypatch.setattr("castalia.track.notices.happening.AT_ONCE", 10)
    monkeypatch.setattr(watching, "AT_ONCE", 10)
    watcher.keep(Rule(name="all", when=["finished"], hourly=1000))
    for i in range(25):
        store.finish(store.create_run("e", f"r{i}"))
    assert [watcher.look() for _ in range(4)] == [10, 10, 5, 0]


_WRONG = [
    {"when": []},
    {"when": ["exploded"]},
    {"name": ""},
    {"name": "a\0b"},
    {"filter": "metrics.loss <"},
    {"filter": "__import__('os')"},
    {"when": ["metric"]},
    {"page": False},
    {"value": math.nan},
    {"minutes": 0},
    {"hourly": 0},
    {"pause": -1},
    {"webhook": "ftp://x.example/"},
    {"more": 1},
]


def test_a_rule_that_cannot_be_followed_is_refused(tmp_path):
    with Store.open(tmp_path) as store:
        for change in _WRONG:
            with pytest.raises(WrongInput):
                watching.Watcher(store).keep(Rule.parse({"name": "x", "when": ["failed"], **change}))


def test_rules_are_changed_dropped_and_capped(store, watcher, monkeypatch):
    made = watcher.keep(Rule(name="a", when=["failed"]))
    assert rules.one(store, watcher.keep(Rule(name="b", when=["finished"]), made.id).id).rule.name == "b"
    rules.drop(store, made.id)
    for act in (lambda: rules.drop(store, made.id), lambda: watcher.keep(Rule(name="c", when=["failed"]), made.id)):
        with pytest.raises(NotFound):
            act()
    monkeypatch.setattr(rules, "MOST", 1)
    watcher.keep(Rule(name="a", when=["failed"]))
    with pytest.raises(TooLarge):
        watcher.keep(Rule(name="b", when=["failed"]))


def test_a_new_rule_has_nothing_of_one_that_is_gone(store, watcher):
    old = watcher.keep(Rule(name="old", when=["failed"], webhook="https://old.example/x", hourly=1))
    run = store.create_run("e", "r")
    store.finish(run, "failed")
    assert watcher.look() == 1
    rules.drop(store, old.id)
    new = watcher.keep(Rule(name="new", when=["failed"], webhook="https://new.example/x", hourly=1))
    assert new.id != old.id and [row["rule_name"] for row in listed(store)] == [None]
    asked = []
    courier = Courier(store, Settings(store.home), lambda host, port: asked.append(host) or [])
    assert courier.round() == 0 and not asked
    assert [(row["hook"], row["hook_said"]) for row in listed(store)] == [("failed", "its rule is gone")]
    store.finish(store.create_run("e", "later"), "failed")  # what the old one said does not count for the new one
    assert watcher.look() == 1
    courier.round()
    assert asked == ["new.example"] and listed(store)[0]["rule_name"] == "new"


_SLOW = [pytest.mark.slow, pytest.mark.xdist_group("postgres")]
_WATCH = """
import sys, time
from castalia.track import Store
from castalia.track.notices.watching import Watcher
with Store.open(sys.argv[1], sys.argv[2]) as store:
    watcher = Watcher(store)
    print("up", flush=True)
    while True:
        watcher.look()
        time.sleep(0.002)
"""


@pytest.mark.parametrize("place", ["sqlite", pytest.param("postgres", marks=_SLOW)], indirect=True)
def test_nothing_is_said_twice_or_left_out_by_watchers_that_are_killed(store, watcher, place):
    """Two watchers at once, each killed and begun again, while runs finish and raise alerts."""
    watcher.keep(Rule(name="all", when=["finished", "alert"], hourly=1000, pause=0))
    seed = int.from_bytes(os.urandom(4))
    print("seed", seed)
    draw = random.Random(seed)

    def begin() -> subprocess.Popen[str]:
        started = subprocess.Popen(
            [sys.executable, "-c", _WATCH, str(store.home), place], stdout=subprocess.PIPE, text=True
        )
        assert started.stdout and started.stdout.readline() == "up\n"
        return started

    children, expected = [begin(), begin()], []
    try:
        for i in range(30):
            run = store.create_run("e", f"r{i}")
            store.add_alert(run, "look")
            store.finish(run)
            expected += [("alert", run), ("finished", run)]
            time.sleep(draw.random() * 0.02)
            if i in (7, 19):
                at = i % 2
                os.kill(children[at].pid, signal.SIGKILL)
                children[at].wait()
                children[at] = begin()
    finally:
        for child in children:
            child.kill()
            child.wait()
            assert child.stdout
            child.stdout.close()
    Watcher(store).look()
    assert sorted((row["kind"], row["run_id"]) for row in listed(store, limit=1000)) == sorted(expected)


@pytest.fixture
def client(store, watcher):
    app = FastAPI()
    courier = Courier(store, Settings(home=store.home, offline=True))
    app.include_router(router(store, watcher, courier, lambda: False))
    roles = {"admin": True}

    @app.middleware("http")
    async def role(request: Request, call):
        request.scope["castalia_admin"] = roles["admin"]
        return await call(request)

    @app.exception_handler(CastaliaError)
    def told(request: Request, error: CastaliaError) -> JSONResponse:
        return JSONResponse(error.as_dict(), error.status)

    with TestClient(app) as opened:
        opened.roles = roles
        yield opened


def test_rules_and_notices_over_http(store, watcher, client):
    assert client.get("/notices/rules").json() == [] and client.get("/notices").json() == {"notices": []}
    made = client.post("/notices/rules", json={"name": "failures", "when": ["failed"]})
    assert made.status_code == 201 and made.json()["name"] == "failures" and made.json()["secret"] is False
    number = made.json()["id"]
    store.finish(store.create_run("e", "r"), "failed")
    watcher.look()
    (said,) = client.get("/notices").json()["notices"]
    assert said["kind"] == "failed" and client.get("/notices", params={"since": said["id"]}).json()["notices"] == []
    assert client.post(f"/notices/rules/{number}/test").json() == {"page": True, "webhook": None}
    assert [row["kind"] for row in client.get("/notices", params={"since": said["id"]}).json()["notices"]] == ["test"]
    off = {"name": "failures", "when": ["failed"], "on": False}
    assert client.put(f"/notices/rules/{number}", json=off).json()["on"] is False
    assert client.put("/notices/rules/99", json=off).status_code == 404
    assert client.delete(f"/notices/rules/{number}").json() == []
    assert client.delete(f"/notices/rules/{number}").status_code == 404
    assert client.get("/notices").json()["notices"][-1]["rule_name"] is None
    for wrong in ({"since": -1}, {"limit": 0}, {"since": 2**63}):
        assert client.get("/notices", params=wrong).status_code == 422


def test_who_follows_is_sent_what_comes_and_what_came_since(store, watcher, monkeypatch):
    monkeypatch.setattr(http, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(http, "MISSED", 2)
    watcher.keep(Rule(name="all", when=["finished"]))
    finish = lambda name: (store.finish(store.create_run("e", name)), watcher.look())  # noqa: E731
    finish("before")
    first = listed(store)[0]["id"]

    async def follow(last: int | None, count: int) -> list[str]:
        said: list[str] = []
        stream = http._follow(store, Changes(store), last, lambda: len(said) > count)
        async for piece in stream:
            said.append(piece.decode())
            if len(said) == 1:
                finish("after")
        return said[1:]

    (new,) = asyncio.run(follow(None, 1))
    assert new.startswith("id: ") and "event: notice" in new and "after finished" in new
    again = asyncio.run(follow(first - 1, 2))
    assert [f'"text":"{name}' in said for name, said in zip(("before", "after"), again, strict=False)] == [True, True]
    for i in range(5):
        finish(f"missed {i}")
    late = asyncio.run(follow(first, 8))  # all of them, though few are read at once; "after" comes last
    assert [said.split('"text":"')[1].split(" finished")[0] for said in late][2:7] == [f"missed {i}" for i in range(5)]


def test_a_webhook_is_an_admins_and_its_secret_is_never_shown(store, client):
    hook = {"name": "h", "when": ["failed"], "webhook": "https://hooks.example/T/key", "secret": "s" * 20}
    made = client.post("/notices/rules", json=hook).json()
    assert made["secret"] is True and made["webhook"] == hook["webhook"]
    kept = store.home / "webhooks.json"
    assert json.loads(kept.read_text())["secrets"] == {str(made["id"]): "s" * 20}
    assert os.name != "posix" or kept.stat().st_mode & 0o777 == 0o600
    client.roles["admin"] = False
    assert (
        "key" not in client.get("/notices/rules").text
        and "https://hooks.example/…" in client.get("/notices/rules").text
    )
    at = f"/notices/rules/{made['id']}"
    assert client.post("/notices/rules", json=hook).status_code == 403
    assert client.put(at, json={"name": "h", "when": ["failed"], "webhook": ""}).status_code == 403
    assert client.post(f"{at}/test").status_code == client.delete(at).status_code == 403
    assert client.post("/notices/rules", json={"name": "plain", "when": ["failed"]}).status_code == 201
    client.roles["admin"] = True
    again = {"name": "renamed", "when": ["failed"], "webhook": None}
    assert client.put(at, json=again).json()["secret"] is True
    assert "s" * 20 not in client.get("/notices/rules").text
    said = client.post(f"{at}/test").json()["webhook"]
    assert said == {"taken": False, "said": "offline: no webhook is sent"}
    assert client.post("/notices/rules", json={**hook, "secret": "short"}).status_code == 422
    kept.write_text("{")
    assert [row["secret"] for row in client.get("/notices/rules").json()] == [None, None]
    with store.database.write() as connection:  # an address that this release would not take
        unlike = sa.func.replace(schema.rules.c.rule, "https://hooks", "gopher://hooks")
        connection.execute(sa.update(schema.rules).where(schema.rules.c.id == made["id"]).values(rule=unlike))
    client.roles["admin"] = False
    assert [row["webhook"] for row in client.get("/notices/rules").json()] == ["…", ""]
    client.roles["admin"] = True
    assert [row["name"] for row in client.delete(at).json()] == ["plain"]  # though its secret cannot be forgotten
    kept.write_text(json.dumps({"format": 1, "secrets": {"2": "s" * 20}}))
    client.delete("/notices/rules/2")
    assert json.loads(kept.read_text())["secrets"] == {}
