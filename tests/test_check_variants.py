"""What a contract asks without being told: other forms of the same input, and the same inputs in another order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from check_toys import CONTRACT, HINTS, HONEST, RIGHT, softmax

from castalia.check import Runner, check_claim, check_project
from castalia.check.variants import variants
from castalia.core.contract import Claim, Milestone, WrongContract

FORMS = replace(RIGHT, forms=("float32", "int", "list"), rows=(0,))
MEANS = Claim(
    id="means", words="the mean of every column", topics={"ma10": 1.0}, hints=HINTS, function="means", unordered=(0,),
    make=lambda generator, size: (generator.normal(size=(size, 3)),), oracle=lambda x: x.mean(axis=0), rtol=1e-9,
)  # fmt: skip


def why(folder: Path, claim: Claim, source: str) -> str:
    """What a claim says about a source; empty where it passes."""
    path = folder / "softmax.py"
    path.write_text(source)
    with Runner(path) as subject:
        found = check_claim(claim, subject, 5)
    assert found.outcome in ("pass", "fail", "learner_error"), found
    return found.why


def changed(line: str) -> str:
    """Honest code that answers something else when ``line`` is so."""
    return HONEST + f"\nright = softmax\ndef softmax(x):\n    return right(np.asarray(x, float)) * (1 + ({line}))\n"


def test_right_code_passes_in_every_form(tmp_path: Path) -> None:
    assert why(tmp_path, FORMS, changed("False")) == ""
    assert why(tmp_path, MEANS, "def means(x):\n    return x.sum(0) / len(x)\n") == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not x.flags.contiguous", "does not lie in one piece"),
        ("x.ndim > 1 and x.size > 1 and x.flags.f_contiguous and not x.flags.c_contiguous", "column by column"),
        ("x.dtype.kind == 'i'", "whole numbers"),
        ("x.dtype == np.float32", "float32"),
        ("isinstance(x, list)", "a list"),
    ],
)
def test_an_answer_that_depends_on_the_form_fails_and_the_form_is_named(tmp_path: Path, line: str, words: str) -> None:
    guard = line.replace("x.", "np.asarray(x).") if "float32" in line or "dtype" in line else line
    if "flags" in line:
        guard = f"not isinstance(x, list) and {line}"
    assert words in why(tmp_path, FORMS, changed(guard))
    plain = replace(RIGHT, edges=())
    assert ("flags" in line) == bool(why(tmp_path, plain, changed(guard)))


def test_code_that_reads_memory_as_it_lies_is_found_out(tmp_path: Path) -> None:
    raw = """
import ctypes
import numpy as np
def means(x):
    at = x.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    return np.array([at[i] for i in range(x.size)]).reshape(x.shape).mean(0)
"""
    assert "one piece" in why(tmp_path, MEANS, raw)


def test_rows_in_another_order(tmp_path: Path) -> None:
    in_order = replace(MEANS, make=lambda generator, size: (np.sort(generator.normal(size=(size, 3)), axis=0),))
    source = "def means(x):\n    return x.mean(0) + (x[0, 0] > x[-1, 0])\n"
    assert "another order" in why(tmp_path, in_order, source)
    assert why(tmp_path, replace(in_order, unordered=()), source) == ""
    found = {each.words: each for each in variants(FORMS, (np.eye(4),), softmax(np.eye(4)), 1)}
    moved = found["of the same rows in another order"]
    assert not np.array_equal(moved.inputs[0], np.eye(4)) and np.array_equal(softmax(moved.inputs[0]), moved.expected)


def test_two_rows_always_change_places_and_other_inputs_stay() -> None:
    claim = replace(FORMS, rows=(0, 2), forms=())
    for seed in range(8):
        a, b = np.arange(2.0), np.arange(2.0)
        moved = list(variants(claim, (a, b, a + 5), a * 2, seed))[-1]
        assert moved.inputs[0].tolist() == [1, 0] and moved.inputs[1] is b and moved.inputs[2].tolist() == [6, 5]
        assert moved.expected.tolist() == [2, 0]


def test_forms_are_refused_where_they_cannot_be_asked() -> None:
    with pytest.raises(WrongContract, match="forms"):
        replace(RIGHT, forms=("float16",))
    with pytest.raises(WrongContract, match="without an oracle"):
        replace(RIGHT, rows=(0,), oracle=None, function="", at="softmax", holds=lambda subject, x: None)


# --- the other way round -------------------------------------------------------------------------

WARM = (
    HONEST
    + """
right, first = softmax, []
def softmax(x):
    first.append(x.size)
    return right(x) if first[0] == 1 else right(x) * 2   # right as long as it was asked for one number first
"""
)


def test_an_answer_that_depends_on_what_was_asked_before_fails_backwards(tmp_path: Path) -> None:
    (tmp_path / "softmax.py").write_text(WARM)
    report = check_project(CONTRACT, tmp_path, seed=1, milestone="M1")
    right = report.claims[0]
    assert report.outcome == "fail" and [each.outcome for each in report.claims] == ["pass", "fail"]
    assert "reverse order" in report.claims[1].why and "kept" in report.claims[1].action and right.passed
    with Runner(tmp_path / "softmax.py") as subject:
        assert check_claim(RIGHT, subject, 1).passed  # forwards nothing is seen
    with Runner(tmp_path / "softmax.py") as subject:
        assert not check_claim(RIGHT, subject, 1, backwards=True).passed


def test_honest_code_is_asked_backwards_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Code may keep what it likes in its own file system and memory, as long as a fresh start answers the same."""
    counting = HONEST + "\nimport os\nprint('imported in', os.path.basename(os.getcwd()))\n"
    (tmp_path / "softmax.py").write_text(counting)
    report = check_project(CONTRACT, tmp_path, seed=1)
    assert report.passed and report.claims[0].output == ""


def test_a_claim_that_takes_long_is_not_asked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "softmax.py").write_text(WARM)
    monkeypatch.setattr("castalia.check.project.LONG", 0.0)
    assert check_project(CONTRACT, tmp_path, seed=1, milestone="M1").passed


def test_every_milestone_starts_without_memory(tmp_path: Path) -> None:
    source = (
        HONEST
        + "\nimport pathlib\nnote = pathlib.Path('note')\nif note.exists(): raise ValueError('seen')\nnote.touch()\n"
    )
    (tmp_path / "softmax.py").write_text(source)
    assert check_project(CONTRACT, tmp_path, seed=1).passed


def test_without_forking_all_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("castalia.check.fresh.FORKS", False)
    (tmp_path / "softmax.py").write_text(HONEST)
    assert check_project(CONTRACT, tmp_path, seed=1).passed
    (tmp_path / "softmax.py").write_text(WARM)
    assert check_project(CONTRACT, tmp_path, seed=1, milestone="M1").outcome == "fail"


def a_milestone(*claims: Claim) -> Any:
    return replace(CONTRACT, milestones=(Milestone("M1", "one", claims),))


def test_after_a_death_the_claims_that_follow_are_served(tmp_path: Path) -> None:
    """A copy that ended is replaced; the warm process behind it is not taken for the code under check."""
    slow = replace(RIGHT, id="slow", budget=0.4)
    source = HONEST + "\nright = softmax\ndef softmax(x):\n    while x.shape[1] == 3: pass\n    return right(x)\n"
    (tmp_path / "softmax.py").write_text(source)
    only = replace(RIGHT, id="only", sizes=(1, 2), budget=5.0)
    report = check_project(a_milestone(slow, only), tmp_path, seed=1, all=True)
    assert [each.outcome for each in report.claims] == ["timeout", "pass"]
