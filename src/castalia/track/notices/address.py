"""Where a webhook may lead: a public host, or one that whoever runs the workbench has named.

A name is resolved once and what is connected to is the very address that was checked, so that a name whose answer
changes meanwhile leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from castalia.core.errors import Refused, Unavailable, WrongInput

Resolve = Callable[[str, int], list[str]]
Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")
_LOWEST_PORT, _WEB = 1024, (80, 443)
_OF_CLOUDS = [ipaddress.ip_network(text) for text in ("168.63.129.16/32", "192.0.0.0/24")]
"""Public by the number, and the metadata of virtual machines."""
_WRAPPING = [ipaddress.ip_network(text) for text in
             ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16",
              "fec0::/10")]  # fmt: skip
"""IPv6 networks that lead on to an IPv4 address, any at all, and one that was withdrawn."""


@dataclass(frozen=True)
class Address:
    """A webhook's address, taken apart."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """What stands in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    @classmethod
    def read(cls, text: str) -> Address:
        """Take an address apart. WrongInput where it is none of a webhook."""
        if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
            raise _wrong(text, "ASCII without spaces")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise _wrong(text, "https://host/path") from None
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme not in ("http", "https") or not host:
            raise _wrong(text, "https://host/path")
        if "@" in parts.netloc:
            raise _wrong(text, "no name and password in it", "Sign the messages with a secret instead.")
        if ":" in host:
            if "%" in host or not _is_ip(host):
                raise _wrong(text, "an IPv6 address without a zone")
        elif not _NAME.fullmatch(host):
            raise _wrong(text, "a host name")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port if port is not None else {"http": 80, "https": 443}[parts.scheme], target)


def resolved(host: str, port: int, seconds: float = 5.0) -> list[str]:
    """The addresses of a name, as the machine knows them; none where it does not say within ``seconds``."""
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            told: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(each[4][0]) for each in told))

    asking = threading.Thread(target=ask, name="castalia-resolving", daemon=True)  # nothing else ends its wait
    asking.start()
    asking.join(seconds)
    return list(found)


def reachable(
    address: Address, allowed: Iterable[str] = (), offline: bool = False, resolve: Resolve = resolved
) -> list[str]:
    """The IP addresses that may be connected to, all of them checked.

    ``allowed`` are hosts (``name`` or ``name:port``) that may be anywhere. Refused for an address that is not public,
    a port of no web server, or while offline; Unavailable for a name that nobody knows.
    """
    if offline:
        raise Refused("offline: no webhook is sent", "", "", "Unset CASTALIA_OFFLINE.")
    named = {one.lower() for one in allowed}
    host = address.host.lower()
    is_named = host in named or f"{host}:{address.port}" in named or address.authority.lower() in named
    if not is_named and address.port not in _WEB and address.port < _LOWEST_PORT:
        raise Refused("a webhook may not use this port", str(address.port), f"80, 443 or from {_LOWEST_PORT}", _ALLOW)
    try:
        found = resolve(address.host, address.port)
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Unavailable("the webhook's host is not known", address.host[:80], "a name that DNS knows")
    if not is_named and not all(is_public(each) for each in found):
        raise Refused("a webhook may only lead to a public address", address.host[:80], "a public host", _ALLOW)
    return found


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open Internet, of no machine or network of ours.

    >>> is_public("8.8.8.8"), is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("169.254.169.254")
    (True, False, False, False)
    """
    try:
        ip: Ip = ipaddress.ip_address(text)
    except ValueError:  # a zone, say
        return False
    if any(ip in network for network in (*_WRAPPING, *_OF_CLOUDS)):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


_ALLOW = "Whoever runs the workbench may name the host: castalia up --allow-webhook HOST"


def _wrong(text: str, expected: str, cure: str = "") -> WrongInput:
    cure = cure or "https://hooks.example.org/services/castalia"
    return WrongInput("this is no address of a webhook", repr(text[:60]), expected, cure, field="webhook")
