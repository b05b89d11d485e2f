"""Whether the content agrees with itself: cycles, orphans, unknown ids, links without a kind, figures out of order.

``faults`` is what content is refused for when it is read; ``lint`` looks at contracts and cards as well, and is what
``castalia roadmap lint`` says. Both return records and raise nothing.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from castalia.check import topics as titles
from castalia.core.errors import did_you_mean
from castalia.roadmap import contracted
from castalia.roadmap.content import EVERYTHING, Content
from castalia.roadmap.counting import among, nameable
from castalia.roadmap.graph import cycle
from castalia.roadmap.records import COSTS, KINDS, PLACES, STATUSES, Finding

Findings = Iterator[Finding]
_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_NUMBER = re.compile(r"[1-9]\.[0-9]+")
_DATE = re.compile(r"20\d\d-[01]\d(-[0-3]\d)?")


def faults(content: Content) -> list[Finding]:
    """What the content is refused for; where files could not be read, only that."""
    parts: tuple[Callable[[Content], Findings], ...] = (
        _ids, _topics, _resources, _roadmaps, _projects, _tracks, _completion, _advice, _goals, _orphans,
    )  # fmt: skip
    return list(content.faults) or [finding for part in parts for finding in part(content)]


def lint(content: Content) -> list[Finding]:
    """All that is wrong with the content, its projects' cards and the topics of contracts."""
    found = faults(content)
    return found or [*_cards(content), *_contracts(content)]


def _unknown(file: str, id: str, names: Iterable[str], known: Collection[str], what: str) -> Findings:
    """A finding for each name that is not known."""
    for name in names:
        if name not in known:
            near = did_you_mean(name, known).strip()
            yield Finding(file, id, f"no {what} {name!r}", near or f"Correct the id, or add the {what}.")


def _ids(content: Content) -> Findings:
    for file, ids in _files(content).items():
        for id, number in Counter(ids).items():
            if number > 1:
                yield Finding(file, id, "the id is there twice", "Rename one; an id never changes afterwards.")
            if not _ID.fullmatch(id):
                yield Finding(file, id, "is no id: small letters, digits, _ and dots", "Rename it.")


def _files(content: Content) -> Mapping[str, list[str]]:
    roadmaps = list(content.roadmaps.values())
    blocks = [block for roadmap in roadmaps for block in roadmap.blocks]
    steps = [step for roadmap in roadmaps for step in roadmap.notes]
    steps += [step for block in blocks for step in block.steps]
    return {
        "skills.toml": list(content.skills),
        "topics.toml": [topic.id for topic in content.topics],
        "resources.toml": [*content.resources, *content.groups],
        "roadmaps.toml": [*content.roadmaps, *(block.id for block in blocks), *(step.id for step in steps)],
        "projects.toml": list(content.projects),
        "tracks.toml": [*content.tracks, *(item.id for track in content.tracks.values() for item in track.items)],
        "completion.toml": list(content.completion),
        "tips.toml": list(content.tips),
        "careers.toml": list(content.careers),
        "sources.toml": list(content.sources),
        "corrections.toml": list(content.corrections),
        "endgames.toml": list(content.endgames),
    }


def _topics(content: Content) -> Findings:
    file = "topics.toml"
    known = {topic.id for topic in content.topics}
    former = Counter(old for topic in content.topics for old in topic.renamed_from)
    for topic in content.topics:
        yield from _unknown(file, topic.id, topic.requires, known, "topic")
        yield from _unknown(file, topic.id, topic.encompasses, known, "topic")
        yield from _unknown(file, topic.id, [topic.skill], content.skills, "skill")
        yield from _unknown(file, topic.id, topic.sources, content.sources, "source")
        if topic.id not in titles.titles():
            yield Finding(file, topic.id, "has no title", "Add it to check/topics.toml.")
        for other, weight in topic.encompasses.items():
            if not 0 < weight <= 1:
                yield Finding(file, topic.id, f"encompasses {other} with weight {weight:g}", "From 0 to 1.")
        for old in topic.renamed_from:
            if old in known or former[old] > 1:
                yield Finding(file, topic.id, f"renamed_from {old} collides", "A former id belongs to one topic.")
        if fault := topic.hours.fault():
            yield Finding(file, topic.id, fault, "Correct the hours.")
    for kind in ("requires", "encompasses"):
        edges = {topic.id: [other for other in getattr(topic, kind) if other in known] for topic in content.topics}
        if circle := cycle(edges):
            words = f"a cycle of {kind}: {' -> '.join((*circle, circle[0]))}"
            yield Finding(file, circle[0], words, f"Remove one {kind} of these.")
    for id in titles.titles():
        if id not in known:
            yield Finding(file, id, "has a title in check/topics.toml and is no topic", "Add it, or drop the title.")


