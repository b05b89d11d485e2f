"""A report in words, the same for shell, editor and notebook: what passed, the first failure, the one next step."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from castalia.check.result import SHOWN
from castalia.core.words import printable

if TYPE_CHECKING:
    from castalia.check.desk import Checked
    from castalia.check.result import Report, Result
    from castalia.core.contract import Contract, Milestone

Style = Callable[[str, str], str]
"""(text, style) -> text; the styles are bold, dim, red, green, yellow and accent."""
WIDTH = 100
_INDENT = 16
_PRINTED = 8
"""Lines of what the code printed that are shown."""
_WARNING = re.compile(r"^[^\n]*?([^/\\\n]+\.py):(\d+): (\w*Warning): ([^\n]*)(?:\n  [^\n]*)?", re.MULTILINE)


def plain(text: str, style: str) -> str:
    """No style at all."""
    return text


def said(outcome: str) -> str:
    """An outcome as one reads it aloud."""
    return outcome.replace("_", " ")


def report(found: Checked, *, all: bool = False, action: bool = True, style: Style = plain, width: int = WIDTH) -> str:
    """Milestones, what passed, the first failure, and (where the caller has none of its own) the next step."""
    told, failed = found.report, found.failed
    lines = [progress(told, found.contract, all, style)]
    if names := passed(found, all):
        lines.append(_field("pass", ", ".join(names), "green", style, width))
    others = [each for each in told.claims if not each.passed and each != failed]
    waiting = sum(each.outcome == "not_attempted" for each in others)
    for each in others:
        if each.outcome != "not_attempted":
            place = f" ({each.file_line})" if each.file_line else ""
            lines.append(_field("also", f"{each.claim}: {each.why}{place}", "red", style, width))
    if waiting:
        lines.append(_field("also", f"{waiting} not attempted", "dim", style, width))
    if failed is not None:
        lines += ["", held(found)] if found.unwritten else [failure(failed, style, width)]
        if words := left_out(found):
            lines += ["", words]
        if action:
            lines += ["", f"{style('Next:', 'bold')} {printable(found.next_step)}"]
        return "\n".join(lines)
    lines += ["", held(found, all)]
    if words := left_out(found):
        lines.append(words)
    if action and (further := after(found, all)):
        lines += ["", *(f"{style(begin, 'bold')}{command}   {words}" for begin, command, words in further)]
    return "\n".join(lines)


def passed(found: Checked, all: bool) -> list[str]:
    """The claims that hold of the milestone where the check stands; those before it have passed as a whole."""
    good, failed = [each for each in found.report.claims if each.passed], found.failed
    here = [each for each in good if not all and failed is not None and each.milestone == failed.milestone]
    return [each.claim for each in here or good if here or all or each.milestone == good[-1].milestone]


def held(found: Checked, all: bool = False) -> str:
    """What holds, in one sentence: all of it, or everything before the milestone that waits."""
    told, order = found.report, [each.id for each in found.contract.milestones]
    before = (
        [each for each in order[: order.index(found.waiting)] if each not in told.left_out] if found.waiting else []
    )
    milestone = before[-1] if before else told.milestone
    if told.left_out and not milestone:
        return f"Of {told.project}, everything that is asked of one text holds (seed {told.seed})."
    claims = f"Milestone {milestone} of" if milestone else f"Every {'' if all else 'core '}claim about"
    return f"{claims} {told.project} holds (seed {told.seed})."


def left_out(found: Checked) -> str:
    """Which milestones one text cannot be asked, and how to get a folder; "" where none was reached."""
    names, name = found.report.left_out, found.name
    if not names:
        return ""
    words = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} asked of a folder, not of one text."
    return f"{words} castalia new {name} --learn makes one; put your text there, and castalia check {name} beside it."


def after(found: Checked, all: bool = False) -> list[tuple[str, str, str]]:
    """What to do when everything that was asked for holds, a line each (finishing.lines); empty at the end."""
    from castalia.check import finishing

    return finishing.lines(finishing.steps(found, all))


def progress(report: Report, contract: Contract, all: bool = False, style: Style = plain) -> str:
    """``softmax   M1 passed   M2 1 of 3   M3 not yet``."""
    results = {each.claim: each for each in report.claims}
    parts = [style(report.project, "bold")]
    for milestone in _looked_at(report, contract):
        claims = [each for each in milestone.claims if all or each.tier == "core"]
        done = sum(each.id in results and results[each.id].passed for each in claims)
        reached = any(each.id in results for each in claims)
        if done == len(claims) and (reached or not claims):
            parts.append(style(f"{milestone.id} passed", "green"))
        elif reached:
            parts.append(style(f"{milestone.id} {done} of {len(claims)}", "yellow"))
        else:
            parts.append(style(f"{milestone.id} not yet", "dim"))
    return "   ".join(parts)


def counted(report: Report, contract: Contract, all: bool = False) -> tuple[int, int]:
    """(claims that hold, claims there are) of the tiers that are looked at."""
    claims = [each for milestone in _looked_at(report, contract) for each in milestone.claims]
    wanted = {each.id for each in claims if all or each.tier == "core"}
    return sum(each.passed and each.claim in wanted for each in report.claims), len(wanted)


def _looked_at(report: Report, contract: Contract) -> tuple[Milestone, ...]:
    return (contract.milestone(report.milestone),) if report.milestone else contract.milestones


def facts(found: Result) -> dict[str, Any]:
    """What a failure shows, by name; what is empty is left out."""
    asked = {"call": found.call} if found.call else {"input": found.input}
    told = {
        "why": found.why, **asked, "got": found.got, "expected": found.expected,
        "topic": f"{found.topic_title} ({found.topic})" if found.topic else "",
        "at": found.file_line, "seed": found.seed if found.loaded else "", "printed": folded(found.output),
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None and value != ""}


def folded(output: str) -> str:
    """The beginning of what the code printed, a warning of Python's in one line and without the folder."""
    lines = _WARNING.sub(r"\1:\2: \3: \4", output).splitlines()
    cut = len(lines) > _PRINTED or len(output) >= SHOWN
    return "\n".join([*lines[:_PRINTED], *(["… and more; only the beginning is shown"] if cut else [])])


def failure(found: Result, style: Style = plain, width: int = WIDTH) -> str:
    """The claim in words and everything that is known about why it does not hold."""
    about = found.claim if found.loaded else found.file_line
    words = [f"  {style(line, 'bold')}" for line in textwrap.wrap(printable(found.words), max(40, width - 2))]
    lines = [_field(said(found.outcome), about, "red", style, width), "", *words]
    lines += [_field(name, str(value), "dim", style, width) for name, value in facts(found).items()]
    return "\n".join(lines)


def _field(name: str, text: str, shade: str, style: Style, width: int) -> str:
    """Two columns; what does not fit goes on below its own column, and lines of an array stay lines."""
    room = max(30, width - _INDENT)
    deeper = "    " if name == "call" else ""
    cut = [
        part
        for line in printable(text).splitlines()
        for part in textwrap.wrap(line, room, subsequent_indent=deeper, break_on_hyphens=False) or [""]
    ]
    head = style(name, shade) + " " * max(1, _INDENT - 2 - len(name))
    return f"  {head}" + ("\n" + " " * _INDENT).join(cut or [""])
