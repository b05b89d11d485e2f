"""Data sets over HTTP: list, show, upload; nothing but names, bounded, contained."""

from __future__ import annotations

import hashlib
import json

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.testclient import TestClient

from castalia.core.errors import CastaliaError
from castalia.core.settings import Settings
from castalia.data.http import router

TOY = b"x,y\n1,a\n,b\n2.5,\n"


@pytest.fixture
def client(tmp_path):
    app = FastAPI()
    app.include_router(router(Settings(home=tmp_path / "home", offline=True), max_upload=10_000))

    @app.exception_handler(CastaliaError)
    def answer(request, error):
        return JSONResponse(error.as_dict(), error.status)

    with TestClient(app) as made:
        yield made


def stored(tmp_path):
    root = tmp_path / "home"
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) if root.exists() else []


def test_the_list(client, tmp_path):
    entries = {entry["name"]: entry for entry in client.get("/data").json()}
    assert entries["digits"]["where"] == "shipped" and entries["telco"]["where"] == "remote"
    assert entries["telco"]["rows"] == 7043 and entries["telco"]["versions"] == [1]
    assert stored(tmp_path) == []


def test_an_upload_is_added_and_shown(client):
    made = client.post("/data?name=My%20Table.csv", content=TOY)
    assert made.status_code == 201
    assert made.json()["name"] == "my-table" and made.json()["digest"] == hashlib.sha256(TOY).hexdigest()
    assert client.post("/data?name=My%20Table.csv", content=TOY).json() == made.json()
    assert client.post("/data?name=my-table.csv", content=TOY + b"3,c\n").json()["version"] == 2
    shown = client.get("/data/my-table@1").json()
    assert shown["preview"] == {"columns": ["x", "y"], "rows": [[1.0, "a"], [None, "b"], [2.5, None]], "images": []}
    assert [column["kind"] for column in shown["columns"]] == ["number", "category"]
    assert (shown["version"], shown["versions"]) == (1, [1, 2])
    assert client.get("/data/my-table").json()["version"] == 2


def test_a_preview_is_twenty_rows_of_plain_json(client):
    client.post("/data?name=t.csv", content=b"n,i\n" + b"".join(b"%d.5,%d\n" % (k, k) for k in range(50)) + b"inf,\n")
    preview = client.get("/data/t").json()["preview"]
    assert len(preview["rows"]) == 20 and preview["rows"][3] == [3.5, 3]
    assert isinstance(preview["rows"][3][1], int)
    client.post("/data?name=u.jsonl", content=b'{"n": Infinity}\n{"n": 1}\n')
    assert client.get("/data/u").json()["preview"]["rows"] == [["inf"], [1.0]]


def test_images_are_shown_as_pictures(client):
    shown = client.get("/data/digits").json()
    pictures = shown["preview"]["images"]
    assert len(pictures) == 20 and pictures[3]["label"] == "3"
    assert pictures[0]["image"].startswith("data:image/png;base64,")
    assert shown["classes"] == list("0123456789")


def test_what_is_not_here_is_not_downloaded_for_a_look(client, tmp_path):
    shown = client.get("/data/telco").json()
    assert shown["preview"] is None and shown["problem"] is None and shown["where"] == "remote"
    assert stored(tmp_path) == []


def test_a_spoiled_set_is_shown_with_its_problem(client, tmp_path):
    digest = client.post("/data?name=t.csv", content=TOY).json()["digest"]
    (tmp_path / "home/data/objects" / digest[:2] / digest).write_bytes(b"x,y\n9,9\n")
    shown = client.get("/data/t").json()
    assert "not what was added" in shown["problem"]["subject"] and shown["preview"] is None
    assert str(tmp_path) not in json.dumps(shown)


@pytest.mark.parametrize(
    "name",
    ["../../evil.csv", "..%2Fevil.csv", "/etc/evil.csv", "a\\b.csv", "a%00.csv", "%0aevil.csv", "x" * 200 + ".csv", ""],
)
def test_a_name_with_a_place_in_it_is_refused(client, tmp_path, name):
    answer = client.post(f"/data?name={name}", content=TOY)
    assert answer.status_code == 422 and answer.json()["field"] == "name"
    assert stored(tmp_path) == [] and str(tmp_path) not in answer.text


@pytest.mark.parametrize("name", ["x.pkl", "x", "x.exe", ".csv", "telco.csv"])
def test_other_formats_and_taken_names_are_refused(client, tmp_path, name):
    answer = client.post(f"/data?name={name}", content=TOY)
    assert answer.status_code in (409, 422) and answer.json()["expected"]
    assert stored(tmp_path) == []


def test_too_large_a_body_is_refused_announced_or_not(client, tmp_path):
    def endless():
        for _ in range(1000):
            yield b"1,2\n" * 100

    for body in (b"a,b\n" + b"1,2\n" * 5000, endless()):
        answer = client.post("/data?name=t.csv", content=body)
        assert answer.status_code == 413 and answer.json()["cure"]
    assert [name for name in stored(tmp_path) if "lock" not in name] == []


def test_an_empty_or_broken_body_is_refused_without_a_trace(client, tmp_path):
    assert client.post("/data?name=t.csv", content=b"").status_code == 422
    answer = client.post("/data?name=t.csv", content=b"a,b\n1\n")
    assert answer.status_code == 422 and answer.json()["subject"].startswith("t.csv:2 ")
    assert stored(tmp_path) == [] and str(tmp_path) not in answer.text


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a%5cb", "Telco", "telco@2", "x@y"])
def test_an_unknown_name_is_no_file(client, name):
    answer = client.get(f"/data/{name}")
    assert answer.status_code in (404, 422) and "root:" not in answer.text
