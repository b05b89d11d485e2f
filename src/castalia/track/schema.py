"""The tables, as SQLAlchemy sees them today. ``migrations/`` holds how files got there.

Kept close to what the MLflow protocol needs (experiments with tags, lifecycle stages, metrics with
step and time, model versions with a status), so that the full tracker grows from it by migrations.
Times are milliseconds since 1970, UTC. What only the pages need stands in ``board_schema``, and is one with these.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from castalia.track.board_schema import notices as notices
from castalia.track.board_schema import promotions as promotions
from castalia.track.board_schema import rule_marks as rule_marks
from castalia.track.board_schema import rules as rules
from castalia.track.board_schema import views as views
from castalia.track.column_types import Id, Number, Text
from castalia.track.column_types import tables as tables


def _key_values(name: str, owner: str, target: str) -> Table:
    """Texts under keys, of whatever ``target`` names."""
    parts = (Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
    return Table(name, tables, Column(owner, ForeignKey(target), primary_key=True), *parts, sqlite_with_rowid=False)


experiments = Table(
    "experiments",
    tables,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("artifact_location", Text),
    Column("lifecycle", Text, nullable=False, server_default="active"),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

experiment_tags = _key_values("experiment_tags", "experiment", "experiments.id")

runs = Table(
    "runs",
    tables,
    Column("id", Id, primary_key=True),  # small, so that a metric point is
    Column("run_id", Text, nullable=False, unique=True),
    Column("experiment", ForeignKey("experiments.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("system", Text),
    Column("parent", ForeignKey("runs.id")),
    Column("owner", Text, nullable=False, server_default=""),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("lifecycle", Text, nullable=False, server_default="active"),
    Column("user_id", Text, nullable=False, server_default=""),
    Column("deleted", BigInteger),  # when it was put into the trash
    Column("seen", Text, nullable=False, server_default=""),  # the status that the watcher of notices saw last
    Index("runs_by_experiment", "experiment", "started"),
    Index("runs_by_start", "started"),
    Index("runs_by_parent", "parent", "name"),
    # Empty but for what changed since the watcher looked: a look reads no table.
    Index("runs_unseen", "id", sqlite_where=sa.text("seen <> status"), postgresql_where=sa.text("seen <> status")),
    Index("runs_running", "id", sqlite_where=sa.text("status = 'running' AND lifecycle = 'active'"),
          postgresql_where=sa.text("status = 'running' AND lifecycle = 'active'")),
)  # fmt: skip

params = _key_values("params", "run", "runs.id")

tags = _key_values("tags", "run", "runs.id")

alerts = Table(
    "alerts",
    tables,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("id", Text, primary_key=True),  # of level and text, so that one sent twice is one
    Column("time", BigInteger, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("seen", Integer, nullable=False, server_default="0"),
    Index("alerts_unseen", "run", sqlite_where=sa.text("seen = 0"), postgresql_where=sa.text("seen = 0")),
    sqlite_with_rowid=False,
)

metric_keys = Table(
    "metric_keys",
    tables,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

# No foreign keys here: two look-ups a point are a third of the write. SQLite may give the number
# of a run that is gone for good to a new one, so a run's points go with it.
# The key is the whole point: one sent twice is stored once, and a series is read in order.
metrics = Table(
    "metrics",
    tables,
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# What a list of runs shows, kept beside every batch so that no list reads a series.
latest = Table(
    "latest_metrics",
    tables,
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Number, nullable=False),
    Column("low", Number),  # of the numbers that are not NaN; null where all are
    Column("low_step", BigInteger),
    Column("high", Number),
    Column("high_step", BigInteger),
    sqlite_with_rowid=False,
)

# Every file the tracker keeps, by its place in the tree of artifacts: "<run id>/plots/curve.png",
# ".models/<model id>/MLmodel", ".shared/..." for what belongs to neither. No run id begins with a dot.
files = Table(
    "files",
    tables,
    Column("path", Text, primary_key=True),  # sorted by code point, so that a folder is one range
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("modified", BigInteger, nullable=False),  # nanoseconds, of the file that was hashed
    Column("created", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

datasets = Table(
    "datasets",
    tables,
    Column("id", Id, primary_key=True),
    Column("experiment", ForeignKey("experiments.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("source_type", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False, server_default=""),
    Column("schema", Text),
    Column("profile", Text),
    UniqueConstraint("experiment", "name", "digest"),
)

run_datasets = Table(
    "run_datasets",
    tables,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("dataset", ForeignKey("datasets.id"), primary_key=True),
    Column("tags", Text, nullable=False, server_default="{}"),  # JSON; mlflow.data.context among them
    Index("run_datasets_by_dataset", "dataset"),
    sqlite_with_rowid=False,
)

# A model as a run wrote it, before (or without) any name in the registry.
logged_models = Table(
    "logged_models",
    tables,
    Column("id", Id, primary_key=True),
    Column("model_id", Text, nullable=False, unique=True),
    Column("experiment", ForeignKey("experiments.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("model_type", Text),
    Column("source_run", ForeignKey("runs.id")),
    Column("status", Text, nullable=False),  # pending, ready, failed
    Column("status_message", Text, nullable=False, server_default=""),
    Column("artifact_uri", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("lifecycle", Text, nullable=False, server_default="active"),
    Column("source_run_id", Text),  # as it was said; ``source_run`` where we know that run
    Index("logged_models_by_experiment", "experiment", "created"),
    Index("logged_models_by_run", "source_run"),
)

logged_model_params = _key_values("logged_model_params", "model", "logged_models.id")

logged_model_tags = _key_values("logged_model_tags", "model", "logged_models.id")

# A metric that was measured of a logged model, on a dataset where that was said.
logged_model_metrics = Table(
    "logged_model_metrics",
    tables,
    Column("model", ForeignKey("logged_models.id"), primary_key=True),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Number, primary_key=True, autoincrement=False),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("dataset_name", Text, primary_key=True, server_default=""),
    Column("dataset_digest", Text, primary_key=True, server_default=""),
    sqlite_with_rowid=False,
)

run_models = Table(
    "run_models",
    tables,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("direction", Text, primary_key=True),  # input, output
    Column("model_id", Text, primary_key=True),
    Column("step", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

models = Table(
    "models",
    tables,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False, server_default=""),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("numbered", Integer, nullable=False, server_default="0"),  # the highest number ever given
)

versions = Table(
    "model_versions",
    tables,
    Column("id", Id, primary_key=True),
    Column("model", ForeignKey("models.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),  # reserved, ready, failed
    Column("system", Text),
    Column("run", ForeignKey("runs.id")),
    Column("folder", Text, nullable=False, server_default=""),  # relative to the home where it lies inside
    Column("digest", Text, nullable=False, server_default=""),
    Column("metrics", Text, nullable=False, server_default="{}"),
    Column("created", BigInteger, nullable=False),
    # What the MLflow client says of a version. Ours have a folder, and castalia:/<model>/<version> as the source.
    Column("source", Text, nullable=False, server_default=""),
    Column("run_id", Text),  # as it was said; ``run`` where we know that run
    Column("logged_model", Text),
    Column("run_link", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    Column("user_id", Text, nullable=False, server_default=""),
    Column("stage", Text, nullable=False, server_default="None"),
    Column("status_message", Text, nullable=False, server_default=""),
    Column("updated", BigInteger, nullable=False, server_default="0"),
    Column("location", Text, nullable=False, server_default=""),  # where the files of ``source`` lie, an artifact URI
    UniqueConstraint("model", "version"),
    Index("model_versions_by_run", "run"),
)

model_tags = _key_values("model_tags", "model", "models.id")

version_tags = _key_values("version_tags", "version", "model_versions.id")

aliases = Table(
    "model_aliases",
    tables,
    Column("model", ForeignKey("models.id"), primary_key=True),
    Column("alias", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    sqlite_with_rowid=False,
)
