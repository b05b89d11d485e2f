"""The questions of the intake, stateless: the answers so far in, the next question out.

``testout`` chooses the topic, the bank has the question. Kept is an event of kind ``question`` for each answer, with
the question's id and seed, and never what was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from castalia.core.errors import NotFound, Unavailable, WrongInput
from castalia.core.evidence import Event, Evidence
from castalia.roadmap.bank import shelf
from castalia.roadmap.bank.question import Marked, Question, mark, unanswered
from castalia.roadmap.content import Content
from castalia.roadmap.learner import goal_of
from castalia.roadmap.mastery import TESTED
from castalia.roadmap.sequence import assumed
from castalia.roadmap.state import State
from castalia.roadmap.testout import GAIN, Answer, Diagnostic, guess

SEEDS = 2**31
"""Seeds are from 0 to this, without it."""

BOLD, UNSURE = 0.35, 0.5
"""Where between what was shown and what was failed the learner's level is guessed to be; and P of every open topic,
when by that guess no question is worth asking any more. Our own estimates."""
LEAST = 0.1
"""The gain of a question that is still asked then: it takes a minute, and one topic takes a day or more. With
``UNSURE`` a question gains an eighth of a topic for each open one that it stands on or that stands on it."""


@dataclass(frozen=True)
class Answered:
    """What was said to one question."""

    question: str
    """Its id, ``ma02/chain_rule``."""
    seed: int
    text: str = ""
    """The letter or the number; empty: I do not know."""
    skipped: bool = False
    """Not answered at all: says nothing, and is not kept."""

    @property
    def topic(self) -> str:
        """What it is about."""
        return self.question.partition("/")[0]


def made(each: Answered) -> Question:
    """The question that was answered. WrongInput for one that does not exist."""
    if not 0 <= each.seed < SEEDS:
        raise WrongInput("answers: the seed", str(each.seed), f"from 0 to {SEEDS - 1}", "Send the question's own seed.")
    try:
        return shelf.make(each.question, each.seed)
    except NotFound as error:
        raise WrongInput(
            "answers: no such question", repr(each.question), error.expected, "Ask for the next one.", field="answers"
        ) from None


def marked(each: Answered) -> Marked:
    """Right or wrong, and why. WrongInput for a text that is no answer."""
    question = made(each)
    return mark(question, each.text) if each.text.strip() else unanswered(question)


def next_question(
    state: State | Content, goal: str | Iterable[str], known: Sequence[str], answers: Sequence[Answered], seed: int
) -> Question | None:
    """The next question, or None when none is worth asking or 15 were answered. The same for the same arguments.

    ``known``: topics that the learner says are known, by id or by the beginning of ids; they are not asked about.
    Topics that have no question yet are passed over. WrongInput for an answer that cannot be read.
    """
    content = state.content if isinstance(state, State) else state
    skip = {each.topic for each in answers} | {id for id in content.graph.topics if not shelf.of(id)}
    for flat, least in ((False, GAIN), (True, LEAST)):
        found = _diagnostic(content, goal, known, answers, flat=flat).next(skip, least)
        if found is not None:
            return shelf.ask(found.topic, seed)
    return None


def settled(
    state: State | Content, goal: str | Iterable[str], known: Sequence[str], answers: Sequence[Answered]
) -> tuple[str, ...]:
    """The topics that the answers show to be known, and ``known`` did not name: what ``keep`` will grant."""
    content = state.content if isinstance(state, State) else state
    said = set(assumed(content.graph, known))
    found = _diagnostic(content, goal, known, answers).result()
    return tuple(id for id, p in found.items() if p >= TESTED and id not in said)


def event(question: Question, *, passed: bool, diagnostic: bool = False) -> Event:
    """How a question went, for the evidence. A pass in the ``diagnostic`` counts for what the topic requires too."""
    more: dict[str, object] = {"topic": question.topic, "form": question.form, "question": question.id}
    if diagnostic:
        more["diagnostic"] = True
    return Event("question", outcome="pass" if passed else "fail", seed=question.seed, more=more)


def events(answers: Sequence[Answered]) -> list[Event]:
    """Answers as they are kept."""
    found = []
    for each in answers:
        if not each.skipped:
            question = made(each)
            found.append(event(question, passed=marked(each).right, diagnostic=True))
    return found


def keep(state: State, answers: Sequence[Answered]) -> tuple[str, ...]:
    """Add the answers to the evidence: what could not be kept, in words."""
    try:
        Evidence(state.home).add(events(answers))
    except Unavailable as error:
        return (f"this is not kept as evidence: {error.got}",)
    return ()


def _diagnostic(
    content: Content,
    goal: str | Iterable[str],
    known: Sequence[str],
    answers: Sequence[Answered],
    *,
    flat: bool = False,
) -> Diagnostic:
    """The guessed level follows the answers: questions halve what is open instead of climbing through it."""
    graph, topics = content.graph, goal_of(content, goal).topics
    said, closure = assumed(graph, known), graph.closure(topics)
    if len({each.topic for each in answers}) < len(answers):
        raise WrongInput("answers", "one topic twice", "one answer for a topic", "Leave the second out.")
    given = [(each.topic, marked(each).right) for each in answers if not each.skipped]
    if strangers := [topic for topic, _ in given if topic not in closure]:
        raise WrongInput("answers: the topic", strangers[0], "one that the goal needs", "Ask for the next question.")
    shown = set(said) | graph.closure([topic for topic, right in given if right])
    failed = {other for topic, right in given if not right for other in (topic, *graph.descendants(topic))}
    low, high = len(shown & closure), len(closure) - len(failed & closure)
    level = (low + BOLD * max(0, high - low)) / len(closure)
    begin = (dict.fromkeys(closure, UNSURE) if flat else guess(graph, topics, level)) | dict.fromkeys(said, TESTED)
    return Diagnostic(graph, topics, begin, [Answer(topic, right) for topic, right in given])
