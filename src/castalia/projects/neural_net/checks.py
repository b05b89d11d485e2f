"""A small network around each layer, activation and loss, whose gradient is checked: in the lesson and in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput, did_you_mean
from castalia.projects.neural_net import gradients, losses, shape
from castalia.projects.neural_net.activations import Softmax, Tanh
from castalia.projects.neural_net.convolution import Conv, GlobalMean, MaxPool, MeanPool
from castalia.projects.neural_net.layers import Dense, Dropout, Flatten, Layer, Reshape, Shape
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.normalisation import BatchNorm, LayerNorm

Array = NDArray[Any]
ROWS, CLASSES = 5, 3


class Case(NamedTuple):
    """A network, and what it is asked."""

    layers: Callable[[], list[Layer]]
    entry: Shape
    loss: losses.Loss
    target: Array
    analytic: bool = False
    """Whether a complex step can go through it: no kink on the way, and no function that takes real numbers alone."""

    def make(self, dtype: Any = np.float64) -> Network:
        """The network, always the same."""
        return Network(self.layers(), self.entry, loss=self.loss, dtype=dtype, seed=1)

    def rows(self) -> Array:
        """x (5, *entry), float64."""
        return np.random.default_rng(2).standard_normal((ROWS, *self.entry)) * 1.3

    def check(self, *, torch: bool = False) -> gradients.Found:
        """What differences find, a complex step where the case is analytic, and torch where that is wanted."""
        return gradients.check(self.make, self.rows(), self.target, seed=3, complex_step=self.analytic, torch=torch)


def _losses() -> dict[str, tuple[losses.Loss, Array, bool]]:
    rng = np.random.default_rng(0)
    return {
        "cross_entropy": (losses.CrossEntropy(), rng.integers(0, CLASSES, ROWS), True),
        "binary_cross_entropy": (losses.BinaryCrossEntropy(), rng.random((ROWS, CLASSES)), True),
        "squared_error": (losses.SquaredError(), rng.standard_normal((ROWS, CLASSES)), True),
        "huber": (losses.Huber(0.5), rng.standard_normal((ROWS, CLASSES)), False),
    }


LOSSES = _losses()
"""With a target, and whether each is analytic as written."""
ACTIVATIONS: Mapping[str, tuple[Callable[[], Layer], bool]] = {
    name: (make, name in ("tanh", "sigmoid", "silu", "softmax"))
    for name, make in {**shape.ACTIVATIONS, "softmax": Softmax}.items()
}


def case(
    layers: Callable[[], list[Layer]], entry: int | Shape, loss: str = "cross_entropy", smooth: bool = True
) -> Case:
    """A case of ``layers`` before one of LOSSES."""
    fitting, target, analytic = LOSSES[loss]
    return Case(layers, (entry,) if isinstance(entry, int) else entry, fitting, target, analytic and smooth)


def activated(activation: str, loss: str) -> Case:
    """An activation between two dense layers, before a loss."""
    make, analytic = ACTIVATIONS[activation]
    return case(lambda: [Dense(6), make(), Dense(CLASSES)], 4, loss, analytic)


IMAGE = (2, 7, 6)
CASES: Mapping[str, Case] = {
    "dense": case(lambda: [Dense(6), Tanh(), Dense(CLASSES)], 4),
    "flatten": case(lambda: [Flatten(), Dense(CLASSES)], (2, 3, 2)),
    "dropout": case(lambda: [Dense(6), Tanh(), Dropout(0.4), Dense(CLASSES)], 4),
    "conv": case(lambda: [Conv(2, 3), Tanh(), Flatten(), Dense(CLASSES)], IMAGE),
    "conv_padded": case(lambda: [Conv(2, (2, 3), stride=2, padding=2), Tanh(), Flatten(), Dense(CLASSES)], IMAGE),
    "conv_dilated": case(lambda: [Conv(2, 3, dilation=2), Tanh(), Flatten(), Dense(CLASSES)], IMAGE),
    "max_pool": case(lambda: [MaxPool(2), Flatten(), Dense(CLASSES)], (2, 5, 7), smooth=False),
    "mean_pool": case(lambda: [MeanPool(2), Flatten(), Dense(CLASSES)], (2, 5, 7)),
    "global_mean": case(lambda: [Conv(CLASSES, 2), Tanh(), GlobalMean()], IMAGE),
    "batch_norm": case(lambda: [Dense(6), BatchNorm(), Tanh(), Dense(CLASSES)], 4),
    "batch_norm_images": case(lambda: [Conv(3, 2), BatchNorm(), Tanh(), Flatten(), Dense(CLASSES)], IMAGE),
    "layer_norm": case(lambda: [Dense(6), LayerNorm(), Tanh(), Dense(CLASSES)], 4),
    **{name: activated(name, "cross_entropy") for name in ACTIVATIONS},
    **{name: activated("tanh", name) for name in LOSSES},
    "all_of_it": case(
        lambda: [
            Reshape(1, 6, 6), Conv(3, 3, padding=1), BatchNorm(), Tanh(), MeanPool(2), Flatten(), Dropout(0.3),
            Dense(6), LayerNorm(), Tanh(), Dense(CLASSES),
        ],
        36,
    ),
}  # fmt: skip


def witnesses(name: str, *, torch: bool) -> tuple[float, float | None, float | None]:
    """The largest relative errors of one of CASES: by differences, by a complex step, by torch."""
    if name not in CASES:
        raise WrongInput("no such check", name, ", ".join(CASES), did_you_mean(name, CASES))
    found = CASES[name].check(torch=torch)
    return max(found.parameters, found.inputs), found.complex_step, found.torch
