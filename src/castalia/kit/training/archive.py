"""One file for a state: written whole or not at all, and not believed before every byte of it is checked.

It is a zip of ``state.json`` and ``arrays/0.npy``, ... that ``np.load`` opens too; torch's tensors are one
``tensors.safetensors`` where safetensors is installed, and arrays where not. The zip's comment is the SHA-256 of
everything before it. Nothing is compressed and nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from castalia.core.errors import NotFound, Unavailable, WrongInput
from castalia.kit.training.packing import Packed, pack, unpack

FORMAT = 1
_MARK = b"castalia checkpoint 1 sha256:"
_DIGEST = 64
_TENSORS = "tensors.safetensors"
_ABOUT = "state.json"


def write(path: str | Path, state: Any, about: Mapping[str, Any] | None = None) -> None:
    """Replace ``path`` by ``state``; ``about`` is a little JSON that :func:`about_of` reads without the arrays.

    On disk when this returns. Whatever ends the process meanwhile, the file is the former one or the new one.
    Raises WrongInput for what cannot be kept, Unavailable where the disk does not take it.
    """
    path = Path(path)
    packed = pack(state)
    # one name a process: two that write the same file by mistake do not mix their bytes
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
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
        try:
            with zipfile.ZipFile(file) as archive:
                content = json.loads(archive.read(_ABOUT))
                if content["format"] != FORMAT:
                    raise _damaged(path, f"format {content['format']}", f"format {FORMAT}")
                arrays = []
                for place in range(content["arrays"]):
                    with archive.open(f"arrays/{place}.npy") as member:
                        arrays.append(np.lib.format.read_array(member, allow_pickle=False))
                tensors = _tensors(archive, content["tensors"], arrays)
                return unpack(content["state"], arrays, tensors)
        except (zipfile.BadZipFile, KeyError, IndexError, TypeError, ValueError) as error:
            raise _damaged(path, f"{type(error).__name__} inside", "a state that write() wrote") from None


def about_of(path: str | Path) -> dict[str, Any]:
    """What ``write`` was told about the state. Its arrays are not read, and nothing is checked but the form."""
    path = Path(path)
    with _opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return dict(json.loads(archive.read(_ABOUT))["about"])
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise _damaged(path, f"{type(error).__name__} inside", "a state that write() wrote") from None


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
        archive.writestr(zipfile.ZipInfo(_ABOUT), json.dumps(content, allow_nan=False))
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
    cure = "It was cut off or altered: use the one before it, load(fallback=True), or start again."
    return WrongInput(f"the checkpoint {path.name} is damaged", got, expected, cure, field="path")
