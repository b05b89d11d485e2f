#!/usr/bin/env python3
"""Run the stages of `make check` in order; a stage that passed is not run again until a file changed.

A stage's stamp (.venv/.check-NAME) holds the hash of every file that git would commit, as they lie in the work tree.
The slow tests go on where they were interrupted (tools/resume.py).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
UI = ROOT / "src" / "castalia" / "web" / "ui"
STAGES = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "face": [str(UI / "node_modules" / ".bin" / "tsc"), "--noEmit", "-p", str(UI)],
    "slow": ["pytest", "-m", "slow", "--timeout", "1200"],
}
NO_TESTS = 5  # pytest's exit status when it collected none


def tree() -> str:
    """A hash of the work tree's files, tracked or not, ignored ones left out; the environment's versions count too."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True)
    if listed.returncode:
        return f"no git: {time.time_ns()}"  # then nothing is skipped
    total = hashlib.sha256(sys.version.encode())
    for name in sorted(set(listed.stdout.split(b"\0"))):
        path = ROOT / os.fsdecode(name)
        if name and path.is_file():
            total.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def main() -> int:
    now = tree()
    failed = []
    for name, command in STAGES.items():
        stamp = ROOT / ".venv" / f".check-{name}"
        if stamp.is_file() and stamp.read_text() == now:
            print(f"{name}: passed already, nothing changed since", flush=True)
            continue
        if name == "face" and not (shutil.which("node") and Path(command[0]).exists()):
            print(
                "face: skipped, TypeScript's checker needs node on PATH and `npm ci` in src/castalia/web/ui", flush=True
            )
            continue
        print(f"{name}: {' '.join(command)}", flush=True)
        extra = sys.argv[1:] if name == "slow" else []
        environment = dict(os.environ)
        if name == "slow" and not now.startswith("no git"):
            extra = ["-p", "resume", *extra]
            environment |= {"PYTHONPATH": str(ROOT / "tools"), "CASTALIA_RESUME": f"{stamp}-passed:{now}"}
        status = subprocess.run([BIN / command[0], *command[1:], *extra], cwd=ROOT, env=environment).returncode
        if status == 0 or (name == "slow" and status == NO_TESTS):
            stamp.write_text(now)
        else:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
