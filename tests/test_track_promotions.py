"""Promotions: every move of an alias leaves a row, whichever way it was moved, and both happen or neither."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from track_client import over_http

from castalia.cli import models as shell
from castalia.core.errors import CastaliaError, Conflict, NotFound, WrongInput
from castalia.core.settings import Settings
from castalia.track import Store, schema
from castalia.track.capture import user
from castalia.track.exchange.archive import export_archive, import_archive
from castalia.track.promotions import MAX_REASON
from castalia.track.protocol import aliases, registered, versions
from castalia.track.protocol.wire import Fields
from castalia.web import tokens
from castalia.web.app import create_app

HOSTILE = "<script>alert(1)</script>'; DROP TABLE promotions; -- \u202e\u2028 {{7*7}} %s"


@pytest.fixture
def store(tmp_path: Path, place: str) -> Iterator[Store]:
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    with over_http(store) as opened:
        yield opened


def made(store: Store, many: int = 3, model: str = "net") -> None:
    for number in range(many):
        store.add_version(model, "neural_net", None, store.home / "models" / model / str(number + 1), {"acc": number})


def moves(store: Store, model: str = "net") -> list[tuple[Any, ...]]:
    """(alias, before, version, who, reason), the oldest first."""
    return [(row["alias"], row["before"], row["version"], row["who"], row["reason"])
            for row in reversed(store.promotions(model))]  # fmt: skip


def test_each_move_is_a_row_with_who_and_why(store: Store) -> None:
    made(store)
    assert store.promotions("net") == []
    store.set_alias("net", "champion", 1, "  The first. ", "ana")
    store.set_alias("net", "champion", 3, who="bea")
    store.set_alias("net", "champion", 3, who="bea")  # it means that already, and nobody says why
    store.set_alias("net", "champion", 3, "Looked at again.", "cy")
    store.set_alias("net", "good", 2)
    store.delete_alias("net", "champion", "ana")
    assert moves(store) == [
        ("champion", None, 1, "ana", "The first."),
        ("champion", 1, 3, "bea", ""),
        ("champion", 3, 3, "cy", "Looked at again."),
        ("good", None, 2, "", ""),
        ("champion", 3, None, "ana", ""),
    ]
    assert [row["alias"] for row in store.promotions("net", "good")] == ["good"]
    times = [row["time"] for row in store.promotions("net")]
    assert times == sorted(times, reverse=True)
    assert store.resolve("net").version == 3  # the newest again


def test_what_cannot_be_leaves_no_row(store: Store) -> None:
    made(store, 2)
    store.set_alias("net", "champion", 1, who="ana")
    before = moves(store)
    for alias, number, reason, expected, error in (
        ("champion", 9, "", None, NotFound), ("latest", 1, "", None, WrongInput), ("a b", 1, "", None, WrongInput),
        ("champion", 2, "x" * (MAX_REASON + 1), None, WrongInput), ("champion", 2, "a\0b", None, WrongInput),
        ("champion", 2, "\ud800", None, WrongInput), ("champion", 2, "", 2, Conflict), ("new", 2, "", 1, Conflict),
    ):  # fmt: skip
        with pytest.raises(error):
            store.set_alias("net", alias, number, reason, "ana", expected)
    with pytest.raises(NotFound):
        store.delete_alias("net", "absent")
    with pytest.raises(NotFound):
        store.promotions("absent")
    assert moves(store) == before
    assert store.resolve("net").version == 1
    store.set_alias("net", "champion", 2, "x" * MAX_REASON, "ana", 1)
    assert store.resolve("net").version == 2


def test_the_alias_and_its_row_are_one_transaction(store: Store) -> None:
    made(store, 2)
    store.set_alias("net", "champion", 1)
    with store.database.write() as connection:
        connection.execute(sa.text("ALTER TABLE promotions RENAME TO away"))
    with pytest.raises(CastaliaError):
        store.set_alias("net", "champion", 2, "It cannot be written down.")
    assert store.resolve("net").version == 1


def test_two_at_once_are_one_after_the_other(store: Store, tmp_path: Path, place: str) -> None:
    """Each row begins where the one before it ended, and the last says what is."""
    made(store, 8)
    with Store.open(tmp_path / "home", place) as other:
        ready = threading.Barrier(8)

        def promote(where: Store, number: int) -> None:
            ready.wait()
            for _ in range(3):
                where.set_alias("net", "champion", number, f"by {number}", f"t{number}")

        threads = [threading.Thread(target=promote, args=((store, other)[i % 2], i + 1)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = moves(store)
    assert len(found) == 24
    assert [row[1] for row in found] == [None, *(row[2] for row in found[:-1])]
    assert store.resolve("net").version == found[-1][2]
    assert all(row[3] == f"t{row[2]}" and row[4] == f"by {row[2]}" for row in found)


def test_two_that_expect_the_same_only_one_is_first(store: Store) -> None:
    made(store, 3)
    store.set_alias("net", "champion", 1)
    ready, outcomes = threading.Barrier(2), []

    def promote(number: int) -> None:
        ready.wait()
        try:
            store.set_alias("net", "champion", number, expected=1)
            outcomes.append(number)
        except Conflict:
            outcomes.append(0)

    threads = [threading.Thread(target=promote, args=(number,)) for number in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes)[0] == 0
    assert store.resolve("net").version == max(outcomes) > 0


def test_mlflows_client_leaves_rows_too(store: Store) -> None:
    registered.create(store, Fields({"name": "sales"}))
    run = store.create_run("sales")
    for _ in range(2):
        versions.create(store, Fields({"name": "sales", "source": f"runs:/{run}/model", "run_id": run}))
    at = {"name": "sales", "alias": "best"}
    aliases.put(store, Fields({**at, "version": "1"}, who="ci"))
    aliases.put(store, Fields({**at, "version": "2"}, who="ci"))
    aliases.delete(store, Fields(at, who="ana"))
    aliases.delete(store, Fields(at, who="ana"))  # there is none, which is fine and nothing that happened
    aliases.put(store, Fields({**at, "version": "2"}))
    versions.delete(store, Fields({"name": "sales", "version": "2"}, who="bea"))
    assert moves(store, "sales") == [
        ("best", None, 1, "ci", ""),
        ("best", 1, 2, "ci", ""),
        ("best", 2, None, "ana", ""),
        ("best", None, 2, "", ""),
        ("best", 2, None, "bea", "The version was deleted."),
    ]
    registered.rename(store, Fields({"name": "sales", "new_name": "demand"}))
    assert len(store.promotions("demand")) == 5
    registered.delete(store, Fields({"name": "demand"}))
    with store.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.promotions)) == 0


def test_an_alias_that_came_with_an_archive_says_who_set_it_and_why(store: Store, tmp_path: Path) -> None:
    run = store.create_run("sales")
    registered.create(store, Fields({"name": "sales"}))
    store.add_artifact(run, "model/MLmodel", b"flavors: {}\n")
    versions.create(store, Fields({"name": "sales", "source": f"runs:/{run}/model", "run_id": run}))
    store.set_alias("sales", "best", 1, "A reason that goes along.", "ana")
    export_archive(store, [], tmp_path / "a.zip", models=["sales"])
    with Store.open(tmp_path / "other") as other:
        for _ in range(2):  # twice is once
            import_archive(other, tmp_path / "a.zip")
        assert moves(other, "sales") == [("best", None, 1, "ana", "A reason that goes along.")]


def test_over_http(store: Store, client: TestClient) -> None:
    made(store, 2)
    answer = client.post("/models/net/promotions", json={"version": 1, "reason": HOSTILE})
    assert answer.status_code == 200
    assert (answer.json()["champion"], answer.json()["aliases"]) == (1, {"champion": 1})
    assert client.put("/models/net/aliases/good", json={"version": 2}).json()["aliases"] == {"champion": 1, "good": 2}
    moved = client.post("/models/net/promotions", json={"version": 2, "alias": "champion", "expected": 1})
    assert moved.json()["champion"] == 2
    assert client.delete("/models/net/aliases/good").json()["aliases"] == {"champion": 2}
    history = client.get("/models/net/promotions").json()
    assert [(row["alias"], row["version"]) for row in history] == [
        ("good", None),
        ("champion", 2),
        ("good", 2),
        ("champion", 1),
    ]
    assert history[-1]["reason"] == HOSTILE
    assert [row["id"] for row in client.get("/models/net/promotions?alias=champion").json()] == [
        row["id"] for row in history if row["alias"] == "champion"
    ]
    for body, status in (
        ({"version": 7}, 404), ({"version": 1, "expected": 1}, 409), ({"version": 1, "alias": "v1"}, 422),
        ({"version": 1, "reason": "x" * 2001}, 422), ({"version": 1, "reason": "a\0"}, 422),
        ({"version": "1"}, 422), ({"version": 0}, 422), ({"version": 1, "who": "the boss"}, 422), ({}, 422),
        ({"version": 1, "alias": "x" * 300}, 422), ({"version": 2**40}, 422),
    ):  # fmt: skip
        answer = client.post("/models/net/promotions", json=body)
        assert answer.status_code == status, (body, answer.text)
    assert client.post("/models/absent/promotions", json={"version": 1}).status_code == 404
    assert client.get("/models/absent/promotions").status_code == 404
    assert client.get("/models/net/promotions").json() == history


def test_nobody_overwrites_what_another_did(store: Store, client: TestClient) -> None:
    made(store, 2)
    first = {"version": 1, "expected": None}
    assert client.post("/models/net/promotions", json=first).json()["before"] is None
    again = client.post("/models/net/promotions", json={**first, "version": 2})
    assert (again.status_code, again.json()["expected"]) == (409, "no version")
    assert client.post("/models/net/promotions", json={"version": 2, "expected": 1}).json()["before"] == 1
    before = moves(store)
    assert client.delete("/models/net/aliases/champion?expected=1").status_code == 409
    for wrong in ("0", "x", ""):
        assert client.delete(f"/models/net/aliases/champion?expected={wrong}").status_code == 422
    assert client.post("/models/net/promotions", json={"version": 1, "expected": 0}).status_code == 422
    assert client.delete("/models/net/aliases/absent?expected=1").status_code == 404
    assert (moves(store), store.resolve("net").version) == (before, 2)
    taken = client.delete("/models/net/aliases/champion?expected=2").json()
    assert (taken["before"], taken["aliases"]) == (2, {})
    gone = client.post("/models/net/promotions", json={"version": 1, "expected": 2})
    assert (gone.status_code, gone.json()["got"]) == (409, "it was taken away")
    assert client.put("/models/net/aliases/champion", json={"version": 1}).json()["before"] is None


def workbench(home: Path) -> TestClient:
    return TestClient(create_app(Settings(home=home)), "http://localhost:8000", client=("127.0.0.1", 50000))


def test_who_is_who_asked(tmp_path: Path) -> None:
    """The name of the token, whichever door: ours or the protocol's; a reader moves nothing."""
    with Store.open(tmp_path) as store:
        made(store)
    heads = {name: {"authorization": f"Bearer {tokens.add(tmp_path, name, role)}"}
             for name, role in (("ana", "writer"), ("eve", "reader"))}  # fmt: skip
    with TestClient(
        create_app(Settings(home=tmp_path)), "http://localhost:8000", client=("127.0.0.1", 50000)
    ) as client:
        for head, status in ((heads["eve"], 403), ({}, 401), (heads["ana"], 200)):
            said = client.post("/models/net/promotions", json={"version": 1, "reason": "Mine."}, headers=head)
            assert said.status_code == status
            body = {"name": "net", "alias": "best", "version": "2"}
            assert client.post("/api/2.0/mlflow/registered-models/alias", json=body, headers=head).status_code == status
            assert client.put("/models/net/aliases/x", json={"version": 3}, headers=head).status_code == status
            assert client.delete("/models/net/aliases/x", headers=head).status_code == status
        history = client.get("/models/net/promotions", headers=heads["eve"]).json()
    assert [(row["alias"], row["version"], row["who"]) for row in reversed(history)] == [
        ("champion", 1, "ana"), ("best", 2, "ana"), ("x", 3, "ana"), ("x", None, "ana")]  # fmt: skip


