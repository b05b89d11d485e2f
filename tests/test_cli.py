"""The shell as a person meets it: exit codes, words on the right stream, one document for --json."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from castalia import __version__, runtime, track
from castalia.cli import commands, main
from castalia.cli.watching import Line
from castalia.core.settings import Settings

CASTALIA = str(Path(sys.executable).parent / "castalia")
SHELL_PAGE = (Path(__file__).parent.parent / "docs" / "shell.md").read_text("utf-8")

Said = tuple[int, str, str]
Shell = Callable[..., Said]


@pytest.fixture
def shell(toys: Settings, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Runs a command line in this process: (exit code, standard output, standard error)."""

    def run(*words: str) -> Said:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def fitted(toys: Settings) -> runtime.Fitted:
    return runtime.fit("toys/slope", {"steps": 20}, settings=toys)


def documented(heading: str) -> Any:
    """The sample under a heading of docs/shell.md."""
    found = re.search(rf"^### {re.escape(heading)}\n.*?```json\n(.*?)```", SHELL_PAGE, re.S | re.M)
    assert found, f"docs/shell.md has no sample for {heading}"
    return json.loads(found[1])


def assert_shape(value: Any, heading: str) -> None:
    sample = documented(heading)
    if isinstance(sample, list):
        sample, value = sample[0], value[0]
    assert list(value) == list(sample)


# --- doors ---------------------------------------------------------------------------------------


def test_the_bare_command_is_five_lines_at_most_and_every_door_exists(shell: Shell) -> None:
    code, out, err = shell()
    assert code == 0 and not err
    lines = out.splitlines()
    assert 1 <= len(lines) <= 5
    names = {command.name for command in commands.COMMANDS}
    typed = [line for line in lines if not line.startswith("MLFLOW_TRACKING_URI=")]  # the client's own door
    assert typed and all(line.split()[1] in names | {"--help"} for line in typed)


def test_help_lists_every_command_and_so_does_the_page(shell: Shell) -> None:
    code, out, _ = shell("--help")
    assert code == 0
    for command in commands.COMMANDS:
        assert re.search(rf"^  {command.name} +{re.escape(command.about)}$", out, re.M)
        assert f"| `{command.name}" in SHELL_PAGE


@pytest.mark.parametrize("name", [command.name for command in commands.COMMANDS])
def test_every_command_explains_itself(name: str, shell: Shell) -> None:
    code, out, err = shell(name, "--help")
    assert code == 0 and not err
    assert out.startswith(f"Usage: castalia {name}")
    assert "\x1b" not in out


def test_help_needs_nothing_heavy() -> None:
    code = "import sys; from castalia.cli import main; main(['--help']); main([]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert not loaded & {"cyclopts", "rich", "pydantic", "numpy", "sqlalchemy", "fastapi"}


def test_a_lesson_is_printed_with_all_of_its_chapters(shell: Shell) -> None:
    code, out, _ = shell("show", "neural_net", "--lesson")
    assert code == 0 and out.startswith("# A neural network from scratch")
    assert out.index("# Layers") < out.index("# Activations") < out.index("# Downhill")


# --- wrong usage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sytems",), "Did you mean 'systems'?"),
        (("toys/slope",), "castalia show toys/slope"),
        (("runs", "lst"), "no run 'lst'"),
        (("runs", "list", "--limt", "3"), "Did you mean '--limit'?"),
        (("runs", "list", "--limit", "many"), "a whole number"),
        (("runs", "list", "--status", "gone"), "castalia runs list: --status does not fit"),
        (("runs", "show"), "castalia runs show needs RUN"),
        (("runs", "show", "abc"), "no run 'abc'"),
        (("show", "toys/slop"), "Did you mean 'toys/slope'?"),
        (("fit", "toys/slop"), "Did you mean 'toys/slope'?"),
        (("fit",), "castalia fit needs the name of a system"),
        (("fit", "toys/slope", "--step", "3"), "Did you mean '--steps'?"),
        (("fit", "toys/slope", "--steps", "0"), "greater than or equal to 1"),
        (("fit", "toys/slope", "--steps", "many"), "--steps INT; castalia fit toys/slope --help"),
        (("call", "toys/slope", "--x"), "--x needs a value"),
        (("call", "toys/slope", "toys/notes"), "takes one name"),
        (("call", "toys/notes:forget"), "no verb 'forget'"),
        (("call", "toys/slope", "--input", "nowhere.json"), "there is no file nowhere.json"),
        (("predict", "toys/slope", "nowhere.csv"), "there is no file nowhere.csv"),
        (("models", "show", "nothing"), "nothing"),
        (("models", "alias", "churn", "good"), "model@number"),
        (("data", "show", "telcoo"), "Did you mean 'telco'?"),
        (("data", "add", "nowhere.csv"), "there is no file nowhere.csv"),
        (("shelf", "trust", "nowhere"), "nowhere"),
        (("shelf", "forget", "mine"), "no shelf 'mine'"),
        (("new", "My-System"), "castalia new my_system"),
        (("up", "--port", "99999"), "a port from 0 to 65535"),
    ],
)
def test_wrong_usage_is_exit_2_with_a_cure_and_an_empty_stdout(words: tuple[str, ...], told: str, shell: Shell) -> None:
    code, out, err = shell(*words)
    assert told in err
    assert code == 2
    assert out == ""
    assert "Traceback" not in err


