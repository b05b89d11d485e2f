"""Files of runs: kept whole, hashed, never outside their folder; what an artifact is written as."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from castalia.core.errors import CastaliaError, NotFound, Refused, WrongInput
from castalia.core.fields import Figure, Image, Table
from castalia.track import Store, TrackedRun
from castalia.track.artifacts import checked_name

OUT = ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "//etc/passwd", "a//b", "a/", "./a", "C:/x", "C:x", "..\\x",
       "a\\b", "a\0b", "a\nb", "file:///etc/passwd", "nul", "a/CON", "com1.txt", "aux.tar.gz", "a.", "a ", "a/. /b",
       "x" * 256, "a/" * 600 + "a", "a?b", "a*b", "\ud800", "LPT³"]  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def run_id(store):
    return store.create_run("files")


def test_bytes_files_and_folders_are_kept_and_hashed(store, run_id, tmp_path):
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a.bin").write_bytes(b"a" * 3_000_000)
    (source / "sub" / "b.txt").write_text("b")
    (source / "link").symlink_to("/etc/passwd")
    assert store.add_artifact(run_id, "note.txt", b"hello") == hashlib.sha256(b"hello").hexdigest()
    store.add_artifact(run_id, "one.bin", source / "a.bin")
    store.add_artifact(run_id, "all", source)
    store.add_artifact(run_id, "stream", io.BytesIO(b"streamed"))
    listed = {item["name"]: item for item in store.artifacts(run_id)}
    assert set(listed) == {"note.txt", "one.bin", "all/a.bin", "all/sub/b.txt", "stream"}
    assert listed["one.bin"]["sha256"] == hashlib.sha256(b"a" * 3_000_000).hexdigest() == listed["all/a.bin"]["sha256"]
    assert listed["one.bin"]["size"] == 3_000_000
    assert store.artifact_path(run_id, "stream").read_bytes() == b"streamed"
    assert list((store.home / "artifacts" / ".incoming").iterdir()) == []
    store.add_artifact(run_id, "note.txt", b"other")
    assert store.artifact_path(run_id, "note.txt").read_bytes() == b"other"
    with pytest.raises(WrongInput):
        store.add_artifact(run_id, "x", tmp_path / "absent")
    with pytest.raises(WrongInput, match="in the way"):
        store.add_artifact(run_id, "note.txt/inner", b"x")
    with pytest.raises(NotFound):
        store.add_artifact("nope", "x", b"x")
    with pytest.raises(NotFound):
        store.artifact_path(run_id, "absent")


@pytest.mark.parametrize("name", OUT)
def test_a_name_that_leads_out_is_refused(store, run_id, name):
    with pytest.raises(Refused):
        store.add_artifact(run_id, name, b"x")
    with pytest.raises(Refused):
        store.artifact_path(run_id, name)
    assert not (store.home / "artifacts").exists()


@given(st.text(st.sampled_from("./\\aC:\0%2~ "), max_size=12))
def test_whatever_name_passes_stays_inside(name):
    try:
        checked_name(name)
    except CastaliaError:
        return
    inside = os.path.normpath(os.path.join("/base/run", name))
    assert inside == f"/base/run/{name}"


def test_links_are_followed_neither_in_nor_out(store, run_id, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / "outside").mkdir()
    store.add_artifact(run_id, "real.txt", b"real")
    folder = store.home / "artifacts" / run_id
    (folder / "link.txt").symlink_to(secret)
    (folder / "inner").symlink_to(tmp_path / "outside")
    (folder / "loop").symlink_to("loop")
    for name in ("link.txt", "inner/secret", "inner", "loop", "loop/x"):
        with pytest.raises(Refused):
            store.artifact_path(run_id, name)
        with pytest.raises(Refused):
            store.add_artifact(run_id, name, b"overwritten")
    assert secret.read_text() == "secret"
    assert list((tmp_path / "outside").iterdir()) == []
    os.mkfifo(folder / "pipe")
    with pytest.raises(Refused, match="plain file"):
        store.artifact_path(run_id, "pipe")
    other = store.create_run("files")
    (store.home / "artifacts" / other).symlink_to(tmp_path / "outside")
    with pytest.raises(Refused):
        store.add_artifact(other, "x", b"x")
    assert [item["name"] for item in store.artifacts(run_id)] == ["real.txt"]


def test_a_file_changed_by_hand_is_listed_with_its_new_hash(store, run_id):
    store.add_artifact(run_id, "a.txt", b"before")
    store.artifact_path(run_id, "a.txt").write_bytes(b"behind the back")
    assert store.artifacts(run_id)[0]["sha256"] == hashlib.sha256(b"behind the back").hexdigest()
    store.artifact_path(run_id, "a.txt").unlink()
    assert store.artifacts(run_id) == []


def test_a_full_disk_leaves_the_old_file(store, run_id):
    store.add_artifact(run_id, "model.bin", b"old")
    code = """
