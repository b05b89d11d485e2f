"""kit.metrics for boxes, pixels, orders and texts: equal to pycocotools, scikit-learn, sacreBLEU and definitions."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import sacrebleu
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from castalia.core.errors import WrongInput
from castalia.kit import metrics
from castalia.kit.metrics import detection, retrieval, text

FEW = settings(max_examples=60, deadline=None)

# --- boxes -------------------------------------------------------------------------------------

Image = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def images(seed: int, count: int = 6, crowds: bool = False) -> list[Image]:
    """True boxes with classes, found boxes with classes and scores (some equal), and which true boxes are crowds."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        n, m = int(rng.integers(0, 7)), int(rng.integers(0, 12))
        corner = rng.integers(0, 40, (n, 2))
        truth = np.hstack([corner, corner + rng.integers(8, 30, (n, 2))]).astype(float)
        near = truth[rng.integers(0, n, m)] if n else np.tile([5.0, 5.0, 20.0, 20.0], (m, 1))
        found = near + rng.integers(-3, 4, (m, 4))
        scores = np.round(rng.random(m), 1)
        crowd = rng.random(n) < (0.3 if crowds else 0.0)
        made.append((truth, rng.integers(1, 4, n), found, rng.integers(1, 5, m), scores, crowd))
    return made


def of_coco(rows: list[Image]) -> COCOeval:
    """The same images judged by pycocotools."""

    def size(box: np.ndarray) -> list[float]:
        return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]

    truths: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for image, (truth, labels, boxes, classes, scores, crowd) in enumerate(rows, start=1):
        for box, label, many in zip(truth, labels, crowd, strict=True):
            area = size(box)[2] * size(box)[3]
            truths.append({"id": len(truths) + 1, "image_id": image, "category_id": int(label), "bbox": size(box),
                           "area": area, "iscrowd": int(many)})  # fmt: skip
        for box, label, score in zip(boxes, classes, scores, strict=True):
            found.append({"image_id": image, "category_id": int(label), "bbox": size(box), "score": float(score)})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": image} for image in range(1, len(rows) + 1)],
            "annotations": truths,
            "categories": [{"id": each} for each in range(1, 5)],
        }
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
    return judge


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("crowds", [False, True])
def test_average_precision_equals_pycocotools(seed: int, crowds: bool) -> None:
    rows = images(seed, crowds=crowds)
    state = detection.AveragePrecision()
    for *image, crowd in rows:
        state.update(*image, ignore=crowd)
    ours = state.result()
    judge = of_coco(rows)
    for label in range(1, 5):
        precision = judge.eval["precision"][:, :, label - 1, 0, -1]  # thresholds, recalls; all areas, 100 an image
        expected = np.where(precision > -1, precision, np.nan).mean(axis=1)
        if label in ours.classes:
            row = ours.classes.index(label)
            np.testing.assert_allclose(ours.average_precision[row], expected, atol=1e-12)
            recall = judge.eval["recall"][:, label - 1, 0, -1]
            np.testing.assert_allclose(
                ours.average_recall[row], np.where(recall > -1, recall, np.nan), atol=1e-12, equal_nan=True
            )
        else:
            assert np.isnan(expected).all()
    wanted = judge.eval["precision"][:, :, :, 0, -1]
    assert ours.mean_average_precision == pytest.approx(wanted[wanted > -1].mean(), abs=1e-12)
    assert ours.at(0.5) == pytest.approx(wanted[0][wanted[0] > -1].mean(), abs=1e-12)


