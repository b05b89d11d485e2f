"""What the MLflow protocol needs: data sets, logged models, tags and sources of versions, one table of files."""

import itertools
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, default: str | None = None, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, Text, nullable=False, server_default=default, **options)


def _int(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, **options)


def _of(name: str, target: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, Id, sa.ForeignKey(f"{target}.id"), **options)


def _key_values(table: str, owner: str, target: str) -> None:
    parts = (_of(owner, target, primary_key=True), sa.Column("key", Text, primary_key=True), _text("value"))
    op.create_table(table, *parts, sqlite_with_rowid=False)


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("path", Text, primary_key=True),
        _int("size"),
        _text("sha256"),
        _int("modified"),
        _int("created"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO files (path, size, sha256, modified, created) "
        "SELECT runs.run_id || '/' || a.name, a.size, a.sha256, a.modified, a.created "
        "FROM artifacts AS a JOIN runs ON runs.id = a.run"
    )
    op.drop_table("artifacts")


def _datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", Id, primary_key=True),
        _of("experiment", "experiments", nullable=False),
        _text("name"),
        _text("digest"),
        _text("source_type", ""),
        _text("source", ""),
        sa.Column("schema", Text),
        sa.Column("profile", Text),
        sa.UniqueConstraint("experiment", "name", "digest"),
    )
    op.create_table(
        "run_datasets",
        _of("run", "runs", primary_key=True),
        _of("dataset", "datasets", primary_key=True),
        _text("tags", "{}"),
        sqlite_with_rowid=False,
    )
    op.create_index("run_datasets_by_dataset", "run_datasets", ["dataset"])


def _logged_models() -> None:
    op.create_table(
        "logged_models",
        sa.Column("id", Id, primary_key=True),
        _text("model_id"),
        _of("experiment", "experiments", nullable=False),
        _text("name"),
        sa.Column("model_type", Text),
        _of("source_run", "runs"),
        _text("status"),
        _text("status_message", ""),
        _text("artifact_uri"),
        _int("created"),
        _int("updated"),
        _text("lifecycle", "active"),
        sa.Column("source_run_id", Text),
        sa.UniqueConstraint("model_id"),
    )
    op.create_index("logged_models_by_experiment", "logged_models", ["experiment", "created"])
    op.create_index("logged_models_by_run", "logged_models", ["source_run"])
    _key_values("logged_model_params", "model", "logged_models")
    _key_values("logged_model_tags", "model", "logged_models")
    keyed: dict[str, Any] = {"primary_key": True, "autoincrement": False}
    op.create_table(
        "logged_model_metrics",
        _of("model", "logged_models", primary_key=True),
        *(_int(name, **keyed) for name in ("key", "step", "time")),
        sa.Column("value", sa.Double, nullable=False, **keyed),
        _int("run", **keyed),
        _text("dataset_name", "", primary_key=True),
        _text("dataset_digest", "", primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_models",
        _of("run", "runs", primary_key=True),
        sa.Column("direction", Text, primary_key=True),
        sa.Column("model_id", Text, primary_key=True),
        _int("step", server_default="0"),
        sqlite_with_rowid=False,
    )


def _registry() -> None:
    op.add_column("model_versions", _text("source", ""))
    for name in ("run_id", "logged_model"):
        op.add_column("model_versions", sa.Column(name, Text))
    for name, default in (("run_link", ""), ("description", ""), ("user_id", ""), ("stage", "None")):
        op.add_column("model_versions", _text(name, default))
    op.add_column("model_versions", _text("status_message", ""))
    op.add_column("model_versions", _int("updated", server_default="0"))
    op.add_column("model_versions", _text("location", ""))
    op.execute(
        "UPDATE model_versions SET updated = created, "
        "source = 'castalia:/' || (SELECT name FROM models WHERE models.id = model_versions.model) "
        "|| '/' || CAST(version AS TEXT) WHERE status = 'ready'"
    )
    _key_values("model_tags", "model", "models")
    _key_values("version_tags", "version", "model_versions")


def _alerts() -> None:
    op.create_table(
        "alerts",
        _of("run", "runs", primary_key=True),
        sa.Column("id", Text, primary_key=True),
        _int("time"),
        _text("level"),
        _text("text"),
        sqlite_with_rowid=False,
    )


def _default_experiment() -> None:
    """The client logs into experiment 0 when nobody named one."""
    table = sa.table("experiments", *map(sa.column, ("id", "name", "lifecycle", "created", "updated")))
    taken = set(op.get_bind().scalars(sa.select(table.c.name).where(table.c.name.like("Default%"))))
    others = (f"Default (MLflow {number})" for number in itertools.count(2))
    name = next(name for name in itertools.chain(("Default", "Default (MLflow)"), others) if name not in taken)
    op.execute(table.insert().values(id=0, name=name, lifecycle="active", created=0, updated=0))


def upgrade() -> None:
    """Add what the protocol needs to the tables of the first release."""
    op.add_column("runs", _text("user_id", ""))
    op.add_column("runs", sa.Column("deleted", sa.BigInteger))
    _files()
    _datasets()
    _logged_models()
    _registry()
    _alerts()
    _default_experiment()
