"""The figures of the card."""

from __future__ import annotations

from collections.abc import Mapping

from .binary import bits, number


def measure() -> Mapping[str, float]:
    """The share of the numbers to 255 that come back."""
    return {"share_kept": sum(number(bits(n)) == n for n in range(256)) / 256}
