"""Which contracts there are: the exercises, and every project whose folder holds a ``contract.py``."""

from __future__ import annotations

import importlib
from pathlib import Path

from castalia import catalog
from castalia.core.contract import Contract, Mutant
from castalia.core.errors import NotFound, did_you_mean
from castalia.core.settings import Settings

EXERCISES = Path(__file__).parent / "exercises"


def names(settings: Settings | None = None) -> list[str]:
    """What can be checked, exercises first."""
    projects = [card.address for card in catalog.cards(settings) if (card.folder / "contract.py").is_file()]
    return [*exercises(), *projects]


def exercises() -> list[str]:
    """The exercises by name."""
    return sorted(path.parent.name for path in EXERCISES.glob("*/contract.py"))


def find(name: str, settings: Settings | None = None) -> Contract:
    """The contract called ``name``; NotFound says "no check yet" for a project that has none."""
    if name in exercises():
        contract: Contract = importlib.import_module(f"castalia.check.exercises.{name}.contract").CONTRACT
        return contract
    try:
        card = catalog.card(name, settings)
    except NotFound:
        known = names(settings)
        hint = did_you_mean(name, [*known, *(card.address for card in catalog.cards(settings))]).strip()
        raise NotFound(
            f"nothing to check is called {name!r}", expected=f"one of {', '.join(known)}", cure=hint
        ) from None
    if not (card.folder / "contract.py").is_file():
        cure = f"What can be checked today: {', '.join(names(settings))}."
        raise NotFound(f"{card.address}: no check yet", "a project without a contract", "a contract.py", cure)
    contract = catalog.part(card, "contract").CONTRACT
    return contract


def starting_text(name: str) -> str:
    """The file that a learner of an exercise begins with."""
    return (EXERCISES / name / "start.py").read_text("utf-8")


def reference(name: str) -> Path:
    """The file that keeps the exercise's contract."""
    return EXERCISES / name / "reference.py"


def mutants(name: str) -> tuple[Mutant, ...]:
    """The named wrong versions of an exercise."""
    found: tuple[Mutant, ...] = importlib.import_module(f"castalia.check.exercises.{name}.mutants").MUTANTS
    return found


def equivalent(name: str) -> dict[str, str]:
    """Automatic mutants of an exercise's reference that no caller can tell from it: id -> why, in one line."""
    found: dict[str, str] = getattr(
        importlib.import_module(f"castalia.check.exercises.{name}.mutants"), "EQUIVALENT", {}
    )
    return found
