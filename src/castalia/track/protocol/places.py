"""Where each key of a vocabulary lies in the tables, for conditions and for orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from castalia.track import schema
from castalia.track.protocol import vocabulary
from castalia.track.protocol.conditions import Column, Condition, compared, condition
from castalia.track.protocol.grammar import Tree
from castalia.track.protocol.vocabulary import Comparison, Vocabulary

STATUSES = {"running": "RUNNING", "queued": "SCHEDULED", "done": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}
"""Statuses of the store as the protocol says them."""
MODEL_STATUSES = {"pending": "PENDING", "ready": "READY", "failed": "FAILED"}
CONTEXT = "mlflow.data.context"
PROMPT = "mlflow.prompt.is_prompt"

runs, experiments, logged = schema.runs.c, schema.experiments.c, schema.logged_models.c


@dataclass(frozen=True)
class Pairs:
    """A table of keys and values: ``owner`` is its column that names the row ``of`` another table."""

    table: sa.Table
    owner: str
    of: sa.Column[Any]
    metric: bool = False

    def mine(self, table: Any, key: str) -> Condition:
        """That a row of ``table`` (this one or an alias) belongs to the owner and has ``key``."""
        wanted: Any = key
        if self.metric:
            names = schema.metric_keys.c
            wanted = sa.select(names.id).where(names.name == key).scalar_subquery()
        return sa.and_(table.c[self.owner] == self.of, table.c.key == wanted)


Special = Callable[[Comparison, bool], Condition | None]


@dataclass(frozen=True)
class Places:
    """One noun: its vocabulary, the column of each attribute, the tables of its pairs."""

    vocabulary: Vocabulary
    attributes: Mapping[str, Column]
    pairs: Mapping[str, Pairs]
    special: Special = field(default=lambda test, sqlite: None)
    """A condition that is made in no general way; None for all others."""

    def where(self, tree: Tree[Comparison], *, sqlite: bool, within: Sequence[Condition] = ()) -> Condition:
        """The condition of a whole filter. ``within`` narrows the rows of metrics that are looked at."""
        return condition(tree, lambda test: self._leaf(test, sqlite, within))

    def _leaf(self, test: Comparison, sqlite: bool, within: Sequence[Condition]) -> Condition:
        made = self.special(test, sqlite)
        if made is not None:
            return made
        if test.entity == "attribute":
            stored = "text" if self.vocabulary.attributes[test.key] == "text" else "number"
            return compared(test, self.attributes[test.key], sqlite=sqlite, stored=stored)
        pairs = self.pairs[test.entity]
        has = sa.exists().where(pairs.mine(pairs.table, test.key), *(within if pairs.metric else ()))
        if test.op in ("IS NULL", "IS NOT NULL"):
            return has if test.op == "IS NOT NULL" else sa.not_(has)
        stored = "number" if pairs.metric else "text"
        return has.where(compared(test, pairs.table.c.value, sqlite=sqlite, stored=stored))


def _worded(column: Column, words: Mapping[str, str]) -> Column:
    return sa.case(dict(words), value=column, else_=column)


def _of_experiment(column: Column, experiment: Column) -> Column:
    """A column of the experiment that a row belongs to."""
    return sa.select(column).where(experiments.id == experiment).scalar_subquery()


def artifact_root(experiment: Column) -> Column:
    """Below what the artifacts of an experiment lie."""
    at_home = sa.literal("mlflow-artifacts:/").concat(sa.cast(experiment, sa.Text))
    return sa.func.coalesce(_of_experiment(experiments.artifact_location, experiment), at_home)


_parents = schema.runs.alias("parents")
_parent = sa.select(_parents.c.run_id).where(_parents.c.id == runs.parent).scalar_subquery()
_said_parent = (
    sa.select(schema.tags.c.value)
    .where(schema.tags.c.run == runs.id, schema.tags.c.key == "mlflow.parentRunId")
    .scalar_subquery()
)
_RUN_PAIRS = {
    "metric": Pairs(schema.latest, "run", runs.id, metric=True),
    "parameter": Pairs(schema.params, "run", runs.id),
    "tag": Pairs(schema.tags, "run", runs.id),
}


def _of_run(test: Comparison, sqlite: bool) -> Condition | None:
    """Data sets of a run; and two tags of the client's that runs of ours have as columns."""
    if test.entity == "dataset":
        return _dataset(test, sqlite)
    if (test.entity, test.key) == ("tag", "mlflow.runName"):
        return compared(test, runs.name, sqlite=sqlite)
    if (test.entity, test.key) == ("tag", "mlflow.parentRunId"):
        return compared(test, sa.func.coalesce(_said_parent, _parent), sqlite=sqlite)
    return None


