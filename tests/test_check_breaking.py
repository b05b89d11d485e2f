"""check/breaking: a wrong program that passes is shown to be wrong and kept, without a word of the solution."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from subject_toys import shelf
from tiers import quick_first

from castalia import catalog
from castalia.check import contracts, desk
from castalia.check.breaking import Attempt, attempt
from castalia.core.errors import NotFound, WrongInput
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs are served by forks")

RIGHT = contracts.reference("softmax").read_text("utf-8")
SHIFT = "shifted = shifted - shifted.max(axis=-1, keepdims=True)"
SEVEN = RIGHT.replace(SHIFT, f"{SHIFT}\n    shifted = shifted * (2.0 if shifted.shape[:-1] == (7,) else 1.0)")
"""Wrong for seven rows alone. The claims never have seven; the search has every number up to the largest."""
OTHER = '''import numpy as np


def softmax(x):
    """Right, in another way: its last bits differ."""
    x = np.asarray(x, dtype=float)
    x = x - x.max(axis=-1, keepdims=True)
    return np.exp(x - np.log(np.exp(x).sum(axis=-1, keepdims=True)))
'''


def broken(folder: Path, text: str, settings: Settings) -> Attempt:
    path = folder / "wrong.py"
    path.write_text(text, "utf-8")
    return attempt("softmax", path, seed=5, inputs=500, settings=settings)


def test_a_wrong_program_that_passes_is_kept_with_the_input_that_shows_it(tmp_path: Path, settings: Settings) -> None:
    made = broken(tmp_path, SEVEN, settings)
    assert made.outcome == "break" and made.rejected is None and len(made.seeds) == 5
    assert made.search is not None and made.search.difference is not None
    assert made.search.difference.asked == "softmax(…)" and made.search.difference.input.count("[") == 8
    value = json.loads(Path(made.proposal).read_text("utf-8"))
    assert Path(made.proposal).parent == settings.home / "breaks" and Path(made.proposal).name.startswith("softmax-")
    assert value["texts"] == {"wrong.py": SEVEN} and value["misconception"] == ""
    assert value["search"]["difference"]["got"] != value["search"]["difference"]["expected"]
    assert "old" not in value, "the reference's text is a spoiler"
    (event,) = Evidence(settings.home).events("softmax")
    assert (event.kind, event.outcome, event.code_hash) == ("break", "break", made.code_hash)


@pytest.mark.slow
def test_after_the_solution_was_opened_a_small_change_is_proposed_as_one(tmp_path: Path, settings: Settings) -> None:
    desk.solution("softmax", settings=settings)
    value = json.loads(Path(broken(tmp_path, SEVEN, settings).proposal).read_text("utf-8"))
    assert RIGHT.count(value["old"]) == 1 and RIGHT.replace(value["old"], value["new"]) == SEVEN
    assert value["file"] == "reference.py"
    value = json.loads(Path(broken(tmp_path, OTHER, settings).proposal).read_text("utf-8"))
    assert "old" not in value, "no small change"


def test_a_program_that_a_claim_rejects_is_no_break(tmp_path: Path, settings: Settings) -> None:
    made = broken(tmp_path, RIGHT.replace(SHIFT, "pass"), settings)
    assert made.outcome == "rejected" and made.rejected is not None and made.rejected.claim == "large_numbers"
    assert made.search is None and not made.proposal and not (settings.home / "breaks").exists()
    assert made.as_dict()["rejected"]["id"] == "large_numbers"


def test_a_program_that_only_differs_in_its_last_bits_may_be_right(tmp_path: Path, settings: Settings) -> None:
    made = broken(tmp_path, OTHER, settings)
    assert made.outcome == "same" and made.search is not None and made.search.inputs == 500
    assert json.loads(Path(made.proposal).read_text("utf-8"))["search"]["difference"] is None


@pytest.mark.parametrize(
    ("name", "old", "new"),
    quick_first([("wordcount", "return 1\n", "return 3\n"), ("wordcount", "", ""), ("tally", "", "")], 1),
)
def test_a_program_and_a_repository_go_through_their_own_door(
    name: str, old: str, new: str, tmp_path: Path, settings: Settings
) -> None:
    """A byte-identical copy of the reference is "same", and never "break"."""
    address = f"{catalog.trust(shelf(tmp_path / 'own', name), settings)}/{name}"
    wrong = tmp_path / "wrong"
    shutil.copytree(tmp_path / "own" / name, wrong)
    for file in ("contract.py", "mutants.py", "card.toml"):
        (wrong / file).unlink()
    if name == "wordcount":  # as a folder that is run
        text = (wrong / "wordcount.py").read_text("utf-8")
        (wrong / "__main__.py").write_text(text.replace(old, new), "utf-8")
        (wrong / "wordcount.py").unlink()
    made = attempt(address, wrong, seed=5, inputs=2, settings=settings)
    if old:
        assert made.outcome == "rejected" and made.rejected is not None and made.rejected.outcome == "fail"
        return
    assert (
        made.outcome == "same" and made.search is not None and made.search.inputs == (2 if name == "wordcount" else 0)
    )
    texts = json.loads(Path(made.proposal).read_text("utf-8"))["texts"]
    assert set(texts) == ({"__main__.py"} if name == "wordcount" else {"README.md", "own_tests.py", "tally.py"})


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path, settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "breaks").write_text("a file in its place")
    made = broken(tmp_path, SEVEN, settings)
    assert made.outcome == "break" and not made.proposal and "cannot be kept" in made.warnings[0]


def test_what_is_not_there_is_named(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(NotFound, match="wrong program"):
        attempt("softmax", tmp_path / "nothing.py", settings=settings)
    with pytest.raises(NotFound):
        attempt("sofmax", tmp_path, settings=settings)
    (tmp_path / "latin.py").write_bytes(RIGHT.encode() + b"# \xe9\n")
    with pytest.raises(WrongInput, match="cannot be kept"):
        attempt("softmax", tmp_path / "latin.py", settings=settings)
