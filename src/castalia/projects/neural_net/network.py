"""A neural network, in NumPy alone: layers one after another, a loss at the end, the chain rule back.

    x (n, inputs) -> layer -> layer -> ... -> scores (n, outputs) -> loss

All parameters live in one flat vector and so do their gradients; each layer's weights are views into it. The update
rule then works on one array in place, saving is one array, and no step allocates what grows with the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit import optim
from castalia.projects.neural_net.activations import ReLU
from castalia.projects.neural_net.layers import Dense, Dropout, Layer, Shape
from castalia.projects.neural_net.losses import CrossEntropy, Loss

Array = NDArray[Any]


class Network:
    """Layers for rows of shape ``entry``. ``dtype`` float32 to train, float64 to check gradients."""

    def __init__(
        self, layers: Sequence[Layer], entry: int | Shape, *, loss: Loss | None = None, seed: int = 0,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        self.layers, self.loss = list(layers), loss or CrossEntropy()
        self.entry: Shape = (entry,) if isinstance(entry, int) else tuple(entry)
        if not self.layers or min(self.entry, default=0) < 1:
            raise WrongInput("a network of nothing", f"{self.layers} for {self.entry}", "layers, and a shape of rows")
        if len({id(layer) for layer in self.layers}) < len(self.layers):
            raise WrongInput("the same layer stands twice", "one object in two places", "an object for each place")
        shape = self.entry
        for place, layer in enumerate(self.layers, 1):
            try:
                shape = layer.build(shape)
            except WrongInput as error:
                subject = f"layer {place}, {layer!r}: {error.subject}"
                raise WrongInput(subject, error.got, error.expected, error.cure, field="layers") from None
        self.exit = shape
        named = [(layer, layer.shapes()) for layer in self.layers]
        count = sum(int(np.prod(each)) for _, shapes in named for each in shapes.values())
        self.parameters: Array = optim.aligned(count, dtype)
        self.gradient: Array = optim.aligned(count, dtype)
        self.decayed = np.zeros(count, np.bool_)
        start = 0
        for layer, shapes in named:
            views: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
            for name, each in shapes.items():
                part = slice(start, start := start + int(np.prod(each)))
                views[0][name], views[1][name] = (v[part].reshape(each) for v in (self.parameters, self.gradient))
                self.decayed[part] = name in layer.DECAYED
            layer.bind(*views)
        rng = np.random.default_rng([seed, 1])
        for layer in self.layers:
            layer.begin(rng)

    @classmethod
    def dense(cls, sizes: Sequence[int], *, dropout: float = 0.0, seed: int = 0, dtype: Any = np.float32) -> Network:
        """Dense layers with ReLU between them: ``sizes`` is (inputs, hidden..., classes)."""
        layers: list[Layer] = []
        for _, size in pairwise(sizes):
            if layers:
                layers += [ReLU(), *([Dropout(dropout)] if dropout else [])]
            layers.append(Dense(size))
        return cls(layers, sizes[0], seed=seed, dtype=dtype)

    def adam(self, decay: float = 0.0) -> optim.Adam:
        """Adam on all parameters, with decoupled weight decay on the weights, never on biases and scales."""
        return optim.Adam(self.parameters, decay=decay, spare=~self.decayed)

    def forward(self, x: Array, *, learning: bool = False, rng: np.random.Generator | None = None) -> Array:
        """Scores (n, *exit) of a batch (n, *entry). The array is the last layer's own, until the next call."""
        if x.shape[1:] != self.entry:
            expected = f"(n, {', '.join(map(str, self.entry))})"
            raise WrongInput("rows do not fit the network", f"shape {x.shape}", expected, field="x")
        for layer in self.layers:
            x = layer.forward(x, learning, rng)
        return x

    def backward(self, gradient: Array) -> Array:
        """Fill ``self.gradient`` from dL/dscores of the last ``forward``; dL/dx of the second layer's rows is lost."""
        for layer in reversed(self.layers[1:]):
            gradient = layer.backward(gradient)
        return self.layers[0].backward(gradient, wanted=False)

    def learn(self, x: Array, target: Array, rng: np.random.Generator | None = None) -> tuple[float, int]:
        """Fill ``self.gradient`` with that of the mean loss over the batch.

        Returns the *sum* of the losses, so that a short last batch counts by its rows, and, where the target is
        classes, the number of right answers (dropout being on).
        """
        scores = self.forward(x, learning=True, rng=rng)
        right = int(np.count_nonzero(scores.argmax(axis=1) == target)) if isinstance(self.loss, CrossEntropy) else 0
        loss = self.loss(scores, target)
        self.backward(scores)
        return loss, right

    def scores(self, x: Array) -> Array:
        """(n, *exit), an array of its own, as after training: no dropout, running means."""
        return self.forward(x).copy()

    def answers(self, x: Array) -> Array:
        """What the loss makes of scores for a person: probabilities (n, classes), say."""
        return self.loss.answers(self.scores(x))

    def state(self) -> dict[str, Array]:
        """All that was learnt: the parameters, and running means of normalisations."""
        kept = {
            f"{place}.{name}": value for place, layer in enumerate(self.layers) for name, value in layer.state().items()
        }
        return {"parameters": self.parameters.copy(), **{name: value.copy() for name, value in kept.items()}}

    def load(self, state: Mapping[str, Array]) -> None:
        """Go on from what ``state`` gave; WrongInput for that of another network."""
        places = {"parameters": self.parameters} | {
            f"{place}.{name}": value for place, layer in enumerate(self.layers) for name, value in layer.state().items()
        }
        if {name: np.shape(value) for name, value in state.items()} != {n: v.shape for n, v in places.items()}:
            got = ", ".join(f"{name} {np.shape(value)}" for name, value in state.items())
            raise WrongInput("this is the state of another network", got, f"{self.parameters.size:,} parameters")
        for name, value in places.items():
            value[...] = state[name]
