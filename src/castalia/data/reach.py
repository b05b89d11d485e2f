"""Where a download may connect to: http and https alone, public hosts alone.

The registry names the addresses, but a redirect or a name server chooses where a connection ends. So each
redirect is checked as it is written, and each connection's peer once it is made and before a byte is sent.
Loopback is allowed where the address itself names it (the tests' own server).
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import urllib.request
from typing import IO, Any
from urllib.parse import urlsplit

from castalia.core.errors import Refused


def opener_for(url: str) -> urllib.request.OpenerDirector:
    """An opener that speaks http and https alone, to public addresses; to loopback where ``url`` itself names it."""
    loopback = _is_loopback(urlsplit(url).hostname or "")

    class Plain(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(_guarded(http.client.HTTPConnection, loopback, _proxied(req)), req)

    class Secure(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(_guarded(http.client.HTTPSConnection, loopback, _proxied(req)), req)

    opener = urllib.request.OpenerDirector()
    proxies = urllib.request.ProxyHandler({} if loopback else None)
    for handler in (proxies, Plain(), Secure(), _Redirects(loopback)):
        opener.add_handler(handler)
    opener.add_handler(urllib.request.HTTPDefaultErrorHandler())
    opener.add_handler(urllib.request.HTTPErrorProcessor())
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, loopback: bool) -> None:
        self.loopback = loopback

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        parts = urlsplit(newurl)
        if parts.scheme not in ("http", "https") or (req.type == "https" and parts.scheme == "http"):
            got = f"a redirect from {req.type} to {parts.scheme or 'nowhere'}"
            raise Refused("The download was sent elsewhere", got, "https, or http where it began with http")
        check_address(parts.hostname or "", self.loopback)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_address(host: str, loopback: bool) -> None:
    """Raise :class:`Refused` where ``host`` is, as it is written, an address that a download must not reach."""
    if loopback:
        allowed = _is_loopback(host)
    elif address := _address(host):
        allowed = address.is_global and not address.is_multicast
    else:
        name = host.rstrip(".").lower()
        allowed = bool(name) and name != "localhost" and not name.endswith(".localhost")
    if not allowed:
        raise Refused(
            "The download leads to an address that is not public",
            host,
            "a public host",
            "Put a copy of the file into a folder named in CASTALIA_DATA.",
        )


def _guarded(kind: type[http.client.HTTPConnection], loopback: bool, proxied: bool) -> Any:
    """A connection class that looks at the address it really got before it sends a byte.

    A proxy is the user's own choice and may be private; the name is then resolved there.
    """

    class Guarded(kind):  # type: ignore[valid-type,misc]
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            self._create_connection = self._connect

        def _connect(self, address: tuple[str, int], *rest: Any) -> socket.socket:
            made = socket.create_connection(address, *rest)
            try:
                if not proxied:
                    check_address(str(made.getpeername()[0]), loopback)
            except BaseException:
                made.close()
                raise
            return made

    return Guarded


def _proxied(req: urllib.request.Request) -> bool:
    return req.has_proxy() or getattr(req, "_tunnel_host", None) is not None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that ``host`` writes, in any form a resolver takes (``2130706433``, ``0x7f.1``); None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address.is_loopback if address else host.rstrip(".").lower() == "localhost"
