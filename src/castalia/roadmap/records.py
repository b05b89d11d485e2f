"""The records of the roadmap's content, as they stand in ``roadmap/data``.

Every record has an id that never changes. Texts are ours; titles of resources, links and numbers are facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from castalia.roadmap.rules import Count

KINDS = (
    "course", "video", "playlist", "channel", "book", "paper", "docs", "repo", "platform", "dataset-index",
    "paper-index", "community", "link-list", "library", "tool", "subject",
)  # fmt: skip
"""Of a resource. A ``subject`` is something to look up, named without any resource."""
COSTS = ("free", "paid")
STATUSES = ("live", "dead", "renamed", "resting")
"""``resting``: still there, nothing new comes."""
PLACES = ("plan", "gap", "today", "journal", "portfolio", "intake")
"""Where a tip may be shown besides at a skill, a topic, a project or a track."""
NO_CHECK = "no check yet"
LINKS_ONLY = "links only"


@dataclass(frozen=True)
class Skill:
    """A group of topics; the nine have weeks, or are without an end (research)."""

    id: str
    title: str
    order: int
    description: str
    weeks: int = 0
    topic_hours: float = 0.0
    """Hours of each of its topics, where it has no weeks."""


@dataclass(frozen=True)
class Resource:
    """Something to learn from."""

    id: str
    title: str
    kind: str
    cost: str
    skill: str
    """A skill, or a group of resources."""
    cost_as_of: str = ""
    """When the cost and the hours were written down."""
    cost_said: str = ""
    """What the roadmap that names it says, where that is something else."""
    url: str = ""
    """Empty where it was named without a link."""
    printed: str = ""
    """The link as the roadmap prints it, where that carries a tracker."""
    topics: tuple[str, ...] = ()
    hours: float = 0.0
    """A rough guess; 0 is unknown."""
    language: str = "en"
    scope: str = ""
    """Which part of it is meant."""
    status: str = "live"
    replacement: str = ""
    """The resource to take instead."""
    alternatives: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """The roadmaps that name it; empty for one of ours."""
    note: str = ""

    @property
    def takes_place(self) -> bool:
        """Whether it can still be used as it is."""
        return self.status in ("live", "resting")


@dataclass(frozen=True)
class Step:
    """A line of a block, or a note of a roadmap."""

    id: str
    words: str


@dataclass(frozen=True)
class Block:
    """A part of a roadmap: some weeks, a step, a group."""

    id: str
    title: str
    weeks: tuple[int, ...] = ()
    """First and last week, where it has any."""
    days: tuple[int, ...] = ()
    """Its time box: at least and at most so many days."""
    topics: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    produces: tuple[str, ...] = ()
    """What is there when it is done."""
    scope: str = ""
    open: tuple[str, ...] = ()
    """What the source leaves open."""


@dataclass(frozen=True)
class Roadmap:
    """One of the five, as a view over the graph."""

    id: str
    title: str
    source: str
    summary: str
    blocks: tuple[Block, ...] = ()
    notes: tuple[Step, ...] = ()
    goal: str = ""
    """The goal it leads to, where it names one."""

    @property
    def by_week(self) -> Mapping[str, int]:
        """Topic -> the last week of the first block that has it, for a learner who follows its order."""
        weeks = [(topic, block.weeks[1]) for block in self.blocks if block.weeks for topic in block.topics]
        return dict(reversed(weeks))


@dataclass(frozen=True)
class Milestone:
    """A part of a project. Without a check it can only be linked or reported by the learner."""

    project: str
    number: str
    """M1, M2, ... in the order to build them."""
    title: str
    minutes: int
    """A first estimate."""
    topics: Mapping[str, float] = field(default_factory=dict, hash=False)
    """What it is about, with weights that sum to one at most."""
    words: str = ""
    """What it would have to show, where there is no contract to say so."""
    tier: str = "core"
    check: bool = False
    """Whether a contract checks it."""

    @property
    def id(self) -> str:
        """``churn/M1``."""
        return f"{self.project}/{self.number}"

    @property
    def says(self) -> str:
        """``no check yet``, or nothing."""
        return "" if self.check else NO_CHECK


@dataclass(frozen=True)
class TrackItem:
    """One of the five items of a track."""

    id: str
    title: str
    topics: tuple[str, ...]
    projects: tuple[str, ...]


@dataclass(frozen=True)
class Track:
    """A specialization."""

    id: str
    title: str
    source: str
    items: tuple[TrackItem, ...] = ()
    renamed_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Completion:
    """One of the sixteen completion items: complete when its rule holds (``roadmap/rules.py``)."""

    id: str
    group: str
    title: str
    rule: tuple[Count, ...] = ()


@dataclass(frozen=True)
class Tip:
    """Advice, with the places where it is shown: skills, topics, projects, tracks, or one of PLACES."""

    id: str
    source: str
    words: str
    applies: tuple[str, ...]
    resources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Career:
    """A salary in thousands a year. Shown only with a date and a source."""

    id: str
    role: str
    low: float
    high: float
    currency: str = "USD"
    open_ended: bool = False
    """The source writes ``500+``."""
    as_of: str = ""
    source: str = ""

    @property
    def shown(self) -> bool:
        return bool(self.as_of and self.source)


@dataclass(frozen=True)
class Source:
    """A roadmap that ours is made of, and what was changed."""

    id: str
    title: str
    file: str
    changed: tuple[str, ...]
    url: str = ""
    dated: str = ""


@dataclass(frozen=True)
class Correction:
    """Where a source is wrong or out of date, and what stands here instead."""

    id: str
    source: str
    about: tuple[str, ...]
    """Ids of what it is about; "careers" for the careers."""
    was: str
    now: str
    why: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endgame:
    """A goal that is more than one project."""

    id: str
    title: str
    topics: tuple[str, ...]
    renamed_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Goal:
    """What a plan may lead to: the closure of its topics."""

    id: str
    title: str
    kind: str
    """project, track, skill, endgame, everything, topic, or own."""
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Something wrong in the content: where, what, and what to do."""

    file: str
    id: str
    words: str
    cure: str = ""

    def __str__(self) -> str:
        """``tracks.toml: vision: no topic 'cv99'``."""
        return ": ".join(part for part in (self.file, self.id, self.words) if part)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"file": self.file, "id": self.id, "words": self.words, "cure": self.cure}
