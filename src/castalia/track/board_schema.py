"""The tables of what pages keep beside the runs: promotions, views, rules and notices. ``schema`` names them too."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table

from castalia.track.column_types import Id, Text, tables

# What each alias came to mean; no reference to versions, since history outlives them.
promotions = Table(
    "promotions",
    tables,
    Column("id", Id, primary_key=True),
    Column("model", ForeignKey("models.id"), nullable=False),
    Column("alias", Text, nullable=False),
    Column("version", Integer),  # null: it was taken away
    Column("before", Integer),  # null: it was not there
    Column("time", BigInteger, nullable=False),
    Column("who", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Index("promotions_by_model", "model", "id"),
)

# Addresses of pages that were given a name.
views = Table(
    "views",
    tables,
    Column("name", Text, primary_key=True),
    Column("page", Text, nullable=False),
    Column("query", Text, nullable=False, server_default=""),
    Column("home", Integer, nullable=False, server_default="0"),
    Column("updated", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# When to say something of a run, and where.
rules = Table(
    "rules",
    tables,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("rule", Text, nullable=False),  # JSON
    Column("updated", BigInteger, nullable=False),
    Column("signed", Integer, nullable=False, server_default="0"),  # 1: its secret lies in a home
    sqlite_autoincrement=True,  # notices and secrets outlive a rule: its number is never another's
)

# What a rule has said of a run already and shall not say again: a value crossed, a silence.
rule_marks = Table(
    "rule_marks",
    tables,
    Column("rule", ForeignKey("rules.id"), primary_key=True),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    sqlite_with_rowid=False,
)

notices = Table(
    "notices",
    tables,
    Column("id", Id, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("kind", Text, nullable=False), Column("level", Text, nullable=False),
    Column("run_id", Text, nullable=False, server_default=""),  # no reference: what was said stays said
    Column("rule", BigInteger, nullable=False), Column("text", Text, nullable=False),
    Column("shown", Integer, nullable=False),  # 0: for a webhook alone
    Column("hook", Text, nullable=False, server_default=""),  # waiting, sending, sent, failed; empty: none wanted
    Column("hook_due", BigInteger, nullable=False, server_default="0"),
    Column("hook_tries", Integer, nullable=False, server_default="0"),
    Column("hook_said", Text, nullable=False, server_default=""),
    Index("notices_by_rule", "rule", "time"),
    Index("notices_to_send", "hook_due", sqlite_where=sa.text("hook IN ('waiting', 'sending')"),
          postgresql_where=sa.text("hook IN ('waiting', 'sending')")),
)  # fmt: skip
