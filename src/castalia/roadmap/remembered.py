"""The history of a home, without replaying years at each start: ``CASTALIA_HOME/cache/roadmap/learner.json``.

Kept are what came out, under the hash of all that it depends on (the log, what the learner said is known, the graph,
the contracts), and where the replay stood at the beginning of the log's last week. A log that only grew is taken up
there; for any other it begins anew. The file can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.evidence import Event, Evidence, read_line
from castalia.roadmap.content import Content
from castalia.roadmap.contracted import Contracted
from castalia.roadmap.history import (
    History,
    Last,
    Replay,
    day_of,
    derive,
    followed,
    monday_of,
    read_beliefs,
    read_failures,
    read_memories,
    read_weeks,
    tables,
)
from castalia.roadmap.observation import DAY, EPOCH, Observation, observe

KEPT = 3
"""Raise it when what is kept changes its meaning."""

Line = tuple[int, Event]
"""Where a line of the log begins, in bytes, and its event."""


def history(home: Path, content: Content, every: Mapping[str, Contracted], known: Iterable[str] = ()) -> History:
    """What the evidence of a home amounts to; its ``warnings`` say what could not be read."""
    log, place, known = Evidence(home), home / "cache" / "roadmap" / "learner.json", tuple(known)
    try:
        data = log.path.read_bytes()
    except FileNotFoundError:
        data = b""
    about, whole = _about(content, every, known), _hash(data)
    kept = _kept(place, about)
    if kept.get("log") == whole and (found := _history(kept)):
        return found
    replay = Replay(content, every, known)
    lines = _resumed(replay, kept, data)
    if lines is None:
        replay = Replay(content, every, known)
        lines = _lines(data, 0)
    if lines is None:  # torn: the log sets it aside, and is another one then
        made = derive(log.events(), content, every, known)
        count = log.set_aside
        many = "1 line" if count == 1 else f"{count} lines"
        return replace(
            made, warnings=(f"{many} of the evidence could not be read and went to {log.corrupt}",) * (count > 0)
        )
    split = _split(lines)
    replay.feed(event for _, event in lines[:split])
    offset = lines[split][0] if split < len(lines) else len(data)
    base = _json(replay.plain())
    replay.feed(event for _, event in lines[split:])
    made = replay.history()
    head = {"about": about, "log": whole, "offset": offset, "before": _hash(data[:offset])}
    _keep(place, f'{_json(head)[:-1]}, "base": {base}, "history": {_json(asdict(made))}}}')
    return made


def seen(home: Path, content: Content, every: Mapping[str, Contracted]) -> tuple[Observation, ...]:
    """The observations of a home's evidence."""
    return observe(followed(Evidence(home).events(), content), tables(every), content.graph)


def _resumed(replay: Replay, kept: Mapping[str, Any], data: bytes) -> list[Line] | None:
    """Take up where the replay stood; the lines from there on. None where that cannot be done."""
    try:
        offset = kept["offset"]
        if not 0 < offset <= len(data) or _hash(data[:offset]) != kept["before"]:
            return None
        replay.resume(kept["base"])
        lines = _lines(data, offset)
        border = kept["base"]["until"]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if lines is None or any(event.time < border for _, event in lines):
        return None  # what another machine did before
    return lines


def _lines(data: bytes, offset: int) -> list[Line] | None:
    """The events from ``offset`` on, each id once; None where a line is no event."""
    found: list[Line] = []
    known = set[str]()
    for line in data[offset:].split(b"\n"):
        if line.strip():
            event = read_line(line)
            if event is None:
                return None
            if event.id not in known:
                known.add(event.id)
                found.append((offset, event))
        offset += len(line) + 1
    return found


def _split(lines: Sequence[Line]) -> int:
    """The place of the first line of the log's last week; 0 where the log is not in the order of its weeks."""
    if not lines:
        return 0
    border = _border(max(event.time for _, event in lines))
    late = [event.time >= border for _, event in lines]
    first = late.index(True)
    return first if all(late[first:]) else 0


def _border(time: int) -> int:
    """The beginning of a moment's week, in milliseconds."""
    return (monday_of(day_of(time)).toordinal() - EPOCH) * DAY


def _about(content: Content, every: Mapping[str, Contracted], known: Iterable[str]) -> str:
    """The hash of what a history depends on besides the log."""
    parts: list[object] = [KEPT, sorted(known), sorted(content.former_goals.items())]
    parts += sorted((name, one.contract_hash, one.score) for name, one in every.items())
    parts += [(each.id, each.requires, sorted(each.encompasses.items()), each.renamed_from) for each in content.topics]
    return _hash(repr(parts).encode())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=date.isoformat)


def _keep(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as waiting:
            waiting.write_text(text, "utf-8")
    except OSError:
        pass  # a home that cannot be written: it is computed again next time


def _kept(place: Path, about: str) -> Mapping[str, Any]:
    """What is kept about the same content; empty where there is nothing."""
    try:
        value = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) and value.get("about") == about else {}


def _history(kept: Mapping[str, Any]) -> History | None:
    try:
        value = kept["history"]
        return History(
            read_beliefs(value["beliefs"]), read_memories(value["memories"]), read_memories(value["asked"]),
            read_failures(value["failures"]), value["passed"], Last(**value["last"]) if value["last"] else None,
            read_weeks(value["weeks"]), value["begun"], value["ended"], tuple(value["reported"]),
        )  # fmt: skip
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
