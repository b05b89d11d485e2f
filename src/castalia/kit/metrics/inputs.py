"""What a metric takes: checked once, in one pass, and said plainly where it does not fit.

Anything with one axis that NumPy can read is taken: lists, arrays, pandas and Polars columns, Arrow arrays. Labels of
two classes are 0 and 1, booleans, or any two values of which ``positive`` names one. No metric guesses: nothing at
all, NaN, and lengths that differ are errors, never a number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def column(values: ArrayLike, field: str) -> NDArray[Any]:
    """One axis, not empty."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise WrongInput(f"{field} has another shape", f"shape {array.shape}", "one axis", field=field)
    if not array.size:
        raise WrongInput(
            f"{field} is empty", "no values", "at least one", "A metric of nothing is no number.", field=field
        )
    return array


def same_length(first: NDArray[Any], second: NDArray[Any], field: str) -> None:
    """WrongInput where two columns differ in length."""
    if len(first) != len(second):
        raise WrongInput("lengths differ", f"{len(second)} in {field}", f"{len(first)}", field=field)


def numbers(values: ArrayLike, field: str, *, infinite: bool = False) -> Floats:
    """A column of float64 without NaN; infinities only where they mean something."""
    array = column(values, field)
    if array.dtype.kind not in "biuf":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise WrongInput(f"{field} is not made of numbers", repr(array[:3])[:80], "numbers", field=field) from None
    array = np.ascontiguousarray(array, dtype=np.float64)
    # The sum of finite numbers is finite unless it overflows: one fast pass in the usual case.
    with np.errstate(all="ignore"):
        suspect = not np.isfinite(array.sum())
    if suspect:
        wrong = np.isnan(array) if infinite else ~np.isfinite(array)
        if wrong.any():
            at = int(np.argmax(wrong))
            cure = "Leave such rows out, or mend what made them."
            expected = "numbers without NaN" if infinite else "finite numbers"
            raise WrongInput(f"{field} has {array[at]}", f"row {at}", expected, cure, field=field)
    return array


def weights(values: ArrayLike | None, like: NDArray[Any]) -> Floats | None:
    """Weights of rows: finite, none negative, not all zero."""
    if values is None:
        return None
    array = numbers(values, "weight")
    same_length(like, array, "weight")
    if array.min() < 0 or not array.any():
        raise WrongInput(
            "weight does not fit", "negative or all zero", "weights from 0 on, one above it", field="weight"
        )
    return array


def binary(values: ArrayLike, field: str = "y", positive: Any = None) -> Bools:
    """True where a row is of the positive class: 1 and True, or what ``positive`` names."""
    array = column(values, field)
    if positive is not None:
        return np.asarray(array == positive)
    if array.dtype.kind == "b":
        return np.asarray(array)
    if array.dtype.kind in "iuf":
        found = array.astype(np.bool_)
        if array.dtype.kind == "f" or array.dtype.itemsize > 1 or array.min() < 0 or array.max() > 1:
            wrong = found != array  # NaN becomes True and is not equal to itself
            if wrong.any():
                raise WrongInput(
                    f"{field} is not of two classes", str(array[int(np.argmax(wrong))]), "0 and 1",
                    "Name the class to look for with positive=.", field=field,
                )  # fmt: skip
        return found
    cure = "Name the class to look for, as in positive='yes'."
    raise WrongInput(f"{field} is not 0 and 1", repr(array[:3])[:80], "0 and 1, or positive=", cure, field=field)


def both_classes(y: Bools, metric: str) -> None:
    """WrongInput where a metric compares two classes and only one is there."""
    found = np.count_nonzero(y)
    if found == 0 or found == len(y):
        which = "positive" if found else "negative"
        raise WrongInput(
            f"{metric} needs both classes", f"{len(y)} rows, all of them {which}", "at least one of each",
            "It compares pairs of one and the other: of one class alone it is not defined.", field="y",
        )  # fmt: skip
