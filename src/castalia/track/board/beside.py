"""Beside: versions of a model next to each other: metrics, params of their runs, data, code, files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from castalia.core.errors import WrongInput
from castalia.track.board.best import ways
from castalia.track.board.lineage import lineage
from castalia.track.board.version_files import files
from castalia.track.store import Store

MOST = 8
FACTS = ("stage", "system", "source", "run_id", "created", "digest")


def beside(store: Store, name: str, numbers: Sequence[int]) -> dict[str, Any]:
    """{"versions": rows, "sections": [{"name", "rows": [{"key", "values", "differs"}]}], "here": [are its files here],
    "down": {metric: whether less of it is better, where its name says so}}.

    Sections are version, metrics, params, data, code and files; a value is None where a version says nothing, and
    {"size", "sha256"} of a file. WrongInput for fewer than 2 versions or more than 8, NotFound.
    """
    wanted = list(dict.fromkeys(numbers))
    if not 2 <= len(wanted) <= MOST:
        cure = "Choose another." if len(wanted) < 2 else "Leave some out."
        raise WrongInput("these versions cannot be compared", f"{len(wanted)} of them", f"2 to {MOST}", cure,
                         field="version")  # fmt: skip
    found = [lineage(store, name, number) for number in wanted]
    kept = [files(store, name, number) for number in wanted]
    sections = [
        _section("version", [_facts(one["version"]) for one in found], FACTS),
        _section("metrics", [one["version"]["metrics"] for one in found]),
        _section("params", [_params(one) for one in found]),
        _section("data", [_data(one) for one in found]),
        _section("code", [_told(one["code"]) for one in found]),
        _section("files", [{file["name"]: _file(file) for file in one["files"]} for one in kept], same=_alike),
    ]
    return {
        "versions": [one["version"] for one in found],
        "sections": [section for section in sections if section["rows"]],
        "here": [one["here"] for one in kept],
        "down": ways(key for one in found for key in one["version"]["metrics"]),
    }


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    return _told({key: row[key] for key in FACTS})


def _told(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", None)}


def _params(one: dict[str, Any]) -> dict[str, str]:
    logged = one["logged"]["params"] if one["logged"] else {}
    return {**logged, **(one["run"]["params"] if one["run"] else {})}


def _data(one: dict[str, Any]) -> dict[str, str]:
    """{name of a data set: its digests}."""
    sets: dict[str, list[str]] = {}
    for each in one["data"]:
        sets.setdefault(each["name"], []).append(each["digest"])
    return {name: ", ".join(sorted(digests)) for name, digests in sets.items()}


def _file(file: dict[str, Any]) -> dict[str, Any]:
    return {"size": file["size"], "sha256": file["sha256"]}


def _alike(values: list[Any]) -> bool:
    """Whether a file is the same in all: by its hash where every one has one, else by its length."""
    if any(value is None for value in values):
        return False
    by = "sha256" if all(value["sha256"] for value in values) else "size"
    return len({value[by] for value in values}) == 1


def _same(values: list[Any]) -> bool:
    return len({"NaN" if value != value else value for value in values}) == 1  # NaN is like NaN


def _section(
    name: str, columns: Sequence[dict[str, Any]], order: Sequence[str] = (), same: Callable[[list[Any]], bool] = _same
) -> dict[str, Any]:
    keys = {key for column in columns for key in column}
    listed = [key for key in order if key in keys] or sorted(keys)
    lines = [(key, [column.get(key) for column in columns]) for key in listed]
    return {
        "name": name,
        "rows": [{"key": key, "values": values, "differs": not same(values)} for key, values in lines],
    }
