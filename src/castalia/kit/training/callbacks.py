"""What is done beside learning: rates, early stopping, logs, history files, time."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TextIO

from castalia.core.errors import WrongInput, did_you_mean
from castalia.kit.training.loop import Callback, Loop, Metrics
from castalia.kit.training.stopping import EarlyStopping

__all__ = ["Callback", "History", "Log", "Rate", "Stop", "Time"]


class Rated(Protocol):
    """A schedule, or a Plateau."""

    def rate(self, step: float) -> float:
        """The learning rate of a step."""


class Rate(Callback):
    """Hand the learning rate to ``put`` before every batch: ``Rate(Cosine(0.1, 500), model.set_rate)``.

    A schedule that remembers (``Plateau``) is told the metric ``watch`` after every epoch and is kept in checkpoints.
    """

    def __init__(self, schedule: Rated, put: Callable[[float], object], watch: str = "") -> None:
        self.schedule, self.put, self.watch = schedule, put, watch
        if hasattr(schedule, "update") != bool(watch):
            cure = "A plateau watches a metric, as in watch='validation_loss'; a schedule of the step watches none."
            raise WrongInput("watch does not fit", repr(watch), "a metric for a plateau only", cure, field="watch")

    def before_batch(self, loop: Loop) -> None:
        self.put(self.schedule.rate(loop.step))

    def on_epoch(self, loop: Loop, metrics: Metrics) -> None:
        if self.watch:
            self.schedule.update(watched(metrics, self.watch))  # type: ignore[attr-defined]

    def state(self) -> Any:
        return self.schedule.state() if self.watch else None  # type: ignore[attr-defined]

    def load(self, state: Any) -> None:
        if self.watch:
            self.schedule.load(state)  # type: ignore[attr-defined]


class Stop(Callback):
    """Early stopping on the metric ``watch``; at the end the best weights are put back.

    Keeps ``model.state()`` of the best epoch unless the rule has a ``keep`` of its own.
    """

    def __init__(self, rule: EarlyStopping, watch: str = "validation_loss") -> None:
        self.rule, self.watch = rule, watch

    def on_epoch(self, loop: Loop, metrics: Metrics) -> None:
        rule = self.rule
        value = watched(metrics, self.watch)
        if rule.keep is None:
            rule.keep, rule.put_back = loop.model.state, loop.model.load
        if rule.update(value):
            loop.stop(f"{self.watch} was best in epoch {rule.best_epoch}")

    def on_end(self, loop: Loop, failed: bool) -> None:
        if not failed:  # a loop that failed may be continued, from where it was
            if self.rule.put_back is None:
                self.rule.keep, self.rule.put_back = loop.model.state, loop.model.load
            self.rule.restore()

    def state(self) -> Any:
        return self.rule.state()

    def load(self, state: Any) -> None:
        self.rule.load(state)


class Logs(Protocol):
    """The part of a run that is written to; ``castalia.run(...)`` has it."""

    def log(self, step: int, **values: float) -> None:
        """Record numbers at a step."""

    def progress(self, done: float, total: float) -> None:
        """Say how far the work is."""


class Log(Callback):
    """Every epoch's metrics to a run, its number as the step, and how far the work is.

    A run that was cancelled raises ``Stopped`` here, which ends the training.
    """

    def __init__(self, run: Logs) -> None:
        self.run = run

    def on_start(self, loop: Loop) -> None:
        self.run.progress(loop.epoch, loop.epochs)

    def on_epoch(self, loop: Loop, metrics: Metrics) -> None:
        self.run.log(loop.epoch, **metrics)
        self.run.progress(loop.epoch, loop.epochs)


class History(Callback):
    """The history in a file, a row an epoch: CSV for ``.csv``, JSON lines for ``.jsonl``.

    Written anew from the loop's history when it starts, so that a resumed run's file has every epoch once.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.suffix not in (".csv", ".jsonl"):
            raise WrongInput("no such history", self.path.name, "a name that ends in .csv or .jsonl", field="path")
        self._file: TextIO | None = None
        self._names: list[str] = []

    def on_start(self, loop: Loop) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._names = self.path.open("w", encoding="utf-8", newline=""), []
        for epoch, row in enumerate(loop.history, start=1):
            self._write(epoch, row)

    def on_epoch(self, loop: Loop, metrics: Metrics) -> None:
        self._write(loop.epoch, metrics)

    def on_end(self, loop: Loop, failed: bool) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, epoch: int, metrics: Metrics) -> None:
        assert self._file is not None, "on_start opened it"
        row = {"epoch": epoch, **metrics}
        if self.path.suffix == ".jsonl":
            self._file.write(json.dumps(row) + "\n")
        else:
            writer = csv.writer(self._file, lineterminator="\n")
            if not self._names:
                self._names = list(row)
                writer.writerow(self._names)
            if list(row) != self._names:
                cure = "Give the same metrics every epoch, or write JSON lines."
                raise WrongInput("the metrics have changed", ", ".join(row), ", ".join(self._names), cure)
            writer.writerow([repr(value) for value in row.values()])
        self._file.flush()


class Time(Callback):
    """Seconds of every epoch, in ``seconds``. Not part of the history, which is the same on every machine."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.seconds: list[float] = []
        self._since = 0.0

    @property
    def total(self) -> float:
        """All epochs, those before a resume too."""
        return sum(self.seconds)

    def on_start(self, loop: Loop) -> None:
        self._since = self.clock()

    def on_epoch(self, loop: Loop, metrics: Metrics) -> None:
        now = self.clock()
        self.seconds.append(now - self._since)
        self._since = now

    def state(self) -> Any:
        return list(self.seconds)

    def load(self, state: Any) -> None:
        self.seconds = list(state)


def watched(metrics: Metrics, name: str) -> float:
    """The metric of that name; WrongInput with a near miss where there is none."""
    if name not in metrics:
        known = f"one of {', '.join(metrics)}"
        raise WrongInput(
            f"no metric {name!r}",
            repr(name),
            known,
            did_you_mean(name, metrics).strip() or "Choose one.",
            field="watch",
        )
    return metrics[name]
