"""Who is on this machine: what a learner wrote is shown to nobody else, token or not.

The peer's address alone does not say it, as a proxy on this machine makes everybody look local. So the name that was
asked for, the page that asks and the forwarding headers must not speak of another machine either. A proxy that hides
all of these (it rewrites Host, adds no header, and its clients are no browsers) cannot be told from its owner.
"""

from __future__ import annotations

import ipaddress

from starlette.requests import Request

from castalia.core.errors import Refused

NAMES = ("localhost", "127.0.0.1", "::1")
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


def only_here(request: Request) -> None:
    """Refused for a client that is not on this machine, also behind a proxy that runs on it.

    A forwarding header never admits anybody, as everybody can send one; it can only show that a proxy stands between.
    """
    peer = request.client.host if request.client else ""
    headers = request.headers
    pages = [headers[name] for name in ("origin", "referer") if headers.get(name, "null") != "null"]
    names = [headers.get("host", ""), *(page.partition("://")[2].partition("/")[0] for page in pages)]
    if not _is_loopback(peer):
        got = "a client on another machine"
    elif not all(_is_local(name) for name in names):
        got = "a request for another name than localhost"
    elif any(name in headers for name in FORWARDED):
        got = "a request that a proxy handed on"
    elif headers.get("sec-fetch-site") == "cross-site":  # a picture of another page has no Origin, and may hide Referer
        got = "a request that a page of another site makes"
    else:
        return
    cure = "Open http://127.0.0.1 with the workbench's port on the machine itself, or type there: castalia learn"
    raise Refused("drafts, checks and evidence stay on the learner's machine", got, "a client on this machine", cure)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _is_local(authority: str) -> bool:
    """Whether ``name:port`` is a name of loopback."""
    name = authority.lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name.rstrip(".") in NAMES
