"""``castalia predict``: a whole table in, a whole table out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from castalia.cli import terminal
from castalia.cli.answering import hosts, say_who_answers


def predict(
    name: str,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)] = "-",
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    json: bool = False,
) -> int:
    """Answer every row of a table: CSV in, CSV out. Warnings go to standard error.

    Parameters
    ----------
    name
        The name of a system or model: churn, churn@3, yours/recommender.
    file
        CSV, TSV, JSON lines or Parquet; - reads CSV from standard input.
    output
        Write the CSV to this file instead of standard output.
    json
        Print {"columns": {name: [...]}, "model": label, "warnings": [...]} instead of CSV.
    """
    from castalia.cli.tables import read_table
    from castalia.runtime.columns import write_csv

    if output is not None:
        # Found out before the work, not after it: a folder that cannot be written.
        output.open("a").close()
    if file == "-" and terminal.is_terminal(sys.stdin):
        terminal.say("Reading CSV from standard input; end it with Ctrl-D.")
    columns = read_table(file)
    with hosts() as pool:
        say_who_answers(pool.describe(name), name)
        answer = pool.predict(name, {"columns": columns})
    for warning in answer.warnings:
        terminal.say(f"warning: {terminal.printable(warning)}")
    answered = answer.output["columns"]
    if json:
        terminal.out_json({"columns": answered, "model": answer.label, "warnings": answer.warnings})
    elif output is not None:
        output.write_text(write_csv(answered), "utf-8", newline="")
        rows = len(next(iter(answered.values()), ()))
        terminal.say(f"{answer.label}: {terminal.many(rows, 'row')} to {output}")
    else:
        sys.stdout.write(write_csv(answered))
    return 0
