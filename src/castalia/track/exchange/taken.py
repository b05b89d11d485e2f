"""Taken: what became of each run that came in. One that cannot be taken keeps none of the others out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from castalia.core.errors import CastaliaError, Unavailable


@dataclass(frozen=True)
class Taken:
    """A run or a model that came in, or ``problem`` says why not."""

    run_id: str
    points: int = 0
    files: int = 0
    problem: str = ""
    note: str = ""
    """What was left out of it, in words."""
    kind: str = "run"
    """Or ``model``, or ``logged model``; ``run_id`` then names that."""


def each_run(works: Mapping[str, Callable[[], Taken]], kind: str = "run") -> list[Taken]:
    """The outcome of every work. Unavailable (a full disk) ends all: the next would meet the same."""
    outcomes = []
    for run_id, work in works.items():
        try:
            outcomes.append(work())
        except Unavailable:
            raise
        except CastaliaError as error:
            outcomes.append(Taken(run_id, problem=str(error), kind=kind))
    return outcomes
