"""The filter language: a text becomes a tree of comparisons, in one pass, without executing anything.

``metrics.loss < 0.3 AND (params.model LIKE 'res%' OR tags.`my tag` IS NULL)``. What MLflow's clients write means
here what it means there; OR, NOT, parentheses, IN, BETWEEN and dates are added. This module knows the
form only; which keys there are and what may be compared with what is in ``vocabulary``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeAlias, TypeVar

from castalia.core.errors import WrongInput

MAX_LENGTH = 200_000
"""Characters of a filter: a list of 5,000 run ids fits."""
MAX_CLAUSES = 500
MAX_DEPTH = 50
"""Parentheses and NOTs inside each other."""
MAX_VALUES = 10_000
"""Values in all lists of a filter together; a statement of SQLite takes 32,766."""
_AROUND = 40
Leaf = TypeVar("Leaf")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written; ``kind`` is text, number or name (a bare word, which no comparison takes)."""

    kind: str
    text: str
    at: int

    @property
    def value(self) -> str:
        """A text without its quotes. As in MLflow there is no escape inside them."""
        return self.text[1:-1] if self.kind == "text" else self.text


@dataclass(frozen=True, slots=True)
class Clause:
    """``metrics.loss < 0.3``: entity "metrics" ("" where none was written), key "loss", one operator, its values.

    ``op`` is in capitals, one of the signs, LIKE, ILIKE, IN, BETWEEN, each also with "NOT " before it, IS NULL, IS NOT
    NULL.
    """

    entity: str
    key: str
    op: str
    values: tuple[Literal, ...]
    at: int
    op_at: int


@dataclass(frozen=True, slots=True)
class And(Generic[Leaf]):
    """All of ``parts``; none of them is true."""

    parts: tuple[Tree[Leaf], ...]


@dataclass(frozen=True, slots=True)
class Or(Generic[Leaf]):
    """One of ``parts`` at least."""

    parts: tuple[Tree[Leaf], ...]


@dataclass(frozen=True, slots=True)
class Not(Generic[Leaf]):
    """All that ``part`` is not; what has no such key is among it."""

    part: Tree[Leaf]


Tree: TypeAlias = "Leaf | And[Leaf] | Or[Leaf] | Not[Leaf]"


class FilterError(WrongInput):
    """A filter that cannot be read. ``at`` is the character it is about; ``got`` shows it above a caret."""

    def __init__(self, subject: str, text: str = "", at: int = 0, expected: str = "", cure: str = "") -> None:
        self.at = at
        super().__init__(subject, _pointed(text, at), expected, cure, field="filter")

    def __str__(self) -> str:
        # The caret stays below its character where the shell moves the line to the right.
        line, _, caret = self.got.partition("\n")
        whole = super().__str__()
        return whole.replace(f"{line}\n{caret}", f"{line}\n{' ' * 12}{caret}") if caret else whole


def _pointed(text: str, at: int) -> str:
    """The piece of ``text`` around ``at`` in one line, and below it a caret."""
    if not text:
        return ""
    first = max(0, at - _AROUND)
    piece = "".join(letter if letter.isprintable() else " " for letter in text[first : at + _AROUND])
    before, after = "…" * (first > 0), "…" * (at + _AROUND < len(text))
    return f"{before}{piece}{after}\n{' ' * (at - first + len(before))}^"