def test_boxes_that_come_in_pieces_give_the_same() -> None:
    rows = images(77, count=9)
    whole = detection.average_precision(each[:5] for each in rows)
    parts = [detection.AveragePrecision() for _ in range(3)]
    for number, each in enumerate(rows):
        parts[number // 3].update(*each[:5])
    merged = parts[0].merge(parts[1]).merge(parts[2]).result()
    np.testing.assert_array_equal(merged.average_precision, whole.average_precision)


def test_a_second_box_on_the_same_truth_is_wrong_and_nothing_found_is_zero() -> None:
    truth = [[0, 0, 10, 10]]
    once = detection.average_precision([(truth, [1], truth, [1], [0.9])])
    twice = detection.average_precision([(truth, [1], truth * 2, [1, 1], [0.8, 0.9])])
    assert once.mean_average_precision == twice.mean_average_precision == 1.0  # the second comes after full recall
    before = detection.average_precision([(truth, [1], [[50, 50, 60, 60], *truth], [1, 1], [0.9, 0.8])])
    assert before.mean_average_precision == pytest.approx(0.5)
    assert detection.average_precision([(truth, [1], [], [], [])]).mean_average_precision == 0.0
    nothing_there = detection.average_precision([([], [], truth, [1], [0.9])])
    assert np.isnan(nothing_there.mean_average_precision)


@FEW
@given(st.lists(st.tuples(*[st.integers(0, 9)] * 4), min_size=1, max_size=6))
def test_iou_is_counted_cell_by_cell(corners: list[tuple[int, int, int, int]]) -> None:
    boxes = [[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners]

    def cells(box: list[int]) -> set[tuple[int, int]]:
        return set(itertools.product(range(box[0], box[2]), range(box[1], box[3])))

    for i, j in itertools.product(range(len(boxes)), repeat=2):
        either = cells(boxes[i]) | cells(boxes[j])
        expected = len(cells(boxes[i]) & cells(boxes[j])) / len(either) if either else 0.0
        assert detection.box_iou(boxes, boxes)[i, j] == pytest.approx(expected)


# --- pixels ------------------------------------------------------------------------------------


def test_segmentation_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 4, (3, 16, 16)), rng.integers(0, 4, (3, 16, 16))
    found = metrics.segmentation(y, p)
    np.testing.assert_allclose(found.iou, sk.jaccard_score(y.ravel(), p.ravel(), average=None))
    np.testing.assert_allclose(found.dice, sk.f1_score(y.ravel(), p.ravel(), average=None))
    assert found.mean_iou == pytest.approx(found.iou.mean()) and found.pixel_accuracy == pytest.approx((y == p).mean())
    y[0] = 255
    kept = metrics.segmentation(y, p, ignore=255, classes=range(4))
    np.testing.assert_allclose(kept.iou, sk.jaccard_score(y[1:].ravel(), p[1:].ravel(), average=None))
    absent = metrics.segmentation([[0, 1]], [[0, 1]], classes=[0, 1, 2])
    assert absent.mean_iou == 1.0 and np.isnan(absent.iou[2])


# --- orders ------------------------------------------------------------------------------------


@FEW
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.sampled_from([0, 1, 8]), st.integers(1, 12))
def test_ndcg_equals_scikit_learn_ties_and_all(seed: int, n: int, digits: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    gains, scores = rng.integers(0, 4, (3, n)).astype(float), np.round(rng.random((3, n)), digits)
    assert retrieval.ndcg(gains, scores, k) == pytest.approx(sk.ndcg_score(gains, scores, k=k), abs=1e-12)


@FEW
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=2, max_size=6), st.integers(1, 4))
def test_ties_are_averaged_over_all_their_orders(rows: list[tuple[int, int]], k: int) -> None:
    hits, scores = (np.array(each, dtype=float) for each in zip(*rows, strict=True))
    ranks, first = [], []
    for order in itertools.permutations(range(len(rows))):
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order)):
            places = [place for place, row in enumerate(order, start=1) if hits[row]]
            ranks.append(1 / places[0] if places else 0.0)
            first.append(sum(place <= k for place in places))
    assert retrieval.mean_reciprocal_rank([hits], [scores]) == pytest.approx(np.mean(ranks))
    kept = min(k, len(rows))
    assert retrieval.precision_at([hits], [scores], k) == pytest.approx(np.mean(first) / kept)
    if hits.any():
        assert retrieval.recall_at([hits], [scores], k) == pytest.approx(np.mean(first) / hits.sum())


# --- texts -------------------------------------------------------------------------------------

words = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=9)


@FEW
@given(st.lists(st.tuples(words, st.lists(words, min_size=2, max_size=2)), min_size=1, max_size=5))
def test_bleu_equals_sacrebleu(rows: list[tuple[list[str], list[list[str]]]]) -> None:
    texts = [" ".join(each) for each, _ in rows]
    references = [[" ".join(each) for each in both] for _, both in rows]
    streams = [list(each) for each in zip(*references, strict=True)]
    for ours, theirs in (("exp", "exp"), ("none", "none"), ("add1", "add-k")):
        more = {"smooth_value": 1} if ours == "add1" else {}
        judge = sacrebleu.BLEU(tokenize="none", smooth_method=theirs, force=True, **more)  # type: ignore[arg-type]
        expected = judge.corpus_score(texts, streams)
        found = text.bleu(texts, references, smooth=ours)  # type: ignore[arg-type]
        assert (found.said, found.wanted) == (expected.sys_len, expected.ref_len)
        if found.said and any(expected.counts[:1]):
            assert found.score * 100 == pytest.approx(expected.score, abs=1e-9)
        else:
            assert found.score == 0.0


