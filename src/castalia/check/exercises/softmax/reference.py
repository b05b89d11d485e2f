"""Softmax, right. Bridle 1990; the shift by the maximum changes nothing and keeps exp() in range."""

import numpy as np


def softmax(x: np.ndarray) -> np.ndarray:
    """exp(x) over its sum, along the last axis; float64, any shape with at least one column."""
    shifted = np.asarray(x, dtype=float)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
