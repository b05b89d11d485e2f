"""The tracker's own routes over HTTP, without the rest of the workbench."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from castalia.core.errors import CastaliaError
from castalia.track import Store
from castalia.track.http import router


def over_http(store: Store) -> TestClient:
    """A client of the routes of ``store``; errors of ours are answered as the workbench answers them."""
    app = FastAPI()
    app.include_router(router(store))

    @app.exception_handler(CastaliaError)
    def told(request: Request, error: CastaliaError) -> JSONResponse:
        return JSONResponse(error.as_dict(), error.status)

    return TestClient(app)
