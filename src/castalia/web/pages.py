"""The built face under /app/: one page for every client route, hashed assets, Plotly from its package.

Only names of the built folder are served; a path is never joined from what a client sends.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import importlib.util
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from castalia.core.errors import NotFound

DIST = Path(__file__).parent / "dist"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; media-src 'self' data: blob:; manifest-src 'self'; "
    "form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)
"""Everything from here, nothing from elsewhere. Inline styles only: a chart sizes its parts with them."""
FOREVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Castalia: the face is not built</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body style="font:16px/1.6 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1.5rem">
<main><h1>The pages are not built yet</h1>
<p>Type <code>make setup</code> in the checkout, then reload this page. The rest of the workbench answers already:
<a href="{base}/systems">{base}/systems</a>, and <code>castalia --help</code> in the shell.</p></main></body></html>
"""


@dataclass(frozen=True)
class Asset:
    """One file, ready to send."""

    content: bytes
    packed: Mapping[str, bytes]
    """By content coding, the best first."""
    tag: str
    media: str


@lru_cache(maxsize=64)
def _load(path: Path, changed: int, base_path: str = "") -> Asset:
    """Read, tag and compress a file; ``changed`` is its modification time, so that a rebuilt one is read anew."""
    content = path.read_bytes()
    beside = path.with_name(f"{path.name}.br")
    packed = {"br": beside.read_bytes()} if beside.is_file() else {}
    if path.suffix == ".html" and base_path:
        content = content.replace(b'<base href="/app/">', f'<base href="{html.escape(base_path)}/app/">'.encode(), 1)
        packed = {}
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    media = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    media = "text/html; charset=utf-8" if path.suffix == ".html" else media
    packed["gzip"] = gzip.compress(content, 9 if len(content) < 2**20 else 5, mtime=0)
    return Asset(content, {coding: made for coding, made in packed.items() if len(made) < len(content)}, tag, media)


def _send(request: Request, path: Path, cache: str, base_path: str = "") -> Response:
    asset = _load(path, path.stat().st_mtime_ns, base_path)
    headers = {
        "etag": asset.tag,
        "cache-control": cache,
        "vary": "Accept-Encoding",
        "content-security-policy": CSP,
        "referrer-policy": "same-origin",
    }
    if asset.tag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "").replace("W/", "")):
        return Response(status_code=304, headers=headers)
    taken = request.headers.get("accept-encoding", "")
    for coding, content in asset.packed.items():
        if re.search(rf"\b{coding}\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", taken):
            return Response(content, headers=headers | {"content-encoding": coding}, media_type=asset.media)
    return Response(asset.content, headers=headers, media_type=asset.media)


def _plotly() -> Path:
    """The plotly.min.js of the installed plotly package, found without importing it."""
    found = importlib.util.find_spec("plotly")
    for folder in (found.submodule_search_locations if found else None) or ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    raise NotFound("Plotly is not installed", cure="pip install 'castalia[plots]', then reload the page.")


def _index(dist: Path, route: str) -> Path:
    """The page for an address: where the build made one for ``runs`` or for one of them, it names their files too."""
    section, _, name = route.strip("/").partition("/")
    if not re.fullmatch("[a-z]+", section) or "/" in name:
        return dist / "index.html"
    made = [f"{section}-one", section, "index"] if name else [section, "index"]
    return next(path for path in (dist / f"{each}.html" for each in made) if path.is_file() or path.stem == "index")


def _asset(folder: Path, name: str) -> Path:
    path = folder / "assets" / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise NotFound("no such asset", cure="Reload the page: the face was built anew.")
    return path


def router(base_path: str = "", dist: Path = DIST) -> APIRouter:
    """The routes of the face; ``dist`` is the built folder."""
    pages = APIRouter(include_in_schema=False)

    @pages.get("/")
    @pages.get("/app")
    def home(request: Request) -> Response:
        """Lead to the first page, beside this address: a proxy may have given it another prefix."""
        return RedirectResponse(f"{base_path}/app/", 307)

    @pages.get("/app/vendor/plotly.min.js")
    def plotly(request: Request) -> Response:
        """Plotly, for contour, 3D and figures that Python sends."""
        return _send(request, _plotly(), ASK_AGAIN)

    @pages.get("/app/assets/{name:path}")
    def asset(request: Request, name: str) -> Response:
        """A file whose name holds the hash of its content."""
        return _send(request, _asset(dist, name), FOREVER)

    @pages.get("/app/{route:path}")
    @pages.head("/app/{route:path}")
    def page(request: Request, route: str) -> Response:
        """The one page; which part of it is shown the client's router reads from the address."""
        parts = re.split(r"[/\\]|%2f|%5c", route.lower())
        if parts[0] in ("assets", "vendor") or any(part.replace("%2e", ".") in (".", "..") for part in parts):
            raise NotFound("no such page", cure="Pages begin at /app/.")
        index = _index(dist, route)
        if index.is_file():
            return _send(request, index, ASK_AGAIN, base_path)
        headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
        return Response(NOT_BUILT.format(base=html.escape(base_path)), 503, headers, "text/html; charset=utf-8")

    return pages
