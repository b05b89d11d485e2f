"""How a file of any earlier release becomes one of today. Run under a lock, in one transaction.

Alembic is imported here and nowhere else, so only a file that needs it pays for it.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

HERE = Path(__file__).parent


def upgrade(connection: Connection, target: str = "head") -> None:
    """Bring the database behind ``connection`` to ``target``; the caller began the transaction and commits it."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
