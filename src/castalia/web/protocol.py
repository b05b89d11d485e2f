"""uvicorn's httptools protocol with limits on the head of a request, in bytes and in time, and on taking the answer.

Without them a client may send a header that never ends, or one byte a minute, or ask for much and read nothing,
and hold memory and a connection for as long as it likes.
"""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from castalia.web import problems
from castalia.web.answer import DONE
from castalia.web.guard import Guard

MAX_HEAD_BYTES = 128 * 2**10
HEAD_SECONDS = 15.0
STUCK_SECONDS = 60.0
"""How long a client may take nothing of an answer that waits for it."""
SHORT, SHORT_BYTES = ("/log-metric", "/log-parameter", "/log-batch", "/set-tag"), 4096
"""How the addresses of short writes end; the bytes of their bodies."""
SHORT_SECONDS = 0.05
"""How long such a body may be on its way before it is waited for as any other."""
UNSENT_BYTES = 128 * 2**10
"""How much of it the system holds: more, and a slow client would look like one that takes nothing."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    _head_bytes = 0
    _in_head = True
    _timer: asyncio.TimerHandle | None = None
    _watch: asyncio.TimerHandle | None = None
    _waiting: asyncio.TimerHandle | None = None
    _app: Any = None
    _let_in: Scope | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first request's head."""
        super().connection_made(transport)
        bare = transport.get_extra_info("socket")
        if bare is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_timer()
        self._stop_watch()
        self._stop_waiting()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits to be sent than the system takes: watch whether it becomes less."""
        super().pause_writing()
        self._look(-1)

    def resume_writing(self) -> None:
        """The client has taken it."""
        self._stop_watch()
        super().resume_writing()

    def _look(self, before: int) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting == before:
            return self.transport.abort()  # closing would wait for the client as well
        self._watch = self.loop.call_later(STUCK_SECONDS, self._look, waiting)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head that is not complete; the last piece may hold a body as well."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and len(data) < self._head_bytes:
                return self.send_400_response("The head of the request is too large.")
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins: on a kept connection the clock starts with its first byte."""
        super().on_message_begin()
        self._unset_keepalive_if_required()  # a short write before it, in the same bytes, was answered just now
        self._in_head = True
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def on_url(self, url: bytes) -> None:
        """No client sends a fragment; the parser would drop it, and another address would be answered."""
        if b"#" in url:
            raise ValueError("a fragment")
        super().on_url(url)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._head_bytes = False, 0
        self._stop_timer()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """A short write may be done as soon as its body is there; everything else begins at once."""
        guard: Guard | None = getattr(getattr(app, "state", None), "guard", None)
        self._app, self._let_in = app, None
        alone = cycle is self.cycle and cycle.more_body and not self.pipeline
        if guard is not None and alone and self._is_short(cycle):
            self._let_in = guard.lets_in(cast(Scope, cycle.scope))
        if self._let_in is not None:
            self._waiting = self.loop.call_later(SHORT_SECONDS, self._start_waiting)
        else:
            super()._start_asgi_task(cycle, app)

    def _is_short(self, cycle: RequestResponseCycle) -> bool:
        scope = cycle.scope
        if scope["method"] != "POST" or not scope["path"].endswith(SHORT) or cycle.waiting_for_100_continue:
            return False
        length = b""
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name in (b"transfer-encoding", b"upgrade"):
                return False
        return length.isdigit() and len(length) < 6 and int(length) <= SHORT_BYTES

    def _start_waiting(self) -> None:
        self._waiting = None
        super()._start_asgi_task(self.cycle, self._app)

    def _stop_waiting(self) -> bool:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
        return waiting is not None

    def on_message_complete(self) -> None:
        """The body is whole."""
        super().on_message_complete()
        if not self._stop_waiting():
            return
        cycle, scope, guard = self.cycle, self._let_in, cast(Guard, self._app.state.guard)
        quick = scope is not None and cycle.keep_alive and not self.flow.write_paused
        if scope is None or not quick or not guard.done_at_once(scope, bytes(cycle.body)):
            return super()._start_asgi_task(cycle, self._app)
        named = b"".join(b"%s: %s\r\n" % pair for pair in self.server_state.default_headers)
        self.transport.write(b"HTTP/1.1 200 OK\r\n%s%s" % (named, DONE))
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()
        guard.note(scope)

    def send_400_response(self, msg: str) -> None:
        """Say it as every other error is said, and close."""
        if self.transport.is_closing():
            return
        body = json.dumps(problems.document(400, msg.rstrip("."))).encode()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {problems.MEDIA}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}cache-control: no-store\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def _too_late(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
