#!/usr/bin/env python3
"""Keep lessons true: the code they quote, the checks they print and the figures they show are made from the source.

    tools/lessons.py            say what is no longer so
    tools/lessons.py --write    make it so

In a project's README.md and lesson/*.md

    <!-- code: layers.py Dense.forward Dense.backward -->   the python block below is this code
    <!-- check: dense conv -->                              the table below is what the project's tables.py finds now

and lesson/*.svg are what lesson_figures.py beside this file draws. A path of code begins at the project, or at the
package: kit/optim/gradient.py.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
PACKAGE = TOOLS.parent / "src" / "castalia"
CODE = re.compile(r"^<!-- code: (\S+) ([\w. ]+?) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHECK = re.compile(r"^<!-- check: ([\w ]+?) -->\n((?:\|.*\n)*)", re.MULTILINE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def pages(package: Path = PACKAGE) -> list[Path]:
    """Every page of every lesson."""
    found = [*package.glob("projects/*/README.md"), *package.glob("projects/*/lesson/*.md")]
    return sorted(found)


def project(page: Path) -> Path:
    """The folder of the project that a page belongs to."""
    return page.parent.parent if page.parent.name == "lesson" else page.parent


def code(page: Path, file: str, names: str) -> str:
    """The source of ``names`` ("Dense.backward softmax"), one after another; methods stand below their class."""
    path = next((at for at in (project(page) / file, PACKAGE / file) if at.is_file()), None)
    if path is None:
        raise LookupError(f"{file} is neither in {project(page).name} nor in the package")
    text = path.read_text("utf-8")
    blocks: list[str] = []
    inside = ""
    for name in names.split():
        owner = name.rpartition(".")[0]
        if owner and owner == inside:
            blocks[-1] += f"\n\n{_part(text, name, file)}"
        elif owner:
            blocks.append(f"{_part(text, owner, file).splitlines()[0]}\n{_part(text, name, file)}")
        else:
            blocks.append(_part(text, name, file))
        inside = owner
    return "\n\n\n".join(blocks) + "\n"


def _part(text: str, name: str, file: str) -> str:
    """The lines of a function or class, as they stand."""
    body: list[ast.stmt] = ast.parse(text).body
    found: Any = None
    for step in name.split("."):
        found = next((each for each in body if getattr(each, "name", None) == step), None)
        if found is None:
            raise LookupError(f"{file} has no {name}")
        body = getattr(found, "body", [])
    start = min([found.lineno, *(each.lineno for each in found.decorator_list)]) - 1
    return "\n".join(text.splitlines()[start : found.end_lineno])


def table(page: Path, asked: str) -> list[list[Any]]:
    """What the project finds now."""
    return importlib.import_module(f"castalia.projects.{project(page).name}.tables").table(asked)  # type: ignore[no-any-return]


def drawn(rows: list[list[Any]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


def fits(rows: list[list[Any]], text: str) -> bool:
    """Whether what is printed holds: words are equal, numbers near, bounds kept."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    del lines[1:2]
    if [len(line) for line in lines] != [len(row) for row in rows]:
        return False
    return all(
        shown == cell if isinstance(cell, str) else cell.fits(shown)
        for line, row in zip(lines, rows, strict=True)
        for shown, cell in zip(line, row, strict=True)
    )


def wrong(page: Path) -> Iterator[str]:
    """What a page says and is not so."""
    text = page.read_text("utf-8")
    for file, names, shown in CODE.findall(text):
        if shown != code(page, file, names):
            yield f"the code of {file} {names} is another"
    for asked, shown in CHECK.findall(text):
        if not fits(table(page, asked), shown):
            yield f"the check {asked} finds something else"
    marks = len(re.findall(r"^<!-- (?:code|check):", text, re.MULTILINE))
    if marks != len(CODE.findall(text)) + len(CHECK.findall(text)):
        yield "a comment for code or a check stands before no block"


def write(page: Path) -> None:
    """Make a page say what is so; a table that still holds is left alone."""
    text = page.read_text("utf-8")
    text = CODE.sub(lambda m: f"<!-- code: {m[1]} {m[2]} -->\n```python\n{code(page, m[1], m[2])}```", text)

    def checked(match: re.Match[str]) -> str:
        rows = table(page, match[1])
        return match[0] if fits(rows, match[2]) else f"<!-- check: {match[1]} -->\n{drawn(rows)}"

    page.write_text(CHECK.sub(checked, text), "utf-8")


def same(drawing: str, kept: str) -> bool:
    """Whether two drawings are the same, but for the last digit of their coordinates."""
    if NUMBER.sub("#", drawing) != NUMBER.sub("#", kept):
        return False
    pairs = zip(NUMBER.findall(drawing), NUMBER.findall(kept), strict=True)
    return all(abs(float(one) - float(other)) <= 0.25 for one, other in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make the lessons say what is so")
    asked = parser.parse_args()
    sys.path.insert(0, str(TOOLS))
    import lesson_figures

    found = 0
    for path, drawing in lesson_figures.all_of_them().items():
        if path.is_file() and same(drawing, path.read_text("utf-8")):
            continue
        found += 1
        print(f"{path.relative_to(PACKAGE)}: the figure is another")
        if asked.write:
            path.write_text(drawing, "utf-8")
    for page in pages():
        for words in wrong(page):
            found += 1
            print(f"{page.relative_to(PACKAGE)}: {words}")
        if asked.write:
            write(page)
    if asked.write:
        return 0
    print("lessons: " + (f"{found} to mend: tools/lessons.py --write" if found else "all is so"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
