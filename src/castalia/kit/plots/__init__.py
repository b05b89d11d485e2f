"""Plots in one call each, with the numbers behind them. NumPy alone; matplotlib on use, for files.

Every function returns a :class:`Plot`: ``save("x.png")`` (or .svg, .pdf), ``figure()`` for a page, ``data`` and
``alt`` for everybody, and a notebook shows it by itself.

>>> from castalia.kit import plots
>>> plots.learning_curves({"loss": [0.9, 0.5, 0.4]}).data["loss"]
[0.9, 0.5, 0.4]
"""

from castalia.kit.plots.clouds import embeddings
from castalia.kit.plots.confusions import confusion
from castalia.kit.plots.effects import importance
from castalia.kit.plots.grids import image_grid
from castalia.kit.plots.learning import learning_curves
from castalia.kit.plots.plot import Plot
from castalia.kit.plots.probabilities import calibration
from castalia.kit.plots.ranks import precision_recall, roc
from castalia.kit.plots.spreads import distribution, residuals

__all__ = [
    "Plot", "calibration", "confusion", "distribution", "embeddings", "image_grid", "importance", "learning_curves",
    "precision_recall", "residuals", "roc",
]  # fmt: skip
