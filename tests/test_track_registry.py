"""Models: numbers are given once, versions appear whole, aliases point."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from contextlib import suppress

import pytest
import sqlalchemy as sa

from castalia.cli import models as shell
from castalia.core.errors import Conflict, NotFound, WrongInput
from castalia.runtime import opening
from castalia.track import Store, migrations
from castalia.track.protocol import registered, versions
from castalia.track.protocol.wire import Fields, ProtocolError


@pytest.fixture
def store(tmp_path, place):
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


def test_a_version_is_numbered_found_and_complete(store):
    run_id = store.create_run("churn")
    folder = store.home / "models" / "churn" / "1"
    number = store.add_version("churn", "churn", run_id, folder, {"auc": 0.85, "odd": math.nan}, "abc")
    assert number == 1
    found = store.resolve("churn")
    assert (found.label, found.system, found.run_id, found.folder, found.digest) == (
        "churn@1",
        "churn",
        run_id,
        folder,
        "abc",
    )
    assert found.metrics["auc"] == 0.85
    assert math.isnan(found.metrics["odd"])
    assert store.add_version("churn", "churn", None, store.home / "models/churn/2") == 2
    assert [line.version for line in store.versions("churn")] == [2, 1]
    listed = store.models()
    assert (listed[0]["name"], listed[0]["versions"], listed[0]["newest"], listed[0]["champion"]) == ("churn", 2, 2, 2)


def test_the_home_can_move(store, tmp_path, place):
    store.add_version("m", None, None, store.home / "models/m/1")
    store.add_version("m", None, None, tmp_path / "elsewhere")
    store.close()
    store.home.mkdir(exist_ok=True)  # a store on a server makes it with the first file
    store.home.rename(tmp_path / "moved")
    with Store.open(tmp_path / "moved", place) as moved:
        assert moved.resolve("m", 1).folder == tmp_path / "moved/models/m/1"
        assert moved.resolve("m", 2).folder == tmp_path / "elsewhere"


def test_names_numbers_and_aliases_resolve(store):
    for number in (1, 2, 3):
        store.add_version("m", None, None, f"models/m/{number}")
    version = lambda which=None: store.resolve("m", which).version  # noqa: E731
    assert (version(), version("champion"), version("latest"), version("2"), version(1)) == (3, 3, 3, 2, 1)
    store.set_alias("m", "champion", 1)
    store.set_alias("m", "shadow-2", 2)
    assert (version(), version("champion"), version("latest"), version("shadow-2")) == (1, 1, 3, 2)
    assert store.models()[0]["champion"] == 1
    store.set_alias("m", "champion", 2)
    assert store.resolve("m").aliases == ("champion", "shadow-2")
    store.delete_alias("m", "champion")
    assert version() == 3
    with pytest.raises(NotFound, match="Did you mean"):
        store.resolve("m", "shadow-3")
    for wrong in ("4", "0", "-1", "nobody"):
        with pytest.raises(NotFound):
            store.resolve("m", wrong)
    with pytest.raises(NotFound):
        store.resolve("mm")
    with pytest.raises(NotFound):
        store.delete_alias("m", "champion")
    with pytest.raises(NotFound):
        store.set_alias("m", "champion", 4)
    for alias in ("latest", "3", "v3", "a b", "", "a/b", "x" * 256):
        with pytest.raises(WrongInput):
            store.set_alias("m", alias, 1)


@pytest.mark.parametrize(
    "name", ["", "../up", "a/b", "a\\b", ".hidden", "nul", "con.txt", "a@1", "x" * 101, "a\0", "end."]
)
def test_a_model_is_named_so_that_it_can_be_a_folder(store, name):
    with pytest.raises(WrongInput):
        store.add_version(name, None, None, "x")


def test_what_fails_between_reservation_and_publication_is_never_seen(store):
    def broken(number: int) -> str:
        assert [line.version for line in store.versions("m")] == ([] if number == 1 else [number - 1])
        raise OSError("the disk went away")

    with pytest.raises(OSError):
        store.add_version("m", None, None, broken)
    assert store.versions("m") == []
    assert store.models() == []
    with pytest.raises(NotFound, match="no version yet"):
        store.resolve("m")
    assert store.add_version("m", None, None, lambda number: f"models/m/{number}") == 2
    assert store.unpublished() == [("m", 1)]
    with pytest.raises(Conflict):
        store.publish_version("m", 2, "elsewhere", {}, "")
    assert store.resolve("m").folder == store.home / "models/m/2"


def test_a_kill_between_reservation_and_publication_leaves_nothing_to_be_seen(store, place):
    run_id = store.create_run("e")
    code = """
import os, sys
from castalia.track import Store
def killed(number):
    os.kill(os.getpid(), 9)
