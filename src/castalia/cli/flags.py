"""Flags drawn from a schema: ``--total-charges 20`` or ``--TotalCharges=20`` sets the field TotalCharges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from castalia.cli.reading import YES, read
from castalia.cli.schema import Field, fields, kebab, squeezed
from castalia.core.errors import WrongInput, did_you_mean


@dataclass
class Typed:
    """A command line taken apart, before any schema is known."""

    names: list[str] = field(default_factory=list)
    """Words that are no flags: the address of a system."""
    rest: list[str] = field(default_factory=list)
    """Flags that are not the command's own, with their values, in order."""
    own: dict[str, str] = field(default_factory=dict)
    """The command's own flags; "" for a switch."""


def take_apart(words: Sequence[str], switches: Sequence[str], options: Sequence[str], command: str) -> Typed:
    """Separate the address and the command's own flags from the drawn ones.

    The address comes before the first drawn flag: behind one, a word is that flag's value.
    """
    typed = Typed()
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, equals, value = word.partition("=")
        if word in switches:
            typed.own[word] = ""
        elif name in options:
            if not equals and (not queue or queue[0].startswith("--")):
                raise WrongInput(f"castalia {command}: {name} needs a value", "nothing", f"{name} VALUE", _see(command))
            if name in typed.own:
                raise WrongInput(f"castalia {command}: {name} was given twice", word, "one value", "Leave one.")
            typed.own[name] = value if equals else queue.pop(0)
        elif word == "--":
            continue
        elif word.startswith("--") or (typed.rest and _bare(typed.rest[-1])):
            typed.rest.append(word)
        else:
            typed.names.append(word)
    return typed


def _bare(last: str) -> bool:
    """Whether a word behind ``last`` may be its value."""
    return last.startswith("--") and "=" not in last


def address_of(typed: Typed, command: str) -> str:
    """The one address that was typed. Where a switch stands before it, it is the first word that names a system."""
    if not typed.names:
        from castalia import catalog

        known = {card.address for card in catalog.cards()}
        for word in typed.rest:
            if re.split("[@:]", word)[0] in known:
                typed.rest.remove(word)
                return word
        raise WrongInput(
            f"castalia {command} needs the name of a system", "nothing", "such as churn", "castalia systems"
        )
    if len(typed.names) > 1:
        got = " ".join(typed.names)
        raise WrongInput(
            f"castalia {command} takes one name", got, typed.names[0], "Values go behind their flag: --field value"
        )
    return typed.names[0]


def read_flags(words: Sequence[str], schema: Mapping[str, Any], command: str) -> dict[str, Any]:
    """The values that the flags in ``words`` set, by field name; WrongInput names a flag that is none."""
    known = fields(schema)
    given: dict[str, list[str]] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        flag, equals, value = word.partition("=")
        found, negated = _find(known, flag, command)
        if found.kind == "boolean" and not equals:
            follows = bool(queue) and queue[0].lower() in YES and not negated
            value = queue.pop(0) if follows else "false" if negated else "true"
        elif not equals:
            if not queue or (queue[0].startswith("--") and _matches(known, queue[0].partition("=")[0])):
                raise WrongInput(
                    f"castalia {command}: {flag} needs a value",
                    "nothing",
                    f"{found.flag} {found.metavar()}",
                    _see(command),
                    field=found.name,
                )
            value = queue.pop(0)
        given.setdefault(found.name, []).append(value)
    by_name = {each.name: each for each in known}
    return {name: read(by_name[name], values) for name, values in given.items()}


def _matches(known: Sequence[Field], flag: str) -> list[Field]:
    """Fields that ``flag`` may mean: by its exact name, else by its words, else by its letters."""
    name = flag.removeprefix("--")
    for form in (str, kebab, squeezed):
        if found := [each for each in known if form(each.name) == (name if form is str else form(name))]:
            return found
    return [each for each in known if each.flag == flag]


def _find(known: Sequence[Field], flag: str, command: str) -> tuple[Field, bool]:
    found = _matches(known, flag)
    negated = False
    if not found and flag.startswith("--no-"):
        found = [each for each in _matches(known, "--" + flag[5:]) if each.kind == "boolean"]
        negated = bool(found)
    if len(found) == 1:
        return found[0], negated
    if found:
        exact = ", ".join(f"--{each.name}" for each in found)
        raise WrongInput(
            f"castalia {command}: {flag} may mean several fields", flag, f"one of {exact}", "Write one of these."
        )
    flags = [each.flag for each in known]
    hint = did_you_mean(flag, [*flags, *(f"--{each.name}" for each in known)]).strip()
    shown = ", ".join(flags[:12]) + (" ..." if len(flags) > 12 else "")
    raise WrongInput(
        f"castalia {command} has no flag {flag}", flag, shown or "no flags of its own", hint or _see(command)
    )


def in_flags(error: WrongInput, schema: Mapping[str, Any], command: str) -> WrongInput:
    """An error about a field, with a cure for who typed flags."""
    if error.cure and not error.cure.startswith(("Correct the value", "Give ")):
        return error
    for each in fields(schema):
        if each.name == error.field.split(".")[0]:
            parts = error.as_dict()
            parts["cure"] = f"{each.flag} {each.metavar()}".rstrip() + f"; castalia {command} --help lists all."
            return WrongInput(**parts)
    return error


def rows(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The flags of a schema for a page of help."""
    listed = []
    for each in fields(schema):
        flag = f"{each.flag}, --no-{each.flag[2:]}" if each.kind == "boolean" else f"{each.flag} {each.metavar()}"
        listed.append((flag, each.words()))
    return listed


def _see(command: str) -> str:
    return f"Type:  castalia {command} --help"
