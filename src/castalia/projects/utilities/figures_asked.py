"""The last milestone: what is asked of figures. Their data is compared with the inputs, the picture is read again."""

from __future__ import annotations

import math
from functools import partial
from typing import Any
from xml.etree import ElementTree

import numpy as np

from castalia.core.contract import Claim, Subject, equal, refuses, true
from castalia.projects.utilities.scores_asked import scored

Array = np.ndarray[Any, Any]
Figure = dict[str, Any]
DA04 = {"da04": 1.0}
SVG = "{http://www.w3.org/2000/svg}"

# --- what the claims make ------------------------------------------------------------------------


def labels(rng: np.random.Generator, size: int) -> tuple[Array, Array, int]:
    classes = int(rng.integers(1, 6))
    return rng.integers(classes, size=size), rng.integers(classes, size=size), classes


def history(rng: np.random.Generator, size: int) -> tuple[list[dict[str, float]]]:
    names = ["loss", "val_loss", "rate"][: 1 + size % 3]
    rows = [{"epoch": number, **{name: float(rng.normal()) for name in names}} for number in range(3, 3 + size)]
    return (rows,)


def figure(rng: np.random.Generator, size: int) -> tuple[Figure]:
    """Series of different lengths, with gaps; at least two places on each axis."""
    series = []
    for number in range(1 + size % 3):
        length = size + number + 1
        y = rng.normal(size=length) * 10.0 ** rng.integers(-3, 6)
        y[rng.random(length) < 0.15] = rng.choice([np.nan, np.inf])
        y[0] = 1.0
        x = np.sort(rng.uniform(-5.0, 100.0, length))
        series.append({"name": f"line {number} <&>", "x": x.tolist(), "y": y.tolist()})
    series[0]["x"][:2], series[0]["y"][:2] = [-6.0, 101.0], [0.0, 2.0]
    return ({"title": 'a < b & "c"', "x_label": "x > 0", "y_label": "é", "series": series},)


# --- what must hold ------------------------------------------------------------------------------


def confusion_table(actual: Array, predicted: Array, classes: int) -> Array:
    table = np.zeros((classes, classes))
    for a, b in zip(actual.tolist(), predicted.tolist(), strict=True):
        table[a, b] += 1
    return table


def table_refuses(subject: Subject, actual: Array, predicted: Array, classes: int) -> None:
    longer = np.append(actual, 0)
    nothing = actual[:0]
    cases: dict[str, tuple[Array, Array]] = {
        "no rows": (nothing, nothing),
        "different lengths": (longer, predicted),
        "a row and many": (np.repeat(longer, 2), predicted[:1]),
    }
    for label in (classes, -1):
        wrong = actual.copy()
        wrong[-1] = label
        cases |= {f"the class {label}": (wrong, predicted), f"the call {label}": (actual, wrong)}
    for words, (a, b) in cases.items():
        refuses("ValueError", partial(subject.call, "confusion_table", a, b, classes), f"confusion_table of {words}")


def roc_points(actual: Array, scores: Array) -> Array:
    """Threshold by threshold: who scores at least as much is called 1."""
    made = [(0.0, 0.0)]
    for threshold in sorted(set(scores.tolist()), reverse=True):
        called = scores >= threshold
        rates = [float(np.sum(called & (actual == label)) / np.sum(actual == label)) for label in (0, 1)]
        made.append((rates[0], rates[1]))
    return np.array(made)


def roc_refuses(subject: Subject, actual: Array, scores: Array) -> None:
    gap = np.array([np.nan, *scores[1:]])
    nothing = scores[:0]
    for words, a, b in (("one class", actual * 0, scores), ("a NaN", actual, gap), ("no rows", nothing, nothing),
                        ("other lengths", actual, scores[:-1]), ("the label 2", actual * 2, scores)):  # fmt: skip
        refuses("ValueError", partial(subject.call, "roc_points", a, b), f"roc_points of {words}")


def curve_is_the_history(subject: Subject, rows: list[dict[str, float]]) -> None:
    got = subject.call("learning_curve", rows)
    for name in ("title", "x_label", "y_label"):
        true(isinstance(got[name], str) and got[name] != "", f"the {name} of learning_curve", got[name], "a text")
    names = [name for name in rows[0] if name != "epoch"]
    told = [each["name"] for each in got["series"]]
    true(told == names, "the names of the series", told, names)
    for each, name in zip(got["series"], names, strict=True):
        equal(each["x"], [row["epoch"] for row in rows], 0.0, f"x of the series {name}")
        equal(each["y"], [row[name] for row in rows], 0.0, f"y of the series {name}")
    refuses("ValueError", partial(subject.call, "learning_curve", []), "learning_curve of no epochs")
    true(len(read(subject, got)[1]) == len(names), "svg draws what learning_curve gives", "other lines", len(names))


