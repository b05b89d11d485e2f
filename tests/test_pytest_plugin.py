"""The pytest plugin, in real pytest sessions of their own."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from child_pytest import BARE
from learner_fixtures import solve
from subject_toys import shelf

from castalia import catalog
from castalia.check import contracts, starting
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

pytest_plugins = ["pytester"]

INSTALLED = any(each.value == "castalia.pytest_plugin" for each in importlib.metadata.entry_points(group="pytest11"))
LOADED = () if INSTALLED else ("-p", "castalia.pytest_plugin")
BASICS = [claim.id for milestone in contracts.find("basics").milestones for claim in milestone.claims]


class Learner:
    """Somebody with the stubs of basics in her folder, and pytest."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.file = starting.begin("basics", pytester.path).file

    def runs(self, *words: str) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess(*BARE, *LOADED, *words, timeout=50)


@pytest.fixture
def learner(pytester: pytest.Pytester, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Learner:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.chdir(pytester.path)
    return Learner(pytester)


def test_it_is_declared() -> None:
    declared = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    assert declared["project"]["entry-points"]["pytest11"] == {"castalia": "castalia.pytest_plugin"}


def test_claims_are_items_of_the_learners_file(learner: Learner) -> None:
    found = learner.runs("--castalia", "basics", "--collect-only", "-q")
    ids = [line for line in found.outlines if "::" in line]
    assert [each.rpartition(".")[2] for each in ids] == BASICS
    assert ids[0] == "yours/basics/basics.py::M1.standardized"


def test_a_failure_is_the_report_of_the_shell(learner: Learner, settings: Settings) -> None:
    solve(learner.file, "standardize", "one_hot")
    learner.file.write_text(learner.file.read_text().replace("astype(float)", "astype(float) * 2", 1))
    found = learner.runs("--castalia", "basics", "--castalia-seed", "7", "-v")
    found.assert_outcomes(passed=3, failed=2, skipped=10)
    text = found.stdout.str()
    assert "one_hot_rows" in text and "Traceback" not in text and "pytest_plugin.py" not in text
    for field in ("why", "call", "got", "expected", "topic", "at", "seed"):
        assert re.search(rf"^  {field} +\S", text, re.M), field
    assert "Next: Change one_hot (basics.py:" in text and "seed 7" in text
    assert "castalia: 3 of 15 claims about basics hold" in text
    events = [each for each in Evidence(settings.home).events("basics") if each.kind == "check"]
    assert [(each.claim, each.outcome, each.seed) for each in events] == [("one_hot_rows", "fail", 7)]
    assert events[0].contract_hash == contracts.find("basics").hash() and len(events[0].code_hash) == 64


def test_the_first_that_is_not_attempted_fails_and_the_others_are_skipped(learner: Learner) -> None:
    found = learner.runs("--castalia", "basics", "-rs")
    found.assert_outcomes(failed=1, skipped=14)
    found.stdout.fnmatch_lines(["*Next: Write standardize (basics.py:*", "*not attempted: *"])
    solve(learner.file, "standardize", "one_hot")
    found = learner.runs("--castalia", "basics")
    found.assert_outcomes(passed=4, failed=1, skipped=10)
    found.stdout.fnmatch_lines(["*Next: castalia new basics --learn *M2*"])


def test_all_green_and_by_the_setting(learner: Learner) -> None:
    starting.begin("basics", learner.pytester.path, "M4")
    solve(learner.file, "standardize", "one_hot", "accuracy", "log_loss", "cosine_similarity", "RunningMean")
    learner.pytester.makepyprojecttoml('[tool.pytest.ini_options]\ncastalia = ["basics"]\ntestpaths = ["mine"]\n')
    (learner.pytester.path / "mine").mkdir()
    (learner.pytester.path / "mine" / "test_mine.py").write_text("def test_mine(): pass\n")
    found = learner.runs("-v")
    found.assert_outcomes(passed=16)
    learner.runs("mine").assert_outcomes(passed=1)
    learner.runs("-k", "cosine").assert_outcomes(passed=2, deselected=14)
    learner.runs("yours/basics/basics.py::M4.running_apart").assert_outcomes(passed=1)


def test_x_stops_at_the_first_failure(
    learner: Learner, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve(learner.file, "standardize")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    found = learner.runs("--castalia", "basics", "-x")
    found.assert_outcomes(passed=2, failed=1)
    last = Evidence(settings.home).events("basics")[-1]
    assert (last.claim, last.outcome) == ("one_hot_rows", "not_attempted")
    assert [each.name for each in (tmp_path / "scratch").iterdir() if "castalia" in each.name] == []


def test_with_xdist_it_is_one_check_with_one_seed(learner: Learner, settings: Settings) -> None:
    starting.begin("basics", learner.pytester.path, "M2")
    solve(learner.file, "standardize", "one_hot", "log_loss")
    found = learner.runs("--castalia", "basics", "-n", "2")
    found.assert_outcomes(passed=6, failed=1, skipped=8)
    found.stdout.fnmatch_lines(["*Next: Write accuracy *", "castalia: 6 of 15 claims about basics hold"])
    events = [each for each in Evidence(settings.home).events("basics") if each.kind == "check"]
    assert [(each.claim, each.outcome) for each in events] == [("accuracy_counts", "not_attempted")]
    seeds = re.findall(r"^  seed +(\d+)", found.stdout.str(), re.M)
    assert set(seeds) == {str(events[0].seed)}


def test_the_learners_code_never_runs_in_pytests_process(learner: Learner) -> None:
    learner.file.write_text("import os\n\nos._exit(77)\n" + learner.file.read_text())
    solve(learner.file, "standardize")
    found = learner.runs("--castalia", "basics")
    assert found.ret == 1
    learner.file.write_text("while True:\n    pass\n" + learner.file.read_text())
    learner.runs("--castalia", "basics", "--collect-only").assert_outcomes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--castalia", "bascis"), "Did you mean 'basics'?"),
        (("--castalia", "churn"), "no check yet"),
        (("--castalia", "softmax"), "castalia learn"),
        (("--castalia", "basics", "--castalia-seed", "-1"), "--castalia-seed"),
    ],
)
def test_wrong_usage_is_said_without_a_traceback(learner: Learner, words: tuple[str, ...], said: str) -> None:
    found = learner.runs(*words)
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    assert said in found.stderr.str() and "Traceback" not in found.stderr.str()


