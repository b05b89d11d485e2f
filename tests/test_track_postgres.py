"""PostgreSQL for real: fresh databases, restarts, deadlocks, lost updates, errors without secrets."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from postgres import KEPT, Cluster

from castalia.core.errors import Conflict, NotFound, Refused, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.track import Store, Writer, schema
from castalia.track.database import Busy, execute

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def url(server):
    return server.url(server.database("castalia_tables"))


@pytest.fixture
def store(tmp_path, url):
    with Store.open(tmp_path / "home", url) as opened:
        yield opened


def together(*works):
    threads = [threading.Thread(target=work) for work in works]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]


# --- the tables ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_many_processes_may_open_a_fresh_database_at_once(tmp_path, cluster):
    url = cluster.url(cluster.database())
    code = "import sys; from castalia.track import Store; print(Store.open(*sys.argv[1:]).create_run('race'))"
    line = [sys.executable, "-c", code, tmp_path, url]
    some = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = {child.communicate(timeout=50)[0].strip() for child in some}
    assert [child.returncode for child in some] == [0] * 4
    with Store.open(tmp_path, url) as store:
        assert {item["run_id"] for item in store.runs().items} == ids
        assert len(ids) == 4


def test_the_migrations_lead_to_the_schema(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from castalia.track import schema

    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.tables) == []
        unsorted = connection.exec_driver_sql(
            "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'text'"
            " AND table_schema = 'public' AND collation_name IS DISTINCT FROM 'C'"
        ).all()
        assert unsorted == []


def test_a_kill_in_the_middle_of_a_migration_leaves_an_empty_database(tmp_path, cluster):
    url = cluster.url(cluster.database())
    code = """
import os, sys
from castalia.track import Store, migrations
upgrade = migrations.upgrade
def killed(connection, target="head"):
    upgrade(connection, target)
    os.kill(os.getpid(), 9)   # after the tables, before the commit
migrations.upgrade = killed
Store.open(*sys.argv[1:])
"""
    assert subprocess.run([sys.executable, "-c", code, tmp_path, url], check=False).returncode == -signal.SIGKILL
    with Store.open(tmp_path, url) as store:
        assert store.runs().total == 0


@pytest.mark.parametrize(("revision", "said"), [("9999", "newer Castalia"), ("a5ab2c1b7c3e", "another program")])
def test_tables_of_somebody_else_are_left_alone(tmp_path, cluster, revision, said):
    import psycopg

    url = cluster.url(cluster.database())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32))")
        connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))
    with pytest.raises(Conflict, match=said):
        Store.open(tmp_path, url)


# --- writing -------------------------------------------------------------------------------------


def test_every_commit_is_on_disk_though_the_server_would_rather_not(tmp_path, server):
    import psycopg

    name = server.database("castalia_tables")
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with Store.open(tmp_path, server.url(name)) as store, store.database.write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def test_many_points_by_copy_are_the_same_as_few(store):
    """By COPY and by arrays: NaN, infinities, 64 bits, points twice in a batch, points there already."""
    odd = [math.nan, math.inf, -math.inf, 2.0**63, -0.0, 5e-324]
    points = [("m", step, 7, odd[step % 6]) for step in range(-300, 300)] + [("m", 2**63 - 1, -(2**63), 1.0)]
    few, many = store.create_run("few"), store.create_run("many")
    for start in range(0, len(points), 100):
        store.log_metrics(few, points[start : start + 100])
    for _ in range(2):
        store.log_metrics(many, points + points[:50])
    a, b = (repr(store.metrics(run_id, max_points=1000)) for run_id in (few, many))
    assert a == b
    assert a.count("nan") == 100
    assert repr(store.run(few)["summary"]) == repr(store.run(many)["summary"])


def test_two_transactions_that_lock_each_other_out_are_both_done_in_the_end(store):
    with store.database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE pair (id int PRIMARY KEY, n int)")
        connection.exec_driver_sql("INSERT INTO pair VALUES (1, 0), (2, 0)")
    meet, tries = threading.Barrier(2, timeout=5), []

    def crosswise(first, second):
        def work(connection):
            tries.append(first)
            connection.exec_driver_sql(f"UPDATE pair SET n = n + 1 WHERE id = {first}")
            with suppress(threading.BrokenBarrierError):  # the second time: the other one is done
                meet.wait()
            connection.exec_driver_sql(f"UPDATE pair SET n = n + 1 WHERE id = {second}")

        def call():
            store.database.commit(work, alone=False)
            meet.abort()

        return call

    together(crosswise(1, 2), crosswise(2, 1))
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT n FROM pair").scalars().all() == [2, 2]
    assert len(tries) > 2, "they never met"


def test_what_was_read_in_a_write_stays_true(store, url):
    """Eight threads read a number and write it plus one, in two processes' worth of stores: none is lost."""
    with store.database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE counter (n int)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")

    def add(connection):
        found = connection.exec_driver_sql("SELECT n FROM counter").scalar_one()
        connection.exec_driver_sql(f"UPDATE counter SET n = {found + 1}")

    def by_write(database):
        for _ in range(10):
            with database.write() as connection:
                add(connection)

    def by_commit(database):
        for _ in range(10):
            database.commit(add)

    with Store.open(store.home, url) as other:
        some = [lambda of=of, how=how: how(of.database) for of in (store, other) for how in (by_write, by_commit)]
        together(*some, *some)
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT n FROM counter").scalar_one() == 80


