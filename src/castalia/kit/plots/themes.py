"""Colours, dashes and markers. Colour is never alone: every style has a dash pattern and a marker of its own too.

The six colours of a theme were searched for: each has a contrast of 3 or more on its paper, and two of them differ by
0.1 or more in Oklab for normal sight and for simulated protanopia, deuteranopia and tritanopia (Machado 2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from castalia.core.errors import WrongInput, did_you_mean


@dataclass(frozen=True)
class Theme:
    """Paper and ink of a plot."""

    name: str
    paper: str
    ink: str
    quiet: str
    """Captions, axes, lines of reference."""
    line: str
    """The grid."""
    deep: str
    """The full shade of a matrix."""
    colours: tuple[str, ...]


THEMES = {
    "light": Theme(
        "light", "#ffffff", "#17191a", "#595e5e", "#e3e3dc", "#0a645f",
        ("#0a645f", "#b50000", "#596eff", "#910cb0", "#b88804", "#3b123c"),
    ),
    "dark": Theme(
        "dark", "#171b1c", "#eceeed", "#a3abaa", "#333a3b", "#88deea",
        ("#88deea", "#efc831", "#4794ff", "#c85ea7", "#fbffb8", "#aaa463"),
    ),
    # The page changes between light and dark under a figure: these are seen on both.
    "page": Theme(
        "page", "rgba(0,0,0,0)", "", "#7c8383", "rgba(128,128,128,0.25)", "#007747",
        ("#007747", "#d70000", "#138aff", "#e820d3", "#b28c64", "#7d6395"),
    ),
}  # fmt: skip

DASHES: tuple[tuple[Any, str], ...] = (
    ("solid", "solid"),
    ((0, (5, 2)), "dash"),
    ((0, (1.2, 1.6)), "dot"),
    ((0, (6, 2, 1.2, 2)), "dashdot"),
    ((0, (9, 3)), "longdash"),
)
"""Of matplotlib and of Plotly. Five, beside six colours and seven markers: no two of the first thirty are alike."""

MARKERS = (
    ("o", "circle"), ("s", "square"), ("^", "triangle-up"), ("D", "diamond"), ("v", "triangle-down"), ("X", "x"),
    ("P", "cross"),
)  # fmt: skip


def themed(name: str) -> Theme:
    """The theme of that name."""
    if name not in THEMES:
        raise WrongInput(
            "no such theme", repr(name), "light or dark", did_you_mean(str(name), THEMES).strip(), field="theme"
        )
    return THEMES[name]
