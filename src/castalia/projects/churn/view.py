"""What the risk rests on and whether it can be believed: reasons, calibration, curve, folds."""

from __future__ import annotations

from typing import Any

from castalia.core.fields import Figure
from castalia.core.system import Field, Record
from castalia.kit import plots
from castalia.projects.churn.churn import Churn


class Controls(Record):
    """What to show."""

    columns: int = Field(10, ge=1, le=50, description="Columns in the chart of what matters.")


def figures(system: Churn, controls: Controls) -> list[Figure]:
    """The figures of a fitted model, drawn from the report that ``save`` keeps."""
    report: dict[str, Any] = system._learnt().report
    return [_importance(report, controls.columns), _reliability(report), _curve(report), _folds(report)]


def _importance(report: dict[str, Any], how_many: int) -> Figure:
    caption = "How far each column moves the risk of a held-out customer on average, up or down. Not what causes it."
    if report["notes"]:
        caption += " Left out: " + "; ".join(report["notes"]) + "."
    return plots.importance(
        report["importance"], top=how_many, x_title="mean effect on the log-odds", title="What the risk rests on",
        caption=caption,
    ).figure()  # fmt: skip


def _reliability(report: dict[str, Any]) -> Figure:
    bins = report["reliability"]
    points = {"name": "held-out customers", "x": [b["said"] for b in bins], "y": [b["came"] for b in bins]}
    data = {"x": "risk said", "y": "share that came true", "log": False}
    data["series"] = [points, {"name": "as said", "x": [0, 1], "y": [0, 1]}]
    caption = f"On the diagonal the risk means what it says; mean gap {report['metrics']['test_ece']:.3f}."
    return Figure(title="Can the number be believed?", kind="lines", caption=caption, data=data)


def _curve(report: dict[str, Any]) -> Figure:
    caption = "Where it rises again, more trees would memorise. The number of trees is not chosen by this line."
    return plots.learning_curves(
        {"held-out log loss": report["curve"]}, x_title="trees", y_title="log loss, mean over folds", title="Learning",
        caption=caption,
    ).figure()  # fmt: skip


def _folds(report: dict[str, Any]) -> Figure:
    folds = report["folds"]
    rows = [
        [number + 1, *(round(values[number], 4) for values in folds.values())]
        for number in range(len(report["folds"]["auc"]))
    ]
    data = {"columns": ["fold", *folds], "rows": rows}
    caption = "Each fold was asked once, by a model that never saw it. Differences under .01 between folds are chance."
    return Figure(title="Fold by fold", kind="table", caption=caption, data=data)
