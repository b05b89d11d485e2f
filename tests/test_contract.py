"""core/contract and the exercises: the format refuses nonsense, and each contract tells right from wrong."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from castalia.check import Runner, check_claim, check_project, contracts
from castalia.core.contract import Claim, Contract, Failed, Milestone, Mutant, WrongContract, equal
from castalia.core.errors import NotFound

HINTS = ("one", "two", "three")


def claim(**changes: Any) -> Claim:
    whole = {
        "id": "doubles",
        "words": "double is twice x",
        "topics": {"py01": 1.0},
        "make": lambda random, size: (random.normal(size=size),),
        "oracle": lambda x: 2 * x,
        "function": "double",
        "hints": HINTS,
    }
    return Claim(**{**whole, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "Not An Id"}, "small letters"),
        ({"words": "twice"}, "a sentence"),
        ({"oracle": None}, "neither"),
        ({"holds": lambda subject, x: None}, "both"),
        ({"function": ""}, "without a function"),
        ({"topics": {}}, "topics"),
        ({"topics": {"py01": 2.0}}, "topics"),
        ({"hints": ("one", "two")}, "three rungs"),
        ({"hints": ("one", " ", "three")}, "three rungs"),
        ({"rtol": 0.0}, "rtol"),
        ({"sizes": (3, 1)}, "sizes"),
        ({"needs": frozenset({"sudo"})}, "sudo"),
    ],
)
def test_a_claim_put_together_wrongly_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongContract) as caught:
        claim(**changes)
    assert said in str(caught.value) and caught.value.cure


def test_a_contract_put_together_wrongly_is_refused() -> None:
    interface = "def double(x): ...\n"
    one = Milestone("M1", "One", (claim(),))
    with pytest.raises(WrongContract, match="not Python"):
        Contract("toy", "def (", (one,))
    with pytest.raises(WrongContract, match="each id once"):
        Contract("toy", interface, (one, Milestone("M2", "Two", (claim(),))))
    with pytest.raises(WrongContract, match="in the order"):
        Contract("toy", interface, (Milestone("M2", "Two", (claim(),)),))
    with pytest.raises(WrongContract, match="'triple'"):
        Contract("toy", interface, (Milestone("M1", "One", (claim(function="triple"),)),))


def test_the_interface_grows_by_milestone_and_the_hash_by_text() -> None:
    text = "import math\n\n\n# --- M1 ---\ndef double(x): ...\n\n\n# --- M2 ---\ndef triple(x): ...\n"
    two = claim(id="triples", function="triple")
    contract = Contract("toy", text, (Milestone("M1", "One", (claim(),)), Milestone("M2", "Two", (two,))), source="a")
    assert "triple" not in contract.stubs("M1") and "double" in contract.stubs("M1")
    assert "triple" in contract.stubs("M2") and "import math" in contract.stubs("M1")
    assert contract.hash() != replace(contract, source="b").hash() and len(contract.hash()) == 64
    with pytest.raises(NotFound, match="doubles"):
        contract.claim("dubles")


def test_the_tolerance_knows_the_scale() -> None:
    equal(1e-12 + 1e-22, 1e-12, 1e-9, "x")
    with pytest.raises(Failed):
        equal(0.0, 1e-12, 1e-9, "x")
    with pytest.raises(Failed):
        equal(np.zeros(3), np.full(3, 1e-8), 1e-2, "x")
    equal(np.array([0.0, 1.0]), np.array([1e-12, 1.0]), 1e-9, "x")  # a zero among ones is judged by the ones
    equal(np.array([]), np.array([]), 1e-9, "x")
    equal([np.inf, np.nan], [np.inf, np.nan], 1e-9, "x")


@pytest.mark.parametrize("got", [np.nan, np.inf, [1.0], "1.0", None, [[1.0], [1.0, 2.0]], object()])
def test_what_is_no_number_never_passes(got: Any) -> None:
    with pytest.raises(Failed):
        equal(got, 1.0, 1e-1, "x")


def test_zeros_scaled_and_shuffled_answers_fail_at_any_tolerance() -> None:
    answer = np.random.default_rng(0).normal(size=40)
    for rtol in (1e-12, 1e-9, 1e-6, 1e-3):
        for wrong in (0 * answer, answer * (1 + 10 * rtol), answer[::-1]):
            with pytest.raises(Failed):
                equal(wrong, answer, rtol, "x")


def test_a_mutant_must_change_exactly_one_place() -> None:
    mutant = Mutant("m", "a misconception", "a", "b")
    assert mutant.apply("xay") == "xby"
    for source in ("xy", "xaya"):
        with pytest.raises(WrongContract, match="exactly once"):
            mutant.apply(source)


@pytest.mark.parametrize("name", contracts.exercises())
def test_the_reference_passes_and_the_stub_is_not_attempted(name: str, tmp_path: Path) -> None:
    contract = contracts.find(name)
    for seed in range(3):
        report = check_project(contract, contracts.reference(name), seed=seed, all=True)
        assert report.outcome == "pass", report.claims[-1]
    (tmp_path / f"{name}.py").write_text(contract.interface)
    assert check_project(contract, tmp_path, seed=0).outcome == "not_attempted"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", contracts.exercises())
def test_the_reference_passes_on_thirty_seeds_and_two_blas_settings(name: str) -> None:
    contract = contracts.find(name)
    claims = [(milestone.id, each) for milestone in contract.milestones for each in milestone.claims]
    for threads in (1, 2):
        with Runner(contracts.reference(name), threads=threads) as subject:
            for seed in range(30):
                for milestone, each in claims:
                    result = check_claim(each, subject, seed, milestone=milestone)
                    assert result.passed, result


@pytest.mark.slow
@pytest.mark.parametrize("name", contracts.exercises())
def test_every_named_mutant_and_lazy_answer_is_rejected(name: str) -> None:
    contract, path = contracts.find(name), contracts.reference(name)
    found = contracts.mutants(name)
    assert len([each for each in found if not each.lazy]) >= 10 and len([each for each in found if each.lazy]) >= 4
    source = path.read_text()
    claims = [each for milestone in contract.milestones for each in milestone.claims]
    killed: dict[str, str] = {}
    with Runner(path) as warm:
        for mutant in found:
            text = mutant.apply(source)
            ast.parse(text)
            with warm.fork({str(path): text}) as subject:
                for each in claims:
                    outcome = check_claim(each, subject, seed=0).outcome
                    if outcome != "pass":
                        killed[mutant.id] = each.id
                        break
    survivors = {mutant.id for mutant in found} - set(killed)
    assert not survivors, f"the contract of {name} lets these pass: {survivors}"


@pytest.mark.parametrize("name", contracts.exercises())
def test_every_topic_has_its_mutant(name: str) -> None:
    contract = contracts.find(name)
    proved = {topic for milestone in contract.milestones for each in milestone.claims for topic in each.topics}
    covered = {topic for mutant in contracts.mutants(name) for topic in mutant.topics}
    assert proved <= covered


def test_the_first_exercise_begins_red_at_the_claim_it_is_about(tmp_path: Path) -> None:
    (tmp_path / "softmax.py").write_text(contracts.starting_text("softmax"))
    report = check_project(contracts.find("softmax"), tmp_path, seed=0)
    last = report.claims[-1]
    assert report.outcome == "fail" and last.claim == "large_numbers"
    assert "1000" in last.input and last.file_line == "softmax.py:9"


def test_a_project_without_a_contract_says_so() -> None:
    with pytest.raises(NotFound, match="no check yet"):
        contracts.find("churn")
    with pytest.raises(NotFound, match="softmax"):
        contracts.find("sofmax")
