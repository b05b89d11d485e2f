"""What it costs to be there: help, imports, the second `make start`, and the workbench at rest.

    python benchmarks/first_light.py

Each time is the least of five fresh processes; all of them are kept in benchmarks/results/first_light.json.
The first `make start` of a fresh checkout is not measured here: most of it is the network's.
"""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = Path(__file__).parent / "results" / "first_light.json"
TIMES = 5
REST = 3.0
"""Seconds after the first answer at which memory is read."""


def best(what: Callable[[], float]) -> list[float]:
    """What ``what`` returns, five times, the least first."""
    return sorted(what() for _ in range(TIMES))


def seconds(*command: str) -> float:
    """Wall time of one process, from start to exit."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def importing(module: str) -> float:
    """Seconds of one import in a fresh process, without the start of Python itself."""
    code = f"import time; begun = time.perf_counter(); import {module}; print(time.perf_counter() - begun)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def start() -> tuple[float, float]:
    """(seconds from ``make start`` to an answer of /health, MiB held at rest by the workbench and its children)."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "CASTALIA_HOME": home, "CASTALIA_TOKEN": "", "CI": "true"}
        begun = time.perf_counter()
        make = subprocess.Popen(
            ["make", "--no-print-directory", "start"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            until_up = answering(make, begun)
            time.sleep(REST)
            return until_up, held(make.pid) / 2**20
        finally:
            os.killpg(make.pid, signal.SIGTERM)
            make.wait(30)


def answering(make: subprocess.Popen[str], begun: float) -> float:
    """Seconds until /health answers at the address that was printed."""
    assert make.stdout is not None
    printed = ""
    for line in make.stdout:
        printed += line
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            with urllib.request.urlopen(f"{found.group()}/health", timeout=30) as answer:
                assert answer.status == 200
            return time.perf_counter() - begun
    raise SystemExit(f"make start ended without an address:\n{printed}")


def held(leader: int) -> int:
    """Resident bytes of every process in the group that ``leader`` leads, make itself left out."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) != leader or (folder / "comm").read_text().strip() == "make":
                continue
            total += int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            continue
    return total


def measure() -> dict[str, object]:
    """Every figure, with what it is the least of."""
    castalia = str(Path(sys.executable).parent / "castalia")
    raw: dict[str, list[float]] = {
        "help": best(lambda: seconds(castalia, "--help")),
        "systems": best(lambda: seconds(castalia, "systems")),
    }
    for name in ("castalia", "castalia.core.system", "castalia.track", "castalia.runtime", "castalia.web.app"):
        raw[f"import {name}"] = best(lambda name=name: importing(name))  # type: ignore[misc]
    subprocess.run(["make", "--no-print-directory", "setup"], cwd=ROOT, check=True)
    starts = [start() for _ in range(TIMES)]
    raw["second_start"] = sorted(seconds for seconds, _ in starts)
    memory = sorted(mebibytes for _, mebibytes in starts)
    return {
        "help_s": raw["help"][0],
        "second_start_s": raw["second_start"][0],
        # Of memory the most counts: it is what has to be there.
        "rest_mib": memory[-1],
        "systems_s": raw["systems"][0],
        "import_ms": 1e3 * raw["import castalia"][0],
        "import_web_ms": 1e3 * raw["import castalia.web.app"][0],
        "raw_seconds": raw,
        "raw_mib": memory,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
    }


def main() -> None:
    """Measure, print, keep."""
    figures = measure()
    for name, value in figures.items():
        if isinstance(value, float):
            print(f"{name:<16} {value:>10.3f}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
