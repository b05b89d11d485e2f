"""Files that are replaced whole or not at all, and our error where they cannot be."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

from castalia.core.atomic import replacing
from castalia.core.errors import CastaliaError, Unavailable


def write_json(path: Path, value: Any) -> None:
    """Replace the file at ``path`` in one step: a reader sees the old content or the new, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as waiting, waiting.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, indent=1, ensure_ascii=False)


def cannot_write(subject: str, error: OSError) -> CastaliaError:
    """Our error for an operating system's while writing below the home folder, without the path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        cure = "Free some space, or set CASTALIA_HOME to another disk."
        return Unavailable(subject, "the disk is full", "room for it", cure)
    cure = "Make the home folder writable, or set CASTALIA_HOME to one that is."
    return Unavailable(subject, error.strerror or type(error).__name__, "a home folder that can be written", cure)
