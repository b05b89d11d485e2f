"""Archive: runs and models, with their numbers and files, in one ZIP that any program can read.

``manifest.json`` lists the runs, logged models and registered models, and of each every member with its size and
SHA-256. A run is ``runs/<id>/run.json``, ``points.csv`` (metric, step, time in ms, value) and ``files/...``; a logged
model ``logged/<id>/model.json`` and ``files/...``; a registered one ``models/<n>/model.json`` and, of versions that
Castalia trained, ``versions/<number>/files/...``.
Everything is checked before anything is taken in; names in the file decide nothing about where it lands.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NamedTuple

from castalia import __version__
from castalia.core.atomic import replacing
from castalia.core.errors import TooLarge, WrongInput
from castalia.track import Store
from castalia.track.exchange.keeping import keep_new, note_of_others
from castalia.track.exchange.registering import put_logged, put_model
from castalia.track.exchange.registry_sheets import (
    Carried,
    LoggedSheet,
    ModelSheet,
    carried_with,
    logged_sheet,
    model_sheet,
)
from castalia.track.exchange.sealing import MANIFEST, check_seal
from castalia.track.exchange.sheet import Sheet, points_of, put_parents, put_run, sheet_of
from castalia.track.exchange.taken import Taken, each_run
from castalia.track.files.incoming import CHUNK, pieces_of
from castalia.track.files.names import checked_path
from castalia.track.files.places import Place

FORMAT, VERSION = "castalia-runs", 2
_READ = (1, 2)
"""Versions that are read: the first knew runs only."""
COLUMNS = ("metric", "step", "time", "value")
_MANIFEST = "manifest.json"
_MOST_TEXT = 64 * 2**20
"""Bytes of a manifest or of a run's sheet."""
_LONGEST_LINE = 4096
_DATE = (1980, 1, 1, 0, 0, 0)  # the same runs make the same bytes
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, OSError)


class Part(NamedTuple):
    """One thing of an archive: where its members lie, and their sizes and sums."""

    root: str
    name: str
    members: dict[str, Any]


class _Writing:
    """An archive that is being written."""

    def __init__(self, made: zipfile.ZipFile) -> None:
        self.made = made
        self.listed: dict[str, list[dict[str, Any]]] = {section: [] for section in _SECTIONS}

    def part(self, section: str, root: str, name: str) -> Callable[[str, Iterable[bytes]], None]:
        """Begin one; what is returned adds a member to it."""
        members: dict[str, Any] = {}
        self.listed[section].append({_SECTIONS[section].key: name, "members": members})

        def add(member: str, pieces: Iterable[bytes]) -> None:
            members[member] = _write(self.made, f"{root}/{member}", iter(pieces))

        return add


class _Section(NamedTuple):
    key: str
    """What names one of its parts in the manifest."""
    needed: tuple[str, ...]
    """Members without which one is not whole; the first is its sheet."""


_SECTIONS = {
    "runs": _Section("run_id", ("run.json", "points.csv")),
    "logged_models": _Section("model_id", ("model.json",)),
    "models": _Section("name", ("model.json",)),
}


