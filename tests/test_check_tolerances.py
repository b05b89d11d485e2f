"""check/tolerances and the shares that core.expect notes: a tolerance is neither too loose nor too tight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from castalia.check.tolerances import too_loose, too_tight
from castalia.core.contract import Claim, Failed, equal
from castalia.core.expect import shares


def claim(oracle: Any, **more: Any) -> Claim:
    return Claim(
        id="one", words="it has the right answer", topics={"da01": 1.0}, hints=("a", "b", "c"), function="f",
        make=lambda rng, size: (rng.normal(size=size),), oracle=oracle, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    "oracle, rtol, words",
    [
        (lambda x: x * 2, 1e-9, ""),
        (lambda x: float(x.sum()), 1e-9, ""),
        (lambda x: np.arange(len(x)), 1e-9, ""),
        (lambda x: [1.0, [2.0, 3.0]], 1e-9, ""),  # no array: there is no number to change
        (lambda x: 1.0 + 0.2 * np.tanh(x), 0.6, "another order"),
        (lambda x: 10.0 + float(np.tanh(x[0])), 0.5, "another order"),
        (lambda x: np.zeros(3), 1e-9, "expects 0 for every input"),
    ],
)
def test_a_claim_under_which_wrong_answers_pass_is_named(oracle: Any, rtol: float, words: str) -> None:
    found = too_loose(claim(oracle, rtol=rtol), seed=1)
    assert words in " ".join(found) if words else not found, found


def test_a_property_has_no_answers_to_change() -> None:
    holds = Claim(
        id="one", words="it is what it is", topics={"da01": 1.0}, hints=("a", "b", "c"), at="f",
        make=lambda rng, size: (1,), holds=lambda subject, x: None,
    )  # fmt: skip
    assert too_loose(holds, seed=1) == []


def test_equal_notes_the_share_of_the_tolerance_that_was_used() -> None:
    with shares() as noted:
        equal(np.array([1.0, 2.0 + 1e-9]), np.array([1.0, 2.0]), 1e-9, "x")
        equal(1.0, 1.0, 0.0, "x")
        equal(np.nan, np.nan, 1e-9, "x")
        with pytest.raises(Failed):
            equal(2.0, 1.0, 1e-9, "x")
        with pytest.raises(Failed):
            equal(1.0, 0.0, 0.0, "x")
    assert noted[0] == pytest.approx(0.5, rel=1e-3) and noted[1:3] == [0.0, 0.0]
    assert min(noted[3:]) >= 1.0
    equal(1.0, 1.0, 1e-9, "x")
    assert len(noted) == 5, "nothing is noted outside"


def test_a_reference_that_uses_the_whole_tolerance_is_named() -> None:
    assert too_tight({"a": 0.89}) == []
    assert "95%" in too_tight({"a": 0.89, "b": 0.95})[0].replace(" %", "%")
