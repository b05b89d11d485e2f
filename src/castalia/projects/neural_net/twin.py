"""The same network in torch: a witness that knows nothing of our backward passes, for it differentiates by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import Unavailable
from castalia.projects.neural_net.layers import Layer
from castalia.projects.neural_net.network import Network

Array = NDArray[Any]


def gradients(network: Network, x: Array, target: Array) -> tuple[Array, Array]:
    """dL/d(parameters) and dL/dx of the mean loss, as torch finds them, with our parameters.

    To be asked after a ``forward`` of ours on the same x: dropout takes over its mask. Unavailable without torch.
    """
    try:
        import torch
    except ImportError:
        raise Unavailable("torch is not installed", cure="pip install 'castalia[deep]'") from None
    named = [{name: torch.tensor(value) for name, value in layer.values.items()} for layer in network.layers]
    leaves = [value.requires_grad_() for values in named for value in values.values()]
    rows = y = torch.tensor(x, requires_grad=True)
    for layer, values in zip(network.layers, named, strict=True):
        y = _forward(torch, layer, values, y)
    loss = _LOSSES[type(network.loss).__name__](torch.nn.functional, network.loss, y, torch.tensor(target))
    found = torch.autograd.grad(loss, [rows, *leaves])
    flat = [each.numpy().ravel() for each in found[1:]]
    return np.concatenate(flat) if flat else np.zeros(0), found[0].numpy()


def _forward(torch: Any, layer: Layer, values: Mapping[str, Any], x: Any) -> Any:
    name, f = type(layer).__name__, torch.nn.functional
    if name == "Dropout":
        return x * torch.tensor(layer._mask)  # type: ignore[attr-defined]
    if name in _PLAIN:
        return _PLAIN[name](f, layer, x)
    return _LEARNT[name](f, layer, x, values)


_PLAIN: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "ReLU": lambda f, layer, x: f.relu(x),
    "LeakyReLU": lambda f, layer, x: f.leaky_relu(x, layer.slope),
    "Tanh": lambda f, layer, x: x.tanh(),
    "Sigmoid": lambda f, layer, x: x.sigmoid(),
    "SiLU": lambda f, layer, x: f.silu(x),
    "GELU": lambda f, layer, x: f.gelu(x),
    "Softmax": lambda f, layer, x: f.softmax(x, -1),
    "Flatten": lambda f, layer, x: x.flatten(1),
    "Reshape": lambda f, layer, x: x.reshape(-1, *layer.shape),
    "MaxPool": lambda f, layer, x: f.max_pool2d(x, layer.size),
    "MeanPool": lambda f, layer, x: f.avg_pool2d(x, layer.size),
    "GlobalMean": lambda f, layer, x: x.mean((2, 3)),
}
_LEARNT: Mapping[str, Callable[[Any, Any, Any, Any], Any]] = {
    "Dense": lambda f, layer, x, v: x @ v["weight"] + v["bias"],
    "Conv": lambda f, layer, x, v: f.conv2d(
        x, v["weight"], v["bias"], stride=layer.stride, padding=layer.padding, dilation=layer.dilation
    ),
    "BatchNorm": lambda f, layer, x, v: f.batch_norm(
        x, None, None, v["scale"], v["shift"], training=True, eps=layer.epsilon
    ),
    "LayerNorm": lambda f, layer, x, v: f.layer_norm(x, layer.entry, v["scale"], v["shift"], eps=layer.epsilon),
}
_LOSSES: Mapping[str, Callable[[Any, Any, Any, Any], Any]] = {
    "CrossEntropy": lambda f, loss, y, target: f.cross_entropy(y, target),
    "BinaryCrossEntropy": lambda f, loss, y, target: (
        f.binary_cross_entropy_with_logits(y, target, reduction="sum") / len(y)
    ),
    "SquaredError": lambda f, loss, y, target: f.mse_loss(y, target, reduction="sum") / (2 * len(y)),
    "Huber": lambda f, loss, y, target: f.huber_loss(y, target, delta=loss.delta, reduction="sum") / len(y),
}
