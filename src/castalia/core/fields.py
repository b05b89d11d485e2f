"""Types that a form can draw and JSON can carry: images, tables, figures, files, data sets.

Every one has a JSON form that holds the content itself, never a path: a path typed in the shell is
read there, on the user's side, and a server never opens one. Media travel as data URIs.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from castalia.core.errors import TooLarge, WrongInput
from castalia.core.record import Record, shown
from castalia.core.table import Table

__all__ = [
    "GENERATED",
    "Box",
    "Boxes",
    "Dataset",
    "Field",
    "Figure",
    "File",
    "Image",
    "Message",
    "Messages",
    "Series",
    "Table",
    "Video",
]

MAX_MEDIA_BYTES = 24 * 2**20
MAX_PIXELS = 50_000_000

_URI = re.compile(r"data:([a-z0-9.+-]+/[a-z0-9.+-]+)?(?:;[a-z0-9=._-]+)*;base64,", re.IGNORECASE)


class Media:
    """Bytes with a media type; the parent of Image, Video and File. Immutable and compared by content."""

    kind: ClassVar[str] = "file"
    accepts: ClassVar[str] = ""
    """A prefix every media type must have, ``image/`` say."""
    example: ClassVar[str] = "data:text/plain;base64,aGVsbG8="

    __slots__ = ("content", "media")

    def __init__(self, content: bytes, media: str = "application/octet-stream") -> None:
        """Keep ``content``; ValueError where it is empty, too large or not of this kind."""
        if not content:
            raise ValueError(f"a {self.kind} with content, not an empty one")
        if len(content) > MAX_MEDIA_BYTES:
            raise ValueError(f"at most {MAX_MEDIA_BYTES // 2**20} MiB, not {len(content) / 2**20:.1f} MiB")
        object.__setattr__(self, "content", bytes(content))
        object.__setattr__(self, "media", self._check(bytes(content), media))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} does not change")

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # what never changes need not be copied

    content: bytes
    media: str

    def _check(self, content: bytes, media: str) -> str:
        if not media.startswith(self.accepts):
            raise ValueError(f"{self.accepts}..., not {media}")
        return media

    @classmethod
    def of(cls, value: Any) -> Self:
        """From an instance, bytes or a data URI. ValueError where it is none of these."""
        if isinstance(value, cls):
            return value
        if isinstance(value, bytes | bytearray):
            return cls(bytes(value))
        if isinstance(value, str):
            found = _URI.match(value)
            payload = value[found.end() :] if found else value
            if len(payload) > MAX_MEDIA_BYTES * 4 // 3 + 8:
                raise ValueError(f"at most {MAX_MEDIA_BYTES // 2**20} MiB")
            try:
                content = base64.b64decode(payload, validate=True)
            except (binascii.Error, ValueError):
                raise ValueError(f"a data URI (data:...;base64,...), not {shown(value, 40)}") from None
            media = (found.group(1) if found else None) or "application/octet-stream"
            return cls(content, media.lower())
        raise ValueError(f"a data URI, not {type(value).__name__}")

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """From a file of the caller's own machine. WrongInput names the file where it does not fit."""
        path = Path(path)
        import mimetypes

        try:
            if path.stat().st_size > MAX_MEDIA_BYTES:
                raise ValueError(f"at most {MAX_MEDIA_BYTES // 2**20} MiB, not {path.stat().st_size / 2**20:.1f} MiB")
            return cls(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise WrongInput(f"{path} is no {cls.kind}", reason, f"a readable {cls.kind} file") from None

    @property
    def uri(self) -> str:
        """The data URI."""
        return f"data:{self.media};base64,{base64.b64encode(self.content).decode()}"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Media) and other.content == self.content

    def __hash__(self) -> int:
        return hash((type(self), self.content))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.media}, {len(self.content)} bytes)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(lambda media: media.uri)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "data-uri",
            "contentEncoding": "base64",
            "contentMediaType": f"{cls.accepts}*" if cls.accepts else "*/*",
            "examples": [cls.example],
            "x-castalia": cls.kind,
        }


class File(Media):
    """Any file, kept as opaque bytes."""


class Video(Media):
    """A video file."""

    kind, accepts = "video", "video/"
    example = "data:video/mp4;base64,AAAAGGZ0eXBpc29t"


