"""Who asks: the name that a request came under, for what is kept of who did a thing."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

PERSON = "castalia_person"
"""Where the scope of a request says who sent it; who mounts us puts it there."""


def asker(scope: MutableMapping[str, Any]) -> str:
    """The name of a token, ``loopback`` for whoever is at this machine; "" where nobody said."""
    return str(getattr(scope.get(PERSON), "name", ""))
