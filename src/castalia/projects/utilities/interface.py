"""What a learner's library exports, milestone by milestone."""

TABLES = '''
from collections.abc import Iterator

import numpy as np


# --- M1 ---
# A table is a dict: column -> list of int, float or str; None is a missing value. A path is a str or a pathlib.Path.


def write_csv(path: str, columns: dict[str, list]) -> None:
    """A line of names, then the rows, in UTF-8. None is written as an empty field.

    Raises ValueError, and leaves the file alone, for no columns, columns of different lengths, NaN and infinities."""
    raise NotImplementedError


def infer_types(path: str) -> dict[str, str]:
    """Column -> "int", "float" or "str", decided by all its rows; "str" where every field is empty.

    int: digits, perhaps behind a minus, without a leading zero. float: the same with a fraction or an exponent, and a
    column of both. Everything else is text: "007", "nan", "1_000", " 1"."""
    raise NotImplementedError


def stream_csv(path: str, types: dict[str, str], rows: int) -> Iterator[dict[str, list]]:
    """The table in pieces of so many rows, the last perhaps shorter, each read from the file when it is asked for.

    An empty field is None, and an empty line is no row. A byte order mark is no part of the first name.
    Raises ValueError when it is asked for a piece: for rows < 1, for types that are not of these columns, for two
    columns of one name, and for a row with more or fewer fields, whose line (counted from 1) the message names."""
    raise NotImplementedError


def read_csv(path: str, types: dict[str, str] | None = None) -> dict[str, list]:
    """The whole table; of the types given, else of those that infer_types finds."""
    raise NotImplementedError


def write_jsonl(path: str, records: list[dict]) -> None:
    """One JSON object a line, in UTF-8. Raises ValueError, and leaves the file alone, for NaN and infinities."""
    raise NotImplementedError


def read_jsonl(path: str) -> list[dict]:
    """Every line that is not blank. Raises ValueError for a line that is no JSON object; the message names the line."""
    raise NotImplementedError


def save_arrays(path: str, arrays: dict[str, np.ndarray]) -> None:
    """As NPZ under exactly this path, which np.load reads. No pickle, so no arrays of objects."""
    raise NotImplementedError


def load_arrays(path: str) -> dict[str, np.ndarray]:
    """What was saved, by name. Raises ValueError for a file that holds a pickle: it is never opened."""
    raise NotImplementedError
'''

COLUMNS = '''

# --- M2 ---
# fit learns from the rows it is given and forgets those before; transform and inverse use what fit has learnt, and
# raise ValueError before it, or where the number of columns is another. x has the shape (rows, columns).


class Standardizer:
    """Every column minus its mean, divided by its standard deviation (over all n rows). NaN is left out of both and
    stays NaN. A column of equal numbers is only shifted: it becomes zeros."""

    def fit(self, x: np.ndarray) -> None:
        """Raises ValueError for an infinite number, and for a column without a number."""
        raise NotImplementedError

    def transform(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """What transform has made z from."""
        raise NotImplementedError


class MinMaxScaler:
    """The smallest number of each column becomes 0, the largest 1. NaN and equal numbers as in Standardizer."""

    def fit(self, x: np.ndarray) -> None:
        raise NotImplementedError

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Numbers beyond those of fit come out beyond 0 and 1."""
        raise NotImplementedError

    def inverse(self, z: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class Imputer:
    """NaN becomes the median of the column's numbers in fit."""

    def fit(self, x: np.ndarray) -> None:
        """Raises ValueError for a column without a number."""
        raise NotImplementedError

    def transform(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class OneHotEncoder:
    """A column for each text of fit, in alphabetical order: 1.0 in the column of a row's text, else 0.0. None and a
    text that fit has not seen become a row of zeros."""

    categories: list[str]
    """The texts of fit, in order; after fit."""

    def fit(self, values: list[str | None]) -> None:
        raise NotImplementedError

    def transform(self, values: list[str | None]) -> np.ndarray:
        raise NotImplementedError

    def inverse(self, rows: np.ndarray) -> list[str | None]:
        """None for a row of zeros."""
        raise NotImplementedError


class Pipeline:
    """Steps one after another: each is fitted on what the one before makes of the rows. A Pipeline is a step too."""

    def __init__(self, *steps: object) -> None:
        raise NotImplementedError

    def fit(self, x: np.ndarray) -> None:
        raise NotImplementedError

    def transform(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def inverse(self, z: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class TargetEncoder:
    """A text becomes the mean target of its rows, drawn towards the mean m of all rows:
    (sum of its targets + smoothing * m) / (its rows + smoothing); m itself for a text that fit has not seen."""

    def __init__(self, smoothing: float = 10.0, folds: int = 5, seed: int = 0) -> None:
        raise NotImplementedError

    def fit(self, values: list[str], target: np.ndarray) -> None:
        """Raises ValueError for different lengths and for no rows."""
        raise NotImplementedError

    def transform(self, values: list[str]) -> np.ndarray:
        """For rows that were not in fit. Shape (n,)."""
        raise NotImplementedError

    def fit_transform(self, values: list[str], target: np.ndarray) -> np.ndarray:
        """For the rows of fit themselves. The rows are dealt into folds at random by the seed, sizes within one; each
        row is encoded by the rows of the other folds alone, m included. Afterwards the encoder is fitted on all rows.

        Raises ValueError for fewer than two folds and for more folds than rows."""
        raise NotImplementedError
'''

