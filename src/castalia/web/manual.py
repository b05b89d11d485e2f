"""/manual: what there is to read, so that the search finds it: the pages of docs/ and the lessons of the projects.

The pages come with the package, in a wheel as in a checkout; only names that were listed are opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

from fastapi import APIRouter

from castalia import catalog
from castalia.core.errors import NotFound
from castalia.core.record import Record
from castalia.core.settings import Settings
from castalia.runtime.libraries import DOCS

_FENCED = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,2})\s+(.+?)\s*#*$", re.MULTILINE)
_MARKS = re.compile(r"[`*]|\[([^\]]+)\]\([^)]*\)")
MOST_SECTIONS = 60


class Entry(Record):
    """One page that can be read."""

    kind: Literal["docs", "lesson", "library"]
    """docs: a page of the manual; lesson: of a system; library: of a project that answers nothing."""
    name: str
    """The page's name, or the address of the project whose lesson it is."""
    chapter: str = ""
    """Of a lesson in several pages: which one; empty for the first."""
    title: str
    """What stands at its head."""
    sections: tuple[str, ...] = ()
    """The headings inside."""


class Page(Record):
    """A page of the manual."""

    name: str
    """Its name."""
    title: str
    """What stands at its head."""
    text: str
    """Markdown, without the head."""


def router(settings: Settings) -> APIRouter:
    """The routes of the manual."""
    routes = APIRouter(tags=["workbench"])

    @routes.get("/manual", summary="What there is to read: pages of the manual, lessons")
    def entries() -> list[Entry]:
        return [*_pages(), *_lessons(settings)]

    @routes.get("/manual/{name}", summary="A page of the manual")
    def page(name: str) -> Page:
        path = paths().get(name)
        if path is None:
            raise NotFound(f"the manual has no page {name[:80]!r}", cure="GET /manual lists them.")
        text = path.read_text("utf-8")
        head = next((found for found in _heads(text) if found[1] == "#"), None)
        return Page(name=name, title=_told(text, name)[0], text=text[head.end() :].lstrip() if head else text)

    return routes


def paths() -> dict[str, Path]:
    """The files of the manual by name: those of the wheel, else of the checkout; none where there are none."""
    for folder in DOCS:
        found = {path.stem: path for path in sorted(folder.glob("*.md")) if path.is_file()}
        if found:
            return found
    return {}


def _pages() -> Iterator[Entry]:
    for name, path in paths().items():
        title, sections = _told(path.read_text("utf-8"), name)
        yield Entry(kind="docs", name=name, title=title, sections=sections)


def _lessons(settings: Settings) -> Iterator[Entry]:
    for card in catalog.cards(settings):
        kind: Literal["lesson", "library"] = "lesson" if card.is_system else "library"
        chapters = {"": card.lesson(), **(card.chapters() if card.is_system else {})}
        for file, text in chapters.items():
            if text:
                title, sections = _told(text, card.title)
                chapter = Path(file).stem
                name = card.address.replace("/", "~")
                yield Entry(kind=kind, name=name, chapter=chapter, title=title, sections=sections)


def _heads(text: str) -> Iterator[re.Match[str]]:
    """The headings of Markdown that stand outside of code."""
    return _HEADING.finditer(_FENCED.sub(lambda code: " " * len(code[0]), text))


@lru_cache(maxsize=256)
def _told(text: str, otherwise: str) -> tuple[str, tuple[str, ...]]:
    """(the title, the headings below it) of Markdown; of each text once."""
    found = [(len(head[1]), _MARKS.sub(r"\1", head[2])) for head in _heads(text)]
    title = next((words for level, words in found if level == 1), otherwise)
    return title, tuple(words for level, words in found if level == 2)[:MOST_SECTIONS]
