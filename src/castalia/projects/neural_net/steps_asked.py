"""M5: what is asked of one step after another: which rows, loss and gradient; and small things learnt by heart."""

from __future__ import annotations

from typing import Any

import numpy as np

from castalia.core.contract import Claim, Subject, equal, true
from castalia.projects.neural_net import expected, losses_asked, networks_asked

Array = np.ndarray[Any, Any]
RULES: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("SGD", 0.1, {}), ("SGD", 0.05, {"momentum": 0.9, "decay": 0.1}), ("Adam", 0.02, {"decay": 0.05}),
)  # fmt: skip

# --- what the claims make ------------------------------------------------------------------------


def dealing(rng: np.random.Generator, size: int) -> tuple[int, int, int, int]:
    """Rows, rows in a batch, a seed, an epoch."""
    n = int(rng.integers(1, 12 * size + 2))
    return n, int(rng.integers(1, n + 3)), int(rng.integers(1000)), int(rng.integers(1, 50))


def learning(rng: np.random.Generator, size: int) -> tuple[list[int], str, str, Array, Array, list[Array]]:
    """Sizes, activation, loss, rows, targets, parameters."""
    sizes, activation, _, _ = networks_asked.networks(rng, min(size, 4))
    x, loss = rng.normal(size=(7 + size, sizes[0])), str(rng.choice(expected.LOSSES))
    target = losses_asked.target_of(rng, loss, np.zeros((len(x), sizes[-1])))
    return sizes, activation, loss, x, target, networks_asked.parameters(rng, sizes)


def seeds(rng: np.random.Generator, size: int) -> tuple[int]:
    return (int(rng.integers(10_000)),)


# --- what must hold ------------------------------------------------------------------------------


