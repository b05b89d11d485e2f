"""Which questions there are: each of a topic, made from a seed."""

from __future__ import annotations

import importlib
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from castalia.core.errors import NotFound
from castalia.roadmap.bank.question import Maker, Question

SKILLS = ("cs", "sq", "da", "to", "or", "py", "ma", "ml", "dl", "cv", "nl", "ad", "ge", "mo", "rs")
"""A module ``of_<skill>`` for each."""
_MAKERS: dict[str, Maker] = {}


def asks(topic: str) -> Callable[[Maker], Maker]:
    """Put a maker on the shelf under ``topic/its_name``."""

    def keep(maker: Maker) -> Maker:
        id = f"{topic}/{maker.__name__}"
        if id in _MAKERS:
            raise ValueError(f"two questions are called {id}")
        _MAKERS[id] = maker
        return maker

    return keep


@cache
def of(topic: str) -> tuple[str, ...]:
    """Ids of a topic's questions, in their order in the file; empty for a topic without any."""
    skill = topic[:2]
    if skill in SKILLS:
        importlib.import_module(f"castalia.roadmap.bank.of_{skill}")
    return tuple(id for id in _MAKERS if id.partition("/")[0] == topic)


def make(id: str, seed: int) -> Question:
    """The question of an id and a seed: the same for both every time. NotFound for an id that is none."""
    topic = id.partition("/")[0]
    if id not in of(topic):
        raise NotFound(f"no question {id!r}", id, ", ".join(of(topic)) or "a topic with questions", "Ask for another.")
    made = _MAKERS[id](random.Random(f"{id}/{seed}"))
    return replace(made, id=id, topic=topic, seed=seed)


def ask(topic: str, seed: int) -> Question | None:
    """One of a topic's questions, chosen by the seed; None where it has none."""
    ids = of(topic)
    return make(ids[zlib.crc32(f"{topic}/{seed}".encode()) % len(ids)], seed) if ids else None
