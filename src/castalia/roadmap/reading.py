"""Tables of TOML as records: every field of the right type, none unknown, none missing.

What is wrong is collected and not raised, so that one look shows all of it.
"""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from castalia.core.errors import did_you_mean
from castalia.roadmap.records import Finding

Made = TypeVar("Made")
Table = dict[str, Any]


class Reader:
    """Reads the files of one folder; ``findings`` is what was wrong in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.findings: list[Finding] = []

    def wrong(self, file: str, id: str, words: str, cure: str = "") -> None:
        """Note a finding."""
        self.findings.append(Finding(file, id, words, cure))

    def tables(self, file: str) -> dict[str, Table]:
        """The tables of a file by name, which are the ids of its records; none where it cannot be read."""
        try:
            found = tomllib.loads((self.folder / file).read_text("utf-8"))
        except OSError as error:
            self.wrong(file, "", f"cannot be read: {error.strerror}", "Put the file back.")
            return {}
        except (ValueError, RecursionError) as error:
            self.wrong(file, "", f"is not TOML: {error}", "Correct it there; an id stands once.")
            return {}
        for id in [id for id, table in found.items() if not isinstance(table, dict)]:
            self.wrong(file, id, "is not a table", f"Write [{id}].")
            del found[id]
        return found

    def records(self, file: str, cls: type[Made]) -> dict[str, Made]:
        """The records of a file that has nothing else in it."""
        made = ((id, self.record(file, cls, {**table, "id": id})) for id, table in self.tables(file).items())
        return {id: one for id, one in made if one is not None}

    def record(self, file: str, cls: type[Made], table: Table, inside: str = "") -> Made | None:
        """One record, of one that is called ``inside``; None where something was wrong."""
        kind: Any = cls
        known = _fields(kind)
        id, before = str(table.get("id", inside)), len(self.findings)
        if "id" in known and not table.get("id"):
            self.wrong(file, inside, f"a {cls.__name__.lower()} without an id: {str(table)[:60]}", "Give it one.")
        values: Table = {}
        for name, value in table.items():
            if name not in known:
                self.wrong(file, id, f"no field {name!r}", did_you_mean(name, known).strip() or "Remove it.")
            elif inner := _inside(known[name][0]):
                values[name] = self._several(file, inner, value, id)
            elif (fitting := _fitting(value, known[name][0])) is _UNFIT:
                words = f"{name} = {str(value)[:60]!r} is {_spoken(known[name][0])}"
                self.wrong(file, id, words, f"Correct {name}.")
            else:
                values[name] = fitting
        for name, (_, needed) in known.items():
            if needed and name not in table and name != "id":
                self.wrong(file, id, f"{name} is missing", f"Add {name}.")
        return cls(**values) if len(self.findings) == before else None

    def _several(self, file: str, cls: type[Made], rows: object, inside: str) -> tuple[Made, ...]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.wrong(file, inside, f"{cls.__name__.lower()}s are no list of tables", "Write an array of tables.")
            return ()
        return tuple(one for row in rows if (one := self.record(file, cls, row, inside)) is not None)


_UNFIT = object()


def _inside(kind: Any) -> Any:
    """The record that a field holds a tuple of, or None."""
    inner = get_args(kind)
    return inner[0] if get_origin(kind) is tuple and dataclasses.is_dataclass(inner[0]) else None


@functools.cache
def _fields(cls: Any) -> Mapping[str, tuple[Any, bool]]:
    """Field -> its type and whether it must be given."""
    hints = get_type_hints(cls)
    assert dataclasses.is_dataclass(cls)
    return {
        each.name: (
            hints[each.name],
            each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING,
        )
        for each in dataclasses.fields(cls)
    }


def _fitting(value: object, kind: Any) -> Any:
    """``value`` as the type of a field, or _UNFIT."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        if not isinstance(value, list):
            return _UNFIT
        parts = [_fitting(each, inner[0]) for each in value]
        twice = inner[0] is str and len(set(parts)) != len(parts)
        return _UNFIT if twice or any(part is _UNFIT for part in parts) else tuple(parts)
    if origin is Literal:
        return value if value in inner else _UNFIT
    if origin is not None:  # a Mapping of numbers
        rows = value.items() if isinstance(value, dict) else [("", _UNFIT)]
        made = {name: _fitting(each, inner[1]) for name, each in rows}
        return _UNFIT if any(part is _UNFIT for part in made.values()) else made
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    return value if fits and (value != "" or kind is not str) else _UNFIT


def _spoken(kind: Any) -> str:
    """What a value is not, in words: ``no text``, ``none of topics, links``."""
    words = {str: "text", int: "whole number", float: "number", bool: "truth value"}
    if get_origin(kind) is tuple:
        return f"no list of {words[get_args(kind)[0]]}s, each once"
    if kind in words:
        return f"no {words[kind]}"
    return "no table of numbers" if get_origin(kind) is not Literal else f"none of {', '.join(get_args(kind))}"
