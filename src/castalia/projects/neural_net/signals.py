"""What runs through a network while it learns: outputs of its hidden layers, gradients of its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.projects.neural_net.layers import Layer
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.shape import ACTIVATIONS

Array = NDArray[Any]

_ACTIVATIONS = tuple(kind for kind in ACTIVATIONS.values() if isinstance(kind, type))


@dataclass(frozen=True)
class Signals:
    """Of one network, on some rows."""

    loss: float
    """The sum over the rows."""
    right: int
    """Rows whose largest score is that of their class."""
    outputs: list[Array]
    """After each activation, (rows, ...)."""
    gradients: list[Array]
    """dL/dW of each layer with weights, of the mean loss, in the shape of W."""

    @property
    def silent(self) -> list[int]:
        """Units, or channels, of each hidden layer that are 0 for every row."""
        found = [np.abs(each.reshape(*each.shape[:2], -1)).max(axis=(0, 2)) for each in self.outputs]
        return [int((largest == 0).sum()) for largest in found]

    @property
    def norms(self) -> list[float]:
        """Euclidean length of each gradient."""
        return [float(np.linalg.norm(each)) for each in self.gradients]

    @property
    def spreads(self) -> list[float]:
        """Standard deviation of each hidden layer's outputs, over rows and units."""
        return [float(each.std()) for each in self.outputs]


def signals(network: Network, x: Array, target: Array) -> Signals:
    """The signals of rows x (n, *entry) of known classes, as after training: no dropout, running means.

    Nothing that is learnt changes. ``network.gradient`` is written over, as by every step of training.
    """
    outputs = []
    for layer in network.layers:
        x = layer.forward(x, False, None)
        if isinstance(layer, _ACTIVATIONS):
            outputs.append(x.copy())
    right = int((x.argmax(axis=1) == target).sum())
    loss = float(network.loss(x, target))
    network.backward(x)
    return Signals(loss, right, outputs, [layer.gradients["weight"].copy() for layer in weighted(network)])


def weighted(network: Network) -> list[Layer]:
    """The layers with weights: dense ones and convolutions, first to last."""
    return [layer for layer in network.layers if "weight" in layer.shapes()]
