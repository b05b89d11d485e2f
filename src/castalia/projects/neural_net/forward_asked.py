"""M1: what is asked of the way forward: layers on odd shapes, numbers that overflow, first weights, dropout."""

from __future__ import annotations

import math
import sys
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


def numbers(rng: np.random.Generator, size: int) -> tuple[str, Array]:
    """A name, and numbers on both sides of zero, some far away."""
    x = rng.normal(size=(size, int(rng.integers(1, 4)))) * rng.choice([0.1, 1.0, 5.0, 40.0])
    return str(rng.choice(expected.ACTIVATIONS)), x


def scores(rng: np.random.Generator, size: int) -> tuple[Array]:
    return (rng.normal(size=(size, int(rng.integers(2, 6)))) * rng.choice([0.5, 3.0]) + rng.normal(scale=5.0),)


def far_scores(rng: np.random.Generator, size: int) -> tuple[Array]:
    """Up to ten thousand, so that most probabilities are 0 or 1 and none is far from it."""
    near = rng.normal(size=(size, 4))
    return (near + rng.choice([-1e4, 0.0, 1e4], size=(size, 1)) + rng.choice([0.0, 700.0], size=(1, 4)),)


def images(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array, int, int]:
    """Images, filters, biases, stride, padding: odd sizes, filters with one place, windows that do not fit at the end."""
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


def networks(rng: np.random.Generator, size: int) -> tuple[list[int], str, Array, int]:
    """Sizes with up to three hidden layers, an activation, rows, a seed."""
    sizes = [int(each) for each in rng.integers(1, 3 + size, int(rng.integers(2, 6)))]
    x = rng.normal(size=(int(rng.integers(1, 2 + size)), sizes[0]))
    return sizes, str(rng.choice(expected.ACTIVATIONS)), x, int(rng.integers(1000))


def parameters(rng: np.random.Generator, sizes: list[int]) -> list[Array]:
    """[weight, bias, ...]: no bias is zero."""
    pairs = [
        (rng.normal(size=(a, b)) / math.sqrt(a), rng.normal(size=b)) for a, b in zip(sizes, sizes[1:], strict=False)
    ]
    return [each for pair in pairs for each in pair]


def seeds(rng: np.random.Generator, size: int) -> tuple[int]:
    return (int(rng.integers(10_000)),)


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


def forwards(subject: Subject, sizes: list[int], activation: str, x: Array, seed: int) -> None:
    network, rng = subject.new("Network", sizes, activation, 0.0, seed), np.random.default_rng(seed)
    for values in (network.call("parameters"), parameters(rng, sizes)):
        network.call("load", values)
        wanted = expected.forward(values, activation, x)
        for training in (False, True):
            got = network.call("forward", x, training=training)
            equal(got, wanted, 1e-9, f"forward of sizes {sizes} with {activation}, training={training}")
        for mine, theirs in zip(network.call("parameters"), values, strict=True):
            equal(mine, theirs, 0.0, "parameters after load and forward")


def starts(subject: Subject, seed: int) -> None:
    """Of 20,000 weights a layer the variance is known to within 1 in 100, so 4 standard errors are 4 %."""
    sizes = [50, 400, 50, 400]
    made = subject.new("Network", sizes, "relu", 0.0, seed).call("parameters")
    true(len(made) == 6, f"parameters of sizes {sizes}", len(made), 6)
    for place, (inputs, units) in enumerate(zip(sizes, sizes[1:], strict=False)):
        weight, bias = made[2 * place], made[2 * place + 1]
        true(weight.shape == (inputs, units), f"the shape of weight {place}", weight.shape, (inputs, units))
        equal(bias, np.zeros(units), 0.0, f"bias {place} before training")
        ratio = float(np.var(weight)) * inputs / 2
        true(abs(ratio - 1) < 0.05, f"the variance of weight {place}, over 2 / inputs", round(ratio, 3), "1, to 0.05")
        middle = float(np.mean(weight)) * math.sqrt(inputs / 2 * weight.size)
        true(abs(middle) < 5, f"the mean of weight {place}, in standard errors", round(middle, 2), "between -5 and 5")
        kurtosis = float(np.mean(weight**4) / np.mean(weight**2) ** 2)
        true(abs(kurtosis - 3) < 0.25, f"the kurtosis of weight {place}: normal?", round(kurtosis, 2), "3, to 0.25")
    again = subject.new("Network", sizes, "relu", 0.0, seed).call("parameters")
    other = subject.new("Network", sizes, "relu", 0.0, seed + 1).call("parameters")
    equal(again[0], made[0], 0.0, "the first weights of the same seed")
    true(not np.any(other[0] == made[0]), "the first weights of another seed", "the same", "others")
    true(not np.any(made[4][:50, :400] == made[0]), "the weights of two layers", "the same", "different ones")


