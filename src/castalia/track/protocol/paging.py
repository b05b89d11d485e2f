"""Pages: ``max_results`` within its bounds, and tokens that say where the next page begins.

A token is an offset among the rows that were there when the first page was asked for: what is added in between
moves nothing. Clients send it back as it is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2s
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from castalia.track.protocol.patience import patience
from castalia.track.protocol.wire import Fields, ProtocolError, invalid

MOST = 50_000
_NAMES = {"experiment_ids": "Experiment IDs", "filter": "Filter string", "order_by": "Order by"}


def max_results(fields: Fields, default: int, most: int = MOST) -> int:
    """How many rows a page may have, 1 to ``most``."""
    asked = fields.whole("max_results", default=default)
    if asked < 1:
        raise invalid("max_results", asked, "It must be a positive integer")
    if asked > most:
        raise invalid("max_results", asked, f"It must be at most {most}")
    return asked


def _wrong(message: str) -> ProtocolError:
    return ProtocolError("INVALID_PARAMETER_VALUE", f"Invalid page token, {message}")


@dataclass(frozen=True)
class Place:
    """Where a page begins: so many rows in, of those whose number is at most ``until``."""

    offset: int = 0
    until: int | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    """What must be the same on every page: a digest of each by its name."""

    @classmethod
    def of(cls, fields: Fields, about: Sequence[str] = ()) -> Place:
        """What ``page_token`` says, the beginning where there is none; ``about`` names what it must agree with."""
        token = fields.text("page_token")
        now = {name: blake2s(repr(fields.values.get(name)).encode(), digest_size=8).hexdigest() for name in about}
        if not token:
            return cls(about=now)
        try:
            text = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            raise _wrong("could not base64-decode") from None
        try:
            said: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _wrong(f"decoded value={text[:80]!r}") from None
        offset = said.get("offset") if isinstance(said, dict) else None
        until = said.get("until") if isinstance(said, dict) else None
        about = said.get("about", {}) if isinstance(said, dict) else {}
        good = [each is None or (type(each) is int and 0 <= each < 2**62) for each in (offset, until)]
        if offset is None or not all(good) or not isinstance(about, dict):
            raise _wrong(f"parsed value={str(said)[:80]}")
        for name, digest in now.items():
            if about.get(name, digest) != digest:
                what = _NAMES[name]
                verb = "do" if what.endswith("s") else "does"
                message = f"{what} in the page token {verb} not match the requested {what[0].lower()}{what[1:]}."
                raise ProtocolError("INVALID_PARAMETER_VALUE", message)
        return cls(offset, until, now)

    def token(self) -> str:
        """The same as text."""
        return base64.b64encode(
            orjson.dumps({"offset": self.offset, "until": self.until, "about": self.about})
        ).decode()


def page(
    connection: Connection, query: sa.Select[Any], number: sa.Column[Any], place: Place, size: int
) -> tuple[list[int], str]:
    """The numbers on one page of ``query``, whose first column is ``number``, and the token of the next or ""."""
    until = place.until
    if until is None:
        until = connection.scalar(sa.select(sa.func.max(number))) or 0
    query = query.where(number <= until).limit(size + 1).offset(place.offset)
    with patience(connection):
        numbers = [row[0] for row in connection.execute(query)]
    if len(numbers) <= size:
        return numbers, ""
    return numbers[:size], replace(place, offset=place.offset + size, until=until).token()
