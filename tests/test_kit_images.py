"""kit.images: what Pillow says, what the file holds bit for bit, and a plain refusal of everything else."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageOps

from castalia.core.errors import CastaliaError, NotFound, TooLarge, WrongInput
from castalia.core.fields import Image
from castalia.kit import images

FEW = settings(max_examples=40, deadline=None)


def noise(*shape: int, dtype: Any = np.uint8, seed: int = 0) -> np.ndarray:
    top = np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 1
    return (np.random.default_rng(seed).random(shape) * top).astype(dtype)


def saved(picture: Any, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format=format, **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    samples: np.ndarray, colour: int, bits: int = 16, size: tuple[int, int] | None = None, extra: bytes = b""
) -> bytes:
    """A PNG written by hand: Pillow writes no 16-bit colour. Rows take the Sub filter in turn, so filters are tried."""
    height, width = size or samples.shape[:2]
    rows = []
    for number, row in enumerate(samples):
        line = np.frombuffer(row.astype(">u2" if bits == 16 else np.uint8).tobytes(), np.uint8)
        step = line.size // samples.shape[1]
        shifted = np.concatenate([np.zeros(step, np.uint8), line[:-step]])
        rows.append(b"\1" + (line - shifted).tobytes() if number % 2 else b"\0" + line.tobytes())
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def tiff(samples: np.ndarray, order: str = "<", orientation: int = 1) -> bytes:
    """An uncompressed 16-bit RGB TIFF, written by hand for the same reason."""
    height, width, channels = samples.shape
    content = samples.astype(order + "u2").tobytes()
    entries = 11
    bits = 8 + 2 + 12 * entries + 4
    rows = [
        (256, 4, width), (257, 4, height), (258, -3, bits), (259, 3, 1), (262, 3, 2), (273, 4, bits + 6),
        (274, 3, orientation), (277, 3, channels), (278, 4, height), (279, 4, len(content)), (284, 3, 1),
    ]  # fmt: skip
    made = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, entries)
    for tag, kind, value in rows:
        plain = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        made += struct.pack(order + "HHI", tag, abs(kind), 3 if kind < 0 else 1) + plain
    return made + struct.pack(order + "I", 0) + struct.pack(order + "HHH", 16, 16, 16) + content


# --- decoding ----------------------------------------------------------------------------------


MODES = {
    "PNG": ("L", "LA", "RGB", "RGBA"), "TIFF": ("L", "LA", "RGB", "RGBA"), "WEBP": ("L", "RGB", "RGBA"),
    "GIF": ("L", "RGB", "RGBA"), "BMP": ("L", "RGB"), "JPEG": ("L", "RGB"),
}  # fmt: skip


@pytest.mark.parametrize(("format", "mode"), [(format, mode) for format, modes in MODES.items() for mode in modes])
def test_every_format_is_read_as_pillow_reads_it(format: str, mode: str) -> None:
    picture = Pillow.fromarray(np.squeeze(noise(9, 7, len(mode) if mode != "L" else 1)), mode)
    content = saved(picture, format, **({"lossless": True} if format == "WEBP" else {}))
    wanted = np.asarray(Pillow.open(io.BytesIO(content)).convert(mode)).reshape(9, 7, -1)
    assert np.array_equal(images.decode(content, mode=mode), wanted)  # type: ignore[arg-type]
    if format in ("PNG", "TIFF"):
        assert np.array_equal(images.decode(content), np.asarray(picture).reshape(9, 7, -1))


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_stay(colour: int, channels: int) -> None:
    samples = noise(6, 5, channels, dtype=np.uint16)
    found = images.decode(png(samples, colour))
    assert found.dtype == np.uint16 and np.array_equal(found, samples)
    opaque = images.decode(png(samples, colour), mode="RGB")
    assert opaque.shape == (6, 5, 3) and opaque.dtype == np.uint16
    if channels in (2, 4):
        share = samples[..., -1:] / 65535
        assert np.abs(opaque - (samples[..., :-1] * share + 65535 * (1 - share))).max() <= 0.5
        black = images.decode(png(samples, colour), mode="RGB", paper=0)
        assert np.abs(black - samples[..., :-1] * share).max() <= 0.5
    if channels == 3:
        grey = images.decode(png(samples, colour), mode="L")[..., 0]
        assert np.abs(grey - samples @ [0.299, 0.587, 0.114]).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_of_a_tiff_stay(order: str) -> None:
    samples = noise(6, 5, 3, dtype=np.uint16)
    assert np.array_equal(images.decode(tiff(samples, order)), samples)
    grey = saved(Pillow.fromarray(samples[..., 0]), "TIFF", compression="tiff_lzw")
    assert np.array_equal(images.decode(grey)[..., 0], samples[..., 0])


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_deep_tiffs_stay(dtype: Any) -> None:
    values = (noise(4, 6, dtype=np.float32) * 1e4 - 5e3).astype(dtype)
    found = images.decode(saved(Pillow.fromarray(values), "TIFF"))
    assert found.dtype == dtype and np.array_equal(found[..., 0], values)
    assert images.decode(saved(Pillow.fromarray(values), "TIFF"), mode="RGB").shape == (4, 6, 3)


def test_a_colour_that_stands_for_nothing_becomes_alpha() -> None:
    samples = noise(4, 4, 3, dtype=np.uint16)
    key = struct.pack(">HHH", *samples[1, 2])
    found = images.decode(png(samples, 2, extra=chunk(b"tRNS", key)))
    assert found.shape == (4, 4, 4) and found[1, 2, 3] == 0 and (found[..., 3] == 65535).sum() == 15
    grey = noise(3, 3, 1)
    found = images.decode(png(grey, 0, 8, extra=chunk(b"tRNS", struct.pack(">H", int(grey[0, 1, 0])))))
    assert found.shape == (3, 3, 2) and found[0, 1, 1] == 0


def test_palettes_and_single_bits() -> None:
    picture = Pillow.fromarray(noise(8, 8, 3)).quantize(7)
    colours = np.asarray(picture.convert("RGB"))
    for format in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(images.decode(saved(picture, format)), colours)
    hidden = images.decode(saved(picture, "PNG", transparency=2))
    assert hidden.shape == (8, 8, 4) and np.array_equal(hidden[..., 3] == 0, np.asarray(picture) == 2)
    assert (images.decode(saved(picture, "PNG", transparency=2), mode="RGB")[np.asarray(picture) == 2] == 255).all()
    bits = noise(5, 9) > 128
    assert np.array_equal(images.decode(saved(Pillow.fromarray(bits), "PNG"))[..., 0], bits * np.uint8(255))


def test_the_first_frame_of_an_animation() -> None:
    frames = [Pillow.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 200)]
    for format in ("GIF", "WEBP", "TIFF", "PNG"):
        content = saved(frames[0], format, save_all=True, append_images=frames[1:])
        assert abs(int(images.decode(content, mode="L")[0, 0, 0]) - 10) <= 3


def test_cmyk_becomes_rgb() -> None:
    flat = np.zeros((16, 16, 4), np.uint8)
    flat[..., 0] = 255  # all cyan
    for content in (
        saved(Pillow.fromarray(flat, "CMYK"), "JPEG", quality=95),
        saved(Pillow.fromarray(flat, "CMYK"), "TIFF"),
    ):
        assert np.abs(images.decode(content)[8, 8].astype(int) - [0, 255, 255]).max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_is_turned_upright(format: str, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    picture = Pillow.fromarray(noise(6, 10, 3))
    content = saved(picture, format, exif=exif, **({"lossless": True} if format == "WEBP" else {}))
    plain = Pillow.open(io.BytesIO(content))
    wanted = np.asarray(ImageOps.exif_transpose(plain).convert("RGB"))
    assert wanted.shape[:2] == ((6, 10) if orientation < 5 else (10, 6))
    assert np.array_equal(images.decode(content, mode="RGB"), wanted)
    if format == "TIFF":
        deep = noise(6, 10, 3, dtype=np.uint16)
        upright = images.decode(tiff(deep, orientation=orientation))
        high = Pillow.fromarray((deep >> 8).astype(np.uint8))
        assert np.array_equal(upright >> 8, np.asarray(_turned(high, orientation)))


def _turned(picture: Any, orientation: int) -> Any:
    picture.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(picture)


def test_paths_files_and_wrong_names(tmp_path: Path) -> None:
    pixels = noise(5, 4, 3)
    path = tmp_path / "picture.jpg"  # a PNG by its content
    path.write_bytes(images.encode(pixels))
    assert np.array_equal(images.decode(path), pixels) and np.array_equal(images.decode(str(path)), pixels)
    with path.open("rb") as file:
        assert np.array_equal(images.decode(file), pixels)
    with path.open("r", encoding="latin-1") as text, pytest.raises(WrongInput, match="rb"):
        images.decode(text)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="nothing"):
        images.decode(tmp_path / "nothing.png")
    with pytest.raises(CastaliaError):
        images.decode(tmp_path)
    with pytest.raises(TooLarge, match="at most 20"):
        images.decode(path, max_bytes=20)


# --- what is refused ---------------------------------------------------------------------------


def complete(error: CastaliaError) -> bool:
    return bool(error.subject and error.got and error.expected and error.cure)


def test_max_pixels_is_the_only_limit(monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder) -> None:
    from PIL import Image as Pillow

    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 1000)
    for side in (40, 60):  # Pillow warns of the one and refuses the other
        image = noise(side, side, 1)
        assert images.decode(images.encode(image), max_pixels=3600).size == side * side
        with pytest.raises(TooLarge, match="at most 1,000"):
            images.decode(images.encode(noise(60, 60, 1)), max_pixels=1000)
    assert Pillow.MAX_IMAGE_PIXELS == 1000 and not recwarn.list


@pytest.mark.parametrize("size", [(60_000, 60_000), (8_000, 8_000)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = png(noise(2, 2, 1), 0, 8, size=size)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(TooLarge, match="pixels") as caught:
        images.decode(bomb)
    assert complete(caught.value) and "50,000,000" in caught.value.expected
    with pytest.raises(ValueError, match="pixels"):
        Image(bomb)


def test_bytes_are_counted_before_they_are_read() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1) -> bytes:
            assert size >= 0
            self.asked += size
            return bytes(size)

    source = Endless()
    with pytest.raises(TooLarge) as caught:
        images.decode(source, max_bytes=1000)
    assert complete(caught.value) and source.asked == 1001
    with pytest.raises(TooLarge, match="2,000"):
        images.decode(bytes(2000), max_bytes=1000)


NO_PICTURES = {
    "empty": b"", "text": b"hello", "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF89a", "bmp": b"BM" + bytes(40),
}  # fmt: skip


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(WrongInput) as caught:
        images.decode(content)
    assert complete(caught.value)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_picture_that_breaks_off(format: str) -> None:
    whole = saved(Pillow.fromarray(noise(64, 64, 3)), format)
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(WrongInput) as caught:
            images.decode(whole[: int(len(whole) * share)])
        assert complete(caught.value)


@FEW
@given(st.integers(0, 2**31), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
def test_damaged_bytes_end_in_pixels_or_in_our_error(seed: int, format: str) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray(saved(Pillow.fromarray(noise(12, 12, 3)), format))
    for place in rng.integers(0, len(content), 4):
        content[place] = rng.integers(256)
    try:
        found = images.decode(bytes(content), max_pixels=10_000)
    except CastaliaError as error:
        assert error.subject and error.cure
    else:
        assert found.ndim == 3 and found.size


@pytest.mark.parametrize(
    "act",
    [
        lambda: images.decode(images.encode(noise(2, 2)), mode="RBG"),
        lambda: images.decode(images.encode(noise(2, 2)), formats=["EPS"]),
        lambda: images.decode(noise(2, 2)),
        lambda: images.encode(noise(2, 2), "EPS"),
        lambda: images.encode(noise(2, 2).astype(float)),
        lambda: images.encode(noise(2, 2, 3, dtype=np.uint16)),
        lambda: images.encode(noise(2, 2, 4), "JPEG"),
        lambda: images.encode(np.zeros((0, 3), np.uint8)),
        lambda: images.resize(noise(2, 2), (0, 3)),
        lambda: images.resize(noise(2, 2), (2, 3), "area2"),
        lambda: images.resize(np.zeros((2, 2), complex), (2, 3)),
        lambda: images.crop(noise(4, 4), 2, 2, 3, 1),
        lambda: images.batch([]),
        lambda: images.batch([noise(2, 2, 3), noise(2, 2, 1)]),
        lambda: images.batch([noise(9, 9)], (4, 4)),
        lambda: images.batch([noise(9, 9)], how="letterbox"),
        lambda: images.Fit().back([1, 2, 3]),
        lambda: images.to_float(np.zeros(3, np.int64)),
        lambda: images.to_float([1.0]),
        lambda: images.to_uint8(np.array([0.5, np.nan])),
        lambda: images.to_uint8(np.array([1.5])),
        lambda: images.normalize(noise(4, 4, 3), (0.5, 0.5), (1, 1)),
        lambda: images.normalize(noise(4, 4, 3), 0, 0),
        lambda: images.normalize(noise(4, 4, 3), channels="middle"),
        lambda: images.channels_first(noise(4, 4)),
    ],
)
def test_wrong_input_is_named(act: Callable[[], object]) -> None:
    with pytest.raises(WrongInput) as caught:
        act()
    assert caught.value.subject and caught.value.got and caught.value.expected


def test_too_much_is_named() -> None:
    with pytest.raises(TooLarge):
        images.resize(noise(2, 2), (100_000, 100_000))
    with pytest.raises(TooLarge):
        images.batch([noise(2, 2).astype(np.float64)] * 200, (6000, 6000))


# --- and back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_lossless_formats_lose_nothing(format: str, channels: int) -> None:
    pixels = noise(7, 5, channels)
    if (format, channels) in {("BMP", 2), ("BMP", 4), ("WEBP", 1), ("WEBP", 2)}:
        with pytest.raises(WrongInput, match=format):
            images.encode(pixels, format)
        return
    if format == "WEBP" and channels == 4:
        pixels[..., 3] |= 1  # what is wholly transparent may lose its colour
    assert np.array_equal(images.decode(images.encode(pixels, format)), pixels)


def test_encode_keeps_what_a_format_can_hold() -> None:
    for dtype in (np.uint16, np.int32, np.float32):
        values = noise(4, 4, 1, dtype=dtype)
        assert np.array_equal(images.decode(images.encode(values, "tiff")), values)
    assert np.array_equal(
        images.decode(images.encode(noise(4, 4, dtype=np.uint16)))[..., 0], noise(4, 4, dtype=np.uint16)
    )
    assert len(images.encode(noise(32, 32, 3), "jpg", quality=20)) < len(images.encode(noise(32, 32, 3), "JPEG"))


# --- sizes -------------------------------------------------------------------------------------


@FEW
@given(
    st.tuples(st.integers(1, 20), st.integers(1, 20)), st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.sampled_from(["nearest", "area", "bilinear", "bicubic", "lanczos"]), st.sampled_from([1, 2, 3, 4]),
)  # fmt: skip
def test_resize_is_pillows(shape: tuple[int, int], size: tuple[int, int], method: Any, channels: int) -> None:
    pixels = noise(*shape, channels)
    names = {"nearest": "NEAREST", "area": "BOX", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "lanczos": "LANCZOS"}
    picture = Pillow.fromarray(pixels[..., 0] if channels == 1 else pixels)
    wanted = np.asarray(picture.resize(size[::-1], Pillow.Resampling[names[method]])).reshape(*size, channels)
    found = images.resize(pixels, size, method)
    assert found.dtype == np.uint8 and np.array_equal(found, wanted)
    if channels in (1, 3):
        for dtype, scale in ((np.float32, 1 / 255), (np.uint16, 257)):
            other = images.resize((pixels * np.asarray(scale, dtype)).astype(dtype), size, method)
            assert other.dtype == dtype
            if method not in ("bicubic", "lanczos"):  # Pillow cuts what overshoots between its two passes
                assert np.abs(other / scale - wanted).max() < 1.1


@pytest.mark.parametrize("size", [(5, 7), (20, 30)])
def test_resize_of_floats_is_torchs_with_antialias(size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    pixels = noise(13, 17, 3, dtype=np.float32)
    for method in ("bilinear", "bicubic"):
        tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        wanted = torch.nn.functional.interpolate(tensor, size, mode=method, antialias=True)[0].permute(1, 2, 0).numpy()
        assert np.abs(images.resize(pixels, size, method) - wanted).max() < 1e-5  # type: ignore[arg-type]


def test_area_is_the_mean_of_whole_blocks() -> None:
    pixels = noise(12, 8, 5, dtype=np.float64)  # five channels: no kind of Pillow's
    assert np.allclose(images.resize(pixels, (4, 4), "area"), pixels.reshape(4, 3, 4, 2, 5).mean((1, 3)), atol=1e-6)


@FEW
@given(st.integers(1, 60), st.integers(1, 60), st.integers(8, 50), st.integers(8, 50))
def test_letterbox_and_the_way_back(height: int, width: int, high: int, wide: int) -> None:
    page, fit = images.letterbox(np.full((height, width, 3), 200, np.uint8), (high, wide), fill=7)
    x0, y0, x1, y1 = fit.forward([0, 0, width, height])
    inside = np.zeros((high, wide), bool)
    inside[round(y0) : round(y1), round(x0) : round(x1)] = True
    assert (page[inside] == 200).all() and (page[~inside] == 7).all()
    assert 0 <= x0 < x1 < wide + 1e-9 and 0 <= y0 < y1 < high + 1e-9
    assert min(x0, y0) == 0 or height * width == 1 or min(x0 + wide - x1, y0 + high - y1) <= 1
    places = np.random.default_rng(0).random((2, 5, 4)) * 60
    assert np.allclose(fit.back(fit.forward(places)), places)
    small, fit = images.letterbox(noise(4, 4), (20, 20), grow=False)
    assert fit.scale == (1.0, 1.0) and np.array_equal(small[8:12, 8:12], noise(4, 4))


def test_a_batch_of_different_sizes() -> None:
    pictures = [noise(5, 8, 3), noise(7, 4, 3, seed=1)]
    padded, fits = images.batch(pictures, fill=9)
    assert padded.shape == (2, 7, 8, 3) and (padded[0, 5:] == 9).all() and (padded[1, :, 4:] == 9).all()
    assert all(np.array_equal(padded[n, : p.shape[0], : p.shape[1]], p) for n, p in enumerate(pictures))
    boxed, fits = images.batch(pictures, (16, 16), how="letterbox")
    for picture, page, fit in zip(pictures, boxed, fits, strict=True):
        wanted, place = images.letterbox(picture, (16, 16))
        assert np.array_equal(page, wanted) and fit == place
    shrunk, fits = images.batch(pictures, (4, 4), how="resize")
    assert np.array_equal(shrunk[1], images.resize(pictures[1], (4, 4))) and fits[0].scale == (0.5, 0.8)
    assert images.batch([noise(3, 3)])[0].shape == (1, 3, 3, 1)
    assert np.array_equal(images.crop(pictures[0], 1, 2, 3, 4), pictures[0][1:4, 2:6])


# --- values ------------------------------------------------------------------------------------


def test_every_step_of_every_depth_comes_back() -> None:
    steps = np.arange(256, dtype=np.uint8)
    assert np.array_equal(images.to_uint8(images.to_float(steps)), steps)
    assert np.array_equal(images.to_uint8(steps.astype(np.uint16) * 257), steps)
    assert images.to_float(np.array([False, True])).tolist() == [0.0, 1.0]
    assert images.to_float(np.array([65535], np.uint16)).dtype == np.float32
    half = np.array([0.5], np.float64)
    assert images.to_float(half) is half
    assert images.to_uint8(np.array([-1.0, 0.5 / 255, 2.0]), clip=True).tolist() == [0, 1, 255]


def test_normalize_is_undone() -> None:
    torch = pytest.importorskip("torch")
    pixels = noise(2, 6, 5, 3)
    one = images.normalize(pixels)
    assert np.allclose(one, (pixels / 255 - np.array(images.IMAGENET_MEAN)) / np.array(images.IMAGENET_STD), atol=1e-6)
    assert np.array_equal(images.to_uint8(images.denormalize(one), clip=True), pixels)
    first = images.channels_first(pixels)
    assert first.shape == (2, 3, 6, 5) and np.array_equal(images.channels_last(first), pixels)
    assert np.allclose(images.normalize(first, channels="first"), images.channels_first(one), atol=1e-6)
    tensor = images.normalize(torch.from_numpy(pixels))
    assert isinstance(tensor, torch.Tensor) and np.allclose(tensor.numpy(), one, atol=1e-6)
    assert torch.equal(images.to_uint8(images.denormalize(tensor), clip=True), torch.from_numpy(pixels))


def test_the_import_is_light() -> None:
    code = "import sys, castalia.kit.images; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded and not {"PIL", "torch", "scipy", "pandas"} & set(loaded)


def test_a_form_sees_what_the_library_sees() -> None:
    deep = noise(6, 5, 3, dtype=np.uint16)
    content = png(deep, 2)
    assert np.array_equal(Image(content).array(), deep >> 8)
    shallow = images.encode(noise(6, 5, 4))
    assert np.array_equal(Image(shallow).array("L")[..., None], images.decode(shallow, mode="L"))


def test_real_pictures_are_read_as_pillow_reads_them() -> None:
    folders = [Path(each) for each in os.environ.get("CASTALIA_DATA", "").split(os.pathsep) if each]
    found = [path for folder in folders for path in sorted((folder / "faces-misc").glob("*.jpg"))]
    if not found:
        pytest.skip("no faces-misc in the folders of CASTALIA_DATA")
    for path in found:
        wanted = np.asarray(ImageOps.exif_transpose(Pillow.open(path)).convert("RGB"))
        assert np.array_equal(images.decode(path, mode="RGB"), wanted)


def test_a_size_and_options_that_do_not_fit() -> None:
    image = noise(8, 8, 3)
    for act in (images.resize, images.letterbox):
        for size in (32, (1, 2, 3), None):
            with pytest.raises(WrongInput, match="height, width"):
                act(image, size)  # type: ignore[operator]
    with pytest.raises(WrongInput, match="options"):
        images.encode(image, "JPEG", quality="x")
