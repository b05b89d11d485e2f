"""A utilities library on NumPy and the standard library: reading, preparing, scoring, training, drawing.

>>> import numpy as np
>>> scaler = Standardizer()
>>> scaler.fit(np.array([[1.0], [3.0]]))
>>> scaler.transform(np.array([[5.0]])).tolist()
[[3.0]]
"""

from .columns import Imputer, MinMaxScaler, OneHotEncoder, Pipeline, Standardizer, TargetEncoder
from .figures import confusion_table, learning_curve, svg
from .scores import BinaryCounts, accuracy, calibration_error, f1, log_loss, precision, recall, roc_auc, roc_points
from .tables import infer_types, load_arrays, read_csv, read_jsonl, save_arrays, stream_csv, write_csv, write_jsonl
from .training import EarlyStopping, Journal, LinearModel, Recorder, Trainer

__version__ = "1.0.0"

__all__ = [
    "BinaryCounts",
    "EarlyStopping",
    "Imputer",
    "Journal",
    "LinearModel",
    "MinMaxScaler",
    "OneHotEncoder",
    "Pipeline",
    "Recorder",
    "Standardizer",
    "TargetEncoder",
    "Trainer",
    "accuracy",
    "calibration_error",
    "confusion_table",
    "f1",
    "infer_types",
    "learning_curve",
    "load_arrays",
    "log_loss",
    "precision",
    "read_csv",
    "read_jsonl",
    "recall",
    "roc_auc",
    "roc_points",
    "save_arrays",
    "stream_csv",
    "svg",
    "write_csv",
    "write_jsonl",
]
