"""Limits: what the contract states, what the kernel keeps to, what this machine is told about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from check_toys import CONTRACT, HONEST, ONE

from castalia.check import Limits, Runner, check_project, contracts, limits_enforced
from castalia.check.limits import enforced_by
from castalia.check.seal import imported_files, text_of
from castalia.check.topics import title, titles
from castalia.core.contract import WrongContract
from castalia.core.errors import Unavailable

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="what is looked at is the Linux kernel's")


def write(folder: Path, source: str) -> Path:
    path = folder / "softmax.py"
    path.write_text(source)
    return path


# --- the contract's files ------------------------------------------------------------------------


def test_the_hash_covers_every_file_that_a_contract_imports_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    (folder / "parts").mkdir(parents=True)
    (folder / "contract.py").write_text(
        "import numpy\nimport shelf.toy.one\nfrom shelf.toy import two as t\n"
        "from . import three\nfrom .parts.four import x\n"
    )
    for name in ("one", "two", "three", "parts/four", "unread"):
        (folder / f"{name}.py").write_text("from shelf.toy.parts import five\n" if name == "one" else "x = 1\n")
    (folder / "parts" / "five.py").write_text("import os\n")
    found = imported_files(folder / "contract.py")
    assert {path.name for path in found} == {
        f"{name}.py" for name in ("contract", "one", "two", "three", "four", "five")
    }
    before = text_of(found)
    (folder / "parts" / "five.py").write_text("import sys\n")
    assert text_of(found) != before


@pytest.mark.parametrize("name", contracts.exercises())
def test_find_fills_in_text_and_files(name: str) -> None:
    contract = contracts.find(name)
    files = {path.name for path in contract.files}
    assert {"contract.py", "reference.py"} <= files and ("properties.py" in files) == (name == "basics")
    assert all(path.read_text("utf-8") in contract.source for path in contract.files if path.name != "reference.py")


def test_nothing_is_said_about_code_when_the_contract_changed_meanwhile(tmp_path: Path) -> None:
    own = tmp_path / "contract.py"
    own.write_text("right")
    own.chmod(0o666)
    limits = Limits(namespaces=False)  # enclosed it could not write there at all
    sealed = replace(CONTRACT, files=(own,))
    honest = check_project(sealed, write(tmp_path, HONEST), seed=1, limits=limits)
    assert honest.passed
    path = write(tmp_path, HONEST + f"\nopen({str(own)!r}, 'w').write('wrong')\n")
    for folder in [tmp_path, *tmp_path.parents][:4]:
        if not os.access(folder, os.X_OK):
            pytest.skip("no way for the runner to the file")
    report = check_project(sealed, path, seed=1, limits=limits)
    if own.read_text() == "right":
        pytest.skip("the runner could not write there")
    assert report.outcome == "tool_error" and report.exit_code == 3
    assert [each.outcome for each in report.claims] == ["tool_error"] and "contract.py" in report.claims[0].why
    assert report.first_failure and report.first_failure.action


# --- memory and time -----------------------------------------------------------------------------


def test_a_contract_states_its_memory_and_the_report_shows_what_was_held(tmp_path: Path) -> None:
    holds = HONEST + "\nheld = np.ones(40_000_000)\nimport time\ntime.sleep(0.1)\n"
    report = check_project(replace(ONE, memory=1024), write(tmp_path, holds), seed=1)
    assert report.passed
    if sys.platform == "linux":
        assert 320e6 < report.memory < 600e6 and report.as_dict()["memory"] == report.memory
        small = check_project(replace(ONE, memory=256), tmp_path, seed=1)
        assert small.outcome == "memory" and "256 MiB are allowed" in small.claims[0].why
    with pytest.raises(WrongContract, match="memory"):
        replace(ONE, memory=10)


def test_limits_of_a_contract_follow_its_memory_and_budgets() -> None:
    limits = Limits.of(replace(CONTRACT, memory=4096))
    assert limits.memory == 4 << 30 and limits.address_space == 32 << 30
    assert limits.cpu == 2 * (limits.start + 3 * 2.0) + 2


@LINUX
@pytest.mark.parametrize("name", contracts.exercises())
def test_the_reference_holds_at_most_a_quarter_of_what_is_allowed(name: str) -> None:
    report = check_project(contracts.find(name), contracts.reference(name), seed=1)
    assert report.passed and 0 < 4 * report.memory <= contracts.find(name).memory << 20


# --- root, and what it becomes ---------------------------------------------------------------------

WHO = """
import os, threading
def who(): return os.getuid()
def write(path): open(path, "w").write("x")
def read(path): return open(path).read()
def threads(most):
    end, made = threading.Event(), []
    try:
        while len(made) < most:
            made.append(threading.Thread(target=end.wait))
            made[-1].start()
    except RuntimeError:
        return len(made) - 1
    finally:
        end.set()
    return len(made)
