"""What pages keep: views that were given a name, promotions with their reasons, rules of notices."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, Text, nullable=False, server_default=default)


def _int(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, **options)


def upgrade() -> None:
    op.create_table(
        "views",
        sa.Column("name", Text, primary_key=True),
        _text("page"),
        _text("query", ""),
        sa.Column("home", sa.Integer, nullable=False, server_default="0"),
        _int("updated"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "promotions",
        sa.Column("id", Id, primary_key=True),
        sa.Column("model", Id, sa.ForeignKey("models.id"), nullable=False),
        _text("alias"),
        sa.Column("version", sa.Integer),
        sa.Column("previous", sa.Integer),
        _text("reason", ""),
        _text("who", ""),
        _int("time"),
    )
    op.create_index("promotions_by_model", "promotions", ["model", "time"])
    op.create_table(
        "rules",
        sa.Column("id", Id, primary_key=True),
        _text("name"),
        _text("rule"),
        _int("updated"),
    )
