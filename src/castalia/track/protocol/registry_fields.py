"""What requests to the registry say: names, aliases, versions, stages, tags, each checked in the client's words."""

from __future__ import annotations

import re

from castalia.track.protocol.limits import checked_name, within
from castalia.track.protocol.wire import Fields, ProtocolError, missing

NAME, TAG_KEY, TAG_VALUE, ALIAS, TEXT = 256, 250, 100_000, 255, 100_000
"""Characters of a model's name, of its tags' keys and values, of an alias, of a description or link."""
STAGES = ("None", "Staging", "Production", "Archived")
ACTIVE_STAGES = ("Staging", "Production")
_ALIAS = re.compile(r"[\w-]+")
_OF_VERSION = re.compile(r"[vV]\d+")


def wrong(message: str) -> ProtocolError:
    """A request that cannot be right."""
    return ProtocolError("INVALID_PARAMETER_VALUE", message)


def model_name(fields: Fields, field: str = "name") -> str:
    """The name of a registered model, as a request gives it."""
    return checked_model(fields.text(field, required=True), field)


def checked_model(name: str, field: str = "name") -> str:
    """A name that a registered model may have."""
    if not name.strip():
        raise missing(field)
    if "/" in name or ":" in name:
        raise wrong(f"Invalid model name '{name[:NAME]}'. Names cannot contain '/' or ':'.")
    if name in (".", ".."):
        checked_name(name, "name")
    return within(name, NAME, field)


def alias_name(fields: Fields) -> str:
    """The name of an alias."""
    name = fields.text("alias", required=True)
    if not _ALIAS.fullmatch(name):
        letters = "Names may only contain alphanumerics, underscores (_), and dashes (-)."
        raise wrong(f"Invalid alias name: '{name[:ALIAS]}'. {letters}")
    return within(name, ALIAS, "Registered model alias name")


def new_alias(fields: Fields) -> str:
    """The name of an alias that may be given: not ``latest``, nor ``v1``."""
    name = alias_name(fields)
    if name.lower() == "latest":
        raise wrong("'latest' alias name (case insensitive) is reserved.")
    if _OF_VERSION.fullmatch(name):
        raise wrong(f"Version alias name '{name}' is reserved.")
    return name


def version(fields: Fields) -> int:
    """The number of a version, which is sent as text."""
    text = fields.text("version", required=True)
    try:
        # No version has so great a number, and int() refuses to read a very long one.
        return -1 if len(text) > 20 and text.strip().removeprefix("-").isdecimal() else int(text)
    except ValueError:
        raise wrong(f"Parameter 'version' must be an integer, got '{text[:100]}'.") from None


def stage_of(text: str) -> str:
    """``production`` is ``Production``."""
    found = next((stage for stage in STAGES if stage.lower() == text.lower()), None)
    if found is None:
        raise wrong(f"Invalid Model Version stage: {text[:100]}. Value must be one of {', '.join(STAGES)}.")
    return found


def pairs(fields: Fields) -> dict[str, str]:
    """The tags of a model or version; of a key that comes twice the last value counts."""
    return dict(_pair(each) for each in fields.items("tags"))


def one_pair(fields: Fields) -> dict[str, str]:
    """The key and value of a set-tag request."""
    fields.text("key", required=True)
    return dict([_pair(fields)])


def _pair(fields: Fields) -> tuple[str, str]:
    key = within(checked_name(fields.text("key"), "key"), TAG_KEY, "key")
    return key, within(fields.text("value"), TAG_VALUE, "value")


def description(fields: Fields) -> str:
    """The description of a model or version; none is empty."""
    return within(fields.text("description"), TEXT, "description")
