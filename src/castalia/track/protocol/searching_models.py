"""The searches of models: registered models, their versions, logged models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from castalia.track import schema
from castalia.track.protocol import orders, paging, places
from castalia.track.protocol.conditions import Column, Condition
from castalia.track.protocol.grammar import FilterError, Not, Tree
from castalia.track.protocol.logged_models import model_rows
from castalia.track.protocol.orders import Field, wrong
from castalia.track.protocol.registry_rows import registered_rows, version_rows
from castalia.track.protocol.searching import among, answer, experiment_numbers, filtered, found
from castalia.track.protocol.vocabulary import Comparison
from castalia.track.protocol.wire import Fields, Route, missing
from castalia.track.store import Store

_NAME = Field("attribute", "name", True)
_MODEL_ORDERS = {
    "name": "name", "timestamp": "last_updated_timestamp", "last_updated_timestamp": "last_updated_timestamp"
}  # fmt: skip
_VERSION_ORDERS = {word: word for word in ("name", "version_number", "creation_timestamp", "last_updated_timestamp")}


def registered(store: Store, fields: Fields) -> dict[str, Any]:
    """GET registered-models/search {filter, max_results, order_by[], page_token} -> {registered_models[]}."""
    noun, table = places.MODELS, schema.models
    tree, size, at = filtered(fields, noun), paging.max_results(fields, 100, 1000), paging.Place.of(fields)
    order = orders.fields_of(fields.texts("order_by"), noun, _MODEL_ORDERS)
    within = [] if places.asks_for_prompts(tree) else [sa.not_(places.MODEL_PROMPT)]
    with store.database.read() as connection:
        query = sa.select(table.c.id).where(*within)
        numbers, token = found(connection, query, noun, tree, (order, [_NAME]), (table.c.id, at, size))
        return answer("registered_models", registered_rows(connection, numbers), token)


def versions(store: Store, fields: Fields) -> dict[str, Any]:
    """GET model-versions/search {filter, max_results, order_by[], page_token} -> {model_versions[]}."""
    noun, table = places.VERSIONS, schema.versions
    tree, size, at = filtered(fields, noun), paging.max_results(fields, 10_000, 200_000), paging.Place.of(fields)
    order = orders.fields_of(fields.texts("order_by"), noun, _VERSION_ORDERS)
    updated = Field("attribute", "last_updated_timestamp", False)
    ties = [*([] if order else [updated]), _NAME, Field("attribute", "version_number", False)]
    within = [] if places.asks_for_prompts(tree) else [sa.not_(places.VERSION_PROMPT)]
    with store.database.read() as connection:
        query = sa.select(table.c.id).join(schema.models, table.c.model == schema.models.c.id)
        query = query.where(table.c.status == "ready", *within)
        numbers, token = found(connection, query, noun, tree, (order, ties), (table.c.id, at, size))
        return answer("model_versions", version_rows(connection, numbers), token)


def logged(store: Store, fields: Fields) -> dict[str, Any]:
    """POST logged-models/search {experiment_ids[], filter, datasets[], max_results, order_by[], page_token}."""
    noun, table = places.LOGGED, schema.logged_models
    experiments = experiment_numbers(fields)
    if not experiments:
        raise missing("experiment_ids")
    tree, size = filtered(fields, noun), paging.max_results(fields, 50)
    at = paging.Place.of(fields, ("experiment_ids", "filter", "order_by"))
    measured, query = _on_datasets(fields), sa.select(table.c.id)
    if measured and not _speaks_of_metrics(tree):
        metrics = schema.logged_model_metrics.c
        query = query.where(sa.exists().where(metrics.model == table.c.id, *measured))
    query = query.where(among(table.c.experiment, experiments), table.c.lifecycle == "active")
    with store.database.read() as connection:
        sqlite = connection.dialect.name == "sqlite"
        by, ties = _logged_order(fields, sqlite)
        query = query.order_by(*by)
        numbers, token = found(connection, query, noun, tree, ([], ties), (table.c.id, at, size), measured)
        return answer("models", model_rows(connection, numbers), token)


def _on_datasets(fields: Fields) -> list[Condition]:
    """That a metric was measured on one of ``datasets``; nothing where none are named."""
    some = [_on(each.text("dataset_name"), each.text("dataset_digest")) for each in fields.items("datasets")]
    if not all(some):
        raise wrong("`dataset_name` in the `datasets` clause must be specified.")
    return [sa.or_(*(sa.and_(*each) for each in some))] if some else []


def _on(name: str, digest: str) -> list[Condition]:
    metrics = schema.logged_model_metrics.c
    said = ((metrics.dataset_name, name), (metrics.dataset_digest, digest))
    return [column == value for column, value in said if value] if name else []


def _speaks_of_metrics(tree: Tree[Comparison]) -> bool:
    if isinstance(tree, Comparison):
        return tree.entity == "metric"
    return any(map(_speaks_of_metrics, (tree.part,) if isinstance(tree, Not) else tree.parts))


def _logged_order(fields: Fields, sqlite: bool) -> tuple[list[Column], list[Field]]:
    """The order that is asked for, and by what the rest is ordered."""
    clauses: list[Column] = []
    ties = [Field("attribute", "creation_timestamp", False), Field("attribute", "model_id", True)]
    given = fields.items("order_by")
    if len(given) > orders.MAX_FIELDS:
        raise wrong(f"`order_by` has {len(given)} fields; at most {orders.MAX_FIELDS} are allowed.")
    for each in given:
        name, digest = each.text("dataset_name"), each.text("dataset_digest")
        field = each.text("field_name").strip()
        ascending = "ascending" not in each or each.flag("ascending")
        if not field:
            raise wrong("`field_name` in the `order_by` clause must be specified.")
        if digest and not name:
            raise wrong("`dataset_digest` can only be specified if `dataset_name` is also specified.")
        entity, dot, key = field.partition(".")
        if dot and entity in ("metrics", "metric"):
            value = _newest(key.strip("`"), _on(name, digest))
            clauses.extend(orders.directed(orders.ranked(value), value, ascending, False))
            continue
        try:
            kind, key = places.LOGGED.vocabulary.place("" if not dot else entity, key if dot else entity)
        except FilterError:
            raise wrong(f"Invalid order by field name: {field[:80]}") from None
        if kind != "attribute":
            raise wrong(f"Invalid order by field name: {field[:80]}. Only metrics are supported.")
        column = places.LOGGED.attributes[key]
        is_text = places.LOGGED.vocabulary.attributes[key] == "text"
        clauses.extend(orders.directed(column.is_(None), column, ascending, is_text and not sqlite))
        ties = [tie for tie in ties if tie.key != key]
    return clauses, ties


def _newest(key: str, within: Sequence[Condition]) -> Column:
    """The newest value of a metric of a logged model."""
    metrics, pairs = schema.logged_model_metrics.c, places.LOGGED.pairs["metric"]
    query = sa.select(metrics.value).where(pairs.mine(pairs.table, key), *within)
    return query.order_by(metrics.time.desc(), metrics.step.desc(), metrics.run).limit(1).scalar_subquery()


ROUTES = (
    Route("GET", "registered-models/search", registered, slow=True),
    Route("GET", "model-versions/search", versions, slow=True),
    Route("POST", "logged-models/search", logged, writes=False, slow=True),
)
