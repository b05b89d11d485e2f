"""What lies beside a learner's file: a README with the claims in words, and the card that puts it on a shelf."""

from __future__ import annotations

import json

from castalia import catalog
from castalia.core.contract import Claim, Contract
from castalia.core.errors import NotFound
from castalia.core.settings import Settings


def readme(name: str, contract: Contract) -> str:
    """Milestones, claims in words, topics, and the commands to type."""
    project = contract.project
    first = f"`{project}.py` holds the stubs of {contract.milestones[0].id}. Write them, then type"
    repository = contract.adapter == "repository"
    if repository:
        lines = contract.stubs(contract.milestones[0].id).splitlines()
        files = ", ".join(f"`{line.strip()}`" for line in lines if line.strip() and not line.startswith("#"))
        first = (
            f"This folder is to be a repository. {contract.milestones[0].id} asks for {files}. Write them, then type"
        )
    lines = [
        f"# {project}, built by you",
        "",
        first,
        "",
        f"    castalia check {name}",
        "",
        "It shows the first claim that does not hold, with numbers and a line. Inputs are new each time;",
        "`--seed` makes those of a report again. A pass says that this code keeps this contract, and no more.",
    ]
    for milestone in contract.milestones:
        lines += ["", f"## {milestone.id}: {milestone.title}", ""]
        lines += [_claim(each) for each in milestone.claims]
    commands = [
        (f"castalia check {name} --watch", "checks at every save, with keys for hints and the next milestone"),
        (f"castalia hint {name}", "the next of three hints for the claim that failed last"),
        (f"castalia new {name} --learn", "appends the stubs of the next milestone, once the last one holds"),
        (f"castalia check {name} --all", "goes on after a failure, and looks at the claims beyond the core"),
        (f"pytest --castalia {name}", "the claims as tests, in an editor's test explorer too"),
    ]
    if repository:  # it has no stubs
        commands = [each for each in commands if "--learn" not in each[0]]
    lines += ["", "## Commands", "", "| type | and it |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{command}` | {words} |" for command, words in commands)]) + "\n"


def _claim(claim: Claim) -> str:
    beyond = "" if claim.tier == "core" else f"; {claim.tier}, beyond the core"
    return f"- {claim.words} (`{claim.id}`; topics {', '.join(claim.topics)}{beyond})"


def card(name: str, contract: Contract, settings: Settings | None = None) -> str:
    """A ``card.toml`` for the learner's own system, after the card of the project it is about."""
    try:
        ours = catalog.card(name, settings)
        skill, title, extra, minutes = ours.skill, ours.title, ours.extra, ours.minutes
    except NotFound:
        skill, title, extra, minutes = catalog.SKILLS[2], contract.project.replace("_", " ").capitalize(), "", 0
    values = {"skill": skill, "title": f"{title[:70]}, mine", "summary": f"{contract.project}, built by me.",
              "minutes": minutes, "extra": extra}  # fmt: skip
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if value)
