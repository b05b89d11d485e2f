"""The contract of a small function library: five functions and a class that remembers."""

from __future__ import annotations

import numpy as np

from castalia.check.exercises.basics import properties as p
from castalia.core.contract import Claim, Contract, Milestone

INTERFACE = '''
import numpy as np


# --- M1 ---
def standardize(x: np.ndarray) -> np.ndarray:
    """Every column minus its mean, divided by its standard deviation (over all n rows); a column of equal numbers
    becomes zeros."""
    raise NotImplementedError


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Shape (n, classes): 1.0 in the column of each row's label, else 0.0.

    Raises ValueError for a label outside 0 … classes - 1."""
    raise NotImplementedError


# --- M2 ---
def accuracy(predicted: np.ndarray, actual: np.ndarray) -> float:
    """The share of entries that are equal. Raises ValueError for different lengths and for no entries."""
    raise NotImplementedError


def log_loss(actual: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of -log(probability of the right class). actual: n class numbers; probabilities: (n, classes).

    A probability below 1e-15 counts as 1e-15."""
    raise NotImplementedError


# --- M3 ---
def cosine_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Shape (n, m): the cosine of the angle between each row of a (n, d) and each row of b (m, d); 0.0 where one of
    the two rows is all zeros."""
    raise NotImplementedError


# --- M4 ---
class RunningMean:
    """Mean and variance of all numbers so far, without keeping the numbers."""

    count: int
    """How many numbers it has seen."""

    def __init__(self) -> None:
        raise NotImplementedError

    def update(self, values: np.ndarray) -> None:
        """Take in some more numbers, perhaps none."""
        raise NotImplementedError

    def mean(self) -> float:
        """Raises ValueError before the first number."""
        raise NotImplementedError

    def variance(self) -> float:
        """The mean squared deviation from the mean. Raises ValueError before the first number."""
        raise NotImplementedError
'''

BATCHES = (1, 2, 3, 4, 6, 8, 12)
"""So many batches tell as much as 32, and every one of them is a call."""

ARRAYS = (
    Claim(
        id="standardized",
        words="standardize(x) gives every column the mean 0 and the standard deviation 1.",
        topics={"da03": 0.5, "da01": 0.5},
        at="standardize",
        make=p.table,
        holds=p.standardized,
        edges=(lambda: (np.array([[0.0, 2.0], [4.0, 3.0]]),), lambda: (np.array([[1], [2], [4]]),)),
        hints=(
            "Which numbers describe where a column lies and how wide it is?",
            "Are mean and standard deviation taken over the rows, one for each column?",
            "Both need axis=0; subtract first, then divide.",
        ),
    ),
    Claim(
        id="constant_columns",
        words="standardize(x) turns a column of equal numbers into zeros, whatever the number.",
        topics={"ma10": 1.0},
        at="standardize",
        make=p.with_constant_columns,
        holds=p.standardized,
        edges=(lambda: (np.full((3, 2), 0.1),), lambda: (np.array([[7.0, 1.0]]),)),
        hints=(
            "What is the standard deviation of 0.1, 0.1, 0.1, exactly and in floating point?",
            "Print x.std(axis=0) for such a column: is it exactly zero?",
            "Recognise a constant column by its largest and smallest number, and divide only in the others.",
        ),
    ),
    Claim(
        id="one_hot_rows",
        words="one_hot(labels, classes) has a 1.0 in the column of each label and 0.0 elsewhere.",
        topics={"da01": 0.6, "ml04": 0.4},
        function="one_hot",
        make=p.labels,
        oracle=p.one_hot,
        rows=(0,),
        rtol=1e-12,
        edges=(lambda: (np.array([2]), 3), lambda: (np.array([0, 0]), 4), lambda: (np.array([], dtype=int), 2)),
        hints=(
            "Which shape has the answer for 5 labels and 3 classes?",
            "Check a label that does not occur: its column must still be there.",
            "Compare a column of labels with a row of class numbers, or pick rows of an identity matrix.",
        ),
    ),
    Claim(
        id="one_hot_refuses",
        words="one_hot raises ValueError for a label that is no class.",
        topics={"da03": 1.0},
        at="one_hot",
        make=p.labels,
        holds=p.refuses_labels,
        hints=(
            "What does a[-1] mean in Python?",
            "Try one_hot([-1], 3) and one_hot([3], 3).",
            "Look at the smallest and the largest label before anything else.",
        ),
    ),
)

