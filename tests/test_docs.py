"""The docs tell the truth: their examples run, their links lead somewhere, their tables are drawn, nothing is left out.

In ``README.md`` and ``docs/`` every ``python`` block runs, in the order of the page, and every ``console``
block: its ``$`` lines are typed and what they print is compared with what stands below, if anything does.
There ``...`` stands for anything, and numbers with a point agree to five per cent. A block with an ellipsis in
a command, or with a `castalia up`, is an illustration and is not run. A comment before a block says what is special:

    <!-- file: path -->      the block is the content of this file, and is not run
    <!-- needs: telco -->    the block runs where this data set is at hand
    <!-- slow -->            the block runs in `make check`
"""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from child_pytest import BARE

from castalia import catalog, data
from castalia.cli.commands import COMMANDS
from castalia.core.errors import CastaliaError
from castalia.core.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "castalia"
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LESSONS = sorted([*(PACKAGE / "projects").glob("*/README.md"), *(PACKAGE / "projects").glob("*/lesson/*.md")])
EVERYTHING = [*PAGES, *LESSONS, ROOT / "benchmarks" / "README.md"]

FENCE = re.compile(r"((?:^<!-- [^\n]* -->\n)*)^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HYPE = (
    "amazing", "awesome", "blazing", "cutting-edge", "delightful", "effortless", "game-chang", "groundbreaking",
    "incredible", "leverag", "lightning", "magical", "next-generation", "powerful", "revolution", "robust", "seamless",
    "state-of-the-art", "stunning", "supercharge", "unleash", "unlock", "unparalleled", "world-class",
)  # fmt: skip


def names(paths: list[Path]) -> list[Any]:
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


# --- examples ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    line: int
    file: str = ""
    needs: str = ""
    slow: bool = False


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text("utf-8")
    for found in FENCE.finditer(text):
        notes = dict(re.findall(r"<!-- (\w+)(?:: ([^\n]*?))? -->", found.group(1)))
        line = text.count("\n", 0, found.start(3)) + 1
        yield Block(
            found.group(2), found.group(3), line, notes.get("file", ""), notes.get("needs", ""), "slow" in notes
        )


class Page:
    """Somebody who reads a page from top to bottom and types what it says, in a folder and a home of her own."""

    def __init__(self, path: Path, folder: Path, home: Path) -> None:
        self.path, self.folder = path, folder
        self.names: dict[str, Any] = {"__name__": "example"}
        self.left_out: list[str] = []
        self.environment = {
            **os.environ,
            "CASTALIA_HOME": str(home),
            "CASTALIA_OFFLINE": "1",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "NO_COLOR": "1",
            "COLUMNS": "100",
            "PYTEST_ADDOPTS": " ".join(BARE),
        }
        self._workbench: subprocess.Popen[str] | None = None
        self._address = ""

    def follow(self, slow: bool) -> None:
        """Do what every block says; AssertionError with page and line where it does not hold."""
        try:
            for block in blocks(self.path):
                if block.slow and not slow:
                    continue
                elif block.needs and not at_hand(block.needs):
                    self.left_out.append(f"line {block.line}: {block.needs} is not on this machine")
                elif block.file:
                    target = self.folder / block.file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(block.text, "utf-8")
                elif block.language == "python":
                    self.run_python(block)
                elif block.language == "console":
                    self.type(block)
        finally:
            self.close()

    def run_python(self, block: Block) -> None:
        # Empty lines above, so that a traceback names the page's own line.
        code = compile("\n" * (block.line - 1) + block.text, str(self.path), "exec", dont_inherit=True)
        exec(code, self.names)

    def type(self, block: Block) -> None:
        """Type the ``$`` lines of a block into one shell and compare what each prints on standard output."""
        typed = self.commands(block)
        if any("…" in command or "castalia up" in command for command, _ in typed):
            return
        missing = [word for word in ("curl", "git") if not shutil.which(word) and any(word in c for c, _ in typed)]
        if missing:
            self.left_out.append(f"line {block.line}: no {missing[0]} on this machine")
            return
        script = "".join(f"{command} || exit 9\nprintf '\\f'\n" for command, _ in typed)
        if "127.0.0.1:8000" in script:
            script = script.replace("127.0.0.1:8000", self.workbench())
        limit = 300 if block.slow else 55  # a slow one trains; on a machine with other work it takes minutes
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=limit
        )
        printed = done.stdout.split("\f")
        place = f"{self.path.relative_to(ROOT)}, the block at line {block.line}"
        assert done.returncode == 0, (
            f"{place}: {typed[len(printed) - 1][0]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        for (command, wanted), got in zip(typed, printed, strict=False):
            fits = agrees(wanted, got) if wanted.strip() else True
            assert fits, f"{place}: {command}\nwanted:\n{wanted}\ngot:\n{got}{done.stderr[-1000:]}"

    @staticmethod
    def commands(block: Block) -> list[tuple[str, str]]:
        """(command, what it should print); a line that ends in a backslash goes on."""
        assert block.text.startswith("$ "), f"line {block.line}: a console block begins with a command"
        parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
        found = []
        for part in parts:
            command = re.match(r"(?:[^\n]*\\\n)*[^\n]*", part)
            assert command
            found.append((command.group(), part[command.end() :]))
        return found

    def workbench(self) -> str:
        """Host and port of a workbench on the page's own home, started when first asked for."""
        if self._workbench is None:
            command = [BIN / "castalia", "up", "--port", "0", "--no-browser"]
            self._workbench = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
            )
            assert self._workbench.stdout is not None
            found = re.search(r"http://([\d.]+:\d+)", self._workbench.stdout.readline())
            assert found, "castalia up did not say where it is"
            self._address = found.group(1)
        return self._address

    def close(self) -> None:
        if self._workbench is not None:
            self._workbench.send_signal(signal.SIGTERM)
            self._workbench.communicate(timeout=20)


