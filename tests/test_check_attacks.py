"""Hostile code gets its right outcome, the checker survives, nothing is touched and no process stays.

Replayed as this user and, when this is root, as an ordinary one; with the kernel's namespaces and without.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from check_toys import HOSTILE, ONLY_ENCLOSED

from castalia.jobs.processes import environment_of, marked

pytestmark = [
    pytest.mark.timeout(180),  # a module's worth of attacks is replayed before the first test
    pytest.mark.skipif(sys.platform != "linux", reason="what is left behind is looked for in /proc"),
]
ROOT = Path(__file__).parent.parent
NOBODY = 65534
WAYS = [
    # One way in the quick tier; all four, the fork bombs with them, in `make check`.
    pytest.param(
        (user, means), id=f"{user}-{means}", marks=[] if (user, means) == ("me", "namespaces") else pytest.mark.slow
    )
    for user in ("me", "ordinary user")
    for means in ("namespaces", "polled")
]


@pytest.fixture(scope="module", params=WAYS)
def reports(request: pytest.FixtureRequest) -> Iterator[dict[str, dict[str, Any]]]:
    user, means = request.param
    as_root = os.geteuid() == 0
    if user == "ordinary user" and not (as_root and shutil.which("setpriv")):
        pytest.skip("needs root and setpriv to become another user")
    folder = Path(tempfile.mkdtemp(prefix="castalia-attacks-"))
    (folder / "tmp").mkdir()
    command, path = [sys.executable], os.pathsep.join(sys.path)
    if user == "ordinary user":
        for place in (folder, folder / "tmp"):
            os.chown(place, NOBODY, NOBODY)
        command, path = interpreter_of_nobody()
    command += [str(ROOT / "tests" / "check_toys.py"), str(folder), means]
    tag = str(secrets.randbelow(10**9))
    names = [*HOSTILE, *(ONLY_ENCLOSED if means == "namespaces" else ())]
    if user == "me" and as_root:
        names.remove("fork_bomb")  # not every kernel has a limit that holds root: it is ended, but the machine feels it
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": path, "TOY_TAG": tag}
    done = subprocess.run([*command, *names], capture_output=True, text=True, env=environment, timeout=120, check=False)
    try:
        assert done.returncode == 0, done.stderr[-3000:]
        told = {each["name"]: each for each in map(json.loads, done.stdout.splitlines())}
        assert told["end"]["user"] == (NOBODY if user == "ordinary user" else os.geteuid())
        yield {**told, "means": {"is": means, "tag": tag}}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def interpreter_of_nobody() -> tuple[list[str], str]:
    """A command that runs this Python's version as nobody, and the PYTHONPATH with what that user may read."""
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = os.pathsep.join(entry for entry in sys.path if not entry.startswith((sys.base_prefix, "/root")))
    code = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'import numpy, castalia.check'])"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if os.access(python, os.X_OK):
            tried = subprocess.run([*become, python, "-c", code], env={"PYTHONPATH": path}, capture_output=True)
            if tried.returncode == 0:
                return [*become, python], path
    pytest.skip("no Python of this version that an ordinary user may run")


def enclosed(reports: dict[str, dict[str, Any]], name: str) -> bool:
    return bool({each["name"]: each["enforced"] for each in reports["nan"]["enforced"]}[name])


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_code_gets_its_right_outcome(reports: dict[str, dict[str, Any]], name: str) -> None:
    if name not in reports:
        pytest.skip("a fork bomb of root may be felt by the whole machine; an ordinary user's is replayed")
    report = reports[name]
    assert report["outcome"] == HOSTILE[name][1], report["claims"]
    assert report["left"] == [] and report["files"] == ["softmax.py", "thesis.txt"]
    claim = report["claims"][0]
    assert len(claim["output"]) <= 500 and report["wall"] < 40  # not a figure: a check that hangs is killed long before
    if report["outcome"] != "pass":
        assert claim["why"] and claim["action"] and claim["file_line"].startswith("softmax.py")


def test_the_line_of_a_loop_and_of_a_crash_is_named(reports: dict[str, dict[str, Any]]) -> None:
    lines = {name: reports[name]["claims"][0]["file_line"] for name in ("loop", "loop_at_import", "segfault")}
    assert lines["loop"] in ("softmax.py:2", "softmax.py:3") and lines["loop_at_import"] in (
        "softmax.py:1",
        "softmax.py:2",
    )
    assert lines["segfault"] == "softmax.py:3"


def test_no_process_stays(reports: dict[str, dict[str, Any]]) -> None:
    mine = f"{reports['end']['pid']}/"
    assert not [each for each in marked("CASTALIA_CHECK=") if environment_of(each, "CASTALIA_CHECK").startswith(mine)]
    tag = f"98765.{reports['means']['tag']}".encode()
    sleeping = [path for path in Path("/proc").glob("[0-9]*/cmdline") if tag in _read(path)]
    assert not sleeping


def test_nothing_outside_is_touched(reports: dict[str, dict[str, Any]]) -> None:
    if reports["means"]["is"] == "polled":
        assert not enclosed(reports, "files outside") and not enclosed(reports, "no network")
        return
    if not enclosed(reports, "files outside"):
        pytest.skip("this kernel lends no mount namespace, and the report says so")
    assert reports["vandal"]["outcome"] == "pass", reports["vandal"]["claims"]
    assert reports["vandal"]["files"] == ["softmax.py", "thesis.txt"]
    for place in (Path.home(), Path("/tmp"), Path("/dev/shm")):
        assert not (place / "castalia-was-here").exists()


def test_there_is_no_network(reports: dict[str, dict[str, Any]]) -> None:
    if reports["means"]["is"] == "namespaces" and enclosed(reports, "no network"):
        assert "unreachable" in reports["caller"]["claims"][0]["why"]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
