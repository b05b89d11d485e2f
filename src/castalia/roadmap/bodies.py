"""What a page sends about a learner's day and plan: closed, bounded records."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from castalia.core.record import Record
from castalia.roadmap.asked import SEEDS, Answered
from castalia.roadmap.bank.question import LONGEST
from castalia.roadmap.planner import HOURS
from castalia.roadmap.settling import Wanted

FIRST, LAST = date(2000, 1, 1), date(2200, 12, 31)


def _written(day: object) -> object:
    """A number is no date here, though pydantic would take one."""
    if isinstance(day, date) or (isinstance(day, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day)):
        return day
    raise ValueError("a date, year-month-day")


def _near(day: date) -> date:
    if not FIRST <= day <= LAST:
        raise ValueError("a day from 2000 to 2200")
    return day


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("something else than blanks")
    return text


def _address(text: str) -> str:
    if text and not text.startswith(("https://", "http://")):
        raise ValueError("an address that begins with https:// or http://")
    return text


Day = Annotated[date, BeforeValidator(_written), AfterValidator(_near)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(_said)]
Words = Annotated[str, Field(max_length=2000)]
Address = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x20\x7f]*$"), AfterValidator(_address)]
Topics = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=200)]


class Reply(Record):
    """What was said to one question of the intake."""

    question: str = Field(max_length=100, description="The id of the question.")
    seed: int = Field(ge=0, lt=SEEDS, strict=True, description="The seed that it was made from.")
    text: str = Field("", max_length=LONGEST, description="The letter or the number; empty: I do not know.")
    skipped: bool = Field(False, strict=True, description="Not answered at all.")


Replies = Annotated[list[Reply], Field(max_length=120)]


class QuestionRequest(Record):
    """Goal, what is known, and the answers so far; nothing is kept."""

    goal: str = Field(max_length=2000, description="The id of a goal, or topics with commas.")
    known: Topics = Field(default=[], description="Topics that are known, by id or the beginning of ids.")
    answers: Replies = Field(default=[], description="In the order in which they were given.")
    seed: int = Field(ge=0, lt=SEEDS, strict=True, description="Which of a topic's questions, and its numbers.")


class AboutRequest(Record):
    """Free words, which stay on this machine."""

    beginning: Words = Field("", description="Where the learner starts from.")
    strengths: Words = Field("", description="What they are good at.")
    worries: Words = Field("", description="What worries them.")

    def said(self) -> dict[str, str]:
        """Only what was sent."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class PlanRequest(Record):
    """What a plan is made from. What is left out stays as it was kept."""

    goal: str = Field("", max_length=2000, description="The id of a goal, or topics with commas.")
    hours: float = Field(0.0, ge=HOURS[0], le=HOURS[1], strict=True, description="A week, as they really are.")
    start: Day | None = Field(None, description="The first day; today without it.")
    target: Day | None = Field(None, description="The day by which it should be done; null: none any more.")
    known: Topics = Field(default=[], description="Topics that are known, by id or the beginning of ids.")
    unknown: Topics = Field(default=[], description="Topics that were said to be known, and are not.")
    answers: Replies = Field(default=[], description="To the questions of the intake; kept as evidence.")
    cut: Topics = Field(default=[], description="Topics to give up, as one of the ways out says.")
    about: AboutRequest = Field(AboutRequest(), description="Free words, kept with the plan.")
    back: bool = Field(False, strict=True, description="It takes a change back: its target may be over by now.")

    def wanted(self) -> Wanted:
        """For ``roadmap.settling``: only what was said."""
        said = {name: getattr(self, name) for name in ("goal", "hours", "start", "target")}
        settings = {name: said[name] for name in said if name in self.model_fields_set}
        if settings.get("start", FIRST) is None:
            del settings["start"]
        return Wanted(settings, tuple(self.known), tuple(self.unknown), tuple(self.cut), answered(self.answers),
                      self.about.said(), self.back)  # fmt: skip


def answered(replies: Sequence[Reply]) -> tuple[Answered, ...]:
    """Replies as ``roadmap.asked`` takes them."""
    return tuple(Answered(each.question, each.seed, each.text, each.skipped) for each in replies)


class OwnResource(Record):
    """Something of the learner's own for a week of the plan."""

    title: Line = Field(description="What it is called.")
    hours: float = Field(1.0, gt=0, le=1000, strict=True, description="How many it takes.")
    day: Day | None = Field(None, description="A day of the week in which it begins; today without it.")
    topic: str = Field("", max_length=40, description="The topic that it is about.")
    url: Address = Field("", description="Where it is.")
    removed: bool = Field(False, strict=True, description="Take it out again.")


class Holding(Record):
    """The gap that it was before."""

    topic: str = Field(max_length=300, description='Its "topic", as GET /today told it.')
    since: Day = Field(description="The day since which it was the gap.")


class GapText(Record):
    """A gap that the learner names."""

    title: Line = Field(description="What it is called.")
    topic: str = Field("", max_length=40, description="The topic that it is about, where it is one of the roadmap's.")
    hours: float = Field(0.0, ge=0, le=1000, strict=True, description="How many it will take, where it names no topic.")
    chosen: bool = Field(True, strict=True, description="It is the gap from now on, whatever its score.")


class OwnGap(GapText):
    """The same, or away with it."""

    removed: bool = Field(False, strict=True, description="Take it away again.")
    held: Holding | None = Field(None, description="Which gap goes on again, where this takes a change back.")


class ParkRequest(Record):
    """The gap that is to wait until tomorrow."""

    topic: str = Field(max_length=300, description='The "topic" of the gap, as GET /today told it.')
    since: Day | None = Field(None, description="Take it back: the day since which it was the gap.")


class KnownRequest(Record):
    """The learner's word that the gap is closed, where no check says it."""

    topic: str = Field(max_length=300, description='The "topic" of the gap, as GET /today told it.')
    known: bool = Field(True, strict=True, description="False takes it back.")
    since: Day | None = Field(None, description="To take it back: as the answer told it.")
    gaps: list[GapText] = Field(default=[], max_length=200, description="To take it back: as the answer told it.")


class DoneRequest(Record):
    """The learner's word for a milestone without a check."""

    milestone: str = Field(max_length=60, description="churn/M1")
    url: Address = Field("", description="Where it can be looked at.")
    removed: bool = Field(False, strict=True, description="Take it back.")


class Begun(Record):
    """Whether there is anything of a learner in this home."""

    begun: bool
    """A journal or a log of evidence is there."""
