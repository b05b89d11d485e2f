"""Questions about mathematics: chance and information."""

from __future__ import annotations

import math
import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("ma05")
def ill_after_a_test(rng: random.Random) -> Question:
    """Bayes' rule with a rare illness."""
    ill, found, false = rng.choice((0.5, 1, 2, 5)), rng.choice((80, 90, 95)), rng.choice((2, 5, 10))
    true = ill / 100 * found / 100
    return number(
        f"{ill} % of people have an illness. A test finds {found} % of those who have it, and is positive for {false} "
        f"% of "
        "those who do not. Somebody's test is positive. How probable is the illness, in per cent?",
        100 * true / (true + (1 - ill / 100) * false / 100),
        f"Of 10,000 people {10_000 * true:g} are ill and positive, "
        f"{10_000 * (1 - ill / 100) * false / 100:g} are well and positive.",
        within=0.02,
    )


@asks("ma05")
def at_least_one_six(rng: random.Random) -> Question:
    """The opposite is easier."""
    n, k = rng.randint(2, 5), rng.choice((4, 6, 8))
    return number(
        f"{n} fair dice with {k} sides are thrown. What is the probability of at least one {k}?",
        1 - ((k - 1) / k) ** n,
        f"1 minus the probability of none: 1 - ({k - 1}/{k})^{n}.",
    )


@asks("ma05")
def sum_of_two_dice(rng: random.Random) -> Question:
    """A conditional probability is counted among what is left."""
    least = rng.randint(3, 5)
    total = rng.randint(8, 10)
    pairs = [(a, b) for a in range(1, 7) for b in range(1, 7) if a >= least]
    return number(
        f"Two fair dice are thrown, one red, one blue. The red one shows at least {least}. "
        f"What is the probability that the sum is at least {total}?",
        sum(a + b >= total for a, b in pairs) / len(pairs),
        f"Only the {len(pairs)} pairs with that red die are possible; count among them.",
    )


@asks("ma06")
def none_in_an_hour(rng: random.Random) -> Question:
    """Poisson counts of independent events."""
    rate, hours = rng.choice((0.5, 1, 1.5, 2, 3)), rng.choice((0.5, 1, 2))
    return number(
        f"Failures come independently of each other, {rate} an hour on average. "
        f"What is the probability of none within {hours} h? Use Python if you like.",
        math.exp(-rate * hours),
        f"Their number is Poisson with mean {rate * hours:g}; none has probability exp(-{rate * hours:g}).",
        within=0.02,
    )


@asks("ma06")
def spread_of_a_count(rng: random.Random) -> Question:
    """The standard deviation of a binomial."""
    n, p = rng.choice(((100, 0.5), (400, 0.5), (100, 0.2), (900, 0.1), (225, 0.2), (100, 0.1)))
    return number(
        f"Each of {n} visitors buys with probability {p}, independently. "
        "What is the standard deviation of the number of buyers?",
        (n * p * (1 - p)) ** 0.5,
        f"The variance is n p (1 - p) = {n * p * (1 - p):g}; its root is asked for.",
    )


@asks("ma06")
def spread_of_a_sum(rng: random.Random) -> Question:
    """Variances add up, standard deviations do not."""
    a, b = rng.choice(((3, 4), (6, 8), (5, 12), (8, 15)))
    sign = rng.choice(("X + Y", "X - Y"))
    return number(
        f"X and Y are independent, with standard deviations {a} and {b}. What is the standard deviation of {sign}?",
        math.hypot(a, b),
        "Variances of independent variables add up, for a difference too; then comes the root.",
    )


@asks("ma06")
def which_distribution(rng: random.Random) -> Question:
    """From the story to the distribution."""
    says = {
        "binomial": "It counts successes in a fixed number of independent tries.",
        "Poisson": "It counts events that come independently at a constant rate, without an upper end.",
        "exponential": "It is the time until the next event of a constant rate.",
        "log-normal": "It is the product of many independent positive factors.",
    }
    case, right = rng.choice((
        ("The number of defects in 50 parts, each defective with probability 0.3", "binomial"),
        ("The number of cars that pass a quiet road in ten minutes", "Poisson"),
        ("The seconds until the next of many independent calls comes in", "exponential"),
        ("A share's price after 250 independent daily changes in per cent", "log-normal"),
    ))  # fmt: skip
    wrong = [(name, f"{why} That is another story.") for name, why in says.items() if name != right]
    return choice(rng, f"{case}: which distribution fits the story?", (right, says[right]), wrong)


