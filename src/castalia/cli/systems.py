"""``castalia systems``: what is built, and what of it answers from a trained version."""

from __future__ import annotations

from typing import Any

from castalia.cli import terminal


def systems(*, json: bool = False) -> int:
    """List the systems that are built: number, name, what it answers, and the version that answers; then the libraries.

    Parameters
    ----------
    json
        Print a list of objects instead.
    """
    from castalia import catalog

    found = listing()
    if json:
        terminal.out_json(found)
        return 0
    libraries = [
        (each.number, each.address, each.title, each.summary) for each in catalog.cards() if not each.is_system
    ]
    rows = [(each["project"], each["address"], each["title"], each["summary"], _state(each)) for each in found]
    terminal.out_table(("", "name", "title", "what it answers", "answers from"), rows)
    if libraries:
        terminal.out("\nLibraries: nothing to ask, imported instead; castalia show NAME")
        terminal.out_table(("", "name", "title", "what it is"), libraries)
    for wrong in catalog.broken():
        terminal.say(f"\n{wrong}")
    return 0


def listing() -> list[dict[str, Any]]:
    """One object a system, as ``GET /systems`` lists them; ``ready`` is the version that answers."""
    from castalia import catalog
    from castalia.core.settings import Settings

    settings = Settings.read()
    cards = [card for card in catalog.cards(settings) if card.is_system]
    labels = _labels(cards, settings)
    return [
        {
            "name": card.name,
            "title": card.title,
            "project": card.number,
            "skill": card.skill,
            "summary": card.summary,
            "shelf": card.shelf,
            "address": card.address,
            "ready": labels.get(card.address),
            "missing": card.missing() or None,
        }
        for card in cards
    ]


def _labels(cards: list[Any], settings: Any) -> dict[str, str]:
    """The version that answers, by address; nothing is opened where nothing was ever trained."""
    if not settings.has_store:
        return {}
    from castalia.runtime.opening import ready
    from castalia.track import Store

    with Store.of(settings) as store:
        return {card.address: label for card in cards if (label := ready(card, settings, store))}


def _state(each: dict[str, Any]) -> str:
    if each["missing"]:
        return str(each["missing"])
    return str(each["ready"] or "a quick fit")
