"""``order_by``: fields with ASC or DESC, each at most once; what is missing or NaN comes last either way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from castalia.track.protocol.conditions import Column
from castalia.track.protocol.grammar import FilterError, name_of
from castalia.track.protocol.places import Places
from castalia.track.protocol.wire import ProtocolError

MAX_FIELDS = 30
"""A field of a metric, param or tag is a join, and SQLite joins 64 tables."""
_LARGEST = sa.literal(math.inf, sa.Double)


def wrong(message: str) -> ProtocolError:
    """An order that cannot be followed."""
    return ProtocolError("INVALID_PARAMETER_VALUE", message)


@dataclass(frozen=True)
class Field:
    """One field of an order."""

    entity: str
    key: str
    ascending: bool


def fields_of(
    texts: Sequence[str],
    places: Places,
    only: Mapping[str, str] | None = None,
    entities: Sequence[str] = ("metric", "parameter", "tag", "attribute"),
) -> list[Field]:
    """The fields that ``texts`` name. ``only`` maps the words that may be used to those of the vocabulary."""
    if len(texts) > MAX_FIELDS:
        raise wrong(f"`order_by` has {len(texts)} fields; at most {MAX_FIELDS} are allowed.")
    found: list[Field] = []
    for text in texts:
        name, ascending = _read(text)
        if only is not None:
            word = name[1] if not name[0] else ".".join(name)
            if word not in only:
                raise wrong(f"Invalid order by key '{word[:60]}' specified. Valid keys are '{list(only)}'")
            name = ("", only[word])
        try:
            entity, key = places.vocabulary.place(*name)
        except FilterError as error:
            raise wrong(error.subject) from None
        if entity not in entities:
            raise wrong(f"Invalid order_by entity: {entity}")
        if any((field.entity, field.key) == (entity, key) for field in found):
            raise wrong(f"`order_by` contains duplicate fields: {[each[:60] for each in texts]}")
        found.append(Field(entity, key, ascending))
    return found


def _read(text: str) -> tuple[tuple[str, str], bool]:
    """``metrics.loss DESC`` as (("metrics", "loss"), False)."""
    whole, ascending = text.strip(), True
    name = name_of(whole)
    if name is None:
        rest, _, direction = whole.rpartition(" ") if " " in whole else whole.rpartition("\t")
        name = name_of(rest.rstrip())
        if name is not None and direction.lower() not in ("asc", "desc"):
            raise wrong(f"Invalid ordering key in order_by clause '{text[:80]}'.")
        ascending = direction.lower() == "asc"
    if name is None or not name[1]:
        raise wrong(f"Invalid order_by clause '{text[:80]}'. Could not be parsed.")
    return name, ascending


def ordered(
    query: sa.Select[Any], fields: Sequence[Field], ties: Sequence[Field], places: Places, *, sqlite: bool
) -> sa.Select[Any]:
    """``query`` in the order of ``fields``, and of those ``ties`` that are not among them."""
    said = {(field.entity, field.key) for field in fields}
    for field in (*fields, *(tie for tie in ties if (tie.entity, tie.key) not in said)):
        rank: Column | None
        if field.entity == "attribute":
            column = places.orders.get(field.key, places.attributes[field.key])
            is_text = field.key not in places.orders and places.vocabulary.attributes[field.key] == "text"
            rank = None if _always(column) else column.is_(None)
        else:
            pairs = places.pairs[field.entity]
            table = pairs.table.alias()
            query = query.outerjoin(table, pairs.mine(table, field.key))
            column, is_text = table.c.value, not pairs.metric
            rank = ranked(column) if pairs.metric else column.is_(None)
        query = query.order_by(*directed(rank, column, field.ascending, is_text and not sqlite))
    return query


def directed(rank: Column | None, column: Column, ascending: bool, collated: bool) -> list[Column]:
    """First by rank, then by value. SQLite compares texts by their bytes; PostgreSQL is told to."""
    by = column.collate("C") if collated else column
    return [*([] if rank is None else [rank]), by.asc() if ascending else by.desc()]


def ranked(column: Column) -> Column:
    """0 for a number, 1 for NaN, 2 where there is none."""
    return sa.case((column.is_(None), 2), (column <= _LARGEST, 0), else_=1)


def _always(column: Column) -> bool:
    return isinstance(column, sa.Column) and not column.nullable
