"""Metrics that are exact, fast and come with intervals. NumPy alone.

Labels of two classes are 0 and 1, booleans, or any values of which ``positive`` names one; every metric takes lists,
arrays, and columns of pandas, Polars and Arrow, and most take a ``weight`` for each row. What cannot be answered is a
``WrongInput`` that says why: nothing at all, NaN, lengths that differ, one class where two are compared.

>>> from castalia.kit import metrics
>>> metrics.roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
0.75
"""

from castalia.kit.metrics import detection, intervals, retrieval, states, text
from castalia.kit.metrics.counts import (
    Confusion,
    accuracy,
    balanced_accuracy,
    confusion,
    f1,
    kappa,
    matthews,
    precision,
    recall,
    top_k_accuracy,
)
from castalia.kit.metrics.multiclass import multiclass_roc_auc
from castalia.kit.metrics.pixels import Segmented, segmentation
from castalia.kit.metrics.probabilities import Reliability, brier, calibration_error, log_loss, reliability
from castalia.kit.metrics.ranking import (
    Curve,
    Ranked,
    average_precision,
    precision_recall_curve,
    rank,
    roc_auc,
    roc_curve,
)
from castalia.kit.metrics.regression import (
    explained_variance,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    median_absolute_error,
    pinball_loss,
    poisson_deviance,
    r_squared,
    root_mean_squared_error,
)
from castalia.kit.metrics.summary import Report, report

__all__ = [
    "Confusion", "Curve", "Ranked", "Reliability", "Report", "Segmented", "accuracy", "average_precision",
    "balanced_accuracy", "brier", "calibration_error", "confusion", "detection", "explained_variance", "f1",
    "intervals", "kappa", "log_loss", "matthews", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_error", "median_absolute_error", "multiclass_roc_auc", "pinball_loss", "poisson_deviance",
    "precision", "precision_recall_curve", "r_squared", "rank", "recall", "reliability", "report", "retrieval",
    "roc_auc", "roc_curve", "root_mean_squared_error", "segmentation", "states", "text", "top_k_accuracy",
]  # fmt: skip
