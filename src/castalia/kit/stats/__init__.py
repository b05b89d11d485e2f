"""Intervals, tests, effect sizes, corrections and sample sizes, with NumPy alone.

Everything here takes plain arrays and returns plain numbers. P-values are two-sided. What is random takes a seed.
SciPy is the oracle of the tests and is not imported here.
"""

from castalia.kit.stats.corrections import benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg, holm
from castalia.kit.stats.counts import binomial, chi_square, fisher
from castalia.kit.stats.distributions import betainc, normal_cdf, normal_quantile, t_quantile
from castalia.kit.stats.effects import (
    cliff_delta,
    cohen_d,
    cohen_d_paired,
    cramers_v,
    eta_squared,
    glass_delta,
    hedges_g,
    omega_squared,
    rank_biserial,
)
from castalia.kit.stats.intervals import bootstrap, correlation, mean_difference, wilson
from castalia.kit.stats.paired import delong, mcnemar, paired_t, sign_flip, wilcoxon
from castalia.kit.stats.power import power_of_t, samples_needed, samples_needed_for_shares
from castalia.kit.stats.samples import mann_whitney, permutation, welch_difference, welch_t
from castalia.kit.stats.shares import cohen_h, odds_ratio, risk_difference, risk_ratio
from castalia.kit.stats.values import Interval, Test, average_ranks

__all__ = [
    "Interval", "Test", "average_ranks", "benjamini_hochberg", "benjamini_yekutieli", "betainc", "binomial",
    "bonferroni", "bootstrap", "chi_square", "cliff_delta", "cohen_d", "cohen_d_paired", "cohen_h", "correlation",
    "cramers_v", "delong", "eta_squared", "fisher", "glass_delta", "hedges_g", "hochberg", "holm", "mann_whitney",
    "mcnemar", "mean_difference", "normal_cdf", "normal_quantile", "odds_ratio", "omega_squared", "paired_t",
    "permutation", "power_of_t", "rank_biserial", "risk_difference", "risk_ratio", "samples_needed",
    "samples_needed_for_shares", "sign_flip", "t_quantile", "welch_difference", "welch_t", "wilcoxon", "wilson",
]  # fmt: skip
