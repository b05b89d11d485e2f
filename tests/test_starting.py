"""``castalia new NAME --learn``: stubs milestone by milestone, and no line of the learner's is changed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from learner_fixtures import solve
from subject_toys import shelf as toys

from castalia import catalog
from castalia.check import contracts, desk, starting
from castalia.cli import main
from castalia.core.contract import Contract
from castalia.core.errors import Conflict, NotFound
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

SHELL_PAGE = (Path(__file__).parent.parent / "docs" / "shell.md").read_text("utf-8")
Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shell(here: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    def run(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


def test_a_repository_is_begun_with_a_text_and_no_stubs(
    shell: Shell, here: Path, tmp_path: Path, settings: Settings
) -> None:
    name = f"{catalog.trust(toys(tmp_path / 'own', 'tally'), settings)}/tally"
    code, out, _ = shell("new", name, "--learn")
    assert code == 0 and "yours/tally/TASK.md is written." in out and f"castalia check {name}" in out
    (path,) = (here / "yours" / "tally").iterdir()
    assert path.name == "TASK.md" and "M1 asks for `README.md`, `tally.py`." in path.read_text("utf-8")
    assert "stubs" not in path.read_text("utf-8")
    code, out, _ = shell("check", name)
    assert code == 1 and "README.md" in out, "not attempted, in the folder that was made"
    code, out, _ = shell("new", name, "--learn")
    assert code == 0 and "stays as it is" in out and len(list((here / "yours" / "tally").iterdir())) == 1


def test_a_program_is_gone_on_with_where_it_lies(shell: Shell, here: Path, tmp_path: Path, settings: Settings) -> None:
    name = f"{catalog.trust(toys(tmp_path / 'own', 'wordcount'), settings)}/wordcount"
    code, _, err = shell("check", name)
    assert code == 2 and f"castalia new {name} --learn" in err
    (here / "wordcount").mkdir()
    main_file = here / "wordcount" / "__main__.py"
    main_file.write_text(contracts.find(name).interface)
    code, out, _ = shell("new", name, "--learn")
    assert code == 0 and "wordcount/__main__.py stays as it is" in out and not (here / "yours").exists()


def test_from_stubs_to_green_by_what_the_screen_says(shell: Shell, here: Path, settings: Settings) -> None:
    code, out, _ = shell("new", "basics", "--learn")
    path = here / "yours" / "basics" / "basics.py"
    assert code == 0 and "yours/basics/basics.py is written" in out and "castalia check basics" in out
    assert sorted(each.name for each in path.parent.iterdir()) == ["README.md", "basics.py"]
    parts = (("standardize", "one_hot"), ("accuracy", "log_loss"), ("cosine_similarity",), ("RunningMean",))
    for number, names in enumerate(parts, start=1):
        code, out, _ = shell("check", "basics")
        assert code == 1 and f"Next: Write {names[0]}" in out and "is still the stub" in out
        solve(path, *names)
        code, out, _ = shell("check", "basics")
        if number < len(parts):
            assert code == 1 and f"Milestone M{number} of basics holds" in out
            told = re.search(r"Next: (castalia .+?)   ", out)
            assert told and told[1] == "castalia new basics --learn"
            before = path.read_text()
            code, out, _ = shell(*told[1].split()[1:])
            assert code == 0 and f"the stubs of M{number + 1} now" in out
            assert path.read_text().startswith(before)
    assert code == 0 and "Every core claim about basics holds" in out
    assert shell("check", "basics", "--all")[0] == 0
    code, out, _ = shell("new", "basics", "--learn")
    assert code == 0 and "stays as it is" in out
    started = [each.milestone for each in Evidence(settings.home).events("basics") if each.kind == "started"]
    assert started == ["M1", "M2", "M3", "M4"]


def test_the_readme_says_every_claim_in_words(here: Path) -> None:
    begun = starting.begin("basics")
    text = (begun.file.parent / "README.md").read_text()
    for milestone in contracts.find("basics").milestones:
        assert f"## {milestone.id}: {milestone.title}" in text
        assert all(f"- {claim.words} (`{claim.id}`;" in text for claim in milestone.claims)
    assert "castalia check basics --watch" in text


def test_stubs_are_typed_and_clean(here: Path) -> None:
    path = starting.begin("basics", milestone="M4").file
    assert {"standardize", "accuracy", "RunningMean"} <= set(
        re.findall(r"^(?:def|class) (\w+)", path.read_text(), re.M)
    )
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", path], capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stdout
    assert desk.check("basics").report.outcome == "not_attempted"


def test_nothing_is_overwritten_and_nothing_comes_too_early(shell: Shell, here: Path) -> None:
    path = starting.begin("basics").file
    (path.parent / "README.md").write_text("my notes")
    before = path.read_bytes()
    code, out, _ = shell("new", "basics", "--learn")
    assert code == 0 and "M1 comes before M2" in out and path.read_bytes() == before
    assert (path.parent / "README.md").read_text() == "my notes"
    assert starting.begin("basics", milestone="M1").why_not == "The stubs of M1 are in it."
    begun = starting.begin("basics", milestone="M3")
    assert begun.added == ("accuracy", "log_loss", "cosine_similarity")
    assert path.read_bytes().startswith(before)


def test_only_what_is_missing_is_appended(here: Path) -> None:
    mine = b"from elsewhere import accuracy\r\nlog_loss = print\r\n\r\n"
    mine += b"class RunningMean:\r\n    count = 0\r\n    def mean(self): pass"
    path = here / "basics.py"
    path.write_bytes(mine)
    begun = starting.begin("basics", milestone="M4")
    assert begun.file == path and path.read_bytes().startswith(mine)
    assert begun.added == (
        "standardize", "one_hot", "cosine_similarity", "RunningMean.update", "RunningMean.variance",
    )  # fmt: skip
    text = path.read_bytes()
    assert b"\r\n" in text and text.replace(b"\r\n", b"").count(b"\n") == 0
    compile(text, "basics.py", "exec")
    told = path.read_text()
    assert "# Class RunningMean gets these methods too" in told and "#     def variance(self)" in told
    assert told.count("def accuracy") == 0 and told.count("class RunningMean") == 1


@pytest.mark.parametrize("content", ["import os\n", "def standardize(:\n", "\0"])
def test_a_file_that_is_something_else_is_left_alone(here: Path, content: str) -> None:
    (here / "basics.py").write_text(content)
    with pytest.raises(Conflict):
        starting.begin("basics")
    assert (here / "basics.py").read_text() == content and not (here / "yours").exists()


def test_softmax_begins_with_its_mistake(here: Path) -> None:
    begun = starting.begin("softmax")
    assert begun.file.read_text() == contracts.starting_text("softmax")
    assert desk.check("softmax").report.outcome == "fail"


# --- a project, and its last milestone -----------------------------------------------------------

CONTRACT = '''
from castalia.core.contract import Claim, Contract, Milestone

INTERFACE = """from __future__ import annotations


