"""Where catalogue, data, tracker, jobs and saved models meet: fit, load, describe, and hosts that answer.

Nothing else in the package knows all of them. Systems are synchronous and run in children: a fit is
a job (``submit``), an open model is a host (``Hosts``). In a user's own Python, ``fit`` and ``load``
stay in their process.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.runtime.description import describe as describe
    from castalia.runtime.fitting import Fitted as Fitted
    from castalia.runtime.fitting import fit as fit
    from castalia.runtime.fitting import submit as submit
    from castalia.runtime.hosts import Answer as Answer
    from castalia.runtime.hosts import Hosts as Hosts
    from castalia.runtime.opening import Target as Target
    from castalia.runtime.opening import load as load
    from castalia.runtime.opening import resolve as resolve
    from castalia.runtime.settling import settle as settle
    from castalia.runtime.settling import settle_shells as settle_shells
    from castalia.runtime.settling import shell_jobs as shell_jobs

_HOME = {
    "Answer": "hosts",
    "Fitted": "fitting",
    "Hosts": "hosts",
    "Target": "opening",
    "describe": "description",
    "fit": "fitting",
    "load": "opening",
    "resolve": "opening",
    "settle": "settling",
    "settle_shells": "settling",
    "shell_jobs": "settling",
    "submit": "fitting",
}
__all__ = [
    "Answer",
    "Fitted",
    "Hosts",
    "Target",
    "describe",
    "fit",
    "load",
    "resolve",
    "settle",
    "settle_shells",
    "shell_jobs",
    "submit",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"castalia.runtime.{_HOME[name]}"), name)
    globals()[name] = value
    return value
