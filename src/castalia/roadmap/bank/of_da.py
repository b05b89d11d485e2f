"""Questions about data."""

from __future__ import annotations

import random
from statistics import median

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("da01")
def size_after_broadcasting(rng: random.Random) -> Question:
    """Shapes from the right, ones are stretched."""
    a, b, c = rng.sample(range(2, 9), 3)
    return number(
        "What is printed?",
        a * b * c,
        f"({a}, 1, {c}) and ({b}, {c}) are lined up from the right, and ones are stretched: ({a}, {b}, {c}).",
        code=f"import numpy as np\n\nx, y = np.ones(({a}, 1, {c})), np.ones(({b}, {c}))\nprint((x + y).size)",
        within=0,
    )


@asks("da01")
def slice_is_a_view(rng: random.Random) -> Question:
    """A slice shares memory, a list of places copies."""
    n, k = rng.randint(5, 8), rng.randint(2, 4)
    return number(
        "What is printed?",
        (n - 3) + 3 * k,
        "The slice is a view, so x changes with it; taking by a list of places makes a copy, and x stays.",
        code=(
            f"import numpy as np\n\nx = np.ones({n}, dtype=int)\na = x[1:4]\na[:] = {k}\n"
            f"b = x[[0, 4]]\nb[:] = {k}\nprint(x.sum())"
        ),
        within=0,
    )


@asks("da01")
def small_integers(rng: random.Random) -> Question:
    """Pixels wrap around."""
    a, b = rng.randint(150, 250), rng.randint(110, 200)
    return number(
        "What is printed?",
        a + b - 256,
        "uint8 holds 0 to 255 and wraps around without a word: 256 is taken off.",
        code=(
            f"import numpy as np\n\nx, y = np.array([{a}], np.uint8), np.array([{b}], np.uint8)\nprint(int((x + y)[0]))"
        ),
        within=0,
    )


@asks("da02")
def rows_are_matched_by_index(rng: random.Random) -> Question:
    """Series are added by label."""
    n, m = rng.randint(4, 7), rng.randint(1, 3)
    return number(
        "What is printed?",
        2 * m,
        f"Rows are matched by label, not by place. Labels in one series only, {m} at each end, become missing.",
        code=(
            f"import pandas as pd\n\na = pd.Series(1, index=range({n}))\nb = pd.Series(1, index=range({m}, {n + m}))\n"
            "print(int((a + b).isna().sum()))"
        ),
        within=0,
    )


@asks("da02")
def rows_of_a_merge(rng: random.Random) -> Question:
    """Keys that are there twice multiply rows."""
    left = rng.choices("abc", k=5)
    right = rng.choices("abd", k=4)
    many = sum(max(1, right.count(each)) for each in left)
    return number(
        "What is printed?",
        many,
        "Each left row comes once for every right row with its key, and once where there is none.",
        code=(
            f"import pandas as pd\n\nx = pd.DataFrame({{'key': {left}}})\ny = "
            f"pd.DataFrame({{'key': {right}, 'v': 1}})\n"
            "print(len(x.merge(y, on='key', how='left')))"
        ),
        within=0,
    )


@asks("da02")
def mean_of_means(rng: random.Random) -> Question:
    """A mean of group means is not the mean."""
    shop = ["a", "a", "a", "b"]
    price = [rng.randint(1, 5) * 2 for _ in range(3)] + [rng.randint(7, 12) * 6]
    return number(
        "What is printed?",
        (sum(price[:3]) / 3 + price[3]) / 2,
        "Each shop counts once, however many rows it has. The mean over all rows is another number.",
        code=(
            f"import pandas as pd\n\nd = pd.DataFrame({{'shop': {shop}, 'price': {price}}})\n"
            "print(d.groupby('shop').price.mean().mean())"
        ),
    )


