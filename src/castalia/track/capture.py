"""Capture: what a run is noted with beside what it logs: code, command, packages, machine. Never in the way.

``full`` notes all of it; ``minimal`` only tags: commit, branch, command, Python, host; ``none`` nothing. Of the
environment it keeps the names of variables, never a value. Secrets in the diff and the command are masked.
"""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import platform
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import castalia
from castalia.core.settings import Settings, scrubber
from castalia.track.live import LiveRun
from castalia.track.machine import Sampler
from castalia.track.masking import masked, masked_command
from castalia.track.repository import Repository

LEVELS = ("full", "minimal", "none")
WAIT = 10.0
"""Seconds that the end of a run waits for what is still being looked up."""
log = logging.getLogger("castalia.track")


class Capture:
    """What is noted of one run. ``start`` returns at once; the end of the run waits for what is not yet said."""

    def __init__(self, run: LiveRun, level: str, settings: Settings, said: frozenset[str] = frozenset()) -> None:
        """``said`` are tags that the caller gave: those stay as they are."""
        self._run, self._level, self._settings, self._said = run, level, settings, said
        self._thread = threading.Thread(target=self._note, name="castalia-capture", daemon=True)
        self._sampler = Sampler(run) if level == "full" else None

    def start(self) -> None:
        """Begin to look."""
        if self._level == "none":
            return
        try:
            self._thread.start()
            if self._sampler is not None:
                self._sampler.start()
        except RuntimeError:  # the interpreter is ending and begins no thread
            return
        self._run.ending.append(self._finish)

    def _finish(self) -> None:
        if self._sampler is not None:
            self._sampler.stop()
        self._thread.join(WAIT)

    def _note(self) -> None:
        try:
            tags = described()
            found = Repository.around(Path.cwd()) or Repository.around(Path(sys.argv[0] or ".").absolute().parent)
            if found is not None:
                tags |= found.tags()
            self._run.tags(**{key: value for key, value in tags.items() if value and key not in self._said})
            if self._level == "full":
                scrub = scrubber(self._settings)
                self._run.artifact("castalia/environment.json", _plain(surroundings(), scrub))
                if found is not None and (diff := found.diff()):
                    self._run.artifact("castalia/diff.patch", diff)
        except Exception:  # whatever it is, training matters more
            log.debug("not all was noted of run %s", self._run.run_id, exc_info=True)


def described() -> dict[str, str]:
    """What was run, by whom and where, under the names that MLflow's client shows and under ours."""
    notebook = _in_notebook()
    script = sys.argv[0] if sys.argv and sys.argv[0] not in ("", "-", "-c", "-m") else ""
    return {
        "mlflow.source.name": masked("notebook" if notebook else os.path.basename(script) or "python"),
        "mlflow.source.type": "NOTEBOOK" if notebook else "LOCAL",
        "mlflow.user": user(),
        "castalia.command": masked_command([os.path.basename(sys.executable or "python"), *sys.argv])[:4000],
        "castalia.python": platform.python_version(),
        "castalia.platform": platform.platform(),
        "castalia.host": socket.gethostname(),
        "castalia.version": castalia.__version__,
    }


def surroundings() -> dict[str, Any]:
    """Packages with their versions, names of environment variables, what the machine has."""
    return {
        "python": sys.version,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "packages": packages(),
        "variables": sorted(os.environ),
    }


def packages() -> dict[str, str]:
    """What is installed, by the names of its folders: a hundred times faster than reading each package's own words."""
    found: dict[str, str] = {}
    for place in dict.fromkeys(sys.path):
        with contextlib.suppress(OSError):
            for name in os.listdir(place or "."):
                package, _, version = name.removesuffix(".dist-info").partition("-")
                if name.endswith(".dist-info") and version:
                    found.setdefault(package.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))


def _plain(value: dict[str, Any], scrub: Any) -> dict[str, Any]:
    return {key: scrub(each) if isinstance(each, str) else each for key, each in value.items()}


def user() -> str:
    """The name of whoever runs this process; "" where the system does not say."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _in_notebook() -> bool:
    """Whether a kernel runs us, without importing IPython."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"
