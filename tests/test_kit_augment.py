"""kit.images.augment: torch's grid_sample, Pillow, SciPy, colorsys and np.flip say the same; every image is its own."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from castalia.core.errors import WrongInput
from castalia.kit.images import augment
from castalia.kit.images.augment import colour, geometric, sampling
from castalia.kit.images.augment.draws import Draws
from castalia.kit.images.augment.mixing import beta

torch = pytest.importorskip("torch")
FEW = settings(max_examples=25, deadline=None)

EVERY = [
    augment.Flip(), augment.FlipVertical(), augment.Crop((9, 11), 2), augment.Crop((12, 14), 3, "symmetric"),
    augment.Affine(30, (0.8, 1.3), 10, 0.1), augment.Affine(20, border="edge", p=0.5),
    augment.Affine(20, border="symmetric", fill=0.5), augment.Brightness(0.4), augment.Contrast(0.4, p=0.5),
    augment.Saturation(0.7), augment.Hue(0.2), augment.Blur((0.2, 1.5)), augment.Noise(0.1), augment.Erase(p=0.7),
    augment.Cutout(5),
    augment.Compose([augment.Flip(), augment.Affine(9, p=0.5), augment.Compose([augment.Hue(0.1)], p=0.5)]),
]  # fmt: skip
MIXES = [augment.Mixup(0.4), augment.Cutmix(1.0, p=0.5)]
NAMES = {"ids": lambda change: f"{type(change).__name__}"}


def noise(*shape: int, kind: str = "uint8", seed: int = 0) -> np.ndarray:
    share = np.random.default_rng(seed).random(shape)
    return (share * 255.999).astype(np.uint8) if kind == "uint8" else share.astype(kind)


def shares(n: int, classes: int = 3, seed: int = 1) -> np.ndarray:
    found = np.random.default_rng(seed).random((n, classes))
    return found / found.sum(1, keepdims=True)


def near(a: Any, b: Any, kind: str) -> bool:
    gap = np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max()
    return bool(gap <= (1 if kind == "uint8" else 5e-3 if kind in ("float16", "bfloat16") else 2e-5))


# --- the same for every library, dtype, layout and neighbour -----------------------------------


@pytest.mark.parametrize("change", EVERY, **NAMES)
@pytest.mark.parametrize("kind", ["uint8", "float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_arrays_and_tensors_and_layouts_agree(change: augment.Transform, kind: str, channels: int) -> None:
    pixels = noise(5, 12, 14, channels, kind="float32" if kind == "bfloat16" else kind)
    before = pixels.copy()
    wanted = change(pixels, seed=4)
    assert np.array_equal(pixels, before), "the caller's pixels were changed"
    assert wanted.dtype == pixels.dtype and wanted.flags.c_contiguous and not np.shares_memory(wanted, pixels)
    tensor = torch.from_numpy(pixels).to(getattr(torch, kind))
    found = change(tensor, seed=4)
    assert found.dtype == tensor.dtype and found.device == tensor.device
    if kind == "bfloat16":  # NumPy has none: the same numbers in float32
        wanted = change(tensor.to(torch.float32).numpy(), seed=4)
    assert near(found.to(torch.float64), wanted, kind)
    assert torch.equal(tensor, torch.from_numpy(pixels).to(tensor.dtype))
    first = change(np.moveaxis(pixels, -1, 1), seed=4)
    assert first.flags.c_contiguous and np.array_equal(np.moveaxis(first, 1, -1), change(pixels, seed=4))
    if kind == "uint8":
        assert near(change(tensor.permute(0, 3, 1, 2), seed=4).permute(0, 2, 3, 1), wanted, kind)
    else:
        assert wanted.min() >= 0 and wanted.max() <= 1


@pytest.mark.parametrize("change", EVERY, **NAMES)
def test_an_image_does_not_depend_on_its_neighbours(change: augment.Transform) -> None:
    pixels, index = noise(9, 12, 14, 3), np.array([4, 0, 7, 30, 2, 9, 1, 100, 3])
    whole = change(pixels, seed=(7, 2), index=index)
    assert np.array_equal(whole, change(pixels, seed=(7, 2), index=index)), "the same seed gave something else"
    order = np.random.default_rng(0).permutation(9)
    assert np.array_equal(change(pixels[order], seed=(7, 2), index=index[order]), whole[order])
    for one in range(9):
        assert np.array_equal(change(pixels[one : one + 1], seed=(7, 2), index=index[one : one + 1])[0], whole[one])
    same = np.repeat(pixels[:1], 64, axis=0)
    varied = change(same, seed=1)
    assert len(np.unique(varied.reshape(64, -1), axis=0)) > 1, "all images got the same"
    assert not np.array_equal(varied, change(same, seed=2)) and not np.array_equal(varied, change(same, seed=(1, 1)))


@pytest.mark.parametrize(
    "change",
    [
        augment.Flip(0), augment.FlipVertical(0), augment.Crop((12, 14)), augment.Affine(), augment.Brightness(0),
        augment.Contrast(0), augment.Saturation(0), augment.Hue(0), augment.Blur((0, 0)), augment.Noise(0),
        augment.Erase(p=0), augment.Erase((0, 0)), augment.Cutout(0), augment.Compose([]),
        augment.Compose([augment.Affine(), augment.Hue(0), augment.Contrast(0)]), augment.Affine(45, p=0),
    ],
    **NAMES,
)  # fmt: skip
@pytest.mark.parametrize("kind", ["uint8", "float64"])
def test_no_strength_is_no_change(change: augment.Transform, kind: str) -> None:
    pixels = noise(3, 12, 14, 4, kind=kind)
    for given_ in (pixels, torch.from_numpy(pixels)):
        found = np.asarray(change(given_, seed=5))
        assert np.array_equal(found, pixels) if kind == "uint8" else np.abs(found - pixels).max() < 1e-12
    if type(change) is not augment.Hue:
        grey = pixels[..., :1]
        assert np.abs(change(grey, seed=5) - grey).max() < 1e-12


@pytest.mark.parametrize("p", [0.0, 0.2, 0.7, 1.0])
def test_p_is_the_share_that_is_changed(p: float) -> None:
    changed = (augment.Cutout(9, p=p)(np.ones((4000, 6, 6, 1), np.float32), seed=3) == 0).any((1, 2, 3)).mean()
    assert abs(changed - p) <= 4 * np.sqrt(p * (1 - p) / 4000)


# --- oracles -----------------------------------------------------------------------------------


def test_flips_are_numpys() -> None:
    pixels = noise(4, 6, 7, 3)
    assert np.array_equal(augment.Flip(1)(pixels), np.flip(pixels, 2))
    assert np.array_equal(augment.FlipVertical(1)(pixels), np.flip(pixels, 1))
    half = augment.Flip()(pixels, seed=1)
    flipped = [np.array_equal(one, other[:, ::-1]) for one, other in zip(half, pixels, strict=True)]
    kept = [np.array_equal(one, other) for one, other in zip(half, pixels, strict=True)]
    assert all(a != b for a, b in zip(flipped, kept, strict=True))


def drawn_matrices(size: tuple[int, int], n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return geometric.matrices(
        size, rng.uniform(-180, 180, n), rng.uniform(0.5, 2, n), rng.uniform(-30, 30, n), rng.uniform(-0.4, 0.4, (n, 2))
    )


@pytest.mark.parametrize("border", ["constant", "edge", "symmetric"])
@FEW
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_bilinear_reading_is_grid_samples(border: Any, height: int, width: int, seed: int) -> None:
    pixels = noise(3, 3, height, width, kind="float64", seed=seed)
    back = sampling.inverse(drawn_matrices((height, width), 3, seed))
    # The matrix in grid_sample's own coordinates, from -1 to 1 on both axes, by affine_grid: not by our coordinates.
    to_pixels = np.array([[width / 2, 0, width / 2], [0, height / 2, height / 2], [0, 0, 1]])
    full = np.concatenate([back, np.tile([[[0.0, 0.0, 1.0]]], (3, 1, 1))], axis=1)
    theta = torch.from_numpy((np.linalg.inv(to_pixels) @ full @ to_pixels)[:, :2])
    grid = torch.nn.functional.affine_grid(theta, (3, 3, height, width), align_corners=False)
    padding = {"constant": "zeros", "edge": "border", "symmetric": "reflection"}[border]
    wanted = torch.nn.functional.grid_sample(torch.from_numpy(pixels), grid, "bilinear", padding, align_corners=False)
    assert np.abs(sampling.bilinear(pixels, back, border) - wanted.numpy()).max() < 1e-9
    if border == "constant":
        filled = sampling.bilinear(pixels, back, border, fill=0.3)
        empty = sampling.bilinear(np.ones_like(pixels), back, border)
        assert np.abs(filled - (wanted.numpy() + 0.3 * (1 - empty))).max() < 1e-9


@pytest.mark.parametrize("size", [(20, 31), (32, 32)])
def test_affine_is_pillows_inside_the_picture(size: tuple[int, int]) -> None:
    pixels = noise(6, *size, 1)
    matrix = drawn_matrices(size, 6, 3)
    back = sampling.inverse(matrix)
    work = augment.pictures.Work(np.moveaxis(pixels, -1, 1).astype(np.float32), "float32")
    geometric.warp(work, matrix)
    inner = np.zeros_like(pixels)
    inner[:, 2:-2, 2:-2] = 255  # Pillow reads nothing within half a pixel of the edge
    for number in range(6):
        picture, rows = Pillow.fromarray(pixels[number, ..., 0]), tuple(back[number].ravel())
        how = (Pillow.Transform.AFFINE, rows, Pillow.Resampling.BILINEAR)
        wanted = np.asarray(picture.transform(size[::-1], *how)).astype(float)
        sure = np.asarray(Pillow.fromarray(inner[number, ..., 0]).transform(size[::-1], *how)) == 255
        assert sure.sum() > 20 and np.abs(work.x[number, 0] - wanted)[sure].max() <= 1


def test_a_quarter_turn_is_exact_and_counter_clockwise() -> None:
    pixels = noise(1, 8, 8, 3, kind="float64")
    quarter = geometric.matrices((8, 8), np.array([90.0]), np.ones(1), np.zeros(1), np.zeros((1, 2)))
    turned = sampling.bilinear(np.moveaxis(pixels, -1, 1), sampling.inverse(quarter))
    assert np.allclose(np.moveaxis(turned, 1, -1)[0], np.rot90(pixels[0]))


@pytest.mark.parametrize("border", ["constant", "edge", "symmetric"])
def test_crop_is_a_window_of_the_padded_picture(border: Any) -> None:
    pixels = noise(40, 6, 5, 2)
    modes = {"constant": "constant", "edge": "edge", "symmetric": "symmetric"}
    padded = np.pad(pixels, ((0, 0), (3, 3), (3, 3), (0, 0)), mode=modes[border])  # type: ignore[call-overload]
    found, places = augment.Crop((7, 4), 3, border)(pixels, seed=2, layout="nhwc"), set()
    for number, window in enumerate(found):
        at = [
            (top, left)
            for top in range(6)
            for left in range(8)
            if np.array_equal(window, padded[number, top : top + 7, left : left + 4])
        ]
        assert at, "no window of the padded picture"
        places.add(at[0])
    assert len(places) > 15 and min(p[0] for p in places) == 0 and max(p[1] for p in places) == 7
    full = augment.Crop((8, 7), 1, fill=1.0)(pixels[..., :1])
    assert (full[:, 0] == 255).all() and (full[:, :, -1] == 255).all()


@FEW
@given(st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=30), st.floats(-2, 2))
def test_hue_is_colorsys(pixels: list[tuple[float, float, float]], turn: float) -> None:
    x = np.array(pixels).T.reshape(1, 3, 1, -1)
    hue, saturation, value = colour.to_hsv(x)
    wanted = np.array([colorsys.rgb_to_hsv(*one) for one in pixels])
    gap = np.abs(hue.ravel() - wanted[:, 0])
    assert np.minimum(gap, 1 - gap).max() < 1e-9  # a hue of just below 1 is a hue of 0
    assert np.allclose(saturation.ravel(), wanted[:, 1]) and np.allclose(value.ravel(), wanted[:, 2])
    again = colour.from_hsv(hue + turn, saturation, value)
    colours = np.array([colorsys.hsv_to_rgb((h + turn) % 1.0, s, v) for h, s, v in wanted])
    assert np.abs(again.reshape(3, -1).T - colours).max() < 1e-9


@pytest.mark.parametrize("kind", ["Brightness", "Contrast", "Color"])
def test_light_is_pillows(kind: str) -> None:
    from PIL import ImageEnhance

    pixels = noise(8, 10, 9, 3)
    ours = {"Brightness": augment.Brightness, "Contrast": augment.Contrast, "Color": augment.Saturation}[kind](0.8)
    found = ours(pixels, seed=3)
    factor = Draws.of(3, np.arange(8)).uniform(1, 0.2, 1.8)[:, 0]
    for number in range(8):
        wanted = np.asarray(getattr(ImageEnhance, kind)(Pillow.fromarray(pixels[number])).enhance(factor[number]))
        assert np.abs(found[number].astype(int) - wanted).max() <= 2  # Pillow rounds the grey first


@pytest.mark.parametrize("sigma", [0.5, 1.7, 6.0])
def test_blur_is_scipys(sigma: float) -> None:
    pixels = noise(2, 9, 13, 3, kind="float64")
    wanted = scipy.ndimage.gaussian_filter(pixels, (0, sigma, sigma, 0), mode="reflect")
    assert np.abs(augment.Blur((sigma, sigma))(pixels) - wanted).max() < 1e-12
    assert np.abs(augment.Blur((0.1, 9))(np.full((3, 5, 5, 1), 0.25)) - 0.25).max() < 1e-12  # light is kept


# --- chance ------------------------------------------------------------------------------------


def test_draws_are_even_and_have_nothing_to_do_with_each_other() -> None:
    drawn = Draws.of((0, 5), np.arange(20_000)).uniform(4)
    assert drawn.min() >= 0 and drawn.max() < 1
    assert all(scipy.stats.kstest(column, "uniform").pvalue > 1e-4 for column in drawn.T)
    other = Draws.of((0, 6), np.arange(20_000)).uniform(1)[:, 0]
    step = Draws.of((0, 5), np.arange(20_000)).then(1).uniform(1)[:, 0]
    columns = np.column_stack([drawn, other, step, np.roll(drawn[:, 0], 1)])
    links = np.corrcoef(columns.T)
    assert np.abs(links[np.triu_indices(7, 1)]).max() < 5 / np.sqrt(20_000)
    grain = Draws.of(1, np.arange(50)).normal(1001)
    assert grain.shape == (50, 1001) and np.isfinite(grain).all()
    assert scipy.stats.kstest(grain.ravel(), "norm").pvalue > 1e-4
    assert len(np.unique(Draws.of(0, np.arange(1000)).uniform(100))) == 100_000


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 1.0, 2.0, 8.0])
def test_shares_follow_beta(alpha: float) -> None:
    drawn = beta(alpha, Draws.of(3, np.arange(20_000)))
    assert scipy.stats.kstest(drawn, scipy.stats.beta(alpha, alpha).cdf).pvalue > 1e-4


def test_erased_areas_are_as_asked() -> None:
    pixels = np.ones((500, 40, 50, 1), np.float32)
    gone = (augment.Erase((0.1, 0.2), (0.5, 2.0), p=1)(pixels, seed=1) == 0)[..., 0]
    share = gone.mean((1, 2))
    assert 0.09 < share.min() < 0.115 and 0.185 < share.max() < 0.21
    for one in gone:
        rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        assert one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()  # a whole rectangle
    assert gone[:, 2:-2, 2:-2].any(0).all() and gone[:, 0].any() and gone[:, :, -1].any()  # every place is reached


# --- what moves along --------------------------------------------------------------------------


def test_boxes_and_masks_follow_their_pixels() -> None:
    rng = np.random.default_rng(0)
    corner = rng.integers(4, 16, (30, 2))
    boxes = np.concatenate([corner, corner + rng.integers(6, 14, (30, 2))], axis=1)[:, None].astype(np.float32)
    place = np.arange(36)
    masks = ((place >= boxes[:, 0, 1, None]) & (place < boxes[:, 0, 3, None]))[:, :, None] & (
        (place >= boxes[:, 0, 0, None]) & (place < boxes[:, 0, 2, None])
    )[:, None, :]
    pixels = masks[..., None].astype(np.float32)
    boxes = np.concatenate([boxes, np.full_like(boxes, np.nan)], axis=1)
    exact = augment.Compose([augment.Flip(), augment.FlipVertical(), augment.Crop((30, 28), 4)])
    found = exact(augment.Batch(pixels, boxes, masks.astype(np.int32)), seed=1)
    assert found.boxes.dtype == np.float32 and found.masks.dtype == np.int32 and np.isnan(found.boxes[:, 1]).all()
    assert np.array_equal(found.pixels[..., 0], found.masks)
    for box, mask in zip(found.boxes[:, 0], found.masks, strict=True):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if rows.size:
            assert box.tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        else:
            assert np.isnan(box).all()
    turned = augment.Affine(40, (0.7, 1.2), 10, 0.1)(augment.Batch(pixels, boxes, masks.astype(np.uint8)), seed=1)
    for box, mask, light in zip(turned.boxes[:, 0], turned.masks, turned.pixels[..., 0], strict=True):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        inside = [columns[0] + 1, rows[0] + 1, columns[-1], rows[-1]]
        assert box[0] < inside[0] and box[1] < inside[1] and box[2] > inside[2] and box[3] > inside[3]
        assert np.abs(box - [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).max() < 2.5  # and no larger
        assert (mask[light > 0.99] == 1).all() and (mask[light < 0.01] == 0).all()
    tensors = augment.Batch(torch.from_numpy(pixels), torch.from_numpy(boxes), torch.from_numpy(masks.astype(np.uint8)))
    same = augment.Affine(40, (0.7, 1.2), 10, 0.1)(tensors, seed=1)
    assert torch.allclose(same.boxes[:, 0], torch.from_numpy(turned.boxes[:, 0]), atol=1e-4)
    assert (same.masks.numpy() == turned.masks).mean() > 0.9999 and same.masks.dtype == torch.uint8
    half = augment.Affine(40, p=0.5)(augment.Batch(pixels, boxes, masks.astype(np.uint8)), seed=1)
    still = (half.pixels == pixels).all((1, 2, 3))
    assert 5 < still.sum() < 25 and np.array_equal(half.boxes[still], boxes[still], equal_nan=True)


@pytest.mark.parametrize("change", MIXES, **NAMES)
def test_mixed_labels_are_shares(change: Any) -> None:
    pixels, labels = noise(50, 8, 9, 3), shares(50)
    found = change(augment.Batch(pixels, labels=labels), seed=2)
    assert found.pixels.dtype == np.uint8 and np.allclose(found.labels.sum(1), 1) and found.labels.min() >= 0
    tensors = change(augment.Batch(torch.from_numpy(pixels), labels=torch.from_numpy(labels)), seed=2)
    assert near(tensors.pixels, found.pixels, "uint8") and np.allclose(tensors.labels.numpy(), found.labels)
    kinds = np.arange(50) % 4
    named = type(change)(change.alpha, classes=4)(augment.Batch(pixels, labels=kinds), seed=2)
    assert named.labels.shape == (50, 4) and np.allclose(named.labels.sum(1), 1)
    whole = type(change)(change.alpha, p=0)(augment.Batch(pixels, labels=labels))
    assert np.array_equal(whole.pixels, pixels) and np.allclose(whole.labels, labels)


def test_labels_say_how_much_of_each_picture_there_is() -> None:
    levels = np.broadcast_to((np.arange(50) % 2.0)[:, None, None, None], (50, 16, 16, 1))  # black, white, black, ...
    labels = np.concatenate([1 - levels[:, 0, 0], levels[:, 0, 0]], axis=1)
    for change in (augment.Mixup(0.4), augment.Cutmix(1.0)):
        found = change(augment.Batch(levels, labels=labels), seed=3)
        assert np.allclose(found.pixels.mean((1, 2, 3)), found.labels[:, 1])
        assert 0.05 < np.abs(found.labels - labels).max(1).mean() < 0.7


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda: augment.Flip(1.5),
        lambda: augment.Flip(float("nan")),
        lambda: augment.Crop((4, 4), p=0.5),
        lambda: augment.Crop((0, 4)),
        lambda: augment.Crop((4, 4), border="wrap"),  # type: ignore[arg-type]
        lambda: augment.Crop((40, 4))(noise(2, 8, 8, 3)),
        lambda: augment.Affine(-3),
        lambda: augment.Affine(scale=(2, 1)),
        lambda: augment.Affine(scale=(0, 1)),
        lambda: augment.Hue(0.7),
        lambda: augment.Blur((0, float("inf"))),
        lambda: augment.Mixup(0),
        lambda: augment.Compose(["flip"]),  # type: ignore[list-item]
        lambda: augment.Compose([augment.Crop((4, 4))], p=0.5),
        lambda: augment.Compose([augment.Compose([augment.Mixup()])], p=0.5),
        lambda: augment.Flip()(noise(8, 8, 3)),
        lambda: augment.Flip()(noise(0, 8, 8, 3)),
        lambda: augment.Flip()(noise(2, 3, 8, 3)),
        lambda: augment.Flip()(noise(2, 8, 8, 3), layout="hwc"),
        lambda: augment.Flip()(noise(2, 8, 8, 3).astype(np.int64)),
        lambda: augment.Flip()([[1, 2]]),
        lambda: augment.Flip()(noise(2, 8, 8, 3), seed=-1),
        lambda: augment.Flip()(noise(2, 8, 8, 3), seed=0.5),  # type: ignore[arg-type]
        lambda: augment.Flip()(noise(2, 8, 8, 3), index=[1]),
        lambda: augment.Flip()(noise(2, 8, 8, 3), index=[0, -1]),
        lambda: augment.Brightness(0.1)(np.full((2, 8, 8, 3), 3.0)),
        lambda: augment.Noise(0.1)(np.full((2, 8, 8, 3), np.nan)),
        lambda: augment.Flip()(augment.Batch(noise(2, 8, 8, 3), boxes=np.zeros((2, 4)))),
        lambda: augment.Flip()(augment.Batch(noise(2, 8, 8, 3), masks=np.zeros((2, 8, 9), int))),
        lambda: augment.Flip()(augment.Batch(noise(2, 8, 8, 3), masks=torch.zeros((2, 8, 8), dtype=torch.int32))),
        lambda: augment.Mixup()(noise(2, 8, 8, 3)),
        lambda: augment.Mixup()(augment.Batch(noise(2, 8, 8, 3), labels=np.array([0, 1]))),
        lambda: augment.Mixup(classes=2)(augment.Batch(noise(2, 8, 8, 3), labels=np.array([0, 2]))),
        lambda: augment.Mixup()(augment.Batch(noise(2, 8, 8, 3), labels=np.ones((2, 2)))),
        lambda: augment.Mixup()(augment.Batch(noise(2, 8, 8, 3), np.zeros((2, 1, 4)), labels=shares(2))),
        lambda: sampling.inverse(np.zeros((1, 2, 3))),
    ],
)
def test_wrong_input_is_named(act: Callable[[], object]) -> None:
    with pytest.raises(WrongInput) as caught:
        act()
    assert caught.value.subject and caught.value.got and caught.value.expected


def test_steps_of_a_composition_draw_each_for_itself() -> None:
    pixels = np.ones((200, 12, 12, 1), np.float32)
    twice = augment.Compose([augment.Cutout(4), augment.Cutout(4)])(pixels, seed=1)
    once = augment.Compose([augment.Cutout(4)])(pixels, seed=1)
    assert ((twice == 0).sum((1, 2, 3)) > (once == 0).sum((1, 2, 3))).mean() > 0.8
    corners = (np.arange(4.0) / 4).reshape(1, 2, 2, 1).repeat(400, 0)
    turned = augment.Compose([augment.Flip(), augment.FlipVertical()])(corners, seed=2, layout="nhwc")
    assert len(np.unique(turned.reshape(400, -1), axis=0)) == 4  # the same draw for both would make two


def test_pieces_of_a_batch_are_the_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    change = augment.Compose([augment.Flip(), augment.Affine(20, p=0.7), augment.Hue(0.2), augment.Crop((9, 9), 1)])
    batch = augment.Batch(
        noise(11, 12, 14, 3), np.tile([2.0, 3, 9, 10], (11, 1, 1)), noise(11, 12, 14).astype(int), np.arange(11)
    )
    whole = change(batch, seed=4)
    monkeypatch.setattr("castalia.kit.images.augment.composing.CHUNK", 2 * 12 * 14 * 3)
    pieces = change(batch, seed=4)
    for one, other in zip(whole.parts, pieces.parts, strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)


def test_slant_and_scale_and_shift_in_closed_form() -> None:
    none = np.zeros(1)
    slanted = geometric.matrices((10, 20), none, np.ones(1), np.array([45.0]), np.zeros((1, 2)))[0]
    assert np.allclose(slanted @ [10, 5, 1], [10, 5]) and np.allclose(slanted @ [10, 7, 1], [12, 7])
    grown = geometric.matrices((10, 20), none, np.full(1, 2.0), none, np.array([[0.1, -0.2]]))[0]
    assert np.allclose(grown @ [10, 5, 1], [12, 3]) and np.allclose(grown @ [11, 5, 1], [14, 3])
