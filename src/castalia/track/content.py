"""What an artifact is written as: text, JSON, PNG, CSV, whatever was handed in."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from castalia.core.errors import WrongInput
from castalia.core.fields import Figure, Media, Table

_TYPES = "a Path, bytes, text, a dict or list, an image array, or an Image, Table or Figure"


def encoded(name: str, content: object) -> tuple[str, bytes | Path]:
    """The artifact's name, with an ending where it had none, and its bytes or the path to copy. WrongInput else.

    Text is content, a ``Path`` is a file. Arrays are images: uint8, or floats in 0..1, of shape (h, w),
    (h, w, 1), (h, w, 3) or (h, w, 4).
    """
    if isinstance(content, Path):
        return name, content
    if isinstance(content, bytes | bytearray | memoryview):
        return name, bytes(content)
    if isinstance(content, str):
        return _ending(name, ".txt"), content.encode("utf-8", "replace")
    if isinstance(content, Figure):
        return _ending(name, ".figure.json"), _json(name, content.model_dump())
    if isinstance(content, Table):
        return _ending(name, ".csv"), _csv(content)
    if isinstance(content, Media):
        return _ending(name, "." + content.media.rpartition("/")[2].partition("+")[0]), content.content
    if isinstance(content, Mapping | list | tuple):
        return _ending(name, ".json"), _json(name, content)
    if hasattr(content, "savefig"):  # a matplotlib figure
        out = io.BytesIO()
        content.savefig(out, format="png")
        return _ending(name, ".png"), out.getvalue()
    if hasattr(content, "__array_interface__") or hasattr(content, "__array__"):
        return _ending(name, ".png"), _png(name, content)
    raise WrongInput(f"artifact {name!r} cannot be kept", type(content).__name__, _TYPES, field="content")


def _ending(name: str, suffix: str) -> str:
    return name if "." in name.rpartition("/")[2].lstrip(".") else name + suffix


def plainly(value: Any) -> Any:
    """``value`` as JSON can say it: NaN and infinities as text, numpy's numbers and arrays as Python's."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): plainly(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plainly(item) for item in value]
    if hasattr(value, "tolist"):
        return plainly(value.tolist())
    if value is None or isinstance(value, str | int | float):
        return value
    return plainly(value.model_dump(mode="json")) if hasattr(value, "model_dump") else str(value)


def _json(name: str, value: object) -> bytes:
    try:
        return json.dumps(plainly(value), ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError) as error:
        raise WrongInput(f"artifact {name!r} is no JSON", str(error)[:100], _TYPES, field="content") from None


def _csv(table: Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*table.columns.values(), strict=True))
    return out.getvalue().encode("utf-8", "replace")


def _png(name: str, array: object) -> bytes:
    import numpy as np
    from PIL import Image as Pillow

    pixels = np.asarray(array)
    if pixels.dtype.kind == "f" and pixels.size and pixels.min() >= 0 and pixels.max() <= 1:
        pixels = np.round(pixels * 255).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    if pixels.dtype != np.uint8 or not shaped or not pixels.size:
        got = f"{pixels.dtype} of shape {pixels.shape}"
        expected = "uint8, or floats in 0..1, of shape (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)"
        raise WrongInput(f"artifact {name!r} is no image", got, expected, "Hand arrays of numbers over as lists.")
    out = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(out, format="PNG")
    return out.getvalue()
