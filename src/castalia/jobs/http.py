"""Jobs over HTTP. Who may ask is decided where routers are composed (castalia.web)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from castalia.jobs.folder import as_json
from castalia.jobs.job import Job, State
from castalia.jobs.output import MOST
from castalia.jobs.queue import Jobs

BEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""


def router(jobs: Jobs, scrub: Callable[[str], str] = str) -> APIRouter:
    """GET /jobs, /jobs/{id}, of it /events, /log and /output; POST /jobs/{id}/cancel and /jobs/{id}/resume.

    ``scrub`` takes this machine's folders out of everything a client is shown.
    """
    api = APIRouter(prefix="/jobs", tags=["jobs"])

    @api.get("")
    def list_jobs(
        owner: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        state: Annotated[list[State] | None, Query(max_length=5, description="Only jobs in one of these.")] = None,
    ) -> list[dict[str, Any]]:
        """The newest jobs first, without their last log lines: pages ask this often."""
        found = [job for job in jobs.list(owner) if not state or job.state in state]
        return [brief(shown(job, scrub)) for job in found[:limit]]

    @api.get("/{id}")
    def get_job(id: str) -> dict[str, Any]:
        """One job."""
        return shown(jobs.get(id), scrub)

    @api.get("/{id}/log", response_class=PlainTextResponse)
    def get_log(id: str, lines: Annotated[int | None, Query(ge=1, le=10_000)] = None) -> PlainTextResponse:
        """What the job printed."""
        return PlainTextResponse(scrub(jobs.log(id, lines)), headers={"X-Content-Type-Options": "nosniff"})

    @api.get("/{id}/output")
    def get_output(
        id: str,
        after: Annotated[int | None, Query(ge=0, lt=2**53, description="The place to go on from.")] = None,
        most: Annotated[int, Query(ge=1, le=MOST, description="Bytes of one answer.")] = 1 << 17,
    ) -> dict[str, Any]:
        """{"text", "start", "next", "size", "left_out", "drawing"}: what it printed, in whole lines, from a place on.
        Without ``after`` the end of it; ``next`` is the place to ask for then. ``drawing`` is the line without an end.
        """
        return {key: clean(value, scrub) for key, value in jobs.output(id, after, most).items()}

    @api.post("/{id}/cancel")
    def cancel_job(id: str) -> dict[str, Any]:
        """Ask it to stop; it has ten seconds. Asked again, it is killed."""
        return shown(jobs.cancel(id), scrub)

    @api.post("/{id}/resume")
    def resume_job(id: str) -> dict[str, Any]:
        """Queue a failed or cancelled job once more."""
        return shown(jobs.resume(id), scrub)

    @api.get("/{id}/events")
    async def get_events(
        id: str,
        request: Request,
        after: Annotated[int, Query(ge=0)] = 0,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> StreamingResponse:
        """Server-sent events: the job's own under their kinds, and ``state`` (the job) at each change of state.
        Ends after the ``state`` that says the job is over. ``Last-Event-ID`` goes on after that event."""
        jobs.get(id)  # an unknown job is a 404, not an empty stream
        start = int(last_event_id) if last_event_id and last_event_id.isdigit() else after
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            stream(jobs, id, start, request, scrub), media_type="text/event-stream", headers=headers
        )

    return api


def shown(job: Job, scrub: Callable[[str], str]) -> dict[str, Any]:
    """A job as JSON without this machine's folders."""
    return {key: clean(value, scrub) for key, value in job.as_dict().items()}


def brief(job: dict[str, Any]) -> dict[str, Any]:
    """The job without what only its own page shows."""
    error = job["error"]
    return job if error is None else {**job, "error": {key: value for key, value in error.items() if key != "log_tail"}}


def clean(value: Any, scrub: Callable[[str], str]) -> Any:
    """Any JSON value, every text in it scrubbed."""
    if isinstance(value, dict):
        return {key: clean(item, scrub) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, scrub) for item in value]
    return scrub(value) if isinstance(value, str) else value


async def stream(jobs: Jobs, id: str, after: int, request: Request, scrub: Callable[[str], str]) -> AsyncIterator[str]:
    """The text of the event stream. A client that leaves ends it within a beat."""
    reader = jobs.events(id, after)
    told: object = None
    spoke = time.monotonic()
    yield "retry: 1000\n\n"
    while not jobs.closing:
        # In a thread: the home may be on a slow disk. The job comes first, so that the last events are not missed.
        job = await asyncio.to_thread(jobs.get, id)
        events = await asyncio.to_thread(reader.read)
        for event in events:
            kind = "".join(event.kind.split())  # a line break in it would end the field
            yield f"id: {event.n}\nevent: {kind}\ndata: {as_json(clean({'t': event.t, **event.data}, scrub))}\n\n"
        now = (job.state, job.attempt, job.stopping)
        if now != told and not (events and job.over):
            told = now
            yield f"event: state\ndata: {as_json(shown(job, scrub))}\n\n"
        elif not events and time.monotonic() - spoke > BEAT:
            yield ": beat\n\n"
        else:
            await asyncio.sleep(0.1)
            if not events:
                continue
        spoke = time.monotonic()
        if job.over and not events:
            return
        if await request.is_disconnected():
            return
