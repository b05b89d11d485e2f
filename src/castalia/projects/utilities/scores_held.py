"""M3: what scores refuse, and counts that are streamed and merged: properties that ask the code themselves."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from castalia.core.contract import Handle, Subject, equal, refuses, true
from castalia.projects.utilities.scores_defined import DEFINED, log_loss

Array = np.ndarray[Any, Any]
CALLS = ("accuracy", "precision", "recall", "f1")


def score_refuses(subject: Subject, actual: Array, other: Array) -> None:
    """What no score can be computed of, by each function."""
    nothing, gap = np.zeros(0), np.array([np.nan, *other[1:]])
    longer = np.append(other, 0.5)
    one = np.array([1.0])
    for name in (*CALLS, "roc_auc", "log_loss", "calibration_error"):
        calling = np.round(other) if name in CALLS else other
        ask = partial(refuses, "ValueError")
        ask(partial(subject.call, name, nothing, nothing), f"{name} of no rows")
        ask(partial(subject.call, name, nothing, one), f"{name} of no rows and 1")
        ask(partial(subject.call, name, actual, longer), f"{name} of {len(actual)} and {len(longer)} rows")
        ask(partial(subject.call, name, actual, other[:1]), f"{name} of {len(actual)} rows and 1")
        ask(partial(subject.call, name, actual, gap), f"{name} with a NaN in the second")
        ask(partial(subject.call, name, np.append(actual[:-1], np.nan), calling), f"{name} with a NaN in the first")
        for label in (2, -1, 0.5) if name != "accuracy" else ():
            wrong = np.append(actual[:-1], label)
            ask(partial(subject.call, name, wrong, calling), f"{name} with the label {label}")
            if name in CALLS:
                ask(partial(subject.call, name, actual, wrong), f"{name} with the label {label} among the calls")
    for name in ("log_loss", "calibration_error"):
        for beyond in (-0.01, 1.01):
            p = np.array([beyond, *other[1:]])
            refuses("ValueError", partial(subject.call, name, actual, p), f"{name} with the probability {beyond}")


def no_class_missing(subject: Subject, actual: Array, scores: Array) -> None:
    for label in (0, 1):
        one = np.full(len(actual), label)
        refuses("ValueError", partial(subject.call, "roc_auc", one, scores), f"roc_auc where every row is {label}")
        expected = log_loss(one, np.abs(np.tanh(scores)))
        equal(subject.call("log_loss", one, np.abs(np.tanh(scores))), expected, 1e-9, f"log_loss, all rows {label}")


def asked(counts: Handle, seen: list[tuple[Array, Array]], what: str) -> None:
    actual = np.concatenate([a for a, _ in seen])
    predicted = np.concatenate([b for _, b in seen])
    for name, define in DEFINED.items():
        if actual.size:
            equal(counts.call(name), define(actual, predicted), 1e-12, f"{name}() {what}")
        else:
            refuses("ValueError", partial(counts.call, name), f"{name}() {what}")


def streams(subject: Subject, made: list[tuple[Array, Array]]) -> None:
    counts = subject.new("BinaryCounts")
    for name in CALLS:
        refuses("ValueError", partial(counts.call, name), f"{name}() before the first row")
    for number, batch in enumerate(made, start=1):
        counts.call("update", *batch)
        asked(counts, made[:number], f"after {number} updates")
    refuses("ValueError", partial(counts.call, "update", np.array([0, 1]), np.array([1])), "update of 2 and 1 rows")
    for a, b in (([], [1]), ([1], [])):
        ask = partial(counts.call, "update", np.array(a, dtype=int), np.array(b, dtype=int))
        refuses("ValueError", ask, f"update of {len(a)} and {len(b)} rows")
    for wrong in (2, -1):
        for one, two in ((0, wrong), (1, wrong), (wrong, 0), (wrong, 1)):
            ask = partial(counts.call, "update", np.array([one]), np.array([two]))
            refuses("ValueError", ask, f"update of the labels {one} and {two}")
    asked(counts, made, "after two updates that were refused")


def merges(subject: Subject, made: list[tuple[Array, Array]]) -> None:
    """Parts that were counted apart, put together in any order, are the whole; what was merged stays apart."""
    states = []
    for batch in made:
        one = subject.new("BinaryCounts")
        one.call("update", *batch)
        states.append(one)
    whole = subject.new("BinaryCounts")
    for one in reversed(states):
        whole.call("merge", one)
    asked(whole, made, f"of {len(made)} states put together")
    whole.call("update", *made[0])
    asked(whole, [*made, made[0]], "of states put together, and one update more")
    for one, batch in zip(states, made, strict=True):
        asked(one, [batch], "of a state that was merged into another, afterwards")
    _apart(subject, made[0])
    first = states[0]
    first.call("merge", subject.new("BinaryCounts"))
    asked(first, made[:1], "after an empty state was merged in")
    first.call("merge", whole)
    asked(first, [made[0], *made, made[0]], "of a state that took in another")
    true(len(states) == len(made), "states", len(states), len(made))


def _apart(subject: Subject, batch: tuple[Array, Array]) -> None:
    """One state merged into a new one; then either is fed with rows of other shares, and the other
    is as it was."""
    wrong, right = (np.array([1, 0]), np.array([0, 1])), (np.array([1, 0]), np.array([1, 0]))
    for words in ("the one that took in", "the one that was merged"):
        one, new = subject.new("BinaryCounts"), subject.new("BinaryCounts")
        one.call("update", *batch)
        new.call("merge", one)
        fed, other = (new, one) if words == "the one that took in" else (one, new)
        seen = [batch]
        for more in (wrong, right):
            fed.call("update", *more)
            seen.append(more)
            asked(fed, seen, f"of {words}, after an update")
            asked(other, [batch], f"of the other state, after {words} was updated")
