"""What may be said and how it is called: run ids, keys, texts, whole numbers and numbers, checked once at the door."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from typing import Any

from castalia.core.errors import WrongInput

STATUSES = ("running", "done", "failed", "cancelled", "queued")
MAX_KEY, MAX_PARAM, MAX_TAG, MAX_NAME = 250, 6000, 8000, 500
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""What turns text around, and control characters that are no blank."""
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])")


class _Ids:
    """Run ids that sort by time: 48 bits of milliseconds, a counter, random bits; 32 hex digits."""

    def __init__(self) -> None:
        self._lock, self._last = threading.Lock(), 0

    def new(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, (time.time_ns() // 1_000_000) << 16)
            return f"{self._last:016x}{secrets.token_hex(8)}"


_ids = _Ids()


def new_run_id() -> str:
    """A fresh id; later ones sort behind earlier ones of this process, and of others to the millisecond."""
    return _ids.new()


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def calm(text: str) -> str:
    r"""A text within a sentence: on one line, without the marks that would turn what follows around.

    >>> calm("a\u202e\nb")
    'a b'
    """
    return " ".join(TURNING.sub("", text).split())


def checked_text(what: str, text: object, limit: int, *, empty: bool = False) -> str:
    """``text`` if it is one that every database and JSON can hold. WrongInput names ``what``."""
    if not isinstance(text, str):
        raise WrongInput(f"{what} is not text", type(text).__name__, "text", field=what)
    if len(text) > limit or (not text and not empty):
        raise WrongInput(f"{what} is {'too long' if text else 'empty'}", f"{len(text):,} characters", f"1 to {limit:,}",
                         "Keep long texts as an artifact.", field=what)  # fmt: skip
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise WrongInput(f"{what} cannot be stored", "a NUL or half a character", "plain text", field=what)
    return text


def checked_key(what: str, key: object) -> str:
    """A key of a param, tag or metric: 1 to 250 characters, no control characters, nothing like a path upwards."""
    text = checked_text(what, key, MAX_KEY)
    if any(ord(letter) < 32 for letter in text) or text.startswith("/") or ".." in text.split("/"):
        raise WrongInput(f"{what} cannot be stored", repr(text[:60]), "letters, digits, '_-. :/'", field=what)
    return text


def as_text(value: object) -> str:
    """How a param or tag is kept: text as it is, the rest as JSON, anything else as Python shows it."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    except (TypeError, ValueError):
        return str(value)


def checked_run_id(run_id: str) -> str:
    """An id that may be a folder's name on any system. WrongInput otherwise."""
    if not _RUN_ID.fullmatch(run_id) or _DEVICE.fullmatch(run_id):
        raise WrongInput("run_id cannot be a folder", repr(run_id[:80]), "letters, digits, _ and -", field="run_id")
    return run_id


def checked_status(status: str) -> str:
    """One of the five words."""
    if status not in STATUSES:
        raise WrongInput(f"no status {status[:40]!r}", status[:40], ", ".join(STATUSES), field="status")
    return status


def whole(what: str, value: Any) -> int:
    """A 64-bit signed whole number; numpy's and torch's count."""
    try:
        found = value.__index__() if hasattr(value, "__index__") else int(value)
        if found != value or not -(2**63) <= found < 2**63:
            raise ValueError
        return int(found)
    except (TypeError, ValueError, OverflowError):
        expected = "a whole number from -2^63 to 2^63-1"
        raise WrongInput(f"{what} is not a whole number", repr(value)[:60], expected, field=what) from None


def number(name: str, value: Any) -> float:
    """A float; numpy's and torch's scalars count, NaN and infinities too. WrongInput names the metric."""
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        got = f"{type(value).__name__} {repr(value)[:60]}"
        raise WrongInput(f"metric {name!r} is not a number", got, "one float", field=name) from None
