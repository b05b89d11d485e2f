"""What pages keep: views that were given a name, promotions of versions, rules of notices."""

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
    """Add what the pages keep: views, promotions, rules and notices."""
    _pages()
    _notices()


def _pages() -> None:
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
        sa.Column("before", sa.Integer),
        _int("time"),
        _text("who", ""),
        _text("reason", ""),
    )
    op.create_index("promotions_by_model", "promotions", ["model", "id"])
    op.create_table(
        "rules",
        sa.Column("id", Id, primary_key=True),
        _text("name"),
        _text("rule"),
        _int("updated"),
        sa.Column("signed", sa.Integer, nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )


def _notices() -> None:
    op.create_table(
        "rule_marks",
        sa.Column("rule", Id, sa.ForeignKey("rules.id"), primary_key=True),
        sa.Column("run", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", Text, primary_key=True),
        _text("mark"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notices",
        sa.Column("id", Id, primary_key=True),
        _int("time"),
        _text("kind"),
        _text("level"),
        _text("run_id", ""),
        _int("rule"),
        _text("text"),
        sa.Column("shown", sa.Integer, nullable=False),
        _text("hook", ""),
        _int("hook_due", server_default="0"),
        sa.Column("hook_tries", sa.Integer, nullable=False, server_default="0"),
        _text("hook_said", ""),
    )
    op.create_index("notices_by_rule", "notices", ["rule", "time"])
    _partial("notices_to_send", "notices", "hook_due", "hook IN ('waiting', 'sending')")
    op.add_column("runs", _text("seen", ""))
    op.add_column("alerts", sa.Column("seen", sa.Integer, nullable=False, server_default="0"))
    # What is there already is no news.
    op.execute("UPDATE runs SET seen = status")
    op.execute("UPDATE alerts SET seen = 1")
    _partial("runs_unseen", "runs", "id", "seen <> status")
    _partial("alerts_unseen", "alerts", "run", "seen = 0")
    _partial("runs_running", "runs", "id", "status = 'running' AND lifecycle = 'active'")


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
