"""Subjects of every kind: a package, a command, a server, a repository, a System. Toys, through the learner's door."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from check_toys import HINTS
from subject_toys import PLACES, Toy, rejections, toy
from tiers import quick_first

from castalia import catalog
from castalia.check import Died, Limits, Report, Runner, check_project
from castalia.check.limits import limits_enforced
from castalia.check.project import runner_for, subject_file
from castalia.check.stubs import untouched_copy
from castalia.core.conformance import same_fields, system_milestone
from castalia.core.contract import Claim, Contract, Failed, Milestone, NotAttempted, Raised, Subject, WrongContract
from castalia.core.errors import NotFound
from castalia.core.settings import Settings

CHECK = Path(__file__).parent.parent / "src" / "castalia" / "check"
OURS = [card.address for card in catalog.cards(Settings(home=Path("nowhere"))) if card.is_system]
POLLED = Limits(namespaces=False)
NEEDS = frozenset({"children", "loopback", "files"})
NAMESPACES = "network namespace" in next(row.why for row in limits_enforced() if row.name == "no network")


def of(adapter: str, project: str = "tool") -> Contract:
    """A contract of that kind, for where its subject is looked for."""
    return replace(toy("tally").contract, adapter=adapter, project=project) if adapter == "repository" else replace(
        toy({"command": "wordcount", "port": "counter"}[adapter]).contract, project=project
    )  # fmt: skip


def write(folder: Path, source: str, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(source)
    return path


def runner(path: Path, adapter: str, **more: Any) -> Runner:
    limits = more.pop("limits", Limits(loopback=True))
    return Runner(path, adapter=adapter, needs=more.pop("needs", NEEDS), limits=limits, **more)


# --- the toys ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", quick_first([1, 2], 1))
@pytest.mark.parametrize("name", PLACES)
def test_the_reference_of_each_kind_passes(name: str, seed: int) -> None:
    found = toy(name)
    report = check_project(found.contract, found.reference, seed=seed, all=True)
    assert report.outcome == "pass", report.first_failure
    assert len(report.claims) == sum(len(each.claims) for each in found.contract.milestones)
    assert len(report.code_hash) == 64 and report.python


@pytest.mark.parametrize("name", quick_first(PLACES, 1))
def test_the_reference_passes_without_namespaces(name: str) -> None:
    found = toy(name)
    report = check_project(found.contract, found.reference, seed=3, all=True, limits=POLLED)
    assert report.outcome == "pass", report.first_failure


@pytest.mark.parametrize("name", PLACES)
def test_the_untouched_interface_is_not_attempted(name: str, tmp_path: Path) -> None:
    found = toy(name)
    report = check_project(found.contract, untouched_copy(found.contract, tmp_path), seed=1, all=True)
    assert {each.outcome for each in report.claims} == {"not_attempted"}, report.first_failure
    assert all(each.why and each.file_line for each in report.claims)


_ONE_IN_THE_QUICK_TIER = [
    pytest.param(each, marks=[pytest.mark.xdist_group(each), *([] if each == "slope" else [pytest.mark.slow])])
    for each in PLACES
]


@pytest.mark.slow
@pytest.mark.parametrize("name", _ONE_IN_THE_QUICK_TIER)
def test_every_wrong_version_is_rejected_and_each_topic_has_its_own(name: str) -> None:
    found = toy(name)
    assert len([each for each in found.mutants if not each.lazy]) >= 10
    assert len([each for each in found.mutants if each.lazy]) >= 3
    rejected = rejections(found, found.mutants)
    assert [id for id, by in rejected.items() if not by] == []
    claims = {claim.id: claim for milestone in found.contract.milestones for claim in milestone.claims}
    proved = set()
    for mutant in found.mutants:
        topics = {topic for claim in rejected[mutant.id] for topic in claims[claim].topics}
        assert set(mutant.topics) <= topics, (mutant.id, rejected[mutant.id])
        proved |= set(mutant.topics)
    assert {topic for claim in claims.values() for topic in claim.topics} <= proved


def test_a_mutant_as_itself_is_no_mutant() -> None:
    """Else a door that rejects everything would look like a contract that rejects what is wrong."""
    for name in ("slope", "wordcount"):
        found = toy(name)
        same = tuple(replace(each, new=each.old, topics=()) for each in found.mutants[:1])
        assert rejections(found, same) == {same[0].id: {}}


# --- outcomes keep their meaning -----------------------------------------------------------------


def command(tmp_path: Path, source: str, name: str = "tool.py") -> Runner:
    return runner(write(tmp_path, source, name), "command")


def test_an_exception_of_a_program_is_told_with_its_kind_and_line(tmp_path: Path) -> None:
    write(tmp_path, "def half(x):\n    return 1 / x\n", "part.py")
    with command(tmp_path, "import sys, part\nprint('begun')\npart.half(len(sys.argv) - 1)\n") as subject:
        assert subject.call("run", ["x"]) == {"code": 0, "out": "begun\n", "err": "", "files": {}}
        with pytest.raises(Raised) as raised:
            subject.call("run", [])
        assert (raised.value.kind, raised.value.file_line) == ("ZeroDivisionError", "part.py:2")
        assert "ZeroDivisionError" in subject.output()
        assert [Path(each).name for each in subject.loaded_files()] == ["part.py", "tool.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part.py", "tool.py"]


def test_a_program_that_does_not_end_is_a_timeout_with_its_line_and_last_words(tmp_path: Path) -> None:
    source = "import sys\nprint('so far', file=sys.stderr, flush=True)\nwhile True:\n    pass\n"
    for limits in (Limits(), POLLED):
        with runner(write(tmp_path, source, "tool.py"), "command", limits=limits) as subject:
            with pytest.raises(Died) as died:
                subject.call("run", [], seconds=0.5)
            assert died.value.outcome == "timeout" and "so far" in died.value.why
            assert died.value.file_line in ("tool.py:3", "tool.py:4")
            assert subject.alive, "the runner outlives what it started"
            subject.allow(0.4)
            with pytest.raises(Died, match="timeout"):
                subject.call("run", [])


def test_a_flood_of_output_is_no_answer(tmp_path: Path) -> None:
    with command(tmp_path, "while True: print('x' * 100000)\n") as subject, pytest.raises(Failed, match="16 MB"):
        subject.call("run", [])


def test_a_command_gets_files_input_and_environment_and_nothing_of_the_run_before(tmp_path: Path) -> None:
    source = """
