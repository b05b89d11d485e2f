"""From an exception to words and an exit code. A traceback only with ``--debug``."""

from __future__ import annotations

import errno
import shlex
import sys
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, get_args

from castalia.cli import terminal
from castalia.core.errors import CastaliaError, Unavailable, WrongInput, did_you_mean

if TYPE_CHECKING:
    from cyclopts import CycloptsError


def report(error: Exception) -> int:
    """Say on standard error what went wrong and what to do; returns the exit code."""
    ours = _ours(error)
    if terminal.DEBUG:
        for line in ours.log if ours else ():
            terminal.say(terminal.printable(line))
        traceback.print_exception(error)
    if ours is None:
        words = " ".join(str(error).split())[:200]
        terminal.say(
            f"{terminal.styled('Castalia broke', 'red', sys.stderr)}: {type(error).__name__}: {words}. "
            f"To see more:  {again()} --debug"
        )
        return 3
    say_error(ours)
    return ours.exit


def say_error(error: CastaliaError) -> None:
    """Print the parts of an error on standard error, one a line."""
    first, *rest = terminal.printable(str(error)).splitlines()
    terminal.say(terminal.styled(first, "red", sys.stderr))
    for line in rest:
        terminal.say(line)
    for other in error.errors[1:]:
        terminal.say(terminal.printable(f"  also      {other['field']}: {other['got']}, expected {other['expected']}"))


def again() -> str:
    """The command line that was typed, ready to be typed again."""
    return shlex.join(["castalia", *sys.argv[1:]]) if sys.argv[0].endswith("castalia") else "castalia ..."


def _ours(error: Exception) -> CastaliaError | None:
    if isinstance(error, CastaliaError):
        return error
    if isinstance(error, OSError):
        return _of_os(error)
    if type(error).__module__.startswith("cyclopts"):
        return of_cyclopts(error)  # type: ignore[arg-type]
    return None


_CURES = {
    errno.ENOSPC: "Free some space, or point CASTALIA_HOME at another disk.",
    errno.EDQUOT: "Free some space, or point CASTALIA_HOME at another disk.",
    errno.EACCES: "Choose a place you may write to; for Castalia's own files set CASTALIA_HOME.",
    errno.EPERM: "Choose a place you may write to; for Castalia's own files set CASTALIA_HOME.",
    errno.EROFS: "Choose a place you may write to; for Castalia's own files set CASTALIA_HOME.",
    errno.ENOTDIR: "A part of the path is a file. For Castalia's own files set CASTALIA_HOME to a folder.",
    errno.EISDIR: "Name a file inside it.",
    errno.ENOENT: "Check the path.",
    errno.EADDRINUSE: "Choose another port with --port.",
}


def _of_os(error: OSError) -> CastaliaError | None:
    if error.errno not in _CURES:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return Unavailable(f"{where}{(error.strerror or type(error).__name__).lower()}", cure=_CURES[error.errno])


def of_cyclopts(error: CycloptsError) -> CastaliaError:
    """cyclopts' complaint as ours: subject, got, expected, cure."""
    import cyclopts

    chain = " ".join(["castalia", *(error.command_chain or [])])
    help_line = f"Type:  {chain} --help"
    if isinstance(error, cyclopts.UnknownCommandError):
        return _unknown_command((error.unused_tokens or ["?"])[0], verbs(error.app), chain)
    if isinstance(error, cyclopts.UnusedCliTokensError):
        return _left_over(error, chain)
    if isinstance(error, cyclopts.UnknownOptionError):
        word = error.token.keyword or error.token.value
        known = sorted(name for argument in error.argument_collection for name in argument.names if name[:2] == "--")
        hint = did_you_mean(word, known).strip()
        return WrongInput(f"{chain} has no flag {word}", word, ", ".join(known[:12]) or "no flags", hint or help_line)
    if isinstance(error, cyclopts.MissingArgumentError):
        name = _name(error)
        given = " ".join(error.tokens_so_far)
        return WrongInput(f"{chain} needs {name}", given or "nothing", f"a value for {name}", help_line)
    if isinstance(error, cyclopts.CoercionError):
        got = error.token.value if error.token else ""
        if choices := [str(each) for each in get_args(error.target_type) if isinstance(each, str)]:
            hint = did_you_mean(got, choices).strip()
            return WrongInput(f"{chain}: {_name(error)} does not fit", repr(got), ", ".join(choices), hint or help_line)
        kind = getattr(error.target_type, "__name__", str(error.target_type or "a value"))
        return WrongInput(f"{chain}: {_name(error)} does not fit", repr(got), _kind(kind), help_line)
    return WrongInput(" ".join(str(error).split()), cure=help_line)


def _name(error: CycloptsError) -> str:
    return error.argument.name if error.argument else "a value"


def _kind(name: str) -> str:
    return {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}.get(name, name)


def verbs(app: Iterable[str] | None) -> list[str]:
    """The words that a command of cyclopts knows."""
    return [name for name in app or () if not name.startswith("-")]


def _left_over(error: CycloptsError, chain: str) -> CastaliaError:
    """Words that nobody took: behind a verb that there is not, or too many of them."""
    if known := verbs(error.app):
        depth = len(error.command_chain or ())
        words = [word for word in (error.root_input_tokens or [])[depth:] if not word.startswith("-")]
        return _unknown_command((words or error.unused_tokens or ["?"])[0], known, chain)
    left = " ".join(error.unused_tokens or ())
    return WrongInput(f"{chain} takes no {left!r}", left, "nothing more", f"Type:  {chain} --help")


def _unknown_command(word: str, known: list[str], chain: str) -> CastaliaError:
    from castalia.cli.commands import COMMANDS

    if chain == "castalia":
        known = [command.name for command in COMMANDS]
        cure = did_you_mean(word, known).strip() or _as_system(word) or "Type:  castalia --help"
    else:
        cure = did_you_mean(word, known).strip() or f"Type:  {chain} --help"
    return WrongInput(f"{chain} has no command {word!r}", word, f"one of {', '.join(known)}", cure)


def _as_system(word: str) -> str:
    """A hint where a system was typed in the place of a command."""
    from castalia import catalog

    try:
        card = catalog.card(word)
    except CastaliaError:
        return ""
    return f"{card.address} is a system. Type:  castalia show {card.address}"
