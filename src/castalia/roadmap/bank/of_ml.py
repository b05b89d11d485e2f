"""Questions about machine learning: models and features."""

from __future__ import annotations

import math
import random

from castalia.roadmap.bank import of_ml_judged as of_ml_judged
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("ml01")
def logistic_answer(rng: random.Random) -> Question:
    """From weights to a probability."""
    a, b, x, c = rng.randint(1, 3), rng.randint(-2, 2), rng.randint(-2, 2), rng.randint(-2, 2)
    z = a * x + b * 2 + c
    return number(
        f"A logistic regression has weights ({a}, {b}) and intercept {c}. Which probability does it give the row "
        f"({x}, 2)? "
        "Use Python if you like.",
        1 / (1 + math.exp(-z)),
        f"z = {z}, and the probability is 1 / (1 + exp(-z)).",
        within=0.02,
    )


@asks("ml01")
def slope_through_points(rng: random.Random) -> Question:
    """Least squares with one feature."""
    x = rng.choice(([0, 1, 5], [1, 2, 6], [0, 4, 5], [-1, 0, 4], [-2, 0, 5]))  # a mean that is whole
    middle, below = sum(x) // 3, sum((a - sum(x) // 3) ** 2 for a in x)
    top = ends = 0
    while top == 0 or top * (x[2] - x[0]) == ends * below:  # flat, or as steep as from the first to the last point
        y = [rng.randint(0, 9) for _ in range(3)]
        top, ends = sum((a - middle) * b for a, b in zip(x, y, strict=True)), y[2] - y[0]
    return number(
        f"A line with intercept is fitted by least squares to x = {x}, y = {y}. What is its slope?",
        top / below,
        "The sum of (x - mean of x) · (y - mean of y), over the sum of (x - mean of x)².",
    )


@asks("ml01")
def loss_of_two_rows(rng: random.Random) -> Question:
    """Log loss is a mean over rows, of what the truth got."""
    p, q = rng.choice((0.6, 0.7, 0.8, 0.9)), rng.choice((0.1, 0.2, 0.3, 0.4, 0.6))
    return number(
        f"A model says P(y = 1) = {p} for a row with y = 1, and {q} for a row with y = 0. "
        "What is the mean log loss (natural logarithm)?",
        -(math.log(p) + math.log(1 - q)) / 2,
        f"-(ln {p} + ln {1 - q:g}) / 2: each row counts the probability of what was true.",
        within=0.02,
    )


@asks("ml02")
def centre_after_a_step(rng: random.Random) -> Question:
    """One round of k-means."""
    low, high = rng.randint(0, 4), rng.randint(14, 20)
    some = sorted(rng.sample(range(21), 6))
    near = [each for each in some if abs(each - low) < abs(each - high)]
    if not near or len(near) == 6 or any(abs(each - low) == abs(each - high) for each in some):
        some, low, high = [1, 2, 6, 11, 15, 19], 2, 17
        near = [1, 2, 6]
    return number(
        f"k-means on the numbers {some} has centres {low} and {high}. Where is the first centre after one round?",
        sum(near) / len(near),
        f"Nearest to {low} are {near}; the centre goes to their mean.",
    )


@asks("ml02")
def share_of_components(rng: random.Random) -> Question:
    """Explained variance of PCA."""
    values = sorted((rng.randint(1, 20) for _ in range(5)), reverse=True)
    k = rng.randint(1, 3)
    return number(
        f"The covariance matrix of centred data has the eigenvalues {values}. Which share of the variance do the first "
        f"{k} principal components keep?",
        sum(values[:k]) / sum(values),
        "Eigenvalues are variances along the components: those kept over the sum of all.",
    )


@asks("ml02")
def units_of_features(rng: random.Random) -> Question:
    """Distances are made by what has large numbers."""
    name, unit = rng.choice((("income", "$ a year"), ("weight", "grams"), ("distance", "metres")))
    return choice(
        rng,
        f"k-means groups customers by age in years and {name} in {unit}. The groups are the same as without the age. "
        "What is the cause?",
        (
            f"Distances consist of {name}, whose numbers are larger",
            "Squared differences of thousands drown those of tens; scale the features first.",
        ),
        [
            ("The number of groups is too small for two features", "More groups would split the same one feature."),
            (
                "The starting centres were drawn without any seed",
                "Other starts give other groups, not other distances.",
            ),
            (
                f"Age and {name} are correlated, and k-means forbids it",
                "k-means runs with correlated features as well.",
            ),
        ],
    )


