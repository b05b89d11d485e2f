"""Mastery from evidence: the table of the reference, its rules, and what the log is read as."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_graphs import at, event, topic

from castalia.core.evidence import Event
from castalia.roadmap import contracted
from castalia.roadmap.calibration import calibration
from castalia.roadmap.content import content
from castalia.roadmap.graph import Graph
from castalia.roadmap.history import derive
from castalia.roadmap.mastery import (
    ENOUGH,
    KNOWN,
    LIMITS,
    TESTED,
    Belief,
    Tracker,
    beliefs,
    main,
    standings,
    state,
    updated,
    worth,
)
from castalia.roadmap.mastery import START as P0
from castalia.roadmap.observation import PRIORS, Contracts, Observation, observe

GRAPH = Graph(
    [
        topic("a1", former=("old",)),
        topic("a2", ("a1",)),
        topic("b1", ("a2",), encompasses={"a1": 0.5, "a2": 0.2}),
        topic("b2", ("b1",), encompasses={"b1": 0.7}),
    ]
)
CONTRACTS = Contracts(
    milestones={"toy": {"M1": {"a1": 1.0}, "M2": {"a2": 1.0}, "M3": {"b1": 1.0}}},
    claims={("toy", "one_of_m2"): {"a2": 0.6, "a1": 0.2}},
    scores={"toy": 1.0},
)


def seen(kind: str, passed: bool, day: float = 0, check: str = "toy/M1", **topics: float) -> Observation:
    return Observation(kind, passed, topics or {"a1": 1.0}, check, at(day))


# The table of the reference: guess, slip, likelihood ratio of a pass, passes from 0.15 to 0.95.
TABLE = [
    ("first", 0.05, 0.10, 18, 2, (0.78, 0.99)),
    ("later", 0.10, 0.10, 9, 3, ()),
    ("hint", 0.20, 0.10, 4.5, 3, ()),
    ("hints", 0.35, 0.10, 2.6, 5, ()),
    ("opened", 0.70, 0.05, 1.4, 10, ()),
    ("rebuild", 0.03, 0.15, 28, 2, (0.85, 0.99)),
    ("number", 0.10, 0.10, 9, 3, ()),
    ("choice", 0.25, 0.10, 3.6, 4, ()),
    ("said", 0.50, 0.30, 1.4, 9, ()),
]


@pytest.mark.parametrize(("kind", "guess", "slip", "ratio", "passes", "values"), TABLE, ids=[row[0] for row in TABLE])
def test_the_table_of_the_reference(
    kind: str, guess: float, slip: float, ratio: float, passes: int, values: tuple[float, ...]
) -> None:
    assert (PRIORS[kind].guess, PRIORS[kind].slip) == (guess, slip)
    assert worth(kind, True) == pytest.approx(ratio, rel=0.04)
    p, way = P0, []
    while p < KNOWN:
        p = updated(p, kind, True)
        way.append(round(p, 2))
    assert len(way) == passes
    assert values == () or way == list(values)


def test_one_failure_at_the_first_submit_costs_a_quarter() -> None:
    assert updated(0.95, "first", False) == pytest.approx(0.70)


@settings(max_examples=40)
@given(st.sampled_from(sorted(PRIORS)), st.booleans(), st.integers(2, 98))
def test_an_update_is_bayes_rule_and_then_learning(kind: str, passed: bool, hundredths: int) -> None:
    p, prior = Fraction(hundredths, 100), PRIORS[kind]
    guess, slip = Fraction(str(prior.guess)), Fraction(str(prior.slip))
    if passed:
        known = p * (1 - slip) / (p * (1 - slip) + (1 - p) * guess)
    else:
        known = p * slip / (p * slip + (1 - p) * (1 - guess))
    expected = float(known + (1 - known) / 10)
    found = updated(float(p), kind, passed)
    assert found == pytest.approx(min(LIMITS[1], max(LIMITS[0], expected)), abs=1e-12)


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(PRIORS)), st.floats(0.001, 0.999), st.floats(0, 1), st.floats(0.01, 1), st.floats(0.01, 0.99)
)
def test_what_an_update_keeps(kind: str, p: float, score: float, weight: float, other: float) -> None:
    after = updated(p, kind, True, score, weight)
    assert LIMITS[0] <= after <= LIMITS[1]
    assert after >= min(p, LIMITS[1]), "a pass never lowers"
    low, high = sorted((p, other))
    for passed in (True, False):
        assert updated(low, kind, passed, score, weight) <= updated(high, kind, passed, score, weight) + 1e-12
        assert updated(p, kind, True, score) >= updated(p, kind, passed, score) - 1e-12
    assert worth(kind, True, score) <= worth(kind, True) + 1e-12, "a contract that lets bugs through is worth less"
    assert worth(kind, False, score) >= worth(kind, False) - 1e-12
    assert updated(p, kind, True, score, weight / 2) <= after + 1e-12, "a smaller share is worth less"


def test_the_mutation_score_raises_the_guess_by_the_formula() -> None:
    assert worth("first", True, 0.6) == pytest.approx(0.9 / (0.05 + 0.4 * 0.95 / 2))
    assert worth("said", True, 0.0) == worth("said", True), "no contract decided"


def test_the_same_check_counts_once_a_week() -> None:
    def p(*days: float) -> float:
        return beliefs([seen("first", True, day) for day in days], GRAPH)["a1"].p

    assert p(0, 1, 6.9) == p(0) < p(0, 7)
    assert beliefs([seen("first", True), seen("first", False, 1)], GRAPH)["a1"].p < p(0), "another end says something"
    assert beliefs([seen("first", True), seen("first", True, 1, "toy/M9")], GRAPH)["a1"].p > p(0)


def test_a_pass_shares_credit_with_what_it_encompasses() -> None:
    found = beliefs([seen("first", True, check="x/1", b1=1.0)], GRAPH)
    assert found["a1"].p == TESTED > ENOUGH, "half of b1 is a1: tested out"
    assert found["a2"].p == pytest.approx(updated(P0, "first", True, weight=0.2))
    assert found["b2"].p == P0 and not found["a1"].contracts
    helped = beliefs([seen("hint", True, check="x/1", b1=1.0)], GRAPH)
    assert helped["a1"].p == pytest.approx(updated(P0, "hint", True, weight=0.5)), "with help nobody tests out"
    failed = beliefs([seen("first", False, check="x/1", b1=1.0)], GRAPH)
    assert failed["a1"].p == P0
    deep = Tracker(GRAPH).within("b2")
    assert deep["b1"] == 0.7 and deep["a1"] == pytest.approx(0.35) and deep["a2"] == pytest.approx(0.14)


def test_the_main_topic_of_a_check_gets_the_whole_evidence() -> None:
    """However many topics share a milestone: the greatest weight is the power 1, the others stand in proportion."""
    broad = beliefs([seen("first", True, check="x/1", a1=0.2, a2=0.1)], GRAPH)
    assert broad["a1"].p == pytest.approx(updated(P0, "first", True))
    assert broad["a2"].p == pytest.approx(updated(P0, "first", True, weight=0.5))
    failed = beliefs([seen("first", False, check="x/1", a1=0.2, a2=0.1)], GRAPH)
    assert failed["a1"].p == pytest.approx(updated(P0, "first", False))


def shipped(project: str, *milestones: str) -> dict[str, Belief]:
    """What is thought of somebody who passes milestones of a contract of ours at the first submit, one a day."""
    every = contracted.every()
    asked = [each.number for each in every[project].milestones if not milestones or each.number in milestones]
    passes = [event("check", day, "pass", name, project=project) for day, name in enumerate(asked)]
    return dict(derive(passes, content(), every).beliefs)


def test_a_shipped_milestone_tests_out_what_its_main_topic_encompasses() -> None:
    """The chain rule's milestone: backpropagation is half derivatives and half activations."""
    before, found = shipped("neural_net", "M1"), shipped("neural_net", "M1", "M2")
    assert "dl03" in main(contracted.every()["neural_net"].weights("M2"))
    for id in ("ma02", "dl02"):
        assert before[id].p < ENOUGH and found[id].p == TESTED


