"""Work in children: jobs that run once and outlive the workbench, hosts that keep an open model for calls.

A job is a folder; what happened is what its files say (docs/jobs.md). This module does not know
what the work is: an entry is ``"package.module:function"`` and its arguments are JSON.

>>> jobs = Jobs(home)                                             # doctest: +SKIP
>>> job = jobs.start("castalia.runtime.work:fit", {"address": "churn"}, owner="workbench", title="churn")
... # doctest: +SKIP
>>> for event in jobs.follow(job.id):                             # doctest: +SKIP
...     print(event.kind, event.data)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castalia.jobs.context import JobContext as JobContext
    from castalia.jobs.hosts import Host as Host
    from castalia.jobs.job import Event as Event
    from castalia.jobs.job import Job as Job
    from castalia.jobs.job import Limits as Limits
    from castalia.jobs.queue import Jobs as Jobs

__all__ = ["Event", "Host", "Job", "JobContext", "Jobs", "Limits"]

_HOME = {"Event": "job", "Host": "hosts", "Job": "job", "JobContext": "context", "Jobs": "queue", "Limits": "job"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"castalia.jobs.{_HOME[name]}"), name)
