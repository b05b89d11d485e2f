"""Data sets over HTTP: the list, one set with its first rows, and an upload. Names only, never a path of the server."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from castalia.core.errors import CastaliaError, TooLarge, WrongInput
from castalia.core.fields import Image
from castalia.core.record import Record, shown
from castalia.core.rows import Column
from castalia.core.settings import Settings
from castalia.data.dataset import DataSet
from castalia.data.library import Entry, Library
from castalia.data.versions import Version, sweep
from castalia.data.writing import cannot_write
from castalia.kit.tabular.formats import format_of

MAX_UPLOAD = 512 << 20
"""Bytes of one upload, packed and unpacked."""
PREVIEW = 20


class Picture(Record):
    """One image of a preview."""

    image: str = Field(description="A PNG as a data URI.")
    label: str = Field(description="Its class.")


class Preview(Record):
    """The first rows of a table, or the first images."""

    columns: tuple[str, ...] = Field((), description="Column names.")
    rows: tuple[tuple[Any, ...], ...] = Field((), description="The first rows; null where a value is missing.")
    images: tuple[Picture, ...] = Field((), description="The first images.")


class Detail(Entry):
    """One data set: its line in the list and what is in it."""

    version: int | None = Field(None, description="The version that is shown.")
    digest: str = Field("", description="sha256 of the uncompressed content.")
    columns: tuple[Column, ...] = Field((), description="What each column holds.")
    classes: tuple[str, ...] = Field((), description="The classes of images.")
    notes: tuple[str, ...] = Field((), description="What reading decided: another encoding, renamed columns.")
    preview: Preview | None = Field(None, description="The first rows; null where the set is not on this machine.")
    problem: dict[str, Any] | None = Field(None, description="Why it cannot be shown: subject, got, expected, cure.")


def router(settings: Settings, *, max_upload: int = MAX_UPLOAD) -> APIRouter:
    """``GET /data``, ``POST /data?name=mine.csv`` and ``GET /data/{name}``. Errors are raised as CastaliaError."""
    routes = APIRouter(prefix="/data", tags=["data"])
    library = Library(settings)

    @routes.get("")
    def list_data() -> list[Entry]:
        """All data sets that have a name: registered ones, then those you added."""
        return library.known()

    @routes.post("", status_code=201)
    async def add_data(
        request: Request,
        name: Annotated[str, Query(description="The file's name: it gives the set its name and tells the format.")],
    ) -> Version:
        """Add the table in the request's body. The same content again answers with the same version."""
        _check_file_name(name)
        with _incoming(settings) as path:
            await _save(request, path, max_upload)
            return await run_in_threadpool(library.add, path, file_name=name, max_bytes=max_upload)

    @routes.get("/{name}")
    def show_data(name: str) -> Detail:
        """One data set with its columns and first rows. What is not on this machine is not downloaded for it."""
        entry = library.entry(name)
        if entry.where == "remote":
            return Detail(**entry.plain())
        try:
            return _detail(entry, library.open(name))
        except CastaliaError as error:
            return Detail(**entry.plain(), problem=error.as_dict())

    return routes


def _check_file_name(name: str) -> None:
    if not re.fullmatch(r"[^/\\\x00-\x1f\x7f]{1,128}", name):
        raise WrongInput("The upload needs a plain file name", shown(name, 80), "such as mine.csv", field="name")
    format_of(name)


@contextmanager
def _incoming(settings: Settings) -> Iterator[Path]:
    """A fresh file below the home that is gone afterwards; leftovers of a killed process go after a day."""
    folder = settings.home / "data" / "incoming"
    path = folder / secrets.token_hex(16)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder, "*", time.time() - 86_400)
        yield path
    except OSError as error:
        raise cannot_write("The upload cannot be saved", error) from None
    finally:
        path.unlink(missing_ok=True)


async def _save(request: Request, path: Path, cap: int) -> None:
    """Write the body to ``path`` as it arrives; :class:`TooLarge` as soon as it is, before the rest is read."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isascii() and announced.isdigit() else 0
    with path.open("xb") as stream:
        if size <= cap:
            size = 0
            async for piece in request.stream():
                size += len(piece)
                if size > cap:
                    break
                stream.write(piece)
    if size > cap:
        cure = "Add it in the shell instead: castalia data add FILE"
        raise TooLarge("The upload is too large", f"{size:,} bytes or more", f"at most {cap:,} bytes", cure)
    if not size:
        raise WrongInput("The upload is empty", "no body", "the content of the file as the request's body")


def _detail(entry: Entry, dataset: DataSet) -> Detail:
    return Detail(
        **entry.plain(),
        version=dataset.version,
        digest=dataset.digest,
        columns=tuple(dataset.columns),
        classes=tuple(dataset.classes),
        notes=tuple(dataset.notes),
        preview=_table(dataset) if dataset.kind == "table" else _images(dataset),
    )


def _table(dataset: DataSet) -> Preview:
    table = dataset.table()
    whole = {column.name for column in dataset.columns if column.kind == "integer"}
    cells = [[_plain(value, name in whole) for value in column[:PREVIEW].tolist()] for name, column in table.items()]
    return Preview(columns=tuple(table), rows=tuple(zip(*cells, strict=True)))


def _plain(value: Any, whole: bool) -> Any:
    """A cell as JSON has it: no nan, an infinity as text, 3 rather than 3.0 in a column of whole numbers."""
    if not isinstance(value, float):
        return value
    if value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return str(value)
    return int(value) if whole else value


def _images(dataset: DataSet) -> Preview:
    arrays = dataset.arrays()
    pixels = arrays["train_images"][:PREVIEW].astype("float32") * (255 / dataset.peak)
    pictures = (Image.of_array(image) for image in pixels.round().astype("uint8"))
    labels = arrays["train_labels"][:PREVIEW].tolist()
    items = (Picture(image=p.uri, label=dataset.classes[i]) for p, i in zip(pictures, labels, strict=True))
    return Preview(images=tuple(items))
