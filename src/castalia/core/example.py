"""One value that fits a JSON schema, from the examples and defaults that its author wrote."""

from __future__ import annotations

from typing import Any


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
