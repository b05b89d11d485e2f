"""The figures that the card promises, measured: seeded, in seconds, on data that is generated here.

A system's claims are over what its ``fit`` returns. A library has no fit, so ``measure`` returns them. The tests
compute them anew at every run; ``tools/measure.py utilities`` writes them into measured.json, which the page shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit import metrics
from castalia.kit.metrics import intervals, states
from castalia.projects.utilities import noise_measured

SEED = 11


def measure() -> Mapping[str, float]:
    """Every figure that a claim of card.toml names."""
    noise = noise_measured.encoder_scores()
    found, accused = noise_measured.linted()
    return {
        "auc_pairwise_gap": auc_pairwise_gap(),
        "merge_gap": merge_gap(),
        "bounds_hold": bounds_hold(),
        "auc_coverage": auc_coverage(),
        "calibration_kept": calibration_kept(),
        "noise_training_rows": noise["train"],
        "noise_held_out_rows": noise["held out"],
        "noise_fixed_smoothing": noise["echo"],
        "noise_new_rows": noise["new rows"],
        "noise_seen_twice": noise_measured.leaky_score(),
        "leaks_found": found,
        "honest_accused": accused,
        "stream_differs": noise_measured.cells_that_differ(),
    }


def auc_pairwise_gap(cases: int = 200, rows: int = 60) -> float:
    """The largest distance of ROC AUC from its definition over all pairs, on scores of which most are tied."""
    rng, worst = np.random.default_rng(SEED), 0.0
    for _ in range(cases):
        y = np.concatenate([[0, 1], rng.integers(0, 2, rows)])
        score = rng.integers(0, 6, len(y)) / 4
        pairs = np.sign(score[y == 1][:, None] - score[y == 0][None, :])
        worst = max(worst, abs(metrics.roc_auc(y, score) - float(np.mean(0.5 + 0.5 * pairs))))
    return worst


def merge_gap(cases: int = 60, rows: int = 400) -> float:
    """The largest distance of what merged states say from what one state of all rows says: AUC and accuracy."""
    rng, worst = np.random.default_rng(SEED), 0.0
    for _ in range(cases):
        y, score = _scored(rng, rows)
        answers = (score > 0.5).astype(int)
        cuts = np.sort(rng.integers(0, rows, 3))
        auc, counts = states.Auc(), states.Counts([0, 1])
        for part in np.split(np.arange(rows), cuts):
            auc = auc.merge(states.Auc().update(y[part], score[part]))
            counts = counts.merge(states.Counts([0, 1]).update(y[part], answers[part]))
        whole = metrics.accuracy(y, answers)
        worst = max(worst, abs(auc.result() - metrics.roc_auc(y, score)), abs(counts.result().accuracy() - whole))
    return worst


def bounds_hold(cases: int = 200, rows: int = 300) -> float:
    """The share of streams whose exact AUC lies between the bounds of a state that keeps 32 bins."""
    rng, held = np.random.default_rng(SEED), 0
    for _ in range(cases):
        y, score = _scored(rng, rows)
        bounds = states.BoundedAuc(bins=32).update(y, score).result()
        held += bounds.low <= metrics.roc_auc(y, score) <= bounds.high
    return held / cases


def auc_coverage(cases: int = 2000, rows: int = 100) -> float:
    """The share of samples whose 95 % interval of the AUC holds the true one: two normals, one deviation apart."""
    rng, held = np.random.default_rng(SEED), 0
    truth = 0.5 * (1 + math.erf(1 / 2))  # P(x > y) = Phi(1 / sqrt 2), and Phi(z) = (1 + erf(z / sqrt 2)) / 2
    for _ in range(cases):
        y = np.arange(rows) % 2
        interval = intervals.auc(y, rng.normal(size=rows) + y)
        held += interval.low <= truth <= interval.high
    return held / cases


def calibration_kept(cases: int = 200, rows: int = 500) -> float:
    """How much of the plain calibration error is left once chance is taken off, where the model is calibrated perfectly
    and all of it is chance: 0 would be right, 1 is what the plain one says.
    """
    rng, plain, kept = np.random.default_rng(SEED), 0.0, 0.0
    for _ in range(cases):
        chance = rng.uniform(size=rows)
        found = metrics.reliability((rng.uniform(size=rows) < chance).astype(int), chance)
        plain, kept = plain + found.error(debias=False), kept + found.error()
    return kept / plain


def _scored(rng: np.random.Generator, rows: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels of both classes and chances that tell something of them, many of them tied."""
    y: NDArray[np.int64] = np.concatenate([[0, 1], rng.integers(0, 2, rows - 2)])
    score: NDArray[Any] = np.round(np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0, 1), 2)
    return y, score
