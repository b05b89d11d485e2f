"""A fit as a child of the shell: started, watched, cancelled politely, and settled in the tracker.

The workbench may have the jobs folder of this home; the fit of a shell gets one of its own
(castalia.runtime.settling). The run is in the tracker like any other: the workbench shows it too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from castalia.cli import terminal
from castalia.core.errors import KINDS, CastaliaError
from castalia.core.settings import Settings

if TYPE_CHECKING:
    from castalia.jobs import Job, Jobs
    from castalia.track import Store


def train(address: str, values: Mapping[str, Any], *, quick: bool, as_: str | None) -> dict[str, Any]:
    """Fit in a child and wait; the job's result. Raises the child's own error, or KeyboardInterrupt when cancelled."""
    from castalia import runtime
    from castalia.track import Store

    settings = Settings.read()
    with Store.of(settings) as store:
        runtime.settle_shells(settings, store)
        with runtime.shell_jobs(settings) as jobs, _term_is_ctrl_c():
            job, run_id = runtime.submit(
                jobs, address, values, quick=quick, as_=as_, owner="shell", settings=settings, store=store
            )
            terminal.say(f"run {run_id}")
            try:
                return _watch(jobs, job, run_id, store)
            finally:
                if not jobs.get(job.id).over:  # a second Ctrl-C
                    jobs.cancel(job.id)
                    jobs.wait(job.id)
                runtime.settle(jobs, store)


def _watch(jobs: Jobs, job: Job, run_id: str, store: Store) -> dict[str, Any]:
    line = Line(job.title)
    try:
        while not (job := jobs.get(job.id)).over:
            line.draw(job.progress, lambda: store.run(run_id)["metrics"])
            time.sleep(0.1)
    except KeyboardInterrupt:
        line.end()
        terminal.say("Stopping; what was logged is kept. Ctrl-C again leaves at once.")
        jobs.cancel(job.id)
        jobs.wait(job.id)
        raise
    line.draw(job.progress, lambda: store.run(run_id)["metrics"], last=True)
    line.end()
    if job.state == "cancelled":
        raise KeyboardInterrupt
    if job.state == "failed" or job.result is None:
        raise _error_of(job)
    return job.result


def _error_of(job: Job) -> CastaliaError:
    """What the child raised, with the last lines it printed said first where it died without words of its own."""
    error = dict(job.error or {"subject": f"{job.title} ended without a result"})
    kind, tail = str(error.pop("kind", "")), error.pop("log_tail", [])
    if kind not in KINDS or kind == "CastaliaError" or terminal.DEBUG:
        for line in tail:
            terminal.say(terminal.styled(f"  | {terminal.printable(line)}", "dim", sys.stderr))
    known = ("subject", "got", "expected", "cure", "field", "errors")
    if error.get("cure") == "resume it":
        error["cure"] = "Start it again."
    return CastaliaError.of_dict(kind, {key: error[key] for key in known if key in error})


@contextmanager
def _term_is_ctrl_c() -> Iterator[None]:
    """TERM cancels as politely as Ctrl-C while a child is at work."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: signals are someone else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stop_shell_fit(settings: Settings, run_id: str) -> bool:
    """Ask the shell that fits a run to cancel it; False where no living shell does."""
    from castalia.jobs.processes import Process

    for spec in (settings.home / "shells").glob("*/jobs/*/spec.json"):
        with suppress(OSError, ValueError, AttributeError):
            if json.loads(spec.read_text("utf-8"))["args"]["plan"]["run_id"] != run_id:
                continue
            owner = Process.read(json.loads((spec.parent.parent / "workbench.json").read_text("utf-8")))
            if owner is not None and owner.alive():
                os.kill(owner.pid, signal.SIGTERM)
                return True
    return False


class Line:
    """One line of progress on standard error: share, rate, time left, last metrics.

    On a terminal it is drawn over; elsewhere a new line appears at every tenth of the way, and every half minute.
    """

    def __init__(self, title: str) -> None:
        self.live = terminal.is_terminal(sys.stderr) and not terminal.PLAIN
        self._title, self._begun = title, time.monotonic()
        self._marks: list[tuple[float, float]] = []
        self._said, self._tenth, self._drawn = self._begun, 0, False
        self._read, self._metrics = 0.0, ""

    def draw(
        self, progress: tuple[float, float] | None, metrics: Callable[[], Mapping[str, float]], last: bool = False
    ) -> None:
        """Draw how far it is; ``metrics()`` gives the latest numbers and is asked once a second."""
        now = time.monotonic()
        if not self.live and not self._due(progress, now) and not (last and self._tenth < 10):
            return
        if now - self._read >= 1.0 or last:
            self._read, self._metrics = now, _numbers(metrics())
        words = "  ".join(word for word in (*self._share(progress, now), self._metrics) if word)
        if self.live:
            room = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[2K{terminal.cut(f'{self._title}  {words}', room)}")
            sys.stderr.flush()
            self._drawn = True
        else:
            terminal.say(f"{self._title}  {words}")

    def _due(self, progress: tuple[float, float] | None, now: float) -> bool:
        tenth = int(10 * progress[0] / progress[1]) if progress and progress[1] else 0
        if (tenth <= self._tenth and now - self._said < 30) or now - self._said < 1:
            return False
        self._tenth, self._said = tenth, now
        return True

    def _share(self, progress: tuple[float, float] | None, now: float) -> list[str]:
        passed = terminal.span(now - self._begun)
        if not progress or not progress[1]:
            return [passed]
        done, total = progress
        if not self._marks or done < self._marks[-1][1]:
            self._marks = [(now, done)]
        elif done > self._marks[-1][1]:
            # The rate of the last half minute or so: the first steps of a fit are often its slowest.
            self._marks = [*(mark for mark in self._marks[-200:] if now - mark[0] < 30), (now, done)]
        said = [f"{100 * done / total:3.0f} %", f"{done:g}/{total:g}"]
        (then, before), (_, latest) = self._marks[0], self._marks[-1]
        if latest > before and now > then:
            rate = (latest - before) / (now - then)
            said += [f"{rate:.3g}/s", f"{terminal.span((total - done) / rate)} left" if done < total else passed]
        return said

    def end(self) -> None:
        """Leave the line as it is and go to the next."""
        if self._drawn:
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._drawn = False


def _numbers(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{key} {value:.4g}" for key, value in list(metrics.items())[:3])
