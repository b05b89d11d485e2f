"""The learner's word that the gap is closed, where no check says it; and taking that back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from castalia.core.errors import NotFound, WrongInput
from castalia.roadmap.gap import OwnGap
from castalia.roadmap.state import State
from castalia.roadmap.today import done_command


@dataclass(frozen=True)
class Closed:
    """A gap that was closed by a word, and what stood before."""

    topic: str
    title: str
    since: date
    gaps: tuple[OwnGap, ...]
    """Those of the learner's own that went with it."""


def close(state: State) -> Closed:
    """Keep the word. NotFound where there is no gap, WrongInput where a check closes it."""
    found = state.gap
    if found is None:
        cure = "castalia roadmap plan --goal gpt --hours 8 --keep sets another goal."
        raise NotFound("there is no gap to close", "none is left", "a goal with something left", cure)
    if not done_command(state, found):
        by = state.content.checked[found.topic][0]
        cure = f"castalia check {by}   or, without it:  castalia roadmap plan --known {found.topic} --keep"
        raise WrongInput(f"{found.title} has a check", "a word for it", "a check that passes", cure, field="done")
    mine = tuple(each for each in state.profile.gaps if each.id == found.topic)
    for each in mine:
        state.note("gap", {"title": each.title, "removed": True})
    if by_word(state, found.topic):
        state.note("known", {"topics": [found.topic], "known": True})
    return Closed(found.topic, found.title, found.since, mine)


def by_word(state: State, topic: str) -> bool:
    """Whether a topic of the roadmap has no check."""
    return topic in state.content.graph.topics and topic not in state.content.checked
