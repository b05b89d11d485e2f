"""More questions about machine learning: how models are judged, held back and explained."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("ml05")
def f1_of_counts(rng: random.Random) -> Question:
    """Precision, recall and F1 from counts."""
    tp, fp, fn, tn = rng.randint(20, 60), rng.randint(5, 40), rng.randint(5, 40), rng.randint(200, 900)
    name, answer, why = rng.choice((
        ("precision", tp / (tp + fp), f"{tp} / ({tp} + {fp}): of what was called positive."),
        ("recall", tp / (tp + fn), f"{tp} / ({tp} + {fn}): of what is positive."),
        ("F1 score", 2 * tp / (2 * tp + fp + fn), f"2 · {tp} / (2 · {tp} + {fp} + {fn}); true negatives take no part."),
    ))  # fmt: skip
    return number(
        f"A detector has {tp} true positives, {fp} false positives, {fn} false negatives, {tn} true negatives. "
        f"What is its {name}?",
        answer, why,
    )  # fmt: skip


@asks("ml05")
def auc_by_pairs(rng: random.Random) -> Question:
    """AUC is the share of pairs in the right order."""
    scores = rng.sample(range(1, 100), 7)
    positive, negative = scores[:3], scores[3:]
    pairs = sum(a > b for a in positive for b in negative)
    return number(
        f"Scores of the positive rows: {positive}. Scores of the negative rows: {negative}. What is the ROC AUC?",
        pairs / 12,
        f"Of 12 pairs of a positive and a negative row {pairs} have the positive one above.",
    )


@asks("ml05")
def rare_positives(rng: random.Random) -> Question:
    """Precision falls with prevalence; ROC does not show it."""
    one, many = rng.choice(((50, 1), (50, 2), (30, 1), (20, 1)))
    recall, false = rng.choice((0.8, 0.9)), rng.choice((0.05, 0.1))
    p = many / 100
    return number(
        f"Tested on {one} % positives, a detector has recall {recall} and false positive rate {false}. In use {many} "
        f"% are "
        "positive, and both rates stay. What is the precision in use?",
        p * recall / (p * recall + (1 - p) * false),
        f"{p} · {recall} true alarms against {1 - p:g} · {false} false ones: most rows are negative.",
        within=0.02,
    )


@asks("ml06")
def models_of_a_search(rng: random.Random) -> Question:
    """Fits of a nested cross-validation."""
    outer, inner, grid = rng.choice((3, 5, 10)), rng.choice((3, 4, 5)), rng.randint(4, 30)
    return number(
        f"Nested cross-validation: {outer} outer folds, {inner} inner folds, {grid} settings; in each outer fold the "
        f"best "
        "setting is fitted once more on all its training rows. How many fits is that?",
        outer * (inner * grid + 1),
        f"{inner} · {grid} fits and one more, in each of {outer} outer folds.",
        within=0,
    )


@asks("ml06")
def rows_of_one_person(rng: random.Random) -> Question:
    """Rows of one group on both sides."""
    thing, some = rng.choice((("patient", "X-ray pictures"), ("speaker", "recordings"), ("machine", "measurements")))
    return choice(
        rng,
        f"Each {thing} has about ten {some}. Random five-fold cross-validation gives 96 % accuracy, and on new "
        f"{thing}s it is 71 %. Which split would have told?",
        (
            f"folds in which each {thing} is in one fold only",
            f"The model knew the {thing}s again; in use it meets none that it has seen.",
        ),
        [
            ("folds with the same share of classes in each one", f"Each {thing} would still be on both sides."),
            ("ten random folds in place of the five random ones", f"Even more rows of each {thing} are in training."),
            ("five random folds, repeated with ten other seeds", "It is the same mistake ten times over."),
        ],
    )


@asks("ml06")
def features_chosen_before(rng: random.Random) -> Question:
    """Feature selection on all rows."""
    n, d = rng.choice((50, 80)), rng.choice((5_000, 20_000))
    return choice(
        rng,
        f"{n} rows, {d:,} features of pure noise, coin-flip labels. You take the 20 features that correlate most with "
        f"the "
        "label on all rows, then cross-validate a linear model on these. What accuracy comes out?",
        (
            "far above 50 %, though nothing is there to learn",
            "The features were chosen with the labels of the test rows; choosing belongs inside of each fold.",
        ),
        [
            ("about 50 %, since cross-validation finds out noise", "It cannot: the choice has seen all labels before."),
            ("far below 50 %, since noise turns round in new rows", "Test rows helped to choose: they agree with it."),
            ("about 50 %, since 20 features are too few to overfit", f"They are the luckiest 20 of {d:,}."),
        ],
    )


@asks("ml07")
def parts_of_an_error(rng: random.Random) -> Question:
    """Bias, variance and noise of predictions at one point."""
    truth, noise = rng.randint(10, 20), rng.choice((0.5, 1, 2))
    some = [truth + rng.randint(-4, 6) for _ in range(4)]
    return number(
        f"At one x the true mean is {truth}, and the noise has variance {noise}. Models from four training sets "
        f"predict "
        f"{some} there. What is the squared bias, going by these four?",
        (sum(some) / 4 - truth) ** 2,
        "The mean of the predictions against the truth, squared. Their spread is the variance; the noise is apart.",
        within=0.001,
    )


@asks("ml07")
def error_that_can_be_expected(rng: random.Random) -> Question:
    """The parts add up, with the noise."""
    bias, variance, noise = rng.randint(1, 5), rng.randint(1, 9), rng.randint(1, 4)
    return number(
        f"At a point a model's bias is {bias}, the variance of its predictions {variance}, and the variance of the "
        f"noise in "
        f"y is {noise}. What mean squared error on new y is to be expected there?",
        bias**2 + variance + noise,
        f"Squared bias + variance + noise: {bias}² + {variance} + {noise}.",
        within=0,
    )


@asks("ml07")
def curves_that_meet(rng: random.Random) -> Question:
    """Learning curves say what helps."""
    if rng.random() < 0.5:
        train, test = rng.choice(((0.29, 0.31), (0.24, 0.25), (0.33, 0.35)))
        right = ("a richer model or better features", "Both errors are high and equal: bias. More rows change nothing.")
        other = ("three times as many training rows", "The curves have met already: more rows leave them there.")
        third = ("a stronger penalty on the weights", "It lowers variance, and there is none to speak of.")
    else:
        train, test = rng.choice(((0.01, 0.24), (0.02, 0.29), (0.0, 0.2)))
        right = ("three times as many training rows", "A wide gap is variance, and rows lower that.")
        other = ("a richer model or better features", "The training error is near 0: it is rich enough.")
        third = ("a weaker penalty on the weights", "It widens the gap.")
    return choice(
        rng,
        f"A model's error is {train:g} on training rows and {test:g} on validation rows; the task allows about 0.05. "
        "What is most likely to help?",
        right,
        [other, third, ("another seed for the same split", "It moves the numbers a little; the cause stays.")],
    )


@asks("ml08")
def ridge_of_one_weight(rng: random.Random) -> Question:
    """Ridge regression with one feature."""
    x = [rng.randint(1, 4) for _ in range(3)]
    y = [rng.randint(1, 9) for _ in range(3)]
    k = rng.choice((1, 2, 5, 10))
    xy = sum(a * b for a, b in zip(x, y, strict=True))
    xx = sum(a * a for a in x)
    return number(
        f"Ridge without intercept: minimize Σ (y - w x)² + {k} w² for x = {x}, y = {y}. What is w?",
        xy / (xx + k),
        f"Σ x y / (Σ x² + {k}) = {xy} / {xx + k}.",
    )


@asks("ml08")
def weights_that_become_zero(rng: random.Random) -> Question:
    """Lasso shifts and cuts, with orthonormal features."""
    some = [rng.choice((-1, 1)) * rng.randint(1, 12) / 4 for _ in range(6)]
    k = rng.choice((1, 1.5, 2))
    return number(
        f"Features are orthonormal, and least squares gives the weights {some}. Lasso minimizes ½ ‖y - X w‖² + {k} "
        f"‖w‖₁. "
        "How many of its weights are exactly 0?",
        sum(abs(each) <= k for each in some),
        f"Each weight goes {k} towards 0 and stops there, so those of size {k} or less become 0.",
        within=0,
    )


@asks("ml08")
def penalty_and_units(rng: random.Random) -> Question:
    """A penalty depends on units."""
    name, small, large, factor = rng.choice((
        ("length", "metres", "millimetres", 1000), ("weight", "kilograms", "grams", 1000),
        ("price", "dollars", "cents", 100),
    ))  # fmt: skip
    return choice(
        rng,
        f"A ridge regression on unscaled features gets its {name} in {large} in place of {small}, with the same "
        f"penalty. "
        "What happens to its influence on predictions?",
        (
            "it is held back less",
            f"The weight it needs is {factor} times as small, so the penalty on it hardly counts any more.",
        ),
        [
            ("it is held back more", f"The weight it needs is {factor} times as small, not as large."),
            ("it stays just the same", "So it is without a penalty; a penalty sees the size of weights."),
            (f"it is {factor} times as large", "The weight adapts to the unit; only the penalty on it changes."),
        ],
    )


@asks("ml09")
def lucky_draws(rng: random.Random) -> Question:
    """Random search finds a good region."""
    share, n = rng.choice((2, 5, 10)), rng.choice((10, 20, 30, 60))
    return number(
        f"Random search draws {n} settings independently. What is the probability that at least one is among the best "
        f"{share} % of all? Python is fine.",
        1 - (1 - share / 100) ** n,
        f"1 - {1 - share / 100:g}^{n}, in any number of dimensions.",
        within=0.02,
    )


@asks("ml09")
def values_on_a_scale(rng: random.Random) -> Question:
    """Drawn evenly, small learning rates are never tried."""
    high, border = rng.choice((0.1, 0.5, 1.0)), rng.choice((0.01, 0.02, 0.001))
    low = 1e-5
    return number(
        f"Learning rates are drawn evenly (not by logarithm) between {low:g} and {high:g}. "
        f"What share of them is below {border:g}?",
        (border - low) / (high - low),
        "Evenly means by length, so small rates are hardly ever tried; draw the exponent evenly instead.",
        within=0.02,
    )


@asks("ml09")
def halving(rng: random.Random) -> Question:
    """Budget of successive halving."""
    k = rng.choice((3, 4, 5))
    n, epochs = 2**k, rng.randint(2, 4)
    return number(
        f"Successive halving begins with {n} settings of {epochs} epochs each. Each round keeps the better half, and "
        f"each "
        "kept setting trains on until it has twice as many epochs in all, down to one setting, which does so too. How "
        "many epochs are trained in all, if training goes on where it stopped?",
        n * epochs + sum(n // 2**i * epochs * 2 ** (i - 1) for i in range(1, k + 1)),
        f"First {n} · {epochs}; after that each of the {k} rounds adds {n // 2} · {epochs}.",
        within=0,
    )


@asks("ml09")
def best_of_many(rng: random.Random) -> Question:
    """The best validation score is too good."""
    n = rng.choice((200, 500, 1000))
    return choice(
        rng,
        f"Of {n} settings the best has 91.3 % on the validation rows. On fresh test rows it has 88.9 %. The code is "
        f"right. "
        "Why is it less?",
        (
            "The best of many is best by luck as well",
            f"Of {n} noisy scores the largest is likely too large. Only rows that chose nothing are fair.",
        ),
        [
            ("The test rows were used to train it by mistake", "Then it would be better on them, not worse."),
            ("The model was not trained for long enough", "That lowers both numbers."),
            ("A search must be repeated until both agree", "Searching on until the test agrees uses up the test."),
        ],
    )


@asks("ml10")
def shapley_of_two(rng: random.Random) -> Question:
    """Shapley values of a game of two."""
    none, a, b = rng.randint(0, 10), rng.randint(12, 30), rng.randint(12, 30)
    both = rng.randint(32, 60)
    return number(
        f"A model's mean prediction is {none} with no feature known, {a} with A known, {b} with B known and {both} "
        f"with both. "
        "What is the Shapley value of A?",
        ((a - none) + (both - b)) / 2,
        f"The mean of what A adds first ({a - none}) and last ({both - b}).",
    )


@asks("ml10")
def importance_by_shuffling(rng: random.Random) -> Question:
    """Two features that say the same."""
    one, other = rng.choice((("height in cm", "height in inches"), ("price", "price with tax")))
    return choice(
        rng,
        f"A forest uses {one} and {other}, which are the same up to a factor. By permutation importance, each shuffled "
        "alone, both come out near 0; without both the score falls far. Why?",
        (
            "With one of them shuffled the other one still tells",
            "Permutation asks what is lost while the rest stays. Shuffle such features together.",
        ),
        [
            ("Features that are correlated are of no use to trees", "Without both the score falls: they are of use."),
            ("Shuffling must be done on training rows only", "There the same would come out; the twin still tells."),
            (
                "A forest chooses its features by chance in each tree",
                "So it does, and that is no reason for 0 for both.",
            ),
        ],
    )


@asks("ml10")
def weights_as_importance(rng: random.Random) -> Question:
    """Weights depend on units."""
    a, b = rng.randint(2, 9), rng.choice((0.002, 0.004, 0.005))
    sa, sb = rng.choice((0.5, 1, 2)), rng.choice((1000, 2000, 5000))
    return number(
        f"A linear model is {a} · rooms + {b} · area + c. Over the rows rooms has standard deviation {sa}, area {sb}. "
        f"By how "
        "many times does the prediction move more for one standard deviation of area than for one of rooms?",
        b * sb / (a * sa),
        f"{b} · {sb} against {a} · {sa}: weights alone depend on the units and rank nothing.",
    )
