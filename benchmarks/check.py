"""What a check costs over the learner's own compute, and plain pytest with the same assertions beside it.

    python benchmarks/check.py

Overhead is the wall time of ``check_project`` on the reference less the time spent in the reference's own functions:
the start of a sandbox, the inputs, the right answers, every frame there and back, the walk backwards, and the end. The
peer imports the reference into its own process and asserts the same claims on the same inputs, without any plugin; both
are whole commands, from start to exit, in turns. Each time is the least of seven; all are kept in
benchmarks/results/check.json.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from castalia.check import Limits, check_project, contracts
from castalia.core.contract import Contract, Milestone

RESULT = Path(__file__).parent / "results" / "check.json"
TIMES = 7
PLAIN = """
import copy, importlib.util, zlib
import numpy as np
import pytest
from castalia.check import contracts
from castalia.core.expect import Raised, equal

NAME = {name!r}
CONTRACT = contracts.find(NAME)
spec = importlib.util.spec_from_file_location("subject", contracts.reference(NAME))
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def asked(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as error:
        raise Raised(type(error).__name__, str(error)) from None


class Held:
    def __init__(self, value): self.value = value
    def call(self, name, *args, **kwargs): return asked(getattr(self.value, name), *args, **kwargs)
    def get(self, name): return getattr(self.value, name)
    def free(self): pass


class Here:
    def call(self, name, *args, **kwargs): return asked(getattr(module, name), *args, **kwargs)
    def new(self, name, *args, **kwargs): return Held(asked(getattr(module, name), *args, **kwargs))


CLAIMS = [claim for each in CONTRACT.milestones for claim in each.claims if claim.tier == "core"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_claim(claim):
    made = [edge() for edge in claim.edges]
    for number in range(claim.cases):
        random = np.random.default_rng([1, zlib.crc32(claim.id.encode()), number])
        made.append(claim.make(random, claim.sizes[number % len(claim.sizes)]))
    for inputs in made:
        if claim.holds is not None:
            claim.holds(Here(), *inputs)
        else:
            expected = claim.oracle(*copy.deepcopy(inputs))
            equal(Here().call(claim.function, *inputs), expected, claim.rtol, claim.function)
"""


def first_claim(contract: Contract) -> Contract:
    """The contract with nothing but its first claim."""
    first = contract.milestones[0]
    return replace(contract, milestones=(Milestone(first.id, first.title, first.claims[:1]),))


def overheads(contract: Contract, reference: Path, namespaces: bool) -> list[float]:
    """Seconds of a check less those in the code under check, the least first."""
    found = []
    for _ in range(TIMES):
        report = check_project(contract, reference, seed=1, limits=replace(Limits.of(contract), namespaces=namespaces))
        assert report.passed, report.as_dict()
        found.append(report.seconds - sum(claim.learner_seconds for claim in report.claims))
    return sorted(found)


def seconds(*command: str, cwd: str) -> float:
    begun = time.perf_counter()
    environment = {**os.environ, "CASTALIA_HOME": cwd, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd, env=environment)
    return time.perf_counter() - begun


def beside_pytest(name: str) -> dict[str, list[float]]:
    """The whole commands in turns, ours first and then theirs first; the least first."""
    castalia = str(Path(sys.executable).parent / "castalia")
    found: dict[str, list[float]] = {"ours": [], "pytest": []}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_plain.py").write_text(PLAIN.format(name=name))
        at = str(contracts.reference(name))
        runs: dict[str, Callable[[], float]] = {
            "ours": lambda: seconds(castalia, "check", name, "--at", at, "--seed", "1", cwd=folder),
            "pytest": lambda: seconds(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder),
        }
        for number in range(TIMES + 1):
            for each in list(runs) if number % 2 else list(runs)[::-1]:
                found[each].append(runs[each]())
    return {name: sorted(times) for name, times in found.items()}


def measure() -> dict[str, object]:
    """Every figure, with what it is the least of."""
    raw: dict[str, list[float]] = {}
    for name in ("softmax", "basics"):
        contract, reference = contracts.find(name), contracts.reference(name)
        for part, what in (("first claim", first_claim(contract)), ("whole", contract)):
            for way, namespaces in (("namespaces", True), ("polled", False)):
                raw[f"{name}, {part}, {way}"] = overheads(what, reference, namespaces)
    commands = {name: beside_pytest(name) for name in ("softmax", "basics")}
    return {
        "overhead_s": {what: times[0] for what, times in raw.items()},
        "command_s": {name: {who: times[0] for who, times in both.items()} for name, both in commands.items()},
        "raw_overhead_s": raw,
        "raw_command_s": commands,
        "claims": {name: sum(len(m.claims) for m in contracts.find(name).milestones) for name in commands},
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
    }


def main() -> None:
    """Measure, print, keep."""
    figures = measure()
    for what, value in figures["overhead_s"].items():  # type: ignore[attr-defined]
        print(f"{what:<32} {value:6.3f} s over the code's own")
    for name, both in figures["command_s"].items():  # type: ignore[attr-defined]
        print(f"castalia check {name:<8} {both['ours']:.3f} s   pytest {both['pytest']:.3f} s")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
