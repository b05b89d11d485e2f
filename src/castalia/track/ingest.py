"""What clients send in bulk: frames of points and operations, files, and the alerts they raised.

Everything may come twice, from a client that did not hear the first answer or from a spool that is
replayed: a point, a param, an end and an alert are then the same again, and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from castalia.core.errors import CastaliaError, Conflict, NotFound, Unavailable, WrongInput
from castalia.core.record import Record
from castalia.track import frames, schema
from castalia.track.artifacts import checked_name
from castalia.track.points import Point
from castalia.track.protocol.artifacts import receive
from castalia.track.store import Store

MAX_REFUSED = 50
"""Refusals that an answer spells out."""
LATER = object()
Millis = Annotated[int, Field(ge=0, lt=2**62, description="Milliseconds since 1970.")]


class Begin(Record):
    """A run begins; one that is there already goes on."""

    experiment: str = Field(description="Its experiment, made where it is missing.")
    name: str | None = Field(None, description="Its name.")
    params: dict[str, str] = Field({}, description="Its params.")
    tags: dict[str, str] = Field({}, description="Its tags.")
    system: str | None = Field(None, description="The system that learns in it.")
    parent: str | None = Field(None, description="The id of the run it is inside.")
    time: Millis = Field(description="When it began, in milliseconds since 1970.")

    def apply(self, store: Store, run_id: str) -> None:
        """Make the run, or find it made."""
        try:
            store.create_run(self.experiment, self.name, self.params, self.tags, self.system, self.parent, run_id)
        except Conflict:
            store.state(run_id)  # it is there: this is the second time
            return
        _stamp(store, run_id, started=self.time)


class Say(Record):
    """Params or tags of a run."""

    params: dict[str, str] = Field({}, description="Params; said once.")
    tags: dict[str, str] = Field({}, description="Tags; may change.")

    def apply(self, store: Store, run_id: str) -> None:
        """Keep them."""
        if self.params:
            store.set_params(run_id, self.params)
        if self.tags:
            store.set_tags(run_id, self.tags)


class End(Record):
    """A run has come to its end."""

    status: Literal["done", "failed", "cancelled"] = Field(description="How it ended.")
    time: Millis = Field(description="When, in milliseconds since 1970.")

    def apply(self, store: Store, run_id: str) -> None:
        """Set status and end."""
        store.finish(run_id, self.status)
        _stamp(store, run_id, ended=self.time)


class Alert(Record):
    """Something a person should see."""

    text: str = Field(description="What.")
    level: str = Field("warning", description="info, warning or error.")
    time: Millis = Field(description="When, in milliseconds since 1970.")

    def apply(self, store: Store, run_id: str) -> None:
        """Keep it, once."""
        store.add_alert(run_id, self.text, self.level, self.time)


OPERATIONS: dict[str, type[Begin | Say | End | Alert]] = {"begin": Begin, "say": Say, "end": End, "alert": Alert}


def _stamp(store: Store, run_id: str, **times: int) -> None:
    """The client's own clock: what waited in its spool did not happen just now. An end is never before its start."""
    runs = schema.runs
    values: dict[str, Any] = dict(times)
    if "ended" in times:
        import sqlalchemy as sa

        values["ended"] = sa.case((runs.c.started > times["ended"], runs.c.started), else_=times["ended"])
    with store.database.write() as connection:
        connection.execute(runs.update().where(runs.c.run_id == run_id).values(**values))


def ingest(store: Store, content: bytes) -> dict[str, Any]:
    """Apply frames in order. What does not fit is refused by itself; the rest is on disk when this returns.

    WrongInput where the frames are torn. Unavailable goes through: then the whole may be sent again.
    """
    counts = {"points": 0, "operations": 0, "refused": 0}
    errors: list[dict[str, Any]] = []
    points: dict[str, list[Point]] = {}
    tags: dict[str, list[dict[str, str]]] = {}

    def attempt(run_id: str, work: Callable[[], object], what: str, number: int = 1) -> None:
        try:
            if work() is not LATER:
                counts[what] += number
        except Unavailable:
            raise
        except CastaliaError as error:
            counts["refused"] += 1
            if len(errors) < MAX_REFUSED:
                errors.append({"run": run_id[:64], **error.as_dict()})

    def settle() -> None:
        """What may wait for a common commit: nobody has been answered yet."""
        for run_id, batch in split(store, points):
            attempt(run_id, partial(store.log_points, batch), "points", sum(map(len, batch.values())))
        for run_id, marks in tags.items():
            said = {key: value for each in marks for key, value in each.items()}
            attempt(run_id, partial(store.set_tags, run_id, said), "operations", len(marks))
        points.clear()
        tags.clear()

    def apply(kind: str, run_id: str, frame: dict[str, Any]) -> object:
        if kind not in OPERATIONS:
            raise WrongInput("no such operation", kind[:40], ", ".join(OPERATIONS), field="do")
        found = OPERATIONS[kind].parse(frame)
        if isinstance(found, End):  # a run that has ended has all its points
            settle()
        if isinstance(found, Say) and not found.params:
            tags.setdefault(run_id, []).append(found.tags)
            return LATER
        return found.apply(store, run_id)

    for frame in frames.read(content):
        if "do" not in frame:
            for run_id, batch in frame[""].items():
                points.setdefault(run_id, []).extend(batch)
            continue
        kind, run_id = str(frame.pop("do")), str(frame.pop("run", ""))
        attempt(run_id, partial(apply, kind, run_id, frame), "operations")
    settle()
    return {**counts, "errors": errors}


def split(store: Store, points: dict[str, list[Point]]) -> list[tuple[str, dict[str, list[Point]]]]:
    """All points as one batch; run by run where one of the runs is not there."""
    try:
        for run_id in points:
            store.state(run_id)
    except NotFound:
        return [(run_id, {run_id: batch}) for run_id, batch in points.items()]
    return [(next(iter(points)), points)] if points else []


_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def add_routes(routes: APIRouter, store: Store) -> None:
    """``POST /runs/ingest``, ``PUT /runs/{id}/artifacts/{name}`` and ``GET /runs/{id}/alerts``."""

    @routes.post("/runs/ingest", tags=["runs"], openapi_extra=_BYTES)
    async def take(request: Request) -> dict[str, Any]:
        """Frames as Castalia's client writes them (application/octet-stream): points, params, tags, ends, alerts.

        Answers how many points and operations were kept, and the errors of those refused. May be sent again.
        """
        return await run_in_threadpool(ingest, store, await request.body())

    @routes.put("/runs/{run_id}/artifacts/{name:path}", tags=["runs"], openapi_extra=_BYTES)
    async def put_artifact(
        request: Request,
        run_id: str,
        name: str,
        sha256: Annotated[str, Query(pattern="^([0-9a-f]{64})?$", description="What the body must hash to.")] = "",
    ) -> dict[str, Any]:
        """Keep the request's body as a file of the run, in the place of one of the same name. May be sent again."""
        place = (await run_in_threadpool(store.run_place, run_id)).inner(checked_name(name))  # before the body is read
        with await run_in_threadpool(store.incoming) as incoming:
            await receive(request, incoming)
            if sha256 and incoming.sha256 != sha256:
                raise WrongInput("the file arrived damaged", incoming.sha256, sha256, "Send it again.", field="sha256")
            return {"name": name, "sha256": await run_in_threadpool(store.keep, place, incoming)}

    @routes.get("/runs/{run_id}/alerts", tags=["runs"])
    def alerts(run_id: str) -> list[dict[str, Any]]:
        """[{"id", "time", "level", "text"}], oldest first."""
        return store.alerts(run_id)
