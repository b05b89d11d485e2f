"""The tracker's store: opening, migrating, runs, lists, what it refuses."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from castalia.core.errors import Conflict, NotFound, Unavailable, WrongInput
from castalia.track import Store, run

OPENER = "import sys; from castalia.track import Store; print(Store.open(sys.argv[1]).create_run('race'))"


@pytest.fixture
def store(tmp_path, place):
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def file_store(tmp_path):
    with Store.open(tmp_path / "home") as opened:
        yield opened


# --- the file ------------------------------------------------------------------------------------


def test_many_processes_may_open_a_fresh_home_at_once(tmp_path):
    home = tmp_path / "deep" / "home"
    some = [subprocess.Popen([sys.executable, "-c", OPENER, home], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    ids = [child.communicate(timeout=50)[0].strip() for child in some]
    assert [child.returncode for child in some] == [0] * 6
    with Store.open(home) as store:
        assert {item["run_id"] for item in store.runs().items} == set(ids)
        assert len(set(ids)) == 6


def test_an_up_to_date_file_is_opened_without_alembic(file_store):
    code = (
        "import sys; from castalia.track import Store; s = Store.open(sys.argv[1]); s.runs(); s.close();"
        "print(sorted(name for name in ('alembic', 'mako', 'fastapi', 'numpy', 'PIL') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, file_store.home], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_migrations_lead_to_the_schema_and_head_names_the_last(tmp_path):
    import sqlalchemy as sa
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from castalia.track import migrations, revisions, schema

    config = Config()
    config.set_main_option("script_location", str(migrations.HERE))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [revisions.HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == revisions.KNOWN
    with Store.open(tmp_path) as store, store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.tables) == []
        plain = sa.create_engine("sqlite://")
        with plain.connect() as fresh:
            schema.tables.create_all(fresh)
            for table in schema.tables.tables:
                columns = f"PRAGMA table_info({table})"  # names, types, null, defaults, keys
                assert {*connection.exec_driver_sql(columns)} == {*fresh.exec_driver_sql(columns)}, table
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'metrics'").scalar_one()
        assert "WITHOUT ROWID" in made
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_the_schema_names_every_table_it_knows():
    import sqlalchemy as sa

    from castalia.track import schema

    named = [each for each in vars(schema).values() if isinstance(each, sa.Table)]
    assert {*map(id, named)} == {*map(id, schema.tables.tables.values())}
    assert len(named) == len(schema.tables.tables) == 27


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))])
@pytest.mark.parametrize(("taken", "name"), [
    ([], "Default"),
    (["Default (MLflow)"], "Default"),
    (["Default"], "Default (MLflow)"),
    (["Default", "Default (MLflow)"], "Default (MLflow 2)"),
    (["default", "Default (MLflow)", "Default", "Default (MLflow 2)", "Default (MLflow 4)"], "Default (MLflow 3)"),
])  # fmt: skip
def test_an_upgrade_leaves_experiments_of_any_name_alone(tmp_path, request, kind, taken, name):
    import sqlalchemy as sa

    from castalia.track import migrations

    place, url = "", f"sqlite:///{tmp_path / 'castalia.db'}"
    if kind == "postgres":
        cluster = request.getfixturevalue("cluster")
        place = cluster.url(cluster.database())
        url = place.replace("postgresql:", "postgresql+psycopg:")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        migrations.upgrade(connection, "0001")
        for each in taken:
            added = "INSERT INTO experiments (name, lifecycle, created, updated) VALUES (:name, 'active', 1, 1)"
            connection.execute(sa.text(added), {"name": each})
        before = connection.exec_driver_sql("SELECT id, name FROM experiments ORDER BY id").all()
    engine.dispose()
    with Store.open(tmp_path, place) as store, store.database.read() as connection:
        after = connection.exec_driver_sql("SELECT id, name FROM experiments ORDER BY id").all()
    assert after == [(0, name), *before] and [each for _, each in before] == taken


def test_a_kill_in_the_middle_of_a_migration_leaves_a_file_that_opens(tmp_path):
    code = """