@asks("da03")
def hidden_gaps(rng: random.Random) -> Question:
    """A number that means missing."""
    gap = rng.choice((-999, -1, 999))
    some = rng.sample(range(18, 80), 5)
    rows = [*some, gap, gap]
    rng.shuffle(rows)
    return number(
        f"A column of ages: {rows}. What is the median age?",
        median(some),
        f"{gap} stands for a missing value and must not take part; five ages are left.",
        within=0.001,
    )


@asks("da03")
def new_gaps(rng: random.Random) -> Question:
    """What a conversion could not read is looked at first."""
    share = rng.randint(6, 15)
    return choice(
        rng,
        f"A price column is text. pd.to_numeric(price, errors='coerce') leaves {share} % missing; nothing was missing "
        "before. What comes first?",
        (
            "Look at the texts that became missing",
            "They are prices in another notation, most likely: 1.234,50 or 12 EUR. Then they can be read.",
        ),
        [
            ("Fill the gaps with the median price", "It puts one number in place of prices that are known."),
            ("Drop the rows that became missing", "They are hardly a random part: one shop or country, often."),
            ("Put 0 where a price became missing", "Nothing says that these were free, and sums would look right."),
        ],
    )


@asks("da03")
def rows_that_stay(rng: random.Random) -> Question:
    """Order of cleaning steps: the last entry of each order counts."""
    stay = other = 0
    while stay == other:  # else the order of the steps would not matter
        ids = [rng.randint(1, 4) for _ in range(7)]
        price: list[float | None] = [float(rng.randint(1, 9)) for _ in ids]
        for place in rng.sample(range(7), 3):
            price[place] = None
        last = {id: place for place, id in enumerate(ids)}
        stay = sum(price[place] is not None for place in last.values())
        other = len({id for id, each in zip(ids, price, strict=True) if each is not None})
    return number(
        "What is printed?",
        stay,
        "First the last row of each id is kept, then those without a price go; the other way round leaves more.",
        code=(
            f"import pandas as pd\n\nd = pd.DataFrame({{'id': {ids},\n                  'price': {price}}})\n"
            "print(len(d.drop_duplicates('id', keep='last').dropna()))"
        ),
        within=0,
    )


@asks("da04")
def slope_on_log_axes(rng: random.Random) -> Question:
    """A power law is a straight line on two logarithmic axes."""
    power, c, k = rng.choice((0.5, 1.5, 2, 3, -1, -2)), rng.randint(2, 5), rng.choice((4, 100))
    return number(
        f"On a plot with two logarithmic axes all points lie on a straight line through (1, {c}) and "
        f"({k}, {c * k**power:g}). So y = a xᵇ. What is b?",
        power,
        "b is the slope between logarithms: log(y2 / y1) / log(x2 / x1).",
    )


@asks("da04")
def cut_off_bars(rng: random.Random) -> Question:
    """A bar that does not begin at zero."""
    begin = rng.choice((80, 90, 60))
    a = begin + rng.randint(2, 4)
    b = begin + rng.randint(6, 12)
    return number(
        f"A bar chart's axis begins at {begin}. Two bars stand for {a} and {b}. How many times as long as the first "
        "bar is the second one on the screen?",
        (b - begin) / (a - begin),
        f"Drawn is only what is above {begin}, so the eye compares {a - begin} with {b - begin}.",
    )


@asks("da04")
def too_many_points(rng: random.Random) -> Question:
    """What a full scatter plot hides."""
    n = rng.choice((200_000, 500_000, 1_000_000))
    return choice(
        rng,
        f"A scatter plot of {n:,} points is one black blob. You want to see where most of them are. What shows it?",
        ("Hexagonal bins, coloured by counts", "Each bin shows how many points it holds, however many lie on another."),
        [
            ("Larger points with a thin outline", "More of them lie on one another, and the blob grows."),
            ("A line through the points in order", "It joins points that have nothing to do with each other."),
            ("Axes cut to the middle half of both", "The middle is as black as before, and the rest is gone."),
        ],
    )


