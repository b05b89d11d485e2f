"""M7 and M8: notes that derive each part, and the network as a System."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from castalia.core.conformance import system_milestone
from castalia.core.contract import Claim, Subject, true
from castalia.projects.neural_net import interface

Array = np.ndarray[Any, Any]
Margins = int | tuple[tuple[int, int], tuple[int, int]]
WORDS = 40
PICTURES, ALIKE = 300, 0.88
"""Cutting and means of blocks give 1.0. Bilinear resizing gives 0.91 at its least; one column of ink cut off, 0.86."""
PARTS = ("dense", "activation", "softmax", "convolution", "pooling", "dropout", "cross-entropy", "momentum", "adam")
HEADING = re.compile(r"^#+[ \t]+(.+?)[ \t]*$", re.MULTILINE)


def nothing(rng: np.random.Generator, size: int) -> tuple[()]:
    return ()


def sections(subject: Subject) -> dict[str, str]:
    """Heading in small letters -> what stands below it, up to the next heading."""
    text = subject.call("read", "NOTES.md")
    pieces = HEADING.split(text)
    return {pieces[at].lower(): pieces[at + 1] for at in range(1, len(pieces), 2)}


def has_notes(subject: Subject) -> None:
    found = sections(subject)
    bodies = []
    for part in PARTS:
        mine = [body for heading, body in found.items() if part in heading.replace("cross entropy", "cross-entropy")]
        true(mine, f"NOTES.md has no heading for {part}", ", ".join(found) or "no heading", f"## {part}")
        words = max(len(body.split()) for body in mine)
        true(words >= WORDS, f"words below the heading for {part}", words, f"{WORDS} or more")
        true(any("=" in body for body in mine), f"formulas below the heading for {part}", "none", "one with =")
        bodies.append(max(mine, key=len).strip())
    true(len(set(bodies)) == len(bodies), "sections of NOTES.md", "some alike", "one of its own for each part")


NOTES = (
    Claim(
        id="notes_derive_each_part",
        words="NOTES.md, beside the file, has under a heading for each part a formula and forty words of why it is so. "
        "The parts: " + ", ".join(PARTS) + ".",
        topics={"rs05": 1.0},
        at="NOTES.md",
        make=nothing,
        holds=has_notes,
        cases=1,
        sizes=(1,),
        hints=(
            "Could you tell a friend why the gradient of the weights is x transposed times the gradient?",
            "A heading with the part's name; below it the formula, and how its gradient comes about.",
            "Each heading names its part; the message says which is missing or too short.",
        ),
    ),
)


def drawn(picture: Array, times: int, margins: Margins, light: bool) -> str:
    """A digit as a PNG: each pixel as a square, paper round it; dark on light, or light on dark."""
    from castalia.core.fields import Image

    ink = np.pad(np.kron(picture, np.ones((times, times))), margins)
    ink = np.round(255 * ink / max(float(ink.max()), 1.0)).astype(np.uint8)
    return Image.of_array(ink if light else 255 - ink).uri


def beside(rng: np.random.Generator, most: int) -> Margins:
    """Paper above and below, left and right, each of its own width."""
    above, below, left, right = (int(each) for each in rng.integers(1, most + 1, size=4))
    return (above, below), (left, right)


def pictures(rng: np.random.Generator, size: int) -> tuple[list[str], list[str]]:
    """Forty digits as people would hand them in, and what they are."""
    from castalia import data

    found = data.open("digits").arrays()
    chosen = rng.permutation(len(found["train_images"]))[:40]
    made = [
        drawn(found["train_images"][at].astype(float), int(rng.integers(4, 9)), beside(rng, 20), bool(turn % 2))
        for turn, at in enumerate(chosen)
    ]
    return made, [str(found["train_labels"][at]) for at in chosen]


def in_two_sizes(rng: np.random.Generator, size: int) -> tuple[list[str], list[str]]:
    """Digits turned by quarters, a point a pixel, and the same four or eight times as large. The ink's height and width
    differ by an even number, so that half of the difference is whole in both."""
    from castalia import data

    images = data.open("digits").arrays()["train_images"].astype(float)
    extents = [[int(np.ptp(np.flatnonzero(image.any(axis=axis)))) for axis in (0, 1)] for image in images]
    even = np.flatnonzero(np.diff(extents, axis=1)[:, 0] % 2 == 0)
    small, large = [], []
    for turn, at in enumerate(rng.permutation(even)[:PICTURES]):
        image = np.rot90(images[at], turn)
        small.append(drawn(image, 1, beside(rng, 3), bool(rng.integers(2))))
        large.append(drawn(image, int(rng.choice([4, 8])), beside(rng, 30), bool(rng.integers(2))))
    return small, large


def sees_the_same(subject: Subject, small: list[str], large: list[str]) -> None:
    system = subject.new("System", subject.call("describe")["quick"])
    system.call("fit")
    answers = [system.call("batch", [{"image": uri} for uri in kind]) for kind in (small, large)]
    labels = [[each["label"] for each in kind] for kind in answers]
    alike = float(np.mean([one == other for one, other in zip(*labels, strict=True)]))
    true(alike >= ALIKE, "the share of pictures that have the same label small and large", alike, f"{ALIKE} or more")
    true(len(set(labels[1])) > 5, "labels that were given", sorted(set(labels[1])), "more than five of the ten")


def reads(subject: Subject, images: list[str], labels: list[str]) -> None:
    system = subject.new("System", subject.call("describe")["quick"])
    metrics = system.call("fit")
    for name, least, most in (("test_accuracy", 0.8, 1.0), ("test_loss", 1e-3, 0.8)):
        true(least <= metrics.get(name, -1.0) <= most, f"the metric {name}", metrics.get(name), f"{least} to {most}")
    answers = system.call("batch", [{"image": image} for image in images])
    right = [answer["label"] == label for answer, label in zip(answers, labels, strict=True)]
    for words, part in (("dark on light", right[::2]), ("light on dark", right[1::2])):
        true(np.mean(part) >= 0.7, f"digits that are {words}, read right", float(np.mean(part)), "0.7 or more")
    given = [answer["probabilities"].get(label, 0.0) for answer, label in zip(answers, labels, strict=True)]
    surprise = -float(np.mean(np.log(np.maximum(given, 1e-12))))
    true(surprise < 1.2, "the mean of -log of the probability given to the truth", surprise, "below 1.2")
    share = metrics["test_accuracy"]
    whole = min(abs(share * rows - round(share * rows)) for rows in (359, 360))
    true(whole < 1e-6, "test_accuracy is no share of a fifth of 1,797 images", share, "a whole number of 359 or 360")
    blank = drawn(np.zeros((8, 8)), 3, 0, False)
    for answer in [*answers, system.call("call", {"image": blank})]:
        chances = answer["probabilities"]
        true(sorted(chances) == list("0123456789"), "names of the probabilities", sorted(chances), "0 to 9")
        true(abs(sum(chances.values()) - 1) < 1e-4, "the sum of the probabilities", sum(chances.values()), 1)
        true(answer["label"] == max(chances, key=chances.get), "the label", answer["label"], "the likeliest")


def logs_a_curve(subject: Subject) -> None:
    quick = subject.call("describe")["quick"]
    system = subject.new("System", quick)
    system.call("fit")
    rows = system.call("logged")
    true(len(rows) == quick["epochs"], "times that fit logged", len(rows), f"once in each of {quick['epochs']} epochs")
    for name in ("loss", "val_loss"):
        curve = [row[-1].get(name) if isinstance(row, list) else row.get(name) for row in rows]
        true(all(isinstance(each, float) for each in curve), f"{name} in what was logged", curve, "in every epoch")
        true(curve[-1] < curve[0], f"the curve of {name}", curve, "lower at its end than at its start")


SYSTEM = system_milestone(
    "M8",
    system="NeuralNet",
    topics={"py02": 1.0},
    title="A System",
    interface=interface.SYSTEM,
    cases=1,
    more=(
        Claim(
            id="system_reads",
            words="Fitted on the digits it reads pictures of them, whatever their size, margin and colours.",
            topics={"dl10": 0.5, "ml05": 0.5},
            at="NeuralNet",
            make=pictures,
            holds=reads,
            cases=1,
            sizes=(1,),
            budget=30.0,
            hints=(
                "What does your network see: look at the array that it gets, beside one it learnt from.",
                "Ink is what differs from the paper, and the paper is what lies in the corners.",
                "Turn it where the paper is dark, cut to the ink, fill up to a square, shrink by means of blocks.",
            ),
        ),
        Claim(
            id="system_sees_the_same",
            words=f"Of {PICTURES} pictures, turned by quarters too, {ALIKE:.0%} have one label, drawn small or large.",
            topics={"dl10": 0.5, "ml05": 0.5},
            at="NeuralNet",
            make=in_two_sizes,
            holds=sees_the_same,
            cases=1,
            sizes=(1,),
            budget=30.0,
            hints=(
                "Draw a digit a point a pixel, and once eight times as large: what does your network get of each?",
                "A row of points too many or too few is little in a large picture, and much in a small one.",
                "Cut from the first to the last row that has ink, both of them with it; columns likewise.",
            ),
        ),
        Claim(
            id="system_logs_a_curve",
            words="fit logs loss and val_loss once an epoch, and both fall.",
            topics={"dl10": 1.0},
            at="NeuralNet",
            make=nothing,
            holds=logs_a_curve,
            cases=1,
            sizes=(1,),
            budget=30.0,
            hints=(
                "Where would you look to see whether longer training helps?",
                "run.log(step, name=value, ...) after each epoch.",
                "val_loss is that of rows which are neither learnt from nor in the test.",
            ),
        ),
    ),
)
