"""The contract of a command: what it prints, how it ends, and that what it said is kept when it is killed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from castalia.core.contract import Claim, Contract, Milestone, Subject, true

INTERFACE = '''
import sys


def main(args: list[str]) -> int:
    """wordcount [--top N] [FILE...] prints "count word" lines of its files or its input, the most frequent first and
    equals by the alphabet; words are split at spaces and lower case. A file that cannot be read: its name on standard
    error, exit code 1. wrong usage: 2.

    wordcount --into FILE adds each line of its input to the JSON object in FILE, and then prints the total so far."""
    raise NotImplementedError


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
'''
WORDS = ("an", "ant", "Bee", "bee", "cat", "Über", "x")


def text(rng: np.random.Generator, size: int) -> str:
    """``size`` words on lines of a few."""
    words = rng.choice(WORDS, size)
    return "".join(f"{word}{rng.choice([' ', '  ', chr(10)])}" for word in words)


def lines(counts: Counter[str]) -> str:
    return "".join(f"{count} {word}\n" for word, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def counts_input(subject: Subject, said: str, top: int) -> None:
    expected = lines(Counter(said.lower().split()))
    done = subject.call("run", [], stdin=said)
    true(done["code"] == 0, "it ends with exit code 0", done["code"], 0)
    true(done["out"] == expected, "the words of its input", done["out"], expected)
    true(not done["err"], "it says nothing on standard error", done["err"], "")
    done = subject.call("run", ["--top", str(top)], stdin=said)
    wanted = "".join(expected.splitlines(True)[:top])
    true(done["out"] == wanted, f"the words of its input with --top {top}", done["out"], wanted)


def counts_files(subject: Subject, one: str, two: str) -> None:
    done = subject.call("run", ["a.txt", "b/c.txt"], stdin="not this", files={"a.txt": one, "b/c.txt": two})
    expected = lines(Counter(f"{one} {two}".lower().split()))
    true(done["out"] == expected, "the words of two files", done["out"], expected)
    true(done["files"] == {}, "it writes no file", sorted(done["files"]), [])


def says_what_is_wrong(subject: Subject) -> None:
    done = subject.call("run", ["no_such.txt"], files={"a.txt": "x"})
    true(done["code"] == 1, "the exit code without the file", done["code"], 1)
    true("no_such.txt" in done["err"] and not done["out"], "it names the file", done["err"], "no_such.txt: ...")
    done = subject.call("run", ["--no-such-option"])
    true(done["code"] == 2, "the exit code of wrong usage", done["code"], 2)


def survives(subject: Subject, said: list[str]) -> None:
    """Killed after a line was acknowledged, and started again in the same folder."""
    folder = subject.new("castalia.Folder")
    total = 0
    for part in (said, said[:1]):
        process = subject.new("Process", ["--into", "kept.json"], folder=folder)
        for line in part:
            total += len(line.split())
            process.call("write", line + "\n")
            answer = process.call("read_line")
            true(answer == f"{total}\n", "the total so far", answer, f"{total}\n")
        process.call("kill")
        true(not process.call("running"), "it is killed", "running", "ended")
    process = subject.new("Process", ["--into", "kept.json"], folder=folder)
    done = process.call("wait")
    true(done["code"] == 0 and not done["out"], "without input it ends", done, "code 0, no output")
    true("kept.json" in done["files"], "its file is there", sorted(done["files"]), "kept.json")


def claim(id: str, words: str, make: Any, holds: Any, topic: str, *hints: str, needs: set[str], **more: Any) -> Claim:
    one, two, three = hints
    return Claim(
        id=id, words=words, topics={topic: 1.0}, make=make, holds=holds, at="main", hints=(one, two, three),
        needs=frozenset(needs), budget=4.0, sizes=(1, 2, 4, 12), **more,
    )  # fmt: skip


CONTRACT = Contract(
    project="wordcount", interface=INTERFACE, source=Path(__file__).read_text("utf-8"), adapter="command",
    milestones=(
        Milestone("M1", "Counting", (
            claim("counts", "It counts the words of its input, the most frequent first.",
                  lambda rng, size: (text(rng, size), int(rng.integers(1, 4))), counts_input, "nl01",
                  "Which words are the same?", "Lower case, then split.", "The key of the order has two parts.",
                  needs={"children"}, cases=4),
            claim("files", "It counts the words of all files that are named.",
                  lambda rng, size: (text(rng, size), text(rng, size)), counts_files, "py01",
                  "What is read when files are named?", "Files instead of the input.", "The loop over the files.",
                  needs={"children"}, cases=2),
            claim("errors", "It says which file is missing, and tells wrong usage by exit code 2.",
                  lambda rng, size: (), says_what_is_wrong, "to03", "What does the shell see?",
                  "Messages go to standard error.", "The number that main returns.", needs={"children"}, cases=1),
        )),
        Milestone("M2", "Keeping", (
            claim("survives", "What it has acknowledged is kept when it is killed.",
                  lambda rng, size: ([str(rng.choice(WORDS)) for _ in range(size)],), survives, "to03",
                  "When is a line safe?", "First write, then answer, and flush.", "The order of keep and print.",
                  needs={"children", "files"}, cases=2),
        )),
    ),
)  # fmt: skip