SCORES = (
    Claim(
        id="accuracy_counts",
        words="accuracy(predicted, actual) is the share of equal entries.",
        topics={"ml05": 1.0},
        function="accuracy",
        make=p.two_labelings,
        oracle=p.accuracy,
        unordered=(0, 1),
        rtol=1e-12,
        edges=(
            lambda: (np.array([1, 2, 3]), np.array([1, 2, 3])),
            lambda: (np.array([1, 2, 3]), np.array([3, 1, 2])),
            lambda: (np.array([-1, 4]), np.array([4, 4])),
        ),
        hints=(
            "How many of three answers are right, as a share?",
            "Are you dividing by the number of entries, whatever the labels are?",
            "Comparing two arrays gives True and False; their mean is the share of True.",
        ),
    ),
    Claim(
        id="accuracy_refuses",
        words="accuracy raises ValueError for different lengths and for no entries.",
        topics={"ml05": 0.5, "da01": 0.5},
        at="accuracy",
        make=p.two_labelings,
        holds=p.refuses_lengths,
        hints=(
            "What does NumPy make of an array of 3 compared with an array of 1?",
            "Try accuracy([1], [1, 1, 0]) and accuracy([], []).",
            "Compare the two shapes, and the number of entries with zero, before you count.",
        ),
    ),
    Claim(
        id="log_loss_mean",
        words="log_loss is the mean of minus the logarithm of the probability given to the right class.",
        topics={"ma08": 0.7, "ml05": 0.3},
        function="log_loss",
        make=p.predictions,
        oracle=p.log_loss,
        unordered=(0, 1),
        rtol=1e-11,
        edges=(lambda: (np.array([1]), np.array([[0.5, 0.5]])), lambda: (np.array([0, 0]), np.full((2, 4), 0.25))),
        hints=(
            "What is the loss of a fair coin?",
            "Which entry of each row matters, and which do not?",
            "Pick one probability for each row by its label, then take log, then the mean, then the sign.",
        ),
    ),
    Claim(
        id="log_loss_finite",
        words="log_loss stays finite where the right class was given the probability 0.",
        topics={"ma10": 1.0},
        function="log_loss",
        make=p.sure_predictions,
        oracle=p.log_loss,
        unordered=(0, 1),
        rtol=1e-11,
        edges=(
            lambda: (np.array([0]), np.array([[0.0, 1.0]])),
            lambda: (np.array([1]), np.array([[0.0, 1.0]])),
            lambda: (np.array([0]), np.array([[1e-14, 1.0]])),
        ),
        hints=(
            "What is log(0)?",
            "How small may a probability be before its logarithm is of no use?",
            "Raise every picked probability to at least 1e-15 before the logarithm.",
        ),
    ),
)

