"""describe: everything a surface needs to draw a system, as one JSON document.

Half of it is read from files (card, lesson, versions); the other half is drawn from the class and
kept by the hash of its code, so that the workbench never imports a project itself.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from castalia import catalog
from castalia.catalog import Card
from castalia.core.example import example_of
from castalia.core.settings import Settings
from castalia.runtime import manifest as manifests
from castalia.runtime.opening import Target, own_versions, resolve


def describe(address: str, settings: Settings | None = None) -> dict[str, Any]:
    """The document of ``GET /systems/{name}``; imports the system's class into this process."""
    settings = settings or Settings.read()
    target = resolve(address, settings)
    return assemble(target, shape(target.card, settings), settings)


def shape(card: Card, settings: Settings) -> dict[str, Any]:
    """What the class says: schemas, verbs, quick params, example, view controls."""
    cls = catalog.system_class(card.address, settings)
    view = catalog.view_module(card)
    return {
        "doc": inspect.cleandoc(cls.__doc__ or ""),
        "params": cls.Params.model_json_schema(),
        "input": cls.Input.model_json_schema(),
        "output": cls.Output.model_json_schema(mode="serialization"),
        "verbs": [
            {
                "name": verb.name,
                "writes": verb.writes,
                "doc": verb.doc,
                "stream": verb.streams,
                "input": verb.input.model_json_schema(),
                "output": verb.output.model_json_schema(mode="serialization"),
                "example": example_of(verb.input.model_json_schema()),
            }
            for verb in cls.verbs.values()
        ],
        "quick": cls.QUICK.plain(),
        "example": example_of(cls.Input.model_json_schema()),
        "view": {"controls": view.Controls.model_json_schema()} if view else None,
        "fits": cls.can("fit"),
        "predict": cls.can("predict"),
        "tells": cls.can("tell"),
    }


def kept_shape(card: Card, settings: Settings) -> dict[str, Any] | None:
    """The shape of exactly this code, if it was drawn before."""
    try:
        kept: dict[str, Any] = json.loads(_place(card, settings).read_text("utf-8"))
        return kept
    except (OSError, ValueError):
        return None


def keep_shape(card: Card, drawn: dict[str, Any], settings: Settings) -> None:
    """Remember a shape; a home that cannot be written costs time, not the answer."""
    place = _place(card, settings)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(".part")
        draft.write_text(json.dumps(drawn), "utf-8")
        draft.replace(place)
    except OSError:
        return


def _place(card: Card, settings: Settings) -> Path:
    from castalia import __version__

    name = f"{card.address.replace('/', '~')}-{__version__}-{manifests.code_hash(card.folder)[:24]}.json"
    return settings.home / "cache" / "describe" / name


def assemble(target: Target, drawn: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Card, versions and shape together; the input is that of the version that answers."""
    card, version = target.card, target.version
    document = {
        "name": card.name,
        "title": card.title,
        "project": card.number,
        "skill": card.skill,
        "summary": card.summary,
        "shelf": card.shelf,
        "address": card.address,
        "missing": card.missing() or None,
        "after": list(card.after),
        "minutes": card.minutes,
        "data": list(card.data),
        "claims": [claim.plain() for claim in card.claims],
        "lesson": card.lesson(),
        **drawn,
        "model": {"name": target.model, "version": version.version if version else None, "label": target.label},
        "versions": [
            {
                "version": each.version,
                "run_id": each.run_id,
                "created": each.created,
                "metrics": each.metrics,
                "aliases": list(each.aliases),
            }
            for each in own_versions(target.model, settings)
        ],
    }
    if version is not None and version.folder is not None:
        manifest = manifests.read(version.folder, target.label, version.digest)
        document |= {name: schema for name, schema in manifest.fields.items() if name in ("input", "output")}
        document["example"] = manifest.example
        document["model"] |= {"data": list(manifest.data), "params": manifest.params, "metrics": manifest.metrics}
    return document