def at_hand(name: str) -> bool:
    """Whether a data set is here without a connection."""
    try:
        data.open(name)
    except CastaliaError:
        return False
    return True


NUMBER = r"-?\d+\.\d+(?:e-?\d+)?"


def words(piece: str) -> list[str]:
    """A piece cut wherever white space may stand in what was printed."""
    return [piece] if piece == "..." or re.fullmatch(NUMBER, piece) else re.findall(r"\w+|[^\w\s]", piece)


def agrees(wanted: str, got: str) -> bool:
    """White space does not count, ``...`` is anything, numbers with a point agree to five per cent or 0.02."""
    pieces = re.split(rf"(\.\.\.|(?<![\w.]){NUMBER}(?![\w.]))", wanted)
    patterns = {"...": ".*?"} | {piece: f"({NUMBER})" for piece in pieces if re.fullmatch(NUMBER, piece)}
    pattern = r"\s*".join(patterns.get(word) or re.escape(word) for piece in pieces for word in words(piece))
    found = re.fullmatch(rf"\s*{pattern}\s*", got, re.DOTALL)
    numbers = [float(piece) for piece in pieces if re.fullmatch(NUMBER, piece)]
    return bool(found) and all(
        abs(a - float(b)) <= max(0.02, 0.05 * abs(a)) for a, b in zip(numbers, found.groups(), strict=True)
    )


def test_the_comparison_of_outputs_can_fail() -> None:
    assert agrees("churn@1\nrisk  0.59\n...\n", "churn@1\nrisk      0.6\nmore of it\n")
    assert not agrees("risk 0.59", "risk 0.71")
    assert not agrees("churn@1 ...", "churn@2 and more")
    assert not agrees("label 3", "label 8")


@pytest.fixture
def page(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """A page with its folder: our checkout's files where it is about adding to them, else an empty one."""
    path, folder, home = request.param, tmp_path / "here", tmp_path / "home"
    folder.mkdir()
    made = Page(path, folder, home)
    monkeypatch.setenv("CASTALIA_HOME", str(home))
    monkeypatch.setenv("CASTALIA_OFFLINE", "1")
    monkeypatch.chdir(folder)
    if path.name == "add-a-project.md":
        copy_checkout(folder)
        made.environment["PYTHONPATH"] = str(folder / "src")
    if path.name == "jobs.md":
        monkeypatch.syspath_prepend(folder)
        prepare_jobs(made)
    return made


def copy_checkout(folder: Path) -> None:
    """What a checkout holds for somebody who adds a project, committed, so that git can say what is new."""
    skipped = shutil.ignore_patterns("ui", "dist", "__pycache__", "recommender")
    shutil.copytree(PACKAGE, folder / "src" / "castalia", ignore=skipped)
    for name in ("pyproject.toml", ".gitignore", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "tests").mkdir()
    for name in ("conftest.py", "test_every_project.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    shutil.copytree(ROOT / "tests" / "toy_shelf", folder / "tests" / "toy_shelf", ignore=skipped)
    if shutil.which("git"):
        who = ["-c", "user.name=docs", "-c", "user.email=docs@example.org"]
        for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "--no-verify", "-m", "as it was"]):
            subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def prepare_jobs(page: Page) -> None:
    """docs/jobs.md shows the child's side as a block of its own: here it becomes the module it names."""
    import numpy as np

    child = next(block.text for block in blocks(page.path) if "# my/work.py" in block.text)
    opener = "\n\ndef open(model):\n    return lambda op, payload: iter([1, 2]) if op == 'tell' else payload\n"
    (page.folder / "my").mkdir()
    (page.folder / "my" / "work.py").write_text(child + opener, "utf-8")
    page.names |= {"home": page.folder / "home", "array": np.zeros(2)}


