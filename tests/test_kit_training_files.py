"""kit.training on disk: what was saved comes back, a kill leaves the last good one, a damaged one is not believed."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from castalia.core.errors import CastaliaError, NotFound, WrongInput
from castalia.kit import training
from castalia.kit.training import archive

CHILD = """
import sys
import numpy as np
from castalia.kit import training

kept = training.Checkpoints(sys.argv[1], keep=2)
step = kept.load().step if kept.steps() else 0
while True:
    step += 1
    kept.save(step, {"w": np.full(500_000, step), "at": [step, (step, None)]})
    print(step, flush=True)
"""


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float | np.generic):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes() or bool(a != a and b != b)
    return bool(a == b)


DTYPES = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="?"),
    npst.floating_dtypes(),
    npst.complex_number_dtypes(),
    npst.unicode_string_dtypes(),
    npst.datetime64_dtypes(),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    npst.arrays(DTYPES, npst.array_shapes(min_dims=0, min_side=0, max_side=3)),
    st.builds(np.float32, st.floats(width=32)),
)
KEYS = st.one_of(st.text(), st.integers())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


@given(tree=TREES)
@settings(max_examples=100, deadline=None)
def test_every_state_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "tree.npz"
    archive.write(path, tree)
    assert same(archive.read(path), tree)


@pytest.mark.parametrize("safe", [True, False])
def test_tensors_and_an_optimizer_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, safe: bool) -> None:
    import torch

    if not safe:
        monkeypatch.setattr(archive, "_safetensors", lambda: None)
    else:
        pytest.importorskip("safetensors")
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 3))
    model[2].weight = model[0].weight  # tied weights share their memory
    adam = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.randn(8, 3)).square().mean().backward()
    adam.step()
    odd = [
        torch.tensor([1.5, -2.0], dtype=torch.bfloat16), torch.zeros(0, 3), torch.tensor(3), torch.ones(4)[::2],
        torch.ones(2, dtype=torch.bool), torch.full((2,), math.nan, dtype=torch.float16),
        torch.ones(2, dtype=torch.float8_e4m3fn),
    ]  # fmt: skip
    state = {"model": model.state_dict(), "adam": adam.state_dict(), "odd": odd, "beside": np.arange(3)}
    archive.write(tmp_path / "a.npz", state)
    found = archive.read(tmp_path / "a.npz")
    for name, tensor in model.state_dict().items():
        assert torch.equal(found["model"][name], tensor) and found["model"][name].dtype == tensor.dtype
    for mine, theirs in zip(found["odd"], odd, strict=True):
        assert mine.dtype == theirs.dtype and mine.shape == theirs.shape
        assert torch.equal(mine.float().nan_to_num(9), theirs.float().nan_to_num(9))
    fresh = torch.optim.AdamW(model.parameters(), lr=0.5)
    fresh.load_state_dict(found["adam"])
    assert str(fresh.state_dict()) == str(adam.state_dict())
    assert found["beside"].tolist() == [0, 1, 2]


def test_numpy_opens_it_too(tmp_path: Path) -> None:
    archive.write(tmp_path / "a.npz", {"w": np.arange(3.0)})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found["arrays/0"].tolist() == [0, 1, 2]
    assert b"pickle" not in (tmp_path / "a.npz").read_bytes()


@pytest.mark.parametrize(
    "state",
    [
        {"a": object()},
        [np.array([object()])],
        {(1, 2): 3},
        {1.5: 3},
        {"f": print},
        {"s": {1, 2}},
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    ],
)
def test_what_cannot_be_kept_is_named_and_leaves_the_former(tmp_path: Path, state: Any) -> None:
    archive.write(tmp_path / "a.npz", 1)
    with pytest.raises(WrongInput, match="cannot be kept") as caught:
        archive.write(tmp_path / "a.npz", state)
    assert caught.value.got and caught.value.expected and caught.value.cure
    assert archive.read(tmp_path / "a.npz") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_state_that_holds_itself(tmp_path: Path) -> None:
    state: list[Any] = []
    state.append(state)
    with pytest.raises(WrongInput, match="too deep"):
        archive.write(tmp_path / "a.npz", state)


# --- damage ------------------------------------------------------------------------------------


def test_no_byte_can_be_altered_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    archive.write(path, {"w": np.arange(5), "name": "x"})
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(WrongInput, match="damaged"):
            archive.read(path)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(WrongInput, match="damaged"):
            archive.read(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(WrongInput, match="damaged"):
        archive.read(path)


def crafted(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> Path:
    """A checkpoint by a stranger, with a checksum that is right."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as into:
        for name, content in members.items():
            into.writestr(zipfile.ZipInfo(name), content, packing)
        into.comment = archive._MARK + b"0" * 64
    raw = file.getvalue()[:-64]
    path.write_bytes(raw + hashlib.sha256(raw).hexdigest().encode())
    return path


