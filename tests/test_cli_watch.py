"""``castalia check NAME --watch`` in a real (pseudo-)terminal: saves, keys, and a terminal that is left as it was."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from castalia.check import contracts, desk, starting
from castalia.cli import keys, saves
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are another thing there", allow_module_level=True)

from learner_fixtures import Terminal, solve
from subject_toys import toy

LOOP = "def softmax(x):\n    while True:\n        pass\n"


@pytest.fixture
def here(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    return folder


def seed(screen: str) -> str:
    found = re.search(r"seed\S* +(\d+)", re.sub(r"\x1b\[\d*m", "", screen))
    assert found, screen
    return found[1]


def test_a_learner_goes_from_stubs_to_the_next_milestone_with_keys(here: Path, settings: Settings) -> None:
    path = starting.begin("basics", here).file
    with Terminal(here, "check", "basics", "--watch") as screen:
        shown = screen.until("not attempted", "h hint", "0 of 15 claims   basics.py")
        assert "n go on" not in shown and "o open" not in shown
        screen.press("h")
        shown = screen.until("hint 1 of 3", contracts.find("basics").claim("standardized").hints[0])
        assert shown.rstrip().rpartition("\n")[2].rstrip("\x1b[0m").endswith("q quit")  # the keys stay the last line
        screen.press("h")
        screen.until("hint 2 of 3")
        solve(path, "standardize", "one_hot")
        shown = screen.until("M1 of basics holds", "4 of 15 claims", "n go on to M2, adds its stubs to basics.py")
        assert "accuracy" not in shown and "h hint" not in shown
        events = len(Evidence(settings.home).events())
        time.sleep(1.2)
        screen.read()
        assert len(Evidence(settings.home).events()) == events and "def accuracy" not in path.read_text()
        screen.press("n")
        screen.until("accuracy_counts", "is still the stub")
        assert "def log_loss" in path.read_text() and "def cosine_similarity" not in path.read_text()
        screen.press("q")
        assert screen.ends() == 0


def test_seeds_and_tiers_are_a_key_away(here: Path) -> None:
    (here / "softmax.py").write_text(contracts.starting_text("softmax"))
    with Terminal(here, "check", "softmax", "--watch") as screen:
        first = seed(screen.until("large_numbers", "r new seed"))
        screen.text = ""
        screen.press("s")
        assert seed(screen.until("large_numbers", "s same seed (kept)")) == first
        screen.text = ""
        screen.press("r")
        assert seed(screen.until("large_numbers", "s same seed  ")) != first
        screen.press("a")
        screen.until("a core claims")
        screen.press("q")
        assert screen.ends() == 0


def test_the_editor_opens_at_the_line(here: Path, tmp_path: Path) -> None:
    (here / "softmax.py").write_text(contracts.starting_text("softmax"))
    tool = tmp_path / "bin" / "vim"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/opened\nstty -a < /dev/tty > {tmp_path}/mode\n')
    tool.chmod(0o755)
    with Terminal(here, "check", "softmax", "--watch", EDITOR=str(tool)) as screen:
        screen.until("softmax.py:9", "o open in the editor")
        screen.text = ""
        screen.press("o")
        screen.until("large_numbers")
        assert (tmp_path / "opened").read_text().split() == ["+9", str(here / "softmax.py")]
        assert " icanon" in (tmp_path / "mode").read_text()  # an editor gets the terminal as it was
        screen.press("q")
        assert screen.ends() == 0


def checking(screen: Terminal) -> None:
    """Wait until a check is at work."""
    end = time.monotonic() + 30
    while "q ends it" not in screen.text:
        assert time.monotonic() < end, screen.text
        screen.read()


def test_q_ends_a_check_that_is_still_at_work(here: Path, settings: Settings) -> None:
    (here / "softmax.py").write_text(LOOP)
    with Terminal(here, "check", "softmax", "--watch") as screen:
        checking(screen)
        screen.press("q")
        assert screen.ends() == 0 and "timeout" not in screen.text
    assert not Evidence(settings.home).events(), "a check that was ended says nothing about the code"


@pytest.mark.slow
def test_a_key_pressed_while_a_check_is_at_work_is_done_after_it(here: Path) -> None:
    (here / "softmax.py").write_text(LOOP)
    with Terminal(here, "check", "softmax", "--watch") as screen:
        checking(screen)
        screen.press("h")
        screen.until("timeout", "hint 1 of 3")
        screen.press("q")
        assert screen.ends() == 0


@pytest.mark.parametrize(("how", "code"), [("\x03", 0), (signal.SIGTERM, 130), (signal.SIGHUP, 130)])
def test_the_terminal_is_put_back_however_it_ends(here: Path, how: str | signal.Signals, code: int) -> None:
    (here / "softmax.py").write_text(contracts.starting_text("softmax"))
    with Terminal(here, "check", "softmax", "--watch") as screen:
        screen.until("large_numbers")
        screen.press(how) if isinstance(how, str) else screen.send(how)
        assert screen.ends() == code


def test_a_file_that_comes_late_and_one_that_breaks(here: Path) -> None:
    with Terminal(here, "check", "softmax", "--watch") as screen:
        screen.until("There is no softmax", "castalia learn")
        (here / "softmax.py").write_text("def softmax(x)\n")
        screen.until("learner error", "softmax.py:1")
        (here / "softmax.py").write_text(contracts.reference("softmax").read_text())
        screen.until("Every core claim about softmax holds", "4 of 4 claims")
        screen.press("q")
        assert screen.ends() == 0


# --- the parts -----------------------------------------------------------------------------------


def test_a_package_is_watched_with_the_folders_below_it(tmp_path: Path) -> None:
    (tmp_path / "softmax" / "deep").mkdir(parents=True)
    (tmp_path / "softmax" / "data").mkdir()
    for name in ("__init__.py", "deep/__init__.py", "deep/math.py", "data/none.py"):
        (tmp_path / "softmax" / name).write_text("")
    softmax = contracts.find("softmax")
    seen = saves.state(softmax, str(tmp_path))
    assert sorted(Path(name).relative_to(tmp_path / "softmax").as_posix() for name in seen) == [
        "__init__.py", "deep/__init__.py", "deep/math.py",
    ]  # fmt: skip
    (tmp_path / "softmax" / "deep" / "math.py").write_text("pi = 3")
    assert saves.state(softmax, str(tmp_path)) != seen
    for number in range(saves.FILES + 50):
        (tmp_path / "softmax" / "deep" / f"m{number}.py").write_text("")
    assert len(saves.state(softmax, str(tmp_path))) <= saves.FILES + 1


def test_programs_and_repositories_are_watched_too(tmp_path: Path) -> None:
    (tmp_path / "counter").mkdir()
    (tmp_path / "counter" / "__main__.py").write_text("")
    seen = saves.state(toy("counter").contract, str(tmp_path))
    assert [Path(name).name for name in seen] == ["__main__.py"]
    for name in ("README.md", "deep/own_tests.py", ".git/logs/HEAD", ".git/index", ".venv/x.py"):
        (tmp_path / "tally" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tally" / name).write_text("")
    seen = saves.state(toy("tally").contract, str(tmp_path / "tally"))
    assert sorted(Path(name).relative_to(tmp_path / "tally").as_posix() for name in seen) == [
        ".git/logs/HEAD", "README.md", "deep/own_tests.py",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        ("vim", ["vim", "+7", "a b.py"]),
        ("emacsclient -n", ["emacsclient", "-n", "+7", "a b.py"]),
        ("/usr/bin/code --wait", ["/usr/bin/code", "--wait", "-g", "a b.py:7"]),
        ("hx", ["hx", "a b.py:7"]),
        ("something", ["something", "a b.py"]),
    ],
)
def test_editors_are_told_the_line_in_their_own_way(editor: str, words: list[str]) -> None:
    assert saves.command(editor, Path("a b.py"), 7) == words


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with keys.Keys() as none, open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert keys.Keys().there is False and none.wait(0.0) == ""
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_last_report_is_that_of_the_watched_check(here: Path, settings: Settings) -> None:
    (here / "softmax.py").write_text(contracts.starting_text("softmax"))
    with Terminal(here, "check", "softmax", "--watch", "--seed", "5") as screen:
        screen.until("large_numbers", "s same seed (kept)")
        assert desk.last_report(settings.home, "softmax")["seed"] == 5
        screen.press("q")
        assert screen.ends() == 0
