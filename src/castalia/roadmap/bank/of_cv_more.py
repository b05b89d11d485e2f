"""Questions about computer vision: faces, text in images, video, OpenCV, augmentation, small devices."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from castalia.roadmap.bank.question import Question, choice, number
from castalia.roadmap.bank.shelf import asks


@asks("cv05")
def stranger_accepted(rng: random.Random) -> Question:
    """False accepts grow with the gallery."""
    rate, n = rng.choice([(0.0001, 1000), (0.001, 100), (0.0005, 200)])
    n *= rng.randint(3, 12)
    return number(
        f"One comparison accepts a wrong person with probability {rate}. A stranger's face is compared with "
        f"{n} enrolled people, as if independently. How probable is it that somebody matches? (Python is fine.)",
        1 - (1 - rate) ** n,
        f"1 - (1 - {rate})^{n}: a rate that looks small for one comparison.",
    )


@asks("cv05")
def refused_at_threshold(rng: random.Random) -> Question:
    """Refused at the lowest threshold without a false accept."""
    impostors = sorted(rng.sample(range(10, 60), 6))
    genuine = sorted(rng.sample(range(35, 99), 8))
    genuine[0] = min(genuine[0], impostors[-1] - 1)
    genuine[-1] = 99
    refused = sum(each <= impostors[-1] for each in genuine)
    rng.shuffle(genuine)
    rng.shuffle(impostors)
    return number(
        "Scores (of 100) of pairs of the same person and of different people. The threshold is just high "
        "enough that no pair of different people passes. Which share of the pairs of the same person is refused?",
        refused / len(genuine),
        f"The threshold is just above {max(impostors)}; {refused} of {len(genuine)} are not above it.",
        code=f"same = {genuine}\ndifferent = {impostors}",
        within=0.01,
    )


@asks("cv05")
def same_people(rng: random.Random) -> Question:
    """Identities in both sets."""
    n = rng.choice([200, 500])
    return choice(
        rng,
        f"An embedding is trained on photos of {n} people and tested on other photos of the same people: 0.5 % equal "
        "error rate. At the door, with the same camera but new people, it is 6 %. How should the test have been made?",
        ("Its people should be none of those in training.", "The network had learnt these very people."),
        [
            ("It should have had many more photos of each.", "More photos of known people measure the same thing."),
            ("Its photos should have been taken at the door.", "That would help, but known people stay known."),
            ("Its threshold should have been drawn anew.", "The equal error rate picks its threshold already."),
        ],
    )


WORDS = ("hello", "letter", "coffee", "balloon", "butter", "bookkeeper", "assessment", "pepper", "success", "committee")


def repeats(word: str) -> int:
    return sum(a == b for a, b in pairwise(word))


@asks("cv06")
def shortest_path(rng: random.Random) -> Question:
    """CTC needs a blank between two equal letters."""
    word = rng.choice(WORDS)
    return number(
        f"A recognizer trained with CTC must be able to give the word “{word}”. How many time steps must its "
        "output have at least?",
        len(word) + repeats(word),
        f"{len(word)} letters, and a blank between every two equal neighbours.",
        within=0,
    )


@asks("cv06")
def decode_path(rng: random.Random) -> Question:
    """First repeats, then blanks."""
    word = rng.choice(["hello", "letter", "coffee", "butter", "yellow", "apple", "rabbit", "pepper"])
    path, previous = "", ""
    for k, letter in enumerate(word):
        path += ("-" if letter == previous else "") + letter * (2 if k in (0, len(word) - 1) else 1)
        previous = letter
    single = "".join(a for a, b in zip(word, word[1:] + " ", strict=True) if a != b)
    return choice(
        rng,
        f"CTC's best path, a letter a step and “-” for the blank, is {path}. Which text is that?",
        (word, "First equal neighbours become one, then the blanks go."),
        [
            (single, "Blanks were removed first, and then the double letter became one."),
            (path.replace("-", ""), "Only the blanks were removed; equal neighbours must become one before."),
            (word[: word.index(single[2]) + 1] + "-" + word[word.index(single[2]) + 1 :], "A blank is never shown."),
        ],
    )


def edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@asks("cv06")
def character_errors(rng: random.Random) -> Question:
    """Character error rate."""
    true = rng.choice(["invoice", "paragraph", "receipt", "signature", "delivery", "customer"])
    left, wrong = sorted(rng.sample(range(len(true)), 2))
    read = true[:left] + true[left + 1 : wrong] + rng.choice("0q1") + true[wrong + 1 :] + rng.choice(["", ".", "l"])
    return number(
        f"A line says “{true}” and is read as “{read}”. What is the character error rate?",
        edits(true, read) / len(true),
        f"{edits(true, read)} insertions, deletions and replacements, over {len(true)} true characters.",
    )


@asks("cv07")
def seconds_of_clip(rng: random.Random) -> Question:
    """Time between first and last frame."""
    n, stride, fps = rng.choice([8, 16, 32]), rng.choice([2, 4, 8]), rng.choice([24, 25, 30])
    return number(
        f"A clip is {n} frames, one of every {stride} of a video at {fps} frames a second. How many seconds lie "
        "between its first and its last frame?",
        (n - 1) * stride / fps,
        f"{n} frames have {n - 1} gaps of {stride}/{fps} s.",
    )


@asks("cv07")
def factorized_kernel(rng: random.Random) -> Question:
    """3-D kernels against (2+1)-D."""
    c, m = rng.choice([16, 32, 48, 64]), rng.choice([48, 96, 144])
    return number(
        f"A 3 × 3 × 3 convolution from {c} to {c} channels is replaced by one over space (1 × 3 × 3, {c} to "
        f"{m} channels) and one over time (3 × 1 × 1, {m} to {c}). How many weights have both, biases aside?",
        9 * c * m + 3 * m * c,
        f"9 · {c} · {m} + 3 · {m} · {c}; the full kernel has 27 · {c}².",
        within=0,
    )


@asks("cv07")
def videos_on_both_sides(rng: random.Random) -> Question:
    """How far a split by frames leaks."""
    k, p = rng.randint(3, 8), rng.choice([0.7, 0.8, 0.9])
    return number(
        f"{k} frames are taken from each of many videos. Each frame goes to training with probability {p}, else to the "
        "test, whatever the others do. What share of the videos has frames on both sides? (Python is fine.)",
        1 - p**k - (1 - p) ** k,
        f"1 - {p}^{k} - {1 - p:.1g}^{k}. Their test frames look like training frames; split by video.",
    )


@asks("cv08")
def red_picture(rng: random.Random) -> Question:
    """OpenCV reads blue first."""
    value = rng.choice([255, 200, 230])
    return choice(
        rng,
        f"Every pixel of red.png is red: R = {value}, G = 0, B = 0. Which three numbers does this print?",
        (f"[0 0 {value}]", "cv2.imread gives blue, green, red."),
        [
            (f"[{value} 0 0]", "That is the order of most other libraries."),
            (f"[0 {value} 0]", "Green is in the middle in either order."),
            (f"[{value} {value} {value}]", "imread gives colours unless grey is asked for."),
        ],
        code='print(cv2.imread("red.png")[0, 0])',
    )


@asks("cv08")
def wraps_around(rng: random.Random) -> Question:
    """uint8 in NumPy wraps, in OpenCV it stops at 255."""
    a, b = rng.randint(160, 250), rng.randint(100, 200)
    return number(
        "What does this print?",
        (a + b) % 256,
        f"NumPy wraps at 256: {a} + {b} - 256. cv2.add would stop at 255.",
        code=f"image = np.full((2, 2), {a}, np.uint8)\nbrighter = image + np.full((2, 2), {b}, np.uint8)\n"
        "print(brighter[0, 0])",
        within=0,
    )


@asks("cv08")
def shape_after_resize(rng: random.Random) -> Question:
    """Sizes are (width, height), shapes are (rows, columns)."""
    h, w, a, b = 480, 640, *rng.choice([(320, 200), (300, 160), (224, 128)])
    return choice(
        rng,
        f"An image of {w} pixels across and {h} down is read in colour by OpenCV. What does this print?",
        (f"({b}, {a}, 3)", "The size is (width, height); a shape is (rows, columns, channels)."),
        [
            (f"({a}, {b}, 3)", "The size is taken for rows and columns."),
            (f"(3, {b}, {a})", "Channels come first in PyTorch, not in OpenCV."),
            (f"({b}, {b * w // h}, 3)", "resize does not keep the proportions; it takes the size as given."),
        ],
        code=f"print(cv2.resize(image, ({a}, {b})).shape)",
    )


@asks("cv08")
def filtered_pixel(rng: random.Random) -> Question:
    """One value of cv2.filter2D."""
    kernel = rng.choice([[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]])
    patch = [[rng.randint(0, 9) for _ in range(3)] for _ in range(3)]
    if not (total := sum(k * x for a, b in zip(kernel, patch, strict=True) for k, x in zip(a, b, strict=True))):
        patch[1][2] += 1
        total = kernel[1][2]
    rows = "\n         ".join(str(row) for row in patch)
    below = "\n          ".join(str(row) for row in kernel)
    return number(
        "What does cv2.filter2D (which does not flip the kernel, float output) give at the centre of this patch?",
        total,
        "The sum of the nine products, place by place.",
        code=f"patch = [{rows}]\nkernel = [{below}]",
        within=0,
    )


@asks("cv09")
def flipped_box(rng: random.Random) -> Question:
    """A box in a mirrored image."""
    w, x, wide, y = rng.choice([320, 640]), rng.randint(20, 120), rng.randint(40, 150), rng.randint(10, 90)
    return number(
        f"An image {w} wide has a box (x1, y1, x2, y2) = ({x}, {y}, {x + wide}, {y + 50}), in coordinates from "
        f"0 to {w}. The image is mirrored left to right. What is x1 of the box then?",
        w - x - wide,
        f"x1 and x2 change places: the new x1 is {w} - x2.",
        within=0,
    )


@asks("cv09")
def wrong_augmentation(rng: random.Random) -> Question:
    """A flip that changes the class."""
    first, second = rng.choice([("turn left", "turn right"), ("left arrow", "right arrow")])
    return choice(
        rng,
        f"Road signs are classified, “{first}” and “{second}” among the classes. What teaches false labels?",
        ("mirror left to right", f"It makes a “{second}” that is labelled “{first}”."),
        [
            ("turn by up to five degrees", "A sign that is a little askew keeps its class."),
            ("darken by up to a third", "The class does not change with the light."),
            ("shift by up to a tenth", "Where the sign is does not change its class."),
        ],
    )


@asks("cv09")
def mixed_loss(rng: random.Random) -> Question:
    """The loss of mixup."""
    lam, p, q = rng.choice([0.7, 0.8, 0.6]), rng.choice([0.5, 0.6, 0.4]), rng.choice([0.1, 0.2, 0.3])
    return number(
        f"Mixup blends {lam} of a cat with {1 - lam:.1f} of a dog. For the blend the network says cat with "
        f"probability {p}, dog with {q}. What is its cross-entropy (natural logarithm)? (Python is fine.)",
        -lam * math.log(p) - (1 - lam) * math.log(q),
        f"-{lam} · ln {p} - {1 - lam:.1f} · ln {q}: the labels are blended like the images.",
    )


@asks("cv10")
def separable_cost(rng: random.Random) -> Question:
    """Depthwise and pointwise against a full convolution."""
    c, k = rng.choice([64, 128, 256]), rng.choice([3, 5])
    return number(
        f"A {k} × {k} convolution from {c} to {c} channels is replaced by a depthwise {k} × {k} one and a "
        "pointwise one, at the same size. Which share of the multiplications is left?",
        1 / c + 1 / k**2,
        f"({k}² · {c} + {c}²) / ({k}² · {c}²) = 1/{c} + 1/{k}².",
    )


@asks("cv10")
def rounding_of_int8(rng: random.Random) -> Question:
    """Half a step of an 8-bit scale."""
    low = rng.choice([-3, -2, -1, -0.5, 0])
    high = round(low + rng.choice([2.55, 5.1, 7.65, 10.2]), 2)
    return number(
        f"Activations between {low} and {high} are stored in 8 bits with evenly spaced levels, the lowest and "
        "the highest at the ends. How large can the error of rounding be?",
        (high - low) / 255 / 2,
        f"256 levels have 255 steps of {high - low:g}/255; rounding errs by half a step at most.",
    )


@asks("cv10")
def pruned_but_slow(rng: random.Random) -> Question:
    """Zeros are multiplied all the same."""
    share = rng.choice([70, 80, 90])
    return choice(
        rng,
        f"The smallest {share} % of all single weights are set to 0. Accuracy holds, but the phone needs as many "
        "milliseconds as before. What makes it faster?",
        ("leaving out whole channels and retraining", "Dense kernels multiply by zeros too; channels shrink them."),
        [
            ("setting still more of the weights to zero", "The same dense kernels run, whatever is in them."),
            ("storing the weights in a compressed file", "The file shrinks; unpacked, the work is the same."),
            ("training longer with the zeros kept fixed", "That mends accuracy, not the time."),
        ],
    )
