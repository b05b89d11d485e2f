"""What `tracker.py` runs beside castalia.run: trackio and Aim, which have no HTTP for metrics, by their own Python.

Each logs points one by one into an empty folder and reads them back, in a process of its own. The clock starts when
the run is there and stops when its end has returned; so what a library keeps back until then is counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PEERS = Path(sys.prefix) / "peers" / "all" / "bin" / "python"
"""Where ``make peers`` puts them."""
_AFTER = """
wrote = time.perf_counter() - begun
begun = time.perf_counter()
{read}
took = time.perf_counter() - begun
assert [float(each) for each in values] == [step / 7 for step in range(points)]
print(wrote, took)
"""
_CASTALIA = """
import sys, time
import castalia
from castalia.core.settings import Settings
from castalia.track import Store
points = int(sys.argv[1])
with castalia.run("bench", capture="minimal") as run:
    begun = time.perf_counter()
    for step in range(points):
        run.log(step, loss=step / 7)
""" + _AFTER.format(
    read="""
store = Store.open(Settings.read().home)
values = [point[2] for point in store.history(store.runs().items[0]["run_id"], "loss", None, points)]
"""
)
_TRACKIO = """
import sys, time
import trackio
points = int(sys.argv[1])
trackio.init(project="bench", name="bench", embed=False, auto_log_cpu=False, auto_log_gpu=False)
begun = time.perf_counter()
for step in range(points):
    trackio.log({"loss": step / 7}, step=step)
trackio.finish()
""" + _AFTER.format(
    read="""
from trackio.sqlite_storage import SQLiteStorage
values = [each["value"] for each in SQLiteStorage.get_metric_values("bench", "bench", "loss")]
"""
)
_AIM = """
import sys, time
import aim
points = int(sys.argv[1])
run = aim.Run(repo=".", experiment="bench", system_tracking_interval=None, capture_terminal_logs=False,
              log_system_params=False)
begun = time.perf_counter()
for step in range(points):
    run.track(step / 7, name="loss", step=step)
logged = time.perf_counter() - begun
begun = time.perf_counter()
values = sorted(next(iter(run.metrics())).values.values_list())
took = time.perf_counter() - begun
assert [float(each) for each in values] == [step / 7 for step in range(points)]
begun = time.perf_counter()
run.close()
print(logged + time.perf_counter() - begun, took)
"""
"""Read from the run while it is open: a closed one is not found before Aim has made its index. They come unordered."""
SCRIPTS = {"castalia": _CASTALIA, "trackio": _TRACKIO, "aim": _AIM}


def once(name: str, python: str, points: int) -> tuple[float, float]:
    """Seconds to log so many points, and to read them back."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CASTALIA_HOME": folder, "CASTALIA_TRACKING_URI": "", "TRACKIO_DIR": folder,
                       "HF_HUB_OFFLINE": "1"}  # fmt: skip
        if name != "castalia":
            environment.pop("PYTHONPATH", None)
        line = [python, "-c", SCRIPTS[name], str(points)]
        made = subprocess.run(line, env=environment, cwd=folder, capture_output=True, text=True)
        if made.returncode:
            raise SystemExit(f"{name}: {made.stderr[-1500:]}")
        wrote, read = map(float, made.stdout.split()[-2:])
        return wrote, read