def test_who_waits_longer_than_its_patience_is_told(store, url):
    with Store.open(store.home, url) as other:
        with other.database.write(), pytest.raises(Busy), store.database.write(patience=0.1):
            pass
        with store.database.write(patience=0.1):
            pass


def test_an_experiment_made_by_two_at_once_is_one(store):
    together(*[lambda: store.create_run("same")] * 6)
    assert store.runs(experiment="same").total == 6


# --- the server goes away ------------------------------------------------------------------------


def test_a_restart_of_the_server_is_ridden_out(store, cluster):
    run_id = store.create_run("restart")
    with Writer(store, run_id) as writer:
        writer.put(0, {"loss": 1.0})
        writer.flush()
        cluster.stop()
        try:
            with pytest.raises(Unavailable) as said:
                store.runs()
            assert "/" not in str(said.value).replace("CASTALIA_STORE", "")
            for step in range(1, 100):
                writer.put(step, {"loss": 1.0})
            writer.flush(timeout=30)  # into the spool
        finally:
            cluster.start()
        store.log_point(run_id, "other", 1, 1, 0.5)
    store.recover()
    assert store.metrics(run_id, ["loss"])["loss"]["step"] == list(range(100))


def test_a_connection_that_breaks_in_the_middle_is_tried_again_and_nothing_is_there_twice(store):
    run_id, tries = store.create_run("broken"), []

    def work(connection):
        tries.append(1)
        connection.exec_driver_sql("INSERT INTO metric_keys (name) VALUES ('once')")
        if len(tries) == 1:
            with store.database.read() as other:
                pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
            connection.exec_driver_sql("SELECT 1")
        return run_id

    assert store.database.commit(work) == run_id
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM metric_keys").scalar_one() == 1
    assert len(tries) == 2


def test_changes_are_noticed(store, url):
    before = store.database.changes()
    assert store.database.changes() == before
    with Store.open(store.home, url) as other:
        other.create_run("e")
    assert store.database.changes() != before


