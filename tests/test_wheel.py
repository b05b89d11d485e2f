"""The wheel: what is in it, and what works where it was installed beside NumPy and pydantic alone."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "castalia"
BESIDE = ("numpy", "pydantic")
MAY_BE_ABSENT = {"sklearn", "lightgbm", "pandas", "polars", "pyarrow", "torch", "scipy", "PIL", "matplotlib", "plotly"}
"""What an example of docs/kit.md may import and this environment does not hold."""


def quietly(*words: object, **options: object) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=55, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr[-3000:] or done.stdout[-3000:]
    return str(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built offline, by the backend that is installed; the face is packed as it lies there."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("needs the build backend: pip install hatchling")
    out = tmp_path_factory.mktemp("wheel")
    words = ("pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    quietly(sys.executable, "-m", *words, "-w", out, ROOT, env={**os.environ, "CASTALIA_SKIP_FACE": "1"})
    (made,) = out.glob("castalia-*-py3-none-any.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def closure(name: str, seen: set[str]) -> Iterator[importlib.metadata.Distribution]:
    """A distribution and what it requires, without extras."""
    plain = re.sub(r"[-_.]+", "-", name).lower()
    if plain in seen:
        return
    seen.add(plain)
    found = importlib.metadata.distribution(plain)
    yield found
    for row in found.requires or []:
        needed = re.split(r"[^\w.-]", row)[0]
        if "extra ==" not in row and importlib.util.find_spec(needed.replace("-", "_")):
            yield from closure(needed, seen)


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh venv that holds the wheel, NumPy, pydantic and what these require: links, no copies.

    ``--system-site-packages`` would show everything that is installed here; so each distribution is linked by name.
    """
    home = tmp_path_factory.mktemp("clean") / "venv"
    quietly(sys.executable, "-m", "venv", "--without-pip", home)
    made = home / "bin" / "python"
    site = Path(quietly(made, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
    seen: set[str] = set()
    for found in (each for name in BESIDE for each in closure(name, seen)):
        tops = {str(file).split("/")[0] for file in found.files or []} - {"..", "__pycache__"}
        for top in tops:
            (site / top).symlink_to(Path(str(found.locate_file(top))).resolve())
    words = ("install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check")
    quietly(sys.executable, "-m", "pip", "--python", made, *words, wheel)
    return made


def run(python: Path, code: str, folder: Path) -> str:
    """A program in the clean environment, from an empty folder."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "CASTALIA_HOME": str(folder / "home")}
    return quietly(python, "-I", "-c", textwrap.dedent(code), cwd=folder, env=env)


def test_what_is_in_it(names: set[str]) -> None:
    parts = [path.relative_to(PACKAGE.parent).as_posix() for path in PACKAGE.rglob("*.py")]
    shipped = {name for name in parts if not re.search(r"(^|/)test_[^/]*$|/web/ui/|node_modules", name)}
    assert shipped <= names, f"missing: {sorted(shipped - names)[:5]}"
    assert "castalia/py.typed" in names
    data = [*PACKAGE.glob("projects/*/*.toml"), *PACKAGE.glob("projects/*/*.md"), *PACKAGE.rglob("proof.json"),
            *PACKAGE.rglob("measured.json"), *PACKAGE.rglob("py.typed"),
            *PACKAGE.glob("roadmap/data/*.toml"), PACKAGE / "check" / "topics.toml"]  # fmt: skip
    assert data and {path.relative_to(PACKAGE.parent).as_posix() for path in data} <= names
    assert {"castalia/check/exercises/basics/contract.py", "castalia/check/exercises/basics/proof.json"} <= names
    assert "castalia/docs/kit.md" in names, "the examples of a library's page"


def test_what_is_not_in_it(names: set[str]) -> None:
    strange = [name for name in names if not name.startswith(("castalia/", "castalia-"))]
    assert not strange, "nothing but the package is installed"
    patterns = (r"/web/ui/", r"node_modules", r"/test_[^/]*\.py$", r"/tests?/", r"__pycache__", r"\.pyc$", r"\.tsx?$")
    found = [name for name in names if any(re.search(pattern, name) for pattern in patterns)]
    assert not found, found[:5]


def test_metrics_import_numpy_alone(python: Path, tmp_path: Path) -> None:
    printed = run(python, """
        import sys
        before = set(sys.modules)
        from castalia.kit import metrics
        assert metrics.roc_auc([0, 1, 1], [0.2, 0.1, 0.9]) == 0.5
        tops = {each.split(".")[0] for each in set(sys.modules) - before}
        print(*sorted(tops - set(sys.stdlib_module_names)))
        print(sys.modules["castalia"].__file__)
    """, tmp_path)  # fmt: skip
    tops, where = printed.splitlines()
    assert {each for each in tops.split() if not each.startswith(("_", "cython"))} == {"castalia", "numpy"}
    assert "site-packages" in where, "it is the installed one"


def test_the_command_says_its_version(python: Path, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "CASTALIA_HOME": str(tmp_path / "home")}
    said = quietly(python.with_name("castalia"), "--version", cwd=tmp_path, env=env)
    version = run(python, "import importlib.metadata as m; print(m.version('castalia'))", tmp_path).strip()
    assert version in said and not (tmp_path / "home").exists()


def test_a_library_is_described_from_the_installed_files(python: Path, tmp_path: Path) -> None:
    printed = run(python, """
        from castalia.runtime.libraries import describe_project
        told = describe_project("utilities")
        print(len(told["modules"]), len(told["examples"]), told["docs"])
    """, tmp_path)  # fmt: skip
    modules, examples, docs = printed.strip().split(maxsplit=2)
    assert int(modules) > 5 and int(examples) > 3 and docs == "['kit.md']"


def test_the_examples_of_the_kit_run(python: Path, tmp_path: Path) -> None:
    """In order and in one namespace, as on the page; an example that needs an extra stops at its import of it."""
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "kit.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "blocks.py").write_text(f"BLOCKS = {blocks!r}\nABSENT = {sorted(MAY_BE_ABSENT)!r}\n")
    printed = run(python, """
        import sys
        sys.path.insert(0, ".")
        from blocks import ABSENT, BLOCKS
        space, ran = {"__name__": "examples"}, 0
        for number, block in enumerate(BLOCKS, 1):
            try:
                exec(compile(block, f"docs/kit.md, block {number}", "exec"), space)
                ran += 1
            except ModuleNotFoundError as error:
                assert error.name.split(".")[0] in ABSENT, error
        print(ran)
    """, tmp_path)  # fmt: skip
    assert int(printed) >= max(3, len(blocks) // 2), f"{printed.strip()} of {len(blocks)} ran"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_type_checker_sees_the_types_of_the_kit(python: Path, tmp_path: Path) -> None:
    """mypy --strict on a file of a user's: right use passes, wrong use is found; without py.typed neither would be."""
    (tmp_path / "mine.py").write_text(textwrap.dedent("""
        from castalia.kit import metrics, stats

        score: float = metrics.roc_auc([0, 1], [0.1, 0.9])
        low: float = stats.wilson(hits=9, n=10).low
        wrong: str = stats.wilson(hits=9, n=10).low
    """))  # fmt: skip
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--python-executable", python,
               "--cache-dir", tmp_path / "cache", "mine.py"]  # fmt: skip
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=230, check=False)
    assert done.stdout.count("error:") == 1, done.stdout + done.stderr
    assert "mine.py:6: error" in done.stdout and '"float"' in done.stdout
