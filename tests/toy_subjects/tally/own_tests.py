"""The repository's own tests: run by its contract, not by ours."""

import unittest

from tally import most, tally


class Tally(unittest.TestCase):
    def test_counts(self):
        self.assertEqual(tally("abca"), {"a": 2, "b": 1, "c": 1})
        self.assertEqual(list(tally("ba")), ["b", "a"])
        self.assertEqual(tally(""), {})

    def test_most(self):
        self.assertEqual(most("abcab"), ["a", "b"])
        self.assertEqual(most("a"), ["a"])

    def test_nothing(self):
        with self.assertRaises(ValueError):
            most([])
