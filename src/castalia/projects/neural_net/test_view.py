"""The views: patterns by their definition, the playground against one training in one go, signals by differences."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from castalia.core.errors import WrongInput
from castalia.core.fields import Image
from castalia.projects.neural_net.activations import GELU, ReLU
from castalia.projects.neural_net.convolution import Conv, MaxPool
from castalia.projects.neural_net.forward_pass import forward_pass
from castalia.projects.neural_net.layers import Dense, Dropout, Flatten
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.neural_net import Input, NeuralNet, Params
from castalia.projects.neural_net.normalisation import BatchNorm
from castalia.projects.neural_net.patterns import PATTERNS, pattern
from castalia.projects.neural_net.picture import look
from castalia.projects.neural_net.playground import COUNT, FINE, REACH, Playground
from castalia.projects.neural_net.portrait import shades
from castalia.projects.neural_net.signals import signals, weighted
from castalia.projects.neural_net.test_neural_net import Pad
from castalia.projects.neural_net.view import EXAMPLE, PLAYED, Controls, figures

SMALL = Params(hidden=(16, 16), activation="tanh", learning_rate=0.02, batch=20, weight_decay=0.0)


@pytest.fixture(
    scope="module", params=[{"hidden": (24,)}, {"channels": (3, 4), "hidden": (12,)}], ids=["dense", "conv"]
)
def fitted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NeuralNet:
    system = NeuralNet(Params(epochs=4, **request.param))
    system.fit(Pad(tmp_path_factory.mktemp("fitted")))
    return system


def by_title(drawn: list[Any]) -> dict[str, Any]:
    return {figure.title: figure for figure in drawn}


# --- patterns


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_even_seeded_and_inside(name: str) -> None:
    x, labels = pattern(name, count=90, noise=0.2, seed=4)
    classes = PATTERNS[name][1]
    assert x.shape == (90, 2) and x.dtype == np.float32
    assert np.bincount(labels).tolist() == [90 // classes] * classes
    again = pattern(name, count=90, noise=0.2, seed=4)
    assert np.array_equal(x, again[0]) and np.array_equal(labels, again[1])
    assert not np.array_equal(x, pattern(name, count=90, noise=0.2, seed=5)[0])
    assert np.abs(pattern(name, count=2000, noise=0.1)[0]).max() <= REACH
    spread = np.abs(pattern(name, count=90, noise=1.0, seed=4)[0] - pattern(name, count=90, noise=0.0, seed=4)[0])
    assert 0.15 < spread.mean() < 0.35  # 0.24 is the mean of |normal| with standard deviation 0.3


def test_patterns_are_what_their_names_say() -> None:
    x, labels = pattern("xor", count=300, noise=0.0)
    assert np.array_equal(labels == 0, x[:, 0] * x[:, 1] > 0)
    x, labels = pattern("circles", count=300, noise=0.0)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(labels == 0, 0.95, 0.45), rtol=1e-6)
    x, labels = pattern("three spirals", count=300, noise=0.0)
    radius = np.hypot(*x.T)
    turned = np.arctan2(x[:, 1], x[:, 0]) - 2.5 * np.pi * radius - 2 * np.pi * labels / 3
    np.testing.assert_allclose(np.cos(turned), 1, atol=1e-5)
    x, labels = pattern("moons", count=300, noise=0.0)
    first = np.where(labels[:, None] == 0, x, -x)  # the second moon is the first, turned by half a turn
    np.testing.assert_allclose(np.hypot(first[:, 0] + 0.33, first[:, 1] + 0.17), 0.67, rtol=1e-5)


def test_only_blobs_need_no_hidden_layer() -> None:
    right = {}
    for name in PATTERNS:
        playground = Playground(name, 0.1, SMALL.model_copy(update={"hidden": ()}))
        playground.learn(100)
        right[name] = playground.curves["accuracy"][-1]
    assert right.pop("blobs") > 0.98
    assert max(right.values()) < 0.95 and right["xor"] < 0.75 and right["circles"] < 0.75


@pytest.mark.parametrize(
    ("change", "field"),
    [({"name": "spiral"}, "pattern"), ({"count": 3}, "count"), ({"noise": -0.1}, "noise"),
     ({"noise": float("nan")}, "noise")],
)  # fmt: skip
def test_a_pattern_that_is_none_is_said(change: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongInput) as caught:
        pattern(**{"name": "moons", "count": 100, **change})
    assert caught.value.field == field
    assert field != "pattern" or "spirals" in str(caught.value)


# --- signals


def test_signals_are_the_outputs_and_the_gradient_of_the_mean_loss() -> None:
    layers = [Conv(3, 3), BatchNorm(), GELU(), MaxPool(2), Flatten(), Dense(5), ReLU(), Dropout(0.5), Dense(4)]
    network = Network(layers, (2, 8, 8), dtype=np.float64, seed=3)
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((7, 2, 8, 8)), rng.integers(0, 4, 7)
    network.learn(x, target, rng)  # running means that are not those of the start
    before = network.state()
    found = signals(network, x, target)
    assert all(np.array_equal(value, network.state()[name]) for name, value in before.items())
    assert found.loss == pytest.approx(float(network.loss(network.scores(x), target)))
    assert found.right == (network.scores(x).argmax(axis=1) == target).sum()
    assert [each.shape for each in found.outputs] == [(7, 3, 6, 6), (7, 5)]
    outputs = [each.copy() for each in found.outputs]
    signals(network, x[::-1], target)
    assert all(map(np.array_equal, found.outputs, outputs)), "the next call leaves them alone"
    assert found.spreads == pytest.approx([each.std() for each in found.outputs])
    assert found.silent == [0, int((found.outputs[1] == 0).all(axis=0).sum())]
    for layer, gradient, norm in zip(weighted(network), found.gradients, found.norms, strict=True):
        weight = layer.values["weight"]
        place, step = np.unravel_index(np.abs(gradient).argmax(), weight.shape), 1e-6
        losses = []
        for sign in (1, -1):
            weight[place] += sign * step
            losses.append(network.loss(network.scores(x), target) / len(x))
            weight[place] -= sign * step
        assert gradient[place] == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-6)
        assert norm == pytest.approx(np.sqrt((gradient**2).sum()))


def test_silent_units_are_counted() -> None:
    network = Network([Dense(6), ReLU(), Dense(2)], 2)
    network.layers[0].values["bias"][:4] = -100
    network.layers[0].values["bias"][4:] = 100
    assert signals(network, np.ones((3, 2), np.float32), np.zeros(3, int)).silent == [4]


def test_a_fit_keeps_the_signals_of_every_epoch(tmp_path: Path) -> None:
    system, pad = NeuralNet(Params(hidden=(16, 8), epochs=3, normalisation="batch")), Pad(tmp_path)
    system.fit(pad)
    history, model = system.model.history, system.model
    assert {name for name in history if name[-1].isdigit()} == {
        *(f"gradient_norm_{at}" for at in (1, 2, 3)), *(f"activation_std_{at}" for at in (1, 2))
    }  # fmt: skip
    assert all(len(each) == 3 for each in history.values())
    assert pad.points[3] == {name: each[-1] for name, each in history.items()}
    validation = system.lesson.validation
    now = signals(model.network, validation.rows(slice(200)), validation.labels[:200])
    assert [history[f"gradient_norm_{at}"][-1] for at in (1, 2, 3)] == pytest.approx(now.norms)
    assert [history[f"activation_std_{at}"][-1] for at in (1, 2)] == pytest.approx(now.spreads)


# --- the playground


def test_bit_by_bit_is_the_same_as_in_one_go() -> None:
    whole, pieces = Playground("spirals", 0.1, SMALL), Playground("spirals", 0.1, SMALL)
    assert whole.learn(25) == 25
    reached = [pieces.learn(25, seconds=0)]
    while reached[-1] < 25:
        pieces.surface(reached[-1])
        pieces.signals(reached[-1] // 2)  # looking back disturbs nothing
        reached.append(pieces.learn(25, seconds=0))
    assert reached == list(range(1, 26)), "every call learns something"
    assert whole.curves == pieces.curves and whole.norms == pieces.norms
    assert np.array_equal(whole.surface(7), pieces.surface(7))
    assert whole.learn(3) == 3, "an epoch that was learnt is only looked at"
    assert whole.epochs == 25


def test_it_learns_as_its_network_would_alone() -> None:
    playground = Playground("moons", 0.2, SMALL)
    playground.learn(4)
    twin = Playground("moons", 0.2, SMALL).network
    adam = twin.adam()
    for epoch in range(4):
        order = np.random.default_rng([SMALL.seed, epoch, 4]).permutation(COUNT)
        for index in order.reshape(-1, SMALL.batch):
            twin.learn(playground.x[index], playground.labels[index])
            adam.step(twin.gradient, SMALL.learning_rate)
    loss = float(twin.loss(twin.scores(playground.x), playground.labels)) / COUNT
    assert playground.curves["loss"][-1] == pytest.approx(loss, rel=1e-6)
    held_out, classes = playground.held_out
    assert not np.isin(held_out, playground.x).any()
    assert playground.curves["held_out"][-1] == pytest.approx(float(twin.loss(twin.scores(held_out), classes)) / COUNT)


def test_the_surface_lies_the_right_way_up() -> None:
    playground = Playground("three spirals", 0.1, SMALL)
    playground.learn(40)
    surface, step = playground.surface(40), 2 * REACH / FINE
    assert surface.shape == (FINE, FINE, 3)
    np.testing.assert_allclose(surface.sum(axis=2), 1, rtol=1e-5)
    for row, column in ((0, 0), (0, FINE - 1), (10, 30), (FINE - 1, 5)):
        place = np.array([[-REACH + (column + 0.5) * step, REACH - (row + 0.5) * step]], np.float32)
        np.testing.assert_allclose(surface[row, column], playground.network.answers(place)[0], rtol=1e-4)
    x, labels = playground.x, playground.labels
    rows, columns = ((REACH - x[:, 1]) // step).astype(int), ((x[:, 0] + REACH) // step).astype(int)
    assert (surface[rows, columns].argmax(axis=1) == labels).mean() > 0.9


@pytest.mark.parametrize("name", PATTERNS)
def test_the_default_network_learns_every_pattern_on_every_seed(name: str) -> None:
    for seed in range(3):
        playground = Playground(name, 0.1, SMALL.model_copy(update={"seed": seed}))
        playground.learn(80)
        assert playground.curves["accuracy"][-1] > 0.97, seed


# --- the figures


def test_the_playground_says_how_far_it_is() -> None:
    controls = Controls(show="playground", epoch=200, hidden=(32, 32), activation="gelu", seed=77)
    system, seen = NeuralNet(), []
    for _ in range(200):
        drawn = figures(system, controls)
        seen.append(int(drawn[0].caption.split(":")[0].removeprefix("Epoch ")))
        if not drawn[0].data["more"]:
            break
    assert seen[-1] == 200 and seen == sorted(set(seen))
    found = by_title(drawn)
    assert list(found) == ["What is decided where", "Loss", "Activations", "Length of the gradients",
                           "Gradients of the weights"]  # fmt: skip
    ground = found["What is decided where"].data["ground"]
    assert np.shape(ground["series"]) == np.shape(ground["weight"]) == (FINE, FINE)
    assert np.min(ground["weight"]) >= 0 and np.max(ground["weight"]) <= 1
    assert sum(len(each["x"]) for each in drawn[0].data["series"]) == COUNT
    for title, count in (("Activations", 2), ("Gradients of the weights", 3)):
        series = found[title].data["series"]
        assert len(series) == count
        assert [sum(each["y"]) for each in series] == pytest.approx([1] * count, abs=1e-3), "every number is counted"
    assert found["Loss"].data["series"][0]["x"][-1] == 200
    back = figures(system, controls.model_copy(update={"epoch": 12}))
    assert back[0].caption.startswith("Epoch 12:") and not back[0].data["more"]
    assert by_title(back)["Loss"].data["series"][0]["y"] == found["Loss"].data["series"][0]["y"][:13]


def test_without_hidden_layers_there_is_nothing_between() -> None:
    drawn = by_title(figures(NeuralNet(), Controls(show="playground", epoch=0, hidden=())))
    assert "Activations" not in drawn and len(drawn["Length of the gradients"].data["series"]) == 1


def test_a_training_that_runs_away_says_so() -> None:
    controls = Controls(show="playground", optimizer="sgd", learning_rate=10, hidden=(64,) * 4, activation="gelu")
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        drawn = figures(NeuralNet(), controls)
    assert "ran away" in drawn[0].caption and not drawn[0].data["more"]
    json.dumps([each.plain() for each in drawn], allow_nan=False)


def test_what_is_said_of_a_drawing_is_what_a_call_says(fitted: NeuralNet) -> None:
    image = Image.of(EXAMPLE)
    drawn = figures(fitted, Controls(show="drawing", image=image))
    answer = fitted(Input(image=image))
    probability, score = drawn[0].data["series"]
    assert dict(zip(drawn[0].data["labels"], probability["values"], strict=True)) == answer.probabilities
    powers = np.exp(score["values"])
    np.testing.assert_allclose(powers / powers.sum(), probability["values"], atol=1e-4)
    assert f"your drawing as {answer.label}" in drawn[0].caption
    alone = figures(fitted, Controls(show="drawing"))
    assert "the example" in alone[0].caption and alone[1:] == drawn[1:]
    titles = list(by_title(drawn))
    conv = bool(fitted.params.channels)
    between = ["Feature maps of layer 3", "Feature maps of layer 6"] if conv else ["Units that fire"]
    assert titles == ["What it says", "Layer by layer", *between, "In numbers"]


def test_every_step_follows_from_the_one_before(fitted: NeuralNet) -> None:
    model = fitted.model
    seen = look(Image.of(EXAMPLE), model.side, digit=model.digits)
    steps = forward_pass(model, seen)
    assert [type(step.layer) for step in steps] == [type(layer) for layer in model.network.layers]
    for before, step in pairwise(steps):
        if isinstance(step.layer, ReLU):
            np.testing.assert_array_equal(step.output, np.maximum(before.output, 0))
        if isinstance(step.layer, Dense):
            values = step.layer.values
            expected = before.output @ values["weight"] + values["bias"]
            np.testing.assert_allclose(step.output, expected, rtol=1e-12)
        if isinstance(step.layer, Dropout):
            np.testing.assert_array_equal(step.output, before.output)
    np.testing.assert_allclose(steps[-1].output, model.exact.scores(seen.reshape(1, -1) / 255)[0])
    rows = by_title(figures(fitted, Controls(show="drawing")))["In numbers"].data["rows"]
    assert len(rows) == len(steps) and rows[-1][2] == pytest.approx(steps[-1].output.min(), abs=1e-4)


def test_the_first_layer_is_shown_as_it_looks(fitted: NeuralNet) -> None:
    figure = by_title(figures(fitted, Controls(how_many=2)))["First layer"]
    weight = weighted(fitted.model.network)[0].values["weight"]
    pictures = weight[:, 0] if weight.ndim == 4 else weight.T.reshape(-1, 8, 8)
    strongest = int(np.argmax((pictures**2).sum(axis=(1, 2))))
    assert figure.data["items"][0]["label"].split() == ["channel" if weight.ndim == 4 else "unit", str(strongest)]
    pixels = Image.of(figure.data["items"][0]["image"]).array("L")
    assert pixels.shape == pictures.shape[1:]
    assert np.corrcoef(pixels.ravel(), pictures[strongest].ravel())[0, 1] > 0.999


def test_an_empty_drawing_is_refused_beside_its_field(fitted: NeuralNet) -> None:
    with pytest.raises(WrongInput, match="empty") as caught:
        figures(fitted, Controls(show="drawing", image=Image.of_array(np.zeros((140, 140), np.uint8))))
    assert caught.value.field == "image"


def test_a_network_without_signals_in_its_history_is_drawn(fitted: NeuralNet) -> None:
    drawn = by_title(figures(fitted, Controls()))
    assert {"Length of the gradients", "Spread of the activations"} < set(drawn)
    kept = dict(fitted.model.history)
    try:
        fitted.model.history = {name: each for name, each in kept.items() if not name[-1].isdigit()}
        assert len(figures(fitted, Controls())) == len(drawn) - 2
    finally:
        fitted.model.history = kept


def test_shades_keep_zero_grey() -> None:
    found = shades(np.array([[[-2.0, 0.0, 1.0]], [[0.0, 0.0, 0.0]]]))
    assert found.tolist() == [[[0, 128, 191]], [[128, 128, 128]]]


def test_controls_fit_together() -> None:
    schema = Controls.model_json_schema()["properties"]
    shows = schema["show"]["enum"]
    assert all(each["x-when"]["show"] in shows for name, each in schema.items() if name != "show")
    assert set(PLAYED) <= set(Params.model_fields) & set(schema)
    assert schema["pattern"]["enum"] == list(PATTERNS)
    for name in ("activation", "optimizer"):
        assert schema[name]["enum"] == Params.model_json_schema()["properties"][name]["enum"]
