"""The questions on deep learning, vision, language, generation, operations and research.

Every answer that is a number is found again in another way, from nothing but the text and the code that a learner sees.
"""

from __future__ import annotations

import ast
import io
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage, optimize, special, stats
from sklearn.metrics import cohen_kappa_score, jaccard_score
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from castalia.check.topics import titles
from castalia.roadmap.bank.question import Question
from castalia.roadmap.bank.shelf import make, of

SKILLS = ("dl", "cv", "nl", "ad", "ge", "mo", "rs")
TOPICS = [topic for topic in titles() if topic[:2] in SKILLS]
IDS = [id for topic in TOPICS for id in of(topic)]
EACH = 20
"""Seeds for what costs nothing."""


def numbers(text: str) -> list[float]:
    """The numbers that stand in a text, not those within a word."""
    return [float(each) for each in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", text)]


def printed(code: str) -> float:
    out = io.StringIO()
    with redirect_stdout(out):
        exec(code, {"np": np, "torch": torch})
    return float(out.getvalue())


def size(*modules: nn.Module, least: int = 1) -> int:
    """Parameters of modules, of tensors with at least so many axes."""
    return sum(each.numel() for module in modules for each in module.parameters() if each.ndim >= least)


def one_of(text: str, *words: str) -> int:
    return next(k for k, word in enumerate(words) if word in text)


# --- form --------------------------------------------------------------------------------------


def test_every_topic_has_enough_questions() -> None:
    assert len(TOPICS) == 62
    more = {"cv01", "cv03", "nl04", "nl05"}
    few = {each: len(of(each)) for each in TOPICS if len(of(each)) < 2 + (each[:2] == "dl" or each in more)}
    assert not few


@pytest.mark.parametrize("id", IDS)
def test_question_is_well_formed(id: str) -> None:
    for seed in range(EACH):
        made = make(id, seed)
        assert made == make(id, seed)
        assert made.id == id and made.topic == id[:4] and made.seed == seed
        shown = [made.text, made.why, *(part for each in made.options for part in (each.text, each.why))]
        for text in shown:
            assert text.strip() == text and len(text) > 1 and "  " not in text, text
            assert not re.search(r"\d\.\d*0000\d|\d\.\d*9999\d|None|nan|[{}]", text), text
        assert made.text[-1] in "?.)”", made.text
        assert len(made.text) <= 420, made.text
        if made.options:
            assert len({each.text for each in made.options}) == len(made.options) == 4
            assert len({each.why for each in made.options}) == 4
            assert made.options[made.right].why == made.why
        else:
            assert math.isfinite(made.answer) and abs(made.answer) > 1e-4, made.text
            if made.within == 0:
                assert made.answer == int(made.answer)


def test_numbers_change_with_the_seed() -> None:
    for id in IDS:
        made = [make(id, seed) for seed in range(EACH)]
        if not made[0].options:
            assert len({(each.text, each.code) for each in made}) > 1, id
            assert len({each.answer for each in made}) > 1, id


def test_the_right_option_does_not_stand_out() -> None:
    first = [made for id in IDS if (made := make(id, 0)).options]
    assert len(first) > 60
    for extreme in (max, min):  # who always takes the longest (or shortest) option is right so often
        shares = 0.0
        for made in first:
            lengths = [len(each.text) for each in made.options]
            if lengths[made.right] == extreme(lengths):
                shares += 1 / lengths.count(extreme(lengths))
        assert shares / len(first) <= 0.45, f"{extreme.__name__}: {shares:.1f} of {len(first)}"
    places = Counter(make(made.id, seed).right for made in first for seed in range(EACH))
    least = stats.binom.ppf(1e-4, len(first) * EACH, 0.25)
    assert set(places) == {0, 1, 2, 3} and min(places.values()) >= least, places


# --- answers, found again ----------------------------------------------------------------------

Again = Callable[[list[float], Question], Any]
AGAIN: dict[str, Again] = {}


def again(*ids: str) -> Callable[[Again], Again]:
    def keep(way: Again) -> Again:
        AGAIN.update(dict.fromkeys(ids, way))
        return way

    return keep


@again("dl04/second_step_of_adam")
def _adam(n: list[float], q: Question) -> float:
    w = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, places = torch.optim.Adam([w], lr=n[0]), [0.0]
    for gradient in n[3:5]:
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        places.append(w.item())
    return places[2] - places[1]


@again("dl04/steady_momentum")
def _momentum(n: list[float], q: Question) -> float:
    u = 0.0
    for _ in range(2000):
        u = n[0] * u + n[2]
    return n[1] * u


@again("dl04/steps_to_a_hundredth")
def _steps(n: list[float], q: Question) -> float:
    w = nn.Parameter(torch.full((), n[2], dtype=torch.float64))
    optimizer = torch.optim.SGD([w], lr=n[1])
    for step in itertools.count():
        if w.item() < n[3]:
            return step
        optimizer.zero_grad()
        (n[0] * w**2).backward()
        optimizer.step()
    raise AssertionError("never")


@again("dl02/sigmoids_in_a_row")
def _sigmoids(n: list[float], q: Question) -> float:
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    a = x
    for _ in range(int(n[0])):
        a = torch.sigmoid(n[1] * a - n[1] * a.detach())
    a.backward()
    return x.grad.item()


@again("dl03/through_relu")
def _relu(n: list[float], q: Question) -> float:
    w = torch.tensor(n[1], requires_grad=True)
    ((n[2] * F.relu(w * n[0]) - n[3]) ** 2).backward()
    return w.grad.item()


@again("dl03/gradient_at_logit")
def _logit(n: list[float], q: Question) -> float:
    batch = int(n[4])
    logits = torch.log(torch.tensor([n[:3]] * batch, dtype=torch.float64)).requires_grad_()
    F.cross_entropy(logits, torch.full((batch,), int(n[3]) - 1)).backward()
    return logits.grad[0, 0].item()


@again("dl05/running_mean")
def _running(n: list[float], q: Question) -> float:
    norm = nn.BatchNorm1d(1, momentum=n[0])
    for _ in range(int(n[2])):
        norm(torch.tensor([[n[3] - 1], [n[3] + 1]]))
    return norm.running_mean.item()


@again("dl06/spread_of_dropout")
def _dropout(n: list[float], q: Question) -> float:
    torch.manual_seed(0)
    return F.dropout(torch.full((1_000_000,), n[1]), n[0]).std().item()


@again("dl09/memory_of_adam")
def _memory(n: list[float], q: Question) -> float:
    layer = nn.Linear(50, 50)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 50)).sum().backward()
    optimizer.step()
    kept = [part for p in layer.parameters() for part in (p, p.grad, *optimizer.state[p].values())]
    return sum(each.nbytes for each in kept if each.numel() > 1) / size(layer) * n[0] / 1000


