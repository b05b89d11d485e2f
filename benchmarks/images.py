# ruff: noqa: E402  threads are set before NumPy is imported
"""kit.images.augment beside a loop over images with Pillow, and beside torch: `python benchmarks/images.py`.

One thread. Each row does the same to the same pictures on both sides, which is checked before it is timed: minimum of
seven, in both orders. Losing rows stay in. Writes benchmarks/results/images.json with every time.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: it reads them once

import numpy as np
import PIL
import torch
from beside import in_turns, seconds
from PIL import Image, ImageEnhance, ImageFilter

from castalia.kit.images import augment
from castalia.kit.images.augment.draws import Draws
from castalia.kit.images.augment.geometric import matrices
from castalia.kit.images.augment.sampling import inverse

TIMES = 7
RESULT = Path(__file__).parent / "results" / "images.json"
DEGREES, SCALE = 15.0, (0.9, 1.1)


def pictures(n: int, side: int) -> np.ndarray:
    """Smooth pictures, so that rounding and not noise is what differs."""
    rng = np.random.default_rng(side)
    small = rng.integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in small])


def looped(act: Callable[[Any, int], Any], x: np.ndarray) -> np.ndarray:
    """What a loader does: one picture after another, from and to arrays."""
    return np.stack([np.asarray(act(Image.fromarray(one), number)) for number, one in enumerate(x)])


def drawn(n: int, count: int, place: int = 0) -> np.ndarray:
    """The numbers that the transform draws, handed to the peer."""
    draws = Draws.of(0, np.arange(n))
    return (draws.then(place) if place else draws).uniform(count)


def backs(n: int, side: int) -> np.ndarray:
    share = drawn(n, 5)
    low, high = np.log(SCALE)
    scale = np.exp(low + (high - low) * share[:, 1])
    none = np.zeros(n)
    return inverse(matrices((side, side), DEGREES * (2 * share[:, 0] - 1), scale, none, np.zeros((n, 2))))


def beside(what: str, peer_name: str, ours: Callable[[], Any], peer: Callable[[], Any], close: float) -> dict[str, Any]:
    """One row: the same pixels on both sides but for a share of ``close`` at the border, then timed in turns."""
    mine, theirs = np.asarray(ours()).astype(float), np.asarray(peer()).astype(float)
    apart = float((np.abs(mine - theirs) > 2).mean())
    assert apart <= close, f"{what}: {apart:.4f} of the values differ by more than 2"
    times = in_turns({"ours": partial(seconds, ours), "peer": partial(seconds, peer)}, TIMES)
    ratio = min(times["peer"]) / min(times["ours"])
    print(
        f"{what:44} {peer_name:18} {min(times['ours']) * 1e3:9.2f} ms {min(times['peer']) * 1e3:9.2f} ms {ratio:6.2f}x"
    )
    return {"what": what, "peer": peer_name, "ratio": round(ratio, 2), "apart": apart, "seconds": times}


def rows(n: int, side: int) -> list[dict[str, Any]]:
    x = pictures(n, side)
    tensor = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
    size, back = f"{n} of {side} x {side}", backs(n, side)
    factor = drawn(n, 1) * 0.8 + 0.6
    places = np.floor(drawn(n, 2) * 9).astype(int) - 4
    affine, flip, crop = augment.Affine(DEGREES, SCALE), augment.Flip(1.0), augment.Crop((side, side), 4)
    bright, colour, blur = augment.Brightness(0.4), augment.Saturation(0.4), augment.Blur((1.0, 1.0))

    def warped(one: Any, number: int) -> Any:
        return one.transform(one.size, Image.Transform.AFFINE, tuple(back[number].ravel()), Image.Resampling.BILINEAR)

    def cut(one: Any, number: int) -> Any:
        top, left = places[number]
        return one.crop((left, top, left + side, top + side))

    theta = torch.from_numpy(normal(back, side)).float()

    def sampled() -> Any:
        grid = torch.nn.functional.affine_grid(theta, list(tensor.shape), align_corners=False)
        read = torch.nn.functional.grid_sample(tensor.float() / 255, grid, align_corners=False)
        return (read * 255 + 0.5).clamp(0, 255).to(torch.uint8)

    border = 0.2  # Pillow leaves out what is within half a pixel of the edge
    return [
        beside(f"flip, {size}", "Pillow loop", lambda: flip(x), lambda: looped(
            lambda one, _: one.transpose(Image.Transpose.FLIP_LEFT_RIGHT), x), 0),
        beside(f"crop after padding, {size}", "Pillow loop", lambda: crop(x), lambda: looped(cut, x), 0),
        beside(f"affine, {size}", "Pillow loop", lambda: affine(x), lambda: looped(warped, x), border),
        beside(f"affine of tensors, {size}", "torch grid_sample", lambda: affine(tensor), sampled, 0),
        beside(f"brightness, {size}", "Pillow loop", lambda: bright(x), lambda: looped(
            lambda one, number: ImageEnhance.Brightness(one).enhance(factor[number, 0]), x), 0),
        beside(f"saturation, {size}", "Pillow loop", lambda: colour(x), lambda: looped(
            lambda one, number: ImageEnhance.Color(one).enhance(factor[number, 0]), x), 0.01),
        beside(f"blur, {size}", "Pillow loop", lambda: blur(x), lambda: looped(
            lambda one, _: one.filter(ImageFilter.GaussianBlur(1.0)), x), 0.5),
    ]  # fmt: skip


def normal(back: np.ndarray, side: int) -> np.ndarray:
    """The same matrices in torch's coordinates, from -1 to 1."""
    unit = np.array([[side / 2, 0, side / 2], [0, side / 2, side / 2], [0, 0, 1]])
    full = np.concatenate([back, np.tile([[[0.0, 0.0, 1.0]]], (len(back), 1, 1))], axis=1)
    return (np.linalg.inv(unit) @ full @ unit)[:, :2]


def main() -> None:
    torch.set_num_threads(1)
    found = sorted([*rows(256, 32), *rows(32, 224)], key=lambda row: float(row["ratio"]))
    libraries = {"numpy": np.__version__, "pillow": PIL.__version__, "torch": torch.__version__}
    versions = {"python": platform.python_version(), **libraries}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"versions": versions, "threads": 1, "rows": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
