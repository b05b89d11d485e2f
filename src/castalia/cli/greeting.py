"""The bare command: a line for each door that exists, the first one where this learner stands."""

from __future__ import annotations

from castalia.cli.terminal import styled

_FIRST = ("castalia learn", "a first exercise, in two minutes")
_WON = ("castalia roadmap start", "a goal of yours, and a plan to it: three minutes")
_PLANNED = ("castalia today", "one gap, one milestone, and when to stop")
_DOORS = (
    ("castalia up", "the workbench in your browser"),
    ("castalia fit neural_net", "train a network and watch it learn"),
    ("MLFLOW_TRACKING_URI=http://127.0.0.1:8000 python train.py", "log into it with the client you have"),
    ("castalia --help", "everything else"),
)


def greeting() -> str:
    """At most five lines: what to type, and what it opens."""
    doors = (_learner(), *_DOORS)
    left = max(len(command) for command, _ in doors)
    return "\n".join(f"{styled(command, 'accent')}{' ' * (left - len(command))}   {words}" for command, words in doors)


def _learner() -> tuple[str, str]:
    """The door for somebody who learns: a first win, then a plan, then the day. The logs are looked at, not parsed."""
    from castalia.core.settings import Settings

    home = Settings.read().home
    try:
        if b'"kind":"plan"' in (home / "journal.jsonl").read_bytes():
            return _PLANNED
    except OSError:
        pass  # no journal yet
    try:
        lines = (home / "evidence.jsonl").read_bytes().splitlines()
    except OSError:
        return _FIRST
    won = any(b'"kind":"check"' in line and b'"outcome":"pass"' in line for line in lines)
    return _WON if won else _FIRST
