"""Rows of text cells, walked through more than once: described on a first pass, made into arrays on a second.

Every text format (delimited, JSON lines) is a way to walk through rows of cells; what is done with the rows is
the same for all and is written here once. Formats with types of their own are in ``typed``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.core.rows import Column, Kind
from castalia.kit.tabular.inference import NUMERIC, Cell, Guess

CHUNK_ROWS = 20_000
CHUNK_CELLS = 1_000_000
"""Cells that are held as text at once, so that a wide table needs no more than a narrow one."""

Arrays = dict[str, NDArray[Any]]
Kinds = Mapping[str, Kind]
Block = tuple[Sequence[int], Sequence[Sequence[Any]]]
"""The numbers of the lines where some rows begin, counted from 1, and the rows."""
Clean = Callable[[Sequence[Any]], tuple[Sequence[Cell], bool]]
"""From the values of a column to its cells, and whether the source itself says that there is text among them."""
BLOCK = 1000
"""Rows that a format is asked for at once, at most."""


Chunk = tuple[Sequence[int], list[tuple[Sequence[Cell], bool]]]
"""The lines where some rows begin, and for each column its cells and whether there is text among them."""
KEPT_CELLS, KEPT_LETTERS = 4_000_000, 64 << 20
"""Cells that a whole reading keeps as text between its passes, at most."""


class BadRow(NamedTuple):
    """A row that could not be read and was set aside."""

    line: int
    reason: str
    text: str
    """The beginning of the row."""


OnBad = Callable[[WrongInput, BadRow], None]
"""What to do about a bad row: raise the error, or keep the row."""


@dataclass(frozen=True)
class Shape:
    """What a first pass over a file learnt; a second pass makes the arrays."""

    rows: int
    guesses: tuple[Guess, ...]
    notes: tuple[str, ...] = ()
    """What was decided about the file and should be said aloud: another encoding, renamed columns."""
    kept: tuple[Chunk, ...] | None = None
    """All cells, where there were few enough to keep them: the second pass then reads nothing."""

    def columns(self, descriptions: Mapping[str, str] | None = None) -> list[Column]:
        said = descriptions or {}
        return [guess.column(said.get(guess.name, "")) for guess in self.guesses]


class Source(Protocol):
    """A table in a file: its columns, and its rows as often as they are asked for."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> int | None:
        """How many there are, where the file says so before they are read."""

    def only(self, names: Sequence[str], limit: int | None) -> Self:
        """These columns of the first ``limit`` rows."""

    def shape(self, missing: Collection[str] | None = None, size: int = CHUNK_ROWS) -> Shape:
        """First pass: count the rows and find out what each column holds."""

    def sure(self, given: Kinds, missing: Collection[str] | None, size: int, keep: bool = False) -> Shape:
        """What is needed to make arrays, which is less than :meth:`shape` where types or ``given`` kinds say it.

        With ``keep`` the cells of a short file are kept for :meth:`pieces`.
        """

    def pieces(self, shape: Shape, size: int, given: Kinds | None = None) -> Iterator[Arrays]:
        """Second pass: the arrays of every ``size`` rows, in the order of the file; nothing of a file without rows."""

    def arrays(self, shape: Shape, given: Kinds | None = None) -> Arrays:
        """Second pass: one array a column, in the order of the file."""


def stripped(cells: Sequence[str]) -> tuple[Sequence[Cell], bool]:
    """Cells of a format that knows text alone, without the space around them."""
    return list(map(str.strip, cells)), False


def unchanged(cells: Sequence[str]) -> tuple[Sequence[Cell], bool]:
    """Cells of such a format as they are."""
    return cells, False


