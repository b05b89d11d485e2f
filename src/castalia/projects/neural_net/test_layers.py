"""Every layer, loss and odd shape: against finite differences, complex steps, torch and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import WrongInput
from castalia.projects.neural_net import gradients, initial, losses
from castalia.projects.neural_net.activations import GELU, ReLU, SiLU, Tanh
from castalia.projects.neural_net.checks import ACTIVATIONS, CASES, LOSSES, Case, activated, case
from castalia.projects.neural_net.convolution import Conv, GlobalMean, MaxPool, MeanPool
from castalia.projects.neural_net.layers import Dense, Dropout, Flatten, Layer, Reshape
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.normalisation import BatchNorm, LayerNorm


def assert_right(case: Case) -> None:
    """Three witnesses: differences, torch, and a complex step where every function on the way is analytic."""
    found = case.check(torch=True)
    assert found.parameters <= 1e-7 and found.inputs <= 1e-7, found
    assert found.torch is not None and found.torch <= 1e-12, found
    assert (found.complex_step is not None) == case.analytic
    assert found.complex_step is None or found.complex_step <= 1e-13, found


@pytest.mark.parametrize("name", CASES)
def test_the_cases_of_the_lesson(name: str) -> None:
    assert_right(CASES[name])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_with_every_loss(activation: str, loss: str) -> None:
    assert_right(activated(activation, loss))


ODD = list(product((1, 2, 3, (2, 3)), (1, 2, 3), (0, 1, 2), (1, 2)))


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [pytest.param(*each, marks=() if i % 5 == 0 else pytest.mark.slow) for i, each in enumerate(ODD)],
)
def test_convolutions_of_odd_shapes(kernel: Any, stride: int, padding: int, dilation: int) -> None:
    """The gradient against differences, and all of it against torch."""
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    assert_right(case(lambda: [Conv(2, kernel, **options), Tanh(), Flatten(), Dense(3)], (2, 7, 6)))
    ours = Network([Conv(4, kernel, **options)], (3, 7, 6), dtype=np.float64)
    theirs = torch.nn.Conv2d(3, 4, kernel, dtype=torch.float64, **options)
    ours.parameters[...] = torch.cat([theirs.weight.detach().flatten(), theirs.bias.detach()]).numpy()  # type: ignore[union-attr]
    x = torch.randn(2, 3, 7, 6, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(1))
    y = theirs(x)
    slope = torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    y.backward(slope)
    assert np.allclose(ours.forward(x.detach().numpy()), y.detach().numpy(), rtol=0, atol=1e-12)
    below = ours.layers[0].backward(slope.numpy().copy())
    assert np.allclose(below, x.grad.numpy(), rtol=0, atol=1e-12)  # type: ignore[union-attr]
    weights = torch.cat([theirs.weight.grad.flatten(), theirs.bias.grad]).numpy()  # type: ignore[union-attr]
    assert np.allclose(ours.gradient, weights, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Dense(6), BatchNorm(), Tanh(), Dropout(0.4), LayerNorm(), Dense(3)],
        lambda: [Reshape(1, 3, 4), Conv(2, 3, padding=1), BatchNorm(), Tanh(), MeanPool(2), Flatten(), Dense(3)],
        lambda: [Reshape(3, 2, 2), Conv(3, 2, padding=1), Tanh(), LayerNorm(), GlobalMean()],
    ],
)
def test_deeper_networks(layers: Callable[[], list[Layer]]) -> None:
    assert_right(case(layers, 12))


def test_pooling_of_odd_sizes() -> None:
    for pool in (MaxPool, MeanPool):
        assert_right(case(lambda pool=pool: [pool(3), Flatten(), Dense(3)], (2, 5, 7), smooth=False))  # type: ignore[misc]


def test_a_maximum_that_stands_twice_gives_its_gradient_to_the_first_as_torch_does() -> None:
    x = np.array([[[[1.0, 1.0, 2, 0], [1, 1, 2, 2]]]])
    network = Network([MaxPool(2)], (1, 2, 4), dtype=np.float64)
    network.forward(x)
    below = network.layers[0].backward(np.array([[[[3.0, 5.0]]]]))
    theirs = torch.tensor(x, requires_grad=True)
    torch.nn.functional.max_pool2d(theirs, 2).backward(torch.tensor([[[[3.0, 5.0]]]]))
    assert np.array_equal(below, theirs.grad.numpy())  # type: ignore[union-attr]


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 2**31), st.booleans())
def test_normalisation_equals_torch(n: int, width: int, seed: int, images: bool) -> None:
    """Learning and afterwards, gradients and running statistics."""
    rng = np.random.default_rng(seed)
    entry = (width, 2, 3) if images else (width,)
    x = rng.standard_normal((n, *entry)) * 3 + 5
    for kind in (BatchNorm, LayerNorm):
        ours = Network([kind()], entry, dtype=np.float64)
        batch = torch.nn.BatchNorm2d if images else torch.nn.BatchNorm1d
        theirs: Any = (
            batch(width, dtype=torch.float64) if kind is BatchNorm else torch.nn.LayerNorm(entry, dtype=torch.float64)
        )
        with torch.no_grad():
            theirs.weight.copy_(torch.tensor(rng.standard_normal(theirs.weight.shape)))
            theirs.bias.copy_(torch.tensor(rng.standard_normal(theirs.bias.shape)))
        ours.parameters[...] = torch.cat([theirs.weight.flatten(), theirs.bias.flatten()]).detach().numpy()
        for learning in (True, True, False):
            theirs.train(learning)
            given_, slope = torch.tensor(x, requires_grad=True), rng.standard_normal((n, *entry))
            y = theirs(given_)
            theirs.zero_grad()
            y.backward(torch.tensor(slope))
            assert np.allclose(ours.forward(x, learning=learning), y.detach().numpy(), atol=1e-10)
            assert np.allclose(ours.layers[0].backward(slope), given_.grad.numpy(), atol=1e-9)  # type: ignore[union-attr]
            weights = torch.cat([theirs.weight.grad.flatten(), theirs.bias.grad.flatten()]).numpy()
            assert np.allclose(ours.gradient, weights, atol=1e-9)


def test_batch_normalisation_of_one_row_is_refused_and_of_equal_rows_finite() -> None:
    network = Network([BatchNorm()], 3)
    with pytest.raises(WrongInput, match="variance"):
        network.forward(np.ones((1, 3), np.float32), learning=True)
    assert not network.forward(np.full((4, 3), 7.0, np.float32), learning=True).any()
    assert np.isfinite(network.layers[0].backward(np.ones((4, 3), np.float32))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", [each for each, _ in ACTIVATIONS.values()])
def test_activations_equal_torch_and_never_overflow(activation: Callable[[], Layer], dtype: Any) -> None:
    twins: dict[str, Any] = {
        "ReLU": torch.nn.ReLU(), "LeakyReLU": torch.nn.LeakyReLU(), "Tanh": torch.nn.Tanh(), "SiLU": torch.nn.SiLU(),
        "Sigmoid": torch.nn.Sigmoid(), "GELU": torch.nn.GELU(), "Softmax": torch.nn.Softmax(-1),
    }  # fmt: skip
    layer = activation()
    network = Network([layer], 9, dtype=dtype)
    x = np.array([[-1e4, -50, -8, -1, 0, 1, 8, 50, 1e4], np.linspace(-4, 4, 9)], dtype)
    given_ = torch.tensor(x, requires_grad=True)
    slope = np.random.default_rng(1).standard_normal(x.shape).astype(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = network.forward(x)
        below = layer.backward(slope.copy())
    theirs = twins[type(layer).__name__](given_)
    theirs.backward(torch.tensor(slope))
    close = {"rtol": 3e-5 if dtype == np.float32 else 1e-12, "atol": 1e-6 if dtype == np.float32 else 1e-13}
    assert y.dtype == below.dtype == dtype
    assert np.allclose(y, theirs.detach().numpy(), **close)
    assert np.allclose(below, given_.grad.numpy(), **close)  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_equal_torch_and_stay_finite(dtype: Any) -> None:
    rng = np.random.default_rng(4)
    wild = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [0, 0, 0], [1, 2, 3]], dtype)
    classes, shares, numbers = np.array([1, 2, 0, 2]), rng.random((4, 3)), rng.standard_normal((4, 3))
    f = torch.nn.functional

    def like(values: Any, scores: Any) -> Any:
        return torch.tensor(values).to(scores.dtype)

    summed: Any = {"reduction": "sum"}
    cases: list[tuple[losses.Loss, Any, Callable[[Any], Any]]] = [
        (losses.CrossEntropy(), classes, lambda s: f.cross_entropy(s, torch.tensor(classes))),
        (
            losses.BinaryCrossEntropy(), shares,
            lambda s: f.binary_cross_entropy_with_logits(s, like(shares, s), **summed) / 4,
        ),
        (losses.SquaredError(), numbers, lambda s: f.mse_loss(s, like(numbers, s), **summed) / 8),
        (losses.Huber(0.7), numbers, lambda s: f.huber_loss(s, like(numbers, s), delta=0.7, **summed) / 4),
    ]  # fmt: skip
    for loss, target, peer in cases:
        theirs = torch.tensor(wild, requires_grad=True)
        expected = peer(theirs)
        expected.backward()
        scores = wild.copy()
        with np.errstate(over="raise", invalid="raise"):
            total = loss(scores, target)
        assert total / 4 == pytest.approx(float(expected.detach()), rel=1e-5 if dtype == np.float32 else 1e-12)
        assert np.allclose(scores, theirs.grad.numpy(), rtol=1e-4, atol=1e-6)  # type: ignore[union-attr]


def test_uniform_scores_cost_the_log_of_the_number_of_classes() -> None:
    assert losses.CrossEntropy()(np.zeros((4, 7)), np.arange(4)) / 4 == pytest.approx(np.log(7), rel=1e-15)


def test_dropout_keeps_the_expectation_and_is_the_identity_afterwards() -> None:
    network = Network([Dropout(0.3)], 1000)
    x = np.ones((200, 1000), np.float32)
    y = network.forward(x, learning=True, rng=np.random.default_rng(0))
    assert set(np.unique(y)) == {0, np.float32(1) / np.float32(0.7)}
    assert abs(float(y.mean()) - 1) < 4 * np.sqrt(0.3 / 0.7 / y.size)
    assert np.array_equal(network.forward(x), x)


@pytest.mark.parametrize(("start", "relu"), [(initial.he, True), (initial.he_uniform, True), (initial.xavier, False)])
def test_signals_keep_their_size_through_fifty_layers(start: initial.Start, relu: bool) -> None:
    sizes = []
    for seed in range(5):
        layers: list[Layer] = []
        for _ in range(50):
            layers += [Dense(256, start=start), *([ReLU()] if relu else [])]
        y = Network(layers, 256, seed=seed).forward(np.random.default_rng(seed).standard_normal((64, 256)).astype("f4"))
        sizes.append(float(np.mean(y * y)))
    expected = 0.5 if relu else 1.0
    assert 0.1 * expected < np.exp(np.mean(np.log(sizes))) < 10 * expected


def test_single_precision_follows_double_precision() -> None:
    x, labels = np.random.default_rng(0).standard_normal((16, 1, 9, 9)), np.arange(16) % 4
    found = []
    for dtype in (np.float32, np.float64):
        layers: list[Layer] = [
            Conv(4, 3, padding=1), BatchNorm(), GELU(), MaxPool(2), Flatten(), Dense(8), LayerNorm(), SiLU(), Dense(4),
        ]  # fmt: skip
        network = Network(layers, (1, 9, 9), dtype=dtype, seed=3)
        network.learn(x.astype(dtype), labels)
        found.append(network.gradient.copy())
    assert found[0].dtype == np.float32
    assert gradients.error(found[0], found[1]) < 1e-4


def test_a_gradient_is_written_anew_and_nothing_that_was_given_is_changed() -> None:
    network = Network([Conv(2, 3), ReLU(), Flatten(), Dense(3)], (1, 5, 5), seed=1)
    x, labels = np.random.default_rng(0).standard_normal((4, 1, 5, 5)).astype(np.float32), np.array([0, 1, 2, 0])
    kept = x.copy()
    network.learn(x, labels)
    once = network.gradient.copy()
    network.learn(x, labels)
    assert np.array_equal(once, network.gradient) and np.array_equal(x, kept)
    first = network.scores(x)
    again = first.copy()
    network.scores(x[::-1])
    assert np.array_equal(first, again)


def test_the_mean_over_a_batch_is_the_mean_over_its_halves() -> None:
    network = Network.dense((6, 5, 3), dtype=np.float64)
    x, labels = np.random.default_rng(0).standard_normal((8, 6)), np.arange(8) % 3
    whole = network.learn(x, labels)[0]
    gradient = network.gradient.copy()
    parts = [(network.learn(x[part], labels[part])[0], network.gradient.copy()) for part in (slice(0, 2), slice(2, 8))]
    assert whole == pytest.approx(parts[0][0] + parts[1][0], rel=1e-12)
    assert np.allclose(gradient, (2 * parts[0][1] + 6 * parts[1][1]) / 8, rtol=1e-12, atol=1e-15)


def test_what_does_not_fit_is_said() -> None:
    for make, words in (
        (lambda: Network([Conv(1, 5)], (1, 3, 3)), "larger than the image"),
        (lambda: Network([Dense(3)], (1, 3, 3)), "Flatten"),
        (lambda: Network([Conv(3)], 9), "Reshape"),
        (lambda: Network([], 9), "network of nothing"),
        (lambda: Network.dense((3, 2)).forward(np.zeros((2, 4), np.float32)), "do not fit the network"),
        (lambda: Network.dense((3, 2)).learn(np.zeros((2, 3), np.float32), np.array([0, 2])), "no class"),
        (lambda: Network.dense((3, 2)).learn(np.zeros((2, 3), np.float32), np.array([0.0, 1])), "whole numbers"),
        (lambda: Network.dense((3, 2)).load({"parameters": np.zeros(3)}), "another network"),
    ):
        with pytest.raises(WrongInput, match=words):
            make()


def test_an_empty_batch_is_no_loss_and_no_gradient() -> None:
    network = Network([Conv(2, 3), BatchNorm(), Flatten(), Dense(3)], (1, 5, 5))
    assert network.scores(np.zeros((0, 1, 5, 5), np.float32)).shape == (0, 3)


def test_the_state_is_all_there_is() -> None:
    def made() -> Network:
        return Network([Conv(2, 3), BatchNorm(), Flatten(), Dense(3)], (1, 5, 5))

    first, second = made(), made()
    x = np.random.default_rng(0).standard_normal((6, 1, 5, 5)).astype(np.float32)
    first.learn(x, np.arange(6) % 3)
    second.load(first.state())
    assert np.array_equal(first.scores(x), second.scores(x))
