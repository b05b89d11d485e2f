"""The contract of the toy: two plain functions, then the System that stands on them."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from castalia.core.conformance import fitted, system_milestone
from castalia.core.contract import Claim, Contract, Milestone, Subject, equal, true

INTERFACE = '''
import numpy as np


# --- M1 ---
def loss(slope: float, x: np.ndarray, y: np.ndarray) -> float:
    """The mean squared distance of the points (x, y) from the line slope * x."""
    raise NotImplementedError


def step(slope: float, x: np.ndarray, y: np.ndarray, rate: float) -> float:
    """The slope after one step of this rate down the gradient of half the loss."""
    raise NotImplementedError


# --- M2 ---
# A System needs castalia in your Python; what is above does not.
from castalia.core.system import Field, Record, Run, System


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


class Slope(System[Params, Input, Output]):
    """Reads a height off a line that it learnt."""

    QUICK = Params(steps=30)

    def fit(self, run: Run) -> dict:
        """Learn from 200 points, starting at slope 0; return {"test_error": distance of the slope from the true one}.

        x = numpy.random.default_rng(seed).uniform(-1, 1, 200), and y = slope * x + generator.normal(0, noise, 200) of
        the same generator. Each step is logged as loss, after it, and told as progress; a stopped fit goes on."""
        raise NotImplementedError

    def __call__(self, x: Input) -> Output:
        raise NotImplementedError

    def save(self, folder) -> None:
        raise NotImplementedError

    def load(self, folder) -> None:
        raise NotImplementedError
'''


def points(rng: np.random.Generator, size: int) -> tuple[Any, ...]:
    return float(rng.normal()), rng.normal(size=size), 3 * rng.normal(size=size)


def points_and_rate(rng: np.random.Generator, size: int) -> tuple[Any, ...]:
    return *points(rng, size), float(rng.uniform(0.01, 1.0))


def loss(slope: float, x: Any, y: Any) -> float:
    return math.fsum((slope * a - b) ** 2 for a, b in zip(x.tolist(), y.tolist(), strict=True)) / len(x)


def goes_downhill(subject: Subject, slope: float, x: Any, y: Any, rate: float) -> None:
    """A finite difference of the oracle's loss gives the gradient: the loss is a parabola, so it is exact."""
    gradient = (loss(slope + 0.5, x, y) - loss(slope - 0.5, x, y)) / 2
    got = subject.call("step", slope, x, y, rate)
    equal(got, slope - rate * gradient, 1e-9, "step(slope, x, y, rate)", scale=1 + abs(rate * gradient) + abs(slope))


def finds_the_slope(subject: Subject, params: dict[str, Any], questions: list[dict[str, Any]]) -> None:
    system = subject.new("System", {"steps": 30, **params})
    error = system.call("fit")["test_error"]
    slope = system.call("call", {"x": 1.0})["y"]
    equal(error, abs(slope - params["slope"]), 1e-9, "test_error", scale=1.0)
    for question in questions:
        wanted = params["slope"] * question["x"]
        got = system.call("call", question)["y"]
        equal(got, wanted, 0.05, f"the height at {question['x']}", scale=abs(question["x"]))


def follows_the_gradient(subject: Subject, params: dict[str, Any], questions: list[dict[str, Any]]) -> None:
    """The whole way down, made again from the interface's words."""
    system = fitted(subject, params)
    generator = np.random.default_rng(params["seed"])
    x = generator.uniform(-1, 1, 200)
    y = params["slope"] * x + generator.normal(0, 0.01, 200)
    slope, losses = 0.0, []
    for _ in range(30):
        slope -= 0.5 * math.fsum((slope * x - y) * x) / 200
        losses.append(loss(slope, x, y))
    logged = system.call("logged")
    true([step for step, _ in logged] == list(range(30)), "the steps that are logged", logged[:2], "0, 1, 2, ...")
    equal([values["loss"] for _, values in logged], losses, 1e-9, "the losses that are logged")
    told = system.call("progress")
    true(told == [[step + 1.0, 30.0] for step in range(30)], "the progress", told[-2:], "[30, 30] at its end")


def waits(subject: Subject, params: dict[str, Any], questions: list[dict[str, Any]]) -> None:
    system = subject.new("System", {"steps": 3, "pause": 0.05, **params})
    began = time.monotonic()
    system.call("fit")
    seconds = time.monotonic() - began
    true(seconds >= 0.15, "three steps with a pause of 0.05 s", f"{seconds:.3f} s", "0.15 s or more")


def drawn_params(rng: np.random.Generator) -> dict[str, Any]:
    return {"slope": float(rng.choice([-1, 1]) * rng.uniform(1, 3)), "seed": int(rng.integers(2**31))}


def drawn_question(rng: np.random.Generator, size: int) -> dict[str, Any]:
    return {"x": float(rng.normal(scale=size))}


def drawn(rng: np.random.Generator, size: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return drawn_params(rng), [drawn_question(rng, size) for _ in range(3)]


LOSS = Claim(
    id="loss", words="loss is the mean squared distance from the line.", topics={"ml01": 1.0}, make=points,
    oracle=loss, function="loss",
    hints=("What is the distance of one point?", "Squared, then the mean over all points.", "slope * x - y"),
)  # fmt: skip
STEP = Claim(
    id="downhill", words="step goes down the gradient of half the loss.", topics={"ma04": 1.0, "ma02": 0.5},
    make=points_and_rate, holds=goes_downhill, at="step",
    hints=("Which way is down?", "The derivative of half a square has no 2.", "The mean of distance times x."),
)  # fmt: skip
FINDS = Claim(
    id="finds", words="After a quick fit it reads heights off the true line, to 5 %.", topics={"ml01": 1.0},
    make=drawn, holds=finds_the_slope, at="Slope.fit", cases=4, budget=20.0, sizes=(1, 2, 4),
    hints=("How far is the slope from Params.slope?", "Enough steps, of the right sign.", "The loop in fit."),
)  # fmt: skip
FOLLOWS = Claim(
    id="follows", words="fit goes down the gradient of the points that Params names, and logs each loss.",
    topics={"mo07": 1.0, "ma04": 0.5}, make=drawn, holds=follows_the_gradient, at="Slope.fit", cases=2, budget=20.0,
    sizes=(1, 2, 4), hints=("Which step is the first that differs?", "The same points, the same order of draws.",
                            "run.log(step, loss=...) comes after the step."),
)  # fmt: skip
WAITS = Claim(
    id="waits", words="fit waits after each step for as long as Params says.", topics={"py01": 1.0}, make=drawn,
    holds=waits, at="Slope.fit", cases=1, budget=20.0, sizes=(1,),
    hints=("Which parameter is not used?", "pause.", "At the end of the loop."),
)  # fmt: skip
SYSTEM = system_milestone(
    "M2", system="Slope", topics={"py02": 1.0}, interface=INTERFACE, question=drawn_question, params=drawn_params,
    continues=True, more=(FINDS, FOLLOWS, WAITS),
)  # fmt: skip
CONTRACT = Contract(
    project="slope", interface=INTERFACE, milestones=(Milestone("M1", "Down the slope", (LOSS, STEP)), SYSTEM),
    source=Path(__file__).read_text("utf-8"),
)  # fmt: skip
