"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; what was written takes the place of ``path`` in one step when the block ends.

    A reader sees the old content or the new, also after a crash. Where the block raises, ``path`` stays as it is.
    """
    waiting = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        yield waiting
        with waiting.open("rb+") as stream:
            os.fsync(stream.fileno())
        waiting.replace(path)
    finally:
        waiting.unlink(missing_ok=True)
