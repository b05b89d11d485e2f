"""The application: every router behind one guard.

A package that speaks HTTP owns its router; this file only puts them together, so that there is one
place in which a route can exist and none of them can forget to ask who is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

import castalia
from castalia.core.errors import CastaliaError
from castalia.core.record import Record
from castalia.core.settings import Settings, scrubber
from castalia.jobs import Jobs
from castalia.runtime import Hosts, settle, settle_shells
from castalia.track import Store
from castalia.track.notices.courier import Courier
from castalia.track.notices.watching import Watcher
from castalia.track.protocol.routes import Table
from castalia.web import manual, pages, problems, reference
from castalia.web.access import gate
from castalia.web.audit import Audit
from castalia.web.guard import LOOPBACK, Guard
from castalia.web.tokens import Keyring

SWEEP_SECONDS = 60.0
"""How often models that nobody asks any more give their memory back."""
UPLOADS_SECONDS = 3600.0
"""How often uploads that died give their room back."""
SETTLE_SECONDS = 2.0
"""How soon a run whose job was killed is marked failed."""
PACKED_ASIDE = 32 * 1024
"""Bytes of an answer that are packed in a thread: here that would hold up everybody, for a millisecond or more."""
NOT_PACKED = ("text/*", "image/*", "font/*", "audio/*", "video/*", "application/javascript", "application/zip",
              "application/octet-stream")  # fmt: skip
"""Event streams must not wait, pages and scripts come packed from web/pages.py; what is left is JSON."""
LOOK_SECONDS, POST_SECONDS = 2.0, 1.0
"""How soon what happened to runs is noticed, and sent."""
WILDCARDS = ("", "0.0.0.0", "::", "[::]")  # noqa: S104  named to be told apart, not bound


class Health(Record):
    """That the workbench is up."""

    status: str = "ok"
    """Always ok: what is not up does not answer."""
    version: str = castalia.__version__
    """Version of Castalia."""


@dataclass
class Parts:
    """What the routers work with, opened once for the whole process."""

    store: Store
    jobs: Jobs
    hosts: Hosts
    watcher: Watcher
    courier: Courier

    @classmethod
    def open(cls, settings: Settings) -> Parts:
        """Open the store, the jobs and the pool of hosts of ``settings.home``."""
        store = Store.of(settings)
        hosts = Hosts(settings, store=store)
        return cls(store, Jobs(settings.home), hosts, Watcher(store), Courier(store, settings))

    def close(self) -> None:
        """End the hosts; jobs go on by themselves and are adopted by the next workbench."""
        self.hosts.close()
        self.jobs.close()
        self.store.close()


def create_app(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    base_path: str = "",
    allow_hosts: Sequence[str] = (),
    token: str = "",
    needs_token: bool = False,
    dist: Path = pages.DIST,
) -> FastAPI:
    """The workbench as an ASGI application.

    ``host`` is the address it will listen on: it is a Host we answer to. ``allow_hosts`` are further ones.
    With a ``token``, which is an admin's, or tokens in the home, every route but ``/health`` and ``/login`` asks for
    one; with ``needs_token`` also where there is none. ``base_path`` is the prefix under which a proxy shows us,
    ``/castalia`` say, whether or not the proxy takes it off.
    """
    base_path = base_path.rstrip("/")
    audit = Audit(settings.home)
    parts = Parts.open(settings)
    app = FastAPI(
        title="Castalia",
        version=castalia.__version__,
        description="The systems, runs, models, jobs and data of this workbench. Errors are problem documents.",
        lifespan=_lifespan(parts, settings, audit),
        docs_url=None,  # the usual pages fetch their scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
        root_path_in_servers=False,
        generate_unique_id_function=_operation,
        redirect_slashes=False,
        responses={"4XX": problems.RESPONSE},
        telemetry={"tracing": False, "metrics": False, "logs": False},  # there is none, whoever set it up
    )
    protocol = protocol_routes(parts.store)
    app.router.routes.extend(protocol)
    app.include_router(_health())
    for router in _routers(settings, parts):
        app.include_router(router)
    app.include_router(manual.router(settings))
    app.include_router(reference.router(app, base_path))
    app.include_router(pages.router(base_path, dist))
    gate(app.routes)
    scrub = scrubber(settings)
    problems.install(app, scrub)
    named = [*allow_hosts] + ([] if host in (*WILDCARDS, *LOOPBACK, "::1") else [f"[{host}]" if ":" in host else host])
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5, thread_minimum_size=PACKED_ASIDE,
                       exclude_content_types=NOT_PACKED)  # fmt: skip
    app.add_middleware(
        Guard,
        allow_hosts=named,
        keyring=Keyring(settings.home, token, needed=needs_token),
        audit=audit,
        scrub=scrub,
        base_path=base_path,
        state=app.state,
        table=next((route for route in protocol if isinstance(route, Table)), None),
    )
    app.state.parts = parts
    return app


def _routers(settings: Settings, parts: Parts) -> list[APIRouter]:
    from castalia.check.http import router as checks
    from castalia.data.http import router as data
    from castalia.jobs.http import router as jobs
    from castalia.roadmap.http import begun
    from castalia.roadmap.http import router as learning
    from castalia.runtime.http import router as systems
    from castalia.track.http import router as track
    from castalia.track.notices.http import router as notices

    return [
        systems(settings, parts.hosts, parts.jobs, parts.store),
        jobs(parts.jobs, scrubber(settings)),
        track(parts.store, stopping=lambda: parts.jobs.closing),
        notices(parts.store, parts.watcher, parts.courier, lambda: parts.jobs.closing),
        data(settings),
        checks(settings, scrubber(settings)),
        learning(settings, scrubber(settings)),
        begun(settings),
    ]


def protocol_routes(store: Store) -> list[BaseRoute]:
    """The routes of the MLflow protocol; imported on use, as every router is."""
    from castalia.track.protocol.routes import routes

    return routes(store)


def _health() -> APIRouter:
    routes = APIRouter(tags=["workbench"])

    @routes.get("/health", summary="Whether the workbench is up")
    async def health() -> Health:
        return Health()

    return routes


def _operation(route: APIRoute) -> str:
    """Short, stable names for clients that are generated from OpenAPI: ``systems_ask_verb``."""
    return f"{route.tags[0] if route.tags else 'workbench'}_{route.name}"


def _lifespan(parts: Parts, settings: Settings, audit: Audit) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(parts.jobs.adopt)
        watching = [
            asyncio.create_task(_every(SETTLE_SECONDS, lambda: settle(parts.jobs, parts.store))),
            asyncio.create_task(_every(LOOK_SECONDS, parts.watcher.look)),
            asyncio.create_task(_every(POST_SECONDS, parts.courier.round)),
            asyncio.create_task(_every(SWEEP_SECONDS, parts.hosts.sweep)),
            asyncio.create_task(_every(UPLOADS_SECONDS, parts.store.remove_dead_uploads)),
        ]
        await asyncio.to_thread(settle_shells, settings, parts.store)
        yield
        for task in watching:
            task.cancel()
        await asyncio.to_thread(audit.close)
        await asyncio.to_thread(parts.close)

    return lifespan


async def _every(seconds: float, do: Callable[[], object]) -> None:
    """Do something now and then, for as long as the workbench is up."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(do)
        except CastaliaError as error:  # a locked file or a full disk; the next time may be better
            logging.getLogger("castalia.web").warning("%s", error)
        except Exception:  # a fault of ours: it is told, and what else there is to do goes on
            logging.getLogger("castalia.web").exception("what is done every %g s failed", seconds)
