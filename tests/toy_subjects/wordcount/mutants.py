"""Wrong versions of the command, by the misconception that writes them."""

from __future__ import annotations

from castalia.core.contract import Mutant

_KEY = "key=lambda pair: (-pair[1], pair[0])"
_INPUT = "counts.update(sys.stdin.read().lower().split())"
_FILE = "counts.update(file.read().lower().split())"
_SAID = 'print(f"{name}: {error.strerror}", file=sys.stderr)\n            return 1'
_KEEP = "            keep(given.into, counts)\n            print(sum(counts.values()), flush=True)\n"
_PRINT = "        print(count, word)"


def _wrong(id: str, words: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, words, old, new, topics, lazy, file="wordcount.py")


MUTANTS = (
    _wrong("rarest", "That small numbers come last.", _KEY, "key=lambda pair: (pair[1], pair[0])", "nl01"),
    _wrong("no_order", "That equals come in any order.", _KEY, "key=lambda pair: -pair[1]", "nl01"),
    _wrong("case", "That Bee and bee are two words.", _INPUT, _INPUT.replace(".lower()", ""), "nl01"),
    _wrong("one_space", "That words lie one space apart.", _INPUT, _INPUT.replace("split()", 'split(" ")'), "nl01"),
    _wrong("last_file", "That one file is enough.", _FILE, "counts = Counter(file.read().lower().split())", "py01"),
    _wrong("also_input", "That input is always read.",
           "    if not given.files:\n        counts", "    if True:\n        counts"),
    _wrong("quiet", "That a missing file is an empty one.", _SAID, "continue", "to03"),
    _wrong("on_output", "That errors are output.", _SAID, _SAID.replace("file=sys.stderr", "file=sys.stdout"), "to03"),
    _wrong("always_zero", "That an exit code does not matter.", _SAID, _SAID.replace("return 1", "return 0"), "to03"),
    _wrong("traceback", "That a traceback is an error message.",
           "except OSError as error:", "except ZeroDivisionError as error:"),
    _wrong("answers_first", "That it is kept once it was said.", _KEEP,
           "            print(sum(counts.values()), flush=True)\n            import time; time.sleep(0.2)\n"
           "            keep(given.into, counts)\n", "to03"),
    _wrong("at_the_end", "That there is always an end.", _KEEP,
           "            print(sum(counts.values()), flush=True)\n        keep(given.into, counts)\n"),
    _wrong("not_flushed", "That what is printed is sent.", "flush=True", "flush=False"),
    _wrong("starts_anew", "That a file is only for writing.", "counts.update(json.load(file))", "pass"),
    _wrong("leaves_files", "That nobody minds a file.", "    if not given.files:\n",
           '    open("log.txt", "w").close()\n    if not given.files:\n'),
    _wrong("hangs", "That input never ends.", "        counts.update(sys.stdin.read()",
           "        while True:\n            pass\n        counts.update(sys.stdin.read()"),
    _wrong("lazy_nothing", "No work.", _PRINT, "        pass", lazy=True),
    _wrong("lazy_echo", "No work.", _PRINT, "        print(word)", lazy=True),
    _wrong("lazy_constant", "No work.", _PRINT, "        print(1, word)", lazy=True),
)  # fmt: skip
