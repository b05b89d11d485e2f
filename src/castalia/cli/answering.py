"""Asking a model from the shell: through a host, as HTTP does, so that both give the same answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from castalia.cli import terminal

if TYPE_CHECKING:
    from castalia.runtime import Hosts


@contextmanager
def hosts() -> Iterator[Hosts]:
    """A pool of hosts that ends with the command."""
    from castalia.runtime import Hosts

    pool = Hosts(limit=1)
    try:
        yield pool
    finally:
        pool.close()


def say_who_answers(found: Mapping[str, Any], name: str) -> None:
    """Tell on standard error when there is no trained version, before the seconds that a quick fit takes."""
    label = found["model"]["label"]
    if found.get("fits") and found["model"]["version"] is None:
        bare = name.partition("@")[0]
        terminal.say(f"{bare} has no trained version: a quick fit answers ({label}). Train one:  castalia fit {bare}")
