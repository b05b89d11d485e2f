"""A dirty table made clean, cell by cell, and a report of everything that was changed.

What a column holds is decided on the training rows and kept: a later table is read in the same way. Nothing is changed
silently: ``report`` says what fit found, ``changes(table)`` what would be changed in another table, and a cell that
cannot be read as the rest of its column is named in a warning.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import PrivateAttr

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.core.system import Field
from castalia.kit.tabular.cells import (
    MISSING,
    MISSING_NUMBER,
    Decimal,
    boolean,
    decimal_mark,
    number,
    spelling,
    trimmed,
)
from castalia.kit.tabular.daytimes import Order, moment, order_of
from castalia.kit.tabular.frames import Array, Frame, objects
from castalia.kit.tabular.kinds import FEW, common_spellings, is_boolean, is_date, is_number, is_prose, nearly_all
from castalia.kit.tabular.levels import factorize
from castalia.kit.tabular.notices import notice
from castalia.kit.tabular.reports import Change, Report, as_text, copies, renamed
from castalia.kit.tabular.steps import Cell, PerColumn, Rows, State

Holds = Literal["number", "boolean", "date", "category", "text"]
REMEMBERED = 1000
"""Cells of a column whose reading is kept, so that a common value is read once."""


class Unreadable(UserWarning):
    """A cell that is not of the kind its column had in training; it is now missing."""


class Cleaned(State):
    """How a column is read."""

    name: str
    holds: Holds
    decimal: Decimal = "."
    unit: str = ""
    order: Order | None = None
    spellings: dict[str, str] = Field(default_factory=dict)
    """What spellings have in common: the most frequent of them."""
    remark: Literal["", "constant", "identifier", "empty"] = ""


class Clean(PerColumn[Cleaned]):
    """Trimmed; words for missing; numbers in any notation, dates, yes and no read; spellings of a category made one.

    A column is what nearly all of its cells are (``mostly``): numbers (float64; infinities are missing; all of one
    unit, or all without, so that ``1.2M`` beside ``500`` is no number), yes or no
    (booleans), dates (datetime64), else text. Text is of categories unless most values differ and have several
    words.
    """

    learns: ClassVar[type[State]] = Cleaned

    missing: tuple[str, ...] = Field((), description="Further words for a missing value, in any case.")
    mostly: float = Field(0.95, gt=0.5, le=1, description="Share of readable cells that makes a column of a kind.")
    spellings: bool = Field(True, description="One spelling where only case, space and final marks differ.")
    order: Literal["auto", "day", "month"] = Field("auto", description="What comes first in 1/2/2026.")
    holds: dict[str, Holds] = Field(default_factory=dict, description="What columns hold, where you know better.")
    rename: Literal["keep", "trim", "snake"] = Field("trim", description="Names of columns.")

    _report: Report | None = PrivateAttr(None)

    @property
    def report(self) -> Report:
        """What fit changed and noticed."""
        if self._report is None:
            raise WrongInput(
                "there is no report", "not fitted, or loaded", "a step fitted here", "Call changes(table)."
            )
        return self._report

    def changes(self, table: Any) -> Report:
        """What ``transform`` would change in this table."""
        self._need_fit()
        return self._look(Frame.of(table))

    # --- learning ------------------------------------------------------------------------------

    def _learn(self, frame: Frame, rows: Rows) -> None:
        super()._learn(frame, rows)
        names = renamed(list(frame.columns), self.rename)
        self._states = {
            name: state.model_copy(update={"name": new})
            for (name, state), new in zip(self._fitted().items(), names, strict=True)
        }
        self._report = self._look(frame)

    def learn(self, name: str, values: Array, rows: Rows) -> Cleaned:
        if values.dtype.kind != "O" and self.holds.get(name, "number") in ("number", "boolean", "date"):
            holds: Holds = {"M": "date", "b": "boolean"}.get(values.dtype.kind, "number")  # type: ignore[assignment]
            return Cleaned(name=name, holds=holds, remark=_remark(values, name))
        gone, gone_number = self._words()
        counts = Counter[str]()
        for value, n in Counter(values.tolist()).items():
            text = "" if value is None or value != value else trimmed(as_text(value))
            if text.casefold() not in gone:
                counts[text] += n
        strict = Counter({text: n for text, n in counts.items() if text.casefold() not in gone_number})
        draft = self._kind(name, counts, strict, self.holds.get(name))
        if not counts:
            return draft.model_copy(update={"remark": "empty"})
        read = self._reader(draft)
        distinct = Counter[Any]()
        for text, n in counts.items():
            distinct[read(text)] += n
        missed = distinct.pop(None, 0) or sum(counts.values()) < len(values)
        remark = "constant" if len(distinct) == 1 and not missed else ""
        codes = draft.holds == "category" and max(distinct.values(), default=0) == 1 and len(distinct) >= FEW
        return draft.model_copy(update={"remark": "identifier" if codes else remark})

    def _words(self) -> tuple[frozenset[str], frozenset[str]]:
        more = frozenset(trimmed(word).casefold() for word in self.missing)
        return MISSING | more, MISSING_NUMBER | more

    def _kind(self, name: str, counts: Counter[str], strict: Counter[str], asked: Holds | None) -> Cleaned:
        """What the present cells are, or are said to be."""
        spare = (1 - self.mostly) * sum(strict.values()) if strict else -1.0
        if asked == "number" or (asked is None and nearly_all(strict, is_number, spare)):
            mark = decimal_mark(text for text in strict if is_number(text))
            units = Counter[str]()
            for text, n in strict.items():
                found = number(text, mark) if mark else None
                if found:
                    units[found[1]] += n
            unit, most = units.most_common(1)[0] if units else ("", 0)
            if asked or (mark and sum(strict.values()) - most <= spare):
                return Cleaned(name=name, holds="number", decimal=mark or ".", unit=unit)
        if asked == "boolean" or (asked is None and nearly_all(strict, is_boolean, spare)):
            return Cleaned(name=name, holds="boolean")
        if asked == "date" or (asked is None and nearly_all(strict, is_date, spare)):
            return Cleaned(
                name=name, holds="date", order=order_of(strict, name) if self.order == "auto" else self.order
            )
        if asked == "text" or (asked is None and is_prose(counts)):
            return Cleaned(name=name, holds="text")
        return Cleaned(name=name, holds="category", spellings=common_spellings(counts) if self.spellings else {})

    # --- reading -------------------------------------------------------------------------------

    def _reader(self, state: Cleaned) -> Callable[[Any], Any]:
        """From one value to the clean one; None where it is missing or cannot be read."""
        gone, gone_number = self._words()
        if state.holds in ("category", "text"):
            known, one_spelling = state.spellings, self.spellings and state.holds == "category"

            def text_of(value: Any) -> Any:
                if value is None or value != value:
                    return None
                text = trimmed(value if type(value) is str else as_text(value))
                if text.casefold() in gone:
                    return None
                return known.get(spelling(text), text) if one_spelling else text

            return text_of
        readers: dict[str, Callable[[str], Any]] = {
            "number": lambda text: _finite(number(text, state.decimal), state.unit),
            "boolean": boolean,
            "date": lambda text: _time(moment(text, state.order)),
        }
        read, holds = readers[state.holds], state.holds

        def value_of(value: Any) -> Any:
            if value is None or value != value:
                return None
            if type(value) is str:
                text = trimmed(value)
                return None if text.casefold() in gone_number else read(text)
            if isinstance(value, np.datetime64):
                return value.astype("datetime64[us]") if holds == "date" else None
            if holds == "number":
                return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
            return bool(value) if holds == "boolean" and value in (0, 1) else None

        return value_of

    def outputs(self, state: Cleaned, name: str) -> tuple[str, ...]:
        return (state.name,)

    def apply(self, state: Cleaned, name: str, values: Array) -> list[Array]:
        kind = values.dtype.kind
        if state.holds == "number" and kind in "biuf":
            x = values.astype(np.float64, copy=False)
            wrong = np.isinf(x)
            return [np.where(wrong, np.nan, x) if wrong.any() else x]
        if state.holds == "boolean" and kind == "b":
            return [values]
        if state.holds == "date" and kind == "M":
            return [values.astype("datetime64[us]", copy=False)]
        read, listed = self._reader(state), list(values) if kind == "M" else values.tolist()
        if set(map(type, listed)) <= {str, type(None)}:
            found = {value: read(value) for value in dict.fromkeys(listed)}
            made = [found[value] for value in listed]
        else:  # True, 1 and 1.0 are one key
            made = [read(value) for value in listed]
        lost = [
            value for value, clean in zip(listed, made, strict=True) if clean is None and not self._is_missing(value)
        ]
        if lost:
            _warn(name, state, list(dict.fromkeys(lost)))
        return [_typed(made, state.holds)]

    def cell(self, state: Cleaned, name: str) -> Cell:
        read, numeric = self._reader(state), state.holds == "number"
        known: dict[str, tuple[Any]] = {}

        def one(value: Any) -> tuple[Any]:
            if numeric and type(value) is float and math.isfinite(value):
                return (value,)
            if type(value) is str and value in known:
                return known[value]
            clean = read(value)
            if clean is None and not self._is_missing(value):
                _warn(name, state, [value])
            elif type(value) is str and len(known) < REMEMBERED:
                known[value] = (clean,)
            return (clean,)

        return one

    def _is_missing(self, value: Any) -> bool:
        if value is None or value != value:
            return True
        return isinstance(value, str) and trimmed(value).casefold() in self._words()[1]

    # --- the report ----------------------------------------------------------------------------

    def _look(self, frame: Frame) -> Report:
        found: list[Change] = []
        for name, state in self._fitted().items():
            if name in frame.columns:
                found += self._changes(name, state, frame.columns[name])
        twice = copies(frame)
        if twice:
            found.append(Change(column="", what="a copy of an earlier row (kept)", rows=twice))
        return Report(rows=frame.rows, changes=tuple(found))

    def _changes(self, name: str, state: Cleaned, values: Array) -> list[Change]:
        found = []
        if state.name != name:
            found.append(Change(column=name, what=f"renamed to {state.name!r}", rows=len(values)))
        if state.remark:
            found.append(Change(column=name, what=f"{state.remark} in training (kept)", rows=len(values)))
        if values.dtype.kind == "f" and np.isinf(values).any():
            found.append(Change(column=name, what="infinite, now missing", rows=int(np.isinf(values).sum())))
        if values.dtype.kind != "O":
            return found
        read, kinds = self._reader(state), dict[str, Counter[str]]()
        for value, n in Counter(value for value in values if value is not None).items():
            what, example = self._what(value, read(value), state)
            if what:
                kinds.setdefault(what, Counter())[example] += n
        for what, examples in kinds.items():
            shown_few = tuple(example for example, _ in examples.most_common(3))
            found.append(Change(column=name, what=what, rows=sum(examples.values()), examples=shown_few))
        return found

    def _what(self, value: Any, clean: Any, state: Cleaned) -> tuple[str, str]:
        before = shown(value, 40)
        if clean is None:
            if self._is_missing(value) or trimmed(as_text(value)).casefold() in self._words()[0]:
                return "a word for missing", before
            return f"cannot be read as a {state.holds}, now missing", before
        after = f"{before} -> {shown(str(clean) if state.holds == 'date' else clean, 40)}"
        if state.holds in ("number", "boolean", "date"):
            unit = f", its unit {state.unit!r} left out" if state.unit not in ("", "%") else ""
            return ("", "") if type(clean) is type(value) else (f"text read as a {state.holds}{unit}", after)
        if clean == value:
            return "", ""
        if not isinstance(value, str):
            return "made text, as the rest of the column", after
        return ("trimmed" if clean == trimmed(value) else "another spelling of the same", after)


def _finite(found: tuple[float, str] | None, unit: str) -> float | None:
    if found is None or found[1] != unit or not math.isfinite(found[0]):
        return None
    return found[0]


def _time(micro: int | None) -> Any:
    return None if micro is None else np.datetime64(micro, "us")


def _typed(values: list[Any], holds: Holds) -> Array:
    if holds == "number":
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if holds == "date":
        gone = np.datetime64("NaT", "us")
        return np.array([gone if value is None else value for value in values], "datetime64[us]")
    if holds == "boolean":
        return objects(values)
    out = np.empty(len(values), object)
    out[:] = values
    return out


def _warn(name: str, state: Cleaned, lost: Sequence[Any]) -> None:
    examples = ", ".join(shown(value, 40) for value in lost[:3])
    what = f"column {name}: {examples} cannot be read as a {state.holds}, as in training; treated as missing"
    notice(what, Unreadable)


def _remark(values: Array, name: str) -> Literal["", "constant", "identifier", "empty"]:
    """Of a column that is not text: no value, one value, or a number of the row."""
    levels, codes = factorize(values, name)
    if not levels:
        return "empty"
    if len(levels) == 1 and (codes >= 0).all():
        return "constant"
    if values.dtype.kind in "iu" and len(levels) == len(values) >= FEW and levels[-1] - levels[0] == len(values) - 1:
        return "identifier"
    return ""
