"""Files that are replaced whole or not at all, and our error where they cannot be."""

from __future__ import annotations

import errno
import json
import os
import secrets
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError, Unavailable


def write_json(path: Path, value: Any) -> None:
    """Replace the file at ``path`` in one step: a reader sees the old content or the new, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with waiting.open("w", encoding="utf-8") as stream:
            json.dump(value, stream, indent=1, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())
        waiting.replace(path)
    finally:
        waiting.unlink(missing_ok=True)


def cannot_write(subject: str, error: OSError) -> CastaliaError:
    """Our error for an operating system's while writing below the home folder, without the path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        cure = "Free some space, or set CASTALIA_HOME to another disk."
        return Unavailable(subject, "the disk is full", "room for it", cure)
    cure = "Make the home folder writable, or set CASTALIA_HOME to one that is."
    return Unavailable(subject, error.strerror or type(error).__name__, "a home folder that can be written", cure)
