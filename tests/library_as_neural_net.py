"""Our own library under the names of its contract: what a learner builds, we built too.

Checked by test_neural_net_contract.py. The library keeps all parameters in one vector and writes into arrays of its
own; the contract asks for plain arrays. So this file packs, unpacks and copies, and computes nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from castalia import data
from castalia.core.errors import WrongInput
from castalia.kit import optim
from castalia.kit.training import EarlyStopping
from castalia.kit.training.callbacks import Stop
from castalia.projects.neural_net import activations, convolution, fitting, layers, losses, network

Array = np.ndarray[Any, Any]
ACTIVATIONS: dict[str, Callable[[], layers.Layer]] = {
    "relu": activations.ReLU, "leaky_relu": activations.LeakyReLU, "tanh": activations.Tanh,
    "sigmoid": activations.Sigmoid, "silu": activations.SiLU, "gelu": activations.GELU,
}  # fmt: skip
LOSSES: dict[str, Callable[[], losses.Loss]] = {
    "cross_entropy": losses.CrossEntropy, "binary_cross_entropy": losses.BinaryCrossEntropy,
    "squared_error": losses.SquaredError, "huber": losses.Huber,
}  # fmt: skip


def known(table: dict[str, Any], name: str) -> Any:
    if name not in table:
        raise ValueError(f"{name!r} is not one of {', '.join(table)}")
    return table[name]()


def through(layer: layers.Layer, x: Array, **values: Array) -> Array:
    """The answer of a layer with these parameters."""
    layer.build(x.shape[1:])
    layer.bind(
        {n: v.reshape(layer.shapes()[n]) for n, v in values.items()}, {n: np.zeros_like(v) for n, v in values.items()}
    )
    return layer.forward(x, False, None).copy()


def back(layer: layers.Layer, x: Array, gradient: Array, **values: Array) -> tuple[Array, ...]:
    """Its gradients by x and by these parameters."""
    through(layer, x, **values)
    by_x = layer.backward(gradient.copy()).copy()
    return (by_x, *(layer.gradients[name].copy() for name in values))


def dense(x: Array, weight: Array, bias: Array) -> Array:
    return through(layers.Dense(weight.shape[1]), x, weight=weight, bias=bias)


def dense_backward(x: Array, weight: Array, gradient: Array) -> tuple[Array, ...]:
    return back(layers.Dense(weight.shape[1]), x, gradient, weight=weight, bias=np.zeros(weight.shape[1]))


def activate(name: str, x: Array) -> Array:
    return through(known(ACTIVATIONS, name), x)


def activate_backward(name: str, x: Array, gradient: Array) -> Array:
    return back(known(ACTIVATIONS, name), x, gradient)[0]


softmax = activations.softmax


def conv(weight: Array, stride: int, padding: int) -> convolution.Conv:
    return convolution.Conv(len(weight), weight.shape[2:], stride=stride, padding=padding)


def convolve(x: Array, weight: Array, bias: Array, stride: int = 1, padding: int = 0) -> Array:
    return through(conv(weight, stride, padding), x, weight=weight, bias=bias)


def convolve_backward(x: Array, weight: Array, gradient: Array, stride: int = 1, padding: int = 0) -> tuple[Array, ...]:
    return back(conv(weight, stride, padding), x, gradient, weight=weight, bias=np.zeros(len(weight)))


def max_pool(x: Array, size: int) -> Array:
    return through(convolution.MaxPool(size), x)


def max_pool_backward(x: Array, size: int, gradient: Array) -> Array:
    return back(convolution.MaxPool(size), x, gradient)[0]


def asked(loss: str, scores: Array, target: Array) -> tuple[float, Array]:
    """The mean loss, and its gradient, which the library writes over the scores."""
    made = np.array(scores)
    try:
        total = known(LOSSES, loss)(made, target)
    except WrongInput as error:
        raise ValueError(str(error)) from None
    return float(total) / len(made), made


def loss_value(loss: str, scores: Array, target: Array) -> float:
    return asked(loss, scores, target)[0]


def loss_gradient(loss: str, scores: Array, target: Array) -> Array:
    return asked(loss, scores, target)[1]


class Network:
    def __init__(self, sizes: list[int], activation: str = "relu", dropout: float = 0.0, seed: int = 0) -> None:
        made: list[layers.Layer] = []
        known(ACTIVATIONS, activation)
        try:
            for units in sizes[1:]:
                made += [layers.Dense(units), known(ACTIVATIONS, activation), layers.Dropout(dropout)]
            self.net = network.Network(made[:-2], sizes[0] if sizes else 0, seed=seed, dtype=np.float64)
        except WrongInput as error:
            raise ValueError(str(error)) from None
        self.rng = np.random.default_rng([seed, 7])

    def _places(self) -> list[tuple[Array, Array]]:
        """Every parameter with its gradient, as views into the vectors."""
        return [(each.values[n], each.gradients[n]) for each in self.net.layers for n in each.shapes()]

    def parameters(self) -> list[Array]:
        return [value.copy() for value, _ in self._places()]

    def load(self, parameters: list[Array]) -> None:
        if [each.shape for each in parameters] != [value.shape for value, _ in self._places()]:
            raise ValueError("these are the parameters of another network")
        for (value, _), given in zip(self._places(), parameters, strict=True):
            value[...] = given

    def forward(self, x: Array, training: bool = False) -> Array:
        return self.net.forward(x, learning=training, rng=self.rng).copy()

    def gradients(self, x: Array, target: Array, loss: str) -> list[Array]:
        self.net.loss = known(LOSSES, loss)
        self.net.learn(x, target, self.rng)
        return [gradient.copy() for _, gradient in self._places()]

    def step(self, x: Array, target: Array, loss: str, rule: Rule) -> float:
        self.net.loss = known(LOSSES, loss)
        total, _ = self.net.learn(x, target, self.rng)
        rule.on(self.net).step(self.net.gradient, rule.rate)
        return total / len(x)


def clip(gradients: list[Array], largest: float) -> list[Array]:
    flat = np.concatenate([each.ravel() for each in gradients])
    if not np.isfinite(optim.clip_by_norm(flat, largest)):
        raise ValueError("these gradients are not finite")
    return unpacked(flat, gradients)


def unpacked(flat: Array, like: Sequence[Array]) -> list[Array]:
    ends = np.cumsum([each.size for each in like])[:-1]
    return [part.reshape(each.shape) for part, each in zip(np.split(flat, ends), like, strict=True)]


class Rule:
    """A rule of the kit, made when the parameters are known."""

    def __init__(self, make: Callable[..., optim.Rule], rate: float, decay: float) -> None:
        self.make, self.rate, self.decay = make, rate, decay
        self.rule: optim.Rule | None = None

    def on(self, net: network.Network) -> optim.Rule:
        self.rule = self.rule or self.make(net.parameters, decay=self.decay, spare=~net.decayed)
        return self.rule

    def step(self, parameters: list[Array], gradients: list[Array]) -> list[Array]:
        spare = np.concatenate([np.full(each.size, each.ndim < 2) for each in parameters])
        flat = np.concatenate([each.ravel() for each in parameters])
        self.rule = self.rule or self.make(flat.copy(), decay=self.decay, spare=spare)
        self.rule.parameters[:] = flat
        self.rule.step(np.concatenate([each.ravel() for each in gradients]), self.rate)
        return unpacked(self.rule.parameters.copy(), parameters)


class SGD(Rule):
    def __init__(self, rate: float, momentum: float = 0.0, nesterov: bool = False, decay: float = 0.0) -> None:
        def make(theta: Array, decay: float, spare: Array) -> optim.Rule:
            if not momentum:
                return optim.SGD(theta, decay=decay, spare=spare)
            return optim.Momentum(theta, momentum, nesterov=nesterov, decay=decay, spare=spare)

        super().__init__(make, rate, decay)


class RMSProp(Rule):
    def __init__(self, rate: float, alpha: float = 0.99, eps: float = 1e-8, decay: float = 0.0) -> None:
        super().__init__(lambda theta, **more: optim.RMSProp(theta, alpha, eps, **more), rate, decay)


class Adam(Rule):
    def __init__(
        self, rate: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 0.0
    ) -> None:
        super().__init__(lambda theta, **more: optim.Adam(theta, beta1, beta2, eps, **more), rate, decay)


def batches(n: int, size: int, seed: int, epoch: int) -> list[Array]:
    return [np.array(each) for each in data.batches(n, size, seed, epoch - 1)]  # the library counts from 0


def evaluate(network: Network, x: Array, target: Array, loss: str, size: int = 256) -> float:
    network.net.loss = known(LOSSES, loss)
    return fitting.ask(network.net, x, target)[0]


def fit(
    network: Network, rule: Rule, x: Array, target: Array, loss: str, epochs: int, size: int = 32, seed: int = 0,
    x_val: Array | None = None, target_val: Array | None = None, patience: int = 0,
) -> list[dict[str, Any]]:  # fmt: skip
    net = network.net
    net.loss = known(LOSSES, loss)
    watched = None if x_val is None or target_val is None else (x_val, target_val)
    stop = Stop(EarlyStopping(patience or epochs + 1, keep=net.state, put_back=net.load))
    history = fitting.fit(
        net, x, target, epochs=epochs, batch=size, rule=rule.on(net), rate=rule.rate, seed=seed, validation=watched,
        callbacks=[stop] if watched else [],
    )  # fmt: skip
    names = {"loss": "loss", "validation_loss": "val_loss"}
    return [
        {"epoch": number, **{names[name]: value for name, value in row.items() if name in names}}
        for number, row in enumerate(history, start=1)
    ]
