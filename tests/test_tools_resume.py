"""`make check` goes on where it was interrupted: a file whose slow tests all passed is left out, on the same tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"


def run(folder: Path, tree: str, count: Path) -> str:
    """What pytest says of the folder's tests; each test that ran adds a line to ``count``."""
    environment = os.environ | {
        "PYTHONPATH": str(TOOLS), "CASTALIA_RESUME": f"{folder / 'stamp'}:{tree}", "COUNT": str(count),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-q", "-p", "resume", "-p", "no:cacheprovider", "-c", os.devnull,
               "--rootdir", str(folder), str(folder)]  # fmt: skip
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=50).stdout


@pytest.mark.slow
def test_only_files_that_did_not_pass_whole_run_again(tmp_path: Path) -> None:
    count = tmp_path / "count"
    body = "import os, pathlib\ndef test_{0}():\n    with open(os.environ['COUNT'], 'a') as f: f.write('{0}\\n')\n"
    (tmp_path / "test_one.py").write_text(body.format("one"))
    two = body.format("two") + body.format("three").partition("\n")[2] + "    assert pathlib.Path('mended').exists()\n"
    (tmp_path / "test_two.py").write_text(two)
    assert "1 failed, 2 passed" in run(tmp_path, "a", count)
    (tmp_path / "mended").touch()
    assert "2 passed, 1 deselected" in run(tmp_path, "a", count)  # two passed before, but its file did not
    assert "3 deselected" in run(tmp_path, "a", count)
    assert count.read_text().split() == ["one", "two", "three", "two", "three"]
    assert "3 passed" in run(tmp_path, "b", count)  # another tree: everything again
