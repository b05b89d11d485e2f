"""One drawing on its way through the network: what every layer makes of it, to the last score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.fields import Figure, Image
from castalia.projects.neural_net.convolution import Conv
from castalia.projects.neural_net.layers import Dropout, Flatten, Layer, Reshape
from castalia.projects.neural_net.model import Model
from castalia.projects.neural_net.picture import look
from castalia.projects.neural_net.portrait import first_weights, grid, shades

Array = NDArray[Any]

MAPS = 12
"""Feature maps of a layer that are shown one by one."""
UNITS = 6
"""Units of the first layer that are shown one by one."""


@dataclass(frozen=True)
class Step:
    """What one layer gave for one picture."""

    layer: Layer
    output: Array
    """float64, (units,) or (channels, height, width)."""


def forward_pass(model: Model, seen: Array) -> list[Step]:
    """Every layer's output for ``seen``, uint8 (side, side), in float64 as a call computes it."""
    x, steps = seen.reshape(1, -1) / 255.0, []
    for layer in model.exact.layers:
        x = layer.forward(x, False, None)
        steps.append(Step(layer, x[0].copy()))
    return steps


def drawn(model: Model, image: Image, ours: bool) -> list[Figure]:
    """The figures of one drawing; ``ours`` says that it is the example. WrongInput where nothing is drawn."""
    seen = look(image, model.side, digit=model.digits)
    steps = forward_pass(model, seen)
    figures = [_answer(model, steps[-1].output, ours), _way(seen, steps)]
    if model.shape["channels"]:
        figures += _maps(steps)
    elif len(model.shape["sizes"]) > 2:
        figures.append(_first_units(model, steps[0]))
    return [*figures, _numbers(steps)]


def _answer(model: Model, scores: Array, ours: bool) -> Figure:
    chances = model.exact.loss.answers(scores[None])[0]
    best = int(chances.argmax())
    whose = "the example (draw your own above)" if ours else "your drawing"
    caption = (
        f"It reads {whose} as {model.classes[best]}, {chances[best]:.1%} sure. The softmax makes probabilities of"
        " scores: what counts is how far one lies above the others."
    )
    series = [{"name": "probability", "values": chances.round(6).tolist()},
              {"name": "score", "values": scores.round(4).tolist()}]  # fmt: skip
    return Figure(title="What it says", kind="bars", caption=caption, data={"labels": model.classes, "series": series})


def _way(seen: Array, steps: list[Step]) -> Figure:
    pictures, labels = [seen], [("the drawing", f"as the network is given it, {seen.shape[0]} x {seen.shape[1]}")]
    for number, step in enumerate(steps, 1):
        if not isinstance(step.layer, Flatten | Reshape | Dropout):
            pictures.append(_tile(step.output))
            labels.append(
                (
                    f"{number} {type(step.layer).__name__}",
                    f"{_size(step.output)}, {_firing(step.output):.0%} above zero",
                )
            )
    caption = "Every layer's output as a picture, a square a unit: grey is zero, light is positive, dark negative."
    return grid("Layer by layer", pictures, labels, caption)


def _maps(steps: list[Step]) -> list[Figure]:
    """The strongest maps after each convolution and its activation."""
    found = []
    for number, step in enumerate(steps, 1):
        after = steps[number] if number < len(steps) else step
        if step.output.ndim != 3 or not _ends_convolution(step.layer, after.layer):
            continue
        strength = np.abs(step.output).mean(axis=(1, 2))
        best = np.argsort(-strength, kind="stable")[:MAPS]
        labels = [(f"channel {channel}", f"mean {strength[channel]:.2f}") for channel in best]
        caption = f"Where each kernel found what it looks for, the strongest {len(best)} of {len(strength)} channels."
        found.append(grid(f"Feature maps of layer {number}", list(shades(step.output[best])), labels, caption))
    return found


def _ends_convolution(layer: Layer, after: Layer) -> bool:
    """True for the activation that stands before a pooling."""
    return not isinstance(layer, Conv) and type(after).__name__ == "MaxPool"


def _first_units(model: Model, step: Step) -> Figure:
    """The units of the first layer that this drawing excites most, by what they look for."""
    best = np.argsort(-step.output, kind="stable")[:UNITS]
    labels = [(f"unit {unit}", f"gives {step.output[unit]:.2f}") for unit in best]
    caption = "What excites the first layer most here: a unit's sum is large where ink lies on its light places."
    return grid("Units that fire", list(shades(first_weights(model)[best])), labels, caption)


def _numbers(steps: list[Step]) -> Figure:
    rows = [
        [_name(number, step), _size(step.output), *(round(float(v), 4) for v in _spread(step.output))]
        for number, step in enumerate(steps, 1)
    ]
    columns = ["layer", "numbers", "smallest", "mean", "largest", "share above zero"]
    caption = "Once trained, dropout does nothing; the last row's numbers are the scores."
    return Figure(title="In numbers", kind="table", caption=caption, data={"columns": columns, "rows": rows})


def _spread(output: Array) -> tuple[float, float, float, float]:
    return output.min(), output.mean(), output.max(), _firing(output)


def _firing(output: Array) -> float:
    return float((output > 0).mean())


def _name(number: int, step: Step) -> str:
    return f"{number} {step.layer!r}".removesuffix("()")


def _size(output: Array) -> str:
    return " x ".join(map(str, output.shape))


def _tile(output: Array) -> Array:
    """Units in a square, or maps beside each other, on the grey of zero."""
    maps = output.reshape(-1, 1, 1) if output.ndim == 1 else output
    count, height, width = maps.shape
    gap = int(output.ndim == 3)
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    page = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap))
    for at, one in enumerate(maps):
        top, left = at // columns * (height + gap), at % columns * (width + gap)
        page[top : top + height, left : left + width] = one
    return np.asarray(shades(page[None])[0])
