"""``castalia show NAME``: everything about one system."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from castalia.cli import layout, terminal
from castalia.cli.flags import rows
from castalia.cli.schema import fields


def show(name: str, /, *, lesson: bool = False, example: bool = False, json: bool = False) -> int:
    """What a system takes, what it answers, what it claims, and its trained versions; of a library, what is in it.

    Parameters
    ----------
    name
        The name of a system, model or library: churn, churn@3, yours/recommender, utilities.
    lesson
        Print the lesson, its README and further chapters, instead.
    example
        Print a question that it answers instead, as JSON: castalia show NAME --example | castalia call NAME --input -
    json
        Print the whole description as one object, as GET /systems/NAME does; of a library, as GET /projects/NAME does.
    """
    from castalia.cli import library
    from castalia.runtime import Hosts

    found = library.found(name) or Hosts(limit=1).describe(name)
    if json:
        terminal.out_json(found)
    elif example:
        terminal.out_json(found.get("example"))
    elif lesson:
        from castalia import catalog
        from castalia.runtime.opening import resolve

        card = catalog.card(name) if "modules" in found else resolve(name).card
        text = "\n".join([found["lesson"], *card.chapters().values()])
        terminal.out(terminal.printable(text).rstrip() or f"{found['title']} has no lesson yet.")
    elif "modules" in found:
        terminal.out(library.described(found))
    else:
        terminal.out(described(found, name))
    return 0


def described(found: Mapping[str, Any], name: str) -> str:
    """The page for a person."""
    head = f"{terminal.styled(found['title'], 'bold')}   {found['address']}"
    number = f" {found['project']}" if found["project"] else ""
    parts = [f"{head}\n{found['summary']}\n{terminal.styled(found['skill'] + number, 'dim')}"]
    if found.get("missing"):
        parts.append(f"Not installed yet:  {found['missing']}")
    if found["fits"] and rows(found["params"]):
        parts.append(layout.section(f"castalia fit {found['address']}", rows(found["params"])))
    parts.append(layout.section(f"castalia call {name}", rows(found["input"])))
    answers = [(each.name, each.description) for each in fields(found["output"])]
    parts.append(layout.section("Answers", answers))
    verbs = [(f"{name}:{verb['name']}", first_line(verb["doc"])) for verb in found["verbs"]]
    if found["predict"]:
        verbs.append((f"castalia predict {name} FILE.csv", "Answers a whole table."))
    if verbs:
        parts.append(layout.section("More to ask", verbs))
    if found["claims"]:
        parts.append(layout.section("Claims", [(each["id"], each["words"]) for each in found["claims"]]))
    parts.append(layout.section("Versions", versions(found)))
    if example := example_line(found, name):
        parts.append(layout.section("Try", [(example, "")]))
    return terminal.printable("\n\n".join(parts)) if terminal.PLAIN else "\n\n".join(parts)


def versions(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One row a trained version, newest first."""
    model = found["model"]["name"]
    listed = []
    for each in found["versions"][:10]:
        numbers = ", ".join(f"{key} {value:.4g}" for key, value in each["metrics"].items() if value is not None)
        marks = "".join(f" [{alias}]" for alias in each["aliases"])
        listed.append((f"{model}@{each['version']}{marks}", f"{numbers}   {terminal.ago(each['created'] / 1000)}"))
    return listed or [("none yet", f"it answers from a quick fit; castalia fit {found['address']} makes one")]


def example_line(found: Mapping[str, Any], name: str) -> str:
    """A call that works as typed, drawn from the example; "" where a value is no word to type."""
    words = ["castalia", "call", name]
    for each in fields(found["input"]):
        value = (found.get("example") or {}).get(each.name)
        if value is None or not each.required:
            continue
        if isinstance(value, str) and value.startswith("data:"):
            words += [each.flag, f"my.{'png' if each.kind == 'image' else each.kind}"]
        elif isinstance(value, bool):
            words.append(each.flag if value else f"--no-{each.flag[2:]}")
        elif isinstance(value, int | float | str):
            words += [each.flag, str(value)]
        else:
            return f"castalia show {name} --example | castalia call {name} --input -"
    return shlex.join(words) if len(words) <= 13 else f"castalia show {name} --example | castalia call {name} --input -"


def first_line(text: str) -> str:
    """The first line of a docstring."""
    return text.strip().splitlines()[0] if text.strip() else ""