def array_file(shape: tuple[int, ...], data: bytes, descr: str = "<f8") -> bytes:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
    return header.getvalue() + data


def about(state: Any, arrays: int = 0, tensors: Any = "safetensors", **more: Any) -> bytes:
    return json.dumps({"format": 1, "about": {}, "state": state, "arrays": arrays, "tensors": tensors, **more}).encode()


ONE = about({"array": 0}, 1)
DEEP = b"[" * 100_000 + b"]" * 100_000
STRANGE = {
    "a header that declares 800 GB": {"state.json": ONE, "arrays/0.npy": array_file((10**11,), b"")},
    "a header that declares less": {"state.json": ONE, "arrays/0.npy": array_file((1,), bytes(16))},
    "objects": {"state.json": ONE, "arrays/0.npy": array_file((1,), bytes(8), "|O")},
    "no header": {"state.json": ONE, "arrays/0.npy": bytes(99)},
    "deep JSON": {"state.json": b'{"format": 1, "arrays": 0, "tensors": [], "about": {}, "state": ' + DEEP + b"}"},
    "a deep state": {"state.json": about("HERE").replace(b'"HERE"', b'{"list":[' * 3000 + b"]}" * 3000)},
    "a state of no kind": {"state.json": about({"eval": 1})},
    "10**12 arrays": {"state.json": about(None, 10**12)},
    "a list": {"state.json": b"[]"},
    "broken tensors": {"state.json": about({"tensor": 0}), "tensors.safetensors": b"\xff" * 16},
    "a kind that torch has not": {
        "state.json": about({"tensor": 0}, 1, [[0, "nothing"]]), "arrays/0.npy": array_file((1,), bytes(8)),
    },
    "a kind that is a function": {
        "state.json": about({"tensor": 0}, 1, [[0, "load"]]), "arrays/0.npy": array_file((1,), bytes(8)),
    },
}  # fmt: skip


@pytest.mark.parametrize("members", STRANGE.values(), ids=STRANGE)
def test_a_right_checksum_is_no_licence(tmp_path: Path, members: dict[str, bytes]) -> None:
    if b'"tensor"' in members["state.json"]:
        pytest.importorskip("safetensors.torch")
    with pytest.raises(WrongInput, match="damaged"):
        archive.read(crafted(tmp_path / "x.npz", members))
    kept = training.Checkpoints(tmp_path)
    kept.save(1, {"w": 1})
    crafted(tmp_path / "step-000000002.npz", members)
    assert kept.load(fallback=True).skipped == (2,)


def test_nothing_that_is_packed_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = {"state.json": ONE, "arrays/0.npy": array_file((10**6,), bytes(8 * 10**6))}
    assert archive.read(crafted(tmp_path / "x.npz", bomb)).shape == (10**6,)
    path = crafted(tmp_path / "x.npz", bomb, zipfile.ZIP_DEFLATED)
    opened: list[str] = []
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, name, *more: opened.append(str(name)))
    for read in (archive.read, archive.about_of):
        with pytest.raises(WrongInput, match="nothing compressed"):
            read(path)
    assert not opened


def test_a_large_state_is_refused_by_writer_and_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.write(tmp_path / "x.npz", list(range(9999)))
    monkeypatch.setattr(archive, "MAX_STATE", 9999)
    for read in (archive.read, archive.about_of):
        with pytest.raises(WrongInput, match=r"state\.json of"):
            read(tmp_path / "x.npz")
    with pytest.raises(WrongInput, match="no array"):
        archive.write(tmp_path / "x.npz", list(range(9999)))
    monkeypatch.undo()
    assert archive.read(tmp_path / "x.npz")[-1] == 9998


