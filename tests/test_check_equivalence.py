"""check/{equivalence,transcript,replay}: what tells two programs apart is found, and nothing else is."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiers import quick_first

from castalia.check.equivalence import Search, same, search
from castalia.core.contract import Claim, Contract, Milestone, equal, refuses, true

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are served by forks")

HINTS = ("a", "b", "c")
TEXT = """import numpy as np


def half(x):
    return x / 2


class Sum:
    def __init__(self, start=0.0):
        self.total, self.times = start, 0

    def add(self, x):
        if np.size(x) == 0:
            raise ValueError("nothing")
        self.total += float(np.sum(x))
        self.times += 1
        return self.total


def count(folder, name):
    with open(f"{folder}/{name}") as file:
        return sum(1 for _ in file)
"""
INTERFACE = "def half(x): ...\n\n\nclass Sum:\n    def add(self, x): ...\n\n\ndef count(folder, name): ...\n"


def sums(subject: Any, x: Any) -> None:
    first, second = subject.new("Sum"), subject.new("Sum", start=1.0)
    for number in x:
        equal(second.call("add", number), first.call("add", number) + 1, 1e-9, "the sum")
    refuses("ValueError", lambda: first.call("add", x[:0]), "add of nothing")
    equal(first.get("times"), len(x), 0.0, "times")
    second.free()


def claim(id: str, **more: Any) -> Claim:
    def numbers(rng: np.random.Generator, size: int) -> tuple[Any]:
        return (rng.normal(size=size),)

    parts: dict[str, Any] = {
        "sizes": (1, 2, 4, 8),
        "budget": 1.0,
        "topics": {"da01": 1.0},
        "hints": HINTS,
        "make": numbers,
    }
    return Claim(id=id, words="it does what it says", **{**parts, **more})


HALF = claim("half", function="half", oracle=lambda x: x / 2, rtol=1e-9)
SUMS = claim("sums", at="Sum", holds=sums)


def counted(subject: Any, x: Any) -> None:
    folder = subject.new("castalia.Folder", {"in.txt": "\n".join(map(str, x))})
    equal(subject.call("count", folder, "in.txt"), len(x), 0.0, "lines")


LINES = claim("lines", at="count", holds=counted, needs=frozenset({"files"}))
CONTRACT = Contract("sums", INTERFACE, (Milestone("M1", "Sums", (HALF, SUMS, LINES)),))


def compare(folder: Path, old: str, new: str, one: Claim, **more: Any) -> Search:
    path = folder / "reference.py"
    path.write_text(TEXT, "utf-8")
    assert TEXT.count(old) == 1
    changed = {str(path): TEXT.replace(old, new)}
    settings: dict[str, Any] = {"python": sys.executable, "seed": 3, "inputs": 300, **more}
    return search(CONTRACT, [one], (path, {}), (path, changed), **settings)


@pytest.mark.parametrize(
    "one, old, new",
    [
        (HALF, "x / 2", "0.5 * x"),
        (SUMS, "self.times += 1", "self.times = self.times + 1"),
        (SUMS, '"nothing"', '"no numbers"'),
        (LINES, "sum(1 for _ in file)", "len(file.readlines())"),
    ],
)
def test_what_does_not_differ_is_not_told_apart(one: Claim, old: str, new: str, tmp_path: Path) -> None:
    found = compare(tmp_path, old, new, one)
    assert found == Search(300, 3, None)


@pytest.mark.parametrize(
    "one, old, new, got, asked",
    quick_first(
        [
            # only at a length between those that the claim names
            (HALF, "x / 2", "x / 2 if len(x) != 6 else x", "", "half(…)"),
            (HALF, "x / 2", "(x / 2).astype(np.float32)", "float32", "half(…)"),
            (HALF, "return x / 2", "x *= 0.5\n    return x", "changed input", "half(…)"),
            (HALF, "x / 2", "1 / 0", "ZeroDivisionError", "half(…)"),
            (HALF, "x / 2", "x / 2 if len(x) != 6 else [0 for _ in iter(int, 1)]", "timeout", "half(…)"),
            (HALF, "x / 2", "object()", "object", "half(…)"),
            (HALF, "import numpy as np\n", "import numpy as np\n1 / 0\n", "ZeroDivisionError", "half(…)"),
            (SUMS, "self.times += 1", "self.times += 2", "2", "Sum.times"),
            (SUMS, "self.total += float(np.sum(x))", "self.total -= float(np.sum(x))", "", "Sum.add(…)"),
            (SUMS, "if np.size(x) == 0", "if np.size(x) < 0", "", "Sum.add(…)"),
            (SUMS, 'ValueError("nothing")', 'TypeError("nothing")', "TypeError", "Sum.add(…)"),
            (SUMS, "self.total, self.times = start, 0", "1 / 0", "ZeroDivisionError", "Sum(…)"),
            (LINES, "sum(1 for _ in file)", "min(6, sum(1 for _ in file))", "6", "count(…)"),
            (LINES, "def count(folder, name):", "def count(folder, name):\n    1 / 0", "ZeroDivisionError", "count(…)"),
        ],
        5,
    ),
)
def test_an_input_that_tells_two_programs_apart_is_found(
    one: Claim, old: str, new: str, got: str, asked: str, tmp_path: Path
) -> None:
    found = compare(tmp_path, old, new, one).difference
    assert found is not None and got in found.got and found.got != found.expected, found
    assert (found.claim, found.asked) == (one.id, asked) and found.input.startswith("[")


def test_a_right_program_of_other_last_bits_is_told_apart_by_bits_and_not_by_tolerance(tmp_path: Path) -> None:
    change = "x / 2", "x / 2 * (1 + 1e-14)"
    assert compare(tmp_path, *change, HALF).difference is not None
    assert compare(tmp_path, *change, HALF, tolerant=True).difference is None
    assert compare(tmp_path, "x / 2", "x / 2 * (1 + 1e-8)", HALF, tolerant=True).difference is not None


def test_what_the_right_program_answers_otherwise_each_time_tells_nothing(tmp_path: Path) -> None:
    def asks(subject: Any, x: Any) -> None:
        folder = subject.new("castalia.Folder", {"a": "1"})
        true(isinstance(subject.call("count", folder, "a"), int), "it counts", 0, 1)
        true(isinstance(subject.call("place", folder), str), "it names the folder", 0, 1)

    path = tmp_path / "reference.py"
    path.write_text(TEXT + "\n\ndef place(folder):\n    return str(folder)\n", "utf-8")
    contract = Contract("sums", INTERFACE, (Milestone("M1", "Places", (dataclasses.replace(LINES, holds=asks),)),))
    settings: dict[str, Any] = {"python": sys.executable, "seed": 3, "inputs": 3}
    assert search(contract, contract.milestones[0].claims, (path, {}), (path, {}), **settings).difference is None
    other = {str(path): path.read_text("utf-8").replace("sum(1 for _ in file)", "7")}
    found = search(contract, contract.milestones[0].claims, (path, {}), (path, other), **settings).difference
    assert found is not None and (found.asked, found.got) == ("count(…)", "7")


def test_a_program_may_have_a_type_and_a_set_of_its_own(tmp_path: Path) -> None:
    new = "x / 2\n\n\ntype = set = isinstance = list = len = getattr = None"
    assert compare(tmp_path, "x / 2", new, HALF).difference is None


def test_the_same_is_bit_for_bit() -> None:
    nan, other_nan = np.array([np.nan]), -np.array([np.nan])
    assert nan.tobytes() != other_nan.tobytes() and same(nan, other_nan) and same(float("nan"), float("nan"))
    assert same({"value": [1.0, "a", None]}, {"value": [1.0, "a", None]})
    for one, other in (
        (0.0, -0.0), (1, 1.0), (1, True), (np.zeros(2), -np.zeros(2)), (np.zeros(2), np.zeros((2, 1))), ([1], [1, 1]),
        (np.array([1]), np.array([1.0])), ({"value": 1}, {"raised": 1}), (np.float64(1), 1.0), ("a", "b"),
    ):  # fmt: skip
        assert not same(one, other), (one, other)
    assert same(1.0, 1 + 1e-12, rtol=1e-9) and not same(1.0, 1 + 1e-6, rtol=1e-9)
    assert not same("a", 1.0, rtol=1e-9)
