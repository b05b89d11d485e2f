"""What was checked and learned, as events that are only ever added: ``CASTALIA_HOME/evidence.jsonl``.

One JSON object a line. Two files from two machines merge by union, since every event has an id of its own. A line
that is no event is set aside into ``evidence.corrupt.jsonl``, byte for byte, and the reader is told. A key this
version does not know is kept: a file written by a later Castalia loses nothing here. An added event is on disk
(fsync) before ``add`` returns; it holds no code and no text of the learner, only hashes, numbers and names.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from castalia.core.errors import NotFound, Unavailable
from castalia.core.lock import FileLock

VERSION = 1
KINDS = ("started", "check", "hint", "spoiler", "prove", "compare", "break", "review", "question", "self_report")
"""What this version writes. An event of another kind is read and kept like any other."""
COUNTED = ("hint", "spoiler")
"""Kinds that later events of their project are told the number of."""
RECENT = 200
"""So many events of a project are looked at for the one before."""
PAUSE = 30.0
"""Minutes: a longer silence between two events of a project was a break, and counts as no work."""
_BINARY = getattr(os, "O_BINARY", 0)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _id() -> str:
    """32 hexadecimal digits that sort by the nanosecond of making, also within one millisecond."""
    now = time.time_ns()
    return f"{now // 1_000_000:012x}{now % 1_000_000:05x}{secrets.randbits(60):015x}"


@dataclass(frozen=True)
class Event:
    """One thing that happened. What does not apply is empty; ``time`` is milliseconds since 1970."""

    kind: str
    project: str = ""
    milestone: str = ""
    claim: str = ""
    contract_hash: str = ""
    code_hash: str = ""
    seed: int | None = None
    outcome: str = ""
    hints: int = 0
    """The highest rung of the claim's hints that was read before (for kind ``hint``: by this event)."""
    spoilers: int = 0
    """How often the project's solution was opened before."""
    ai_declared: bool = False
    """The learner said that an assistant took part."""
    minutes: float = 0.0
    """Minutes since the project's event before this one; 0 after a break of more than ``PAUSE``."""
    id: str = field(default_factory=_id)
    time: int = field(default_factory=lambda: _now())
    version: int = VERSION
    more: Mapping[str, Any] = field(default_factory=dict)
    """Keys that a later version wrote."""

    def plain(self) -> dict[str, Any]:
        """The event as one flat JSON object."""
        values = asdict(self)
        return {**values.pop("more"), **values}

    def line(self) -> bytes:
        """The event as it stands in the file, with its line end."""
        text = json.dumps(self.plain(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode() + b"\n"


_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("kind", "project", "milestone", "claim", "contract_hash", "code_hash", "outcome", "id"), (str,)),
    **dict.fromkeys(("hints", "spoilers", "time", "version"), (int,)),
    "seed": (int, type(None)),
    "ai_declared": (bool,),
    "minutes": (int, float),
}
assert set(_TYPES) == {each.name for each in fields(Event)} - {"more"}


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse)
"""Made once: a log of years has ten thousand lines."""


