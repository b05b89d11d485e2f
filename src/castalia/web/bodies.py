"""What a request may carry: how much, of which type, and JSON without traps.

A JSON body is read here in full before the application sees a byte of it, counted as it comes, so that
a length that lies costs at most the cap. An upload is passed on as it comes, and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from castalia.core.errors import CastaliaError, TooLarge, WrongInput
from castalia.core.record import shown

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

MAX_JSON = 32 * 2**20
MAX_UPLOAD = 512 * 2**20
MAX_DEPTH = 64
LARGE = 2**20
"""Bytes of a body above which few are held at once."""
IDLE_SECONDS = 30.0
"""How long a body may pause before we stop waiting for the rest."""
BODY_SECONDS = 120.0
"""How long a body that we read whole may take altogether, however little it pauses."""
SLOW_SECONDS, SLOWEST = 60.0, 1024
"""After so many seconds an upload must have brought so many bytes a second."""


class WrongMedia(CastaliaError):
    """A body of a type, or an encoding, that this address does not take."""

    status, exit = 415, 2


class TooSlow(CastaliaError):
    """A body that stopped arriving."""

    status, exit = 408, 1


class Gone(Exception):
    """The client left before its body was whole; nobody is there to be answered."""


DRAIN_BYTES = 256 * 2**20
DRAIN_SECONDS = 10.0


@dataclass(frozen=True)
class Rule:
    """What one address takes: its media types (none: any), the cap in bytes, and whether we read JSON first."""

    media: tuple[str, ...] = ("application/json",)
    cap: int = MAX_JSON
    upload: bool = False
    parsed: bool = True
    """Whether we look into the JSON; False where the route reads it with care of its own."""


JSON = Rule()
RULES: tuple[tuple[str, Rule], ...] = (
    # Batches and whole models; a message beyond them is a few kilobytes, and the largest wrong one gets its name.
    (
        r"/(ajax-)?api/[0-9.]+/mlflow/(runs/(log-batch|log-inputs|log-model|outputs)|logged-models.*)",
        Rule(parsed=False),
    ),
    # One file, of any type; the route says what is too large.
    (r"/(ajax-)?api/2\.0/mlflow/upload-artifact", Rule(media=(), cap=64 * 2**20, upload=True)),
    (r"/(ajax-)?api/[0-9.]+/mlflow/.*", Rule(cap=16 * 2**20, parsed=False)),
    (r"/systems/[^/]+:predict", Rule(media=("application/json", "text/csv"))),
    # A file may be larger than any cap that fits all: the route holds it to CASTALIA_ARTIFACT_BYTES as it comes.
    (r"/(ajax-)?api/2\.0/mlflow-artifacts/(artifacts|mpu/part)/.*", Rule(media=(), cap=2**50, upload=True)),
    (r"/data", Rule(media=(), cap=MAX_UPLOAD, upload=True)),
    (r"/runs/ingest", Rule(media=("application/octet-stream",))),
    (r"/runs/[^/]+/artifacts/.*", Rule(media=(), cap=2**50, upload=True)),
    (r"/checks/.*", Rule(cap=2 * 2**20)),
    (r"/(today|plan)(/.*)?", Rule(cap=64 * 2**10)),
    (r"/login", Rule(media=("application/x-www-form-urlencoded",), cap=4096)),
)


def rule_of(path: str) -> Rule:
    """The rule of an address; everything not named otherwise takes JSON."""
    return next((rule for pattern, rule in RULES if re.fullmatch(pattern, path)), JSON)


def is_large(headers: Mapping[str, str], path: str) -> bool:
    """Whether a body that we hold whole may be large: it says so, or does not say how long it is."""
    declared = headers.get("content-length", "")
    if not declared and "transfer-encoding" not in headers:
        return False
    return (not declared.isdecimal() or int(declared[:16]) > LARGE) and not rule_of(path).upload


class Incoming:
    """A request's body as it comes, and whether it was read to its end."""

    def __init__(self, receive: Receive, headers: MutableMapping[str, str]) -> None:
        self._receive = receive
        # A client that waits for "100 Continue" sends nothing after a refusal.
        expects = "expect" in headers
        self.whole = expects or (headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers)

    async def __call__(self) -> Message:
        """The next message of the server."""
        message = await self._receive()
        self.whole = self.whole or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Take in and forget what a refused client still sends, within bounds.

        Many clients read no answer before they have sent everything; closing on them loses the answer.
        """
        left, until = DRAIN_BYTES, asyncio.get_running_loop().time() + DRAIN_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                while not self.whole and left > 0:
                    left -= len((await self()).get("body", b""))


async def admit(headers: MutableMapping[str, str], path: str, receive: Receive) -> Receive:
    """Check a request's body and return the ``receive`` to hand on.

    WrongMedia (415), TooLarge (413), WrongInput (422) or TooSlow (408) where it does not fit.
    """
    declared = headers.get("content-length", "")
    if not declared and "transfer-encoding" not in headers:
        return receive
    rule = rule_of(path)
    if declared and (not re.fullmatch("[0-9]{1,15}", declared) or int(declared) > rule.cap):
        raise _too_large(rule, f"Content-Length: {shown(declared, 40)}")
    if rule.upload:
        _check_encoding(headers)
        return _counted(receive, rule)
    body = await _whole(receive, rule)
    if body:
        _check_encoding(headers)
        media = _check_media(headers, rule, path)
        if media == "application/json" and rule.parsed:
            await asyncio.to_thread(check_json, body) if len(body) > 2**18 else check_json(body)
    return _again(body, receive)


def check_plain(headers: MutableMapping[str, str], path: str) -> None:
    """Refuse a body that is whole and within its cap for its type or its encoding: WrongMedia."""
    _check_encoding(headers)
    _check_media(headers, rule_of(path), path)


def _too_large(rule: Rule, got: str) -> TooLarge:
    cap = f"{rule.cap // 2**20} MiB" if rule.cap >= 2**20 else f"{rule.cap} bytes"
    cure = "Send less at once; a table travels as an upload: POST /data?name=mine.csv, or castalia data add mine.csv."
    return TooLarge("the body of the request is too large", got, f"at most {cap}", cure)


def _check_encoding(headers: MutableMapping[str, str]) -> None:
    encoding = headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        # An encoded body is where decompression bombs come from.
        raise WrongMedia(
            "the body is compressed", shown(encoding), "a body as it is", "Send it without Content-Encoding."
        )


def _check_media(headers: MutableMapping[str, str], rule: Rule, path: str) -> str:
    given = headers.get("content-type", "")
    media, _, options = given.partition(";")
    media = media.strip().lower()
    if len(given) > 200 or media not in rule.media:
        cure = "Send it with -H 'Content-Type: application/json'." if "application/json" in rule.media else ""
        raise WrongMedia(
            "the body has the wrong type", shown(given) if given else "no Content-Type", " or ".join(rule.media), cure
        )
    charset = re.search(r"charset\s*=\s*\"?([\w.-]+)", options, re.IGNORECASE)
    if charset and charset.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise WrongMedia("the body is not in UTF-8", shown(charset.group(1)), "UTF-8", "Send it as UTF-8.")
    return media


async def _next(receive: Receive, patience: float) -> Message:
    try:
        async with asyncio.timeout(patience):  # wait_for would make a task of each message
            message = await receive()
    except TimeoutError:
        raise TooSlow("the body stopped arriving", f"nothing for {patience:.0f} s", "the rest of it") from None
    if message["type"] == "http.disconnect":
        raise Gone
    return message


async def _whole(receive: Receive, rule: Rule) -> bytes:
    body = bytearray()
    until = asyncio.get_running_loop().time() + BODY_SECONDS
    while True:
        left = until - asyncio.get_running_loop().time()
        if left <= 0:
            raise TooSlow("the body arrives too slowly", f"{len(body)} bytes in {BODY_SECONDS:.0f} s", "all of it")
        message = await _next(receive, min(left, IDLE_SECONDS))
        body += message.get("body", b"")
        if len(body) > rule.cap:
            raise _too_large(rule, f"more than {rule.cap // 2**20} MiB")
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body we have read, and then what the server still has to say."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


def _counted(receive: Receive, rule: Rule) -> Receive:
    total, whole = 0, False
    clock = asyncio.get_running_loop().time
    began = clock()

    async def count() -> Message:
        nonlocal total, whole
        if whole:
            return await receive()
        message = await _next(receive, IDLE_SECONDS)
        total += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if total > rule.cap:
            raise _too_large(rule, f"more than {rule.cap // 2**20} MiB")
        taken = clock() - began
        if not whole and taken > SLOW_SECONDS and total < taken * SLOWEST:
            raise TooSlow("the body arrives too slowly", f"{total} bytes in {taken:.0f} s", f"{SLOWEST} a second")
        return message

    return count


def check_json(body: bytes) -> None:
    """Refuse JSON that two readers could read differently or that would hurt one.

    That is: not UTF-8, no JSON, the same key twice, NaN or an infinity, lone surrogates, numbers of
    thousands of digits (WrongInput), and nesting deeper than MAX_DEPTH (TooLarge).
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_not_finite)
    except UnicodeDecodeError:
        raise WrongInput("the body is not in UTF-8", expected="JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise WrongInput(
            "the body is no JSON", f"{error.msg.lower()} at {place}", "JSON", "Correct it there."
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise WrongInput("the body holds a number of thousands of digits", expected="numbers of a usual size") from None
    _walk(value, surrogates=b"\\ud" in body or b"\\uD" in body)


def _too_deep() -> TooLarge:
    return TooLarge("the JSON is nested too deeply", f"more than {MAX_DEPTH} levels", f"at most {MAX_DEPTH}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise WrongInput(
            "a key is there twice", shown(twice), "every key once", "Remove one of them.", field=twice[:80]
        )
    return made


def _not_finite(word: str) -> None:
    raise WrongInput("the JSON holds a number that is none", word, "a finite number, or null where it is missing")


def _walk(value: Any, surrogates: bool) -> None:
    """Look at every value without recursion, level by level."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        for item in level:
            children: Iterable[Any] = item.values() if type(item) is dict else item if type(item) is list else (item,)
            for child in children:
                kind = type(child)
                if kind is dict or kind is list:
                    if child is not item:
                        deeper.append(child)
                elif kind is float and not math.isfinite(child):
                    raise WrongInput("the JSON holds a number out of range", "beyond 1.8e308", "a finite number")
                elif surrogates and kind is str and not _is_text(child):
                    raise WrongInput("the JSON holds half a character", "a lone surrogate", "whole characters")
            if surrogates and type(item) is dict and not all(map(_is_text, item)):
                raise WrongInput("the JSON holds half a character in a key", "a lone surrogate", "whole characters")
        if not deeper:
            return
        level = deeper
    raise _too_deep()


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
