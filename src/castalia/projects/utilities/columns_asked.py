"""M2: what is asked of columns that are made ready: the same for any rows, learnt from those of fit alone."""

from __future__ import annotations

from functools import partial

import numpy as np

from castalia.core.contract import Claim
from castalia.projects.utilities import columns_held as p

_PLAIN = np.array([[0.0, 2.0], [4.0, 3.0]])
_CONSTANT = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0]])
_GAPS = np.array([[np.nan, 1.0], [2.0, np.nan], [4.0, 3.0]])
EDGES = (
    lambda: (_PLAIN, np.array([[2.0, -1.0]])),
    lambda: (_CONSTANT, np.array([[5.1, 3.0]])),
    lambda: (_GAPS, np.array([[np.nan, np.nan], [1e6, 0.0]])),
    lambda: (np.array([[7.0, -2.0]]), np.array([[8.0, -2.0]])),
)

CLAIMS = (
    Claim(
        id="standardizes",
        words="Standardizer gives the columns of fit the mean 0 and the deviation 1, gaps and equal numbers apart.",
        topics={"da03": 0.6, "ml04": 0.4},
        at="Standardizer",
        make=p.rows,
        holds=partial(p.scales, "Standardizer"),
        sizes=p.SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "Which rows give the mean, and which are only transformed by it?",
            "Try a column of 0.1, 0.1, 0.1, and one with a NaN. What is their deviation?",
            "nanmean and nanstd over axis=0 in fit; where smallest and largest are equal, divide by 1.",
        ),
    ),
    Claim(
        id="min_max",
        words="MinMaxScaler takes the smallest number of each column of fit to 0, the largest to 1, and others along.",
        topics={"da03": 0.5, "ml04": 0.5},
        at="MinMaxScaler",
        make=p.rows,
        holds=partial(p.scales, "MinMaxScaler"),
        sizes=p.SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "What does a number above the largest of fit become? Must it be 1?",
            "Transform a single row. Does it become all zeros?",
            "Keep the smallest number and the width of each column in fit; never look for them in transform.",
        ),
    ),
    Claim(
        id="inverse_is_the_way_back",
        words="inverse(transform(x)) is x, to nine digits, of rows of fit and of others, gaps included.",
        topics={"da03": 0.4, "py03": 0.6},
        at="Standardizer.inverse",
        make=p.rows,
        holds=p.inverts,
        sizes=p.SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "You subtract, then divide. What is the way back, and in which order?",
            "What comes back of a column of equal numbers?",
            "Multiply by what you divided by, then add what you took away: the same two arrays.",
        ),
    ),
    Claim(
        id="learns_from_fit_alone",
        words="Scalers and Imputer learn nothing in transform: rows that follow change nothing, and a new fit forgets.",
        topics={"ml04": 0.6, "da03": 0.4},
        at="Standardizer.transform",
        make=p.rows,
        holds=p.learns_from_fit_alone,
        sizes=(1, 4, 16),
        cases=3,
        edges=EDGES,
        hints=(
            "A mean that has seen the test rows knows something of them. Where could it have?",
            "Transform the rows of fit alone, then with others behind them, and compare.",
            "Only fit may assign to self.",
        ),
    ),
    Claim(
        id="refuses_rows",
        words="Scalers and Imputer raise ValueError before fit, for another width, and for columns they cannot learn.",
        topics={"da03": 1.0},
        at="Standardizer.fit",
        make=p.rows,
        holds=p.refuses_rows,
        sizes=(4, 8),
        cases=2,
        hints=(
            "What does NumPy make of (n, 3) minus (1,)?",
            "What is the median of no numbers? And the mean of a column with an infinity in it?",
            "Check fitted or not, width, infinities, and columns of NaN alone, before anything is computed.",
        ),
    ),
    Claim(
        id="imputes_the_median",
        words="Imputer puts the median that a column had in fit where a number is missing, and there only.",
        topics={"da03": 1.0},
        at="Imputer",
        make=p.rows,
        holds=p.imputes,
        sizes=p.SIZES,
        cases=9,
        edges=EDGES,
        hints=(
            "Which median do the gaps of the test rows get?",
            "Is the table that you were given still the same afterwards?",
            "nanmedian over axis=0 in fit; in transform choose between x and it, without writing into x.",
        ),
    ),
    Claim(
        id="one_hot",
        words="OneHotEncoder has the texts of fit as columns, in alphabetical order, and zeros for None and new texts.",
        topics={"ml04": 0.7, "da03": 0.3},
        at="OneHotEncoder",
        make=p.texts,
        holds=p.one_hot,
        sizes=p.SIZES,
        cases=9,
        edges=(lambda: (["b", "a", "b"], ["c", None, "a"]), lambda: (["x"], [])),
        hints=(
            "How many columns has a test row with a text that training never saw?",
            "Is None a text?",
            "Sort the set of texts in fit; compare each value with each of them in transform.",
        ),
    ),
    Claim(
        id="one_hot_refuses",
        words="OneHotEncoder raises ValueError before fit, and in inverse for rows of another width.",
        topics={"da03": 0.5, "ml04": 0.5},
        at="OneHotEncoder.inverse",
        make=p.texts,
        holds=p.one_hot_refuses,
        sizes=(1, 4),
        cases=2,
        hints=(
            "What does your encoder know before fit?",
            "Ask inverse for a column more than there are categories, with zeros in it.",
            "Look at what fit has set, and at the second number of the shape, first of all.",
        ),
    ),
    Claim(
        id="pipelines_compose",
        words="A Pipeline fits each step on what the one before makes; how steps are grouped makes no difference.",
        topics={"py03": 1.0},
        at="Pipeline",
        make=p.rows,
        holds=p.composes,
        sizes=(2, 8),
        cases=2,
        edges=(lambda: (_GAPS, np.array([[1.0, 2.0]])),),
        hints=(
            "If f, g and h are functions, is (f after g) after h the same as f after (g after h)?",
            "What is the second step fitted on: the rows you were given, or those the first step made of them?",
            "In fit, transform the rows between two steps. For inverse, go through the steps backwards.",
        ),
    ),
    Claim(
        id="target_means",
        words="TargetEncoder.transform gives a text the mean target of its rows in fit, drawn towards the mean of all.",
        topics={"ml04": 1.0},
        at="TargetEncoder.transform",
        make=p.targets,
        holds=p.encodes,
        sizes=(1, 2, 4, 8, 16),
        cases=6,
        hints=(
            "How far do you trust the mean of a text that occurs once?",
            "Put numbers into the formula by hand: two rows, smoothing 2.",
            "Sum and count the targets by text; a text that is new has neither, and gets the mean of all.",
        ),
    ),
    Claim(
        id="target_cross_fitted",
        words="TargetEncoder.fit_transform encodes each row by the rows of the other folds alone, their mean included.",
        topics={"ml04": 0.7, "py03": 0.3},
        at="TargetEncoder.fit_transform",
        make=p.targets,
        holds=p.crosses,
        sizes=(1, 2, 4, 8),
        cases=6,
        hints=(
            "What is the mean target of a text that occurs once, and what does it give away?",
            "Change one target and compare: which rows may change, and which may not?",
            "For each fold: fit on the rows outside, transform the rows inside. Fit on all rows at the very end.",
        ),
    ),
    Claim(
        id="target_folds_at_random",
        words="fit_transform deals rows into folds at random by the seed; it refuses too few and too many folds.",
        topics={"ml04": 1.0},
        at="TargetEncoder.fit_transform",
        make=p.targets,
        holds=p.deals_at_random,
        sizes=(8, 16),
        cases=3,
        hints=(
            "What if the rows are sorted by date, or by the target?",
            "Ask with two seeds and compare. Ask for as many folds as there are rows.",
            "A permutation of the rows by a generator of the seed, then the remainder by the number of folds.",
        ),
    ),
    Claim(
        id="target_noise",
        words="On texts that say nothing about the target, fit_transform ranks no better than chance.",
        topics={"ml04": 1.0},
        at="TargetEncoder.fit_transform",
        make=p.noise,
        holds=p.says_nothing_of_noise,
        sizes=(1,),
        cases=5,
        hints=(
            "How well can pure noise be predicted?",
            "Compute the ROC AUC of your encoded column on random targets: is it 0.5?",
            "Some row still sees its own target: in the sums, in the counts, or in the mean of all.",
        ),
    ),
)
