"""kit.metrics beside torchmetrics, a second oracle; where they part, it is said here how and why.

Every trap of the metrics that the project's reference lists has a test by name: at the end those that are not
elsewhere in test_kit_metrics.py and test_kit_metrics_more.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castalia.core.errors import WrongInput
from castalia.kit import metrics
from castalia.kit.metrics import retrieval, states, text

torch = pytest.importorskip("torch", reason="torchmetrics is the oracle here, and needs torch")
pytest.importorskip("torchmetrics", reason="torchmetrics is the oracle here")
import torchmetrics.functional as tm  # noqa: E402
import torchmetrics.functional.classification as tc  # noqa: E402
import torchmetrics.functional.retrieval as tr  # noqa: E402
from torchmetrics.functional.text import bleu_score, char_error_rate, rouge_score, word_error_rate  # noqa: E402

SOME = settings(max_examples=40, deadline=None)
pytestmark = pytest.mark.filterwarnings("ignore")


def tensor(values: Any, kind: Any = None) -> Any:
    return torch.as_tensor(np.asarray(values), dtype=kind or torch.float64)


def classes_of(k: int = 4) -> st.SearchStrategy[list[tuple[int, int]]]:
    return st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=2, max_size=40)


scores = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=40).filter(
    lambda rows: len({y for y, _ in rows}) == 2
)
"""Rows of a truth and a probability on a grid of twentieths, so that ties are frequent. float32 holds none of them
exactly but equal ones stay equal."""


# --- classes ---------------------------------------------------------------------------------------


@SOME
@given(classes_of())
def test_counts_of_classes_agree(rows: list[tuple[int, int]]) -> None:
    y, p = (np.array(each) for each in zip(*rows, strict=True))
    ty, tp = tensor(y, torch.long), tensor(p, torch.long)
    assert metrics.accuracy(y, p) == pytest.approx(float(tc.multiclass_accuracy(tp, ty, 4, average="micro")), abs=1e-6)
    table = metrics.confusion(y, p, classes=range(4)).table
    assert np.array_equal(table, tc.multiclass_confusion_matrix(tp, ty, 4).numpy())
    for average in ("micro", "macro", "weighted"):
        for ours, theirs in (
            (metrics.precision, tc.multiclass_precision),
            (metrics.recall, tc.multiclass_recall),
            (metrics.f1, tc.multiclass_f1_score),
        ):
            # its macro is over classes that occur in either column, as ours is
            assert ours(y, p, average=average) == pytest.approx(float(theirs(tp, ty, 4, average=average)), abs=1e-6)
    if len(set(y) | set(p)) > 1:
        assert metrics.matthews(y, p) == pytest.approx(float(tc.multiclass_matthews_corrcoef(tp, ty, 4)), abs=2e-6)
        kappa = float(tc.multiclass_cohen_kappa(tp, ty, 4))
        if math.isfinite(kappa):
            assert metrics.kappa(y, p) == pytest.approx(kappa, abs=1e-5)


def test_matthews_without_a_denominator_is_zero_here_and_not_always_there() -> None:
    """All of one class, and named so: torchmetrics says 1, for two classes; a constant answer has no correlation."""
    y = [1, 1, 1]
    assert metrics.matthews(y, y) == 0
    assert float(tc.binary_matthews_corrcoef(tensor(y, torch.long), tensor(y, torch.long))) == 1


# --- scores ----------------------------------------------------------------------------------------


@SOME
@given(scores)
def test_rankings_agree_ties_and_all(rows: list[tuple[bool, int]]) -> None:
    y, p = np.array([int(y) for y, _ in rows]), np.array([s / 20 for _, s in rows])
    tp, ty = tensor(p), tensor(y, torch.long)
    assert metrics.roc_auc(y, p) == pytest.approx(float(tc.binary_auroc(tp, ty)), abs=1e-6)
    assert metrics.average_precision(y, p) == pytest.approx(float(tc.binary_average_precision(tp, ty)), abs=1e-6)
    called = p >= 0.5
    assert metrics.f1(y, called) == pytest.approx(float(tc.binary_f1_score(tensor(called, torch.long), ty)), abs=1e-6)
    assert metrics.brier(y, p) == pytest.approx(float(((tp - ty) ** 2).mean()), abs=1e-12)


def test_a_row_at_the_threshold_is_positive_here_and_negative_in_torchmetrics() -> None:
    y, p = [1, 0], [0.5, 0.2]
    assert metrics.report(y, p).recall.estimate == 1
    assert float(tc.binary_recall(tensor(p), tensor(y, torch.long))) == 0


@SOME
@given(scores)
def test_calibration_in_equal_widths_agrees_where_no_bias_is_taken_off(rows: list[tuple[bool, int]]) -> None:
    """Theirs is the plain error of equal widths; ours by default has equal masses, and chance's part taken off."""
    y, p = np.array([int(y) for y, _ in rows]), np.array([(s + 0.37) / 21 for _, s in rows])
    theirs = float(tc.binary_calibration_error(tensor(p), tensor(y, torch.long), n_bins=10))
    plain = metrics.calibration_error(y, p, 10, debias=False, strategy="width")
    assert plain == pytest.approx(theirs, abs=1e-6)
    assert metrics.calibration_error(y, p, 10, strategy="width") <= plain + 1e-12


