"""M4: what is asked of the code's version."""

from __future__ import annotations

from functools import partial

from castalia.projects.track import versions_held as p
from castalia.projects.track.asking import claim

GIT = {"py10": 1.0}
CLAIMS = (
    claim(
        "state_is_told", "git_state tells the commit, and dirty where a tracked file is not as in it; None without "
                         "one.",
        GIT, "git_state", p.state_is_told,
        ("Could you check out the code that this run was made with, and get the same files?",
         "Stage a change, then undo it in the file. Delete a file. Add one that git does not track. What does git "
         "status "
         "--porcelain print, and what does git diff print?",
         "git rev-parse HEAD, and git status --porcelain without untracked files; --no-optional-locks writes nothing."),
        p.a_state, cases=1, sizes=(1,), budget=15.0,
        edges=tuple(partial(p.of, state) for state in p.STATES),
    ),
    claim(
        "start_records_it", "start with a folder of code keeps its commit and dirty flag as they were at that moment.",
        {"py10": 0.7, "sq01": 0.3}, "Tracker.start", p.start_records_it,
        ("You start a run, and edit a file while it trains. Was the run dirty?",
         "Is False the same as None for info? And for an export?",
         "Ask git before the run begins, and keep both with the run; SQLite knows 0, 1 and NULL."), p.a_state, cases=2,
        sizes=(1,), budget=10.0,
        edges=(lambda: ("clean", ""), lambda: ("changed and staged", ""), lambda: ("no repository", "")),
    ),
)  # fmt: skip
