#!/usr/bin/env python3
"""See that the programs are there that tests need and pip cannot bring: a Chromium and a PostgreSQL.

With CI=true and as root it installs Debian's; on a person's machine it installs nothing and says the line to type
(the tests then skip). With CI=true a missing program is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "apt-get install -y --no-install-recommends"


class Program(NamedTuple):
    """What it is called, Debian's package, the tests that want it, and whether it is here."""

    name: str
    package: str
    tests: str
    found: Callable[[], bool]


def chromium() -> bool:
    return any(shutil.which(name) for name in CHROMIUM)


def postgres() -> bool:
    """initdb is enough to know; Debian keeps it off the PATH, and tests/postgres.py looks at the release."""
    return bool(shutil.which("initdb")) or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


PROGRAMS = (
    Program("Chromium", "chromium", "browser", chromium),
    Program("PostgreSQL", "postgresql", "PostgreSQL", postgres),
)


def installed(missing: list[Program]) -> bool:
    """Install Debian's packages; say what went wrong."""
    packages = " ".join(program.package for program in missing)
    print(f"installing Debian's {packages} for the tests …", flush=True)
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for line in ("apt-get update", f"{INSTALL} {packages}"):
        done = subprocess.run(line.split(), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(f"error: `{line}` failed ({done.returncode}):\n{done.stdout[-3000:]}", file=sys.stderr)
            return False
    return all(program.found() for program in missing)


def main() -> int:
    missing = [program for program in PROGRAMS if not program.found()]
    if not missing:
        return 0
    ci = os.environ.get("CI", "").lower() in ("1", "true")
    apt = shutil.which("apt-get")
    if ci and apt and os.geteuid() == 0:
        return 0 if installed(missing) else 1
    sudo = "" if os.geteuid() == 0 else "sudo "
    for program in missing:
        cure = f"{sudo}{INSTALL} {program.package}" if apt else f"install {program.name}"
        fate = "cannot run" if ci else "are skipped"
        print(f"no {program.name} here: the {program.tests} tests {fate}. To run them:  {cure}", flush=True)
    return 1 if ci else 0


if __name__ == "__main__":
    sys.exit(main())