import itertools
import os, sys
from castalia.track import Store, migrations, database
upgrade = migrations.upgrade
def killed(connection, target="head"):
    upgrade(connection, target)
    os.kill(os.getpid(), 9)   # after the tables, before the commit
migrations.upgrade = killed
Store.open(sys.argv[1])
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert done.returncode == -9
    with sqlite3.connect(tmp_path / "castalia.db") as raw:
        assert raw.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    with Store.open(tmp_path) as store:
        assert store.runs().total == 0


def test_a_newer_file_a_foreign_file_and_a_place_without_permission_are_refused_with_the_cure(tmp_path):
    Store.open(tmp_path / "new").close()
    with sqlite3.connect(tmp_path / "new" / "castalia.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match="newer Castalia"):
        Store.open(tmp_path / "new")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "castalia.db").write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(Unavailable, match="damaged") as damaged:
        Store.open(tmp_path / "foreign")
    assert "mv " in damaged.value.cure
    (tmp_path / "file").write_text("in the way")
    for place in (tmp_path / "file" / "home", Path("/proc/castalia")):
        with pytest.raises(Unavailable) as refused:
            Store.open(place)
        assert "CASTALIA_HOME" in refused.value.cure


def test_a_full_disk_is_said_and_what_was_there_stays(file_store):
    store = file_store
    run_id = store.create_run("full")
    with store.database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    store.database.close()  # what is opened from here on knows the limit
    from sqlalchemy import event

    event.listen(store.database.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages + 3}"))
    with pytest.raises(Unavailable, match="no room") as full:
        store.log_metrics(run_id, [("loss", step, step, 0.5) for step in range(100_000)])
    assert "Free some space" in full.value.cure
    assert store.run(run_id)["metrics"] == {}
    store.log_metrics(run_id, [("loss", 1, 1, 0.5)])
    assert store.metrics(run_id)["loss"]["value"] == [0.5]


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_says_what_it_was_told(store):
    parent = store.create_run(
        "mnist", "first", {"rate": 0.1, "layers": [64, 32], "note": "a 'b' \"c\" ü"}, {"by": "me"}
    )
    child = store.create_run("mnist", parent=parent, system="neural_net", status="queued")
    store.set_params(parent, {"rate": 0.1, "seed": 0})
    store.set_tags(parent, {"by": "you"})
    shown = store.run(parent)
    assert shown["params"] == {"rate": "0.1", "layers": "[64, 32]", "note": "a 'b' \"c\" ü", "seed": "0"}
    assert shown["tags"] == {"by": "you"}
    assert (shown["name"], shown["status"], shown["ended"], shown["children"]) == ("first", "running", None, 1)
    assert store.run(child)["parent"] == parent
    store.finish(parent, "done")
    assert store.run(parent)["ended"] >= shown["started"]
    store.finish(parent, "running")
    assert store.run(parent)["ended"] is None


def test_a_param_is_said_once(store):
    run_id = store.create_run("e", params={"rate": 0.1})
    with pytest.raises(Conflict, match="said before"):
        store.set_params(run_id, {"rate": 0.2, "new": 1})
    assert store.run(run_id)["params"] == {"rate": "0.1"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"experiment": ""},
        {"experiment": "x" * 501},
        {"experiment": "e", "run_id": "../up"},
        {"experiment": "e", "run_id": "nul"},
        {"experiment": "e", "run_id": "a" * 65},
        {"experiment": "e", "status": "great"},
        {"experiment": "e", "params": {"a\0": 1}},
        {"experiment": "e", "params": {"a/../b": 1}},
        {"experiment": "e", "params": {"a": "x" * 10_000_000}},
        {"experiment": "e", "tags": {"a": "\ud800"}},
        {"experiment": "e", "tags": {"": "x"}},
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_written(store, wrong):
    with pytest.raises(WrongInput):
        store.create_run(**wrong)
    assert store.runs().total == 0


def test_an_id_is_taken_once_and_ids_sort_by_time(store):
    ids = [store.create_run("e") for _ in range(20)]
    assert ids == sorted(ids)
    assert all(len(run_id) == 32 and int(run_id, 16) for run_id in ids)
    with pytest.raises(Conflict):
        store.create_run("e", run_id=ids[0])
    for unknown in ("nope", "x" * 500, "'; DROP TABLE runs; --"):
        with pytest.raises(NotFound):
            store.run(unknown)
        with pytest.raises(NotFound):
            store.finish(unknown, "done")


