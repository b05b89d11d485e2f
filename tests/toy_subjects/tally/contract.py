"""The contract of a repository: it says what it is, its tests pass, and they find wrong versions of it."""

from __future__ import annotations

from pathlib import Path

from castalia.core.contract import Claim, Contract, Milestone, Subject, true

INTERFACE = """
README.md
tally.py
# --- M2 ---
own_tests.py
"""
TESTS = ["python", "-m", "unittest", "-q", "own_tests"]
WRONG = {
    "one too many": ("counts.get(thing, 0) + 1", "counts.get(thing, 1) + 1"),
    "rarest": ("max(counts.values())", "min(counts.values())"),
    "ties dropped": ("if count == top]", "if count == top][:1]"),
    "nothing allowed": ('raise ValueError("nothing to tally")', "return []"),
    "sorted": ("for thing in things:", "for thing in sorted(things):"),
}


def is_told(subject: Subject) -> None:
    text = subject.call("read", "README.md")
    true(text.startswith("# "), "README.md begins with a title", text[:40], "# Tally")
    true("    python -m unittest" in text, "README.md says how its tests are run", "no such line", "    python -m ...")
    true("does not" in text, "README.md says what it does not do", "no such sentence", "... does not ...")
    found = subject.call("files")
    true("tally.py" in found, "the file it is about is there", found, "tally.py")


def is_documented(subject: Subject) -> None:
    code = "import tally; assert tally.__doc__ and tally.tally.__doc__ and tally.most.__doc__"
    done = subject.call("run", ["python", "-c", code])
    true(done["code"] == 0, "module and functions have docstrings", done["err"][-200:], "docstrings")


def tests_pass(subject: Subject) -> None:
    done = subject.call("run", TESTS)
    true(done["code"] == 0 and "Ran 0" not in done["err"], "its tests pass", done["err"][-300:], "OK")


def tests_find(subject: Subject) -> None:
    """The share of wrong versions of tally.py that its own tests reject."""
    text = subject.call("read", "tally.py")
    for name, (old, new) in WRONG.items():
        true(text.count(old) == 1, f"tally.py keeps the line {old!r}", text.count(old), 1)
        done = subject.call("run", TESTS, files={"tally.py": text.replace(old, new)})
        true(done["code"] != 0, f"its tests reject tally.py with {name}", "they pass", "a failure")


def claim(id: str, words: str, holds: object, topic: str, at: str, *hints: str, needs: frozenset[str]) -> Claim:
    one, two, three = hints
    return Claim(
        id=id, words=words, topics={topic: 1.0}, make=lambda rng, size: (), holds=holds, at=at,  # type: ignore[arg-type]
        hints=(one, two, three), cases=1, sizes=(1,), budget=20.0, needs=needs,
    )  # fmt: skip


CHILDREN = frozenset({"children"})
CONTRACT = Contract(
    project="tally", interface=INTERFACE, source=Path(__file__).read_text("utf-8"), adapter="repository",
    milestones=(
        Milestone("M1", "It says what it is", (
            claim("readme", "README.md has a title, says how the tests are run, and what it does not do.", is_told,
                  "rs05", "README.md", "What would a stranger ask first?", "A title, a command, a limit.",
                  "A line of four spaces and the command.", needs=frozenset()),
            claim("documented", "Everything that is exported has a docstring.", is_documented, "to03", "tally.py",
                  "What does help(tally) show?", "A line under each def.", "The first line of the file too.",
                  needs=CHILDREN),
        )),
        Milestone("M2", "Its tests are worth something", (
            claim("pass", "Its own tests pass in a clean copy.", tests_pass, "py09", "own_tests.py", "Which one fails?",
                  "Run them from an empty clone.", "A file that is not in the repository.", needs=CHILDREN),
            claim("find", "Its own tests reject wrong versions of it.", tests_find, "py09", "own_tests.py",
                  "Which line could be wrong without a test noticing?", "Ties, nothing, order.",
                  "One test for each sentence of a docstring.", needs=CHILDREN),
        )),
    ),
)  # fmt: skip
