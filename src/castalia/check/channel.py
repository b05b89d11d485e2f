"""Frames to and from a runner, on every platform, and waiting for one can have an end.

The format is castalia.jobs.frames; what comes is from code that nobody vouches for, so sizes are held to a cap
before a byte is stored, and anything that is not a whole, plain frame is ``Damaged``.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from castalia.core.errors import CastaliaError
from castalia.jobs.frames import Ended, Late, decode, encode

MAX_HEADER = 64 << 20
SMALL = 1 << 15  # a pipe takes this much without anybody reading
CHUNK = 1 << 20
POLLS = hasattr(select, "poll")


class Damaged(Exception):
    """Not a frame, or one that is over the cap. The channel must not be used again."""


class Channel:
    """Two file descriptors. ``give_up`` must make both ends close; it is called when sending is late."""

    def __init__(self, reading: int, writing: int, cap: int, give_up: Callable[[], object]) -> None:
        self._writing, self._cap, self._give_up = writing, cap, give_up
        self._bytes: Polled | Threaded = Polled(reading) if POLLS else Threaded(reading)

    def send(self, value: object, deadline: float) -> None:
        """Write one frame. ``WrongInput`` for what no frame can hold; ``Ended`` when nobody reads; ``Late``."""
        parts = encode(value)
        large = sum(len(part) for part in parts) > SMALL
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._give_up) if large else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            for part in parts if large else [b"".join(parts)]:
                view = memoryview(part)
                while len(view):
                    view = view[os.write(self._writing, view[:CHUNK]) :]
        except OSError:
            raise (Late if time.monotonic() >= deadline else Ended) from None
        finally:
            if timer:
                timer.cancel()

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next answer; ``Ended``, ``Late`` (at ``time.monotonic() == deadline``) or ``Damaged``."""
        try:
            return self._frame(deadline)
        except (Ended, Late, Damaged):
            raise
        except CastaliaError as error:
            raise Damaged(f"{error.subject}: {error.got}") from None
        except Exception as error:  # MemoryError, RecursionError: whatever a crafted header can provoke
            raise Damaged(type(error).__name__) from None

    def close(self) -> None:
        """The other side must be gone."""
        with contextlib.suppress(OSError):
            os.close(self._writing)
        self._bytes.close()

    def _frame(self, deadline: float) -> dict[str, Any]:
        size: int = struct.unpack(">I", self._bytes.take(4, deadline))[0]
        if size > min(MAX_HEADER, self._cap):
            raise Damaged(f"an answer with {size} bytes of text and lists")
        left = self._cap

        def read(count: int) -> bytearray:
            nonlocal left
            left -= count
            if left < 0:
                raise Damaged(f"an answer of more than {self._cap} bytes")
            return self._bytes.take(count, deadline)

        body = decode(self._bytes.take(size, deadline), read)
        if not isinstance(body, dict) or "nonce" not in body:
            raise Damaged("an answer without a nonce")
        return body


class Polled:
    """The bytes of a pipe, where waiting for one can have an end."""

    def __init__(self, reading: int) -> None:
        self._reading, self._held = reading, bytearray()
        self._poll = select.poll()
        self._poll.register(reading, select.POLLIN)

    def take(self, size: int, deadline: float) -> bytearray:
        """The next ``size`` bytes. ``Ended``, ``Late``."""
        while len(self._held) < size:
            self._held += self._more(deadline)
        data = self._held[:size]
        del self._held[:size]
        return data

    def _more(self, deadline: float) -> bytes:
        try:
            while not self._poll.poll(1000 * min(3600.0, max(0.0, deadline - time.monotonic()))):
                if time.monotonic() >= deadline:
                    raise Late
            data = os.read(self._reading, CHUNK)
        except OSError as error:
            if isinstance(error, Late):
                raise
            raise Ended from None
        if not data:
            raise Ended
        return data

    def close(self) -> None:
        os.close(self._reading)


class Threaded(Polled):
    """The same where pipes cannot be polled (Windows): a thread reads ahead, a few chunks at most."""

    def __init__(self, reading: int) -> None:
        self._reading, self._held = reading, bytearray()
        self._chunks: queue.Queue[bytes] = queue.Queue(maxsize=4)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read_all, name="answers of a runner", daemon=True)
        self._thread.start()

    def _more(self, deadline: float) -> bytes:
        try:
            data = self._chunks.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Late from None
        if not data:
            self._chunks.put(data)  # and for whoever asks again
            raise Ended
        return data

    def _read_all(self) -> None:
        data = b"-"
        while data and not self._closed.is_set():
            try:
                data = os.read(self._reading, CHUNK)
            except OSError:
                data = b""
            while not self._closed.is_set():
                with contextlib.suppress(queue.Full):
                    self._chunks.put(data, timeout=0.2)
                    break

    def close(self) -> None:
        self._closed.set()
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            os.close(self._reading)
