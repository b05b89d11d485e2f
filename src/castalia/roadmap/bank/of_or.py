"""Questions about orientation."""

from __future__ import annotations

import random

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks

_KINDS = {
    "regression": "That predicts a number from labelled examples.",
    "classification": "That predicts one of a few known classes from labelled examples.",
    "clustering": "That groups rows without any labels.",
    "reinforcement learning": "That learns from the rewards of actions that it chose itself.",
}
_CASES = (
    ("From 50,000 past rides with their durations, predict how many minutes a new ride takes", "regression"),
    ("From 2,000 leaves that botanists named, tell which of nine species a new leaf is", "classification"),
    (
        "A shop has purchases of a million customers and nothing else, and wants to find a few typical ones",
        "clustering",
    ),
    (
        "A controller tries settings of a cooling plant, sees the power used afterwards, and should get better",
        "reinforcement learning",
    ),
    ("From 300,000 letters that people sorted, decide whether a new letter is a complaint", "classification"),
    ("From the last five years of sales, predict how many loaves are sold tomorrow", "regression"),
)


@asks("or01")
def kind_of_task(rng: random.Random) -> Question:
    """From the case to the kind of learning."""
    case, right = rng.choice(_CASES)
    wrong = [(kind, why) for kind, why in _KINDS.items() if kind != right]
    return choice(rng, f"{case}. Which kind of task is it?", (right, _KINDS[right]), wrong)


@asks("or01")
def nothing_learned(rng: random.Random) -> Question:
    """What accuracy costs nothing."""
    n = rng.choice((1_000, 5_000, 20_000))
    rare = rng.randint(2, 9) * n // 200
    return number(
        f"Of {n} parts {rare} are faulty. A program calls every part good. What is its accuracy, in per cent?",
        100 * (n - rare) / n,
        "It is right on every good part and has learned nothing. Any model must be held against that number.",
        within=0.001,
    )


@asks("or01")
def no_learning_needed(rng: random.Random) -> Question:
    """A known rule is programmed."""
    case = rng.choice((
        "work out the tax from an income by a published table",
        "tell from a card number whether its check digit is right",
        "sum up working hours and pay overtime by the contract",
    ))  # fmt: skip
    return choice(
        rng,
        f"A firm wants to {case}. Cases of ten years are stored. What do you build first?",
        ("A program with the written rule", "The rule is known and exact; a model would only copy it, with errors."),
        [
            (
                "A model trained on the stored cases",
                "It learns a known rule approximately, and errors cost money here.",
            ),
            ("A language model with a good prompt", "It may be wrong now and then, where being right is easy."),
            ("A clustering of the stored cases", "Groups of similar cases do not answer what a single case comes to."),
        ],
    )
