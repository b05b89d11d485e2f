"""Columns whose types the file itself declares (NPZ, Parquet): no cell is guessed, no number goes through text."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from castalia.core.rows import Kind
from castalia.kit.tabular.inference import EXACT, NUMERIC, Cell, Guess
from castalia.kit.tabular.rows import CHUNK_ROWS, Arrays, Kinds, Shape, few, joined, misfit

Declared = Literal["number", "integer", "wide", "boolean", "text"]
"""``wide`` is a whole number of 64 bits, which may be beyond what float64 holds."""
Part = tuple[NDArray[Any], NDArray[np.bool_] | None]
"""Values, and where they are missing (None: nowhere). Text is an array of str objects."""
Batches = Callable[[Sequence[str], int], Iterator[Mapping[str, Part]]]
"""From names of columns and a number of rows to batches of at most as many rows."""


class TypedGuess(Guess):
    """A column of a declared type, as far as it has been seen."""

    def __init__(self, name: str, declared: Declared, missing: Collection[str] | None = None) -> None:
        super().__init__(name, missing, says_missing=True)
        self.textual = True
        self.declared = declared

    def see_part(self, part: Part) -> None:
        """Take in the next values."""
        values, gone = part
        if self.declared == "text":
            self.see(_texts(part))
            return
        self.rows += len(values)
        absent = gone if gone is not None else np.zeros(len(values), bool)
        if values.dtype.kind == "f":
            absent = absent | np.isnan(values)
        self.absent += int(absent.sum())
        self.absent_number = self.absent
        present = values[~absent]
        if self.first is None and len(present):
            self.first = _text_of(present[0].item())
        if values.dtype.kind == "f":
            present = present[np.isfinite(present)]
        if self.declared != "boolean" and len(present):
            self.low = min(self.low, float(present.min()))
            self.high = max(self.high, float(present.max()))

    @property
    def kind(self) -> Kind:
        if self.declared == "text":
            return super().kind
        if self.declared == "wide":
            return "integer" if not max(abs(self.low), abs(self.high)) >= EXACT or self._empty else "text"
        return self.declared

    @property
    def _empty(self) -> bool:
        return math.isinf(self.low)

    def part_array(self, part: Part, kind: Kind) -> NDArray[Any]:
        """Values as an array of ``kind``. ValueError of ``(place, expected)`` where one does not fit."""
        values, gone = part
        if kind in NUMERIC and self.declared in ("number", "integer", "wide") and (kind, self.declared) != _CHECKED:
            out = values.astype(np.float64)
            if gone is not None:
                out[gone] = math.nan
            return out
        if kind in ("text", "category") and self.declared == "text" and not self.missing - {None}:
            out = values.copy()
        elif kind == "boolean" and self.declared == "boolean":
            out = values.astype(object)
        else:
            return self.checked(_texts(part), kind)
        if gone is not None:
            out[gone] = None
        return out


_CHECKED = ("integer", "number")  # fractions are refused in a column that was said to hold whole numbers


@dataclass(frozen=True)
class Typed:
    """Columns of declared types that can be read batch by batch, again and again."""

    names: tuple[str, ...]
    declared: Mapping[str, Declared]
    batches: Batches
    rows: int
    title: str
    notes: tuple[str, ...] = ()

    def only(self, names: Sequence[str], limit: int | None) -> Typed:
        rows = self.rows if limit is None else min(limit, self.rows)
        return replace(self, names=tuple(names), rows=rows)

    def shape(self, missing: Collection[str] | None = None, size: int = CHUNK_ROWS) -> Shape:
        guesses = self._guesses(missing)
        self._see(guesses, size)
        return Shape(self.rows, guesses, self.notes)

    def sure(self, given: Kinds, missing: Collection[str] | None, size: int, keep: bool = False) -> Shape:
        guesses = self._guesses(missing)
        self._see([g for g in guesses if g.declared == "wide" and g.name not in given], size)
        return Shape(self.rows, guesses, self.notes)

    def pieces(self, shape: Shape, size: int, given: Kinds | None = None) -> Iterator[Arrays]:
        given = given or {}
        done = 0
        for batch, count in self._batches(self.names, size):
            piece: Arrays = {}
            for guess in shape.guesses:
                assert isinstance(guess, TypedGuess)
                part = batch[guess.name]
                try:
                    piece[guess.name] = guess.part_array(part, given.get(guess.name) or guess.kind)
                except ValueError as error:
                    place, expected = error.args
                    row = f"{self.title}, row {done + place + 1}"
                    raise misfit(row, guess.name, part[0][place], expected) from None
            done += count
            yield piece

    def arrays(self, shape: Shape, given: Kinds | None = None) -> Arrays:
        return joined(shape, self.pieces(shape, few(self.names), given), given or {})

    def _guesses(self, missing: Collection[str] | None) -> tuple[TypedGuess, ...]:
        return tuple(TypedGuess(name, self.declared[name], missing) for name in self.names)

    def _see(self, guesses: Sequence[TypedGuess], size: int) -> None:
        if guesses:
            for batch, _ in self._batches([guess.name for guess in guesses], min(size, few(self.names))):
                for guess in guesses:
                    guess.see_part(batch[guess.name])

    def _batches(self, names: Sequence[str], size: int) -> Iterator[tuple[Mapping[str, Part], int]]:
        """Batches of exactly ``size`` rows but for the last, up to the limit, with their number of rows."""
        left = self.rows
        for batch in self.batches(names, size):
            count = len(next(iter(batch.values()))[0])
            if count > left:
                batch = {n: (v[:left], gone if gone is None else gone[:left]) for n, (v, gone) in batch.items()}
                count = left
            if not count:
                return
            left -= count
            yield batch, count


def _texts(part: Part) -> list[Cell]:
    values, gone = part
    if gone is None:
        return [_text_of(value) for value in values.tolist()]
    return [None if absent else _text_of(value) for value, absent in zip(values.tolist(), gone.tolist(), strict=True)]


def _text_of(value: Any) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if value != value else repr(value)
    return value if value is None or isinstance(value, str) else str(value)
