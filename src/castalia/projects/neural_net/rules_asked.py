"""M4: what is asked of update rules: six steps of each against its definition, decay, memory, clipping."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Subject, equal, refuses, true
from castalia.projects.neural_net import expected

Array = np.ndarray[Any, Any]
Arrays = list[Array]
SIZES = (1, 2, 3, 4)
STEPS = 6

# --- what the claims make ------------------------------------------------------------------------


def walk(rng: np.random.Generator, size: int) -> tuple[Arrays, list[Arrays], float]:
    """Parameters of two layers, so many gradients for them, and a rate. Gradients change sign, some are zero, some so
    small that the place of epsilon shows."""
    shapes = [(size, 3), (3,), (3, 2), (2,)]
    parameters = [rng.normal(size=shape) for shape in shapes]
    scale = float(rng.choice([1e-6, 1e-2, 1.0, 30.0]))
    steps = [[rng.normal(size=shape) * scale * rng.choice([0.1, 1.0, 2.0]) for shape in shapes] for _ in range(STEPS)]
    steps[int(rng.integers(1, STEPS))] = [np.zeros(shape) for shape in shapes]
    return parameters, steps, float(rng.choice([0.5, 0.1, 0.01]))


def one_axis() -> tuple[Arrays, list[Arrays], float]:
    """One number, always the same gradient: by hand."""
    return [np.array([1.0])], [[np.array([0.5])] for _ in range(STEPS)], 0.1


def gradients(rng: np.random.Generator, size: int) -> tuple[Arrays]:
    return ([rng.normal(size=(size, 2)) * rng.choice([0.01, 1.0, 50.0]), rng.normal(size=size)],)


# --- what must hold ------------------------------------------------------------------------------


def follows(
    name: str, settings: dict[str, Any], subject: Subject, parameters: Arrays, steps: list[Arrays], rate: float
) -> None:
    mine, right = subject.new(name, rate, **settings), expected.Rule(name, rate, **settings)
    told = ", ".join([f"{rate:g}", *(f"{key}={value}" for key, value in settings.items())])
    for number, each in enumerate(steps, start=1):
        got, wanted = mine.call("step", parameters, each), right.step(parameters, each)
        true(len(got) == len(wanted), f"arrays that {name}.step returned", len(got), len(wanted))
        for place, (theirs, ours) in enumerate(zip(got, wanted, strict=True)):
            words = f"array {place} after step {number} of {name}({told})"
            equal(theirs, ours, 1e-10, words, scale=float(np.abs(parameters[place]).max(initial=1e-3)))
            moved = float(np.abs(ours - parameters[place]).max(initial=0.0))
            if moved > 1e-9:  # the step itself, where the parameter is much larger than it
                step = np.asarray(theirs) - parameters[place]
                equal(step, ours - parameters[place], 1e-5, f"the step: {words}", scale=moved)
        parameters = wanted


def variations(subject: Subject, parameters: Arrays, steps: list[Arrays], rate: float, *, ways: Any) -> None:
    for name, settings in ways:
        follows(name, settings, subject, parameters, steps, rate)


def decays(subject: Subject, parameters: Arrays, steps: list[Arrays], rate: float) -> None:
    """At gradients of zero weights shrink by the same factor every time and biases stay; elsewhere decay is no part of
    the gradient."""
    still = [[np.zeros_like(each) for each in parameters] for _ in range(3)]
    for name, more in (("SGD", {}), ("SGD", {"momentum": 0.9}), ("RMSProp", {}), ("Adam", {})):
        follows(name, {**more, "decay": 0.2}, subject, parameters, still, rate)
        follows(name, {**more, "decay": 0.3}, subject, parameters, steps, rate)


def remembers(subject: Subject, parameters: Arrays, steps: list[Arrays], rate: float) -> None:
    """Two rules of one class in turn, on other arrays: each has a memory of its own."""
    for name, settings in (("SGD", {"momentum": 0.9}), ("RMSProp", {}), ("Adam", {})):
        made = [(subject.new(name, rate, **settings), expected.Rule(name, rate, **settings)) for _ in range(2)]
        values = [parameters, [-each[:1] for each in parameters]]
        for each in steps:
            for turn, (mine, right) in enumerate(made):
                part = each if not turn else [-2 * g[:1] for g in each]
                wanted = right.step(values[turn], part)
                for theirs, ours in zip(mine.call("step", values[turn], part), wanted, strict=True):
                    floor = float(np.abs(ours).max(initial=1e-3))
                    equal(theirs, ours, 1e-10, f"one of two rules of {name}, in turn", scale=floor)
                values[turn] = wanted


def clips(subject: Subject, gradients: Arrays) -> None:
    norm = math.sqrt(sum(float(np.sum(each**2)) for each in gradients))
    for largest in (norm * 0.5, norm * 0.999, norm * 1.001, norm * 40 + 1):
        got = subject.call("clip", gradients, largest)
        true(len(got) == len(gradients), "arrays that clip returned", len(got), len(gradients))
        for mine, given in zip(got, gradients, strict=True):
            words = f"clip of gradients whose norm together is {norm:.4g}, to {largest:.4g}"
            equal(mine, given * min(1.0, largest / norm) if norm else given, 1e-12, words)


def refuses_to_clip(subject: Subject, gradients: Arrays) -> None:
    for wrong in (math.nan, math.inf, -math.inf):
        spoilt = [gradients[0].copy(), gradients[1]]
        spoilt[0][0, 0] = wrong
        refuses("ValueError", partial(subject.call, "clip", spoilt, 1.0), f"clip of gradients with {wrong} in them")


Ways = tuple[tuple[str, dict[str, Any]], ...]
PLAIN: Ways = (("SGD", {}),)
MOMENTUM: Ways = (("SGD", {"momentum": 0.9}), ("SGD", {"momentum": 0.5}))
NESTEROV: Ways = (("SGD", {"momentum": 0.9, "nesterov": True}), ("SGD", {"momentum": 0.5, "nesterov": True}))
RMSPROP: Ways = (("RMSProp", {}), ("RMSProp", {"alpha": 0.9, "eps": 1e-3}))
ADAM: Ways = (("Adam", {}), ("Adam", {"beta1": 0.5, "beta2": 0.9, "eps": 1e-3}))


def trajectory(id: str, words: str, at: str, ways: Any, topics: dict[str, float], *hints: str) -> Claim:
    one, two, three = hints
    return Claim(
        id=id, words=words, topics=topics, at=at, make=walk, holds=partial(variations, ways=ways), cases=6, sizes=SIZES,
        edges=(one_axis,), hints=(one, two, three),
    )  # fmt: skip


CLAIMS = (
    trajectory(
        "gradient_descent",
        "SGD moves every parameter against its gradient, by the rate.",
        "SGD",
        PLAIN,
        {"dl04": 0.5, "ma04": 0.5},
        "In which direction does a loss fall?",
        "Without momentum a step is one subtraction, array by array.",
        "Look at the sign, and at the rate; return new arrays in the order of the old.",
    ),
    trajectory(
        "momentum",
        "SGD with momentum follows v = momentum v + g for six steps.",
        "SGD",
        MOMENTUM,
        {"dl04": 0.5, "ma04": 0.5},
        "Which way does v point after two gradients that are opposite?",
        "Write three steps for g = 1, 1, 1 on paper: 1, 1.9, 2.71.",
        "The gradient is added whole, not (1 - momentum) of it. Each array has a v of its own, kept in the rule.",
    ),
    trajectory(
        "nesterov",
        "Nesterov's momentum steps along g + momentum v, with the new v.",
        "SGD",
        NESTEROV,
        {"dl04": 0.5, "ma04": 0.5},
        "How does its first step differ from that of plain momentum?",
        "From v = 0 its first step is (1 + momentum) g.",
        "v is moved on first; then g is added once more.",
    ),
    trajectory(
        "rmsprop",
        "RMSProp divides by the root of a running mean of squares, for six steps.",
        "RMSProp",
        RMSPROP,
        {"dl04": 0.5, "ma04": 0.5},
        "Which of the two gets (1 - alpha): the old mean or the new square?",
        "Compute the first step for g = 0.5 by hand: s is 0.0025.",
        "Epsilon is added to the root, and not under it. Small gradients show the difference.",
    ),
    trajectory(
        "adam",
        "Adam follows its definition for six steps, corrected for its start at zero.",
        "Adam",
        ADAM,
        {"dl04": 0.6, "ma04": 0.4},
        "How large is Adam's first step, whatever the gradient?",
        "It is the rate, up to epsilon: the corrections make m the gradient and v its square.",
        "t counts steps from 1, once a step and not once an array; epsilon stands outside of the root.",
    ),
    Claim(
        id="weight_decay",
        words="Weight decay shrinks weights by 1 - rate decay, at a zero gradient too; biases and memory are spared.",
        topics={"ml08": 0.7, "dl04": 0.3},
        at="Adam",
        make=walk,
        holds=decays,
        cases=4,
        sizes=SIZES,
        hints=(
            "What is left of a weight of 1 after a step with the gradient 0, the rate 0.1 and the decay 0.2?",
            "Decoupled: what is added to g would go through momentum and the root.",
            "Arrays of two axes are weights, those of one are biases. All three rules decay alike.",
        ),
    ),
    Claim(
        id="own_memory",
        words="Each rule has a memory of its own.",
        topics={"py02": 1.0},
        at="Adam",
        make=walk,
        holds=remembers,
        cases=2,
        sizes=SIZES,
        hints=(
            "Where does v live: in the object, or in the class?",
            "Make two rules, and step them in turn.",
            "What is assigned in the body of a class belongs to all its objects; so does a default that is a list.",
        ),
    ),
    Claim(
        id="clipping",
        words="clip scales all gradients by one number, so that their norm together is at most the largest allowed.",
        topics={"dl10": 1.0},
        at="clip",
        make=gradients,
        holds=clips,
        cases=6,
        sizes=SIZES,
        edges=(lambda: ([np.array([[3.0]]), np.array([4.0])],), lambda: ([np.zeros((1, 1)), np.zeros(1)],)),
        hints=(
            "What happens to the direction of a step when every array is scaled by another number?",
            "The norm is the root of the sum of all squares, over all arrays.",
            "Scale only where the norm is larger than allowed; a norm of 0 is no divisor.",
        ),
    ),
    Claim(
        id="clip_refuses",
        words="clip raises ValueError for NaN and infinities, instead of spreading them.",
        topics={"ma10": 1.0},
        at="clip",
        make=gradients,
        holds=refuses_to_clip,
        cases=2,
        sizes=(1, 2),
        hints=(
            "What is infinity times largest / infinity?",
            "One look at the norm tells.",
            "math.isfinite of the norm.",
        ),
    ),
)
