"""One day: one gap, one milestone with its minutes, at most three reviews, and when to stop.

After a week away it asks for fifteen minutes and nothing else. It never says how much is waiting.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from castalia.roadmap.days import day_of
from castalia.roadmap.gap import Gap
from castalia.roadmap.practice import Bug, bug, chosen, minutes_of, planted
from castalia.roadmap.records import NO_CHECK, Resource, Tip
from castalia.roadmap.review import Prompt
from castalia.roadmap.sequence import hours_left, remaining
from castalia.roadmap.state import State

AWAY = 7
"""Days without work after which one is welcomed back."""
RETURN = 15
"""Minutes to return."""
SESSIONS = 5
"""A week's hours are shared out over so many days."""
SHORTEST, FARTHEST = 15, 120
"""Minutes of a session."""
WELCOMED = 28
"""Days after a welcome for the next one, where nothing was done in between."""
LINKS = 2
CHECKED, BEGUN = 5.0, 1.5
"""How much likelier a milestone is chosen that has a check, or whose project was begun. Our own estimates."""


@dataclass(frozen=True)
class Step:
    """The milestone to build."""

    project: str
    number: str
    title: str
    minutes: int
    check: bool
    topics: Mapping[str, float]
    claim: str = ""
    """Where to begin: the claim that failed last, or its first; empty where there is no check."""
    words: str = ""

    @property
    def id(self) -> str:
        """``neural_net/M2``."""
        return f"{self.project}/{self.number}"

    @property
    def command(self) -> str:
        """What to type to see where it stands."""
        return f"castalia check {self.project}" if self.check else f"castalia roadmap progress --done {self.id}"

    @property
    def says(self) -> str:
        """``no check yet``, or nothing."""
        return "" if self.check else NO_CHECK


@dataclass(frozen=True)
class Offered:
    """A review of today."""

    id: str
    form: str
    title: str
    minutes: int

    @property
    def command(self) -> str:
        """What begins it, and afterwards checks it."""
        return f"castalia roadmap review {self.id}"


@dataclass(frozen=True)
class Back:
    """After a time away: something short, and then it is enough."""

    days: int
    words: str
    command: str
    minutes: int = RETURN
    project: str = ""
    """Whose check it is; empty where it is none."""


@dataclass(frozen=True)
class Today:
    """What a day holds."""

    day: date
    state: State
    gap: Gap | None
    milestone: Step | None
    minutes: int
    """Of today's session."""
    links: tuple[Resource, ...]
    """What to learn the gap from."""
    reviews: tuple[Offered, ...]
    back: Back | None
    bug: Bug | None
    tip: Tip | None

    @property
    def stop(self) -> str:
        """When it is enough."""
        if self.back:
            return f"Stop after {RETURN} minutes, done or not."
        if self.milestone:
            return f"Stop after {self.minutes} minutes, or when {self.milestone.number} holds: whichever comes first."
        return f"Stop after {self.minutes} minutes."

    @property
    def next_time(self) -> str:
        """Where to begin the next time."""
        step = self.milestone
        if step is None:
            return f"Next time start at {self.gap.title}." if self.gap else ""
        claim = f", at its claim {step.claim}: {step.words}" if step.claim else f": {step.title}."
        return f"Next time start at {step.number} of {step.project}{claim}"

    def plain(self, *, answer: bool = False) -> dict[str, Any]:
        """As one JSON object; the answer to the bug of the day only where it is asked for."""
        goal, gap, step, found = self.state.goal, self.gap, self.milestone, self.bug
        return {
            "date": self.day.isoformat(),
            "goal": {"id": goal.id, "title": goal.title, "chosen": self.state.chosen},
            "gap": plain_gap(self.state, gap) if gap else None,
            "milestone": {
                "id": step.id, "project": step.project, "number": step.number, "title": step.title,
                "minutes": step.minutes, "check": step.check, "says": step.says, "topics": dict(step.topics),
                "claim": step.claim, "words": step.words, "command": step.command,
            } if step else None,
            "minutes": self.minutes,
            "links": [{"title": each.title, "url": each.url, "kind": each.kind, "cost": each.cost,
                       "cost_as_of": each.cost_as_of, "scope": each.scope} for each in self.links],
            "reviews": [{"id": each.id, "form": each.form, "title": each.title, "minutes": each.minutes,
                         "command": each.command} for each in self.reviews],
            "back": {"days": self.back.days, "minutes": self.back.minutes, "words": self.back.words,
                     "command": self.back.command, "project": self.back.project} if self.back else None,
            "stop": self.stop,
            "next_time": self.next_time,
            "bug": {
                "contract": found.contract, "id": found.id, "belief": found.belief, "question": found.question,
                "topic": found.topic, "claim": found.claim if answer else None,
                "words": found.words if answer else None,
            } if found else None,
            "tip": self.tip.words if self.tip else "",
            "tip_url": self.state.content.url_of(self.tip) if self.tip else "",
            "warnings": list(self.state.warnings),
        }  # fmt: skip


