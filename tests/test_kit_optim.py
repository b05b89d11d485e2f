"""kit.optim: every rule follows its paper, in blocks as in one piece; state goes on where it stopped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from castalia.core.errors import WrongInput
from castalia.kit import optim

RATE = 0.01
RULES: dict[str, Callable[..., optim.Rule]] = {
    "sgd": optim.SGD,
    "momentum": optim.Momentum,
    "nesterov": lambda theta, **more: optim.Momentum(theta, 0.8, nesterov=True, **more),
    "adagrad": optim.AdaGrad,
    "rmsprop": optim.RMSProp,
    "adam": optim.Adam,
    "adam, other betas": lambda theta, **more: optim.Adam(theta, 0.5, 0.9, 1e-3, **more),
    "adam, no memory": lambda theta, **more: optim.Adam(theta, 0.0, 0.0, **more),
    "lion": optim.Lion,
    "adadelta": optim.AdaDelta,
    "adamax": optim.Adamax,
    "nadam": optim.NAdam,
    "radam": optim.RAdam,
}
BY_HAND = list(RULES)[:-4]
"""The last four are followed by torch in test_kit_optim_torch.py."""


def by_hand(name: str, theta: float, gradients: list[float], decay: float) -> float:
    """One coordinate, in plain Python floats, as the papers write it."""
    m = v = total = velocity = 0.0
    for t, g in enumerate(gradients, start=1):
        theta -= RATE * decay * theta
        if name == "sgd":
            theta -= RATE * g
        elif name == "momentum":
            velocity = 0.9 * velocity + g
            theta -= RATE * velocity
        elif name == "nesterov":
            velocity = 0.8 * velocity + g
            theta -= RATE * (g + 0.8 * velocity)
        elif name == "adagrad":
            total += g**2
            theta -= RATE * g / (math.sqrt(total) + 1e-10)
        elif name == "rmsprop":
            v = 0.99 * v + 0.01 * g**2
            theta -= RATE * g / (math.sqrt(v) + 1e-8)
        elif name == "lion":
            theta -= RATE * math.copysign(1.0, 0.9 * m + 0.1 * g)
            m = 0.99 * m + 0.01 * g
        else:
            b1, b2, eps = {
                "adam": (0.9, 0.999, 1e-8),
                "adam, other betas": (0.5, 0.9, 1e-3),
                "adam, no memory": (0.0, 0.0, 1e-8),
            }[name]
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
            theta -= RATE * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
    return theta


def gradients(size: int, count: int, seed: int = 0) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield rng.normal(size=size) * rng.choice([1e-6, 1.0, 1e3], size)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", BY_HAND)
def test_each_rule_follows_its_paper(name: str, decay: float) -> None:
    theta = np.random.default_rng(1).normal(size=40)
    start, seen = theta.copy(), list(gradients(40, 25))
    rule = RULES[name](theta, decay=decay)
    for g in seen:
        before = g.copy()
        rule.step(g, RATE)
        np.testing.assert_array_equal(g, before)
    expected = [by_hand(name, float(start[i]), [float(g[i]) for g in seen], decay) for i in range(40)]
    np.testing.assert_allclose(theta, expected, rtol=1e-12, atol=1e-14)
    assert rule.steps == 25


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [0, 1, 17, (3, 5), 70_001])
def test_aligned_is_zeros_on_a_line_of_the_cache(shape: int | tuple[int, ...], dtype: Any) -> None:
    made = [optim.aligned(shape, dtype) for _ in range(5)]
    for one in made:
        assert (not one.size or one.ctypes.data % 64 == 0) and one.flags["C_CONTIGUOUS"] and one.flags["WRITEABLE"]
        assert one.dtype == dtype and np.array_equal(one, np.zeros(shape, dtype))
    assert not any(np.shares_memory(made[0], other) for other in made[1:])


@pytest.mark.parametrize("name", RULES)
def test_blocks_state_and_float32_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list(gradients(50_001, 6))
    whole, apart = np.ones(50_001), np.ones(50_001)
    monkeypatch.setattr("castalia.kit.optim.rule._BLOCK", 10**9)
    one = RULES[name](whole)
    for g in seen:
        one.step(g, RATE)
    monkeypatch.setattr("castalia.kit.optim.rule._BLOCK", 1000)
    first = RULES[name](apart)
    for g in seen[:3]:
        first.step(g, RATE)
    kept = first.state()
    for g in seen[3:]:  # what the saved state must not see
        first.step(g, RATE)
    apart[:] = 1.0
    again = RULES[name](apart)
    for g in seen[:3]:
        again.step(g, RATE)
    second = RULES[name](apart)
    second.load(kept)
    for g in seen[3:]:
        second.step(g, RATE)
    np.testing.assert_array_equal(apart, whole)
    single = np.ones(50_001, dtype=np.float32)
    rule = RULES[name](single)
    for g in seen:
        rule.step(g.astype(np.float32), RATE)
    assert single.dtype == np.float32 and all(slot.dtype == np.float32 for slot in rule.slots.values())
    if name != "lion":  # a sign of rounded numbers may turn round
        np.testing.assert_allclose(single, whole, rtol=2e-3, atol=2e-3)


def test_decay_shrinks_without_a_gradient_and_spares_what_is_marked() -> None:
    for make in RULES.values():
        theta = np.array([1.0, 1.0])
        rule = make(theta, decay=0.5, spare=[False, True])
        rule.step(np.zeros(2), 0.1)
        assert theta.tolist() == [0.95, 1.0]


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("lion", "adadelta")])
def test_each_rule_goes_down_into_a_valley(name: str) -> None:
    scale = np.array([1.0, 10.0, 100.0])
    theta = np.array([3.0, -2.0, 1.0])
    rule = RULES[name](theta)
    begin = float(theta @ (scale * theta))
    for _ in range(2000):
        rule.step(scale * theta, 0.001 if name in ("sgd", "momentum", "nesterov") else 0.05)
    assert float(theta @ (scale * theta)) < 1e-2 * begin


def test_the_first_step_of_adam_is_the_rate_whatever_the_gradients_size() -> None:
    theta = np.zeros(3)
    optim.Adam(theta, eps=0.0).step(np.array([1e-8, -1.0, 1e8]), 0.1)
    np.testing.assert_allclose(theta, [-0.1, 0.1, -0.1], rtol=1e-12)


def test_clipping_keeps_the_direction_and_leaves_what_is_not_finite() -> None:
    g = np.array([3.0, 4.0])
    assert optim.clip_by_norm(g, 1.0) == 5.0
    np.testing.assert_allclose(g, [0.6, 0.8])
    assert optim.clip_by_norm(g, 2.0) == pytest.approx(1.0) and g[0] == pytest.approx(0.6)
    wrong = np.array([np.inf, 1.0])
    assert optim.clip_by_norm(wrong, 1.0) == np.inf and wrong[1] == 1.0


@pytest.mark.parametrize(
    "act, said",
    [
        (lambda: optim.SGD(np.zeros((2, 2))), "parameters do not fit"),
        (lambda: optim.SGD(np.zeros(2, dtype=int)), "parameters do not fit"),
        (lambda: optim.SGD(np.zeros(4)[::2]), "parameters do not fit"),
        (lambda: optim.SGD(np.zeros(2), spare=[True]), "spare does not fit"),
        (lambda: optim.SGD(np.zeros(2), decay=-1.0), "decay does not fit"),
        (lambda: optim.Adam(np.zeros(2), beta1=1.0), "beta1 does not fit"),
        (lambda: optim.SGD(np.zeros(2)).step(np.zeros(3), 0.1), "gradient does not fit"),
        (lambda: optim.SGD(np.zeros(2)).step(np.zeros(2, np.float32), 0.1), "gradient does not fit"),
        (lambda: optim.SGD(np.zeros(2)).step(np.zeros(2), math.nan), "rate does not fit"),
        (lambda: optim.Adam(np.zeros(2)).load(optim.Lion(np.zeros(2)).state()), "state of another rule"),
        (lambda: optim.Adam(np.zeros(2)).load(optim.Adam(np.zeros(3)).state()), "state of another rule"),
    ],
)
def test_wrong_input_says_what_is_wrong(act: Callable[[], Any], said: str) -> None:
    with pytest.raises(WrongInput, match=said):
        act()
