"""An object of the code under check, which stays in its process: what a claim holds of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from castalia.check.ending import Died

if TYPE_CHECKING:
    from castalia.check.subject import Runner


class Held:
    """An object that lives with the subject (castalia.core.contract.Handle); may itself be an argument."""

    def __init__(self, runner: Runner, name: str, at: Any) -> None:
        self._runner, self._name, self._at = runner, name, at

    def call(self, method: str, /, *args: Any, **kwargs: Any) -> Any:
        answer = self._runner.ask("method", method, args, kwargs, at=self._at)
        return self._runner.answered(f"{self._name}.{method}", answer)

    def get(self, attribute: str, /) -> Any:
        self._runner.last = self._runner.ask("get", attribute, at=self._at)
        return self._runner.last

    def free(self) -> None:
        """Let it go. Nothing happens when its process is gone already."""
        with contextlib.suppress(Died):
            self._runner.ask("free", "", at=self._at)

    def as_argument(self) -> dict[str, Any]:
        return {"castalia handle": self._at}
