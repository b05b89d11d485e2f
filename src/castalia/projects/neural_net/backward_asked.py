"""M2: what is asked of the way back: the gradient of every layer, on the odd shapes where they go wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from castalia.core.contract import Claim, Subject, equal
from castalia.projects.neural_net import expected, forward_asked

Array = np.ndarray[Any, Any]
SIZES = (1, 2, 3, 4, 6, 8)
NAMES = ("x", "weight", "bias")

# --- what the claims make ------------------------------------------------------------------------


def rows(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array]:
    x, weight, bias = forward_asked.rows(rng, size)
    return x, weight, np.asarray(rng.normal(size=(len(x), len(bias))))


def numbers(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    x = rng.normal(size=(size, int(rng.integers(1, 4)))) * rng.choice([0.1, 1.0, 5.0])
    return x, rng.normal(size=x.shape)


def images(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array, int, int]:
    x, weight, _, stride, padding = forward_asked.images(rng, min(size, 4))
    shape = (len(x), len(weight), *expected.places(x, weight, stride, padding))
    return x, weight, rng.normal(size=shape), stride, padding


def pools(rng: np.random.Generator, size: int) -> tuple[Array, int, Array]:
    x, window = forward_asked.pools(rng, size)
    return x, window, np.asarray(rng.normal(size=expected.max_pool(x, window).shape))


# --- what must hold ------------------------------------------------------------------------------


def three(got: Any, wanted: tuple[Array, Array, Array], what: str, scales: tuple[float, float, float]) -> None:
    """The gradients by x, weight and bias; a sum may cancel, so the floor of the tolerance is the size of its terms."""
    for name, mine, theirs, scale in zip(NAMES, got, wanted, scales, strict=True):
        equal(mine, theirs, 1e-9, f"the gradient of {what} by {name}", scale=scale)


def dense_goes_back(subject: Subject, x: Array, weight: Array, gradient: Array) -> None:
    wanted = gradient @ weight.T, x.T @ gradient, gradient.sum(axis=0)
    three(subject.call("dense_backward", x, weight, gradient), wanted, "dense", (1.0, 1.0, 1.0))


def activations_go_back(subject: Subject, x: Array, gradient: Array) -> None:
    for name in expected.ACTIVATIONS:
        got = subject.call("activate_backward", name, x, gradient)
        equal(got, gradient * expected.slope(name, x), 1e-9, f"activate_backward({name!r}, x, gradient)", scale=1e-3)


def convolution_goes_back(
    subject: Subject, x: Array, weight: Array, gradient: Array, stride: int, padding: int
) -> None:
    wanted = expected.convolve_backward(x, weight, gradient, stride, padding)
    got = subject.call("convolve_backward", x, weight, gradient, stride, padding)
    three(got, wanted, f"convolve with stride {stride} and padding {padding}", (1.0, 1.0, 1.0))
    if (stride, padding) == (1, 0):
        three(subject.call("convolve_backward", x, weight, gradient), wanted, "convolve as it is", (1.0, 1.0, 1.0))


CLAIMS = (
    Claim(
        id="dense_gradient",
        words="dense_backward gives the gradients by x, weight and bias, summed over the batch.",
        topics={"dl03": 0.6, "ma02": 0.4},
        at="dense_backward",
        make=rows,
        holds=dense_goes_back,
        edges=(lambda: (np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([[5.0]])),),
        cases=10,
        sizes=SIZES,
        hints=(
            "Which shape must each of the three have, and which products have it?",
            "Write y for one row and one unit as a sum, and differentiate by one weight; then by one input.",
            "Every row adds its share to weight and bias: none is averaged here. Two of the factors are transposed.",
        ),
    ),
    Claim(
        id="activation_gradients",
        words="activate_backward multiplies the gradient by the slope of the activation at x.",
        topics={"dl03": 0.5, "ma03": 0.5},
        at="activate_backward",
        make=numbers,
        holds=activations_go_back,
        edges=(
            lambda: (np.array([[-2.0, 0.0, 2.0]]), np.array([[1.0, 1.0, 1.0]])),
            lambda: (np.array([[-1e4, -60.0, 60.0, 1e4]]), np.array([[1.0, -2.0, 3.0, 4.0]])),
        ),
        cases=10,
        sizes=SIZES,
        hints=(
            "Is your slope that of x, or of y = activation(x)?",
            "Compare with (activate(x + h) - activate(x - h)) / 2h for h = 1e-5, name by name.",
            "Sigmoid: y (1 - y). Tanh: 1 - y^2. SiLU and GELU are products: two terms. ReLU at 0: the interface says.",
        ),
    ),
    Claim(
        id="convolution_gradient",
        words="convolve_backward gives the gradients by x, weight and bias for every stride, padding and filter shape.",
        topics={"cv01": 0.5, "dl03": 0.5},
        at="convolve_backward",
        make=images,
        holds=convolution_goes_back,
        cases=20,
        sizes=SIZES,
        edges=(
            lambda: (
                np.arange(9.0).reshape(1, 1, 3, 3),
                np.arange(4.0).reshape(1, 1, 2, 2),
                np.eye(2)[None, None],
                1,
                0,
            ),
            lambda: (
                np.arange(30.0).reshape(1, 1, 5, 6),
                np.array([[[[1.0, 2.0, 3.0]]]]),
                np.arange(12.0).reshape(1, 1, 4, 3),
                2,
                1,
            ),
        ),
        hints=(
            "Which numbers of the answer did x[0, 0, 1, 1] take part in, and with which weight?",
            "Go round the places of the filter: at each, a strided part of the padded image met one weight.",
            "Lay gradients down where the window lay: padded image, step of stride. Cut the padding off at the end.",
        ),
    ),
    Claim(
        id="pooling_gradient",
        words="max_pool_backward hands the gradient of a window to its first largest number, and to no other.",
        topics={"cv01": 0.5, "dl03": 0.5},
        function="max_pool_backward",
        make=pools,
        oracle=expected.max_pool_backward,
        rows=(0, 2),
        cases=12,
        sizes=SIZES,
        edges=(
            lambda: (np.zeros((1, 1, 2, 2)), 2, np.ones((1, 1, 1, 1))),
            lambda: (np.arange(15.0).reshape(1, 1, 3, 5), 2, np.array([[[[1.0, 2.0]]]])),
        ),
        hints=(
            "By how much does the answer move when a number moves that is not the largest?",
            "What happens with two equal largest numbers: who gets the gradient, and how often?",
            "argmax finds the first. What was dropped at the end of rows and columns has the gradient 0.",
        ),
    ),
)
