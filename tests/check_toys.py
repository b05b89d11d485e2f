"""A small contract, honest and hostile code for it, and a way to check the latter as another user.

``python check_toys.py FOLDER namespaces|polled NAME…`` writes each hostile file into FOLDER, checks it and prints the
reports: the tests start it as root and as an ordinary user.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from castalia.check import Limits, check_project
from castalia.core.contract import Claim, Contract, Milestone, Subject, equal, true

HINTS = ("Which x overflows?", "Look at exp.", "Subtract something first.")
INTERFACE = '''
import numpy as np

def softmax(x: np.ndarray) -> np.ndarray:
    """Rows that sum to one."""
    raise NotImplementedError

# --- M2 ---
class Mean:
    """A running mean."""
    def __init__(self, start: float = 0.0) -> None:
        raise NotImplementedError

    def add(self, x: float) -> float:
        raise NotImplementedError
'''


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def keeps_mean(subject: Subject, xs: np.ndarray) -> None:
    mean = subject.new("Mean", start=0.0)
    for number, x in enumerate(xs):
        equal(mean.call("add", x), xs[: number + 1].mean(), 1e-9, "the mean so far")
    true(mean.get("n") == len(xs), "it counts", mean.get("n"), len(xs))
    mean.free()


def rows(generator: np.random.Generator, size: int) -> tuple[np.ndarray]:
    return (generator.normal(size=(2, size)),)


RIGHT = Claim(
    id="right", words="softmax is exp(x) over its sum, row by row", topics={"ma10": 1.0, "ma05": 0.2}, hints=HINTS,
    make=rows, oracle=softmax, function="softmax", edges=(lambda: (np.array([[0.0]]),),), budget=2.0,
)  # fmt: skip
LARGE = Claim(
    id="large", words="large numbers do not overflow", topics={"ma10": 1.0}, hints=HINTS, sizes=(2, 4, 8, 400),
    make=lambda generator, size: (generator.normal(size=(1, size)) + 300.0 * size,), oracle=softmax,
    function="softmax", budget=2.0,
)  # fmt: skip
MEAN = Claim(
    id="mean", words="the mean of what was added", topics={"ma05": 1.0}, hints=HINTS, holds=keeps_mean, at="Mean",
    make=lambda generator, size: (generator.normal(size=size),), budget=2.0,
)  # fmt: skip
CONTRACT = Contract(
    "softmax", INTERFACE, (Milestone("M1", "softmax", (RIGHT, LARGE)), Milestone("M2", "a mean", (MEAN,)))
)
ONE = Contract(
    "softmax",
    INTERFACE.partition("# --- M2")[0],
    (Milestone("M1", "softmax", (RIGHT,)),),
    source="the one claim of the attacks",
)

HONEST = """import numpy as np


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Mean:
    def __init__(self, start=0.0):
        self.n, self.total = 0, start

    def add(self, x):
        self.n += 1
        self.total += x
        return self.total / self.n
"""
ZEROS = "\ndef softmax(x):\n    return np.zeros_like(x)\n"

# name -> (source, outcome). The first nine are the cheats of the reference, roadmap.md 5.2.
HOSTILE: dict[str, tuple[str, str]] = {
    "exit_at_import": ("import os\nos._exit(0)\n", "learner_error"),
    "exit_in_function": ("import os\ndef softmax(x):\n    os._exit(0)\n", "learner_error"),
    "expected_from_frames": ("""
import gc, sys
def softmax(x):
    frame = sys._getframe()
    while frame:
        if 'expected' in frame.f_locals: return frame.f_locals['expected']
        frame = frame.f_back
    for held in gc.get_objects():
        if isinstance(held, dict) and 'expected' in held: return held['expected']
    return x * 0
""", "fail"),
    "replaced_runtest": ("""
import sys, types
for name in ('_pytest', '_pytest.runner', 'pytest'):
    sys.modules[name] = types.ModuleType(name)
sys.modules['_pytest.runner'].pytest_runtest_call = lambda item: None
import numpy as np
""" + ZEROS, "fail"),
    "patched_allclose": ("""
import numpy as np
np.allclose = np.isclose = np.array_equal = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
""" + ZEROS, "fail"),
    "patched_max": ("import numpy as np\nnp.max = np.abs = np.median = lambda *a, **k: 0.0\n" + ZEROS, "fail"),
    "array_function": ("""
import numpy as np
class Liar(np.ndarray):
    def __array_function__(self, *a, **k): return True
    def __array_ufunc__(self, *a, **k): return np.True_
def softmax(x): return np.zeros_like(x).view(Liar)
""", "fail"),
    "always_equal": ("""
