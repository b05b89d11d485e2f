"""One home's learner behind the page: the day and the plan as JSON, and what the learner says to them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from castalia.core.errors import NotFound, Refused, Unavailable, WrongInput
from castalia.core.evidence import Evidence
from castalia.core.settings import Settings
from castalia.roadmap.asked import marked, next_question, settled
from castalia.roadmap.bodies import (
    AboutRequest,
    DoneRequest,
    KnownRequest,
    OwnGap,
    OwnResource,
    ParkRequest,
    PlanRequest,
    QuestionRequest,
    answered,
)
from castalia.roadmap.closing import by_word, close
from castalia.roadmap.content import Content, content
from castalia.roadmap.gap import OwnGap as Named
from castalia.roadmap.gap import begins, ranked
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
        self._aside: dict[str, tuple[Path, int]] = {}
        """What was said of torn lines -> the file they went to, and its size then."""

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
        # A torn line is said by whoever reads first; others want to hear it too, as long as it is there.
        for file in (Evidence(self.home, name).corrupt for name in ("evidence", "journal")):
            size = file.stat().st_size if file.is_file() else 0
            self._aside = {words: one for words, one in self._aside.items() if one[0] != file or one[1] <= size}
            self._aside |= {words: (file, size) for words in state.warnings if size and str(file) in words}
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
                "resources": [asdict(each) for each in profile.resources],
                "gaps": [_plain_own(each) for each in profile.gaps],
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
        gap, waiting = state.gap, state.profile.waiting(state.today)
        if asked.since:
            if asked.topic not in waiting:
                got = ", ".join(map(repr, sorted(waiting))) or "none"
                raise WrongInput("this gap does not wait", repr(asked.topic), got, "Reload the page.", field="topic")
            _over(state, asked.since)
            self._note("parked", {"id": asked.topic, "day": state.today, "removed": True})
            self._note("held", {"id": asked.topic, "since": asked.since})
        else:
            self._is_gap(state, asked.topic)
            if not {each.id for each in ranked(state.learner)} - waiting - {asked.topic}:
                raise Refused("nothing else can be the gap", "no other that does not wait", "another one to take",
                              "Stay with this one, or let it be for today.")  # fmt: skip
            self._note("parked", {"id": asked.topic, "day": state.today})
        return {**self._next(), "since": gap.since if gap else None}

    def known(self, asked: KnownRequest) -> dict[str, Any]:
        """The learner knows the gap now, as ``castalia roadmap gap --done`` says it; or take that back."""
        state = self.state()
        if asked.known:
            self._is_gap(state, asked.topic)
            made = close(state)
            return {**self._next(), "since": made.since, "gaps": [_plain_own(each) for each in made.gaps]}
        said = by_word(state, asked.topic) and asked.topic in state.profile.known
        if not said and not any(asked.topic in (each.topic, f"own:{each.title}") for each in asked.gaps):
            cure = "castalia roadmap plan --unknown TOPIC --keep"
            raise WrongInput("no word is taken back", repr(asked.topic), "a topic known by a word", cure, field="topic")
        _over(state, asked.since or state.today)
        for said_gap in [{**each.model_dump(), "topic": _topic(state.content, each.topic)} for each in asked.gaps]:
            self._note("gap", said_gap)
        if said:
            self._note("known", {"topics": [asked.topic], "known": False})
        self._note("held", {"id": asked.topic, "since": asked.since or state.today})
        return self._next()

    def own_gap(self, asked: OwnGap) -> dict[str, Any]:
        """Name a gap; it is the gap from now on, if it is chosen. ``before``: one of that name, and the gap then."""
        state = self.state()
        topic, held = _topic(state.content, asked.topic), asked.held
        if not asked.removed and asked.chosen:
            begins(state.learner, topic)
        if held:
            _over(state, held.since)
            others = {f"own:{title}" for title in (asked.title, *(each.title for each in state.profile.gaps))}
            if held.topic not in others and held.topic not in state.content.graph.topics:
                raise WrongInput("held", repr(held.topic), "a gap of GET /today", "Leave it out.", field="held")
        old, gap = next((each for each in state.profile.gaps if each.title == asked.title), None), state.gap
        said = {"title": asked.title, "topic": topic, "hours": asked.hours, "chosen": asked.chosen,
                "removed": asked.removed}  # fmt: skip
        self._note("gap", said)
        if held:
            self._note("held", {"id": held.topic, "since": held.since})
        now = {"topic": gap.topic, "since": gap.since} if gap and state.chosen else None
        return {**said, "before": _plain_own(old) if old else None, "held": now}

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
        old = next((each for each in state.profile.resources if each.title == asked.title), None)
        return {**said, "before": asdict(old) if old else None}

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
        said = asked.said()
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

    def _is_gap(self, state: State, topic: str) -> None:
        gap = state.gap
        if gap is None or gap.topic != topic:
            now = repr(gap.topic) if gap else "none"
            raise WrongInput("this is not the gap", repr(topic), now, "Reload the page.", field="topic")

    def _next(self) -> dict[str, Any]:
        """The gap that is shown from now on."""
        left = self.state()
        left.hold()
        return {"gap": plain_gap(left, left.gap) if left.gap else None}

    def _note(self, kind: str, said: dict[str, Any]) -> None:
        Notes(self.home).add(kind, said)


def _of(error: NotFound, field: str) -> WrongInput:
    """What is not there is a field that does not fit."""
    cure = error.cure or "GET /plan/goals lists goals and topics."
    return WrongInput(error.subject, error.got, error.expected, cure, field=field)


def _over(state: State, since: date) -> None:
    """WrongInput for a day that is still to come."""
    if since > state.today:
        got, cure = since.isoformat(), "Send it as it was told."
        raise WrongInput("since", got, f"{state.today} or before", cure, field="since")


def _plain_own(each: Named) -> dict[str, Any]:
    """A gap of the learner's own, as POST /today/gap takes it."""
    return {"title": each.title, "topic": each.topic, "hours": each.hours, "chosen": each.chosen}


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
