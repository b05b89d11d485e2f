"""Dates taken apart into numbers: year, month, day, weekday, hour, their places on a circle, days since the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar, Literal

import numpy as np

from castalia.core.errors import WrongInput
from castalia.core.record import shown
from castalia.core.system import Field
from castalia.kit.tabular.daytimes import DAY, Order, moment, order_of
from castalia.kit.tabular.frames import Array, Floats, Ints, missing
from castalia.kit.tabular.steps import Cell, PerColumn, Rows, State

Part = Literal["year", "month", "day", "weekday", "hour", "days", "month circle", "weekday circle", "hour circle"]
PARTS: tuple[Part, ...] = (
    "year",
    "month",
    "day",
    "weekday",
    "hour",
    "days",
    "month circle",
    "weekday circle",
    "hour circle",
)

NOTHING = np.iinfo(np.int64).min
"""Microseconds of a missing date, as datetime64 has it."""
_EDGES = tuple((date(year, 1, 1).toordinal() - 719_163) * DAY for year in (1, 9999))
_HOUR = DAY // 24


def _circle(steps: int) -> tuple[Floats, Floats]:
    angle = 2 * np.pi * np.arange(steps) / steps
    return np.sin(angle), np.cos(angle)


_CIRCLES = {"month circle": _circle(12), "weekday circle": _circle(7), "hour circle": _circle(24)}


class Dated(State):
    """How a column is read, and the first day of training."""

    order: Order | None
    unit: Literal["text", "time", "s", "ms"]
    first: int
    """Microseconds since 1970."""
    hours: bool
    """Whether training had a time of day."""
    missing: int = Field(ge=0)


class Dates(PerColumn[Dated]):
    """A column of times, of text, or of seconds (or milliseconds) since 1970, as numbers.

    Text is read as ISO, with names of months, year first, or day or month first, as the whole column decides; one that
    can be read both ways is an error until ``order`` says which. Times of a column with one zone are taken apart by
    the clock of that zone; offsets written in text, and several zones, become UTC. The parts named circle are a sine
    and a cosine, so that December is next to January; those of the hour come out where training had a time of day.
    """

    learns: ClassVar[type[State]] = Dated

    parts: tuple[Part, ...] = Field(PARTS, min_length=1, description="What comes out, in this order.")
    order: Literal["auto", "day", "month"] = Field("auto", description="What comes first in 1/2/2026.")
    unreadable: Literal["error", "missing"] = Field("error", description="What a cell becomes that is no date.")
    indicator: Literal["none", "seen"] = Field("none", description="A column that tells where training missed values.")

    def learn(self, name: str, values: Array, rows: Rows) -> Dated:
        order: Order | None = None if self.order == "auto" else self.order
        unit: Any = {"M": "time", "O": "text"}.get(values.dtype.kind, "s")
        if unit == "text" and order is None:
            order = order_of((str(value) for value in values if value is not None), name)
        if unit == "s":
            present = np.abs(values[~missing(values)].astype(np.float64))
            unit = "ms" if present.size and np.median(present) > 1e11 else "s"
        draft = Dated(order=order, unit=unit, first=0, hours=False, missing=0)
        micro = self._read(draft, name, values)
        there = micro[micro != NOTHING]
        if not there.size:
            raise WrongInput(f"column {name} has no date", f"{len(values)} missing", "one at least", field=name)
        hours = bool((there % DAY).any())
        first = int(there.min() // DAY * DAY)
        return Dated(order=order, unit=unit, first=first, hours=hours, missing=len(micro) - len(there))

    # --- reading -------------------------------------------------------------------------------

    def _read(self, state: Dated, name: str, values: Array) -> Ints:
        """(n,) microseconds since 1970."""
        if values.dtype.kind == "M":
            return values.astype("datetime64[us]").astype(np.int64)
        read = self._reader(state, name)
        listed = values.tolist()
        found = {value: read(value) for value in dict.fromkeys(listed)}
        return np.fromiter(map(found.__getitem__, listed), np.int64, len(listed))

    def _reader(self, state: Dated, name: str) -> Callable[[Any], int]:
        scale = 1_000 if state.unit == "ms" else 1_000_000

        def read(value: Any) -> int:
            if value is None or value != value:
                return NOTHING
            found: int | None = None
            if isinstance(value, np.datetime64):
                found = int(value.astype("datetime64[us]").astype(np.int64))
            elif isinstance(value, str):
                found = moment(value, state.order)
            elif state.unit in ("s", "ms") and abs(value) < 1e15:
                found = round(value * scale)
                found = found if _EDGES[0] <= found < _EDGES[1] else None
            if found is not None:
                return found
            if self.unreadable == "missing":
                return NOTHING
            raise WrongInput(
                f"column {name} has a cell that is no date", shown(value), "a date as in the rest of the column",
                "Correct it, or set unreadable='missing'.", field=name,
            )  # fmt: skip

        return read

    # --- taking apart --------------------------------------------------------------------------

    def _parts(self, state: Dated) -> list[Part]:
        return [part for part in self.parts if state.hours or not part.startswith("hour")]

    def outputs(self, state: Dated, name: str) -> tuple[str, ...]:
        names: list[str] = []
        for part in self._parts(state):
            plain = part.removesuffix(" circle")
            names += [f"{name}.{plain}"] if plain == part else [f"{name}.{plain}.sin", f"{name}.{plain}.cos"]
        return (*names, f"{name}?") if self._told(state) else tuple(names)

    def _told(self, state: Dated) -> bool:
        return self.indicator == "seen" and state.missing > 0

    def apply(self, state: Dated, name: str, values: Array) -> list[Array]:
        micro = self._read(state, name, values)
        gone = micro == NOTHING
        micro = np.where(gone, state.first, micro)
        months = micro.astype("datetime64[us]").astype("datetime64[M]")
        days = micro // DAY
        month = months.astype(np.int64) % 12
        known: Mapping[str, Array] = {
            "year": months.astype("datetime64[Y]").astype(np.int64) + 1970,
            "month": month + 1,
            "day": days - months.astype("datetime64[D]").astype(np.int64) + 1,
            "weekday": (days + 3) % 7,
            "hour": micro // _HOUR % 24,
            "days": (micro - state.first) / DAY,
        }
        out = []
        for part in self._parts(state):
            if part in _CIRCLES:
                place = month if part == "month circle" else known[part.removesuffix(" circle")]
                out += [table[place] for table in _CIRCLES[part]]
            else:
                out.append(known[part].astype(np.float64))
        for each in out:
            each[gone] = np.nan
        return [*out, gone.astype(np.float64)] if self._told(state) else out

    def cell(self, state: Dated, name: str) -> Cell:
        parts, told, read, slow = (
            self._parts(state),
            self._told(state),
            self._reader(state, name),
            super().cell(state, name),
        )
        circles = {part: list(zip(*(table.tolist() for table in both), strict=True)) for part, both in _CIRCLES.items()}
        width = len(self.outputs(state, name)) - told
        nothing = (*(np.nan,) * width, 1.0) if told else (np.nan,) * width
        first = state.first

        def one(value: Any) -> Any:
            micro = read(value)
            if micro == NOTHING:
                return nothing
            if not _EDGES[0] <= micro < _EDGES[1]:
                return slow(value)
            days, rest = divmod(micro, DAY)
            there = date.fromordinal(719_163 + days)
            hour, weekday = rest // _HOUR, (days + 3) % 7
            flat: list[float] = []
            for part in parts:
                if part == "year":
                    flat.append(float(there.year))
                elif part == "month":
                    flat.append(float(there.month))
                elif part == "day":
                    flat.append(float(there.day))
                elif part == "weekday":
                    flat.append(float(weekday))
                elif part == "hour":
                    flat.append(float(hour))
                elif part == "days":
                    flat.append(float(micro - first) / DAY)
                else:
                    place = there.month - 1 if part == "month circle" else weekday if part == "weekday circle" else hour
                    flat += circles[part][place]
            if told:
                flat.append(0.0)
            return flat

        return one
