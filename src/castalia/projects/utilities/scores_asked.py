"""M3: what is asked of scores: the definition, counted pair by pair and row by row, ties and edges included."""

from __future__ import annotations

from typing import Any

import numpy as np

from castalia.core.contract import Claim
from castalia.projects.utilities.scores_defined import (
    DEFINED,
    accuracy,
    calibration_error,
    log_loss,
    pairwise,
)
from castalia.projects.utilities.scores_held import merges, no_class_missing, score_refuses, streams

Array = np.ndarray[Any, Any]
ML05 = {"ml05": 1.0}

# --- what the claims make ------------------------------------------------------------------------


def calls(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    return (rng.random(size) < rng.random()).astype(int), (rng.random(size) < rng.random()).astype(int)


def classes(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    return rng.integers(-2, 3, size=size), rng.integers(-2, 3, size=size)


def scored(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Both classes, and scores of which many are equal, below zero as well."""
    actual = (rng.random(size + 1) < 0.4).astype(int)
    actual[:2] = (0, 1)
    scores = rng.normal(size=size + 1) + 0.7 * actual
    return actual, np.round(scores, int(rng.integers(3))) if rng.random() < 0.8 else scores


def chances(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    return rng.integers(2, size=size), rng.random(size) ** 2


def sure(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Probabilities of 0 and 1, the first of them wrong."""
    actual = rng.integers(2, size=size)
    p = rng.choice([0.0, 1.0, 1e-300, 0.5], size)
    p[0] = 1.0 - actual[0]
    return actual, p


def binned(rng: np.random.Generator, size: int) -> tuple[Any, ...]:
    """Probabilities away from the edges of the bins, but for 0 and 1; the bins, where they are not 10."""
    bins = int(rng.choice([1, 2, 3, 5, 7, 10, 10, 11]))
    p = (rng.integers(bins, size=size) + rng.uniform(0.05, 0.95, size)) / bins
    p[rng.random(size) < 0.1] = 1.0
    p[rng.random(size) < 0.1] = 0.0
    return (rng.integers(2, size=size), p, *([bins] if bins != 10 else []))


def parts(rng: np.random.Generator, size: int) -> tuple[list[tuple[Array, Array]]]:
    """Batches of one to five rows, one of them empty where there are several."""
    made = [calls(rng, int(rng.integers(1, 6))) for _ in range(size)]
    if size > 2:
        made[int(rng.integers(size))] = (np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    return (made,)


_CALLS_EDGES = (
    lambda: (np.array([1, 0, 1, 1]), np.array([1, 1, 0, 1])),
    lambda: (np.array([0, 0]), np.array([0, 0])),
    lambda: (np.array([1, 1]), np.array([0, 0])),
    lambda: (np.array([0, 1]), np.array([1, 1])),
    lambda: (np.array([0]), np.array([1])),
)


def _called(id: str, words: str, hints: tuple[str, str, str]) -> Claim:
    return Claim(
        id=f"{id}_counts", words=words, topics=ML05, function=id, make=calls, oracle=DEFINED[id], rtol=1e-12,
        unordered=(0, 1), forms=("list",), edges=_CALLS_EDGES, hints=hints,
    )  # fmt: skip


CLAIMS = (
    Claim(
        id="accuracy_counts",
        words="accuracy(actual, predicted) is the share of rows that are right.",
        topics=ML05,
        function="accuracy",
        make=classes,
        oracle=accuracy,
        rtol=1e-12,
        unordered=(0, 1),
        forms=("list",),
        edges=(*_CALLS_EDGES, lambda: (np.array([-1, 0]), np.array([-1, 1]))),
        hints=(
            "How many of four answers are right, as a share?",
            "Are the rows compared one by one, whatever the labels are?",
            "Comparing two arrays gives True and False; their mean is the share of True.",
        ),
    ),
    _called(
        "precision",
        "precision(actual, predicted) is the share of ones among the rows that were called 1; 0 where none was.",
        (
            "Of ten alarms, how many were real: is that precision or recall?",
            "What do you divide by, and what if that is zero?",
            "Divide the rows that are 1 and were called 1 by the rows that were called 1.",
        ),
    ),
    _called(
        "recall",
        "recall(actual, predicted) is the share of the ones that was called 1; 0 where there are none.",
        (
            "Of ten fires, how many rang the alarm?",
            "Which argument says what is true, and which what was called?",
            "Divide the rows that are 1 and were called 1 by the rows that are 1.",
        ),
    ),
    _called(
        "f1",
        "f1(actual, predicted) is the harmonic mean of precision and recall.",
        (
            "What is the harmonic mean of 1 and 0.1, roughly: 0.55 or 0.18?",
            "Where are both precision and recall zero, and what do you divide by then?",
            "Twice the hits, divided by the rows that are 1 plus the rows that were called 1.",
        ),
    ),
    Claim(
        id="roc_auc_pairs",
        words="roc_auc is the share of pairs (a 1, a 0) in which the 1 scores higher; a tie counts one half.",
        topics=ML05,
        function="roc_auc",
        make=scored,
        oracle=pairwise,
        rtol=1e-9,
        unordered=(0, 1),
        forms=("list",),
        edges=(
            lambda: (np.array([0, 1]), np.array([0.5, 0.5])),
            lambda: (np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8])),
            lambda: (np.array([1, 1, 0, 0]), np.array([0.3, 0.3, 0.3, 0.3])),
            lambda: (np.array([1, 0]), np.array([-5.0, -3.0])),
            lambda: (np.array([1, 0, 0]), np.array([1e-12, 0.0, 1e12])),
        ),
        hints=(
            "What is the area of a model that gives every row the same score?",
            "Sort [0.5, 0.5] with the labels [0, 1], and with [1, 0]. Is your answer the same?",
            "Rows of equal scores are one step of the curve, a slanted one; or give them the mean of their ranks.",
        ),
    ),
    Claim(
        id="log_loss_mean",
        words="log_loss is the mean of minus the logarithm of the probability that was given to what is true.",
        topics=ML05,
        function="log_loss",
        make=chances,
        oracle=log_loss,
        rtol=1e-11,
        unordered=(0, 1),
        forms=("list",),
        edges=(lambda: (np.array([1]), np.array([0.5])), lambda: (np.array([0, 1]), np.array([0.25, 0.25]))),
        hints=(
            "What is the loss of a fair coin?",
            "A row that is 0 was given 0.2 for a 1. Which probability was given to what is true?",
            "Choose p or 1 - p by the label, then the logarithm, the mean, the sign.",
        ),
    ),
    Claim(
        id="log_loss_finite",
        words="log_loss stays finite where what is true was given the probability 0: no probability is below 1e-15.",
        topics=ML05,
        function="log_loss",
        make=sure,
        oracle=log_loss,
        rtol=1e-11,
        unordered=(0, 1),
        edges=(
            lambda: (np.array([1]), np.array([0.0])),
            lambda: (np.array([0]), np.array([1.0])),
            lambda: (np.array([1]), np.array([1e-14])),
        ),
        hints=(
            "What is log(0)?",
            "How small may the chosen probability be before its logarithm is of no use?",
            "Choose p or 1 - p first, then raise what was chosen to at least 1e-15.",
        ),
    ),
    Claim(
        id="calibration",
        words="calibration_error is the gap between mean probability and share of ones in a bin, meant over the rows.",
        topics=ML05,
        function="calibration_error",
        make=binned,
        oracle=calibration_error,
        rtol=1e-9,
        unordered=(0, 1),
        edges=(
            lambda: (np.array([1, 0, 1]), np.array([0.5, 0.25, 0.75]), 4),
            lambda: (np.array([0, 1]), np.array([1.0, 0.9]), 3),
            lambda: (np.array([0, 1]), np.array([0.04, 0.06])),
            lambda: (np.array([1, 0]), np.array([0.5, 0.49]), 2),
        ),
        hints=(
            "Of the days with a forecast of about 30 %, on how many did it rain?",
            "Do bins with more rows count more? Which bin holds the probability 1?",
            "By bin: the sum of p minus the sum of labels, its size; all of these added, divided by the rows.",
        ),
    ),
    Claim(
        id="scores_refuse",
        words="Every score raises ValueError for no rows, other lengths, NaN, labels but 0 and 1, p outside of 0 to 1.",
        topics=ML05,
        at="roc_auc",
        make=lambda rng, size: (np.arange(size + 1) % 2, rng.random(size + 1)),
        holds=score_refuses,
        sizes=(2, 5),
        cases=2,
        hints=(
            "What does NumPy make of an array of 3 compared with an array of 1?",
            "Try accuracy([], []) and log_loss([0, 1], [0.5, nan]): is the answer a number?",
            "One private function that looks at both columns, called first in every score.",
        ),
    ),
    Claim(
        id="one_class",
        words="roc_auc raises ValueError where every row is of one class; log_loss still answers.",
        topics=ML05,
        at="roc_auc",
        make=scored,
        holds=no_class_missing,
        sizes=(1, 4, 12),
        cases=3,
        hints=(
            "How many pairs of a 1 and a 0 are there, if there is no 0?",
            "Is 0.5 an answer, or a way to hide that there is none? And what is 0/0?",
            "Look at which labels there are before you divide by how many there are of each.",
        ),
    ),
    Claim(
        id="counts_stream",
        words="BinaryCounts, fed in batches, gives the scores of all rows; before the first row it raises ValueError.",
        topics=ML05,
        at="BinaryCounts",
        make=parts,
        holds=streams,
        sizes=(1, 2, 3, 5),
        cases=6,
        hints=(
            "Is the F1 of two batches together the mean of their F1s?",
            "Which four numbers are enough for all four scores?",
            "Keep the counts of the four kinds of rows, add those of each batch, divide only when asked.",
        ),
    ),
    Claim(
        id="counts_merge",
        words="BinaryCounts that were fed apart and merged give the scores of all rows, and stay apart afterwards.",
        topics=ML05,
        at="BinaryCounts.merge",
        make=parts,
        holds=merges,
        sizes=(1, 2, 4),
        cases=5,
        hints=(
            "Two machines counted half of the rows each. What do they send each other?",
            "Merge a into b, update b, and ask a: has it changed?",
            "Add the other's counts to your own, into memory of your own.",
        ),
    ),
)
