"""The tables that the lesson prints, computed now:

    python -m castalia.projects.neural_net.tables dense conv
    python -m castalia.projects.neural_net.tables rules adam

What rounding decides differs between machines, so an error is printed as a bound: a power of ten, some way above it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import NamedTuple

from castalia.core.errors import WrongInput, did_you_mean
from castalia.projects.neural_net import checks, measured, rules

TORCH = find_spec("torch") is not None


class Below(NamedTuple):
    """An error, shown as a bound of it."""

    value: float

    def __str__(self) -> str:
        return f"below 1e{math.ceil(math.log10(max(self.value * 4, 5e-15)))}"

    def fits(self, text: str) -> bool:
        """Whether ``text`` says a bound that holds, and is small enough to say something."""
        return text.startswith("below ") and self.value < float(text[6:]) <= 1e-7


class Near(NamedTuple):
    """A measured number, shown with few digits."""

    value: float
    digits: int = 3

    def __str__(self) -> str:
        return f"{self.value:.{self.digits}g}"

    def fits(self, text: str) -> bool:
        """Whether ``text`` is this number, to two units of its last digit."""
        try:
            shown = float(text)
        except ValueError:
            return False
        size = max(abs(self.value), abs(shown), 1e-300)
        return abs(shown - self.value) <= 2 * 10.0 ** (math.floor(math.log10(size)) + 1 - self.digits)


Cell = str | Below | Near
Table = list[list[Cell]]


def _below(error: float | None, without: str) -> Cell:
    return without if error is None else Below(error)


def gradients(names: list[str]) -> Table:
    """The largest relative error of any gradient in each case, by each witness."""
    rows: Table = [["The check", "finite differences", "complex step", "torch"]]
    for name in names:
        differences, step, torch = checks.witnesses(name, torch=TORCH)
        rows.append([name, Below(differences), _below(step, "not analytic"), _below(torch, "not installed")])
    return rows


def update_rules(names: list[str]) -> Table:
    """How far our rule's path of 40 steps is from that of the rule written out, and from torch's."""
    rows: Table = [["The check", "the rule written out", "torch.optim"]]
    for name in names or rules.RULES:
        plain, torch = rules.witnesses(name, torch=TORCH)
        without = "has none" if rules.RULES[name].torch is None else "not installed"
        rows.append([name, Below(plain), _below(torch, without)])
    return rows


def starts(names: list[str]) -> Table:
    """The size of a signal on its way through fifty layers."""
    rows: Table = [["Start and activation", "after 1 layer", "after 10", "after 50"]]
    for name in measured.STARTS:
        sizes = measured.signals(name)
        rows.append([name, *(Near(float(sizes[at - 1]), 2) for at in (1, 10, 50))])
    return rows


def schedules(names: list[str]) -> Table:
    """Rates on the way."""
    at = (0, 10, 25, 50, 75, 100)
    rows: Table = [["Schedule", *(f"step {step}" for step in at)]]
    for name, schedule in measured.SCHEDULES.items():
        rows.append([name, *(Near(schedule.rate(step)) for step in at)])
    return rows


def extremes(names: list[str]) -> Table:
    """Losses of scores of plus and minus ten thousand."""
    rows: Table = [["Scores of ±10,000 in float32", "mean loss", "largest slope"]]
    rows += [[name, Near(loss, 6), Near(slope, 6)] for name, (loss, slope) in measured.extremes().items()]
    return rows


def dropout(names: list[str]) -> Table:
    """A million ones through dropout."""
    mean, share = measured.dropped()
    return [["A million ones, rate 0.4", "found"], ["mean afterwards", Near(mean, 4)], ["share of zeros", Near(share)]]


def care(names: list[str]) -> Table:
    """Clipping, decay and early stopping."""
    before, after, angle = measured.clipped()
    weight, bias = measured.decayed()
    ran, best, least, back = measured.stopped()
    return [
        ["What is looked after", "found"],
        ["clipping to 1: length before", Near(before)],
        ["clipping to 1: length after", Near(after)],
        ["clipping to 1: cosine of the angle between the two", Near(angle)],
        ["decay 0.5, rate 0.1, no gradient: a weight of 1 becomes", Near(weight)],
        ["decay 0.5, rate 0.1, no gradient: a bias of 1 becomes", Near(bias)],
        ["early stopping, patience 8: epochs that ran", Near(ran)],
        ["early stopping, patience 8: the best of them", Near(best)],
        ["early stopping, patience 8: least validation loss", Near(least)],
        ["early stopping, patience 8: loss of the weights that came back", Near(back)],
    ]


KINDS: Mapping[str, Callable[[list[str]], Table]] = {
    "rules": update_rules, "starts": starts, "schedules": schedules, "extremes": extremes, "dropped": dropout,
    "care": care,
}  # fmt: skip


def table(asked: str) -> Table:
    """The table of ``asked``: names of gradient checks, or a kind ("rules adam lion", "starts")."""
    first, *rest = asked.split() or [""]
    if first in KINDS:
        return KINDS[first](rest)
    known = [*KINDS, *checks.CASES]
    for name in (first, *rest):
        if name not in checks.CASES:
            raise WrongInput("no such check", name or "nothing", ", ".join(known), did_you_mean(name, known))
    return gradients([first, *rest])


def main(names: list[str]) -> int:
    """Print one table."""
    rows = [[str(cell) for cell in row] for row in table(" ".join(names))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
