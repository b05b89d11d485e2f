"""castalia.runtime.http and columns: the toy systems over HTTP, answered by real hosts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from castalia import catalog
from castalia.core.errors import WrongInput
from castalia.core.fields import Image
from castalia.core.settings import Settings
from castalia.runtime.columns import read_csv, write_csv
from castalia.web.app import create_app

TOYS = Path(__file__).parent / "toy_shelf"
ROOT = Path(__file__).parent.parent
SERVER_PATHS = ("/secret", f"{ROOT}/", "Traceback", 'File "')

pytestmark = pytest.mark.xdist_group("web_systems")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    patch = pytest.MonkeyPatch()
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    patch.setenv("CASTALIA_HOME", str(settings.home))
    catalog.trust(TOYS, settings, "toys")
    with TestClient(create_app(settings), base_url="http://localhost:8000") as made:
        yield made
    patch.undo()


def wait(bench: TestClient, job: str, seconds: float = 40) -> dict[str, Any]:
    for _ in range(int(seconds * 10)):
        found: dict[str, Any] = bench.get(f"/jobs/{job}").json()
        if found["state"] not in ("queued", "running"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {found}")


def test_the_list_holds_what_answers(bench: TestClient) -> None:
    lines = {line["address"]: line for line in bench.get("/systems").json()}
    assert {"toys~slope", "toys~notes", "toys~stamp"} <= set(lines)
    assert lines["toys~slope"]["shelf"] == "toys" and lines["toys~slope"]["missing"] is None
    assert {"name", "title", "project", "skill", "summary", "ready"} <= set(lines["toys~slope"])


def test_one_system_in_full(bench: TestClient) -> None:
    found = bench.get("/systems/toys~slope").json()
    assert found["input"]["properties"]["x"]["description"]
    assert found["params"]["properties"]["slope"] and found["output"]["properties"]["y"]
    assert found["example"] == {"x": 0.5} and found["quick"]["steps"] == 30 and found["predict"] is True
    verbs = {verb["name"]: verb for verb in bench.get("/systems/toys~notes").json()["verbs"]}
    assert verbs["add"]["writes"] and verbs["read_out"]["stream"] and not verbs["read_out"]["writes"]


def test_fit_then_ask_the_version(bench: TestClient) -> None:
    quick = bench.post("/systems/toys~slope", json={"x": 1.0})
    assert quick.headers["x-castalia-model"] == "toys.slope@quick"
    sent = bench.post("/systems/toys~slope/fit", json={"params": {"slope": 5.0, "steps": 80}})
    assert sent.status_code == 202
    job = wait(bench, sent.json()["job"])
    assert job["state"] == "done", job
    assert job["result"]["version"] == 1
    run = bench.get(f"/runs/{sent.json()['run_id']}").json()
    assert run["status"] == "done"
    answer = bench.post("/systems/toys~slope", json={"x": 1.0})
    assert answer.headers["x-castalia-model"] == "toys.slope@1"
    assert answer.json()["y"] == pytest.approx(5, abs=0.1)
    assert bench.post("/systems/toys~slope@1", json={"x": 1.0}).json() == answer.json()
    line = next(line for line in bench.get("/systems").json() if line["name"] == "slope")
    assert line["ready"] == "toys.slope@1"


def test_whole_columns_as_json_and_as_csv(bench: TestClient) -> None:
    table = {"columns": {"x": [0.5, 1.0], "id": ["=1+1", "b"]}}
    answer = bench.post("/systems/toys~slope:predict", json=table)
    assert answer.status_code == 200, answer.text
    columns = answer.json()["columns"]
    assert columns["id"] == ["=1+1", "b"] and len(columns["y"]) == 2
    text = bench.post(
        "/systems/toys~slope:predict", content="x,id\n0.5,=1+1\n1.0,b\n", headers={"content-type": "text/csv"}
    )
    assert text.headers["content-type"].startswith("text/csv") and "x-castalia-model" in text.headers
    back = read_csv(text.content)
    assert back["y"] == pytest.approx(columns["y"]) and back["id"] == ["'=1+1", "b"]


@pytest.mark.parametrize(
    ("body", "status"),
    [("[]", 422), ('{"columns": 1}', 422), ('{"columns": {"x": [1], "y": [1, 2]}}', 422), ('{"x": [1]}', 422)],
)
def test_a_table_that_does_not_fit(bench: TestClient, body: str, status: int) -> None:
    answer = bench.post("/systems/toys~slope:predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status and answer.json()["field"] == "columns"


def test_verbs_write_read_and_stream(bench: TestClient) -> None:
    added = bench.post("/systems/toys~notes:add", json={"author": "Ada", "text": "one two three"})
    assert added.json() == {"count": 1, "last": "one two three"}
    streamed = bench.post(
        "/systems/toys~notes:read_out", json={"author": "Ada"}, headers={"accept": "text/event-stream"}
    )
    assert streamed.headers["content-type"].startswith("text/event-stream")
    said = [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert said == [{"word": "one"}, {"word": "two"}, {"word": "three"}, {}]
    wrong = bench.post("/systems/toys~notes:read_out", json={"author": ""}, headers={"accept": "text/event-stream"})
    assert wrong.status_code == 422 and wrong.json()["field"] == "author"


def test_a_picture_travels_as_a_data_uri(bench: TestClient) -> None:
    answer = bench.post("/systems/toys~stamp", json={"image": Image.example})
    assert answer.status_code == 200, answer.text
    for image in ("data:image/png;base64,aGVsbG8=", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/x", ""):
        wrong = bench.post("/systems/toys~stamp", json={"image": image})
        assert wrong.status_code == 422 and wrong.json()["field"] == "image"
        assert "root:" not in wrong.text


def test_the_view_draws(bench: TestClient) -> None:
    answer = bench.post("/systems/toys~stamp/view", json={})
    assert answer.status_code == 200, answer.text
    assert answer.json()["figures"][0]["kind"]
    assert bench.post("/systems/toys~stamp/view", json={"nothing": 1}).status_code == 422
    assert bench.post("/systems/toys~slope/view", json={}).status_code == 404


def test_a_lesson_may_have_chapters_and_figures(bench: TestClient) -> None:
    lesson = bench.get("/systems/neural_net/lesson").json()
    assert [page["file"] for page in lesson["pages"]][:2] == ["README.md", "lesson/1-layers.md"]
    assert all(page["text"].startswith("# ") for page in lesson["pages"])
    shown = "".join(page["text"] for page in lesson["pages"])
    assert lesson["figures"] and all(figure["text"].startswith("<svg") for figure in lesson["figures"])
    assert all(f"{figure['file'].removeprefix('lesson/')})" in shown for figure in lesson["figures"])
    toy = bench.get("/systems/toys~slope/lesson").json()
    assert [page["file"] for page in toy["pages"]] == ["README.md"] and toy["figures"] == []
    assert bench.get("/systems/nobody/lesson").status_code == 404


def test_the_source_is_the_projects_own_files(bench: TestClient) -> None:
    files = bench.get("/systems/toys~slope/source").json()
    assert files[0]["file"] == "slope.py" and "class Slope" in files[0]["text"]
    assert {"card.toml", "README.md"} <= {file["file"] for file in files}


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/systems/toys~slope", {"x": "far"}, 422, "x"),
        ("/systems/toys~slope", {"x": 1e9}, 422, "x"),
        ("/systems/toys~slope", {"x": 1, "z": 2}, 422, "z"),
        ("/systems/toys~slope", {}, 422, "x"),
        ("/systems/toys~slope", [1], 422, ""),
        ("/systems/toys~slope", None, 422, ""),
        ("/systems/toys~slope/fit", {"params": {"slope": 1e9}}, 422, "slope"),
        ("/systems/toys~slope/fit", {"params": {"slop": 1}}, 422, "slop"),
        ("/systems/toys~slope/fit", {"parms": {}}, 422, "parms"),
        ("/systems/toys~slope/fit", {"as": "../x"}, 422, ""),
        ("/systems/toys~slope/fit", {"as": 3}, 422, "as"),
        ("/systems/nothing", {"x": 1}, 404, ""),
        ("/systems/toys~slop", {"x": 1}, 404, ""),
        ("/systems/toys~slope@9", {"x": 1}, 404, ""),
        ("/systems/toys~notes:nothing", {"author": "a"}, 404, ""),
        ("/systems/..%2f..%2fetc", {"x": 1}, 404, ""),
        ("/systems/%2e%2e", {"x": 1}, 404, ""),
        ("/systems/a%00b", {"x": 1}, 422, ""),
        ("/systems/" + "a" * 300, {"x": 1}, 422, "name"),
    ],
)
def test_what_does_not_fit_is_said_by_name(bench: TestClient, path: str, body: Any, status: int, field: str) -> None:
    answer = bench.post(path, json=body)
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["field"] == field or not field, document
    assert document["subject"] and not [word for word in SERVER_PATHS if word in answer.text]


def test_a_system_that_crashes_tells_no_secret(bench: TestClient) -> None:
    answer = bench.post("/systems/toys~notes:crash", json={"author": "Ada"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert not [word for word in SERVER_PATHS if word in answer.text]


# --- columns ---


def test_csv_becomes_numbers_only_where_nothing_is_lost() -> None:
    read = read_csv("\ufeffa;id;t;e\n1;007;x;\n-2;008;;\n".encode())
    assert read == {"a": [1, -2], "id": ["007", "008"], "t": ["x", None], "e": [None, None]}
    assert read_csv(b'a,b\r\n1.5,"x\ny"\r\n,2\r\n') == {"a": [1.5, None], "b": ["x\ny", "2"]}
    assert read_csv(b"a,b\n") == {"a": [], "b": []}


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "empty"), (b"\n\n", "empty"), (b"a,a\n1,2\n", "twice"), (b"a,b\n1\n", "line 2"), (b'a\n"x\n', "quotes"),
     (b"a\xff\n", "UTF-8"), (b"a\n\0\n", "zero"), (b"a,b\n1,2,3\n", "3 cells")],
)  # fmt: skip
def test_csv_that_is_none_is_refused_with_its_place(content: bytes, word: str) -> None:
    with pytest.raises(WrongInput, match=word):
        read_csv(content)


def test_csv_comes_back_the_same_and_runs_nothing_in_a_spreadsheet() -> None:
    table = {"n": [1.5, None, -2], "t": ["a,b", 'q"q', "-1"]}
    assert read_csv(write_csv(table).encode()) == table
    assert write_csv({"t": ["=cmd|x", "@a", "+b", "-c", "-1"]}) == "t\n'=cmd|x\n'@a\n'+b\n'-c\n-1\n"
