"""Warnings that point at the line of the user's that led to them."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

_HERE = str(Path(__file__).parent)


def notice(text: str, kind: type[Warning]) -> None:
    """Warn, as from the first caller outside this package: a place is told once, and it should be the user's."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, kind, stacklevel=level)
