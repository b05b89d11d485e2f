"""Steps in files: one JSON document, checked field by field when it is read."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, cast

from castalia.core.atomic import replacing
from castalia.core.errors import NotFound, TooLarge, WrongInput, did_you_mean
from castalia.core.record import shown
from castalia.kit.tabular.steps import FORMAT, HOME, Step

LARGEST = 1 << 30
"""Bytes of a file that ``load`` reads."""


def save(step: Step, path: str | PathLike[str]) -> None:
    """Write a step, fitted or not, whole or not at all. It holds what was learnt: keep it as you keep the data."""
    if not isinstance(step, Step):
        raise WrongInput("only steps are saved here", type(step).__name__, "a step of castalia.kit.tabular")
    text = json.dumps(step.plain(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    with replacing(Path(path)) as fresh:
        fresh.write_text(text, "utf-8")


def load(path: str | PathLike[str]) -> Step:
    """The step that ``save`` wrote. NotFound, TooLarge over 1 GiB, WrongInput for what is no saved step."""
    place = Path(path)
    try:
        if place.stat().st_size > LARGEST:
            raise TooLarge("a saved step is too large", f"{place.stat().st_size:,} bytes", f"at most {LARGEST:,}")
        plain = json.loads(place.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"no saved step at {place}", cure="tabular.save(step, path) writes one.") from None
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or nested without end
        raise WrongInput(f"{place.name} is no saved step", shown(str(error)), "what tabular.save wrote") from None
    return restored(plain)


def restored(plain: Mapping[str, Any]) -> Step:
    """The step that ``plain()`` wrote. WrongInput names what does not fit."""
    if not isinstance(plain, Mapping) or set(plain) != {"format", "step", "options", "state"}:
        raise WrongInput("this is no saved step", shown(plain), "an object with format, step, options and state")
    if plain["format"] != FORMAT:
        raise WrongInput("a saved step of another format", shown(plain["format"]), str(FORMAT), "Fit it again.")
    kind = plain["step"]
    if not isinstance(kind, str) or kind not in HOME:
        hint = did_you_mean(str(kind), HOME)
        raise WrongInput("a saved step of unknown kind", shown(kind), f"one of {', '.join(HOME)}", hint.strip())
    made = cast(type[Step], getattr(importlib.import_module(f"castalia.kit.tabular.{HOME[kind]}"), kind))
    try:
        return made._loaded(plain["options"], plain["state"])
    except RecursionError:
        raise WrongInput("a saved step nests too deep", kind, "steps within steps, a few levels") from None
