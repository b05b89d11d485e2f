"""Questions about mathematics: algebra, calculus, optimization."""

from __future__ import annotations

import random

from castalia.roadmap.bank import of_ma_chance as of_ma_chance
from castalia.roadmap.bank import of_ma_convex as of_ma_convex
from castalia.roadmap.bank.question import Question, choice, number, times
from castalia.roadmap.bank.shelf import asks


def _line(a: int, b: int) -> str:
    """``a x + b`` as one writes it."""
    return times(a, "x") if b == 0 else f"{times(a, 'x')} {'+' if b > 0 else '-'} {abs(b)}"


@asks("ma01")
def larger_eigenvalue(rng: random.Random) -> Question:
    """Eigenvalues of a symmetric 2 by 2 matrix."""
    x, y = rng.choice(((1, 1), (2, 1), (1, 2), (3, 1)))
    low, step = rng.randint(-3, 3), rng.randint(1, 4)
    # low I + step v vᵀ has the eigenvalues low and low + step v·v.
    a, b, d = low + step * x * x, step * x * y, low + step * y * y
    return number(
        f"What is the largest eigenvalue of [[{a}, {b}], [{b}, {d}]]?",
        low + step * (x * x + y * y),
        f"The trace {a + d} is their sum and the determinant {a * d - b * b} their product: solve λ² - {a + d} λ + "
        f"({a * d - b * b}) = 0.",
    )


@asks("ma01")
def length_of_a_projection(rng: random.Random) -> Question:
    """The share of a vector along another."""
    u = rng.choice(((3, 4), (6, 8), (-3, 4), (4, -3)))
    v = (rng.randint(1, 9), rng.randint(1, 9))
    dot = u[0] * v[0] + u[1] * v[1]
    size = round((u[0] ** 2 + u[1] ** 2) ** 0.5)
    return number(
        f"v = {v} is projected at right angles onto the line through 0 and u = {u}. How far from 0 does it arrive?",
        abs(dot) / size,
        f"|u · v| / |u| = {abs(dot)} / {size}.",
    )


@asks("ma01")
def solutions_of_a_system(rng: random.Random) -> Question:
    """Rank says how many solutions there are."""
    a, b, k = rng.randint(1, 5), rng.randint(1, 5), rng.randint(2, 4)
    c = rng.randint(1, 9)
    same = rng.random() < 0.5
    d = k * c if same else k * c + rng.randint(1, 3)
    says = {
        "none": "The left side is the same equation twice, and the right sides contradict each other.",
        "infinitely many": "The second equation is the first one times a number: one equation for two unknowns.",
        "exactly one": "For that the two rows would have to point in different directions.",
        "exactly two": "Linear equations have none, one, or infinitely many solutions: lines do not meet twice.",
    }
    right = "infinitely many" if same else "none"
    wrong = [(text, why if text.startswith("exactly") else f"Compare the right sides, {c} and {d}, as well: "
              f"the rows differ by the factor {k}.") for text, why in says.items() if text != right]  # fmt: skip
    return choice(
        rng,
        f"How many solutions has the system {times(a, 'x')} + {times(b, 'y')} = {c} and {k * a} x + {k * b} y = {d}?",
        (right, says[right]), wrong,
    )  # fmt: skip


@asks("ma02")
def chain_rule(rng: random.Random) -> Question:
    """d/dx of (a x + b)^2 at a point."""
    a, b, x = rng.randint(2, 5), rng.randint(-4, 4), rng.randint(1, 4)
    inner = _line(a, b)
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


@asks("ma02")
def gradient_of_a_quadratic_form(rng: random.Random) -> Question:
    """The gradient of xᵀ A x is (A + Aᵀ) x."""
    a, b, c, d = (rng.randint(-3, 5) for _ in range(4))
    x, y = rng.randint(1, 4), rng.randint(-3, 3)
    return number(
        f"f(x) = xᵀ A x with A = [[{a}, {b}], [{c}, {d}]]. What is the first component of its gradient at x = ({x}, "
        f"{y})?",
        2 * a * x + (b + c) * y,
        "The gradient is (A + Aᵀ) x; it is 2 A x only where A is symmetric.",
        within=0,
    )


