"""Questions about mathematics."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("ma02")
def chain_rule(rng: random.Random) -> Question:
    """d/dx of (a x + b)^2 at a point."""
    a, b, x = rng.randint(2, 5), rng.randint(-4, 4), rng.randint(1, 4)
    inner = f"{a} x {'+' if b >= 0 else '-'} {abs(b)}"
    return number(
        f"f(x) = ({inner})². What is f'({x})?",
        2 * a * (a * x + b),
        f"The chain rule: 2 · ({inner}) · {a}, at x = {x}.",
        within=0,
    )


@asks("ma02")
def shape_of_gradient(rng: random.Random) -> Question:
    """The gradient of a scalar has the shape of what it is taken by."""
    n, d = rng.sample(range(3, 9), 2)
    return choice(
        rng,
        f"L = sum((X W)²) with X of shape ({n}, {d}) and W of shape ({d}, 2). Which shape has ∂L/∂W?",
        (f"({d}, 2)", "The gradient of a number by an array has the array's shape."),
        [
            (f"({n}, 2)", "That is the shape of X W, whose gradient is a step on the way."),
            (f"(2, {d})", "That is W's transpose; a gradient is not transposed."),
            (f"({n}, {d})", "That is the shape of X, and of ∂L/∂X."),
        ],
    )
