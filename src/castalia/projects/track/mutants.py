"""Wrong versions of a tracker that people write, by the file that they change."""

from __future__ import annotations

from castalia.projects.track.server_mutants import SERVER
from castalia.projects.track.store_mutants import STORE
from castalia.projects.track.store_mutants import wrong as _wrong

FILES = ("__init__.py", "store.py", "versions.py", "search.py", "exchange.py", "server.py")

_BEST = "JOIN points USING (run) WHERE metric = ? AND {LAST} AND value IS NOT NULL"
_LIMIT = "ORDER BY run DESC LIMIT ?"
SEARCH = (
    _wrong("search", "nan_wins", "That a NaN is a low number like others.", _BEST,
           _BEST.replace(" AND value IS NOT NULL", ""),
           "ml05", "sq01"),
    _wrong("search", "ties_at_random", "That equal rows come in the order in which they were written.",
           "ORDER BY value {order}, run LIMIT 1", "ORDER BY value {order}, random() LIMIT 1", "ml05", "sq01"),
    _wrong("search", "ties_by_the_last", "That of equal runs the newest is meant.",
           "ORDER BY value {order}, run LIMIT 1", "ORDER BY value {order}, run DESC LIMIT 1", "ml05"),
    _wrong("search", "best_step_of_any", "That a run is as good as its best step.", " AND {LAST} AND value IS NOT NULL",
           " AND ? <> '' AND value IS NOT NULL", "ml05"),
    _wrong("search", "highest_is_best", "That best means highest.", '{"min": "ASC", "max": "DESC"}[direction]',
           '"DESC"', "ml05"),
    _wrong("search", "any_direction", "That what is not min is max.",
           '    if direction not in ("min", "max"):\n        raise ValueError(f"direction is {direction!r}, not min '
           'or max")\n'
           '    order = {"min": "ASC", "max": "DESC"}[direction]',
           '    order = "ASC" if direction == "min" else "DESC"', "ml05"),
    _wrong("search", "infinity_left_out", "That an infinite loss is no value.", "AND value IS NOT NULL",
           "AND value IS NOT NULL AND abs(value) < 1e999", "ml05"),
    _wrong("search", "contains_by_like", "That LIKE looks for a part of a text.", '"instr({}, ?) > 0"',
           "\"{} LIKE '%' || ? || '%'\"", "sq01"),
    _wrong("search", "name_in_the_statement", "That a quoted name cannot be anything else.",
           'rows, given = "tags WHERE name = ?", [name, value]',
           "rows, given = f\"tags WHERE name = '{name}'\", [value]", "sq01"),
    _wrong("search", "value_in_the_statement", "That quotes around a value are enough.",
           'return (OPERATORS[operator].format(field), [value]) if text else ("0", [])',
           'return (OPERATORS[operator].format(field).replace("?", f"\'{value}\'"), []) if text else ("0", [])',
           "sq01"),
    _wrong("search", "any_operator", "That an operator comes from a friend.",
           '    if operator not in OPERATORS:\n        raise ValueError(f"operator is {operator!r}, not one of '
           '{\' \'.join(OPERATORS)}")\n', "    OPERATORS.setdefault(operator, f\"{{}} {operator} ?\")\n", "sq01"),
    _wrong("search", "name_cut_at_the_last_dot", "That there is one dot.", 'field.partition(".")',
           'field.rpartition(".")',
           "sq01"),
    _wrong("search", "numbers_are_texts", "That '1' is 1 for whoever searches.",
           "fits = \"kind = 'str'\" if text else", "fits = \"kind <> 'bool'\" if 1 else", "sq01"),
    _wrong("search", "truth_is_a_number", "That True is 1.", "kind IN ('int', 'float')",
           "kind IN ('int', 'float', 'bool')",
           "sq01"),
    _wrong("search", "only_whole_numbers", "That a number is a float.", "kind IN ('int', 'float')", "kind IN ('float')",
           "sq01"),
    _wrong("search", "any_step_keeps", "That a run keeps a condition that one of its steps keeps.",
           'f"points WHERE metric = ? AND {LAST}", [name, name, value]', '"points WHERE metric = ?", [name, value]',
           "sq01"),
    _wrong("search", "one_is_enough", "That conditions are alternatives.", "' AND '.join(parts)", "' OR '.join(parts)",
           "sq01"),
    _wrong("search", "oldest_first", "That a table is read from its beginning.", _LIMIT, _LIMIT.replace(" DESC", ""),
           "sq01"),
    _wrong("search", "pages_with_their_last", "That before means up to.", '"run < ?"', '"run <= ?"', "sq01"),
    _wrong("search", "pages_by_offset", "That row 11 is still row 11 on the next page.",
           '    if before is not None:\n        parts.append("run < ?")\n        values.append(before)\n',
           "    offset = 0\n    if before is not None:\n        (newest,) = tracker.db.execute(\"SELECT max(run) "
           "FROM runs\")"
           ".fetchone()\n        offset = newest - before\n", "sq01"),
    _wrong("search", "pages_then_filtered", "That one may fetch a page and filter it afterwards.",
           "SELECT run FROM runs WHERE {",
           "SELECT run FROM (SELECT * FROM runs ORDER BY run DESC LIMIT {limit * 4}) AS runs WHERE {", "sq01"),
    _wrong("search", "lazy_search", "No work.",
           "    return [run for (run,) in tracker.db.execute(sql, [*values, limit])]",
           '    return [run for (run,) in tracker.db.execute("SELECT run FROM runs ORDER BY run DESC LIMIT ?", '
           '[limit])]',
           lazy=True),
)  # fmt: skip

