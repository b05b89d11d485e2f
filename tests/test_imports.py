"""The house keeps its shape: who may import whom, what is light, how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "castalia"

ALLOWED: dict[str, dict[str, str]] = {
    "core": {},
    "kit": {"core": "errors and field types"},
    "data": {"core": "columns, errors, settings", "kit": "readers of tables"},
    "jobs": {"core": "errors cross the pipe as ours"},
    "track": {"core": "Run, figures and tables as artifacts", "kit": "Parquet of exported runs"},
    "projects": {
        "core": "the interface they implement",
        "kit": "the library they stand on",
        "data": "the sets they learn from",
        "train": "the training loop",
    },
    "catalog": {"core": "System and Record, to recognise them", "projects": "our shelf, imported by name on use"},
    "check": {
        "core": "contracts, errors, evidence",
        "jobs": "ends the process tree of a runner",
        "catalog": "finds a project's contract",
        "kit": "intervals of a proof",
    },
    "runtime": {
        "core": "everything is written in it",
        "catalog": "from an address to a class",
        "data": "pins the data a fit uses",
        "track": "runs and versions",
        "jobs": "fits and hosts are children",
        "kit": "tests and intervals of a comparison",
    },
    "roadmap": {
        "core": "errors, settings of the cache",
        "catalog": "a project's number and title stand in its card",
        "check": "titles of topics, milestones of contracts, proofs",
        "jobs": "contracts are asked in a child",
    },
    "pytest_plugin": {"check": "claims as tests", "core": "errors as usage errors"},
    "notebook": {"check": "a cell is checked", "core": "errors as usage errors"},
    "web": {
        "core": "errors and settings",
        "catalog": "the list of systems",
        "runtime": "answers",
        "track": "its router",
        "jobs": "its router",
        "data": "its router",
        "check": "its router",
        "roadmap": "its router",
    },
    "cli": {"*": "the shell is the outermost surface"},
    "__main__": {"cli": "python -m castalia"},
    "__init__": {"catalog": "systems()", "runtime": "fit() and load()", "track": "run()", "notebook": "%load_ext"},
}
"""package -> {package it may import: the reason}."""

CEILING = 350
SYSTEM_CEILING = 400
HEAVY = ("torch", "sklearn", "lightgbm", "cv2", "transformers", "pandas", "polars", "scipy", "matplotlib", "plotly")


def modules() -> list[Path]:
    skipped = {"node_modules", "dist", "ui", "template", "__pycache__"}
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not skipped & set(path.relative_to(PACKAGE).parts)]


def owner(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every castalia package a file imports, wherever in the file, with the line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            plain = node.module == "castalia"
            names = [f"castalia.{alias.name}" for alias in node.names] if plain else [node.module]
        for name in names:
            if name.startswith("castalia."):
                yield name.split(".")[1], node.lineno


def test_every_import_is_in_the_table() -> None:
    wrong = []
    for path in modules():
        mine = owner(path)
        assert mine in ALLOWED, f"{path.relative_to(ROOT)}: {mine} has no line in the table of this test"
        for other, line in imported(path):
            if other not in (mine, "__version__") and other not in ALLOWED[mine] and "*" not in ALLOWED[mine]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {other}")
    assert not wrong, "\n".join(wrong)


def test_the_table_is_acyclic_and_gives_reasons() -> None:
    left = {name: {other for other in allowed if other != "*"} for name, allowed in ALLOWED.items()}
    left["train"] = set()
    while left:
        free = [name for name, others in left.items() if not others & set(left)]
        assert free, f"a cycle among {sorted(left)}"
        for name in free:
            del left[name]
    assert all(reason for allowed in ALLOWED.values() for reason in allowed.values())


def test_siblings_never_import_each_other() -> None:
    for path in modules():
        if owner(path) != "projects" or len(path.relative_to(PACKAGE).parts) < 3:
            continue
        own = path.relative_to(PACKAGE).parts[1]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else ""
            parts = (module or "").split(".")
            if parts[:2] == ["castalia", "projects"]:
                assert parts[2] == own, f"{path.relative_to(ROOT)}:{node.lineno} imports a sibling"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_too_long(path: Path) -> None:
    ceiling = SYSTEM_CEILING if owner(path) == "projects" else CEILING
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= ceiling, f"{lines} lines, at most {ceiling}: let a second file grow, named for its content"


def test_no_drawers() -> None:
    assert not [path for path in modules() if path.stem in ("utils", "common", "misc", "helpers")]


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_system_imports_with_the_heavy_libraries_blocked() -> None:
    printed = run_python(f"""
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY!r}:
            raise ImportError(f"blocked: {{name}}")
