"""A linter for leaks: it runs your procedure on changed data and watches what moves. It reads no code.

A leak is knowledge of the rows that are asked about, in the hands of the model that answers. Four questions, each on
its own: ``lint`` of a procedure that gets a split, ``lint_score`` of one that splits by itself and claims a score,
``lint_table`` of the data and the split, ``lint_step`` of a preprocessor with ``fit`` and ``transform``.

>>> import numpy as np
>>> from castalia.kit.tabular import leaks
>>> def centred(x, y, train, test):  # the mean is that of all rows: the leak
...     z = x - x.mean(axis=0)
...     return z[test] @ np.linalg.lstsq(z[train], y[train])[0]
>>> rng = np.random.default_rng(0)
>>> x = rng.normal(size=(60, 3))
>>> leaks.lint(centred, x, x[:, 0] + rng.normal(size=60)).ok
False
"""

from castalia.kit.tabular.leaks.findings import Finding, Report
from castalia.kit.tabular.leaks.noise import lint_score
from castalia.kit.tabular.leaks.procedures import lint
from castalia.kit.tabular.leaks.steps import lint_step
from castalia.kit.tabular.leaks.tables import lint_table

__all__ = ["Finding", "Report", "lint", "lint_score", "lint_step", "lint_table"]
