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
from check_toys import HOSTILE, ONLY_ENCLOSED, QUICK

from castalia.check import Limits, limits_enforced
from castalia.check.limits import enforced_by
from castalia.check.sandbox import probe
from castalia.jobs.processes import environment_of, marked

pytestmark = [
    pytest.mark.xdist_group("attacks"),  # else every worker replays them for itself
    pytest.mark.timeout(240),  # a module's worth of attacks is replayed before the first test
    pytest.mark.skipif(sys.platform != "linux", reason="what is left behind is looked for in /proc"),
]
ROOT = Path(__file__).parent.parent
NOBODY = 65534
# A few attacks in one way in the quick tier; all of them in all four ways in `make check`.
WAYS = [pytest.param(("me", "namespaces", "a few"), id="quick")] + [
    pytest.param((user, means, "all"), id=f"{user}-{means}", marks=pytest.mark.slow)
    for user in ("me", "ordinary user")
    for means in ("namespaces", "polled")
]


@pytest.fixture(scope="module", params=WAYS)
def reports(request: pytest.FixtureRequest) -> Iterator[dict[str, dict[str, Any]]]:
    user, means, which = request.param
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
    names = [name for name in (*HOSTILE, *ONLY_ENCLOSED) if which == "all" or name in QUICK]
    if means == "polled":
        names = [name for name in names if name not in ONLY_ENCLOSED]
    if user == "me" and as_root and not held("processes", means):
        names.remove("fork_bomb")  # it would be ended, but the whole machine would feel it
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": path, "TOY_TAG": tag}
    done = subprocess.run([*command, *names], capture_output=True, text=True, env=environment, timeout=170, check=False)
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


def held(limit: str, means: str) -> bool:
    rows = limits_enforced() if means == "namespaces" else enforced_by(probe(Limits(namespaces=False)))
    return next(row.enforced for row in rows if row.name == limit)


def enclosed(reports: dict[str, dict[str, Any]], name: str) -> bool:
    return bool({each["name"]: each["enforced"] for each in reports["nan"]["enforced"]}[name])


def attacks(reports: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: report for name, report in reports.items() if name not in ("end", "means")}


def test_hostile_code_gets_its_right_outcome(reports: dict[str, dict[str, Any]]) -> None:
    expected = {name: outcome for name, (_, outcome) in {**HOSTILE, **ONLY_ENCLOSED}.items()}
    wrong = {
        name: (report["outcome"], report["claims"][0]["why"])
        for name, report in attacks(reports).items()
        if report["outcome"] not in expected[name].split("|")
    }
    assert not wrong
    assert len(attacks(reports)) >= len(QUICK)


def test_what_is_told_about_hostile_code_is_whole_and_short(reports: dict[str, dict[str, Any]]) -> None:
    for name, report in attacks(reports).items():
        claim = report["claims"][0]
        assert len(claim["output"]) <= 500 and len(claim["why"]) < 3000, name
        assert report["wall"] < 40, name  # not a figure: a check that hangs is killed long before
        if report["outcome"] != "pass":
            assert claim["why"] and claim["action"] and claim["file_line"].startswith("softmax.py"), name


def test_nothing_is_left_or_changed_around_it(reports: dict[str, dict[str, Any]]) -> None:
    assert not {name: report["left"] for name, report in attacks(reports).items() if report["left"]}
    assert not [name for name, report in attacks(reports).items() if report["touched"]]


def test_the_line_of_a_loop_and_of_a_crash_is_named(reports: dict[str, dict[str, Any]]) -> None:
    expected = {"loop": (2, 3), "loop_at_import": (1, 2), "segfault": (3,)}
    for name, lines in expected.items():
        if name in reports:
            assert reports[name]["claims"][0]["file_line"] in [f"softmax.py:{line}" for line in lines]


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