ANGLES = (
    Claim(
        id="cosine",
        words="cosine_similarity(a, b)[i, j] is the cosine of the angle between row i of a and row j of b.",
        topics={"ma01": 1.0},
        function="cosine_similarity",
        make=p.two_sets_of_rows,
        oracle=p.cosine,
        rows=(0,),
        rtol=1e-9,
        edges=(
            lambda: (np.array([[1.0, 0.0]]), np.array([[0.0, 2.0], [3.0, 0.0], [-1.0, 0.0], [1.0, 1.0]])),
            lambda: (np.array([[1e-6, 0.0], [1e6, 1e6]]), np.array([[1e-6, 1e-6]])),
        ),
        hints=(
            "What is the cosine between a row and twice that row?",
            "What do you divide the inner product by, and which shape must that have?",
            "Divide the matrix of inner products by the product of the two lengths of each pair.",
        ),
    ),
    Claim(
        id="cosine_of_nothing",
        words="cosine_similarity gives 0 for a row of zeros, and is finite everywhere.",
        topics={"ma10": 0.5, "ma01": 0.5},
        function="cosine_similarity",
        make=p.rows_with_zeros,
        oracle=p.cosine,
        rows=(0,),
        rtol=1e-9,
        edges=(lambda: (np.zeros((1, 3)), np.zeros((2, 3))), lambda: (np.zeros((1, 1)), np.ones((1, 1)))),
        hints=(
            "Which angle has a row of zeros with another row?",
            "Where does your code divide by zero?",
            "Divide only where the product of the lengths is above zero, and start from zeros.",
        ),
    ),
)

RUNNING = (
    Claim(
        id="running_mean",
        words="After any number of updates, RunningMean has the count and the mean of all numbers.",
        topics={"py02": 0.7, "ma06": 0.3},
        at="RunningMean",
        make=p.batches,
        holds=p.keeps_the_mean,
        sizes=BATCHES,
        edges=(
            lambda: ([np.array([2.0]), np.array([4.0, 6.0])],),
            lambda: ([np.array([]), np.array([1.0])],),
            lambda: ([np.array([1e-20, 3e-20]), np.array([5e-20])],),
        ),
        hints=(
            "Is the mean of two means the mean of all numbers?",
            "What must you remember besides the mean?",
            "Move the old mean towards the mean of the batch, by the share of the batch in the new count.",
        ),
    ),
    Claim(
        id="running_variance",
        words="After any number of updates, variance() is the variance of all numbers.",
        topics={"ma06": 1.0},
        at="RunningMean.variance",
        make=p.batches,
        holds=p.keeps_the_variance,
        sizes=BATCHES,
        edges=(lambda: ([np.array([2.0]), np.array([4.0, 6.0])],), lambda: ([np.array([5.0])],)),
        hints=(
            "Two batches have variance 0 each. Must the variance of both together be 0?",
            "How far the means of the two batches lie apart has to come in.",
            "Keep the sum of squared deviations; add the batch's own, and a term with the squared gap of the means.",
        ),
    ),
    Claim(
        id="running_far_from_zero",
        words="The variance is right for numbers near a million as well.",
        topics={"ma10": 1.0},
        at="RunningMean.variance",
        make=p.far_batches,
        holds=p.keeps_the_variance_far_out,
        sizes=BATCHES,
        hints=(
            "How many digits are left of 1e12 + 1 minus 1e12?",
            "Do you subtract two large sums to get a small number?",
            "Square deviations from a mean, never the numbers themselves.",
        ),
    ),
    Claim(
        id="running_apart",
        words="Two RunningMeans know nothing of each other, and asking changes nothing.",
        topics={"py02": 1.0},
        at="RunningMean",
        make=p.batches,
        holds=p.are_apart,
        sizes=BATCHES,
        hints=(
            "Where do the numbers live: in the class or in the object?",
            "Make two objects, update one, and ask the other.",
            "Set the attributes in __init__ on self.",
        ),
    ),
    Claim(
        id="running_refuses",
        words="mean() and variance() raise ValueError before the first number, also after an empty update.",
        topics={"py02": 0.5, "da03": 0.5},
        at="RunningMean.mean",
        make=p.batches,
        holds=p.refuses_nothing,
        cases=3,
        hints=(
            "What is the mean of no numbers?",
            "What does your object answer right after it was made?",
            "Look at the count first, in both methods.",
        ),
    ),
)

CONTRACT = Contract(
    project="basics",
    interface=INTERFACE,
    milestones=(
        Milestone("M1", "Arrays made ready", ARRAYS),
        Milestone("M2", "Answers scored", SCORES),
        Milestone("M3", "Rows compared", ANGLES),
        Milestone("M4", "Numbers that keep coming", RUNNING),
    ),
)
