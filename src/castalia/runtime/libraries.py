"""A project that is a library, described from its files: modules, names, examples, figures. Nothing of it is imported.

Where a system has a form, a library has its names. They are read from the source: a module's ``__all__``, else what it
defines without an underscore. The examples are the Python blocks of its pages in ``docs/``, which the tests run. The
figures of its claims lie in ``measured.json`` beside its card; ``tools/measure.py`` computes and writes them.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from castalia import catalog
from castalia.catalog import Card
from castalia.core.errors import NotFound, WrongInput
from castalia.core.settings import Settings

MEASURED = "measured.json"
PACKAGE = catalog.OURS.parent
DOCS = (PACKAGE / "docs", PACKAGE.parent.parent / "docs")
"""Where the pages lie: in the wheel, and in a checkout."""
LARGEST = 1_000_000

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_PAGE = re.compile(r"[A-Za-z0-9_-]+\.md")
_HEADING = re.compile(r"#+\s+(.*)")
_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def describe_project(address: str, settings: Settings | None = None) -> dict[str, Any]:
    """The document of ``GET /projects/{name}``; NotFound with a near miss where there is no such project."""
    card = catalog.card(address, settings)
    pages = docs(card)
    return {
        **line(card),
        "after": list(card.after),
        "minutes": card.minutes,
        "claims": claims(card),
        "contract": (card.folder / "contract.py").is_file(),
        "lesson": card.lesson(),
        "modules": modules(card),
        "docs": [page.name for page in pages],
        "examples": [{**each, "page": page.name} for page in pages for each in examples(page.read_text("utf-8"))],
    }


def line(card: Card) -> dict[str, Any]:
    """What a list says of a project, system or not."""
    return {
        "name": card.name, "title": card.title, "project": card.number, "skill": card.skill, "summary": card.summary,
        "shelf": card.shelf, "address": card.address, "kind": card.kind, "subject": card.subject,
        "missing": card.missing() or None,
    }  # fmt: skip


def claims(card: Card) -> list[dict[str, Any]]:
    """The claims of a card with the figure that was measured last, and whether it keeps them; null before the first."""
    figures = measured(card)
    told = []
    for claim in card.claims:
        value = figures.get(claim.metric)
        told.append({**claim.plain(), "measured": value, "holds": None if value is None else claim.holds(value)})
    return told


def measured(card: Card) -> dict[str, float]:
    """The figures kept beside the card; empty where there are none or they cannot be read."""
    try:
        kept = json.loads((card.folder / MEASURED).read_text("utf-8"))["figures"]
        return {str(name): float(value) for name, value in kept.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def figures(card: Card) -> dict[str, float]:
    """What ``measure()`` of the project's claims.py returns. Runs its code; WrongInput where a claim's figure lacks."""
    if not (card.folder / "claims.py").is_file():
        raise NotFound(f"{card.address} measures nothing", "no claims.py", "measure() in claims.py", "Write it.")
    found = {str(name): float(value) for name, value in catalog.part(card, "claims").measure().items()}
    for claim in card.claims:
        if claim.metric not in found:
            got, cure = ", ".join(found) or "nothing", "Let measure() in claims.py return it."
            raise WrongInput(f"{card.address}: {claim.id} has no figure {claim.metric!r}", got, claim.metric, cure)
    return found


def docs(card: Card) -> list[Path]:
    """Its pages, where they are on this machine; ours only, since a shelf of your own has no docs/ of ours."""
    names = [name for name in card.docs if _PAGE.fullmatch(name)] if not card.shelf else []
    tried = ([folder / name for folder in DOCS if (folder / name).is_file()] for name in names)
    return [paths[0] for paths in tried if paths]


def examples(text: str) -> list[dict[str, str]]:
    """The Python blocks of a page, each with the heading it stands under."""
    found: list[dict[str, str]] = []
    title = ""
    block: list[str] | None = None
    for each in text.splitlines():
        if block is not None:
            if each.startswith("```"):
                found.append({"title": title, "code": "\n".join(block)})
                block = None
            else:
                block.append(each)
        elif each.startswith("```python"):
            block = []
        elif heading := _HEADING.fullmatch(each):
            title = heading[1]
    return found


def modules(card: Card) -> list[dict[str, Any]]:
    """Every public module of a library: its name, the first line of its docstring, and its names in brief."""
    if not _DOTTED.fullmatch(card.subject):
        return []
    parts = card.subject.split(".")
    # A package in the project's own folder; else one of ours, found by path and never by importing.
    own = [card.folder.joinpath(*parts)] if card.shelf else []
    ours = [PACKAGE.joinpath(*parts[1:])] if parts[0] == "castalia" and len(parts) > 1 else []
    for place in (*own, *ours):
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if path.is_file():
            return [_told(module) for module in _public(path, card.subject)]
    return []


class Module(NamedTuple):
    """One source file."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def doc(self) -> str:
        return first_line(self.tree)

    @property
    def listed(self) -> list[str] | None:
        """Its ``__all__``, or None."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "__all__" for one in node.targets):
                try:
                    return [str(name) for name in ast.literal_eval(node.value)]
                except (ValueError, TypeError):
                    return None
        return None


def _public(path: Path, name: str) -> Iterator[Module]:
    """A module and the public ones below it: of a package with ``__all__`` the packages, and the modules it names."""
    tree = _parsed(path, path.stat().st_mtime_ns)
    if tree is None:
        return
    module = Module(name, path, tree)
    yield module
    if path.name != "__init__.py":
        return
    for below in sorted(path.parent.iterdir()):
        inner = below / "__init__.py" if below.is_dir() else below
        stem = below.stem
        hidden = stem.startswith("_") or inner.suffix != ".py" or not inner.is_file()
        if not hidden and (module.listed is None or stem in module.listed or below.is_dir()):
            yield from _public(inner, f"{name}.{stem}")


@lru_cache(maxsize=256)
def _parsed(path: Path, changed: int) -> ast.Module | None:
    """The source, parsed once for each change of the file; None where it cannot be."""
    try:
        return ast.parse(path.read_text("utf-8")) if path.stat().st_size <= LARGEST else None
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None


def _told(module: Module) -> dict[str, Any]:
    own = {node.name: node for node in module.tree.body if isinstance(node, _DEFINED)}
    wanted = module.listed if module.listed is not None else [name for name in own if not name.startswith("_")]
    found = {**own, **_imported(module, set(wanted) - set(own))}
    names = [_brief(found[name]) for name in wanted if name in found]
    return {"name": module.name, "line": module.doc, "names": names}


def _imported(module: Module, wanted: set[str]) -> dict[str, Any]:
    """Names that a package takes from the files beside it, by their definitions there."""
    found: dict[str, Any] = {}
    # a package whose names are imported on use says them under `if TYPE_CHECKING`
    guarded = [inner for node in module.tree.body if isinstance(node, ast.If) for inner in node.body]
    for node in (*module.tree.body, *guarded):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        path = module.path.with_name(node.module.rpartition(".")[2] + ".py")
        tree = _parsed(path, path.stat().st_mtime_ns) if path.is_file() else None
        names = {alias.name for alias in node.names} & wanted
        body = tree.body if tree else []
        found |= {each.name: each for each in body if isinstance(each, _DEFINED) and each.name in names}
    return found


def _brief(node: Any) -> dict[str, str]:
    """A function with the names of its parameters, a class, and the first line of either's docstring."""
    shown = node.name if isinstance(node, ast.ClassDef) else f"{node.name}({', '.join(_parameters(node.args))})"
    return {"name": node.name, "shown": shown, "line": first_line(node)}


def _parameters(args: ast.arguments) -> Iterator[str]:
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
    for arg, default in zip(plain, defaults, strict=True):
        yield arg.arg if default is None else f"{arg.arg}={ast.unparse(default)}"
    if args.vararg:
        yield f"*{args.vararg.arg}"
    elif args.kwonlyargs:
        yield "*"
    for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield arg.arg if value is None else f"{arg.arg}={ast.unparse(value)}"
    if args.kwarg:
        yield f"**{args.kwarg.arg}"


def first_line(node: Any) -> str:
    """The first paragraph of a docstring, as one line."""
    text = ast.get_docstring(node) or ""
    return " ".join(text.partition("\n\n")[0].split())
