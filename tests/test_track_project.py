"""Project 1.3, track: the reference keeps the contract, wrong versions do not, and our own tracker keeps it too."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from castalia.check import check_project, contracts
from castalia.check.found import found
from castalia.check.proof import kept
from castalia.check.result import Report
from castalia.core.contract import Contract, Mutant
from castalia.projects.track import mutants
from castalia.projects.track.contract import CONTRACT

FOLDER = Path(mutants.__file__).parent
OURS = Path(__file__).parent / "store_as_track.py"
MILESTONES = [milestone.id for milestone in CONTRACT.milestones]
SEED = 3


def failed(report: Report) -> str:
    return "\n".join(f"{one.claim}: {one.outcome}: {one.why}" for one in report.claims if not one.passed)


def test_the_project_is_a_library_and_its_reference_a_package() -> None:
    assert contracts.reference("track") == FOLDER / "reference" / "__init__.py"
    assert [path.name for path in contracts.reference_files("track")] == list(mutants.FILES)
    assert found("track").proof == FOLDER / "proof.json"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("milestone", MILESTONES)
def test_the_reference_passes(milestone: str) -> None:
    report = check_project(CONTRACT, contracts.reference("track"), seed=SEED, all=True, milestone=milestone)
    assert report.outcome == "pass", failed(report)


def test_the_reference_imports_the_standard_library_alone() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (FOLDER / "reference").glob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\.?\w+)", code, re.MULTILINE))
    assert {name for name in imported if not name.startswith(".")} <= sys.stdlib_module_names


def test_the_untouched_stubs_are_not_attempted(tmp_path: Path) -> None:
    (tmp_path / "track.py").write_text(CONTRACT.interface, "utf-8")
    report = check_project(CONTRACT, tmp_path, seed=SEED, all=True)
    assert {one.outcome for one in report.claims} == {"not_attempted"}, failed(report)


CHOSEN = (
    ("M1", "no_busy_timeout"), ("M2", "nan_wins"), ("M3", "absent_hidden"), ("M4", "staged_missed"),
    ("M5", "page_with_elements"), ("M6", "a_commit_for_each_row"),
)  # fmt: skip


def written(id: str, tmp_path: Path) -> Path:
    """A learner's package with this mistake in it."""
    mutant: Mutant = next(each for each in mutants.MUTANTS if each.id == id)
    package = tmp_path / "track"
    package.mkdir()
    for path in (FOLDER / "reference").glob("*.py"):
        text = path.read_text("utf-8")
        (package / path.name).write_text(mutant.apply(text) if path.name == mutant.file else text, "utf-8")
    return package


@pytest.mark.slow
@pytest.mark.parametrize("milestone, id", CHOSEN, ids=[id for _, id in CHOSEN])
def test_a_wrong_version_is_rejected(milestone: str, id: str, tmp_path: Path) -> None:
    """One a milestone; the proof has them all."""
    report = check_project(CONTRACT, written(id, tmp_path), seed=SEED, milestone=milestone)
    assert report.outcome not in ("pass", "tool_error"), id


def test_a_learner_s_package_is_asked_under_its_own_name(tmp_path: Path) -> None:
    """Other processes import it too: a package called track, and not the reference."""
    package = written("staged_missed", tmp_path)
    report = check_project(CONTRACT, package, seed=SEED, milestone="M4")
    assert report.outcome == "fail" and (report.claims[0].got, report.claims[0].expected) != (None, None)
    assert report.claims[0].file_line == "track/versions.py:10", report.claims[0].file_line


def test_every_topic_of_a_claim_has_its_mutant_and_the_proof_is_fresh() -> None:
    told = {topic for milestone in CONTRACT.milestones for claim in milestone.claims for topic in claim.topics}
    assert told == {"sq01", "py06", "ml05", "mo07", "py10", "to07"}
    assert told <= {topic for mutant in mutants.MUTANTS for topic in mutant.topics}
    proof = kept(found("track"))
    assert proof is not None and proof["proven"] and all(proof["topics"].values()), "castalia prove track --full"
    assert proof["full"] and proof["false_alarms"] == 0 and proof["score"] >= 0.95
    assert proof["named"] >= 100 and proof["equivalent"] <= 0.05 * proof["generated"]


def test_hints_have_three_rungs_and_hold_no_code_of_the_solution() -> None:
    lines = {
        line.strip()
        for path in contracts.reference_files("track")
        for line in path.read_text("utf-8").splitlines()
        if len(line.strip()) > 25
    }
    for milestone in CONTRACT.milestones:
        for claim in milestone.claims:
            assert "?" in claim.hints[0] and len(set(claim.hints)) == 3
            assert not any(line in hint for hint in claim.hints for line in lines), claim.id


UNASKED = {
    "file_is_all": "it copies the one file, and ours is a home folder, to whose file the adapter only links",
    "imports_are_whole": "it counts the runs of one file that was imported again and again, and for ours twice is once",
}
"""Claims that our own tracker cannot be asked, and why not. M2, M3 and M5 it is not asked at all: it searches in
MLflow's language, exports archives, and speaks MLflow's protocol, which test_protocol_search.py, test_track_exchange.py
and test_protocol_runs.py ask of it."""


def patient() -> Contract:
    """The same claims with more time: every process of ours imports SQLAlchemy first."""
    milestones = tuple(
        replace(each, claims=tuple(replace(claim, budget=6 * claim.budget) for claim in each.claims))
        for each in CONTRACT.milestones
    )
    return replace(CONTRACT, milestones=milestones)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("milestone", ["M1", "M4", "M6"])
def test_our_own_tracker_keeps_the_contract(milestone: str) -> None:
    report = check_project(patient(), OURS, seed=SEED, all=True, milestone=milestone)
    broken = {one.claim for one in report.claims if not one.passed}
    assert broken == {one.claim for one in report.claims if one.claim in UNASKED}, failed(report)


def test_the_lesson_says_what_a_key_costs(tmp_path: Path) -> None:
    """100,000 points with their key in the rows, and with it in an index beside them: bytes a point, measured anew."""
    text = (FOLDER / "README.md").read_text("utf-8")
    told = re.search(r"100,000 points took\s+([\d.]+) bytes each instead of\s+(\d+\.\d)", text)
    assert told is not None
    for words, bytes_told in ((" WITHOUT ROWID", float(told[2])), ("", float(told[1]))):
        path = tmp_path / f"points{len(words)}.db"
        with closing(sqlite3.connect(path)) as db:
            db.execute(f"CREATE TABLE points (run INTEGER, metric TEXT, step INTEGER, value REAL,"
                       f" PRIMARY KEY (run, metric, step)){words}")  # fmt: skip
            series = [(run, metric) for run in range(10) for metric in ("loss", "auc")]
            rows = ((*one, step, (step + 0.5) / 7) for one in series for step in range(5000))
            db.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", rows)
            db.commit()
            db.execute("VACUUM")
        assert abs(path.stat().st_size / 100_000 - bytes_told) < 0.03 * bytes_told, path.stat().st_size / 100_000


def test_the_lesson_says_what_was_proven() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    proof = kept(found("track"))
    assert proof is not None
    for figure in (
        f"{proof['named']} named",
        f"{proof['killed']} of {proof['tried']} automatic",
        f"{proof['equivalent']} are listed",
        f"{proof['lazy']} lazy",
        f"{proof['score']:.3f} says",
    ):
        assert figure in text, f"{figure} is not in the lesson"
