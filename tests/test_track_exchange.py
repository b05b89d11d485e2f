"""Runs carried out and in: archives, tables, JSON. What comes back is what left, and damage is seen."""

from __future__ import annotations

import csv
import io
import json
import math
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as some
from tiers import quick_first

from castalia.core.errors import CastaliaError, Conflict, WrongInput
from castalia.track import Store
from castalia.track.exchange.archive import export_archive, import_archive
from castalia.track.exchange.sheet import Sheet, points_of, put_run, sheet_of
from castalia.track.exchange.tables import import_table, json_of, write_csv, write_parquet

ODD = [("loss", step, 1000 + step, value) for step, value in enumerate((0.1, math.nan, math.inf, -math.inf, 5e-324))]
ODD += [("loss", 2**63 - 1, 2**63 - 1, 2.0**63), ('x/é, "y"', -(2**63), 0, 1e308), ("loss", 0, 1000, 0.2)]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    with Store.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path, place: str) -> Iterator[Store]:
    """Another tracker, on either database."""
    with Store.open(tmp_path / "other", place) as opened:
        yield opened


def filled(store: Store) -> list[str]:
    parent = store.create_run(
        "mnist", "first", {"rate": 0.1, "note": 'a,\n"b" é'}, {"who": "ada"}, "toys/slope", run_id="aa"
    )
    child = store.create_run("mnist", "fold", parent=parent, run_id="bb")
    store.log_metrics(parent, ODD)
    store.log_metrics(child, [("loss", step, step, step / 7) for step in range(50_001)])
    store.add_artifact(parent, "plots/a b.png", b"\x89PNG" * 1000)
    store.add_artifact(parent, "empty", b"")
    store.add_alert(parent, "loss is NaN", "error")
    store.finish(parent, "failed")
    store.finish(store.create_run("other", run_id="cc"), "done")
    store.delete_runs(["cc"])
    return ["bb", "aa", "cc"]


def content(store: Store, run_id: str) -> dict[str, Any]:
    files = [{key: each[key] for key in ("name", "size", "sha256")} for each in store.artifacts(run_id)]
    points = [(*point[:3], repr(point[3])) for point in points_of(store, run_id)]
    summary = {
        key: {name: repr(value) for name, value in each.items()} for key, each in store.run(run_id)["summary"].items()
    }
    return {"sheet": sheet_of(store, run_id).plain(), "points": points, "files": files, "summary": summary}


def test_an_archive_brings_everything_back(store: Store, other: Store, tmp_path: Path) -> None:
    ids = filled(store)
    export_archive(store, ids, tmp_path / "runs.zip")
    for _ in range(2):  # twice is once
        taken = import_archive(other, tmp_path / "runs.zip")
        assert [(each.run_id, each.problem) for each in taken] == [(run, "") for run in ids]
        assert [each.points for each in taken] == [50_001, len(ODD), 0] and taken[1].files == 2
        for run in ids:
            assert content(other, run) == content(store, run)
    assert other.run("bb")["parent"] == "aa"
    assert {each["run_id"] for each in other.runs().items} == {"aa", "bb"}
    export_archive(other, ids, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "runs.zip").read_bytes()


def rewritten(path: Path, change: dict[str, bytes | None], manifest: bool = False) -> Path:
    """A copy with members changed, or taken away; with ``manifest`` their sums are corrected too."""
    import hashlib

    made = path.with_name(f"changed-{secrets.token_hex(4)}.zip")
    with zipfile.ZipFile(path) as before:
        members = {name: before.read(name) for name in before.namelist()}
    members.update({name: body for name, body in change.items() if body is not None})
    for name in [name for name, body in change.items() if body is None]:
        del members[name]
    if manifest:
        told = json.loads(members["manifest.json"])
        for run in told["runs"]:
            for name in run["members"]:
                body = members[f"runs/{run['run_id']}/{name}"]
                run["members"][name] = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        members["manifest.json"] = json.dumps(told).encode()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name, body in members.items():
            after.writestr(name, body)
    return made