import os, sys
print(sorted(os.listdir()), sys.stdin.read(), os.environ.get('TONE'))
open('new.txt', 'w').write('new'); open('raw', 'wb').write(bytes([255]))
os.makedirs('deep', exist_ok=True); open('deep/a.txt', 'a').write('!')
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'mine.txt'), 'w').close()
sys.exit(7)
"""
    with command(tmp_path, source) as subject:
        for _ in range(2):
            done = subject.call("run", [], stdin="said", files={"deep/a.txt": "a", "b": b"b"}, env={"TONE": "low"})
            assert (done["code"], done["out"]) == (7, "['b', 'deep'] said low\n")
            assert done["files"] == {"new.txt": "new", "raw": bytes([255]), "deep/a.txt": "a!"}
    assert [path.name for path in tmp_path.iterdir()] == ["tool.py"], "it ran in a copy"


def test_a_program_may_be_a_package_a_folder_or_any_executable(tmp_path: Path) -> None:
    write(tmp_path, "", "tool/__init__.py")
    write(tmp_path, "WORD = 'package'\n", "tool/inner.py")
    write(tmp_path, "from .inner import WORD\nprint(WORD)\n", "tool/__main__.py")
    write(tmp_path, "import beside\nprint(beside.WORD)\n", "plain/__main__.py")
    write(tmp_path, "WORD = 'folder'\n", "plain/beside.py")
    script = write(tmp_path, "#!/bin/sh\necho script\n", "script")
    for name, path in (("package", subject_file(of("command"), tmp_path)), ("folder", tmp_path / "plain")):
        with runner(path, "command") as subject:
            assert subject.call("run", [])["out"] == f"{name}\n"
    with runner(tmp_path / "tool" / "__init__.py", "command") as subject:  # the milestone after a module's
        assert subject.call("run", [])["out"] == "package\n"
    with pytest.raises(NotAttempted, match="chmod"), runner(script, "command"):
        pass
    script.chmod(0o755)
    assert subject_file(of("command", "script"), tmp_path) == script
    with runner(script, "command") as subject:
        assert subject.call("run", [])["out"] == "script\n"
    (tmp_path / "tool" / "__main__.py").unlink()
    with pytest.raises(NotAttempted, match="__main__"), runner(tmp_path / "tool" / "__init__.py", "command"):
        pass


SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {body}
print('started', flush=True)
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.mark.parametrize(
    ("source", "outcome", "words"),
    [
        ("print('warming up', flush=True)\nimport time\ntime.sleep(60)\n", "timeout", "warming up"),
        ("print('no luck')\n", "learner_error", "exit code 0"),
        ("import sys\nsys.exit('bad port')\n", "learner_error", "bad port"),
        (SERVER.format(body="import os; os._exit(3)"), "learner_error", "exit code 3"),
        (SERVER.format(body="import time; time.sleep(60)"), "timeout", "started"),
        (SERVER.format(body="self.wfile.write(b'no http at all')"), "learner_error", "no HTTP answer"),
    ],
)
def test_a_server_that_does_not_answer_says_how_it_ended(tmp_path: Path, source: str, outcome: str, words: str) -> None:
    with runner(write(tmp_path, source, "tool.py"), "port") as subject:
        subject.allow(1.5)
        with pytest.raises(Died) as died:
            subject.new("Server", ["{port}"]).call("request", "GET", "/")
        assert died.value.outcome == outcome and words in died.value.why


def test_an_exception_in_a_handler_is_told_with_its_line(tmp_path: Path) -> None:
    source = SERVER.format(body="return {}['missing']")
    for limits in (Limits(loopback=True), POLLED):
        with runner(write(tmp_path, source, "tool.py"), "port", limits=limits) as subject:
            server = subject.new("Server", ["{port}"])
            with pytest.raises(Raised) as raised:
                server.call("request", "GET", "/")
            assert (raised.value.kind, raised.value.file_line) == ("KeyError", "tool.py:5")
            assert server.call("running") is True and server.call("stop") == -15


def test_no_process_stays(tmp_path: Path) -> None:
    """A server and a grandchild in a session of its own, in the middle of being served."""
    tag = f"{time.time_ns() % 10**9}"
    source = f"import subprocess\nsubprocess.Popen(['sleep', '4321.{tag}'], start_new_session=True)\n"
    path = write(tmp_path, source + SERVER.format(body="pass"), "tool.py")
    for limits in (Limits(loopback=True), POLLED):
        with runner(path, "port", limits=limits) as subject:
            subject.new("Server", ["{port}"])
            assert running(tag)
        assert not running(tag)


def running(tag: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"4321.{tag}".encode() in path.read_bytes():
                found.append(str(path))
        except OSError:
            continue
    return found


# --- what a claim needs --------------------------------------------------------------------------


def claim(holds: Callable[[Subject], None], needs: frozenset[str] = frozenset(), at: str = "f") -> Claim:
    return Claim(
        id="one", words="it does as it should", topics={"py01": 1.0}, make=lambda rng, size: (), holds=holds, at=at,
        hints=HINTS, needs=needs, cases=1,
    )  # fmt: skip


def contract(holds: Callable[[Subject], None], needs: frozenset[str] = frozenset(), **more: Any) -> Contract:
    return Contract("tool", "def f(): ...\n", (Milestone("M1", "One", (claim(holds, needs),), **more),))


def checked(tmp_path: Path, source: str, made: Contract, **more: Any) -> Report:
    return check_project(made, write(tmp_path, source, "tool.py"), seed=1, **more)


def test_a_contract_says_what_its_adapter_needs() -> None:
    def holds(subject: Subject) -> None: ...

    with pytest.raises(WrongContract, match="one of") as caught:
        contract(holds, adapter="commnd")
    assert "command" in caught.value.cure
    with pytest.raises(WrongContract, match="children"):
        contract(holds, adapter="command")
    with pytest.raises(WrongContract, match="loopback"):
        contract(holds, frozenset({"children"}), adapter="port")
    made = contract(holds, frozenset({"children"}), adapter="command")
    assert made.adapter_of("M1") == "command" and made.adapter == "module"


def test_loopback_children_and_files_are_given_to_whom_they_are_promised(tmp_path: Path) -> None:
    source = "import socket\ndef f():\n    with socket.create_server(('127.0.0.1', 0)) as server:\n"
    source += "        socket.create_connection(server.getsockname(), timeout=2).close()\n        return 1\n"

    def connects(subject: Subject) -> None:
        assert subject.call("f") == 1

    assert checked(tmp_path, source, contract(connects, frozenset({"loopback"}))).outcome == "pass"
    if NAMESPACES:
        assert checked(tmp_path, source, contract(connects)).outcome == "learner_error"
    processes = {}
    for needs in (frozenset[str](), frozenset({"children"})):
        with runner_for(contract(connects, needs), "M1", tmp_path / "tool.py", sys.executable) as subject:
            processes[len(needs)] = subject.limits.processes
    assert processes[0] == Limits().processes < processes[1]


def test_the_imports_of_the_imported_files_are_told_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(
        "import os.path\nimport near\n\ndef f():\n    from json import loads\n    import late\n"
    )
    (tmp_path / "near.py").write_text("import csv, numpy\n")
    (tmp_path / "late.py").write_text("import torch\n")
    with Runner(tmp_path / "tool.py") as subject:
        told = sorted(map(tuple, subject.call("castalia.imports")))
    assert told == [("csv", "near.py:1"), ("json", "tool.py:5"), ("numpy", "near.py:1"), ("os", "tool.py:1")]
    with Runner(tmp_path / "tool.py") as subject:
        subject.load({tmp_path / "near.py": "x = 1\nimport decimal\n"})
        assert ["decimal", "near.py:2"] in subject.call("castalia.imports")


def test_a_folder_is_handed_to_a_function_of_a_claim_that_needs_files(tmp_path: Path) -> None:
    source = (
        "import csv, pathlib\ndef f(folder):\n    table = list(csv.reader(open(pathlib.Path(folder) / 'in.csv')))\n"
    )
    source += "    (pathlib.Path(folder) / 'out.txt').write_text(str(len(table)))\n    return table\n"

    def reads(subject: Subject) -> None:
        folder = subject.new("castalia.Folder", {"in.csv": "a,b\n1,2\n"})
        assert subject.call("f", folder) == [["a", "b"], ["1", "2"]]
        assert folder.call("names") == ["in.csv", "out.txt"] and folder.call("read", "out.txt") == "2"
        assert subject.call("f", folder.get("where")) == [["a", "b"], ["1", "2"]] and folder.call("read", "no") is None

    report = checked(tmp_path, source, contract(reads, frozenset({"files"})))
    assert report.outcome == "pass", report.first_failure
    refused = checked(tmp_path, source, contract(reads)).claims[0]
    assert refused.outcome == "tool_error" and "needs files" in refused.why


SAYS = """
import sys
import {module} as theirs

