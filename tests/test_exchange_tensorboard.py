"""Logs that torch's own SummaryWriter wrote, read back; TensorBoard's reader is the oracle."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from castalia.core.errors import NotFound
from castalia.track import Store
from castalia.track.exchange.events import Damage, masked, scalars
from castalia.track.exchange.sheet import points_of
from castalia.track.exchange.tensorboard import import_tensorboard


def written(folder: Path) -> None:
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    with tensorboard.SummaryWriter(str(folder / "a")) as writer:
        for step, value in enumerate((0.1, math.nan, math.inf, -1e-30, 3.5)):
            writer.add_scalar("train/loss", value, step, walltime=100.0 + step)
        writer.add_scalar("new", 2.25, 7, walltime=107.0, new_style=True)
        writer.add_scalar("wide", 1 / 3, 8, walltime=108.0, new_style=True, double_precision=True)
        writer.add_scalar("back", 1.0, -5, walltime=109.0)
        writer.add_histogram("h", np.arange(5.0), 1)
        writer.add_text("t", "hello", 1)
        writer.add_image("i", np.zeros((3, 4, 4), np.float32), 1)
    with tensorboard.SummaryWriter(str(folder)) as writer:
        writer.add_scalar("acc", 0.5, 1, walltime=50.0)


def test_scalars_come_in_as_tensorboard_reads_them(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    written(logs)
    with Store.open(tmp_path / "home") as store:
        for _ in range(2):
            taken = {each.run_id: each for each in import_tensorboard(store, logs, "old")}
            runs = {each["name"]: each for each in store.runs("old").items}
            assert set(runs) == {"logs", "a"} and set(taken) == {each["run_id"] for each in runs.values()}
            assert not [each.problem for each in taken.values() if each.problem]
        found = [(key, step, time, value) for key, step, time, value in points_of(store, runs["a"]["run_id"])]
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        theirs = EventAccumulator(str(logs / "a"), size_guidance={"scalars": 0, "tensors": 0})
        theirs.Reload()
        wanted = [(tag, each.step, int(each.wall_time * 1000), each.value)
                  for tag in theirs.Tags()["scalars"] for each in theirs.Scalars(tag)]  # fmt: skip
        from tensorboard.util import tensor_util

        wanted += [(tag, each.step, int(each.wall_time * 1000), float(tensor_util.make_ndarray(each.tensor_proto)))
                   for tag in ("new", "wide") for each in theirs.Tensors(tag)]  # fmt: skip
        assert sorted(map(repr, found)) == sorted(map(repr, wanted)) and len(found) == 8
        note = taken[runs["a"]["run_id"]].note
        assert "1 histograms" in note and "1 pictures" in note and "tensors" in note
        assert runs["logs"]["metrics"] == {"acc": 0.5}


def test_damage_is_said_and_what_was_before_it_stands(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    written(logs)
    path = next((logs / "a").glob("*tfevents*"))
    whole = path.read_bytes()
    good = list(scalars(path, Counter()))
    generator = np.random.default_rng(0)
    for at in generator.integers(0, len(whole), 60):
        path.write_bytes(whole[:at])  # torn, as a kill leaves it
        assert repr(list(scalars(path, Counter()))) == repr(good[: len(list(scalars(path, Counter())))])
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        path.write_bytes(broken)
        kept = []
        with pytest.raises(Damage, match="at byte"):
            for each in scalars(path, Counter()):
                kept.append(each)
        assert repr(kept) == repr(good[: len(kept)])
    with Store.open(tmp_path / "home") as store:
        taken = {each.run_id: each for each in import_tensorboard(store, logs)}
        assert any("left out" in each.note for each in taken.values())
        (tmp_path / "empty").mkdir()
        with pytest.raises(NotFound):
            import_tensorboard(store, tmp_path / "empty")


def test_a_log_that_grew_is_completed(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    written(logs)
    path = next((logs / "a").glob("*tfevents*"))
    whole = path.read_bytes()
    with Store.open(tmp_path / "home") as store:
        path.write_bytes(whole[:250])
        before = {each.run_id: each.points for each in import_tensorboard(store, logs)}
        path.write_bytes(whole)
        after = {each.run_id: each.points for each in import_tensorboard(store, logs)}
        assert set(before) == set(after) and sum(before.values()) < sum(after.values()) == 9
        assert store.runs().total == 2


def test_the_checksum_is_the_published_one() -> None:
    def plain(content: bytes) -> int:
        turned = (masked(content) - 0xA282EAD8) & 0xFFFFFFFF
        return (turned << 15 | turned >> 17) & 0xFFFFFFFF

    assert plain(b"123456789") == 0xE3069283  # RFC 3720, CRC-32C
    assert plain(bytes(32)) == 0x8A9136AA


@given(some.binary(max_size=200))
def test_any_message_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, message: bytes) -> None:
    import struct

    head = struct.pack("<Q", len(message))
    path = tmp_path_factory.mktemp("x") / "events.out.tfevents.1"
    path.write_bytes(head + struct.pack("<I", masked(head)) + message + struct.pack("<I", masked(message)))
    try:
        assert all(isinstance(each.value, float) for each in scalars(path, Counter()))
    except Damage as error:
        assert "at byte" in str(error)
