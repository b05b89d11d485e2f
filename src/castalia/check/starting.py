"""The files that somebody begins with: typed stubs of one milestone, a README, and later the stubs of the next.

What the learner wrote is never changed: stubs are appended, and only names that the file lacks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from castalia.check import contracts, desk, finishing, workplace
from castalia.check.lesson import card, readme
from castalia.check.place import placed
from castalia.check.project import subject_file
from castalia.check.stubs import definitions
from castalia.core.contract import Contract
from castalia.core.errors import Conflict, NotFound, Unavailable
from castalia.core.settings import Settings

SHELF = "yours"


@dataclass(frozen=True)
class Begun:
    """What was written for a learner, and what was not and why."""

    name: str
    project: str
    file: Path
    milestone: str
    """The last milestone whose stubs are in the file."""
    added: tuple[str, ...] = ()
    """The functions and classes whose stubs were written now."""
    written: tuple[Path, ...] = ()
    """Files that were not there before."""
    told: tuple[str, ...] = ()
    """The milestones of which a text was appended now: they ask for files, and have no stubs."""
    why_not: str = ""
    """Why nothing was added, in words."""
    finished: tuple[tuple[str, str], ...] = ()
    """Where every milestone held: what to type next, and what it is for."""
    warnings: tuple[str, ...] = ()


def begin(name: str, folder: str | Path = ".", milestone: str | None = None, settings: Settings | None = None) -> Begun:
    """Write ``yours/NAME/NAME.py`` below ``folder``; where the file is there, append the next milestone's stubs.

    A repository has no stubs: its folder is made, with a text that says which files it must have. The next milestone
    is one whose predecessor held in the last check, or ``milestone`` and all before it. NotFound for a name without a
    contract; Conflict for a file that is there and is something else.
    """
    settings = settings or Settings.read()
    contract = contracts.find(name, settings)
    if milestone is not None:
        contract.milestone(milestone)
    if contract.adapter == "repository":
        return _repository(name, contract, Path(folder), milestone, settings)
    try:
        path = subject_file(contract, folder, name)
    except NotFound:
        begun = _first(name, contract, Path(folder), milestone, settings)
    else:
        begun = _further(name, contract, path, milestone, settings)
    workplace.remember(settings.home, name, begun.file)
    return begun


def lacking(path: Path, contract: Contract, milestone: str) -> list[str]:
    """The names that ``milestone`` adds to the interface and that the file neither defines nor imports.

    A method that a class of the file lacks is "Class.method". Empty for a file that is no Python, and for a repository.
    """
    try:
        text = path.read_text("utf-8")
        bound = _bound(text)
    except (OSError, SyntaxError, ValueError):
        return []
    mine, found = definitions(text), []
    for name in definitions(part(contract, milestone)):
        owner, _, method = name.partition(".")
        if not method and name not in bound:
            found.append(name)
        theirs = mine.get(owner)
        plain = isinstance(theirs, ast.ClassDef) and not theirs.bases and not theirs.decorator_list
        if method and plain and name not in mine and not method.startswith("__"):
            found.append(name)
    return found


def untold(path: Path, contract: Contract, milestone: str) -> bool:
    """Whether ``milestone`` asks for files, says so, and the learner's file lacks that text."""
    said = part(contract, milestone).strip()
    if contract.adapter == "repository" or contract.adapter_of(milestone) != "repository" or not said:
        return False
    try:
        return said.splitlines()[0] not in path.read_text("utf-8")
    except (OSError, ValueError):
        return False


def part(contract: Contract, milestone: str) -> str:
    """What the interface gains with ``milestone``; with the first one its imports too."""
    before = [each.id for each in contract.milestones]
    at = before.index(contract.milestone(milestone).id)
    return contract.stubs(milestone)[len(contract.stubs(before[at - 1])) if at else 0 :]


# --- a first file --------------------------------------------------------------------------------


def _first(name: str, contract: Contract, folder: Path, milestone: str | None, settings: Settings) -> Begun:
    until = milestone or contract.milestones[0].id
    text = first_text(name, contract, until, settings)
    if ast.get_docstring(ast.parse(text)) is None:
        head = f"{contract.project}: yours to build. README.md says what must hold.\n\nType:  castalia check {name}"
        text = f'"""{head}\n"""\n\n{text}'
    place = folder / SHELF / contract.project
    path = place / f"{contract.project}.py"
    files = {path: text, place / "README.md": readme(name, contract), **_handed(contract, place)}
    if _is_system(text):
        files[place / "card.toml"] = card(name, contract, settings)
    return Begun(
        name, contract.project, path, until, tuple(_names(text)), _write(files),
        warnings=_noted(contract, until, settings),
    )  # fmt: skip


def _repository(name: str, contract: Contract, folder: Path, milestone: str | None, settings: Settings) -> Begun:
    """What must be there is written by the learner: a file with nothing of theirs in it would be ours."""
    asked = {line.strip() for line in contract.interface.splitlines()}
    place = folder / SHELF / contract.project
    path = place / ("TASK.md" if "README.md" in asked else "README.md")
    until = milestone or contract.milestones[0].id
    written = _write({path: readme(name, contract)})
    if not written:
        return Begun(name, contract.project, path, until, why_not="It is there; a repository has no stubs to add.")
    return Begun(name, contract.project, path, until, (), written, warnings=_noted(contract, until, settings))


def first_text(name: str, contract: Contract, milestone: str, settings: Settings | None = None) -> str:
    """A file with the stubs up to ``milestone``; an exercise may have a text of its own to begin with."""
    first = contract.milestones[0].id
    text = contracts.starting_text(name, settings)
    if milestone != first or text == contract.interface:
        text = contract.stubs(milestone)
    return re.sub(r"\n{4,}", "\n\n\n", text.strip()) + "\n"


