"""What goes over the wire: fields read as the client sends them, errors in its own codes and words.

A GET has its fields in the query, everything else in a JSON body. Whole numbers of 64 bits are numbers or
their text, doubles may be "NaN", "Infinity", "-Infinity", unknown fields are passed over.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from castalia.core.errors import CastaliaError, Conflict, NotFound, Refused, TooLarge, Unavailable, WrongInput
from castalia.track.store import Store

STATUS = {
    "BAD_REQUEST": 400, "INVALID_PARAMETER_VALUE": 400, "RESOURCE_ALREADY_EXISTS": 400, "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403, "RESOURCE_DOES_NOT_EXIST": 404, "ENDPOINT_NOT_FOUND": 404, "RESOURCE_CONFLICT": 409,
    "REQUEST_LIMIT_EXCEEDED": 429, "INTERNAL_ERROR": 500, "INVALID_STATE": 500, "NOT_IMPLEMENTED": 501,
    "TEMPORARILY_UNAVAILABLE": 503,
}  # fmt: skip
"""The HTTP status of each code. The client tries again on 429 and 5xx: they are never the client's fault."""
_CLASSES = {
    "BAD_REQUEST": "INVALID_PARAMETER_VALUE", "INVALID_PARAMETER_VALUE": "INVALID_PARAMETER_VALUE",
    "RESOURCE_ALREADY_EXISTS": "RESOURCE_ALREADY_EXISTS", "PERMISSION_DENIED": "PERMISSION_DENIED",
    "RESOURCE_DOES_NOT_EXIST": "RESOURCE_NOT_FOUND", "ENDPOINT_NOT_FOUND": "RESOURCE_NOT_FOUND",
    "INTERNAL_ERROR": "CLIENT_INTERNAL_ERROR", "INVALID_STATE": "CLIENT_INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE": "CLIENT_INTERNAL_ERROR",
}  # fmt: skip
"""The class of error that clients are told beside a code; the other codes have none."""
_CODES: tuple[tuple[type[CastaliaError], str], ...] = (
    (NotFound, "RESOURCE_DOES_NOT_EXIST"), (Refused, "PERMISSION_DENIED"), (Unavailable, "TEMPORARILY_UNAVAILABLE"),
    (TooLarge, "INVALID_PARAMETER_VALUE"), (WrongInput, "INVALID_PARAMETER_VALUE"),
    (Conflict, "INVALID_PARAMETER_VALUE"),
)  # fmt: skip
_SHOWN = 200
"""Characters of a wrong value that an error repeats."""
MAX_DEPTH = 64
"""How deep lists and objects may lie in each other."""
SEE = " See the API docs for more information about request parameters."
"""How the client's own tests know an error in a parameter."""


class ProtocolError(Exception):
    """An answer with one of the protocol's codes."""

    def __init__(self, code: str, message: str, status: int = 0, retry_after: int = 0) -> None:
        self.code, self.message, self.status = code, message, status or STATUS[code]
        self.retry_after = retry_after
        super().__init__(message)

    @classmethod
    def of(cls, error: CastaliaError) -> ProtocolError:
        """The same fault in the protocol's code."""
        code = next((code for kind, code in _CODES if isinstance(error, kind)), "INTERNAL_ERROR")
        # It may name a place of this machine: the caller logs it, the client learns that it may ask again.
        said = "The server cannot do this now." if error.status >= 500 else sentence(error)
        return cls(code, said, retry_after=error.retry_after)


def error_body(code: str, message: str) -> dict[str, str]:
    """What an error says: ``{"error_code", "message"}``, with ``sqlstate`` and ``error_class`` where it has them."""
    made = {"error_code": code, "message": message}
    if code in _CLASSES:
        made["sqlstate"] = "XXM00" if STATUS[code] >= 500 else "KAM00"
        made["error_class"] = _CLASSES[code]
    return made


def sentence(error: CastaliaError) -> str:
    """What happened, what was found, what was expected and what helps, on one line."""
    said = f"{error.subject}: {error.got}" if error.got else error.subject
    said += f" (expected {error.expected})" if error.expected else ""
    cure = error.cure if not error.cure[:1].islower() else f"Try: {error.cure}"
    return " ".join(f"{said}. {cure}".split())


def missing(name: str) -> ProtocolError:
    """A required field is absent or empty."""
    return ProtocolError("INVALID_PARAMETER_VALUE", f"Missing value for required parameter '{name}'.{SEE}")


def invalid(name: str, value: object, hint: str = "") -> ProtocolError:
    """A field has a value that it cannot have; ``hint`` says why."""
    message = f"Invalid value {shown(value)} for parameter '{name}' supplied{':' if hint else '.'}"
    return ProtocolError("INVALID_PARAMETER_VALUE", f"{message}{hint and ' '}{hint}")