def read(subject: Subject, shown: Figure) -> tuple[ElementTree.Element, list[Array]]:
    """The picture as XML, and the places of each of its polylines, shape (points, 2)."""
    text = subject.call("svg", shown)
    true(isinstance(text, str), "svg gives a text", repr(text)[:100], "a text")
    true("<!" not in text, "svg needs no declarations", "<!", "elements only")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 (no declarations, so no entities)
    except ElementTree.ParseError as error:
        true(False, "svg is well-formed XML", str(error), "XML in which texts are escaped")
    true(root.tag == f"{SVG}svg", "the root with its namespace", root.tag, f"{SVG}svg")
    lines = []
    for line in root.iter(f"{SVG}polyline"):
        pairs = [place.split(",") for place in line.get("points", "").split()]
        lines.append(np.array([[float(one) for one in pair] for pair in pairs], dtype=float).reshape(-1, 2))
    return root, lines


def finite(series: Figure) -> Array:
    pairs = [(x, y) for x, y in zip(series["x"], series["y"], strict=True) if math.isfinite(x) and math.isfinite(y)]
    return np.array(pairs, dtype=float).reshape(-1, 2)


def picture_is_the_data(subject: Subject, shown: Figure) -> None:
    root, lines = read(subject, shown)
    wanted = [finite(each) for each in shown["series"]]
    counts = [len(each) for each in wanted]
    true([len(each) for each in lines] == counts, "points of the polylines", [len(each) for each in lines], counts)
    drawn, numbers = np.vstack(lines), np.vstack(wanted)
    box = [float(each) for each in (root.get("viewBox") or "").replace(",", " ").split()]
    true(len(box) == 4, "the viewBox", root.get("viewBox"), "four numbers")
    inside = (drawn >= np.array(box[:2]) - 1e-6) & (drawn <= np.array(box[:2]) + box[2:] + 1e-6)
    true(inside.all(), "every point lies inside the viewBox", drawn[~inside.all(axis=1)][:1], box)
    for axis, name in enumerate("xy"):
        spread = numbers[:, axis].max() - numbers[:, axis].min()
        if not spread:
            continue
        parts = (numbers[:, axis] - numbers[:, axis].min()) / spread
        slope, start = np.polyfit(parts, drawn[:, axis], 1)
        goes = "to the right" if name == "x" else "up"
        rises = slope if name == "x" else -slope
        true(rises >= box[2 + axis] / 4, f"{name} goes {goes} and fills the picture", float(rises), "a quarter or more")
        off = float(np.abs(start + slope * parts - drawn[:, axis]).max())
        words = f"equal steps in {name} are equal steps in the picture, the same for all series (largest error)"
        true(off <= 0.002 * abs(slope), words, off, 0.0)


def texts_are_there(subject: Subject, shown: Figure) -> None:
    root, _ = read(subject, shown)
    told = {"".join(each.itertext()).strip() for each in root.iter(f"{SVG}text")}
    for name in ("title", "x_label", "y_label"):
        true(shown[name] in told, f"the {name} as a <text>", sorted(told), shown[name])
    titles = ["".join(each.itertext()).strip() for line in root.iter(f"{SVG}polyline") for each in line]
    names = [each["name"] for each in shown["series"]]
    true(titles == names, "the names of the series, as <title> in the polylines", titles, names)


def nothing_to_draw(subject: Subject, shown: Figure) -> None:
    gaps = [{**each, "y": [math.nan] * len(each["x"])} for each in shown["series"]]
    for words, series in (
        ("no series", []),
        ("series of gaps", gaps),
        ("empty series", [{"name": "a", "x": [], "y": []}]),
    ):
        refuses("ValueError", partial(subject.call, "svg", {**shown, "series": series}), f"svg of {words}")
    _, lines = read(subject, {**shown, "series": [*gaps, {"name": "one", "x": [3.0], "y": [-2.0]}]})
    counts = [len(each) for each in lines]
    true(counts == [0] * len(gaps) + [1], "points of series of gaps, and of one point", counts, [0] * len(gaps) + [1])
    true(bool(np.isfinite(lines[-1]).all()), "the place of a single point", lines[-1], "finite")


_TWO = {"title": "t", "x_label": "a", "y_label": "b"}
EDGES = (
    lambda: ({**_TWO, "series": [{"name": "n", "x": [1, 2, 3], "y": [1.0, 3.0, 2.0]}]},),
    lambda: ({**_TWO, "series": [{"name": "n", "x": [0, 1], "y": [5.0, 5.0]}]},),
    lambda: ({**_TWO, "series": [{"name": "n", "x": [0, 1], "y": [0, 1]}, {"name": "m", "x": [0, 10], "y": [0, 4]}]},),
)

