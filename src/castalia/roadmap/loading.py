"""The files of ``roadmap/data`` as one Content; what cannot be read is collected in its ``faults``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from castalia.check import topics as titles
from castalia.roadmap import records
from castalia.roadmap.content import Content
from castalia.roadmap.graph import Hours, Topic
from castalia.roadmap.projects import read_projects
from castalia.roadmap.reading import Reader


def read(folder: Path) -> Content:
    """What stands in ``folder``, unchecked beyond the types of its fields."""
    reader = Reader(folder)
    skills, hours = _skills(reader)
    named = {skill.title: id for id, skill in skills.items()}
    resources, groups = _resources(reader)
    return Content(
        topics=_topics(reader, skills, hours),
        skills=skills,
        resources=resources,
        groups=groups,
        roadmaps=reader.records("roadmaps.toml", records.Roadmap),
        projects=read_projects(reader, named),
        tracks=reader.records("tracks.toml", records.Track),
        completion=reader.records("completion.toml", records.Completion),
        tips=reader.records("tips.toml", records.Tip),
        careers=reader.records("careers.toml", records.Career),
        sources=reader.records("sources.toml", records.Source),
        corrections=reader.records("corrections.toml", records.Correction),
        endgames=reader.records("endgames.toml", records.Endgame),
        faults=tuple(reader.findings),
    )


@dataclass(frozen=True)
class _Scale:
    """How hours of topics follow from weeks of skills."""

    week_hours: float
    spread: float
    basis: str
    date: str


@dataclass(frozen=True)
class _Topic:
    """A topic as it stands in the file: its skill is the letters of its id, unless it says otherwise."""

    id: str
    skill: str = ""
    requires: tuple[str, ...] = ()
    encompasses: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    renamed_from: tuple[str, ...] = ()
    p50: float = 0.0
    p90: float = 0.0
    basis: str = "estimate"
    date: str = ""


def _skills(reader: Reader) -> tuple[dict[str, records.Skill], _Scale]:
    file = "skills.toml"
    tables = reader.tables(file)
    scale = reader.record(file, _Scale, tables.pop("hours", {})) or _Scale(1.0, 1.0, "estimate", "")
    made = {id: reader.record(file, records.Skill, {**table, "id": id}) for id, table in tables.items()}
    return {id: one for id, one in made.items() if one}, scale


def _topics(reader: Reader, skills: Mapping[str, records.Skill], scale: _Scale) -> tuple[Topic, ...]:
    rows = reader.records("topics.toml", _Topic)
    skill_of = {id: row.skill or id.rstrip("0123456789") for id, row in rows.items()}
    many = {skill: list(skill_of.values()).count(skill) for skill in set(skill_of.values())}
    made = []
    for id, row in rows.items():
        skill = skills.get(skill_of[id])
        p50 = row.p50 or (
            (skill.weeks * scale.week_hours / many[skill.id] if skill.weeks else skill.topic_hours) if skill else 0.0
        )
        own = bool(row.p50)
        hours = Hours(
            round(p50, 2),
            round(row.p90 or p50 * scale.spread, 2),
            row.basis if own else scale.basis,
            row.date if own else scale.date,
        )
        plain = {each: getattr(row, each) for each in ("requires", "encompasses", "sources", "renamed_from")}
        made.append(Topic(id, titles.title(id), skill_of[id], hours=hours, **plain))
    return tuple(made)


def _resources(reader: Reader) -> tuple[dict[str, records.Resource], dict[str, str]]:
    file = "resources.toml"
    tables = reader.tables(file)
    noted, groups = str(tables.pop("about", {}).get("noted", "")), tables.pop("groups", {})
    if not noted:
        reader.wrong(file, "about", "noted is missing: a cost has a date", "Write when the costs were noted.")
    made = {}
    for id, table in tables.items():
        if one := reader.record(file, records.Resource, {"cost_as_of": noted, **table, "id": id}):
            made[id] = one
    return made, {str(id): str(title) for id, title in groups.items()}