print(theirs.f(int(sys.argv[1])), flush=True)
print(theirs.f(int(sys.stdin.readline())), flush=True)
sys.stdin.readline()
theirs.f(0)
"""


@pytest.mark.parametrize("place", ["tool.py", "tool/__init__.py"])
def test_a_script_of_a_claim_imports_the_module_in_another_process(tmp_path: Path, place: str) -> None:
    """Also a mutant's text; what it raises is told with the learner's own line, and a killed one says nothing more."""
    source = "import near\n\n\ndef f(x):\n    return near.ONE / x\n"
    package = place.endswith("__init__.py")
    path = write(tmp_path, source.replace("import", "from . import") if package else source, place)
    near = write(path.parent, "ONE = 1\n", "near.py")

    def asks(subject: Subject) -> None:
        script = subject.new("castalia.Script", SAYS, [4])
        assert script.call("read_line") == "0.25\n"
        script.call("write", "2\n")
        assert script.call("read_line") == "0.5\n" and script.call("running")
        script.call("write", "go\n")
        with pytest.raises(Raised, match="ZeroDivisionError") as told:
            script.call("wait")
        assert told.value.file_line == ("tool/__init__.py:5" if package else "tool.py:5")
        killed = subject.new("castalia.Script", SAYS, [4])
        killed.call("kill")
        assert not killed.call("running")

    made = contract(asks, frozenset({"children"}))
    report = check_project(made, path, seed=1)
    assert report.outcome == "pass", report.first_failure
    with runner_for(made, "M1", path, sys.executable) as subject:
        subject.load({near: "ONE = 8\n"})
        subject.allow(5.0)
        assert subject.new("castalia.Script", SAYS, [4]).call("read_line") == "2.0\n"
    refused = check_project(contract(asks), path, seed=1).claims[0]
    assert refused.outcome == "tool_error" and "needs children" in refused.why


def test_what_a_program_consists_of_is_hashed(tmp_path: Path) -> None:
    def runs(subject: Subject) -> None:
        assert subject.call("run", [])["code"] == 0

    made = contract(runs, frozenset({"children"}), adapter="command")
    part = write(tmp_path, "ONE = 1\n", "part.py")
    one = checked(tmp_path, "import part\n", made)
    part.write_text("ONE = 2\n")
    two = checked(tmp_path, "import part\n", made)
    assert one.outcome == two.outcome == "pass" and one.code_hash != two.code_hash


# --- a repository --------------------------------------------------------------------------------


def git(folder: Path, *words: str) -> None:
    given = ("-c", "user.name=Toy", "-c", "user.email=toy@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *given, *words], cwd=folder, check=True, capture_output=True)


def test_a_repository_is_read_and_a_test_fails_before_the_change_and_passes_after(tmp_path: Path) -> None:
    write(tmp_path, "def double(x):\n    return x + x + 1\n", "tool.py")
    git(tmp_path, "init")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "A tool")
    write(tmp_path, "def double(x):\n    return x + x\n", "tool.py")
    test = write(tmp_path, "import tool\nassert tool.double(2) == 4\n", "check_tool.py").read_text()
    write(tmp_path, "", "empty.md")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "Fix double, with a test")
    write(tmp_path, "draft", "draft.md")
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with runner(tmp_path, "repository") as subject:
        assert subject.call("files") == ["check_tool.py", "draft.md", "empty.md", "tool.py"]
        assert subject.call("git", "log", "--format=%s")["out"].splitlines() == ["Fix double, with a test", "A tool"]
        assert "draft.md" in subject.call("git", "status", "--porcelain")["out"]
        tests = ["python", "check_tool.py"]
        assert subject.call("run", tests)["code"] == 0 and subject.call("run", tests, at="HEAD")["code"] == 0
        failed = subject.call("run", tests, at="HEAD~1", files={"check_tool.py": test})
        assert failed["code"] == 1 and "AssertionError" in failed["err"]
        with pytest.raises(NotAttempted, match="CHANGELOG"):
            subject.call("read", "CHANGELOG.md")
        with pytest.raises(NotAttempted, match="is empty"):
            subject.call("read", "empty.md")
        with pytest.raises(Failed, match="leads out"):
            subject.call("read", "../other/secret.txt")
        for wrong in (("push",), ("log", "--output=x"), ("config", "core.pager", "x")):
            with pytest.raises(Died, match="more than read"):
                subject.call("git", *wrong)
        with pytest.raises(Died, match="no commit"):
            subject.call("run", tests, at="HEAD~7")
    with runner(tmp_path / "tool.py", "repository", needs=frozenset()) as subject:
        assert subject.call("read", "tool.py").startswith("def double")
        with pytest.raises(Died, match="needs children"):
            subject.call("run", ["python", "check_tool.py"])
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before


# --- a System ------------------------------------------------------------------------------------

SYSTEM = """from castalia.core.system import Field, Record, System
class Params(Record):
    by: float = Field(2.0, description="Factor.")
