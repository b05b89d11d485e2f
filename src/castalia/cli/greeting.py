"""The bare command: a line for each door that exists."""

from __future__ import annotations

from castalia.cli.terminal import styled

_DOORS = (
    ("castalia learn", "a first exercise, in two minutes"),
    ("castalia up", "the workbench in your browser"),
    ("castalia fit neural_net", "train a network and watch it learn"),
    ("MLFLOW_TRACKING_URI=http://127.0.0.1:8000 python train.py", "log into it with the client you have"),
    ("castalia --help", "everything else"),
)


def greeting() -> str:
    """At most five lines: what to type, and what it opens."""
    left = max(len(command) for command, _ in _DOORS)
    return "\n".join(f"{styled(command, 'accent')}{' ' * (left - len(command))}   {words}" for command, words in _DOORS)
