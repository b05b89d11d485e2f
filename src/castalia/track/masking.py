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

MASK = "<masked>"
LONGEST = 10_000
"""Letters of a line that is looked through; a longer one is left out."""
_NAMES = r"passw(?:or)?d|passphrase|pass(?=[\"']?\s{0,8}[:=])|pwd|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|auth(?:orization)?|dsn"  # noqa: E501
_NAMED = re.compile(
    rf"(?i)((?:^|[^a-z])(?:[a-z0-9_.-]{{0,60}}[_.-])?(?:{_NAMES})(?:[_.-][a-z0-9_-]{{0,40}})?[\"']?\s{{0,8}}(?:=>|:=|[:=])\s{{0,8}}"
    r"(?:bearer\s|basic\s|token\s)?)(\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s\"',;)}\]]{3,4000})"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}")
_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}):[^\s/@]{1,500}@")
_FORMS = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}"
    r"|dapi[0-9a-f]{30,}|[rsp]k_(?:live|test)_\w{10,}|SG\.[\w-]{16,}\.[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_HINTS = (
    "pass", "pwd", "secret", "token", "cred", "key", "auth", "dsn", "bearer", "basic", "://", "gh", "glpat", "sk-",
    "xox", "akia", "asia", "aiza", "hf_", "npm_", "pypi-", "dapi", "k_", "sg.", "eyj",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z0-9+_=-]{20,}|[A-Za-z0-9+/=]{40,}")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY")
_KEY_ENDS = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY")
_SECRET_FLAG = re.compile(rf"(?i)--?[\w-]*(?:{_NAMES})[\w-]*")


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
        line = _NAMED.sub(_value, line)
    return _WORD.sub(lambda found: MASK if is_random(found.group()) else found.group(), line)


def _value(found: re.Match[str]) -> str:
    value = found.group(2)
    plain = value in ("None", "null", "true", "false", "True", "False", MASK) or re.fullmatch(r"[\w.]+\(.*", value)
    if plain or (value[0] not in "\"'" and re.fullmatch(r"[A-Za-z_][\w.]*\[?", value) and not re.search(r"\d", value)):
        return found.group()  # a name of code: token = config.token
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found.group(1)}{quote}{MASK}{quote}"


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
