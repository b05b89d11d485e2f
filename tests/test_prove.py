"""check/{mutation,lazy,proof,prove}: mutants are what they should be; the prover tells good from weak."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from castalia.check import contracts
from castalia.check.bench import Bench
from castalia.check.found import Found, found
from castalia.check.lazy import lazy_answers, numbers
from castalia.check.mutation import mutations, sample
from castalia.check.project import runner_for
from castalia.check.proof import Proof, Tried, kept, stale
from castalia.check.prove import QUICK, Effort, prove
from castalia.core.contract import (
    Claim,
    Contract,
    Failed,
    Milestone,
    Mutant,
    Raised,
    WrongContract,
    equal,
    refuses,
    true,
)
from castalia.core.errors import NotFound, WrongInput
from castalia.core.settings import Settings

EXERCISES = contracts.exercises()
OURS = contracts.names(Settings(home=Path("no-such-home")))
"""Every contract that comes with Castalia: exercises, and projects that have one."""
forks = pytest.mark.skipif(sys.platform == "win32", reason="the prover serves mutants by forks")

# --- mutation ----------------------------------------------------------------------------------


def of(text: str, kind: str) -> list[str]:
    """What a line becomes under one operator."""
    return [m.apply(text).splitlines()[m.line - 1].strip() for m in mutations(text, "f.py") if m.kind == kind]


@pytest.mark.parametrize(
    "kind, line, expected",
    [
        ("comparison", "a < b", ["(a <= b)", "(a > b)"]),
        ("comparison", "a == b", ["(a != b)"]),
        ("comparison", "a and b", ["(a or b)"]),
        ("constant", "x + 3", ["x + (4)", "x + (2)"]),
        ("constant", "f(True)", ["f((False))"]),
        ("constant", "x * 0.5", ["x * (1.0)", "x * (0.0)"]),
        ("arithmetic", "a + b", ["(a - b)"]),
        ("arithmetic", "x += y", ["x -= y", "x = y"]),
        ("sign_dropped", "-x", ["(x)"]),
        ("sign_dropped", "not x", ["(x)"]),
        ("sqrt_removed", "np.sqrt(x + 1)", ["(x + 1)"]),
        ("sqrt_removed", "x ** 0.5", ["(x)"]),
        ("division_dropped", "a / b", ["(a)"]),
        ("transpose_dropped", "x.T @ y", ["(x) @ y"]),
        ("transpose_dropped", "np.transpose(x)", ["(x)"]),
        ("transpose_dropped", "x.swapaxes(0, 1)", ["(x)"]),
        ("axis", "x.sum(axis=1)", ["(x.sum())", "(x.sum(axis=0))", "(x.sum(axis=-1))"]),
        ("function_swap", "np.max(x)", ["(np.min(x))"]),
        ("function_swap", "x.argmin()", ["(x.argmax())"]),
        ("return_negated", "return x", ["return -x"]),
        ("condition_negated", "a if b else c", ["a if (not b) else c"]),
        ("condition_negated", "[a for a in b if a]", ["[a for a in b if (not a)]"]),
        ("condition_negated", "np.where(a, b, c)", ["(np.where(a, c, b))"]),
        ("off_by_one", "range(n)", ["(range(n + 1))", "(range(n - 1))"]),
        ("off_by_one", "x[a:b]", ["(x[a + 1:b])", "(x[a:b + 1])"]),
        ("statement_removed", "self.count = n", ["pass"]),
    ],
)
def test_each_operator_makes_its_changes(kind: str, line: str, expected: list[str]) -> None:
    assert of(f"def f(self, *a):\n    {line}\n", kind) == expected


def test_a_branch_is_negated_in_place_and_the_rest_of_the_text_stays() -> None:
    text = "def f(x):\n    if x > 0:  # ö, a comment\n        return 1\n    while x:\n        x = g(x)\n"
    assert of(text, "condition_negated") == ["if (not x > 0):  # ö, a comment", "while (not x):"]
    for mutation in mutations(text, "f.py"):
        made = mutation.apply(text)
        assert "# ö, a comment" in made and len(made.splitlines()) == len(text.splitlines())


def test_what_no_caller_reaches_is_left_alone() -> None:
    text = (
        '"""Docs 1."""\nimport a.b1 as c\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import d\n'
        '@deco(3)\ndef f(x: "T[1]") -> "U[2]":\n    """Docs 2."""\n    if x:\n        raise ValueError("at most", 5)\n'
        "    assert x < 7\n    return x\nif __name__ == '__main__':\n    f(9)\n"
    )
    assert {mutation.line for mutation in mutations(text, "f.py")} == {9, 12}


@pytest.mark.parametrize("name", EXERCISES)
def test_mutants_of_the_references_differ_and_have_ids_of_their_own(name: str) -> None:
    text = found(name).reference.read_text("utf-8")
    pool = mutations(text, "reference.py")
    programs = {ast.dump(ast.parse(mutation.apply(text))) for mutation in pool}
    assert len(programs) == len(pool) == len({mutation.id for mutation in pool})
    assert ast.dump(ast.parse(text)) not in programs
    assert mutations(text, "reference.py") == pool


def test_a_sample_is_drawn_by_the_seed_and_has_every_operator() -> None:
    pool = mutations(found("basics").reference.read_text("utf-8"), "reference.py")
    drawn = sample(pool, 40, seed=1)
    assert len(drawn) == 40 and drawn == sample(pool, 40, seed=1) != sample(pool, 40, seed=2)
    whole, part = Counter(m.kind for m in pool), Counter(m.kind for m in drawn)
    assert set(whole) == set(part)
    assert all(abs(part[kind] - whole[kind] * 40 / len(pool)) <= 3 for kind in whole)
    assert sample(pool, 10_000, seed=1) == pool


# --- lazy answers, and what the claims of basics lean on ---------------------------------------


def test_lazy_answers_have_the_right_shape_and_the_right_number_is_no_lazy_answer() -> None:
    text = "import numpy as np\ndef f(x): return x * 2.0\ndef g(x) -> float: return 1.5\n" + (
        "class C:\n    def set(self, x): self.x = x\n    def get(self): return 3.0\n"
    )
    assert numbers(text) == ["g"]
    made = dict(lazy_answers(text, ["f", "g", "C"], numbers(text)))
    ways = {
        "f": ("zeros", "echo", "constant", "nan"),
        "g": ("zeros", "echo", "nan", "previous"),
        "C.get": ("zeros", "constant", "nan"),
    }
    assert set(made) == {f"{name}:{way}" for name, all_ways in ways.items() for way in all_ways}
    x = np.array([[1.0, 3.0]])

    def run(id: str, function: str) -> Any:
        space: dict[str, Any] = {}
        exec(made[id], space)  # our own text
        return space[function](x)

    assert run("g:previous", "g").tolist() == [[2.0, 6.0]]
    assert run("f:zeros", "f").tolist() == [[0.0, 0.0]]
    assert run("f:constant", "f").tolist() == [[4.0, 4.0]]
    assert run("f:echo", "f") is x
    assert np.isnan(run("f:nan", "f")).all()
    assert run("g:zeros", "g") == 0.0


def test_a_sum_that_cancels_is_measured_by_what_was_added() -> None:
    equal(1e-17, 0.0, 1e-9, "the mean of deviations", scale=1.0)
    for got, scale in ((1e-17, 0.0), (1e-7, 1.0)):
        with pytest.raises(Failed):
            equal(got, 0.0, 1e-9, "the mean of deviations", scale=scale)


def test_refuses_wants_this_exception_and_no_answer() -> None:
    def raising(kind: str) -> None:
        raise Raised(kind, "empty", "a.py:3")

    refuses("ValueError", lambda: raising("ValueError"), "an empty input")
    with pytest.raises(Failed, match="got 0"):
        refuses("ValueError", lambda: 0, "an empty input")
    with pytest.raises(Failed, match="TypeError: empty"):
        refuses("ValueError", lambda: raising("TypeError"), "an empty input")


# --- the prover, on toys -----------------------------------------------------------------------

REFERENCE = "def double(x):\n    return 2 * x\n"
WORDS = ("three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MUTANTS = tuple(
    Mutant(f"times_{word}", "twice is another number of times", "2 * x", f"{number} * x", ("da01",))
    for number, word in enumerate(WORDS, start=3)
)
FAST = Effort(seeds=2, threads=(1,), sample=None)


def is_right(subject: Any, x: float) -> None:
    true(subject.call("double", x) == 2 * x, "twice", subject.call("double", x), 2 * x)


def is_large(subject: Any, x: float) -> None:
    """What a weak contract asks: some threshold, no right answer."""
    true(subject.call("double", x) >= 0.9, "large enough", subject.call("double", x), 0.9)


def toy(folder: Path, holds: Any = is_right, reference: str = REFERENCE, **changed: Any) -> Found:
    (folder / "reference.py").write_text(reference, "utf-8")
    claim = Claim(
        id="doubles", words="double(x) is twice x.", topics={"da01": 1.0}, hints=("a", "b", "c"), at="double",
        make=lambda rng, size: (float(rng.uniform(1, 2)),), holds=holds, cases=3,
    )  # fmt: skip
    interface = "def double(x) -> float: raise NotImplementedError\n"
    contract = Contract("toy", interface, (Milestone("M1", "Doubling", (claim,)),), source="toy")
    made = Found(contract=contract, reference=folder / "reference.py", mutants=MUTANTS, equivalent={})
    return dataclasses.replace(made, **changed)


@forks
def test_a_contract_that_asks_for_the_answer_is_proven(tmp_path: Path) -> None:
    proof = prove(toy(tmp_path), FAST)
    assert proof.proven, proof.problems
    assert (proof.score, proof.score_raw, proof.stub) == (1.0, 1.0, "not_attempted")
    assert proof.topics == {"da01": "times_three"}
    assert {tried.id for tried in proof.lazy} == {"double:zeros", "double:echo", "double:nan"}
    assert (tmp_path / "reference.py").read_text("utf-8") == REFERENCE


@forks
def test_a_threshold_proves_nothing_and_its_survivors_are_listed(tmp_path: Path) -> None:
    proof = prove(toy(tmp_path, is_large), FAST)
    assert not proof.proven and proof.score < 0.95
    words = " ".join(proof.problems)
    assert "times_three passes" in words and "no topic mutant of da01" in words and "echo passes" in words
    assert any(survivor.id.endswith("constant:+1") for survivor in proof.survivors)


@forks
def test_a_reference_that_fails_its_own_contract_is_an_alarm_and_not_a_score(tmp_path: Path) -> None:
    """Every mutant of it is "killed"; the control, the unchanged text served as a mutant, says what that is worth."""
    proof = prove(toy(tmp_path, reference="def double(x):\n    return 2 * x + 1\n", mutants=()), FAST)
    assert {alarm["claim"] for alarm in proof.alarms} == {"doubles"}
    assert any("served as a mutant" in alarm["why"] for alarm in proof.alarms)
    assert not proof.proven


@forks
def test_equivalents_need_to_survive_to_exist_and_to_be_few(tmp_path: Path) -> None:
    reference = "def double(x):\n    y = 2 * x\n    y -= 0\n    return y\n"
    listed = {"reference.py:3:5:arithmetic:Add": "Adding nothing is taking nothing away."}
    wrong = {"reference.py:2:8:constant:+1": "Three is nearly two.", "reference.py:99:0:axis:none": "It is not there."}
    proof = prove(toy(tmp_path, reference=reference, equivalent={**listed, **wrong}), FAST)
    assert proof.equivalents == listed
    assert proof.score > proof.score_raw
    words = " ".join(proof.problems)
    assert "99:0:axis:none is listed as equivalent and is no mutant" in words
    assert "constant:+1 is listed as equivalent, but doubles rejects it" in words
    assert "at most 5 %" in words


@pytest.mark.slow
@forks
def test_mutants_that_hang_end_their_process_or_do_not_load_are_rejected(tmp_path: Path) -> None:
    bad = {
        "hangs": ("2 * x", "[0 for _ in iter(int, 1)]"),
        "leaves": ("2 * x", "__import__('os')._exit(0)"),
        "does_not_load": ("def double(x):", "1 / 0\ndef double(x):"),
    }
    extra = tuple(Mutant(id, "none", old, new) for id, (old, new) in bad.items())
    proof = prove(toy(tmp_path, mutants=MUTANTS + extra), FAST)
    outcomes = {tried.id: tried.outcome for tried in proof.named if tried.id in bad}
    assert outcomes == {"hangs": "timeout", "leaves": "learner_error", "does_not_load": "learner_error"}
    assert proof.proven, proof.problems


@forks
def test_an_interrupted_proof_goes_on_from_its_notes(tmp_path: Path) -> None:
    subject, notes = toy(tmp_path), tmp_path / "home" / "notes.jsonl"
    seen: list[str] = []

    def stop(what: str, done: int, total: int) -> None:
        seen.append(what)
        if what == "mutants" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prove(subject, FAST, notes=notes, say=stop, workers=1)
    assert {"reference", "named", "lazy", "mutants"} <= set(seen)
    lines = notes.read_text("utf-8").splitlines()
    key, value = json.loads(lines[-1])
    assert key.startswith("automatic ")
    lines[-1] = json.dumps([key, {**value, "words": "from the notes"}])
    notes.write_text("\n".join([*lines, '["automatic half a li']), "utf-8")
    whole = prove(subject, FAST, notes=notes)
    marked = [tried.words == "from the notes" for tried in whole.automatic]
    assert sum(marked) == 1 and len(whole.automatic) == whole.generated > 2
    again: list[tuple[str, int]] = []
    prove(subject, FAST, notes=notes, say=lambda what, done, total: again.append((what, done)))
    assert all(done for _, done in again), "everything was in the notes"
    other = prove(subject, FAST, notes=notes, seed=1)
    assert "from the notes" not in [tried.words for tried in other.automatic]


@forks
def test_notes_are_of_a_mutant_as_it_was_written(tmp_path: Path) -> None:
    first, notes = toy(tmp_path), tmp_path / "notes.jsonl"
    prove(first, FAST, notes=notes)
    changed = dataclasses.replace(MUTANTS[0], misconception="Another one.", topics=())
    second = dataclasses.replace(first, mutants=(changed, *MUTANTS[1:]))
    resumed, anew = prove(second, FAST, notes=notes), prove(second, FAST)
    assert resumed.named[0].words == "Another one."
    assert [(each.id, each.words, each.topics) for each in resumed.named] == [
        (each.id, each.words, each.topics) for each in anew.named
    ]
    assert resumed.topics == anew.topics and resumed.mutants_hash == anew.mutants_hash


@forks
@pytest.mark.slow
def test_a_slow_mutant_is_rejected_by_the_claims_own_budget_alone(tmp_path: Path) -> None:
    subject = toy(tmp_path)
    (claim,) = (dataclasses.replace(each, budget=3.0) for each in subject.claims)
    contract = dataclasses.replace(subject.contract, milestones=(Milestone("M1", "Doubling", (claim,)),))
    subject = dataclasses.replace(subject, contract=contract)
    text = (tmp_path / "reference.py").read_text("utf-8")
    late = "import time\ntime_left = [1.4]\n"  # longer than ten times what the reference took, within the budget
    slow = text.replace("    return", "    time.sleep(time_left.pop() if time_left else 0)\n    return", 1)
    with contextlib.closing(Bench(subject, 0, sys.executable)) as bench:
        made = bench._tried("slow", "", {"reference.py": late + slow}, {claim.id: 0.01})
        assert (made.killed_by, made.outcome) == ("", "")
        hangs = text.replace("    return", "    while True: pass\n    return", 1)
        made = bench._tried("hangs", "", {"reference.py": hangs}, {claim.id: 0.01})
        assert (made.killed_by, made.outcome) == (claim.id, "timeout")


@forks
def test_a_claim_that_takes_long_is_asked_last_and_one_about_the_change_first(tmp_path: Path) -> None:
    asked: list[str] = []

    def noting(id: str) -> Any:
        def holds(subject: Any, x: float) -> None:
            asked.append(id)
            if id == "costly":
                time.sleep(0.3)
            equal(subject.call("double", x), 2 * x, 1e-9, "twice")

        return holds

    subject = toy(tmp_path, reference="def other(x):\n    return x\n\n\ndef double(x):\n    return 2 * x\n")
    (milestone,) = subject.contract.milestones
    (first,) = milestone.claims
    made = [
        dataclasses.replace(first, id=id, holds=noting(id), at=at, cases=1)
        for id, at in (("costly", "double"), ("about", "double"), ("beside", "other"), ("third", "other"))
    ]
    interface = "def double(x): ...\ndef other(x): ...\n"
    contract = Contract("toy", interface, (Milestone("M1", "Doubling", tuple(made)),), source="toy")
    with contextlib.closing(Bench(dataclasses.replace(subject, contract=contract), 0, sys.executable)) as bench:
        costs = bench.reference(1, 1)["seconds"]
        assert costs["costly"] > 0.3
        id = next(each.id for each in subject.mutations() if each.line == 6)
        asked.clear()
        tried = bench.automatic(id, costs)
        assert tried["killed_by"] == "about" and asked == ["about"]
        asked.clear()
        assert not bench.control(costs)["killed_by"]
        assert sorted(asked[:3]) == ["about", "beside", "third"] and asked[3:] == ["costly"]


def test_a_mutant_of_a_file_that_is_none_of_the_references_is_refused(tmp_path: Path) -> None:
    subject = toy(tmp_path)
    assert subject.file_of(MUTANTS[0]) == "reference.py"
    with pytest.raises(WrongContract, match=r"one of \['reference.py'\]"):
        subject.file_of(dataclasses.replace(MUTANTS[0], file="other.py"))
    renamed = (tmp_path / "reference.py").rename(tmp_path / "toy.py")
    moved = Found(contract=subject.contract, reference=renamed, mutants=MUTANTS, equivalent={})
    assert moved.file_of(MUTANTS[0]) == "toy.py", "the reference, whatever its file is called"


@forks
def test_claims_that_are_reached_in_another_way_have_a_runner_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = toy(tmp_path)
    (milestone,) = subject.contract.milestones
    again = dataclasses.replace(milestone.claims[0], id="again", needs=frozenset({"files"}))
    third = dataclasses.replace(milestone.claims[0], id="third")
    more = (Milestone("M2", "Again", (again,)), Milestone("M3", "Once more", (third,)))
    contract = dataclasses.replace(subject.contract, milestones=(milestone, *more))
    other = dataclasses.replace(more[0], adapter="repository")
    mixed = dataclasses.replace(contract, milestones=(milestone, other))
    assert [mixed.adapter_of(each) for each in ("M1", "M2")] == ["module", "repository"]
    reached: list[str] = []

    def runner(contract: Contract, milestone: str, *rest: Any, **more: Any) -> Any:
        reached.append(milestone)
        return runner_for(contract, milestone, *rest, **more)

    monkeypatch.setattr("castalia.check.bench.runner_for", runner)
    proof = prove(dataclasses.replace(subject, contract=contract), FAST, workers=1)
    assert proof.proven and reached == ["M1", "M2"]


# --- what is kept ------------------------------------------------------------------------------


def a_proof(subject: Found, **changed: Any) -> Proof:
    parts: dict[str, Any] = {
        "project": "toy", "contract_hash": subject.contract.hash(), "reference_hash": subject.reference_hash,
        "mutants_hash": subject.mutants_hash,
        "seeds": (1,), "threads": (1,), "versions": {}, "stub": "not_attempted", "alarms": (), "named": (), "lazy": (),
        "topics": {}, "automatic": (), "generated": 2, "listed": {}, "unknown": (), "full": True, "seconds": 1.0,
    }  # fmt: skip
    return Proof(**{**parts, **changed})


def test_nothing_to_mutate_is_no_proof(tmp_path: Path) -> None:
    proof = a_proof(toy(tmp_path), generated=0)
    assert any("no automatic mutants" in each for each in proof.problems)
    assert proof.score == proof.score_raw == 0.0 and not proof.proven


def test_a_proof_is_kept_and_known_to_be_stale(tmp_path: Path) -> None:
    subject = toy(tmp_path)
    assert "no proof.json" in stale(subject)
    proof = a_proof(subject, automatic=(Tried(id="a", words="w", killed_by="doubles"), Tried(id="b", words="w")))
    assert (proof.score, proof.killed, len(proof.survivors)) == (0.5, 1, 1)
    assert 0 < proof.interval.low < 0.5 < proof.interval.high < 1
    proof.write(subject.proof)
    value = kept(subject)
    assert value is not None and value == json.loads(json.dumps(proof.as_dict()))
    assert {"score", "score_raw", "killed", "survived", "equivalent", "false_alarms"} <= set(value)
    assert stale(subject) == ""
    assert "reference" in stale(toy(tmp_path, reference=REFERENCE + "# changed\n"))
    (tmp_path / "reference.py").write_text(REFERENCE, "utf-8")
    changed = dataclasses.replace(subject.contract, source="another")
    assert "contract" in stale(dataclasses.replace(subject, contract=changed))
    assert "mutants" in stale(dataclasses.replace(subject, mutants=MUTANTS[1:]))
    subject.proof.write_text("{", "utf-8")
    with pytest.raises(WrongInput, match="--full"):
        kept(subject)


def test_what_has_no_contract_cannot_be_proven() -> None:
    for name in ("churn", "sofmax"):
        with pytest.raises(NotFound):
            found(name)


# --- the exercises -----------------------------------------------------------------------------


@forks
@pytest.mark.parametrize("name", EXERCISES)
def test_the_exercises_are_proven_quickly(name: str) -> None:
    proof = prove(name, QUICK)
    assert proof.proven, proof.problems


@pytest.mark.parametrize("name", OURS)
def test_every_contract_has_a_full_proof_that_is_not_stale(name: str) -> None:
    """The conformance of a contract: whoever changes one, its reference or its mutants proves it again."""
    subject = found(name)
    assert stale(subject) == ""
    value = kept(subject)
    assert value is not None and value["proven"] and value["full"] and len(value["seeds"]) == 30, value["problems"]
    assert value["score"] >= 0.95 and value["false_alarms"] == 0 and value["threads"] == [1, 2]
    assert value["named_rejected"] == value["named"] >= 10 and value["lazy_rejected"] == value["lazy"] >= 5
    assert value["tried"] == value["generated"] and value["loose"] == []
    assert set(value["tolerance_used"]) == {claim.id for claim in subject.claims}
    assert all(value["topics"].values())
