"""Questions about research: talks, working together, publishing, open source, choosing a field."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("rs06")
def area_of_circles(rng: random.Random) -> Question:
    """What the eye compares in two circles."""
    a = rng.choice([20, 40, 50, 80])
    b = a * rng.choice([1.5, 2.5, 3, 4]) + rng.choice([0, 10])
    return number(
        f"A slide shows models of {a} and {b:g} million parameters as circles, and has made the figures their radii. "
        "How many times as large as the first circle is the second one's area?",
        (b / a) ** 2,
        f"({b:g} / {a})², where the figures are as {b / a:.3g} to 1. The area should be in their ratio.",
    )


@asks("rs06")
def chosen_samples(rng: random.Random) -> Question:
    """Pictures chosen by hand."""
    n = rng.choice([200, 1000])
    return choice(
        rng,
        f"To show what a generator can do, you have {n} pictures and room for 12 on a slide. Which slide lets "
        "the audience judge it?",
        ("the first 12 seeds, said to be so", "Nobody chose them, and anybody can make the same ones."),
        [
            ("the 12 best ones, as a fair example", "The best of many tell little about the usual one."),
            ("6 of the best and 6 of the worst", "Extremes on both sides; the usual one is still hidden."),
            ("12 that a colleague finds typical", "It is still a choice by eye, whoever makes it."),
        ],
    )


@asks("rs06")
def two_curves(rng: random.Random) -> Question:
    """The axis that makes a comparison unfair."""
    k = rng.choice([3, 4])
    return choice(
        rng,
        "A slide shows the loss of two models over steps; the new one is always below. A step of the new one "
        f"uses a batch {k} times as large and takes {k} times as long. Which axis answers the question “which "
        "learns faster on my GPU?”",
        ("seconds of training", "That is what the question counts; steps are not alike."),
        [
            ("steps, on a log scale", "A log scale stretches; a step is still not like a step."),
            ("share of all steps", "It makes runs of any length end at the same place."),
            ("gigabytes of memory", "It says what fits on a GPU, not how fast it learns."),
        ],
    )


@asks("rs07")
def agreement(rng: random.Random) -> Question:
    """Cohen's kappa."""
    both, none = rng.choice([(20, 60), (30, 50), (10, 80), (40, 40)])
    one = rng.choice([(100 - both - none) // 2, (100 - both - none) // 4])
    other = 100 - both - none - one
    chance = ((both + one) * (both + other) + (none + one) * (none + other)) / 10000
    return number(
        f"Two people label 100 texts. Both say toxic for {both}, neither for {none}; only the first says it "
        f"for {one}, only the second for {other}. What is Cohen's κ? (Python is fine.)",
        ((both + none) / 100 - chance) / (1 - chance),
        f"They agree on {both + none} %; by chance it would be {chance:.4f}. κ = (agreed - chance) / (1 - chance).",
    )


@asks("rs07")
def two_measurements(rng: random.Random) -> Question:
    """Results of two people that were measured differently."""
    gap = rng.choice([1.8, 2.3])
    return choice(
        rng,
        f"Your model has 84.1 %, your colleague's {84.1 + gap:.1f} %. Between the two runs a colleague changed "
        "how the test images are resized. Checkpoints of both are kept. What do you do?",
        ("measure both with the same commit", "It takes minutes, and then only the models differ."),
        [
            ("train both again with the new commit", "Right in the end, but training is not what differs."),
            ("report both, with a note on the change", "The note does not tell how much comes from the change."),
            ("halve the gap and report it", "A guess in place of a measurement."),
        ],
    )


@asks("rs07")
def shared_test_set(rng: random.Random) -> Question:
    """A test set that a group has used up."""
    n = rng.choice([40, 60])
    return choice(
        rng,
        f"Three people tried {n} variants within a year, and each kept what raised the score on the common "
        "test set. The last model has 91 % on it. What do you expect on new data of the same kind?",
        ("less than 91 %: the set has been fitted by choice", "Each choice by its score fits the set a little."),
        [
            ("91 %, because no model was ever trained on the set", "Choosing by a score is training on it, in small."),
            (
                "more than 91 %, as the variants got better and better",
                "They got better on this set; part of that is luck.",
            ),
            ("91 %, as three people chose independently of each other", "They chose on the same examples."),
        ],
    )


@asks("rs08")
def tasks_left_out(rng: random.Random) -> Question:
    """Only the tasks that worked."""
    n, better = rng.choice([(12, 7), (14, 8)])
    return choice(
        rng,
        f"You planned {n} tasks before the first run. On {better} your method is better, on {n - better} "
        f"worse; each by more than the noise. Space allows a table of {better} rows. What goes into the paper?",
        (f"the mean over all {n}, and all {n} in an appendix", "The planned set is the result; it is about even."),
        [
            (f"the {better} where it works, called “suitable tasks”", "They were called suitable after the results."),
            (f"the {better} where it works, and that others were run", "The reader cannot see what they would change."),
            (f"{better} drawn at random, with the same for the others", "Rows are lost that the reader needs."),
        ],
    )


@asks("rs08")
def tries_not_told(rng: random.Random) -> Question:
    """A p-value after all that was tried."""
    p, k = rng.choice([0.003, 0.004, 0.008, 0.01, 0.02]), rng.randint(4, 20)
    return number(
        f"A paper reports a single comparison, with p = {p}. The logs show {k} comparisons on {k} data sets, and this "
        "was the best of them. What is its p-value after Bonferroni's correction?",
        p * k,
        f"{k} · {p}: whoever reports the best of {k} must pay for all of them.",
    )


@asks("rs08")
def error_after_acceptance(rng: random.Random) -> Question:
    """A fault found late."""
    old, new = rng.choice([(3.1, 1.2), (2.6, 0.9)])
    return choice(
        rng,
        f"After your paper was accepted you find a leak: the true gain is {new} points, not {old}. The final "
        "version is due in a week. What do you do?",
        (
            "tell the chairs now and correct the figures",
            "They decide what it means for the paper; readers get the truth.",
        ),
        [
            ("correct the figures and tell nobody about it", "Reviewers accepted another result; chairs must know."),
            ("keep the paper as it was reviewed and accepted", "That publishes a figure known to be false."),
            ("keep it, and correct it in the code's README", "Readers of the paper do not see it."),
        ],
    )


@asks("rs08")
def hidden_authors(rng: random.Random) -> Question:
    """Code for a double-blind review."""
    place = rng.choice(["workshop", "conference"])
    return choice(
        rng,
        f"A {place} with double-blind review asks for code. Yours is public under your name, with your "
        "history. What do you hand in?",
        ("an archive without any names", "Reviewers can run it and do not learn who wrote it."),
        [
            ("the link to your public repository", "It names you, so the review is blind no more."),
            ("a fork under a false name", "The history in it still holds your name."),
            ("a promise of code after acceptance", "Code was asked for, and reviewers cannot check."),
        ],
    )


@asks("rs09")
def copied_from_gpl(rng: random.Random) -> Question:
    """A licence that asks for the same."""
    ours = rng.choice(["MIT", "Apache-2.0"])
    return choice(
        rng,
        f"A project under {ours} gets a pull request with 200 lines from a project under GPL-3.0, whose "
        "authors were not asked. May it be merged, with the project staying as it is?",
        (
            "No: the whole would have to be under the GPL.",
            "The GPL asks that of a work that holds its code.",
        ),
        [
            ("Yes, with the authors' names and their year.", "Naming is not enough for the GPL."),
            (
                f"Yes, as {ours} allows code from any open-source project.",
                f"{ours} says what others may do with yours.",
            ),
            ("No: code under the GPL may be run, but may never be copied.", "It may be copied, on the GPL's terms."),
        ],
    )


@asks("rs09")
def copied_from_mit(rng: random.Random) -> Question:
    """What a permissive licence asks for."""
    what = rng.choice(["a tokenizer", "a scheduler"])
    return choice(
        rng,
        f"You copy {what} of 300 lines from an MIT project into your Apache-2.0 project and change half of it. "
        "What does the MIT licence ask of you?",
        ("to keep its copyright notice and its text", "That is its one condition, for copies and large parts."),
        [
            ("to put your whole project under MIT too", "MIT does not ask that of works that use it."),
            ("to send your changes back to its authors", "Kind, but no condition."),
            ("nothing, because half of it is now yours", "The other half is still theirs."),
        ],
    )


@asks("rs09")
def useful_report(rng: random.Random) -> Question:
    """A report that can be acted upon."""
    shape = rng.choice(["(3, 0)", "(0, 5)"])
    return choice(
        rng,
        "A library's loss gives NaN somewhere in your training of two days. Which report is most likely to "
        "get it mended?",
        (f"six lines: NaN on shape {shape}, and versions", "Anybody can run it and see when it is mended."),
        [
            ("your whole training script and a link to the data", "Nobody will run two days to see it."),
            ("the last fifty lines of the log, with the NaN in it", "It shows that it happened, not how to get there."),
            ("a patch that turns NaN into 0 in the loss", "It hides the fault, whatever it is."),
        ],
    )


@asks("rs10")
def within_reach(rng: random.Random) -> Question:
    """Is the question affordable?"""
    n = rng.choice([0.5, 1, 2, 3, 7])
    d = rng.choice([20, 40, 60, 100])
    return number(
        f"You consider a field in which a single experiment trains {n} billion parameters on {d} billion "
        "tokens (6 operations for each parameter and token). You have one GPU that reaches 100·10¹² "
        "operations a second. How many days does one experiment take? (Python is fine.)",
        6 * n * d * 1e18 / 1e14 / 86400,
        f"6 · {n}·10⁹ · {d}·10⁹ / 10¹⁴ seconds, over 86,400.",
    )


@asks("rs10")
def answers_in_a_month(rng: random.Random) -> Question:
    """How many questions a budget can answer."""
    arms, seeds, hours = rng.choice([2, 3, 4]), rng.choice([5, 8]), rng.choice([2, 3, 4, 6])
    return number(
        f"In a field you consider, a question needs {arms} arms with {seeds} seeds each, {hours} hours a run, "
        "on your one GPU. How many questions can be answered, whole, in 30 days of 24 hours?",
        30 * 24 // (arms * seeds * hours),
        f"⌊720 / ({arms} · {seeds} · {hours})⌋: how often you learn something decides how fast you get good.",
        within=0,
    )


@asks("rs10")
def cheapest_doubt(rng: random.Random) -> Question:
    """Try first what could end it."""
    months = rng.choice([6, 9])
    return choice(
        rng,
        f"You want to give {months} months to a field: a new loss for segmenting rare lesions. All hangs on 40 "
        "labelled scans that a clinic has promised. What comes first?",
        ("see five of the scans and measure a baseline", "A day's work shows whether data and question hold."),
        [
            ("read the most cited papers of the field", "Weeks, and the field ends if the scans do not come."),
            (
                "write a training framework that you can keep using",
                "It is useful only if there is something to train on.",
            ),
            ("prove what the loss converges to, on simple cases", "It may be true and useless without the data."),
        ],
    )
