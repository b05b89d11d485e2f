"""What holds of a package: its wheel is opened here, and imported in the learner's Python as a clean environment would.

No venv is made: ``clean_room.py`` says why that is as good. The wheel is built once for a milestone.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path
from typing import Any

from castalia.core.contract import Failed, Subject, true
from castalia.core.expect import blamed
from castalia.projects.utilities import clean_room

NAME = "utilities"
LEGACY = "setuptools.build_meta:__legacy__"
LARGEST = 32 << 20
IMPORT_NAMES = {"scikit-learn": "sklearn", "pillow": "PIL", "pyyaml": "yaml", "opencv-python-headless": "cv2",
                "opencv-python": "cv2", "python-dateutil": "dateutil", "beautifulsoup4": "bs4"}  # fmt: skip
"""Distributions that are imported under another name."""
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def project(subject: Subject) -> dict[str, Any]:
    """pyproject.toml."""
    text = subject.call("read", "pyproject.toml")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise Failed(str(error)[:200], "TOML", "pyproject.toml cannot be read") from None


def wheel(subject: Subject) -> dict[str, bytes]:
    """Its files by name. Failed where it is none, or is not one of pure Python for this package."""
    system = project(subject).get("build-system", {})
    backend, paths = system.get("build-backend", LEGACY), system.get("backend-path", [])
    true(isinstance(backend, str) and isinstance(paths, list), "build-backend is a name", repr(backend)[:80], "a name")
    built = subject.call("wheel", backend, paths)
    try:
        with zipfile.ZipFile(io.BytesIO(built["content"])) as opened:
            size = sum(each.file_size for each in opened.infolist())
            true(size <= LARGEST, "the wheel holds a package", f"{size} bytes", f"at most {LARGEST}")
            files = {each.filename: opened.read(each) for each in opened.infolist() if not each.is_dir()}
    except (zipfile.BadZipFile, TypeError) as error:
        raise Failed(str(error)[:200], "a zip file", f"{built['name']} is no wheel") from None
    true(built["name"].endswith("-none-any.whl"), "the wheel is of pure Python", built["name"], "...-py3-none-any.whl")
    return files


def about(files: dict[str, bytes], name: str) -> str:
    """A text of the wheel's .dist-info."""
    found = [path for path in files if re.fullmatch(rf"[^/]+\.dist-info/{name}", path)]
    true(len(found) == 1, f"the wheel says what it is in one {name}", found, f"....dist-info/{name}")
    return files[found[0]].decode("utf-8", "replace")


def builds(subject: Subject) -> None:
    """A wheel that installs: METADATA, a right RECORD, the package, and nothing else on top."""
    told = project(subject).get("project", {})
    for key in ("name", "requires-python"):
        true(isinstance(told.get(key), str), f"[project] in pyproject.toml has {key}", sorted(told), f"{key} = ...")
    files = wheel(subject)
    meta = message_from_string(about(files, "METADATA"))
    asked = re.sub(r"[-_.]+", "-", told["name"]).lower()
    got = re.sub(r"[-_.]+", "-", str(meta["Name"])).lower()
    true(got == asked, "the wheel's name is that of pyproject.toml", got, asked)
    true(meta["Requires-Python"] is not None, "the wheel says which Pythons it is for", None, told["requires-python"])
    about(files, "WHEEL")
    tops = {path.split("/")[0] for path in files}
    own = {top for top in tops if not top.endswith(".dist-info")}
    true(bool(own & {NAME, f"{NAME}.py"}), f"the package {NAME} is in the wheel", sorted(own), NAME)
    true(len(own) == 1, "nothing but the package is installed", sorted(own), [NAME])
    _recorded(files)


def _recorded(files: dict[str, bytes]) -> None:
    """RECORD lists every file with its hash, itself without one."""
    rows = [row.rsplit(",", 2) for row in about(files, "RECORD").splitlines() if row.strip()]
    listed = {row[0].strip('"'): row[1] for row in rows if len(row) == 3}
    names = {name for name in files if not re.search(r"\.dist-info/RECORD(\.jws|\.p7s)?$", name)}
    true(names <= set(listed), "RECORD lists every file of the wheel", sorted(names - set(listed))[:3], "all of them")
    for name in sorted(names):
        kind, _, value = listed[name].partition("=")
        true(kind in ("sha256", "sha384", "sha512"), f"RECORD has a hash of {name}", listed[name], "sha256=...")
        right = base64.urlsafe_b64encode(hashlib.new(kind, files[name]).digest()).decode().rstrip("=")
        true(value == right, f"RECORD has the right hash of {name}", value[:12], right[:12])


def sources(files: dict[str, bytes]) -> dict[str, ast.Module]:
    """The package's modules, parsed."""
    found = {}
    for name, data in files.items():
        if name.endswith(".py") and (name == f"{NAME}.py" or name.startswith(f"{NAME}/")):
            try:
                found[name] = ast.parse(data)
            except (SyntaxError, ValueError) as error:
                raise Failed(str(error)[:200], "Python", f"{name} does not parse") from None
    return found


