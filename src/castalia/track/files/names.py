"""What a file may be called: a relative name that cannot lead out, and means the same wherever it lands."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote

from castalia.core.errors import Refused

MAX_NAME = 1024
"""Bytes of a whole name in UTF-8."""
_PART = 255
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_NOWHERE = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_NOT_EVERYWHERE = re.compile(r'[<>:"|?*]')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(/|$)")
_DRIVE = re.compile(r"[A-Za-z]:")
_DECODED_AT_MOST = 8


def checked_name(name: str) -> str:
    """``plots/curve.png``: a relative name that means the same on every system. Refused otherwise."""
    checked_path(name)
    parts = name.split("/")
    if _NOT_EVERYWHERE.search(name):
        raise _refused(name, 'no backslash, control character or any of <>:"|?*')
    if any(part[-1] in ". " for part in parts):
        raise _refused(name, "no part that ends in a dot or a space")
    if any(_DEVICE.fullmatch(part) for part in parts):
        raise _refused(name, "no name that Windows keeps for a device")
    return name


def checked_path(path: str) -> str:
    """A relative name that cannot lead out on this system; what another program named may be less than portable."""
    if not isinstance(path, str) or not path or len(path.encode(errors="replace")) > MAX_NAME:
        raise _refused(path, f"1 to {MAX_NAME} bytes of text")
    if _NOWHERE.search(path):
        raise _refused(path, "no backslash and no control character")
    parts = path.split("/")
    if any(part in ("", ".", "..") or len(part.encode()) > _PART for part in parts):
        raise _refused(path, "a relative name without empty parts, '.', '..', or parts of more than 255 bytes")
    if _SCHEME.match(path) or any(_DRIVE.match(part) for part in parts):
        raise _refused(path, "a relative name, without the scheme of a URL or the letter of a drive")
    return path if os.name != "nt" else _portable(path)


def checked_wire_path(path: str) -> str:
    """A path that came over HTTP, decoded once: safe as it is, and safe if somebody decodes it again. Refused else.

    '#' is refused too, as the MLflow client does with a name it is told.
    """
    checked_path(path)
    once = path
    for _ in range(_DECODED_AT_MOST):
        again = unquote(once)
        if again == once:
            break
        once = checked_path(again)
    else:
        raise _refused(path, "a name that is not encoded many times")
    if "#" in once:
        raise _refused(path, "no '#'")
    return path


def _portable(path: str) -> str:
    if _NOT_EVERYWHERE.search(path) or any(part[-1] in ". " or _DEVICE.fullmatch(part) for part in path.split("/")):
        raise _refused(path, "a name that Windows can keep")
    return path


def _refused(name: object, expected: str) -> Refused:
    return Refused(
        "this artifact cannot be named so", ascii(name)[:100], expected, "Name it like plots/curve.png.", field="name"
    )