class Input(Record):
    xs: list[float] = Field(examples=[[1.0]], description="Numbers.")
class Output(Record):
    y: float = Field(description="Answer.")
class Tool(System[Params, Input, Output]):
    "Multiplies."
    QUICK = Params()
    def __call__(self, x):
        {body}
"""


TWICE = "class Again(Tool):\n    'The same again.'\n"


def test_a_system_is_asked_in_plain_dicts(tmp_path: Path) -> None:
    source = SYSTEM.format(body="x.xs.append(1.0); return Output(y=sum(x.xs) * self.params.by)")
    with runner(write(tmp_path, source, "tool.py"), "system") as subject:
        told = subject.call("describe")
        assert (told["name"], told["example"], told["fits"]) == ("Tool", {"xs": [1.0]}, False)
        system = subject.new("System", {"by": 3.0})
        assert system.call("call", {"xs": [2.0]}) == {"y": 9.0} and system.get("changed") is True
        with pytest.raises(Raised) as raised:
            system.call("call", {"xs": ["two"]})
        assert raised.value.kind == "WrongInput" and "xs" in raised.value.message
        with pytest.raises(NotAttempted, match="verb"):
            system.call("verb", "sing", {})


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("def f(): return 1\n", NotAttempted, "no class that derives from System"),
        ("import no_such_module\n", Raised, "no_such_module"),
        (SYSTEM.format(body="return {}") + TWICE, Failed, "2 Systems"),
        (SYSTEM.format(body="return 1").replace('    "Multiplies."\n', ""), Raised, "WrongSystem"),
    ],
)
def test_a_file_without_a_sound_system_says_so(tmp_path: Path, source: str, error: Any, words: str) -> None:
    with pytest.raises(error, match=words), runner(write(tmp_path, source, "tool.py"), "system"):
        pass


def test_an_answer_that_is_no_output_is_a_wrong_answer(tmp_path: Path) -> None:
    with runner(write(tmp_path, SYSTEM.format(body="return {}"), "tool.py"), "system") as subject:
        with pytest.raises(Failed) as failed:
            subject.new("System").call("call", {"xs": [1.0]})
        assert (failed.value.got, failed.value.expected) == ("an answer of type dict", "an Output")


# --- the door ------------------------------------------------------------------------------------


def test_the_learners_modules_of_our_names_are_theirs(tmp_path: Path) -> None:
    ours = ("learner", "runner", "adapters", "programs", "folder", "command", "port", "system")
    for name in ours:
        write(tmp_path, f"WORD = 'their {name}'\n", f"{name}.py")
    imports = "".join(f"import {name}\n" for name in ours)
    path = write(tmp_path, imports + f"def f(): return [{', '.join(f'{name}.WORD' for name in ours)}]\n", "tool.py")
    with Runner(path) as subject:
        assert subject.call("f") == [f"their {name}" for name in ours]
        assert len(subject.loaded_files()) == len(ours) + 1
    alone = write(tmp_path / "alone", "def f():\n    import learner\n", "tool.py")
    with Runner(alone) as subject, pytest.raises(Raised, match="No module named 'learner'"):
        subject.call("f")


def test_what_runs_in_the_learners_python_keeps_to_an_old_one_and_the_standard_library() -> None:
    files = [CHECK / "runner.py", CHECK / "learner.py", *sorted((CHECK / "adapters").glob("*.py"))]
    assert len(files) == 10
    for path in files:
        tree = ast.parse(path.read_text(), feature_version=(3, 8))
        guards = [
            each for each in ast.walk(tree) if isinstance(each, ast.If) and "TYPE_CHECKING" in ast.dump(each.test)
        ]
        typed = {node for each in guards for node in ast.walk(each)}
        names = {
            name for node in ast.walk(tree) if node not in typed
            for name in ([each.name for each in node.names] if isinstance(node, ast.Import)
                         else [node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        }  # fmt: skip
        foreign = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
        assert foreign <= {"numpy"} | ({"castalia"} if path.stem == "system" else set()), path


def test_nothing_at_the_place_is_said_for_every_kind(tmp_path: Path) -> None:
    for adapter in ("command", "port"):
        with pytest.raises(NotFound, match="no tool") as told:
            subject_file(of(adapter), tmp_path, "mine/tool")
        assert "castalia new mine/tool --learn" in told.value.cure
    with pytest.raises(NotFound):
        subject_file(of("repository"), tmp_path / "nowhere")
    assert subject_file(of("repository"), tmp_path) == tmp_path.resolve()
    (tmp_path / "yours" / "tool").mkdir(parents=True)
    assert subject_file(of("repository"), tmp_path) == tmp_path.resolve() / "yours" / "tool"


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv that sees NumPy and nothing else of ours."""
    venv = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    site = next((venv / "lib").glob("python*/site-packages"))
    for name in ("numpy", "numpy.libs"):
        found = Path(np.__file__).parents[1] / name
        if found.exists():
            (site / name).symlink_to(found)
    return venv / "bin" / "python"


