"""What the checker does not take on trust: inputs after a call, earlier answers, kinds, files, a runner's words."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from check_toys import CONTRACT, HINTS, HONEST, ONE

from castalia.check import Died, Limits, Report, Runner, check_claim, check_project, contracts
from castalia.check.ending import exit_code, files_in, versions_in
from castalia.check.stubs import MOST_FILES, code_hash, line_of, place_of, untouched
from castalia.core.contract import Claim, Contract, Failed, Milestone, Subject, equal
from castalia.core.errors import CastaliaError

SOFTMAX = "return e / e.sum(-1, keepdims=True)"
LISTED = HONEST.replace(SOFTMAX, f"{SOFTMAX.replace('return', 'return (')}).tolist()")
BUFFER = HONEST.replace(
    SOFTMAX,
    "answer = ROOM[: e.size].reshape(e.shape)\n    answer[...] = e / e.sum(-1, keepdims=True)\n    return answer",
).replace("import numpy as np\n", "import numpy as np\n\nROOM = np.empty(100_000)\n")


_STANDARDIZED = "    return np.divide(centred, table.std(axis=0), out=np.zeros_like(centred), where=~constant)"
_COUNTED = "        self.count = total"


def check(folder: Path, source: str, contract: Contract = ONE) -> Report:
    (folder / f"{contract.project}.py").write_text(source)
    return check_project(contract, folder, seed=7, limits=Limits(start=2.0))


def positive(subject: Subject, x: np.ndarray) -> None:
    subject.call("softmax", x)


PROPERTY = Claim(
    id="positive", words="softmax answers with something", topics={"ma10": 1.0}, hints=HINTS, at="softmax",
    make=lambda generator, size: (generator.normal(size=(2, size)),), holds=positive,
)  # fmt: skip


@pytest.mark.parametrize(
    ("milestone", "old", "new", "claim"),
    [
        (
            "M1",
            _STANDARDIZED,
            f"    answer = {_STANDARDIZED.strip()[7:]}\n    x[...] = 0\n    return answer",
            "standardized",
        ),
        ("M4", _COUNTED, f"{_COUNTED}\n        values *= 0", "running_mean"),
    ],
)
def test_a_property_fails_too_when_an_input_is_changed(
    tmp_path: Path, milestone: str, old: str, new: str, claim: str
) -> None:
    source = contracts.reference("basics").read_text("utf-8")
    assert source.count(old) == 1
    (tmp_path / "basics.py").write_text(source.replace(old, new))
    found = check_project(contracts.find("basics"), tmp_path, seed=1, milestone=milestone).claims[-1]
    assert (found.claim, found.outcome) == (claim, "fail") and "changed the input" in found.why


def test_a_claim_may_allow_what_is_done_in_place(tmp_path: Path) -> None:
    path = tmp_path / "softmax.py"
    for source in ("def softmax(x):\n    x += 1\n    return x\n", BUFFER):
        path.write_text(source)
        with Runner(path) as subject:
            assert check_claim(PROPERTY, subject, 1).outcome == "fail"
            assert check_claim(replace(PROPERTY, in_place=True), subject, 1).outcome == "pass"


def test_one_buffer_for_every_answer_fails(tmp_path: Path) -> None:
    found = check(tmp_path, BUFFER).claims[-1]
    assert found.outcome == "fail" and "the one it gave before" in found.why
    assert check(tmp_path, BUFFER.replace("return answer", "return answer.copy()")).outcome == "pass"


def test_an_object_may_answer_with_its_state(tmp_path: Path) -> None:
    path = tmp_path / "softmax.py"
    path.write_text("""
import numpy as np
class Walk:
    def __init__(self): self.at = np.zeros(3)
    def step(self): self.at += 1; return self.at
def moved(walk): return walk.step()
""")
    with Runner(path) as subject:
        walk = subject.new("Walk")
        for number in (1, 2):
            assert walk.call("step")[0] == 2 * number - 1 and subject.call("moved", walk)[0] == 2 * number
        assert (subject.changed, subject.reused) == ("", "")


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (np.array([True, False]), np.array([1.0, 0.0])),
        (True, 1),
        (1 + 0j, 1.0),
        (np.array([1, 2], complex), np.array([1, 2])),
        (1j * 0 + 1, True),
    ],
)
def test_what_is_equal_and_of_another_kind_is_wrong(got: object, wanted: object) -> None:
    with pytest.raises(Failed, match="another kind"):
        equal(got, wanted, 1e-9, "x")


def test_kinds_that_count_the_same_are_the_same() -> None:
    equal(1, 1.0, 1e-9, "x")
    equal(np.float32(1), 1, 1e-9, "x")
    equal(np.array([True]), np.array([True]), 1e-9, "x")
    equal(1 + 1j, 1 + 1j, 1e-9, "x")


def test_a_list_is_no_array_where_the_interface_says_so(tmp_path: Path) -> None:
    found = check(tmp_path, LISTED).claims[-1]
    assert (found.outcome, found.expected) == ("fail", "a NumPy array") and "list" in str(found.got)
    free = replace(ONE, interface=ONE.interface.replace("-> np.ndarray", "-> list"))
    assert free.arrays == frozenset() and check(tmp_path, LISTED, free).outcome == "pass"


def test_arrays_are_read_off_the_interface() -> None:
    text = """