def test_lists_are_filtered_ordered_and_cut(store):
    for number in range(12):
        run_id = store.create_run("odd" if number % 2 else "even", f"n{number:02d}", {"depth": number % 3})
        if number != 5:
            store.log_metrics(run_id, [("loss", 0, 0, float("nan") if number == 6 else abs(number - 4.2))])
        if number < 4:
            store.finish(run_id, "done")
    names = lambda **how: [item["name"] for item in store.runs(**how).items]  # noqa: E731
    assert names(limit=3) == ["n11", "n10", "n09"]
    assert names(order="name", limit=2, offset=3) == ["n03", "n04"]
    assert names(order="metrics.loss", limit=3) == ["n04", "n03", "n02"]
    assert set(names(order="metrics.loss")[-2:]) == {"n05", "n06"} == set(names(order="-metrics.loss")[-2:])
    assert store.runs(experiment="odd").total == 6
    assert names(status="done", order="name") == ["n00", "n01", "n02", "n03"]
    assert names(text="N07") == ["n07"]
    assert names(text="%") == []
    assert {item["params"]["depth"] for item in store.runs(order="params.depth", limit=4).items} == {"0"}
    for wrong in ({"order": "1; DROP TABLE runs"}, {"limit": 0}, {"limit": 10**6}, {"offset": -1}, {"status": "x"}):
        with pytest.raises(WrongInput):
            store.runs(**wrong)


def test_a_list_is_filtered_and_ordered_by_the_same_things(store):
    ids = [store.create_run("e", params={"rate": rate}, tags={"a": "b"}) for rate in (1, 2, 3)]
    for number, run_id in enumerate(ids):
        store.log_metrics(run_id, [("loss", 1, 1, float(number))])
    filters = ("", "metrics.loss > 0", "params.rate > 1", "tags.a = 'b' AND metrics.loss > 0")
    for text, order in itertools.product(filters, ("metrics.loss", "-metrics.loss", "params.rate", "-params.rate")):
        wanted = ids if not text else ids[1:]
        found = [item["run_id"] for item in store.runs(order=order, filter=text).items]
        assert found == (wanted[::-1] if order.startswith("-") else wanted), (text, order)


def test_ten_thousand_runs_come_in_one_page(store):
    from castalia.track import schema

    with store.database.write() as connection:
        connection.execute(schema.experiments.insert().values(id=1, name="many", created=0, updated=0))
        rows = [
            {"run_id": f"r{i}", "experiment": 1, "name": f"r{i}", "status": "done", "started": i} for i in range(10_000)
        ]
        connection.execute(schema.runs.insert(), rows)
    page = store.runs(limit=10_000)
    assert (len(page.items), page.total, page.items[0]["name"]) == (10_000, 10_000, "r9999")


def test_the_dead_are_marked_with_their_children_and_the_finished_left_alone(store):
    done, dead = store.create_run("e"), store.create_run("e")
    child = store.child_run(dead, "fold-1")
    store.finish(done, "done")
    last = store.run(dead)["started"] + 1
    time.sleep(0.02)
    store.log_metrics(dead, [("loss", 1, last, 1.0)])
    assert set(store.mark_dead([done, dead, "unknown"], "killed")) == {dead, child}
    assert (store.run(dead)["status"], store.run(dead)["ended"]) == ("failed", last)
    assert store.run(dead)["tags"] == {"castalia.error": "killed"}
    assert store.run(done)["status"] == "done"


def test_threads_write_at_once_and_nobody_meets_a_lock(store):
    faults: list[Exception] = []

    def work(thread: int) -> None:
        try:
            run_id = store.create_run("threads", f"t{thread}")
            for step in range(25):
                store.log_metrics(run_id, [("loss", step, step, thread)])
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert faults == []
    assert all(len(store.metrics(item["run_id"])["loss"]["value"]) == 25 for item in store.runs().items)


# --- with run(...) -------------------------------------------------------------------------------


