"""Reads fitted trees of scikit-learn and LightGBM into the arrays of kit.trees, by their attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from castalia.core.errors import WrongInput
from castalia.kit.trees import growing


def read(model: Any) -> dict[str, Any]:
    """The fields of Trees; WrongInput for a model that is not fitted or of another kind."""
    module = type(model).__module__.partition(".")[0]
    booster = getattr(model, "booster_", model) if module == "lightgbm" else None
    if booster is not None:
        return _lightgbm(booster)
    if hasattr(model, "tree_"):
        return _forest([model], model)
    if hasattr(model, "estimators_") and hasattr(model, "init_"):
        return _boosting(model)
    if hasattr(model, "estimators_") and all(hasattr(each, "tree_") for each in np.ravel(model.estimators_)):
        return _forest(list(model.estimators_), model)
    expected = "a fitted tree, forest or gradient boosting of scikit-learn, or a LightGBM model"
    raise WrongInput("this model has no trees to read", type(model).__name__, expected, field="model")


def _grown(tree: Any, value: Any) -> dict[str, Any]:
    """One tree of scikit-learn. Missing values go where the tree was grown to send them."""
    left = np.asarray(tree.children_left)
    goes = np.asarray(getattr(tree, "missing_go_to_left", np.zeros(len(left))), dtype=bool)
    return {
        "feature": tree.feature, "threshold": tree.threshold, "left": left, "right": np.asarray(tree.children_right),
        "value": value, "missing_left": goes, "missing": np.full(len(left), 2),
    }  # fmt: skip


def _forest(estimators: list[Any], model: Any) -> dict[str, Any]:
    if getattr(model, "n_outputs_", 1) != 1:
        raise WrongInput("this model has several targets", str(model.n_outputs_), "one", field="model")
    classifies = hasattr(model, "classes_")

    def parts() -> Iterator[dict[str, Any]]:
        for each in estimators:
            value = each.tree_.value[:, 0, :]
            if classifies:
                value = value / value.sum(axis=1, keepdims=True)
            yield _grown(each.tree_, value)

    outputs = len(model.classes_) if classifies else 1
    return {
        **growing(parts()), "features": int(model.n_features_in_), "scale": 1 / len(estimators),
        "start": np.zeros(outputs), "single": True,
    }  # fmt: skip


def _boosting(model: Any) -> dict[str, Any]:
    trees = model.estimators_  # (rounds, classes)
    outputs = trees.shape[1]
    classifies = hasattr(model, "classes_")
    if type(model.init_).__name__ not in ("DummyClassifier", "DummyRegressor"):
        raise WrongInput("this boosting starts from another model", type(model.init_).__name__, "a constant start")
    start = np.asarray(model._raw_predict_init(np.zeros((1, model.n_features_in_))), dtype=np.float64).ravel()
    parts = (_grown(each.tree_, each.tree_.value[:, 0, :]) for each in trees.ravel())
    link = "identity" if not classifies else "sigmoid" if outputs == 1 else "softmax"
    return {
        **growing(parts), "features": int(model.n_features_in_), "scale": float(model.learning_rate),
        "start": start, "link": link, "single": True,
    }  # fmt: skip


def _lightgbm(booster: Any) -> dict[str, Any]:
    told = booster.dump_model()
    outputs, objective = int(told["num_tree_per_iteration"]), str(told.get("objective", "")).split(" ")
    if any("linear" in each for each in told.get("tree_info", [])[:1]) or told.get("average_output"):
        raise WrongInput(
            "this LightGBM model is not read", "linear trees or a random forest", "boosted constant leaves"
        )
    links = {"binary": "sigmoid", "multiclass": "softmax", "poisson": "exp", "gamma": "exp", "tweedie": "exp"}
    name = objective[0]
    if name in ("multiclassova", "cross_entropy", "xentlambda") or (name == "binary" and "sigmoid:1" not in objective):
        raise WrongInput("this LightGBM objective is not read", " ".join(objective), "binary, multiclass or regression")
    sets: list[tuple[int, list[int]]] = []
    offset = 0
    parts = []
    for info in told["tree_info"]:
        part, mine = _one_of_lightgbm(info["tree_structure"])
        sets += [(offset + node, categories) for node, categories in mine]
        offset += len(part["left"])
        parts.append(part)
    width = 1 + max((max(categories, default=0) for _, categories in sets), default=-1)
    table = np.zeros((len(sets), width), dtype=bool)
    for row, (_, categories) in enumerate(sets):
        table[row, categories] = True
    return {
        **growing(iter(parts)), "features": int(told["max_feature_idx"]) + 1, "start": np.zeros(outputs),
        "link": links.get(name, "identity"), "categories": table,
        "categorical": np.array([node for node, _ in sets], dtype=np.intp),
    }  # fmt: skip


_MISSING = {"None": 0, "Zero": 1, "NaN": 2}


def _one_of_lightgbm(root: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[int, list[int]]]]:
    """One tree as arrays, and its categorical nodes with the categories that go left."""
    rows: list[list[float]] = []
    sets: list[tuple[int, list[int]]] = []
    waiting: list[tuple[dict[str, Any], int, int]] = [(root, -1, 0)]
    while waiting:
        node, parent, side = waiting.pop()
        at = len(rows)
        if parent >= 0:
            rows[parent][2 + side] = at
        if "split_feature" not in node:
            rows.append([0, np.inf, -1, -1, float(node["leaf_value"]), 1, 2])
            continue
        threshold = 0.0
        if node["decision_type"] == "==":
            sets.append((at, [int(each) for each in str(node["threshold"]).split("||")]))
        else:
            threshold = float(node["threshold"])
        missing = _MISSING[node["missing_type"]]
        rows.append([node["split_feature"], threshold, 0, 0, 0.0, float(node["default_left"]), missing])
        waiting += [(node["right_child"], at, 1), (node["left_child"], at, 0)]
    table = np.array(rows, dtype=np.float64)
    left, right = table[:, 2].astype(np.intp), table[:, 3].astype(np.intp)
    part = {
        "feature": table[:, 0].astype(np.intp), "threshold": table[:, 1], "left": left, "right": right,
        "value": table[:, 4:5], "missing_left": table[:, 5] > 0, "missing": table[:, 6].astype(np.uint8),
    }  # fmt: skip
    return part, sets