CLAIMS = (
    Claim(
        id="confusion_counts",
        words="confusion_table[i, j] is the number of rows that are of class i and were called j.",
        topics=DA04,
        function="confusion_table",
        make=labels,
        oracle=confusion_table,
        rtol=1e-12,
        unordered=(0, 1),
        edges=(lambda: (np.array([0, 0, 1]), np.array([1, 1, 0]), 2), lambda: (np.array([0]), np.array([0]), 3)),
        hints=(
            "Do the rows of your table say what is, or what was called?",
            "Try a class that never occurs: its row and column must still be there.",
            "Number the cells row by row, count the numbers with a fixed length, and reshape.",
        ),
    ),
    Claim(
        id="confusion_refuses",
        words="confusion_table raises ValueError for classes beyond the table, different lengths and no rows.",
        topics=DA04,
        at="confusion_table",
        make=labels,
        holds=table_refuses,
        sizes=(1, 5),
        cases=2,
        edges=(
            lambda: (np.array([0, 1]), np.array([0, 0]), 2),
            lambda: (np.array([1, 0]), np.array([0, 0]), 2),
        ),
        hints=(
            "Where does a class of -1 end up if it is used as an index?",
            "Try the classes [0, 2] in a table of two.",
            "Look at the smallest and the largest label of both columns first.",
        ),
    ),
    Claim(
        id="roc_points",
        words="roc_points are the rates of false and true positives from (0, 0) to (1, 1), a point a distinct score.",
        topics=DA04,
        function="roc_points",
        make=scored,
        oracle=roc_points,
        rtol=1e-9,
        unordered=(0, 1),
        edges=(
            lambda: (np.array([0, 1]), np.array([0.5, 0.5])),
            lambda: (np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8])),
        ),
        hints=(
            "Which point belongs to a threshold above every score?",
            "Two rows have the same score. Can a threshold lie between them?",
            "Count zeros and ones at each distinct score from the highest down, add up, divide by their totals.",
        ),
    ),
    Claim(
        id="roc_refuses",
        words="roc_points raises ValueError for one class, NaN, no rows, other lengths and other labels.",
        topics=DA04,
        at="roc_points",
        make=scored,
        holds=roc_refuses,
        sizes=(1, 6),
        cases=2,
        hints=(
            "What would you divide by, if there is no 0 among the labels?",
            "Where in the order of scores is NaN?",
            "It refuses what roc_auc refuses: ask the same function.",
        ),
    ),
    Claim(
        id="curve_is_the_history",
        words="learning_curve has the numbers of the history, a series for each name, against the epoch.",
        topics=DA04,
        at="learning_curve",
        make=history,
        holds=curve_is_the_history,
        sizes=(1, 2, 3, 5, 8),
        cases=6,
        hints=(
            "A history that was gone on with begins at epoch 3. Where does its curve begin?",
            "Print the figure of a history of two epochs and three names.",
            "For each name but epoch, one list over the rows; x is the list of the epochs.",
        ),
    ),
    Claim(
        id="picture_is_the_data",
        words="svg draws every finite point of every series, to one scale, x to the right and y up.",
        topics=DA04,
        at="svg",
        make=figure,
        holds=picture_is_the_data,
        sizes=(1, 2, 3, 5, 8, 13),
        cases=8,
        edges=EDGES,
        hints=(
            "Which way does y grow in a picture?",
            "Two series, one ten times the other: do they share their axes in your picture?",
            "Smallest and largest over all series; a place is a margin and a part of the width; y counts from below.",
        ),
    ),
    Claim(
        id="texts_are_there",
        words="The picture tells title, labels and the names of its series, also where they hold < or &.",
        topics=DA04,
        at="svg",
        make=figure,
        holds=texts_are_there,
        sizes=(1, 3),
        cases=3,
        edges=EDGES[:1],
        hints=(
            "What does XML make of a title such as 'a < b'?",
            "Is there a <text> for each of the three, and a <title> in each polyline?",
            "The standard library can escape: xml.sax.saxutils.",
        ),
    ),
    Claim(
        id="nothing_to_draw",
        words="svg raises ValueError where there is no point at all, and draws a single one.",
        topics=DA04,
        at="svg",
        make=figure,
        holds=nothing_to_draw,
        sizes=(1, 3),
        cases=2,
        hints=(
            "What is the largest of no numbers?",
            "All y are equal: what do you divide by?",
            "Collect the finite points of all series first; a width of zero counts as one.",
        ),
    ),
)
