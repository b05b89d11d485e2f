"""Runs a user's procedure again and again: the same seed each time, counted, and no more often than allowed."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput

Floats = NDArray[np.float64]


class Spent(Exception):
    """The runs that were allowed are used up."""


class Declined(Exception):
    """The procedure raised ``cause``: on changed data that may be its right."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Runner:
    """Calls ``procedure`` with ``seed=`` where it takes one, and with the global generators seeded all the same."""

    def __init__(self, procedure: Callable[..., Any], most: int, given: str) -> None:
        """``given`` names what it is called with: "x, y"."""
        if not callable(procedure):
            raise WrongInput("no procedure", type(procedure).__name__, f"a function of {given}", field="procedure")
        _check_takes(procedure, given)
        self.procedure, self.most, self.runs = procedure, most, 0
        self.takes_seed = _takes(procedure, "seed")

    def __call__(self, *given: Any, seed: int) -> Any:
        if self.runs >= self.most:
            raise Spent
        self.runs += 1
        with seeded(seed):
            try:
                return self.procedure(*given, seed=seed) if self.takes_seed else self.procedure(*given)
            except Exception as error:
                raise Declined(error) from error


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Python's, NumPy's and (where it is loaded) torch's global generators at ``seed``; afterwards as they were."""
    torch = sys.modules.get("torch")
    before = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if torch:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        if torch:
            torch.set_rng_state(before[2])


def own_generator(seed: int) -> np.random.Generator:
    """Numbers that are none of those which data or a procedure made from the same seed hold."""
    return np.random.default_rng([seed, 0x1EA4])


def predictions(found: Any, n: int, classes: NDArray[Any]) -> tuple[Floats, float]:
    """Answers as numbers (n, k), labels one-hot over ``classes``, and the difference that rounding explains.

    WrongInput where they are not one for each test row, or are NaN.
    """
    array = np.asarray(found)
    if array.ndim not in (1, 2) or len(array) != n:
        raise WrongInput("the procedure's answer does not fit", f"shape {array.shape}", f"({n},) or ({n}, classes)",
                         "Return one prediction for each row of test, in its order.", field="procedure")  # fmt: skip
    if array.dtype.kind not in "biuf":
        return (array.reshape(n, -1)[:, :1] == classes).astype(np.float64), 0.0
    numbers = array.astype(np.float64).reshape(n, -1)
    if np.isnan(numbers).any():
        raise WrongInput("the procedure's answer does not fit", "NaN", "numbers or labels", field="procedure")
    precision = 1e-9 if array.dtype.kind != "f" or array.dtype.itemsize >= 8 else 1e-4
    return numbers, precision * (1e-300 + float(np.abs(numbers).max()))


def differ(here: list[Floats], there: list[Floats]) -> float:
    """The p-value of "both lists of runs come from one distribution", by exact permutation of the runs.

    The statistic is the squared distance of the mean predictions. With eight runs each it is never below 2/12870.
    """
    runs = np.stack([each.ravel() for each in (*here, *there)])
    runs = runs - runs.mean(axis=0)
    signs = _sides(len(here), len(there))
    distances = ((signs @ (runs @ runs.T)) * signs).sum(axis=1)
    return float(np.mean(distances >= distances[0] * (1 - 1e-9) - 1e-300))


@lru_cache(maxsize=2)
def _sides(here: int, there: int) -> Floats:
    """Every way to divide the runs, a row each: 1/here for those on the one side, -1/there on the other."""
    chosen = np.array(list(combinations(range(here + there), here)))
    signs = np.full((len(chosen), here + there), -1.0 / there)
    np.put_along_axis(signs, chosen, 1.0 / here, axis=1)
    return signs


def _check_takes(procedure: Callable[..., Any], given: str) -> None:
    try:
        signature = inspect.signature(procedure)
    except (TypeError, ValueError):
        return  # a function of C that does not say
    seed = {"seed": 0} if "seed" in signature.parameters else {}
    try:
        signature.bind(*given.split(", "), **seed)
    except TypeError as error:
        raise WrongInput(
            "the procedure takes other arguments", f"{signature}: {error}"[:120], f"({given}), and seed if it likes",
            f"Write def procedure({given}): ...", field="procedure",
        ) from None  # fmt: skip


def _takes(procedure: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(procedure).parameters
    except (TypeError, ValueError):
        return False
