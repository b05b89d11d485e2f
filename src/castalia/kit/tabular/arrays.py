"""NPZ: one array of one axis a column, never unpickled.

A zip archive declares how large each member is, and each member declares its shape; both are compared with each
other and with the caps before anything of that size is made. Values that are missing where an array cannot say so
(whole numbers, booleans, text) are marked in a boolean member called ``.missing/<column>``.

Arrays of any shape, which are no columns, are kept by ``save_arrays`` and ``load_arrays`` under the same caps.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.atomic import replacing
from castalia.core.errors import CastaliaError, TooLarge, Unavailable, WrongInput
from castalia.core.record import shown
from castalia.kit.tabular.columns import iso_dates
from castalia.kit.tabular.content import MAX_BYTES, MAX_RATIO, RATIO_FROM, Content
from castalia.kit.tabular.delimited import MAX_COLUMNS
from castalia.kit.tabular.typed import Declared, Part, Typed

MARK = ".missing/"
SLICE = 1 << 16
_SUFFIX = ".npy"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True)
class _Member:
    info: zipfile.ZipInfo
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    """Bytes of the header."""

    @property
    def length(self) -> int:
        return self.shape[0]


def read_arrays(content: Content, max_bytes: int = MAX_BYTES) -> Typed:
    """The columns of an NPZ file. :class:`WrongInput` for arrays of objects or of more than one axis.

    :class:`TooLarge` where more than ``max_bytes`` are declared, or, for a large file, more than ``MAX_RATIO``
    times its packed size.
    """
    with _zip(content) as archive:
        infos = archive.infolist()
        _check_sizes(content, infos, max_bytes)
        members = {info.filename.removesuffix(_SUFFIX): _member(content, archive, info) for info in infos}
    for name, member in members.items():
        if len(member.shape) != 1:
            got, cure = f"{shown(name, 60)} of shape {member.shape}", "For other arrays use tabular.load_arrays."
            raise _wrong(content, got, "arrays of one axis: one a column", cure)
    names = tuple(name for name in members if name[: len(MARK)] != MARK)
    if not names:
        raise WrongInput(f"{content.name} is empty", "no arrays", "one array a column", "Check the file.")
    lengths = {name: member.length for name, member in members.items()}
    if len(set(lengths.values())) > 1:
        raise WrongInput(
            f"{content.name} holds arrays of different lengths",
            shown(lengths),
            "one length",
            "Save the columns of one table in a file.",
        )
    declared = {name: _declared(content, name, members[name].dtype) for name in names}

    def batches(names: Sequence[str], size: int) -> Iterator[Mapping[str, Part]]:
        with ExitStack() as stack:
            archive = stack.enter_context(_zip(content))
            wanted = [each for name in names for each in (name, MARK + name) if each in members]
            streams = {name: stack.enter_context(archive.open(members[name].info)) for name in wanted}
            for name, stream in streams.items():
                stream.read(members[name].start)
            while True:
                batch = {name: _next(content, name, streams[name], members[name], size) for name in wanted}
                if not len(batch[names[0]]):
                    return
                yield {name: _part(content, name, batch[name], batch.get(MARK + name)) for name in names}

    return Typed(names, declared, batches, lengths[names[0]], content.name)


def save_arrays(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Arrays of any shape as NPZ, under exactly this path, whole or not at all; ``np.load`` reads it too.

    Unlike ``np.savez`` it adds no ending, takes any name, and raises :class:`WrongInput` for Python objects, which only
    a pickle could hold. :class:`Unavailable` where the disk does not take it.
    """
    path, plain_arrays = Path(path), {name: np.asanyarray(array) for name, array in arrays.items()}
    for name, array in plain_arrays.items():
        if array.dtype.hasobject:
            cure = "Make text an array of dtype str, and a ragged list one array each."
            raise WrongInput(f"array {shown(name, 60)} holds Python objects", str(array.dtype), "numbers, text, dates",
                             cure, field="arrays")  # fmt: skip
    try:
        with replacing(path) as waiting, zipfile.ZipFile(waiting, "w") as archive:
            for name, array in plain_arrays.items():
                add_array(archive, name, array)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable(f"{path.name} cannot be written", reason, "a folder with room", "Write elsewhere.") from None