@again("dl09/time_of_matmul")
def _matmul(n: list[float], q: Question) -> float:
    with FlopCounterMode(display=False) as counter:
        torch.ones(16, 16) @ torch.ones(16, 16)
    return counter.get_total_flops() * (n[0] / 16) ** 3 / (n[2] * 1e12) * 1000


@again("dl10/rate_of_cosine")
def _cosine(n: list[float], q: Question) -> float:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=n[1])
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, int(n[4] - n[2]))
    for _ in range(int(n[5] - n[2])):
        optimizer.step()
        falling.step()
    return optimizer.param_groups[0]["lr"]


@again("cv01/receptive_field")
def _field(n: list[float], q: Question) -> float:
    x = torch.zeros(1, 1, 400, requires_grad=True)
    y = x
    for kernel, stride in zip(n[:3], n[3:], strict=True):
        y = F.conv1d(y, torch.ones(1, 1, int(kernel)), stride=int(stride))
    y[0, 0, y.shape[2] // 2].backward()
    seen = x.grad[0, 0].nonzero().ravel()
    return (seen.max() - seen.min() + 1).item()


@again("cv01/shift_of_output")
def _shift(n: list[float], q: Question) -> float:
    x = np.random.default_rng(0).normal(size=600)

    def out(image: Any) -> Any:
        for stride in n:
            image = np.convolve(image, [1, 2, 3], "valid")[:: int(stride)]
        return image

    return next(s for s in range(1, 40) if np.allclose(out(np.r_[np.zeros(s), x])[8:20], out(x)[7:19]))


def _cells(box: list[float]) -> set[tuple[int, int]]:
    x1, y1, x2, y2 = map(int, box)
    return set(itertools.product(range(x1, x2), range(y1, y2)))


@again("cv03/overlap_of_boxes")
def _overlap(n: list[float], q: Question) -> float:
    a, b = _cells(n[-8:-4]), _cells(n[-4:])
    return len(a & b) / len(a | b)


@again("cv03/average_precision")
def _precision(n: list[float], q: Question) -> float:
    hits = re.findall(r"\b(hit|miss)\b", q.text.split(".")[0])
    points = [(hits[:k].count("hit") / n[0], hits[:k].count("hit") / k) for k in range(1, len(hits) + 1)]
    grid = [k / n[0] for k in range(1, int(n[0]) + 1)]
    return float(np.mean([max((p for r, p in points if r >= level - 1e-9), default=0) for level in grid]))


@again("cv03/after_suppression")
def _suppressed(n: list[float], q: Question) -> float:
    rows = sorted((numbers(line) for line in q.code.splitlines()), reverse=True)
    kept = 0
    while rows:
        best, kept = _cells(rows.pop(0)[1:]), kept + 1
        rows = [row for row in rows if len(best & (other := _cells(row[1:]))) / len(best | other) <= 0.5]
    return kept


@again("cv04/all_background")
def _background(n: list[float], q: Question) -> float:
    true = np.r_[np.ones(int(n[0])), np.zeros(100 - int(n[0]))]
    return float(jaccard_score(true, np.zeros(100), average="macro"))


@again("cv05/refused_at_threshold")
def _refused(n: list[float], q: Question) -> float:
    same, different = np.array(numbers(q.code.splitlines()[0])), np.array(numbers(q.code.splitlines()[1]))
    threshold = next(t for t in np.arange(0, 101, 0.5) if not (different >= t).any())
    return float((same < threshold).mean())


@again("cv06/shortest_path")
def _ctc(n: list[float], q: Question) -> float:
    word = re.findall("“(.+?)”", q.text)[0]
    target = torch.tensor([[ord(each) - 96 for each in word]])
    for steps in range(1, 40):
        flat = torch.zeros(steps, 1, 27).log_softmax(-1)
        if F.ctc_loss(flat, target, torch.tensor([steps]), torch.tensor([len(word)])).isfinite():
            return steps
    raise AssertionError("never")


@again("cv06/character_errors")
def _edits(n: list[float], q: Question) -> float:
    true, read = re.findall("“(.+?)”", q.text)

    @cache
    def far(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(far(i - 1, j) + 1, far(i, j - 1) + 1, far(i - 1, j - 1) + (true[i - 1] != read[j - 1]))

    return far(len(true), len(read)) / len(true)


@again("cv08/filtered_pixel")
def _filtered(n: list[float], q: Question) -> float:
    return float(ndimage.correlate(np.reshape(n[:9], (3, 3)), np.reshape(n[9:], (3, 3)), mode="constant")[1, 1])


@again("cv09/flipped_box")
def _flipped(n: list[float], q: Question) -> float:
    row = np.zeros(int(n[0]))
    row[int(n[3]) if n[1] == 1 else int(n[1]) : int(n[3])] = 1
    return float(row[::-1].argmax())


@again("cv10/rounding_of_int8")
def _rounding(n: list[float], q: Question) -> float:
    levels, values = np.linspace(n[0], n[1], 256), np.linspace(n[0], n[1], 255 * 20 + 1)
    return float(np.abs(values[:, None] - levels).min(1).max())


@again("nl01/merged_tokens")
def _merged(n: list[float], q: Question) -> float:
    text = " ".join(re.findall("“(.+?)”", q.text)[0])
    for line in q.code.splitlines():
        a, b = line.split(" + ")
        text = re.sub(rf"(?<!\S){a} {b}(?!\S)", a + b, text)
    return len(text.split())


@again("nl02/pairs_of_window")
def _pairs(n: list[float], q: Question) -> float:
    places = range(int(n[1]))
    return sum(a != b and abs(a - b) <= n[0] for a in places for b in places)


@again("nl02/negative_sampling")
def _negatives(n: list[float], q: Question) -> float:
    scores = torch.tensor(n[2:]).view(3, 2) @ torch.tensor(n[:2])
    return F.binary_cross_entropy_with_logits(scores, torch.tensor([1.0, 0, 0]), reduction="sum").item()


@again("nl03/far_back")
def _far(n: list[float], q: Question) -> float:
    first = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    h = first
    for _ in range(int(n[2])):
        h = n[0] * h + 0.1
    h.backward()
    return first.grad.item()


@again("nl04/attention_weight")
def _attention(n: list[float], q: Question) -> float:
    query, keys = torch.tensor(n[:4]).view(1, 1, 4), torch.tensor(n[4:]).view(1, 3, 4)
    return F.scaled_dot_product_attention(query, keys, torch.eye(3)[None])[0, 0, 0].item()


@again("nl04/allowed_pairs")
def _allowed(n: list[float], q: Question) -> float:
    rows, columns = np.indices((int(n[0]), int(n[0])))
    return int(((columns <= rows) | ((rows < n[1]) & (columns < n[1]))).sum())


@again("nl08/entities_of_tags")
def _entities(n: list[float], q: Question) -> float:
    return len(re.findall(r"B-(\w+)(?: I-\1)*", q.code))


@again("nl08/exact_f1")
def _f1(n: list[float], q: Question) -> float:
    true, found = (set(ast.literal_eval(line.split("= ")[1])) for line in q.code.splitlines())
    precision, recall = len(true & found) / len(found), len(true & found) / len(true)
    return stats.hmean([precision, recall])


@again("nl08/best_path")
def _path(n: list[float], q: Question) -> float:
    emit, move = (ast.literal_eval(re.search(r"\[\[.*?\]\]", line)[0]) for line in q.code.splitlines())
    return max(
        sum(emit[k][tag] for k, tag in enumerate(path)) + sum(move[a][b] for a, b in itertools.pairwise(path))
        for path in itertools.product((0, 1), repeat=3)
    )


@again("nl09/bleu_by_hand")
def _bleu(n: list[float], q: Question) -> float:
    true, made = (each.split() for each in re.findall("“(.+?)”", q.text))
    logs = []
    for k in (1, 2):
        left = [tuple(true[i : i + k]) for i in range(len(true) - k + 1)]
        ours = [tuple(made[i : i + k]) for i in range(len(made) - k + 1)]
        hits = 0
        for gram in ours:
            if gram in left:
                left.remove(gram)
                hits += 1
        logs.append(math.log(hits / len(ours)))
    return math.exp(sum(logs) / 2 + min(0, 1 - len(true) / len(made)))


@again("nl09/greedy_and_beam")
def _beam(n: list[float], q: Question) -> float:
    first, second = {"A": n[0], "B": n[1]}, {"A": n[2], "B": n[3]}
    greedy = max(first, key=first.__getitem__)
    return max(first[word] * second[word] for word in first) / (first[greedy] * second[greedy])


@again("ad01/best_discriminator")
def _discriminator(n: list[float], q: Question) -> float:
    found = optimize.minimize_scalar(lambda d: -n[0] * math.log(d) - n[1] * math.log(1 - d), (0.01, 0.99), (0.01, 0.99))
    return float(found.x)


@again("ad01/gradient_of_generator")
def _generator(n: list[float], q: Question) -> float:
    slopes = []
    for loss in (lambda d: -torch.log(d), lambda d: torch.log(1 - d)):
        a = torch.logit(torch.tensor(n[0], dtype=torch.float64)).requires_grad_()
        loss(torch.sigmoid(a)).backward()
        slopes.append(a.grad.item())
    return slopes[0] / slopes[1]


@again("ad02/divergence_of_gaussians")
def _divergence(n: list[float], q: Question) -> float:
    normal = torch.distributions.Normal
    return torch.distributions.kl_divergence(normal(n[0], n[1]), normal(0.0, 1.0)).item()


@again("ad03/value_of_loop")
def _loop(n: list[float], q: Question) -> float:
    v = 0.0
    for _ in range(1000):
        v = n[1] * (n[0] + n[2] * v) + (1 - n[1]) * n[0]
    return v


@again("ad05/gradient_of_policy")
def _policy(n: list[float], q: Question) -> float:
    logits = torch.log(torch.tensor([n[0], 1 - n[0]])).requires_grad_()
    taken = one_of(q.text, "was taken", "was not taken")
    ((n[1] - n[2]) * logits.log_softmax(0)[taken]).backward()
    return logits.grad[0].item()


@again("ad05/generalized_advantage")
def _gae(n: list[float], q: Question) -> float:
    rewards, values, gamma, lam = n[:3], [*n[3:6], 0.0], n[6], n[7]
    ahead = [
        sum(gamma**i * rewards[i] for i in range(k)) + gamma**k * values[k] - values[0] for k in (1, 2, 3)
    ]  # of one, two, three steps; after the end all are the last
    return (1 - lam) * (ahead[0] + lam * ahead[1]) + lam**2 * ahead[2]


@again("ad06/meta_gradient")
def _maml(n: list[float], q: Question) -> float:
    w = torch.tensor(n[0], dtype=torch.float64, requires_grad=True)
    (step,) = torch.autograd.grad((w - n[1]) ** 2, w, create_graph=True)
    ((w - n[3] * step - n[2]) ** 2).backward()
    return w.grad.item()


@again("ad07/nearest_prototype")
def _prototype(n: list[float], q: Question) -> float:
    means = torch.tensor(n[:8]).view(2, 2, 2).mean(1)
    return (-((means - torch.tensor(n[8:])) ** 2).sum(1)).softmax(0)[0].item()


@again("ad08/negatives_of_batch")
def _views(n: list[float], q: Question) -> float:
    views = [(image, view) for image in range(int(n[0])) for view in "ab"]
    return sum(image != 0 for image, _ in views)


@again("ad09/convolved_node")
def _convolved(n: list[float], q: Question) -> float:
    a = np.eye(4) + np.eye(4, k=1) + np.eye(4, k=-1)
    scale = np.diag(a.sum(1) ** -0.5)
    return float((scale @ a @ scale @ np.array(n[4:8]))[1])


@again("ad09/nodes_seen")
def _hops(n: list[float], q: Question) -> float:
    a = np.eye(10)
    for i, j in ast.literal_eval(q.code):
        a[i, j] = a[j, i] = 1
    layers = numbers(q.text)[3]
    return int((np.linalg.matrix_power(a, int(layers))[0] > 0).sum())


@again("ad10/window_pairs")
def _window(n: list[float], q: Question) -> float:
    rows, columns = np.indices((int(n[0]), int(n[0])))
    return int(((columns <= rows) & (columns >= rows - n[1])).sum())


@again("ad10/rotated_score")
def _rotated(n: list[float], q: Question) -> float:
    def turned(place: float) -> Any:
        c, s = math.cos(place * n[0]), math.sin(place * n[0])
        return np.array([[c, -s], [s, c]]) @ [1, 0]

    return float(turned(n[3]) @ turned(n[6]))


@again("ge02/signal_left")
def _signal(n: list[float], q: Question) -> float:
    x = 1.0
    for _ in range(int(n[1])):
        x *= math.sqrt(1 - n[0])
    return x


@again("mo01/replicas_needed")
def _replicas(n: list[float], q: Question) -> float:
    return next(k for k in itertools.count(1) if n[0] * n[1] / 1000 / k <= n[2] / 100)


@again("mo06/canary_requests")
def _canary(n: list[float], q: Question) -> float:
    return next(k for k in itertools.count(1) if 1 - (1 - n[0]) ** k >= 0.95)


@again("mo07/stored_versions")
def _stored(n: list[float], q: Question) -> float:
    contents = {(file, 0) for file in range(int(n[1]))}
    contents |= {(file, version) for version in range(1, int(n[2]) + 1) for file in range(int(n[3]))}
    return len(contents) * n[0] / n[1]


@again("mo08/value_at_time")
def _known(n: list[float], q: Question) -> float:
    late, asked = n[:2]
    value = math.nan
    for day, each in (numbers(line) for line in q.code.splitlines()):
        if day + late <= asked:
            value = each
    return value


@again("mo09/minutes_after_failure")
def _pipeline(n: list[float], q: Question) -> float:
    rows = {line.split(":")[0]: line for line in q.code.splitlines()}
    failed = re.search(r"(\w+) failed", q.text)[1]

    def done(task: str) -> float:  # 0: it was done before
        before = max(done(each) if each in rows else 0 for each in re.findall(r"\w+", rows[task].split("after ")[1]))
        return before + numbers(rows[task])[0] if before or task == failed else 0

    return max(map(done, rows))


@again("cv07/videos_on_both_sides")
def _both(n: list[float], q: Question) -> float:
    mixed = (each for each in itertools.product((0, 1), repeat=int(n[0])) if 0 < sum(each) < n[0])
    return sum(n[1] ** sum(each) * (1 - n[1]) ** (n[0] - sum(each)) for each in mixed)


@again("rs06/area_of_circles")
def _area(n: list[float], q: Question) -> float:
    x = np.linspace(-n[1], n[1], 801)
    far = np.hypot(x[:, None], x)  # of the points of a grid from the common centre
    return float((far <= n[1]).sum() / (far <= n[0]).sum())


@again("mo10/restored_value")
def _restored(n: list[float], q: Question) -> float:
    scale = n[1] / n[0]
    return float(np.rint(np.array(n[2]) / scale).astype(np.int8) * scale)


@again("rs02/width_from_count")
def _width(n: list[float], q: Question) -> float:
    d = int(n[1])
    with torch.device("meta"):
        fits = [
            k
            for k in range(1, 8)
            if abs(n[0] * size(nn.TransformerEncoderLayer(d, 8, k * d), least=2) / 1e6 - n[2]) < 0.06
        ]
    assert len(fits) == 1
    return fits[0]


@again("rs03/seeds_needed")
def _seeds(n: list[float], q: Question) -> float:
    return next(k for k in itertools.count(1) if stats.norm.cdf(n[1] * math.sqrt(k) / n[0] - 1.96) >= 0.8)


@again("rs04/interval_of_mean")
def _interval(n: list[float], q: Question) -> float:
    low, high = stats.t.interval(0.95, 4, np.mean(n[:5]), stats.sem(n[:5]))
    return float(high - low) / 2


@again("rs07/agreement")
def _kappa(n: list[float], q: Question) -> float:
    counts = [int(each) for each in n[1:5]]
    first = np.repeat([1, 0, 1, 0], counts)
    second = np.repeat([1, 0, 0, 1], counts)
    return float(cohen_kappa_score(first, second))


def meta(*shape: float, dtype: torch.dtype = torch.float32) -> int:
    """Bytes of a tensor that is never made."""
    return torch.empty([int(each) for each in shape], dtype=dtype, device="meta").nbytes


def mlp(*widths: float) -> nn.Module:
    return nn.Sequential(*(nn.Linear(int(a), int(b)) for a, b in itertools.pairwise(widths)))


def conv(a: float, b: float, kernel: Any, dims: int = 2, bias: bool = False, **more: int) -> nn.Module:
    return (nn.Conv2d if dims == 2 else nn.Conv3d)(int(a), int(b), kernel, bias=bias, **more)


def hidden(n: list[float]) -> float:
    return float(np.maximum(np.reshape(n[2:6], (2, 2)) @ n[:2], 0) @ n[6:8] + n[8])


AGAIN |= {
    "dl01/parameters_of_mlp": lambda n, q: size(mlp(*n[:4])),
    "dl01/forward_pass": lambda n, q: hidden(n),
    "dl02/softmax_of_three": lambda n, q: special.softmax(n[:3])[0],
    "dl05/normalized_value": lambda n, q: (
        F.batch_norm(torch.tensor(n[:4]).view(4, 1), None, None, training=True, eps=1e-12)[0].item() * n[4] + n[5]
    ),
    "dl07/trained_parameters": lambda n, q: size(mlp(n[1], n[3], n[5])),
    "dl08/gradients_add_up": lambda n, q: printed(q.code),
    "dl08/differences_averaged": lambda n, q: (torch.zeros(int(n[0]), 1) - torch.zeros(int(n[2]))).numel(),
    "dl08/softmax_twice": lambda n, q: F.cross_entropy(
        F.one_hot(torch.tensor([0]), int(n[0])) * 1.0, torch.tensor([0])
    ),
    "dl10/first_loss": lambda n, q: F.cross_entropy(torch.zeros(1, int(n[0])), torch.tensor([0])).item(),
    "dl10/steps_of_epoch": lambda n, q: len(range(0, int(n[0]), int(n[1] * n[2] * n[3]))),
    "cv01/side_after_convolution": lambda n, q: F.conv2d(
        torch.zeros(1, 1, int(n[0]), int(n[1])),
        torch.zeros(1, 1, int(n[2]), int(n[2])),
        stride=int(n[3]),
        padding=int(n[4]),
    ).shape[2],
    "cv01/weights_of_convolution": lambda n, q: size(conv(n[0], n[1], int(n[2]), bias=True, groups=int(n[3]))),
    "cv02/three_small_kernels": lambda n, q: size(conv(n[2], n[3], 7)) - size(*[conv(n[2], n[3], 3)] * 3),
    "cv02/bottleneck": lambda n, q: size(conv(n[0], n[1], 1), conv(n[1], n[1], 3), conv(n[1], n[0], 1)),
    "cv02/flattened_size": lambda n, q: meta(n[0] * n[1] * n[2], n[3]) / meta(n[2], n[3]),
    "cv04/dice_from_overlap": lambda n, q: stats.hmean([n[2] / n[0], n[2] / n[1]]),
    "cv04/transposed_side": lambda n, q: nn.ConvTranspose2d(1, 1, int(n[0]), int(n[1]), int(n[2]))(
        torch.zeros(1, 1, int(n[3]), int(n[4]))
    ).shape[2],
    "cv05/stranger_accepted": lambda n, q: stats.binom.sf(0, n[1], n[0]),
    "cv07/seconds_of_clip": lambda n, q: np.ptp(np.arange(1000)[:: int(n[1])][: int(n[0])]) / n[2],
    "cv07/factorized_kernel": lambda n, q: size(
        conv(n[8], n[9], (1, 3, 3), dims=3), conv(n[13], n[14], (3, 1, 1), dims=3)
    ),
    "cv08/wraps_around": lambda n, q: printed(q.code),
    "cv09/mixed_loss": lambda n, q: F.cross_entropy(
        torch.log(torch.tensor([[n[2], n[3], 1 - n[2] - n[3] + 1e-9]])), torch.tensor([[n[0], n[1], 0]])
    ).item(),
    "cv10/separable_cost": lambda n, q: (
        size(conv(n[2], n[3], int(n[0]), groups=int(n[2])), conv(n[2], n[3], 1)) / size(conv(n[2], n[3], int(n[0])))
    ),
    "nl01/weight_of_term": lambda n, q: n[0] * -np.log(np.mean(np.arange(n[2]) < n[1])),
    "nl03/parameters_of_lstm": lambda n, q: size(nn.LSTM(int(n[0]), int(n[1]))),
    "nl03/step_of_lstm": lambda n, q: (torch.tensor(n[1] * n[0] + n[2] * n[4]).tanh() * n[3]).item(),
    "nl04/memory_of_weights": lambda n, q: meta(n[2], n[0], n[1], n[1], dtype=torch.float16) / 1e6,
    "nl05/weights_of_block": lambda n, q: size(nn.TransformerEncoderLayer(int(n[0]), 4, int(n[1] * n[2])), least=2),
    "nl05/normalized_token": lambda n, q: F.layer_norm(torch.tensor(n[2:6]), (4,))[0].item(),
    "nl06/perplexity": lambda n, q: 1 / stats.gmean(n[:4]),
    "nl06/days_of_training": lambda n, q: (n[0] * n[1] * 1e9) * (n[2] * 1e9) / (n[3] * n[4] * 1e12 * 3600),
    "nl07/parameters_of_lora": lambda n, q: n[1] * n[4] * (meta(n[0], n[2]) + meta(n[3], n[0])) / 4,
    "nl10/temperature": lambda n, q: special.softmax(np.array(n[:2]) / n[2])[1],
    "nl10/nucleus": lambda n, q: 1 + int((np.cumsum(sorted(n[:6])[::-1]) < n[6] - 1e-9).sum()),
    "ad02/sampled_latent": lambda n, q: n[0] + n[2] * torch.tensor(n[1]).exp().sqrt().item(),
    "ad03/discounted_return": lambda n, q: np.polyval(n[3::-1], n[4]),
    "ad04/double_target": lambda n, q: n[0] + n[1] * n[5:8][int(np.argmax(n[2:5]))],
    "ad04/replay_memory": lambda n, q: n[0] * meta(1000, 2, n[1], n[2], n[3], dtype=torch.uint8) / 1e9,
    "ad05/clipped_objective": lambda n, q: min(n[1] * n[2], float(np.clip(n[1], 1 - n[0], 1 + n[0])) * n[2]),
    "ad07/width_of_interval": lambda n, q: 1.96 * stats.sem(np.tile([-n[1], n[1]], int(n[0]) // 2), ddof=0),
    "ad08/contrastive_loss": lambda n, q: F.cross_entropy(torch.tensor([n[1:5]]) / n[0], torch.tensor([0])).item(),
    "ad10/cache_with_groups": lambda n, q: meta(n[0], 2, n[3], n[2], n[5], dtype=torch.float16) / 1e6,
    "ge01/reciprocal_rank": lambda n, q: np.sum(1 / np.array(n[:4])) / 5,
    "ge01/passages_in_context": lambda n, q: len(range(int(n[4]), int(n[0] - n[1] - n[2] - n[3]) + 1, int(n[4]))),
    "ge01/price_of_month": lambda n, q: n[6] * n[7] * np.dot([n[0] * n[1] + n[2], n[3]], n[4:6]) / 1e6,
    "ge02/noisy_pixel": lambda n, q: np.array([n[1], n[2]]) @ np.sqrt([n[0], 1 - n[0]]),
    "ge02/guided_noise": lambda n, q: np.interp(n[0], [0, 100], [n[2], n[2] + 100 * (n[3] - n[2])]),
    "mo01/batched_throughput": lambda n, q: n[2] / (n[0] + n[1] * n[2]) * 1000,
    "mo02/size_of_layers": lambda n, q: sum(
        each for each, line in zip(n, q.code.splitlines(), strict=False) if " rm " not in line
    ),
    "mo02/scaled_pods": lambda n, q: next(k for k in itertools.count(1) if k * n[0] >= n[1] * n[2]),
    "mo03/hours_of_transfer": lambda n, q: n[0] * 1e12 / (n[2] * 1e9 / 8 * n[4] / 100 * 3600),
    "mo03/price_of_spot": lambda n, q: n[0] * n[1] - (n[0] + n[0] * n[3] / 100) * (n[1] - n[1] * n[2] / 100),
    "mo04/stability_index": lambda n, q: np.sum(special.rel_entr(n[:3], n[3:6]) + special.rel_entr(n[3:6], n[:3])),
    "mo04/alarms_in_a_month": lambda n, q: stats.binom.mean(n[0] * n[2], n[1]),
    "mo04/slow_requests": lambda n, q: np.percentile(n[3:], n[0], method="inverted_cdf"),
    "mo05/visitors_per_arm": lambda n, q: (
        ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) / (n[1] - n[0])) ** 2
        * (stats.bernoulli.var(n[0]) + stats.bernoulli.var(n[1]))
    ),
    "mo05/uneven_arms": lambda n, q: (n[1] - stats.binom.mean(n[0] + n[1], 0.5)) / stats.binom.std(n[0] + n[1], 0.5),
    "mo06/gate_on_noise": lambda n, q: stats.binom.std(n[0], n[1]) / n[0],
    "mo09/all_tasks_pass": lambda n, q: stats.binom.pmf(0, n[0], stats.binom.pmf(n[2] + 1, n[2] + 1, n[1])),
    "mo10/model_fast_enough": lambda n, q: optimize.brentq(lambda k: n[1] * (1 - n[0] * (1 - 1 / k) / 100) - 1, 1, 1e4),
    "mo10/bound_by_memory": lambda n, q: n[3] / (n[0] * n[1] / 8),
    "rs01/share_of_errors": lambda n, q: 1 - (100 - n[0]) / (100 - n[1]),
    "rs02/scaled_rate": lambda n, q: n[1] / (n[0] / n[2]),
    "rs03/runs_of_design": lambda n, q: len(list(itertools.product((0, 1), repeat=int(n[0])))) * n[1] * n[2],
    "rs04/discordant_examples": lambda n, q: stats.binomtest(int(n[1]), int(n[1] + n[2])).pvalue,
    "rs08/tries_not_told": lambda n, q: optimize.brentq(lambda level: level / n[1] - n[0], 0, 1),
    "rs10/within_reach": lambda n, q: n[2] * n[0] * n[1] * 1e3 / n[3] / 24 / 3.6,
    "rs10/answers_in_a_month": lambda n, q: int(n[3] * n[4] / (n[0] * n[1] * n[2])),
}


def test_no_number_goes_unchecked() -> None:
    assert {id for id in IDS if not make(id, 0).options} == set(AGAIN)


@pytest.mark.parametrize("id", sorted(AGAIN))
def test_answer_is_found_again(id: str) -> None:
    for seed in range(6):
        made = make(id, seed)
        found = float(AGAIN[id](numbers(f"{made.text}\n{made.code}"), made))
        near = 1e-4 if made.within == 0 else 0.004
        assert found == pytest.approx(made.answer, rel=near), (seed, made.text, made.code)


def newest(q: Question) -> float:
    asked = numbers(q.text)[1]
    return [value for day, value in (numbers(line) for line in q.code.splitlines()) if day <= asked][-1]


SLIPS: dict[str, Callable[[list[float], Question], list[float]]] = {
    "ad04/double_target": lambda n, q: [
        n[0] + n[1] * each for each in (max(n[5:8]), max(n[2:5]), n[2:5][int(np.argmax(n[5:8]))])
    ],
    "mo08/value_at_time": lambda n, q: [newest(q)],
}
"""Question -> what the mistakes give that the question is made for."""


@pytest.mark.parametrize("id", sorted(SLIPS))
def test_the_mistake_never_gives_the_right_number(id: str) -> None:
    for seed in range(100):
        made = make(id, seed)
        assert not any(made.takes(each) for each in SLIPS[id](numbers(made.text), made)), (seed, made)


# --- choices that can be tried -----------------------------------------------------------------


def right(id: str, seed: int = 0) -> tuple[Question, str]:
    made = make(id, seed)
    return made, made.options[made.right].text


def test_best_path_of_ctc() -> None:
    for seed in range(EACH):
        made, text = right("cv06/decode_path", seed)
        path = re.search(r"is (\S+)\. Which", made.text)[1]
        assert text == "".join(letter for letter, _ in itertools.groupby(path) if letter != "-")


def test_opencv_does_what_the_options_say(tmp_path: Any) -> None:
    cv2 = pytest.importorskip("cv2")
    made, text = right("cv08/red_picture")
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 2] = int(re.search(r"R = (\d+)", made.text)[1])
    cv2.imwrite(str(tmp_path / "red.png"), red)
    out = io.StringIO()
    with redirect_stdout(out):
        exec(made.code.replace("red.png", str(tmp_path / "red.png")), {"cv2": cv2})
    assert " ".join(out.getvalue().split()).replace("[ ", "[") == text
    for seed in range(6):
        made, text = right("cv08/shape_after_resize", seed)
        out = io.StringIO()
        with redirect_stdout(out):
            exec(made.code, {"cv2": cv2, "image": np.zeros((480, 640, 3), np.uint8)})
        assert out.getvalue().strip() == text


def test_attention_without_positions_and_with_more_heads() -> None:
    torch.manual_seed(0)
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    words = torch.randn(1, 3, 8)
    assert torch.allclose(encoder(words).mean(1), encoder(words[:, [2, 1, 0]]).mean(1), atol=1e-5)
    assert right("nl05/without_positions")[1] == "They are equal, but for rounding."
    with torch.device("meta"):
        assert size(nn.MultiheadAttention(64, 4)) == size(nn.MultiheadAttention(64, 8))
    assert right("nl05/heads_at_same_width")[1] == "It stays the same."


def test_mask_after_softmax_lets_the_future_in() -> None:
    made, text = right("nl04/mask_after_softmax")
    assert text == "The future keys take part in the softmax's sum."
    names: dict[str, Any] = {"torch": torch, "n": 4}
    exec("def attend(q, k, v):\n    " + made.code.replace("\n", "\n    "), names)
    q, k, v = torch.randn(3, 1, 4, 64, generator=torch.Generator().manual_seed(0))
    later_key, later_value = k.clone(), v.clone()
    later_key[0, 3] += 1
    later_value[0, 3] += 1
    before = names["attend"](q, k, v)[0, 0]
    assert torch.equal(before, names["attend"](q, k, later_value)[0, 0])
    assert not torch.allclose(before, names["attend"](q, later_key, v)[0, 0])


def test_floats_adam_and_dropout_do_what_the_options_say() -> None:
    for seed in range(EACH):
        made, text = right("dl03/gradient_check", seed)
        h = np.float32(re.search(r"with h = (1e-\d+)", made.text)[1])
        assert "rounds back" in text and np.float32(1) + h == np.float32(1) - h == 1
    weights = nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = torch.optim.Adam([weights], lr=1e-4, weight_decay=1e-3)
    for step in range(400):
        weights.grad = torch.tensor([0.01, 10.0], dtype=torch.float64) * (-1) ** step
        optimizer.step()
    small, large = (1 - weights.detach()).tolist()
    assert small > 10 * abs(large) and right("dl04/decay_in_adam")[1] == "the one with gradients of ±0.01"
    torch.manual_seed(0)
    assert nn.Dropout(0.5).eval()(torch.ones(50)).eq(1).all() and F.dropout(torch.ones(50), 0.5).eq(0).any()
