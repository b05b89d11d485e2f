"""Learning: batches, steps, epochs, and what watches over them.

>>> rng = np.random.default_rng(0)
>>> x = rng.standard_normal((200, 2)).astype(np.float32)
>>> network = Network.dense((2, 16, 2))
>>> history = fit(network, x, (x[:, 0] * x[:, 1] > 0).astype(int), epochs=40, rate=0.02)
>>> history[-1]["accuracy"] > 0.95
True

The loop, its callbacks and checkpoints are those of ``castalia.kit.training``. All chance comes from the seed and the
number of the epoch, so a training that was cut goes on bit by bit as if it had not been.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit import optim
from castalia.kit.training import Callback, Checkpoints, EarlyStopping, Loop, schedules
from castalia.kit.training.callbacks import Stop
from castalia.projects.neural_net.losses import CrossEntropy
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.normalisation import BatchNorm

Array = NDArray[Any]
Rows = Callable[[Array], Array]
"""From row numbers to rows of float32: an array is indexed, a set of pictures decodes."""
AT_ONCE = 1000
"""Rows that are asked at a time: activations of all would not fit into memory."""


def fit(
    network: Network, x: Array | Rows, target: Array, *, epochs: int = 20, batch: int = 32,
    rule: optim.Rule | None = None, rate: float | schedules.Schedule = 0.001, clip: float = 0.0, patience: int = 0,
    validation: tuple[Array | Rows, Array] | None = None,
    change: Callable[[Array, np.random.Generator], Array] | None = None,
    seed: int = 0, callbacks: Sequence[Callback] = (), checkpoints: Checkpoints | None = None, every: int = 1,
) -> list[dict[str, float]]:  # fmt: skip
    """Train ``network`` on rows ``x`` (n, *entry) and ``target``; a row of metrics for each epoch.

    ``rule`` is Adam on the network's parameters where it is not given. ``rate`` may be a schedule over steps. ``clip``
    is the longest gradient. After ``patience`` epochs in which the loss of ``validation`` was not better the training
    ends, and the best parameters are put back. ``change`` makes another picture of each batch (it is handed the epoch's
    generator). With ``checkpoints``, one is written every ``every`` epochs, and training goes on from the newest.
    """
    learning = _Learning(network, x, target, batch, rule or network.adam(), rate, clip, validation, change, seed)
    watching: list[Callback] = list(callbacks)
    if patience:
        if validation is None:
            cure = "Hold some rows out, or set patience to 0."
            raise WrongInput("nothing to stop by", "patience without validation", "both", cure, field="patience")
        # before the others: what they log of an epoch is already decided
        watching.insert(0, Stop(EarlyStopping(patience, keep=network.state, put_back=network.load)))
    loop = Loop(
        learning, learning.batches, epochs=epochs, callbacks=watching, checkpoints=checkpoints, every=every, seed=None
    )
    return loop.fit()


def ask(network: Network, x: Array | Rows, target: Array) -> tuple[float, Array]:
    """Mean loss over all rows, and the scores (n, *exit)."""
    rows, n = _rows(x), len(target)
    scores = np.concatenate([network.scores(rows(np.arange(at, min(n, at + AT_ONCE)))) for at in range(0, n, AT_ONCE)])
    return float(network.loss(scores.copy(), target)) / n, scores


class _Learning:
    """What a Loop trains: one network on one set of rows."""

    def __init__(
        self, network: Network, x: Array | Rows, target: Array, batch: int, rule: optim.Rule,
        rate: float | schedules.Schedule, clip: float, validation: tuple[Array | Rows, Array] | None,
        change: Callable[[Array, np.random.Generator], Array] | None, seed: int,
    ) -> None:  # fmt: skip
        self.network, self.rows, self.target, self.batch = network, _rows(x), np.asarray(target), batch
        self.rule, self.clip, self.validation, self.change, self.seed = rule, clip, validation, change, seed
        self.rate = rate if isinstance(rate, schedules.Schedule) else schedules.Constant(rate)
        self.counts = isinstance(network.loss, CrossEntropy)
        # one row has no variance: a last batch of one is left out where something is normalised over the batch
        self.least = 2 if any(isinstance(layer, BatchNorm) for layer in network.layers) else 1
        if not len(self.target) or (isinstance(x, np.ndarray) and len(x) != len(self.target)):
            got = f"{len(x) if isinstance(x, np.ndarray) else '?'} rows, {len(self.target)} targets"
            raise WrongInput("nothing to learn from", got, "as many rows as targets, from one", field="x")

    def batches(self, epoch: int) -> Iterator[Array]:
        """Row numbers of an epoch's batches."""
        from castalia import data

        self.rng = np.random.default_rng([self.seed, epoch, 2])
        for index in data.batches(len(self.target), self.batch, self.seed, epoch):
            if len(index) >= self.least:
                yield index

    def step(self, index: Array) -> Mapping[str, float]:
        """One batch: gradient, clipping, update."""
        x = self.rows(index)
        if self.change:
            x = self.change(x, self.rng)
        n, done = len(index), self.rule.steps
        loss, right = self.network.learn(x, self.target[index], self.rng)
        if self.clip:
            optim.clip_by_norm(self.network.gradient, self.clip)
        self.rule.step(self.network.gradient, self.rate.rate(done))
        if not math.isfinite(loss):
            cure = "Lower the learning rate, or clip the gradient."
            raise WrongInput("training ran away", f"a loss of {loss}", "finite numbers", cure, field="rate")
        return {"loss": loss / n, **({"accuracy": right / n} if self.counts else {}), "rows": n}

    def evaluate(self) -> Mapping[str, float]:
        """Loss and accuracy on the rows that are held out."""
        if self.validation is None or not len(self.validation[1]):
            return {}
        loss, scores = ask(self.network, *self.validation)
        right = {"accuracy": float((scores.argmax(axis=1) == self.validation[1]).mean())} if self.counts else {}
        return {"loss": loss, **right}

    def state(self) -> dict[str, Any]:
        """Parameters, running means and what the rule remembers."""
        return {"network": self.network.state(), "rule": self.rule.state()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.network.load(state["network"])
        self.rule.load(state["rule"])


def _rows(x: Array | Rows) -> Rows:
    if isinstance(x, np.ndarray):
        return lambda index: x.take(index, axis=0)  # what x[index] gives, but sooner
    return x