import numpy as np
import numpy.typing as npt
def a(x) -> np.ndarray: ...
def b(x) -> npt.NDArray[np.float64]: ...
def c(x) -> "np.ndarray": ...
def d(x) -> list[np.ndarray]: ...
def e(x) -> np.ndarray | None: ...
def f(x): ...
class G:
    def h(self) -> np.ndarray: ...
    def i(self) -> float: ...
"""
    one = replace(PROPERTY, at="a")
    assert Contract("toy", text, (Milestone("M1", "One", (one,)),)).arrays == {"a", "b", "c", "G.h"}


# --- files that the code's own process names ---------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_only_plain_files_below_the_root_are_hashed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "secret.py"
    root.mkdir()
    outside.write_text("one")
    (root / "core.py").write_text("x = 1\n")
    (root / "link.py").symlink_to(outside)
    os.mkfifo(root / "pipe.py")
    names = ["/dev/zero", str(outside), *(str(root / name) for name in ("core.py", "link.py", "pipe.py", "gone.py"))]
    before = code_hash(root, names)
    outside.write_text("two")
    assert code_hash(root, names) == before
    (root / "core.py").write_text("x = 2\n")
    assert code_hash(root, names) != before
    assert code_hash(root, [str(root / f"{n}.py") for n in range(3 * MOST_FILES)])
    assert code_hash(root, [str(root / "caf\udce9.py")])
    assert line_of(root / "pipe.py", "f") == "pipe.py" and not untouched(root / "pipe.py", "", "f")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize(
    "lie",
    [
        "import sys\nsys.modules['castalia-learner'].Learner.files = lambda self: ['/dev/zero']\n",
        "import sys, types, os\nsys.modules['a'] = a = types.ModuleType('a')\n"
        "a.__file__ = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'pipe')\n",
    ],
)
def test_a_file_that_is_named_and_is_none_stops_no_check(tmp_path: Path, lie: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert check(tmp_path, HONEST + lie).outcome == "pass"


def test_modules_that_answer_strangely_harm_nobody(tmp_path: Path) -> None:
    """A lazy one, as scipy and matplotlib have them, one that raises, one with a file of another kind."""
    (tmp_path / "heavy.py").write_text("raise RuntimeError('loaded too early')\n")
    source = HONEST + """