def _dataset(test: Comparison, sqlite: bool) -> Condition:
    mine, sets = schema.run_datasets, schema.datasets
    column: Column = sets.c[test.key] if test.key != "context" else (
        sa.func.json_extract(mine.c.tags, f'$."{CONTEXT}"') if sqlite
        else sa.cast(mine.c.tags, sa.JSON)[CONTEXT].astext
    )  # fmt: skip
    has = sa.exists().where(mine.c.run == runs.id, sets.c.id == mine.c.dataset)
    if test.op in ("IS NULL", "IS NOT NULL"):
        has = has.where(column.is_not(None))
        return has if test.op == "IS NOT NULL" else sa.not_(has)
    return has.where(compared(test, column, sqlite=sqlite))


RUNS = Places(
    vocabulary.RUNS,
    {
        "run_id": runs.run_id, "run_name": runs.name, "user_id": runs.user_id, "start_time": runs.started,
        "end_time": runs.ended, "status": _worded(runs.status, STATUSES),
        "artifact_uri": artifact_root(runs.experiment).concat("/").concat(runs.run_id).concat("/artifacts"),
    },
    _RUN_PAIRS,
    _of_run,
)  # fmt: skip
NATIVE = Places(
    vocabulary.NATIVE,
    {
        "run_id": runs.run_id, "name": runs.name, "status": runs.status, "system": runs.system, "owner": runs.owner,
        "user_id": runs.user_id, "started": runs.started, "ended": runs.ended, "parent": _parent,
        "experiment": _of_experiment(experiments.name, runs.experiment),
    },
    _RUN_PAIRS,
    _of_run,
)  # fmt: skip
EXPERIMENTS = Places(
    vocabulary.EXPERIMENTS,
    {"name": experiments.name, "experiment_id": sa.cast(experiments.id, sa.Text), "creation_time": experiments.created,
     "last_update_time": experiments.updated},
    {"tag": Pairs(schema.experiment_tags, "experiment", experiments.id)},
)  # fmt: skip


def _of_prompt(tags: Pairs) -> Special:
    """Models have no tag that says they are no prompts: whatever does not ask for prompts asks for models."""

    def special(test: Comparison, sqlite: bool) -> Condition | None:
        if (test.entity, test.key) != ("tag", PROMPT) or asks_for_prompts(test):
            return None
        return sa.not_(is_prompt(tags))

    return special


def is_prompt(tags: Pairs) -> Condition:
    """That the tag of prompts is set."""
    return sa.exists().where(tags.mine(tags.table, PROMPT), tags.table.c.value == "true")


def asks_for_prompts(tree: Tree[Comparison]) -> bool:
    """Whether the first that a filter says of prompts is that it wants them."""
    if not isinstance(tree, Comparison):
        parts = tree.parts if hasattr(tree, "parts") else (tree.part,)
        return any(asks_for_prompts(part) for part in parts)
    if (tree.entity, tree.key) != ("tag", PROMPT):
        return False
    return (tree.op, *(str(value).lower() for value in tree.values)) in (("=", "true"), ("!=", "false"))


MODEL_TAGS = Pairs(schema.model_tags, "model", schema.models.c.id)
VERSION_TAGS = Pairs(schema.version_tags, "version", schema.versions.c.id)
MODELS = Places(
    vocabulary.MODELS,
    {"name": schema.models.c.name, "creation_timestamp": schema.models.c.created,
     "last_updated_timestamp": schema.models.c.updated},
    {"tag": MODEL_TAGS},
    _of_prompt(MODEL_TAGS),
)  # fmt: skip
VERSIONS = Places(
    vocabulary.VERSIONS,
    {"name": schema.models.c.name, "version_number": schema.versions.c.version, "run_id": schema.versions.c.run_id,
     "source_path": schema.versions.c.source, "creation_timestamp": schema.versions.c.created,
     "last_updated_timestamp": schema.versions.c.updated},
    {"tag": VERSION_TAGS},
    _of_prompt(VERSION_TAGS),
)  # fmt: skip
LOGGED = Places(
    vocabulary.LOGGED,
    {"name": logged.name, "model_id": logged.model_id, "model_type": logged.model_type,
     "status": _worded(logged.status, MODEL_STATUSES), "creation_timestamp": logged.created,
     "last_updated_timestamp": logged.updated, "source_run_id":
     sa.select(runs.run_id).where(runs.id == logged.source_run).scalar_subquery()},
    {
        "metric": Pairs(schema.logged_model_metrics, "model", logged.id, metric=True),
        "parameter": Pairs(schema.logged_model_params, "model", logged.id),
        "tag": Pairs(schema.logged_model_tags, "model", logged.id),
    },
)  # fmt: skip
