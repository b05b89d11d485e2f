"""The protocol's routes as an application of their own, every request an admin's: the guard is not asked here."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from castalia.track.protocol.routes import ADMIN


def application(routes: Iterable[BaseRoute]) -> ASGIApp:
    """What the workbench mounts, for somebody at this machine."""
    inner = Starlette(routes=list(routes))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, ADMIN: True}, receive, send)

    return app
