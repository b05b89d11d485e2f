"""M6: what is asked of a tracker whose process was killed."""

from __future__ import annotations

from castalia.projects.track import faults_held as p
from castalia.projects.track.asking import claim

SQL = {"sq01": 1.0}
CLAIMS = (
    claim(
        "nothing_logged_is_lost", "After kill -9 every step that log had returned for is there, with all its metrics.",
        SQL, "Tracker.log", p.nothing_logged_is_lost,
        ("When log has returned, where is the point: in your program, or in the file?",
         "Look at what your log keeps for later, and at how many transactions one call makes.",
         "One transaction a call, committed before it returns; no list that waits."), p.how_far, cases=2, sizes=(1, 30),
        budget=15.0,
    ),
    claim(
        "many_at_once_or_none", "After kill -9 what one log_many wrote is there as a whole, or not at all.",
        SQL, "Tracker.log_many", p.many_at_once_or_none,
        ("Half of a batch is there, and it is sent again. Is that good?",
         "Does executemany begin a transaction by itself?",
         "BEGIN IMMEDIATE before the first row, COMMIT after the last."), p.how_far, cases=2, sizes=(1, 15),
         budget=15.0,
    ),
    claim(
        "runs_are_whole", "After kill -9 a run has its params or is not there; its key still leads to it.",
        SQL, "Tracker.start", p.runs_are_whole,
        ("A run without its params: would you rather have it, or not?",
         "How many transactions does your start make?",
         "The run, its key and its params in one transaction."), p.how_far, cases=2, sizes=(2, 8), budget=15.0,
    ),
    claim(
        "artifacts_are_whole", "After kill -9 an artifact is the old one or the new one, and never a part of it.",
        SQL, "Tracker.save", p.artifacts_are_whole,
        ("What is in a file that is opened for writing, before the first write?",
         "Kill it between the file and the row, then between the row and the file. Which of the two may be missing?",
         "Write beside its place, fsync, rename; then the row. Or the content in the row."), p.how_far, cases=2,
        sizes=(1, 6), budget=15.0,
    ),
    claim(
        "imports_are_whole", "After kill -9 an imported run has all of its points, or is not there.",
        {"sq01": 0.5, "mo07": 0.5}, "import_run", p.imports_are_whole,
        ("An import of an hour is killed after half of it. What does the next search find?",
         "Does your import go through start and log_many, each with its own commit?",
         "Methods that write inside a transaction that somebody else has begun, and one transaction around all of "
         "them."),
        p.how_far, cases=2, sizes=(1, 6), budget=15.0,
    ),
)  # fmt: skip
