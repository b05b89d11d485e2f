"""What a network learnt, from what ``save`` keeps: curves, first layer, confusions and worst mistakes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.fields import Figure
from castalia.kit import metrics, plots
from castalia.projects.neural_net.model import Model

Array = NDArray[Any]

LAYERS = 12
"""Layers that are drawn in one chart."""


def portrait(model: Model, how_many: int, which_class: str = "") -> list[Figure]:
    """Curves, the ``how_many`` strongest units of the first layer, as many mistakes on ``which_class``, confusion."""
    if which_class and which_class not in model.classes:
        known = ", ".join(model.classes)
        raise WrongInput("no such class", which_class, known, "Choose one of these.", field="which_class")
    return [
        _curve(model, "loss", "Mean cross-entropy by epoch; the test images are in neither line."),
        _curve(model, "accuracy", "Share named right by epoch. Training is harder: moved images, units that drop out."),
        *_layers(model),
        _first_layer(model, how_many),
        _mistakes(model, how_many, which_class),
        _confusion(model),
    ]


def _curve(model: Model, what: str, caption: str) -> Figure:
    named = {"training": what, "validation": f"validation_{what}"}
    history = {label: model.history[name] for label, name in named.items() if model.history.get(name)}
    log = what == "loss" and min(map(min, history.values())) > 0
    return plots.learning_curves(history, y_title=what, log=log, title=what.capitalize(), caption=caption).figure()


def _layers(model: Model) -> list[Figure]:
    """Gradients and activations by layer and epoch; a network saved before they were measured has none."""
    over = "over at most 200 images, held out if any are."
    told = (
        ("gradient_norm", "Length of the gradients", "norm", True,
         f"Norm of each layer's gradient by epoch, {over} A layer far below the others hardly learns."),
        ("activation_std", "Spread of the activations", "standard deviation", False,
         f"How far the outputs of each hidden layer lie apart by epoch, {over} Near 0 it has gone flat."),
    )  # fmt: skip
    found = []
    for name, title, y, log, caption in told:
        prefix = f"{name}_"
        numbers = sorted(int(key.removeprefix(prefix)) for key in model.history if key.startswith(prefix))[:LAYERS]
        history = {f"layer {at}": model.history[f"{prefix}{at}"] for at in numbers}
        if history:
            log = log and min(map(min, history.values())) > 0
            plot = plots.learning_curves(history, y_title=y, log=log, title=title, caption=caption)
            found.append(plot.figure())
    return found


def _first_layer(model: Model, how_many: int) -> Figure:
    """The units with the strongest weights, or the kernels of a convolution."""
    weights = first_weights(model)
    strength = np.linalg.norm(weights.reshape(len(weights), -1), axis=1)
    units = np.argsort(-strength, kind="stable")[:how_many]
    kernels = bool(model.shape["channels"])
    caption = (
        "The kernels of the first convolution, moved over the picture: ink on light adds, ink on dark takes away."
        if kernels
        else "What each unit of the first layer looks for: ink on light makes it fire, ink on dark keeps it silent."
    )
    labels = [(f"{'channel' if kernels else 'unit'} {unit}", f"length {strength[unit]:.2f}") for unit in units]
    return grid("First layer", list(shades(weights[units])), labels, caption)


def first_weights(model: Model) -> Array:
    """Weights of the first layer as pictures, float64 (units, h, w)."""
    first = next(layer for layer in model.network.layers if layer.shapes())
    weights = first.values["weight"].astype(np.float64)
    if weights.ndim == 4:
        return np.asarray(weights.sum(axis=1))
    side = math.isqrt(len(weights))
    return np.asarray(weights.T.reshape(-1, side, side))


def shades(pictures: Array) -> Array:
    """Signed numbers (n, h, w) as uint8: the middle grey is zero, light above, dark below; each by its own largest."""
    largest = np.abs(pictures).max(axis=(1, 2), keepdims=True)
    scaled: Array = np.round(127.5 + 127.5 * pictures / np.where(largest, largest, 1.0)).astype(np.uint8)
    return scaled


def _mistakes(model: Model, how_many: int, which_class: str) -> Figure:
    pictures, labels = [], []
    for picture, (truth, answer, sure) in zip(model.worst_images, model.worst, strict=True):
        true_name, said = model.classes[int(truth)], model.classes[int(answer)]
        if which_class in ("", true_name):
            pictures.append(picture)
            labels.append((f"{true_name}, read as {said}", f"{sure:.1%} sure"))
    shown = len(labels[:how_many])
    caption = f"{shown} of {_wrong(model)} mistakes on {int(model.confusion.sum())} test images, surest first."
    return grid("Worst mistakes", pictures[:shown], labels[:shown], caption)


def _wrong(model: Model) -> int:
    return int(model.confusion.sum() - np.trace(model.confusion))


def _confusion(model: Model) -> Figure:
    caption = "Test images: each row is what was written, each column what was read."
    found = metrics.Confusion(tuple(model.classes), model.confusion.astype(np.float64))
    return plots.confusion(found, title="Who is taken for whom", caption=caption).figure()


def grid(title: str, pictures: list[Array], labels: list[tuple[str, str]], caption: str, columns: int = 6) -> Figure:
    """Pictures with a label and a note each; none is a grid too."""
    if not labels:
        return Figure(title=title, kind="images", caption=caption, data={"columns": columns, "items": []})
    names, notes = zip(*labels, strict=True)
    return plots.image_grid(
        pictures, names, notes=notes, columns=columns, limit=len(names), title=title, caption=caption
    ).figure()
