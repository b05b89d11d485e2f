"""Steps of torch: how many an optimizer made, its rate, and the loss that ``backward`` was last called on.

Seen are steps of ``torch.optim`` and losses of one number, every so many steps. Not seen: an optimizer that is no
``torch.optim.Optimizer``, a loss whose ``backward`` is called through ``torch.autograd``, and what a loss means.
Reading a loss waits for the device once every so many steps.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

from castalia.track.autolog.patching import Patches, quietly
from castalia.track.autolog.recording import Recorder
from castalia.track.live import LiveRun, current


def patch(torch: Any, patches: Patches, recorder: Recorder) -> None:
    """Listen to every optimizer's step, and to ``Tensor.backward``."""
    heard = _Heard(recorder)
    optim = importlib.import_module("torch.optim.optimizer")
    hook = optim.register_optimizer_step_post_hook(heard.stepped)
    patches.on_undo(hook.remove)
    backward = torch.Tensor.backward

    def listening(self: Any, *given: Any, **named: Any) -> Any:
        if recorder.active:
            quietly(lambda: heard.lost(self))
        return backward(self, *given, **named)

    listening.__name__, listening.__doc__, listening.__wrapped__ = "backward", backward.__doc__, backward  # type: ignore[attr-defined]
    patches.replace(torch.Tensor, "backward", listening)


class _Heard(threading.local):
    """Of each thread: the last loss, and how many steps in which run."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._loss: Any = None
        self._run: LiveRun | None = None
        self._steps = 0

    def lost(self, loss: Any) -> None:
        if loss.numel() == 1:
            self._loss = loss.detach()

    def stepped(self, optimizer: Any, given: Any, named: Any) -> None:
        if self._recorder.active:
            quietly(lambda: self._note(optimizer))

    def _note(self, optimizer: Any) -> None:
        run = current()
        if run is None:
            self._loss = self._run = None
            return
        if run is not self._run:
            self._run, self._steps = run, 0
        self._steps += 1
        if self._steps % self._recorder.every and self._steps != 1:
            return
        values = {"torch/learning_rate": float(optimizer.param_groups[0]["lr"])}
        if self._loss is not None:
            values["torch/loss"] = float(self._loss.item())
        run.log(self._steps, **values)
