"""Metrics that are exact, fast and have an interval. NumPy alone.

>>> from castalia.kit import metrics
>>> metrics.roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
0.75
"""

from castalia.kit.metrics.ranking import (
    Curve,
    Ranked,
    average_precision,
    precision_recall_curve,
    rank,
    roc_auc,
    roc_curve,
)

__all__ = ["Curve", "Ranked", "average_precision", "precision_recall_curve", "rank", "roc_auc", "roc_curve"]
