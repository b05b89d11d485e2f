"""Column types: those that both databases keep alike, and the one collection that every table stands in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Double, Integer, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

tables = MetaData()


class Number(TypeDecorator[float]):
    """A double that keeps NaN.

    SQLite stores NaN as NULL, which a primary key may not hold; there it is the text 'NaN', which
    sorts after every number, as NaN does in PostgreSQL. Infinities are stored as they are.
    """

    impl = Double
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        # Not process_bind_param: the double's own processor would make a number of the text again.
        if dialect.name == "sqlite":
            return lambda value: "NaN" if value is not None and value != value else value
        return super().bind_processor(dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:
        return None if value is None else float(value)


# Sorted and compared by code point in both: SQLite knows no other way.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# 64 bits everywhere; SQLite makes a row id only of the very type INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")
