"""Questions about research: reading and rebuilding papers, experiments, analysis, writing."""

from __future__ import annotations

import math
import random

import castalia.roadmap.bank.of_rs_more  # noqa: F401  # puts the other half on the shelf
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("rs01")
def share_of_errors(rng: random.Random) -> Question:
    """Two points can be little or much."""
    before, gain = rng.choice([94.8, 91.5, 97.2, 88.0]), rng.choice([0.6, 0.9, 1.2])
    return number(
        f"A paper reports an accuracy of {before + gain:.1f} % against {before} % of the baseline. Which share of the "
        "baseline's errors is gone?",
        gain / (100 - before),
        f"{gain} of {100 - before:.1f} points of error.",
    )


@asks("rs01")
def small_lead(rng: random.Random) -> Question:
    """One seed against a spread between seeds."""
    lead, sd = rng.choice([(0.2, 0.4), (0.3, 0.5)])
    return choice(
        rng,
        f"A table shows 78.4 % for the new method and {78.4 - lead:.1f} % for the best earlier one, each with "
        f"one seed. An appendix says that accuracy varies by {sd} points (standard deviation) between seeds. "
        "What does the table show?",
        (
            "that neither can be called better",
            f"Two runs alike differ by more than {lead} most of the time, by a spread of {sd} · √2.",
        ),
        [
            ("that the new method is better by a little", "A lead within the spread of one method shows no order."),
            ("that both methods are equally good", "One run each cannot show equality either; it shows too little."),
            ("that the earlier method was tuned badly", "Nothing here says how either was tuned."),
        ],
    )


@asks("rs01")
def longer_training(rng: random.Random) -> Question:
    """Method and budget change together."""
    a, b = rng.choice([(90, 300), (100, 400)])
    return choice(
        rng,
        f"A paper trains its new block for {b} epochs with stronger augmentation and compares with published "
        f"figures of a network trained for {a} epochs. It gains 2.1 points. Which further result would support "
        "the claim that the block is better?",
        (f"the old network with the new training, {b} epochs", "Only the block differs then."),
        [
            ("the new network on two further data sets of images", "The longer training would help there as well."),
            ("the standard deviation of the new one over five seeds", "It tells about noise, not about the training."),
            (f"the new network's accuracy after {b} + 100 epochs", "That adds to what already differs."),
        ],
    )


@asks("rs02")
def scaled_rate(rng: random.Random) -> Question:
    """The linear rule."""
    lr, big = rng.choice([0.1, 0.4, 0.8, 1.6]), rng.choice([256, 512, 1024])
    small = big // rng.choice([4, 8, 16])
    return number(
        f"A paper trains with SGD at batch {big} and learning rate {lr}. You rebuild it with batch {small}. "
        "Which learning rate does the linear scaling rule give?",
        lr * small / big,
        f"{lr} · {small} / {big}.",
    )


@asks("rs02")
def where_they_part(rng: random.Random) -> Question:
    """Compare outputs before comparing scores."""
    gap = rng.choice([3, 4, 6])
    return choice(
        rng,
        f"Your rebuilt network ends {gap} points below the authors' code, on the same data. A run takes two "
        "days. Their code and weights are public. What do you do first?",
        ("load their weights into yours; compare layer outputs", "Minutes tell whether and where the networks part."),
        [
            ("run yours with five seeds, to know how much it varies", "Ten days, and a spread this large is unlikely."),
            ("search the learning rate around the one in the paper", "Many runs, before it is known what differs."),
            (f"train longer, until the {gap} points have been made up", "It hides the fault; the comparison is lost."),
        ],
    )


@asks("rs02")
def width_from_count(rng: random.Random) -> Question:
    """What a paper does not say, from what it says."""
    (layers, d), k = rng.choice([(12, 768), (24, 1024), (16, 512)]), rng.choice([2, 3, 4, 5])
    return number(
        f"A paper says: {layers} transformer blocks of width {d} have {layers * (4 + 2 * k) * d * d / 1e6:.1f} "
        "million weights (attention with its four projections and the feed-forward part, no embeddings). The "
        "width of the feed-forward part is not said. How many times the block's width is it? (A whole number; "
        "Python is fine.)",
        k,
        f"A block has 4 · {d}² + 2 · k · {d}² weights: solve for k.",
        within=0,
    )


