"""M1: what is asked of a network on the way forward: its layers in order, first weights, dropout."""

from __future__ import annotations

import math
import sys
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Subject, equal, refuses, true
from castalia.projects.neural_net import expected

Array = np.ndarray[Any, Any]
SIZES = (1, 2, 3, 4, 6, 8)

# --- what the claims make ------------------------------------------------------------------------


def networks(rng: np.random.Generator, size: int) -> tuple[list[int], str, Array, int]:
    """Sizes with up to three hidden layers, an activation, rows, a seed."""
    sizes = [int(each) for each in rng.integers(1, 3 + size, int(rng.integers(2, 6)))]
    x = rng.normal(size=(int(rng.integers(1, 2 + size)), sizes[0]))
    return sizes, str(rng.choice(expected.ACTIVATIONS)), x, int(rng.integers(1000))


def parameters(rng: np.random.Generator, sizes: list[int]) -> list[Array]:
    """[weight, bias, ...]: no bias is zero."""
    pairs = [(rng.normal(size=(a, b)) / math.sqrt(a), rng.normal(size=b)) for a, b in pairwise(sizes)]
    return [each for pair in pairs for each in pair]


def seeds(rng: np.random.Generator, size: int) -> tuple[int]:
    return (int(rng.integers(10_000)),)


# --- what must hold ------------------------------------------------------------------------------


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
    for place, (inputs, units) in enumerate(pairwise(sizes)):
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
    plain, zero = (subject.new("Network", sizes, **more).call("parameters") for more in ({}, {"seed": 0}))
    equal(plain[0], zero[0], 0.0, "the first weights of no seed, beside those of the seed 0")
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


CLAIMS = (
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
        words="First weights are normal with the variance 2 / inputs of their layer, by the seed; biases are 0.",
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
        words="While training each hidden number is dropped with probability p, others divided by 1 - p; else none.",
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
)
