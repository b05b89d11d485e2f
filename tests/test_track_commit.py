"""Group commit: good works are there, each error reaches its own caller, nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from castalia.core.errors import Conflict, NotFound, Unavailable
from castalia.track import Store
from castalia.track.database import Busy


def with_marks(home, place):
    opened = Store.open(home, place)
    with opened.database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE marks (name VARCHAR(40) PRIMARY KEY, twice INTEGER)")
    return opened


@pytest.fixture
def store(tmp_path, place):
    with with_marks(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def file_store(tmp_path):
    with with_marks(tmp_path / "home", "") as opened:
        yield opened


class Odd(Exception):
    """An error of a work."""


def mark(name, twice=0):
    """A work that puts a line."""
    return lambda connection: connection.exec_driver_sql(f"INSERT INTO marks VALUES ('{name}', {twice})").rowcount


def marks(store):
    with store.database.read() as connection:
        return {row[0] for row in connection.exec_driver_sql("SELECT name FROM marks")}


def together(count, what):
    """Run ``what(number)`` in ``count`` threads that start at once."""
    threads = [threading.Thread(target=what, args=(number,)) for number in range(count)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def test_a_result_is_handed_back_and_an_error_undoes_all_of_its_own_work(store):
    assert store.database.commit(mark("first")) == 1

    def half(connection):
        mark("half")(connection)
        raise Odd("no")

    with pytest.raises(Odd):
        store.database.commit(half)
    with pytest.raises(Conflict):
        store.database.commit(mark("first"))
    with pytest.raises(Unavailable):
        store.database.commit(lambda connection: connection.exec_driver_sql("SELECT * FROM nothing"))
    assert marks(store) == {"first"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_works_at_once_exactly_the_good_are_there_and_each_error_reaches_its_caller(store, seed):
    print("seed", seed)
    good, wrong, sizes = set(), [], []

    def caller(thread):
        rng = random.Random(seed * 1000 + thread)
        for step in range(15):
            name, kind = f"{thread}-{step}", rng.choice(["good", "raise", "constraint", "missing"])

            def work(connection, name=name, kind=kind):
                mark(name)(connection)
                time.sleep(rng.random() / 2000)  # the others gather behind it
                if kind == "raise":
                    raise Odd(name)
                if kind == "constraint":
                    mark(name)(connection)
                if kind == "missing":
                    connection.exec_driver_sql("SELECT * FROM nothing")
                return name

            try:
                result = store.database.commit(work)
            except (Odd, Conflict, Unavailable) as error:
                expected = {"raise": Odd, "constraint": Conflict, "missing": Unavailable}.get(kind)
                if type(error) is not expected or (kind == "raise" and str(error) != name):
                    wrong.append((name, kind, error))
            else:
                if (result, kind) != (name, "good"):
                    wrong.append((name, kind, result))
                good.add(name)

    part = store.database._part
    store.database._part = lambda connection, ask: sizes.append(ask) or part(connection, ask)
    together(12, caller)
    assert wrong == []
    assert marks(store) == good
    assert sizes, "no two works met in one transaction"


def test_when_the_whole_transaction_breaks_each_work_is_tried_by_itself(file_store):
    """SQLite itself undoes everything when the disk is full: the one that is too large fails, the small ones stand."""
    file_store.database.close()
    from sqlalchemy import event

    with sqlite3.connect(file_store.database.path) as raw:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
    event.listen(
        file_store.database.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages + 2}")
    )
    outcomes, holding = {}, threading.Event()

    def hold(connection):
        holding.wait(10)
        mark("leader")(connection)

    def huge(connection):
        connection.exec_driver_sql("CREATE TABLE big AS SELECT randomblob(100000) AS blob")

    def caller(number):
        try:
            if number:
                time.sleep(0.05)
            outcomes[number] = file_store.database.commit({0: hold, 3: huge}.get(number) or mark(f"small-{number}"))
        except Unavailable as error:
            outcomes[number] = error

    threading.Timer(0.3, holding.set).start()
    together(6, caller)
    assert "no room" in str(outcomes.pop(3))
    assert set(outcomes.values()) == {None, 1}
    assert marks(file_store) == {"leader", *(f"small-{number}" for number in (1, 2, 4, 5))}


def test_who_waits_longer_than_its_patience_is_told_and_its_work_never_done(store):
    holding, entered, faults = threading.Event(), threading.Event(), []

    def hold(connection):
        entered.set()
        holding.wait(20)

    def impatient(number):
        try:
            store.database.commit(mark(f"late-{number}"), patience=0.1)
        except Busy as error:
            faults.append(error)

    holder = threading.Thread(target=store.database.commit, args=(hold,))
    holder.start()
    entered.wait(10)
    together(4, impatient)
    assert len(faults) == 4
    with pytest.raises(Busy), store.database.write(patience=0.05):
        pass
    holding.set()
    holder.join()
    store.database.commit(mark("after"))
    assert marks(store) == {"after"}


def test_another_process_that_holds_the_file_is_waited_for_then_named(file_store):
    other = sqlite3.connect(file_store.database.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    faults = []

    def impatient(number):
        try:
            file_store.database.commit(mark(f"late-{number}"), patience=0.2)
        except Busy as error:
            faults.append(error)

    together(3, impatient)
    assert len(faults) == 3
    threading.Timer(0.2, lambda: other.execute("ROLLBACK")).start()
    file_store.database.commit(mark("patient"))
    assert marks(file_store) == {"patient"}
    other.close()


@pytest.mark.parametrize("who", ["thread", "process"])
def test_at_once_waits_for_nobody_and_leaves_nothing(file_store, who):
    database = file_store.database
    let_go, entered = threading.Event(), threading.Event()

    def hold(connection=None):
        entered.set()
        let_go.wait(5)  # who waits for it gets in, and the test fails

    def hold_outside():
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            hold()

    holder = threading.Thread(target=hold_outside if who == "process" else lambda: database.commit(hold))
    holder.start()
    entered.wait(10)
    database.place._took = 0.0  # the disk was quick, however busy this machine is
    assert database.swift() == (who == "process")
    with database.at_once(), pytest.raises(Busy):
        database.commit(mark("early"))
    let_go.set()
    holder.join()
    with database.at_once(), pytest.raises(Conflict):
        database.commit(lambda connection: [mark("half")(connection), mark("half")(connection)])
    with database.at_once():
        assert database.commit(mark("then")) == 1
    database.commit(mark("patient"))
    assert marks(file_store) == {"then", "patient"}


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT of this kind")
def test_an_interrupted_leader_leaves_nobody_waiting(store, request):
    """Ctrl-C in the main thread's work: its own part is undone, those who had gathered behind it are done."""
    told, writing = [], threading.Event()
    # A shell that starts us in the background has SIGINT ignored, and Python leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def hold():
        with store.database.write():
            writing.set()
            time.sleep(0.4)  # the main thread leads and waits; the others gather behind it

    def caller(number):
        time.sleep(0.1)
        told.append(store.database.commit(mark(f"f-{number}"), patience=20))

    def interrupted(connection):
        mark("never")(connection)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    holder = threading.Thread(target=hold)
    holder.start()
    writing.wait(10)
    threads = [threading.Thread(target=caller, args=(number,)) for number in range(4)]
    [thread.start() for thread in threads]
    with pytest.raises(KeyboardInterrupt):
        store.database.commit(interrupted)
    holder.join()
    [thread.join() for thread in threads]
    assert told == [1] * 4
    assert marks(store) == {f"f-{number}" for number in range(4)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_may_write_though_its_parent_was_writing(file_store):
    code = """
import os, sys, threading
from castalia.track import Store
file_store = Store.open(sys.argv[1])
inside = threading.Event()
def hold(connection):
    connection.exec_driver_sql("INSERT INTO marks VALUES ('parent', 0)")
    inside.set()
    threading.Event().wait(0.5)
parent = threading.Thread(target=file_store.database.commit, args=(hold,))
parent.start()
inside.wait(20)
if (child := os.fork()) == 0:
    file_store.database.commit(lambda c: c.exec_driver_sql("INSERT INTO marks VALUES ('child', 0)"))
    os._exit(0)
file_store.database.commit(lambda c: c.exec_driver_sql("INSERT INTO marks VALUES ('later', 0)"))
sys.exit(os.waitpid(child, 0)[1])
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, file_store.home], check=True, timeout=50)
    assert marks(file_store) == {"parent", "child", "later"}


# --- other processes -----------------------------------------------------------------------------

LOGGER = """
import sys, threading
from castalia.track import Store
home, run_id, place, threads, points = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
store, said = Store.open(home, place), threading.Lock()
def work(thread):
    for step in range(points):
        if step % 3:
            store.log_point(run_id, f"t{thread}", step, step, step / 2)
        else:
            store.log_batch(run_id, [(f"t{thread}", step, step, step / 2)], {}, {f"tag{thread}": str(step)})
        with said:
            sys.stdout.write(f"{thread} {step}\\n")
            sys.stdout.flush()
some = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
[each.start() for each in some]
[each.join() for each in some]
"""


def killed(store, place, seed):
    """Kill a process of four threads at a random moment; return how many points it had acknowledged."""
    rng = random.Random(seed)
    run_id = store.create_run("killed")
    child = subprocess.Popen(
        [sys.executable, "-c", LOGGER, store.home, run_id, place, "4", "100000"], stdout=subprocess.PIPE, text=True
    )
    first = child.stdout.readline()  # it is at work
    time.sleep(rng.random() / 4)
    child.kill()
    said = (first + child.communicate()[0]).splitlines(keepends=True)
    acknowledged = [tuple(map(int, line.split())) for line in said if line.endswith("\n")]
    with Store.open(store.home, place) as again:
        for thread in range(4):
            steps = again.metrics(run_id, [f"t{thread}"], max_points=100_000).get(f"t{thread}", {"step": []})["step"]
            last = max((step for owner, step in acknowledged if owner == thread), default=-1)
            assert steps[: last + 1] == list(range(last + 1)), f"seed {seed}"
            assert len(steps) <= last + 2, f"seed {seed}: more than the one in hand"
    return len(acknowledged)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(store, place):
    seed = random.randrange(10**6)
    print("seed", seed)
    assert sum(killed(store, place, seed + number) for number in range(3)) > 3


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_hundred_kills(store, place):
    seed = random.randrange(10**6)
    print("seed", seed)
    assert sum(killed(store, place, seed + number) for number in range(100)) > 1000


def crowd(store, place, processes, threads, points):
    run_ids = [store.create_run("crowd") for _ in range(processes)]
    some = [
        subprocess.Popen(
            [sys.executable, "-c", LOGGER, store.home, run_id, place, str(threads), str(points)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for run_id in run_ids
    ]  # fmt: skip
    faults = [child.communicate(timeout=500)[1] for child in some]
    assert faults == [""] * processes
    for run_id in run_ids:
        shown = store.metrics(run_id, max_points=100_000)
        assert {key: series["step"] for key, series in shown.items()} == {
            f"t{thread}": list(range(points)) for thread in range(threads)
        }


@pytest.mark.parametrize(
    "place", ["sqlite", pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.xdist_group("postgres")])],
    indirect=True,
)  # fmt: skip
def test_eight_processes_of_eight_threads_never_meet_a_locked_database(store, place):
    crowd(store, place, 8, 8, 10)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_eight_processes_of_eight_threads_for_long(store, place):
    crowd(store, place, 8, 8, 500)


# --- points of active runs -----------------------------------------------------------------------


def test_a_point_and_a_batch_go_to_an_active_run_only(store):
    run_id = store.create_run("e", params={"rate": 1})
    store.log_point(run_id, "loss", 1, 10, 0.5)
    store.log_point(run_id, "loss", 1, 10, 0.5)
    store.log_point(run_id, "loss", 2, 20, float("nan"))
    store.log_batch(run_id, [("loss", 0, 5, 9.0), ("acc", 1, 1, 0.9)], {"rate": "1", "depth": "2"}, {"by": "me"})
    shown = store.run(run_id)
    assert (shown["params"], shown["tags"]) == ({"rate": "1", "depth": "2"}, {"by": "me"})
    assert store.metrics(run_id)["loss"]["step"] == [0, 1, 2]
    assert (shown["summary"]["loss"]["max"], shown["summary"]["loss"]["last_step"]) == (9.0, 2)
    with pytest.raises(Conflict) as said:
        store.log_batch(run_id, [("new", 0, 0, 1.0)], {"other": "1", "rate": "3"}, {"by": "you"})
    assert said.value.field == "rate"
    assert store.run(run_id)["tags"] == {"by": "me"}
    assert "new" not in store.metrics(run_id)
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE runs SET lifecycle = 'deleted' WHERE run_id = '{run_id}'")
    for late in (lambda: store.log_point(run_id, "loss", 9, 9, 9.0), lambda: store.log_batch(run_id, [], {}, {})):
        with pytest.raises(Conflict) as said:
            late()
        assert said.value.got == "deleted"
    for gone in (lambda: store.log_point("no", "loss", 9, 9, 9.0), lambda: store.log_batch("no", [], {}, {})):
        with pytest.raises(NotFound):
            gone()


def test_empty_and_ten_megabyte_values_come_back_as_they_were(store):
    """The store itself has no limit below the databases'; the doors in front of it have theirs."""
    run_id = store.create_run("values")
    texts = {"empty": "", "large": "ä" * 5_000_000, "odd": "\x01\t'\"\\ \U0001f600 %s ? :x $1"}
    store.log_batch(run_id, [], texts, texts)
    shown = store.run(run_id)
    assert shown["params"] == texts
    assert shown["tags"] == texts


def test_a_clock_that_goes_back_loses_no_point(store):
    run_id = store.create_run("clock")
    for step, at in enumerate((1000, 900, 2000, 2000, 5)):
        store.log_point(run_id, "m", step, at, float(step))
    assert store.metrics(run_id)["m"] == {"step": [0, 1, 2, 3, 4], "time": [1000, 900, 2000, 2000, 5],
                                          "value": [0.0, 1.0, 2.0, 3.0, 4.0]}  # fmt: skip
    assert store.run(run_id)["summary"]["m"]["last"] == 4.0
    store.log_point(run_id, "m", 4, 4, 9.0)  # earlier than the last of its step
    assert store.run(run_id)["summary"]["m"]["last"] == 4.0
    store.log_point(run_id, "m", 4, 6, 7.0)
    assert store.run(run_id)["summary"]["m"]["last"] == 7.0