def done_command(state: State, gap: Gap) -> str:
    """What the learner types who has closed a gap that no check closes; empty where a check does."""
    checked = gap.topic in state.content.checked and not _named(state, gap)
    return "" if checked else "castalia roadmap gap --done"


def _named(state: State, gap: Gap) -> bool:
    """Whether the learner chose it: then it stays until the learner says so."""
    return any(each.chosen and each.id == gap.topic for each in state.profile.gaps)


def plain_gap(state: State, gap: Gap) -> dict[str, Any]:
    """A gap as JSON."""
    return {
        "topic": gap.topic, "title": gap.title, "score": gap.score, "why": gap.why,
        "since": gap.since.isoformat(), "until": gap.until.isoformat(), "done_command": done_command(state, gap),
    }  # fmt: skip


def today(state: State) -> Today:
    """What a state means for its day."""
    gap, step = state.gap, next_step(state)
    choice, back = chosen(state), None
    if days := _away(state):
        back = _back(state, choice.rebuild, days)
    reviews = () if back else tuple(_offered(state, each) for each in choice.prompts)
    if choice.rebuild and not back:
        reviews = (_offered(state, choice.rebuild),)
    links = (
        tuple(one for one in state.content.links(gap.topic) if one.url)[:LINKS] if _known(state, gap) and gap else ()
    )
    topic = state.content.graph.topics.get(gap.topic) if gap else None
    about = [*((topic.id, topic.skill) if topic else ()), *((step.project,) if step else ())]
    tips = state.content.tips_for("today", *about)
    tip = tips[random.Random(f"tip/{state.today}").randrange(len(tips))] if tips else None
    return Today(
        state.today, state, gap, step, RETURN if back else session(state.hours), links, reviews, back, bug(state), tip
    )


def _away(state: State) -> int:
    """Days since the learner was last at work, from a week on; 0 for who was not away, or was welcomed back since.

    Work is what the evidence has and what the learner wrote into the journal: most topics are learned without a check.
    """
    profile, ended = state.profile, state.history.ended
    signs = [*([day_of(ended)] if ended else []), *([profile.wrote] if profile.wrote else [])]
    if not signs:
        return 0
    days, welcome = (state.today - max(signs)).days, profile.back
    if welcome and max(signs) <= welcome < state.today and (state.today - welcome).days < WELCOMED:
        return 0
    return days if days >= AWAY else 0


def shown(found: Today) -> tuple[str, ...]:
    """Keep that a day was shown: the gap that is being closed, or the welcome; what could not be kept, in words."""
    state = found.state
    if not found.back:
        return state.hold() if state.chosen else ()
    return state.remark("back", {"day": found.day}) if state.profile.back != found.day else ()


def session(hours: float) -> int:
    """Minutes of one of the week's sessions, in fives."""
    return max(SHORTEST, min(FARTHEST, 5 * round(hours * 60 / SESSIONS / 5)))


def _known(state: State, gap: Gap | None) -> bool:
    return gap is not None and gap.topic in state.content.graph.topics


