"""Is a claim's tolerance neither too loose nor too tight? Asked of the contract alone, and of the reference's answers.

Too loose is one under which no answer, an answer ten tolerances off or answers in another order pass. Too tight is one
of which the reference itself, over seeds and settings of the BLAS library, uses more than nine tenths: on another
machine a right program would fail.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from castalia.check.checker import inputs_of
from castalia.core.contract import Claim, Failed, equal

MOST = 0.9
"""Share of the tolerance that the reference may use, at most."""
_WAYS = {"no answer": "0", "off": "an answer that is ten tolerances off", "shuffled": "answers in another order"}


def too_loose(claim: Claim, seed: int) -> list[str]:
    """What a claim with an oracle would let pass, in words; empty for a sound one and for a property.

    A change counts as rejected when it fails for one of the claim's inputs, as a program would.
    """
    if claim.oracle is None:
        return []
    answers = list(_answers(claim, seed))
    if not answers:
        return []
    found = []
    for way, words in _WAYS.items():
        changed = [
            (wrong, right) for right, wrong in _changed(answers, way, claim.rtol, seed) if not _same(wrong, right)
        ]
        if changed and not any(_fails(wrong, right, claim.rtol) for wrong, right in changed):
            found.append(f"{claim.id} lets {words} pass (rtol {claim.rtol:g})")
        elif not changed and way == "no answer":
            found.append(f"{claim.id} expects 0 for every input: nothing is asked")
    return found


def too_tight(shares: Mapping[str, float]) -> list[str]:
    """Claims of whose tolerance the reference uses more than MOST, in words."""
    most = f"at most {MOST:.0%} may be used"
    return [
        f"the reference uses {share:.0%} of the tolerance of {id}, {most}"
        for id, share in shares.items()
        if share > MOST
    ]


def _answers(claim: Claim, seed: int) -> Iterator[Any]:
    """The right answers that are numbers, as arrays."""
    assert claim.oracle is not None
    with np.errstate(all="ignore"):
        for inputs in inputs_of(claim, seed, len(claim.edges) + claim.cases):
            try:
                answer = np.asarray(claim.oracle(*copy.deepcopy(inputs)))
            except ValueError:  # rows of different lengths
                continue
            if answer.dtype.kind in "biufc" and answer.size:
                yield answer


def _changed(answers: list[Any], way: str, rtol: float, seed: int) -> Iterator[tuple[Any, Any]]:
    """Right answers, each with a wrong one in its place."""
    rng = np.random.default_rng(seed)
    for number, right in enumerate(answers):
        if way == "no answer":
            yield right, np.zeros_like(right)
        elif way == "off":
            yield right, right * (1 + (10 if number % 2 else -10) * rtol)
        elif right.size > 1:
            yield right, rng.permutation(right.ravel()).reshape(right.shape)
        else:  # one number: the answer to the input before
            yield right, answers[number - 1] if answers[number - 1].shape == right.shape else right


def _same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc"))


def _fails(wrong: Any, right: Any, rtol: float) -> bool:
    try:
        equal(wrong, right, rtol, "the answer")
    except Failed:
        return True
    return False
