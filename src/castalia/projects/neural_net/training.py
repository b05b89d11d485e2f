"""The data, split honestly, and what is learnt from it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import WrongInput
from castalia.core.system import Run
from castalia.kit.training import Callback, Checkpoints, Loop, schedules
from castalia.projects.neural_net.fitting import ask, fit
from castalia.projects.neural_net.model import FORMAT, WORST, Model
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.picture import Jitter
from castalia.projects.neural_net.shape import network_of, rule_of, shape_of
from castalia.projects.neural_net.signals import signals

if TYPE_CHECKING:
    from castalia.projects.neural_net.neural_net import Params

Array = NDArray[Any]

EVERY = 20
"""Checkpoints in a training, at most about so many: each waits for the disk."""
WATCHED = 200
"""Images on which gradients and activations are measured after every epoch."""


@dataclass
class Pictures:
    """Images as uint8 (n, side * side) and their labels (n,); pixels are divided by ``peak`` on the way in."""

    images: Array
    labels: Array
    peak: float

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, index: Array | slice) -> Array:
        """The chosen images as float32 in [0, 1]."""
        return self.images[index].astype(np.float32) / np.float32(self.peak)

    def part(self, index: Array) -> Pictures:
        return Pictures(self.images[index], self.labels[index], self.peak)


@dataclass
class Lesson:
    """What is learnt from, what is watched meanwhile and what is asked at the very end."""

    train: Pictures
    validation: Pictures
    test: Pictures
    classes: list[str]
    side: int
    name: str
    digest: str

    @classmethod
    def open(cls, params: Params) -> Lesson:
        """Load ``params.data``. Its own test images where it has them, else a fifth of each class."""
        from castalia import data

        found = data.open(params.data)
        if found.kind != "images":
            raise WrongInput(
                f"{params.data} holds no images", f"a {found.kind}", "a set of images",
                "Take digits, mnist or fashion-mnist.", field="data",
            )  # fmt: skip
        arrays = found.arrays()
        images, labels = arrays["train_images"], arrays["train_labels"]
        side = images.shape[1]
        if images.ndim != 3 or images.shape[2] != side:
            shape = str(images.shape)
            raise WrongInput(f"{params.data} is not square and grey", shape, "(n, side, side)", field="data")
        peak = float(found.peak)
        whole = Pictures(images.reshape(len(images), -1), labels, peak)
        if "test_images" in arrays:
            tests = arrays["test_images"]
            train, test = whole, Pictures(tests.reshape(len(tests), -1), arrays["test_labels"], peak)
        else:
            kept, asked = data.split_rows(len(labels), test=0.2, seed=params.seed, stratify=labels)
            train, test = whole.part(kept), whole.part(asked)
        train, validation = cls._watch(train, params)
        return cls(train, validation, test, [str(c) for c in found.classes], side, found.name, found.digest)

    @staticmethod
    def _watch(train: Pictures, params: Params) -> tuple[Pictures, Pictures]:
        from castalia import data

        if not params.validation:
            return train, train.part(np.arange(0))
        kept, watched = data.split_rows(len(train), params.validation, seed=params.seed + 1, stratify=train.labels)
        return train.part(kept), train.part(watched)


def train(params: Params, lesson: Lesson, run: Run) -> Model:
    """Learn, epoch by epoch, from ``run.folder``'s checkpoint where there is one; then take the test once."""
    shape = shape_of(params, lesson.side, len(lesson.classes))
    network = network_of(shape, params.seed)
    epochs = params.epochs or min(100, max(10, math.ceil(500_000 / len(lesson.train))))
    steps = math.ceil(len(lesson.train) / params.batch)
    watched = (lesson.validation.rows, lesson.validation.labels) if len(lesson.validation) else None
    # a folder of its own for these params and this data: what another fit left is never taken over
    about = json.dumps([FORMAT, params.plain(), lesson.digest], sort_keys=True)
    key = hashlib.sha256(about.encode()).hexdigest()[:16]
    try:
        rows = fit(
            network, lesson.train.rows, lesson.train.labels, epochs=epochs, batch=params.batch, seed=params.seed,
            rule=rule_of(params, network), rate=_schedule(params, epochs * steps), clip=params.clip,
            patience=params.patience, validation=watched,
            change=Jitter(lesson.side, params.jitter) if params.jitter else None,
            callbacks=(_Watch(run, steps, network, lesson),),
            checkpoints=Checkpoints(Path(run.folder) / f"checkpoints-{key}", keep=1),
            every=max(1, epochs // EVERY),
        )  # fmt: skip
    except WrongInput as error:
        field = {"rate": "learning_rate"}.get(error.field, error.field)
        raise WrongInput(error.subject, error.got, error.expected, error.cure, field=field) from None
    history = {name: [row[name] for row in rows] for name in rows[0]}
    return _examine(network, shape, lesson, history)


class _Watch(Callback):
    """An epoch's figures to the run, with those of every layer; how far it is, between epochs too."""

    def __init__(self, run: Run, steps: int, network: Network, lesson: Lesson) -> None:
        self.run, self.steps, self.network = run, steps, network
        watched = lesson.validation if len(lesson.validation) else lesson.train
        self.rows, self.labels = watched.rows(slice(WATCHED)), watched.labels[:WATCHED]

    def on_start(self, loop: Loop) -> None:
        if loop.history:
            self.run.log(loop.epoch, **loop.history[-1])

    def before_batch(self, loop: Loop) -> None:
        if loop.step % 64 == 0:
            self.run.progress(min(loop.step / self.steps, loop.epochs), loop.epochs)

    def on_epoch(self, loop: Loop, metrics: Mapping[str, float]) -> None:
        now = signals(self.network, self.rows, self.labels)
        layers = (("gradient_norm", now.norms), ("activation_std", now.spreads))
        # kept beside the losses, so that a fit that goes on and the saved network have them too
        loop.history[-1] |= {f"{name}_{at}": value for name, each in layers for at, value in enumerate(each, 1)}
        self.run.progress(loop.epochs if loop.reason else loop.epoch, loop.epochs)
        self.run.log(loop.epoch, **loop.history[-1])


def _schedule(params: Params, total: int) -> schedules.Schedule:
    """The learning rate by step, over ``total`` of them."""
    peak, warm = params.learning_rate, round(params.warm_up * total)
    rest = max(1, total - warm)
    kinds: dict[str, Callable[[], schedules.Schedule]] = {
        "constant": lambda: schedules.Constant(peak),
        "cosine": lambda: schedules.Cosine(peak, steps=rest),
        "one_cycle": lambda: schedules.OneCycle(peak, steps=rest),
        "exponential": lambda: schedules.Exponential(peak, 0.01 ** (1 / rest)),
    }
    made = kinds[params.schedule]()
    return schedules.Warmup(made, warm) if warm else made


def _examine(network: Network, shape: dict[str, Any], lesson: Lesson, history: dict[str, list[float]]) -> Model:
    """The test, taken once: accuracy, loss, who is taken for whom, and the most confident mistakes."""
    loss, scores = ask(network, lesson.test.rows, lesson.test.labels)
    truth, answer = lesson.test.labels, scores.argmax(axis=1)
    metrics = {
        "test_accuracy": float((answer == truth).mean()),
        "test_loss": loss,
        **{name: history[name][-1] for name in ("validation_accuracy",) if name in history},
    }
    confusion = np.zeros((len(lesson.classes),) * 2, np.int64)
    np.add.at(confusion, (truth, answer), 1)
    scores -= scores.max(axis=1, keepdims=True)
    sure = 1 / np.exp(scores).sum(axis=1)  # the likeliest class has exp(0) on top
    wrong = np.flatnonzero(answer != truth)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")][:WORST]
    shown = (lesson.test.rows(wrong) * 255).round().astype(np.uint8).reshape(-1, lesson.side, lesson.side)
    return Model(
        network,
        shape,
        lesson.classes,
        lesson.side,
        digits=lesson.name in ("digits", "mnist"),
        history=history,
        metrics=metrics,
        confusion=confusion,
        worst_images=shown,
        worst=np.stack([truth[wrong], answer[wrong], sure[wrong]], axis=1).astype(np.float64),
    )
