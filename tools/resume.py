"""A plugin of pytest: a file whose chosen tests all passed is not run again while the work tree stays as it is.

``pytest -p resume`` with CASTALIA_RESUME=FILE:HASH, set by tools/check.py. FILE holds the hash of the work tree, then a
line for each test that passed, written as it passes, so that a run that was interrupted goes on where it was. Files and
not tests are left out, because tests of one file may share what is dear to make.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class Resume:
    """What passed so far."""

    def __init__(self, path: Path, tree: str) -> None:
        lines = path.read_text().splitlines() if path.is_file() else []
        self.path, self.passed = path, set(lines[1:]) if lines[:1] == [tree] else set[str]()
        if not self.passed:
            path.write_text(tree + "\n")

    @pytest.hookimpl(trylast=True)  # after the choice by markers
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        left = {item.path for item in items if item.nodeid not in self.passed}
        done = [item for item in items if item.path not in left]
        if done:
            items[:] = [item for item in items if item.path in left]
            config.hook.pytest_deselected(items=done)
            print(f"{len(done)} tests passed already, nothing changed since", flush=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A skipped test counts: it would be skipped again.
        if (report.when == "call" and report.passed) or (report.when in ("setup", "call") and report.skipped):
            with self.path.open("a") as file:
                file.write(report.nodeid + "\n")


def pytest_configure(config: pytest.Config) -> None:
    path, _, tree = os.environ["CASTALIA_RESUME"].rpartition(":")
    config.pluginmanager.register(Resume(Path(path), tree))
