"""The one door: every request of every route, known or not, passes here first.

In this order: headers of a sane size; a Host we answer to (a page elsewhere that rebinds its name to
this machine sends its own); no foreign Origin; a token, where one is asked for; a body of the right type and
size. What the token's role allows the gates before the routes decide (``castalia.web.access``). What goes out
gets the security headers, and a crash becomes a problem document with an id. Pure ASGI: streams pass through
unbuffered.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable
from typing import Any

from starlette._utils import get_route_path
from starlette.datastructures import State
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from castalia.core.errors import CastaliaError, Refused, Unavailable, WrongInput
from castalia.core.record import shown
from castalia.track.asking import PERSON
from castalia.track.protocol.routes import ADMIN, Table
from castalia.web import access, bodies, problems
from castalia.web.answer import Answer
from castalia.web.audit import Audit, Deed
from castalia.web.login import Login
from castalia.web.tokens import OWNER, Keyring, Person

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
SAFE = ("GET", "HEAD", "OPTIONS")
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 2**10
MAX_REQUESTS = 512
"""Requests that are answered at the same time, event streams apart; further ones are told to come back."""
MAX_STREAMS = 512
MAX_LARGE = 16
"""Requests with a large body in memory at the same time; further ones wait."""

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-][a-z0-9_.-]*?)\.?(?::([0-9]{1,5}))?")


class HeadersTooLarge(CastaliaError):
    """More or longer headers than any client of ours sends."""

    status = 431


class NoToken(CastaliaError):
    """The request carries no token, or a wrong one."""

    status = 401


def authority(text: str) -> tuple[str, str] | None:
    """Name and port of a Host header or an ``--allow-host``; None where it is neither. IPv6 keeps its brackets.

    >>> authority("LocalHost:8000"), authority("[::1]"), authority("a@b")
    (('localhost', '8000'), ('[::1]', ''), None)
    """
    found = _AUTHORITY.fullmatch(text.strip().lower())
    return (found.group(1), found.group(2) or "") if found else None


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allow_hosts: Iterable[str] = (),
        keyring: Keyring,
        audit: Audit,
        scrub: problems.Scrub,
        base_path: str = "",
        state: State | None = None,
        table: Table | None = None,
    ) -> None:
        """``allow_hosts`` come on top of loopback, as ``name`` (any port) or ``name:port``.

        ``state`` is where the server finds the guard, as ``state.guard``, to end its streams. Short writes of the
        ``table`` may be done at once.
        """
        self.app = app
        if state is not None:
            state.guard = self
        self.hosts = {(name, "") for name in LOOPBACK}
        self.hosts_named: set[tuple[str, str]] = set()
        for text in allow_hosts:
            named = authority(text)
            if named is None:
                raise WrongInput(
                    "--allow-host does not fit", shown(text), "a host name such as castalia.example or box:8000"
                )
            self.hosts_named.add(named)
        self.keyring, self.audit = keyring, audit
        self.login = Login(base_path)
        self._busy = 0
        self._large = asyncio.Semaphore(MAX_LARGE)
        self.scrub = scrub
        self.base_path = base_path
        self.closing = False
        self.table = table
        self._streams: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":  # we speak no websockets
            return await send({"type": "websocket.close", "code": 1008})
        scope["root_path"] = self.base_path
        task = _task()
        path = get_route_path(scope)
        answer = Answer(send, scope, lambda: self._stream_begins(task), *problems.encoding(path))
        incoming = bodies.Incoming(receive, {})
        self._busy += 1
        try:
            headers = self._headers(scope)
            incoming = bodies.Incoming(receive, headers)
            self._check(scope, headers, path)
            asks = self.keyring.asks
            if asks and path == "/login":
                scope[access.NEED] = access.OPEN
                return await self._login(scope, headers, incoming, answer)
            scope[PERSON] = self._person(headers, path) if asks else OWNER
            async with self._large if bodies.is_large(headers, path) else contextlib.nullcontext():
                await self.app(scope, await bodies.admit(headers, path, incoming), answer)
        except access.Denied as denied:
            await self._refuse(scope, path, denied.error, answer, incoming)
        except CastaliaError as error:
            await self._refuse(scope, path, error, answer, incoming)
        except (bodies.Gone, ClientDisconnect):
            pass
        except asyncio.CancelledError:
            if not self.closing:
                raise
            await answer.finish()
        except Exception as error:
            await answer.document(problems.of_crash(error, scope["method"], shown(path, 120)), self.scrub)
        finally:
            self._busy -= 1
            self._streams.discard(task)
            self._note(scope, path, answer.status)

    def lets_in(self, scope: Scope) -> Scope | None:
        """What ``done_at_once`` is to be told of a short write of the table, by the head of its request.

        It passes the same checks and the same gate as every request. None where one of them refuses or anything
        is unusual: the request then goes the long way to hear why.
        """
        scope = {**scope, "root_path": self.base_path}
        path, table = get_route_path(scope), self.table
        gate: object = None if table is None else table.handle
        if self.closing or table is None or path not in table.short or not isinstance(gate, access.TableGate):
            return None
        try:
            headers = self._headers(scope)
            self._check(scope, headers, path)
            scope[PERSON] = self._person(headers, path) if self.keyring.asks else OWNER
            bodies.check_plain(headers, path)
            scope.update(table.matches(scope)[1])
            gate.admit(scope)
        except (CastaliaError, access.Denied):
            return None
        return scope if access.NEED in scope else None

    def done_at_once(self, scope: Scope, body: bytes) -> bool:
        """Whether a short write that was let in is on disk, ``answer.DONE`` its answer; else nothing has happened."""
        if self.table is None or access.NEED not in scope:
            return False
        try:
            return self.table.done_at_once(get_route_path(scope), body, scope[ADMIN])
        except Exception:  # whatever it is, the long way meets it again, says it and logs it
            return False

    def note(self, scope: Scope) -> None:
        """Leave the line of what was done at once."""
        self._note(scope, get_route_path(scope), 200)

    def close(self) -> None:
        """End the open event streams: the workbench is about to stop."""
        self.closing = True
        for task in tuple(self._streams):
            task.cancel()

    def _stream_begins(self, task: asyncio.Task[Any]) -> None:
        self._streams.add(task)
        if self.closing:
            task.cancel()

    @staticmethod
    def _headers(scope: Scope) -> dict[str, str]:
        """The headers by lower-case name; repeated ones joined by commas, as RFC 9110 says."""
        raw = scope["headers"]
        if len(raw) > MAX_HEADERS or sum(len(name) + len(value) for name, value in raw) > MAX_HEADER_BYTES:
            limits = f"at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES // 1024} KiB together"
            raise HeadersTooLarge("the headers of the request are too large", f"{len(raw)} headers", limits)
        made: dict[str, str] = {}
        for name, value in raw:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            joint = "; " if key == "cookie" else ","
            made[key] = f"{made[key]}{joint}{text}" if key in made else text
        return made

    def _check(self, scope: Scope, headers: dict[str, str], path: str) -> None:
        self._check_host(headers)
        _check_text(scope, path)
        self._check_origin(headers, changes=scope["method"] not in SAFE)
        if self._busy - len(self._streams) > MAX_REQUESTS or len(self._streams) > MAX_STREAMS:
            crowded = Unavailable("too many requests at once", "", f"at most {MAX_REQUESTS}", "Try again in a second.")
            crowded.retry_after = 1
            raise crowded

    def _is_named(self, host: tuple[str, str]) -> bool:
        return host in self.hosts_named or (host[0], "") in self.hosts_named

    def _check_host(self, headers: dict[str, str]) -> None:
        given = headers.get("host", "")
        host = authority(given)
        if host and ((host[0], "") in self.hosts or self._is_named(host)):
            return
        cure = f"If {host[0]} is this workbench, start it with: castalia up --allow-host {host[0]}" if host else ""
        raise Refused("this workbench does not answer to that Host", shown(given), "localhost or an allowed host", cure)

    def _check_origin(self, headers: dict[str, str], changes: bool) -> None:
        """Refuse what another site's page makes a browser send; outside a browser neither header is sent.

        A link from another site's page sends no Origin and may lead here; a script there sends its own.
        """
        origin = headers.get("origin")
        if origin is not None:
            scheme, _, rest = origin.partition("://")
            own, claimed = authority(headers["host"]), authority(rest)
            if scheme not in ("http", "https") or claimed is None or own is None:
                raise self._foreign(origin)
            # The same name and port as the address it was sent to, or one named with --allow-host, as a proxy
            # may hand on another Host than the browser saw.
            standard = {"http": "80", "https": "443"}[scheme]
            same = claimed[0] == own[0] and (claimed[1] or standard) == (own[1] or standard)
            if not (same or self._is_named(claimed)):
                raise self._foreign(origin)
        if changes and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise self._foreign(origin or "another site's page")

    @staticmethod
    def _foreign(origin: str) -> Refused:
        return Refused(
            "a page of another origin may not ask anything here",
            shown(origin),
            "a page of this workbench, or a client that is no browser",
            "Behind a proxy, name the public host: castalia up --allow-host NAME",
        )

    def _person(self, headers: dict[str, str], path: str) -> Person | None:
        """Who asks; None on what is open to strangers. NoToken for everything else."""
        person = self.keyring.person(headers.get("authorization", ""), headers.get("cookie", ""))
        if person is None and path not in access.OPEN_PATHS:
            got = "a token that is wrong or over" if "authorization" in headers else "no token"
            cure = f"Send -H 'Authorization: Bearer $CASTALIA_TOKEN', or open {self.base_path}/login in a browser."
            raise NoToken("this workbench asks for a token", got, "one of its tokens", cure)
        return person

    def _note(self, scope: Scope, path: str, status: int) -> None:
        """Leave a line of what wrote or was to write, and of every wrong token."""
        need: access.Need | None = scope.get(access.NEED)
        method, person = scope["method"], scope.get(PERSON)
        stranger = person is None and status in (401, 403)
        if not stranger and (method in SAFE or need is access.READ or need is access.OPEN):
            return
        address = scope["client"][0] if scope.get("client") else ""
        if stranger:  # one line for all that a stranger tries: nobody fills the disk who may not write
            return self.audit.note(Deed("", address, "", "", "", status))
        name = person.name if person else ""
        self.audit.note(Deed(name, address, method[:20], scope.get(access.TEMPLATE, ""), path, status))

    async def _refuse(
        self, scope: Scope, path: str, error: CastaliaError, answer: Answer, incoming: bodies.Incoming
    ) -> None:
        headers = scope["headers"]
        wants_page = any(name == b"accept" and b"text/html" in value for name, value in headers)
        if isinstance(error, NoToken) and scope["method"] == "GET" and wants_page:
            return await answer.page(401, self.login.page(f"{self.base_path}{path}"))
        extra = [(b"www-authenticate", b'Bearer realm="castalia"')] if isinstance(error, NoToken) else []
        extra += [(b"retry-after", b"%d" % error.retry_after)] if error.retry_after else []
        await answer.document(problems.of_error(error), self.scrub, extra, incoming.drain)

    async def _login(self, scope: Scope, headers: dict[str, str], receive: Receive, answer: Answer) -> None:
        if scope["method"] in ("GET", "HEAD"):
            return await answer.page(200, self.login.page(""))
        if scope["method"] != "POST":
            return await answer.document(problems.document(405, "the login page takes GET and POST"), self.scrub)
        receive = await bodies.admit(headers, "/login", receive)
        given, going_to = self.login.read_form((await receive()).get("body", b""))
        if not self.keyring.of_token(given):
            await asyncio.sleep(0.3)
            return await answer.page(401, self.login.page(going_to, wrong=True))
        cookie = self.login.set_cookie(given, secure=scope["scheme"] == "https")
        await answer.send_all(303, b"", [(b"location", going_to.encode()), (b"set-cookie", cookie.encode())])


def _check_text(scope: Scope, path: str) -> None:
    """Refuse what no database holds; the protocol's routes say it in their own words."""
    if not path.startswith(problems.PROTOCOL) and ("\0" in path or b"%00" in scope["query_string"]):
        raise WrongInput("the address holds a NUL", "%00", "text without it")


def _task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task
