"""What the roadmap's topics are called: ``title("ma10")`` is "numerical methods". Titles only, from topics.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType


@lru_cache(maxsize=1)
def titles() -> Mapping[str, str]:
    """Every topic's id and title, in the roadmap's order."""
    with Path(__file__).with_name("topics.toml").open("rb") as stream:
        return MappingProxyType(tomllib.load(stream))


def title(topic: str) -> str:
    """The title of a topic; its id where there is no such topic."""
    return titles().get(topic, topic)
