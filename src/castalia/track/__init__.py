"""The experiment tracker and model registry: runs, numbers over steps, files, versions, aliases.

One SQLite file in the home folder, or a PostgreSQL database. Two entrances: ``run(...)`` for whoever trains and
``Store`` for whoever reads. It does not know what a model is, only where its files lie and what they hash to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.track.cards import card, models_card
    from castalia.track.delivery import sync
    from castalia.track.live import LiveRun
    from castalia.track.registry import Version
    from castalia.track.remote import RemoteRun
    from castalia.track.starting import run
    from castalia.track.store import Page, Store
    from castalia.track.tracked import TrackedRun
    from castalia.track.writer import Writer

__all__ = ["LiveRun", "Page", "RemoteRun", "Store", "TrackedRun", "Version", "Writer", "card", "models_card", "run",
           "sync"]  # fmt: skip

_HOMES = {"Page": "store", "Store": "store", "TrackedRun": "tracked", "Version": "registry", "run": "starting"}
_HOMES |= {"LiveRun": "live", "RemoteRun": "remote", "Writer": "writer", "sync": "delivery"}
_HOMES |= {"card": "cards", "models_card": "cards"}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: SQLAlchemy is not paid for by ``castalia --help``."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"castalia.track.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
