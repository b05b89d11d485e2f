"""What a plot is made of, said once for files and for pages: axes, and marks with their numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A curve; NaN breaks it. ``style`` numbers its colour, dashes and marker; None is a quiet line of reference."""

    name: str
    x: Floats
    y: Floats
    style: int | None = 0
    steps: bool = False
    """Straight up, then straight on: each y holds from the x before to its own."""
    markers: bool = True


@dataclass(frozen=True)
class Band:
    """What lies between ``low`` and ``high``, in the colour of ``style``."""

    x: Floats
    low: Floats
    high: Floats
    style: int = 0


@dataclass(frozen=True)
class Points:
    """Points, with intervals in y where ``low`` and ``high`` are given; ``tag`` is written at their middle."""

    name: str
    x: Floats
    y: Floats
    style: int = 0
    low: Floats | None = None
    high: Floats | None = None
    tag: str = ""


@dataclass(frozen=True)
class Bars:
    """Amounts by name, lying, the first on top; with intervals where ``low`` and ``high`` are given."""

    labels: tuple[str, ...]
    values: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Columns:
    """A histogram: ``heights`` between ``edges``, of which there is one more. ``filled`` or as an outline."""

    name: str
    edges: Floats
    heights: Floats
    style: int = 0
    filled: bool = True


@dataclass(frozen=True)
class Heat:
    """A shade from 0 to 1 for each pair of names, and what is written in it."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    shades: Floats
    texts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A picture, uint8 (h, w) or (h, w, 3), what stands below it, and whether it is right (None: nobody asked)."""

    pixels: NDArray[np.uint8]
    label: str = ""
    note: str = ""
    right: bool | None = None


@dataclass(frozen=True)
class Pictures:
    """Pictures in a grid."""

    items: tuple[Picture, ...]
    columns: int


Mark = Line | Band | Points | Bars | Columns | Heat | Pictures


@dataclass(frozen=True)
class Axis:
    """The title of an axis, with its unit; its range where it has one."""

    title: str = ""
    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    """Only whole numbers are marked: epochs, rows."""


@dataclass(frozen=True)
class Panel:
    """Marks on a pair of axes; ``height`` is its share where panels stand on each other and share x."""

    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    height: float = 1.0
    square: bool = False
    legend: bool = True
