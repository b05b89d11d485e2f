"""Reading tables beside pandas, Polars, pyarrow and NumPy: `python benchmarks/reading.py [csv jsonl parquet npz]`.

Every measure is a fresh process on one thread that reads one file of 50,000 rows and six columns, whole or in pieces
of 10,000 rows, and prints its CPU seconds and how much its memory grew; ours and the peer's in turn, three of each. The
sums of the numbers of both are compared. Writes benchmarks/results/reading.json. Most rows are lost: ours
looks at every cell to decide its column's kind, in Python, and reads the file twice for it.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from beside import in_turns

from castalia.kit import tabular

ROWS, TIMES = 50_000, 3
RESULT = Path(__file__).parent / "results" / "reading.json"

CHILD = """
import json, re, sys, time
{imports}
path = sys.argv[1]
def whole():
    {whole}
def pieces():
    {pieces}
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
before = peak()
began = time.process_time()
total = {act}()
took = time.process_time() - began
print(json.dumps([took, peak() - before, float(total)]))
"""
"""`total` is the sum of the columns x and n, so that nobody only opens the file."""

TABLE = "table.columns['x'].sum() + table.columns['n'].sum()"
OURS = {
    "imports": "from castalia.kit import tabular\nimport castalia.kit.tabular.reading, pyarrow.parquet",
    "whole": f"table = tabular.read(path); return {TABLE}",
    "pieces": f"return sum({TABLE} for table in tabular.stream(path, 10_000))",
}
FRAME = "frame['x'].sum() + frame['n'].sum()"
PEERS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "csv": [
        ("pandas", {
            "imports": "import pandas",
            "whole": f"frame = pandas.read_csv(path); return {FRAME}",
            "pieces": f"return sum({FRAME} for frame in pandas.read_csv(path, chunksize=10_000))",
        }),
        ("polars", {"imports": "import polars", "whole": f"frame = polars.read_csv(path); return {FRAME}"}),
    ],
    "jsonl": [
        ("pandas", {
            "imports": "import pandas",
            "whole": f"frame = pandas.read_json(path, lines=True); return {FRAME}",
            "pieces": f"return sum({FRAME} for frame in pandas.read_json(path, lines=True, chunksize=10_000))",
        }),
        ("polars", {"imports": "import polars", "whole": f"frame = polars.read_ndjson(path); return {FRAME}"}),
    ],
    "parquet": [
        ("pandas", {
            "imports": "import pandas, pyarrow.parquet",
            "whole": f"frame = pandas.read_parquet(path); return {FRAME}",
        }),
        ("pyarrow", {
            "imports": "import pandas, pyarrow.parquet",
            "pieces": "file = pyarrow.parquet.ParquetFile(path)\n    "
            f"return sum({FRAME} for frame in (b.to_pandas() for b in file.iter_batches(10_000)))",
        }),
    ],
    "npz": [
        ("numpy", {"imports": "import numpy", "whole": "frame = dict(numpy.load(path)); return " + FRAME}),
    ],
}  # fmt: skip


def measured(code: dict[str, str], act: str, path: Path) -> tuple[float, int, float]:
    """Seconds, bytes and the sum, from a process of its own."""
    filled = CHILD.format(act=act, **{"whole": "pass", "pieces": "pass", **code})
    threads = dict.fromkeys(("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "ARROW_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", filled, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **threads},
    )
    took, grew, total = json.loads(done.stdout)
    return took, grew, total


def beside(fmt: str, act: str, peer: str, code: dict[str, str], path: Path) -> dict[str, Any]:
    both = {"ours": partial(measured, OURS, act, path), "peer": partial(measured, code, act, path)}
    found = in_turns(both, TIMES)
    seconds, grew = ({who: [each[part] for each in rows] for who, rows in found.items()} for part in (0, 1))
    sums = [total for rows in found.values() for *_, total in rows]
    gap = max(sums) - min(sums)
    assert gap <= 1e-9 * abs(sums[0]), sums
    ours, theirs = min(seconds["ours"]), min(seconds["peer"])
    mine, other = (sorted(grew[who])[TIMES // 2] / 2**20 for who in ("ours", "peer"))
    what = f"{fmt}, {'whole' if act == 'whole' else 'in pieces of 10,000 rows'}, beside {peer}"
    print(f"{what:55} {ROWS / ours:12,.0f} {ROWS / theirs:12,.0f} rows/s  {mine:6.1f} {other:6.1f} MiB")
    return {"what": what, "ratio": round(theirs / ours, 3), "bar": 0.0, "gap": gap, "seconds": seconds, "bytes": grew}


def main() -> None:
    rng = np.random.default_rng(0)
    table = {
        "x": rng.normal(size=ROWS), "n": rng.integers(0, 1000, ROWS), "colour": rng.choice(["red", "green"], ROWS),
        "user": [f"user {i}" for i in range(ROWS)], "ok": rng.random(ROWS) < 0.5,
        "day": np.datetime64("2026-01-01") + rng.integers(0, 300, ROWS),
    }  # fmt: skip
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for fmt in sys.argv[1:] or PEERS:
            peers = PEERS[fmt]
            path = Path(folder) / f"table.{fmt}"
            tabular.write(table, path, check=False)
            for peer, code in peers:
                rows += [beside(fmt, act, peer, code, path) for act in ("whole", "pieces") if act in code]
    if RESULT.exists():  # formats that were not asked for keep their rows
        now = {row["what"] for row in rows}
        rows = [row for row in json.loads(RESULT.read_text())["rows"] if row["what"] not in now] + rows
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    versions |= {name: version(name) for name in ("pandas", "polars", "pyarrow")}
    result = {"versions": versions, "threads": 1, "table_rows": ROWS, "rows": rows}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