def refuses_networks(subject: Subject, seed: int) -> None:
    for words, given in (
        ("an unknown activation", ([2, 3, 1], "rellu")), ("one size", ([2],)), ("no sizes", ([],)),
        ("a dropout of 1", ([2, 3, 1], "relu", 1.0)), ("a dropout below 0", ([2, 3, 1], "relu", -0.1)),
    ):  # fmt: skip
        refuses("ValueError", partial(subject.new, "Network", *given), f"Network with {words}")
    network, rng = subject.new("Network", [2, 3, 1], "relu", 0.99, seed), np.random.default_rng(seed)
    right = parameters(rng, [2, 3, 1])
    for words, wrong in (("two of them missing", right[:2]), ("another shape", [right[0].T, *right[1:]])):
        refuses("ValueError", partial(network.call, "load", wrong), f"load with {words}")
    network.call("load", parameters(rng, [2, 3, 1]))


RATES = (0.0, 0.2, 0.5, 0.75)


def drops(subject: Subject, seed: int) -> None:
    """Two hidden layers that hand through what they get, so that the answers show every unit."""
    wide, n = 40, 250
    rng = np.random.default_rng(seed)
    x = 0.5 + rng.random((n, wide))
    for rate in RATES:
        network = subject.new("Network", [wide, wide, wide], "relu", rate, seed)
        network.call("load", [np.eye(wide), np.zeros(wide)] * 2)
        equal(network.call("forward", x), x, 1e-12, f"forward after training, with a dropout of {rate}")
        got = np.asarray(network.call("forward", x, training=True))
        kept = got != 0
        equal(got, np.where(kept, x / (1 - rate), 0.0), 1e-9, f"what is kept of a layer with a dropout of {rate}")
        share, error = 1 - kept.mean(), math.sqrt(rate * (1 - rate) / got.size)
        true(abs(share - rate) <= 5 * error, f"the share dropped at {rate}", round(float(share), 4), rate)
        if rate:
            again = np.asarray(network.call("forward", x, training=True)) != 0
            true((again != kept).any(), "a second draw of dropout", "the same units", "others")
            alike = np.all(kept == kept[0], axis=0).mean(), np.all(kept == kept[:, :1], axis=1).mean()
            true(max(alike) < 0.5, "units dropped in all rows alike, or rows whole", alike, "each number by itself")
            other = subject.new("Network", [wide, wide, wide], "relu", rate, seed + 1)
            other.call("load", [np.eye(wide), np.zeros(wide)] * 2)
            first = np.asarray(other.call("forward", x, training=True)) != 0
            true((first != kept).any(), "the first draw of another seed", "the same units", "others")
            deep = subject.new("Network", [wide] * 4, "relu", rate, seed)
            deep.call("load", [np.eye(wide), np.zeros(wide)] * 3)
            twice = 1 - (np.asarray(deep.call("forward", x, training=True)) != 0).mean()
            wanted = 1 - (1 - rate) ** 2
            error = math.sqrt(wanted * (1 - wanted) / got.size)
            true(abs(twice - wanted) <= 5 * error, f"the share dropped by two layers at {rate}", float(twice), wanted)


def linear_alone(subject: Subject, seed: int) -> None:
    """Without a hidden layer nothing is dropped and nothing is cut off."""
    rng = np.random.default_rng(seed)
    values, x = parameters(rng, [5, 4]), rng.normal(size=(9, 5))
    network = subject.new("Network", [5, 4], "relu", 0.5, seed)
    network.call("load", values)
    for training in (False, True):
        got = network.call("forward", x, training=training)
        equal(got, x @ values[0] + values[1], 1e-9, f"forward of sizes [5, 4], training={training}")


ALLOWED = frozenset(sys.stdlib_module_names) | {"numpy", "castalia", "__future__"}


def numpy_alone(subject: Subject, seed: int) -> None:
    for name, where in subject.call("castalia.imports"):
        true(name in ALLOWED, f"an import at {where}", name, "NumPy, the standard library, your own files")