def _resources(content: Content) -> Findings:
    file = "resources.toml"
    topics, groups = {topic.id for topic in content.topics}, {*content.skills, *content.groups}
    links = Counter(one.url for one in content.resources.values() if one.url)
    for id, one in content.resources.items():
        for field, known in (("kind", KINDS), ("cost", COSTS), ("status", STATUSES)):
            yield from _unknown(file, id, [getattr(one, field)], known, field)
        yield from _unknown(file, id, [one.skill], groups, "skill or group")
        yield from _unknown(file, id, one.topics, topics, "topic")
        yield from _unknown(file, id, one.sources, content.sources, "source")
        others = [*one.alternatives, *([one.replacement] if one.replacement else [])]
        yield from _unknown(file, id, others, content.resources, "resource")
        if id in others:
            yield Finding(file, id, "stands in for itself", "Name another one.")
        for url in filter(None, (one.url, one.printed)):
            if not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", url):
                yield Finding(file, id, f"{url!r} is no link", "Write it with https://.")
        if one.url and links[one.url] > 1:
            yield Finding(file, id, "its link is there twice", "Keep one and name all its sources.")
        if not one.takes_place and not one.replacement:
            yield Finding(file, id, f"is {one.status} without a replacement", "Name what to use instead.")
        if one.replacement and not content.resources.get(one.replacement, one).takes_place:
            yield Finding(file, id, f"its replacement {one.replacement} cannot be used either", "Name another.")
        if not _DATE.fullmatch(one.cost_as_of):
            yield Finding(file, id, "its cost has no date", "Write cost_as_of, or noted for the file.")
        if one.hours < 0:
            yield Finding(file, id, f"takes {one.hours:g} hours", "Leave out what is unknown.")


def _roadmaps(content: Content) -> Findings:
    file = "roadmaps.toml"
    topics = {topic.id for topic in content.topics}
    for roadmap in content.roadmaps.values():
        yield from _unknown(file, roadmap.id, [roadmap.source], content.sources, "source")
        for block in roadmap.blocks:
            yield from _unknown(file, block.id, block.topics, topics, "topic")
            yield from _unknown(file, block.id, block.resources, content.resources, "resource")
            yield from _unknown(file, block.id, block.projects, content.projects, "project")
            for name in ("weeks", "days"):
                span = getattr(block, name)
                if span and not (len(span) == 2 and 0 <= span[0] <= span[1]):
                    yield Finding(file, block.id, f"{name} {list(span)} are no first and last", "Write [1, 4].")
        weeks = [block for block in roadmap.blocks if len(block.weeks) == 2]
        for before, after in itertools.pairwise(weeks):
            if after.weeks[0] <= before.weeks[1]:
                words = f"begins in week {after.weeks[0]}, before {before.id} ends"
                yield Finding(file, after.id, words, "Correct the weeks.")
    for source in content.sources:
        views = [one for one in content.roadmaps.values() if one.source == source]
        here = {topic for one in views for block in one.blocks for topic in block.topics}
        tracks = [one for one in content.tracks.values() if one.source == source]
        here |= {topic for one in tracks for item in one.items for topic in item.topics}
        for topic in content.topics:
            if source in topic.sources and topic.id not in here:
                words = f"names {source}, which has it in no block and no track"
                yield Finding("topics.toml", topic.id, words, "Add it to a block.")


