"""Rows of mostly zeros: which columns are not, and what stands there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import TooLarge, Unavailable

MAX_DENSE = 500_000_000


@dataclass(frozen=True)
class Csr:
    """Compressed sparse rows: row i has ``data[indptr[i]:indptr[i + 1]]`` in the columns ``indices`` of the same span.

    Columns of a row are in order and none is there twice.
    """

    data: NDArray[np.float64]
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, rows: Iterable[Mapping[int, float]], columns: int) -> Csr:
        """From one mapping of column to value a row; zeros are left out."""
        data: list[float] = []
        indices: list[int] = []
        indptr = [0]
        for row in rows:
            kept = sorted(item for item in row.items() if item[1])
            indices += [column for column, _ in kept]
            data += [value for _, value in kept]
            indptr.append(len(indices))
        return cls(
            np.array(data, dtype=np.float64), np.array(indices, dtype=np.int64), np.array(indptr, dtype=np.int64),
            (len(indptr) - 1, columns),
        )  # fmt: skip

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each value."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    def dense(self) -> NDArray[np.float64]:
        """(n, columns) with the zeros. TooLarge over 500 million cells."""
        if (cells := self.shape[0] * self.shape[1]) > MAX_DENSE:
            raise TooLarge(
                "too many cells", f"{self.shape[0]:,} x {self.shape[1]:,} = {cells:,}", f"at most {MAX_DENSE:,}",
                "Keep it sparse (.scipy()), or build it with max_features.",
            )  # fmt: skip
        found = np.zeros(self.shape)
        found[self.rows, self.indices] = self.data
        return found

    def scipy(self) -> Any:
        """A ``scipy.sparse.csr_array`` on the same memory."""
        try:
            from scipy.sparse import csr_array
        except ImportError:
            raise Unavailable(
                "SciPy is not installed", "no module scipy", "SciPy, for its sparse arrays",
                "pip install 'castalia[classical]', or use .dense().",
            ) from None  # fmt: skip
        return csr_array((self.data, self.indices, self.indptr), shape=self.shape)

    def scaled(self, norm: str | None) -> Csr:
        """Each row divided by its length: "l2", "l1", or None for none. A row of zeros stays."""
        if norm is None:
            return self
        total = np.bincount(self.rows, np.abs(self.data) if norm == "l1" else self.data**2, self.shape[0])
        length = total if norm == "l1" else np.sqrt(total)
        return Csr(self.data / np.where(length > 0, length, 1.0)[self.rows], self.indices, self.indptr, self.shape)
