"""Where the workbench of a home answers, so that a second start can say so instead of failing."""

from __future__ import annotations

import contextlib
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from castalia.core.settings import Settings

ANSWER_SECONDS = 2.0


def _place(settings: Settings) -> Path:
    return settings.home / "workbench.json"


def running(settings: Settings) -> str:
    """The address of the workbench that has this home, or an empty string where none answers."""
    try:
        said = json.loads(_place(settings).read_text("utf-8"))
        address, health = str(said["address"]), str(said["health"])
        if not health.startswith("http://"):
            return ""
        # No proxy: the environment's would be asked for this machine's own address.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(health, timeout=ANSWER_SECONDS) as answer:
            return address if json.load(answer).get("status") == "ok" else ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


@contextlib.contextmanager
def announced(settings: Settings, address: str, health: str) -> Iterator[None]:
    """Leave the address in the home for as long as the workbench is up. A home that is full is no reason to end."""
    place = _place(settings)
    with contextlib.suppress(OSError):
        draft = place.with_suffix(f".{os.getpid()}.part")
        draft.write_text(json.dumps({"address": address, "health": health, "pid": os.getpid()}), "utf-8")
        draft.replace(place)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            place.unlink()
