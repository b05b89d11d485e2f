"""What a network learnt, as pictures: its curve, its first layer, whom it confuses, its worst mistakes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.fields import Figure, Image
from castalia.core.system import Field, Record
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
    series = []
    for name, label in ((what, "training"), (f"validation_{what}", "validation")):
        if values := model.history.get(name):
            series.append({"name": label, "x": list(range(1, len(values) + 1)), "y": values})
    data = {"x": "epoch", "y": what, "log": what == "loss", "series": series}
    return Figure(title=what.capitalize(), kind="lines", caption=caption, data=data)


def _first_layer(model: Model, how_many: int) -> Figure:
    """The units with the strongest weights: the middle grey is zero, light adds, dark takes away."""
    first = next(layer for layer in model.network.layers if layer.shapes())
    weights = first.values["weight"].astype(np.float64)
    weights = weights.T if weights.ndim == 2 else weights.sum(axis=1).reshape(len(weights), -1)
    side = math.isqrt(weights.shape[1])
    strength = np.linalg.norm(weights, axis=1)
    items = []
    for unit in np.argsort(-strength, kind="stable")[:how_many]:
        largest = np.abs(weights[unit]).max() or 1.0
        pixels = np.round(127.5 + 127.5 * weights[unit] / largest).astype(np.uint8)
        items.append(_item(pixels.reshape(side, side), f"unit {unit}", f"length {strength[unit]:.2f}"))
    caption = "What each unit of the first layer looks for: ink on light makes it fire, ink on dark keeps it silent."
    return Figure(title="First layer", kind="images", caption=caption, data={"columns": 6, "items": items})


def _mistakes(model: Model, controls: Controls) -> Figure:
    items = []
    for picture, (truth, answer, sure) in zip(model.worst_images, model.worst, strict=True):
        true_name, said = model.classes[int(truth)], model.classes[int(answer)]
        if controls.which_class in ("", true_name):
            items.append(_item(picture, f"{true_name}, read as {said}", f"{sure:.1%} sure"))
    shown = items[: controls.how_many]
    caption = f"{len(shown)} of {_wrong(model)} mistakes on {int(model.confusion.sum())} test images, surest first."
    return Figure(title="Worst mistakes", kind="images", caption=caption, data={"columns": 6, "items": shown})


def _wrong(model: Model) -> int:
    return int(model.confusion.sum() - np.trace(model.confusion))


def _confusion(model: Model) -> Figure:
    data = {"rows": model.classes, "columns": model.classes, "values": model.confusion.tolist()}
    caption = "Test images: each row is what was written, each column what was read."
    return Figure(title="Who is taken for whom", kind="matrix", caption=caption, data=data)


def _item(pixels: Array, label: str, note: str) -> dict[str, str]:
    return {"image": Image.of_array(np.ascontiguousarray(pixels)).uri, "label": label, "note": note}
