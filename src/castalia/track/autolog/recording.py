"""Recording: one run for the outermost of nested fits, begun before and ended after it, never in its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from castalia.core.errors import CastaliaError, Stopped
from castalia.track.autolog.patching import quietly
from castalia.track.live import LiveRun, current
from castalia.track.naming import MAX_KEY, MAX_PARAM, as_text, checked_key
from castalia.track.starting import run as begin

MOST_PARAMS = 200


class Fit:
    """A fit that goes on, and the run that notes it."""

    def __init__(self, subject: object, run: LiveRun) -> None:
        self.subject, self.run = subject, run
        self.thread, self.began = threading.current_thread(), time.perf_counter()
        self.others = set(threading.enumerate())  # threads, not their numbers: those are given again


class Recorder:
    """What one ``autolog`` call decided, and the fits that go on now."""

    def __init__(self, experiment: str, every: int) -> None:
        self.experiment, self.every, self.active = experiment, every, True
        self._fits: list[Fit] = []
        self._names: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def around(self) -> Fit | None:
        """The fit that the caller is inside of, in this thread or in one that began during that fit."""
        mine = threading.current_thread()
        with self._lock:
            for fit in reversed(self._fits):
                if fit.thread is mine or mine not in fit.others:
                    return fit
        return None

    def record(
        self,
        subject: object,
        name: str,
        work: Callable[[], Any],
        before: Callable[[Fit], None],
        after: Callable[..., None],
    ) -> Any:
        """``work()``, with a run around it. ``before(fit)`` and ``after(fit, result)`` note what they know."""
        fit = quietly(lambda: self._begin(subject, name))
        if fit is None:
            return work()
        try:
            quietly(lambda: before(fit))
            result = work()
        except BaseException as error:
            stopped = isinstance(error, Stopped | KeyboardInterrupt)
            words = f"{type(error).__name__}: {error}"
            self._end(fit, "cancelled" if stopped else "failed", "" if stopped else words)
            raise
        seconds = time.perf_counter() - fit.began
        quietly(lambda: fit.run.log(0, fit_seconds=seconds))
        quietly(lambda: after(fit, result))
        self._end(fit, "done", "")
        return result

    def _begin(self, subject: object, name: str) -> Fit:
        around = current()
        if around is None:
            run: LiveRun = begin(self.experiment, name=name, capture="minimal")
        else:
            with self._lock:
                number = self._names[around.run_id, name] = self._names.get((around.run_id, name), 0) + 1
            run = around.child(name if number == 1 else f"{name}-{number}")
        fit = Fit(subject, run)
        with self._lock:
            self._fits.append(fit)
        return fit

    def _end(self, fit: Fit, status: str, error: str) -> None:
        with self._lock:
            self._fits.remove(fit)
        quietly(lambda: fit.run.finish(status, error))


def say_params(run: LiveRun, params: Mapping[str, object]) -> None:
    """Params, cut to what can be kept; those that cannot be are left out."""
    texts: dict[str, str] = {}
    for key, value in params.items():
        name = str(key)[:MAX_KEY]
        try:
            checked_key("param", name)
        except CastaliaError:
            continue
        if len(texts) < MOST_PARAMS:
            texts[name] = as_text(value)[:MAX_PARAM].replace("\0", "")
    run.params(**texts)
