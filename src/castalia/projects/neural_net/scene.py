"""The playground drawn at one epoch: what is decided where, and what runs through the network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.fields import Figure
from castalia.kit import plots
from castalia.projects.neural_net.playground import REACH, Playground
from castalia.projects.neural_net.signals import Signals

Array = NDArray[Any]

BINS = 32
SMALLEST = -8.0
"""A gradient of 1e-8 and less is counted with those of 1e-8."""


def scene(playground: Playground, epoch: int, asked: int) -> list[Figure]:
    """The figures of ``epoch``, where ``asked`` was wished for: the first says if there is more to learn."""
    more = asked > epoch and not playground.ran_away
    signals = playground.signals(epoch)
    figures = [_boundary(playground, epoch, more), _loss(playground, epoch)]
    if signals.outputs:
        figures.append(_outputs(signals))
    return [*figures, _lengths(playground, epoch), _gradients(signals)]


def _boundary(playground: Playground, epoch: int, more: bool) -> Figure:
    chances = playground.surface(epoch)
    answer, sure = chances.argmax(axis=2), chances.max(axis=2)
    weight = (sure - 1 / playground.classes) / (1 - 1 / playground.classes)
    series = []
    for number in range(playground.classes):
        x = playground.x[playground.labels == number].round(3)
        series.append({"name": f"class {number + 1}", "x": x[:, 0].tolist(), "y": x[:, 1].tolist()})
    ground = {
        "x": [-REACH, REACH], "y": [-REACH, REACH],
        "series": answer.tolist(), "weight": np.maximum(weight, 0).round(2).tolist(),
    }  # fmt: skip
    right = playground.curves["accuracy"][epoch]
    caption = f"Epoch {epoch}: {right:.1%} of the points are named right. A place of faint colour is undecided."
    if playground.ran_away and epoch == playground.epochs:
        caption += " Then the training ran away: the loss is no number any more. Take a smaller learning rate."
    data = {"x": "first number", "y": "second number", "series": series, "ground": ground, "more": more}
    return Figure(title="What is decided where", kind="scatter", caption=caption, data=data)


def _loss(playground: Playground, epoch: int) -> Figure:
    curves = {"points learnt from": playground.curves["loss"], "points held out": playground.curves["held_out"]}
    shown = {name: values[: epoch + 1] for name, values in curves.items()}
    caption = "Mean cross-entropy. Where the two part, the network learns these points and not the pattern."
    log = min(map(min, shown.values())) > 0
    x = np.arange(epoch + 1)
    return plots.learning_curves(shown, x=x, y_title="loss", log=log, title="Loss", caption=caption).figure()


def _outputs(signals: Signals) -> Figure:
    """How often a unit gives how much, layer by layer."""
    low, high = (_round_up(max(sign * float(each.max() if sign > 0 else each.min()) for each in signals.outputs), sign)
                 for sign in (-1, 1))  # fmt: skip
    edges = np.linspace(low, high, BINS + 1)
    silent = [f"{count} of {each.shape[1]}" for count, each in zip(signals.silent, signals.outputs, strict=True)]
    caption = (
        f"Outputs of the hidden units over all points. Silent for every point: {', '.join(silent)} units by layer."
    )
    return _histogram("Activations", "output of a unit", [each.ravel() for each in signals.outputs], edges, caption)


def _gradients(signals: Signals) -> Figure:
    edges = np.linspace(SMALLEST, 1.0, BINS + 1)
    with np.errstate(divide="ignore"):
        sizes = [np.clip(np.log10(np.abs(each.ravel())), SMALLEST, 1.0) for each in signals.gradients]
    caption = "Each weight's gradient over all points, as a power of ten. A layer far to the left hardly learns."
    return _histogram("Gradients of the weights", "log10 of the gradient", sizes, edges, caption)


def _lengths(playground: Playground, epoch: int) -> Figure:
    history = {_name(at): norms[: epoch + 1] for at, norms in enumerate(playground.norms)}
    caption = (
        "The norm of each layer's gradient by epoch: even is healthy, a layer decades below the others hardly learns."
    )
    log = min(map(min, history.values())) > 0
    return plots.learning_curves(
        history, x=np.arange(epoch + 1), y_title="norm", log=log, title="Length of the gradients", caption=caption
    ).figure()


def _histogram(title: str, x: str, columns: list[Array], edges: Array, caption: str) -> Figure:
    middles = ((edges[:-1] + edges[1:]) / 2).round(4).tolist()
    series = []
    for at, column in enumerate(columns):
        share = np.histogram(column, edges)[0] / column.size
        series.append({"name": _name(at), "x": middles, "y": share.round(5).tolist()})
    return Figure(title=title, kind="lines", caption=caption, data={"x": x, "y": "share", "series": series})


def _name(at: int) -> str:
    return f"layer {at + 1}"


def _round_up(largest: float, sign: int) -> float:
    """The next of 1, 2, 5, 10, ... away from zero, so that an axis seldom moves from epoch to epoch."""
    if largest <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(largest))
    return float(sign * power * next(step for step in (1, 2, 5, 10) if step * power >= largest * (1 - 1e-9)))