def with_examples() -> list[Any]:
    """Each page with something to run; a page is one test, and pages run beside each other."""
    run = [path for path in PAGES if any(block.language in ("python", "console") for block in blocks(path))]
    return names(run)


def follow(page: Page, slow: bool) -> None:
    page.follow(slow)
    if page.left_out:
        pytest.skip(f"all examples hold but these, which were not run: {'; '.join(page.left_out)}")


@pytest.mark.timeout(150)
@pytest.mark.parametrize("page", with_examples(), indirect=True)
def test_examples_run(page: Page) -> None:
    follow(page, slow=False)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", names([p for p in PAGES if any(b.slow for b in blocks(p))]), indirect=True)
def test_slow_examples_run(page: Page) -> None:
    follow(page, slow=True)


@pytest.mark.parametrize("path", names(EVERYTHING))
def test_python_in_every_page_is_python(path: Path) -> None:
    for block in blocks(path):
        if block.language == "python":
            ast.parse(block.text, f"{path.name}, line {block.line}")


def spine_modules() -> list[str]:
    skipped = {"ui", "dist", "template", "versions", "__pycache__"}
    found = [path for path in sorted(PACKAGE.rglob("*.py")) if not skipped & set(path.relative_to(PACKAGE).parts)]
    inside = [path for path in found if "projects" not in path.relative_to(PACKAGE).parts[0]]
    # Alembic's environment runs a migration when it is imported.
    wanted = [path for path in inside if path.name != "env.py"]
    return [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for path in wanted
    ]


def test_doctests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    attempted, failed = 0, []
    for name in spine_modules():
        result = doctest.testmod(importlib.import_module(name))
        attempted += result.attempted
        if result.failed:
            failed.append(name)
    assert not failed, "see what was printed above"
    assert attempted > 8


# --- nothing is left out -----------------------------------------------------------------------


def shell_page() -> str:
    return (ROOT / "docs" / "shell.md").read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_explained(command: Any) -> None:
    text = shell_page()
    row = re.search(rf"^\| `{command.name}\b[^|]*\| (.+) \|$", text, re.MULTILINE)
    assert row, f"docs/shell.md has no line for castalia {command.name}"
    module, _, attribute = command.path.partition(":")
    app = getattr(importlib.import_module(module), attribute)
    words = [] if callable(app) and not hasattr(app, "default_command") else [w for w in app if not w.startswith("-")]
    for word in words:
        assert re.search(rf"`(castalia {command.name} )?{word}\b", text), (
            f"castalia {command.name} {word} is not explained"
        )


def test_every_command_in_the_docs_exists() -> None:
    known = {command.name for command in COMMANDS} | {"COMMAND"}
    for path in EVERYTHING:
        text = path.read_text("utf-8")
        typed = re.findall(r"(?:^\$ |`|^    )castalia ([a-z_]+)", text, re.MULTILINE)
        assert set(typed) <= known, f"{path.relative_to(ROOT)}: no command {sorted(set(typed) - known)}"


def test_every_variable_is_explained() -> None:
    settings = (PACKAGE / "core" / "settings.py").read_text("utf-8")
    read = set(re.findall(r"env\.get\(\"(\w+)\"", settings))
    assert len(read) >= 5
    house = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert {name for name in read if f"`{name}`" not in house} == set()
    for path in EVERYTHING:
        named = set(re.findall(r"\bCASTALIA_[A-Z]+\b", path.read_text("utf-8")))
        assert named <= read, f"{path.relative_to(ROOT)} names {sorted(named - read)}, which nothing reads"


