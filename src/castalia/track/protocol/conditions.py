"""A checked filter as SQL, the same in SQLite and PostgreSQL; every value is bound.

A comparison holds only of what has the key: ``params.x != 'a'`` is not true of a run without x. NOT of it is.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from castalia.track.protocol.grammar import And, Not, Or, Tree
from castalia.track.protocol.vocabulary import Comparison

Condition = sa.ColumnElement[bool]
Column = sa.ColumnElement[Any]
Leaf = Callable[[Comparison], Condition]

# What a text must be to count as a number; PostgreSQL would refuse the whole query for one that is none.
_NUMERAL = r"^\s*[+-]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][+-]?[0-9]{1,3})?\s*$"
_LARGEST = sa.literal(math.inf, sa.Double)


def condition(tree: Tree[Comparison], leaf: Leaf) -> Condition:
    """``tree`` as one condition; ``leaf`` makes that of each comparison."""
    if isinstance(tree, And):
        return sa.and_(sa.true(), *(condition(part, leaf) for part in tree.parts))
    if isinstance(tree, Or):
        return sa.or_(sa.false(), *(condition(part, leaf) for part in tree.parts))
    if isinstance(tree, Not):
        return condition(tree.part, leaf).is_not(sa.true())  # unknown is not true
    return leaf(tree)


def compared(test: Comparison, column: Column, *, sqlite: bool, stored: str = "text") -> Condition:
    """``column op values``. ``stored`` says what the column holds: text, or number (with NaN as the tables keep it)."""
    if test.op in ("IS NULL", "IS NOT NULL"):
        return column.is_(None) if test.op == "IS NULL" else column.is_not(None)
    if test.numeric and stored == "text":
        return _numeral(test, column, sqlite)
    if stored == "number":
        return _number(test, column)
    return _text(test, column, sqlite)


_SIGNED: dict[str, Callable[[Column, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _signed(op: str, column: Column, values: tuple[Any, ...]) -> Condition:
    if "IN" in op.split():
        return column.not_in(values) if op.startswith("NOT") else column.in_(values)
    if "BETWEEN" in op:
        made = sa.and_(column >= values[0], column <= values[1])  # PostgreSQL takes no COLLATE inside BETWEEN
        return sa.not_(made) if op.startswith("NOT") else made
    signed: Condition = _SIGNED[op](column, values[0])
    return signed


def _number(test: Comparison, column: Column) -> Condition:
    """Of a column of numbers. NaN is only unequal: in both databases it sorts after every number, infinity too."""
    made = _signed(test.op, column, tuple(map(_typed, test.values)))
    return sa.and_(made, column <= _LARGEST) if test.op in (">", ">=", "NOT BETWEEN") else made


def _typed(value: float | int | str) -> Column:
    # Bound as what it is, else PostgreSQL would round 1.5 to compare it with a column of whole numbers.
    return sa.literal(value, sa.Double if isinstance(value, float) else sa.BigInteger)


def _numeral(test: Comparison, column: Column, sqlite: bool) -> Condition:
    """Of a column of texts that may be numbers; the others never fit."""
    if sqlite:
        return sa.and_(_reads(column), _signed(test.op, sa.cast(column, sa.REAL), tuple(map(float, test.values))))
    exact = tuple(_decimal(float(value)) for value in test.values)
    return sa.func.coalesce(_signed(test.op, as_number(column, sqlite), exact), sa.false())


def _reads(column: Column) -> Condition:
    # Beside a value cast to a number, SQLite reads a text as one where it is one; other texts sort after all.
    return column <= sa.cast(_LARGEST, sa.REAL)


def as_number(column: Column, sqlite: bool) -> Column:
    """The number that a column of texts says; null where a text is none."""
    if sqlite:
        return sa.case((_reads(column), sa.cast(column, sa.REAL)), else_=None)
    return sa.case((column.regexp_match(_NUMERAL), sa.cast(column, sa.Numeric)), else_=None)


def _decimal(value: float) -> Column:
    return sa.cast(sa.literal(str(Decimal(repr(value))) if math.isfinite(value) else str(value), sa.Text), sa.Numeric)


def _text(test: Comparison, column: Column, sqlite: bool) -> Condition:
    if "LIKE" not in test.op:
        return _signed(test.op, column, test.values)
    made = _like(str(test.values[0]), column, test.op.endswith("ILIKE"), sqlite)
    return sa.not_(made) if test.op.startswith("NOT") else made


def _like(pattern: str, column: Column, folded: bool, sqlite: bool) -> Condition:
    """LIKE without an escape, as MLflow's: % is any text, _ one character. ILIKE takes either case of every letter."""
    if sqlite:  # its LIKE takes either case, of ASCII letters only; GLOB compares exactly
        glob = "".join(_glob(letter, folded) for letter in pattern)
        return column.op("GLOB", is_comparison=True)(sa.literal(glob))
    if folded:  # its ILIKE depends on the locale
        return column.regexp_match(f"^{''.join(map(_regex, pattern))}$")
    return column.like(pattern.replace("\\", "\\\\"))


def _glob(letter: str, folded: bool) -> str:
    if letter in "%_":
        return "*" if letter == "%" else "?"
    if letter in "*?[":
        return f"[{letter}]"
    return _cases(letter) if folded else letter


def _regex(letter: str) -> str:
    if letter in "%_":
        return ".*" if letter == "%" else "."
    return f"\\{letter}" if letter.isascii() and not letter.isalnum() else _cases(letter)


def _cases(letter: str) -> str:
    """A set of the letter's cases; the letter where it has one only."""
    single = sorted(case for case in {letter, letter.lower(), letter.upper()} if len(case) == 1)
    return letter if len(single) == 1 else f"[{''.join(single)}]"