def test_who_passes_all_of_a_shipped_project_has_its_main_topics_checked() -> None:
    milestones = contracted.every()["neural_net"].milestones
    central = [id for each in milestones for id in main(each.topics)]
    twice = {id for id in central if central.count(id) > 1}
    assert {"dl03", "dl10", "ma10"} <= twice
    found = shipped("neural_net")
    assert {id: state(found[id]) for id in twice} == dict.fromkeys(twice, "checked")
    assert all(found[id].p > 0.5 for id in central), "once says .78 at most: the table of the reference"


def test_a_failure_blames_what_is_in_doubt() -> None:
    """Known a1 and unknown a2 in one failed check: a1 is hardly touched, and alone it would be."""
    passes = [seen("first", True), seen("first", True, 8)]
    sure = beliefs(passes, GRAPH)["a1"].p
    both = beliefs([*passes, seen("first", False, 9, "x/1", a1=1.0, a2=1.0)], GRAPH)
    alone = beliefs([*passes, seen("first", False, 9, "x/1", a1=1.0)], GRAPH)
    assert sure > 0.95 > alone["a1"].p and both["a1"].p > 0.95
    assert both["a2"].p == pytest.approx(updated(P0, "first", False)), "the one in doubt takes its whole weight"
    shared = beliefs([seen("first", False, 0, "x/1", a1=1.0, a2=0.5)], GRAPH)
    assert shared["a2"].p == pytest.approx(updated(P0, "first", False, weight=0.5)), "equal doubts: by weight"


