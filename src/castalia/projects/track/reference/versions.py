"""Which code it was: the commit, and whether the files were those of the commit."""

from __future__ import annotations

import os
import subprocess
from typing import Any


def git_state(folder: str) -> dict[str, Any] | None:
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    return {"commit": commit.strip(), "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}


def _git(folder: str, *words: str) -> str | None:
    """What git prints, and None where it fails. Without optional locks git status writes nothing either."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words], cwd=folder, capture_output=True, text=True, env=dict(os.environ)
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
