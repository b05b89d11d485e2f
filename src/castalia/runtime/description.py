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
from castalia.core.settings import Settings
from castalia.runtime import manifest as manifests
from castalia.runtime.opening import Target, known_versions, resolve


def describe(address: str, settings: Settings | None = None) -> dict[str, Any]:
    """The document of ``GET /systems/{name}``; imports the system's class into this process."""
    settings = settings or Settings.read()
    target = resolve(address, settings)
    return assemble(target, shape(target.card, settings), settings)


def shape(card: Card, settings: Settings) -> dict[str, Any]:
    """What the class says: schemas, verbs, quick params, example, view controls."""
    if not card.is_system:
        return {}
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
            for each in known_versions(target.model, settings)
        ],
    }
    if version is not None:
        manifest = manifests.read(version.folder, target.label, version.digest)
        document |= {name: schema for name, schema in manifest.fields.items() if name in ("input", "output")}
        document["example"] = manifest.example
        document["model"] |= {"data": list(manifest.data), "params": manifest.params, "metrics": manifest.metrics}
    return document


def example_of(schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> Any:
    """One value that fits a JSON schema: the first example, else the default, else the plainest value.

    >>> example_of({"type": "object", "properties": {"n": {"type": "integer", "minimum": 2}}, "required": ["n"]})
    {'n': 2}
    """
    definitions = definitions if definitions is not None else schema.get("$defs", {})
    if "$ref" in schema:
        return example_of(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    if schema.get("examples"):
        return schema["examples"][0]
    if "default" in schema:
        return schema["default"]
    for choice in ("const", "enum"):
        if choice in schema:
            return schema[choice] if choice == "const" else schema[choice][0]
    if options := schema.get("anyOf"):
        return example_of(options[0], definitions)
    return _plainest(schema, definitions)


def _plainest(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            known = schema.get("properties", {})
            wanted = [name for name in known if name in schema.get("required", ()) or known[name].get("examples")]
            return {name: example_of(known[name], definitions) for name in wanted}
        case "array":
            return [example_of(schema.get("items", {}), definitions)] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0))
        case "boolean":
            return False
        case "string":
            return schema.get("x-choices", ["a" * schema.get("minLength", 0)])[0]
    return None
