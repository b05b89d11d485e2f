"""A folder of checkpoints: the last few and the best, each checked before it is used."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from castalia.core.errors import CastaliaError, NotFound, WrongInput, did_you_mean
from castalia.kit.training import archive

_NAME = re.compile(r"step-(\d{9,18})\.npz")


@dataclass(frozen=True)
class Saved:
    """A checkpoint that was read: the state, its step, and the metrics it was saved with."""

    state: Any
    step: int
    metrics: dict[str, float] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()
    """Newer steps that were damaged, where ``fallback`` was asked for."""


class Checkpoints:
    """Keeps the newest ``keep`` checkpoints of ``folder``, and the one that was best in the metric ``best``.

    A state is nested dicts, lists and tuples of arrays, torch tensors and plain values (``packing``). One process
    writes a folder at a time. Files that are not ours, and links, are left alone and not read.
    """

    def __init__(self, folder: str | Path, keep: int = 3, best: str = "", mode: Literal["min", "max"] = "min") -> None:
        if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
            raise WrongInput("keep does not fit", repr(keep), "1 or more", field="keep")
        if mode not in ("min", "max"):
            raise WrongInput("no such mode", repr(mode), "min or max", field="mode")
        self.folder, self.keep, self.best, self.mode = Path(folder), keep, best, mode
        self._scores: dict[int, float] = {}

    def save(self, step: int, state: Any, metrics: Mapping[str, float] | None = None) -> Path:
        """Write the checkpoint of ``step`` (batches, epochs: yours), then let go of those that are not kept."""
        if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < 10**18:
            raise WrongInput("step does not fit", repr(step)[:40], "a whole number from 0 on", field="step")
        figures = {name: float(value) for name, value in (metrics or {}).items()}
        if self.best and self.best not in figures:
            got, known = ", ".join(figures) or "no metrics", f"{self.best!r}, which chooses the best"
            raise WrongInput(
                f"no metric {self.best!r}", got, known, did_you_mean(self.best, figures).strip(), field="metrics"
            )
        path = self._path(step)
        # JSON has no NaN: a number as text is one again for float()
        archive.write(path, state, {"step": step, "metrics": {name: repr(value) for name, value in figures.items()}})
        self._scores[step] = figures.get(self.best, math.nan)
        self._let_go()
        return path

    def steps(self) -> list[int]:
        """The steps of which there is a checkpoint, ascending."""
        if not self.folder.is_dir():
            return []
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir() if not path.is_symlink())
        return sorted(int(name[1]) for name in found if name)

    def best_step(self) -> int | None:
        """The step that was best in the metric ``best``, the first of equals; None where there is none."""
        scores = {step: self._score(step) for step in self.steps()} if self.best else {}
        numbers = {step: score for step, score in scores.items() if not math.isnan(score)}
        if not numbers:
            return None
        best = min(numbers.values()) if self.mode == "min" else max(numbers.values())
        return next(step for step, score in numbers.items() if score == best)

    def load(self, which: int | Literal["latest", "best"] = "latest", *, fallback: bool = False) -> Saved:
        """Read and check one. NotFound where there is none, WrongInput where it is damaged.

        ``fallback`` takes the newest older one that is whole instead, and says which were ``skipped``.
        """
        steps = self.steps()
        if which == "latest":
            step = steps[-1] if steps else None
        elif which == "best":
            step = self.best_step()
        elif isinstance(which, int) and not isinstance(which, bool):
            step = which if which in steps else None
        else:
            raise WrongInput("no such checkpoint", repr(which)[:40], "a step, 'latest' or 'best'", field="which")
        if step is None:
            known = f"one of {steps[-8:]}" if steps else "a folder with checkpoints"
            raise NotFound("no such checkpoint", repr(which)[:40], known, "Save one first, or choose one of these.")
        skipped: list[int] = []
        for candidate in reversed(steps[: steps.index(step) + 1]):
            try:
                return self._read(candidate, tuple(skipped))
            except (WrongInput, NotFound):
                if not fallback:
                    raise
                skipped.append(candidate)
        got = f"{len(skipped)} damaged"
        raise WrongInput("no checkpoint is whole", got, "one that is", "Start again from the beginning.")

    def _read(self, step: int, skipped: tuple[int, ...]) -> Saved:
        path = self._path(step)
        state, about = archive.read(path), archive.about_of(path)
        metrics = {name: float(value) for name, value in about.get("metrics", {}).items()}
        return Saved(state, step, metrics, skipped)

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}.npz"

    def _score(self, step: int) -> float:
        if step not in self._scores:
            try:
                self._scores[step] = float(archive.about_of(self._path(step))["metrics"][self.best])
            except (CastaliaError, KeyError, TypeError, ValueError):
                self._scores[step] = math.nan
        return self._scores[step]

    def _let_go(self) -> None:
        kept = {*self.steps()[-self.keep :], self.best_step()}
        for step in self.steps():
            if step not in kept:
                self._path(step).unlink(missing_ok=True)
                self._scores.pop(step, None)
        for left in self.folder.glob(".step-*.npz.*.new"):  # a writer that was killed
            left.unlink(missing_ok=True)
