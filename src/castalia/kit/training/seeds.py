"""One seed for every source of chance, independent streams by name, and their state, saved and put back exactly.

>>> spawn(3, "shuffle").integers(100, size=3).tolist() == spawn(3, "shuffle").integers(100, size=3).tolist()
True
>>> spawn(3, "shuffle").integers(100, size=3).tolist() == spawn(3, "dropout").integers(100, size=3).tolist()
False
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from castalia.core.errors import Unavailable, WrongInput

State = dict[str, Any]
_PYTHON = 3
"""The format of ``random.getstate``; the same since Python 3.2."""


def seed(n: int) -> np.random.Generator:
    """Seed ``random``, NumPy's legacy generator and, where it is imported already, torch on every device.

    Returns a fresh generator of that seed, which is what new code should draw from. ``n`` is from 0 to 2**32 - 1.
    """
    _checked(n)
    random.seed(n)
    np.random.seed(n)
    if (torch := _torch()) is not None:
        torch.manual_seed(n)
    return np.random.default_rng(n)


def spawn(n: int, *names: str | int) -> np.random.Generator:
    """A generator of its own for what the names say: ``spawn(0, "epoch", 3)``.

    Streams of different names are independent (NumPy's SeedSequence, O'Neill 2015), the same name gives the same
    stream whatever else was drawn, and global state is left alone.
    """
    _checked(n)
    if not names or not all(isinstance(name, str | int) and not isinstance(name, bool) for name in names):
        cure = "Say what the stream is for, as in spawn(0, 'shuffle', epoch)."
        raise WrongInput("a stream needs a name", repr(names)[:80], "texts and whole numbers", cure, field="names")
    # repr keeps 3 and "3", and ("a", "b") and ("ab",), apart
    words = np.frombuffer(hashlib.sha256(repr(names).encode()).digest(), dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence(n, spawn_key=[int(word) for word in words]))


def random_state(*generators: np.random.Generator) -> State:
    """Everything that :func:`seed` seeds, as it stands now, and the generators given; for :func:`restore`.

    Plain values and arrays, which a checkpoint takes as they are.
    """
    _, words, spare = random.getstate()
    name, key, position, has_gauss, gauss = np.random.get_state()
    state: State = {
        "python": {"words": np.array(words, np.uint32), "spare": spare},
        "numpy": {
            "name": str(name), "key": np.array(key), "position": position, "has_gauss": has_gauss, "gauss": gauss,
        },
        "generators": [generator.bit_generator.state for generator in generators],
    }  # fmt: skip
    if (torch := _torch()) is not None:
        state["torch"] = {"cpu": torch.get_rng_state().numpy().copy()}
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            state["torch"]["cuda"] = [one.numpy().copy() for one in torch.cuda.get_rng_state_all()]
        if torch.backends.mps.is_available():
            state["torch"]["mps"] = torch.mps.get_rng_state().numpy().copy()
    return state


def restore(state: Mapping[str, Any], *generators: np.random.Generator) -> None:
    """Put back what :func:`random_state` took: what is drawn next is what would have been drawn then.

    The same number of generators is expected, of the same kinds. Torch is imported where its state was taken.
    """
    known = {"python", "numpy", "generators"}
    if not known <= set(state) <= known | {"torch"}:
        raise _no_state(f"the parts {sorted(map(str, state))}")
    if len(state["generators"]) != len(generators):
        got, expected = f"{len(generators)} generators", f"{len(state['generators'])}, as when it was taken"
        raise WrongInput("the generators do not fit", got, expected, "Give them in the same order.", field="generators")
    python, numpy = state["python"], state["numpy"]
    try:
        random.setstate((_PYTHON, tuple(int(word) for word in python["words"]), python["spare"]))
        parts = [numpy[part] for part in ("name", "key", "position", "has_gauss", "gauss")]
        np.random.set_state(tuple(parts))
        for generator, kept in zip(generators, state["generators"], strict=True):
            generator.bit_generator.state = kept
    except (KeyError, TypeError, ValueError) as error:
        raise _no_state(str(error)) from None
    if "torch" in state:
        _restore_torch(state["torch"])


def _restore_torch(state: Mapping[str, Any]) -> None:
    try:
        import torch
    except ImportError:
        cure = "pip install 'castalia[deep]'"
        raise Unavailable("the state holds torch's generators", "no torch", "torch", cure) from None
    torch.set_rng_state(torch.from_numpy(np.array(state["cpu"])))
    if "cuda" in state and torch.cuda.is_available():
        kept = [torch.from_numpy(np.array(one)) for one in state["cuda"]]
        torch.cuda.set_rng_state_all(kept[: torch.cuda.device_count()])
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(torch.from_numpy(np.array(state["mps"])))


def _torch() -> Any:
    """Torch, only where somebody imported it: seeding must not cost a second and 200 MB."""
    return sys.modules.get("torch")


def _checked(n: int) -> None:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or not 0 <= n < 2**32:
        cure = "NumPy's legacy generator takes 32 bits."
        raise WrongInput("the seed does not fit", repr(n)[:80], "a whole number from 0 to 2**32 - 1", cure, field="n")


def _no_state(got: str) -> WrongInput:
    return WrongInput("this is no state of generators", got[:80], "what random_state() gave", "Take it anew.")
