"""Pictures from files and bytes, with caps on bytes and pixels before anything is decoded; and back into a file."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import IO, Any, get_args

import numpy as np
from numpy.typing import NDArray

from castalia.core import raster
from castalia.core.errors import CastaliaError, NotFound, TooLarge, WrongInput, did_you_mean

Pixels = NDArray[Any]

MAX_BYTES = 24 * 2**20
FORMATS = (*raster.FORMATS, "TIFF")
"""What is tried. EPS and its kin start another program to be drawn: they are not among these, whatever is asked."""
SAVED: dict[str, dict[str, Any]] = {
    "PNG": {}, "JPEG": {"quality": 90}, "WEBP": {"lossless": True}, "BMP": {}, "TIFF": {},
}  # fmt: skip
_DEPTHS = {
    "PNG": "uint8 of 1 to 4 channels, or uint16 of 1", "JPEG": "uint8 of 1 or 3 channels",
    "WEBP": "uint8 of 3 or 4 channels", "BMP": "uint8 of 1 or 3 channels",
    "TIFF": "uint8 of 1 to 4 channels, or uint16, int32 or float32 of 1",
}  # fmt: skip


def decode(
    source: bytes | str | os.PathLike[str] | IO[bytes],
    *,
    mode: raster.Mode | None = None,
    paper: float = 1.0,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = raster.MAX_PIXELS,
    formats: Sequence[str] = FORMATS,
) -> Pixels:
    """The pixels (h, w, c) of a PNG, JPEG, GIF, BMP, WebP or TIFF, upright.

    ``source`` is the content, a path, or a file opened for reading bytes. ``mode`` is "L", "LA", "RGB" or "RGBA"; it
    names channels and never changes the depth. Without it they are the file's: 1 for grey, 3 for colour, one more
    with transparency. uint8 (1-bit as 0 and 255), uint16 where the file has 16 bits a channel, int32 or float32 for
    TIFFs of these. Without alpha in ``mode``, what is transparent shows ``paper``, from 0 black to 1 white.

    The format is told by the content, never by the name. The first frame and the first page are read; EXIF's
    orientation is applied; ICC profiles are not. TooLarge over ``max_bytes`` or ``max_pixels``, both known before a
    pixel is decoded; WrongInput where it is no such picture or breaks off; NotFound where the path leads nowhere.
    """
    if mode is not None and mode not in get_args(raster.Mode):
        raise WrongInput(
            "mode is unknown", repr(mode), ", ".join(get_args(raster.Mode)),
            f"Leave it out for the file's own.{did_you_mean(str(mode), get_args(raster.Mode))}", field="mode",
        )  # fmt: skip
    if wrong := [name for name in formats if name not in FORMATS]:
        raise WrongInput(
            "formats has one that is not opened", str(wrong[0]), ", ".join(FORMATS), "Leave it out.", field="formats"
        )
    content, name = _content(source, max_bytes)
    if not content:
        raise WrongInput(f"{name} is empty", "0 bytes", "a picture", "See whether it was written to its end.")
    try:
        return raster.pixels(content, mode, formats=formats, max_pixels=max_pixels, paper=paper)
    except CastaliaError:
        raise
    except Exception as error:  # Pillow raises many types on hostile bytes; all mean one of two things
        from PIL import UnidentifiedImageError

        kinds = ", ".join(formats)
        if isinstance(error, UnidentifiedImageError):
            raise WrongInput(
                f"{name} is no picture that can be read", f"bytes that begin {content[:12]!r}", f"one of {kinds}",
                "Save it as a PNG first.",
            ) from None  # fmt: skip
        raise WrongInput(
            f"{name} cannot be decoded", str(error)[:120] or type(error).__name__, "a whole, undamaged picture",
            "Fetch or save it again; what is there breaks off or contradicts itself.",
        ) from None  # fmt: skip


def encode(image: Pixels, format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file. (h, w) or (h, w, c); PNG, WebP, BMP and TIFF lose nothing, JPEG does.

    ``options`` go to Pillow: ``quality`` of a JPEG (90), ``lossless`` of a WebP (True), ``compression`` of a TIFF.
    WrongInput where the format cannot hold the depth or the channels; nothing is rounded to make it fit.
    """
    from PIL import Image as Pillow

    kind = format.upper().replace("JPG", "JPEG")
    if kind not in SAVED:
        raise WrongInput(
            "format is unknown", format, ", ".join(SAVED), f"Save it as a PNG.{did_you_mean(kind, SAVED)}",
            field="format",
        )  # fmt: skip
    array = np.asarray(image)
    array = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    channels = 1 if array.ndim == 2 else array.shape[-1]
    deep = channels == 1 and array.dtype.name in {"PNG": ("uint16",), "TIFF": ("uint16", "int32", "float32")}.get(
        kind, ()
    )
    flat = array.dtype == np.uint8 and channels in {"JPEG": (1, 3), "WEBP": (3, 4), "BMP": (1, 3)}.get(
        kind, (1, 2, 3, 4)
    )
    if array.ndim not in (2, 3) or not array.size or not (deep or flat):
        raise WrongInput(
            f"a {kind} cannot hold this image", f"{array.dtype} of shape {array.shape}", _DEPTHS[kind],
            "Bring it there first: images.to_uint8 takes 0..1 to 0..255.", field="image",
        )  # fmt: skip
    out = io.BytesIO()
    picture = Pillow.fromarray(np.ascontiguousarray(array))
    try:
        picture.save(out, format=kind, **{**SAVED[kind], **options})
    except (TypeError, ValueError, KeyError, OSError) as error:
        raise WrongInput(
            f"no {kind} was made with these options", f"{options}: {error}"[:120], "options that Pillow takes",
            "Look them up among Pillow's file formats, or leave them out.", field="options",
        ) from None  # fmt: skip
    return out.getvalue()


