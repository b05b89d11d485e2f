"""Repository: commit, branch and what is not committed, as git says it. Reads only; no hook, no prompt."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from castalia.track.masking import masked

SECONDS = 10.0
MAX_DIFF = 2**20
"""Bytes of a diff that is kept."""
_CUT = "\n... cut: the diff is larger than 1 MB\n"
_QUIET = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotepath=false", "-c", "color.ui=false")


@dataclass(frozen=True)
class Repository:
    """The working tree around a folder."""

    root: Path
    commit: str
    branch: str

    @classmethod
    def around(cls, folder: Path) -> Repository | None:
        """None where there is none, no git, or no commit yet."""
        said = git(folder, "rev-parse", "--show-toplevel", "HEAD", "--abbrev-ref", "HEAD")
        lines = said.decode("utf-8", "replace").splitlines()
        if len(lines) != 3:
            return None
        return cls(Path(lines[0]), lines[1], "" if lines[2] == "HEAD" else lines[2])

    def tags(self) -> dict[str, str]:
        """Under the names of MLflow's client and under ours."""
        origin = masked(git(self.root, "remote", "get-url", "origin").decode("utf-8", "replace").strip())
        changed = git(self.root, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
        ours = {"commit": self.commit, "branch": self.branch, "dirty": "true" if changed else "false"}
        theirs = {"commit": self.commit, "branch": self.branch, "repoURL": origin}
        made = {f"castalia.git.{key}": value for key, value in ours.items()}
        return made | {f"mlflow.source.git.{key}": value for key, value in theirs.items() if value}

    def diff(self) -> str:
        """What is changed and not committed, in files that git knows; secrets masked, at most 1 MB."""
        raw = git(self.root, "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", cap=MAX_DIFF)
        text = masked(raw[:MAX_DIFF].decode("utf-8", "replace"))
        cut = len(raw) > MAX_DIFF or len(text.encode()) > MAX_DIFF
        if not cut:
            return text
        kept = text.encode()[: MAX_DIFF - len(_CUT)].decode("utf-8", "ignore")
        return kept[: kept.rfind("\n")] + _CUT


def git(folder: Path, *arguments: str, cap: int = 2**16) -> bytes:
    """What git prints, up to a little over ``cap`` bytes; nothing where it fails, is not there or takes too long."""
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        child = subprocess.Popen(
            ["git", *_QUIET, *arguments], cwd=folder, env=quiet, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return b""
    import threading

    late = threading.Timer(SECONDS, child.kill)
    late.daemon = True
    late.start()
    try:
        assert child.stdout is not None
        said = child.stdout.read(cap + 1)
        if len(said) > cap:
            child.kill()
            return said
        return said if child.wait() == 0 else b""
    finally:
        late.cancel()
        child.stdout and child.stdout.close()
        child.wait()
