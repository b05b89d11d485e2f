"""The library's own fit: classes, numbers, clipping, stopping, going on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from castalia.core.errors import WrongInput
from castalia.kit import optim
from castalia.kit.training import Checkpoints, schedules
from castalia.projects.neural_net.activations import Tanh
from castalia.projects.neural_net.fitting import ask, fit
from castalia.projects.neural_net.layers import Dense, Dropout, Layer
from castalia.projects.neural_net.losses import BinaryCrossEntropy, Huber, Loss, SquaredError
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.normalisation import BatchNorm

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, (256, 2)).astype(np.float32)
CURVE = np.sin(X[:, :1] * 2) * X[:, 1:]
INSIDE = (np.hypot(*X.T) < 1.2).astype(np.int64)


def layers() -> list[Layer]:
    return [Dense(32), Tanh(), Dense(16), Tanh(), Dense(1)]


@pytest.mark.parametrize("loss", [SquaredError(), Huber(0.5)])
def test_a_curve_is_learnt(loss: Loss) -> None:
    network = Network(layers(), 2, loss=loss)
    before = ask(network, X, CURVE)[0]
    history = fit(network, X, CURVE, epochs=150, rate=schedules.Cosine(0.02, 150 * 8))
    assert "accuracy" not in history[0]
    assert ask(network, X, CURVE)[0] < 0.03 * before


def test_two_classes_by_one_number() -> None:
    network = Network(layers(), 2, loss=BinaryCrossEntropy())
    fit(network, X, INSIDE, epochs=80, rate=0.01)
    assert ((network.answers(X)[:, 0] > 0.5) == INSIDE).mean() > 0.97


def test_a_cut_training_goes_on_bit_by_bit(tmp_path: Path) -> None:
    def made() -> Network:
        return Network([Dense(16), BatchNorm(), Tanh(), Dropout(0.3), Dense(2)], 2, seed=4)

    more = {"batch": 17, "clip": 1.0, "patience": 50, "validation": (X[:50], INSIDE[:50])}
    whole = made()
    expected = fit(whole, X, INSIDE, epochs=9, **more)  # type: ignore[arg-type]
    for epochs in (4, 7, 9):
        resumed = made()
        got = fit(resumed, X, INSIDE, epochs=epochs, checkpoints=Checkpoints(tmp_path), **more)  # type: ignore[arg-type]
    assert got == expected
    assert np.array_equal(resumed.scores(X), whole.scores(X))


def test_a_last_batch_of_one_row_is_left_out_where_it_has_no_variance() -> None:
    network = Network([Dense(4), BatchNorm(), Dense(2)], 2)
    rule = optim.SGD(network.parameters)
    fit(network, X[:33], INSIDE[:33], epochs=3, batch=32, rule=rule)
    assert rule.steps == 3


def test_the_longest_gradient_is_kept() -> None:
    network = Network.dense((2, 8, 2))
    before = network.parameters.copy()
    fit(network, X * 100, INSIDE, epochs=1, batch=256, rule=optim.SGD(network.parameters), rate=1.0, clip=0.01)
    assert np.linalg.norm(network.parameters - before) == pytest.approx(0.01, rel=1e-4)


def test_what_does_not_fit_is_said() -> None:
    network = Network.dense((2, 8, 2))
    for change, words in (
        ({"x": X[:3]}, "nothing to learn from"),
        ({"x": X[:0], "target": INSIDE[:0]}, "nothing to learn from"),
        ({"patience": 3}, "nothing to stop by"),
        ({"epochs": 0}, "epochs"),
        ({"x": np.full_like(X, np.nan)}, "ran away"),
    ):
        with pytest.raises(WrongInput, match=words):
            fit(network, **{"x": X, "target": INSIDE, **change})  # type: ignore[arg-type]