@cache
def edits(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """Levenshtein's distance by its definition."""
    if not a or not b:
        return len(a) + len(b)
    return min(edits(a[1:], b) + 1, edits(a, b[1:]) + 1, edits(a[1:], b[1:]) + (a[0] != b[0]))


@cache
def common(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """The longest common subsequence by its definition."""
    if not a or not b:
        return 0
    return common(a[1:], b[1:]) + 1 if a[0] == b[0] else max(common(a[1:], b), common(a, b[1:]))


@FEW
@given(words, words)
def test_distances_and_rouge_are_those_of_their_definitions(a: list[str], b: list[str]) -> None:
    assert text.edit_distance(a, b) == edits(tuple(a), tuple(b))
    length = common(tuple(a), tuple(b))
    assert text.longest_common_subsequence(a, b) == length
    found = text.rouge(a, b)
    assert found.rougeL.precision == pytest.approx(length / len(a) if a else 0.0)
    assert found.rougeL.recall == pytest.approx(length / len(b) if b else 0.0)
    shared = sum(min(a.count(word), b.count(word)) for word in "abcd")
    assert found.rouge1.recall == pytest.approx(shared / len(b) if b else 0.0)
    if b:
        assert text.word_error_rate([a], [b]) == pytest.approx(edits(tuple(a), tuple(b)) / len(b))
    assert text.character_error_rate(["ab c"], ["abc"]) == pytest.approx(1 / 3)


def test_rouge_of_the_papers_example() -> None:
    """Lin 2004, section 3.1: S2 and S3 share as many bigrams with S1, but only S2 keeps its order."""
    wanted = "police killed the gunman"
    assert text.rouge("police kill the gunman", wanted).rougeL.f1 == pytest.approx(0.75)
    assert text.rouge("the gunman kill police", wanted).rougeL.f1 == pytest.approx(0.5)
    assert text.token_f1("", "").f1 == 1.0 and text.token_f1("a", "").f1 == 0.0


@pytest.mark.parametrize(
    "act, said",
    [
        (lambda: detection.box_iou([[0, 0, 1]], [[0, 0, 1, 1]]), "another shape"),
        (lambda: detection.box_iou([[5, 0, 1, 1]], [[0, 0, 1, 1]]), "turned round"),
        (lambda: detection.box_iou([[0, 0, np.nan, 1]], [[0, 0, 1, 1]]), "not finite"),
        (lambda: detection.average_precision([]), "no boxes yet"),
        (lambda: detection.average_precision([([[0, 0, 1, 1]], [], [], [], [])]), "lengths differ"),
        (lambda: detection.average_precision([([], [], [[0, 0, 1, 1]], [1], [np.nan])]), "scores have NaN"),
        (lambda: detection.AveragePrecision([0.0]), "thresholds do not fit"),
        (lambda: metrics.segmentation([[0, 1]], [[0], [1]]), "shapes differ"),
        (lambda: metrics.segmentation([[7]], [[7]], ignore=7), "nothing is left"),
        (lambda: retrieval.ndcg([[1, -1]], [[1, 2]]), "relevance does not fit"),
        (lambda: retrieval.ndcg([[1, 2]], [[1]]), "do not fit"),
        (lambda: retrieval.recall_at([[0, 0]], [[1, 2]], 1), "no query has"),
        (lambda: text.bleu("a b", ["a b"]), "texts do not fit"),
        (lambda: text.bleu(["a b"], ["a b"]), "references do not fit"),
        (lambda: text.word_error_rate(["a"], [""]), "references are empty"),
        (lambda: text.word_error_rate([], []), "lengths differ"),
    ],
)
def test_wrong_input_says_what_is_wrong(act: Callable[[], object], said: str) -> None:
    with pytest.raises(WrongInput, match=said):
        act()