def test_calibration_parts_from_theirs_on_a_perfect_model() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(300)
    y = (rng.random(300) < p).astype(int)
    theirs = float(tc.binary_calibration_error(tensor(p), tensor(y, torch.long), n_bins=15))
    assert metrics.calibration_error(y, p) < theirs / 2 and theirs > 0.03


@SOME
@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.99)), min_size=1, max_size=30))
def test_log_loss_is_torchs_cross_entropy(rows: list[tuple[bool, float]]) -> None:
    y, p = np.array([int(y) for y, _ in rows]), np.array([s for _, s in rows])
    assert metrics.log_loss(y, p) == pytest.approx(
        float(torch.nn.functional.binary_cross_entropy(tensor(p), tensor(y)))
    )
    table = np.column_stack([1 - p, p])
    nll = torch.nn.functional.nll_loss(tensor(np.log(table)), tensor(y, torch.long))
    assert metrics.log_loss(y, table) == pytest.approx(float(nll))


def test_log_loss_of_an_impossible_event_is_infinite_here_and_a_hundred_in_torch() -> None:
    assert metrics.log_loss([1], [0.0]) == math.inf
    assert float(torch.nn.functional.binary_cross_entropy(tensor([0.0]), tensor([1.0]))) == 100
    in_both = [metrics.log_loss([1, 0], np.array([0.0, 0.5], dtype), clip=1e-15) for dtype in (np.float32, np.float64)]
    assert in_both[0] == in_both[1], "clipping does not hang on the type of the numbers"


def test_one_class_is_an_error_here_and_zero_in_torchmetrics() -> None:
    with pytest.raises(WrongInput, match="both classes"):
        metrics.roc_auc([1, 1], [0.2, 0.3])
    assert float(tc.binary_auroc(tensor([0.2, 0.3]), tensor([1, 1], torch.long))) == 0


def test_scores_over_three_updates_torchmetrics_1989() -> None:
    """Where an update has a score above 1, torchmetrics takes the sigmoid of that update: pieces and whole differ."""
    y, s = [1, 0, 1], [1.2, 0.9, 1.5]
    from torchmetrics.classification import BinaryAUROC

    def in_updates(y: list[int], s: list[float]) -> float:
        state = BinaryAUROC()
        for label, score in zip(y, s, strict=True):
            state.update(tensor([score]), tensor([label], torch.long))
        return float(state.compute())

    assert float(tc.binary_auroc(tensor(s), tensor(y, torch.long))) == 1.0
    assert in_updates(y, s) == 0.0, "0.9 stays 0.9, and 1.2 and 1.5 become 0.77 and 0.82"
    state = states.Auc()
    for label, score in zip(y, s, strict=True):
        state = state.merge(states.Auc().update([label], [score]))
    assert state.result() == metrics.roc_auc(y, s) == 1.0


# --- numbers ---------------------------------------------------------------------------------------


@SOME
@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=3, max_size=30))
def test_regression_agrees(rows: list[tuple[float, float]]) -> None:
    y, p = (np.array(each) for each in zip(*rows, strict=True))
    ty, tp = tensor(y), tensor(p)
    assert metrics.mean_squared_error(y, p) == pytest.approx(float(tm.mean_squared_error(tp, ty)), rel=1e-9)
    assert metrics.mean_absolute_error(y, p) == pytest.approx(float(tm.mean_absolute_error(tp, ty)), rel=1e-9)
    if y.std() > 1e-3:
        assert metrics.r_squared(y, p) == pytest.approx(float(tm.r2_score(tp, ty)), rel=1e-5, abs=1e-5)
        theirs = float(tm.explained_variance(tp, ty))
        assert metrics.explained_variance(y, p) == pytest.approx(theirs, rel=1e-5, abs=1e-5)


