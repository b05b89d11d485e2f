"""Archive: runs with their numbers and files in one ZIP that any program can read.

``manifest.json`` lists the runs, and of each every member with its size and SHA-256. A run is
``runs/<id>/run.json``, ``runs/<id>/points.csv`` (metric, step, time in ms, value) and ``runs/<id>/files/...``.
Everything is checked before anything is taken in; names in the file decide nothing about where it lands.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from castalia import __version__
from castalia.core.atomic import replacing
from castalia.core.errors import TooLarge, WrongInput
from castalia.track import Store
from castalia.track.exchange.sheet import Sheet, points_of, put_parents, put_run, sheet_of
from castalia.track.exchange.taken import Taken, each_run
from castalia.track.files.incoming import CHUNK, pieces_of
from castalia.track.files.names import checked_path

FORMAT, VERSION = "castalia-runs", 1
COLUMNS = ("metric", "step", "time", "value")
_MANIFEST = "manifest.json"
_MOST_TEXT = 64 * 2**20
"""Bytes of a manifest or of a run's sheet."""
_LONGEST_LINE = 4096
_DATE = (1980, 1, 1, 0, 0, 0)  # the same runs make the same bytes
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, OSError)


def export_archive(store: Store, run_ids: Sequence[str], path: Path) -> list[Sheet]:
    """Write runs into ``path``, which is replaced whole or not at all."""
    sheets, listed = [], []
    with replacing(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as made:
        for run_id in run_ids:
            sheet, members = sheet_of(store, run_id), {}
            root = f"runs/{run_id}"
            text = json.dumps(sheet.plain(), ensure_ascii=False, indent=1).encode()
            members["run.json"] = _write(made, f"{root}/run.json", iter([text]))
            members["points.csv"] = _write(made, f"{root}/points.csv", _lines(store, run_id))
            for each in store.artifacts(run_id):
                with store.read_artifact(run_id, each["name"]) as file:
                    members[f"files/{each['name']}"] = _write(made, f"{root}/files/{each['name']}", file.pieces())
            sheets.append(sheet)
            listed.append({"run_id": run_id, "members": members})
        manifest = {"format": FORMAT, "version": VERSION, "castalia": __version__, "runs": listed}
        _write(made, _MANIFEST, iter([json.dumps(manifest, ensure_ascii=False, indent=1).encode()]))
    return sheets


def import_archive(store: Store, path: Path) -> list[Taken]:
    """Take in every run of an archive. WrongInput where it is damaged or no archive; then nothing was taken in."""
    try:
        with zipfile.ZipFile(path) as opened:
            listed = _verified(opened)
            sheets: list[Sheet] = []

            def one(run_id: str) -> Callable[[], Taken]:
                return lambda: _take(store, opened, run_id, listed[run_id], sheets)

            taken = each_run({run_id: one(run_id) for run_id in listed})
    except _FAULTS as error:
        if isinstance(error, OSError) and not isinstance(error, zipfile.BadZipFile) and error.errno is not None:
            raise
        raise _damaged(path.name, str(error) or type(error).__name__) from None
    put_parents(store, sheets)
    return taken


def _take(store: Store, opened: zipfile.ZipFile, run_id: str, members: dict[str, Any], sheets: list[Sheet]) -> Taken:
    try:
        sheet = Sheet.of_plain(json.loads(opened.read(f"runs/{run_id}/run.json")))
    except (ValueError, RecursionError) as error:
        raise _damaged("run.json", str(error)) from None
    if sheet.run_id != run_id:
        raise _damaged("the archive", f"run {sheet.run_id[:64]} in the place of {run_id}")
    names = [checked_path(name.removeprefix("files/")) for name in members if name.startswith("files/")]

    def files() -> None:
        for name in names:
            with opened.open(f"runs/{run_id}/files/{name}") as member:
                store.keep_all(store.run_place(run_id, name), pieces_of(member))  # type: ignore[arg-type]

    with opened.open(f"runs/{run_id}/points.csv") as member:
        count = put_run(store, sheet, _points(member), files)
    sheets.append(sheet)
    return Taken(run_id, count, len(names))


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


def _verified(opened: zipfile.ZipFile) -> dict[str, dict[str, Any]]:
    """{run id: its members}, once every member is as the manifest says."""
    if _MANIFEST not in opened.namelist():
        raise _damaged("the archive", f"no {_MANIFEST}")
    _bounded(opened, _MANIFEST)
    try:
        told = json.loads(opened.read(_MANIFEST))
        if told["format"] != FORMAT or told["version"] != VERSION:
            raise WrongInput("this archive cannot be read", f"{told['format']} {told['version']}"[:80],
                             f"{FORMAT} {VERSION}", "Upgrade Castalia: pip install --upgrade castalia.")  # fmt: skip
        listed = {str(each["run_id"]): dict(each["members"]) for each in told["runs"]}
        wanted = {f"runs/{run}/{name}": (int(one["size"]), str(one["sha256"]))
                  for run, members in listed.items() for name, one in members.items()}  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(_MANIFEST, f"{type(error).__name__}: {error}") from None
    for run, members in listed.items():
        if not {"run.json", "points.csv"} <= set(members):
            raise _damaged(_MANIFEST, f"run {run[:64]} is not whole")
        _bounded(opened, f"runs/{run}/run.json")
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
    return listed


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
