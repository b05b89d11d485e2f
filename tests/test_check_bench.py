"""check/{reach,dealing,notes,bench}: what a proof is put together from."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from castalia.check.dealing import Dealer
from castalia.check.notes import Notes
from castalia.check.reach import EVERYTHING, Map
from castalia.core.errors import CastaliaError, WrongInput

forks = pytest.mark.skipif(sys.platform == "win32", reason="workers are forks")

# --- reach -------------------------------------------------------------------------------------

TEXTS = {
    "a.py": "from b import third\nX = 1\n\n\ndef first(x):\n    return second(x)\n\n\ndef second(x):\n    return x\n",
    "b.py": "def third(x):\n    return x\n\n\nclass Fourth:\n    def go(self):\n        return third(1)\n",
}


def test_a_claim_reaches_what_its_function_names() -> None:
    found = Map(TEXTS)
    assert found.reach("first") == {"first", "second"} and found.reach("Fourth.go") == {"Fourth", "third"}
    assert found.reach("nothing") == set()


@pytest.mark.parametrize(
    "file, old, new, touched",
    [
        ("a.py", "second(x)\n\n", "second(-x)\n\n", {"first"}),
        ("a.py", "    return x\n", "    y = x\n    return y\n", {"second"}),
        ("a.py", "    return x\n", "", {"second"}),
        ("a.py", "X = 1", "X = 2", {EVERYTHING}),
        ("b.py", "third(1)", "third(2)", {"Fourth"}),
        ("b.py", "def third", "pass\ndef third", {"third"}),
        ("b.py", "third(1)\n", "third(1)\n\n\nthird = abs\n", {EVERYTHING}),
    ],
)
def test_a_change_touches_the_definition_it_stands_in(file: str, old: str, new: str, touched: set[str]) -> None:
    assert Map(TEXTS).touched({file: TEXTS[file].replace(old, new, 1)}) == touched
    assert Map(TEXTS).touched(TEXTS) == set()


# --- notes -------------------------------------------------------------------------------------


def test_notes_are_there_again_up_to_the_line_that_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "notes.jsonl"
    with Notes(path, "of this") as notes:
        notes.add("a", {"x": 1})
        notes.add("b", "ö")
        assert path.read_text("utf-8").count("\n") == 3, "it is there before the file is closed"
    for torn in range(len(path.read_bytes())):
        copy = tmp_path / "copy.jsonl"
        copy.write_bytes(path.read_bytes()[:torn])
        with Notes(copy, "of this") as notes:
            known = dict(notes.known)
            notes.add("c", 3)
        assert known in ({}, {"a": {"x": 1}}, {"a": {"x": 1}, "b": "ö"})
        with Notes(copy, "of this") as notes:
            assert notes.known == {**known, "c": 3}
    with Notes(path, "of another") as notes:
        assert notes.known == {}
    assert path.read_text("utf-8") == "of another\n"


def test_without_a_file_notes_are_kept_in_memory() -> None:
    with Notes(None, "x") as notes:
        notes.add("a", 1)
        assert notes.known == {"a": 1}


# --- dealing -----------------------------------------------------------------------------------


class Toy:
    """A worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def close(self) -> None:
        (self.folder / f"closed-{os.getpid()}").touch()

    def double(self, x: int) -> dict[str, Any]:
        time.sleep(0.01 * (x % 3))
        return {"twice": 2 * x, "pid": os.getpid()}

    def refuses(self) -> None:
        raise WrongInput("the toy", "this", "that", "do so")

    def breaks(self) -> None:
        raise KeyError("broken")

    def leaves(self) -> None:
        os._exit(7)

    def waits(self) -> None:
        time.sleep(60)


@forks
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_task_is_done_once_by_some_worker(count: int, tmp_path: Path) -> None:
    with Dealer(lambda: Toy(tmp_path), count) as dealer:
        results = dict(dealer.deal([("double", number) for number in range(20)]))
        assert [results[place]["twice"] for place in range(20)] == [2 * number for number in range(20)]
        assert len({each["pid"] for each in results.values()}) == count
        assert (os.getpid() in {each["pid"] for each in results.values()}) == (count == 1)
        assert list(dealer.deal([])) == []
    assert len(list(tmp_path.glob("closed-*"))) == count and not multiprocessing.active_children()


@forks
def test_what_goes_wrong_in_a_worker_is_raised_here_and_no_worker_stays(tmp_path: Path) -> None:
    for task, kind, words in (
        ("refuses", WrongInput, "the toy"), ("breaks", RuntimeError, "broken"), ("leaves", CastaliaError, "code 7"),
    ):  # fmt: skip
        with pytest.raises(kind, match=words), Dealer(lambda: Toy(tmp_path), 2) as dealer:
            list(dealer.deal([("double", 1), (task,), ("double", 3)]))
        assert not multiprocessing.active_children()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Dealer(lambda: Toy(tmp_path), 2) as dealer:
        for _ in dealer.deal([("waits",), ("double", 1)]):
            raise KeyboardInterrupt
    assert not multiprocessing.active_children() and time.monotonic() - began < 30
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())).count("closed-") >= 7
