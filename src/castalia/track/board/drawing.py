"""Drawing: curves as SVG text, for a page without scripts. Colours are those of the page's style: --c-1 to --c-6."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

INKS = 6
DASHES = ("", "8 4", "2 4", "10 3 2 3", "5 5", "12 4")
WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 12, 10, 34
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "�")


@dataclass(frozen=True)
class Line:
    """A curve: what it is called, its points (those that are not finite break it), and what lies around it."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    number: int
    low: Sequence[float | None] = field(default=())
    high: Sequence[float | None] = field(default=())


def escaped(text: object) -> str:
    """Text for HTML: nothing in it is markup, and letters that no page can hold are marked."""
    return html.escape(str(text).translate(_CONTROLS).encode("utf-8", "replace").decode())


def stroke(number: int) -> str:
    """The ink and dash of line ``number``; the 37th is as the first."""
    dash = DASHES[number // INKS % len(DASHES)]
    return f'stroke="var(--c-{number % INKS + 1})"' + (f' stroke-dasharray="{dash}"' if dash else "")


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers from low to high, about ``wanted`` of them."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    size = 10.0 ** math.floor(math.log10(span / wanted))
    step = next(n * size for n in (1, 2, 5, 10) if n * size >= span / wanted * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [
        round(n * step, 12 - math.floor(math.log10(step))) for n in range(first, math.floor(high / step + 1e-9) + 1)
    ]


def short(value: object) -> str:
    """A number as a person reads it: four digits after the point, an exponent where it is far from 1."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "–" if value is None else str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if size and (size < 1e-4 or size >= 1e9):
        return f"{value:.3g}".replace("-", "−")
    text = f"{value:,.4f}".rstrip("0").rstrip(".") if size < 1000 else f"{value:,.1f}".removesuffix(".0")
    return text.replace("-", "−")


def curves(title: str, lines: Sequence[Line]) -> str:
    """One chart as an <svg> that says in words what it shows."""
    xs = [float(x) for line in lines for x, y in zip(line.x, line.y, strict=True) if _finite(y)]
    ys = [float(y) for line in lines for part in (line.y, line.low, line.high) for y in part if _finite(y)]  # type: ignore[arg-type]
    x0, x1 = _span(xs, 0.0)
    y0, y1 = _span(ys, 0.04)

    def px(x: float) -> float:
        return _LEFT + (x / 2 - x0 / 2) / (x1 / 2 - x0 / 2) * (WIDTH - _LEFT - _RIGHT)

    def py(y: float) -> float:
        return _TOP + (1 - (y / 2 - y0 / 2) / (y1 / 2 - y0 / 2)) * (HEIGHT - _TOP - _BOTTOM)

    drawn = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(title)} over step, '
             f'{len(lines)} lines">']  # fmt: skip
    for at in ticks(x0, x1):
        drawn.append(f'<line class="grid" x1="{px(at):.1f}" x2="{px(at):.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>')
        drawn.append(f'<text x="{px(at):.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{short(at)}</text>')
    for at in ticks(y0, y1):
        drawn.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{py(at):.1f}" y2="{py(at):.1f}"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{py(at) + 4:.1f}" text-anchor="end">{short(at)}</text>')
    drawn.append(f'<text x="{(WIDTH + _LEFT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">step</text>')
    for line in lines:
        for part in _unbroken(line.x, line.low):
            there = dict(zip(line.x, line.high, strict=True))
            over = [(x, float(there[x] or 0)) for x, _ in reversed(part)]
            outline = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in (*part, *over))
            drawn.append(f'<polygon points="{outline}" fill="var(--c-{line.number % INKS + 1})" fill-opacity="0.16"/>')
    for line in lines:
        for part in _unbroken(line.x, line.y):
            if len(part) == 1:
                x, y = part[0]
                drawn.append(
                    f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="2.5" fill="var(--c-{line.number % INKS + 1})"/>'
                )
            else:
                points = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in part)
                drawn.append(f'<polyline points="{points}" fill="none" stroke-width="1.6" {stroke(line.number)}/>')
    return "".join([*drawn, "</svg>"])


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _span(values: Sequence[float], pad: float) -> tuple[float, float]:
    """From least to most, widened; never of no length."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = (high / 2 - low / 2) * 2 * pad if high > low else abs(low) * 0.1 or 1.0
    room = room if math.isfinite(room) else 0.0
    return (low - room, high + room) if math.isfinite(low - room) and math.isfinite(high + room) else (low, high)


def _unbroken(x: Iterable[float], y: Iterable[float | None]) -> list[list[tuple[float, float]]]:
    """The runs of finite points."""
    parts: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(x, y, strict=False):
        if _finite(value):
            parts[-1].append((float(at), float(value or 0.0)))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]