def test_every_package_has_a_page_and_tests() -> None:
    packages = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    packages -= {"__init__", "__main__", "__pycache__", "_version"}
    house = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| \[[^\]]+\]\(([^)]+)\) \|$", house, re.MULTILINE))
    assert rows.keys() == packages, "the table of packages in docs/architecture.md"
    tests = "\n".join(path.name for path in (ROOT / "tests").glob("test_*.py"))
    by_another_name = {"projects": "test_every_project.py"}
    for package in packages:
        assert by_another_name.get(package, f"test_{package}") in tests, f"no tests/test_{package}*.py"


def test_the_import_table_is_the_one_that_is_enforced() -> None:
    enforced = from_file(ROOT / "tests" / "test_imports.py").ALLOWED
    house = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = house.split("## Who may import whom")[1].split("\n## ")[0]
    for package, allowed in enforced.items():
        if not any(path.stem == package for path in PACKAGE.iterdir()) or package.startswith("__"):
            continue
        row = re.search(rf"^\| `{package}` \| ([^|]*) \|", section, re.MULTILINE)
        assert row, f"no line for {package}"
        said = set(re.findall(r"`(\w+)`", row.group(1)))
        assert said == set(allowed) - {"*"}, f"the line of {package}"
        assert ("everything" in row.group(1)) == ("*" in allowed)


def test_every_project_has_a_card_a_lesson_and_a_line_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    known = {card.name: card for card in catalog.cards(Settings(home=Path("nowhere")))}
    folders = {path.name for path in (PACKAGE / "projects").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == known.keys()
    for name, card in known.items():
        lesson = card.lesson()
        assert lesson.startswith("# ") and len(lesson.split()) > 150, f"{name}/README.md is the lesson"
        assert f"[`{name}`](src/castalia/projects/{name})" in readme, f"{name} is not in README.md"


TABLES = "benchmarks/tables.py"


@pytest.mark.parametrize("page", [page.relative_to(ROOT).as_posix() for page in EVERYTHING])
def test_the_tables_of_a_page_are_the_generated_ones(page: str) -> None:
    tables, text = from_file(ROOT / TABLES), (ROOT / page).read_text("utf-8")
    if page in tables.TABLES:
        assert text == tables.filled(text, page), f"run python {TABLES}"
    assert sorted(re.findall(r"^<!-- table: (\w+) -->$", text, re.MULTILINE)) == sorted(tables.TABLES.get(page, {}))


def from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# --- links, words, paths -----------------------------------------------------------------------


def prose(path: Path) -> str:
    """The text of a page without its code."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", path.read_text("utf-8")))


def anchors(path: Path) -> set[str]:
    """The ids that a page's headings get on the usual hosts."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", names(EVERYTHING))
def test_links_lead_somewhere(path: Path) -> None:
    text = FENCE.sub("", path.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        leads_to = (path.parent / name).resolve() if name else path
        assert leads_to.exists(), f"{target} leads nowhere"
        assert leads_to.is_relative_to(ROOT), f"{target} leads out of the checkout"
        if anchor:
            assert anchor in anchors(leads_to), f"{target}: no such heading"
    # What is named as a file in code exists as well.
    for named in re.findall(r"`((?:src|docs|tests|benchmarks)/[\w./-]+\.(?:py|md|toml|json))`", text):
        made = path.name == "add-a-project.md" or "recommender" in named
        assert made or (ROOT / named).exists(), f"{named} is not there"


@pytest.mark.parametrize("path", names(EVERYTHING))
def test_no_path_of_a_machine(path: Path) -> None:
    text = path.read_text("utf-8").replace("/home/me/", "~/")
    found = re.search(r"(?<![\w.}>])/(?:home|root|work|tmp|Users|mnt|var|opt)/[^\s`]*|[A-Z]:\\\w+", text)
    assert not found, f"{found.group()} is a path of one machine" if found else ""


@pytest.mark.parametrize("path", names(EVERYTHING))
def test_plain_words(path: Path) -> None:
    text = prose(path).lower()
    assert [word for word in HYPE if word in text] == []
    assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", text), "no emoji"
    assert not re.search(r"\btodo\b|\bfixme\b|\btbd\b|lorem ipsum", text)


def test_decisions_are_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path for path in folder.glob("[0-9]*.md"))
    listed = (folder / "README.md").read_text("utf-8")
    for number, path in enumerate(pages, 1):
        assert path.name.startswith(f"{number:04}-"), f"{path.name} should be number {number:04}"
        text = path.read_text("utf-8")
        assert text.startswith(f"# {number:04}: ") and "**Decided.**" in text and "**Why.**" in text, path.name
        assert f"]({path.name})" in listed, f"{path.name} is not in docs/decisions/README.md"
