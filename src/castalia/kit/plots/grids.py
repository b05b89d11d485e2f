"""Pictures side by side, with what they are and what they were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.kit.plots.marks import Axis, Panel, Picture, Pictures
from castalia.kit.plots.plot import Plot


def image_grid(
    images: Any, labels: Sequence[Any] | None = None, predicted: Sequence[Any] | None = None, *,
    notes: Sequence[str] | None = None, columns: int = 6, limit: int = 36, title: str = "Images", caption: str = "",
) -> Plot:  # fmt: skip
    """The first ``limit`` pictures in a grid of ``columns``.

    ``images`` is (n, h, w), (n, h, w, 3) or, as torch has them, (n, 3, h, w), or a list of such
    pictures of several sizes: uint8, or floats from 0 to 1.
    With ``predicted`` a mistake has a dashed frame and says what it was read as. Columns of data: place, label,
    predicted, note (those that were given).
    """
    if columns < 1 or limit < 1:
        raise WrongInput("the grid does not fit", f"{columns} columns, {limit} pictures", "1 or more", field="columns")
    if predicted is not None and labels is None:
        raise WrongInput("predicted without labels", "no labels", "what the pictures are", "Give both.", field="labels")
    count = len(images)
    if not count:
        raise WrongInput("there are no images", "none", "at least one", "Give the pictures to show.", field="images")
    for name, column in (("labels", labels), ("predicted", predicted), ("notes", notes)):
        if column is not None and len(column) != count:
            raise WrongInput("lengths differ", f"{len(column)} {name}", f"{count} images", field=name)
    shown = min(limit, count)
    items = tuple(_item(images[at], at, labels, predicted, notes) for at in range(shown))
    data: dict[str, list[Any]] = {"place": list(range(shown))}
    for name, column in (("label", labels), ("predicted", predicted), ("note", notes)):
        if column is not None:
            data[name] = [value.item() if hasattr(value, "item") else value for value in column[:shown]]
    wrong = sum(item.right is False for item in items)
    parts = [f"{shown} of {count:,} pictures" if shown < count else f"{count} pictures" if count > 1 else "One picture"]
    if predicted is not None:
        parts.append(f"wrong, in dashed frames: {wrong}")
    caption = caption or "; ".join(parts) + "."
    said = ", ".join(item.label for item in items[:6] if item.label)
    panel = Panel(Axis(), Axis(), (Pictures(items, min(columns, shown)),), legend=False)
    alt = f"{title}. {caption}{f' The first: {said}.' if said else ''}"
    return Plot(title, caption, alt, data, (panel,), lambda: ("images", _native(items, columns)))


def _native(items: tuple[Picture, ...], columns: int) -> dict[str, Any]:
    from castalia.core.fields import Image

    shown = [{"image": Image.of_array(item.pixels).uri, "label": item.label, "note": item.note} for item in items]
    return {"columns": columns, "items": shown}


def _item(image: Any, at: int, labels: Any, predicted: Any, notes: Any) -> Picture:
    label = "" if labels is None else str(labels[at])
    right = None if predicted is None else str(predicted[at]) == label
    if right is False:
        label = f"{label}, read as {predicted[at]}"
    return Picture(_pixels(image, at), label, "" if notes is None else str(notes[at]), right)


def _pixels(image: Any, at: int) -> NDArray[np.uint8]:
    pixels = np.asarray(image)
    if pixels.ndim == 3 and pixels.shape[2] not in (1, 3) and pixels.shape[0] in (1, 3):
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or not pixels.size or (pixels.ndim == 3 and pixels.shape[2] != 3):
        cure = "One picture is grey or has three colours; images.channels_last turns torch's layout round."
        raise WrongInput(
            f"picture {at} does not fit",
            f"shape {pixels.shape}",
            "(h, w), (h, w, 3) or (3, h, w)",
            cure,
            field="images",
        )
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype.kind == "f" and np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1:
        return np.round(pixels * 255).astype(np.uint8)
    got = f"{pixels.dtype} from {pixels.min()} to {pixels.max()}"
    cure = "Divide by the largest value, or undo the normalisation."
    raise WrongInput(f"picture {at} does not fit", got, "uint8, or floats from 0 to 1", cure, field="images")