def test_a_damaged_archive_is_refused_and_nothing_is_taken(store: Store, tmp_path: Path) -> None:
    store.create_run("mnist", run_id="aa")
    store.log_metrics("aa", ODD)
    store.add_artifact("aa", "a.txt", b"hello")
    good = tmp_path / "runs.zip"
    export_archive(store, ["aa"], good)
    sheet, points = "runs/aa/run.json", "runs/aa/points.csv"
    manifest = json.loads(zipfile.ZipFile(good).read("manifest.json"))
    newer = json.dumps({**manifest, "version": 3}).encode()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(good.read_bytes()[:-40])
    with Store.open(tmp_path / "other") as other:
        for path in (
            cut,
            rewritten(good, {"runs/aa/files/a.txt": b"hallo"}),
            rewritten(good, {"runs/aa/files/a.txt": None}),
            rewritten(good, {points: b"metric,step,time,value\n"}),
            rewritten(good, {"manifest.json": None}),
            rewritten(good, {"manifest.json": b"{"}),
            rewritten(good, {"manifest.json": b"[]"}),
            rewritten(good, {"manifest.json": newer}),
        ):
            with pytest.raises(WrongInput) as caught:
                import_archive(other, path)
            assert caught.value.got and caught.value.expected and caught.value.cure
            assert not other.runs().total and not other.trashed()
        plain = json.loads(zipfile.ZipFile(good).read(sheet))
        for change in (
            {points: b"metric,step,time,value\nloss,1,2\n"},
            {points: b"metric,step,time,value\nloss,x,2,3\n"},
            {points: b"metric,step,time,value\nloss,%d,2,3\n" % 2**63},
            {points: b"a" * 10_000},
            {points: b"\xff\xfe"},
            {sheet: json.dumps({**plain, "run_id": "../../x"}).encode()},
            {sheet: json.dumps({**plain, "run_id": "bb"}).encode()},
            {sheet: json.dumps({**plain, "status": "gone"}).encode()},
            {sheet: json.dumps({**plain, "started": "now"}).encode()},
            {sheet: json.dumps({**plain, "params": {"a": 1}}).encode()},
            {sheet: json.dumps({**plain, "tags": [1]}).encode()},
            {sheet: b"[" * 5000},
            {sheet: b"null"},
            {sheet: b"{"},
            {sheet: b"\xff"},
        ):
            try:
                taken = import_archive(other, rewritten(good, change, manifest=True))  # type: ignore[arg-type]
            except WrongInput:
                taken = []
            assert all(each.problem for each in taken), change
            assert not other.runs().total, change  # at most in the trash, never taken for a whole one
        assert [each.problem for each in import_archive(other, good)] == [""]  # and the good one completes it
        assert content(other, "aa") == content(store, "aa")


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "C:/x", "."])
def test_names_in_an_archive_lead_nowhere(store: Store, tmp_path: Path, name: str) -> None:
    store.create_run("mnist", run_id="aa")
    store.add_artifact("aa", "a.txt", b"hello")
    export_archive(store, ["aa"], tmp_path / "runs.zip")
    with zipfile.ZipFile(tmp_path / "runs.zip") as before:
        members = {each: before.read(each) for each in before.namelist()}
    told = json.loads(members["manifest.json"])
    inner = told["runs"][0]["members"]
    inner[f"files/{name}"] = inner.pop("files/a.txt")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as after:
        for each, body in members.items():
            after.writestr(
                each.replace("files/a.txt", f"files/{name}"), body if each != "manifest.json" else json.dumps(told)
            )
    with Store.open(tmp_path / "other") as other:
        before_files = {path for path in tmp_path.rglob("*") if path.name in ("x", "a.txt")}
        taken = import_archive(other, tmp_path / "evil.zip")
        assert taken[0].problem and not other.runs().total
        assert {path for path in tmp_path.rglob("*") if path.name in ("x", "a.txt")} == before_files


