"""``%%castalia NAME`` in a notebook: the cell becomes a file, the file is checked, the report is shown.

    %load_ext castalia
    %castalia new basics               puts the first stubs into the next cell

    %%castalia basics                  %castalia hint basics
    import numpy as np                 %castalia check basics --all
    ...

The file is what counts: it holds this cell's text and runs in a process of its own, so names of other cells are not
there. IPython is imported only by whoever uses it.
"""

from __future__ import annotations

import argparse
import html
import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from castalia.core.atomic import replacing
from castalia.core.errors import CastaliaError, Conflict, Unavailable, WrongInput

if TYPE_CHECKING:
    from castalia.check.desk import Checked, Hint
    from castalia.core.contract import Contract

HEAD = "# %%castalia"
"""How the first line of a file begins that a cell wrote; so line 2 of the file is line 2 of the cell."""


def register(shell: Any) -> None:
    """Add the two magics to a running IPython."""
    shell.register_magic_function(_as_usage(cell), "cell", "castalia")
    shell.register_magic_function(_as_usage(partial(line, shell)), "line", "castalia")


def cell(line: str, cell: str) -> Shown:
    """``%%castalia NAME [--at PATH] [--all] [--seed N] [--milestone M2]``: write the cell into a file and check it."""
    from castalia.check import desk

    given = _words(line, "%%castalia")
    contract = _cellular(given.name)
    path = given.at or Path(f"{contract.project}.py")
    path = path / f"{contract.project}.py" if path.is_dir() else path
    write(path, f"{HEAD} {line.strip()}\n{cell}")
    found = desk.check(
        given.name, path, "", given.seed, all=given.all, milestone=given.milestone, draft=_is_draft(path)
    )
    return Shown(found, given.all)


def line(shell: Any, line: str) -> Shown | Hinted | None:
    """``%castalia new NAME`` puts the first stubs into the next cell, ``check NAME`` checks the file again,
    ``hint NAME`` shows the next hint."""
    from castalia.check import contracts, desk, starting
    from castalia.check.project import subject_file

    verb, _, rest = line.strip().partition(" ")
    if verb not in ("new", "check", "hint"):
        expected = "%castalia new NAME, check NAME or hint NAME; %%castalia NAME above the code of a cell"
        raise WrongInput("%castalia does something else", verb or "nothing", expected)
    given = _words(rest, f"%castalia {verb}", name_needed=verb != "hint")
    if verb == "new":
        contract = _cellular(given.name)
        first = starting.first_text(given.name, contract, given.milestone or contract.milestones[0].id)
        shell.set_next_input(f"%%castalia {given.name}\n{first}")
        return None
    if verb == "hint":
        return Hinted(desk.hint(given.name))
    at = given.at or Path(".")
    draft = _is_draft(subject_file(contracts.find(given.name), at, given.name))
    found = desk.check(given.name, at, "", given.seed, all=given.all, milestone=given.milestone, draft=draft)
    return Shown(found, given.all)


def _is_draft(path: Path) -> bool:
    """Whether a file is a cell's and has no project around it, which milestones of a folder are asked of."""
    from castalia.check.place import project_of

    ours = path.is_file() and path.read_text("utf-8", "replace").startswith(HEAD)
    return ours and not (project_of(path) / "pyproject.toml").is_file()


def _cellular(name: str) -> Contract:
    """The contract called ``name``; Unavailable for one that no cell can keep."""
    from castalia.check import contracts

    contract = contracts.find(name)
    if contract.adapter == "repository":
        words = f"{name} is about a repository, and a cell is one file"
        raise Unavailable(words, "a cell", "a folder", f"Type:  castalia new {name} --learn")
    return contract


def write(path: Path, text: str) -> None:
    """Write a cell's file. Conflict for a file that no cell wrote: nobody's work is lost by running a cell."""
    try:
        if path.exists() and not path.read_text("utf-8", "replace").startswith(HEAD):
            cure = "Name another file with --at, or move that one away."
            raise Conflict(f"{path} was not written by a cell", "a file of your own", f"{HEAD} in line 1", cure)
        with replacing(path) as waiting:
            waiting.write_text(text if text.endswith("\n") else text + "\n", "utf-8")
    except OSError as error:
        raise Unavailable(f"{path} cannot be written", error.strerror or "", "a place you may write to") from None


