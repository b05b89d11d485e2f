"""settle: what the tracker says of a fit agrees with what became of its job.

A job that was killed cannot tell the tracker so. The workbench settles at its start and whenever a
job ends; a shell settles its own job. A shell keeps its job in a folder of its own
(``home/shells/``), because the workbench may have the home's queue at the same time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from castalia.core.errors import CastaliaError, Conflict
from castalia.core.settings import Settings, scrubber

if TYPE_CHECKING:
    from castalia.jobs import Job, Jobs
    from castalia.track import Store

FIT = "castalia.runtime.work:fit"


def run_of(job: Job) -> str:
    """The run a fit job writes to; an empty string for any other job."""
    return str(job.args["plan"]["run_id"]) if job.entry == FIT else ""


def settle(jobs: Jobs, store: Store) -> list[str]:
    """Mark the runs whose job ended without a word; returns their ids."""
    open_runs = {
        row["run_id"] for status in ("running", "queued") for row in store.runs(status=status, limit=1000).items
    }
    settled = []
    scrub = scrubber(Settings.read())
    for job in jobs.list() if open_runs else []:
        run_id = run_of(job)
        if run_id not in open_runs or not job.over:
            continue
        if _kept(job, run_id, store):
            store.finish(run_id, "done")  # killed after its version was whole: nothing is missing
        elif job.state == "cancelled":
            if store.state(run_id)["status"] in ("running", "queued"):  # it may have ended by itself since
                store.finish(run_id, "cancelled")
        else:
            store.mark_dead([run_id], scrub(_reason(job)))
        settled.append(run_id)
    return settled


def _kept(job: Job, run_id: str, store: Store) -> bool:
    """Whether the version that the job was to make is there."""
    from castalia.runtime.opening import own_versions

    versions = own_versions(str(job.args["plan"]["model"]), Settings.read(), store)
    return any(version.run_id == run_id for version in versions)


def _reason(job: Job) -> str:
    if not job.error:
        return "its process ended without a word"
    said = CastaliaError.of_dict("CastaliaError", {key: job.error.get(key, "") for key in ("subject", "got", "cure")})
    tail = "\n".join(job.error.get("log_tail") or [])
    return f"{said}\n{tail}".strip()


@contextlib.contextmanager
def shell_jobs(settings: Settings) -> Iterator[Jobs]:
    """A queue of its own for one shell; its folder goes when the block ends."""
    from castalia.jobs import Jobs as Queue

    home = settings.home / "shells" / f"{os.getpid()}-{time.time_ns()}"
    jobs = Queue(home)
    try:
        yield jobs
    finally:
        jobs.close(end_jobs=True)
        shutil.rmtree(home, ignore_errors=True)


def settle_shells(settings: Settings, store: Store) -> list[str]:
    """End and settle what shells left that were killed; returns the run ids."""
    from castalia.jobs import Jobs as Queue

    settled: list[str] = []
    for home in _abandoned(settings.home / "shells"):
        jobs = Queue(home)
        try:
            for job in jobs.adopt():
                jobs.cancel(job.id)
                jobs.wait(job.id, timeout=15)
            settled += settle(jobs, store)
        except Conflict:
            continue  # its shell lives
        finally:
            jobs.close(end_jobs=True)
        shutil.rmtree(home, ignore_errors=True)
    return settled


def _abandoned(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [home for home in sorted(folder.iterdir()) if home.is_dir() and not _alive(home)]


def _alive(home: Path) -> bool:
    """True where the process that made the folder may still be there; its lock then decides."""
    with contextlib.suppress(ValueError, OSError):
        os.kill(int(home.name.split("-")[0]), 0)
        return True
    return False
