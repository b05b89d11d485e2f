"""``with run("experiment") as r:`` for everybody who trains: a run kept in the home, or by a workbench elsewhere."""

from __future__ import annotations

import atexit
import logging
import sys
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from castalia.core.errors import CastaliaError, WrongInput
from castalia.core.settings import Settings
from castalia.track.capture import LEVELS, Capture
from castalia.track.cell import Cell, shell
from castalia.track.live import LiveRun, enter
from castalia.track.remote import begin
from castalia.track.store import Store
from castalia.track.tracked import TrackedRun


def run(
    experiment: str,
    params: Mapping[str, object] | None = None,
    *,
    name: str | None = None,
    tags: Mapping[str, object] | None = None,
    system: str | None = None,
    device: str = "cpu",
    server: str | None = None,
    token: str | None = None,
    capture: str = "full",
    seed: int | None = None,
    home: str | Path | None = None,
    store: Store | None = None,
    should_stop: Callable[[], bool] | None = None,
    emit: Callable[..., None] | None = None,
    **more: Any,
) -> LiveRun:
    """Begin a run: ``with run("mnist", {"rate": 0.1}) as r: r.log(step, loss=0.3)``.

    It ends with the block, or with ``finish()``: done at the end of the block, cancelled by Stopped or Ctrl-C,
    failed by any other exception, which goes on. It is kept in the store of ``CASTALIA_HOME`` unless ``home`` or
    ``store`` says otherwise; by the workbench at ``server`` (or ``CASTALIA_TRACKING_URI``) where one is named, with
    ``token`` (or ``CASTALIA_TOKEN``). ``capture`` is how much is noted of code and machine: full, minimal or none;
    ``seed`` is noted as a tag. WrongInput for what cannot be kept.
    """
    if capture not in LEVELS:
        raise WrongInput("no such capture", repr(capture)[:40], ", ".join(LEVELS), field="capture")
    settings = Settings.read()
    marks = dict(tags or {}) | ({} if seed is None else {"castalia.seed": seed})
    about = {"name": name, "params": params, "tags": marks, "system": system, **more}
    using = {"device": device, "should_stop": should_stop, "emit": emit}
    place = server or ("" if home is not None or store is not None else settings.tracking)
    folder = Path(home).expanduser().absolute() if home is not None else settings.home
    made: LiveRun
    if place:
        made = begin(experiment, place, token, folder, **about, **using)
    else:
        own = None if store is not None else Store.of(settings) if home is None else Store.open(folder)
        try:
            used = store or own
            assert used is not None
            run_id = used.create_run(experiment, **about)
            made = OwnRun(used, run_id, own, **using)
        except BaseException:
            if own is not None:
                own.close()
            raise
    enter(made)
    _begun.add(made)
    if shell() is not None:
        made.cell = Cell(name or experiment, params or {})
    Capture(made, capture, settings, frozenset(marks)).start()
    return made


class OwnRun(TrackedRun):
    """A run that opened the store it is kept in, and closes it at its end."""

    def __init__(self, store: Store, run_id: str, own: Store | None, **using: Any) -> None:
        super().__init__(store, run_id, **using)
        self._own = own

    def _end(self, status: str, error: str) -> None:
        try:
            super()._end(status, error)
        finally:
            if self._own is not None:
                self._own.close()


_begun: weakref.WeakSet[LiveRun] = weakref.WeakSet()


@atexit.register
def _finish_all() -> None:
    """A run without a ``with`` block that nobody ended: it ends with its process."""
    status = "failed" if getattr(sys, "last_value", None) is not None else "done"
    for each in list(_begun):
        try:
            each.finish(status)
        except CastaliaError as error:
            logging.getLogger("castalia.track").warning("%s", error)
