"""The cell magic: a cell becomes a file, the file is checked, the report is shown. In IPython where it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from learner_fixtures import PREAMBLE
from subject_toys import CARD, shelf

import castalia
from castalia import catalog, notebook
from castalia.check import contracts, served, starting
from castalia.core.errors import Conflict, Unavailable, WrongInput
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

RIGHT = contracts.reference("softmax").read_text("utf-8")
WRONG = contracts.starting_text("softmax")


@pytest.fixture
def here(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


class Read(HTMLParser):
    """What a person sees of HTML, and that its tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


# --- without IPython -----------------------------------------------------------------------------


def test_a_cell_becomes_a_file_whose_lines_are_those_of_the_cell(here: Path, settings: Settings) -> None:
    shown = notebook.cell("softmax --seed 3", "def softmax(x):\n    return x / nothing\n")
    assert (here / "softmax.py").read_text().splitlines()[1] == "def softmax(x):"
    assert shown.found.report.outcome == "learner_error" and "softmax.py:3" in repr(shown)
    assert [each.kind for each in Evidence(settings.home).events("softmax")] == ["check"]
    assert notebook.cell("softmax", RIGHT).found.report.passed


def test_no_cell_is_a_repository(here: Path, tmp_path: Path, settings: Settings) -> None:
    name = f"{catalog.trust(shelf(tmp_path / 'own', 'tally'), settings)}/tally"
    with pytest.raises(Unavailable, match="a cell is one file"):
        notebook.cell(name, "x = 1\n")
    assert not list(here.iterdir())


def test_text_and_html_say_the_same(here: Path) -> None:
    shown = notebook.cell("softmax --seed 3", WRONG)
    told, seen = repr(shown), " ".join(Read(shown._repr_html_()).seen)
    for words in (
        "large_numbers",
        "nan",
        "0.5",
        "ma10",
        "softmax(np.array([[1000.0, 1000.0]]))",
        "sums_to_one, right_numbers",
        "Next:",
    ):
        assert words in told and words in seen, words
    green = notebook.cell("softmax --all", RIGHT)
    for words in (repr(green), " ".join(Read(green._repr_html_()).seen)):
        assert "M1 passed" in words and "Every claim about softmax holds" in words


def test_what_the_code_says_is_text_and_no_html(here: Path) -> None:
    evil = (
        "print('<script>alert(1)</script>\\x1b[2J')\ndef softmax(x):\n    raise ValueError('<img src=x onerror=y>')\n"
    )
    page = notebook.cell("softmax", evil)._repr_html_()
    assert "<script" not in page and "<img" not in page and "\x1b" not in page
    assert "&lt;img src=x" in page and Read(page).tags == {"div", "b", "table", "tr", "th", "td"}
    assert not re.search(r"color\s*:", page)  # readable on a light and on a dark page


def test_nobodys_work_is_overwritten(here: Path) -> None:
    (here / "softmax.py").write_text(WRONG)
    with pytest.raises(Conflict):
        notebook.cell("softmax", RIGHT)
    assert (here / "softmax.py").read_text() == WRONG
    (here / "cells").mkdir()
    assert notebook.cell("softmax --at cells", RIGHT).found.file == here / "cells" / "softmax.py"
    assert notebook.cell("softmax --at 'other file.py'", RIGHT).found.report.passed


def test_the_next_milestone_comes_as_stubs_for_the_cell(here: Path) -> None:
    first = starting.part(contracts.find("basics"), "M1").replace("import numpy as np\n", PREAMBLE)
    (here / "draft.py").write_text(first)
    from learner_fixtures import solve

    solve(here / "draft.py", "standardize", "one_hot")
    shown = notebook.cell("basics", (here / "draft.py").read_text())
    for words in (repr(shown), " ".join(Read(shown._repr_html_()).seen)):
        assert "Milestone M1 of basics holds" in words and "def accuracy(predicted" in words
        assert "def cosine" not in words and "castalia new" not in words


FOLDERS = """
from castalia.core.contract import Claim, Contract, Milestone, true


def claim(id, at, name="", needs=()):
    def holds(subject):
        true(subject.call(name) == name if name else subject.call("files"), "it is there", "", "")

    return Claim(id=id, words="What is asked is there.", topics={"py02": 1.0}, at=at, holds=holds, cases=1, sizes=(1,),
                 hints=("a", "b", "c"), make=lambda random, size: (), needs=frozenset(needs))


CONTRACT = Contract("twofold", '# --- M1 ---\\ndef one(): ...\\n\\n\\n# --- M3 ---\\ndef three(): ...\\n', (
    Milestone("M1", "One", (claim("first_there", "one", "one"),)),
    Milestone("M2", "A folder", (claim("folder_there", "a.txt", needs=["children"]),), adapter="repository"),
    Milestone("M3", "Three", (claim("third_there", "three", "three"),)),
))
"""