def typed(subject: Subject) -> None:
    """py.typed is in the wheel, and every public function says what it takes and gives."""
    files = wheel(subject)
    true(f"{NAME}/py.typed" in files, "py.typed is in the wheel, so that checkers read its types",
         sorted(name for name in files if not name.endswith(".py"))[:5], f"{NAME}/py.typed")  # fmt: skip
    seen = 0
    for name, tree in sources(files).items():
        for function, prefix in _public(tree):
            seen += 1
            lacks = _unannotated(function, prefix)
            with blamed(f"{name}:{function.lineno}"):
                true(not lacks, f"{prefix}{function.name} is annotated", f"{lacks} is not", "all")
    true(seen > 0, "the package has public functions", 0, "some")


def _public(tree: ast.Module) -> Iterator[tuple[Any, str]]:
    """Functions and methods without an underscore, and ``__init__``, ``__call__``; with "Class." of a method."""
    for node in tree.body:
        if isinstance(node, _FUNCTION) and not node.name.startswith("_"):
            yield node, ""
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for each in node.body:
                if isinstance(each, _FUNCTION) and (not each.name.startswith("_") or each.name in _SPECIAL):
                    yield each, f"{node.name}."


_SPECIAL = ("__init__", "__call__")


def _unannotated(function: Any, prefix: str) -> str:
    """The first parameter without a type, or "its answer"; empty where all have one."""
    args = function.args
    every = [*args.posonlyargs, *args.args]
    static = any(getattr(each, "id", "") == "staticmethod" for each in function.decorator_list)
    every = every[1:] if prefix and not static else every
    every += [*args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
    bare = [each.arg for each in every if each.annotation is None]
    return bare[0] if bare else "" if function.returns is not None else "its answer"


def required(files: dict[str, bytes], extras: bool) -> list[str]:
    """The distributions that the wheel requires, with those of its extras or without."""
    rows = message_from_string(about(files, "METADATA")).get_all("Requires-Dist") or []
    return [re.split(r"[^\w.-]", row)[0] for row in rows if extras or "extra" not in row.partition(";")[2]]


def in_clean_room(subject: Subject) -> dict[str, Any]:
    """What ``clean_room.py`` tells of the package. Failed where it cannot be imported there."""
    files = wheel(subject)
    text = Path(clean_room.__file__).read_text("utf-8")
    names = required(files, extras=False)
    asked = {"package": NAME, "site": "site", "names": names, "first": sorted(_imported(sources(files)) - {NAME})}
    given = {"clean_room.py": text, **{f"site/{name}": data for name, data in files.items()}}
    command = ["python", "-I", "-B", "clean_room.py", json.dumps(asked)]
    done = subject.call("run", command, files=given, empty=True)
    said = str(done["out"]).rpartition("castalia:")
    true(
        bool(said[1]), "the package can be imported where nothing else is installed", str(done["err"])[-300:], "it can"
    )
    told: dict[str, Any] = json.loads(said[2])
    true(not told["absent"], "what pyproject.toml requires is installed here, to try the package with",
         f"not installed: {', '.join(told['absent'])}", "python -m pip install it")  # fmt: skip
    words = f"{NAME} can be imported where only what it requires is installed"
    true(not told["error"], words, f"{told['error']} at {told['where']}".removesuffix(" at "), f"requires: {names}")
    written = sorted(name for name in done["files"] if not name.endswith(".pyc"))
    true(not written, "importing writes no file", written[:3], "none")
    return told


def declares(subject: Subject) -> None:
    """Nothing is imported, at the top or within a function, that pyproject.toml does not require."""
    files = wheel(subject)
    in_clean_room(subject)
    known = {IMPORT_NAMES.get(_plain(name), _plain(name).replace("-", "_")) for name in required(files, extras=True)}
    trees = sources(files)
    strange = sorted(_imported(trees) - _own(trees) - {name.lower() for name in known} - known)
    true(not strange, "every import is of the standard library or required by pyproject.toml (extras count)",
         ", ".join(strange), "dependencies, or an extra")  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _own(trees: dict[str, ast.Module]) -> set[str]:
    return {NAME, *(Path(name).stem for name in trees if name.count("/") == 0)}


def _imported(trees: dict[str, ast.Module]) -> set[str]:
    """Top-level names of what is imported anywhere, but for the standard library."""
    import sys

    found = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"__future__"}


def quiet(subject: Subject) -> None:
    """Importing prints nothing, writes nothing, connects nowhere and starts nothing."""
    told = in_clean_room(subject)
    true(not told["said"], "importing prints nothing", told["said"][:80], "")
    true(not told["noted"], "importing does nothing but define names", told["noted"][0] if told["noted"] else "", "")


def agrees(subject: Subject) -> None:
    """The version is the same wherever it stands."""
    files = wheel(subject)
    version = str(message_from_string(about(files, "METADATA"))["Version"])
    fixed = project(subject).get("project", {}).get("version")
    true(fixed in (None, version), "pyproject.toml and the wheel say the same version", version, fixed)
    told = in_clean_room(subject)
    true(told["version"] == version, f"{NAME}.__version__ is the wheel's version", told["version"], version)


def doctests(subject: Subject) -> None:
    """There are examples in its docstrings, and they are true."""
    told = in_clean_room(subject)
    true(told["doctests"] >= 3, "its docstrings hold examples (>>>)", told["doctests"], "at least 3")
    true(not told["failed"], "the examples in its docstrings are true", told["failed"], "what the docstring says")