def _content(source: bytes | str | os.PathLike[str] | IO[bytes], max_bytes: int) -> tuple[bytes, str]:
    """The bytes, of which no more than the cap are ever held, and what to call them."""
    if isinstance(source, bytes | bytearray | memoryview):
        size, name = len(source), "the picture"
        if size > max_bytes:
            raise _over(name, f"{size:,} bytes", max_bytes)
        return bytes(source), name
    if hasattr(source, "read"):
        content, name = source.read(max_bytes + 1), "the file"
        if not isinstance(content, bytes):
            raise WrongInput("the file is opened as text", type(content).__name__, "bytes", "Open it with mode 'rb'.")
        if len(content) > max_bytes:
            raise _over(name, f"more than {max_bytes:,} bytes", max_bytes)
        return content, name
    if not isinstance(source, str | os.PathLike):
        raise WrongInput(
            "source is no picture", type(source).__name__, "bytes, a path or an open file",
            "Pixels that are an array already need no decoding.", field="source",
        )  # fmt: skip
    name = str(os.fspath(source))
    try:
        with open(source, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes:
                raise _over(name, f"{size:,} bytes", max_bytes)
            content = file.read(max_bytes + 1)  # a pipe or a growing file does not say its size
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound(
            f"no picture at {name}", error.strerror or "", "a file that can be read", "Look at the path."
        ) from None
    except OSError as error:
        raise WrongInput(
            f"{name} cannot be read", error.strerror or "", "a readable file", "See who owns it."
        ) from None
    if len(content) > max_bytes:
        raise _over(name, f"more than {max_bytes:,} bytes", max_bytes)
    return content, name


def _over(name: str, got: str, max_bytes: int) -> TooLarge:
    return TooLarge(
        f"{name} has too many bytes", got, f"at most {max_bytes:,}",
        "Save it smaller, or raise max_bytes where you trust where it comes from.",
    )  # fmt: skip
