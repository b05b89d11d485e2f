"""mlflow-artifacts/*: the files of runs and models, streamed both ways, whole or in parts; and artifacts/list.

These are routes of their own, not handlers of messages: a body is passed on as it comes and never held. The
client takes the names it is told for paths of its own: a list leaves out what it would refuse.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from castalia.core.errors import CastaliaError, Conflict, NotFound, Refused, TooLarge, Unavailable, WrongInput
from castalia.track.files.incoming import CHUNK, Incoming, too_large
from castalia.track.files.names import checked_wire_path
from castalia.track.files.parts import Parts
from castalia.track.files.places import Place
from castalia.track.files.tree import Entry, IsFolder
from castalia.track.protocol import limits
from castalia.track.protocol.wire import Fields, ProtocolError, Route, absent, invalid
from castalia.track.sending import file_answer
from castalia.track.store import Store

PROXY = "2.0/mlflow-artifacts"
NO_PRESIGNING = "Presigned download is not supported for the current artifact repository"
"""Answered 501: the client then downloads through us."""

OURS = (NotFound, Refused, WrongInput, TooLarge, Conflict)

log = logging.getLogger("castalia.track")
Endpoint = Callable[[Request], Awaitable[Response]]


def list_artifacts(store: Store, fields: Fields) -> dict[str, Any]:
    """GET artifacts/list {run_id, path}: one level; a path that is a file, or nothing, lists nothing."""
    run_id = limits.run_id(fields)
    path, root = _folder(fields.text("path")), store.run_place(run_id)
    files = files_of(_listing(store, root.inner(checked(path)) if path else root), f"{path}/" if path else "")
    return {"root_uri": store.artifact_uri(run_id), "files": files}


ROUTES = (Route("GET", "artifacts/list", list_artifacts),)


def files_of(entries: list[Entry], before: str = "") -> list[dict[str, Any]]:
    """The messages FileInfo; names that the client refuses to be told are left out."""
    files = []
    for each in entries:
        try:
            checked_wire_path(each.name)
        except Refused:
            continue
        size = {} if each.is_folder else {"file_size": each.size}
        files.append({"path": before + each.name, "is_dir": each.is_folder, **size})
    return files


def proxy_routes(store: Store, prefix: str) -> list[BaseRoute]:
    """The routes of files under ``/api`` or ``/ajax-api``."""
    parts = _PartRoutes(store, prefix)

    async def read(request: Request) -> Response:
        path = request.path_params["path"]
        if not path:
            return await listed(request)
        place = await run_in_threadpool(_place, store, path)
        try:
            return await file_answer(request, store, place, download=True)
        except IsFolder:
            hint = f"Artifact path refers to a directory, not a file: '{path}'"
            raise ProtocolError("INVALID_PARAMETER_VALUE", hint) from None
        except (NotFound, Refused):  # whether there is anything behind a link is not for a client to learn
            raise absent(f"No such artifact: '{path}'") from None

    async def write(request: Request) -> Response:
        place = await run_in_threadpool(_place, store, request.path_params["path"])
        if not place.writable:
            raise ProtocolError("PERMISSION_DENIED", "The files of a version do not change.")
        with await run_in_threadpool(store.incoming) as incoming:
            await receive(request, incoming)
            sha256 = await run_in_threadpool(kept, store, place, incoming)
        return answered({}, ETag=f'"{sha256}"')

    async def delete(request: Request) -> Response:
        place = await run_in_threadpool(_place, store, request.path_params["path"].removesuffix("/"))
        if not place.writable:
            raise ProtocolError("PERMISSION_DENIED", "The files of a version do not change.")
        try:
            await run_in_threadpool(store.delete, place)
        except Refused:
            raise _unsafe() from None
        return answered({})

    async def listed(request: Request) -> Response:
        path = _folder(request.query_params.get("path", ""))
        place = await run_in_threadpool(_place, store, path) if path else store.wire_place("")
        return answered({"files": files_of(await run_in_threadpool(_listing, store, place))})

    async def presigned(request: Request) -> Response:
        await run_in_threadpool(_place, store, request.path_params["path"])
        raise ProtocolError("NOT_IMPLEMENTED", NO_PRESIGNING)

    at = f"{prefix}/{PROXY}"
    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "artifacts", listed),
        ("GET", "artifacts/{path:path}", read),
        ("PUT", "artifacts/{path:path}", write),
        ("DELETE", "artifacts/{path:path}", delete),
        ("GET", "presigned/{path:path}", presigned),
        ("POST", "mpu/create/{path:path}", parts.create),
        ("PUT", "mpu/part/{upload}/{number:int}", parts.part),
        ("POST", "mpu/complete/{path:path}", parts.complete),
        ("POST", "mpu/abort/{path:path}", parts.abort),
    ]
    return [HttpRoute(f"{at}/{path}", guarded(endpoint), methods=[method], include_in_schema=False)
            for method, path, endpoint in table]  # fmt: skip


async def receive(request: Request, incoming: Incoming) -> None:
    """The body of a request into a file, as it comes. TooLarge before a byte of one that says it is."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > incoming.most:
        raise too_large(incoming.most)
    async for piece in gathered(request):
        await run_in_threadpool(incoming.write, piece)


