"""From the bytes of a picture to its pixels: counted before they are decoded, turned upright, never shrunk to 8 bits.

Pillow decodes; this says what comes out. A colour profile (ICC) is not applied, and CMYK becomes RGB by the plain
formula. Of an animation and of a file of many pages the first is read. Only the formats that are named are tried, so
nothing that starts another program (EPS, PostScript) is ever opened.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import TooLarge

Pixels = NDArray[Any]
Mode = Literal["L", "LA", "RGB", "RGBA"]

MAX_PIXELS = 50_000_000
_LIMIT = threading.Lock()
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")

_LUMA = np.array([19595, 38470, 7471])
"""ITU-R BT.601 in 65536ths, as Pillow's convert("L") has it."""
_SIMPLE = {"1": "L", "P": "RGB", "PA": "RGBA", "La": "LA", "RGBa": "RGBA"}
_KEPT = ("L", "LA", "RGB", "RGBA", "I", "F", "I;16", "I;16B", "I;16L")


def opened(content: bytes, formats: Sequence[str] = FORMATS, max_pixels: int = MAX_PIXELS) -> Any:
    """A Pillow image of which the header is read and no pixel. TooLarge over ``max_pixels``; else Pillow's errors."""
    from PIL import Image as Pillow

    # Pillow's own limit is a global of its module; it also guards what a format makes while its header is read
    with _LIMIT:
        before = Pillow.MAX_IMAGE_PIXELS
        try:
            Pillow.MAX_IMAGE_PIXELS = before and max(before, max_pixels)
            picture = Pillow.open(io.BytesIO(content), formats=tuple(formats))
        except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
            raise too_large(str(error).split(", could")[0], max_pixels) from None
        finally:
            Pillow.MAX_IMAGE_PIXELS = before
    width, height = picture.size
    if width * height > max_pixels:
        picture.close()
        raise too_large(f"{width:,} x {height:,} = {width * height:,} pixels", max_pixels)
    return picture


def too_large(got: str, max_pixels: int) -> TooLarge:
    """The refusal of a picture for its pixels."""
    return TooLarge(
        "the picture has too many pixels", got, f"at most {max_pixels:,}",
        "Shrink it, or raise max_pixels where you trust where it comes from.",
    )  # fmt: skip


def pixels(
    content: bytes,
    mode: Mode | None = None,
    *,
    formats: Sequence[str] = FORMATS,
    max_pixels: int = MAX_PIXELS,
    paper: float = 1.0,
) -> Pixels:
    """The pixels as (h, w, c). ``mode`` names the channels; without it they are the file's own.

    uint8, and 1-bit as 0 and 255; uint16 where the file has 16 bits a channel; int32 and float32 for TIFFs of such.
    A palette becomes RGB, or RGBA where it has transparency. Where ``mode`` has no alpha, what is transparent shows
    paper, from 0 black to 1 white. EXIF's orientation is applied. Raises what Pillow raises on broken data.
    """
    with opened(content, formats, max_pixels) as picture:
        if (raw := _raw(picture)) and raw[0].endswith((";16B", ";16L", ";16N")) and picture.mode in ("RGB", "RGBA"):
            array = _deep(picture, content, raw[0], formats)
            channels = array.shape[2]
        else:
            picture.load()
            array, channels = _plain(picture, mode, paper)
        key = picture.info.get("transparency")
        if array.dtype == np.uint16 and key is not None and channels in (1, 3):
            hidden = (array == np.asarray(key, dtype=np.uint16)).all(axis=2, keepdims=True)
            array = np.concatenate([array, np.where(hidden, 0, 65535).astype(np.uint16)], axis=2)
        return np.ascontiguousarray(_turned(_as(array, mode, paper), _orientation(picture)))


def _raw(picture: Any) -> list[str]:
    """The raw layout that each tile names, ``RGB;16B`` say."""
    found = [tile[3] if isinstance(tile[3], str) else (tile[3] or [""])[0] for tile in picture.tile]
    return [each for each in found if isinstance(each, str)]


def _deep(picture: Any, content: bytes, raw: str, formats: Sequence[str]) -> Pixels:
    """16 bits a channel in colour, of which Pillow keeps 8: decoded twice, once for the high and once for the low.

    Reading big-endian samples as little-endian ones hands over the other byte of each.
    """
    if raw == "LA;16B":  # four bytes a pixel, and no little-endian twin: read as they are
        picture.tile = [_renamed(tile, "RGBA") for tile in picture.tile]
        pieces = np.asarray(picture).astype(np.uint16)
        return pieces[..., ::2] << 8 | pieces[..., 1::2]
    name, end = raw.split(";")
    high: Pixels = np.asarray(picture).astype(np.uint16)
    with opened(content, formats, picture.size[0] * picture.size[1]) as again:
        again.tile = [_renamed(tile, f"{name};16{'L' if end == '16B' else 'B'}") for tile in again.tile]
        both: Pixels = high << 8 | np.asarray(again)
    return both


def _renamed(tile: Any, raw: str) -> Any:
    return tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:]))


def _plain(picture: Any, mode: Mode | None, paper: float) -> tuple[Pixels, int]:
    """What Pillow can hold without a loss; 8-bit pictures leave with the channels that were asked for."""
    own = _SIMPLE.get(picture.mode, picture.mode)
    if own not in _KEPT:
        own = "RGB"  # CMYK, YCbCr, LAB, HSV
    if own in ("L", "RGB") and "transparency" in picture.info:
        own = {"L": "LA", "RGB": "RGBA"}[own]
    if own in ("L", "LA", "RGB", "RGBA"):
        if mode and own.endswith("A") and not mode.endswith("A"):
            from PIL import Image as Pillow

            picture = picture.convert("RGBA")
            page = Pillow.new("RGBA", picture.size, (round(255 * paper),) * 3 + (255,))
            picture = Pillow.alpha_composite(page, picture)
        wanted = mode or own
        picture = picture if picture.mode == wanted else picture.convert(wanted)
    array = np.asarray(picture)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        array = array.astype(np.uint16)  # the machine's own byte order
    array = array[..., None] if array.ndim == 2 else array
    return array, array.shape[2]


def _as(array: Pixels, mode: Mode | None, paper: float) -> Pixels:
    """The channels of ``mode``, in the depth that the array has."""
    own: Mode = ("L", "LA", "RGB", "RGBA")[array.shape[2] - 1]
    if mode is None or mode == own:
        return array
    kind = array.dtype
    full = np.iinfo(kind).max if kind.kind in "iu" else 1.0
    colour, alpha = (array[..., :-1], array[..., -1:]) if own.endswith("A") else (array, None)
    if alpha is not None and not mode.endswith("A"):
        share = alpha.astype(np.float64) / full
        colour = np.rint(colour * share + paper * full * (1 - share)).astype(kind)
    if mode.startswith("L") and colour.shape[2] == 3:
        colour = ((colour.astype(np.int64) @ _LUMA + 32768) >> 16).astype(kind)[..., None]
    if mode.startswith("RGB") and colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    if not mode.endswith("A"):
        return colour
    return np.concatenate([colour, np.full_like(colour[..., :1], full) if alpha is None else alpha], axis=2)


def _orientation(picture: Any) -> int:
    """EXIF's, from 1 to 8; 1 where there is none or it cannot be read. Pillow turns a TIFF itself, and drops it."""
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # broken metadata around a good picture
        return 1


def _turned(array: Pixels, orientation: int) -> Pixels:
    """Upright (EXIF 2.3, tag 274)."""
    if 5 <= orientation <= 8:
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array
