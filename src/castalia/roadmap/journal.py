"""The journal: a page a week with goal, plan and results. The plan and the results are filled in; one writes the rest.

``markdown`` is what a study partner gets: nothing of the intake's words is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from castalia.roadmap.history import Worked, monday_of
from castalia.roadmap.learner import Page
from castalia.roadmap.planner import Plan, plan
from castalia.roadmap.schedule import Share
from castalia.roadmap.state import State
from castalia.roadmap.today import next_step

HEAD = "<!-- written by castalia roadmap journal -->"
RAISED = 0.05
"""By so much a topic must have become likelier known to be named."""


@dataclass(frozen=True)
class Journal:
    """One week."""

    monday: date
    page: Page
    goal: str
    """The learner's words, or what the plan would set."""
    plan: tuple[str, ...]
    """What the plan puts into the week, in words."""
    results: tuple[str, ...]
    """What the evidence says happened."""
    next: str

    @property
    def name(self) -> str:
        """``2026-W47``."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"

    def plain(self) -> dict[str, Any]:
        """As one JSON object."""
        page = self.page
        return {
            "week": self.name, "monday": self.monday.isoformat(), "goal": self.goal, "plan": list(self.plan),
            "results": list(self.results), "said": {"goal": page.goal, "results": page.results,
            "surprised": page.surprised, "hours": page.hours, "topics": list(page.topics)}, "next": self.next,
        }  # fmt: skip

    @property
    def markdown(self) -> str:
        """The page as a file to send."""
        last = self.monday + timedelta(days=6)
        parts = [HEAD, f"# Week {self.name} ({self.monday} to {last})", "## Goal", self.goal or "None was set."]
        parts += ["## Plan", "\n".join(f"- {line}" for line in self.plan) or "Nothing was planned."]
        results = [f"- {line}" for line in self.results]
        parts += ["## Results", "\n".join(results) or "Nothing was checked this week."]
        if self.page.results:
            parts.append(self.page.results)
        if self.page.surprised:
            parts += ["## What surprised me", self.page.surprised]
        if self.next:
            parts += ["## Next", self.next]
        return "\n\n".join(parts) + "\n"


def journal(state: State, day: date | None = None, made: Plan | None = None) -> Journal:
    """The page of the week of ``day`` (today's), filled in."""
    monday = monday_of(day or state.today)
    page = state.profile.pages.get(monday, Page(monday))
    this_week = monday == monday_of(state.today)
    lines: tuple[str, ...] = ()
    if this_week and state.chosen:
        made = made or plan(state.request())
        lines = tuple(share_words(state, each) for each in (made.weeks[0].shares if made.weeks else ()))
    worked = next((each for each in state.history.weeks if each.monday == monday), None)
    goal = page.goal
    step = next_step(state) if this_week else None
    if not goal and step:
        goal = f"Build {step.number} of {step.project}: {step.title}."
    ahead = f"{step.number} of {step.project}: {step.title}." if step else ""
    return Journal(monday, page, goal, lines, results(state, worked, page), ahead)


def share_words(state: State, share: Share) -> str:
    """A piece of a week in words."""
    if share.kind == "topic":
        title = state.content.graph.topics[share.id].title
        part = "" if share.part == 1 and share.last else f", part {share.part}{', its last' if share.last else ''}"
        return f"{title} ({share.id}): {share.hours:.1f} h{part}"
    if share.kind == "milestone":
        return f"build {share.id}: {state.content.milestone(share.id).title}"
    return f"{share.id}: {share.hours:.1f} h"


def results(state: State, worked: Worked | None, page: Page) -> tuple[str, ...]:
    """What a week brought, from its events; hours as the learner says them."""
    found = []
    if worked:
        days = f"{worked.days} day{'s' * (worked.days != 1)}"
        checks = f"{worked.checks} check{'s' * (worked.checks != 1)}"
        found.append(f"worked on {days}: {checks}, {worked.minutes:.0f} minutes between them")
        found += [f"passed {id} for the first time" for id in worked.passed]
        topics = state.content.graph.topics
        gained = [topics[id].title for id, gain in worked.gains.items() if gain >= RAISED and id in topics]
        if gained:
            found.append(f"shown to know more of: {', '.join(gained)}")
    if page.hours:
        found.append(f"{page.hours:g} hours, as I counted them")
    return tuple(found)
