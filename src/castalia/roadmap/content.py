"""All that the roadmap says, read from ``roadmap/data`` and checked: ``content().graph``, ``.projects``, ``.goals``.

Titles of topics stay in ``check/topics.toml``. Content that contradicts itself is refused with a sentence that names
the file and the id (:mod:`castalia.roadmap.lint`), so whoever holds a Content need not look again.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from castalia.check import topics as titles
from castalia.core.errors import NotFound, WrongInput, did_you_mean
from castalia.roadmap import contracted
from castalia.roadmap.graph import Graph, Topic
from castalia.roadmap.projects import Project
from castalia.roadmap.records import (
    LINKS_ONLY,
    Career,
    Completion,
    Correction,
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
Endgames = Mapping[str, tuple[str, tuple[str, ...]]]


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
    endgames: Endgames
    """Id -> title and topics."""
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

    @functools.cached_property
    def goals(self) -> Mapping[str, Goal]:
        """Everything a plan may lead to, by id."""
        made = [Goal(EVERYTHING, "Everything", "everything", tuple(topic.id for topic in self.topics))]
        made += [Goal(id, title, "endgame", topics) for id, (title, topics) in self.endgames.items()]
        made += [Goal(id, one.title, "project", one.topics) for id, one in self.projects.items()]
        for id, track in self.tracks.items():
            named = [topic for item in track.items for topic in item.topics]
            named += [topic for item in track.items for name in item.projects for topic in self.projects[name].topics]
            made.append(Goal(id, track.title, "track", tuple(dict.fromkeys(named))))
        made += [Goal(id, skill.title, "skill", self.of_skill(id)) for id, skill in self.skills.items()]
        return {goal.id: goal for goal in made}

    def goal(self, id: str | Iterable[str]) -> Goal:
        """A goal by its id, or a learner's own as a list of topic ids. NotFound with a near miss."""
        if not isinstance(id, str):
            topics = tuple(dict.fromkeys(map(self.graph.current, id)))
            return Goal("own", "A goal of your own", "own", topics)
        if id in self.goals:
            return self.goals[id]
        if id in self.graph.topics:
            return Goal(id, self.graph.topics[id].title, "topic", (id,))
        cure = did_you_mean(id, self.goals).strip() or "Any project, track, skill or topic is a goal."
        raise NotFound(f"no goal {id!r}", "", f"one of {', '.join(list(self.goals)[:8])}, ...", cure)

    def milestone(self, id: str) -> Milestone:
        """A milestone by ``churn/M1``; NotFound says which there are."""
        project = self.projects.get(id.partition("/")[0])
        for each in project.milestones if project else ():
            if each.id == id:
                return each
        known = ", ".join(each.id for each in project.milestones) if project else ", ".join(self.projects)
        raise NotFound(f"no milestone {id!r}", "", f"one of {known}", did_you_mean(id, known.split(", ")).strip())

    def links(self, topic: str) -> tuple[Resource, ...]:
        """What there is to learn a topic from: what names it first, then what is about its skill as a whole."""
        wanted = self.graph.topics[self.graph.current(topic)]
        usable = [one for one in self.resources.values() if one.takes_place]
        own = [one for one in usable if wanted.id in one.topics]
        return (*own, *(one for one in usable if one.skill == wanted.skill and not one.topics))

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


@functools.lru_cache(maxsize=1)
def _content(folder: Path) -> Content:
    from castalia.roadmap.lint import faults
    from castalia.roadmap.loading import read

    found = read(folder)
    if wrong := faults(found):
        errors = [{"field": one.id, "message": str(one)} for one in wrong]
        first, more = wrong[0], f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise WrongInput(f"the roadmap's {first}{more}", "", "content that lint accepts", first.cure, errors=errors)
    return found


def title_of(topic: str) -> str:
    """The title of a topic, from its one owner."""
    return titles.title(topic)
