"""The shell's words for runs: side by side, into the trash and out of it, away for good, queries, what waits."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import castalia
from castalia.cli import main
from castalia.core.errors import Conflict, NotFound, TooLarge, WrongInput
from castalia.core.settings import Settings
from castalia.track import Store, runs
from castalia.track.querying import query

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(settings: Settings, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Runs a command line in this process: (exit code, standard output, standard error)."""

    def run(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store.open(settings.home) as opened:
        yield opened


def filled(store: Store, run_id: str, rate: float, loss: float) -> str:
    store.create_run(
        "mnist", name=f"try-{run_id}", params={"rate": rate, "seed": 0}, tags={"who": run_id}, run_id=run_id
    )
    store.log_metrics(run_id, [("loss", step, 1000 + step, loss / step) for step in range(1, 5)])
    store.add_artifact(run_id, "notes/a.txt", run_id.encode())
    store.finish(run_id)
    return run_id


def rows_of(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    with sqlite3.connect(store.home / "castalia.db") as raw:
        names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def test_compare_shows_what_differs(shell: Shell, store: Store) -> None:
    filled(store, "aa", 0.1, 1.0), filled(store, "bb", 0.2, 2.0)
    code, out, err = shell("runs", "compare", "aa", "bb", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["params"] == {"rate": ["0.1", "0.2"]} and found["metrics"] == {"loss": [0.25, 0.5]}
    assert found["tags"] == {"who": ["aa", "bb"]}
    told = shell("runs", "compare", "aa", "bb")[1]
    assert "rate" in told and "seed" not in told and "0.25" in told
    assert "seed" in shell("runs", "compare", "aa", "bb", "--all")[1]
    for words, words_told in ((("aa", "aa"), "nothing to be compared"), (("aa", "zz"), "no run 'zz'")):
        code, out, err = shell("runs", "compare", *words)
        assert (code, out) == (2, "") and words_told in err


def test_deleted_restored_and_gone_for_good(shell: Shell, store: Store) -> None:
    before = rows_of(store)
    filled(store, "aa", 0.1, 1.0), filled(store, "bb", 0.2, 2.0)
    child = store.create_run("mnist", parent="bb", run_id="cc")
    assert shell("runs", "delete", "bb", "--alone")[0] == 0
    listed = json.loads(shell("runs", "list", "--json")[1])["items"]
    assert {each["run_id"] for each in listed} == {"aa", "cc"}
    assert [each["run_id"] for each in json.loads(shell("runs", "list", "--trash", "--json")[1])["items"]] == ["bb"]
    assert "restored" in shell("runs", "restore", "bb")[1]
    assert "was not in the trash" in shell("runs", "restore", "bb")[1]
    shell("runs", "delete", "bb", "--alone")

    fresh = json.loads(shell("runs", "gc", "--json")[1])
    assert fresh["runs"] == []  # it was deleted a moment ago
    tried = json.loads(shell("runs", "gc", "--older-than", "0", "--dry-run", "--json")[1])
    assert (tried["runs"], tried["bytes"], tried["dry_run"]) == (["bb"], 2, True)
    assert store.artifact_path("bb", "notes/a.txt").exists()
    done = json.loads(shell("runs", "gc", "--older-than", "0", "--json")[1])
    assert (done["runs"], done["bytes"]) == (["bb"], 2)
    with pytest.raises(NotFound):
        store.run("bb")
    assert store.run(child)["parent"] is None
    assert not (store.home / "artifacts" / "bb").exists()
    assert shell("runs", "gc", "aa")[0] == 2
    for run in ("aa", "cc"):
        store.delete_runs([run])
    assert shell("runs", "gc", "aa", "cc")[0] == 0
    after = rows_of(store)
    kept = {"metric_keys", "experiments"}
    assert {name: n for name, n in after.items() if name not in kept} == {
        n: c for n, c in before.items() if n not in kept
    }


def family(store: Store) -> None:
    """aa above bb (above dd and ee) and cc; zz beside."""
    for run_id, parent in (("aa", None), ("bb", "aa"), ("cc", "aa"), ("dd", "bb"), ("ee", "bb"), ("zz", None)):
        store.create_run("mnist", parent=parent, run_id=run_id)


def active(store: Store) -> set[str]:
    return {each["run_id"] for each in store.runs().items}


def test_what_is_below_a_run_goes_and_comes_with_it(shell: Shell, store: Store) -> None:
    family(store)
    assert "cc: in the trash." in shell("runs", "delete", "cc")[1]
    assert "ee: in the trash." in shell("runs", "delete", "ee")[1]
    assert "aa: in the trash, with 2 runs below it." in shell("runs", "delete", "aa")[1]
    assert active(store) == {"zz"}
    assert "aa: in the trash already." in shell("runs", "delete", "aa")[1]
    assert "dd: restored." in shell("runs", "restore", "dd")[1]
    shell("runs", "delete", "dd")  # a moment of its own
    assert "aa: restored, with 1 run below it." in shell("runs", "restore", "aa")[1]
    assert active(store) == {"zz", "aa", "bb"}  # not what had been deleted one by one
    assert json.loads(shell("runs", "delete", "aa", "zz", "--json")[1]) == {"deleted": ["aa", "bb", "zz"]}
    assert json.loads(shell("runs", "restore", "aa", "zz", "--alone", "--json")[1]) == {"restored": ["aa", "zz"]}
    assert "bb: restored." in shell("runs", "restore", "bb")[1]
    shell("runs", "delete", "aa")
    assert json.loads(shell("runs", "gc", "aa", "--alone", "--dry-run", "--json")[1])["runs"] == ["aa"]
    assert json.loads(shell("runs", "gc", "aa", "--json")[1])["runs"] == ["aa", "bb"]
    assert {each["run_id"] for each in store.trashed()} == {"cc", "dd", "ee"} and active(store) == {"zz"}


def test_families_on_either_database(place: str, tmp_path: Path) -> None:
    with Store.open(tmp_path / "other", place) as store:
        family(store)
        assert store.delete_runs(["bb"]) == ["bb"] and active(store) == {"aa", "cc", "dd", "ee", "zz"}
        assert store.gone_along(["bb"]) == ["bb"] and store.gone_along(["aa"]) == []
        assert store.delete_runs(["aa", "dd"], children=True) == ["aa", "cc", "dd", "ee"]
        assert store.gone_along(["aa"]) == ["aa", "cc", "dd", "ee"]
        assert store.restore_runs(["aa"], children=True) == ["aa", "cc", "dd", "ee"]
        assert store.restore_runs(["bb"], children=True) == ["bb"] and len(active(store)) == 6
        with pytest.raises(NotFound):
            store.delete_runs(["aa", "nobody"], children=True)
        assert len(active(store)) == 6  # all or none


def test_what_was_deleted_one_by_one_in_one_millisecond(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "other", place) as store:
        family(store)
        moment = runs.now()
        monkeypatch.setattr(runs, "now", lambda: moment)
        for each in ("aa", "bb"):  # the parent, then its child, as a client does over the wire
            assert store.delete_runs([each]) == [each]
        assert store.gone_along(["aa"]) == ["aa"] and store.gone_along(["bb"]) == ["bb"]
        assert store.restore_runs(["aa", "bb"]) == ["aa", "bb"]


def test_children_that_follow_a_run_into_the_trash_come_back_with_it(place: str, tmp_path: Path) -> None:
    with Store.open(tmp_path / "other", place) as store:
        family(store)
        assert store.delete_runs(["bb"]) == ["bb"] and store.delete_runs(["aa"]) == ["aa"]
        followed = store.delete_runs(["aa"], children=True)
        assert "aa" not in followed and "bb" not in followed and followed
        assert store.gone_along(["aa"]) == ["aa", *followed] and store.gone_along(["bb"]) == ["bb"]
        assert store.restore_runs(["aa"], children=True) == ["aa", *followed]


def test_show_tells_alerts_and_children(shell: Shell, store: Store) -> None:
    family(store)
    store.add_alert("aa", "loss is \x1b[31mNaN", "error")
    told = shell("runs", "show", "aa")[1]
    assert "Alerts" in told and re.search(r"error +loss is .*NaN \(0 s ago\)", told) and "\x1b" not in told
    assert re.search(r"children +2\n", told)
    found = json.loads(shell("runs", "show", "aa", "--json")[1])
    assert found["children"] == 2 and [each["level"] for each in found["alerts"]] == ["error"]
    assert "Alerts" not in shell("runs", "show", "zz")[1]


def test_one_is_said_as_one(shell: Shell, store: Store, tmp_path: Path) -> None:
    filled(store, "aa", 0.1, 1.0)
    file = str(tmp_path / "a.zip")
    assert shell("runs", "export", "aa", "--to", file)[2].startswith("1 run in ")
    assert "1 of 1 run is here: 4 points, 1 file." in shell("runs", "import", file)[2]
    shell("runs", "delete", "aa")
    assert "1 run and 0 other things gone" in shell("runs", "gc", "aa")[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("runs", "shwo"), "Did you mean 'show'?"),
        (("runs", "shwo", "aa"), "Did you mean 'show'?"),
        (("runs", "--json", "delte", "aa"), "Did you mean 'delete'?"),
        (("runs", "try-aa"), "A run of this name has the id aa."),
        (("runs", "show", "aa", "bb"), "takes no 'bb'"),
        (("runs", "show", ""), "the id of a run"),
        (("runs", "list", "--status", "don"), "Did you mean 'done'?"),
        (("runs", "list", "--order", "loss"), "metrics.loss"),
        (("runs", "list", "--order", "strated"), "Did you mean 'started'?"),
        (("runs", "list", "--limit", "0"), "limit 1 to 10,000"),
        (("runs", "gc", "--older-than", "nan"), "0 to 36,500"),
        (("models", "alais", "m@1", "x"), "Did you mean 'alias'?"),
        (("models", "lsit"), "Did you mean 'list'?"),
        (("data", "fetsh", "mnist"), "Did you mean 'fetch'?"),
        (("data", "sohw"), "Did you mean 'show'?"),
        (("tokens", "lsit"), "Did you mean 'list'?"),
        (("shelf", "thrust", "x"), "Did you mean 'trust'?"),
        (("audit", "ci"), "takes no 'ci'"),
    ],
)
def test_a_wrong_verb_or_id_is_led_to_the_right_one(
    shell: Shell, store: Store, words: tuple[str, ...], told: str
) -> None:
    filled(store, "aa", 0.1, 1.0)
    code, out, err = shell(*words)
    assert (code, out) == (2, "") and told in err, err
    assert all(f"  {part}:" in err for part in ("got", "expected", "cure")), err


def test_what_is_not_in_the_trash_cannot_be_removed(store: Store) -> None:
    filled(store, "aa", 0.1, 1.0)
    with pytest.raises(Conflict, match="not in the trash"):
        store.remove_runs(["aa"])
    assert store.artifact_path("aa", "notes/a.txt").exists()


def test_a_registered_version_outlives_its_run(store: Store) -> None:
    filled(store, "aa", 0.1, 1.0)
    number = store.add_version("m", None, "aa", store.home / "artifacts" / "aa" / "notes", {"auc": 1.0})
    store.delete_runs(["aa"])
    assert store.remove_runs(["aa"]) == ["aa"]
    found = store.resolve("m", number)
    assert found.run_id is None and found.folder is not None and (found.folder / "a.txt").read_text() == "aa"
    again = store.create_run("mnist", run_id="dd")  # SQLite gives its number again
    assert store.metrics(again) == {} and store.run(again)["params"] == {} and store.resolve("m").run_id is None


def test_queries_read_and_change_nothing(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with Store.open(tmp_path / "other", place) as opened:
        filled(opened, "aa", 0.1, 1.0)
        opened.log_metrics("aa", [("odd", 0, 0, math.inf)])
        found = query(opened.database, "SELECT metric, step, value FROM points ORDER BY metric, step")
        assert found.columns == ["metric", "step", "value"] and not found.more
        assert found.rows[0] == ("loss", 1, 1.0) and found.rows[-1] == ("odd", 0, math.inf)
        assert query(opened.database, "SELECT low, high FROM finals WHERE metric = 'loss'").rows == [(0.25, 1.0)]
        some = query(opened.database, "WITH a AS (SELECT * FROM points) SELECT step FROM a", limit=2)
        assert len(some.rows) == 2 and some.more
        state = opened.run("aa")
        for text in (
            "DELETE FROM runs",
            "UPDATE runs SET name = 'x'",
            "SELECT 1; DELETE FROM runs",
            "DROP TABLE runs",
            "CREATE TEMP TABLE x (y int)",
            "ATTACH 'x.db' AS x",
            "PRAGMA query_only=OFF",
            "PRAGMA journal_mode=DELETE",
            "VACUUM INTO 'copy.db'",
            "SELECT load_extension('x')",
            "COMMIT",
            "COPY runs TO PROGRAM 'id'",
            "SET TRANSACTION READ WRITE",
            "SELEC 1",
            "SELECT nothing FROM runs",
            "",
            "SELECT '\0'",
        ):
            with pytest.raises(WrongInput) as caught:
                query(opened.database, text)
            assert caught.value.subject and caught.value.got and caught.value.expected and caught.value.cure
        with pytest.raises(TooLarge, match="too long"):
            endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            query(opened.database, endless, seconds=0.3)
        assert opened.run("aa") == state  # and the connection still serves
    assert not list(here.iterdir())


def test_query_in_the_shell(shell: Shell, store: Store) -> None:
    filled(store, "aa", 0.1, 1.0)
    code, out, _ = shell("query", "SELECT run_id, name FROM runs", "--json")
    assert (code, json.loads(out)) == (0, {"columns": ["run_id", "name"], "rows": [["aa", "try-aa"]], "more": False})
    assert shell("query", "SELECT run_id FROM runs", "--format", "csv")[1] == "run_id\naa\n"
    assert "try-aa" in shell("query", "SELECT name FROM runs")[1]
    code, out, err = shell("query", "DELETE FROM runs")
    assert (code, out) == (2, "") and "one SELECT that only reads" in err
    assert store.run("aa")


def test_sync_says_what_waits(shell: Shell, settings: Settings) -> None:
    assert "Nothing waits" in shell("runs", "sync")[2]
    run = castalia.run("far", {"a": 1}, server="http://127.0.0.1:1")
    run.log(0, loss=1.0)
    run.finish()
    code, out, _ = shell("runs", "sync", "--json")
    left = json.loads(out)
    assert code == 1 and left[0]["points"] == 1 and left[0]["server"] == "http://127.0.0.1:1" and left[0]["reason"]


def test_export_and_import_in_the_shell(
    shell: Shell, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store, "aa", 0.1, 1.0), filled(store, "bb", 0.2, 2.0)
    before = store.run("aa")
    assert shell("runs", "export", "aa")[1].splitlines()[0] == "metric,step,time,value"
    assert len(shell("runs", "export", "--all")[1].splitlines()) == 9
    assert len(shell("runs", "export", "--filter", "params.rate > 0.15")[1].splitlines()) == 5
    assert json.loads(shell("runs", "export", "aa", "--json")[1])["series"]["loss"]["value"] == [1.0, 0.5, 1 / 3, 0.25]
    assert len(json.loads(shell("runs", "export", "aa", "bb", "--format", "json")[1])["runs"]) == 2
    for name in ("runs.zip", "runs.csv", "runs.json", "runs.parquet"):
        file = str(tmp_path / name)
        code, out, err = shell("runs", "export", "--experiment", "mnist", "--to", file, "--json")
        assert code == 0 and json.loads(out) == {"runs": ["aa", "bb"], "models": [], "file": file}, err
        code, _, err = shell("runs", "export", "aa", "--to", file)
        assert code == 1 and "--replace" in err
        assert shell("runs", "export", "--all", "--to", file, "--replace")[0] == 0
        monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / f"home {name}"))
        for _ in range(2):
            code, out, err = shell("runs", "import", file, "--json")
            assert code == 0, err
            assert [(each["run_id"], each["points"]) for each in json.loads(out)] == [("aa", 4), ("bb", 4)]
        with Store.open(tmp_path / f"home {name}") as there:
            assert there.metrics("aa") == store.metrics("aa")
            if name == "runs.zip":
                assert there.run("aa") == before and there.artifact_path("aa", "notes/a.txt").read_bytes() == b"aa"
        monkeypatch.setenv("CASTALIA_HOME", str(store.home))


