"""The child of a comparison: one system, fitted as often as it is asked to, that keeps nothing but the last fit."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from castalia import catalog
from castalia.catalog import Card
from castalia.core.errors import CastaliaError
from castalia.core.settings import Settings
from castalia.core.system import System
from castalia.runtime import manifest as manifests
from castalia.runtime.curve import Logged
from castalia.runtime.description import shape
from castalia.runtime.fitting import plan
from castalia.runtime.opening import missing_extra
from castalia.runtime.work import Handler, answer, named, quick_fit, with_home


def enter(address: str, home: str) -> Handler:
    """The entry of a host: op is ``describe``, ``warm``, ``fit`` or ``ask``."""
    settings = with_home(home)
    contender = Contender(catalog.card(address, settings), settings)
    operations: dict[str, Callable[[Any], Any]] = {
        "describe": contender.describe, "warm": contender.warm, "fit": contender.fit, "ask": contender.ask,
    }  # fmt: skip
    return lambda op, payload: operations[op](payload)


class Contender:
    """One side of a comparison."""

    def __init__(self, card: Card, settings: Settings) -> None:
        self.card, self.settings = card, settings
        self.system: System[Any, Any, Any] | None = None

    def describe(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        with named(self.card):
            return shape(self.card, self.settings)

    def warm(self, payload: Mapping[str, Any]) -> None:
        """A quick fit, for what it loads; the first fit that is timed would pay for it else."""
        with named(self.card):
            self.system = quick_fit(self.card, self.settings)

    def fit(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """{"metrics", "seconds", "data", "curves"}: one fit, in a folder that is gone afterwards."""
        with named(self.card):
            planned, _ = plan(
                self.card.address, payload["params"], quick=payload["quick"], as_=None, settings=self.settings
            )
            cls = catalog.system_class(self.card.address, self.settings)
            self.system = system = cls(cls.Params.parse(planned.params, self.card.address))
            with tempfile.TemporaryDirectory(prefix="castalia-compare-") as folder:
                run, began = Logged(Path(folder)), time.perf_counter()
                try:
                    metrics = manifests.finite(system.fit(run), self.card.address)
                except ImportError as error:
                    raise missing_extra(self.card, error) from None
                seconds = time.perf_counter() - began
        return {"metrics": metrics, "seconds": seconds, "data": list(planned.data), "curves": run.curves()}

    def ask(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """{"input": schema, "answers": [{"output", "seconds"} or {"error"}]}."""
        if self.system is None:
            with named(self.card):
                self.system = quick_fit(self.card, self.settings)
        answers = []
        for each in payload["inputs"]:
            try:
                said = answer(self.system, self.card, self.card.address, "call", {"input": each})
                answers.append({"output": said["output"], "seconds": said["seconds"]})
            except CastaliaError as error:
                answers.append({"error": " ".join(str(error).split())[:300]})
        return {"input": self.system.input.model_json_schema(), "answers": answers}
