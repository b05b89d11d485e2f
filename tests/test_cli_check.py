"""The first hour of a learner: learn, check, hint, as typed in a folder of one's own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from castalia.check import contracts
from castalia.cli import main
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

SHELL_PAGE = (Path(__file__).parent.parent / "docs" / "shell.md").read_text("utf-8")
RIGHT = contracts.reference("softmax").read_text("utf-8")
WRONG = contracts.starting_text("softmax")

Said = tuple[int, str, str]
Shell = Callable[..., Said]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shell(settings: Settings, here: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    def run(*words: str) -> Said:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


def write(folder: Path, source: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "softmax.py").write_text(source)
    return folder


def documented(heading: str) -> Any:
    found = re.search(rf"^### {re.escape(heading)}\n.*?```json\n(.*?)```", SHELL_PAGE, re.S | re.M)
    assert found
    return json.loads(found[1])


# --- from the empty folder to green --------------------------------------------------------------


def test_from_an_empty_folder_to_green_by_what_the_screen_says(shell: Shell, here: Path) -> None:
    code, out, _ = shell("learn")
    assert code == 0 and "large_numbers" in out and "nan" in out
    path = here / "softmax.py"
    assert "This softmax gives nan for large inputs: fix it" in path.read_text()
    told = re.search(r"open softmax\.py, change line (\d+), save it, then type: +(castalia .+)", out)
    assert told, out
    lines = path.read_text().splitlines()
    wanted = int(told[1]) - 1
    assert "np.exp(x)" in lines[wanted]
    lines[wanted] = "    powers = np.exp(x - x.max(axis=-1, keepdims=True))"
    path.write_text("\n".join(lines) + "\n")
    code, out, _ = shell(*told[2].split()[1:])
    assert code == 0 and "M1 passed" in out and "Next: castalia new basics --learn" in out
    code, out, _ = shell("check", "softmax", "--all")
    assert code == 0 and "Every claim about softmax holds" in out
    code, out, _ = shell("learn")
    assert code == 0 and "Well done" in out and "castalia new basics --learn" in out and "castalia systems" in out


def test_learn_never_overwrites_and_then_has_the_exit_code_of_the_check(shell: Shell, here: Path) -> None:
    mine = "def softmax(x):\n    return x\n"
    write(here, mine)
    code, out, _ = shell("learn")
    assert code == 1 and (here / "softmax.py").read_text() == mine
    assert "was here already" in out and "change line" not in out and "softmax.py:1" in out
    code, out, _ = shell("learn", "--json")
    assert code == 1 and json.loads(out)["written"] is False


# --- reports and exit codes ----------------------------------------------------------------------


def test_a_failure_shows_everything_that_is_needed(shell: Shell, here: Path) -> None:
    write(here, WRONG)
    code, out, _ = shell("check", "softmax", "--seed", "7")
    assert code == 1
    assert "M1 3 of 4" in out and "sums_to_one, right_numbers, ignores_shift" in out
    for field in ("call", "got", "expected", "topic", "at", "seed"):
        assert re.search(rf"^  {field} +\S", out, re.M), field
    assert "Numbers of a thousand give probabilities, not nan." in out and "ma10" in out
    assert re.search(r"softmax\.py:\d+", out) and out.count("Next:") == 1


@pytest.mark.parametrize(
    ("source", "outcome", "code"),
    [
        (RIGHT, "pass", 0),
        (WRONG, "fail", 1),
        ("def softmax(x):\n    raise NotImplementedError\n", "not_attempted", 1),
        ("def softmax(x):\n    return x / nothing\n", "learner_error", 1),
        ("def softmax(x)\n", "learner_error", 1),
    ],
    ids=["pass", "fail", "not attempted", "raises", "no Python"],
)
def test_outcomes_and_exit_codes(shell: Shell, here: Path, source: str, outcome: str, code: int) -> None:
    write(here, source)
    got, out, err = shell("check", "softmax", "--json", "--seed", "3")
    report = json.loads(out)
    assert (report["outcome"], got) == (outcome, code), err
    sample = documented("castalia check NAME")
    assert list(report) == list(sample)
    assert all(list(each) == list(sample["claims"][0]) for each in report["claims"])
    assert all(each["seed"] == 3 for each in report["claims"])
    got, out, _ = shell("check", "softmax")
    assert got == code and outcome.replace("_", " ") in out


def test_a_learner_error_shows_file_and_line(shell: Shell, here: Path) -> None:
    write(here, "import numpy as np\n\n\ndef softmax(x):\n    y = np.exp(x)\n    return y / nothing\n")
    code, out, _ = shell("check", "softmax")
    assert code == 1 and "softmax.py:6" in out and "NameError" in out


HALF = 'raise ValueError("cannot open " + b"caf\\xe9.csv".decode("utf-8", "surrogateescape"))\n'


def test_a_half_character_in_what_the_code_says_is_written_out(shell: Shell, here: Path) -> None:
    write(here, f"def softmax(x):\n    {HALF}")
    code, out, _ = shell("check", "softmax", "--json")
    found = json.loads(out)
    assert code == 1 and found["outcome"] == "learner_error"
    assert "caf\\udce9.csv" in found["claims"][0]["why"]
    code, out, err = shell("check", "softmax")
    assert code == 1 and "cannot open caf" in out and "Warning" not in err
    assert "caf\\udce9.csv" in shell("hint", "--for-assistant")[1]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes there")
def test_a_folder_whose_name_is_not_utf8(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
    monkeypatch.chdir(write(folder, RIGHT))
    assert shell("check", "softmax", "--json")[0] == 0
    code, out, err = shell("check", "softmax")
    assert code == 0 and "Warning" not in err, out
    code, out, _ = shell("learn", "--json")
    assert code == 0 and json.loads(out)["file"].endswith("caf\\udce9/softmax.py")


@pytest.mark.parametrize("source", ["def softmax(x)\n", "import nothing_such\n", "1 / 0\n"])
def test_a_file_that_cannot_be_imported_charges_no_claim(
    shell: Shell, here: Path, settings: Settings, source: str
) -> None:
    write(here, RIGHT)
    shell("check", "softmax")
    write(here, RIGHT + source)
    code, out, _ = shell("check", "softmax")
    line = (RIGHT + source).count("\n")
    assert code == 1 and "softmax.py cannot be imported." in out and f"Mend softmax.py:{line}" in out
    assert "sums_to_one" not in out and "topic" not in out and "seed" not in out
    last = Evidence(settings.home).events("softmax")[-1]
    assert (last.outcome, last.claim) == ("learner_error", "")
    code, out, _ = shell("hint")
    assert code == 0 and f"Mend softmax.py:{line}" in out and "hint 1" not in out
    assert [each.kind for each in Evidence(settings.home).events("softmax")] == ["check", "check"]


def test_a_fault_of_ours_is_three(shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    def broken(random: object, size: int) -> tuple[object, ...]:
        raise RuntimeError("the contract is broken")

    contract = contracts.find("softmax")
    claim = replace(contract.claim("sums_to_one"), make=broken)
    wrong = replace(contract, milestones=(replace(contract.milestones[0], claims=(claim,)),))
    monkeypatch.setattr(contracts, "find", lambda name, settings=None: wrong)
    write(here, RIGHT)
    code, out, _ = shell("check", "softmax")
    assert code == 3 and "tool error" in out and "not your code" in out
    code, out, _ = shell("hint")
    assert code == 0 and "not your code" in out


def test_code_that_lies_elsewhere_and_another_interpreter(shell: Shell, here: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "another place", RIGHT)
    for place in (other, other / "softmax.py"):
        assert shell("check", "softmax", "--at", str(place), "--python", sys.executable)[0] == 0
    assert os.listdir(here) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "softmx"), "Did you mean 'softmax'?"),
        (("check", "churn"), "no check yet"),
        (("check", "softmax"), "castalia learn"),
        (("check", "basics"), "castalia new basics --learn"),
        (("check", "softmax", "--at", "nowhere"), "nowhere"),
        (("check", "softmax", "--seed", "-1"), "--seed does not fit"),
        (("check", "softmax", "--watch", "--json"), "one of the two"),
        (("check",), "castalia check needs"),
        (("check", "softmax", "--sed", "3"), "--seed"),
        (("hint",), "castalia learn"),
        (("hint", "softmx"), "Did you mean 'softmax'?"),
        (("hint", "softmax"), "castalia check softmax"),
    ],
)
def test_wrong_usage_is_two(shell: Shell, words: tuple[str, ...], said: str) -> None:
    code, out, err = shell(*words)
    assert code == 2 and out == "" and said in err


def test_an_interpreter_that_is_none_says_nothing_about_the_code(shell: Shell, here: Path) -> None:
    write(here, RIGHT)
    code, out, err = shell("check", "softmax", "--python", str(here / "no-python"))
    assert code == 2 and out == "" and "no-python" in err


def test_one_milestone_by_itself(shell: Shell, here: Path) -> None:
    shutil.copy(contracts.reference("basics"), here / "basics.py")
    code, out, _ = shell("check", "basics", "--milestone", "M3")
    assert code == 0 and "M3 passed" in out and "M1" not in out and "Milestone M3 of basics holds" in out
    code, out, _ = shell("check", "basics", "--milestone", "M4", "--json")
    told = json.loads(out)
    assert told["milestone"] == "M4" and {each["milestone"] for each in told["claims"]} == {"M4"}
    code, out, err = shell("check", "basics", "--milestone", "M7")
    assert code == 2 and "one of M1, M2, M3, M4" in err


# --- evidence and hints --------------------------------------------------------------------------


def test_every_check_is_evidence(shell: Shell, here: Path, settings: Settings) -> None:
    shell("learn")
    write(here, RIGHT)
    shell("check", "softmax", "--seed", "11")
    first, second = Evidence(settings.home).events("softmax")
    assert (first.kind, first.milestone, first.claim, first.outcome) == ("started", "M1", "large_numbers", "fail")
    assert (second.kind, second.milestone, second.claim, second.outcome) == ("check", "M1", "", "pass")
    assert second.seed == 11 and first.code_hash != second.code_hash and len(second.code_hash) == 64
    assert second.contract_hash == contracts.find("softmax").hash()


def test_a_home_that_cannot_be_written_is_a_warning(
    shell: Shell, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("CASTALIA_HOME", str(tmp_path / "a file"))
    write(here, RIGHT)
    code, out, err = shell("check", "softmax", "--json")
    assert code == 0 and json.loads(out)["outcome"] == "pass"
    assert "Warning: this is not kept" in err


def test_hints_go_up_to_the_third_and_stay(shell: Shell, here: Path, settings: Settings) -> None:
    shell("learn")
    hints = contracts.find("softmax").claim("large_numbers").hints
    for rung in (1, 2, 3, 3):
        code, out, _ = shell("hint")
        assert code == 0 and f"hint {rung} of 3" in out and hints[rung - 1] in out
    code, out, _ = shell("hint", "softmax", "--json")
    assert list(json.loads(out)) == list(documented("castalia hint")) and json.loads(out)["rung"] == 3
    events = [each.hints for each in Evidence(settings.home).events("softmax") if each.kind == "hint"]
    assert events == [1, 2, 3]  # what was read before is shown again and not counted again
    write(here, RIGHT)
    shell("check", "softmax")
    code, out, _ = shell("hint")
    assert code == 0 and "nothing to hint at" in out


def test_the_text_for_an_assistant_holds_the_numbers_and_no_hint(shell: Shell, settings: Settings) -> None:
    shell("learn")
    code, out, _ = shell("hint", "--for-assistant")
    assert code == 0 and "hypothesis" in out and "do not give me the solution" in out
    assert "input: [[1000., 1000.]]" in out and "got: nan" in out and "expected: 0.5" in out
    assert not any(hint in out for hint in contracts.find("softmax").claim("large_numbers").hints)
    last = Evidence(settings.home).events("softmax")[-1]
    assert last.ai_declared and last.hints == 0


def test_a_contract_that_changed_asks_for_a_new_check(shell: Shell, settings: Settings) -> None:
    shell("learn")
    path = settings.home / "checks" / "softmax.json"
    path.write_text(path.read_text().replace(contracts.find("softmax").hash(), "0" * 64))
    code, _, err = shell("hint")
    assert code == 2 and "castalia check softmax" in err


# --- at every save -------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_watch_checks_at_every_save_and_ends_with_ctrl_c(settings: Settings, here: Path, tmp_path: Path) -> None:
    write(here, WRONG)
    started = "import sys; from castalia.cli import main; sys.exit(main(['check', 'softmax', '--watch']))"
    log = tmp_path / "said"
    with log.open("w") as file:
        child = subprocess.Popen([sys.executable, "-c", started], cwd=here, stdout=file, stderr=subprocess.DEVNULL)
    try:
        _until(log, "large_numbers", 1)
        time.sleep(1)
        assert log.read_text().count("at every save") == 1  # nothing by itself
        write(here, RIGHT)
        _until(log, "Every core claim", 1)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.wait()


def _until(log: Path, words: str, count: int) -> None:
    end = time.monotonic() + 30
    while log.read_text().count(words) < count or not log.read_text().rstrip().endswith("ends it."):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