@asks("rs03")
def runs_of_design(rng: random.Random) -> Question:
    """A full factorial with seeds."""
    k, seeds, hours = rng.choice([2, 3, 4]), rng.choice([3, 5]), rng.choice([2, 4, 6])
    return number(
        f"A method has {k} parts that can each be on or off. All combinations are to be run with {seeds} "
        f"seeds, {hours} GPU-hours a run. How many GPU-hours is that?",
        2**k * seeds * hours,
        f"2^{k} · {seeds} · {hours}.",
        within=0,
    )


@asks("rs03")
def seeds_needed(rng: random.Random) -> Question:
    """Power of paired seeds."""
    sd, d = rng.choice([(0.6, 0.3), (0.4, 0.2), (0.9, 0.3), (0.7, 0.3), (0.5, 0.3), (0.8, 0.3), (0.7, 0.2)])
    return number(
        "Two methods are compared by pairs with equal seeds; the differences have a standard deviation of "
        f"{sd} points. A mean difference of {d} should be found with 80 % power at 5 %, two-sided (normal "
        "approximation: 1.96 + 0.84). How many pairs are needed at least?",
        math.ceil((2.8 * sd / d) ** 2 - 1e-9),
        f"(2.8 · {sd} / {d})², rounded up.",
        within=0,
    )


@asks("rs03")
def tuned_against_default(rng: random.Random) -> Question:
    """Unequal tuning."""
    n = rng.choice([50, 80])
    return choice(
        rng,
        f"The new optimizer's learning rate was chosen from {n} values on validation; the baseline ran with "
        "its default. Five seeds each on test: 1.4 ± 0.2 points better. What is needed before it is called better?",
        (f"the baseline, tuned over {n} values as well", "Otherwise tuning is compared, not optimizers."),
        [
            ("ten seeds for each, instead of only five", "More seeds make an unfair difference more certain."),
            ("the new one with the default of the baseline", "A value made for another optimizer is unfair too."),
            ("a correction of p for the values tried", "They were chosen on validation; the test is untouched."),
        ],
    )


@asks("rs03")
def chosen_on_test(rng: random.Random) -> Question:
    """The best epoch of the test curve."""
    n = rng.choice([100, 200])
    return choice(
        rng,
        f"After each of {n} epochs, accuracy on the test set is logged. Reported is the best epoch of each "
        "method, mean of five seeds. What is wrong with these figures?",
        ("They are too high, more so for jumpy curves.", "The best of many noisy values on test is chosen on test."),
        [
            ("They are too low, as training went on after it.", "The best epoch is reported, not the last."),
            ("They are right, as both methods are treated alike.", "The one with more noise gains more from choosing."),
            ("They vary too much, as five seeds are not enough.", "More seeds leave them as far too high."),
        ],
    )


@asks("rs04")
def interval_of_mean(rng: random.Random) -> Question:
    """Student's t with four degrees of freedom."""
    base = rng.choice([71, 83, 92])
    runs = [round(base + each / 10, 1) for each in rng.sample(range(20), 5)]
    mean = sum(runs) / 5
    sd = math.sqrt(sum((each - mean) ** 2 for each in runs) / 4)
    return number(
        f"Five seeds give {runs}. What is the half-width of the 95 % interval of the mean, with t = 2.776 for "
        "4 degrees of freedom? (Python is fine.)",
        2.776 * sd / math.sqrt(5),
        f"2.776 · s / √5, with s = {sd:.4f} (divided by n - 1).",
    )


@asks("rs04")
def discordant_examples(rng: random.Random) -> Question:
    """McNemar's exact test."""
    b, more = rng.randint(2, 6), rng.randint(5, 10)
    c = b + more
    p = 2 * sum(math.comb(b + c, k) for k in range(b + 1)) / 2 ** (b + c)
    return number(
        f"On the same 1000 examples, {b} are right only with model A and {c} only with model B. What is the "
        "two-sided p of McNemar's exact test (a fair coin for each of these)? (Python is fine.)",
        p,
        f"Twice the probability of {b} or fewer heads in {b + c} throws; the other examples do not count.",
    )