"""


@LINUX
@pytest.mark.parametrize("namespaces", [True, False], ids=["namespaces", "polled"])
def test_root_becomes_a_user_of_its_own_who_reads_all_and_writes_nothing(tmp_path: Path, namespaces: bool) -> None:
    if os.geteuid():
        pytest.skip("an ordinary user stays who they are")
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    path = write(hidden, WHO)
    path.chmod(0o600)
    (hidden / "thesis").write_text("years of work")
    limits = Limits(namespaces=namespaces, processes=200)
    with Runner(path, limits=limits) as one, Runner(path, limits=limits) as two:
        if one.refused and one.refused["own user"]:
            pytest.skip(f"not here: {one.refused['own user']}")
        users = {one.call("who"), two.call("who")}
        assert len(users) == 2 and 0 not in users and 65534 not in users
        assert one.call("read", str(hidden / "thesis")) == "years of work"
        with pytest.raises(Exception, match=r"Permission denied|Read-only"):
            one.call("write", str(hidden / "thesis"))
    assert (hidden / "thesis").read_text() == "years of work"


@LINUX
@pytest.mark.parametrize("namespaces", [True, False], ids=["namespaces", "polled"])
def test_the_kernel_itself_refuses_more(tmp_path: Path, namespaces: bool) -> None:
    """Threads count for the kernel and not for the polling, so it is the kernel that is seen here."""
    with Runner(write(tmp_path, WHO), limits=Limits(namespaces=namespaces, processes=9)) as subject:
        rows = {row.name: row for row in subject.enforced()}
        if not rows["processes"].enforced:
            assert rows["processes"].cure
            pytest.skip(rows["processes"].why)
        assert subject.call("threads", 300) < (36 if "its own" in rows["processes"].why else 300)


@LINUX
def test_a_limit_on_processes_is_tried_and_not_guessed() -> None:
    from castalia.check import namespaces

    as_it_is = namespaces.holds_processes(0)
    assert bool(as_it_is) == (os.geteuid() == 0)
    if os.geteuid() == 0 and not as_it_is.startswith("root cannot"):
        assert namespaces.holds_processes(namespaces.a_user()) == ""
        assert namespaces.a_user() != namespaces.a_user()
    else:
        assert namespaces.a_user() == 0


@LINUX
def test_root_without_any_means_is_told_that_a_storm_is_felt() -> None:
    polled = {"pid namespace": "no", "network namespace": "no", "read-only files": "no"}
    rows = {row.name: row for row in enforced_by({**polled, "own user": "x", "process limit": "root is not counted"})}
    assert not rows["processes"].enforced and "felt" in rows["processes"].why and rows["processes"].cure
    rows = {row.name: row for row in enforced_by({**polled, "own user": "", "process limit": ""})}
    assert rows["processes"].enforced and "its own" in rows["files outside"].why and not rows["files outside"].enforced
    rows = {row.name: row for row in enforced_by({"number of processes": "", "process limit": "x", "own user": "x"})}
    assert rows["processes"].enforced and "400" in rows["processes"].why


def test_every_limit_that_does_not_hold_has_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    for platform in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", platform)
        rows = enforced_by({})
        assert all(bool(row.cure) != row.enforced for row in rows) and not all(row.enforced for row in rows)
        json.dumps([row.as_dict() for row in rows])


def test_doctor_names_the_limits_that_do_not_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from castalia.cli import doctor
    from castalia.core.settings import Settings

    settings = Settings.read()
    checks = list(doctor._limits(settings))
    assert checks[0].state == "ok" and len(checks) == 1 + sum(not row.enforced for row in limits_enforced())
    monkeypatch.setattr("castalia.check.limits.limits_enforced", lambda: enforced_by({}))
    notes = [each for each in doctor._limits(settings) if each.state == "note"]
    assert {each.name for each in notes} >= {"limit no network", "limit files outside"}
    assert all(each.cure and "does not hold" in each.found for each in notes)


# --- systems that lack things ----------------------------------------------------------------------

BLOCKER = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name in ("fcntl", "resource"):
            raise ModuleNotFoundError("blocked: " + name, name=name)
sys.meta_path.insert(0, Block())
"""
CHECK = """
import json, sys
import castalia.check.sandbox as sandbox
sandbox.CAGED = sandbox.CAGED and sys.argv[2] == "caged"
import castalia
from castalia.check import check_project, contracts, Limits
from dataclasses import replace
contract = contracts.find("softmax")
claims = tuple(replace(claim, budget=1.0) for claim in contract.milestones[0].claims)
contract = replace(contract, milestones=(replace(contract.milestones[0], claims=claims),))
files = (contracts.reference("softmax"), sys.argv[1])
print(json.dumps([check_project(contract, at, seed=1).as_dict() for at in files]))
"""


