"""Fresh processes of one subject, one after another: what ran before is not remembered in the next.

Where forking is safe each is a copy of one warm process that has NumPy and has never seen the file, which takes some
milliseconds; elsewhere it is a process of its own, a quarter of a second. Both share the sandbox's folder, limits and
end: nothing that one of them started lives longer than the sandbox.
"""

from __future__ import annotations

import sys

from castalia.check.subject import Runner

FORKS = sys.platform == "linux"  # on macOS system libraries may crash in a process that was forked and not replaced


class Fresh:
    """Hands out ``runner`` with the file newly loaded."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def get(self) -> Runner:
        """The loaded subject; a new process at first, after ``drop``, and where the last one ended."""
        serves = self.runner.copied if FORKS else self.runner.alive
        if serves:
            return self.runner
        if not self.runner.alive:
            self.runner.start()
        if FORKS:
            self.runner.copy()
        else:
            self.runner.load()
        return self.runner

    def drop(self) -> list[str]:
        """Let the process go; the files of its own that it had imported."""
        serves = self.runner.copied if FORKS else self.runner.alive
        files = self.runner.loaded_files() if serves else self.runner.files
        if serves and FORKS:
            self.runner.come_back()
        elif serves:
            self.runner.close()
        return files
