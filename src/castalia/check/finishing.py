"""What to do with what is finished: the claims beyond the core, then one's own System in the reference's place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castalia import catalog
from castalia.core.settings import Settings

if TYPE_CHECKING:
    from castalia.check.desk import Checked
    from castalia.core.contract import Contract

Step = tuple[str, str]
"""What to type, and what it is for."""


def steps(found: Checked, all: bool = False, settings: Settings | None = None) -> list[Step]:
    """After a check in which all that was asked for holds; empty where that is the end."""
    contract, name = found.contract, found.name
    if found.report.milestone:
        return []
    if not all and any(claim.tier != "core" for milestone in contract.milestones for claim in milestone.claims):
        return [(f"castalia check {name} --all", "the claims beyond the core")]
    if name == "softmax":
        return [("castalia new basics --learn", "six small things to write yourself")]
    further = as_system(contract, found.file, settings)
    if contract.adapter == "module":
        further.append((f"castalia compare {name}", "your code beside the reference"))
    return further


def as_system(contract: Contract, file: Path, settings: Settings | None = None) -> list[Step]:
    """How a learner's own System is trusted, fitted and compared; empty where the contract or the folder has none."""
    asked = any(contract.adapter_of(each.id) == "system" for each in contract.milestones)
    folder = file.parent
    if not asked or file.name != f"{folder.name}.py" or not (folder / "card.toml").is_file():
        return []
    shelf = next((each for each, place in catalog.shelves(settings).items() if place == folder.parent), None)
    if shelf is None:
        return [(f"castalia shelf trust {shown(folder.parent)}", "once: lets Castalia run it like its own systems")]
    return on_shelf(f"{shelf}/{folder.name}", contract.project, settings)


def on_shelf(address: str, project: str, settings: Settings | None = None) -> list[Step]:
    """What a system on a trusted shelf is good for."""
    found = [
        (f"castalia fit {address}", "a version of it, with its curve"),
        (f"castalia show {address}", "what the shell, HTTP and the page know of it"),
    ]
    ours = {each.name for each in catalog.cards(settings) if not each.shelf and each.is_system}
    if project in ours:
        found.append((f"castalia compare {address} {project}", "both with the same seeds: figures, curves, answers"))
    return found


def shown(path: Path) -> str:
    """A path as one types it from here."""
    here, path = Path.cwd().resolve(), path.resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) and path != here else str(path)


def lines(found: list[Step], first: str = "Next: ") -> list[tuple[str, str, str]]:
    """(what stands before, what to type with its padding, what it is for), so that columns align."""
    left = max((len(command) for command, _ in found), default=0)
    return [
        (first if not at else " " * len(first), command.ljust(left), words) for at, (command, words) in enumerate(found)
    ]