@pytest.mark.parametrize("name", quick_first(["slope", "wordcount", "counter", "tally"], 2))
def test_another_python_needs_no_castalia_but_for_a_system(name: str, bare_python: Path, tmp_path: Path) -> None:
    found = toy(name)
    place = plain_slope(found, tmp_path) if name == "slope" else found.reference
    code = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from castalia.check import check_project
from subject_toys import toy
report = check_project(toy(sys.argv[2]).contract, sys.argv[3], python=sys.argv[4], seed=1)
print(json.dumps(report.as_dict()))
"""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    paths = json.dumps([str(Path(__file__).parent), *sys.path])
    arguments = [sys.executable, "-c", code, paths, name, str(place), str(bare_python)]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    if name == "slope":
        assert [each["outcome"] for each in report["claims"]] == ["pass", "pass", "tool_error"]
        assert "cannot import castalia" in report["claims"][-1]["why"] and "--python" in report["claims"][-1]["why"]
    else:
        assert report["outcome"] == "pass", report["claims"]


def plain_slope(found: Toy, folder: Path) -> Path:
    """The two functions of the toy alone, as somebody writes them who has no castalia."""
    text = found.reference.read_text()
    functions = text[text.index("def loss(") : text.index("class Slope(")]
    return write(folder, "import numpy as np\nArray = np.ndarray\n\n" + functions, "slope.py")


def test_without_a_process_between_a_command_is_checked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of Windows: the runner is a direct child."""
    monkeypatch.setattr("castalia.check.sandbox.CAGED", False)
    with command(tmp_path, "import sys\nprint(sys.argv[1:])\n") as subject:
        assert subject.call("run", ["a", "b"])["out"] == "['a', 'b']\n"


