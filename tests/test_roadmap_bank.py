"""The bank of questions: every question well formed for every seed, its answer found again in another way."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import json
import math
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from castalia.core.errors import NotFound, WrongInput
from castalia.roadmap.bank import shelf
from castalia.roadmap.bank.question import LETTERS, Question, choice, mark, number, times, unanswered
from castalia.roadmap.content import content

MINE = ("cs", "sq", "da", "to", "or", "py", "ma", "ml")
"""Skills whose questions this file looks at closely; ``test_roadmap_bank_deep`` has the others."""
THREE = ("ma", "ml")
SEEDS = range(20)
IDS = tuple(id for topic in content().graph.topics if topic[:2] in MINE for id in shelf.of(topic))
Numbers = list[float]


def every(ids: tuple[str, ...] = IDS, seeds: range = SEEDS) -> list[Question]:
    return [shelf.make(id, seed) for id in ids for seed in seeds]


def test_every_topic_has_questions() -> None:
    graph = content().graph
    few = {
        id: len(shelf.of(id)) for id in graph.topics
        if id[:2] in MINE and len(shelf.of(id)) < (3 if id[:2] in THREE else 2)
    }  # fmt: skip
    assert few == {}
    assert {id.partition("/")[0] for id in shelf._MAKERS} <= set(graph.topics)
    assert [id for id in graph.topics if len(shelf.of(id)) < 2] == []


def test_every_question_is_well_formed_for_every_seed() -> None:
    for asked in every():
        about = f"{asked.id} {asked.seed}"
        assert asked.topic == asked.id.partition("/")[0] and asked.text.strip() == asked.text and asked.why, about
        assert len(asked.text) < 420 and len(asked.why) < 300 and asked.text[-1] in "?.)", about
        assert "nan" not in asked.text and "  " not in asked.text, about
        if asked.options:
            texts = [each.text for each in asked.options]
            assert len(texts) == 4 == len(set(texts)) and 0 <= asked.right < 4, about
            assert all(text.strip() and each.why.strip() for text, each in zip(texts, asked.options, strict=True)), (
                about
            )
            assert asked.options[asked.right].why == asked.why, about
            assert [mark(asked, letter).right for letter in LETTERS].count(True) == 1, about
            assert mark(asked, LETTERS[asked.right].upper()).right, about
        else:
            assert math.isfinite(asked.answer), about
            assert mark(asked, repr(asked.answer)).right and asked.within <= 0.1, about
            assert mark(asked, f"{asked.answer:.4g}").right or asked.within < 0.01, about
            assert not mark(asked, repr(asked.answer + 0.3 * abs(asked.answer) + 1)).right, about
        assert not unanswered(asked).right


def test_a_seed_is_a_question_and_another_seed_another_one() -> None:
    assert every(seeds=range(3)) == every(seeds=range(3))
    for id in IDS:
        made = [shelf.make(id, seed) for seed in SEEDS]
        if made[0].form == "number":
            assert len({(each.text, each.code) for each in made}) >= 4, id
            assert len({each.answer for each in made}) >= 3, id
        else:
            assert len({each.right for each in made}) >= 3, id


def test_the_right_option_is_neither_the_longest_nor_at_one_place() -> None:
    asked = [each for each in every() if each.options]
    lengths = [[len(option.text) for option in each.options] for each in asked]
    longest = sum(row[each.right] == max(row) for each, row in zip(asked, lengths, strict=True)) / len(asked)
    shortest = sum(row[each.right] == min(row) for each, row in zip(asked, lengths, strict=True)) / len(asked)
    assert longest < 0.45 and shortest < 0.45, (longest, shortest)
    places = Counter(each.right for each in asked)
    assert all(0.2 < places[place] / len(asked) < 0.3 for place in range(4)), places


def test_a_topic_and_a_seed_choose_a_question() -> None:
    assert {shelf.ask("ma02", seed).id for seed in range(30)} == set(shelf.of("ma02"))  # type: ignore[union-attr]
    assert shelf.ask("ma02", 5) == shelf.ask("ma02", 5)
    assert shelf.ask("zz01", 5) is None and shelf.of("zz01") == ()
    for wrong in ("ma02/gone", "zz01/x", "", "ma02"):
        with pytest.raises(NotFound):
            shelf.make(wrong, 1)


# --- marking --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (0.25, ["0.25", "1/4", "25 %", "25%", "0,25", ".25", "2.5e-1", " +0.25 ", "0.2501"]),
        (-3, ["-3", "−3", "–3", "-3.0", "-6/2", "-3,0"]),
        (1234, ["1234", "1,234", "1 234", "1_234", "1.234e3", "1,234.0"]),
        (1.234, ["1.234", "1,234", "617/500"]),
        (1_234_567, ["1234567", "1,234,567", "1 234 567"]),
        (50, ["50", "50 %", "100/2", "49.6"]),
        (0, ["0", "0.0", "-0", "0 %", "0.001"]),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_type_it(answer: float, said: list[str]) -> None:
    asked = number("?", answer, "so")
    assert all(mark(asked, text).right for text in said), [text for text in said if not mark(asked, text).right]
    for wrong in ("7", "0.27", "1/3", "1e9", "-50", "99 %"):
        found = mark(asked, wrong)
        assert not found.right and found.says.startswith("It is ") and found.says.endswith(" so")


def test_exact_means_exact() -> None:
    asked = number("?", 1000, "so", within=0)
    assert mark(asked, "1000").right and mark(asked, "1,000").right and not mark(asked, "1000.5").right
    assert "1000" in mark(asked, "999").says


@pytest.mark.parametrize(
    "said", ["", "x", "a", "1/0", "nan", "inf", "1e400", "0x1f", "1.2.3", "1,2,3", "--1", "1/2/3", "1 2", "(1)",
             "9" * 81, "1e999/3", "%", "1e"],
)  # fmt: skip
def test_what_is_no_number_is_refused_in_words(said: str) -> None:
    with pytest.raises(WrongInput) as found:
        mark(number("?", 1, "so"), said)
    assert found.value.got and found.value.expected and found.value.cure


def test_an_option_is_a_letter() -> None:
    import random

    asked = choice(random.Random(1), "?", ("yes", "it is"), [("no", "not it"), ("some", "nor"), ("none", "never")])
    for place, letter in enumerate(LETTERS):
        found = mark(asked, f" {letter} ")
        assert found.right == (place == asked.right) and found.says.startswith(asked.options[place].why)
        assert found.right or "Right is " in found.says
    for wrong in ("", "e", "ab", "1", "yes", "ä"):
        with pytest.raises(WrongInput):
            mark(asked, wrong)
    assert [times(k, "x") for k in (1, -1, 3, -2)] == ["x", "-x", "3 x", "-2 x"]


# --- answers, found again -------------------------------------------------------------------------


def printed(code: str) -> str:
    """What a snippet prints, run as it stands."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile(code, "snippet", "exec"), {"__name__": "snippet"})
    return told.getvalue().strip()


