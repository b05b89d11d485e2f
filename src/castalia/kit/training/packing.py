"""Nested values as JSON with the arrays beside it, and back: the same types, dtypes and shapes, and no pickle.

Taken are None, booleans, numbers, texts, bytes, NumPy arrays and scalars, torch tensors, and dicts, lists and tuples
of these. Numbers need not be finite, whole numbers may have any length, keys may be whole numbers as in torch's
optimizers.

>>> packed = pack({"step": 3, "weights": (np.zeros(2), None)})
>>> unpack(packed.shape, packed.arrays, {})
{'step': 3, 'weights': (array([0., 0.]), None)}
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput

DEEPEST = 64
_TAKEN = "None, numbers, texts, bytes, arrays, tensors, and dicts, lists and tuples of these"
_KINDS = "biufcSUmM"


@dataclass
class Packed:
    """``shape`` is JSON; numbers in it point into ``arrays`` and into ``tensors``, which are on the CPU."""

    shape: Any = None
    arrays: list[NDArray[Any]] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)


def pack(tree: Any) -> Packed:
    """Take a tree apart. WrongInput names the place of what cannot be kept."""
    packed = Packed()
    packed.shape = _taken(tree, packed, ())
    return packed


def unpack(shape: Any, arrays: Sequence[NDArray[Any]], tensors: Mapping[int, Any]) -> Any:
    """Put it together again. KeyError, IndexError, TypeError or ValueError where the shape is not ours."""
    if shape is None or isinstance(shape, bool | int | float | str):
        return shape
    [(kind, content)] = shape.items()
    if kind == "list":
        return [unpack(value, arrays, tensors) for value in content]
    if kind == "tuple":
        return tuple(unpack(value, arrays, tensors) for value in content)
    if kind == "dict":
        return {key: unpack(value, arrays, tensors) for key, value in content}
    if kind == "array":
        return arrays[content]
    if kind == "scalar":
        return arrays[content][()]
    if kind == "bytes":
        return arrays[content].tobytes()
    if kind == "tensor":
        return tensors[content]
    if kind == "float":
        return float(content)
    raise ValueError(f"no such kind: {kind}")


def _taken(tree: Any, packed: Packed, at: tuple[Any, ...]) -> Any:
    if len(at) > DEEPEST:
        raise WrongInput("the state is too deep", f"more than {DEEPEST} levels", "fewer", "Does it hold itself?")
    if tree is None or type(tree) in (bool, int, str):
        return tree
    if type(tree) is float:
        return tree if math.isfinite(tree) else {"float": repr(tree)}
    if isinstance(tree, np.ndarray | np.generic):
        return {"array" if isinstance(tree, np.ndarray) else "scalar": _array(np.asarray(tree), packed, at)}
    if isinstance(tree, bytes):
        return {"bytes": _array(np.frombuffer(tree, np.uint8), packed, at)}
    if isinstance(tree, Mapping):
        return {"dict": [[_key(key, at), _taken(value, packed, (*at, key))] for key, value in tree.items()]}
    if type(tree) in (list, tuple):
        return {type(tree).__name__: [_taken(value, packed, (*at, place)) for place, value in enumerate(tree)]}
    if type(tree).__module__.split(".")[0] == "torch" and hasattr(tree, "detach"):
        packed.tensors.append(_tensor(tree, at))
        return {"tensor": len(packed.tensors) - 1}
    raise _refused(at, type(tree).__name__)


def _array(array: NDArray[Any], packed: Packed, at: tuple[Any, ...]) -> int:
    if array.dtype.kind not in _KINDS:
        raise _refused(at, f"an array of {array.dtype}")
    packed.arrays.append(array)
    return len(packed.arrays) - 1


def _tensor(tensor: Any, at: tuple[Any, ...]) -> Any:
    if str(tensor.layout) != "torch.strided" or tensor.is_quantized:
        raise _refused(at, "a sparse or quantised tensor")
    return tensor.detach().cpu().contiguous()


def _key(key: Any, at: tuple[Any, ...]) -> str | int:
    if type(key) not in (str, int):
        raise _refused(at, f"the key {key!r:.40}")
    return key  # type: ignore[no-any-return]


def _refused(at: tuple[Any, ...], got: str) -> WrongInput:
    where = "".join(f"[{key!r:.40}]" for key in at) or "the state"
    cure = "Turn it into one of these first, with a state() of your own say."
    return WrongInput(f"{where} cannot be kept", got, _TAKEN, cure, field="state")
