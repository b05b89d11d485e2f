"""One shape for everything that can go wrong: subject, got, expected, cure.

A ``CastaliaError`` is meant for a person: it says what it is about, what was found, what was
expected and what to do next. The shell prints it, HTTP sends it as problem details; neither
shows a traceback. A broken promise of our own is an ``assert``, never a ``CastaliaError``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


class CastaliaError(Exception):
    """The work could not be done, and here is what to do about it.

    ``status`` is the HTTP status and ``exit`` the exit code of the shell
    (1 the work failed, 2 wrong usage, 3 our fault).
    """

    status = 500
    exit = 1
    retry_after = 0
    """Seconds after which the same is likely to work; 0 where time alone mends nothing."""

    def __init__(
        self,
        subject: str,
        got: str = "",
        expected: str = "",
        cure: str = "",
        *,
        field: str = "",
        errors: Iterable[Mapping[str, str]] = (),
    ) -> None:
        self.subject, self.got, self.expected, self.cure, self.field = subject, got, expected, cure, field
        self.errors = [dict(error) for error in errors]
        self.log: list[str] = []
        """The last lines that the failing process printed: for the person at this machine, never for a client."""
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.subject]
        for name in ("got", "expected", "cure"):
            if value := getattr(self, name):
                lines.append(f"  {name + ':':<9} {value}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The parts by name, as HTTP and ``--json`` show them; ``errors`` holds one entry a wrong field."""
        return {name: getattr(self, name) for name in ("subject", "got", "expected", "cure", "field", "errors")}

    @staticmethod
    def of_dict(kind: str, parts: Mapping[str, Any]) -> CastaliaError:
        """The error again, after it crossed a process as ``(type(e).__name__, e.as_dict())``."""
        return KINDS.get(kind, CastaliaError)(**parts)


class WrongInput(CastaliaError):
    """What was handed in does not fit: a field, a flag, a file's content."""

    status, exit = 422, 2


class NotFound(CastaliaError):
    """No such system, model, version, run, job or data set."""

    status, exit = 404, 2


class Refused(CastaliaError):
    """Understood, but not allowed: a foreign Host, a path outside its folder, a licence not accepted."""

    status, exit = 403, 1


class Conflict(CastaliaError):
    """It would overwrite or contradict what is already there."""

    status, exit = 409, 1


class TooLarge(CastaliaError):
    """Over a stated limit on bytes, pixels, rows or depth."""

    status, exit = 413, 2


class Unavailable(CastaliaError):
    """It should work, but not now or not here: a missing extra, offline, a taken port, a full disk."""

    status, exit = 503, 1


class WrongSystem(CastaliaError, TypeError):
    """A class that claims to be a System and is not one; raised where the class is defined."""

    status, exit = 500, 2


KINDS: dict[str, type[CastaliaError]] = {
    kind.__name__: kind
    for kind in (CastaliaError, WrongInput, NotFound, Refused, Conflict, TooLarge, Unavailable, WrongSystem)
}


class Stopped(Exception):
    """Raised inside ``fit`` by ``run.log`` and ``run.progress`` once cancel was asked."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``" Did you mean 'tenure'?"`` where one known word is close, else an empty string.

    >>> did_you_mean("tenur", ["tenure", "gender"])
    " Did you mean 'tenure'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""
