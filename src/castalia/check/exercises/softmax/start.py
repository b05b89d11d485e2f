"""Softmax turns any numbers into probabilities:
powers of e, divided by the sum of their row.

This one gives nan for large inputs: fix it. Then type:
castalia check softmax
"""

import numpy as np


def softmax(x):
    powers = np.exp(x)  # exp(1000) is infinite
    return powers / powers.sum(axis=-1, keepdims=True)