import resource, signal, sys
from castalia.core.errors import Unavailable
from castalia.track import Store
store = Store.open(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    store.add_artifact(sys.argv[2], "model.bin", b"x" * 3_000_000)
except Unavailable as error:
    print(error.cure)
"""
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run([sys.executable, "-c", code, store.home, run_id], capture_output=True, text=True, check=True)
    assert "Free some space" in done.stdout
    assert store.artifact_path(run_id, "model.bin").read_bytes() == b"old"
    assert list((store.home / "artifacts" / ".incoming").iterdir()) == []


def test_what_a_system_hands_over_is_written_as_what_it_is(store, run_id, tmp_path):
    gray, colour = np.arange(64, dtype=np.uint8).reshape(8, 8), np.zeros((4, 5, 3), np.uint8)
    (tmp_path / "notes.md").write_text("# hi")
    with TrackedRun(store, run_id) as tracked:
        tracked.artifact("plan", "plain text ü")
        tracked.artifact("raw.bin", b"\0\1")
        tracked.artifact("copy.md", tmp_path / "notes.md")
        tracked.artifact("numbers", {"a": math.nan, "b": np.float32(0.5), "c": np.arange(3), "d": (1, None)})
        tracked.artifact("list.json", [1, {"x": math.inf}])
        tracked.artifact("plots/gray", gray)
        tracked.artifact("float.png", gray[:, :, None] / 63.0)
        tracked.artifact("picture", Image.of_array(colour))
        tracked.artifact("table", Table({"a": [1, 2], "b": ["x,y", None]}))
        tracked.artifact("curve", Figure(title="t", kind="lines", data={"series": []}))
        for wrong in (
            object(),
            np.zeros((2, 3, 7), np.uint8),
            np.array([1.0, 2.0]),
            np.zeros((2, 2)) + 7.5,
            {1: {2: object}}[1],
        ):
            if not isinstance(wrong, dict):
                with pytest.raises(WrongInput):
                    tracked.artifact("wrong", wrong)
        with pytest.raises(Refused):
            tracked.artifact("../out", "x")
    read = lambda name: store.artifact_path(run_id, name).read_bytes()  # noqa: E731
    assert read("plan.txt").decode() == "plain text ü"
    assert read("raw.bin") == b"\0\1"
    assert read("copy.md") == b"# hi"
    assert json.loads(read("numbers.json")) == {"a": "NaN", "b": 0.5, "c": [0, 1, 2], "d": [1, None]}
    assert json.loads(read("list.json")) == [1, {"x": "Infinity"}]
    assert np.array_equal(np.asarray(Pillow.open(io.BytesIO(read("plots/gray.png")))), gray)
    assert np.asarray(Pillow.open(io.BytesIO(read("float.png")))).max() == 255
    assert np.array_equal(np.asarray(Pillow.open(io.BytesIO(read("picture.png")))), colour)
    assert read("table.csv").decode() == 'a,b\n1,"x,y"\n2,\n'
    assert json.loads(read("curve.figure.json"))["title"] == "t"
