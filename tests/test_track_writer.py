"""The writer: never makes training wait, loses nothing acknowledged, whatever happens to the disk or the process."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from castalia.core.errors import Conflict, Unavailable, WrongInput
from castalia.track import Store, Writer
from castalia.track.spool import Spool, packed, recover


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def run_id(store):
    return store.create_run("writer")


@pytest.fixture
def locked(store):
    """Another connection that holds the database's write lock until it is rolled back."""
    other = sqlite3.connect(store.database.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def steps(store, run_id, key="loss"):
    return store.metrics(run_id, [key], max_points=100_000).get(key, {"step": []})["step"]


def test_points_are_in_the_file_within_a_moment_and_after_flush_at_once(store, run_id):
    with Writer(store, run_id) as writer:
        writer.put(1, {"loss": 0.5})
        until = time.monotonic() + 30
        while not steps(store, run_id) and time.monotonic() < until:
            time.sleep(0.02)
        assert steps(store, run_id) == [1]
        writer.log([("loss", 2, 77, 0.25), ("loss", 2, 77, 0.25)])
        writer.flush()
        assert steps(store, run_id) == [1, 2]
    with pytest.raises(Conflict, match="finished"):
        writer.put(3, {"loss": 0.1})
    writer.flush()  # nothing is left to do, and nothing hangs
    writer.close()
    assert list((store.home).glob("spool/*")) == []


def test_what_is_no_number_is_refused_where_it_is_logged(store, run_id):
    with Writer(store, run_id) as writer:
        for wrong in ({"loss": "high"}, {"loss": None}, {"a\nb": 1.0}, {"ok": 1.0, "loss": [1, 2]}):
            with pytest.raises(WrongInput):
                writer.put(0, wrong)
        with pytest.raises(WrongInput):
            writer.put(2**63, {"loss": 1.0})
    assert store.run(run_id)["metrics"] == {}


def test_a_locked_database_stops_neither_training_nor_flush(store, run_id, locked):
    writer = Writer(store, run_id)
    worst = 0.0
    for step in range(20_000):
        begun = time.perf_counter()
        writer.put(step, {"loss": float(step)})
        worst = max(worst, time.perf_counter() - begun)
    assert worst < 15.0, "a call waited for the database"  # its patience is 30 s; a busy machine may take a moment
    writer.flush(timeout=20)
    assert steps(store, run_id) == []
    assert list(store.home.glob("spool/*.spool")), "acknowledged, so it is on disk"
    locked.execute("ROLLBACK")
    writer.close()
    assert steps(store, run_id) == list(range(20_000))
    assert list(store.home.glob("spool/*")) == []


@pytest.mark.slow
def test_thirty_seconds_under_lock(store, run_id, locked):
    writer, begun, worst, step = Writer(store, run_id), time.monotonic(), 0.0, 0
    while time.monotonic() - begun < 30:
        at = time.perf_counter()
        writer.put(step, {"loss": 0.5})
        worst, step = max(worst, time.perf_counter() - at), step + 1
        time.sleep(0.001)
    assert worst < 1.0
    locked.execute("ROLLBACK")
    writer.close()
    assert len(store.metrics_after(run_id, {}, 100_000)["loss"]["step"]) == step


def test_what_close_could_not_bring_in_the_next_one_does(store, run_id, locked):
    writer = Writer(store, run_id)
    writer.put(1, {"loss": 0.5})
    writer.close(timeout=1.0)  # not an error: the point is on disk
    locked.execute("ROLLBACK")
    assert steps(store, run_id) == []
    with Store.open(store.home) as again:
        assert steps(again, run_id) == [1]
    assert list(store.home.glob("spool/*")) == []


def test_no_other_takes_the_spool_of_the_living(store, run_id, locked):
    writer = Writer(store, run_id)
    writer.put(1, {"loss": 0.5})
    writer.flush()
    writer._next_try = time.monotonic() + 60  # so that it is not its own writer that empties the file
    locked.execute("ROLLBACK")
    assert recover(store.home / "spool", store) == 0
    assert len(list(store.home.glob("spool/*.spool"))) == 1
    writer._next_try = 0.0
    writer.close()
    assert steps(store, run_id) == [1]


def test_many_points_do_not_stay_in_memory(store, run_id):
    writer = Writer(store, run_id, in_memory=5_000)
    before, longest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    for step in range(300_000):
        writer.put(step, {"loss": 0.5}, ms=step)
        longest = max(longest, len(writer._queue))
    writer.close(timeout=50)
    assert longest <= 60_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 80  # MiB; the points as objects: 60
    last = store.run(run_id)["summary"]["loss"]
    assert last["last_step"] == 299_999
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM metrics").scalar_one() == 300_000


def test_a_frame_torn_by_a_kill_is_cut_off_and_those_before_it_stand(store, run_id):
    whole = packed([(run_id, "loss", step, step, step / 2) for step in range(5)])
    folder = store.home / "spool"
    folder.mkdir()
    (folder / "dead.spool").write_bytes(whole + packed([(run_id, "loss", 9, 9, 9.0)])[:-3])
    (folder / "gone.spool").write_bytes(packed([("a run that was deleted", "loss", 1, 1, 1.0)]) + whole)
    (folder / "noise.spool").write_bytes(os.urandom(500))
    flipped = bytearray(whole + packed([(run_id, "loss", 9, 9, 9.0)]))
    flipped[-20] ^= 1
    (folder / "rotten.spool").write_bytes(flipped)
    assert store.recover() == 15
    assert steps(store, run_id) == [0, 1, 2, 3, 4]
    assert list(folder.iterdir()) == []


def test_a_spool_keeps_whole_frames_when_the_disk_fills(tmp_path, monkeypatch):
    spool, write, room = Spool(tmp_path, "w"), os.write, [10_000]

    def full(fd, data):
        if room[0] <= 0:
            raise OSError(28, "No space left on device")
        room[0] -= (done := write(fd, data[: min(len(data), room[0])]))
        return done

    monkeypatch.setattr(os, "write", full)
    points = [("r", "loss", step, step, 0.5) for step in range(100)]
    kept = 0
    with pytest.raises(OSError):
        for _ in range(50):
            spool.append(points)
            kept += 1
    monkeypatch.undo()
    spool.append(points)  # there is room again
    found = 0
    while (frame := spool.frame()) is not None:
        assert [point[1] for point in frame[0]["r"]] == list(range(100))
        spool.done(frame[1])
        found += 1
    assert found == kept + 1 > 2
    spool.close()


def test_a_disk_that_is_full_for_all_is_said_and_nothing_acknowledged(store, run_id, locked, monkeypatch):
    writer = Writer(store, run_id)

    def full(points):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer._spool, "append", full)
    writer.put(1, {"loss": 0.5})
    with pytest.raises(Unavailable, match="no place") as said:
        writer.flush(timeout=2.5)
    assert "Free some space" in said.value.cure
    locked.execute("ROLLBACK")
    writer.close()  # there is a place now: it was kept in memory
    assert steps(store, run_id) == [1]


