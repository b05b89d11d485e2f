"""M4: the commit and the dirty flag, of real repositories."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from castalia.core.contract import true
from castalia.projects.track.asking import Place, same
from castalia.projects.track.recording_held import info, line_of

GIT = """
import json, os, subprocess

os.environ.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", HOME=os.getcwd())
folder, steps = sys.argv[1], json.loads(sys.argv[2])

def git(*words):
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *names, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        say("git failed: " + done.stderr.strip())
        sys.exit()
    return done.stdout.strip()

def write(name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)

for step, *words in steps:
    if step == "git":
        git(*words)
    elif step == "write":
        write(*words)
    else:
        os.remove(os.path.join(folder, words[0]))
if any(step == "git" and words[0] == "commit" for step, *words in steps):
    say(git("rev-parse", "HEAD"))
else:
    say("none")
"""
"""Does what it is told in a folder and says the commit."""
Steps = list[list[str]]
BEGUN: Steps = [["git", "init", "-q"], ["write", "train.py", "one"], ["write", "deep/er/model.py", "x = 1"],
                ["git", "add", "."], ["git", "commit", "-qm", "first"]]  # fmt: skip
SECOND: Steps = [["write", "train.py", "two"], ["git", "commit", "-qam", "second"]]
STATES: dict[str, tuple[Steps, bool | None]] = {
    "clean": (BEGUN, False),
    "clean, after a second commit": (BEGUN + SECOND, False),
    "changed, not staged": ([*BEGUN, ["write", "train.py", "other"]], True),
    "changed and staged": ([*BEGUN, ["write", "train.py", "other"], ["git", "add", "."]], True),
    "staged and then changed back": (
        [*BEGUN, ["write", "train.py", "other"], ["git", "add", "."], ["write", "train.py", "one"]], True),
    "a new file, staged": ([*BEGUN, ["write", "new.py", ""], ["git", "add", "."]], True),
    "a file that git does not track": ([*BEGUN, ["write", "notes.txt", "x"]], False),
    "a file that git ignores": (
        [["git", "init", "-q"], ["write", ".gitignore", "*.log"], ["git", "add", "."], ["git", "commit", "-qm", "a"],
         ["write", "a.log", ""]], False),
    "deleted": ([*BEGUN, ["remove", "train.py"]], True),
    "deleted and staged": ([*BEGUN, ["git", "rm", "-q", "train.py"]], True),
    "written again with the same text": ([*BEGUN, ["write", "train.py", "one"]], False),
    "changed deep below": ([*BEGUN, ["write", "deep/er/model.py", "x = 2"]], True),
    "a detached HEAD": ([*BEGUN, *SECOND, ["git", "checkout", "-q", "--detach", "HEAD~1"]], False),
    "no commit yet": ([["git", "init", "-q"], ["write", "train.py", "one"], ["git", "add", "."]], None),
    "no repository": ([["write", "train.py", "one"]], None),
}  # fmt: skip


def a_state(rng: np.random.Generator, size: int) -> tuple[str, str]:
    return str(rng.choice(list(STATES))), str(rng.choice(["", "deep/er"]))


def of(state: str) -> tuple[str, str]:
    return state, ""


def made(place: Place, state: str) -> tuple[str, dict[str, Any] | None]:
    """A folder in this state, and what git_state has to say of it."""
    steps, dirty = STATES[state]
    place.folder.call("write", "code/deep/er/here.txt" if dirty is None else "code/x", "")
    process = place.script(GIT, place.path("code"), json.dumps(steps))
    commit = line_of(process)
    process.call("wait")
    true(not commit.startswith("git failed"), "git on this machine does what a claim needs", commit, "git")
    return place.path("code"), None if dirty is None else {"commit": commit, "dirty": dirty}


def state_is_told(place: Place, state: str, below: str) -> None:
    folder, wanted = made(place, state)
    inner = f"{folder}/{below}" if below and "git ignores" not in state else folder
    before = place.folder.call("states")
    for _ in range(2):
        same(
            place.call("git_state", inner),
            wanted,
            f"git_state of {'a folder below' if below else 'a repository'}: {state}",
        )
    true(
        place.folder.call("states") == before, "git_state leaves every file alone", "some have changed", "as they were"
    )


def start_records_it(place: Place, state: str, _: str) -> None:
    folder, wanted = made(place, state)
    tracker = place.tracker()
    run, plain = tracker.call("start", "x", None, None, folder), tracker.call("start", "y")
    place.folder.call("write", "code/train.py", "changed after the start")
    told = wanted or {"commit": None, "dirty": None}
    for reader in (tracker, place.tracker()):
        same(reader.call("info", run), info(run, "x", **told), f"info of a run that was started in a folder: {state}")
        same(reader.call("info", plain), info(plain, "y"), "info of a run that was started without code")
    place.call("export_run", tracker, run, place.path("a.json"))
    back = place.call("import_run", tracker, place.path("a.json"))
    same(tracker.call("info", back), info(back, "x", **told), "info of that run, exported and imported")
