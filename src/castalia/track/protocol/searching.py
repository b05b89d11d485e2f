"""The searches: runs, experiments, registered models, model versions, logged models, data sets of experiments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track import schema
from castalia.track.protocol import orders, paging, places, vocabulary
from castalia.track.protocol.conditions import Column, Condition
from castalia.track.protocol.experiments import experiment_row
from castalia.track.protocol.grammar import FilterError, Tree
from castalia.track.protocol.orders import Field
from castalia.track.protocol.places import Places
from castalia.track.protocol.registry_rows import parts
from castalia.track.protocol.rows import run_rows
from castalia.track.protocol.vocabulary import Comparison
from castalia.track.protocol.wire import Fields, ProtocolError, Route, invalid
from castalia.track.store import Store

_VIEWS = {"ACTIVE_ONLY": ("active",), "DELETED_ONLY": ("deleted",), "ALL": ("active", "deleted")}
_VIEW_NUMBERS = {"1": "ACTIVE_ONLY", "2": "DELETED_ONLY", "3": "ALL"}
_MOST_EXPERIMENTS = 20
_MOST_SUMMARIES = 1000
MOST_BYTES = 128 << 20
"""Of the runs on one page: a page that would be larger ends sooner, and its token says where the next begins."""
_AT_ONCE = 2000
"""Runs that are held as objects, which take ten times what they take as text."""


def filtered(fields: Fields, noun: Places) -> Tree[Comparison]:
    """The filter of a request, checked; in the client's words where it is wrong."""
    try:
        return vocabulary.read(fields.text("filter"), noun.vocabulary)
    except FilterError as error:
        raise worded(error) from None


def worded(error: FilterError) -> ProtocolError:
    """What is wrong with a filter, in one line."""
    where = f" (at character {error.at + 1})" if error.got else ""
    expected = f" Expected: {error.expected}." if error.expected else ""
    cure = f" {error.cure}" if error.cure else ""
    return ProtocolError("INVALID_PARAMETER_VALUE", f"{error.subject}{where}{expected}{cure}")


def stages(fields: Fields, name: str) -> tuple[str, ...]:
    """The lifecycle stages that a view shows."""
    given = fields.values.get(name)
    word = "ACTIVE_ONLY" if given in (None, "") else _VIEW_NUMBERS.get(str(given), str(given))
    if word not in _VIEWS:
        raise invalid(name, given, f"It must be one of {', '.join(_VIEWS)}.")
    return _VIEWS[word]


def experiment_numbers(fields: Fields) -> list[int]:
    """``experiment_ids`` as numbers."""
    found = []
    for given in fields.texts("experiment_ids"):
        if not (given.isascii() and given.strip().isdigit() and len(given) < 19):
            message = f"Invalid experiment ID '{given[:64]}'. Experiment ID must be a valid integer."
            raise ProtocolError("INVALID_PARAMETER_VALUE", message)
        found.append(int(given))
    return found


def among(column: Column, numbers: Sequence[int]) -> Condition:
    """That ``column`` is one of ``numbers``, written out: a statement takes any number of them, of bound ones not."""
    wanted: sa.BindParameter[Any] = sa.bindparam(None, sorted(set(numbers)), expanding=True, literal_execute=True)
    return column.in_(wanted)


def found(
    connection: Connection,
    query: sa.Select[Any],
    noun: Places,
    tree: Tree[Comparison],
    order: tuple[Sequence[Field], Sequence[Field]],
    page: tuple[sa.Column[Any], paging.Place, int],
    measured: Sequence[Condition] = (),
) -> tuple[list[int], str]:
    """The numbers on one page of a search, and the token of the next: ``order`` is (asked for, ties), ``page`` (the
    column of numbers, where it begins, how many). ``measured`` narrows the metrics that are looked at."""
    sqlite = connection.dialect.name == "sqlite"
    try:
        query = query.where(noun.where(tree, sqlite=sqlite, within=measured))
    except FilterError as error:
        raise worded(error) from None
    return paging.page(connection, orders.ordered(query, *order, noun, sqlite=sqlite), *page)


def answer(name: str, rows: list[dict[str, Any]], token: str) -> dict[str, Any]:
    """The message of a search."""
    return {name: rows, "next_page_token": token} if token else {name: rows}


