"""ROC and precision-recall curves with bands, for one model or several on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from castalia.core.errors import WrongInput
from castalia.kit.metrics import intervals
from castalia.kit.metrics.inputs import binary, both_classes
from castalia.kit.metrics.ranking import Curve, Ranked, precision_recall_curve, rank, roc_curve
from castalia.kit.plots.inputs import by_name, cut, thinned
from castalia.kit.plots.marks import Axis, Band, Floats, Line, Mark, Panel
from castalia.kit.plots.plot import Plot

MOST = 2000
"""Corners of a curve that are drawn."""
CELLS = 2000
"""Groups of neighbouring scores that a band is drawn from; more would cost time and be no smoother."""
GRID = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class _Kind:
    """How the two curves differ."""

    curve: Callable[..., Curve]
    title: str
    x: str
    y: str


_ROC = _Kind(roc_curve, "ROC curve", "false positive rate", "true positive rate")
_PR = _Kind(precision_recall_curve, "Precision and recall", "recall", "precision")


def roc(
    y: ArrayLike, score: Any, *, positive: Any = None, level: float = 0.95, draws: int = 300, seed: int = 0,
    title: str = _ROC.title,
) -> Plot:  # fmt: skip
    """The ROC curve of ``score``, shape (n,), or of several models as ``{name: score}``.

    The area has DeLong's interval. The band is pointwise: at each false positive rate the middle ``level`` of the
    curves of ``draws`` resamples of the rows; 0 draws no band. Columns of data: model, false positive rate, true
    positive rate, threshold, at the corners of the curves, all of which are drawn up to 2000.
    """
    return _plot(_ROC, y, score, positive, level, draws, seed, title)


def precision_recall(
    y: ArrayLike, score: Any, *, positive: Any = None, level: float = 0.95, draws: int = 300, seed: int = 0,
    title: str = _PR.title,
) -> Plot:  # fmt: skip
    """Precision by recall, in steps, with average precision; arguments and bands as in :func:`roc`.

    The interval of average precision is the percentile interval of the same resamples.
    """
    return _plot(_PR, y, score, positive, level, draws, seed, title)


def _plot(
    kind: _Kind, y: ArrayLike, score: Any, positive: Any, level: float, draws: int, seed: int, title: str
) -> Plot:
    labels = binary(y, positive=positive)
    both_classes(labels, f"a {kind.title}" if kind is _ROC else "a precision-recall curve")
    if not 0 < level < 1 or not (draws == 0 or draws >= 100):
        got, expected = f"level {level}, {draws} draws", "0 < level < 1, 0 draws or 100 and more"
        raise WrongInput("the band does not fit", got, expected, field="draws")
    bands: list[Mark] = []
    lines: list[Mark] = []
    said: list[str] = []
    thin = False
    data: dict[str, list[Any]] = {"model": [], kind.x: [], kind.y: [], "threshold": []}
    for style, (name, scores) in enumerate(by_name(score, "score", "").items()):
        curve, some = _corners(kind.curve(labels, scores), kind)
        thin |= some
        ranked = rank(labels, scores)
        area, band = _summary(kind, ranked, level, draws, seed)
        if band is not None:
            bands.append(Band(GRID, *band, style))
        label = f"{cut(name)} {area}".strip()
        lines.append(Line(label, curve.x, curve.y, style, steps=kind is _PR, markers=len(curve.x) > 1))
        said.append(label)
        data["model"] += [name or "model"] * len(curve.x)
        data[kind.x] += curve.x.tolist()
        data[kind.y] += curve.y.tolist()
        data["threshold"] += curve.thresholds.tolist()
    share = float(labels.mean())
    chance = np.array([0.0, 1.0]) if kind is _ROC else np.array([share, share])
    lines.append(Line("chance", np.array([0.0, 1.0]), chance, None, markers=False))
    ups = int(labels.sum())
    caption = f"n = {len(labels):,} rows, {ups:,} of them positive."
    if draws:
        caption += f" Bands: {level:.0%} at each point, from {draws} resamples of the rows."
    if thin:
        caption += f" Drawn through {MOST:,} of the corners."
    alt = f"{title}, {kind.y} by {kind.x}. {'; '.join(said)}. {caption}"
    x, axis_y = Axis(kind.x, -0.01, 1.01), Axis(kind.y, -0.01 if kind is _ROC else 0.0, 1.02)
    panel = Panel(x, axis_y, (*bands, *lines), square=kind is _ROC)
    return Plot(title, caption, alt, data, (panel,))


def _summary(
    kind: _Kind, ranked: Ranked, level: float, draws: int, seed: int
) -> tuple[str, tuple[Floats, Floats] | None]:
    """The area as text, with its interval, and the band."""
    ends = [(1 - level) / 2, (1 + level) / 2]
    grids, areas = _resampled(kind, ranked, draws, seed)
    band = None
    if draws:
        low, high = np.quantile(grids, ends, axis=0)
        band = (low, high)
    if kind is _ROC:
        found = intervals.auc_of(ranked, level)
        return f"AUC {found.estimate:.3f} ({found.low:.3f} to {found.high:.3f})", band
    area = ranked.average_precision()
    if not draws:
        return f"AP {area:.3f}", band
    low, high = np.quantile(areas, ends)
    return f"AP {area:.3f} ({low:.3f} to {high:.3f})", band


def _resampled(kind: _Kind, ranked: Ranked, draws: int, seed: int) -> tuple[Floats, Floats]:
    """The curves of resampled rows on the grid, shape (draws, 101), and their average precisions, shape (draws,)."""
    ups, downs = _cells(ranked)
    both = np.concatenate([ups, downs])
    rows = round(both.sum())
    generator = np.random.default_rng(seed)
    grids, areas = np.empty((draws, len(GRID))), np.empty(draws)
    for draw in range(draws):
        drawn = np.zeros(len(both))
        # a resample without one of the classes has no curve; the classes being there, few draws are such
        while not drawn[: len(ups)].any() or not drawn[len(ups) :].any():
            drawn = generator.multinomial(rows, both / rows).astype(np.float64)
        some = drawn[: len(ups)] + drawn[len(ups) :] > 0
        again = Ranked(np.arange(float(some.sum()))[::-1], drawn[: len(ups)][some], drawn[len(ups) :][some])
        recall = again.true_positives / again.true_positives[-1]
        if kind is _ROC:
            fall = again.false_positives / again.false_positives[-1]
            grids[draw] = np.interp(GRID, np.concatenate([[0.0], fall]), np.concatenate([[0.0], recall]))
        else:
            precision = again.true_positives / (again.true_positives + again.false_positives)
            grids[draw] = precision[np.minimum(np.searchsorted(recall, GRID - 1e-12), len(recall) - 1)]
        areas[draw] = again.average_precision()
    return grids, areas


def _cells(ranked: Ranked) -> tuple[Floats, Floats]:
    """Positives and negatives of each score, neighbours joined where there are very many."""
    if len(ranked.scores) <= CELLS:
        return ranked.positives, ranked.negatives
    starts = np.unique(np.linspace(0, len(ranked.scores), CELLS, endpoint=False).astype(np.int64))
    return np.add.reduceat(ranked.positives, starts), np.add.reduceat(ranked.negatives, starts)


def _corners(curve: Curve, kind: _Kind) -> tuple[Curve, bool]:
    """The curve without the points on straight stretches; of a very long one evenly spaced corners, and True."""
    across, up = np.diff(curve.x), np.diff(curve.y)
    straight = np.zeros(len(curve.x), dtype=np.bool_)
    if kind is _ROC:  # exact where a stretch is level or upright, which is where nearly all points are
        straight[1:-1] = ((across[:-1] == 0) & (across[1:] == 0)) | ((up[:-1] == 0) & (up[1:] == 0))
    kept = np.flatnonzero(~straight)
    some = kept[thinned(len(kept), MOST)]
    return Curve(curve.x[some], curve.y[some], curve.thresholds[some]), len(some) < len(kept)
