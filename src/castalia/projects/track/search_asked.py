"""M2: what is asked of best and search."""

from __future__ import annotations

import math

from castalia.projects.track import search_held as p
from castalia.projects.track.asking import claim

SQL, EVALUATION = {"sq01": 1.0}, {"sq01": 0.4, "ml05": 0.6}
CLAIMS = (
    claim(
        "best_is_best", "best is the run with the lowest or highest last value, NaN never, of equal ones the first.",
        EVALUATION, "best", p.best_is_best,
        ("A run that ended in NaN: is its loss low, high, or neither?",
         "Two runs are equal. Ask twice, or after a VACUUM: is it the same one? And of which step is the value that "
         "you "
         "compare?",
         "The row with the highest step of each run, without NULLs, ordered by the value and then by the run."),
        p.runs, cases=6, sizes=(1, 2, 4), edges=(
            lambda: ([p._run(metrics={"loss": [(0, 0.5), (9, 0.25), (3, 0.125)]}),
                      p._run(metrics={"loss": [(0, 0.1), (1, 0.3)]})],),
            lambda: ([p._run(metrics={"loss": [(0, math.nan)]}), p._run()],),
            lambda: ([p._run(metrics={"loss": [(0, 1.0)]}) for _ in range(5)],),
        ),
    ),
    claim(
        "search_finds", "search answers the runs that keep every condition, newest first.",
        SQL, "search", p.search_finds,
        ("Is the text '1' the number 1? Is it for SQLite?",
         "Search for a name that has a quote, a percent sign or an underscore in it. Which part of your statement is "
         "text that came from outside?",
         "Names and values only ever stand for question marks; instr() knows no patterns; the kind is a column."),
        p.runs_and_conditions, cases=6, sizes=(1, 2, 4, 8), budget=10.0, edges=(
            p.lone("params.a.b", "=", 1, params={"a.b": 1, "a": 2}),
            p.lone("params.rate", "<", 2, params={"rate": "1"}),
            p.lone("params.rate", "=", 1, params={"rate": True}),
            p.lone("params.rate", "=", 1, params={"rate": 1.0}),
            p.lone("params.rate", "!=", 1, params={"rate": "1"}),
            p.lone("params.rate", "!=", 0.5, params={"rate": math.nan}),
            p.lone("params.rate", ">=", "1", params={"rate": 1}),
            p.lone("params.rate", "contains", "1", params={"rate": 11}),
            p.lone("params.", "=", "x", params={"": "x"}),
            p.lone("tags.it's", "contains", "%", tags={"it's": "50 %"}),
            p.lone("tags.team", "contains", "_", tags={"team": "ab"}),
            p.lone("tags.team", "contains", "A", tags={"team": "a"}),
            p.lone("tags.team", "<", "a", tags={"team": "B"}),
            p.lone("tags.team", "<=", 5, tags={"team": "4"}),
            p.lone("metrics.loss", "<", 1, metrics={"loss": [(5, 2.0), (1, 0.5)]}),
            p.lone("metrics.loss", "!=", 1, metrics={"loss": [(1, math.nan)]}),
            p.lone("metrics.loss", "=", "1.0", metrics={"loss": [(1, 1.0)]}),
            p.lone("metrics.loss", "!=", "x", metrics={"loss": [(1, 1.0)]}),
            p.lone("name", "!=", 1, name="y"),
            p.lone("status", "=", "failed", status="failed"),
            p.lone("name", "=", "' OR '1'='1", name="y"),
        ),
    ),
    claim(
        "search_pages", "Pages, one after another by before, have every run once, whatever is begun meanwhile.",
        SQL, "search", p.search_pages,
        ("You show runs 1 to 10 of the newest; three begin; what are runs 11 to 20 now?",
         "What does OFFSET count?",
         "A page begins below a run, not behind a number of rows: WHERE run < ? ... ORDER BY run DESC LIMIT ?"),
        lambda rng, size: (3 * size, size), cases=3, sizes=(1, 2, 5), edges=(lambda: (104, 103),),
    ),
    claim(
        "search_refuses", "A field, an operator, a value or a limit that is none raises ValueError.",
        SQL, "search", p.search_refuses,
        ("Where does your statement come from, if the operator is a text from outside?",
         "What does your search do with the operator \"= '' OR name !=\"?",
         "Look operators and fields up in a table of your own; what is not in it is refused."),
        lambda rng, size: (f"name {size}",), cases=1, sizes=(1,),
    ),
)  # fmt: skip