class Image(Media):
    """A PNG, JPEG, GIF, BMP or WebP picture; the header is read at the door, pixels are counted before decoding."""

    kind, accepts = "image", "image/"
    example = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAHUlEQVR42mP8z4AATAwkcpgYGP7D"
        "GIxwZYxAAqIMAJ2bAg9CSW1WAAAAAElFTkSuQmCC"
    )

    def _check(self, content: bytes, media: str) -> str:
        from PIL import Image as Pillow

        from castalia.core import raster

        try:
            with raster.opened(content, raster.FORMATS, MAX_PIXELS) as picture:
                found = Pillow.MIME[picture.format or "PNG"]
        except TooLarge as error:
            raise ValueError(f"at most {MAX_PIXELS:,} pixels, not {error.got}") from None
        except Exception:  # Pillow raises many types on hostile bytes; all mean the same here
            raise ValueError("a PNG, JPEG, GIF, BMP or WebP picture; these bytes are none") from None
        return found

    @classmethod
    def of(cls, value: Any) -> Self:
        """From an instance, bytes, a data URI, or a uint8 array of shape (h, w) or (h, w, 3)."""
        if hasattr(value, "__array__") and not isinstance(value, cls):
            return cls.of_array(value)
        return super().of(value)

    @classmethod
    def of_array(cls, array: Any) -> Self:
        """A PNG of a uint8 array of shape (h, w) or (h, w, 3)."""
        import io

        import numpy as np
        from PIL import Image as Pillow

        pixels = np.asarray(array)
        if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
            raise ValueError(f"uint8 of shape (h, w) or (h, w, 3), not {pixels.dtype} {pixels.shape}")
        out = io.BytesIO()
        Pillow.fromarray(pixels).save(out, format="PNG")
        return cls(out.getvalue(), "image/png")

    def array(self, mode: Literal["L", "RGB"] = "RGB") -> Any:
        """Decoded pixels, uint8, (h, w) for "L" or (h, w, 3) for "RGB"; EXIF turned, transparency on white.

        Raises WrongInput where the data breaks off in the middle.
        """
        from castalia.core import raster

        try:
            pixels = raster.pixels(self.content, mode, max_pixels=MAX_PIXELS)
        except Exception as error:
            raise WrongInput("the image cannot be decoded", type(error).__name__, "a complete picture") from None
        if pixels.dtype != "uint8":
            pixels = (pixels >> 8).astype("uint8")
        return pixels[..., 0] if mode == "L" else pixels

    def _repr_png_(self) -> bytes | None:
        return self.content if self.media == "image/png" else None


def _drawn_as(kind: str) -> ConfigDict:
    return ConfigDict(json_schema_extra={"x-castalia": kind})


class Box(Record):
    """An axis-aligned box in pixels, corners inclusive of x0, y0 and exclusive of x1, y1."""

    x0: float = Field(description="Left edge, pixels.")
    y0: float = Field(description="Top edge, pixels.")
    x1: float = Field(description="Right edge, pixels.")
    y1: float = Field(description="Bottom edge, pixels.")
    label: str = Field("", description="What is inside.")
    score: float = Field(1.0, ge=0, le=1, description="Confidence.")


class Boxes(Record):
    """Boxes on one picture."""

    model_config = _drawn_as("boxes")
    items: tuple[Box, ...] = Field((), description="The boxes.", max_length=10_000)


class Series(Record):
    """Numbers in order, with their times where they have any."""

    model_config = _drawn_as("series")
    values: tuple[float | None, ...] = Field(description="The numbers; null where missing.", max_length=1_000_000)
    times: tuple[str, ...] = Field((), description="ISO times, as many as values, or none.", max_length=1_000_000)
    name: str = Field("", description="What is measured.")


class Message(Record):
    """One turn of a conversation."""

    role: Literal["user", "assistant", "system"] = Field(description="Who speaks.")
    text: str = Field(description="What is said.", max_length=100_000)


class Messages(Record):
    """A conversation."""

    model_config = _drawn_as("messages")
    items: tuple[Message, ...] = Field((), description="The turns, oldest first.", max_length=10_000)


class Figure(Record):
    """A picture as data: every surface draws it, and shows the numbers beside it."""

    model_config = _drawn_as("figure")
    title: str = Field(description="What it shows.")
    kind: Literal["lines", "bars", "scatter", "images", "matrix", "table", "plotly"] = Field(
        description="How to draw it."
    )
    data: dict[str, Any] = Field(description="The numbers, in the layout of its kind (docs/figures.md).")
    caption: str = Field("", description="One sentence on how to read it.")


GENERATED = "generated"
"""In place of a data set: data that the system makes itself, from its seed."""


class Dataset(str):
    """The name of a data set, ``telco`` or ``mine@2``; never a path. ``generated`` stands for none."""

    __slots__ = ()
    _PATTERN: ClassVar[str] = r"^[a-z0-9][a-z0-9_.-]{0,63}(@[1-9][0-9]{0,8})?$"

    def __new__(cls, name: str) -> Dataset:
        if not re.fullmatch(cls._PATTERN, name):
            raise ValueError(f"the name of a data set such as telco or mine@2, not {shown(name, 40)}")
        return super().__new__(cls, name)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": cls._PATTERN, "x-castalia": "dataset"}
