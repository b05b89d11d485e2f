"""What remains of training: the network, what its pictures look like, its history and its mistakes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.projects.neural_net.network import Network

Array = NDArray[Any]

FORMAT = 1
WORST = 60
"""Wrong answers kept for the view."""


@dataclass
class Model:
    """A trained network and the little around it that a call and a view need."""

    network: Network
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

    def save(self, folder: Path) -> None:
        """``network.json`` and ``weights.npz``."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "format": FORMAT,
            "sizes": list(self.network.sizes),
            "classes": self.classes,
            "side": self.side,
            "digits": self.digits,
            "history": self.history,
            "metrics": self.metrics,
        }
        (folder / "network.json").write_text(json.dumps(about, indent=1))
        np.savez_compressed(
            folder / "weights.npz",
            parameters=self.network.parameters,
            confusion=self.confusion,
            worst_images=self.worst_images,
            worst=self.worst,
        )

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Read what ``save`` wrote; WrongInput where the parts do not fit together."""
        about = json.loads((folder / "network.json").read_text())
        if about["format"] != FORMAT:
            raise WrongInput("this network was saved by another Castalia", f"format {about['format']}", f"{FORMAT}")
        network = Network(about["sizes"])
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            if arrays["parameters"].shape != network.parameters.shape:
                got = f"{arrays['parameters'].size:,} parameters"
                raise WrongInput("weights.npz is not of this network", got, f"{network.parameters.size:,}")
            network.parameters[...] = arrays["parameters"]
            kept = {name: arrays[name] for name in ("confusion", "worst_images", "worst")}
        names = ("classes", "side", "digits", "history", "metrics")
        return cls(network, **{name: about[name] for name in names}, **kept)
