"""Wrong packages and wrong tests, by the misconception that writes them; mutants.py puts them beside its own."""

from __future__ import annotations

from castalia.core.contract import Mutant

PACKAGE_FILES = ("pyproject.toml", "build_wheel.py", "own_tests.py")
"""What mutants.py lists in FILES besides the reference."""
_IMPORT = "from .columns import"


def _wrong(id: str, words: str, file: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, words, old, new, topics, lazy, file=file)


def _imported(id: str, words: str, more: str, *topics: str) -> Mutant:
    """The reference with some lines before its first import."""
    return _wrong(id, words, "reference.py", _IMPORT, more + _IMPORT, *topics)


PACKAGE_MUTANTS: tuple[Mutant, ...] = (
    _wrong("package_nameless", "That the folder's name is the name of the package.", "pyproject.toml",
           'name = "utilities"\n', "", "to03"),
    _wrong("package_any_python", "That everybody has the Python I have.", "pyproject.toml",
           'requires-python = ">=3.9"\n', 'requires_python = ">=3.9"\n', "to03"),
    _wrong("package_no_numpy", "That NumPy is everywhere.", "pyproject.toml", '"numpy>=1.24"', "", "to03", "py09"),
    _wrong("package_other_version", "That the version is changed in one of its two places.", "pyproject.toml",
           'version = "1.0.0"', 'version = "1.0.1"', "to03"),
    _wrong("package_untyped", "That a file without Python in it need not be packed.", "build_wheel.py",
           '("*.py", "py.typed")', '("*.py",)', "to03"),
    _wrong("package_on_top", "That tests are installed beside the package.", "build_wheel.py",
           '    record = "".join(', '    files["own_tests.py"] = b"# tests"\n    record = "".join(', "to03"),
    _wrong("package_wrong_hash", "That nobody reads RECORD.", "build_wheel.py", "hashlib.sha256(data)",
           "hashlib.sha256(data.strip())", "to03"),
    _wrong("package_unlisted", "That RECORD lists only code.", "build_wheel.py",
           'for name, data in files.items())', 'for name, data in files.items() if name.endswith(".py"))', "to03"),
    _wrong("package_binary", "That a wheel is of the machine it was built on.", "build_wheel.py",
           'f"utilities-{version}-py3-none-any.whl"', 'f"utilities-{version}-cp311-cp311-linux_x86_64.whl"', "to03"),
    _imported("package_undeclared", "That what is installed here is installed there.", "import yaml\n", "to03"),
    _imported("package_undeclared_within", "That an import within a function is not a requirement.",
                  "\n\ndef frame() -> object:\n    import pandas\n\n    return pandas.DataFrame()\n\n", "to03", "py09"),
    _imported("package_prints", "That a greeting does no harm.", 'print("utilities")\n', "to03"),
    _imported("package_writes", "That a folder for the cache is made at once.",
                  "import os\n\nos.makedirs('cache', exist_ok=True)\n", "to03"),
    _imported("package_connects", "That looking for a new version is a service.",
                  "import contextlib\nimport socket\n\nwith contextlib.suppress(OSError):\n"
                  "    socket.create_connection(('127.0.0.1', 9), 0.1)\n", "to03"),
    _imported("package_unannotated", "That types are for the others.", "\n\ndef twice_of(x):\n    return 2 * x\n\n",
                  "to03"),
    _imported("package_half_annotated", "That a function without a type for its answer is typed.",
                  "\n\ndef twice_of(x: float):\n    return 2 * x\n\n", "to03"),
    _imported("package_false_example", "That examples are prose.",
                  '\n\ndef twice_of(x: float) -> float:\n    """Twice x.\n\n    >>> twice_of(2)\n    5\n    """\n'
                  "    return 2 * x\n\n", "py09"),
    _wrong("tests_type_only", "That an answer of the right type is right.", "own_tests.py",
           "self.assertAlmostEqual(got, expected, places=12)", "self.assertIsInstance(got, float)", "py09", "to05"),
    _wrong("tests_of_themselves", "That comparing an answer with itself is a test.", "own_tests.py",
           "self.assertAlmostEqual(got, expected, places=12)", "self.assertAlmostEqual(got, got)", "py09", "to05"),
    _wrong("tests_roughly", "That whatever comes near is right.", "own_tests.py", "expected, places=12)",
           "expected, delta=20.0)", "py09", "to05"),
    _wrong("tests_no_errors", "That errors need no tests.", "own_tests.py",
           "with self.assertRaises(ValueError):\n            function(*arguments)", "pass", "to05"),
    _wrong("tests_any_error", "That an error may come or not.", "own_tests.py",
           "with self.assertRaises(ValueError):\n            function(*arguments)",
           "try:\n            function(*arguments)\n        except ValueError:\n            self.assertTrue(False)",
           "py09"),
    _wrong("tests_not_found", "That any class holds tests.", "own_tests.py", "class Case(unittest.TestCase):",
           "class Case:", "py09"),
    _wrong("tests_of_the_text", "That a test may ask for the text of a module.", "own_tests.py", "import unittest\n",
           "import inspect\nimport unittest\n\nimport given\n\nassert 'hits + misses' in inspect.getsource(given)\n",
           "py09"),
    _wrong("tests_need_a_file", "That what lies on my disk lies everywhere.", "own_tests.py", "import unittest\n",
           'import unittest\n\nopen("pyproject.toml").close()\n', "py09"),
    _wrong("lazy_no_tests", "No work.", "own_tests.py", "class Case(unittest.TestCase):",
           "def load_tests(*_):\n    return unittest.TestSuite()\n\n\nclass Case(unittest.TestCase):", lazy=True),
    _wrong("lazy_always_fails", "No work.", "own_tests.py", "    def test_counts(self) -> None:\n",
           "    def test_counts(self) -> None:\n        self.fail()\n", lazy=True),
    _wrong("lazy_never_ends", "No work.", "own_tests.py", "    def test_counts(self) -> None:\n",
           "    def test_counts(self) -> None:\n        while True:\n            pass\n", lazy=True),
    _wrong("lazy_skips", "No work.", "own_tests.py", "class Case(unittest.TestCase):",
           "@unittest.skip('later')\nclass Case(unittest.TestCase):", lazy=True),
)  # fmt: skip
