"""Tables made ready for a model: read, cleaned, filled, scaled, encoded. pandas, Polars, Arrow and NumPy in, the same
out.

>>> from castalia.kit import tabular
>>> tabular.Standardize().fit_transform({"age": [20.0, 40.0, None]})["age"].tolist()
[-1.0, 1.0, nan]

Names are imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castalia.kit.tabular import leaks as leaks
    from castalia.kit.tabular.arrays import load_arrays as load_arrays
    from castalia.kit.tabular.arrays import save_arrays as save_arrays
    from castalia.kit.tabular.cleaning import Clean as Clean
    from castalia.kit.tabular.cleaning import Unreadable as Unreadable
    from castalia.kit.tabular.dates import Dates as Dates
    from castalia.kit.tabular.encoding import Frequency as Frequency
    from castalia.kit.tabular.encoding import Hashed as Hashed
    from castalia.kit.tabular.encoding import OneHot as OneHot
    from castalia.kit.tabular.encoding import Ordinal as Ordinal
    from castalia.kit.tabular.imputing import Impute as Impute
    from castalia.kit.tabular.pipeline import Chain as Chain
    from castalia.kit.tabular.pipeline import Columns as Columns
    from castalia.kit.tabular.pipeline import Keep as Keep
    from castalia.kit.tabular.preparing import Prepare as Prepare
    from castalia.kit.tabular.preparing import UnknownColumns as UnknownColumns
    from castalia.kit.tabular.reading import Headless as Headless
    from castalia.kit.tabular.reading import describe as describe
    from castalia.kit.tabular.reading import read as read
    from castalia.kit.tabular.reading import stream as stream
    from castalia.kit.tabular.records import read_records as read_records
    from castalia.kit.tabular.records import write_records as write_records
    from castalia.kit.tabular.rows import BadRow as BadRow
    from castalia.kit.tabular.saved import load as load
    from castalia.kit.tabular.saved import save as save
    from castalia.kit.tabular.scaling import MedianIQR as MedianIQR
    from castalia.kit.tabular.scaling import MinMax as MinMax
    from castalia.kit.tabular.scaling import Standardize as Standardize
    from castalia.kit.tabular.shaping import Log as Log
    from castalia.kit.tabular.shaping import Power as Power
    from castalia.kit.tabular.shaping import Quantile as Quantile
    from castalia.kit.tabular.steps import Step as Step
    from castalia.kit.tabular.targets import Target as Target
    from castalia.kit.tabular.texts import Texts as Texts
    from castalia.kit.tabular.training import Leak as Leak
    from castalia.kit.tabular.writing import write as write

_HOME = {
    "BadRow": "rows",
    "Headless": "reading",
    "describe": "reading",
    "read": "reading",
    "stream": "reading",
    "load": "saved",
    "save": "saved",
    "load_arrays": "arrays",
    "save_arrays": "arrays",
    "read_records": "records",
    "write_records": "records",
    "write": "writing",
    "Chain": "pipeline",
    "Clean": "cleaning",
    "Columns": "pipeline",
    "Dates": "dates",
    "Frequency": "encoding",
    "Hashed": "encoding",
    "Impute": "imputing",
    "Keep": "pipeline",
    "Leak": "training",
    "Log": "shaping",
    "MedianIQR": "scaling",
    "MinMax": "scaling",
    "OneHot": "encoding",
    "Ordinal": "encoding",
    "Power": "shaping",
    "Prepare": "preparing",
    "Quantile": "shaping",
    "Standardize": "scaling",
    "Step": "steps",
    "Target": "targets",
    "Texts": "texts",
    "UnknownColumns": "preparing",
    "Unreadable": "cleaning",
}

__all__ = [
    "BadRow",
    "Chain",
    "Clean",
    "Columns",
    "Dates",
    "Frequency",
    "Hashed",
    "Headless",
    "Impute",
    "Keep",
    "Leak",
    "Log",
    "MedianIQR",
    "MinMax",
    "OneHot",
    "Ordinal",
    "Power",
    "Prepare",
    "Quantile",
    "Standardize",
    "Step",
    "Target",
    "Texts",
    "UnknownColumns",
    "Unreadable",
    "describe",
    "leaks",
    "load_arrays",
    "read",
    "read_records",
    "save_arrays",
    "stream",
    "write",
    "write_records",
]


def __getattr__(name: str) -> object:
    if name == "leaks":
        return importlib.import_module("castalia.kit.tabular.leaks")
    if name in _HOME:
        value: object = getattr(importlib.import_module(f"castalia.kit.tabular.{_HOME[name]}"), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
