"""A small network that learns a pattern of the plane while one looks: any epoch can be drawn, back and forth.

>>> playground = Playground("moons", 0.1, Params(hidden=(8,), learning_rate=0.02, batch=20))
>>> playground.learn(30)
30
>>> playground.curves["accuracy"][-1] > 0.9
True

It learns no further than it is asked, and remembers the parameters of every epoch, so that a slider goes back at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.projects.neural_net.neural_net import Params
from castalia.projects.neural_net.patterns import PATTERNS, pattern
from castalia.projects.neural_net.shape import network_of, rule_of, shape_of
from castalia.projects.neural_net.signals import Signals, signals, weighted

Array = NDArray[Any]

COUNT = 200
"""Points to learn from, and as many that are held out."""
REACH = 1.3
"""The square that is drawn, from -REACH to REACH both ways."""
FINE = 56
"""Places along each side of the square at which the network is asked."""


class Playground:
    """A network on one pattern, epoch by epoch.

    Of ``params`` it takes hidden, activation, start, optimizer, learning_rate, weight_decay, batch and seed: nothing
    here depends on pictures, chance inside the network, or where the training ends.
    """

    def __init__(self, name: str, noise: float, params: Params) -> None:
        self.params = params
        self.x, self.labels = pattern(name, count=COUNT, noise=noise, seed=params.seed)
        self.held_out = pattern(name, count=COUNT, noise=noise, seed=params.seed + 1)
        self.classes = PATTERNS[name][1]
        plain = {"sizes": [2, *params.hidden, self.classes], "channels": [], "normalisation": "none", "dropout": 0.0}
        self.network = network_of(shape_of(params, 1, self.classes) | plain, params.seed)
        self._rule = rule_of(params, self.network)
        self.ran_away = False
        """True once the loss was no number any more; nothing is learnt after that."""
        self.curves: dict[str, list[float]] = {"loss": [], "held_out": [], "accuracy": []}
        self.norms: list[list[float]] = [[] for _ in weighted(self.network)]
        """Length of the gradient of each layer's weights by epoch, over all points."""
        self._kept: list[Array] = []
        self._newest: Array = self.network.parameters.copy()
        self._remember()

    @property
    def epochs(self) -> int:
        """How many were learnt so far."""
        return len(self._kept) - 1

    def learn(self, epoch: int, seconds: float = math.inf) -> int:
        """Learn on until ``epoch``, or until ``seconds`` are over; the epoch that can be shown, at most ``epoch``.

        Every call with something left to learn learns one epoch at least, so asking again comes to the end.
        """
        until = time.perf_counter() + seconds
        while self.epochs < epoch and not self.ran_away:
            self._epoch()
            if time.perf_counter() > until:
                break
        return min(epoch, self.epochs)

    def surface(self, epoch: int) -> Array:
        """Probabilities (FINE, FINE, classes) over the square; the first row lies at the top."""
        line = ((np.arange(FINE) + 0.5) / FINE * 2 - 1).astype(np.float32) * np.float32(REACH)
        across, up = np.meshgrid(line, line[::-1])
        with self._at(epoch):
            found = self.network.answers(np.stack([across.ravel(), up.ravel()], axis=1))
        return found.reshape(FINE, FINE, self.classes)

    def signals(self, epoch: int) -> Signals:
        """Outputs of the hidden layers and gradients of the weights."""
        with self._at(epoch):
            return signals(self.network, self.x, self.labels)

    def _epoch(self) -> None:
        order = np.random.default_rng([self.params.seed, self.epochs, 4]).permutation(COUNT)
        with np.errstate(all="ignore"):
            for start in range(0, COUNT, self.params.batch):
                index = order[start : start + self.params.batch]
                self.network.learn(self.x[index], self.labels[index])
                self._rule.step(self.network.gradient, self.params.learning_rate)
            self._remember()

    def _remember(self) -> None:
        held_out, classes = self.held_out
        now = signals(self.network, self.x, self.labels)
        asked = float(self.network.loss(self.network.scores(held_out), classes))
        if not all(map(math.isfinite, (now.loss, asked, *now.norms))):
            self.ran_away = True
            return
        self._newest = self.network.parameters.copy()
        self._kept.append(self._newest)
        for name, value in (("loss", now.loss), ("held_out", asked), ("accuracy", now.right)):
            self.curves[name].append(value / COUNT)
        for norm, value in zip(self.norms, now.norms, strict=True):
            norm.append(value)

    @contextmanager
    def _at(self, epoch: int) -> Iterator[None]:
        """The network as it was after ``epoch``."""
        self.network.parameters[...] = self._kept[epoch]
        try:
            yield
        finally:
            self.network.parameters[...] = self._newest


@lru_cache(maxsize=4)
def opened(name: str, noise: float, params: Params) -> Playground:
    """The playground of these choices; one that was open goes on where it was."""
    return Playground(name, noise, params)
