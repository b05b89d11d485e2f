"""Models as their pages show them: lists, notes, lineage, versions beside each other, files, model cards."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as arrow
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from model_filling import DATA, SETS, logged, trained
from pyarrow import parquet
from track_client import over_http

from castalia.core.errors import NotFound, WrongInput
from castalia.track import Store, models_card
from castalia.track.board import model_page
from castalia.track.board.beside import beside
from castalia.track.board.experiments import experiments
from castalia.track.board.lineage import lineage
from castalia.track.board.models_http import router as model_routes
from castalia.track.board.version_files import files
from castalia.track.model_cards import _table, model_card
from castalia.track.protocol import batches, inputs, logged_models, registered, versions
from castalia.track.protocol.wire import Fields

here = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""For what no database decides."""


@pytest.fixture
def store(tmp_path: Path, place: str) -> Iterator[Store]:
    with Store.open(tmp_path / "home", place) as opened:
        yield opened


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    with over_http(store) as opened:
        yield opened


def test_a_page_says_what_is_known_of_each_version(store: Store, client: TestClient) -> None:
    trained(store, {"trees": 10}, {"auc": 0.8, "odd": math.nan}, "a")
    run = logged(store, "churn", tags=[{"key": "by", "value": "ci"}], description="From *their* side.")
    page = client.get("/models/churn").json()
    theirs, ours = page["versions"]
    assert page["down"] == {"auc": False, "rmse": True}  # "odd" says nothing
    assert (page["champion"], page["newest"]) == (1, 2)  # the bare name means what castalia.load opens
    assert (ours["measured"], ours["metrics"]) == ("fit", {"auc": 0.8, "odd": "NaN"})
    assert (theirs["measured"], theirs["metrics"]) == ("run", {"rmse": 2.0})  # its last, nothing of the machine
    assert (theirs["tags"], theirs["note"], theirs["stage"]) == ({"by": "ci"}, "From *their* side.", "None")
    assert theirs["run"] == {"run_id": run, "name": "train", "status": "running", "lifecycle": "active"}
    assert (ours["ours"], theirs["ours"]) == (True, False)
    assert client.get("/models").json()[0]["metrics"] == {"auc": 0.8, "odd": "NaN"}
    store.delete_runs([run])
    assert client.get("/models/churn").json()["versions"][0]["run"]["lifecycle"] == "deleted"
    assert client.get("/models/absent").status_code == 404


def test_a_logged_model_measures_for_its_version(store: Store) -> None:
    run = store.create_run("sales", "train", {"depth": 3})
    experiment = next(one["id"] for one in experiments(store) if one["name"] == "sales")
    asked = {"experiment_id": str(experiment), "name": "m", "source_run_id": run,
             "params": [{"key": "trees", "value": "9"}]}  # fmt: skip
    model_id = logged_models.create(store, Fields(asked))["model"]["info"]["model_id"]
    for step in (0, 2, 1):
        said = {"key": "acc", "value": 0.1 * step, "timestamp": 1, "step": step}
        of = {"run_id": run, "model_id": model_id, "dataset_name": "held", "dataset_digest": "d1"}
        batches.log_metric(store, Fields(said | of))
    for _ in range(2):
        if not store.models():
            registered.create(store, Fields({"name": "m"}))
        versions.create(store, Fields({"name": "m", "source": f"models:/{model_id}", "model_id": model_id}))
    page = model_page.page(store, "m")["versions"][0]
    assert (page["measured"], page["metrics"]) == ("model", {"acc": 0.2})
    assert model_page.listed(store)[0]["metrics"] == {"acc": 0.2}
    came = lineage(store, "m", 1)
    assert came["logged"]["name"] == "m"
    assert [(one["name"], one["digest"], one["use"]) for one in came["data"]] == [("held", "d1", "measured on")]
    params = next(each for each in beside(store, "m", [1, 2])["sections"] if each["name"] == "params")
    assert {row["key"]: row["values"] for row in params["rows"]} == {"depth": ["3", "3"], "trees": ["9", "9"]}


