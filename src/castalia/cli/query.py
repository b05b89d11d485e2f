"""``castalia query``: one SELECT on the tracker's database."""

from __future__ import annotations

import csv
import sys
from typing import Literal

from castalia.cli import terminal


def query(
    sql: str, /, *, limit: int = 10_000, format: Literal["table", "csv", "json"] = "table", json: bool = False
) -> int:
    """Answer one SELECT on runs, params, tags, points, finals, models; nothing can be changed with it.

    Parameters
    ----------
    sql
        One statement, in quotes. points and finals hold numbers by run_id and metric.
    limit
        How many rows at most.
    format
        table: aligned columns. csv: one line a row. json: {"columns", "rows", "more"}.
    json
        The same as --format json.
    """
    from castalia.core.settings import Settings
    from castalia.track import Store
    from castalia.track.querying import query as ask

    with Store.of(Settings.read()) as store:
        found = ask(store.database, sql, limit)
    if json or format == "json":
        terminal.out_json({"columns": found.columns, "rows": found.rows, "more": found.more})
        return 0
    if format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(found.columns)
        writer.writerows(found.rows)
    elif found.rows:
        terminal.out_table(found.columns, found.rows)
    else:
        terminal.say("No rows.")
    if found.more:
        terminal.say(f"The first {terminal.many(limit, 'row')}; --limit shows more.")
    return 0
