"""Answering: what these routes send."""

from __future__ import annotations

import orjson
from fastapi import Response

from castalia.track.content import plainly


def answer(content: object) -> Response:
    """JSON in which NaN and infinities are the texts "NaN", "Infinity", "-Infinity"."""
    return Response(orjson.dumps(plainly(content)), media_type="application/json")