def test_states() -> None:
    assert state(Belief(P0)) == "unknown"
    assert state(Belief(0.5)) == "learning"
    assert state(Belief(0.99)) == "learning", "without a contract nothing is checked"
    assert state(Belief(0.96, contracts=1)) == "checked"
    assert state(Belief(0.96, contracts=1, kept=True)) == "retained"
    assert state(Belief(0.96, contracts=1, kept=True), recall=0.69) == "rusty"
    assert state(Belief(0.5, contracts=1), recall=0.1) == "learning"


def test_the_learners_word_alone_is_never_a_check() -> None:
    said = [seen("said", True, week * 7, "self_report/a1") for week in range(40)]
    belief = beliefs(said, GRAPH)["a1"]
    assert belief.p > KNOWN and state(belief) == "learning"


def test_retained_takes_a_proof_fourteen_days_later() -> None:
    passes = [seen("first", True), seen("first", True, 8)]
    for kind in ("bug", "rebuild"):
        early = beliefs([*passes, seen(kind, True, 13, f"toy/M1/{kind}")], GRAPH)["a1"]
        late = beliefs([*passes, seen(kind, True, 15, f"toy/M1/{kind}")], GRAPH)["a1"]
        assert (state(early), state(late)) == ("checked", "retained")
    assert state(beliefs([*passes, seen("first", True, 30)], GRAPH)["a1"]) == "checked", "passing again is no proof"


def test_mastery_is_p_times_r_and_a_prior_is_no_knowledge() -> None:
    found = standings({"a1": Belief(0.9, 1), "a2": Belief(P0), "b1": Belief(0.12)}, {"a1": 0.5, "a2": 1.0})
    assert found["a1"].mastery == pytest.approx(0.45) and found["a1"].recall == 0.5
    assert found["a2"].mastery == found["b1"].mastery == 0.0


# --- the log -----------------------------------------------------------------------------------


def kinds(*events: Event) -> list[tuple[str, bool, str]]:
    return [(each.kind, each.passed, each.check) for each in observe(events, CONTRACTS, GRAPH)]


def test_a_run_that_stops_at_the_third_milestone_has_passed_two() -> None:
    assert kinds(event("check", 0, "fail", "M3", claim="x", code_hash="1")) == [
        ("first", True, "toy/M1"), ("first", True, "toy/M2"), ("first", False, "toy/M3/x"),
    ]  # fmt: skip
    assert kinds(event("check", 0, "not_attempted", "M2")) == [("first", True, "toy/M1")]
    for outcome in ("learner_error", "timeout", "memory", "tool_error"):
        assert kinds(event("check", 0, outcome, "M1")) == [], "code that did not run says nothing about a topic"


def test_an_early_milestone_that_passes_with_every_run_counts_once() -> None:
    first = event("check", 0, "pass", "M1", code_hash="1")
    assert kinds(first, event("check", 9, "not_attempted", "M2", code_hash="2")) == [("first", True, "toy/M1")]
    assert kinds(first, event("check", 9, "pass", "M1", code_hash="1")) == [("first", True, "toy/M1")], "the same code"
    assert len(kinds(first, event("check", 9, "pass", "M1", code_hash="2"))) == 2


def test_how_a_pass_came_about_is_its_kind() -> None:
    fail, done = event("check", 1, "fail", "M1", claim="x"), event("check", 2, "pass", "M1", code_hash="1")
    assert [each[0] for each in kinds(fail, fail, done)] == ["first", "later", "later"]
    hint = event("hint", 1, "fail", "M1", claim="x", hints=1)
    assert kinds(hint, done)[-1][0] == "hint"
    assert kinds(hint, replace(hint, hints=2, id="other"), done)[-1][0] == "hints"
    assert kinds(replace(hint, ai_declared=True, hints=0), done)[-1][0] == "opened"
    assert kinds(event("spoiler", 1), done)[-1][0] == "opened"
    assert kinds(replace(done, ai_declared=True))[-1][0] == "opened"
    again = event("check", 20, "pass", "M1", code_hash="2")
    assert kinds(event("spoiler", 1), done, again)[-1][0] == "first"
    assert kinds(hint, done, again)[-1][0] == "first", "help counts for the pass that it helped to"


