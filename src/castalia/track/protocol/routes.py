"""The protocol behind HTTP: every route under ``/api`` and ``/ajax-api``; all else there is a 404 of the protocol."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

import orjson
from starlette._utils import get_route_path
from starlette.datastructures import URLPath
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

import castalia
from castalia.core.errors import CastaliaError
from castalia.track.asking import asker
from castalia.track.content import plainly
from castalia.track.database import Busy
from castalia.track.protocol import (
    aliases,
    artifacts,
    batches,
    experiments,
    history,
    inputs,
    logged_models,
    registered,
    run_files,
    runs,
    searching,
    searching_models,
    server,
    versions,
)
from castalia.track.protocol.wire import MAX_DEPTH, Fields, ProtocolError, Route, error_body, is_deep
from castalia.track.reading import aside
from castalia.track.store import Store

SMALL = 4096
"""Bytes of a body that is handled without another thread, at most."""
log = logging.getLogger("castalia.track")
LARGE, VALUES = 2**18, 200_000
"""Bytes of a body from which on it is read in a thread; values that it may hold."""
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]', re.DOTALL)
PREFIXES = ("/api", "/ajax-api")
ADMIN = "castalia_admin"
"""Where the scope of a request says whether an admin sent it; who mounts us puts it there."""
WORKERS = 32
"""Requests of the protocol that are worked on at once."""
ROUTES: tuple[Route, ...] = (
    *artifacts.ROUTES,
    *experiments.ROUTES,
    *runs.ROUTES,
    *batches.ROUTES,
    *history.ROUTES,
    *inputs.ROUTES,
    *logged_models.ROUTES,
    *registered.ROUTES,
    *aliases.ROUTES,
    *versions.ROUTES,
    *searching.ROUTES,
    *searching_models.ROUTES,
    *server.ROUTES,
)


def routes(store: Store) -> list[BaseRoute]:
    """What the application mounts, before its own routes: the table first, since every logged point asks it."""
    unknown = [HttpRoute(f"{prefix}/{{rest:path}}", _Unknown(), include_in_schema=False) for prefix in PREFIXES]
    files = [route for prefix in PREFIXES for route in artifacts.proxy_routes(store, prefix)]
    files += [*run_files.file_routes(store), *(run_files.upload_route(store, prefix) for prefix in PREFIXES)]
    return [Table(store, ROUTES), *_bare(store), *files, *unknown]


class Table(BaseRoute):
    """All routes of the protocol as one: an address is found by one look into a dict, or into a few patterns."""

    def __init__(self, store: Store, entries: Sequence[Route]) -> None:
        self.store = store
        # Threads of our own: no slow request elsewhere keeps a logged point waiting, and the way there is shorter.
        self.workers = ThreadPoolExecutor(WORKERS, "castalia-protocol")
        self.under_way = 0
        self.plain: dict[str, dict[str, Route]] = {}
        self.short: dict[str, Route] = {}
        self.patterns: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for prefix in PREFIXES:
            for route in entries:
                for version in route.versions:
                    path = f"{prefix}/{version}/mlflow/{route.path}"
                    if "{" not in path:
                        self.plain.setdefault(path, {})[route.method] = route
                        continue
                    pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
                    self.patterns.setdefault(path, (pattern, {}))[1][route.method] = route
        for path, methods in self.plain.items():
            if (posted := methods.get("POST")) is not None and posted.small:
                self.short[path] = posted

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the address is one of the table's, whatever the method."""
        path = get_route_path(scope) if scope["type"] == "http" else ""
        if not path.startswith(PREFIXES):
            return Match.NONE, {}
        methods, values = self.plain.get(path), {}
        if methods is None:
            for pattern, found in self.patterns.values():
                if match := pattern.fullmatch(path):
                    methods, values = found, match.groupdict()
                    break
            else:
                return Match.NONE, {}
        return Match.FULL, {"castalia_methods": methods, "path_params": values}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        methods: dict[str, Route] = scope["castalia_methods"]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        route = methods.get(method)
        if route is not None:
            made = await self._answer(route, scope, receive)
        else:
            allow = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"}))
            if method == "OPTIONS":
                made = Response(status_code=204)
            else:
                made = refusal(ProtocolError("BAD_REQUEST", f"{method[:20]} is not possible here, only {allow}.", 405))
            made.headers["allow"] = allow
        await made(scope, receive, send)

    async def _handled(self, route: Route, fields: Fields, size: int, receive: Receive) -> Mapping[str, Any] | bytes:
        """Run the handler in a thread; here where that takes less: a point alone, onto a disk that is quick."""
        if route.small and size <= SMALL and (made := self._at_once(route, fields)) is not None:
            return made
        if route.slow:
            return await aside(receive, partial(route.handler, self.store, fields))
        self.under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.workers, route.handler, self.store, fields)
        finally:
            self.under_way -= 1

    def _at_once(self, route: Route, fields: Fields) -> Mapping[str, Any] | bytes | None:
        if self.under_way or not self.store.database.swift():
            return None
        with suppress(Busy), self.store.database.at_once():
            return route.handler(self.store, fields)
        return None

    def done_at_once(self, path: str, body: bytes, admin: bool) -> bool:
        """Whether the write of one of ``short`` is on disk, its answer being ``{}``; else nothing has happened.

        For who let the request in already. What is wrong with it is raised, and for ``handle`` to say.
        """
        return self._at_once(self.short[path], Fields(_body(body), admin=admin)) is not None

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """No address of the table has a name."""
        raise NoMatchFound(name, path_params)

    async def _answer(self, route: Route, scope: Scope, receive: Receive) -> Response:
        try:
            body = b"" if route.method == "GET" else await _whole(receive)
            values = _query(Request(scope)) if route.method == "GET" else await parsed(body)
            values.update(scope["path_params"])
            fields = Fields(values, admin=scope.get(ADMIN, False), who=asker(scope))
            made = await self._handled(route, fields, len(body), receive)
            return _DONE if made == b"{}" else answer(made)
        except ProtocolError as error:
            return refusal(error)
        except CastaliaError as error:
            if error.status >= 500:
                log.warning("%s %s: %s", scope["method"], scope["path"][:200], error)
            return refusal(ProtocolError.of(error))


