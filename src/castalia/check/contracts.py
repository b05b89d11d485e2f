"""Which contracts there are: the exercises, and every project whose folder holds a ``contract.py``.

A name is that of an exercise, or the address of a project: ``churn``, ``yours/recommender``.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from castalia import catalog
from castalia.check.seal import imported_files, text_of
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
    """The contract called ``name``; NotFound says "no check yet" for a project that has none. Runs its code.

    Its ``source`` is the text of contract.py and of what that imports from its own folder, whatever the author wrote.
    """
    contract: Contract = part(name, "contract", settings).CONTRACT
    files = imported_files(folder(name, settings) / "contract.py")
    others = imported_files(reference(name, settings))
    return replace(contract, source=text_of(files), files=tuple(dict.fromkeys([*files, *others])))


def folder(name: str, settings: Settings | None = None) -> Path:
    """Where the contract lies; NotFound with a near miss, or "no check yet"."""
    if name in exercises():
        return EXERCISES / name
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
    return card.folder


def part(name: str, file: str, settings: Settings | None = None) -> ModuleType:
    """Import ``contract`` or ``mutants`` of what is called ``name``. Runs its code."""
    where = folder(name, settings)
    if where.parent == EXERCISES:
        return importlib.import_module(f"castalia.check.exercises.{name}.{file}")
    return catalog.part(catalog.card(name, settings), file)


def starting_text(name: str, settings: Settings | None = None) -> str:
    """The file that a learner begins with: ``start.py`` beside the contract, else the interface of its stubs."""
    path = folder(name, settings) / "start.py"
    return path.read_text("utf-8") if path.is_file() else find(name, settings).interface


def reference(name: str, settings: Settings | None = None) -> Path:
    """The file that keeps the contract: ``reference.py``, or a package ``reference/``, where there is one beside it.

    Else ``<name>.py``: a system without a subject is its own reference.
    """
    where = folder(name, settings)
    choices = (where / "reference" / "__init__.py", where / "reference.py", where / f"{where.name}.py")
    return next((each for each in choices if each.is_file()), choices[1])


def reference_files(name: str, settings: Settings | None = None) -> list[Path]:
    """The files that mutants may change, the main one first: ``FILES`` of mutants.py, else the reference alone."""
    main = reference(name, settings)
    if not (folder(name, settings) / "mutants.py").is_file():
        return [main]
    listed = getattr(part(name, "mutants", settings), "FILES", (main.name,))
    return [main.with_name(file) for file in listed]


def mutants(name: str, settings: Settings | None = None) -> tuple[Mutant, ...]:
    """The named wrong versions; NotFound for a contract that has none yet."""
    if not (folder(name, settings) / "mutants.py").is_file():
        raise NotFound(f"{name} cannot be proven yet", "no mutants.py", "wrong versions by name", "docs/contracts.md")
    found: tuple[Mutant, ...] = part(name, "mutants", settings).MUTANTS
    return found


def equivalent(name: str, settings: Settings | None = None) -> dict[str, str]:
    """Automatic mutants of the reference that no caller can tell from it: id -> why, in one line."""
    found: dict[str, str] = getattr(part(name, "mutants", settings), "EQUIVALENT", {})
    return found
