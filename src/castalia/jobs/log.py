"""output.log: what a child printed, its beginning and its end, never more than so many bytes."""

from __future__ import annotations

import os
import re
from pathlib import Path

NOTE = re.compile(rb"\n\[castalia: (\d{1,15}) bytes of output left out here\]\n")


def head_of(cap: int) -> int:
    """So many bytes from the start of a log hold the note, once something was left out: an eighth and the note."""
    return cap // 8 + 128


class CappedLog:
    """Appends to a file and leaves out the middle when it would pass ``cap`` bytes.

    Keeps an eighth of the cap from the start and at least a quarter from the end. A full disk loses
    output, never the work: ``write`` does not raise.
    """

    def __init__(self, path: Path, cap: int) -> None:
        self._path, self._cap = path, cap
        self._handle = -1
        self._size = 0
        self._open()

    def write(self, data: bytes) -> None:
        """Append; when over the cap, keep head and tail."""
        try:
            if self._handle < 0:
                self._open()
            view = memoryview(data)
            while len(view):
                done = os.write(self._handle, view)
                self._size += done
                view = view[done:]
            if self._size > self._cap:
                self._trim()
        except OSError:
            pass  # the disk is full; the job goes on without its log

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _open(self) -> None:
        try:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            self._size = os.fstat(self._handle).st_size
        except OSError:
            self._handle = -1

    def _trim(self) -> None:
        with open(self._path, "rb") as file:
            head = file.read(head_of(self._cap))
            file.seek(-(self._cap // 4), os.SEEK_END)
            tail = file.read()
        left_out = self._size
        if earlier := NOTE.search(head):  # also one of an earlier attempt: the head stays, its count goes on
            head = head[: earlier.start()]
            left_out += int(earlier[1]) - len(earlier[0])
        else:
            head = head[: self._cap // 8]
            head = head[: head.rfind(b"\n") + 1] or head
        tail = tail[tail.find(b"\n") + 1 :] or tail
        note = b"\n[castalia: %d bytes of output left out here]\n" % (left_out - len(head) - len(tail))
        scrap = self._path.with_name(".output.log.new")
        scrap.write_bytes(head + note + tail)
        os.replace(scrap, self._path)
        self.close()
        self._open()