def answer(content: Mapping[str, Any] | bytes) -> Response:
    """A JSON object."""
    made = content if isinstance(content, bytes) else orjson.dumps(plainly(content))
    return Response(made, media_type="application/json")


_DONE = answer(b"{}")
"""What most writes answer; nobody changes it."""


def refusal(error: ProtocolError) -> Response:
    """The error in the protocol's shape, with its status."""
    body = orjson.dumps(error_body(error.code, error.message))
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return Response(body, error.status, headers, media_type="application/json")


async def _whole(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else bytes(parts[0])


def _query(request: Request) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        values.setdefault(name, []).append(value)
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}


async def parsed(body: bytes) -> dict[str, Any]:
    """The fields of a body; a large one is read in a thread. ProtocolError where it is not as we take it."""
    return await asyncio.to_thread(_body, body) if len(body) > LARGE else _body(body)


def _body(body: bytes) -> dict[str, Any]:
    if len(body) > LARGE and sum(map(body.count, b",[{")) > VALUES and _holds_many(body):
        raise ProtocolError("BAD_REQUEST", f"The body of the request holds more than {VALUES} values.")
    try:
        values = _read(body) if body.strip() else {}
        if isinstance(values, str):  # as clients of before 1.0 send it
            values = _read(values.encode())
    except (ValueError, RecursionError):
        raise ProtocolError("BAD_REQUEST", "The body of the request is no JSON.") from None
    if not isinstance(values, dict):
        raise ProtocolError("BAD_REQUEST", "The body of the request is no JSON object.")
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and is_deep(values):
        raise ProtocolError("BAD_REQUEST", f"The body of the request is nested more than {MAX_DEPTH} levels deep.")
    return values


def _holds_many(body: bytes) -> bool:
    """Whether it holds too many values outside of its texts. A parser never lets go of the interpreter; this does."""
    found = (each for each in _TOKENS.finditer(body) if each[0] in b",[{")
    return next(islice(found, VALUES, None), None) is not None


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # NaN as a bare word and half characters: which field they spoil is for it to say.
        return json.loads(body.decode())


def _bare(store: Store) -> list[BaseRoute]:
    """What a client asks of any server: which version it is, and what it can do."""

    async def version(request: Request) -> Response:
        return PlainTextResponse(castalia.__version__)

    return [HttpRoute("/version", version, methods=["GET"], include_in_schema=False)]


class _Unknown:
    """Whatever else is asked below our prefixes, by any method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"No route {scope['method'][:20]} {get_route_path(scope)[:200]} here."
        await refusal(ProtocolError("ENDPOINT_NOT_FOUND", message))(scope, receive, send)
