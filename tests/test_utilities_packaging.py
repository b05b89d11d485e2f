"""M5 and M6 of the utilities: right and wrong packages, right and wrong tests, through the door of a learner's code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiers import quick_first

from castalia.check import check_project, contracts, starting
from castalia.check.mutation import mutations
from castalia.core.contract import Claim, Contract, Milestone, Mutant
from castalia.core.settings import Settings
from castalia.projects.utilities import tests_properties, wrong_versions
from castalia.projects.utilities.packaging import OWN_TESTS, PACKAGE
from castalia.projects.utilities.packaging_mutants import PACKAGE_FILES, PACKAGE_MUTANTS

HERE = Path(tests_properties.__file__).parent
REFERENCE = HERE / "reference"
TOY = '''
"""A toy that stands where the reference stands.

>>> double([1.0, 2.0])
[2.0, 4.0]
>>> double([])
[]
>>> total([1.0, 2.0])
3.0
"""

from __future__ import annotations

from .columns import double, total

__version__ = "1.0.0"

'''
COLUMNS = '''
import numpy as np


def double(values: list[float]) -> list[float]:
    """Each value twice."""
    return [float(x) for x in 2 * np.asarray(values)]


def total(values: list[float]) -> float:
    """Their sum."""
    return float(np.sum(values))
'''


def plain(number: int) -> Milestone:
    claim = Claim(
        id=f"doubles_{number}", words="double gives every value twice.", topics={"py01": 1.0}, function="double",
        make=lambda random, size: (random.normal(size=size).tolist(),), oracle=lambda x: [2 * each for each in x],
        hints=("What is twice?", "Multiply.", "By two."), cases=1,
    )  # fmt: skip
    return Milestone(f"M{number}", "Double", (claim,))


CONTRACT = Contract(
    project="utilities", interface="def double(values: list) -> list: ...",
    milestones=(*map(plain, range(1, 5)), PACKAGE, OWN_TESTS),
)  # fmt: skip
SETUPTOOLS = """
[build-system]
requires = ["setuptools>=70"]
build-backend = "setuptools.build_meta"

[project]
name = "my-utilities"
version = "1.0.0"
requires-python = ">=3.9"
dependencies = ["numpy"]

[tool.setuptools.packages.find]
where = ["src"]

[tool.setuptools.package-data]
utilities = ["py.typed"]
"""


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A folder as the reference's, with a toy in the reference's place."""
    folder = tmp_path / "reference"
    folder.mkdir()
    for name in (*PACKAGE_FILES, "py.typed"):
        shutil.copy(REFERENCE / name, folder)
    (folder / "__init__.py").write_text(TOY)
    (folder / "columns.py").write_text(COLUMNS)
    return folder / "__init__.py"


@pytest.fixture
def learner(tmp_path: Path) -> Path:
    """A learner's folder: setuptools, the src layout, tests by pytest."""
    package = tmp_path / "src" / "utilities"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(TOY)
    (package / "columns.py").write_text(COLUMNS)
    (package / "py.typed").touch()
    (tmp_path / "pyproject.toml").write_text(SETUPTOOLS)
    shutil.copy(REFERENCE / "own_tests.py", tmp_path)
    return tmp_path


def told(path: Path, milestone: str, python: str = sys.executable) -> dict[str, Any]:
    report = check_project(CONTRACT, path, python, seed=1, all=True, milestone=milestone)
    return {one.claim: one for one in report.claims}


def outcomes(path: Path, milestone: str, python: str = sys.executable) -> dict[str, str]:
    return {name: one.outcome for name, one in told(path, milestone, python).items()}


def test_the_reference_passes(reference: Path) -> None:
    report = check_project(CONTRACT, reference, seed=1, all=True)
    assert report.outcome == "pass", [one for one in report.claims if not one.passed]
    assert len(report.claims) == 4 + len(PACKAGE.claims) + len(OWN_TESTS.claims)


