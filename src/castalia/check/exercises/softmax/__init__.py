"""Softmax: the first check of ``castalia learn``."""
