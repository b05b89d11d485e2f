"""JSON and arrays over a pipe: how a host and its caller talk. No pickle.

A frame is four bytes (big-endian length of the header), the header (JSON), then the raw bytes of its
arrays one after another. In the JSON an array stands as ``{"$": "array", "at": i}``; the header lists
each one's dtype and shape. Only numbers, truth values, dates and fixed-width text have raw bytes; an object
array travels as a list of JSON values. Floats keep every bit, NaN and infinities too. Tuples become lists.
"""

from __future__ import annotations

import json
import math
import os
import re
import select
import struct
import time
from collections.abc import Callable
from typing import Any

from castalia.core.errors import TooLarge, WrongInput

MAX_HEADER = 256 << 20
MAX_ARRAYS = 8 << 30
MAX_DEPTH = 64

_DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|16)|c(8|16|32)|U\d{1,9}|[mM]8\[(\d*)(Y|M|W|D|h|m|s|ms|us|ns)\])")


class Ended(EOFError):
    """The other end of the pipe is closed."""


class Late(TimeoutError):
    """The deadline came first. The pipe is in the middle of a frame and must not be used again."""


class Pipe:
    """Two file descriptors that carry frames. Not thread-safe: one reads, one writes.

    ``watch`` is asked every 0.2 s while reading waits; it raises ``Ended`` when there is nobody to wait for.
    """

    def __init__(self, reading: int, writing: int, watch: Callable[[], None] = lambda: None) -> None:
        self.reading, self.writing, self._watch = reading, writing, watch
        os.set_blocking(writing, False)

    def send(self, value: object, deadline: float = math.inf) -> None:
        """Write one frame. ``WrongInput`` for what no frame can hold (then nothing is written); ``Ended``, ``Late``."""
        for part in encode(value):
            self._write(part, deadline)

    def receive(self, deadline: float = math.inf) -> Any:
        """Read one frame; ``Ended`` at a closed pipe, ``Late`` at the deadline (``time.monotonic``)."""
        size = struct.unpack(">I", self._read(4, deadline))[0]
        if size > MAX_HEADER:
            raise TooLarge("A frame's header", f"{size} bytes", f"at most {MAX_HEADER}")
        return decode(self._read(size, deadline), lambda n: self._read(n, deadline))

    def close(self) -> None:
        for handle in {self.reading, self.writing}:
            if handle >= 0:
                os.close(handle)
        self.reading = self.writing = -1

    def _read(self, size: int, deadline: float) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        done = 0
        while done < size:
            if not self._ready(self.reading, select.POLLIN, deadline):
                continue
            got = os.readv(self.reading, [view[done : done + (1 << 20)]])
            if not got:
                raise Ended
            done += got
        return data

    def _write(self, data: bytes | memoryview, deadline: float) -> None:
        view = memoryview(data)
        while len(view):
            if not self._ready(self.writing, select.POLLOUT, deadline):
                continue
            try:
                view = view[os.write(self.writing, view[: 1 << 20]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Ended from None

    def _ready(self, handle: int, what: int, deadline: float) -> bool:
        poll = select.poll()
        poll.register(handle, what)
        left = min(deadline - time.monotonic(), 0.2)
        if poll.poll(max(0.0, left) * 1000):
            return True
        if time.monotonic() >= deadline:
            raise Late
        self._watch()
        return False


def encode(value: object) -> list[bytes | memoryview]:
    """A frame in parts. ``WrongInput`` names the first thing that it cannot hold."""
    arrays: list[Any] = []
    body = _flat(value, arrays, 0)
    listed = [{"dtype": array.dtype.str, "shape": array.shape} for array in arrays]
    header = json.dumps({"body": body, "arrays": listed}, separators=(",", ":")).encode()
    if len(header) > MAX_HEADER:
        raise TooLarge("A frame", f"{len(header)} bytes of JSON", f"at most {MAX_HEADER}", "send arrays")
    # A date's bytes cannot be viewed as such: every array is sent as plain bytes.
    raw = [memoryview(array.reshape(-1).view("u1")) for array in arrays if array.nbytes]
    return [struct.pack(">I", len(header)) + header, *raw]


def decode(header: bytes | bytearray, read: Callable[[int], bytearray]) -> Any:
    """The value of a frame; ``read(n)`` gives its next n raw bytes. ``WrongInput`` for a damaged frame."""
    try:
        told = json.loads(header)
        listed = [(str(item["dtype"]), tuple(item["shape"])) for item in told["arrays"]]
        body = told["body"]
    except (ValueError, KeyError, TypeError) as error:
        raise WrongInput("A frame's header", type(error).__name__, "JSON with body and arrays") from None
    sizes = [_size(dtype, shape) for dtype, shape in listed]
    if sum(sizes) > MAX_ARRAYS:
        raise TooLarge("A frame's arrays", f"{sum(sizes)} bytes", f"at most {MAX_ARRAYS}")
    if not listed:
        return _deep(body, [], 0)
    import numpy as np

    arrays = [np.frombuffer(read(n), np.uint8).view(d).reshape(s) if n else np.empty(s, d)
              for (d, s), n in zip(listed, sizes, strict=True)]  # fmt: skip
    return _deep(body, arrays, 0)


def _size(dtype: str, shape: tuple[object, ...]) -> int:
    if not _DTYPE.fullmatch(dtype):
        raise WrongInput("A frame's array", f"dtype {dtype[:40]!r}", "numbers, truth values, dates or text")
    if len(shape) > 32 or not all(isinstance(n, int) and 0 <= n < 1 << 48 for n in shape):
        raise WrongInput("A frame's array", f"shape {str(shape)[:80]}", "at most 32 lengths")
    import numpy as np

    return int(np.dtype(dtype).itemsize * math.prod(shape))  # type: ignore[arg-type]


def _flat(value: object, arrays: list[Any], depth: int) -> object:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > MAX_DEPTH:
        raise WrongInput("A frame", f"nested deeper than {MAX_DEPTH}", "less depth")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise WrongInput("A frame", f"a key of type {type(key).__name__}", "text as keys")
        if "$" in value:
            return {"$": "dict", "of": [[key, _flat(item, arrays, depth + 1)] for key, item in value.items()]}
        return {key: _flat(item, arrays, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_flat(item, arrays, depth + 1) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        import numpy as np

        arrays.append(np.frombuffer(value, np.uint8))
        return {"$": "bytes", "at": len(arrays) - 1}
    if type(value).__module__ == "numpy":
        return _flat_numpy(value, arrays, depth)
    for plain in (int, float, str):  # an enum's member, say; NumPy's own were caught above
        if isinstance(value, plain):
            return plain(value)
    raise WrongInput("A frame", f"a value of type {type(value).__name__}", "JSON values, bytes and NumPy arrays")


def _flat_numpy(value: Any, arrays: list[Any], depth: int) -> object:
    import numpy as np

    if not isinstance(value, np.ndarray):
        if isinstance(value, np.datetime64 | np.timedelta64 | np.complexfloating):
            arrays.append(np.asarray(value))
            return {"$": "array", "at": len(arrays) - 1}
        return _flat(value.item(), arrays, depth + 1)
    if value.dtype == object:
        items = [_flat(item, arrays, depth + 1) for item in value.reshape(-1)]
        return {"$": "objects", "shape": value.shape, "of": items}
    if not _DTYPE.fullmatch(value.dtype.str):
        raise WrongInput("A frame", f"an array of {value.dtype}", "numbers, truth values, dates or text")
    arrays.append(np.ascontiguousarray(value).reshape(value.shape))
    return {"$": "array", "at": len(arrays) - 1}


def _deep(value: Any, arrays: list[Any], depth: int) -> Any:
    if depth > 3 * MAX_DEPTH:
        raise WrongInput("A frame", "nested too deep", f"at most {MAX_DEPTH}")
    if isinstance(value, list):
        return [_deep(item, arrays, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    what = value.get("$")
    try:
        if what == "array":
            return arrays[value["at"]] if arrays[value["at"]].shape else arrays[value["at"]][()]
        if what == "bytes":
            return arrays[value["at"]].tobytes()
        if what == "dict":
            return {key: _deep(item, arrays, depth + 1) for key, item in value["of"]}
        if what == "objects":
            return _objects(value["shape"], [_deep(item, arrays, depth + 1) for item in value["of"]])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise WrongInput("A frame", f"a damaged {what}: {type(error).__name__}", "what encode writes") from None
    return {key: _deep(item, arrays, depth + 1) for key, item in value.items()}


def _objects(shape: list[int], items: list[Any]) -> Any:
    import numpy as np

    flat = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # one by one: NumPy would make lists of equal length into a matrix
        flat[i] = item
    return flat.reshape(shape)
