"""``castalia hint``: the next rung for the claim that failed last. Never the solution."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.cli.check import not_kept, reports, tell_set_aside
from castalia.core.errors import CastaliaError, NotFound

if TYPE_CHECKING:
    from castalia.core.contract import Claim, Contract

RUNGS = 3


def hint(name: str = "", /, *, for_assistant: bool = False, json: bool = False) -> int:
    """The next of three hints for the claim that failed in your last check.

    Parameters
    ----------
    name
        Which project; without it, the one that was checked last.
    for_assistant
        Print what an assistant needs to help you without solving it, and a place for your own hypothesis.
    json
        Print {"project", "claim", "rung", "of", "hint"} instead; the text for an assistant is its "hint".
    """
    from castalia.check import contracts
    from castalia.core.settings import Settings

    home = Settings.read().home
    if name:
        contracts.find(name)
    last = last_report(reports(home), name)
    name = str(last["name"])
    contract = contracts.find(name)
    if last.get("contract_hash") != contract.hash():
        got = "a check of an earlier contract"
        raise NotFound(f"the contract of {name} has changed since", got, "a new check", f"castalia check {name}")
    wrong = [each for each in last["claims"] if each["outcome"] != "pass"]
    wrong.sort(key=lambda each: contract.claim(each["id"]).tier != "core")
    if not wrong or wrong[0]["outcome"] == "tool_error":
        return _no_hint(contract.project, wrong, json)
    failed = wrong[0]
    claim = contract.claim(failed["id"])
    rung = _count(home, contract, claim, failed, for_assistant)
    text = for_an_assistant(contract.project, claim, failed) if for_assistant else claim.hints[rung - 1]
    if json:
        terminal.out_json({"project": contract.project, "claim": claim.id, "rung": rung, "of": RUNGS, "hint": text})
    elif for_assistant:
        terminal.out(terminal.printable(text))
    else:
        terminal.out(f"{terminal.styled(contract.project, 'bold')}   {claim.id}   hint {rung} of {RUNGS}")
        terminal.out(f"  {claim.words}\n\n{text}")
        more = "Another one:  castalia hint" if rung < RUNGS else "That was the last hint; the rest is yours."
        terminal.out(f"\n{terminal.styled(more, 'dim')}")
    return 0


def last_report(folder: Path, project: str) -> dict[str, Any]:
    """The last check's report, of ``project`` or of any. NotFound where nothing was checked yet."""
    import orjson

    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.json")):
        try:
            value = orjson.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(value, dict) and isinstance(value.get("claims"), list) and value.get("name"):
            found.append(value)
    chosen = [each for each in found if not project or each["name"] == project]
    if not chosen:
        what = project or "anything"
        cure = f"castalia check {project}" if project else "castalia learn starts with a first exercise."
        raise NotFound(f"no check of {what} is kept", "no report", "a check that failed", cure)
    return max(chosen, key=lambda each: int(each.get("checked") or 0))


def for_an_assistant(project: str, claim: Claim, failed: dict[str, Any]) -> str:
    """What to paste: the failing claim, its numbers, the learner's hypothesis, and no solution."""
    facts = {name: failed.get(name) for name in ("why", "input", "got", "expected", "file_line", "topic", "seed")}
    lines = [f"I am building {project} myself, to learn it. One claim about my code does not hold.", ""]
    lines.append(f"claim: {claim.words} ({claim.id}; outcome: {str(failed['outcome']).replace('_', ' ')})")
    lines += [f"{name.replace('_', ':')}: {value}" for name, value in facts.items() if value not in (None, "")]
    lines += [
        "",
        "My hypothesis about the cause: [write one sentence here before you paste this]",
        "",
        "Please do not give me the solution and do not write the code. If my hypothesis is missing, ask me for it",
        "first. Then say whether it fits these numbers, and ask me one question that brings me a step further.",
    ]
    return "\n".join(lines)


def _no_hint(project: str, wrong: list[dict[str, Any]], json: bool) -> int:
    words = f"Every claim of the last check of {project} holds: nothing to hint at."
    if wrong:
        words = str(wrong[0]["action"])
    if json:
        claim = wrong[0]["id"] if wrong else ""
        terminal.out_json({"project": project, "claim": claim, "rung": 0, "of": RUNGS, "hint": words})
    else:
        terminal.out(words)
    return 0


def _count(home: Path, contract: Contract, claim: Claim, failed: dict[str, Any], for_assistant: bool) -> int:
    """The rung to show, counted in the evidence; with an assistant no rung is read, but its part is declared."""
    from castalia.core.evidence import Evidence, hints_read

    evidence, rung = Evidence(home), 0 if for_assistant else 1
    try:
        hash_ = contract.hash()
        read = hints_read(evidence.events(contract.project), claim.id, hash_)
        rung = read if for_assistant else min(RUNGS, read + 1)
        event = evidence.event(
            "hint", contract.project, claim.id, milestone=failed["milestone"], contract_hash=hash_, hints=rung,
            outcome=failed["outcome"], ai_declared=for_assistant,
        )  # fmt: skip
        evidence.add([event])
        if for_assistant:
            terminal.say(terminal.styled("The evidence notes that an assistant takes part.", "dim", sys.stderr))
    except (CastaliaError, OSError) as error:
        not_kept(error)
    tell_set_aside(evidence.set_aside, evidence.corrupt)
    return rung
