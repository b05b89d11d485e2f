"""Milestones 5 and 6 of the utilities: a package that can be installed, and tests that notice what is wrong.

Both are asked of the folder that holds the package (the adapter ``repository``), while the other milestones call its
functions. ``PACKAGE`` and ``OWN_TESTS`` stand in the contract between the trainer and the plots.
"""

from __future__ import annotations

from collections.abc import Callable

from castalia.core.contract import Claim, Milestone, Subject
from castalia.projects.utilities import package_properties as package
from castalia.projects.utilities import tests_properties as tests

CHILDREN = frozenset({"children"})
PYPROJECT = "pyproject.toml"


def _claim(
    id: str, words: str, topics: dict[str, float], at: str, holds: Callable[[Subject], None],
    hints: tuple[str, str, str], budget: float = 20.0,
) -> Claim:  # fmt: skip
    """A claim about the whole folder: there is nothing to generate."""
    return Claim(
        id=id, words=words, topics=topics, at=at, holds=holds, hints=hints, make=lambda random, size: (), cases=1,
        sizes=(1,), budget=budget, needs=CHILDREN,
    )  # fmt: skip


PACKAGE = Milestone(
    "M5",
    "A package that can be installed",
    (
        _claim(
            "wheel_builds", "pyproject.toml builds a wheel of pure Python with the package utilities and nothing else.",
            {"to03": 1.0}, PYPROJECT, package.builds,
            ("Which file says how your folder becomes something that pip can install?",
             "Build it yourself, python -m build --wheel --no-isolation, and list the zip: what is in it, what is not?",
             "[build-system] names the backend; [project] has name, version and requires-python; the backend is told "
             "which folder is the package."),
        ),
        _claim(
            "wheel_typed", "py.typed is in the wheel, and every public function and method is annotated.",
            {"to03": 1.0}, PYPROJECT, package.typed,
            ("How does a type checker know that it may believe the annotations of an installed package?",
             "Look for py.typed in the wheel, not only in your folder; then for a def without ->.",
             "py.typed lies beside __init__.py, and backends that pack only .py files have to be told of it."),
        ),
        _claim(
            "imports_declared", "Installed alone, it imports nothing but the standard library and what it requires.",
            {"to03": 0.7, "py09": 0.3}, PYPROJECT, package.declares,
            ("Would it import on a machine that has none of the libraries that happen to be on yours?",
             "List every import, those inside functions too, and compare with dependencies.",
             "What is always needed goes into dependencies, what one function needs into an extra."),
        ),
        _claim(
            "import_is_quiet", "Importing it prints nothing, writes nothing, connects nowhere and starts nothing.",
            {"to03": 1.0}, PYPROJECT, package.quiet,
            ("What runs when somebody only writes import utilities?",
             "Look at what stands at the left margin and is no def, class or constant.",
             "What has to happen once belongs into a function, called when it is needed."),
        ),
        _claim(
            "version_agrees", "utilities.__version__ is the version of the wheel.",
            {"to03": 1.0}, PYPROJECT, package.agrees,
            ("In how many places does the version stand?",
             "Compare pyproject.toml, the wheel's METADATA and utilities.__version__.",
             "Keep it in one place, and let the other read it."),
        ),
        _claim(
            "doctests_run", "Its docstrings hold at least three examples, and they are true where it is installed.",
            {"py09": 1.0}, PYPROJECT, package.doctests,
            ("Does anybody run the examples in your docstrings?",
             "python -m doctest says which one is not true.",
             "Floats and arrays print differently from one version to the next: round, compare, or turn into a list."),
        ),
    ),
    adapter="repository",
)  # fmt: skip

OWN_TESTS = Milestone(
    "M6",
    "Tests that notice what is wrong",
    (
        _claim(
            "own_tests_pass", "own_tests.py passes on given.py, however the same behaviour is written.",
            {"py09": 1.0}, tests.FILE, tests.passes,
            ("Do your tests ask what given.py does, or how its text looks?",
             "Run them twice, and from an empty folder that holds only given.py and own_tests.py.",
             "Import from given, call, compare; nothing of its names inside, its docstrings or its lines."),
        ),
        _claim(
            "own_tests_kill", "own_tests.py fails on at least 80 % of the wrong versions of given.py.",
            {"py09": 0.5, "to05": 0.5}, tests.FILE, tests.kills,
            ("Which sentence of a docstring could be false without a test of yours failing?",
             "Ties, nothing at all, the ends of a range, a second call, an input that must stay as it was.",
             "One test for each sentence, with numbers that differ between the right reading and the wrong one."),
            budget=60.0,
        ),
        _claim(
            "own_tests_cover", "own_tests.py takes at least 90 % of the branches of given.py.",
            {"to05": 1.0}, tests.FILE, tests.covers,
            ("Which if of given.py is only ever true in your tests?",
             "Count both ways of every condition, and loops that are not entered.",
             "The errors and the empty inputs are most of what is missing."),
        ),
    ),
    adapter="repository",
    handed={"given.py": tests.text()},
)  # fmt: skip
