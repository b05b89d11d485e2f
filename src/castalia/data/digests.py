"""What a data set *is*: the sha256 of its uncompressed content.

A gzip header carries a time stamp and a file name, so two mirrors of one file differ; their content does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator


def digest(pieces: Iterator[bytes]) -> tuple[str, int]:
    """sha256 (hex) and number of bytes of a stream."""
    state, size = hashlib.sha256(), 0
    for piece in pieces:
        state.update(piece)
        size += len(piece)
    return state.hexdigest(), size
