"""The figures of the lessons, as SVG. Colours are the page's, by name; the second value is for everywhere else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

PROJECTS = Path(__file__).resolve().parent.parent / "src" / "castalia" / "projects"
INK, SOFT, LINE, PAPER = "var(--ink,#17191a)", "var(--ink-3,#666b6b)", "var(--line,#d8d8d0)", "var(--raised,#ffffff)"
COLOURS = ("var(--c-1,#0b6b66)", "var(--c-2,#b4561a)", "var(--c-3,#3f58b8)", "var(--c-4,#9b2c72)", "var(--c-5,#5d6b16)",
           "var(--c-6,#6b4a2f)")  # fmt: skip
DASHES = ("", "7 4", "2 3", "10 3 2 3", "5 2", "1 3")
Points = Sequence[tuple[float, float]]


def svg(width: int, height: int, title: str, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img"><title>{title}</title>'
    )
    return "\n".join([head, f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>', *parts, "</svg>", ""])


def words(x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK, weight: int = 400) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{bold}>{text}</text>'


def line(points: Points, colour: str, dash: str = "", width: float = 2) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


class Panel:
    """A rectangle with two axes."""

    def __init__(
        self, left: float, top: float, width: float, height: float, x: tuple[float, float], y: tuple[float, float]
    ) -> None:
        self.left, self.top, self.width, self.height, self.x, self.y = left, top, width, height, x, y
        self.parts: list[str] = []

    def at(self, x: float, y: float) -> tuple[float, float]:
        (low, high), (bottom, top) = self.x, self.y
        right = self.left + (x - low) / (high - low) * self.width
        return right, self.top + (top - min(max(y, bottom), top)) / (top - bottom) * self.height

    def grid(self, xs: dict[float, str], ys: dict[float, str]) -> None:
        for x, name in xs.items():
            self.parts.append(line([self.at(x, self.y[0]), self.at(x, self.y[1])], LINE, width=1))
            self.parts.append(words(self.at(x, 0)[0], self.top + self.height + 17, name, anchor="middle", colour=SOFT))
        for y, name in ys.items():
            self.parts.append(line([self.at(self.x[0], y), self.at(self.x[1], y)], LINE, width=1))
            self.parts.append(words(self.left - 7, self.at(0, y)[1] + 4, name, anchor="end", colour=SOFT))

    def curve(self, points: Points, place: int) -> None:
        self.parts.append(line([self.at(x, y) for x, y in points], COLOURS[place], DASHES[place]))


def legend(left: float, top: float, names: Sequence[str], first: int = 0) -> list[str]:
    """Names beside a piece of their curve; ``first`` is the place of the first among all."""
    parts = []
    for place, name in enumerate(names, first):
        y = top + (place - first) * 24
        parts += [line([(left, y - 4), (left + 28, y - 4)], COLOURS[place], DASHES[place]), words(left + 36, y, name)]
    return parts


def chain() -> str:
    """A chain of layers, there and back."""
    parts = ['<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
             f'orient="auto"><path d="M0 0L8 4L0 8z" fill="{SOFT}"/></marker></defs>']  # fmt: skip
    boxes = [(110, "Dense", "W, b"), (260, "ReLU", ""), (410, "Dense", "W, b"), (560, "loss", "")]
    for left, name, inner in boxes:
        parts.append(f'<rect x="{left}" y="62" width="86" height="66" rx="8" fill="none" stroke="{INK}"/>')
        parts.append(words(left + 43, 91 if inner else 100, name, anchor="middle", weight=600))
        if inner:
            parts.append(words(left + 43, 111, inner, anchor="middle", colour=SOFT))
    for left, over, under in ((22, "x", ""), (196, "a", "dL/da"), (346, "h", "dL/dh"), (496, "scores", "dL/ds")):
        wide = 86 if left == 22 else 62
        tip = f'stroke="{SOFT}" stroke-width="1.6" marker-end="url(#tip)"'
        parts.append(f'<line x1="{left + 2}" y1="80" x2="{left + wide}" y2="80" {tip}/>')
        parts.append(words(left + wide / 2, 56, over, anchor="middle"))
        if under:
            parts.append(f'<line x1="{left + 62}" y1="112" x2="{left + 2}" y2="112" {tip}/>')
            parts.append(words(left + 31, 148, under, anchor="middle", colour=COLOURS[0]))
    for left in (153, 453):
        parts.append(f'<line x1="{left}" y1="128" x2="{left}" y2="166" stroke="{SOFT}" stroke-width="1.6" '
                     'marker-end="url(#tip)"/>')  # fmt: skip
        parts.append(words(left, 184, "dL/dW, dL/db", anchor="middle", colour=COLOURS[0]))
    parts += [words(22, 26, "forward: each layer keeps what it will need", colour=SOFT)]
    return svg(670, 200, "Forward from left to right, the gradient back from right to left", parts)


def activations() -> str:
    """Each function, and dashed its slope, found by our own backward."""
    from castalia.projects.neural_net import checks
    from castalia.projects.neural_net.network import Network

    parts: list[str] = []
    x = np.linspace(-4, 4, 161)
    for place, name in enumerate(("relu", "leaky_relu", "tanh", "sigmoid", "silu", "gelu")):
        network = Network([checks.ACTIVATIONS[name][0]()], 1, dtype=np.float64)
        y = network.forward(x[:, None].copy()).copy()
        slope = network.layers[0].backward(np.ones((len(x), 1)))
        down, right = divmod(place, 3)
        panel = Panel(40 + right * 215, 40 + down * 185, 180, 120, (-4, 4), (-1.2, 2.4))
        panel.grid({-4: "-4", 0: "0", 4: "4"}, {-1: "-1", 0: "0", 1: "1", 2: "2"})
        inside = [(a, b) for a, b in zip(x, y.ravel(), strict=True) if b <= 2.4]
        panel.curve([(float(a), float(b)) for a, b in inside], 0)
        panel.curve([(float(a), float(b)) for a, b in zip(x, slope.ravel(), strict=True)], 1)
        parts += [*panel.parts, words(panel.left, panel.top - 10, name, weight=600)]
    parts += [*legend(40, 410, ["the function"]), *legend(180, 410, ["its slope"], 1)]
    return svg(670, 426, "Six activations and their slopes", parts)


def losses() -> str:
    """Cost against the score, where the truth is class 1 (left) or the number 0 (right)."""
    x = np.linspace(-5, 5, 101)
    left = Panel(45, 40, 270, 200, (-5, 5), (0, 5))
    left.grid({-5: "-5", 0: "0", 5: "5"}, {0: "0", 1: "1", 2: "2", 3: "3", 4: "4", 5: "5"})
    left.curve([(float(a), float(np.log1p(np.exp(-a)))) for a in x], 0)
    left.curve([(float(a), float(0.5 * (a - 1) ** 2)) for a in x if 0.5 * (a - 1) ** 2 <= 5], 1)
    right = Panel(375, 40, 270, 200, (-5, 5), (0, 5))
    right.grid({-5: "-5", 0: "0", 5: "5"}, {0: "0", 1: "1", 2: "2", 3: "3", 4: "4", 5: "5"})
    right.curve([(float(a), float(a * a / 2)) for a in x if a * a <= 10], 1)
    right.curve([(float(a), float(a * a / 2 if abs(a) <= 1 else abs(a) - 0.5)) for a in x], 2)
    parts = [*left.parts, *right.parts, *legend(45, 288, ["binary cross-entropy", "squared error", "Huber, delta 1"])]
    parts += [words(45, 28, "the truth is yes; the score says", weight=600)]
    parts += [words(375, 28, "the truth is 0; the answer is", weight=600)]
    return svg(670, 345, "What a score costs", parts)


def signals() -> str:
    """The size of signals through fifty layers."""
    from castalia.projects.neural_net import measured

    names = list(measured.STARTS)
    panel = Panel(60, 24, 580, 250, (1, 50), (-12, 1))
    panel.grid({1: "layer 1", 10: "10", 20: "20", 30: "30", 40: "40", 50: "50"},
               {0: "1", -4: "1e-4", -8: "1e-8", -12: "1e-12"})  # fmt: skip
    for place, name in enumerate(names):
        sizes = [(at, math.log10(size)) for at, size in enumerate(measured.signals(name), 1)]
        panel.curve([(at, size) for at, size in sizes if size >= -12], place)
    return svg(670, 400, "Root mean square of a signal after each layer",
               [*panel.parts, *legend(60, 318, names[:3]), *legend(330, 318, names[3:], 3)])  # fmt: skip


def schedules() -> str:
    """Rates over a hundred steps."""
    from castalia.projects.neural_net import measured

    names = list(measured.SCHEDULES)
    panel = Panel(45, 24, 595, 190, (0, 100), (0, 1.05))
    panel.grid({0: "step 0", 25: "25", 50: "50", 75: "75", 100: "100"}, {0: "0", 0.5: "0.5", 1: "1"})
    for place, name in enumerate(names):
        panel.curve([(step, measured.SCHEDULES[name].rate(step)) for step in range(101)], place)
    return svg(670, 335, "Learning rates over a hundred steps",
               [*panel.parts, *legend(45, 258, names[:3]), *legend(330, 258, names[3:], 3)])  # fmt: skip


def valley() -> str:
    """Four rules in a valley that is forty times steeper across than along: L = (x^2 + 40 y^2) / 2."""
    from castalia.projects.neural_net import rules

    panel = Panel(20, 20, 630, 230, (-10.5, 1.5), (-2.2, 2.2))
    for level in (1, 4, 12, 28, 50, 80):
        ring = [(math.sqrt(2 * level) * math.cos(t), math.sqrt(level / 20) * math.sin(t))
                for t in np.linspace(0, 2 * math.pi, 121)]  # fmt: skip
        for part in _runs([(x, y) for x, y in ring], panel):
            panel.parts.append(line([panel.at(x, y) for x, y in part], LINE, width=1.2))
    shown = {"sgd": ("SGD, rate 0.045", 0.045), "momentum": ("momentum, rate 0.006", 0.006),
             "rmsprop": ("RMSProp, rate 0.05", 0.05), "adam": ("Adam, rate 0.4", 0.4)}  # fmt: skip
    for place, (name, (_, rate)) in enumerate(shown.items()):
        theta = np.array([-10.0, 1.5])
        rule, path = rules.RULES[name].ours(theta), [(-10.0, 1.5)]
        for _ in range(60):
            rule.step(theta * np.array([1.0, 40.0]), rate)
            path.append((float(theta[0]), float(theta[1])))
        panel.curve(path, place)
    x, y = panel.at(0, 0)
    panel.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{INK}"/>')
    names = [name for name, _ in shown.values()]
    return svg(670, 330, "Sixty steps of four rules down a narrow valley",
               [*panel.parts, *legend(40, 284, names[:2]), *legend(330, 284, names[2:], 2)])  # fmt: skip


def _runs(points: Points, panel: Panel) -> list[Points]:
    """The stretches of a curve that lie inside of a panel."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if panel.x[0] <= x <= panel.x[1] and panel.y[0] <= y <= panel.y[1]:
            runs[-1].append((x, y))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def window() -> str:
    """A window on a picture, its weights, and the answer."""
    parts = []
    for left, top, rows, columns, name, marked in (
        (30, 50, 5, 6, "x, 5 by 6", {(i, j) for i in (1, 2, 3) for j in (2, 3, 4)}),
        (300, 76, 3, 3, "W, 3 by 3", {(i, j) for i in range(3) for j in range(3)}),
        (480, 76, 3, 4, "y, 3 by 4", {(1, 2)}),
    ):
        for i in range(rows):
            for j in range(columns):
                fill = "var(--accent-soft,#e2f1ee)" if (i, j) in marked else "none"
                at = f'x="{left + 32 * j}" y="{top + 32 * i}" width="32" height="32"'
                parts.append(f'<rect {at} fill="{fill}" stroke="{SOFT}"/>')
        parts.append(words(left, top - 12, name, weight=600))
    parts += [words(262, 132, "·", anchor="middle"), words(438, 132, "+ b  =", anchor="middle")]
    return svg(670, 232, "A window of nine numbers times nine weights gives one number of the answer", parts)


def all_of_them() -> dict[Path, str]:
    """Every figure by the place where it is kept."""
    folder = PROJECTS / "neural_net" / "lesson"
    made = (chain, activations, losses, signals, schedules, valley, window)
    return {folder / f"{draw.__name__}.svg": draw() for draw in made}
