"""The systems over HTTP: what there is, one in full, ask, fit, view, source; and the projects, systems or not.

A name in an address is ``churn``, ``churn@3``, ``sales@champion`` or, on another shelf,
``yours~recommender``; a verb follows a colon. No field of any request is read as a path.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Body, Path, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from castalia import catalog
from castalia.core.errors import CastaliaError, NotFound, WrongInput
from castalia.core.record import Record
from castalia.core.settings import Settings
from castalia.runtime.columns import read_csv, write_csv
from castalia.runtime.fitting import submit
from castalia.runtime.hosts import Answer, Hosts
from castalia.runtime.libraries import describe_project, line, modules
from castalia.runtime.opening import ready, resolve

if TYPE_CHECKING:
    from castalia.jobs import Jobs
    from castalia.track import Store

MODEL, WARNINGS = "X-Castalia-Model", "X-Castalia-Warnings"
MAX_SOURCE = 400_000
EVENTS = "text/event-stream"

Name = Annotated[str, Path(description="churn, churn@3, sales@champion or yours~recommender.", max_length=200)]
Values = Annotated[dict[str, Any], Body(description="The fields that GET /systems/{name} lists.")]


class FitRequest(Record):
    """How to fit."""

    params: dict[str, Any] = Field({}, description="Fields of the system's Params; what is left out keeps its default.")
    quick: bool = Field(False, description="Start from QUICK: seconds, and no version is kept.")
    as_: str | None = Field(None, alias="as", max_length=64, description="The model's name, if not the system's.")


class Submitted(Record):
    """Where to follow a fit."""

    job: str = Field(description="GET /jobs/{job}/events follows it.")
    run_id: str = Field(description="GET /runs/{run_id} holds its numbers.")


class SystemLine(Record):
    """One system in the list."""

    name: str = Field(description="Folder, module, address and command.")
    title: str = Field(description="What to call it.")
    project: str = Field(description='Its number on the roadmap, "2.1"; empty on your own shelf.')
    skill: str = Field(description="The skill it belongs to.")
    summary: str = Field(description="What it answers, in one line.")
    shelf: str = Field(description="Empty for ours.")
    address: str = Field(description="Its name in addresses of this API.")
    ready: str | None = Field(description="The version that answers, churn@3; null where a quick fit would.")
    missing: str | None = Field(description="The line to type where an extra is not installed.")


class ProjectLine(Record):
    """One project in the list, whether it is a system or not."""

    name: str = Field(description="Folder, address and command.")
    title: str = Field(description="What to call it.")
    project: str = Field(description='Its number on the roadmap, "1.1"; empty on your own shelf.')
    skill: str = Field(description="The skill it belongs to.")
    summary: str = Field(description="What it is, in one line.")
    shelf: str = Field(description="Empty for ours.")
    address: str = Field(description="Its name in addresses of this API.")
    kind: str = Field(description="system: it answers; library: it is imported; project: a lesson and a contract.")
    subject: str = Field(description="The package that a library is, castalia.kit say.")
    missing: str | None = Field(description="The line to type where an extra is not installed.")


class SourceFile(Record):
    """One file of a project."""

    file: str = Field(description="Its name.")
    text: str = Field(description="Its content.")


class Lesson(Record):
    """What a project has to read."""

    pages: list[SourceFile] = Field(description="README.md, then the chapters in lesson/, in order; Markdown.")
    figures: list[SourceFile] = Field(description="The drawings they show; SVG.")


def router(settings: Settings, hosts: Hosts, jobs: Jobs, store: Store) -> APIRouter:
    """The routes under /systems."""
    routes = APIRouter(tags=["systems"])

    @routes.get("/systems", summary="Every system that is built here")
    def systems() -> list[SystemLine]:
        return [_line(card, settings, store) for card in catalog.cards(settings) if card.is_system]

    @routes.get("/systems/{name}", summary="One system: schemas, example, versions, lesson", response_model=None)
    def system(name: Name) -> Response:
        return _json(hosts.describe(_address(name)))

    @routes.get("/projects", summary="Every project that is here: systems, and libraries")
    def projects() -> list[ProjectLine]:
        return [ProjectLine(**_tilde(line(card))) for card in catalog.cards(settings)]

    @routes.get("/projects/{name}", summary="One project: claims, lesson, modules, examples", response_model=None)
    def project(name: Name) -> Response:
        told = describe_project(_address(name), settings)
        # a large library has more names than a page needs at once: they are asked for apart
        brief = [{"name": each["name"], "line": each["line"], "count": len(each["names"])} for each in told["modules"]]
        return _json(_tilde(told | {"modules": brief}))

    @routes.get("/projects/{name}/names", summary="What is in a library: its modules with their names")
    def names(name: Name) -> list[dict[str, Any]]:
        return modules(catalog.card(_address(name), settings))

    @routes.get("/systems/{name}/source", summary="The code of a system, to read")
    def source(name: Name) -> list[SourceFile]:
        return _source(resolve(_address(name), settings, store).card)

    @routes.get("/systems/{name}/lesson", summary="The lesson, all chapters and figures")
    def lesson(name: Name) -> Lesson:
        card = resolve(_address(name), settings, store).card
        pages = {"README.md": card.lesson(), **card.chapters()}
        figures = card.chapters(".svg")
        return Lesson(
            pages=[SourceFile(file=file, text=text) for file, text in pages.items() if text],
            figures=[SourceFile(file=file, text=text) for file, text in figures.items()],
        )

    @routes.post("/systems/{name}/fit", status_code=202, summary="Train it, as a job")
    def fit(name: Name, asked: FitRequest) -> Submitted:
        planned = hosts.plan(_address(name), asked.params, quick=asked.quick, as_=asked.as_)
        job, run_id = submit(jobs, planned.address, owner="workbench", settings=settings, store=store, planned=planned)
        return Submitted(job=job.id, run_id=run_id)

    @routes.post("/systems/{name}/view", summary="Its figures, for the given controls", response_model=None)
    def view(name: Name, controls: Values) -> Response:
        answer = hosts.view(_address(name), controls)
        return _json({"figures": answer.output}, answer)

    @routes.post(
        "/systems/{name}:predict",
        summary="Whole columns in, whole columns out: CSV or JSON",
        response_model=None,
        openapi_extra=_PREDICT_BODY,
    )
    async def predict(name: Name, request: Request) -> Response:
        body, media = await request.body(), request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return await run_in_threadpool(_predict, hosts, _address(name), body, media == "text/csv")

    @routes.post(
        "/systems/{name}:{verb}", summary="Ask one of its further verbs", response_model=None, responses=_STREAMS
    )
    def ask_verb(name: Name, verb: str, values: Values, request: Request) -> Response:
        return _ask(hosts, _address(name), verb, values, request)

    @routes.post(
        "/systems/{name}", summary="Ask it: the Input in, the Output back", response_model=None, responses=_STREAMS
    )
    def ask(name: Name, values: Values, request: Request) -> Response:
        return _ask(hosts, _address(name), "", values, request)

    return routes


_PREDICT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["columns"],
                    "properties": {"columns": {"type": "object", "additionalProperties": {"type": "array"}}},
                }
            },
        },
    }
}
_STREAMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The Output; bit by bit where Accept is text/event-stream.",
        "content": {"application/json": {}, EVENTS: {}},
    }
}


def _address(name: str) -> str:
    """The address as the catalogue writes it; verbs have routes of their own."""
    try:
        address = catalog.parse(name.replace("~", "/", 1))
    except WrongInput as error:  # nothing can be at such an address
        raise NotFound(error.subject, error.got, error.expected, error.cure) from None
    if address.verb:
        raise WrongInput(
            "a verb is asked with POST", f":{address.verb}", f"POST /systems/{address.bare}:{address.verb}"
        )
    return address.bare + (f"@{address.ref}" if address.ref else "")


def _tilde(told: dict[str, Any]) -> dict[str, Any]:
    """With the address as this API writes it."""
    return {**told, "address": told["address"].replace("/", "~")}


def _line(card: catalog.Card, settings: Settings, store: Store) -> SystemLine:
    return SystemLine(
        name=card.name,
        title=card.title,
        project=card.number,
        skill=card.skill,
        summary=card.summary,
        shelf=card.shelf,
        address=card.address.replace("/", "~"),
        ready=ready(card, settings, store),
        missing=card.missing() or None,
    )


def _headers(answer: Answer | None) -> dict[str, str]:
    """Which model answered, and its warnings as a JSON list; both plain ASCII whatever a name holds."""
    if answer is None:
        return {}
    made = {MODEL: quote(answer.label, safe="@._-")}
    if answer.warnings:
        made[WARNINGS] = json.dumps([warning[:500] for warning in answer.warnings[:8]])
    return made


def _json(content: Any, answer: Answer | None = None) -> Response:
    """JSON with null for what is no finite number, as JSON knows none."""
    packed = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return Response(packed, headers=_headers(answer), media_type="application/json")


def _ask(hosts: Hosts, address: str, verb: str, values: Mapping[str, Any], request: Request) -> Response:
    if EVENTS in request.headers.get("accept", ""):
        bits = iter(hosts.tell(address, values, verb))
        # The first bit is waited for here, so that wrong input is an answer with a status and not half a stream.
        first = next(bits, None)
        return StreamingResponse(_events(first, bits), media_type=EVENTS, headers={"cache-control": "no-store"})
    answer = hosts.call(address, values, verb)
    return _json(answer.output, answer)


async def _events(first: Any, bits: Iterator[Any]) -> AsyncIterator[bytes]:
    """``data:`` for each bit, then ``event: done``; an error in the middle is ``event: error``."""
    bit = first
    try:
        while bit is not None:
            yield b"data: " + orjson.dumps(bit) + b"\n\n"
            bit = await run_in_threadpool(next, bits, None)
        yield b"event: done\ndata: {}\n\n"
    except CastaliaError as error:
        yield b"event: error\ndata: " + orjson.dumps(error.as_dict()) + b"\n\n"
    finally:
        # Telling the model to stop waits for its next bit: not here, where every other request would wait too.
        asyncio.get_running_loop().run_in_executor(None, _close, bits)


def _close(bits: Iterator[Any]) -> None:
    """Let go of the model, once whoever still waits for a bit has it."""
    close = getattr(bits, "close", None)
    while close is not None:
        try:
            close()
            return
        except ValueError:  # a thread is inside it
            time.sleep(0.05)


def _predict(hosts: Hosts, address: str, body: bytes, as_csv: bool) -> Response:
    if as_csv:
        answer = hosts.predict(address, {"columns": read_csv(body)})
        text = write_csv(answer.output["columns"])
        return Response(text, headers=_headers(answer), media_type="text/csv; charset=utf-8")
    try:
        columns = json.loads(body)
    except ValueError:
        raise WrongInput("the body is no JSON", expected='{"columns": {name: [values]}}') from None
    if not isinstance(columns, dict) or set(columns) != {"columns"} or not isinstance(columns["columns"], dict):
        raise WrongInput("the table does not fit", expected='{"columns": {name: [values]}}', field="columns")
    answer = hosts.predict(address, columns)
    return _json(answer.output, answer)


def _source(card: catalog.Card) -> list[SourceFile]:
    """The files that make a project: its code and card, the main one first; nothing that leads out of its folder."""
    home = card.folder.resolve()
    found = []
    for path in card.folder.iterdir():
        named = path.suffix == ".py" or path.name in ("card.toml", "README.md")
        if named and path.is_file() and path.resolve().parent == home and path.stat().st_size <= MAX_SOURCE:
            found.append(SourceFile(file=path.name, text=path.read_text("utf-8", "replace")))
    if not found:
        raise NotFound(f"{card.address} has no source here")
    first = f"{card.name}.py"
    return sorted(found, key=lambda each: (each.file != first, not each.file.endswith(".py"), each.file))