@asks("ma07")
def mean_of_a_beta(rng: random.Random) -> Question:
    """A beta prior and counted successes."""
    a, b, n = rng.randint(1, 4), rng.randint(1, 6), rng.choice((10, 20, 40))
    k = rng.randint(1, n - 1)
    return number(
        f"The prior of a click rate is Beta({a}, {b}). Of {n} visitors {k} click. What is the posterior mean?",
        (a + k) / (a + b + n),
        f"The posterior is Beta({a + k}, {b + n - k}); its mean is the first over the sum.",
    )


@asks("ma07")
def between_prior_and_data(rng: random.Random) -> Question:
    """Normal prior, normal data: weights are precisions."""
    prior, data = rng.randint(0, 10), rng.randint(12, 30)
    s, t, n = rng.choice((1, 2, 3)), rng.choice((4, 6)), rng.choice((4, 9, 16))
    precise, exact = 1 / s**2, n / t**2
    return number(
        f"A quantity has the normal prior with mean {prior} and standard deviation {s}. {n} independent measurements, "
        f"each "
        f"with error of standard deviation {t}, have mean {data}. What is the posterior mean?",
        (prior * precise + data * exact) / (precise + exact),
        f"Weights are precisions: 1/{s}² for the prior and {n}/{t}² for the measurements.",
    )


@asks("ma07")
def odds_of_two_coins(rng: random.Random) -> Question:
    """Posterior of two hypotheses."""
    p, heads = rng.choice((0.7, 0.8, 0.9)), rng.randint(2, 4)
    share = rng.choice((0.1, 0.2, 0.5))
    biased, fair = share * p**heads, (1 - share) * 0.5**heads
    return number(
        f"A coin is biased with prior probability {share}: then it shows heads with {p}, else with 0.5. "
        f"It is thrown {heads} times and always shows heads. How probable is it now that it is biased?",
        biased / (biased + fair),
        f"{share} · {p}^{heads} against {1 - share:g} · 0.5^{heads}; divide by their sum.",
        within=0.02,
    )


@asks("ma08")
def bits_of_a_choice(rng: random.Random) -> Question:
    """Entropy in bits."""
    parts = [2, 2]
    for _ in range(rng.randint(1, 4)):  # one symbol becomes two, each with half its probability
        each = parts.pop(rng.choice([place for place, part in enumerate(parts) if part < 16]))
        parts = sorted([*parts, 2 * each, 2 * each])
    return number(
        f"A source sends symbols with probabilities {', '.join(f'1/{each}' for each in parts)}. "
        "What is its entropy in bits?",
        sum(math.log2(each) / each for each in parts),
        "Each symbol has log2(1/p) bits; weigh them by p.",
        within=0.005,
    )


@asks("ma08")
def cost_of_a_wrong_code(rng: random.Random) -> Question:
    """KL divergence of two distributions."""
    p, q = rng.choice((((0.5, 0.5), (0.25, 0.75)), ((0.5, 0.5), (0.125, 0.875)), ((0.25, 0.75), (0.5, 0.5)),
                       ((0.1, 0.9), (0.5, 0.5)), ((0.8, 0.2), (0.5, 0.5))))  # fmt: skip
    return number(
        f"p = {p} and q = {q} over the same two symbols. What is KL(p || q) in bits? Use Python if you like.",
        sum(a * math.log2(a / b) for a, b in zip(p, q, strict=True)),
        "Sum of p log2(p / q), with p as weights; KL(q || p) is another number.",
        within=0.02,
    )


@asks("ma08")
def loss_of_a_prediction(rng: random.Random) -> Question:
    """Cross-entropy of one labelled row."""
    right = rng.choice((0.1, 0.2, 0.25, 0.4, 0.6, 0.7))
    other = round((1 - right) * rng.choice((0.25, 0.5)), 3)
    probabilities = [right, other, round(1 - right - other, 3)]
    rng.shuffle(probabilities)
    return number(
        f"A classifier gives three classes the probabilities {probabilities}; the true class is the one with {right}. "
        "What is the cross-entropy loss, with the natural logarithm?",
        -math.log(right),
        f"Only the true class counts: -ln {right}.",
        within=0.02,
    )
