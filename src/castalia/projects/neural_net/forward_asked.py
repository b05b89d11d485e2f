"""M1: what is asked of layers on the way forward: odd shapes, numbers that overflow."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from castalia.core.contract import Claim, Subject, equal, refuses, true
from castalia.projects.neural_net import expected

Array = np.ndarray[Any, Any]
SIZES = (1, 2, 3, 4, 6, 8)

# --- what the claims make ------------------------------------------------------------------------


def rows(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array]:
    n, inputs, units = (int(each) for each in rng.integers(1, 2 + size, 3))
    return rng.normal(size=(n, inputs)), rng.normal(size=(inputs, units)), rng.normal(size=units)


def numbers(rng: np.random.Generator, size: int) -> tuple[Array]:
    """Numbers on both sides of zero, some far away."""
    return (rng.normal(size=(size, int(rng.integers(1, 4)))) * rng.choice([0.1, 1.0, 5.0, 40.0]),)


def scores(rng: np.random.Generator, size: int) -> tuple[Array]:
    return (rng.normal(size=(size, int(rng.integers(2, 6)))) * rng.choice([0.5, 3.0]) + rng.normal(scale=5.0),)


def far_scores(rng: np.random.Generator, size: int) -> tuple[Array]:
    """Up to ten thousand, so that most probabilities are 0 or 1 and none is far from it."""
    near = rng.normal(size=(size, 4))
    return (near + rng.choice([-1e4, 0.0, 1e4], size=(size, 1)) + rng.choice([0.0, 700.0], size=(1, 4)),)


def images(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array, int, int]:
    """Images, filters, biases, stride, padding: odd sizes, tiny filters, windows that do not fit."""
    n, channels, filters = (int(each) for each in rng.integers(1, 4, 3))
    stride, padding = int(rng.integers(1, 4)), int(rng.integers(0, 3))
    a, b = (int(each) for each in rng.integers(1, 4, 2))
    high, wide = (max(1, each - 2 * padding) + int(rng.integers(0, size + 2)) for each in (a, b))
    shape = (filters, channels, a, b)
    return rng.normal(size=(n, channels, high, wide)), rng.normal(size=shape), rng.normal(size=filters), stride, padding


def pools(rng: np.random.Generator, size: int) -> tuple[Array, int]:
    """Images with ties, of a size that windows do not always divide; some all negative."""
    n, channels, window = (int(each) for each in rng.integers(1, 4, 3))
    high, wide = (window + int(rng.integers(0, size + 3)) for _ in range(2))
    return np.round(rng.normal(size=(n, channels, high, wide)), 0) - rng.choice([0.0, 9.0]), window


# --- what must hold ------------------------------------------------------------------------------


def activates(subject: Subject, x: Array) -> None:
    """One array of every shape, every activation; and no other name."""
    for name in expected.ACTIVATIONS:
        for each in (x, x.reshape(-1), x.reshape(1, *x.shape)):
            equal(subject.call("activate", name, each), expected.activate(name, each), 1e-9, f"activate({name!r}, x)")
    refuses("ValueError", partial(subject.call, "activate", "softplus_2", x), "activate with an unknown name")


def far(rng: np.random.Generator, size: int) -> tuple[Array]:
    return (np.concatenate([rng.normal(scale=scale, size=(3, size)) for scale in (1.0, 30.0, 1e4)]),)


def sums_to_one(subject: Subject, x: Array) -> None:
    for given in (x, x.astype(np.float32)):
        got = subject.call("softmax", given)
        rtol = 1e-5 if given.dtype == np.float32 else 1e-11
        equal(got, expected.softmax(given.astype(float)), rtol, f"softmax of {given.dtype}", scale=0.1)
        equal(np.asarray(got).sum(axis=1), np.ones(len(x)), rtol, "the sum of a row of softmax")


def fast(subject: Subject, x: Array, weight: Array, bias: Array) -> None:
    """Time in the learner's code over that of one NumPy product over all windows; the best of nine, taken in turn."""
    mine, theirs = math.inf, math.inf
    for _ in range(9):
        spent = subject.learner_seconds
        got = subject.call("convolve", x, weight, bias)
        mine = min(mine, subject.learner_seconds - spent)
        began = time.perf_counter()
        windows = sliding_window_view(x, weight.shape[2:], axis=(2, 3))
        made = np.einsum("ncijab,fcab->nfij", windows, weight, optimize=True) + bias[:, None, None]
        theirs = min(theirs, time.perf_counter() - began)
        equal(got, made, 1e-9, "convolve")
    true(
        mine <= 30 * theirs,
        "the time of convolve over that of one product of all windows",
        f"{mine / theirs:.1f}",
        "30 or less",
    )


def large_images(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array]:
    return rng.normal(size=(4 * size, 3, 28, 28)), rng.normal(size=(8, 3, 3, 3)), rng.normal(size=8)


