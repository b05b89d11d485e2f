"""Wrong versions of keeping runs; and how one is written down."""

from __future__ import annotations

from castalia.core.contract import Mutant


def wrong(file: str, id: str, misconception: str, old: str, new: str, *topics: str, lazy: bool = False) -> Mutant:
    return Mutant(id, misconception, file=f"{file}.py", old=old, new=new, topics=topics, lazy=lazy)


_CONNECT = "sqlite3.connect(path, timeout=WAIT, isolation_level=None)"
_BEGIN = 'self.db.execute("BEGIN IMMEDIATE")'
_BACK = '            self.db.execute("ROLLBACK")\n            raise\n        self.db.execute("COMMIT")\n'
_ROWS = '        self.db.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?)", rows)\n'
_RIGHT = '        if "\\\\" in name or "\\0" in name or {"", ".", ".."} & set(name.split("/")):\n'
STORE = (
    wrong("store", "never_committed", "That what is executed is kept.", _BACK,
          '            self.db.execute("ROLLBACK")\n            raise\n        self.db.execute("SAVEPOINT a")\n',
          "sq01"),
    wrong("store", "acknowledged_before_commit", "That a commit a little later is as good.", _BEGIN,
          'self.db.in_transaction or self.db.execute("BEGIN IMMEDIATE")\n'
          "        self.calls = getattr(self, \"calls\", 0) + 1\n        if self.calls % 8:\n            yield\n    "
          "        return",
          "sq01", "py06"),
    wrong("store", "kept_in_memory", "That a list that is written at the end is faster and as safe.",
          "        with self.writing():\n            self.known(run)\n            self.put_points(run, points)\n",
          "        rows = [(run, *fitting(*point)) for point in points]\n        self.known(run)\n"
          '        self.waiting = [*getattr(self, "waiting", []), *rows]\n        if len(self.waiting) < 20:\n      '
          '      return\n'
          "        with self.writing():\n            for each in self.waiting:\n                "
          "self.put_points(each[0], "
          "[(each[2], each[1], each[3])])\n            self.waiting = []\n", "sq01", "py06"),
    wrong("store", "a_commit_for_each_row", "That many rows of one call are many transactions.", _ROWS,
          _ROWS.replace("        self", "        for row in rows:\n            self").replace("executemany", "execute")
          .replace(", rows)", ', row)\n            self.db.execute("COMMIT")\n            self.db.execute("BEGIN '
                              'IMMEDIATE")'),
          "sq01"),
    wrong("store", "nothing_rolled_back", "That a transaction that failed was none.", _BACK,
          '            self.db.execute("COMMIT")\n            raise\n        self.db.execute("COMMIT")\n', "sq01"),
    wrong("store", "no_busy_timeout", "That a locked database is an error.", _CONNECT, _CONNECT.replace("WAIT", "0"),
          "sq01", "py06"),
    wrong("store", "begins_by_reading", "That a transaction that has read may go on to write, if it only waits.",
           _BEGIN,
          'self.db.execute("BEGIN")', "sq01", "py06"),
    wrong("store", "rollback_journal", "That readers and writers do not meet.", "PRAGMA journal_mode=WAL",
          "PRAGMA journal_mode=DELETE", "sq01", "py06"),
    wrong("store", "locked_by_one", "That a tracker has one user.",
           "        self.db.execute(\"PRAGMA synchronous=FULL\")\n",
          '        self.db.execute("PRAGMA locking_mode=EXCLUSIVE")\n', "py06", "sq01"),
    wrong("store", "journal_without_waiting", "That SQLite waits at every statement.",
          "                if time.monotonic() > until:\n                    raise\n", "                raise\n",
          "sq01", "py06"),
    wrong("store", "tables_made_anew", "That whoever opens a tracker is the first.",
          "            for statement in SCHEMA.split(\";\"):\n",
          "            for table in (\"runs\", \"params\", \"tags\", \"points\", \"artifacts\"):\n"
          '                self.db.execute(f"DROP TABLE IF EXISTS {table}")\n'
          "            for statement in SCHEMA.split(\";\"):\n", "sq01", "py06"),
    wrong("store", "tables_made_once", "That nobody makes the same file at the same moment.",
           "        with self.writing():\n"
          "            for statement in SCHEMA.split(\";\"):\n                self.db.execute(statement)\n",
          '        if not self.db.execute("SELECT 1 FROM sqlite_master").fetchall():\n'
          "            for statement in SCHEMA.split(\";\"):\n"
          '                self.db.execute(statement.replace("IF NOT EXISTS", ""))\n', "sq01", "py06"),
    wrong("store", "number_by_counting", "That the next run's number is one more than there are.",
          "        assert run is not None\n",
          '        run = int(self.db.execute("SELECT count(*) FROM runs WHERE name <> \'\'").fetchone()[0])\n', "sq01"),
    wrong("store", "step_is_a_float", "That a float holds every whole number.", "step INTEGER, value REAL",
           "step REAL, value REAL",
          "sq01"),
    wrong("store", "any_step", "That who logs steps logs whole numbers.",
          "    if isinstance(step, bool) or not isinstance(step, Integral) or not -(2**63) <= int(step) < 2**63:\n",
          "    if not -(2**63) <= float(step) < 2**63:\n", "sq01"),
    wrong("store", "numpy_to_sqlite", "That SQLite knows NumPy's numbers.", "    return int(step)\n",
           "    return step\n", "sq01",
          "py06"),
    wrong("store", "only_pythons_numbers", "That a loss is a float of Python.",
          "if isinstance(value, bool) or not isinstance(value, Real):", "if type(value) not in (int, float):", "sq01"),
    wrong("store", "nan_is_none", "That SQLite keeps a NaN.", "    return math.nan if value is None else value\n",
          "    return value\n", "sq01"),
    wrong("store", "nan_not_kept", "That a NaN is not worth keeping.",
           "        rows = [(run, *fitting(*point)) for point in points]\n",
          "        rows = [(run, *fitting(*point)) for point in points]\n        rows = [row for row in rows if "
          "row[3] == row[3]]\n",
          "sq01"),
    wrong("store", "last_written_is_last", "That what was logged last has the highest step.",
          '"SELECT metric, value, max(step) FROM points WHERE run = ? GROUP BY metric"',
          '"SELECT metric, value, step FROM (SELECT rowid, * FROM points WHERE run = ? ORDER BY rowid)"', "sq01"),
    wrong("store", "highest_is_last", "That the highest value is the last.", "SELECT metric, value, max(step)",
          "SELECT metric, max(value), step", "sq01"),
    wrong("store", "order_left_to_chance", "That a table has an order.", "AND metric = ? ORDER BY step",
           "AND metric = ? ORDER BY value",
          "sq01"),
    wrong("store", "steps_twice", "That a point that is sent again is another one.",
          "PRIMARY KEY (run, metric, step)) WITHOUT ROWID", "UNIQUE (run, metric, step, value))", "sq01"),
    wrong("store", "first_value_stays", "That what is there is right.", "INSERT OR REPLACE INTO points",
           "INSERT OR IGNORE INTO points",
          "sq01"),
    wrong("store", "params_overwritten", "That a param may be said anew.",
          "            if name in known and not same(known[name], value):\n"
          '                raise ValueError(f"params: {name} is {known[name]!r} already")\n', "", "sq01"),
    wrong("store", "params_equal_for_python", "That 1 and True are the same param.", "not same(known[name], value):",
          "known[name] != value:", "sq01"),
    wrong("store", "params_as_texts", "That a param is a text.", "row = (run, name, type(value).__name__, value)",
          "row = (run, name, 'str', str(value))", "sq01"),
    wrong("store", "truth_is_one", "That SQLite has truth values.",
           '    if kind == "bool":\n        return bool(value)\n', "", "sq01"),
    wrong("store", "column_of_numbers", "That a column type only says what is usually in it.",
           "kind TEXT, value, PRIMARY KEY",
          "kind TEXT, value NUMERIC, PRIMARY KEY", "sq01"),
    wrong("store", "large_ints_taken", "That SQLite's whole numbers have no end.", "not -(2**63) <= value < 2**63:",
          "not -(2**64) <= value < 2**64:", "sq01"),
    wrong("store", "tags_once", "That tags are params.", "INSERT OR REPLACE INTO tags", "INSERT OR IGNORE INTO tags",
           "sq01"),
    wrong("store", "key_ignored", "That nobody asks twice.", "        if known:\n            return int(*known)\n",
          "        key = None if known else key\n", "sq01"),
    wrong("store", "key_changes_the_run", "That the second request knows better.", "            return int(*known)\n",
          "            self.put_params(int(*known), params)\n            return int(*known)\n", "sq01"),
    wrong("store", "runs_from_nowhere", "That an UPDATE says when it changed nothing.",
          "            self.known(run)\n            self.put_status(run, status)\n",
          "            self.put_status(run, status)\n",
          "sq01"),
    wrong("store", "points_of_nobody", "That a row's run is there.",
           "            self.known(run)\n            self.put_points(run, points)\n",
          "            self.put_points(run, points)\n", "sq01"),
    wrong("store", "names_lead_out", "That a name is only a name.", _RIGHT, "        if not name:\n", "sq01"),
    wrong("store", "only_dots_checked", "That a name that has no .. stays inside.", _RIGHT,
           '        if ".." in name.split("/"):\n',
          "sq01"),
    wrong("store", "one_artifact_for_all", "That artifacts have names of their own.",
           "digest TEXT, PRIMARY KEY (run, name))",
          "digest TEXT, PRIMARY KEY (name))", "sq01"),
    wrong("store", "artifact_appended", "That a file that is written is emptied first.",
          "write_whole(os.path.join(self._files, digest), content)",
          'digest = f"{run} {name}".replace("/", "-")\n        with open(os.path.join(self._files, digest), "ab") '
          'as file:\n'
          "            file.write(content)", "sq01"),
    wrong("store", "written_in_place", "That a file is written in a moment.",
          "write_whole(os.path.join(self._files, digest), content)",
          'digest = hashlib.sha256(f"{run} {name}".encode()).hexdigest()\n'
          "        place = os.path.join(self._files, digest)\n"
          "        step = 8 if os.path.exists(place) else max(1, len(content))\n"
          '        with open(place, "wb", 0) as file:\n            for at in range(0, len(content), step):\n'
          "                file.write(content[at : at + step])", "sq01"),
    wrong("store", "row_before_the_file", "That the order of file and row is of no account.",
          "        self.known(run)\n        os.makedirs",
          '        with self.writing():\n            self.known(run)\n'
          '            self.db.execute("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?)", (run, name, digest))\n'
          "        __import__(\"time\").sleep(0.05)\n        os.makedirs", "sq01"),
    wrong("store", "dirty_as_a_number", "That 0 is False for whoever asks.", "None if dirty is None else bool(dirty)",
           "dirty",
          "py10", "sq01"),
    wrong("store", "code_asked_later", "That the code is still the same when somebody asks.",
          "        state = (git_state(code) if code is not None else None) or", "        state =", "py10"),
    wrong("store", "clean_where_unknown", "That no repository is a clean one.", 'or {"commit": None, "dirty": None}',
          'or {"commit": None, "dirty": False}', "py10"),
    wrong("store", "params_after_the_run", "That a run is there before its params are.",
           "        self.put_params(run, params)\n        return run\n",
          '        self.db.execute("COMMIT")\n        self.db.execute("BEGIN IMMEDIATE")\n        '
          'self.put_params(run, params)\n'
          "        return run\n", "sq01"),
    wrong("store", "lazy_log", "No work.",
           "        self.log_many(run, [(step, metric, value) for metric, value in values.items()])\n",
          "        self.known(run)\n", lazy=True),
)  # fmt: skip