def test_a_cell_goes_on_past_a_milestone_that_is_asked_of_a_folder(
    here: Path, tmp_path: Path, settings: Settings
) -> None:
    """There is one text and nowhere to write a second file: it was told to write one, and could not go on."""
    for file, text in (("card.toml", CARD), ("contract.py", FOLDERS), ("twofold.py", "")):
        path = tmp_path / "own" / "twofold" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    name = f"{catalog.trust(tmp_path / 'own', settings)}/twofold"
    one = "def one():\n    return 'one'\n"
    shown = notebook.cell(name, one)
    assert shown.found.report.left_out == ("M2",) and shown.found.waiting == "M3"
    first = [repr(shown), " ".join(Read(shown._repr_html_()).seen)]
    both = one + "\n\ndef three():\n    return 'three'\n"
    done = notebook.cell(name, both)
    assert done.found.report.passed and [each.milestone for each in done.found.report.claims] == ["M1", "M3"]
    last = [repr(done), " ".join(Read(done._repr_html_()).seen)]
    for told, held in ((first, "Milestone M1 of twofold holds"), (last, "everything that is asked of one text holds")):
        for words in told:
            assert held in words and "M2 not yet" in words
            assert "M2 is asked of a folder" in words and f"castalia new {name} --learn" in words
    assert "def three" in first[0] and "Every" not in last[0]
    with pytest.raises(Unavailable, match="asked of a folder"):
        notebook.cell(f"{name} --milestone M2", both)
    (here / "pyproject.toml").write_text("")  # it has a folder by now
    asked = notebook.cell(name, both).found
    assert asked.report.left_out == () and asked.failed and asked.failed.why == "a.txt is not in here yet"
    order = {"name": name, "at": str(here / "twofold.py"), "seed": 1, "all": False, "milestone": None}
    page = served.check(settings, **order)["report"]  # the page has one text, whatever lies around it
    assert page["left_out"] == ["M2"] and page["outcome"] == "pass"


@pytest.mark.parametrize("words", ["", "softmax --sed 3", "softmax --seed x", "softmax more", "softmax 'open"])
def test_wrong_words_are_named(here: Path, words: str) -> None:
    with pytest.raises(WrongInput):
        notebook.cell(words, RIGHT)
    assert list(here.iterdir()) == []


def test_import_castalia_loads_no_notebook() -> None:
    assert callable(castalia.load_ipython_extension) and "IPython" not in castalia.__dict__


# --- in IPython ----------------------------------------------------------------------------------


@pytest.fixture
def ipython(here: Path) -> Iterator[Any]:
    pytest.importorskip("IPython", reason="IPython is not installed")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "castalia")
    yield shell
    InteractiveShell.clear_instance()


def test_magics_in_a_real_ipython(ipython: Any, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = ipython.run_cell(f"%%castalia softmax\n{WRONG}")
    assert done.success and done.result.found.report.outcome == "fail"
    data, _ = ipython.display_formatter.format(done.result)
    assert "large_numbers" in data["text/plain"] and "<table" in data["text/html"]
    assert "large_numbers" in capsys.readouterr().out
    hint = ipython.run_cell("%castalia hint softmax").result
    assert "hint 1 of 3" in repr(hint) and "hint 1 of 3" in hint._repr_html_()
    (here / "softmax.py").write_text(f"{notebook.HEAD}\n{RIGHT}")
    assert ipython.run_cell("%castalia check softmax").result.found.report.passed


def test_ipython_shows_our_errors_without_a_traceback(ipython: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for line, said in (
        ("%%castalia softmx\nx = 1", "Did you mean 'softmax'?"),
        ("%castalia dance", "%castalia new NAME"),
        ("%castalia check softmax", "There is no softmax"),
    ):
        ipython.run_cell(line)
        told = capsys.readouterr()
        assert said in told.out + told.err and "Traceback" not in told.out + told.err


def test_new_puts_the_first_stubs_into_the_next_cell(ipython: Any) -> None:
    ipython.run_cell("%castalia new basics")
    assert ipython.rl_next_input.startswith("%%castalia basics\nimport numpy as np\n")
    done = ipython.run_cell(ipython.rl_next_input)
    assert done.result.found.report.outcome == "not_attempted"