def read_line(line: bytes) -> Event | None:
    """The event of a line, or None where it is none."""
    try:
        value = _JSON.decode(str(line, "utf-8", "surrogatepass").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not all(value.get(name) for name in ("id", "kind", "time", "version")):
        return None
    known = {name: value.pop(name) for name in _TYPES if name in value}
    if any(type(found) not in _TYPES[name] for name, found in known.items()):  # True is no number here
        return None
    return Event(**known, more=value)


class Evidence:
    """The log of one home folder. Any number of processes may add to it at once.

    ``set_aside`` counts the lines that were no events and were moved to ``corrupt`` since this object was made. A log
    of another ``name`` is kept in the same way: ``journal`` holds what the learner said, which the evidence never does.
    """

    def __init__(self, home: Path, name: str = "evidence") -> None:
        self.name = name
        self.path = home / f"{name}.jsonl"
        self.corrupt = home / f"{name}.corrupt.jsonl"
        self.set_aside = 0

    def add(self, events: Iterable[Event], *, once: bool = False) -> list[Event]:
        """Append events, on disk when this returns: the ones that were added. Unavailable where the home cannot be
        written. With ``once`` one of a kind and project that the log holds already is left out."""
        made = list(events)
        if made:
            with self._writing():
                if once:
                    known = {(each.kind, each.project) for each in self._read_locked()}
                    made = [each for each in made if (each.kind, each.project) not in known]
                self._append(made)
        return made

    def events(self, project: str = "") -> list[Event]:
        """Every event (of one project), oldest first, each id once."""
        chosen = [each for each in self.written() if not project or each.project == project]
        return sorted(chosen, key=lambda each: (each.time, each.id))

    def written(self) -> list[Event]:
        """Every event in the order in which it came into this file, each id once."""
        return list({each.id: each for each in self._read(self.path)}.values())

    def counted(self, project: str) -> list[Event]:
        """The hints and opened solutions of a project and its last events in the file, oldest first.

        It is asked at every check, so other lines are not parsed: one of them that is no event is set aside when
        ``events`` meets it, a torn one here too.
        """
        chosen = {each.id: each for each in self._read(self.path, project)}
        return sorted(chosen.values(), key=lambda each: (each.time, each.id))

    def merge(self, other: Path) -> int:
        """Add what another machine's file holds and this one lacks; the number of events added.

        Lines of the other file that are no events are counted in ``set_aside`` and left where they are.
        """
        if not other.is_file():
            raise NotFound(f"there is no file {other}", "nothing there", f"a file {self.path.name}", "Check the path.")
        theirs, wrong = _parse(other.read_bytes())
        self.set_aside += len(wrong)
        with self._writing():
            mine = {each.id for each in self._read_locked()}
            new = {each.id: each for each in theirs if each.id not in mine}
            self._append(list(new.values()))
        return len(new)

    def event(self, kind: str, project: str, claim: str = "", **values: Any) -> Event:
        """A new event with hints, spoilers and minutes filled in from what the log holds; not added yet."""
        return next(self.filled([Event(kind, project, claim=claim, **values)]))

    def filled(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events with hints, spoilers and minutes of their project; the first one gets the minutes."""
        past: dict[str, list[Event]] = {}
        for each in events:
            first = each.project not in past
            known = past.setdefault(each.project, self.counted(each.project) if first else [])
            yield Event(
                **{name: getattr(each, name) for name in _TYPES if name not in ("hints", "spoilers", "minutes")},
                hints=max(each.hints, hints_read(known, each.claim, each.contract_hash)),
                spoilers=sum(event.kind == "spoiler" for event in known),
                minutes=_minutes(known, each.time) if first else 0.0,
                more=each.more,
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with FileLock(self.path.with_suffix(".lock")):
                yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            cure = (
                "Free some space, or set CASTALIA_HOME to another disk."
                if full
                else "Make the home folder writable, or set CASTALIA_HOME to one that is."
            )
            raise Unavailable(
                f"the {self.name} cannot be kept", (error.strerror or "").lower(), str(self.path), cure
            ) from None

    def _append(self, events: list[Event]) -> None:
        if not events:
            return
        fresh = not self.path.exists()
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY, 0o600)
        try:
            size = os.fstat(fd).st_size
            if size and os.lseek(fd, size - 1, os.SEEK_SET) >= 0 and os.read(fd, 1) != b"\n":
                _write(fd, b"\n")  # a line torn by a crash stays a line of its own
            _write(fd, b"".join(each.line() for each in events))
            os.fsync(fd)
        finally:
            os.close(fd)
        if fresh:
            _sync_folder(self.path.parent)

    def _read(self, path: Path, counted: str | None = None) -> list[Event]:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return []
        events, wrong = _parse(content) if counted is None else _parse_counted(content, counted)
        if not wrong:
            return events
        # Perhaps a line that somebody is about to end: looked at again while nobody writes.
        try:
            with self._writing():
                events = self._read_locked()
            return events if counted is None else [each for each in events if each.project == counted]
        except Unavailable:  # a home that can only be read: nothing is moved, and it is said all the same
            self.set_aside += len(wrong)
            return events

    def _read_locked(self) -> list[Event]:
        content = self.path.read_bytes() if self.path.exists() else b""
        events, wrong = _parse(content)
        if wrong:
            self._move_aside(content, wrong)
        return events

    def _move_aside(self, content: bytes, wrong: list[bytes]) -> None:
        """First into the other file, then out of this one: killed in between, a line is in both and not in none."""
        fd = os.open(self.corrupt, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY, 0o600)
        try:
            _write(fd, b"".join(line + b"\n" for line in wrong))
            os.fsync(fd)
        finally:
            os.close(fd)
        bad = set(wrong)
        kept = b"".join(line + b"\n" for line in content.split(b"\n") if line.strip() and line not in bad)
        draft = self.path.with_suffix(".part")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
        try:
            _write(fd, kept)
            os.fsync(fd)
        finally:
            os.close(fd)
        draft.replace(self.path)
        _sync_folder(self.path.parent)
        self.set_aside += len(wrong)


def hints_read(events: Iterable[Event], claim: str, contract_hash: str = "") -> int:
    """The highest rung of a claim's hints that was read. A changed contract starts at 0 again."""
    rungs = [
        each.hints
        for each in events
        if each.kind == "hint" and each.claim == claim and (not contract_hash or each.contract_hash == contract_hash)
    ]
    return max(rungs, default=0)


def _minutes(past: list[Event], now: int) -> float:
    before = max((each.time for each in past), default=0)
    minutes = (now - before) / 60_000
    return round(minutes, 2) if 0 <= minutes <= PAUSE else 0.0


def _parse(content: bytes) -> tuple[list[Event], list[bytes]]:
    """The events of a file and the lines that are none."""
    events, wrong = [], []
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        event = read_line(line)
        if event is None:
            wrong.append(line)
        else:
            events.append(event)
    return events, wrong


def _parse_counted(content: bytes, project: str) -> tuple[list[Event], list[bytes]]:
    """Of one project the hints, the opened solutions and the last events; every line where one is torn."""
    if content[-2:] not in (b"", b"}\n") or content.count(b"\n") != content.count(b"}\n"):
        events, wrong = _parse(content)
    else:
        name = json.dumps(project, ensure_ascii=False).encode()
        lines = list(itertools.islice(_lines_with(name, content), RECENT))
        for kind in COUNTED:
            lines += (line for line in _lines_with(json.dumps(kind).encode(), content) if name in line)
        events, wrong = _parse(b"\n".join(dict.fromkeys(lines)))
    return [each for each in events if each.project == project], wrong


def _lines_with(word: bytes, content: bytes) -> Iterator[bytes]:
    """The lines that hold ``word``, the last one first."""
    at = len(content)
    while (at := content.rfind(word, 0, at)) >= 0:
        begin = content.rfind(b"\n", 0, at) + 1
        yield content[begin : content.find(b"\n", at)]  # every line has its end
        at = begin


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder last; a platform that cannot (Windows) does so by itself."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass
    finally:
        os.close(fd)
