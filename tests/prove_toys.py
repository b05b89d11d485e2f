"""A project on a shelf of one's own with a contract: two files, ten misconceptions, one mutant that changes nothing."""

from __future__ import annotations

from pathlib import Path

CARD = 'skill = "Machine learning"\ntitle = "Scores"\nsummary = "Two small functions and a counter."\n'
MAIN = '''"""Scores."""

import numpy as np
from parts import spread


def scaled(x):
    """x divided by the width of its numbers."""
    x = np.asarray(x, dtype=float)
    return x / spread(x)


class Counter:
    """Counts what it is told."""

    def __init__(self):
        self.count = 0

    def add(self, x):
        self.count += np.size(x)
        return self.count
'''
PARTS = '''"""The width of numbers."""

import numpy as np


def spread(x):
    """Largest minus smallest, 1 where all are equal."""
    width = float(np.max(x) - np.min(x))
    return width if width > 0 else 1.0
'''
CONTRACT = '''
from pathlib import Path

import numpy as np

from castalia.core.contract import Claim, Contract, Milestone, equal

INTERFACE = """
import numpy as np

# --- M1 ---
def scaled(x: np.ndarray) -> np.ndarray:
    raise NotImplementedError

# --- M2 ---
class Counter:
    def __init__(self) -> None:
        raise NotImplementedError

    def add(self, x: np.ndarray) -> int:
        raise NotImplementedError
"""
HINTS = ("a", "b", "c")


def numbers(random, size):
    return (random.normal(size=size + 1),)


def scaled(x):
    low, high = min(x.tolist()), max(x.tolist())
    return np.array([each / (high - low or 1.0) for each in x.tolist()])


def counts(subject, x):
    counter = subject.new("Counter")
    for times in (1, 2):
        equal(counter.call("add", x), times * len(x), 0.0, "the count")
    equal(counter.get("count"), 2 * len(x), 0.0, "count")


CONTRACT = Contract("scores", INTERFACE, (
    Milestone("M1", "Scaling", (Claim(
        id="scaled", words="It divides by the width.", topics={"da03": 1.0}, function="scaled", make=numbers,
        oracle=scaled, hints=HINTS, edges=(lambda: (np.array([2.0, 2.0]),),), sizes=(1, 2, 4, 8)),)),
    Milestone("M2", "Counting", (Claim(
        id="counts", words="It counts what came.", topics={"py02": 1.0}, at="Counter", make=numbers, holds=counts,
        hints=HINTS, sizes=(1, 2, 4, 8)),)),
), source=Path(__file__).read_text("utf-8"))
'''
MUTANTS = """
from castalia.core.contract import Mutant

FILES = ("scores.py", "parts.py")
_DIVIDED = "return x / spread(x)"
MUTANTS = (
    Mutant("subtracted", "Scaling is shifting.", _DIVIDED, "return x - spread(x)", ("da03",)),
    Mutant("multiplied", "It is a factor.", _DIVIDED, "return x * spread(x)"),
    Mutant("squared", "Width is squared.", _DIVIDED, "return x / spread(x) ** 2"),
    Mutant("whole", "Numbers are whole.", "dtype=float", "dtype=int"),
    Mutant("by_the_largest", "The smallest is zero.", "np.max(x) - np.min(x)", "np.max(x)", file="parts.py"),
    Mutant("by_deviation", "Width is deviation.", "np.max(x) - np.min(x)", "np.std(x)", file="parts.py"),
    Mutant("never_equal", "Numbers differ.", "width if width > 0 else 1.0", "width", file="parts.py"),
    Mutant("equal_gives_zero", "Equal numbers have no width.", "else 1.0", "else 0.5", file="parts.py"),
    Mutant("last_only", "The last is all there is.", "self.count += np", "self.count = np", ("py02",)),
    Mutant("calls", "A call is a number.", "np.size(x)", "1"),
    Mutant("zeros", "No work.", _DIVIDED, "return x * 0", lazy=True),
)
"""


def shelf(folder: Path, *, equivalents: str = "{}", files: dict[str, str] | None = None) -> Path:
    """Write the shelf; the project is ``scores``. ``files`` replaces texts by name, ``equivalents`` EQUIVALENT."""
    place = folder / "scores"
    place.mkdir(parents=True)
    mutants = f"{MUTANTS}EQUIVALENT = {equivalents}\n"
    texts = {"card.toml": CARD, "scores.py": MAIN, "parts.py": PARTS, "contract.py": CONTRACT, "mutants.py": mutants}
    for name, text in {**texts, **(files or {})}.items():
        (place / name).write_text(text, "utf-8")
    return folder
