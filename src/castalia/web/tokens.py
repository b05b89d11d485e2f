"""Tokens: who may ask, and as what. The home keeps their hashes; a token itself is shown once, when it is made.

A token is 256 random bits, so one round of SHA-256 is enough: there is nothing to guess by a dictionary. Beside
the hash of the token lies that of the session which the login page gives out for it: neither opens anything.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.errors import Conflict, NotFound, TooLarge, Unavailable, WrongInput
from castalia.core.lock import FileLock
from castalia.core.record import shown

FILE = "tokens.json"
MOST = 200
"""So many tokens a home: each request is compared with all of them."""
LONGEST_DAYS = 3650
OF_ENVIRONMENT = "CASTALIA_TOKEN"
"""The name under which the token of the environment goes."""
COOKIE = "castalia-"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_DAY = 86400
_RESERVED = ("loopback",)

log = logging.getLogger("castalia.web")


class Role(IntEnum):
    """What somebody may do; each may do what the one before may."""

    NOBODY = 0
    READER = 1
    WRITER = 2
    ADMIN = 3

    @classmethod
    def named(cls, name: str) -> Role:
        """``reader``, ``writer`` or ``admin``. WrongInput for anything else."""
        found = {role.name.lower(): role for role in cls if role}.get(name)
        if found is None:
            raise WrongInput("no such role", shown(name), "reader, writer or admin", field="role")
        return found


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    name: str
    role: Role


OWNER = Person("loopback", Role.ADMIN)
"""Whoever asks a workbench that listens on loopback and asks nobody for a token."""


@dataclass(frozen=True)
class Token:
    """A line of the file. Times are seconds since 1970; ``expires`` 0 is never."""

    name: str
    role: str
    made: int
    expires: int
    token: str
    """SHA-256 of the token, in hexadecimal digits."""
    session: str
    """SHA-256 of its session."""

    @property
    def is_over(self) -> bool:
        """Whether its days are over."""
        return 0 < self.expires <= time.time()


def session_of(token: str) -> str:
    """What the cookie of the login page holds in the place of the token, which it does not give away."""
    return hmac.new(token.encode("utf-8", "replace"), b"castalia session", hashlib.sha256).hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def listed(home: Path) -> list[Token]:
    """The tokens of a home, in the order in which they were made. Unavailable where the file cannot be read."""
    path = home / FILE
    try:
        found = json.loads(path.read_text("utf-8"))
        kinds = {"name": str, "role": str, "made": int, "expires": int, "token": str, "session": str}
        tokens = [Token(**each) for each in found["tokens"]]
        if not all(isinstance(getattr(each, name), kind) for each in tokens for name, kind in kinds.items()):
            raise TypeError
        for each in tokens:
            Role.named(each.role)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, WrongInput) as error:
        cure = f"Nobody is let in by it. Mend it, or delete it and make the tokens anew: {FILE} of CASTALIA_HOME."
        raise Unavailable(
            "the file of tokens cannot be read", type(error).__name__, "as it was written", cure
        ) from None
    return tokens


def add(home: Path, name: str, role: str, days: int | None = None) -> str:
    """Make a token and keep its hash; the token itself, which is not to be had again.

    WrongInput for a name, a role or days that do not fit, Conflict for a name that is taken.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        expected = "lower-case letters, digits, '.', '_', '-', at most 40"
        raise WrongInput("the name of a token does not fit", shown(name), expected, field="name")
    Role.named(role)
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise WrongInput("--days does not fit", str(days), f"1 to {LONGEST_DAYS}, or none for ever", field="days")
    text = f"cst_{secrets.token_urlsafe(32)}"
    made = int(time.time())
    line = Token(name, role, made, made + days * _DAY if days else 0, _hash(text), _hash(session_of(text)))
    with FileLock(home / f"{FILE}.lock", timeout=10):
        tokens = listed(home)
        if any(each.name == name for each in tokens):
            raise Conflict(f"there is a token {name!r}", "", "a new name", f"castalia tokens remove {name}")
        if len(tokens) >= MOST:
            raise TooLarge("too many tokens", str(len(tokens)), f"at most {MOST}", "castalia tokens remove NAME")
        _write(home, [*tokens, line])
    return text