def wrong_type(name: str, value: object) -> ProtocolError:
    """A field has a value of another type than its own."""
    return invalid(name, value, f" Hint: Value was of type '{type(value).__name__}'.{SEE}")


def shown(value: object) -> str:
    """A wrong value as JSON, cut where it is long."""
    text = f"a {type(value).__name__}"
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        text = repr(value)
        if len(text) <= 4 * _SHOWN:
            text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def absent(message: str) -> ProtocolError:
    """What was asked for is not there."""
    return ProtocolError("RESOURCE_DOES_NOT_EXIST", message)


def is_deep(value: dict[str, Any]) -> bool:
    """Whether lists and objects lie in each other more than MAX_DEPTH deep."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in (each.values() if type(each) is dict else each)
                 if type(child) is dict or type(child) is list]  # fmt: skip
        if not level:
            return False
    return True


def is_text(value: str) -> bool:
    """Whether every database and every JSON can hold it: no NUL, no half a character."""
    if value.isascii():
        return "\0" not in value
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


class Fields:
    """The fields of one message. ``path`` names it where it lies inside another: ``metrics[3].``"""

    __slots__ = ("admin", "path", "values", "who")

    def __init__(self, values: Mapping[str, Any], path: str = "", admin: bool = False, who: str = "") -> None:
        self.values, self.path = values, path
        self.admin, self.who = admin, who
        """Whether an admin sent the message, and who sent it."""

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, *, required: bool = False, default: str = "") -> str:
        """A text; ``required`` ones are not empty."""
        value = self.values.get(name)
        if value is None or value == "":
            if required:
                raise missing(self.path + name)
            return default if value is None else ""
        if not isinstance(value, str):
            raise wrong_type(self.path + name, value)
        if not is_text(value):
            raise invalid(self.path + name, value, "It holds a NUL or half a character.")
        return value

    def whole(self, name: str, *, default: int | None = None, low: int = -(2**63), high: int = 2**63 - 1) -> int:
        """A whole number from ``low`` to ``high``; required where it has no default."""
        value = self.values.get(name)
        if value is None or value == "":
            if default is None:
                raise missing(self.path + name)
            return default
        try:
            # What is beyond 64 bits comes as the float next to it, and below that may be the least whole number.
            whole = not isinstance(value, float) or -(2.0**63) < value == math.floor(value)
            found = int(value) if whole else None
        except (TypeError, ValueError, OverflowError):
            found = None
        if isinstance(value, bool) or found is None:
            raise wrong_type(self.path + name, value)
        if not low <= found <= high:
            raise invalid(self.path + name, value, f"It must be a whole number from {low} to {high}.")
        return found

    def number(self, name: str) -> float:
        """A required double; "NaN" and the infinities may be text."""
        value = self.values.get(name)
        if value is None or value == "":
            raise missing(self.path + name)
        try:
            if isinstance(value, bool) or (isinstance(value, str) and value != value.strip()):
                raise ValueError
            return float(value)
        except (TypeError, ValueError, OverflowError):
            raise wrong_type(self.path + name, value) from None

    def flag(self, name: str) -> bool:
        """A truth value; absent is false."""
        value = self.values.get(name)
        if value in (None, False, "false"):
            return False
        if value in (True, "true"):
            return True
        raise wrong_type(self.path + name, value)

    def texts(self, name: str) -> list[str]:
        """A repeated text; one alone counts as a list of one, as a query sends it."""
        value = self.values.get(name)
        found = [] if value is None else [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(each, str) and is_text(each) for each in found):
            raise wrong_type(self.path + name, value)
        return found

    def items(self, name: str) -> list[Fields]:
        """A repeated message."""
        value = self.values.get(name)
        found = [] if value is None else value
        if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
            raise wrong_type(self.path + name, value)
        return [Fields(each, f"{self.path}{name}[{i}].") for i, each in enumerate(found)]

    def item(self, name: str) -> Fields:
        """A message; absent is an empty one."""
        value = self.values.get(name)
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise wrong_type(self.path + name, value)
        return Fields(value, f"{self.path}{name}.")


Handler = Callable[[Store, Fields], Mapping[str, Any] | bytes]
"""Answers a request: the fields of the answer, or its JSON as bytes. Runs in a thread."""


@dataclass(frozen=True)
class Route:
    """``POST runs/create`` of version 2.0 and its handler; ``{names}`` in the path become fields."""

    method: str
    path: str
    handler: Handler
    writes: bool = True
    """False where a POST only reads: a reader may call it."""
    versions: tuple[str, ...] = ("2.0",)
    admin: bool = False
    """True where what is lost cannot be had back: only an admin may call it."""
    small: bool = False
    """True where it is one ``Database.commit`` of a few rows if the body is short, and answers ``{}``."""
    slow: bool = False
    """True where it reads what may be much: only a few of these are worked on at once."""
