"""Data sets: found, downloaded once, checksummed, cached, versioned by content; splits; batches.

>>> from castalia import data                                      # doctest: +SKIP
>>> telco = data.open("telco")                                     # doctest: +SKIP
>>> train, test = data.split_rows(len(telco), test=0.2, seed=0)    # doctest: +SKIP

Names are imported on first use, so that ``import castalia.data`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castalia.data.batching import batches as batches
    from castalia.data.dataset import DataSet as DataSet
    from castalia.data.download import Progress as Progress
    from castalia.data.library import Entry as Entry
    from castalia.data.library import Library as Library
    from castalia.data.library import add as add
    from castalia.data.library import fetch as fetch
    from castalia.data.library import known as known
    from castalia.data.library import open as open
    from castalia.data.library import pin as pin
    from castalia.data.splits import folds as folds
    from castalia.data.splits import split_groups as split_groups
    from castalia.data.splits import split_rows as split_rows
    from castalia.data.splits import split_time as split_time
    from castalia.data.versions import Version as Version

_HOME = {
    "DataSet": "dataset",
    "Entry": "library",
    "Library": "library",
    "Progress": "download",
    "Version": "versions",
    "add": "library",
    "batches": "batching",
    "fetch": "library",
    "folds": "splits",
    "known": "library",
    "open": "library",
    "pin": "library",
    "split_groups": "splits",
    "split_rows": "splits",
    "split_time": "splits",
}

__all__ = [
    "DataSet",
    "Entry",
    "Library",
    "Progress",
    "Version",
    "add",
    "batches",
    "fetch",
    "folds",
    "known",
    "open",
    "pin",
    "split_groups",
    "split_rows",
    "split_time",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        value: object = getattr(importlib.import_module(f"castalia.data.{_HOME[name]}"), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