APART = ("to01/order_of_cells", "py02/equal_and_in_a_set", "py06/counted_elsewhere")


def test_snippets_print_the_answer() -> None:
    run = 0
    for asked in every(seeds=range(6)):
        if "print(" in asked.code and asked.id not in APART:
            told, run = printed(asked.code), run + 1
            if asked.options:
                assert told == asked.options[asked.right].text, asked
            else:
                assert math.isclose(float(told), asked.answer, rel_tol=1e-12), asked
    assert run > 100
    for seed in range(4):
        asked = shelf.make("py02/equal_and_in_a_set", seed)
        with pytest.raises(TypeError):
            printed(asked.code)
        asked = shelf.make("to01/order_of_cells", seed)
        a, b, c = (f"{each}\n" for each in re.split(r"# cell .\n", asked.code)[1:])
        assert float(printed(a + b + c + b + c).split()[-1]) == asked.answer


def test_processes_share_no_variables(tmp_path: Path) -> None:
    asked = shelf.make("py06/counted_elsewhere", 3)
    (tmp_path / "count.py").write_text(asked.code, "utf-8")
    told = subprocess.run([sys.executable, "count.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert told.stdout.strip() == asked.options[asked.right].text


def test_sql_gives_the_answer() -> None:
    for asked in every(shelf.of("sq01")):
        with contextlib.closing(sqlite3.connect(":memory:")) as base:
            *before, query = [each for each in asked.code.split(";") if each.strip()]
            base.executescript(";".join(before))
            assert math.isclose(base.execute(query).fetchone()[0], asked.answer), asked


def test_orders_of_growth_by_counting() -> None:
    sizes = {"log n": math.log2, "n": float, "n log n": lambda n: n * math.log2(n), "n²": lambda n: n * n / 2}

    def rounds(code: str, n: int) -> int:
        inner = code.rstrip().rsplit("\n", 1)
        indent = " " * (len(inner[1]) - len(inner[1].lstrip()))
        told = f"n, count = {n}, 0\n{inner[0]}\n{indent}count += 1\n{inner[1]}\nprint(count)"
        if "while i > 0" in code:  # the inner loop's line is the one before the last
            told = f"n, count = {n}, 0\n{code.replace('pass', 'count += 1')}\nprint(count)"
        return int(printed(told))

    for code, order in {(each.code, each.options[each.right].text) for each in every(("cs04/order_of_loops",))}:
        small, large = (rounds(code, n) / sizes[order](n) for n in (256, 2048))
        assert 0.9 < large / small < 1.1, (code, order)
        assert not any(
            0.8 < rounds(code, 2048) / rounds(code, 256) / (size(2048) / size(256)) < 1.25
            for name, size in sizes.items() if name != order
        ), code  # fmt: skip


def amdahl(n: Numbers) -> float:
    return 100 / (100 - n[0] + n[0] / n[1])


def documents(asked: Question) -> float:
    limit = float(re.search(r"\$gt: (\d+)", asked.text)[1])  # type: ignore[index]
    rows = [json.loads(re.sub(r"(\w+):", r'"\1":', each).replace("'", '"'))["items"] for each in asked.code.split("\n")]
    return sum("a" in [one["kind"] for one in row] and max(one["n"] for one in row) > limit for row in rows)


def pipeline(asked: Question) -> float:
    jobs = {
        name: (int(minutes), needs.split(", ") if needs else [])
        for name, minutes, needs in re.findall(r"(\w+): +(\d+) min(?:, needs (.*))?", asked.code)
    }

    def end(name: str) -> int:
        return jobs[name][0] + max((end(each) for each in jobs[name][1]), default=0)

    return end("deploy")


def descent(n: Numbers, rate: float) -> float:
    """How far gradient descent on n0 x² + n1 y² gets from (1, 1)."""
    x = np.ones(2)
    for _ in range(60):
        x = x - rate * 2 * np.array(n) * x
    return float(np.abs(x).max())


def largest_rate(asked: Question) -> float:
    a, b = (float(each or 1) for each in re.findall(r"(\d*) ?[xy]²", asked.text))
    low, high = 0.0, 2.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if descent([a, b], middle) < 1 else (low, middle)
    return low


def eigenvalue(n: Numbers) -> float:
    return float(np.linalg.eigvalsh(np.array(n).reshape(2, 2))[-1])


def momentum(asked: Question) -> float:
    a = float(re.search(r"= (\d*) ?x²", asked.text)[1] or 1)  # type: ignore[index]
    beta, rate, x = (
        float(each) for each in re.search(r"← (.*) v \+.* x - (.*) v, from x = (\d+)", asked.text).groups()
    )  # type: ignore[union-attr]
    places = [x, x - rate * 2 * a * x]
    return places[1] - rate * 2 * a * places[1] + beta * (places[1] - places[0])  # heavy ball, without a velocity


def lagrange(asked: Question) -> float:
    a, b, s = (float(each or 1) for each in re.search(r"where (\d*) ?x \+ (\d*) ?y = (\d+)", asked.text).groups())  # type: ignore[union-attr]
    x = np.linspace(0, s / a, 200_001)
    return float((x * (s - a * x) / b).max())


def triangle(asked: Question) -> float:
    k, a = re.search(r"= (\d*) ?y over the triangle 0 ≤ x ≤ (\d+)", asked.text).groups()  # type: ignore[union-attr]
    x = (np.arange(2000) + 0.5) / 2000 * float(a)
    return float(np.where(x[:, None] >= x, float(k or 1) * x, 0).sum() * (float(a) / 2000) ** 2)


def multiplier(asked: Question) -> float:
    a, c = re.search(r"Minimize (\d*) ?x² subject to x ≥ (-?\d+)", asked.text).groups()  # type: ignore[union-attr]

    def least(limit: float) -> float:
        return float(a or 1) * max(0.0, limit) ** 2

    return (least(float(c) + 1e-6) - least(float(c))) / 1e-6  # what the optimum pays for a tighter constraint


def shrunk(asked: Question) -> float:
    sign, c, t = re.search(r"\(x ([+-]) (\d+)\)² \+ (\d+) \|x\|", asked.text).groups()  # type: ignore[union-attr]
    c = -float(f"{sign}{c}")
    return minimum(lambda x: (x - c) ** 2 / 2 + float(t) * abs(x), -10, 10)


def trapezoids(asked: Question) -> float:
    k, b = re.search(r"of (\d*) ?x² from 0 to (\d+)", asked.text).groups()  # type: ignore[union-attr]
    x = np.linspace(0, float(b), 3)
    return float(np.trapezoid(float(k or 1) * x**2, x))


def chain(asked: Question) -> float:
    a, sign, b, x = re.search(r"\((\d*) ?x(?: ([+-]) (\d+))?\)². What is f'\((\d+)\)", asked.text).groups()  # type: ignore[union-attr]
    inner = np.poly1d([float(a or 1), float(f"{sign or '+'}{b or 0}")])
    return float(np.polyder(inner * inner)(float(x)))


def quadratic_form(n: Numbers) -> float:
    matrix, x, small = np.array(n[:4]).reshape(2, 2), np.array(n[4:6]), np.array([1e-5, 0])
    return float(((x + small) @ matrix @ (x + small) - (x - small) @ matrix @ (x - small)) / 2e-5)


def projection(n: Numbers) -> float:
    v, u = np.array(n[:2]), np.array(n[3:5])
    return float(np.linalg.norm(u * np.linalg.lstsq(u[:, None], v, rcond=None)[0]))


def dice(n: Numbers) -> float:
    count, sides = int(n[0]), int(n[1])
    thrown = list(itertools.product(range(1, sides + 1), repeat=count))
    return sum(max(each) == sides for each in thrown) / len(thrown)


def red_and_blue(n: Numbers) -> float:
    pairs = [each for each in itertools.product(range(1, 7), repeat=2) if each[0] >= n[0]]
    return sum(sum(each) >= n[1] for each in pairs) / len(pairs)


def beta_mean(n: Numbers) -> float:
    x = np.linspace(0, 1, 100_001)
    density = x ** (n[0] - 1 + n[3]) * (1 - x) ** (n[1] - 1 + n[2] - n[3])
    return float((x * density).sum() / density.sum())


def normal_mean(n: Numbers) -> float:
    x = np.linspace(-50, 80, 200_001)
    logs = -(((x - n[0]) / n[1]) ** 2) / 2 - n[2] * ((x - n[4]) / n[3]) ** 2 / 2
    density = np.exp(logs - logs.max())
    return float((x * density).sum() / density.sum())


def binomial_spread(n: Numbers) -> float:
    count, p = int(n[0]), n[1]
    k = np.arange(count + 1)
    logs = np.array([math.lgamma(count + 1) - math.lgamma(i + 1) - math.lgamma(count - i + 1) for i in k])
    chance = np.exp(logs + k * math.log(p) + (count - k) * math.log(1 - p))
    return float(np.sqrt((chance * k**2).sum() - (chance * k).sum() ** 2))


def minimum(f: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> float:
    x = np.linspace(low, high, 400_001)
    return float(x[np.argmin(f(x))])


def forest(n: Numbers) -> float:
    """The variance of a mean, from the covariance matrix."""
    count, s, rho = int(n[0]), n[1], n[2]
    covariance = np.full((count, count), rho * s) + np.eye(count) * (1 - rho) * s
    return float(covariance.sum() / count**2)


def gini(n: Numbers) -> float:
    def impurity(a: float, b: float) -> float:
        return 2 * a * b / (a + b) ** 2

    a, b, x, y = n[0], n[1], n[2], n[3]
    rows = a + b
    return impurity(a, b) - (x + y) / rows * impurity(x, y) - (rows - x - y) / rows * impurity(a - x, b - y)


def nearest(n: Numbers) -> float:
    some, low, high = np.array(n[:6]), n[6], n[7]
    return float(some[np.abs(some - low) < np.abs(some - high)].mean())


def halving(n: Numbers) -> float:
    left, each, total = int(n[0]), int(n[1]), 0
    trained = 0
    goal = each
    while True:
        total += left * (goal - trained)
        if left == 1:
            return total
        trained, goal, left = goal, 2 * goal, left // 2


def bits(asked: Question) -> float:
    lengths = [int(each).bit_length() - 1 for each in re.findall(r"1/(\d+)", asked.text)]
    assert sum(2**-each for each in lengths) == 1
    return sum(each * 2**-each for each in lengths)  # a code word each, as long as its probability says


def scores(asked: Question) -> float:
    n = numbers(asked.text)
    tp, fp, fn, tn = (int(each) for each in n[:4])
    truth = np.array([1] * tp + [0] * fp + [1] * fn + [0] * tn)
    said = np.array([1] * (tp + fp) + [0] * (fn + tn))
    precision, recall = truth[said == 1].mean(), said[truth == 1].mean()
    named = {"precision": precision, "recall": recall, "F1 score": 2 / (1 / precision + 1 / recall)}
    return float(named[re.search(r"its (.*)\?", asked.text)[1]])  # type: ignore[index]


def auc(n: Numbers) -> float:
    positive, negative = np.array(n[:3]), np.array(n[3:7])
    ranks = np.argsort(np.argsort(n[:7])) + 1
    return float((ranks[:3].sum() - 6) / (positive.size * negative.size))


def ridge(n: Numbers) -> float:
    k, x, y = n[0], n[1:4], n[4:7]
    rows, targets = np.array([*x, math.sqrt(k)]), np.array([*y, 0.0])
    return float(np.linalg.lstsq(rows[:, None], targets, rcond=None)[0][0])


def zeros(n: Numbers) -> float:
    k = n[6]
    return sum(abs(minimum(lambda x, w=w: (x - w) ** 2 / 2 + k * abs(x), -4, 4)) < 1e-4 for w in n[:6])


def halved(size: float) -> int:
    """Tests until one of so many commits is left, at worst."""
    return 0 if size <= 1 else 1 + halved(math.ceil(size / 2))


def looks(size: int) -> int:
    return 0 if size == 0 else 1 + looks(size // 2)


def angle(n: Numbers) -> float:
    a, b = (np.exp(2j * np.pi * each / 24) for each in n[-2:])
    return float(abs(a - b))


def shapley(n: Numbers) -> float:
    value = {frozenset(): n[0], frozenset("A"): n[1], frozenset("B"): n[2], frozenset("AB"): n[3]}
    gains = [value[frozenset(order[: order.index("A") + 1])] - value[frozenset(order[: order.index("A")])]
             for order in ("AB", "BA")]  # fmt: skip
    return float(np.mean(gains))


def worst_shrinking(n: Numbers) -> float:
    rates = np.linspace(0, 2 / n[1], 100_001)
    return float(np.maximum(abs(1 - rates * n[0]), abs(1 - rates * n[1])).min())


def one_item_meets_both(asked: Question) -> float:
    limit = float(re.search(r"\$gt: (\d+)", asked.text)[1])  # type: ignore[index]
    items = [re.findall(r"kind: '(.)', n: (\d+)", row) for row in asked.code.split("\n")]
    return sum(any(kind == "a" and float(n) > limit for kind, n in row) for row in items)


def numbers(text: str) -> Numbers:
    """The numbers of a text in their order, 1,000 as one of them."""
    return [float(each.replace(",", "")) for each in re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?", text)]


AGAIN: dict[str, Callable[[Numbers], float]] = {
    "cs02/round_trips": lambda n: sum([n[-1]] * 3),
    "cs02/size_of_block": lambda n: len(range(0, 2**32, 2 ** int(n[-1]))),
    "cs04/binary_search": lambda n: looks(int(n[0])),
    "cs04/how_it_scales": lambda n: n[2] * (n[3] / n[1]) ** n[0],
    "da03/hidden_gaps": lambda n: float(np.median([each for each in n if 0 <= each < 150])),
    "da04/slope_on_log_axes": lambda n: float(np.polyfit(np.log(n[::2]), np.log(n[1::2]), 1)[0]),
    "da04/cut_off_bars": lambda n: (n[2] - n[0]) / (n[1] - n[0]),
    "da05/rates_of_a_whole": lambda n: float(np.average([n[0], n[2]], weights=[n[1], n[3]])),
    "da06/width_of_an_interval": lambda n: 1.959964 * n[1] / math.sqrt(n[0]),
    "da06/many_tests": lambda n: float(-np.expm1(n[0] * np.log1p(-n[1]))),
    "to07/requests_a_second": lambda n: n[0] / (n[1] / 1000),
    "to08/limit_of_machines": lambda n: float(np.polyfit([1, 1 / n[2]], n[:2], 1)[1]),
    "to08/rows_that_travel": lambda n: n[1] * n[2],
    "to03/tests_of_a_bisection": lambda n: halved(n[0]),
    "to05/red_by_chance": lambda n: float(-100 * np.expm1(n[0] * np.log1p(-n[1] / 100))),
    "to06/cost_of_training": lambda n: n[0] * n[1] * n[2] + 3 * n[3] * n[4],
    "to06/cheaper_but_taken_away": lambda n: n[0] * n[4] - (n[0] + n[2] * n[3] / 2) * n[1],
    "or01/nothing_learned": lambda n: 100 * (1 - n[1] / n[0]),
    "py06/threads_that_wait": lambda n: n[0] * n[1],
    "py06/waiting_side_by_side": lambda n: n[1] * len(range(0, int(n[0]), int(n[2]))),
    "py07/bytes_of_an_array": lambda n: n[2] * n[3] * n[4] / 8 / 1e6,
    "py07/both_at_once": lambda n: n[1] * (64 + 32) / 64,
    "py08/speed_of_the_whole": amdahl,
    "py10/weights_that_were_deleted": lambda n: n[0] + n[1],
    "py05/copies_of_a_growing_list": lambda n: sum(2**k for k in range(int(n[1]).bit_length() - 1)),
    "ma01/larger_eigenvalue": eigenvalue,
    "ma01/length_of_a_projection": projection,
    "ma02/gradient_of_a_quadratic_form": quadratic_form,
    "ma04/shrinking_of_the_error": worst_shrinking,
    "ma05/ill_after_a_test": lambda n: 100 / (1 + (100 - n[0]) * n[2] / (n[0] * n[1])),
    "ma05/at_least_one_six": dice,
    "ma05/sum_of_two_dice": red_and_blue,
    "ma06/none_in_an_hour": lambda n: (1 - n[0] * n[1] / 10**7) ** 10**7,
    "ma06/spread_of_a_count": binomial_spread,
    "ma06/spread_of_a_sum": lambda n: abs(complex(n[0], n[1])),
    "ma07/mean_of_a_beta": beta_mean,
    "ma07/between_prior_and_data": normal_mean,
    "ma07/odds_of_two_coins": lambda n: 1 / (1 + (1 - n[0]) / n[0] * (n[2] / n[1]) ** n[3]),
    "ma08/cost_of_a_wrong_code": lambda n: sum(-n[i] * math.log2(n[i + 2]) + n[i] * math.log2(n[i]) for i in (0, 1)),
    "ma08/loss_of_a_prediction": lambda n: math.log(1 / n[3]),
    "ma09/onto_a_ball": lambda n: n[2] * math.cos(math.atan2(n[1], n[0])),
    "ma10/step_of_newton": lambda n: (n[1] + n[0] / n[1]) / 2,
    "ma10/sum_of_exponentials": lambda n: float(np.logaddexp(n[0], n[1])),
    "ml05/auc_by_pairs": auc,
    "ml05/rare_positives": lambda n: 1 / (1 + n[2] * (100 - n[3]) / (n[1] * n[3])),
    "ml06/models_of_a_search": lambda n: n[0] * n[1] * n[2] + n[0],
    "ml07/parts_of_an_error": lambda n: float(np.mean(np.array(n[2:6]) - n[0]) ** 2),
    "ml07/error_that_can_be_expected": lambda n: n[0] * n[0] + n[1] + n[2],
    "ml08/ridge_of_one_weight": lambda n: ridge([n[0], *n[1:7]]),
    "ml08/weights_that_become_zero": zeros,
    "ml09/lucky_draws": lambda n: float(-np.expm1(n[0] * np.log1p(-n[1] / 100))),
    "ml09/values_on_a_scale": lambda n: (n[2] - n[0]) / (n[1] - n[0]),
    "ml09/halving": halving,
    "ml10/shapley_of_two": shapley,
    "ml10/weights_as_importance": lambda n: (n[1] * n[3]) / (n[0] * n[2]),
    "ml01/logistic_answer": lambda n: 0.5 + 0.5 * math.tanh((n[0] * n[3] + n[1] * n[4] + n[2]) / 2),
    "ml01/slope_through_points": lambda n: float(np.polyfit(n[:3], n[3:6], 1)[0]),
    "ml01/loss_of_two_rows": lambda n: -math.log(math.sqrt(n[1] * (1 - n[3]))),
    "ml02/centre_after_a_step": nearest,
    "ml02/share_of_components": lambda n: float(np.cumsum(n[:5])[int(n[5]) - 1] / np.sum(n[:5])),
    "ml03/gain_of_a_split": gini,
    "ml03/variance_of_a_forest": forest,
    "ml03/step_of_boosting": lambda n: functools.reduce(lambda p, _: p + n[2] * (n[1] - p), range(2), n[0]),
    "ml04/columns_after_encoding": lambda n: n[0] + n[1] + n[2] - 2,
    "ml04/smoothed_target": lambda n: float(np.mean([n[0]] * int(n[1]) + [1] * int(n[3]) + [0] * int(n[2] - n[3]))),
    "ml04/hours_in_a_circle": angle,
}
"""Question -> its answer, found in another way from the numbers in its text."""
BY_TEXT: dict[str, Callable[[Question], float]] = {
    "cs01/from_binary": lambda asked: int(re.search(r"0b(\d+)", asked.text)[1], 2),  # type: ignore[index]
    "cs01/signed_byte": lambda asked: float(np.uint8(int(re.search(r"0b(\d+)", asked.text)[1], 2)).view(np.int8)),  # type: ignore[index]
    "sq02/fields_of_a_list": documents,
    "to02/commits_of_a_branch": lambda asked: asked.code.splitlines()[2].count("o "),
    "to02/what_is_committed": lambda asked: numbers(asked.code.rsplit("git add", 1)[0])[-1],
    "to05/minutes_of_a_pipeline": pipeline,
    "ma02/chain_rule": chain,
    "ma03/largest_product": lagrange,
    "ma03/integral_over_a_triangle": triangle,
    "ma04/largest_step": largest_rate,
    "ma04/step_with_momentum": momentum,
    "ma08/bits_of_a_choice": bits,
    "ma09/price_of_a_constraint": multiplier,
    "ma09/soft_threshold": shrunk,
    "ma10/by_trapezoids": trapezoids,
    "ml05/f1_of_counts": scores,
}


def test_numbers_are_found_in_another_way() -> None:
    plain = [each for each in every(seeds=range(8)) if not each.options and "print(" not in each.code]
    plain = [each for each in plain if each.topic != "sq01"]  # sqlite3 answers those
    assert {each.id for each in plain} == AGAIN.keys() | BY_TEXT.keys() - {"sq01"}
    for asked in plain:
        found = BY_TEXT[asked.id](asked) if asked.id in BY_TEXT else AGAIN[asked.id](numbers(asked.text))
        assert math.isclose(found, asked.answer, rel_tol=2e-3, abs_tol=1e-4), (asked.id, asked.seed, found, asked)


SLIPS: dict[str, Callable[[Question], float]] = {
    "sq02/fields_of_a_list": one_item_meets_both,
    "da03/rows_that_stay": lambda asked: float(
        printed(asked.code.replace("drop_duplicates('id', keep='last').dropna()",
                                   "dropna().drop_duplicates('id', keep='last')"))
    ),
    "ma10/end_of_exact_numbers": lambda asked: numbers(asked.code)[-1],
    "py04/repeated_places": lambda asked: len(re.search(r"x\[\[(.*)\]\]", asked.code)[1].split(",")),  # type: ignore[index]
    "ml01/slope_through_points": lambda asked: (
        (numbers(asked.text)[5] - numbers(asked.text)[3]) / (numbers(asked.text)[2] - numbers(asked.text)[0])
    ),
}  # fmt: skip
"""Question -> what the mistake gives that the question is made for."""


@pytest.mark.parametrize("id", sorted(SLIPS))
def test_the_mistake_never_gives_the_right_number(id: str) -> None:
    for seed in range(100):
        asked = shelf.make(id, seed)
        assert asked.id != "ml01/slope_through_points" or asked.answer != 0, asked
        assert not asked.takes(SLIPS[id](asked)), asked


def test_choices_that_can_be_computed() -> None:
    for asked in every(("cs01/exact_in_binary",)):
        exact = [float(each.text).as_integer_ratio() == (int(float(each.text) * 1000), 1000) or
                 float(each.text) * 1000 % 125 == 0 for each in asked.options]  # fmt: skip
        assert [place for place, each in enumerate(exact) if each] == [asked.right], asked
    for asked in every(("ma01/solutions_of_a_system",)):
        a, b, c, d, e, f = re.search(  # type: ignore[union-attr]
            r"system (\d*) ?x \+ (\d*) ?y = (\d+) and (\d*) ?x \+ (\d*) ?y = (\d+)", asked.text
        ).groups()
        left = np.array([[float(a or 1), float(b or 1)], [float(d or 1), float(e or 1)]])
        ranks = (np.linalg.matrix_rank(left), np.linalg.matrix_rank(np.c_[left, [float(c), float(f)]]))
        right = "exactly one" if ranks == (2, 2) else "infinitely many" if ranks == (1, 1) else "none"
        assert asked.options[asked.right].text == right, asked
    for asked in every(("ma03/kind_of_critical_point",)):
        a, b, sign, c = re.search(r"= (-?\d*) ?x² \+ (\d*) ?x y ([+-]) (\d*) ?y²", asked.text).groups()  # type: ignore[union-attr]
        first = -1.0 if a == "-" else float(a or 1)
        cross, last = float(b or 1), float(f"{sign}{c or 1}")
        values = np.linalg.eigvalsh([[2 * first, cross], [cross, 2 * last]])
        right = "a minimum" if values[0] > 0 else "a maximum" if values[1] < 0 else "a saddle"
        assert asked.options[asked.right].text == right, asked
    for asked in every(("ma09/convex_or_not",)):
        x = np.linspace(-6, 6, 1201)
        names = {"x": x, "max": np.maximum, "min": np.minimum, "exp": np.exp, "ln": np.log}
        convex = []
        for each in asked.options:
            text = re.sub(
                r"(\d) (x|exp)", r"\1*\2", each.text.replace("²", "**2").replace("³", "**3").replace("⁴", "**4")
            )
            text = re.sub(r"\|(.*?)\|", r"abs(\1)", text)
            y = eval(text, {"abs": abs}, names)
            convex.append(bool(np.all(np.diff(y, 2) > -1e-9)))
        assert [place for place, each in enumerate(convex) if each] == [asked.right], (asked, convex)
    asked = shelf.make("ma10/lost_digits", 1)
    values = {"sin": math.sin, "cos": math.cos, "exp": math.exp, "log": math.log, "x": 1e-9}
    for place, each in enumerate(asked.options):
        try:
            good = abs(eval(each.text, {}, values) - 0.5) < 1e-6
        except ValueError:
            good = False
        assert good == (place == asked.right), each