def test_a_child_says_wrong_input_with_the_flag_that_cures_it(shell: Shell) -> None:
    code, out, err = shell("call", "toys/slope", "--x", "1e9")
    assert (code, out) == (2, "")
    assert "x does not fit" in err and "less than or equal to 1000000" in err and "--x NUMBER" in err


def test_broken_json_on_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, told in ((b'{"x": ', "standard input is not JSON"), (b"[1]", "one JSON object")):
        reading, writing = os.pipe()
        os.write(writing, text)
        os.close(writing)
        with os.fdopen(reading) as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            code, out, err = shell("call", "toys/slope", "--input", "-")
        assert (code, out) == (2, "") and told in err


# --- the work failed, our fault -------------------------------------------------------------------


def test_a_home_that_cannot_be_written_is_exit_1_with_the_cure(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("CASTALIA_HOME", str(blocked / "home"))
    for words in (("runs", "list"), ("fit", "neural_net", "--quick"), ("shelf", "trust", str(tmp_path)), ("doctor",)):
        code, _, err = shell(*words)
        assert code == 1, (words, err)
        assert "Traceback" not in err


def test_a_taken_port_is_exit_1(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, err = shell("up", "--port", str(taken.getsockname()[1]), "--no-browser")
    assert (code, out) == (1, "")
    assert "is taken" in err and "castalia up" in err


def test_what_nobody_expected_is_exit_3_in_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise RuntimeError("the\nroof fell in")

    monkeypatch.setattr(commands, "overview", broken)
    code, out, err = shell("--help")
    assert (code, out) == (3, "")
    assert err.startswith("Castalia broke: RuntimeError: the roof fell in.") and err.count("\n") == 1
    assert "--debug" in err
    code, _, err = shell("--help", "--debug")
    assert code == 3 and "Traceback" in err


def test_a_reader_that_leaves_is_no_complaint(toys: Settings) -> None:
    done = subprocess.run(f"{CASTALIA} --help | head -1; exit ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
                          capture_output=True, text=True)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


# --- shapes ---------------------------------------------------------------------------------------


def test_json_is_one_documented_document(shell: Shell, fitted: runtime.Fitted, tmp_path: Path) -> None:
    shell("models", "alias", "toys.slope@1", "good")
    mine = tmp_path / "mine.csv"
    mine.write_text("a,b\n1,x\n2,y\n")
    lines = {
        "castalia systems": ("systems",),
        "castalia show NAME": ("show", "toys/slope"),
        "castalia shelf list": ("shelf", "list"),
        "castalia runs list": ("runs", "list"),
        "castalia runs show RUN": ("runs", "show", fitted.run_id),
        "castalia models list": ("models",),
        "castalia models show MODEL": ("models", "toys.slope"),
        "castalia data list": ("data",),
        "castalia data show NAME": ("data", "digits"),
        "castalia data add FILE": ("data", "add", str(mine)),
        "castalia doctor": ("doctor",),
        "castalia roadmap": ("roadmap",),
        "castalia roadmap plan": ("roadmap", "plan", "--goal", "gpt", "--hours", "8", "--keep"),
        "castalia roadmap gap": ("roadmap", "gap"),
        "castalia roadmap journal": ("roadmap", "journal"),
        "castalia roadmap progress": ("roadmap", "progress"),
        "castalia roadmap lint": ("roadmap", "lint"),
        "castalia roadmap topic ID": ("roadmap", "topic", "dl03"),
        "castalia today": ("today",),
        "castalia forget --yes": ("forget", "--yes"),
    }
    for heading, words in lines.items():
        code, out, err = shell(*words, "--json")
        assert code == 0, err
        assert_shape(json.loads(out), heading)


def test_systems_and_schemas(shell: Shell) -> None:
    listed = {each["address"]: each for each in json.loads(shell("systems", "--json")[1])}
    assert listed["toys/slope"]["title"] and listed["toys/slope"]["ready"] is None
    shown = json.loads(shell("show", "toys/slope", "--json")[1])
    assert shown["params"]["properties"]["steps"]["maximum"] == 100_000
    assert {"params", "input", "output"} <= shown.keys()
    assert json.loads(shell("show", "toys/slope", "--example")[1]) == shown["example"]


def test_lists_for_a_person(shell: Shell, fitted: runtime.Fitted) -> None:
    assert "toys/slope" in shell("systems")[1]
    assert fitted.run_id in shell("runs")[1]
    assert "test_error" in shell("runs", fitted.run_id[:14])[1]
    assert "toys.slope@1" in shell("models")[1]
    assert "--steps INT" in shell("show", "toys/slope")[1]
    assert "digits" in shell("data")[1]
    points = shell("runs", "export", fitted.run_id)[1].splitlines()
    assert points[0] == "metric,step,time,value" and len(points) > 20


def test_names_from_files_do_not_drive_the_terminal(shell: Shell, toys: Settings) -> None:
    with track.Store.open(toys.home) as store:
        store.finish(store.create_run("x", name="a\x1b[31mb"))
    assert "\x1b" not in shell("runs")[1]


# --- training and asking --------------------------------------------------------------------------


def test_fit_then_call_then_predict(shell: Shell, tmp_path: Path) -> None:
    code, out, err = shell("fit", "toys/slope", "--steps", "30", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert list(result) == list(documented("castalia fit NAME"))
    assert result["model"] == "toys.slope" and result["version"] == 1
    assert "100 %  30/30" in err and result["run_id"] in err

    code, out, err = shell("call", "toys/slope", "--x", "2", "--json")
    assert code == 0 and "quick" not in err
    one = json.loads(out)
    assert list(one) == list(documented("castalia call NAME"))

    table = tmp_path / "t.csv"
    table.write_text("x\n2\n-1\n")
    answered = tmp_path / "answers.csv"
    code, out, err = shell("predict", "toys/slope", str(table), "-o", str(answered))
    assert (code, out) == (0, "") and "2 rows" in err
    header, first, _ = answered.read_text().splitlines()
    assert float(dict(zip(header.split(","), first.split(","), strict=True))["y"]) == pytest.approx(one["y"])
    code, out, _ = shell("predict", "toys/slope", str(table), "--json")
    assert list(json.loads(out)) == list(documented("castalia predict NAME FILE"))


def test_a_quick_fit_keeps_no_version_and_says_who_answers(shell: Shell) -> None:
    code, out, _ = shell("fit", "toys/slope", "--quick", "--json")
    assert code == 0 and json.loads(out)["version"] is None
    code, out, err = shell("call", "toys/slope", "--x", "1", "--json")
    assert code == 0 and json.loads(out)["y"] == pytest.approx(2, abs=0.1)
    assert "toys.slope@quick" in err


def test_ctrl_c_cancels_politely_and_leaves_no_process(toys: Settings) -> None:
    words = [CASTALIA, "fit", "toys/slope", "--steps", "100000", "--pause", "0.01", "--json"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with track.Store.open(toys.home) as store:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            items = store.runs(limit=1).items
            if items and items[0]["metrics"]:
                break
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
        assert child.returncode == 130 and out == "", err
        run = store.runs(limit=1).items[0]
    assert run["status"] == "cancelled" and run["metrics"], "what was logged is kept"
    assert not list((toys.home / "shells").iterdir())
    marked = subprocess.run(["pgrep", "-f", str(toys.home)], capture_output=True, text=True)
    assert marked.stdout == ""


def test_runs_cancel_stops_the_fit_of_another_shell(shell: Shell, toys: Settings) -> None:
    words = [CASTALIA, "fit", "toys/slope", "--steps", "100000", "--pause", "0.01"]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    run_id = child.stderr.readline().split()[-1]
    code, out, err = shell("runs", "cancel", run_id, "--json")
    assert code == 0, err
    assert json.loads(out) == {"run_id": run_id, "state": "stopping"}
    child.communicate(timeout=20)
    assert child.returncode == 130
    code, _, err = shell("runs", "cancel", run_id)
    assert code == 2 and "is over" in err


def test_a_file_given_for_data_is_kept_as_a_version_first(
    toys: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from castalia.cli.fit import own_data

    mine = tmp_path / "mine.csv"
    mine.write_text("a,b\n1,x\n2,y\n")
    schema = {"properties": {"data": {"type": "string", "x-castalia": "dataset"}, "note": {"type": "string"}}}
    values = {"data": str(mine), "note": "a/b.csv"}
    own_data(values, schema)
    assert values == {"data": "mine@1", "note": "a/b.csv"}
    assert "is kept as mine@1: 2 rows, 2 columns" in capfd.readouterr().err
    named = {"data": "telco"}
    own_data(named, schema)
    assert named == {"data": "telco"}


def test_progress_off_a_terminal_is_a_line_a_tenth(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    line = Line("it")
    for done in range(101):
        clock[0] += 1.0
        line.draw((done, 100.0), lambda: {"loss": 0.5})
    line.draw((100.0, 100.0), lambda: {"loss": 0.5}, last=True)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[4] == "it   50 %  50/100  1/s  0:50 left  loss 0.5"


def test_python_runs_it_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "castalia", "--version"], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, [__version__]), done.stderr