async def gathered(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of a chunk or so: a hop to a thread costs more than a few kilobytes are worth."""
    waiting = bytearray()
    async for piece in request.stream():
        waiting += piece
        if len(waiting) >= CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


class _PartRoutes:
    """An upload in parts; the parts are sent to us too."""

    def __init__(self, store: Store, prefix: str) -> None:
        self.store, self.prefix = store, prefix

    @property
    def parts(self) -> Parts:
        return Parts(self.store.staging)

    async def create(self, request: Request) -> Response:
        fields = await _fields(request)
        path, count = _target(request, fields), fields.whole("num_parts", default=1, low=1, high=10_000)
        place = await run_in_threadpool(_place, self.store, path)
        if not place.writable:
            raise ProtocolError("PERMISSION_DENIED", "The files of a version do not change.")
        upload = await run_in_threadpool(self.parts.begin, path, count)
        base = f"{_base(request)}{self.prefix}/{PROXY}/mpu/part/{upload}"
        # The client sends a part without the header that it sends us everything else with.
        given = request.headers.get("authorization")
        headers = {"Authorization": given} if given else {}
        credentials = [{"url": f"{base}/{i + 1}", "part_number": i + 1, "headers": headers} for i in range(count)]
        return answered({"upload_id": upload, "credentials": credentials})

    async def part(self, request: Request) -> Response:
        upload, number = request.path_params["upload"], request.path_params["number"]
        await run_in_threadpool(self.parts.expected, upload, number)  # before a byte of it is kept
        with await run_in_threadpool(self.store.incoming) as incoming:
            await receive(request, incoming)
            sha256 = await run_in_threadpool(self.parts.add, upload, number, incoming)
        return answered({}, ETag=f'"{sha256}"')

    async def complete(self, request: Request) -> Response:
        fields = await _fields(request)
        upload, path = fields.text("upload_id", required=True), _target(request, fields)
        named = {each.whole("part_number", low=1): each.text("etag").strip('"') for each in fields.items("parts")}
        place = await run_in_threadpool(_place, self.store, path)
        await run_in_threadpool(self._join, upload, path, named, place)
        return answered({})

    def _join(self, upload: str, path: str, named: dict[int, str], place: Place) -> None:
        with self.store.incoming() as incoming:
            if self.parts.together(upload, path, named, incoming):
                kept(self.store, place, incoming)
                self.parts.done(upload)

    async def abort(self, request: Request) -> Response:
        fields = await _fields(request)
        upload = fields.text("upload_id", required=True)
        await run_in_threadpool(self.parts.abort, upload, _target(request, fields))
        return answered({})


def _place(store: Store, path: str) -> Place:
    """The place of a path that may hold a file."""
    try:
        if path:
            return store.wire_place(path)
    except Refused:
        pass
    raise _unsafe()


def _listing(store: Store, place: Place) -> list[Entry]:
    """One level; nothing where the way leads through a link."""
    try:
        return store.listing(place)
    except Refused:
        return []


def _folder(path: str) -> str:
    """A folder's path may end in a slash."""
    return path.removesuffix("/") if path.strip("/") else path


def checked(path: str) -> str:
    """A path that leads nowhere else, or "Invalid path"."""
    try:
        return checked_wire_path(path)
    except Refused:
        raise _unsafe() from None


def _unsafe() -> ProtocolError:
    return ProtocolError("INVALID_PARAMETER_VALUE", "Invalid path")


def kept(store: Store, place: Place, incoming: Incoming) -> str:
    """Move what came in to its place; its sha256."""
    try:
        return store.keep(place, incoming)
    except Refused:  # a link lies in the way
        raise _unsafe() from None


def _target(request: Request, fields: Fields) -> str:
    """The folder of the address and the last part of the file's name at the client, whose system may be another."""
    name = fields.text("path", required=True).replace("\\", "/").rpartition("/")[2]
    if not name:
        raise invalid("path", fields.text("path"))
    folder = str(request.path_params["path"]).removesuffix("/")
    return f"{folder}/{name}" if folder else name


def _base(request: Request) -> str:
    """Where the client reaches us, with the path under which a proxy shows us. What it says is for itself alone."""
    scheme = request.headers.get("x-forwarded-proto", "")
    scheme = scheme if scheme in ("http", "https") else request.url.scheme
    return f"{scheme}://{request.headers.get('host', '')}{request.scope.get('root_path', '').rstrip('/')}"


async def _fields(request: Request) -> Fields:
    from castalia.track.protocol.routes import parsed

    return Fields(await parsed(await request.body()))


def answered(content: dict[str, Any], **headers: str) -> Response:
    """A JSON object with these headers."""
    from castalia.track.protocol.routes import answer

    made = answer(content)
    made.headers.update(headers)
    return made


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its errors in the protocol's words, and none of this machine's paths in them."""

    async def inner(request: Request) -> Response:
        from castalia.track.protocol.routes import refusal

        try:
            return await endpoint(request)
        except ProtocolError as error:
            return refusal(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Unavailable as error:
            log.warning("%s %s: %s", request.method, request.url.path[:200], error)
            return refusal(ProtocolError("TEMPORARILY_UNAVAILABLE", "The server cannot keep or read files now."))
        except CastaliaError as error:
            if not isinstance(error, OURS):
                raise  # a refusal of the guard, on its way back to it
            return refusal(ProtocolError.of(error))

    return inner
