"""All files of a run as one zip, and a run followed without what was before."""

from __future__ import annotations

import asyncio
import io
import json
import random
import tracemalloc
import zipfile

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from castalia.core.errors import NotFound, Unavailable
from castalia.track import Store, bundle
from castalia.track.bundle import bundled
from castalia.track.events import Changes, follow
from castalia.track.http import router


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "home") as opened:
        yield opened


def test_every_file_is_in_the_zip(store):
    run = store.create_run("e", "größe/1")
    files = {"a.txt": b"one", "deep/er/é 1.bin": bytes(range(256)) * 900, "empty": b""}
    for name, content in files.items():
        store.add_artifact(run, name, content)
    app = FastAPI()
    app.include_router(router(store))
    with TestClient(app) as client:
        said = client.get(f"/runs/{run}/archive.zip")
    assert said.headers["content-type"] == "application/zip"
    assert "filename*=utf-8''gr%C3%B6%C3%9Fe%2F1.zip" in said.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(said.content)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == files
    assert b"".join(bundled(store, run)) == said.content, "the same files are the same bytes"


def test_a_run_without_files_is_an_empty_zip_and_no_run_is_none(store):
    run = store.create_run("e")
    with zipfile.ZipFile(io.BytesIO(b"".join(bundled(store, run)))) as opened:
        assert opened.namelist() == []
    with pytest.raises(NotFound):
        bundled(store, "absent")


def test_what_is_packed_already_or_large_is_stored_as_it_is(store, monkeypatch):
    monkeypatch.setattr(bundle, "LARGE", 5000)
    run = store.create_run("e")
    for name, size in (("a.txt", 5000), ("b.txt", 5001), ("photo.JPG", 100), ("model.pt", 100)):
        store.add_artifact(run, name, b"x" * size)
    with zipfile.ZipFile(io.BytesIO(b"".join(bundled(store, run)))) as opened:
        assert opened.testzip() is None
        packed = {each.filename: each.compress_type == zipfile.ZIP_DEFLATED for each in opened.infolist()}
    assert packed == {"a.txt": True, "b.txt": False, "photo.JPG": False, "model.pt": False}


def test_few_zips_are_made_at_once_and_a_reader_who_leaves_gives_the_place_back(store):
    run = store.create_run("e")
    store.add_artifact(run, "a.txt", b"x")
    for _ in range(3):
        some = [bundled(store, run) for _ in range(bundle.AT_ONCE)]
        next(some[0])
        with pytest.raises(Unavailable):
            bundled(store, run)
        assert b"".join(some.pop()) and b"".join(bundled(store, run))  # one that is done
        del some  # and those that nobody reads on


def test_a_large_file_is_never_whole_in_memory(store):
    run = store.create_run("e")
    store.add_artifact(run, "noise", random.Random(7).randbytes(12_000_000))
    tracemalloc.start()
    size = sum(len(piece) for piece in bundled(store, run))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 12_000_000 > 2 * most, most


def test_without_history_only_what_lands_after_the_beginning_is_sent(store):
    run = store.create_run("e")
    store.log_metrics(run, [("loss", step, step, 1.0) for step in range(10)])

    async def heard() -> list[tuple[str, dict]]:
        told = []
        stream = follow(store, run, Changes(store), lambda: False, history=False)
        async for block in stream:
            lines = dict(line.split(": ", 1) for line in block.decode().splitlines() if ": " in line[:9])
            if "event" not in lines:
                continue
            told.append((lines["event"], json.loads(lines["data"])))
            if lines["event"] == "status" and told[-1][1]["status"] == "running":
                store.log_metrics(run, [("loss", 10, 10, 2.0), ("new", 0, 10, 3.0)])
            if lines["event"] == "metrics":
                store.finish(run)
        return told

    told = asyncio.run(asyncio.wait_for(heard(), 20))
    assert [kind for kind, _ in told] == ["begin", "status", "metrics", "status", "end"]
    assert told[0][1] == {"metrics": 1}
    assert told[2][1] == {
        "loss": {"step": [10], "time": [10], "value": [2.0]},
        "new": {"step": [0], "time": [10], "value": [3.0]},
    }
