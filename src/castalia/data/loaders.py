"""The original formats of the registered data sets, parsed as their authors published them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.rows import Column
from castalia.data.sources import Source
from castalia.kit.tabular import delimited
from castalia.kit.tabular.content import Content
from castalia.kit.tabular.inference import MISSING, Cell
from castalia.kit.tabular.rows import Arrays, Rows

Files = Mapping[str, bytes]
"""File name to verified, uncompressed content, in the order of the registry."""


@dataclass(frozen=True)
class Parsed:
    """What a loader made of a set's files."""

    arrays: Arrays
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    split: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    """The authors' own training and test rows, where one table holds both."""


Parse = Callable[[], Parsed]


def load(source: Source, files: Files) -> Parsed:
    """Parse the files of ``source``. Raises :class:`WrongInput` naming set, file and place where they do not parse."""
    return _LOADERS[source.loader](source, files)


def _delimited(source: Source, files: Files) -> Parsed:
    (name, content), *_ = files.items()
    return _parsed(delimited.read(Content.of(f"{source.name}: {name}", content)))


def _adult(source: Source, files: Files) -> Parsed:
    """Adult: ``", "`` between fields, no header, ``?`` for missing; the test file begins with ``|1x3 Cross
    validator`` and ends each label in a dot."""
    train, test = (
        [cells for _, cells in _headless(source, name, content, lines=1 if content.startswith(b"|") else 0).lines()]
        for name, content in files.items()
    )
    rows = [*train, *([*row[:-1], str(row[-1]).removesuffix(".")] for row in test)]
    parsed = _parsed(_kept(source, rows), missing=MISSING | {"?"})
    number = np.arange(len(rows))
    return Parsed(parsed.arrays, parsed.columns, (), (number[: len(train)], number[len(train) :]))


def _labelled(source: Source, files: Files) -> Parsed:
    """scikit-learn's small sets: a line ``rows,columns,class,class...``, then numbers, last the class's number."""
    (name, content), *_ = files.items()
    body = _headless(source, name, content, lines=1)
    rows = [[*row[:-1], source.classes[int(str(row[-1]))]] for _, row in body.lines()]
    return _parsed(_kept(source, rows))


def _diabetes(source: Source, files: Files) -> Parsed:
    """Two files of numbers separated by spaces: ten measures a patient, and the target."""
    measures, target = (content.decode("ascii").split("\n") for content in files.values())
    rows = [[*a.split(), repr(float(b))] for a, b in zip(measures, target, strict=True) if a]
    return _parsed(_kept(source, rows))


def _idx_images(source: Source, files: Files) -> Parsed:
    """MNIST's format: four idx files, images and labels, to train and to test."""
    arrays: Arrays = {}
    for file, content in files.items():
        part = "train" if file.startswith("train") else "test"
        what = "images" if "images" in file else "labels"
        array = idx(f"{source.name}: {file}", content)
        arrays[f"{part}_{what}"] = array.astype(np.int64) if what == "labels" else array
    for part in ("train", "test"):
        _check_labels(source, arrays[f"{part}_images"], arrays[f"{part}_labels"], part)
    return Parsed(arrays)


def _optdigits(source: Source, files: Files) -> Parsed:
    """UCI digits: 64 pixels and the digit a line."""
    (name, content), *_ = files.items()
    flat = np.array(content.replace(b"\n", b",").rstrip(b",").split(b","), dtype=np.int64)
    if flat.size % 65:
        got, expected = f"{flat.size} numbers", "65 numbers a line"
        raise WrongInput(f"{source.name}: {name} does not parse", got, expected, field="data")
    table = flat.reshape(-1, 65)
    images, labels = table[:, :64].astype(np.uint8).reshape(-1, 8, 8), table[:, 64].copy()
    _check_labels(source, images, labels, "train")
    return Parsed({"train_images": images, "train_labels": labels})


def idx(name: str, content: bytes) -> NDArray[np.uint8]:
    """An array of unsigned bytes in idx form: two zero bytes, 8, the number of axes, each axis' length, the data.

    The lengths are checked against the size of the content before anything is made of that size.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08" or not 1 <= content[3] <= 4:
        raise WrongInput(f"{name} is no idx file of bytes", f"first bytes {content[:4].hex()}", "000008 and 01 to 04")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    size = 1
    for length in shape:
        size *= length
    if len(content) != start + size:
        got = f"{len(content):,} bytes"
        expected = f"{start + size:,} bytes, as its header says: {' x '.join(map(str, shape))}"
        raise WrongInput(f"{name} is cut or changed", got, expected, "Copy or download it again.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def _headless(source: Source, name: str, content: bytes, lines: int) -> Rows:
    of = Content.of(f"{source.name}: {name}", content)
    return delimited.read(of, delimiter=",", names=source.columns, lines=lines)


def _kept(source: Source, rows: Sequence[Sequence[Cell]]) -> Rows:
    """Rows that are in memory already."""
    return Rows(source.columns, lambda size: iter([(range(1, len(rows) + 1), rows)]))


def _parsed(rows: Rows, missing: Collection[str] | None = None) -> Parsed:
    shape = rows.shape(missing)
    return Parsed(rows.arrays(shape), tuple(shape.columns()), rows.notes)


def _check_labels(source: Source, images: NDArray[np.uint8], labels: NDArray[np.int64], part: str) -> None:
    if len(images) != len(labels) or labels.size == 0 or not 0 <= labels.min() <= labels.max() < len(source.classes):
        got = f"{len(images)} images and {len(labels)} labels"
        raise WrongInput(f"{source.name}: {part} part does not fit together", got, "one known label an image")


_LOADERS: Mapping[str, Callable[[Source, Files], Parsed]] = {
    "adult": _adult,
    "delimited": _delimited,
    "diabetes": _diabetes,
    "idx": _idx_images,
    "labelled": _labelled,
    "optdigits": _optdigits,
}