_PART = r"(?:[\w/@:#$-]+|`(?:``|[^`])*`|\"(?:\"\"|\\\"|[^\"])*\"|'(?:''|\\'|[^'])*')"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
    |(?P<text>'(?:''|\\'|[^'])*'|"(?:""|\\"|[^"])*")
    |(?P<name>(?:[^\W\d]\w*|`(?:``|[^`])*`)(?:\.{_PART})*)
    |(?P<op>[<>=!~]+)
    |(?P<mark>[(),;])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = frozenset({"AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "BETWEEN"})


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Tree[Clause]:
    """The tree of ``text``; an empty one is ``And(())``. FilterError says what is wrong and where. Linear time."""
    if not text:
        return And(())
    if len(text) > MAX_LENGTH:
        raise FilterError(f"the filter has {len(text):,} characters", expected=f"at most {MAX_LENGTH:,}")
    if not _plain(text):
        raise FilterError("the filter holds a NUL or half a character", expected="text")
    if text.isspace():
        raise FilterError(f"Invalid filter '{text[:20]}'. Could not be parsed.", expected="at least one comparison")
    return _Parser(text).whole()


def _plain(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def split_name(name: str) -> tuple[str, str]:
    """``metrics.`val loss``` as ("metrics", "val loss"); the entity is "" where there is no dot."""
    entity, dot, key = name.partition(".")
    if not dot:
        entity, key = "", entity
    return _bare(entity, "`"), _bare(_bare(_bare(key, "'"), '"'), "`")


def _bare(text: str, quote: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == quote else text


def name_of(text: str) -> tuple[str, str] | None:
    """``text`` as one name, split; None where it is anything else."""
    found = _TOKEN.fullmatch(text) if _plain(text) else None
    quoted = found is not None and found.lastgroup == "text" and text[0] == '"'
    return split_name(text) if found is not None and (quoted or found.lastgroup == "name") else None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.depth, self.clauses, self.values = text, 0, 0, 0
        self._found = _TOKEN.finditer(text)
        self.token = self._next()

    def _next(self) -> _Token:
        for found in self._found:
            kind, text = found.lastgroup or "", found.group()
            if kind == "name" and text.upper() in _WORDS:
                return _Token("word", text, found.start())
            if kind != "space":
                return _Token(kind, text, found.start())
        return _Token("end", "", len(self.text))

    def take(self) -> _Token:
        taken, self.token = self.token, self._next()
        return taken

    def word(self, *words: str) -> bool:
        return self.token.kind == "word" and self.token.text.upper() in words

    def mark(self, mark: str) -> bool:
        return self.token.kind == "mark" and self.token.text == mark

    def wrong(self, expected: str, token: _Token | None = None, cure: str = "") -> NoReturn:
        token = token or self.token
        if token.text and token.text in "'\"`":
            expected = "the closing quote"
        shown = token.text if len(token.text) <= 60 else f"{token.text[:60]}…"
        raise FilterError(f"Invalid clause(s) in filter string: '{shown}'", self.text, token.at, expected, cure)

    def whole(self) -> Tree[Clause]:
        tree = self.any_of()
        if self.mark(";"):
            if self.text[self.token.at + 1 :].strip():
                raise FilterError(f"Search filter contained multiple expression {self.text[:200]!r}. "
                                  "Provide AND-ed expression list.", self.text, self.token.at)  # fmt: skip
            self.wrong("no semicolon")
        if self.token.kind != "end":
            self.wrong("AND, OR or the end of the filter")
        return tree

    def nested(self, inner: Callable[[], Tree[Clause]]) -> Tree[Clause]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FilterError("the filter is nested too deeply", self.text, self.token.at, f"at most {MAX_DEPTH} deep")
        tree = inner()
        self.depth -= 1
        return tree

    def any_of(self) -> Tree[Clause]:
        parts = [self.all_of()]
        while self.word("OR"):
            self.take()
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def all_of(self) -> Tree[Clause]:
        # MLflow reads over an AND too many and over one that is missing between two comparisons.
        parts: list[Tree[Clause]] = []
        while True:
            while self.word("AND"):
                self.take()
            if not (self.token.kind in ("name", "text") or self.mark("(") or self.word("NOT")):
                break
            parts.append(self.factor())
        if not parts:
            if self.token.kind == "number":
                raise FilterError(f"Invalid comparison clause. Expected 'Identifier' found '{self.token.text[:60]}'",
                                  self.text, self.token.at, "a key such as metrics.loss")  # fmt: skip
            self.wrong("a comparison such as metrics.loss < 0.3")
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def factor(self) -> Tree[Clause]:
        if self.word("NOT"):
            self.take()
            return Not(self.nested(self.factor))
        if self.mark("("):
            opened = self.take()
            tree = self.nested(self.any_of)
            if not self.mark(")"):
                self.wrong("a closing parenthesis", opened if self.token.kind == "end" else None)
            self.take()
            return tree
        return self.clause()

    def clause(self) -> Clause:
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            raise FilterError("the filter has too many comparisons", self.text, self.token.at,
                              f"at most {MAX_CLAUSES}", "Use IN ('a', 'b') for many values of one key.")  # fmt: skip
        name = self.take()
        if name.kind == "text" and name.text[0] == "'":
            raise FilterError(f"Invalid comparison clause. Expected 'Identifier' found '{name.text[:60]}'",
                              self.text, name.at, "a key such as params.rate", "Quote it with backticks.")  # fmt: skip
        entity, key = split_name(name.text)
        op = self.token
        sign, values = self.compared()
        return Clause(entity, key, sign, values, name.at, op.at)

    def compared(self) -> tuple[str, tuple[Literal, ...]]:
        if self.token.kind == "op":
            return self.take().text, (self.value(),)
        if self.word("IS"):
            self.take()
            negated = self.word("NOT") and bool(self.take())
            if not self.word("NULL"):
                self.wrong("NULL or NOT NULL after IS")
            self.take()
            return "IS NOT NULL" if negated else "IS NULL", ()
        negated = self.word("NOT") and bool(self.take())
        if not self.word("LIKE", "ILIKE", "IN", "BETWEEN"):
            self.wrong("a comparison: = != < <= > >= LIKE ILIKE IN BETWEEN IS NULL")
        op = self.take().text.upper()
        if op == "IN":
            values = self.list()
        elif op == "BETWEEN":
            low = self.value()
            if not self.word("AND"):
                self.wrong("AND and the upper end of BETWEEN")
            self.take()
            values = (low, self.value())
        else:
            values = (self.value(),)
        return f"NOT {op}" if negated else op, values

    def list(self) -> tuple[Literal, ...]:
        if not self.mark("("):
            self.wrong("a list in parentheses after IN")
        opened, values = self.take(), []
        while not self.mark(")"):
            values.append(self.value())
            self.values += 1
            if self.values > MAX_VALUES:
                raise FilterError("the filter has too many values", self.text, self.token.at, f"{MAX_VALUES:,} at most")
            if self.mark(","):
                self.take()
            elif not self.mark(")"):
                self.wrong("a comma or a closing parenthesis", opened if self.token.kind == "end" else None)
        self.take()
        if not values:
            raise FilterError("While parsing a list in the query, expected a non-empty list of string values, but got "
                              "empty list", self.text, opened.at, "one value at least")  # fmt: skip
        return tuple(values)

    def value(self) -> Literal:
        if self.token.kind not in ("text", "number", "name"):
            self.wrong("a number or a text in quotes")
        token = self.take()
        return Literal(token.kind, token.text, token.at)