def test_a_rebuild_counts_as_one_fourteen_days_after_the_first_pass_and_without_help() -> None:
    done = event("check", 0, "pass", "M1", code_hash="1")

    def rebuild(day: float) -> Event:
        return event("review", day, "pass", "M1", more={"form": "rebuild"})

    assert kinds(done, rebuild(15))[-1] == ("rebuild", True, "toy/M1/rebuild")
    assert kinds(done, rebuild(13))[-1][0] == "later"
    assert kinds(done, event("spoiler", 10), rebuild(15))[-1][0] == "opened"
    assert kinds(done, event("spoiler", 0.5), rebuild(15))[-1][0] == "rebuild", "what was read long ago is gone"


def test_questions_and_self_reports() -> None:
    def asked(kind: str, **more: object) -> Event:
        return event(kind, 0, "pass", more=more)

    assert kinds(asked("question", topic="a1", form="number"))[0][0] == "number"
    assert kinds(asked("question", topic="old"))[0] == ("choice", True, "question/old")
    assert kinds(asked("self_report", topic="a2"))[0][0] == "said"


def test_a_topic_that_was_renamed_keeps_its_evidence_and_nonsense_is_passed_over() -> None:
    contracts = Contracts({"toy": {"M1": {"old": 1.0, "a1": 0.2, "gone": 1.0}}}, {}, {"toy": 3.0})
    found = observe([event("check", 0, "pass", "M1")], contracts, GRAPH)
    assert found[0].topics == {"a1": 1.0} and found[0].score == 1.0
    wrong = [
        event("question", 0, "pass", more={"topic": 7}), event("question", 0, "pass", more={"topic": "gone"}),
        event("question", 0, "?", more={"topic": "a1"}), event("review", 0, "pass", "M1", more={"form": ["x"]}),
        event("review", 0, "pass", "M8", more={"form": "bug"}), event("check", 0, "pass", "M8"),
        event("check", 0, "pass", "M1", project="unknown"), event("started", 0), event("a later kind", 0, "pass", "M1"),
    ]  # fmt: skip
    assert observe(wrong, CONTRACTS, GRAPH) == ()


def test_an_unproven_contract_is_worth_little() -> None:
    unproven = replace(CONTRACTS, scores={})
    done = [event("check", 0, "pass", "M1")]
    weak = beliefs(observe(done, unproven, GRAPH), GRAPH)["a1"].p
    proven = beliefs(observe(done, CONTRACTS, GRAPH), GRAPH)["a1"].p
    assert P0 < weak < proven and weak == pytest.approx(updated(P0, "first", True, 0.0))


def test_the_order_of_the_lines_does_not_matter() -> None:
    events = [
        event("check", day, "fail" if day % 3 else "pass", f"M{1 + day % 3}", code_hash=str(day)) for day in range(30)
    ]
    found = observe(events, CONTRACTS, GRAPH)
    assert found == observe(events[::-1], CONTRACTS, GRAPH) and len(found) > 10


# --- calibration -------------------------------------------------------------------------------


def test_calibration_of_a_month_by_hand() -> None:
    log = [seen("first", True, 0, "x/1"), seen("later", True, 1, "x/1"), seen("first", False, 9, "x/2")]
    before = 0.15 * 0.9 + 0.85 * 0.05
    tracker = Tracker(GRAPH)
    tracker.see(log[0])
    tracker.see(log[1])
    p = tracker.belief("a1").p
    second = p * 0.9 + (1 - p) * 0.05
    november, december = calibration(log, GRAPH)
    assert (november.month, november.submits, november.observed) == ("2026-11", 1, 1.0)
    assert november.predicted == pytest.approx(before) and november.brier == pytest.approx((1 - before) ** 2)
    assert december.month == "2026-12" and december.brier == pytest.approx(second**2)


def test_a_learner_who_is_as_we_assume_is_predicted_well() -> None:
    """Passes drawn with the very probabilities that are predicted: the mean prediction meets the share that passed."""
    import numpy as np

    random, log, tracker = np.random.default_rng(7), [], Tracker(GRAPH)
    for number in range(3000):
        each = seen("first", True, number * 0.005, f"x/{number}", **{("a1", "a2", "b1")[number % 3]: 1.0})
        each = replace(each, passed=bool(random.random() < tracker.expected(each)))
        tracker.see(each)
        log.append(each)
    (month, *_) = calibration(log, GRAPH)
    assert month.submits > 1000 and abs(month.predicted - month.observed) < 0.04
    assert "Brier score" in month.sentence
