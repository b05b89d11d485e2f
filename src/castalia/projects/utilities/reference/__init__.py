"""A utilities library on NumPy and the standard library: reading, preparing, scoring, training, drawing."""

from .columns import Imputer, MinMaxScaler, OneHotEncoder, Pipeline, Standardizer, TargetEncoder
from .figures import confusion_table, learning_curve, svg
from .scores import BinaryCounts, accuracy, calibration_error, f1, log_loss, precision, recall, roc_auc, roc_points
from .tables import infer_types, load_arrays, read_csv, read_jsonl, save_arrays, stream_csv, write_csv, write_jsonl
from .training import EarlyStopping, Journal, LinearModel, Recorder, Trainer

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
