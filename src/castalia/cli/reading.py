"""Typed words into JSON values: numbers, booleans, lists, JSON, and files of the person who types.

A path is read here, on the user's side, and travels as content; nothing behind this module opens one.
What a word cannot be turned into is passed on as it is, so that the system's own check names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from castalia.cli.schema import MEDIA, Field
from castalia.core.errors import WrongInput

YES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read(field: Field, words: Sequence[str]) -> Any:
    """The value of a field from what was typed behind its flag (several words where it was repeated)."""
    if field.repeats:
        return _array(field, words)
    if len(words) > 1:
        raise WrongInput(
            f"{field.flag} was given {len(words)} times", ", ".join(words), "one value", "Leave one.", field=field.name
        )
    return _one(field, words[0])


def _one(field: Field, word: str) -> Any:
    kind = field.kind
    if field.nullable and kind not in ("string", "any") and word.lower() in ("null", "none"):
        return None
    if kind == "integer":
        return int(word) if re.fullmatch(r"[+-]?[0-9_]{1,18}", word) else word
    if kind == "number":
        return _number(word)
    if kind == "boolean":
        return YES.get(word.lower(), word)
    if kind == "enum":
        return _choice(field, word)
    if kind in MEDIA:
        return _media(kind, word)
    if kind == "table":
        return _table(field, word)
    if kind in ("object", "series", "boxes", "messages", "figure"):
        return _json(field, word)
    if kind == "any":
        return _any(field, word)
    return word


def _number(word: str) -> Any:
    try:
        value = float(word)
    except ValueError:
        return word
    return value if value - value == 0 else word


def _choice(field: Field, word: str) -> Any:
    for value in field.choices():
        if word == str(value) or word == json.dumps(value):
            return value
    near = [value for value in field.choices() if str(value).lower() == word.lower()]
    return near[0] if len(near) == 1 else word


def _array(field: Field, words: Sequence[str]) -> list[Any]:
    if len(words) == 1 and words[0].lstrip().startswith("["):
        value = _json(field, words[0])
        if isinstance(value, list):
            return value
    item = field.items()
    if len(words) == 1 and item.kind in ("integer", "number") and "," in words[0]:
        words = [word.strip() for word in words[0].split(",") if word.strip()]
    return [_one(item, word) for word in words]


def _any(field: Field, word: str) -> Any:
    """A union: JSON where the word is JSON of a kind that it allows, else the text."""
    kinds = {option.get("type") for option in field.schema.get("anyOf", ())} or {None}
    try:
        value = json.loads(word)
    except ValueError:
        return word
    named = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    kind = named.get(type(value), "null")
    allowed = kind in kinds or None in kinds or (kind == "integer" and "number" in kinds)
    return value if allowed else word


def _json(field: Field, word: str) -> Any:
    try:
        return json.loads(word)
    except ValueError as error:
        example = "" if field.example is None else f", such as {json.dumps(field.example)[:80]}"
        raise WrongInput(
            f"{field.flag} is not JSON",
            word[:80],
            f"JSON{example}",
            f"{error}. Quote it for your shell.",
            field=field.name,
        ) from None


def _media(kind: str, word: str) -> str:
    from castalia.core import fields

    if word.startswith("data:"):
        return word
    path = Path(word).expanduser()
    if not path.is_file():
        raise WrongInput(f"{word} is no {kind}", "no such file", f"the path of a file: {kind}", "Check the path.")
    types = {"image": fields.Image, "video": fields.Video, "file": fields.File}
    return types[kind].open(path).uri


def _table(field: Field, word: str) -> Any:
    if word.lstrip().startswith("{"):
        return _json(field, word)
    from castalia.cli.tables import read_table

    return {"columns": read_table(word)}