SCORES = '''

# --- M3 ---
# actual and predicted hold 0 and 1, shape (n,); what is asked first is what is true. Each of these raises ValueError
# for different lengths, for no rows, for labels that are neither 0 nor 1, and for a NaN.


def accuracy(actual: np.ndarray, predicted: np.ndarray) -> float:
    """The share of rows that are right; here labels may be any whole numbers."""
    raise NotImplementedError


def precision(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Of the rows that were called 1, the share that is 1; 0.0 where none was."""
    raise NotImplementedError


def recall(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Of the rows that are 1, the share that was called so; 0.0 where none is."""
    raise NotImplementedError


def f1(actual: np.ndarray, predicted: np.ndarray) -> float:
    """The harmonic mean of precision and recall; 0.0 where no row is 1 or was called so."""
    raise NotImplementedError


def roc_auc(actual: np.ndarray, scores: np.ndarray) -> float:
    """How often a row that is 1 scores above a row that is 0, over all such pairs; equal scores count one half.

    Raises ValueError where one of the two classes is missing."""
    raise NotImplementedError


def log_loss(actual: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean of -log of the probability that was given to what is true. probabilities: of a 1, shape (n,).

    A probability below 1e-15 counts as 1e-15. Raises ValueError for one below 0 or above 1."""
    raise NotImplementedError


def calibration_error(actual: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> float:
    """Bins of equal width from 0 to 1, each with its lower edge, the last with both: the mean over the rows of
    |mean probability - share of ones| of the row's bin. Raises ValueError for a probability below 0 or above 1."""
    raise NotImplementedError


class BinaryCounts:
    """Accuracy, precision, recall and f1 of all rows so far, without keeping them."""

    def __init__(self) -> None:
        raise NotImplementedError

    def update(self, actual: np.ndarray, predicted: np.ndarray) -> None:
        """Take in some more rows, perhaps none."""
        raise NotImplementedError

    def merge(self, other: "BinaryCounts") -> None:
        """Take in all that another has seen; the other stays as it is."""
        raise NotImplementedError

    def accuracy(self) -> float:
        """This and the others raise ValueError before the first row."""
        raise NotImplementedError

    def precision(self) -> float:
        raise NotImplementedError

    def recall(self) -> float:
        raise NotImplementedError

    def f1(self) -> float:
        raise NotImplementedError
'''

