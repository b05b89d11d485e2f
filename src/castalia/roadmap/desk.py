"""One home's learner behind the page: the day and the plan as JSON, and what the learner says to them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from castalia.core.errors import NotFound, Refused, Unavailable, WrongInput
from castalia.core.settings import Settings
from castalia.roadmap.asked import marked, next_question, settled
from castalia.roadmap.bodies import (
    AboutRequest,
    DoneRequest,
    OwnGap,
    OwnResource,
    ParkRequest,
    PlanRequest,
    QuestionRequest,
    answered,
)
from castalia.roadmap.content import Content, content
from castalia.roadmap.gap import begins
from castalia.roadmap.learner import Notes
from castalia.roadmap.planner import HOURS, Plan, Request, plan
from castalia.roadmap.settling import Settling, keep, plain_settled, tried
from castalia.roadmap.state import State
from castalia.roadmap.telling import summary
from castalia.roadmap.testout import QUESTIONS
from castalia.roadmap.today import plain_gap, shown, today

T = TypeVar("T")


class Learning:
    """One home's learner: read in turn, with the last plan and what was said about lines that could not be read."""

    def __init__(self, settings: Settings) -> None:
        self.home = settings.home
        self._turn = threading.Lock()
        self._last: tuple[Request, Plan] | None = None
        self._aside: dict[str, None] = {}

    async def turn(self, act: Callable[[], T]) -> T:
        """Do something in a thread, when those before it are done."""

        def alone() -> T:
            with self._turn:
                try:
                    return act()
                except OSError as error:  # a full disk, or a log that is none
                    got, cure = error.strerror or type(error).__name__, "Look at the folder CASTALIA_HOME."
                    raise Unavailable("what was learned here cannot be read", got, "a log", cure) from error

        return await run_in_threadpool(alone)

    def state(self) -> State:
        """The learner today."""
        state = State.read(self.home, date.today())
        # A torn line is said by whoever reads first; others want to hear it too.
        self._aside |= dict.fromkeys(each for each in state.warnings if "could not be read" in each)
        return state

    def plan(self, state: State) -> Plan:
        """The plan of a state, as it was told last where nothing it depends on has changed."""
        asked = state.request()
        if self._last is None or self._last[0] != asked:
            self._last = (asked, plan(asked))
        return self._last[1]

    def today(self) -> dict[str, Any]:
        """All that the page shows."""
        state = self.state()
        found, warnings = today(state), dict.fromkeys([*self._aside, *state.warnings])
        warnings |= dict.fromkeys(shown(found))
        made = self.plan(state) if state.chosen else None
        moved = state.moved(made) if made else None
        profile = state.profile
        return {
            **found.plain(),
            "chosen": state.chosen,
            "plan": summary(state, made, moved.words if moved else "") if made else None,
            "settled": plain_settled(profile.settled),
            "about": dict(profile.about),
            "known": list(profile.known),
            "own": {
                "resources": [{"title": each.title, "hours": each.hours, "day": each.day, "topic": each.topic,
                               "url": each.url} for each in profile.resources],
                "gaps": [{"title": each.title, "topic": each.topic, "hours": each.hours} for each in profile.gaps],
            },
            "warnings": list(warnings),
        }  # fmt: skip

    def bug(self) -> dict[str, Any]:
        """The claim that the bug of the day breaks."""
        found = today(self.state()).plain(answer=True)["bug"]
        if found is None:
            raise NotFound("there is no bug today", "no contract", "a contract with mutants", "castalia learn")
        return {name: found[name] for name in ("contract", "id", "claim", "words")}

    def park(self, asked: ParkRequest) -> dict[str, Any]:
        """Let the gap wait until tomorrow; with ``since`` take that back."""
        state = self.state()
        gap = state.gap
        if asked.since:
            self._note("parked", {"id": asked.topic, "day": state.today, "removed": True})
            self._note("held", {"id": asked.topic, "since": asked.since})
        else:
            if gap is None or gap.topic != asked.topic:
                now = repr(gap.topic) if gap else "none"
                raise WrongInput("this is not the gap", repr(asked.topic), now, "Reload the page.", field="topic")
            if not gap.parked:
                raise Refused("nothing else can be the gap", "one gap", "another one to take", "Close this one first.")
            self._note("parked", {"id": asked.topic, "day": state.today})
        left = self.state()
        left.hold()
        return {"gap": plain_gap(left, left.gap) if left.gap else None, "since": gap.since if gap else None}

    def own_gap(self, asked: OwnGap) -> dict[str, Any]:
        """Name a gap; it is the gap from now on."""
        state = self.state()
        topic = _topic(state.content, asked.topic)
        if not asked.removed:
            begins(state.learner, topic)
        said = {"title": asked.title, "topic": topic, "hours": asked.hours, "chosen": True, "removed": asked.removed}
        self._note("gap", said)
        return said

    def question(self, asked: QuestionRequest) -> dict[str, Any]:
        """How the last answer was, and the next question, without what is right."""
        replies, known = answered(asked.answers), content()
        try:
            found = next_question(known, asked.goal, asked.known, replies, asked.seed)
        except NotFound as error:
            raise _of(error, "goal") from None
        last = replies[-1] if replies and not replies[-1].skipped else None
        said = marked(last) if last else None
        return {
            "marked": {"right": said.right, "says": said.says} if said else None,
            "question": {
                "id": found.id, "seed": found.seed, "topic": known.graph.topics[found.topic].title, "form": found.form,
                "text": found.text, "code": found.code, "options": [each.text for each in found.options],
            } if found else None,
            "number": 1 + sum(not each.skipped for each in replies),
            "most": QUESTIONS,
            "found": [known.graph.topics[id].title for id in settled(known, asked.goal, asked.known, replies)],
        }  # fmt: skip

    def resource(self, asked: OwnResource) -> dict[str, Any]:
        """Put something into a week."""
        state = self.state()
        said = {"title": asked.title, "hours": asked.hours, "day": asked.day or state.today,
                "topic": _topic(state.content, asked.topic), "url": asked.url, "removed": asked.removed}  # fmt: skip
        self._note("resource", said)
        return said

    def done(self, asked: DoneRequest) -> dict[str, Any]:
        """Keep the learner's word, or a link, for a milestone that nothing checks."""
        state = self.state()
        try:
            about = state.content.milestone(asked.milestone)
        except NotFound as error:
            raise _of(error, "milestone") from None
        if about.check and not asked.removed:
            cure = f"castalia check {about.project}"
            raise WrongInput(f"{about.id} has a check", "a word for it", "a check that passes", cure, field="milestone")
        self._note("link", {"sort": "milestone", "about": about.id, "url": asked.url, "title": about.title,
                            "removed": asked.removed})  # fmt: skip
        return {"milestone": about.id, "url": asked.url, "removed": asked.removed}

    def about(self, asked: AboutRequest) -> dict[str, Any]:
        """Keep free words; those that were not sent stay as they are."""
        said = {name: getattr(asked, name) for name in asked.model_fields_set}
        if said:
            self._note("about", said)
        return said

    def settle(self, asked: PlanRequest, *, kept: bool) -> dict[str, Any]:
        """Try a plan, or keep it."""
        self.state()  # first, so that what it says of torn lines is heard
        made: Settling = (keep if kept else tried)(self.home, date.today(), asked.wanted())
        told = summary(made.state, made.plan, made.moved.words if made.moved else "")
        return {**told, "settled": plain_settled(made.state.profile.settled),
                "before": plain_settled(made.before) if made.before else None}  # fmt: skip

    def _note(self, kind: str, said: dict[str, Any]) -> None:
        Notes(self.home).add(kind, said)


def _of(error: NotFound, field: str) -> WrongInput:
    """What is not there is a field that does not fit."""
    cure = error.cure or "GET /plan/goals lists goals and topics."
    return WrongInput(error.subject, error.got, error.expected, cure, field=field)


def _topic(known: Content, id: str) -> str:
    try:
        return known.graph.current(id) if id else ""
    except NotFound as error:
        raise _of(error, "topic") from None


@functools.cache
def goals() -> dict[str, Any]:
    """Everything that can be a goal, with its size, and the topics by skill."""
    found, known = [], content()
    for id in known.goals:
        goal = known.goal(id)
        topics = known.graph.closure(goal.topics)
        hours = sum(known.graph.topics[each].hours.p50 for each in topics)
        found.append({"id": id, "title": goal.title, "kind": goal.kind, "topics": len(topics), "hours": round(hours)})
    skills = [
        {"id": skill.id, "title": skill.title,
         "topics": [{"id": id, "title": known.graph.topics[id].title} for id in known.of_skill(skill.id)]}
        for skill in known.skills.values()
    ]  # fmt: skip
    return {"goals": found, "skills": skills, "hours": HOURS}
