"""The data, split honestly, and the loop that learns from it."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from castalia.core.errors import NotFound, WrongInput
from castalia.core.system import Run
from castalia.kit import optim
from castalia.kit.training import EarlyStopping, archive, schedules
from castalia.projects.neural_net.model import FORMAT, WORST, Model
from castalia.projects.neural_net.network import Network
from castalia.projects.neural_net.picture import Jitter
from castalia.projects.neural_net.shape import network_of, rule_of, shape_of

if TYPE_CHECKING:
    from castalia.projects.neural_net.neural_net import Params

Array = NDArray[Any]


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
    if params.patience and not len(lesson.validation):
        cure = "Give validation a share, or set patience to 0."
        raise WrongInput(
            "nothing to stop by", "patience without validation", "validation above 0", cure, field="patience"
        )
    stop = EarlyStopping(params.patience, keep=network.state, put_back=network.load) if params.patience else None
    rule = rule_of(params, network)
    progress = Progress(Path(run.folder), params, lesson.digest, network, rule, stop)
    epochs = params.epochs or min(100, max(10, math.ceil(500_000 / len(lesson.train))))
    rates = _schedule(params, epochs, math.ceil(len(lesson.train) / params.batch))
    history = progress.restore()
    done = len(history["loss"])
    if done:
        run.log(done, **{name: values[-1] for name, values in history.items()})
    for epoch in range(done, epochs):
        if stop and stop.stopped:
            break
        figures = _epoch(params, lesson, network, rule, rates, run, epoch, epochs)
        if len(lesson.validation):
            loss, scores = _ask(network, lesson.validation)
            right = scores.argmax(axis=1) == lesson.validation.labels
            figures |= {"validation_loss": loss, "validation_accuracy": float(right.mean())}
            if stop:
                stop.update(loss)
        for name, value in figures.items():
            history.setdefault(name, []).append(value)
        progress.write(history, last=epoch + 1 == epochs or bool(stop and stop.stopped))
        run.log(epoch + 1, **figures)
    if stop:
        stop.restore()
    run.progress(1, 1)
    return _examine(network, shape, lesson, history)


def _epoch(
    params: Params, lesson: Lesson, network: Network, rule: optim.Rule, rates: schedules.Schedule, run: Run,
    epoch: int, epochs: int,
) -> dict[str, float]:  # fmt: skip
    from castalia import data

    pictures = lesson.train
    # all chance of an epoch comes from its number, so that one resumed after a kill is the same epoch
    rng = np.random.default_rng([params.seed, epoch, 2])
    jitter = Jitter(lesson.side, params.jitter) if params.jitter else None
    steps = math.ceil(len(pictures) / params.batch)
    total, right, seen = 0.0, 0, 0
    for step, index in enumerate(data.batches(len(pictures), params.batch, params.seed, epoch)):
        if step % 64 == 0:
            run.progress(epoch + step / steps, epochs)
        if params.normalisation == "batch" and len(index) == 1:
            continue  # a last batch of one picture has no variance
        x = pictures.rows(index)
        if jitter:
            x = jitter(x, rng)
        loss, hits = network.learn(x, pictures.labels[index], rng)
        if params.clip:
            optim.clip_by_norm(network.gradient, params.clip)
        rule.step(network.gradient, rates.rate(epoch * steps + step))
        total, right, seen = total + loss, right + hits, seen + len(index)
    run.progress(epoch + 1, epochs)
    if not math.isfinite(total) or not np.isfinite(network.parameters.sum()):
        cure = "Lower the learning rate, or clip the gradient: --clip 1."
        raise WrongInput(
            "training ran away", f"a loss of {total} in epoch {epoch + 1}", "finite", cure, field="learning_rate"
        )
    return {"loss": total / seen, "accuracy": right / seen}


def _schedule(params: Params, epochs: int, steps: int) -> schedules.Schedule:
    """The learning rate by step, over all epochs."""
    peak, total = params.learning_rate, epochs * steps
    warm = round(params.warm_up * total)
    rest = max(1, total - warm)
    kinds: dict[str, Callable[[], schedules.Schedule]] = {
        "constant": lambda: schedules.Constant(peak),
        "cosine": lambda: schedules.Cosine(peak, steps=rest),
        "one_cycle": lambda: schedules.OneCycle(peak, steps=rest),
        "exponential": lambda: schedules.Exponential(peak, 0.01 ** (1 / rest)),
    }
    made = kinds[params.schedule]()
    return schedules.Warmup(made, warm) if warm else made


def _ask(network: Network, pictures: Pictures) -> tuple[float, Array]:
    """Mean loss and the logits (n, classes), a thousand images at a time."""
    scores = [network.scores(pictures.rows(slice(i, i + 1000))) for i in range(0, len(pictures), 1000)]
    logits = np.concatenate(scores)
    return network.loss(logits.copy(), pictures.labels) / len(pictures), logits


def _examine(network: Network, shape: dict[str, Any], lesson: Lesson, history: dict[str, list[float]]) -> Model:
    """The test, taken once: accuracy, loss, who is taken for whom, and the most confident mistakes."""
    loss, scores = _ask(network, lesson.test)
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


class Progress:
    """Everything needed to go on after a kill, bit by bit as if nothing had happened: one file, replaced whole.

    Written after an epoch, but not more often than every ``PAUSE`` seconds: an epoch of the small digits
    takes less time than a slow disk needs to say that it has written. What is learnt does not depend on it.
    """

    PAUSE = 0.5

    def __init__(
        self, folder: Path, params: Params, digest: str, network: Network, rule: optim.Rule, stop: EarlyStopping | None
    ) -> None:
        about = json.dumps([FORMAT, params.plain(), digest], sort_keys=True)
        self.key = hashlib.sha256(about.encode()).hexdigest()
        self.path = folder / "checkpoint.npz"
        self.network, self.rule, self.stop = network, rule, stop
        self._written = time.monotonic()

    def write(self, history: dict[str, list[float]], last: bool) -> None:
        """If it is time (or the last epoch): on disk when this returns. A kill leaves the former or the new one."""
        if not last and time.monotonic() - self._written < self.PAUSE:
            return
        stop = self.stop.state() if self.stop else None
        state = {"network": self.network.state(), "rule": self.rule.state(), "history": history, "stop": stop}
        archive.write(self.path, state, {"key": self.key})
        self._written = time.monotonic()

    def restore(self) -> dict[str, list[float]]:
        """Take up what the file holds and return the history; nothing where it is absent, damaged or of another fit."""
        try:
            if archive.about_of(self.path).get("key") == self.key:
                state = archive.read(self.path)
                self.network.load(state["network"])
                self.rule.load(state["rule"])
                if self.stop:
                    self.stop.load(state["stop"])
                history: dict[str, list[float]] = state["history"]
                return history
        except (NotFound, WrongInput):
            pass  # begun anew: a checkpoint that cannot be believed is none
        return {"loss": [], "accuracy": []}
