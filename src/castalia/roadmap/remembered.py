"""The history of a home, without replaying years at each start: ``CASTALIA_HOME/cache/roadmap/learner.json``.

Kept are what came out, under the hash of all that it depends on (the log, what the learner said is known, the graph,
the contracts), and where the replay stood at the beginning of the log's last week. A log that only grew is taken up
there; for any other it begins anew. What is only tried out ("as if I knew ...") has a file of its own beside it, so
that a trial does not cost the next look its memory. Both can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.evidence import Event, Evidence, read_line
from castalia.roadmap import gap, mastery, observation, review
from castalia.roadmap.content import Content
from castalia.roadmap.contracted import Contracted
from castalia.roadmap.days import dated, day_of, monday_of, possible, zone
from castalia.roadmap.history import (
    History,
    Known,
    Last,
    Replay,
    derive,
    followed,
    read_beliefs,
    read_failures,
    read_memories,
    read_weeks,
    tables,
)
from castalia.roadmap.observation import Observation, observe

KEPT = 5
"""Raise it when what is kept changes its meaning; what only a constant changes is noticed without."""

KEPT_IN = ("learner.json", "trial.json")
"""What is so, and what was tried out last."""

PRIORS_OF = (mastery, observation, review, gap)
"""Modules whose constants decide what comes out."""

Line = tuple[int, Event]
"""Where a line of the log begins, in bytes, and its event."""


def history(
    home: Path, content: Content, every: Mapping[str, Contracted], known: Known = (), now: int | None = None,
    trial: bool = False,
) -> History:  # fmt: skip
    """What the evidence of a home amounts to; its ``warnings`` say what could not be read, or is dated after ``now``
    (milliseconds). What is worked out from such a log is not kept. ``trial``: ``known`` holds for this once."""
    log, place = Evidence(home), home / "cache" / "roadmap" / KEPT_IN[trial]
    known = known if isinstance(known, Mapping) else dict.fromkeys(known, 0)
    try:
        data = log.path.read_bytes()
    except FileNotFoundError:
        data = b""
    about, whole = _about(content, every, known), _hash(data)
    kept = _kept(place, about, now)
    if kept.get("log") == whole and (found := _history(kept)):
        return found
    replay = Replay(content, every, known)
    lines = _resumed(replay, kept, data)
    if lines is None:
        replay = Replay(content, every, known)
        lines = _lines(data, 0)
    if lines is None or (now is not None and not all(possible(event.time, now) for _, event in lines)):
        return _derived(log, content, every, known, now)
    split = _split(lines)
    replay.feed(event for _, event in lines[:split])
    offset = lines[split][0] if split < len(lines) else len(data)
    base = _json(replay.plain())
    replay.feed(event for _, event in lines[split:])
    made = replay.history()
    latest = max([kept.get("latest", 0), *(event.time for _, event in lines)])
    head = {"about": about, "log": whole, "offset": offset, "before": _hash(data[:offset]), "latest": latest}
    _keep(place, f'{_json(head)[:-1]}, "base": {base}, "history": {_json(vars(made))}}}')
    return made


def _derived(
    log: Evidence, content: Content, every: Mapping[str, Contracted], known: Known, now: int | None
) -> History:
    """From a log with a torn line, which it sets aside, or one whose clock was wrong."""
    found = dated(log.written(), now)
    many = "1 line" if log.set_aside == 1 else f"{log.set_aside} lines"
    torn = (f"{many} of the evidence could not be read and went to {log.corrupt}",) * (log.set_aside > 0)
    made = derive(found.events, content, every, known)
    return replace(made, warnings=(*torn, *found.warnings("evidence")))


def seen(
    home: Path, content: Content, every: Mapping[str, Contracted], now: int | None = None
) -> tuple[Observation, ...]:
    """The observations of a home's evidence."""
    events = dated(Evidence(home).written(), now).events
    return observe(followed(events, content), tables(every), content.graph)


def _resumed(replay: Replay, kept: Mapping[str, Any], data: bytes) -> list[Line] | None:
    """Take up where the replay stood; the lines from there on. None where that cannot be done."""
    try:
        offset = kept["offset"]
        if not 0 < offset <= len(data) or _hash(data[:offset]) != kept["before"]:
            return None
        replay.resume(kept["base"])
        lines = _lines(data, offset)
        border = date.fromisoformat(kept["base"]["until"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if lines is None or any(day_of(event.time) < border for _, event in lines):
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
    border = monday_of(day_of(max(event.time for _, event in lines)))
    late = [day_of(event.time) >= border for _, event in lines]
    first = late.index(True)
    return first if all(late[first:]) else 0


def _about(content: Content, every: Mapping[str, Contracted], known: Mapping[str, int]) -> str:
    """The hash of what a history depends on besides the log."""
    parts: list[object] = [KEPT, sorted(known.items()), sorted(content.former_goals.items()), zone(), tables(every)]
    parts += [[pair for pair in sorted(vars(each).items()) if pair[0].isupper()] for each in PRIORS_OF]
    parts += sorted((name, one.contract_hash) for name, one in every.items())
    parts += [(each.id, each.requires, sorted(each.encompasses.items()), each.renamed_from) for each in content.topics]
    return _hash(repr(parts).encode())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: object) -> str:
    return json.dumps(
        value, ensure_ascii=False, default=lambda one: one.isoformat() if isinstance(one, date) else vars(one)
    )


def _keep(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as waiting:
            waiting.write_text(text, "utf-8")
    except OSError:
        pass  # a home that cannot be written: it is computed again next time


def _kept(place: Path, about: str, now: int | None) -> Mapping[str, Any]:
    """What is kept about the same content; empty where there is nothing, or of days that are not yet."""
    try:
        value = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(value, dict) or value.get("about") != about or type(value.get("latest")) is not int:
        return {}
    return value if now is None or possible(value["latest"], now) else {}


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
