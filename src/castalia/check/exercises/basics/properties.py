"""What the claims of the small library make, expect and hold."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Handle, Subject, equal, refuses

Array = np.ndarray[Any, Any]

# --- M1: arrays --------------------------------------------------------------------------------


def table(rng: np.random.Generator, size: int) -> tuple[Array]:
    """At least three rows; columns of different places and widths."""
    columns = 1 + size // 3
    return (rng.normal(rng.normal(scale=5.0, size=columns), rng.uniform(0.5, 3.0, columns), (size + 2, columns)),)


def with_constant_columns(rng: np.random.Generator, size: int) -> tuple[Array]:
    (x,) = table(rng, size)
    x[:, rng.integers(x.shape[1])] = rng.choice([0.0, 0.1, -0.3, 7.0, 1e4])
    return (x,)


def standardized(subject: Subject, x: Array) -> None:
    wide = np.asarray(x, dtype=np.longdouble)
    expected = wide - wide.mean(axis=0)
    for column in range(wide.shape[1]):
        if x[:, column].min() == x[:, column].max():
            expected[:, column] = 0.0
        else:
            expected[:, column] /= np.sqrt((expected[:, column] ** 2).mean())
    equal(subject.call("standardize", x), np.asarray(expected, dtype=float), 1e-9, "standardize(x)", scale=1.0)


def labels(rng: np.random.Generator, size: int) -> tuple[Array, int]:
    classes = int(rng.integers(1, 6))
    return rng.integers(classes, size=size), classes


def one_hot(numbers: Array, classes: int) -> Array:
    rows = np.zeros((len(numbers), classes))
    for row, number in enumerate(numbers):
        rows[row, number] = 1.0
    return rows


def refuses_labels(subject: Subject, numbers: Array, classes: int) -> None:
    for wrong in (classes, classes + 3, -1, -classes):
        some = np.append(numbers, wrong)
        refuses("ValueError", partial(subject.call, "one_hot", some, classes), f"one_hot with a label {wrong}")


# --- M2: scores --------------------------------------------------------------------------------


def two_labelings(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    return rng.integers(3, size=size), rng.integers(3, size=size)


def accuracy(predicted: Array, actual: Array) -> float:
    return sum(int(a == b) for a, b in zip(predicted, actual, strict=True)) / len(actual)


def refuses_lengths(subject: Subject, predicted: Array, actual: Array) -> None:
    longer = np.append(actual, actual[0])
    for a, b in ((predicted, longer), (longer, predicted), (predicted[:1], longer), (longer, predicted[:1])):
        refuses("ValueError", partial(subject.call, "accuracy", a, b), f"accuracy of {len(a)} and {len(b)}")
    nothing = predicted[:0]
    refuses("ValueError", partial(subject.call, "accuracy", nothing, nothing), "accuracy of nothing")


def predictions(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    classes = int(rng.integers(2, 6))
    return rng.integers(classes, size=size), rng.dirichlet(np.ones(classes), size=size)


def sure_predictions(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Rows that give all their probability to one class, which may be the wrong one; the first row is wrong."""
    classes = int(rng.integers(2, 6))
    guessed = rng.integers(classes, size=size)
    actual = rng.integers(classes, size=size)
    actual[0] = (guessed[0] + 1) % classes
    return actual, one_hot(guessed, classes)


def log_loss(actual: Array, probabilities: Array) -> float:
    losses = (-math.log(max(row[label], 1e-15)) for label, row in zip(actual, probabilities.tolist(), strict=True))
    return math.fsum(losses) / len(actual)


# --- M3: angles --------------------------------------------------------------------------------


def two_sets_of_rows(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    width = 1 + size // 2
    return rng.normal(size=(size, width)) * rng.uniform(0.1, 10), rng.normal(size=(size + 1, width))


def rows_with_zeros(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    a, b = two_sets_of_rows(rng, size)
    a[rng.integers(len(a))] = 0.0
    b[rng.integers(len(b))] = 0.0
    return a, b


def cosine(a: Array, b: Array) -> Array:
    """Row by row, from vectors that were made one long before they are multiplied."""
    answer = np.zeros((len(a), len(b)))
    for i, left in enumerate(a.tolist()):
        for j, right in enumerate(b.tolist()):
            one, two = math.hypot(*left), math.hypot(*right)
            if one > 0 and two > 0:
                answer[i, j] = math.fsum((x / one) * (y / two) for x, y in zip(left, right, strict=True))
    return answer


# --- M4: a class that remembers ----------------------------------------------------------------


def batches(rng: np.random.Generator, size: int) -> tuple[list[Array]]:
    """Batches of one to five numbers and different means, one of them empty where there are several."""
    made = [rng.normal(rng.normal(scale=3.0), 1.0, int(rng.integers(1, 6))) for _ in range(size)]
    if size > 2:
        made[int(rng.integers(1, size))] = np.zeros(0)
    return (made,)


def far_batches(rng: np.random.Generator, size: int) -> tuple[list[Array]]:
    (made,) = batches(rng, size + 3)
    return ([batch + 1e6 for batch in made],)


def fed(subject: Subject, made: list[Array]) -> Handle:
    running = subject.new("RunningMean")
    for batch in made:
        running.call("update", batch)
    return running


def keeps_the_mean(subject: Subject, made: list[Array]) -> None:
    running = subject.new("RunningMean")
    for number, batch in enumerate(made, start=1):
        running.call("update", batch)
        seen = np.concatenate(made[:number])
        equal(running.get("count"), seen.size, 0.0, f"count after {number} updates")
        if seen.size:
            after = f"mean() after {number} updates"
            equal(running.call("mean"), math.fsum(seen) / seen.size, 1e-12, after, scale=float(np.abs(seen).max()))
    running.free()


def keeps_the_variance(subject: Subject, made: list[Array]) -> None:
    """Measured by the squares of the numbers, so that how it is summed up is not the question here."""
    seen = np.concatenate(made)
    expected, largest = float(np.var(seen)), float(np.abs(seen).max())
    equal(fed(subject, made).call("variance"), expected, 1e-12, "variance()", scale=largest**2)


def keeps_the_variance_far_out(subject: Subject, made: list[Array]) -> None:
    """Measured by the squared deviations: here a difference of two large sums is found out."""
    seen = np.concatenate(made).astype(np.longdouble)
    squares = (seen - seen.mean()) ** 2
    got = fed(subject, made).call("variance")
    equal(got, float(squares.mean()), 1e-7, "variance()", scale=float(squares.max()))


def are_apart(subject: Subject, made: list[Array]) -> None:
    first, second = fed(subject, made), subject.new("RunningMean")
    second.call("update", np.array([100.0, 200.0]))
    seen = np.concatenate(made)
    expected, scale = math.fsum(seen) / seen.size, float(np.abs(seen).max())
    for _ in range(2):
        equal(second.call("mean"), 150.0, 1e-12, "mean() of the second object")
        equal(second.call("variance"), 2500.0, 1e-12, "variance() of the second object")
        equal(first.call("mean"), expected, 1e-12, "mean() of the first object", scale=scale)
    equal((first.get("count"), second.get("count")), (seen.size, 2), 0.0, "the two counts")


def refuses_nothing(subject: Subject, made: list[Array]) -> None:
    running = subject.new("RunningMean")
    for words in ("before the first number", "after an empty update"):
        for method in ("mean", "variance"):
            refuses("ValueError", partial(running.call, method), f"{method}() {words}")
        equal(running.get("count"), 0, 0.0, f"count {words}")
        running.call("update", np.zeros(0))
    running.call("update", made[0])
    equal(running.get("count"), made[0].size, 0.0, "count after one update")
