"""Fits of scikit-learn: the outermost of any estimator, and the candidates of a search as its children."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

from castalia.track.autolog.patching import Patches, quietly
from castalia.track.autolog.recording import Fit, Recorder, say_params

METHODS = ("fit", "fit_predict", "fit_transform")
MAX_SCORED = 10_000
"""Rows up to which a fitted estimator is scored on what it learnt from; more would take too long."""
MAX_CANDIDATES = 50
"""Candidates of a search that become children, the best of them; all are in the artifact ``search.json``."""


def patch(base: Any, patches: Patches, recorder: Recorder) -> None:
    """Wrap what every estimator class defines now, and what later ones will. ``base`` is the module sklearn.base."""
    root = base.BaseEstimator
    inherited = vars(root).get("__init_subclass__")

    def __init_subclass__(cls: type, /, **named: Any) -> None:
        if inherited is None:
            super(root, cls).__init_subclass__(**named)
        else:
            inherited.__func__(cls, **named)
        if recorder.active:
            quietly(lambda: _wrap(cls, patches, recorder))

    patches.replace(root, "__init_subclass__", classmethod(__init_subclass__))
    for cls in _family(root):
        _wrap(cls, patches, recorder)


def _family(root: type) -> list[type]:
    found, waiting = {root}, [root]
    while waiting:
        fresh: set[type] = set(waiting.pop().__subclasses__()) - found
        found |= fresh
        waiting.extend(fresh)
    return list(found)


def _wrap(cls: type, patches: Patches, recorder: Recorder) -> None:
    for name in METHODS:
        method = vars(cls).get(name)
        if isinstance(method, FunctionType) and not hasattr(method, "castalia_autolog"):
            patches.replace(cls, name, _recorded(method, recorder))


def _recorded(method: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    @functools.wraps(method)  # scikit-learn reads the signature of fit
    def fit(self: Any, *given: Any, **named: Any) -> Any:
        if not recorder.active or recorder.around() is not None or quietly(lambda: _only_prepares(self)):
            return method(self, *given, **named)
        return recorder.record(
            self,
            type(self).__name__,
            lambda: method(self, *given, **named),
            lambda fit: _before(fit, *given, **named),
            lambda fit, _: _after(fit, *given, **named),
        )

    fit.castalia_autolog = True  # type: ignore[attr-defined]
    return fit


def _only_prepares(estimator: Any) -> bool:
    """A scaler by itself is no result; inside a pipeline it is part of one."""
    return hasattr(type(estimator), "transform") and not hasattr(type(estimator), "predict")


def _before(fit: Fit, X: Any = None, y: Any = None, **named: Any) -> None:
    estimator: Any = fit.subject
    kind = type(estimator)
    fit.run.tags(**{"castalia.autolog": "sklearn", "castalia.estimator": f"{kind.__module__}.{kind.__qualname__}"})
    quietly(lambda: say_params(fit.run, estimator.get_params(deep=True)))
    shape = getattr(X, "shape", None)
    if shape:
        fit.run.log(0, rows=shape[0], **({"columns": shape[1]} if len(shape) > 1 else {}))


def _after(fit: Fit, X: Any = None, y: Any = None, **named: Any) -> None:
    estimator: Any = fit.subject
    if hasattr(estimator, "cv_results_"):
        quietly(lambda: _search(fit, estimator))
    quietly(lambda: _score(fit, estimator, X, y))


def _score(fit: Fit, estimator: Any, X: Any, y: Any) -> None:
    from sklearn.base import is_classifier, is_regressor

    scored = is_classifier(estimator) or is_regressor(estimator)
    if y is None or not scored or not hasattr(estimator, "score") or len(y) > MAX_SCORED:
        return
    import numpy as np

    before = np.random.get_state()  # nobody's draws after the fit may differ because we looked
    try:
        fit.run.log(0, training_score=float(estimator.score(X, y)))
    finally:
        np.random.set_state(before)


def _search(fit: Fit, search: Any) -> None:
    results = search.cv_results_
    fit.run.artifact("search", {key: list(column) for key, column in results.items()})
    if hasattr(search, "best_score_"):
        fit.run.log(0, best_score=float(search.best_score_))
    if hasattr(search, "best_params_"):
        say_params(fit.run, {f"best_{key}": value for key, value in search.best_params_.items()})
    rank = next((key for key in results if key.startswith("rank_test_")), None)
    order = sorted(range(len(results["params"])), key=lambda number: results[rank][number] if rank else number)
    for number in sorted(order[:MAX_CANDIDATES]):
        quietly(functools.partial(_candidate, fit, results, number))


def _candidate(fit: Fit, results: Any, number: int) -> None:
    child = fit.run.child(f"candidate-{number}")
    say_params(child, results["params"][number])
    values = {}
    for key, column in results.items():
        if key.startswith(("mean_", "std_", "rank_")):
            value = float(column[number])
            if math.isfinite(value):
                values[key] = value
    child.log(0, **values)
    child.finish()
