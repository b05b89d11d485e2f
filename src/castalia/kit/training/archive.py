"""One file for a state: written whole or not at all, and not believed before every byte of it is checked.

It is a zip of ``state.json`` and ``arrays/0.npy``, ... that ``np.load`` opens too; torch's tensors are one
``tensors.safetensors`` where safetensors is installed, and arrays where not. The zip's comment is the SHA-256 of
everything before it. Nothing is compressed and nothing is pickled. The checksum holds no secret, so it guards against
damage and not against malice: what a file declares is compared with its size before anything of that size is made.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import CastaliaError, NotFound, Unavailable, WrongInput
from castalia.kit.training.packing import Packed, pack, unpack

FORMAT = 1
_MARK = b"castalia checkpoint 1 sha256:"
_DIGEST = 64
_TENSORS = "tensors.safetensors"
_ABOUT = "state.json"
MAX_STATE = 32 << 20
"""Bytes of ``state.json``; all that is large belongs into arrays."""
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def write(path: str | Path, state: Any, about: Mapping[str, Any] | None = None) -> None:
    """Replace ``path`` by ``state``; ``about`` is a little JSON that :func:`about_of` reads without the arrays.

    On disk when this returns; one process writes it at a time. Whatever ends the process meanwhile, the file is the
    former one or the new one. Raises WrongInput for what cannot be kept, Unavailable where the disk does not take it.
    """
    path = Path(path)
    packed = pack(state)
    # always the same name: what a killed writer left is written over by the next
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w+b") as file:
            _fill(file, packed, dict(about or {}))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync(path.parent)
    except OSError as error:
        new.unlink(missing_ok=True)
        cure = "Make room, or choose a folder that can be written; the former file is as it was."
        raise Unavailable(
            f"{path.name} was not written", error.strerror or str(error), "a disk that takes it", cure
        ) from None
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def read(path: str | Path) -> Any:
    """The state in ``path``, checked first. NotFound where it is missing, WrongInput where it is damaged."""
    path = Path(path)
    with _opened(path) as file:
        _verify(file, path)
        with _believed(path), zipfile.ZipFile(file) as archive:
            content = _content(archive, file, path)
            if content["format"] != FORMAT:
                raise _damaged(path, f"format {content['format']}", f"format {FORMAT}")
            arrays = [_array(archive, f"arrays/{place}.npy") for place in range(content["arrays"])]
            tensors = _tensors(archive, content["tensors"], arrays)
            return unpack(content["state"], arrays, tensors)


def about_of(path: str | Path) -> dict[str, Any]:
    """What ``write`` was told about the state. Its arrays are not read, and nothing is checked but form and size."""
    path = Path(path)
    with _opened(path) as file, _believed(path), zipfile.ZipFile(file) as archive:
        return dict(_content(archive, file, path)["about"])


@contextmanager
def _believed(path: Path) -> Iterator[None]:
    """Whatever goes wrong in a file that is not ours says so, as what a reader of checkpoints expects."""
    try:
        yield
    except CastaliaError:
        raise
    except Exception as error:  # zipfile, json, NumPy, torch and safetensors have each their own
        raise _damaged(path, f"{type(error).__name__} inside", "a state that write() wrote") from None


def _content(archive: zipfile.ZipFile, file: BinaryIO, path: Path) -> dict[str, Any]:
    """``state.json``, once the sizes of all members are known to be true."""
    members, size = archive.infolist(), file.seek(0, os.SEEK_END)
    packed = [each.filename for each in members if each.compress_type != zipfile.ZIP_STORED or each.flag_bits & 1]
    if packed or any(each.file_size != each.compress_size for each in members):
        raise _damaged(path, f"{(packed or ['a member'])[0]!r:.60}, packed", "members as they are, nothing compressed")
    if sum(each.file_size for each in members) > size:
        raise _damaged(path, f"members of more than the {size:,} bytes of the file", "members that lie side by side")
    about = archive.getinfo(_ABOUT)
    if about.file_size > MAX_STATE:
        raise _damaged(path, f"{_ABOUT} of {about.file_size:,} bytes", f"at most {MAX_STATE:,}")
    return dict(json.loads(archive.read(about)))


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """An array, of which the header declares as many bytes as the file holds."""
    info = archive.getinfo(name)
    with archive.open(info) as member:
        shape, _, dtype = _HEADERS[np.lib.format.read_magic(member)](member)
        declared = member.tell() + math.prod(shape) * dtype.itemsize
    if declared != info.file_size or dtype.hasobject:
        raise ValueError(f"{declared} bytes of {info.file_size}")
    with archive.open(info) as member:
        return np.asarray(np.lib.format.read_array(member, allow_pickle=False))


def _fill(file: BinaryIO, packed: Packed, about: dict[str, Any]) -> None:
    safe = _safetensors() if packed.tensors else None
    arrays = list(packed.arrays)
    tensors: Any = "safetensors"
    if packed.tensors and safe is None:
        tensors = []
        for tensor in packed.tensors:
            plain, kind = _as_array(tensor)
            tensors.append([len(arrays), kind])
            arrays.append(plain)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        content = {
            "format": FORMAT, "about": about, "state": packed.shape, "arrays": len(arrays), "tensors": tensors,
        }  # fmt: skip
        text = json.dumps(content, allow_nan=False)
        if len(text) > MAX_STATE:
            got, cure = f"{len(text):,} bytes of JSON", "Turn long lists of numbers into arrays."
            raise WrongInput("too much is no array", got, f"at most {MAX_STATE:,}", cure, field="state")
        archive.writestr(zipfile.ZipInfo(_ABOUT), text)
        for place, array in enumerate(arrays):
            with archive.open(zipfile.ZipInfo(f"arrays/{place}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        if packed.tensors and safe is not None:
            # safetensors refuses tensors that share memory, as tied weights do
            seen: set[int] = set()
            named = {}
            for place, tensor in enumerate(packed.tensors):
                shared = tensor.untyped_storage().data_ptr() in seen
                seen.add(tensor.untyped_storage().data_ptr())
                named[str(place)] = tensor.clone() if shared else tensor
            archive.writestr(zipfile.ZipInfo(_TENSORS), safe.save(named))
        archive.comment = _MARK + b"0" * _DIGEST
    end = file.seek(-_DIGEST, os.SEEK_END)
    file.seek(0)
    digest = _digest(file, end)
    file.seek(end)
    file.write(digest)


def _tensors(archive: zipfile.ZipFile, kept: Any, arrays: list[Any]) -> dict[int, Any]:
    if kept == "safetensors":
        if _TENSORS not in archive.namelist():
            return {}
        safe = _safetensors()
        if safe is None:
            cure = "pip install 'castalia[deep]'"
            raise Unavailable("the checkpoint holds torch's tensors", "no torch or safetensors", "both", cure)
        return {int(name): tensor for name, tensor in safe.load(archive.read(_TENSORS)).items()}
    try:
        import torch
    except ImportError:
        cure = "pip install 'castalia[deep]'"
        raise Unavailable("the checkpoint holds torch's tensors", "no torch", "torch", cure) from None
    found = {}
    for number, (place, kind) in enumerate(kept):
        plain = torch.from_numpy(arrays[place])
        found[number] = plain.view(getattr(torch, kind)) if kind else plain
    return found


def _as_array(tensor: Any) -> tuple[Any, str]:
    """A tensor as an array; NumPy has no bfloat16 and no float8, so their bits travel, and their name."""
    try:
        return tensor.numpy(), ""
    except (TypeError, RuntimeError):
        import torch

        bits = {1: torch.uint8, 2: torch.int16}[tensor.element_size()]
        return tensor.view(bits).numpy(), str(tensor.dtype).removeprefix("torch.")


def _safetensors() -> Any:
    try:
        import safetensors.torch
    except ImportError:
        return None
    return safetensors.torch


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise NotFound(f"no checkpoint {path.name}", "no such file", "a file that write() wrote") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable(f"{path.name} cannot be read", reason, "a readable file") from None


def _verify(file: BinaryIO, path: Path) -> None:
    size = file.seek(0, os.SEEK_END)
    tail = len(_MARK) + _DIGEST
    file.seek(max(0, size - tail))
    mark = file.read(tail)
    if size < tail or not mark.startswith(_MARK):
        raise _damaged(path, f"{size} bytes without the mark at their end", "a whole file")
    file.seek(0)
    if _digest(file, size - _DIGEST) != mark[len(_MARK) :]:
        raise _damaged(path, "a checksum that differs", "the bytes that were written")
    file.seek(0)


def _digest(file: BinaryIO, size: int) -> bytes:
    found, left = hashlib.sha256(), size
    while left and (piece := file.read(min(left, 1 << 20))):
        found.update(piece)
        left -= len(piece)
    return found.hexdigest().encode()


def _sync(folder: Path) -> None:
    """The new name too is on disk; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, got: str, expected: str) -> WrongInput:
    cure = "It was cut off or altered: use an older one, or delete it and start again."
    return WrongInput(f"the checkpoint {path.name} is damaged", got, expected, cure, field="path")