# --- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("castalia@/", "nobody:hunter2@/"), "no such user"),
        (lambda url: url.replace("@/", ":hunter2@/no_such_"), "no such database"),
        (lambda url: "postgresql://me:hunter2@/x?host=/nowhere/hunter2", "nothing listens"),
        (lambda url: "postgresql://me:hunter2@127.0.0.1:1/x", "nothing listens"),
    ],
)
def test_a_server_that_cannot_be_used_is_named_without_address_or_password(tmp_path, url, change, said):
    with pytest.raises(Unavailable, match=said) as refused:
        Store.open(tmp_path, change(url))
    assert "CASTALIA_STORE" in refused.value.cure
    for secret in ("hunter2", "127.0.0.1", "/nowhere", "castalia-pg"):
        assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("FATAL:  the database system is starting up", "it is starting"),
        ("FATAL:  the database system is in recovery mode", "it is starting"),
        ("FATAL:  the database system is shutting down", "it is shutting down"),
        ('FATAL:  database "x" does not exist', "there is no such database"),
        ('FATAL:  role "x" does not exist', "there is no such user"),
    ],
)
def test_a_server_on_its_way_up_or_down_is_not_called_missing(store, words, said):
    import psycopg

    assert store.database.place.readable(psycopg.OperationalError(words)).got == said


@pytest.mark.parametrize("wrong", ["mysql://root:hunter2@h/db", "castalia.db", "postgresql://me:hunter2@h:port/x"])
def test_what_is_no_address_of_ours_is_refused_without_repeating_it(tmp_path, wrong):
    with pytest.raises(WrongInput) as refused:
        Store.open(tmp_path, wrong)
    assert "hunter2" not in str(refused.value)
    assert "postgresql://" in refused.value.expected


def test_constraints_and_read_only_servers_are_said(store, server):
    store.create_run("e")
    with pytest.raises(Conflict), store.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO experiments (name, created, updated) VALUES ('e', 0, 0)")
    with pytest.raises(Unavailable, match="read-only"), store.database.write() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql("DELETE FROM runs")
    with pytest.raises(Unavailable), store.database.read() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
    assert store.runs().total == 1


def test_what_a_client_said_wrongly_is_its_fault_and_not_a_server_that_is_away(store):
    """A 503 would be asked again for minutes."""
    store.create_run("here", run_id="here")
    long = "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000))  # not to be compressed
    row = {"name": long, "lifecycle": "active", "created": 0, "updated": 0}
    wrong = [
        lambda: store.runs(text="\0"),
        lambda: store.runs(experiment="a\0b"),
        lambda: store.runs(order="metrics.\0"),
        lambda: store.run("a\0"),
        lambda: store.versions("a\0"),
        lambda: store.database.commit(lambda connection: connection.execute(schema.experiments.insert(), row)),
        lambda: store.database.commit(
            lambda connection: execute(connection, "SELECT ?::bigint", ["2" * 30]), alone=False
        ),
        lambda: store.database.commit(lambda connection: execute(connection, "SELECT ?::text", ["a\0"]), alone=False),
    ]
    for number, each in enumerate(wrong):
        with pytest.raises((WrongInput, NotFound)) as refused:
            each()
        assert refused.value.status in (404, 422) and refused.value.subject, number
        assert long not in str(refused.value)
        if isinstance(refused.value, WrongInput):
            assert refused.value.got and refused.value.expected and refused.value.cure, number
    assert store.run("here")["status"] == "running"


def test_an_old_server_and_another_coding_are_refused(tmp_path, cluster, monkeypatch):
    import psycopg

    from castalia.track import postgres

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(Unavailable, match="every text"):
        Store.open(tmp_path, cluster.url("latin"))
    monkeypatch.setattr(postgres, "OLDEST", 99)
    with pytest.raises(Unavailable, match="too old"):
        Store.open(tmp_path, cluster.url("postgres"))


def test_offline_refuses_another_machine_but_not_this_one(tmp_path, url):
    home = {"CASTALIA_HOME": str(tmp_path), "CASTALIA_OFFLINE": "1"}
    for far in ("postgresql://u:hunter2@db.example/x", "postgresql:///x?host=db.example", "postgres://10.0.0.1/x",
                "postgresql:///x?host=localhost,db.example", "postgresql:///x?hostaddr=10.0.0.1"):  # fmt: skip
        with pytest.raises(Refused) as refused:
            Store.of(Settings.read(home | {"CASTALIA_STORE": far}))
        assert "hunter2" not in str(refused.value)
    Store.of(Settings.read(home | {"CASTALIA_STORE": url})).close()


