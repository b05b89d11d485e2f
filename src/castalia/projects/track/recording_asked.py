"""M1: what is asked of runs, points and artifacts."""

from __future__ import annotations

from castalia.projects.track import recording_held as p
from castalia.projects.track.asking import claim

SQL, PARALLEL = {"sq01": 1.0}, {"sq01": 0.4, "py06": 0.6}
CLAIMS = (
    claim(
        "runs_come_back", "What start, set_params, set_tags and finish were told, info answers, with its types.",
        SQL, "Tracker.info", p.runs_come_back,
        ("Which types does SQLite know, and which of yours does it not?",
         "Write True, 1, 1.0 and '1' into a column and read them again. Then None and NaN.",
         "Keep the type's name in a column beside the value, and commit before you return."), p.a_run,
        edges=(lambda: ("x", {"a": 2**63 - 1, "b": -(2**63), "c": True, "d": 1.0, "e": None, "f": "1"}, {"t": "1"}),),
    ),
    claim(
        "file_is_all", "Once whoever opened it has closed it, a copy of the file alone holds all but the artifacts.",
        SQL, "Tracker.close", p.file_is_all,
        ("You copy runs.db to another machine. Is everything in it?",
         "Look at what lies beside runs.db while a tracker is open, and after it was closed.",
         "close() of the connection: whoever closes last brings the log into the file."), p.points, cases=2, sizes=(2,
         8),
    ),
    claim(
        "params_are_said_once", "Params that are said otherwise raise ValueError; then none of that call is kept.",
        SQL, "Tracker.set_params", p.params_are_said_once,
        ("What would a run's params be worth if they could change after it was trained?",
         "Is 1 the same as True for Python? Is NaN the same as NaN? And what is left of the first param of a dict "
         "whose second one is refused?",
         "Compare type and value with what is there, inside the transaction that writes; roll back on any exception."),
        p.a_run,
        edges=(lambda: ("x", {"a": 0.5, "b": float("nan"), "c": 1, "d": True}, {}),),
    ),
    claim(
        "a_key_begins_once", "start with a key that was used before answers its run, and changes nothing.",
        SQL, "Tracker.start", p.a_key_begins_once,
        ("Somebody's start was carried out, and the answer was lost. What do they do next?",
         "Which kind of column can hold each value only once, and none of the NULLs?",
         "Look for the key and insert the run in the same transaction."), p.a_run,
    ),
    claim(
        "points_come_back", "What was logged comes back by step; the same step again takes the place of the one "
                            "before.",
        SQL, "Tracker.history", p.points_come_back,
        ("In what order does a table give its rows, if nobody asks for one?",
         "Log NaN, and 2**53 + 1 as a step. Log step 3, then step 1: which one is the last?",
         "A primary key of run, metric and step; INTEGER for steps; what SQLite makes of NaN is to be undone."),
         p.points,
        edges=(lambda: ([(3, "a", 1.0), (1, "a", 2.0), (1, "a", float("nan"))],),
               lambda: ([(2**63 - 1, "a", 1.0), (-(2**63), "a", 0.5), (2**53 + 1, "a", -0.5)],)),
    ),
    claim(
        "numpy_numbers", "NumPy's numbers are taken for steps and values: a loss comes as float32 more often than not.",
        {"sq01": 0.5, "py06": 0.5}, "Tracker.log", p.numpy_numbers,
        ("Of what type is the mean of an array of float32?",
         "Log np.int64(3) and look with typeof() at what lies in the column.",
         "int() and float(), before it is handed to SQLite."),
        lambda rng, size: (int(rng.integers(-99, 99)) * 2, float(rng.normal())), cases=1, sizes=(1,),
    ),
    claim(
        "points_refused", "A point that does not fit raises ValueError, and nothing of that call is kept.",
        SQL, "Tracker.log_many", p.points_refused,
        ("What does SQLite do with a text in a column of type REAL?",
         "Try a step of 1.0, of True and of 2**63, a value of None and of '1.0'.",
         "Look at every point before the first is written, or write them in one transaction."),
        lambda rng, size: (int(rng.integers(size + 1)), size), cases=2, sizes=(1, 4),
    ),
    claim(
        "nothing_there", "A run or an artifact that is not there raises KeyError, a status that is none ValueError.",
        SQL, "Tracker.finish", p.nothing_there,
        ("How many rows does an UPDATE change whose WHERE fits none, and who tells you?",
         "Does a method that only writes see that its run is missing?",
         "One method that looks for the run, asked by all the others, inside their transaction."),
        lambda rng, size: (int(rng.integers(2, 10**6)),), cases=1, sizes=(1,),
    ),
    claim(
        "artifacts_come_back", "Artifacts come back byte for byte, each under its run and its name.",
        SQL, "Tracker.load", p.artifacts_come_back,
        ("Whose is the file model.bin, if two runs have one?",
         "Save the same name twice, an empty one, and one with a folder in its name.",
         "A row for each run and name; the content in it, or in a file that no other name leads to."), p.artifacts,
    ),
    claim(
        "names_stay_inside", "A name that could lead out of the tracker's own files raises ValueError.",
        SQL, "Tracker.save", p.names_stay_inside,
        ("Who chooses the name of an artifact, and where could it lead?",
         "What does os.path.join make of a folder and /etc/out? What of ../out?",
         "Look at each part between the slashes; or never use the name as a path at all."),
        lambda rng, size: (size,), cases=2, sizes=(1, 3),
    ),
    claim(
        "waits_for_another", "Where another process is writing, log waits and then writes.",
        PARALLEL, "Tracker.log", p.waits_for_another,
        ("Who else may be writing at this moment, and what does SQLite do then?",
         "How long does your connection wait for a lock? And what if a transaction that began by reading wants to "
         "write?",
         "The timeout of sqlite3.connect, and BEGIN IMMEDIATE for every transaction that writes."),
        lambda rng, size: (size,), cases=1, sizes=(3,),
    ),
    claim(
        "readers_stop_nobody", "While another process is in the middle of reading, log writes at once.",
        PARALLEL, "Tracker.__init__", p.readers_stop_nobody,
        ("Somebody looks at a long table while you train. Does your training wait?",
         "Which journal lets a writer go on beside readers?",
         "PRAGMA journal_mode, once, when the file is opened."),
        lambda rng, size: (size,), cases=1, sizes=(2,),
    ),
    claim(
        "opening_waits", "Where another process is just making the file, opening it waits.",
        PARALLEL, "Tracker.__init__", p.opening_waits,
        ("Two trainings begin at the same second. One makes the file: what does the other one find?",
         "Is there a statement at which SQLite does not wait, whatever timeout it was given?",
         "Changing the journal of a new file waits for nobody: try again for a while, or let them take turns."),
        lambda rng, size: (size,), cases=1, sizes=(3,),
    ),
    claim(
        "many_open_a_new_file", "Several processes that open a file that is not there yet all get a tracker.",
        PARALLEL, "Tracker.__init__", p.many_open_a_new_file,
        ("Which of them makes the file, and what do the others find?",
         "Between looking whether the tables are there and making them, who else may have made them?",
         "CREATE TABLE IF NOT EXISTS, all of them in one transaction that asks for the right to write first."),
        lambda rng, size: (4, 25), cases=1, sizes=(1,), budget=20.0,
    ),
    claim(
        "many_writers", "Eight processes open a new file at once and log 1,000 points each: none is lost.",
        PARALLEL, "Tracker.log_many", p.many_writers,
        ("Eight trainings begin at the same second. Which of them makes the tables?",
         "Run eight of them yourself, count the points, and read what they print.",
         "CREATE TABLE IF NOT EXISTS; wait for locks rather than raise; commit each call before it returns."),
        cases=1, sizes=(1,), budget=40.0,
    ),
)  # fmt: skip
