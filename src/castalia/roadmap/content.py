"""All that the roadmap says, read from ``roadmap/data`` and checked: ``content().graph``, ``.projects``, ``.goals``.

Titles of topics stay in ``check/topics.toml``. Content that contradicts itself is refused with a sentence that names
the file and the id (:mod:`castalia.roadmap.lint`), so whoever holds a Content need not look again.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from castalia.core.errors import NotFound, WrongInput, did_you_mean
from castalia.roadmap import contracted
from castalia.roadmap.graph import Graph, Topic
from castalia.roadmap.projects import Project, Row
from castalia.roadmap.records import (
    LINKS_ONLY,
    Career,
    Completion,
    Correction,
    Endgame,
    Finding,
    Goal,
    Milestone,
    Resource,
    Roadmap,
    Skill,
    Source,
    Tip,
    Track,
)

DATA = Path(__file__).with_name("data")
EVERYTHING = "everything"


@dataclass(frozen=True)
class Content:
    """The roadmap's records by id, each kind in its own order."""

    topics: tuple[Topic, ...]
    """As they stand in the file; ``graph`` has them in an order in which they can be learned."""
    skills: Mapping[str, Skill]
    resources: Mapping[str, Resource]
    groups: Mapping[str, str]
    """Groups of resources that are no skill: id -> title."""
    roadmaps: Mapping[str, Roadmap]
    projects: Mapping[str, Project]
    tracks: Mapping[str, Track]
    completion: Mapping[str, Completion]
    tips: Mapping[str, Tip]
    careers: Mapping[str, Career]
    """All there are; show those that are ``shown``."""
    sources: Mapping[str, Source]
    corrections: Mapping[str, Correction]
    endgames: Mapping[str, Endgame]
    faults: tuple[Finding, ...] = ()
    """What could not be read at all."""

    @functools.cached_property
    def graph(self) -> Graph:
        return Graph(self.topics)

    @functools.cached_property
    def nine(self) -> tuple[Skill, ...]:
        """The nine skills, in order."""
        return tuple(skill for skill in self.skills.values() if skill.order <= 9)

    def of_skill(self, skill: str) -> tuple[str, ...]:
        """The topics of a skill."""
        return tuple(topic.id for topic in self.topics if topic.skill == skill)

    @property
    def goals(self) -> tuple[str, ...]:
        """The ids of all goals, a learner's own and single topics left out."""
        return (EVERYTHING, *self.endgames, *self.projects, *self.tracks, *self.skills)

    @functools.cached_property
    def former_goals(self) -> Mapping[str, str]:
        """Ids that goals had before -> what they are called today."""
        rows = [project.row for project in self.projects.values()]
        named: list[Endgame | Track | Row] = [*self.endgames.values(), *self.tracks.values(), *rows]
        return {old: one.id for one in named for old in one.renamed_from}

    def goal(self, id: str | Iterable[str]) -> Goal:
        """A goal by its id or a former one, or a learner's own as a list of topic ids. NotFound with a near miss."""
        if not isinstance(id, str):
            topics = tuple(dict.fromkeys(map(self.graph.current, id)))
            if not topics:
                raise WrongInput("a goal without a topic", "nothing", "topics, such as nl05", "Name at least one.")
            return Goal("own", "A goal of your own", "own", topics)
        id = self.former_goals.get(id, id)
        if id == EVERYTHING:
            return Goal(id, "Everything", id, tuple(topic.id for topic in self.topics))
        if id in self.endgames:
            return Goal(id, self.endgames[id].title, "endgame", self.endgames[id].topics)
        if id in self.projects:
            return Goal(id, self.projects[id].title, "project", self.projects[id].topics)
        if id in self.tracks:
            items = self.tracks[id].items
            named = [topic for item in items for topic in item.topics]
            named += [topic for item in items for name in item.projects for topic in self.projects[name].topics]
            return Goal(id, self.tracks[id].title, "track", tuple(dict.fromkeys(named)))
        if id in self.skills:
            return Goal(id, self.skills[id].title, "skill", self.of_skill(id))
        try:
            topic = self.graph.topics[self.graph.current(id)]
        except NotFound:
            cure = did_you_mean(id, self.goals).strip() or "Any project, track, skill or topic is a goal."
            raise NotFound(f"no goal {id!r}", "", f"one of {', '.join(self.goals[:8])}, ...", cure) from None
        return Goal(topic.id, topic.title, "topic", (topic.id,))

    def milestone(self, id: str) -> Milestone:
        """A milestone by ``churn/M1``; NotFound says which there are."""
        project = self.projects.get(id.partition("/")[0])
        for each in project.milestones if project else ():
            if each.id == id:
                return each
        known = ", ".join(each.id for each in project.milestones) if project else ", ".join(self.projects)
        raise NotFound(f"no milestone {id!r}", "", f"one of {known}", did_you_mean(id, known.split(", ")).strip())

    def links(self, topic: str) -> tuple[Resource, ...]:
        """What there is to learn a topic from: what names it first, then what is about its skill as a whole.

        In each of the two what is free comes first.
        """
        wanted = self.graph.topics[self.graph.current(topic)]
        usable = [one for one in self.resources.values() if one.takes_place]
        own = [one for one in usable if wanted.id in one.topics]
        skill = [one for one in usable if one.skill == wanted.skill and not one.topics]
        return tuple(one for some in (own, skill) for one in sorted(some, key=lambda one: one.cost != "free"))

    def url_of(self, tip: Tip) -> str:
        """Where to see what a tip is about; empty where it is about nothing in particular."""
        return next((self.resources[id].url for id in tip.resources if self.resources[id].url), "")

    def tips_for(self, *places: str) -> tuple[Tip, ...]:
        """The tips that apply to any of ``places``."""
        return tuple(tip for tip in self.tips.values() if set(places) & set(tip.applies))

    @functools.cached_property
    def checked(self) -> Mapping[str, tuple[str, ...]]:
        """Topic -> the contracts that check it: a claim names it and a mutant of it is rejected by such a claim."""
        found: dict[str, list[str]] = {}
        for name, asked in contracted.every().items():
            for topic in asked.rejected:
                if topic in asked.topics:
                    found.setdefault(topic, []).append(name)
        return {topic.id: tuple(found[topic.id]) for topic in self.topics if topic.id in found}

    def says(self, topic: str) -> str:
        """``links only`` of a topic that nothing checks, or nothing."""
        return "" if self.graph.current(topic) in self.checked else LINKS_ONLY


def content(folder: Path = DATA) -> Content:
    """The content of ``folder``, ours by default, read once. WrongInput names the file and the id of what is wrong."""
    return _content(folder)


@functools.lru_cache(maxsize=2)
def _content(folder: Path) -> Content:
    from castalia.roadmap.lint import faults
    from castalia.roadmap.loading import read

    found = read(folder)
    if wrong := faults(found):
        errors = [{"field": one.id, "message": str(one)} for one in wrong]
        first, more = wrong[0], f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise WrongInput(f"the roadmap's {first}{more}", "", "content that lint accepts", first.cure, errors=errors)
    return found
