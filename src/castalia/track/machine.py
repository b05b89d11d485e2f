"""Machine: processor, memory and GPU while a run goes on, as metrics ``system/...`` every few seconds.

Linux tells through ``/proc``; elsewhere only this process is seen, through ``resource``. NVIDIA's GPUs are
seen through ``pynvml`` where it is installed, else through ``nvidia-smi``. The step counts the samples.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from castalia.track.live import LiveRun

EVERY = 5.0
"""Seconds between samples; the first comes after so long, so a short run has none."""
_MB = 2**20


class Sampler:
    """A thread that samples for one run."""

    def __init__(self, run: LiveRun, every: float = EVERY) -> None:
        self._run, self._every = run, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="castalia-sampler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns once no sample is on its way."""
        self._stop.set()
        self._thread.join(10.0)

    def _work(self) -> None:
        machine, step = Machine(), 0
        while not self._stop.wait(self._every):
            with contextlib.suppress(Exception):  # a sample is never worth an error
                self._run.note(step, {f"system/{name}": value for name, value in machine.sample().items()})
            step += 1


class Machine:
    """What is measured; shares of processor time are of the time since the sample before."""

    def __init__(self) -> None:
        self._gpus = _gpus()
        self._busy, self._own = _busy(), _own_seconds()
        self._moment = time.monotonic()

    def sample(self) -> dict[str, float]:
        """{name: value}, what cannot be measured here left out."""
        values = _memory()
        moment, busy, own = time.monotonic(), _busy(), _own_seconds()
        passed = max(1e-3, moment - self._moment)
        if busy and self._busy and busy[1] > self._busy[1]:
            share = (busy[0] - self._busy[0]) / (busy[1] - self._busy[1])
            values["cpu_utilization_percentage"] = 100.0 * share
        values["process_cpu_percentage"] = 100.0 * (own - self._own) / passed
        self._busy, self._own, self._moment = busy, own, moment
        for number, (load, used, total) in enumerate(self._gpus()):
            values[f"gpu_{number}_utilization_percentage"] = load
            values[f"gpu_{number}_memory_usage_megabytes"] = used
            values[f"gpu_{number}_memory_usage_percentage"] = 100.0 * used / max(1.0, total)
        return values


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _busy() -> tuple[int, int] | None:
    """(busy, all) ticks of all processors together."""
    try:
        with open("/proc/stat", "rb") as file:
            ticks = [int(part) for part in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def _memory() -> dict[str, float]:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        total, free = (int(lines[name].split()[0]) / 1024 for name in ("MemTotal", "MemAvailable"))
        with open("/proc/self/statm", "rb") as statm:
            own = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MB
    except (OSError, ValueError, KeyError):
        return _own_memory()
    return {
        "system_memory_usage_megabytes": total - free,
        "system_memory_usage_percentage": 100.0 * (total - free) / total,
        "process_memory_megabytes": own,
    }


def _own_memory() -> dict[str, float]:
    try:
        import resource
    except ImportError:  # Windows
        return {}
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"process_memory_megabytes": most / (_MB if sys.platform == "darwin" else 1024)}


Gpus = Callable[[], list[tuple[float, float, float]]]
"""(percent busy, MB used, MB in all) of each."""


def _gpus() -> Gpus:
    with contextlib.suppress(Exception):
        return _through_nvml()
    program = shutil.which("nvidia-smi")
    return (lambda: parsed(_asked(program))) if program else list


def _through_nvml() -> Gpus:
    import pynvml  # type: ignore[import-not-found, import-untyped, unused-ignore]

    pynvml.nvmlInit()
    handles = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())]

    def read() -> list[tuple[float, float, float]]:
        found = []
        for handle in handles:
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            load = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            found.append((load, memory.used / _MB, memory.total / _MB))
        return found

    read()
    return read


def _asked(program: str) -> str:
    query = "--query-gpu=utilization.gpu,memory.used,memory.total"
    done = subprocess.run(
        [program, query, "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=4.0, check=False
    )
    return done.stdout if done.returncode == 0 else ""


def parsed(table: str) -> list[tuple[float, float, float]]:
    """The lines of ``nvidia-smi``; a figure that a card does not tell is NaN.

    >>> parsed("12, 300, 1000\\n[N/A], 0, 1000\\n")
    [(12.0, 300.0, 1000.0), (nan, 0.0, 1000.0)]
    """
    rows = []
    for line in table.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 3:
            load, used, total = (float(part) if part.replace(".", "", 1).isdigit() else float("nan") for part in parts)
            rows.append((load, used, total))
    return rows