def export_archive(store: Store, run_ids: Sequence[str], path: Path, models: Sequence[str] = ()) -> Carried:
    """Write runs and registered models into ``path``, which is replaced whole or not at all; what is in it.

    With them goes what was logged and registered from the runs, and the runs that versions come from.
    """
    carried = carried_with(store, run_ids, models)
    with replacing(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as made:
        writing = _Writing(made)
        for run_id in carried.runs:
            add = writing.part("runs", f"runs/{run_id}", run_id)
            add("run.json", _json(sheet_of(store, run_id).plain()))
            add("points.csv", _lines(store, run_id))
            for each in store.artifacts(run_id):
                with store.read_artifact(run_id, each["name"]) as file:
                    add(f"files/{each['name']}", file.pieces())
        for model_id in carried.logged:
            add = writing.part("logged_models", f"logged/{model_id}", model_id)
            add("model.json", _json(logged_sheet(store, model_id, carried.runs).plain()))
            _add_files(add, "files", store.model_place(model_id))
        for i, (name, numbers) in enumerate(carried.models.items()):
            add = writing.part("models", f"models/{i}", name)
            sheet = model_sheet(store, name, numbers)
            add("model.json", _json(sheet.plain()))
            for version in [each.version for each in sheet.versions if each.trained]:
                _add_files(add, f"versions/{version}/files", store.version_place(name, version))
        manifest = {"format": FORMAT, "version": VERSION, "castalia": __version__, **writing.listed}
        _write(made, _MANIFEST, iter(_json(manifest)))
    return carried


def _add_files(add: Callable[[str, Iterable[bytes]], None], below: str, place: Place) -> None:
    names = [path.removeprefix(place.path).lstrip("/") for path, _ in place.tree.walk(place.path)]
    for name in sorted(names):
        with place.tree.open(place.inner(name).path) as file:
            add(f"{below}/{name}", file.pieces())


def _json(plain: object) -> list[bytes]:
    return [json.dumps(plain, ensure_ascii=False, indent=1).encode()]


def import_archive(store: Store, path: Path) -> list[Taken]:
    """Take in every run and model of an archive. WrongInput where it is damaged or none; then nothing was taken in."""
    try:
        with zipfile.ZipFile(path) as opened:
            listed = _verified(opened)
            sheets: list[Sheet] = []

            def works(section: str, take: Callable[[Part], Taken]) -> dict[str, Callable[[], Taken]]:
                return {part.name: lambda part=part: take(part) for part in listed[section]}  # type: ignore[misc]

            taken = each_run(works("runs", lambda part: _take(store, opened, part, sheets)))
            taken += each_run(works("logged_models", lambda part: _take_logged(store, opened, part)), "logged model")
            put_parents(store, sheets)
            models = works("models", lambda part: _take_model(store, opened, part))
            found = {each.run_id: each for each in each_run(models)}
            left: dict[str, str] = {}
            while left != (left := {name: each.note for name, each in found.items() if each.note}):
                # what was left out may come from a model that is here by now
                found |= {each.run_id: each for each in each_run({name: models[name] for name in left})}
    except _FAULTS as error:
        if isinstance(error, OSError) and not isinstance(error, zipfile.BadZipFile) and error.errno is not None:
            raise
        raise _damaged(path.name, str(error) or type(error).__name__) from None
    return taken + [replace(each, run_id=f"models:/{each.run_id}", kind="model") for each in found.values()]


def _sheet(opened: zipfile.ZipFile, part: Part, name: str) -> Any:
    try:
        return json.loads(opened.read(f"{part.root}/{name}"))
    except (ValueError, RecursionError) as error:
        raise _damaged(name, str(error)) from None


def _files(opened: zipfile.ZipFile, part: Part, below: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """(checked name, content) of the members under a folder."""
    for name in [checked_path(each.removeprefix(below)) for each in part.members if each.startswith(below)]:
        with opened.open(f"{part.root}/{below}{name}") as member:
            yield name, pieces_of(member)  # type: ignore[arg-type]


def _keep(store: Store, opened: zipfile.ZipFile, part: Part, place: Place) -> tuple[int, str]:
    """How many files are here as the archive has them, and what to say of the others."""
    kept = {name: keep_new(store, place.inner(name), pieces) for name, pieces in _files(opened, part, "files/")}
    return sum(kept.values()), note_of_others(part.name, [name for name, same in kept.items() if not same])


def _take(store: Store, opened: zipfile.ZipFile, part: Part, sheets: list[Sheet]) -> Taken:
    sheet = Sheet.of_plain(_sheet(opened, part, "run.json"))
    _named(part, sheet.run_id)
    for name in part.members:
        if name.startswith("files/"):
            checked_path(name.removeprefix("files/"))
    kept: list[tuple[int, str]] = []
    with opened.open(f"{part.root}/points.csv") as member:
        count = put_run(store, sheet, _points(member),
                        lambda: kept.append(_keep(store, opened, part, store.run_place(sheet.run_id))))  # fmt: skip
    sheets.append(sheet)
    files, note = kept[0]
    return Taken(sheet.run_id, count, files, note=note)


def _take_logged(store: Store, opened: zipfile.ZipFile, part: Part) -> Taken:
    sheet = LoggedSheet.of_plain(_sheet(opened, part, "model.json"))
    _named(part, sheet.model_id)
    put_logged(store, sheet)
    count, note = _keep(store, opened, part, store.model_place(sheet.model_id))
    return Taken(sheet.model_id, 0, count, note=note, kind="logged model")


def _take_model(store: Store, opened: zipfile.ZipFile, part: Part) -> Taken:
    sheet = ModelSheet.of_plain(_sheet(opened, part, "model.json"))
    _named(part, sheet.name)
    for number, digest in [(each.version, each.digest) for each in sheet.versions if each.trained]:
        _sealed(opened, part, number, digest)
    notes = put_model(store, sheet, lambda number: _files(opened, part, f"versions/{number}/files/"))
    count = sum(name.startswith("versions/") for name in part.members)
    return Taken(sheet.name, 0, count, note=" ".join(notes), kind="model")


def _sealed(opened: zipfile.ZipFile, part: Part, number: int, digest: str) -> None:
    below = f"versions/{number}/files/"
    mine = [name for name in part.members if name.startswith(below)]
    sums = {name.removeprefix(below): str(part.members[name]["sha256"]) for name in mine}
    text = b""
    if MANIFEST in sums:
        _bounded(opened, f"{part.root}/{below}{MANIFEST}")
        text = opened.read(f"{part.root}/{below}{MANIFEST}")
    check_seal(f"{part.name}@{number}", sums, text, digest)


def _named(part: Part, said: str) -> None:
    if said != part.name:
        raise _damaged("the archive", f"{said[:64]} in the place of {part.name[:64]}")


def _points(member: IO[bytes]) -> Iterator[tuple[object, ...]]:
    rows = csv.reader(_short_lines(member))
    if tuple(next(rows, ())) != COLUMNS:
        raise _damaged("points.csv", "other columns")
    try:
        for row in rows:
            key, step, time, value = row
            yield key, int(step), int(time), float(value)
    except (ValueError, csv.Error) as error:
        raise _damaged("points.csv", f"line {rows.line_num}: {error}") from None


def _short_lines(member: IO[bytes]) -> Iterator[str]:
    """A packed line may unpack to gigabytes; a point takes a few hundred letters."""
    while line := member.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise _damaged("points.csv", "a line without an end")
        yield line.decode()


def _lines(store: Store, run_id: str) -> Iterator[bytes]:
    """points.csv, some lines at a time. ``repr`` of a float is read back as the same float."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for key, step, time, value in points_of(store, run_id):
        writer.writerow((key, step, time, repr(value)))
        if text.tell() > CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _write(made: zipfile.ZipFile, name: str, pieces: Iterator[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    with made.open(info, "w", force_zip64=True) as member:
        for piece in pieces:
            member.write(piece)
            digest.update(piece)
            size += len(piece)
    return {"size": size, "sha256": digest.hexdigest()}


def _verified(opened: zipfile.ZipFile) -> dict[str, list[Part]]:
    """{section: its parts}, once every member is as the manifest says."""
    if _MANIFEST not in opened.namelist():
        raise _damaged("the archive", f"no {_MANIFEST}")
    _bounded(opened, _MANIFEST)
    try:
        told = json.loads(opened.read(_MANIFEST))
        if told["format"] != FORMAT or told["version"] not in _READ:
            raise WrongInput("this archive cannot be read", f"{told['format']} {told['version']}"[:80],
                             f"{FORMAT} {VERSION}", "Upgrade Castalia: pip install --upgrade castalia.")  # fmt: skip
        parts = {name: [Part(_root(name, i, str(each[section.key])), str(each[section.key]), dict(each["members"]))
                        for i, each in enumerate(told["runs"] if name == "runs" else told.get(name, []))]
                 for name, section in _SECTIONS.items()}  # fmt: skip
        wanted = {f"{part.root}/{name}": (int(one["size"]), str(one["sha256"]))
                  for some in parts.values() for part in some for name, one in part.members.items()}  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(_MANIFEST, f"{type(error).__name__}: {error}") from None
    for section, some in parts.items():
        for part in some:
            if not set(_SECTIONS[section].needed) <= set(part.members):
                raise _damaged(_MANIFEST, f"{part.name[:64]} is not whole")
            _bounded(opened, f"{part.root}/{_SECTIONS[section].needed[0]}")
    for name, (size, sha256) in wanted.items():
        digest, left = hashlib.sha256(), size
        try:
            member = opened.open(name)
        except KeyError:
            raise _damaged(name[:200], "it is not there") from None
        with member:
            while left >= 0 and (piece := member.read(CHUNK)):
                digest.update(piece)
                left -= len(piece)
        if left or digest.hexdigest() != sha256:
            raise _damaged(name[:200], "its content is not what the manifest says")
    return parts


def _root(section: str, number: int, name: str) -> str:
    return {"runs": f"runs/{name}", "logged_models": f"logged/{name}", "models": f"models/{number}"}[section]


def _bounded(opened: zipfile.ZipFile, name: str) -> None:
    try:
        size = opened.getinfo(name).file_size
    except KeyError:
        raise _damaged(name[:200], "it is not there") from None
    if size > _MOST_TEXT:
        raise TooLarge(f"{name[:200]} is too large", f"{size:,} bytes", f"at most {_MOST_TEXT:,}", "Is it an archive?")


def _damaged(name: str, why: str) -> WrongInput:
    expected, cure = "an archive that castalia runs export wrote", "Export the runs again, or copy the file again."
    return WrongInput(f"{name} cannot be read", " ".join(why.split())[:200], expected, cure)
