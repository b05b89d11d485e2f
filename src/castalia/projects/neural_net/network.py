"""A multilayer perceptron, in NumPy alone.

    x (n, inputs) -> x W1 + b1 -> ReLU -> ... -> logits (n, classes) -> softmax -> cross-entropy

All parameters live in one flat vector and so do their gradients; each layer's ``W`` and ``b`` are
views into it. The optimiser then works on one array in place, saving is one array, and no step of
training allocates anything that grows with the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.kit import optim

Array = NDArray[Any]


class Network:
    """Dense layers with ReLU between them.

    ``sizes`` is (inputs, hidden..., classes). ``dtype`` float32 to train, float64 to check gradients.
    """

    def __init__(self, sizes: Sequence[int], seed: int = 0, dtype: Any = np.float32) -> None:
        assert len(sizes) >= 2 and min(sizes) >= 1, f"at least inputs and classes, not {sizes}"
        self.sizes = tuple(int(size) for size in sizes)
        pairs = list(zip(self.sizes, self.sizes[1:], strict=False))
        count = sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairs)
        self.parameters: Array = np.zeros(count, dtype)
        self.gradient: Array = np.zeros(count, dtype)
        self.weights, self.biases = _views(self.parameters, pairs)
        self._weight_gradients, self._bias_gradients = _views(self.gradient, pairs)
        self._is_bias = np.zeros(count, np.bool_)
        for bias in _views(self._is_bias, pairs)[1]:
            bias[:] = True
        self._buffers: list[Array] = []
        self._initialise(np.random.default_rng([seed, 1]))

    def _initialise(self, rng: np.random.Generator) -> None:
        """He: variance 2 / fan_in keeps the size of a signal through ReLU, which drops half of it."""
        for weight in self.weights:
            weight[...] = rng.standard_normal(weight.shape) * np.sqrt(2.0 / weight.shape[0])

    def adam(self, decay: float = 0.0) -> optim.Adam:
        """Adam on all parameters, with decoupled weight decay on the weights, never on biases."""
        return optim.Adam(self.parameters, decay=decay, spare=self._is_bias)

    def logits(self, x: Array) -> Array:
        """Scores (n, classes) of inputs (n, inputs), without dropout; in the dtype of ``x``."""
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = x @ weight.astype(x.dtype, copy=False) + bias.astype(x.dtype, copy=False)
            if layer < last:
                np.maximum(x, 0, out=x)
        return x

    def probabilities(self, x: Array) -> Array:
        """Softmax of the logits, (n, classes); each row sums to one."""
        scores = self.logits(x)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def learn(
        self, x: Array, labels: Array, dropout: float = 0.0, rng: np.random.Generator | None = None
    ) -> tuple[float, int]:
        """Fill ``self.gradient`` with that of the mean loss over the batch.

        ``x`` (n, inputs), ``labels`` (n,) integers. Returns the *sum* of the losses, so that a short
        last batch counts by its rows, and the number of right answers (dropout being on).
        """
        n = len(x)
        acts = self._room(n)
        masks = self._forward(x, acts, dropout, rng)
        loss, right = softmax_cross_entropy(acts[-1], labels)
        self._backward(x, acts, masks, n)
        return loss, right

    def _room(self, n: int) -> list[Array]:
        """One buffer a layer, (n, size): made once for the largest batch, sliced for a shorter one."""
        if not self._buffers or len(self._buffers[0]) < n:
            self._buffers = [np.empty((n, size), self.parameters.dtype) for size in self.sizes[1:]]
        return [buffer[:n] for buffer in self._buffers]

    def _forward(self, x: Array, acts: list[Array], dropout: float, rng: np.random.Generator | None) -> list[Array]:
        masks = []
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            out = acts[layer]
            np.matmul(x, weight, out=out)
            out += bias
            if layer < last:
                np.maximum(out, 0, out=out)
                if dropout:
                    assert rng is not None, "dropout needs a generator"
                    masks.append(_dropout(out, dropout, rng))
            x = out
        return masks

    def _backward(self, x: Array, acts: list[Array], masks: list[Array], n: int) -> None:
        """The chain rule from the last layer to the first; ``acts[-1]`` holds softmax minus one-hot."""
        delta = acts[-1]
        delta /= n
        for layer in range(len(self.weights) - 1, -1, -1):
            below = acts[layer - 1] if layer else x
            np.matmul(below.T, delta, out=self._weight_gradients[layer])
            np.sum(delta, axis=0, out=self._bias_gradients[layer])
            if layer == 0:
                return  # nobody asks how the pixels should have been
            alive = below > 0  # ReLU and dropout both left a zero where nothing may flow back
            np.matmul(delta, self.weights[layer].T, out=below)  # its activation is used up: reuse the buffer
            below *= masks[layer - 1] if masks else alive
            if masks:
                below *= alive
            delta = below


def softmax_cross_entropy(logits: Array, labels: Array) -> tuple[float, int]:
    """Sum of the losses and number of right answers; ``logits`` becomes softmax minus one-hot, in place.

    Fused because the parts overflow where the whole does not: with the row's maximum subtracted,
    logits of ten thousand give finite numbers even in float32, and the gradient is ``p - y``.
    """
    rows = np.arange(len(labels))
    right = int(np.count_nonzero(logits.argmax(axis=1) == labels))
    logits -= logits.max(axis=1, keepdims=True)
    loss = -float(logits[rows, labels].sum(dtype=np.float64))
    np.exp(logits, out=logits)
    totals = logits.sum(axis=1, keepdims=True)
    loss += float(np.log(totals).sum(dtype=np.float64))
    logits /= totals
    logits[rows, labels] -= 1
    return loss, right


def _views(flat: Array, pairs: Sequence[tuple[int, int]]) -> tuple[list[Array], list[Array]]:
    """Each layer's weights (fan_in, fan_out) and biases (fan_out,) as views into the flat vector."""
    weights, biases, start = [], [], 0
    for fan_in, fan_out in pairs:
        weights.append(flat[start : start + fan_in * fan_out].reshape(fan_in, fan_out))
        start += fan_in * fan_out
        biases.append(flat[start : start + fan_out])
        start += fan_out
    return weights, biases


def _dropout(acts: Array, rate: float, rng: np.random.Generator) -> Array:
    """Drop units in place and scale the others up, so that nothing needs scaling at test time."""
    mask = (rng.random(acts.shape, dtype=np.float32) >= rate).astype(acts.dtype)
    mask /= 1 - rate
    acts *= mask
    return mask