def test_the_settings_name_the_store_and_the_scrubber_hides_it(tmp_path, url):
    from castalia.core.settings import scrubber

    settings = Settings.read({"CASTALIA_HOME": str(tmp_path), "CASTALIA_STORE": url})
    with Store.of(settings) as store:
        assert store.database.place.kind == "postgresql"
    assert not (tmp_path / "castalia.db").exists()
    assert scrubber(settings)(f"at {url}.") == "at $CASTALIA_STORE."


def test_a_model_is_fitted_listed_loaded_and_asked_where_the_store_is_a_server(toys, url, monkeypatch, capsys):
    from castalia import cli, runtime

    monkeypatch.setenv("CASTALIA_STORE", url)
    settings = Settings.read()
    assert runtime.resolve("toys/slope", settings).label == "toys.slope@quick"
    fitted = runtime.fit("toys/slope", {"steps": 20}, settings=settings)
    assert fitted.label == "toys.slope@1"
    runtime.fit("toys/slope", {"steps": 20, "slope": 5.0}, as_="line", settings=settings)
    assert runtime.resolve("toys/slope", settings).label == "toys.slope@1"
    assert [each["version"] for each in runtime.describe("line", settings)["versions"]] == [1]
    with pytest.raises(NotFound, match="lime") as missing:  # the names of models are known too
        runtime.load("lime", settings)
    assert "'line'" in missing.value.cure
    model = runtime.load("line", settings)
    hosts = runtime.Hosts(settings)
    try:
        for x in (-1.0, 2.5):
            answer = hosts.call("line", {"x": x})
            assert (answer.output, answer.label) == (model(model.input(x=x)).plain(), "line@1")
    finally:
        hosts.close()
    assert cli.main(["systems", "--json"]) == 0
    systems = {each["address"]: each["ready"] for each in json.loads(capsys.readouterr().out)}
    assert systems["toys/slope"] == "toys.slope@1" and systems["toys/notes"] is None
    assert not (settings.home / "castalia.db").exists()


def test_without_its_driver_the_pip_line_is_said(tmp_path):
    code = """
import sys
sys.modules["psycopg"] = None
from castalia.track import Store
from castalia.core.errors import Unavailable
try:
    Store.open(sys.argv[1], "postgresql:///x")
except Unavailable as error:
    print(error.cure)
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pip install 'castalia[postgres]'"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_opens_connections_of_its_own(store):
    store.create_run("parent")
    if (child := os.fork()) == 0:
        try:
            store.create_run("child")
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    store.create_run("parent")
    assert store.runs().total == 3


def test_databases_of_tests_that_are_over_do_not_pile_up(cluster: Cluster) -> None:
    """A connected one stays; dropped databases are folders that the end of the cluster need not delete."""
    used = cluster.database()
    with psycopg.connect(cluster.url(used)) as connection:
        for _ in range(KEPT + 3):
            cluster.database()
        assert len(list((cluster.folder / "data" / "base").iterdir())) <= KEPT + 3 + 5
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_address_says_how_many_connections(server: Cluster, tmp_path: Path) -> None:
    url = server.url(server.database("castalia_tables"))
    with Store.open(tmp_path, f"{url}&connections=12") as store:
        pool = store.database.engine.pool
        assert pool.size() + pool._max_overflow == 12 and store.create_run("x")  # type: ignore[attr-defined]
    with Store.open(tmp_path, url) as store:
        pool = store.database.engine.pool
        assert pool.size() + pool._max_overflow == 80  # type: ignore[attr-defined]
    for wrong in ("9", "81", "many", "1e1"):
        with pytest.raises(WrongInput, match="connections=10 to 80"):
            Store.open(tmp_path, f"{url}&connections={wrong}")