@asks("ml03")
def gain_of_a_split(rng: random.Random) -> Question:
    """Gini impurity before and after."""
    a, b = rng.randint(4, 8), rng.randint(4, 8)
    left = (rng.randint(a - 2, a), rng.randint(0, 1))
    right = (a - left[0], b - left[1])

    def gini(row: tuple[int, int]) -> float:
        return 1 - sum((each / sum(row)) ** 2 for each in row)

    n = a + b
    after = (sum(left) * gini(left) + sum(right) * gini(right)) / n
    return number(
        f"A node has {a} rows of class A and {b} of class B. A split sends {left[0]} A and {left[1]} B to the left. "
        "By how much does the Gini impurity fall (children weighted by rows)? Use Python if you like.",
        gini((a, b)) - after,
        f"{gini((a, b)):.4f} before, less the children's {gini(left):.4f} and {gini(right):.4f} weighted by "
        f"{sum(left)}/{n} and {sum(right)}/{n}.",
        within=0.02,
    )


@asks("ml03")
def variance_of_a_forest(rng: random.Random) -> Question:
    """Averaging helps as far as trees differ."""
    s, rho, n = rng.choice((1, 4, 9)), rng.choice((0.1, 0.25, 0.5)), rng.choice((10, 50, 100))
    return number(
        f"The predictions of {n} trees each have variance {s}, and any two have correlation {rho}. "
        "What is the variance of their mean?",
        rho * s + (1 - rho) * s / n,
        f"ρ σ² + (1 - ρ) σ² / n: more trees never bring it below {rho * s:g}.",
    )


@asks("ml03")
def step_of_boosting(rng: random.Random) -> Question:
    """A boosted model adds a share of a tree fitted to residuals."""
    base, rate, y = rng.randint(10, 30), rng.choice((0.1, 0.2, 0.5)), rng.randint(40, 80)
    return number(
        f"Gradient boosting with squared error predicts {base} for a row with target {y}. In each round the new tree "
        f"hits "
        f"the row's residual exactly, and the learning rate is {rate}. What is the prediction after two more rounds?",
        y - (y - base) * (1 - rate) ** 2,
        f"Each round takes off {rate} of what is left of the residual {y - base}.",
    )


@asks("ml04")
def columns_after_encoding(rng: random.Random) -> Question:
    """Columns after one-hot encoding."""
    a, b, c = rng.randint(3, 12), rng.randint(3, 12), rng.randint(2, 9)
    return number(
        f"A table has {c} numeric columns and two categorical ones, with {a} and {b} values, none missing. Both are "
        f"one-hot "
        "encoded, the first value of each dropped. How many columns are there then?",
        c + a - 1 + b - 1,
        f"{c} + ({a} - 1) + ({b} - 1): the two categorical columns themselves go.",
        within=0,
    )


@asks("ml04")
def smoothed_target(rng: random.Random) -> Question:
    """Target encoding of a rare value."""
    n, m, whole = rng.randint(1, 5), rng.choice((5, 10, 20)), rng.choice((0.1, 0.2, 0.3))
    k = rng.randint(1, n)
    return number(
        f"Target encoding with smoothing: the mean of all rows, {whole}, counts as {m} extra rows. "
        f"A city has {n} rows, {k} of them positive. Which number stands for the city?",
        (k + m * whole) / (n + m),
        f"({k} + {m} · {whole}) / ({n} + {m}): few rows hardly move it from the mean.",
    )


@asks("ml04")
def feature_from_the_future(rng: random.Random) -> Question:
    """A feature that is made after the target."""
    case, leak, fine = rng.choice((
        ("whether a customer will cancel next month", "reason that was given when cancelling",
         ("days since the first order", "mean price of past orders", "country of the billing address")),
        ("on admission whether a patient will die in hospital", "length of the whole stay, in days",
         ("age on admission", "blood pressure on arrival", "earlier stays in that hospital")),
        ("at the time of the application whether a loan will be paid back",
         "number of reminders that were sent for the loan",
         ("income in the application", "loans paid back before", "months at the present job")),
    ))  # fmt: skip
    return choice(
        rng,
        f"A model should predict {case}. Which column must not be a feature?",
        (leak, "It is known only after what is predicted: the model would never have it in use."),
        [(each, "It is known at the time of the prediction.") for each in fine],
    )


@asks("ml04")
def hours_in_a_circle(rng: random.Random) -> Question:
    """Cyclic features."""
    a, b = rng.randint(20, 23), rng.randint(0, 4)
    gap = (b - a) % 24
    return number(
        f"Hours are encoded as (sin(2πh/24), cos(2πh/24)). How far apart are {a} h and {b} h then? Python is fine.",
        2 * math.sin(math.pi * gap / 24),
        f"They are {gap} h apart on the circle: 2 sin(π · {gap} / 24), not {a - b} as plain numbers.",
        within=0.02,
    )