@pytest.mark.parametrize("way", ["caged", "direct"])
def test_check_works_without_fcntl_and_resource(tmp_path: Path, way: str) -> None:
    """As on macOS and Windows: in the checker, in the process between and in the runner."""
    if way == "caged" and os.name != "posix":
        pytest.skip("there is no process between on this system")
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "sitecustomize.py").write_text(BLOCKER)
    loop = write(tmp_path, "import numpy as np\ndef softmax(x):\n    while True:\n        x = x + 1\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "block"), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(loop), way], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    right, late = json.loads(done.stdout)
    assert right["outcome"] == "pass", right["claims"]
    assert late["outcome"] == "timeout" and late["claims"][0]["file_line"].startswith("softmax.py:")
    missing = {each["name"] for each in right["enforced"] if not each["enforced"]}
    assert {"address space", "cpu", "file size", "open files"} <= missing  # a namespace may still count processes
    assert all(each["cure"] for each in right["enforced"] if each["name"] in missing)


# --- interpreters --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["#!/bin/sh\ncat\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\necho 'SyntaxError: invalid syntax' >&2\nexit 1\n",
     "#!/bin/sh\nwhile true; do echo y; done\n", "no program"],
    ids=["echo", "nothing", "too old", "noise", "no program"],
)  # fmt: skip
def test_what_is_no_python_is_said_and_is_not_the_learners_fault(tmp_path: Path, text: str) -> None:
    program = tmp_path / "python9"
    program.write_text(text)
    program.chmod(0o755)
    with pytest.raises(Unavailable) as raised:
        check_project(CONTRACT, write(tmp_path, HONEST), python=str(program), seed=1, limits=Limits(start=3.0))
    assert "python9" in str(raised.value) and "Python 3.8 or newer with NumPy" in str(raised.value)
    if "SyntaxError" in text:
        assert "SyntaxError" in str(raised.value)


# --- topics ----------------------------------------------------------------------------------------


def test_topics_have_titles() -> None:
    found = titles()
    assert len(found) == 115 and len(set(found.values())) == 115 and title("ma10") == "numerical methods"
    skills = {"cs": 6, "sq": 2, "da": 6, "to": 8, "or": 1, "py": 10, "ma": 10, "ml": 10, "dl": 10, "cv": 10, "nl": 10,
              "ad": 10, "ge": 2, "mo": 10, "rs": 10}  # fmt: skip
    assert list(found) == [f"{skill}{number + 1:02}" for skill, count in skills.items() for number in range(count)]
    assert title("zz99") == "zz99"


@pytest.mark.parametrize("name", contracts.names())
def test_every_topic_of_a_contract_is_one_of_the_roadmaps(name: str) -> None:
    from castalia.check.contracts import mutants

    told = {topic for each in contracts.find(name).milestones for claim in each.claims for topic in claim.topics}
    assert told | {topic for mutant in mutants(name) for topic in mutant.topics} <= set(titles())


def test_a_result_tells_the_topics_title(tmp_path: Path) -> None:
    report = check_project(ONE, write(tmp_path, HONEST), seed=1)
    assert report.claims[0].topic == "ma10" and report.as_dict()["claims"][0]["topic_title"] == "numerical methods"
