"""What one case asked of a learner's file, as they would type it themselves: objects made, methods called, last line.

It is noted while a claim asks, since a property asks as it goes on. Only small arrays are kept, and the
last calls.
"""

from __future__ import annotations

import keyword
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST_NUMBERS = 60
"""Numbers of an array that are typed; of a larger one its shape is named."""
MOST_CALLS = 8
"""Lines that are typed."""
MOST_WORDS = 800
"""Characters that are typed, if fewer numbers can bring it down to that."""
KEPT = 2000
"""Calls of one case that are remembered."""


@dataclass
class _Call:
    op: str
    """call, new or method."""
    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    at: int
    """The object that was made (new) or asked (method); else -1."""
    uses: list[int] = field(default_factory=list)
    """Objects among the arguments."""


@dataclass(frozen=True)
class _Object:
    at: int


@dataclass(frozen=True)
class _Large:
    words: str


class Calls:
    """The calls of one case, in their order."""

    def __init__(self) -> None:
        self._calls: deque[_Call] = deque(maxlen=KEPT)

    def clear(self) -> None:
        """Begin another case."""
        self._calls.clear()

    def note(self, op: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], at: int = -1) -> None:
        """One call that is about to be asked; ``at`` is the object whose method it is."""
        made = _Call(op, name, (), {}, at)
        made.args = [_kept(each, made.uses) for each in args]
        made.kwargs = {key: _kept(each, made.uses) for key, each in kwargs.items()}
        self._calls.append(made)

    def made(self, at: int) -> None:
        """The last call made this object."""
        if self._calls:
            self._calls[-1].at = at

    def typed(self, about: str) -> str:
        """The last call of ``about`` ("dense", "Network.forward", "SGD") and what it needs, a line each.

        "" where there is none, or where something of it cannot be typed (a folder of the checker's own).
        """
        chosen = self._chosen(about)
        if not chosen:
            return ""
        names = _named(chosen)
        if any(at not in names for call in chosen for at in [*call.uses, *([call.at] if call.op == "method" else [])]):
            return ""
        for most in (MOST_NUMBERS, MOST_NUMBERS // 5, 0):
            text = "\n".join(_lines(chosen, names, most))
            if len(text) <= MOST_WORDS:
                break
        return text

    def _chosen(self, about: str) -> list[_Call]:
        calls = list(self._calls)
        head, _, method = about.partition(".")
        ours = {call.at for call in calls if call.op == "new" and call.name == head}

        def fits(call: _Call) -> bool:
            if call.op == "method":
                return call.at in ours and method in ("", call.name)
            return call.name == head and (not method or call.op == "new")

        last = next((place for place in reversed(range(len(calls))) if fits(calls[place])), -1)
        if last < 0 or "." in calls[last].name:
            return []
        needed, found = {*calls[last].uses, calls[last].at} - {-1}, [calls[last]]
        for call in reversed(calls[:last]):
            if call.at in needed:
                needed.update(call.uses)
                found.append(call)
        return found[::-1]


def _kept(value: Any, uses: list[int]) -> Any:
    """A copy of what is small; the claim may change its own later."""
    if isinstance(value, np.ndarray):
        return value.copy() if value.size <= MOST_NUMBERS else _Large(f"<{value.dtype} {value.shape}>")
    if isinstance(value, list | tuple):
        return type(value)(_kept(each, uses) for each in value) if type(value) in (list, tuple) else list(value)
    if isinstance(value, dict):
        return {key: _kept(each, uses) for key, each in value.items()}
    if hasattr(value, "as_argument"):
        uses.append(value.as_argument()["castalia handle"])
        return _Object(uses[-1])
    return value


def _named(calls: Sequence[_Call]) -> dict[int, str]:
    """A variable for every object that is made: network, sgd, network_2."""
    names: dict[int, str] = {}
    for call in calls:
        if call.op == "new" and call.at >= 0 and call.name.isidentifier():
            base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", call.name).lower()
            base += "_" if keyword.iskeyword(base) or base == call.name else ""
            count = sum(re.fullmatch(rf"{re.escape(base)}(_\d+)?", name) is not None for name in names.values())
            names[call.at] = f"{base}_{count + 1}" if count else base
    return names


def _lines(calls: Sequence[_Call], names: Mapping[int, str], most: int) -> list[str]:
    makers = [call for call in calls[:-1] if call.op == "new"]
    others = [call for call in calls[:-1] if call.op != "new"]
    room = max(0, MOST_CALLS - 1 - len(makers))
    kept = {id(call) for call in [*makers, *(others[-room:] if room else []), calls[-1]]}
    lines, left_out = [], 0
    for call in calls:
        if id(call) not in kept:
            left_out += 1
            continue
        if left_out:
            lines.append(f"# and {left_out} calls before this one")
            left_out = 0
        given = [_typed(each, names, most) for each in call.args]
        given += [f"{key}={_typed(each, names, most)}" for key, each in call.kwargs.items()]
        asked = f"{names[call.at]}.{call.name}" if call.op == "method" else call.name
        begin = f"{names[call.at]} = " if call.op == "new" and call.at in names else ""
        lines.append(f"{begin}{asked}({', '.join(given)})")
    return lines


def _typed(value: Any, names: Mapping[int, str], most: int) -> str:
    """A value as Python: numbers exactly."""
    if isinstance(value, _Object):
        return names[value.at]
    if isinstance(value, _Large):
        return value.words
    if isinstance(value, np.ndarray):
        if value.size > most:
            return f"<{value.dtype} {value.shape}>"
        usual = value.dtype in (np.float64, np.int64, np.bool_) and value.size
        return f"np.array({_typed(value.tolist(), names, most)}{'' if usual else f', np.{value.dtype.name}'})"
    if isinstance(value, list | tuple):
        inner = ", ".join(_typed(each, names, most) for each in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_typed(each, names, most)}" for key, each in value.items()) + "}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return "np.nan" if value != value else ("np.inf" if value > 0 else "-np.inf")
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