@asks("rs04")
def overlapping_bars(rng: random.Random) -> Question:
    """Paired runs."""
    d = rng.choice([0.5, 0.6])
    return choice(
        rng,
        f"Over ten seeds (same data order and split in both arms), A has 81.0 ± 1.5 and B {81 + d} ± 1.5 "
        f"(standard deviations). B is ahead for each of the ten seeds, by {d - 0.2:.1f} to {d + 0.2:.1f}. What holds?",
        ("B is better: look at the differences by seed.", "Seeds move both alike; ten of ten has p = 0.002."),
        [
            ("Nothing can be said: the two bars overlap.", "Bars of each arm hold what the pairing takes away."),
            ("B is better, for its mean is the higher one.", "A higher mean alone would prove nothing here."),
            ("More seeds are needed: ten are too few here.", "Ten differences of one sign and size are enough."),
        ],
    )


@asks("rs04")
def better_in_each_part(rng: random.Random) -> Question:
    """Simpson's paradox."""
    easy, hard = rng.choice([(95, 60), (93, 58)])
    return choice(
        rng,
        f"Model B is better than A on clear photos ({easy} against {easy - 2} %) and on blurred ones ({hard} against "
        f"{hard - 4} %). Over all photos that each has served, A has 88 % and B 72 %. How can that be?",
        ("B served a blurrier mixture.", "The totals weight the two kinds differently for each."),
        [
            ("Somebody has miscounted.", "It can be so as soon as the mixtures differ."),
            ("B overfits photos that are clear.", "It is better there on what it serves."),
            ("B served too few photos for a total.", "The figures can be exact, and it still happens."),
        ],
    )


@asks("rs05")
def sentence_of_table(rng: random.Random) -> Question:
    """What a table supports."""
    a, b = rng.choice([("81.2 ± 0.6", "81.5 ± 0.7"), ("67.9 ± 0.8", "68.3 ± 0.9")])
    return choice(
        rng,
        f"Means and standard deviations over five seeds: baseline {a}, ours {b}. Which sentence may stand in "
        "the report?",
        ("We found no difference beyond the noise of seeds.", "The difference is smaller than either spread."),
        [
            (
                "Ours is slightly but consistently the better one.",
                "Consistency would be a lead seed by seed; none is shown.",
            ),
            ("Ours and the baseline are equally good on this task.", "No difference found is not equality shown."),
            ("Ours outperforms the baseline on average over seeds.", "It sells noise as a result."),
        ],
    )


@asks("rs05")
def digits_worth_printing(rng: random.Random) -> Question:
    """As many digits as the error allows."""
    right, n = rng.choice([(352, 417), (394, 467)])
    half = 196 * math.sqrt(right / n * (1 - right / n) / n)
    return choice(
        rng,
        f"A model is right on {right} of {n} test examples. How should its accuracy be reported?",
        (
            f"{100 * right / n:.1f} %, 95 % interval ± {half:.1f}",
            f"The interval of {n} examples is some ± {half:.1f} points wide.",
        ),
        [
            (f"{100 * right / n:.4f} %, to four digits", "Digits far below the error suggest a certainty."),
            ("over 80 %, to be on the safe side", "It throws away what was measured."),
            (f"{100 * right / n:.1f} % ± 0.1, from rounding", "The error comes from the sample, not from rounding."),
        ],
    )


@asks("rs05")
def size_not_said(rng: random.Random) -> Question:
    """What a stranger needs to run it again."""
    n, epochs = rng.choice([5856, 3240]), rng.choice([20, 30])
    return choice(
        rng,
        f"“We fine-tune a ResNet-18 (ImageNet weights) on the published split of {n} X-rays, {epochs} epochs with "
        "AdamW (lr 3e-4, batch 64, weight decay 0.01, seed 7), and test on its test part.” What changes the result "
        "most, and is not said?",
        ("how large the images were made", "At 224 pixels a small shadow is lost that 1,024 would show."),
        [
            ("which values β1 and β2 of AdamW had", "Defaults are likely, and they hardly matter."),
            ("which GPU was used", "It changes time, and the last digits."),
            ("which library loaded the X-ray files", "Libraries load the same pixels, or nearly."),
        ],
    )
