"""The protocol behind HTTP: every route under ``/api`` and ``/ajax-api``; all else there is a 404 of the protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from castalia.core.errors import CastaliaError
from castalia.track.content import plainly
from castalia.track.protocol import aliases, experiments, inputs, logged_models, registered, versions
from castalia.track.protocol.wire import Fields, ProtocolError, Route
from castalia.track.store import Store

PREFIXES = ("/api", "/ajax-api")
ROUTES: tuple[Route, ...] = (
    *experiments.ROUTES,
    *inputs.ROUTES,
    *logged_models.ROUTES,
    *registered.ROUTES,
    *aliases.ROUTES,
    *versions.ROUTES,
)


def routes(store: Store) -> list[BaseRoute]:
    """What the application mounts."""
    made: list[BaseRoute] = []
    for prefix in PREFIXES:
        for route in ROUTES:
            for version in route.versions:
                made.append(HttpRoute(f"{prefix}/{version}/mlflow/{route.path}", _endpoint(store, route),
                                      methods=[route.method], include_in_schema=False))  # fmt: skip
        made.append(HttpRoute(f"{prefix}/{{rest:path}}", _unknown, methods=None, include_in_schema=False))
    return made


def _endpoint(store: Store, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            values = _query(request) if route.method == "GET" else _body(await request.body())
            values.update(request.path_params)
            return answer(await run_in_threadpool(route.handler, store, Fields(values)))
        except ProtocolError as error:
            return refusal(error)
        except CastaliaError as error:
            return refusal(ProtocolError.of(error))

    return endpoint


def answer(content: Mapping[str, Any] | bytes) -> Response:
    """A JSON object."""
    made = content if isinstance(content, bytes) else orjson.dumps(plainly(content))
    return Response(made, media_type="application/json")


def refusal(error: ProtocolError) -> Response:
    """``{"error_code", "message"}`` with the status of the code."""
    return Response(orjson.dumps({"error_code": error.code, "message": error.message}), error.status,
                    media_type="application/json")  # fmt: skip


def _query(request: Request) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        values[name] = (
            value
            if name not in values
            else [*([values[name]] if isinstance(values[name], str) else values[name]), value]
        )
    return values


def _body(body: bytes) -> dict[str, Any]:
    try:
        values = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError:
        raise ProtocolError("BAD_REQUEST", "The body of the request is no JSON.") from None
    if not isinstance(values, dict):
        raise ProtocolError("BAD_REQUEST", "The body of the request is no JSON object.")
    return values


async def _unknown(request: Request) -> Response:
    return refusal(ProtocolError("ENDPOINT_NOT_FOUND", f"No route {request.method} {request.url.path[:200]} here."))