@asks("da05")
def rates_of_a_whole(rng: random.Random) -> Question:
    """Simpson's paradox: a whole is weighted by its parts."""
    easy, hard = rng.choice((80, 85, 90)), rng.choice((20, 30, 40))
    n, m = rng.choice((20, 40)), rng.choice((160, 180))
    return number(
        f"Clinic A heals {easy} % of {n} light cases and {hard} % of {m} severe ones. "
        "Clinic B has mostly light cases. Which share of all its cases does A heal, in per cent?",
        (easy * n + hard * m) / (n + m),
        "Parts are weighted by their cases, not averaged. A can be better in both groups and look worse in all.",
    )


@asks("da05")
def no_correlation(rng: random.Random) -> Question:
    """Pearson's r sees straight lines only."""
    k = rng.randint(3, 9)
    return choice(
        rng,
        f"x takes each whole number from -{k} to {k} once, and y = x². Pearson's correlation of x and y is about 0. "
        "What follows?",
        ("There is no straight-line trend in these data", "r measures a straight trend; y depends on x all the same."),
        [
            ("Knowing x tells nothing about y in these data", "Here y is known exactly once x is known."),
            ("There are too few points to see a correlation", "It is 0 by symmetry, with any number of points."),
            ("x can be left out of every model that predicts y", "A tree or the feature x² predicts y exactly."),
        ],
    )


@asks("da05")
def pile_at_the_end(rng: random.Random) -> Question:
    """Many equal values at the end of a range."""
    top = rng.choice((500_000, 750_000, 1_000_000))
    return choice(
        rng,
        f"A histogram of house prices falls smoothly, but 5 % of all rows are exactly {top:,}, the largest value. "
        "What is the likeliest reason?",
        ("Higher values were cut to that limit", "Prices do not agree to the unit by chance: the column is capped."),
        [
            ("That price is common on this market", "Then prices close below and above would be common too."),
            ("The bins of the histogram are too wide", "Rows with exactly one value do not come from bins."),
            ("The prices follow a heavy-tailed law", "A heavy tail spreads far out; it does not stop in a heap."),
        ],
    )


@asks("da06")
def width_of_an_interval(rng: random.Random) -> Question:
    """A 95 % interval of a mean."""
    n, s = rng.choice((64, 100, 225, 400)), rng.randint(4, 20)
    return number(
        f"{n} measurements have standard deviation {s}. How far do the ends of a 95 % confidence interval lie from the "
        "mean (normal approximation)?",
        1.96 * s / n**0.5,
        "1.96 standard errors, and the standard error is s / √n.",
        within=0.03,
    )


@asks("da06")
def many_tests(rng: random.Random) -> Question:
    """False alarms add up."""
    m = rng.randint(8, 40)
    return number(
        f"You test {m} independent features at level 0.05, and none has any effect. "
        "What is the probability of at least one false alarm? Use Python if you like.",
        1 - 0.95**m,
        f"1 - 0.95^{m}: each test stays quiet with 0.95, all of them together seldom do.",
        within=0.02,
    )


@asks("da06")
def meaning_of_p(rng: random.Random) -> Question:
    """What a p-value is a probability of."""
    p = rng.choice((0.02, 0.03, 0.04))
    return choice(
        rng,
        f"A test of 'the new page changes nothing' gives p = {p}. Which sentence is right?",
        (
            f"If it changed nothing, a result at least this extreme would have probability {p}",
            "p is computed as if nothing changed, and is about data, not about the hypothesis.",
        ),
        [
            (
                f"The probability that the new page changes nothing at all is {p}",
                "That would need a prior; p says how odd the data are if nothing changed.",
            ),
            (
                f"If the test is done again it will be significant with probability {1 - p}",
                "How often a repetition succeeds depends on the size of the effect.",
            ),
            (
                f"The new page changes the number of sales by {100 * p:.0f} % or by more than that",
                "p says nothing about how large an effect is.",
            ),
        ],
    )
