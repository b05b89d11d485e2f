"""Tables made ready for a model: scaled, filled, encoded, cleaned. NumPy alone; pandas, Polars, Arrow and NumPy in, the same out.

>>> from castalia.kit import tabular
>>> tabular.Standardize().fit_transform({"age": [20.0, 40.0, None]})["age"].tolist()
[-1.0, 1.0, nan]

Names are imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castalia.kit.tabular.encoding import Frequency as Frequency
    from castalia.kit.tabular.encoding import Hashed as Hashed
    from castalia.kit.tabular.encoding import OneHot as OneHot
    from castalia.kit.tabular.encoding import Ordinal as Ordinal
    from castalia.kit.tabular.scaling import MedianIQR as MedianIQR
    from castalia.kit.tabular.scaling import MinMax as MinMax
    from castalia.kit.tabular.scaling import Standardize as Standardize
    from castalia.kit.tabular.targets import Leak as Leak
    from castalia.kit.tabular.targets import Target as Target

_HOME = {
    "Frequency": "encoding",
    "Hashed": "encoding",
    "Leak": "targets",
    "MedianIQR": "scaling",
    "MinMax": "scaling",
    "OneHot": "encoding",
    "Ordinal": "encoding",
    "Standardize": "scaling",
    "Target": "targets",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name in _HOME:
        value: object = getattr(importlib.import_module(f"castalia.kit.tabular.{_HOME[name]}"), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
