"""Softmax: powers of e, divided by the sum of their row.

This softmax gives nan for large inputs: fix it, then check it.
"""

import numpy as np


def softmax(x):
    powers = np.exp(x)  # exp(1000) is infinite
    return powers / powers.sum(axis=-1, keepdims=True)
