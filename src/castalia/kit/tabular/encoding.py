"""Encoders of categories that look at the column alone: one-hot, ordinal, frequency, hashed.

What they learn are counts of levels, so parts of the data can be merged exactly. A missing value is a level of its own
where training had one. ``targets.Target`` is the encoder that looks at y.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.core.system import Field
from castalia.kit.tabular.frames import Array, Bools, Floats, Ints
from castalia.kit.tabular.levels import MISSING, UNKNOWN, Level, Levels, factorize, level
from castalia.kit.tabular.steps import Cell, PerColumn, Rows, State


class Counted(State):
    """Levels in ascending order, how many rows have each, and how many have none."""

    levels: tuple[Level, ...]
    counts: tuple[int, ...]
    missing: int = Field(ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.levels) != len(self.counts) or min(self.counts, default=0) < 0:
            raise ValueError("a count for every level")
        if len(set(self.levels)) != len(self.levels):
            raise ValueError("levels that differ")
        return self

    @classmethod
    def of(cls, values: Array, name: str) -> Self:
        levels, codes = factorize(values, name)
        counts = np.bincount(codes[codes >= 0], minlength=len(levels))
        return cls(
            levels=tuple(levels), counts=tuple(map(int, counts)), missing=int(np.count_nonzero(codes == MISSING))
        )

    def merge(self, other: Self) -> Self:
        missing = self.missing + other.missing
        if self.levels == other.levels:  # in an order of the user's, it may be
            counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
            return type(self)(levels=self.levels, counts=counts, missing=missing)
        both = dict(zip(self.levels, self.counts, strict=True))
        for each, count in zip(other.levels, other.counts, strict=True):
            both[each] = both.get(each, 0) + count
        levels, _ = factorize(_as_column(list(both)), "merged")
        return type(self)(levels=tuple(levels), counts=tuple(both[each] for each in levels), missing=missing)

    @cached_property
    def known(self) -> Levels:
        return Levels(self.levels)

    @property
    def rows(self) -> int:
        return sum(self.counts) + self.missing


def _as_column(values: list[Any]) -> Array:
    out = np.empty(len(values), object)
    out[:] = values
    return out


def _names(levels: list[Any], taken: list[str]) -> list[str]:
    """Levels as text, no two alike and none like those taken: 1 is ``1``, the text beside it ``'1'``."""
    found = {*taken, *(str(each) for each in levels if not isinstance(each, str))}
    out = []
    for each in levels:
        name = str(each)
        while isinstance(each, str) and name in found:
            name = repr(name)
        found.add(name)
        out.append(name)
    return out


def refuse_unknown(values: Array, codes: Ints, name: str) -> None:
    """WrongInput for the first value that training had not."""
    wrong = codes == UNKNOWN
    if wrong.any():
        at = int(np.argmax(wrong))
        raise WrongInput(
            f"column {name} has a value that fit has not seen", f"{shown(values[at])} in row {at}", "a known level",
            "Set unknown= to let such values through.", field=name,
        )  # fmt: skip


class CountedColumns(PerColumn[Counted]):
    """An encoder that learns counts."""

    learns: ClassVar[type[State]] = Counted

    def learn(self, name: str, values: Array, rows: Rows) -> Counted:
        return Counted.of(values, name)


class OneHot(CountedColumns):
    """A column of 0 and 1 for every level, named ``column=level``; of levels that read alike the text is in quotes.

    Levels of fewer than ``rare`` rows share one column, ``column=(rare)``; the missing have ``column=(missing)`` where
    training had any. A level that fit has not seen is a row of zeros ("zeros"), counts as rare ("rare") or is an error.
    ``drop="first"`` leaves the first column out, "binary" only where there are two.
    """

    rare: int = Field(1, ge=1, description="Levels of fewer rows share one column.")
    most: int = Field(1000, ge=1, description="At most so many levels of their own, the most frequent.")
    unknown: Literal["zeros", "rare", "error"] = Field("zeros", description="A level that fit has not seen.")
    drop: Literal["none", "first", "binary"] = Field("none", description="Columns that follow from the others.")

    def _kept(self, state: Counted) -> Bools:
        """(levels,) True for those that have a column of their own."""
        counts = np.array(state.counts, np.int64)
        kept = counts >= self.rare
        if kept.sum() > self.most:
            best = np.lexsort((np.arange(len(counts)), -counts))[: self.most]
            kept &= np.isin(np.arange(len(counts)), best)
        return np.asarray(kept)

    def _places(self, state: Counted) -> tuple[list[str], Ints, int, int]:
        """Names of all columns, the column of each level, of the missing and of the unknown (-1: none)."""
        kept = self._kept(state)
        taken = ["(rare)"] * (not kept.all()) + ["(missing)"] * bool(state.missing)
        names = _names([each for each, keep in zip(state.levels, kept, strict=True) if keep], taken)
        place = np.where(kept, np.cumsum(kept) - 1, len(names))
        rare, gone = -1, -1
        if not kept.all():
            rare = len(names)
            names.append("(rare)")
        if state.missing:
            gone = len(names)
            names.append("(missing)")
        skip = int(self.drop == "first" or (self.drop == "binary" and len(names) == 2))
        unknown = rare - skip if rare >= 0 and self.unknown == "rare" else -1
        return names[skip:], place - skip, gone - skip if gone >= 0 else -1, unknown

    def outputs(self, state: Counted, name: str) -> tuple[str, ...]:
        return tuple(f"{name}={each}" for each in self._places(state)[0])

    def apply(self, state: Counted, name: str, values: Array) -> list[Array]:
        names, place, gone, unknown = self._places(state)
        codes = state.known.codes(values, name)
        if self.unknown == "error":
            refuse_unknown(values, codes, name)
        at = np.concatenate([place, [unknown, gone]])[codes]  # codes -1 and -2 count from the end
        out = np.zeros((len(names), len(values)))
        rows = np.flatnonzero(at >= 0)
        out[at[rows], rows] = 1.0
        return list(out)

    def undo(self, state: Counted, name: str, columns: list[Array]) -> Array:
        names, place, _, _ = self._places(state)
        levels: list[Any] = [None] * len(names)
        dropped: Any = None
        for each, at, own in zip(state.levels, place.tolist(), self._kept(state), strict=True):
            if at < 0:
                dropped = each
            elif own:
                levels[at] = each
        out = np.full(len(columns[0]) if columns else 0, dropped, object)
        for each, values in zip(levels, columns, strict=True):
            out[values == 1] = each
        return out

    def cell(self, state: Counted, name: str) -> Cell:
        names, place, gone, unknown = self._places(state)
        at = [*place.tolist(), unknown, gone]
        nothing = (0.0,) * len(names)
        rows = [(*nothing[:i], 1.0, *nothing[i + 1 :]) for i in range(len(names))]
        by_code = [rows[i] if i >= 0 else nothing for i in at]
        find, strict = state.known.code, self.unknown == "error"

        def one(value: Any) -> tuple[float, ...]:
            code = find(value)
            if strict and code == UNKNOWN:
                refuse_unknown(_as_column([value]), np.array([code]), name)
            return by_code[code]

        return one


class ByLevel(CountedColumns):
    """An encoder that gives each level one number."""

    def table(self, state: Counted) -> Floats:
        """The number of each level, then of the unknown, then of the missing."""
        raise NotImplementedError

    def _strict(self) -> bool:
        return False

    def apply(self, state: Counted, name: str, values: Array) -> list[Array]:
        codes = state.known.codes(values, name)
        if self._strict():
            refuse_unknown(values, codes, name)
        return [self.table(state)[codes]]

    def cell(self, state: Counted, name: str) -> Cell:
        numbers = [(each,) for each in self.table(state).tolist()]
        find, strict = state.known.code, self._strict()

        def one(value: Any) -> tuple[float]:
            code = find(value)
            if strict and code == UNKNOWN:
                refuse_unknown(_as_column([value]), np.array([code]), name)
            return numbers[code]

        return one


class Ordinal(ByLevel):
    """The place of a level in ascending order, or in an order of yours; NaN where missing."""

    order: dict[str, tuple[Level, ...]] = Field(default_factory=dict, description="Levels in order, by column.")
    unknown: Literal["error", "missing", "minus one"] = Field("error", description="A level that fit has not seen.")

    def learn(self, name: str, values: Array, rows: Rows) -> Counted:
        found = super().learn(name, values, rows)
        order = self.order.get(name)
        if order is None:
            return found
        counts = dict(zip(found.levels, found.counts, strict=True))
        more = [each for each in found.levels if each not in order]
        if more:
            raise WrongInput(
                f"column {name} has a level that its order has not", shown(more[0]), f"one of {shown(order)}",
                "Add it to order=.", field=name,
            )  # fmt: skip
        return Counted(levels=order, counts=tuple(counts.get(each, 0) for each in order), missing=found.missing)

    def _strict(self) -> bool:
        return self.unknown == "error"

    def table(self, state: Counted) -> Floats:
        return np.array([*range(len(state.levels)), -1.0 if self.unknown == "minus one" else np.nan, np.nan])

    def undo(self, state: Counted, name: str, columns: list[Array]) -> Array:
        levels = _as_column([*state.levels, None])
        place = np.where(np.isnan(columns[0]) | (columns[0] < 0), len(state.levels), columns[0])
        return np.asarray(levels[place.astype(np.int64)])


class Frequency(ByLevel):
    """The share of the training rows that have the level; 0 for one that fit has not seen."""

    def outputs(self, state: Counted, name: str) -> tuple[str, ...]:
        return (f"{name}.frequency",)

    def table(self, state: Counted) -> Floats:
        return np.array([*state.counts, 0.0, float(state.missing)]) / state.rows


class Hashed(PerColumn[State]):
    """One of ``buckets`` columns is 1, chosen by a hash of the value (BLAKE2b): nothing is learnt, nothing is unknown.

    Two levels may share a bucket. A missing value is a row of zeros.
    """

    buckets: int = Field(32, ge=2, le=2**16, description="Columns that come out.")

    def learn(self, name: str, values: Array, rows: Rows) -> State:
        return State()

    def outputs(self, state: State, name: str) -> tuple[str, ...]:
        return tuple(f"{name}#{i}" for i in range(self.buckets))

    def bucket(self, value: Any) -> int:
        """The column of a value: the same on every machine."""
        digest = hashlib.blake2b(str(level(value)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "little") % self.buckets

    def apply(self, state: State, name: str, values: Array) -> list[Array]:
        levels, codes = factorize(values, name)
        place = np.array([*map(self.bucket, levels), -1], np.int64)[codes]
        out = np.zeros((self.buckets, len(values)))
        rows = np.flatnonzero(place >= 0)
        out[place[rows], rows] = 1.0
        return list(out)

    def cell(self, state: State, name: str) -> Cell:
        nothing = (0.0,) * self.buckets

        def one(value: Any) -> tuple[float, ...]:
            if level(value) is None:
                return nothing
            at = self.bucket(value)
            return (*nothing[:at], 1.0, *nothing[at + 1 :])

        return one