def runs(store: Store, fields: Fields) -> bytes:
    """POST runs/search {experiment_ids[], filter, run_view_type, max_results, order_by[], page_token} -> {runs[]}."""
    noun, table = places.RUNS, schema.runs.c
    tree, size, at = filtered(fields, noun), paging.max_results(fields, 1000), paging.Place.of(fields)
    order = orders.fields_of(fields.texts("order_by"), noun)
    within = (among(table.experiment, experiment_numbers(fields)), table.lifecycle.in_(stages(fields, "run_view_type")))
    ties = (Field("attribute", "start_time", False), Field("attribute", "run_id", True))
    with store.database.read() as connection:
        query = sa.select(table.id).where(*within)
        numbers, token = found(connection, query, noun, tree, (order, ties), (table.id, at, size))
        pieces, taken = _packed(connection, numbers)
        if taken < len(numbers):
            _, token = found(connection, query, noun, tree, (order, ties), (table.id, at, taken))
    end = b'],"next_page_token":' + orjson.dumps(token) if token else b"]"
    return b'{"runs":[' + b",".join(pieces) + end + b"}"


def _packed(connection: Connection, numbers: Sequence[int]) -> tuple[list[bytes], int]:
    """Runs as JSON, a few at a time, and how many they are: those that fit into MOST_BYTES, and at least one."""
    pieces: list[bytes] = []
    room, taken = MOST_BYTES, 0
    for start in range(0, len(numbers), _AT_ONCE):
        for row in run_rows(connection, numbers[start : start + _AT_ONCE]):
            piece = orjson.dumps(row)
            room -= len(piece)
            if room < 0 and pieces:
                return pieces, taken
            pieces.append(piece)
            taken += 1
    return pieces, taken


def experiments(store: Store, fields: Fields) -> dict[str, Any]:
    """POST|GET experiments/search {max_results, page_token, filter, order_by[], view_type} -> {experiments[]}."""
    noun, table = places.EXPERIMENTS, schema.experiments.c
    tree, size, at = filtered(fields, noun), paging.max_results(fields, 1000), paging.Place.of(fields)
    order = orders.fields_of(fields.texts("order_by"), noun, entities=("attribute",))
    newest = (Field("attribute", "creation_time", False), Field("attribute", "experiment_id", True))
    ties = (Field("attribute", "experiment_id", False),) if order else newest
    within = table.lifecycle.in_(stages(fields, "view_type"))
    with store.database.read() as connection:
        query = sa.select(table.id).where(within)
        numbers, token = found(connection, query, noun, tree, (order, ties), (table.id, at, size))
        return answer("experiments", _experiment_rows(connection, numbers), token)


def _experiment_rows(connection: Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    table, tags = schema.experiments, schema.experiment_tags.c
    made: dict[int, dict[str, Any]] = {}
    for some in parts(numbers):
        marks: dict[int, dict[str, str]] = {}
        pairs = sa.select(tags.experiment, tags.key, tags.value).where(tags.experiment.in_(some)).order_by(tags.key)
        for owner, key, value in connection.execute(pairs):
            marks.setdefault(owner, {})[key] = value
        for row in connection.execute(sa.select(table).where(table.c.id.in_(some))):
            made[row.id] = experiment_row(row, marks.get(row.id, {}))
    return [made[number] for number in numbers]


def datasets(store: Store, fields: Fields) -> dict[str, Any]:
    """POST experiments/search-datasets {experiment_ids[]} -> {dataset_summaries[]}, at most 1,000."""
    given = fields.texts("experiment_ids")
    if not given:
        message = "SearchDatasets request must specify at least one experiment_id."
        raise ProtocolError("INVALID_PARAMETER_VALUE", message)
    if len(given) > _MOST_EXPERIMENTS:
        message = (f"SearchDatasets request cannot specify more than {_MOST_EXPERIMENTS} experiment_ids. "
                   f"Received {len(given)} experiment_ids.")  # fmt: skip
        raise ProtocolError("INVALID_PARAMETER_VALUE", message)
    experiments = experiment_numbers(fields)
    sets, used = schema.datasets.c, schema.run_datasets.c
    query = sa.select(sets.experiment, sets.name, sets.digest, used.tags).join(
        schema.run_datasets, used.dataset == sets.id
    )
    seen: dict[tuple[str, str, str, str | None], None] = {}
    with store.database.read() as connection:
        lines = query.where(among(sets.experiment, experiments)).distinct()
        lines = lines.order_by(sets.experiment, sets.name, sets.digest)
        for experiment, name, digest, tags in connection.execute(lines):
            seen[str(experiment), name, digest, json.loads(tags).get(places.CONTEXT)] = None
            if len(seen) == _MOST_SUMMARIES:
                break
    parts_of = ("experiment_id", "name", "digest", "context")
    summaries = [{k: v for k, v in zip(parts_of, line, strict=True) if v is not None} for line in seen]
    return {"dataset_summaries": summaries}


ROUTES = (
    Route("POST", "runs/search", runs, writes=False, slow=True),
    Route("POST", "experiments/search", experiments, writes=False, slow=True),
    Route("GET", "experiments/search", experiments, slow=True),
    Route("POST", "experiments/search-datasets", datasets, writes=False, slow=True),
)