# --- M1 ---
def twice(x: float) -> float:
    raise NotImplementedError


# --- M2 ---
from castalia.core.system import Field, Record, System


class Params(Record):
    pass


class Input(Record):
    x: float = Field(examples=[1.0], description="A number.")


class Output(Record):
    y: float = Field(description="Twice the number.")


class Double(System[Params, Input, Output]):
    "Doubles a number."

    QUICK = Params()

    def __call__(self, x: Input) -> Output:
        raise NotImplementedError
"""


def claim(id):
    return Claim(id=id, words="twice(x) is twice x.", topics={"py01": 1.0}, function="twice", hints=("a", "b", "c"),
                 make=lambda random, size: (float(size),), oracle=lambda x: 2 * x)


CONTRACT = Contract("double", INTERFACE, (Milestone("M1", "A function", (claim("doubles"),)),
                                          Milestone("M2", "A system", (claim("answers"),))))
'''


@pytest.fixture
def shelf(settings: Settings, tmp_path: Path) -> Contract:
    folder = tmp_path / "school" / "double"
    folder.mkdir(parents=True)
    (folder / "contract.py").write_text(CONTRACT)
    (folder / "card.toml").write_text('skill = "Python"\ntitle = "Double"\nsummary = "Twice."\n')
    catalog.trust(folder.parent, settings, "school")
    return contracts.find("school/double", settings)


def test_the_milestone_of_the_system_brings_a_card(
    shell: Shell, shelf: Contract, here: Path, settings: Settings
) -> None:
    code, out, _ = shell("new", "school/double", "--learn", "--json")
    told = json.loads(out)
    place = here / "yours" / "double"
    assert code == 0 and told["file"] == str(place / "double.py") and told["added"] == ["twice"]
    assert "card.toml" not in [each.name for each in place.iterdir()]
    code, out, _ = shell("new", "school/double", "--learn", "--milestone", "M2")
    assert code == 0 and "castalia shelf trust yours" in out
    assert tomllib.loads((place / "card.toml").read_text())["title"] == "Double, mine"
    assert catalog.trust(here / "yours", settings) == "yours"
    assert "yours/double" in [card.address for card in catalog.cards(settings)]
    assert catalog.system_class("yours/double", settings).__name__ == "Double"


def test_a_shape_is_documented(shell: Shell) -> None:
    found = re.search(r"^### castalia new NAME --learn\n.*?```json\n(.*?)```", SHELL_PAGE, re.S | re.M)
    assert found
    sample: dict[str, Any] = json.loads(found[1])
    assert list(sample) == list(json.loads(shell("new", "basics", "--learn", "--json")[1]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("churn", "--learn"), "no check yet"),
        (("bascis", "--learn"), "Did you mean 'basics'?"),
        (("basics", "--learn", "--milestone", "M9"), "one of M1, M2, M3, M4"),
        (("basics", "--milestone", "M2"), "castalia new basics --learn --milestone M2"),
        (("basics", "--learn", "--title", "Mine"), "Leave out --title"),
    ],
)
def test_wrong_usage_is_two(shell: Shell, here: Path, words: tuple[str, ...], said: str) -> None:
    code, out, err = shell("new", *words)
    assert code == 2 and out == "" and said in err and list(here.iterdir()) == []


def test_a_contract_must_be_known(here: Path) -> None:
    with pytest.raises(NotFound):
        starting.begin("nothing_of_the_kind")


@pytest.mark.slow
def test_milestones_of_files_are_told_and_the_one_that_is_due_is_named(
    shell: Shell, here: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have no stubs: what they ask for reached the learner with the stubs of a later milestone, if at all."""
    held: list[str] = []
    monkeypatch.setattr(starting, "_held", lambda *given: held)
    path = starting.begin("utilities", milestone="M4").file
    grown = path.read_text()
    assert "py.typed" not in grown and "own_tests.py" not in grown
    code, out, _ = shell("new", "utilities", "--learn")
    assert code == 0 and "M1 comes before M5" in out and path.read_text() == grown
    held += ["M1", "M2", "M3", "M4"]
    code, out, _ = shell("new", "utilities", "--learn")
    assert code == 0 and "says what M5 asks for now" in out
    text = path.read_text()
    assert text.startswith(grown) and "# --- M5: A package" in text and "# --- M6" not in text
    code, out, _ = shell("new", "utilities", "--learn")
    assert code == 0 and "M5 comes before M6" in out and path.read_text() == text
    path.write_text(grown)
    held += ["M5"]  # done without the text
    code, out, _ = shell("new", "utilities", "--learn")
    assert code == 0 and "says what M6 asks for now" in out and "py.typed" not in path.read_text()
    held.remove("M5")
    code, out, _ = shell("new", "utilities", "--learn", "--milestone", "M6")
    assert "says what M5 asks for now" in out
    code, out, _ = shell("new", "utilities", "--learn")
    assert "M5 comes before M7" in out and "class" not in path.read_text().removeprefix(grown)
    ast.parse(path.read_text())


def test_a_file_that_is_missing_was_never_a_stub(here: Path, settings: Settings) -> None:
    path = starting.begin("utilities", milestone="M4").file
    found = desk.check("utilities", milestone="M5").report.claims[0]
    assert (found.outcome, found.why) == ("not_attempted", "pyproject.toml is not in utilities yet")
    (path.parent / "own_tests.py").write_text("\n")
    found = desk.check("utilities", milestone="M6").report.claims[0]
    assert (found.outcome, found.why) == ("not_attempted", "own_tests.py holds nothing")
    assert desk.check("utilities").report.claims[0].why == "write_csv is still the stub"