def test_the_end_of_the_program_loses_nothing(store, run_id):
    code = """
import sys
from castalia.track import Store, Writer
writer = Writer(Store.open(sys.argv[1]), sys.argv[2])
for step in range(1000):
    writer.put(step, {"loss": 0.5})
"""
    subprocess.run([sys.executable, "-c", code, store.home, run_id], check=True, timeout=50)
    assert len(steps(store, run_id)) == 1000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_neither_writes_nor_hangs(store, run_id):
    code = """
import os, sys
from castalia.core.errors import Conflict
from castalia.track import Store, Writer
store = Store.open(sys.argv[1])
writer = Writer(store, sys.argv[2])
writer.put(1, {"loss": 0.5})
if (child := os.fork()) == 0:
    try:
        writer.put(2, {"loss": 0.5})
    except Conflict:
        writer.close()
        os._exit(7 if store.runs().total == 1 else 8)
    os._exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
writer.put(3, {"loss": 0.5})
writer.close()
"""
    subprocess.run([sys.executable, "-c", code, store.home, run_id], check=True, timeout=50)
    assert steps(store, run_id) == [1, 3]


# --- kill -9 -------------------------------------------------------------------------------------

VICTIM = """
import random, sqlite3, sys, threading, time
from castalia.track import Store, Writer
home, run_id, seed, locking = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "lock"
rng, store = random.Random(seed), Store.open(home)
if locking:
    def hold():
        other = sqlite3.connect(store.database.path, isolation_level=None, timeout=30)
        while True:
            other.execute("BEGIN IMMEDIATE"); time.sleep(rng.random() * 1.5)
            other.execute("ROLLBACK"); time.sleep(0.05)
    threading.Thread(target=hold, daemon=True).start()
writer, step = Writer(store, run_id, in_memory=500), 0
while True:
    for _ in range(rng.randrange(1, 400)):
        writer.put(step, {"loss": step / 7}, ms=step); step += 1
    writer.flush()
    sys.stdout.write(f"{step}\\n"); sys.stdout.flush()
"""


def kill_once(store, seed: int) -> None:
    rng = random.Random(seed)
    run_id = store.create_run("killed")
    mode = rng.choice(["lock", "free"])
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, store.home, run_id, str(seed), mode], stdout=subprocess.PIPE
    )
    assert victim.stdout is not None
    first = victim.stdout.readline()
    time.sleep(rng.random() * 0.8)
    victim.send_signal(signal.SIGKILL)
    said = [int(line) for line in first.splitlines() + victim.stdout.read().splitlines(keepends=True) if line.strip()]
    victim.stdout.close()
    assert victim.wait() == -signal.SIGKILL
    with Store.open(store.home) as again:  # opens, and brings in what was put aside
        with again.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA quick_check").scalar_one() == "ok"
            query = "SELECT step, time, value FROM metrics JOIN runs ON run = runs.id WHERE run_id = ? ORDER BY step"
            rows = connection.exec_driver_sql(query, (run_id,)).all()
        kept = [row[0] for row in rows]
        assert kept[: said[-1]] == list(range(said[-1])), f"seed {seed}: acknowledged points are lost"
        assert len(set(kept)) == len(kept), f"seed {seed}: a point is doubled"
        assert all(row[1] == row[0] and row[2] == row[0] / 7 for row in rows), f"seed {seed}"
        assert again.mark_dead([run_id]) == [run_id]
    assert list(store.home.glob("spool/*")) == []


@pytest.mark.parametrize("number", range(3))
def test_nothing_acknowledged_is_lost_by_a_kill(store, number):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    kill_once(store, seed)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100))
def test_nothing_acknowledged_is_lost_by_a_hundred_kills(store, number):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    kill_once(store, seed)