def _projects(content: Content) -> Findings:
    """Of the data alone: a card that somebody adds must not make the whole roadmap unreadable."""
    file = "projects.toml"
    topics, numbers = (
        {topic.id for topic in content.topics},
        Counter(one.row.number for one in content.projects.values()),
    )
    for id, project in content.projects.items():
        yield from _unknown(file, id, [project.skill], content.skills, "skill")
        if (own := project.row.number) and (not _NUMBER.fullmatch(own) or numbers[own] > 1):
            yield Finding(file, id, f"number {own!r}", "A number of its own, such as 2.1.")
        for number, stage in enumerate(project.row.milestones, 1):
            name = f"{id}/M{number}"
            yield from _unknown(file, name, stage.topics, topics, "topic")
            yield from _unknown(file, name, [stage.tier], ("core", "stretch", "perf"), "tier")
            if any(not 0 < weight <= 1 for weight in stage.topics.values()) or sum(stage.topics.values()) > 1 + 1e-9:
                words = f"weights {dict(stage.topics)} do not sum to one at most"
                yield Finding(file, name, words, "Write weights from 0 to 1.")
            if not stage.topics:
                yield Finding(file, name, "is about no topic", "Name its topics.")
            if not 0 < stage.minutes <= 6000:
                yield Finding(file, name, f"takes {stage.minutes} minutes", "Write an estimate.")


def _tracks(content: Content) -> Findings:
    topics = {topic.id for topic in content.topics}
    for track in content.tracks.values():
        yield from _unknown("tracks.toml", track.id, [track.source], content.sources, "source")
        if len(track.items) != 5:
            yield Finding("tracks.toml", track.id, f"has {len(track.items)} items", "A track has five.")
        for item in track.items:
            yield from _unknown("tracks.toml", item.id, item.topics, topics, "topic")
            yield from _unknown("tracks.toml", item.id, item.projects, content.projects, "project")
            if not item.topics:
                yield Finding("tracks.toml", item.id, "has no topic", "Name what it is about.")


def _completion(content: Content) -> Findings:
    file = "completion.toml"
    for item in content.completion.values():
        if not item.rule:
            yield Finding(file, item.id, "has no rule", "A tick is a query over evidence: roadmap/rules.py.")
        for count in item.rule:
            if fault := count.fault():
                yield Finding(file, item.id, fault, "roadmap/rules.py says what a rule may say.")
            yield from _unknown(file, item.id, count.of, nameable(count, content), f"{count.count[:-1]} to count")
            there = among(count, content)
            if count.count != "links" and count.at_least > len(there):
                yield Finding(file, item.id, f"wants {count.at_least} of {len(there)} {count.count}", "Ask for fewer.")


def _advice(content: Content) -> Findings:
    topics = {topic.id for topic in content.topics}
    places = {*topics, *content.skills, *content.projects, *content.tracks, *PLACES}
    for tip in content.tips.values():
        yield from _unknown("tips.toml", tip.id, [tip.source], content.sources, "source")
        yield from _unknown("tips.toml", tip.id, tip.applies, places, "place")
        yield from _unknown("tips.toml", tip.id, tip.resources, content.resources, "resource")
        if not tip.applies:
            yield Finding("tips.toml", tip.id, "applies nowhere", f"Name a place: {', '.join(PLACES)}, or an id.")
    for career in content.careers.values():
        if not 0 < career.low <= career.high:
            yield Finding("careers.toml", career.id, f"{career.low:g} to {career.high:g}", "The lower one first.")
        if bool(career.as_of) != bool(career.source) or (career.as_of and not _DATE.fullmatch(career.as_of)):
            yield Finding("careers.toml", career.id, "needs a date and a source, or neither", "It is not shown then.")
    blocks = {block.id for roadmap in content.roadmaps.values() for block in roadmap.blocks}
    about = {*topics, *content.resources, *content.projects, *blocks, "careers"}
    for one in content.corrections.values():
        yield from _unknown("corrections.toml", one.id, [one.source], content.sources, "source")
        yield from _unknown("corrections.toml", one.id, one.about, about, "record")