def test_a_damaged_one_is_an_error_and_the_one_before_it_on_request(tmp_path: Path) -> None:
    kept = training.Checkpoints(tmp_path, keep=5)
    for step in (1, 2, 3):
        path = kept.save(step, {"step": step})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WrongInput, match="damaged") as caught:
        kept.load()
    assert "fallback=True" in caught.value.cure
    found = kept.load(fallback=True)
    assert (found.state, found.step, found.skipped) == ({"step": 2}, 2, (3,))
    for each in tmp_path.glob("step-*"):
        each.write_bytes(b"PK")
    with pytest.raises(WrongInput, match="no checkpoint is whole"):
        kept.load(fallback=True)


# --- a folder of them --------------------------------------------------------------------------


def test_the_last_and_the_best_are_kept(tmp_path: Path) -> None:
    kept = training.Checkpoints(tmp_path, keep=2, best="loss")
    for step, loss in enumerate([5.0, 1.0, math.nan, 1.0, 3.0, 4.0]):
        kept.save(step, step, {"loss": loss})
        kept = training.Checkpoints(tmp_path, keep=2, best="loss")  # as after a restart
    assert kept.steps() == [1, 4, 5]
    assert kept.best_step() == 1
    assert kept.load("best").state == 1 and kept.load().metrics == {"loss": 4.0} and kept.load(4).state == 4
    upwards = training.Checkpoints(tmp_path / "up", keep=1, best="accuracy", mode="max")
    for step, value in enumerate([0.1, 0.9, 0.5]):
        upwards.save(step, None, {"accuracy": value})
    assert upwards.steps() == [1, 2]


def test_what_a_folder_refuses(tmp_path: Path) -> None:
    wrong: list[tuple[type[CastaliaError], Any]] = [
        (NotFound, lambda: training.Checkpoints(tmp_path).load()),
        (NotFound, lambda: training.Checkpoints(tmp_path).load(3)),
        (NotFound, lambda: archive.read(tmp_path / "none.npz")),
        (WrongInput, lambda: training.Checkpoints(tmp_path).load("../secret")),  # type: ignore[arg-type]
        (WrongInput, lambda: training.Checkpoints(tmp_path, keep=0)),
        (WrongInput, lambda: training.Checkpoints(tmp_path).save(-1, None)),
        (WrongInput, lambda: training.Checkpoints(tmp_path).save("../x", None)),  # type: ignore[arg-type]
        (WrongInput, lambda: training.Checkpoints(tmp_path, best="loss").save(1, None, {"los": 1.0})),
    ]
    for kind, call in wrong:
        with pytest.raises(kind) as caught:
            call()
        assert caught.value.subject and caught.value.got and caught.value.expected
    assert list(tmp_path.iterdir()) == []


def test_links_and_strangers_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside.npz"
    archive.write(outside, "secret")
    folder = tmp_path / "kept"
    kept = training.Checkpoints(folder, keep=1)
    kept.save(1, 1)
    (folder / "step-000000009.npz").symlink_to(outside)
    (folder / "notes.txt").write_text("mine")
    kept.save(2, 2)
    assert kept.steps() == [2] and kept.load().state == 2
    assert outside.exists() and (folder / "notes.txt").exists()


def killed(folder: Path, chance: random.Random) -> None:
    """Start the child, let it write for a while, kill it anywhere; then the newest must be whole."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    first = int(child.stdout.readline())
    time.sleep(chance.uniform(0, 0.05))
    child.send_signal(signal.SIGKILL)
    said = [first, *map(int, child.stdout.read().split())]
    child.wait()
    found = training.Checkpoints(folder).load()
    assert found.step >= said[-1], "what save() returned from is on disk"
    assert found.step <= said[-1] + 1
    assert (found.state["w"] == found.step).all() and found.state["at"] == [found.step, (found.step, None)]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_kill_9_leaves_the_last_good_one(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(5):
        killed(tmp_path, chance)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_kill_9_a_hundred_times(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(100):
        killed(tmp_path, chance)
    assert len(list(tmp_path.glob(".step-*.new"))) <= 1, "what killed writers left is swept by the next"