@pytest.mark.slow
def test_a_package_in_the_src_layout_passes_by_setuptools(learner: Path) -> None:
    pytest.importorskip("setuptools")
    assert set(outcomes(learner, "M5").values()) == {"pass"}
    assert not (learner / "build").exists() and not list(learner.rglob("*.egg-info")), (
        "nothing is built in their folder"
    )


def test_nothing_there_is_not_attempted(tmp_path: Path) -> None:
    (tmp_path / "utilities.py").write_text(COLUMNS)
    assert set(outcomes(tmp_path / "utilities.py", "M5").values()) == {"not_attempted"}
    assert set(outcomes(tmp_path / "utilities.py", "M6").values()) == {"not_attempted"}


def test_a_backend_that_is_not_installed_is_no_fault_of_the_code(learner: Path) -> None:
    about = learner / "pyproject.toml"
    about.write_text(SETUPTOOLS.replace("setuptools.build_meta", "no_such_backend.api"))
    one = told(learner, "M5")["wheel_builds"]
    assert one.outcome == "tool_error" and "pip install no_such_backend" in one.why


@pytest.mark.slow
@pytest.mark.parametrize("mutant", quick_first(PACKAGE_MUTANTS, 4), ids=lambda mutant: mutant.id)
def test_every_named_mutant_is_rejected(reference: Path, mutant: Mutant) -> None:
    path = reference if mutant.file == "reference.py" else reference.with_name(mutant.file)
    path.write_text(mutant.apply(path.read_text("utf-8")), "utf-8")
    report = check_project(CONTRACT, reference, seed=1, milestone="M6" if mutant.file == "own_tests.py" else "M5")
    assert report.outcome in ("fail", "not_attempted", "learner_error"), report.claims[-1]
    if not mutant.lazy:
        assert set(mutant.topics) & set(CONTRACT.claim(report.claims[-1].claim).topics), report.claims[-1]


def test_only_what_could_be_a_fault_is_mutated() -> None:
    """A check less in the tests is within the share that is asked for; the backend is mutated as any code."""
    tests = (REFERENCE / "own_tests.py").read_text("utf-8")
    assert mutations(tests, "own_tests.py") == [] and mutations(tests.replace("# not mutated:", "#"), "own_tests.py")
    assert mutations((REFERENCE / "build_wheel.py").read_text("utf-8"), "build_wheel.py")


def test_every_topic_has_its_mutant() -> None:
    asked = {topic for each in (PACKAGE, OWN_TESTS) for claim in each.claims for topic in claim.topics}
    assert asked <= {topic for mutant in PACKAGE_MUTANTS for topic in mutant.topics}
    assert len({mutant.id for mutant in PACKAGE_MUTANTS}) == len(PACKAGE_MUTANTS)


PLAIN = """
from given import Stopper, f1


def test_counts():
    assert f1([1, 1, 0], [1, 0, 0]) == 2 / 3


def test_patience():
    assert not Stopper(1).update(2.0)
"""
BY_PYTEST = """
import pytest
from given import f1


@pytest.fixture
def truth():
    return [1, 1, 0]


@pytest.mark.parametrize(("answers", "expected"), [([1, 0, 0], 2 / 3), ([1, 1, 0], 1.0)])
def test_counts(truth, answers, expected):
    assert f1(truth, answers) == expected
"""


@pytest.mark.parametrize("own", [PLAIN, BY_PYTEST], ids=["functions", "pytest"])
def test_tests_of_every_kind_are_run(tmp_path: Path, own: str) -> None:
    """Plain functions need nothing but Python; fixtures and parameters need pytest."""
    text = tests_properties.text()
    wrong = wrong_versions.versions(text)["f1: recall"]
    (tmp_path / "own_tests.py").write_text(own)
    for number, version in enumerate((text, wrong)):
        (tmp_path / "versions" / str(number)).mkdir(parents=True)
        (tmp_path / "versions" / str(number) / "given.py").write_text(version)
    command = [sys.executable, "-I", "-B", HERE / "tests_bench.py", "20"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=50)
    verdicts = json.loads((tmp_path / "verdicts.json").read_text())
    assert verdicts["0"]["passed"] and verdicts["0"]["ran"] == 2, verdicts
    assert not verdicts["1"]["passed"], verdicts


