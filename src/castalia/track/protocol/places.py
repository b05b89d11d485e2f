"""Where each key of a vocabulary lies in the tables, for conditions and for orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from castalia.track import schema
from castalia.track.protocol import vocabulary
from castalia.track.protocol.conditions import Column, Condition, compared, condition
from castalia.track.protocol.grammar import And, FilterError, Not, Or, Tree
from castalia.track.protocol.vocabulary import STATUS, Comparison, Vocabulary
from castalia.track.runs import NAME_TAG, PARENT_TAG

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
    orders: Mapping[str, Column] = field(default_factory=dict)
    """Columns to order by where they are not those to compare."""

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


# Aliases, since a query may itself read these tables.
_home, _parent_run = schema.experiments.alias("homes").c, schema.runs.alias("parents").c


def _of_experiment(column: Column) -> Column:
    """A column of the experiment that a run belongs to."""
    return sa.select(column).where(_home.id == runs.experiment).scalar_subquery()


_at_home = sa.literal("mlflow-artifacts:/").concat(sa.cast(runs.experiment, sa.Text))
_artifacts = sa.func.coalesce(sa.func.rtrim(_of_experiment(_home.artifact_location), "/"), _at_home)
_parent = sa.select(_parent_run.run_id).where(_parent_run.id == runs.parent).scalar_subquery()
_said_parent = (
    sa.select(schema.tags.c.value)
    .where(schema.tags.c.run == runs.id, schema.tags.c.key == PARENT_TAG)
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
    if (test.entity, test.key) == ("tag", NAME_TAG):
        return compared(test, runs.name, sqlite=sqlite)
    if (test.entity, test.key) == ("tag", PARENT_TAG):
        return compared(test, sa.func.coalesce(_said_parent, _parent), sqlite=sqlite)
    return None


def _context(sqlite: bool) -> Column:
    """What a data set was used for, which lies in the tags of its use."""
    tags = schema.run_datasets.c.tags
    if sqlite:
        return sa.func.json_extract(tags, f'$."{CONTEXT}"')
    return sa.func.json_extract_path_text(sa.cast(tags, sa.JSON), CONTEXT, type_=sa.Text)


def _dataset(test: Comparison, sqlite: bool) -> Condition:
    mine, sets = schema.run_datasets, schema.datasets
    column: Column = sets.c[test.key] if test.key != "context" else _context(sqlite)
    has = sa.exists().where(mine.c.run == runs.id, sets.c.id == mine.c.dataset)
    if test.op in ("IS NULL", "IS NOT NULL"):
        has = has.where(column.is_not(None))
        return has if test.op == "IS NOT NULL" else sa.not_(has)
    return has.where(compared(test, column, sqlite=sqlite))


RUNS = Places(
    vocabulary.RUNS,
    {
        "run_id": runs.run_id, "run_name": runs.name, "user_id": runs.user_id, "start_time": runs.started,
        "end_time": runs.ended, "status": _worded(runs.status, STATUS),
        "artifact_uri": _artifacts.concat("/").concat(runs.run_id).concat("/artifacts"),
    },
    _RUN_PAIRS,
    _of_run,
)  # fmt: skip
NATIVE = Places(
    vocabulary.NATIVE,
    {
        "run_id": runs.run_id, "name": runs.name, "status": runs.status, "system": runs.system, "owner": runs.owner,
        "user_id": runs.user_id, "started": runs.started, "ended": runs.ended, "parent": _parent,
        "experiment": _of_experiment(_home.name),
    },
    _RUN_PAIRS,
    _of_run,
)  # fmt: skip


def _of_experiments(test: Comparison, sqlite: bool) -> Condition | None:
    """Ids are numbers that are written as texts."""
    if test.key != "experiment_id" or test.entity != "attribute" or test.op not in ("=", "!=", "IN", "NOT IN"):
        return None
    for value in map(str, test.values):
        if not (value.isascii() and value.strip().isdigit() and len(value) < 19):
            raise FilterError(f"Invalid experiment ID '{value[:60]}'. Experiment ID must be a valid integer.")
    numbers = tuple(map(int, test.values))
    return compared(replace(test, values=numbers), experiments.id, sqlite=sqlite, stored="number")


EXPERIMENTS = Places(
    vocabulary.EXPERIMENTS,
    {"name": experiments.name, "experiment_id": sa.cast(experiments.id, sa.Text), "creation_time": experiments.created,
     "last_update_time": experiments.updated},
    {"tag": Pairs(schema.experiment_tags, "experiment", experiments.id)},
    _of_experiments,
    {"experiment_id": experiments.id},
)  # fmt: skip


def _of_prompt(prompts: Condition) -> Special:
    """Models have no tag that says they are no prompts: whatever does not ask for prompts asks for models."""

    def special(test: Comparison, sqlite: bool) -> Condition | None:
        return None if (test.entity, test.key) != ("tag", PROMPT) or asks_for_prompts(test) else sa.not_(prompts)

    return special


def asks_for_prompts(tree: Tree[Comparison]) -> bool:
    """Whether the first that a filter says of prompts is that it wants them."""
    if isinstance(tree, And | Or):
        return any(asks_for_prompts(part) for part in tree.parts)
    if isinstance(tree, Not):
        return asks_for_prompts(tree.part)
    if (tree.entity, tree.key) != ("tag", PROMPT):
        return False
    return (tree.op, *(str(value).lower() for value in tree.values)) in (("=", "true"), ("!=", "false"))


_versions, _models = schema.versions.c, schema.models.c
_model_tags = Pairs(schema.model_tags, "model", _models.id)
_version_tags = Pairs(schema.version_tags, "version", _versions.id)
_siblings = schema.versions.alias("siblings").c
MODEL_PROMPT = sa.exists().where(_model_tags.mine(schema.model_tags, PROMPT), schema.model_tags.c.value == "true")
"""That a registered model is a prompt."""
VERSION_PROMPT = sa.exists().where(
    _siblings.model == _versions.model,
    schema.version_tags.c.version == _siblings.id,
    schema.version_tags.c.key == PROMPT,
    schema.version_tags.c.value == "true",
)
"""That a version belongs to one."""
_known_run = sa.select(runs.run_id).where(runs.id == _versions.run).scalar_subquery()
MODELS = Places(
    vocabulary.MODELS,
    {"name": _models.name, "creation_timestamp": _models.created, "last_updated_timestamp": _models.updated},
    {"tag": _model_tags},
    _of_prompt(MODEL_PROMPT),
)
VERSIONS = Places(
    vocabulary.VERSIONS,
    {
        "name": _models.name, "version_number": _versions.version, "source_path": _versions.source,
        "run_id": sa.func.coalesce(_versions.run_id, _known_run), "creation_timestamp": _versions.created,
        "last_updated_timestamp": sa.case((_versions.updated > 0, _versions.updated), else_=_versions.created),
    },
    {"tag": _version_tags},
    _of_prompt(VERSION_PROMPT),
)  # fmt: skip
LOGGED = Places(
    vocabulary.LOGGED,
    {"name": logged.name, "model_id": logged.model_id, "model_type": logged.model_type,
     "status": _worded(logged.status, MODEL_STATUSES), "creation_timestamp": logged.created,
     "last_updated_timestamp": logged.updated, "source_run_id": sa.func.coalesce(
            logged.source_run_id, sa.select(runs.run_id).where(runs.id == logged.source_run).scalar_subquery()
        )},
    {
        "metric": Pairs(schema.logged_model_metrics, "model", logged.id, metric=True),
        "parameter": Pairs(schema.logged_model_params, "model", logged.id),
        "tag": Pairs(schema.logged_model_tags, "model", logged.id),
    },
)  # fmt: skip
