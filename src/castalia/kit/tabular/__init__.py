"""Tables: read, streamed and written, whatever the format.

>>> from castalia.kit import tabular
>>> table = tabular.read(b"age,plan\\n31,basic\\n,gold\\n", format="csv")
>>> table.columns["age"].tolist()
[31.0, nan]

Names are imported on first use, so that ``from castalia.kit import tabular`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castalia.kit.tabular.reading import describe as describe
    from castalia.kit.tabular.reading import read as read
    from castalia.kit.tabular.reading import stream as stream
    from castalia.kit.tabular.rows import BadRow as BadRow
    from castalia.kit.tabular.writing import write as write

_HOME = {"BadRow": "rows", "describe": "reading", "read": "reading", "stream": "reading", "write": "writing"}

__all__ = ["BadRow", "describe", "read", "stream", "write"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        value: object = getattr(importlib.import_module(f"castalia.kit.tabular.{_HOME[name]}"), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
