"""The library's own fit: classes, numbers, clipping, stopping, going on; the same again, whatever BLAS does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


CHILD = """
import sys
import numpy as np
from threadpoolctl import threadpool_info
from castalia.projects.neural_net.fitting import fit
from castalia.projects.neural_net.network import Network

found = {"threads": np.array([each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"])}
rng = np.random.default_rng(0)
x = rng.random((1300, 784)) - 0.5
labels = (x[:, :10] + 0.2 * rng.standard_normal((1300, 10))).argmax(axis=1)
for name, dtype in (("single", np.float32), ("double", np.float64)):
    network, rows = Network.dense((784, 256, 10), dtype=dtype), x.astype(dtype)
    network.learn(rows[:128], labels[:128])
    found[name + "_gradient"] = network.gradient.copy()
    fit(network, rows, labels, epochs=3, batch=128)
    found[name] = network.parameters
np.savez(sys.argv[1], **found)
"""


def fitted_elsewhere(file: Path, threads: int) -> dict[str, Any]:
    """What a process of its own fits, whose BLAS has so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    subprocess.run([sys.executable, "-c", CHILD, str(file)], env=environment, check=True, timeout=50)
    with np.load(file, allow_pickle=False) as kept:
        found = {name: kept[name] for name in kept.files}
    assert found["threads"].tolist() == [threads], f"BLAS has {found['threads']} threads and not {threads}"
    return found


def test_a_fit_is_the_same_again_with_as_many_threads_and_close_with_others(tmp_path: Path) -> None:
    pytest.importorskip("threadpoolctl", reason="threadpoolctl tells how many threads BLAS has")
    one, again = fitted_elsewhere(tmp_path / "1.npz", 1), fitted_elsewhere(tmp_path / "1b.npz", 1)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core: BLAS does not start two threads")
    two, anew = fitted_elsewhere(tmp_path / "2.npz", 2), fitted_elsewhere(tmp_path / "2b.npz", 2)
    assert all(np.array_equal(two[name], anew[name]) for name in two)
    for name, close in (("single_gradient", 1e-5), ("double_gradient", 1e-13), ("single", 1e-3), ("double", 1e-10)):
        largest = np.abs(one[name]).max()
        assert np.abs(two[name] - one[name]).max() <= close * largest, name
