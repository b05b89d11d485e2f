"""What can be done to show that something is still known, and the bug of the day.

Prompts are milestones that were passed, written again from an empty file, and planted bugs of contracts whose every
milestone was passed: before that, a wrong version of the reference would give the reference away. Where neither exists
for what is due, one question is asked.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from castalia.core.errors import NotFound, did_you_mean
from castalia.roadmap.bank import shelf
from castalia.roadmap.bank.question import Question
from castalia.roadmap.contracted import Contracted, Wrong
from castalia.roadmap.mastery import Tracker
from castalia.roadmap.review import AT_MOST, Choice, Prompt, choose, clears
from castalia.roadmap.state import State

MINUTES, EACH, ASK = 10.0, 5.0, 2.0
"""Of a planted bug, of each claim of an exercise, of a question. Our own estimates."""


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
    about: str = ""
    """What is built where somebody believes it: a belief says little without."""

    @property
    def question(self) -> str:
        """What is asked."""
        belief = self.belief.rstrip(".")
        said = f"that {belief[5:]}" if belief.startswith("That ") else f'"{belief}"'
        where = f"{self.contract} ({self.about})" if self.about else self.contract
        return f"In {where} somebody believes {said}. Which input shows that it is wrong?"


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
    held = state.history.memories
    renamed = {f"{number:05d}": each for number, each in enumerate(order)}
    made = choose(
        held,
        [Prompt(id, each.form, each.topics, each.minutes) for id, each in renamed.items()],
        state.today, state.content.graph,
    )  # fmt: skip
    if made.rebuild:
        return Choice(rebuild=renamed[made.rebuild.id])
    some = tuple(renamed[each.id] for each in made.prompts)
    return Choice((*some, *(_questions(state, order) if len(some) < AT_MOST else ()))[:AT_MOST])


def _questions(state: State, runs: Sequence[Prompt]) -> list[Prompt]:
    """One question for each topic that is due and that nothing in ``runs`` can show, the longest due first."""
    held, asked = state.history.memories, state.history.asked
    due = sorted((one.due, id) for id, one in {**held, **asked}.items() if one.due <= state.today or one.marked)
    if not due:
        return []
    tracker = Tracker(state.content.graph)
    shown = {id for each in runs for id in clears(each, tracker)} - asked.keys()
    return [each for _, id in due if id not in shown and (each := question_prompt(state, id))]


def question(state: State, topic: str) -> Question | None:
    """The question of a topic and a day; another one on another day. None where the bank has none."""
    return shelf.ask(topic, state.today.toordinal())


def question_prompt(state: State, topic: str) -> Prompt | None:
    """The same as a prompt, whose id is the topic's."""
    asked = question(state, topic)
    return Prompt(topic, asked.form, {topic: 1.0}, ASK) if asked else None


def prompt(state: State, id: str) -> Prompt:
    """A prompt by its id; NotFound says what there is."""
    every = {each.id: each for each in prompts(state)}
    if id in every:
        return every[id]
    if id in state.content.graph.topics and (asked := question_prompt(state, id)):
        return asked
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
    about = next((each.title for each in one.milestones if wrong.claim in each.words), "")
    return Bug(name, wrong.id, wrong.belief, next(iter(wrong.topics), ""), wrong.claim, words, about)
