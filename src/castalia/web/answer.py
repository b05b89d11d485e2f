"""What goes out: the security headers on every answer, and the few answers that the guard gives itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from starlette.types import Message, Scope, Send

from castalia.web import access, problems

API_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
LOGIN_CSP = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", API_CSP.encode()),
    (b"cache-control", b"no-store"),
)
"""What every answer carries unless its route says otherwise."""

DONE = (
    b"".join(
        b"%s: %s\r\n" % pair for pair in ((b"content-length", b"2"), (b"content-type", b"application/json"), *HEADERS)
    )
    + b"\r\n{}"
)
"""Headers and body of what most writes of the protocol are answered, as they go over the wire."""

Drain = Callable[[], Awaitable[None]]


class Answer:
    """The server's ``send`` with our headers on top, and the few answers the guard gives itself."""

    def __init__(
        self, send: Send, scope: Scope, stream_begins: Callable[[], None], encode: problems.Encode, media: str
    ) -> None:
        self._send = send
        self._scope = scope
        self._encode, self._media = encode, media
        self._stream_begins = stream_begins
        self.started = self.finished = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] < 400 and access.NEED not in self._scope:
                # A route that was added behind the gates' back: what it has to say stays here.
                raise access.Denied(access.undeclared())
            self.started, self.status = True, message["status"]
            headers = list(message.get("headers", ()))
            have = {name.lower() for name, _ in headers}
            message = {**message, "headers": headers + [pair for pair in HEADERS if pair[0] not in have]}
            if any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers
            ):
                self._stream_begins()
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.finished = True
        await self._send(message)

    async def send_all(
        self, status: int, body: bytes, headers: list[tuple[bytes, bytes]], drain: Drain | None = None
    ) -> None:
        """One whole answer; nothing where one has begun, which the server then breaks off.

        ``drain`` is waited for after the answer was sent and before it is called complete.
        """
        if self.started:
            return
        length = [(b"content-length", str(len(body)).encode())]
        await self({"type": "http.response.start", "status": status, "headers": headers + length})
        if drain is not None:
            await self({"type": "http.response.body", "body": body, "more_body": True})
            await drain()
            body = b""
        await self({"type": "http.response.body", "body": body})

    async def document(
        self,
        content: dict[str, Any],
        scrub: problems.Scrub,
        extra: Iterable[tuple[bytes, bytes]] = (),
        drain: Drain | None = None,
    ) -> None:
        """A problem document."""
        body = self._encode(content, scrub)
        await self.send_all(content["status"], body, [(b"content-type", self._media.encode()), *extra], drain)

    async def page(self, status: int, body: bytes) -> None:
        """The login page."""
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", LOGIN_CSP.encode())]
        # Under no-referrer a browser sends "Origin: null" with a form, which we refuse.
        await self.send_all(status, body, [*headers, (b"referrer-policy", b"same-origin")])

    async def finish(self) -> None:
        """Close a stream in good order, so that its reader sees an end and not a broken connection."""
        if self.started and not self.finished:
            await self({"type": "http.response.body", "body": b"", "more_body": False})
