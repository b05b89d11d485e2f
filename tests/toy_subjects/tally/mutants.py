"""Wrong versions of the repository, by the misconception that writes them."""

from __future__ import annotations

from castalia.core.contract import Mutant

FILES = ("tally.py", "README.md", "own_tests.py")


def _wrong(id: str, words: str, file: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, words, old, new, topics, lazy, file=file)


MUTANTS = (
    _wrong("no_title", "That a file's name is a title.", "README.md", "# Tally\n", "", "rs05"),
    _wrong("no_command", "That everybody knows how to run tests.",
           "README.md", "    python -m unittest -q", "Run them.",
           "rs05"),
    _wrong("no_limits", "That limits are not mentioned.", "README.md", "## What it does not do\n", "", "rs05"),
    _wrong("no_docs", "That code explains itself.",
           "tally.py", '    """All that come most often, in the order in which '
           'they first came. Raises ValueError for nothing."""\n', "", "to03"),
    _wrong("broken", "That a test is for others.", "tally.py", "+ 1", "+ 2", "py09"),
    _wrong("last_wins", "That a tie has one winner.", "tally.py", "if count == top]", "if count == top][-1:]", "py09"),
    _wrong("nothing_is_none", "That nothing needs no error.", "tally.py", 'raise ValueError("nothing to tally")',
           "return []", "py09"),
    _wrong("no_tie_test", "That ties are rare.", "own_tests.py", 'self.assertEqual(most("abcab"), ["a", "b"])', "pass",
           "py09"),
    _wrong("no_order_test", "That order does not matter.", "own_tests.py",
           'self.assertEqual(list(tally("ba")), ["b", "a"])', "pass", "py09"),
    _wrong("no_error_test", "That errors need no test.", "own_tests.py",
           "with self.assertRaises(ValueError):\n            most([])", "pass", "py09"),
    _wrong("not_found", "That any method of a class is a test.", "own_tests.py", "class Tally(unittest.TestCase):",
           "class Tally:", "py09"),
    _wrong("needs_a_file", "That what lies on my disk is in the repository.", "own_tests.py", "import unittest\n",
           'import unittest\n\nopen("notes.txt").close()\n', "py09"),
    _wrong("lazy_test", "No work.", "own_tests.py", 'self.assertEqual(tally("abca"), {"a": 2, "b": 1, "c": 1})',
           "self.assertTrue(True)", lazy=True),
    _wrong("lazy_zero", "No work.",
           "tally.py", "    return counts\n", "    return dict.fromkeys(counts, 0)\n", lazy=True),
    _wrong("lazy_nothing", "No work.", "tally.py", "return [thing for thing, count in counts.items() if count == top]",
           "return []", lazy=True),
)  # fmt: skip