_DIFFERENT = 'if len(has) == 1 or not same(has["a"], has["b"]):'
EXCHANGE = (
    _wrong("exchange", "absent_hidden", "That a param of one run alone is no difference.", _DIFFERENT,
           'if len(has) == 2 and not same(has["a"], has["b"]):', "mo07"),
    _wrong("exchange", "absent_is_none", "That not there is the same as None.",
           "has = {side: params[name] for side, params in sides.items() if name in params}",
           "has = {side: params.get(name) for side, params in sides.items()}", "mo07"),
    _wrong("exchange", "one_side_only", "That the second run has no names of its own.", 'sides["a"] | sides["b"]',
           'sides["a"]',
           "mo07"),
    _wrong("exchange", "equal_for_python", "That 1 == True says they are the same param.", _DIFFERENT,
           'if len(has) == 1 or has["a"] != has["b"]:', "mo07"),
    _wrong("exchange", "compared_as_texts", "That what looks alike is alike.", _DIFFERENT,
           'if len(has) == 1 or str(has["a"]) != str(has["b"]):', "mo07"),
    _wrong("exchange", "sides_exchanged", "That a and b may stand either way.",
           'sides = {"a": tracker.info(a)["params"], '
           '"b": tracker.info(b)["params"]}',
           'sides = {"a": tracker.info(b)["params"], "b": tracker.info(a)["params"]}', "mo07"),
    _wrong("exchange", "nan_in_json", "That NaN is JSON.", "metrics = {metric: [[step, plain(value)]",
           "metrics = {metric: [[step, value]", "mo07"),
    _wrong("exchange", "nan_left_out", "That a NaN is a gap.", "for step, value in tracker.history(run, metric)]\n",
           "for step, value in tracker.history(run, metric) if value == value]\n", "mo07"),
    _wrong("exchange", "nan_comes_back_as_text", "That who reads knows what the text NaN stands for.",
           "params = {name: number(value[\"float\"]) if isinstance(value, dict) else value",
           "params = {name: value[\"float\"] if isinstance(value, dict) else value", "mo07"),
    _wrong("exchange", "text_becomes_nan", "That the text NaN is always a number.",
           'params = {name: {"float": plain(value)} if plain(value) != value else value',
           'params = {name: plain(value)', "mo07"),
    _wrong("exchange", "ascii_only", "That everybody's texts are English.",
           "write_whole(path, lines.getvalue().encode())",
           'write_whole(path, lines.getvalue().encode("ascii", "replace"))', "mo07"),
    _wrong("exchange", "tags_forgotten", "That tags are notes.", '("name", "status", "commit", "dirty", "tags")',
           '("name", "status", "commit", "dirty")', "mo07"),
    _wrong("exchange", "status_forgotten", "That what is imported is done.", 'told["name"], told["status"], rows',
           'told["name"], "done", rows', "mo07"),
    _wrong("exchange", "last_value_only", "That a run is its last values.",
           "for step, value in tracker.history(run, metric)]\n",
           "for step, value in tracker.history(run, metric)[-1:]]\n", "mo07"),
    _wrong("exchange", "time_in_the_export", "That an export may say when it was made.",
           'told = {"form": FORM, **kept,',
           'told = {"form": FORM, "at": __import__("time").time_ns(), **kept,', "mo07"),
    _wrong("exchange", "rounded", "That six digits are enough.", "[metric, step, repr(value)]",
           '[metric, step, f"{value:g}"]',
           "mo07"),
    _wrong("exchange", "commas_joined", "That a CSV file is texts joined by commas.",
           "rows.writerows([metric, step, repr(value)] for step, value in tracker.history(run, metric))",
           'lines.writelines(f"{metric},{step},{value!r}\\r\\n" for step, value in tracker.history(run, metric))',
           "mo07"),
    _wrong("exchange", "ends_translated", "That open() reads a file as it is.",
           'open(path, encoding="utf-8", newline="")',
           'open(path, encoding="utf-8")', "mo07"),
    _wrong("exchange", "rows_counted_for_lines", "That row 7 is line 7.", 'f"line {lines.line_num}: {error}"',
           'f"line {len(points) + 2}: {error}"', "mo07"),
    _wrong("exchange", "short_rows_left_out", "That a line that does not fit can be left out.",
           '                raise ValueError(f"line {lines.line_num}: {error}") from None', "                continue",
           "mo07"),
    _wrong("exchange", "begun_before_read", "That an import can begin the run first and see.",
           '    points = []\n    with open(path, encoding="utf-8", newline="") as file:',
           '    points = []\n    _add(tracker, name, "failed", [])\n    with open(path, encoding="utf-8", '
           'newline="") as file:',
           "mo07"),
    _wrong("exchange", "each_call_commits", "That four calls one after another are one.",
           "    with tracker.writing():\n        run = tracker.begin(name, params or {}, None, commit, dirty)\n"
           "        tracker.put_tags(run, tags or {})\n",
           "    with tracker.writing():\n        run = tracker.begin(name, params or {}, None, commit, dirty)\n"
           "    with tracker.writing():\n        tracker.put_tags(run, tags or {})\n", "sq01", "mo07"),
    _wrong("exchange", "opened_before_looked_at", "That a file that could not be written is still the old one.",
           "    info = tracker.info(run)\n    metrics",
           '    open(path, "w").close()\n    info = tracker.info(run)\n    metrics',
           "mo07"),
    _wrong("exchange", "any_object_is_a_run", "That what is JSON is one of ours.",
           '        if told["form"] != FORM:\n            raise ValueError("another form")\n',
           '        told = {"name": "", "status": "done", "metrics": {}, "params": {}, "tags": {}, "commit": None, '
           '"dirty": None, **told}\n', "mo07"),
    _wrong("exchange", "lazy_compare", "No work.", "        if len(has) == 1 or not same",
           "        if not sides or not same",
           lazy=True),
)  # fmt: skip

