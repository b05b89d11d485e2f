"""castalia prove and castalia break as they are typed: shapes, exit codes, what is kept, and a proof that is killed."""

from __future__ import annotations

import functools
import itertools
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import prove_toys
import pytest

from castalia import catalog
from castalia.check import breaking, contracts
from castalia.check.equivalence import INPUTS
from castalia.check.found import found
from castalia.check.proof import kept, stale
from castalia.check.prove import Effort, prove
from castalia.cli import main
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the prover serves mutants by forks")

SHELL_PAGE = (Path(__file__).parent.parent / "docs" / "shell.md").read_text("utf-8")
SHELVES = itertools.count()
FAST = Effort(seeds=2, threads=(1,), sample=None)
Said = tuple[int, str, str]
Make = Callable[..., tuple[str, Path]]
Shell = Callable[..., Said]


@pytest.fixture
def shell(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Shell:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Said:
        capfd.readouterr()
        code = main(words)
        told = capfd.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def make(settings: Settings, tmp_path: Path) -> Make:
    """Writes the toy project on a trusted shelf; its address and its folder. Each shelf has a name of its own, since
    a process imports a contract once."""

    def shelf(**changed: Any) -> tuple[str, Path]:
        name = f"mine{next(SHELVES)}"
        catalog.trust(prove_toys.shelf(tmp_path / name, **changed), settings, name)
        return f"{name}/scores", tmp_path / name / "scores"

    return shelf


def documented(heading: str) -> Any:
    text = re.search(rf"^### {re.escape(heading)}\n.*?```json\n(.*?)```", SHELL_PAGE, re.S | re.M)
    assert text
    return json.loads(text[1])


def test_a_project_of_two_files_is_proven_and_kept(shell: Shell, make: Make, settings: Settings) -> None:
    name, project = make()
    code, out, err = shell("prove", name, "--full", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told == json.loads((project / "proof.json").read_text("utf-8"))
    assert set(told) == set(documented("castalia prove NAME"))
    assert told["proven"] and told["full"] and told["problems"] == [] and told["false_alarms"] == 0
    assert told["files"] == ["scores.py", "parts.py"] and len(told["seeds"]) == 30 and told["threads"] == [1, 2]
    assert told["killed"] + told["survived"] + told["equivalent"] == told["tried"] == told["generated"]
    assert sum(told["kills"].values()) == told["killed"] and set(told["kills"]) == set(told["costs"])
    assert not list((settings.home / "proofs").iterdir()), "the notes of a proof that is done are gone"
    (event,) = Evidence(settings.home).events("scores")
    assert (event.kind, event.outcome, event.contract_hash) == ("prove", "pass", told["contract_hash"])
    assert event.more == {"score": told["score"], "full": True}
    assert "mutants" in err and "100 %" in err


def test_every_file_of_a_project_has_its_mutants_and_counts_in_the_hash(make: Make, settings: Settings) -> None:
    name, project = make()
    subject = found(name, settings)
    assert {each.id.split(":")[0] for each in subject.mutations()} == {"scores.py", "parts.py"}
    prove(subject, FAST, workers=1).write(subject.proof)
    assert stale(subject) == ""
    with (project / "parts.py").open("a") as file:
        file.write("# changed\n")
    assert stale(found(name, settings)).endswith(f"castalia prove {name} --full")


@pytest.mark.slow
def test_the_verdicts_do_not_depend_on_the_workers(make: Make, settings: Settings, tmp_path: Path) -> None:
    """One bench or three; with the costs, which are measured, taken from the notes of the first."""
    name, _ = make()
    notes = tmp_path / "notes.jsonl"
    one = prove(found(name, settings), FAST, workers=1, notes=notes)
    lines = notes.read_text("utf-8").splitlines(keepends=True)
    notes.write_text(
        "".join(line for line in lines if not re.match(r'\["(automatic|named|lazy|control)', line)), "utf-8"
    )
    three = prove(found(name, settings), FAST, workers=3, notes=notes)
    for each in ("automatic", "named", "lazy"):
        first, second = ([(t.id, t.killed_by, t.outcome, t.topics) for t in getattr(p, each)] for p in (one, three))
        assert first == second


def test_a_weak_contract_is_not_proven_and_its_survivors_have_a_place(shell: Shell, make: Make) -> None:
    weak = prove_toys.CONTRACT.replace("edges=(lambda: (np.array([2.0, 2.0]),),), ", "")
    name, project = make(files={"contract.py": weak})
    code, out, _ = shell("prove", name)
    assert code == 1 and "not proven" in out and "the named mutant never_equal passes" in out
    assert re.search(r"survives +parts\.py:9 ", out) and "EQUIVALENT" in out
    assert not (project / "proof.json").exists(), "only a full proof is kept"


@pytest.mark.slow
def test_a_searched_equivalent_is_compared_and_the_input_that_tells_it_apart_is_told(
    settings: Settings, make: Make
) -> None:
    """The change shows at six numbers alone, which no claim makes; the search does."""
    main_text = prove_toys.MAIN.replace(
        "    return x / spread", "    x = x + 0.0 if x.size == 6 else x\n    return x / spread"
    )
    line = main_text[: main_text.index("x + 0.0")].count("\n") + 1
    listed = {f"scores.py:{line}:12:constant:double": "searched", f"scores.py:{line}:29:constant:+1": "searched"}
    name, _ = make(files={"scores.py": main_text}, equivalents=json.dumps(listed))
    subject = found(name, settings)
    known = {each.id: each for each in subject.mutations()}
    assert set(listed) <= set(known), sorted(known)
    proof = prove(subject, Effort(seeds=1, threads=(1,), sample=None, lazy=False, search=400))
    double, other = (proof.searched[id] for id in listed)
    assert double["difference"]["asked"] == "scaled(…)" and double["difference"]["input"].count(",") == 5
    assert other["difference"] is None and other["inputs"] == 400 < INPUTS
    words = " ".join(proof.problems)
    assert "tells it apart" in words and "was compared on 400 inputs" in words


def test_wrong_usage_and_a_reference_that_does_not_load(shell: Shell, make: Make) -> None:
    name, project = make()
    assert shell("prove", "churn")[0] == 2
    assert shell("prove", "sofmax")[0] == 2
    assert shell("prove", name, "--seed", "-1")[0] == 2
    assert shell("prove", name, "--python", str(project / "no_python"))[0] == 2
    (project / "parts.py").write_text(prove_toys.PARTS + "1 / 0\n")
    code, out, err = shell("prove", name, "--json")
    assert code == 1 and out == "" and "does not load" in err and "Traceback" not in err


def test_a_list_of_equivalents_needs_reasons(make: Make, shell: Shell) -> None:
    code, _, err = shell("prove", make(equivalents='{"a": "two\\nlines"}')[0])
    assert code == 2 and "one line" in err


def test_where_the_proof_cannot_be_written_it_is_said(
    shell: Shell, make: Make, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, project = make()
    (project / "proof.json").mkdir()
    monkeypatch.setattr("castalia.check.proving.FULL", FAST)
    code, out, err = shell("prove", name, "--full")
    assert code == 0 and "cannot be written" in err and "Kept" not in out
    assert list((settings.home / "proofs").iterdir()), "and nothing has to be done again"


def children(pid: int) -> list[int]:
    """Pids of the processes that one started and that live; empty where the kernel does not tell."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def test_a_full_proof_that_is_killed_goes_on(make: Make, settings: Settings) -> None:
    """SIGKILL from outside at random times; what was noted stays, no worker does, and the end is that of any proof."""
    name, _ = make()
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")
    rng = random.Random(seed)
    notes = settings.home / "proofs" / f"{name.replace('/', '.')}.jsonl"
    command = [str(Path(sys.executable).parent / "castalia"), "prove", name, "--full", "--json"]
    counts, workers = [0], list[int]()
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = time.monotonic()
        while not (notes.exists() and notes.read_bytes().count(b"\n") > counts[-1] + 1) and process.poll() is None:
            assert time.monotonic() - begun < 40
            time.sleep(0.02)
        time.sleep(rng.uniform(0.0, 0.5))
        workers += children(process.pid)
        process.kill()
        if process.wait() == 0:  # it was faster than we
            break
        counts.append(len(notes.read_bytes().splitlines()))
        assert counts[-1] > counts[-2] + 1, "it went on from where it was"
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < until, "a worker outlives the proof"
        time.sleep(0.05)
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    value = kept(found(name, settings))
    assert value is not None and value["proven"] and json.loads(done.stdout) == value
    assert value["killed"] == value["tried"] == value["generated"] and len(value["seeds"]) == 30


# --- castalia break ------------------------------------------------------------------------------


@pytest.mark.slow
def test_break_says_what_came_of_it(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = contracts.reference("softmax").read_text("utf-8")
    shift = "shifted - shifted.max(axis=-1, keepdims=True)"
    seven = f"({shift}) * (2.0 if np.shape(x)[:-1] == (7,) else 1.0)"
    (tmp_path / "wrong.py").write_text(right.replace(shift, seven))
    code, out, _ = shell("break", "softmax", "--with", "wrong.py", "--seed", "1", "--json")
    assert code == 0
    told = json.loads(out)
    wanted = documented("castalia break NAME --with wrong.py")
    assert set(told) == set(wanted) and set(told["search"]["difference"]) == set(wanted["search"]["difference"])
    assert told["outcome"] == "break" and Path(told["proposal"]).is_file()
    code, out, _ = shell("break", "softmax", "--with", "wrong.py", "--seed", "1")
    assert code == 0 and "broken" in out and "misconception" in out and told["proposal"] in out
    assert "shifted.max" not in out + Path(told["proposal"]).read_text().replace(seven, ""), "no word of the solution"
    (tmp_path / "wrong.py").write_text(right.replace(shift, "shifted"))
    code, out, _ = shell("break", "softmax", "--with", "wrong.py")
    assert code == 1 and "rejected by large_numbers" in out
    assert shell("break", "softmax")[0] == 2 and shell("break", "softmax", "--with", "nowhere.py")[0] == 2
    monkeypatch.setattr(breaking, "attempt", functools.partial(breaking.attempt, inputs=50))
    (tmp_path / "wrong.py").write_text(right)
    code, out, _ = shell("break", "softmax", "--with", "wrong.py")
    assert code == 1 and "it may be right" in out