import importlib.util, sys, types
spec = importlib.util.find_spec("heavy")
spec.loader = importlib.util.LazyLoader(spec.loader)
sys.modules["heavy"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
class Odd(types.ModuleType):
    def __getattr__(self, name): raise ImportError(name)
sys.modules["odd"], sys.modules["none"], sys.modules["number"] = Odd("odd"), None, 3
sys.modules["path"] = path = types.ModuleType("path")
path.__file__ = 5
"""  # fmt: skip
    report = check(tmp_path, source)
    assert report.outcome == "pass", report.claims[-1]


# --- what the runner is made to say ------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [
        "flat = lambda value, arrays, depth: 0",
        "flat = lambda value, arrays, depth: {'python': 1, 'numpy': [], 'files': 'x'}",
        "ours.Learner.files = lambda self: [1, 2]",
        "ours.Learner.files = lambda self: ['x'] * 20_000",
        "ours.Learner.files = lambda self: 3 / 0",
        "Runner.send = lambda self, told, arrays: send(self, {**told, 'nonce': {'$': 'array', 'at': 0}}, [ARRAY])",
        "Runner.send = lambda self, told, arrays: send(self, {**told, 'took': 'long'}, arrays)",
        "Runner.send = lambda self, told, arrays: send(self, {**told, 'value': bent(told.get('value'))}, arrays)",
        "Runner.explain = lambda self, error: {'name': {'$': 'array', 'at': 0}, 'kind': [], 'message': 'x' * 10**6}",
    ],
)
def test_every_check_has_an_outcome(tmp_path: Path, lie: str) -> None:
    source = f"""{HONEST}
import sys
main = sys.modules["__main__"]
Runner, send, ARRAY = main.Runner, main.Runner.send, np.ones(2)
def bent(value): return [value] if type(value) is int else value
main.{lie}
"""
    if "explain" in lie:
        source += "def softmax(x): raise KeyError\n"
    report = check(tmp_path, source, CONTRACT)
    found = report.claims[-1]
    assert (report.outcome, found.outcome) == ("learner_error", "learner_error") and len(found.why) < 3000


def test_answers_of_the_runners_own_are_looked_at() -> None:
    assert files_in(["a.py"]) == ["a.py"]
    assert versions_in({"python": "3.12.1", "numpy": "2.0", "files": []}) == ({"python": "3.12.1", "numpy": "2.0"}, [])
    for wrong in (None, 3, "a.py", {"a": 1}, [1], ["a\0b"], ["\ud800"], ["x" * 5000], ["x"] * 10_001):
        with pytest.raises(ValueError):
            files_in(wrong)
        with pytest.raises(ValueError):
            versions_in({"python": "3.12.1", "numpy": "2.0", "files": wrong})
    for wrong in (
        0,
        [],
        {},
        {"python": 3, "numpy": "2.0", "files": []},
        {"python": "x" * 101, "numpy": "2", "files": []},
    ):
        with pytest.raises(ValueError):
            versions_in(wrong)
    assert [exit_code(status) for status in (0, 256, 9, 0x17F, "x", None, 1 << 80)] == [0, 1, -9, 0, 0, 0, 0]


def test_the_limits_that_held_are_told_when_the_import_never_ends(tmp_path: Path) -> None:
    fine, stuck = check(tmp_path, HONEST), check(tmp_path, "while True:\n    pass\n")
    assert (fine.outcome, stuck.outcome) == ("pass", "timeout")
    assert stuck.enforced == fine.enforced and "not tried" not in str(stuck.enforced)


def test_the_limits_that_held_are_told_by_a_runner_whatever_ended_it(tmp_path: Path) -> None:
    path = tmp_path / "softmax.py"
    path.write_text("import os\nos._exit(3)\n")
    runner = Runner(path)
    with pytest.raises((Died, CastaliaError)), runner:
        pass
    assert runner.refused is not None and "not tried" not in str(runner.enforced())


# --- where in a package ------------------------------------------------------------------------------


def package(folder: Path, init: str, core: str) -> Path:
    place = folder / "softmax"
    place.mkdir(exist_ok=True)
    (place / "__init__.py").write_text(init)
    (place / "core.py").write_text(core)
    return place / "__init__.py"


@pytest.mark.parametrize(
    "init",
    [
        "from .core import softmax\n",
        "from softmax.core import softmax\n",
        "from .core import *\n",
        "from .core import other\nfrom .core import softmax as softmax\n",
    ],
)
def test_a_package_has_lines_too(tmp_path: Path, init: str) -> None:
    stub = (
        "import numpy as np\nother = 1\n\n\ndef softmax(x: np.ndarray) -> np.ndarray:\n    raise NotImplementedError\n"
    )
    path = package(tmp_path, init, stub)
    found = check_project(ONE, tmp_path, seed=1).claims[-1]
    assert (found.outcome, found.file_line) == ("not_attempted", "softmax/core.py:5") and untouched(path, "", "softmax")
    package(tmp_path, init, stub.replace("raise NotImplementedError", "return x"))
    found = check_project(ONE, tmp_path, seed=1).claims[-1]
    assert (found.outcome, found.file_line) == ("fail", "softmax/core.py:5") and "softmax/core.py:5" in found.action


def test_what_is_raised_later_is_not_attempted_at_its_line(tmp_path: Path) -> None:
    package(
        tmp_path,
        "from . import core\nsoftmax = core.softmax\n",
        "def softmax(x):\n    y = x\n    raise NotImplementedError\n",
    )
    found = check_project(ONE, tmp_path, seed=1).claims[-1]
    assert (found.outcome, found.file_line) == ("not_attempted", "softmax/core.py:3")


def test_names_that_lead_in_a_circle_or_out_have_the_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text("def softmax(x): ...\n")
    path = package(tmp_path, "from .core import softmax\nfrom ...elsewhere import Mean\n", "from . import softmax\n")
    assert line_of(path, "softmax") == "softmax/__init__.py" and line_of(path, "Mean") == "softmax/__init__.py"
    package(tmp_path, "from .core import Mean\n", "class Mean:\n    def add(self, x):\n        return x\n")
    assert place_of(path, "Mean.add") == (path.with_name("core.py"), 2)
    assert line_of(path, "Mean.add") == "softmax/core.py:2" and line_of(path, "Mean.sub") == "softmax/__init__.py"
