"""Every error as one JSON document, ``application/problem+json`` (RFC 9457).

Beside the standard's type, title, status and detail it holds our subject, got, expected, cure, field
and errors. A document never holds a traceback, nor a path of this machine: folders we know of are
replaced by the name a person knows them by.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.responses import Response

from castalia.core.errors import CastaliaError
from castalia.core.record import shown
from castalia.track.protocol.wire import error_body

MEDIA = "application/problem+json"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        **{
            name: {"type": "string"}
            for name in ("type", "title", "detail", "subject", "got", "expected", "cure", "field")
        },
        "status": {"type": "integer"},
        "errors": {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
    },
}
RESPONSE: dict[str, Any] = {"description": "What does not fit, and the cure.", "content": {MEDIA: {"schema": SCHEMA}}}
"""How OpenAPI shows what a route may refuse."""

log = logging.getLogger("castalia.web")

Scrub = Callable[[str], str]
Encode = Callable[[Mapping[str, Any], Scrub], bytes]

_CODES = {
    401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "ENDPOINT_NOT_FOUND", 503: "TEMPORARILY_UNAVAILABLE"
}  # fmt: skip
PROTOCOL = ("/api/", "/ajax-api/")
"""Where clients of the MLflow protocol ask: they read errors in its own shape."""


def document(
    status: int,
    subject: str = "",
    *,
    got: str = "",
    expected: str = "",
    cure: str = "",
    field: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    kind: str = "",
) -> dict[str, Any]:
    """The problem document of one error; ``kind`` is the name of our error class where it has one."""
    title = HTTPStatus(status).phrase
    parts = [subject or title, f"got {got}" if got else "", f"expected {expected}" if expected else ""]
    return {
        "type": f"urn:castalia:{kind}" if kind else "about:blank",
        "title": title,
        "status": status,
        "detail": ", ".join(part for part in parts if part) + (f". {cure}" if cure else ""),
        "subject": subject,
        "got": got,
        "expected": expected,
        "cure": cure,
        "field": field,
        "errors": [dict(error) for error in errors],
    }


def of_error(error: CastaliaError) -> dict[str, Any]:
    """The document of one of our own errors."""
    return document(error.status, **error.as_dict(), kind=type(error).__name__)


def of_crash(error: BaseException, method: str, path: str) -> dict[str, Any]:
    """The document of our own fault: an id here, and the traceback under that id in the log."""
    number = secrets.token_hex(4)
    log.error("fault %s in %s %s", number, method, path, exc_info=error)
    return document(
        500,
        "Castalia made a mistake",
        got=f"fault {number}",
        cure=f"The workbench's own output holds the details under {number}; please report them.",
    )


def of_http(error: HTTPException, method: str, path: str) -> dict[str, Any]:
    """The document of what the router refuses by itself: an unknown path, a method it does not take."""
    where = shown(path, 120)
    if error.status_code == 404:
        return document(
            404, f"nothing is at {where}", cure="GET /openapi.json lists every address; pages are under /app/."
        )
    if error.status_code == 405:
        allowed = (error.headers or {}).get("allow", "") or (error.headers or {}).get("Allow", "")
        return document(405, f"{method} is not possible at {where}", got=method, expected=allowed)
    return document(error.status_code, str(error.detail), got=f"{method} {where}")


def of_validation(error: RequestValidationError) -> dict[str, Any]:
    """The document of a request whose query, path or body does not fit the route's types."""
    errors = [_field_error(item) for item in error.errors()]
    first = errors[0]
    return document(
        422,
        f"{first['field'] or 'the request'} does not fit"
        + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""),
        got=first["got"],
        expected=first["expected"],
        cure="Correct it and send the request again.",
        field=first["field"],
        errors=errors,
        kind="WrongInput",
    )


def _field_error(item: Mapping[str, Any]) -> dict[str, str]:
    place = [str(part) for part in item["loc"]]
    name = ".".join(place[1:] if place[0] in ("body", "query", "path", "header") else place)
    if item["type"] == "json_invalid":
        return {"field": "", "got": f"JSON that breaks off or is wrong at character {name}", "expected": "JSON"}
    if item["type"] == "missing":
        return {"field": name, "got": "nothing", "expected": "a value: it is required"}
    if item["type"] == "extra_forbidden":
        return {"field": name, "got": f"an unknown field {name!r}", "expected": "only known fields"}
    return {
        "field": name,
        "got": shown(item.get("input")),
        "expected": str(item["msg"]).removeprefix("Input should be "),
    }


def encode(content: Mapping[str, Any], scrub: Scrub) -> bytes:
    """The document as JSON bytes, without this machine's paths; a lone surrogate becomes a question mark."""
    return scrub(json.dumps(content, ensure_ascii=False)).encode("utf-8", "replace")


def encode_protocol(content: Mapping[str, Any], scrub: Scrub) -> bytes:
    """The same fault as clients of the MLflow protocol read it: a code and a message."""
    code = _CODES.get(content["status"], "BAD_REQUEST" if content["status"] < 500 else "INTERNAL_ERROR")
    return encode(error_body(code, content["detail"]), scrub)


def encoding(path: str) -> tuple[Encode, str]:
    """How errors are written at an address, and their media type."""
    return (encode_protocol, "application/json") if path.startswith(PROTOCOL) else (encode, MEDIA)


def install(app: FastAPI, scrub: Scrub) -> None:
    """Make ``app`` answer its errors with problem documents."""

    def answer(request: Request, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
        encoded, media = encoding(get_route_path(request.scope))
        return Response(encoded(content, scrub), int(content["status"]), headers, media)

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, CastaliaError)
        if error.status >= 500:
            log.warning("%s %s: %s", request.method, request.url.path, "\n  | ".join([str(error), *error.log]))
        return answer(request, of_error(error), {"Retry-After": str(error.retry_after)} if error.retry_after else None)

    async def router(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(request, of_http(error, request.method, request.url.path), error.headers)

    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, of_validation(error))

    app.add_exception_handler(CastaliaError, ours)
    app.add_exception_handler(HTTPException, router)
    app.add_exception_handler(RequestValidationError, validation)