def _goals(content: Content) -> Findings:
    topics = {topic.id for topic in content.topics}
    for id, endgame in content.endgames.items():
        yield from _unknown("endgames.toml", id, endgame.topics, topics, "topic")
        if not endgame.topics:
            yield Finding("endgames.toml", id, "has no topics", "Name what it ends with.")
    ids = [EVERYTHING, *content.endgames, *content.projects, *content.tracks, *content.skills, *sorted(topics)]
    for id, number in Counter([*ids, *content.former_goals]).items():
        if number > 1:
            yield Finding("endgames.toml", id, "is the id of two goals", "Rename the endgame or the track.")
    for roadmap in content.roadmaps.values():
        if roadmap.goal:
            yield from _unknown("roadmaps.toml", roadmap.id, [roadmap.goal], ids, "goal")


def _orphans(content: Content) -> Findings:
    """What nothing leads to."""
    blocks = [block for roadmap in content.roadmaps.values() for block in roadmap.blocks]
    shown = {name for block in blocks for name in block.resources}
    shown |= {name for tip in content.tips.values() for name in tip.resources}
    shown |= {one.replacement for one in content.resources.values()}
    for id, one in content.resources.items():
        if id not in shown and (one.sources or not one.topics):
            words = "is an orphan: in no block and no tip" if one.sources else "is an orphan: about no topic"
            yield Finding("resources.toml", id, words, "Add it to a block, or name its topics.")
    placed = {topic for block in blocks for topic in block.topics}
    placed |= {topic for one in content.projects.values() for stage in one.row.milestones for topic in stage.topics}
    placed |= {topic for track in content.tracks.values() for item in track.items for topic in item.topics}
    usable = [one for one in content.resources.values() if one.takes_place]
    learned = {topic for one in usable for topic in one.topics} | {one.skill for one in usable if not one.topics}
    for each in content.topics:
        if each.id not in placed:
            yield Finding("topics.toml", each.id, "is an orphan: in no roadmap, milestone or track", "Place it.")
        if not learned & {each.id, each.skill}:
            yield Finding("topics.toml", each.id, "has nothing to learn it from", "Name it in a resource.")


def _cards(content: Content) -> Findings:
    """What cards and contracts say, beside what the data says."""
    numbers = Counter(one.number for one in content.projects.values())
    for id, project in content.projects.items():
        if numbers[project.number] > 1:
            yield Finding("projects.toml", id, f"number {project.number} is another's too", "Change it in one card.")
        if not project.contract and not project.row.milestones:
            yield Finding("projects.toml", id, "has neither a contract nor milestones", "Write its milestones.")
        for field in ("number", "skill", "title"):
            if project.card and getattr(project.row, field):
                yield Finding("projects.toml", id, f"{field} stands in its card as well", f"Remove {field} here.")
        if project.contract and project.row.milestones:
            yield Finding("projects.toml", id, "its contract has milestones as well", "Remove those here.")
        summed = sum(stage.minutes for stage in project.row.milestones)
        if project.card and project.row.milestones and not project.contract and summed != project.minutes:
            words = f"its milestones take {summed} minutes, its card says {project.minutes}"
            yield Finding("projects.toml", id, words, "Let them agree.")


def _contracts(content: Content) -> Findings:
    """Topics that contracts name."""
    topics = {topic.id for topic in content.topics}
    for name, asked in contracted.every().items():
        yield from _unknown(f"{name}/contract.py", name, sorted(asked.topics), topics, "topic")
        for each in asked.milestones:
            if sum(each.topics.values()) > 1 + 1e-3:
                words = f"weights {dict(each.topics)} do not sum to one at most"
                yield Finding(f"{name}/contract.py", f"{name}/{each.number}", words, "Correct the claims' topics.")
