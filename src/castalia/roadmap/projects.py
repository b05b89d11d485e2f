"""The 27 projects of the roadmap: what the data says, and what their cards and contracts say instead.

Nothing stands twice. A project whose folder is there has number, skill and title from its card, and one with a contract
has its milestones from that. A project on our shelf that the data does not know belongs to the roadmap too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from castalia import catalog
from castalia.catalog import Card
from castalia.roadmap.contracted import contracted
from castalia.roadmap.reading import Reader
from castalia.roadmap.records import Milestone

FILE = "projects.toml"


@dataclass(frozen=True)
class Stage:
    """A milestone as it stands in projects.toml, where its number is its place."""

    title: str
    words: str
    minutes: int
    topics: Mapping[str, float]
    tier: str = "core"

    def milestone(self, project: str, number: int) -> Milestone:
        """The same as a milestone without a check."""
        return Milestone(project=project, number=f"M{number}", **vars(self))


@dataclass(frozen=True)
class Row:
    """A project as it stands in projects.toml."""

    id: str
    number: str = ""
    skill: str = ""
    title: str = ""
    includes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    practises: tuple[str, ...] = ()
    milestones: tuple[Stage, ...] = ()
    renamed_from: tuple[str, ...] = ()
    """Names it had before."""


@dataclass(frozen=True)
class Project:
    """Something to build. ``id`` is its folder, page and command as well."""

    id: str
    number: str
    skill: str
    title: str
    row: Row
    minutes: int = 0
    """A first estimate."""
    card: bool = False
    """Whether its folder is there."""
    contract: bool = False

    @property
    def includes(self) -> tuple[str, ...]:
        return self.row.includes

    @property
    def features(self) -> tuple[str, ...]:
        return self.row.features

    @property
    def practises(self) -> tuple[str, ...]:
        return self.row.practises

    @functools.cached_property
    def milestones(self) -> tuple[Milestone, ...]:
        """In the order to build them. With a contract, half of the minutes are dealt out evenly, half by claims."""
        if not self.contract:
            return tuple(stage.milestone(self.id, number) for number, stage in enumerate(self.row.milestones, 1))
        asked = contracted(self.id).milestones
        claims = sum(len(each.claims) for each in asked)
        shares = [0.5 / len(asked) + 0.5 * len(each.claims) / claims for each in asked]
        dealt = [max(5, 5 * round(self.minutes * share / 5)) for share in shares]
        return tuple(
            Milestone(self.id, each.number, each.title, minutes, each.topics, check=True)
            for each, minutes in zip(asked, dealt, strict=True)
        )

    @property
    def topics(self) -> tuple[str, ...]:
        """What its milestones are about, each topic once, in their order."""
        return tuple(dict.fromkeys(topic for each in self.milestones for topic in each.topics))


def read_projects(reader: Reader, skills: Mapping[str, str]) -> dict[str, Project]:
    """Every project by id, in the order of the numbers. ``skills``: a skill's title -> its id."""
    cards, made = {card.name: card for card in shelf()}, {}
    rows = reader.tables(FILE)
    for id in [*rows, *(name for name in cards if name not in rows)]:
        row = reader.record(FILE, Row, {**rows.get(id, {}), "id": id})
        if row is None:
            continue
        card = cards.get(id)
        said = {field: getattr(row, field) for field in ("number", "skill", "title")}
        if card:
            said = {"number": card.number, "skill": skills.get(card.skill, card.skill), "title": card.title}
        elif missing := [field for field, value in said.items() if not value]:
            reader.wrong(FILE, id, f"{missing[0]} is missing, and there is no card", f"Add {missing[0]}.")
            continue
        made[id] = Project(
            **said,
            id=id,
            row=row,
            minutes=card.minutes if card else sum(stage.minutes for stage in row.milestones),
            card=card is not None,
            contract=card is not None and (card.folder / "contract.py").is_file(),
        )
    return dict(sorted(made.items(), key=lambda pair: _order(pair[1].number)))


def shelf() -> Iterable[Card]:
    """The cards of our own shelf that have a number."""
    found = (catalog.read_card(path) for path in sorted(catalog.OURS.glob("*/card.toml")))
    return [card for card in found if card.number]


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 99 for part in number.split("."))
