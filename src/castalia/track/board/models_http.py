"""Models over HTTP: lists, one with its versions, promotions, lineage, cards, versions beside each other, notes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from castalia.core.errors import Refused
from castalia.track.asking import asker
from castalia.track.board import model_page
from castalia.track.board.answering import answer
from castalia.track.board.beside import beside
from castalia.track.board.lineage import lineage
from castalia.track.board.version_files import files, nothing, place_at
from castalia.track.first_rows import first_rows
from castalia.track.model_cards import model_card
from castalia.track.promotions import MAX_REASON
from castalia.track.reading import in_lane
from castalia.track.registry import CHAMPION
from castalia.track.sending import file_answer
from castalia.track.store import Store

Number = Annotated[int, Path(ge=1, lt=2**31, description="Number of a version.")]

Before = Annotated[int | None, Query(ge=1, lt=2**31, description="Only versions below this number.")]

Expected = Annotated[int | None, Query(ge=1, lt=2**31, description="Refuse unless the alias means this version now.")]


class Target(BaseModel):
    """The version that an alias is to point at."""

    model_config = ConfigDict(extra="forbid", strict=True)
    version: int = Field(ge=1, lt=2**31, description="Number of a version.", examples=[1])


class Promotion(Target):
    """A version that is to go by an alias, and why."""

    alias: str = Field(CHAMPION, max_length=255, description="champion is the version that the bare name means.")
    reason: str = Field("", max_length=MAX_REASON, description="Why; it is kept with who and when.")
    expected: int | None = Field(
        None, ge=1, lt=2**31, description="Refuse unless the alias means this version now; null: unless it means none."
    )

    @property
    def awaited(self) -> int | None:
        """As ``Store.set_alias`` takes it: left out is None, null is 0."""
        return (self.expected or 0) if "expected" in self.model_fields_set else None


def router(store: Store) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["models"])
    _of_models(routes, store)
    _of_aliases(routes, store)
    _of_versions(routes, store)
    _of_files(routes, store)
    return routes


def _of_models(routes: APIRouter, store: Store) -> None:
    @routes.get("/models")
    @in_lane
    def models() -> Response:
        """Every model: name, versions (how many), newest, champion, aliases, tags, system, source, metrics, times. Of
        one without a version newest and champion are null."""
        return answer(model_page.listed(store))

    @routes.get("/models/{name}")
    @in_lane
    def model(name: str, before: Before = None) -> Response:
        """One model with its versions, newest first: the newest 1,000 and those that an alias means; ``more``: there
        are older ones, which ``before`` asks for."""
        return answer(model_page.page(store, name, before))

    @routes.patch("/models/{name}")
    def mark_model(name: str, body: model_page.ModelMarks) -> Response:
        """Change a model's note or tags; answers the model."""
        model_page.mark_model(store, name, body)
        return answer(model_page.page(store, name))

    @routes.get("/models/{name}/compare")
    @in_lane
    def compare(name: str, version: Annotated[list[int], Query(max_length=20, description="Numbers.")]) -> Response:
        """Versions beside each other: facts, metrics, params of their runs, data, code, files; what differs."""
        return answer(beside(store, name, version))


def _of_aliases(routes: APIRouter, store: Store) -> None:
    @routes.put("/models/{name}/aliases/{alias}")
    def set_alias(request: Request, name: str, alias: str, body: Target) -> Response:
        """Point an alias at a version; answers the model, with the version it meant ``before``."""
        before = store.set_alias(name, alias, body.version, who=asker(request.scope))
        return answer({**model_page.page(store, name), "before": before})

    @routes.delete("/models/{name}/aliases/{alias}")
    def delete_alias(request: Request, name: str, alias: str, expected: Expected = None) -> Response:
        """Take an alias away; answers the model, with the version it meant ``before``."""
        before = store.delete_alias(name, alias, asker(request.scope), expected)
        return answer({**model_page.page(store, name), "before": before})

    @routes.post("/models/{name}/promotions")
    def promote(request: Request, name: str, body: Promotion) -> Response:
        """Point an alias at a version and keep why; answers the model, with the version it meant ``before``."""
        before = store.set_alias(name, body.alias, body.version, body.reason, asker(request.scope), body.awaited)
        return answer({**model_page.page(store, name), "before": before})

    @routes.get("/models/{name}/promotions")
    @in_lane
    def promotions(name: str, alias: str | None = None) -> Response:
        """[{"id", "alias", "version", "before", "time", "who", "reason"}], newest first; version null: taken away."""
        return answer(store.promotions(name, alias))


def _of_versions(routes: APIRouter, store: Store) -> None:
    @routes.get("/models/{name}/versions/{version}")
    @in_lane
    def version(name: str, version: Number) -> Response:
        """A version and what it came of: {"version", "run", "code", "logged", "inputs", "data"}."""
        return answer(lineage(store, name, version))

    @routes.patch("/models/{name}/versions/{version}")
    def mark_version(name: str, version: Number, body: model_page.VersionMarks) -> Response:
        """Change a version's note, tags or stage; answers the model."""
        model_page.mark_version(store, name, version, body)
        return answer(model_page.page(store, name))

    @routes.get("/models/{name}/versions/{version}/card")
    @in_lane
    def card(name: str, version: Number) -> Response:
        """Its model card: {"label", "written", "text" (Markdown), "flags", "intended", "limits", "sections"}."""
        return answer(model_card(store, name, version).plain())

    @routes.get("/models/{name}/versions/{version}/files")
    @in_lane
    def listed(name: str, version: Number) -> Response:
        """{"here", "files": [{"name", "size", "sha256"}], "more"}."""
        return answer(files(store, name, version))


def _of_files(routes: APIRouter, store: Store) -> None:
    @routes.get("/models/{name}/versions/{version}/rows/{path:path}")
    def rows(name: str, version: Number, path: str) -> Response:
        """The first 100 rows of a Parquet file: {"columns": [{"name", "type"}], "rows", "total_rows", ...}."""
        try:  # not in the reading lane: a file may take its child half a minute, and every page reads there
            return answer(first_rows(store, place_at(store, name, version, path)))
        except Refused:
            raise nothing(name, version) from None

    async def send(request: Request, name: str, version: int, path: str) -> Response:
        try:
            return await file_answer(request, store, await run_in_threadpool(place_at, store, name, version, path))
        except Refused:
            raise nothing(name, version) from None

    @routes.head("/models/{name}/versions/{version}/artifacts/{path:path}", include_in_schema=False)
    async def file_head(request: Request, name: str, version: Number, path: str) -> Response:
        return await send(request, name, version, path)

    @routes.get("/models/{name}/versions/{version}/artifacts/{path:path}", response_class=FileResponse)
    async def file(request: Request, name: str, version: Number, path: str) -> Response:
        """The file itself, as a download unless it is a picture or plain text. Ranges and If-None-Match are known."""
        return await send(request, name, version, path)
