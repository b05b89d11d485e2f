"""Where a learner's code lies: the file that an adapter is given, and the folder whose files are the learner's own."""

from __future__ import annotations

from pathlib import Path

from castalia.core.errors import NotFound


def placed(path: Path, adapter: str) -> tuple[Path, Path]:
    """What the adapter is given, and the root of the learner's files. ``NotFound`` where there is no such thing."""
    if adapter == "repository":
        folder = path if path.is_dir() else project_of(path)
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder}", str(path), "a repository", "name it with --at")
        return folder, folder
    program = adapter in ("command", "port")
    file = path / ("__main__.py" if program else "__init__.py") if path.is_dir() else path
    if not path.is_dir() and not file.is_file():
        raise NotFound(f"There is no file {path}", str(path), "a .py file or a package", "name it with --at")
    if program and file.name == "__init__.py":
        file = file.with_name("__main__.py")  # the package, run as a program
    elif not program and not file.is_file():
        raise NotFound(f"There is no file {path}", str(path), "a .py file or a package", "name it with --at")
    return file, root_of(file)


def project_of(file: Path) -> Path:
    """The folder of the whole project that a module belongs to: the nearest with a pyproject.toml; none above src/."""
    root = root_of(file)
    outer = root.parent if root.name == "src" else root
    for folder in dict.fromkeys((file.parent, root, outer)):
        if (folder / "pyproject.toml").is_file():
            return folder
    return outer


def root_of(file: Path) -> Path:
    """The folder whose files are the learner's own: that of a module, the one around a package."""
    package = file.name in ("__init__.py", "__main__.py") and file.with_name("__init__.py").is_file()
    return file.parents[1] if package else file.parent
