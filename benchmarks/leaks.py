"""How often the linter finds a leak, how often it cries wolf, and what it costs: `python benchmarks/leaks.py`.

Every leak of tests/leak_toys.py on data from 100 seeds, and its honest twin on 200 (an argument gives another number).
Writes benchmarks/results/leaks.json: shares with Wilson's intervals, runs of the procedure, seconds.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

import numpy as np  # noqa: E402
from leak_toys import CASES  # noqa: E402

from castalia.kit.stats import Interval, wilson  # noqa: E402


def told(share: Interval) -> dict[str, float]:
    return {"share": share.estimate, "low": share.low, "high": share.high}


def main(seeds: int) -> None:
    rows, alarms = [], 0
    for what, replay in CASES.items():
        began = time.process_time()
        leaky = [replay(seed, True) for seed in range(seeds // 2)]
        honest = [replay(seed, False) for seed in range(seeds)]
        seconds = (time.process_time() - began) / (len(leaky) + len(honest))
        wrong = sum(not each.ok for each in honest)
        alarms += wrong
        row = {
            "what": what,
            "found": told(wilson(sum(not each.ok for each in leaky), len(leaky))),
            "false alarms": told(wilson(wrong, seeds)),
            "runs": float(np.mean([each.runs for each in (*leaky, *honest)])),
            "CPU seconds": seconds,
        }
        rows.append(row)
        print(f"{what:52} found {row['found']['share']:.3f}  false alarms {wrong}/{seeds}  "
              f"{row['runs']:.0f} runs  {seconds * 1e3:.0f} ms", flush=True)  # fmt: skip
        write(seeds, rows, alarms)
    total = wilson(alarms, seeds * len(rows))
    print(f"all false alarms: {alarms} of {seeds * len(rows)}, {total.low:.5f} to {total.high:.5f}")


def write(seeds: int, rows: list[dict[str, object]], alarms: int) -> None:
    """After every case, so that a run that is stopped leaves what it has."""
    total = wilson(alarms, seeds * len(rows))
    result = {
        "machine": platform.machine(), "python": platform.python_version(), "numpy": np.__version__,
        "seeds, honest": seeds, "seeds, leaky": seeds // 2, "false alarms": told(total), "cases": rows,
    }  # fmt: skip
    (HERE / "results" / "leaks.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
