"""Acts timed beside each other: in turns and in both orders, so that a machine that warms up or is busy hits all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def seconds(act: Callable[[], object], least: float = 0.0) -> float:
    """Of one call; one shorter than ``least`` is repeated within a measurement."""
    began = time.perf_counter()
    act()
    took = time.perf_counter() - began
    if took >= least:
        return took
    again = max(1, int(least / max(took, 1e-7)))
    began = time.perf_counter()
    for _ in range(again):
        act()
    return (time.perf_counter() - began) / again


def in_turns(measures: Mapping[str, Callable[[], T]], times: int) -> dict[str, list[T]]:
    """What each measure gives, so many times; every second turn goes the other way round."""
    found: dict[str, list[T]] = {name: [] for name in measures}
    for turn in range(times):
        for name in list(measures)[:: 1 if turn % 2 else -1]:
            found[name].append(measures[name]())
    return found