def test_wrong_usage_of_export_and_import(shell: Shell, store: Store, tmp_path: Path) -> None:
    filled(store, "aa", 0.1, 1.0)
    (tmp_path / "x.doc").write_text("hello")
    (tmp_path / "x.zip").write_bytes(b"PK\3\4 nothing")
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\0")
    for words, told in (
        (("export",), "needs RUN"),
        (("export", "aa", "--all"), "one of both"),
        (("export", "zz"), "no run 'zz'"),
        (("export", "--experiment", "none"), "no run to export"),
        (("export", "aa", "--to", str(tmp_path / "x")), "--format"),
        (("export", "aa", "--format", "parquet"), "--to runs.parquet"),
        (("export", "aa", "--to-mlflow", "http://x", "--format", "csv"), "two ways out"),
        (("import", str(tmp_path / "nowhere.zip")), "there is no file"),
        (("import", str(tmp_path / "x.doc")), "nothing that can be imported"),
        (("import", str(tmp_path / "x.zip")), "cannot be read"),
        (("import", str(tmp_path / "x.csv")), "cannot be read"),
        (("import", str(tmp_path)), "no TensorBoard logs"),
    ):
        code, out, err = shell("runs", *words)
        assert (code, out) == (2, ""), (words, err)
        assert told in err, (words, err)


@pytest.mark.parametrize("heading", ["castalia runs compare A B", "castalia runs gc", "castalia runs import FILE"])
def test_the_documented_shapes_hold(shell: Shell, store: Store, tmp_path: Path, heading: str) -> None:
    filled(store, "aa", 0.1, 1.0), filled(store, "bb", 0.2, 2.0)
    shell("runs", "export", "aa", "--to", str(tmp_path / "a.zip"))
    words = {"compare": ("aa", "bb"), "gc": (), "import": (str(tmp_path / "a.zip"),)}
    verb = heading.split()[2]
    page = (Path(__file__).parent.parent / "docs" / "shell.md").read_text("utf-8")
    sample = json.loads(re.findall(rf"^### {re.escape(heading)}\n.*?```json\n(.*?)```", page, re.S | re.M)[0])
    said = json.loads(shell("runs", verb, *words[verb], "--json")[1])
    if isinstance(sample, list):
        sample, said = sample[0], said[0]
    assert list(said) == list(sample)