def test_r_squared_far_from_zero_is_right_here_and_lost_in_torchmetrics() -> None:
    """It sums squares; at 1e8 the differences of 1 drown. Ours takes the mean off first."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=1000)
    p = y + 0.5 * rng.normal(size=1000)
    near, far = metrics.r_squared(y, p), metrics.r_squared(y + 1e8, p + 1e8)
    assert far == pytest.approx(near, abs=1e-6)
    assert abs(float(tm.r2_score(tensor(p + 1e8), tensor(y + 1e8))) - near) > 0.01


# --- pixels ----------------------------------------------------------------------------------------


@SOME
@given(st.integers(0, 10_000))
def test_pixels_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, 3, (6, 7)), rng.integers(0, 3, (6, 7))
    found = metrics.segmentation(y, p, classes=range(3))
    iou = tc.multiclass_jaccard_index(tensor(p, torch.long)[None], tensor(y, torch.long)[None], 3, average="none")
    assert found.iou == pytest.approx(iou.numpy(), abs=1e-6)
    dice = tc.multiclass_f1_score(tensor(p.ravel(), torch.long), tensor(y.ravel(), torch.long), 3, average="none")
    assert found.dice == pytest.approx(dice.numpy(), abs=1e-6)


def test_a_class_that_is_nowhere_is_nan_here_and_zero_in_torchmetrics() -> None:
    y = np.array([[0, 0], [1, 1]])
    found = metrics.segmentation(y, y, classes=range(3))
    assert math.isnan(found.iou[2]) and found.mean_iou == 1
    theirs = tc.multiclass_jaccard_index(tensor(y, torch.long)[None], tensor(y, torch.long)[None], 3, average="none")
    assert float(theirs[2]) == 0


# --- texts -----------------------------------------------------------------------------------------

words = st.lists(st.sampled_from(["the", "cat", "sat", "on", "mat", "a", "dog", "ran"]), min_size=1, max_size=9)


@SOME
@given(st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=2)), min_size=1, max_size=4))
def test_bleu_agrees_without_smoothing(rows: list[tuple[list[str], list[list[str]]]]) -> None:
    said, wanted = [" ".join(a) for a, _ in rows], [[" ".join(b) for b in options] for _, options in rows]
    for order in (1, 2, 4):
        ours = text.bleu(said, wanted, order, smooth="none")
        assert ours.score == pytest.approx(float(bleu_score(said, wanted, n_gram=order)), abs=1e-5)


@SOME
@given(words, words)
def test_rouge_and_error_rates_agree(a: list[str], b: list[str]) -> None:
    said, wanted = " ".join(a), " ".join(b)
    theirs, ours = rouge_score(said, wanted, rouge_keys=("rouge1", "rouge2", "rougeL")), text.rouge(said, wanted)
    for name in ("rouge1", "rouge2", "rougeL"):
        mine = getattr(ours, name)
        assert (mine.precision, mine.recall, mine.f1) == pytest.approx(
            tuple(float(theirs[f"{name}_{part}"]) for part in ("precision", "recall", "fmeasure")), abs=1e-5
        )
    assert text.word_error_rate([said], [wanted]) == pytest.approx(float(word_error_rate([said], [wanted])), abs=1e-6)
    assert text.character_error_rate([said], [wanted]) == pytest.approx(
        float(char_error_rate([said], [wanted])), abs=1e-6
    )


# --- orders ----------------------------------------------------------------------------------------


@SOME
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(1, 9))
def test_orders_agree_where_no_scores_are_equal(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    gains, value = rng.integers(0, 4, n), (rng.permutation(n) + 1) / n
    gains[0] = 1
    hits = (gains > 1).astype(int)
    hits[0] = 1
    tv = tensor(value)
    assert retrieval.ndcg([gains], [value], k) == pytest.approx(
        float(tr.retrieval_normalized_dcg(tv, tensor(gains, torch.long), top_k=min(k, n))), abs=1e-6
    )
    th = tensor(hits, torch.long)
    assert retrieval.mean_reciprocal_rank([hits], [value]) == pytest.approx(
        float(tr.retrieval_reciprocal_rank(tv, th)), abs=1e-6
    )
    if k <= n:
        assert retrieval.precision_at([hits], [value], k) == pytest.approx(
            float(tr.retrieval_precision(tv, th, top_k=k)), abs=1e-6
        )
        assert retrieval.recall_at([hits], [value], k) == pytest.approx(
            float(tr.retrieval_recall(tv, th, top_k=k)), abs=1e-6
        )


def test_equal_scores_earn_their_average_here_and_their_place_in_the_list_in_torchmetrics() -> None:
    first, last = [1, 0, 0], [0, 0, 1]
    same = [0.5, 0.5, 0.5]
    average = (1 + 1 / 2 + 1 / 3) / 3
    assert retrieval.mean_reciprocal_rank([first], [same]) == retrieval.mean_reciprocal_rank([last], [same])
    assert retrieval.mean_reciprocal_rank([first], [same]) == pytest.approx(average)
    theirs = [float(tr.retrieval_reciprocal_rank(tensor(same), tensor(each, torch.long))) for each in (first, last)]
    assert theirs[0] != theirs[1]


def test_a_score_of_zero_is_a_score_here_and_not_retrieved_in_torchmetrics() -> None:
    """It drops whatever scores 0 or less, so a shift of all scores changes its figure."""
    hits, value = [1, 0], [0.0, 0.5]
    assert retrieval.mean_reciprocal_rank([hits], [value]) == 0.5
    assert float(tr.retrieval_reciprocal_rank(tensor(value), tensor(hits, torch.long))) == 0
    assert float(tr.retrieval_reciprocal_rank(tensor(value) + 1, tensor(hits, torch.long))) == 0.5


# --- the traps that are not tested elsewhere --------------------------------------------------------


def test_trap_all_ties_are_a_half_and_float32_ties_stay_ties() -> None:
    assert metrics.roc_auc([0, 1, 1], [0.3, 0.3, 0.3]) == 0.5
    s = np.array([0.1, 0.2, 0.2, 0.3], np.float32)
    assert metrics.roc_auc([0, 1, 0, 1], s) == metrics.roc_auc([0, 1, 0, 1], [0.1, 0.2, 0.2, 0.3]) == 0.875


def test_trap_infinite_scores_rank_and_nan_is_refused() -> None:
    assert metrics.roc_auc([0, 1, 1], [-math.inf, 0.0, math.inf]) == 1
    for metric in (metrics.roc_auc, metrics.average_precision):
        with pytest.raises(WrongInput, match="nan"):
            metric([0, 1, 1], [0.1, math.nan, 0.2])


def test_trap_the_trapezoid_under_precision_and_recall_is_too_high() -> None:
    y, p = [0, 1, 0, 0, 1], [0.1, 0.9, 0.8, 0.7, 0.6]
    curve = metrics.precision_recall_curve(y, p)
    trapezoid = abs(float(np.trapezoid(curve.y, curve.x)))
    steps = metrics.average_precision(y, p)
    assert steps == pytest.approx((1 + 2 / 4) / 2) and trapezoid != pytest.approx(steps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trap_a_mean_and_variance_far_from_zero(dtype: Any) -> None:
    """float32 at 1e8 has steps of 8: what is read is exact, and the variance is that of the numbers as given."""
    values = (1e8 + 8 * np.arange(1000) % 80).astype(dtype)
    state = states.Mean().update(values[:300]).merge(states.Mean().update(values[300:]))
    exact = np.array([float(each) - 1e8 for each in values])
    assert state.result() - 1e8 == pytest.approx(exact.mean(), abs=1e-5)
    assert state.variance() == pytest.approx(exact.var(), rel=1e-6)
    squares = float(np.mean(values.astype(np.float64) ** 2) - np.mean(values.astype(np.float64)) ** 2)
    assert squares != pytest.approx(exact.var(), rel=1e-4), "the textbook formula loses it"


def test_trap_macro_f1_of_a_class_that_is_only_predicted_is_zero_and_counts() -> None:
    assert metrics.f1([0, 0, 1], [0, 2, 1], average="macro") == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_trap_r_squared_of_a_constant() -> None:
    assert metrics.r_squared([2, 2], [2, 2]) == 1 and math.isnan(metrics.r_squared([2, 2], [1, 3]))


def test_trap_weights_are_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    y, p, w = np.array([0, 1, 0, 1, 1]), rng.random(5), np.array([3, 1, 2, 0, 2])
    again, score = np.repeat(y, w), np.repeat(p, w)
    for metric in (metrics.roc_auc, metrics.average_precision, metrics.log_loss, metrics.brier):
        assert metric(y, p, w) == pytest.approx(metric(again, score), rel=1e-12)


def test_trap_accuracy_of_top_k_at_ties() -> None:
    assert metrics.top_k_accuracy([0, 1, 2], np.zeros((3, 3)), 1) == pytest.approx(1 / 3)


def test_trap_isotonic_zeros_are_seen_as_infinite_loss() -> None:
    """Isotonic calibration gives exact 0 and 1; the loss of one surprise is infinite and must not be hidden."""
    assert metrics.report([0, 1, 1, 0], [0.0, 0.0, 1.0, 0.4]).log_loss == math.inf
