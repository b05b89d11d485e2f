"""Questions about computer vision: convolution, architectures, detection, segmentation."""

from __future__ import annotations

import random

import castalia.roadmap.bank.of_cv_more  # noqa: F401  # puts the other half on the shelf
from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks

Box = tuple[int, int, int, int]


@asks("cv01")
def side_after_convolution(rng: random.Random) -> Question:
    """Output size with stride and padding, rounded down."""
    n, k, s = rng.randint(28, 64), rng.choice([3, 5, 7]), rng.choice([2, 3])
    p = rng.choice([0, 1, k // 2])
    return number(
        f"An image of {n} × {n} goes through a convolution with kernel {k}, stride {s} and padding {p} on each side. "
        "How many pixels wide is the output?",
        (n + 2 * p - k) // s + 1,
        f"⌊({n} + 2 · {p} - {k}) / {s}⌋ + 1.",
        within=0,
    )


@asks("cv01")
def weights_of_convolution(rng: random.Random) -> Question:
    """Kernel, channels, groups and biases."""
    g, k = rng.choice([1, 2, 4]), rng.choice([3, 5])
    a, b = rng.choice([16, 32, 48]), rng.choice([32, 64, 96])
    return number(
        f"How many parameters, biases included, does Conv2d({a}, {b}, kernel_size={k}, groups={g}) have?",
        k * k * (a // g) * b + b,
        f"Each of the {b} filters sees {a}/{g} channels: {k}² · {a // g} weights and one bias.",
        within=0,
    )


@asks("cv01")
def receptive_field(rng: random.Random) -> Question:
    """Three layers, one of them with stride 2."""
    kernels = [rng.choice([3, 5]), rng.choice([3, 5]), 3]
    strides = rng.choice([[2, 1, 1], [1, 2, 1], [2, 2, 1]])
    field, step = 1, 1
    for k, s in zip(kernels, strides, strict=True):
        field += (k - 1) * step
        step *= s
    return number(
        f"Three convolutions follow each other, with kernels {kernels} and strides {strides}. How many pixels wide is "
        "the part of the input that one output pixel sees?",
        field,
        "Each layer adds (kernel - 1) times the product of the strides before it.",
        within=0,
    )


@asks("cv01")
def shift_of_output(rng: random.Random) -> Question:
    """Equivariance only to shifts by the product of the strides."""
    strides = [rng.choice([1, 2, 2, 3]) for _ in range(2)]
    strides.insert(rng.randint(0, 2), rng.choice([2, 3] if 1 in strides else [1, 2]))
    return number(
        f"Three convolutions have strides {strides}. By how many pixels must any image be shifted, at least, so that "
        "the output (away from the borders) is exactly the old one shifted by one pixel?",
        strides[0] * strides[1] * strides[2],
        "The product of the strides; after a smaller shift, other places are sampled.",
        within=0,
    )


@asks("cv02")
def three_small_kernels(rng: random.Random) -> Question:
    """VGG's argument."""
    c = rng.choice([16, 24, 32, 48, 64, 96, 100, 128])
    return number(
        f"One 7 × 7 convolution from {c} to {c} channels is replaced by three 3 × 3 convolutions from {c} to {c}, "
        "which see as far. How many weights does that save, biases aside?",
        (49 - 27) * c * c,
        f"49 · {c}² against 3 · 9 · {c}².",
        within=0,
    )


@asks("cv02")
def bottleneck(rng: random.Random) -> Question:
    """ResNet's bottleneck block."""
    thin = rng.choice([16, 24, 32, 48, 64, 96, 128])
    wide = 4 * thin
    return number(
        f"A bottleneck block goes from {wide} channels to {thin} by 1 × 1, stays at {thin} by 3 × 3 and goes back to "
        f"{wide} by 1 × 1, no biases. How many weights are that (batch normalization and shortcut aside)?",
        2 * wide * thin + 9 * thin * thin,
        f"{wide} · {thin} + 9 · {thin}² + {thin} · {wide}.",
        within=0,
    )


@asks("cv02")
def deeper_and_worse(rng: random.Random) -> Question:
    """Degradation is not overfitting."""
    shallow, deep = rng.choice([(20, 56), (18, 50)])
    return choice(
        rng,
        f"A plain stack of {shallow} layers has 8.5 % error on validation and 3 % on training; one of {deep} layers "
        "has 11 % and 7 %, after a training that is long enough for both. What helps the deep one?",
        ("shortcuts around every few layers", "Its training error is worse too: it is hard to optimize."),
        [
            ("weight decay and stronger dropout", "Those fight overfitting, where training error would be low."),
            ("more training images of each class", "More data do not lower a training error that is too high."),
            ("early stopping at the best epoch", "It stops overfitting; here both errors are high."),
        ],
    )


@asks("cv02")
def flattened_size(rng: random.Random) -> Question:
    """Weights of the first dense layer against global pooling."""
    c, k = rng.choice([256, 512]), rng.choice([10, 100])
    side = rng.randint(5, 12)
    return number(
        f"A network's last feature map is {side} × {side} with {c} channels, then flatten and Linear to {k} classes. "
        "How many times fewer weights (biases aside) does that layer have after global average pooling?",
        side * side,
        f"{side} · {side} · {c} · {k} weights become {c} · {k}.",
        within=0,
    )


def area(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def iou(a: Box, b: Box) -> float:
    both = area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    return both / (area(a) + area(b) - both)


@asks("cv03")
def overlap_of_boxes(rng: random.Random) -> Question:
    """Intersection over union."""
    x, y, w, h = rng.randint(0, 5), rng.randint(0, 5), rng.randint(4, 8), rng.randint(4, 8)
    dx, dy = rng.randint(1, w - 2), rng.randint(0, h - 2)
    a, b = (x, y, x + w, y + h), (x + dx, y + dy, x + dx + rng.randint(3, 7), y + dy + rng.randint(3, 7))
    return number(
        f"Two boxes as (x1, y1, x2, y2): {a} and {b}. What is their IoU?",
        iou(a, b),
        f"The areas are {area(a)} and {area(b)}; the common part counts once in the union.",
    )


@asks("cv03")
def average_precision(rng: random.Random) -> Question:
    """The area under the precision envelope."""
    hits = [True, *rng.sample([True, True, True, False, False, False], 6)]
    total = rng.choice([4, 5, 6])
    precision = [sum(hits[: k + 1]) / (k + 1) for k in range(len(hits))]
    best = [max(precision[k:]) for k in range(len(hits))]
    shown = " ".join("hit" if hit else "miss" for hit in hits)
    return number(
        f"A detector's boxes for one class, the surest first, are: {shown}. There are {total} objects. What is the "
        "average precision, where the precision at each recall is the best at that recall or a higher one?",
        sum(p for p, hit in zip(best, hits, strict=True) if hit) / total,
        "Each hit adds 1 / objects of recall, times the best precision from there on; objects not found add 0.",
    )


@asks("cv03")
def after_suppression(rng: random.Random) -> Question:
    """Greedy suppression, where a removed box removes nothing."""
    step, wide = rng.choice([4, 5, 6]), 20
    boxes: list[Box] = [(k * step, 0, k * step + wide, 10) for k in range(rng.randint(4, 8))]
    scores = rng.sample([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], len(boxes))
    kept: list[Box] = []
    for _, box in sorted(zip(scores, boxes, strict=True), reverse=True):
        if all(iou(box, other) <= 0.5 for other in kept):
            kept.append(box)
    rows = "\n".join(f"{score}  {box}" for score, box in zip(scores, boxes, strict=True))
    return number(
        "How many of these boxes (score, x1, y1, x2, y2) are left by greedy non-maximum suppression that removes "
        "whatever overlaps a kept box with an IoU above 0.5? (Python is fine.)",
        len(kept),
        f"Neighbours overlap by {iou(boxes[0], boxes[1]):.2f}. Take the surest first; a removed box removes nothing.",
        code=rows,
        within=0,
    )


@asks("cv03")
def nothing_detected(rng: random.Random) -> Question:
    """Pixels against shares."""
    side, cx = rng.choice([320, 416, 640]), rng.choice([0.41, 0.52])
    return choice(
        rng,
        f"A detector's training loss falls from 9 to 0.4, but mAP on validation is 0.00. One sure prediction (cx, cy, "
        f"w, h) is ({cx}, 0.30, 0.11, 0.20); the labelled object of that image is at ({round(cx * side)}, "
        f"{round(0.3 * side)}, {round(0.11 * side)}, {round(0.2 * side)}), of {side} × {side} pixels. What is wrong?",
        ("Shares of the image are compared with pixels.", f"Times {side}, the prediction is the label."),
        [
            ("The boxes are corners and are read as centres.", "The numbers agree as centres, but for the scale."),
            ("The confidence threshold is far too high.", "The box that is shown is a sure one, and would count."),
            ("The detector overfits the training images.", "The box is right on an image of validation."),
        ],
    )


@asks("cv04")
def dice_from_overlap(rng: random.Random) -> Question:
    """Dice of a mask."""
    tp, fp, fn = rng.randint(40, 90), rng.randint(5, 40), rng.randint(5, 40)
    return number(
        f"A predicted mask has {tp + fp} pixels, the true one {tp + fn}; {tp} are common to both. What is the Dice "
        "coefficient?",
        2 * tp / (2 * tp + fp + fn),
        f"2 · {tp} / ({tp + fp} + {tp + fn}); IoU would divide {tp} by the union.",
    )


@asks("cv04")
def all_background(rng: random.Random) -> Question:
    """Mean IoU of a model that finds nothing."""
    share = rng.randint(1, 12)
    return number(
        f"Lesions cover {share} % of the pixels. A model calls every pixel background. What is its mean IoU "
        "over the two classes, counted over all pixels together?",
        (1 - share / 100) / 2,
        f"Background: {100 - share} of 100 pixels; lesion: 0. The mean of both; pixel accuracy hides it.",
    )


@asks("cv04")
def transposed_side(rng: random.Random) -> Question:
    """Output size of a transposed convolution."""
    n, (k, s, p) = rng.randint(8, 32), rng.choice([(2, 2, 0), (4, 2, 1), (3, 2, 1), (4, 4, 0)])
    return number(
        f"A decoder applies ConvTranspose2d with kernel {k}, stride {s}, padding {p} (no output padding, no "
        f"dilation) to a map of {n} × {n}. How wide is the output?",
        (n - 1) * s - 2 * p + k,
        f"({n} - 1) · {s} - 2 · {p} + {k}: a convolution's size, solved for its input.",
        within=0,
    )
