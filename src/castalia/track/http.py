"""The tracker over HTTP: runs, their metrics and files, models and aliases. JSON; NaN and infinities are text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from castalia.track import ingest
from castalia.track.artifact_http import router as artifact_routes
from castalia.track.board.answering import answer
from castalia.track.board.http import router as board_routes
from castalia.track.board.models_http import router as model_routes
from castalia.track.events import ENDED, Changes, finished, follow
from castalia.track.protocol.grammar import MAX_LENGTH
from castalia.track.reading import aside
from castalia.track.store import Store


def router(store: Store, *, stopping: Callable[[], bool] | None = None) -> APIRouter:
    """The routes. ``stopping()`` turning true ends the event streams, as a server that shuts down must."""
    routes = APIRouter()
    routes.include_router(board_routes(store))
    _runs(routes, store, stopping or (lambda: False))
    routes.include_router(artifact_routes(store))
    ingest.add_routes(routes, store)
    routes.include_router(model_routes(store))
    return routes


def _runs(routes: APIRouter, store: Store, stopping: Callable[[], bool]) -> None:
    changes = Changes(store)

    @routes.get("/runs", tags=["runs"])
    async def runs(
        request: Request,
        experiment: str | None = None,
        status: str | None = None,
        q: Annotated[str | None, Query(max_length=200, description="Text in id, name, experiment or system.")] = None,
        order: Annotated[str, Query(max_length=300, description="started, -metrics.loss, params.rate")] = "-started",
        limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
        offset: Annotated[int, Query(ge=0, lt=2**62)] = 0,
        parent: Annotated[str | None, Query(description="Children of this run only.")] = None,
        filter: Annotated[
            str, Query(max_length=MAX_LENGTH, description="metrics.loss < 0.3 AND params.rate > 0.01")
        ] = "",
        columns: Annotated[
            list[str] | None, Query(max_length=1000, description="Only these: metrics.loss, params.rate, tags.stage")
        ] = None,
        trash: Annotated[bool, Query(description="The deleted runs instead of the others.")] = False,
        archived: Annotated[Literal["all", "no", "only"], Query(description="Runs that were put away.")] = "all",
        top: Annotated[bool, Query(description="Only runs that are not inside another.")] = False,
        brief: Annotated[bool, Query(description="Params and tags cut to 200 characters.")] = False,
    ) -> Response:
        """A page of runs: {"items": [...], "total": n}. A wrong filter is a 422 that points at the place."""

        def read() -> Response:
            within = (experiment, status, q, order, limit, offset, parent, filter, columns, trash, archived, top, brief)
            page = store.runs(*within)
            return answer({"items": page.items, "total": page.total})

        return await aside(request.receive, read)

    @routes.get("/runs/{run_id}", tags=["runs"])
    def run(run_id: str) -> Response:
        """One run with its summary of every metric."""
        return answer(store.run(run_id))

    @routes.get("/runs/{run_id}/metrics", tags=["runs"])
    async def metrics(
        request: Request,
        run_id: str,
        key: Annotated[list[str] | None, Query(max_length=1000, description="Metrics; all if none.")] = None,
        points: Annotated[int, Query(ge=4, le=100_000, description="At most so many points a metric.")] = 500,
    ) -> Response:
        """{metric: {"step": [], "time": [], "value": []}}; a long series is thinned, extremes stay exact."""
        return await aside(request.receive, lambda: answer(store.metrics(run_id, key, points)))

    @routes.get("/runs/{run_id}/events", tags=["runs"], response_class=StreamingResponse)
    async def events(
        run_id: str,
        last_event_id: Annotated[str | None, Header()] = None,
        history: Annotated[bool, Query(description="What was logged so far, at once; else `begin`.")] = True,
    ) -> Response:
        """Server-sent events: history and status at once, metrics and status as they land, end with the run."""
        over = await run_in_threadpool(finished, store, run_id)  # 404 before the stream begins
        if over and last_event_id == ENDED:
            return Response(status_code=204)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = follow(store, run_id, changes, stopping, history)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
