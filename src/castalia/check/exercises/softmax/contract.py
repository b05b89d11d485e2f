"""What a softmax has to do. One milestone; the fourth claim is the one that the first try fails."""

import numpy as np

from castalia.core.contract import Claim, Contract, Milestone, Subject, equal, true

INTERFACE = '''import numpy as np


# --- M1 ---
def softmax(x: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis of x."""
    raise NotImplementedError
'''


def logits(random: np.random.Generator, size: int) -> tuple[np.ndarray]:
    """A batch of ``size`` rows (a single row for size 1), 2 to 6 columns, of ordinary size."""
    return (random.normal(scale=2.0, size=(size, int(random.integers(2, 7)))),)


def large(random: np.random.Generator, size: int) -> tuple[np.ndarray]:
    """Rows with entries of about a thousand, positive and negative: exp() of them is no float."""
    return (random.normal(scale=2.0, size=(size, 4)) + random.choice([-1000.0, 1000.0], size=(size, 1)),)


def softmax(x: np.ndarray) -> np.ndarray:
    """The oracle, written another way than the reference: through log-sum-exp, in extended precision."""
    wide = np.asarray(x, dtype=np.longdouble)
    top = wide.max(axis=-1, keepdims=True)
    log_sum = top + np.log(np.exp(wide - top).sum(axis=-1, keepdims=True))
    return np.asarray(np.exp(wide - log_sum), dtype=float)


def sums_to_one(subject: Subject, x: np.ndarray) -> None:
    """Every row is positive and sums to one."""
    p = np.asarray(subject.call("softmax", x))
    true(p.shape == x.shape, "softmax has another shape", f"shape {p.shape}", f"shape {x.shape}")
    true(np.all(p > 0), "a probability is not positive", float(np.min(p)), "more than 0")
    equal(p.sum(axis=-1), np.ones(x.shape[:-1]), 1e-12, "the sum of a row")


def ignores_shift(subject: Subject, x: np.ndarray) -> None:
    """Adding one number to a whole row changes nothing."""
    equal(subject.call("softmax", x + 7.0), softmax(x), 1e-9, "softmax of x + 7")


CONTRACT = Contract(
    project="softmax",
    interface=INTERFACE,
    milestones=(
        Milestone(
            "M1",
            "Probabilities from any numbers",
            (
                Claim(
                    id="sums_to_one",
                    words="Every row is positive and sums to one.",
                    topics={"ma05": 1.0},
                    make=logits,
                    holds=sums_to_one,
                    at="softmax",
                    hints=(
                        "What makes numbers a distribution?",
                        "Divide by a sum. Which sum: of everything, or of each row?",
                        "The sum runs along the last axis and keeps it, so that the division lines up.",
                    ),
                ),
                Claim(
                    id="right_numbers",
                    words="It is exp(x) over its sum, row by row.",
                    topics={"dl02": 1.0},
                    make=logits,
                    oracle=softmax,
                    function="softmax",
                    edges=(lambda: (np.zeros((2, 3)),), lambda: (np.array([[3.0]]),), lambda: (np.arange(4.0),)),
                    rtol=1e-10,
                    forms=("float32", "int"),
                    rows=(0,),
                    hints=(
                        "What does softmax of two equal numbers give?",
                        "Compare your powers with exp, and your sum with the row you divide.",
                        "One row of numbers without a batch has to work too: use axis=-1.",
                    ),
                ),
                Claim(
                    id="ignores_shift",
                    words="Adding one number to a whole row changes nothing.",
                    topics={"ma05": 0.5},
                    make=logits,
                    holds=ignores_shift,
                    at="softmax",
                    hints=(
                        "exp(a + b) is a product. Of what?",
                        "A factor that stands above and below the line goes away.",
                        "If this fails and the sums are right, something besides exp and the sum is in there.",
                    ),
                ),
                Claim(
                    id="large_numbers",
                    words="Numbers of a thousand give probabilities, not nan.",
                    topics={"ma10": 1.0},
                    make=large,
                    oracle=softmax,
                    function="softmax",
                    edges=(
                        lambda: (np.array([[1000.0, 1000.0]]),),
                        lambda: (np.array([[-1000.0, -1001.0]]),),
                        lambda: (np.array([[1e4, -1e4]]),),
                    ),
                    rtol=1e-9,
                    hints=(
                        "exp(1000) is too large for a float. What did the claim before this one allow you to do?",
                        "You may subtract any number from a row. Which one keeps every exp at most 1?",
                        "Subtract the largest number of the row, along the last axis, before exp.",
                    ),
                ),
            ),
        ),
    ),
)