class Yes:
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return self
    shape = property(lambda self: self)
def softmax(x): return Yes()
""", "fail"),
    "sys_exit": ("import sys\nsys.exit(0)\n", "learner_error"),
    "nan": ("import numpy as np\ndef softmax(x):\n    return np.full_like(x, np.nan)\n", "fail"),
    "in_place": ("""
import numpy as np
def softmax(x):
    x -= x.max(-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(-1, keepdims=True)
    return x
""", "fail"),
    "state": (HONEST + """
right, calls = softmax, []
def softmax(x):
    calls.append(1)
    return right(x) * len(calls)
""", "fail"),
    "broken_frames": (HONEST + """
import os
right = softmax
def softmax(x):
    for handle in range(3, 20):
        try: os.write(handle, bytes([0, 0, 0, 2]) + b'{}')
        except OSError: pass
    return right(x)
""", "learner_error"),
    "huge_answer": ("import numpy as np\ndef softmax(x):\n    return np.zeros(12_000_000)\n", "learner_error"),
    "closed_handles": (HONEST + "import os\nos.closerange(0, 100)\n", "learner_error"),
    "segfault": ("import ctypes\ndef softmax(x):\n    return ctypes.string_at(8)\n", "learner_error"),
    "loop": ("def softmax(x):\n    while True:\n        pass\n", "timeout"),
    "loop_at_import": ("while True:\n    pass\n", "timeout"),
    "hundred_gigabytes": ("import numpy as np\ndef softmax(x):\n    return np.ones(int(100e9 / 8))\n", "memory"),
    "hog": ("""
import numpy as np
held = []
def softmax(x):
    while True: held.append(np.ones(1_000_000))
""", "memory"),
    "hog_in_children": ("""
import os, time
import numpy as np
def softmax(x):
    for _ in range(8):
        if os.fork() == 0:
            held = np.ones(8_000_000)
            time.sleep(60)
    time.sleep(60)
""", "memory"),
    "fork_bomb": ("import os\ndef softmax(x):\n    while True:\n        os.fork()\n", "learner_error"),
    "daemons": (HONEST + """
import os
for _ in range(6):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            os.execve('/bin/sleep', ['sleep', '98765.' + os.environ['TOY_TAG']], {})
        os._exit(0)
""", "pass"),
    "deleted_folder": ("import os, shutil\nshutil.rmtree(os.getcwd())\n" + HONEST, "pass"),
    "flood": ("def softmax(x):\n    while True:\n        print('x' * 10000)\n", "timeout"),
    "flood_that_ends": ("print('x' * 30_000_000)\n" + HONEST, "pass"),
    "stopped": ("import os, signal\ndef softmax(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n", "timeout"),
    "gigabyte": ("import os\nfor _ in range(1000): os.write(1, b'x' * 1_000_000)\n" + HONEST, "pass|timeout"),
    "killed_parent": (HONEST + "import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(9)\n", "learner_error"),
    "killed_group": (HONEST + "import os\nos.killpg(0, 9)\n", "learner_error"),
    "answers_itself": (HONEST + """
import json, os, struct, sys
right = softmax
def softmax(x):
    frame = sys._getframe()
    while 'request' not in frame.f_locals or 'told' not in frame.f_locals: frame = frame.f_back
    body = {'nonce': frame.f_locals['request']['nonce'], 'value': None, 'took': 0.0, 'changed': False}
    data = json.dumps({'body': body, 'arrays': []}).encode()
    os.write(frame.f_locals['self'].writing, struct.pack('>I', len(data)) + data)
    return right(x)
""", "fail|learner_error"),
    "endless_frame": (HONEST + """
import sys
def softmax(x):
    frame = sys._getframe()
    while 'told' not in frame.f_locals: frame = frame.f_back
    import os
    while True: os.write(frame.f_locals['self'].writing, b'\\x00\\x00\\xff\\xff' + b' ' * 65535)
""", "learner_error"),
    "patched_json": (HONEST + "import json\njson.dumps = lambda *a, **k: '{}'\n", "learner_error"),
    "patched_struct": (HONEST + "import struct\nstruct.pack = lambda *a, **k: b'xxxx'\n", "learner_error"),
    "patched_array": ("import numpy as np\nnp.array = lambda x, *a, **k: np.ones_like(x)\n" + HONEST, "fail"),
    "patched_builtins": (HONEST + "import builtins\nbuiltins.isinstance = lambda *a: True\n", "fail|learner_error"),
    "other_stdout": (HONEST + """
import sys
class Broken:
    def write(self, text): raise ValueError(text)
    def flush(self): raise SystemExit
sys.stdout.close()
sys.stdout = sys.stderr = sys.__stdout__ = Broken()
""", "pass"),
    "endless_threads": (HONEST + """
import threading, time
def wait():
    while True: time.sleep(0.01)
for _ in range(8): threading.Thread(target=wait).start()
""", "pass"),
    "recursion": ("def softmax(x):\n    return softmax(x)\n", "learner_error"),
    "recursion_without_end": (
        "import sys\nsys.setrecursionlimit(10**8)\ndef softmax(x):\n    return [softmax(y) for y in [x]]\n",
        "learner_error|memory|timeout",
    ),
    "object_array": ("import numpy as np\ndef softmax(x):\n    return np.array([[x]], dtype=object)\n", "fail"),
    "huge_number": ("def softmax(x):\n    return 1 << 200_000\n", "fail"),
    "deep_answer": ("def softmax(x):\n    y = []\n    for _ in range(9999): y = [y]\n    return y\n", "fail"),
    "generator": ("def softmax(x):\n    yield from x\n", "fail"),
    "hostile_error": (HONEST + """
class Mine(Exception):
    def __str__(self): raise Mine(self)
    __repr__ = __str__
def softmax(x): raise Mine
""", "learner_error"),
    "endless_error": ("""
class Mine(Exception):
    def __str__(self):
        while True: pass
def softmax(x): raise Mine
""", "timeout"),
    "long_error": ("def softmax(x):\n    raise ValueError('x' * 50_000_000)\n", "learner_error"),
    "other_signals": ("""
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def softmax(x):
    while True: pass
""", "timeout"),
    "exit_at_exit": (HONEST + "import atexit, os\natexit.register(os._exit, 0)\n", "pass"),
}  # fmt: skip
QUICK = (
    "exit_at_import", "exit_in_function", "expected_from_frames", "replaced_runtest", "patched_allclose", "patched_max",
    "array_function", "always_equal", "sys_exit", "nan", "state", "broken_frames", "loop", "hundred_gigabytes",
    "daemons", "deleted_folder", "flood", "killed_parent", "answers_itself", "patched_array", "hostile_error",
    "vandal", "caller",
)  # fmt: skip
"""The nine cheats and one of each kind of accident."""
ONLY_ENCLOSED: dict[str, tuple[str, str]] = {
    "vandal": ("""
import os, pathlib, shutil, signal
here = pathlib.Path(__file__).parent
shutil.rmtree(here, ignore_errors=True)
for place in (here, here.parent, pathlib.Path.home(), pathlib.Path('/tmp'), pathlib.Path('/dev/shm')):
    try: (place / 'castalia-was-here').write_text('x')
    except OSError: pass
""" + HONEST, "pass"),
    "killed_all": (HONEST + "import os\nos.kill(-1, 9)\nimport time\ntime.sleep(9)\n", "learner_error"),
    "caller": ("""
import socket
def softmax(x):
    socket.create_connection(('192.0.2.1', 80), timeout=1)
""", "learner_error"),
}  # fmt: skip
LIMITS: dict[str, Any] = {"memory": 400 << 20, "start": 3.0, "processes": 32, "result": 64 << 20}


def attack(folder: Path, name: str, namespaces: bool) -> dict[str, Any]:
    """Check one hostile file; the report, and what was left behind."""
    temporary = Path(tempfile.gettempdir())
    place = folder / "work" / name
    place.mkdir(parents=True)
    (place / "softmax.py").write_text({**HOSTILE, **ONLY_ENCLOSED}[name][0])
    (place / "thesis.txt").write_text("years of work")
    before, around = set(os.listdir(temporary)), tree(folder / "work")
    began = time.perf_counter()
    report = check_project(ONE, place, limits=Limits(namespaces=namespaces, **LIMITS), seed=1)
    told = report.as_dict()
    return {
        **told, "name": name, "wall": time.perf_counter() - began,
        "left": sorted(set(os.listdir(temporary)) - before), "touched": tree(folder / "work") != around,
    }  # fmt: skip


def tree(folder: Path) -> list[tuple[str, str, float, bytes]]:
    """Every file and folder below, with rights, time and content."""
    paths = sorted(folder.rglob("*"))
    return [(str(p), oct(p.stat().st_mode), p.stat().st_mtime, p.read_bytes() if p.is_file() else b"") for p in paths]


if __name__ == "__main__":
    for each in sys.argv[3:]:
        print(json.dumps(attack(Path(sys.argv[1]), each, sys.argv[2] == "namespaces")), flush=True)
    print(json.dumps({"name": "end", "pid": os.getpid(), "user": os.geteuid()}))
