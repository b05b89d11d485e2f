"""A project that is a library, as ``castalia show`` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from castalia.cli import layout, terminal


def found(name: str) -> dict[str, Any] | None:
    """The description of a project that is no system; None for a system, a model or a name that nothing has."""
    from castalia import catalog
    from castalia.core.errors import NotFound
    from castalia.runtime.libraries import describe_project

    try:
        card = catalog.card(name)
    except NotFound:
        return None
    return None if card.is_system else describe_project(card.address)


def described(told: Mapping[str, Any]) -> str:
    """The page for a person: what it is, its modules, its claims, where its docs lie, and how to build it yourself."""
    number = f" {told['project']}" if told["project"] else ""
    head = f"{terminal.styled(told['title'], 'bold')}   {told['address']}"
    kind = f"{told['skill']}{number}, a {told['kind']}"
    parts = [f"{head}\n{told['summary']}\n{terminal.styled(kind, 'dim')}"]
    if told["subject"]:
        what = f"from {told['subject']} import …" if told["subject"].startswith("castalia.") else told["subject"]
        parts.append(layout.section(what, [(each["name"], each["line"].replace("`", "")) for each in told["modules"]]))
    if told["claims"]:
        parts.append(layout.section("Claims", [(each["id"], _figure(each)) for each in told["claims"]]))
    begun = [(f"castalia show {told['address']} --lesson", "the lesson")]
    begun += [(f"docs/{page}", "its page, with examples that are run") for page in told["docs"]]
    if told["contract"]:
        begun.append((f"castalia new {told['address']} --learn", "build it yourself"))
    parts.append(layout.section("More", begun))
    text = "\n\n".join(parts)
    return terminal.printable(text) if terminal.PLAIN else text


def _figure(claim: Mapping[str, Any]) -> str:
    """The claim in words, and the figure that was measured last."""
    if claim["measured"] is None:
        return f"{claim['words']} Not measured yet."
    return f"{claim['words']} Measured: {claim['measured']:.6g}" + (
        "" if claim["holds"] else ", which does not keep it"
    )
