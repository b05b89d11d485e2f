"""The first layout: experiments, runs, numbers, files, models."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Written out, not imported from the schema: a migration says what was, and must not move with today's tables.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, Text, nullable=False, server_default=default)


def _int(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, **options)


def _of(name: str, target: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, Id, sa.ForeignKey(f"{target}.id"), **options)


def _key_values(table: str, owner: str, target: str) -> None:
    parts = (_of(owner, target, primary_key=True), sa.Column("key", Text, primary_key=True), _text("value"))
    op.create_table(table, *parts, sqlite_with_rowid=False)


def _experiments_and_runs() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", Id, primary_key=True),
        _text("name"),
        sa.Column("artifact_location", Text),
        _text("lifecycle", "active"),
        _int("created"),
        _int("updated"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "runs",
        sa.Column("id", Id, primary_key=True),
        _text("run_id"),
        _of("experiment", "experiments", nullable=False),
        _text("name"),
        _text("status"),
        sa.Column("system", Text),
        _of("parent", "runs"),
        _text("owner", ""),
        _int("started"),
        sa.Column("ended", sa.BigInteger),
        _text("lifecycle", "active"),
        sa.UniqueConstraint("run_id"),
    )
    op.create_index("runs_by_experiment", "runs", ["experiment", "started"])
    op.create_index("runs_by_parent", "runs", ["parent", "name"])
    op.create_index("runs_by_start", "runs", ["started"])
    _key_values("experiment_tags", "experiment", "experiments")
    _key_values("params", "run", "runs")
    _key_values("tags", "run", "runs")


def _numbers() -> None:
    keyed: dict[str, Any] = {"primary_key": True, "autoincrement": False}
    op.create_table("metric_keys", sa.Column("id", Id, primary_key=True), _text("name"), sa.UniqueConstraint("name"))
    op.create_table(
        "metrics",
        *(_int(name, **keyed) for name in ("run", "key", "step", "time")),
        sa.Column("value", sa.Double, nullable=False, **keyed),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "latest_metrics",
        _int("run", **keyed),
        _int("key", **keyed),
        _int("step"),
        _int("time"),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("low", sa.Double),
        sa.Column("low_step", sa.BigInteger),
        sa.Column("high", sa.Double),
        sa.Column("high_step", sa.BigInteger),
        sqlite_with_rowid=False,
    )


def _files() -> None:
    op.create_table(
        "artifacts",
        _of("run", "runs", primary_key=True),
        sa.Column("name", Text, primary_key=True),
        _int("size"),
        _text("sha256"),
        _int("modified"),
        _int("created"),
        sqlite_with_rowid=False,
    )


def _registry() -> None:
    op.create_table(
        "models",
        sa.Column("id", Id, primary_key=True),
        _text("name"),
        _text("description", ""),
        _int("created"),
        _int("updated"),
        sa.Column("numbered", sa.Integer, nullable=False, server_default="0"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "model_versions",
        sa.Column("id", Id, primary_key=True),
        _of("model", "models", nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _text("status"),
        sa.Column("system", Text),
        _of("run", "runs"),
        _text("folder", ""),
        _text("digest", ""),
        _text("metrics", "{}"),
        _int("created"),
        sa.UniqueConstraint("model", "version"),
    )
    op.create_index("model_versions_by_run", "model_versions", ["run"])
    op.create_table(
        "model_aliases",
        _of("model", "models", primary_key=True),
        sa.Column("alias", Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Make the tables."""
    _experiments_and_runs()
    _numbers()
    _files()
    _registry()


def downgrade() -> None:
    """Drop them, in an order that foreign keys allow."""
    for table in ("model_aliases", "model_versions", "models", "artifacts", "latest_metrics", "metrics", "metric_keys"):
        op.drop_table(table)
    for table in ("tags", "params", "experiment_tags", "runs", "experiments"):
        op.drop_table(table)
