"""Checks: does this code keep this contract? Two processes, so that neither can fool the other by accident.

The checker (this process) makes the inputs, holds oracle and tolerance, computes the verdict and times the calls; it
never imports the code under check. The runner is a process of the learner's own Python in a sandbox; it imports their
file, is sent arrays and sends arrays back. It needs only the standard library and NumPy.

>>> report = check_project(contract, "softmax.py")                # doctest: +SKIP
>>> report.outcome, [(r.claim, r.outcome) for r in report.claims]  # doctest: +SKIP
('fail', [('sums_to_one', 'pass'), ('large_logits', 'fail')])
>>> with Runner("softmax.py", python="/usr/bin/python3.12") as subject:  # doctest: +SKIP
...     result = check_claim(contract.claim("sums_to_one"), subject, seed=7)

What a pass says is "this code passes this contract", never more. The sandbox stops accidents, not a determined
attacker: docs/check.md says where it ends, and ``limits_enforced()`` what of it holds on this machine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castalia.check.checker import check_claim as check_claim
    from castalia.check.limits import Limits as Limits
    from castalia.check.limits import limits_enforced as limits_enforced
    from castalia.check.project import check_project as check_project
    from castalia.check.result import OUTCOMES as OUTCOMES
    from castalia.check.result import Report as Report
    from castalia.check.result import Result as Result
    from castalia.check.subject import Died as Died
    from castalia.check.subject import Runner as Runner

__all__ = ["OUTCOMES", "Died", "Limits", "Report", "Result", "Runner", "check_claim", "check_project",
           "limits_enforced"]  # fmt: skip

_HOME = {
    "OUTCOMES": "result", "Died": "subject", "Limits": "limits", "Report": "result", "Result": "result",
    "Runner": "subject", "check_claim": "checker", "check_project": "project", "limits_enforced": "limits",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"castalia.check.{_HOME[name]}"), name)