def remove(home: Path, name: str) -> int:
    """Take a token back; from now on it opens nothing. How many are left. NotFound where there is none."""
    with FileLock(home / f"{FILE}.lock", timeout=10):
        tokens = listed(home)
        left = [each for each in tokens if each.name != name]
        if len(left) == len(tokens):
            raise NotFound(f"no token {shown(name)}", cure="castalia tokens list")
        _write(home, left)
    return len(left)


def _write(home: Path, tokens: list[Token]) -> None:
    content = json.dumps({"format": 1, "tokens": [asdict(each) for each in tokens]}, indent=1).encode()
    with replacing(home / FILE) as path:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(fd, "wb") as stream:
            stream.write(content)


class Keyring:
    """Who a request comes from, by its headers. The file is read anew when it changed: no restart is needed."""

    def __init__(self, home: Path, secret: str = "", *, needed: bool = False) -> None:
        """``secret`` is an admin's token beside those of the home. ``needed``: ask although there is no token."""
        self._path, self._home, self._needed = home / FILE, home, needed or bool(secret)
        own = Token(OF_ENVIRONMENT, "admin", 0, 0, _hash(secret), _hash(session_of(secret)))
        self._own = [_Key.of(own)] if secret else []
        self._known = self._own
        self._stamp: tuple[int, ...] = ()
        self._broken = False

    @property
    def asks(self) -> bool:
        """Whether a token is asked for: there is one, or the workbench listens beyond loopback."""
        self._read()
        return self._needed or self._broken or bool(self._known)

    def _read(self) -> None:
        try:
            found = os.stat(self._path)
            stamp: tuple[int, ...] = (found.st_mtime_ns, found.st_size, found.st_ino)
        except FileNotFoundError:
            stamp = ()
        except OSError:
            stamp = (-1,)
        if stamp == self._stamp:
            return
        self._stamp, self._broken = stamp, False
        try:
            found_there = [_Key.of(line) for line in listed(self._home)]
            # A writer's token that its user has in CASTALIA_TOKEN stays a writer's.
            there = {key.line.token for key in found_there}
            self._known = [*(key for key in self._own if key.line.token not in there), *found_there]
        except Unavailable as error:  # a token that was taken back must not live on in our memory
            self._known, self._broken = self._own, True
            log.error("%s", error)

    def person(self, authorization: str, cookies: str) -> Person | None:
        """Who one of the two headers proves to be there; None for a stranger.

        ``Bearer TOKEN``; ``Basic`` with the token as the password, whatever the name is; the cookie of the login.
        """
        if given := _presented(authorization):
            return self.of_token(given)
        self._read()
        for session in _sessions(cookies):
            digest, found = _hash(session), None
            for key in self._known:
                if hmac.compare_digest(digest, key.line.session) and not key.line.is_over:
                    found = key.person
            if found:
                return found
        return None

    def of_token(self, token: str) -> Person | None:
        """Whose token it is."""
        self._read()
        digest, found = _hash(token), None
        for key in self._known:  # all of them, so that the time tells nothing
            if hmac.compare_digest(digest, key.line.token) and not key.line.is_over:
                found = key.person
        return found


@dataclass(frozen=True, slots=True)
class _Key:
    """A token, and who has it."""

    line: Token
    person: Person

    @classmethod
    def of(cls, line: Token) -> _Key:
        return cls(line, Person(line.name, Role.named(line.role)))


def _presented(authorization: str) -> str:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _sessions(cookies: str) -> list[str]:
    if COOKIE not in cookies:
        return []
    try:
        jar: SimpleCookie = SimpleCookie(cookies)
    except CookieError:
        return []
    return [morsel.value for name, morsel in jar.items() if name.startswith(COOKIE)][:20]


def line_of(token: Token) -> dict[str, Any]:
    """A token as the shell shows it: no hash."""
    hidden = ("token", "session")
    return {each.name: getattr(token, each.name) for each in fields(token) if each.name not in hidden}
