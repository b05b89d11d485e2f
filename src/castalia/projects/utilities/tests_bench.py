"""Runs a file of tests against versions of a module: in the learner's Python, standard library alone, from 3.8 on.

``python -I tests_bench.py`` in a folder with ``own_tests.py`` and ``versions/<number>/given.py``; writes
``verdicts.json``: for each version whether the tests passed, how many ran, what was said, which branches were taken.
Test functions and classes of unittest are run; where the file imports pytest, pytest runs it. Every version gets a
process of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
import traceback
import unittest
from typing import Any

TESTS, MODULE = "own_tests", "given"
SAID = 600


class Functions(unittest.TestSuite):
    """The plain functions called ``test...`` of a module."""

    def __init__(self, module: Any) -> None:
        own = [value for name, value in sorted(vars(module).items()) if name.startswith("test") and callable(value)]
        plain = [each for each in own if not isinstance(each, type) and each.__module__ == module.__name__]
        super().__init__(unittest.FunctionTestCase(each) for each in plain)


def run_here() -> dict[str, Any]:
    """The tests against the ``given.py`` on the path."""
    if "pytest" in sys.modules:
        return _by_pytest()
    try:
        module = __import__(TESTS)
    except ImportError as error:
        if getattr(error, "name", "") == "pytest":
            return {"passed": False, "ran": 0, "said": "", "lacks": "pytest"}
        raise
    suite = unittest.TestSuite([unittest.defaultTestLoader.loadTestsFromModule(module), Functions(module)])
    result = unittest.TestResult()
    suite.run(result)
    broken = [*result.errors, *result.failures]
    said = broken[0][1] if broken else ""
    ran = result.testsRun - len(result.skipped)
    return {"passed": result.wasSuccessful(), "ran": ran, "said": said}


def _by_pytest() -> dict[str, Any]:
    import pytest

    class Count:
        ran, said = 0, ""

        def pytest_runtest_logreport(self, report: Any) -> None:
            self.ran += report.when == "call" and not report.skipped
            if report.failed and not self.said:
                self.said = str(report.longrepr)

    count = Count()
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", ".", "-c", os.devnull, TESTS + ".py"]
    code = pytest.main(options, plugins=[count])
    return {"passed": int(code) == 0, "ran": count.ran, "said": count.said}


def one(folder: str, number: str) -> dict[str, Any]:
    """The verdict of one version, in this process."""
    place = os.path.join(folder, "versions", number)
    sys.path[:0] = [place, folder]
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        try:
            told = run_here()
        except (Exception, SystemExit):
            told = {"passed": False, "ran": 0, "said": traceback.format_exc()}
    given = sys.modules.get(MODULE)
    taken = sorted(getattr(given, "_castalia_taken", ()))
    return {**told, "said": told["said"].strip()[-SAID:], "taken": taken}


def forked(folder: str, number: str, seconds: float) -> dict[str, Any]:
    """The verdict of one version, in a process of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as out:
                json.dump(one(folder, number), out)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    until, text = time.monotonic() + seconds, b""
    try:
        os.set_blocking(reading, False)
        while True:
            with contextlib.suppress(BlockingIOError):
                part = os.read(reading, 65536)
                if not part:
                    break
                text += part
                continue
            if time.monotonic() > until:
                return {"passed": False, "ran": 0, "said": "it did not end in time", "late": True, "taken": []}
            time.sleep(0.002)
    finally:
        os.close(reading)
        with contextlib.suppress(OSError):
            os.kill(pid, 9)
        os.waitpid(pid, 0)
    try:
        told: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"passed": False, "ran": 0, "said": "the tests ended the process", "taken": []}
    return told


def main() -> None:
    """Every version in turn. Where the system cannot fork, in this process one after another."""
    folder = os.getcwd()
    with open(TESTS + ".py", encoding="utf-8") as file:
        wants_pytest = "pytest" in file.read()
    if wants_pytest:
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        with contextlib.suppress(ImportError):
            import pytest  # noqa: F401
    seconds = float(sys.argv[1])
    verdicts = {}
    for number in sorted(os.listdir("versions"), key=int):
        verdicts[number] = forked(folder, number, seconds) if hasattr(os, "fork") else alone(folder, number)
        if verdicts["0"].get("late"):  # the right version: they never end on the others either
            break
    with open("verdicts.json", "w", encoding="utf-8") as out:
        json.dump(verdicts, out)


def alone(folder: str, number: str) -> dict[str, Any]:
    """Without a fork: both modules imported anew."""
    before = list(sys.path)
    for name in (TESTS, MODULE):
        sys.modules.pop(name, None)
    try:
        return one(folder, number)
    finally:
        sys.path[:] = before


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
