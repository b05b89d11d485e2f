"""core.lock: one process at a time, and nobody locked out by the dead."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from castalia.core.lock import FileLock

HOLD = """
import sys, time
from pathlib import Path
from castalia.core.lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_another_process_waits_and_the_dead_hold_nothing(tmp_path: Path) -> None:
    path = tmp_path / "below" / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline().strip() == "held"
    with pytest.raises(TimeoutError, match="lock"), FileLock(path, timeout=0.2):
        pass
    holder.kill()
    holder.wait()
    with FileLock(path, timeout=5):
        assert path.exists()


def test_threads_take_turns(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(n: int) -> None:
        for _ in range(20):
            with FileLock(tmp_path / "lock"):
                inside.append(n)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.remove(n)

    threads = [threading.Thread(target=enter, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80 and max(most) == 1