def test_whoever_does_not_use_it_pays_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_nothing_came_along():
            assert "castalia.pytest_plugin" in sys.modules
            heavy = {"numpy", "pydantic", "orjson", "castalia.check", "castalia.core", "castalia.catalog"}
            assert not heavy & set(sys.modules)
    """)
    pytester.runpytest_subprocess(*LOADED, "-p", "no:hypothesispytest", timeout=50).assert_outcomes(passed=1)


def test_a_package_is_a_learners_file_too(learner: Learner) -> None:
    package = learner.pytester.path / "softmax"
    package.mkdir()
    (package / "inner.py").write_text(contracts.reference("softmax").read_text("utf-8"))
    (package / "__init__.py").write_text("from .inner import softmax as softmax\n")
    learner.runs("--castalia", "softmax").assert_outcomes(passed=4)


@pytest.mark.parametrize(("name", "begins"), [("wordcount", "__main__.py::M1."), ("tally", "README.md::M1.")])
def test_programs_and_repositories_have_claims_too(
    name: str, begins: str, learner: Learner, tmp_path_factory: pytest.TempPathFactory, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    own = shelf(tmp_path_factory.mktemp("own"), name)
    address, place = f"{catalog.trust(own, settings)}/{name}", learner.pytester.path / name
    shutil.copytree(own / name, place, ignore=shutil.ignore_patterns("*.toml", "contract.py", "mutants.py"))
    if name == "wordcount":
        (place / "wordcount.py").rename(place / "__main__.py")
    else:
        monkeypatch.chdir(place)
    found = learner.runs("-v", "--castalia", address)
    assert found.ret == 0, found.stdout.str()
    found.stdout.fnmatch_lines([f"*{begins}*PASSED*", "castalia: * of * claims about * hold"])


def test_a_repository_without_any_of_its_files_is_said(
    learner: Learner, tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> None:
    address = f"{catalog.trust(shelf(tmp_path_factory.mktemp('own'), 'tally'), settings)}/tally"
    found = learner.runs("--castalia", address)
    assert found.ret == pytest.ExitCode.USAGE_ERROR and "write README.md" in found.stderr.str()