CLAIMS = (
    Claim(
        id="dense_layer",
        words="dense(x, weight, bias) is x weight + bias, row by row.",
        topics={"dl01": 0.5, "ma01": 0.5},
        function="dense",
        make=rows,
        oracle=expected.dense,
        rows=(0,),
        sizes=SIZES,
        hints=(
            "Which shape has the answer for 5 rows of 3 numbers and 2 units?",
            "One matrix product does all rows; the bias is added to each of them.",
            "Check the order of the product: rows of x meet columns of weight.",
        ),
    ),
    Claim(
        id="activations",
        words="activate(name, x) is the activation of that name, for arrays of every shape.",
        topics={"dl02": 1.0},
        at="activate",
        make=numbers,
        holds=activates,
        edges=(lambda: (np.array([[-1.0, 0.0, 1.0]]),), lambda: (np.zeros((0, 2)),)),
        cases=8,
        sizes=SIZES,
        hints=(
            "What does each of them make of -1, of 0 and of 1?",
            "Draw the six functions, and compare yours with the drawing at a few points.",
            "The words of the interface are the formulas; look at the branch of the name that failed.",
        ),
    ),
    Claim(
        id="activations_far",
        words="Activations of numbers as large as 10,000 are finite, and right to their last digits.",
        topics={"ma10": 1.0},
        at="activate",
        make=far,
        holds=activates,
        edges=(lambda: (np.array([[-1e4, -800.0, -50.0, 50.0, 800.0, 1e4]]),),),
        cases=4,
        sizes=(1, 2, 3),
        hints=(
            "What is exp(800) in floating point, and what is 1 divided by it?",
            "An exponential of what is not positive never overflows.",
            "Sigmoid: treat positive and negative numbers apart, each with exp of minus its size.",
        ),
    ),
    Claim(
        id="softmax_rows",
        words="softmax(scores) is exp over its sum, row by row.",
        topics={"dl02": 0.5, "ma05": 0.5},
        function="softmax",
        make=scores,
        oracle=expected.softmax,
        rows=(0,),
        forms=("float32",),
        edges=(lambda: (np.array([[0.0, 0.0]]),), lambda: (np.array([[3.0]]),)),
        sizes=SIZES,
        hints=(
            "What must a row of the answer add up to?",
            "Is the sum taken over each row, or over the whole array?",
            "axis=1, and keepdims, so that the division goes row by row.",
        ),
    ),
    Claim(
        id="softmax_far",
        words="softmax is finite and right for scores of plus and minus ten thousand, in float32 too.",
        topics={"ma10": 1.0},
        at="softmax",
        make=far_scores,
        holds=sums_to_one,
        edges=(lambda: (np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]]),),),
        cases=8,
        sizes=SIZES,
        hints=(
            "What does softmax answer when the same number is added to all scores of a row?",
            "Choose that number so that no exponential overflows, and one of them is 1.",
            "It is the row's own largest score; a single one for the whole array leaves rows of zeros.",
        ),
    ),
    Claim(
        id="convolution",
        words="convolve slides every filter over every image, with any stride, padding and filter shape.",
        topics={"cv01": 1.0},
        function="convolve",
        make=images,
        oracle=expected.convolve,
        rows=(0,),
        cases=24,
        sizes=SIZES,
        edges=(
            lambda: (np.arange(9.0).reshape(1, 1, 3, 3), np.arange(4.0).reshape(1, 1, 2, 2), np.array([0.5])),
            lambda: (np.ones((1, 2, 1, 1)), np.full((3, 2, 3, 3), 2.0), np.zeros(3), 2, 1),
        ),
        hints=(
            "With a filter that is 1 in its upper left place and else 0: which part of the image comes out?",
            "Work one window out by hand, and look which places your code multiplies.",
            "Rows out are (height + 2 padding - filter rows) // stride + 1. The sum goes over channels too.",
        ),
    ),
    Claim(
        id="pooling",
        words="max_pool keeps the largest number of every window, and drops what is left over.",
        topics={"cv01": 1.0},
        function="max_pool",
        make=pools,
        oracle=expected.max_pool,
        rows=(0,),
        cases=12,
        sizes=SIZES,
        edges=(lambda: (np.arange(15.0).reshape(1, 1, 3, 5), 2), lambda: (-np.arange(1.0, 5.0).reshape(1, 1, 2, 2), 2)),
        hints=(
            "How many windows of 2 fit into 5 columns without overlapping?",
            "Does a reshape put the numbers of one window beside each other?",
            "Cut off the rest first; then split each of the two axes into windows and places.",
        ),
    ),
    Claim(
        id="convolution_fast",
        words="convolve takes at most thirty times as long as one product over all windows.",
        topics={"py04": 1.0},
        at="convolve",
        make=large_images,
        holds=fast,
        cases=1,
        sizes=(4,),
        tier="perf",
        budget=30.0,
        hints=(
            "How often does your code go round a loop for 16 images of 28 x 28?",
            "Loop over the places of the filter, not over those of the image; or not at all.",
            "numpy.lib.stride_tricks.sliding_window_view shows all windows without copying.",
        ),
    ),
)
