"""Fields of a JSON schema as the shell sees them: a name, a flag, and a way to read typed words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MEDIA = ("image", "video", "file")
TAKEN = ("input", "json", "help", "debug", "plain")
"""Flags of the commands themselves. A field of an input may be called so too: a column of somebody's table."""


@dataclass(frozen=True)
class Field:
    """One property of an object schema, with references resolved and ``null`` taken apart."""

    name: str
    schema: Mapping[str, Any]
    """The schema of a value that is not null; for a union of several kinds, the whole property."""
    defs: Mapping[str, Any]
    required: bool = False
    nullable: bool = False
    description: str = ""
    default: Any = None
    example: Any = None

    @property
    def flag(self) -> str:
        """``--total-charges`` for ``TotalCharges`` and for ``Total Charges``; ``--field-json`` for ``json``."""
        name = kebab(self.name)
        return f"--field-{name}" if name in TAKEN else f"--{name}"

    @property
    def kind(self) -> str:
        """What it holds: one of our field types, a JSON type, ``enum`` or ``any``."""
        found = self.schema
        if marked := found.get("x-castalia"):
            return str(marked)
        if "enum" in found or "const" in found:
            return "enum"
        named = found.get("type", "any")
        return named if isinstance(named, str) else "any"

    @property
    def repeats(self) -> bool:
        """True where the flag may be given several times."""
        return self.kind == "array"

    def items(self) -> Field:
        """The field that one element of an array is."""
        inner = self.schema.get("items")
        return _field(self.name, inner if isinstance(inner, Mapping) else {}, self.defs, False)

    def choices(self) -> Sequence[Any]:
        """The values of an enumeration."""
        return [self.schema["const"]] if "const" in self.schema else list(self.schema.get("enum", ()))

    def metavar(self) -> str:
        """What stands behind the flag in help."""
        words = {"integer": "INT", "number": "NUMBER", "string": "TEXT", "array": "VALUE", "object": "JSON"}
        words |= {"image": "FILE", "video": "FILE", "file": "FILE", "dataset": "NAME|FILE", "boolean": ""}
        words |= {"table": "FILE.csv|JSON", "series": "JSON", "boxes": "JSON", "messages": "JSON", "figure": "JSON"}
        if self.kind == "enum":
            return "|".join(str(value) for value in self.choices()) if len(self.choices()) <= 5 else "VALUE"
        return words.get(self.kind, "VALUE")

    def words(self) -> str:
        """Description, bounds, default and example, for help."""
        parts = [self.description, *self._bounds()]
        if self.repeats:
            parts.append("Repeat the flag, or give a JSON list.")
        if self.required:
            shown = "" if self.example is None else f" Example: {brief(self.example)}."
            parts.append("Required." + shown)
        elif self.default is not None:
            parts.append(f"Default: {brief(self.default)}.")
        elif self.example is not None:
            parts.append(f"Example: {brief(self.example)}.")
        return " ".join(part for part in parts if part)

    def _bounds(self) -> list[str]:
        found, said = self.schema, []
        low, high = found.get("minimum"), found.get("maximum")
        above, below = found.get("exclusiveMinimum"), found.get("exclusiveMaximum")
        if low is not None and high is not None:
            said.append(f"{brief(low)} to {brief(high)}.")
        else:
            limits = (("at least", low), ("more than", above), ("at most", high), ("less than", below))
            said += [f"{word[0].upper()}{word[1:]} {brief(value)}." for word, value in limits if value is not None]
        if self.kind == "enum" and len(self.choices()) > 5:
            said.append(f"One of {', '.join(map(str, self.choices()))}.")
        if seen := found.get("x-choices"):
            shown = ", ".join(map(str, seen[:8])) + (" ..." if len(seen) > 8 else "")
            said.append(f"Seen in training: {shown}.")
        elif "x-minimum" in found and "x-maximum" in found:
            said.append(f"Seen in training: {brief(found['x-minimum'])} to {brief(found['x-maximum'])}.")
        return said


def fields(schema: Mapping[str, Any]) -> list[Field]:
    """The fields of an object schema, in its order."""
    defs = schema.get("$defs", {})
    schema = _resolve(schema, defs)
    required = set(schema.get("required", ()))
    return [_field(name, prop, defs, name in required) for name, prop in schema.get("properties", {}).items()]


def _field(name: str, prop: Mapping[str, Any], defs: Mapping[str, Any], required: bool) -> Field:
    whole = _resolve(prop, defs)
    options = [_resolve(option, defs) for option in whole.get("anyOf", whole.get("oneOf", ()))]
    others = [option for option in options if option.get("type") != "null"]
    inner = (
        {**others[0], **{k: v for k, v in whole.items() if k not in ("anyOf", "oneOf")}} if len(others) == 1 else whole
    )
    examples = whole.get("examples") or []
    return Field(
        name,
        inner,
        defs,
        required,
        nullable=len(others) < len(options),
        description=str(whole.get("description", "")),
        default=whole.get("default"),
        example=examples[0] if examples else None,
    )


def _resolve(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow ``$ref`` and a lone ``allOf``; words beside the reference win."""
    for _ in range(8):
        if "$ref" in schema:
            target = defs.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
        elif len(schema.get("allOf", ())) == 1:
            target = schema["allOf"][0]
        else:
            return schema
        schema = {**target, **{k: v for k, v in schema.items() if k not in ("$ref", "allOf")}}
    return schema


def kebab(name: str) -> str:
    """``total-charges`` for TotalCharges, total_charges and Total Charges.

    >>> kebab("TotalCharges"), kebab("learning_rate"), kebab("petal length (cm)"), kebab("XGBRounds")
    ('total-charges', 'learning-rate', 'petal-length-cm', 'xgb-rounds')
    """
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1-\2", name)
    return re.sub(r"[\W_]+", "-", name).strip("-").lower()


def squeezed(name: str) -> str:
    """The name with case and separators forgotten: how flags are compared last."""
    return re.sub(r"[\W_]+", "", name).lower()


def brief(value: Any) -> str:
    """A value in help: short, as one would type it."""
    if isinstance(value, float) and float(f"{value:.10g}") == value:
        text = f"{value:.10g}"
    elif isinstance(value, str):
        text = value if not value.startswith("data:") else "a file"
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
