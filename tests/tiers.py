"""Which cases of a long list run in `make test`; all of them run in `make check`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def quick_first(cases: Iterable[Any], quick: int) -> list[Any]:
    """The first ``quick`` cases as they are, the others marked slow; a tuple is a case of several arguments."""
    some = list(cases)
    return some[:quick] + [
        pytest.param(*(each if isinstance(each, tuple) else (each,)), marks=pytest.mark.slow) for each in some[quick:]
    ]
