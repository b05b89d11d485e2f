"""Masking: what looks like a secret in a diff, a command line or an address is replaced before it is kept.

By name (``password = ...``), by the known forms of tokens, and by how random a word is. It errs on the side of
masking: a checksum goes as well. It is no proof: a short password under a harmless name stays.
"""

from __future__ import annotations

import math
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from keyword import iskeyword

MASK = "<masked>"
LONGEST = 10_000
"""Letters of a line that is looked through; a longer one is left out."""
_NAMES = r"passw(?:or)?d|passphrase|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|auth(?:orization)?|dsn"  # noqa: E501
# Every pattern here is linear: it begins only where a run of letters begins, or looks ahead a bounded way.
_GIVEN = re.compile(
    r"(?<![\w.-])([\w.-]+)([\"']?)(\s{0,8}(?:=>|:=|[:=])(?!=)\s{0,8})((?i:bearer\s|basic\s|token\s)?)"
    r"(\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s\"',;)}\]]{3,4000})"
)
_SECRET_NAME = re.compile(rf"(?:^|[^A-Za-z]|(?<=[a-z])(?=[A-Z]))(?i:{_NAMES}|pass$)(?:[_.-]|[0-9]*$)")
_NAME_OF_CODE = re.compile(r"[A-Za-z_][A-Za-z_.]*(?:\[[A-Za-z_.]*)?")
_TYPES = frozenset(
    {"str", "bytes", "int", "float", "bool", "object", "type", "string", "number", "boolean", "Any", "Path"}
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}")
_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}):(?!\d{1,5}/)[^\s\"'<>]{1,500}@")
_FORMS = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}"
    r"|dapi[0-9a-f]{30,}|[rsp]k_(?:live|test)_\w{10,}|SG\.[\w-]{16,}\.[\w-]{16,}|eyJ[\w-]{8,400}+\.[\w-]{8,}\.[\w-]*)"
)
_HINTS = (
    "pass", "pwd", "secret", "token", "cred", "key", "auth", "dsn", "bearer", "basic", "://", "gh", "glpat", "sk-",
    "xox", "akia", "asia", "aiza", "hf_", "npm_", "pypi-", "dapi", "k_", "sg.", "eyj",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z0-9+_=-]{20,}|[A-Za-z0-9+/=]{40,}")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY")
_KEY_ENDS = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY")
_SECRET_FLAG = re.compile(rf"(?i:--?[\w-]*(?:{_NAMES}|pass\b)[\w-]*)|-p")


def masked(text: str) -> str:
    """The text with what looks like a secret replaced by ``<masked>``; lines stay lines."""
    return "".join(_lines(text.splitlines(keepends=True)))


def _lines(lines: Iterable[str]) -> Iterable[str]:
    in_key = False
    for line in lines:
        if in_key or _KEY_BEGINS.search(line):
            in_key = not _KEY_ENDS.search(line)
            mark = line[0] if line[0] in "+- " else ""  # of a diff
            yield f"{mark}{MASK}\n"
        elif len(line) > LONGEST:  # data, not code; and no pattern may hold up the other threads for long
            yield f"{line[:1]}<a line of {len(line):,} letters left out>\n"
        else:
            yield _line(line)


def _line(line: str) -> str:
    small = line.lower()
    if any(hint in small for hint in _HINTS):  # most lines of code have none, and cost little
        line = _IN_URL.sub(rf"\1:{MASK}@", line)
        line = _BEARER.sub(rf"\1 {MASK}", _FORMS.sub(MASK, line))
        line = _GIVEN.sub(_value, line)
    return _WORD.sub(lambda found: MASK if is_random(found.group()) else found.group(), line)


def _value(found: re.Match[str]) -> str:
    name, closing, given, scheme, value = found.groups()
    if not _SECRET_NAME.search(name) or value in ("null", "true", "false", MASK) or _is_code(found):
        return found.group()
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{closing}{given}{scheme}{quote}{MASK}{quote}"


def _is_code(found: re.Match[str]) -> bool:
    """Whether a value stands there as code has it: a call, a type, a name after `` = `` or among arguments.

    A bare word after ``name:`` or ``NAME=`` is taken for the secret itself, as in YAML and in a file of variables.
    """
    name, closing, given, scheme, value = found.groups()
    before, after = found.string[: found.start()].lstrip("+- "), found.string[found.end() :]
    if scheme or value[0] in "\"'":
        return False
    if value in _TYPES or iskeyword(value) or re.fullmatch(r"[\w.]+\(.*", value):
        return True
    if not _NAME_OF_CODE.fullmatch(value):
        return False
    if "[" in value or after.startswith(" |") or given.strip() not in ("=", ":"):
        return True
    argument = after[:1] in (",", ")", "]") and (not before or "(" in before or "[" in before)
    if given.strip() == "=":
        return given != "=" or argument
    return argument or bool(closing) or (name == "pass" and before[-1:] == " ")  # "the first pass: ..."


def is_random(word: str) -> bool:
    """Whether a word of 20 letters or more looks drawn by chance: its letters mixed, its entropy high.

    >>> is_random("wJalrXUtnFEMI7K7MDENGbPxRfiCYzEXAMPLEKEY"), is_random("test_that_the_loss_goes_down_in_ten_steps")
    (True, False)
    """
    if re.fullmatch(r"[0-9a-fA-F]{32,}", word):
        return _entropy(word.lower()) > 3.0
    kinds = sum(bool(re.search(kind, word)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    parts = [part for part in re.split(r"[_=+/-]", word) if part]
    words = sum(len(part) for part in parts if part.isalpha() or part.isdigit())
    return kinds == 3 and words < len(word) * 0.6 and _entropy(word) > 3.5


def _entropy(word: str) -> float:
    """Bits a letter."""
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())


def masked_command(arguments: Sequence[str]) -> str:
    """A command line as a shell would take it, without the values of flags such as ``--token`` and ``-p``."""
    said, hide = [], False
    for argument in arguments:
        flag, equals, _ = argument.partition("=")
        secret = bool(_SECRET_FLAG.fullmatch(flag))
        said.append(MASK if hide else f"{flag}={MASK}" if secret and equals else masked(shlex.quote(argument)))
        hide = secret and not equals
    return " ".join(said)
