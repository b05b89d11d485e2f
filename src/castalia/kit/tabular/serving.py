"""One row through a pipeline, without a table around it: the same numbers as ``transform``, to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import PrivateAttr

from castalia.core.errors import WrongInput, did_you_mean
from castalia.core.record import shown
from castalia.kit.tabular.frames import Floats, Frame, column, missing
from castalia.kit.tabular.steps import Step


class Served(Step):
    """What a pipeline adds to a step: one row at a time, without a table around it."""

    _row: Callable[[Mapping[str, Any]], Floats] | None = PrivateAttr(None)
    _gaps: frozenset[str] | None = PrivateAttr(None)

    def row(self, values: Mapping[str, Any]) -> Floats:
        """(k,) float64 of one row, in the order of ``features``: to the last bit what ``transform`` gives for it.

        A name that fit has not seen is refused. A name left out is a missing value where training had any in that
        column, and refused where it had none. A Series, or a table of one row, is taken as well.
        """
        if self._row is None:
            self._need_fit()
            self._row = self._served()
        return self._row(values if type(values) is dict else as_row(values))

    def _served(self) -> Callable[[Mapping[str, Any]], Floats]:
        cells = self._cells()
        if cells is None:
            return self._row_as_table
        sources, gaps, owner = list(self.sources), self._gaps or frozenset(), self
        places = {name: i for i, name in enumerate(self.features)}
        order = np.array([places[out] for name in sources if name in cells for out in cells[name][0]], np.int64)
        straight = bool((order == np.arange(len(order))).all())
        steps = [(name, cells[name][1]) for name in sources if name in cells]
        known = frozenset(sources)

        def row(values: Mapping[str, Any]) -> Floats:
            if values.keys() != known:
                values = complete(values, sources, gaps)
            flat: list[Any] = []
            for name, cell in steps:
                flat += cell(single(values[name]))
            try:
                made = np.array(flat, np.float64)
            except (TypeError, ValueError):
                raise owner._no_numbers() from None
            if straight:
                return made
            out = np.empty(len(made))
            out[order] = made
            return out

        return row

    def _row_as_table(self, values: Mapping[str, Any]) -> Floats:
        values = complete(values, list(self.sources), self._gaps or frozenset())
        frame = Frame({name: column([values[name]]) for name in self.sources}, 1)
        try:
            return np.array([out[0] for out in self._change(frame).values()], np.float64)
        except (TypeError, ValueError):
            raise self._no_numbers() from None

    def _no_numbers(self) -> WrongInput:
        return WrongInput(
            "a row is given as numbers", "a step that leaves text as it is", "numbers from the last step",
            "Encode the text columns, or transform a table of one row.",
        )  # fmt: skip

    def _seen(self, frame: Frame) -> None:
        self._gaps = frozenset(name for name, values in frame.columns.items() if missing(values).any())
        self._row = None


def as_row(values: Any) -> Mapping[str, Any]:
    """Names and values of one row: of a mapping, a Series, or a table of one row; WrongInput for anything else."""
    if isinstance(values, Mapping):
        return values
    library = type(values).__module__.partition(".")[0]
    if library == "pandas" and hasattr(values, "index") and not hasattr(values, "columns"):
        return {str(name): value for name, value in values.items()}
    if hasattr(values, "columns") or hasattr(values, "column_names"):
        frame = Frame.of(values)
        if frame.rows == 1:
            gone = {name: bool(missing(each)[0]) for name, each in frame.columns.items()}
            return {name: None if gone[name] else each[0] for name, each in frame.columns.items()}
        got = f"a table of {frame.rows} rows"
    else:
        got = shown(values)
    raise WrongInput(
        "a row has a name for every value", got, "a dict, a Series, or a table of one row",
        "Give row({'column': value, ...}); for several rows call transform(table).", field="row",
    )  # fmt: skip


def single(value: Any) -> Any:
    """One value as the cells take it: a Python value, None where it is missing."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return value if value == value else None
    if kind is int and -(2**63) <= value < 2**63:
        return value
    found = column([value])
    if missing(found)[0]:
        return None
    return found[0] if found.dtype.kind in "MO" else found[0].item()


def complete(values: Mapping[str, Any], sources: Sequence[str], gaps: frozenset[str]) -> Mapping[str, Any]:
    """The row with None for what was left out; WrongInput where that may not be."""
    for name in values:
        if name not in sources:
            raise WrongInput(
                f"no column is called {name!r}", shown(name), f"one of {shown(list(sources), 200)}",
                did_you_mean(str(name), sources).strip() or "Leave it out.", field=str(name),
            )  # fmt: skip
    for name in sources:
        if name not in values and name not in gaps:
            raise WrongInput(
                f"{name} is left out", shown(sorted(values)), "a value: no training row was without one",
                f"Give {name}, or None if it is not known.", field=name,
            )  # fmt: skip
    return {name: values.get(name) for name in sources}


def read_gaps(state: Any, sources: Sequence[str]) -> frozenset[str]:
    """The columns that missed values in training, from a saved state."""
    gaps = state.get("gaps") if isinstance(state, Mapping) else None
    if not isinstance(gaps, list) or not all(name in sources for name in gaps):
        raise WrongInput("a saved pipeline does not fit its steps", shown(state), "gaps: names of its columns")
    return frozenset(gaps)