@dataclass(frozen=True)
class Rows:
    """Rows of text cells that can be walked through again and again, a block at a time."""

    names: tuple[str, ...]
    walk: Callable[[int], Iterator[Block]]
    """From the number of rows that are wanted at once to blocks of at most as many."""
    notes: tuple[str, ...] = ()
    title: str = ""
    """The file, as errors name it."""
    clean: Clean = stripped
    says_missing: bool = False
    """True where the source has a word of its own for a missing value, so that no other word is taken for one."""
    places: tuple[int, ...] | None = None
    limit: int | None = None
    rows: int | None = None

    def only(self, names: Sequence[str], limit: int | None) -> Rows:
        old = self.places or range(len(self.names))
        places = tuple(old[self.names.index(name)] for name in names)
        least = min((each for each in (limit, self.limit) if each is not None), default=None)
        return replace(self, names=tuple(names), places=places, limit=least)

    def lines(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Row by row: the number of its line, and its cells."""
        for lines, columns in self._chunks(BLOCK):
            yield from zip(lines, zip(*(cells for cells, _ in columns), strict=True), strict=True)

    def shape(self, missing: Collection[str] | None = None, size: int = CHUNK_ROWS, keep: bool = False) -> Shape:
        guesses = self._guesses(missing)
        rows = letters = 0
        kept: list[Chunk] = []
        for lines, columns in self._chunks(min(size, few(self.names))):
            rows += len(lines)
            if keep:
                letters += sum(len(cell) for cells, _ in columns for cell in filter(None, cells))
                keep = rows * len(self.names) <= KEPT_CELLS and letters <= KEPT_LETTERS
                kept = [*kept, (lines, columns)] if keep else []
            for guess, (cells, textual) in zip(guesses, columns, strict=True):
                guess.textual |= textual
                guess.see(cells)
        return Shape(rows, guesses, self.notes, tuple(kept) if keep else None)

    def sure(self, given: Kinds, missing: Collection[str] | None, size: int, keep: bool = False) -> Shape:
        if set(given) >= set(self.names):
            return Shape(-1, self._guesses(missing), self.notes)
        unsure = [name for name in self.names if name not in given]
        seen = self.only(unsure, None).shape(missing, size, keep and not given)
        found = {guess.name: guess for guess in seen.guesses}
        return replace(seen, guesses=tuple(found.get(guess.name, guess) for guess in self._guesses(missing)))

    def pieces(self, shape: Shape, size: int, given: Kinds | None = None) -> Iterator[Arrays]:
        given = given or {}
        kinds = [given.get(guess.name) or guess.kind for guess in shape.guesses]
        for lines, columns in self._chunks(size) if shape.kept is None else shape.kept:
            piece: Arrays = {}
            for guess, kind, (cells, _) in zip(shape.guesses, kinds, columns, strict=True):
                if guess.name not in given:
                    piece[guess.name] = guess.array(cells, kind)
                    continue
                try:
                    piece[guess.name] = guess.checked(cells, kind)
                except ValueError as error:
                    place, expected = error.args
                    raise misfit(f"{self.title}:{lines[place]}", guess.name, cells[place], expected) from None
            yield piece

    def arrays(self, shape: Shape, given: Kinds | None = None) -> Arrays:
        return joined(shape, self.pieces(shape, few(self.names), given), given or {})

    def _guesses(self, missing: Collection[str] | None) -> tuple[Guess, ...]:
        return tuple(Guess(name, missing, says_missing=self.says_missing) for name in self.names)

    def _chunks(self, size: int) -> Iterator[Chunk]:
        """Line numbers and columns of every ``size`` rows."""
        lines: list[int] = []
        rows: list[Sequence[Any]] = []
        left = self.limit
        for numbers, block in self.walk(min(size, BLOCK)) if left != 0 else ():
            lines += numbers if left is None else numbers[:left]
            rows += block if left is None else block[:left]
            left = None if left is None else left - min(left, len(block))
            while len(rows) >= size:
                yield lines[:size], self._columns(rows[:size])
                lines, rows = lines[size:], rows[size:]
            if left == 0:
                break
        if rows:
            yield lines, self._columns(rows)

    def _columns(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Sequence[Cell], bool]]:
        columns = list(zip(*rows, strict=True))
        return [self.clean(columns[place]) for place in self.places or range(len(columns))]


def few(names: Sequence[str]) -> int:
    """How many rows of so many columns are held as text at once."""
    return max(1, min(CHUNK_ROWS, CHUNK_CELLS // max(1, len(names))))


def joined(shape: Shape, pieces: Iterator[Arrays], given: Kinds) -> Arrays:
    """Pieces one after the other; empty columns where there is none."""
    parts: dict[str, list[NDArray[Any]]] = {guess.name: [] for guess in shape.guesses}
    for piece in pieces:
        for name, array in piece.items():
            parts[name].append(array)
    none = nothing(shape, given)
    return {name: np.concatenate(part) if (part := parts.pop(name)) else none[name] for name in list(parts)}


def nothing(shape: Shape, given: Kinds) -> Arrays:
    """The columns of a table without rows."""
    kinds = {guess.name: given.get(guess.name) or guess.kind for guess in shape.guesses}
    return {name: np.empty(0, np.float64 if kind in NUMERIC else object) for name, kind in kinds.items()}


def misfit(place: str, name: str, value: object, expected: str) -> WrongInput:
    """The error for a cell that is not of the kind that was given for its column."""
    return WrongInput(
        f"{place}: {shown(name, 60)} is not of the kind you gave",
        shown(value),
        expected,
        "Mend the cell, add its word to missing=, or give the column another kind.",
        field="kinds",
    )


def unique_names(names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names that are all there and all different, and a sentence for each that had to be changed.

    >>> unique_names(["a", "", "a"])
    (('a', 'column_2', 'a_2'), ["column 2 has no name: called 'column_2'", "column 3 is a second 'a': called 'a_2'"])
    """
    taken: set[str] = set()
    wanted = set(names)
    out: list[str] = []
    notes: list[str] = []
    for place, name in enumerate(names, start=1):
        new, number = name or f"column_{place}", 2
        while new in taken or (new != name and new in wanted):
            new, number = f"{name or f'column_{place}'}_{number}", number + 1
        if not name:
            notes.append(f"column {place} has no name: called {new!r}")
        elif new != name:
            notes.append(f"column {place} is a second {name!r}: called {new!r}")
        taken.add(new)
        out.append(new)
    return tuple(out), notes
