"""Castalia: an AI/ML roadmap that runs and checks your work.

>>> import castalia
>>> fitted = castalia.fit("churn", quick=True)      # doctest: +SKIP
>>> model = castalia.load("churn@3")                # doctest: +SKIP
>>> with castalia.run("my experiment") as run:      # doctest: +SKIP
...     run.log(1, loss=0.5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from castalia.catalog import cards as systems
    from castalia.runtime.fitting import fit_here as fit
    from castalia.runtime.opening import load
    from castalia.track.autolog import autolog
    from castalia.track.starting import run

__version__ = "0.1.0"
__all__ = ["__version__", "autolog", "fit", "load", "run", "systems"]

_HOMES = {
    "autolog": ("castalia.track.autolog", "autolog"),
    "fit": ("castalia.runtime.fitting", "fit_here"),
    "load": ("castalia.runtime.opening", "load"),
    "run": ("castalia.track.starting", "run"),
    "systems": ("castalia.catalog", "cards"),
}


def __getattr__(name: str) -> Any:
    """Import these names on first use, so that ``import castalia`` costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module, attribute = _HOMES[name]
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext castalia``: the cell magic ``%%castalia NAME`` and ``%castalia hint NAME``."""
    from castalia.notebook import register

    register(shell)
