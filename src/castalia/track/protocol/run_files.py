"""get-artifact and upload-artifact: one file of a run or of a version, as the pages of MLflow and older scripts ask.

They stand outside the table of messages: the first two have no version in their address, and an upload is the file
itself, with what is said of it in the query.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from castalia.core.errors import CastaliaError, NotFound, Refused
from castalia.track.files.places import OWN, Place
from castalia.track.files.tree import IsFolder
from castalia.track.protocol.artifacts import answered, checked, gathered, guarded, kept
from castalia.track.protocol.runs import of_run
from castalia.track.protocol.versions import download_uri
from castalia.track.protocol.wire import Fields, ProtocolError, absent
from castalia.track.sending import file_answer
from castalia.track.store import Store

MOST = 10 * 2**20
"""Bytes of a file that upload-artifact takes; larger ones go through ``mlflow-artifacts``."""
FORMS = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
"""Types that the page of another site can have a browser send without asking us first. So it can send a body without
any type, which clients of ours send too: what keeps such a page out is the guard's look at Origin and Sec-Fetch-Site,
and this only stands behind it."""


def file_routes(store: Store) -> list[BaseRoute]:
    """``GET /get-artifact`` and ``GET /model-versions/get-artifact``."""

    async def run_file(request: Request) -> Response:
        fields = Fields(dict(request.query_params))
        path = checked(fields.text("path", required=True))
        run_id = fields.text("run_id") or fields.text("run_uuid") or fields.text("run_id", required=True)
        return await _sent(request, store, (await run_in_threadpool(_of_run, store, run_id)).inner(path), path)

    async def version_file(request: Request) -> Response:
        fields = Fields(dict(request.query_params))
        path = checked(fields.text("path", required=True))
        return await _sent(request, store, await run_in_threadpool(_of_version, store, fields, path), path)

    return [
        HttpRoute("/get-artifact", guarded(run_file), include_in_schema=False),
        HttpRoute("/model-versions/get-artifact", guarded(version_file), include_in_schema=False),
        # As clients ask whose tracking URI ends in a slash.
        HttpRoute("//model-versions/get-artifact", guarded(version_file), include_in_schema=False),
    ]


def upload_route(store: Store, prefix: str) -> BaseRoute:
    """``POST upload-artifact?run_uuid=…&path=…`` with the file as its body, under ``/api`` or ``/ajax-api``."""

    async def upload(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS:
            raise ProtocolError("BAD_REQUEST", "A form is not taken: send the file with another Content-Type.", 415)
        fields = Fields(dict(request.query_params))
        run_id, path = fields.text("run_uuid"), fields.text("path")
        for name, said in (("run_uuid", run_id), ("path", path)):
            if not said:
                raise _wrong(f"Request must specify {name}.")
        checked(path)
        place = (await run_in_threadpool(_of_run, store, run_id)).inner(path)
        with await run_in_threadpool(store.incoming) as incoming:
            size = 0
            async for piece in gathered(request):  # to its end: who is still sending hears no answer
                size += len(piece)
                if size <= MOST:
                    await run_in_threadpool(incoming.write, piece)
            if not size:
                raise _wrong("Request must specify data.")
            if size > MOST:
                raise _wrong(f"Artifact size is too large. Max size is {MOST // 2**20}MB.")
            await run_in_threadpool(kept, store, place, incoming)
        return answered({})

    return HttpRoute(f"{prefix}/2.0/mlflow/upload-artifact", guarded(upload), methods=["POST"], include_in_schema=False)


def _wrong(message: str) -> ProtocolError:
    return ProtocolError("INVALID_PARAMETER_VALUE", message)


def _of_run(store: Store, run_id: str) -> Place:
    place: Place = of_run(run_id, lambda: store.run_place(run_id))
    return place


def version_place(store: Store, name: str, number: int) -> Place:
    """Where the files of a version lie, whatever its source is. ProtocolError where that is no place of ours."""
    return _of_version(store, Fields({"name": name, "version": str(number)}), "")


def _of_version(store: Store, fields: Fields, path: str) -> Place:
    """Where a file of a version lies, whatever its source is."""
    uri = str(download_uri(store, fields)["artifact_uri"])
    scheme, _, rest = uri.partition(":")
    try:
        if uri.startswith(OWN):
            return store.wire_place(f"{uri.removeprefix(OWN).strip('/')}/{path}".strip("/"))
        if scheme == "runs":
            run_id, _, inner = rest.strip("/").partition("/")
            within = f"{inner.strip('/')}/{path}".strip("/")
            return _of_run(store, run_id).inner(checked(within) if within else "")
    except (Refused, NotFound) as error:
        raise absent(f"The files of this version are not here: {error.subject}") from None
    raise _wrong(f"The files of this version lie at another place, '{uri[:200]}': read them there.")


async def _sent(request: Request, store: Store, place: Place, path: str) -> Response:
    try:
        return await file_answer(request, store, place, download=True)
    except IsFolder:
        raise _wrong(f"Artifact path refers to a directory, not a file: '{path}'") from None
    except CastaliaError as error:
        if not isinstance(error, NotFound | Refused):
            raise
        raise absent(f"No such artifact: '{path}'") from None
