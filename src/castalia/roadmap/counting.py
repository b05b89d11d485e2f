"""What the counts of a completion rule count among: ``of = ["mo", "paper"]`` as the projects that it means."""

from __future__ import annotations

from castalia.roadmap.content import Content
from castalia.roadmap.rules import LINKS, Count


def nameable(count: Count, content: Content) -> set[str]:
    """What ``of`` of a count may name."""
    topics, projects = {topic.id for topic in content.topics}, set(content.projects)
    milestones = {f"{id}/M{n}" for id, one in content.projects.items() for n in range(1, 1 + len(one.row.milestones))}
    return {
        "topics": topics | set(content.skills),
        "projects": projects | set(content.skills),
        "milestones": milestones | projects | set(content.skills),
        "tracks": set(content.tracks),
        "links": set(LINKS),
    }.get(count.count, set())


def among(count: Count, content: Content) -> tuple[str, ...]:
    """The ids that a count counts among, skills and projects taken apart. Kinds of links as they are."""
    wanted = set(count.of)
    if count.count == "topics":
        return tuple(one.id for one in content.topics if not wanted or wanted & {one.id, one.skill})
    if count.count == "projects":
        return tuple(id for id, one in content.projects.items() if not wanted or wanted & {id, one.skill})
    if count.count == "milestones":
        every = [(one, each.id) for one in content.projects.values() for each in one.milestones]
        return tuple(id for one, id in every if not wanted or wanted & {id, one.id, one.skill})
    if count.count == "tracks":
        return tuple(id for id in content.tracks if not wanted or id in wanted)
    return count.of
