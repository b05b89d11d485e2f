"""``castalia.autolog()``: fits of scikit-learn and LightGBM, and steps of torch loops, log themselves.

It changes how nothing learns: what is fitted with it and without it predicts the same. Whatever goes wrong in
logging stays out of the fit. A library that is not imported yet is watched for, never imported.

What it sees: the outermost ``fit`` of any scikit-learn estimator, with the candidates of a search; every round of
``lightgbm.train`` and of LightGBM's estimators; optimizer steps and losses that ``backward`` is called on. What it
does not see: ``lightgbm.cv``, fits in other processes, a torch loss that is never one number, metrics you compute.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import partial

from castalia.core.errors import WrongInput
from castalia.track.autolog import lightgbm_rounds, sklearn_fits, torch_steps
from castalia.track.autolog.importing import after_import, forget
from castalia.track.autolog.patching import Patches
from castalia.track.autolog.recording import Recorder

FRAMEWORKS: dict[str, tuple[str, Callable[..., None]]] = {
    "sklearn": ("sklearn.base", sklearn_fits.patch),
    "lightgbm": ("lightgbm", lightgbm_rounds.patch),
    "torch": ("torch", torch_steps.patch),
}
_active: list[Autolog] = []


class Autolog(contextlib.AbstractContextManager["Autolog"]):
    """What ``autolog`` switched on; as a context manager, or by ``off``, it is switched off again."""

    def __init__(self, names: Iterable[str], recorder: Recorder) -> None:
        self._patches, self._recorder = Patches(), recorder
        for name in names:
            module, patch = FRAMEWORKS[name]
            after_import(module, self, partial(patch, patches=self._patches, recorder=recorder))

    def off(self) -> None:
        """Undo every change. Runs that are going on are ended by the fits that began them."""
        forget(self)
        self._recorder.active = False
        self._patches.undo()
        if self in _active:
            _active.remove(self)

    def __exit__(self, *error: object) -> None:
        self.off()


def autolog(
    enabled: bool = True,
    *,
    experiment: str = "autolog",
    frameworks: Iterable[str] = tuple(FRAMEWORKS),
    every: int = 10,
) -> Autolog:
    """Switch automatic logging on, or with ``False`` off; ``with castalia.autolog():`` for a while.

    A fit inside ``with castalia.run(...)`` becomes a child of that run; elsewhere it is a run of ``experiment``. Torch
    logs every so many optimizer steps (``every``) into the run that is open, and nothing where none is.
    WrongInput for an unknown framework.
    """
    for before in list(_active):
        before.off()
    names = list(frameworks) if enabled else []
    for name in names:
        if name not in FRAMEWORKS:
            raise WrongInput("no such framework", repr(name)[:40], ", ".join(FRAMEWORKS), field="frameworks")
    if every < 1:
        raise WrongInput("every does not fit", str(every), "1 or more", field="every")
    made = Autolog(names, Recorder(experiment, every))
    if enabled:
        _active.append(made)
    return made
