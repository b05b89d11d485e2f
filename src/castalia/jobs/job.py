"""What a job is, seen from outside: plain values, the same in Python, over HTTP and in the files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from castalia.core.errors import WrongInput

State = Literal["queued", "running", "done", "failed", "cancelled"]

MAX_EVENT = 1 << 20
"""Bytes one event may have as JSON. An event is a message, not a place for data."""


@dataclass(frozen=True)
class Limits:
    """What one attempt of a job may use."""

    wall: float | None = None
    """Seconds from its start; then it is stopped as by ``cancel`` and marked failed."""
    memory: int | None = None
    """Bytes of address space of the child (RLIMIT_AS; POSIX only). Mapped files count too."""
    output: int = 4 << 20
    """Bytes of output.log that are kept: the beginning and the end of what the child printed."""

    def __post_init__(self) -> None:
        for name, least in (("wall", 0.0), ("memory", 1 << 20), ("output", 1 << 12)):
            value = getattr(self, name)
            if value is not None and not value > least:
                expected = f"more than {least:g}"
                raise WrongInput(f"The limit {name!r} of a job is too small", str(value), expected, field=name)


@dataclass(frozen=True)
class Event:
    """One thing the child said. ``n`` counts from 1 and goes on across attempts; ``t`` is in Unix seconds."""

    n: int
    t: float
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A job as its files tell it at one moment. Times are Unix seconds."""

    id: str
    title: str
    entry: str
    args: dict[str, Any]
    owner: str
    state: State
    created: float
    started: float | None = None
    ended: float | None = None
    attempt: int = 0
    """How often it was started; 0 while it waits for the first time."""
    stopping: bool = False
    """Cancel was asked and the child has not ended yet."""
    progress: tuple[float, float] | None = None
    """(done, total) as the child said last."""
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    """kind (the error's class), the parts of ``CastaliaError.as_dict`` and log_tail (a list of lines)."""
    limits: Limits = field(default_factory=Limits)

    @property
    def over(self) -> bool:
        """Nothing will happen any more, unless it is resumed."""
        return self.state in ("done", "failed", "cancelled")

    def as_dict(self) -> dict[str, Any]:
        """As JSON over HTTP."""
        return dataclasses.asdict(self)
