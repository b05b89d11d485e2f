"""Batches of row numbers: the same seed and epoch give the same batches, on any machine with the same NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput


def batches(
    n: int, size: int, seed: int = 0, epoch: int = 0, drop_last: bool = False, shuffle: bool = True
) -> Iterator[NDArray[np.int64]]:
    """Row numbers 0 .. n-1 in batches of ``size``, each row once an epoch.

    The order depends on ``(seed, epoch)`` alone, so a run that continues at epoch 7 sees what it would have
    seen. The last batch is shorter where ``size`` does not divide ``n``, or left out with ``drop_last``.
    """
    for field, value, least in (("n", n, 0), ("size", size, 1), ("seed", seed, 0), ("epoch", epoch, 0)):
        if value < least:
            raise WrongInput(f"{field} does not fit", f"{field} = {value}", f"a whole number from {least}", field=field)
    order = np.random.default_rng([seed, epoch]).permutation(n) if shuffle else np.arange(n)
    stop = n - n % size if drop_last else n
    return (order[start : start + size] for start in range(0, stop, size))
