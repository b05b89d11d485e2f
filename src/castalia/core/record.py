"""Record: the closed, typed value that every surface is drawn from.

A ``Record`` is a frozen pydantic model that refuses unknown names. ``Record.parse`` is the one
door from outside: it turns pydantic's errors into ours, naming field, got, expected and a near
miss of the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from castalia.core.errors import WrongInput, did_you_mean


class Record(BaseModel):
    """A frozen value with described, bounded fields; a typo in a name is an error, not a silent default."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        protected_namespaces=(),
        use_attribute_docstrings=True,
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any] | Self, subject: str = "") -> Self:
        """Validate ``values``; :class:`WrongInput` with one entry in ``errors`` for each wrong field."""
        if isinstance(values, cls):
            return values
        try:
            return cls.model_validate(dict(values) if isinstance(values, Mapping) else values)
        except ValidationError as error:
            raise wrong_input(cls, error, subject or cls.__name__) from None

    @classmethod
    def names(cls) -> list[str]:
        """The names as callers write them: the alias where a field has one."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    def plain(self) -> dict[str, Any]:
        """The record as JSON-ready values, named as callers name them."""
        return self.model_dump(mode="json", by_alias=True)


def wrong_input(model: type[Record], error: ValidationError, subject: str) -> WrongInput:
    """Our error for pydantic's: the first field in the sentence, all of them in ``errors``."""
    # An unknown name comes first, for it is most often the reason why another one is missing; that comes last.
    order = {"extra_forbidden": 0, "missing": 2}
    items = sorted(error.errors(include_url=False), key=lambda item: order.get(item["type"], 1))
    errors = [_field_error(model, item) for item in items]
    first = errors[0]
    name = first["field"] or "the input"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return WrongInput(
        f"{subject}: {name} does not fit{more}",
        first["got"],
        first["expected"],
        first["cure"] or "Correct the value and send it again.",
        field=first["field"],
        errors=errors,
    )


def _field_error(model: type[Record], item: Any) -> dict[str, str]:
    path = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = model.names() if len(item["loc"]) == 1 else []
        hint = did_you_mean(str(item["loc"][-1]), known).strip()
        fields = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
        expected = f"one of the known fields: {fields}" if known else "no such field"
        return {"field": path, "got": f"an unknown field {path!r}", "expected": expected, "cure": hint}
    if item["type"] == "missing":
        return {"field": path, "got": "nothing", "expected": "a value: the field is required", "cure": f"Give {path}."}
    if item["type"].startswith("model_") or item["type"] == "dict_type":
        return {"field": path, "got": shown(item["input"]), "expected": "an object with named fields", "cure": ""}
    expected = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return {"field": path, "got": shown(item["input"]), "expected": expected, "cure": ""}


def shown(value: object, width: int = 80) -> str:
    """``repr`` cut to one short line, so that an error never repeats a megabyte of input.

    >>> shown("x" * 100, 12)
    "'xxxxxxx..."
    """
    text = repr(value[:width]) if isinstance(value, str | bytes) and len(value) > width else repr(value)
    return text if len(text) <= width else text[: width - 4] + "..."