Store.open(*sys.argv[1:3]).add_version("m", None, sys.argv[3], killed)
"""
    assert subprocess.run([sys.executable, "-c", code, store.home, place, run_id], check=False).returncode == -9
    assert store.versions("m") == []
    assert store.unpublished() == [("m", 1)]
    assert store.reserve_version("m", None, run_id) == 1, "the run that is resumed goes on with its own number"
    assert store.add_version("m", None, None, "models/m/2") == 2
    store.mark_dead([run_id])
    with pytest.raises(Conflict):
        store.publish_version("m", 1, "models/m/1", {}, "")
    assert store.add_version("m", None, run_id, "models/m/3") == 3
    assert [line.version for line in store.versions("m")] == [3, 2]


def test_processes_that_publish_at_once_get_different_numbers(store, place):
    code = """
import sys
from castalia.track import Store
store = Store.open(*sys.argv[1:])
for _ in range(10):
    print(store.add_version("m", None, None, lambda number: f"models/m/{number}"))
"""
    some = [subprocess.Popen([sys.executable, "-c", code, store.home, place], stdout=subprocess.PIPE) for _ in range(4)]
    numbers = [int(line) for child in some for line in child.communicate(timeout=50)[0].split()]
    assert sorted(numbers) == list(range(1, 41))
    assert all(line.folder.name == str(line.version) for line in store.versions("m"))


def register(store: Store, name: str, source: str) -> None:
    """A version as a client of the MLflow protocol makes it."""
    with suppress(ProtocolError):
        registered.create(store, Fields({"name": name}))
    versions.create(store, Fields({"name": name, "source": source}, admin=True))


def test_the_shell_lists_versions_of_other_libraries_with_their_source(settings, capsys):
    with Store.open(settings.home) as store:
        register(store, "theirs", "s3://bucket/line")
        store.add_version("both", "churn", None, "models/both/1", {"auc": 0.8})
        register(store, "both", "s3://bucket/other")
    shell.list_(json=True)
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert (listed["theirs"]["source"], listed["theirs"]["system"]) == ("s3://bucket/line", None)
    assert (listed["both"]["champion"], listed["both"]["newest"]) == (1, 2)
    shell.show("both", json=True)
    shown = json.loads(capsys.readouterr().out)["versions"]
    assert [(each["source"], each["folder"] is None) for each in shown] == [
        ("s3://bucket/other", True), ("castalia:/both/1", False)]  # fmt: skip
    shell.list_()
    shell.show("both")
    said = capsys.readouterr().out
    assert "s3://bucket/line" in said and "s3://bucket/other" in said and "auc" in said


def test_a_version_of_another_library_is_not_opened_and_hides_no_system(settings):
    with Store.open(settings.home) as store:
        register(store, "churn", "s3://bucket/x")
        register(store, "theirs", "s3://bucket/x")
    assert opening.resolve("churn", settings).version is None  # a quick fit answers, as before
    for address in ("churn@1", "churn@latest", "theirs", "theirs@1"):
        with pytest.raises(WrongInput, match="logged by another library"):
            opening.resolve(address, settings)
    with pytest.raises(NotFound, match="no version yet"):
        opening.load("churn", settings)
    with Store.open(settings.home) as store:
        store.add_version("churn", "churn", None, "models/churn/2", {"auc": 0.8})
        register(store, "churn", "s3://bucket/y")
    found = opening.resolve("churn", settings).version
    assert found is not None and found.version == 2
    assert [line.version for line in opening.own_versions("churn", settings)] == [2]
    assert opening.ready(found_card := opening.resolve("churn", settings).card, settings) == "churn@2"
    with Store.open(settings.home) as store:
        store.set_alias("churn", "champion", 3)
    assert opening.ready(found_card, settings) is None
    with pytest.raises(WrongInput, match="churn@3 was logged by another library"):
        opening.load("churn", settings)


def test_versions_of_the_first_layout_are_given_their_source(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    engine = sa.create_engine(f"sqlite:///{home / 'castalia.db'}")
    with engine.begin() as connection:
        migrations.upgrade(connection, "0001")
        connection.exec_driver_sql(
            "INSERT INTO models (id, name, created, updated, numbered) VALUES (7, 'churn', 1, 1, 2)"
        )
        connection.exec_driver_sql(
            "INSERT INTO model_versions (model, version, status, folder, created) VALUES "
            "(7, 1, 'ready', 'models/churn/1', 5), (7, 2, 'reserved', '', 6)"
        )
    engine.dispose()
    with Store.open(home) as store:
        (line,) = store.versions("churn")
        assert (line.source, line.folder) == ("castalia:/churn/1", home / "models/churn/1")
        said = versions.get(store, Fields({"name": "churn", "version": "1"}))["model_version"]
        assert (said["last_updated_timestamp"], said["source"]) == (5, "castalia:/churn/1")
