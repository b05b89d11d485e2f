"""Hosts: open models in children, a few at a time, the least recently asked closed first.

The workbench never imports a project. It asks here; a host that died is started again once; one
that nobody asked for a while ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from castalia import catalog
from castalia.core.errors import Unavailable
from castalia.core.settings import Settings
from castalia.jobs import Host
from castalia.runtime import manifest as manifests
from castalia.runtime.description import assemble, kept_shape
from castalia.runtime.fitting import Plan
from castalia.runtime.opening import Target, resolve

if TYPE_CHECKING:
    from castalia.track import Store

CALL_SECONDS = 60.0
"""How long an answer may take; opening the model, or the quick fit behind it, is part of it."""
DRAW_SECONDS = 60.0
"""How long a project may take to be imported and described."""
PLAN_SECONDS = 180.0
"""How long the check of a fit may take: its data is looked at."""
DRAWN_AT_ONCE, DRAW_WAITS = 4, 10.0
"""Code that hangs at import must not hold more threads of the server than these, nor others for longer."""
IDLE_SECONDS = 600.0


@dataclass(frozen=True)
class Answer:
    """What a model said, which one it was, and what it wants you to know."""

    output: Any
    label: str
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class _Open:
    host: Host
    asked: float
    busy: int = 0


class Hosts:
    """A pool of at most ``limit`` open models. Safe to use from many threads; calls to one model queue up."""

    def __init__(self, settings: Settings | None = None, limit: int = 3, store: Store | None = None) -> None:
        self.settings = settings or Settings.read()
        self.limit = limit
        self._store = store
        self._open: dict[str, _Open] = {}
        self._lock = threading.Lock()
        self._starting: dict[str, threading.Lock] = {}
        self._drawing: dict[str, threading.BoundedSemaphore] = {}

    def call(self, address: str, values: Mapping[str, Any], verb: str = "") -> Answer:
        """Ask the model at ``address``; WrongInput names the field that does not fit."""
        return self._ask(address, "call", {"input": values, "verb": verb})

    def predict(self, address: str, columns: Mapping[str, Any]) -> Answer:
        """Whole columns in, whole columns out: ``{"columns": {name: values}}`` both ways."""
        return self._ask(address, "predict", columns)

    def view(self, address: str, controls: Mapping[str, Any]) -> Answer:
        """The figures of the project's view, as a list of JSON figures."""
        return self._ask(address, "view", controls)

    def tell(self, address: str, values: Mapping[str, Any], verb: str = "") -> Iterator[Any]:
        """The answer bit by bit; each bit may take as long as an answer."""
        target = resolve(address, self.settings, self._store)
        opened = self._take(target)
        try:
            yield from opened.host.stream("tell", {"input": values, "verb": verb}, timeout=CALL_SECONDS)
        finally:
            self._give_back(opened)

    def label(self, address: str) -> str:
        """The model that would answer: ``churn@3`` or ``churn@quick``."""
        return resolve(address, self.settings, self._store).label

    def describe(self, address: str) -> dict[str, Any]:
        """As ``runtime.describe``, with the project imported in a child, and only when its code is new."""
        target = resolve(address, self.settings, self._store)
        drawn = kept_shape(target.card, self.settings)
        if drawn is None:
            drawn = self._draw(target.card.address, "describe", {})
        return assemble(target, drawn, self.settings)

    def plan(self, address: str, params: Mapping[str, Any], *, quick: bool, as_: str | None) -> Plan:
        """Check a fit before it is queued, with the project imported in a child."""
        card = catalog.card(catalog.parse(address).bare, self.settings)
        return Plan.of(self._draw(card.address, "plan", {"params": dict(params), "quick": quick, "as_": as_}))

    def _draw(self, address: str, op: str, payload: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            turn = self._drawing.setdefault(address, threading.BoundedSemaphore(DRAWN_AT_ONCE))
        if not turn.acquire(timeout=DRAW_WAITS):
            raise Unavailable(f"{address} is still being imported", f"waited {DRAW_WAITS:g} s", "", "Try again later.")
        try:
            arguments = {"address": address, "home": str(self.settings.home)}
            with Host("castalia.runtime.work:draw", arguments, title=address) as host:
                seconds = PLAN_SECONDS if op == "plan" else DRAW_SECONDS
                drawn: dict[str, Any] = host.call(op, payload, timeout=seconds)
                return drawn
        finally:
            turn.release()

    def close(self) -> None:
        """End every host."""
        with self._lock:
            opened, self._open = list(self._open.values()), {}
        for each in opened:
            each.host.close()

    def _ask(self, address: str, op: str, payload: Mapping[str, Any]) -> Answer:
        target = resolve(address, self.settings, self._store)
        once = self._writes(target, str(payload.get("verb", ""))) if op == "call" else False
        for attempt in (1, 2):
            opened = self._take(target)
            try:
                said = opened.host.call(op, payload, timeout=CALL_SECONDS)
                return Answer(said["output"], target.label, said["warnings"], said["seconds"])
            except Unavailable:
                # A host that was killed is started again; one that dies twice, or was too late, is not. What a
                # writing verb did before its host died is unknown, so it is not asked twice.
                if not opened.host.died or attempt == 2 or once:
                    raise
            finally:
                self._give_back(opened)
        raise AssertionError("the second attempt returns or raises")

    def _writes(self, target: Target, verb: str) -> bool:
        """True for a verb that changes state, and for one that nobody has described yet."""
        known = (kept_shape(target.card, self.settings) or {}).get("verbs", []) if verb else []
        return bool(verb) and not any(each["name"] == verb and not each["writes"] for each in known)

    def _take(self, target: Target) -> _Open:
        key = _key(target)
        with self._lock:
            self._drop_idle()
            starting = self._starting.setdefault(key, threading.Lock())
        with starting:
            with self._lock:
                opened = self._open.get(key)
                if opened is not None and opened.host.alive:
                    opened.busy += 1
                    opened.asked = time.monotonic()
                    return opened
            arguments = {"address": _pinned(target), "home": str(self.settings.home)}
            host = Host("castalia.runtime.work:serve", arguments, title=target.label)
            opened = _Open(host, time.monotonic(), busy=1)
            with self._lock:
                self._open[key] = opened
                self._drop_surplus()
            return opened

    def _give_back(self, opened: _Open) -> None:
        with self._lock:
            opened.busy -= 1
            opened.asked = time.monotonic()

    def _drop_idle(self) -> None:
        now = time.monotonic()
        for key, each in list(self._open.items()):
            if not each.busy and (now - each.asked > IDLE_SECONDS or not each.host.alive):
                self._open.pop(key).host.close()

    def _drop_surplus(self) -> None:
        idle = sorted((each.asked, key) for key, each in self._open.items() if not each.busy)
        for _, key in idle[: max(0, len(self._open) - self.limit)]:
            self._open.pop(key).host.close()

    def sweep(self) -> None:
        """Close what was idle too long; the workbench calls it now and then."""
        with self._lock:
            self._drop_idle()


def _key(target: Target) -> str:
    """A version never changes; a quick fit changes with its code."""
    return target.label if target.version else f"{target.label}:{manifests.code_hash(target.card.folder)}"


def _pinned(target: Target) -> str:
    if target.version is not None:
        name = target.model.replace(".", "/", 1)
        return f"{name}@{target.version.version}"
    return f"{target.card.address}@quick"
