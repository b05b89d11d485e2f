"""A learner's day and plan over HTTP. Plan, journal and evidence are the learner's own: only a client on this machine.

Everything is read and computed in threads, one after the other, since two replays of one log are no faster than one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from castalia.check.loopback import only_here
from castalia.core.errors import Refused
from castalia.core.settings import Settings
from castalia.roadmap.bodies import (
    AboutRequest,
    Begun,
    DoneRequest,
    KnownRequest,
    OwnGap,
    OwnResource,
    ParkRequest,
    PlanRequest,
    QuestionRequest,
)
from castalia.roadmap.desk import Learning, goals


def router(settings: Settings, scrub: Callable[[str], str] = str) -> APIRouter:
    """The routes under /today and /plan. ``scrub`` takes this machine's folders out of warnings."""
    routes = APIRouter(tags=["learning"], dependencies=[Depends(only_here)])
    learning = Learning(settings)

    def told(found: dict[str, Any]) -> Response:
        if "warnings" in found:
            found = {**found, "warnings": [scrub(each) for each in found["warnings"]]}
        return Response(orjson.dumps(found), media_type="application/json")

    @routes.get("/today", summary="One gap, one milestone, at most three reviews, when to stop", response_model=None)
    async def day() -> Response:
        """The same as ``castalia today --json``, with the plan in short. It keeps which gap is being closed."""
        return told(await learning.turn(learning.today))

    @routes.get("/today/bug", summary="The answer to the bug of the day", response_model=None)
    async def bug() -> Response:
        """Which claim notices it."""
        return told(await learning.turn(learning.bug))

    @routes.post("/today/park", summary="Not today: another gap", response_model=None)
    async def park(asked: ParkRequest) -> Response:
        """The gap waits until tomorrow, and the next one is shown."""
        return told(await learning.turn(lambda: learning.park(asked)))

    @routes.post("/today/known", summary="The gap is closed, by the learner's word", response_model=None)
    async def known(asked: KnownRequest) -> Response:
        """For a gap that no check closes, as ``castalia roadmap gap --done``; the next one is shown."""
        return told(await learning.turn(lambda: learning.known(asked)))

    @routes.post("/today/gap", summary="A gap of the learner's own, or away with it", response_model=None)
    async def own_gap(asked: OwnGap) -> Response:
        """It is the gap until it is taken away."""
        return told(await learning.turn(lambda: learning.own_gap(asked)))

    @routes.post("/today/done", summary="The learner's word for a milestone without a check", response_model=None)
    async def done(asked: DoneRequest) -> Response:
        """The same as ``castalia roadmap progress --done``."""
        return told(await learning.turn(lambda: learning.done(asked)))

    @routes.get("/plan/goals", summary="What a plan can lead to, with sizes; topics by skill", response_model=None)
    async def goals_() -> Response:
        """Hours are those of everything that a goal stands on."""
        return told(await learning.turn(goals))

    @routes.post("/plan/preview", summary="A plan with other settings, tried out only", response_model=None)
    async def preview(asked: PlanRequest) -> Response:
        """Nothing is kept."""
        return told(await learning.turn(lambda: learning.settle(asked, kept=False)))

    @routes.put("/plan", summary="Keep a plan: what moved since the one before", response_model=None)
    async def settle(asked: PlanRequest) -> Response:
        """``{}`` plans again from today."""
        return told(await learning.turn(lambda: learning.settle(asked, kept=True)))

    @routes.post("/plan/question", summary="The next question of the intake, and how the last was answered",
                 response_model=None)  # fmt: skip
    async def question(asked: QuestionRequest) -> Response:
        """At most 15. Nothing is kept: the answers so far are sent again, and at last with the plan."""
        return told(await learning.turn(lambda: learning.question(asked)))

    @routes.post("/plan/about", summary="Where the learner starts from, in free words", response_model=None)
    async def about(asked: AboutRequest) -> Response:
        """They are kept in the journal of this machine."""
        return told(await learning.turn(lambda: learning.about(asked)))

    @routes.post("/plan/resource", summary="Something of one's own in a week of the plan", response_model=None)
    async def resource(asked: OwnResource) -> Response:
        """The plan gives its hours before its own topics."""
        return told(await learning.turn(lambda: learning.resource(asked)))

    return routes


def begun(settings: Settings) -> APIRouter:
    """Whether somebody learns here, for the bar of every page; to others it is always no."""
    routes = APIRouter(tags=["learning"])

    @routes.get("/today/begun", summary="Whether somebody learns here")
    async def begun(request: Request) -> Begun:
        """No, for a client on another machine."""
        try:
            only_here(request)
        except Refused:
            return Begun(begun=False)
        return Begun(begun=any((settings.home / f"{log}.jsonl").is_file() for log in ("journal", "evidence")))

    return routes
