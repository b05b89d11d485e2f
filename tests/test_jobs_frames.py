"""Frames: what goes in comes out, bit for bit; what is damaged is refused."""

from __future__ import annotations

import json
import math
import os
import struct
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from castalia.core.errors import TooLarge, WrongInput
from castalia.jobs.frames import Ended, Late, Pipe, decode, encode


def again(value: object) -> Any:
    """Through the bytes and back."""
    data = b"".join(bytes(part) for part in encode(value))
    size = struct.unpack(">I", data[:4])[0]
    rest = memoryview(data)[4 + size :]
    at = 0

    def read(n: int) -> bytearray:
        nonlocal at
        at += n
        return bytearray(rest[at - n : at])

    value = decode(data[4 : 4 + size], read)
    assert at == len(rest), "nothing is left over"
    return value


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("$"), inner),
    max_leaves=20,
)


@given(plain)
@settings(deadline=None)
def test_json_values_come_back(value: object) -> None:
    assert again(value) == value


kinds = (
    nps.integer_dtypes(endianness="?") | nps.floating_dtypes(endianness="?") | nps.boolean_dtypes()
    | nps.unicode_string_dtypes() | nps.datetime64_dtypes() | nps.complex_number_dtypes()
)  # fmt: skip


@given(nps.arrays(kinds, nps.array_shapes(min_dims=1, min_side=0, max_side=4)))
@settings(deadline=None)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    got = again({"a": [array, array.T, array[::2]]})["a"]
    for sent, came in zip([array, array.T, array[::2]], got, strict=True):
        assert (came.dtype, came.shape) == (sent.dtype, sent.shape)
        assert came.tobytes() == sent.tobytes()


def test_what_json_has_no_word_for() -> None:
    got = again([math.nan, math.inf, np.float32(0.1), np.int8(3), np.bool_(True), (1, 2), np.datetime64("2026-01-01")])
    assert math.isnan(got[0]) and got[1:6] == [math.inf, float(np.float32(0.1)), 3, True, [1, 2]]
    assert got[6] == np.datetime64("2026-01-01")
    text = again(np.array(["a", None, [1, 2]], dtype=object))
    assert text.dtype == object and text.tolist() == ["a", None, [1, 2]]
    assert again(np.empty((0, 3), dtype=object)).shape == (0, 3)
    came = again(np.arange(3))
    came += 1  # what comes belongs to whoever received it


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {3}}, np.zeros(2, dtype="i4,f8"), np.array([object()])])
def test_what_no_frame_holds_is_refused_before_a_byte_is_written(value: object) -> None:
    reading, writing = os.pipe()
    pipe = Pipe(reading, writing)
    with pytest.raises(WrongInput):
        pipe.send({"x": value})
    pipe.send("next")
    assert pipe.receive() == "next"
    pipe.close()


def test_depth_has_an_end() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(WrongInput, match="nested"):
        encode(deep)


@pytest.mark.parametrize(
    "header",
    [
        b"", b"[]", b"{}", b'{"body":1}', b"\xff\xfe", b'{"body":1,"arrays":[{"dtype":"O","shape":[1]}]}',
        b'{"body":1,"arrays":[{"dtype":"|V8","shape":[1]}]}', b'{"body":1,"arrays":[{"dtype":"<f8","shape":[-1]}]}',
        b'{"body":1,"arrays":[{"dtype":"<f8","shape":[1e3]}]}',
        b'{"body":1,"arrays":[{"dtype":"<f8,<f8","shape":[1]}]}',
        b'{"body":{"$":"array","at":0},"arrays":[]}', b'{"body":{"$":"bytes","at":"x"},"arrays":[]}',
        b'{"body":{"$":"objects","shape":[3],"of":[1]},"arrays":[]}', b'{"body":{"$":"dict","of":5},"arrays":[]}',
    ],
)  # fmt: skip
def test_a_damaged_header_is_refused(header: bytes) -> None:
    with pytest.raises(WrongInput):
        decode(header, lambda n: bytearray(n))


def test_a_frame_cannot_ask_for_all_memory() -> None:
    told = {"body": 1, "arrays": [{"dtype": "<f8", "shape": [1 << 40]}]}
    with pytest.raises(TooLarge):
        decode(json.dumps(told).encode(), lambda n: pytest.fail("nothing is read"))
    reading, writing = os.pipe()
    pipe = Pipe(reading, writing)
    os.write(writing, b"\xff\xff\xff\xff")
    with pytest.raises(TooLarge):
        pipe.receive()
    pipe.close()


def test_a_pipe_ends_and_a_deadline_comes() -> None:
    reading, writing = os.pipe()
    pipe = Pipe(reading, writing)
    with pytest.raises(Late):
        pipe.receive(time.monotonic() + 0.05)
    with pytest.raises(Late):
        pipe.send(np.zeros(1 << 20), time.monotonic() + 0.05)
    os.close(writing)
    with pytest.raises(Ended):
        while True:
            pipe.receive()
    os.close(reading)


def test_a_large_array_goes_through_a_small_pipe() -> None:
    reading, writing = os.pipe()
    pipe = Pipe(reading, writing)
    sent = np.random.default_rng(0).random(1 << 20)
    thread = threading.Thread(target=pipe.send, args=({"a": sent},))
    thread.start()
    assert np.array_equal(pipe.receive()["a"], sent)
    thread.join()
    pipe.close()
