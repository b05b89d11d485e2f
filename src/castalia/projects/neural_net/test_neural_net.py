"""The network against finite differences and closed forms; the system against its claims."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from castalia.core.errors import WrongInput
from castalia.core.fields import Dataset, Image
from castalia.core.system import Stopped
from castalia.projects.neural_net.layers import Dense
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.neural_net import Input, NeuralNet, Params
from castalia.projects.neural_net.normalisation import BatchNorm
from castalia.projects.neural_net.picture import Jitter, look
from castalia.projects.neural_net.shape import ACTIVATIONS, NORMALISATIONS
from castalia.projects.neural_net.view import Controls, figures

TINY = Params(hidden=(16,), epochs=4, jitter=0.5)


class Pad:
    """The smallest Run: remembers what it is told, and stops once asked to."""

    device = "cpu"

    def __init__(self, folder: Path, stop_after: int = 10**9) -> None:
        self.folder, self.stop_after = folder, stop_after
        self.points: dict[int, dict[str, float]] = {}

    def log(self, step: int, **values: float) -> None:
        self.points[step] = values
        if len(self.points) >= self.stop_after:
            raise Stopped

    def progress(self, done: float, total: float) -> None:
        assert 0 <= done <= total

    def artifact(self, name: str, content: object) -> None: ...

    def child(self, name: str) -> Pad:
        return self


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> NeuralNet:
    system = NeuralNet(NeuralNet.QUICK)
    system.fit(Pad(tmp_path_factory.mktemp("quick")))
    return system


def test_adam_follows_the_paper():
    network = Network.dense((3, 2), dtype=np.float64)
    adam, theta = network.adam(), network.parameters.copy()
    m = v = np.zeros_like(theta)
    rng = np.random.default_rng(3)
    for t in range(1, 7):
        gradient = rng.standard_normal(len(theta))
        network.gradient[...] = gradient
        adam.step(network.gradient, 0.1)
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        theta = theta - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(network.parameters, theta, rtol=1e-12, atol=1e-14)


def test_weight_decay_spares_biases_and_scales():
    network = Network([Dense(4), BatchNorm(), Dense(2)], 3, dtype=np.float64)
    network.parameters[:] = 1
    network.adam(decay=0.5).step(network.gradient, 0.1)
    for layer in network.layers:
        for name, value in layer.values.items():
            np.testing.assert_allclose(value, 0.95 if name == "weight" else 1)


def test_it_can_learn_xor_on_every_seed():
    x, labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])
    for seed in range(5):
        network = Network.dense((2, 32, 2), seed=seed)
        adam = network.adam()
        for _ in range(400):
            network.learn(x, labels)
            adam.step(network.gradient, 0.02)
        assert (network.scores(x).argmax(axis=1) == labels).all()


def test_jitter_of_nothing_changes_nothing():
    x = np.random.default_rng(0).random((3, 64), dtype=np.float32)
    np.testing.assert_allclose(Jitter(8, 0.0)(x, np.random.default_rng(0)), x, atol=1e-6)
    moved = Jitter(8, 1.0)(x, np.random.default_rng(0))
    assert moved.shape == x.shape and moved.min() >= 0 and moved.max() <= x.max() + 1e-6
    assert np.abs(moved - x).max() > 0.05


def _drawing(size: int = 200, invert: bool = False) -> Image:
    """A ring: a zero, dark on light, off the middle."""
    y, x = np.mgrid[:size, :size]
    distance = np.hypot((y - 0.4 * size) / 1.4, x - 0.62 * size)
    ink = np.abs(distance - 0.17 * size) < 0.045 * size
    page = np.where(ink, 20, 235).astype(np.uint8)
    return Image.of_array(255 - page if invert else page)


@pytest.mark.parametrize("side", [8, 28])
def test_a_drawing_is_seen_the_same_in_either_polarity_and_size(side):
    seen = look(_drawing(), side)
    assert seen.shape == (side, side) and seen.dtype == np.uint8 and seen.max() > 200
    np.testing.assert_array_equal(look(_drawing(invert=True), side), seen)
    assert np.abs(look(_drawing(400), side).astype(int) - seen).mean() < 16  # a step of the pen's weight
    y, x = np.mgrid[:side, :side]
    middle = (side - 1) / 2
    assert abs((seen * y).sum() / seen.sum() - middle) <= 0.75
    assert abs((seen * x).sum() / seen.sum() - middle) <= 0.75


def test_empty_paper_is_refused_by_name(quick):
    with pytest.raises(WrongInput, match="empty") as caught:
        quick(Input(image=Image.of_array(np.full((50, 50), 240, np.uint8))))
    assert caught.value.field == "image"


def test_quick_reads_digits_and_a_drawing(quick):
    assert quick.model.metrics["test_accuracy"] >= 0.95
    answer = quick(Input(image=_drawing()))
    assert answer.label == "0"
    assert len(answer.probabilities) == 10
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    example = quick.Input(image=Input.model_fields["image"].examples[0])
    assert quick(example).label == "3"
    assert quick.batch([example, Input(image=_drawing())]) == [quick(example), answer]


def test_saved_and_loaded_it_is_the_same(quick, tmp_path):
    quick.save(tmp_path)
    loaded = NeuralNet()
    loaded.load(tmp_path)
    assert loaded(Input(image=_drawing())) == quick(Input(image=_drawing()))
    assert sum(f.stat().st_size for f in tmp_path.iterdir()) <= 50_000
    drawn = figures(loaded, Controls(how_many=5))
    assert [f.plain() for f in drawn] == [f.plain() for f in figures(quick, Controls(how_many=5))]
    assert [f.kind for f in drawn] == ["lines"] * 4 + ["images", "images", "matrix"]
    with pytest.raises(WrongInput, match="no such class"):
        figures(quick, Controls(which_class="cat"))


def test_arrays_of_another_network_are_refused(quick, tmp_path):
    quick.save(tmp_path)
    about = json.loads((tmp_path / "network.json").read_text())
    (tmp_path / "network.json").write_text(json.dumps(about | {"shape": about["shape"] | {"sizes": [64, 95, 10]}}))
    with pytest.raises(WrongInput, match="not of this network"):
        NeuralNet().load(tmp_path)


FANCY = {
    "channels": (4,), "normalisation": "batch", "activation": "gelu", "optimizer": "nesterov", "learning_rate": 0.05,
    "schedule": "one_cycle", "warm_up": 0.2, "clip": 1.0, "patience": 3, "start": "xavier",
}  # fmt: skip


@pytest.mark.parametrize("params", [TINY, TINY.model_copy(update=FANCY)], ids=["plain", "everything"])
def test_a_stopped_fit_goes_on_bit_by_bit(tmp_path, params):
    whole = NeuralNet(params)
    expected = whole.fit(Pad(tmp_path / "whole"))
    with pytest.raises(Stopped):
        NeuralNet(params).fit(Pad(tmp_path / "cut", stop_after=3))
    resumed, pad = NeuralNet(params), Pad(tmp_path / "cut")
    assert resumed.fit(pad) == expected
    assert sorted(pad.points) == [2, 3, 4], "epoch 1 is not learnt again"
    np.testing.assert_array_equal(resumed.model.network.parameters, whole.model.network.parameters)
    other = NeuralNet(params.model_copy(update={"seed": 1}))
    pad = Pad(tmp_path / "cut")
    other.fit(pad)
    assert sorted(pad.points) == [1, 2, 3, 4], "another seed's checkpoint is not taken over"


def test_every_choice_learns(tmp_path):
    """Each way of learning, alone, gets half of the digits right where a guess gets a tenth."""
    rates = {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.05, "rmsprop": 0.002, "lion": 0.0005}
    changes = [{"optimizer": name, "learning_rate": rate} for name, rate in rates.items()]
    changes += [{"activation": name} for name in ACTIVATIONS]
    changes += [{"normalisation": name} for name in NORMALISATIONS] + [{"channels": (8,)}, {"channels": (4, 8, 8)}]
    changes += [{"schedule": name} for name in ("constant", "one_cycle", "exponential")]
    for number, change in enumerate(changes):
        params = Params(hidden=(32,), epochs=6, jitter=0.0, dropout=0.0, **change)
        assert NeuralNet(params).fit(Pad(tmp_path / str(number)))["test_accuracy"] >= 0.5, change


def test_early_stopping_gives_the_best_weights_back(tmp_path):
    params = Params(hidden=(64,), epochs=60, patience=3, jitter=0.0, learning_rate=0.02, schedule="constant")
    system = NeuralNet(params)
    system.fit(Pad(tmp_path))
    losses = system.model.history["validation_loss"]
    assert len(losses) < 60 and len(losses) == 1 + np.argmin(losses) + 3
    validation = system.lesson.validation
    scores = system.model.network.scores(validation.rows(slice(None)))
    assert system.model.network.loss(scores, validation.labels) / len(validation) == pytest.approx(min(losses))


def test_what_cannot_be_learnt_is_said(tmp_path):
    for change, words in (
        ({"channels": (4, 4, 4, 4)}, "larger than the image"),
        ({"patience": 2, "validation": 0.0}, "nothing to stop by"),
        ({"optimizer": "sgd", "learning_rate": 10.0, "hidden": (64,) * 4, "activation": "gelu"}, "ran away"),
    ):
        with pytest.raises(WrongInput, match=words), np.errstate(all="ignore"):
            NeuralNet(Params(**{"hidden": (32,), **change})).fit(Pad(tmp_path / words))


def test_a_network_of_the_first_format_is_read(quick, tmp_path):
    quick.save(tmp_path)
    about = json.loads((tmp_path / "network.json").read_text())
    shape = about.pop("shape")
    (tmp_path / "network.json").write_text(json.dumps(about | {"format": 1, "sizes": shape["sizes"]}))
    old = NeuralNet()
    old.load(tmp_path)
    assert old(Input(image=_drawing())) == quick(Input(image=_drawing()))


def test_digits_claim_without_data_or_network(tmp_path, monkeypatch):
    monkeypatch.setenv("CASTALIA_DATA", "")
    monkeypatch.setenv("CASTALIA_OFFLINE", "1")
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "home"))
    assert NeuralNet().fit(Pad(tmp_path / "run"))["test_accuracy"] >= 0.97


def test_a_table_is_no_pictures(tmp_path):
    pytest.importorskip("sklearn")
    with pytest.raises(WrongInput, match="no images"):
        NeuralNet(Params(data=Dataset("iris"))).fit(Pad(tmp_path))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_mnist_claim(tmp_path):
    if not os.environ.get("CASTALIA_DATA"):
        pytest.skip("MNIST is looked for in CASTALIA_DATA, which is not set")
    assert NeuralNet(Params(data=Dataset("mnist"))).fit(Pad(tmp_path))["test_accuracy"] >= 0.98
