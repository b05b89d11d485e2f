"""Forests and boosted trees as plain arrays: scored without the library that grew them, one row in microseconds.

A library that scores a million rows well spends milliseconds on one: it checks, copies and starts threads first. Here
the leaf of every tree is looked up at once (``tree_table.py``); the table is made at the first row. NumPy alone:
scikit-learn and LightGBM models are read by their attributes, and neither is imported.

>>> trees = Trees.of(forest)                    # doctest: +SKIP
>>> trees(row)                                  # doctest: +SKIP
array([0.98, 0.02])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from castalia.core.errors import WrongInput

if TYPE_CHECKING:
    from castalia.kit.tree_table import LeafTable

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ZERO = 1e-35
"""LightGBM's: what is nearer to zero counts as zero."""
_CHUNK = 1 << 20
LINKS: Mapping[str, Callable[[Floats], Floats]] = {
    "identity": lambda raw: raw,
    "sigmoid": lambda raw: _two(1 / (1 + np.exp(-raw))),
    "softmax": lambda raw: _normalised(np.exp(raw - raw.max(axis=-1, keepdims=True))),
    "exp": np.exp,
}


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Nodes of all trees, one after another. A leaf is its own child. A row goes left where ``x <= threshold``."""

    features: int
    feature: Ints
    threshold: Floats
    child: Ints
    """Left and right child of each node, in turn: 2 entries a node."""
    value: Floats
    """(nodes, outputs); only those of leaves are used."""
    roots: Ints
    missing_left: NDArray[np.bool_]
    """Where a missing value goes."""
    missing: NDArray[np.uint8]
    """What counts as missing at a node: 0 nothing (NaN is read as 0), 1 zero and NaN, 2 NaN."""
    categories: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))
    """A row for each categorical node: the categories that go left."""
    categorical: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """The nodes that these rows belong to."""
    depth: int = 0
    scale: float = 1.0
    start: Floats = field(default_factory=lambda: np.zeros(1))
    link: str = "identity"
    single: bool = False
    """Rows are rounded to float32 first, as scikit-learn's trees do."""

    @classmethod
    def of(cls, model: Any) -> Trees:
        """From a fitted scikit-learn tree, forest or gradient boosting, or a LightGBM model. WrongInput for others."""
        from castalia.kit.tree_readers import read

        return cls(**read(model))

    def __call__(self, row: ArrayLike) -> Floats:
        """Score one row: what ``predict_proba`` or ``predict`` of the model gives for it."""
        x = self._row(row)
        table = self._table
        if table.below is None or (self._plain and not np.isnan(x).any()):
            node = table.find(x)
        else:
            node = self._walk(x[None, :])[0]
        return np.asarray(self._scored(self.value.take(node, axis=0)[None])[0])

    def predict(self, rows: ArrayLike) -> Floats:
        """Score many rows, (n, features) -> (n, outputs)."""
        x = np.asarray(rows, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.features:
            raise WrongInput("rows do not fit", f"shape {x.shape}", f"(n, {self.features})", field="rows")
        if self.single:
            x = x.astype(np.float32).astype(np.float64)
        some = max(1, _CHUNK // len(self.roots))
        parts = [self._scored(self.value[self._walk(x[at : at + some])]) for at in range(0, len(x), some)]
        return np.concatenate(parts) if parts else np.zeros((0, self._scored(self.value[self.roots][None]).shape[1]))

    def save(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for ``np.savez``."""
        return {name: np.asarray(value) for name, value in vars(self).items() if name in self.__dataclass_fields__}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Trees:
        """From what ``save`` gave. WrongInput where nodes, features or leaves point outside, or a path has no end."""
        try:
            plain = {name: arrays[name] for name in cls.__dataclass_fields__}
        except KeyError as error:
            raise WrongInput("these are no trees", f"no {error.args[0]}", "what save() gave") from None
        scalars: dict[str, Callable[[Any], Any]] = {
            "features": int, "depth": int, "scale": float, "link": str, "single": bool,
        }  # fmt: skip
        given: dict[str, Any] = {name: scalars.get(name, np.asarray)(value) for name, value in plain.items()}
        made = cls(**given)
        made._check()
        return made

    # --- walking down ------------------------------------------------------------------------------

    @cached_property
    def _table(self) -> LeafTable:
        from castalia.kit.tree_table import made

        return made(self)

    @cached_property
    def _plain(self) -> bool:
        """No category and no zero that counts as missing: only NaN needs care."""
        return not len(self.categorical) and not (self.missing == 1).any()

    def _walk(self, x: Floats) -> Ints:
        """The leaf of each row in each tree, (n, trees), asking on the way."""
        rows = np.arange(len(x))[:, None]
        node = np.broadcast_to(self.roots, (len(x), len(self.roots)))
        careful = not self._plain or bool(np.isnan(x).any())
        for _ in range(self.depth):
            seen = x[rows, self.feature.take(node)]
            right = self.goes_right(seen, node) if careful else seen > self.threshold.take(node)
            node = self.child.take(2 * node + right)
        return node

    def goes_right(self, seen: Floats, node: Ints) -> NDArray[np.bool_]:
        """Whether values ``seen`` go right at these nodes, with missing values and categories."""
        kind, nan, threshold = self.missing[node], np.isnan(seen), self.threshold[node]
        right = np.where((kind == 0) & nan, threshold < 0.0, seen > threshold)
        gone = nan & (kind > 0) | (kind == 1) & (np.abs(seen) <= ZERO)
        right = np.where(gone, ~self.missing_left[node], right)
        if len(self.categorical):
            at = self._category_row[node]
            code = np.where(np.isfinite(seen) & (seen > -1), seen, self.categories.shape[1]).astype(np.int64)
            inside = (code >= 0) & (code < self.categories.shape[1])
            left = inside & self.categories[at, np.where(inside, code, 0)]
            right = np.where(at >= 0, ~left, right)
        return right

    @cached_property
    def _category_row(self) -> Ints:
        rows = np.full(len(self.feature), -1, dtype=np.intp)
        rows[self.categorical] = np.arange(len(self.categorical))
        return rows

    def _scored(self, leaves: Floats) -> Floats:
        """(n, trees, outputs) -> (n, outputs). Trees are added in their order, as the libraries do."""
        if self.value.shape[1] == len(self.start):
            raw = np.add.reduce(leaves, axis=1)
        else:  # boosting of several classes: tree i adds to class i % classes
            raw = np.add.reduce(leaves[:, :, 0].reshape(len(leaves), -1, len(self.start)), axis=1)
        return LINKS[self.link](raw * self.scale + self.start)

    def _row(self, row: ArrayLike) -> Floats:
        x = np.asarray(row, dtype=np.float64)
        if x.shape != (self.features,):
            raise WrongInput("the row does not fit", f"shape {x.shape}", f"({self.features},)", field="row")
        return x.astype(np.float32).astype(np.float64) if self.single else x

    def _check(self) -> None:
        nodes = len(self.feature)
        for name, array, end in (
            ("feature", self.feature, self.features), ("child", self.child, nodes), ("roots", self.roots, nodes),
            ("categorical", self.categorical, nodes),
        ):  # fmt: skip
            if array.dtype.kind not in "iu" or (array.size and (array.min() < 0 or array.max() >= end)):
                raise WrongInput("these are no trees", f"{name} points outside", f"0 to {end - 1}", field=name)
        sizes = {len(self.threshold), len(self.value), len(self.missing), len(self.missing_left), len(self.child) // 2}
        if sizes != {nodes} or self.value.ndim != 2 or not len(self.roots) or self.link not in LINKS:
            raise WrongInput("these are no trees", f"{nodes} nodes, arrays of {sorted(sizes)}", "one entry a node")
        if not 0 <= self.depth <= nodes or len(self.categories) != len(self.categorical):
            raise WrongInput("these are no trees", f"depth {self.depth}", f"0 to {nodes}")


def growing(parts: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Put single trees together. A part has feature, threshold, left and right (-1 for leaves), value, missing."""
    kept: dict[str, list[Any]] = {name: [] for name in ("feature", "threshold", "child", "value", "left", "kind")}
    roots, offset, depth = list[int](), 0, 0
    for part in parts:
        leaf, own = part["left"] < 0, np.arange(len(part["left"]))
        children = [np.where(leaf, own, part[side]) + offset for side in ("left", "right")]
        kept["feature"].append(np.where(leaf, 0, part["feature"]))
        kept["threshold"].append(np.where(leaf, np.inf, part["threshold"]))
        kept["child"].append(np.stack(children, axis=1).ravel())
        kept["value"].append(part["value"])
        kept["left"].append(np.where(leaf, True, part["missing_left"]))
        kept["kind"].append(np.where(leaf, 2, part["missing"]))
        roots.append(offset)
        offset += len(own)
        depth = max(depth, _depth(part["left"], part["right"]))
    joined = {name: np.concatenate(each) for name, each in kept.items()}
    return {
        "feature": joined["feature"].astype(np.intp), "threshold": joined["threshold"].astype(np.float64),
        "child": joined["child"].astype(np.intp), "value": joined["value"].astype(np.float64),
        "roots": np.array(roots, dtype=np.intp), "missing_left": joined["left"].astype(np.bool_),
        "missing": joined["kind"].astype(np.uint8), "depth": depth,
    }  # fmt: skip


def _depth(left: Ints, right: Ints) -> int:
    """Steps from the root to the farthest leaf."""
    level, steps = np.array([0]), 0
    while len(level := level[left[level] >= 0]):
        level, steps = np.concatenate([left[level], right[level]]), steps + 1
    return steps


def _two(p: Floats) -> Floats:
    return np.concatenate([1 - p, p], axis=-1)


def _normalised(x: Floats) -> Floats:
    return np.asarray(x / x.sum(axis=-1, keepdims=True))