def test_many_slow_readers_keep_nobody_from_reading_or_writing(store):
    """As many as a workbench has threads: 40 of the server's and 32 of the protocol's."""
    run_id = store.create_run("crowd")
    reading, over = threading.Barrier(73), threading.Event()

    def slow():
        with store.database.read() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM runs").scalar()
            reading.wait(20)
            over.wait(20)

    threads = [threading.Thread(target=slow, daemon=True) for _ in range(72)]
    [thread.start() for thread in threads]
    try:
        reading.wait(20)
        store.set_tags(run_id, {"written": "yes"})
        assert store.run(run_id)["tags"] == {"written": "yes"}
    finally:
        over.set()
        [thread.join(20) for thread in threads]


def test_a_block_ends_its_run_as_it_ended_itself(store):
    from castalia.core.errors import Stopped
    from castalia.core.system import Run

    with run("e", {"a": 1}, store=store) as tracked:
        assert isinstance(tracked, Run)
        tracked.log(0, loss=1.0)
        tracked.child("fold-1").log(0, loss=2.0)
        tracked.progress(1, 2)
    assert tracked.folder.is_dir()
    assert store.run(tracked.run_id)["metrics"] == {"loss": 1.0}
    child = store.runs(parent=tracked.run_id).items[0]
    assert (child["name"], child["status"], child["metrics"]) == ("fold-1", "done", {"loss": 2.0})
    with pytest.raises(Conflict, match="finished"):
        tracked.log(1, loss=0.5)
    with pytest.raises(ZeroDivisionError), run("e", store=store) as failed:
        failed.log(0, loss=1.0)
        raise ZeroDivisionError("oh")
    shown = store.run(failed.run_id)
    assert (shown["status"], shown["tags"]["castalia.error"]) == ("failed", "ZeroDivisionError: oh")
    asked = threading.Event()
    with pytest.raises(Stopped), run("e", store=store, should_stop=asked.is_set) as stopped:
        stopped.log(0, loss=1.0)
        asked.set()
        stopped.log(1, loss=1.0)
    shown = store.run(stopped.run_id)
    assert (shown["status"], shown["metrics"]["loss"]) == ("cancelled", 1.0)


def test_a_child_is_continued_after_a_restart(store):
    from castalia.track import TrackedRun

    run_id = store.create_run("e")
    first = TrackedRun(store, run_id)
    child = first.child("trial/3")
    child.log(0, loss=1.0)
    first.flush()
    first._writer.close()  # as after a kill: nobody said how it ended
    store.mark_dead([run_id])
    store.finish(run_id, "running")
    with TrackedRun(store, run_id) as again:
        assert again.child("trial/3").run_id == child.run_id
        assert again.child("trial/3").folder == child.folder
        again.child("trial/3").log(1, loss=0.5)
    assert store.metrics(child.run_id)["loss"]["step"] == [0, 1]


def test_progress_is_said_at_most_ten_times_a_second_and_at_the_end(store):
    from castalia.track import TrackedRun

    said: list[float] = []
    with TrackedRun(store, store.create_run("e"), emit=lambda kind, done, total: said.append(done)) as tracked:
        for done in range(1, 10_001):
            tracked.progress(done, 10_000)
    assert said[-1] == 10_000
    assert len(said) < 100


def test_the_page_on_the_tracker_runs_as_it_stands(settings):
    page = (Path(__file__).parents[1] / "docs" / "track.md").read_text("utf-8")
    code = "\n".join(part.split("```")[0] for part in page.split("```python\n")[1:])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[:2] == ["1.0", "churn@1"]
    with Store.open(settings.home) as store:
        assert store.runs(experiment="mnist").items[0]["status"] == "done"


@pytest.mark.parametrize(("free", "said"), [(0, "full"), (1 << 30, "cannot be read or written")])
def test_a_disk_too_full_for_shared_memory_is_called_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, said: str
) -> None:
    import shutil

    from castalia.track.sqlite import readable

    fault = sqlite3.OperationalError("disk I/O error")
    fault.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 40, 0, free))
    assert said in str(readable(fault, tmp_path / "castalia.db"))
