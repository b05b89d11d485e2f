"""A line through noisy points. One row: x = 0.5, y = 1.0.

Slow on request (``pause``), and continues from what it left in ``run.folder``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from castalia.core.fields import Table
from castalia.core.system import Field, Record, Run, System

Array = NDArray[np.float64]


class Params(Record):
    slope: float = Field(2.0, ge=-100, le=100, description="The slope of the line that made the points.")
    steps: int = Field(50, ge=1, le=100_000, description="Steps of gradient descent.")
    rate: float = Field(0.5, gt=0, le=1, description="Learning rate.")
    pause: float = Field(0.0, ge=0, le=10, description="Seconds to wait after each step.")
    noise: float = Field(0.01, ge=0, le=10, description="Standard deviation of the noise.")
    seed: int = Field(0, ge=0, le=2**31, description="Seed of the points.")


class Input(Record):
    x: float = Field(ge=-1e6, le=1e6, examples=[0.5], description="Where to read the line.")


class Output(Record):
    y: float = Field(description="The height of the line at x.")


def loss(slope: float, x: Array, y: Array) -> float:
    """The mean squared distance of the points from the line."""
    return float(np.mean((slope * x - y) ** 2))


def step(slope: float, x: Array, y: Array, rate: float) -> float:
    """The slope after one step down the gradient of half the loss."""
    return slope - rate * float(np.mean((slope * x - y) * x))


class Slope(System[Params, Input, Output]):
    """Reads a height off a line that it learnt."""

    QUICK = Params(steps=30)

    def __init__(self, params: Params | None = None) -> None:
        super().__init__(params)
        self.slope = 0.0

    def fit(self, run: Run) -> Mapping[str, float]:
        p = self.params
        generator = np.random.default_rng(p.seed)
        x = generator.uniform(-1, 1, 200)
        y = p.slope * x + generator.normal(0, p.noise, 200)
        done = 0
        kept = run.folder / "step.json"
        if kept.exists():
            done, self.slope = json.loads(kept.read_text())
        for number in range(done, p.steps):
            self.slope = step(self.slope, x, y, p.rate)
            draft = kept.with_suffix(".part")
            draft.write_text(json.dumps([number + 1, self.slope]))
            draft.replace(kept)
            run.log(number, loss=loss(self.slope, x, y))
            run.progress(number + 1, p.steps)
            time.sleep(p.pause)
        return {"test_error": abs(self.slope - p.slope)}

    def __call__(self, x: Input) -> Output:
        return Output(y=self.slope * x.x)

    def predict(self, table: Table) -> Table:
        xs = np.asarray(table.columns["x"], dtype=float)
        return Table({**table.columns, "y": list(self.slope * xs)}, table.like)

    def save(self, folder: Path) -> None:
        (folder / "slope.json").write_text(json.dumps(self.slope))

    def load(self, folder: Path) -> None:
        self.slope = json.loads((folder / "slope.json").read_text())
