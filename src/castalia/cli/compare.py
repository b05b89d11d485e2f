"""``castalia compare A B``: two systems side by side; ``castalia compare NAME``: your functions beside ours."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.check.comparison import Apart, Beside
    from castalia.kit.timing import Speed
    from castalia.runtime.comparison import Comparison
    from castalia.runtime.curve import Curve

LEVELS, BARS = "▁▂▃▄▅▆▇█", 16
"""Bars of a curve, from low to high, and how many of them are drawn."""


def compare(
    a: str, b: str = "", /, *, seeds: int = 5, quick: bool = False, data: str = "", at: str = "", python: str = "",
    seed: int | None = None, json: bool = False,
) -> int:  # fmt: skip
    """Two systems side by side: the same seeds, the same questions, and which difference is more than chance.

    With one name: your own functions beside the reference of its contract.

    Parameters
    ----------
    a
        A system, yours/churn say; or the name of a contract whose functions you wrote.
    b
        The system beside it, churn say.
    seeds
        Two systems: so many fits of each, with the seeds 0, 1, ...
    quick
        Two systems: start from the quick parameters of each.
    data
        Two systems: the data set that both learn from.
    at
        One name: your file, your package, or the folder that holds NAME.py.
    python
        One name: the interpreter that runs your code.
    seed
        One name: make the same inputs again.
    json
        Print one object instead.
    """
    if b:
        _refuse({"--at": at, "--python": python, "--seed": seed}, "two systems")
        return _systems(a, b, seeds, quick, data, json)
    _refuse({"--quick": quick, "--data": data, "--seeds": seeds if seeds != 5 else None}, "one name")
    from castalia.check.comparison import compare_functions
    from castalia.cli.stopping import stoppable

    with stoppable():
        found = compare_functions(a, at or ".", python, seed)
    if json:
        terminal.out_json(found.as_dict())
    else:
        _show_functions(found)
    from castalia.cli.check import warn

    warn(found.warnings)
    return 0


def _refuse(flags: dict[str, Any], form: str) -> None:
    wrong = next((flag for flag, value in flags.items() if value not in (None, "", False)), "")
    if wrong:
        other = "castalia compare NAME" if form == "two systems" else "castalia compare A B"
        raise WrongInput(f"castalia compare with {form} has no {wrong}", wrong, f"{wrong} goes with {other}")


# --- two systems ---------------------------------------------------------------------------------


def _systems(a: str, b: str, seeds: int, quick: bool, data: str, json: bool) -> int:
    from castalia.cli.check import warn
    from castalia.cli.fit import is_file_name
    from castalia.runtime.comparison import compare_systems, note

    if data and is_file_name(data):
        from pathlib import Path

        from castalia.cli.data import add_file

        version = add_file(Path(data).expanduser())
        data = f"{version.name}@{version.version}"
    params = {"data": data} if data else {}
    found = compare_systems(a, b, seeds=seeds, quick=quick, params=params, say=_say)
    if json:
        terminal.out_json(found.as_dict())
    else:
        _show_systems(found)
    warn(note(found))
    return 0


def _say(words: str) -> None:
    terminal.say(terminal.styled(words, "dim", sys.stderr))


def _show_systems(found: Comparison) -> None:
    fits = f"{len(found.seeds)} seeds" if len(found.seeds) > 1 else "one fit each"
    quick = ", quick parameters" if found.quick else ""
    terminal.out(f"{terminal.styled(f'a = {found.a}   b = {found.b}', 'bold')}   {fits}{quick}\n")
    if found.metrics:
        rows = []
        for each in found.metrics:
            gap = each.difference
            between = f"{gap.low:+.4g} … {gap.high:+.4g}" if gap else ""
            p = "" if each.p is None else f"{each.p:.2g}"
            rows.append([each.name, sum(each.a) / len(each.a), sum(each.b) / len(each.b), between, p, each.words])
        columns = ("held out", "a", "b", "a - b, 95 %", "p", "")
        terminal.out_table(columns, rows, right=("a", "b", "p"))
        terminal.out("")
    if found.curves:
        seed = f", seed {found.seeds[0]}" if found.seeds else ""
        rows = [[each.name, _drawn(each.a, each), _drawn(each.b, each)] for each in found.curves]
        terminal.out_table((f"curve{seed}", "a", "b"), rows)
        terminal.out("")
    for speed in (found.fit, found.call):
        if speed is not None:
            terminal.out(_ratio(speed, "a", "b"))
    told = found.answers
    if told.asked:
        terminal.out(f"answers  {told.equal} of {told.asked} are equal{_apart(told.largest, told.equal < told.asked)}")
        for field in told.fields if told.equal < told.asked else ():
            differs = _apart(field.largest, field.equal < told.asked)
            terminal.out(f"  {field.name}  {field.equal} of {told.asked} are equal{differs}")
        for side, names in zip("ab", told.only, strict=True):
            if names:
                terminal.out(f"  only {side} answers {terminal.printable(', '.join(names))}")
    for words in (*found.notes, told.why):
        if words:
            terminal.out(f"Note: {terminal.printable(words)}")


def _apart(largest: float | None, differ: bool) -> str:
    if not differ or not largest:
        return ""
    if math.isinf(largest):
        return "; texts, kinds or shapes differ"
    return f"; the largest relative difference is {largest:.2g}"


def _drawn(points: Sequence[tuple[float, float]], both: Curve) -> str:
    """``2.3 ▇▃▁ 0.02 (30 steps)``: bars on one scale for both sides, where the terminal can write them."""
    values = [value for _, value in points]
    low, high = (f(value for side in (both.a, both.b) for _, value in side) for f in (min, max))
    chosen = (
        [values[round(at * (len(values) - 1) / (BARS - 1))] for at in range(BARS)] if len(values) > BARS else values
    )
    scale = (high - low) or 1.0
    drawn = "".join(LEVELS[round((value - low) / scale * (len(LEVELS) - 1))] for value in chosen)
    try:
        drawn.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        drawn = "to"
    return f"{values[0]:.3g} {drawn} {values[-1]:.3g}, {points[-1][0]:g} steps"


# --- functions beside the reference --------------------------------------------------------------


def _show_functions(found: Beside) -> None:
    head = terminal.styled(f"a = your {found.file.name}   b = the reference", "bold")
    terminal.out(f"{head}   seed {found.seed}\n")
    rows = [[each.milestone, each.claim, each.function, each.asked, _verdict(each)] for each in found.claims]
    terminal.out_table(("", "claim", "function", "asked", "answers"), rows, right=("asked",))
    if found.speed:
        terminal.out("")
        rows = [[each.what, _span(each.a_median), _span(each.b_median), *_ratio_of(each)] for each in found.speed]
        columns = ("time of the calls", "a", "b", "a / b", "95 %", "")
        terminal.out_table(columns, rows, right=("a", "b", "a / b", "95 %"))
    if found.left_out:
        terminal.out(
            f"Note: {', '.join(found.left_out)} left out: not asked of functions, but of a folder or a program."
        )
    for begin, command, words in found.further:
        terminal.out(f"{terminal.styled(begin, 'bold')}{terminal.styled(command, 'accent')}   {words}")


def _verdict(each: Apart) -> str:
    if each.why:
        return each.why
    if each.largest is None:
        return "nothing to compare"
    if each.equal == each.asked:
        return "equal" if each.largest == 0 else f"equal within tolerance, at most {each.largest:.2g} apart"
    if math.isinf(each.largest):
        return f"{each.asked - each.equal} differ in kind, shape or finiteness"
    return f"{each.asked - each.equal} differ, by up to {each.largest:.2g}"


def _ratio_of(each: Speed) -> tuple[str, str, str]:
    if each.rounds < 2:
        return "", "", "measured once, no interval"
    words = "no difference seen" if not each.differs else "a is slower" if each.ratio.estimate > 1 else "a is faster"
    return f"{each.ratio.estimate:.3g}", f"{each.ratio.low:.3g} … {each.ratio.high:.3g}", words


def _ratio(each: Speed, a: str, b: str) -> str:
    """``call     a 12.1 us, b 4.0 us (medians of 25): a takes 3.03 times as long, 2.9 … 3.1``."""
    medians = f"{a} {_span(each.a_median)}, {b} {_span(each.b_median)} (medians of {each.rounds})"
    if each.rounds < 2:
        return f"{each.what}  {medians}: measured once, no interval"
    interval = f"{each.ratio.low:.3g} … {each.ratio.high:.3g}"
    if not each.differs:
        return f"{each.what}  {medians}: no difference seen (ratio {each.ratio.estimate:.3g}, {interval})"
    return f"{each.what}  {medians}: {a} takes {each.ratio.estimate:.3g} times as long ({interval})"


def _span(seconds: float) -> str:
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
