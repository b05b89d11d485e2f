"""kit.optim beside torch.optim: the same steps for any hyper-parameters, in float64 and float32."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.kit import optim

SHARES = st.sampled_from([0.0, 0.3, 0.5, 0.9, 0.95, 0.99, 0.999])
EPS = st.sampled_from([1e-10, 1e-8, 1e-3])
DECAYS = st.sampled_from([0.0, 1e-4, 0.1, 1.0])
BETAS = st.tuples(SHARES, SHARES)
RULES: dict[str, tuple[Callable[..., optim.Rule], Callable[..., Any], dict[str, Any], tuple[str, ...]]] = {
    "sgd": (
        lambda theta, decay: optim.SGD(theta, decay=decay),
        lambda p, lr, decay: torch.optim.SGD(p, lr, weight_decay=decay),  # without memory, L2 and decoupled agree
        {}, ("decay",),
    ),
    "momentum": (
        lambda theta, beta: optim.Momentum(theta, beta),
        lambda p, lr, beta: torch.optim.SGD(p, lr, momentum=beta), {"beta": SHARES}, (),
    ),
    "nesterov": (
        lambda theta, beta: optim.Momentum(theta, beta, nesterov=True),
        lambda p, lr, beta: torch.optim.SGD(p, lr, momentum=beta, nesterov=True),
        {"beta": SHARES.filter(bool)}, (),
    ),
    "adagrad": (
        lambda theta, eps: optim.AdaGrad(theta, eps),
        lambda p, lr, eps: torch.optim.Adagrad(p, lr, eps=eps), {"eps": EPS}, (),
    ),
    "rmsprop": (
        lambda theta, alpha, eps: optim.RMSProp(theta, alpha, eps),
        lambda p, lr, alpha, eps: torch.optim.RMSprop(p, lr, alpha, eps), {"alpha": SHARES, "eps": EPS}, (),
    ),
    "adadelta": (
        lambda theta, rho, eps: optim.AdaDelta(theta, rho, eps),
        lambda p, lr, rho, eps: torch.optim.Adadelta(p, lr, rho, eps), {"rho": SHARES, "eps": EPS}, (),
    ),
    "adam": (
        lambda theta, betas, eps: optim.Adam(theta, *betas, eps),
        lambda p, lr, betas, eps: torch.optim.Adam(p, lr, betas, eps), {"betas": BETAS, "eps": EPS}, (),
    ),
    "adamw": (
        lambda theta, betas, eps, decay: optim.Adam(theta, *betas, eps, decay=decay),
        lambda p, lr, betas, eps, decay: torch.optim.AdamW(p, lr, betas, eps, weight_decay=decay),
        {"betas": BETAS, "eps": EPS}, ("decay",),
    ),
    "adamax": (
        lambda theta, betas, eps: optim.Adamax(theta, *betas, eps),
        lambda p, lr, betas, eps: torch.optim.Adamax(p, lr, betas, eps), {"betas": BETAS, "eps": EPS}, (),
    ),
    "nadam": (
        lambda theta, betas, eps, more, decay: optim.NAdam(theta, *betas, eps, momentum_decay=more, decay=decay),
        lambda p, lr, betas, eps, more, decay: torch.optim.NAdam(
            p, lr, betas, eps, decay, momentum_decay=more, decoupled_weight_decay=True
        ),
        {"betas": BETAS, "eps": EPS, "more": st.sampled_from([0.0, 4e-3, 0.5])}, ("decay",),
    ),
    "radam": (
        lambda theta, betas, eps, decay: optim.RAdam(theta, *betas, eps, decay=decay),
        lambda p, lr, betas, eps, decay: torch.optim.RAdam(p, lr, betas, eps, decay, decoupled_weight_decay=True),
        {"betas": BETAS, "eps": EPS}, ("decay",),
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def doubles() -> Iterator[None]:
    """torch's NAdam keeps its product of momenta in the default type."""
    kept = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(kept)


@pytest.mark.parametrize("name", RULES)
@given(draw=st.data())
@settings(max_examples=20, deadline=None)
def test_fifty_steps_are_those_of_torch(name: str, draw: st.DataObject) -> None:
    make, peer, options, more = RULES[name]
    given_ = {key: draw.draw(values, label=key) for key, values in options.items()}
    given_ |= {key: draw.draw(DECAYS, label=key) for key in more}
    rate = draw.draw(st.sampled_from([1e-4, 1e-2, 0.1]), label="rate")
    scale = draw.draw(st.sampled_from([1e-4, 1.0, 10.0]), label="scale")
    rng = np.random.default_rng(draw.draw(st.integers(0, 2**32 - 1), label="seed"))
    for dtype, close in ((np.float64, 1e-12), (np.float32, 2e-5)):
        theta = rng.normal(size=12).astype(dtype)
        parameter = torch.nn.Parameter(torch.from_numpy(theta.copy()))
        ours, theirs = make(theta, **given_), peer([parameter], rate, **given_)
        far = np.ones(12)  # a step of g / eps goes far and comes back: rounding is that of the way, not of its end
        for step in range(50):
            g = (scale * rng.normal(size=12)).astype(dtype)
            if step % 10 == 3:
                g[:4] = 0.0
            ours.step(g, rate)
            parameter.grad = torch.from_numpy(g)
            theirs.step()
            far = np.maximum(far, np.abs(theta))
        np.testing.assert_allclose(theta / far, parameter.detach().numpy() / far, rtol=0, atol=2 * close)