def steps(state: State) -> list[list[Step]]:
    """Of everything that can be built, the milestones that are left, in their order."""
    done = {*state.history.passed, *(each.about for each in state.profile.links if each.sort == "milestone")}
    found = []
    for name, one in state.every.items():
        if name not in state.content.projects:
            found.append([
                Step(name, each.number, each.title, round(minutes_of(state, name, each.number)), True, each.topics)
                for each in one.milestones if f"{name}/{each.number}" not in done
            ])  # fmt: skip
    for project in state.content.projects.values():
        found.append([
            Step(project.id, each.number, each.title, each.minutes, each.check, each.topics, words=each.words)
            for each in project.milestones if each.id not in done
        ])  # fmt: skip
    return [each for each in found if each]


def next_step(state: State) -> Step | None:
    """The milestone to build: the first open one of a project that practises the gap soon and much.

    Where none practises it: the goal's own, an exercise, or the checked one for which least is missing.
    """
    best, top, wanted = None, 0.0, state.goal.id if state.goal.kind == "project" else ""
    begun = {id.partition("/")[0] for id in state.history.passed}
    if state.history.last:
        begun.add(state.history.last.project)
    topic = state.gap.topic if state.gap else ""
    for row in steps(state):
        for distance, step in enumerate(row):
            weight = step.topics.get(topic, 0.0) / (1 + distance)
            weight *= CHECKED if row[0].check else 1.0
            weight *= BEGUN if step.project in begun or step.project == wanted else 1.0
            if weight > top:
                best, top = row[0], weight
    if best is None:
        first, projects = [row[0] for row in steps(state)], state.content.projects
        best = next((each for each in first if each.project == wanted), None) or min(
            (each for each in first if each.check),
            key=lambda each: (each.project in projects, each.project not in begun, _missing(state, each)),
            default=None,
        )
    return _with_claim(state, best) if best else None


def _missing(state: State, step: Step) -> float:
    """Hours of topics that it stands on and that are left."""
    graph = state.content.graph
    return sum(hours_left(graph, remaining(graph, step.topics, state.mastery), state.mastery).values())


def _with_claim(state: State, step: Step) -> Step:
    """Where the learner stopped in it, or its first claim."""
    one, last = state.every.get(step.project), state.history.last
    asked = next((each for each in one.milestones if each.number == step.number), None) if one else None
    if not step.check or asked is None:
        return step
    claim = next(iter(asked.words), "")
    if last and (last.project, last.milestone) == (step.project, step.number) and last.claim in asked.words:
        claim = last.claim
    return Step(
        step.project, step.number, step.title, step.minutes, True, step.topics, claim, asked.words.get(claim, "")
    )


def offered(state: State) -> list[Offered]:
    """The reviews of today, at most three; after a long time without any, one rebuild."""
    choice = chosen(state)
    return [_offered(state, each) for each in ((choice.rebuild,) if choice.rebuild else choice.prompts)]


def _offered(state: State, prompt: Prompt) -> Offered:
    wrong = planted(state.every, prompt)
    if prompt.form in ("number", "choice"):
        title = f"answer one question about {state.content.graph.topics[prompt.id].title}"
    elif wrong:
        title = f"find and mend a planted bug in {prompt.id.partition('/')[0]}"
    else:
        name, _, number = prompt.id.partition("/")
        asked = next(each for each in state.every[name].milestones if each.number == number)
        title = f"write {number} of {name} again from an empty file: {asked.title}"
    return Offered(prompt.id, prompt.form, title, round(prompt.minutes))


def _back(state: State, rebuild: Prompt | None, days: int) -> Back:
    last = state.history.last
    if rebuild is not None and rebuild.minutes <= 2 * RETURN:
        one = _offered(state, rebuild)
        return Back(days, f"Good to see you. Take {RETURN} minutes: {one.title}.", one.command)
    if last:
        where = f"{last.milestone} of {last.project}" if last.milestone else last.project
        words = f"Good to see you. Take {RETURN} minutes: run the check of {where} and read what it says, no more."
        return Back(days, words, f"castalia check {last.project}", project=last.project)
    return Back(days, f"Good to see you. Take {RETURN} minutes for a first exercise.", "castalia learn")
