"""Files of runs over HTTP: the list, one folder of it, and the file itself, whole or by range."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from castalia.core.errors import NotFound, Refused
from castalia.track.board.answering import answer
from castalia.track.bundle import bundled
from castalia.track.first_rows import first_rows
from castalia.track.sending import SAFE, file_answer
from castalia.track.store import Store

FOLDER = Query(max_length=1024, description='One level of this folder only; "" is the top.')


def nothing(run_id: str) -> NotFound:
    """The answer to a name that the run has not."""
    return NotFound(f"run {run_id[:64]} has no artifact of this name", cure="GET /runs/{id}/artifacts")


def router(store: Store) -> APIRouter:
    """``GET /runs/{run_id}/artifacts`` and what lies below."""
    routes = APIRouter(tags=["runs"])

    @routes.get("/runs/{run_id}/artifacts")
    def artifacts(run_id: str, folder: Annotated[str | None, FOLDER] = None) -> Response:
        """[{"name", "size", "sha256", "created"}]; with ``folder``: [{"name", "folder", "size"}] of one level."""
        if folder is None:
            return Response(orjson.dumps(store.artifacts(run_id)), media_type="application/json")
        entries = store.listing(store.run_place(run_id, folder.removesuffix("/")))
        lines = [{"name": each.name, "folder": each.is_folder, "size": each.size} for each in entries]
        return Response(orjson.dumps(lines), media_type="application/json")

    @routes.get("/runs/{run_id}/archive.zip", response_class=StreamingResponse)
    def bundle(run_id: str) -> Response:
        """Every file of the run as one zip, made while it is sent."""
        name = store.run(run_id)["name"] or run_id
        how = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(str(name)[:100], safe='')}.zip"}
        return StreamingResponse(bundled(store, run_id), media_type="application/zip", headers=SAFE | how)

    @routes.get("/runs/{run_id}/rows/{name:path}")
    def rows(run_id: str, name: str) -> Response:
        """The first 100 rows of a Parquet file: {"columns": [{"name", "type"}], "rows", "total_rows", ...}."""
        try:  # not in the reading lane: a file may take its child half a minute, and every page reads there
            return answer(first_rows(store, store.run_place(run_id, name)))
        except Refused:
            raise nothing(run_id) from None

    async def send(request: Request, run_id: str, name: str) -> Response:
        try:
            return await file_answer(request, store, await run_in_threadpool(store.run_place, run_id, name))
        except Refused:  # whether there is anything outside is not for a client to learn
            raise nothing(run_id) from None

    @routes.head("/runs/{run_id}/artifacts/{name:path}", include_in_schema=False)
    async def artifact_head(request: Request, run_id: str, name: str) -> Response:
        return await send(request, run_id, name)

    @routes.get("/runs/{run_id}/artifacts/{name:path}", response_class=FileResponse)
    async def artifact(request: Request, run_id: str, name: str) -> Response:
        """The file itself, as a download unless it is a picture or plain text. Ranges and If-None-Match are known."""
        return await send(request, run_id, name)

    return routes