def test_another_run_of_the_same_id_is_kept(store: Store, tmp_path: Path) -> None:
    store.create_run("mnist", params={"rate": 1}, run_id="aa")
    export_archive(store, ["aa"], tmp_path / "runs.zip")
    with Store.open(tmp_path / "other") as other:
        other.create_run("cifar", params={"rate": 2}, run_id="aa")
        taken = import_archive(other, tmp_path / "runs.zip")
        assert "another run is called aa" in taken[0].problem
        assert other.run("aa")["experiment"] == "cifar" and other.run("aa")["params"] == {"rate": "2"}
        with pytest.raises(Conflict):
            put_run(other, sheet_of(store, "aa"), [], lambda: None)


def test_what_is_here_already_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    store.create_run("mnist", tags={"a": "1"}, run_id="aa")
    store.delete_runs(["aa"])
    export_archive(store, ["aa"], tmp_path / "deleted.zip")
    store.restore_runs(["aa"])
    store.set_tags("aa", {"a": "2"})
    import_archive(store, tmp_path / "deleted.zip")
    assert store.runs().total == 1 and store.run("aa")["tags"] == {"a": "2"}
    store.finish("aa", "failed")
    ended = store.run("aa")["ended"]
    import_archive(store, tmp_path / "deleted.zip")  # which says that it is running
    assert (store.run("aa")["status"], store.run("aa")["ended"]) == ("failed", ended)


def test_a_file_that_changed_here_stays_and_is_said(store: Store, other: Store, tmp_path: Path) -> None:
    store.create_run("mnist", run_id="aa")
    for name in ("same.txt", "model/x.txt", "gone.txt"):
        store.add_artifact("aa", name, b"old")
    export_archive(store, ["aa"], tmp_path / "runs.zip")
    assert [(each.files, each.note) for each in import_archive(other, tmp_path / "runs.zip")] == [(3, "")]
    other.add_artifact("aa", "model/x.txt", b"new")
    other.delete(other.run_place("aa", "gone.txt"))
    taken = import_archive(other, tmp_path / "runs.zip")[0]
    assert (taken.files, taken.problem) == (2, "") and "aa" in taken.note and "model/x.txt" in taken.note
    assert "same.txt" not in taken.note
    kept = {}
    for each in other.artifacts("aa"):
        with other.read_artifact("aa", each["name"]) as file:
            kept[each["name"]] = b"".join(file.pieces())
    assert kept == {"same.txt": b"old", "model/x.txt": b"new", "gone.txt": b"old"}


def test_a_table_that_was_killed_is_completed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("run_id,metric,step,time,value\naa,loss,1,50,0.5\n")
    import_table(store, path)
    store.delete_runs(["aa"])  # where a run lies that was killed on its way in
    assert [each.problem for each in import_table(store, path)] == [""] and store.runs().total == 1


@pytest.mark.parametrize("series", [{"a": 1}, {"a": {"step": [1], "time": [1], "value": []}}, [],
                                    {"a": {"step": [1], "time": [1], "value": [10**400]}},
                                    {"a": {"step": [1], "time": [1], "value": [[]]}}])  # fmt: skip
def test_json_that_does_not_fit_is_said(store: Store, tmp_path: Path, series: Any) -> None:
    store.create_run("mnist", run_id="aa")
    told = json_of(store, ["aa"])
    told["runs"][0]["series"] = series
    (tmp_path / "x.json").write_text(json.dumps(told))
    with Store.open(tmp_path / "other") as other:
        try:
            assert all(each.problem for each in import_table(other, tmp_path / "x.json")) == bool(series)
        except WrongInput as error:
            assert error.got and error.expected and error.cure
        assert not other.runs().total or series == []


