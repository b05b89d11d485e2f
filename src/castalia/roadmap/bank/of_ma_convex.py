"""Questions about mathematics: convex optimization and numbers in a computer."""

from __future__ import annotations

import math
import random

from castalia.roadmap.bank.question import Question, choice, number, times
from castalia.roadmap.bank.shelf import asks


@asks("ma09")
def convex_or_not(rng: random.Random) -> Question:
    """Which function is convex everywhere."""
    a = rng.randint(2, 5)
    right, why = rng.choice((
        (f"max(x², {a} x)", "A maximum of convex functions is convex."),
        (f"|x - {a}| + x²", "A sum of convex functions is convex."),
        (f"exp({a} x) - x", "The second derivative is positive everywhere, and a linear part changes nothing."),
        (f"ln(1 + exp({a} x))", "Its second derivative is positive everywhere: it is the logistic loss."),
    ))  # fmt: skip
    return choice(
        rng,
        "Which of these functions of one variable is convex on the whole line?",
        (right, why),
        [
            (f"min(x², {a} x)", "A minimum of convex functions has a corner that bends the wrong way."),
            (f"x³ + {a} x²", "The second derivative is negative far to the left."),
            (f"x⁴ - {a} x²", "It has two valleys with a hill at 0 between them."),
        ],
    )


@asks("ma09")
def soft_threshold(rng: random.Random) -> Question:
    """The minimum of a square and an absolute value."""
    c, t = rng.choice((-1, 1)) * rng.randint(2, 9), rng.randint(1, 6)
    return number(
        f"Which x makes ½ (x {'-' if c > 0 else '+'} {abs(c)})² + {t} |x| smallest?",
        max(0, abs(c) - t) * (1 if c > 0 else -1),
        f"Soft thresholding: {c} goes {t} towards 0 and stops there.",
        within=1e-9,
    )


@asks("ma09")
def price_of_a_constraint(rng: random.Random) -> Question:
    """A multiplier, by the KKT conditions."""
    a, c = rng.randint(1, 5), rng.randint(1, 6)
    active = rng.random() < 0.75
    c = c if active else -c
    return number(
        f"Minimize {times(a, 'x²')} subject to x ≥ {c}. Which Lagrange multiplier λ ≥ 0 has the constraint at the "
        f"optimum (L = {times(a, 'x²')} + λ ({c} - x))?",
        max(0, 2 * a * c),
        "Where the constraint holds the optimum back, f'(x) = λ there; where it does not, λ = 0.",
        within=1e-9,
    )


@asks("ma09")
def onto_a_ball(rng: random.Random) -> Question:
    """Projection onto a ball."""
    (a, b), r = rng.choice(((3, 4), (6, 8), (5, 12), (8, 6))), rng.choice((1, 2, 2.5))
    size = math.hypot(a, b)
    return number(
        f"The point ({a}, {b}) is projected onto the disc of radius {r} around 0. What is its first coordinate then?",
        a * r / size,
        f"Outside of the disc it is drawn straight to the border: times {r} / {size:g}.",
    )


@asks("ma10")
def step_of_newton(rng: random.Random) -> Question:
    """One step of Newton's method for a root."""
    a, x = rng.choice((2, 3, 5, 7, 10)), rng.choice((1, 2, 3, 4))
    return number(
        f"Newton's method looks for a root of f(x) = x² - {a}, from x = {x}. What is x after one step?",
        x - (x * x - a) / (2 * x),
        f"x - f(x) / f'(x) = {x} - ({x * x - a}) / {2 * x}.",
    )


@asks("ma10")
def end_of_exact_numbers(rng: random.Random) -> Question:
    """A float has so many binary digits."""
    k = rng.choice((25, 26, 27))
    gap = 2 ** (k - 23)
    add = rng.randint(1, gap - 1)  # never exact, as whoever knows nothing of rounding would be right then
    up = add / gap > 0.5
    return number(
        "What is printed?",
        gap if up else 0,
        f"float32 has 24 binary digits: from 2^{k} on its numbers are {gap} apart; a sum goes to the nearest.",
        code=f"import numpy as np\n\nx = np.float32(2**{k})\nprint(float((x + np.float32({add})) - x))",
        within=0,
    )


@asks("ma10")
def by_trapezoids(rng: random.Random) -> Question:
    """The trapezoid rule with two pieces."""
    k, b = rng.randint(1, 4), rng.choice((2, 4))
    step = b / 2
    return number(
        f"What does the trapezoid rule with two equal pieces give for the integral of {times(k, 'x²')} from 0 to {b}?",
        step * (0 + 2 * k * step**2 + k * b**2) / 2,
        f"Width {step:g} times (f(0) / 2 + f({step:g}) + f({b}) / 2); it is too large for a function that curves up.",
    )


@asks("ma10")
def lost_digits(rng: random.Random) -> Question:
    """Subtraction of nearly equal numbers."""
    e = rng.randint(9, 12)
    return choice(
        rng,
        f"For x = 1e-{e} the line (1 - cos(x)) / x**2 gives 0.0, though it should be 0.5. Which form is right for "
        f"small x?",
        (
            "2 * sin(x / 2)**2 / x**2",
            "The same by trigonometry, without subtracting two numbers that agree in all digits.",
        ),
        [
            ("(1 - cos(x)) / x / x", "cos(x) is rounded to 1 first; how one divides 0 does not matter."),
            ("1 / x**2 - cos(x) / x**2", "It subtracts two huge numbers that are nearly the same."),
            ("exp(log(1 - cos(x)) - 2*log(x))", "1 - cos(x) is 0 as before, and its logarithm has no value."),
        ],
    )


@asks("ma10")
def sum_of_exponentials(rng: random.Random) -> Question:
    """log-sum-exp of large numbers."""
    a = rng.choice((1000, 2000, 5000))
    d = rng.choice((0, 1, 2))
    return number(
        f"What is ln(exp({a + d}) + exp({a})), to two decimals after the point? exp itself overflows.",
        a + d + math.log1p(math.exp(-d)),
        f"Take the larger one out: {a + d} + ln(1 + exp(-{d})).",
        within=1e-5 * 1000 / a,
    )