def deals(subject: Subject, n: int, size: int, seed: int, epoch: int) -> None:
    got = subject.call("batches", n, size, seed, epoch)
    what = f"batches({n}, {size}, {seed}, {epoch})"
    lengths = [min(size, n - start) for start in range(0, n, size)]
    true([len(each) for each in got] == lengths, f"lengths of {what}", [len(each) for each in got], lengths)
    whole = np.concatenate([np.asarray(each) for each in got])
    true(whole.dtype.kind in "iu", f"the kind of {what}", str(whole.dtype), "whole numbers")
    true(sorted(whole.tolist()) == list(range(n)), f"all of {what}", sorted(whole.tolist())[:20], "every row once")
    again = np.concatenate(subject.call("batches", n, size, seed, epoch))
    equal(again, whole, 0.0, f"{what}, a second time")
    other = np.concatenate(subject.call("batches", n, max(1, size // 2), seed, epoch))
    equal(other, whole, 0.0, f"the order of {what} in pieces half as large")


def shuffles(subject: Subject, seed: int) -> None:
    """300 rows are in no order by chance; positions of a row over 40 epochs are as far apart as drawn ones."""
    n, epochs = 300, range(1, 41)
    orders = np.array([np.concatenate(subject.call("batches", n, 32, seed, epoch)) for epoch in epochs])
    for words, found in (
        ("the order of the rows", np.arange(n)), ("the order backwards", np.arange(n)[::-1]),
        ("that of another seed", np.concatenate(subject.call("batches", n, 32, seed + 1, 1))),
        ("that of the next epoch", orders[1]),
    ):  # fmt: skip
        same = float(np.mean(orders[0] == found))
        true(same < 0.05, f"rows of epoch 1 that stand where they stand in {words}", same, "below 0.05")
    true(
        len({order.tobytes() for order in orders}) == len(orders), "orders of 40 epochs", "some twice", "all different"
    )
    steps = float(np.mean(np.diff(orders, axis=1) == 1))
    pairs = [(seed + more, epoch) for more in range(4) for epoch in range(1, 7)]
    drawn = {np.concatenate(subject.call("batches", n, 32, *pair)).tobytes() for pair in pairs}
    true(len(drawn) == len(pairs), "orders of four seeds in six epochs each", f"{len(drawn)} different", len(pairs))
    true(steps < 0.03, "rows that stand behind the one before them", steps, "below 0.03: shuffled row by row")
    middle = float(np.argsort(orders, axis=1)[:, :30].mean())
    true(abs(middle - 149.5) < 13, "where the first 30 rows stand, on average over 40 epochs", middle, "149.5, to 13")


def evaluates(
    subject: Subject, sizes: list[int], activation: str, loss: str, x: Array, target: Array, parameters: list[Array]
) -> None:
    network = subject.new("Network", sizes, activation, 0.5, 1)
    network.call("load", parameters)
    wanted = expected.loss_value(loss, expected.forward(parameters, activation, x), target)
    for size in (1, 3, len(x) - 1, len(x), 1000):
        got = subject.call("evaluate", network, x, target, loss, size)
        words = f"evaluate of {len(x)} rows in pieces of {size}, without dropout"
        equal(got, wanted, 1e-9, words, scale=1.0)
    equal(subject.call("evaluate", network, x, target, loss), wanted, 1e-9, "evaluate as it is", scale=1.0)


def follows(
    subject: Subject, sizes: list[int], activation: str, loss: str, x: Array, target: Array, parameters: list[Array]
) -> None:
    """Five steps on batches of several lengths: the loss of each and all parameters after it."""
    for name, rate, settings in RULES:
        network, rule = subject.new("Network", sizes, activation), subject.new(name, rate, **settings)
        network.call("load", parameters)
        right, values = expected.Rule(name, rate, **settings), parameters
        for number, rows in enumerate((slice(0, 3), slice(3, 7), slice(7, None), slice(0, 1), slice(0, None)), start=1):
            before = expected.loss_value(loss, expected.forward(values, activation, x[rows]), target[rows])
            got = network.call("step", x[rows], target[rows], loss, rule)
            words = f"({name}, {activation}, {loss}, sizes {sizes})"
            equal(got, before, 1e-8, f"what step {number} returns {words}", scale=1.0)
            slopes = expected.gradients(values, activation, x[rows], target[rows], loss)
            values = right.step(values, slopes)
            for mine, theirs in zip(network.call("parameters"), values, strict=True):
                floor = float(np.abs(theirs).max(initial=1e-3))
                equal(mine, theirs, 1e-6, f"parameters after step {number} {words}", scale=floor)


def by_heart(subject: Subject, seed: int) -> None:
    """32 rows of noise with classes that mean nothing."""
    rng = np.random.default_rng(seed)
    x, target = rng.normal(size=(32, 8)), rng.integers(4, size=32)
    network = subject.new("Network", [8, 64, 4], "relu", 0.0, seed)
    rule = subject.new("Adam", 0.02)
    for _ in range(200):
        network.call("step", x, target, "cross_entropy", rule)
    got = subject.call("evaluate", network, x, target, "cross_entropy")
    true(got < 1e-2, "the loss of 32 rows after 200 steps on them", got, "below 0.01")


def exclusive_or(subject: Subject, seed: int) -> None:
    x, target = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    network = subject.new("Network", [2, 8, 1], "tanh", 0.0, seed)
    rule = subject.new("Adam", 0.05)
    for _ in range(200):
        network.call("step", x, target, "binary_cross_entropy", rule)
    scores = np.asarray(network.call("forward", x))
    true(np.array_equal(scores > 0, target > 0.5), "exclusive or after 200 steps", scores.ravel().tolist(), "- + + -")


def evaluation_is_still(subject: Subject, seed: int) -> None:
    """Dropout acts in step and nowhere else."""
    rng = np.random.default_rng(seed)
    values, x = networks_asked.parameters(rng, [6, 30, 3]), rng.normal(size=(20, 6))
    target = rng.integers(3, size=20)
    network = subject.new("Network", [6, 30, 3], "relu", 0.5, seed)
    network.call("load", values)
    wanted = expected.forward(values, "relu", x)
    rule = subject.new("SGD", 1e-12)
    losses = {float(network.call("step", x, target, "cross_entropy", rule)) for _ in range(6)}
    true(max(losses) - min(losses) > 1e-4, "losses of six steps with dropout, on one batch", sorted(losses), "six")
    for _ in range(3):
        equal(network.call("forward", x), wanted, 1e-6, "forward after steps with dropout", scale=1.0)
        got = subject.call("evaluate", network, x, target, "cross_entropy")
        equal(got, expected.loss_value("cross_entropy", wanted, target), 1e-6, "evaluate after steps with dropout")


def all_seeds(rng: np.random.Generator, size: int) -> tuple[int]:
    return (int(rng.integers(2**31)),)


CLAIMS = (
    Claim(
        id="batches_hold_all",
        words="batches deals every row exactly once, in pieces of the size asked for, again so for the same seed.",
        topics={"da03": 0.5, "dl10": 0.5},
        at="batches",
        make=dealing,
        holds=deals,
        cases=12,
        sizes=(1, 2, 3, 4, 6),
        edges=(lambda: (7, 3, 0, 1), lambda: (6, 3, 0, 1), lambda: (1, 5, 3, 2)),
        hints=(
            "How long is the last of the batches of 7 rows by 3?",
            "One permutation of all rows, cut into pieces.",
            "A generator made anew from seed and epoch; no draw at random for each batch.",
        ),
    ),
    Claim(
        id="batches_shuffle",
        words="batches has another order in every epoch and for every seed, with every row as likely in every place.",
        topics={"dl10": 0.5, "ma05": 0.5},
        at="batches",
        make=seeds,
        holds=shuffles,
        cases=2,
        sizes=(1,),
        hints=(
            "What does a network learn from rows that come sorted by class?",
            "Which numbers go into the seed of your generator?",
            "np.random.default_rng takes a list of numbers: seed and epoch both.",
        ),
    ),
    Claim(
        id="evaluate_is_a_mean",
        words="evaluate is the mean loss over all rows, whatever the pieces, without dropout.",
        topics={"ml05": 1.0},
        at="evaluate",
        make=learning,
        holds=evaluates,
        cases=8,
        sizes=(1, 2, 3, 4),
        hints=(
            "Is the mean of the means of 3 rows and of 1 row the mean of 4 rows?",
            "Weigh the loss of a piece by its rows.",
            "Divide by the number of all rows at the end. forward without training.",
        ),
    ),
    Claim(
        id="steps_follow",
        words="step moves the parameters by the rule along the gradient of this batch, and returns the loss before it.",
        topics={"dl10": 0.5, "dl03": 0.5},
        at="Network.step",
        make=learning,
        holds=follows,
        cases=6,
        sizes=(1, 2, 3, 4),
        budget=10.0,
        hints=(
            "Of which parameters is the loss that a step returns, and of which is its gradient?",
            "Follow two steps by hand: gradients, rule, new parameters; then again with the new ones.",
            "One forward, one backward, rule.step once, load. Nothing of the last batch is used.",
        ),
    ),
    Claim(
        id="dropout_in_steps_alone",
        words="With dropout step draws a new mask each time; forward and evaluate draw none, before or afterwards.",
        topics={"dl06": 1.0},
        at="Network.step",
        make=seeds,
        holds=evaluation_is_still,
        cases=2,
        sizes=(1,),
        hints=(
            "Who says that the network is training now, and who takes it back?",
            "Count the draws of dropout in one step, and in one evaluate.",
            "training=True belongs into the gradients that step asks for, and nowhere else.",
        ),
    ),
    Claim(
        id="learns_by_heart",
        words="200 steps on 32 rows of noise bring their loss below 0.01.",
        topics={"dl10": 1.0},
        at="Network.step",
        make=all_seeds,
        holds=by_heart,
        cases=3,
        sizes=(1,),
        budget=20.0,
        hints=(
            "What can a network not do that cannot even learn 32 rows by heart?",
            "If the claims above hold, look at the rule: does its memory live on from step to step?",
            "Print the loss every 20 steps: does it stand still, rise, or fall too slowly?",
        ),
    ),
    Claim(
        id="exclusive_or",
        words="200 steps learn the exclusive or, from each of five seeds.",
        topics={"dl01": 1.0},
        at="Network.step",
        make=all_seeds,
        holds=exclusive_or,
        cases=5,
        sizes=(1,),
        budget=20.0,
        hints=(
            "Why can no network without a hidden layer learn this?",
            "If it fails for some seeds only: are the first weights of two units the same?",
            "Print the four scores; all alike means that the hidden layer tells nothing apart.",
        ),
    ),
)
