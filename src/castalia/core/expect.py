"""What a claim uses to compare: exceptions that carry numbers, and a tolerance that knows the scale.

``|x - y| <= rtol * max(|y|, median |y|)``: there is no absolute tolerance, because one that is right for
logits of 1e4 lets zeros pass for probabilities. Shape, type and finiteness come before the tolerance:
a NaN compares false with everything and must not slip through a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

_SHARES: ContextVar[list[float] | None] = ContextVar("castalia shares of tolerance", default=None)


@contextmanager
def shares() -> Iterator[list[float]]:
    """The largest share of its tolerance that each ``equal`` inside used: 1.0 is where it begins to fail."""
    noted: list[float] = []
    token = _SHARES.set(noted)
    try:
        yield noted
    finally:
        _SHARES.reset(token)


class Failed(Exception):
    """The answer is wrong: what was got, what was expected, in words why, and the name to change if it is not the
    claim's own."""

    def __init__(self, got: Any, expected: Any, words: str, at: str = "") -> None:
        self.got, self.expected, self.words, self.at = got, expected, words, at
        super().__init__(f"{words}: got {got}, expected {expected}")


class Raised(Exception):
    """The learner's code raised ``kind`` at ``file_line``."""

    def __init__(self, kind: str, message: str = "", file_line: str = "") -> None:
        self.kind, self.message, self.file_line = kind, message, file_line
        super().__init__(f"{kind}: {message}" if message else kind)


class NotAttempted(Exception):
    """The name is missing, still the stub, or raises NotImplementedError (at ``file_line``)."""

    def __init__(self, words: str = "", file_line: str = "") -> None:
        self.file_line = file_line
        super().__init__(words)


@contextmanager
def blamed(at: str) -> Iterator[None]:
    """What fails inside is the fault of ``at``, wherever the claim as a whole looks."""
    try:
        yield
    except Failed as error:
        raise Failed(error.got, error.expected, error.words, error.at or at) from None


def true(condition: object, words: str, got: Any, expected: Any) -> None:
    """Raise :class:`Failed` unless ``condition`` holds."""
    if not condition:
        raise Failed(got, expected, words)


def refuses(kind: str, act: Callable[[], object], what: str) -> None:
    """Raise :class:`Failed` unless ``act`` makes the learner's code raise an exception of the class called ``kind``."""
    try:
        got = act()
    except Raised as error:
        true(error.kind == kind, what, str(error), kind)
        return
    raise Failed(repr(got)[:100], kind, what)


def equal(got: Any, expected: Any, rtol: float, what: str, *, scale: float = 0.0) -> None:
    """Raise :class:`Failed` at the worst element unless ``got`` equals ``expected`` to ``rtol``, scale aware.

    ``scale`` is for sums that cancel: the size of the numbers that were added, as a floor of the tolerance.
    ``expected`` may hold infinities and NaN; there ``got`` has to hold the same. Complex numbers are no real ones, and
    truth values are no numbers, whatever they are equal to.
    """
    wanted = np.asarray(expected)
    if got is None:
        raise Failed("None", "numbers", f"{what} is None; is a return missing?")
    try:
        found = np.asarray(got)
    except ValueError:
        raise Failed("rows of different lengths", f"an array of shape {wanted.shape}", what) from None
    if found.dtype.kind not in "biufc":
        raise Failed(repr(got)[:100], "numbers", f"{what} is not made of numbers")
    for kind, words in (("c", "complex numbers"), ("b", "truth values")):
        if found.dtype.kind == kind and wanted.dtype.kind in ("biuf" if kind == "c" else "iufc"):
            raise Failed(f"{words} ({found.dtype})", f"numbers ({wanted.dtype})", f"{what} is of another kind")
    if found.shape != wanted.shape:
        raise Failed(f"shape {found.shape}", f"shape {wanted.shape}", f"{what} has another shape")
    if not wanted.size:
        return
    with np.errstate(all="ignore"):
        whole = np.isfinite(wanted)
        size = np.abs(wanted)
        middle = _median(size[whole])
        error = np.abs(np.subtract(found, wanted, dtype=np.result_type(found, wanted, np.float64)))
        allowed = rtol * np.maximum(size, max(middle, scale))
        noted = _SHARES.get()
        if noted is not None:
            used = error / np.where(allowed > 0, allowed, np.inf)
            noted.append(float(np.max(np.where(whole, np.where(error > allowed, np.fmax(used, 1.0), used), 0.0))))
        if whole.all() and np.all(error <= allowed):  # false for a nan, and nearly every comparison ends here
            return
        _at_worst(whole & ~np.isfinite(found), found, wanted, f"{what} is not finite")
        _at_worst(~whole & ~_alike(found, wanted), found, wanted, f"{what} should be infinite or nan")
        _at_worst(np.where(whole, error > allowed, False), found, wanted, f"{what} differs", error)


def _median(values: Any) -> float:
    """As np.median, which takes ten times as long for a few numbers; 0 for none."""
    count = values.size
    if not count:
        return 0.0
    values = np.sort(values, axis=None)
    return float((values[(count - 1) // 2] + values[count // 2]) / 2)


def _alike(found: Any, wanted: Any) -> Any:
    return (np.isnan(found) & np.isnan(wanted)) | (np.isinf(wanted) & (found == wanted))


def _at_worst(wrong: Any, found: Any, wanted: Any, words: str, error: Any = None) -> None:
    if not np.any(wrong):
        return
    weight = np.where(wrong, np.inf if error is None else np.nan_to_num(error, nan=np.inf), -1.0)
    at = np.unravel_index(int(np.argmax(weight)), np.shape(weight)) if np.ndim(weight) else ()
    place = f" at {[int(i) for i in at]}" if at else ""
    raise Failed(np.asarray(found)[at].item(), np.asarray(wanted)[at].item(), words + place)
