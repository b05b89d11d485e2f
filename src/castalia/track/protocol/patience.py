"""A limit on how long one search may take: a few hundred characters can ask for an hour's work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from castalia.core.errors import TooLarge

SECONDS = 20.0
_STEPS = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""


@contextmanager
def patience(connection: Connection, seconds: float = SECONDS) -> Iterator[None]:
    """Ends what runs on ``connection`` after ``seconds``, with TooLarge."""
    end = time.monotonic() + seconds
    driver: Any = connection.connection.driver_connection
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    else:
        connection.execute(sa.text(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}"))
    try:
        yield
    except DBAPIError as error:
        if time.monotonic() < end:
            raise
        cure = "Ask for fewer runs, or for less of each: by experiment, by run_id, with shorter patterns."
        raise TooLarge("the search takes too long", f"more than {seconds:g} s", cure=cure, field="filter") from error
    finally:
        if sqlite:
            driver.set_progress_handler(None, 0)