@pytest.mark.parametrize("kind", quick_first(["parquet", "csv", "json"], 1))
def test_tables_bring_points_back(store: Store, other: Store, tmp_path: Path, kind: str) -> None:
    ids = filled(store)[:2]
    path = tmp_path / f"runs.{kind}"
    if kind == "csv":
        with path.open("w", newline="") as stream:
            assert write_csv(store, ids, stream) == 50_001 + len(ODD)
    elif kind == "parquet":
        pytest.importorskip("pyarrow")
        assert write_parquet(store, ids, path) == 50_001 + len(ODD)
    else:
        path.write_text(json.dumps(json_of(store, ids), allow_nan=False))
    for _ in range(2):
        assert [(each.run_id, each.problem) for each in import_table(other, path)] == [("bb", ""), ("aa", "")]
        for run in ids:
            assert content(other, run)["points"] == content(store, run)["points"]
            assert other.run(run)["name"] == store.run(run)["name"]
    if kind == "json":
        assert sheet_of(other, "aa") == sheet_of(store, "aa") and other.run("bb")["parent"] == "aa"


def test_a_parquet_file_is_read_by_others(store: Store, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    filled(store)
    write_parquet(store, ["aa"], tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["run_id", "experiment", "name", "metric", "step", "time", "value"]
    assert table.num_rows == len(ODD) and set(table["metric"].to_pylist()) == {"loss", 'x/é, "y"'}


def test_a_table_of_ones_own_is_one_run(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("metric,step,time,value\nloss,1,50,0.5\nloss,2,70,nan\n")
    first, second = (import_table(store, path, "mine")[0] for _ in range(2))
    assert first.run_id == second.run_id and first.points == 2
    found = store.run(first.run_id)
    assert (found["experiment"], found["name"], found["started"], found["ended"]) == ("mine", "mine", 50, 70)
    for text in ("a,b\n1,2\n", "", "metric,step,time,value\nloss,1,2\n", "metric,step,time,value\nloss,1,2,x\n",
                 "metric,step,time,value\nloss,1.5,2,3\n"):  # fmt: skip
        path.write_text(text)
        with pytest.raises(WrongInput) as caught:
            import_table(store, path)
        assert caught.value.got and caught.value.expected and caught.value.cure
    assert store.runs().total == 1


def test_a_kill_in_the_middle_leaves_no_half_run(store: Store) -> None:
    sheet = Sheet("aa", "mnist", "first", "done", 5, 9, params={"a": "1"})

    def dies() -> Iterator[tuple[object, ...]]:
        yield from (("loss", step, step, 0.5) for step in range(60_000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put_run(store, sheet, dies(), lambda: None)
    assert store.runs().total == 0 and [each["run_id"] for each in store.trashed()] == ["aa"]
    points = [("loss", step, step, 0.5) for step in range(60_000)]
    assert put_run(store, sheet, points, lambda: None) == 60_000
    assert store.runs().total == 1 and len(list(points_of(store, "aa"))) == 60_000


FIELDS = (
    "run_id",
    "experiment",
    "name",
    "status",
    "started",
    "ended",
    "params",
    "tags",
    "alerts",
    "datasets",
    "models",
)
PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=5,
)


@limits(max_examples=60)
@given(some.dictionaries(some.sampled_from((*FIELDS, "parent", "deleted")), PLAIN))
def test_whatever_a_sheet_says_is_taken_or_refused_with_words(told: dict[str, Any]) -> None:
    plain = {"run_id": "aa", "experiment": "e", "name": "n", "status": "done", "started": 1} | told
    try:
        sheet = Sheet.of_plain(plain)
    except CastaliaError as error:
        assert error.subject and error.expected
    else:
        assert Sheet.of_plain(json.loads(json.dumps(sheet.plain()))) == sheet


def test_csv_of_one_run_names_only_the_points(store: Store) -> None:
    filled(store)
    stream = io.StringIO()
    write_csv(store, ["aa"], stream, alone=True)
    rows = list(csv.reader(io.StringIO(stream.getvalue())))
    assert rows[0] == ["metric", "step", "time", "value"] and len(rows) == 1 + len(ODD)
