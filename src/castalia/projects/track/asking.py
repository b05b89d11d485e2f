"""What every claim about a tracker needs: a fresh file, a tracker on it, another process, and exact comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Handle, Subject, true

NEEDS = frozenset({"files", "children"})
SIZES = (1, 2, 4, 8)
TEXTS = ("loss", "ü", "a b", "it's", 'say "so"', "x.y", "%", "_", "a%b", "A", "a", "日本", "1", "True", "None", "",
         "'; DROP TABLE runs; --", "two\nlines", "a,b", "NaN", "-", "a\\b")  # fmt: skip
"""Names and values that somebody has read wrongly; all of them are texts."""
BIG = 2**53 + 1
"""The first whole number that no float is."""


class Place:
    """A folder of its own, and trackers on files in it; left, all of them are closed and all processes ended.

    A process under check may have 256 files open, and a tracker holds three.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject, self.call = subject, subject.call
        self.folder = subject.new("castalia.Folder", {})
        self._trackers: list[Handle] = []
        self._scripts: list[Handle] = []

    def path(self, name: str) -> str:
        return str(self.folder.call("place", name))

    def tracker(self, name: str = "runs.db") -> Handle:
        self._trackers.append(self.subject.new("Tracker", self.path(name)))
        return self._trackers[-1]

    def close(self, tracker: Handle) -> None:
        """Close it now; nobody is asked to close it twice."""
        self._trackers = [each for each in self._trackers if each is not tracker]
        tracker.call("close")

    def script(self, text: str, *args: Any) -> Handle:
        """Another process; with ``track`` in its text one that has imported the module under that name."""
        head = f"import {{module}} as track\n{HEAD}" if "track." in text else HEAD
        self._scripts.append(self.subject.new("castalia.Script", head + text, list(args)))
        return self._scripts[-1]

    def leave(self) -> None:
        for script in self._scripts:
            script.call("kill")
        for tracker in self._trackers:
            tracker.call("close")
        for each in (*self._scripts, *self._trackers, self.folder):
            each.free()


HEAD = """\
import sqlite3, sys, time

def say(*words):
    print(*words, flush=True)

"""


def claim(
    id: str, words: str, topics: dict[str, float], at: str, holds: Callable[..., None], hints: tuple[str, str, str],
    make: Callable[[np.random.Generator, int], tuple[Any, ...]] = lambda rng, size: (), *, cases: int = 3,
    sizes: tuple[int, ...] = SIZES, budget: float = 5.0, needs: frozenset[str] = NEEDS,
    edges: tuple[Callable[[], tuple[Any, ...]], ...] = (),
) -> Claim:  # fmt: skip
    """A claim about trackers: ``holds(place, *inputs)``; of a server it is ``holds(subject, *inputs)``."""

    def in_a_place(subject: Subject, *inputs: Any) -> None:
        place = Place(subject)
        holds(place, *inputs)
        place.leave()

    asked = holds if "loopback" in needs else in_a_place
    return Claim(
        id=id, words=words, topics=topics, at=at, holds=asked, hints=hints, make=make, cases=cases, sizes=sizes,
        budget=budget, needs=needs, edges=edges,
    )  # fmt: skip


def same(got: Any, expected: Any, what: str) -> None:
    """Equal, and of the same types within: 1 is not 1.0, True is not 1, and NaN is NaN. The order of names is free."""
    found = _difference(got, expected, "")
    if found is not None:
        where, mine, wanted = found
        words = f"{what} differs" + (f", at {where}" if where else "")
        true(False, words, repr(mine)[:200], repr(wanted)[:200])


def alike(a: Any, b: Any) -> bool:
    return _difference(a, b, "") is None


def _difference(a: Any, b: Any, where: str) -> tuple[str, Any, Any] | None:
    """The first place where ``a`` is not ``b``, and what stands there in both; None where they are the same."""
    if isinstance(b, dict) and isinstance(a, dict) and set(a) == set(b):
        inside = ((a[name], b[name], f"{where}[{name!r}]") for name in b)
    elif isinstance(b, list | tuple) and isinstance(a, list | tuple) and len(a) == len(b):
        inside = ((mine, wanted, f"{where}[{at}]") for at, (mine, wanted) in enumerate(zip(a, b, strict=True)))
    else:
        return None if _is(a, b) else (where, a, b)
    return next((found for each in inside if (found := _difference(*each)) is not None), None)


def _is(a: Any, b: Any) -> bool:
    if isinstance(b, list | tuple):
        return isinstance(a, list | tuple) and not a and not b
    return type(a) is type(b) and bool(a == b or (a != a and b != b))


def some(rng: np.random.Generator, values: Iterable[Any], count: int) -> list[Any]:
    """So many of them, none twice; all where there are fewer."""
    listed = list(values)
    return [listed[int(each)] for each in rng.permutation(len(listed))[:count]]


def value(rng: np.random.Generator) -> float:
    """A float, often one that something or other does not keep."""
    special = (math.nan, math.inf, -math.inf, 1e308, 5e-324, 0.1, 2.0, float(2**63), -1.5)
    return float(rng.choice(special)) if rng.random() < 0.4 else float(rng.normal())


def params(rng: np.random.Generator, size: int) -> dict[str, Any]:
    """Params of every kind under all sorts of names."""
    values = (1, 1.0, True, "1", 0, False, None, "", math.nan, -math.inf, BIG, -(2**63), 2**63 - 1, 0.1, "ü\n'", "NaN")
    return dict(zip(some(rng, TEXTS, size), some(rng, values, size), strict=False))