@pytest.mark.slow
@pytest.mark.parametrize("namespaces", [True, False], ids=["namespaces", "polled"])
def test_an_ordinary_user_is_checked_too(namespaces: bool) -> None:
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv to become another user")
    from test_check_attacks import NOBODY, interpreter_of_nobody

    become, path = interpreter_of_nobody()
    folder = Path(tempfile.mkdtemp(prefix="castalia-adapters-"))
    os.chown(folder, NOBODY, NOBODY)
    code = """
import json, sys
from castalia.check import Limits, check_project
from subject_toys import toy
for name in ("wordcount", "counter", "tally", "slope"):
    found = toy(name)
    limits = Limits(namespaces=sys.argv[1] == "True")
    report = check_project(found.contract, found.reference, seed=1, all=True, limits=limits)
    print(name, report.outcome, report.first_failure)
"""
    environment = {
        **os.environ,
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), path]),
    }
    try:
        done = subprocess.run(
            [*become, "-c", code, str(namespaces)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert [line.split()[1] for line in done.stdout.splitlines()] == ["pass"] * 4, done.stdout
        assert list(folder.iterdir()) == []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_our_own_systems_pass_the_last_milestone(name: str) -> None:
    """No false alarm: what the conformance test asks of ours, and what a contract asks of a learner's, agree."""
    card, cls = catalog.card(name), catalog.system_class(name)
    last = system_milestone("M1", system=cls.__name__, topics={"py02": 1.0}, fits=cls.can("fit"), cases=1, budget=60.0)
    made = Contract(name, f"class {cls.__name__}: ...\n", (last,), adapter="system")
    report = check_project(made, card.folder / f"{name}.py", seed=1, all=True)
    assert report.outcome == "pass", report.first_failure


def test_the_fields_of_a_system_may_be_more_but_not_others() -> None:
    wanted = {"properties": {"a": {"type": "number", "maximum": 1, "title": "A"}}, "type": "object"}
    more = {**wanted, "properties": {**wanted["properties"], "b": {"default": 1}}}  # type: ignore[dict-item]
    same_fields(more, wanted, "Params", more=True)
    words = {"properties": {"a": {"type": "number", "maximum": 1, "description": "Another."}}, "type": "object"}
    same_fields(words, wanted, "Input")
    with pytest.raises(Failed):
        same_fields(more, wanted, "Input")
    for other in ({"type": "number", "maximum": 2}, {"type": "integer", "maximum": 1}, {"type": "number"}):
        with pytest.raises(Failed, match="Params, properties, a"):
            same_fields({**wanted, "properties": {"a": other}}, wanted, "Params", more=True)
    with pytest.raises(Failed):
        same_fields({**more, "required": ["a"]}, wanted, "Params", more=True)
