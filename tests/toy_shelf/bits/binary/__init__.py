"""The bits of whole numbers.

>>> bits(5)
[1, 0, 1]
"""

from __future__ import annotations

__all__ = ["bits", "number"]


def bits(n: int) -> list[int]:
    """The bits of ``n`` from the highest on; of 0 there are none."""
    return [int(bit) for bit in f"{n:b}"] if n else []


def number(bits: list[int], *, base: int = 2) -> int:
    """The number with these digits."""
    total = 0
    for bit in bits:
        total = base * total + bit
    return total


def _private() -> None:
    raise AssertionError