def _handed(contract: Contract, folder: Path) -> dict[Path, str]:
    """What every milestone hands out, in the folder of the whole project."""
    return {folder / name: text for each in contract.milestones for name, text in each.handed.items()}


def _write(files: dict[Path, str]) -> tuple[Path, ...]:
    """Write those that are not there."""
    written = []
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            raise Unavailable(f"{path} cannot be written", error.strerror or "", "a folder you may write to") from None
        written.append(path)
    return tuple(written)


# --- the stubs of the next milestone -------------------------------------------------------------


def _further(name: str, contract: Contract, path: Path, milestone: str | None, settings: Settings) -> Begun:
    ids = [each.id for each in contract.milestones]
    try:
        bound = _bound(path.read_text("utf-8"))
    except (SyntaxError, ValueError, OSError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise Conflict(f"{path} is no Python{line}", str(error), "a file that parses", "Mend it first.") from None
    if not any(each.partition(".")[0] in bound for each in _names(contract.interface)):
        names = ", ".join(_names(contract.interface)[:6])
        cure = "Go to another folder, or rename that file."
        raise Conflict(f"{path} is there and is not about {contract.project}", "another file", f"{names} in it", cure)
    held = _held(name, contract, settings)
    asked = [each for each in ids if each not in held and untold(path, contract, each)]
    missing = [each for each in ids if each in asked or lacking(path, contract, each)]
    last = next((each for each in reversed(ids) if each not in missing), "")
    if not missing:
        words = "The stubs of every milestone are in it."
        if len(held) < len(ids):
            return Begun(name, contract.project, path, ids[-1], why_not=words)
        further = tuple(finishing.as_system(contract, path, settings))
        words += " All of them held in the last check."
        return Begun(name, contract.project, path, ids[-1], why_not=words, finished=further)
    until = milestone or missing[0]
    wanted = [each for each in missing if ids.index(each) <= ids.index(until)]
    if not wanted:
        return Begun(name, contract.project, path, last, why_not=f"The stubs of {until} are in it.")
    before = ids[: ids.index(until)]
    if milestone is None and before and before[-1] not in held:
        first = next(each for each in before if each not in held)
        words = f"{first} comes before {until}, and it did not hold in the last check:  castalia check {name}"
        return Begun(name, contract.project, path, last, why_not=words)
    added = [each for one in wanted for each in lacking(path, contract, one)]
    new = "".join(_appendix(path, contract, one) for one in wanted)
    _append(path, new)
    beside = path.parent / "card.toml"
    own = path.parent.name == contract.project and path.name == f"{contract.project}.py"
    files = {beside: card(name, contract, settings)} if own and _is_system(new) else {}
    written = _write({**files, **_handed(contract, placed(path, "repository")[0])})
    warnings = _noted(contract, until, settings)
    told = tuple(each for each in wanted if each in asked)
    return Begun(name, contract.project, path, until, tuple(added), written, told, warnings=warnings)


def _noted(contract: Contract, milestone: str, settings: Settings) -> tuple[str, ...]:
    return desk.note(settings, "started", contract.project, milestone=milestone, contract_hash=contract.hash())


def _held(name: str, contract: Contract, settings: Settings) -> list[str]:
    """The milestones whose core claims held in the last check."""
    try:
        last = desk.last_report(settings.home, name)
    except NotFound:
        return []
    held = {each["id"] for each in last["claims"] if each["outcome"] == "pass"}
    cores = {each.id: {claim.id for claim in each.claims if claim.tier == "core"} for each in contract.milestones}
    return [id for id, claims in cores.items() if held >= claims]


def _appendix(path: Path, contract: Contract, milestone: str) -> str:
    """The milestone's stubs that the file lacks; methods for a class that is there as a comment."""
    text = part(contract, milestone)
    names, title = lacking(path, contract, milestone), contract.milestone(milestone).title
    body = text.strip() if names == _names(text) else "\n\n\n".join(_pieces(text, names))
    return f"\n\n# --- {milestone}: {title} ---\n{body}\n"


def _pieces(text: str, names: list[str]) -> Iterator[str]:
    """The source of these names, with the imports of the stubs."""
    lines = text.splitlines()

    def source(node: ast.stmt) -> str:
        return "\n".join(lines[node.lineno - 1 : node.end_lineno])

    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names
        ):
            yield source(node)
        elif isinstance(node, ast.ClassDef):
            inner = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            stubs = [source(each) for each in inner if f"{node.name}.{each.name}" in names]
            if stubs:
                told = "\n".join(f"# {line}".rstrip() for line in "\n".join(stubs).splitlines())
                yield f"# Class {node.name} gets these methods too; write them into it:\n{told}"


def _append(path: Path, text: str) -> None:
    try:
        before = path.read_bytes()
        end = b"\r\n" if b"\r\n" in before else b"\n"
        gap = b"" if before.endswith(b"\n") or not before else end
        with path.open("ab") as file:
            file.write(gap + text.encode().replace(b"\n", end))
    except OSError as error:
        raise Unavailable(f"{path} cannot be written", error.strerror or "", "a file you may write to") from None


# --- what a text defines -------------------------------------------------------------------------


def _names(text: str) -> list[str]:
    """Functions and classes of an interface."""
    return [name for name in definitions(text) if "." not in name]


def _bound(text: str) -> set[str]:
    """Names at the top of a module: defined, imported or assigned."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _is_system(text: str) -> bool:
    """Whether stubs define a class ``System[Params, Input, Output]``."""
    bases = [base for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef) for base in node.bases]
    return any(isinstance(base, ast.Subscript) and ast.unparse(base.value).endswith("System") for base in bases)
