"""Project 1.1, utilities: the reference keeps the contract, wrong versions do not, and our own library keeps it too."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tiers import quick_first

from castalia.check import check_project, contracts
from castalia.check.found import found
from castalia.check.proof import kept
from castalia.check.result import Report
from castalia.core.contract import Mutant
from castalia.core.expect import Failed
from castalia.projects.utilities import mutants, training_asked, traps
from castalia.projects.utilities.contract import CONTRACT

FOLDER = Path(mutants.__file__).parent
KIT = Path(__file__).parent / "kit_as_utilities.py"
OURS = ("M1", "M2", "M3", "M4", "M7")
"""The milestones that ask a module."""


def failed(report: Report) -> str:
    return "\n".join(f"{one.claim}: {one.outcome}: {one.why}" for one in report.claims if not one.passed)


def test_the_reference_of_a_library_is_found_without_a_system() -> None:
    assert contracts.reference("utilities") == FOLDER / "reference" / "__init__.py"
    assert [path.name for path in contracts.reference_files("utilities")] == list(mutants.FILES)
    assert found("utilities").proof == FOLDER / "proof.json"
    assert contracts.reference("softmax").name == "reference.py"


@pytest.mark.parametrize("milestone", OURS)
def test_the_reference_passes(milestone: str) -> None:
    report = check_project(CONTRACT, contracts.reference("utilities"), seed=0, all=True, milestone=milestone)
    assert report.outcome == "pass", failed(report)


def test_the_reference_imports_numpy_and_the_standard_library_alone() -> None:
    code = "\n".join(path.read_text("utf-8") for path in contracts.reference_files("utilities"))
    imported = set(re.findall(r"^(?:from|import) (\.?\w+)", code, re.MULTILINE))
    outside = {name for name in imported if not name.startswith(".")}
    assert outside - sys.stdlib_module_names == {"numpy", "given"}  # given: the module that own_tests.py tests


@pytest.mark.parametrize("milestone", OURS)
def test_the_untouched_stubs_are_not_attempted(milestone: str, tmp_path: Path) -> None:
    (tmp_path / "utilities.py").write_text(CONTRACT.interface, "utf-8")
    report = check_project(CONTRACT, tmp_path, seed=0, all=True, milestone=milestone)
    assert {one.outcome for one in report.claims} == {"not_attempted"}, failed(report)


CHOSEN = (
    ("M1", "all_read_first"), ("M2", "fitted_in_transform"), ("M3", "ties_by_the_order_of_rows"),
    ("M4", "best_is_an_alias"), ("M7", "each_its_own_scale"),
)  # fmt: skip


@pytest.mark.parametrize("milestone, id", CHOSEN, ids=[id for _, id in CHOSEN])
def test_a_wrong_version_is_rejected(milestone: str, id: str, tmp_path: Path) -> None:
    """Some of them, as a learner's package; the proof has them all."""
    mutant: Mutant = next(each for each in mutants.MUTANTS if each.id == id)
    package = tmp_path / "utilities"
    package.mkdir()
    for name in mutants.FILES:
        text = (FOLDER / "reference" / name).read_text("utf-8")
        (package / name).write_text(mutant.apply(text) if name == mutant.file else text, "utf-8")
    report = check_project(CONTRACT, tmp_path, seed=0, milestone=milestone)
    assert report.outcome == "fail", report.outcome
    wrong = next(one for one in report.claims if not one.passed)
    assert wrong.why and wrong.file_line.startswith("utilities/") and wrong.action
    assert set(CONTRACT.claim(wrong.claim).topics) & set(mutant.topics)


def test_every_claim_has_a_wrong_version_of_each_of_its_topics() -> None:
    """That such a claim rejects it is in the proof, topic by topic; here no topic of a claim is left without one."""
    told = {topic for milestone in CONTRACT.milestones for claim in milestone.claims for topic in claim.topics}
    assert told <= {topic for mutant in mutants.MUTANTS for topic in mutant.topics}
    proof = kept(found("utilities"))
    assert proof is not None and proof["proven"] and all(proof["topics"].values())
    assert proof["named"] >= 100 and proof["equivalent"] <= 0.05 * proof["generated"]


UNASKED = {
    "target_folds_at_random": "it asks for a fold for each row too; ours takes 20 folds at most, since with one row a "
    "fold the encoding is a code of the row's own target (docs/tabular.md)",
}
"""Claims that our own library cannot be asked, and why not. All others it keeps."""


@pytest.mark.parametrize("milestone", quick_first(OURS, 2))
def test_our_own_library_keeps_the_contract(milestone: str) -> None:
    report = check_project(CONTRACT, KIT, seed=0, all=True, milestone=milestone)
    broken = {one.claim: one for one in report.claims if not one.passed}
    assert set(broken) == {one.claim for one in report.claims if one.claim in UNASKED}, failed(report)
    for one in broken.values():
        assert "folds does not fit" in one.why and "40" in one.why


class Written:
    """A folder with one file called state."""

    def __init__(self, content: str | bytes) -> None:
        self.content = content

    def call(self, name: str, *_: object) -> object:
        return ["state"] if name == "names" else self.content


@pytest.mark.parametrize("member, plain", [(b'{"epoch": 3}', True), (b"\x80\x04K\x03.", False), (b"(dp0\n.", False)])
def test_beside_arrays_a_state_may_hold_json_and_no_pickle(member: bytes, plain: bool) -> None:
    """torch.save writes a zip with a pickle that NumPy hands over as bytes; a state in JSON is as harmless as text."""
    made = io.BytesIO()
    np.savez(made, weights=np.zeros(2))
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("state", member)
    if plain:
        training_asked._no_pickle(Written(made.getvalue()))  # type: ignore[arg-type]
    else:
        with pytest.raises(Failed, match="holds no pickle"):
            training_asked._no_pickle(Written(made.getvalue()))  # type: ignore[arg-type]


def test_hints_have_three_rungs_and_hold_no_code_of_the_solution() -> None:
    lines = {
        line.strip()
        for path in contracts.reference_files("utilities")
        for line in path.read_text("utf-8").splitlines()
        if len(line.strip()) > 25
    }
    for milestone in CONTRACT.milestones:
        for claim in milestone.claims:
            assert claim.hints[0].endswith("?") and len(set(claim.hints)) == 3
            assert not any(line in hint for hint in claim.hints for line in lines), claim.id


def test_the_lesson_says_what_is_measured() -> None:
    text = " ".join((FOLDER / "README.md").read_text("utf-8").replace("−", "-").split())
    for name, measure in traps.TRAPS.items():
        for words, figure in measure().items():
            assert figure in text, f"{name}, {words}: {figure} is not in the lesson"


def test_the_lesson_says_what_was_proven() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    proof = kept(found("utilities"))
    assert proof is not None
    for figure in (
        f"{proof['named']} named",
        f"{proof['killed']} of {proof['tried']} automatic",
        f"{proof['equivalent']} are listed",
        f"{proof['lazy']} lazy",
        f"{proof['score']:.3f} says",
    ):
        assert figure in text, f"{figure} is not in the lesson"
