"""Delivery: an outbox brought to its workbench, by its owner or, after a kill, by whoever comes next.

``spool/remote/<workbench>/`` holds the outboxes, the files that wait with them, and ``server.json`` with the
address, never a token. A file is removed once the workbench has it, so one that is missing was taken.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from castalia.core.atomic import replacing
from castalia.core.settings import Settings
from castalia.track.frames import HEAD
from castalia.track.outbox import ENDING, Outbox
from castalia.track.posting import Address, Never, NotNow, Post

FILE = ".file"
_DAY = 86_400.0
AT_ONCE = 2 * 2**20
"""Bytes of frames in one request."""


@dataclass(frozen=True)
class Left:
    """What a workbench has not got, and why; false where it has everything."""

    points: int = 0
    operations: int = 0
    """Params, tags, files, alerts, beginnings and ends."""
    lost: int = 0
    """Points for which there was no room on the disk either."""
    refused: tuple[str, ...] = ()
    """What the workbench would not take, in its words."""
    server: str = ""
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.points or self.operations or self.lost or self.refused)

    def __str__(self) -> str:
        if not self:
            return "everything is there"
        said = []
        if self.points or self.operations:
            why = f" ({self.reason})" if self.reason else ""
            much = f"{self.points:,} points and {self.operations:,} other entries"
            said.append(f"{much} are not yet at {self.server}{why}; they wait on this disk and are sent by the next "
                        "run, or by: castalia runs sync")  # fmt: skip
        if self.lost:
            said.append(f"{self.lost:,} points are lost: the disk is full")
        said.extend(f"refused by {self.server}: {words}" for words in self.refused)
        return "\n".join(said)


def folder_of(home: Path, address: Address) -> Path:
    """Where what waits for this workbench lies."""
    name = re.sub(r"[^A-Za-z0-9.-]", "_", f"{address.host}_{address.port}")[:60]
    return home / "spool" / "remote" / f"{name}-{hashlib.sha256(str(address).encode()).hexdigest()[:8]}"


def open_outbox(home: Path, address: Address, name: str) -> Outbox:
    """A fresh outbox for this workbench, and its address beside it."""
    folder = folder_of(home, address)
    made = Outbox.new(folder, f"{name[:16]}-{os.getpid()}-{secrets.token_hex(4)}")
    with suppress(OSError):
        note = folder / "server.json"
        if not note.exists():
            with replacing(note) as draft:
                draft.write_text(json.dumps({"server": str(address)}), "utf-8")
    return made


def deliver(outbox: Outbox, post: Post, refused: list[str]) -> bool:
    """Bring the next frames, if any: whether there were. What is refused is added to ``refused``.

    NotNow where the workbench takes nothing now.
    """
    found = outbox.peek(AT_ONCE)
    ready: list[bytes] = []
    for frame in found:
        if (upload := _upload(frame)) is None:
            ready.append(frame)
            continue
        _send(outbox, post, ready, refused)
        waiting = outbox.path.parent / Path(upload["file"]).name
        with suppress(FileNotFoundError):
            try:
                post.put_file(upload["run"], upload["name"], waiting, upload["sha256"])
            except Never as never:
                refused.append(str(never))
            waiting.unlink(missing_ok=True)
        outbox.done([frame])
        return True
    _send(outbox, post, ready, refused)
    return bool(found)


def _send(outbox: Outbox, post: Post, frames: list[bytes], refused: list[str]) -> None:
    """Send frames; only one that is refused when it comes alone is given up."""
    if not frames:
        return
    try:
        refused += post.ingest(frames)
    except Never as never:
        if middle := len(frames) // 2:  # the fault may be one frame's: the others are there in full, perhaps twice
            _send(outbox, post, frames[:middle], refused)
            _send(outbox, post, frames[middle:], refused)
            return
        refused.append(str(never))
    outbox.done(frames)


def _upload(frame: bytes) -> dict[str, str] | None:
    """The file that this frame stands for; None for any other frame."""
    if HEAD.unpack_from(frame)[2] or not frame.startswith(b'{"do":"file"', HEAD.size):
        return None
    return dict(json.loads(frame[HEAD.size :]))


def sync(home: Path | None = None, server: str | None = None, token: str | None = None) -> list[Left]:
    """Send what dead processes left for workbenches, or for one of them. What is there twice is there once.

    Answers one line a workbench: what is still not there, and why. Never fails because one does not answer.
    """
    settings = Settings.read()
    root = (settings.home if home is None else home) / "spool" / "remote"
    wanted = None if server is None else str(Address(server))
    said = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        with suppress(OSError, ValueError, KeyError, TypeError):
            address = Address(json.loads((folder / "server.json").read_text("utf-8"))["server"])
            if wanted in (None, str(address)):
                said.append(bring(folder, address, settings.token if token is None else token))
    return said


def bring(folder: Path, address: Address, token: str) -> Left:
    """Send what lies in the folder of one workbench and belongs to nobody alive."""
    post, reason = Post(address, token), ""
    points = operations = 0
    refused: list[str] = []
    for outbox in _dead(folder):
        try:
            while not reason and not barred(address) and deliver(outbox, post, refused):
                pass
        except NotNow as error:
            reason = str(error)
        finally:
            left = outbox.waiting()
            points, operations = points + left[0], operations + left[1]
            outbox.close()
    post.close()
    if not any(folder.glob(f"*{ENDING}")):
        _sweep(folder)
    reason = reason or barred(address)
    return Left(points, operations, 0, tuple(refused[:100]), str(address), reason)


def _dead(folder: Path) -> Iterator[Outbox]:
    for path in sorted(folder.glob(f"*{ENDING}")):
        if (outbox := Outbox.adopt(path)) is not None:
            yield outbox


def _sweep(folder: Path) -> None:
    """Take away files whose process was killed before it had said what they are."""
    for path in folder.glob(f"*{FILE}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                path.unlink()


def barred(address: Address) -> str:
    """Why nothing may be sent to this address; empty where it may."""
    return "CASTALIA_OFFLINE is set" if Settings.read().offline and not address.is_here else ""