TRAINING = '''

# --- M4 ---


class LinearModel:
    """Numbers from rows by a weighted sum: x @ weights[:-1] + weights[-1]."""

    weights: np.ndarray
    """Shape (columns + 1,), zeros at first; the constant comes last."""

    def __init__(self, columns: int) -> None:
        raise NotImplementedError

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Shape (n,) from (n, columns)."""
        raise NotImplementedError

    def loss(self, x: np.ndarray, y: np.ndarray) -> float:
        """The mean of the squared errors."""
        raise NotImplementedError

    def step(self, x: np.ndarray, y: np.ndarray, rate: float) -> None:
        """The weights minus rate times the gradient of that loss."""
        raise NotImplementedError


class EarlyStopping:
    """Remembers the lowest loss and its weights. An equal loss is no better than the one before, and NaN never is."""

    best_loss: float
    """Infinity before the first loss."""
    best_weights: np.ndarray

    def __init__(self, patience: int) -> None:
        raise NotImplementedError

    def update(self, loss: float, weights: np.ndarray) -> bool:
        """One epoch more; True when the last `patience` losses, or more, were no better than the best."""
        raise NotImplementedError


class Journal:
    """What happened, in order."""

    entries: list[str]

    def __init__(self) -> None:
        raise NotImplementedError


class Recorder:
    """A callback: on("epoch_end") appends "NAME epoch_end" to the journal's entries."""

    def __init__(self, name: str, journal: Journal) -> None:
        raise NotImplementedError

    def on(self, event: str) -> None:
        raise NotImplementedError


class Trainer:
    """Trains a model in batches of shuffled rows. The order of the rows depends on the seed and the epoch only."""

    def __init__(self, model: LinearModel, rate: float, batch: int, seed: int, patience: int) -> None:
        raise NotImplementedError

    def add(self, callback: Recorder) -> None:
        """One more callback, asked after those before it. Events: fit_start, then of each epoch epoch_start, batch_end
        (after every batch, the last and smaller one too) and epoch_end, then fit_end."""
        raise NotImplementedError

    def fit(
        self, x: np.ndarray, y: np.ndarray, x_val: np.ndarray, y_val: np.ndarray, epochs: int
    ) -> list[dict[str, float]]:
        """Go on until `epochs` epochs are over, those of earlier calls included, or until the validation loss has been
        no better for `patience` epochs (EarlyStopping). Answers with the history, of every epoch
        {"epoch": 1, 2, ..., "loss": ..., "val_loss": ...}: both losses after the epoch, over all rows.

        Then the model has the weights of the epoch with the lowest validation loss; a later fit goes on from the last
        ones."""
        raise NotImplementedError

    def save(self, path: str) -> None:
        """All that going on needs, under exactly this path, and no pickle."""
        raise NotImplementedError

    def restore(self, path: str) -> None:
        """Take the place of the trainer that saved this, whose rate, batch, seed and patience were the same."""
        raise NotImplementedError
'''

FIGURES = '''
# A figure is a dict: "title", "x_label", "y_label" (texts) and "series", a list of {"name", "x", "y"} with lists of
# numbers. Nothing here needs a display.


def confusion_table(actual: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Shape (classes, classes): how many rows are of class i and were called j. Classes are 0 to classes - 1.

    Raises ValueError for a label beyond them, for different lengths and for no rows."""
    raise NotImplementedError


def roc_points(actual: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Shape (k, 2): false and true positive rate, from (0, 0) to (1, 1), one more point for each distinct score, the
    highest first. Raises ValueError as roc_auc does."""
    raise NotImplementedError


def learning_curve(history: list[dict[str, float]]) -> dict:
    """A figure with a series for each name in the history but "epoch", which is x; ValueError for no epochs."""
    raise NotImplementedError


def svg(figure: dict) -> str:
    """The figure as an <svg> with xmlns and viewBox. For each series a <polyline> with one "x,y" in points for every
    pair of finite numbers, in order, and a <title> in it with the name; title and labels as <text>.

    All series share their axes: an equal step in the numbers is an equal step in the picture, x to the right, y up.
    Raises ValueError where there is no pair of finite numbers."""
    raise NotImplementedError
'''


def until(last: str) -> str:
    """All of it; figures come with the milestone called ``last``."""
    return f"{TABLES}{COLUMNS}{SCORES}{TRAINING}\n\n# --- {last} ---{FIGURES}"