@pytest.mark.slow
def test_no_token_is_whoever_is_at_this_machine(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        made(store)
    with TestClient(
        create_app(Settings(home=tmp_path)), "http://localhost:8000", client=("127.0.0.1", 50000)
    ) as client:
        client.post("/models/net/promotions", json={"version": 1})
        assert [row["who"] for row in client.get("/models/net/promotions").json()] == ["loopback"]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_killed_in_the_middle_both_are_there_or_neither(store: Store) -> None:
    """A process that promotes without end is killed; what is left is a chain that ends at what the alias means."""
    made(store, 4)
    program = """
import itertools, sys
from castalia.track import Store
with Store.open(sys.argv[1]) as store:
    for i in itertools.count():
        store.set_alias("net", "champion", i % 4 + 1, f"move {i}", "child")
        if i == 2:
            print("going", flush=True)
"""
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", program, str(store.home)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None and child.stdout.readline() == "going\n"
        child.kill()
        child.wait()
        found = list(reversed(store.promotions("net")))
        assert found[-1]["version"] == store.resolve("net").version
        assert all(later["before"] == one["version"] for one, later in itertools.pairwise(found))
        assert [row["who"] for row in found] == ["child"] * len(found)


def test_in_the_shell(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(settings.home) as store:
        made(store)
        store.set_alias("net", "champion", 1, who="ana")
    assert shell.promote("net", "latest", reason="Better.", json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"name": "net", "alias": "champion", "version": 3, "before": 1, "reason": "Better."}
    assert shell.promote("net", "2", alias="good") == 0
    assert "net@good is net@2." in capsys.readouterr().out
    assert shell.history("net", alias="champion", json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["before"], row["version"], row["reason"], row["who"]) for row in found] == [
        (1, 3, "Better.", user()),
        (None, 1, "", "ana"),
    ]
    assert shell.history("net") == 0
    assert "1 -> 3" in capsys.readouterr().out
    for words in (("net", "9"), ("absent", "1")):
        with pytest.raises(NotFound):
            shell.promote(*words)
