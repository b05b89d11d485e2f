"""Archives that carry models: everything comes back, twice is once, and another one of the same name is refused."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as some

from castalia.cli import main
from castalia.core.errors import CastaliaError, NotFound
from castalia.track import Store
from castalia.track.exchange.archive import export_archive, import_archive
from castalia.track.exchange.registry_sheets import LoggedSheet, ModelSheet, carried_with, model_sheet
from castalia.track.protocol.routes import ROUTES
from castalia.track.protocol.wire import Fields

WEIGHTS = bytes(range(256)) * 40


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    with Store.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path, place: str) -> Iterator[Store]:
    """Another tracker, on either database, in which the numbers of experiments are others."""
    with Store.open(tmp_path / "other", place) as opened:
        opened.create_run("somebody else's", run_id="theirs")
        yield opened


def asked(store: Store, path: str, **body: Any) -> Any:
    """What the protocol answers, as to a client."""
    route = next(each for each in ROUTES if each.path == path)
    return route.handler(store, Fields(body, admin=True))


def manifest(number: int) -> bytes:
    """As a fit seals a version: it lists the files."""
    files = {"deep/weights ü.bin": {"sha256": hashlib.sha256(WEIGHTS).hexdigest(), "bytes": len(WEIGHTS)}}
    return json.dumps({"number": number, "files": files}).encode()


def filled(store: Store) -> None:
    """churn: two of ours and one of a client's; copy: a copy of that one; line: a logged model's; alone: no version."""
    for run_id in ("aa", "bb", "cc", "zz"):
        store.create_run("mnist", run_id=run_id)
        store.log_metrics(run_id, [("auc", 0, 1, 0.5)])
        store.add_artifact(run_id, "model/weights.bin", WEIGHTS)
        store.finish(run_id)

    def put(number: int) -> Path:
        folder = store.home / "models" / "churn" / str(number)
        (folder / "deep").mkdir(parents=True)
        (folder / "manifest.json").write_bytes(manifest(number))
        (folder / "deep" / "weights ü.bin").write_bytes(WEIGHTS)
        return folder

    store.add_version("churn", "churn", "aa", put, {"auc": 0.85, "odd": math.nan, "top": math.inf},
                      hashlib.sha256(manifest(1)).hexdigest())  # fmt: skip
    store.add_version("churn", "churn", "bb", put, {"auc": 0.9}, hashlib.sha256(manifest(2)).hexdigest())
    store.set_alias("churn", "champion", 1)
    asked(store, "model-versions/create", name="churn", source=f"{store.artifact_uri('cc')}/model", run_id="cc",
          description="theirs", tags=[{"key": "k", "value": "v"}])  # fmt: skip
    store.set_alias("churn", "outside", 3)
    asked(store, "registered-models/create", name="copy", description="of churn", tags=[{"key": "a", "value": "b"}])
    asked(store, "model-versions/create", name="copy", source="models:/churn/3")
    asked(store, "registered-models/create", name="alone")
    experiment = asked(store, "experiments/get-by-name", experiment_name="mnist")["experiment"]
    made = asked(store, "logged-models", experiment_id=experiment["experiment_id"], name="line", source_run_id="zz",
                 params=[{"key": "p", "value": "1"}], tags=[{"key": "t", "value": "u"}])  # fmt: skip
    model_id = made["model"]["info"]["model_id"]
    store.keep_all(store.model_place(model_id, "MLmodel"), [b"flavors: {}\n"])
    asked(store, "runs/log-batch", run_id="zz",
          metrics=[{"key": "auc", "value": 0.7, "timestamp": 5, "step": 1, "model_id": model_id}])  # fmt: skip
    asked(store, "registered-models/create", name="line")
    asked(store, "model-versions/create", name="line", source=f"models:/{model_id}", model_id=model_id)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def altered(path: Path, change: dict[str, Any], put: dict[str, bytes] | None = None, without: str = "nothing") -> Path:
    """The archive with another sheet of its first model, with files put to it and taken away; every sum is right."""
    inside = members(path)
    told = json.loads(inside["manifest.json"])
    part = told["models"][0]
    own = {name: inside.pop(f"models/0/{name}") for name in part["members"]}
    own["model.json"] = json.dumps({**json.loads(own["model.json"]), **change}).encode()
    own = {name: body for name, body in (own | (put or {})).items() if not name.startswith(without)}
    sums = {name: {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in own.items()}
    part |= {"members": sums, "name": str(change.get("name", part["name"]))}
    inside |= {f"models/0/{name}": body for name, body in own.items()} | {"manifest.json": json.dumps(told).encode()}
    with zipfile.ZipFile(path.with_name("altered.zip"), "w") as made:
        for name, body in inside.items():
            made.writestr(name, body)
    return path.with_name("altered.zip")


def files_of(store: Store, model: str, version: int) -> dict[str, bytes]:
    found = next(each for each in store.versions(model) if each.version == version).folder
    assert found is not None
    return {path.relative_to(found).as_posix(): path.read_bytes() for path in found.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("runs", "names", "carries", "along"),
    [
        ((), ("churn",), {"churn": [1, 2, 3]}, {"aa", "bb", "cc"}),
        ((), ("copy", "alone"), {"alone": [], "churn": [3], "copy": [1]}, {"cc"}),
        ((), ("line",), {"line": [1]}, {"zz"}),
        (("aa",), (), {"churn": [1]}, {"aa"}),
        (("cc",), (), {"churn": [3], "copy": [1]}, {"cc"}),
        (("zz",), ("churn",), {"churn": [1, 2, 3], "line": [1]}, {"aa", "bb", "cc", "zz"}),
    ],
)
def test_models_come_back_byte_for_byte(
    store: Store,
    other: Store,
    tmp_path: Path,
    runs: tuple[str, ...],
    names: tuple[str, ...],
    carries: dict[str, list[int]],
    along: set[str],
) -> None:
    filled(store)
    carried = export_archive(store, runs, tmp_path / "a.zip", names)
    assert dict(carried.models) == carries and set(carried.runs) == along
    assert (len(carried.logged) == 1) == ("zz" in along)
    for _ in range(2):  # twice is once
        taken = import_archive(other, tmp_path / "a.zip")
        assert [(each.problem, each.note) for each in taken] == [("", "")] * len(taken), taken
        assert {each.run_id for each in taken if each.kind == "model"} == {f"models:/{name}" for name in carries}
        for name, numbers in carries.items():
            assert model_sheet(other, name, numbers) == model_sheet(store, name, numbers) or name == "churn"  # nan
            assert sorted(each.version for each in other.versions(name)) == numbers
            for number in {1, 2} & set(numbers) if name == "churn" else ():
                assert files_of(other, name, number) == files_of(store, name, number)
        again = export_archive(other, runs, tmp_path / "b.zip", names)
        assert again == carried
        assert members(tmp_path / "b.zip") == members(tmp_path / "a.zip")
        assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "a.zip").read_bytes()


def test_what_came_is_served_as_what_was_made_here(store: Store, other: Store, tmp_path: Path) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn", "copy", "line"])
    import_archive(other, tmp_path / "a.zip")
    best = other.resolve("churn")
    assert (best.version, best.run_id, best.system, best.metrics["auc"]) == (1, "aa", "churn", 0.85)
    assert math.isnan(best.metrics["odd"]) and best.metrics["top"] == math.inf
    assert best.aliases == ("champion",) and other.resolve("churn", "outside").version == 3
    for name in ("copy", "line", "churn"):  # a client is led to files that are here
        number = 3 if name == "churn" else 1
        uri = asked(other, "model-versions/get-download-uri", name=name, version=str(number))["artifact_uri"]
        if uri.startswith("runs:/"):
            run_id, _, folder = uri.removeprefix("runs:/").partition("/")
            listed = {each.name for each in other.listing(other.run_place(run_id, folder))}
        else:
            listed = {each.name for each in other.listing(other.uri_place(uri))}
        assert listed == ({"MLmodel"} if name == "line" else {"weights.bin"})
    assert other.reserve_version("churn") == 4  # a number is given once
    kept = {path.name for path in (other.home / "models" / "churn").iterdir()}
    assert kept == {"1", "2"}  # and no draft is left


def test_another_version_of_the_same_number_is_refused_and_nothing_of_it_taken(
    store: Store, other: Store, tmp_path: Path
) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn", "line"])
    mine = other.home / "models" / "churn" / "1"
    mine.mkdir(parents=True)
    (mine / "manifest.json").write_text("mine")
    other.add_version("churn", "churn", None, mine, {"auc": 0.1}, "mine")
    taken = {each.run_id: each for each in import_archive(other, tmp_path / "a.zip")}
    problem = taken["models:/churn"].problem
    assert "churn@1 is another version here" in problem and "castalia models show churn" in problem
    assert taken["models:/line"].problem == "" and taken["aa"].problem == ""
    assert [(each.version, each.digest, each.aliases) for each in other.versions("churn")] == [(1, "mine", ())]
    assert (mine / "manifest.json").read_text() == "mine"


def test_an_alias_that_moved_here_stays(store: Store, other: Store, tmp_path: Path) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn"])
    import_archive(other, tmp_path / "a.zip")
    other.set_alias("churn", "champion", 2)
    taken = import_archive(other, tmp_path / "a.zip")
    assert other.resolve("churn").version == 2
    assert [each.note for each in taken if each.note] == [
        "churn@champion stays at version 2 here; in the archive it is 1."
    ]


def told(store: Store, model: str = "churn") -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in ("alias", "before", "version", "time", "who", "reason"))
            for row in store.promotions(model)]  # fmt: skip


def test_who_promoted_what_and_why_comes_too(store: Store, other: Store, tmp_path: Path) -> None:
    filled(store)
    store.set_alias("churn", "champion", 2, "better on last week's data", who="ana")
    store.set_alias("churn", "shadow", 1, who="ben")
    store.set_alias("churn", "champion", 1, "it was not", who="ben")
    store.delete_alias("churn", "shadow", "ana")
    before = told(store)
    assert [row[:3] for row in before] == [("shadow", 1, None), ("champion", 2, 1), ("shadow", None, 1),
                                           ("champion", 1, 2), ("outside", None, 3), ("champion", None, 1)]  # fmt: skip
    for _ in range(2):
        path = tmp_path / "a.zip"
        export_archive(store, [], path, ["churn"])
        taken = [each for each in import_archive(other, path) if each.kind == "model"]
        assert [each.note or each.problem for each in taken] == [""]
        assert told(other) == before
        assert [each.aliases for each in other.versions("churn")] == [each.aliases for each in store.versions("churn")]
    other.set_alias("churn", "champion", 2, "here")
    store.set_alias("churn", "shadow", 2, "again")
    store.set_alias("churn", "late", 2, "new", who="ana")
    export_archive(store, [], path, ["churn"])
    (note,) = [each.note for each in import_archive(other, path) if each.kind == "model"]
    assert "The history of churn@shadow stays as it is here." in note and "champion stays at version 2 here" in note
    assert [row[:3] + row[4:] for row in told(other)[:3]] == [
        ("shadow", None, 2, "", "It came with an import."), ("late", None, 2, "ana", "new"),
        ("champion", 1, 2, "", "here")]  # fmt: skip
    assert told(other)[3:] == before


def test_of_some_versions_the_history_that_ends_at_them_comes(store: Store, other: Store, tmp_path: Path) -> None:
    filled(store)
    store.set_alias("churn", "good", 2, "it is", who="ana")
    export_archive(store, ["bb"], tmp_path / "a.zip")
    import_archive(other, tmp_path / "a.zip")
    assert [row[:3] + row[4:] for row in told(other)] == [("good", None, 2, "ana", "it is")]


def test_a_history_that_no_tracker_wrote_is_refused(store: Store, tmp_path: Path) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn"])
    row = {"alias": "gone", "version": None, "before": 1, "time": 1, "who": "ana", "reason": ""}
    wrong = ({"alias": "latest"}, {"alias": ""}, {"version": 0}, {"version": "2"}, {"before": 2**31}, {"time": None},
             {"time": 2**64}, {"who": 3}, {"who": "x" * 501}, {"reason": "x" * 2001}, {"reason": "a\0b"})  # fmt: skip
    with Store.open(tmp_path / "far") as far:
        for change in wrong:
            path = altered(tmp_path / "a.zip", {"promotions": [row | change]})
            taken = [each for each in import_archive(far, path) if each.kind == "model"]
            assert [bool(each.problem) for each in taken] == [True] and far.models() == [], change


def test_an_archive_without_a_history_or_with_another_one_leaves_the_aliases_right(
    store: Store, other: Store, tmp_path: Path
) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn"])
    row = {"alias": "champion", "version": 2, "before": 1, "time": 1, "who": "eve", "reason": "forged"}
    for change in ({"promotions": [row]}, {"promotions": None}):
        import_archive(other, altered(tmp_path / "a.zip", change))
        assert [row[:3] + row[4:] for row in told(other)] == [
            ("outside", None, 3, "", "It came with an import."),
            ("champion", None, 1, "", "It came with an import."),
        ]


def test_a_chain_of_copies_comes_whole_in_any_order_of_names(store: Store, other: Store, tmp_path: Path) -> None:
    store.create_run("mnist", run_id="cc")
    store.add_artifact("cc", "model/weights.bin", WEIGHTS)
    sources = {"d-dev": f"{store.artifact_uri('cc')}/model", "c-test": "models:/d-dev/1", "b-stage": "models:/c-test/1",
               "a-prod": "models:/b-stage/1"}  # fmt: skip
    for name, source in sources.items():
        asked(store, "registered-models/create", name=name)
        asked(store, "model-versions/create", name=name, source=source, **({"run_id": "cc"} if name == "d-dev" else {}))
    store.set_alias("a-prod", "live", 1)
    export_archive(store, [], tmp_path / "a.zip", ["a-prod"])
    taken = import_archive(other, tmp_path / "a.zip")
    assert [(each.problem, each.note) for each in taken] == [("", "")] * 5
    assert other.resolve("a-prod", "live").source == store.resolve("a-prod", "live").source


def test_an_alias_of_what_was_left_out_is_said(store: Store, other: Store, tmp_path: Path) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn"])
    versions = [{"version": 7, "created": 1, "updated": 1, "trained": False, "source": "file:///etc"}]
    path = altered(tmp_path / "a.zip", {"versions": versions, "aliases": {"old": 7}}, without="versions/")
    notes = [each.note for each in import_archive(other, path) if each.kind == "model"]
    assert "churn@7 was left out" in notes[0] and "churn@old was left out" in notes[0]
    assert other.versions("churn") == []


@pytest.mark.parametrize(
    ("put", "without", "told"),
    [
        ({}, "versions/1/", "no file"),
        ({}, "versions/1/files/manifest.json", "no manifest.json"),
        ({}, "versions/1/files/deep", "weights"),
        ({"versions/1/files/deep/weights ü.bin": b"others"}, "nothing", "weights"),
        ({"versions/1/files/more": b""}, "nothing", "more"),
        ({"versions/1/files/manifest.json": manifest(3)}, "nothing", "another manifest.json"),
    ],
)
def test_a_version_that_is_not_the_one_that_was_sealed_is_refused(
    store: Store, tmp_path: Path, put: dict[str, bytes], without: str, told: str
) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn"])
    with Store.open(tmp_path / "far") as far:
        taken = import_archive(far, altered(tmp_path / "a.zip", {}, put, without))
        problem = next(each.problem for each in taken if each.run_id == "models:/churn")
        assert "churn@1" in problem and told in problem
        assert far.models() == [] and far.reserve_version("churn") == 1  # no number is held by it


def test_an_import_that_was_killed_is_completed(
    store: Store, other: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn"])
    rename = Path.rename

    def dies(self: Path, target: Path) -> Path:
        if self.name.startswith(".draft-"):
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", dies)
        with pytest.raises(KeyboardInterrupt):
            import_archive(other, tmp_path / "a.zip")
    assert [each.version for each in other.versions("churn")] == [3]  # a version is seen whole or not at all
    assert all(each.problem == "" for each in import_archive(other, tmp_path / "a.zip"))
    assert files_of(other, "churn", 2) == files_of(store, "churn", 2)


def test_an_archive_of_before_is_still_read(store: Store, other: Store, tmp_path: Path) -> None:
    store.create_run("mnist", run_id="aa")
    export_archive(store, ["aa"], tmp_path / "a.zip")
    inside = members(tmp_path / "a.zip")
    told = json.loads(inside["manifest.json"])
    inside["manifest.json"] = json.dumps({"format": told["format"], "version": 1, "runs": told["runs"]}).encode()
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as made:
        for name, body in inside.items():
            made.writestr(name, body)
    assert [each.run_id for each in import_archive(other, tmp_path / "old.zip")] == ["aa"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../evil"},
        {"name": ".."},
        {"name": "a/b"},
        {"name": ""},
        {"name": 3},
        {"aliases": {"latest": 1}},
        {"aliases": {"champion": "1"}},
        {"versions": [{"version": "../1", "created": 1, "updated": 1, "trained": True}]},
        {"versions": [{"version": 0, "created": 1, "updated": 1, "trained": True}]},
        {"versions": [{"version": 1, "created": 1, "updated": 1, "trained": "yes"}]},
        {"versions": [{"version": 1, "created": 1, "updated": 1, "trained": False, "source": "file:///etc"}]},
        {"versions": [{"version": 1, "created": 1, "updated": 1, "trained": False, "source": "http://host/x"}]},
        {"versions": [{"version": 1, "created": 1, "updated": 1, "trained": True, "metrics": {"a": []}}]},
        {"versions": [{"version": 2**31 - 1, "created": 1, "updated": 1, "trained": False,
                       "source": "runs:/cc/model", "run_id": "cc"}]},
        {"versions": {}},
        {"tags": {"a": 1}},
        {"created": None},
    ],
)  # fmt: skip
def test_a_sheet_of_a_stranger_leads_nowhere(
    store: Store, tmp_path: Path, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(store)
    export_archive(store, [], tmp_path / "a.zip", ["churn"])
    with Store.open(tmp_path / "far" / "other") as far:
        taken = [each for each in import_archive(far, altered(tmp_path / "a.zip", change)) if each.kind == "model"]
        assert taken[0].problem or "left out" in taken[0].note
        assert far.models() == [] or "versions" not in change
        with pytest.raises(NotFound):
            far.version_place("churn", 1)
    assert not list(tmp_path.rglob("evil")) and not (tmp_path / "far" / "other" / "models" / "a").exists()


PLAIN = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=5,
)
FIELDS = (*ModelSheet.__dataclass_fields__, *LoggedSheet.__dataclass_fields__)


@limits(max_examples=60)
@given(some.dictionaries(some.sampled_from(FIELDS), PLAIN))
def test_whatever_a_sheet_says_is_taken_or_refused_with_words(told: dict[str, Any]) -> None:
    plain = {"name": "m", "created": 1, "updated": 1, "model_id": "m-1", "experiment": "e", "status": "ready",
             "lifecycle": "active"} | told  # fmt: skip
    for kind in (ModelSheet, LoggedSheet):
        try:
            sheet = kind.of_plain(plain)
        except CastaliaError as error:
            assert error.subject and error.expected
        else:
            assert kind.of_plain(json.loads(json.dumps(sheet.plain()))).plain() == sheet.plain()


def test_models_export_in_the_shell(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    filled(store)
    file = str(tmp_path / "a.zip")
    assert main(["models", "export", "churn", "--to", file, "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"runs": ["aa", "bb", "cc"], "models": ["churn"], "file": file}
    assert main(["models", "export", "churn", "--to", file]) == 1
    assert "--replace" in capfd.readouterr().err
    assert main(["models", "export", "churn", "copy", "--to", file, "--replace"]) == 0
    assert "3 runs and 2 models in" in capfd.readouterr().err
    for words, told in ((("chrun",), "Did you mean 'churn'?"), ((), "needs MODEL")):
        assert main(["models", "export", *words, "--to", file, "--replace"]) == 2
        assert told in capfd.readouterr().err
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "new"))
    assert main(["runs", "import", file]) == 0
    said = capfd.readouterr().err
    assert "2 of 2 models are here." in said and "3 of 3 runs are here" in said
    assert main(["models", "show", "churn"]) == 0
    assert "champion" in capfd.readouterr().out


def test_what_a_run_does_not_need_stays(store: Store) -> None:
    filled(store)
    assert carried_with(store, ["zz", "bb"]).runs == ("zz", "bb")
    assert dict(carried_with(store, ["bb"]).models) == {"churn": [2]}
    with pytest.raises(NotFound, match="no model"):
        carried_with(store, [], ["nobody"])