def add_array(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    """One member, its date fixed: the same arrays make the same bytes."""
    info = zipfile.ZipInfo(f"{name}{_SUFFIX}")
    info.compress_type = zipfile.ZIP_DEFLATED if array.dtype.kind == "U" else zipfile.ZIP_STORED
    with archive.open(info, "w", force_zip64=True) as member:
        np.lib.format.write_array(member, array, allow_pickle=False)


def load_arrays(source: Any, *, max_bytes: int = MAX_BYTES) -> dict[str, NDArray[Any]]:
    """The arrays of an NPZ file by name, of any shape. :class:`WrongInput` for one that holds a pickle or is damaged.

    :class:`TooLarge` before the memory is taken, by the caps of :func:`read_arrays`.
    """
    content = Content.any(source, max_bytes=max_bytes).unpacked(max_bytes=max_bytes, seekable=True)
    found: dict[str, NDArray[Any]] = {}
    with _zip(content) as archive:
        infos = archive.infolist()
        _check_sizes(content, infos, max_bytes)
        for info in infos:
            _member(content, archive, info)
            name = info.filename.removesuffix(_SUFFIX)
            try:
                with archive.open(info) as stream:
                    found[name] = np.lib.format.read_array(stream, allow_pickle=False)
            except Exception as error:  # as in _next
                raise _damaged(content, name, error) from None
    return found


def _zip(content: Content) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(content.opened())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WrongInput(
            f"{content.name} is no NPZ file", shown(str(error)), "a zip archive of arrays", "Save it with numpy.savez."
        ) from None


def _check_sizes(content: Content, infos: Sequence[zipfile.ZipInfo], max_bytes: int) -> None:
    if len(infos) > 2 * MAX_COLUMNS:
        raise TooLarge(f"{content.name} is too wide", f"{len(infos):,} arrays", f"at most {MAX_COLUMNS:,} columns")
    size, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if size > max_bytes or (size > RATIO_FROM and size > MAX_RATIO * packed):
        raise TooLarge(
            f"{content.name} holds too much",
            f"{size:,} bytes from {packed:,} packed",
            f"at most {max_bytes:,} bytes, and at most {MAX_RATIO} times the packed size",
            "If it is really meant, save it again with numpy.savez, which does not pack.",
        )
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        raise WrongInput(
            f"{content.name} has two arrays of one name", shown(names), "different names", "Save it again."
        )


def _member(content: Content, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    """What the header of one array declares, compared with what the archive declares."""
    name = info.filename
    plain = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not info.flag_bits & 1
    if not name.endswith(_SUFFIX) or not plain:
        got = f"a member {shown(name, 60)}" + ("" if plain else ", encrypted or packed in another way")
        raise _wrong(content, got, "arrays as numpy.savez and savez_compressed write them")
    try:
        with archive.open(info) as stream:
            version = np.lib.format.read_magic(stream)
            if version not in _HEADERS:
                raise ValueError(f"version {version} of the format")
            shape, _, dtype = _HEADERS[version](stream)
            start = stream.tell()
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise _wrong(content, f"{shown(name, 60)}: {shown(str(error))}", "whole arrays") from None
    if dtype.hasobject:
        raise _wrong(content, f"{shown(name, 60)} holds Python objects, which would be unpickled", "plain arrays")
    shape = tuple(map(int, shape))
    count = math.prod(shape)
    if start + count * dtype.itemsize != info.file_size or min(shape, default=0) < 0 or (count and not dtype.itemsize):
        got = f"{shown(name, 60)}: {info.file_size - start:,} bytes for {count:,} values of {dtype}"
        raise _wrong(content, got, "as many bytes as its header declares")
    return _Member(info, dtype, shape, start)


def _wrong(content: Content, got: str, expected: str, cure: str = "Save it again with numpy.savez.") -> WrongInput:
    return WrongInput(f"{content.name} is no NPZ file of columns", got, expected, cure)


def _declared(content: Content, name: str, dtype: np.dtype[Any]) -> Declared:
    if dtype.kind in "iu":
        return "wide" if dtype.itemsize == 8 else "integer"
    kinds: dict[str, Declared] = {"b": "boolean", "f": "number", "U": "text", "M": "text"}
    if dtype.kind not in kinds:
        raise _wrong(content, f"{shown(name, 60)} of type {dtype}", "numbers, text, dates, true or false")
    return kinds[dtype.kind]


def _next(content: Content, name: str, stream: IO[bytes], member: _Member, size: int) -> NDArray[Any]:
    """The next values of one array, at most ``size``."""
    try:
        data = b"".join(_slices(stream, size * member.dtype.itemsize))
    except Exception as error:  # zlib.error, BadZipFile, EOFError and OSError all mean the same here
        raise _damaged(content, name, error) from None
    if len(data) % member.dtype.itemsize:
        raise _damaged(content, name, "it ends in the middle of a value")
    return np.frombuffer(data, member.dtype)


def _slices(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """At most ``size`` bytes; zipfile keeps as much packed data as it is asked for at once."""
    while size and (piece := stream.read(min(size, SLICE))):
        size -= len(piece)
        yield piece


def _damaged(content: Content, name: str, error: object) -> CastaliaError:
    return WrongInput(
        f"{content.name} is damaged at {shown(name, 60)}", shown(str(error)), "a whole NPZ file", "Copy it again."
    )


def _part(content: Content, name: str, values: NDArray[Any], gone: NDArray[Any] | None) -> Part:
    if gone is not None and (gone.dtype != bool or len(gone) != len(values)):
        raise _damaged(content, MARK + name, f"{len(gone)} marks of type {gone.dtype}")
    if values.dtype.kind == "M":
        absent = np.isnat(values)
        gone = absent if gone is None else gone | absent
        texts: Any = iso_dates(name, values)
    elif values.dtype.kind == "U":
        texts = values.tolist()
    else:
        return values, gone
    out = np.empty(len(values), object)
    out[:] = texts
    return out, gone