def fast(subject: Subject, x: Array, weight: Array, bias: Array) -> None:
    """Time in the learner's code over that of one NumPy product over all windows; the best of five, taken in turn."""
    mine, theirs = math.inf, math.inf
    for _ in range(5):
        spent = subject.learner_seconds  # type: ignore[attr-defined]
        got = subject.call("convolve", x, weight, bias)
        mine = min(mine, subject.learner_seconds - spent)  # type: ignore[attr-defined]
        began = time.perf_counter()
        windows = sliding_window_view(x, weight.shape[2:], axis=(2, 3))
        made = np.einsum("ncijab,fcab->nfij", windows, weight, optimize=True) + bias[:, None, None]
        theirs = min(theirs, time.perf_counter() - began)
        equal(got, made, 1e-9, "convolve")
    true(mine <= 8 * theirs, "the time of convolve over that of one product of all windows", f"{mine / theirs:.1f}", 8)


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
        make=lambda rng, size: (numbers(rng, size)[1],),
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
            "Cut off the rest first; then split each of the two axes into windows and places, and look along the places.",
        ),
    ),
    Claim(
        id="network_forward",
        words="Network.forward goes through dense layers, with the activation behind each but the last.",
        topics={"dl01": 0.7, "py02": 0.3},
        at="Network.forward",
        make=networks,
        holds=forwards,
        cases=12,
        sizes=SIZES,
        hints=(
            "What goes into the second layer, and what comes out of the last?",
            "With sizes [2, 3, 1] there are two dense layers and one activation: where?",
            "Look at the end of the loop: scores are no activation's answer. load replaces all parameters.",
        ),
    ),
    Claim(
        id="first_weights",
        words="First weights are normal with the variance 2 / inputs of their layer, drawn by the seed; biases are zero.",
        topics={"dl10": 0.5, "ma06": 0.5},
        at="Network",
        make=seeds,
        holds=starts,
        cases=3,
        sizes=(1,),
        hints=(
            "What is the variance of a sum of many products of weights and inputs?",
            "The spread of a normal number is its standard deviation, not its variance.",
            "Inputs are what goes into a unit: the first axis of the weight. Draw each layer anew.",
        ),
    ),
    Claim(
        id="network_refuses",
        words="Network and load raise ValueError for what makes no network.",
        topics={"py02": 1.0},
        at="Network",
        make=seeds,
        holds=refuses_networks,
        cases=2,
        sizes=(1,),
        hints=(
            "Which mistakes in the arguments would only be noticed much later?",
            "The docstrings of Network and of load list what is refused.",
            "Compare all shapes of load with your own before you take anything.",
        ),
    ),
    Claim(
        id="dropout",
        words="While training each hidden number is dropped with probability p, the others divided by 1 - p; else none.",
        topics={"dl06": 1.0},
        at="Network.forward",
        make=seeds,
        holds=drops,
        cases=2,
        sizes=(1,),
        hints=(
            "What is the mean of a unit that is dropped half of the time, and what should it be?",
            "Draw one number between 0 and 1 for every row and every unit of every hidden layer.",
            "Behind the activation, before the next layer, only while training; a new draw in every call.",
        ),
    ),
    Claim(
        id="no_hidden_layer",
        words="A network of two sizes is one dense layer: nothing is dropped, no activation is applied.",
        topics={"dl01": 1.0},
        at="Network.forward",
        make=seeds,
        holds=linear_alone,
        cases=2,
        sizes=(1,),
        hints=(
            "How many hidden layers has a network of sizes [5, 4]?",
            "Which layers have an activation and dropout behind them?",
            "The last layer has neither, also where it is the first.",
        ),
    ),
    Claim(
        id="numpy_alone",
        words="Nothing is imported but NumPy, the standard library and files of your own.",
        topics={"py04": 1.0},
        at="Network",
        make=seeds,
        holds=numpy_alone,
        cases=1,
        sizes=(1,),
        hints=(
            "Which of your imports does the work that this project is about?",
            "NumPy has what is needed, but for erf and erfc, which are in math.",
            "The message names file and line.",
        ),
    ),
    Claim(
        id="convolution_fast",
        words="convolve takes at most eight times as long as one product over all windows.",
        topics={"py04": 1.0, "py08": 0.5},
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
