"""A kept file as an HTTP answer: in pieces, by range, by its hash; never something that a browser would run."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from castalia.track.artifacts import Artifacts
from castalia.track.files.places import Place
from castalia.track.files.tree import Opened

# What a browser may show by itself; everything else, HTML and SVG among it, is a download.
SHOWN = frozenset({
    "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "text/csv", "application/json",
    "audio/mpeg", "audio/x-wav", "audio/wav", "audio/ogg", "audio/flac", "audio/x-flac", "video/mp4", "video/webm",
})  # fmt: skip
BYTES = "application/octet-stream"
# What a client of the protocol is told of a file that it keeps: its kind, where no program would run it.
KEPT = SHOWN | {"application/pdf"}
PLAIN = frozenset({".cfg", ".conf", ".csv", ".ini", ".ipynb", ".json", ".log", ".md", ".py", ".rst", ".toml", ".tsv",
                   ".txt", ".yaml", ".yml"})  # fmt: skip
PLAIN_NAMES = frozenset({"MLmodel", "MLproject", "mlproject"})
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`|~-]+")
SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


async def file_answer(request: Request, store: Artifacts, place: Place, *, download: bool = False) -> Response:
    """The file at ``place``: 200, 206 for a range, 304 where the client has it, 416 for a range beyond its end.

    ``download`` makes a picture or a text a download too. Raises what opening raises.
    """
    file = await run_in_threadpool(store.opened, place)
    try:
        sha256 = await run_in_threadpool(store.hash_of, place, file.found)
    except BaseException:
        file.close()
        raise
    tag = f'"{sha256}"' if sha256 else f'"{file.found.size:x}-{file.found.mark:x}"'
    headers = _headers(place.path.rpartition("/")[2], tag, download)
    wanted = _range(request, tag, file.found.size)
    if _has(request.headers.get("if-none-match", ""), tag):
        file.close()
        return Response(status_code=304, headers=headers)
    if wanted == ():
        file.close()
        return Response(status_code=416, headers={**SAFE, "Content-Range": f"bytes */{file.found.size}"})
    start, end = wanted or (0, file.found.size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.found.size}"
    status = 206 if wanted else 200
    if request.method == "HEAD":
        file.close()
        return Response(status_code=status, headers=headers)
    return FilePieces(file, start, end, status, headers)


class FilePieces(StreamingResponse):
    """The bytes; the file is closed however the answer ends."""

    def __init__(self, file: Opened, start: int, end: int, status: int, headers: dict[str, str]) -> None:
        self._file = file
        super().__init__(_pieces(file.pieces(start, end)), status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


async def _pieces(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await run_in_threadpool(next, pieces, None)) is not None:
        yield piece


def _headers(name: str, tag: str, download: bool) -> dict[str, str]:
    media = mimetypes.guess_type(name)[0] or BYTES
    if download:
        plain = name in PLAIN_NAMES or PurePosixPath(name).suffix in PLAIN
        how, said = "attachment", "text/plain" if plain else media if media in KEPT else BYTES
    else:
        shown = media in SHOWN
        how = "inline" if shown else "attachment"
        said = f"{media}; charset=utf-8" if media.startswith("text/") and shown else media if shown else BYTES
    called = f"filename={name}" if _TOKEN.fullmatch(name) else f"filename*=utf-8''{quote(name, safe='')}"
    return SAFE | {
        "Content-Type": said,
        "Content-Disposition": f"{how}; {called}",
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }


def _has(given: str, tag: str) -> bool:
    """Whether If-None-Match names the tag; a weak one counts."""
    return given.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in given.split(","))


def _range(request: Request, tag: str, size: int) -> tuple[int, int] | tuple[()] | None:
    """From and to before which byte; () for one beyond the end; None for the whole file, as for several ranges."""
    if request.headers.get("if-range", tag).strip() != tag:
        return None
    found = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None:
        return None
    first, last, tail = found.groups()
    if tail is not None:
        return (max(size - int(tail), 0), size) if int(tail) and size else ()
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None  # not a range at all
    return (start, end) if start < size else ()
