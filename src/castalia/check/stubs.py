"""What the learner's file says, read and never run: is a function still the stub, where does it begin."""

from __future__ import annotations

import ast
import difflib
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from castalia.check.place import root_of
from castalia.core.contract import Contract

MOST_FILES, MOST_BYTES = 2000, 64 << 20
"""Of the learner's own files, so many are hashed, and so many bytes of them all."""
LARGEST = 16 << 20
"""Bytes of one file that are read."""
_HOPS = 8
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(source: str) -> dict[str, _Definition]:
    """Top-level functions and classes, and methods as "Class.method". Empty for what does not parse."""
    found: dict[str, _Definition] = {}
    for node in _statements(source):
        if isinstance(node, _Definition):
            found[node.name] = node
            if isinstance(node, ast.ClassDef):
                inner = (part for part in node.body if isinstance(part, _Definition))
                found |= {f"{node.name}.{part.name}": part for part in inner}
    return found


def line_of(path: Path, name: str) -> str:
    """``softmax.py:12``, ``softmax/core.py:3``: where ``name`` is defined, else the file.

    A name that is imported from another of the learner's files is looked for there. Of a repository the name itself.
    """
    if path.is_dir():
        return name
    file, line = place_of(path, name)
    return file.relative_to(root_of(path)).as_posix() + (f":{line}" if line else "")


def name_at(path: Path, file_line: str) -> str:
    """``Network.forward``: the function or method of the learner's files that ``nets.py:12`` lies in, else ""."""
    file, _, line = file_line.rpartition(":")
    if path.is_dir() or not line.isdigit():
        return ""
    found = definitions(_text(root_of(path) / file)).items()
    holding = [name for name, node in found if node.lineno <= int(line) <= (node.end_lineno or node.lineno)]
    return max(holding, key=lambda name: name.count("."), default="")


def near_miss(path: Path, name: str) -> str:
    """``dens (nets.py:3)``: a name in the file that nearly is ``name``, where ``name`` is not there; else ""."""
    if path.is_dir() or place_of(path, name)[1]:
        return ""
    owner = name.rpartition(".")[0]
    others = definitions(_text(path))
    fits = [other for other in others if other.rpartition(".")[0] == owner]
    near = difflib.get_close_matches(name, fits, n=1, cutoff=0.75)
    return f"{near[0]} ({line_of(path, near[0])})" if near else ""


def place_of(path: Path, name: str) -> tuple[Path, int]:
    """The file and the line (from 1) where ``name`` is defined; the file and 0 where it is not found."""
    file, node = next(_places(path, name, root_of(path), _HOPS), (path, None))
    return file, node.lineno if node else 0


def untouched(path: Path, interface: str, name: str) -> bool:
    """``name`` is still what the contract's interface gave: the same syntax tree, docstrings and annotations aside.

    Also when it is only ``...``, ``pass`` or ``raise NotImplementedError``. Of a repository (``path`` is a folder):
    there is no such file, or nothing in it.
    """
    if path.is_dir():
        return not ((path / name).is_dir() or _text(path / name).strip())
    _, mine = next(_places(path, name, root_of(path), _HOPS), (path, None))
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
    """sha256 over names (below ``root``) and contents of the learner's files, in hexadecimal.

    The names come from the code's own process: only plain files below ``root`` are read, of any other thing the name
    counts, and MOST_FILES and MOST_BYTES bound what is read.
    """
    digest, left = hashlib.sha256(), MOST_BYTES
    for path in sorted(Path(name) for name in files)[:MOST_FILES]:
        within = path.is_relative_to(root) and os.path.realpath(path) == str(path)  # and no link on the way
        content = _content(path, min(left, LARGEST)) if within else b""
        left -= len(content)
        name = path.relative_to(root) if within else path
        digest.update(f"{name.as_posix()}\0{len(content)}\0".encode("utf-8", "surrogatepass") + content)
    return digest.hexdigest()


def _places(path: Path, name: str, root: Path, hops: int) -> Iterator[tuple[Path, _Definition]]:
    """Where ``name`` is defined: in the file, or in those below ``root`` that it imports the name from."""
    source = _text(path)
    found = definitions(source)
    if name in found:
        yield path, found[name]
    first, dot, rest = name.partition(".")
    if first in found or not hops:
        return
    for node in reversed(_statements(source)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "*" or (alias.asname or alias.name) == first:
                    called = (first if alias.name == "*" else alias.name) + dot + rest
                    for file in _imported(path, node, root):
                        yield from _places(file, called, root, hops - 1)


def _imported(path: Path, node: ast.ImportFrom, root: Path) -> list[Path]:
    """The file below ``root`` that ``from … import`` names, if there is one."""
    base = path.parents[node.level - 1] if 0 < node.level <= len(path.parents) else root
    place = base.joinpath(*(node.module or "").split("."))
    tried = (place.with_name(f"{place.name}.py"), place / "__init__.py") if node.module else (place / "__init__.py",)
    return [file for file in tried if file != path and file.is_relative_to(root) and file.is_file()][:1]


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _text(path: Path) -> str:
    try:
        return _content(path, LARGEST).decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _content(path: Path, most: int) -> bytes:
    """The first bytes of a plain file; none of anything else. Never waits, as opening a pipe would."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return b""
        with open(os.open(path, flags), "rb") as file:
            return file.read(most) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except (OSError, ValueError):
        return b""


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
