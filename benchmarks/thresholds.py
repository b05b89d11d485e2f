# ruff: noqa: E402  threads are set before NumPy is imported
"""What the reference of `neural_net` and its planted bugs reach, over seeds: `python benchmarks/thresholds.py`.

The thresholds of the contract's last claims on training stand on it: 4.5 standard deviations below the mean of the
reference, in whole hundredths. A bug is run on three seeds; where one of them is not as the reference's, on twenty.
Writes src/castalia/projects/neural_net/measured.json, which a test holds the thresholds to.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import numpy as np

from castalia.projects.neural_net import fits_asked, mutants

FOLDER = Path(mutants.__file__).parent
RESULT = FOLDER / "measured.json"
REFERENCE_SEEDS, BUG_SEEDS, FIRST = 200, 20, 3
OUTCOMES: dict[str, Callable[[Any, int], float]] = {
    "spirals": fits_asked.spirals_right,
    "digits": fits_asked.digits_right,
}


class Here:
    """A Subject and its handles in this process: for text that is ours."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def new(self, kind: str, *given: Any, **named: Any) -> Here:
        return Here(getattr(self.thing, kind)(*given, **named))

    def call(self, name: str, *given: Any, **named: Any) -> Any:
        plain = [each.thing if isinstance(each, Here) else each for each in given]
        return getattr(self.thing, name)(*plain, **named)


def network_of(text: str) -> str:
    """The part before the System: what these outcomes can show."""
    return text[: text.index("# --- a System")]


def opened(text: str) -> Here:
    module = types.ModuleType("variant")
    sys.modules["variant"] = module
    exec(compile(network_of(text), "variant.py", "exec"), module.__dict__)  # our own reference, changed by our own list
    return Here(module)


def share(outcome: str, subject: Here, seed: int) -> float:
    """0 where it breaks."""
    try:
        return OUTCOMES[outcome](subject, seed)
    except Exception:
        return 0.0


def told(values: list[float]) -> dict[str, float]:
    return {
        "seeds": len(values), "mean": round(float(np.mean(values)), 4),
        "deviation": round(float(np.std(values, ddof=1)), 4),
        "least": round(min(values), 4), "most": round(max(values), 4),
    }  # fmt: skip


def accepted(values: list[float], least: float) -> float:
    """The chance that four of five seeds reach it, by the share of seeds that do."""
    q = float(np.mean(np.array(values) >= least))
    return round(5 * q**4 * (1 - q) + q**5, 4)


def main() -> None:
    np.seterr(all="ignore")
    seeds = [int(seed) for seed in np.random.default_rng(5).integers(2**31, size=REFERENCE_SEEDS)]
    text = (FOLDER / "reference.py").read_text("utf-8")
    bugs = [each for each in mutants.MUTANTS if each.file != "NOTES.md"]
    changed = {each.id: each.apply(text) for each in bugs}
    changed = {name: made for name, made in changed.items() if network_of(made) != network_of(text)}
    found: dict[str, Any] = {}
    for outcome in OUTCOMES:
        right = opened(text)
        reference = [share(outcome, right, seed) for seed in seeds]
        row = told(reference)
        row["allowed"] = round(row["mean"] - 4.5 * row["deviation"], 4)
        least = round(row["allowed"], 2)
        print(outcome, least, row, flush=True)
        rows: dict[str, Any] = {}
        for name, made in changed.items():
            wrong = opened(made)
            values = [share(outcome, wrong, seed) for seed in seeds[:FIRST]]
            if values == reference[:FIRST]:
                continue
            values += [share(outcome, wrong, seed) for seed in seeds[FIRST:BUG_SEEDS]]
            rows[name] = {**told(values), "accepted": accepted(values, least)}
            print(outcome, name, rows[name], flush=True)
        found[outcome] = {
            "held_out": fits_asked.HELD_OUT[outcome], "threshold": least,
            "reference": row,
            "bugs_without_effect": len(changed) - len(rows),
            "bugs": dict(sorted(rows.items(), key=lambda each: each[1]["mean"])),
        }  # fmt: skip
    RESULT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
