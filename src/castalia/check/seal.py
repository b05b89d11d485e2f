"""Which files a contract consists of, and whether they are still what they were.

They are found in the text, by following imports within the contract's own folder, so that an author cannot forget
one: what counts is what the next reader would have to read too. Modules of castalia itself are not among them; the
contract's format is counted into its hash instead.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path


def imported_files(path: Path) -> list[Path]:
    """``path`` and every file of its folder (and the folders below) that it imports, directly or not, in order."""
    folder = path.resolve().parent
    found = [path.resolve()]
    for file in found:  # grows on the way
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
        for names in _imports(tree):
            found += [each for each in _candidates(folder, file, names) if each not in found and each.is_file()]
    return found


def text_of(files: Iterable[Path]) -> str:
    """Names and texts, one after another: what is hashed."""
    return "\0".join(f"{path.name}\0{path.read_text('utf-8')}" for path in files)


def digest(files: Iterable[Path]) -> dict[Path, str]:
    """The sha256 of each file; empty for one that cannot be read."""
    return {path: _sha256(path) for path in files}


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _imports(tree: ast.AST) -> Iterator[list[str]]:
    """Dotted names as lists of parts; relative ones begin with as many empty parts as there are dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            before = [""] * node.level + (node.module.split(".") if node.module else [])
            yield before
            yield from ([*before, alias.name] for alias in node.names)


def _candidates(folder: Path, file: Path, names: list[str]) -> Iterator[Path]:
    """The files that ``names`` may mean, inside ``folder``."""
    dots = len([part for part in names if not part])
    names = names[dots:]
    if dots:
        base = file.parent
        for _ in range(dots - 1):
            base = base.parent
        starts = [(base, names)] if base.is_relative_to(folder) else []
    else:  # an absolute name counts from the folder's own name on: castalia.check.exercises.basics.properties
        starts = [(folder, names[at + 1 :]) for at, part in enumerate(names) if part == folder.name]
    for base, rest in starts:
        if rest:
            yield base.joinpath(*rest).with_suffix(".py")
            yield base.joinpath(*rest, "__init__.py")
