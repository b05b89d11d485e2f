"""From what a person chooses to layers, and back from what was saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from castalia.core.errors import WrongInput
from castalia.kit import optim
from castalia.projects.neural_net import initial
from castalia.projects.neural_net.activations import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from castalia.projects.neural_net.convolution import Conv, MaxPool
from castalia.projects.neural_net.layers import Dense, Dropout, Flatten, Layer, Reshape
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.normalisation import BatchNorm, LayerNorm

if TYPE_CHECKING:
    from castalia.projects.neural_net.neural_net import Params

ACTIVATIONS: Mapping[str, Callable[[], Layer]] = {
    "relu": ReLU, "leaky_relu": LeakyReLU, "gelu": GELU, "silu": SiLU, "tanh": Tanh, "sigmoid": Sigmoid,
}  # fmt: skip
NORMALISATIONS: Mapping[str, Callable[[], Layer]] = {"batch": BatchNorm, "layer": LayerNorm}
STARTS: Mapping[str, initial.Start] = {"he": initial.he, "xavier": initial.xavier}


def shape_of(params: Params, side: int, classes: int) -> dict[str, Any]:
    """What has to be known to make the same network again; plain, so that it can be saved."""
    return {
        "sizes": [side * side, *params.hidden, classes], "channels": list(params.channels), "side": side,
        "activation": params.activation, "normalisation": params.normalisation, "dropout": params.dropout,
        "start": params.start,
    }  # fmt: skip


def network_of(shape: Mapping[str, Any], seed: int = 0, dtype: Any = "float32") -> Network:
    """The network of a shape: convolutions, each halving the picture, then dense layers, then one score a class."""
    activation, start = ACTIVATIONS[shape["activation"]], STARTS[shape["start"]]
    normal = NORMALISATIONS.get(shape["normalisation"])
    between: Callable[[], list[Layer]] = lambda: [*([normal()] if normal else []), activation()]  # noqa: E731
    layers: list[Layer] = []
    if shape["channels"]:
        layers.append(Reshape(1, shape["side"], shape["side"]))
        for channels in shape["channels"]:
            layers += [Conv(channels, 3, padding=1, start=start), *between(), MaxPool(2)]
        layers.append(Flatten())
        if shape["dropout"]:
            layers.append(Dropout(shape["dropout"]))
    sizes = shape["sizes"]
    for place, (_, units) in enumerate(pairwise(sizes)):
        layers.append(Dense(units, start=start))
        if place < len(sizes) - 2:
            layers += [*between(), *([Dropout(shape["dropout"])] if shape["dropout"] else [])]
    try:
        return Network(layers, sizes[0], seed=seed, dtype=dtype)
    except WrongInput as error:
        field = "channels" if shape["channels"] else "hidden"
        cure = "Leave out a convolution: each halves the picture." if shape["channels"] else error.cure
        raise WrongInput(error.subject, error.got, error.expected, cure, field=field) from None


def rule_of(params: Params, network: Network) -> optim.Rule:
    """The update rule that was chosen; biases and the scales of normalisations are not decayed."""
    common: dict[str, Any] = {"decay": params.weight_decay, "spare": ~network.decayed}
    theta = network.parameters
    rules: Mapping[str, Callable[[], optim.Rule]] = {
        "adam": lambda: optim.Adam(theta, **common), "sgd": lambda: optim.SGD(theta, **common),
        "momentum": lambda: optim.Momentum(theta, **common), "lion": lambda: optim.Lion(theta, **common),
        "nesterov": lambda: optim.Momentum(theta, nesterov=True, **common),
        "adagrad": lambda: optim.AdaGrad(theta, **common), "rmsprop": lambda: optim.RMSProp(theta, **common),
    }  # fmt: skip
    return rules[params.optimizer]()
