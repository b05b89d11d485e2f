"""Rounds of LightGBM: what ``lightgbm.train`` evaluates after each, through a callback; its estimators use it too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from castalia.track.autolog.patching import Patches, quietly
from castalia.track.autolog.recording import Fit, Recorder, say_params
from castalia.track.live import LiveRun


def patch(lightgbm: Any, patches: Patches, recorder: Recorder) -> None:
    """Wrap ``train`` wherever LightGBM has put it."""
    original = lightgbm.train
    wrapped = _recorded(original, recorder)
    for owner in (lightgbm, lightgbm.engine, getattr(lightgbm, "sklearn", None)):
        if owner is not None and vars(owner).get("train") is original:
            patches.replace(owner, "train", wrapped)


def _recorded(train: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    signature = inspect.signature(train)

    @functools.wraps(train)
    def recorded(*given: Any, **named: Any) -> Any:
        def plain() -> Any:
            return train(*given, **named)

        around = recorder.around() if recorder.active else None
        if not recorder.active or (around is not None and not _is_lightgbm(around.subject)):
            return plain()
        if around is not None:
            call = quietly(lambda: _listening(signature, given, named, around.run))
            return plain() if call is None else train(*call.args, **call.kwargs)
        calls: list[inspect.BoundArguments] = []

        def before(fit: Fit) -> None:
            fit.run.tags(**{"castalia.autolog": "lightgbm"})
            call = _listening(signature, given, named, fit.run)
            calls.append(call)
            rounds = call.arguments.get("num_boost_round", signature.parameters["num_boost_round"].default)
            say_params(fit.run, {**call.arguments["params"], "num_boost_round": rounds})

        def work() -> Any:
            return train(*calls[0].args, **calls[0].kwargs) if calls else plain()

        return recorder.record(train, "lightgbm", work, before, _after)

    return recorded


def _is_lightgbm(subject: object) -> bool:
    return any(kind.__module__.startswith("lightgbm.") for kind in type(subject).__mro__)


def _after(fit: Fit, booster: Any) -> None:
    values = {"rounds": float(booster.current_iteration())}
    if booster.best_iteration > 0:
        values["best_iteration"] = float(booster.best_iteration)
    fit.run.log(0, **values)


def _listening(
    signature: inspect.Signature, given: tuple[Any, ...], named: dict[str, Any], run: LiveRun
) -> inspect.BoundArguments:
    """The call with one callback more."""

    def rounds(environment: Any) -> None:
        found = environment.evaluation_result_list or ()
        quietly(lambda: run.log(environment.iteration, **{f"{each[0]}-{each[1]}": float(each[2]) for each in found}))

    call = signature.bind(*given, **named)
    call.arguments["callbacks"] = [*(call.arguments.get("callbacks") or ()), rounds]
    return call
