"""Free text as a fixed number of columns: how long it is, what it is made of, and hashed runs of letters.

The hash is arithmetic on code points, modulo 2**64 and mixed as in SplitMix64 (Steele, Lea and Flood 2014): the same
on every machine and in every process. Nothing is learnt, so nothing can leak and no text is unknown.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from castalia.core.system import Field
from castalia.kit.tabular.cells import trimmed
from castalia.kit.tabular.frames import Array, Floats
from castalia.kit.tabular.steps import PerColumn, Rows, State

CHUNK = 2_000_000
"""Characters that are hashed together."""
SHAPE = ("characters", "words", "digits", "capitals")


class Texts(PerColumn[State]):
    """Length in characters and words (as logarithms of one more), shares of digits and capitals, and the shares of the
    text's runs of ``letters`` characters that fall into each of ``buckets``. A missing text is an empty one.
    """

    learns: ClassVar[type[State]] = State

    buckets: int = Field(32, ge=0, le=4096, description="Columns of hashed runs.")
    letters: int = Field(3, ge=1, le=8, description="Characters in a run; case and width of spaces make no difference.")

    def learn(self, name: str, values: Array, rows: Rows) -> State:
        return State()

    def outputs(self, state: State, name: str) -> tuple[str, ...]:
        return tuple(f"{name}.{each}" for each in SHAPE) + tuple(f"{name}#{i}" for i in range(self.buckets))

    def apply(self, state: State, name: str, values: Array) -> list[Array]:
        texts = ["" if value is None or value != value else str(value) for value in values.tolist()]
        shape = np.array([_shape(text) for text in texts], np.float64).reshape(len(texts), 4)
        counts = np.maximum(shape[:, :1], 1.0)
        shape[:, 2:] /= counts
        shape[:, :2] = np.log1p(shape[:, :2])
        out = [*shape.T]
        return [*out, *self._runs(texts).T] if self.buckets else out

    def _runs(self, texts: list[str]) -> Floats:
        """(n, buckets) the share of each text's runs in each bucket."""
        made = np.zeros((len(texts), self.buckets))
        start = 0
        while start < len(texts):
            stop, size = start, 0
            while stop < len(texts) and (stop == start or size + len(texts[stop]) < CHUNK):
                size += len(texts[stop])
                stop += 1
            made[start:stop] = self._hashed([f" {trimmed(text.casefold())} " for text in texts[start:stop]])
            start = stop
        return made

    def _hashed(self, texts: list[str]) -> Floats:
        lengths = np.array([len(text) for text in texts], np.int64)
        points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
        count = len(points) - self.letters + 1
        if count < 1:
            return np.zeros((len(texts), self.buckets))
        owner = np.repeat(np.arange(len(texts)), lengths)
        code = np.zeros(count, np.uint64)
        for i in range(self.letters):
            code = code * np.uint64(0x100000001B3) + points[i : i + count]
        whole = owner[:count] == owner[self.letters - 1 :]
        bucket = (_mixed(code[whole]) % np.uint64(self.buckets)).astype(np.int64)
        flat = np.bincount(owner[:count][whole] * self.buckets + bucket, minlength=len(texts) * self.buckets)
        runs = np.maximum(lengths - self.letters + 1, 1)
        return np.asarray(flat.reshape(len(texts), self.buckets) / runs[:, None])


def _shape(text: str) -> tuple[int, int, int, int]:
    return len(text), len(text.split()), sum(map(str.isdigit, text)), sum(map(str.isupper, text))


def _mixed(code: Any) -> Any:
    code = (code ^ (code >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    code = (code ^ (code >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return code ^ (code >> np.uint64(31))
