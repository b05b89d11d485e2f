"""An opened data set: a table of columns, or arrays of images, with what is known about it."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.rows import Column
from castalia.data.loaders import Parse, Parsed
from castalia.data.sources import Source
from castalia.kit.tabular.rows import Arrays


class DataSet:
    """One version of a data set. Its bytes are verified when it is opened and parsed when first asked for.

    ``len(dataset)`` is the number of rows, or of images of both parts.
    """

    def __init__(self, source: Source, version: int | None, digest: str, where: str, parse: Parse) -> None:
        self.name = source.name
        self.title = source.title
        self.kind = source.kind
        self.version = version
        """1 for a registered set, 1, 2, ... for an added one, None for a file opened by its path."""
        self.digest = digest
        """sha256 of the uncompressed content; of several files: of the lines ``<sha256>  <name>``."""
        self.where = where
        """``folder``, ``cache``, ``shipped``, ``added`` or ``path``."""
        self.licence = source.licence
        self.credit = source.credit
        self.research_only = source.research_only
        self.classes = list(source.classes)
        self.peak = source.peak
        """Images: the largest value a pixel can have (16 for digits, else 255)."""
        self._target = source.target
        self._parse = parse

    @functools.cached_property
    def _parsed(self) -> Parsed:
        return self._parse()

    def __len__(self) -> int:
        arrays = self._parsed.arrays
        if self.kind == "table":
            return len(next(iter(arrays.values()))) if arrays else 0
        return sum(len(array) for name, array in arrays.items() if name.endswith("_labels"))

    def __repr__(self) -> str:
        version = f"@{self.version}" if self.version else ""
        return f"<DataSet {self.name}{version} ({self.kind}), sha256 {self.digest[:12]}>"

    @property
    def columns(self) -> list[Column]:
        """What each column of the table holds, in order. Empty for images."""
        return list(self._parsed.columns)

    @property
    def target(self) -> str | None:
        """The column usually predicted; None where nobody said."""
        return self._target

    @property
    def notes(self) -> list[str]:
        """What reading decided and you may want to know: another encoding, renamed columns."""
        return list(self._parsed.notes)

    @property
    def official_split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """The authors' own ``(train, test)`` row numbers, where one table holds both parts."""
        return self._parsed.split

    def table(self) -> Arrays:
        """Column name to array: float64 with nan for number and integer, objects with None for the rest
        (bool for boolean, str for category, text and date). The arrays are shared: do not write into them."""
        if self.kind != "table":
            raise self._other("a table", "arrays()")
        return dict(self._parsed.arrays)

    def arrays(self) -> Arrays:
        """``train_images`` uint8 (n, height, width) and ``train_labels`` int64 (n,); ``test_...`` where the set
        has an official test part. The arrays are shared: do not write into them."""
        if self.kind != "images":
            raise self._other("images", "table()")
        return dict(self._parsed.arrays)

    def _other(self, asked: str, instead: str) -> WrongInput:
        got = "a table" if self.kind == "table" else "images"
        return WrongInput(f"{self.name} is not {asked}", got, asked, f"Ask it for {instead}.", field="data")
