"""M3: what is asked of losses, far out too, and of the gradient of a whole network."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Subject, equal, refuses, true
from castalia.projects.neural_net import expected, networks_asked

Array = np.ndarray[Any, Any]
SIZES = (1, 2, 3, 4, 6, 8)

# --- what the claims make ------------------------------------------------------------------------


def target_of(rng: np.random.Generator, loss: str, scores: Array) -> Array:
    n, outputs = scores.shape
    if loss == "cross_entropy":
        return np.asarray(rng.integers(outputs, size=n))
    if loss == "binary_cross_entropy":
        return np.round(rng.random((n, outputs)), int(rng.integers(2)))
    return rng.normal(size=(n, outputs)) * 2


def every_loss(rng: np.random.Generator, size: int) -> tuple[Array, list[Array]]:
    scores = rng.normal(size=(size, int(rng.integers(2, 6)))) * rng.choice([0.3, 2.0])
    return scores, [target_of(rng, loss, scores) for loss in expected.LOSSES]


def far_losses(rng: np.random.Generator, size: int) -> tuple[Array, list[Array]]:
    scores, targets = every_loss(rng, size)
    return np.round(scores + rng.choice([-1e4, -800.0, 0.0, 800.0, 1e4], scores.shape)), targets


def uniform(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    classes = int(rng.integers(2, 20))
    return np.full((size, classes), float(rng.normal(scale=10.0))), rng.integers(classes, size=size)


def networks(rng: np.random.Generator, size: int) -> tuple[list[int], Array, list[Array], list[Array]]:
    """Sizes, rows, a target for each loss, and parameters far enough from every kink for no bad luck."""
    sizes, _, x, _ = networks_asked.networks(rng, min(size, 5))
    scores = np.zeros((len(x), sizes[-1]))
    targets = [target_of(rng, loss, scores) for loss in expected.LOSSES]
    return sizes, x, targets, networks_asked.parameters(rng, sizes)


# --- what must hold ------------------------------------------------------------------------------


def values(subject: Subject, scores: Array, targets: list[Array]) -> None:
    for loss, target in zip(expected.LOSSES, targets, strict=True):
        wanted = expected.loss_value(loss, scores, target)
        for words, given in (("", scores), (" of float32", scores.astype(np.float32))):
            got, rtol = subject.call("loss_value", loss, given, target), 1e-5 if words else 1e-10
            equal(got, wanted, rtol, f"loss_value({loss!r}, ...){words}", scale=1.0)


def slopes(subject: Subject, scores: Array, targets: list[Array]) -> None:
    for loss, target in zip(expected.LOSSES, targets, strict=True):
        wanted = expected.loss_gradient(loss, scores, target)
        for words, given in (("", scores), (" of float32", scores.astype(np.float32))):
            got = subject.call("loss_gradient", loss, given, target)
            rtol = 1e-5 if words else 1e-9
            equal(got, wanted, rtol, f"loss_gradient({loss!r}, ...){words}", scale=1 / len(scores))


def undecided(subject: Subject, scores: Array, target: Array) -> None:
    classes = scores.shape[1]
    equal(subject.call("loss_value", "cross_entropy", scores, target), math.log(classes), 1e-10, "equal scores: ln K")
    half = np.full((len(target), 1), 0.5)
    got = subject.call("loss_value", "binary_cross_entropy", np.zeros((len(target), 1)), half)
    equal(got, math.log(2), 1e-10, "scores of 0: ln 2")


def refuses_losses(subject: Subject, scores: Array, target: Array) -> None:
    rows, classes = scores.shape
    last = np.arange(rows) == rows - 1
    for function in ("loss_value", "loss_gradient"):
        call = partial(subject.call, function)
        for words, given in (
            ("an unknown loss", ("entropy", scores, target)),
            ("targets of another length", ("cross_entropy", scores, np.append(target, 0))),
            ("one-hot targets", ("cross_entropy", scores, np.eye(classes)[target])),
            ("a class that is too large", ("cross_entropy", scores, np.where(last, classes, target))),
            ("a negative class", ("cross_entropy", scores, np.where(last, -1, target))),
            ("flat targets", ("squared_error", scores, np.zeros(rows))),
            ("targets of other columns", ("binary_cross_entropy", scores, np.zeros((rows, classes + 1)))),
            ("targets of one column", ("huber", scores, np.zeros((rows, 1)))),
        ):
            refuses("ValueError", partial(call, *given), f"{function} with {words}")


def whole(subject: Subject, sizes: list[int], x: Array, targets: list[Array], parameters: list[Array]) -> None:
    """Every activation with every loss; the floor of the tolerance is the largest number of each array."""
    for activation in expected.ACTIVATIONS:
        network = subject.new("Network", sizes, activation)
        network.call("load", parameters)
        for loss, target in zip(expected.LOSSES, targets, strict=True):
            wanted = expected.gradients(parameters, activation, x, target, loss)
            got = network.call("gradients", x, target, loss)
            true(len(got) == len(wanted), "gradients in the list", len(got), len(wanted))
            for place, (mine, theirs) in enumerate(zip(got, wanted, strict=True)):
                name = f"{('weight', 'bias')[place % 2]} {place // 2} ({activation}, {loss}, sizes {sizes})"
                equal(mine, theirs, 1e-8, f"the gradient by {name}", scale=float(np.abs(theirs).max(initial=1e-3)))
        for mine, theirs in zip(network.call("parameters"), parameters, strict=True):
            equal(mine, theirs, 0.0, "the parameters after gradients")
        network.free()


def fresh(subject: Subject, sizes: list[int], x: Array, targets: list[Array], parameters: list[Array]) -> None:
    """The gradients of one batch after those of another, at other parameters: nothing is left over."""
    network = subject.new("Network", sizes, "tanh")
    network.call("load", [each + 0.5 for each in parameters])
    network.call("gradients", -2.0 * x, targets[2], "squared_error")
    network.call("load", parameters)
    network.call("forward", 3.0 * x)
    for words in ("after that of another batch", "asked again"):
        wanted = expected.gradients(parameters, "tanh", x, targets[2], "squared_error")
        for mine, theirs in zip(network.call("gradients", x, targets[2], "squared_error"), wanted, strict=True):
            floor = float(np.abs(theirs).max(initial=1e-3))
            equal(mine, theirs, 1e-8, f"the gradient {words}", scale=floor)


def seeds(rng: np.random.Generator, size: int) -> tuple[int]:
    return (int(rng.integers(10_000)),)


def with_dropout(subject: Subject, seed: int) -> None:
    """A batch of one row: where the gradient by the next weights is zero, a unit was dropped. With that mask the rest
    of the gradient is known."""
    rng, rate, hidden = np.random.default_rng(seed), 0.4, 12
    values, x, target = networks_asked.parameters(rng, [3, hidden, 2]), rng.normal(size=(1, 3)), rng.normal(size=(1, 2))
    network = subject.new("Network", [3, hidden, 2], "tanh", rate, seed)
    network.call("load", values)
    drawn = []
    for _ in range(6):
        got = network.call("gradients", x, target, "squared_error")
        mask = np.any(np.asarray(got[2]) != 0, axis=1) / (1 - rate)
        wanted = expected.gradients(values, "tanh", x, target, "squared_error", mask)
        for name, mine, theirs in zip(("weight 0", "bias 0", "weight 1", "bias 1"), got, wanted, strict=True):
            words = f"the gradient by {name}, with the units dropped that weight 1 shows"
            equal(mine, theirs, 1e-8, words, scale=float(np.abs(theirs).max(initial=1e-3)))
        drawn.append(mask > 0)
    share = 1 - np.mean(drawn)
    true(0.15 < share < 0.65, f"the share of units dropped in gradients, with a dropout of {rate}", float(share), rate)
    true(len({each.tobytes() for each in drawn}) > 1, "the units dropped in six gradients", "always the same", "others")


CLAIMS = (
    Claim(
        id="loss_values",
        words="loss_value is the mean over the rows of the loss that is named, of float32 scores too.",
        topics={"ma08": 0.5, "ml01": 0.5},
        at="loss_value",
        make=every_loss,
        holds=values,
        edges=(
            lambda: (
                np.array([[0.5, -1.0, 3.0]]),
                [np.array([2]), np.array([[0.0, 1.0, 0.5]]), np.array([[0.5, 0.0, 1.0]]), np.array([[-0.5, 1.0, 0.0]])],
            ),
        ),
        cases=10,
        sizes=SIZES,
        hints=(
            "By which number is the sum divided: rows, or all numbers?",
            "Compute two rows of two scores by hand, for each of the four losses.",
            "The interface says it in one sentence: sum over the outputs of a row, mean over rows. Huber bends at 1.",
        ),
    ),
    Claim(
        id="losses_far",
        words="Losses of scores up to 10,000 are finite and right, in float32 too.",
        topics={"ma10": 1.0},
        at="loss_value",
        make=far_losses,
        holds=values,
        edges=(
            lambda: (
                np.array([[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]]),
                [np.array([1, 1, 0]), np.array([[0.0, 1.0]] * 3), np.zeros((3, 2)), np.zeros((3, 2))],
            ),
            lambda: (
                np.array([[40.0, -40.0]]),
                [np.array([0]), np.array([[1.0, 0.0]]), np.zeros((1, 2)), np.zeros((1, 2))],
            ),
        ),
        cases=8,
        sizes=SIZES,
        hints=(
            "What is the log of a probability that was rounded to zero?",
            "Do not compute the probability first: write the log of the softmax as a difference.",
            "Binary: log(1 + exp(s)) is max(s, 0) plus a part that never overflows, and np.log1p keeps its digits.",
        ),
    ),
    Claim(
        id="undecided",
        words="Equal scores have the cross-entropy ln K, whatever the scores and the classes.",
        topics={"ma08": 1.0},
        at="loss_value",
        make=uniform,
        holds=undecided,
        cases=6,
        sizes=SIZES,
        hints=(
            "How many classes share the probability, and what is the log of a share?",
            "This is also the first loss of a network that knows nothing yet: look at it before you train.",
            "The natural logarithm; the mean over rows, not their sum.",
        ),
    ),
    Claim(
        id="loss_gradients",
        words="loss_gradient is the gradient of the mean loss by the scores.",
        topics={"dl03": 0.5, "ma02": 0.5},
        at="loss_gradient",
        make=every_loss,
        holds=slopes,
        edges=(
            lambda: (
                np.array([[0.5, -1.0, 3.0]]),
                [np.array([2]), np.array([[0.0, 1.0, 0.5]]), np.array([[0.5, 0.0, 1.0]]), np.array([[-0.5, 1.0, 0.0]])],
            ),
        ),
        cases=10,
        sizes=SIZES,
        hints=(
            "Does the gradient shrink when the same batch is given twice, one after the other?",
            "Cross-entropy of a softmax, and binary of a sigmoid: derive them on paper, and see what cancels.",
            "What cancels leaves a difference of what was answered and what was wanted; divide by the rows.",
        ),
    ),
    Claim(
        id="loss_gradients_far",
        words="loss_gradient of scores up to 10,000 is finite and right.",
        topics={"ma10": 1.0},
        at="loss_gradient",
        make=far_losses,
        holds=slopes,
        cases=6,
        sizes=SIZES,
        hints=(
            "Which exponential overflows?",
            "The functions that you wrote for M1 are finite everywhere.",
            "Call your own softmax and sigmoid here. Beyond 1, Huber's slope is 1 or -1.",
        ),
    ),
    Claim(
        id="losses_refuse",
        words="loss_value and loss_gradient raise ValueError for unknown losses, shapes that do not fit and no class.",
        topics={"to03": 1.0},
        at="loss_value",
        make=lambda rng, size: (rng.normal(size=(size + 2, 3)), rng.integers(3, size=size + 2)),
        holds=refuses_losses,
        cases=2,
        sizes=(1, 3),
        hints=(
            "What does NumPy make of (4, 3) minus (4, 1), without a word?",
            "And which score does the class -1 pick?",
            "Compare shapes before you compute; both functions can share that.",
        ),
    ),
    Claim(
        id="whole_gradient",
        words="Network.gradients is the gradient of the mean loss by every parameter, for every activation and loss.",
        topics={"dl03": 0.7, "ma02": 0.3},
        at="Network.gradients",
        make=networks,
        holds=whole,
        cases=8,
        sizes=(1, 2, 3, 4, 5),
        hints=(
            "What must be remembered on the way forward, so that the way back can use it?",
            "Start with one layer and squared error; then add a hidden layer; then compare with differences.",
            "From the last layer to the first: activation (not behind the last), then dense. Lists in forward order.",
        ),
    ),
    Claim(
        id="fresh_gradient",
        words="Gradients are those of this batch at these parameters, whatever was computed before.",
        topics={"dl03": 1.0},
        at="Network.gradients",
        make=networks,
        holds=fresh,
        cases=6,
        sizes=(1, 2, 3, 4, 5),
        hints=(
            "What does your network keep from one call to the next?",
            "Ask for the gradients of one batch, of another, and of the first again.",
            "Add nothing to what is left of the last call; go forward anew with the parameters of now.",
        ),
    ),
    Claim(
        id="dropout_gradient",
        words="With dropout the way back uses the very mask of the way forward, its scale included.",
        topics={"dl06": 1.0},
        at="Network.gradients",
        make=seeds,
        holds=with_dropout,
        cases=4,
        sizes=(1,),
        hints=(
            "Does a unit that was dropped have a part in the loss?",
            "The mask is a factor of the way forward, so it is one of the way back.",
            "Keep the mask of each layer, scale included, and multiply by it before the activation's slope.",
        ),
    ),
)