@asks("ma03")
def largest_product(rng: random.Random) -> Question:
    """A constrained maximum, with a multiplier."""
    a, b = rng.choice(((1, 1), (2, 1), (1, 3), (2, 3)))
    s = 12 * rng.randint(1, 4)
    return number(
        f"What is the largest value of x y where {times(a, 'x')} + {times(b, 'y')} = {s}?",
        s * s / (4 * a * b),
        f"Lagrange: y = {times(a, 'λ')} and x = {times(b, 'λ')}, so {times(a, 'x')} = {times(b, 'y')} = {s} / 2.",
    )


@asks("ma03")
def kind_of_critical_point(rng: random.Random) -> Question:
    """Signs of the second derivatives."""
    right, (a, b, c) = rng.choice((
        ("a minimum", (rng.randint(2, 4), 1, rng.randint(2, 4))),
        ("a maximum", (-rng.randint(2, 4), 1, -rng.randint(2, 4))),
        ("a saddle", (rng.randint(1, 2), rng.randint(4, 6), rng.randint(1, 2))),
        ("a saddle", (rng.randint(1, 3), 1, -rng.randint(1, 3))),
    ))  # fmt: skip
    says = {
        "a minimum": "Then both eigenvalues of the Hessian would be positive.",
        "a maximum": "Then both eigenvalues of the Hessian would be negative.",
        "a saddle": "Then the Hessian would have eigenvalues of both signs, and a negative determinant.",
        "none of these": "At 0 both first derivatives are 0 and the Hessian's determinant is not, so it is decided.",
    }
    y_squared = f"{'+' if c > 0 else '-'} {times(abs(c), 'y²')}"
    hessian = f"The Hessian is [[{2 * a}, {b}], [{b}, {2 * c}]], with determinant {4 * a * c - b * b}"
    return choice(
        rng,
        f"What does f(x, y) = {times(a, 'x²')} + {times(b, 'x y')} {y_squared} have at (0, 0)?",
        (right, f"{hessian}: negative for a saddle, else the sign of the corner {2 * a} decides."),
        [(text, why) for text, why in says.items() if text != right],
    )


@asks("ma03")
def integral_over_a_triangle(rng: random.Random) -> Question:
    """A double integral whose inner limit depends on the outer one."""
    a, k = rng.choice((2, 3, 4, 6)), rng.randint(1, 5)
    return number(
        f"Integrate f(x, y) = {times(k, 'y')} over the triangle 0 ≤ x ≤ {a}, 0 ≤ y ≤ x. What comes out?",
        k * a**3 / 6,
        f"Inside: {times(k, 'x²')} / 2 from y = 0 to x. Then over x from 0 to {a}: {k} · {a}³ / 6.",
    )


@asks("ma04")
def largest_step(rng: random.Random) -> Question:
    """Where gradient descent begins to diverge."""
    a, b = rng.sample(range(1, 21), 2)
    return number(
        f"Gradient descent with a fixed step size runs on f(x, y) = {times(a, 'x²')} + {times(b, 'y²')}. "
        "Above which step size does it diverge?",
        2 / (2 * max(a, b)),
        f"The largest curvature is L = {2 * max(a, b)}, twice the larger factor, and the border is 2 / L.",
    )


@asks("ma04")
def step_with_momentum(rng: random.Random) -> Question:
    """Two steps of heavy-ball momentum."""
    a, x, beta, eta = rng.randint(1, 4), rng.randint(2, 10), rng.choice((0.5, 0.9)), rng.choice((0.1, 0.05))
    velocity, place = 0.0, float(x)
    for _ in range(2):
        velocity = beta * velocity + 2 * a * place
        place -= eta * velocity
    return number(
        f"f(x) = {times(a, 'x²')}. Momentum: v ← {beta} v + f'(x), then x ← x - {eta} v, from x = {x} and v = 0. "
        "What is x after two steps?",
        round(place, 9),
        f"First v = {2 * a * x}; the second v adds {beta} of it to the new gradient.",
    )


@asks("ma04")
def shrinking_of_the_error(rng: random.Random) -> Question:
    """The condition number says how fast it goes."""
    low, ratio = rng.randint(1, 3), rng.choice((3, 4, 9, 19))
    return number(
        f"A quadratic function has a Hessian with eigenvalues {low} and {low * ratio}. Gradient descent takes the best "
        "fixed step size. By which factor does the distance to the minimum shrink in each step, at worst?",
        (ratio - 1) / (ratio + 1),
        f"With step 2 / ({low} + {low * ratio}) both directions shrink by (κ - 1) / (κ + 1), and κ = {ratio}.",
    )
