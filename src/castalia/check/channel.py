"""Frames to and from a runner, on every platform: a thread reads, so that waiting can have an end.

The format is castalia.jobs.frames; what comes is from code that nobody vouches for, so sizes are held to a cap
before a byte is stored, and anything that is not a whole, plain frame is ``Damaged``.
"""

from __future__ import annotations

import contextlib
import os
import queue
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from castalia.core.errors import CastaliaError
from castalia.jobs.frames import Ended, Late, decode, encode

MAX_HEADER = 64 << 20
SMALL = 1 << 15  # a pipe takes this much without anybody reading


class Damaged(Exception):
    """Not a frame, or one that is over the cap. The channel must not be used again."""


class Channel:
    """Two file descriptors. ``give_up`` must make both ends close; it is called when sending is late."""

    def __init__(self, reading: int, writing: int, cap: int, give_up: Callable[[], object]) -> None:
        self._reading, self._writing, self._cap, self._give_up = reading, writing, cap, give_up
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read_all, name="answers of a runner", daemon=True)
        self._thread.start()

    def send(self, value: object, deadline: float) -> None:
        """Write one frame. ``WrongInput`` for what no frame can hold; ``Ended`` when nobody reads; ``Late``."""
        parts = encode(value)
        large = sum(len(part) for part in parts) > SMALL
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._give_up) if large else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            for part in parts:
                view = memoryview(part)
                while len(view):
                    view = view[os.write(self._writing, view[: 1 << 20]) :]
        except OSError:
            raise (Late if time.monotonic() >= deadline else Ended) from None
        finally:
            if timer:
                timer.cancel()

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next answer; ``Ended``, ``Late`` (at ``time.monotonic() == deadline``) or ``Damaged``."""
        try:
            answer = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Late from None
        if isinstance(answer, Exception):
            self._answers.put(answer)  # and for whoever asks again
            raise answer
        assert isinstance(answer, dict)
        return answer

    def close(self) -> None:
        """The other side must be gone, else the reading thread would wait for it."""
        with contextlib.suppress(OSError):
            os.close(self._writing)
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            os.close(self._reading)

    def _read_all(self) -> None:
        try:
            while True:
                self._answers.put(self._frame())
        except (Ended, Damaged) as end:
            self._answers.put(end)
        except CastaliaError as error:
            self._answers.put(Damaged(f"{error.subject}: {error.got}"))
        except Exception as error:  # MemoryError, RecursionError: whatever a crafted header can provoke
            self._answers.put(Damaged(type(error).__name__))

    def _frame(self) -> dict[str, Any]:
        size: int = struct.unpack(">I", self._read(4))[0]
        if size > min(MAX_HEADER, self._cap):
            raise Damaged(f"an answer with {size} bytes of text and lists")
        left = self._cap

        def read(count: int) -> bytearray:
            nonlocal left
            left -= count
            if left < 0:
                raise Damaged(f"an answer of more than {self._cap} bytes")
            return self._read(count)

        body = decode(self._read(size), read)
        if not isinstance(body, dict) or "nonce" not in body:
            raise Damaged("an answer without a nonce")
        return body

    def _read(self, size: int) -> bytearray:
        data = bytearray()
        while len(data) < size:
            try:
                got = os.read(self._reading, min(size - len(data), 1 << 20))
            except OSError:
                raise Ended from None
            if not got:
                raise Ended
            data += got
        return data
