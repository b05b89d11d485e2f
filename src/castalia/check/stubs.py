"""What the learner's file says, read and never run: is a function still the stub, where does it begin."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

from castalia.core.contract import Contract

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(source: str) -> dict[str, _Definition]:
    """Top-level functions and classes, and methods as "Class.method". Empty for what does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, _Definition] = {}
    for node in tree.body:
        if isinstance(node, _Definition):
            found[node.name] = node
            if isinstance(node, ast.ClassDef):
                inner = (part for part in node.body if isinstance(part, _Definition))
                found |= {f"{node.name}.{part.name}": part for part in inner}
    return found


def line_of(path: Path, name: str) -> str:
    """``softmax.py:12`` where ``name`` is defined in the file, else the file; of a repository the name itself."""
    if path.is_dir():
        return name
    found = definitions(_text(path)).get(name)
    return f"{path.name}:{found.lineno}" if found else path.name


def untouched(path: Path, interface: str, name: str) -> bool:
    """``name`` is still what the contract's interface gave: the same syntax tree, docstrings and annotations aside.

    Also when it is only ``...``, ``pass`` or ``raise NotImplementedError``. Of a repository (``path`` is a folder):
    there is no such file, or nothing in it.
    """
    if path.is_dir():
        return not ((path / name).is_dir() or _text(path / name).strip())
    mine = definitions(_text(path)).get(name)
    if mine is None:
        return False
    given = definitions(interface).get(name)
    return (given is not None and _shape(mine) == _shape(given)) or _empty(mine)


def untouched_copy(contract: Contract, folder: Path) -> Path:
    """Write into ``folder`` what a learner is handed, and nothing more; returns what is then to be checked."""
    if contract.adapter == "repository":
        return folder  # they begin with nothing
    path = folder / f"{contract.project}.py"
    path.write_text(contract.interface, "utf-8")
    return path


def code_hash(root: Path, files: Iterable[str]) -> str:
    """sha256 over names (below ``root``) and contents of the learner's files, in hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(Path(name) for name in files):
        name = path.relative_to(root) if path.is_relative_to(root) else path
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        digest.update(f"{name.as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _shape(node: _Definition) -> str:
    """The tree as text, without docstrings, annotations and places."""
    copy = ast.parse(ast.unparse(node)).body[0]
    for part in ast.walk(copy):
        if isinstance(part, _Definition):
            part.body = _body(part) or [ast.Pass()]
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            part.returns = None
        if isinstance(part, ast.arg):
            part.annotation = None
    return ast.dump(copy)


def _empty(node: _Definition) -> bool:
    """Nothing but ``...``, ``pass`` and ``raise NotImplementedError`` inside; of a class, in every method."""
    if isinstance(node, ast.ClassDef):
        inner = [part for part in _body(node) if isinstance(part, _Definition)]
        return bool(inner) and all(_empty(part) for part in inner)
    return all(_nothing(part) for part in _body(node))


def _body(node: _Definition) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else list(node.body)


def _nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise) and node.exc is not None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is Ellipsis
    )
