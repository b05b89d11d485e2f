"""``castalia check NAME --watch``: save, check, show. What comes next is asked for with a key, never done by itself."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from castalia.check import wording
from castalia.cli import layout, terminal
from castalia.cli.keys import Keys, Terminated
from castalia.core.errors import CastaliaError, NotFound

if TYPE_CHECKING:
    from castalia.check.desk import Checked
    from castalia.core.contract import Contract

PAUSE = 0.3
"""Seconds between two looks at the watched files."""
FILES, FOLDERS = 200, 50
"""So many Python files and package folders below the subject's folder are watched, no more."""
UNWATCHED = {".git", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
"""Folders of a repository in which tools keep things for themselves."""
BAR = 30
NO_BREAK = "\N{NO-BREAK SPACE}"


class Watch:
    """One learner at one contract. ``run`` returns the exit code: 0 after q or Ctrl-C."""

    def __init__(
        self, name: str, *, at: str = ".", python: str = "", all: bool = False, seed: int | None = None,
        milestone: str | None = None,
    ) -> None:  # fmt: skip
        from castalia.check import contracts

        self.name, self.at, self.python, self.all, self.seed, self.only = name, at, python, all, seed, milestone
        self.contract = contracts.find(name)
        if milestone is not None:
            self.contract.milestone(milestone)
        self.order = [each.id for each in self.contract.milestones]
        self.reached = ""
        """The milestone that the learner is at; what fails in a later one is shown when it is asked for."""
        self.found: Checked | None = None
        self.trouble = ""
        """Why there is no report."""
        self.aside = ""
        """A hint, or what a key could not do; shown until the next check."""
        self.seen: State = {}

    def run(self) -> int:
        """Until q or Ctrl-C; TERM ends it like any command."""
        try:
            with Keys() as keys:
                return self._loop(keys)
        except Terminated:
            raise
        except KeyboardInterrupt:
            terminal.out()
            return 0

    def _loop(self, keys: Keys) -> int:
        self._check(keys)
        while True:
            key = keys.wait(PAUSE)
            if key == "q":
                terminal.out()
                return 0
            if key in ("r", "s", "a"):
                self.all ^= key == "a"
                if key != "a":
                    self.seed = self.found.report.seed if self.found and key == "s" else None
                self._check(keys)
            elif key == "n" and self.beyond:
                self._go_on(keys)
            elif key == "h" and self.failing:
                self._hint(keys)
            elif key == "o" and self.failing and editor():
                with keys.lend():
                    self._open()
                self._draw(keys)
            elif state(self.contract, self.at) != self.seen:
                self._check(keys)

    # --- what it shows -----------------------------------------------------------------------------

    @property
    def beyond(self) -> str:
        """The milestone that waits for a key: its first failure lies behind the one that the learner is at."""
        failed = self.found.failed if self.found else None
        if failed is None or self.all or self.order.index(failed.milestone) <= self.order.index(self.reached):
            return ""
        return failed.milestone

    @property
    def failing(self) -> bool:
        """A failure is on the screen."""
        return self.found is not None and self.found.failed is not None and not self.beyond

    def _check(self, keys: Keys) -> None:
        from castalia.check import desk

        self.seen, self.aside = state(self.contract, self.at), ""
        if terminal.is_terminal():
            clear()
            terminal.out(terminal.styled(f"Checking {self.name}; q ends it.", "dim"))
            sys.stdout.flush()
        try:
            with keys.heard(end="q"):
                self.found = desk.check(
                    self.name, self.at, self.python, self.seed, all=self.all, milestone=self.only
                )  # fmt: skip
            self.trouble = ""
        except NotFound as error:  # between two writes of an editor, or not written yet
            self.found, self.trouble = None, str(error)
        failed = self.found.failed if self.found else None
        if not self.reached and self.found:
            waits = failed is not None and self.found.unwritten
            at = self.order.index(failed.milestone) - bool(waits) if failed else -1
            self.reached = self.order[at]
        self._draw(keys)

    def _draw(self, keys: Keys) -> None:
        from castalia.cli.check import show, warn

        clear()
        if self.found is None:
            terminal.out(terminal.printable(self.trouble))
        elif self.beyond:
            terminal.out(wording.progress(self.found.report, self.contract, style=terminal.styled))
            terminal.out(f"\n{self.reached} of {self.name} holds (seed {self.found.report.seed}).")
        else:
            show(self.found, all=self.all)
        if self.found is not None:
            warn(self.found.warnings)
        if self.aside:
            terminal.out(f"\n{self.aside}")
        self._last_lines(keys)

    def _last_lines(self, keys: Keys) -> None:
        """Progress and file, then the keys."""
        if self.found is not None and keys.there:
            done, total = wording.counted(self.found.report, self.contract, self.all)
            full = BAR * done // max(1, total)
            bar = terminal.styled("#" * full, "green") + terminal.styled("-" * (BAR - full), "dim")
            terminal.out(f"\n[{bar}] {done} of {total} claims   {terminal.printable(self.found.file.name)}")
        words = "\nChecked again at every save; Ctrl-C ends it."
        if keys.there:
            whole = "   ".join(each.replace(" ", NO_BREAK) for each in self._keys())
            words = textwrap.fill(whole, layout.width()).replace(NO_BREAK, " ")
        terminal.out(terminal.styled(words, "dim"))
        sys.stdout.flush()

    def _keys(self) -> list[str]:
        offered = ["Checked at every save."]
        if self.beyond and self.found:
            stubs = f", adds its stubs to {self.found.file.name}" if self.found.unwritten else ""
            offered.append(f"n go on to {self.beyond}{stubs}")
        if self.failing:
            offered += ["h hint", *(["o open in the editor"] if editor() else [])]
        kept = " (kept)" if self.seed is not None else ""
        offered += ["r new seed", f"s same seed{kept}", "a core claims" if self.all else "a all claims", "q quit"]
        return offered

    # --- what a key does ---------------------------------------------------------------------------

    def _go_on(self, keys: Keys) -> None:
        """Show the next milestone; where the file lacks its stubs, they are appended first."""
        assert self.found is not None
        self.reached = milestone = self.beyond
        if not self.found.unwritten:
            self._draw(keys)
            return
        from castalia.check.starting import begin

        try:
            begin(self.name, self.at, milestone)
        except CastaliaError as error:
            self.aside = terminal.printable(str(error))
            self._draw(keys)
            return
        self._check(keys)

    def _hint(self, keys: Keys) -> None:
        from castalia.check import desk
        from castalia.cli.check import warn

        try:
            found = desk.hint(self.name)
        except CastaliaError as error:
            self.aside = terminal.printable(str(error))
            self._draw(keys)
            return
        rung = terminal.styled(f"hint {found.rung} of {desk.RUNGS}: ", "bold") if found.rung else ""
        words = textwrap.wrap(terminal.printable(found.text), layout.width() - 4)
        self.aside = rung + ("\n" + " " * 4).join(words)
        self._draw(keys)
        warn(found.warnings)

    def _open(self) -> None:
        assert self.found is not None and self.found.failed is not None
        path = self.found.file
        root = path if path.is_dir() else path.parents[1] if path.name == "__init__.py" else path.parent
        name, _, line = self.found.failed.file_line.rpartition(":")
        where = root / name if name and line.isdigit() and (root / name).is_file() else path
        with contextlib.suppress(OSError):
            subprocess.run(command(editor(), where, int(line) if line.isdigit() else 1), check=False)


def editor() -> str:
    """The command of the learner's editor, or "" where none is named."""
    return os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""


def command(editor: str, path: Path, line: int) -> list[str]:
    """What opens ``path`` at ``line``; an editor that we do not know is given the file alone."""
    words = shlex.split(editor, posix=os.name == "posix")
    name = Path(words[0]).stem
    if name in ("vi", "vim", "nvim", "nano", "emacs", "emacsclient", "micro", "kak", "joe", "ne", "mcedit"):
        return [*words, f"+{line}", str(path)]
    if name in ("code", "code-insiders", "codium", "cursor"):
        return [*words, "-g", f"{path}:{line}"]
    if name in ("subl", "hx", "zed"):
        return [*words, f"{path}:{line}"]
    return [*words, str(path)]


State = dict[str, tuple[int, int]]
"""Path -> time and size."""


def state(contract: Contract, at: str) -> State:
    """Time and size of the files that a check may read, Python's and a repository's; empty while there is none."""
    from castalia.check.project import subject_file

    try:
        path = subject_file(contract, at)
    except (CastaliaError, OSError):
        return {}
    found = {}
    for each in {path, *_beside(path.parent)} if path.is_file() else _inside(path):
        try:
            stat = each.stat()
        except OSError:
            continue
        found[str(each)] = (stat.st_mtime_ns, stat.st_size)
    return found


def _beside(folder: Path) -> list[Path]:
    """Python files in the folder and in the packages below it, up to a number."""
    found: list[Path] = []
    left, seen = [folder], 0
    while left and len(found) < FILES and seen < FOLDERS:
        here, seen = left.pop(0), seen + 1
        try:
            entries = sorted(here.iterdir())
        except OSError:
            continue
        found += [each for each in entries if each.suffix == ".py"]
        left += [each for each in entries if (each / "__init__.py").is_file() and not each.is_symlink()]
    return found[:FILES]


def _inside(folder: Path) -> list[Path]:
    """What a repository's check may read, up to a number: its files, and git's log, which every commit writes."""
    found: list[Path] = [folder / ".git" / "logs" / "HEAD"]
    for number, (here, folders, names) in enumerate(os.walk(folder)):
        folders[:] = sorted(each for each in folders if each not in UNWATCHED)
        found += [Path(here, name) for name in sorted(names)]
        if len(found) > FILES or number >= FOLDERS:
            break
    return found[:FILES]


def clear() -> None:
    """A clean screen, or a line between two reports where there is none to clean."""
    if terminal.is_terminal() and not terminal.PLAIN:
        sys.stdout.write("\x1b[2J\x1b[3J\x1b[H")
    else:
        terminal.out("-" * 40)