@here
def test_metrics_of_many_models_are_asked_for_at_once(store: Store) -> None:
    for number in range(4):
        logged(store, f"m{number}")
    logged(store, "m0")
    asked: list[str] = []
    sa.event.listen(store.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    found = model_page.listed(store)
    assert [one["metrics"] for one in found] == [{"rmse": 2.0}] * 4
    assert sum("latest_metrics" in text for text in asked) == 1


@here
def test_a_page_shows_so_many_versions(store: Store, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        trained(store, {}, {"auc": number / 10}, "a")
    store.set_alias("churn", "old", 1)
    whole = client.get("/models/churn").json()
    monkeypatch.setattr(model_page, "MOST", 2)

    def shown(query: str = "") -> tuple[list[int], bool]:
        page = client.get(f"/models/churn{query}").json()
        same = ("name", "champion", "newest", "aliases")
        assert [page[key] for key in same] == [whole[key] for key in same]
        return [line["version"] for line in page["versions"]], page["more"]

    assert ([line["version"] for line in whole["versions"]], whole["more"]) == ([6, 5, 4, 3, 2, 1], False)
    assert shown() == ([6, 5, 1], True)
    assert (shown("?before=5"), shown("?before=3"), shown("?before=1")) == (
        ([4, 3], True),
        ([2, 1], False),
        ([], False),
    )
    store.set_alias("churn", "champion", 2)
    assert client.get("/models/churn").json()["champion"] == 2
    assert [line["version"] for line in client.get("/models/churn").json()["versions"]] == [6, 5, 2, 1]
    assert client.get("/models/churn?before=0").status_code == 422


def test_a_model_without_a_version_is_listed(store: Store, client: TestClient) -> None:
    trained(store, {}, {"auc": 0.8}, "a")
    registered.create(store, Fields({"name": "bare", "description": "Soon.", "tags": [{"key": "k", "value": "v"}]}))
    bare, churn = client.get("/models").json()
    assert (churn["name"], churn["versions"], bare["versions"]) == ("churn", 1, 0)
    said = {key: bare[key] for key in ("name", "newest", "champion", "aliases", "metrics", "description", "tags")}
    assert said == {"name": "bare", "newest": None, "champion": None, "aliases": {}, "metrics": {},
                    "description": "Soon.", "tags": {"k": "v"}}  # fmt: skip
    page = client.get("/models/bare").json()
    assert (page["versions"], page["champion"], page["newest"], page["more"]) == ([], None, None, False)
    assert client.patch("/models/bare", json={"note": "Later."}).json()["description"] == "Later."
    assert client.get("/models/bare/versions/1/files").status_code == 404


@here
def test_what_pages_read_of_models_is_read_in_the_lane(store: Store) -> None:
    reads = [route for route in model_routes(store).routes if "GET" in route.methods]  # type: ignore[attr-defined]
    reads = [route for route in reads if not route.path.endswith("{path:path}")]  # type: ignore[attr-defined]
    assert len(reads) == 7
    assert [one.path for one in reads if not hasattr(one.endpoint, "__wrapped__")] == []  # type: ignore[attr-defined]


def test_notes_tags_and_stages_change_and_nothing_else(store: Store, client: TestClient) -> None:
    trained(store, {}, {"auc": 0.8}, "a")
    before = client.get("/models/churn").json()
    hostile = "<img src=x onerror=alert(1)> \u202e"
    page = client.patch("/models/churn", json={"note": hostile, "tags": {"team": hostile}}).json()
    assert (page["description"], page["tags"]) == (hostile, {"team": hostile})
    page = client.patch("/models/churn/versions/1", json={"note": "n", "tags": {"a": "1"}, "stage": "Staging"}).json()
    line = page["versions"][0]
    assert (line["note"], line["tags"], line["stage"]) == ("n", {"a": "1"}, "Staging")
    for path, expected in (("", {"note": "hers"}), ("", {"tags": {"team": None}}), ("/versions/1", {"note": "m"}),
                           ("/versions/1", {"tags": {"a": "2"}})):  # fmt: skip
        body = {"note": "x", "tags": {"a": "x"}, "expected": expected}
        assert client.patch(f"/models/churn{path}", json=body).status_code == 409, expected
    expected = {"note": "n", "tags": {"a": "1", "absent": None}}
    assert client.patch("/models/churn/versions/1", json={"expected": expected}).status_code == 200
    page = client.patch("/models/churn", json={"note": "", "tags": {"team": None, "absent": None}}).json()
    assert (page["description"], page["tags"]) == ("", {})
    line = client.patch("/models/churn/versions/1", json={"tags": {"a": None}, "stage": "None", "note": ""}).json()
    unmoved = [{**each, "updated": 0} for each in line["versions"]]
    assert unmoved == [{**each, "updated": 0} for each in before["versions"]]
    for path, body in (
        ("", {"note": "x" * 100_001}), ("", {"tags": {"k": "x" * 8001}}), ("", {"tags": {"": "x"}}),
        ("", {"tags": {"a/../b": "x"}}), ("", {"stage": "Staging"}), ("/versions/1", {"stage": "Best"}),
        ("/versions/1", {"version": 2}), ("/versions/1", {"note": "\0"}), ("", {"note": 1}),
    ):  # fmt: skip
        assert client.patch(f"/models/churn{path}", json=body).status_code == 422, body
    assert client.patch("/models/churn/versions/2", json={"note": "x"}).status_code == 404
    assert client.patch("/models/absent", json={"note": "x"}).status_code == 404
    assert client.patch("/models/churn/versions/x", json={}).status_code == 422


def test_lineage_of_a_version_that_castalia_trained(store: Store) -> None:
    trained(store, {"trees": 10}, {"auc": 0.8}, "a")
    store.set_alias("churn", "champion", 1)
    came = lineage(store, "churn", 1)
    assert came["version"]["aliases"] == ["champion"]
    assert came["run"]["params"] == {"trees": "10"}
    assert came["code"] == {"commit": "0123456789abcdef", "branch": "main", "dirty": True, "origin": "",
                            "command": "", "hash": "ef" * 32}  # fmt: skip
    assert [(one["name"], one["digest"], one["research_only"]) for one in came["data"]] == [
        ("telco", DATA, False), ("medmnist", "cd" * 32, True)]  # fmt: skip
    (store.home / "models/churn/1/manifest.json").write_text("[" * 100_000)
    came = lineage(store, "churn", 1)  # what the run said before it began is left
    assert [(one["name"], one["version"], one["digest"], one["licence"]) for one in came["data"]] == [
        ("telco", 1, DATA, "")]  # fmt: skip
    with pytest.raises(NotFound):
        lineage(store, "churn", 2)


def test_lineage_of_what_a_client_registered(store: Store) -> None:
    run = logged(store)
    source = json.dumps({"url": "https://example.org/shops"})
    sets = [("shops", "d1", source, "training"), ("late", "d2", "no json", "eval")]
    inputs.log_inputs(store, Fields({"run_id": run, "datasets": [
        {"dataset": {"name": name, "digest": digest, "source_type": "http", "source": where},
         "tags": [{"key": "mlflow.data.context", "value": use}]} for name, digest, where, use in sets],
        "models": [{"model_id": "m-base"}]}))  # fmt: skip
    came = lineage(store, "sales", 1)
    assert [(one["name"], one["digest"], one["use"], one["source"]) for one in came["data"]] == [
        ("late", "d2", "eval", "http"),
        ("shops", "d1", "training", "https://example.org/shops"),
    ]
    assert came["inputs"] == [{"model_id": "m-base", "name": ""}]
    assert (came["code"]["commit"], came["code"]["dirty"], came["logged"]) == ("c0ffee1234", None, None)


@here
def test_what_nobody_said_is_empty(store: Store) -> None:
    registered.create(store, Fields({"name": "bare"}))
    versions.create(store, Fields({"name": "bare", "source": "s3://bucket/model"}, admin=True))
    came = lineage(store, "bare", 1)
    assert (came["run"], came["logged"], came["data"], came["inputs"]) == (None, None, [], [])
    assert files(store, "bare", 1) == {"here": False, "files": [], "more": False}
    card = model_card(store, "bare", 1)
    assert [(flag.kind, flag.of) for flag in card.flags] == [("unknown", "the data it learnt from")]
    assert card.text.count("Unknown: nobody said.") == 5  # use, data, params, metrics, limits


def test_versions_beside_each_other(store: Store, client: TestClient) -> None:
    trained(store, {"trees": 10, "rate": 0.1}, {"auc": 0.8, "odd": math.nan}, "same")
    trained(store, {"trees": 20, "rate": 0.1}, {"auc": 0.9, "odd": math.nan}, "same", SETS[:1])
    trained(store, {"trees": 20}, {"auc": 0.9}, "else")
    found = client.get("/models/churn/compare?version=2&version=1").json()
    assert [line["version"] for line in found["versions"]] == [2, 1]
    said = {section["name"]: {row["key"]: (row["values"], row["differs"]) for row in section["rows"]}
            for section in found["sections"]}  # fmt: skip
    assert said["metrics"] == {"auc": ([0.9, 0.8], True), "odd": (["NaN", "NaN"], False)}
    assert said["params"] == {"rate": (["0.1", "0.1"], False), "trees": (["20", "10"], True)}
    assert said["data"] == {"medmnist": ([None, "cd" * 32], True), "telco": ([DATA, DATA], False)}
    assert said["code"]["commit"] == (["0123456789abcdef"] * 2, False)
    assert said["files"]["model.txt"][1] is False
    three = beside(store, "churn", [1, 2, 3, 3])
    rows = {row["key"]: row for section in three["sections"] for row in section["rows"]}
    assert rows["model.txt"]["differs"] and [one["size"] for one in rows["model.txt"]["values"]] == [4, 4, 4]
    assert rows["rate"]["values"] == ["0.1", "0.1", None] and rows["rate"]["differs"]
    for wrong in ([1], [1, 1], list(range(1, 10))):
        with pytest.raises(WrongInput):
            beside(store, "churn", wrong)
    assert client.get("/models/churn/compare?version=1&version=7").status_code == 404
    assert client.get("/models/churn/compare").status_code == 422


@here
def test_files_are_listed_with_the_hashes_that_are_known(store: Store) -> None:
    trained(store, {}, {"auc": 0.8}, "content")
    logged(store)
    ours = {one["name"]: one for one in files(store, "churn", 1)["files"]}
    assert ours["model.txt"] == {"name": "model.txt", "size": 7, "sha256": hashlib.sha256(b"content").hexdigest()}
    assert ours["manifest.json"]["sha256"] == ""
    theirs = files(store, "sales", 1)
    assert theirs["here"] and theirs["files"] == [
        {"name": "MLmodel", "size": 12, "sha256": hashlib.sha256(b"flavors: {}\n").hexdigest()}
    ]


@here
def test_a_file_of_a_version_is_answered_as_one_of_a_run(store: Store, client: TestClient) -> None:
    trained(store, {}, {"auc": 0.8}, "content")
    logged(store)
    at = "/models/churn/versions/1"
    found = client.get(f"{at}/artifacts/model.txt", headers={"range": "bytes=3-"})
    assert (found.status_code, found.text) == (206, "tent")
    assert client.get("/models/sales/versions/1/artifacts/MLmodel").text == "flavors: {}\n"
    folder = store.home / "models" / "churn" / "1"
    (folder / "evil.html").write_text("<script>alert(1)</script>")
    (folder / "secret").symlink_to(store.home / "castalia.db")
    evil = client.get(f"{at}/artifacts/evil.html")
    assert evil.headers["content-disposition"].startswith("attachment") and "sandbox" in str(evil.headers)
    assert evil.headers["content-type"] == "application/octet-stream"
    assert client.head(f"{at}/artifacts/model.txt").headers["content-length"] == "7"
    table = io.BytesIO()
    parquet.write_table(arrow.table({"x": [1, 2]}), table)
    (folder / "x.parquet").write_bytes(table.getvalue())
    assert client.get(f"{at}/rows/x.parquet").json()["rows"] == [[1], [2]]
    for away in ("..%2fmanifest.json", "..%2f..%2f..%2fcastalia.db", "%2fetc%2fpasswd", "secret", "no", "%2e%2e%2f2"):
        for kind in ("artifacts", "rows"):
            answer = client.get(f"{at}/{kind}/{away}")
            assert answer.status_code == 404 and str(store.home) not in answer.text, away
    for absent in ("/models/churn/versions/99", "/models/nothing/versions/1"):
        for path in ("files", "artifacts/model.txt", "rows/x.parquet"):
            assert client.get(f"{absent}/{path}").status_code == 404, path


@here
def test_a_card_is_made_of_what_is_known(store: Store, client: TestClient) -> None:
    trained(store, {"trees": 10, "a|b": "x`|`y\n# no \u202eheading"}, {"auc": 0.8}, "a")
    card = client.get("/models/churn/versions/1/card").json()
    assert card["written"] == ""
    assert [(flag["kind"], flag["text"]) for flag in card["flags"]] == [
        ("licence", "telco: sample"), ("research_only", "medmnist: for research only, NC")]  # fmt: skip
    assert "Unknown: nobody said. The tag `intended_use` says it." in card["text"]
    assert "| trees | 10 |" in card["text"] and "| auc | 0.8 |" in card["text"]
    assert "y # no heading" in card["text"]
    client.patch("/models/churn", json={"tags": {"intended_use": "Calling customers.", "limits": "Not in spring."}})
    client.patch("/models/churn/versions/1", json={"tags": {"limits": "Never.", "license": "MIT"}})
    card = client.get("/models/churn/versions/1/card").json()
    assert (card["intended"], card["limits"]) == ("Calling customers.", "Never.")
    assert card["flags"][0]["text"] == "the model: MIT"
    assert "Calling customers." in card["text"] and "Unknown" not in card["text"]
    assert client.get("/models/churn/versions/2/card").status_code == 404


@here
def test_a_card_that_somebody_wrote_counts(store: Store) -> None:
    run = logged(store)
    store.add_artifact(run, "model_card.md", b"# Of the run\n")
    assert (model_card(store, "sales", 1).written, model_card(store, "sales", 1).text) == (
        "model_card.md",
        "# Of the run\n",
    )
    front, use = b"---\r\nlicense: 'apache-2.0'\r\n---\r\n", b"## Intended use\r\n\r\nOrdering.\r\n\r\n"
    written = front + b"# Sales\r\n\r\n" + use + b"## Limits\r\n\r\nNo.\r\n"
    store.add_artifact(run, "model/README.md", written)
    card = model_card(store, "sales", 1)
    assert card.written == "README.md" and card.text.startswith("# Sales\n")
    assert (card.intended, card.limits) == ("Ordering.", "No.")
    assert card.flags[0].text == "the model: apache-2.0"
    store.add_artifact(run, "model/README.md", b"\xff\xfe" + b"x" * 2**20)
    assert len(model_card(store, "sales", 1).text) <= 2**18


@here
def test_the_notebook_shows_the_same_card(store: Store) -> None:
    trained(store, {"trees": "<script>"}, {"auc": 0.8}, "a")
    shown = models_card(store, "churn", version=1)
    said = model_card(store, "churn", 1)
    assert all(flag.text in shown.html and flag.text in shown.text for flag in said.flags)
    assert "Unknown: nobody said." in shown.html
    assert "<script>" not in shown.html and "&lt;script&gt;" in shown.html


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), min_size=1, max_size=4))
def test_no_text_leaves_its_cell(rows: list[tuple[str, str]]) -> None:
    """As the page reads a table: lines that begin with a bar, cells between bars that no backslash stands before."""
    lines = _table(rows).split("\n")
    assert len(lines) == 2 + len(rows)
    for line in lines:
        assert line.startswith("| ") or line == "|---|---|"
        assert len(re.split(r"(?<!\\)\|", line)) == 4
