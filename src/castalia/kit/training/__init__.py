"""Pieces of training that belong to no framework. NumPy alone; torch only where it is imported already.

``seed``, ``spawn``, ``random_state`` and ``restore`` for chance; ``schedules``, ``Plateau`` and ``find_rate`` for the
learning rate; ``EarlyStopping``; ``Checkpoints`` on disk; and ``Loop`` with ``callbacks``, which puts them together.

>>> from castalia.kit import training
>>> training.schedules.Cosine(0.1, steps=100).rate(50)
0.05
"""

from castalia.kit.training import archive, callbacks, schedules
from castalia.kit.training.callbacks import Callback
from castalia.kit.training.checkpoints import Checkpoints, Saved
from castalia.kit.training.loop import Loop, Model
from castalia.kit.training.plateau import Plateau
from castalia.kit.training.rate_range import RateRange, find_rate
from castalia.kit.training.seeds import random_state, restore, seed, spawn
from castalia.kit.training.stopping import EarlyStopping

__all__ = [
    "Callback", "Checkpoints", "EarlyStopping", "Loop", "Model", "Plateau", "RateRange", "Saved", "archive",
    "callbacks", "find_rate", "random_state", "restore", "schedules", "seed", "spawn",
]  # fmt: skip
