"""What a learner has beside the roadmap: own resources and items, links to what was made, pages of the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class OwnResource:
    """Something of the learner's own in the week of a day."""

    title: str
    day: date
    hours: float
    topic: str = ""
    url: str = ""


@dataclass(frozen=True)
class OwnItem:
    """An item of progress that only the learner knows of."""

    title: str
    done: bool = False
    url: str = ""


@dataclass(frozen=True)
class Link:
    """Something that the learner made and can be looked at."""

    url: str
    sort: str
    """One of ``rules.LINKS``, or ``milestone``."""
    title: str = ""
    about: str = ""
    """A milestone or a project, where it is about one."""
    day: date = date.min


@dataclass(frozen=True)
class Page:
    """The journal of one week, as far as the learner wrote it."""

    monday: date
    goal: str = ""
    results: str = ""
    surprised: str = ""
    hours: float = 0.0
    """Hours spent; 0: not said."""
    topics: tuple[str, ...] = ()
    """Topics that hurt."""
