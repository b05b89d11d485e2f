"""A table read from a file: its columns described, and one array a column.

Every text format (delimited, JSON lines) is a way to walk through rows of cells more than once; what is
done with the rows is the same for all and is written here once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.rows import Column
from castalia.data.inference import Guess

CHUNK_ROWS = 20_000

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Shape:
    """What a first pass over a file learnt; a second pass makes the arrays."""

    rows: int
    guesses: tuple[Guess, ...]
    notes: tuple[str, ...] = ()
    """What was decided about the file and should be said aloud: another encoding, renamed columns."""

    def columns(self, descriptions: Mapping[str, str] | None = None) -> list[Column]:
        said = descriptions or {}
        return [guess.column(said.get(guess.name, "")) for guess in self.guesses]


@dataclass(frozen=True)
class Rows:
    """Rows of stripped text cells that can be walked through again and again."""

    names: tuple[str, ...]
    walk: Callable[[], Iterator[Sequence[str]]]
    notes: tuple[str, ...] = ()
    textual: Collection[str] = field(default=())
    """Columns that the source itself declares to be text."""

    def shape(self, missing: Collection[str] = ()) -> Shape:
        """First pass: count the rows and find out what each column holds."""
        guesses = tuple(Guess(name, missing, textual=name in self.textual) for name in self.names)
        rows = 0
        for chunk in self._columns():
            rows += len(chunk[0])
            for guess, cells in zip(guesses, chunk, strict=True):
                guess.see(cells)
        return Shape(rows, guesses, self.notes)

    def arrays(self, shape: Shape) -> Arrays:
        """Second pass: one array a column, in the order of the file."""
        kinds = [guess.kind for guess in shape.guesses]
        parts: list[list[NDArray[Any]]] = [[] for _ in kinds]
        for chunk in self._columns():
            for part, guess, kind, cells in zip(parts, shape.guesses, kinds, chunk, strict=True):
                part.append(guess.array(cells, kind))
        empty = [guess.array([], kind) for guess, kind in zip(shape.guesses, kinds, strict=True)]
        joined = (np.concatenate(part) if part else none for part, none in zip(parts, empty, strict=True))
        return dict(zip(self.names, joined, strict=True))

    def _columns(self) -> Iterator[list[tuple[str, ...]]]:
        chunk: list[Sequence[str]] = []
        for row in self.walk():
            chunk.append(row)
            if len(chunk) == CHUNK_ROWS:
                yield list(zip(*chunk, strict=True))
                chunk = []
        if chunk:
            yield list(zip(*chunk, strict=True))


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
