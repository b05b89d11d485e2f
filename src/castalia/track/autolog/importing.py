"""Importing: do something once a module has been imported, without importing it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from castalia.track.autolog.patching import quietly

_waiting: dict[str, list[tuple[object, Callable[[ModuleType], None]]]] = {}


def after_import(name: str, owner: object, work: Callable[[ModuleType], None]) -> None:
    """Call ``work(module)`` now where it is imported, else right after it is. A failure of ``work`` is not seen."""
    loaded = sys.modules.get(name)
    if loaded is not None and not getattr(getattr(loaded, "__spec__", None), "_initializing", False):
        quietly(partial(work, loaded))
        return
    _waiting.setdefault(name, []).append((owner, work))
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def forget(owner: object) -> None:
    """What ``owner`` waits for need not happen any more."""
    for name in list(_waiting):
        _waiting[name] = [pair for pair in _waiting[name] if pair[0] is not owner]
        if not _waiting[name]:
            del _waiting[name]
    if not _waiting:
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]


class _Finder(MetaPathFinder):
    """Finds nothing itself: it asks the others, and listens to the loader that they name."""

    def __init__(self) -> None:
        self._asking: set[str] = set()

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in _waiting or name in self._asking:
            return None
        self._asking.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking.discard(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Listening(spec.loader)
        return spec


class _Listening(Loader):
    """The real loader, and a word when it is done. The module keeps the real one."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made = self._real.create_module(spec)
        return made if isinstance(made, ModuleType) else None

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._real
        self._real.exec_module(module)
        for _, work in _waiting.pop(module.__name__, []):
            quietly(partial(work, module))
