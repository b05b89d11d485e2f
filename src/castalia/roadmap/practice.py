"""What can be done to show that something is still known, and the bug of the day. All of it runs.

Prompts are milestones that were passed, written again from an empty file, and planted bugs of contracts whose every
milestone was passed: before that, a wrong version of the reference would give the reference away.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from castalia.core.errors import NotFound, did_you_mean
from castalia.roadmap.contracted import Contracted, Wrong
from castalia.roadmap.review import Choice, Prompt, choose
from castalia.roadmap.state import State

MINUTES, EACH = 10.0, 5.0
"""Of a planted bug; and of each claim of an exercise. Our own estimates."""


@dataclass(frozen=True)
class Bug:
    """Something that people believe, and a claim that notices it."""

    contract: str
    id: str
    belief: str
    topic: str
    """The topic that it is about; empty where the contract names none."""
    claim: str
    """The claim that rejects it: the answer."""
    words: str

    @property
    def question(self) -> str:
        """What is asked."""
        belief = self.belief.rstrip(".")
        said = f"that {belief[5:]}" if belief.startswith("That ") else f'"{belief}"'
        return f"In {self.contract} somebody believes {said}. Which input shows that it is wrong?"


def prompts(state: State) -> list[Prompt]:
    """Everything that this learner could be asked to do again."""
    found = []
    for name, one in state.every.items():
        passed = [each for each in one.milestones if f"{name}/{each.number}" in state.history.passed]
        for each in passed:
            if not each.module:
                continue
            found.append(Prompt(f"{name}/{each.number}", "rebuild", each.topics, minutes_of(state, name, each.number)))
        if one.plantable and len(passed) == len(one.milestones):
            for wrong in one.wrong:
                topics = one.weights(claim=wrong.claim) if not wrong.topics else dict.fromkeys(wrong.topics, 1.0)
                found.append(Prompt(f"{name}/{wrong.id}", "bug", topics, MINUTES))
    return found


def minutes_of(state: State, project: str, milestone: str) -> float:
    """The first estimate of a milestone; an exercise is no project and goes by its claims."""
    if project not in state.content.projects:
        claims = [len(each.claims) for each in state.every[project].milestones if each.number == milestone]
        return max(MINUTES, EACH * sum(claims))
    return float(state.content.milestone(f"{project}/{milestone}").minutes)


def chosen(state: State) -> Choice:
    """What to review today. Of equally useful bugs another one each day, the same all day."""
    order = sorted(prompts(state), key=lambda each: zlib.crc32(f"{state.today}/{each.id}".encode()))
    renamed = {f"{number:05d}": each for number, each in enumerate(order)}
    made = choose(
        state.history.memories,
        [Prompt(id, each.form, each.topics, each.minutes) for id, each in renamed.items()],
        state.today, state.content.graph,
    )  # fmt: skip
    again = renamed[made.rebuild.id] if made.rebuild else None
    return Choice(tuple(renamed[each.id] for each in made.prompts), again)


def prompt(state: State, id: str) -> Prompt:
    """A prompt by its id; NotFound says what there is."""
    every = {each.id: each for each in prompts(state)}
    if id in every:
        return every[id]
    project, _, rest = id.partition("/")
    known = state.every.get(project)
    if known and rest.upper() in [each.number for each in known.milestones]:
        cure = f"It was not passed yet. Type:  castalia check {project} --milestone {rest.upper()}"
    else:
        cure = did_you_mean(id, every).strip() or "Type:  castalia roadmap review"
    expected = ", ".join(each for each in every if every[each].form == "rebuild") or "nothing was passed yet"
    raise NotFound(f"no review {id!r}", id, expected, cure)


def planted(every: Mapping[str, Contracted], prompt: Prompt) -> Wrong | None:
    """The wrong version of a bug's prompt."""
    name, _, id = prompt.id.partition("/")
    return next((each for each in every[name].wrong if each.id == id), None) if prompt.form == "bug" else None


def bug(state: State) -> Bug | None:
    """The bug of the day: the same for everybody who knows the same, another one tomorrow.

    Of topics that this learner has begun, where there are any; else of an exercise, else any.
    """
    bank = [(name, one, wrong) for name, one in state.every.items() for wrong in one.wrong]
    begun = {id for id, one in state.standings.items() if one.state != "unknown"}
    near = [row for row in bank if begun & set(row[2].topics)] or [
        row for row in bank if row[0] not in state.content.projects
    ]
    choices = near or bank
    if not choices:
        return None
    name, one, wrong = choices[random.Random(f"bug/{state.today}").randrange(len(choices))]
    words = next((each.words[wrong.claim] for each in one.milestones if wrong.claim in each.words), "")
    return Bug(name, wrong.id, wrong.belief, next(iter(wrong.topics), ""), wrong.claim, words)