_DIRTY = 'bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))'
VERSIONS = (
    _wrong("versions", "staged_missed", "That git diff shows every change.", _DIRTY,
           'bool(_git(folder, "diff", "--stat"))', "py10"),
    _wrong("versions", "only_staged", "That what is not staged is not meant.", _DIRTY,
           'bool(_git(folder, "diff", "--cached", "--stat"))', "py10"),
    _wrong("versions", "against_head_only", "That a change that was undone in the file is undone.", _DIRTY,
           'bool(_git(folder, "diff", "HEAD", "--stat"))', "py10"),
    _wrong("versions", "untracked_is_dirty", "That a note beside the code changes the code.", _DIRTY,
           'bool(_git(folder, "status", "--porcelain"))', "py10"),
    _wrong("versions", "untracked_only", "That only new files are changes.", _DIRTY,
           'bool(_git(folder, "ls-files", "--others", "--exclude-standard"))', "py10"),
    _wrong("versions", "ignored_is_dirty", "That what git ignores counts.", _DIRTY,
           'bool(_git(folder, "status", "--porcelain", "--untracked-files=no")'
           ' or _git(folder, "ls-files", "--others", "--ignored", "--exclude-standard"))', "py10"),
    _wrong("versions", "short_hash", "That seven letters name a commit for ever.", 'commit.strip()',
           "commit.strip()[:7]", "py10"),
    _wrong("versions", "branch_for_commit", "That main is a version.", '_git(folder, "rev-parse", "--verify", "HEAD")',
           '_git(folder, "rev-parse", "--abbrev-ref", "HEAD")', "py10"),
    _wrong("versions", "newest_of_all", "That the newest commit is the one that is checked out.",
           '_git(folder, "rev-parse", "--verify", "HEAD")', '_git(folder, "log", "--all", "-1", "--format=%H")',
           "py10"),
    _wrong("versions", "own_folder", "That the program stands in the folder it is asked about.", "cwd=folder, ", "",
           "py10"),
    _wrong("versions", "empty_where_none", "That no repository is a clean one.", "        return None\n    return {",
           '        return {"commit": "", "dirty": False}\n    return {', "py10"),
    _wrong("versions", "index_written", "That asking changes nothing.", '"git", "--no-optional-locks", *words',
           '"git", *words', "py10"),
    _wrong("versions", "stashed_to_look", "That one may tidy up to see.", "    return {\"commit\"",
           '    _git(folder, "add", "-A")\n    return {"commit"', "py10"),
    _wrong("versions", "lazy_clean", "No work.", _DIRTY, "False", lazy=True),
)  # fmt: skip

MUTANTS = (*STORE, *SEARCH, *EXCHANGE, *VERSIONS, *SERVER)
_AFTER_A_KILL = "a file that is closed is written; whether it is on the disk shows after a power cut, not after a kill"
_TRIES = "it decides how often it is tried while another process makes the file, and not what comes of it"
EQUIVALENT = {
    "store.py:32:7:constant:double": "waiting twice as long for a lock shows only where somebody holds it ten seconds",
    "store.py:44:8:statement_removed": "FULL is what SQLite begins with, unless it was compiled otherwise",
    "store.py:57:35:comparison:GtE": "no clock that counts nanoseconds says exactly this time",
    "store.py:59:16:statement_removed": _TRIES,
    "store.py:59:27:constant:double": _TRIES,
    "store.py:59:27:constant:zero": _TRIES,
    "store.py:243:11:return_negated": "-True is as true as True, and nobody asks more of it",
    "store.py:229:8:statement_removed": _AFTER_A_KILL,
    "store.py:230:8:statement_removed": _AFTER_A_KILL,
}