sys.meta_path.insert(0, Block())
from castalia import catalog
for card in catalog.cards():
    if card.is_system:
        print(catalog.system_class(card.address).__name__)
        catalog.view_module(card)
""")
    assert "Churn" in printed and "NeuralNet" in printed


def test_import_castalia_is_light() -> None:
    loaded = run_python("import sys, castalia; print(*sorted(m.split('.')[0] for m in sys.modules))").split()
    assert not {"numpy", "pydantic", "fastapi", "sqlalchemy", "rich"} & set(loaded)


def test_torchvision_is_nowhere() -> None:
    for path in [*modules(), ROOT / "pyproject.toml", ROOT / "constraints.txt"]:
        text = path.read_text("utf-8")
        assert "import torchvision" not in text and "torchvision==" not in text, path


def test_a_lazy_name_is_never_hidden_by_a_module_of_the_same_name() -> None:
    """Importing ``castalia.x.y`` binds ``y`` on the package; a public function called ``y`` would be gone."""
    import importlib

    for name in (
        "castalia",
        "castalia.data",
        "castalia.kit.metrics",
        "castalia.kit.optim",
        "castalia.kit.stats",
        "castalia.kit.tabular",
        "castalia.kit.text",
        "castalia.kit.images",
        "castalia.kit.training",
        "castalia.kit.plots",
        "castalia.jobs",
        "castalia.track",
        "castalia.runtime",
    ):
        package = importlib.import_module(name)
        modules_of = {path.stem for path in Path(str(package.__file__)).parent.iterdir()}
        public = {each for each in package.__all__ if not isinstance(getattr(package, each), ModuleType)}
        assert not modules_of & public, f"{name}: rename the module or the function"


KIT = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((PACKAGE / "kit").rglob("*.py"))
]


RECORDS = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}


def test_the_kit_imports_numpy_alone() -> None:
    """Whichever part of it: no module is loaded that comes with neither Python, NumPy nor Castalia.

    Steps of ``tabular`` and figures are Records, whose fields pydantic checks: it is a requirement of Castalia's own.
    Each module is imported by a child of its own, forked where its package is loaded, which it would load first.
    """
    printed = run_python(f"""
import importlib, os, sys
import numpy

def visit(name):
    child = os.fork()
    if child == 0:
        importlib.import_module(name)
        tops = {{each.split(".")[0] for each in set(sys.modules) - before}}
        print(name, *sorted(tops - set(sys.stdlib_module_names) - {{"castalia", "numpy"}}), flush=True)
        if name in ("castalia.kit.tabular", "castalia.kit.plots"):
            import pydantic  # which the modules inside may load
        for each in {KIT}:
            if each.rpartition(".")[0] == name:
                visit(each)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, name

before = set(sys.modules)
visit("castalia.kit")
""")
    lines = [line.split() for line in printed.splitlines()]
    assert sorted(name for name, *_ in lines) == sorted(KIT)
    for name, *tops in lines:
        allowed = RECORDS if name.startswith(("castalia.kit.tabular", "castalia.kit.plots")) else set()
        strange = {each for each in tops if not each.startswith(("_", "cython"))} - allowed
        assert not strange, f"{name} loads {sorted(strange)}: import it inside the function that uses it"
