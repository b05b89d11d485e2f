"""What a network learnt, as pictures: its curve, its first layer, whom it confuses, its worst mistakes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.fields import Figure
from castalia.core.system import Field, Record
from castalia.kit import metrics, plots
from castalia.projects.neural_net.model import Model
from castalia.projects.neural_net.neural_net import NeuralNet

Array = NDArray[Any]


class Controls(Record):
    """What to show."""

    how_many: int = Field(12, ge=1, le=60, description="Mistakes, and units of the first layer.")
    which_class: str = Field("", max_length=100, description="Only mistakes on this class; empty shows all.")


def figures(system: NeuralNet, controls: Controls) -> list[Figure]:
    """The figures of a fitted network, drawn from what ``save`` keeps."""
    model: Model = system._learnt()
    if controls.which_class and controls.which_class not in model.classes:
        known = ", ".join(model.classes)
        raise WrongInput("no such class", controls.which_class, known, "Choose one of these.", field="which_class")
    return [
        _curve(model, "loss", "Mean cross-entropy by epoch; the test images are in neither line."),
        _curve(model, "accuracy", "Share named right by epoch. Training is harder: moved images, units that drop out."),
        _first_layer(model, controls.how_many),
        _mistakes(model, controls),
        _confusion(model),
    ]


def _curve(model: Model, what: str, caption: str) -> Figure:
    named = {"training": what, "validation": f"validation_{what}"}
    history = {label: model.history[name] for label, name in named.items() if model.history.get(name)}
    log = what == "loss" and min(map(min, history.values())) > 0
    return plots.learning_curves(history, y_title=what, log=log, title=what.capitalize(), caption=caption).figure()


def _first_layer(model: Model, how_many: int) -> Figure:
    """The units with the strongest weights: the middle grey is zero, light adds, dark takes away."""
    first = next(layer for layer in model.network.layers if layer.shapes())
    weights = first.values["weight"].astype(np.float64)
    weights = weights.T if weights.ndim == 2 else weights.sum(axis=1).reshape(len(weights), -1)
    side = math.isqrt(weights.shape[1])
    strength = np.linalg.norm(weights, axis=1)
    units = np.argsort(-strength, kind="stable")[:how_many]
    largest = np.abs(weights[units]).max(axis=1, keepdims=True)
    shades = np.round(127.5 + 127.5 * weights[units] / np.where(largest, largest, 1.0)).astype(np.uint8)
    caption = "What each unit of the first layer looks for: ink on light makes it fire, ink on dark keeps it silent."
    labels = [(f"unit {unit}", f"length {strength[unit]:.2f}") for unit in units]
    return _grid("First layer", shades.reshape(-1, side, side), labels, caption)


def _mistakes(model: Model, controls: Controls) -> Figure:
    pictures, labels = [], []
    for picture, (truth, answer, sure) in zip(model.worst_images, model.worst, strict=True):
        true_name, said = model.classes[int(truth)], model.classes[int(answer)]
        if controls.which_class in ("", true_name):
            pictures.append(picture)
            labels.append((f"{true_name}, read as {said}", f"{sure:.1%} sure"))
    shown = len(labels[: controls.how_many])
    caption = f"{shown} of {_wrong(model)} mistakes on {int(model.confusion.sum())} test images, surest first."
    return _grid("Worst mistakes", pictures[:shown], labels[:shown], caption)


def _wrong(model: Model) -> int:
    return int(model.confusion.sum() - np.trace(model.confusion))


def _confusion(model: Model) -> Figure:
    caption = "Test images: each row is what was written, each column what was read."
    found = metrics.Confusion(tuple(model.classes), model.confusion.astype(np.float64))
    return plots.confusion(found, title="Who is taken for whom", caption=caption).figure()


def _grid(title: str, pictures: Array | list[Array], labels: list[tuple[str, str]], caption: str) -> Figure:
    if not labels:
        return Figure(title=title, kind="images", caption=caption, data={"columns": 6, "items": []})
    names, notes = zip(*labels, strict=True)
    return plots.image_grid(pictures, names, notes=notes, limit=len(names), title=title, caption=caption).figure()