@pytest.mark.slow
def test_each_wrong_version_is_wrong_and_noticed_by_some_test(tmp_path: Path) -> None:
    """An independent run: unittest itself, a process each, on files on disk."""
    shutil.copy(REFERENCE / "own_tests.py", tmp_path)
    text = tests_properties.text()
    made = wrong_versions.versions(text)
    assert len(made) >= 20 and len(set(made.values()) | {text}) == len(made) + 1
    for name, version in made.items():
        (tmp_path / "given.py").write_text(version)
        done = subprocess.run([sys.executable, "-B", "-m", "unittest", "-q", "own_tests"], cwd=tmp_path,
                              capture_output=True, timeout=20, check=False)  # fmt: skip
        assert done.returncode == 1, f"{name}: {done.stderr.decode()[-300:]}"


def test_rewritten_and_counted_forms_do_the_same(tmp_path: Path) -> None:
    for form in (
        tests_properties.rewritten(tests_properties.text()),
        tests_properties.counted(tests_properties.text())[0],
    ):
        shutil.copy(REFERENCE / "own_tests.py", tmp_path)
        (tmp_path / "given.py").write_text(form)
        command = [sys.executable, "-B", "-m", "unittest", "-q", "own_tests"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_branches_are_counted_as_by_hand() -> None:
    source = "def f(x):\n    if x > 0:\n        return 1\n    for each in range(x):\n        pass\n    return 0\n"
    text, ways = tests_properties.counted(source)
    assert ways == 4
    for values, taken in (((1,), 1), ((0,), 2), ((1, 0), 3)):
        space: dict[str, Any] = {}
        exec(compile(text, "given.py", "exec"), space)
        for value in values:
            space["f"](value)
        assert len(space["_castalia_taken"]) == taken, values


@pytest.mark.slow
def test_the_wheel_of_the_reference_installs_in_a_venv(reference: Path, tmp_path: Path) -> None:
    """What the clean room stands for: pip in a fresh venv agrees with it."""
    out = tmp_path / "out"
    out.mkdir()
    build = "import build_wheel, sys; print(build_wheel.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, out], cwd=reference.parent, check=True)
    (wheel,) = out.glob("*.whl")
    assert zipfile.ZipFile(wheel).testzip() is None
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    shown = subprocess.run([python, "-m", "pip", "show", "-f", "utilities"], capture_output=True, text=True, check=True)
    assert "utilities/py.typed" in shown.stdout and "Requires: numpy" in shown.stdout
    alone = subprocess.run([python, "-c", "import utilities"], capture_output=True, text=True, check=False)
    assert "No module named 'numpy'" in alone.stderr, "a venv without NumPy refuses what the clean room would refuse"


def test_a_limit_of_the_whole_contract_is_kept(reference: Path) -> None:
    """One milestone takes less than its budget by far, on a busy machine too."""
    report = check_project(CONTRACT, reference, seed=2, milestone="M6")
    assert report.outcome == "pass" and report.seconds < sum(claim.budget for claim in OWN_TESTS.claims)


def test_the_given_module_is_handed_to_the_learner(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    basics = contracts.find("basics")
    changed = replace(basics, milestones=(*basics.milestones, replace(OWN_TESTS, id="M5")))
    monkeypatch.setattr(contracts, "find", lambda name, settings=None: changed)
    place = tmp_path / "yours" / "basics"
    begun = starting.begin("basics", tmp_path, settings=settings)
    assert (place / "given.py").read_text("utf-8") == tests_properties.text() and place / "given.py" in begun.written
    (place / "given.py").write_text("mine")
    starting.begin("basics", tmp_path, "M2", settings=settings)
    assert (place / "given.py").read_text("utf-8") == "mine", "what is there stays"
    (place / "given.py").unlink()
    starting.begin("basics", tmp_path, "M3", settings=settings)
    assert (place / "given.py").is_file()
