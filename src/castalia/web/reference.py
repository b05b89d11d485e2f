"""/docs: the HTTP interface on one page, drawn from OpenAPI on the server; no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse

CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
STYLE = """:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}
main{max-width:52rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}h1{font-size:1.75rem;margin:0 0 .5rem}
h2{font-size:1.15rem;margin:2.5rem 0 .5rem;text-transform:capitalize}
article{border-top:1px solid color-mix(in srgb,CanvasText 15%,Canvas);padding:.75rem 0}h3{font-size:1rem;margin:0;
font-weight:400}p{margin:.15rem 0}code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}b{font-weight:650}
dl{margin:.25rem 0 0;font-size:.9rem}dt{float:left;clear:left;margin-right:.75rem}dd{margin:0;overflow:hidden}
a{color:LinkText}"""


def router(app: FastAPI, base_path: str = "") -> APIRouter:
    """The route of the page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    def reference() -> HTMLResponse:
        return HTMLResponse(page(app.openapi(), base_path), headers={"content-security-policy": CSP})

    return routes


def page(described: Mapping[str, Any], base_path: str = "") -> str:
    """The page for an OpenAPI document."""
    base = escape(base_path)
    groups: dict[str, list[str]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["workbench"])[0]
            groups.setdefault(tag, []).append("".join(_operation(f"{base_path}{path}", method, operation)))
    body = "".join(f"<section><h2>{escape(tag)}</h2>{''.join(each)}</section>" for tag, each in groups.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Castalia: the HTTP interface</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{STYLE}</style></head><body><main>'
        f"<h1>The HTTP interface</h1><p>JSON in, JSON out; an error is a problem document with subject, got, expected "
        f'and cure. For programs: <a href="{base}/openapi.json">openapi.json</a>. '
        f'<a href="{base}/app/">Back to the workbench</a>.</p>{body}</main></body></html>'
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<article><h3><b>{method.upper()}</b> <code>{escape(path)}</code></h3><p>{escape(operation['summary'])}</p>"
    if said := operation.get("description", ""):
        yield f"<p>{escape(said)}</p>"
    named = [(each["name"], each.get("description", "")) for each in operation.get("parameters", ())]
    kinds = operation.get("requestBody", {}).get("content", {})
    if kinds:
        named.append(("body", " or ".join(kinds)))
    if named:
        yield "<dl>"
        for name, about in named:
            yield f"<dt><code>{escape(name)}</code></dt><dd>{escape(about) or '&nbsp;'}</dd>"
        yield "</dl>"
    yield "</article>"
