"""What every update rule is: state and steps on one flat vector, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput

Vector = NDArray[Any]
_BLOCK = 131_072
_LINE = 64


class Rule:
    """An update rule for ``parameters``, a contiguous vector of floats that it changes in place."""

    SLOTS: ClassVar[tuple[str, ...]] = ()
    """Names of the vectors that it remembers between steps."""

    def __init__(self, parameters: Vector, *, decay: float = 0.0, spare: ArrayLike | None = None) -> None:
        if parameters.ndim != 1 or parameters.dtype.kind != "f" or not parameters.flags["C_CONTIGUOUS"]:
            got = f"{parameters.dtype}, shape {parameters.shape}"
            raise WrongInput("parameters do not fit", got, "a contiguous vector of floats", field="parameters")
        self.parameters, self.steps = parameters, 0
        self.decay = within("decay", decay, 0.0, math.inf)
        marks = np.zeros(parameters.shape, np.bool_) if spare is None else np.asarray(spare, dtype=np.bool_)
        if marks.shape != parameters.shape:
            raise WrongInput("spare does not fit", f"shape {marks.shape}", f"{parameters.shape}", field="spare")
        self._decayed = _runs(~marks)
        self.slots: dict[str, Vector] = {name: aligned(parameters.shape, parameters.dtype) for name in self.SLOTS}
        self._scratch = aligned(min(_BLOCK, len(parameters)), parameters.dtype)

    def step(self, gradient: Vector, rate: float) -> None:
        """One update with learning rate ``rate``. WrongInput for a gradient of another shape or dtype."""
        if gradient.shape != self.parameters.shape or gradient.dtype != self.parameters.dtype:
            got, expected = f"{gradient.dtype} {gradient.shape}", f"{self.parameters.dtype} {self.parameters.shape}"
            raise WrongInput("gradient does not fit", got, expected, field="gradient")
        within("rate", rate, 0.0, math.inf)
        self.steps += 1
        self._begin(rate)
        for run in self._decayed if self.decay else ():
            self.parameters[run] *= 1 - rate * self.decay
        for block in self._blocks():
            theta = self.parameters[block]
            slots = {name: slot[block] for name, slot in self.slots.items()}
            self._update(theta, gradient[block], self._scratch[: len(theta)], rate, **slots)

    def state(self) -> dict[str, Any]:
        """What has to be saved to go on exactly here: the count of steps, and the slots by name."""
        return {"steps": self.steps, **{name: slot.copy() for name, slot in self.slots.items()}}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state()`` gave; WrongInput for the state of another rule or shape."""
        wrong = set(state) != {"steps", *self.slots}
        if wrong or any(np.shape(state[name]) != slot.shape for name, slot in self.slots.items()):
            raise WrongInput("this is the state of another rule", str(sorted(state)), str(["steps", *self.slots]))
        self.steps = int(state["steps"])
        for name, slot in self.slots.items():
            slot[:] = state[name]

    def _begin(self, rate: float) -> None:
        """What is the same for every block of a step."""

    def _update(self, theta: Vector, g: Vector, s: Vector, rate: float, **slots: Vector) -> None:
        raise NotImplementedError

    def _blocks(self) -> Iterator[slice]:
        for start in range(0, len(self.parameters), _BLOCK):
            yield slice(start, start + _BLOCK)


def aligned(shape: int | tuple[int, ...], dtype: Any) -> Vector:
    """Zeros that start where a line of the cache does: a load of AVX-512 then touches one line, and not two."""
    count, size = math.prod((shape,) if isinstance(shape, int) else shape), np.dtype(dtype).itemsize
    room = np.zeros(count * size + _LINE, np.uint8)
    start = -room.ctypes.data % _LINE
    return np.asarray(room[start : start + count * size].view(dtype).reshape(shape))


def clip_by_norm(gradient: Vector, largest: float) -> float:
    """Scale a gradient in place so that its Euclidean norm is at most ``largest``; the norm that it had.

    A gradient that is not finite is left as it is, and its norm is what tells: skip the step (Pascanu 2013).
    """
    within("largest", largest, 0.0, math.inf)
    norm = float(np.linalg.norm(gradient.astype(np.float64) if gradient.dtype == np.float16 else gradient))
    if math.isfinite(norm) and norm > largest:
        gradient *= largest / norm
    return norm


def _runs(marks: NDArray[np.bool_]) -> list[slice]:
    """Where True stands, as stretches."""
    edges = np.flatnonzero(np.diff(marks, prepend=False, append=False))
    return [slice(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def within(name: str, value: float, low: float, high: float) -> float:
    if not low <= value < high:
        raise WrongInput(f"{name} does not fit", str(value), f"{low:g} or more, below {high:g}", field=name)
    return value