@dataclass(frozen=True)
class Shown:
    """A check, as a notebook shows it. ``found.report`` has the numbers."""

    found: Checked
    all: bool = False

    def __repr__(self) -> str:
        from castalia.check import wording

        told = wording.report(self.found, all=self.all, action=self.found.failed is None)
        if self.found.failed is not None:
            told += f"\n\nNext: {self._next()}\n{self._stubs()}".rstrip()
        return told + "".join(f"\nWarning: {words}" for words in self.found.warnings)

    def _repr_html_(self) -> str:
        from castalia.check import wording

        found, failed = self.found, self.found.failed
        parts = [f"<b>{_text(wording.progress(found.report, found.contract, self.all))}</b>"]
        passed = wording.passed(found, self.all)
        rows = {"pass": ", ".join(passed)} if passed else {}
        if failed is None or found.unwritten:
            parts.append(_text(wording.held(found, self.all)))
        else:
            rows[wording.said(failed.outcome)] = failed.claim
        parts.append(_table(rows))
        if failed is not None and not found.unwritten:
            parts += [f"<b>{_text(failed.words)}</b>", _table(wording.facts(failed))]
        parts.append(_text(wording.left_out(found)))
        if failed is not None:
            parts.append(f"<b>Next:</b> {_text(self._next())}")
        elif further := wording.after(found, self.all):
            parts += [_text(f"{begin}{command.rstrip()}   {words}") for begin, command, words in further]
        if stubs := self._stubs():
            parts.append(f'<pre style="background:none">{_text(stubs)}</pre>')
        parts += [f"Warning: {_text(words)}" for words in found.warnings]
        return _framed(parts)

    def _next(self) -> str:
        """In a notebook the stubs of the next milestone go into the cell, not into the file."""
        if self._stubs():
            return f"add the stubs of {self.found.waiting} to the cell, and write them."
        return self.found.next_step

    def _stubs(self) -> str:
        from castalia.check.starting import part

        ours = self.found.unwritten and self.found.file.read_text("utf-8", "replace").startswith(HEAD)
        return part(self.found.contract, self.found.waiting).strip() if ours else ""


@dataclass(frozen=True)
class Hinted:
    """A hint, as a notebook shows it."""

    hint: Hint

    def __repr__(self) -> str:
        return "\n".join(part for part in (self._head(), self.hint.words, self.hint.text) if part)

    def _repr_html_(self) -> str:
        return _framed([f"<b>{_text(self._head())}</b>", _text(self.hint.words), _text(self.hint.text)])

    def _head(self) -> str:
        from castalia.check.desk import RUNGS

        return f"{self.hint.project}   {self.hint.claim}   hint {self.hint.rung} of {RUNGS}" if self.hint.rung else ""


# Inherited colours only, so that it reads on a light and on a dark page.


def _framed(parts: list[str]) -> str:
    inner = "".join(f'<div style="margin:.4em 0">{part}</div>' for part in parts if part and part != "<b></b>")
    return f'<div style="border-left:3px solid;padding-left:1em">{inner}</div>'


def _table(rows: dict[str, Any]) -> str:
    if not rows:
        return ""
    cell = '<{tag} style="text-align:left;vertical-align:top;background:none;white-space:pre-wrap{more}">{text}</{tag}>'
    lines = [
        f"<tr>{cell.format(tag='th', more=';font-weight:normal;opacity:.75', text=_text(name))}"
        f"{cell.format(tag='td', more='', text=_text(str(value)))}</tr>"
        for name, value in rows.items()
    ]
    return f'<table style="margin:0">{"".join(lines)}</table>'


def _text(words: str) -> str:
    from castalia.core.words import printable

    return html.escape(printable(words))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongInput(f"{self.prog} does not fit", message, "NAME [--at PATH] [--all] [--seed N] [--milestone M2]")


def _words(line: str, prog: str, *, name_needed: bool = True) -> argparse.Namespace:
    parser = _Parser(prog=prog, add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("name", nargs=None if name_needed else "?", default="")
    parser.add_argument("--at", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--milestone", default=None)
    parser.add_argument("--all", action="store_true")
    try:
        return parser.parse_args(shlex.split(line))
    except (argparse.ArgumentError, ValueError) as error:
        parser.error(str(error))


def _as_usage(magic: Any) -> Any:
    """The magic with our errors as IPython's, which it prints without a traceback."""

    def run(*given: str) -> Any:
        from IPython.core.error import UsageError

        try:
            return magic(*given)
        except CastaliaError as error:
            raise UsageError(str(error)) from None

    run.__doc__ = magic.__doc__
    return run
