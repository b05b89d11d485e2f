"""What remains of training: the network, what its pictures look like, its history and its mistakes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.shape import network_of

Array = NDArray[Any]

FORMAT = 2
WORST = 60
"""Wrong answers kept for the view."""


@dataclass
class Model:
    """A trained network and the little around it that a call and a view need."""

    network: Network
    shape: dict[str, Any]
    """What ``shape.network_of`` makes the network from."""
    classes: list[str]
    side: int
    digits: bool
    """True where drawings are to be cropped and centred as digits are."""
    history: dict[str, list[float]]
    """Name to one number an epoch."""
    metrics: dict[str, float]
    confusion: Array
    """(classes, classes) counts over the test images: row the truth, column the answer."""
    worst_images: Array
    """(n, side, side) uint8: test images it got wrong, most confident mistake first."""
    worst: Array
    """(n, 3): truth, answer, probability of the answer."""

    @cached_property
    def exact(self) -> Network:
        """The same network in float64, so that a picture's answer does not depend on what else is in the batch."""
        twin = network_of(self.shape, dtype=np.float64)
        twin.load(self.network.state())
        return twin

    def save(self, folder: Path) -> None:
        """``network.json`` and ``weights.npz``."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "format": FORMAT,
            "shape": self.shape,
            "classes": self.classes,
            "side": self.side,
            "digits": self.digits,
            "history": self.history,
            "metrics": self.metrics,
        }
        (folder / "network.json").write_text(json.dumps(about, indent=1))
        arrays = {"confusion": self.confusion, "worst_images": self.worst_images, "worst": self.worst}
        np.savez_compressed(folder / "weights.npz", allow_pickle=False, **self.network.state(), **arrays)

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read what ``save`` wrote; WrongInput where the parts do not fit together."""
        about = json.loads((folder / "network.json").read_text())
        if about["format"] not in (1, FORMAT):
            raise WrongInput("this network was saved by another Castalia", f"format {about['format']}", f"{FORMAT}")
        shape = about["shape"] if about["format"] == FORMAT else _first_shape(about)
        network = network_of(shape)
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            kept = {name: arrays[name] for name in ("confusion", "worst_images", "worst")}
            try:
                network.load({name: arrays[name] for name in arrays.files if name not in kept})
            except WrongInput as error:
                raise WrongInput("weights.npz is not of this network", error.got, error.expected) from None
        names = ("classes", "side", "digits", "history", "metrics")
        return cls(network, shape, **{name: about[name] for name in names}, **kept)


def _first_shape(about: Mapping[str, Any]) -> dict[str, Any]:
    """Of a network saved before there were other layers than dense ones."""
    fixed = {"channels": [], "activation": "relu", "normalisation": "none", "dropout": 0.0, "start": "he"}
    return {"sizes": about["sizes"], "side": about["side"], **fixed}
